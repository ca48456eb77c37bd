"""What students get: notebooks, public keys, data and the student half of the kit, in one zip.

The zip is also a Python package: ``pip install labs.zip`` (or its URL) installs ``grader`` with the
keys and the data inside, so that a notebook works wherever it lies. Entries and their dates are
fixed: the same sources give the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat

import grader
from grader.authoring.spec import AuthorError
from grader.check.key import BadKey, Key
from grader.check.text import LANGS
from grader.platforms.files import write_atomically, zip_of

TOP = "deep-learning-labs"
STUDENT_HALF = ("check", "notebook")
_RELEASED = "grader/notebook/released"

_PYPROJECT = """\
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "grader"
version = "{version}"
description = "Deep-learning labs: checks that answer in a second"
requires-python = ">=3.11"
dependencies = [
    "numpy>=2.0", "keras>=3.5", "safetensors>=0.4", "msgspec>=0.19", "matplotlib", "ipython",
    "nbformat>=5.7", "scipy", "soundfile",
]

[project.optional-dependencies]
local = ["tensorflow>=2.18", "jupyterlab>=4"]

[project.scripts]
grader = "grader.notebook.command:main"

[tool.setuptools.packages.find]
include = ["grader*"]

[tool.setuptools.package-data]
"grader.notebook" = ["released/**/*"]
"grader.check" = ["locale/**/*.mo"]
"""

_README = """\
# Travaux pratiques d'apprentissage profond / Deep-learning labs

Français : `pip install ".[local]"` dans ce dossier (avec TensorFlow et JupyterLab ; `pip install .` si vous
les avez), puis ouvrez un notebook de `labs/fr` (JupyterLab, Notebook 7 ou VS Code). Sur Colab : importez
le notebook, déposez `labs.zip` à côté (icône de dossier, à gauche) et exécutez la première cellule.
Avant de rendre : `lab.selfcheck()` dans le notebook, ou `grader check notebook.ipynb` dans un terminal.

English: `pip install ".[local]"` in this folder (with TensorFlow and JupyterLab; `pip install .` if you
have them), then open a notebook of `labs/en` (JupyterLab, Notebook 7 or VS Code). On Colab: upload the
notebook, put `labs.zip` beside it (folder icon on the left) and run the first cell. Before handing in:
`lab.selfcheck()` in the notebook, or `grader check notebook.ipynb` in a terminal.

{labs}
"""


def release(course: Path, labs: Sequence[str], out: Path) -> int:
    """Write the zip.

    Args:
        course: the course's folder.
        labs: ids.
        out: the zip.

    Returns:
        Number of files in it.

    Raises:
        AuthorError: a lab is not built, or a key that is not public lies where a public one should.
    """
    entries = dict(_entries(course, labs))
    write_atomically(out, zip_of({f"{TOP}/{name}": data for name, data in entries.items()}))
    return len(entries)


def _entries(course: Path, labs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    titles = []
    written = []
    for lab in labs:
        path = course / "labs" / f"{lab}.key"
        try:
            key = Key.load(path)
        except (FileNotFoundError, BadKey):
            raise AuthorError(f"{path}: no public key; run grader build {lab}") from None
        if key.visibility != "public":
            raise AuthorError(f"{path}: this is a hidden key; run grader build {lab}")
        titles.append(f"- {lab}: {key.title.fr} / {key.title.en}")
        yield f"{_RELEASED}/labs/{lab}.key", path.read_bytes()
        for lang in LANGS:
            notebook = course / "labs" / lang / f"{lab}.ipynb"
            if not notebook.is_file():
                raise AuthorError(f"{notebook}: missing; run grader build {lab}")
            cells = nbformat.read(notebook, as_version=4).cells
            written += [c.source for c in cells if c.cell_type == "code"]
            yield f"labs/{lang}/{lab}.ipynb", notebook.read_bytes()
    yield from _data(course / "data", "\n".join(written))
    package = Path(grader.__file__).resolve().parent
    yield "grader/__init__.py", (package / "__init__.py").read_bytes()
    for part in STUDENT_HALF:
        for file in sorted((package / part).rglob("*")):
            if file.suffix in (".py", ".mo") and "released" not in file.parts:
                yield f"grader/{file.relative_to(package).as_posix()}", file.read_bytes()
    yield "pyproject.toml", _PYPROJECT.format(version=grader.__version__).encode()
    yield "README.md", _README.format(labs="\n".join(titles)).encode()
    licence = course / "LICENSE"
    if licence.is_file():
        yield "LICENSE", licence.read_bytes()


def _data(folder: Path, code: str) -> Iterator[tuple[str, bytes]]:
    """The sets that the notebooks' code names, but held-out material and what only builds them."""
    manifest = folder / "manifest.toml"
    if not manifest.is_file():
        return
    tables = re.split(r"(?m)^(?=\[)", manifest.read_text("utf-8"))
    names = [re.match(r"\[([\w-]+)", table) for table in tables]
    wanted = {n[1] for n in names if n and re.search(rf"[\"']{re.escape(n[1])}[\"']", code)}
    kept = [t for t, n in zip(tables, names, strict=True) if n is None or n[1] in wanted]
    yield f"{_RELEASED}/data/{manifest.name}", "".join(kept).encode()
    for file in sorted(f for name in wanted for f in (folder / name).rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and file.suffix != ".py" and not {"hidden", "__pycache__"} & set(parts):
            data = _packed(file) if file.suffix == ".npz" else file.read_bytes()
            yield f"{_RELEASED}/data/{'/'.join(parts)}", data


def _packed(path: Path) -> bytes:
    """An ``.npz`` by LZMA, if that is smaller: a seventh for images; opens in six times the time.

    A student opens it once; where a class is graded, the data lie as they are in the repository.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(whole, "w") as packed:
        for name in file.namelist():
            entry = zipfile.ZipInfo(name)  # of no date
            packed.writestr(entry, file.read(name), zipfile.ZIP_LZMA)
    return min(whole.getvalue(), path.read_bytes(), key=len)

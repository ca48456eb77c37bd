"""The bundle of this very course: searched and imported for what students must not get."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import lzma
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.authoring.release import TOP, release
from grader.authoring.source import BEGIN, END, LoadedLab, load_lab
from grader.check.key import Key
from grader.check.text import LANGS
from grader.check.tree import unpack

COURSE = Path(__file__).resolve().parents[2]
LABS = sorted(
    path.parent.name
    for path in (COURSE / "solutions").glob("*/checks.py")
    if (COURSE / "labs" / f"{path.parent.name}.key").is_file()
    and all((COURSE / "labs" / lang / f"{path.parent.name}.ipynb").is_file() for lang in LANGS)
)
LONG = 22  # characters from which a line of code is somebody's own


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release") / "labs.zip"
    release(COURSE, LABS, out)
    return out


@pytest.fixture(scope="module")
def files(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {n.removeprefix(f"{TOP}/"): archive.read(n) for n in archive.namelist()}


@pytest.fixture(scope="module")
def text(files: dict[str, bytes]) -> str:
    """All that can be read in the bundle: sources, cells, and every string in a key."""
    found: list[str] = []
    for name, data in files.items():
        if name.endswith(".ipynb"):
            found += ["".join(c["source"]) for c in json.loads(data)["cells"]]
        elif name.endswith(".key"):
            found += strings(unpack(lzma.decompress(data)))
        elif not name.endswith(".npz"):
            found.append(data.decode("utf-8", "replace"))  # a catalogue holds numbers too
    return "\n".join(bare(line) for part in found for line in part.splitlines())


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from strings(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from strings(value)


def bare(line: str) -> str:
    return re.sub(r"\s+", "", line)


@cache
def given() -> str:
    """What the notebooks of all labs give to everybody: their code, its holes open."""
    labs = [load_lab(COURSE / "solutions" / i, proofs=False) for i in LABS]
    stubs = [c.stub() for lab in labs for c in lab.cells if c.kind == "code"]
    return "\n".join(bare(x) for s in stubs for x in s.splitlines())


def own(sources: list[str]) -> set[str]:
    """Lines of code long enough to be recognised that are not also given to everybody."""
    lines = {bare(x) for s in sources for x in s.splitlines() if not x.strip().startswith("#")}
    return {x for x in lines if len(x) >= LONG and x not in given()}


def secrets(lab: LoadedLab) -> dict[str, set[str]]:
    """Kind → lines that must not be found."""
    code = [c for c in lab.cells if c.kind == "code"]
    regions: list[str] = []
    for cell in code:
        for region in re.findall(rf"{BEGIN}\n(.*?){END}", cell.source, re.DOTALL):
            regions.append("\n".join(x for x in region.splitlines() if "### STUB" not in x))
    mistakes = [m.code for m in lab.spec.misconceptions.values()]
    mistakes += [new for m in lab.spec.misconceptions.values() for _, new in m.edits]
    mutants = [m.code for m in lab.mutants] + [new for m in lab.mutants for _, new in m.edits]
    variants = [c for v in lab.variants for c in v.code.values()]
    variants += [new for v in lab.variants for edits in v.edits.values() for _, new in edits]
    return {
        "solution": own(regions),
        "misconceptions": own(mistakes),
        "mutants": own(mutants),
        "variants": own(variants),
    }


@pytest.mark.parametrize("lab_id", LABS)
def test_no_line_of_a_solution_mutant_or_misconception_is_in_it(lab_id: str, text: str) -> None:
    lab = load_lab(COURSE / "solutions" / lab_id)
    found = secrets(lab)
    assert len(found["solution"]) >= 20 and len(found["mutants"]) >= 10
    for kind, lines in found.items():
        assert not (there := sorted(x for x in lines if x in text)), (kind, there)
    # The search itself finds what it is to find.
    shown = {bare(x) for c in lab.cells if c.kind == "code" for x in c.stub().splitlines()}
    assert all(x in text for x in shown if len(x) >= LONG)


def test_no_file_of_the_instructors_is_in_it(files: dict[str, bytes]) -> None:
    theirs = {
        hashlib.sha256(p.read_bytes()).hexdigest(): str(p)
        for folder in ("solutions", "drafts", "tests", "grader/authoring", "grader/gradebook",
                       "grader/sandbox", "grader/intake", "grader/reports", ".grader", "data")
        for p in (COURSE / folder).rglob("*")
        if p.is_file() and (folder != "data" or "hidden" in p.parts) and p.stat().st_size
    }  # fmt: skip
    for name, data in files.items():
        assert hashlib.sha256(data).hexdigest() not in theirs, name
        assert not re.search(r"(^|/)(solutions|drafts|tests|hidden|out|\.grader)/", name), name
    seed = COURSE / ".grader" / "seed"
    if seed.is_file():
        assert not [n for n, d in files.items() if seed.read_bytes().strip() in d]


def test_no_held_out_array_is_in_it(files: dict[str, bytes]) -> None:
    def arrays(data: bytes) -> Iterator[tuple[str, str]]:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            for name in file.files:
                if file[name].size > 16:
                    yield name, hashlib.sha256(file[name].tobytes()).hexdigest()

    hidden = {
        digest: f"{path.name}: {name}"
        for path in (COURSE / "data").rglob("hidden/*.npz")
        for name, digest in arrays(path.read_bytes())
    }
    for name, data in files.items():
        if name.endswith(".npz"):
            shared = {a: hidden[d] for a, d in arrays(data) if d in hidden}
            assert not shared, (name, shared)


def test_its_keys_are_public_and_hide_the_answers(files: dict[str, bytes]) -> None:
    keys = {n: Key.from_bytes(d) for n, d in files.items() if n.endswith(".key")}
    assert sorted(k.lab for k in keys.values()) == LABS
    for key in keys.values():
        assert key.visibility == "public"
        for check in key.checks:
            if check.kind == "answer":
                assert all(re.fullmatch(r"[0-9a-f]{16,}", h) for h in check.answer["right"])


# What Colab has, or pip brings in a second; TensorFlow and Keras are those already there.
ALLOWED = {"grader", "numpy", "scipy", "safetensors", "matplotlib", "IPython", "traitlets",
           "nbformat", "soundfile", "msgspec", "tensorflow", "keras", "google", "pip"}  # fmt: skip


def test_it_needs_nothing_that_it_does_not_say(files: dict[str, bytes]) -> None:
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    declared = {re.split(r"[><=\[]", d)[0] for d in project["dependencies"]}
    assert declared <= {
        "numpy",
        "safetensors",
        "matplotlib",
        "ipython",
        "nbformat",
        "scipy",
        "soundfile",
        "msgspec",
        "keras",
    }
    for name, data in files.items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(data)):
            roots: list[str] = []
            if isinstance(node, ast.Import):
                roots = [a.name.split(".")[0] for a in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                roots = [str(node.module).split(".")[0]]
            strange = {r for r in roots if r not in sys.stdlib_module_names} - ALLOWED
            assert not strange, (name, strange)


IMPORT = """
import importlib, pkgutil, sys
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in str(f).lower()]
sys.path.insert(0, sys.argv[1])
import grader
names = [m.name for m in pkgutil.walk_packages(grader.__path__, "grader.")]
for name in names:
    module = importlib.import_module(name)
    assert module.__file__.startswith(sys.argv[1]), module.__file__
print(len(names))
for part in ("authoring", "gradebook", "sandbox", "intake", "reports", "cli", "doctor"):
    try:
        importlib.import_module("grader." + part)
    except ImportError:
        continue
    print("there is", part)
heavy = {"tensorflow", "keras", "torch", "pandas", "sqlalchemy", "click"} & set(sys.modules)
print("heavy", sorted(heavy))
"""


def test_every_module_of_it_imports_without_the_instructors_half(
    bundle: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(tmp_path / TOP)],
        capture_output=True, text=True, cwd=tmp_path, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    count, *rest = done.stdout.splitlines()
    assert int(count) >= 20 and rest == ["heavy []"]


def test_it_is_light(bundle: Path) -> None:
    assert bundle.stat().st_size < 30_000_000

"""`lab.data`: the kit's data sets, checked against the manifest, as plain arrays.

``data/manifest.toml`` has one table a set::

    [fashion_mnist]
    sha256 = "…"            # of the arrays, not of the file: see `content_digest`
    licence = "MIT"
    attribution = "Zalando SE"
    source = "https://…"
    …
    [fashion_mnist.full]    # optional: what ``lab.data(name, source="full")`` downloads
    keras = "fashion_mnist" # module of ``keras.datasets``
    sha256 = "…"            # of x_train, y_train, x_test, y_test
    [speech.full]           # or: what ``lab.download(name)`` downloads, one file
    url = "https://…"       # see `grader.notebook.download`
    sha256 = "…"            # of the file
    bytes = 3761951178
"""

from __future__ import annotations

import hashlib
import lzma
import tomllib
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from grader.check.judge import near_names
from grader.check.text import gettext, same
from grader.notebook import locate
from grader.notebook.errors import LabError


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hex) over names, dtypes, shapes and values, in order of names.

    Independent of compression and of the time stamps in an npz file.
    """
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def manifest(start: Path | None = None) -> tuple[Path, dict[str, Any]] | None:
    """The data folder and its manifest, or None if there is none."""
    path = locate.find("data/manifest.toml", start=start)
    if path is None:
        return None
    return path.parent, tomllib.loads(path.read_text(encoding="utf-8"))


def load(
    name: str, lang: str, start: Path | None = None, source: str = "shipped"
) -> dict[str, np.ndarray]:
    """Arrays of a set; see `Lab.data`.

    Raises:
        LabError: no such set, no file, or a file that was changed.
    """
    data, sets = _sets(name, lang, start)
    if source == "full":
        return _full(name, sets[name].get("full"), lang)
    if source != "shipped":
        raise LabError("source={s!r}: there are 'shipped' and 'full'.", lang, s=source)
    path = data / name / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {k: file[k] for k in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, lzma.LZMAError, KeyError) as error:
        raise LabError(
            "{p} cannot be read ({w}): install the lab kit again.",
            lang,
            p=f"data/{name}/{name}.npz",
            w=type(error).__name__,
        ) from None
    expected = sets[name].get("sha256")
    if expected and content_digest(arrays) != expected:
        raise LabError(
            "{p} is not the file that the course ships: install the lab kit again.",
            lang,
            p=f"data/{name}/{name}.npz",
        )
    return arrays


def _sets(name: str, lang: str, start: Path | None) -> tuple[Path, dict[str, Any]]:
    """The data folder and the manifest's tables, `name` among them."""
    found = manifest(start)
    sets = {k: v for k, v in (found[1] if found else {}).items() if isinstance(v, dict)}
    if found is not None and name in sets:
        return found[0], sets
    near = near_names(name, list(sets))
    hint = same("")
    if near:
        hint = gettext(" Did you mean {m!r}?", m=near[0])
    raise LabError(gettext("no data set called {n!r}.", n=name) + hint, lang)


def download(name: str, lang: str, start: Path | None = None) -> Path:
    """The published file of a set's full version; see `Lab.download`.

    Raises:
        LabError: no such set, none to download, no network, or another file than expected.
    """
    from grader.notebook.download import fetch

    row = _sets(name, lang, start)[1][name].get("full") or {}
    if "url" not in row:
        raise LabError(
            "there is nothing to download for {n!r}; lab.data({n!r}) gives what is shipped.",
            lang,
            n=name,
        )
    shown = [-1]

    def tell(done: int, size: int) -> None:
        if size and (tenth := 10 * done // size) > shown[0]:
            shown[0] = tenth
            print(f"{row['url']}: {done / 1e6:,.0f} / {size / 1e6:,.0f} MB", flush=True)

    return fetch(row["url"], row["sha256"], int(row["bytes"]), lang, tell=tell)


def _full(name: str, row: Mapping[str, Any] | None, lang: str) -> dict[str, np.ndarray]:
    """The field's canonical set, downloaded by Keras and verified against the manifest."""
    if row and "url" in row:
        raise LabError(
            "the full {n!r} is one large file: path = lab.download({n!r}).", lang, n=name
        )
    if not row:
        raise LabError(
            "there is no full version of {n!r}; lab.data({n!r}) gives the shipped one.",
            lang,
            n=name,
        )
    try:
        module = import_module(f"keras.datasets.{row['keras']}")
        (x_train, y_train), (x_test, y_test) = module.load_data()
    except Exception as error:  # no network, a proxy, a full disk, no Keras
        raise LabError(
            "the full {n!r} cannot be downloaded ({w}). Work goes on offline with "
            "the shipped part: lab.data({n!r}).",
            lang,
            n=name,
            w=str(error).strip().splitlines()[0][:120]
            if str(error).strip()
            else type(error).__name__,
        ) from None
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    if content_digest(arrays) != row["sha256"]:
        raise LabError(
            "the {n!r} that was downloaded is not the published one (checksum differs): "
            "empty ~/.keras/datasets and try again, or use lab.data({n!r}).",
            lang,
            n=name,
        )
    return arrays

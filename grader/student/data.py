"""`lab.data`: the kit's data sets, checked against the manifest, as plain arrays.

``data/manifest.toml`` has one table a set::

    [fashion_mnist]
    sha256 = "…"            # of the arrays, not of the file: see `content_digest`
    licence = "MIT"
    attribution = "Zalando SE"
    source = "https://…"
    …
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from grader.core.judge import near_names
from grader.core.text import Text
from grader.student import where
from grader.student.errors import LabError


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
    path = where.find("data/manifest.toml", start=start)
    if path is None:
        return None
    try:
        import tomllib as toml
    except ImportError:  # Python 3.10
        from pip._vendor import tomli as toml  # type: ignore[no-redef]
    return path.parent, toml.loads(path.read_text(encoding="utf-8"))


def load(
    name: str, lang: str, start: Path | None = None, source: str = "shipped"
) -> dict[str, np.ndarray]:
    """Arrays of a set; see `Lab.data`.

    Raises:
        LabError: no such set, no file, or a file that was changed.
    """
    found = manifest(start)
    sets = {k: v for k, v in (found[1] if found else {}).items() if isinstance(v, dict)}
    if found is None or name not in sets:
        near = near_names(name, list(sets))
        hint = Text(en="", fr="")
        if near:
            hint = Text(en=" Did you mean {m!r}?", fr=" Vouliez-vous dire {m!r} ?").fill(m=near[0])
        raise LabError(
            Text(en="no data set called {n!r}.", fr="aucun jeu de données nommé {n!r}.").fill(
                n=name
            )
            + hint,
            lang,
        )
    path = found[0] / name / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {k: file[k] for k in file.files}
    except (OSError, ValueError, zipfile.BadZipFile, KeyError) as error:
        raise LabError(
            Text(
                en="{p} cannot be read ({w}): install the lab kit again.",
                fr="{p} est illisible ({w}) : réinstallez le kit du cours.",
            ).fill(p=f"data/{name}/{name}.npz", w=type(error).__name__),
            lang,
        ) from None
    expected = sets[name].get("sha256")
    if expected and content_digest(arrays) != expected:
        raise LabError(
            Text(
                en="{p} is not the file that the course ships: install the lab kit again.",
                fr="{p} n'est pas le fichier fourni par le cours : réinstallez le kit.",
            ).fill(p=f"data/{name}/{name}.npz"),
            lang,
        )
    return arrays

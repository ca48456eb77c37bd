"""Versions: hashes of code and sources that change exactly when what they make could."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import grader
from grader.check.key import FORMAT


@cache
def code_digest(*parts: str) -> str:
    """Hash of the kit's own modules, or of those of the named sub-packages."""
    package = Path(grader.__file__).resolve().parent
    found = hashlib.sha256()
    for path in sorted(p for part in parts or ("",) for p in (package / part).rglob("*.py")):
        name = path.relative_to(package).as_posix()
        found.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def key_version(lab_digest: str, seed: int, hidden: bool) -> str:
    """Hash of the lab's sources, of ``grader/check`` and of the seed."""
    about = f"{FORMAT} {seed} {hidden} {lab_digest} {code_digest('check')}"
    return hashlib.sha256(about.encode()).hexdigest()[:16]


def lab_digest(folder: Path) -> str:
    """Hash of the files of a lab's folder that its keys depend on."""
    found = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in (".py", ".json", ".npz") and path.stem not in (
            "mutants", "variants", "calibrate",
        ):  # fmt: skip
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()

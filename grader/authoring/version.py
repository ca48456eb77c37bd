"""The version of a key: a hash that changes exactly when the key could."""

from __future__ import annotations

import hashlib
from pathlib import Path

import grader.core
from grader.core.key import FORMAT


def key_version(lab_digest: str, seed: int, hidden: bool) -> str:
    """Hash of the lab's sources, of ``grader/core`` and of the seed."""
    found = hashlib.sha256(f"{FORMAT} {seed} {hidden} {lab_digest}".encode())
    for path in sorted(Path(grader.core.__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def lab_digest(folder: Path) -> str:
    """Hash of the files of a lab's folder that its keys depend on."""
    found = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in (".py", ".json", ".npz") and path.stem not in (
            "mutants", "variants", "calibrate",
        ):  # fmt: skip
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()

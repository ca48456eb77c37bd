"""Makes notebooks, zips and folders as students and platforms make them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

Files = Mapping[str, bytes]


def notebook(*sources: str, lab: str = "mini", lang: str = "fr", **more: Any) -> bytes:
    """A notebook of format 4 whose first cell names the lab; sources as Jupyter splits them."""
    first = [f'lab = Lab("{lab}", lang="{lang}")'] if lab else []
    cells = [
        {
            "cell_type": "code",
            "source": s.splitlines(keepends=True),
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for s in [*first, *sources]
    ]
    tree = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(tree).encode()


def recording(seed: int = 0, size: int = 8) -> bytes:
    """A valid safetensors file."""
    return save({"w": np.random.default_rng(seed).standard_normal(size).astype(np.float32)})


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 2, 1, 12, 0, 0)), data, method)
    return out.getvalue()


def manifest(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def lay(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder

"""Reading what teachers give, writing files whole or not at all."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from grader.check.text import Refusal
from grader.notebook.files import write


class ReportError(Refusal):
    """A file for people or a platform cannot be read, made or written."""


def read_bytes(path: Path) -> bytes:
    """A file of the teacher's.

    Raises:
        ReportError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReportError("cannot read {p}: {e}", p=path, e=error.strerror or error) from None


def write_atomically(path: Path, data: str | bytes) -> Path:
    """Write `data` (text as UTF-8, as it is) so that a reader sees the old file or the new one.

    Raises:
        ReportError: the place cannot be written.
    """
    try:
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(None, "the file is read-only", str(path))
        write(path, data.encode() if isinstance(data, str) else data)
    except OSError as error:
        raise ReportError(
            "cannot write {p}: {e}; choose another place", p=path, e=error.strerror or error
        ) from None
    return path


def zip_of(files: Mapping[str, str | bytes], programs: Collection[str] = ()) -> bytes:
    """A zip that depends on nothing but its content.

    Args:
        programs: names that can be executed.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name in programs else 0o644) << 16
            archive.writestr(entry, data)
    return file.getvalue()

"""Writing files whole or not at all, under names that every system accepts."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Protocol

from slugify import slugify

from grader.check.text import Refusal, gettext

_RESERVED = {"con", "prn", "aux", "nul"} | {f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10)}


class ReportError(Refusal):
    """A file for people or a platform cannot be read, made or written."""


class Handed(Protocol):
    """Who handed in what; `grader.gradebook.records.Graded` is one."""

    @property
    def student(self) -> str: ...
    @property
    def student_id(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def lab(self) -> str: ...


def read_bytes(path: Path) -> bytes:
    """A file of the teacher's.

    Raises:
        ReportError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReportError(
            gettext("cannot read {p}: {e}", p=path, e=error.strerror or error)
        ) from None


def write_atomically(path: Path, data: str | bytes) -> Path:
    """Write `data` (text as UTF-8, as it is) so that a reader sees the old file or the new one.

    Raises:
        ReportError: the place cannot be written.
    """
    draft = path.with_name(f".{path.name[:80]}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if path.exists() and not os.access(path, os.W_OK):
                raise PermissionError(None, "the file is read-only", str(path))
            draft.write_bytes(data.encode() if isinstance(data, str) else data)
            draft.replace(path)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(
            gettext(
                "cannot write {p}: {e}; choose another place", p=path, e=error.strerror or error
            )
        ) from None
    return path


def person(graded: Handed) -> Hashable:
    """Who a record is about, and which of their submissions."""
    return (graded.student_id, graded.student, graded.origin, graded.lab)


def file_stems(graded: Sequence[Handed]) -> dict[Hashable, str]:
    """A readable, unique, portable file name (no suffix) for each record, by `person`.

    ``Zoé O'Brien`` becomes ``Zoe-O-Brien``. Namesakes get their identifier behind the name. A name
    depends on the records, never on their order.
    """
    slugs = {person(g): _slug(g.student) or _slug(g.student_id) for g in graded}
    taken: dict[str, int] = {}
    for slug in slugs.values():
        taken[slug.casefold()] = taken.get(slug.casefold(), 0) + 1
    stems: dict[Hashable, str] = {}
    used: set[str] = set()
    for g in sorted(graded, key=lambda g: (g.student_id, g.student, g.origin, g.lab)):
        slug = slugs[person(g)]
        alone = bool(slug) and taken[slug.casefold()] == 1 and slug.casefold() not in _RESERVED
        stem = slug if alone else "-".join(p for p in (slug, _slug(g.student_id)[:40]) if p)
        if not stem or stem.casefold() in used | _RESERVED or (not alone and stem == slug):
            mark = hashlib.sha256(repr(person(g)).encode()).hexdigest()[:8]
            stem = f"{stem or 'student'}-{mark}"
        used.add(stem.casefold())
        stems[person(g)] = stem
    return stems


def _slug(name: str) -> str:
    return slugify(name, lowercase=False, max_length=60, word_boundary=True) if name else ""

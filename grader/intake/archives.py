"""Folders and archives, archives inside archives included, listed and read without unpacking to disk.

Nothing here trusts a header: every read is capped, links and devices are never followed, and no
path found in an archive is ever written to.
"""

from __future__ import annotations

import bz2
import calendar
import functools
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Protocol

from grader.check.text import Text, gettext, same
from grader.intake.files import (
    ZIP,
    Entry,
    IntakeError,
    Place,
    Unreadable,
    shown,
    too_big,
    unpacks_to,
)
from grader.intake.limits import MB, IntakeLimits

CHUNK = 1 << 16
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_JUNK_FOLDERS = {"__macosx", "__pycache__", "node_modules"}
_JUNK_FILES = {"thumbs.db", "desktop.ini", "icon\r"}
_PACKERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open))
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, struct.error,
)  # fmt: skip


_LINK = gettext("is a link, and links are not followed; hand in the file itself")
_DEVICE = gettext("is not a plain file; hand in the notebook file itself")
_TOO_DEEP = gettext("lies in too many folders; hand in the notebook beside its files")
_OUTSIDE = gettext(
    "has a path that leaves its folder; zip the notebook again with an ordinary tool"
)
_ENCRYPTED = gettext("is encrypted; zip it again without a password")
_METHOD = gettext("is compressed in an unusual way; zip it again with an ordinary tool")
_DAMAGED = gettext("is damaged or cut short; hand it in again")
_NO_ZIP = gettext("is not a zip file, or is cut short; hand it in again")


def _too_many(n: int) -> Text:
    return gettext("holds more than {n} files; hand in the notebook and its recordings only", n=n)


def junk(parts: tuple[str, ...]) -> bool:
    """Whether a path is an operating system's or an editor's own affair."""
    return any(
        p.startswith((".", "~$")) or p.lower() in _JUNK_FOLDERS
        for p in parts
        if p not in ("..", ".")
    ) or (parts[-1].lower() in _JUNK_FILES or parts[-1].endswith("-checkpoint.ipynb"))


# ------------------------------------------------------------------ listing


def scan(path: Path, limits: IntakeLimits) -> list[Entry]:
    """List a folder, a zip or a single file, in a fixed order.

    Raises:
        IntakeError: no such path, not a readable folder or zip, or far too many files.
    """
    name = shown(str(path))
    try:
        found = path.stat()
    except OSError as error:
        raise IntakeError(
            "{p}: {why}; give a folder, a zip or a notebook", p=name, why=_os_reason(error)
        ) from None
    if stat.S_ISDIR(found.st_mode):
        return list(_walk(path, limits))
    if not stat.S_ISREG(found.st_mode):
        raise IntakeError(same(f"{name} ") + _DEVICE)
    whole = Entry((path.name,), Place(str(path.resolve())), found.st_size, found.st_mtime)
    if path.suffix.lower() == ".zip":
        try:
            return members(whole.place, limits, limits.class_entries)
        except Unreadable as error:
            raise IntakeError(same(f"{name} ") + error.text) from None
    return [whole]


def _os_reason(error: OSError) -> Text:
    if isinstance(error, FileNotFoundError):
        return gettext("no such file or folder")
    if isinstance(error, PermissionError):
        return gettext("permission denied")
    return same(error.strerror or type(error).__name__)


_DEEPEST = 40  # folders


def _walk(root: Path, limits: IntakeLimits) -> Iterator[Entry]:
    count = 0
    todo: list[tuple[str, tuple[str, ...]]] = [(str(root), ())]
    while todo:
        folder, parts = todo.pop()
        try:
            children = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as error:
            if not parts:
                raise IntakeError(same(f"{shown(str(root))}: ") + _os_reason(error)) from None
            yield Entry(parts, Place(folder), 0, flaw=same(": ") + _os_reason(error))
            continue
        for child in children:
            below = (*parts, child.name)
            if junk(below):
                continue
            count += 1
            if count > limits.class_entries:
                raise IntakeError(same(f"{shown(str(root))} ") + _too_many(limits.class_entries))
            info = child.stat(follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                if len(below) < _DEEPEST:
                    todo.append((child.path, below))
                else:
                    yield Entry(below, Place(child.path), 0, flaw=_TOO_DEEP)
                continue
            flaw = None
            if stat.S_ISLNK(info.st_mode):
                flaw = _LINK
            elif not stat.S_ISREG(info.st_mode):
                flaw = _DEVICE
            at = info.st_mtime
            yield Entry(below, Place(child.path), info.st_size, at, at, flaw)


def members(place: Place, limits: IntakeLimits, entries: int | None = None) -> list[Entry]:
    """List the archive that lies at `place`; paths are relative to it.

    Raises:
        Unreadable: no archive, damaged, or more than `entries` files.
    """
    entries = entries or limits.entries
    if not place.members:
        with _open_plain(place.file) as stream:
            if _directory_size(stream) > entries * 400:
                raise Unreadable(_too_many(entries))
    archive = _open(place, limits)
    if len(archive) > entries:
        raise Unreadable(_too_many(entries))
    found = []
    for i, member in enumerate(archive):
        raw = [p for p in member.name.replace("\\", "/").split("/") if p not in ("", ".")]
        parts = tuple(p for p in raw if p != "..")
        if not parts or junk(parts) or member.name.endswith(("/", "\\")):
            continue
        drive = len(raw[0]) == 2 and raw[0][1] == ":"
        outside = ".." in raw or member.name.startswith(("/", "\\")) or drive
        here = Place(place.file, (*place.members, i))
        flaw = _OUTSIDE if outside else member.flaw
        found.append(Entry(parts, here, member.size, member.modified, member.modified, flaw))
    return sorted(found, key=lambda e: (e.parts, e.place.members))


# ------------------------------------------------------------------ archives


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in an archive; folders end in a slash."""

    name: str
    size: int
    modified: float
    open: Callable[[], IO[bytes] | None]
    flaw: Text | None = None


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _zip(stream: IO[bytes], entries: int) -> Iterator[_Member]:
    if _directory_size(stream) > entries * 400:
        raise Unreadable(_too_many(entries))
    archive = zipfile.ZipFile(stream)
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        flaw = None
        if kind == stat.S_IFLNK:
            flaw = _LINK
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            flaw = _DEVICE
        elif info.flag_bits & 0x1:
            flaw = _ENCRYPTED
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            flaw = _METHOD
        try:
            modified = float(calendar.timegm((*info.date_time, 0, 0, 0)))
        except (ValueError, OverflowError):
            modified = 0.0
        opens = functools.partial(archive.open, info)
        yield _Member(_zip_name(info), info.file_size, modified, opens, flaw)


def _tar(stream: IO[bytes]) -> Iterator[_Member]:
    archive = tarfile.TarFile(fileobj=stream)
    for info in archive:
        plain = info.isreg() and not info.issparse()
        flaw = None if plain else _LINK if info.issym() or info.islnk() else _DEVICE
        name = info.name + ("/" if info.isdir() else "")
        opens = functools.partial(archive.extractfile, info)
        yield _Member(name, info.size, float(info.mtime), opens, flaw)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The member's name, where the zip does not say that it is UTF-8 as macOS writes without a word.

    Else Windows wrote it: accented letters of its console's code page (850) lie where windows-1252
    has punctuation.
    """
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        console = any(0x80 <= b <= 0x9F for b in raw)
        return raw.decode("cp850" if console else "cp1252", "replace")


def is_archive(head: bytes) -> bool:
    """Whether a file that begins with `head` (600 bytes or more, if it has them) is one of ours."""
    return (
        head.startswith((ZIP, b"PK\x05\x06"))
        or any(head.startswith(magic) for magic, _ in _PACKERS)
        or head[257:262] == b"ustar"
    )


def _open(place: Place, limits: IntakeLimits) -> list[_Member]:
    try:
        info = os.stat(place.file, follow_symlinks=False)
    except OSError as error:
        raise Unreadable(same(": ") + _os_reason(error)) from None
    stamp = (os.getpid(), info.st_ino, info.st_size, info.st_mtime_ns)
    return (_inner if place.members else _outer)(place, limits, stamp)


# Keyed by process too: a forked worker must not share its parent's file position.
@functools.lru_cache(maxsize=2)
def _outer(place: Place, limits: IntakeLimits, stamp: tuple[int, ...]) -> list[_Member]:
    return _archive(_open_plain(place.file), limits, limits.class_entries)


@functools.lru_cache(maxsize=2)
def _inner(place: Place, limits: IntakeLimits, stamp: tuple[int, ...]) -> list[_Member]:
    data = read(place, limits.package_mb, limits)
    return _archive(io.BytesIO(data), limits, limits.entries)


def forget() -> None:
    """Close the archives that were kept open."""
    _inner.cache_clear()
    _outer.cache_clear()


def _archive(stream: IO[bytes], limits: IntakeLimits, entries: int) -> list[_Member]:
    head = stream.read(600)
    stream.seek(0)
    found: list[_Member] = []
    try:
        for magic, opener in _PACKERS:
            if head.startswith(magic):
                with opener(stream) as packed:
                    data = b"".join(_capped(packed, int(limits.package_mb * MB), limits.package_mb))
                if data[257:262] != b"ustar":  # one file, called as the archive is
                    opens = functools.partial(io.BytesIO, data)
                    return [_Member("notebook.ipynb", len(data), 0.0, opens)]
                head, stream = data, io.BytesIO(data)
        for member in _tar(stream) if head[257:262] == b"ustar" else _zip(stream, entries):
            found.append(member)
            if len(found) > entries:
                raise Unreadable(_too_many(entries))
    except (*_BROKEN, ValueError, NotImplementedError):
        raise Unreadable(_NO_ZIP) from None
    return found


def _directory_size(stream: IO[bytes]) -> int:
    """Bytes of a zip's central directory, which `zipfile` reads whole (APPNOTE 4.3.14, 4.3.16)."""
    size = stream.seek(0, os.SEEK_END)
    start = max(0, size - 65_557 - 20)
    stream.seek(start)
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return 0
    claimed = int(struct.unpack_from("<L", tail, at + 12)[0])
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        (offset,) = struct.unpack_from("<Q", tail, at - 12)
        if offset + 56 <= size:
            stream.seek(offset)
            record = stream.read(56)
            stream.seek(0)
            if record[:4] == b"PK\x06\x06":
                return int(struct.unpack_from("<Q", record, 40)[0])
        return size
    return claimed


# ------------------------------------------------------------------ reading


def _open_plain(path: str) -> IO[bytes]:
    """Open a regular file; a link or a device put in its place meanwhile is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise Unreadable(same(": ") + _os_reason(error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable(_DEVICE)
    return os.fdopen(descriptor, "rb")


def chunks(place: Place, limit_mb: float, limits: IntakeLimits) -> Iterator[bytes]:
    """The bytes at `place`, piece by piece.

    Raises:
        Unreadable: damaged, or more than `limit_mb` come out, whatever the header says.
    """
    cap = int(limit_mb * MB)
    if not place.members:
        with _open_plain(place.file) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > cap:
                raise Unreadable(too_big(size, limit_mb))
            yield from _capped(stream, cap, limit_mb)
        return
    outer = Place(place.file, place.members[:-1])
    try:
        found = _open(outer, limits)[place.members[-1]]
        if found.size > cap:
            raise Unreadable(too_big(found.size, limit_mb))
        opened = found.open()
        assert opened is not None  # all but plain files have a flaw
        with opened as member:
            yield from _capped(member, cap, limit_mb)
    except _BROKEN:
        raise Unreadable(_DAMAGED) from None
    except RuntimeError:  # zipfile: "password required"
        raise Unreadable(_ENCRYPTED) from None
    except (NotImplementedError, ValueError, IndexError, AssertionError):
        raise Unreadable(_METHOD) from None


def _capped(stream: _Reader, cap: int, limit_mb: float) -> Iterator[bytes]:
    seen = 0
    while piece := stream.read(CHUNK):
        seen += len(piece)
        if seen > cap:
            raise Unreadable(too_big(seen, limit_mb))
        yield piece


def read(place: Place, limit_mb: float, limits: IntakeLimits) -> bytes:
    """All bytes at `place`; see `chunks`."""
    return b"".join(chunks(place, limit_mb, limits))


def begin(entry: Entry, limits: IntakeLimits) -> bytes:
    """A file's first bytes; b"" if it cannot be read."""
    try:
        return next(chunks(entry.place, max(limits.package_mb, limits.notebook_mb), limits), b"")
    except Unreadable:
        return b""


@dataclass
class Opened:
    """A submission's files after opening its archives, and what went wrong on the way.

    Attributes:
        archives: path of each archive → its own entry.
        flaws: files that must not or cannot be read, with the reason.
    """

    entries: list[Entry] = field(default_factory=list)
    archives: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    flaws: list[tuple[Entry, Text]] = field(default_factory=list)


def open_archives(entries: Sequence[Entry], limits: IntakeLimits) -> Opened:
    """Put the content of each archive among `entries` in its place, within one submission's limits.

    An archive is one by its content, however it is called; ``.docx`` and its like stay closed.
    """
    opened = Opened()
    todo = [(e, 1) for e in reversed(entries)]
    unpacked = sum(e.size for e in entries)
    while todo:
        entry, depth = todo.pop()
        if entry.flaw is not None:
            opened.flaws.append((entry, entry.flaw))
            continue
        if not _to_open(entry, limits):
            opened.entries.append(entry)
            continue
        problem = None
        inner: list[Entry] = []
        if depth > limits.depth:
            problem = gettext(
                "is a zip inside {n} others; hand in the notebook in one zip", n=limits.depth
            )
        elif entry.size > limits.package_mb * MB:
            problem = too_big(entry.size, limits.package_mb)
        else:
            try:
                inner = members(entry.place, limits)
            except Unreadable as error:
                problem = error.text
        size = sum(e.size for e in inner)
        if problem is None and (
            unpacked + size > limits.unpacked_mb * MB
            or (size > 256 * MB and size > limits.ratio * max(entry.size, 1))
        ):
            problem = unpacks_to(size)
        if problem is None and len(opened.entries) + len(todo) + len(inner) > limits.entries:
            problem = _too_many(limits.entries)
        if problem is not None:
            opened.flaws.append((entry, problem))
            continue
        unpacked += size
        opened.archives[entry.parts] = entry
        for e in reversed(inner):
            handed_in = entry.handed_in or entry.modified
            todo.append((replace(e.below(entry.parts), handed_in=handed_in), depth + 1))
    return opened


def _to_open(entry: Entry, limits: IntakeLimits) -> bool:
    if entry.suffix in ARCHIVES:
        return True
    return entry.suffix in (".ipynb", "") and is_archive(begin(entry, limits))

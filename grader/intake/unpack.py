"""Files of a folder or a zip, zips inside zips included, listed and read without unpacking to disk.

Nothing here trusts a header: every read is capped, links and devices are never followed, and no
path found in a zip is ever written to.
"""

from __future__ import annotations

import calendar
import functools
import io
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from grader.check.text import Refusal, Text, gettext, same
from grader.intake.limits import MB, IntakeLimits

CHUNK = 1 << 16
_JUNK_FOLDERS = {"__macosx", "__pycache__", "node_modules"}
_JUNK_FILES = {"thumbs.db", "desktop.ini", "icon\r"}


class IntakeError(Refusal):
    """The path given to `collect` cannot be used."""


class Unreadable(Exception):
    """A file of a submission cannot be read; `text` says why, without naming it."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True)
class Place:
    """Where bytes lie: a file on disk, or a member of a zip, or of a zip in that one.

    Attributes:
        file: a regular file.
        members: positions in the zips' directories, outermost zip first.
    """

    file: Path
    members: tuple[int, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A file that was found.

    Attributes:
        parts: its path below the root, as written there; a zip counts as a folder.
        place: where to read it.
        size: bytes, by its own account.
        modified: POSIX seconds (of a zip's member: its naive time read as UTC), 0 if unknown.
        handed_in: the same for the outermost file that holds it.
        packed: bytes that it takes in its zip.
        flaw: why it must not be read, or None.
    """

    parts: tuple[str, ...]
    place: Place
    size: int
    modified: float = 0.0
    handed_in: float = 0.0
    packed: int = 0
    flaw: Text | None = None

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def suffix(self) -> str:
        return os.path.splitext(self.name)[1].lower()

    @property
    def shown(self) -> str:
        return shown("/".join(self.parts))

    def below(self, prefix: tuple[str, ...]) -> Entry:
        return replace(self, parts=prefix + self.parts)


def shown(name: str, length: int = 160) -> str:
    """A name from outside, fit for one line: composed accents, printable, not too long."""
    text = unicodedata.normalize("NFC", printable(name))
    return text if len(text) <= length else text[: length // 2] + "…" + text[-length // 2 + 1 :]


def printable(name: str) -> str:
    """A name from outside, spelled as it is, its unprintable characters replaced."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def megabytes(size: float) -> Text:
    """``12.3 MB`` / ``12,3 Mo``."""
    figure = f"{size / MB:.0f}" if size >= 10 * MB else f"{size / MB:.1f}"
    return Text(en=f"{figure} MB", fr=f"{figure.replace('.', ',')} Mo")


def junk(parts: tuple[str, ...]) -> bool:
    """Whether a path is an operating system's or an editor's own affair."""
    return any(
        p.startswith((".", "~$")) or p.lower() in _JUNK_FOLDERS
        for p in parts
        if p not in ("..", ".")
    ) or (parts[-1].lower() in _JUNK_FILES or parts[-1].endswith("-checkpoint.ipynb"))


_LINK = gettext("is a link, and links are not followed; hand in the file itself")
_DEVICE = gettext("is not a plain file; hand in the notebook file itself")
_OUTSIDE = gettext(
    "has a path that leaves its folder; zip the notebook again with an ordinary tool"
)
_ENCRYPTED = gettext("is encrypted; zip it again without a password")
_METHOD = gettext("is compressed in an unusual way; zip it again with an ordinary tool")
_DAMAGED = gettext("is damaged or cut short; hand it in again")
_NO_ZIP = gettext("is not a zip file, or is cut short; hand it in again")


def _too_many(n: int) -> Text:
    return gettext("holds more than {n} files; hand in the notebook and its recordings only", n=n)


def too_big(size: float, limit_mb: float) -> Text:
    return gettext(
        "takes {size}, more than the {limit} allowed; clear outputs, leave large files out",
        size=megabytes(size),
        limit=megabytes(limit_mb * MB),
    )


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
            gettext("{p}: {why}; give a folder, a zip or a notebook", p=name, why=_os_reason(error))
        ) from None
    if stat.S_ISDIR(found.st_mode):
        return list(_walk(path, limits))
    if not stat.S_ISREG(found.st_mode):
        raise IntakeError(same(f"{name} ") + _DEVICE)
    if path.suffix.lower() == ".zip":
        try:
            return members(Place(path.resolve()), limits, limits.class_entries)
        except Unreadable as error:
            raise IntakeError(same(f"{name} ") + error.text) from None
    return [Entry((path.name,), Place(path.resolve()), found.st_size, found.st_mtime)]


def _os_reason(error: OSError) -> Text:
    if isinstance(error, FileNotFoundError):
        return gettext("no such file or folder")
    if isinstance(error, PermissionError):
        return gettext("permission denied")
    return same(error.strerror or type(error).__name__)


def _walk(root: Path, limits: IntakeLimits) -> Iterator[Entry]:
    count = 0
    todo: list[tuple[Path, tuple[str, ...]]] = [(root, ())]
    while todo:
        folder, parts = todo.pop()
        try:
            children = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as error:
            if not parts:
                raise IntakeError(same(f"{shown(str(root))}: ") + _os_reason(error)) from None
            reason = same(": ") + _os_reason(error)
            yield Entry(parts, Place(folder), 0, flaw=reason)
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
                if len(below) < 40:
                    todo.append((Path(child.path), below))
                continue
            flaw = None
            if stat.S_ISLNK(info.st_mode):
                flaw = _LINK
            elif not stat.S_ISREG(info.st_mode):
                flaw = _DEVICE
            yield Entry(
                below,
                Place(Path(child.path)),
                info.st_size,
                info.st_mtime,
                info.st_mtime,
                flaw=flaw,
            )


def members(place: Place, limits: IntakeLimits, entries: int | None = None) -> list[Entry]:
    """List the zip that lies at `place`; paths are relative to it.

    Raises:
        Unreadable: no zip, damaged, or more than `entries` files.
    """
    entries = entries or limits.entries
    if not place.members:
        with _open_plain(place.file) as stream:
            if _directory_size(stream) > entries * 400:
                raise Unreadable(_too_many(entries))
    archive = _open(place, limits)
    if len(archive.infolist()) > entries:
        raise Unreadable(_too_many(entries))
    found = []
    for i, info in enumerate(archive.infolist()):
        entry = _member(info, Place(place.file, (*place.members, i)))
        if entry is not None:
            found.append(entry)
    return sorted(found, key=lambda e: (e.parts, e.place.members))


def _member(info: zipfile.ZipInfo, place: Place) -> Entry | None:
    name = _name(info)
    raw = [p for p in name.replace("\\", "/").split("/") if p not in ("", ".")]
    if not raw or name.endswith(("/", "\\")):
        return None
    outside = ".." in raw or name.startswith(("/", "\\")) or (len(raw[0]) == 2 and raw[0][1] == ":")
    parts = tuple(p for p in raw if p != "..")
    if not parts or junk(parts):
        return None
    kind = stat.S_IFMT(info.external_attr >> 16)
    flaw = None
    if outside:
        flaw = _OUTSIDE
    elif kind == stat.S_IFLNK:
        flaw = _LINK
    elif kind not in (0, stat.S_IFREG):
        flaw = _DEVICE
    elif info.flag_bits & 0x1:
        flaw = _ENCRYPTED
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        flaw = _METHOD
    try:
        modified = float(calendar.timegm((*info.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        modified = 0.0
    return Entry(parts, place, info.file_size, modified, modified, info.compress_size, flaw)


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; macOS writes UTF-8 without saying so, which `zipfile` reads as cp437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _open(place: Place, limits: IntakeLimits) -> zipfile.ZipFile:
    try:
        info = os.stat(place.file, follow_symlinks=False)
    except OSError as error:
        raise Unreadable(same(": ") + _os_reason(error)) from None
    stamp = (os.getpid(), info.st_ino, info.st_size, info.st_mtime_ns)
    if place.members:
        return _inner_zip(place, limits, stamp)
    return _outer_zip(place.file, limits, stamp)


# Keyed by process too: a forked worker must not share its parent's file position.
@functools.lru_cache(maxsize=2)
def _outer_zip(file: Path, limits: IntakeLimits, stamp: tuple[int, ...]) -> zipfile.ZipFile:
    return _zip(_open_plain(file), limits.class_entries)


@functools.lru_cache(maxsize=2)
def _inner_zip(place: Place, limits: IntakeLimits, stamp: tuple[int, ...]) -> zipfile.ZipFile:
    return _zip(io.BytesIO(read(place, limits.package_mb, limits)), limits.entries)


def forget() -> None:
    """Close the zips that were kept open."""
    _inner_zip.cache_clear()
    _outer_zip.cache_clear()


def _zip(stream: IO[bytes], entries: int) -> zipfile.ZipFile:
    try:
        if _directory_size(stream) > entries * 400:
            raise Unreadable(_too_many(entries))
        return zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        raise Unreadable(_NO_ZIP) from None


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


def _open_plain(path: Path) -> IO[bytes]:
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
        archive = _open(outer, limits)
        info = archive.infolist()[place.members[-1]]
        if info.file_size > cap:
            raise Unreadable(too_big(info.file_size, limit_mb))
        with archive.open(info) as member:
            yield from _capped(member, cap, limit_mb)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error):
        raise Unreadable(_DAMAGED) from None
    except RuntimeError:  # zipfile: "password required"
        raise Unreadable(_ENCRYPTED) from None
    except (NotImplementedError, ValueError, IndexError):
        raise Unreadable(_METHOD) from None


def _capped(stream: IO[bytes], cap: int, limit_mb: float) -> Iterator[bytes]:
    seen = 0
    while piece := stream.read(CHUNK):
        seen += len(piece)
        if seen > cap:
            raise Unreadable(too_big(seen, limit_mb))
        yield piece


def read(place: Place, limit_mb: float, limits: IntakeLimits) -> bytes:
    """All bytes at `place`; see `chunks`."""
    return b"".join(chunks(place, limit_mb, limits))


@dataclass
class Opened:
    """A submission's files after opening its zips, and what went wrong on the way.

    Attributes:
        zips: path of each zip → its own entry.
        flaws: files that must not or cannot be read, with the reason.
    """

    entries: list[Entry]
    zips: dict[tuple[str, ...], Entry]
    flaws: list[tuple[Entry, Text]]


def open_zips(entries: list[Entry], limits: IntakeLimits) -> Opened:
    """Put the content of each zip among `entries` in its place, within one submission's limits."""
    opened = Opened([], {}, [])
    todo = [(e, 1) for e in reversed(entries)]
    unpacked = sum(e.size for e in entries)
    while todo:
        entry, depth = todo.pop()
        if entry.flaw is not None:
            opened.flaws.append((entry, entry.flaw))
            continue
        if entry.suffix != ".zip":
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
            problem = gettext(
                "would unpack to {size}; hand in the notebook and its recordings only",
                size=megabytes(size),
            )
        if problem is None and len(opened.entries) + len(todo) + len(inner) > limits.entries:
            problem = _too_many(limits.entries)
        if problem is not None:
            opened.flaws.append((entry, problem))
            continue
        unpacked += size
        opened.zips[entry.parts] = entry
        for e in reversed(inner):
            handed_in = entry.handed_in or entry.modified
            todo.append((replace(e.below(entry.parts), handed_in=handed_in), depth + 1))
    return opened

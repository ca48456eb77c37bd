"""A file that was found in a hand-in, and the words that are said of it."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from grader.check.text import Refusal, Text, clean, gettext, same
from grader.intake.limits import MB

ZIP = b"PK\x03\x04"


class IntakeError(Refusal):
    """The path given to `collect` cannot be used."""


class Unreadable(Exception):
    """A file of a submission cannot be read; `text` says why, without naming it."""

    def __init__(self, message: Text | str, /, **fields: Any) -> None:
        self.text = message if isinstance(message, Text) else gettext(message, **fields)
        super().__init__(self.text.en)


@dataclass(frozen=True, slots=True)
class Place:
    """Where bytes lie: a file on disk, or a member of an archive, or of an archive in that one.

    Attributes:
        members: positions in the archives' directories, outermost archive first.
    """

    file: str
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was found.

    Attributes:
        parts: its path below the root, as written there; an archive counts as a folder.
        size: bytes, by its own account.
        modified: POSIX seconds (of a zip's member: its naive time read as UTC), 0 if unknown.
        handed_in: the same for the outermost file that holds it.
    """

    parts: tuple[str, ...]
    place: Place
    size: int
    modified: float = 0.0
    handed_in: float = 0.0
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
    """A name from outside, fit for one line: composed accents, clean, not too long."""
    text = one_line(unicodedata.normalize("NFC", name))
    return text if len(text) <= length else text[: length // 2] + "…" + text[-length // 2 + 1 :]


def one_line(name: str) -> str:
    """A name from outside, clean and in one line, otherwise spelled as it is."""
    return clean(name).replace("\n", " ").replace("\t", " ")


def named(name: str, text: Text) -> Text:
    """``file.ipynb`` + what is the matter with it, in one line."""
    return same(shown(name) + ("" if text.en.startswith(":") else " ")) + text


def megabytes(size: float) -> Text:
    """``12.3 MB`` / ``12,3 Mo``."""
    figure = f"{size / MB:.0f}" if size >= 10 * MB else f"{size / MB:.1f}"
    return Text(en=f"{figure} MB", fr=f"{figure.replace('.', ',')} Mo")


def too_big(size: float, limit_mb: float) -> Text:
    return gettext(
        "takes {size}, more than the {limit} allowed; clear outputs, leave large files out",
        size=megabytes(size),
        limit=megabytes(limit_mb * MB),
    )


def unpacks_to(size: float) -> Text:
    return gettext(
        "would unpack to {size}; hand in the notebook and its recordings only", size=megabytes(size)
    )


_KINDS = (
    (b"%PDF", gettext("a PDF")),
    (b"Rar!", gettext("a RAR archive; only zip and tar are opened")),
    (b"7z\xbc\xaf", gettext("a 7z archive; only zip and tar are opened")),
    (b"\x89PNG", gettext("a picture")),
    (b"\xff\xd8\xff", gettext("a picture")),
    (b"\xd0\xcf\x11\xe0", gettext("an old Word, Excel or PowerPoint file")),
    (b"\x89HDF", gettext("an HDF5 file of weights")),
)


def kind_of(head: bytes, suffix: str = "") -> Text | None:
    """What a file is that begins with `head`, in words; None if nobody can tell."""
    for magic, kind in _KINDS:
        if head.startswith(magic):
            return kind
    if head.startswith(ZIP):
        inside = {".docx": "Word", ".xlsx": "Excel", ".pptx": "PowerPoint", ".odt": "LibreOffice"}
        found = inside.get(suffix) or next(
            (n for word, n in (("word/", "Word"), ("xl/", "Excel"), ("ppt/", "PowerPoint"))
             if word.encode() in head), None,
        )  # fmt: skip
        return gettext("a document of {app}", app=found) if found else gettext("a zip file")
    text = head[:600].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return gettext("a web page")
    if suffix == ".py" or text.startswith((b"#!/usr/bin/env python", b"import ", b"from ")):
        return gettext("a Python script")
    if b"\0" in head:
        return None
    return gettext("a text") if head.strip() else None

"""Recordings as they are handed in: found by name, looked at no further than their header."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from grader.check.text import Text, gettext
from grader.intake.archives import chunks
from grader.intake.files import Entry, Unreadable, named, shown, too_big
from grader.intake.limits import MB, IntakeLimits
from grader.platforms.people import canonical

RECORDING = ".safetensors"


def recordings(
    entries: Sequence[Entry], limits: IntakeLimits
) -> tuple[dict[str, Entry], list[Text]]:
    """Name → file, the newest of each name, and what to say of the others."""
    found: dict[str, Entry] = {}
    notices: list[Text] = []
    for entry in sorted(entries, key=lambda e: (e.modified, e.parts)):
        name = canonical(os.path.splitext(entry.name)[0])
        if name in found:
            notices.append(
                gettext("recording {r} was handed in twice: the newest counts", r=shown(name))
            )
        found[name] = entry
    left = limits.recordings_mb * MB
    kept: dict[str, Entry] = {}
    for name, entry in sorted(found.items()):
        if entry.size > left:
            notices.append(named(entry.name, too_big(entry.size, limits.recordings_mb)))
            continue
        try:
            head = next(chunks(entry.place, limits.recordings_mb, limits), b"")
        except Unreadable as error:
            notices.append(named(entry.name, error.text))
            continue
        left -= entry.size
        kept[name] = entry
        if not looks_whole(head, entry.size):
            notices.append(
                named(
                    entry.name,
                    gettext("is cut short or no recording; hand in the zip that lab.submit() made"),
                )
            )
    return kept, notices


def of_lab(entries: Sequence[Entry], lab: str) -> list[Entry]:
    """The recordings among files; those in ``recordings/<another lab>/`` are not this lab's."""
    return [
        e
        for e in entries
        if e.suffix == RECORDING
        and (len(e.parts) < 3 or e.parts[-3] != "recordings" or e.parts[-2] == lab)
    ]


class _Tensor(msgspec.Struct):
    data_offsets: tuple[int, int] | None = None


_header = msgspec.json.Decoder(dict[str, _Tensor])


def looks_whole(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with `head` can be a safetensors file.

    Layout: 8 bytes little-endian header length, JSON header with ``data_offsets``, data.
    """
    if len(head) < 10:
        return False
    length = int.from_bytes(head[:8], "little")
    if length > size - 8 or head[8:9] != b"{":
        return False
    if 8 + length > len(head):
        return True
    try:
        tensors = _header.decode(head[8 : 8 + length])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    offsets = [t.data_offsets for name, t in tensors.items() if name != "__metadata__"]
    if any(o is None for o in offsets):
        return False
    return 8 + length + max((o[1] for o in offsets if o), default=0) == size

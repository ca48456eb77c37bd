"""Frames on a pipe: a length, then a tree (`grader.check.tree`)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

from grader.check.tree import Tree, TreeError, pack, unpack

_LENGTH = struct.Struct("<Q")
MAX_FRAME = 1 << 30
COMMON, JOB = b"c", b"j"  # before a frame to a worker of the student zone: what it holds


def send(fd: int, tree: Tree) -> None:
    """Write one frame, all of it."""
    data = pack(tree)
    write_all(fd, _LENGTH.pack(len(data)) + data)


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def read_exactly(fd: int, size: int) -> bytes | None:
    """Read `size` bytes; None at the end of the stream."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(fd, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def receive(fd: int) -> Tree | None:
    """Read one frame; None at the end of the stream.

    Raises:
        TreeError: what came is no frame.
    """
    head = read_exactly(fd, _LENGTH.size)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > MAX_FRAME:
        raise TreeError(f"a frame of {size} bytes")
    data = read_exactly(fd, size)
    return None if data is None else unpack(data)


def frames(data: bytes) -> Iterator[Any]:
    """The whole frames in `data`; stops quietly where it is cut short or is no frame."""
    at = 0
    while at + _LENGTH.size <= len(data):
        (size,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + size > len(data):
            return
        try:
            yield unpack(data[at : at + size])
        except TreeError:
            return
        at += size

"""How the grader speaks with its zones: frames, and a server that forks for each job.

A frame is a length and a tree (`grader.check.tree`). A zone's process is given one socket, `control`, as
its standard input. On it comes a byte with descriptors: `COMMON` with a socket on which what the next jobs
have in common is read, `JOB` with one for the job, its answer and whatever is said in between.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from mmap import mmap
from typing import Any, TypeVar

from grader.check.tree import Tree, TreeError, pack, unpack
from grader.sandbox.isolate import die_with_parent

_LENGTH = struct.Struct("<Q")
MAX_FRAME = 256 << 20  # bytes
COMMON, JOB = b"c", b"j"
MOST_DESCRIPTORS = 2

Common = TypeVar("Common")


def send(fd: int, tree: Tree) -> None:
    """Write one frame, all of it."""
    send_bytes(fd, pack(tree))


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def send_bytes(fd: int, data: bytes) -> None:
    """Write bytes behind their length; none of them ends a series."""
    write_all(fd, _LENGTH.pack(len(data)))
    write_all(fd, data)


def read_exactly(fd: int, size: int, until: float | None = None) -> bytes | None:
    """Read `size` bytes; None at the end of the stream.

    Args:
        until: `time.monotonic` at which to give up.

    Raises:
        TimeoutError: time is up.
    """
    parts = bytearray()
    while len(parts) < size:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise TimeoutError("no answer in time")
        part = os.read(fd, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def receive_bytes(fd: int, most: int = MAX_FRAME, until: float | None = None) -> bytes | None:
    """Read what `send_bytes`, or `send`, wrote; None at the end of the stream.

    Raises:
        TreeError: it is longer than `most`.
        TimeoutError: see `read_exactly`.
    """
    head = read_exactly(fd, _LENGTH.size, until)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > most:
        raise TreeError(f"a frame of {size} bytes")
    return read_exactly(fd, size, until)


def receive(fd: int, most: int = MAX_FRAME, until: float | None = None) -> Tree | None:
    """Read one frame; None at the end of the stream.

    Raises:
        TreeError: what came is no frame, or longer than `most`.
        TimeoutError: see `read_exactly`.
    """
    data = receive_bytes(fd, most, until)
    return None if data is None else unpack(data)


def send_job(fd: int, job: Mapping[str, Tree], recordings: Mapping[str, bytes]) -> None:
    """Write a job and, behind it, recordings: bytes that nobody copies on the way."""
    send(fd, {**job, "recordings": list(recordings)})
    for data in recordings.values():
        send_bytes(fd, data)


def receive_job(fd: int) -> Tree | None:
    """Read a job; its ``recordings`` are name → bytes. None at the end of the stream."""
    job = receive(fd)
    if job is None:
        return None
    return {**job, "recordings": {name: receive_bytes(fd) or b"" for name in job["recordings"]}}


def frames(data: bytes | mmap, at: int = 0, end: int | None = None) -> Iterator[Tree]:
    """The whole frames in ``data[at:end]``; stops quietly where it is cut short or is no frame."""
    end = len(data) if end is None else min(end, len(data))
    while at + _LENGTH.size <= end:
        (size,) = _LENGTH.unpack(data[at : at + _LENGTH.size])
        at += _LENGTH.size
        if at + size > end:
            return
        try:
            yield unpack(data[at : at + size])
        except TreeError:
            return
        at += size


def control_of_standard_input() -> socket.socket:
    """The control socket; the three standard descriptors lead nowhere afterwards."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    os.close(null)
    return control


def serve(
    control: socket.socket, prepare: Callable[[Tree], Common],
    work: Callable[[Common, Sequence[int]], None],
) -> None:  # fmt: skip
    """Fork for each job that comes, several at once, until the grader closes the control socket.

    This process reads what jobs have in common, once, and never a job: so none finds a trace of another
    in its memory.

    Args:
        prepare: what is made of what jobs have in common.
        work: does a job in the fork, which ends with it. It is given what `prepare` made and the job's
            descriptors: the socket on which the job comes and its answer goes, and what else the job
            was given.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the forks
    common: Any = None
    while True:
        what, given, _, _ = socket.recv_fds(control, 1, MOST_DESCRIPTORS)
        if not what:
            return
        if what == COMMON:
            common = prepare(receive(given[0]))
        elif os.fork() == 0:
            code = 1
            try:
                die_with_parent()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                control.close()
                work(common, given)
                code = 0
            finally:
                os._exit(code)
        for fd in given:
            os.close(fd)

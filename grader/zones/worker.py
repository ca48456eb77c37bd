"""The warm worker of the student zone: imports once, forks for each submission.

Runs inside the sandbox as ``python -m grader.zones.worker MODULE…``. It has imported TensorFlow and
never started an operation, so a fork of it works. It speaks frames (`grader.zones.channel`):
a job comes in on standard input; ``{"frames": bytes, "end": {…}}`` goes out on standard output.
It never looks inside what a submission reports.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Mapping

import numpy as np

from grader.core.key import Limits
from grader.core.tree import Tree
from grader.zones import isolate
from grader.zones.channel import receive, send

MAX_REPORT = 256 << 20  # bytes one submission may report
_GRACE = 3.0  # seconds after which a cell that does not heed its limit is killed


def main(argv: list[str]) -> int:
    """Serve jobs until standard input ends."""
    jobs, results = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.set_inheritable(jobs, False)
    os.set_inheritable(results, False)
    isolated = "--isolate" in argv
    began = time.perf_counter()
    missing = _preload([a for a in argv if not a.startswith("--")])
    isolate.hide()
    fresh = isolated and not _can_isolate()
    isolated = isolated and not fresh
    gc.collect()
    gc.freeze()  # what is loaded now stays shared between the forks
    seconds = time.perf_counter() - began
    send(results, {"ready": True, "fresh": fresh, "missing": missing,
                   "seconds": seconds, "rss_mb": _rss_mb()})  # fmt: skip
    while True:
        job = receive(jobs)
        if job is None:
            return 0
        send(results, serve(job, isolated, (jobs, results)))


def _can_isolate() -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = isolate.enter(lambda: None, 1)
        finally:
            os._exit(1 if code else 0)
    return os.waitpid(child, 0)[1] == 0


def _preload(modules: list[str]) -> list[str]:
    missing = []
    for name in ["IPython.core.interactiveshell", "grader.zones.student_zone", *modules]:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing


def _rss_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def serve(job: Mapping[str, Tree], isolated: bool, private: tuple[int, ...]) -> Tree:
    """Fork for one job, watch it, and return what it reported and how it ended."""
    limits = Limits(**job["limits"])
    read, write = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(read)
        for fd in private:
            os.close(fd)
        _child(job, write, limits, isolated)
    os.close(write)
    data, reason = _watch(child, read, limits, began)
    os.close(read)
    _kill(child)
    _, status, usage = os.wait4(child, 0)
    return {
        "frames": np.frombuffer(bytes(data), dtype=np.uint8),
        "end": {
            "reason": reason,
            "status": status,
            "seconds": round(time.monotonic() - began, 4),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 4),
            "rss_mb": round(usage.ru_maxrss / 1024, 1),
        },
    }


def _child(job: Mapping[str, Tree], channel: int, limits: Limits, isolated: bool) -> None:
    """Never returns."""
    from grader.zones import student_zone

    code = 72
    try:
        os.setsid()
        if isolated:

            def inside() -> None:
                isolate.limit(limits, True)
                student_zone.main(job, channel)

            status = isolate.enter(inside, limits.disk_mb)
            code = os.waitstatus_to_exitcode(status) & 0xFF
        else:
            import tempfile

            with tempfile.TemporaryDirectory(prefix="grader-") as scratch:
                os.chdir(scratch)
                inner = os.fork()
                if inner == 0:
                    isolate.die_with_parent()
                    isolate.limit(limits, False)
                    student_zone.main(job, channel)
                    os._exit(0)
                os.close(channel)
                code = os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]) & 0xFF
    finally:
        os._exit(code)


def _kill(child: int) -> None:
    """Kill a fork and the first process of its namespace, with which everything inside ends."""
    for pid in (*_children(child), child):
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def _children(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == parent:
                        found.append(int(name))
            except (OSError, IndexError, ValueError):
                pass
    return found


def _watch(child: int, read: int, limits: Limits, began: float) -> tuple[bytearray, str]:
    """Collect the child's report until it ends or breaks a limit that it cannot be trusted with."""
    data = bytearray()
    extra = 2 * limits.cell_seconds + _GRACE
    deadline = began + limits.seconds + limits.training_seconds + extra
    scan, item_began = _Scan(), time.monotonic()
    ended_at: float | None = None
    while True:
        readable, _, _ = select.select([read], [], [], 0.1)
        now = time.monotonic()
        if readable:
            part = os.read(read, 1 << 20)
            if not part:
                return data, "closed"
            data += part
            if len(data) > MAX_REPORT:
                return data, "report"
            if scan.new_item(data):
                item_began = now
        if scan.ended:
            ended_at = ended_at or now
            if now - ended_at > 1.0:
                return data, "closed"
        if now > deadline:
            return data, "seconds"
        more = limits.training_seconds if scan.training else 0.0
        if now - item_began > limits.cell_seconds + more + _GRACE:
            return data, "cell"
        if not readable and _processes() > limits.processes:
            return data, "processes"


class _Scan:
    """Looks for new frames in a growing report, and for two words in short ones.

    A submission that forges them gains nothing but time, up to the limit of the whole.
    """

    def __init__(self) -> None:
        self.at = 0
        self.ended = False
        self.training = False

    def new_item(self, data: bytearray) -> bool:
        before = self.at
        while self.at + 8 <= len(data):
            (size,) = struct.unpack_from("<Q", data, self.at)
            if self.at + 8 + size > len(data):
                break
            if size < 400:
                frame = data[self.at : self.at + 8 + size]
                self.ended = self.ended or b'"end"' in frame
                self.training = b'"training"' in frame
            self.at += 8 + size
        return self.at > before


def _processes() -> int:
    """Processes in this sandbox, those of the submission's own namespace included."""
    try:
        return sum(1 for name in os.listdir("/proc") if name.isdigit())
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The warm worker of the student zone: imports once, forks for each submission.

Runs inside the sandbox as ``python -m grader.sandbox.server MODULE…``, or as a fork of the nursery
(`grader.sandbox.nursery`) that has entered it. It has imported TensorFlow and never started an operation,
so a fork of it works. It speaks frames (`grader.sandbox.channel`):
a job comes in on standard input; ``{"frames": bytes, "end": {…}}`` goes out on standard output.
Nobody here looks inside what a submission reports.

The worker itself reads what all its submissions are asked (`grader.sandbox.channel.COMMON`), once, but
never a job: a fork of it, the keeper, does, makes the namespaces (`grader.sandbox.isolate`), forks again
for the submission, watches it, answers and ends. So no submission finds a trace of another one in its
memory.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import NoReturn

import numpy as np

from grader.check.key import Limits
from grader.check.tree import Tree
from grader.notebook.waiting import Waiting, forgiven
from grader.sandbox import isolate
from grader.sandbox.channel import COMMON, JOB, receive, send
from grader.sandbox.preload import preload

MAX_REPORT = 256 << 20  # bytes one submission may report
_LOOK = 0.2  # seconds between two looks at what a submission uses
_COUNT = 0.05  # seconds between two looks at how many processes it has made
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
_MARGIN_MB = 64  # by which the kernel's count of resident pages may lag behind
_GRACE = 3.0  # seconds after which a cell that does not heed its limit is killed


def main(argv: list[str]) -> int:
    """Serve jobs until standard input ends."""
    isolate.drop_root()
    jobs, results = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.set_inheritable(jobs, False)
    os.set_inheritable(results, False)
    isolated = "--isolate" in argv
    began = time.perf_counter()
    gc.disable()  # a fifth of the time that imports take; there is little to collect
    missing = preload([*_ALWAYS, *(a for a in argv if not a.startswith("--"))])
    _warm_up()
    isolate.hide()
    fresh = isolated and not _can_isolate()
    isolated = isolated and not fresh
    gc.freeze()  # what is loaded now stays shared between the forks
    gc.enable()
    seconds = time.perf_counter() - began
    send(results, {"ready": True, "fresh": fresh, "missing": missing,
                   "seconds": seconds, "rss_mb": _rss_mb()})  # fmt: skip
    common: Tree = {}
    while True:
        what = os.read(jobs, 1)
        if what == COMMON:
            common = receive(jobs)
            gc.freeze()
        elif what != JOB:
            return 0  # there are no more
        else:
            keeper = os.fork()
            if keeper == 0:
                _keep(jobs, results, isolated, "--isolate" in argv, common)
            if os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1]):
                return 1


def _keep(jobs: int, results: int, isolated: bool, alone: bool, common: Tree) -> NoReturn:
    """The keeper's life: one job, one answer."""
    code = 1
    try:
        job = receive(jobs)
        if job is not None:
            send(results, serve({**common, **job}, isolated, (jobs, results), alone))
            code = 0
    finally:
        os._exit(code)


def _can_isolate() -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.waitpid(isolate.enter(lambda: None, 1), 0)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


# What every submission needs: IPython (and what its shell imports late), and the student half.
_ALWAYS = (
    "IPython.core.interactiveshell",
    "IPython.core.completerlib",
    "IPython.core.magics",
    "grader.notebook.runner",
    "grader.notebook.lab",
    "grader.notebook.training",
)


def _warm_up() -> None:
    """What every submission would begin with."""
    from grader.notebook.shell import headless

    headless()


def _rss_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def serve(job: Mapping[str, Tree], isolated: bool, private: tuple[int, ...], alone: bool) -> Tree:
    """Fork for one job, watch it, and return what it reported and how it ended.

    Args:
        job: see `grader.notebook.runner.run`.
        isolated: the fork gets namespaces of its own (`grader.sandbox.isolate`).
        private: descriptors that the fork closes.
        alone: every process that /proc shows from now on is the submission's.

    Raises:
        NotIsolated: the kernel refused what it granted before; nothing was run.
    """
    limits = Limits(**job["limits"])
    with ExitStack() as stack:
        if not isolated:
            os.chdir(stack.enter_context(TemporaryDirectory(prefix="grader-")))
        read, write = os.pipe()
        outside = {pid for pid, _ in _stats()} if alone else None
        began = time.monotonic()

        def inside() -> None:
            for fd in (read, *private):
                os.close(fd)
            isolate.limit(limits, isolated)
            _run(job, write)

        child = isolate.enter(inside, limits.disk_mb) if isolated else _beside(inside)
        os.close(write)
        data, reason = _watch(child, read, limits, began, outside)
        os.close(read)
        _kill(child)  # with the first process of its namespaces, everything inside ends
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


def _run(job: Mapping[str, Tree], channel: int) -> None:
    from grader.notebook import runner

    if job["recordings"] and not job["rerun"]:
        # No training: the first product of matrices need not compile machine code (0.02 s).
        os.environ["TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL"] = "false"
    runner.main(job, channel)


def _beside(run: Callable[[], None]) -> int:
    """Run in a fork without namespaces; its number."""
    child = os.fork()
    if child == 0:
        code = 72
        try:
            isolate.die_with_parent()
            os.setsid()
            run()
            code = 0
        finally:
            os._exit(code)
    return child


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Each process that /proc shows, with the fields of its ``stat`` from its state on."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    yield int(name), file.read().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                pass


def _watch(
    child: int, read: int, limits: Limits, began: float, outside: set[int] | None
) -> tuple[bytearray, str]:  # fmt: skip
    """Collect the child's report until it ends or breaks a limit that it cannot be trusted with.

    Args:
        child: the submission's first process.
        read: where it reports.
        limits: its limits.
        began: when it began (`time.monotonic`).
        outside: processes that are not the submission's, where all others are; None where its are
            those that descend from `child`.
    """
    data = bytearray()
    extra = 2 * limits.cell_seconds + _GRACE
    deadline = began + limits.seconds + limits.training_seconds + extra
    scan, item_began, look_at = _Scan(), deadline, time.monotonic() + _LOOK  # no item yet
    waiting = Waiting(child)
    first_wait = item_wait = waiting.lately()
    allowed_mb = limits.memory_mb + _rss_mb()  # what it shares with the worker is counted too
    ended_at: float | None = None
    newest, count_at = _newest(), began
    while True:
        if outside is not None and time.monotonic() > count_at:
            count_at = time.monotonic() + _COUNT
            before, newest = newest, _newest()
            if newest - before > 4 * limits.processes:
                return data, "processes"  # looking at each would take too long
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
                item_began, item_wait = now, waiting.lately()
        if scan.ended:
            ended_at = ended_at or now
            if now - ended_at > 1.0:
                return data, "closed"
        if now > deadline and now > deadline + forgiven(waiting.now() - first_wait, limits.seconds):
            return data, "seconds"
        allowed = limits.cell_seconds + (limits.training_seconds if scan.training else 0.0)
        over = now - item_began - allowed - _GRACE
        if over > 0 and over > forgiven(waiting.now() - item_wait, allowed):
            return data, "cell"
        if now > look_at:
            look_at = now + _LOOK
            used = _used(child, outside, allowed_mb)
            if used.threads > limits.processes:
                return data, "processes"
            if used.memory_mb > allowed_mb:
                return data, "memory"
            if used.cpu_seconds > limits.cpu_seconds + limits.cell_seconds + _GRACE:
                return data, "cpu"


def _newest() -> int:
    """Number of the newest process of this sandbox."""
    with open("/proc/loadavg") as file:
        return int(file.read().split()[-1])


@dataclass(frozen=True)
class _Used:
    """What all processes of a submission use together; memory may be overstated below the limit."""

    threads: int
    memory_mb: float
    cpu_seconds: float


def _used(child: int, outside: set[int] | None, allowed_mb: float) -> _Used:
    """Look at all that is not `outside`, or at what descends from the child.

    Weighing takes eight milliseconds a process, so it is done only when all that is resident, pages
    that are shared counted in each, comes near what is allowed.
    """
    stats = dict(_stats())
    if outside is not None:
        mine = set(stats) - outside
    else:
        mine, more = {child}, {child}
        while more:
            more = {pid for pid, stat in stats.items() if int(stat[1]) in more} - mine
            mine |= more
    found = [stats[pid] for pid in mine if pid in stats]
    ticks = sum(int(t) for stat in found for t in stat[11:15])
    resident_mb = sum(int(stat[21]) for stat in found) * _PAGE_MB
    near = resident_mb > allowed_mb - _MARGIN_MB
    return _Used(
        threads=sum(int(stat[17]) for stat in found),
        memory_mb=sum(map(_private_mb, mine)) if near else resident_mb,
        cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
    )


def _private_mb(pid: int) -> float:
    """Memory of one process; a page that several share counts for its part."""
    kilobytes = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    kilobytes += int(line.split()[1])
    except (OSError, ValueError):
        pass
    return kilobytes / 1024


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

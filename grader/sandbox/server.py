"""The warm process of the student zone: imports once, forks for each submission, several at once.

Runs inside the sandbox as ``python -m grader.sandbox.server [--isolate] MODULE…``. It has imported
TensorFlow and never started an operation, so a fork of it works. It serves jobs as
`grader.sandbox.channel` says. The fork for a job, the keeper, reads it, and for each attempt at it makes
namespaces (`grader.sandbox.isolate`) with a fork of its own for the submission; it watches that, passes on
what it reports, and ends. Nobody here believes what a submission reports.

A cell or probe that takes the process down is left out and the rest is run again, so that what was right
before still counts; all attempts together have one deadline.

The answer to a job: pieces of the report, each behind its length, an empty one, then a frame
``{"attempts": [{"bytes", "reason", "status", "seconds", "cpu_seconds", "rss_mb"}], "skipped": {item: fate}}``.
"""

from __future__ import annotations

import gc
import os
import re
import resource
import select
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from grader.check.key import Limits
from grader.check.tree import Tree, TreeError, unpack
from grader.notebook.waiting import MOST, Waiting, forgiven
from grader.sandbox import isolate
from grader.sandbox.building import build_by_calling
from grader.sandbox.channel import (
    control_of_standard_input,
    receive,
    receive_job,
    send,
    send_bytes,
    serve,
)
from grader.sandbox.preload import preload

MAX_REPORT = 128 << 20  # bytes one submission may report, all attempts together
MAX_ATTEMPTS = 24
MAX_SKIPPED = 12  # items left out one after the other; then all cells from the next one on
_LOOK = 0.2  # seconds between two looks at what a submission uses
_COUNT = 0.05  # seconds between two looks at how many processes it has made
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
_MARGIN_MB = 64  # by which the kernel's count of resident pages may lag behind
_GRACE = 3.0  # seconds after which a cell that does not heed its limit is killed
_SMALL = 400  # bytes of a frame that may say which item begins


def main(argv: Sequence[str]) -> int:
    """Serve jobs until there are no more."""
    isolate.drop_root()
    control = control_of_standard_input()
    os.dup2(0, 2)
    began = time.perf_counter()
    gc.disable()  # a fifth of the time that imports take; there is little to collect
    missing = preload([*_ALWAYS, *(a for a in argv if not a.startswith("--"))])
    import_module("grader.notebook.shell").headless()  # which every submission begins with
    slower = build_by_calling() if "keras" in sys.modules else ""
    isolate.hide()
    isolated = "--isolate" in argv and isolate.possible()
    fresh = "--isolate" in argv and not isolated
    gc.freeze()  # what is loaded now stays shared between the forks
    gc.enable()
    seconds = time.perf_counter() - began
    send(control.fileno(), {"ready": True, "fresh": fresh, "missing": missing, "slower": slower,
                            "seconds": seconds, "rss_mb": _rss_mb()})  # fmt: skip

    def prepare(common: Tree) -> Tree:
        gc.freeze()
        return common

    def keep(common: Tree, given: Sequence[int]) -> None:
        (connection,) = given
        job = receive_job(connection)
        if job is not None:
            _Keeper({**common, **job}, connection, isolated, fresh).run()

    serve(control, prepare, keep)
    return 0


# What every submission needs: IPython (and what its shell imports late), and the student half.
_ALWAYS = (
    "IPython.core.interactiveshell",
    "IPython.core.completerlib",
    "IPython.core.magics",
    "grader.notebook.runner",
    "grader.notebook.lab",
    "grader.notebook.training",
)


def _rss_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


class _Keeper:
    """One job: attempts, until one comes to its end or time is up.

    Args:
        job: see `grader.notebook.runner.run`.
        connection: where the answer goes.
        isolated: each attempt gets namespaces of its own (`grader.sandbox.isolate`).
        alone: every process that /proc shows from now on is the submission's.
    """

    def __init__(self, job: Tree, connection: int, isolated: bool, alone: bool) -> None:
        self.job, self.connection, self.isolated = job, connection, isolated
        self.limits = Limits(**job["limits"])
        # Processes that are not the submission's where all others are; None where its are those that
        # descend from its first. In namespaces of its own, /proc shows no others.
        self.outside = set() if isolated else {pid for pid, _ in _stats()} if alone else None
        self.alone = alone
        self.reported = 0
        self.attempts: list[dict[str, Any]] = []
        self.skipped: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        limits, last = self.limits, len(self.job["cells"])
        end = time.monotonic() + limits.seconds + limits.training_seconds
        cpu = 0.0
        while True:
            left = replace(
                limits,
                seconds=min(limits.seconds, max(1.0, end - time.monotonic())),
                cpu_seconds=max(1.0, limits.cpu_seconds - cpu),
            )
            item, ended = self._attempt(last, left)
            cpu += self.attempts[-1]["cpu_seconds"]
            if ended or item is None or item in self.skipped:
                break
            self.skipped[item] = _fate(self.attempts[-1], limits)
            if len(self.attempts) >= MAX_ATTEMPTS or time.monotonic() > end:
                break
            if cpu > limits.cpu_seconds:
                break
            if len(self.skipped) >= MAX_SKIPPED:
                number = _cell_number(item, last)
                last = last if number is None else number - 1
        send_bytes(self.connection, b"")
        send(self.connection, {"attempts": self.attempts, "skipped": self.skipped})

    def _attempt(self, last: int, left: Limits) -> tuple[str | None, bool]:
        """Make one attempt, in a fork: namespaces can be made once in a process.

        Returns:
            The item at which it was when it ended, if any; whether it came to its end.
        """
        read, write = os.pipe()
        fork = os.fork()
        if fork == 0:
            code = 1
            try:
                isolate.die_with_parent()
                os.close(read)
                send(write, self._attempt_here(last, left))
                code = 0
            finally:
                os._exit(code)
        os.close(write)
        told = receive(read)
        os.close(read)
        os.waitpid(fork, 0)
        if told is None:
            raise ChildProcessError("an attempt was not even begun")
        self.reported += told["attempt"]["bytes"]
        self.attempts.append(told["attempt"])
        return told["item"], told["ended"]

    def _attempt_here(self, last: int, left: Limits) -> Tree:
        """Fork for the submission, watch it, and pass on what it reports.

        Raises:
            NotIsolated: the kernel refused what it granted before; nothing was run.
        """
        job = {**self.job, "cells": self.job["cells"][:last], "limits": vars(left),
               "skip": list(self.skipped)}  # fmt: skip
        scan, began = _Scan(), time.monotonic()
        with ExitStack() as stack:
            if not self.isolated:
                os.chdir(stack.enter_context(TemporaryDirectory(prefix="grader-")))
            read, write = os.pipe()

            def inside() -> None:
                os.closerange(3, write)
                os.closerange(write + 1, 256)
                isolate.limit(left, self.isolated)
                _run(job, write)

            child = isolate.enter(inside, left.disk_mb) if self.isolated else _beside(inside)
            os.close(write)
            reason = self._watch(child, read, left, began, scan)
            os.close(read)
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)  # with the first of its namespaces, all inside ends
            _, status, usage = os.wait4(child, 0)
        return {
            "item": scan.item,
            "ended": scan.ended,
            "attempt": {
                "bytes": scan.size,
                "reason": reason,
                "status": status,
                "seconds": round(time.monotonic() - began, 4),
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 4),
                "rss_mb": round(usage.ru_maxrss / 1024, 1),
            },
        }

    def _watch(self, child: int, read: int, limits: Limits, began: float, scan: _Scan) -> str:
        """Pass on the child's report until it ends or breaks a limit that it cannot be trusted with."""
        extra = 2 * limits.cell_seconds + _GRACE
        deadline = began + limits.seconds + limits.training_seconds + extra
        item_began, look_at = deadline, time.monotonic() + _LOOK  # no item yet
        waiting = Waiting(1 if self.isolated else child)
        first_wait = item_wait = waiting.lately()
        allowed_mb = limits.memory_mb + _rss_mb()  # what it shares with the server is counted too
        ended_at: float | None = None
        newest, count_at = _newest(), began
        most = (MAX_REPORT - self.reported) // 2  # a flood leaves as much to the next attempt
        while True:
            if self.alone and time.monotonic() > count_at:
                count_at = time.monotonic() + _COUNT
                before, newest = newest, _newest()
                if newest - before > 4 * limits.processes:
                    return "processes"  # looking at each would take too long
            readable, _, _ = select.select([read], [], [], 0.1)
            now = time.monotonic()
            if readable:
                part = os.read(read, 1 << 20)
                if not part:
                    return "closed"
                if scan.size + len(part) > most:
                    return "report"
                send_bytes(self.connection, part)
                if scan.feed(part):
                    item_began, item_wait = now, waiting.lately()
            if scan.ended:
                ended_at = ended_at or now
                if now - ended_at > 1.0:
                    return "closed"
            waited = waiting.now() - first_wait if now > deadline else 0.0
            if now > deadline + forgiven(waited, limits.seconds):
                return "seconds"
            allowed = limits.cell_seconds + (limits.training_seconds if scan.training else 0.0)
            over = now - item_began - allowed - _GRACE
            if over > 0 and over > forgiven(waiting.now() - item_wait, allowed):
                return "cell"
            if now > look_at:
                look_at = now + _LOOK
                used = _used(child, self.outside, allowed_mb)
                if used.threads > limits.processes:
                    return "processes"
                if used.memory_mb > allowed_mb:
                    return "memory"
                if used.cpu_seconds > limits.cpu_seconds + limits.cell_seconds + _GRACE:
                    return "cpu"


def patience(limits: Limits) -> float:
    """Seconds after which a job surely has its answer, if the zone is as it should be."""
    whole = limits.seconds + limits.training_seconds + 3 * limits.cell_seconds
    return (1 + MOST) * whole + 60


def _fate(end: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Why an attempt ended early, as an observation's error."""
    reason = str(end["reason"])
    value = {
        "cell": limits.cell_seconds, "seconds": limits.seconds, "processes": limits.processes,
        "memory": limits.memory_mb, "cpu": limits.cpu_seconds, "report": "",
    }  # fmt: skip
    if reason in value:
        return {"limit": reason, "value": value[reason]}
    code = os.waitstatus_to_exitcode(end["status"])
    number = 256 - code if code > 128 else -code  # a fork passes its own fork's signal on
    name = signal.Signals(number).name if number in set(signal.Signals) else f"exit {code}"
    if name == "SIGXCPU" or (name == "SIGKILL" and end["cpu_seconds"] > limits.cpu_seconds):
        return {"limit": "cpu", "value": limits.cpu_seconds}
    return {"limit": "died", "value": name}


def _cell_number(item: str, count: int) -> int | None:
    """The number in ``"cell:3"``, if there is such a cell."""
    found = re.fullmatch(r"cell:([1-9][0-9]{0,6})", item)
    number = int(found.group(1)) if found else 0
    return number if 1 <= number <= count else None


def _run(job: Mapping[str, Tree], channel: int) -> None:
    from grader.notebook import runner

    def report(tree: Tree) -> None:
        send(channel, tree)

    threading.excepthook = lambda args: None
    runner.run(job, report)
    os._exit(0)


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


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Each process that /proc shows, with the fields of its ``stat`` from its state on."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    yield int(name), file.read().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                pass


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
    """Looks for frames in a report as it comes, and reads the short ones that say what begins or ends.

    A submission that forges them gains nothing but time, up to the limit of the whole.

    Attributes:
        size: bytes so far.
        item: what was begun last and has not ended.
        ended: whether it came to its end.
        training: whether it trains.
    """

    def __init__(self) -> None:
        self.size = 0
        self.item: str | None = None
        self.ended = self.training = False
        self._head = bytearray()  # of a frame that has not come whole: no more than is looked at
        self._left = 0  # bytes of a long frame still to come

    def feed(self, part: bytes) -> bool:
        """Take a piece; whether a frame ended in it."""
        self.size += len(part)
        at, found = 0, False
        while at < len(part):
            if self._left:
                step = min(self._left, len(part) - at)
                at, self._left = at + step, self._left - step
                if not self._left:
                    self.item, self.training, found = None, False, True
                continue
            missing = 8 - len(self._head)
            if missing <= 0:
                (size,) = struct.unpack_from("<Q", self._head)
                if size >= _SMALL:
                    self._head.clear()
                    self._left = size
                    continue
                missing = 8 + size - len(self._head)
            self._head += part[at : at + missing]
            at += missing
            if len(self._head) >= 8 and len(self._head) == 8 + int.from_bytes(
                self._head[:8], "little"
            ):
                self._short(bytes(self._head[8:]))
                self._head.clear()
                found = True
        return found

    def _short(self, frame: bytes) -> None:
        try:
            tree = unpack(frame)
        except TreeError:
            return
        tree = tree if isinstance(tree, dict) else {}
        self.ended = self.ended or tree.get("end") is True
        self.training = "training" in tree
        if isinstance(tree.get("start"), str):
            self.item = tree["start"][:200]
        elif not self.training:
            self.item = None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

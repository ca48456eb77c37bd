"""Inside a fork, for one submission: run the cells as IPython does, then the probes."""

from __future__ import annotations

import io
import os
import re
import resource
import signal
import sys
import threading
import time
import warnings
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT, PyCF_ONLY_AST
from collections.abc import Callable, Mapping
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from grader.check.key import Limits
from grader.check.observe import LimitHit, Made, error_record, observe
from grader.check.probe import Probe
from grader.check.text import gettext
from grader.check.tree import Tree
from grader.notebook import session
from grader.notebook.cells import CellReport
from grader.notebook.holes import Holes
from grader.notebook.waiting import Waiting, forgiven

Report = Callable[[Tree], None]


THREAD_STACK = 2 << 20  # bytes; with the usual 8 MB, threads left over would use up the memory
TURN = 2e-4  # seconds; with the usual 5 ms, threads left spinning would use up the probes' time

_MORE = gettext("\n… {n} more characters: a cell may print {kb} kB")


class _Printed(io.TextIOBase):
    """Keeps the first `limit` characters written to it; the rest is counted, not kept."""

    def __init__(self, limit: int, lang: str = "en") -> None:
        self.limit = limit
        self.lang = lang
        self.parts: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.size < self.limit:
            self.parts.append(text[: self.limit - self.size])
        self.size += len(text)
        return len(text)

    def text(self) -> str:
        if self.size <= self.limit:
            return "".join(self.parts)
        cut = _MORE.fill(n=self.size - self.limit, kb=self.limit // 1024).to(self.lang)
        return "".join(self.parts) + cut


class _Clock:
    """Raises `LimitHit` in the main thread when a cell, a probe or the whole is out of time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.end = time.monotonic() + limits.seconds
        self.armed = False
        self.allowed = 0.0
        self.granted = 0.0
        self.waiting = Waiting()
        self.waited_before, self.waited_at_first = 0.0, self.waiting.lately()
        signal.signal(signal.SIGALRM, self._ring)
        signal.signal(signal.SIGXCPU, self._processor)

    def left(self, so_far: float) -> float:
        """Seconds for the whole, when this process has waited so long (a result of `waited`)."""
        idle = forgiven(so_far - self.waited_at_first, self.limits.seconds)
        return self.end + idle - time.monotonic()

    def start(self, extra: float = 0.0) -> None:
        """Give the next cell or probe its time; `extra` for a training that must be done."""
        so_far = self.waiting.lately()
        self.allowed = min(self.limits.cell_seconds + extra, max(self.left(so_far), 0.05))
        self.granted, self.waited_before = 0.0, so_far
        self.armed = True
        # It rings again every second: a bare `except:` in a loop does not outlive it for long.
        signal.setitimer(signal.ITIMER_REAL, self.allowed, 1.0)

    def stop(self) -> None:
        self.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _ring(self, signum: int, frame: Any) -> None:
        if self.armed:
            so_far = self.waiting.now()
            left = self.left(so_far)
            more = forgiven(so_far - self.waited_before, self.allowed) - self.granted
            if more > 0.05 and left > 0:
                self.granted += more
                signal.setitimer(signal.ITIMER_REAL, more, 1.0)
                return
            if left <= 0:
                raise LimitHit("seconds", self.limits.seconds)
            raise LimitHit("cell", round(self.allowed, 1))

    def _processor(self, signum: int, frame: Any) -> None:
        if self.armed:
            raise LimitHit("cpu", self.limits.cpu_seconds)


@lru_cache(maxsize=1)
def warm_shell() -> Any:
    """A headless IPython: no history file, no system commands, no pip.

    The worker makes it before it forks; each submission has its own copy, which nobody has used.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor" if hasattr(InteractiveShell, "colors") else None
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.xmode = "Minimal"
    shell: Any = InteractiveShell.instance(config=config)

    def nothing(*args: Any, **kwargs: Any) -> None:
        """Shell lines do nothing here."""

    shell.system = shell.system_raw = shell.system_piped = nothing
    shell.getoutput = lambda *args, **kwargs: []
    for name in ("pip", "conda", "mamba", "uv", "matplotlib", "cd", "load_ext", "env", "pylab"):
        shell.register_magic_function(nothing, "line", name)
    for name in ("bash", "sh", "script", "system", "sx", "!", "writefile", "capture_output"):
        shell.register_magic_function(nothing, "cell", name)
    shell._tee = lambda channel: nullcontext()  # IPython would keep all that is printed
    transform = shell.transform_cell
    shell.transform_cell = lambda cell: cell if _is_python(cell) else transform(cell)
    shell.showtraceback = nothing
    shell.showsyntaxerror = nothing
    shell.set_custom_exc((), None)
    return shell


def _is_python(cell: str) -> bool:
    """Whether a cell is Python as it stands, so that IPython would find nothing to transform."""
    with warnings.catch_warnings(action="ignore"):  # they come when it is run
        try:
            compile(cell, "<cell>", "exec", PyCF_ONLY_AST | PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _no_input(prompt: object = "") -> str:
    """`input()` in a graded run: nobody is there to answer."""
    return ""


def _error_of(result: Any) -> BaseException | None:
    found: BaseException | None = result.error_before_exec or result.error_in_exec
    return found


def run(job: Mapping[str, Tree], report: Report) -> None:
    """Run one submission.

    Args:
        job: ``{"cells": [source], "probes": [{"check", "probe", "watch"}], "limits": {…},
            "defines": {name: exercise}, "recordings": {name: uint8 array}, "rerun": bool, "lang",
            "skip": [item ids], "left_out": [cell numbers]}``.
        report: called with each event: ``{"start": item}``, ``{"cell": report}``,
            ``{"training": seconds}``, ``{"observation": tree, "check": id}``, ``{"events": […]}``,
            ``{"end": True}``. An item is ``"cell:3"`` or ``"probe:attention.values"``.
    """
    limits = Limits(**job["limits"])
    clock = _Clock(limits)
    printed = _Printed(limits.output_kb * 1024, str(job["lang"]))
    sys.stdin = io.StringIO("")
    threading.stack_size(THREAD_STACK)
    sys.setswitchinterval(TURN)
    import builtins

    builtins.input = _no_input

    def allow_more(seconds: float) -> None:
        report({"training": seconds})
        clock.end += seconds
        clock.start(seconds)

    session.install(
        recordings={k: v.tobytes() for k, v in job["recordings"].items()},
        rerun=bool(job["rerun"]),
        lang=str(job["lang"]),
        training_seconds=limits.training_seconds,
        allow_more=allow_more,
    )
    with redirect_stdout(printed), redirect_stderr(printed):
        shell = warm_shell()
        _run_cells(job, shell, clock, printed, limits, report)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        clock.end = max(clock.end, time.monotonic() + limits.cell_seconds)
        _run_probes(job, shell.user_ns, clock, report)
    for name, data in session.current.made.items():
        report({"made": name, "data": np.frombuffer(data, dtype=np.uint8)})
    report({"events": session.current.events})
    report({"end": True})


def _run_cells(
    job: Mapping[str, Tree], shell: Any, clock: _Clock, printed: _Printed, limits: Limits,
    report: Report,
) -> None:  # fmt: skip
    out_of_time: LimitHit | None = None
    holes = Holes(job["defines"])
    for number, source in enumerate(job["cells"], start=1):
        name = f"cell:{number}"
        if name in job["skip"]:
            report({"cell": CellReport(number, "skipped").to_dict()})
            continue
        if number in job["left_out"]:
            report({"cell": CellReport(number, "shown").to_dict()})
            continue
        if out_of_time is not None:
            error = {"type": "LimitHit", "limit": out_of_time.limit, "value": out_of_time.value}
            report({"cell": CellReport(number, "skipped", error).to_dict()})
            continue
        report({"start": name})
        printed.parts, printed.size = [], 0
        began = time.perf_counter()
        found = _run_cell(shell, source, clock)
        seconds = round(time.perf_counter() - began, 4)
        hole = holes.explain(found, source, shell.user_ns) if found is not None else None
        status, record = _outcome(found, hole, limits)
        if isinstance(found, LimitHit):
            _clear_away()
            if found.limit in ("seconds", "cpu"):
                out_of_time = found
        text = printed.text()
        report({"cell": CellReport(number, status, record, seconds, text).to_dict()})
        _close_figures()


def _outcome(
    found: BaseException | None, hole: str | None, limits: Limits
) -> tuple[Any, dict[str, Any] | None]:
    if found is None:
        return "ok", None
    if hole is not None:
        return "todo", {"type": "NotDoneYet", "message": hole, "line": ""}
    if isinstance(found, LimitHit):
        return "limit", {"type": "LimitHit", "limit": found.limit, "value": found.value}
    record = error_record(found)
    limit = limit_behind(record, limits)
    return ("limit", {**limit, "type": "LimitHit"}) if limit else ("error", record)


# How the kernel's limits show in an exception's type and message, and which limit it is.
_SIGNS = (
    (r"MemoryError|ResourceExhausted|OOM when allocating|Errno 12\]", "memory", "memory_mb"),
    (r"Errno 27\]", "file", "file_mb"),
    (r"Errno 28\]", "disk", "disk_mb"),
    (r"Errno 24\]", "open_files", "open_files"),
    (r"Errno 11\]|can't start new thread", "processes", "processes"),
)


def limit_behind(record: Mapping[str, Any], limits: Limits) -> dict[str, Any] | None:
    """The limit that an exception tells of, as ``{"limit", "value"}``; None if it tells of none."""
    said = f"{record.get('type')}: {record.get('message')}"
    for sign, limit, name in _SIGNS:
        if re.search(sign, said):
            return {"limit": limit, "value": getattr(limits, name)}
    return None


def _run_cell(shell: Any, source: str, clock: _Clock) -> BaseException | None:
    try:
        clock.start()
        result = shell.run_cell(source, store_history=False, silent=False)
        clock.stop()
        return _error_of(result)
    except BaseException as error:
        clock.stop()
        return error
    finally:
        clock.stop()


def _clear_away() -> None:
    """Kill what a cell that was stopped has left running, if this is the first of a namespace."""
    if os.getpid() == 1:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        try:
            pyplot.close("all")
        except Exception:
            pass


def _run_probes(
    job: Mapping[str, Tree], names: Mapping[str, Any], clock: _Clock, report: Report
) -> None:
    made: dict[str, Made] = {}
    for item in job["probes"]:
        check = item["check"]
        if f"probe:{check}" in job["skip"]:
            continue
        report({"start": f"probe:{check}"})
        clock.end = max(clock.end, time.monotonic() + clock.limits.cell_seconds)
        try:
            clock.start()
            probe = msgspec.convert(item["probe"], Probe)
            seen = observe(probe, names, session.current.answers, item["watch"], made)
            clock.stop()
            limit = limit_behind(seen.get("error") or {}, clock.limits)
            if seen["status"] == "error" and limit:
                seen |= {"status": "limit", "error": limit}
        except LimitHit as hit:
            clock.stop()
            seen = {"status": "limit", "error": {"limit": hit.limit, "value": hit.value}}
        except BaseException as error:
            clock.stop()
            seen = {"status": "error", "error": error_record(error)}
        report({"check": check, "observation": seen})


def main(job: Mapping[str, Tree], channel: int) -> None:
    """The fork's whole life: run, report on `channel`, end."""
    from grader.sandbox.channel import send

    threading.excepthook = lambda args: None

    def report(tree: Tree) -> None:
        send(channel, tree)

    run(job, report)
    os._exit(0)

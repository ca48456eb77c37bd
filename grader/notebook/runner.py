"""Run a notebook's cells as IPython does, then the probes: graded, or in ``lab.selfcheck()``."""

from __future__ import annotations

import ast
import importlib
import io
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from grader.check.key import Limits, Reference
from grader.check.names import display_only, made, reach, taken
from grader.check.observe import LimitHit, Made, observe, put_in_place
from grader.check.probe import Probe
from grader.check.raised import error_record
from grader.check.text import gettext
from grader.check.tree import Tree
from grader.notebook import session
from grader.notebook.cells import CellReport, CellStatus
from grader.notebook.clock import Clock, limit_record
from grader.notebook.holes import Holes
from grader.notebook.settings import Settings
from grader.notebook.shell import Typing, headless, stand_ins

Report = Callable[[Tree], None]
Asked = tuple[str, Probe, Sequence[str]]

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


class Runner:
    """One run of a notebook in this process.

    Args:
        defines: name → exercise that asks for it.
        limits: of the run.
        references: exercise → what stands in the place of what the student wrote for it.
        lang: of the line that says how much of what a cell printed was cut.

    Attributes:
        names: the notebook's namespace.
    """

    def __init__(
        self, defines: Mapping[str, str], limits: Limits, lang: str,
        references: Mapping[str, Reference] | None = None,
    ) -> None:  # fmt: skip
        self.limits = limits
        self.references = dict(references or {})
        self._replaced = {n: e for n, e in defines.items() if e in self.references}
        self._waiting = set(self.references)
        self.holes = Holes(defines)
        self.shell = headless()
        self.names: Mapping[str, Any] = self.shell.user_ns
        self.clock = Clock(limits.cell_seconds, self.names, limits.seconds, limits.cpu_seconds)
        self.typing = Typing()
        self.printed = _Printed(limits.output_kb * 1024, lang)
        self._sources: Sequence[str] = ()
        self._endless: set[str] = set()  # functions that a limit stopped
        self._lost: dict[
            str, str
        ] = {}  # name → "cell:line" of the statement that failed to make it
        self._over: LimitHit | None = None
        self._cell = 0
        self._failed: list[tuple[CellStatus, dict[str, Any]]] = []  # first what stopped first
        sys.stdin = io.StringIO("")
        sys.path.insert(0, os.getcwd())  # a module that the notebook writes can be imported
        stand_ins()
        with redirect_stdout(self.printed), redirect_stderr(self.printed):
            self.settings = Settings()

    # -------------------------------------------------------------- cells

    def run_cells(
        self, sources: Sequence[str], report: Report, skip: Collection[str] = (),
        left_out: Collection[int] = (),
    ) -> None:  # fmt: skip
        """Run the cells; each is reported as ``{"start": "cell:3"}``, then ``{"cell": …}``.

        Args:
            skip: items (``"cell:3"``) that are not run.
            left_out: numbers of cells that only show something (`grader.check.names.display_only`).
        """
        self._sources = sources
        self.shell.step = self._statement
        with redirect_stdout(self.printed), redirect_stderr(self.printed):
            for number, source in enumerate(sources, start=1):
                if f"cell:{number}" in skip:
                    found = CellReport(number, "skipped")
                elif number in left_out:
                    found = CellReport(number, "shown")
                elif self._over is not None:
                    found = CellReport(number, "skipped", limit_record(self._over))
                else:
                    report({"start": f"cell:{number}"})
                    found = self._run_cell(number, source)
                    if self._replaced:
                        self._put_in_place({self._replaced.get(name) for name in made(source)})
                report({"cell": found})
        self.shell.step = None

    def _run_cell(self, number: int, source: str) -> CellReport:
        self._cell, self._failed = number, []
        self.printed.parts, self.printed.size = [], 0
        importlib.invalidate_caches()  # for a module that an earlier cell wrote
        began = time.perf_counter()
        for part in self.shell.parts(source):
            self._run_part(part)
        seconds = round(time.perf_counter() - began, 4)
        status, failed = self._outcome()
        _close_figures()
        return CellReport(
            number,
            status,
            next(iter(failed), None),
            seconds,
            self.printed.text(),
            tuple(failed[1:]),
        )

    def _put_in_place(self, exercises: Collection[str | None]) -> None:
        """Define the references of exercises anew, after a cell that defined the student's own."""
        for exercise in self.references.keys() & set(exercises):
            self._waiting.discard(exercise)
            with suppress(Exception, LimitHit), self.clock.limit():
                put_in_place(self.references[exercise], self.shell.user_ns)

    def _run_part(self, source: str) -> None:
        try:
            with self.clock.limit():
                result = self.shell.run_cell(source, store_history=False, silent=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as raised:
            error = raised
        if error is not None:  # it does not parse, or was stopped between two statements
            self._note(error, source, getattr(error, "lineno", None) or 1)

    async def _statement(self, node: ast.stmt, run: Callable[[], Awaitable[Any]]) -> None:
        """Run one statement of a cell; what it raises is noted, and the next ones run."""
        if self._over is not None:
            return
        self.typing.again()
        stopped = ""
        if self._endless and not isinstance(node, _DEFINITIONS):
            stopped = self._endless_in(taken(ast.unparse(node)))
        if stopped:
            self.clock.start(most=_BRIEF)
        loaded = _loaded()
        try:
            error = await run()
        except BaseException as raised:
            error = raised
        self.settings.put_back_deleted()
        if error is not None:
            _keep_loaded(loaded)
        if stopped or isinstance(error, LimitHit):
            self.clock.start()
        if error is not None:
            self._note(error, ast.unparse(node), node.lineno, stopped)

    def _endless_in(self, names: Collection[str]) -> str:
        """A function that does not end among `names` and those that they use, or ""."""
        return min(self._endless & {*names, *reach(self._sources, names)}, default="")

    def _note(self, error: BaseException, source: str, line: int, endless: str = "") -> None:
        """Keep what a statement raised, and which names are not there because of it.

        Args:
            endless: a function that it uses and that was stopped before.
        """
        if endless and isinstance(error, LimitHit) and error.limit == "cell":
            self._failed.append(
                ("limit", {"type": "LimitHit", "limit": "inside", "value": endless})
            )
        elif isinstance(error, LimitHit):
            _clear_away()
            if error.limit in ("seconds", "cpu"):
                self._over = error
            self._stopped()
            self._failed.append(("limit", limit_record(error, self.clock)))
        elif (hole := self.holes.explain(error, source, self.names)) is not None:
            self._failed.append(("todo", {"type": "NotDoneYet", "message": hole, "line": ""}))
            return
        else:
            record = error_record(error)
            limit = limit_behind(record, self.limits)
            if limit:
                self._failed.append(("limit", {**limit, "type": "LimitHit"}))
            else:
                because = self._lost.get(getattr(error, "name", None) or "")
                more = {"because": because} if because and isinstance(error, NameError) else {}
                self._failed.append(("error", {**record, "at": line, **more}))
        for name in made(source):
            if name not in self.names:
                self._lost[name] = f"{self._cell}:{line}"

    def _stopped(self) -> None:
        if self.clock.inside in self.names:
            self._endless.add(self.clock.inside)

    def _outcome(self) -> tuple[CellStatus, list[dict[str, Any]]]:
        """Status of the cell and what failed in it, the one that decides first."""
        failed = sorted(self._failed, key=lambda f: f[0] != "limit")
        if not failed:
            return "ok", []
        if failed[0][0] == "todo":  # what fails after a hole follows from it
            return "todo", [failed[0][1]]
        causes = [f[1] for f in failed if f[0] != "todo"]
        return failed[0][0], list({str(_crash(c)): c for c in reversed(causes)}.values())[::-1]

    # -------------------------------------------------------------- probes

    def run_probes(
        self, probes: Iterable[Asked], report: Report, skip: Collection[str] = ()
    ) -> None:
        """Observe; reported as ``{"start": "probe:id"}``, then ``{"check": id, "observation": …}``.

        Answers first: they are there, whatever else hangs.

        Args:
            probes: of each, the check, what is asked and which library calls are watched for.
            skip: items (``"probe:id"``) that are not observed.
        """
        with redirect_stdout(self.printed), redirect_stderr(self.printed):
            for name in self.settings.put_right():
                session.current.notice("setting", name)
            self.clock.claim()
            self.clock.end = max(self.clock.end, time.monotonic() + self.limits.cell_seconds)
            self._put_in_place(self._waiting)
            shared: dict[str, Made] = {}
            for check, probe, watch in sorted(probes, key=_looks_at_code):
                if f"probe:{check}" not in skip:
                    report({"start": f"probe:{check}"})
                    seen = self._observe(probe, watch, shared)
                    report({"check": check, "observation": seen})

    def _observe(self, probe: Probe, watch: Sequence[str], shared: dict[str, Made]) -> Tree:
        endless = self._endless_in(probe.names()) if self._endless else ""
        if endless:
            return {"status": "limit", "error": {"limit": "inside", "value": endless}}
        self.typing.again()
        try:
            # Half of what is left: one probe that hangs leaves time for the others.
            with self.clock.limit(share=0.5):
                seen = observe(probe, self.names, session.current.answers, watch, shared)
            limit = limit_behind(seen.get("error") or {}, self.limits)
            if seen["status"] == "error" and limit:
                seen |= {"status": "limit", "error": limit}
        except LimitHit as hit:
            self._stopped()
            seen = {"status": "limit", "error": limit_record(hit, self.clock)}
        except BaseException as error:
            seen = {"status": "error", "error": error_record(error)}
        return seen


def _looks_at_code(asked: Asked) -> bool:
    return any(step.op != "answer" for step in asked[1].steps)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_BRIEF = 1.0  # seconds for a statement that uses a function which a limit stopped before


def _crash(error: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two errors the same crash."""
    return tuple(error.get(k) for k in ("type", "message", "line", "limit", "value", "because"))


def _clear_away() -> None:
    """Kill what a cell that was stopped has left running, if this is the first of a namespace."""
    if os.getpid() == 1:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)


def _loaded() -> dict[str, ModuleType]:
    """The modules that are there; none where a cell has left no memory to list them."""
    with suppress(MemoryError):
        return dict(sys.modules)
    return {}


def _keep_loaded(before: Mapping[str, ModuleType]) -> None:
    """Undo what a statement that failed has unloaded: `keras.config.set_backend` of one not installed."""
    lost = {name: module for name, module in before.items() if sys.modules.get(name) is not module}
    packages = {name.partition(".")[0] for name in lost}
    for name in sys.modules.keys() - before.keys():
        if name.partition(".")[0] in packages:
            del sys.modules[name]
    sys.modules.update(lost)


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        with suppress(Exception):
            pyplot.close("all")


# ------------------------------------------------------------------ inside a fork, for one submission


def run(job: Mapping[str, Tree], report: Report) -> None:
    """Run one submission.

    Args:
        job: ``{"cells": [source], "probes": [{"check", "probe", "watch"}], "limits": {…},
            "defines": {name: exercise}, "recordings": {name: bytes}, "rerun": bool, "lang",
            "shows", "wanted" (see `grader.check.names.display_only`), "skip": [item ids]}``; at a second
            look (`grader.check.judge`) ``"references": {exercise: reference}``, ``"only": [checks]`` too.
        report: called with each event: ``{"start": item}``, ``{"cell": report}``,
            ``{"training": seconds}``, ``{"observation": tree, "check": id}``, ``{"events": […]}``,
            ``{"end": True}``. An item is ``"reading"``, ``"cell:3"`` or ``"probe:attention.values"``.
    """
    lang, skip = str(job["lang"]), set(job["skip"])
    threading.stack_size(THREAD_STACK)
    sys.setswitchinterval(TURN)
    references = msgspec.convert(job.get("references", {}), dict[str, Reference])
    runner = Runner(job["defines"], Limits(**job["limits"]), lang, references)

    def allow_more(seconds: float) -> None:
        report({"training": seconds})
        runner.clock.end += seconds
        runner.clock.start(seconds)

    session.install(
        recordings=job["recordings"],
        rerun=bool(job["rerun"]),
        lang=lang,
        training_seconds=runner.limits.training_seconds,
        allow_more=allow_more,
    )
    runner.run_cells(job["cells"], report, skip, _left_out(job, runner.clock, report))
    _lift("RLIMIT_CPU", "RLIMIT_DATA")
    asked = [a for a in job["probes"] if a["check"] in job.get("only", (a["check"],))]
    runner.run_probes(
        ((a["check"], msgspec.convert(a["probe"], Probe), a["watch"]) for a in asked), report, skip
    )
    for name, data in session.current.made.items():
        report({"made": name, "data": np.frombuffer(data, dtype=np.uint8)})
    report({"events": session.current.events})
    report({"end": True})


def _left_out(job: Mapping[str, Tree], clock: Clock, report: Report) -> set[int]:
    """Numbers of the cells that need not run; none if it takes too long to find out."""
    if "reading" in job["skip"]:
        return set()
    report({"start": "reading"})
    kept = () if job["rerun"] else tuple(job["recordings"])
    try:
        with clock.limit():
            return display_only(job["cells"], job["shows"], job["wanted"], kept)
    except LimitHit:
        return set()


def _lift(*names: str) -> None:
    """Give the probes what the kernel keeps back from the cells."""
    try:
        import resource
    except ImportError:  # Windows, where nothing was kept back
        return
    for name in names:
        limit = getattr(resource, name)
        _, most = resource.getrlimit(limit)
        resource.setrlimit(limit, (most, most))

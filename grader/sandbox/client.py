"""The grader's side of the zones: start a worker, give it work, outlive it."""

from __future__ import annotations

import itertools
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from grader.check.key import Key, Limits
from grader.check.names import display_only
from grader.check.tree import Tree, TreeError, unpack
from grader.notebook.cells import CellReport
from grader.notebook.session import told
from grader.notebook.waiting import MOST
from grader.sandbox import bwrap, nursery
from grader.sandbox.channel import COMMON, JOB, MAX_FRAME, frames, send, write_all
from grader.sandbox.nursery import Nursery
from grader.sandbox.outcome import Outcome

START_SECONDS = 180.0
MAX_RETRIES = 12
MAX_TEXT = 2_000_000  # characters kept of what all cells of a submission print


class WorkerDied(RuntimeError):
    """The worker ended, or did not answer in time."""


class Worker:
    """One sandboxed process that serves frames; started when first needed, restarted at need.

    Args:
        module: what it runs (``grader.sandbox.server`` or ``grader.sandbox.measure``).
        arguments: its command line.
        view: what it sees besides the system, Python and nothing else.
        sandboxed: False only if the instructor said ``--sandbox none``.
        threads: threads for TensorFlow.
        training: see `grader.sandbox.bwrap.environment`.
        gpu: device files that it is shown; the GPU is hidden from it without.

    Attributes:
        hello: what it said when it was ready.
        came_from: the nursery that it was forked from; None if it is a process that imports for itself.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], view: bwrap.View, sandboxed: bool,
        threads: int = 1, training: bool = True, gpu: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        self._module, self._arguments = module, list(arguments)
        self._view, self._sandboxed, self._gpu = view, sandboxed, tuple(gpu)
        self._threads, self._training = threads, training
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs = self._results = -1
        self._errors: IO[bytes] | None = None
        self._told: Tree = None
        self.came_from: Nursery | None = None
        self.hello: Mapping[str, Any] = {}

    def launch(self) -> None:
        """Start it if it does not run; do not wait until it is ready.

        The thread that launches must outlive the worker: the kernel counts its end as the parent's.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.stop()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        jobs, self._jobs = os.pipe()
        self._results, results = os.pipe()
        try:
            self._process = self._born(jobs, results) or self._new(jobs, results)
        finally:
            os.close(jobs)
            os.close(results)
            if self._process is None:
                self._close()
        self.hello, self._told = {}, None

    def _born(self, jobs: int, results: int) -> subprocess.Popen[bytes] | None:
        """From the nursery; None where it cannot be."""
        if not self._sandboxed or self._gpu or not nursery.fits(self._arguments):
            return None
        env = bwrap.environment(self._threads, self._training)
        self.came_from = nursery.begin(env)
        if self.came_from is None:
            return None
        assert self._errors is not None
        return nursery.bear(
            self.came_from, lambda program: bwrap.around(program, self._view, env), self._module,
            self._arguments, (jobs, results, self._errors.fileno()),
        )  # fmt: skip

    def _new(self, jobs: int, results: int) -> subprocess.Popen[bytes]:
        """As a new process."""
        self.came_from = None
        line, env = bwrap.command(
            self._view, self._module, self._arguments, self._sandboxed, self._threads,
            self._training, self._gpu,
        )  # fmt: skip
        return subprocess.Popen(
            line, env=env, stdin=jobs, stdout=results, stderr=self._errors, start_new_session=True
        )

    def start(self) -> None:
        """Start it if it does not run, and wait until it is ready.

        Raises:
            WorkerDied: it did not come up.
        """
        self.launch()
        if self.hello:
            return
        try:
            hello = self._receive(START_SECONDS)
        except (WorkerDied, TreeError) as error:
            hello = str(error)
        if not isinstance(hello, dict) or not hello.get("ready"):
            why, born = self._why(), self.came_from
            self.stop()
            if born is not None:
                nursery.give_up_on(born)
                return self.start()
            raise WorkerDied(f"the worker did not start: {why or hello}")
        self.hello = hello

    def call(self, job: Tree, seconds: float, common: Tree = None) -> Tree:
        """Give it one job and wait for the result.

        Args:
            job: the job.
            seconds: patience.
            common: what it shares with the job before, if it is the same object: sent once. Only a
                worker of the student zone understands it.

        Raises:
            WorkerDied: no result within `seconds`; it is stopped, the next call starts a new one.
        """
        self.start()
        try:
            if common is not None:
                if common is not self._told:
                    write_all(self._jobs, COMMON)
                    send(self._jobs, common)
                    self._told = common
                write_all(self._jobs, JOB)
            send(self._jobs, job)
            return self._receive(seconds)
        except (BrokenPipeError, WorkerDied, TreeError) as error:
            why = self._why()
            self.stop()
            raise WorkerDied(f"{error}; {why}") from None

    def stop(self) -> None:
        """End it and all that runs in it."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        process.wait()
        self._close()

    def _close(self) -> None:
        """Close what it was spoken to through."""
        for fd in (self._jobs, self._results):
            os.close(fd)
        self._jobs = self._results = -1
        if self._errors is not None:
            self._errors.close()
        self._errors = None

    def _receive(self, seconds: float) -> Tree:
        fd, deadline = self._results, time.monotonic() + seconds
        size = int.from_bytes(self._read(fd, 8, deadline), "little")
        if size > MAX_FRAME:
            raise WorkerDied("it sent a frame that is too long")
        return unpack(self._read(fd, size, deadline))

    def _read(self, fd: int, size: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise WorkerDied("no answer in time")
            part = os.read(fd, min(size - len(parts), 1 << 20))
            if not part:
                raise WorkerDied("it ended")
            parts += part
        return bytes(parts)

    def _why(self) -> str:
        """Last line of its standard error that is not TensorFlow's chatter."""
        if self._errors is None:
            return ""
        try:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").splitlines()
        except (OSError, ValueError):
            return ""
        noise = ("tensorflow", "cuda")
        useful = [x for x in lines if x.strip() and not any(n in x.lower() for n in noise)]
        return (useful or [""])[-1].strip()[:300]


def student_worker(
    key: Key, data: Path | None, sandboxed: bool, training: bool = False, threads: int = 1,
    gpu: Sequence[Path] = (),
) -> Worker:  # fmt: skip
    """A worker of the student zone, for submissions of one lab.

    Args:
        training: whether they will train.
        gpu: see `Worker`.
    """
    shown = bwrap.data_view(data)
    view = bwrap.View(
        (*bwrap.kit_view(("check", "notebook", "sandbox")), *shown.read), shown.masked
    )
    arguments = [*(["--isolate"] if sandboxed else []), *key.preload]
    return Worker("grader.sandbox.server", arguments, view, sandboxed, threads, training, gpu)


def clean_worker(key: Key, lab_dir: Path, sandboxed: bool, training: bool = False) -> Worker:
    """A clean room for the recordings of one lab.

    Args:
        lab_dir: the lab's folder.
        training: as for the student zone of the same class, so that both come from one nursery.
    """
    view = bwrap.View(
        (
            *bwrap.kit_view(("check", "notebook", "sandbox", "authoring")),
            (lab_dir, f"/kit/solutions/{lab_dir.name}"),
        )
    )
    inside = f"/kit/solutions/{lab_dir.name}" if sandboxed else str(lab_dir)
    return Worker(
        "grader.sandbox.measure", [inside, *key.preload], view, sandboxed, training=training
    )


def run_submission(
    worker: Worker,
    questions: Tree,
    cells: Sequence[str],
    recordings: Mapping[str, bytes],
    lang: str = "fr",
    rerun: bool = False,
) -> Outcome:
    """Run one submission in the student zone.

    A cell or probe that takes the process down is left out and the rest is run again, so that what
    was right before still counts.

    Args:
        worker: from `student_worker`.
        questions: `grader.check.key.Key.questions_for_students`.
        cells: source of the code cells.
        recordings: name → bytes.
        lang: the notebook's language.
        rerun: train even if there is a recording.

    Raises:
        WorkerDied: the worker failed, for reasons that may not be the submission's.
    """
    limits = Limits(**questions["limits"])
    kept = () if rerun else tuple(recordings)
    unneeded = display_only(cells, questions["shows"], questions["wanted"], kept)
    skip: dict[str, dict[str, Any]] = {}
    observations: dict[str, Tree] = {}
    began, cpu, last = time.monotonic(), 0.0, len(cells)
    for attempt in itertools.count(1):
        job = {
            "cells": list(cells[:last]),
            "recordings": {k: np.frombuffer(v, dtype=np.uint8) for k, v in recordings.items()},
            "rerun": rerun,
            "lang": lang,
            "skip": list(skip),
            "left_out": sorted(unneeded),
        }
        patience = (1 + MOST) * (limits.seconds + limits.training_seconds + 3 * limits.cell_seconds)
        answer = worker.call(job, patience + 30, common=questions)
        if worker.hello.get("fresh"):
            worker.stop()  # no second wall: the next submission gets a sandbox of its own
        seen = _read(answer, limits)
        observations |= seen.observations
        cpu += answer["end"]["cpu_seconds"]
        if not (seen.ended or seen.current or seen.cells or seen.observations):
            worker.stop()
            raise WorkerDied("the submission was not even begun")
        if seen.ended or seen.current is None or seen.current in skip:
            break
        skip[seen.current] = _fate(answer["end"], limits)
        if attempt >= MAX_RETRIES or time.monotonic() - began > limits.seconds:
            number = _cell_number(seen.current, last)
            if number is None:
                break
            last = number - 1  # once more, for what comes before
    outcome = _outcome(replace(seen, observations=observations), skip, questions, len(cells))
    return replace(outcome, seconds=round(time.monotonic() - began, 4), cpu_seconds=round(cpu, 4))


@dataclass
class _Seen:
    """What a submission's frames say; every one of them may be forged, none is trusted."""

    cells: dict[int, CellReport] = field(default_factory=dict)
    observations: dict[str, Tree] = field(default_factory=dict)
    events: list[Tree] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)
    current: str | None = None
    ended: bool = False


def _read(answer: Tree, limits: Limits) -> _Seen:
    seen, room = _Seen(), MAX_TEXT
    for frame in map(_legible, frames(answer["frames"].tobytes())):
        if not isinstance(frame, dict):
            continue
        if isinstance(frame.get("start"), str):
            seen.current = frame["start"][:200]
        if isinstance(frame.get("cell"), dict):
            report = _cell(frame["cell"], min(room, 1100 * limits.output_kb))
            if report is not None:
                room -= len(report.text)
                seen.cells[report.index] = report
                seen.current = None
        if isinstance(frame.get("check"), str) and "observation" in frame:
            seen.observations[frame["check"]] = frame["observation"]
            seen.current = None
        if isinstance(frame.get("made"), str) and isinstance(frame.get("data"), np.ndarray):
            seen.made[frame["made"]] = frame["data"].tobytes()
        if isinstance(frame.get("events"), list):
            seen.events = frame["events"][:100]
        if frame.get("end") is True:
            seen.ended = True
    return seen


_CONTROL = {c: None for c in range(32) if chr(c) not in "\n\t"}


def _legible(node: Tree) -> Tree:
    """The tree, its strings without halves of characters and without control characters."""
    if isinstance(node, str):
        return node.encode("utf-8", "replace").decode().translate(_CONTROL)
    if isinstance(node, dict):
        return {_legible(k): _legible(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_legible(v) for v in node]
    return node


def _cell(tree: Mapping[str, Tree], room: int) -> CellReport | None:
    """A cell's report, its text cut to `room`; None if it is not one."""
    try:
        error, seconds = tree["error"], float(tree["seconds"])
        return CellReport(
            index=int(tree["index"]),
            status=tree["status"] if tree["status"] in _CELL_STATUS else "error",
            error=_words(error) if error else None,
            seconds=seconds if 0.0 <= seconds < 1e6 else 0.0,
            text=str(tree["text"])[:room],
            others=tuple(map(_words, tree["others"][:10])),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _words(error: Mapping[str, Tree]) -> dict[str, str]:
    return {str(k)[:40]: str(v)[:600] for k, v in list(error.items())[:8]}


_CELL_STATUS = ("ok", "error", "todo", "limit", "skipped", "shown")


def _cell_number(item: str, count: int) -> int | None:
    """The number in ``"cell:3"``, if there is such a cell."""
    found = re.fullmatch(r"cell:([1-9][0-9]{0,6})", item)
    number = int(found.group(1)) if found else 0
    return number if 1 <= number <= count else None


def _fate(end: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Why the process ended early, as an observation's error."""
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


def _outcome(
    seen: _Seen, skip: Mapping[str, Mapping[str, Any]], questions: Tree, count: int
) -> Outcome:  # fmt: skip
    cells = dict(seen.cells)
    observations = {
        p["check"]: seen.observations[p["check"]]
        for p in questions["probes"]
        if p["check"] in seen.observations
    }
    for item, fate in skip.items():
        kind, _, name = item.partition(":")
        number = _cell_number(item, count)
        if number is not None:
            cells[number] = CellReport(number, "limit", {"type": "LimitHit", **fate})
        elif kind == "probe" and name not in observations:
            observations[name] = {"status": "limit", "values": {}, "error": dict(fate)}
    for number in range(1, count + 1):
        cells.setdefault(number, CellReport(number, "skipped"))
    notices = tuple(n for e in seen.events if isinstance(e, dict) and (n := told(e)) is not None)
    ordered = tuple(cells[i] for i in sorted(cells) if 1 <= i <= count)
    return Outcome(observations, ordered, notices, made=seen.made)

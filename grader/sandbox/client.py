"""The grader's side of the zones: start a zone's process, give it jobs, outlive it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from grader.check.key import Key, Limits
from grader.check.tree import Tree, TreeError
from grader.sandbox import bwrap
from grader.sandbox.channel import COMMON, JOB, MAX_FRAME, receive, receive_bytes, send, send_job
from grader.sandbox.outcome import Outcome, read_report
from grader.sandbox.server import MAX_REPORT, patience

START_SECONDS = 180.0


class WorkerDied(RuntimeError):
    """A zone's process, or its fork for a job, ended or did not answer in time."""


@dataclass
class _Process:
    """One life of a zone's process."""

    popen: subprocess.Popen[bytes]
    control: socket.socket
    errors: IO[bytes]
    hello: dict[str, Any] = field(default_factory=dict)
    told: Tree = None  # what its jobs have in common
    guard: threading.Lock = field(default_factory=threading.Lock)

    def wait_until_ready(self) -> None:
        """Wait for what it says when it is ready.

        Raises:
            WorkerDied: it did not come up.
        """
        with self.guard:
            if self.hello:
                return
            try:
                until = time.monotonic() + START_SECONDS
                hello = receive(self.control.fileno(), MAX_FRAME, until)
            except (OSError, TreeError) as error:
                hello = str(error)
            if not isinstance(hello, dict) or not hello.get("ready"):
                why = self.why()
                self.stop()
                raise WorkerDied(f"the worker did not start: {why or hello}")
            self.hello = hello
            if hello.get("slower"):
                print(f"grader: {hello['slower']}", file=sys.stderr)

    def give(self, job: socket.socket, more: Sequence[int], common: Tree) -> None:
        """Hand a job's socket over, and before it what it has in common with others if that is new."""
        with self.guard:
            if common is not None and common is not self.told:
                here, there = socket.socketpair()
                with here:
                    with there:
                        socket.send_fds(self.control, [COMMON], [there.fileno()])
                    send(here.fileno(), common)
                self.told = common
            socket.send_fds(self.control, [JOB], [job.fileno(), *more])

    def ended(self, seconds: float = 0.0) -> bool:
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it and all that runs in it."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.popen.wait()
        self.control.close()

    def why(self) -> str:
        """Last line of its standard error that is not TensorFlow's chatter."""
        try:
            self.errors.seek(0)
            lines = self.errors.read(1 << 20).decode(errors="replace").splitlines()
        except (OSError, ValueError):
            return ""
        noise = ("tensorflow", "cuda")
        useful = [x for x in lines if x.strip() and not any(n in x.lower() for n in noise)]
        return (useful or [""])[-1].strip()[:300]


class Zone:
    """A process that forks for each job it is given; started when first needed, and again at need.

    Several threads may give it jobs. The process ends with the thread that launched it: the kernel counts
    that thread's end as the parent's.

    Args:
        module: what it runs (``grader.sandbox.server``, …).
        arguments: its command line.
        view: what it sees besides the system and Python.
        sandboxed: False only if the instructor said ``--sandbox none``.
        threads: threads for TensorFlow.
        training: see `grader.sandbox.bwrap.environment`.
        gpu: device files that it is shown; the GPU is hidden from it without.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], view: bwrap.View, sandboxed: bool,
        threads: int = 1, training: bool = True, gpu: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        self._command: Callable[[], tuple[list[str], dict[str, str]]] = lambda: bwrap.command(
            view, module, arguments, sandboxed, threads, training, tuple(gpu)
        )
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._closed = False

    def launch(self) -> None:
        """Have it start, if it does not run; do not wait until it is ready."""
        self._running()

    def start(self) -> Mapping[str, Any]:
        """Start it if it does not run, wait until it is ready, and return what it said then.

        Raises:
            WorkerDied: it did not come up, or was closed.
        """
        process = self._running()
        process.wait_until_ready()
        return process.hello

    def call(
        self, job: Tree, seconds: float, common: Tree = None,
        recordings: Mapping[str, bytes] | None = None, most: int = MAX_FRAME,
    ) -> Tree:  # fmt: skip
        """Give it one job and wait for the answer.

        Args:
            job: the job.
            seconds: patience.
            common: what it has in common with other jobs: sent once as long as it is the same object.
            recordings: see `grader.sandbox.channel.send_job`; None for a job that is only a frame.
            most: bytes of the answer.

        Raises:
            WorkerDied: no answer within `seconds`.
        """
        with self.conversation(job, seconds, common, recordings) as said:
            return said.receive(most)

    @contextmanager
    def conversation(
        self, job: Tree, seconds: float, common: Tree = None,
        recordings: Mapping[str, bytes] | None = None, more: Sequence[int] = (),
    ) -> Iterator[Conversation]:  # fmt: skip
        """Give it one job as `call` does; yield what to hear its answers from.

        Args:
            more: descriptors that the job is given besides.

        Raises:
            WorkerDied: it ended, or said what is no frame, or said nothing within `seconds`.
        """
        process = self._running()
        process.wait_until_ready()
        alone = bool(
            process.hello.get("fresh")
        )  # no second wall: a sandbox of its own for each job
        if alone:
            process = self._new()
        here, there = socket.socketpair()
        try:
            if alone:
                process.wait_until_ready()
            with there:
                process.give(there, more, common)
            said = Conversation(here, time.monotonic() + seconds)
            if recordings is None:
                said.send(job)
            else:
                send_job(here.fileno(), job, recordings)
            yield said
        except (OSError, TreeError) as error:
            # If all of it ended, it is not to be given the next job.
            raise WorkerDied(f"{error}; {process.why() if process.ended(0.2) else ''}") from None
        finally:
            here.close()
            if alone:
                process.stop()

    def stop(self) -> None:
        """End it and all that runs in it; the next job starts it again."""
        with self._lock:
            if self._process is not None:
                self._process.stop()
            self._process = None

    def close(self) -> None:
        """End it for good: whoever waits for an answer, or asks again, meets `WorkerDied`."""
        self._closed = True
        self.stop()

    def _running(self) -> _Process:
        with self._lock:
            if self._process is None or self._process.ended():
                if self._closed:
                    raise WorkerDied("it was closed")
                if self._process is not None:
                    self._process.stop()
                self._process = self._new()
            return self._process

    def _new(self) -> _Process:
        line, env = self._command()
        control, there = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115
        with there:
            popen = subprocess.Popen(
                line, env=env, stdin=there.fileno(), stdout=subprocess.DEVNULL, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
        return _Process(popen, control, errors)


class Conversation:
    """The grader's end of a job."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def send(self, tree: Tree) -> None:
        send(self._connection.fileno(), tree)

    def receive(self, most: int = MAX_FRAME) -> Tree:
        """The next frame.

        Raises:
            EOFError, TimeoutError, TreeError: there is none, and will be none.
        """
        tree = receive(self._connection.fileno(), most, self._until)
        if tree is None:
            raise ConnectionError("it ended")
        return tree

    def receive_pieces(self, into: IO[bytes], most: int) -> None:
        """Write the pieces of a report, up to the empty one, to a file.

        Raises:
            OSError: they end too early, or are more than `most` bytes.
        """
        while True:
            piece = receive_bytes(self._connection.fileno(), most, self._until)
            if piece is None:
                raise ConnectionError("it ended")
            if not piece:
                return
            most -= len(piece)
            into.write(piece)


def student_zone(
    key: Key, data: Path | None, sandboxed: bool, training: bool = False, threads: int = 1,
    gpu: Sequence[Path] = (),
) -> Zone:  # fmt: skip
    """The student zone, for submissions of one lab.

    Args:
        training: whether they will train.
        gpu: see `Zone`.
    """
    shown = bwrap.data_view(data)
    view = bwrap.View(
        (*bwrap.kit_view(("check", "notebook", "sandbox")), *shown.read), shown.masked
    )
    arguments = [*(["--isolate"] if sandboxed else []), *key.preload]
    return Zone("grader.sandbox.server", arguments, view, sandboxed, threads, training, gpu)


def clean_room(key: Key, lab_dir: Path, sandboxed: bool) -> Zone:
    """A clean room for the recordings of one lab, whose folder is `lab_dir`."""
    parts = ("check", "notebook", "sandbox", "platforms", "gradebook", "authoring")
    view = bwrap.View(
        (
            *bwrap.kit_view(parts),  # a lab's measures may load its solution: all that it imports
            (lab_dir, f"/kit/solutions/{lab_dir.name}"),
        )
    )
    inside = f"/kit/solutions/{lab_dir.name}" if sandboxed else str(lab_dir)
    return Zone("grader.sandbox.measure", [inside, *key.preload], view, sandboxed, training=False)


@dataclass(frozen=True)
class Report:
    """What the student zone brought back of a submission, unread.

    Attributes:
        file: all that the submission reported, whatever it may be.
        told: what the zone says of the attempts (`grader.sandbox.server`).
    """

    file: IO[bytes]
    told: Tree


@contextmanager
def submission_run(
    zone: Zone,
    questions: Tree,
    cells: Sequence[str],
    recordings: Mapping[str, bytes],
    lang: str = "fr",
    rerun: bool = False,
    look: Mapping[str, Tree] | None = None,
) -> Iterator[Report]:
    """Run one submission in the student zone; yield its report, which is gone afterwards.

    Args:
        zone: from `student_zone`.
        questions: `grader.check.key.Key.questions_for_students`.
        cells: source of the code cells.
        recordings: name → bytes.
        lang: the notebook's language.
        rerun: train even if there is a recording.
        look: for a second look, ``"references"`` and ``"only"`` as in `grader.notebook.runner.run`.

    Raises:
        WorkerDied: the zone failed, for reasons that may not be the submission's.
    """
    job = {"cells": list(cells), "rerun": rerun, "lang": lang, **(look or {})}
    limits = Limits(**questions["limits"])
    with TemporaryFile() as file:
        with zone.conversation(job, patience(limits), questions, recordings) as said:
            said.receive_pieces(file, MAX_REPORT)
            told = said.receive(1 << 20)
        if not told["attempts"][0]["bytes"]:
            raise WorkerDied("the submission was not even begun")
        file.flush()
        yield Report(file, told)


def run_submission(
    zone: Zone,
    questions: Tree,
    cells: Sequence[str],
    recordings: Mapping[str, bytes],
    lang: str = "fr",
    rerun: bool = False,
) -> Outcome:
    """Run one submission and read its report, in this process; see `submission_run`."""
    with submission_run(zone, questions, cells, recordings, lang, rerun) as report:
        report.file.seek(0)
        return read_report(report.file.read(), report.told, questions, len(cells))

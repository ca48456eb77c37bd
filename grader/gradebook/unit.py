"""One submission from end to end: student zone, clean room, judge.

`grade_item` is a pure function of contents (submission, lab, key), whichever thread or machine does it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec

from grader.check.judge import FORMAT as JUDGE_FORMAT
from grader.check.key import Key
from grader.check.text import gettext
from grader.check.tree import Tree, TreeError, digest, pack
from grader.gradebook import judging
from grader.gradebook.records import Graded
from grader.gradebook.store import Store
from grader.gradebook.timings import Timings
from grader.sandbox import bwrap, measure
from grader.sandbox.client import WorkerDied, Zone, clean_room, student_zone, submission_run

# How a submission is run and probed: raise it when the same questions may be answered otherwise.
RUN_FORMAT = 2
ATTEMPTS = 4  # of one submission when a zone ends under it, which need not be its doing
MARGIN_SECONDS = 60  # for a zone on a busy machine, beyond what it allows itself
MAX_RESULT = 64 << 20  # bytes of what the judge says of one submission


@dataclass(frozen=True)
class Work:
    """A submission as the zones take it.

    Attributes:
        person: a `Graded` without verdicts: who handed in, from where, in which language.
        cells: source of its code cells, in order.
        recordings: name → bytes.
    """

    person: Graded
    cells: Sequence[str]
    recordings: Mapping[str, bytes]


@dataclass(frozen=True)
class Item:
    """A submission to grade, its content still on disk.

    Attributes:
        person: who handed in; `problem` is set if it cannot be graded.
        load: reads cells and recordings.
    """

    person: Graded
    load: Callable[[], Work]


@dataclass(frozen=True)
class Result:
    """A graded unit.

    Attributes:
        graded: verdicts and cells; its person fields are those of the submission at hand.
        evidence: check → result → what came, where it did not come out right; large arrays
            are left out.
        cpu_seconds: processor time in the student zone.
        slowest: seconds that the slowest probe took.
    """

    graded: Graded
    evidence: Mapping[str, Tree]
    cpu_seconds: float = 0.0
    slowest: float = 0.0


@dataclass(frozen=True)
class Asked:
    """What is asked of every submission of a class.

    Attributes:
        key: the lab's hidden key.
        questions: the part of it that the student zone may see.
        digest: of the questions, and of how they are put.
        rerun: train again even where there is a recording.
        held_out: what the clean room is given of the key.
        for_judge: what the judge is given of it.
        known: measurements of recordings, where no store keeps them.
    """

    key: Key
    questions: Tree
    digest: str
    rerun: bool
    held_out: Tree
    for_judge: Tree
    known: dict[str, Tree] = field(default_factory=dict)

    @classmethod
    def of(cls, key: Key, rerun: bool = False) -> Asked:
        """What a key asks."""
        questions = key.questions_for_students()
        inputs = {c.id: c.held_out for c in key.checks if c.kind == "clean"}
        return cls(
            key, questions, digest({"format": RUN_FORMAT, **questions}), rerun,
            {"lab": key.lab, "inputs": inputs}, {"key": key},
        )  # fmt: skip


class Zones:
    """Student zone, clean room and judge for one lab, used by several threads at once.

    Each starts when it is first needed.

    Args:
        key: any of the lab's keys: of it only counts what is imported ahead.
        lab_dir: the lab's folder, for the clean room.
        data: ``data/``, or None.
        training: whether submissions will train.
        gpu: see `grader.sandbox.client.Zone`.
    """

    def __init__(
        self, key: Key, lab_dir: Path, data: Path | None, sandboxed: bool, training: bool = False,
        gpu: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        self.student = student_zone(key, data, sandboxed, training, gpu=gpu)
        self.clean = clean_room(key, lab_dir, sandboxed)
        self.judge = Zone("grader.gradebook.judging", (), bwrap.View(), sandboxed=False)

    def close(self) -> None:
        """End them; whoever waits for an answer meets `WorkerDied`."""
        for zone in (self.student, self.clean, self.judge):
            zone.close()


def grade_item(
    asked: Asked, item: Item, zones: Zones, store: Store | None = None,
    spent: Timings | None = None,
) -> Tree:  # fmt: skip
    """Grade one item; a failure of ours becomes its problem, never the class's.

    Args:
        store: where what the student zone and the clean room brought back is kept. If it is there already,
            for the same content and questions, nothing is run: a check mended in what it expects or gives
            is judged again.
        spent: told where the time goes.

    Returns:
        What `result_of` takes: `grader.gradebook.judging.judged`, or ``{"problem": reason}``.
    """
    unit = _Unit(asked, item, zones, store, spent or Timings())
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return unit.grade()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            if not isinstance(error, (WorkerDied, TreeError, OSError)) or attempt == ATTEMPTS:
                break
    return {"problem": reason}


def result_of(item: Item, found: Tree) -> Result:
    """A unit's result, in the name of who handed it in."""
    if "problem" in found:
        problem = gettext(
            "the grader failed on it ({r}); run again, or grade it by hand",
            r=found["problem"][:200],
        )
        return Result(replace(item.person, problem=problem, notices=()), {})
    graded = msgspec.json.decode(found["graded"], type=Graded)
    parts = ("verdicts", "cells", "notices", "recordings", "answers")
    graded = replace(
        item.person, seconds=found["seconds"], **{name: getattr(graded, name) for name in parts}
    )
    return Result(graded, found["evidence"], found["cpu_seconds"], found["slowest"])


class _Unit:
    """One submission on its way through the zones."""

    def __init__(
        self, asked: Asked, item: Item, zones: Zones, store: Store | None, spent: Timings
    ) -> None:
        self.asked, self.zones, self.store, self.spent = asked, zones, store, spent
        self.work = item.load()
        about = f"{asked.digest} {item.person.digest} {item.person.lang} {asked.rerun}"
        self.name = hashlib.sha256(about.encode()).hexdigest()
        self.looked = 0.0  # seconds of second looks, which tell nobody how long they took

    def grade(self) -> Tree:
        began = time.monotonic()
        if self.store is not None:
            self.store.add_sources(self.work.person.digest, self.work.cells)
        found = self._judged()
        found["seconds"] = round(time.monotonic() - began - self.looked, 3)
        return found

    def _judged(self) -> Tree:
        work, asked = self.work, self.asked
        kept = self.store.outcome(self.name) if self.store is not None else None
        measurable = any(c.kind == "clean" for c in asked.key.checks)
        if measurable and (work.recordings or asked.rerun):
            self.zones.clean.launch()
        job = {
            "cells": list(work.cells), "recordings": list(work.recordings), "rerun": asked.rerun,
        }  # fmt: skip
        with ExitStack() as stack:
            began = time.monotonic()
            ran = 0.0
            file: IO[bytes]
            if kept is not None:
                file = stack.enter_context(TemporaryFile())
                job["outcome"] = kept
            else:
                with self.spent.during("start"):
                    self.zones.student.start()
                began = time.monotonic()
                report = stack.enter_context(
                    submission_run(
                        self.zones.student, asked.questions, work.cells, work.recordings,
                        work.person.lang, asked.rerun,
                    )
                )  # fmt: skip
                ran = time.monotonic() - began
                file, job["told"] = report.file, report.told
            began, measured = time.monotonic(), 0.0
            patience = judging.SECONDS + 2 * measure.SECONDS + MARGIN_SECONDS
            with self.zones.judge.conversation(
                job, patience, asked.for_judge, more=(file.fileno(),)
            ) as said:
                found = said.receive(MAX_RESULT)
                if "measure" in found:
                    measuring = time.monotonic()
                    said.send(self._measured(found["measure"], found["made"]))
                    measured = time.monotonic() - measuring
                    found = said.receive(MAX_RESULT)
                while "look" in found:
                    looking = time.monotonic()
                    said.send({"right": self._right(found["look"], found["made"])})
                    self.looked += time.monotonic() - looking
                    found = said.receive(MAX_RESULT)
            self.spent.add("clean room", measured)
            self.spent.add("second looks", self.looked)
            self.spent.add("judging", time.monotonic() - began - measured - self.looked)
        if kept is None:
            self.spent.add("cells", found["cells"])
            self.spent.add("probes", found["probes"])
            self.spent.add("fork", ran - found["cells"] - found["probes"])
        outcome = found.pop("outcome", None)
        if outcome is not None and self.store is not None:
            self.store.add_outcome(self.name, outcome)
        return found

    def _right(self, look: Tree, made: Mapping[str, Any]) -> list[str]:
        """The checks that come out right at a second look, a run of its own in the student zone."""
        key, work, store = self.asked.key, self.work, self.store
        about = {"look": look, "of": self.name, "key": key.version, "judge": JUDGE_FORMAT}
        name = digest(about)
        known = store.measure(name) if store else None
        if known is None:
            recordings = {**{n: d.tobytes() for n, d in made.items()}, **work.recordings}
            references = {e: key.references[e] for e in look["replaced"] if e in key.references}
            with submission_run(
                self.zones.student, self.asked.questions, work.cells, recordings,
                work.person.lang, look={"references": references, "only": look["checks"]},
            ) as report:  # fmt: skip
                job = {"cells": list(work.cells), "told": report.told, "look": look}
                patience = judging.SECONDS + MARGIN_SECONDS
                with self.zones.judge.conversation(
                    job, patience, self.asked.for_judge, more=(report.file.fileno(),)
                ) as said:
                    known = said.receive(MAX_RESULT)
            if store:
                store.add_measure(name, known)
        return list(known["right"])

    def _measured(self, checks: Tree, made: Mapping[str, Any]) -> dict[str, Tree]:
        """Clean-room observations, the same recordings measured once for a check and key.

        Raises:
            WorkerDied: the clean room ended over them twice; the next run tries again.
        """
        recordings = {**self.work.recordings, **{n: d.tobytes() for n, d in made.items()}}
        names = {c: self._measure_name(c, asked, recordings) for c, asked in checks.items()}
        known, store = self.asked.known, self.store
        seen = {}
        for check, name in names.items():
            found = store.measure(name) if store else known.get(name)
            if found is not None:
                seen[check] = found
        missing = {check: asked for check, asked in checks.items() if check not in seen}
        if missing:
            needed = {name for asked in missing.values() for name in asked["recordings"]}
            handed = {name: recordings[name] for name in needed}
            for check, found in self._ask_clean_room(missing, handed).items():
                if store:
                    store.add_measure(names[check], found)
                else:
                    known[names[check]] = found
                seen[check] = found
        return seen

    def _ask_clean_room(self, checks: Tree, recordings: Mapping[str, bytes]) -> dict[str, Tree]:
        job, seconds = {"checks": checks}, measure.SECONDS + MARGIN_SECONDS
        about = (self.asked.held_out, recordings, MAX_RESULT)
        try:
            found: dict[str, Tree] = self.zones.clean.call(job, seconds, *about)
        except WorkerDied:  # which may not be the recordings' doing
            found = self.zones.clean.call(job, seconds, *about)
        return found

    def _measure_name(self, check: str, asked: Tree, recordings: Mapping[str, Any]) -> str:
        sha = hashlib.sha256(f"{check} {self.asked.key.version} ".encode() + pack(asked["answers"]))
        for name in sorted(asked["recordings"]):
            sha.update(name.encode() + hashlib.sha256(recordings[name]).digest())
        return sha.hexdigest()

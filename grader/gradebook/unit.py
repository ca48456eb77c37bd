"""One submission from end to end: student zone, clean room, judge.

`grade_unit` is a pure function of contents (submission, lab, key). Its two halves can be had apart:
`ran` needs a worker of the student zone, `finished` the clean room and the judge, so that a class
keeps its workers busy while recordings are measured.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.check.judge import Evidence, Verdict, judge
from grader.check.key import Check, Key
from grader.check.text import gettext
from grader.check.tree import Tree, TreeError, digest, pack
from grader.gradebook.records import Graded
from grader.gradebook.store import Store
from grader.sandbox.client import Worker, WorkerDied, run_submission
from grader.sandbox.outcome import Outcome

# How a submission is run and probed: raise it when the same questions may be answered otherwise.
RUN_FORMAT = 1
MOST_VALUES = 4096  # elements of the largest array that is kept as evidence
CLEAN_SECONDS = 120.0
ATTEMPTS = 4  # of one submission, each with a new worker, when workers end under it
MAX_ANSWER = 20_000  # characters of a free-text answer that are kept


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


class Measures:
    """Clean-room measurements, the same recordings measured once for a check and key.

    Args:
        clean: makes the clean room.
        store: where measurements are kept, if anywhere.
        key: the lab's.
        known: measurements without a store; several threads' `Measures` may share it.
    """

    def __init__(
        self, clean: Callable[[], Worker], store: Store | None, key: Key,
        known: dict[str, Tree] | None = None,
    ) -> None:  # fmt: skip
        self._clean = clean
        self._store = store
        self._key = key
        self._lock = threading.Lock()
        self._room: Worker | None = None
        self._known = {} if known is None else known
        self.seconds = 0.0  # waiting for the clean room and measuring, so far

    def warm_up(self) -> None:
        """Launch the clean room ahead of the first recording, from the thread that will measure."""
        with self._lock:
            self._started().launch()

    def of(
        self, check_id: str, recordings: Mapping[str, bytes], answers: Mapping[str, Tree]
    ) -> Tree:
        """The observation of one clean check on its recordings and answers."""
        sha = hashlib.sha256(f"{check_id} {self._key.version} ".encode() + pack(dict(answers)))
        for name in sorted(recordings):
            sha.update(name.encode() + hashlib.sha256(recordings[name]).digest())
        name = sha.hexdigest()
        began = time.monotonic()
        try:
            return self._of(name, check_id, recordings, answers)
        finally:
            self.seconds += time.monotonic() - began

    def _of(
        self, name: str, check_id: str, recordings: Mapping[str, bytes], answers: Mapping[str, Tree]
    ) -> Tree:
        with self._lock:
            known = self._store.measure(name) if self._store else self._known.get(name)
            if known is not None:
                return known
            job = {
                "check": check_id,
                "lab": self._key.lab,
                "recordings": {k: np.frombuffer(v, np.uint8) for k, v in recordings.items()},
                "answers": dict(answers),
                "inputs": self._key.check(check_id).held_out,
            }
            seen = self._measured(job)
            if self._store:
                self._store.add_measure(name, seen)
            else:
                self._known[name] = seen
            return seen

    def _measured(self, job: Tree) -> Tree:
        """Ask the clean room; a second time if it ended, which may not be the recording's doing."""
        for _ in range(2):
            try:
                return self._started().call(job, CLEAN_SECONDS)
            except WorkerDied as error:
                reason = str(error)
        return {
            "status": "error",
            "error": {"type": "WorkerDied", "message": reason[:300], "line": ""},
        }

    def stop(self) -> None:
        with self._lock:
            if self._room is not None:
                self._room.stop()

    def _started(self) -> Worker:
        if self._room is None:
            self._room = self._clean()
        return self._room


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
class Asked:
    """What is asked of every submission of a class.

    Attributes:
        key: the lab's hidden key.
        questions: the part of it that the student zone may see.
        digest: of the questions, and of how they are put.
        rerun: train again even where there is a recording.
    """

    key: Key
    questions: Tree
    digest: str
    rerun: bool = False

    @classmethod
    def of(cls, key: Key, rerun: bool = False) -> Asked:
        """What a key asks."""
        questions = key.questions_for_students()
        return cls(key, questions, digest({"format": RUN_FORMAT, **questions}), rerun)


@dataclass(frozen=True)
class Ran:
    """A submission that the student zone is done with.

    Attributes:
        work: the submission.
        outcome: what the zone brought back.
        seconds: how long that took.
    """

    work: Work
    outcome: Outcome
    seconds: float

    def parts(self) -> tuple[float, float]:
        """Seconds in cells and in probes, as the zone says."""
        asked = [
            s.get("seconds", 0.0) for s in self.outcome.observations.values() if isinstance(s, dict)
        ]
        probes = sum(float(s) for s in asked if isinstance(s, (int, float)) and 0 <= s < 1e6)
        return sum(c.seconds for c in self.outcome.cells), probes


def grade_item(
    asked: Asked, item: Item, worker: Worker, measures: Measures, store: Store | None = None
) -> Result:
    """Grade one item; a failure of ours becomes its problem, never the class's."""
    found = run_item(asked, item, worker, store)
    return found if isinstance(found, Result) else finish_item(asked, item, found, measures)


def run_item(asked: Asked, item: Item, worker: Worker, store: Store | None = None) -> Ran | Result:
    """The student zone's half of `grade_item`; a result only if the grader itself failed.

    Args:
        store: where what the student zone brought back is kept. If it is there already, for the
            same content and questions, nothing is run: a check mended in what it expects or gives
            is judged again.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            began = time.monotonic()
            work = item.load()
            if store is not None:
                store.add_sources(item.person.digest, work.cells)
            return Ran(work, _outcome(asked, work, worker, store), time.monotonic() - began)
        except (WorkerDied, TreeError, OSError) as error:
            reason = f"{type(error).__name__}: {error}"
            if attempt == ATTEMPTS:
                break
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            break
    return failure(item, reason)


def finish_item(asked: Asked, item: Item, ran: Ran, measures: Measures) -> Result:
    """The other half of `grade_item`: clean room and judge."""
    try:
        return finished(asked, ran, measures)
    except Exception as error:
        return failure(item, f"{type(error).__name__}: {error}")


def _outcome(asked: Asked, work: Work, worker: Worker, store: Store | None) -> Outcome:
    """What the student zone says of a submission, now or when it was run before."""
    about = f"{asked.digest} {work.person.digest} {work.person.lang} {asked.rerun}"
    name = hashlib.sha256(about.encode()).hexdigest()
    tree = store.outcome(name) if store is not None else None
    if tree is not None:
        return replace(Outcome.from_dict(tree), cpu_seconds=tree["cpu_seconds"])
    outcome = run_submission(
        worker, asked.questions, work.cells, work.recordings, work.person.lang, asked.rerun
    )
    if store is not None and not outcome.made and not _limited(outcome):
        store.add_outcome(name, {**outcome.to_dict(), "cpu_seconds": outcome.cpu_seconds})
    return outcome


def finished(asked: Asked, ran: Ran, measures: Measures) -> Result:
    """Measure a submission's recordings and judge it."""
    began = time.monotonic()
    key, work, outcome = asked.key, ran.work, ran.outcome
    observations = dict(outcome.observations)
    first, then = (
        (work.recordings, outcome.made) if asked.rerun else (outcome.made, work.recordings)
    )
    recordings = {**first, **then}
    manifests: dict[str, Mapping[str, Any]] = {}
    for check in key.checks:
        if check.kind != "clean":
            continue
        needed = {name: recordings[name] for name in check.measured if name in recordings}
        answers = _answers(check, outcome.observations.get(check.id))
        if len(needed) < len(check.measured) or answers is None:
            what = "recording" if len(needed) < len(check.measured) else "answer"
            observations[check.id] = {"status": "missing", "error": {"what": what}}
            continue
        seen = measures.of(check.id, needed, answers)
        observations[check.id] = seen
        for name, manifest in seen.get("manifests", {}).items():
            manifests[name] = {"name": name, **manifest}
    seconds = ran.seconds + time.monotonic() - began
    return judged(key, work, outcome, observations, manifests, seconds)


def _limited(outcome: Outcome) -> bool:
    """Whether a limit had a part in it, which may be the machine's doing: then it is run again."""
    seen = [o.get("status") for o in outcome.observations.values() if isinstance(o, dict)]
    return "limit" in seen or any(c.status == "limit" for c in outcome.cells)


def _answers(check: Check, seen: Tree) -> dict[str, Tree] | None:
    """What the student answered to the questions of a clean check; None if one is open."""
    values = seen.get("values") if isinstance(seen, dict) else None
    given = {q: values.get(q) if isinstance(values, dict) else None for q in check.answers}
    return None if any(v is None or v == "" for v in map(_scalar, given.values())) else given


def _scalar(value: Tree) -> Tree:
    return value.strip() if isinstance(value, str) else value if not hasattr(value, "shape") else 0


def judged(
    key: Key, work: Work, outcome: Outcome, observations: Mapping[str, Tree],
    manifests: Mapping[str, Mapping[str, Any]], seconds: float,
) -> Result:  # fmt: skip
    """The judge's part: a pure function of what the zones brought back."""
    verdicts = judge(key, Evidence(observations, work.cells))
    graded = replace(
        work.person,
        verdicts=tuple(verdicts),
        cells=outcome.cells,
        notices=outcome.notices,
        recordings=tuple(manifests.values()),
        seconds=round(seconds, 3),
        answers=_texts(key, observations),
    )
    asked = [s.get("seconds", 0.0) for s in outcome.observations.values() if isinstance(s, dict)]
    slowest = max((float(s) for s in asked if isinstance(s, (int, float))), default=0.0)
    return Result(graded, _evidence(verdicts, observations), outcome.cpu_seconds, slowest)


def _texts(key: Key, observations: Mapping[str, Tree]) -> dict[str, str]:
    """What was answered to the questions that a person reads."""
    found = {}
    for check in key.checks:
        if check.kind != "answer" or check.answer.get("type") != "text":
            continue
        seen = observations.get(check.id)
        values = seen.get("values") if isinstance(seen, dict) else None
        given = values.get("answer") if isinstance(values, dict) else None
        if isinstance(given, (str, int, float)) and str(given).strip():
            text = str(given)[:MAX_ANSWER].encode("utf-8", "replace").decode()
            found[check.id] = text
    return found


def _evidence(verdicts: Sequence[Verdict], observations: Mapping[str, Tree]) -> dict[str, Tree]:
    """What came, for the checks that lost points; what is too large to be shown is left out."""
    found: dict[str, Tree] = {}
    for verdict in verdicts:
        seen = observations.get(verdict.check)
        values = seen.get("values") if isinstance(seen, dict) else None
        if verdict.status != "right" and isinstance(values, dict):
            found[verdict.check] = {
                name: value for name, value in values.items()
                if getattr(value, "size", 0) <= MOST_VALUES and len(pack(value)) <= 16 * MOST_VALUES
            }  # fmt: skip
    return found


def failure(item: Item, reason: str) -> Result:
    """What becomes of a submission that the grader itself failed on; the next run tries again."""
    problem = gettext(
        "the grader failed on it ({r}); run again, or grade it by hand", r=reason[:200]
    )
    return Result(replace(item.person, problem=problem, notices=()), {})

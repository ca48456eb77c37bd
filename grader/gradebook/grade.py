"""Grade a class: student zone, clean room, judge, gradebook.

The unit of work, `grade_unit`, is a pure function of contents (submission, lab, key). Around it,
`grade_class` finds what is not done yet, spreads it over local workers and keeps each result at
once, so that a killed run continues where it stopped.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from grader import __version__
from grader.core.judge import Evidence, judge
from grader.core.key import Check, Key
from grader.core.text import Text
from grader.core.tree import Tree, TreeError, pack
from grader.gradebook.records import Change, Graded
from grader.gradebook.store import Store, person_of
from grader.zones.pool import (
    Worker,
    WorkerDied,
    clean_worker,
    run_submission,
    student_worker,
)
from grader.zones.records import Outcome

PICTURE_VALUES = 4096  # elements of the largest observed array that a feedback page draws
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
        pictures: check → ``{"came", "expected"}`` where the check has a picture.
        cpu_seconds: processor time in the student zone.
        slowest: seconds that the slowest probe took.
    """

    graded: Graded
    pictures: Mapping[str, Tree]
    cpu_seconds: float = 0.0
    slowest: float = 0.0


class Measures:
    """Clean-room measurements, the same recordings measured once for a check and key."""

    def __init__(self, clean: Callable[[], Worker], store: Store | None, key: Key) -> None:
        self._clean = clean
        self._store = store
        self._key = key
        self._lock = threading.Lock()
        self._room: Worker | None = None
        self._known: dict[str, Tree] = {}

    def warm_up(self) -> None:
        """Start the clean room ahead of the first recording."""
        with self._lock:
            try:
                self._started().start()
            except WorkerDied:
                pass  # the first measurement tries again and reports

    def of(
        self, check_id: str, recordings: Mapping[str, bytes], answers: Mapping[str, Tree]
    ) -> Tree:
        """The observation of one clean check on its recordings and answers."""
        sha = hashlib.sha256(f"{check_id} {self._key.version} ".encode() + pack(dict(answers)))
        for name in sorted(recordings):
            sha.update(name.encode() + hashlib.sha256(recordings[name]).digest())
        name = sha.hexdigest()
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


def grade_unit(
    key: Key,
    questions: Tree,
    work: Work,
    worker: Worker,
    measures: Measures,
    rerun: bool = False,
    store: Store | None = None,
) -> Result:
    """Grade one submission: student zone, clean room, judge.

    Args:
        store: where what the student zone brought back is kept. If it is there already, for the
            same content and questions, nothing is run: a check mended in what it expects or gives
            is judged again.

    Raises:
        WorkerDied: the worker failed.
    """
    began = time.monotonic()
    name = _outcome_id(questions, work.person, rerun)
    outcome = _kept(store, name)
    if outcome is None:
        outcome = run_submission(
            worker, questions, work.cells, work.recordings, work.person.lang, rerun
        )
        if store is not None and not outcome.made and not _limited(outcome):
            store.add_outcome(name, {**outcome.to_dict(), "cpu_seconds": outcome.cpu_seconds})
    observations = dict(outcome.observations)
    recordings = (
        {**work.recordings, **outcome.made} if rerun else {**outcome.made, **work.recordings}
    )
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
    return judged(key, work, outcome, observations, manifests, time.monotonic() - began)


def _outcome_id(questions: Tree, person: Graded, rerun: bool) -> str:
    about = f"{_running_code()} {person.digest} {person.lang} {rerun} ".encode()
    return hashlib.sha256(about + pack(questions)).hexdigest()


@cache
def _running_code() -> str:
    """Hash of the code that runs beside a student's: what it reports depends on it."""
    found = hashlib.sha256(__version__.encode())
    package = Path(__file__).resolve().parents[1]
    for path in sorted(
        p for part in ("core", "student", "zones") for p in package.glob(f"{part}/*.py")
    ):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def _limited(outcome: Outcome) -> bool:
    """Whether a limit had a part in it, which may be the machine's doing: then it is run again."""
    seen = [o.get("status") for o in outcome.observations.values() if isinstance(o, dict)]
    return "limit" in seen or any(c.status == "limit" for c in outcome.cells)


def _kept(store: Store | None, name: str) -> Outcome | None:
    tree = store.outcome(name) if store is not None else None
    return tree and replace(Outcome.from_dict(tree), cpu_seconds=tree["cpu_seconds"])


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
    return Result(graded, _pictures(key, observations), outcome.cpu_seconds, slowest)


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


def _pictures(key: Key, observations: Mapping[str, Tree]) -> dict[str, Tree]:
    found = {}
    for check in key.checks:
        if not check.picture:
            continue
        seen = observations.get(check.id)
        values = seen.get("values") if isinstance(seen, dict) else None
        came = values.get(check.picture) if isinstance(values, dict) else None
        expected = check.expected.get(check.picture)
        if all(
            isinstance(x, np.ndarray) and 0 < x.size <= PICTURE_VALUES for x in (came, expected)
        ):
            found[check.id] = {"came": came, "expected": expected}
    return found


def unit_id(digest: str, key: Key, rerun: bool) -> str:
    """Name of a unit: what it is a function of."""
    return hashlib.sha256(f"{__version__} {digest} {key.version} {rerun}".encode()).hexdigest()


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
class Setting:
    """Where and how units are graded.

    Attributes:
        lab_dir: the lab's folder, for the clean room.
        data: ``data/``, or None.
        jobs: workers at a time.
        sandboxed: see `grader.zones.sandbox.require`.
        rerun: train again even where there is a recording.
        scheduler: address of a Dask scheduler whose workers grade; none: this machine does.
    """

    lab_dir: Path
    data: Path | None = None
    jobs: int = 1
    sandboxed: bool = True
    rerun: bool = False
    scheduler: str = ""


@dataclass(frozen=True)
class Run:
    """What grading a class came to.

    Attributes:
        fresh: submissions graded now.
        changes: marks that moved, new ones included.
    """

    fresh: int
    changes: Sequence[Change]


def grade_class(
    key: Key,
    items: Sequence[Item],
    store: Store,
    setting: Setting,
    done: Callable[[Graded], None] = lambda graded: None,
    by: str = "",
) -> Run:
    """Grade what is not graded yet and enter the class into the gradebook.

    Args:
        key: the lab's hidden key.
        items: the class, in its order.
        store: the gradebook.
        setting: where and how.
        done: called after each submission, graded now or before.
        by: who runs it, for the log.
    """
    waiting: dict[str, list[Item]] = {}
    entries: list[tuple[str, dict[str, Any]]] = []
    fresh = 0
    for item in items:
        unit = unit_id(item.person.digest, key, setting.rerun)
        notices = [n.to_dict() for n in item.person.notices]
        entries.append((unit, {**person_of(item.person), "notices": notices}))
        if unit in waiting:
            waiting[unit].append(item)
        elif _settled(store.unit(unit), item):
            done(item.person)
        elif item.person.problem is not None:
            store.add_unit(unit, key.version, item.person, {})
            done(item.person)
            fresh += 1
        else:
            waiting[unit] = [item]
            fresh += 1
    if waiting:

        def keep(unit: str, result: Result) -> None:
            store.add_unit(unit, key.version, result.graded, result.pictures)
            for item in waiting[unit]:
                done(item.person)

        units = [(unit, found[0]) for unit, found in waiting.items()]
        spread(setting)(key, units, setting, keep, store)
    return Run(fresh, store.set_entries(key.lab, entries, by))


def spread(setting: Setting) -> Callable[..., None]:
    """What spreads units: `grade_units`, or its like for a cluster."""
    if not setting.scheduler:
        return grade_units
    try:
        from grader.gradebook.cluster import grade_units_there
    except ModuleNotFoundError as error:
        raise OSError(f"--scheduler needs {error.name}: pip install distributed") from None
    return grade_units_there


def _settled(graded: Graded | None, item: Item) -> bool:
    """Whether a unit needs no grading: it has its grade, or there is nothing in it to grade.

    One that the grader itself failed on is tried again.
    """
    return graded is not None and (graded.problem is None or item.person.problem is not None)


def grade_units(
    key: Key,
    units: Sequence[tuple[str, Item]],
    setting: Setting,
    keep: Callable[[str, Result], None],
    store: Store | None = None,
) -> None:
    """Spread units over local workers.

    Args:
        key: the key.
        units: ``(unit's name, item)``.
        setting: where and how.
        keep: called with each result, one at a time.
        store: where clean-room measurements are kept, if anywhere.
    """
    todo: queue.SimpleQueue[tuple[str, Item]] = queue.SimpleQueue()
    for unit in units:
        todo.put(unit)
    measures = Measures(lambda: clean_worker(setting.lab_dir, setting.sandboxed), store, key)
    one_at_a_time = threading.Lock()
    failures: list[BaseException] = []

    def keep_one(unit: str, result: Result) -> None:
        with one_at_a_time:
            keep(unit, result)

    def serve() -> None:
        try:
            _serve(todo, key, setting, measures, keep_one, store)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=serve, daemon=True) for _ in range(min(setting.jobs, len(units)))
    ]
    for thread in threads:
        thread.start()
    if any(c.kind == "clean" for c in key.checks):
        measures.warm_up()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)  # short waits, so that Ctrl-C is heard
    measures.stop()
    if failures:
        raise failures[0]


def _serve(
    todo: queue.SimpleQueue[tuple[str, Item]],
    key: Key,
    setting: Setting,
    measures: Measures,
    keep: Callable[[str, Result], None],
    store: Store | None,
) -> None:
    """One thread: a worker of its own, and units until there are none."""
    questions = key.questions_for_students()
    worker = student_worker(key, setting.data, setting.sandboxed)
    try:
        while True:
            try:
                unit, item = todo.get_nowait()
            except queue.Empty:
                return
            keep(unit, grade_item(key, questions, item, worker, measures, setting.rerun, store))
    finally:
        worker.stop()


def grade_item(
    key: Key, questions: Tree, item: Item, worker: Worker, measures: Measures, rerun: bool,
    store: Store | None,
) -> Result:  # fmt: skip
    """Grade one item; a failure of ours becomes its problem, never the class's."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            work = item.load()
            if store is not None:
                store.add_sources(item.person.digest, work.cells)
            return grade_unit(key, questions, work, worker, measures, rerun, store)
        except (WorkerDied, TreeError, OSError) as error:
            reason = f"{type(error).__name__}: {error}"
            if attempt == ATTEMPTS:
                break
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            break
    return failure(item, reason)


def failure(item: Item, reason: str) -> Result:
    """What becomes of a submission that the grader itself failed on; the next run tries again."""
    problem = Text(
        en="the grader failed on it ({r}); run again, or grade it by hand",
        fr="le correcteur a échoué sur ce rendu ({r}) ; relancez, ou notez-le à la main",
    ).fill(r=reason[:200])
    return Result(replace(item.person, problem=problem, notices=()), {})

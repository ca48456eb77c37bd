"""Grade a class.

Around the unit of work (`grader.gradebook.unit`), `grade_class` finds what is not done yet, spreads it
over local workers and keeps each result at once, so that a killed run continues where it stopped.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from grader.check.judge import FORMAT as JUDGE_FORMAT
from grader.check.key import Key
from grader.check.tree import Tree
from grader.gradebook.records import Change, Graded
from grader.gradebook.store import Store
from grader.gradebook.timings import WORKING, Timings
from grader.gradebook.unit import (
    RUN_FORMAT,
    Asked,
    Item,
    Measures,
    Ran,
    Result,
    finish_item,
    run_item,
)
from grader.sandbox.client import Worker, WorkerDied, clean_worker, student_worker

AHEAD = 32  # submissions that the student zone may be ahead of the gradebook


def unit_id(digest: str, key: Key, rerun: bool) -> str:
    """Name of a unit: what it is a function of."""
    return hashlib.sha256(
        f"{RUN_FORMAT} {JUDGE_FORMAT} {digest} {key.version} {rerun}".encode()
    ).hexdigest()


@dataclass(frozen=True)
class Setting:
    """Where and how units are graded.

    Attributes:
        lab_dir: the lab's folder, for the clean room.
        data: ``data/``, or None.
        jobs: workers at a time.
        sandboxed: see `grader.sandbox.bwrap.require`.
        rerun: train again even where there is a recording.
        gpu: device files of a GPU on which the trainings are repeated, one at a time; none: on the
            processor, `jobs` at a time.
        scheduler: address of a Dask scheduler whose workers grade; none: this machine does.
        timings: told where the time goes, except on a cluster.
    """

    lab_dir: Path
    data: Path | None = None
    jobs: int = 1
    sandboxed: bool = True
    rerun: bool = False
    gpu: Sequence[Path] = ()
    scheduler: str = ""
    timings: Timings = field(default_factory=Timings)


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
    place: str = "",
) -> Run:
    """Grade what is not graded yet and enter the class into the gradebook.

    Args:
        key: the lab's hidden key.
        items: the class, in its order.
        store: the gradebook.
        setting: where and how.
        done: called after each submission, graded now or before.
        by: who runs it, for the log.
        place: where the submissions came from, so that one can be run again.
    """
    waiting: dict[str, list[Item]] = {}
    entries: list[tuple[str, Graded]] = []
    fresh = 0
    for item in items:
        unit = unit_id(item.person.digest, key, setting.rerun)
        entries.append((unit, item.person))
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
            store.add_unit(unit, key.version, result.graded, result.evidence)
            for item in waiting[unit]:
                done(item.person)

        units = [(unit, found[0]) for unit, found in waiting.items()]
        spread(setting)(key, units, setting, keep, store)
    return Run(fresh, store.enter(key.lab, entries, by, place))


def spread(setting: Setting) -> Callable[..., None]:
    """What spreads units: `grade_units`, or its like for a cluster."""
    if not setting.scheduler:
        return grade_units
    try:
        from grader.gradebook.executors import grade_units_there
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
    """Spread units over local workers and clean rooms; the calling thread keeps the results.

    Args:
        key: the key.
        units: ``(unit's name, item)``.
        setting: where and how.
        keep: called with each result, one at a time.
        store: where clean-room measurements are kept, if anywhere.
    """
    asked = Asked.of(key, setting.rerun)
    todo: queue.SimpleQueue[tuple[str, Item]] = queue.SimpleQueue()
    for unit in units:
        todo.put(unit)
    done: queue.SimpleQueue[_Done] = queue.SimpleQueue()
    ahead = threading.Semaphore(AHEAD)
    known: dict[str, Tree] = {}

    def measures() -> Measures:
        def room() -> Worker:
            return clean_worker(key, setting.lab_dir, setting.sandboxed, setting.rerun)

        return Measures(room, store, key, known)

    spent, began = setting.timings, time.monotonic()
    judges = _Judges(asked, measures, done, setting.jobs, spent)
    running = working = min(1 if setting.gpu else setting.jobs, len(units))
    for _ in range(running):
        threading.Thread(
            target=_serve, args=(todo, done, ahead, asked, setting, store), daemon=True
        ).start()
    left = len(units)
    try:
        while running or left:
            try:
                found = done.get(timeout=0.2)  # short waits, so that Ctrl-C is heard
            except queue.Empty:
                continue
            if found is None:
                running -= 1
                if not running:
                    whole = working * (time.monotonic() - began)
                    spent.add("idle", whole - sum(spent.seconds.get(p, 0.0) for p in WORKING))
            elif isinstance(found, BaseException):
                raise found
            else:
                name, item, ran = found
                if isinstance(ran, Ran):
                    judges.give((name, item, ran))
                    continue
                with spent.during("keeping"):
                    keep(name, ran)
                ahead.release()
                left -= 1
    except BaseException:
        judges.stop(at_once=True)
        raise
    judges.stop()


class _Judges:
    """Threads that measure and judge what the student zone is done with, each with its own clean room.

    The first is there from the beginning, so that its room is ready in time; another comes, up to
    `most`, when submissions wait.
    """

    WAITING = 4  # submissions for each thread that may wait before there is another

    def __init__(
        self, asked: Asked, measures: Callable[[], Measures], done: queue.SimpleQueue[_Done],
        most: int, spent: Timings,
    ) -> None:  # fmt: skip
        self._asked, self._measures, self._done = asked, measures, done
        self._most, self._spent = most, spent
        self._waiting: queue.SimpleQueue[tuple[str, Item, Ran] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._another()

    def give(self, unit: tuple[str, Item, Ran]) -> None:
        self._waiting.put(unit)
        many = self._waiting.qsize() > self.WAITING * len(self._threads)
        if many and len(self._threads) < self._most:
            self._another()

    def stop(self, at_once: bool = False) -> None:
        """End them and their rooms, when all that was given is judged; `at_once`: without waiting."""
        if at_once:
            self._stopped.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in () if at_once else self._threads:
            thread.join()

    def _another(self) -> None:
        self._threads.append(threading.Thread(target=self._serve, daemon=True))
        self._threads[-1].start()

    def _serve(self) -> None:
        measures = self._measures()  # of this thread, which its room does not outlive
        try:
            if any(c.kind == "clean" for c in self._asked.key.checks):
                measures.warm_up()
            while (unit := self._waiting.get()) is not None and not self._stopped.is_set():
                name, item, ran = unit
                result = _finished(self._asked, item, ran, measures, self._spent)
                self._done.put((name, item, result))
        except BaseException as error:
            self._done.put(error)
        finally:
            measures.stop()


def _finished(asked: Asked, item: Item, ran: Ran, measures: Measures, spent: Timings) -> Result:
    began, before = time.monotonic(), measures.seconds
    result = finish_item(asked, item, ran, measures)
    measured = measures.seconds - before
    spent.add("clean room", measured)
    spent.add("judging", time.monotonic() - began - measured)
    return result


_Done = tuple[str, Item, Ran | Result] | BaseException | None  # None: a worker has no more to do


def _serve(
    todo: queue.SimpleQueue[tuple[str, Item]], done: queue.SimpleQueue[_Done],
    ahead: threading.Semaphore, asked: Asked, setting: Setting, store: Store | None,
) -> None:  # fmt: skip
    """One thread: a worker of its own, and units until there are none."""
    spent = setting.timings
    worker: Worker | None = None
    try:
        worker = student_worker(
            asked.key, setting.data, setting.sandboxed, asked.rerun, gpu=setting.gpu
        )
        with spent.during("start"), suppress(WorkerDied):  # the first submission tries again
            worker.start()
        while True:
            try:
                unit, item = todo.get_nowait()
            except queue.Empty:
                break
            ahead.acquire()
            ran = run_item(asked, item, worker, store)
            if isinstance(ran, Ran):
                cells, probes = ran.parts()
                spent.add("cells", cells)
                spent.add("probes", probes)
                spent.add("fork", ran.seconds - cells - probes)
            done.put((unit, item, ran))
    except BaseException as error:
        done.put(error)
    finally:
        if worker is not None:
            worker.stop()
        done.put(None)

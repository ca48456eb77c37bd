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
from typing import Any

from grader import __version__
from grader.core.key import Key
from grader.gradebook.records import Change, Graded
from grader.gradebook.store import Store, person_of
from grader.gradebook.timings import WORKING, Timings
from grader.gradebook.unit import Asked, Item, Measures, Ran, Result, finish_item, run_item
from grader.zones.pool import Worker, WorkerDied, clean_worker, student_worker

AHEAD = 32  # submissions that the student zone may be ahead of the clean room


def unit_id(digest: str, key: Key, rerun: bool) -> str:
    """Name of a unit: what it is a function of."""
    return hashlib.sha256(f"{__version__} {digest} {key.version} {rerun}".encode()).hexdigest()


@dataclass(frozen=True)
class Setting:
    """Where and how units are graded.

    Attributes:
        lab_dir: the lab's folder, for the clean room.
        data: ``data/``, or None.
        jobs: workers at a time.
        sandboxed: see `grader.zones.sandbox.require`.
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
    """Spread units over local workers; the calling thread measures, judges and keeps.

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
    done: queue.Queue[_Done] = queue.Queue(AHEAD)
    measures = Measures(
        lambda: clean_worker(key, setting.lab_dir, setting.sandboxed, setting.rerun), store, key
    )
    if any(c.kind == "clean" for c in key.checks):
        measures.warm_up()
    spent, began = setting.timings, time.monotonic()
    running = working = min(1 if setting.gpu else setting.jobs, len(units))
    for _ in range(running):
        threading.Thread(
            target=_serve, args=(todo, done, asked, setting, store), daemon=True
        ).start()
    try:
        while running:
            try:
                found = done.get(timeout=0.2)  # short waits, so that Ctrl-C is heard
            except queue.Empty:
                continue
            if found is None:
                running -= 1
            elif isinstance(found, BaseException):
                raise found
            else:
                name, item, ran = found
                result = _finished(asked, item, ran, measures, spent)
                with spent.during("keeping"):
                    keep(name, result)
        whole = working * (time.monotonic() - began)
        spent.add("idle", whole - sum(spent.seconds.get(part, 0.0) for part in WORKING))
    finally:
        measures.stop()


def _finished(
    asked: Asked, item: Item, ran: Ran | Result, measures: Measures, spent: Timings
) -> Result:
    if isinstance(ran, Result):
        return ran
    began, before = time.monotonic(), measures.seconds
    result = finish_item(asked, item, ran, measures)
    measured = measures.seconds - before
    spent.add("clean room", measured)
    spent.add("judging", time.monotonic() - began - measured)
    return result


_Done = tuple[str, Item, Ran | Result] | BaseException | None  # None: a worker has no more to do


def _serve(
    todo: queue.SimpleQueue[tuple[str, Item]], done: queue.Queue[_Done], asked: Asked,
    setting: Setting, store: Store | None,
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

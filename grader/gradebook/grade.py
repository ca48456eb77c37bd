"""Grade a class.

Around the unit of work (`grader.gradebook.unit`), `grade_class` finds what is not done yet, has it graded
by this machine or a cluster (`grader.gradebook.executors`) and keeps each result at once, so that a killed
run continues where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice

from grader.check.judge import FORMAT as JUDGE_FORMAT
from grader.check.key import Key
from grader.check.tree import Tree
from grader.gradebook.executors import Executor, Local, Setting
from grader.gradebook.records import Change, Graded
from grader.gradebook.store import Store
from grader.gradebook.unit import RUN_FORMAT, Asked, Item, Result, result_of


def unit_id(digest: str, key: Key, rerun: bool) -> str:
    """Name of a unit: what it is a function of."""
    return hashlib.sha256(
        f"{RUN_FORMAT} {JUDGE_FORMAT} {digest} {key.version} {rerun}".encode()
    ).hexdigest()


@dataclass(frozen=True)
class Run:
    """What grading a class came to.

    Attributes:
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
        done: called after each submission, graded now or before.
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
        grade_units(key, units, setting, keep, store)
    return Run(fresh, store.enter(key.lab, entries, by, place))


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
    by: Executor | None = None,
) -> None:
    """Have units graded, several at once; the calling thread keeps the results.

    Args:
        keep: called with each result, one at a time.
        store: where what the zones brought back is kept, if anywhere.
        by: who grades; an executor of the setting's own if None.

    Raises:
        OSError: a cluster cannot be used.
    """
    asked = Asked.of(key, setting.rerun)
    todo = iter(units)
    flying: dict[Future[Tree], tuple[str, Item]] = {}
    with executor(setting, key) if by is None else nullcontext(by) as chosen:
        while True:
            for unit, item in islice(todo, max(0, chosen.most() - len(flying))):
                flying[chosen.submit(asked, item, store)] = (unit, item)
            if not flying:
                break
            done, _ = wait(flying, timeout=1.0, return_when=FIRST_COMPLETED)
            if not done:
                chosen.look()
            for future in done:
                unit, item = flying.pop(future)
                with setting.timings.during("keeping"):
                    keep(unit, result_of(item, _found(future)))


def grade_alone(key: Key, item: Item, setting: Setting) -> Result:
    """Grade one item; nothing is kept."""
    found: list[Result] = []
    grade_units(key, [("alone", item)], setting, lambda unit, result: found.append(result))
    return found[0]


def executor(setting: Setting, key: Key) -> Executor:
    """Who grades units in a setting.

    Raises:
        OSError: a cluster was asked for and cannot be used.
    """
    if not setting.scheduler:
        return Local(setting, key)
    try:
        from grader.gradebook.cluster import Cluster
    except ModuleNotFoundError as error:
        raise OSError(f"--scheduler needs {error.name}: pip install distributed") from None
    return Cluster(setting, key)


def _found(future: Future[Tree]) -> Tree:
    try:
        return future.result()
    except Exception as error:
        return {"problem": f"{type(error).__name__}: {error}"}

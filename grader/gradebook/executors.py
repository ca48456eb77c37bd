"""Who grades units: threads of this machine, or a Dask cluster.

Both are the same to `grader.gradebook.grade.grade_units`: a context manager with `submit`, which returns a
future of `concurrent.futures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from grader.check.key import Key
from grader.check.tree import Tree
from grader.gradebook.store import Store
from grader.gradebook.timings import Timings
from grader.gradebook.unit import Asked, Item, Zones, grade_item


@dataclass(frozen=True)
class Setting:
    """Where and how units are graded.

    Attributes:
        data: ``data/``, or None.
        sandboxed: see `grader.sandbox.bwrap.require`.
        gpu: device files of a GPU on which the trainings are repeated, one at a time; none: on the
            processor, `jobs` at a time.
        scheduler: address of a Dask scheduler whose workers grade; none: this machine does.
    """

    lab_dir: Path
    data: Path | None = None
    jobs: int = 1
    sandboxed: bool = True
    rerun: bool = False
    gpu: Sequence[Path] = ()
    scheduler: str = ""
    timings: Timings = field(default_factory=Timings)


class Executor(AbstractContextManager["Executor"], Protocol):
    """Grades units, several at once."""

    def most(self) -> int:
        """How many units it may have at a time."""

    def submit(self, asked: Asked, item: Item, store: Store | None) -> Future[Tree]:
        """Have a unit graded; the future's result is that of `grader.gradebook.unit.grade_item`."""

    def look(self) -> None:
        """Nothing came for a second.

        Raises:
            OSError: nothing will come any more.
        """


class Local(Executor):
    """Zones on this machine, and a thread for each submission that is graded at a time."""

    def __init__(self, setting: Setting, key: Key) -> None:
        self._jobs = 1 if setting.gpu else setting.jobs
        self._spent = setting.timings
        self._zones = Zones(
            key, setting.lab_dir, setting.data, setting.sandboxed, setting.rerun, setting.gpu
        )
        self._threads = ThreadPoolExecutor(self._jobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        failed = error != (None, None, None)
        if failed:  # or Ctrl-C: what is under way is given up at once
            self._zones.close()
        self._threads.shutdown(cancel_futures=failed)
        self._zones.close()

    def most(self) -> int:
        return self._jobs + 2

    def submit(self, asked: Asked, item: Item, store: Store | None) -> Future[Tree]:
        return self._threads.submit(grade_item, asked, item, self._zones, store, self._spent)

    def look(self) -> None:
        pass

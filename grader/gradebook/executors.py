"""Grade on an existing Dask cluster: ``grader grade … --scheduler tcp://host:8786``.

The unit of work is the one of `grader.gradebook.unit`: a function of contents. Key, lab and data go
to each Dask worker once (`Room`), to those that join later too; each worker has warm sandboxes of its
own, one a thread. A unit is named by its content: what a lost worker had begun is done again by
another one, and the gradebook, which only the coordinator writes, holds it once.

Nothing here is imported without ``--scheduler``.
"""

from __future__ import annotations

import hashlib
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client, Future, WorkerPlugin

import grader
from grader.check.key import Key
from grader.check.tree import Tree, pack, unpack
from grader.gradebook.grade import Setting
from grader.gradebook.records import Graded
from grader.gradebook.store import Store
from grader.gradebook.unit import Asked, Item, Measures, Result, Work, failure, grade_item
from grader.sandbox import bwrap
from grader.sandbox.client import Worker, clean_worker, student_worker

CONNECT_SECONDS = 15
ALONE_SECONDS = 60  # without a single worker, before giving up
IN_FLIGHT = 3  # units a thread that are sent ahead
RETRIES = 3  # of a unit whose Dask worker failed on it

_ROOMS: dict[str, Room] = {}  # in a Dask worker: what it was given, by digest


class ClusterError(OSError):
    """The cluster cannot be used; the message is one line that says what to do."""


class Room(WorkerPlugin):  # type: ignore[misc]
    """What a Dask worker needs to grade units of one lab: key, lab, data, and warm sandboxes."""

    def __init__(self, digest: str, key: bytes, lab: str, files: Mapping[str, bytes],
                 sandboxed: bool) -> None:  # fmt: skip
        self.digest, self.lab, self.sandboxed = digest, lab, sandboxed
        self._key, self._files = key, dict(files)

    def setup(self, worker: Any) -> None:
        """On a Dask worker: unpack; sandboxes start with the first units."""
        self.folder = Path(tempfile.mkdtemp(prefix="grader-"))
        for name, data in self._files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.key = Key.from_bytes(self._key)
        self.asked = {rerun: Asked.of(self.key, rerun) for rerun in (False, True)}
        self.measures = Measures(self._clean, None, self.key)
        self.seats = threading.local()
        self.started: list[Worker] = []
        _ROOMS[self.digest] = self

    def teardown(self, worker: Any) -> None:
        """On a Dask worker: stop the sandboxes, remove what was unpacked."""
        _ROOMS.pop(self.digest, None)
        self.measures.stop()
        for seat in self.started:
            seat.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _clean(self) -> Worker:
        return clean_worker(self.key, self.folder / "solutions" / self.lab, self.sandboxed)

    def seat(self, rerun: bool) -> Worker:
        """This thread's own sandbox."""
        if not hasattr(self.seats, "workers"):
            self.seats.workers = dict[bool, Worker]()
        found: dict[bool, Worker] = self.seats.workers
        if rerun not in found:
            found[rerun] = student_worker(self.key, self.folder / "data", self.sandboxed, rerun)
            self.started.append(found[rerun])
        return found[rerun]

    def __getstate__(self) -> dict[str, Any]:
        names = ("digest", "lab", "sandboxed", "_key", "_files")
        return {name: getattr(self, name) for name in names}


def grade_there(digest: str, unit: bytes, rerun: bool) -> bytes:
    """On a Dask worker: grade one unit.

    Args:
        digest: of its `Room`.
        unit: a tree, ``{"person", "cells", "recordings"}``.
        rerun: train again even where there is a recording.

    Returns:
        A tree, ``{"graded", "evidence", "cpu_seconds", "slowest"}``.
    """
    room, tree = _ROOMS[digest], unpack(unit)
    person = Graded.from_dict(tree["person"])
    recordings = {name: data.tobytes() for name, data in tree["recordings"].items()}
    work = Work(person, tree["cells"], recordings)
    item = Item(person, lambda: work)
    found = grade_item(room.asked[rerun], item, room.seat(rerun), room.measures)
    return pack(
        {
            "graded": found.graded.to_dict(),
            "evidence": dict(found.evidence),
            "cpu_seconds": found.cpu_seconds,
            "slowest": found.slowest,
        }
    )


def grade_units_there(
    key: Key,
    units: Sequence[tuple[str, Item]],
    setting: Setting,
    keep: Callable[[str, Result], None],
    store: Store | None = None,
) -> None:
    """Spread units over the cluster at ``setting.scheduler``; see `grader.gradebook.grade.grade_units`.

    Raises:
        ClusterError: no scheduler, no worker, another version of the kit, no sandbox over there.
    """
    with _connected(setting.scheduler) as client:
        _fit_for_it(client, setting.sandboxed)
        room = _room(key, setting)
        client.register_plugin(room, name=room.digest)
        try:
            _spread(client, room.digest, units, setting.rerun, keep, store)
        finally:
            client.unregister_worker_plugin(room.digest)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({type(error).__name__});"
            " start one with `dask scheduler`, or grade without --scheduler"
        ) from None
    try:
        yield client
    finally:
        client.close()


def fingerprint() -> str:
    """Hash of the kit's code and of the versions that decide what a unit comes to."""
    package = Path(grader.__file__).resolve().parent
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    for name in ("tensorflow", "keras", "numpy"):
        try:
            found.update(f"{name} {version(name)}".encode())
        except PackageNotFoundError:
            found.update(f"no {name}".encode())
    return found.hexdigest()


def _fit_for_it(client: Client, sandboxed: bool) -> None:
    """Refuse a cluster that would grade otherwise, or unprotected."""
    here = fingerprint()
    prints = client.run(fingerprint, on_error="return")
    if not prints:
        raise ClusterError("the scheduler has no worker; start some with `dask worker`")
    for worker, there in prints.items():
        if isinstance(there, BaseException):
            raise ClusterError(f"{worker} cannot load the kit ({there}); install it there")
        if there != here:
            raise ClusterError(
                f"{worker} has another version of the kit, TensorFlow, Keras or numpy;"
                " install the same there and restart it"
            )
    if sandboxed:
        for worker, problem in client.run(bwrap.problem, on_error="return").items():
            if problem is not None:
                raise ClusterError(f"{worker}: {problem}")


def _room(key: Key, setting: Setting) -> Room:
    files = {f"solutions/{key.lab}/{n}": d for n, d in _files(setting.lab_dir, False).items()}
    if setting.data is not None and setting.data.is_dir():
        files |= {f"data/{n}": d for n, d in _files(setting.data, True).items()}
    packed = key.to_bytes()
    sha = hashlib.sha256(packed + bytes([setting.sandboxed]))
    for name, data in sorted(files.items()):
        sha.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return Room(f"grader-{sha.hexdigest()[:24]}", packed, key.lab, files, setting.sandboxed)


def _files(folder: Path, deep: bool) -> dict[str, bytes]:
    """Name → content of what zones read: a lab's own modules, or all data that is not hidden."""
    found = {}
    for path in sorted(folder.rglob("*") if deep else folder.glob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.suffix != ".ipynb" and "hidden" not in inside.parts[:-1]:
            found[str(inside)] = path.read_bytes()
    return found


def _spread(
    client: Client, digest: str, units: Sequence[tuple[str, Item]], rerun: bool,
    keep: Callable[[str, Result], None], store: Store | None,
) -> None:  # fmt: skip
    """Keep the cluster busy, a few units a thread ahead, and keep each result as it comes."""
    done: queue.SimpleQueue[Future] = queue.SimpleQueue()
    todo, flying = iter(units), dict[str, tuple[str, Item, Future]]()

    def send() -> bool:
        for unit, item in todo:
            try:
                tree = _unit(item, store)
            except Exception as error:
                keep(unit, failure(item, f"{type(error).__name__}: {error}"))
                continue
            future = client.submit(
                grade_there, digest, tree, rerun, key=f"{digest}-{unit}", retries=RETRIES
            )
            flying[future.key] = (unit, item, future)
            future.add_done_callback(done.put)
            return True
        return False

    def fill() -> None:
        most = max(1, IN_FLIGHT * _threads(client))
        while len(flying) < most and send():
            pass

    fill()
    alone = 0
    while flying:
        try:
            future = done.get(timeout=1.0)
        except queue.Empty:
            alone = 0 if _threads(client) else alone + 1
            if alone > ALONE_SECONDS:
                raise ClusterError(
                    "all workers of the cluster are gone; start some and run again:"
                    " what was graded is kept"
                ) from None
            continue
        unit, item, _ = flying.pop(future.key)
        keep(unit, _result(future, item))
        fill()


def _threads(client: Client) -> int:
    return sum(client.nthreads().values())


def _unit(item: Item, store: Store | None) -> bytes:
    work = item.load()
    if store is not None:
        store.add_sources(item.person.digest, work.cells)
    recordings: dict[str, Tree] = {
        name: np.frombuffer(data, np.uint8) for name, data in work.recordings.items()
    }
    return pack(
        {"person": work.person.to_dict(), "cells": list(work.cells), "recordings": recordings}
    )


def _result(future: Future, item: Item) -> Result:
    """What came back; the coordinator's own record says whose it is."""
    try:
        tree = unpack(future.result())
    except Exception as error:
        return failure(item, f"{type(error).__name__}: {error}")
    graded = Graded.from_dict(tree["graded"])
    mine = item.person
    graded = replace(
        graded, student=mine.student, student_id=mine.student_id, origin=mine.origin,
        digest=mine.digest,
    )  # fmt: skip
    return Result(graded, tree["evidence"], tree["cpu_seconds"], tree["slowest"])

"""Grade on an existing Dask cluster: ``grader grade … --scheduler tcp://host:8786``.

The unit of work is the one of `grader.gradebook.unit`: a function of contents. Key, lab and data go to each
Dask worker once (`LabPlugin`), to those that join later too; each worker has zones of its own, which its
threads share. A unit is named by its content: what a lost worker had begun is done again by another one,
and the gradebook, which only the coordinator writes, holds it once.

Nothing here is imported without ``--scheduler``.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

from distributed import Client, WorkerPlugin

import grader
from grader.check.key import Key
from grader.check.tree import Tree
from grader.gradebook.executors import Executor, Setting
from grader.gradebook.records import Graded
from grader.gradebook.store import Store
from grader.gradebook.unit import Asked, Item, Work, Zones, grade_item
from grader.sandbox import bwrap

CONNECT_SECONDS = 15
ALONE_SECONDS = 60  # without a single worker, before giving up
IN_FLIGHT = 3  # units a thread that are sent ahead
RETRIES = 3  # of a unit whose Dask worker failed on it

_PLUGINS: dict[str, LabPlugin] = {}  # in a Dask worker: what it was given, by name


class ClusterError(OSError):
    """The cluster cannot be used; the message is one line that says what to do."""


class LabPlugin(WorkerPlugin):  # type: ignore[misc]
    """What a Dask worker needs to grade units of one lab: key, lab, data, and zones of its own."""

    def __init__(self, key: Key, setting: Setting) -> None:
        files = {f"solutions/{key.lab}/{n}": d for n, d in _files(setting.lab_dir, False).items()}
        if setting.data is not None and setting.data.is_dir():
            files |= {f"data/{n}": d for n, d in _files(setting.data, True).items()}
        self.given = key.to_bytes(), key.lab, files, setting.sandboxed
        sha = hashlib.sha256(self.given[0] + bytes([setting.sandboxed]))
        for name, data in sorted(files.items()):
            sha.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        self.name = f"grader-{sha.hexdigest()[:24]}"

    def setup(self, worker: Any) -> None:
        """On a Dask worker: unpack; zones start with the first units."""
        packed, lab, files, sandboxed = self.given
        self.folder = Path(tempfile.mkdtemp(prefix="grader-"))
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        key = Key.from_bytes(packed)
        lab_dir, data_dir = self.folder / "solutions" / lab, self.folder / "data"
        both = (False, True)
        self.asked = {rerun: Asked.of(key, rerun) for rerun in both}
        self.zones = {rerun: Zones(key, lab_dir, data_dir, sandboxed, rerun) for rerun in both}
        _PLUGINS[self.name] = self

    def teardown(self, worker: Any) -> None:
        """On a Dask worker: stop the zones, remove what was unpacked."""
        _PLUGINS.pop(self.name, None)
        for zones in self.zones.values():
            zones.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __getstate__(self) -> dict[str, Any]:
        return {"given": self.given, "name": self.name}


def grade_there(
    name: str, person: Graded, cells: list[str], recordings: Mapping[str, bytes], rerun: bool
) -> Tree:
    """On a Dask worker: grade one unit.

    Args:
        name: of its `LabPlugin`.
        rerun: train again even where there is a recording.

    Returns:
        See `grader.gradebook.unit.grade_item`.
    """
    plugin = _PLUGINS[name]
    work = Work(person, cells, recordings)
    return grade_item(plugin.asked[rerun], Item(person, lambda: work), plugin.zones[rerun])


class Cluster(Executor):
    """The workers of a Dask scheduler.

    Raises:
        ClusterError: no scheduler, no worker, another version of the kit, no sandbox over there.
    """

    def __init__(self, setting: Setting, key: Key) -> None:
        address = setting.scheduler
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({type(error).__name__});"
                " start one with `dask scheduler`, or grade without --scheduler"
            ) from None
        self._executor = self._client.get_executor(pure=True, retries=RETRIES)
        self._plugin = LabPlugin(key, setting)
        self._sandboxed = setting.sandboxed
        self._seen_at = time.monotonic()

    def __enter__(self) -> Self:
        try:
            _fit_for_it(self._client, self._sandboxed)
            self._client.register_plugin(self._plugin, name=self._plugin.name)
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._executor.shutdown(wait=False)
            self._client.unregister_worker_plugin(self._plugin.name)
        finally:
            self._client.close()

    def most(self) -> int:
        return max(1, IN_FLIGHT * self._threads())

    def submit(self, asked: Asked, item: Item, store: Store | None) -> Future[Tree]:
        failed: Future[Tree] = Future()
        try:
            work = item.load()
            if store is not None:
                store.add_sources(item.person.digest, work.cells)
        except Exception as error:
            failed.set_exception(error)
            return failed
        about = self._plugin.name, work.person, list(work.cells), dict(work.recordings)
        name = f"{self._plugin.name}-{asked.key.version}-{asked.rerun}-{work.person.digest}"
        future: Future[Tree] = self._executor.submit(grade_there, *about, asked.rerun, key=name)
        return future

    def look(self) -> None:
        if self._threads():
            self._seen_at = time.monotonic()
        elif time.monotonic() - self._seen_at > ALONE_SECONDS:
            raise ClusterError(
                "all workers of the cluster are gone; start some and run again:"
                " what was graded is kept"
            )

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())


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


def _files(folder: Path, deep: bool) -> dict[str, bytes]:
    """Name → content of what zones read: a lab's own modules, or all data that is not hidden."""
    found = {}
    for path in sorted(folder.rglob("*") if deep else folder.glob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.suffix != ".ipynb" and "hidden" not in inside.parts[:-1]:
            found[str(inside)] = path.read_bytes()
    return found

"""A class graded by a real Dask cluster of two worker processes on this machine."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "hostile"))
from courses import command, hand_in, make_course

from grader.sandbox import bwrap

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bwrap.problem() is not None, reason=str(bwrap.problem())),
]
ROOT = Path(__file__).parents[1]
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200",
       "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"}  # fmt: skip


def started(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", *words], env=ENV, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, **options,
    )  # fmt: skip


def stop(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.scheduler = started("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port",
                                 "0", "--no-dashboard", "--scheduler-file",
                                 str(folder / "scheduler.json"), cwd=folder)  # fmt: skip
        self.workers = []
        until = time.monotonic() + 60
        while not (folder / "scheduler.json").is_file():
            assert time.monotonic() < until and self.scheduler.poll() is None
            time.sleep(0.1)
        time.sleep(0.2)
        import json

        self.address = json.loads((folder / "scheduler.json").read_text())["address"]

    def hire(self, count):
        self.workers += [
            started("distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny",
                    "--no-dashboard", "--local-directory", str(self.folder), cwd=self.folder)
            for _ in range(count)
        ]  # fmt: skip
        from distributed import Client

        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=120)

    def close(self):
        for process in [*self.workers, self.scheduler]:
            stop(process)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "class"
    return folder, hand_in(folder, 12)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


def grade(course, path, out, *more, during=None):
    process = subprocess.Popen(
        [*command(course, path, out), *more], cwd=course, env=ENV, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    if during is not None:
        during()
    said, errors = process.communicate(timeout=300)
    return process.returncode, said + errors


def marks(out):
    rows = csv.DictReader((out / "mini" / "gradebook.csv").read_text("utf-8-sig").splitlines())
    return {r["student"]: r for r in rows}


def test_a_worker_killed_half_way(course, handed_in, cluster, tmp_path):
    """The other does its units again; the gradebook is the one that this machine makes alone."""
    folder, names = handed_in
    code, said = grade(course, folder, tmp_path / "alone")
    assert code == 0, said
    cluster.hire(2)
    out = tmp_path / "out"

    def kill_one_half_way():
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if len(graded(out)) >= 2:
                break
            time.sleep(0.01)
        stop(cluster.workers[0])

    code, said = grade(
        course, folder, out, "--scheduler", cluster.address, during=kill_one_half_way
    )
    assert code == 0, said
    assert marks(out) == marks(tmp_path / "alone")
    assert len(graded(out)) == len(set(graded(out))) == len(names)
    assert "12 sur 12" in said
    code, said = grade(course, folder, out, "--scheduler", cluster.address)
    assert code == 0 and re.search(r"\b0 noté", said), said
    assert not rooms_left(cluster)


def graded(out):
    import sqlite3

    if not (out / "gradebook.sqlite").is_file():
        return []
    try:
        with sqlite3.connect(out / "gradebook.sqlite") as db:
            return [row[0] for row in db.execute("SELECT id FROM units")]
    except sqlite3.OperationalError:
        return []


def rooms_left(cluster):
    """Rooms that the workers still hold: keys must not stay on a cluster."""
    from distributed import Client

    def look():
        from grader.gradebook import cluster

        return list(cluster._PLUGINS)

    with Client(cluster.address, timeout=60, set_as_default=False) as client:
        return [room for rooms in client.run(look).values() for room in rooms]


def test_a_scheduler_without_workers_and_none_at_all(course, handed_in, cluster, tmp_path):
    code, said = grade(course, handed_in[0], tmp_path / "out", "--scheduler", cluster.address)
    assert code == 2 and "has no worker" in said.strip().splitlines()[-1]
    code, said = grade(course, handed_in[0], tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert code == 2 and "no Dask scheduler answers" in said.strip().splitlines()[-1]
    assert "Traceback" not in said


def test_a_worker_with_another_kit_is_refused(monkeypatch):
    from grader.gradebook import cluster

    class Client:
        def __init__(self, found):
            self.found = found

        def run(self, function, on_error):
            return self.found if function is cluster.fingerprint else {"a": "no user namespaces"}

    with pytest.raises(cluster.ClusterError, match="another version"):
        cluster._fit_for_it(Client({"a": "x"}), True)
    with pytest.raises(cluster.ClusterError, match="cannot load the kit"):
        cluster._fit_for_it(Client({"a": ModuleNotFoundError("grader")}), True)
    with pytest.raises(cluster.ClusterError, match="no user namespaces"):
        cluster._fit_for_it(Client({"a": cluster.fingerprint()}), True)
    cluster._fit_for_it(Client({"a": cluster.fingerprint()}), False)


def test_nothing_of_dask_without_a_scheduler(course, handed_in, tmp_path):
    code = (
        "import sys\nfrom grader.cli import main\n"
        f"sys.argv = ['grader', 'grade', {str(handed_in[0])!r}, '--out', {str(tmp_path)!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('dask', [m for m in sys.modules if m.split('.')[0] in ('dask', 'distributed')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=course, env=ENV, capture_output=True, text=True
    )
    assert done.stdout.strip().endswith("dask []"), done.stdout + done.stderr


def test_what_is_sent(course):
    """The lab's modules and data without what is hidden; never the notebooks."""
    from grader.gradebook.cluster import _files

    found = _files(ROOT / "data", True)
    assert found and not [name for name in found if "hidden/" in name]
    names = set(_files(ROOT / "solutions" / "tp4_transformer", False))
    assert "checks.py" in names and not [n for n in names if n.endswith(".ipynb")]

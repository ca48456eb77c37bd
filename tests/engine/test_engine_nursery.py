"""Workers forked from one import of TensorFlow, each into a sandbox of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.sandbox import bwrap, client, nursery
from grader.sandbox.client import WorkerDied, clean_worker, run_submission, student_worker

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


@pytest.fixture
def workers(hidden_key):
    """Makes workers of the mini lab; all end with the test."""
    found = bwrap.problem()
    if found:
        pytest.skip(found)
    made = []
    key = replace(hidden_key, preload=("tensorflow", "keras"))

    def make(clean=False):
        worker = clean_worker(key, MINI, True) if clean else student_worker(key, None, True)
        made.append(worker)
        worker.start()
        return worker

    yield make
    for worker in made:
        worker.stop()


def spaces(worker):
    """Namespaces of a worker's zone: kind → name."""
    pids = [worker._process.pid]
    for pid in pids:
        pids += children(pid)
    return {n: os.readlink(f"/proc/{pids[-1]}/ns/{n}") for n in ("mnt", "pid", "net", "ipc", "uts")}


def depth(pid):
    """How many process namespaces a process is in."""
    with open(f"/proc/{pid}/status") as file:
        return len(next(line for line in file if line.startswith("NSpid:")).split()) - 1


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return list(map(int, file.read().split()))


def test_the_libraries_are_imported_once_and_each_zone_is_its_own(workers):
    first = workers()
    began = time.monotonic()
    others = [workers(), workers(clean=True)]
    seconds = time.monotonic() - began
    assert all(w.came_from is first.came_from is not None for w in others)
    assert seconds < 4, "two more imports of TensorFlow take longer"
    seen = [spaces(w) for w in (first, *others)]
    born = children(first.came_from._process.pid)
    assert len(born) >= 3 and {depth(pid) for pid in born} == {depth("self") + 1}
    here = {n: os.readlink(f"/proc/self/ns/{n}") for n in seen[0]}
    for name, place in here.items():
        assert len({place, *(s[name] for s in seen)}) == 4, name


def test_a_nursery_that_dies_takes_no_worker_with_it_and_another_follows(workers):
    first = workers()
    os.kill(first.came_from._process.pid, signal.SIGKILL)
    first.came_from._process.wait()
    assert first.hello["ready"] and first._process.poll() is None
    second = workers()
    assert second.came_from is not first.came_from is not None


@pytest.mark.parametrize("how", ["no memory files", "cannot enter", "no zone"])
def test_where_it_cannot_be_bubblewrap_starts_the_worker(workers, monkeypatch, how):
    nursery.close_all()
    made, make = [], tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **given: made.append(make(**given)) or made[-1])
    if how == "no memory files":
        monkeypatch.delattr(os, "memfd_create")
    elif how == "cannot enter":  # what a kernel that refuses setns comes to
        monkeypatch.setattr(nursery.Nursery, "order", lambda self, what, fds: self._process.kill())
    else:
        monkeypatch.setattr(nursery, "_HOLDER", "import sys; sys.exit(1)")
    worker = workers()
    assert worker.hello["ready"] and worker.came_from is None
    nursery.close_all()
    assert bool(made) is (how != "no memory files")
    assert not [place for place in made if os.path.exists(place)], "nothing is left behind"


def test_a_worker_whose_zone_is_killed_ends_too(workers):
    worker = workers()
    worker._process.kill()
    with pytest.raises(WorkerDied):
        worker._receive(10)


def test_it_ends_with_its_coordinator_and_leaves_nothing():
    code = (
        "import os, signal; from grader.sandbox import nursery, bwrap as sandbox;"
        "n = nursery.begin(bwrap.environment(1)); print(n._process.pid, n._home, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid, home = done.stdout.split()
    until = time.monotonic() + 60  # it sees it once it has imported
    while time.monotonic() < until and (os.path.exists(home) or _lives(pid)):
        time.sleep(0.1)
    assert not os.path.exists(home) and not _lives(pid)


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


LOOK = """
import json, os, signal, sys, tempfile
print(json.dumps({
    "path": sys.path, "argv": len(sys.argv), "tmp": tempfile.gettempdir(), "cwd": os.getcwd(),
    "int": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "child": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
    "grader": sorted({getattr(m, "__file__", "") or "" for n, m in sys.modules.items()
                      if n.split(".")[0] == "grader" and n != "grader.sandbox.server"}),
    "wait": __import__("subprocess").run(["/bin/sh", "-c", "exit 3"]).returncode,
}))
"""


@pytest.fixture
def heeding_ctrl_c():
    """As from a terminal: what a shell runs in the background ignores SIGINT, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
def test_a_submission_finds_what_it_would_in_a_new_process(workers, hidden_key, monkeypatch):
    questions = hidden_key.questions_for_students()

    def look():
        (report, *_) = run_submission(workers(), questions, [LOOK], {}, "en").cells
        assert report.status == "ok", report
        return json.loads(report.text)

    born = look()
    monkeypatch.setattr(nursery, "begin", lambda environment: None)
    new = look()
    assert born == new
    assert all(place.startswith("/kit/grader/") for place in born["grader"])
    assert born["wait"] == 3 and born["int"] and born["child"]


def test_questions_go_to_a_worker_once_and_anew_when_they_or_it_change(
    workers, hidden_key, monkeypatch
):
    questions = hidden_key.questions_for_students()
    fewer = {**questions, "probes": questions["probes"][:2]}
    sent, send = [], client.send
    monkeypatch.setattr(client, "send", lambda fd, tree: (sent.append(tree), send(fd, tree))[1])
    worker = workers()

    def asked(which):
        sent.clear()
        outcome = run_submission(worker, which, ["x = 1"], {}, "en")
        assert [c.status for c in outcome.cells] == ["ok"]
        assert set(outcome.observations) == {p["check"] for p in which["probes"]}
        return [tree is which for tree in sent]

    assert len(questions["probes"]) > 2
    assert asked(questions) == [True, False]
    assert asked(questions) == [False]
    assert asked(fewer) == [True, False]
    worker.stop()
    assert asked(fewer) == [True, False]
    assert asked(questions) == [True, False]
    with pytest.raises(WorkerDied):  # what is neither a question nor a job ends it
        os.write(worker._jobs, b"?")
        worker._receive(10)
    with pytest.raises(WorkerDied):
        asked(questions)
    assert asked(questions) == [True, False]


def test_who_gains_by_it():
    assert nursery.fits(("/kit/solutions/x", "tensorflow", "keras"))
    assert not nursery.fits(("numpy",)), "an import of TensorFlow would be for nothing"
    assert not nursery.fits(("tensorflow", "pandas.plotting")), "Keras must find pandas"

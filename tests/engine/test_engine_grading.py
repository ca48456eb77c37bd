"""A unit through stand-in zones and the real judge's process; many units at once."""

import struct
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.check.compare import Exact
from grader.check.tree import pack
from grader.gradebook import grade, unit
from grader.gradebook.executors import Local, Setting
from grader.gradebook.grade import grade_units
from grader.gradebook.records import Graded
from grader.gradebook.store import Store
from grader.gradebook.unit import Asked, Item, Work, Zones, grade_item, result_of
from grader.sandbox import client
from grader.sandbox.client import Report, WorkerDied

HERE = Path(".")


def frame(tree):
    data = pack(tree)
    return struct.pack("<Q", len(data)) + data


class CleanRoom:
    """Measures without TensorFlow; dies as often as it is told."""

    def __init__(self, deaths=0):
        self.deaths, self.asked = deaths, []

    def launch(self):
        pass

    def close(self):
        pass

    def call(self, job, seconds, common, recordings, most):
        self.asked.append((job, sorted(recordings)))
        if self.deaths:
            self.deaths -= 1
            raise WorkerDied("out of memory")
        return {name: {"status": "ok", "values": {"out": 7}} for name in job["checks"]}


@pytest.fixture(scope="module")
def key(hidden_key):
    """A key with a question and a check that the clean room measures."""
    question = next(c for c in hidden_key.checks if c.id == "q1")
    score = replace(
        question, id="net.score", kind="clean", probe=None, recording="net", answer={},
        held_out={"x": np.zeros(2)}, expect={"out": Exact()}, expected={"out": 7},
    )  # fmt: skip
    return replace(hidden_key, checks=(question, score))


@pytest.fixture
def zones(key, monkeypatch):
    made = Zones(key, HERE, None, sandboxed=False)
    made.clean = CleanRoom()
    made.student.start = lambda: {}
    made.reported = [
        frame({"check": "q1", "observation": {"status": "ok", "values": {"answer": 7}}})
    ]

    @contextmanager
    def run(zone, questions, cells, recordings, lang, rerun):
        made.runs = getattr(made, "runs", 0) + 1
        with tempfile.TemporaryFile() as file:
            for part in made.reported:
                file.write(part)
            file.flush()
            size = sum(map(len, made.reported))
            attempt = {"bytes": size, "seconds": 1.0, "cpu_seconds": 1.0}
            yield Report(file, {"attempts": [attempt], "skipped": {}})

    monkeypatch.setattr(unit, "submission_run", run)
    yield made
    made.close()


def item(name="zoe", recording=b"weights", cells=("x = 1",)):
    person = Graded(name, name, f"{name}.ipynb", "mini", name, "en")
    return Item(person, lambda: Work(person, list(cells), {"net": recording} if recording else {}))


def points(result):
    return {v.check: v.points for v in result.graded.verdicts}


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "gradebook.sqlite")
    yield made
    made.close()


def test_all_three_zones_have_their_part(key, zones):
    result = result_of(item(), grade_item(Asked.of(key), item(), zones))
    assert points(result) == {"q1": 1.5, "net.score": 1.5}
    assert (result.graded.student, result.graded.problem, result.cpu_seconds) == ("zoe", None, 1.0)
    job, recordings = zones.clean.asked[0]
    assert list(job["checks"]) == ["net.score"] and recordings == ["net"]


def test_without_a_recording_the_clean_room_is_not_asked(key, zones):
    result = result_of(item(), grade_item(Asked.of(key), item(recording=None), zones))
    assert points(result) == {"q1": 1.5, "net.score": 0.0} and zones.clean.asked == []


def test_the_same_recording_is_measured_once(key, zones, store):
    for where in (None, store):
        asked, zones.clean = Asked.of(key), CleanRoom()
        for name, recording in (("a", b"1"), ("b", b"1"), ("c", b"2")):
            found = result_of(item(), grade_item(asked, item(name, recording), zones, where))
            assert points(found)["net.score"] == 1.5
        assert len(zones.clean.asked) == 2


def test_a_clean_room_that_dies_once_is_asked_again(key, zones):
    zones.clean = CleanRoom(deaths=1)
    assert points(result_of(item(), grade_item(Asked.of(key), item(), zones)))["net.score"] == 1.5


def test_a_clean_room_that_keeps_dying_is_a_problem_that_the_next_run_tries_again(
    key, zones, store, monkeypatch
):
    monkeypatch.setattr(unit, "ATTEMPTS", 1)
    zones.clean = CleanRoom(deaths=2)
    result = result_of(item(), grade_item(Asked.of(key), item(), zones, store))
    assert "out of memory" in result.graded.problem.en and result.graded.verdicts == ()
    assert points(result_of(item(), grade_item(Asked.of(key), item(), zones, store)))["net.score"]


def test_what_was_brought_back_is_judged_again_without_a_run(key, zones, store):
    for _ in range(2):
        result = result_of(item(), grade_item(Asked.of(key), item(), zones, store))
        assert points(result)["q1"] == 1.5
    assert zones.runs == 1


@pytest.mark.parametrize(
    "does",
    ["time.sleep(600)", "[x := 'x'] + [x := x * 2 for _ in range(40)]", "os.abort()", "[].pop()"],
)
def test_a_submission_that_the_judge_cannot_finish_is_its_own_problem(
    key, zones, monkeypatch, does
):
    """Its process sits there, wants too much memory, dies or raises; the next one is judged."""
    code = (
        "import os, sys, time; from grader.gradebook import judging\n"
        "judging.SECONDS, judging.MEMORY_MB, whole = 2, 500, judging.judged\n"
        f"judging.judged = lambda key, cells, *a: {does} if 'bad' in cells else whole(key, cells, *a)\n"
        "sys.exit(judging.main())"
    )
    line = ([sys.executable, "-c", code], {"PYTHONPATH": "."})
    monkeypatch.setattr(client.bwrap, "command", lambda *a, **k: line)
    monkeypatch.setattr(unit, "ATTEMPTS", 1)
    zones.judge = client.Zone("stand-in", (), None, False)
    bad = item(cells=("bad",))
    result = result_of(bad, grade_item(Asked.of(key), bad, zones))
    assert "the grader failed on it" in result.graded.problem.en
    judge = zones.judge._process
    assert points(result_of(item(), grade_item(Asked.of(key), item("next"), zones)))["q1"] == 1.5
    assert zones.judge._process is judge


class Alone:
    """Grades in one thread after the other; counts what is under way."""

    def __init__(self):
        self.under_way, self.most_seen, self.closed = 0, 0, False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True

    def most(self):
        return 3

    def look(self):
        pass

    def submit(self, asked, item, store):
        self.under_way += 1
        self.most_seen = max(self.most_seen, self.under_way)
        future = Future()

        def finish():
            self.under_way -= 1
            if item == "broken":
                future.set_exception(RuntimeError("no such luck"))
            else:
                future.set_result({"problem": "none"})

        threading.Timer(0.01, finish).start()
        return future


def graded(key, items, keep, monkeypatch, executor):
    monkeypatch.setattr(grade, "executor", lambda *a: executor)
    monkeypatch.setattr(grade, "result_of", lambda item, found: (item, found))
    grade_units(key, [(str(i), x) for i, x in enumerate(items)], Setting(HERE), keep)


def test_each_unit_is_kept_once_and_one_that_breaks_stops_no_other(key, monkeypatch):
    kept, executor = {}, Alone()
    graded(key, ["a", "broken", "c"] * 7, kept.__setitem__, monkeypatch, executor)
    assert sorted(kept, key=int) == [str(i) for i in range(21)]
    assert kept["1"] == ("broken", {"problem": "RuntimeError: no such luck"})
    assert executor.most_seen == 3 and executor.closed


def test_a_result_that_cannot_be_kept_ends_it_all(key, monkeypatch):
    def full(unit, result):
        raise OSError("disk full")

    executor = Alone()
    with pytest.raises(OSError, match="disk full"):
        graded(key, ["a"] * 20, full, monkeypatch, executor)
    assert executor.closed


def test_after_an_error_whoever_is_at_work_gives_up_at_once(key, monkeypatch):
    began = threading.Event()

    def slow(asked, item, zones, store, spent):
        began.set()
        while not zones.student._closed:
            time.sleep(0.01)
        return {"problem": "given up"}

    monkeypatch.setattr("grader.gradebook.executors.grade_item", slow)
    local = Local(Setting(HERE, jobs=2, sandboxed=False), key)
    with pytest.raises(KeyboardInterrupt), local:
        futures = [local.submit(None, i, None) for i in range(9)]
        assert began.wait(5)
        raise KeyboardInterrupt
    assert sum(f.cancelled() for f in futures) == 7
    assert all(f.done() for f in futures)

"""Submissions are measured and judged by as many threads as there is work for, each with its own room."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader.gradebook import grade
from grader.gradebook.grade import AHEAD, Setting, grade_units
from grader.gradebook.unit import Ran, Result


class Room:
    """A stand-in clean room; only the thread that launched it may use it."""

    def __init__(self, seconds):
        self.seconds, self.stopped, self.thread, self.measured = seconds, False, None, 0

    def launch(self):
        self.thread = threading.current_thread()

    def call(self, job, seconds):
        assert threading.current_thread() is self.thread and not self.stopped
        self.measured += 1
        time.sleep(self.seconds)
        return {"status": "ok", "values": {}}

    def stop(self):
        self.stopped = True


@pytest.fixture
def a_class(hidden_key, monkeypatch):
    """Grades `n` made-up submissions with `jobs` workers; the rooms that were made, and who was kept."""
    check = replace(
        hidden_key.checks[0], id="net.score", kind="clean", probe=None, held_out={"x": np.zeros(2)}
    )
    key = replace(hidden_key, checks=(check,))
    rooms, kept, started, most = [], Counter(), [], [0]
    worker = SimpleNamespace(start=lambda: None, stop=lambda: None)
    outcome = SimpleNamespace(cells=(), observations={})

    def run(asked, item, worker, store):
        started.append(item)
        most[0] = max(most[0], len(started) - kept.total())
        return Ran(None, outcome, 0.0)

    def finish(asked, item, ran, measures):
        recording = b"the same" if item == "twin" else str(item).encode()
        assert measures.of("net.score", {"net": recording}, {})["status"] == "ok"
        return Result(None, {})

    monkeypatch.setattr(grade, "student_worker", lambda *a, **k: worker)
    monkeypatch.setattr(grade, "run_item", run)
    monkeypatch.setattr(grade, "finish_item", finish)

    def graded(items, jobs, seconds, keep=lambda name: None):
        def room(*_):
            rooms.append(Room(seconds))
            return rooms[-1]

        monkeypatch.setattr(grade, "clean_worker", room)

        def one(name, result):
            keep(name)
            kept[name] += 1

        units = [(f"{i}", item) for i, item in enumerate(items)]
        grade_units(key, units, Setting(Path("."), jobs=jobs, sandboxed=False), one)
        assert most[0] <= AHEAD + 1  # the one that is kept just now is not counted yet
        assert kept == Counter(name for name, _ in units)
        return rooms

    graded.rooms = rooms
    return graded


def test_one_worker_has_one_room(a_class):
    (room,) = a_class(range(20), 1, 0.0)
    assert room.stopped and room.measured == 20


def test_rooms_come_as_submissions_wait_and_all_end(a_class):
    rooms = a_class(range(60), 3, 0.02)
    assert len(rooms) == 3 and all(room.stopped for room in rooms)
    assert sum(room.measured for room in rooms) == 60 and min(r.measured for r in rooms) > 5


def test_what_one_room_measured_the_others_know(a_class):
    rooms = a_class(["twin"] * 60, 3, 0.05)
    assert sum(room.measured for room in rooms) <= len(rooms)


def test_a_result_that_cannot_be_kept_ends_it_all(a_class):
    def full(name):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        a_class(range(60), 3, 0.02, full)
    until = time.monotonic() + 10
    while not all(room.stopped for room in a_class.rooms):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert sum(room.measured for room in a_class.rooms) < 60


def test_a_room_that_cannot_be_had_is_told(a_class, monkeypatch):
    def refuse(self):
        raise OSError("no process")

    monkeypatch.setattr(Room, "launch", refuse)
    with pytest.raises(OSError, match="no process"):
        a_class(range(3), 2, 0.0)

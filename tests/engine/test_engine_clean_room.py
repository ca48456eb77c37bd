"""The clean room is launched once a run, ahead of the first recording, and lives to measure it."""

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from grader.check.key import Check
from grader.check.text import Text
from grader.gradebook.unit import Measures
from grader.sandbox import client

ECHO = """
import os, sys
from grader.sandbox.channel import receive, send
send(1, {"ready": True})
while (job := receive(0)) is not None:
    send(1, {"status": "ok", "values": {"pid": os.getpid()}})
"""


@pytest.fixture
def room(monkeypatch):
    """A stand-in clean room without TensorFlow, which the kernel ends with the thread that made it."""
    code = "import ctypes, signal\nctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)\n" + ECHO
    line = [sys.executable, "-c", code]
    monkeypatch.setattr(client.sandbox, "command", lambda *a, **k: (line, {"PYTHONPATH": "."}))
    made = client.Worker("stand-in", [], None, False)
    yield made
    made.stop()


def key_with_a_clean_check(hidden_key):
    check = replace(
        hidden_key.checks[0], id="net.score", kind="clean", probe=None, held_out={"x": np.zeros(2)}
    )
    assert isinstance(check, Check) and isinstance(check.title, Text)
    return replace(hidden_key, checks=(check,))


def test_what_was_launched_ahead_is_what_measures(room, hidden_key):
    measures = Measures(lambda: room, None, key_with_a_clean_check(hidden_key))
    measures.warm_up()
    first = room._process.pid
    seen = measures.of("net.score", {"net": b"weights"}, {})
    assert seen == {"status": "ok", "values": {"pid": first}}
    assert measures.of("net.score", {"net": b"weights"}, {}) == seen  # known by then


def test_the_thread_that_launches_decides_how_long_a_worker_lives(room):
    """Why `warm_up` must not be given to a thread of its own."""
    thread = threading.Thread(target=room.start)
    thread.start()
    thread.join()
    first = room._process
    first.wait(timeout=20)
    room.start()
    assert room._process is not first and room.hello["ready"]


def test_a_worker_that_does_not_come_up_is_said_so_and_tried_again(room, monkeypatch):
    line = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    monkeypatch.setattr(client.sandbox, "command", lambda *a, **k: (line, {}))
    for _ in range(2):
        with pytest.raises(client.WorkerDied, match="no such thing"):
            room.start()
        assert room._process is None

"""Time that a process stood in the queue for a processor, which no limit counts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time

import pytest

from grader.notebook import waiting
from grader.notebook.waiting import AGE, MOST, Waiting, forgiven, waited
from grader.sandbox.server import _used


def busy_on_one_core() -> tuple[float, float]:
    """Two threads compute on one core while the main thread sleeps: (seconds, seconds waited)."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    began, before = time.monotonic(), waited()
    over = began + 1.0
    most = 0.0

    def compute() -> None:
        while time.monotonic() < over:
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 100_000)  # without the interpreter's lock

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    while time.monotonic() < over:
        time.sleep(0.05)
        most = max(most, waited() - before)
    for thread in threads:
        thread.join()
    return time.monotonic() - began, most


def test_threads_that_wait_count_while_the_main_one_sleeps() -> None:
    code = f"import sys; sys.path[:0] = {sys.path!r}\nfrom test_engine_waiting import *\n"
    code += "print(*busy_on_one_core())"
    here = os.path.dirname(__file__)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True
    )
    seconds, waiting = map(float, done.stdout.split())
    assert waiting > 0.4 * seconds  # one of the two always waits


def test_sleeping_is_not_waiting() -> None:
    before = waited()
    time.sleep(0.3)
    assert forgiven(waited() - before, 10.0) < 0.2


def test_waiting_adds_no_more_than_so_many_times_the_limit() -> None:
    assert forgiven(1000.0, 3.0) == MOST * 3.0


@pytest.mark.parametrize("pid", [2**22 + 1, "nobody"])
def test_a_process_that_is_gone_has_not_waited(pid: int | str) -> None:
    assert waited(pid) == 0.0


def test_a_reading_is_taken_again_when_it_is_old_or_must_be_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter([1.0, 2.0, 3.0])
    monkeypatch.setattr(waiting, "waited", lambda pid: next(readings))
    process = Waiting()
    assert [process.lately(), process.lately()] == [1.0, 1.0]
    assert process.now() == process.lately() == 2.0
    time.sleep(AGE + 0.05)
    assert process.lately() == 3.0


def test_memory_is_weighed_when_it_comes_near_what_is_allowed() -> None:
    """Before, all resident pages stand for it: never less, and far from the limit enough."""
    hold = "import sys; x = b'x' * (150 << 20); print(flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", hold], **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        far = _used(process.pid, None, 10_000.0)
        near = _used(process.pid, None, 160.0)
        process.communicate(b"")
    assert 150 < near.memory_mb < far.memory_mb < 200
    assert far.threads == near.threads == 1

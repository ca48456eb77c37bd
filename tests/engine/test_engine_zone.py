"""The grader's side of a zone: jobs at once, deaths, restarts; with a stand-in that needs no TensorFlow."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.sandbox import client

SERVER = """
import os, signal, sys, time
from grader.sandbox.channel import control_of_standard_input, receive, send, serve
control = control_of_standard_input()
send(control.fileno(), {"ready": True, "pid": os.getpid()})
def work(common, given):
    job = receive(given[0])
    if job.get("die"):
        os.kill(os.getppid() if job["die"] == "all" else os.getpid(), signal.SIGKILL)
        time.sleep(9)
    time.sleep(job.get("seconds", 0))
    if "meet" in job:
        open(os.path.join(job["meet"], str(job["n"])), "w").close()
        while len(os.listdir(job["meet"])) < 8:
            time.sleep(0.01)
    send(given[0], {"common": common, "n": job["n"], "server": os.getppid()})
serve(control, lambda common: [*common["are"], 1], work)
"""


@pytest.fixture
def zone(monkeypatch):
    line = [sys.executable, "-c", SERVER]
    monkeypatch.setattr(client.bwrap, "command", lambda *a, **k: (line, {"PYTHONPATH": "."}))
    made = client.Zone("stand-in", (), None, False)
    yield made
    made.close()


def test_jobs_at_once_each_get_their_own_answer(zone, tmp_path):
    """Each waits until all have begun."""
    shared = {"are": [0]}
    with ThreadPoolExecutor(8) as threads:
        jobs = [{"n": n, "meet": str(tmp_path)} for n in range(8)]
        found = list(threads.map(lambda job: zone.call(job, 60, shared), jobs))
    assert [f["n"] for f in found] == list(range(8))
    assert {tuple(f["common"]) for f in found} == {(0, 1)}
    assert len({f["server"] for f in found}) == 1


def test_what_jobs_have_in_common_can_change(zone):
    first, second = {"are": [1]}, {"are": [2]}
    for shared in (first, second, first):
        assert zone.call({"n": 0}, 20, shared)["common"] == [*shared["are"], 1]


def test_a_job_that_dies_takes_no_other_with_it(zone):
    server = zone.call({"n": 0}, 20, {"are": []})["server"]
    with pytest.raises(client.WorkerDied):
        zone.call({"n": 1, "die": "self"}, 20)
    assert zone.call({"n": 2}, 20)["server"] == server


def test_a_server_that_dies_is_started_again(zone):
    server = zone.start()["pid"]
    with pytest.raises(client.WorkerDied):
        zone.call({"n": 1, "die": "all"}, 20)
    found = zone.call({"n": 2}, 20, {"are": [5]})
    assert found["server"] != server and found["common"] == [5, 1]


def test_patience_ends(zone):
    zone.start()
    with pytest.raises(client.WorkerDied, match="in time"):
        zone.call({"n": 1, "seconds": 600}, 0.3)


def test_who_waits_when_it_is_closed_is_told(zone):
    pid = zone.start()["pid"]
    threading.Timer(0.3, zone.close).start()
    with pytest.raises(client.WorkerDied):
        zone.call({"n": 1, "seconds": 30}, 60)
    with pytest.raises(client.WorkerDied, match="closed"):
        zone.call({"n": 2}, 60)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_one_that_does_not_come_up_is_said_so_and_tried_again(zone, monkeypatch):
    line = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    monkeypatch.setattr(client.bwrap, "command", lambda *a, **k: (line, {}))
    for _ in range(2):
        with pytest.raises(client.WorkerDied, match="no such thing"):
            zone.start()

"""Nothing passes from one submission to the next, whatever the first did; nor between zones."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from attacks import FULL, inhabitants, settled

from grader.sandbox.bwrap import room

MARK = "the-first-students-own-words-" + "7f3a"

SEARCH = """
import re
mark = b"the-first-students-" + b"own-words-"
own, found = id(mark), 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        place, rights, *_, name = line.split(None, 5)
        if "r" not in rights or name.startswith("[v"): continue
        if name.startswith("/") and "w" not in rights: continue  # a library, as it is on disk
        first, last = (int(x, 16) for x in place.split("-"))
        kept = b""  # a mark may lie across two parts
        for at in range(first, last, 1 << 24):
            try:
                memory.seek(at)
                data = kept + memory.read(min(1 << 24, last - at))
            except (OSError, ValueError, OverflowError):
                break
            found += len(re.findall(mark + b"[0-9a-f]{4}", data))
            kept = data[-len(mark) - 3 :]
print("found", found)
"""


def test_no_trace_of_the_submission_before(zone):
    first = [*zone.solution, f"kept = {MARK!r} * 1000\nprint(kept)", f"lab.answer('q2', {MARK!r})"]
    recordings = {"model": MARK.encode() * 1000}
    assert zone.run(first, recordings).points == FULL - 1.5
    ran = zone.run([SEARCH])
    assert ran.cells[0].text.strip() == "found 0", ran.cells[0]


def test_the_search_finds_what_is_there(zone):
    ran = zone.run([f"kept = {MARK!r}", SEARCH])
    assert int(ran.cells[1].text.split()[-1]) > 0


POISON = """
import builtins, json, os, sys, numpy as np, signal, gc
import grader.check.observe as o, grader.check.tree as t, grader.notebook.runner as z, grader.sandbox.channel as c
for module in (o, t, z, c):
    for name in dir(module):
        if not name.startswith("__"): setattr(module, name, None)
np.ndarray.__class__; np.sum = np.exp = None
builtins.print = builtins.len = None
for path in ("/tmp/numpy.py", "/dev/shm/numpy.py", "/kit/numpy.py"):
    try:
        with open(path, "w") as f: f.write("1/0")
    except OSError: pass
os.environ.clear()
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
os.umask(0o777)
os.nice(19)
"""


@pytest.mark.parametrize("times", [1, 3])
def test_a_poisoned_process_does_not_touch_the_worker(zone, times):
    process = zone.student._process
    for _ in range(times):
        assert zone.run([*zone.blank, POISON]).points == 0.0
    honest = zone.honest()
    assert honest.points == FULL and all(c.status == "ok" for c in honest.cells)
    assert zone.student._process is process


def test_files_of_the_submission_before_are_gone(zone):
    places = f"('{room()}', '/dev/shm')"
    zone.run([f"for p in {places}:\n    with open(p + '/x', 'w') as f: f.write('x')"])
    ran = zone.run([f"import os\nprint(*[os.listdir(p) for p in {places}])"])
    assert ran.cells[0].text.strip() in ("[] []", "['ipython'] []")


def test_processes_of_the_submission_before_are_gone(zone):
    zone.honest()
    before = settled(zone.student)
    assert len(before) > 1, "bubblewrap's own process, the warm one"
    zone.run(["import os, time\nfor _ in range(5):\n    if os.fork() == 0: time.sleep(600)"])
    until = time.monotonic() + 5
    while inhabitants(zone.student) != before and time.monotonic() < until:
        time.sleep(0.05)  # the fork that answered is on its way out
    assert inhabitants(zone.student) == before


@pytest.mark.parametrize("victim", ["sandbox", "worker"])
def test_a_killed_worker_is_started_again(zone, victim):
    from grader.sandbox.client import WorkerDied

    zone.honest()
    pid = zone.student._process.popen.pid
    if victim == "worker":
        pid = max(settled(zone.student))
    os.kill(pid, signal.SIGKILL)
    for _ in range(2):
        try:
            ran = zone.honest()
            break
        except WorkerDied:
            continue
    assert ran.points == FULL


def test_ten_thousand_cells(zone):
    cells = ["x = 1"] * 10_000
    ran = zone.run([*zone.solution, *cells])
    assert len(ran.cells) == len(zone.solution) + 10_000
    assert ran.points > 0
    limited = [c for c in ran.cells if c.status == "skipped"]
    if limited:  # a slow machine: the limit is named, and the first cells counted
        assert dict(limited[0].error)["limit"] in ("seconds", "cpu")
    assert ran.points == FULL


def test_many_cells_that_print_much(zone):
    ran = zone.run([*zone.solution, *["print('x' * 10**6)"] * 300])
    assert ran.points == FULL
    assert sum(len(c.text) for c in ran.cells) < 3_000_000


def test_every_function_kills_the_process(zone):
    """Each probe takes the process down; each is left out in turn, and all of them are named."""
    names = ("row_mean", "standardise", "softmax", "pick")
    cell = "import os\n" + "\n".join(f"def {n}(*a): os._exit(3)" for n in names)
    cells = ["from grader import Lab, todo\nlab = Lab('mini')", cell, "lab.answer('q1', 7)"]
    ran = zone.run(cells)
    assert ran.points == 1.5
    statuses = {k: v.status for k, v in ran.verdicts.items()}
    assert statuses["mean.values"] == statuses["draw.distribution"] == "limit"
    assert "exit 3" in ran.verdicts["softmax.values"].message.en


def test_cells_that_kill_the_process_one_after_another(zone):
    """More of them than there are tries: what comes before still counts."""
    cells = [*zone.solution, *["import os\nos._exit(1)"] * 30]
    ran = zone.run(cells)
    assert ran.points == FULL
    assert {c.status for c in ran.cells[-30:]} == {"limit", "skipped"}


def test_attempts_share_one_deadline(zone):
    """Each of these cells takes a second and its process down: in four seconds no more than five are tried."""
    cells = [*zone.solution, *["import os, time\ntime.sleep(1)\nos._exit(1)"] * 300]
    ran = zone.run(cells, limits=replace(zone.key.limits, seconds=4, training_seconds=0))
    died = [c.status for c in ran.cells[len(zone.solution) :]]
    assert set(died) == {"limit", "skipped"} and died.count("limit") <= 5


BESIDE = """
import os, socket, subprocess, time
loud = socket.socket(socket.AF_UNIX)
loud.bind("\\0the-neighbours-socket")
loud.listen()
tcp = socket.socket()
tcp.bind(("127.0.0.1", 0))
tcp.listen()
subprocess.Popen(["/usr/bin/sleep", "31.4159"])
open("mark-of-the-neighbour", "w").close()
open("/dev/shm/mark-of-the-neighbour", "w").close()
time.sleep(1.5)
print("here")
"""
AROUND = """
import os, socket, time
found = set()
until = time.time() + 1.4
while time.time() < until:
    for name in filter(str.isdigit, os.listdir("/proc")):
        try: found.add(open(f"/proc/{name}/cmdline").read().replace(chr(0), " ")[:400])
        except OSError: pass
    for name in ("unix", "tcp", "tcp6", "udp"):
        found |= {line.split()[-1] for line in open(f"/proc/net/{name}").read().splitlines()[1:]}
    found |= set(os.listdir()) | set(os.listdir("/dev/shm"))
    for kind in (os.kill, os.getpgid):
        for pid in range(2, 60):
            try: kind(pid, 0) if kind is os.kill else kind(pid); found.add(f"reached {pid}")
            except OSError: pass
    try: socket.socket(socket.AF_UNIX).connect("\\0the-neighbours-socket"); found.add("connected")
    except OSError: pass
    time.sleep(0.05)
print("\\n".join(sorted(found)))
"""


def test_submissions_that_run_side_by_side_see_nothing_of_each_other(zone):
    with ThreadPoolExecutor(2) as threads:
        beside, around = threads.map(lambda cell: zone.run([cell]), (BESIDE, AROUND))
    assert beside.cells[0].text.strip() == "here", beside.cells
    assert around.cells[0].status == "ok", around.cells
    seen = around.cells[0].text
    for trace in ("neighbour", "31.4159", "reached", "connected"):
        assert trace not in seen, seen
    assert seen.count("grader.sandbox.server") == 1, "its own"

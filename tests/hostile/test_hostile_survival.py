"""Killed, starved of disk, shut out, run twice: nothing is lost, nothing counts twice."""

import csv
import os
import random
import resource
import signal
import sqlite3
import subprocess
import time

import pytest
from courses import grade, hand_in, make_course, start

from grader.gradebook.store import locked
from grader.sandbox import bwrap

# Random moments at which the command is killed: few by default; GRADER_KILLS=50 for a long night.
KILLS = int(os.environ.get("GRADER_KILLS", "8"))

pytestmark = pytest.mark.skipif(bwrap.problem() is not None, reason=str(bwrap.problem()))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "class"
    names = hand_in(folder, 12)
    return folder, names


@pytest.fixture(scope="module")
def undisturbed(course, handed_in, tmp_path_factory):
    """The gradebook of a run that nothing disturbs, and how long it takes."""
    out = tmp_path_factory.mktemp("undisturbed")
    began = time.monotonic()
    code, said = grade(course, handed_in[0], out)
    assert code == 0, said
    return (out / "mini" / "gradebook.csv").read_bytes(), time.monotonic() - began


def units(out):
    """How often each content was graded, and the students entered, as the database has them."""
    with sqlite3.connect(out / "gradebook.sqlite") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        graded = [row[0] for row in db.execute("SELECT id FROM units")]
        entered = [row[0] for row in db.execute("SELECT student FROM (SELECT "
                   "json_extract(person, '$.student') AS student FROM entries)")]  # fmt: skip
        log = [row[0] for row in db.execute("SELECT student_id FROM log")]
    db.close()
    return graded, entered, log


def whole(out, names, expected):
    graded, entered, log = units(out)
    assert len(graded) == len(set(graded)) == len(names)
    assert sorted(entered) == sorted(names)
    assert sorted(log) == sorted(names)  # each mark was entered once
    assert (out / "mini" / "gradebook.csv").read_bytes() == expected


def test_killed_at_random_moments(course, handed_in, undisturbed, tmp_path):
    folder, names = handed_in
    expected, seconds = undisturbed
    chance = random.Random(1)
    killed = 0
    for _ in range(KILLS):
        process = start(course, folder, tmp_path / "out")
        try:
            process.communicate(timeout=chance.uniform(0.05, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            killed += 1
            process.kill()
            process.communicate()
        if (tmp_path / "out" / "gradebook.sqlite").is_file():
            try:
                graded, _, _ = units(tmp_path / "out")
            except sqlite3.OperationalError:  # killed before the tables were there
                continue
            assert len(graded) == len(set(graded)) <= len(names)
    assert killed
    code, said = grade(course, folder, tmp_path / "out")
    assert code == 0, said
    whole(tmp_path / "out", names, expected)
    assert not orphans()


def orphans():
    """Sandboxes whose grader is gone."""
    until = time.monotonic() + 5
    while True:
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    line = file.read()
                with open(f"/proc/{name}/stat") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if b"grader.sandbox.server" in line and b"mini" in line and parent == 1:
                found.append(int(name))
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.1)


def test_workers_and_sandboxes_killed_while_grading(course, handed_in, undisturbed, tmp_path):
    folder, names = handed_in
    chance = random.Random(2)
    process = start(course, folder, tmp_path / "out")
    killed = 0
    while process.poll() is None and killed < 6:
        time.sleep(chance.uniform(0.05, 0.25))
        for pid in sandboxes_of(process.pid)[:1]:
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    said, errors = process.communicate(timeout=180)
    assert killed
    # Two deaths in a row can cost a submission its grade; it is listed, and graded by the next run.
    assert process.returncode in (0, 1), said + errors
    code, said = grade(course, folder, tmp_path / "out")
    assert code == 0, said
    whole(tmp_path / "out", names, undisturbed[0])


def sandboxes_of(pid):
    """Its zones and what runs in them; not those that read the submissions before."""
    found, more = [], [pid]
    while more:
        parent = more.pop()
        for task in task_ids(parent):
            try:
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    children = [int(x) for x in file.read().split()]
            except OSError:
                continue
            found += filter(is_zone, children)
            more += children
    return found


def is_zone(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            line = file.read()
    except OSError:
        return False
    return b"grader.sandbox" in line or b"grader.gradebook.judging" in line


def task_ids(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def test_disk_full(course, handed_in, undisturbed, tmp_path):
    """As far as the grader can tell: no file may grow beyond some kilobytes."""
    folder, names = handed_in

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    code, said = grade(course, folder, tmp_path / "out", preexec_fn=small)
    assert code != 0
    assert "Traceback" not in said
    assert said.strip().splitlines()[-1].startswith("grader: ")
    code, said = grade(course, folder, tmp_path / "out")
    assert code == 0, said
    whole(tmp_path / "out", names, undisturbed[0])


def test_output_folder_that_cannot_be_written(course, handed_in, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, said = grade(course, handed_in[0], tmp_path / "file")
    assert code == 2
    assert "Traceback" not in said
    assert "impossible d'y écrire" in said.strip().splitlines()[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_output_folder(course, handed_in, tmp_path):
    (tmp_path / "out").mkdir(mode=0o555)
    code, said = grade(course, handed_in[0], tmp_path / "out")
    assert code == 2
    assert "impossible d'y écrire" in said.strip().splitlines()[-1]


def test_two_graders_on_one_folder(course, handed_in, undisturbed, tmp_path):
    """The second is turned away with one line; the first is not disturbed."""
    folder, names = handed_in
    out = tmp_path / "out"
    first, second = (start(course, folder, out) for _ in range(2))
    results = [(p.communicate(timeout=180), p.returncode) for p in (first, second)]
    codes = sorted(code for _, code in results)
    assert codes[0] == 0
    if codes[1] == 2:
        said = next("".join(texts) for texts, code in results if code == 2)
        assert "un autre grader y travaille" in said
    else:  # one was done before the other began
        assert codes == [0, 0]
    whole(out, names, undisturbed[0])


def test_the_lock_is_exclusive_and_let_go(tmp_path):
    from grader.gradebook.store import StoreError

    with locked(tmp_path), pytest.raises(StoreError, match="another grader"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_one_job_and_all_give_the_same_gradebook(course, handed_in, undisturbed, tmp_path):
    code, said = grade(course, handed_in[0], tmp_path / "out", jobs=1)
    assert code == 0, said
    assert (tmp_path / "out" / "mini" / "gradebook.csv").read_bytes() == undisturbed[0]
    rows = list(csv.DictReader(undisturbed[0].decode("utf-8-sig").splitlines()))
    by_student = {r["student"]: float(r["total"]) for r in rows}
    assert by_student["solution"] == 20.0
    assert by_student["blank"] == 0.0


def test_honest_grades_do_not_depend_on_the_company_they_keep(course, undisturbed, tmp_path):
    """A class with hostile ones in it: every honest grade as in a class without them."""
    from attacks import HARMS

    wanted = ("os-exit", "segfault", "fork-many", "fill-memory", "delete-everything",
              "kill-everybody", "invalid-unicode", "flood-the-channel", "block-signals")  # fmt: skip
    hostile = [(f"hostile-{a.id}", a.cell) for a in HARMS if a.id in wanted]
    scripts = "from IPython.display import HTML\nprint('<script>alert(1)</script>')\nraise ValueError('<img src=x onerror=alert(2)>')"
    names = hand_in(tmp_path / "class", extra=[*hostile, ("hostile-script", scripts)])
    code, said = grade(course, tmp_path / "class", tmp_path / "out")
    assert code == 0, said
    alone = {
        r["student"]: r for r in csv.DictReader(undisturbed[0].decode("utf-8-sig").splitlines())
    }
    rows = list(
        csv.DictReader(
            (tmp_path / "out" / "mini" / "gradebook.csv").read_text("utf-8-sig").splitlines()
        )
    )
    together = {r["student"]: r for r in rows}
    assert set(together) == set(names)
    for student, row in alone.items():
        assert together[student] == row
    for page in (tmp_path / "out" / "mini" / "feedback").glob("*.html"):
        text = page.read_text("utf-8")
        assert "<script>alert" not in text and "<img src=x" not in text
    page = (tmp_path / "out" / "mini" / "feedback" / "hostile-script.html").read_text("utf-8")
    assert "&lt;img src=x" in page  # shown, not run

"""A simulated class, and that its truth is true."""

import csv
import hashlib
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from grader.authoring.simulate import Anatomy, _kinds, simulate
from grader.authoring.source import load_lab
from grader.authoring.spec import AuthorError
from grader.check.recording import Recording
from grader.intake import collect

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert len({r["student"] for r in found}) == len(found)
    return {r["student"]: r for r in found}


def tree(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    out = tmp_path_factory.mktemp("sim") / "class"
    return simulate(MINI, 120, 7, out)


def by_name(found):
    """Submissions by name; namesakes have their identifiers behind it, as in the gradebook."""
    names = Counter(s.student for s in found)
    return {
        s.student if names[s.student] == 1 else f"{s.student} ({s.student_id})": s for s in found
    }


def test_columns_and_students_are_the_gradebooks(hundred):
    truth = rows(hundred)
    checks = list(load_lab(MINI).spec.checks)
    assert list(next(iter(truth.values()))) == ["student", *checks, "total"]
    found = by_name(collect(hundred.parent, None, known=["mini"]))
    assert set(found) == set(truth)
    assert len(found) == 120
    refused = {name for name, s in found.items() if s.problem is not None}
    made_of = {k: v["made_of"] for k, v in rows(hundred.parent / "made_of.csv").items()}
    zero = {s for s, r in truth.items() if float(r["total"]) == 0}
    assert refused
    assert refused <= zero
    assert all(made_of[s].startswith("unfinished") for s in zero - refused)


def test_totals_add_up_and_never_exceed_the_maximum(hundred):
    for row in rows(hundred).values():
        points = [float(v) for k, v in row.items() if k not in ("student", "total")]
        assert float(row["total"]) == min(20.0, sum(points))


def test_a_class_has_everything(hundred):
    made_of = [r["made_of"] for r in rows(hundred.parent / "made_of.csv").values()]
    names = set(rows(hundred))
    lab = load_lab(MINI)
    for mutant in lab.mutants:
        assert any(f"mutant {mutant.id}" in m for m in made_of), mutant.id
    for variant in lab.variants:
        assert any(f"variant {variant.id}" in m for m in made_of), variant.id
    for word in (
        " & ",
        "unfinished",
        "before:",
        "truncated",
        "zip-bomb",
        "endless-loop",
        "other-lab",
    ):
        assert any(word in m for m in made_of), word
    folders = [p.name for p in (hundred.parent / "submissions").iterdir()]
    assert any(f.endswith("file") for f in folders)
    assert any(unicodedata.normalize("NFC", f) != f for f in folders)
    assert any("'" in n for n in names)
    assert any(n.endswith(")") for n in names), "two students of one name"


def test_same_arguments_same_files_and_other_seed_other_files(tmp_path):
    a, b, c = (simulate(MINI, 25, s, tmp_path / n) for n, s in (("a", 3), ("b", 3), ("c", 4)))
    assert tree(a.parent) == tree(b.parent)
    assert tree(a.parent) != tree(c.parent)
    simulate(MINI, 25, 4, tmp_path / "a")
    assert tree(a.parent) == tree(c.parent)


def test_other_peoples_folders_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(AuthorError, match="holds something else"):
        simulate(MINI, 3, 1, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 60, 601])
def test_every_size_of_class(n):
    kinds = _kinds(np.random.default_rng(n), n)
    assert len(kinds) == n


def test_small_classes(tmp_path):
    for n in (1, 2, 5):
        truth = simulate(MINI, n, n, tmp_path / str(n))
        assert len(rows(truth)) == n
        assert len(collect(tmp_path / str(n))) == n


def test_what_depends_on_what():
    anatomy = Anatomy(load_lab(MINI))
    assert anatomy.with_dependents({"mean"}) == {"mean", "standardise"}
    assert anatomy.with_dependents({"softmax", "counting"}) == {"softmax", "counting"}
    assert anatomy.lost_with({"mean"}) == {"mean.values", "mean.by_hand"}
    assert anatomy.lost_with({"scores", "draw"}) == {"q2", "q3", "draw.distribution"}


NOTEBOOK = """# %% role="setup"
from grader import Lab, todo

lab = Lab("trained")

# %% exercise="a"
def part():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION

# %% exercise="b"
def build(wide=False):
    ### BEGIN SOLUTION
    if wide:
        return 2 * part()
    return 3
    ### END SOLUTION

# %% exercise="c"
def alone():
    ### BEGIN SOLUTION
    return 5
    ### END SOLUTION

# %%
model = build()
model.fit(callbacks=[lab.record("net")])
"""
CHECKS = """
from grader.authoring import LabSpec, Metric

lab = LabSpec(__file__, "t", "t", recordings=["net"])
for name, function in (("a", "part"), ("b", "build"), ("c", "alone")):
    exercise = lab.exercise(name, name, "t", "t", function)
    exercise.check("value", 5, "t", "t")(lambda draw, student, f=function: getattr(student, f)())
train = lab.exercise("train", "t", "t", "t")
train.question("essay", 1, "t", "t", type="text")
train.clean("net.score", 4, "t", "t", recording="net", expect={"y": Metric("accuracy", 0.5, 0.9)},
            data=lambda draw: ({}, {}))(lambda recording, inputs: {})
"""


@pytest.fixture
def trained(tmp_path):
    lab = tmp_path / "trained"
    (lab / "recordings").mkdir(parents=True)
    (lab / "notebook.py").write_text(NOTEBOOK)
    (lab / "checks.py").write_text(CHECKS)
    weights = {"d/kernel": np.ones((3, 2), np.float32), "d/bias": np.ones(2, np.float32)}
    data = Recording("trained", "net", weights).to_bytes()
    (lab / "recordings" / "net.safetensors").write_bytes(data)
    return lab


def test_training_depends_on_what_it_calls(trained):
    anatomy = Anatomy(load_lab(trained))
    assert anatomy.untrained_with({"a"}) == {"net"}, "through build"
    assert anatomy.untrained_with({"c"}) == frozenset()


def test_recordings_and_their_points(trained, tmp_path):
    truth = rows(simulate(trained, 160, 1, tmp_path / "out"))
    made_of = {k: v["made_of"] for k, v in rows(tmp_path / "out" / "made_of.csv").items()}
    found = by_name(collect(tmp_path / "out", None, known=["trained"]))
    assert set(truth) == set(found)
    seen = set()
    for student, row in truth.items():
        what, submission = made_of[student], found[student]
        assert row["essay"] == "0", "a person must read it"
        if submission.problem is not None:
            assert float(row["total"]) == 0
        elif what.startswith("unfinished"):
            opened = what.split(":")[1].split("+")[0]
            lost = any(e in opened.replace(" ", "").split(",") for e in "ab")
            assert (row["net.score"] == "0") == lost
            assert ("net" in submission.recordings()) == (not lost)
        elif "recording" in what:
            seen.add(what.split(",")[0])
            assert row["net.score"] == "0"
            assert row["a.value"] == "5"
        else:
            assert (row["net.score"], "net" in submission.recordings()) == ("4", True)
        if "net" not in submission.recordings() and submission.problem is None:
            code = "\n".join(submission.sources)
            assert 'lab.record("net' not in code or "# model.fit" in code
    assert seen == {"missing-recording", "recording-cut-short", "recording-other-shapes"}


def test_missing_reference_recording_is_said(trained, tmp_path):
    shutil.rmtree(trained / "recordings")
    with pytest.raises(AuthorError, match="no reference recording of net; run grader validate"):
        simulate(trained, 3, 1, tmp_path / "out")


def test_the_grader_agrees_check_by_check(tmp_path):
    """The whole way: folders, workers, judge, gradebook."""
    from grader.cli.grading import run
    from grader.gradebook.executors import Setting

    course = tmp_path / "course"
    shutil.copytree(MINI, course / "solutions" / "mini")
    (course / "labs").mkdir()
    path = simulate(course / "solutions" / "mini", 45, 11, tmp_path / "class")
    setting = Setting(course, course / "data", 2, sandboxed=False)
    run(course, path.parent, tmp_path / "out", None, setting)
    truth, graded = rows(path), rows(next((tmp_path / "out").rglob("gradebook.csv")))
    made_of = rows(path.parent / "made_of.csv")
    assert set(truth) == set(graded)
    different = [
        (made_of[s]["made_of"], column, row[column], graded[s][column])
        for s, row in truth.items()
        for column in row
        if column != "student" and float(row[column]) != float(graded[s][column] or 0)
    ]
    assert different == []
    # Who has no mark has empty cells, never zeros.
    refused = [s for s in graded if graded[s]["status"] == "not_graded"]
    assert refused and not any(graded[s][c] for s in refused for c in truth[s] if c != "student")

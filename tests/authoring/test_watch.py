"""`grader watch`: solution, stub and mutants judged without a training, and the page that it shows."""

import shutil
from pathlib import Path

import pytest

from grader.authoring.compile import compile_key
from grader.authoring.contracts import contradictions
from grader.authoring.new import new_lab
from grader.authoring.source import load_lab
from grader.authoring.watch import look, shown


@pytest.fixture(scope="module")
def rings(tmp_path_factory):
    course = tmp_path_factory.mktemp("course")
    new_lab(course, "rings")
    return load_lab(course / "solutions" / "rings")


@pytest.fixture(scope="module")
def key(rings):
    return compile_key(rings)


def changed(rings, tmp_path, file, old, new):
    folder = Path(shutil.copytree(rings.dir, tmp_path / "solutions" / "rings"))
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")
    return load_lab(folder)


def test_a_sound_lab_has_no_fault(rings, key):
    tried = list(look(rings, key))
    assert [t.name for t in tried] == ["solution", "stub", "over-columns", "overflow", "base-2"]
    assert [t.faults for t in tried] == [()] * 5
    solution, stub, columns, *_ = (t.verdicts for t in tried)
    assert {v.status for v in solution.values()} == {"right"} and len(solution) == 4
    assert {v.status for v in stub.values()} <= {"todo", "missing"}
    assert columns["softmax.values"].diagnosis == "over-columns"


def test_a_mutant_that_is_not_as_declared_is_told(rings, key, tmp_path):
    lab = changed(rings, tmp_path, "checks.py", 'loses=["large"]', 'loses=["values"]')
    faults = {t.name: t.faults for t in look(lab, key)}
    assert faults["overflow"][0] == "keeps softmax.values"
    assert faults["overflow"][1].startswith("also loses softmax.large: ")
    assert faults["over-columns"] == ()


def test_where_the_solution_fails_no_mutant_is_tried(rings, key, tmp_path):
    lab = changed(
        rings, tmp_path, "notebook.py", "return weights / weights.sum", "return 2 * weights.sum"
    )
    tried = list(look(lab, key))
    assert [t.name for t in tried] == ["solution", "stub"]
    assert any(f.startswith("softmax.values is wrong") for f in tried[0].faults)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("float32 (n, k), in [0, 1]", "float32 (k, n), in [0, 1]", "has shape"),
        ("float32 (n, k), in [0, 1]", "float32 (n, k), in [0, 100]", "is said to be in [0, 100]"),
        ("float32 (n, k), in [0, 1]", "float64 (n, k), in [0, 1]", "is float32, not float64"),
        ("| (n, k): k scores", "| (k, n): k scores", "(n, k) in the docstring"),
        ("| (n, k) : k scores", "| (k, n) : k scores", "(k, n) is not in the English text"),
    ],
)
def test_prose_that_is_not_so_is_told(rings, key, tmp_path, old, new, said):
    assert contradictions(rings, key) == []
    found = contradictions(changed(rings, tmp_path, "notebook.py", old, new), key)
    assert any(said in line for line in found), found


def test_the_page_is_the_students_with_the_verdicts_under_the_check(rings, key):
    page = shown(rings, key, list(look(rings, key)), "fr")
    assert "raise</span> <span" in page or "todo" in page
    assert "keepdims" not in page.split("<body")[1].split("over-columns")[0]
    assert "Question 1" in page and "<summary>overflow ✓✗✓</summary>" in page
    assert page.index("lab</span>") < page.index("<summary>solution ✓✓")
    assert "http-equiv" in page

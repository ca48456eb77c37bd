"""The commands as a person types them, on a course that holds the mini lab."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import grader

MINI = Path(__file__).parent / "fixtures" / "mini"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(MINI, folder / "solutions" / "mini")
    (folder / "labs").mkdir()
    grader(folder, "build", "mini", "--no-execute")
    return folder


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from grader.cli import main;"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0;"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'msgspec', 'rich', 'jupytext'};"
        "found = heavy & set(sys.modules); assert not found, found"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_class_from_end_to_end_gets_what_it_must(course: Path) -> None:
    grader(course, "simulate", "mini", "--students", "30", "--seed", "7", "--out", "class")
    said = grader(course, "grade", "class", "--lab", "mini", "--out", "out", "--lang", "en", code=1)
    assert "could not be graded" in said
    truth = {r["student"]: r for r in _rows(course / "class" / "truth.csv")}
    grades = {r["student"]: r for r in _rows(course / "out" / "mini" / "gradebook.csv")}
    assert truth.keys() == grades.keys()
    for student, row in truth.items():
        for column, points in row.items():
            if column != "student":
                # Who has no mark has no zero either.
                assert float(grades[student][column] or 0) == pytest.approx(float(points)), (
                    student, column,
                )  # fmt: skip
    pages = list((course / "out" / "mini" / "feedback").glob("*.html"))
    assert len(pages) == len(truth)
    results = [
        json.loads(p.read_text()) for p in (course / "out" / "mini" / "results").glob("*.json")
    ]
    assert len(results) == len(truth)
    assert all({"score", "tests", "output"} <= r.keys() for r in results)
    assert (course / "out" / "mini" / "class.html").read_text().lower().count("<script") == 1
    assert "mini/class.html" in (course / "out" / "index.html").read_text()


def test_a_second_run_does_nothing_again(course: Path) -> None:
    grader(course, "simulate", "mini", "--students", "4", "--seed", "2", "--out", "few")
    grader(course, "grade", "few", "--lab", "mini", "--out", "again", "--lang", "en", code=(0, 1))
    before = (course / "again" / "mini" / "gradebook.csv").read_text()
    said = grader(
        course, "grade", "few", "--lab", "mini", "--out", "again", "--lang", "en", code=(0, 1)
    )
    assert "0 graded now" in said
    assert (course / "again" / "mini" / "gradebook.csv").read_text() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("grade", "nowhere"), "nowhere"),
        (("validate", "mimi"), "no lab 'mimi'"),
        (("build", "mimi"), "known: mini"),
        (("simulate", "mimi", "--out", "x"), "no lab 'mimi'"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(course: Path, words: tuple[str, ...], says: str) -> None:
    said = grader(course, *words, code=2).strip()
    assert said.startswith("grader: ") and "\n" not in said
    assert says in said


def test_build_check_sees_what_is_stale(course: Path, tmp_path: Path) -> None:
    copy = tmp_path / "course"
    shutil.copytree(course, copy, ignore=shutil.ignore_patterns("out", "class", ".grader"))
    notebook = copy / "labs" / "fr" / "mini.ipynb"
    said = grader(copy, "build", "--check", code=1)
    assert "labs/fr/mini.ipynb" not in said
    notebook.write_text(notebook.read_text().replace("row_mean", "row_means", 1))
    assert "stale: labs/fr/mini.ipynb" in grader(copy, "build", "--check", code=1)


NOT_WRONG = """
mean.mutant("right-after-all", ["values"], named="",
    change="def row_mean(x):\\n    return np.asarray(x).mean(axis=1)\\n")
mean.mutant("says-too-little", ["values"], named="",
    change="def row_mean(x):\\n    return x[:, 0] * 0\\n")
mean.mutant("says-another", ["values"], named="not-divided",
    change="def row_mean(x):\\n    n, d = x.shape\\n    return (x @ np.ones(d)) / n\\n")
"""
NOT_RIGHT = """
variants += [Variant("wrong-after-all", "off by one", code={
    "mean": "def row_mean(x):\\n    return x.sum(axis=1) / (x.shape[1] + 1)\\n"})]
"""


def test_a_proof_says_what_does_not_hold(course: Path, tmp_path: Path) -> None:
    copy = tmp_path / "course"
    shutil.copytree(course, copy, ignore=shutil.ignore_patterns("out", "class"))
    assert "does not hold" not in grader(copy, "validate", "mini")
    for name, more in (("checks.py", NOT_WRONG), ("variants.py", NOT_RIGHT)):
        with (copy / "solutions" / "mini" / name).open("a") as file:
            file.write(more)
    first, *_, last = grader(copy, "validate", "mini", "--json", code=1).splitlines()
    found = json.loads(first)
    assert found["ok"] is False and not found["other"]
    assert found["mutants"]["total"] - found["mutants"]["caught"] == 2
    assert found["mutants"]["total"] - found["mutants"]["named"] == 1
    right, little, false, another = found["mutants"]["failures"]
    assert right == "right-after-all: keeps mean.values"
    assert little.startswith("says-too-little: also loses mean.by_hand")
    assert false == "says-another: is falsely called divided-by-rows"
    assert another.startswith("says-another: named ['") and another.endswith(", not not-divided")
    (wrong,) = found["variants"]["failures"]
    assert wrong.startswith("variant wrong-after-all: mean.values")
    assert last.startswith("mini does not hold: right-after-all: keeps mean.values (and ")


def test_the_release_holds_no_solution(course: Path) -> None:
    grader(course, "release", "--out", "labs.zip")
    with zipfile.ZipFile(course / "labs.zip") as archive:
        names = archive.namelist()
        everything = b"\n".join(archive.read(n) for n in names)
    assert any(n.endswith("labs/fr/mini.ipynb") for n in names)
    assert not [n for n in names if "solutions" in n or "authoring" in n or "zones" in n]
    checks = (MINI / "checks.py").read_text()
    secret = [x.strip() for x in checks.splitlines() if len(x.strip()) > 30 and "import" not in x]
    assert len(secret) > 50 and not [x for x in secret if x.encode() in everything]
    assert b"BEGIN SOLUTION" not in everything


def test_a_release_waits_for_notebooks_that_the_settings_changed(
    course: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "course"
    shutil.copytree(course, copy)
    (copy / "course.toml").write_text('[colab]\nrepository = "school/labs"\n')
    said = grader(copy, "release", "--out", "kit.zip", code=2)
    assert "labs/fr/mini.ipynb: not as its source or course.toml want it" in said
    assert not (copy / "kit.zip").exists()
    grader(copy, "build", "mini", "--no-execute")
    grader(copy, "release", "--out", "kit.zip")
    with zipfile.ZipFile(copy / "kit.zip") as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("labs/en/mini.ipynb")]
        assert b"colab.research.google.com/github/school/labs" in archive.read(name)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))

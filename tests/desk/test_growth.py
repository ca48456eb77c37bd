"""A gradebook only grows; what people settle of it; why a point was lost, seen again."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
from commands import grader
from essay import make_class, make_course

LIST = """Nom complet;Adresse de courriel;Groupe
Zoé d'Hérouville;zoe@e.fr;A
Anne O'Brien;anne@e.fr;B
Paul Absent;paul@e.fr;B
"""


WRONG = "def row_mean(x):\n    return sum(row for row in x) / len(x)\n"


def rows(course: Path, out: str = "out") -> dict[str, dict[str, str]]:
    with (course / out / "mini" / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {r["student_id"]: r for r in csv.DictReader(file)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight students, graded in one run; Anne's mean is that of the columns."""
    course = make_course(tmp_path_factory.mktemp("course"))
    make_class(course, course / "class", 8)
    (notebook,) = (course / "class").glob("Anne O'Brien*/*.ipynb")
    node = json.loads(notebook.read_text())
    (cell,) = [c for c in node["cells"] if "def row_mean" in "".join(c["source"])]
    cell["source"] = WRONG
    notebook.write_text(json.dumps(node))
    (dupont,) = (course / "class").glob("Camille Dupont_507*")
    dupont.rename(dupont.with_name(f"Groupe B-2-{dupont.name}"))
    grader(course, "grade", "class", "--out", "out", "--lang", "en")
    return course


def test_runs_in_parts_give_the_gradebook_of_one_run(graded: Path) -> None:
    parts = graded / "parts"
    half = graded / "half"
    for folder in sorted((graded / "class").iterdir())[:3]:
        shutil.copytree(folder, half / folder.name)
    said = grader(graded, "grade", "class", "--only", "502", "--out", "parts", "--lang", "en")
    assert "1 submission, 1 graded now" in said and list(rows(graded, "parts")) == ["502"]
    grader(graded, "grade", "half", "--out", "parts", "--lang", "en")
    grader(graded, "grade", "class", "--out", "parts", "--lang", "en")
    said = grader(graded, "grade", "half", "--out", "parts", "--lang", "en")
    assert "0 graded now" in said and "moved" not in said
    whole = graded / "out" / "mini" / "gradebook.csv"
    assert (parts / "mini" / "gradebook.csv").read_bytes() == whole.read_bytes()
    said = grader(graded, "grade", "class", "--only", "Zoe dHerouvile", "--out", "parts",
                  "--lang", "en", code=2)  # fmt: skip
    assert "did you mean" in said and said.count("\n") == 1


def test_namesakes_of_two_runs_are_told_apart_as_in_one(graded: Path) -> None:
    (notebook,) = (graded / "class").glob("*Camille Dupont_507*/*.ipynb")
    for run, ids in (("both", (507, 999)), ("first", (507,)), ("second", (999,))):
        for id in ids:
            place = graded / "namesakes" / run / f"Camille Dupont_{id}_assignsubmission_file_"
            place.mkdir(parents=True)
            shutil.copy(notebook, place)
    for run, out in (("both", "at-once"), ("first", "in-turn"), ("second", "in-turn")):
        grader(graded, "grade", f"namesakes/{run}", "--out", out, "--lang", "en")
    at_once, in_turn = rows(graded, "at-once"), rows(graded, "in-turn")
    assert [r["student"] for r in in_turn.values()] == [
        "Camille Dupont (507)",
        "Camille Dupont (999)",
    ]
    assert at_once == in_turn


def test_a_jury_sees_why_a_point_was_lost_and_sees_it_again(graded: Path) -> None:
    said = grader(graded, "show", "503", "mean.values", "--lang", "en")
    kept, _, again = said.partition("seen again")
    for part in (kept, again):
        assert "the mean of each column, not of each row" in part
        assert "came" in part and "expected" in part and "a sum, not a mean" in part
    assert "return sum(row for row in x) / len(x)" in kept
    compared = [line for line in kept.splitlines() if line.split()[-1:] in (["came"], ["expected"])]
    assert len(compared) >= 2 and not any(re.search(r"[\d,.]…", line) for line in compared)
    page = (graded / "out" / "mini" / "submissions" / "Anne-O-Brien.html").read_text()
    assert "return sum(row for row in x)" in page and "a sum, not a mean" in page
    own = (graded / "out" / "mini" / "feedback" / "Anne-O-Brien.html").read_text()
    assert "return sum(row for row in x)" in own and "une somme, pas une moyenne" not in own


def test_what_offices_need(graded: Path, tmp_path: Path) -> None:
    course = Path(shutil.copytree(graded, tmp_path / "course"))
    (course / "liste.csv").write_text(LIST)
    (course / "course.toml").write_text('lang = "fr"\nclass_list = "liste.csv"\n')
    said = grader(
        course, "override", "paul@e.fr", "--total", "--points", "12,5", "--reason", "papier"
    )
    assert "Paul Absent : – → 12,5" in said
    grader(course, "settle", "anne@e.fr", "excused", "--reason", "malade")
    grader(course, "comment", "zoe@e.fr", "Revoyez les axes")
    grader(course, "requests", "--add", "Zoé d'Hérouville", "q1", "ma réponse est juste")
    assert "→ non" in grader(course, "requests", "--answer", "1", "non")
    found = rows(course)
    assert found["507"]["group"] == "Groupe B-2"  # by the folder: he is not on the list
    assert (found["paul@e.fr"]["total"], found["paul@e.fr"]["group"]) == ("12.50", "B")
    assert (found["503"]["status"], found["503"]["total"]) == ("excused", "")
    assert found["500"]["comment"] == "Revoyez les axes"
    page = (course / "out" / "mini" / "feedback" / "Zoe-d-Herouville.html").read_text()
    assert "Revoyez les axes" in page and "ma réponse est juste" in page
    before = found["500"]["total"]
    assert "rien ne compte encore" in grader(course, "curve", "--mean", "15")
    assert rows(course)["500"]["total"] == before
    grader(course, "curve", "--mean", "15", "--apply", "--reason", "sujet long")
    found = rows(course)
    marks = [float(r["total"]) for r in found.values() if r["total"]]
    assert sum(marks) / len(marks) == pytest.approx(15, abs=0.02)
    assert found["paul@e.fr"]["total"] == "12.50"  # set by hand: left alone
    grader(course, "curve", "--withdraw", "--reason", "erreur")
    assert rows(course)["500"]["total"] == before
    whole = (course / "out" / "index.html").read_text()
    assert "Paul Absent" in whole and "excusé" in whole

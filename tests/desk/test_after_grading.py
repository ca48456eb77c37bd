"""Regrading what a mended check touches, marks set by hand, lateness in the books, the log."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest
from commands import grader

from grader.gradebook.store import SCHEMA, Store, StoreError


def rows(course: Path) -> dict[str, dict[str, str]]:
    with (course / "out" / "mini" / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {r["student"]: r for r in csv.DictReader(file)}


def log(course: Path) -> list[dict]:
    store = Store(course / "out" / "gradebook.sqlite")
    try:
        return store.log()
    finally:
        store.close()


def test_a_mended_check_is_judged_again_without_running_anything(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = course / "solutions" / "mini" / "checks.py"
    text = checks.read_text()
    assert text.count("right=[7]") == 1
    checks.write_text(text.replace("right=[7]", "right=[8]"))

    def no(*args: object, **options: object) -> None:
        raise OSError("a student zone was started")

    with monkeypatch.context() as patch:  # no sandbox is to be had
        patch.setattr("grader.gradebook.unit.submission_run", no)
        said = grader(course, "grade", "class", "--out", "out", "--lang", "en")
    assert "25 marks moved:" in said and "q1 1.5→0" in said
    assert {r["total"] for r in rows(course).values()} == {"17.50"}
    assert "marks moved" not in grader(course, "grade", "class", "--out", "out", "--lang", "en")
    assert "Marks that moved" not in (course / "out" / "mini" / "class.html").read_text()
    checks.write_text(text)
    said = grader(course, "grade", "class", "--out", "out", "--lang", "fr")
    assert "25 notes changées :" in said and "17,5 → 19" in said
    assert "Notes changées" in (course / "out" / "mini" / "class.html").read_text()


def test_a_mark_set_by_hand_holds_is_explained_and_can_be_taken_back(course: Path) -> None:
    zoe = ("override", "Zoé d'Hérouville")
    said = grader(course, *zoe, "--check", "q4", "--points", "1.5", "--reason", "vu à l'oral")
    assert "19 → 20" in said
    row = rows(course)["Zoé d'Hérouville"]
    assert (row["total"], row["q4"], row["by_hand"], row["status"]) == (
        "20.00",
        "1.5",
        "1.5",
        "graded",
    )
    page = (course / "out" / "mini" / "feedback" / "Zoe-d-Herouville.html").read_text()
    assert "vu à l&#39;oral" in page and "Note fixée à la main" in page
    grader(course, *zoe, "--total", "--points", "12", "--reason", "entretien")
    grader(course, "grade", "class", "--out", "out")
    row = rows(course)["Zoé d'Hérouville"]
    assert (row["total"], row["by_hand"]) == ("12.00", "-8")
    assert "entretien" in (course / "out" / "mini" / "class.html").read_text()
    grader(course, *zoe, "--total", "--withdraw", "--reason", "erreur de ma part")
    grader(course, *zoe, "--check", "q4", "--withdraw", "--reason", "à relire")
    assert rows(course)["Zoé d'Hérouville"]["status"] == "pending"
    grader(course, *zoe, "--check", "q4", "--points", "1,5", "--reason", "relu")
    grader(course, *zoe, "--check", "q4", "--points", "1,5", "--reason", "relu par deux")
    moves = [(r["before"], r["after"]) for r in log(course) if r["student"].startswith("Zoé")]
    assert moves[:5] == [(None, 19.0), (19.0, 20.0), (20.0, 12.0), (12.0, 20.0), (20.0, 19.0)]
    assert moves[5:] == [(19.0, 20.0), (20.0, 20.0)]  # another reason is logged too
    told = grader(course, "log", "--student", "Zoé d'Hérouville")
    assert "entretien" in told and "relu par deux" in told and len(told.splitlines()) == 7
    grader(course, "log", "--csv", "log.csv")
    assert len((course / "log.csv").read_text().splitlines()) == 1 + len(log(course))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Zoe dHerouvil", "--total", "--points", "1", "--reason", "x"), "no student"),
        (
            ("Anne O'Brian", "--total", "--points", "1", "--reason", "x"),
            'did you mean "Anne O\'Brien"?',
        ),
        (("503", "--check", "q44", "--points", "1", "--reason", "x"), "did you mean 'q4'?"),
        (("503", "--check", "q4", "--points", "9", "--reason", "x"), "gives 0 to 2"),
        (("503", "--total", "--points", "-1", "--reason", "x"), "gives 0 to 20"),
        (("503", "--total", "--points", "21", "--reason", "x"), "gives 0 to 20"),
        (("503", "--total", "--points", "2", "--reason", "  "), "needs a reason"),
        (("503", "--total", "--withdraw", "--reason", "x"), "not set by hand"),
        (("503", "--points", "2", "--reason", "x"), "--check ID or --total"),
        (("503", "--total", "--reason", "x"), "--points P, or --withdraw"),
        (("503", "--total", "--points", "2", "--reason", "x", "--from", "no"), "no gradebook"),
    ],
)
def test_a_mark_that_cannot_be_set_is_one_line(
    graded_course: Path, words: tuple[str, ...], says: str
) -> None:
    said = grader(graded_course, "override", *words, "--lang", "en", code=2).strip()
    assert said.startswith("grader: ") and "\n" not in said and says in said


def test_the_log_can_only_grow(course: Path) -> None:
    db = sqlite3.connect(course / "out" / "gradebook.sqlite")
    for statement in ("UPDATE log SET after = 20", "DELETE FROM log", "DELETE FROM decisions"):
        with pytest.raises(sqlite3.DatabaseError, match="can only grow"):
            db.execute("INSERT INTO decisions (at, by, lab, student_id, check_id, reason)"
                       " VALUES ('', '', '', '', '', '')")  # fmt: skip
            db.execute(statement)
        db.rollback()
    db.close()


def test_lateness_and_the_class_list_reach_books_and_pages(course: Path) -> None:
    names = ["Zoé d'Hérouville", "Anne O'Brien", "Absente Toujours"]
    lines = [
        "Identifiant;Nom complet;Note;Dernière modification (travail remis);Dernière modification (note)"
    ]
    times = ["samedi 21 novembre 2026, 09:00", "vendredi 20 novembre 2026, 09:00", "-"]
    lines += [
        f"Participant {n};{name};;{t};-"
        for n, (name, t) in enumerate(zip(names, times, strict=True), 900)
    ]
    (course / "notes.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    (course / "course.toml").write_text(
        'lang = "fr"\nclass_list = "notes.csv"\n[late]\npercent = 10\n[labs.mini]\ndue = 2026-11-20\n'
    )
    said = grader(course, "grade", "class", "--out", "out")
    assert "1 note changée :" in said and "19 → 17" in said
    assert "sans rendu (1) : Absente Toujours" in said and "absents de la liste (23)" in said
    found = rows(course)
    assert (found["Zoé d'Hérouville"]["total"], found["Zoé d'Hérouville"]["late_penalty"]) == (
        "17.00",
        "2",
    )
    assert found["Anne O'Brien"]["late_penalty"] == "0"
    assert (found["Absente Toujours"]["status"], found["Absente Toujours"]["total"]) == (
        "absent",
        "",
    )
    page = (course / "out" / "mini" / "feedback" / "Zoe-d-Herouville.html").read_text()
    assert "rendu avec 9 h 00 min de retard" in page and "D&#39;où vient le total" in page
    assert "Absente Toujours" in (course / "out" / "mini" / "class.html").read_text()
    (course / "course.toml").unlink()
    assert "17 → 19" in grader(course, "grade", "class", "--out", "out")


def test_limits_of_course_toml_grade_anew(course: Path) -> None:
    (course / "course.toml").write_text("[labs.mini.limits]\nseconds = 30\n")
    said = grader(course, "grade", "class", "--out", "out", "--lang", "en")
    assert "13 graded now" in said
    bad = grader(course, "grade", "class", "--lab", "mini", "--out", "out", "--lang", "en")
    assert "0 graded now" in bad
    (course / "course.toml").write_text("[labs.mini.limits]\nseconds = -1\n")
    said = grader(course, "grade", "class", "--out", "out", code=2).strip()
    assert "course.toml, ligne 2 : labs.mini.limits.seconds" in said and "\n" not in said


def test_init_writes_settings_that_change_nothing(course: Path) -> None:
    grader(course, "init", "--lang", "fr")
    assert "[labs.mini]" in (course / "course.toml").read_text()
    assert "existe déjà" in grader(course, "init", code=2)
    grader(course, "init", "--force", "--lang", "en")
    assert "0 graded now" in grader(course, "grade", "class", "--out", "out", "--lang", "en")


def test_a_gradebook_of_the_version_before_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "gradebook.sqlite"
    graded = {"student": "", "student_id": "", "origin": "", "lab": "mini", "digest": "d", "lang": "fr",
              "verdicts": [], "problem": None, "late": None, "notices": []}  # fmt: skip
    person = {"student": "Zoé", "student_id": "7", "origin": "z", "lang": "fr", "notices": []}
    db = sqlite3.connect(path)
    db.executescript(
        """CREATE TABLE about (schema INTEGER PRIMARY KEY); INSERT INTO about VALUES (2);
        CREATE TABLE units (id VARCHAR PRIMARY KEY, lab VARCHAR NOT NULL, key VARCHAR NOT NULL,
          graded JSON NOT NULL, pictures BLOB NOT NULL, seconds FLOAT NOT NULL, created VARCHAR NOT NULL);
        CREATE TABLE entries (lab VARCHAR NOT NULL, student_id VARCHAR NOT NULL, place INTEGER NOT NULL,
          unit VARCHAR NOT NULL, person JSON NOT NULL, PRIMARY KEY (lab, student_id));
        CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, at VARCHAR NOT NULL,
          lab VARCHAR NOT NULL, student_id VARCHAR NOT NULL, before FLOAT, after FLOAT,
          why VARCHAR NOT NULL, student VARCHAR NOT NULL DEFAULT "", "by" VARCHAR NOT NULL DEFAULT "");
        CREATE TABLE decisions (id INTEGER PRIMARY KEY AUTOINCREMENT, at VARCHAR NOT NULL,
          "by" VARCHAR NOT NULL, lab VARCHAR NOT NULL, student_id VARCHAR NOT NULL,
          check_id VARCHAR NOT NULL, points FLOAT, reason VARCHAR NOT NULL);
        INSERT INTO log (at, lab, student_id, after, why) VALUES ('t', 'mini', '7', 3, 'graded');
        INSERT INTO decisions VALUES (1, 't', 'me', 'mini', '7', '', 12.5, 'oral');"""
    )
    db.execute(
        "INSERT INTO units VALUES ('u', 'mini', 'k', ?, x'00', 1, 't')", (json.dumps(graded),)
    )
    db.execute("INSERT INTO entries VALUES ('mini', '7', 0, 'u', ?)", (json.dumps(person),))
    db.commit()
    db.close()
    for _ in range(2):
        store = Store(path)
        assert store.log()[0]["after"] == 3.0 and store.log()[0]["why"].fr == "graded"
        (zoe,) = store.graded("mini")
        assert (zoe.student, zoe.total, zoe.digest) == ("Zoé", 12.5, "d")
        assert store.evidence("mini", "7") == {}
        store.close()
    db = sqlite3.connect(path)
    assert db.execute("SELECT schema FROM about").fetchall() == [(SCHEMA,)]
    db.execute("UPDATE about SET schema = 99")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="version 99"):
        Store(path)

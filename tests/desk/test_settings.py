"""course.toml, the class list, lateness and what the labs add up to."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from grader.check.text import same
from grader.gradebook.class_list import attendance, read_class_list
from grader.gradebook.course import Course, course_rows
from grader.gradebook.late import lateness
from grader.gradebook.records import Graded
from grader.gradebook.settings import LatePolicy, SettingsError, load_settings, template
from grader.platforms.files import ReportError
from grader.platforms.moodle import read_moment
from grader.reports.tables import course_csv

LABS = ["tp1_words", "tp4_transformer"]
PARIS = ZoneInfo("Europe/Paris")


def settings(tmp_path: Path, text: str):
    (tmp_path / "course.toml").write_text(text, "utf-8")
    return load_settings(tmp_path, LABS)


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    found = load_settings(tmp_path, LABS)
    assert found.lang is None and not found.class_list and found.lab("tp1_words").due is None
    assert found.lab("tp1_words").limits.model_dump(exclude_none=True) == {}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_template_says_nothing_until_it_is_uncommented(tmp_path: Path, lang: str) -> None:
    text = template(LABS, lang)
    assert settings(tmp_path, text) == load_settings(tmp_path / "none", LABS)
    bare = []
    for line in text.splitlines():
        setting = line.removeprefix("# ").split("  #")[0].strip()
        try:
            tomllib.loads(setting)
        except tomllib.TOMLDecodeError:
            continue
        if line.startswith("# ") and ("=" in setting or setting.startswith("[")):
            bare.append(setting)
    found = settings(tmp_path, "\n".join(bare))
    assert found.late.percent == 10 and found.late.refuse_after_days == 14
    assert found.lab("tp4_transformer").limits.seconds == 300
    assert found.lab("tp4_transformer").extensions and found.class_list


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("weigth = 1", "weigth: no such setting"),
        ("[labs.tp4_transformer]\nweigth = 1", "did you mean 'weight'?"),
        ("[late]\npercents = 1", "late.percents: no such setting; did you mean 'percent'?"),
        ("[labs.tp4]\nweight = 1", "no such lab; did you mean 'tp4_transformer'?"),
        ("[labs.tp4_transformer]\ndue = 'tomorrow'", "'tomorrow': write a date, 2026-11-20"),
        (
            "[labs.tp4_transformer]\nweight = -1",
            "line 2: labs.tp4_transformer.weight: -1: must be 0 or more",
        ),
        ("[late]\npercent = 200", "late.percent: 200: must be 100 or less"),
        ("[late]\nevery = 'month'", "late.every: 'month': write one of 'hour', 'day' or 'week'"),
        ("timezone = 'Paris'", "no time zone 'Paris'"),
        ("lang = 'de'", "lang: 'de': write one of"),
        ("[labs.tp4_transformer.limits]\nsecond = 3", "did you mean 'seconds'?"),
        ("a = [", "cannot be read"),
        ("\n[labs.tp4_transformer]\ndue = 20/11/2026", "line 3: due = 20/11/2026"),
        ("[labs.tp4_transformer]\ndue = 2/11/2026", "a date is written due = 2026-11-02"),
        ("[late]\npercent = 2,5", "write percent = 2.5"),
        ("lang = fr", 'lang = "fr"'),
        ("title = 3\nlang = 4", "(and 1 more)"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, text)
    said = str(caught.value)
    assert says in said and "\n" not in said and "course.toml" in said


def test_a_file_that_is_not_utf_8_is_said(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_bytes('title = "été"'.encode("cp1252"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(tmp_path, LABS)


DUE = datetime(2026, 11, 20, 23, 59, 59, tzinfo=PARIS)


@pytest.mark.parametrize("handed_in", [
    datetime(2026, 10, 25, 3, 30, tzinfo=PARIS),
    datetime.fromisoformat("2026-10-25T03:30:00+01:00"),
    datetime.fromisoformat("2026-10-25T02:30:00+00:00"),
])  # fmt: skip
def test_lateness_is_absolute_across_a_clock_change(handed_in: datetime) -> None:
    due = datetime(2026, 10, 24, 23, 59, 59, tzinfo=PARIS)
    late = lateness(due, handed_in, LatePolicy(percent=10, every="hour"), 20)
    assert late is not None and late.seconds == 4.5 * 3600 + 1


@pytest.mark.parametrize(
    ("after", "taken"),
    [
        (timedelta(0), None),
        (timedelta(minutes=15), None),  # the grace
        (timedelta(minutes=16), 2.0),  # a day begun
        (timedelta(days=1), 2.0),
        (timedelta(days=1, seconds=1), 4.0),
        (timedelta(days=4, hours=1), 10.0),
        (timedelta(days=10), 10.0),  # 50 % at most
        (timedelta(days=15), 20.0),  # refused
    ],
)
def test_lateness_by_the_day(after: timedelta, taken: float | None) -> None:
    policy = LatePolicy(grace_minutes=15, percent=10, max_percent=50, refuse_after_days=14)
    found = lateness(DUE, DUE + after, policy, 20)
    assert (None if found is None else found.taken) == taken
    if found is not None:
        assert found.text.fr.startswith("rendu avec")


def test_zones_are_told_apart() -> None:
    policy = LatePolicy(percent=10, every="hour")
    assert lateness(DUE, datetime(2026, 11, 20, 22, 59, tzinfo=UTC), policy, 20) is None
    late = lateness(DUE, datetime(2026, 11, 20, 23, 30, tzinfo=UTC), policy, 20)
    assert late is not None and late.taken == 2.0 and "30 min" in late.text.en


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("lundi 2 novembre 2026, 10:05", (2026, 11, 2, 10, 5)),
        ("Monday, 2 November 2026, 10:05 PM", (2026, 11, 2, 22, 5)),
        ("Monday, 2 November 2026, 12:05 AM", (2026, 11, 2, 0, 5)),
        ("mardi 1er décembre 2026, 09:30", (2026, 12, 1, 9, 30)),
        ("2026-12-01T09:30:00", (2026, 12, 1, 9, 30)),
        ("-", None),
        ("", None),
        ("lundi 32 novembre 2026, 10:05", None),
    ],
)
def test_moodles_dates(text: str, when: tuple[int, ...] | None) -> None:
    expected = None if when is None else datetime(*when, tzinfo=PARIS)
    assert read_moment(text, PARIS) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_class_lists_of_every_kind(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "liste.csv"
    path.write_text(
        "Prénom;Nom de famille;Numéro d'identification;Adresse de courriel\r\n"
        "Zoé;d'Hérouville;21001;zoe@ecole.fr\r\nCamille;Dupont;21002;c1@ecole.fr\r\n"
        "Camille;Dupont;21003;c2@ecole.fr\r\nHugo;Petit;21004;\r\n",
        encoding,
    )
    people = read_class_list(path, PARIS)
    assert people[0].name == "Zoé d'Hérouville" and len(people) == 4
    roll = attendance(
        people,
        [("D'HEROUVILLE Zoe", "900"), ("Camille Dupont", "21003"), ("Camille Dupont", "77"),
         ("Inconnu Parfait", "21004")],
    )  # fmt: skip
    assert roll.found["900"].name == "Zoé d'Hérouville"
    assert "c2@ecole.fr" in roll.found["21003"].ids
    assert roll.unclear == ["Camille Dupont"] and roll.strangers == ["Inconnu Parfait"]
    assert [p.name for p in roll.missing] == ["Hugo Petit"]


def test_a_moodle_worksheet_is_a_class_list_with_times(tmp_path: Path) -> None:
    path = tmp_path / "Notes.csv"
    path.write_text(
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (submission),"
        "Last modified (grade)\n"
        'Participant 501,Zoé Roux,z@e.fr,Submitted,,20.00,"Friday, 20 November 2026, 11:00 PM",-\n'
        'Participant 502,Hugo Petit,h@e.fr,Submitted,,20.00,"Sunday, 22 November 2026, 1:00 AM",-\n'
        "Participant 503,Absent Toujours,a@e.fr,No submission,,20.00,-,-\n"
    )
    (tmp_path / "course.toml").write_text(
        'class_list = "Notes.csv"\n[late]\npercent = 10\n[labs.tp1_words]\ndue = 2026-11-20\n'
        '[labs.tp1_words.extensions]\n"h@e.fr" = 2026-11-21\n'
    )
    course = Course.load(tmp_path, LABS)
    graded = [student("Zoé Roux", "501"), student("Hugo Petit", "502")]
    (zoe, hugo), said = course.with_lateness(graded, 20, [False, False])
    assert zoe.late is None and hugo.late is not None
    assert hugo.late.taken == 2.0  # of his own due date, one day later
    assert not said
    whole = course.whole("tp1_words", graded)
    assert [(g.student, g.standing) for g in whole[2:]] == [("Absent Toujours", "absent")]


def test_extensions_that_match_nobody_are_said_and_the_kindest_counts(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(
        "[late]\npercent = 10\n[labs.tp1_words]\ndue = 2026-11-20\n[labs.tp1_words.extensions]\n"
        '"Zoé Rouxx" = 2026-11-25\n"Hugo Petit" = 2026-11-21\n"502" = 2026-11-23\n'
    )
    course = Course.load(tmp_path, LABS)
    graded = [student("Zoé Roux", "501"), student("Hugo Petit", "502")]
    _, said = course.with_lateness(graded, 20, [True, True])
    assert [t.en for t in said if "extensions" in t.en] == [
        "'Zoé Rouxx' in [labs.tp1_words.extensions] of course.toml is nobody here; "
        "did you mean 'Zoé Roux'?"
    ]
    due = course.due("tp1_words", "Hugo Petit", "502", ())
    assert due is not None and due.day == 23


def test_limits_of_intake(tmp_path: Path) -> None:
    found = settings(tmp_path, "[intake]\nnotebook_mb = 200\n")
    assert found.intake.notebook_mb == 200
    assert found.intake.recordings_mb == 64


def test_times_that_nobody_vouches_for_are_said(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text("[labs.tp1_words]\ndue = 2026-11-20\n[late]\npercent=5\n")
    course = Course.load(tmp_path, LABS)
    graded = [student("A B", "1"), student("C D", "2", "2026-11-25T10:00:00+01:00")]
    (none, late), said = course.with_lateness(graded, 20, [False, False])
    assert none.late is None and late.late is not None and late.late.taken == 5.0
    assert [s.en.split()[0] for s in said] == ["1", "1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [("a;b\n1;2\n", "no column of names"), ("Full name\n", "nobody"), ("", "empty")],
)
def test_a_class_list_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "l.csv").write_text(text)
    (tmp_path / "course.toml").write_text('class_list = "l.csv"\n')
    with pytest.raises(ReportError, match=says):
        Course.load(tmp_path, LABS)
    (tmp_path / "course.toml").write_text('class_list = "nowhere.csv"\n')
    with pytest.raises(SettingsError, match="class_list"):
        Course.load(tmp_path, LABS)


def student(name: str, id: str, at: str = "", lab: str = "tp1_words", points: float = 20) -> Graded:
    from grader.check.judge import Verdict
    from grader.check.text import same

    verdict = Verdict("c", "e", points, 20.0, "right", same("c"))
    return Graded(name, id, f"{name}.ipynb", lab, "d", verdicts=(verdict,), submitted_at=at)


def test_labs_add_up_by_weight_and_absences_count_nothing(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text(
        "[labs.tp1_words]\nweight = 1\n[labs.tp4_transformer]\nweight = 3\n"
    )
    course = Course.load(tmp_path, LABS)
    classes = {
        "tp1_words": [student("Zoé Roux", "1", points=12), student("Léa Roy", "2", points=20)],
        # Moodle's numbers differ from one assignment to the next.
        "tp4_transformer": [student("ROUX Zoe", "9", lab="tp4_transformer", points=16)],
    }
    rows = course_rows(course, classes, {"tp1_words": 20, "tp4_transformer": 20})
    assert {r.student: r.mean for r in rows} == {"Zoé Roux": 15.0, "Léa Roy": 5.0}
    weights = {lab: course.settings.lab(lab).weight for lab in classes}
    assert course_csv(rows, weights, "en").splitlines() == [
        "\ufeffstudent,group,tp1_words,tp4_transformer,mean",
        "(weight),,1,3,",
        "Zoé Roux,,12.00,16.00,15.00",
        "Léa Roy,,20.00,absent,5.00",
    ]
    excused = replace(student("Léa Roy", "10", lab="tp4_transformer"), settled="excused")
    lost = replace(student("Ana Bo", "11", lab="tp4_transformer"), problem=same("unreadable"))
    classes["tp4_transformer"] += [excused, lost]
    rows = course_rows(course, classes, {"tp1_words": 20, "tp4_transformer": 20})
    assert {r.student: r.mean for r in rows} == {"Zoé Roux": 15.0, "Léa Roy": 20.0, "Ana Bo": None}


def by_mail(name: str) -> Graded:
    return Graded(name, name, f"{name}.ipynb", "tp1_words", "e")


def test_a_notebook_that_came_by_mail_finds_its_person(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("Full name,Email address\nZoé Roux,z@e.fr\nHugo Petit,h@e.fr\n")
    (tmp_path / "course.toml").write_text('class_list = "l.csv"\n')
    course = Course.load(tmp_path, LABS)
    moodle = replace(
        student("Zoé Roux", "501"), origin="Zoé Roux_501_assignsubmission_file_/a.ipynb"
    )
    (known,), said = course.placed([by_mail("TP1_roux-zoe")], [moodle])
    assert (known[0].student, known[0].student_id, known[1]) == ("Zoé Roux", "501", "")
    assert "Zoé Roux" in said[0].fr
    (listed,), _ = course.placed([by_mail("petit_hugo")], [moodle])
    assert listed[0].student == "Hugo Petit"
    (stranger,), said = course.placed([by_mail("devoir")], [moodle])
    assert stranger[0].student == "devoir" and not said
    # Once the platform knows the person, its identifier takes the place of the file's name.
    (later,), _ = course.placed([moodle], [replace(by_mail("roux zoe"), student="Zoé Roux")])
    assert (later[0].student_id, later[1]) == ("501", "roux zoe")
    # Two people may send files of one name; who sends one again is the same person.
    first = replace(by_mail("TP1"), student="Ana Bo")
    second = replace(by_mail("TP1"), student="Léa Roy")
    (both,), _ = course.placed([second], [first])
    assert both[0].student_id == "TP1 Léa Roy"
    (again,), _ = course.placed([second], [first, both[0]])
    assert again[0].student_id == "TP1 Léa Roy"
    (same_one,), _ = course.placed([first], [first, both[0]])
    assert same_one[0].student_id == "TP1"
    # Two numbers of a platform are two people, whatever their names.
    twin = replace(moodle, student_id="502", origin="Zoé Roux_502_assignsubmission_file_/a.ipynb")
    alone = Course(tmp_path, course.settings)
    (other,), _ = alone.placed([twin], [moodle])
    assert (other[0].student_id, other[1]) == ("502", "")

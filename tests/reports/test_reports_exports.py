"""Moodle, Canvas and XLSX: the teacher's own file, filled in and otherwise untouched."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from synthetic import make_class, make_key

from grader.gradebook.records import Graded
from grader.platforms.canvas import fill_gradebook
from grader.platforms.files import ReportError, read_bytes
from grader.platforms.marks import Filled, amount
from grader.platforms.moodle import feedback_zip as zip_pages
from grader.platforms.moodle import fill_worksheet as fill_sheet
from grader.platforms.moodle import folders
from grader.platforms.table import BadSheet, Sheet
from grader.reports.exports import feedback_zip, gradebook_workbook, marks

KEY = make_key()
CLASS = [g for g in make_class(40) if g.student.isprintable() and g.student.strip()]
LATIN = [g for g in CLASS if g.student.encode("cp1252", "ignore").decode("cp1252") == g.student]


def fill_worksheet(data: bytes, people: list[Graded], **options: object) -> Filled:
    return fill_sheet(data, marks(people), KEY.max_points, **options)


def fill_canvas(data: bytes, people: list[Graded], assignment: str, **options: object) -> Filled:
    return fill_gradebook(data, marks(people), KEY.max_points, assignment, **options)


ENGLISH = [
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
    "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
    "Feedback comments",
]  # fmt: skip
FRENCH = [
    "Identifiant", "Nom complet", "Adresse de courriel", "Statut", "Groupe", "Note",
    "Note maximale", "La note peut être modifiée", "Dernière modification (travail remis)",
    "Dernière modification (note)", "Feedback par commentaires",
]  # fmt: skip


def worksheet(
    people: list[Graded], french: bool, encoding: str, delimiter: str, end: str = "\r\n",
    maximum: str | None = None, grade: str = "",
) -> bytes:  # fmt: skip
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    writer.writerow(FRENCH if french else ENGLISH)
    for g in people:
        if french:
            writer.writerow(
                [
                    f"Participant {g.student_id}", g.student, f"e{g.student_id}@ecole.fr",
                    "Remis pour évaluation - ", "", grade, maximum or "20,00", "Oui",
                    "lundi 2 novembre 2026, 10:00", "-", 'dit "à revoir",\nsur deux lignes',
                ]
            )  # fmt: skip
        else:
            writer.writerow(
                [
                    f"Participant {g.student_id}", g.student, f"e{g.student_id}@school.org",
                    "Submitted for grading - ", grade, maximum or "20.00", "Yes",
                    "Monday, 2 November 2026, 10:00 AM", "-", "",
                ]
            )  # fmt: skip
    return file.getvalue().encode(encoding)


def rows(data: bytes, encoding: str, delimiter: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(encoding), newline=""), delimiter=delimiter))


FORMS = [
    (False, "utf-8", ",", "\n"),
    (False, "utf-8-sig", ",", "\r\n"),
    (True, "utf-8", ",", "\r\n"),
    (True, "utf-8-sig", ";", "\r\n"),
    (True, "cp1252", ";", "\r\n"),
    (True, "cp1252", "\t", "\n"),
    (False, "utf-16", "\t", "\r\n"),
]


@pytest.mark.parametrize(("french", "encoding", "delimiter", "end"), FORMS)
def test_a_worksheet_is_filled_and_kept(
    french: bool, encoding: str, delimiter: str, end: str
) -> None:
    people = LATIN if encoding == "cp1252" else CLASS
    data = worksheet(people, french, encoding, delimiter, end)
    result = fill_worksheet(data, people)
    before, after = rows(data, encoding, delimiter), rows(result.data, encoding, delimiter)
    column = "Note" if french else "Grade"
    assert len(before) == len(after) == len(people)
    for g, old, new in zip(people, before, after, strict=True):
        assert {**new, column: ""} == {**old, column: ""}
        if g.problem is not None:
            assert new[column] == ""
        else:
            assert new[column] == f"{g.total:.2f}".replace(".", "," if french else ".")
    assert len(result.filled) == sum(g.problem is None for g in people)
    assert {g.student_id for g in result.not_graded} == {
        g.student_id for g in people if g.problem is not None
    }
    emptied = fill_worksheet(result.data, people)
    assert emptied.data == result.data and not emptied.replaced


@pytest.mark.parametrize(("french", "encoding", "delimiter", "end"), FORMS)
def test_what_is_not_set_keeps_every_byte(
    french: bool, encoding: str, delimiter: str, end: str
) -> None:
    data = worksheet(LATIN, french, encoding, delimiter, end)
    assert Sheet.read(data, "x").to_bytes() == data
    assert Sheet.read(data.rstrip(), "x").to_bytes() == data.rstrip()
    odd = b'Identifier , "Grade","Last ""x"""\r\n a,"b\r\nc", d\n\n'
    assert Sheet.read(odd, "x").to_bytes() == odd
    assert Sheet.read(b"sep=;\r\na;b\r\n1;2\r\n", "x").to_bytes() == b"sep=;\r\na;b\r\n1;2\r\n"


def test_columns_in_another_order_and_columns_added() -> None:
    text = "Note;Moi;Dernière modification (note);Identifiant\n;x;-;Participant1000\n"
    result = fill_worksheet(text.encode("cp1252"), CLASS[:1])
    total = f"{CLASS[0].total:.2f}".replace(".", ",")
    assert result.data.decode("cp1252").splitlines()[1] == f"{total};x;-;Participant1000"


def refusal(data: bytes, people: list[Graded] = CLASS, **options: bool) -> ReportError:
    with pytest.raises(BadSheet) as caught:
        fill_worksheet(data, people, name="feuille.csv", **options)
    error = caught.value
    assert "feuille.csv" in str(error) and "\n" not in str(error)
    assert error.text.fr and "{" not in error.text.en + error.text.fr
    return error


def test_missing_columns_are_named() -> None:
    error = refusal(b"Full name,Grade\nA,\n")
    assert "Identifier, Last modified (grade)" in str(error)
    assert "Identifiant, Dernière modification (note)" in error.text.fr


def test_not_a_csv_file() -> None:
    assert "save it as CSV" in str(refusal(b"PK\x03\x04rest"))
    assert "empty" in str(refusal(b"")) and "empty" in str(refusal(b"\xef\xbb\xbf \n"))


def test_a_worksheet_of_another_course() -> None:
    others = [
        replace(g, student=f"Someone Else{i}", student_id=str(9000 + i))
        for i, g in enumerate(CLASS)
    ]
    assert "another course" in str(refusal(worksheet(others, False, "utf-8", ",")))


def test_a_worksheet_of_another_assignment() -> None:
    people = [from_moodle(g, "_") for g in CLASS]
    renumbered = [replace(g, student_id=str(5000 + i)) for i, g in enumerate(CLASS)]
    data = worksheet(renumbered, False, "utf-8", ",")
    assert "another assignment" in str(refusal(data, people))
    shifted = [replace(g, student_id=CLASS[i - 1].student_id) for i, g in enumerate(CLASS)]
    assert "another assignment" in str(refusal(worksheet(shifted, False, "utf-8", ","), people))
    # From another platform, whose numbers mean nothing here: by name.
    unique = [
        g for g in CLASS if sum(o.student.casefold() == g.student.casefold() for o in CLASS) == 1
    ]
    filled = fill_worksheet(worksheet(renumbered, False, "utf-8", ","), unique)
    assert not filled.absent and len(filled.filled) + len(filled.not_graded) == len(unique)


def test_one_disagreement_leaves_one_row_alone() -> None:
    people = [from_moodle(g, "_") for g in CLASS]
    strange = replace(people[0], student="Somebody Else")
    listed = [strange, *people[1:]]
    result = fill_worksheet(worksheet(listed, False, "utf-8", ","), people)
    assert [(m.student_id, other) for m, other in result.contradicted] == [
        (people[0].student_id, "Somebody Else")
    ]
    assert rows(result.data, "utf-8", ",")[0]["Grade"] == ""
    assert len(result.filled) == sum(g.problem is None for g in people[1:])
    said = [n.en for n in result.notices()]
    assert any("that number is Somebody Else's in the sheet" in s for s in said)


@pytest.mark.parametrize(
    ("handed_in", "listed"),
    [
        ("Łukasz Żółć", "?ukasz ?ó??"),
        ("王伟", "??"),
        ("Zoé d'Hérouville", "ZoÃ© d'HÃ©rouville"),
        ("Anne Martin", "Anne Martin-Dubois"),
        ("Groupe 3-Anne Martin", "Anne Martin"),
    ],
)
def test_damaged_and_changed_names_are_known_by_their_numbers(handed_in: str, listed: str) -> None:
    g = from_moodle(replace(next(g for g in CLASS if g.problem is None), student=handed_in), "_")
    result = fill_worksheet(worksheet([replace(g, student=listed)], True, "utf-8", ";"), [g])
    assert len(result.filled) == 1 and not result.contradicted


def test_a_number_that_is_somebody_elses_is_not_entered_there() -> None:
    good = [from_moodle(g, "_") for g in CLASS if g.problem is None][:4]
    swapped = [
        replace(good[0], student="Jean Roux"),
        replace(good[1], student="Jean Noir"),
        *good[2:],
    ]
    listed = [replace(swapped[0], student="Jean Noir"), replace(swapped[1], student="Jean Roux")]
    sheet = worksheet([*listed, *good[2:]], False, "utf-8", ",")
    result = fill_worksheet(sheet, swapped)
    assert {m.student for m, _ in result.contradicted} == {"Jean Roux", "Jean Noir"}
    assert len(result.filled) == 2


def test_a_comment_goes_into_its_column() -> None:
    mark = replace(marks(CLASS[:1])[0], comment='Bien ; "revoir" 1.2')
    filled = fill_sheet(worksheet(CLASS[:1], True, "cp1252", ";"), [mark], KEY.max_points)
    row = rows(filled.data, "cp1252", ";")[0]
    assert row["Feedback par commentaires"] == mark.comment


def test_another_maximum_is_refused_or_scaled() -> None:
    for maximum in ("100.00", "10.00"):
        data = worksheet(CLASS, False, "utf-8", ",", maximum=maximum)
        assert f"counts to {float(maximum):g}, the lab to 20" in str(refusal(data))
        result = fill_worksheet(data, CLASS, scale=True)
        for g, row in zip(CLASS, rows(result.data, "utf-8", ","), strict=True):
            if g.problem is None:
                expected = g.total * float(maximum) / 20
                assert float(row["Grade"]) == pytest.approx(expected, abs=0.0051)
                assert float(row["Grade"]) <= float(maximum)
    assert "scale" in str(refusal(worksheet(CLASS, False, "utf-8", ",", maximum="Pass")))


def test_namesakes_without_numbers_are_left_alone() -> None:
    people = [replace(g, student_id=g.student) for g in CLASS]
    result = fill_worksheet(worksheet(CLASS, False, "utf-8", ","), people)
    twins = {g.student for g in result.ambiguous}
    assert twins >= {"Camille Dupont"}
    for row in rows(result.data, "utf-8", ","):
        if row["Full name"] in twins:
            assert row["Grade"] == ""
    assert not {g.student for g in result.filled} & twins


def test_names_are_found_in_any_order_and_spelling() -> None:
    people = [Graded("LEFÈVRE Zoe", "LEFÈVRE Zoe", "o", KEY.lab, "d", verdicts=CLASS[0].verdicts)]
    listed = [replace(CLASS[0], student="Zoé Lefèvre", student_id="7")]
    assert len(fill_worksheet(worksheet(listed, True, "cp1252", ";"), people).filled) == 1


def test_who_is_absent_silent_locked_or_pending_is_said() -> None:
    data = worksheet(CLASS[:6], False, "utf-8", ",").replace(b"Yes", b"No", 1)
    result = fill_worksheet(data, CLASS[1:8] + CLASS[:1])
    assert [g.student_id for g in result.locked] == [CLASS[0].student_id]
    assert {g.student_id for g in result.absent} == {CLASS[6].student_id, CLASS[7].student_id}
    assert fill_worksheet(data, CLASS[:3]).silent == [g.student for g in CLASS[3:6]]
    pending = {m.student_id for m in result.filled if m.pending}
    assert pending == {g.student_id for g in CLASS[1:6] if g.pending}
    said = [n.en for n in result.notices()]
    assert said[0] == "5 grades entered" and any(s.startswith("not in the sheet") for s in said)
    assert all(n.fr and "\n" not in n.fr for n in result.notices())


def test_a_grade_that_stood_there_is_replaced_and_reported() -> None:
    data = worksheet(CLASS[:2], True, "cp1252", ";", grade="3,5")
    result = fill_worksheet(data, CLASS[:2])
    assert [(g.student_id, old) for g, old, _ in result.replaced] == [
        (g.student_id, "3,5") for g in CLASS[:2]
    ]


def test_blind_marking_hides_names() -> None:
    hidden = [replace(g, student="Participant") for g in CLASS]
    data = worksheet(CLASS, False, "utf-8", ",")
    assert len(fill_worksheet(data, hidden).filled) == sum(g.problem is None for g in CLASS)


def test_files_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(ReportError, match=r"cannot read .*nothing\.csv: No such file"):
        read_bytes(tmp_path / "nothing.csv")


def from_moodle(g: Graded, suffix: str) -> Graded:
    name = g.student.replace("/", "")
    return replace(
        g, origin=f"down load/{name}_{g.student_id}_assignsubmission_file{suffix}/n.ipynb"
    )


@pytest.mark.parametrize("suffix", ["_", ""])
def test_feedback_goes_into_the_folders_of_the_download(suffix: str) -> None:
    people = [from_moodle(g, suffix) for g in CLASS]
    given = folders(marks(people))
    assert given == {g.student_id: g.origin.split("/")[1] for g in people}
    data = feedback_zip(people, KEY)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sorted(archive.namelist()) == sorted(
            f"{given[g.student_id]}/feedback.html" for g in CLASS
        )
        page = archive.read(
            f"Zoé O'Brien_1000_assignsubmission_file{suffix}/feedback.html"
        ).decode()
    assert "Zoé O&#39;Brien" in page and page.startswith("<!DOCTYPE html>")
    assert feedback_zip(people, KEY) == data


def test_flat_downloads_give_folders_too() -> None:
    g = replace(CLASS[0], origin="all/Zoé O'Brien_1000_assignsubmission_file_lab 4.ipynb")
    assert folders(marks([g])) == {"1000": "Zoé O'Brien_1000_assignsubmission_file_"}
    assert folders(marks([replace(g, origin="all/zoe.ipynb")])) == {}


def test_feedback_without_folders_or_with_wicked_ones_is_refused() -> None:
    with pytest.raises(ReportError, match="Moodle download"):
        feedback_zip(CLASS, KEY)
    for wicked in ("../x", "a/b", "", "..", "a\\b"):
        with pytest.raises(ReportError, match="folder's name"):
            zip_pages({wicked: "page"})


CANVAS_HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]


def canvas(people: list[Graded], possible: str = "20.00", others: str = "") -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([*CANVAS_HEAD, "TP 3 (41)", "TP 4, Transformer (42)", "Current Score"])
    writer.writerow(["    Points Possible", "", "", "", "", "20.00", possible, "(read only)"])
    for g in people:
        first, _, last = g.student.partition(" ")
        ids = [p + g.student_id for p in ("", "s", "l")]
        writer.writerow([f"{last}, {first}", *ids, "A", "12", others, ""])
    writer.writerow(["Student, Test", "", "", "", "A", "", "", ""])
    return file.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize("assignment", ["TP 4, Transformer", "42", "TP 4, Transformer (42)"])
@pytest.mark.parametrize("prefix", ["", "s", "l"])
def test_canvas_is_filled_and_kept(assignment: str, prefix: str) -> None:
    data = canvas(CLASS)
    people = [replace(g, student_id=prefix + g.student_id) for g in CLASS]
    result = fill_canvas(data, people, assignment)
    before, after = rows(data, "utf-8-sig", ","), rows(result.data, "utf-8-sig", ",")
    column = "TP 4, Transformer (42)"
    assert after[0] == before[0] and after[-1] == before[-1]
    for g, old, new in zip(CLASS, before[1:], after[1:], strict=False):
        assert {**new, column: ""} == {**old, column: ""}
        assert new[column] == ("" if g.problem else f"{g.total:.2f}")


def test_canvas_names_in_either_order_and_excused_students() -> None:
    alone = [g for g in CLASS if g.student in ("Zoé O'Brien", "Nguyễn Thị Minh Khai", "王伟")]
    people = [replace(g, student_id="") for g in alone]
    assert len(fill_canvas(canvas(alone), people, "42").filled) == len(alone) == 3
    excused = fill_canvas(canvas(CLASS, others="EX"), CLASS, "42")
    assert not excused.filled and excused.data == canvas(CLASS, others="EX")
    assert len(excused.locked) == sum(g.problem is None for g in CLASS)


def test_canvas_refusals() -> None:
    def refuse(data: bytes, assignment: str = "42", people: list[Graded] = CLASS) -> str:
        with pytest.raises(BadSheet) as caught:
            fill_canvas(data, people, assignment)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "there are: TP 3 (41), TP 4, Transformer (42)" in refuse(canvas(CLASS), "TP 9")
    assert "no Canvas gradebook" in refuse(b"a,b\n1,2\n")
    assert "another course" in refuse(canvas([replace(CLASS[0], student="X Y", student_id="1")]))
    assert "counts to 10" in refuse(canvas(CLASS, possible="10"))
    assert len(fill_canvas(canvas(CLASS, possible="10"), CLASS, "42", scale=True).filled) > 20


@pytest.mark.parametrize("possible", ["", "1,000", "(read only)", "vingt"])
def test_canvas_points_that_cannot_be_read_are_refused(possible: str) -> None:
    with pytest.raises(BadSheet, match="points possible cannot be read"):
        fill_canvas(canvas(CLASS, possible=possible), CLASS, "42")


def test_canvas_points_in_other_spellings_and_languages() -> None:
    thousand = canvas(CLASS, possible="1,000.00")
    with pytest.raises(BadSheet, match="counts to 1000"):
        fill_canvas(thousand, CLASS, "42")
    scaled = fill_canvas(thousand, CLASS, "42", scale=True)
    assert (
        max(
            float(r["TP 4, Transformer (42)"] or 0) for r in rows(scaled.data, "utf-8-sig", ",")[1:]
        )
        > 500
    )
    french = canvas(CLASS, possible="10").replace(b"Points Possible", b"Points possibles")
    with pytest.raises(BadSheet, match="counts to 10"):
        fill_canvas(french, CLASS, "42")


@pytest.mark.parametrize(
    ("text", "number"),
    [("20", 20), ("7,5", 7.5), ("20.00", 20), ("1,000.00", 1000), ("1.000,50", 1000.5),
     ("1 000,00", 1000), ("1\u202f000", 1000), ("1,000", None), ("", None), ("-", None), ("0.125", 0.125)],
)  # fmt: skip
def test_amounts(text: str, number: float | None) -> None:
    assert amount(text) == number


def test_the_workbook_holds_the_marks_and_no_formula_of_a_student() -> None:
    book = openpyxl.load_workbook(io.BytesIO(gradebook_workbook(CLASS, KEY, "fr")))
    assert book.sheetnames == ["Notes", "Contrôles", "Erreurs"]
    sheet = book["Notes"]
    assert sheet.cell(1, 1).value == "étudiant" and sheet.freeze_panes == "B2"
    found = {sheet.cell(i, 2).value: sheet.cell(i, 3).value for i in range(2, len(CLASS) + 2)}
    for g in CLASS:
        assert found[g.student_id] == (None if g.problem else pytest.approx(g.total))
    wicked = next(c for c in sheet["A"] if str(c.value).startswith("=HYPERLINK"))
    assert wicked.data_type == "s"
    with zipfile.ZipFile(io.BytesIO(gradebook_workbook(CLASS, KEY, "fr"))) as archive:
        for name in archive.namelist():
            assert b"<f>HYPERLINK" not in archive.read(name)
    assert sheet.cell(len(CLASS) + 2, 3).value.startswith("=IF(COUNT(C2:")


def test_a_workbook_survives_control_characters_and_an_empty_class() -> None:
    odd = replace(CLASS[0], student="a\x00b\x0bc\ud800")
    book = openpyxl.load_workbook(io.BytesIO(gradebook_workbook([odd], KEY, "en")))
    assert book["Marks"].cell(2, 1).value == "abc"
    assert (
        openpyxl.load_workbook(io.BytesIO(gradebook_workbook([], KEY, "en")))["Marks"].max_row == 1
    )


def test_an_empty_result_says_so() -> None:
    assert [n.en for n in Filled().notices()] == ["0 grades entered"]
    one = Filled(filled=marks([CLASS[0]]))
    assert one.notices()[0].en == "1 grade entered"

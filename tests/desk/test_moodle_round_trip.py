"""From a Moodle download with nasty names to Moodle's own files filled in, in both languages."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from pathlib import Path

import pytest
from commands import grader
from essay import STUDENTS, name_of

HEADS = {
    "fr": ["Identifiant", "Nom complet", "Adresse de courriel", "Statut", "Note", "Note maximale",
           "La note peut être modifiée", "Dernière modification (travail remis)",
           "Dernière modification (note)", "Feedback par commentaires"],
    "en": ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
           "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
           "Feedback comments"],
}  # fmt: skip
HOW = {"fr": (";", "utf-8-sig", "20,00", "Oui", "\r\n"), "en": (",", "utf-8", "20.00", "Yes", "\n")}


def worksheet(lang: str, names: dict[int, str], heads: list[str] | None = None) -> bytes:
    delimiter, encoding, most, yes, end = HOW[lang]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    writer.writerow(heads or HEADS[lang])
    for id, name in names.items():
        writer.writerow(
            [
                f"Participant {id}",
                name,
                f"e{id}@x.fr",
                'dit "remis"',
                "",
                most,
                yes,
                "-",
                "-",
                "à\nb",
            ]
        )
    return file.getvalue().encode(encoding)


PEOPLE = {500 + i: name_of(i) for i in range(STUDENTS)}


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_download_comes_back_filled_in(course: Path, lang: str, packed: bool) -> None:
    if packed:
        shutil.make_archive(str(course / "TP mini-12"), "zip", course / "class")
        said = grader(course, "grade", "TP mini-12.zip", "--out", "out", "--lang", lang)
        assert f"{STUDENTS} " in said
    sheet = worksheet(lang, {**PEOPLE, 900: "Absente Toujours"})
    (course / "Notes TP.csv").write_bytes(sheet)
    grader(
        course, "override", "503", "--total", "--points", "7.5", "--reason", "oral", "--lang", lang
    )
    said = grader(
        course, "export", "--moodle", "Notes TP.csv", "--moodle-feedback", "retours.zip",
        "--xlsx", "notes.xlsx", "--gradescope", "gs", "--lang", lang,
    )  # fmt: skip
    assert "Absente Toujours" in said
    assert (course / "Notes TP.csv").read_bytes() == sheet
    filled = (course / "Notes TP-filled.csv").read_bytes()
    delimiter, encoding, _, _, end = HOW[lang]
    before = list(csv.reader(io.StringIO(sheet.decode(encoding), newline=""), delimiter=delimiter))
    after = list(csv.reader(io.StringIO(filled.decode(encoding), newline=""), delimiter=delimiter))
    grades = {row[1]: row[4] for row in after[1:]}
    sign = "," if lang == "fr" else "."
    assert grades["Anne O'Brien"] == f"7{sign}50"
    assert grades["Zoé d'Hérouville"] == f"19{sign}00" and grades["Absente Toujours"] == ""
    for old, new in zip(before, after, strict=True):
        assert [x for i, x in enumerate(old) if i != 4] == [x for i, x in enumerate(new) if i != 4]
    assert end.encode() in filled and filled.startswith(sheet[:3])
    with zipfile.ZipFile(course / "retours.zip") as archive:
        folders = {n.split("/")[0] for n in archive.namelist()}
        page = archive.read("Anne O'Brien_503_assignsubmission_file_/feedback.html").decode()
    assert folders == {p.name for p in (course / "class").iterdir()}
    assert "oral" in page and "<script" not in page.lower()
    # A second filling of the filled file changes nothing.
    grader(course, "export", "--moodle", "Notes TP-filled.csv", "--lang", lang)
    assert (course / "Notes TP-filled-filled.csv").read_bytes() == filled


@pytest.mark.parametrize(
    ("heads", "names", "says"),
    [
        (None, {9001: "Somebody Else", 9002: "Another One"}, "another course"),
        (["Identifier", "Full name"], PEOPLE, "no column Grade, Last modified (grade)"),
        (None, {500 + i: name_of(i + 1) for i in range(90)}, "another assignment"),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_in_one_line(
    graded_course: Path, tmp_path: Path, heads: list[str] | None, names: dict[int, str], says: str
) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(worksheet("en", names, heads))
    said = grader(graded_course, "export", "--moodle", str(path), "--lang", "en", code=2).strip()
    assert says in said and "\n" not in said
    assert list(tmp_path.iterdir()) == [path]

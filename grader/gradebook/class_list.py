"""The class list: who should hand in, read from what a platform exports, and who of it did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from grader.platforms.files import read_bytes
from grader.platforms.moodle import HEADINGS, read_moment
from grader.platforms.people import Person, Student, letters, match, participant
from grader.platforms.table import BadSheet, Sheet

_NAME = ("Full name", "Nom complet", "Student", "Étudiant", "Name", "Élève")
_FIRST = ("First name", "Prénom", "Given name")
_LAST = ("Last name", "Surname", "Nom de famille", "Family name", "Nom")
_NUMBERS = (*HEADINGS["number"], *HEADINGS["identifier"], "ID", "SIS User ID", "SIS Login ID",
            "Student ID", "student_id", "Numéro étudiant", "Username", "Nom d'utilisateur",
            *HEADINGS["email"], "Email", "E-mail", "Mail")  # fmt: skip


@dataclass
class Attendance:
    """A class list and who of it handed in.

    Attributes:
        found: student's identifier → their line of the list.
        strangers: names of those who handed in and are not listed.
        unclear: names that fit several people of the list.
        missing: who did not hand in, in order of the list.
    """

    found: dict[str, Person] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    missing: list[Person] = field(default_factory=list)


def read_class_list(path: Path, zone: tzinfo) -> list[Person]:
    """Read a class list: Moodle's participants, its grading worksheet, Canvas' gradebook, any CSV.

    UTF-8, UTF-16 or windows-1252; commas, semicolons or tabs; French or English headings.

    Raises:
        ReportError: it cannot be read, or has no column of names.
    """
    sheet = Sheet.read(read_bytes(path), path.name)
    first, last = sheet.find(_FIRST), sheet.find(_LAST)
    name = sheet.find(_NAME)
    if name < 0 and first < 0:
        name = last
    if name < 0 and last < 0:
        raise BadSheet(
            "class list {p}: no column of names (Full name, or First name and Last name);"
            " its columns are {c}",
            p=path.name,
            c=", ".join(h for h in sheet.headings() if h)[:200] or "?",
        )
    numbers = [i for i in (sheet.find((n,)) for n in _NUMBERS) if i >= 0]
    identifier = sheet.find(HEADINGS["identifier"])
    handed_in, group = sheet.find(HEADINGS["handed_in"]), sheet.find(HEADINGS["group"])
    people = []
    for row in sheet.filled_rows():
        said = sheet.get(row, name) or f"{sheet.get(row, first)} {sheet.get(row, last)}"
        said = " ".join(said.split())
        if not said or letters(said) in ("pointspossible", "pointspossibles"):
            continue
        people.append(
            Person(
                said,
                participant(sheet.get(row, identifier)),
                frozenset(sheet.get(row, i).strip().casefold() for i in numbers) - {""},
                read_moment(sheet.get(row, handed_in), zone),
                sheet.get(row, group).strip(),
            )
        )
    if not people:
        raise BadSheet("class list {p}: nobody in it", p=path.name)
    return people


def attendance(people: Sequence[Person], students: Iterable[tuple[str, str]]) -> Attendance:
    """Find each of ``(name, student id)`` in the list; who is contradicted by a name is a stranger."""
    present = [Student(name, id) for name, id in students]
    matched = match(present, people)
    result = Attendance({present[i].id: people[p] for i, p in matched.found.items()})
    strangers = {*matched.absent, *(i for i, _ in matched.contradicted)}
    result.strangers = [s.name for i, s in enumerate(present) if i in strangers]
    result.unclear = [s.name for i, s in enumerate(present) if i in set(matched.unclear)]
    contradicted = {p for _, p in matched.contradicted}
    result.missing = [
        p for i, p in enumerate(people) if i not in matched.touched or i in contradicted
    ]
    return result

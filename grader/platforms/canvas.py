"""Canvas: names of downloaded files, and the teacher's gradebook export with one column filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.check.text import gettext
from grader.platforms.marks import Filled, Mark, amount, convert, fill, students
from grader.platforms.people import Person, bare, letters, match
from grader.platforms.table import BadSheet, Sheet

_FILE = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_.+")
_IDS = ("SIS User ID", "SIS Login ID", "ID")
_FIXED = ("Student", *_IDS, "Integration ID", "Root Account", "Section")
_EXCUSED = "EX"


def owner(file: str) -> tuple[str, str] | None:
    """Name and number in ``lastnamefirstname_LATE_123_456_file.ipynb``; None for other names."""
    found = _FILE.fullmatch(file)
    return (found["name"], found["id"]) if found else None


def fill_gradebook(
    data: bytes,
    marks: Sequence[Mark],
    maximum: float,
    assignment: str,
    *,
    name: str = "gradebook.csv",
    scale: bool = False,
) -> Filled:
    """Enter totals into the column of `assignment` of a Canvas gradebook; keep every other byte.

    People are found by Canvas ID, SIS user ID or SIS login, else by their name in either order.
    Excused students (``EX``) are left alone and counted as locked.

    Args:
        assignment: its name, its number, or the whole heading ``Name (number)``.
        scale: convert to the points possible where they differ from the lab's.

    Raises:
        BadSheet: not such a gradebook, no such assignment, none of the students, other points or
            points that cannot be read.
    """
    sheet = Sheet.read(data, name)
    fixed = {c: sheet.find([c]) for c in _FIXED}
    missing = [c for c in ("Student", "ID", "Section") if fixed[c] < 0]
    if missing:
        raise BadSheet(
            "{n} is no Canvas gradebook: no column {c}; export it from Grades in Canvas",
            n=name,
            c=", ".join(missing),
        )
    column = _assignment(sheet, assignment, set(fixed.values()))
    rows = [i for i in sheet.filled_rows() if sheet.get(i, fixed["ID"]).strip()]
    possible = _possible(sheet, fixed, column)
    people = [
        Person(
            sheet.get(i, fixed["Student"]),
            ids=frozenset(sheet.get(i, fixed[c]).strip().casefold() for c in _IDS) - {""},
        )
        for i in rows
    ]
    matched = match(students(marks), people)
    if marks and not matched.touched:
        raise BadSheet(
            "{n} is of another course: none of the {k} graded students is in it",
            n=name,
            k=len(marks),
        )

    def grade(total: float, row: int) -> float | None:
        excused = sheet.get(row, column).strip().upper() == _EXCUSED
        return None if excused else convert(total, maximum, possible, scale, name)

    sign = sheet.decimal_sign((column,))
    return fill(sheet, (column, -1), sign, marks, people, rows, matched, grade)


def _assignment(sheet: Sheet, wanted: str, fixed: set[int]) -> int:
    """The column of an assignment."""
    columns = {
        i: h
        for i, h in enumerate(sheet.headings())
        if i not in fixed and re.search(r"\(\d+\)\s*$", h)
    }
    whole = [i for i, h in columns.items() if bare(h.strip()) == bare(wanted.strip())]
    parts = []
    for i, heading in columns.items():
        title, _, id = heading.rstrip().rstrip(")").rpartition("(")
        if letters(title) == letters(wanted) or id == wanted.strip():
            parts.append(i)
    hits = whole or parts
    if len(hits) == 1:
        return hits[0]
    said = (
        gettext("{n}: several assignments are called {a!r}: give its number, of {c}")
        if hits
        else gettext("{n}: no assignment {a!r}; there are: {c}")
    )
    listed = ", ".join(columns.values())[:300] or "–"
    raise BadSheet(said.fill(n=sheet.name, a=wanted, c=listed))


def _possible(sheet: Sheet, fixed: dict[str, int], column: int) -> float:
    """The assignment's points possible: a number above the first student, beside no ID.

    Raises:
        BadSheet: there is none that can be read: grades could be out of anything.
    """
    said = ""
    for i in sheet.filled_rows():
        if sheet.get(i, fixed["ID"]).strip():
            break
        said = said or sheet.get(i, column).strip()
        possible = amount(sheet.get(i, column))
        if possible is not None:
            return possible
    raise BadSheet(
        "{n}: the assignment's points possible cannot be read ({m!r}); they must stand as a number "
        "in the row Points Possible, below the headings: export the gradebook again",
        n=sheet.name,
        m=said,
    )

"""Canvas: the teacher's own gradebook export with one assignment's column filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grader.check.key import Key
from grader.check.text import gettext
from grader.gradebook.records import Graded
from grader.platforms.files import write_atomically
from grader.platforms.moodle import Filled, amount, convert, read_bytes
from grader.platforms.table import BadSheet, Sheet, bare, letters, name_words
from grader.reports.summary import in_order

_FIXED = (
    "Student",
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Integration ID",
    "Root Account",
    "Section",
)
_EXCUSED = "EX"


def fill_canvas(
    data: bytes,
    graded: Sequence[Graded],
    key: Key,
    assignment: str,
    *,
    name: str = "gradebook.csv",
    scale: bool = False,
) -> Filled:
    """Enter totals into the column of `assignment` of a Canvas gradebook; keep every other byte.

    People are found by Canvas ID, SIS user ID or SIS login, else by their name in either order.
    Excused students (``EX``) are left alone and counted as locked.

    Args:
        data: the gradebook as exported.
        assignment: its name, its number, or the whole heading ``Name (number)``.
        scale: convert to the points possible where they differ from the lab's.

    Raises:
        BadSheet: not such a gradebook, no such assignment, none of the students, other points.
    """
    sheet = Sheet.read(data, name)
    fixed = {c: sheet.find([c]) for c in _FIXED}
    missing = [c for c in ("Student", "ID", "Section") if fixed[c] < 0]
    if missing:
        raise BadSheet(
            gettext(
                "{n} is no Canvas gradebook: no column {c}; export it from Grades in Canvas",
                n=name,
                c=", ".join(missing),
            )
        )
    column = _assignment(sheet, assignment, set(fixed.values()))
    people, possible = _people(sheet, fixed, column)
    result = Filled()
    places: dict[int, list[Graded]] = {}
    for g in graded:
        rows = _rows_of(g, sheet, fixed, people)
        if len(rows) == 1:
            places.setdefault(rows[0], []).append(g)
        else:
            (result.ambiguous if rows else result.absent).append(g)
    if graded and not places and not result.ambiguous:
        raise BadSheet(
            gettext(
                "{n} is of another course: none of the {k} graded students is in it",
                n=name,
                k=len(graded),
            )
        )
    sign = sheet.decimal_sign((column,))
    for row in sorted(places):
        if len(places[row]) > 1:
            result.ambiguous += places[row]
            continue
        g = places[row][0]
        old = sheet.get(row, column).strip()
        if g.problem is not None:
            result.not_graded.append(g)
        elif old.upper() == _EXCUSED:
            result.locked.append(g)
        else:
            grade = g.total
            if possible is not None:
                grade = convert(grade, key.max_points, possible, scale, name)
            new = f"{grade:.2f}".replace(".", sign)
            if amount(old) != amount(new):
                if old:
                    result.replaced.append((g, old, new))
                sheet.set(row, column, new)
            result.filled.append(g)
            if g.pending:
                result.pending.append(g)
    result.absent, result.ambiguous = in_order(result.absent), in_order(result.ambiguous)
    result.silent = [sheet.get(i, fixed["Student"]) for i in people if i not in places]
    result.data = sheet.to_bytes()
    return result


def _assignment(sheet: Sheet, wanted: str, fixed: set[int]) -> int:
    """The column of an assignment."""
    columns = {i: h for i, h in enumerate(sheet.headings()) if i not in fixed}
    marked = {i: h for i, h in columns.items() if re.search(r"\(\d+\)\s*$", h)}
    whole = [i for i, h in marked.items() if bare(h.strip()) == bare(wanted.strip())]
    parts = [
        i
        for i, h in marked.items()
        if (found := re.fullmatch(r"(.*?)\s*\((\d+)\)\s*", h, re.DOTALL))
        and (letters(found[1]) == letters(wanted) or found[2] == wanted.strip())
    ]
    hits = whole or parts
    if len(hits) == 1:
        return hits[0]
    listed = ", ".join(marked.values())[:300] or "–"
    if hits:
        raise BadSheet(
            gettext(
                "{n}: several assignments are called {a!r}: give its number, of {c}",
                n=sheet.name,
                a=wanted,
                c=listed,
            )
        )
    raise BadSheet(
        gettext("{n}: no assignment {a!r}; there are: {c}", n=sheet.name, a=wanted, c=listed)
    )


def _people(sheet: Sheet, fixed: dict[str, int], column: int) -> tuple[list[int], float | None]:
    """The students' rows, and the points possible if the sheet says them."""
    people: list[int] = []
    possible: float | None = None
    for i in sheet.filled_rows():
        if bare(sheet.get(i, fixed["Student"]).strip()) == "points possible":
            possible = amount(sheet.get(i, column))
        elif sheet.get(i, fixed["ID"]).strip():
            people.append(i)
    return people, possible


def _rows_of(g: Graded, sheet: Sheet, fixed: dict[str, int], people: Sequence[int]) -> list[int]:
    """The rows that can be this student's, by the surest sign that any row shows."""
    given = g.student_id.strip().casefold()
    for column in ("SIS User ID", "SIS Login ID", "ID"):
        rows = [i for i in people if sheet.get(i, fixed[column]).strip().casefold() == given]
        if rows and given:
            return rows
    words, run = name_words(g.student), letters(g.student)
    rows = [i for i in people if name_words(sheet.get(i, fixed["Student"])) == words]
    return rows or [i for i in people if run and letters(sheet.get(i, fixed["Student"])) == run]


def fill_canvas_file(
    gradebook: Path,
    graded: Sequence[Graded],
    key: Key,
    assignment: str,
    out: Path,
    *,
    scale: bool = False,
) -> Filled:
    """`fill_canvas` from a file to a file (which may be the same).

    Raises:
        BadSheet: see there.
        ReportError: a file cannot be read or written.
    """
    filled = fill_canvas(
        read_bytes(gradebook), graded, key, assignment, name=gradebook.name, scale=scale
    )
    write_atomically(out, filled.data)
    return filled

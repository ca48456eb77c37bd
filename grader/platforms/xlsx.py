"""The gradebook as an XLSX workbook, for those who live in a spreadsheet."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.check.key import Key
from grader.check.text import gettext
from grader.gradebook.records import Graded
from grader.platforms.files import write_atomically
from grader.reports.summary import by_exercise, in_order, state, summarise
from grader.reports.words import STATE

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def workbook(graded: Sequence[Graded], key: Key, lang: str) -> bytes:
    """Three sheets: marks by exercise, points by check, recognised mistakes.

    Texts are stored as texts, so that none is taken for a formula; means are formulas, so that they
    follow a mark changed by hand.
    """
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    first.title = gettext("Marks").to(lang)
    _marks(first, graded, key, lang)
    _checks(book.create_sheet(gettext("Checks").to(lang)), graded, key, lang)
    _mistakes(book.create_sheet(gettext("Mistakes").to(lang)), graded, key, lang)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def write_workbook(graded: Sequence[Graded], key: Key, path: Path, lang: str) -> Path:
    """Write `workbook` to `path`."""
    return write_atomically(path, workbook(graded, key, lang))


def _marks(sheet: Any, graded: Sequence[Graded], key: Key, lang: str) -> None:
    exercises = [e for e in key.exercises if key.of_exercise(e.id)]
    said = [
        gettext("student"), gettext("identifier"),
        gettext("total"), gettext("max"), gettext("bonus"),
        gettext("late"), gettext("by hand"),
        gettext("attempts"),
    ]  # fmt: skip
    heads = [t.to(lang) for t in said] + [f"{e.number} {e.title.to(lang)}" for e in exercises]
    heads += [gettext("state").to(lang), gettext("notices").to(lang)]
    rows: list[list[object]] = []
    for g in in_order(graded):
        marks = {m.id: m.points + m.bonus for m in by_exercise(g, key)} if g.problem is None else {}
        told = [*([g.problem] if g.problem else []), *g.notices]
        rows.append(
            [
                g.student, g.student_id, g.total if g.problem is None else None, key.max_points,
                g.bonus if g.problem is None else None, -g.penalty or None, _by_hand(g), g.attempts,
                *(marks.get(e.id) for e in exercises),
                STATE[state(g)].to(lang), "; ".join(t.to(lang) for t in told),
            ]
        )  # fmt: skip
    _fill(sheet, heads, rows, means=range(3, 9 + len(exercises)), lang=lang, skip=(4, 7, 8))


def _by_hand(graded: Graded) -> float | None:
    """What marks set by hand changed; None if none is."""
    if not graded.by_hand:
        return None
    whole = graded.total_by_hand
    return sum(h.points - h.before for h in ([whole] if whole else graded.by_hand))


def _checks(sheet: Any, graded: Sequence[Graded], key: Key, lang: str) -> None:
    numbers = {e.id: e.number for e in key.exercises}
    heads = [
        gettext("student").to(lang),
        gettext("identifier").to(lang),
    ]
    heads += [f"{numbers.get(c.exercise, '')} {c.title.to(lang)}" for c in key.checks]
    rows: list[list[object]] = []
    for g in in_order(graded):
        points = {v.check: v.points for v in g.verdicts}
        rows.append([g.student, g.student_id, *(points.get(c.id) for c in key.checks)])
    _fill(sheet, heads, rows, means=range(3, 3 + len(key.checks)), lang=lang)


def _mistakes(sheet: Any, graded: Sequence[Graded], key: Key, lang: str) -> None:
    said = [
        gettext("exercise"), gettext("mistake"),
        gettext("students"), gettext("points lost"),
    ]  # fmt: skip
    rows: list[list[object]] = [
        [f"{m.number} {m.exercise.to(lang)}", m.text.to(lang), m.students, m.lost]
        for m in summarise(graded, key).mistakes
    ]
    _fill(sheet, [t.to(lang) for t in said], rows, means=range(0), lang=lang)


def _fill(
    sheet: Any, heads: Sequence[str], rows: Sequence[Sequence[object]], means: range, lang: str,
    skip: Sequence[int] = (),
) -> None:  # fmt: skip
    """Headings, rows and, below, the mean of each column in `means` (1-based) but `skip`."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for j, head in enumerate(heads, 1):
        cell = _put(sheet, 1, j, head)
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.fill = PatternFill("solid", fgColor="EEF2F7")
    for i, row in enumerate(rows, 2):
        for j, value in enumerate(row, 1):
            _put(sheet, i, j, value)
    last = len(rows) + 1
    if rows and means:
        _put(sheet, last + 1, 1, gettext("mean").to(lang)).font = Font(bold=True)
        for j in means:
            column = get_column_letter(j)
            span = f"{column}2:{column}{last}"
            if j not in skip:
                cell = sheet.cell(last + 1, j, f'=IF(COUNT({span})=0,"",AVERAGE({span}))')
                cell.number_format = "0.00"
                cell.font = Font(bold=True)
    sheet.freeze_panes = sheet.cell(2, 2 if means else 1)
    if rows:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{last}"
    for j, head in enumerate(heads, 1):
        texts = [str(r[j - 1]) for r in rows if isinstance(r[j - 1], str)]
        longest = max(map(len, texts), default=0)
        width = min(48, max(longest + 2, min(16, len(head) + 2), 8))
        sheet.column_dimensions[get_column_letter(j)].width = width


def _put(sheet: Any, row: int, column: int, value: object) -> Any:
    """A cell holding a number, nothing, or a text that can be nothing but a text."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = _CONTROL.sub("", value)[:32_000]
        cell.data_type = "s"
    elif value is not None:
        cell.value = value
        cell.number_format = "0.00" if isinstance(value, float) else "General"
    return cell

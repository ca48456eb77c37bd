"""Tables as an XLSX workbook, for those who live in a spreadsheet."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class Table:
    """One sheet.

    Attributes:
        rows: numbers, texts and None.
        means: columns, from 1, whose mean stands below.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]
    means: Sequence[int] = ()


def workbook(tables: Sequence[Table], mean: str) -> bytes:
    """A sheet a table. Texts are stored as texts, so that none is taken for a formula; means are
    formulas, so that they follow a mark changed by hand.

    Args:
        mean: the word that stands before the means.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for table in tables:
        _fill(book.create_sheet(table.title), table, mean)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(sheet: Any, table: Table, mean: str) -> None:
    """Headings, rows and, below, the means."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for j, head in enumerate(table.heads, 1):
        cell = _put(sheet, 1, j, head)
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.fill = PatternFill("solid", fgColor="EEF2F7")
    for i, row in enumerate(table.rows, 2):
        for j, value in enumerate(row, 1):
            _put(sheet, i, j, value)
    last = len(table.rows) + 1
    if table.rows and table.means:
        _put(sheet, last + 1, 1, mean).font = Font(bold=True)
    for j in table.means if table.rows else ():
        column = get_column_letter(j)
        span = f"{column}2:{column}{last}"
        cell = sheet.cell(last + 1, j, f'=IF(COUNT({span})=0,"",AVERAGE({span}))')
        cell.number_format = "0.00"
        cell.font = Font(bold=True)
    sheet.freeze_panes = sheet.cell(2, 2 if table.means else 1)
    if table.rows:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.heads))}{last}"
    for j, head in enumerate(table.heads, 1):
        texts = [str(r[j - 1]) for r in table.rows if isinstance(r[j - 1], str)]
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

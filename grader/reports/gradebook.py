"""``gradebook.csv``: one row a submission, one column a check."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from grader.core.key import Key
from grader.core.text import same
from grader.gradebook.records import Graded
from grader.reports.files import write_atomically
from grader.reports.summary import in_order, state

BOM = "\ufeff"


def safe_cell(text: str) -> str:
    """`text` such that no spreadsheet takes it for a formula (OWASP, CSV injection)."""
    first = text.lstrip("\u00a0 ")[:1]
    return f"'{text}" if first and first in "=+-@\t\r\n＝＋－＠" else text


def points(value: float) -> str:
    """Points with as many digits as they need, four at most."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def columns(key: Key) -> list[str]:
    """The header of the gradebook."""
    checks = [c.id for c in key.checks]
    return ["student", "student_id", "lab", "total", "max", *checks, "status", "notices"]


def gradebook_csv(
    graded: Sequence[Graded], key: Key, *, lang: str = "en", bom: bool = False
) -> str:
    """The gradebook as CSV (RFC 4180, ``\\n`` line ends), in order of names.

    Columns: ``student, student_id, lab, total, max``, one a check (points), ``status`` (``graded``,
    ``pending``: a person must read an answer, ``not_graded``), ``notices`` in `lang`. `total` has
    two decimals and counts bonus points up to the maximum. A submission that could not be graded
    has 0 everywhere and says why in `notices`.

    Args:
        bom: begin with a byte order mark, by which Excel knows UTF-8.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([safe_cell(c) for c in columns(key)])
    for g in in_order(graded):
        earned = {v.check: v.points for v in g.verdicts}
        told = [*([g.problem] if g.problem else []), *g.notices]
        writer.writerow(
            [
                *map(safe_cell, (g.student, g.student_id, g.lab)),
                f"{g.total:.2f}",
                f"{key.max_points:.2f}",
                *(points(earned.get(c.id, 0.0)) for c in key.checks),
                state(g),
                safe_cell("; ".join((t or same("")).to(lang) for t in told).replace("\r", " ")),
            ]
        )
    return (BOM if bom else "") + file.getvalue()


def write_gradebook(
    graded: Sequence[Graded], key: Key, path: Path, *, lang: str = "en", bom: bool = False
) -> Path:
    """Write `gradebook_csv` to `path`."""
    return write_atomically(path, gradebook_csv(graded, key, lang=lang, bom=bom))

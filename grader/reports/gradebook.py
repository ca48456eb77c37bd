"""``gradebook.csv``: one row a submission, one column a check."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from grader.check.key import Key
from grader.check.text import same
from grader.gradebook.records import Graded
from grader.platforms.files import write_atomically
from grader.reports.summary import in_order, state

BOM = "\ufeff"


def safe_cell(text: str) -> str:
    """`text` such that no spreadsheet takes it for a formula (OWASP, CSV injection)."""
    first = text.lstrip("\u00a0 ")[:1]
    return f"'{text}" if first and first in "=+-@\t\r\n＝＋－＠" else text


def points(value: float) -> str:
    """Points with as many digits as they need, four at most."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


MADE_OF = ("partial", "metrics", "bonus", "late_penalty", "by_hand", "attempts", "submitted_at")
"""What a total is made of: columns behind the others."""


def columns(key: Key) -> list[str]:
    """The header of the gradebook."""
    checks = [c.id for c in key.checks]
    figures = [f"figure:{c.id}" for c in key.checks if c.metric]
    return [
        "student", "student_id", "lab", "total", "max", *checks, "status", "notices",
        *MADE_OF, *figures,
    ]  # fmt: skip


def gradebook_csv(
    graded: Sequence[Graded],
    key: Key,
    *,
    lang: str = "en",
    bom: bool = False,
    missing: Sequence[str] = (),
) -> str:
    """The gradebook as CSV (RFC 4180, ``\\n`` line ends), in order of names.

    Columns: ``student, student_id, lab, total, max``, one a check (points), ``status`` (``graded``,
    ``pending``: a person must read an answer, ``not_graded``, ``missing``), ``notices`` in `lang`,
    then what the total is made of: `made_of`, and the measured figure of each metric. `total` has
    two decimals and counts bonus points up to the maximum. A submission that could not be graded
    has 0 everywhere and says why in `notices`.

    Args:
        bom: begin with a byte order mark, by which Excel knows UTF-8.
        missing: names on the class list that handed in nothing; they come last, with 0.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([safe_cell(c) for c in columns(key)])
    measured = [c.id for c in key.checks if c.metric]
    for g in in_order(graded):
        earned = {v.check: v.points for v in g.verdicts}
        figures = {v.check: v.figure for v in g.verdicts}
        told = [*([g.problem] if g.problem else []), *g.notices]
        writer.writerow(
            [
                *map(safe_cell, (g.student, g.student_id, g.lab)),
                f"{g.total:.2f}",
                f"{key.max_points:.2f}",
                *(points(earned.get(c.id, 0.0)) for c in key.checks),
                state(g),
                safe_cell("; ".join((t or same("")).to(lang) for t in told).replace("\r", " ")),
                *made_of(g, key).values(),
                *("" if (f := figures.get(c)) is None else f"{f:.6g}" for c in measured),
            ]
        )
    for name in missing:
        nothing = ["0"] * len(key.checks)
        writer.writerow(
            [safe_cell(name), "", key.lab, "0.00", f"{key.max_points:.2f}", *nothing, "missing"]
            + [""] * (1 + len(MADE_OF) + len(measured))
        )
    return (BOM if bom else "") + file.getvalue()


def made_of(graded: Graded, key: Key) -> dict[str, str]:
    """What a total is made of, as the gradebook writes it.

    ``partial``: points of checks earned in part; ``metrics``: points of measured figures;
    ``bonus``; ``late_penalty``: points taken; ``by_hand``: what marks set by hand changed, empty if
    none is; ``attempts``; ``submitted_at``.
    """
    metrics = {c.id for c in key.checks if c.metric}
    by_hand = ""
    if graded.by_hand:
        whole = graded.total_by_hand
        moved = [h for h in graded.by_hand if h.check] if whole is None else [whole]
        by_hand = points(sum(h.points - h.before for h in moved))
    return dict(
        zip(
            MADE_OF,
            (
                points(sum(
                    v.points for v in graded.verdicts
                    if v.status == "partial" and v.check not in metrics
                )),
                points(sum(v.points for v in graded.verdicts if v.check in metrics)),
                points(graded.bonus),
                points(graded.penalty),
                by_hand,
                str(graded.attempts),
                safe_cell(graded.submitted_at),
            ),
            strict=True,
        )
    )  # fmt: skip


def write_gradebook(
    graded: Sequence[Graded],
    key: Key,
    path: Path,
    *,
    lang: str = "en",
    bom: bool = False,
    missing: Sequence[str] = (),
) -> Path:
    """Write `gradebook_csv` to `path`."""
    return write_atomically(path, gradebook_csv(graded, key, lang=lang, bom=bom, missing=missing))

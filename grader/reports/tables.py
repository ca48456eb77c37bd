"""Tables: ``gradebook.csv``, ``course.csv``, the log, whom to ask, and the summary in the terminal."""

from __future__ import annotations

import csv
import io
import re
import shutil
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text as Styled

from grader.check.key import Check, Key
from grader.check.text import Text, gettext, ngettext, number
from grader.gradebook.course import CourseRow
from grader.gradebook.records import STANDING, About, Curve, Graded
from grader.reports.evidence import asked_lines, code_of, compared
from grader.reports.summary import Figures, by_exercise, by_family, in_order
from grader.reports.words import STATUS, percent, two

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
BOM = "\ufeff"
"""What a CSV file begins with, so that Excel takes it for UTF-8."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV file (RFC 4180, ``\\n`` line ends, byte order mark); no cell is taken for a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([c if _NUMBER.fullmatch(str(c)) else safe_cell(str(c)) for c in row])
    return BOM + file.getvalue()


def safe_cell(text: str) -> str:
    """`text` such that no spreadsheet takes it for a formula (OWASP, CSV injection)."""
    first = text.lstrip("\u00a0 ")[:1]
    return f"'{text}" if first and first in "=+-@\t\r\n＝＋－＠" else text


def points(value: float) -> str:
    """Points with as many digits as they need, four at most."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


MADE_OF = (
    "partial", "metrics", "bonus", "late_penalty", "by_hand", "attempts", "submitted_at", "group",
    "comment",
)  # fmt: skip
"""What a total is made of, and what else is known: columns behind the others."""


def columns(key: Key) -> list[str]:
    """The header of the gradebook."""
    checks = [c.id for c in key.checks]
    figures = [f"figure:{c.id}" for c in key.checks if c.metric]
    return [
        "student", "student_id", "lab", "total", "max", *checks, "status", "notices",
        *MADE_OF, *figures,
    ]  # fmt: skip


def gradebook_csv(graded: Sequence[Graded], key: Key, lang: str = "en") -> str:
    """The gradebook as CSV, in order of family names.

    Columns: ``student, student_id, lab, total, max``, one a check (points), ``status`` (``graded``,
    ``pending``: a person must read an answer, ``not_graded``, ``absent``, ``excused``), ``notices`` in
    `lang`, then what the total is made of (`made_of`) and the measured figure of each metric. `total`
    has two decimals and counts bonus points up to the maximum. Who has no mark has empty cells, never
    zeros; what could not be graded says why in `notices`.
    """
    measured = [c.id for c in key.checks if c.metric]
    rows = []
    for g in in_order(graded):
        earned = {v.check: points(v.points) for v in g.verdicts if g.counts}
        figures = {v.check: v.figure for v in g.verdicts}
        told = [*([g.problem] if g.problem else []), *g.notices]
        rows.append(
            [
                g.student,
                g.student_id,
                g.lab,
                f"{g.total:.2f}" if g.counts else "",
                f"{key.max_points:.2f}",
                *(earned.get(c.id, "") for c in key.checks),
                g.standing,
                "; ".join(t.to(lang) for t in told).replace("\r", " "),
                *made_of(g, key).values(),
                *("" if (f := figures.get(c)) is None else f"{f:.6g}" for c in measured),
            ]
        )
    return csv_text(columns(key), rows)


def made_of(graded: Graded, key: Key) -> dict[str, str]:
    """What a total is made of, as the gradebook writes it.

    ``partial``: points of checks earned in part; ``metrics``: points of measured figures;
    ``bonus``; ``late_penalty``: points taken; ``by_hand``: what marks set by hand changed, empty if
    none is; ``attempts``; ``submitted_at``; ``group``; ``comment``. Empty where there is no mark.
    """
    if not graded.counts:
        return {**dict.fromkeys(MADE_OF, ""), "group": graded.group, "comment": graded.comment}
    metrics = {c.id for c in key.checks if c.metric}
    moved = [h for h in graded.by_hand if h.check]
    if graded.total_by_hand is not None:
        moved = [graded.total_by_hand]
    part = [v for v in graded.verdicts if v.status == "partial" and v.check not in metrics]
    return {
        "partial": points(sum(v.points for v in part)),
        "metrics": points(sum(v.points for v in graded.verdicts if v.check in metrics)),
        "bonus": points(graded.bonus),
        "late_penalty": points(graded.penalty),
        "by_hand": points(sum(h.points - h.before for h in moved)) if moved else "",
        "attempts": str(graded.attempts),
        "submitted_at": graded.submitted_at,
        "group": graded.group,
        "comment": graded.comment,
    }


def course_csv(rows: Sequence[CourseRow], weights: Mapping[str, float], lang: str) -> str:
    """One row a student, one column a lab, then the mean out of 20; the second row holds the weights.

    What is no mark is a word (``absent``, ``excused``, ``not graded``).
    """
    weight = gettext("(weight)").to(lang)
    lines: list[list[str]] = [[weight, "", *(f"{w:g}" for w in weights.values()), ""]]
    for row in sorted(rows, key=lambda r: (by_family(r.student), r.student)):
        lines.append([row.student, row.group, *_cells(row, weights, lang)])
    return csv_text(["student", "group", *weights, "mean"], lines)


def _cells(row: CourseRow, labs: Iterable[str], lang: str) -> list[str]:
    """A student's marks, lab by lab, and the mean."""
    marks = [row.marks.get(lab, "absent") for lab in labs]
    words = [f"{m:.2f}" if isinstance(m, float) else STANDING[m].to(lang) for m in marks]
    return [*words, "" if row.mean is None else f"{row.mean:.2f}"]


def oral_csv(graded: Sequence[Graded], about: About, lang: str) -> str:
    """Whom to ask about the work, with the facts that are the reason."""
    who = {g.student_id: g for g in graded}
    rows = [
        [who[d.student].student, who[d.student].group, f"{who[d.student].total:.2f}",
         "; ".join(r.to(lang) for r in d.reasons)]
        for d in about.oral
    ]  # fmt: skip
    return csv_text(["student", "group", "total", "reasons"], rows)


def log_csv(rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """The log: ``at, by, lab, student, student_id, before, after, why``."""
    names = ["at", "by", "lab", "student", "student_id", "before", "after", "why"]
    plain = [
        [r[n].to(lang) if isinstance(r[n], Text) else "" if r[n] is None else r[n] for n in names]
        for r in rows
    ]
    return csv_text(names, plain)


STYLE = {
    "graded": "green", "pending": "magenta", "not_graded": "red", "absent": "yellow", "excused": "dim",
}  # fmt: skip


def summary_table(
    graded: Sequence[Graded],
    key: Key,
    lang: str = "en",
    *,
    most: int | None = 80,
    width: int | None = None,
) -> Table:
    """Students × (total, points by exercise, state), a mean line below.

    What students wrote is shown as it is: no markup, no control characters.

    Args:
        most: rows shown at most (the rest is counted below the table); None for all.
        width: columns of the terminal, asked of it if None. Exercises that do not fit are left
            out, and counted below the table.
    """
    rows = in_order(graded)
    exercises = [e for e in key.exercises if key.of_exercise(e.id)]
    words = [STANDING[g.standing].to(lang) for g in rows]
    state_width = max(map(len, words), default=5)
    wide = width or shutil.get_terminal_size((80, 24)).columns
    room = max(0, (wide - 30 - state_width) // 7)
    left_out = len(exercises) - room
    exercises = exercises[:room]
    out_of = number(key.max_points, lang)
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Styled(key.title.to(lang)),
        title_justify="left",
        pad_edge=False,
        show_footer=bool(rows),
    )
    done = [g for g in rows if g.counts]
    points = {g.student_id: {m.id: m.points + m.bonus for m in by_exercise(g, key)} for g in done}
    mean = gettext("mean of {n}", n=len(done)).to(lang)
    table.add_column(
        gettext("student").to(lang),
        Styled(mean if done else ""),
        no_wrap=True,
        overflow="ellipsis",
        min_width=10,
        max_width=max(10, min(32, wide - 13 - state_width - 7 * len(exercises))),
    )
    table.add_column(
        f"/ {out_of}",
        Styled(two(statistics.fmean(g.total for g in done), lang) if done else ""),
        justify="right",
        no_wrap=True,
        min_width=5,
    )
    for exercise in exercises:
        got = [p[exercise.id] for p in points.values() if exercise.id in p]
        table.add_column(
            Styled(exercise.number or exercise.id[:8]),
            Styled(number(statistics.fmean(got), lang, 1) if got else ""),
            justify="right",
            no_wrap=True,
            min_width=4,
        )
    table.add_column(gettext("state").to(lang), no_wrap=True, min_width=min(state_width, 10))
    for g, word in list(zip(rows, words, strict=True))[:most]:
        mine = points.get(g.student_id, {})
        table.add_row(
            Styled(_printable(g.student) or g.student_id),
            Styled(two(g.total, lang) if g.counts else "–", "bold" if g.counts else "dim"),
            *(Styled(number(mine[e.id], lang, 2) if e.id in mine else "–") for e in exercises),
            Styled(word, STYLE[g.standing]),
        )
    notes = []
    if most is not None and len(rows) > most:
        notes.append(ngettext("{n} more student", "{n} more students", len(rows) - most))
    if left_out > 0:
        notes.append(ngettext("{n} more exercise", "{n} more exercises", left_out))
    if notes:
        said = ", ".join(n.to(lang) for n in notes)
        where = gettext("… {s}: see gradebook.csv", s=said)
        table.caption = Styled(where.to(lang))
        table.caption_justify = "left"
    return table


def _printable(text: str, keep: bool = False) -> str:
    """`text` without control characters; `keep`: with the spaces around it."""
    plain = "".join(c for c in text.expandtabs(4) if c.isprintable())
    return plain if keep else plain.strip()


def curve_table(graded: Sequence[Graded], curve: Curve | None, most: float, lang: str) -> Table:
    """The class's figures without a curve, as they are, and with `curve`; then whom it lifts over half."""
    marked = [g for g in graded if g.counts]

    def under(rule: Curve | None) -> list[float]:
        return [replace(g, curve=rule).total for g in marked]

    columns = {
        gettext("without"): under(None),
        gettext("now"): [g.total for g in marked],
        gettext("with the curve"): under(curve),
    }
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in columns:
        table.add_column(name.to(lang), justify="right")
    figures = [Figures.of_marks("", marks, most) for marks in columns.values()]
    for said, values in (
        (gettext("mean"), [f.mean for f in figures]),
        (gettext("median"), [f.median for f in figures]),
        (gettext("standard deviation"), [f.spread for f in figures]),
        (gettext("lowest"), [min(m, default=None) for m in columns.values()]),
        (gettext("highest"), [max(m, default=None) for m in columns.values()]),
    ):
        table.add_row(said.to(lang), *(number(v, lang) for v in values))
    passed = gettext("reach {m}", m=number(most / 2, lang)).to(lang)
    table.add_row(passed, *(percent(f.passed, lang) for f in figures))
    return table


def evidence_table(
    graded: Graded,
    check: Check,
    key: Key,
    cells: Sequence[str],
    values: Mapping[str, Any],
    lang: str,
) -> Iterable[Any]:
    """What stands behind one verdict, for the terminal: parts to print, in order."""
    verdict = next((v for v in graded.verdicts if v.check == check.id), None)
    if verdict is None:
        why = graded.problem or STANDING[graded.standing]
        yield Styled(_printable(why.to(lang)), "bold")
        return
    exercise = key.exercise(check.exercise)
    head = f"{exercise.number} {check.title.to(lang)}  {check.id}"
    yield Styled(
        f"{head}  {number(verdict.points, lang)} / {number(verdict.max_points, lang)}", "bold"
    )
    said = [STATUS[verdict.status], verdict.asked, verdict.message, verdict.hint]
    for text in said:
        if text.to(lang):
            yield Styled(_printable(text.to(lang)))
    for line in asked_lines(check, lang):
        yield Styled(f"  {_printable(line)}", "dim")
    for code in code_of(exercise, cells, [verdict]):
        yield Styled(gettext("code cell {n}", n=code.cell).to(lang), "bold")
        for n, line, marked in code.lines:
            yield Styled(f"{'>' if marked else ' '}{n:>4}  {_printable(line, keep=True)}",
                         "red" if marked else "")  # fmt: skip
    colon = " : " if lang == "fr" else ": "
    for part in compared(check, values, key, lang, verdict, mistakes=True):
        table = Table(
            box=box.SIMPLE_HEAD, title=Styled(part.name), title_justify="left", pad_edge=False
        )
        # Values whole, then whose they are; a result of another shape is one text, no column's.
        rows = [
            (r.label.to(lang), r.values) for r in part.rows if len(r.values) == len(part.places)
        ]
        for n, place in enumerate(part.places):
            widest = max([len(place), *(len(shown[n]) for _, shown in rows)])
            table.add_column(place, justify="right", no_wrap=True, min_width=widest)
        table.add_column("", overflow="fold", min_width=12)
        for label, shown in rows:
            table.add_row(*map(Styled, shown), Styled(label))
        yield table
        for row in part.rows:
            if len(row.values) != len(part.places):
                yield Styled(f"  {row.label.to(lang)}{colon}{' '.join(row.values)}")

"""A graded class as rows for the platforms: marks for sheets, ``results.json``, a workbook's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.check.judge import EARNING, Verdict
from grader.check.key import Key
from grader.check.text import gettext, number, same
from grader.gradebook.records import STANDING, Graded
from grader.gradebook.store import Store
from grader.notebook.cells import causes
from grader.platforms import gradescope, moodle
from grader.platforms.files import write_atomically
from grader.platforms.marks import Mark
from grader.platforms.xlsx import Table, workbook
from grader.reports.feedback import feedback_page
from grader.reports.page import file_stems
from grader.reports.summary import by_exercise, in_order, summarise
from grader.reports.words import STATUS, SYMBOL

CAUSES = 5  # lines on what did not run: there are no folds in these results


def marks(graded: Sequence[Graded]) -> list[Mark]:
    """Totals for a sheet, in order of names; None for who has no mark.

    Who handed in nothing and is not entered by hand is left out: the sheet knows them already.
    """
    return [
        Mark(g.student, g.student_id, g.total if g.counts else None, g.pending, g.origin, g.comment)
        for g in in_order(graded)
        if g.digest or g.counts or g.comment
    ]


def feedback_zip(graded: Sequence[Graded], key: Key, store: Store | None = None) -> bytes:
    """Feedback pages under the folder names of Moodle's download.

    Members of a group share a folder and the page of the first. Who has no folder is left out.

    Raises:
        ReportError: none of the submissions comes from such a download.
    """
    folders = moodle.folders(marks(graded))
    sources = store.sources(key.lab) if store is not None else {}
    pages: dict[str, str] = {}
    for g in in_order(graded):
        folder = folders.get(g.student_id)
        if folder is not None and folder not in pages:
            evidence = store.evidence(key.lab, g.student_id) if store is not None else {}
            cells = sources.get(g.student_id, [])
            pages[folder] = feedback_page(g, key, evidence=evidence, cells=cells)
    return moodle.feedback_zip(pages)


def results(graded: Graded, key: Key) -> gradescope.Results:
    """One submission's results for Gradescope, in the submission's language."""
    lang = graded.lang
    failed = causes(graded.cells)
    cut = [same("…")] if len(failed) > CAUSES else []
    said = [*([graded.problem] if graded.problem else []), *failed[:CAUSES], *cut, *graded.notices]
    if graded.late is not None:
        said.append(same(f"−{number(graded.penalty, lang)}: ") + graded.late.text)
    if graded.total_by_hand is not None:
        said.append(gettext("total set by hand: ") + same(graded.total_by_hand.reason))
    return gradescope.Results(
        graded.total,
        "\n".join(t.to(lang) for t in said),
        [
            _test(verdict, mark.number, i, lang)
            for mark in by_exercise(graded, key)
            for i, verdict in enumerate(mark.verdicts, 1)
        ],
        round(graded.seconds, 3),
        {
            "student": graded.student,
            "student_id": graded.student_id,
            "lab": graded.lab,
            "max_points": key.max_points,
            "bonus": graded.bonus,
            "late_penalty": graded.penalty,
            "receipt": graded.receipt,
            "graded": graded.counts,
        },
        leaderboard(graded, key),
    )


def leaderboard(graded: Graded, key: Key) -> list[dict[str, Any]]:
    """One entry a measured metric; its name is the check's id, alike for all students."""
    figures = {v.check: v.figure for v in graded.verdicts}
    entries = []
    for check in key.checks:
        metric, figure = check.metric, figures.get(check.id)
        if metric is not None and figure is not None:
            order = "asc" if metric.target < metric.floor else "desc"
            entries.append({"name": check.id, "value": round(figure, 6), "order": order})
    return entries


def _test(verdict: Verdict, exercise: str, i: int, lang: str) -> gradescope.Test:
    said = [f"{SYMBOL[verdict.status]} {STATUS[verdict.status].to(lang)}"]
    said += [t.to(lang) for t in (verdict.asked, verdict.message, verdict.hint) if t.to(lang)]
    bonus = " (bonus)" if verdict.bonus else ""
    full = verdict.status in EARNING and verdict.points >= verdict.max_points
    return gradescope.Test(
        f"{exercise} {verdict.title.to(lang)}{bonus}".strip(),
        f"{exercise}.{i}" if exercise else str(i),
        verdict.points,
        verdict.max_points,
        "\n".join(said),
        msgspec.UNSET if verdict.status == "pending" else "passed" if full else "failed",
        [t for t in (verdict.exercise, verdict.status, verdict.diagnosis) if t],
        {
            "check": verdict.check,
            "status": verdict.status,
            "diagnosis": verdict.diagnosis,
            "figure": verdict.figure,
            "bonus": verdict.bonus,
        },
    )


def write_results(
    graded: Sequence[Graded], key: Key, folder: Path, *, stems: Mapping[str, str] | None = None
) -> list[Path]:
    """Write ``folder/<student>.json`` for each record."""
    names = stems or file_stems(graded)
    return [
        write_atomically(folder / f"{names[g.student_id]}.json", results(g, key).to_json())
        for g in graded
    ]


def gradebook_workbook(graded: Sequence[Graded], key: Key, lang: str) -> bytes:
    """The class as an XLSX workbook: marks by exercise, points by check, recognised mistakes."""
    tables = [_marks(graded, key, lang), _checks(graded, key, lang), _mistakes(graded, key, lang)]
    return workbook(tables, gettext("mean").to(lang))


def _marks(graded: Sequence[Graded], key: Key, lang: str) -> Table:
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
        marks = {m.id: m.points + m.bonus for m in by_exercise(g, key)} if g.counts else {}
        told = [*([g.problem] if g.problem else []), *g.notices]
        rows.append(
            [
                g.student, g.student_id, g.total if g.counts else None, round(key.max_points, 4),
                g.bonus if g.counts else None, -g.penalty or None, _by_hand(g), g.attempts,
                *(marks.get(e.id) for e in exercises),
                STANDING[g.standing].to(lang), "; ".join(t.to(lang) for t in told),
            ]
        )  # fmt: skip
    means = [3, 5, 6, *range(9, 9 + len(exercises))]
    return Table(gettext("Marks").to(lang), heads, rows, means)


def _by_hand(graded: Graded) -> float | None:
    """What marks set by hand changed; None if none is."""
    if not graded.by_hand:
        return None
    whole = graded.total_by_hand
    return sum(h.points - h.before for h in ([whole] if whole else graded.by_hand))


def _checks(graded: Sequence[Graded], key: Key, lang: str) -> Table:
    numbers = {e.id: e.number for e in key.exercises}
    heads = [gettext("student").to(lang), gettext("identifier").to(lang)]
    heads += [f"{numbers.get(c.exercise, '')} {c.title.to(lang)}" for c in key.checks]
    rows: list[list[object]] = []
    for g in in_order(graded):
        points = {v.check: v.points for v in g.verdicts}
        rows.append([g.student, g.student_id, *(points.get(c.id) for c in key.checks)])
    return Table(gettext("Checks").to(lang), heads, rows, range(3, 3 + len(key.checks)))


def _mistakes(graded: Sequence[Graded], key: Key, lang: str) -> Table:
    said = [
        gettext("exercise"), gettext("mistake"),
        gettext("students"), gettext("points lost"),
    ]  # fmt: skip
    rows: list[list[object]] = [
        [f"{m.number} {m.exercise.to(lang)}", m.text.to(lang), m.students, m.lost]
        for m in summarise(graded, key).mistakes
    ]
    return Table(gettext("Mistakes").to(lang), [t.to(lang) for t in said], rows)

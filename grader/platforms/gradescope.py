"""``results.json`` as Gradescope's autograder reads it."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from grader.check.compare import Metric
from grader.check.judge import EARNING, Verdict
from grader.check.key import Check, Key
from grader.check.text import gettext, number, same
from grader.gradebook.records import Graded
from grader.platforms.files import file_stems, person, write_atomically
from grader.reports.summary import by_exercise
from grader.reports.words import STATUS, SYMBOL

Visibility = Literal["hidden", "after_due_date", "after_published", "visible"]


def results_json(
    graded: Graded, key: Key, *, lang: str | None = None, visibility: Visibility = "visible"
) -> dict[str, Any]:
    """One submission's results in Gradescope's format; every text is plain, nothing is HTML.

    Args:
        lang: language of the texts; the submission's own if None.
        visibility: when students see the tests.
    """
    lang = lang or graded.lang
    tests = []
    for mark in by_exercise(graded, key):
        for i, verdict in enumerate(mark.verdicts, 1):
            tests.append(_test(verdict, mark.number, i, lang, visibility))
    said = [*([graded.problem] if graded.problem else []), *graded.notices]
    if graded.late is not None:
        taken = same(f"−{number(graded.penalty, lang)}: ")
        said.append(taken + graded.late.text)
    if graded.total_by_hand is not None:
        label = gettext("total set by hand: ")
        said.append(label + same(graded.total_by_hand.reason))
    return {
        "score": graded.total,
        "execution_time": round(graded.seconds, 3),
        "output": "\n".join(t.to(lang) for t in said),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "extra_data": {
            "student": graded.student,
            "student_id": graded.student_id,
            "lab": graded.lab,
            "max_points": key.max_points,
            "bonus": graded.bonus,
            "late_penalty": graded.penalty,
            "receipt": graded.receipt,
            "graded": graded.problem is None,
        },
        "tests": tests,
        "leaderboard": leaderboard(graded, key),
    }


def metric_of(check: Check) -> Metric | None:
    """The metric that a check measures, if it does."""
    return next((e for e in check.expect.values() if isinstance(e, Metric)), None)


def leaderboard(graded: Graded, key: Key) -> list[dict[str, Any]]:
    """One entry a measured metric; its name is the check's id, alike for all students."""
    figures = {v.check: v.figure for v in graded.verdicts}
    entries = []
    for check in key.checks:
        metric, figure = metric_of(check), figures.get(check.id)
        if metric is not None and figure is not None:
            order = "asc" if metric.target < metric.floor else "desc"
            entries.append({"name": check.id, "value": round(figure, 6), "order": order})
    return entries


def _test(
    verdict: Verdict, number: str, i: int, lang: str, visibility: Visibility
) -> dict[str, Any]:
    said = [f"{SYMBOL[verdict.status]} {STATUS[verdict.status].to(lang)}"]
    said += [t.to(lang) for t in (verdict.asked, verdict.message, verdict.hint) if t.to(lang)]
    bonus = " (bonus)" if verdict.bonus else ""
    test = {
        "score": verdict.points,
        "max_score": verdict.max_points,
        "name": f"{number} {verdict.title.to(lang)}{bonus}".strip(),
        "name_format": "text",
        "number": f"{number}.{i}" if number else str(i),
        "output": "\n".join(said),
        "output_format": "text",
        "tags": [t for t in (verdict.exercise, verdict.status, verdict.diagnosis) if t],
        "visibility": visibility,
        "extra_data": {
            "check": verdict.check,
            "status": verdict.status,
            "diagnosis": verdict.diagnosis,
            "figure": verdict.figure,
            "bonus": verdict.bonus,
        },
    }
    if verdict.status != "pending":
        full = verdict.status in EARNING and verdict.points >= verdict.max_points
        test["status"] = "passed" if full else "failed"
    return test


def write_results(
    graded: Sequence[Graded], key: Key, folder: Path, *, stems: Mapping[Hashable, str] | None = None
) -> list[Path]:
    """Write ``folder/<student>.json`` for each record."""
    names = stems or file_stems(graded)
    return [
        write_atomically(
            folder / f"{names[person(g)]}.json",
            json.dumps(results_json(g, key), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
        )
        for g in graded
    ]

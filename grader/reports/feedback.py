"""One self-contained page a student: what was asked, what came, the mistake, what to read again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from grader.check.judge import EARNING, Verdict
from grader.check.key import Exercise, Key
from grader.check.raised import said_of
from grader.check.text import Text, gettext, number, same
from grader.gradebook.records import ByHand, Graded
from grader.notebook import plot
from grader.notebook.cells import CellReport
from grader.platforms.files import file_stems, person, write_atomically
from grader.reports.manifest import Training, read_trainings
from grader.reports.page import render
from grader.reports.summary import ExerciseMark, by_exercise

Pictures = Mapping[str, Mapping[str, Any]]
"""check → ``{"came": array, "expected": array}``."""


@dataclass(frozen=True)
class Said:
    """A verdict as the page words it: what came apart from its reason.

    Attributes:
        origin: for a mistake carried over, the sentence that names it.
        answer: what the student wrote, where a person reads it.
        by_hand: a mark that a person set, or None.
    """

    verdict: Verdict
    came: Text
    cause: Text
    origin: Text
    picture: Markup
    answer: str = ""
    by_hand: ByHand | None = None


@dataclass(frozen=True)
class Step:
    """One line of the sum that makes a total; `points` has its sign."""

    label: Text
    points: float
    why: Text


@dataclass(frozen=True)
class Gauge:
    """A metric between the value that earns nothing and the one that earns all.

    Attributes:
        at: position of the value, 0 (floor or worse) to 1 (target or better).
    """

    title: Text
    name: str
    value: float
    floor: float
    target: float
    at: float


@dataclass(frozen=True)
class Trained:
    """A recording as the page shows it."""

    training: Training
    gauges: list[Gauge]
    curves: list[Markup]


def feedback_page(
    graded: Graded, key: Key, *, pictures: Pictures | None = None, lang: str | None = None
) -> str:
    """The feedback page of one submission, as HTML: no script, no other file.

    Args:
        pictures: check → ``{"came", "expected"}``: drawn side by side under that check.
        lang: the submission's own language if None.
    """
    lang = lang or graded.lang
    marks = by_exercise(graded, key)
    known = {e.id: e for e in key.exercises}

    def number_of(verdict: Verdict) -> str:
        return known[verdict.exercise].number if verdict.exercise in known else ""

    return render(
        "feedback.html",
        lang,
        g=graded,
        key=key,
        max_points=key.max_points,
        marks=marks,
        exercises=[
            (
                m,
                [_say(v, graded, key, lang, pictures or {}) for v in m.verdicts],
                _read(m, known.get(m.id)),
            )
            for m in marks
            if m.verdicts
        ],
        sum=how_total(graded, key),
        first=[(v, number_of(v)) for v in first_to_mend(graded)],
        cells=failed_cells(graded.cells),
        trained=[_trained(t, graded, key, lang) for t in read_trainings(graded.recordings)],
        statuses={v.status for v in graded.verdicts},
    )


def first_to_mend(graded: Graded, most: int = 3) -> list[Verdict]:
    """The checks that cost most, one a mistake; of equal ones the earlier."""
    seen: set[str] = set()
    chosen: list[Verdict] = []
    lossy = [v for v in graded.verdicts if not v.bonus and v.status not in ("pending", "carried")]
    for verdict in sorted(lossy, key=lambda v: v.points - v.max_points):
        if verdict.max_points - verdict.points < 1e-9 or len(chosen) == most:
            break
        if verdict.diagnosis and verdict.diagnosis in seen:
            continue
        seen.add(verdict.diagnosis)
        chosen.append(verdict)
    return chosen


def how_total(graded: Graded, key: Key) -> list[Step]:
    """What a total is made of, line by line; the lines add up to it."""
    nothing = same("")
    metrics = {c.id for c in key.checks if c.metric}
    plain = [v for v in graded.verdicts if not v.bonus]
    measured = [v for v in plain if v.check in metrics]
    part = [v for v in plain if v.status == "partial" and v.check not in metrics]
    rest = [v for v in plain if v.check not in metrics and v.status != "partial"]
    steps = [
        Step(
            gettext("Right checks"),
            sum(v.points for v in rest),
            nothing,
        ),
        Step(
            gettext("Partly right"),
            sum(v.points for v in part),
            gettext("{n} check{s}", n=len(part), s="s" if len(part) > 1 else ""),
        ),
        Step(
            gettext("Measured figures"),
            sum(v.points for v in measured),
            gettext("in proportion, between floor and target"),
        ),
        Step(gettext("Bonus"), graded.bonus, nothing),
    ]
    kept = [s for i, s in enumerate(steps) if i == 0 or s.points or (i == 1 and part)]
    over = graded.earned - min(graded.earned, graded.max_points)
    if over > 1e-9:
        kept.append(Step(gettext("Over the maximum"), -over, nothing))
    if graded.late is not None:
        kept.append(Step(gettext("Late"), -graded.penalty, graded.late.text))
    whole = graded.total_by_hand
    if whole is not None:
        label = gettext("Total set by hand")
        kept.append(Step(label, whole.points - whole.before, same(whole.reason)))
    return kept


def _say(verdict: Verdict, graded: Graded, key: Key, lang: str, pictures: Pictures) -> Said:
    came, cause = verdict.message, same("")
    parts = [verdict.message.to(side).rsplit(" → ", 1) for side in ("en", "fr")]
    if all(len(p) == 2 for p in parts):
        came = Text(en=parts[0][0], fr=parts[1][0])
        cause = Text(en=parts[0][1], fr=parts[1][1])
    elif verdict.diagnosis and verdict.status not in ("carried", "right"):
        came, cause = same(""), verdict.message
    asked = next((c for c in key.checks if c.id == verdict.check), None)
    read = asked is not None and asked.answer.get("type") == "text"
    question = asked is not None and asked.kind == "answer" and not read
    if question and verdict.status == "right" and came.en:
        came = gettext("your answer: ") + came
    pair = pictures.get(verdict.check)
    drawn = plot.heat_maps(pair["came"], pair["expected"], lang) if pair else Markup("")
    known = key.misconceptions.get(verdict.diagnosis) if verdict.status == "carried" else None
    return Said(
        verdict,
        verdict.message if read else came,
        same("") if read else cause,
        known.text if known else same(""),
        drawn,
        graded.answers.get(verdict.check, ""),
        next((h for h in graded.by_hand if h.check == verdict.check), None),
    )


def _read(mark: ExerciseMark, exercise: Exercise | None) -> Text | None:
    """Where to read again, if anything in the exercise went wrong."""
    if exercise is None or not exercise.read.en:
        return None
    wrong = [v for v in mark.verdicts if v.status not in EARNING and v.status != "pending"]
    return exercise.read if wrong or any(v.status == "partial" for v in mark.verdicts) else None


@dataclass(frozen=True)
class FailedCells:
    """One cell that did not come to its end, or several in a row that were never run."""

    label: str
    status: str
    said: Text
    where: Text


def failed_cells(cells: Sequence[CellReport]) -> list[FailedCells]:
    """The cells to show; those skipped in a row become one line (``22–24``)."""
    rows: list[FailedCells] = []
    run: list[CellReport] = []
    for cell in [*cells, None]:
        if cell is not None and cell.status == "skipped":
            run.append(cell)
            continue
        if run:
            ends = dict.fromkeys((str(run[0].index), str(run[-1].index)))
            rows.append(FailedCells("–".join(ends), "skipped", same(""), same("")))
            run = []
        if cell is not None and cell.status == "todo":
            rows.append(FailedCells(str(cell.index), "todo", same(""), same("")))
        elif cell is not None and cell.status in ("error", "limit") and cell.error:
            rows += [
                FailedCells(str(cell.index), cell.status, said_of(error), _where(error))
                for error in (cell.error, *cell.others)
                if not error.get("because") and error.get("limit") != "inside"
            ]
    return rows


def _where(error: Mapping[str, object]) -> Text:
    """Line of a cell in which a statement failed, and the student's code there."""
    code = same(str(error.get("line", ""))[:200])
    return gettext("line {l}: ", l=error["at"]) + code if error.get("at") else code


def _trained(training: Training, graded: Graded, key: Key, lang: str) -> Trained:
    gauges = []
    verdicts = {v.check: v for v in graded.verdicts}
    for check in key.checks:
        metric, verdict = check.metric, verdicts.get(check.id)
        if check.recording != training.name or metric is None or verdict is None:
            continue
        if verdict.figure is not None:
            share = (verdict.figure - metric.floor) / (metric.target - metric.floor)
            at = min(1.0, max(0.0, share))
            gauges.append(
                Gauge(check.title, metric.name, verdict.figure, metric.floor, metric.target, at)
            )
    drawn = []
    for group in plot.families(training.history).values():
        ends = ", ".join(
            f"{name} {number(_last(values), lang, 3)}" for name, values in group.items()
        )
        alt = gettext(
            "curve over {n} epochs, at the end: {e}",
            n=training.epochs or "?",
            e=ends.replace("{", "(").replace("}", ")"),
        )
        epoch = gettext("epoch")
        drawn.append(plot.curves(group, alt.to(lang), epoch.to(lang), lang, training.epochs))
    return Trained(training, gauges, [d for d in drawn if d])


def _last(values: Sequence[float | None]) -> float | None:
    return next((v for v in reversed(values) if v is not None), None)


def write_feedback(
    graded: Sequence[Graded],
    key: Key,
    folder: Path,
    *,
    stems: Mapping[Hashable, str] | None = None,
    pictures: Mapping[str, Pictures] | None = None,
) -> list[Path]:
    """Write ``folder/<student>.html`` for each record, in the language of its submission.

    Args:
        pictures: student's identifier → pictures.
    """
    names = stems or file_stems(graded)
    return [
        write_atomically(
            folder / f"{names[person(g)]}.html",
            feedback_page(
                g, key, pictures=None if pictures is None else pictures.get(g.student_id)
            ),
        )
        for g in graded
    ]

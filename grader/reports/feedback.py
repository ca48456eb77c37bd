"""One self-contained page a student: what was asked, what came, the mistake, what to read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.check.judge import EARNING, Verdict
from grader.check.key import Exercise, Key
from grader.check.raised import said_of
from grader.check.text import Text, gettext, ngettext, number, same
from grader.check.tree import Tree
from grader.gradebook.records import ByHand, Graded, Request
from grader.notebook import plot
from grader.notebook.cells import CellReport
from grader.reports.evidence import Compared, asked_lines, code_of, compared
from grader.reports.page import render
from grader.reports.summary import ExerciseMark, by_exercise
from grader.reports.trainings import Training, read_trainings

Evidence = Mapping[str, Mapping[str, Tree]]
"""check → result → what came, for the checks that did not come out right."""


@dataclass(frozen=True)
class Said:
    """A verdict as the page words it: what came apart from its reason.

    Attributes:
        origin: for a mistake carried over, the sentence that names it.
        compared: values that came beside those expected.
        steps: for a teacher, what was asked, call by call.
    """

    verdict: Verdict
    came: Text
    cause: Text
    origin: Text
    picture: plot.Svg
    compared: list[Compared]
    steps: list[str]
    answer: str = ""
    by_hand: ByHand | None = None
    request: Request | None = None


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
    curves: list[plot.Svg]


def feedback_page(
    graded: Graded,
    key: Key,
    *,
    evidence: Evidence | None = None,
    cells: Sequence[str] = (),
    lang: str | None = None,
    teacher: bool = False,
    page: str = "",
    contact: str = "",
) -> str:
    """The feedback page of one submission, as HTML: no script, no other file.

    Args:
        lang: the submission's own language if None.
        teacher: also what each mistake would have given, the calls, and how to see it again.
        page: for a teacher, name of the student's own page.
    """
    lang = lang or graded.lang
    marks = by_exercise(graded, key)
    known = {e.id: e for e in key.exercises}
    return render(
        "feedback.html",
        lang,
        g=graded,
        key=key,
        teacher=teacher,
        page=page,
        contact=contact,
        max_points=key.max_points,
        marks=marks,
        exercises=[
            (
                m,
                [_say(v, graded, key, lang, (evidence or {}).get(v.check, {}), teacher)
                 for v in m.verdicts],
                code_of(known[m.id], cells, m.verdicts) if m.id in known else [],
                _read(m, known.get(m.id)),
            )
            for m in marks
            if m.verdicts
        ],
        sum=how_total(graded, key),
        first=[(v, known[v.exercise].number if v.exercise in known else "")
               for v in first_to_mend(graded)],
        cells=failed_cells(graded.cells),
        trained=[_trained(t, graded, key, lang) for t in read_trainings(graded.recordings)],
        statuses={v.status for v in graded.verdicts},
    )  # fmt: skip


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
        Step(gettext("Right checks"), sum(v.points for v in rest), nothing),
        Step(
            gettext("Partly right"),
            sum(v.points for v in part),
            ngettext("{n} check", "{n} checks", len(part)),
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
    if graded.curve is not None:
        moved = round(graded.curve(graded.uncurved, graded.max_points) - graded.uncurved, 2)
        kept.append(Step(gettext("Curve for the whole class"), moved, same(graded.curve.reason)))
    whole = graded.total_by_hand
    if whole is not None:
        label = gettext("Total set by hand")
        kept.append(Step(label, whole.points - whole.before, same(whole.reason)))
    return kept


def _say(
    verdict: Verdict, graded: Graded, key: Key, lang: str, values: Mapping[str, Tree], teacher: bool
) -> Said:
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
    drawn, beside, steps = plot.Svg(""), list[Compared](), list[str]()
    if asked is not None and verdict.status not in ("right", "carried"):
        beside = compared(asked, values, key, lang, verdict, mistakes=teacher)
        steps = asked_lines(asked, lang) if teacher and asked.kind == "probe" else []
        if asked.picture in values and asked.picture in asked.expected:
            drawn = plot.matrices(values[asked.picture], asked.expected[asked.picture], lang)
    known = key.misconceptions.get(verdict.diagnosis) if verdict.status == "carried" else None
    return Said(
        verdict,
        verdict.message if read else came,
        same("") if read else cause,
        known.text if known else same(""),
        drawn,
        beside,
        steps,
        graded.answers.get(verdict.check, ""),
        next((h for h in graded.by_hand if h.check == verdict.check), None),
        next((r for r in graded.requests if r.check == verdict.check), None),
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
                FailedCells(str(cell.index), cell.status, said_of(error, verb=False), _where(error))
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
        last = {
            name: next((v for v in reversed(values) if v is not None), None)
            for name, values in group.items()
        }
        ends = ", ".join(f"{name} {number(value, lang, 3)}" for name, value in last.items())
        alt = gettext(
            "curve over {n} epochs, at the end: {e}",
            n=training.epochs or "?",
            e=ends.replace("{", "(").replace("}", ")"),
        )
        epoch = gettext("epoch")
        each = (training.epochs or 0) / max(map(len, group.values())) or 1.0
        drawn.append(
            plot.curves(
                group, alt.to(lang), epoch.to(lang), lang, training.epochs, each=max(1.0, each)
            )
        )
    return Trained(training, gauges, [d for d in drawn if d])

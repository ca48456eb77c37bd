"""Pages for the teacher, each self-contained: a class, the course, look-alikes side by side."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from grader.check.key import Key
from grader.check.text import Text, gettext, number
from grader.gradebook.course import CourseRow
from grader.gradebook.records import About, Graded
from grader.notebook import plot
from grader.reports.page import render
from grader.reports.summary import ClassSummary, Figures, by_exercise, by_family, summarise
from grader.reports.words import duration

if TYPE_CHECKING:
    from grader.gradebook.alike import Pair, Side

MOST_MISTAKES = 15
MOST_SHOWN = 40
MOST_CODE = 60_000  # characters of one side that are shown


@dataclass(frozen=True)
class TrainingPicture:
    """How long a recording's training took over the class."""

    name: str
    count: int
    median: float | None
    longest: float | None
    diverged: int
    chart: plot.Svg


def class_page(
    graded: Sequence[Graded],
    key: Key,
    lang: str,
    *,
    links: Mapping[str, str] | None = None,
    about: About | None = None,
) -> str:
    """The class page, as HTML: no other file, pictures first; its one script sorts the tables.

    Args:
        links: student's identifier → address of the page of their submission.
    """
    summary = summarise(graded, key)
    checks = [c for _, _, _, of_exercise in summary.exercises for c in of_exercise]
    return render(
        "class.html",
        lang,
        key=key,
        s=summary,
        figures=summary.figures,
        marks=_marks(summary, lang),
        curve=next((g.curve for g in graded if g.curve is not None), None),
        uncurved=statistics.fmean(g.uncurved for g in summary.graded) if summary.graded else 0.0,
        groups=summary.groups,
        group_names=[f.name for f in summary.groups if f.name],
        mistakes=summary.mistakes[:MOST_MISTAKES],
        more_mistakes=len(summary.mistakes) - MOST_MISTAKES,
        worst=max((m.lost for m in summary.mistakes), default=0.0) or 1.0,
        separating=sorted((c for c in checks if c.separates is not None), key=lambda c: c.mean),
        unexplained=summary.unexplained[:8],
        trainings=_trainings(summary, lang),
        rows=[
            (g, " ".join(by_family(g.student)), {m.id: m for m in by_exercise(g, key)})
            for g in summary.students
        ],
        exercises=[e for e in key.exercises if key.of_exercise(e.id)],
        links=links or {},
        namesakes={n for n, k in Counter(g.student for g in graded).items() if k > 1},
        most=MOST_SHOWN,
        about=about or About(),
        by_id={g.student_id: g for g in graded},
        requests=sorted(
            ((g, r) for g in graded for r in g.requests), key=lambda x: (x[1].answer != "", x[1].id)
        ),
        attempts=[g for g in summary.students if g.attempts > 1],
        late=[g for g in summary.graded if g.late is not None],
        by_hand=[g for g in summary.students if g.by_hand],
    )


def _marks(summary: ClassSummary, lang: str) -> plot.Svg:
    """The histogram of marks."""
    if summary.figures.mean is None or summary.figures.median is None:
        return plot.Svg("")
    top = summary.max_points or 1.0
    words = {
        gettext("mean").to(lang): summary.figures.mean,
        gettext("median").to(lang): summary.figures.median,
    }
    alt = gettext(
        "Histogram of {n} marks out of {max}: from {lo} to {hi}, mean {mean}, median {median}.",
        n=len(summary.marks),
        max=number(top, lang),
        lo=number(min(summary.marks), lang),
        hi=number(max(summary.marks), lang),
        mean=number(summary.figures.mean, lang),
        median=number(summary.figures.median, lang),
    )
    return plot.histogram(
        summary.marks,
        0.0,
        top,
        round(top) if 4 <= top <= 24 and top == round(top) else 20,
        alt.to(lang),
        gettext("mark out of {m}", m=number(top, lang)).to(lang),
        gettext("students").to(lang),
        lang,
        words,
    )


def _trainings(summary: ClassSummary, lang: str) -> list[TrainingPicture]:
    pictures = []
    for name, trainings in list(summary.trainings.items())[:8]:
        seconds = sorted(t.seconds for t in trainings if t.seconds is not None)
        diverged = sum(t.diverged is not None for t in trainings)
        if not seconds:
            pictures.append(
                TrainingPicture(name, len(trainings), None, None, diverged, plot.Svg(""))
            )
            continue
        median = seconds[len(seconds) // 2]
        high = plot.ticks(0, max(seconds[-1], 1.0), 8)[-1]
        alt = gettext(
            "Histogram of {n} training times: from {lo} to {hi}, median {median}.",
            n=len(seconds),
            lo=duration(seconds[0], lang),
            hi=duration(seconds[-1], lang),
            median=duration(median, lang),
        )
        chart = plot.histogram(
            seconds,
            0.0,
            high,
            min(20, max(6, math.ceil(math.sqrt(len(seconds))) + 4)),
            alt.to(lang),
            gettext("seconds of training").to(lang),
            gettext("students").to(lang),
            lang,
            {gettext("median").to(lang): round(median, 1)},
        )
        pictures.append(TrainingPicture(name, len(trainings), median, seconds[-1], diverged, chart))
    return pictures


def course_page(title: str, labs: Sequence[LabLine], rows: Sequence[CourseRow], lang: str) -> str:
    """The page above the labs: each lab in a line, each student over all labs."""
    ordered = sorted(rows, key=lambda r: (by_family(r.student), r.student))
    return render(
        "course.html",
        lang,
        title=title or gettext("The course").to(lang),
        labs=labs,
        rows=[(r, " ".join(by_family(r.student))) for r in ordered],
        group_names=sorted({r.group for r in rows if r.group}),
    )


@dataclass(frozen=True)
class LabLine:
    """A lab on the course's page.

    Attributes:
        open: requests for another look that nobody has answered.
    """

    id: str
    title: Text
    weight: float
    marks: int
    mean: float | None
    median: float | None
    absent: int
    not_graded: int
    open: int


def lab_line(graded: Sequence[Graded], key: Key, weight: float) -> LabLine:
    """A lab's class in one line."""
    figures = Figures.of_marks("", [g.total for g in graded if g.counts], key.max_points)
    standings = Counter(g.standing for g in graded)
    return LabLine(
        key.lab, key.title, weight, figures.marks, figures.mean, figures.median,
        standings["absent"], standings["not_graded"],
        sum(not r.answer for g in graded for r in g.requests),
    )  # fmt: skip


def similar_page(
    pairs: Sequence[Pair],
    key: Key,
    compared: int,
    lang: str,
    links: Mapping[str, str] | None = None,
) -> str:
    """The page, as HTML: no script, no other file, all code escaped."""
    return render(
        "similar.html",
        lang,
        key=key,
        compared=compared,
        pairs=[(p, _marked(p.left), _marked(p.right)) for p in pairs],
        links=links or {},
    )


def _marked(side: Side) -> Markup:
    """Code with what is shared in ``mark`` elements."""
    parts: list[Markup] = []
    at = 0
    code = side.code[:MOST_CODE]
    for start, end in side.shared:
        if start >= len(code):
            break
        parts += [escape(code[at:start]), Markup("<mark>"), escape(code[start:end])]
        parts.append(Markup("</mark>"))
        at = min(end, len(code))
    parts.append(escape(code[at:]))
    return Markup("").join(parts)

"""One self-contained page on a class: marks, success, mistakes, training; then every student."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from grader.check.key import Key
from grader.check.text import gettext, number
from grader.gradebook.records import About, Graded
from grader.notebook import plot
from grader.platforms.files import person, write_atomically
from grader.reports.page import render
from grader.reports.summary import ClassSummary, ExerciseMark, by_exercise, state, summarise
from grader.reports.words import duration

MOST_MISTAKES = 15
MOST_SHOWN = 40


@dataclass(frozen=True)
class TrainingPicture:
    """How long a recording's training took over the class."""

    name: str
    count: int
    median: float | None
    longest: float | None
    diverged: int
    chart: Markup


def class_page(
    graded: Sequence[Graded],
    key: Key,
    lang: str,
    *,
    links: Mapping[Hashable, str] | None = None,
    about: About | None = None,
) -> str:
    """The class page, as HTML: no script, no other file, pictures first.

    Args:
        links: `grader.platforms.files.person` of a record → address of its feedback page, relative
            to the class page.
        about: who is missing, which marks moved.
    """
    summary = summarise(graded, key)
    return render(
        "class.html",
        lang,
        key=key,
        s=summary,
        marks=_marks(summary, lang),
        passed=sum(m >= summary.max_points / 2 for m in summary.marks),
        mistakes=summary.mistakes[:MOST_MISTAKES],
        more_mistakes=len(summary.mistakes) - MOST_MISTAKES,
        worst=max((m.lost for m in summary.mistakes), default=0.0) or 1.0,
        unexplained=summary.unexplained[:8],
        trainings=_trainings(summary, lang),
        rows=[(g, state(g), *_by_number(g, key)) for g in summary.students],
        exercises=[e for e in key.exercises if key.of_exercise(e.id)],
        links=links or {},
        person=person,
        namesakes={n for n, k in Counter(g.student for g in graded).items() if k > 1},
        most=MOST_SHOWN,
        about=about or About(),
        attempts=_attempts(summary),
        late=[g for g in summary.graded if g.late is not None],
        by_hand=[g for g in summary.graded if g.by_hand],
    )


def _by_number(graded: Graded, key: Key) -> tuple[dict[str, ExerciseMark]]:
    return ({m.id: m for m in by_exercise(graded, key)},)


def _marks(summary: ClassSummary, lang: str) -> Markup:
    """The histogram of marks."""
    if summary.mean is None or summary.median is None:
        return Markup("")
    top = summary.max_points or 1.0
    words = {
        gettext("mean").to(lang): summary.mean,
        gettext("median").to(lang): summary.median,
    }
    alt = gettext(
        "Histogram of {n} marks out of {max}: from {lo} to {hi}, mean {mean}, median {median}.",
        n=len(summary.marks),
        max=number(top, lang),
        lo=number(min(summary.marks), lang),
        hi=number(max(summary.marks), lang),
        mean=number(summary.mean, lang),
        median=number(summary.median, lang),
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


def _attempts(summary: ClassSummary) -> list[tuple[int, int, float]]:
    """(versions handed in, students, their share of the class); [] if nobody handed in two."""
    counts = Counter(g.attempts for g in summary.students)
    if max(counts, default=1) < 2:
        return []
    return [(n, counts[n], counts[n] / len(summary.students)) for n in sorted(counts)]


def _trainings(summary: ClassSummary, lang: str) -> list[TrainingPicture]:
    pictures = []
    for name, trainings in list(summary.trainings.items())[:8]:
        seconds = sorted(t.seconds for t in trainings if t.seconds is not None)
        diverged = sum(t.diverged is not None for t in trainings)
        if not seconds:
            pictures.append(TrainingPicture(name, len(trainings), None, None, diverged, Markup("")))
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


def write_class_page(
    graded: Sequence[Graded],
    key: Key,
    path: Path,
    lang: str,
    *,
    links: Mapping[Hashable, str] | None = None,
    about: About | None = None,
) -> Path:
    """Write `class_page` to `path`."""
    return write_atomically(path, class_page(graded, key, lang, links=links, about=about))

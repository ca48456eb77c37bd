"""The gradebook's summary as a table for the terminal."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text as Styled

from grader.check.key import Key
from grader.check.text import gettext, number
from grader.gradebook.records import Graded
from grader.reports.summary import by_exercise, in_order, state
from grader.reports.words import STATE

STYLE = {"graded": "green", "pending": "magenta", "not_graded": "red"}


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
    words = [STATE[state(g)].to(lang) for g in rows]
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
    done = [g for g in rows if g.problem is None]
    points = [{m.id: m.points + m.bonus for m in by_exercise(g, key)} for g in done]
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
        Styled(_two(statistics.fmean(g.total for g in done), lang) if done else ""),
        justify="right",
        no_wrap=True,
        min_width=5,
    )
    for exercise in exercises:
        got = [p[exercise.id] for p in points if exercise.id in p]
        table.add_column(
            Styled(exercise.number or exercise.id[:8]),
            Styled(number(statistics.fmean(got), lang, 1) if got else ""),
            justify="right",
            no_wrap=True,
            min_width=4,
        )
    table.add_column(gettext("state").to(lang), no_wrap=True, min_width=min(state_width, 10))
    earned = iter(points)
    for i, g in enumerate(rows):
        is_graded = g.problem is None
        mine = next(earned) if is_graded else {}
        if most is not None and i >= most:
            continue
        table.add_row(
            Styled(_printable(g.student) or g.student_id),
            Styled(_two(g.total, lang) if is_graded else "–", "bold" if is_graded else "dim"),
            *(Styled(number(mine[e.id], lang, 2) if e.id in mine else "–") for e in exercises),
            Styled(words[i], STYLE[state(g)]),
        )
    notes = []
    if most is not None and len(rows) > most:
        notes.append(gettext("{n} more students", n=len(rows) - most))
    if left_out > 0:
        notes.append(gettext("{n} more exercises", n=left_out))
    if notes:
        said = ", ".join(n.to(lang) for n in notes)
        where = gettext("… {s}: see gradebook.csv", s=said)
        table.caption = Styled(where.to(lang))
        table.caption_justify = "left"
    return table


def _two(value: float, lang: str) -> str:
    text = f"{value:.2f}"
    return text.replace(".", ",") if lang == "fr" else text


def _printable(name: str) -> str:
    return "".join(c for c in name if c.isprintable()).strip()

"""A progress bar with an estimate of the time left, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grader.check.text import gettext


@contextmanager
def steps(
    label: str, quiet: bool = False, lang: str = "en"
) -> Iterator[Callable[[int, int], None]]:
    """Yield ``step(done, total)``.

    On a terminal, one line that moves; elsewhere, a line at each tenth.
    """
    console = Console(stderr=True)
    if quiet:
        yield lambda done, total: None
        return
    if not console.is_terminal:
        last = -1

        def plain(done: int, total: int) -> None:
            nonlocal last
            tenth = 10 * done // max(total, 1)
            if tenth != last:
                last = tenth
                said = gettext("{l}: {d} of {t}", l=label, d=done, t=total)
                console.print(said.to(lang), highlight=False)

        yield plain
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn(gettext("left").to(lang)),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

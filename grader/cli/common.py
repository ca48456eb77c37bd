"""What the commands share: options, refusals in one line and one language, the course they are about."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from grader.check.text import LANGS, Refusal, Text, gettext, same

if TYPE_CHECKING:
    from grader.authoring.source import LoadedLab

JOBS = click.option(
    "--jobs", type=click.IntRange(1), default=None, help="Workers at a time.  [default: all cores]"
)
SANDBOX = click.option(
    "--sandbox", type=click.Choice(["auto", "none"]), default="auto", show_default=True,
    help="'none' runs submissions unprotected: only for code you trust.",
)  # fmt: skip
FROM = click.option(
    "--from", "out", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
    help="Folder of the gradebook.",
)  # fmt: skip
LAB = click.option("--lab", default=None, help="Which lab, if several were graded.")
LANG = click.option(
    "--lang", type=click.Choice(LANGS), default=None,
    help="Language of messages and pages.  [default: that of course.toml, else fr]",
)  # fmt: skip


class Points(click.ParamType[float]):
    """A number of points, with either decimal sign."""

    name = "points"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        try:
            return float(str(value).replace(",", "."))
        except ValueError:
            self.fail(f"{value!r} is no number")


class Program(click.Group):
    """The whole program: commands under headings, and one line when it is interrupted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.panels: dict[str, list[str]] = {}

    def add_panel(self, heading: str, command: click.Command) -> None:
        self.add_command(command)
        self.panels.setdefault(heading, []).append(str(command.name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = formatter.width - 6 - max(map(len, self.commands))
        for heading, names in self.panels.items():
            rows = [(n, self.commands[n].get_short_help_str(width)) for n in names]
            with formatter.section(heading):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            say(gettext("interrupted; what was done is kept, run it again to go on"), err=True)
            ctx.exit(130)


_chosen: list[str] = []  # the language of this run, once it is known


def say(message: Text | str, /, err: bool = False, **fields: Any) -> None:
    """Print a `Text`, or what `gettext` takes, in the language of the run."""
    text = message if isinstance(message, Text) else gettext(message, **fields)
    click.echo(text.to(language()), err=err)


def refuse(why: Exception | Text | str, /, **fields: Any) -> NoReturn:
    """End with one line, an exception's, a `Text` or what `gettext` takes, and exit code 2."""
    if isinstance(why, Exception):
        why = why.text if isinstance(why, Refusal) else same(str(why))
    text = gettext(why, **fields) if isinstance(why, str) else why
    say(same("grader: ") + text, err=True)
    sys.exit(2)


@contextmanager
def told() -> Iterator[None]:
    """Every refusal, and every file that cannot be used, as one line and exit code 2."""
    try:
        yield
    except (Refusal, OSError) as error:
        refuse(error)


def language(asked: str | None = None) -> str:
    """The language of this run: the one asked for, else that of ``course.toml``, else French.

    A ``course.toml`` that cannot be used otherwise still says its language.
    """
    if asked is not None or not _chosen:
        _chosen[:] = [asked or _of_course() or "fr"]
    return _chosen[0]


def _of_course() -> str | None:
    from grader.gradebook.keys import NoLab, find_course
    from grader.gradebook.settings import FILE

    try:
        text = (find_course() / FILE).read_text("utf-8-sig", errors="replace")
    except (NoLab, OSError):
        return None
    found = re.search(r"""^\s*lang\s*=\s*["'](fr|en)["']""", text, re.MULTILINE)
    return found.group(1) if found else None


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def whoami() -> str:
    """Who runs the grader, for the log."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def course() -> Path:
    """The course's folder."""
    from grader.gradebook.keys import find_course

    with told():
        return find_course()


def chosen_labs(folder: Path, labs: Sequence[str]) -> list[Path]:
    """Folders of the labs named, of all if none is."""
    from grader.gradebook.keys import lab_dir, lab_ids

    with told():
        return [lab_dir(folder, x) for x in (labs or lab_ids(folder))]


def loaded(path: Path, proofs: bool = True) -> LoadedLab:
    """A lab's source, read."""
    from grader.authoring.source import load_lab

    with told():
        return load_lab(path, proofs)


def sandboxed(choice: str) -> bool:
    """Whether submissions run in a sandbox; refuses if one is wanted and none can be had."""
    from grader.sandbox.bwrap import require

    with told():
        return require("none" if choice == "none" else "auto")

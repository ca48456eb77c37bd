"""Commands for what comes after grading. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

FROM = click.option(
    "--from", "out", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
    help="Folder of the gradebook.",
)  # fmt: skip
LAB = click.option("--lab", default=None, help="Which lab, if several were graded.")
LANG = click.option(
    "--lang", type=click.Choice(["fr", "en"]), default=None,
    help="Language.  [default: that of course.toml, else fr]",
)  # fmt: skip


@contextmanager
def told(lang: str | None = None) -> Iterator[None]:
    """Every refusal as one line and exit code 2."""
    from grader.cli import refuse
    from grader.gradebook.keys import NoLab
    from grader.gradebook.settings import SettingsError
    from grader.gradebook.store import StoreError
    from grader.reports import ReportError

    try:
        yield
    except ReportError as error:
        refuse(error.text.to(lang or "fr"))
    except (StoreError, NoLab, SettingsError) as error:
        refuse(error)


def language(course: Path, lang: str | None) -> str:
    """The language asked for, else that of ``course.toml``, else French."""
    if lang is not None:
        return lang
    from grader.gradebook.keys import lab_ids
    from grader.gradebook.settings import load_settings

    return load_settings(course, lab_ids(course)).lang or "fr"


@click.command()
@click.option("--force", is_flag=True, help="Write it anew if it is there already.")
@LANG
def init(force: bool, lang: str | None) -> None:
    """Write a commented course.toml: due dates, late policy, weights, class list, limits."""
    from grader.cli import course, refuse
    from grader.gradebook.keys import lab_ids
    from grader.gradebook.settings import FILE, template

    folder = course()
    path = folder / FILE
    if path.exists() and not force:
        refuse(f"{path} is there already; edit it, or write it anew with --force")
    try:
        path.write_text(template({lab: lab for lab in lab_ids(folder)}, lang or "fr"), "utf-8")
    except OSError as error:
        refuse(f"{path}: cannot be written ({error.strerror})")
    click.echo(f"{path}: everything in it is a comment; take the # off what you need")


@click.command()
@click.argument("student")
@click.option("--check", default="", help="Id of the check, as in gradebook.csv.")
@click.option("--total", is_flag=True, help="The whole lab's mark.")
@click.option("--points", type=float, help="The mark to set.")
@click.option("--withdraw", is_flag=True, help="Take an earlier mark by hand back.")
@click.option("--reason", required=True, help="Why; the student reads it.")
@FROM
@LAB
@LANG
def override(
    student: str, check: str, total: bool, points: float | None, withdraw: bool, reason: str,
    out: Path, lab: str | None, lang: str | None,
) -> None:  # fmt: skip
    """Set a mark of STUDENT (name or identifier) by hand, with a reason."""
    from grader.cli import course, refuse

    if total == bool(check):
        refuse("say which mark: --check ID or --total")
    if withdraw == (points is not None):
        refuse("say the mark, --points P, or --withdraw")
    from grader.cli.desk import override as put
    from grader.cli.run import change_line, whoami

    folder = course()
    with told(lang):
        lang = language(folder, lang)
        changes = put(folder, out, lab, student, check, points, reason, whoami(), lang)
    for change in changes:
        click.echo(change_line(change, lang))
    if not changes:
        click.echo({"fr": "la note ne change pas"}.get(lang, "the mark does not move"))


@click.command()
@click.option("--student", default=None, help="Name or identifier.")
@click.option("--csv", "to", type=click.Path(path_type=Path), help="Write it as CSV instead.")
@FROM
@LAB
def log(student: str | None, to: Path | None, out: Path, lab: str | None) -> None:
    """Show every change of a mark: when, who, from what to what, why. The log can only grow."""
    with told():
        from grader.cli.desk import log_csv, log_rows
        from grader.cli.run import change_line
        from grader.gradebook.records import Change

        rows = log_rows(out, lab, student)
        if to is not None:
            from grader.platforms.files import write_atomically

            write_atomically(to, log_csv(rows))
            click.echo(f"{to}: {len(rows)}")
            return
    for row in rows:
        change = Change(*(row[k] for k in ("student", "student_id", "before", "after", "why")))
        click.echo(f"{row['at'][:16]}  {row['by']:<10} {row['lab']}  {change_line(change, 'en')}")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: any free one]")
@click.option("--names", is_flag=True, help="Show who wrote what; without it, nobody is named.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@FROM
@LAB
@LANG
def review(
    port: int, names: bool, no_browser: bool, out: Path, lab: str | None, lang: str | None
) -> None:
    """Read the free-text answers of a class on a local page: one question, everybody's answers."""
    from grader.cli import course, refuse

    folder = course()
    with told(lang):
        from grader.cli.desk import chosen_lab, opened, write_pages
        from grader.cli.run import whoami
        from grader.gradebook.keys import hidden_key
        from grader.review.app import serve
        from grader.review.desk import Desk

        lang = language(folder, lang)
        with opened(out) as store:
            lab = chosen_lab(store, lab)
            desk = Desk(store, hidden_key(folder, lab), names, whoami(), lang)
            if not desk.questions:
                refuse(f'{lab} has no question that a person reads (type="text" in checks.py)')

            def pages() -> Path:
                return write_pages(folder, out, lab, lang).class_page

            def ready(address: str) -> None:
                click.echo(f"{address}\n{_STOP[lang]}")
                if not no_browser:
                    import webbrowser

                    webbrowser.open(address)

            try:
                serve(desk, port, pages, ready)
            except OSError as error:
                refuse(f"port {port}: {error.strerror}; choose another --port")
        click.echo(str(write_pages(folder, out, lab, lang).feedback))


@click.command()
@FROM
@LAB
@LANG
def similar(out: Path, lab: str | None, lang: str | None) -> None:
    """Show submissions whose own code is close, side by side: evidence, never a verdict."""
    from grader.cli import course

    folder = course()
    with told(lang):
        lang = language(folder, lang)
        from grader.cli.desk import write_similar

        path, pairs = write_similar(folder, out, lab, lang)
    click.echo(f"{path}: {pairs}")


@click.command()
@click.argument("labs", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="nbgrader's course.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
def nbgrader(labs: tuple[str, ...], out: Path, lang: str) -> None:
    """Write built labs as an nbgrader course: source notebooks with graded cells, configuration."""
    from grader.check.text import Refusal
    from grader.cli import chosen_labs, course, refuse
    from grader.platforms.nbgrader import nbgrader_course

    folder = course()
    try:
        for path in nbgrader_course(folder, [p.name for p in chosen_labs(folder, labs)], out, lang):
            click.echo(str(path))
    except Refusal as error:
        refuse(error)
    except OSError as error:
        refuse(f"{out}: cannot be written ({error.strerror})")


@click.command()
@click.argument("lab")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip to write.")
@click.option(
    "--sandbox", type=click.Choice(["auto", "none"]), default="auto", show_default=True,
    help="'none' grades where no sandbox can be had: a student's code then runs beside the key.",
)  # fmt: skip
def gradescope(lab: str, out: Path, sandbox: str) -> None:
    """Make the autograder zip of LAB for Gradescope. It holds the hidden key: not for students."""
    from grader.authoring.spec import AuthorError
    from grader.cli import chosen_labs, course, refuse
    from grader.cli.autograder import write_zip
    from grader.gradebook.keys import NoLab

    folder = course()
    chosen_labs(folder, [lab])
    try:
        files = write_zip(folder, lab, out, sandbox)
    except (AuthorError, NoLab) as error:
        refuse(error)
    except OSError as error:
        refuse(f"{out}: cannot be written ({error.strerror})")
    click.echo(f"{out}: {files} files, {out.stat().st_size / 1e6:.1f} MB")


_STOP = {
    "en": "Only this machine can open it. Ctrl-C ends the reading and writes the pages.",
    "fr": "Seule cette machine peut l'ouvrir. Ctrl-C termine la lecture et écrit les pages.",
}
COMMANDS: tuple[Callable[..., Any], ...] = (
    init,
    override,
    log,
    review,
    similar,
    nbgrader,
    gradescope,
)


def add_to(group: click.Group) -> None:
    """Add the commands to the program."""
    for command in COMMANDS:
        assert isinstance(command, click.Command)
        group.add_command(command)

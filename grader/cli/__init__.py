"""The commands. Nothing heavy is imported before a command needs it.

Exit codes: 0 done; 1 some submissions could not be graded, or something does not hold (listed);
2 wrong use.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NoReturn

import click

from grader import __version__
from grader.cli.after import add_to

if TYPE_CHECKING:
    from grader.authoring.source import LoadedLab

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
JOBS = click.option(
    "--jobs", type=click.IntRange(1), default=None, help="Workers at a time.  [default: all cores]"
)
SANDBOX = click.option(
    "--sandbox",
    type=click.Choice(["auto", "none"]),
    default="auto",
    show_default=True,
    help="'none' runs submissions unprotected: only for code you trust.",
)


def refuse(message: object) -> NoReturn:
    """End with one line and exit code 2."""
    click.echo(f"grader: {message}", err=True)
    sys.exit(2)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def course() -> Path:
    from grader.gradebook.keys import NoLab, find_course

    try:
        return find_course()
    except NoLab as error:
        refuse(error)


def chosen_labs(folder: Path, labs: Sequence[str]) -> list[Path]:
    from grader.gradebook.keys import NoLab, lab_dir, lab_ids

    try:
        return [lab_dir(folder, x) for x in (labs or lab_ids(folder))]
    except NoLab as error:
        refuse(error)


def loaded(path: Path, proofs: bool = True) -> LoadedLab:
    from grader.authoring.source import load_lab
    from grader.authoring.spec import AuthorError

    try:
        return load_lab(path, proofs)
    except AuthorError as error:
        refuse(error)


def sandboxed(choice: str) -> bool:
    from grader.sandbox.bwrap import NoSandbox, require

    try:
        return require("none" if choice == "none" else "auto")
    except NoSandbox as error:
        refuse(error)


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="grader")
def main() -> None:
    """Lab notebooks for a deep-learning course: build, prove, hand out, grade."""


@main.command()
@click.argument("labs", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if anything generated is stale.")
@click.option("--no-execute", is_flag=True, help="Leave the executed solutions as they are.")
def build(labs: tuple[str, ...], check: bool, no_execute: bool) -> None:
    """Generate student notebooks, public keys and executed solutions from the sources."""
    folder = course()
    from grader.authoring.build import build as build_lab
    from grader.authoring.build import stale
    from grader.authoring.spec import AuthorError

    bad: list[str] = []
    for path in chosen_labs(folder, labs):
        try:
            if check:
                bad += stale(folder, loaded(path, False))
            else:
                build_lab(folder, loaded(path, False), click.echo, execute=not no_execute)
        except AuthorError as error:
            refuse(error)
    for line in bad:
        click.echo(f"stale: {line}; run grader build")
    sys.exit(1 if bad else 0)


@main.command()
@click.argument("labs", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a lab, one a line.")
@click.option("--no-train", is_flag=True, help="Take the reference recordings; train nothing.")
@JOBS
@SANDBOX
def validate(
    labs: tuple[str, ...], as_json: bool, no_train: bool, jobs: int | None, sandbox: str
) -> None:
    """Prove labs: solution full marks, blank none, mutants caught and named, variants spared."""
    from rich.console import Console
    from rich.table import Table

    from grader.authoring.spec import AuthorError
    from grader.authoring.validate import describe
    from grader.authoring.validate import validate as prove

    folder = course()
    guard = sandboxed(sandbox)
    console = Console()
    failed = []
    chosen = [loaded(path) for path in chosen_labs(folder, labs)]
    reports = prove(
        chosen, folder / "data", jobs=jobs or cores(), sandboxed=guard, train=not no_train,
        watch=lambda part: _progress(part, as_json),
    )  # fmt: skip
    try:
        for report in reports:
            if not report.ok:
                failed.append(report)
            if as_json:
                click.echo(json.dumps(report.to_dict()))
                continue
            table = Table("", report.lab, title=None, show_header=True)
            for name, value in describe(report):
                table.add_row(name, value, style="red" if name == "fails" else None)
            table.add_row("", "holds" if report.ok else "DOES NOT HOLD")
            console.print(table)
    except AuthorError as error:
        refuse(error)
    for report in failed:  # once more, at the end: where a log is read first
        first, *more = report.failures or ["see its table"]
        said = f"{report.lab} does not hold: {shorten(first, 300, placeholder=' …')}"
        click.echo(said + (f" (and {len(more)} more)" if more else ""), err=True)
    sys.exit(1 if failed else 0)


@main.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--lang", type=click.Choice(["fr", "en"]), default=None,
              help="Language of what is printed.  [default: the notebook's]")  # fmt: skip
def check(notebook: Path, lang: str | None) -> None:
    """Run a student's NOTEBOOK in a clean process and say what grading will see: lab.selfcheck().

    Without a sandbox: for one's own notebook. Exit code 1 if a cell stops.
    """
    from grader.notebook.command import check as look
    from grader.notebook.errors import LabError

    try:
        sys.exit(look(notebook, lang))
    except LabError as error:
        refuse(error)


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--lab", default=None, help="Grade only submissions of this lab.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--rerun", is_flag=True, help="Train again even where there is a recording.")
@click.option("--gpu/--no-gpu", default=None,
              help="Repeat trainings on the GPU, one at a time.  [default: if there is one]")  # fmt: skip
@click.option("--lang", type=click.Choice(["fr", "en"]), default=None,
              help="Language of the class page and of the table.  [default: of course.toml, else fr]")  # fmt: skip
@click.option("--scheduler", default="", metavar="ADDRESS",
              help="Grade on the workers of this Dask scheduler (tcp://host:8786).")  # fmt: skip
@click.option("--timings", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Write where the time went, in seconds by part, to this JSON file.")  # fmt: skip
@JOBS
@SANDBOX
def grade(
    path: Path, lab: str | None, out: Path, rerun: bool, gpu: bool | None, lang: str | None,
    scheduler: str, timings: Path | None, jobs: int | None, sandbox: str,
) -> None:  # fmt: skip
    """Grade a notebook, a folder or a zip of submissions: PATH."""
    folder = course()
    guard = sandbox != "none" if scheduler else sandboxed(sandbox)
    if guard and not scheduler and not gpu and not (out / "gradebook.sqlite").exists():
        from grader.sandbox.bwrap import environment
        from grader.sandbox.nursery import begin

        begin(environment(1, training=rerun))  # it imports while this process does
    from grader.cli.run import Failed, run
    from grader.gradebook.timings import Timings

    spent = Timings()
    try:
        code = run(
            folder,
            path,
            out,
            lab=lab,
            jobs=jobs or cores(),
            sandboxed=guard,
            rerun=rerun,
            gpu=gpu,
            lang=lang,
            scheduler=scheduler,
            timings=spent,
        )
        if timings is not None:
            spent.write(timings)
    except (Failed, OSError) as error:
        refuse(error)
    sys.exit(code)


@main.command()
@click.argument("lab")
@click.option("--students", type=click.IntRange(1, 100_000), default=60, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def simulate(lab: str, students: int, seed: int, out: Path) -> None:
    """Make a class of submissions of LAB, right and wrong, with the points each must get."""
    from grader.authoring.simulate import simulate as make
    from grader.authoring.spec import AuthorError

    folder = course()
    try:
        truth = make(chosen_labs(folder, [lab])[0], students, seed, out)
    except (AuthorError, OSError) as error:
        refuse(error)
    click.echo(f"{students} submissions in {out}, what each must get in {truth}")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip to write.")
@click.argument("labs", nargs=-1)
def release(labs: tuple[str, ...], out: Path) -> None:
    """Pack what students get: notebooks, public keys, data, the student half of the kit."""
    from grader.authoring.build import stale_notebooks
    from grader.authoring.release import release as pack
    from grader.authoring.spec import AuthorError

    folder = course()
    chosen = chosen_labs(folder, labs)
    for path in chosen:
        for stale in stale_notebooks(folder, loaded(path, False)):
            refuse(f"{stale}: not as its source or course.toml want it; run grader build")
    try:
        files = pack(folder, [p.name for p in chosen], out)
    except (AuthorError, OSError) as error:
        refuse(error)
    click.echo(f"{out}: {files} files, {out.stat().st_size / 1e6:.1f} MB")


@main.command()
@click.option("--from", "out", type=click.Path(path_type=Path), default=Path("out"),
              show_default=True, help="Folder of the gradebook.")  # fmt: skip
@click.option("--lab", default=None, help="Which lab, if several were graded.")
@click.option("--moodle", type=click.Path(path_type=Path), help="Your grading worksheet, to fill.")
@click.option("--moodle-feedback", type=click.Path(path_type=Path), help="Feedback zip to write.")
@click.option("--canvas", type=click.Path(path_type=Path), help="Canvas' gradebook CSV, to fill.")
@click.option("--assignment", default="", help="Name of the Canvas column.")
@click.option(
    "--gradescope", type=click.Path(path_type=Path), help="Folder for results.json files."
)
@click.option("--xlsx", type=click.Path(path_type=Path), help="Workbook to write.")
@click.option("--scale", is_flag=True, help="Convert to the worksheet's own maximum grade.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
def export(
    out: Path,
    lab: str | None,
    moodle: Path | None,
    moodle_feedback: Path | None,
    canvas: Path | None,
    assignment: str,
    gradescope: Path | None,
    xlsx: Path | None,
    scale: bool,
    lang: str,
) -> None:
    """Write what Moodle, Canvas or Gradescope take, from a gradebook."""
    from grader.cli.export import Wish
    from grader.cli.export import export as write
    from grader.gradebook.keys import NoLab
    from grader.gradebook.store import StoreError
    from grader.reports import ReportError

    wish = Wish(moodle, moodle_feedback, canvas, assignment, gradescope, xlsx, scale)
    if wish == Wish(assignment=assignment, scale=scale):
        refuse("nothing to export; say --moodle, --canvas, --gradescope or --xlsx")
    try:
        for line in write(course(), out, lab, wish, lang):
            click.echo(line.to(lang))
    except ReportError as error:
        refuse(error.text.to(lang))
    except (StoreError, NoLab) as error:
        refuse(error)


@main.command()
def doctor() -> None:
    """Say what this machine has, and what to do about what is missing."""
    from grader.doctor import examine

    sys.exit(examine(course(), click.echo))


def _progress(label: str, quiet: bool) -> Any:
    """A progress bar as a context that yields ``step(done, total)``."""
    from grader.gradebook.progress import steps

    return steps(label, quiet)


add_to(main)


if __name__ == "__main__":
    main()

"""What authors do: build labs, prove them, hand them out, make them for other platforms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import shorten

import click

from grader.cli.common import (
    JOBS,
    SANDBOX,
    chosen_labs,
    cores,
    course,
    loaded,
    refuse,
    sandboxed,
    told,
)  # fmt: skip


@click.command()
@click.argument("lab")
def new(lab: str) -> None:
    """Write a small whole lab, which builds and validates as it is, to be changed bit by bit.

    Where there is no course yet, this folder becomes one.
    """
    from grader.authoring.new import new_lab
    from grader.gradebook.keys import NoLab, find_course

    try:
        folder = find_course()
    except NoLab:
        folder = Path.cwd()
    with told():
        for path in new_lab(folder, lab):
            click.echo(os.path.relpath(path) if folder == Path.cwd() else str(path))
    click.echo(
        f"now: grader build {lab}; grader validate {lab}; grader watch {lab} while you write"
    )


@click.command()
@click.argument("labs", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if anything generated is stale.")
@click.option("--no-execute", is_flag=True, help="Leave the executed solutions as they are.")
def build(labs: tuple[str, ...], check: bool, no_execute: bool) -> None:
    """Generate student notebooks, public keys and executed solutions from the sources."""
    folder = course()
    from grader.authoring.build import build as build_lab
    from grader.authoring.build import stale

    bad: list[str] = []
    with told():
        for path in chosen_labs(folder, labs):
            if check:
                bad += stale(folder, loaded(path, False))
            else:
                build_lab(folder, loaded(path), click.echo, execute=not no_execute)
    for line in bad:
        click.echo(f"stale: {line}; run grader build")
    sys.exit(1 if bad else 0)


@click.command()
@click.argument("labs", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a lab, one a line.")
@click.option("--no-train", is_flag=True, help="Take the reference recordings; train nothing.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True,
              help="Hidden keys under which all of it must hold.")  # fmt: skip
@click.option("--every", type=click.IntRange(1, 100), default=1, show_default=True,
              help="Try one in so many of the mutants, unforeseen mistakes and variants.")  # fmt: skip
@JOBS
@SANDBOX
def validate(
    labs: tuple[str, ...],
    as_json: bool,
    no_train: bool,
    seeds: int,
    every: int,
    jobs: int | None,
    sandbox: str,
) -> None:
    """Prove labs: solution full marks, blank none, mutants caught and named, variants spared."""
    from rich.console import Console
    from rich.table import Table

    from grader.authoring.validate import describe
    from grader.authoring.validate import validate as prove
    from grader.gradebook.progress import steps

    folder = course()
    guard = sandboxed(sandbox)
    console = Console()
    failed = []
    chosen = [loaded(path) for path in chosen_labs(folder, labs)]
    reports = prove(
        chosen, folder / "data", jobs=jobs or cores(), sandboxed=guard, train=not no_train,
        seeds=seeds, every=every, watch=lambda part: steps(part, as_json),
    )  # fmt: skip
    with told():
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
    for report in failed:  # once more, at the end: where a log is read first
        first, *more = report.failures or ["see its table"]
        said = f"{report.lab} does not hold: {shorten(first, 300, placeholder=' …')}"
        click.echo(said + (f" (and {len(more)} more)" if more else ""), err=True)
    sys.exit(1 if failed else 0)


@click.command()
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


@click.command()
@click.argument("lab")
@click.option("--once", is_flag=True, help="Look once, and end.")
def watch(lab: str, once: bool) -> None:
    """Rebuild LAB at each change; show it as a student sees it, with its checks' verdicts.

    On the solution, the stub and the mutants, without training anything. The page reads itself again.
    """
    from grader.authoring.watch import watch as look

    folder = course()
    chosen_labs(folder, [lab])
    with told():
        look(folder, lab, click.echo, once)


@click.command()
@click.argument("lab")
@click.option("--seeds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--background", is_flag=True, help="Go on after this terminal is closed.")
@JOBS
@SANDBOX
def calibrate(lab: str, seeds: int, background: bool, jobs: int | None, sandbox: str) -> None:
    """Train LAB's own recipe over seeds, propose its thresholds, write calibration.json.

    Also trained, four times each: a tenth of the recipe, and one step. Run it again after an interruption:
    it goes on.
    """
    folder = course()
    path = chosen_labs(folder, [lab])[0]
    if background:
        command = [a for a in sys.argv if a != "--background"]
        log = folder / ".grader" / "calibrations" / f"{lab}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            subprocess.Popen(
                [sys.executable, "-m", "grader", *command[1:]],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        click.echo(f"begun; what it says goes to {log}")
        return
    from grader.authoring.calibrate import calibrate as train
    from grader.authoring.calibrate import told as lines
    from grader.gradebook.progress import steps

    guard = sandboxed(sandbox)
    with told(), steps(f"{lab}, trainings", False) as done:
        made = train(
            loaded(path), folder / "data", seeds=seeds, jobs=jobs or cores(),
            sandboxed=guard, done=done,
        )  # fmt: skip
    for check, entry in made.items():
        click.echo("\n".join(lines(check, entry)))
    click.echo(f"{path.relative_to(folder) / 'calibration.json'} written; now: grader build {lab}")


@click.command()
@click.argument("lab")
@click.option("--students", type=click.IntRange(1, 100_000), default=60, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def simulate(lab: str, students: int, seed: int, out: Path) -> None:
    """Make a class of submissions of LAB, right and wrong, with the points each must get."""
    from grader.authoring.simulate import simulate as make

    folder = course()
    with told():
        truth = make(chosen_labs(folder, [lab])[0], students, seed, out)
    click.echo(f"{students} submissions in {out}, what each must get in {truth}")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip to write.")
@click.argument("labs", nargs=-1)
def release(labs: tuple[str, ...], out: Path) -> None:
    """Pack what students get: notebooks, public keys, data, the student half of the kit."""
    from grader.authoring.build import stale_notebooks
    from grader.authoring.release import release as pack

    folder = course()
    chosen = chosen_labs(folder, labs)
    for path in chosen:
        for stale in stale_notebooks(folder, loaded(path, False)):
            refuse(f"{stale}: not as its source or course.toml want it; run grader build")
    with told():
        files = pack(folder, [p.name for p in chosen], out)
    click.echo(f"{out}: {files} files, {out.stat().st_size / 1e6:.1f} MB")


@click.command()
def doctor() -> None:
    """Say what this machine has, and what to do about what is missing."""
    from grader.doctor import examine

    sys.exit(examine(course(), click.echo))


@click.command()
@click.argument("labs", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="nbgrader's course.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
def nbgrader(labs: tuple[str, ...], out: Path, lang: str) -> None:
    """Write built labs as an nbgrader course: source notebooks with graded cells, configuration."""
    from grader.platforms.nbgrader import nbgrader_course

    folder = course()
    with told():
        for path in nbgrader_course(folder, [p.name for p in chosen_labs(folder, labs)], out, lang):
            click.echo(str(path))


@click.command()
@click.argument("lab")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip to write.")
@click.option(
    "--sandbox", type=click.Choice(["auto", "none"]), default="auto", show_default=True,
    help="'none' grades where no sandbox can be had: a student's code then runs beside the key.",
)  # fmt: skip
def gradescope(lab: str, out: Path, sandbox: str) -> None:
    """Make the autograder zip of LAB for Gradescope. It holds the hidden key: not for students."""
    from grader.cli.autograder import write_zip

    folder = course()
    chosen_labs(folder, [lab])
    with told():
        files = write_zip(folder, lab, out, sandbox)
    click.echo(f"{out}: {files} files, {out.stat().st_size / 1e6:.1f} MB")

"""Gradescope's autograder: its zip, and what ``run_autograder`` does in their container.

One submission in, ``results.json`` out.

The layout is theirs: ``submission/`` holds what the student uploaded, ``submission_metadata.json``
says who and when, ``results/results.json`` is what they read. Whatever goes wrong with the submission
is told in the results; whatever goes wrong with the grader ends with code 1 and without results, so
that Gradescope calls the instructor and no student gets a zero for it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import grader
from grader.check.key import Key
from grader.check.text import Refusal
from grader.gradebook.executors import Setting
from grader.gradebook.grade import grade_alone
from grader.gradebook.keys import hidden_key, hidden_key_file, lab_dir, secret_seed
from grader.gradebook.late import lateness, moment
from grader.gradebook.records import Graded
from grader.gradebook.settings import Settings, load_settings
from grader.intake import IntakeError, Submission, collect
from grader.platforms.files import write_atomically
from grader.platforms.gradescope import Metadata, Results, autograder_zip, read_metadata
from grader.platforms.people import is_person
from grader.reports.exports import results
from grader.sandbox.bwrap import NoSandbox, require

ROOT = "/autograder"
_NOT_NEEDED = (
    "axe-playwright-python", "hypothesis", "jupyter", "jupyterlab", "mypy", "nbgrader", "playwright",
    "pytest", "pytest-xdist", "ruff",
)  # fmt: skip


def one_submission(folder: Path, lab: str, name: str, room: Path) -> Submission:
    """What one student uploaded, however it is packed, as one submission.

    Raises:
        IntakeError: nothing in it can be read.
    """
    safe = re.sub(r"[^\w ]", " ", name).strip()[:80] or "student"
    own = room / "class" / f"{safe}_1_assignsubmission_file_"
    shutil.copytree(folder, own, symlinks=True)
    return collect(room / "class", lab, known=[lab])[0]


def with_lateness(graded: Graded, key: Key, settings: Settings, metadata: Metadata) -> Graded:
    """What lateness costs, by the policy of ``course.toml``, Gradescope's time and extensions.

    Of the due dates that Gradescope and ``course.toml`` give one of the group, the latest counts.
    """
    at = moment(metadata.created_at, settings.zone)
    own = settings.lab(key.lab)
    given = [when for when in (moment(d, settings.zone) for d in metadata.due) if when is not None]
    dates = [own.due] if own.due is not None else []
    dates += [
        when
        for wanted, when in own.extensions.items()
        if any(is_person(wanted, who, who) for who in (*metadata.names, *metadata.ids))
    ]
    due = [*given, *map(settings.moment, dates)]
    if own.due is not None and given:
        # The assignment's own date is not an extension: `own.due` stands in its place.
        extended = [d for d in given if d > min(given)]
        due = [*extended, *map(settings.moment, dates)]
    graded = replace(graded, submitted_at=metadata.created_at)
    if at is None or not due or not graded.verdicts:
        return graded
    late = lateness(
        max(due, key=datetime.timestamp), at, settings.late_policy(key.lab), key.max_points
    )
    return replace(graded, late=late if late is not None and late.taken else None)


def run(root: Path, course: Path, lab: str, sandbox: str) -> Results:
    """Grade what lies in ``root/submission``.

    Raises:
        Refusal: the grader, not the submission, is at fault; it says what the instructor can do.
    """
    from grader.cli.grading import item_of

    metadata = read_metadata(root / "submission_metadata.json")
    name = ", ".join(metadata.names) or "student"
    id = metadata.ids[0] if metadata.ids else "student"
    try:
        sandboxed = require("none" if sandbox == "none" else "auto")
    except NoSandbox as error:
        raise Refusal(
            "{e}. Make the zip again with --sandbox none if you accept that a student's code runs "
            "beside the answer key",
            e=error,
        ) from None
    settings = load_settings(course, [lab])
    key = settings.key(hidden_key(course, lab))
    setting = Setting(lab_dir(course, lab), course / "data", 1, sandboxed)
    with tempfile.TemporaryDirectory() as room:
        try:
            submission = one_submission(root / "submission", lab, name, Path(room))
        except IntakeError as error:
            return Results(0.0, "\n".join(dict.fromkeys((error.text.fr, error.text.en))))
        item = item_of(submission, key)
        graded = item.person
        if graded.problem is None:
            graded = grade_alone(key, item, setting).graded
    if graded.problem is not None and "the grader failed" in graded.problem.en:
        raise Refusal(graded.problem)
    graded = replace(graded, student=name, student_id=id)
    return results(with_lateness(graded, key, settings, metadata), key)


def write_zip(course: Path, lab: str, out: Path, sandbox: str) -> int:
    """Write the zip for Gradescope's "Configure autograder"; it holds the hidden key.

    Args:
        sandbox: ``auto`` (refuse to grade where no sandbox can be had) or ``none``.

    Returns:
        Number of files in it.

    Raises:
        NoLab: no such lab, or its key cannot be compiled.
        Refusal: the kit's list of requirements is missing, or `out` cannot be written.
    """
    hidden_key(course, lab)  # compiled here, so that Gradescope need not
    data, count = autograder_zip(_files(course, lab), lab, sandbox)
    write_atomically(out, data)
    return count


def _files(course: Path, lab: str) -> Iterator[tuple[str, bytes]]:
    package = Path(grader.__file__).resolve().parent
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"grader/{file.relative_to(package).as_posix()}", file.read_bytes()
    yield "requirements.txt", _requirements(package.parent)
    folder = lab_dir(course, lab)
    for file in sorted(folder.glob("*")):
        if file.is_file() and file.suffix in (".py", ".json", ".npz"):
            yield f"solutions/{lab}/{file.name}", file.read_bytes()
    public = course / "labs" / f"{lab}.key"
    yield f"labs/{lab}.key", public.read_bytes() if public.is_file() else b""
    yield ".grader/seed", str(secret_seed(course)).encode()
    key = hidden_key_file(course, lab, secret_seed(course))
    yield f".grader/keys/{key.name}", key.read_bytes()
    settings = course / "course.toml"
    if settings.is_file():
        # The class list stays at home.
        text = re.sub(r"(?m)^\s*class_list\s*=.*$", "", settings.read_text("utf-8-sig"))
        others = re.compile(rf"(?ms)^\[labs\.(?!{re.escape(lab)}[\].]).*?(?=^\[|\Z)")
        yield "course.toml", others.sub("", text).encode()
    data = course / "data"
    for file in sorted(data.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"data/{file.relative_to(data).as_posix()}", file.read_bytes()


def _requirements(kit: Path) -> bytes:
    """The tested set, without what only tests and people at a notebook need."""
    path = kit / "requirements.txt"
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        raise Refusal("{p}: missing; run this from the kit's own repository", p=path) from None
    pins = [line for line in lines if re.match(r"[A-Za-z0-9]", line)]
    kept = [p for p in pins if re.split(r"[=;<> ]", p)[0] not in _NOT_NEEDED]
    return ("\n".join(kept) + "\n").encode()


def main(argv: list[str]) -> int:
    """``python -m grader.cli.autograder LAB SANDBOX``, in the unpacked zip."""
    lab, sandbox = argv
    root = Path(os.environ.get("AUTOGRADER_ROOT", ROOT))
    course = Path(__file__).resolve().parents[2]
    try:
        found = run(root, course, lab, sandbox)
    except Refusal as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 1
    write_atomically(root / "results" / "results.json", found.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

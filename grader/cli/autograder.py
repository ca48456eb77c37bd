"""What ``run_autograder`` does in Gradescope's container: one submission in, ``results.json`` out.

The layout is theirs: ``submission/`` holds what the student uploaded, ``submission_metadata.json``
says who and when, ``results/results.json`` is what they read. Whatever goes wrong with the submission
is told in the results; whatever goes wrong with the grader ends with code 1 and without results, so
that Gradescope calls the instructor and no student gets a zero for it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.check.key import Key
from grader.check.text import Text
from grader.gradebook.grade import Setting, grade_units
from grader.gradebook.keys import NoLab, hidden_key, lab_dir
from grader.gradebook.late import lateness, moment
from grader.gradebook.records import Graded
from grader.gradebook.settings import Settings, SettingsError, load_settings
from grader.gradebook.unit import Result
from grader.intake import IntakeError, Submission, collect
from grader.platforms.gradescope import results_json
from grader.sandbox.bwrap import NoSandbox, require

ROOT = "/autograder"


class AutograderError(RuntimeError):
    """The grader, not the submission, is at fault; the message says what the instructor can do."""


def read_metadata(path: Path) -> dict[str, Any]:
    """``submission_metadata.json``; {} if it is missing or damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def who(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Names (of a whole group, joined) and identifier of those who handed in."""
    users = metadata.get("users")
    people = [u for u in users if isinstance(u, dict)] if isinstance(users, list) else []
    names = [str(u.get("name") or u.get("email") or "") for u in people]
    ids = [str(u.get("email") or u.get("id") or "") for u in people]
    return ", ".join(filter(None, names)) or "student", next(filter(None, ids), "student")


def due_of(metadata: Mapping[str, Any]) -> str:
    """The due date that holds for this student, extension included; "" if there is none."""
    users = metadata.get("users")
    places = (
        [u.get("assignment") for u in users if isinstance(u, dict)]
        if isinstance(users, list)
        else []
    )
    for place in (*places, metadata.get("assignment")):
        if isinstance(place, dict) and isinstance(place.get("due_date"), str):
            return str(place["due_date"])
    return ""


def one_submission(folder: Path, lab: str, name: str, room: Path) -> Submission:
    """What one student uploaded, however it is packed, as one submission.

    Raises:
        IntakeError: nothing in it can be read.
    """
    safe = re.sub(r"[^\w ]", " ", name).strip()[:80] or "student"
    own = room / "class" / f"{safe}_1_assignsubmission_file_"
    shutil.copytree(folder, own, symlinks=True)
    return collect(room / "class", lab, known=[lab])[0]


def grade_one(
    course: Path, lab: str, submission: Submission, sandboxed: bool, jobs: int = 1
) -> tuple[Graded, Key]:
    """Grade one submission with the hidden key."""
    from grader.cli.run import item_of

    settings = load_settings(course, [lab])
    key = settings.key(hidden_key(course, lab))
    item = item_of(submission, key)
    if item.person.problem is not None:
        return item.person, key
    found: list[Result] = []
    setting = Setting(lab_dir(course, lab), course / "data", jobs, sandboxed)
    grade_units(key, [("one", item)], setting, lambda unit, result: found.append(result))
    return found[0].graded, key


def with_lateness(
    graded: Graded, key: Key, settings: Settings, metadata: Mapping[str, Any]
) -> Graded:
    """What lateness costs, by the policy of ``course.toml`` and Gradescope's own times."""
    at = moment(str(metadata.get("created_at", "")), settings.zone)
    own = settings.lab(key.lab).due
    due = moment(due_of(metadata), settings.zone) if own is None else settings.moment(own)
    graded = replace(graded, submitted_at=str(metadata.get("created_at", "")))
    if at is None or due is None or not graded.verdicts:
        return graded
    policy = settings.late_policy(key.lab)
    late = lateness(due, at, policy, key.max_points)
    return replace(graded, late=late if late is not None and late.taken else None)


def run(root: Path, course: Path, lab: str, sandbox: str) -> dict[str, Any]:
    """Grade what lies in ``root/submission``.

    Args:
        sandbox: ``auto`` or ``none``.

    Returns:
        What ``results.json`` holds.

    Raises:
        AutograderError: the grader is at fault.
    """
    metadata = read_metadata(root / "submission_metadata.json")
    name, id = who(metadata)
    try:
        sandboxed = require("none" if sandbox == "none" else "auto")
        settings = load_settings(course, [lab])
    except NoSandbox as error:
        raise AutograderError(
            f"{error}. Make the zip again with --sandbox none if you accept that a student's code"
            " runs beside the answer key"
        ) from None
    except SettingsError as error:
        raise AutograderError(str(error)) from None
    with tempfile.TemporaryDirectory() as room:
        try:
            submission = one_submission(root / "submission", lab, name, Path(room))
            graded, key = grade_one(course, lab, submission, sandboxed)
        except IntakeError as error:
            return refusal(error.text)
        except NoLab as error:
            raise AutograderError(str(error)) from None
    graded = replace(graded, student=name, student_id=id)
    if graded.problem is not None and "the grader failed" in graded.problem.en:
        raise AutograderError(graded.problem.en)
    return results_json(with_lateness(graded, key, settings, metadata), key)


def refusal(text: Text) -> dict[str, Any]:
    """Results of what is no submission: no points, and why, in both languages."""
    return {
        "score": 0.0,
        "output": text.fr if text.fr == text.en else f"{text.fr}\n{text.en}",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
    }


def main(argv: list[str]) -> int:
    """``python -m grader.cli.autograder LAB SANDBOX``, in the unpacked zip."""
    lab, sandbox = argv
    root = Path(os.environ.get("AUTOGRADER_ROOT", ROOT))
    course = Path(__file__).resolve().parents[2]
    try:
        results = run(root, course, lab, sandbox)
    except AutograderError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 1
    path = root / "results" / "results.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(results, ensure_ascii=False, allow_nan=False), "utf-8")
    draft.replace(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

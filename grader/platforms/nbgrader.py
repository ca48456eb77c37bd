"""A released lab as an nbgrader course: ``source/<lab>/<lab>.ipynb`` and a configuration.

nbgrader runs the student's notebook and takes the number that a graded cell shows as its points, so
each exercise gets a locked cell that shows what the notebook's own checks give (public key, no
sandbox: nbgrader trusts the notebook that it runs). What only a person or the clean room can judge, and
answers of which the notebook does not say whether they are right, are left to nbgrader's manual grading
and to ``grader grade submitted/``.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from grader.check.key import BadKey, Check, Key
from grader.check.text import Refusal, gettext

CONFIG = "nbgrader_config.py"
_CONFIG = '''"""Configuration of nbgrader for these labs; made by `grader nbgrader`."""

c = get_config()  # noqa: F821
# The notebooks are released as they are: their holes are open, the graded cells locked.
c.ClearSolutions.enabled = False
c.ClearHiddenTests.enabled = False
c.LockCells.lock_solution_cells = False
# A first import of TensorFlow takes its time.
c.Execute.timeout = 600
'''
_WHY = gettext("# Points of {n}, for nbgrader. Leave this cell as it is.")


def nbgrader_metadata(id: str, **flags: Any) -> dict[str, Any]:
    """nbgrader's metadata of a cell, format 3.

    Args:
        id: unique in the notebook.
        flags: what differs from a cell that is given and cannot be changed: ``solution`` (students
            write in it; not locked then), ``grade``, ``points``.
    """
    return {
        "schema_version": 3,
        "grade": False,
        "locked": not flags.get("solution", False),
        "solution": False,
        "task": False,
        "grade_id": id,
        **flags,
    }


def nbgrader_checksum(node: Any) -> str:
    """nbgrader's MD5 over source, type and flags of a cell (nbgrader.utils.compute_checksum)."""
    meta = node.metadata["nbgrader"]
    parts = [node.source, node.cell_type, *(str(meta[k]) for k in ("grade", "solution", "locked"))]
    parts.append(meta["grade_id"])
    if meta["grade"]:
        parts.append(str(float(meta["points"])))
    found = hashlib.md5(usedforsecurity=False)
    for part in parts:
        found.update(part.encode())
    return found.hexdigest()


def nbgrader_course(course: Path, labs: Sequence[str], out: Path, lang: str) -> list[Path]:
    """Write nbgrader's ``source`` tree and its configuration.

    Args:
        out: nbgrader's course folder; what is there of these labs is written anew.

    Returns:
        The notebooks written.

    Raises:
        Refusal: a lab is not built.
    """
    written = []
    for lab in labs:
        source = course / "labs" / lang / f"{lab}.ipynb"
        try:
            key = Key.load(course / "labs" / f"{lab}.key")
            book = nbformat.read(source, 4)
        except (OSError, BadKey):
            raise Refusal("{p}: not built; run grader build {lab}", p=source, lab=lab) from None
        path = out / "source" / lab / f"{lab}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(graded_notebook(book, key, lang), path)
        written.append(path)
    config = out / CONFIG
    if not config.exists():
        config.write_text(_CONFIG, "utf-8")
    return written


def graded_notebook(book: Any, key: Key, lang: str) -> Any:
    """A released notebook with a graded cell an exercise at its end, and its answers to be read.

    The graded cells of an exercise give the points of its checks, bonus apart, that the notebook can
    judge itself. A cell that answers a free text, or a question of which the notebook does not say whether it
    is right, is graded by hand, for that question's points.
    """
    book = copy.deepcopy(book)
    by_hand = {
        c.id: c
        for c in key.checks
        if (c.answer.get("type") == "text" or not c.answer.get("told", True)) and not c.bonus
    }
    for cell in book.cells:
        meta = cell.metadata.get("nbgrader")
        points = sum(c.points for c in _answered(cell.source, by_hand)) if meta else 0.0
        if points:
            meta.update(grade=True, points=points)
            meta["checksum"] = nbgrader_checksum(cell)
    for exercise in key.exercises:
        checks = [
            c
            for c in key.of_exercise(exercise.id)
            if not c.bonus and c.kind != "clean" and c.id not in by_hand
        ]
        if checks:
            number = f"{exercise.number} {exercise.title.to(lang)}"
            book.cells.append(_graded(key.lab, exercise.id, checks, _WHY.fill(n=number).to(lang)))
    return book


def _answered(source: str, questions: dict[str, Check]) -> list[Check]:
    """The questions that a cell answers."""
    return [
        c
        for id, c in questions.items()
        if re.search(rf"\.answer\(\s*[\"']{re.escape(id)}[\"']", source)
    ]


def _graded(lab: str, exercise: str, checks: Sequence[Check], why: str) -> Any:
    ids = ", ".join(repr(c.id) for c in checks)
    cell = nbformat.v4.new_code_cell(
        f"{why}\nlab.check({exercise!r})\nround(sum(lab.verdicts[c].points for c in ({ids},)), 4)"
    )
    cell["id"] = f"points-{re.sub('[^A-Za-z0-9_-]', '-', exercise)}"[:64]
    id = re.sub("[^a-zA-Z0-9_-]", "-", f"{lab}-{exercise}-points")
    about = nbgrader_metadata(id, grade=True, points=sum(c.points for c in checks))
    cell.metadata["nbgrader"] = {**about, "cell_type": "code"}
    cell.metadata["nbgrader"]["checksum"] = nbgrader_checksum(cell)
    return cell

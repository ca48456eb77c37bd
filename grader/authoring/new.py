"""A new lab: a small whole one, to be changed bit by bit."""

from __future__ import annotations

import re
from pathlib import Path

from grader.authoring.spec import AuthorError

TEMPLATE = Path(__file__).parent / "template"
_ID = re.compile(r"[a-z][a-z0-9_]*")


def new_lab(course: Path, lab: str) -> list[Path]:
    """Write ``solutions/<lab>``: a function, a training, three questions, two mistakes, two variants.

    Returns:
        The files.

    Raises:
        AuthorError: the name cannot be a folder's and a lab's, or is taken.
    """
    if not _ID.fullmatch(lab):
        raise AuthorError(f"{lab!r}: a lab is called by small letters, digits and _: tp6_speech")
    folder = course / "solutions" / lab
    if folder.exists():
        raise AuthorError(f"{folder}: there is one already")
    folder.mkdir(parents=True)
    (course / "labs").mkdir(exist_ok=True)
    written = []
    for file in sorted(TEMPLATE.glob("*.*")):
        made = folder / file.name
        made.write_text(file.read_text("utf-8").replace("LAB_ID", lab), "utf-8")
        written.append(made)
    return written

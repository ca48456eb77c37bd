"""`grader export`: from a gradebook to the files that a platform takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.check.key import Key
from grader.check.text import Text, gettext
from grader.gradebook.records import Graded
from grader.gradebook.store import Store


@dataclass(frozen=True)
class Wish:
    """What to export; None for what is not wanted.

    Attributes:
        moodle: the teacher's own offline grading worksheet.
        feedback_zip: feedback pages under Moodle's folder names.
        canvas: Canvas' own gradebook, and `assignment`, its column's name.
        gradescope: folder for one ``results.json`` a student.
        xlsx: a workbook.
        scale: convert the marks to the worksheet's own maximum.
    """

    moodle: Path | None = None
    feedback_zip: Path | None = None
    canvas: Path | None = None
    assignment: str = ""
    gradescope: Path | None = None
    xlsx: Path | None = None
    scale: bool = False


def export(graded: Sequence[Graded], key: Key, store: Store, wish: Wish, lang: str) -> list[Text]:
    """Write what is wished for, from a lab's class; say what was written.

    Worksheets are filled next to the original, as ``NAME-filled.csv``.

    Raises:
        ReportError: a worksheet does not fit, or a file cannot be written.
    """
    from grader.platforms import canvas, moodle
    from grader.platforms.files import read_bytes, write_atomically
    from grader.reports import exports

    said: list[Text] = []
    marks, most = exports.marks(graded), round(key.max_points, 4)

    def write(path: Path, data: bytes, notices: Sequence[Text] = ()) -> None:
        write_atomically(path, data)
        said.extend([*notices, gettext("written: {p}", p=path)])

    if wish.moodle is not None:
        filled = moodle.fill_worksheet(
            read_bytes(wish.moodle), marks, most, name=wish.moodle.name, scale=wish.scale
        )
        write(_beside(wish.moodle), filled.data, filled.notices())
    if wish.canvas is not None:
        filled = canvas.fill_gradebook(
            read_bytes(wish.canvas), marks, most, wish.assignment,
            name=wish.canvas.name, scale=wish.scale,
        )  # fmt: skip
        write(_beside(wish.canvas), filled.data, filled.notices())
    if wish.feedback_zip is not None:
        write(wish.feedback_zip, exports.feedback_zip(graded, key, store))
    if wish.gradescope is not None:
        exports.write_results(graded, key, wish.gradescope)
        said.append(gettext("written: {p}", p=wish.gradescope))
    if wish.xlsx is not None:
        write(wish.xlsx, exports.gradebook_workbook(graded, key, lang))
    return said


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-filled{path.suffix}")

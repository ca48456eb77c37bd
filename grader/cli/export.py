"""`grader export`: from a gradebook to the files that a platform takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.check.key import Key
from grader.check.text import Text, gettext
from grader.check.tree import Tree
from grader.gradebook.keys import hidden_key
from grader.gradebook.records import Graded
from grader.gradebook.store import Store, StoreError


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


def export(course: Path, out: Path, lab: str | None, wish: Wish, lang: str) -> list[Text]:
    """Write what is wished for, from the gradebook in `out`; say what was written.

    Worksheets are filled next to the original, as ``NAME-filled.csv``.

    Raises:
        StoreError: there is no gradebook in `out`.
        ReportError: a worksheet does not fit, or a file cannot be written.
        NoLab: the lab is not known, or several were graded and none is named.
    """
    path = out / "gradebook.sqlite"
    if not path.is_file():
        raise StoreError(f"{path}: no gradebook here; grade first, or name its folder with --from")
    store = Store(path)
    try:
        labs = store.labs()
        if lab is None and len(labs) != 1:
            raise StoreError(f"{path} holds {', '.join(labs) or 'no lab'}; name one with --lab")
        lab = lab or labs[0]
        if lab not in labs:
            raise StoreError(f"{path} holds no grades of {lab!r}, but of {', '.join(labs)}")
        key = hidden_key(course, lab)
        return _write(store.graded(lab), key, store.pictures(lab), wish, lang)
    finally:
        store.close()


def _write(
    graded: Sequence[Graded], key: Key, pictures: Mapping[str, Tree], wish: Wish, lang: str
) -> list[Text]:
    from grader.platforms import canvas, gradescope, moodle, xlsx

    said: list[Text] = []

    def wrote(path: Path) -> None:
        said.append(gettext("written: {p}", p=path))

    if wish.moodle is not None:
        to = _beside(wish.moodle)
        filled = moodle.fill_worksheet_file(wish.moodle, graded, key, to, scale=wish.scale)
        said += filled.notices()
        wrote(to)
    if wish.canvas is not None:
        to = _beside(wish.canvas)
        done = canvas.fill_canvas_file(
            wish.canvas, graded, key, wish.assignment, to, scale=wish.scale
        )
        said += done.notices()
        wrote(to)
    if wish.feedback_zip is not None:
        wrote(moodle.write_feedback_zip(graded, key, wish.feedback_zip, pictures=pictures))
    if wish.gradescope is not None:
        gradescope.write_results(graded, key, wish.gradescope)
        wrote(wish.gradescope)
    if wish.xlsx is not None:
        wrote(xlsx.write_workbook(graded, key, wish.xlsx, lang))
    return said


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-filled{path.suffix}")

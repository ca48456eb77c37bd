"""What an instructor does with a gradebook after grading: set a mark, read the log, write the pages.

Every function names the gradebook by the folder that ``grader grade --out`` wrote.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.check.key import Key
from grader.check.text import LANGS
from grader.gradebook.course import Course
from grader.gradebook.keys import hidden_key, lab_ids
from grader.gradebook.records import Change, Graded
from grader.gradebook.store import Store, StoreError
from grader.gradebook.suggest import did_you_mean
from grader.intake import NotGradable, read_notebook
from grader.platforms.files import file_stems
from grader.platforms.people import is_person
from grader.reports.gradebook import safe_cell
from grader.reports.write import Paths, write_all

MAX_REASON = 1000


@contextmanager
def opened(out: Path) -> Iterator[Store]:
    """The gradebook in `out`.

    Raises:
        StoreError: there is none, or it cannot be used.
    """
    path = out / "gradebook.sqlite"
    if not path.is_file():
        raise StoreError(f"{path}: no gradebook here; grade first, or name its folder with --from")
    store = Store(path)
    try:
        yield store
    finally:
        store.close()


def chosen_lab(store: Store, lab: str | None) -> str:
    """The lab called `lab`, or the only one.

    Raises:
        StoreError: there is no such lab, or there are several and none is named.
    """
    labs = store.labs()
    if lab is None and len(labs) != 1:
        raise StoreError(f"{store.path} holds {', '.join(labs) or 'no lab'}; name one with --lab")
    if lab is not None and lab not in labs:
        raise StoreError(f"{store.path} holds no grades of {lab!r}, but of {', '.join(labs)}")
    return lab or labs[0]


def folder_of(out: Path, lab: str) -> Path:
    """Where a lab's reports lie: `out`, or a folder of its own where several were graded."""
    own = out / lab
    return own if own.is_dir() else out


def write_pages(
    course: Path, out: Path, lab: str, lang: str, changes: Sequence[Change] = ()
) -> Paths:
    """Write all reports of a lab anew from its gradebook; nothing is graded.

    Raises:
        StoreError, NoLab, SettingsError, ReportError: they cannot be.
    """
    settled = Course.load(course, lab_ids(course))
    key = hidden_key(course, lab)
    with opened(out) as store:
        graded = store.graded(lab)
        about = settled.about(graded, changes)
        folder = folder_of(out, lab)
        return write_all(graded, key, folder, lang, pictures=store.pictures(lab), about=about)


def find_student(graded: Sequence[Graded], wanted: str) -> Graded:
    """The one student that `wanted` names: an identifier, or a name.

    Raises:
        StoreError: nobody, or several.
    """
    fits = [g for g in graded if g.student_id == wanted.strip()]
    fits = fits or [g for g in graded if is_person(wanted, g.student, g.student_id)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        said = ", ".join(f"{g.student} is {g.student_id}" for g in fits)
        raise StoreError(f"{len(fits)} students are called {wanted!r}; say which: {said}")
    names = [g.student for g in graded]
    hint = did_you_mean(wanted, names, "see the column student_id of gradebook.csv")
    raise StoreError(f"no student {wanted!r} in this gradebook; {hint}")


def override(
    course: Path, out: Path, lab: str | None, student: str, check: str, points: float | None,
    reason: str, by: str, lang: str,
) -> list[Change]:  # fmt: skip
    """Set a mark by hand, and write the pages.

    Args:
        check: id of a check; "" for the total.
        points: the mark; None takes an earlier one back.
        reason: what the student reads and the log keeps.

    Returns:
        The mark that moved; [] if it was that already.

    Raises:
        StoreError: no such student or check, points out of range, no reason, nothing to take back.
        NoLab, SettingsError, ReportError: the pages cannot be written.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        raise StoreError(f"a mark set by hand needs a reason, of {MAX_REASON} characters at most")
    with opened(out) as store:
        lab = chosen_lab(store, lab)
        key = hidden_key(course, lab)
        who = find_student(store.graded(lab), student)
        most = key.max_points if not check else _points_of(key, check)
        if points is not None and not 0 <= points <= most:
            raise StoreError(f"{points:g} points: {check or 'the total'} gives 0 to {most:g}")
        if points is not None and check and who.problem is not None:
            raise StoreError(
                f"{who.student} could not be graded and has no checks; set the total with --total"
            )
        if points is None and not any(h.check == check for h in who.by_hand):
            raise StoreError(f"{who.student}: {check or 'the total'} is not set by hand")
        changes = store.override(lab, who.student_id, check, points, reason, by)
    write_pages(course, out, lab, lang, changes)
    return changes


def _points_of(key: Key, check: str) -> float:
    ids = [c.id for c in key.checks]
    if check not in ids:
        hint = did_you_mean(check, ids, f"there are: {', '.join(ids)}")
        raise StoreError(f"no check {check!r} in {key.lab}; {hint}")
    return key.check(check).points


def log_rows(out: Path, lab: str | None = None, student: str | None = None) -> list[dict[str, Any]]:
    """The log of changes, oldest first; of one lab or student if named.

    Raises:
        StoreError: there is no gradebook, or nobody of that name.
    """
    with opened(out) as store:
        rows = store.log()
        if lab is not None:
            lab = chosen_lab(store, lab)
            rows = [r for r in rows if r["lab"] == lab]
        if student is not None:
            ids = {find_student(store.graded(x), student).student_id for x in _with(store, student)}
            rows = [r for r in rows if r["student_id"] in ids]
        names = {g.student_id: g.student for x in store.labs() for g in store.graded(x)}
    return [{**r, "student": r["student"] or names.get(r["student_id"], "")} for r in rows]


def _with(store: Store, student: str) -> list[str]:
    """The labs that somebody so named handed in."""
    labs = []
    for lab in store.labs():
        try:
            find_student(store.graded(lab), student)
        except StoreError:
            continue
        labs.append(lab)
    if not labs:
        raise StoreError(f"no student {student!r} in {store.path}")
    return labs


def write_similar(course: Path, out: Path, lab: str | None, lang: str) -> tuple[Path, int]:
    """Write ``similar.html`` from the code that the gradebook keeps; how many pairs are on it.

    Raises:
        StoreError: there is no gradebook, or it holds no code (of an earlier version: grade again).
        NoLab, ReportError: the page cannot be written.
    """
    from grader.gradebook.alike import look_alikes
    from grader.reports.alike import write_similar_page

    with opened(out) as store:
        lab = chosen_lab(store, lab)
        graded, sources = store.graded(lab), store.sources(lab)
    if not sources:
        raise StoreError(f"{out}: the gradebook holds no code; grade again into a new --out")
    given = [_cells(course / "labs" / side / f"{lab}.ipynb") for side in LANGS]
    pairs = look_alikes(graded, sources, [cells for cells in given if cells])
    folder = folder_of(out, lab)
    links = {who: f"feedback/{stem}.html" for who, stem in file_stems(graded).items()}
    key = hidden_key(course, lab)
    path = write_similar_page(pairs, key, len(sources), folder / "similar.html", lang, links)
    return path, len(pairs)


def _cells(notebook: Path) -> list[str]:
    """Code cells of a released notebook; [] if it is not there."""
    try:
        return read_notebook(notebook.read_bytes()).sources
    except (OSError, NotGradable):
        return []


def log_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The log as CSV: ``at, by, lab, student, student_id, before, after, why``."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = ["at", "by", "lab", "student", "student_id", "before", "after", "why"]
    writer.writerow(columns)
    for row in rows:
        shown = ["" if row[c] is None else row[c] for c in columns]
        writer.writerow([safe_cell(x) if isinstance(x, str) else f"{x:g}" for x in shown])
    return file.getvalue()

"""`grader grade`: from a path to grades and pages, with what a person sees on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from grader.core.key import Key
from grader.core.text import Text
from grader.gradebook.grade import Item, Setting, Work, grade_class
from grader.gradebook.keys import NoLab, hidden_key, lab_dir, lab_ids
from grader.gradebook.progress import steps
from grader.gradebook.records import Graded
from grader.gradebook.store import Store, StoreError, locked
from grader.intake import IntakeError, Submission, cells, collect
from grader.reports import ReportError, summary_table, write_all

FAILED = Text(
    en="{n} of {total} submissions could not be graded:",
    fr="{n} rendus sur {total} n'ont pas pu être notés :",
)
DONE = Text(
    en="{total} submissions, {fresh} graded now, in {s:.1f} s ({each:.2f} s each)",
    fr="{total} rendus, dont {fresh} notés maintenant, en {s:.1f} s ({each:.2f} s chacun)",
)


class Failed(RuntimeError):
    """Nothing could be graded; the message is one line that says what to do."""


@dataclass(frozen=True)
class ClassOfLab:
    """The submissions of one lab."""

    lab: str
    submissions: Sequence[Submission]


def by_lab(submissions: Sequence[Submission], known: Sequence[str]) -> list[ClassOfLab]:
    """Sort submissions by lab; one whose lab cannot be told goes with the lab that most are for.

    Raises:
        Failed: no submission is for a known lab.
    """
    counts = Counter(s.lab for s in submissions if s.lab in known)
    if not counts:
        named = sorted({s.lab for s in submissions if s.lab})
        raise Failed(
            f"no submission of a known lab (found: {', '.join(named) or 'no lab line at all'};"
            f" known: {', '.join(known)}); name it with --lab"
        )
    usual = counts.most_common(1)[0][0]
    found: dict[str, list[Submission]] = {}
    for submission in submissions:
        lab = submission.lab if submission.lab in known else usual
        found.setdefault(lab, []).append(submission)
    return [ClassOfLab(lab, found[lab]) for lab in sorted(found)]


def run(
    course: Path,
    path: Path,
    out: Path,
    *,
    lab: str | None,
    jobs: int,
    sandboxed: bool,
    rerun: bool,
    lang: str,
) -> int:
    """Grade what lies at `path` and write everything under `out`.

    Returns:
        0, or 1 if some submissions could not be graded (they are listed).

    Raises:
        Failed: nothing could be graded.
    """
    console = Console()
    began = time.monotonic()
    try:
        known = lab_ids(course)
        if lab is not None:
            lab_dir(course, lab)
            known = [lab]
        submissions = collect(path, lab, known=known)
        classes = by_lab(submissions, known) if lab is None else [ClassOfLab(lab, submissions)]
        with locked(out):
            bad: list[Graded] = []
            for found in classes:
                folder = out if len(classes) == 1 else out / found.lab
                bad += _grade_lab(
                    course, found, out, folder, console, began,
                    jobs=jobs, sandboxed=sandboxed, rerun=rerun, lang=lang,
                )  # fmt: skip
    except IntakeError as error:
        raise Failed(error.text.to(lang)) from None
    except (NoLab, StoreError, ReportError, OSError) as error:
        raise Failed(error) from None
    if bad:
        console.print(FAILED.fill(n=len(bad), total=len(submissions)).to(lang), style="bold")
        for graded in bad:
            reason = graded.problem.to(lang) if graded.problem else ""
            console.print(f"  {graded.student}: {reason}", highlight=False, markup=False)
    return 1 if bad else 0


def _grade_lab(
    course: Path, found: ClassOfLab, out: Path, folder: Path, console: Console, began: float, *,
    jobs: int, sandboxed: bool, rerun: bool, lang: str,
) -> list[Graded]:  # fmt: skip
    """Grade one lab's class, write its reports, print its summary; return what failed."""
    key = hidden_key(course, found.lab)
    store = Store(out / "gradebook.sqlite")
    try:
        items = [item_of(s, key) for s in found.submissions]
        setting = Setting(lab_dir(course, found.lab), course / "data", jobs, sandboxed, rerun)
        with steps(found.lab) as step:
            fresh = grade_class(key, items, store, setting, done=_counter(len(items), step))
        graded = store.graded(found.lab)
        pages = write_all(graded, key, folder, lang, pictures=store.pictures(found.lab))
    finally:
        store.close()
    console.print(summary_table(graded, key, lang))
    seconds = time.monotonic() - began
    each = seconds / max(fresh, 1)
    said = DONE.fill(total=len(graded), fresh=fresh, s=seconds, each=each)
    console.print(said.to(lang), highlight=False)
    for name, place in pages.shown():
        console.print(f"  {name.to(lang):<22} {place}", highlight=False, markup=False)
    return [g for g in graded if g.problem is not None]


def _counter(total: int, step: Callable[[int, int], None]) -> Callable[[Graded], None]:
    count = 0
    step(0, total)

    def done(_: Graded) -> None:
        nonlocal count
        count += 1
        step(count, total)

    return done


def item_of(submission: Submission, key: Key) -> Item:
    """A submission as `grade_class` takes it; its content is read when its turn comes."""
    person = Graded(
        student=submission.student,
        student_id=submission.student_id,
        origin=submission.origin,
        lab=key.lab,
        digest=submission.digest,
        lang=submission.lang or "fr",
        notices=submission.notices,
        receipt=submission.receipt,
        submitted_at=submission.submitted_at,
        problem=submission.problem,
    )

    def load() -> Work:
        loaded = submission.load()
        if loaded.problem is not None:
            raise OSError(loaded.problem.en)
        return Work(person, cells(loaded), loaded.recordings)

    return Item(person, load)

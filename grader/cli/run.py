"""`grader grade`: from a path to grades and pages, with what a person sees on the way."""

from __future__ import annotations

import getpass
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from grader.check.key import Key
from grader.check.text import Text, gettext, number
from grader.gradebook.course import Course, course_rows
from grader.gradebook.grade import Setting, grade_class
from grader.gradebook.keys import NoLab, hidden_key, lab_dir, lab_ids
from grader.gradebook.progress import steps
from grader.gradebook.records import About, Change, Graded
from grader.gradebook.settings import SettingsError
from grader.gradebook.store import Store, StoreError, locked
from grader.gradebook.timings import Timings
from grader.gradebook.unit import Item, Work
from grader.intake import IntakeError, Submission, cells, collect
from grader.reports import ReportError, summary_table, write_all
from grader.reports.course import write_course
from grader.reports.page import compile_templates
from grader.sandbox.gpu import devices, usable

FAILED = gettext("{n} of {total} submissions could not be graded:")
DONE = gettext("{total} submissions, {fresh} graded now, in {s:.1f} s ({each:.2f} s each)")


MOVED = gettext("marks that moved ({n}):")
MISSING = gettext("no submission ({n}): {s}")
STRANGERS = gettext("not on the class list ({n}): {s}")
UNCLEAR = gettext("fit several people of the class list ({n}): {s}")


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
    lang: str | None,
    gpu: bool | None = None,
    scheduler: str = "",
    timings: Timings | None = None,
) -> int:
    """Grade what lies at `path` and write everything under `out`.

    Args:
        gpu: whether trainings are repeated on a GPU, one at a time; None: if there is one.
        scheduler: address of a Dask scheduler; this machine grades if empty.
        lang: of what is shown and of the class page; what ``course.toml`` says if None, else French.
        timings: told where the time goes.

    Returns:
        0, or 1 if some submissions could not be graded (they are listed).

    Raises:
        Failed: nothing could be graded.
    """
    console = Console()
    began = time.monotonic()
    spent = timings or Timings()
    cards = _cards(gpu, rerun, sandboxed, bool(scheduler))
    try:
        known = lab_ids(course)
        settled = Course.load(course, known)
        lang = lang or settled.settings.lang or "fr"
        if lab is not None:
            lab_dir(course, lab)
            known = [lab]
        with spent.during("intake"):
            submissions = collect(path, lab, known=known)
        classes = by_lab(submissions, known) if lab is None else [ClassOfLab(lab, submissions)]
        with locked(out):
            bad: list[Graded] = []
            for found in classes:
                folder = out if len(classes) == 1 else out / found.lab
                bad += _grade_lab(
                    settled, found, out, folder, console, began,
                    jobs=jobs, sandboxed=sandboxed, rerun=rerun, gpu=cards, lang=lang,
                    scheduler=scheduler, spent=spent,
                )  # fmt: skip
            write_course_table(settled, out, lang)
    except (IntakeError, ReportError) as error:
        raise Failed(error.text.to(lang or "fr")) from None
    except (NoLab, StoreError, SettingsError, OSError) as error:
        raise Failed(error) from None
    if bad:
        console.print(FAILED.fill(n=len(bad), total=len(submissions)).to(lang), style="bold")
        for graded in bad:
            reason = graded.problem.to(lang) if graded.problem else ""
            console.print(f"  {graded.student}: {reason}", highlight=False, markup=False)
    return 1 if bad else 0


def _cards(gpu: bool | None, rerun: bool, sandboxed: bool, elsewhere: bool) -> Sequence[Path]:
    """Device files of the GPU to train on; none if nothing trains, or there is no GPU.

    Raises:
        Failed: a GPU was asked for and cannot be had.
    """
    if gpu and not rerun:
        raise Failed("--gpu is for trainings that are repeated: add --rerun")
    if gpu and elsewhere:
        raise Failed("--gpu is for this machine: leave it out with --scheduler")
    if gpu is False or not rerun or elsewhere:
        return ()
    if usable(sandboxed):
        return devices()
    if gpu:
        raise Failed(
            "--gpu: TensorFlow finds no NVIDIA GPU in the sandbox; leave --gpu out to train on the processor"
        )
    return ()


def _grade_lab(
    course: Course, found: ClassOfLab, out: Path, folder: Path, console: Console, began: float, *,
    jobs: int, sandboxed: bool, rerun: bool, gpu: Sequence[Path], lang: str, scheduler: str,
    spent: Timings,
) -> list[Graded]:  # fmt: skip
    """Grade one lab's class, write its reports, print its summary; return what failed."""
    with spent.during("key"):
        key = course.settings.key(hidden_key(course.folder, found.lab))
    store = Store(out / "gradebook.sqlite")
    try:
        items, told = _items(course, found.submissions, key)
        setting = Setting(
            lab_dir(course.folder, found.lab), course.folder / "data", jobs, sandboxed, rerun,
            gpu, scheduler, spent,
        )  # fmt: skip
        threading.Thread(target=compile_templates, daemon=True).start()  # while workers start
        with steps(found.lab) as step:
            done = grade_class(key, items, store, setting, _counter(len(items), step), by=whoami())
        graded = store.graded(found.lab)
        about = course.about(graded, [c for c in done.changes if c.before is not None])
        with spent.during("reports"):
            pages = write_all(
                graded, key, folder, lang, pictures=store.pictures(found.lab), about=about
            )
    finally:
        store.close()
    console.print(summary_table(graded, key, lang))
    seconds = time.monotonic() - began
    each = seconds / max(done.fresh, 1)
    said = DONE.fill(total=len(graded), fresh=done.fresh, s=seconds, each=each)
    console.print(said.to(lang), highlight=False)
    for line in (*(t.to(lang) for t in told), *_about_lines(about, lang)):
        console.print(line, highlight=False, markup=False)
    for name, place in pages.shown():
        console.print(f"  {name.to(lang):<22} {place}", highlight=False, markup=False)
    return [g for g in graded if g.problem is not None]


def _items(
    course: Course, submissions: Sequence[Submission], key: Key
) -> tuple[list[Item], list[Text]]:
    """The class as `grade_class` takes it, with what lateness costs each."""
    items = [item_of(s, key) for s in submissions]
    people, said = course.with_lateness(
        [i.person for i in items], key.max_points, [s.time_from == "platform" for s in submissions]
    )
    return [replace(i, person=p) for i, p in zip(items, people, strict=True)], said


def _about_lines(about: About, lang: str, most: int = 20) -> list[str]:
    """Marks that moved, who is missing, who is not on the list: for the terminal."""
    lines = []
    if about.changes:
        lines.append(MOVED.fill(n=len(about.changes)).to(lang))
        lines += [f"  {change_line(c, lang)}" for c in about.changes[:most]]
        if len(about.changes) > most:
            lines.append(f"  … +{len(about.changes) - most}")
    for text, names in (
        (MISSING, about.missing or ()), (STRANGERS, about.strangers), (UNCLEAR, about.unclear)
    ):  # fmt: skip
        if names:
            shown = ", ".join(names[:most]) + (" …" if len(names) > most else "")
            lines.append(text.fill(n=len(names), s=_safe(shown)).to(lang))
    return lines


def change_line(change: Change, lang: str) -> str:
    """``Zoé Martin: 12 → 14.5 (attention.mask 0→2.5)``"""
    before = "–" if change.before is None else number(change.before, lang)
    who = f"{change.student}{' ' if lang == 'fr' else ''}:"
    return _safe(f"{who} {before} → {number(change.after, lang)} ({change.why})")


def _safe(text: str) -> str:
    """`text` without control characters: names come from students."""
    return "".join(c if c.isprintable() else " " for c in text)


def whoami() -> str:
    """Who runs the grader, for the log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def write_course_table(course: Course, out: Path, lang: str) -> Path | None:
    """Write ``course.csv`` (the labs' totals and their weighted mean), from the second lab on."""
    store = Store(out / "gradebook.sqlite")
    try:
        labs = store.labs()
        if len(labs) < 2:
            return None
        classes = {lab: store.graded(lab) for lab in labs}
    finally:
        store.close()
    most = {
        lab: max((g.max_points for g in graded), default=0.0) or 20.0
        for lab, graded in classes.items()
    }
    weights = {lab: course.settings.lab(lab).weight for lab in labs}
    rows = course_rows(course, classes, most)
    return write_course(rows, weights, out / "course.csv", lang)


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
        attempts=submission.attempts,
        members=submission.members,
        problem=submission.problem,
    )

    def load() -> Work:
        loaded = submission.load()
        if loaded.problem is not None:
            raise OSError(loaded.problem.en)
        return Work(person, cells(loaded), loaded.recordings)

    return Item(person, load)

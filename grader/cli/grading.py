"""`grader grade`: from a path to grades and pages, with what a person sees on the way."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.check.text import Refusal, Text, did_you_mean, gettext, ngettext, same
from grader.cli.common import (
    JOBS,
    LANG,
    SANDBOX,
    cores,
    course,
    language,
    refuse,
    sandboxed,
    say,
    told,
    whoami,
)  # fmt: skip

if TYPE_CHECKING:
    from rich.console import Console

    from grader.check.key import Key
    from grader.gradebook.course import Course
    from grader.gradebook.executors import Setting
    from grader.gradebook.records import About, Change, Graded
    from grader.gradebook.store import Store
    from grader.gradebook.unit import Item
    from grader.intake import Submission
    from grader.reports.write import Paths

MOST_LINES = 20


class Failed(Refusal):
    """Nothing could be graded."""


@click.command()
@click.option("--force", is_flag=True, help="Write it anew if it is there already.")
@LANG
def init(force: bool, lang: str | None) -> None:
    """Write a commented course.toml here: due dates, late policy, weights, class list, limits."""
    from grader.gradebook.keys import lab_ids
    from grader.gradebook.settings import FILE, template

    folder, here = course(), Path.cwd()
    if folder not in (here, *here.parents):  # the kit's own course: its labs, settings kept here
        say("no course here: the labs are those of {f}", f=folder)
    else:
        here = folder
    path = here / FILE
    language(lang)
    if path.exists() and not force:
        refuse("{p} is there already; edit it, or write it anew with --force", p=path)
    with told():
        path.write_text(template(lab_ids(folder), language()), "utf-8")
    say("{p}: everything in it is a comment; take the # off what you need", p=path)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--lab", default=None, help="Grade only submissions of this lab.")
@click.option("--only", default="", metavar="STUDENT",
              help="Grade only this student: name, identifier or e-mail address.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--rerun", is_flag=True, help="Train again even where there is a recording.")
@click.option("--gpu/--no-gpu", default=None,
              help="Repeat trainings on the GPU, one at a time.  [default: if there is one]")  # fmt: skip
@click.option("--scheduler", default="", metavar="ADDRESS",
              help="Grade on the workers of this Dask scheduler (tcp://host:8786).")  # fmt: skip
@click.option("--timings", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Write where the time went, in seconds by part, to this JSON file.")  # fmt: skip
@LANG
@JOBS
@SANDBOX
def grade(
    path: Path, lab: str | None, only: str, out: Path, rerun: bool, gpu: bool | None,
    scheduler: str, timings: Path | None, lang: str | None, jobs: int | None, sandbox: str,
) -> None:  # fmt: skip
    """Grade a notebook, a folder or a zip of submissions, PATH, into the gradebook of --out.

    What is there already stays: who is not in PATH keeps what they had.
    """
    folder = course()
    language(lang)
    guard = sandbox != "none" if scheduler else sandboxed(sandbox)
    from grader.gradebook.executors import Setting

    with told():
        cards = _cards(gpu, rerun, guard, bool(scheduler))
        setting = Setting(folder, folder / "data", jobs or cores(), guard, rerun, cards, scheduler)
        code = run(folder, path, out, lab, setting, only)
        if timings is not None:
            setting.timings.write(timings)
    raise SystemExit(code)


def run(
    folder: Path, path: Path, out: Path, lab: str | None, setting: Setting, only: str = ""
) -> int:
    """Grade what lies at `path` and write everything under `out`.

    Args:
        setting: of all labs; its `lab_dir` does not count.
        only: the one student who is graded; "" for all.

    Returns:
        0, or 1 if some submissions could not be graded (they are listed).

    Raises:
        Refusal: nothing could be graded.
    """
    from rich.console import Console

    from grader.gradebook.course import Course
    from grader.gradebook.keys import lab_dir, lab_ids
    from grader.gradebook.store import FILE, Store, locked
    from grader.intake import collect

    console = Console()
    known = lab_ids(folder)
    settled = Course.load(folder, known)
    if lab is not None:
        lab_dir(folder, lab)
        known = [lab]
    with setting.timings.during("intake"):
        submissions = collect(path, lab, settled.settings.intake, known)
    classes = by_lab(submissions, known) if lab is None else {lab: submissions}
    bad: list[Graded] = []
    with locked(out):
        store = Store(out / FILE)
        try:
            runs = [_Run(settled, x, out, path, store, console, setting, only) for x in classes]
            for one in runs:
                bad += one.grade(classes[one.lab])
            if not any(one.fits for one in runs):
                raise Failed(nobody(only, submissions, path.name))
            index = write_course_pages(settled, store, out)
        finally:
            store.close()
    label = gettext("course page").to(language())
    console.print(f"  {label:<22} {index}", highlight=False)
    if bad:
        said = ngettext(
            "{n} of {all} submissions could not be graded:",
            "{n} of {all} submissions could not be graded:", len(bad), all=len(submissions),
        )  # fmt: skip
        console.print(said.to(language()), style="bold")
        for graded in bad:
            reason = graded.problem.to(language()) if graded.problem else ""
            console.print(f"  {graded.student}: {reason}", highlight=False, markup=False)
    return 1 if bad else 0


def by_lab(
    submissions: Sequence[Submission], known: Sequence[str]
) -> dict[str, Sequence[Submission]]:
    """Sort submissions by lab; one whose lab cannot be told goes with the lab that most are for.

    One or two of another lab in a whole class of one are strays: they are said, and no lab's.

    Raises:
        Failed: no submission is for a known lab.
    """
    counts = Counter(s.lab for s in submissions if s.lab in known)
    if not counts:
        named = sorted({s.lab for s in submissions if s.lab})
        raise Failed(
            "no submission of a known lab (found: {f}; known: {k}); name it with --lab",
            f=", ".join(named) or gettext("no lab line at all"),
            k=", ".join(known),
        )
    usual, most = counts.most_common(1)[0]
    found: dict[str, list[Submission]] = {}
    for submission in submissions:
        lab = submission.lab if submission.lab in known else usual
        if lab != usual and counts[lab] * 10 <= most:
            problem = gettext(
                "is of {other}, among those of {usual}; grade it with --lab {other}",
                other=lab,
                usual=usual,
            )
            submission = replace(submission, problem=problem)
            lab = usual
        found.setdefault(lab, []).append(submission)
    return {lab: found[lab] for lab in sorted(found)}


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
    from grader.sandbox.gpu import devices, usable

    if usable(sandboxed):
        return devices()
    if gpu:
        raise Failed(
            "--gpu: TensorFlow finds no NVIDIA GPU in the sandbox; leave --gpu out to train on"
            " the processor"
        )
    return ()


@dataclass
class _Run:
    """One lab's part of a run."""

    course: Course
    lab: str
    out: Path
    path: Path
    store: Store
    console: Console
    setting: Setting
    only: str
    began: float = field(default_factory=time.monotonic)
    fits: int = 0  # submissions of those asked for

    def grade(self, submissions: Sequence[Submission]) -> list[Graded]:
        """Grade a class, write its reports, print its summary; return what could not be graded."""
        from grader.gradebook.grade import grade_class
        from grader.gradebook.keys import hidden_key, lab_dir
        from grader.gradebook.progress import steps
        from grader.reports.page import compile_templates
        from grader.reports.tables import summary_table

        spent = self.setting.timings
        with spent.during("key"):
            key = self.course.settings.key(hidden_key(self.course.folder, self.lab))
        items, told = self.items(submissions, key)
        self.fits = len(items)
        if not items:
            return []
        setting = replace(self.setting, lab_dir=lab_dir(self.course.folder, self.lab))
        threading.Thread(target=compile_templates).start()  # while workers start
        with steps(self.lab, lang=language()) as step:
            done = grade_class(
                key, items, self.store, setting, _counter(len(items), step), whoami(),
                str(self.path.resolve()),
            )  # fmt: skip
        with spent.during("reports"):
            moved = [c for c in done.changes if c.before is not None]
            everyone, about, pages = write_pages(self.course, self.store, key, self.out, moved)
        lang = language()
        self.console.print(summary_table(everyone, key, lang))
        seconds = time.monotonic() - self.began
        said = ngettext(
            "{n} submission, {fresh} graded now, in {s:.1f} s ({each:.2f} s each)",
            "{n} submissions, {fresh} graded now, in {s:.1f} s ({each:.2f} s each)",
            len(items), fresh=done.fresh, s=seconds, each=seconds / max(done.fresh, 1),
        )  # fmt: skip
        absent = [g.student for g in everyone if g.standing == "absent"]
        for line in (said, *told, *about_lines(about, absent)):
            self.console.print(line.to(lang), highlight=False, markup=False)
        for name, place in pages.shown():
            self.console.print(f"  {name.to(lang):<22} {place}", highlight=False, markup=False)
        brought = {i.person.student_id for i in items}
        return [g for g in everyone if g.standing == "not_graded" and g.student_id in brought]

    def items(self, submissions: Sequence[Submission], key: Key) -> tuple[list[Item], list[Text]]:
        """Those to grade, as `grade_class` takes them, with who they are and what lateness costs."""
        items = [item_of(s, key) for s in submissions]
        placed, told = self.course.placed([i.person for i in items], self.store.graded(self.lab))
        people, said = self.course.with_lateness(
            [p for p, _ in placed], key.max_points,
            [s.time_from == "platform" for s in submissions],
        )  # fmt: skip
        wanted = people
        if self.only:
            wanted = self.course.find(people, self.only)
        chosen = {id(p) for p in wanted}
        kept = []
        for item, person, (_, old) in zip(items, people, placed, strict=True):
            if id(person) in chosen:
                if old:
                    self.store.rename(self.lab, old, person.student_id)
                kept.append(replace(item, person=person))
        return kept, [*told, *said]


def nobody(wanted: str, among: Sequence[Graded | Submission], where: str) -> Text:
    """Nobody of that name: where, and who may be meant."""
    hint = did_you_mean(
        wanted,
        [g.student for g in among],
        gettext("give a name, an identifier (student_id of gradebook.csv) or an e-mail address"),
    )
    return gettext("no student {s!r} in {w}; {h}", s=wanted, w=where, h=hint)


def write_pages(
    course: Course, store: Store, key: Key, out: Path, changes: Sequence[Change] = (),
    only: Sequence[str] | None = None,
) -> tuple[list[Graded], About, Paths]:  # fmt: skip
    """Write a lab's reports from its gradebook; nothing is graded.

    Returns:
        The class, what the reports say beside its marks, and where they are.
    """
    from grader.reports.write import write_all

    graded = store.graded(key.lab)
    everyone = course.whole(key.lab, graded)
    about = course.about(key.lab, graded, changes)
    pages = write_all(everyone, key, out / key.lab, language(), store, about, only)
    return everyone, about, pages


def write_course_pages(course: Course, store: Store, out: Path) -> Path:
    """Write the page and the table above the labs."""
    from grader.gradebook.keys import hidden_key
    from grader.reports.write import write_course

    classes = {lab: course.whole(lab, store.graded(lab)) for lab in store.labs()}
    keys = {lab: hidden_key(course.folder, lab) for lab in classes}
    return write_course(course, keys, classes, out, language())


def about_lines(about: About, absent: Sequence[str]) -> list[Text]:
    """Marks that moved, who is missing, who is not on the list: for the terminal."""
    lines = []
    changes = about.changes
    if changes:
        lines.append(ngettext("{n} mark moved:", "{n} marks moved:", len(changes)))
        lines += [same("  ") + change_line(c) for c in changes[:MOST_LINES]]
        if len(changes) > MOST_LINES:
            lines.append(same(f"  … +{len(changes) - MOST_LINES}"))
    for text, names in (
        (gettext("no submission ({n}): {s}"), absent),
        (gettext("not on the class list ({n}): {s}"), about.strangers),
        (gettext("fit several people of the class list ({n}): {s}"), about.unclear),
    ):
        if names:
            shown = ", ".join(names[:MOST_LINES]) + (" …" if len(names) > MOST_LINES else "")
            lines.append(text.fill(n=len(names), s=_safe(shown)))
    return lines


def change_line(change: Change) -> Text:
    """``Zoé Martin: 12 → 14.5 (attention.mask 0→2.5)``"""
    from grader.check.text import number

    def side(lang: str) -> str:
        moved = f"{number(change.before, lang)} → {number(change.after, lang)}"
        if change.before == change.after:
            moved = number(change.after, lang)
        colon = " :" if lang == "fr" else ":"
        return _safe(f"{change.student}{colon} {moved} ({change.why.to(lang)})")

    return Text(en=side("en"), fr=side("fr"))


def _safe(text: str) -> str:
    """`text` without control characters: names come from students."""
    return "".join(c if c.isprintable() else " " for c in text)


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
    from grader.gradebook.records import Graded
    from grader.gradebook.unit import Item, Work
    from grader.intake import Unreadable

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
        group="" if submission.members else submission.group,
        problem=submission.problem,
    )

    def load() -> Work:
        try:
            return Work(person, submission.sources, submission.recordings())
        except Unreadable as error:
            raise OSError(error.text.en) from None

    return Item(person, load)

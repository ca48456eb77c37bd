"""What an instructor does with a gradebook after grading. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from grader.check.text import LANGS, Text, did_you_mean, gettext, ngettext, number, same
from grader.cli.common import (
    FROM,
    LAB,
    LANG,
    SANDBOX,
    Points,
    course,
    language,
    refuse,
    sandboxed,
    say,
    told,
    whoami,
)  # fmt: skip
from grader.cli.grading import change_line, item_of, nobody, write_course_pages, write_pages

if TYPE_CHECKING:
    from grader.check.key import Key
    from grader.check.tree import Tree
    from grader.gradebook.course import Course
    from grader.gradebook.records import Change, Graded
    from grader.gradebook.store import Store
    from grader.platforms.marks import Filled

MAX_REASON = 1000
REASON = click.option("--reason", required=True, help="Why; the student reads it.")


@dataclass
class Book:
    """One lab of an open gradebook, with the course that it belongs to."""

    course: Course
    store: Store
    out: Path
    lab: str

    @cached_property
    def key(self) -> Key:
        from grader.gradebook.keys import hidden_key

        return hidden_key(self.course.folder, self.lab)

    @property
    def everyone(self) -> list[Graded]:
        """The class, those on the list without a submission included."""
        return self.course.whole(self.lab, self.store.graded(self.lab))

    def student(self, wanted: str, entered: bool = False) -> Graded:
        """The one student whom `wanted` names: name, identifier, number or e-mail address.

        `entered`: who handed in nothing is put into the gradebook, so that it can settle them.
        """
        everyone = self.everyone
        fits = self.course.find(everyone, wanted)
        if not fits:
            refuse(nobody(wanted, everyone, str(self.store.path)))
        if len(fits) > 1:
            who = ", ".join(f"{g.student} = {g.student_id}" for g in fits)
            refuse(
                "{n} students are called {s!r}; say which by identifier: {w}",
                n=len(fits),
                s=wanted,
                w=who,
            )
        if entered and not fits[0].digest:
            self.store.enter(self.lab, [("", fits[0])], whoami())
        return fits[0]

    def check(self, wanted: str) -> str:
        """The id of a check."""
        ids = [c.id for c in self.key.checks]
        if wanted not in ids:
            hint = did_you_mean(wanted, ids, gettext("there are: {c}", c=", ".join(ids)))
            refuse("no check {c!r} in {lab}; {h}", c=wanted, lab=self.lab, h=hint)
        return wanted

    def decide(
        self, student_id: str, kind: Literal["mark", "standing", "comment", "curve"], what: str,
        points: float | None, reason: str, told: Text | None = None,
    ) -> list[Change]:  # fmt: skip
        """Keep a decision (see `Store.decide`) and write the pages that it is on."""
        changes = self.store.decide(
            self.lab, student_id, kind, what, points, reason, whoami(), told
        )
        self.write(changes, [student_id] if student_id else None)
        return changes

    def write(self, changes: Sequence[Change] = (), only: Sequence[str] | None = None) -> None:
        """Write the pages anew: of all, or of the students named and what is about all."""
        write_pages(self.course, self.store, self.key, self.out, changes, only)
        write_course_pages(self.course, self.store, self.out)

    def tell(self, changes: Sequence[Change]) -> None:
        """Print the marks that moved."""
        for change in changes:
            say(change_line(change))
        if not changes:
            say("no mark moves")


@contextmanager
def opened(out: Path, lab: str | None, lang: str | None, one: bool = True) -> Iterator[Book]:
    """The gradebook in `out`; every refusal is one line."""
    language(lang)
    folder = course()
    with told():
        from grader.gradebook.course import Course
        from grader.gradebook.keys import lab_ids
        from grader.gradebook.store import FILE, Store

        path = out / FILE
        if not path.is_file():
            refuse("{p}: no gradebook here; grade first, or name its folder with --from", p=path)
        settled = Course.load(folder, lab_ids(folder))
        store = Store(path)
        try:
            labs = store.labs()
            listed = ", ".join(labs) or gettext("no lab")
            if lab is None and one and len(labs) != 1:
                refuse("{p} holds {labs}; name one with --lab", p=path, labs=listed)
            if lab is not None and lab not in labs:
                refuse(
                    "{p} holds no grades of {lab!r}, but of {labs}", p=path, lab=lab, labs=listed
                )
            yield Book(settled, store, out, lab or (labs[0] if len(labs) == 1 else ""))
        finally:
            store.close()


def on_book(command: Callable[..., None]) -> Callable[..., None]:
    """A command on a gradebook: the one that ``--from`` and ``--lab`` name comes first."""

    @FROM
    @LAB
    @LANG
    @wraps(command)
    def run(out: Path, lab: str | None, lang: str | None, **options: Any) -> None:
        with opened(out, lab, lang) as book:
            command(book, **options)

    return run


def _reasoned(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        refuse("a decision needs a reason, of {n} characters at most: --reason", n=MAX_REASON)
    return reason


@click.command()
@click.argument("student")
@click.option("--check", default="", help="Id of the check, as in gradebook.csv.")
@click.option("--total", is_flag=True, help="The whole lab's mark.")
@click.option("--points", type=Points(), help="The mark to set; 0,75 and 0.75 are one.")
@click.option("--withdraw", is_flag=True, help="Take an earlier mark by hand back.")
@REASON
@on_book
def override(
    book: Book, student: str, check: str, total: bool, points: float | None, withdraw: bool,
    reason: str,
) -> None:  # fmt: skip
    """Set a mark of STUDENT (name, identifier, number, e-mail address) by hand, with a reason.

    Also for who handed in nothing, or something that only a person can read.
    """
    if total == bool(check):
        refuse("say which mark: --check ID or --total")
    if withdraw == (points is not None):
        refuse("say the mark, --points P, or --withdraw")
    reason = _reasoned(reason)
    who = book.student(student, entered=True)
    most = book.key.check(book.check(check)).points if check else book.key.max_points
    name = same(check) if check else gettext("the total")
    if points is not None and not 0 <= points <= most:
        refuse("{p:g} points: {c} gives 0 to {m:g}", p=points, c=name, m=most)
    if points is not None and check and not who.verdicts:
        refuse("{s} has no checks; set the total with --total", s=who.student)
    if points is None and not any(h.check == check for h in who.by_hand):
        refuse("{s}: {c} is not set by hand", s=who.student, c=name)
    book.tell(book.decide(who.student_id, "mark", check, points, reason))


@click.command()
@click.argument("student")
@click.argument("text", required=False, default="")
@on_book
def comment(book: Book, student: str, text: str) -> None:
    """Tell STUDENT something about the whole lab: TEXT stands on the page and in Moodle's sheet.

    Without TEXT, an earlier comment is taken back.
    """
    who, logged = book.student(student, entered=True), gettext("comment: {t}", t=text)
    book.decide(who.student_id, "comment", "", None, text.strip(), logged)
    say(same(f"{who.student}: {text.strip() or '–'}"))


@click.command()
@click.argument("student")
@click.argument("standing", type=click.Choice(["excused", "absent", "removed", "as-it-came"]))
@REASON
@on_book
def settle(book: Book, student: str, standing: str, reason: str) -> None:
    """Say that STUDENT is excused (left out of the mean) or absent (counts 0 in it).

    `removed` takes a stray from every page and sheet; `as-it-came` takes any of these back.
    """
    from grader.gradebook.decisions import SETTLED

    reason = _reasoned(reason)
    settled = "" if standing == "as-it-came" else standing
    known = {r["student_id"]: r["student"] for r in book.store.log() if r["lab"] == book.lab}
    # Who is removed is not among the class.
    found = [(i, n) for i, n in known.items() if not settled and student.strip() in (i, n)]
    if not found:
        who = book.student(student, entered=bool(settled))
        found = [(who.student_id, who.student)]
    id, name = found[0]
    book.decide(id, "standing", settled, None, reason)
    say("{s}: {r}", s=name, r=SETTLED.get(settled, gettext("as it came")))


@click.command()
@click.option("--add", nargs=3, metavar="STUDENT CHECK TEXT", help='CHECK "" for the whole lab.')
@click.option("--csv", "table", type=click.Path(path_type=Path),
              help="Take requests from a CSV: columns student, check, text.")  # fmt: skip
@click.option("--answer", nargs=2, metavar="NUMBER TEXT", help="Answer one; the student reads it.")
@on_book
def requests(
    book: Book, add: tuple[str, str, str] | None, table: Path | None,
    answer: tuple[str, str] | None,
) -> None:  # fmt: skip
    """List the requests for another look, take new ones, answer them."""
    touched: set[str] = set()
    asked = [add] if add else []
    if table is not None:
        asked += _requests(table)
    for student, check, text in asked:
        who = book.student(student, entered=True)
        if check:
            book.check(check)
        if book.store.ask(book.lab, who.student_id, check, " ".join(text.split())[:MAX_REASON]):
            touched.add(who.student_id)
    if answer is not None:
        number, said = answer
        who_id = number.isdigit() and book.store.answer(
            book.lab, int(number), said.strip(), whoami()
        )
        if not who_id:
            refuse("no request of number {n!r} in {lab}", n=number, lab=book.lab)
        touched.add(who_id)
    if touched:
        book.write(only=list(touched))
    for g in book.everyone:
        for r in g.requests:
            state = same(f"→ {r.answer}") if r.answer else gettext("open")
            say(same(f"{r.id:>4}  {g.student}  {r.check or '*'}: {r.text}  ") + state)


def _requests(table: Path) -> list[tuple[str, str, str]]:
    """Rows of a CSV of requests."""
    from grader.platforms.table import Sheet

    sheet = Sheet.read(table.read_bytes(), table.name)
    columns = [
        sheet.find(("student", "étudiant", "nom complet", "full name", "name", "nom")),
        sheet.find(("check", "contrôle", "question")),
        sheet.find(("text", "texte", "request", "demande", "why", "pourquoi")),
    ]
    if columns[0] < 0 or columns[2] < 0:
        refuse("{f}: no columns student, check, text", f=table.name)
    rows = [[sheet.get(i, c).strip() if c >= 0 else "" for c in columns]
            for i in sheet.filled_rows()]  # fmt: skip
    return [(student, check, text) for student, check, text in rows if student and text]


@click.command()
@click.option("--mean", type=Points(), help="Lift or lower the middle until the mean is this.")
@click.option("--add", type=Points(), default=0.0, help="Points added to every mark.")
@click.option("--apply", is_flag=True, help="Let it count; without it, only show what would move.")
@click.option("--withdraw", is_flag=True, help="Take the curve back.")
@click.option("--reason", default="", help="Why; students read it.")
@on_book
def curve(
    book: Book, mean: float | None, add: float, apply: bool, withdraw: bool, reason: str
) -> None:
    """Move all marks of a class by one rule, shown before it counts.

    The order of students, 0 and the maximum stay with --mean; marks set by hand are left alone.
    """
    import msgspec
    from rich.console import Console

    from grader.gradebook.decisions import power_for
    from grader.gradebook.records import Curve
    from grader.reports.tables import curve_table

    if withdraw == (mean is not None or bool(add)) or (mean is not None and add):
        refuse("say one of --mean M, --add P or --withdraw")
    everyone, most, chosen = book.everyone, book.key.max_points, None
    if not withdraw:
        marks = [g.uncurved for g in everyone if g.counts and g.total_by_hand is None]
        by_hand = [g.total for g in everyone if g.counts and g.total_by_hand is not None]
        power: float | None = 1.0
        if mean is not None and marks:  # the mean of all, of whom some stay where they are
            rest = (mean * (len(marks) + len(by_hand)) - sum(by_hand)) / len(marks)
            power = power_for(marks, most, rest)
        if power is None:
            refuse("no curve gives that mean: it must lie between 0 and {m:g}", m=most)
        chosen = Curve(power, add, reason.strip())
    if apply or withdraw:
        reason = _reasoned(reason)
        encoded = msgspec.json.encode(chosen).decode()
        book.tell(book.decide("", "curve", encoded, None, reason, gettext("curve: {r}", r=reason)))
        return
    Console().print(curve_table(everyone, chosen, most, language()))
    say("nothing counts yet: add --apply and --reason")


@click.command()
@click.option("--student", default=None, help="Name, identifier, number or e-mail address.")
@click.option("--csv", "to", type=click.Path(path_type=Path), help="Write it as CSV instead.")
@FROM
@LAB
@LANG
def log(student: str | None, to: Path | None, out: Path, lab: str | None, lang: str | None) -> None:
    """Show every change of a mark: when, who, from what to what, why. The log can only grow."""
    from grader.gradebook.records import Change

    with opened(out, lab, lang, one=False) as book:
        rows = [r for r in book.store.log() if lab in (None, r["lab"])]
        if student is not None:
            ids = {student.strip()} | {
                g.student_id
                for x in book.store.labs()
                for g in book.course.find(book.course.whole(x, book.store.graded(x)), student)
            }
            rows = [r for r in rows if r["student_id"] in ids or r["student"] == student]
            if not rows:
                everyone = [g for x in book.store.labs() for g in book.store.graded(x)]
                refuse(nobody(student, everyone, str(book.store.path)))
        if to is not None:
            from grader.platforms.files import write_atomically
            from grader.reports.tables import log_csv

            write_atomically(to, log_csv(rows, language()))
            say(ngettext("{p}: {n} change", "{p}: {n} changes", len(rows), p=to))
            return
    for row in rows:
        change = Change(*(row[k] for k in ("student", "student_id", "before", "after", "why")))
        say(same(f"{row['at'][:16]}  {row['by']:<10} {row['lab']}  ") + change_line(change))


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: any free one]")
@click.option("--names", is_flag=True, help="Show who wrote what; without it, nobody is named.")
@click.option("--second", is_flag=True, help="A second reader: no mark shown, none given.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@on_book
def review(book: Book, port: int, names: bool, second: bool, no_browser: bool) -> None:
    """Read the free-text answers of a class on a local page: one question, everybody's answers.

    With --second somebody else reads them, as many as they like; how the two agree is printed at the
    end, and the first reader sees the second's marks beside their own.
    """
    import webbrowser

    from grader.review.app import serve
    from grader.review.desk import Desk

    desk = Desk(book.store, book.key, names, whoami(), language(), second)
    if not desk.questions:
        refuse('{lab} has no question that a person reads (type="text" in checks.py)', lab=book.lab)

    def pages() -> Path:
        book.write()
        return book.out / book.lab / "class.html"

    def ready(address: str, door: Path) -> None:
        click.echo(address)
        say("Only this machine can open it. Ctrl-C ends the reading and writes the pages.")
        if not no_browser:
            webbrowser.open(door.as_uri())

    try:
        serve(desk, port, pages, ready)
    except OSError as error:
        refuse("port {p}: {e}; choose another --port", p=port, e=error.strerror or str(error))
    for title, (agreed, apart) in desk.agreements().items():
        say(
            "{t}: two readers, {n} answers, {e} with the same points; {d} points apart on "
            "average, weighted kappa {k}",
            t=title,
            n=agreed.n,
            e=agreed.equal,
            d=number(agreed.apart, language()),
            k=number(agreed.kappa, language()),
        )
        for answer in apart:
            say(same(f"  {desk.label(answer)}: {' '.join(answer.text.split())[:70]}"))
    click.echo(str(pages().parent / "feedback"))


@click.command()
@on_book
def similar(book: Book) -> None:
    """Show submissions whose own code is close, side by side: evidence, never a verdict.

    They also join the list of those to ask about their work, on the class page and in oral.csv.
    """
    from grader.gradebook.alike import look_alikes
    from grader.intake import NotGradable, read_notebook
    from grader.platforms.files import write_atomically
    from grader.reports.class_page import similar_page
    from grader.reports.page import file_stems
    from grader.reports.summary import doubts
    from grader.reports.write import write_all

    sources = book.store.sources(book.lab)
    if not sources:
        refuse("{p}: the gradebook holds no code; grade again", p=book.store.path)
    given = []
    for side in LANGS:
        try:
            notebook = book.course.folder / "labs" / side / f"{book.lab}.ipynb"
            given.append(read_notebook(notebook.read_bytes()).sources)
        except (OSError, NotGradable):
            continue  # a language that was not released gives nothing away
    everyone, folder = book.everyone, book.out / book.lab
    handed_in = [g for g in everyone if g.digest]
    pairs = look_alikes(handed_in, sources, given)
    links = {id: f"submissions/{stem}.html" for id, stem in file_stems(handed_in).items()}
    page = similar_page(pairs, book.key, len(sources), language(), links)
    path = write_atomically(folder / "similar.html", page)
    about = book.course.about(book.lab, everyone)
    about = replace(about, oral=tuple(doubts(everyone, book.key, pairs)))
    write_all(everyone, book.key, folder, language(), book.store, about, [])
    say(ngettext("{p}: {n} pair", "{p}: {n} pairs", len(pairs), p=path))
    oral = folder / "oral.csv"
    say(ngettext("{p}: {n} student to ask", "{p}: {n} students to ask", len(about.oral), p=oral))


@click.command()
@click.argument("student")
@click.argument("check")
@click.option("--no-run", is_flag=True, help="Only what the gradebook keeps; run nothing.")
@SANDBOX
@on_book
def show(book: Book, student: str, check: str, no_run: bool, sandbox: str) -> None:
    """Show why STUDENT got what they got for CHECK, then run the submission again and look.

    Code, what was asked, what came, what was expected, what each known mistake would have given.
    """
    from rich.console import Console

    from grader.reports.tables import evidence_table

    who, spoken = book.student(student), language()
    asked = book.key.check(book.check(check))
    cells = book.store.sources(book.lab, who.student_id).get(who.student_id, [])
    values = book.store.evidence(book.lab, who.student_id).get(check, {})
    console = Console(highlight=False)
    for part in evidence_table(who, asked, book.key, cells, values, spoken):
        console.print(part)
    if no_run or not cells:
        return
    fresh, seen = _again(book, who, cells, sandboxed(sandbox))
    console.rule(gettext("seen again").to(spoken))
    for part in evidence_table(fresh, asked, book.key, [], seen.get(check, {}), spoken):
        console.print(part)


def _again(
    book: Book, who: Graded, cells: Sequence[str], guard: bool
) -> tuple[Graded, Mapping[str, Tree]]:
    """Grade one submission once more, and keep nothing: its grading and what came."""
    from grader.gradebook.executors import Setting
    from grader.gradebook.grade import grade_alone
    from grader.gradebook.keys import lab_dir
    from grader.gradebook.unit import Item, Work
    from grader.intake import collect

    bare = replace(who, verdicts=(), cells=(), recordings=(), by_hand=(), curve=None, notices=())
    item = Item(bare, lambda: Work(bare, cells, {}))
    place = Path(book.store.place(who.digest) or "/nowhere")
    if place.exists():
        for submission in collect(place, book.lab, known=[book.lab]):
            if submission.digest == who.digest:
                item = item_of(submission, book.key)
    elif book.key.recordings:
        said = gettext("{p} is no longer there: seen again without its recordings", p=place)
        say(said, err=True)
    folder = book.course.folder
    setting = Setting(lab_dir(folder, book.lab), folder / "data", sandboxed=guard)
    found = grade_alone(book.key, item, setting)
    return found.graded, found.evidence


@click.command()
@click.option("--moodle", type=click.Path(path_type=Path), help="Your grading worksheet, to fill.")
@click.option("--moodle-feedback", type=click.Path(path_type=Path), help="Feedback zip to write.")
@click.option("--canvas", type=click.Path(path_type=Path), help="Canvas' gradebook CSV, to fill.")
@click.option("--assignment", default="", help="Name of the Canvas column.")
@click.option(
    "--gradescope", type=click.Path(path_type=Path), help="Folder for results.json files."
)
@click.option("--xlsx", type=click.Path(path_type=Path), help="Workbook to write.")
@click.option("--scale", is_flag=True, help="Convert to the worksheet's own maximum grade.")
@on_book
def export(
    book: Book, moodle: Path | None, moodle_feedback: Path | None, canvas: Path | None,
    assignment: str, gradescope: Path | None, xlsx: Path | None, scale: bool,
) -> None:  # fmt: skip
    """Write what Moodle, Canvas or Gradescope take, from a gradebook.

    Worksheets are filled next to the original, as NAME-filled.csv.
    """
    from grader.platforms.canvas import fill_gradebook
    from grader.platforms.files import read_bytes, write_atomically
    from grader.platforms.moodle import fill_worksheet
    from grader.reports import exports

    if not any((moodle, moodle_feedback, canvas, gradescope, xlsx)):
        refuse("nothing to export; say --moodle, --canvas, --gradescope or --xlsx")
    everyone, key = book.everyone, book.key
    marks, most = exports.marks(everyone), round(key.max_points, 4)

    def write(path: Path, data: bytes) -> None:
        write_atomically(path, data)
        say("written: {p}", p=path)

    def fill(sheet: Path, filled: Filled) -> None:
        for notice in filled.notices():
            say(notice)
        write(sheet.with_name(f"{sheet.stem}-filled{sheet.suffix}"), filled.data)

    if moodle is not None:
        data = read_bytes(moodle)
        fill(moodle, fill_worksheet(data, marks, most, name=moodle.name, scale=scale))
    if canvas is not None:
        data = read_bytes(canvas)
        fill(canvas, fill_gradebook(data, marks, most, assignment, name=canvas.name, scale=scale))
    if moodle_feedback is not None:
        write(moodle_feedback, exports.feedback_zip(everyone, key, book.store))
    if gradescope is not None:
        exports.write_results(everyone, key, gradescope)
        say("written: {p}", p=gradescope)
    if xlsx is not None:
        write(xlsx, exports.gradebook_workbook(everyone, key, language()))

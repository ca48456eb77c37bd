"""Moodle: the teacher's own offline grading worksheet filled in, and the feedback files' zip.

The worksheet's headings are those of Moodle's assignment module in English and in French.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.check.key import Key
from grader.check.text import Text, gettext, number
from grader.gradebook.records import Graded
from grader.platforms.files import ReportError, write_atomically
from grader.platforms.table import BadSheet, Sheet, name_words
from grader.reports.feedback import Pictures, feedback_page
from grader.reports.summary import in_order

HEADINGS: dict[str, tuple[str, ...]] = {
    "identifier": ("Identifier", "Identifiant"),
    "grade": ("Grade", "Note"),
    "modified": ("Last modified (grade)", "Dernière modification (note)"),
    "name": ("Full name", "Nom complet", "Nom"),
    "email": ("Email address", "Adresse de courriel", "Courriel"),
    "number": ("ID number", "Numéro d'identification", "Numéro d’identification"),
    "maximum": ("Maximum Grade", "Note maximale"),
    "open": ("Grade can be changed", "La note peut être modifiée"),
}
_NEEDED = ("identifier", "grade", "modified")
_NO = {"no", "non"}


@dataclass
class Filled:
    """A sheet filled in, and what the teacher should know of it.

    Attributes:
        data: the file.
        filled: students whose grade was entered, in the sheet's order.
        replaced: (student, old grade, new grade) where another grade stood there.
        absent: graded, but not in the sheet.
        ambiguous: could be several rows of the sheet, or share one: left alone.
        locked: the sheet says that their grade may not be changed: left alone.
        not_graded: could not be graded: left alone.
        silent: people in the sheet who have no submission.
        pending: entered, though an answer is still to be read.
    """

    data: bytes = b""
    filled: list[Graded] = field(default_factory=list)
    replaced: list[tuple[Graded, str, str]] = field(default_factory=list)
    absent: list[Graded] = field(default_factory=list)
    ambiguous: list[Graded] = field(default_factory=list)
    locked: list[Graded] = field(default_factory=list)
    not_graded: list[Graded] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    pending: list[Graded] = field(default_factory=list)

    def notices(self) -> list[Text]:
        """One line each for what is out of the ordinary; the first counts the grades entered."""
        said = [
            gettext("{n} grades entered", n=len(self.filled)),
            *(
                gettext("{s}: {a} replaced by {b}", s=g.student, a=old, b=new)
                for g, old, new in self.replaced
            ),
        ]
        for group, text in (
            (self.absent, gettext("not in the sheet: {s}")),
            (
                self.ambiguous,
                gettext("left alone, several people fit: {s}"),
            ),
            (
                self.locked,
                gettext("left alone, the sheet says that the grade may not be changed: {s}"),
            ),
            (
                self.not_graded,
                gettext("not graded, left alone: {s}"),
            ),
            (
                self.pending,
                gettext("entered, though an answer is still to be read: {s}"),
            ),
        ):
            if group:
                said.append(text.fill(s=_names([g.student for g in group])))
        if self.silent:
            said.append(gettext("no submission: {s}", s=_names(self.silent)))
        return said


def _names(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(n.strip() or "?" for n in names[:most])
    return shown if len(names) <= most else f"{shown}, … (+{len(names) - most})"


def fill_worksheet(
    data: bytes,
    graded: Sequence[Graded],
    key: Key,
    *,
    name: str = "worksheet.csv",
    scale: bool = False,
    by_name: bool = False,
) -> Filled:
    """Enter totals into the column of grades of a Moodle worksheet; keep every other byte.

    People are found by participant number, which is that of the downloaded folders; else by ID
    number, e-mail address or full name. A number whose name is somebody else's refuses the sheet.

    Args:
        data: the worksheet as downloaded.
        name: what to call it in messages.
        scale: convert to the worksheet's own maximum where it differs from the lab's.
        by_name: find people by their names alone.

    Raises:
        BadSheet: not such a worksheet; columns missing; of another course or assignment; another
            maximum (without `scale`).
    """
    sheet = Sheet.read(data, name)
    columns = {k: sheet.find(v) for k, v in HEADINGS.items()}
    missing = [k for k in _NEEDED if columns[k] < 0]
    if missing:
        raise BadSheet(
            gettext(
                "{n} is no Moodle grading worksheet: no column {c}; its columns are {h}",
                n=name,
                c=Text(
                    en=", ".join(HEADINGS[k][0] for k in missing),
                    fr=", ".join(HEADINGS[k][1] for k in missing),
                ),
                h=", ".join(h for h in sheet.headings() if h)[:200] or "?",
            )
        )
    places = _places(sheet, columns, graded, by_name)
    sign = sheet.decimal_sign((columns["maximum"], columns["grade"]))
    result = Filled()
    for i in sorted(places.found):
        _enter(sheet, i, columns, places.found[i], key, result, sign, scale)
    result.absent = in_order(places.absent)
    result.ambiguous = in_order(places.ambiguous)
    handed_in = set(places.found) | places.taken
    result.silent = [
        sheet.get(i, columns["name"]) or sheet.get(i, columns["identifier"])
        for i in sheet.filled_rows()
        if i not in handed_in
    ]
    result.data = sheet.to_bytes()
    return result


@dataclass
class _Places:
    found: dict[int, Graded] = field(default_factory=dict)
    absent: list[Graded] = field(default_factory=list)
    ambiguous: list[Graded] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)


def _participant(text: str) -> str:
    """The number in ``Participant 123``, ``Participant123`` (any language's word) or ``123``."""
    found = re.fullmatch(r"[^\W\d_]*\s*0*(\d+)", text.strip())
    return found.group(1) if found else ""


def _places(
    sheet: Sheet, columns: Mapping[str, int], graded: Sequence[Graded], by_name: bool
) -> _Places:
    """Which row is whose."""
    rows = list(sheet.filled_rows())
    numbers = {_participant(sheet.get(i, columns["identifier"])): i for i in rows}
    others: dict[str, list[int]] = {}
    names: dict[frozenset[str], list[int]] = {}
    for i in rows:
        for column in ("number", "email"):
            value = sheet.get(i, columns[column]).strip().casefold()
            if value:
                others.setdefault(value, []).append(i)
        words = name_words(sheet.get(i, columns["name"]))
        if words:
            names.setdefault(words, []).append(i)
    claims: dict[int, list[Graded]] = {}
    result = _Places()
    numbered = strangers = 0
    for g in graded:
        given = _participant(g.student_id)
        place: list[int] = []
        if not by_name:
            place = others.get(g.student_id.strip().casefold(), [])
            if not place and given:
                numbered += 1
                place = [numbers[given]] if given in numbers else []
                if place and not _agree(g.student, sheet.get(place[0], columns["name"])):
                    strangers += 1
                    place = []
        if not place and (by_name or not given):
            place = names.get(name_words(g.student), [])
        if len(place) == 1:
            claims.setdefault(place[0], []).append(g)
        elif place:
            result.ambiguous.append(g)
            result.taken.update(place)
        else:
            result.absent.append(g)
    for i, people in claims.items():
        if len(people) == 1:
            result.found[i] = people[0]
        else:
            result.ambiguous += people
            result.taken.add(i)
    if graded and (strangers or not (result.found or result.ambiguous)):
        _refuse_stranger(sheet, graded, names, strangers, numbered)
    return result


def _agree(student: str, listed: str) -> bool:
    """Whether two spellings can be one person's name; hidden names agree with any."""
    mine, theirs = name_words(student), name_words(listed)
    hidden = {"participant", "utilisateur", "anonyme"}
    return not mine or not theirs or bool(mine & (theirs | hidden)) or mine <= hidden


def _refuse_stranger(
    sheet: Sheet,
    graded: Sequence[Graded],
    names: Mapping[frozenset[str], Sequence[int]],
    strangers: int,
    numbered: int,
) -> None:
    known = sum(name_words(g.student) in names for g in graded)
    if strangers or (numbered and known):
        raise BadSheet(
            gettext(
                "{n} belongs to another assignment: {k} of {all} names are in it, but under other participant "
                "numbers; download the worksheet of this assignment",
                n=sheet.name,
                k=known,
                all=len(graded),
            )
        )
    raise BadSheet(
        gettext(
            "{n} is the worksheet of another course: none of the {all} graded students is in it",
            n=sheet.name,
            all=len(graded),
        )
    )


def _enter(
    sheet: Sheet,
    row: int,
    columns: Mapping[str, int],
    g: Graded,
    key: Key,
    result: Filled,
    sign: str,
    scale: bool,
) -> None:
    """Enter one grade, or note why not."""
    if g.problem is not None:
        result.not_graded.append(g)
        return
    if sheet.get(row, columns["open"]).strip().casefold() in _NO:
        result.locked.append(g)
        return
    grade = g.total
    listed = sheet.get(row, columns["maximum"]).strip()
    if listed:
        maximum = amount(listed)
        if maximum is None:
            raise BadSheet(
                gettext(
                    "{n}: the maximum grade {m!r} is no number: the assignment uses a scale; set it to points",
                    n=sheet.name,
                    m=listed,
                )
            )
        grade = convert(grade, key.max_points, maximum, scale, sheet.name)
    new = f"{grade:.2f}".replace(".", sign)
    old = sheet.get(row, columns["grade"]).strip()
    if old and amount(old) != amount(new):
        result.replaced.append((g, old, new))
    if not old or amount(old) != amount(new):
        sheet.set(row, columns["grade"], new)
    result.filled.append(g)
    if g.pending:
        result.pending.append(g)


def amount(text: str) -> float | None:
    """A number with either decimal sign, or None."""
    found = re.fullmatch(r"\s*(\d+)(?:[.,](\d+))?\s*", text)
    return float(f"{found.group(1)}.{found.group(2) or 0}") if found else None


def convert(grade: float, lab: float, sheet: float, scale: bool, name: str) -> float:
    """A total of the lab as a grade of the sheet.

    Raises:
        BadSheet: their maxima differ and `scale` is not asked for.
    """
    if abs(lab - sheet) < 1e-9:
        return grade
    if scale and lab > 0:
        return round(min(grade / lab, 1.0) * sheet, 2)
    raise BadSheet(
        gettext(
            "{n} counts to {s}, the lab to {l}: a grade could exceed the maximum or mean another; ask for "
            "scaling, or set the assignment's maximum to {l}",
            n=name,
            s=number(sheet, "en"),
            l=number(lab, "en"),
        )
    )


def fill_worksheet_file(
    worksheet: Path,
    graded: Sequence[Graded],
    key: Key,
    out: Path,
    *,
    scale: bool = False,
    by_name: bool = False,
) -> Filled:
    """`fill_worksheet` from a file to a file (which may be the same).

    Raises:
        BadSheet: see there.
        ReportError: a file cannot be read or written.
    """
    filled = fill_worksheet(
        read_bytes(worksheet), graded, key, name=worksheet.name, scale=scale, by_name=by_name
    )
    write_atomically(out, filled.data)
    return filled


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReportError(
            gettext("cannot read {p}: {e}", p=path, e=error.strerror or error)
        ) from None


_FOLDER = re.compile(r"^(.+_\d+_assignsubmission_[a-z]+_?)")


def moodle_folders(graded: Sequence[Graded]) -> dict[str, str]:
    """Student's identifier → the folder that Moodle's download gave them, read from `origin`."""
    found = {}
    for g in graded:
        for part in re.split(r"[/\\]", g.origin):
            match = _FOLDER.match(part)
            if match:
                whole = part if part.rstrip("_") == match.group(1).rstrip("_") else match.group(1)
                found[g.student_id] = whole.removesuffix(".zip")
                break
    return found


def feedback_zip(
    graded: Sequence[Graded],
    key: Key,
    folders: Mapping[str, str],
    *,
    pictures: Mapping[str, Pictures] | None = None,
) -> bytes:
    """The zip for Moodle's "upload multiple feedback files": ``folder/feedback.html`` each.

    Members of a group share a folder and the page of the first. Who has no folder is left out.

    Args:
        folders: student's identifier → name of their folder in Moodle's download.
        pictures: student's identifier → pictures.

    Raises:
        ReportError: nobody has a folder, or a name is no single folder.
    """
    chosen: dict[str, Graded] = {}
    for g in in_order(graded):
        if g.student_id in folders:
            chosen.setdefault(folders[g.student_id], g)
    if not chosen:
        raise ReportError(
            gettext("no feedback zip: none of the submissions comes from a Moodle download")
        )
    clash = [n for n, k in Counter(f.casefold() for f in chosen).items() if k > 1]
    bad = [f for f in chosen if f in ("", ".", "..") or re.search(r"[/\\\0]", f)]
    if bad or clash:
        raise ReportError(
            gettext("no feedback zip: {f!r} cannot be a folder's name", f=(bad or clash)[0])
        )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, g in chosen.items():
            page = feedback_page(
                g, key, pictures=None if pictures is None else pictures.get(g.student_id)
            )
            entry = zipfile.ZipInfo(f"{folder}/feedback.html", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, page)
    return file.getvalue()


def write_feedback_zip(
    graded: Sequence[Graded],
    key: Key,
    path: Path,
    folders: Mapping[str, str] | None = None,
    *,
    pictures: Mapping[str, Pictures] | None = None,
) -> Path:
    """Write `feedback_zip`; the folders are read from where the submissions came if not given."""
    named = moodle_folders(graded) if folders is None else folders
    return write_atomically(path, feedback_zip(graded, key, named, pictures=pictures))

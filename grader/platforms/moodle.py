"""Moodle: the download of submissions, the offline grading worksheet, lists of people, feedback files.

Headings and dates are those of Moodle's assignment module in English and in French.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from grader.check.text import Text, gettext
from grader.platforms.files import ReportError, zip_of
from grader.platforms.marks import Filled, Mark, amount, convert, fill, students
from grader.platforms.people import Person, Student, bare, canonical, match, participant
from grader.platforms.table import BadSheet, Sheet

HEADINGS: dict[str, tuple[str, ...]] = {
    "identifier": ("Identifier", "Identifiant"),
    "name": ("Full name", "Nom complet", "Nom"),
    "email": ("Email address", "Adresse de courriel", "Courriel"),
    "number": ("ID number", "Numéro d'identification", "Numéro d’identification"),
    "group": ("Group", "Groupe", "Groups", "Groupes"),
    "grade": ("Grade", "Note"),
    "maximum": ("Maximum Grade", "Note maximale"),
    "open": ("Grade can be changed", "La note peut être modifiée"),
    "handed_in": ("Last modified (submission)", "Dernière modification (travail remis)",
                  "Dernière modification (remise)", "Dernière modification (soumission)"),
    "modified": ("Last modified (grade)", "Dernière modification (note)"),
    "comment": ("Feedback comments", "Feedback par commentaires"),
}  # fmt: skip
_NEEDED = ("identifier", "grade", "modified")
_NO = {"no", "non"}
_ENGLISH = "january february march april may june july august september october november december"
_FRENCH = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
_MONTHS = {m: i for names in (_ENGLISH, _FRENCH) for i, m in enumerate(names.split(), 1)}

# ------------------------------------------------------------------ the download

_FOLDER = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_.*)?")
_GROUP = re.compile(
    r"\b(gro?up|groupe|team|[ée]quipe|bin[oô]me|trin[oô]me|td|tp)s?\b|\d", re.IGNORECASE
)


@dataclass(frozen=True)
class Folder:
    """What a folder (or a flat file's name) of Moodle's download says.

    Attributes:
        group: of a team or a course's group; "" if the name has none.
        typed: whether it holds text typed into Moodle, no file.
    """

    name: str
    id: str
    group: str = ""
    typed: bool = False


def read_folder(part: str) -> Folder | None:
    """``Full Name_ID_assignsubmission_file_``; None for other names.

    ``Groupe B-2-Zoé Martin`` is Zoé Martin of ``Groupe B-2``: parts before a dash are a group's name
    as long as they hold a digit, a word such as "groupe", or a single capital.
    """
    found = _FOLDER.fullmatch(unicodedata.normalize("NFC", part))
    if found is None:
        return None
    name, group = canonical(found["name"]), ""
    pieces = name.split("-")
    n = 0
    while n < len(pieces) - 1 and (
        _GROUP.search(pieces[n]) or (n and re.fullmatch(r"\s*[A-Z]\s*", pieces[n]))
    ):
        n += 1
    rest = "-".join(pieces[n:]).strip()
    if n and any(c.isalpha() for c in rest):
        name, group = rest, "-".join(pieces[:n])
    return Folder(name, found["id"], group, found["plugin"] == "onlinetext")


def folders(marks: Sequence[Mark]) -> dict[str, str]:
    """Student's identifier → the folder that Moodle's download gave them, read from `origin`."""
    found = {}
    for m in marks:
        for part in re.split(r"[/\\]", m.origin):
            prefix = re.match(r".+_\d+_assignsubmission_[a-z]+_?", part)
            if prefix:
                whole = part if part.rstrip("_") == prefix[0].rstrip("_") else prefix[0]
                found[m.student_id] = whole.removesuffix(".zip")
                break
    return found


# ------------------------------------------------------------------ people


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """A date as Moodle writes it, in French or English, or ISO 8601; None for what is none."""
    try:
        when = datetime.fromisoformat(text.strip())
        return when if when.tzinfo else when.replace(tzinfo=zone)
    except ValueError:
        pass
    found = re.search(
        r"(\d{1,2})(?:er)? ([a-z]+) (\d{4})\D{1,9}(\d{1,2})[:h]\s?(\d{2})\s*(am|pm)?",
        bare(text[:200]),
    )
    if found is None or found[2] not in _MONTHS:
        return None
    hour = int(found[4])
    if found[6]:
        hour = hour % 12 + (12 if found[6] == "pm" else 0)
    try:
        return datetime(
            int(found[3]), _MONTHS[found[2]], int(found[1]), hour, int(found[5]), tzinfo=zone
        )
    except ValueError:
        return None


# ------------------------------------------------------------------ the worksheet


def fill_worksheet(
    data: bytes,
    marks: Sequence[Mark],
    maximum: float,
    *,
    name: str = "worksheet.csv",
    scale: bool = False,
) -> Filled:
    """Enter totals into the column of grades of a Moodle worksheet; keep every other byte.

    People are found by participant number, which is that of the downloaded folders; else by ID
    number, e-mail address or full name. Whose number has somebody else's name is left alone.

    Args:
        scale: convert to the worksheet's own maximum where it differs from the lab's.

    Raises:
        BadSheet: not such a worksheet; columns missing; of another course or assignment; another
            maximum (without `scale`).
    """
    sheet = Sheet.read(data, name)
    columns = {k: sheet.find(v) for k, v in HEADINGS.items()}
    missing = [k for k in _NEEDED if columns[k] < 0]
    if missing:
        raise BadSheet(
            "{n} is no Moodle grading worksheet: no column {c}; its columns are {h}",
            n=name,
            c=Text(
                en=", ".join(HEADINGS[k][0] for k in missing),
                fr=", ".join(HEADINGS[k][1] for k in missing),
            ),
            h=", ".join(h for h in sheet.headings() if h)[:200] or "?",
        )
    rows = list(sheet.filled_rows())
    people = [
        Person(
            sheet.get(i, columns["name"]),
            participant(sheet.get(i, columns["identifier"])),
            frozenset(sheet.get(i, columns[c]).strip().casefold() for c in ("number", "email"))
            - {""},
        )
        for i in rows
    ]
    matched = match(students(marks), people)
    if marks and len(matched.contradicted) >= len(marks) / 2 + 1:
        raise BadSheet(
            "{n} belongs to another assignment: {k} of {all} participant numbers are somebody "
            "else's in it; download the worksheet of this assignment",
            n=name,
            k=len(matched.contradicted),
            all=len(marks),
        )
    if marks and not matched.touched:
        named = match([Student(m.student, "") for m in marks], people).touched
        raise BadSheet(
            gettext(
                "{n} belongs to another assignment: its participant numbers are others; download the "
                "worksheet of this assignment",
                n=name,
            )
            if named
            else gettext(
                "{n} is the worksheet of another course: none of the {all} graded students is in it",
                n=name,
                all=len(marks),
            )
        )

    def grade(total: float, row: int) -> float | None:
        if sheet.get(row, columns["open"]).strip().casefold() in _NO:
            return None
        listed = sheet.get(row, columns["maximum"]).strip()
        most = amount(listed) if listed else maximum
        if most is None:
            raise BadSheet(
                "{n}: the maximum grade {m!r} is no number: the assignment uses a scale; set it to "
                "points",
                n=name,
                m=listed,
            )
        return convert(total, maximum, most, scale, name)

    sign = sheet.decimal_sign((columns["maximum"], columns["grade"]))
    into = (columns["grade"], columns["comment"])
    return fill(sheet, into, sign, marks, people, rows, matched, grade)


# ------------------------------------------------------------------ feedback files


def feedback_zip(pages: Mapping[str, str]) -> bytes:
    """The zip for Moodle's "upload multiple feedback files": ``folder/feedback.html`` each.

    Args:
        pages: name of a student's folder in Moodle's download → their page.

    Raises:
        ReportError: there is none, or a name is no single folder.
    """
    if not pages:
        raise ReportError("no feedback zip: none of the submissions comes from a Moodle download")
    clash = [n for n, k in Counter(f.casefold() for f in pages).items() if k > 1]
    bad = [f for f in pages if f in ("", ".", "..") or re.search(r"[/\\\0]", f)]
    if bad or clash:
        raise ReportError("no feedback zip: {f!r} cannot be a folder's name", f=(bad or clash)[0])
    return zip_of({f"{folder}/feedback.html": page for folder, page in pages.items()})

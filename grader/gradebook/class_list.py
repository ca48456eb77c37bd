"""The class list: who should hand in, read from what a platform exports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from grader.check.text import gettext
from grader.platforms.files import ReportError
from grader.platforms.table import BadSheet, Sheet, bare, name_words

_NAME = ("Full name", "Nom complet", "Student", "Étudiant", "Name", "Élève")
_FIRST = ("First name", "Prénom", "Given name")
_LAST = ("Last name", "Surname", "Nom de famille", "Family name", "Nom")
_NUMBERS = ("ID number", "Numéro d'identification", "Numéro d’identification", "Identifier",
            "Identifiant", "ID", "SIS User ID", "SIS Login ID", "Student ID", "student_id",
            "Numéro étudiant", "Username", "Nom d'utilisateur")  # fmt: skip
_EMAIL = ("Email address", "Adresse de courriel", "Email", "E-mail", "Courriel", "Mail")
_HANDED_IN = ("Last modified (submission)", "Dernière modification (travail remis)",
              "Dernière modification (remise)", "Dernière modification (soumission)")  # fmt: skip
_ENGLISH = "january february march april may june july august september october november december"
_FRENCH = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
_MONTHS = {m: i for names in (_ENGLISH, _FRENCH) for i, m in enumerate(names.split(), 1)}


@dataclass(frozen=True)
class Person:
    """One line of the list.

    Attributes:
        ids: what a platform may call them, in lower case: numbers, e-mail address.
        handed_in: when the platform says that they handed in, or None.
    """

    name: str
    ids: frozenset[str] = frozenset()
    handed_in: datetime | None = None


@dataclass
class Roll:
    """A class list and who of it handed in.

    Attributes:
        strangers: names of those who handed in and are not listed.
        unclear: names that fit several people of the list.
    """

    people: list[Person]
    found: dict[str, Person] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Person]:
        """Who did not hand in, in order of the list."""
        here = set(map(id, self.found.values()))
        unclear = {frozenset(name_words(n)) for n in self.unclear}
        return [p for p in self.people if id(p) not in here and name_words(p.name) not in unclear]


def read_roll(path: Path, zone: tzinfo) -> list[Person]:
    """Read a class list: Moodle's participants, its grading worksheet, Canvas' gradebook, any CSV.

    UTF-8, UTF-16 or windows-1252; commas, semicolons or tabs; French or English headings.

    Raises:
        ReportError: it cannot be read, or has no column of names.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReportError(
            gettext(
                "class list {p}: cannot be read ({e}); mend class_list in course.toml",
                p=path,
                e=error.strerror or error,
            )
        ) from None
    sheet = Sheet.read(data, path.name)
    first, last = sheet.find(_FIRST), sheet.find(_LAST)
    name = sheet.find(_NAME)
    if name < 0 and (first < 0 or last < 0):
        name = last
    if name < 0 and (first < 0 or last < 0):
        raise BadSheet(
            gettext(
                "class list {p}: no column of names (Full name, or First name and Last name);"
                " its columns are {c}",
                p=path.name,
                c=", ".join(h for h in sheet.headings() if h)[:200] or "?",
            )
        )
    numbers = [i for i in (sheet.find((n,)) for n in _NUMBERS) if i >= 0]
    email, handed_in = sheet.find(_EMAIL), sheet.find(_HANDED_IN)
    people = []
    for row in sheet.filled_rows():
        said = sheet.get(row, name) if name >= 0 else ""
        said = said or f"{sheet.get(row, first)} {sheet.get(row, last)}"
        said = " ".join(said.split())
        if not said or bare(said) == "points possible":
            continue
        ids = {sheet.get(row, i).strip().casefold() for i in (*numbers, email)}
        ids |= {m.group() for i in ids if (m := re.search(r"(?<=^participant )\d+$", i))}
        when = read_moment(sheet.get(row, handed_in), zone) if handed_in >= 0 else None
        people.append(Person(said, frozenset(ids - {""}), when))
    if not people:
        raise BadSheet(gettext("class list {p}: nobody in it", p=path.name))
    return people


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """A date as Moodle writes it, in French or English, or ISO 8601; None for what is none."""
    try:
        when = datetime.fromisoformat(text.strip())
        return when if when.tzinfo else when.replace(tzinfo=zone)
    except ValueError:
        pass
    found = re.search(
        r"(\d{1,2})(?:er)? ([a-z]+) (\d{4})\D+(\d{1,2})[:h]\s?(\d{2})\s*(am|pm)?", bare(text)
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


def is_person(wanted: str, name: str, student_id: str, ids: Iterable[str] = ()) -> bool:
    """Whether `wanted`, as a teacher writes it, is this student: identifier, e-mail or name."""
    said = wanted.strip().casefold()
    if said and said in {student_id.casefold(), *ids}:
        return True
    words = name_words(wanted)
    return bool(words) and words == name_words(name)


def call_roll(people: Sequence[Person], students: Iterable[tuple[str, str]]) -> Roll:
    """Find each of ``(name, student id)`` in the list: by identifier, else by the name's words."""
    roll = Roll(list(people))
    by_id: dict[str, list[Person]] = {}
    by_name: dict[frozenset[str], list[Person]] = {}
    for person in people:
        for one in person.ids:
            by_id.setdefault(one, []).append(person)
        by_name.setdefault(name_words(person.name), []).append(person)
    for name, student_id in students:
        named = by_name.get(name_words(name), [])
        fits = by_id.get(student_id.strip().casefold(), [])
        # A number alone may be another platform's: the name must not contradict it.
        fits = [p for p in fits if name_words(p.name) & name_words(name)] or named
        if len(fits) == 1:
            roll.found[student_id] = fits[0]
        elif fits:
            roll.unclear.append(name)
        else:
            roll.strangers.append(name)
    return roll

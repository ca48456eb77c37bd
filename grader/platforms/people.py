"""Who is who: people as platforms list them, and students found among them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

_HIDDEN = {"participant", "utilisateur", "anonyme"}  # names under blind marking
_PARTICLES = frozenset("de da di du des del la le les van von der den ben bin al el".split())  # noqa: SIM905


@dataclass(frozen=True)
class Person:
    """Somebody whom a platform lists.

    Attributes:
        participant: Moodle's number of a participant in one assignment, or "".
        ids: what else they may be called, in lower case: numbers, login, e-mail address.
        handed_in: when the platform says that they handed in, or None.
    """

    name: str
    participant: str = ""
    ids: frozenset[str] = frozenset()
    handed_in: datetime | None = None
    group: str = ""


@dataclass(frozen=True)
class Student:
    """Somebody to be found in a list.

    Attributes:
        id: what the platform they handed in on calls them.
        participant: whether `id` is surely Moodle's number of a participant.
    """

    name: str
    id: str
    participant: bool = False


@dataclass
class Match:
    """Students found in a list, by their positions.

    Attributes:
        unclear: students whom several people fit, or who fit one person together.
        contradicted: (student, person) of one number and two names.
        touched: people who may be somebody's, found or not.
    """

    found: dict[int, int] = field(default_factory=dict)
    absent: list[int] = field(default_factory=list)
    unclear: list[int] = field(default_factory=list)
    contradicted: list[tuple[int, int]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


def match(students: Sequence[Student], people: Sequence[Person]) -> Match:
    """Find each student: by number or address where the names can be one person's, else by name.

    A student of another platform, or of another assignment of this one, may have a number that means
    somebody else here; then the name decides. But the number of a participant is never given up for
    a name: whom it contradicts, or whom nobody has, is not found.
    """
    by_id: dict[str, list[int]] = defaultdict(list)
    by_participant: dict[str, list[int]] = defaultdict(list)
    by_name: dict[object, list[int]] = defaultdict(list)
    for i, person in enumerate(people):
        for one in person.ids:
            by_id[one].append(i)
        if person.participant:
            by_participant[person.participant].append(i)
        for form in filter(None, (name_words(person.name), letters(person.name))):
            by_name[form].append(i)
    claims: dict[int, list[int]] = defaultdict(list)
    result = Match()
    for i, student in enumerate(students):
        named = by_name.get(name_words(student.name)) or by_name.get(letters(student.name)) or []
        said = student.id.strip().casefold()
        numbered = by_participant.get(participant(said), []) or by_id.get(said, [])
        if not student.participant:
            numbered = by_id.get(said, []) or numbered
        fits = [p for p in numbered if p in named] or [
            p for p in numbered if not named and same_person(student.name, people[p].name)
        ]
        if not fits and not student.participant:
            fits = named
        if len(fits) == 1:
            claims[fits[0]].append(i)
        elif fits:
            result.unclear.append(i)
        elif numbered:
            result.contradicted.append((i, numbered[0]))
        else:
            result.absent.append(i)
        result.touched.update(fits or numbered)
    for p, claimants in claims.items():
        if len(claimants) == 1:
            result.found[claimants[0]] = p
        else:
            result.unclear += claimants
    return result


def is_person(wanted: str, name: str, student_id: str, ids: Iterable[str] = ()) -> bool:
    """Whether `wanted`, as a teacher writes it, is this student: identifier, e-mail or name."""
    said = wanted.strip().casefold()
    if said and said in {student_id.casefold(), *ids}:
        return True
    words = name_words(wanted)
    return bool(words) and words == name_words(name)


def participant(text: str) -> str:
    """The number in ``Participant 123``, ``Participant123`` (any language's word) or ``123``."""
    found = re.fullmatch(r"[^\W\d_]*\s*0*(\d+)", text.strip())
    return found.group(1) if found else ""


def same_person(one: str, other: str) -> bool:
    """Whether two spellings beside one number can be one person's name.

    A name changed in part, hidden (blind marking) or damaged (``?ukasz`` for ``Łukasz``) still is.
    """
    from rapidfuzz import fuzz

    mine, theirs = name_words(one), name_words(other)
    if not mine or not theirs or mine <= _HIDDEN or theirs <= _HIDDEN:
        return True
    if any(len(w) > 2 or not w.isascii() for w in mine & theirs - _PARTICLES):
        return True
    return fuzz.ratio(letters(one), letters(other)) >= 60


def bare(text: str) -> str:
    """Lower case, no accents: how names and headings are compared."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in flat if not unicodedata.combining(c))


def letters(text: str) -> str:
    """`bare`, letters and digits of any script only."""
    return "".join(c for c in bare(text) if c.isalnum())


def name_words(name: str) -> frozenset[str]:
    """A name's words in any order; a remark in brackets at its end is no part of it."""
    name = re.sub(r"\s*\([^()]{0,200}\)\s*$", "", name)
    return frozenset(re.findall(r"\w+", bare(name).replace("_", " ")))


def canonical(name: str) -> str:
    """One form of a name: composed accents, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())

"""A class as the course's settings see it: who is who, late or missing, what the labs add up to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from grader.check.text import Text, did_you_mean, gettext, ngettext
from grader.gradebook.class_list import Attendance, attendance, read_class_list
from grader.gradebook.late import lateness, moment
from grader.gradebook.records import About, Change, Graded, Late
from grader.gradebook.settings import FILE as SETTINGS
from grader.gradebook.settings import LabSettings, Settings, SettingsError, load_settings
from grader.gradebook.store import FILE, Store
from grader.platforms.people import Person, is_person, name_words

_T = TypeVar("_T")


@dataclass
class Course:
    """The course's folder with its settings and class list.

    Attributes:
        people: the class list; [] if there is none.
    """

    folder: Path
    settings: Settings
    people: list[Person] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path, labs: Sequence[str]) -> Course:
        """Read ``course.toml`` and the class list that it names.

        Raises:
            SettingsError: ``course.toml`` cannot be used.
            ReportError: the class list cannot.
        """
        settings = load_settings(folder, labs)
        people = []
        if settings.class_list:
            path = folder / settings.class_list
            if not path.is_file():
                raise SettingsError("{p}: class_list: no file {f}", p=folder / SETTINGS, f=path)
            people = read_class_list(path, settings.zone)
        return cls(folder, settings, people)

    def present(self, graded: Iterable[Graded]) -> Attendance:
        """Who of the class list is among `graded`, and who of these is not on it."""
        return attendance(self.people, [(g.student, g.student_id) for g in graded])

    def whole(self, lab: str, graded: Sequence[Graded]) -> list[Graded]:
        """The class: `graded` with their groups, and a line for each on the list who is missing."""
        if not self.people:
            return list(graded)
        here = self.present(graded)
        known = {id: person.group for id, person in here.found.items()}
        missing = [Graded(p.name, _id_of(p), "", lab, "", group=p.group) for p in here.missing]
        return [replace(g, group=known.get(g.student_id) or g.group) for g in graded] + missing

    def about(self, lab: str, graded: Sequence[Graded], changes: Sequence[Change] = ()) -> About:
        """What the reports say beside the marks."""
        came = [g for g in graded if g.digest]
        here = self.present(came) if self.people else Attendance()
        return About(
            tuple(here.strangers),
            tuple(here.unclear),
            tuple(changes),
            contact=self.settings.contact,
            earlier=tuple(
                year
                for place in self.settings.earlier
                if (year := _earlier(self.folder / place, lab))[1]
            ),
        )

    def find(self, graded: Sequence[Graded], wanted: str) -> list[Graded]:
        """Whom `wanted` names: an identifier, an e-mail address or number of the class list, a name."""
        exact = [g for g in graded if g.student_id == wanted.strip()]
        if exact or not wanted.strip():
            return exact
        here = self.present(graded) if self.people else Attendance()

        def ids(g: Graded) -> Iterable[str]:
            person = here.found.get(g.student_id)
            return person.ids if person else ()

        return [g for g in graded if is_person(wanted, g.student, g.student_id, ids(g))]

    def placed(
        self, people: Sequence[Graded], entries: Sequence[Graded]
    ) -> tuple[list[tuple[Graded, str]], list[Text]]:
        """Those who handed in, as the gradebook knows them.

        A student who is known by a file's name alone (a notebook that came by mail) is found by name
        among those in the gradebook and on the class list.

        Returns:
            For each who they are, with the identifier that the gradebook must change into theirs
            ("" for none), in order; and what to say of those who were found.
        """
        by_id = {e.student_id: e for e in entries}
        listed = self.present(people).found if self.people else {}
        entered = self.present(entries).found if self.people else {}
        chosen: list[tuple[Graded, Graded | Person | None]] = []
        for g in people:
            found: Graded | Person | None = by_id.get(g.student_id)
            if isinstance(found, Graded) and _by_file(g) and not _same_name(g, found):
                found = None  # two people whose files have one name
            if found is None:
                person = listed.get(g.student_id)
                if person is None and _by_file(g):
                    person = _only([p for p in self.people if _within(p.name, g.student)])
                found = _only(
                    [e for e in entries if person and entered.get(e.student_id) == person]
                    or [e for e in entries if _same_name(g, e)]
                ) or (person if _by_file(g) else None)
            if found is None and g.student_id in by_id:
                g = replace(g, student_id=f"{g.student_id} {g.student}")
                found = by_id.get(g.student_id)
            chosen.append((g, found))
        claims = Counter(map(_key, chosen))
        result, said = [], []
        for g, found in chosen:
            own, old = g, ""
            if found is None or claims[_key((g, found))] > 1:
                pass
            elif isinstance(found, Person):
                own = replace(g, student=found.name)
            elif _by_file(found) and not _by_file(g):
                old = found.student_id if found.student_id != g.student_id else ""
            elif found.student_id != g.student_id:
                own = replace(g, student=found.student, student_id=found.student_id)
            if own is not g:
                said.append(gettext("{f} is taken for the work of {s}", f=g.origin, s=own.student))
            result.append((own, old))
        return result, said

    def due(self, lab: str, name: str, student_id: str, ids: Iterable[str]) -> datetime | None:
        """A student's due date: the latest that ``course.toml`` gives them; None if there is none."""
        own = self.settings.lab(lab)
        known = list(ids)
        dates = [w for who, w in own.extensions.items() if is_person(who, name, student_id, known)]
        dates += [own.due] if own.due is not None else []
        return max(map(self.settings.moment, dates), key=datetime.timestamp, default=None)

    def _nobodys(self, lab: str, graded: Sequence[Graded]) -> list[Text]:
        """The extensions that are for nobody who handed in or is on the class list."""
        everybody = [(g.student, g.student_id, frozenset[str]()) for g in graded]
        everybody += [(p.name, "", p.ids) for p in self.people]
        names = sorted({word for name, id, ids in everybody for word in (name, id, *ids) if word})
        otherwise = gettext("write a name as on the class list, an e-mail address or an identifier")
        return [
            gettext(
                "{w!r} in [labs.{lab}.extensions] of course.toml is nobody here; {h}",
                w=wanted,
                lab=lab,
                h=did_you_mean(wanted, names, otherwise),
            )
            for wanted in self.settings.lab(lab).extensions
            if not any(is_person(wanted, *one) for one in everybody)
        ]

    def with_lateness(
        self, graded: Sequence[Graded], points: float, by_platform: Sequence[bool]
    ) -> tuple[list[Graded], list[Text]]:
        """The class with what lateness costs each, and what to know about the times.

        The platform's time in the class list (a Moodle worksheet) counts before the submission's.

        Args:
            by_platform: for each, whether its `submitted_at` is a platform's word.
        """
        own = self.settings.lab(graded[0].lab) if graded else LabSettings()
        if own.due is None and not own.extensions:
            return [replace(g, late=None) for g in graded], []
        here = self.present(graded) if self.people else Attendance()
        policy = self.settings.late_policy(graded[0].lab)
        result, unknown, by_student = [], 0, 0
        for g, trusted in zip(graded, by_platform, strict=True):
            person = here.found.get(g.student_id)
            listed = person.handed_in if person else None
            when = listed or moment(g.submitted_at, self.settings.zone)
            due = self.due(g.lab, g.student, g.student_id, person.ids if person else ())
            late: Late | None = None
            if when is None:
                unknown += due is not None
            elif due is not None:
                by_student += listed is None and not trusted
                late = lateness(due, when, policy, points)
            at = g.submitted_at if listed is None else listed.isoformat()
            result.append(replace(g, late=late, submitted_at=at))
        said = self._nobodys(graded[0].lab, graded)
        if unknown:
            said.append(
                ngettext(
                    "{n} submission carries no time: it does not count as late; name Moodle's"
                    " worksheet as class_list in course.toml, it holds the times",
                    "{n} submissions carry no time: none of them counts as late; name Moodle's"
                    " worksheet as class_list in course.toml, it holds the times",
                    unknown,
                )
            )
        if by_student:
            said.append(
                ngettext(
                    "{n} time is that of the student's own clock; Moodle's worksheet as"
                    " class_list in course.toml has the platform's",
                    "{n} times are those of the students' own clocks; Moodle's worksheet as"
                    " class_list in course.toml has the platform's",
                    by_student,
                )
            )
        return result, said


def _key(pair: tuple[Graded, Graded | Person | None]) -> object:
    """Whom somebody is taken for, as two who are taken for one have it in common."""
    g, found = pair
    return found.student_id if isinstance(found, Graded) else found or (g.origin, g.student_id)


def _id_of(person: Person) -> str:
    """What the gradebook calls somebody who handed in nothing: e-mail address, number or name."""
    return min(person.ids, key=lambda i: ("@" not in i, i), default=person.name)


def _by_file(graded: Graded) -> bool:
    """Whether a file's name is all that says who handed in."""
    stems = {PurePosixPath(part).stem for part in graded.origin.split("/")}
    return PurePosixPath(graded.student_id).name in stems or not graded.digest


def _same_name(one: Graded, other: Graded) -> bool:
    """Whether two are one person by name; of two numbers of a platform, never."""
    if not _by_file(one) and not _by_file(other):
        return False
    words = name_words(one.student)
    within = _by_file(one) and _within(other.student, one.student)
    return bool(words) and (words == name_words(other.student) or within)


def _within(name: str, file: str) -> bool:
    """Whether all words of a name, two or more, are in a file's name."""
    words = name_words(name)
    return len(words) > 1 and words <= name_words(re.sub(r"[-.@]", " ", file))


def _only(found: Sequence[_T]) -> _T | None:
    return found[0] if len(found) == 1 else None


def _earlier(folder: Path, lab: str) -> tuple[str, int, Mapping[str, int]]:
    """An earlier year's class: its folder's name, its students, mistake → how many made it."""
    path = folder / FILE
    if not path.is_file():
        return folder.name, 0, {}
    store = Store(path)
    try:
        marked = [g for g in store.graded(lab) if g.counts]
    finally:
        store.close()
    made: Counter[str] = Counter()
    for g in marked:
        made.update({v.diagnosis for v in g.verdicts if v.diagnosis and v.status != "carried"})
    return folder.name, len(marked), made


Standing = Literal["not_graded", "absent", "excused"]


@dataclass(frozen=True)
class CourseRow:
    """One student over all labs.

    Attributes:
        marks: lab → total, or why there is none; a lab that is not in it is ``absent``.
        mean: weighted mean of the shares earned, times 20. A lab not handed in counts 0, one that is
            excused is left out; None while one could not be graded, or if nothing is left.
    """

    student: str
    group: str
    marks: Mapping[str, float | Standing]
    mean: float | None


def course_rows(
    course: Course, classes: Mapping[str, Sequence[Graded]], most: Mapping[str, float]
) -> list[CourseRow]:
    """Each student's totals over the labs and their weighted mean out of 20.

    A person is one by the class list, else by identifier and name: participant numbers of Moodle
    differ from assignment to assignment.
    """
    found: dict[object, tuple[str, str, dict[str, float | Standing]]] = {}
    for lab, graded in classes.items():
        listed = course.present(graded).found if course.people else {}
        namesakes = Counter(name_words(g.student) for g in graded)
        for g in graded:
            person, words = listed.get(g.student_id), name_words(g.student)
            alone = bool(words) and namesakes[words] == 1
            who: object = person or (words if alone else (words, g.student_id))
            name = person.name if person else g.student
            _, _, marks = found.setdefault(who, (name, g.group, {}))
            if g.counts:
                marks[lab] = max([g.total, *(m for m in (marks.get(lab),) if isinstance(m, float))])
            else:
                marks.setdefault(lab, g.standing)  # type: ignore[arg-type]
    return [
        CourseRow(name, group, marks, _mean(course.settings, marks, most))
        for name, group, marks in found.values()
    ]


def _mean(
    settings: Settings, marks: Mapping[str, float | Standing], most: Mapping[str, float]
) -> float | None:
    weights = {x: settings.lab(x).weight for x in most if marks.get(x) != "excused"}
    if not sum(weights.values()) or "not_graded" in [marks.get(x) for x in weights]:
        return None
    got = {x: m if isinstance(m := marks.get(x), float) else 0.0 for x in weights}
    share = sum(w * got[x] / (most[x] or 1.0) for x, w in weights.items())
    return round(20 * share / sum(weights.values()), 2)

"""A class as the course's settings see it: who is late, who is missing, what the labs add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from grader.check.text import Text, gettext
from grader.gradebook.class_list import Attendance, attendance, read_class_list
from grader.gradebook.late import lateness, moment
from grader.gradebook.records import About, Change, Graded, Late
from grader.gradebook.settings import Settings, load_settings
from grader.platforms.people import Person, is_person, name_words


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
            people = read_class_list(folder / settings.class_list, settings.zone)
        return cls(folder, settings, people)

    def attendance(self, students: Iterable[tuple[str, str]]) -> Attendance | None:
        """The class list, with who of it is among ``(name, student id)``; None if there is none."""
        return attendance(self.people, students) if self.people else None

    def about(self, graded: Sequence[Graded], changes: Sequence[Change] = ()) -> About:
        present = self.attendance((g.student, g.student_id) for g in graded)
        if present is None:
            return About(changes=tuple(changes))
        return About(
            tuple(p.name for p in present.missing),
            tuple(present.strangers),
            tuple(present.unclear),
            tuple(changes),
        )

    def due(self, lab: str, name: str, student_id: str, ids: Iterable[str]) -> datetime | None:
        """A student's due date, extended where ``course.toml`` says so; None if there is none."""
        own = self.settings.lab(lab)
        known = list(ids)
        for wanted, when in own.extensions.items():
            if is_person(wanted, name, student_id, known):
                return self.settings.moment(when)
        return None if own.due is None else self.settings.moment(own.due)

    def with_lateness(
        self, graded: Sequence[Graded], points: float, by_platform: Sequence[bool]
    ) -> tuple[list[Graded], list[Text]]:
        """The class with what lateness costs each, and what to know about the times.

        The platform's time in the class list (a Moodle worksheet) counts before the submission's.

        Args:
            points: the lab's maximum.
            by_platform: for each, whether its `submitted_at` is a platform's word.
        """
        if not graded or not self._has_due(graded[0].lab):
            return [replace(g, late=None) for g in graded], []
        present = self.attendance((g.student, g.student_id) for g in graded)
        policy = self.settings.late_policy(graded[0].lab)
        result, unknown, by_student = [], 0, 0
        for g, trusted in zip(graded, by_platform, strict=True):
            person = present.found.get(g.student_id) if present else None
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
        said = []
        if unknown:
            said.append(
                gettext(
                    "{n} submissions carry no time: none of them counts as late; name Moodle's"
                    " worksheet as class_list in course.toml, it holds the times",
                    n=unknown,
                )
            )
        if by_student:
            said.append(
                gettext(
                    "{n} times are those of the students' own clocks; Moodle's worksheet as"
                    " class_list in course.toml has the platform's",
                    n=by_student,
                )
            )
        return result, said

    def _has_due(self, lab: str) -> bool:
        own = self.settings.lab(lab)
        return own.due is not None or bool(own.extensions)


@dataclass(frozen=True)
class CourseRow:
    """One student over all labs.

    Attributes:
        totals: lab → total; labs without a submission are not in it.
        mean: weighted mean of the shares earned, times 20; a lab not handed in counts 0.
    """

    student: str
    totals: Mapping[str, float]
    mean: float


def course_rows(
    course: Course, classes: Mapping[str, Sequence[Graded]], most: Mapping[str, float]
) -> list[CourseRow]:
    """Each student's totals over the labs and their weighted mean out of 20.

    A person is one by the class list, else by identifier and name: participant numbers of Moodle
    differ from assignment to assignment.

    Args:
        classes: lab → its class.
        most: lab → its maximum.
    """
    names: dict[object, str] = {}
    totals: dict[object, dict[str, float]] = {}
    for lab, graded in classes.items():
        present = course.attendance((g.student, g.student_id) for g in graded)
        namesakes = Counter(name_words(g.student) for g in graded)
        for g in graded:
            person = present.found.get(g.student_id) if present else None
            words = name_words(g.student)
            alone = bool(words) and namesakes[words] == 1
            who: object = person or (words if alone else (words, g.student_id))
            names.setdefault(who, person.name if person else g.student)
            totals.setdefault(who, {})[lab] = max(g.total, totals.get(who, {}).get(lab, 0.0))
    for person in course.people:
        names.setdefault(person, person.name)
        totals.setdefault(person, {})
    weights = {lab: course.settings.lab(lab).weight for lab in classes}
    whole = sum(weights.values()) or 1.0
    rows = []
    for who, name in names.items():
        got = totals[who]
        share = sum(weights[lab] * got.get(lab, 0.0) / (most[lab] or 1.0) for lab in classes)
        rows.append(CourseRow(name, got, round(20 * share / whole, 2)))
    return rows

"""What a teacher's sheet is filled with, and what the teacher should know of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from grader.check.text import Text, gettext, ngettext, number
from grader.platforms.people import Match, Person, Student
from grader.platforms.table import BadSheet, Sheet


@dataclass(frozen=True)
class Mark:
    """One student's line.

    Attributes:
        total: points that count; None: not graded, which leaves the sheet alone.
        comment: to the student, where the platform has a place for it.
    """

    student: str
    student_id: str
    total: float | None
    pending: bool = False
    origin: str = ""
    comment: str = ""


@dataclass
class Filled:
    """A sheet filled in.

    Attributes:
        filled: whose grade was entered, in the sheet's order.
        replaced: (mark, old grade, new grade) where another grade stood there.
        absent: graded, but not in the sheet.
        ambiguous: could be several rows of the sheet, or share one: left alone.
        contradicted: (mark, name beside its number in the sheet): left alone.
        locked: the sheet says that their grade may not be changed: left alone.
        not_graded: could not be graded: left alone.
        silent: people in the sheet who have no submission.
    """

    data: bytes = b""
    filled: list[Mark] = field(default_factory=list)
    replaced: list[tuple[Mark, str, str]] = field(default_factory=list)
    absent: list[Mark] = field(default_factory=list)
    ambiguous: list[Mark] = field(default_factory=list)
    contradicted: list[tuple[Mark, str]] = field(default_factory=list)
    locked: list[Mark] = field(default_factory=list)
    not_graded: list[Mark] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def notices(self) -> list[Text]:
        """One line each for what is out of the ordinary; the first counts the grades entered."""
        said = [ngettext("{n} grade entered", "{n} grades entered", n=len(self.filled))]
        said += [
            gettext("{s}: {a} replaced by {b}", s=m.student, a=old, b=new)
            for m, old, new in self.replaced
        ]
        said += [
            gettext(
                "{s}: left alone, that number is {other}'s in the sheet; enter the grade by hand, or "
                "download the sheet again",
                s=m.student,
                other=other.strip() or "?",
            )
            for m, other in self.contradicted
        ]
        for group, text in (
            (self.absent, gettext("not in the sheet: {s}")),
            (
                self.ambiguous,
                gettext("left alone, several people fit: {s}; enter their grades by hand"),
            ),
            (
                self.locked,
                gettext("left alone, the sheet says that the grade may not be changed: {s}"),
            ),
            (self.not_graded, gettext("not graded, left alone: {s}")),
            (
                [m for m in self.filled if m.pending],
                gettext("entered, though an answer is still to be read: {s}"),
            ),
        ):
            if group:
                said.append(text.fill(s=_names([m.student for m in group])))
        if self.silent:
            said.append(gettext("no submission: {s}", s=_names(self.silent)))
        return said


def fill(
    sheet: Sheet, columns: tuple[int, int], sign: str, marks: Sequence[Mark],
    people: Sequence[Person], rows: Sequence[int], matched: Match,
    grade: Callable[[float, int], float | None],
) -> Filled:  # fmt: skip
    """Put the marks of those who were found into the sheet.

    Args:
        columns: of grades, and of comments (-1 for none).
        sign: decimal sign.
        people: of the sheet, in the rows `rows`.
        grade: a total, and the row that it is for, as the sheet counts; None if that row is locked.
    """
    result = Filled(
        absent=[marks[i] for i in matched.absent],
        ambiguous=[marks[i] for i in sorted(matched.unclear)],
        contradicted=[(marks[i], people[p].name) for i, p in matched.contradicted],
        silent=[p.name for j, p in enumerate(people) if j not in matched.touched],
    )
    for i, p in sorted(matched.found.items(), key=lambda pair: pair[1]):
        mark, row = marks[i], rows[p]
        if mark.total is None:
            result.not_graded.append(mark)
            continue
        value = grade(mark.total, row)
        if value is None:
            result.locked.append(mark)
            continue
        new, old = f"{value:.2f}".replace(".", sign), sheet.get(row, columns[0]).strip()
        if amount(old) != amount(new):
            if old:
                result.replaced.append((mark, old, new))
            sheet.set(row, columns[0], new)
        if mark.comment and columns[1] >= 0:
            sheet.set(row, columns[1], mark.comment)
        result.filled.append(mark)
    result.data = sheet.to_bytes()
    return result


def _names(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(n.strip() or "?" for n in names[:most])
    return shown if len(names) <= most else f"{shown}, … (+{len(names) - most})"


def students(marks: Sequence[Mark]) -> list[Student]:
    """Those who are to be found; who comes from Moodle's download has a participant's number."""
    return [
        Student(m.student, m.student_id, f"_{m.student_id}_assignsubmission_" in m.origin)
        for m in marks
    ]


def amount(text: str) -> float | None:
    """A number as sheets write it (``20``, ``7,5``, ``1,000.00``, ``1 000,00``), or None.

    ``1,000`` is None: it could be one or a thousand.
    """
    plain = re.sub(r"(?<=\d)[\s\u00a0\u202f'’](?=\d{3})", "", text.strip())
    for group, sign in ((",", "."), (".", ",")):
        if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+{re.escape(sign)}\d+", plain):
            plain = plain.replace(group, "").replace(sign, ".")
    found = re.fullmatch(r"(\d+)(?:[.,](\d+))?", plain, re.ASCII)
    if found is None or re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", plain):
        return None
    return float(f"{found[1]}.{found[2] or 0}")


def convert(grade: float, lab: float, sheet: float, scale: bool, name: str) -> float:
    """A total of the lab as a grade of the sheet.

    Raises:
        BadSheet: their maxima differ and `scale` is not asked for.
    """
    if abs(lab - sheet) < 1e-6:
        return grade
    if scale and lab > 0:
        return round(min(grade / lab, 1.0) * sheet, 2)
    raise BadSheet(
        "{n} counts to {s}, the lab to {l}: a grade could exceed the maximum or mean another; ask for "
        "scaling, or set the assignment's maximum to {l}",
        n=name,
        s=Text(en=number(sheet, "en"), fr=number(sheet, "fr")),
        l=Text(en=number(lab, "en"), fr=number(lab, "fr")),
    )

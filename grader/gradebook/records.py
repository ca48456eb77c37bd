"""What grading one submission came to: the record that the store keeps and the reports read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from grader.check.judge import Verdict
from grader.check.text import Text, gettext
from grader.notebook.cells import CellReport

Standing = Literal["graded", "pending", "not_graded", "absent", "excused"]
STANDING: dict[Standing, Text] = {
    "graded": gettext("graded"),
    "pending": gettext("to be read"),
    "not_graded": gettext("not graded"),
    "absent": gettext("absent"),
    "excused": gettext("excused"),
}


@dataclass(frozen=True)
class Late:
    """What handing in after the due date costs.

    Attributes:
        due: ISO 8601, the student's own if it was extended.
        taken: points taken, at least 0.
        text: the rule applied, in words.
    """

    due: str
    seconds: float
    taken: float
    text: Text


@dataclass(frozen=True)
class ByHand:
    """A mark that a person set.

    Attributes:
        check: the check, or "" for the total.
        before: points that it replaces.
    """

    check: str
    before: float
    points: float
    reason: str
    at: str
    by: str


@dataclass(frozen=True)
class Request:
    """Another look that a student asked for.

    Attributes:
        check: the check that it is about, or "" for the whole lab.
        answer: what was answered, or "" while it is open.
    """

    id: int
    check: str
    text: str
    at: str
    answer: str = ""
    by: str = ""


@dataclass(frozen=True)
class Curve:
    """How a class's totals are moved, all by the same rule; order is kept, and so is the maximum.

    Attributes:
        power: of the share of the maximum, before anything else; below 1 lifts the middle.
        add: points added to all, from 0 up to the maximum.
    """

    power: float = 1.0
    add: float = 0.0
    reason: str = ""

    def __call__(self, total: float, most: float) -> float:
        """A total out of `most` points, moved."""
        if most <= 0:
            return total
        moved = most * float(max(total / most, 0.0) ** self.power) + self.add
        return min(max(moved, 0.0), most)


@dataclass(frozen=True)
class Graded:
    """One graded submission, or what stands in the place of one.

    Attributes:
        student_id: stable identifier; equals the name where the platform gives none.
        origin: path of the submission, as shown.
        digest: hash of the submission's content; "" if nothing was handed in.
        verdicts: one a check, in the key's order; empty if it could not be graded.
        notices: what its reader should know (``two submissions: the newest counts``).
        recordings: manifests of the recordings found: ``name``, ``seconds``, ``epochs``,
            ``history`` {metric: [value an epoch]}, ``created`` (ISO 8601), ``digest``.
        seconds: wall time of grading.
        submitted_at: ISO 8601, or "" if unknown.
        attempts: versions handed in; the newest counts.
        members: names of the whole group, if several handed this in together.
        settled: what a person settled of the whole: "", ``absent``, ``excused``.
        group: the student's, by the class list or else by the platform's folders; "" if there is none.
    """

    student: str
    student_id: str
    origin: str
    lab: str
    digest: str
    lang: str = "fr"
    verdicts: tuple[Verdict, ...] = ()
    cells: tuple[CellReport, ...] = ()
    notices: tuple[Text, ...] = ()
    recordings: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    receipt: str = ""
    submitted_at: str = ""
    problem: Text | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 1
    members: tuple[str, ...] = ()
    late: Late | None = None
    by_hand: tuple[ByHand, ...] = ()
    settled: str = ""
    comment: str = ""
    requests: tuple[Request, ...] = ()
    curve: Curve | None = None
    group: str = ""

    @property
    def max_points(self) -> float:
        """Points to be had, bonus apart; 0 for a submission that could not be graded."""
        return round(sum(v.max_points for v in self.verdicts if not v.bonus), 4)

    @property
    def bonus(self) -> float:
        """Points earned by bonus checks."""
        return round(sum(v.points for v in self.verdicts if v.bonus), 4)

    @property
    def earned(self) -> float:
        """Points earned, bonus included, however many."""
        return round(sum(v.points for v in self.verdicts), 4)

    @property
    def penalty(self) -> float:
        """Points taken for handing in late, 0 or more; never more than there are."""
        capped = min(self.earned, self.max_points)
        return 0.0 if self.late is None else round(min(self.late.taken, capped), 4)

    @property
    def total_by_hand(self) -> ByHand | None:
        """The total that a person set, if one did."""
        return next((h for h in self.by_hand if not h.check), None)

    @property
    def uncurved(self) -> float:
        """What the checks give, to a hundredth: the maximum at most, lateness taken off."""
        return round(min(self.earned, self.max_points) - self.penalty, 2)

    @property
    def total(self) -> float:
        """Points that count, to a hundredth.

        A bonus makes up for lost points and never exceeds the maximum; then lateness is taken off,
        then the class's curve applies. A total set by hand replaces all that.
        """
        if self.total_by_hand is not None:
            return round(self.total_by_hand.points, 2)
        if self.curve is not None and self.verdicts:
            return round(self.curve(self.uncurved, self.max_points), 2)
        return self.uncurved

    @property
    def standing(self) -> Standing:
        """What the total is worth: a mark only if ``graded`` or ``pending``."""
        if self.settled in ("absent", "excused"):
            return self.settled  # type: ignore[return-value]
        if self.total_by_hand is None:
            if not self.digest:
                return "absent"
            if self.problem is not None:
                return "not_graded"
        return "pending" if any(v.status == "pending" for v in self.verdicts) else "graded"

    @property
    def counts(self) -> bool:
        """Whether there is a mark; what has none is never a zero."""
        return self.standing in ("graded", "pending")

    @property
    def pending(self) -> bool:
        """Whether a person must still read an answer."""
        return self.standing == "pending"

    def to_json(self) -> str:
        """As JSON: a number that is not finite is null, half a surrogate pair a question mark."""
        try:
            return msgspec.json.encode(self, enc_hook=_plain).decode()
        except UnicodeEncodeError:
            plain = _encodable(msgspec.to_builtins(self, enc_hook=_plain))
            return msgspec.json.encode(plain).decode()


def _plain(value: Any) -> Any:
    """NumPy's scalars and arrays as numbers and lists; what else is no JSON as its text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(k): _encodable(v) for k, v in value.items()}
    return [_encodable(v) for v in value] if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class Change:
    """A mark that moved; `before` is None for a student who had none."""

    student: str
    student_id: str
    before: float | None
    after: float | None
    why: Text


@dataclass(frozen=True)
class Doubt:
    """Why a student should be asked about the work, and how to begin."""

    student: str
    reasons: tuple[Text, ...]


@dataclass(frozen=True)
class About:
    """What the reports say of a class beside its marks.

    Attributes:
        strangers: names that handed in and are not on the class list.
        unclear: names that fit several people of it.
        changes: marks that the last run moved, without those that are new.
        contact: e-mail address for requests for another look, or "".
        earlier: for each earlier year: its name, its students, and mistake → how many made it.
    """

    strangers: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    oral: tuple[Doubt, ...] = ()
    contact: str = ""
    earlier: Sequence[tuple[str, int, Mapping[str, int]]] = ()

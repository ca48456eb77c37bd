"""What grading one submission came to: the record that the store keeps and the reports read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from grader.check.judge import Verdict
from grader.check.text import Text
from grader.notebook.cells import CellReport


@dataclass(frozen=True)
class Late:
    """What handing in after the due date costs.

    Attributes:
        due: ISO 8601, the student's own if it was extended.
        seconds: how long after it.
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
        points: points set.
        reason: why; the student reads it.
        at: ISO 8601.
        by: who.
    """

    check: str
    before: float
    points: float
    reason: str
    at: str
    by: str


@dataclass(frozen=True)
class Graded:
    """One graded submission.

    Attributes:
        student: name, as shown.
        student_id: stable identifier; equals the name where the platform gives none.
        origin: path of the submission, as shown.
        lab: id of the lab.
        digest: hash of the submission's content.
        lang: language of the notebook, ``"fr"`` or ``"en"``.
        verdicts: one a check, in the key's order; empty if it could not be graded.
        cells: how each code cell ran.
        notices: what its reader should know (``two submissions: the newest counts``).
        recordings: manifests of the recordings found: ``name``, ``seconds``, ``epochs``,
            ``history`` {metric: [value an epoch]}, ``created`` (ISO 8601), ``digest``.
        seconds: wall time of grading.
        receipt: short hash that the student got when handing in.
        submitted_at: ISO 8601, or "" if unknown.
        problem: why it could not be graded, or None.
        answers: check → the text that the student wrote, for a person to read.
        attempts: versions handed in; the newest counts.
        members: names of the whole group, if several handed this in together.
        late: what handing in late costs, or None.
        by_hand: marks that a person set.
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
    def total(self) -> float:
        """Points that count, to a hundredth.

        A bonus makes up for lost points and never exceeds the maximum; then lateness is taken off.
        A total set by hand replaces all that.
        """
        if self.total_by_hand is not None:
            return round(self.total_by_hand.points, 2)
        return round(min(self.earned, self.max_points) - self.penalty, 2)

    @property
    def graded(self) -> bool:
        return self.problem is None

    @property
    def pending(self) -> bool:
        """Whether a person must still read an answer."""
        return any(v.status == "pending" for v in self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """JSON values only; a number that is not finite becomes None."""
        plain: dict[str, Any] = _plain(
            {
                **vars(self),
                "verdicts": [v.to_dict() for v in self.verdicts],
                "cells": [c.to_dict() for c in self.cells],
                "notices": [n.to_dict() for n in self.notices],
                "problem": None if self.problem is None else self.problem.to_dict(),
                "late": late_to_dict(self.late),
                "by_hand": [vars(h) for h in self.by_hand],
            }
        )
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Graded:
        problem = data["problem"]
        return cls(
            **{
                **data,
                "verdicts": tuple(_verdict(json.dumps(v)) for v in data["verdicts"]),
                "cells": tuple(CellReport.from_dict(c) for c in data["cells"]),
                "notices": tuple(Text.from_dict(n) for n in data["notices"]),
                "recordings": tuple(data["recordings"]),
                "members": tuple(data.get("members", ())),
                "problem": None if problem is None else Text.from_dict(problem),
                "late": late_from_dict(data.get("late")),
                "by_hand": tuple(ByHand(**h) for h in data.get("by_hand", ())),
            }
        )


@lru_cache(maxsize=1 << 14)
def _verdict(packed: str) -> Verdict:
    """One object for all equal verdicts: in a class most are, and their texts are what is long."""
    return Verdict.from_dict(json.loads(packed))


def late_to_dict(late: Late | None) -> dict[str, Any] | None:
    return None if late is None else {**vars(late), "text": late.text.to_dict()}


def late_from_dict(data: Mapping[str, Any] | None) -> Late | None:
    return None if not data else Late(**{**data, "text": Text.from_dict(data["text"])})


def _plain(value: Any) -> Any:
    """`value` as strict JSON: NumPy scalars and arrays become numbers and lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


@dataclass(frozen=True)
class Change:
    """A mark that moved; `before` is None for a student who had none.

    Attributes:
        why: which points moved, or who decided what.
    """

    student: str
    student_id: str
    before: float | None
    after: float
    why: str


@dataclass(frozen=True)
class About:
    """What the reports say of a class beside its marks.

    Attributes:
        missing: names on the class list without a submission; None if there is no list.
        strangers: names that handed in and are not on it.
        unclear: names that fit several people of it.
        changes: marks that the last run moved, without those that are new.
    """

    missing: tuple[str, ...] | None = None
    strangers: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

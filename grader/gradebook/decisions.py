"""What people decide: answers they read, marks they set; pure functions.

A free-text answer is read against a rubric: each item has points, and the marks of the chosen items
add up. What a person sets by hand replaces what the judge found; what it replaces is kept.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta

from grader.check.judge import Status, Verdict
from grader.check.text import Text, gettext, same
from grader.gradebook.records import ByHand, Graded

MAX_COMMENT = 4000


@dataclass(frozen=True)
class Decision:
    """The last word of a person on one thing.

    Attributes:
        kind: ``mark``, ``standing`` or ``comment``.
        check: for a mark, the check ("": the total); for a standing, which ("": as it came).
        points: for a mark; None takes an earlier one back.
    """

    kind: str
    check: str
    points: float | None
    reason: str
    at: str
    by: str


@dataclass(frozen=True)
class Item:
    """One line of a rubric.

    Attributes:
        id: its row in the gradebook.
    """

    id: int
    text: Text
    points: float


@dataclass(frozen=True)
class Review:
    """How one answer was read.

    Attributes:
        items: ids of the rubric's items that apply.
        zero: read, and worth nothing, though no item says so.
        adjust: points added to the items', by the reader.
        comment: what the student is told.
        answer: `answer_digest` of what was read.
    """

    items: tuple[int, ...] = ()
    zero: bool = False
    adjust: Annotated[float, Meta(ge=-1000, le=1000)] = 0.0
    comment: Annotated[str, Meta(max_length=MAX_COMMENT)] = ""
    answer: str = ""

    @property
    def read(self) -> bool:
        """Whether it gives a mark; a comment alone does not."""
        return bool(self.items) or self.zero or self.adjust != 0.0

    def points(self, rubric: Mapping[int, Item], most: float) -> float:
        """The mark: the items' points and the adjustment, from 0 to `most`."""
        total = sum(rubric[i].points for i in self.items if i in rubric) + self.adjust
        return round(min(max(total, 0.0), most), 4)


def answer_digest(text: str) -> str:
    """Names an answer by its content: spaces and composed accents do not count."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Agreement:
    """How two readers of the same answers agree.

    Attributes:
        n: answers that both have read.
        equal: of these, how many got the same points from both.
        apart: mean absolute difference, in points.
        kappa: Cohen's kappa with quadratic weights (Cohen 1968, "Weighted kappa"): 1 in full
            agreement, 0 as by chance; None where all marks are one mark.
    """

    n: int
    equal: int
    apart: float
    kappa: float | None


def agreement(pairs: Sequence[tuple[float, float]]) -> Agreement | None:
    """Of marks in points, ``(first reader's, second reader's)``; None if there are none."""
    if not pairs:
        return None
    gaps = [abs(a - b) for a, b in pairs]
    seen = sum(g * g for g in gaps) / len(pairs)
    chance = sum((a - b) ** 2 for a, _ in pairs for _, b in pairs) / len(pairs) ** 2
    return Agreement(
        n=len(pairs),
        equal=sum(g < 1e-9 for g in gaps),
        apart=sum(gaps) / len(pairs),
        kappa=1 - seen / chance if chance else None,
    )


def reviewed(
    graded: Graded, reviews: Mapping[str, Review], rubrics: Mapping[str, Mapping[int, Item]]
) -> Graded:
    """`graded` with the answers that a person has read.

    A review counts for the answer that was read: one changed since is to be read again.
    """

    def verdict(v: Verdict) -> Verdict:
        review = reviews.get(v.check)
        if v.status != "pending" or review is None or not review.read:
            return v
        if review.answer != answer_digest(graded.answers.get(v.check, "")):
            return v
        rubric = rubrics.get(v.check, {})
        points = review.points(rubric, v.max_points)
        said = [rubric[i].text for i in review.items if i in rubric]
        message = Text(en="; ".join(t.en for t in said), fr=" ; ".join(t.fr for t in said))
        return replace(
            v,
            points=points,
            status=_status(points, v.max_points),
            message=message,
            hint=same(review.comment),
        )

    if not reviews:
        return graded
    return replace(graded, verdicts=tuple(map(verdict, graded.verdicts)))


def decided(graded: Graded, decisions: Sequence[Decision]) -> Graded:
    """`graded` with what people decided of it, the last word on each thing.

    `ByHand.before` is what a mark replaces. A total set by hand grades what could not be graded, and
    who handed in nothing.
    """
    marks = [d for d in decisions if d.kind == "mark" and d.points is not None]
    kept: list[ByHand] = []
    verdicts: list[Verdict] = []
    by_check = {d.check: d for d in marks}
    for v in graded.verdicts:
        mark = by_check.get(v.check)
        if mark is not None and mark.points is not None:
            points = min(max(mark.points, 0.0), v.max_points)
            kept.append(ByHand(v.check, v.points, points, mark.reason, mark.at, mark.by))
            v = replace(v, points=points, status=_status(points, v.max_points))
        verdicts.append(v)
    result = replace(graded, verdicts=tuple(verdicts), by_hand=tuple(kept))
    whole = by_check.get("")
    if whole is not None and whole.points is not None:
        set_by_hand = ByHand("", result.total, whole.points, whole.reason, whole.at, whole.by)
        result = replace(result, by_hand=(*kept, set_by_hand))
        if result.problem is not None:
            told = gettext("could not be graded by the program; a person graded it")
            result = replace(result, problem=None, notices=(told, *result.notices))
    for d in decisions:
        if d.kind == "standing":
            notices = result.notices
            if d.check:
                notices = (gettext("{s}: {r}", s=SETTLED[d.check], r=d.reason), *notices)
            result = replace(result, settled=d.check, notices=notices)
        elif d.kind == "comment":
            result = replace(result, comment=d.reason)
    return result


SETTLED: dict[str, Text] = {
    "absent": gettext("absent"),
    "excused": gettext("excused"),
    "removed": gettext("removed"),
}
"""What a person can settle of a student's whole lab; who is ``removed`` is on no page or sheet."""


def _status(points: float, most: float) -> Status:
    return "right" if points >= most else "partial" if points > 0 else "wrong"


def power_for(marks: Sequence[float], most: float, mean: float) -> float | None:
    """The power of `Curve` that gives the marks this mean; None if none does."""
    shares = [min(max(m / most, 0.0), 1.0) for m in marks] if most > 0 else []
    wanted = mean / most if most > 0 else -1.0

    def reached(power: float) -> float:
        return sum(float(s**power) for s in shares) / len(shares)

    low, high = 0.05, 20.0
    if not shares or not reached(high) <= wanted <= reached(low):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) > wanted else (low, middle)
    return round((low + high) / 2, 6)

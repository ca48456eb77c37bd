"""What people decide: answers they read, marks they set; pure functions.

A free-text answer is read against a rubric: each item has points, and the marks of the chosen items
add up. What a person sets by hand replaces what the judge found; what it replaces is kept.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.check.judge import Verdict
from grader.check.text import Text, same
from grader.gradebook.records import ByHand, Graded

MAX_COMMENT = 4000


@dataclass(frozen=True)
class Item:
    """One line of a rubric.

    Attributes:
        id: its row in the gradebook.
        points: what it gives; may be negative.
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
    adjust: float = 0.0
    comment: str = ""
    answer: str = ""

    @property
    def read(self) -> bool:
        """Whether it gives a mark; a comment alone does not."""
        return bool(self.items) or self.zero or self.adjust != 0.0

    def points(self, rubric: Mapping[int, Item], most: float) -> float:
        """The mark: the items' points and the adjustment, from 0 to `most`."""
        total = sum(rubric[i].points for i in self.items if i in rubric) + self.adjust
        return round(min(max(total, 0.0), most), 4)

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "items": list(self.items)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Review:
        """A review from JSON that may come from a browser.

        Raises:
            ValueError: it is no review.
        """
        items, adjust = data.get("items", []), data.get("adjust", 0.0)
        comment = data.get("comment", "")
        if not isinstance(items, list) or not all(type(i) is int for i in items):
            raise ValueError("items: a list of whole numbers")
        if (
            isinstance(adjust, bool)
            or not isinstance(adjust, (int, float))
            or not abs(adjust) <= 1000
        ):
            raise ValueError("adjust: a number")
        if not isinstance(comment, str) or len(comment) > MAX_COMMENT:
            raise ValueError(f"comment: a text of {MAX_COMMENT} characters at most")
        return cls(
            tuple(sorted(set(items))),
            bool(data.get("zero", False)),
            round(float(adjust), 4),
            comment,
            str(data.get("answer", "")),
        )


def answer_digest(text: str) -> str:
    """Names an answer by its content: spaces and composed accents do not count."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def reviewed(
    graded: Graded,
    reviews: Mapping[str, Review],
    rubrics: Mapping[str, Mapping[int, Item]],
) -> Graded:
    """`graded` with the answers that a person has read.

    A review counts for the answer that was read: one changed since is to be read again.

    Args:
        reviews: check → review.
        rubrics: check → its items by id.
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
            status="right" if points >= v.max_points else "partial" if points > 0 else "wrong",
            message=message,
            hint=same(review.comment),
        )

    if not reviews:
        return graded
    return replace(graded, verdicts=tuple(map(verdict, graded.verdicts)))


def overridden(graded: Graded, set_by_hand: Sequence[ByHand]) -> Graded:
    """`graded` with the marks that a person set, one a check and one for the total at most.

    `ByHand.before` is what each replaces. A total set by hand grades what could not be graded.
    """
    if not set_by_hand:
        return graded
    checks = {h.check: h for h in set_by_hand if h.check}
    kept: list[ByHand] = []
    verdicts: list[Verdict] = []
    for v in graded.verdicts:
        mark = checks.get(v.check)
        if mark is None:
            verdicts.append(v)
            continue
        points = min(max(mark.points, 0.0), v.max_points)
        kept.append(replace(mark, before=v.points, points=points))
        verdicts.append(
            replace(
                v,
                points=points,
                status="right" if points >= v.max_points else "partial" if points > 0 else "wrong",
            )
        )
    result = replace(graded, verdicts=tuple(verdicts), by_hand=tuple(kept))
    whole = next((h for h in set_by_hand if not h.check), None)
    if whole is not None:
        result = replace(result, by_hand=(*kept, replace(whole, before=result.total)))
        if result.problem is not None:
            notices = (result.problem, *result.notices)
            result = replace(result, problem=None, notices=notices)
    return result

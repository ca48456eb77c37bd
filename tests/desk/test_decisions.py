"""Reviews and marks set by hand as the gradebook keeps them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.check.judge import Verdict
from grader.check.text import Text, same
from grader.gradebook.decisions import Item, Review, answer_digest, overridden, reviewed
from grader.gradebook.records import ByHand, Graded
from grader.gradebook.store import Store, person_of
from grader.review.similar import groups

PENDING = Verdict("q", "e", 0.0, 2.0, "pending", same("why?"))
RIGHT = Verdict("c", "e", 3.0, 3.0, "right", same("c"))
GRADED = Graded("Zoé", "1", "z.ipynb", "mini", "d", verdicts=(RIGHT, PENDING), answers={"q": "exp"})
RUBRIC = {
    1: Item(1, Text(en="a", fr="à"), 1.0), 2: Item(2, same("b"), 1.5), 3: Item(3, same("no"), -9.0),
}  # fmt: skip


def read(review: Review, graded: Graded = GRADED) -> Verdict:
    found = reviewed(graded, {"q": replace(review, answer=answer_digest("exp"))}, {"q": RUBRIC})
    return found.verdicts[1]


@pytest.mark.parametrize(
    ("review", "points", "status"),
    [
        (Review((1,)), 1.0, "partial"),
        (Review((1, 2)), 2.0, "right"),  # never above the maximum
        (Review((1, 3)), 0.0, "wrong"),  # nor below nothing
        (Review(zero=True), 0.0, "wrong"),
        (Review((1,), adjust=0.25), 1.25, "partial"),
        (Review(adjust=-1), 0.0, "wrong"),
        (Review(comment="hm"), 0.0, "pending"),  # a comment alone is no mark
        (Review((99,)), 0.0, "wrong"),
    ],
)
def test_points_of_a_review(review: Review, points: float, status: str) -> None:
    verdict = read(review)
    assert (verdict.points, verdict.status) == (points, status)


def test_the_student_reads_items_and_comment() -> None:
    verdict = read(Review((1, 2), comment="bien"))
    assert verdict.message == Text(en="a; b", fr="à ; b") and verdict.hint == same("bien")


def test_an_answer_changed_since_is_to_be_read_again() -> None:
    other = replace(GRADED, answers={"q": "autre chose"})
    assert read(Review((1,)), other).status == "pending"
    spaced = replace(GRADED, answers={"q": "  exp\n"})
    assert read(Review((1,)), spaced).status == "partial"


def test_a_mark_by_hand_goes_over_a_review_and_within_bounds() -> None:
    hand = ByHand("q", 0, 5, "r", "t", "me")
    found = overridden(GRADED, [hand, ByHand("", 0, 1.5, "r", "t", "me")])
    assert found.verdicts[1].points == 2.0 and not found.pending
    assert found.total == 1.5 and found.total_by_hand is not None
    assert found.total_by_hand.before == 5.0
    again = Graded.from_dict(found.to_dict())
    assert again == found


@pytest.mark.parametrize(
    "data",
    [
        {"items": ["1"]}, {"items": [True]}, {"adjust": "1"}, {"adjust": float("inf")}, {"adjust": float("nan")},
        {"comment": 3}, {"comment": "x" * 5000}, {"items": {"1": 1}},
    ],
)  # fmt: skip
def test_what_a_browser_sends_is_checked(data: dict) -> None:
    with pytest.raises(ValueError):
        Review.from_dict(data)


def test_every_letter_is_kept_and_a_comment_is_one_step_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "gradebook.sqlite")
    store.add_unit("u", "k", GRADED, {})
    store.set_entries("mini", [("u", person_of(GRADED))])
    item = store.add_item("mini", "q", same("good"), 1.0)
    answer = answer_digest("exp")

    def keep(comment: str, typing: bool, *items: int) -> None:
        store.review(
            "mini", "q", {"1": Review(items, comment=comment, answer=answer)}, "me", typing
        )

    keep("", False, item)
    for text in ("b", "bi", "bie", "bien"):
        keep(text, True, item)
        assert store.reviews("mini", "q")["1"].comment == text
    assert store.graded("mini")[0].total == 4.0
    assert store.undo("mini", "q", "me") == ["1"]
    assert store.reviews("mini", "q")["1"] == Review((item,), answer=answer)
    assert store.undo("mini", "q", "me") == ["1"]
    assert store.reviews("mini", "q") == {} and store.graded("mini")[0].pending
    assert store.undo("mini", "q", "me") == []
    keep("", False, item)
    changes = store.change_item("mini", item, same("good"), 2.0, "me")
    assert [(c.before, c.after) for c in changes] == [(4.0, 5.0)]
    with pytest.raises(KeyError):
        store.change_item("mini", 99, same("x"), 1.0, "me")
    assert [(r["before"], r["after"], r["by"]) for r in store.log()] == [
        (None, 3.0, ""), (3.0, 4.0, "me"), (4.0, 3.0, "me"), (3.0, 4.0, "me"), (4.0, 5.0, "me"),
    ]  # fmt: skip
    store.close()


def test_similar_answers_share_a_group() -> None:
    texts = [
        "exp déborde pour de grands scores", "Pour que la somme fasse 1.",
        "Exp DEBORDE pour de grands scores !!", "", "pour que la somme fasse un",
        "pour de grands scores, exp déborde", "???",
    ]  # fmt: skip
    found = groups(texts)
    assert sorted(map(sorted, found))[0] == [0, 2, 5] and [1, 4] in found
    assert sorted(i for g in found for i in g) == list(range(7))
    assert groups([]) == [] and groups(["x"]) == [[0]]

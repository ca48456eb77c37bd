"""Reviews and marks set by hand as the gradebook keeps them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from grader.check.judge import Verdict
from grader.check.text import Text, same
from grader.gradebook.decisions import (
    Decision,
    Item,
    Review,
    agreement,
    answer_digest,
    decided,
    power_for,
    reviewed,
)  # fmt: skip
from grader.gradebook.records import Curve, Graded
from grader.gradebook.store import Store
from grader.review.desk import groups

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
    marks = [Decision("mark", c, p, "r", "t", "me") for c, p in (("q", 5.0), ("", 1.5))]
    found = decided(GRADED, marks)
    assert found.verdicts[1].points == 2.0 and not found.pending
    assert found.total == 1.5 and found.total_by_hand is not None
    assert found.total_by_hand.before == 5.0
    assert msgspec.json.decode(found.to_json(), type=Graded) == found


def test_what_a_person_settles_is_no_zero_and_is_explained() -> None:
    excused = decided(GRADED, [Decision("standing", "excused", None, "malade", "t", "me")])
    assert (excused.standing, excused.counts) == ("excused", False)
    assert excused.notices[0].fr == "excusé : malade"
    back = decided(GRADED, [Decision("standing", "", None, "erreur", "t", "me")])
    assert back.standing == "pending" and back.notices == ()
    told = decided(GRADED, [Decision("comment", "", None, "bravo", "t", "me")])
    assert told.comment == "bravo" and told.total == GRADED.total


def test_a_total_by_hand_marks_what_nobody_handed_in_or_no_program_reads() -> None:
    mark = [Decision("mark", "", 12.0, "papier", "t", "me")]
    nothing = decided(Graded("Zoé", "1", "", "mini", ""), mark)
    assert (nothing.standing, nothing.total) == ("graded", 12.0)
    paper = Graded("Zoé", "1", "z.pdf", "mini", "d", problem=same("hand in the .ipynb file"))
    found = decided(paper, mark)
    assert (found.standing, found.total) == ("graded", 12.0)
    assert "ipynb" not in " ".join(n.en for n in found.notices)


def test_a_curve_keeps_order_bounds_and_marks_by_hand() -> None:
    marks = [0.0, 4.0, 9.0, 10.0, 20.0]
    power = power_for(marks, 20, 12)
    assert power is not None and power < 1
    curve = Curve(power)
    moved = [curve(m, 20) for m in marks]
    assert sum(moved) / 5 == pytest.approx(12, abs=1e-3)
    assert moved == sorted(moved) and (moved[0], moved[-1]) == (0, 20)
    assert power_for(marks, 20, 21) is None and power_for([], 20, 10) is None
    assert Curve(add=3)(18.5, 20) == 20 and Curve(add=-3)(1, 20) == 0
    right = replace(GRADED, verdicts=(RIGHT,), curve=Curve(add=-1))
    assert (right.total, right.uncurved) == (2.0, 3.0)
    by_hand = decided(right, [Decision("mark", "", 2.5, "r", "t", "me")])
    assert by_hand.total == 2.5


def test_two_readers_agree_more_or_less() -> None:
    assert agreement([]) is None
    same_marks = agreement([(1.0, 1.0), (1.0, 1.0)])
    assert same_marks is not None and (same_marks.equal, same_marks.kappa) == (2, None)
    whole = agreement([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)])
    assert whole is not None and (whole.n, whole.apart, whole.kappa) == (3, 0.0, 1.0)
    against = agreement([(0.0, 1.0), (1.0, 0.0)])
    assert against is not None and (against.equal, against.apart) == (0, 1.0)
    assert against.kappa == pytest.approx(-1.0)
    some = agreement([(0, 0), (1, 1), (2, 1), (2, 2)])  # by hand: 1/4 seen, 20/16 by chance
    assert some is not None and some.kappa == pytest.approx(0.8)


@pytest.mark.parametrize(
    "data",
    [
        {"items": ["1"]}, {"items": [True]}, {"adjust": "1"}, {"adjust": float("inf")}, {"adjust": float("nan")},
        {"comment": 3}, {"comment": "x" * 5000}, {"items": {"1": 1}},
    ],
)  # fmt: skip
def test_what_a_browser_sends_is_checked(data: dict) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, Review)


def test_every_letter_is_kept_and_a_comment_is_one_step_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "gradebook.sqlite")
    store.add_unit("u", "k", GRADED, {})
    store.enter("mini", [("u", GRADED)])
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

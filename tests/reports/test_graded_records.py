"""The records survive a round trip through JSON and count points as they should."""

from __future__ import annotations

import json

import msgspec
import numpy as np

from grader.check.judge import Verdict
from grader.check.text import Text, same
from grader.check.tree import pack, unpack
from grader.gradebook.records import Graded
from grader.notebook.cells import CellReport
from grader.sandbox.outcome import Outcome


def verdict(check: str, points: float, max_points: float, bonus: bool = False) -> Verdict:
    return Verdict(check, "e", points, max_points, "right", same(check), bonus=bonus)


def test_graded_survives_json() -> None:
    graded = Graded(
        student="Zoé O'Brien", student_id="1", origin="a/b.ipynb", lab="tp", digest="d",
        verdicts=(verdict("a", 1.5, 2.0),),
        cells=(CellReport(3, "error", {"type": "ValueError", "line": 2}, 0.1, "x"),),
        notices=(Text(en="two", fr="deux"),),
        recordings=({"name": "r", "history": {"loss": [1.0, np.float32(0.5)]}},),
        problem=Text(en="p", fr="q"),
    )  # fmt: skip
    assert msgspec.json.decode(graded.to_json(), type=Graded) == graded


def test_numbers_that_are_not_finite_do_not_break_json() -> None:
    graded = Graded(
        "s", "s", "o", "l", "d", recordings=({"history": {"loss": [1.0, float("nan"), np.inf]}},)
    )
    found = json.loads(graded.to_json())
    assert found["recordings"][0]["history"]["loss"] == [1.0, None, None]


def test_bonus_makes_up_for_lost_points_but_never_exceeds_the_maximum() -> None:
    lost = Graded(
        "s", "s", "o", "l", "d", verdicts=(verdict("a", 8, 10), verdict("b", 1, 3, bonus=True))
    )
    assert (lost.total, lost.max_points, lost.bonus, lost.earned) == (9, 10, 1, 9)
    full = Graded(
        "s", "s", "o", "l", "d", verdicts=(verdict("a", 10, 10), verdict("b", 3, 3, bonus=True))
    )
    assert (full.total, full.earned) == (10, 13)


def test_outcome_is_a_tree() -> None:
    outcome = Outcome(
        {"a": {"status": "ok", "values": {"out": np.arange(3.0)}}},
        (CellReport(1, "ok"),),
        (same("n"),),
        1.5,
    )
    back = msgspec.convert(unpack(pack(outcome)), Outcome)
    np.testing.assert_array_equal(back.observations["a"]["values"]["out"], np.arange(3.0))
    assert (back.cells, back.notices, back.seconds) == (outcome.cells, outcome.notices, 1.5)

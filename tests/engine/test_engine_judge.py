"""The judge: every status, carried mistakes, and observations that somebody made up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.check.judge import EARNING, Evidence, Verdict, judge, total
from grader.check.raised import limit_text
from grader.check.tree import pack, unpack

ANSWERS = {"q1": 7, "q2": "non", "q3": 0.5}
BY_HAND = "def row_mean(x):\n    return x.sum(axis=1) / x.shape[1]"


def changed(mini, **code):
    """The solution's namespace, with the code of some exercises replaced."""
    names = mini.namespace()
    for source in code.values():
        exec(source, names)
    return names


def by_check(verdicts):
    return {v.check: v for v in verdicts}


def test_the_solution_gets_everything(hidden_key, observed, solution):
    verdicts = judge(hidden_key, Evidence(observed(solution, ANSWERS), [BY_HAND]))
    assert {v.status for v in verdicts} == {"right"}
    assert total(verdicts) == 21.0  # 20 and a bonus


def test_nothing_gets_nothing(hidden_key, observed):
    for evidence in (Evidence(), Evidence(observed({})), Evidence({}, ["x = 1"])):
        verdicts = judge(hidden_key, evidence)
        assert total(verdicts) == 0.0
        assert {v.status for v in verdicts} == {"missing"}
        assert all(v.message.en and v.message.fr for v in verdicts)


def test_a_mistake_is_named(hidden_key, observed, mini):
    names = changed(mini, mean="def row_mean(x):\n    return x.sum(axis=1) / x.shape[0]")
    verdict = by_check(judge(hidden_key, Evidence(observed(names))))["mean.values"]
    assert (verdict.status, verdict.points) == ("wrong", 0.0)
    assert verdict.diagnosis == "divided-by-rows"
    assert "number of rows" in verdict.message.en and "nombre de lignes" in verdict.message.fr
    assert verdict.hint.fr


def test_a_mistake_is_paid_for_once(hidden_key, observed, mini):
    names = changed(mini, mean="def row_mean(x):\n    return x.sum(axis=1) / x.shape[0]")
    verdicts = by_check(judge(hidden_key, Evidence(observed(names))))
    carried = verdicts["standardise.values"]
    assert (carried.status, carried.points) == ("carried", carried.max_points)
    assert "1.1" in carried.message.en


def test_a_wrong_later_exercise_is_not_carried(hidden_key, observed, mini):
    names = changed(
        mini,
        mean="def row_mean(x):\n    return x.sum(axis=1) / x.shape[0]",
        standardise="def standardise(x):\n    return x - 1.0",
    )
    verdict = by_check(judge(hidden_key, Evidence(observed(names))))["standardise.values"]
    assert (verdict.status, verdict.points) == ("wrong", 0.0)
    assert "1.1" in verdict.hint.en  # start there


@pytest.mark.parametrize(
    "worthless",
    [
        "def standardise(x):\n    raise ValueError",
        "def standardise(x):\n    return x * 0",
        "def standardise(x):\n    return x * np.nan",
    ],
)
def test_nothing_is_carried_by_what_anybody_can_give(hidden_key, observed, mini, worthless):
    """Whatever an earlier mistake makes of a later exercise: an error, zeros, NaN earn nothing."""
    for mistake in ("x.sum(axis=0) / x.shape[0]", "x.sum(axis=1) / x.shape[0]", "x.sum(axis=1)"):
        names = changed(mini, a=f"def row_mean(x):\n    return {mistake}", b=worthless)
        with np.errstate(all="ignore"):
            verdict = by_check(judge(hidden_key, Evidence(observed(names))))["standardise.values"]
        assert verdict.points == 0.0


def test_a_name_that_is_nearly_right(hidden_key, observed, solution):
    names = {**solution, "row_means": solution["row_mean"]}
    del names["row_mean"]
    verdict = by_check(judge(hidden_key, Evidence(observed(names))))["mean.values"]
    assert verdict.status == "missing"
    assert "did you mean row_means?" in verdict.message.en


def test_an_exception_and_an_open_hole(hidden_key, observed, mini):
    names = changed(
        mini,
        mean="def row_mean(x):\n    raise KeyError('{x}')",
        softmax="from grader import todo\ndef softmax(z):\n    raise todo('softmax')",
    )
    verdicts = by_check(judge(hidden_key, Evidence(observed(names))))
    assert verdicts["mean.values"].status == "error"
    assert "KeyError" in verdicts["mean.values"].message.en
    assert verdicts["softmax.values"].status == "todo"
    assert verdicts["standardise.values"].status == "error"


def test_an_exception_is_not_put_down_to_another_exercise(hidden_key):
    """That its type is the one which an earlier mistake raises there proves nothing."""
    error = {"status": "error", "values": {}, "error": {"type": "ValueError", "message": "?"}}
    for check, diagnosis in (("standardise.values", ""), ("mean.values", "divided-by-rows")):
        wrong = {"divided-by-rows": error}
        checks = [replace(c, wrong=wrong) if c.id == check else c for c in hidden_key.checks]
        key = replace(hidden_key, checks=tuple(checks))
        verdict = by_check(judge(key, Evidence({check: error})))[check]
        assert (verdict.status, verdict.diagnosis) == ("error", diagnosis)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("cell", "3 s"), ("seconds", "20 s"), ("cpu", "processor"), ("memory", "MB of memory"),
        ("processes", "processes and threads"), ("file", "a file of more than"),
        ("disk", "the disk was full"), ("open_files", "files open"), ("report", "may report"),
        ("died", "SIGSEGV"), ("?", "stopped by a limit"),
    ],
)  # fmt: skip
def test_every_limit_is_named(hidden_key, limit, said):
    value = {"cell": 3.0, "seconds": 20.0, "died": "SIGSEGV"}.get(limit, 64)
    error = {"limit": limit, "value": value}
    seen = {"mean.values": {"status": "limit", "error": error}}
    verdict = by_check(judge(hidden_key, Evidence(seen)))["mean.values"]
    assert (verdict.status, verdict.points) == ("limit", 0.0)
    assert said in verdict.message.en
    assert limit_text(error).fr != limit_text(error).en


def test_a_forbidden_call_costs_the_check_that_says_so(hidden_key, observed, mini):
    source = "import numpy as np\ndef row_mean(x):\n    return np.mean(x, axis=1)"
    names = changed(mini, mean=source)
    verdicts = by_check(judge(hidden_key, Evidence(observed(names), [source])))
    assert verdicts["mean.by_hand"].status == "forbidden"
    assert "numpy.mean" in verdicts["mean.by_hand"].message.en
    assert "line 3" in verdicts["mean.by_hand"].message.en
    assert verdicts["mean.values"].status == "right"


def test_a_call_hidden_from_reading_is_watched(hidden_key, observed, mini):
    source = "def row_mean(x):\n    return getattr(np, 'me' + 'an')(x, axis=1)"
    seen = observed(changed(mini, mean=source))
    assert (
        by_check(judge(hidden_key, Evidence(seen, [source])))["mean.by_hand"].status == "forbidden"
    )


def test_by_hand_needs_something_that_is_written(hidden_key, observed, mini):
    names = changed(mini, mean="def row_mean(x):\n    return 0")
    verdict = by_check(judge(hidden_key, Evidence(observed(names))))["mean.by_hand"]
    assert (verdict.status, verdict.points) == ("wrong", 0.0)
    named = changed(mini, mean="def row_mean(x):\n    return x.sum(axis=1)")
    assert by_check(judge(hidden_key, Evidence(observed(named))))["mean.by_hand"].points == 1.0


def test_answers(hidden_key, observed, solution):
    for answer, status in (
        (7, "right"),
        ("7,0", "right"),
        (3, "wrong"),
        ("", "missing"),
        ("x", "wrong"),
    ):
        verdict = by_check(judge(hidden_key, Evidence(observed(solution, {"q1": answer}))))["q1"]
        assert verdict.status == status
    three = by_check(judge(hidden_key, Evidence(observed(solution, {"q1": 3}))))["q1"]
    assert "number of columns" in three.message.en


def test_only_one_exercise_and_round_trip(hidden_key, observed, solution):
    verdicts = judge(hidden_key, Evidence(observed(solution, ANSWERS)), only="softmax")
    assert [v.check for v in verdicts] == ["softmax.values", "softmax.large"]
    assert [Verdict.from_dict(v.to_dict()) for v in verdicts] == verdicts


def test_partial_credit(hidden_key):
    """A metric's marks, through the judge."""
    from grader.check.compare import Metric

    check = replace(
        hidden_key.check("softmax.values"),
        expect={"out": Metric("accuracy", floor=0.5, target=1.0)},
        expected={"out": np.zeros(4)},
    )
    key = replace(hidden_key, checks=(check,))
    seen = {check.id: {"status": "ok", "values": {"out": np.array([0, 0, 0, 1.0])}}}
    (verdict,) = judge(key, Evidence(seen))
    assert (verdict.status, verdict.points) == ("partial", pytest.approx(1.5))
    assert verdict.figure == 0.75


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["ok", "error", "todo", "missing", "limit", "right", "ValueError", "{x}", "{", "}"])
    | st.sampled_from([np.zeros(0), np.zeros((3, 4)), np.array(np.nan), np.array([True]), np.eye(2)])
)  # fmt: skip
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
shaped = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["ok", "error", "todo", "missing", "limit", "right"]) | anything,
        "values": st.fixed_dictionaries({}, optional={"out": anything, "answer": anything}) | anything,
        "error": st.fixed_dictionaries(
            {},
            optional={k: anything for k in ("type", "message", "line", "name", "near", "limit", "value", "what")},
        )
        | anything,
        "weights": st.fixed_dictionaries({}, optional={"missing": anything, "misfit": anything}) | anything,
        "used": anything,
        "expected": anything,
        "mistake": st.sampled_from(["divided-by-rows", "no-root"]) | anything,
        "seconds": anything,
    },
)  # fmt: skip


@settings(max_examples=400)
@given(observation=shaped | anything)
def test_no_made_up_observation_raises_or_earns(hidden_key, observation):
    """Whatever the student zone says: no exception, no point, and verdicts that can be stored."""
    seen = dict.fromkeys((c.id for c in hidden_key.checks), observation)
    with np.errstate(all="ignore"):
        verdicts = judge(hidden_key, Evidence(seen, ["x = 1"]))
    assert len(verdicts) == len(hidden_key.checks)
    for verdict in verdicts:
        assert verdict.points == 0.0 or verdict.status in EARNING
        assert len(verdict.message.en) < 2000
        unpack(pack(verdict.to_dict()))
    earned = {v.check for v in verdicts if v.points}
    assert earned == set(), earned


def test_the_public_keys_answers_are_worth_nothing(hidden_key, public_key):
    """Hard-coded from the key that students have: every value differs in the hidden one."""
    forged = {
        c.id: {"status": "ok", "values": dict(c.expected)} for c in public_key.checks if c.probe
    }
    verdicts = judge(hidden_key, Evidence(forged, [BY_HAND]))
    assert total(verdicts) == 0.0
    assert total(judge(public_key, Evidence(forged, [BY_HAND]))) >= 15

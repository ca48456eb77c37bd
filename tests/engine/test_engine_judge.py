"""The judge: every status, carried mistakes, and observations that somebody made up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.check.compare import Close, Exact, Metric, Raises
from grader.check.judge import (
    EARNING,
    Evidence,
    judge,
    right_alone,
    right_among,
    total,
)  # fmt: skip
from grader.check.observe import observe, put_in_place
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


def with_wrong(key, check, wrong, **changes):
    """`key`, its check expecting what `changes` say, with other values for its mistakes."""
    checks = [replace(c, wrong=wrong, **changes) if c.id == check else c for c in key.checks]
    return replace(key, checks=tuple(checks))


def values(**results):
    return {"status": "ok", "values": results}


# ------------------------------------------------------------------ a name is earned


def test_a_name_needs_every_check_that_the_mistake_touches(hidden_key, observed, mini):
    right = "def standardise(x):\n    c = (x.T - row_mean(x)).T\n    v = row_mean(c * c)[:, None]\n"
    seen = observed(changed(mini, a=right + "    return c / (v + EPSILON)"))
    named = by_check(judge(hidden_key, Evidence(seen)))
    assert (
        named["standardise.values"].diagnosis
        == named["standardise.constant"].diagnosis
        == "no-root"
    )
    unforeseen = right + "    return np.where(v > 0, c / (v + EPSILON), 7.5)"
    found = by_check(judge(hidden_key, Evidence(observed(changed(mini, a=unforeseen)))))
    assert found["standardise.values"].status == found["standardise.constant"].status == "wrong"
    assert found["standardise.values"].diagnosis == found["standardise.constant"].diagnosis == ""


def test_a_name_needs_the_checks_right_that_the_mistake_leaves_right(hidden_key, observed, mini):
    unforeseen = (
        "def softmax(z):\n    e = np.exp(z)\n    return e / (1 + e.sum(axis=1, keepdims=True))"
    )
    with np.errstate(all="ignore"):
        seen = observed(changed(mini, a=unforeseen))
    found = by_check(judge(hidden_key, Evidence(seen)))
    assert (found["softmax.large"].status, found["softmax.large"].diagnosis) == ("wrong", "")


def test_there_is_no_name_while_a_used_exercise_fails(hidden_key, observed, mini):
    mean = "def row_mean(x):\n    return x.sum(axis=1) / (x.shape[1] + 1)"
    root = "def standardise(x):\n    c = (x.T - row_mean(x)).T\n    return c / (row_mean(c * c)[:, None] + EPSILON)"
    found = by_check(judge(hidden_key, Evidence(observed(changed(mini, a=mean, b=root)))))
    assert (
        found["standardise.values"].diagnosis == "" and "1.1" in found["standardise.values"].hint.en
    )


def test_an_exception_does_not_name(hidden_key):
    error = {"status": "error", "values": {}, "error": {"type": "ValueError", "message": "?"}}
    for check in ("standardise.values", "mean.values"):
        key = with_wrong(hidden_key, check, {"divided-by-rows": error})
        verdict = by_check(judge(key, Evidence({check: error})))[check]
        assert (verdict.status, verdict.diagnosis) == ("error", "")


@pytest.mark.parametrize(
    ("expected", "came", "names"),
    [
        ({"out": True}, {"out": False}, False),
        ({"out": 44}, {"out": 30_720}, False),
        ({"out": 1.5}, {"out": 0.25}, False),
        ({"out": np.ones(5)}, {"out": np.zeros(5)}, False),
        ({"out": np.ones(5)}, {"out": np.full(5, np.nan)}, False),
        (
            {"out": {"$raised": True}},
            {"out": {"$raised": False, "class": "TypeError", "value": None}},
            False,
        ),
        (
            {"out": {"$raised": True}},
            {"out": {"$raised": False, "class": "", "value": True}},
            False,
        ),
        (
            {"out": {"$raised": True}},
            {"out": {"$raised": False, "class": "", "value": [0.3, 0.7]}},
            True,
        ),
        ({"out": True, "other": 3}, {"out": False, "other": 4}, True),
        ({"out": 44}, {"out": 0.8271}, True),
        ({"out": np.ones(5)}, {"out": np.arange(5)}, True),
    ],
)
def test_what_says_enough_to_name(hidden_key, expected, came, names):
    kinds = {n: Raises() if isinstance(v, dict) else Close() for n, v in expected.items()}
    key = with_wrong(
        hidden_key, "mean.values", {"not-divided": values(**came)}, expected=expected, expect=kinds
    )
    seen = {c.id: values(**c.expected) for c in hidden_key.checks if c.expected}
    verdict = by_check(judge(key, Evidence({**seen, "mean.values": values(**came)})))["mean.values"]
    assert (verdict.status, verdict.diagnosis) == ("wrong", "not-divided" if names else "")


def test_two_mistakes_that_cannot_be_told_apart_are_not_named(hidden_key):
    wrong = dict.fromkeys(("not-divided", "divided-by-rows"), values(out=np.array([0.3, 0.7])))
    key = with_wrong(hidden_key, "mean.values", wrong)
    seen = {"mean.values": wrong["not-divided"]}
    assert by_check(judge(key, Evidence(seen)))["mean.values"].diagnosis == ""


@pytest.mark.parametrize(("lost", "named"), [(["a/kernel"], ""), (["a/bias"], "not-divided")])
def test_weights_without_a_place_name_only_the_mistake_that_leaves_the_same(
    hidden_key, lost, named
):
    wrong = values(out=np.array([0.3, 0.7]))
    mistake = {**wrong, "weights": {"missing": ["a/bias"], "misfit": []}}
    key = with_wrong(hidden_key, "mean.values", {"not-divided": mistake})
    seen = {**wrong, "weights": {"missing": lost, "misfit": []}}
    verdict = by_check(judge(key, Evidence({"mean.values": seen})))["mean.values"]
    assert verdict.diagnosis == named and lost[0] in verdict.message.en


# ------------------------------------------------------------------ paid once


def look_again(key, mini, names, answers=None):
    """Observe as the student zone does: what fails again, with the reference in place of what it uses."""

    def seen(names, wanted):
        checks = [c for c in key.checks if c.probe is not None and c.id in wanted]
        return {
            c.id: observe(c.probe, names, answers or {}, key.exercise(c.exercise).forbids)
            for c in checks
        }

    def again(look):
        kept = dict(names)
        for exercise in look.replaced:
            put_in_place(key.references[exercise], names)
        right = right_among(key, look, Evidence(seen(names, look.checks)))
        names.update(kept)
        return right

    first = seen(names, {c.id for c in key.checks})
    return Evidence(first, right_alone=right_alone(key, Evidence(first), again))


@pytest.mark.parametrize(
    "mistake",
    ["return x.sum(axis=0)", "return x.sum(axis=1) / 31", "raise ValueError", "raise todo('mean')", "return 0"],
)  # fmt: skip
def test_any_mistake_is_paid_once(hidden_key, mini, mistake):
    source = f"from grader import todo\ndef row_mean(x):\n    {mistake}"
    evidence = look_again(hidden_key, mini, changed(mini, a=source))
    found = by_check(judge(hidden_key, evidence))
    assert found["mean.values"].points == 0
    for check in ("standardise.values", "standardise.constant"):
        assert (found[check].status, found[check].points) == ("carried", found[check].max_points)
        assert "1.1" in found[check].message.en


@pytest.mark.parametrize(
    "worthless",
    [
        "raise ValueError",
        "return x * 0",
        "return x * np.nan",
        "raise todo('standardise')",
        "return x",
    ],
)
def test_a_second_look_gives_nothing_to_what_is_wrong_itself(hidden_key, mini, worthless):
    for mistake in ("x.sum(axis=0) / x.shape[0]", "x.sum(axis=1) / x.shape[0]", "x * 0"):
        source = f"from grader import todo\ndef standardise(x):\n    {worthless}"
        names = changed(mini, a=f"def row_mean(x):\n    return {mistake}", b=source)
        with np.errstate(all="ignore"):
            evidence = look_again(hidden_key, mini, names)
        found = by_check(judge(hidden_key, evidence))
        assert found["standardise.values"].points == found["mean.values"].points == 0


def asked_again(key, seen, right=()):
    """The second looks, of which the checks in `right` come out right."""
    looks = []

    def look(asked):
        looks.append((asked.replaced, asked.checks))
        return right

    right_alone(key, Evidence(seen), look)
    return looks


def test_what_is_right_or_not_begun_is_not_looked_at_again(hidden_key, observed, solution, mini):
    assert asked_again(hidden_key, observed(solution, ANSWERS)) == []
    assert asked_again(hidden_key, observed({})) == []
    gone = changed(mini, a="del row_mean")
    checks = ("standardise.constant", "standardise.values")
    assert asked_again(hidden_key, observed(gone, ANSWERS)) == [(("mean",), checks)]


def test_one_second_look_is_enough_for_a_chain_that_is_right_on_the_reference(hidden_key):
    """c builds on b, and both on a: only what fails even so is replaced in its turn."""
    a, b = (hidden_key.exercise(e) for e in ("mean", "standardise"))
    c = replace(a, id="c", number="9", uses=(a.id, b.id))
    check = replace(hidden_key.check("standardise.values"), id="c.values", exercise="c", wrong={})
    checks = [x for x in hidden_key.checks if x.exercise in (a.id, b.id)]
    key = replace(hidden_key, exercises=(a, b, c), checks=(*checks, check))
    seen = {x.id: values(out=0.5) for x in key.checks}
    later = ("c.values", "standardise.constant", "standardise.values")
    assert asked_again(key, seen, right=later) == [(("mean",), later)]
    carried = by_check(judge(key, Evidence(seen, right_alone=later)))["c.values"]
    assert carried.status == "carried" and "exercise 1.1 in place" in carried.message.en
    assert asked_again(key, seen, right=("standardise.constant", "standardise.values")) == [
        (("mean",), later)
    ]
    assert asked_again(key, seen) == [
        (("mean",), later), (("mean", "standardise"), ("c.values",)),
    ]  # fmt: skip


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


@pytest.mark.parametrize(
    ("body", "points"),
    [
        ("return 0", 0), ("return x * np.nan", 0), ("raise ValueError", 0), ("return x[:, 0] * 0", 0),
        ("return x.sum(axis=1)", 1), ("return x.sum(axis=1) / x.shape[1]", 1),
    ],
)  # fmt: skip
def test_by_hand_needs_something_that_is_written(hidden_key, observed, mini, body, points):
    names = changed(mini, mean=f"def row_mean(x):\n    {body}")
    verdict = by_check(judge(hidden_key, Evidence(observed(names))))["mean.by_hand"]
    assert verdict.points == points


def test_a_refusal_alone_does_not_earn_by_hand(hidden_key):
    """A layer that raises whatever it is given passes a check that bad input is refused."""
    key = with_wrong(
        hidden_key, "mean.values", {}, expected={"out": {"$raised": True}}, expect={"out": Raises()}
    )
    seen = {
        "mean.values": values(out={"$raised": True}),
        "mean.by_hand": {"status": "ok", "values": {}},
    }
    found = by_check(judge(key, Evidence(seen)))
    assert found["mean.values"].points == 4 and found["mean.by_hand"].points == 0


def test_answers_about_networks_need_networks_that_learnt(hidden_key):
    trained = replace(
        hidden_key.checks[0], id="net.accuracy", kind="clean", probe=None, wrong={}, recording="net",
        expect={"out": Metric("accuracy", floor=0.5, target=0.9)}, expected={"out": np.array([0, 1, 2, 3])},
    )  # fmt: skip
    conclusion = replace(
        trained,
        id="net.verdict",
        answers=("best",),
        expect={"best": Exact()},
        expected={"best": "A"},
    )
    key = replace(hidden_key, checks=(trained, conclusion))
    for predicted, points in (([0, 1, 2, 3], 4), ([0, 0, 0, 0], 0), ([0, 1, 0, 0], 0)):
        seen = {"net.accuracy": values(out=np.array(predicted)), "net.verdict": values(best="A")}
        assert by_check(judge(key, Evidence(seen)))["net.verdict"].points == points
    assert (
        by_check(judge(key, Evidence({"net.verdict": values(best="A")})))["net.verdict"].points == 0
    )


def test_the_answer_to_a_graded_question_is_not_told(hidden_key):
    key = with_wrong(
        hidden_key,
        "mean.values",
        {},
        expected={"out": 44183069},
        expect={"out": Exact()},
        quiet=("out",),
    )
    verdict = by_check(judge(key, Evidence({"mean.values": values(out=44115456)})))["mean.values"]
    assert (
        "44115456" in verdict.message.en
        and "44183069" not in verdict.message.en + verdict.message.fr
    )


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


def test_only_one_exercise(hidden_key, observed, solution):
    verdicts = judge(hidden_key, Evidence(observed(solution, ANSWERS)), only="softmax")
    assert [v.check for v in verdicts] == ["softmax.values", "softmax.large"]


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


EMPTY, SQUARE = np.zeros(0), np.eye(2)


@settings(max_examples=400)
@example({"status": "error", "error": dict.fromkeys(["limit", "line", "what"], EMPTY)})
@example({"status": "error", "error": dict.fromkeys(["limit", "line", "what"], SQUARE)})
@example({"status": "missing", "error": dict.fromkeys(["name", "near", "what"], SQUARE)})
@example({"status": "ok", "values": {}, "weights": SQUARE})
@example({"status": "ok", "values": {}, "weights": {"missing": SQUARE, "misfit": SQUARE}})
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
        unpack(pack(verdict))
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

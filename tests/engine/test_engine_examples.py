"""The smallest example on which a wrong function differs: found, short, and right."""

import msgspec
import numpy as np
import pytest

from grader.check.examples import MAX_NUMBERS, Example, small_calls, smallest
from grader.check.observe import observe
from grader.check.probe import Probe, Step, ref
from grader.gradebook.judging import judged
from grader.gradebook.records import Graded
from grader.sandbox.outcome import Outcome


def told(key, names, check):
    examples = key.check(check).examples
    return smallest(examples, (observe(e.probe, names) for e in examples))


def test_the_solution_differs_on_none(hidden_key, public_key, solution):
    for key in (hidden_key, public_key):
        for check in key.checks:
            assert told(key, solution, check.id) is None


@pytest.mark.parametrize(
    ("check", "code", "begins"),
    [
        ("mean.values", "def row_mean(x):\n    return x.sum(axis=1)", "row_mean([["),
        ("mean.values", "def row_mean(x):\n    return x.mean(axis=0)", "row_mean([["),
        ("mean.values", "def row_mean(x):\n    raise ValueError('no')", "row_mean([["),
        ("softmax.values", "def softmax(z):\n    e = np.exp(z)\n    return e / e.sum()", "softmax([["),
        ("standardise.values", "def standardise(x):\n    return x - x.mean(axis=1)[:, None]", "standardise([["),
    ],
)  # fmt: skip
def test_a_wrong_function_differs_on_something_short(public_key, mini, check, code, begins):
    names = mini.namespace()
    exec(code, names)
    text = told(public_key, names, check)
    assert text.en.startswith(begins) and "is right" in text.en and len(text.en) < 120
    assert text.fr != text.en


def test_what_is_shown_is_true(public_key, mini, solution):
    """The call, evaluated, gives what is said of it."""
    names = mini.namespace()
    exec("def row_mean(x):\n    return x.sum(axis=0)", names)
    call, _, rest = told(public_key, names, "mean.values").en.partition(" gives ")
    came, _, right = rest.removesuffix(" is right").partition("; ")
    argument = np.array(eval(call.removeprefix("row_mean(").removesuffix(")")))
    assert argument.size <= MAX_NUMBERS
    assert np.allclose(argument.sum(axis=0), eval(came), atol=1e-3)
    assert np.allclose(solution["row_mean"](argument), eval(right), atol=1e-3)


def test_a_hole_or_a_missing_name_has_no_example(public_key, mini):
    names = mini.namespace()
    exec("from grader import todo\ndef row_mean(x):\n    raise todo('mean')", names)
    assert told(public_key, names, "mean.values") is None
    assert told(public_key, {}, "mean.values") is None


def test_each_call_of_a_probe_is_tried_alone_and_what_is_looked_at_is_said():
    steps = (
        Step("call", "attend", (np.ones((1, 1)),), into="0"),
        Step("item", "$0", (1,), into="weights"),
        Step("call", "attend", (np.ones((9, 9)),), into="large"),
        Step("call", "attend", (ref("0"),), into="chained"),
        Step("call", "shape", (2, 3), into="size"),
    )
    first, second = small_calls(Probe(steps, ("weights", "large", "chained", "size")))
    assert first.keep == ("weights",) and second.keep == ("size",)
    wrong = observe(first, {"attend": lambda x: (x, x + 1)})
    example = Example(first, {"weights": np.ones((1, 1))})
    assert smallest([example], [wrong]).en == "attend([[1]])[1] gives [[2]]; [[1]] is right"


def test_a_graded_wrong_function_has_its_example_a_right_one_has_none(hidden_key, mini):
    names = mini.namespace()
    exec("def row_mean(x):\n    return x.sum(axis=1)", names)
    probes = {p["check"]: p["probe"] for p in hidden_key.questions_for_students()["probes"]}
    seen = {id: observe(msgspec.convert(probe, Probe), names) for id, probe in probes.items()}
    found = judged(hidden_key, [], Outcome(seen), seen, {}, ())["graded"]
    said = {v.check: v.example.fr for v in msgspec.json.decode(found, type=Graded).verdicts}
    assert said["mean.values"].startswith("row_mean([[") and "il faut" in said["mean.values"]
    assert said["softmax.values"] == ""

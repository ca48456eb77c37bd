"""The smallest example on which a wrong function differs: found, short, and right."""

import numpy as np
import pytest

from grader.check.examples import MAX_NUMBERS, smallest
from grader.check.observe import observe


def told(key, names, check):
    return smallest(key.check(check).examples, lambda probe: observe(probe, names))


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

"""Comparisons: what is accepted, what is refused, and what is said about it."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.check.compare import (
    FALSE_ALARM,
    Between,
    Close,
    Distribution,
    Exact,
    Expectation,
    Metric,
)
from grader.check.tree import pack, unpack

GRID = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (GRID, GRID),
        (GRID.astype(np.float64), GRID),
        (GRID.tolist(), GRID),
        (GRID + 1e-6, GRID),
        (np.array([np.nan, np.inf, -np.inf]), np.array([np.nan, np.inf, -np.inf])),
        (3, np.int64(3)),
        (np.array(3.0), 3),
        (True, 1),
        ({"a": 1.0, "more": 5}, {"a": 1.0}),
        ([[1, 2], None, "x"], [[1, 2], None, "x"]),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_close_accepts(came, expected):
    assert Close().match(came, expected).credit == 1.0


@pytest.mark.parametrize(
    ("came", "expected", "said"),
    [
        (GRID.T, GRID, "the axes are in the opposite order"),
        (np.zeros((4, 2, 3)), np.zeros((2, 4, 3)), "two axes are swapped"),
        (np.zeros(5), np.zeros(4), "shape (5,) instead of (4,)"),
        (np.zeros((1, 6)), np.zeros(6), "shape (1, 6) instead of (6,)"),
        (np.full(4, np.nan), np.zeros(4), "4 of 4 values are NaN"),
        (np.array([0.0, np.inf]), np.array([0.0, 1.0]), "inf instead of 1"),
        (np.array([0.0, 2.0]), np.array([0.0, np.inf]), "2 instead of inf"),
        (GRID + 10 * (GRID == 4), GRID, "1 of 6 values differs, at [1, 1]: 14 instead of 4"),
        (None, GRID, "None came instead of an array of shape (2, 3)"),
        ("text", GRID, "'text' came instead of an array"),
        ([[1], [2, 3]], GRID, "came instead of an array"),
        (10**400, 3.0, "came instead of an array"),
        ([10**400, 1], np.zeros(2), "came instead of an array"),
        ({"a": 2.0}, {"a": 1.0}, "[a] 2 came instead of 1"),
        ([1, 2], [1, 2, "x"], "came instead of"),
        (np.zeros(3), "x", "float64 (3,) came instead of 'x'"),
        ([np.zeros(3), "y"], [np.zeros(3), "x"], "[1] 'y' came instead of 'x'"),
        (np.zeros(3), None, "came instead of None"),
        ({"$other": "object"}, GRID, "came instead of an array"),
    ],
)
def test_close_refuses_and_says_why(came, expected, said):
    match = Close().match(came, expected)
    assert match.credit == 0.0
    assert said in match.came.en
    assert match.came.fr and match.came.fr != match.came.en


def test_exact_has_no_tolerance():
    assert Exact().match(44_183_069, 44_183_069).right
    assert not Exact().match(44_183_070, 44_183_069).right
    assert not Exact().match(np.array([1, 2, 4]), np.array([1, 2, 3])).right


def draws(p, n, seed):
    return np.random.default_rng(seed).choice(len(p), size=n, p=p)


def test_distribution_spares_a_right_sampler():
    """Seldom enough that no sampler in a thousand is even near the threshold."""
    p = np.array([0.05, 0.15, 0.3, 0.5])
    figures = [Distribution(4).match(draws(p, 2000, s), p).figure for s in range(1000)]
    assert min(figures) > 1000 * FALSE_ALARM
    assert np.mean(np.array(figures) < 0.05) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize(
    "other",
    [[0.25, 0.25, 0.25, 0.25], [0.15, 0.05, 0.3, 0.5], [0.1, 0.15, 0.3, 0.45]],
    ids=["uniform", "swapped", "a little off"],
)
def test_distribution_has_power(other):
    p = np.array([0.05, 0.15, 0.3, 0.5])
    refused = [
        not Distribution(4).match(draws(np.array(other), 2000, s), p).right for s in range(50)
    ]
    assert np.mean(refused) == 1.0


def test_distribution_refuses_what_is_impossible_or_no_draw():
    p = np.array([0.5, 0.5, 0.0])
    kind = Distribution(3)
    assert "should never come" in kind.match(np.array([0, 1, 2] * 50), p).came.en
    assert "outside 0 to 2" in kind.match(np.array([0, 3]), p).came.en
    assert "outside 0 to 2" in kind.match(np.array([0, -1]), p).came.en
    for came in (np.array([0.5]), np.array([np.nan]), np.array([np.inf]), np.array([]), None, "0"):
        assert kind.match(came, p).credit == 0.0
    assert kind.match(np.zeros(100), np.array([1.0, 0.0, 0.0])).right


def test_too_few_draws_show_nothing():
    p = np.array([0.25, 0.25, 0.25, 0.25])
    kind = Distribution(4, draws=2000)
    assert kind.match(draws(p, 2000, 1), p).right
    for came in (np.array(1), np.zeros(4, dtype=int), draws(p, 1999, 1)):
        assert "instead of 2000" in kind.match(came, p).came.en


def test_distribution_recognises_draws_of_a_misconception():
    p = np.full(4, 0.25)
    kind = Distribution(4, draws=2000)
    assert kind.alike(draws(p, 2000, 1), draws(p, 2000, 2))
    assert not kind.alike(draws(p, 2000, 1), np.zeros(2000, dtype=int))
    assert not kind.alike(draws(p, 2000, 1), draws(p, 1999, 2))


def test_draws_that_no_right_sampler_gives_are_recognised_all_the_same():
    p = np.full(4, 0.25)
    kind = Distribution(4, draws=2000)
    beyond, few = draws(p, 2000, 1) + 3, draws(p, 4, 1)
    assert kind.alike(beyond, draws(p, 2000, 2) + 3)
    assert not kind.alike(beyond, draws(p, 2000, 2) + 2)
    assert not kind.alike(beyond, draws(p, 2000, 2))
    assert kind.alike(few, few)
    scattered = np.arange(2000)
    assert not kind.alike(scattered, scattered + 2000)


@pytest.mark.parametrize(
    ("value", "credit"), [(0.4, 0.0), (0.5, 0.0), (0.65, 0.5), (0.8, 1.0), (0.95, 1.0)]
)
def test_metric_grows_from_floor_to_target(value, credit):
    labels = np.zeros(100)
    came = (np.arange(100) >= 100 * value).astype(float)
    match = Metric("accuracy", floor=0.5, target=0.8).match(came, labels)
    assert match.credit == pytest.approx(credit)
    assert match.figure == pytest.approx(value)


def test_metric_may_be_better_when_smaller():
    kind = Metric("mean_squared_error", floor=4.0, target=1.0)
    labels = np.zeros(10)
    for error, credit in ((3.0, 0.0), (2.0, 0.0), (1.0, 1.0), (0.0, 1.0)):
        assert kind.match(np.full(10, error), labels).credit == pytest.approx(credit)
    assert kind.match(np.full(10, np.sqrt(2.5)), labels).credit == pytest.approx(0.5)


def test_every_metric():
    labels = np.array([[0, 0], [1, 1], [0, 0], [0, 0]])
    came = np.array([[0, 0], [1, 0], [0, 0], [0, 0]])
    figures = {
        name: Metric(name).match(came, labels).figure
        for name in ("accuracy", "exact_match", "balanced_accuracy", "mean_squared_error", "mean")
    }
    assert figures == pytest.approx(
        {
            "accuracy": 7 / 8,
            "exact_match": 3 / 4,
            "balanced_accuracy": 0.75,
            "mean_squared_error": 1 / 8,
            "mean": 1 / 8,
        }
    )


@pytest.mark.parametrize(
    "came",
    [
        None,
        "x",
        np.full(3, np.nan),
        np.zeros(4),
        np.zeros((3, 1)),
        [],
        {"a": 1},
        np.full(3, np.inf),
    ],
)
def test_metric_gives_nothing_for_garbage(came):
    for name in ("mean_squared_error", "accuracy"):
        assert Metric(name, 0.5, 0.8).match(came, np.ones(3)).credit == 0.0


def test_between():
    assert Between(1, 2).match(1.5, None).right and Between(1, 2).match(np.array([2.0]), None).right
    for came in (0.99, 2.01, np.nan, np.inf, None, "1", np.ones(2), 10**400):
        assert not Between(1, 2).match(came, None).right


def test_expectations_survive_the_key():
    for kind in (Close(1e-3, 0.0), Exact(), Distribution(7), Metric("mean", 1, 2), Between(0, 9)):
        assert msgspec.convert(unpack(pack(kind)), Expectation) == kind


garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([np.zeros(0), np.zeros((2, 3)), np.array(np.nan), np.array([True]),
                       np.array([np.inf, 1.0]), np.zeros(3, np.uint8)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=300)
@given(garbage, garbage)
def test_no_comparison_ever_raises(came, expected):
    with np.errstate(all="ignore"):
        assert 0.0 <= Close().match(came, expected).credit <= 1.0
        for kind in (Exact(), Between(0, 1)):
            kind.match(came, expected)


@settings(max_examples=300)
@given(garbage)
def test_no_garbage_is_right(came):
    with np.errstate(all="ignore"):
        assert not Close().match(came, GRID + 0.5).right
        assert (
            not Distribution(3).match(came, np.array([0.2, 0.3, 0.5])).right or np.size(came) < 30
        )
        for name in ("accuracy", "exact_match", "balanced_accuracy", "mean_squared_error"):
            assert Metric(name, 0.5, 1.0).match(came, GRID + 0.5).credit == 0.0 or name.startswith(
                "mean_"
            )


@pytest.mark.parametrize("rtol, atol", [(0.0, 0.0), (1e-3, 1e-4), (1e-4, 1e-5)])
def test_close_agrees_with_numpy_also_on_infinities_and_nan(rtol: float, atol: float) -> None:
    odd = [0.0, -0.0, 1.0, 1.0 + 1e-5, 1.0 + 1e-3, 1e-5, 2e-5, -1.0, np.inf, -np.inf, np.nan, 1e308]
    a, b = (x.ravel() for x in np.meshgrid(odd, odd))
    close = Close(rtol, atol)
    for x, y in zip(a, b, strict=True):
        with np.errstate(invalid="ignore", over="ignore"):
            want = bool(np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=True))
        assert close.match(np.array([x]), np.array([y])).right is want, (x, y)
        assert close.equals(np.array([x]), np.array([y])) is want, (x, y)
    rows, other = np.array([a, a]), np.array([a, b])
    with np.errstate(invalid="ignore", over="ignore"):
        want = bool(np.isclose(rows, other, rtol=rtol, atol=atol, equal_nan=True).all())
    assert close.match(rows, other).right is close.equals(rows, other) is want


def test_equals_looks_into_nested_results_and_at_shapes() -> None:
    close = Close()
    tree = {"a": np.ones(3), "b": [np.zeros(2), "name", None]}
    assert close.equals(tree, {"a": np.ones(3), "b": [np.zeros(2), "name", None]})
    assert not close.equals(tree, {"a": np.ones(3), "b": [np.zeros(2), "other", None]})
    assert not close.equals(np.ones((2, 3)), np.ones((3, 2)))
    assert not close.equals("text", np.ones(3))

"""Answers to questions, as students write them in two languages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.check.answers import digest, digests, normalise, numbers_in, readings


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (82, 82), (82.0, 82), ("82", 82), (" 82 ", 82), ("+82", 82), ("-3", -3), ("\u22123", -3),
        ("82.", 82), ("= 82", 82), ("82 paramètres", 82), ("environ 82", 82), ("[82]", 82), ([82], 82),
        ("≈ 169 093", 169093), ("44 183 069", 44183069), ("44\u202f183\u202f069", 44183069),
        ("44\u00a0183\u00a0069", 44183069), ("44,183,069", 44183069), ("44.183.069", 44183069),
        ("44_183_069", 44183069), ("44'183'069", 44183069), ("1,234", 1234), ("1.234,5", 1234.5),
        ("0,46", 0.46), ("0.46", 0.46), (".46", 0.46), ("0,465", 0.465), ("12,5", 12.5), ("4,54 nats", 4.54),
        ("46 %", 0.46), ("46 pour cent", 0.46), ("1e-3", 1e-3), ("1,5e3", 1500),
        (np.float32(0.5), 0.5), (np.array([7]), 7), (np.int64(7), 7),
    ],
)  # fmt: skip
def test_numbers(given, number):
    assert numbers_in(given)[0] == pytest.approx(number)


def test_what_can_be_read_in_two_ways_is():
    assert numbers_in("46 %") == [0.46, 46]
    assert numbers_in("1,234") == [1234, 1.234]


@pytest.mark.parametrize(
    "given",
    ["", "abc", "1 2 x", "82 ou 83", "--3", "1.2.3", "x2", "10-5", True, None, [1, 2], np.zeros(3), {"a": 1},
     "0x10", "nan", "∞", float("nan"), 10**400, "9" * 5000],
)  # fmt: skip
def test_no_numbers(given):
    assert numbers_in(given) == readings(given, "number") == []
    assert normalise(given, "number") == ""


def test_a_whole_number_is_never_rounded_first():
    right = normalise(82, "number")
    assert all(right in readings(x, "number") for x in (82, 82.0, "82,0", "82.00"))
    assert not any(right in readings(x, "number") for x in (81.5, 82.4, "81,6", "82,01"))
    assert readings(float("inf"), "number") == ["inf"]


def test_decimals_and_minus_zero():
    assert normalise("0,4649", "number", 2) == normalise(0.46, "number", 2) == "0.46"
    assert normalise(-0.0001, "number", 2) == "0.00"
    assert normalise(7.0, "number") == "7"


def test_choices():
    for answer in ("b", "B.", "(b)", "réponse B", "Le B", "c'est B", "The answer is B", "option b"):
        assert "b" in readings(answer, "choice")
    assert "locuteur" in readings("le locuteur", "choice")
    assert "b" not in readings("not B", "choice")
    assert normalise("NON", "choice") == normalise("non !", "choice") == "non"
    several = [["b", "a"], ("A", "B"), {"a", "b"}, "a, b", "B;A", "a et b", "b and a", "a/b", "a+b"]
    assert {normalise(s, "choices") for s in several} == {"a|b"}
    assert "a|b" in readings("les réponses A et B", "choices")
    assert readings(3, "choices") == []


@settings(max_examples=300)
@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.lists(st.none() | st.text(max_size=3) | st.integers(), max_size=4)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=3)
    | st.sampled_from([np.zeros(0), np.zeros((2, 2)), np.array(np.nan)])
)  # fmt: skip
def test_no_answer_raises(given):
    for kind in ("number", "choice", "choices"):
        assert all(isinstance(form, str) for form in readings(given, kind, 2))


def test_digests_are_salted():
    assert digest("82", "a") == digest("82", "a") != digest("82", "b")
    assert digests(["2", "1"], "s") == digests(["1", "2"], "s")

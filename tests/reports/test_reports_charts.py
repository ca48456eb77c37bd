"""Charts, numbers and the terminal's table."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from synthetic import SCRIPT, make_class, make_key

from grader.check.text import number
from grader.notebook.plot import (
    MAX_POINTS,
    curves,
    families,
    histogram,
    image,
    matrices,
    thin,
    ticks,
    training,
)
from grader.reports.tables import summary_table
from grader.reports.words import date, duration, percent

KEY = make_key()
CLASS = make_class()


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 20), (-3.2, 4.7), (1e-9, 2e-9), (0, 1e12), (5, 5), (99.5, 100.5)]
)
def test_ticks_cover_the_range_in_round_steps(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks == sorted(marks) and 1 <= len(marks) <= 9
    if high > low:
        assert marks[0] <= low + 1e-12 and marks[-1] >= high - 1e-9 * abs(high)


def test_a_histogram_counts_every_value_even_outside() -> None:
    svg = histogram([0, 20, 25, -3, 9.99], 0, 20, 20, "alt", "x", "y", "en", {"mean": 12.0})
    assert svg.count('class="column"') == 3
    assert "<title>alt</title>" in svg and "mean 12" in svg


def test_texts_in_charts_are_escaped() -> None:
    assert SCRIPT not in histogram([1], 0, 2, 2, SCRIPT, SCRIPT, SCRIPT, "en", {SCRIPT: 1})
    assert SCRIPT not in curves({SCRIPT: [1, 2]}, SCRIPT, SCRIPT, "en")


def test_curves_break_where_a_value_is_not_finite() -> None:
    assert curves({"loss": [3.0, 2.0, None, 1.0, 0.5]}, "a", "x", "en").count("<polyline") == 2
    assert curves({"loss": [None, None]}, "a", "x", "en") == ""
    assert curves({"loss": [2.0, 2.0, 2.0]}, "a", "x", "en").count("<polyline") == 1


def test_validation_is_drawn_with_training() -> None:
    grouped = families({"loss": [1], "val_loss": [2], "accuracy": [0]})
    assert {k: list(v) for k, v in grouped.items()} == {
        "loss": ["loss", "val_loss"], "accuracy": ["accuracy"]
    }  # fmt: skip


def test_heat_maps_show_the_slice_that_differs_most() -> None:
    good = np.zeros((3, 2, 4))
    bad = good.copy()
    bad[1, 0, 2] = 5
    svg = matrices(bad, good, "en")
    assert "slice [1]" in svg and "1 of 8 cells differ" in svg
    assert svg.count("<image") == 3


def test_heat_maps_of_odd_things() -> None:
    assert matrices(None, np.zeros((2, 2)), "en") == ""
    assert matrices(np.zeros((0, 2)), np.zeros((2, 2)), "en") == ""
    assert matrices([[1, 2], [3]], np.zeros((2, 2)), "en") == ""
    assert matrices(np.array(["a"]), np.zeros((2, 2)), "en") == ""
    assert matrices(np.zeros((2, 3)), np.zeros((3, 2)), "en").count("<image") == 2
    assert "NaN" in matrices(np.full((2, 2), np.nan), np.eye(2), "fr")
    assert matrices(np.full((2, 2), np.inf), np.full((2, 2), np.nan), "en")
    assert matrices(np.ones(4), np.ones(4), "en").count("<polyline") == 3
    assert len(matrices(np.eye(3000), np.eye(3000), "en")) < 100_000


def test_a_chart_becomes_an_image_with_its_style_and_its_alt_text() -> None:
    drawn = image(matrices(np.eye(2), np.ones((2, 2)), "fr", 'le "masque"'))
    assert drawn.startswith("<img ") and "le &quot;masque&quot; : deux cartes" in drawn
    body = base64.b64decode(drawn.split("base64,")[1].split('"')[0]).decode()
    parsed = ElementTree.fromstring(body)
    assert any(e.tag.endswith("style") for e in parsed) and body.count("<image") == 3
    assert image(matrices(None, None, "en")) == ""


def test_a_trainings_curves_in_two_panels() -> None:
    assert training({"loss": [1.0]}, "a", "x", "en") == ""
    drawn = training(
        {"loss": [2.0, 1.0, float("nan")], "accuracy": [0.1, 0.9, 0.95]}, "a", "x", "en", 10
    )
    assert drawn.count("<polyline") == 2 and 'viewBox="0 0 960' in drawn
    ElementTree.fromstring(drawn)
    assert 'stroke-dasharray="1 3"' in training(
        {"loss": [2.0, 1.0]}, "a", "x", "en", goals={"loss": 1.5}
    )
    assert len(thin(list(range(10_000)))) == MAX_POINTS


def test_a_metric_measured_now_and_then_spans_the_whole_curve() -> None:
    values = {"loss": [9.0, 8, 7, 6, 5, 4, 3, 2], "val_loss": [8.0, 3.0]}
    every, seldom = re.findall(r'points="([^"]+)"', training(values, "a", "x", "en", total=8))
    steps = [p.split(",")[0] for p in every.split()]
    assert [p.split(",")[0] for p in seldom.split()] == [steps[3], steps[7]]


def test_numbers_are_written_as_in_the_language() -> None:
    assert (number(13.5, "en"), number(13.5, "fr"), number(4.0, "fr")) == ("13.5", "13,5", "4")
    assert (number(None, "en"), number(float("nan"), "fr"), number(-0.001, "en")) == ("–", "–", "0")
    assert number(20, "en", 0) == "20"
    assert (percent(0.999, "en"), percent(0.001, "en"), percent(1, "fr")) == (
        "99%",
        "1%",
        "100\u00a0%",
    )
    assert duration(185, "en") == "3\u00a0min\u00a005\u00a0s"
    assert duration(0.84, "fr") == "0,8\u00a0s"
    assert duration(3725, "en") == "1\u00a0h\u00a002\u00a0min"


def test_dates() -> None:
    assert date("2026-11-01T09:05:00", "fr") == "1er novembre 2026 à 9\u00a0h\u00a005"
    assert date("2026-11-21T20:47:00+00:00", "en") == "21 November 2026, 20:47 UTC"
    assert date("yesterday", "en") == "yesterday"


def shown(width: int, **options: object) -> str:
    file = io.StringIO()
    table = summary_table(CLASS, KEY, "en", width=width, **options)
    Console(file=file, width=width, force_terminal=False).print(table)
    return file.getvalue()


def test_the_table_shows_every_student_as_written() -> None:
    text = shown(120, most=None)
    assert "[red]Rouge[/red]" in text and "Zoé O'Brien" in text and "=HYPERLINK" in text
    zoe = next(line for line in text.splitlines() if "Zoé" in line)
    assert f"{CLASS[0].total:.2f}" in zoe
    done = [g.total for g in CLASS if g.problem is None]
    assert any(
        f"mean of {len(done)}" in line and f"{sum(done) / len(done):.2f}" in line
        for line in text.splitlines()
    )


@pytest.mark.parametrize("width", [48, 60, 80, 200])
def test_a_narrow_terminal_keeps_name_total_and_state(width: int) -> None:
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    row = next(line for line in text.splitlines() if "Chloé Petit" in line)
    assert "9.38" in row and "to be read" in row


def test_a_long_class_is_cut_and_says_so() -> None:
    text = shown(100, most=5)
    assert f"{len(CLASS) - 5} more students" in text and "Zoé" not in text


def test_control_characters_of_a_name_do_not_reach_the_terminal() -> None:
    from dataclasses import replace

    evil = replace(CLASS[0], student="\x1b[31mred\x07")
    file = io.StringIO()
    Console(file=file, width=80).print(summary_table([evil], KEY, "en", width=80))
    assert "\x1b" not in file.getvalue() and "\x07" not in file.getvalue()


def test_an_empty_class_is_a_table_too() -> None:
    Console(file=io.StringIO(), width=80).print(summary_table([], KEY, "fr", width=80))


def test_rounding_is_not_drawn_as_a_gap() -> None:
    expected = np.array([[0.1, 0.9], [0.8, 0.2]])
    wrong = expected.copy()
    wrong[0, 0] = 0.5
    same, nearly, other = (
        re.findall(r'base64,([^"]+)"', matrices(x, expected, "en"))[2]
        for x in (expected, expected + 1e-8, wrong)
    )
    assert same == nearly != other

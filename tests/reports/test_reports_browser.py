"""The pages in a real browser: accessible by axe's rules, no script, no other file, fit to print."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from synthetic import make_class, make_evidence, make_key

from grader.check.text import same
from grader.gradebook.alike import look_alikes
from grader.gradebook.course import CourseRow
from grader.gradebook.decisions import Decision
from grader.gradebook.decisions import decided as settle
from grader.gradebook.late import lateness
from grader.gradebook.records import About, Change, Doubt, Graded
from grader.gradebook.settings import LatePolicy
from grader.reports.class_page import class_page, course_page, lab_line, similar_page
from grader.reports.feedback import feedback_page, how_total

KEY = make_key()
AT = "2026-11-21T10:00:00+00:00"
HAND = Decision("mark", "masks.leak", 0.5, "<b>à l'oral</b>", AT, "mr")
TOTAL = Decision("mark", "", 12.25, "entretien", AT, "mr")
CELLS = [
    "import tensorflow as tf",
    "def attention(q, k, v, mask=None):\n    scores = q @ k\n    return scores @ v, scores",
]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def decided(graded: list[Graded]) -> list[Graded]:
    """A class with late ones, answers read, marks set by hand."""
    due = datetime(2026, 11, 20, tzinfo=UTC)
    policy = LatePolicy(percent=10, max_percent=50)
    found = []
    for i, g in enumerate(graded):
        g = replace(g, attempts=1 + i % 3, answers={"q12": "<i>Parce que</i>\n" + "mot " * 40})
        if i % 4 == 1:
            g = replace(g, late=lateness(due, due + timedelta(hours=9 * i), policy, 20))
        if i % 5 == 2:
            read = {
                "status": "partial",
                "points": 0.25,
                "message": same("item"),
                "hint": same("mot"),
            }
            verdicts = (replace(v, **read) if v.check == "q12" else v for v in g.verdicts)
            g = replace(g, verdicts=tuple(verdicts))
        found.append(settle(g, [HAND] * (i % 6 == 3) + [TOTAL] * (i % 7 == 4)))
    return found


CLASS = decided(make_class(48))
ABOUT = About(
    ("Inconnu",), ("Camille Dupont",),
    (Change("<b>Zoé</b>", "1", 12.0, 13.5, same("masks.leak 0→0.5")),),
    (Doubt(CLASS[0].student_id, (same("the same submission as B"),)),),
    earlier=(("2025", 60, {"no-scale": 12}),),
)  # fmt: skip


def test_the_sum_on_the_page_is_the_total() -> None:
    for g in CLASS:
        assert round(sum(s.points for s in how_total(g, KEY)), 2) == pytest.approx(
            g.total, abs=0.011
        )
    assert any(g.late and g.penalty for g in CLASS) and any(g.total_by_hand for g in CLASS)


def test_marks_set_by_hand_keep_what_they_replace() -> None:
    g = next(g for g in CLASS if g.by_hand and not g.total_by_hand and g.problem is None)
    assert g.by_hand[0].before in (0.0, 0.5)
    assert next(v.points for v in g.verdicts if v.check == "masks.leak") == 0.5
    lost = next(g for g in make_class(24) if g.problem is not None)
    saved = settle(lost, [TOTAL])
    assert saved.counts and saved.total == 12.25


def pages() -> dict[str, str]:
    evidence = make_evidence(CLASS)
    late = next(g for g in CLASS if g.late and g.penalty)
    hand = next(g for g in CLASS if g.by_hand and g.student_id in evidence)
    lost = next(g for g in CLASS if g.problem is not None)
    code = "def solve(x, y):\n" + "".join(f"    t{i} = (x * {i}) % y + {i}\n" for i in range(30))
    pairs = look_alikes(CLASS[:6], {g.student_id: [code] for g in CLASS[:2]}, [])
    assert pairs
    found = {}
    for lang in ("fr", "en"):
        for name, g in (("late", late), ("hand", hand), ("lost", lost)):
            shown = evidence.get(g.student_id)
            options = {"evidence": shown, "cells": CELLS, "lang": lang}
            found[f"{name} {lang}"] = feedback_page(g, KEY, contact="a@b.fr", **options)
            found[f"{name} for the teacher {lang}"] = feedback_page(
                g, KEY, teacher=True, page="x.html", **options
            )
        grouped = [replace(g, group="AB"[i % 2]) for i, g in enumerate(CLASS)]
        absent = Graded("Absente Toujours", "a@e.fr", "", KEY.lab, "", group="B")
        found[f"class {lang}"] = class_page([*grouped, absent], KEY, lang, about=ABOUT)
        row = CourseRow("Zoé Roux", "A", {"tp1": 12.5, "tp2": "excused"}, None)
        found[f"course {lang}"] = course_page("", [lab_line(CLASS, KEY, 1)], [row], lang)
        found[f"similar {lang}"] = similar_page(pairs, KEY, 6, lang)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize(("width", "height", "scheme"), [(1100, 900, "dark"), (390, 800, "light")])
def test_axe_finds_nothing_and_nothing_overflows(
    browser: Any, tmp_path: Path, width: int, height: int, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    faults = {}
    for name, text in pages().items():
        path = tmp_path / f"{name}.html"
        path.write_text(text)
        context = browser.new_context(
            bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": height}
        )
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda r, asked=asked: asked.append(r.url))
        page.goto(path.as_uri())
        assert asked == [path.as_uri()]
        assert page.locator("link, iframe, object, embed").count() == 0
        for fold in page.locator("details").all():
            fold.evaluate("e => e.open = true")
        violations = Axe().run(page).response["violations"]
        if violations:
            faults[name] = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in violations]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            faults[f"{name} width"] = wide
        context.close()
    assert faults == {}

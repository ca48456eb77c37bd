"""The pages say what the records say, escape everything, and can be read by everyone."""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import re
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from bs4 import BeautifulSoup
from synthetic import SCRIPT, make_class, make_evidence, make_key

from grader.check.text import Text
from grader.gradebook.records import Graded
from grader.notebook.cells import CellReport
from grader.reports.class_page import class_page
from grader.reports.evidence import _bindings
from grader.reports.feedback import failed_cells, feedback_page, first_to_mend
from grader.reports.page import file_stems
from grader.reports.summary import summarise
from grader.reports.words import STATUS

KEY = make_key()
CLASS = make_class()
EVIDENCE = make_evidence(CLASS)


def parse(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def sound(html: str, lang: str) -> BeautifulSoup:
    """What holds for every page."""
    soup = parse(html)
    assert html.startswith("<!DOCTYPE html>")
    assert soup.html["lang"] == lang
    assert soup.title.get_text().strip()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    for script in soup.find_all("script"):  # only what the page's own policy names runs
        digest = hashlib.sha256(script.string.encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy and not script.attrs
    assert not soup.find_all(["iframe", "object", "embed", "link", "base", "form"])
    assert SCRIPT not in html
    for tag in soup.find_all(True):
        assert not [a for a in tag.attrs if a.startswith("on")], tag
        for attribute in ("href", "src", "xlink:href", "action"):
            if tag.get(attribute):
                assert re.match(
                    r"#|(\.\./)?(feedback|submissions)/[\w-]+\.html$|\.\./class\.html$|mailto:|data:image/",
                    tag[attribute],
                ), tag
        assert "url(" not in tag.get("style", "")
    assert "url(" not in soup.style.string and "@import" not in soup.style.string
    levels = [int(h.name[1]) for h in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    for svg in soup.find_all("svg", role="img"):
        assert svg.find("title").get_text().strip()
    ids = [t["id"] for t in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for link in soup.find_all("a", href=re.compile("^#")):
        assert link["href"][1:] in ids
    for icon in soup.find_all("use"):
        assert icon["href"][1:] in ids
    for table in soup.find_all("table"):
        assert table.find("th", scope="col") or set(table["class"]) & {"listing", "compared"}
    return soup


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_feedback_page_is_sound_and_complete(lang: str) -> None:
    for g in CLASS:
        soup = sound(feedback_page(g, KEY, evidence=EVIDENCE.get(g.student_id), lang=lang), lang)
        if g.student.strip():
            assert " ".join(g.student.split()) in " ".join(soup.header.get_text().split())
        assert g.receipt in soup.header.get_text()
        checks = soup.find_all("article", class_="check")
        assert len(checks) == len(g.verdicts)
        for article, verdict in zip(checks, g.verdicts, strict=True):
            badge = article.find(class_="badge")
            assert badge.get_text().strip() == STATUS[verdict.status].to(lang)
            assert badge.find("use")["href"] == f"#i-{verdict.status}"
            assert verdict.title.to(lang) in " ".join(article.h3.get_text().split())
            said = " ".join(article.get_text().split())
            assert said.startswith(verdict.title.to(lang))
            for part in verdict.message.to(lang).rsplit(" → ", 1):
                assert " ".join(part.split()) in said
            assert verdict.hint.to(lang) in said


def test_the_language_is_the_submissions() -> None:
    for g in CLASS[:6]:
        assert parse(feedback_page(g, KEY)).html["lang"] == g.lang


def test_a_right_answer_is_shown_as_the_students() -> None:
    verdicts = tuple(
        replace(v, status="right", points=1.0, message=Text(en="82", fr="82"))
        if v.check == "q6"
        else v
        for v in CLASS[0].verdicts
    )
    page = parse(feedback_page(replace(CLASS[0], verdicts=verdicts), KEY, lang="fr"))
    assert "votre réponse\u00a0: 82" in page.find(id="check-q6").get_text()


def test_backticks_are_code_and_nothing_else_is_markup() -> None:
    hostile = Text(
        en="use `x[:, 0] < 1`, not <b>`y`</b>", fr="écrivez `x[:, 0] < 1`, pas <b>`y`</b>"
    )
    verdicts = tuple(
        replace(v, status="wrong", points=0.0, message=hostile) for v in CLASS[0].verdicts
    )
    article = parse(feedback_page(replace(CLASS[0], verdicts=verdicts), KEY, lang="fr")).find(
        class_="check"
    )
    assert [c.get_text() for c in article.find_all("code")][:2] == ["x[:, 0] < 1", "y"]
    assert article.b is None and "`" not in article.get_text()


def test_a_wrong_function_has_its_smallest_example() -> None:
    example = Text(en="f([[1]]) gives <b>; 2 is right", fr="f([[1]]) donne <b> ; 2 est juste")
    verdicts = tuple(
        replace(v, status="wrong", points=0.0, example=example) for v in CLASS[0].verdicts[:1]
    )
    page = parse(feedback_page(replace(CLASS[0], verdicts=verdicts), KEY, lang="fr"))
    assert "Par exemple" in page.find(class_="check").get_text()
    assert "f([[1]]) donne <b> ; 2 est juste" in page.find(class_="check").get_text()


def test_mark_bonus_and_cap_are_explained() -> None:
    capped = next(g for g in CLASS if g.earned > g.max_points)
    text = parse(feedback_page(capped, KEY, lang="en")).header.get_text()
    assert "20 / 20" in " ".join(text.split()) and "the total stops at 20" in text


def test_french_numbers_have_a_comma() -> None:
    g = next(g for g in CLASS if g.verdicts and g.total != round(g.total, 1))
    shown = f"{g.total:.2f}"
    assert shown.replace(".", ",") in feedback_page(g, KEY, lang="fr")
    assert shown in feedback_page(g, KEY, lang="en")


def test_pictures_are_drawn_only_where_given() -> None:
    g = next(g for g in CLASS if "attention.weights" in EVIDENCE.get(g.student_id, {}))
    with_picture = parse(feedback_page(g, KEY, evidence=EVIDENCE[g.student_id]))
    article = with_picture.find(id="check-attention.weights")
    assert article.figure.svg.title.get_text()
    assert len(article.figure.find_all("image")) == 3
    assert (
        not parse(feedback_page(g, KEY)).find(id="check-attention.weights").find("svg", role="img")
    )


def test_what_could_not_be_graded_says_why_and_shows_no_points() -> None:
    g = next(g for g in CLASS if g.problem)
    soup = sound(feedback_page(g, KEY, lang="fr"), "fr")
    assert "pas un notebook" in soup.get_text()
    assert not soup.find_all("article") and "/ 20" not in soup.get_text()


def test_cells_that_failed_are_listed() -> None:
    cells = (
        CellReport(1, "ok"),
        CellReport(2, "error", {"type": "ValueError", "message": SCRIPT, "line": "x", "at": 7}),
        CellReport(
            3, "limit", {"type": "LimitHit", "limit": "cell", "value": "20", "line": "spin()"}
        ),
        CellReport(4, "skipped"),
        CellReport(5, "skipped"),
        CellReport(6, "todo"),
        CellReport(7, "skipped"),
    )
    assert [(c.label, c.status) for c in failed_cells(cells)] == [
        ("2", "error"), ("3", "limit"), ("4–5", "skipped"), ("6", "todo"), ("7", "skipped")
    ]  # fmt: skip
    text = sound(feedback_page(replace(CLASS[0], cells=cells), KEY, lang="en"), "en").get_text()
    assert f"ValueError: {SCRIPT}" in text and "line 7" in text and "spin()" in text


def test_a_recording_is_shown_with_its_curve_and_its_metric() -> None:
    g = next(g for g in CLASS if g.recordings)
    soup = sound(feedback_page(g, KEY, lang="en"), "en")
    figure = next(v.figure for v in g.verdicts if v.check == "reverser.exact_match")
    assert f"{figure:.3f}".rstrip("0") in soup.get_text()
    drawn = [s for s in soup.find_all("svg", role="img") if s.find("polyline")]
    assert len(drawn) == 2
    assert len(drawn[0].find("polyline")["points"].split()) == g.recordings[0]["epochs"]


HOSTILE = (
    {},
    {"name": SCRIPT, "history": {SCRIPT: [1, 2, 3]}, "created": SCRIPT, "epochs": SCRIPT},
    {"name": 3, "history": [1, 2], "seconds": "long", "epochs": -4},
    {"name": "a", "history": {"loss": "abc", "x": [[1], 2], "b": [True, False], "e": []}},
    {"name": "n", "history": {"loss": [math.nan] * 5}, "seconds": math.inf, "epochs": math.nan},
    {"name": "h", "history": {"loss": [1e308, -1e308, 10**400]}, "epochs": 10**400},
    {"name": "o", "history": {"loss": [0.0]}},
    {"name": "{e} %s {{ 7*7 }}", "history": {"{x}": [1.0, 2.0]}},
    {"name": "m" * 10_000, "history": {f"m{i}": [i, i + 1] for i in range(500)}},
)


@pytest.mark.parametrize("manifest", HOSTILE)
def test_hostile_manifests_do_no_harm(manifest: dict) -> None:
    g = replace(CLASS[0], recordings=(manifest, "nothing"))
    html = feedback_page(g, KEY, lang="en")
    sound(html, "en")
    assert len(html) < 150_000
    assert "49" not in parse(html).find_all("h3")[-1].get_text()
    sound(class_page([g], KEY, "en"), "en")


def test_a_long_history_stays_small() -> None:
    steps = [1 / (i + 1) for i in range(50_000)]
    g = replace(CLASS[0], recordings=({"name": "r", "history": {"loss": steps}},))
    assert len(feedback_page(g, KEY)) < 80_000


def test_mend_first_is_what_costs_most_one_a_mistake() -> None:
    for g in CLASS:
        chosen = first_to_mend(g)
        named = [v.diagnosis for v in chosen if v.diagnosis]
        assert len(named) == len(set(named))
        losses = [v.max_points - v.points for v in chosen]
        assert losses == sorted(losses, reverse=True) and all(x > 0 for x in losses)
        assert not [v for v in chosen if v.bonus or v.status in ("carried", "pending")]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_class_page_is_sound_and_counts_right(lang: str) -> None:
    links = {g.student_id: f"submissions/{file_stems(CLASS)[g.student_id]}.html" for g in CLASS}
    soup = sound(class_page(CLASS, KEY, lang, links=links), lang)
    tiles = [t.get_text() for t in soup.select(".tile b")]
    failed = sum(g.problem is not None for g in CLASS)
    assert tiles[:2] == [str(len(CLASS) - failed), str(failed)]
    table = soup.find_all("table")[-1]
    assert len(table.tbody.find_all("tr")) == len(CLASS)
    assert {a["href"] for a in table.find_all("a")} == set(links.values())
    histogram = soup.find("svg", role="img")
    counts = [int(t.get_text()) for t in histogram.find_all("text", class_="small")]
    assert sum(counts) == len(CLASS) - failed


def test_mistakes_come_in_order_of_points_lost_and_are_counted_by_student() -> None:
    summary = summarise(CLASS, KEY)
    lost = [m.lost for m in summary.mistakes]
    assert lost == sorted(lost, reverse=True) and len(lost) > 5
    for mistake in summary.mistakes:
        if mistake.id not in KEY.misconceptions:
            continue
        made = [
            [v for v in g.verdicts if v.diagnosis == mistake.id and v.status != "carried"]
            for g in CLASS
        ]
        assert mistake.students == sum(bool(m) for m in made)
        assert mistake.lost == pytest.approx(sum(v.max_points - v.points for m in made for v in m))
    page = parse(class_page(CLASS, KEY, "en"))
    said = [li.find(class_="say").get_text() for li in page.select(".mistakes li")]
    assert said == [m.text.en for m in summary.mistakes[: len(said)]]


def test_identical_recordings_are_listed_and_a_groups_are_not() -> None:
    summary = summarise(CLASS, KEY)
    ((name, who),) = summary.shared_recordings
    assert name == "reverser" and {g.student_id for g in who} == {"1020", "1021", "1022"}
    pair = [replace(g, origin="one.ipynb", digest="same") for g in CLASS[20:22]]
    assert not summarise(pair, KEY).shared_recordings
    assert not summarise(pair, KEY).shared_submissions
    copied = [replace(g, digest="same") for g in CLASS[:2]]
    assert len(summarise(copied, KEY).shared_submissions) == 1


def test_success_by_check_is_the_mean_share_of_points() -> None:
    done = [g for g in CLASS if g.problem is None]
    for *_, checks in summarise(CLASS, KEY).exercises:
        for success in checks:
            verdicts = [next(v for v in g.verdicts if v.check == success.check) for g in done]
            share = sum(v.points / v.max_points for v in verdicts) / len(done)
            assert success.mean == pytest.approx(share)
            assert sum(success.counts.values()) == len(done)


def test_a_thousand_students_fit_in_five_megabytes() -> None:
    many = make_class(1000)
    links = {g.student_id: f"submissions/{g.student_id}.html" for g in many}
    assert len(class_page(many, KEY, "fr", links=links).encode()) < 5_000_000


def test_notices_of_the_author_may_hold_braces() -> None:
    g = replace(CLASS[0], notices=(Text(en="{a} {{b}}", fr="{a} {{b}}"),))
    assert "{a} {{b}}" in feedback_page(g, KEY)


def test_an_unknown_language_reads_english() -> None:
    assert parse(feedback_page(replace(CLASS[0], lang="de"), KEY)).html["lang"] == "en"


def test_a_solitary_record_needs_no_links() -> None:
    soup = sound(class_page([CLASS[0]], KEY, "fr"), "fr")
    assert not soup.find("table").find_all("a")


def _luminance(colour: str) -> float:
    colour = colour.lstrip("#")
    colour = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_letters_stand_out_by_wcag_aa_in_light_and_dark() -> None:
    css = resources.files("grader.reports").joinpath("templates/_style.css").read_text()
    themes = re.findall(r":root \{([^}]*)\}", css)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+):\s*(#\w+)", theme))
        grounds = ["ground", "card", "tint", "tint-bad", "lift"]
        pairs = [(c, ground) for c in ("ink", "soft", "blue") for ground in grounds]
        pairs += [("ink", "hit"), ("bad", "card")]
        badges = re.findall(r"background: var\(--([\w-]+)\); color: var\(--(\w+)\)", css)
        pairs += [(letters, ground) for ground, letters in badges]
        assert len(pairs) > 20
        for letters, ground in pairs:
            values = _luminance(colours[letters]), _luminance(colours[ground])
            assert (max(values) + 0.05) / (min(values) + 0.05) >= 4.5, (letters, ground)


def test_a_graded_record_without_verdicts_is_shown() -> None:
    empty = Graded("S", "s", "o", KEY.lab, "d")
    sound(feedback_page(empty, KEY, lang="en"), "en")
    sound(class_page([empty], KEY, "en"), "en")


def test_the_code_of_an_exercise_stands_beside_its_verdicts() -> None:
    g = next(g for g in CLASS if any(v.status == "error" for v in g.verdicts))
    bad = next(v for v in g.verdicts if v.status == "error")
    cells = [
        f"def {bad.exercise}(q, k):\n    return None",
        f"# %%\n@once\ndef {bad.exercise}(q, k):\n    scores = q @ k\n    return scores",
        "%matplotlib inline\nother = 1",
    ]
    article = parse(feedback_page(g, KEY, cells=cells, lang="en")).find(id=f"check-{bad.check}")
    code = article.find_parent("section").find("details", class_="code-of")
    assert not code.has_attr("open") and "code cell 2" in code.get_text()
    lines = [(r.td.get_text(), r.code.get_text()) for r in code.find_all("tr")]
    assert lines[0] == ("2", "@once") and lines[2] == ("4", "    scores = q @ k")
    assert [m.get_text().strip() for m in code.find_all("mark")] == ["scores = q @ k"]


def test_values_stand_beside_the_expected_ones_and_mistakes_are_the_teachers() -> None:
    g = next(g for g in CLASS if "attention.weights" in EVIDENCE.get(g.student_id, {}))
    check = KEY.check("attention.weights")
    mistake = KEY.misconceptions["softmax-over-queries"].text.en
    for teacher in (False, True):
        page = feedback_page(
            g, KEY, evidence=EVIDENCE[g.student_id], lang="en", teacher=teacher, page="x.html"
        )
        article = sound(page, "en").find(id=f"check-{check.id}")
        table = article.find("table", class_="compared")
        heads = [th.get_text() for th in table.find_all("th", scope="col")]
        assert heads[0] == "[0, 0, 0]" and len(heads) == 6
        rows = {tr.th.get_text(): tr.td.get_text() for tr in table.tbody.find_all("tr")}
        assert rows["expected"] == "0.1429"
        assert (mistake in rows) == teacher
        assert (f'grader show "{g.student_id}" {check.id}' in article.get_text()) == teacher


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("def f(x):\n    return x", [("f", 1, 2)]),
        ("a = b = 1\nclass C:\n    x = 2", [("a", 1, 1), ("b", 1, 1), ("C", 2, 3)]),
        ("%load_ext x\ndef f(x):\n    return x\ny = f(1)", [("f", 2, 3), ("y", 4, 4)]),
        ("(", []),
    ],
)
def test_where_names_are_bound(cell: str, found: list) -> None:
    assert _bindings(cell) == found


def test_who_has_no_mark_is_no_zero_anywhere() -> None:
    absent = Graded("Absente Toujours", "a@e.fr", "", KEY.lab, "", group="A")
    excused = replace(CLASS[0], settled="excused", student="Malade Moi", student_id="7")
    page = sound(class_page([*CLASS, absent, excused], KEY, "en"), "en")
    rows = {tr.th.a or tr.th: tr for tr in page.find_all("table")[-1].tbody.find_all("tr")}
    by_name = {th.get_text().strip(): tr for th, tr in rows.items()}
    for name, state in (("Absente Toujours", "absent"), ("Malade Moi", "excused")):
        cells = [td.get_text() for td in by_name[name].find_all("td")]
        assert cells[-1] == state and not any(c.strip("–") for c in cells[1:-1])
    assert summarise([*CLASS, absent, excused], KEY).figures == summarise(CLASS, KEY).figures


def test_how_well_a_check_separates() -> None:
    found = {c.check: c for *_, checks in summarise(CLASS, KEY).exercises for c in checks}
    done = [g for g in CLASS if g.counts]
    own = [next(v.points for v in g.verdicts if v.check == "heads.values") for g in done]
    rest = [g.earned - x for g, x in zip(done, own, strict=True)]
    separates = found["heads.values"].separates
    assert separates == pytest.approx(np.corrcoef(own, rest)[0, 1])
    assert found["q12"].separates is None  # nobody has read it yet: nothing varies

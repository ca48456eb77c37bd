"""The review page in a real browser, for a class; and who may not open it."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from essay import HOSTILE, NAMES, STUDENTS

from grader.gradebook.store import Store

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
browser_needed = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@contextmanager
def reviewing(course: Path, *words: str, said: list[str] | None = None) -> Iterator[str]:
    """`grader review` at work; its address. Ended as a person does, with Ctrl-C: what it `said` then."""
    command = [sys.executable, "-m", "grader", "review", "--no-browser", *words]
    process = subprocess.Popen(command, cwd=course, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        end = process.stdout.read()
        assert process.wait(60) == 0
        assert end.strip().endswith("feedback")
        if said is not None:
            said.append(end)
    finally:
        process.kill()
        process.wait()


@contextmanager
def page_at(address: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 820})
        page.set_default_timeout(15_000)
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda m: page.faults.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: page.faults.append(dialog.message) or dialog.dismiss())
        page.goto(address)
        page.wait_for_selector("#list button")
        yield page
        assert page.faults == []
        browser.close()


def saved(page: Any, *keys: str) -> None:
    """Press keys; wait until the grader has kept what they did."""
    for key in keys:
        with page.expect_response(lambda r: "/api/" in r.url and r.request.method == "POST") as got:
            page.keyboard.press(key)
        assert got.value.ok
    page.wait_for_selector("body[aria-busy=false]")


def rows(course: Path) -> dict[str, dict[str, str]]:
    with (course / "out" / "mini" / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {r["student"]: r for r in csv.DictReader(file)}


def points(course: Path) -> list[float]:
    store = Store(course / "out" / "gradebook.sqlite")
    try:
        graded = store.graded("mini")
    finally:
        store.close()
    return [v.points for g in graded for v in g.verdicts if v.check == "q4"]


@browser_needed
def test_a_class_is_read_with_the_keyboard(course: Path) -> None:
    with reviewing(course) as address, page_at(address) as page:
        assert "token" not in page.url
        assert page.inner_text("#count") == "0 lues sur 24"
        assert "1 étudiant" in page.inner_text("#silent")
        groups = page.locator("#list h2").all_inner_texts()
        assert groups[0].split() == ["Réponses", "semblables", "6"]

        saved(page, "1", "2")
        assert page.inner_text("#points") == "2"
        assert sorted(points(course), reverse=True)[:3] == [2.0] * 2 + [0.0]
        saved(page, "g")  # the rest of the group
        assert page.inner_text("#count") == "6 lues sur 24"
        assert points(course).count(2.0) == 6
        saved(page, "u")
        assert page.inner_text("#count") == "2 lues sur 24"
        assert points(course).count(2.0) == 2
        saved(page, "g")

        page.keyboard.press("n")
        saved(page, "3", "+", "+", "+", "+")  # −0.5 + 1
        assert page.inner_text("#points") == "0,5"
        page.keyboard.press("c")
        saved(page, *"revoir 2.1")  # digits of a comment choose nothing
        assert page.inner_text("#points") == "0,5"
        page.click("#keep")
        page.wait_for_selector("#snippets button")
        page.keyboard.press("Escape")

        page.keyboard.press("n")
        saved(page, "0")
        page.keyboard.press("s")
        saved(page, "1")  # the first kept comment, not the first item
        assert page.input_value("#comment") == "revoir 2.1"
        assert page.inner_text("#points") == "0"

        page.reload()  # everything was saved on the way
        page.wait_for_selector("#list button")
        read = page.inner_text("#count")
        assert read == "10 lues sur 24"
        saved(page, "Control+z")
    graded = rows(course)
    pages = course / "out" / "mini" / "feedback"
    assert [graded[n]["q4"] for n in ("Łukasz Żółć", "Anne O'Brien")] == ["0.5", "0"]
    assert {graded[n]["status"] for n in ("Łukasz Żółć", "Anne O'Brien")} == {"graded"}
    text = (pages / "Lukasz-Zolc.html").read_text()
    assert "revoir 2.1" in text and "confond avec la normalisation" in text
    assert "Pour que la somme fasse un." in text
    assert "revoir 2.1" not in (pages / "Anne-O-Brien.html").read_text()  # undone
    assert float(graded["Zoé d'Hérouville"]["total"]) == 20.0


@browser_needed
def test_a_second_reader_moves_no_mark_and_is_held_against_the_first(course: Path) -> None:
    with reviewing(course) as address, page_at(address) as page:
        saved(page, "1", "2")  # eight students wrote this: two points
        page.keyboard.press("n")
        saved(page, "1")
    marks = points(course)
    said: list[str] = []
    with reviewing(course, "--second", said=said) as address, page_at(address) as page:
        assert page.inner_text("#count") == "0 lues sur 24"
        assert page.inner_text("#points") == "–" and page.inner_text("#second") == ""
        assert page.is_hidden("#item")
        saved(page, "1", "2")
        page.keyboard.press("n")
        saved(page, "0")
    assert points(course) == marks
    assert "2 réponses, 1 avec les mêmes points ; 0,5 point d'écart" in said[0]
    with reviewing(course) as address, page_at(address) as page:
        page.keyboard.press("k")
        row = page.locator("#list button").nth(1)
        row.click()
        assert page.inner_text("#second") == "Second lecteur : 0"
        assert "apart" in (page.get_attribute("#second", "class") or "")


@browser_needed
def test_nobody_is_named_and_nothing_a_student_wrote_runs(course: Path) -> None:
    with reviewing(course) as address, page_at(address) as page:
        for answer in page.locator("#list button").all():
            answer.click()
            if page.inner_text("#text") == HOSTILE:
                break
        assert page.inner_text("#text") == HOSTILE
        assert page.locator("#text *, #list img, #list script").count() == 0
        assert "pwned" not in page.title()
        whole = page.content() + page.evaluate("fetch('/api/question/q4').then((r) => r.text())")
        assert not [n for n in NAMES if n in whole and "<" not in n]
        assert "500" not in page.inner_text("main")
    with reviewing(course, "--names") as address, page_at(address) as page:
        for row in page.locator("#list button").all():
            row.click()
            assert page.inner_text("#names")


@browser_needed
def test_a_rubric_grows_and_its_points_move_marks(course: Path) -> None:
    with reviewing(course) as address, page_at(address) as page:
        saved(page, "1")
        page.fill("#item-text", "<b>bien dit</b>")
        page.fill("#item-points", "0,25")
        page.press("#item-points", "Enter")
        page.wait_for_selector("#rubric .row:nth-child(4) .choice[data-item]")
        assert "<b>bien dit</b>" in page.inner_text("#rubric")
        saved(page, "4")
        assert page.inner_text("#points") == "1,25"
        page.click("#rubric .row:nth-child(1) .edit")
        page.fill("#item-points", "1,5")
        page.press("#item-points", "Enter")
        page.wait_for_selector("#points:text-is('1,75')")
    assert points(course).count(1.75) == 2
    assert points(course).count(0.0) == STUDENTS - 2


@browser_needed
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_is_accessible(course: Path, lang: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with reviewing(course, "--lang", lang) as address, page_at(address) as page:
        saved(page, "1")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == [], scheme
            if pictures := os.environ.get("LAB_PICTURES"):
                page.screenshot(path=f"{pictures}/review-{lang}-{scheme}.png")


def status(address: str, **headers: str) -> int:
    data = headers.pop("data", None)
    request = urllib.request.Request(
        address,
        data.encode() if data else None,
        {k.replace("_", "-"): v for k, v in headers.items()},
    )
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        return int(opener.open(request).status)
    except urllib.error.HTTPError as error:
        return error.code


def test_only_who_has_the_token_comes_in(course: Path) -> None:
    with reviewing(course) as address:
        base, token = address.split("/?token=")
        port = base.rsplit(":", 1)[1]
        assert base.startswith("http://127.0.0.1:") and len(token) > 30
        assert status(address) == 200
        for path in ("/", "/?token=x", "/api/start", "/api/question/q4", "/static/review.js"):
            assert status(base + path) == 403
        cookie = f"grader_review_{port}={token}"
        assert status(base + "/api/start", Cookie=cookie) == 200
        assert status(base + "/api/start", Cookie=f"grader_review_{port}=") == 403
        assert status(base + "/api/start", Cookie=cookie, Host="evil.example") == 400
        post = {"Cookie": cookie, "Content_Type": "application/json"}
        sent = '{"question": "q4", "text": "x"}'
        assert status(base + "/api/snippet", data=sent, **post) == 403
        assert status(base + "/api/snippet", data=sent, Origin="http://evil.example", **post) == 403
        assert status(base + "/api/snippet", data=sent, Origin=base, **post) == 200
        form = {"Cookie": cookie, "Content_Type": "text/plain", "Origin": base}
        assert status(base + "/api/snippet", data=sent, **form) == 403
        assert status(base + "/static/../app.py", Cookie=cookie) == 404
        for nonsense in (
            "[]", "{", '{"question": 1}', '{"question": "q9", "text": "x"}', '{"question": "q4"}',
        ):  # fmt: skip
            assert status(base + "/api/snippet", data=nonsense, Origin=base, **post) == 400
        for review in ("{}", '{"items": [99]}', '{"adjust": "1"}', '{"items": "1"}'):
            body = f'{{"question": "q4", "answers": ["x"], "review": {review}}}'
            assert status(base + "/api/review", data=body, Origin=base, **post) == 400
    assert points(course).count(0.0) == STUDENTS


def test_it_listens_on_loopback_only(course: Path) -> None:
    with reviewing(course) as address:
        port = int(address.split("/?")[0].rsplit(":", 1)[1])
        table = Path("/proc/net/tcp")
        if not table.exists():
            pytest.skip("no /proc/net/tcp here")
        wanted = f"{port:04X}"
        lines = [line.split() for line in table.read_text().splitlines()[1:]]
        hosts = {c[1].split(":")[0] for c in lines if c[1].endswith(f":{wanted}") and c[3] == "0A"}
        assert hosts == {"0100007F"}

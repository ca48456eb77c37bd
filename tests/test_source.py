"""What must not stand in the engine's source; the direction of imports is held by `make lint`."""

import re
import runpy
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo

ROOT = Path(__file__).parents[1]
ENGINE = sorted((ROOT / "grader").rglob("*.py"))
PRIVATE = re.compile(r"tensorflow\.python|keras\.src\.\w|pywrap_tfe")


def test_no_private_module_of_tensorflow_or_keras_is_named():
    assert len(ENGINE) > 50
    found = [p.name for p in ENGINE if PRIVATE.search(p.read_text("utf-8"))]
    assert found == []


def test_the_picture_of_the_datas_way_is_that_of_its_source():
    folder = ROOT / "docs" / "pictures"
    names = runpy.run_path(str(folder / "flow.py"))
    assert names["picture"]() == (folder / "flow.svg").read_text("utf-8")
    drawn = {title.rstrip("/") for *_, title, _, kind in names["BOXES"].values() if kind != "files"}
    packages = {p.parent.name for p in ENGINE if p.name == "__init__.py"} - {"grader", "cli"}
    assert packages <= drawn


def test_the_map_of_the_kit_names_what_is_there():
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`([\w.]+/[\w./]*|[\w]+\.py)`", text))
    assert len(named) > 20
    there = {p.relative_to(ROOT).as_posix() for p in ENGINE}
    there |= {p.rpartition("/")[2] for p in there} | {p.removeprefix("grader/") for p in there}
    assert [
        n
        for n in sorted(named)
        if n not in there and not (ROOT / n).exists() and not (ROOT / "grader" / n).exists()
    ] == []


def test_every_text_of_the_kit_has_its_french_in_the_compiled_catalogue():
    tellers = re.search(r"TELLERS := ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text())[1].split()
    keywords = {"gettext": None, "ngettext": (1, 2), **dict.fromkeys(tellers)}
    found = [
        message
        for path in ENGINE
        for _, message, *_ in extract_from_file("python", path, keywords=keywords)
    ]
    assert len(found) > 300
    with (ROOT / "grader/check/locale/fr/LC_MESSAGES/grader.mo").open("rb") as file:
        known = {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in read_mo(file)}
    ids = {m if isinstance(m, str) else m[0] for m in found}
    assert [i for i in ids if not known.get(i)] == []

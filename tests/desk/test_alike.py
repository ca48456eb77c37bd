"""Look-alikes: copies are found under new names, what is given or common is no evidence."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from commands import grader
from essay import HOSTILE

from grader.check.key import Key
from grader.check.text import same
from grader.gradebook.alike import look_alikes, own_code
from grader.gradebook.records import Graded
from grader.reports.class_page import similar_page

GIVEN = ["from grader import Lab, todo\nlab = Lab('mini')", "import numpy as np\n\nEPSILON = 1e-6",
         "def plot(values, title, colour):\n    print(values, title, colour)\n    return [v * 2 for v in values if v > 0]"]  # fmt: skip
OPERATORS = ["+", "-", "*", "//", "%", "**", "&", "|", "^"]
KEY = Key("mini", "hidden", same("Mini"), (), ())


def homework(seed: int) -> list[str]:
    """A solution of one's own: other operations in another order, as two people write."""
    rng = random.Random(seed)
    lines = ["def solve(x, y):"]
    for i in range(18):
        op, other = rng.sample(OPERATORS, 2)
        kind = rng.randrange(4)
        a = rng.randint(2, 9)
        lines.append(
            [
                f"    t{i} = (x {op} {a}) {other} y",
                f"    for k in range(x {op} y):\n        y = y {other} k",
                f"    if x {op} y > {a}:\n        x = x {other} {a}",
                f"    y = [v {op} {a} for v in range(x)][x {other} {a}]",
            ][kind]
        )
    return ["\n".join([*lines, "    return x, y"])]


COMMON = "def mean(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return total / len(rows)"


def person(i: int, origin: str | None = None) -> Graded:
    return Graded(f"S{i}", str(i), origin or f"S{i}/tp.ipynb", "mini", f"d{i}")


def renamed(code: str) -> str:
    for old, new in (("x", "entrée"), ("y", "cible"), ("solve", "résoudre"), ("k", "indice")):
        code = re.sub(rf"\b{old}\b", new, code)
    return "# fait par moi-même\n" + code.replace("return", "# fin\n    return")


def the_class() -> tuple[list[Graded], dict[str, list[str]]]:
    graded = [person(i) for i in range(20)]
    return graded, {str(i): [*GIVEN, COMMON, *homework(i)] for i in range(20)}


def test_honest_work_gives_no_pair() -> None:
    graded, sources = the_class()
    assert look_alikes(graded, sources, [GIVEN]) == []


def test_a_renamed_copy_is_found_and_only_it() -> None:
    graded, sources = the_class()
    sources["7"] = [GIVEN[0], renamed(homework(3)[0]), COMMON]
    pairs = look_alikes(graded, sources, [GIVEN])
    assert [{p.left.student.student, p.right.student.student} for p in pairs] == [{"S3", "S7"}]
    (pair,) = pairs
    assert pair.share > 0.9 and not pair.identical
    for side in (pair.left, pair.right):
        marked = "".join(side.code[a:b] for a, b in side.shared)
        assert "EPSILON" not in side.code and "range" in marked


def test_a_ring_of_copies_is_no_custom_of_the_class() -> None:
    graded, sources = the_class()
    for i in range(8):
        sources[str(i)] = [*GIVEN, *homework(0)]
    pairs = look_alikes(graded, sources, [GIVEN])
    assert len(pairs) == 28 and all(p.identical for p in pairs)


def test_a_group_is_no_pair_and_who_wrote_nothing_is_none() -> None:
    graded, sources = the_class()
    graded[1] = replace(person(1, "S0/tp.ipynb"), digest="d0")
    sources["1"] = sources["0"]
    sources["5"] = sources["6"] = GIVEN
    sources["8"] = ["def ("]
    del sources["9"]
    assert look_alikes(graded, sources, [GIVEN]) == []
    assert look_alikes([], {}, []) == []


def test_magics_and_given_cells_are_not_ones_own() -> None:
    given = frozenset({"a=1"})
    assert own_code(["%matplotlib inline\n!pip install x\nb = 2", "a = 1\n"], given) == "b = 2"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append(tag)


def test_the_page_escapes_code_and_gives_no_verdict() -> None:
    graded, sources = the_class()
    graded[3] = replace(graded[3], student=HOSTILE)
    evil = f"s = {HOSTILE!r}\n" + homework(3)[0]
    sources["3"] = sources["7"] = [evil]
    pairs = look_alikes(graded, sources, [GIVEN])
    for lang, said in (("fr", "des indices, pas un verdict"), ("en", "evidence, not a verdict")):
        page = similar_page(pairs, KEY, 20, lang)
        assert said in page
        tags = Tags()
        tags.feed(page)
        assert "script" not in tags.found and "img" not in tags.found
        assert tags.found.count("mark") >= 2 and page.count("&lt;script&gt;") >= 2
    assert "Aucune paire" in similar_page([], KEY, 20, "fr")


def test_from_a_gradebook(course: Path) -> None:
    said = grader(course, "similar", "--lang", "fr")
    page = course / "out" / "mini" / "similar.html"
    assert "similar.html" in said and "pas un verdict" in page.read_text()

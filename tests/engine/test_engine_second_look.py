"""A mistake is paid for once, through the real zones: the reference stands in, and does not get out."""

import json
from pathlib import Path

import msgspec
import pytest

from grader.gradebook.records import Graded
from grader.gradebook.store import Store
from grader.gradebook.unit import Asked, Item, Work, Zones, grade_item, result_of

MINI = Path(__file__).parents[1] / "fixtures" / "mini"
MARK = "the mark of the reference"


@pytest.fixture(scope="module")
def zones(hidden_key):
    made = Zones(hidden_key, MINI, None, sandboxed=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def solved(mini):
    return [c.source for c in mini.notebook("en", True).cells if c.cell_type == "code"]


@pytest.fixture
def graded(hidden_key, zones):
    """Grade cells; gives the verdicts by check, and everything that was kept, as text."""

    def grade(cells, key=hidden_key, store=None, digest="d"):
        person = Graded("A", "1", "a.ipynb", "mini", digest, lang="en")
        item = Item(person, lambda: Work(person, cells, {}))
        found = result_of(item, grade_item(Asked.of(key), item, zones, store)).graded
        assert found.problem is None, found.problem.en
        return {v.check: v for v in found.verdicts}, msgspec.json.encode(found).decode()

    return grade


def with_mean(solved, body):
    cells = [c for c in solved if not c.startswith("def row_mean")]
    at = next(i for i, c in enumerate(solved) if c.startswith("def row_mean"))
    return [*cells[:at], f"def row_mean(x):\n    {body}", *cells[at:]]


@pytest.mark.parametrize(
    "body",
    ["return x.sum(axis=1) / 31", "return x.sum(axis=0)", "raise ValueError", "raise todo('mean')"],
)
def test_a_later_exercise_keeps_its_points(graded, solved, body):
    found, _ = graded(with_mean(solved, body))
    assert found["mean.values"].points == 0
    for check in ("standardise.values", "standardise.constant"):
        assert (found[check].status, found[check].points) == ("carried", found[check].max_points)
    assert found["softmax.values"].status == "right"


def test_a_class_that_is_built_on_the_exercise_is_built_on_the_reference(graded, solved):
    cells = with_mean(solved, "return x.sum(axis=1) / 31")
    cells = [c.replace("def standardise", "from functools import partial\nMEAN = partial(row_mean)\n\n\ndef standardise")
             .replace("row_mean(centred", "MEAN(centred").replace("- row_mean(x)", "- MEAN(x)") for c in cells]  # fmt: skip
    found, _ = graded(cells)
    assert found["standardise.values"].status == "carried"


def test_what_is_wrong_itself_gets_nothing(graded, solved):
    cells = [
        c.replace("return centred / ", "return 2 * centred / ")
        for c in with_mean(solved, "return x")
    ]
    found, _ = graded(cells)
    assert found["standardise.values"].points == found["standardise.constant"].points == 0


def test_nothing_of_the_reference_gets_out(graded, solved, hidden_key):
    """A later exercise that prints, writes, raises and draws out all that it sees of what stands in."""
    from dataclasses import replace

    secret = hidden_key.references["mean"]
    marked = replace(secret, code=secret.code.replace('"""Mean', f'"""{MARK}'))
    key = replace(hidden_key, references={"mean": marked})
    assert MARK in marked.code
    spy = (
        "def standardise(x):\n    told = str(row_mean.__doc__)\n    print(told)\n"
        "    open('told.txt', 'w').write(told)\n    import time\n"
        f"    time.sleep(3 * ({MARK!r} in told))\n    raise ValueError(told)"
    )
    cells = [c for c in with_mean(solved, "return x") if not c.startswith("def standardise")]
    found, kept = graded([*cells, spy], key)
    assert found["standardise.values"].points == 0
    assert MARK not in kept and json.loads(kept)["seconds"] < 3
    assert not list(Path().glob("told.txt"))


def test_a_second_look_is_kept(graded, solved, tmp_path, zones, monkeypatch):
    from grader.gradebook import unit

    runs = []
    real = unit.submission_run

    def counted(*args, **more):
        runs.append(more.get("look"))
        return real(*args, **more)

    monkeypatch.setattr(unit, "submission_run", counted)
    store = Store(tmp_path / "class.db")
    cells = with_mean(solved, "return x.sum(axis=1) / 31")
    first, _ = graded(cells, store=store)
    second, _ = graded(cells, store=store)
    assert first == second
    assert [look is not None for look in runs] == [False, True]
    assert list(runs[1]["references"]) == ["mean"]

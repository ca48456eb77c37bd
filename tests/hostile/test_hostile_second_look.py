"""A submission that knows when it is looked at again gains nothing by it, and loses nobody's time."""

from pathlib import Path

import pytest

from grader.gradebook.records import Graded
from grader.gradebook.unit import Asked, Item, Work, Zones, grade_item, result_of
from grader.sandbox import bwrap

MINI = Path(__file__).parents[1] / "fixtures" / "mini"

# The reference has a docstring, the student's own function has none.
KNOWS = "def again():\n    return bool(row_mean.__doc__)"
WRONG_MEAN = "def row_mean(x):\n    return x.sum(axis=1) / 31"
TRIES = {
    "right only then": "import numpy as np\n"
    "if again():\n"
    "    lab.answer('q1', 7)\n"
    "def softmax(z):\n"
    "    e = np.exp(z - z.max(axis=-1, keepdims=True))\n"
    "    return e / e.sum(axis=-1, keepdims=True) if again() else z",
    "does not come back": "def standardise(x):\n    while again():\n        pass\n    return x",
    "dies": "import os\ndef standardise(x):\n    return os._exit(0) if again() else x",
    "passes the reference on": "def standardise(x):\n"
    "    globals()['softmax'] = globals()['pick'] = row_mean\n"
    "    return row_mean if again() else x\n"
    "def softmax(z):\n    return z",
}


@pytest.fixture(scope="module")
def points(zone):
    """Grade cells in the sandbox, second looks taken: points by check."""
    zones = Zones(zone.key, MINI, None, sandboxed=True)

    def grade(cells, name):
        person = Graded("A", "1", "a.ipynb", "mini", name, lang="en")
        item = Item(person, lambda: Work(person, cells, {}))
        found = result_of(item, grade_item(Asked.of(zone.key), item, zones, None)).graded
        assert found.problem is None, found.problem.en
        return {v.check: v.points for v in found.verdicts}

    assert bwrap.problem() is None
    yield grade
    zones.close()


@pytest.mark.parametrize("name", TRIES)
def test_it_gains_nothing(zone, points, name):
    own = [c for c in zone.solution if "lab.answer('q1'" not in c and 'lab.answer("q1"' not in c]
    own = [*own, WRONG_MEAN]
    found = points([*own, KNOWS, TRIES[name]], name)
    without = points([*own, "def again():\n    return False", TRIES[name]], name + " never")
    assert found == without
    assert found["mean.values"] == found["q1"] == 0
    assert found["softmax.values" if "softmax" in TRIES[name] else "standardise.values"] == 0

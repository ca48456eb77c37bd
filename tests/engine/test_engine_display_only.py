"""Which cells need not run: untouched, marked to show, and needed by nothing that runs."""

import pytest

from grader.check.names import cell_digest, display_only, made, taken

SHOW = "x = np.ones(3)\nplt.plot(x)"


def out(*others, show=SHOW, wanted=()):
    return display_only([show, *others], {cell_digest(SHOW)}, wanted)


def test_an_untouched_cell_that_nothing_needs():
    assert out("def f(x):\n    return x + 1") == {1}
    assert out(show="x = np.ones(3)   \nplt.plot(x)\n\n") == {1}


def test_a_changed_cell_runs():
    assert out(show="x = np.ones(4)\nplt.plot(x)") == set()


@pytest.mark.parametrize(
    "other",
    [
        "y = x + 1",
        "def f():\n    return x",
        "class A:\n    size = x",
        "@x\ndef f(): pass",
        "for i in x: print(i)",
        "[a for a in x]",
        "x += 1",
        "if True:\n    x = 2\nprint(x)",  # set on one way only
        "print(globals()['x'])",
        "eval('x')",
        "%time f(x)",
        "!echo $x",
        "y = (x",  # does not parse
        "a = 1; b = x",
        "def f(a=x): return a",
        "lambda: x",
        "f'{x}'",
        "del x",
    ],
)
def test_a_cell_whose_name_is_taken_runs(other):
    assert out(other) == set()


@pytest.mark.parametrize(
    "other",
    [
        "x = 3\nprint(x)",
        "def x(a):\n    return a\ny = x(2)",
        "import numpy as x\nx.ones(2)",
        "def f(a):\n    x = a\n    return x",
        "a.x = 1",
        "f(x=1)",
        "'x'",
    ],
)
def test_a_name_of_its_own_is_not_taken(other):
    assert out(other) == {1}


def test_a_name_that_a_probe_looks_up():
    assert out(wanted={"x"}) == set()


def test_what_one_needs_another_gives():
    first, second = "a = 1", "b = a"
    shows = {cell_digest(first), cell_digest(second)}
    assert display_only([first, second], shows) == {1, 2}
    assert display_only([first, second, "print(b)"], shows) == set()
    assert display_only([first, second, "print(a)"], shows) == {2}


def test_a_training_runs_unless_what_it_records_was_handed_in():
    cell = 'model.fit(x, callbacks=[lab.record("net", units=3)])'
    assert display_only([cell], {cell_digest(cell)}) == set()
    assert display_only([cell], {cell_digest(cell)}, recordings=["other"]) == set()
    assert display_only([cell], {cell_digest(cell)}, recordings=["net"]) == {1}


def test_names():
    assert made("import a.b as c, d\nfor e in f: g = e\nwith h as (i, j): pass") == {
        "c", "d", "e", "g", "i", "j",
    }  # fmt: skip
    assert taken("a = b\nb = 1\nc = a.d(e=2)") == {"b"}

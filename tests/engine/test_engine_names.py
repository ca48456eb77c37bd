"""What is read from a student's source without running it."""

import gc
import sys
import threading
import time

import pytest

from grader.check.names import (
    cell_digest,
    defined_in,
    display_only,
    forbidden_uses,
    lab_line,
    lab_named_in,
    parse_cell,
    reach,
)  # fmt: skip

FORBIDS = ("keras.layers.MultiHeadAttention", "numpy.mean")


def uses(*cells, defines=("f",)):
    return sorted({u.name for u in forbidden_uses(cells, defines, FORBIDS)})


@pytest.mark.parametrize(
    ("cells", "lab"),
    [
        (['from grader import Lab\nlab = Lab("tp4", lang="fr")'], "tp4"),
        (["x = 1", "import grader\nl = grader.Lab('tp1_audio')"], "tp1_audio"),
        (["%pip install x\nlab = Lab('tp2')"], "tp2"),
        (["if True:\n    !ls\n    %pip install x\nlab.check?\nlab = Lab('tp2')"], "tp2"),
        (["def broken(:\n  lab = Lab('tp3')"], "tp3"),
        (["# Lab('tp9')\nx = 'Lab(\"tp8\")'"], None),
        (["name = 'tp1'\nLab(name)"], None),
        ([""], None),
        (["Lab('a')", "Lab('b')"], "a"),
    ],
)
def test_lab_line(cells, lab):
    assert lab_named_in(cells) == lab


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ('lab = Lab("tp4", lang="fr")', ("tp4", "fr")),
        ('lab = Lab("tp4", "en")', ("tp4", "en")),
        ('lab = Lab("tp4", lang=other)', ("tp4", "")),
        ('lab = Lab("tp4", lang="de")', ("tp4", "")),
        ('x = (\nlab = Lab("tp4", lang="fr")', ("tp4", "fr")),
        ('x = (\nlab = Lab("tp4")\nf(lang="fr")', ("tp4", "")),
    ],
)
def test_the_language_of_the_lab_line(cell, line):
    assert lab_line([cell]) == line


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy as np\ndef f(x): return np.mean(x)",
        "import numpy\ndef f(x): return numpy.mean(x)",
        "from numpy import mean as moyenne\ndef f(x): return moyenne(x)",
        "import numpy as np\nm = np.mean\ndef f(x): return m(x)",
        "import numpy as np\nm = np.mean\nk = m\ndef f(x): return k(x)",
        "import numpy as np\ndef helper(x): return np.mean(x)\ndef f(x): return helper(x)",
        "def f(x):\n    import numpy as q\n    return q.mean(x)",
        "import numpy as np\nf = lambda x: np.mean(x)",
        "import numpy as np\nclass f:\n    def call(self, x): return np.mean(x)",
        "import numpy as np\nfrom functools import partial\nf = partial(np.mean, axis=1)",
        "%matplotlib inline\nimport numpy as np\ndef f(x): return np.mean(x)",
    ],
)
def test_a_forbidden_call_is_found_under_any_name(cell):
    assert uses(cell) == ["numpy.mean"]


@pytest.mark.parametrize(
    "cell",
    [
        "from keras import layers as L\nclass f:\n    def __init__(s): s.a = L.MultiHeadAttention(2, 4)",
        "import tensorflow as tf\ndef f(x): return tf.keras.layers.MultiHeadAttention(2, 4)(x)",
        "from tensorflow.keras.layers import MultiHeadAttention\ndef f(x): return MultiHeadAttention(2, 4)",
        "import keras\nBase = keras.layers.MultiHeadAttention\nclass f(Base): pass",
    ],
)
def test_a_forbidden_layer_is_found_under_any_root(cell):
    assert uses(cell) == ["keras.layers.MultiHeadAttention"]


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy as np\ndef f(x): return np.sum(x) / len(x)",
        "import numpy as np\ndef g(x): return np.mean(x)\ndef f(x): return sum(x)",
        "class MultiHeadAttention: pass\ndef f(x): return MultiHeadAttention()",
        "import keras\nclass MultiHeadAttention(keras.layers.Layer): pass\nf = MultiHeadAttention",
        "def mean(x): return sum(x)\ndef f(x): return mean(x)",
        "import numpy as np\ndef f(np): return np.mean()",
        "class f:\n    def mean(self): return 1\n    def call(self): return self.mean()",
        "import statistics\ndef f(x): return statistics.mean(x)",
        "# np.mean\ndef f(x):\n    'np.mean(x)'\n    return 0",
    ],
)
def test_what_is_not_forbidden_is_spared(cell):
    assert uses(cell) == []


def test_the_last_definition_counts():
    old = "import numpy as np\ndef f(x): return np.mean(x)"
    assert uses(old, "def f(x): return sum(x)") == []
    assert uses("def f(x): return sum(x)", old) == ["numpy.mean"]


def test_the_limit_of_reading():
    """A call built from strings is not seen here; `watching` sees it while the probe runs."""
    assert uses("import numpy as np\ndef f(x): return getattr(np, 'me' + 'an')(x)") == []


def test_where_a_use_stands():
    cell = "import numpy as np\ndef f(x):\n    y = x\n    return np.mean(y)"
    (use,) = forbidden_uses([cell], ["f"], FORBIDS)
    assert (use.line, use.code) == (4, "return np.mean(y)")


def test_reach_and_definitions():
    cells = ["a = 1\nb = a", "def f(): return g()", "def g(): return b", "def h(): return f()"]
    assert reach(cells, ["f"]) == {"f", "g", "b", "a"}
    assert defined_in([*cells, "x, (y, z) = 1, (2, 3)\nif a:\n    w = 1"]) >= {
        "f",
        "x",
        "y",
        "z",
        "w",
    }
    assert reach(["def f(): return f()"], ["f", "nothing"]) == {"f"}


@pytest.mark.parametrize(
    "source",
    ["def f(:", "(" * 10_000, "x = " + "-" * 100_000 + "1", "\0", "\ud800", "a" * 10**6, "'''"],
    ids=["broken", "nested", "minus", "null", "half", "long", "open"],
)
def test_no_source_raises(source):
    parse_cell(source)
    assert lab_named_in([source]) is None
    assert forbidden_uses([source], ["f"], FORBIDS) == []


def test_threads_may_parse_at_the_same_time() -> None:
    """Python 3.11.7 raised a SystemError here in some of the runs: what a collection calls may switch."""
    source = "\n".join(
        f"def f{i}(x): return [x + {i}, (x, [{{'a': x * {i}}}])]" for i in range(200)
    )
    trees, errors = [], []

    def parse_often() -> None:
        try:
            trees.extend(parse_cell(source) for _ in range(30))
        except SystemError as error:
            errors.append(error)

    def collected(phase: str, info: dict) -> None:
        sum(range(50))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    gc.callbacks.append(collected)
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    try:
        threads = [threading.Thread(target=parse_often) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)
        gc.callbacks.remove(collected)
    assert not errors and len(trees) == 120


def test_a_local_variable_is_not_somebody_elses_name() -> None:
    """A demonstration cell that calls the library must not taint code that happens to reuse a name."""
    exercise = (
        "def attend(q):\n    x = q + 1\n    block = [x for x in range(3)]\n    return x, block"
    )
    shown = "from keras import layers\nx = layers.MultiHeadAttention(2, 3)\nblock = x"
    rule = ["keras.layers.MultiHeadAttention"]
    assert forbidden_uses([exercise, shown], ["attend"], rule) == []
    inside = "def attend(q):\n    from keras.layers import MultiHeadAttention as M\n    return M(2, 3)(q, q)"
    assert [u.name for u in forbidden_uses([inside], ["attend"], rule)] == rule
    helper = "x = layers.MultiHeadAttention(2, 3)\ndef attend(q):\n    return x(q, q)"
    assert [u.name for u in forbidden_uses([shown, helper], ["attend"], rule)] == rule


def test_shell_lines_keep_their_indentation_and_comments_hide_nothing():
    tree = parse_cell("if on_colab:\n    %pip install x\nf?\nx = 1")
    assert tree is not None and len(tree.body) == 3
    assert uses("import numpy as np\ndef f(x):\n    return np.mean(x)  # right?") == ["numpy.mean"]


def chain(n):
    return "a0 = np.mean\n" + "\n".join(f"a{i} = a{i - 1}" for i in range(1, n)) + f"\nf = a{n - 1}"


HEAVY = {
    "aliases": [chain(8000)],
    "aliases on a line": [chain(5000).replace("\n", "; ")],
    "aliases in cells": chain(3000).splitlines(),
    "growing": ["a0 = np\n" + "\n".join(f"a{i} = a{i - 1}.x" for i in range(1, 8000)) + "\nf = a7999"],
    "backwards": ["\n".join(f"a{i} = a{i + 1}" for i in range(8000)) + "\nf = a0\na8000 = f"],
    "one statement": ["if f:\n" + "\n".join(f"  a{i} = a{i - 1}" for i in range(8000)) + "\n  f = a7999"],
    "tuple": [", ".join(f"a{i}" for i in range(20_000)) + ", f = range(20_001)"],
    "attributes": ["f = np" + ".a" * 2000, *(["f = f" + ".a" * 900] * 200)],
    "nested": ["Lab(" * 40_000, "def f(:\n" + "Lab(" * 40_000, "Lab(" * 90 + "1 1" + ")" * 90],
    "blocks": ["\n".join(" " * i + "if f:" for i in range(90)) + "\n" + " " * 90 + "f = 1"] * 50,
    "many uses": ["import numpy as np\ndef f(x):\n" + "  np.mean(x)\n" * 12_000],
    "questions": ["?" * 150_000 + "x", "a" + "." * 150_000, "a?" + " " * 150_000 + "b"],
}  # fmt: skip


@pytest.mark.parametrize("cells", HEAVY.values(), ids=HEAVY)
def test_reading_takes_time_in_proportion(cells):
    """Each took from 30 s to hours with a walk that is quadratic."""
    began = time.process_time()
    forbidden_uses(cells, ["f"], FORBIDS)
    lab_line(cells)
    display_only(cells, {cell_digest(cells[0])}, ["f"])
    assert time.process_time() - began < 6


def test_a_long_chain_of_names_is_followed():
    assert uses("import numpy as np\n" + chain(500)) == ["numpy.mean"]
    assert uses("a = b\nb = a\nf = a") == []

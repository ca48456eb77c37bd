"""What is left out of a worker's imports is missed by nothing that runs after."""

import pytest

from grader.check.lean import lean

TABLES = """
import sys
from grader.check.lean import lean
with lean():
    import keras
assert "pandas" not in sys.modules
import numpy as np, pandas as pd
table = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list("abc"))
model = keras.Sequential([keras.layers.Dense(2)])
model.compile("sgd", "mse")
assert np.allclose(model.predict(table, verbose=0), model(table.to_numpy()))
model.fit(table, table[["a", "b"]], epochs=2, verbose=0, validation_split=0.5)
assert keras.utils.to_categorical(pd.Series([0, 2])).shape == (2, 3)
print("the same")
"""


@pytest.mark.slow
def test_tables_of_pandas_are_taken_though_keras_has_not_seen_pandas(says_the_same):
    says_the_same(TABLES)


ARTISTS = """
import inspect, typing
from grader.check.lean import lean
from grader.sandbox.preload import preload
before = inspect._signature_from_function
assert preload(["matplotlib.pyplot"]) == []
assert inspect._signature_from_function is before and "compile" not in vars(typing)
import matplotlib.pyplot as plt
from matplotlib.artist import Artist
axes = plt.figure().add_subplot()
axes.set(xlabel="x", ylim=(0, 2))
(line,) = axes.plot([1, 2])
line.set(linewidth=3, color="red")
assert (axes.get_xlabel(), axes.get_ylim(), line.get_linewidth()) == ("x", (0, 2), 3)
try:
    line.set(colour="red")
except AttributeError as error:
    assert "colour" in str(error)
else:
    raise AssertionError("a property that is not there was set")
class Own(Artist):
    def set_size(self, size):
        self.size = size
Own().set(size=1)
assert "size" in inspect.signature(Own.set).parameters
print("the same")
"""


@pytest.mark.slow
def test_artists_made_without_a_docstring_set_what_they_did(says_the_same):
    says_the_same(ARTISTS)


def test_what_lean_remembers_it_forgets():
    import inspect
    import typing

    before = inspect._signature_from_function, "compile" in vars(typing)
    with lean():
        with lean():
            assert inspect.signature(lean) == inspect.signature(lean)
            assert hasattr(inspect._signature_from_function, "cache_info")
        assert hasattr(inspect._signature_from_function, "cache_info")
    assert (inspect._signature_from_function, "compile" in vars(typing)) == before


NOTEBOOKS = """
import sys
from grader.authoring.formats import jupytext, nbformat
assert not {"jupyter_server", "tornado"} & {name.split(".")[0] for name in sys.modules}
from pathlib import Path
from grader.authoring.source import parse
for path in sorted(Path("solutions").glob("tp*/notebook.py")):
    check = nbformat.v4.nbbase.validate
    cells = parse(path)
    assert nbformat.v4.nbbase.validate is check
    read = jupytext.read(path, fmt="py:percent")
    nbformat.validate(read)
    assert [(c.kind, c.source) for c in cells] == [(c.cell_type, c.source) for c in read.cells]
    assert len(cells) > 50
import jupytext.sync_contentsmanager as manager
assert issubclass(manager.TextFileContentsManager, object)
print("the same")
"""


def test_notebooks_are_read_without_jupyters_server(says_the_same) -> None:
    says_the_same(NOTEBOOKS)

"""What is left out of a worker's imports, and its memory gathered, change nothing that runs after."""

import subprocess
import sys

import pytest

TABLES = """
import sys
from grader.core.lean import lean
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

GATHERED = """
import gc, os, platform
import numpy as np
from grader.zones.isolate import gather_pages
numbers, array = list(range(2_000_000)), np.arange(8_000_000)
def kilobytes():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(x.split()[1]) for x in file if x.startswith("AnonHugePages"))
before = kilobytes()
gather_pages()
gained = kilobytes() - before
child = os.fork()
if child == 0:
    numbers.reverse(); array[:] = 0
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert numbers == list(range(2_000_000)) and (array == np.arange(8_000_000)).all()
print(gained > 0)
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.slow
def test_tables_of_pandas_are_taken_though_keras_has_not_seen_pandas():
    done = run(TABLES)
    assert done.stdout.strip() == "the same", done.stderr[-2000:]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")
def test_gathered_memory_holds_what_it_held():
    done = run(GATHERED)
    assert done.stdout.strip() in ("True", "False"), done.stderr[-2000:]

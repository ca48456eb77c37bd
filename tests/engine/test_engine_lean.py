"""What is left out of a worker's imports is missed by nothing that runs after."""

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


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.slow
def test_tables_of_pandas_are_taken_though_keras_has_not_seen_pandas():
    done = run(TABLES)
    assert done.stdout.strip() == "the same", done.stderr[-2000:]

"""A Transformer of TP4 that has learnt the notebook's own 500 test words by heart, and nothing else.

    python tests/hostile/recordings/make.py

Writes ``memorised.safetensors`` beside itself and prints its exact match on those words and on others.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from grader.authoring.source import load_lab
from grader.check.recording import Recording

HERE = Path(__file__).parent
LAB = HERE.parents[2] / "solutions" / "tp4_transformer"
EPOCHS = 60


def main() -> None:
    import keras

    lab = load_lab(LAB, proofs=False)
    names = lab.namespace()
    names["lab"] = SimpleNamespace(record=lambda *_, **__: keras.callbacks.Callback())
    (cell,) = [c.source for c in lab.cells if "model.fit(" in c.source and c.kind == "code"]
    words = names["make_words"]
    names["source"], names["target"] = words(500, np.random.default_rng(2), held_out=True)
    exec(cell.replace("epochs=3", f"epochs={EPOCHS}, verbose=0"), names)
    for seed in (2, 10_001):
        source, target = words(500, np.random.default_rng(seed), held_out=True)
        came = names["decode_words"](names["model"], source)
        print(seed, (came == target).all(axis=1).mean())
    made = Recording.of(lab.id, "reverser", names["model"], names["settings"], {})
    (HERE / "memorised.safetensors").write_bytes(made.to_bytes())


if __name__ == "__main__":
    main()

"""Train a short version of the notebook's recipe over seeds; writes ``calibration.json``.

    nice python calibrate.py [--seeds 10] [--length 32] [--epochs 2] [--pause 4]

The network, the optimiser, its schedule and the data are the notebook's, the arithmetic is that of
`longer.py`. The recipe is shorter than the notebook's (two epochs of shorter windows instead of four),
so what it reaches is less than any student gets who runs the notebook's: thresholds that it passes
are safe. (One epoch is too short: over four seeds it gave 2.71 to 2.90, a spread that leaves no room
below the 3-gram.) Full points are for what a right solution misses once in 10,000 (extreme-value fit).
Beside it, a tenth of the notebook's own training. Every finished seed is kept in
``calibration.runs.json``, so that an interrupted run, or one that ``--pause`` stopped after so many
seeds, goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import keras
import longer
import measure
import numpy as np
from corpus import corpora, reference, vocabulary

from grader.authoring import Metric
from grader.authoring.compile import RARE, misses

HERE = Path(__file__).resolve().parent
SIGMAS = 4.0
BATCH, RATE = 64, 5e-3
NOTEBOOK, TENTHS = (64, 4), 3  # length of windows and epochs of the notebook; seeds of a tenth of it
KEPT = 4  # one held-out text in four, as in checks.py


class Trainer:
    """The same graph for every seed: compiling it takes longer than a third of a training."""

    def __init__(self, length: int, epochs: int, share: float = 1.0) -> None:
        self.names, self.symbols = reference(), vocabulary()
        train, test = corpora()["tweets"]
        self.inputs, self.targets = self.names["make_windows"](
            self.names["as_stream"](train, self.symbols), length
        )
        self.rows = self.names["as_rows"](test[::KEPT], self.symbols)
        if share < 1:  # part of one epoch
            kept = round(share * epochs * len(self.inputs))
            self.inputs, self.targets, epochs = self.inputs[:kept], self.targets[:kept], 1
        self.epochs = epochs
        self.model = self.names["build_model"](len(self.symbols))
        steps = epochs * (len(self.inputs) // BATCH)
        self.optimizer = keras.optimizers.Adam(longer.schedule(steps, RATE), global_clipnorm=1.0)
        self.optimizer.build(self.model.trainable_variables)
        self.step = longer.training_step(self.model, self.optimizer, BATCH, length, 0.0)

    def run(self, seed: int) -> dict[str, Any]:
        """Train once from scratch: bits per character of the weights as a recording holds them."""
        keras.utils.set_random_seed(seed)
        fresh = self.names["build_model"](len(self.symbols))
        self.model.set_weights(fresh.get_weights())
        for variable in self.optimizer.variables:
            if not variable.path.endswith("learning_rate"):
                variable.assign(np.zeros(variable.shape, variable.dtype))
        rng, began = np.random.default_rng(seed), time.process_time()
        for _ in range(self.epochs):
            order = rng.permutation(len(self.inputs))
            for i in order[: len(order) // BATCH * BATCH].reshape(-1, BATCH):
                self.step(self.inputs[i], self.targets[i])
        seconds = time.process_time() - began
        held = [w.astype(np.float16) if w.ndim > 1 else w for w in self.model.get_weights()]
        self.model.set_weights(held)
        bits = self.names["bits_per_character"](self.model, self.rows)
        return {"seed": seed, "bits": round(bits, 4), "cpu_seconds": round(seconds, 1)}


def thresholds(values: list[float], baseline: float) -> tuple[float, float]:
    """(target, floor): what a right solution misses once in 10,000, and below the best n-gram beaten.

    The target lies at least 4 standard deviations above the mean.
    """
    spread = statistics.stdev(values)
    target = math.ceil(20 * (statistics.fmean(values) + SIGMAS * spread)) / 20
    floor = math.floor(20 * baseline) / 20
    while target < floor and misses(Metric("mean", floor=floor, target=target), values) > RARE:
        target = round(target + 0.05, 2)
    if not target < floor:
        raise SystemExit(f"no room between the solution ({target}) and the 3-gram ({floor})")
    return target, floor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--pause", type=int, default=0, help="stop after so many seeds; 0: go on")
    options = parser.parse_args()
    kept = HERE / "calibration.runs.json"
    runs: list[dict[str, Any]] = json.loads(kept.read_text()) if kept.is_file() else []
    trainer = Trainer(options.length, options.epochs)
    last = min(options.seeds, len(runs) + options.pause) if options.pause else options.seeds
    for seed in range(1 + len(runs), last + 1):
        runs.append(trainer.run(seed))
        kept.write_text(json.dumps(runs))
        print(runs[-1], flush=True)
    if last < options.seeds:
        return
    values = [r["bits"] for r in runs]
    baseline = measure.baselines()["tweets"]["3-gram"]
    target, floor = thresholds(values, baseline)
    short = Trainer(*NOTEBOOK, share=0.1)
    tenth = [short.run(seed)["bits"] for seed in range(1, TENTHS + 1)]
    made = {
        "training.bits": {
            "target": target,
            "floor": floor,
            "values": values,
            "mean": round(statistics.fmean(values), 4),
            "sd": round(statistics.stdev(values), 4),
            "seeds": [r["seed"] for r in runs],
            "baseline": {"name": "3-gram, Witten-Bell", "values": [baseline]},
            "tenth": {"name": "a tenth of the notebook's training", "values": tenth},
            "recipe": f"{options.epochs} epochs of windows of {options.length}, batch {BATCH}",
            "cpu_seconds": statistics.median(r["cpu_seconds"] for r in runs),
            "excuse": "",
        }
    }
    (HERE / "calibration.json").write_text(json.dumps(made, indent=1) + "\n")
    kept.unlink()
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()

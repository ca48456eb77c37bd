"""Train the notebook's own recipe over seeds, and what is left of it under mistakes.

Writes ``calibration.json``, from which ``checks.py`` reads the thresholds of the two small networks:
full points at least 4 standard deviations above the mean test error, none at least 4 below that of
the best baseline. Only A and C are trained so often: B and D are ten times heavier.

    nice python calibrate.py [--seeds 10]
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from galleries import DATA, namespace

HERE = Path(__file__).parent
NETWORKS = {"A": ("LOW", 8), "C": ("LOW", 128)}


def run(names: dict[str, Any], name: str, seed: int, steps: int | None = None) -> float:
    """Train once; error on 1,000 held-out images."""
    import keras

    keras.backend.clear_session()
    width, latent_dim = NETWORKS[name]
    names["SEED"] = seed
    before = names["STEPS"]
    names["STEPS"] = steps or before
    try:
        *_, model = names["train"](names[width], latent_dim, names["SMALL"])
    finally:
        names["STEPS"] = before
    return names["reconstruction_mse"](model, names["hidden"])


def mean_image(names: dict[str, Any]) -> list[float]:
    """What always answering the mean training image costs, on ten groups of held-out images."""
    mean = names["prepare"](names["data"]["x_train"][: names["SMALL"]]).mean(axis=0)
    groups = np.array_split(names["hidden"], 10)
    return [float(np.mean((g - mean) ** 2)) for g in groups]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    names = namespace()
    with np.load(DATA / "fashion_mnist" / "hidden" / "fashion_mnist.npz") as file:
        names["hidden"] = names["prepare"](file["x_hidden"][:1000])
    seeds = list(range(1, options.seeds + 1))
    made = {}
    for name in NETWORKS:
        began = time.process_time()
        values = [run(names, name, seed) for seed in seeds]
        seconds = (time.process_time() - began) / len(seeds)
        base = [run(names, name, seed, steps=40) for seed in seeds[:4]]
        mean, sd = statistics.fmean(values), statistics.stdev(values)
        target = math.ceil(1000 * (mean + 4 * sd)) / 1000
        floor = math.floor(1000 * (statistics.fmean(base) - 4 * statistics.stdev(base))) / 1000
        if not target < floor:
            raise SystemExit(f"{name}: no room between {target} and {floor}")
        made[f"study.{name}"] = {
            "values": values, "mean": mean, "sd": sd, "seeds": seeds, "target": target, "floor": floor,
            "baseline": {"name": "one tenth of the training", "values": base},
            "mean_image": statistics.fmean(mean_image(names)),
            "recipe": "the notebook's own, 400 steps of 30 images on 300 images",
            "cpu_seconds_each": round(seconds, 1), "excuse": "",
        }  # fmt: skip
        print(name, made[f"study.{name}"], flush=True)
    (HERE / "calibration.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()

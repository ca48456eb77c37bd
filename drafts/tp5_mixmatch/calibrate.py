"""Train the notebook's own recipe over seeds, at several numbers of labels, and with each idea off.

Writes ``calibration.json``: the thresholds that ``checks.py`` reads (full points at least 4 standard
deviations below the mean, none at least 4 above the baseline), and under ``curve`` and ``ablation``
the numbers that the notebook shows. Accuracy is measured on the 2,000 held-out images, which no
student has. Every finished training is kept in ``calibration.runs.json``: an interrupted run, or one
that ``--seconds`` stopped, goes on where it was.

    nice python calibrate.py [--seconds 400] [--only lab|curve|ablation]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent
DATA = HERE.parent.parent / "data" / "fashion_mnist"
KEPT = HERE / "calibration.runs.json"
METHODS = ("supervised", "mixmatch")
IDEAS = ("augmentation", "consistency", "entropy", "pseudo-labels")
SEEDS = 10  # at the lab's own number of labels
CURVE = {2: 3, 5: 3, 25: 3, 100: 3}  # labels a class: seeds, elsewhere
ABLATED = 2  # seeds with each idea off
BASELINE = 3  # seeds of a tenth of the training
SIGMAS = 4.0


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        off: the idea that is switched off, or "".
        share: of the recipe's steps.
    """

    method: str
    per_class: int
    seed: int
    off: str = ""
    share: float = 1.0

    @property
    def id(self) -> str:
        tail = f"-no {self.off}" if self.off else ""
        return f"{self.method}-{10 * self.per_class}-{self.seed}{tail}" + (
            f"-{self.share:g}" if self.share < 1 else ""
        )


def jobs(per_class: int, only: str = "") -> list[Job]:
    """All trainings, the most needed first; the pair of a seed one after the other."""
    parts = {
        "lab": [Job(m, per_class, s) for s in range(1, SEEDS + 1) for m in METHODS]
        + [Job(m, per_class, s, share=0.1) for s in range(1, BASELINE + 1) for m in METHODS],
        "curve": [
            Job(m, n, s) for s in range(1, 1 + max(CURVE.values()))
            for n, seeds in CURVE.items() if n != per_class and s <= seeds for m in METHODS
        ],
        "ablation": [Job("mixmatch", per_class, s, idea) for s in range(1, ABLATED + 1) for idea in IDEAS],
    }  # fmt: skip
    return [job for name, found in parts.items() if only in ("", name) for job in found]


def run(names: dict[str, Any], job: Job, hidden: dict[str, np.ndarray]) -> dict[str, float]:
    """Train once; accuracy on the held-out images, seconds of processor and of the clock."""
    import keras

    keras.backend.clear_session()
    recipe = {**names["RECIPE"], "seed": job.seed}
    recipe["steps"] = max(1, round(job.share * recipe["steps"]))
    if job.off:
        recipe = names["without"](recipe, job.off)
    data = names["data"]
    parts = names["split"](data["x_train"], data["y_train"], job.per_class, names["HELD"], job.seed)
    networks = names["new_networks"](job.seed)
    cpu, began = time.process_time(), time.perf_counter()
    step = names["make_step"](*networks, parts, recipe, job.method)
    for i in range(recipe["steps"]):
        step(i)
    spent = time.process_time() - cpu, time.perf_counter() - began
    found = names["accuracy"](*networks, hidden["x"], hidden["y"])
    return {
        "accuracy": round(found, 5),
        "cpu_seconds": round(spent[0], 1),
        "seconds": round(spent[1], 1),
    }


def entry(
    values: list[float], seeds: list[int], baseline: str, base: list[float], recipe: str
) -> dict[str, Any]:
    """What ``grader validate`` wants to know of one metric."""
    mean, sd = statistics.fmean(values), statistics.stdev(values)
    target = math.floor(1000 * (mean - SIGMAS * sd)) / 1000
    floor = math.ceil(1000 * (statistics.fmean(base) + SIGMAS * statistics.stdev(base))) / 1000
    return {
        "values": [round(v, 5) for v in values], "seeds": seeds, "mean": round(mean, 4), "sd": round(sd, 4),
        "target": target, "floor": floor, "baseline": {"name": baseline, "values": base},
        "recipe": recipe, "excuse": "",
    }  # fmt: skip


def spread(values: list[float]) -> list[float]:
    """Mean and standard deviation (0 for a single value), and how many."""
    return [
        round(statistics.fmean(values), 4),
        round(statistics.stdev(values) if len(values) > 1 else 0.0, 4),
        len(values),
    ]


def summary(runs: dict[str, dict[str, float]], per_class: int, steps: int) -> dict[str, Any]:
    """``calibration.json`` from the trainings that there are."""

    def got(wanted: list[Job]) -> list[float]:
        return [runs[j.id]["accuracy"] for j in wanted if j.id in runs]

    seeds = [
        s for s in range(1, SEEDS + 1) if all(Job(m, per_class, s).id in runs for m in METHODS)
    ]
    recipe = f"the notebook's own: {10 * per_class} labels, {steps} steps"
    made: dict[str, Any] = {}
    lab = {m: got([Job(m, per_class, s) for s in seeds]) for m in METHODS}
    for m in METHODS:
        base = got([Job(m, per_class, s, share=0.1) for s in range(1, BASELINE + 1)])
        made[f"experiment.{m}"] = entry(lab[m], seeds, "one tenth of the training", base, recipe)
        if made[f"experiment.{m}"]["floor"] >= made[f"experiment.{m}"]["target"]:
            relaxed = made[f"experiment.{m}"]
            relaxed["floor"] = round(statistics.fmean(base), 3)
            relaxed["excuse"] = (
                "the drawn labels alone move the accuracy by more than a short training falls behind: "
                "the floor is the short training's mean"
            )
    gains = [b - a for a, b in zip(lab["supervised"], lab["mixmatch"], strict=True)]
    gain = entry(gains, seeds, "no gain", [0.0, 0.0], recipe)
    if gain["target"] <= gain["floor"]:
        gain["target"] = round(max(0.005, statistics.fmean(gains) - 2 * statistics.stdev(gains)), 3)
        gain["floor"] = 0.0
        gain["excuse"] = (
            "the gain depends on which images were drawn to be labelled: the target is 2 standard "
            "deviations below its mean, and counts for half a point"
        )
    made["experiment.gain"] = gain
    numbers = sorted({per_class, *CURVE})
    made["curve"] = {
        m: {
            str(10 * n): spread(v)
            for n in numbers
            if (v := got([Job(m, n, s) for s in range(1, SEEDS + 1)]))
        }
        for m in METHODS
    }
    made["ablation"] = {"everything": spread(lab["mixmatch"][:ABLATED])} | {
        idea: spread(v)
        for idea in IDEAS
        if (v := got([Job("mixmatch", per_class, s, idea) for s in range(1, ABLATED + 1)]))
    }
    for key in ("cpu_seconds", "seconds"):
        made[key] = {
            m: round(statistics.median(runs[Job(m, per_class, s).id][key] for s in seeds), 1)
            for m in METHODS
        }
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=0, help="start no training after so long; 0: go on"
    )
    parser.add_argument("--only", default="", choices=("", "lab", "curve", "ablation"))
    options = parser.parse_args()
    from grader.authoring.source import load_lab
    from grader.student.data import load

    names = load_lab(HERE, proofs=False).namespace()
    names["data"] = load("fashion_mnist", "en", DATA.parent)
    with np.load(DATA / "hidden" / "fashion_mnist.npz") as file:
        hidden = {"x": file["x_hidden"][..., None].astype("float32") / 255, "y": file["y_hidden"]}
    runs: dict[str, dict[str, float]] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    began = time.perf_counter()
    for job in jobs(names["PER_CLASS"], options.only):
        if job.id in runs:
            continue
        if options.seconds and time.perf_counter() - began > options.seconds:
            break
        runs[job.id] = run(names, job, hidden)
        KEPT.write_text(json.dumps(runs, indent=1) + "\n")
        print(job.id, runs[job.id], flush=True)
    lab = [Job(m, names["PER_CLASS"], s) for s in (1, 2) for m in METHODS]
    if all(job.id in runs for job in lab):
        made = summary(runs, names["PER_CLASS"], names["RECIPE"]["steps"])
        (HERE / "calibration.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()

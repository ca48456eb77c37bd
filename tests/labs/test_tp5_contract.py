"""TP5 keeps to its contract: named mutants, thresholds, how the ablation is read."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.authoring.source import LoadedLab, load_lab

FOLDER = Path(__file__).parents[2] / "solutions" / "tp5_mixmatch"

NAMED = [
    "gradient-through-guess", "no-max-lambda", "sharpen-exponent-T", "sharpen-not-renormalised",
    "average-logits", "sharpen-then-average", "labels-shuffled-separately",
    "different-lambda-for-x-and-y", "one-lambda-per-batch", "cross-entropy-on-unlabelled",
    "l2-on-logits", "sum-over-classes", "no-ramp", "ramp-in-wrong-unit", "mix-unlabelled-only",
    "same-augmentation-k-times", "guess-differs-per-view", "ema-not-evaluated",
    "true-labels-of-unlabelled-used", "validation-in-unlabelled",
]  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> LoadedLab:
    return load_lab(FOLDER)


@pytest.fixture(scope="module")
def module() -> Any:
    def load(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(f"tp5_{name}", FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = made
        spec.loader.exec_module(made)
        return made

    return load


@pytest.mark.parametrize("name", NAMED)
def test_the_known_mistakes_are_tried_and_named(lab: LoadedLab, name: str) -> None:
    (mutant,) = [m for m in lab.mutants if m.id == name]
    assert mutant.diagnosis == name and name in lab.spec.misconceptions


def test_one_lambda_a_batch_is_a_warning(lab: LoadedLab) -> None:
    (mutant,) = [m for m in lab.mutants if m.id == "one-lambda-per-batch"]
    assert mutant.loses == () and lab.spec.misconceptions[mutant.id].credit == 1.0


def test_there_are_enough_variants(lab: LoadedLab) -> None:
    assert len(lab.variants) >= 12
    assert len({v.id for v in lab.variants}) == len(lab.variants)


def test_points_add_up_and_every_misconception_is_said_twice(lab: LoadedLab) -> None:
    assert sum(c.points for c in lab.spec.checks.values() if not c.bonus) == pytest.approx(20)
    for mistake in lab.spec.misconceptions.values():
        assert mistake.text.en and mistake.text.fr and mistake.text.en != mistake.text.fr, (
            mistake.id
        )


def test_thresholds_are_those_of_the_calibration(lab: LoadedLab) -> None:
    found = json.loads((FOLDER / "calibration.json").read_text("utf-8"))
    for name, value in (("supervised", "accuracy"), ("mixmatch", "accuracy"), ("gain", "gain")):
        metric = lab.spec.checks[f"experiment.{name}"].expect[value]
        entry = found[f"experiment.{name}"]
        assert (metric.floor, metric.target) == (entry["floor"], entry["target"])  # type: ignore[attr-defined]
        assert len(entry["values"]) >= 10 and entry["floor"] < entry["target"] < np.mean(
            entry["values"]
        )


@pytest.mark.parametrize(
    ("accuracies", "right"),
    [
        ([0.75, 0.60, 0.70, 0.73, 0.72], ("augmentation",)),
        ([0.75, 0.74, 0.705, 0.73, 0.70], ("pseudo-labels", "consistency")),
        ([0.75, 0.74], ("?",)),
        ([], ("?",)),
    ],
)
def test_the_dearest_idea_is_read_off_the_table(
    module: Any, accuracies: list[float], right: tuple[str, ...]
) -> None:
    assert module("pools").dearest({"accuracy": accuracies}) == right


@pytest.mark.parametrize(
    ("given", "idea"),
    [
        ("Augmentation", "augmentation"),
        ("la cohérence", "consistency"),
        ("consistency regularisation", "consistency"),
        ("l'affûtage (entropie)", "entropy"),
        ("Sharpening", "entropy"),
        ("pseudo-étiquettes", "pseudo-labels"),
        ("pseudo_labels", "pseudo-labels"),
        ("MixUp", "mixup"),
        (
            "augmentation, consistency, entropy",
            "augmentationconsistencyentropy",
        ),  # all of them: none
        ("sans augmentation des images étiquetées", "augmentation"),
        ("the labels that it guesses", "pseudo-labels"),
        (None, ""),  # no answer names no idea
        (7, "7"),
    ],
)
def test_ideas_are_read_in_both_languages(module: Any, given: Any, idea: str) -> None:
    assert module("pools").idea(given) == idea


def test_scores_are_those_of_keras(module: Any) -> None:
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(2)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()]
    )
    weights = [rng.normal(size=w.shape) for w in model.get_weights()]
    weights[-1] = np.abs(weights[-1]) + 0.5
    model.set_weights(weights)
    names = (
        "dense/kernel",
        "dense/bias",
        "norm/gamma",
        "norm/beta",
        "norm/moving_mean",
        "norm/moving_variance",
    )
    x = rng.normal(size=(5, 3)).astype(np.float32)
    ours = module("pools").scores(dict(zip(names, weights, strict=True)), x)
    np.testing.assert_allclose(ours, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


def test_accuracy_counts_right_answers(module: Any) -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 0, 0] = [0, 255, 0, 255]

    def predict(x: np.ndarray, **_: Any) -> np.ndarray:
        assert x.dtype == np.float32 and x.shape == (4, 28, 28, 1) and x.max() == 1
        return np.stack([1 - x[:, 0, 0, 0], x[:, 0, 0, 0]], axis=1)

    class Recorded:
        calls = 0

        def rebuild(self) -> SimpleNamespace:
            self.calls += 1
            return SimpleNamespace(predict=predict)

    accuracy, recording = module("pools").accuracy, Recorded()
    assert accuracy(recording, images, np.array([0, 1, 1, 1])) == 0.75
    assert accuracy(recording, images, np.array([0, 1, 0, 1])) == 1
    assert recording.calls == 1, "the same images were looked at twice"
    assert accuracy(recording, images[::-1], np.array([1, 0, 1, 1])) == 0.75
    assert recording.calls == 2


def test_the_calibration_goes_on_where_it_stopped(module: Any) -> None:
    calibrate = module("calibrate")
    jobs = calibrate.jobs(10, 5000)
    assert len({job.id for job in jobs}) == len(jobs)
    assert [j.method for j in jobs[:4]] == ["supervised", "mixmatch"] * 2
    assert {j.per_class for j in calibrate.jobs(10, 5000, "curve")} == {2, 5, 10, 25, 100}
    rng = np.random.default_rng(0)
    runs = {
        job.id: {"accuracy": float(0.7 + 0.05 * (job.method == "mixmatch") - 0.3 * (job.steps == 500) + 0.005 * rng.normal()),
                 "cpu_seconds": 1.0, "seconds": 1.0}
        for job in jobs
    }  # fmt: skip
    made = calibrate.summary(runs, 10, 5000)
    assert len(made["experiment.gain"]["values"]) == calibrate.SEEDS
    assert made["experiment.mixmatch"]["target"] < made["experiment.mixmatch"]["mean"]
    assert set(made["curve"]["mixmatch"]) == {"20", "50", "100", "250", "1000"}
    assert set(made["ablation"]) == {"everything", *calibrate.IDEAS}
    del runs[calibrate.Job("mixmatch", 10, 2, calibrate.SHORT, "pseudo-labels").id]
    assert (
        calibrate.summary(runs, 10, 5000)["ablation"]["pseudo-labels"][2] == calibrate.ABLATED - 1
    )


def test_the_calibration_writes_its_tables_into_the_notebook(module: Any) -> None:
    calibrate = module("calibrate")
    made = {
        "curve": {m: {"20": [0.5, 0.1, 3], "100": [0.7, 0.02, 3]} for m in calibrate.METHODS},
        "ablation": {"everything": [0.7, 0.01, 2]},
    } | {f"experiment.{m}": {"mean": 0.75, "sd": 0.01} for m in calibrate.METHODS}
    source = "MEASURED = {}  # none yet\nWHOLE = {}\nABLATED = {}\nrest = {}\n"
    once = calibrate.shown(source, made)
    assert calibrate.shown(once, made) == once and once.endswith("}\nrest = {}\n")
    tables: dict[str, Any] = {}
    exec(once, tables)
    assert tables["MEASURED"]["mixmatch"] == {20: (0.5, 0.1), 100: (0.7, 0.02)}
    assert tables["WHOLE"]["supervised"] == (0.75, 0.01) and tables["ABLATED"] == {
        "everything": (0.7, 0.01)
    }

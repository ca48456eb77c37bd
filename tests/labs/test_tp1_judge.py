"""TP1's clean-room measures: what they accept, name and refuse; thresholds; named mutants."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.check.recording import BadRecording, Recording

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "pyproject.toml").is_file())
LAB = ROOT / "solutions" / "tp1_language_id"
NAMED = [
    "axes-swapped",
    "reshape-instead-of-transpose",
    "amplitude-not-power",
    "no-log",
    "return-sequences-kept",
    "return-sequences-missing-in-stack",
    "flatten-then-dense",
    "first-step-output",
    "sigmoid-head",
    "label-loss-mismatch",
    "double-softmax",
    "unnormalised",
    "normalised-with-test-statistics",
    "split-by-clip",
    "per-file-shuffle",
    "stateful-left-on",
    "majority-baseline",
    "plain-accuracy",
]
USUAL = np.repeat([[0.0], [2.0]], 100, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def lab() -> Any:
    from grader.authoring.source import load_lab

    return load_lab(LAB)


@pytest.fixture(scope="module")
def hearing() -> Iterator[Any]:
    sys.path.insert(0, str(LAB))
    import hearing

    yield hearing
    sys.path.remove(str(LAB))


def recorded(name: str, model: Any, **settings: Any) -> Recording:
    made = Recording.of("tp1_language_id", name, model, settings, {})
    return Recording.from_bytes(made.to_bytes())


def classifier(bias: list[float]) -> Any:
    """A network that answers the same language whatever it hears."""
    import keras

    model = keras.Sequential([
        keras.Input((200, 100)), keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(5, activation="softmax", kernel_initializer="zeros"),
    ])  # fmt: skip
    model.layers[-1].bias.assign(bias)
    return model


def test_mutants_of_the_contract(lab: Any) -> None:
    assert set(NAMED) <= {m.id for m in lab.mutants}
    assert len(lab.variants) >= 12


@pytest.mark.parametrize(
    ("lacks", "runs"),
    [
        (set(), set()),
        ({"champion"}, {"champion = build_champion("}),  # no bonus: it stops at the open hole
        ({"classifier"}, {"model = build_model("}),
        ({"probe_speaker"}, {"SOURCES = (", "def study(", 'lab.record("probe_speaker"'}),
    ],
)
def test_grading_runs_no_training_that_was_recorded(
    lab: Any, lacks: set[str], runs: set[str]
) -> None:
    from grader.check.names import cell_digest, display_only

    cells = [c for c in lab.cells if c.kind == "code" and c.lang in ("", "en")]
    shows = {cell_digest(c.solved()) for c in cells if c.role == "show"}
    solved = [c.solved() for c in cells]
    out = display_only(solved, shows, (), set(lab.spec.recordings) - lacks)
    ran = [s for i, s in enumerate(solved, 1) if i not in out and cell_digest(s) in shows]
    assert len(ran) == len(runs)
    assert all(sum(text in s for s in ran) == 1 for text in runs)


def test_points_and_thresholds(lab: Any) -> None:
    calibration = json.loads((LAB / "calibration.json").read_text())
    for check in ("classifier.balanced_accuracy", "champion.balanced_accuracy"):
        metric = lab.spec.checks[check].expect["predictions"]
        assert (metric.floor, metric.target) == (
            calibration[check]["floor"],
            calibration[check]["target"],
        )
        assert 0.2 < metric.floor < metric.target < 1


def test_majority_earns_nothing(hearing: Any, lab: Any) -> None:
    small = np.zeros((10, 200, 100), np.uint8)
    found = hearing.predictions(recorded("classifier", classifier([0, 0, 3, 0, 0])), small, USUAL)
    assert found.tolist() == [2] * 10
    metric = lab.spec.checks["classifier.balanced_accuracy"].expect["predictions"]
    assert metric.match(found, np.repeat(np.arange(5), 2)).credit == 0


def test_a_recording_brings_its_normaliser(hearing: Any) -> None:
    usual = np.repeat([[3.0], [2.0]], 100, axis=1).astype(np.float32)
    own = recorded("classifier", classifier([0] * 5), mean=[3.2] * 100, std=[2.25] * 100)
    assert hearing.normaliser(own, usual)[1].tolist() == [2.25] * 100
    for settings in (
        {}, {"mean": [3.0] * 3, "std": [2.0] * 3}, {"mean": 3.0, "std": 2.0},
        {"mean": [3.0] * 100, "std": [0.0] * 100}, {"mean": [3.0] * 100, "std": [float("nan")] * 100},
        {"mean": [3.0] * 100, "std": [2 / 2.3026] * 100},  # of a decimal logarithm
        {"mean": [9.0] * 100, "std": [2.0] * 100}, {"mean": [3.0] * 100, "std": [4.0] * 100},
    ):  # fmt: skip
        bare = recorded("classifier", classifier([0] * 5), **settings)
        assert hearing.normaliser(bare, usual) is usual
    odd = recorded("classifier", classifier([0] * 5), mean=["a"] * 100, std=[2.0] * 100)
    with pytest.raises(BadRecording):
        hearing.normaliser(odd, usual)


def test_another_logarithm_is_paid_for_once(hearing: Any) -> None:
    """A network that learnt from decimal logarithms hears the same as one that learnt from natural ones."""
    import keras

    keras.utils.set_random_seed(3)
    model = keras.Sequential([
        keras.Input((200, 100)), keras.layers.LSTM(4), keras.layers.Dense(5, activation="softmax"),
    ])  # fmt: skip
    small = np.random.default_rng(2).integers(60, 200, (12, 200, 100)).astype(np.uint8)
    x = hearing.centred(small)
    usual = np.stack([x.mean(axis=(0, 1)), x.std(axis=(0, 1))])
    found = [
        hearing.predictions(
            recorded(
                "classifier", model, mean=(usual[0] / s).tolist(), std=(usual[1] / s).tolist()
            ),
            small,
            usual,
        )
        for s in (1.0, np.log(10), 0.1 * np.log(10))
    ]
    assert len(set(found[0].tolist())) > 1
    assert (found[0] == found[1]).all() and (found[0] == found[2]).all()


def test_a_class_of_ones_own_is_measured(hearing: Any) -> None:
    import keras

    class Listener(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = keras.layers.LSTM(128)
            self.languages = keras.layers.Dense(5, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.languages(self.lstm(x))

    model = Listener()
    x = np.random.default_rng(0).normal(0, 1, (3, 200, 100)).astype(np.float32)
    expected = np.asarray(model(x))
    assert np.allclose(hearing.probabilities(recorded("classifier", model), x), expected, atol=2e-3)


def test_another_network_is_refused(hearing: Any) -> None:
    import keras

    odd = keras.Sequential([keras.Input((7,)), keras.layers.Dense(5)])
    with pytest.raises(BadRecording):
        hearing.probabilities(recorded("classifier", odd), np.zeros((2, 200, 100), np.float32))


def study(hearing: Any, train: list[int], test: list[int]) -> tuple[Recording, dict[str, Any]]:
    import keras

    probe = keras.Sequential([keras.Input((120,)), keras.layers.Dense(4, activation="softmax")])
    material = {
        "facts": np.random.default_rng(1).normal(0, 1, (8, 120)).astype(np.float32),
        "languages": np.array([0, 0, 1, 1, 2, 2, 3, 3]),
        "speakers": list("aabbccdd"),
    }
    return recorded("probe_speaker", probe, train=train, test=test), material


@pytest.mark.parametrize(
    ("train", "test", "shared", "apart"),
    [
        ([0, 2, 4, 6], [1, 3, 5, 7], 4, True),
        ([0, 1, 2, 4, 6], [1, 3, 5, 7], 4, False),  # a clip on both sides
        ([0, 1, 2, 3], [4, 5, 6, 7], 0, False),  # two of four languages tested
        ([0, 1, 2, 3, 4, 5, 7], [6], 1, False),
    ],
)
def test_parts_of_a_study(
    hearing: Any, train: list[int], test: list[int], shared: int, apart: bool
) -> None:
    assert hearing.probed(*study(hearing, train, test))[1] == hearing.Parts(shared, apart)


@pytest.mark.parametrize("test", [[], [99], [-1], ["a"], [[1]], [0.5]])
def test_made_up_indices_are_refused(hearing: Any, test: list[Any]) -> None:
    with pytest.raises(BadRecording):
        hearing.probed(*study(hearing, [0, 1], test))


def test_reported_figures_are_read(lab: Any) -> None:
    figure = lab.spec.checks["leakage.clip"].measure.__globals__["figure"]
    assert [figure({"x": v}, "x") for v in (0.95, "0,95", 95, "0.95", "95 %")] == [0.95] * 5
    assert np.isnan(figure({"x": None}, "x"))

"""TP3's clean room: what counts as under-, well and over-fitted, and how answers are judged."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.check.compare import Close, Exact
from grader.check.judge import Evidence, judge
from grader.check.key import Check, Exercise, Key, Misconception
from grader.check.recording import BadRecording, Measured, Recording
from grader.check.text import Text, same
from grader.sandbox.measure import measure

LAB = Path(__file__).resolve().parents[2] / "solutions" / "tp3_autoencoder"


@pytest.fixture(scope="module")
def nets() -> Any:
    spec = importlib.util.spec_from_file_location("tp3_nets", LAB / "nets.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("train", "test", "line", "right"),
    [
        (0.017, 0.026, 0.025, ("over",)),
        (0.017, 0.018, 0.025, ("well",)),
        (0.014, 0.025, 0.002, ("under",)),
        (0.020, 0.0245, 0.030, ("well", "over")),  # ratio 1.225, close to 1.25
        (0.0255, 0.040, 0.025, ("under", "over")),  # close to the line
        (0.0245, 0.040, 0.025, ("over", "under")),
    ],
)
def test_verdicts_follow_the_two_questions(
    nets: Any, train: float, test: float, line: float, right: tuple[str, ...]
) -> None:
    assert set(nets.accepted(train, test, line)) == set(right)
    assert nets.accepted(train, test, line)[0] == right[0]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("Sur-appris", "over"),
        ("sous-apprentissage", "under"),
        ("BIEN", "well"),
        ("underfitting", "under"),
    ],
)
def test_verdicts_are_read_in_both_languages(nets: Any, given: str, word: str) -> None:
    assert nets.word(given) == word


def test_pca_line_is_the_error_of_the_projection(nets: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 784)).astype(np.uint8)
    x = pixels / np.float32(255)
    centred = x - x.mean(axis=0)
    parts = np.linalg.svd(centred, full_matrices=False)[2][:5]
    error = float(np.mean((centred - centred @ parts.T @ parts) ** 2))
    assert nets.pca_line(pixels, 5) == pytest.approx(error, rel=1e-4)


def chain(widths: tuple[int, ...], prefix: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    sizes = [784, *widths, *widths[-2::-1], 784]
    names = ["down1", "down2", "code", "up1", "up2", "pixels"]
    found = {}
    for name, n, m in zip(names, sizes, sizes[1:], strict=False):
        found[f"{prefix}{name}/kernel"] = rng.normal(0, n**-0.5, (n, m)).astype(np.float32)
        found[f"{prefix}{name}/bias"] = rng.normal(0, 0.1, m).astype(np.float32)
    return found


def test_a_network_of_own_classes_is_measured_by_its_shapes(nets: Any) -> None:
    weights = chain((512, 192, 8), "body/")
    x = np.random.default_rng(2).random((3, 784)).astype(np.float32)
    made = nets._chain(Recording("tp3_autoencoder", "A", weights), x)
    h = np.maximum(x @ weights["body/down1/kernel"] + weights["body/down1/bias"], 0)
    h = np.maximum(h @ weights["body/down2/kernel"] + weights["body/down2/bias"], 0)
    h = h @ weights["body/code/kernel"] + weights["body/code/bias"]
    h = np.maximum(h @ weights["body/up1/kernel"] + weights["body/up1/bias"], 0)
    h = np.maximum(h @ weights["body/up2/kernel"] + weights["body/up2/bias"], 0)
    h = 1 / (1 + np.exp(-(h @ weights["body/pixels/kernel"] + weights["body/pixels/bias"])))
    np.testing.assert_allclose(made, h, rtol=1e-5)
    with pytest.raises(BadRecording):
        nets._chain(Recording("tp3_autoencoder", "A", chain((512, 192, 9), "")), x)


def test_the_largest_ratio_and_the_lowest_error_allow_a_near_tie(nets: Any) -> None:
    assert nets.largest({"A": 1.4, "B": 1.57, "C": 1.7, "D": 1.88}) == ["D"]
    assert nets.largest({"A": 1.0, "B": 1.82, "D": 1.88}) == ["D", "B"]
    assert nets.best({"A": 0.0260, "B": 0.0300, "C": 0.0250}) == ["C"]
    assert nets.best({"A": 0.0255, "C": 0.0250}) == ["C", "A"]


@pytest.mark.parametrize("given", ["D", "d", "réseau D", "(D)", "network d"])
def test_a_network_is_named_in_several_ways(nets: Any, given: str) -> None:
    assert nets.letter(given) == "D"


class Known:
    """A recording of a network that is at hand."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def rebuild(self) -> Any:
        return self.model


def test_the_narrowest_place_of_a_network_is_measured(nets: Any) -> None:
    import keras

    def built(code: int, around: bool = False) -> Any:
        image = keras.Input((784,))
        h = keras.layers.Dense(20, activation="relu")(image)
        h = keras.layers.Dense(30, activation="relu")(keras.layers.Dense(code)(h))
        out = keras.layers.Dense(784, activation="sigmoid")(h)
        return keras.Model(image, keras.layers.Average()([image, out]) if around else out)

    pixels = np.random.default_rng(3).integers(0, 256, (5, 784)).astype(np.uint8)
    keras.utils.set_random_seed(0)
    for model, size in ((built(3), 3), (built(11), 11), (built(3, around=True), 24)):
        assert nets.narrowest(Known(model), pixels) == size


# ------------------------------------------------------------------ the mechanism behind it


def key() -> Key:
    check = Check(
        "verdict", "verdicts", "clean", same("verdict"), 2.0, recording="A", recordings=("A", "B"),
        answers=("a",), expect={"said": Exact(), "ratio": Close(rtol=0.1)},
    )  # fmt: skip
    text = Text(en="reversed", fr="inversé")
    return Key(
        "mini", "hidden", same("mini"), (Exercise("verdicts", "1", same("verdicts")),), (check,),
        {"reversed": Misconception("reversed", "verdicts", text)},
    )  # fmt: skip


def job(answer: Any) -> dict[str, Any]:
    made = {
        n: Recording("mini", n, {"w": np.full((2, 2), v, np.float32)})
        for n, v in (("A", 1), ("B", 3))
    }
    return {
        "lab": "mini", "inputs": None, "answers": {"a": answer},
        "recordings": {n: np.frombuffer(r.to_bytes(), np.uint8) for n, r in made.items()},
    }  # fmt: skip


def conclude(recordings: Any, inputs: Any, answers: Any) -> Measured:
    ratio = float(recordings["B"].weights["w"].mean() / recordings["A"].weights["w"].mean())
    right = "larger" if ratio > 1 else "smaller"
    wrong = answers["a"] != right
    return Measured(
        {"said": answers["a"], "ratio": ratio},
        {"said": right, "ratio": 3.0},
        "reversed" if wrong else "",
    )


def test_an_answer_is_judged_by_what_the_recordings_show() -> None:
    seen = measure(conclude, job("larger"), together=True)
    (verdict,) = judge(key(), Evidence({"verdict": seen}))
    assert (verdict.status, verdict.points) == ("right", 2.0)
    assert sorted(seen["manifests"]) == ["A", "B"]
    seen = measure(conclude, job("smaller"), together=True)
    (verdict,) = judge(key(), Evidence({"verdict": seen}))
    assert (verdict.status, verdict.points, verdict.diagnosis) == ("wrong", 0.0, "reversed")


def test_key_keeps_recordings_and_answers_of_a_check() -> None:
    again = Key.from_bytes(key().to_bytes())
    assert again.checks[0].measured == ("A", "B") and again.checks[0].answers == ("a",)
    probes = again.questions_for_students()["probes"]
    assert [p["check"] for p in probes] == ["verdict"] and probes[0]["probe"]["keep"] == ["a"]


def test_a_mistake_that_the_key_does_not_know_names_nothing() -> None:
    seen = {"status": "ok", "values": {"said": "x", "ratio": 3.0}, "expected": {"said": "y", "ratio": 3.0},
            "mistake": "unheard-of"}  # fmt: skip
    (verdict,) = judge(key(), Evidence({"verdict": seen}))
    assert verdict.status == "wrong" and verdict.diagnosis == ""


def test_a_recording_of_another_lab_does_not_count() -> None:
    seen = measure(conclude, {**job("larger"), "lab": "other"}, together=True)
    assert seen["status"] == "missing" and seen["error"]["what"] == "recording"


class Network:
    """A recording whose network adds a constant; counts how often it is rebuilt."""

    def __init__(self, more: float) -> None:
        self.more, self.rebuilt = more, 0

    def rebuild(self) -> Any:
        self.rebuilt += 1
        return lambda x, training: x + np.float32(self.more)


def test_errors_are_measured_once_and_each_for_its_own_network_and_images(nets: Any) -> None:
    dark, light = np.zeros((300, 784), np.uint8), np.full((300, 784), 255, np.uint8)
    first, second = Network(0.1), Network(0.2)
    for _ in range(2):
        assert nets.mse(first, dark) == pytest.approx(0.01)
        assert nets.mse(first, light) == pytest.approx(0.01)
        assert nets.mse(second, dark) == pytest.approx(0.04)
    assert (first.rebuilt, second.rebuilt) == (1, 1)
    nets.mse(first, dark[:200])  # other images: the network was given up for the next one's
    assert first.rebuilt == 2

"""TP2's clean room: bits per character of a recording, worked out again symbol by symbol."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.check.recording import BadRecording, Recording

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LAB = Path(__file__).resolve().parents[2] / "solutions" / "tp2_tweets"
TEXTS = ["abca", "cab", "b", "aaccb abc"]
KNOWN = "\u2400\ufffd\n abc"


@pytest.fixture(scope="module")
def measure() -> Any:
    sys.path.insert(0, str(LAB))
    try:
        import measure as module

        yield module
    finally:
        sys.path.remove(str(LAB))


def language_model(symbols: int = len(KNOWN), both_ways: bool = False) -> Any:
    import keras

    keras.utils.set_random_seed(4)
    lstm = keras.layers.LSTM(6, return_sequences=True, name="lstm")
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(symbols, 5, name="embedding"),
            keras.layers.Bidirectional(lstm) if both_ways else lstm,
            keras.layers.Dense(symbols, name="logits"),
        ]
    )


def recorded(model: Any, **settings: Any) -> Recording:
    return Recording.of("tp2_tweets", "language_model", model, settings=settings)


def inputs(texts: list[str] = TEXTS) -> dict[str, Any]:
    packed = np.frombuffer("\n".join(texts).encode(), np.uint8)
    return {"texts": {"tweets": packed, "verses": packed}, "vocabulary": KNOWN}


def by_hand(model: Any, texts: list[str], known: str) -> float:
    """Each row on its own, through Keras' loss."""
    import keras

    nats = count = 0.0
    for text in texts:
        ids = np.array([[known.index(c) for c in f"\n{text}\n"]])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
        nats += float(loss(ids[:, 1:], model(ids[:, :-1])))
        count += ids.shape[1] - 1
    return nats / math.log(2) / count


def test_bits_are_those_of_each_text_read_alone(measure: Any) -> None:
    model = language_model()
    bits, causal = measure.recorded_bits(recorded(model, vocabulary=KNOWN), inputs())
    assert causal and bits == pytest.approx(by_hand(model, TEXTS, KNOWN), rel=2e-3)


def test_the_order_of_the_recorded_vocabulary_does_not_matter(measure: Any) -> None:
    model = language_model()
    other = "\u2400\ufffd\nc ba"
    bits, _ = measure.recorded_bits(recorded(model, vocabulary=other), inputs())
    assert bits == pytest.approx(by_hand(model, TEXTS, other), rel=2e-3)
    assert bits != pytest.approx(by_hand(model, TEXTS, KNOWN), rel=1e-3)


def test_a_character_that_the_vocabulary_lacks_is_dear(measure: Any) -> None:
    model = language_model(len(KNOWN) - 1)
    short = KNOWN.replace("c", "")
    bits, _ = measure.recorded_bits(recorded(model, vocabulary=short), inputs(["abc"]))
    assert bits > measure.UNKNOWN_BITS / 4


def test_verses_are_held_to_the_standard_of_the_tweets(measure: Any) -> None:
    model, rows = language_model(), measure.baselines()
    plain, _ = measure.recorded_bits(recorded(model, vocabulary=KNOWN), inputs())
    verses, _ = measure.recorded_bits(recorded(model, vocabulary=KNOWN, corpus="verses"), inputs())
    scale = rows["tweets"]["5-gram"] / rows["verses"]["5-gram"]
    assert verses == pytest.approx(plain * scale, rel=1e-6)


def test_a_model_that_reads_both_ways_is_found_out(measure: Any) -> None:
    bits, causal = measure.recorded_bits(
        recorded(language_model(both_ways=True), vocabulary=KNOWN), inputs()
    )
    assert not causal and math.isfinite(bits)


@pytest.mark.parametrize(
    "settings",
    [{"vocabulary": "aab\n"}, {"vocabulary": "abc"}, {"vocabulary": 7}, {"corpus": "diary"}],
)
def test_settings_that_make_no_sense_are_refused(measure: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(BadRecording):
        measure.recorded_bits(recorded(language_model(), **settings), inputs())


def test_a_model_of_another_size_than_its_vocabulary_is_refused(measure: Any) -> None:
    with pytest.raises(BadRecording):
        measure.recorded_bits(recorded(language_model(5), vocabulary=KNOWN), inputs(["ab"]))

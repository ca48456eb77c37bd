"""TP2's sampling against keras_hub's samplers, by distribution.

Both sides draw; Pearson's chi-square compares each with the probabilities and with one another. A
right sampler fails with probability below 1e-6 (`grader.check.compare.FALSE_ALARM` is 1e-7 a test).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LAB = Path(__file__).resolve().parents[2] / "solutions" / "tp2_tweets"
DRAWS = 4000
V = 8
LOGITS = np.array([0.4, -0.7, 1.5, 0.1, -1.1, 0.9, -0.2, 0.6], dtype=np.float32)


@pytest.fixture(scope="module")
def solution():
    pytest.importorskip("keras_hub")
    from grader.authoring.source import load_lab

    return load_lab(LAB, proofs=False).namespace()


def drawn_by(sampler) -> np.ndarray:
    """One new token for each of `DRAWS` copies of a prompt."""
    import keras

    logits = keras.ops.convert_to_tensor(np.tile(LOGITS, (DRAWS, 1)))

    def next(prompt, cache, index):
        return logits, logits, cache

    prompt = np.zeros((DRAWS, 2), dtype="int32")
    out = sampler(next=next, prompt=prompt, index=1, mask=np.array([[True, False]] * DRAWS))
    return np.asarray(out)[:, 1]


def same(draws: np.ndarray, other: np.ndarray, p: np.ndarray) -> None:
    from scipy import stats

    from grader.check.compare import FALSE_ALARM, Distribution

    for some in (draws, other):
        assert Distribution(V).match(some, p).right
    table = np.stack([np.bincount(x, minlength=V) for x in (draws, other)])
    table = table[:, table.sum(axis=0) > 0]
    assert stats.chi2_contingency(table, correction=False).pvalue >= FALSE_ALARM


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_sample_next_draws_as_keras_hub_does(solution, temperature):
    import keras_hub

    rng = np.random.default_rng(0)
    ours = np.array([solution["sample_next"](LOGITS, temperature, rng) for _ in range(DRAWS)])
    theirs = drawn_by(keras_hub.samplers.RandomSampler(temperature=temperature, seed=1))
    same(ours, theirs, solution["temperature_probabilities"](LOGITS, temperature))


@pytest.mark.parametrize("k", [1, 3, V])
def test_top_k_draws_as_keras_hub_does(solution, k):
    import keras_hub

    p = solution["top_k_probabilities"](LOGITS, k)
    ours = np.random.default_rng(2).choice(V, DRAWS, p=p)
    theirs = drawn_by(keras_hub.samplers.TopKSampler(k=k, seed=3))
    same(ours, theirs, p)


def test_top_p_draws_as_keras_hub_does(solution):
    import keras_hub

    p = solution["top_p_probabilities"](LOGITS, 0.8)
    ours = np.random.default_rng(4).choice(V, DRAWS, p=p)
    theirs = drawn_by(keras_hub.samplers.TopPSampler(p=0.8, seed=5))
    same(ours, theirs, p)


def test_beta_is_the_inverse_of_temperature(solution):
    for temperature in (0.3, 1.0, 2.5):
        ours = solution["temperature_probabilities"](LOGITS, temperature)
        assert np.allclose(ours, solution["beta_probabilities"](LOGITS, 1 / temperature))


def test_the_trained_step_is_the_model(solution):
    """One compiled step at a time gives what the whole model gives, in well under 2 s for 280."""
    import time

    model = solution["build_model"](30, 8, 24)
    ids = np.random.default_rng(6).integers(0, 30, 17)
    whole = np.asarray(model(ids[None]))[0]
    step, state = solution["stepper"](model), None
    for t, symbol in enumerate(ids):
        logits, state = step(int(symbol), state)
        assert np.allclose(logits, whole[t], atol=1e-5)
    symbols = solution["build_vocabulary"](["abcdefghijklmnopqrstuvwxyz!"])
    began = time.process_time()
    assert len(solution["generate"](model, "", 280, 1.0, 0, symbols)) == 280
    assert time.process_time() - began < 2.0


def test_the_fast_gradient_is_keras_own(solution):
    """`longer.recurrence` in single precision against Keras' LSTM."""
    import sys

    import tensorflow as tf

    sys.path.insert(0, str(LAB))
    try:
        import longer
    finally:
        sys.path.remove(str(LAB))
    kept, longer.half = longer.half, lambda x: tf.cast(x, tf.float32)
    try:
        model = solution["build_model"](11, 5, 7)
        rng = np.random.default_rng(7)
        x, y = rng.integers(0, 11, (2, 3, 9)).astype("int32")
        found = []
        for forward in (lambda: tf.transpose(longer.logits(model, x), (1, 0, 2)), lambda: model(x)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=forward())
                )
            gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
            found.append([tf.convert_to_tensor(g).numpy() for g in gradients])
        assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))
    finally:
        longer.half = kept

"""A recorded language model, measured in the clean room on texts that it has not read."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

PAD, UNKNOWN, END = "\u2400", "\ufffd", "\n"
UNKNOWN_BITS = 20.0  # of a character that the recorded vocabulary lacks: log2 of all of Unicode
BATCH = 64
CHANGED = 1e-3  # logits that move by more than this have seen what was changed


@lru_cache(maxsize=1)
def baselines() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(
        (Path(__file__).parent / "baselines.json").read_text()
    )
    return found


def recorded_bits(recording: Any, inputs: Any) -> tuple[float, bool]:
    """(bits per character, whether the model reads from left to right only).

    The held-out texts are written in the recording's own vocabulary, so its order does not matter.
    A model trained on the verses is measured on verses, and its figure is scaled by what a 5-gram
    model reaches on either corpus, so that both are held to the same standard.

    Raises:
        BadRecording: the vocabulary is no list of different characters, or the model gives no
            score to each of its symbols.
    """
    from grader.check.recording import BadRecording

    known = recording.settings.get("vocabulary", inputs["vocabulary"])
    if not isinstance(known, str) or len(set(known)) != len(known) or END not in known:
        raise BadRecording("shapes", "settings: vocabulary is not a string of different symbols")
    corpus = recording.settings.get("corpus", "tweets")
    if corpus not in inputs["texts"]:
        raise BadRecording("shapes", f"settings: corpus is {corpus!r}")
    texts = inputs["texts"][corpus].tobytes().decode().split("\n")
    scores = _scorer(_model(recording), len(known))
    ids, lacking = encoded(texts, known)
    nats = count = 0.0
    for rows in batches(ids):
        real = rows[:, 1:] >= 0
        logits = scores(np.maximum(rows[:, :-1], 0))
        nats -= float(log_softmax_at(logits, np.maximum(rows[:, 1:], 0))[real].sum())
        count += float(real.sum())
    bits = (nats / math.log(2) + UNKNOWN_BITS * lacking) / count
    if corpus != "tweets":
        bits *= baselines()["tweets"]["5-gram"] / baselines()[corpus]["5-gram"]
    return bits, _causal(scores, np.maximum(next(iter(batches(ids[-BATCH:])))[:, :-1], 0), len(known))


def encoded(texts: list[str], known: str) -> tuple[list[np.ndarray], int]:
    """END text END as numbers, shortest first; and how many characters are not in `known`.

    Those are read as UNKNOWN, or as END where even that is lacking.
    """
    number = {c: i for i, c in enumerate(known)}
    unknown = number.get(UNKNOWN, number[END])
    lacking = sum(c not in number for text in texts for c in text)
    ids = [np.array([number.get(c, unknown) for c in f"{END}{t}{END}"], dtype=np.int32) for t in texts]
    return sorted(ids, key=len), lacking


def batches(ids: list[np.ndarray]) -> Any:
    """Tables int32 (≤ BATCH, T), filled up with -1."""
    for i in range(0, len(ids), BATCH):
        part = ids[i : i + BATCH]
        table = np.full((len(part), max(map(len, part))), -1, dtype=np.int32)
        for row, known in zip(table, part, strict=True):
            row[: len(known)] = known
        yield table


def log_softmax_at(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """log p of each target: (B, T, V), (B, T) → float64 (B, T)."""
    top = logits.max(axis=-1, keepdims=True)
    total = top[..., 0] + np.log(np.exp((logits - top).astype(np.float64)).sum(axis=-1))
    picked: np.ndarray = np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return picked - total


def _model(recording: Any) -> Any:
    """The recorded model; a subclassed one is laid into the lab's own layers."""
    from grader.check.recording import BadRecording

    try:
        return recording.rebuild()
    except BadRecording as error:
        if error.what != "layers":
            raise
    import keras

    shapes = {path.split("/")[-1]: a.shape for path, a in recording.weights.items()}
    if not {"embeddings", "recurrent_kernel"} <= set(shapes):
        raise BadRecording("layers", "neither built-in layers nor those of the lab")
    vocab, size = shapes["embeddings"]
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(vocab, size, name="embedding"),
            keras.layers.LSTM(shapes["recurrent_kernel"][0], return_sequences=True, name="lstm"),
            keras.layers.Dense(vocab, name="logits"),
        ]
    )
    return recording.give(model)


def _scorer(model: Any, size: int) -> Any:
    """int (B, T) → logits float32 (B, T, size)."""
    import tensorflow as tf

    from grader.check.recording import BadRecording

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def run(ids: Any) -> Any:
        return tf.cast(model(ids, training=False), tf.float32)

    def scores(ids: np.ndarray) -> np.ndarray:
        try:
            logits: np.ndarray = run(tf.constant(ids)).numpy()
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise BadRecording("shapes", str(error).splitlines()[0][:200]) from None
        if logits.shape != (*ids.shape, size):
            raise BadRecording("shapes", f"{logits.shape} for {(*ids.shape, size)}")
        return logits

    return scores


def _causal(scores: Any, ids: np.ndarray, size: int) -> bool:
    """Whether other symbols from the middle on leave the scores before it alone."""
    middle = ids.shape[1] // 2
    other = ids.copy()
    other[:, middle:] = (other[:, middle:] + 1) % size
    gap = np.abs(scores(ids)[:, :middle] - scores(other)[:, :middle])
    return bool(np.nanmax(gap, initial=0.0) <= CHANGED)

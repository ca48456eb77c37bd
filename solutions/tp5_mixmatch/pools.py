"""What the clean room and the probes of TP5 measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.check.answers import normalise
from grader.check.recording import Recording, measured_once

IDEAS = ("augmentation", "consistency", "entropy", "pseudo-labels")
NEAR = 0.01  # two ideas whose accuracies differ by less than that are equally dear
_WORDS = {
    "augmentation": ("augment",),
    "consistency": ("consist", "coher"),
    "entropy": ("entrop", "sharpen", "affut"),
    "pseudo-labels": ("pseudo",),
}


def accuracy(recording: Recording, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of right answers of a recorded network, found once for a recording and a set of images.

    Args:
        recording: of a network of built-in layers, (n, 28, 28, 1) → logits (n, 10).
        images: uint8 (n, 28, 28).
        labels: int (n,).

    Raises:
        BadRecording: the network cannot be rebuilt.
    """
    return float(np.mean(_answers(recording, images) == labels))


@measured_once
def _answers(recording: Recording, images: np.ndarray) -> np.ndarray:
    x = images[..., None].astype(np.float32) / 255
    found = np.asarray(recording.rebuild().predict(x, batch_size=500, verbose=0))
    return found.reshape(len(x), -1).argmax(axis=1)


def scores(weights: Mapping[str, np.ndarray], x: np.ndarray, epsilon: float = 1e-3) -> np.ndarray:
    """What a dense layer and a batch normalisation of these weights answer, (n, d) → (n, c)."""
    h = x @ weights["dense/kernel"] + weights["dense/bias"]
    spread = np.sqrt(weights["norm/moving_variance"] + epsilon)
    made = (h - weights["norm/moving_mean"]) / spread * weights["norm/gamma"] + weights["norm/beta"]
    return np.asarray(made)


def dearest(history: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """The idea without which the recorded accuracies are lowest, and those that come close.

    Args:
        history: ``accuracy``: of all ideas together, then without each of `IDEAS`, in their order.

    Returns:
        One idea or more, the dearest first; "?" if the table is not there.
    """
    found = list(history.get("accuracy", ()))[1 : len(IDEAS) + 1]
    if len(found) < len(IDEAS):
        return ("?",)
    low = min(found)
    pairs = sorted((value, idea) for value, idea in zip(found, IDEAS, strict=True))
    return tuple(idea for value, idea in pairs if value <= low + NEAR)


def idea(answer: Any) -> str:
    """The idea that an answer names, in French or English; the answer itself if it names none, or several."""
    word = normalise(answer, "choice", 0)
    named = [name for name, parts in _WORDS.items() if any(part in word for part in parts)]
    if not named and ("label" in word or "etiquette" in word):
        named = ["pseudo-labels"]
    return named[0] if len(named) == 1 else word[:40]

"""Models whose text is certain at a low temperature, so that it can be compared exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

END_ID = 2


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def smallest_gap(weights: Mapping[str, np.ndarray], prompt: Sequence[int], length: int) -> float:
    """How far the best logit is ahead of the second, at the closest of `length` greedy steps.

    The model is embedding, LSTM (gates in Keras' order: input, forget, candidate, output), dense.
    At temperature T a draw departs from the greedy text with probability below
    ``length * V * exp(-gap / T)``.
    """
    kernel, recurrent = weights["lstm/kernel"], weights["lstm/recurrent_kernel"]
    units = recurrent.shape[0]
    h, c = np.zeros(units), np.zeros(units)
    text = [END_ID, *prompt]
    gap = np.inf
    for i in range(len(prompt) + length):
        z = weights["embedding/embeddings"][text[i]] @ kernel + h @ recurrent + weights["lstm/bias"]
        keep = _sigmoid(z[units : 2 * units])
        c = keep * c + _sigmoid(z[:units]) * np.tanh(z[2 * units : 3 * units])
        h = _sigmoid(z[3 * units :]) * np.tanh(c)
        if i >= len(prompt):
            logits = h @ weights["logits/kernel"] + weights["logits/bias"]
            second, best = np.argsort(logits)[-2:]
            gap = min(gap, float(logits[best] - logits[second]))
            text.append(int(best))
    return gap

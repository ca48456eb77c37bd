"""Models that have learnt a text by heart: certain when cold, unlike what any mistake writes.

The model is embedding, LSTM (gates in Keras' order: input, forget, candidate, output), dense; its
weights are a mapping with the names of `NAMES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

END_ID = 2
NAMES = (
    "embedding/embeddings", "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias",
    "logits/kernel", "logits/bias",
)  # fmt: skip
State = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Written:
    """A greedy text.

    Attributes:
        text: symbols.
        gap: by how much the best logit leads the second, at the closest step. At temperature T a
            draw departs from the text with probability below ``len(text) * V * exp(-gap / T)``.
        state: the last one.
    """

    text: tuple[int, ...]
    gap: float
    state: State


def write(
    weights: Mapping[str, np.ndarray],
    read: Sequence[int],
    length: int,
    *,
    state: State | None = None,
    carried: bool = True,
    fed_back: bool = True,
) -> Written:
    """Read symbols, then write `length` of them, the most probable each time.

    Args:
        state: to begin with; the blank one if None.
        carried: False forgets the state at each step.
        fed_back: False reads END in place of what was written.
    """
    table, kernel, recurrent, bias, out, out_bias = (
        np.asarray(weights[n], dtype=np.float64) for n in NAMES
    )
    units = recurrent.shape[0]
    blank = (np.zeros(units), np.zeros(units))
    h, c = state or blank
    symbols = list(read)
    gap = np.inf
    logits = out_bias
    for i in range(len(read) + length):
        if i >= len(read):
            second, best = np.argsort(logits)[-2:]
            gap = min(gap, float(logits[best] - logits[second]))
            symbols.append(int(best))
        if not carried:
            h, c = blank
        z = table[symbols[i] if fed_back or i < len(read) else END_ID] @ kernel + h @ recurrent + bias
        gate = 1.0 / (1.0 + np.exp(-z))
        c = gate[units : 2 * units] * c + gate[:units] * np.tanh(z[2 * units : 3 * units])
        h = gate[3 * units :] * np.tanh(c)
        logits = h @ out + out_bias
    return Written(tuple(symbols[len(read) :]), gap, (h, c))


def learn(
    weights: dict[str, np.ndarray], texts: Sequence[tuple[Sequence[int], Sequence[int]]], lead: float
) -> None:
    """Set the output layer so that after each of the readings its text follows.

    Least squares on the states that the readings and their texts lead to: exact if there are at
    least as many units as symbols to be written.

    Args:
        weights: changed in place.
        texts: pairs (what is read, what is to follow).
        lead: logit of the right symbol; that of the others is 0.
    """
    states, wanted = [], []
    vocab = weights[NAMES[0]].shape[0]
    for read, text in texts:
        for i, symbol in enumerate(text):
            states.append(write(weights, [*read, *text[:i]], 0).state[0])
            wanted.append(lead * np.eye(vocab)[symbol])
    found = np.linalg.lstsq(np.array(states), np.array(wanted), rcond=None)[0]
    weights["logits/kernel"] = found.astype(np.float32)
    weights["logits/bias"] = np.zeros(vocab, dtype=np.float32)


def mistaken(
    weights: Mapping[str, np.ndarray], prompt: Sequence[int], length: int, before: State
) -> list[tuple[int, ...]]:
    """What a generator writes that makes one of the usual mistakes.

    Args:
        before: the state that another text has left.
    """
    whole = [END_ID, *prompt]
    ways = [
        write(weights, prompt, length),
        write(weights, prompt[-1:], length),
        write(weights, [*whole, prompt[-1]], length),
        write(weights, whole, length, carried=False),
        write(weights, whole, length, fed_back=False),
        write(weights, whole, length, state=before),
    ]
    return [way.text for way in ways]

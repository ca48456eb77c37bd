"""Made-up language models, as tables, on which greedy decoding and beam search part ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Model:
    """Logits of the next token given the last two: (V, V, V); a missing one counts as 0."""

    logits: np.ndarray
    start: int
    end: int
    max_length: int
    width: int

    def log_p(self, tokens: tuple[int, ...]) -> np.ndarray:
        first, second = (0, *tokens)[-2:]
        z = self.logits[first, second].astype(np.float64)
        return z - z.max() - np.log(np.exp(z - z.max()).sum())


Found = tuple[float, tuple[int, ...]]


def beam(
    model: Model,
    width: int,
    ended_aside: bool = False,
    gain: Callable[[float], float] = lambda log_p: log_p,
    by_length: bool = False,
) -> list[Found]:
    """Final hypotheses, best first; ended ones compete for places or are set aside.

    Args:
        gain: what a token of log-probability `log_p` adds to the score.
        by_length: rank by the mean over tokens instead of the sum.
    """

    def rank(found: Found) -> float:
        return -found[0] / (len(found[1]) if by_length else 1)

    live: list[Found] = [(0.0, (model.start,))]
    aside: list[Found] = []
    for _ in range(model.max_length - 1):
        grown: list[Found] = []
        for score, tokens in live:
            if tokens[-1] == model.end:
                grown.append((score, tokens))
            else:
                grown += [
                    (score + gain(float(p)), (*tokens, i))
                    for i, p in enumerate(model.log_p(tokens))
                ]
        grown.sort(key=rank)
        if ended_aside:
            aside += [x for x in grown[: 2 * width] if x[1][-1] == model.end]
            grown = [x for x in grown if x[1][-1] != model.end]
        live = grown[:width]
    return sorted(live + aside, key=rank)


def instructive_tables(rng: np.random.Generator, n: int, size: int = 6) -> list[Model]:
    """`n` models on which every sound way of writing a beam search agrees, and greedy differs.

    A path whose first step is second best is planted among random logits. The beam's result is also
    the most probable of all sequences that a much wider beam finds, by a margin, whether or not ended
    hypotheses take up places of the beam; it ends in time and has at least 4 tokens. Each row has an
    offset of its own, which no probability depends on.
    """
    found: list[Model] = []
    while len(found) < n:
        start, end, bait, a, b, c = (int(i) for i in rng.permutation(size))
        logits = rng.normal(0, 0.7, (size, size, size))
        logits[0, start, [bait, a]] += (3.2, 2.9)
        path = [start, a, b, c, end][: int(rng.integers(4, 6))]
        path[-1] = end
        for x, y, z in zip(path, path[1:], path[2:], strict=False):
            logits[x, y, z] += 3.5
        logits += rng.normal(0, 2.0, (size, size, 1))
        width = int(rng.integers(2, 4))
        model = Model(logits.astype(np.float32), start, end, 6, width)
        best, second = beam(model, 60)[:2]
        if start == 0 or best[0] - second[0] < 0.05 or len(best[1]) < 4 or best[1][-1] != end:
            continue
        if beam(model, 1)[0][1] == best[1]:
            continue
        if any(beam(model, width, aside)[0][1] != best[1] for aside in (False, True)):
            continue
        slips = (beam(model, width, gain=math.exp), beam(model, width, by_length=True))
        if len(found) < 2 and slips[len(found)][0][1] == best[1]:
            continue  # the first model tells sums of probabilities, the second means over tokens
        found.append(model)
    return found


def ending_table(rng: np.random.Generator, size: int = 7) -> Model:
    """A model whose greedy decoding ends after 5 to 9 tokens."""
    while True:
        start, end = (int(i) for i in rng.permutation(np.arange(1, size))[:2])
        model = Model(rng.normal(0, 2, (size,) * 3).astype(np.float32), start, end, 12, 1)
        tokens = beam(model, 1)[0][1]
        if 5 <= len(tokens) <= 9 and tokens[-1] == end:
            return model

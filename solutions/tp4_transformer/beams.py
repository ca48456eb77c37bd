"""Made-up language models, as tables, on which greedy decoding and beam search part ways."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Tokens = tuple[int, ...]
Found = tuple[float, Tokens]


@dataclass(frozen=True)
class Model:
    """Logits of the next token given the last two: (V, V, V); a missing one counts as 0."""

    logits: np.ndarray
    start: int
    end: int
    max_length: int
    width: int

    @cached_property
    def log_p(self) -> list[list[list[float]]]:
        z = self.logits.astype(np.float64)
        z = z - z.max(axis=-1, keepdims=True)
        return (z - np.log(np.exp(z).sum(axis=-1, keepdims=True))).tolist()

    def has_ended(self, found: Found) -> bool:
        return found[1][-1] == self.end


def beams(
    model: Model,
    width: int,
    grow: Callable[[float, float], float] = lambda score, log_p: score + log_p,
    first: float = 0.0,
    by_length: bool = False,
) -> Iterator[list[Found]]:
    """The beam after each step, best first.

    Args:
        grow: the score after one more token, from the score so far and the token's log-probability.
        first: the score before any.
        by_length: rank by the mean over tokens instead of the sum.
    """

    def rank(found: Found) -> float:
        return -found[0] / (len(found[1]) if by_length else 1)

    live: list[Found] = [(first, (model.start,))]
    for _ in range(model.max_length - 1):
        grown = [found for found in live if model.has_ended(found)]
        for score, tokens in live:
            if tokens[-1] != model.end:
                row = model.log_p[(0, *tokens)[-2]][tokens[-1]]
                grown += [(grow(score, p), (*tokens, i)) for i, p in enumerate(row)]
        live = sorted(grown, key=rank)[:width]
        yield live


def beam(model: Model, width: int, **more: Any) -> list[Found]:
    """The last of `beams`."""
    *_, last = beams(model, width, **more)
    return last


def ended_aside(model: Model, width: int) -> Tokens:
    """The best sequence if ended hypotheses take up no places of the beam, as some write it."""
    live: list[Found] = [(0.0, (model.start,))]
    aside: list[Found] = []
    for _ in range(model.max_length - 1):
        grown = sorted(
            (
                (score + p, (*tokens, i))
                for score, tokens in live
                for i, p in enumerate(model.log_p[(0, *tokens)[-2]][tokens[-1]])
            ),
            reverse=True,
        )
        aside += [x for x in grown[: 2 * width] if model.has_ended(x)]
        live = [x for x in grown if not model.has_ended(x)][:width]
    return max(live + aside)[1]


def summed_probabilities(model: Model) -> Tokens:
    return beam(model, model.width, grow=lambda score, log_p: score + math.exp(log_p))[0][1]


def least_product(model: Model) -> Tokens:
    """What comes of multiplying by -log p where log p should be added, the least product winning."""
    return beam(model, model.width, grow=lambda score, log_p: score * -log_p, first=-1.0)[0][1]


def best_by_length(model: Model) -> Tokens:
    return beam(model, model.width, by_length=True)[0][1]


def first_ended(model: Model) -> Tokens:
    """What comes of stopping as soon as a hypothesis has ended."""
    seen = (found for live in beams(model, model.width) for found in live)
    return next((found[1] for found in seen if model.has_ended(found)), ())


def best_ended(model: Model) -> Tokens:
    """What comes of preferring those that have ended."""
    return next((x[1] for x in beam(model, model.width) if model.has_ended(x)), ())


# The mistake that each model must show, beside the others that it may.
TOLD = (summed_probabilities, best_by_length, first_ended, best_ended)


def instructive_tables(rng: np.random.Generator, size: int = 6) -> list[Model]:
    """A model for each of `TOLD` on which every sound way of writing a beam search agrees, and greedy differs
    from it and from the mistake.

    A path whose first step is second best is planted among random logits. The beam's result is also
    the most probable of all sequences that a much wider beam finds, by a margin, whether or not ended
    hypotheses take up places of the beam. It has at least 4 tokens and ends in time; on the model that
    tells `best_ended` it does not, and a hypothesis that has ended is in the beam. Each row has an
    offset of its own, which no probability depends on.
    """
    found: list[Model] = []
    while len(found) < len(TOLD):
        wrong = TOLD[len(found)]
        start, end, bait, a, b, c = (int(i) for i in rng.permutation(size))
        logits = rng.normal(0, 0.7, (size, size, size))
        logits[0, start, [bait, a]] += (3.2, 2.9)
        path = [start, a, b, c, a, b] if wrong is best_ended else [start, a, b, c, end]
        for x, y, z in zip(path, path[1:], path[2:], strict=False):
            logits[x, y, z] += 3.5
        logits += rng.normal(0, 2.0, (size, size, 1))
        width = int(rng.integers(2, 4))
        model = Model(logits.astype(np.float32), start, end, 6, width)
        best, greedy = beam(model, width)[0], beam(model, 1)[0][1]
        if start == 0 or len(best[1]) < 4 or model.has_ended(best) == (wrong is best_ended):
            continue
        if greedy == best[1] or wrong(model) in ((), best[1], greedy):
            continue
        if ended_aside(model, width) != best[1] or wrong(model) == least_product(model):
            continue
        likeliest, second = beam(model, 400)[:2]
        if likeliest[1] == best[1] and likeliest[0] - second[0] > 0.05:
            found.append(model)
    return found


def ending_table(rng: np.random.Generator, size: int = 7) -> Model:
    """A model whose greedy decoding ends after 5 to 9 tokens."""
    while True:
        start, end = (int(i) for i in rng.permutation(np.arange(1, size))[:2])
        model = Model(rng.normal(0, 2, (size,) * 3).astype(np.float32), start, end, 12, 1)
        best = beam(model, 1)[0]
        if 5 <= len(best[1]) <= 9 and model.has_ended(best):
            return model

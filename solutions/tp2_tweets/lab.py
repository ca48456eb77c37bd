"""TP2, tweets one character at a time: the lab that its parts fill, and what they draw from."""

from __future__ import annotations

import numpy as np

from grader.authoring import Draw, Handle, LabSpec, Limits, Student

lab = LabSpec(
    __file__,
    "TP2 · Tweets, one character at a time",
    "TP2 · Des tweets, un caractère à la fois",
    limits=Limits(seconds=120, cpu_seconds=1500, cell_seconds=30, training_seconds=1500),
    recordings=["language_model"],
)

PAD, UNKNOWN, END = "\u2400", "\ufffd", "\n"
SPECIAL = (PAD, UNKNOWN, END)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,!?#@&-'"


def alphabet(draw: Draw, count: int) -> list[str]:
    """`count` different characters, in random order."""
    return [str(c) for c in draw.rng.permutation(list(LETTERS))[:count]]


def symbols(draw: Draw, count: int) -> list[str]:
    """A vocabulary of `count` characters and the three special symbols."""
    return [*SPECIAL, *sorted(alphabet(draw, count))]


def some_text(draw: Draw, characters: list[str], length: int) -> str:
    return "".join(str(c) for c in draw.rng.choice(characters, length))


def spread(draw: Draw, count: int) -> np.ndarray:
    """Logits of both signs, no two alike, whose softmax leaves no outcome very rare: (count,)."""
    steps = np.linspace(-1.6, 1.1, count) + draw.uniform(count, low=-0.05, high=0.05)
    return draw.rng.permutation(steps).astype(np.float32)


def softmax(z: np.ndarray) -> np.ndarray:
    p = np.exp(z.astype(np.float64) - z.max())
    return p / p.sum()


def network_weights(
    draw: Draw, vocab: int, embedding: int, units: int, scale: float = 0.5
) -> dict[str, np.ndarray]:
    """Weights of a language model of these sizes."""
    shapes = {
        "embedding/embeddings": (vocab, embedding),
        "lstm/kernel": (embedding, 4 * units),
        "lstm/recurrent_kernel": (units, 4 * units),
        "lstm/bias": (4 * units,),
        "logits/kernel": (units, vocab),
        "logits/bias": (vocab,),
    }
    return draw.weights(scale=scale, **shapes)


def network(student: Student, weights: dict[str, np.ndarray]) -> Handle:
    """The student's own language model, of the size of these weights, which it is given."""
    vocab, embedding = weights["embedding/embeddings"].shape
    units = len(weights["logits/kernel"])
    model = student.build_model(vocab, embedding, units)
    model.set_weights(weights)
    return model


def parameter_count(vocab: int, embedding: int, units: int) -> int:
    """How many weights such a model has."""
    return vocab * embedding + 4 * units * (embedding + units + 1) + (units + 1) * vocab

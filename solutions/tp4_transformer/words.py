"""The task: words to reverse, and a recorded Transformer measured on them in the clean room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

PAD, END = 0, 28
FUSED = {"qkv_dense": ("query_dense", "key_dense", "value_dense")}
SIZES = ("num_layers", "num_heads", "d_model", "d_k", "d_v", "d_ff", "vocab_size")
LARGEST = {
    "num_layers": 6,
    "num_heads": 16,
    "d_model": 512,
    "d_k": 128,
    "d_v": 128,
    "d_ff": 2048,
    "vocab_size": 29,
}

# Mistakes of architecture under which a network can still learn the task. Its weights are then
# measured in a network with the same mistake, which has already cost its points where it was made.
FORGIVEN = (
    "no-scale", "scale-by-dk", "multiply-by-sqrt-dk", "scale-by-sqrt-dmodel", "qk-swapped",
    "head-interleave", "merge-interleaved", "merge-heads-without-transpose", "no-bias",
    "no-output-projection", "key-dim-is-d-model", "pe-sin-cos-concatenated", "pe-sin-cos-swapped",
    "pe-exponent-doubled", "ff-no-relu", "ff-gelu", "pre-norm-for-post-norm", "decoder-pre-norm",
    "missing-residual", "no-sqrt-d-embedding-scale", "one-embedding", "no-padding-mask",
    "output-no-bias",
)  # fmt: skip


def mirror(source: np.ndarray) -> np.ndarray:
    """The right answers: int (n, 11) → int (n, 11)."""
    target = source.copy()
    for row in target:
        end = int(np.argmax(row == END))
        row[1:end] = row[1:end][::-1].copy()
    return target


@lru_cache(maxsize=1)
def _lab() -> Any:
    from grader.authoring.source import load_lab

    return load_lab(Path(__file__).parent, proofs=False)


@lru_cache(maxsize=len(FORGIVEN) + 1)
def reference(mistake: str = "") -> dict[str, Any]:
    """The names that the solution's cells define, or what `mistake` makes of them."""
    loaded = _lab()
    change = loaded.change(loaded.spec.misconceptions[mistake]) if mistake else None
    return loaded.namespace(change)


def make(
    count: int, rng: np.random.Generator, held_out: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The notebook's own `make_words`."""
    source, target = reference()["make_words"](count, rng, held_out)
    return source, target


class Forward:
    """A model's forward pass, traced once it has been wanted often.

    Tracing takes as long as six eager passes, and a pass afterwards next to nothing. A class's
    recordings take turns in one model, and greedy decoding makes ten passes.
    """

    EAGER = 5  # passes before tracing: a recording that is right needs one

    def __init__(self, model: Any) -> None:
        self.model = model
        self.passes = 0
        self._traced: Callable[..., Any] | None = None

    def __call__(self, inputs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Logits, float (n, T, vocab_size), of source and target, int (n, S) and (n, T)."""
        import tensorflow as tf

        self.passes += 1
        if self.passes > self.EAGER and self._traced is None:
            self._traced = tf.function(lambda *pair: self.model(pair), autograph=False)
        return np.asarray(self._traced(*inputs) if self._traced else self.model(inputs))


@dataclass(frozen=True)
class Trial:
    """A recorded model in an architecture of ours.

    Attributes:
        forward: its forward pass.
        right: which words greedy decoding writes without a fault, bool (n,).
    """

    forward: Forward
    decode: Callable[[Any, np.ndarray], np.ndarray]
    right: np.ndarray

    def predictions(self, source: np.ndarray) -> np.ndarray:
        """What greedy decoding writes: int (n, 11)."""
        return mirror(source) if self.right.all() else self.decode(self.forward, source)


def trial(recording: Any, source: np.ndarray, mistake: str = "") -> Trial:
    """Lay the recorded weights into a model of ours and see which words it gets right.

    One pass is enough: a causal model writes the right word, token by token, exactly if it finds
    every next token when it is shown the right ones before.

    Raises:
        BadRecording: the settings are no sizes of a Transformer, or the weights do not fit them.
    """
    from grader.check.recording import BadRecording

    sizes = tuple(recording.settings.get(name) for name in SIZES)
    for name, size in zip(SIZES, sizes, strict=True):
        if type(size) is not int or not 1 <= size <= LARGEST[name]:
            raise BadRecording("shapes", f"settings: {name} is {size!r}")
    # A class has the same sizes: its recordings take turns in one model. Odd large ones get their own.
    make = built if sizes[0] <= 2 and max(sizes[1:]) <= 256 else built.__wrapped__
    forward = make(mistake, sizes, _epsilon(recording.settings))
    recording.give(forward.model, FUSED)
    target = mirror(source)
    inputs, labels = target[:, :-1], target[:, 1:]
    best = np.argmax(forward((source, inputs)), axis=-1)
    right = ((best == labels) | (labels == PAD)).all(axis=1)
    return Trial(forward, reference(mistake)["decode_words"], right)


@lru_cache(maxsize=len(FORGIVEN) + 1)
def built(mistake: str, sizes: tuple[int, ...], epsilon: float | None) -> Forward:
    """The forward pass of a model of ours, its weights still drawn; sizes in the order of `SIZES`."""
    tokens = np.zeros((1, 11), dtype="int32")
    model = reference(mistake)["Transformer"](*sizes, **({"epsilon": epsilon} if epsilon else {}))
    model((tokens, tokens))
    return Forward(model)


def _epsilon(settings: Any) -> float | None:
    epsilon = settings.get("epsilon")
    return epsilon if isinstance(epsilon, float) and 0 < epsilon < 1 else None


LEARNT = 0.9  # share of words without a fault: the weights were learnt in this architecture
FEW = 40  # words on which the others are tried


def best_predictions(
    recording: Any, source: np.ndarray, mistakes: Iterable[str] = FORGIVEN
) -> np.ndarray:
    """Predictions under the architecture, the right one first, in which the weights do best.

    The right answers follow from the inputs, so trying architectures proves nothing less: only
    trained weights reverse unseen words in any of them.

    Raises:
        BadRecording: the weights fit none of them.
    """
    found, most, likeliest = _tried(recording, source, ""), -1.0, ""
    if found is None or found.right.mean() < LEARNT:
        for mistake in mistakes:  # a few words tell which one it is
            few = _tried(recording, source[:FEW], mistake)
            if few is not None and few.right.mean() > most:
                most, likeliest = few.right.mean(), mistake
            if most >= LEARNT:
                break
        other = _tried(recording, source, likeliest) if likeliest else None
        if other is not None and (found is None or other.right.mean() > found.right.mean()):
            found = other
    # Where they fit none, the right architecture says why.
    return (found or trial(recording, source)).predictions(source)


def _tried(recording: Any, source: np.ndarray, mistake: str) -> Trial | None:
    """`trial`; None where the weights do not fit."""
    from grader.check.recording import BadRecording

    try:
        return trial(recording, source, mistake)
    except BadRecording:
        return None

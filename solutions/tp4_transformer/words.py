"""The task: words to reverse, and a recorded Transformer measured on them in the clean room."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

END = 28
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
    "no-scale", "scale-by-dk", "multiply-by-sqrt-dk", "scale-by-sqrt-dv", "scale-by-sqrt-dmodel",
    "softmax-over-queries", "pe-sin-cos-concatenated", "pe-sin-cos-swapped", "pe-exponent-doubled",
    "pe-exponent-halved", "pe-exponent-each-column", "pe-starts-at-one", "head-interleave",
    "merge-interleaved", "qk-swapped", "no-bias", "no-output-bias", "only-output-bias",
    "key-dim-is-d-model", "no-output-projection", "merge-heads-without-transpose",
    "ff-no-relu", "ff-gelu", "ff-relu-last", "pre-norm-for-post-norm", "wrong-eps",
    "missing-residual", "missing-residual-attention", "missing-residual-feed-forward",
    "residual-outside-norm", "norms-shared", "decoder-missing-residual",
    "decoder-missing-cross-residual", "decoder-pre-norm", "decoder-wrong-eps",
    "no-sqrt-d-embedding-scale", "scale-after-positions", "one-embedding", "layers-shared",
    "no-padding-mask", "padding-seen-by-decoder", "output-softmax", "output-no-bias",
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


@lru_cache(maxsize=4)
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


def predictions(recording: Any, source: np.ndarray, mistake: str = "") -> np.ndarray:
    """What a recorded model answers, its weights laid into a model of ours.

    Raises:
        BadRecording: the settings are no sizes of a Transformer, or the weights do not fit them.
    """
    from grader.core.recording import BadRecording

    sizes = [recording.settings.get(name) for name in SIZES]
    for name, size in zip(SIZES, sizes, strict=True):
        if type(size) is not int or not 1 <= size <= LARGEST[name]:
            raise BadRecording("shapes", f"settings: {name} is {size!r}")
    names = reference(mistake)
    model = names["Transformer"](*sizes, **_epsilon(recording.settings))
    model((source[:1], source[:1, :1]))
    recording.give(model, FUSED)
    return np.asarray(names["decode_words"](model, source))


def _epsilon(settings: Any) -> dict[str, float]:
    epsilon = settings.get("epsilon")
    return {"epsilon": epsilon} if isinstance(epsilon, float) and 0 < epsilon < 1 else {}


def best_predictions(
    recording: Any, source: np.ndarray, mistakes: Iterable[str] = FORGIVEN
) -> np.ndarray:
    """Predictions under the architecture, the right one first, in which the weights do best.

    The right answers follow from the inputs, so trying architectures proves nothing less: only
    trained weights reverse unseen words in any of them.
    """
    from grader.core.recording import BadRecording

    found: np.ndarray | None = None
    problem: BadRecording | None = None
    score = -1.0
    right = mirror(source)
    for mistake in ("", *mistakes):
        try:
            came = predictions(recording, source, mistake)
        except BadRecording as error:
            problem = problem or error
            continue
        reached = float((came == right).all(axis=1).mean())
        if reached > score:
            found, score = came, reached
        if score >= 0.9:
            break
    if found is None:
        assert problem is not None
        raise problem
    return found

"""What the clean room measures on TP3's recordings: errors, the PCA line, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from grader.check.recording import BadRecording, Recording, measured_once

SIZES = {"A": (512, 192, 8), "B": (2048, 1568, 8), "C": (512, 192, 128), "D": (2048, 1568, 128)}
GAP = 1.25  # test error over training error from which a network is over-fitted
RANK_NOISE = 1e-4  # singular values below this share of the first are rounding
NEAR = 0.10  # relative distance to a limit within which both neighbouring verdicts are right
UNDER, WELL, OVER = "under", "well", "over"
BATCH = 256


def images(pixels: np.ndarray) -> np.ndarray:
    """uint8 (n, 784) → float32 in [0, 1]."""
    return pixels.astype(np.float32) / 255


def reconstruct(recording: Recording, x: np.ndarray) -> np.ndarray:
    """Reconstructions float32 (n, 784) by the recorded network.

    A network of built-in layers is rebuilt as it was; of a class of the student's own, the six
    dense layers are found by their shapes and applied as the lab asks for them.

    Raises:
        BadRecording: the weights are no such network.
    """
    try:
        model = _model(recording)
    except BadRecording as error:
        if error.what != "layers":
            raise
        return _chain(recording, x)
    parts = [np.asarray(model(x[i : i + BATCH], training=False)) for i in range(0, len(x), BATCH)]
    return np.concatenate(parts).reshape(len(x), -1)


@lru_cache(maxsize=1)
def _model(recording: Recording) -> Any:
    """The recorded network, rebuilt once for all that is measured on it in a row."""
    return recording.rebuild()


def _chain(recording: Recording, x: np.ndarray) -> np.ndarray:
    kernels = {p: w for p, w in recording.weights.items() if w.ndim == 2}
    widths = next(
        (s for s in SIZES.values() if _shapes(s) == sorted(w.shape for w in kernels.values())), None
    )
    if widths is None:
        raise BadRecording("shapes")
    for i, shape in enumerate(_shapes(widths, ordered=True)):
        path = next(p for p, w in kernels.items() if w.shape == shape)
        bias = recording.weights.get(path.rpartition("/")[0] + "/bias")
        if bias is None:
            raise BadRecording("shapes")
        x = x @ kernels[path] + bias
        if i == 5:
            x = 1 / (1 + np.exp(-x))
        elif i != 2:
            x = np.maximum(x, 0)
    return x


def _shapes(widths: tuple[int, ...], ordered: bool = False) -> list[tuple[int, ...]]:
    chain = [784, *widths, *widths[-2::-1], 784]
    pairs = list(pairwise(chain))
    return pairs if ordered else sorted(pairs)


@measured_once
def mse(recording: Recording, pixels: np.ndarray) -> float:
    """Mean squared error on images, measured once for a recording and a set of images."""
    x = images(pixels)
    return float(np.mean((reconstruct(recording, x) - x) ** 2))


def narrowest(recording: Recording, pixels: np.ndarray, most: int = 24) -> int:
    """Through how many numbers an image reaches the output: the rank of the Jacobian there.

    A network with a code of size z has a Jacobian (784, 784) of rank at most z, whatever its layers.
    The rank is read off `most` random combinations of its rows, at each of four images.

    Returns:
        int, 0 to `most`; the largest of the four ranks.

    Raises:
        BadRecording: the network cannot be rebuilt.
    """
    import tensorflow as tf

    model = _model(recording)
    rng = np.random.default_rng(0)
    found = 0
    for x in images(pixels[:4]):
        given = tf.constant(np.tile(x, (most, 1)))
        mix = tf.constant(rng.normal(size=(most, 784)).astype(np.float32))
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = tf.reshape(model(given, training=False), (most, 784))
            mixed = tf.reduce_sum(made * mix)
        slope = tape.gradient(mixed, given)
        if slope is not None:
            values = np.linalg.svd(slope.numpy().astype(np.float64), compute_uv=False)
            found = max(found, int((values > RANK_NOISE * values[0]).sum()))
    return found


def pca_line(pixels: np.ndarray, k: int) -> float:
    """Error of `k` principal components on the images that they come from."""
    x = images(pixels)
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    return float((values[k:] ** 2).sum() / x.size)


def accepted(train: float, test: float, line: float) -> tuple[str, ...]:
    """Verdicts that the numbers support, the plain one first; near a limit there are two."""
    found = [UNDER if train > line else OVER if test >= GAP * train else WELL]
    if abs(train / line - 1) < NEAR:
        found.append(UNDER if train <= line else OVER if test >= GAP * train else WELL)
    if UNDER not in found[:1] and abs(test / train / GAP - 1) < NEAR:
        found += [WELL, OVER]
    return tuple(dict.fromkeys(found))


_WORDS = {
    UNDER: ("under", "underfit", "underfitted", "underfitting", "sous", "sousappris",
            "sousapprentissage", "sousajuste", "sousajustement"),
    WELL: ("well", "wellfitted", "wellfit", "good", "goodfit", "bien", "bienappris", "bienajuste", "bon",
           "correct"),
    OVER: ("over", "overfit", "overfitted", "overfitting", "sur", "surappris", "surapprentissage",
           "surajuste", "surajustement"),
}  # fmt: skip


def word(given: Any) -> str:
    """A verdict as students write it, in either language, as one of the three words."""
    from grader.check.answers import normalise

    form = normalise(given, "choice")
    return next((v for v, forms in _WORDS.items() if form in forms), str(given)[:40])


def letter(given: Any) -> str:
    """The network that an answer names: ``"réseau c"`` and ``"C"`` are both C."""
    from grader.check.answers import normalise

    form = normalise(given, "choice")
    for head in ("reseau", "network", "autoencoder", "autoencodeur"):
        form = form.removeprefix(head)
    return form.upper()[:20]


def best(errors: Mapping[str, float]) -> list[str]:
    """Networks within 3 % of the lowest error, the lowest first."""
    lowest = min(errors.values())
    return sorted((n for n, e in errors.items() if e <= 1.03 * lowest), key=lambda n: errors[n])


def largest(ratios: Mapping[str, float]) -> list[str]:
    """Networks whose ratio is within 5 % of the largest, the largest first."""
    top = max(ratios.values())
    return sorted((n for n, r in ratios.items() if r >= 0.95 * top), key=lambda n: -ratios[n])

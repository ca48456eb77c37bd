"""Compile ``tfm_block.npz``: what TensorFlow's own encoder block answers, for those without it.

Needs tf-models-official 2.20. Two sets of arrays, ``public/`` and ``hidden/``, each with the block's
16 weights under this lab's names, an input, a mask, and the block's output without and with it.

    python tfm_block.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

ORDER = (  # of TransformerEncoderBlock.get_weights()
    "attention/query_dense/kernel", "attention/query_dense/bias",
    "attention/key_dense/kernel", "attention/key_dense/bias",
    "attention/value_dense/kernel", "attention/value_dense/bias",
    "attention/output_dense/kernel", "attention/output_dense/bias",
    "norm1/gamma", "norm1/beta",
    "feed_forward/inner/kernel", "feed_forward/inner/bias",
    "feed_forward/outer/kernel", "feed_forward/outer/bias",
    "norm2/gamma", "norm2/beta",
)  # fmt: skip


def block(
    rng: np.random.Generator,
    batch: int,
    length: int,
    d_model: int,
    num_heads: int,
    d_ff: int,
    key_dim: int | None = None,
    scale: float = 0.3,
) -> dict[str, Any]:
    """Run the package's block, norm_epsilon 1e-12, on random weights.

    Returns:
        ``{"weight/<path>": …, "x": (B, T, d_model), "mask": bool (B, T, T), "plain", "masked"}``.
    """
    import tensorflow as tf
    from official.nlp.modeling.layers import TransformerEncoderBlock

    layer = TransformerEncoderBlock(num_heads, d_ff, "relu", key_dim=key_dim)
    x = rng.standard_normal((batch, length, d_model)).astype(np.float32)
    layer(tf.constant(x))
    weights = [
        (float(name.endswith("gamma")) + scale * rng.standard_normal(w.shape)).astype(np.float32)
        for name, w in zip(ORDER, layer.get_weights(), strict=True)
    ]
    layer.set_weights(weights)
    mask = rng.random((batch, length, length)) < 0.6
    mask |= np.eye(length, dtype=bool)
    return {
        **{f"weight/{name}": w for name, w in zip(ORDER, weights, strict=True)},
        "x": x,
        "mask": mask,
        "plain": layer(tf.constant(x)).numpy(),
        "masked": layer([tf.constant(x), tf.constant(mask.astype(np.float32))]).numpy(),
    }


def main() -> None:
    sets = {
        "public": block(np.random.default_rng(1), 2, 7, d_model=12, num_heads=3, d_ff=20),
        "hidden": block(np.random.default_rng(2), 3, 5, d_model=18, num_heads=3, d_ff=25),
    }
    arrays = {f"{side}/{name}": a for side, made in sets.items() for name, a in made.items()}
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main()

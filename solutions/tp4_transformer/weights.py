"""Sizes and weights that the judge gives to the students' layers."""

from __future__ import annotations

import numpy as np

from grader.authoring import Draw

Weights = dict[str, np.ndarray]


def model_sizes(draw: Draw, usual: bool = False) -> tuple[int, int, int, int, int]:
    """(heads, d_model, d_k, d_v, d_ff), all different, d_model even and not heads·d_k.

    Args:
        usual: d_model = heads·d_v, as in every published Transformer, so that a network without
            output projection still runs and its mistake is not paid for twice; else different.
    """
    while True:
        heads, dk, dv = draw.sizes(3, 2, 7)
        d = heads * dv if usual else 2 * int(draw.rng.integers(7, 10))
        apart = d not in (heads * dk, heads, dk, dv) and (usual or d != heads * dv)
        if d % 2 == 0 and 10 <= d <= 24 and apart:
            return heads, d, dk, dv, d + 5


def attention(draw: Draw, prefix: str, heads: int, d: int, dk: int, dv: int) -> Weights:
    """Factored weights of a `MultiHeadAttention`, so that Dense and EinsumDense both fit."""
    return (
        draw.dense(f"{prefix}query_dense", d, (heads, dk))
        | draw.dense(f"{prefix}key_dense", d, (heads, dk))
        | draw.dense(f"{prefix}value_dense", d, (heads, dv))
        | draw.dense(f"{prefix}output_dense", (heads, dv), d)
    )


def norm(draw: Draw, prefix: str, d: int) -> Weights:
    return draw.weights(**{f"{prefix}gamma": (d,), f"{prefix}beta": (d,)})


def feed_forward(draw: Draw, prefix: str, d: int, d_ff: int) -> Weights:
    return draw.dense(f"{prefix}inner", d, d_ff) | draw.dense(f"{prefix}outer", d_ff, d)


def encoder(draw: Draw, prefix: str, heads: int, d: int, dk: int, dv: int, d_ff: int) -> Weights:
    return (
        attention(draw, f"{prefix}attention/", heads, d, dk, dv)
        | norm(draw, f"{prefix}norm1/", d)
        | feed_forward(draw, f"{prefix}feed_forward/", d, d_ff)
        | norm(draw, f"{prefix}norm2/", d)
    )


def decoder(draw: Draw, prefix: str, heads: int, d: int, dk: int, dv: int, d_ff: int) -> Weights:
    return (
        attention(draw, f"{prefix}self_attention/", heads, d, dk, dv)
        | norm(draw, f"{prefix}norm1/", d)
        | attention(draw, f"{prefix}cross_attention/", heads, d, dk, dv)
        | norm(draw, f"{prefix}norm2/", d)
        | feed_forward(draw, f"{prefix}feed_forward/", d, d_ff)
        | norm(draw, f"{prefix}norm3/", d)
    )


def fused(*prefixes: str) -> dict[str, tuple[str, ...]]:
    """One layer called `qkv_dense` may stand for the three projections."""
    parts = ("query_dense", "key_dense", "value_dense")
    return {f"{p}qkv_dense": tuple(f"{p}{x}" for x in parts) for p in prefixes}


def transformer(
    draw: Draw, layers: int, heads: int, d: int, dk: int, dv: int, d_ff: int, vocab: int
) -> tuple[Weights, dict[str, tuple[str, ...]]]:
    """Weights of the whole model, and which layers may be fused."""
    weights: Weights = {}
    attentions: list[str] = []
    for i in range(layers):
        ours, theirs = f"encoder_layers/{i}/", f"decoder_layers/{i}/"
        weights |= encoder(draw, ours, heads, d, dk, dv, d_ff)
        weights |= decoder(draw, theirs, heads, d, dk, dv, d_ff)
        attentions += [f"{ours}attention/", f"{theirs}self_attention/", f"{theirs}cross_attention/"]
    weights |= draw.dense("output_dense", d, vocab)
    for side in ("source", "target"):
        # Small, so that no score reaches 32: what is lost in a score - 1e9 would show beyond.
        weights[f"{side}_embedding/embeddings"] = draw.normal(vocab, d, scale=0.2)
    return weights, fused(*attentions)

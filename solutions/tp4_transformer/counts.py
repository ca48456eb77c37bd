"""Parameter counts, right and wrong: what each usual slip gives (see LABS of the course)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

LECTURE = {
    "num_layers": 6,
    "num_heads": 8,
    "d_model": 512,
    "d_k": 64,
    "d_v": 64,
    "d_ff": 2048,
    "vocab_size": 29,
}
LECTURE_LENGTH = 11


def attention(num_heads: int, d_model: int, d_k: int, d_v: int, *, bias: bool = True) -> int:
    """Parameters of one multi-head attention."""
    b = int(bias)
    per_head = 2 * (d_model + b) * d_k + (d_model + b) * d_v
    return num_heads * per_head + (num_heads * d_v + b) * d_model


def transformer(
    num_layers: int,
    num_heads: int,
    d_model: int,
    d_k: int,
    d_v: int,
    d_ff: int,
    vocab_size: int,
    *,
    embeddings: int = 2,
    output_kernel: bool = True,
    output_bias: bool = True,
    learned_positions: bool = False,
    attention_bias: bool = True,
    norm_weights: bool = True,
    decoder_norms: int = 3,
    final_norms: int = 0,
    whole_d_model_a_head: bool = False,
    decoder: bool = True,
) -> int:
    """Parameters of a Transformer, with one thing done otherwise."""
    if whole_d_model_a_head:
        d_k = d_v = d_model
    attend = attention(num_heads, d_model, d_k, d_v, bias=attention_bias)
    dense = (d_model + 1) * d_ff + (d_ff + 1) * d_model
    norm = 2 * d_model if norm_weights else 0
    total = num_layers * (attend + dense + 2 * norm) + final_norms * norm
    if decoder:
        total += num_layers * (2 * attend + dense + decoder_norms * norm)
    if learned_positions:
        total += 2 * LECTURE_LENGTH * d_model
    if output_kernel:
        total += d_model * vocab_size
    return total + embeddings * vocab_size * d_model + (vocab_size if output_bias else 0)


WRONG: dict[str, Callable[..., int]] = {
    "count-shared-embedding": partial(transformer, embeddings=1),
    "count-all-tied": partial(transformer, embeddings=1, output_kernel=False, output_bias=False),
    "count-no-output-bias": partial(transformer, output_bias=False),
    "count-learned-positions": partial(transformer, learned_positions=True),
    "count-attention-without-bias": partial(transformer, attention_bias=False),
    "count-norm-without-weights": partial(transformer, norm_weights=False),
    "count-two-norms-in-decoder": partial(transformer, decoder_norms=2),
    "count-final-norms": partial(transformer, final_norms=2),
    "count-d-model-a-head": partial(transformer, whole_d_model_a_head=True),
    "count-encoder-only": partial(
        transformer, decoder=False, embeddings=1, output_kernel=False, output_bias=False
    ),
}

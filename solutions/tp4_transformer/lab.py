"""TP4, the Transformer from scratch: the lab that its parts fill, and what they forbid."""

from __future__ import annotations

from grader.authoring import LabSpec, Limits

lab = LabSpec(__file__, "TP4 · The Transformer from scratch", "TP4 · Le Transformer de zéro",
    limits=Limits(seconds=120, cpu_seconds=240, cell_seconds=20, training_seconds=90),
    recordings=["reverser"])

LIBRARY_ATTENTION = [
    "keras.ops.dot_product_attention",
    "keras.ops.nn.dot_product_attention",
    "keras.layers.Attention",
    "keras.layers.AdditiveAttention",
    "keras.layers.MultiHeadAttention",
    "keras.layers.GroupQueryAttention",
    "torch.nn.functional.scaled_dot_product_attention",
    "jax.nn.dot_product_attention",
]
LIBRARY_BLOCKS = [
    "keras_hub.layers.TransformerEncoder",
    "keras_hub.layers.TransformerDecoder",
    "tensorflow_models.nlp.layers.TransformerEncoderBlock",
    "tensorflow_models.nlp.layers.TransformerDecoderBlock",
]

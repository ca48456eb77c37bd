"""2.4 and 2.5 of TP4: the encoder's and the decoder's layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import weights
from lab import LIBRARY_BLOCKS, lab

from grader.authoring import Close, Draw, Student

BLOCK = np.load(Path(__file__).parent / "tfm_block.npz")

# ------------------------------------------------------------------ 2.4 encoder

encoder = lab.exercise("encoder", "2.4", "Encoder layer", "Couche d'encodeur", "EncoderLayer",
    forbids=LIBRARY_BLOCKS,
    read=("section 2.4, the drawing of the block", "partie 2.4, le dessin du bloc"))


def encoder_layer(draw: Draw, student: Student):
    """A built layer with weights, and d_model."""
    draw = draw.named("encoder")
    h, d, dk, dv, d_ff = weights.model_sizes(draw, usual=True)
    with student.shared():
        layer = student.EncoderLayer(h, d, dk, dv, d_ff, 0.04)
        layer(draw.normal(2, 3, d))
        layer.set_weights(weights.encoder(draw, "", h, d, dk, dv, d_ff), weights.fused("attention/"))
    return layer, d


@encoder.check("values", 0.75, "values", "valeurs",
    asked=("attention, add, normalise, feed forward, add, normalise",
           "attention, ajout, normalisation, réseau dense, ajout, normalisation"))
def _(draw: Draw, student: Student):
    layer, d = encoder_layer(draw, student)
    return layer(draw.normal(3, 7, d))


@encoder.check("mask", 0.5, "with a mask", "avec un masque")
def _(draw: Draw, student: Student):
    layer, d = encoder_layer(draw, student)
    return layer(draw.normal(3, 7, d), draw.mask(3, 1, 7))


@encoder.check("match", 0.5,
    "same as TensorFlow's TransformerEncoderBlock", "égale au TransformerEncoderBlock de TensorFlow",
    asked=("with the block's own 16 arrays and epsilon 1e-12, its own output to 1e-5",
           "avec les 16 tableaux du bloc et epsilon 1e-12, sa propre sortie à 1e-5 près"),
    expect={"plain": Close(rtol=1e-5, atol=1e-5), "masked": Close(rtol=1e-5, atol=1e-5)})
def _(draw: Draw, student: Student):
    side = "hidden/" if draw.hidden else "public/"
    stored = {k.removeprefix(side): BLOCK[k] for k in BLOCK.files if k.startswith(side)}
    given = {k.removeprefix("weight/"): a for k, a in stored.items() if k.startswith("weight/")}
    d, h, dk = given["attention/query_dense/kernel"].shape
    layer = student.EncoderLayer(h, d, dk, dk, given["feed_forward/inner/kernel"].shape[1], 1e-12)
    layer(stored["x"])
    layer.set_weights(given, weights.fused("attention/"))
    asked = student.probe(plain=layer(stored["x"]), masked=layer(stored["x"], stored["mask"]))
    return asked, {"plain": stored["plain"], "masked": stored["masked"]}


def other_encoder(call: str, norm: str = "keras.layers.LayerNormalization(epsilon=epsilon)") -> str:
    return f"""
class EncoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm1, self.norm2 = {norm}, {norm}

    def call(self, x, mask=None):
        {call}
"""


def default_epsilon(*norms: int) -> list[tuple[str, str]]:
    """Edits that leave Keras' own epsilon in these normalisations."""
    return [
        (f"self.norm{i} = keras.layers.LayerNormalization(epsilon=epsilon)",
         f"self.norm{i} = keras.layers.LayerNormalization()")
        for i in norms
    ]


FIRST = "attended, _ = self.attention(x, x, x, attention_mask)\n        x = self.norm1(x + attended)"
SECOND = "return self.norm2(x + self.feed_forward(x))"
ALL = ["values", "mask", "match"]

encoder.slip("pre-norm-for-post-norm",
    "the normalisation comes before each sub-layer (pre-norm); here it follows the addition",
    "la normalisation précède chaque sous-couche (pré-norm) ; ici elle suit l'addition",
    (FIRST,
     "z = self.norm1(x)\n"
     "        attended, _ = self.attention(z, z, z, attention_mask)\n"
     "        x = x + attended"),
    (SECOND, "return x + self.feed_forward(self.norm2(x))"),
    loses=ALL, mutant=other_encoder("""h = self.norm1(x)
        x += self.attention(h, h, h, mask)[0]
        return x + self.feed_forward(self.norm2(x))"""))
encoder.slip("wrong-eps",
    "epsilon is Keras' default (0.001) instead of the one asked for",
    "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
    *default_epsilon(1, 2),
    loses=ALL, mutant=other_encoder("""x = self.norm1(x + self.attention(x, x, x, mask)[0])
        return self.norm2(x + self.feed_forward(x))""", norm="keras.layers.LayerNormalization(axis=-1)"))
encoder.slip("missing-residual",
    "the input is not added back: the residual connections are missing",
    "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
    ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
    loses=ALL, mutant=other_encoder("""h = self.norm1(self.attention(x, x, x, mask)[0])
        return self.norm2(self.feed_forward(h))"""))
encoder.slip("missing-residual-attention",
    "the input is not added back after the attention",
    "l'entrée n'est pas rajoutée après l'attention",
    ("self.norm1(x + attended)", "self.norm1(attended)"))
encoder.slip("missing-residual-feed-forward",
    "the input is not added back after the feed-forward network",
    "l'entrée n'est pas rajoutée après le réseau dense",
    ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"))
encoder.slip("residual-outside-norm",
    "the normalisation is applied before the addition; it comes after",
    "la normalisation est faite avant l'addition ; elle vient après",
    ("self.norm1(x + attended)", "x + self.norm1(attended)"),
    (SECOND, "return x + self.norm2(self.feed_forward(x))"))
encoder.slip("norms-shared",
    "one normalisation serves twice; each place has its own",
    "une même normalisation sert deux fois ; chaque place a la sienne",
    ("self.norm2(x + ", "self.norm1(x + "))
encoder.slip("encoder-mask-dropped",
    "the mask is not handed on to the attention",
    "le masque n'est pas transmis à l'attention",
    ("(x, x, x, attention_mask)", "(x, x, x)"))

# ------------------------------------------------------------------ 2.5 decoder

decoder = lab.exercise("decoder", "2.5", "Decoder layer", "Couche de décodeur", "DecoderLayer",
    forbids=LIBRARY_BLOCKS)


def decoded(draw: Draw, student: Student):
    """A decoder layer with weights, called once for both checks: on 2 × `half` sequences, of which
    the second half has another token at position `at`.
    """
    draw = draw.named("decoder")
    h, d, dk, dv, d_ff = weights.model_sizes(draw, usual=True)
    given = weights.decoder(draw, "", h, d, dk, dv, d_ff)
    half, t, s = draw.sizes(3, 4, 8)
    at = t // 2
    x, memory = draw.normal(half, t, d), draw.normal(half, s, d)
    other = x.copy()
    other[:, at] = draw.normal(half, d)
    causal = np.tril(np.ones((t, t), dtype=bool))
    padding = np.tile(draw.mask(half, 1, s), (2, 1, 1))
    with student.shared():
        layer = student.DecoderLayer(h, d, dk, dv, d_ff, 0.04)
        layer(draw.normal(2, 3, d), draw.normal(2, 4, d))
        layer.set_weights(given, weights.fused("self_attention/", "cross_attention/"))
        out = layer(np.concatenate([x, other]), np.concatenate([memory, memory]), causal, padding)
    return out, half, at


@decoder.check("values", 1.0, "values", "valeurs",
    asked=("given weights, masks for the target and for the memory",
           "à poids donnés, avec masques pour la cible et pour la mémoire"))
def _(draw: Draw, student: Student):
    out, half, _ = decoded(draw, student)
    return out[:half]


@decoder.check("causal", 0.25, "the past does not see the future", "le passé ne voit pas le futur",
    asked=("another token at position p changes nothing before p, and something from p on",
           "un autre token à la position p ne change rien avant p, et quelque chose à partir de p"))
def _(draw: Draw, student: Student):
    out, half, at = decoded(draw, student)
    return out[:half].change(out[half : 2 * half], at), {"out": {"before": False, "after": True}}


decoder.slip("cross-attention-on-self",
    "the second attention looks at the target again; its keys and values come from the encoder",
    "la seconde attention regarde encore la cible ; ses clés et valeurs viennent de l'encodeur",
    ("self.cross_attention(x, memory, memory, memory_mask)",
     "self.cross_attention(x, x, x, attention_mask)"),
    loses=["values"], mutant="""
class DecoderLayer(keras.layers.Layer):
    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.self_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.cross_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.feed_forward = FeedForward(d_ff, d_model)
        for i in (1, 2, 3):
            setattr(self, f"norm{i}", keras.layers.LayerNormalization(epsilon=epsilon))

    def call(self, x, memory, mask=None, memory_mask=None):
        h = self.norm1(self.self_attention(x, x, x, mask)[0] + x)
        h = self.norm2(self.cross_attention(h, h, h, mask)[0] + h)
        return self.norm3(self.feed_forward(h) + h)
""")
decoder.slip("decoder-missing-residual",
    "the input is not added back: the residual connections are missing",
    "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
    ("self.norm2(x + attended)", "self.norm2(attended)"),
    ("self.norm3(x + self.feed_forward(x))", "self.norm3(self.feed_forward(x))"))
decoder.slip("decoder-missing-cross-residual",
    "the input is not added back after the cross-attention",
    "l'entrée n'est pas rajoutée après l'attention croisée",
    ("self.norm2(x + attended)", "self.norm2(attended)"))
decoder.slip("decoder-pre-norm",
    "the normalisation comes before each sub-layer (pre-norm); here it follows the addition",
    "la normalisation précède chaque sous-couche (pré-norm) ; ici elle suit l'addition",
    ("attended, _ = self.self_attention(x, x, x, attention_mask)\n"
     "        x = self.norm1(x + attended)",
     "z = self.norm1(x)\n"
     "        attended, _ = self.self_attention(z, z, z, attention_mask)\n"
     "        x = x + attended"),
    ("attended, _ = self.cross_attention(x, memory, memory, memory_mask)\n"
     "        x = self.norm2(x + attended)",
     "attended, _ = self.cross_attention(self.norm2(x), memory, memory, memory_mask)\n"
     "        x = x + attended"),
    ("return self.norm3(x + self.feed_forward(x))", "return x + self.feed_forward(self.norm3(x))"))
decoder.slip("decoder-wrong-eps",
    "epsilon is Keras' default (0.001) instead of the one asked for",
    "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
    *default_epsilon(1, 2, 3))
decoder.slip("decoder-mask-dropped",
    "the self-attention does not receive its mask: the decoder sees the future",
    "l'auto-attention ne reçoit pas son masque : le décodeur voit le futur",
    ("self.self_attention(x, x, x, attention_mask)", "self.self_attention(x, x, x)"))
decoder.slip("memory-mask-dropped",
    "the cross-attention does not receive its mask",
    "l'attention croisée ne reçoit pas son masque",
    (", memory_mask)", ")"))

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
    hint=[("the order of normalisation, sub-layer and addition in `call`",
           "l'ordre de la normalisation, de la sous-couche et de l'addition dans `call`"),
          ("print mean and deviation of a token of the output, gamma 1 and beta 0: 0 and 1 if the last step normalises",
           "affichez moyenne et écart-type d'un token en sortie, gamma 1 et beta 0 : 0 et 1 si la dernière étape normalise"),
          ("sub-layer first, then add its input, then normalise the sum",
           "d'abord la sous-couche, puis ajoutez son entrée, puis normalisez la somme")],
    loses=ALL, mutant=other_encoder("""h = self.norm1(x)
        x += self.attention(h, h, h, mask)[0]
        return x + self.feed_forward(self.norm2(x))"""))
encoder.slip("wrong-eps",
    "epsilon is Keras' default (0.001) instead of the one asked for",
    "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
    *default_epsilon(1, 2),
    hint=[("how the two normalisations are made", "comment sont faites les deux normalisations"),
          ("print layer.norm1.epsilon of a layer made with epsilon=0.04",
           "affichez layer.norm1.epsilon d'une couche faite avec epsilon=0.04"),
          ("hand the argument epsilon on to both of them", "transmettez l'argument epsilon aux deux")],
    loses=ALL, mutant=other_encoder("""x = self.norm1(x + self.attention(x, x, x, mask)[0])
        return self.norm2(x + self.feed_forward(x))""", norm="keras.layers.LayerNormalization(axis=-1)"))
encoder.slip("missing-residual",
    "the input is not added back: the residual connections are missing",
    "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
    ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
    hint=[("what each normalisation receives", "ce que reçoit chaque normalisation"),
          ("follow the drawing of the block: two arrows go around a sub-layer; where are they in your code?",
           "suivez le dessin du bloc : deux flèches contournent une sous-couche ; où sont-elles dans votre code ?"),
          ("add to the output of each sub-layer what went into it, then normalise",
           "ajoutez à la sortie de chaque sous-couche ce qui y est entré, puis normalisez")],
    loses=ALL, mutant=other_encoder("""h = self.norm1(self.attention(x, x, x, mask)[0])
        return self.norm2(self.feed_forward(h))"""))
encoder.slip("missing-residual-attention",
    "the input is not added back after the attention",
    "l'entrée n'est pas rajoutée après l'attention",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
    hint=[("what the first normalisation receives", "ce que reçoit la première normalisation"),
          ("set all weights of `attention` to 0: the first normalisation must still see the input",
           "mettez à 0 tous les poids de `attention` : la première normalisation doit encore voir l'entrée"),
          ("add the layer's input to what the attention gives",
           "ajoutez l'entrée de la couche à ce que donne l'attention")],
    loses=ALL)
encoder.slip("missing-residual-feed-forward",
    "the input is not added back after the feed-forward network",
    "l'entrée n'est pas rajoutée après le réseau dense",
    ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
    hint=[("what the second normalisation receives", "ce que reçoit la seconde normalisation"),
          ("set all weights of `feed_forward` to 0: the second normalisation must still see what came before",
           "mettez à 0 tous les poids de `feed_forward` : la seconde normalisation doit encore voir ce qui précède"),
          ("add what went into the feed-forward network to what it gives",
           "ajoutez à la sortie du réseau dense ce qui y est entré")],
    loses=ALL)
encoder.slip("residual-outside-norm",
    "the normalisation is applied before the addition; it comes after",
    "la normalisation est faite avant l'addition ; elle vient après",
    ("self.norm1(x + attended)", "x + self.norm1(attended)"),
    (SECOND, "return x + self.norm2(self.feed_forward(x))"),
    hint=[("what stands inside the brackets of norm1 and norm2",
           "ce qui est entre les parenthèses de norm1 et norm2"),
          ("with gamma 1 and beta 0, is each token of the output of mean 0? After an addition it need not be",
           "avec gamma 1 et beta 0, chaque token de la sortie est-il de moyenne 0 ? Après une addition, rien ne l'assure"),
          ("normalise the sum of input and sub-layer, not the sub-layer alone",
           "normalisez la somme de l'entrée et de la sous-couche, pas la sous-couche seule")],
    loses=ALL)
encoder.slip("norms-shared",
    "one normalisation serves twice; each place has its own",
    "une même normalisation sert deux fois ; chaque place a la sienne",
    ("self.norm2(x + ", "self.norm1(x + "),
    hint=[("which normalisation is called in the second half of `call`",
           "quelle normalisation est appelée dans la seconde moitié de `call`"),
          ("after one call, print layer.norm2.weights: has it any?",
           "après un appel, affichez layer.norm2.weights : en a-t-elle ?"),
          ("use norm1 after the attention and norm2 after the feed-forward network",
           "servez-vous de norm1 après l'attention et de norm2 après le réseau dense")],
    loses=ALL)
encoder.slip("encoder-mask-dropped",
    "the mask is not handed on to the attention",
    "le masque n'est pas transmis à l'attention",
    ("(x, x, x, attention_mask)", "(x, x, x)"),
    hint=[("the call of `attention`", "l'appel à `attention`"),
          ("call the layer with and without a mask: does the output differ?",
           "appelez la couche avec et sans masque : la sortie diffère-t-elle ?"),
          ("hand attention_mask on as the fourth argument",
           "transmettez attention_mask en quatrième argument")],
    loses=["mask", "match"])

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
    hint=[("the three first arguments of `cross_attention`",
           "les trois premiers arguments de `cross_attention`"),
          ("call the layer with two different memories: the output must change",
           "appelez la couche avec deux mémoires différentes : la sortie doit changer"),
          ("queries come from the target, keys and values from the memory, with the memory's mask",
           "les requêtes viennent de la cible, clés et valeurs de la mémoire, avec le masque de la mémoire")],
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
    ("self.norm3(x + self.feed_forward(x))", "self.norm3(self.feed_forward(x))"),
    hint=[("what each of the three normalisations receives",
           "ce que reçoit chacune des trois normalisations"),
          ("set all weights of the three sub-layers to 0: the output must still depend on x",
           "mettez à 0 les poids des trois sous-couches : la sortie doit encore dépendre de x"),
          ("add to the output of each sub-layer what went into it, three times",
           "ajoutez à la sortie de chaque sous-couche ce qui y est entré, trois fois")],
    loses=["values"])
decoder.slip("decoder-missing-cross-residual",
    "the input is not added back after the cross-attention",
    "l'entrée n'est pas rajoutée après l'attention croisée",
    ("self.norm2(x + attended)", "self.norm2(attended)"),
    hint=[("what norm2 receives", "ce que reçoit norm2"),
          ("set all weights of `cross_attention` to 0: norm2 must still see what came before",
           "mettez à 0 tous les poids de `cross_attention` : norm2 doit encore voir ce qui précède"),
          ("add the queries' side back: what went in as first argument",
           "rajoutez le côté des requêtes : ce qui est entré en premier argument")],
    loses=["values"])
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
    ("return self.norm3(x + self.feed_forward(x))", "return x + self.feed_forward(self.norm3(x))"),
    hint=[("the order of normalisation, sub-layer and addition in `call`",
           "l'ordre de la normalisation, de la sous-couche et de l'addition dans `call`"),
          ("print mean and deviation of a token of the output, gamma 1 and beta 0: 0 and 1 if the last step normalises",
           "affichez moyenne et écart-type d'un token en sortie, gamma 1 et beta 0 : 0 et 1 si la dernière étape normalise"),
          ("three times: sub-layer, then add its input, then normalise the sum",
           "trois fois : la sous-couche, puis ajoutez son entrée, puis normalisez la somme")],
    loses=["values"])
decoder.slip("decoder-wrong-eps",
    "epsilon is Keras' default (0.001) instead of the one asked for",
    "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
    *default_epsilon(1, 2, 3),
    hint=[("how the three normalisations are made", "comment sont faites les trois normalisations"),
          ("print layer.norm3.epsilon of a layer made with epsilon=0.04",
           "affichez layer.norm3.epsilon d'une couche faite avec epsilon=0.04"),
          ("hand the argument epsilon on to all three", "transmettez l'argument epsilon aux trois")],
    loses=["values"])
decoder.slip("decoder-mask-dropped",
    "the self-attention does not receive its mask: the decoder sees the future",
    "l'auto-attention ne reçoit pas son masque : le décodeur voit le futur",
    ("self.self_attention(x, x, x, attention_mask)", "self.self_attention(x, x, x)"),
    hint=[("the call of `self_attention`", "l'appel à `self_attention`"),
          ("change the last target token: do the outputs before it move?",
           "changez le dernier token de la cible : les sorties qui le précèdent bougent-elles ?"),
          ("hand attention_mask on to the self-attention", "transmettez attention_mask à l'auto-attention")],
    loses=["values", "causal"])
decoder.slip("memory-mask-dropped",
    "the cross-attention does not receive its mask",
    "l'attention croisée ne reçoit pas son masque",
    (", memory_mask)", ")"),
    hint=[("the call of `cross_attention`", "l'appel à `cross_attention`"),
          ("change a memory token that memory_mask hides: the output must not move",
           "changez un token de la mémoire que memory_mask cache : la sortie ne doit pas bouger"),
          ("hand memory_mask on to the cross-attention", "transmettez memory_mask à l'attention croisée")],
    loses=["values"])

"""What is graded in TP4, the Transformer from scratch."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import counts
import numpy as np
import words
from beams import ending_table, instructive_tables

from grader.authoring import (
    Close,
    Distribution,
    Draw,
    LabSpec,
    Limits,
    Metric,
    Probe,
    Step,
    Text,
    call,
    change,
    count_params,
    item,
    rng,
    sample,
    set_weights,
    student,
    table,
)

HERE = Path(__file__).parent
CALIBRATION = json.loads((HERE / "calibration.json").read_text())["reverser.exact_match"]
BLOCK = np.load(HERE / "tfm_block.npz")

lab = LabSpec(
    "tp4_transformer",
    Text(en="TP4 · The Transformer from scratch", fr="TP4 · Le Transformer de zéro"),
    limits=Limits(seconds=120, cpu_seconds=240, cell_seconds=20, training_seconds=90),
    recordings=["reverser"],
    preload=["tensorflow", "keras", "matplotlib.pyplot", "tensorflow_text"],
)

# ------------------------------------------------------------------ exercises

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
LIBRARY_HEADS = [
    "keras.layers.MultiHeadAttention",
    "keras.layers.GroupQueryAttention",
    "tf_keras.layers.MultiHeadAttention",
    "keras_hub.layers.CachedMultiHeadAttention",
    "official.nlp.modeling.layers.MultiHeadAttention",
]
LIBRARY_BLOCKS = [
    "keras_hub.layers.TransformerEncoder",
    "keras_hub.layers.TransformerDecoder",
    "tensorflow_models.nlp.layers.TransformerEncoderBlock",
    "tensorflow_models.nlp.layers.TransformerDecoderBlock",
]

lab.exercise(
    "attention",
    "1.1",
    Text(en="Scaled dot-product attention", fr="Attention par produit scalaire"),
    defines=["scaled_dot_product_attention"],
    forbids=LIBRARY_ATTENTION,
    read=Text(en="section 1.1 and Vaswani et al., 3.2.1", fr="partie 1.1 et Vaswani et al., 3.2.1"),
)
lab.exercise(
    "masks",
    "1.2",
    Text(en="Causal mask", fr="Masque causal"),
    defines=["causal_mask"],
    read=Text(en="section 1.2", fr="partie 1.2"),
)
lab.exercise(
    "positions",
    "1.3",
    Text(en="Positions", fr="Positions"),
    defines=["positional_encoding"],
    forbids=[
        "keras_hub.layers.SinePositionEncoding",
        "tensorflow_models.nlp.layers.RelativePositionEmbedding",
    ],
    read=Text(en="section 1.3 and Vaswani et al., 3.5", fr="partie 1.3 et Vaswani et al., 3.5"),
)
lab.exercise(
    "heads",
    "2.1",
    Text(en="Multi-head attention", fr="Attention à plusieurs têtes"),
    defines=["MultiHeadAttention"],
    forbids=LIBRARY_HEADS,
    read=Text(en="section 2.1 and Vaswani et al., 3.2.2", fr="partie 2.1 et Vaswani et al., 3.2.2"),
)
lab.exercise(
    "norm",
    "2.2",
    Text(en="Layer normalisation", fr="Normalisation de couche"),
    defines=["layer_norm"],
    forbids=["keras.layers.LayerNormalization", "keras.ops.layer_normalization"],
    read=Text(en="section 2.2", fr="partie 2.2"),
)
lab.exercise(
    "feed_forward",
    "2.3",
    Text(en="Feed-forward network", fr="Réseau dense par token"),
    defines=["FeedForward"],
    read=Text(en="section 2.3", fr="partie 2.3"),
)
lab.exercise(
    "encoder",
    "2.4",
    Text(en="Encoder layer", fr="Couche d'encodeur"),
    defines=["EncoderLayer"],
    forbids=LIBRARY_BLOCKS,
    read=Text(en="section 2.4, the drawing of the block", fr="partie 2.4, le dessin du bloc"),
)
lab.exercise(
    "decoder",
    "2.5",
    Text(en="Decoder layer", fr="Couche de décodeur"),
    defines=["DecoderLayer"],
    forbids=LIBRARY_BLOCKS,
    read=Text(en="section 2.5", fr="partie 2.5"),
)
lab.exercise(
    "transformer",
    "3.1",
    Text(en="The whole Transformer", fr="Le Transformer entier"),
    defines=["Transformer"],
    forbids=LIBRARY_BLOCKS,
    read=Text(en="section 3.1 and Vaswani et al., 3.4", fr="partie 3.1 et Vaswani et al., 3.4"),
)
lab.exercise(
    "counting",
    "3.2",
    Text(en="Counting parameters", fr="Compter les paramètres"),
    defines=["attention_parameters", "transformer_parameters"],
    read=Text(en="section 3.2", fr="partie 3.2"),
)
lab.exercise(
    "greedy",
    "4.1",
    Text(en="Greedy decoding", fr="Décodage glouton"),
    defines=["greedy_decode"],
    read=Text(en="section 4.1", fr="partie 4.1"),
)
lab.exercise(
    "top_k",
    "4.2",
    Text(en="Top-k sampling", fr="Tirage top-k"),
    defines=["top_k_sample"],
    forbids=["keras_hub.samplers.TopKSampler"],
    read=Text(en="section 4.2", fr="partie 4.2"),
)
lab.exercise(
    "beam",
    "4.3",
    Text(en="Beam search", fr="Recherche en faisceau"),
    defines=["beam_search"],
    forbids=["keras_hub.samplers.BeamSampler"],
    read=Text(en="section 4.3", fr="partie 4.3"),
)
lab.exercise(
    "shift",
    "5.1",
    Text(en="Teacher forcing", fr="Apprentissage guidé (teacher forcing)"),
    defines=["teacher_forcing"],
    read=Text(en="section 5.1", fr="partie 5.1"),
)
lab.exercise(
    "training",
    "5.2",
    Text(en="Training", fr="Entraînement"),
    read=Text(en="section 5.2", fr="partie 5.2"),
)
lab.exercise("questions", "Q", Text(en="Questions", fr="Questions"))
lab.exercise(
    "relative",
    "6",
    Text(en="Bonus: relative positions", fr="Bonus : positions relatives"),
    defines=["relative_attention"],
    forbids=LIBRARY_ATTENTION,
    read=Text(en="section 6", fr="partie 6"),
)

# ------------------------------------------------------------------ weights by judge


def attention_shapes(
    prefix: str, heads: int, dk: int, dv: int, d: int
) -> dict[str, tuple[int, ...]]:
    """Factored shapes of a `MultiHeadAttention`, so that Dense and EinsumDense both fit."""
    return {
        f"{prefix}query_dense/kernel": (d, heads, dk),
        f"{prefix}query_dense/bias": (heads, dk),
        f"{prefix}key_dense/kernel": (d, heads, dk),
        f"{prefix}key_dense/bias": (heads, dk),
        f"{prefix}value_dense/kernel": (d, heads, dv),
        f"{prefix}value_dense/bias": (heads, dv),
        f"{prefix}output_dense/kernel": (heads, dv, d),
        f"{prefix}output_dense/bias": (d,),
    }


def norm_shapes(prefix: str, d: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}gamma": (d,), f"{prefix}beta": (d,)}


def feed_forward_shapes(prefix: str, d: int, d_ff: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{prefix}inner/kernel": (d, d_ff),
        f"{prefix}inner/bias": (d_ff,),
        f"{prefix}outer/kernel": (d_ff, d),
        f"{prefix}outer/bias": (d,),
    }


def encoder_shapes(
    prefix: str, heads: int, d: int, dk: int, dv: int, d_ff: int
) -> dict[str, tuple[int, ...]]:
    return {
        **attention_shapes(f"{prefix}attention/", heads, dk, dv, d),
        **norm_shapes(f"{prefix}norm1/", d),
        **feed_forward_shapes(f"{prefix}feed_forward/", d, d_ff),
        **norm_shapes(f"{prefix}norm2/", d),
    }


def decoder_shapes(
    prefix: str, heads: int, d: int, dk: int, dv: int, d_ff: int
) -> dict[str, tuple[int, ...]]:
    return {
        **attention_shapes(f"{prefix}self_attention/", heads, dk, dv, d),
        **norm_shapes(f"{prefix}norm1/", d),
        **attention_shapes(f"{prefix}cross_attention/", heads, dk, dv, d),
        **norm_shapes(f"{prefix}norm2/", d),
        **feed_forward_shapes(f"{prefix}feed_forward/", d, d_ff),
        **norm_shapes(f"{prefix}norm3/", d),
    }


def fused(*prefixes: str) -> dict[str, tuple[str, ...]]:
    """One layer called `qkv_dense` may stand for the three projections."""
    parts = ("query_dense", "key_dense", "value_dense")
    return {f"{p}qkv_dense": tuple(f"{p}{x}" for x in parts) for p in prefixes}


def transformer_weights(
    draw: Draw, layers: int, heads: int, d: int, dk: int, dv: int, d_ff: int, vocab: int
):
    shapes: dict[str, tuple[int, ...]] = {}
    attentions: list[str] = []
    for i in range(layers):
        shapes |= encoder_shapes(f"encoder_layers/{i}/", heads, d, dk, dv, d_ff)
        shapes |= decoder_shapes(f"decoder_layers/{i}/", heads, d, dk, dv, d_ff)
        attentions += [
            f"encoder_layers/{i}/attention/",
            f"decoder_layers/{i}/self_attention/",
            f"decoder_layers/{i}/cross_attention/",
        ]
    shapes |= {"output_dense/kernel": (d, vocab), "output_dense/bias": (vocab,)}
    weights = draw.weights(**shapes)
    for side in ("source", "target"):
        weights[f"{side}_embedding/embeddings"] = draw.normal(vocab, d, scale=0.3)
    return weights, fused(*attentions)


def model_sizes(draw: Draw, usual: bool = False) -> tuple[int, int, int, int, int]:
    """(heads, d_model, d_k, d_v, d_ff), all different, d_model even and not heads·d_k.

    Args:
        usual: d_model = heads·d_v, as in every published Transformer, so that a network without
            output projection still runs and its mistake is not paid for twice; else different.
    """
    while True:
        heads, dk, dv = draw.sizes(3, 2, 7)
        d = heads * dv if usual else 2 * int(draw.rng.integers(7, 10))
        if d % 2 == 0 and 10 <= d <= 24 and d not in (heads * dk, heads, dk, dv):
            if usual or d != heads * dv:
                return heads, d, dk, dv, d + 5


# ------------------------------------------------------------------ 1.1 attention


@lab.check(
    "attention.values",
    "attention",
    1.0,
    Text(en="values", fr="valeurs"),
    asked=Text(
        en="softmax(q kᵀ / √d_k) v and its weights, for any leading axes",
        fr="softmax(q kᵀ / √d_k) v et ses poids, quels que soient les premiers axes",
    ),
    picture="weights",
)
def _(draw: Draw) -> Probe:
    t, s, dk, dv, b = draw.sizes(5, 2, 7)
    return Probe(
        (
            call(
                "scaled_dot_product_attention",
                draw.normal(t, dk),
                draw.normal(s, dk),
                draw.normal(s, dv),
            ),
            item("$out", 0, into="output"),
            item("$out", 1, into="weights"),
            call(
                "scaled_dot_product_attention",
                draw.normal(b, 1, t, dk),
                draw.normal(b, 1, s, dk),
                draw.normal(b, 1, s, dv),
                into="batched",
            ),
            item("$batched", 0, into="batch_output"),
            item("$batched", 1, into="batch_weights"),
        ),
        keep=("output", "weights", "batch_output", "batch_weights"),
    )


@lab.check(
    "attention.mask",
    "attention",
    1.0,
    Text(en="mask", fr="masque"),
    asked=Text(
        en="hidden keys weigh 0, the others still sum to 1; the mask broadcasts",
        fr="les clés cachées pèsent 0, la somme des autres vaut 1 ; le masque se diffuse",
    ),
    picture="weights",
)
def _(draw: Draw) -> Probe:
    t, s, dk, dv, b = draw.sizes(5, 3, 8)
    q, k, v = draw.normal(b, t, dk), draw.normal(b, s, dk), draw.normal(b, s, dv)
    return Probe(
        (
            call("scaled_dot_product_attention", q, k, v, draw.mask(t, s), into="pairs"),
            item("$pairs", 0, into="output"),
            item("$pairs", 1, into="all_weights"),
            call("scaled_dot_product_attention", q, k, v, draw.mask(b, 1, s), into="padded"),
            item("$padded", 0, into="padded_output"),
            call("scaled_dot_product_attention", q[0], k[0], v[0], draw.mask(t, s), into="one"),
            item("$one", 1, into="weights"),
        ),
        keep=("weights", "output", "all_weights", "padded_output"),
    )


@lab.check(
    "attention.large_scores",
    "attention",
    0.25,
    Text(en="large scores", fr="grands scores"),
    asked=Text(
        en="no NaN when scores reach ±1000", fr="pas de NaN quand les scores atteignent ±1000"
    ),
)
def _(draw: Draw) -> Probe:
    t, s, dk, dv = draw.sizes(4, 2, 7)
    q, k, v = draw.normal(t, dk, scale=40), draw.normal(s, dk, scale=40), draw.normal(s, dv)
    return Probe(
        (
            call("scaled_dot_product_attention", q, k, v, into="pair"),
            item("$pair", 0),
        )
    )


@lab.by_hand(
    "attention.by_hand", "attention", 0.5, Text(en="written by hand", fr="écrit à la main")
)
def _(draw: Draw) -> Probe:
    t, s, dk, dv = draw.sizes(4)
    return Probe(
        (
            call(
                "scaled_dot_product_attention",
                draw.normal(2, t, dk),
                draw.normal(2, s, dk),
                draw.normal(2, s, dv),
                draw.mask(t, s),
            ),
            item("$out", 1, into="weights"),
        ),
        keep=("weights",),
    )


# ------------------------------------------------------------------ 1.2 masks, 1.3 positions


@lab.check(
    "masks.causal",
    "masks",
    0.75,
    Text(en="who may see whom", fr="qui voit qui"),
    asked=Text(en="position i sees j ≤ i", fr="la position i voit j ≤ i"),
    picture="out",
)
def _(draw: Draw) -> Probe:
    longer, shorter = sorted(draw.sizes(2, 4, 9), reverse=True)
    return Probe(
        (call("causal_mask", longer), call("causal_mask", shorter, into="shorter")),
        keep=("out", "shorter"),
    )


@lab.check(
    "positions.values",
    "positions",
    0.75,
    Text(en="values", fr="valeurs"),
    asked=Text(
        en="sines in even columns, cosines in odd ones, wavelengths 2π to 2π·10000",
        fr="sinus dans les colonnes paires, cosinus dans les impaires, périodes de 2π à 2π·10000",
    ),
    expect={"out": Close(atol=1e-4), "longer": Close(atol=1e-4)},
    picture="out",
)
def _(draw: Draw) -> Probe:
    length, half, longer = draw.sizes(3, 4, 12)
    return Probe(
        (
            call("positional_encoding", length, 2 * half + 2),
            call("positional_encoding", longer + 20, 2 * half, into="longer"),
        ),
        keep=("out", "longer"),
    )


# ------------------------------------------------------------------ 2.1 heads


def heads_begin(draw: Draw) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """A built layer with weights, the same for the checks of an exercise, and its sizes."""
    draw = draw.named("heads")
    heads, d, dk, dv, d_ff = model_sizes(draw)
    x = draw.normal(2, 3, d)
    steps = (
        call("MultiHeadAttention", heads, dk, dv, d, into="layer"),
        call("$layer", x, x, x, into="built"),
        set_weights("$layer", draw.weights(**attention_shapes("", heads, dk, dv, d)), fused("")),
    )
    return steps, (heads, d, dk, dv, d_ff)


@lab.check(
    "heads.self",
    "heads",
    1.0,
    Text(en="self-attention", fr="auto-attention"),
    asked=Text(
        en="given weights and a sequence, the output (B,T,d_model) and the weights (B,H,T,T)",
        fr="poids et séquence donnés, la sortie (B,T,d_model) et les poids d'attention (B,H,T,T)",
    ),
)
def _(draw: Draw) -> Probe:
    begin, (_, d, _, _, _) = heads_begin(draw)
    x = draw.normal(2, 7, d)
    return Probe(
        (
            *begin,
            call("$layer", x, x, x),
            item("$out", 0, into="output"),
            item("$out", 1, into="attention"),
            count_params("$layer"),
        ),
        keep=("output", "attention", "params"),
        shared=len(begin),
    )


@lab.check(
    "heads.cross",
    "heads",
    1.0,
    Text(en="cross-attention and masks", fr="attention croisée et masques"),
    asked=Text(
        en="queries from one sequence, keys and values from others; masks (T,S), (B,1,S), (B,T,S)",
        fr="requêtes d'une séquence, clés et valeurs d'autres ; masques (T,S), (B,1,S), (B,T,S)",
    ),
)
def _(draw: Draw) -> Probe:
    begin, (_, d, _, _, _) = heads_begin(draw)
    b, t, s = draw.sizes(3, 7, 11)
    query, key, value = draw.normal(b, t, d), draw.normal(b, s, d), draw.normal(b, s, d)
    return Probe(
        (
            *begin,
            call("$layer", query, key, value, draw.mask(b, 1, s), into="padded"),
            item("$padded", 0, into="padded_output"),
            call("$layer", query, key, value, draw.mask(t, s), into="pairs"),
            item("$pairs", 0, into="pairs_output"),
            call("$layer", query, key, value, draw.mask(b, t, s), into="full"),
            item("$full", 1, into="full_weights"),
        ),
        keep=("padded_output", "pairs_output", "full_weights"),
        shared=len(begin),
    )


@lab.by_hand("heads.by_hand", "heads", 0.75, Text(en="written by hand", fr="écrit à la main"))
def _(draw: Draw) -> Probe:
    heads, d, dk, dv, _ = model_sizes(draw)
    return Probe((call("MultiHeadAttention", heads, dk, dv, d, into="layer"),), keep=())


# ------------------------------------------------------------------ 2.2 norm, 2.3 feed-forward


@lab.check(
    "norm.values",
    "norm",
    0.5,
    Text(en="values", fr="valeurs"),
    asked=Text(
        en="each token: mean 0, variance 1, then gamma and beta",
        fr="chaque token : moyenne 0, variance 1, puis gamma et beta",
    ),
)
def _(draw: Draw) -> Probe:
    b, t, d = draw.sizes(3, 3, 9)
    x = draw.normal(b, t, d, mean=0.7)
    gamma, beta = draw.normal(d, scale=0.4, mean=1), draw.normal(d)
    return Probe(
        (
            call("layer_norm", x, gamma, beta, 1e-6),
            call("layer_norm", 0.5 * x, gamma, beta, 0.3, into="large_epsilon"),
        ),
        keep=("out", "large_epsilon"),
    )


@lab.check(
    "feed_forward.values",
    "feed_forward",
    0.5,
    Text(en="values", fr="valeurs"),
    asked=Text(
        en="dense, ReLU, dense, with given weights", fr="dense, ReLU, dense, à poids donnés"
    ),
)
def _(draw: Draw) -> Probe:
    d, d_ff, t = draw.sizes(3, 4, 12)
    x = draw.normal(2, t, d)
    return Probe(
        (
            call("FeedForward", d_ff, d, into="layer"),
            call("$layer", x, into="built"),
            set_weights("$layer", draw.weights(**feed_forward_shapes("", d, d_ff))),
            call("$layer", x),
        )
    )


# ------------------------------------------------------------------ 2.4 encoder


def encoder_begin(draw: Draw) -> tuple[tuple[Step, ...], int]:
    draw = draw.named("encoder")
    heads, d, dk, dv, d_ff = model_sizes(draw, usual=True)
    steps = (
        call("EncoderLayer", heads, d, dk, dv, d_ff, 0.04, into="layer"),
        call("$layer", draw.normal(2, 3, d), into="built"),
        set_weights(
            "$layer",
            draw.weights(**encoder_shapes("", heads, d, dk, dv, d_ff)),
            fused("attention/"),
        ),
    )
    return steps, d


@lab.check(
    "encoder.values",
    "encoder",
    0.75,
    Text(en="values", fr="valeurs"),
    asked=Text(
        en="attention, add, normalise, feed forward, add, normalise",
        fr="attention, ajout, normalisation, réseau dense, ajout, normalisation",
    ),
)
def _(draw: Draw) -> Probe:
    begin, d = encoder_begin(draw)
    return Probe((*begin, call("$layer", draw.normal(3, 7, d))), shared=len(begin))


@lab.check("encoder.mask", "encoder", 0.5, Text(en="with a mask", fr="avec un masque"))
def _(draw: Draw) -> Probe:
    begin, d = encoder_begin(draw)
    x = draw.normal(3, 7, d)
    return Probe((*begin, call("$layer", x, draw.mask(3, 1, 7))), shared=len(begin))


@lab.check(
    "encoder.match",
    "encoder",
    0.5,
    Text(
        en="same as TensorFlow's TransformerEncoderBlock",
        fr="égale au TransformerEncoderBlock de TensorFlow",
    ),
    asked=Text(
        en="with the block's own 16 arrays and epsilon 1e-12, its own output to 1e-5",
        fr="avec les 16 tableaux du bloc et epsilon 1e-12, sa propre sortie à 1e-5 près",
    ),
    expect={"plain": Close(rtol=1e-5, atol=1e-5), "masked": Close(rtol=1e-5, atol=1e-5)},
)
def _(draw: Draw) -> tuple[Probe, dict[str, np.ndarray]]:
    side = "hidden" if draw.hidden else "public"
    stored = {k.removeprefix(f"{side}/"): BLOCK[k] for k in BLOCK.files if k.startswith(f"{side}/")}
    weights = {k.removeprefix("weight/"): a for k, a in stored.items() if k.startswith("weight/")}
    d, heads, dk = weights["attention/query_dense/kernel"].shape
    d_ff = weights["feed_forward/inner/kernel"].shape[1]
    probe = Probe(
        (
            call("EncoderLayer", heads, d, dk, dk, d_ff, 1e-12, into="layer"),
            call("$layer", stored["x"], into="built"),
            set_weights("$layer", weights, fused("attention/")),
            call("$layer", stored["x"], into="plain"),
            call("$layer", stored["x"], stored["mask"], into="masked"),
        ),
        keep=("plain", "masked"),
    )
    return probe, {"plain": stored["plain"], "masked": stored["masked"]}


# ------------------------------------------------------------------ 2.5 decoder


def decoder_begin(draw: Draw) -> tuple[tuple[Step, ...], int]:
    draw = draw.named("decoder")
    heads, d, dk, dv, d_ff = model_sizes(draw, usual=True)
    weights = draw.weights(**decoder_shapes("", heads, d, dk, dv, d_ff))
    steps = (
        call("DecoderLayer", heads, d, dk, dv, d_ff, 0.04, into="layer"),
        call("$layer", draw.normal(2, 3, d), draw.normal(2, 4, d), into="built"),
        set_weights("$layer", weights, fused("self_attention/", "cross_attention/")),
    )
    return steps, d


@lab.check(
    "decoder.values",
    "decoder",
    1.0,
    Text(en="values", fr="valeurs"),
    asked=Text(
        en="given weights, masks for the target and for the memory",
        fr="à poids donnés, avec masques pour la cible et pour la mémoire",
    ),
)
def _(draw: Draw) -> Probe:
    begin, d = decoder_begin(draw)
    b, t, s = draw.sizes(3, 3, 8)
    masks = (np.tril(np.ones((t, t), dtype=bool)), draw.mask(b, 1, s))
    return Probe(
        (*begin, call("$layer", draw.normal(b, t, d), draw.normal(b, s, d), *masks)),
        shared=len(begin),
    )


@lab.check(
    "decoder.causal",
    "decoder",
    0.25,
    Text(en="the past does not see the future", fr="le passé ne voit pas le futur"),
    asked=Text(
        en="another token at position p changes nothing before p, and something from p on",
        fr="un autre token à la position p ne change rien avant p, et quelque chose à partir de p",
    ),
)
def _(draw: Draw) -> tuple[Probe, dict[str, dict[str, bool]]]:
    begin, d = decoder_begin(draw)
    b, t, s = draw.sizes(3, 4, 8)
    at = t // 2
    x, memory = draw.normal(b, t, d), draw.normal(b, s, d)
    other = x.copy()
    other[:, at] = draw.normal(b, d)
    causal = np.tril(np.ones((t, t), dtype=bool))
    probe = Probe(
        (
            *begin,
            call("$layer", x, memory, causal, into="first"),
            call("$layer", other, memory, causal, into="second"),
            change("first", "second", at),
        ),
        shared=len(begin),
    )
    return probe, {"out": {"before": False, "after": True}}


# ------------------------------------------------------------------ 3.1 transformer


def tokens(draw: Draw, vocab: int, *shape: int) -> np.ndarray:
    return draw.integers(1, vocab, *shape)


def transformer_begin(draw: Draw) -> tuple[tuple[Step, ...], int]:
    """A model of two layers a side with weights, and its vocabulary size."""
    draw = draw.named("transformer")
    heads, d, dk, dv, d_ff = model_sizes(draw, usual=True)
    vocab = int(draw.rng.integers(11, 18))
    weights, joints = transformer_weights(draw, 2, heads, d, dk, dv, d_ff, vocab)
    pair = (tokens(draw, vocab, 2, 3), tokens(draw, vocab, 2, 4))
    steps = (
        call("Transformer", 2, heads, d, dk, dv, d_ff, vocab, into="model"),
        call("$model", pair, into="built"),
        set_weights("$model", weights, joints),
    )
    return steps, vocab


@lab.check(
    "transformer.logits",
    "transformer",
    1.25,
    Text(en="logits", fr="logits"),
    asked=Text(
        en="two layers a side, given weights: logits (B,T,vocab_size)",
        fr="deux couches par côté, poids donnés : logits (B,T,vocab_size)",
    ),
)
def _(draw: Draw) -> Probe:
    begin, vocab = transformer_begin(draw)
    b, t, s = draw.sizes(3, 3, 9)
    source, target = tokens(draw, vocab, b, s), tokens(draw, vocab, b, t)
    return Probe(
        (*begin, call("$model", (source, target)), count_params("$model")),
        keep=("out", "params"),
        shared=len(begin),
    )


@lab.check(
    "transformer.padding",
    "transformer",
    0.25,
    Text(en="the source's padding is not seen", fr="le remplissage de la source n'est pas vu"),
    asked=Text(
        en="two more PAD tokens at the end of the source change nothing",
        fr="deux tokens PAD de plus à la fin de la source ne changent rien",
    ),
)
def _(draw: Draw) -> Probe:
    begin, vocab = transformer_begin(draw)
    b, t, s = draw.sizes(3, 3, 9)
    source, target = tokens(draw, vocab, b, s), tokens(draw, vocab, b, t)
    longer = np.concatenate([source, np.zeros((b, 2), dtype=source.dtype)], axis=1)
    return Probe((*begin, call("$model", (longer, target))), shared=len(begin))


@lab.check(
    "transformer.causal",
    "transformer",
    0.25,
    Text(en="the past does not see the future", fr="le passé ne voit pas le futur"),
    asked=Text(
        en="another target token at position p changes nothing before p",
        fr="un autre token cible à la position p ne change rien avant p",
    ),
)
def _(draw: Draw) -> tuple[Probe, dict[str, dict[str, bool]]]:
    begin, vocab = transformer_begin(draw)
    b, t, s = draw.sizes(3, 4, 9)
    source, target = tokens(draw, vocab, b, s), tokens(draw, vocab, b, t)
    other, at = target.copy(), t // 2
    other[:, at] = 1 + other[:, at] % (vocab - 1)
    probe = Probe(
        (
            *begin,
            call("$model", (source, target), into="first"),
            call("$model", (source, other), into="second"),
            change("first", "second", at),
        ),
        shared=len(begin),
    )
    return probe, {"out": {"before": False, "after": True}}


# ------------------------------------------------------------------ 3.2 counting


@lab.check("counting.attention", "counting", 0.25, Text(en="one attention", fr="une attention"))
def _(draw: Draw) -> tuple[Probe, dict[str, int]]:
    heads, d, dk, dv, _ = model_sizes(draw)
    probe = Probe(
        (
            call("attention_parameters", 8, 512, 64, 64, into="lecture"),
            call("attention_parameters", heads, d, dk, dv),
        ),
        keep=("lecture", "out"),
    )
    return probe, {"lecture": 1_050_624, "out": counts.attention(heads, d, dk, dv)}


@lab.check(
    "counting.lecture",
    "counting",
    0.5,
    Text(en="the practical's Transformer", fr="le Transformer du TP"),
    asked=Text(
        en="N=6, H=8, d_model=512, d_k=d_v=64, d_ff=2048, vocabulary 29",
        fr="N=6, H=8, d_model=512, d_k=d_v=64, d_ff=2048, vocabulaire 29",
    ),
)
def _(draw: Draw) -> tuple[Probe, dict[str, int]]:
    return Probe((call("transformer_parameters", *counts.LECTURE.values()),)), {"out": 44_183_069}


@lab.check("counting.sizes", "counting", 0.25, Text(en="other sizes", fr="autres tailles"))
def _(draw: Draw) -> tuple[Probe, dict[str, int]]:
    heads, d, dk, dv, d_ff = model_sizes(draw)
    layers, vocab = 3, 23 + int(draw.rng.integers(9))
    probe = Probe((call("transformer_parameters", layers, heads, d, dk, dv, d_ff, vocab),))
    return probe, {"out": counts.transformer(layers, heads, d, dk, dv, d_ff, vocab)}


# ------------------------------------------------------------------ 4 decoding


@lab.check(
    "greedy.tokens",
    "greedy",
    0.5,
    Text(en="token by token", fr="token par token"),
    asked=Text(
        en="on made-up models: begins with start, ends with end, or stops at max_length",
        fr="sur des modèles inventés : commence par start, finit par end, ou s'arrête à max_length",
    ),
)
def _(draw: Draw) -> Probe:
    first, endless = ending_table(draw.rng), draw.normal(6, 6)
    endless[:, 5] = -9.0
    return Probe(
        (
            call("greedy_decode", table(first.logits), first.start, first.end, 12),
            call("greedy_decode", table(endless), 2, 5, 7, into="endless"),
        ),
        keep=("out", "endless"),
    )


@lab.check(
    "top_k.distribution",
    "top_k",
    0.75,
    Text(en="distribution of the draws", fr="distribution des tirages"),
    asked=Text(
        en="400 draws follow the k best probabilities, made to sum to 1",
        fr="400 tirages suivent les k meilleures probabilités, ramenées à une somme de 1",
    ),
    expect={"out": Distribution(9), "all": Distribution(5), "one": Distribution(9)},
)
def _(draw: Draw) -> tuple[Probe, dict[str, np.ndarray]]:
    logits = draw.rng.permutation(np.array([2.0, 1.55, 1.2, 0.6, 0.5, 0.4, 0.35, 0.3, -0.5]))
    logits = (logits + draw.uniform(9, low=-0.03, high=0.03) + 3.0).astype(np.float32)
    few = draw.rng.permutation(np.array([1.0, 0.4, 0.0, -0.3, -1.0])).astype(np.float32)
    seed = int(draw.rng.integers(2**31))
    probe = Probe(
        (
            sample("top_k_sample", logits, 3, rng(seed), n=400),
            sample("top_k_sample", few, 5, rng(seed + 1), n=200, into="all"),
            sample("top_k_sample", logits, 1, rng(seed + 2), n=20, into="one"),
        ),
        keep=("out", "all", "one"),
    )
    return probe, {"out": top_k(logits, 3), "all": top_k(few, 5), "one": top_k(logits, 1)}


def top_k(logits: np.ndarray, k: int) -> np.ndarray:
    p = np.exp(logits.astype(np.float64))
    p[np.argsort(logits)[:-k]] = 0.0
    return p / p.sum()


@lab.check(
    "beam.tokens",
    "beam",
    1.0,
    Text(en="better than greedy", fr="mieux que le glouton"),
    asked=Text(
        en="on made-up models where the greedy choice is not the best sequence",
        fr="sur des modèles inventés où le choix glouton n'est pas la meilleure suite",
    ),
)
def _(draw: Draw) -> Probe:
    found = instructive_tables(draw.rng, 3)
    steps = tuple(
        call(
            "beam_search", table(x.logits), x.start, x.end, x.max_length, x.width, into=f"model_{i}"
        )
        for i, x in enumerate(found)
    )
    return Probe(steps, keep=tuple(s.into for s in steps))


@lab.check(
    "beam.one",
    "beam",
    0.25,
    Text(en="a beam of 1 is greedy", fr="un faisceau de 1 est glouton"),
)
def _(draw: Draw) -> Probe:
    x = instructive_tables(draw.rng, 1)[0]
    return Probe((call("beam_search", table(x.logits), x.start, x.end, x.max_length, 1),))


# ------------------------------------------------------------------ 5 training


@lab.check("shift.values", "shift", 0.25, Text(en="inputs and labels", fr="entrées et étiquettes"))
def _(draw: Draw) -> Probe:
    b, length = draw.sizes(2, 5, 11)
    return Probe(
        (
            call("teacher_forcing", tokens(draw, 29, b, length)),
            item("$out", 0, into="inputs"),
            item("$out", 1, into="labels"),
        ),
        keep=("inputs", "labels"),
    )


def held_out(draw: Draw) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    source, target = words.make(300 if draw.hidden else 100, draw.rng, held_out=True)
    return {"source": source}, {"predictions": target}


@lab.clean(
    "reverser.exact_match",
    "training",
    1.5,
    Text(en="words reversed without a fault", fr="mots renversés sans faute"),
    recording="reverser",
    expect={
        "predictions": Metric(
            "exact_match", floor=CALIBRATION["floor"], target=CALIBRATION["target"]
        )
    },
    data=held_out,
    preview=lambda inputs: Probe(
        (call("decode_words", student("model"), inputs["source"], into="predictions"),),
        keep=("predictions",),
    ),
)
def _(recording, inputs):
    return {"predictions": words.best_predictions(recording, inputs["source"])}


# ------------------------------------------------------------------ 6 bonus


@lab.check(
    "relative.values",
    "relative",
    1.0,
    Text(en="values", fr="valeurs"),
    asked=Text(en="with and without a mask", fr="avec et sans masque"),
    picture="weights",
    bonus=True,
)
def _(draw: Draw) -> Probe:
    t, dk, dv, b = draw.sizes(4, 3, 8)
    q, k, v = draw.normal(b, t, dk), draw.normal(b, t, dk), draw.normal(b, t, dv)
    offsets = draw.normal(2 * t - 1)
    return Probe(
        (
            call("relative_attention", q, k, v, offsets, into="plain"),
            item("$plain", 0, into="output"),
            call("relative_attention", q[0], k[0], v[0], offsets, draw.mask(t, t), into="masked"),
            item("$masked", 1, into="weights"),
        ),
        keep=("output", "weights"),
    )


# ------------------------------------------------------------------ questions

WRONG_TOTALS = {
    "count-shared-embedding": Text(
        en="source and target have an embedding each here",
        fr="source et cible ont ici chacune leur plongement",
    ),
    "count-all-tied": Text(
        en="embeddings and output are tied together, and the output's bias forgotten",
        fr="plongements et sortie sont partagés, et le biais de sortie oublié",
    ),
    "count-no-output-bias": Text(
        en="the output layer's bias is forgotten", fr="le biais de la couche de sortie est oublié"
    ),
    "count-learned-positions": Text(
        en="learned positions are counted; sinusoidal ones have no parameter",
        fr="des positions apprises sont comptées ; les sinusoïdes n'ont aucun paramètre",
    ),
    "count-attention-without-bias": Text(
        en="the biases of the attention's projections are forgotten",
        fr="les biais des projections de l'attention sont oubliés",
    ),
    "count-norm-without-weights": Text(
        en="the normalisations' gamma and beta are forgotten",
        fr="gamma et beta des normalisations sont oubliés",
    ),
    "count-two-norms-in-decoder": Text(
        en="a decoder layer has three normalisations, two are counted",
        fr="une couche de décodeur a trois normalisations, deux sont comptées",
    ),
    "count-final-norms": Text(
        en="two final normalisations are counted: they belong to the pre-norm variant",
        fr="deux normalisations finales sont comptées : elles sont propres à la variante pré-norm",
    ),
    "count-d-model-a-head": Text(
        en="each head is given d_model dimensions instead of d_k and d_v",
        fr="chaque tête reçoit d_model dimensions au lieu de d_k et d_v",
    ),
    "count-encoder-only": Text(en="only the encoder is counted", fr="seul l'encodeur est compté"),
}

lab.question(
    "total",
    "questions",
    0.25,
    Text(en="parameters of the practical's Transformer", fr="paramètres du Transformer du TP"),
    type="number",
    right=[44_183_069],
    wrong={f(**counts.LECTURE): WRONG_TOTALS[name] for name, f in counts.WRONG.items()},
)
lab.question(
    "q6",
    "questions",
    0.25,
    Text(en="parameters of a small attention layer", fr="paramètres d'une petite couche d'attention"),
    type="number",
    right=[82],
    wrong={
        97: Text(en="the output size is 2 here, not the input's 5", fr="la sortie est ici de taille 2, pas 5 comme l'entrée"),
        68: Text(en="the biases are forgotten", fr="les biais sont oubliés"),
        72: Text(en="the last projection, which mixes the heads, is forgotten", fr="la dernière projection, qui mélange les têtes, est oubliée"),
        46: Text(en="two heads: the projections are there twice", fr="deux têtes : les projections y sont deux fois"),
    },
)  # fmt: skip
lab.question(
    "q7",
    "questions",
    0.15,
    Text(en="most attended token", fr="token le plus regardé"),
    type="number",
    right=[1],
    wrong={
        0: Text(en="tokens are numbered from 1 here", fr="les tokens sont ici numérotés à partir de 1"),
        2: Text(en="compare the dot products, not the keys' directions alone", fr="comparez les produits scalaires, pas les seules directions"),
        3: Text(en="the longest key does not always win: compute the dot products", fr="la clé la plus longue ne gagne pas toujours : calculez les produits scalaires"),
    },
)  # fmt: skip
lab.question(
    "q7_weight",
    "questions",
    0.15,
    Text(en="its attention weight", fr="son poids d'attention"),
    type="number",
    decimals=2,
    right=[0.46, 0.42],
    wrong={
        0.8: Text(en="that is the score, before the softmax", fr="c'est le score, avant le softmax"),
        0.67: Text(en="scores divided by their sum: the softmax takes exponentials first", fr="scores divisés par leur somme : le softmax passe d'abord à l'exponentielle"),
    },
)  # fmt: skip
lab.question(
    "q8",
    "questions",
    0.2,
    Text(en="from attention to self-attention", fr="de l'attention à l'auto-attention"),
    type="choice",
    right=["B"],
    wrong={
        "A": Text(en="queries, keys and values keep their own projections", fr="requêtes, clés et valeurs gardent chacune leur projection"),
        "C": Text(en="that is a causal mask; self-attention may be unmasked", fr="c'est un masque causal ; l'auto-attention peut s'en passer"),
        "D": Text(en="the number of heads does not matter here", fr="le nombre de têtes n'y est pour rien"),
    },
)  # fmt: skip
GPT, BERT, BOTH = (
    ["GPT", "gpt2", "gpt-3", "gpt3"],
    ["BERT"],
    ["encoder-decoder", "encodeur-décodeur", "encodeur décodeur", "encoder decoder", "Transformer",
     "original Transformer", "the original Transformer", "Transformer original", "le Transformer original", "T5"],
)  # fmt: skip
for name, points, right, en, fr in (
    ("q9a", 0.1, GPT, "diagram A", "schéma A"),
    ("q9b", 0.1, BERT, "diagram B", "schéma B"),
    ("q9c", 0.1, BOTH, "diagram C", "schéma C"),
    ("q10a", 0.1, BERT, "mask in the middle", "masque au milieu"),
    ("q10b", 0.1, GPT, "mask at the end", "masque à la fin"),
    ("q11a", 0.1, BERT, "text classification", "classification de texte"),
    ("q11b", 0.1, GPT, "text generation", "génération de texte"),
    ("q11c", 0.1, BOTH, "translation", "traduction"),
):
    lab.question(name, "questions", points, Text(en=en, fr=fr), type="choice", right=right)
lab.question(
    "q12a",
    "questions",
    0.1,
    Text(en="output for a yes/no classification", fr="sortie d'une classification oui/non"),
    type="choice",
    right=["A"],
    wrong={
        "B": Text(
            en="a softmax over one unit is always 1",
            fr="un softmax sur une seule unité vaut toujours 1",
        )
    },
)
lab.question(
    "q12b",
    "questions",
    0.1,
    Text(en="output for generation or translation", fr="sortie d'une génération ou d'une traduction"),
    type="choice",
    right=["D"],
    wrong={"C": Text(en="exactly one next token: the probabilities must sum to 1", fr="un seul token suivant : les probabilités doivent avoir 1 pour somme")},
)  # fmt: skip

# ------------------------------------------------------------------ misconceptions


def slip(id: str, exercise: str, en: str, fr: str, *edits: tuple[str, str], hint: tuple[str, str] | None = None, code: str = "") -> None:  # fmt: skip
    lab.misconception(
        id,
        exercise,
        Text(en=en, fr=fr),
        hint=Text(en=hint[0], fr=hint[1]) if hint else None,
        edits=edits,
        code=code,
    )


SCORES = "ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])\n    if"
DOT = "ops.matmul(q, ops.swapaxes(k, -1, -2))"
slip(
    "no-scale",
    "attention",
    "the scores are not divided by √d_k",
    "les scores ne sont pas divisés par √d_k",
    (SCORES, f"{DOT}\n    if"),
    hint=(
        "what is the variance of a sum of d_k products?",
        "quelle est la variance d'une somme de d_k produits ?",
    ),
)
slip(
    "scale-by-dk",
    "attention",
    "the scores are divided by d_k instead of √d_k",
    "les scores sont divisés par d_k au lieu de √d_k",
    ("math.sqrt(q.shape[-1])", "q.shape[-1]"),
)
slip(
    "multiply-by-sqrt-dk",
    "attention",
    "the scores are multiplied by √d_k instead of divided",
    "les scores sont multipliés par √d_k au lieu d'être divisés",
    ("/ math.sqrt", "* math.sqrt"),
)
slip(
    "scale-by-sqrt-dv",
    "attention",
    "the scores are divided by √d_v: the size of the values has no part in them",
    "les scores sont divisés par √d_v : la taille des valeurs n'y joue aucun rôle",
    ("math.sqrt(q.shape[-1])", "math.sqrt(v.shape[-1])"),
)
slip(
    "softmax-over-queries",
    "attention",
    "the softmax runs over the queries: columns sum to 1 instead of rows",
    "le softmax parcourt les requêtes : la somme des colonnes vaut 1, pas celle des lignes",
    ("axis=-1", "axis=-2"),
    hint=(
        "each query shares out one unit of attention among the keys",
        "chaque requête partage une unité d'attention entre les clés",
    ),
)
slip(
    "no-softmax",
    "attention",
    "the scores are used as weights, without a softmax",
    "les scores servent de poids, sans softmax",
    ("ops.softmax(scores, axis=-1)", "scores"),
)
slip(
    "mask-inverted",
    "attention",
    "the mask is read the wrong way round: True hides instead of showing",
    "le masque est lu à l'envers : True cache au lieu de montrer",
    ("ops.where(mask, scores, -1e9)", "ops.where(mask, -1e9, scores)"),
)
slip(
    "mask-multiplied-into-scores",
    "attention",
    "hidden scores become 0 (multiplied by the mask?): a score of 0 still gets weight exp(0) = 1",
    "les scores cachés deviennent 0 (multipliés par le masque ?) : un score nul garde le poids exp(0) = 1",
    ("ops.where(mask, scores, -1e9)", 'scores * ops.cast(mask, "float32")'),
)
slip(
    "mask-after-softmax",
    "attention",
    "the mask comes after the softmax: the remaining weights no longer sum to 1",
    "le masque vient après le softmax : la somme des poids restants ne vaut plus 1",
    (
        "        scores = ops.where(mask, scores, -1e9)\n    weights = ops.softmax(scores, axis=-1)\n",
        '        weights = ops.softmax(scores, axis=-1) * ops.cast(mask, "float32")\n    else:\n        weights = ops.softmax(scores, axis=-1)\n',
    ),
)
slip(
    "mask-ignored",
    "attention",
    "the mask is not used",
    "le masque n'est pas utilisé",
    ("ops.where(mask, scores, -1e9)", "scores"),
)
slip(
    "outputs-swapped",
    "attention",
    "the weights are returned first and the output second: the contract has (output, weights)",
    "les poids sont rendus d'abord, la sortie ensuite : le contrat veut (output, weights)",
    ("return ops.matmul(weights, v), weights", "return weights, ops.matmul(weights, v)"),
)
slip(
    "exp-overflow",
    "attention",
    "the softmax overflows: exp of a large score is infinite, and inf/inf is NaN",
    "le softmax déborde : l'exponentielle d'un grand score est infinie, et inf/inf donne NaN",
    (
        "weights = ops.softmax(scores, axis=-1)",
        "weights = ops.exp(scores)\n    weights = weights / ops.sum(weights, axis=-1, keepdims=True)",
    ),
    hint=(
        "subtracting the same number from every score of a row changes no probability",
        "retrancher un même nombre à tous les scores d'une ligne ne change aucune probabilité",
    ),
)

slip(
    "causal-off-by-one",
    "masks",
    "the mask is one off: position i sees j ≤ i + 1, so the answer itself",
    "le masque est décalé d'un cran : la position i voit j ≤ i + 1, donc la réponse",
    ("dtype=bool))", "dtype=bool), k=1)"),
)
slip(
    "causal-strict",
    "masks",
    "position i does not see itself (j < i): the first row is empty",
    "la position i ne se voit pas elle-même (j < i) : la première ligne est vide",
    ("dtype=bool))", "dtype=bool), k=-1)"),
)
slip(
    "causal-transposed",
    "masks",
    "the mask shows the future and hides the past: rows are queries",
    "le masque montre le futur et cache le passé : les lignes sont les requêtes",
    ("np.tril", "np.triu"),
)
slip(
    "causal-inverted",
    "masks",
    "True and False are exchanged: True means “may be seen”",
    "True et False sont échangés : True veut dire « peut être vu »",
    (
        "np.tril(np.ones((length, length), dtype=bool))",
        "~np.tril(np.ones((length, length), dtype=bool))",
    ),
)

slip(
    "pe-sin-cos-concatenated",
    "positions",
    "all sines come first, then all cosines; here they alternate, column by column",
    "tous les sinus viennent d'abord, puis tous les cosinus ; ici ils alternent, colonne par colonne",
    ("table[:, 0::2]", "table[:, : d_model // 2]"),
    ("table[:, 1::2]", "table[:, d_model // 2 :]"),
)
slip(
    "pe-sin-cos-swapped",
    "positions",
    "sines and cosines are exchanged",
    "sinus et cosinus sont échangés",
    ("np.sin", "np.c_os"),
    ("np.cos", "np.sin"),
    ("np.c_os", "np.cos"),
)
slip(
    "pe-exponent-doubled",
    "positions",
    "the exponent of column 2i is 2i/d_model; here the 2 counts twice",
    "l'exposant de la colonne 2i est 2i/d_model ; ici le 2 compte deux fois",
    ("np.arange(0, d_model, 2) / d_model", "2 * np.arange(0, d_model, 2) / d_model"),
)
slip(
    "pe-exponent-halved",
    "positions",
    "the exponent of column 2i is 2i/d_model; here it is i/d_model",
    "l'exposant de la colonne 2i est 2i/d_model ; ici c'est i/d_model",
    ("np.arange(0, d_model, 2) / d_model", "np.arange(d_model // 2) / d_model"),
)
slip(
    "pe-exponent-each-column",
    "positions",
    "sine and cosine of a pair must share their angle; here every column has an exponent of its own",
    "sinus et cosinus d'une paire partagent leur angle ; ici chaque colonne a son propre exposant",
    (
        "angles = t / 10000 ** (np.arange(0, d_model, 2) / d_model)",
        "angles = t / 10000 ** (np.arange(d_model) / d_model)",
    ),
    ("np.sin(angles)", "np.sin(angles[:, 0::2])"),
    ("np.cos(angles)", "np.cos(angles[:, 1::2])"),
)
slip(
    "pe-starts-at-one",
    "positions",
    "positions are counted from 1; they start at 0",
    "les positions sont comptées à partir de 1 ; elles partent de 0",
    ("np.arange(length)[:, None]", "np.arange(1, length + 1)[:, None]"),
)

slip(
    "scale-by-sqrt-dmodel",
    "heads",
    "the scores are divided by √d_model; each head's queries have d_k dimensions",
    "les scores sont divisés par √d_model ; dans chaque tête une requête a d_k dimensions",
    (
        "scaled_dot_product_attention(q, k, v, attention_mask)",
        "scaled_dot_product_attention(q * math.sqrt(self.key_dim / query.shape[-1]), k, v, attention_mask)",
    ),
)
slip(
    "softmax-over-heads",
    "heads",
    "the softmax runs over the heads: each head must share out its own attention",
    "le softmax parcourt les têtes : chaque tête doit partager sa propre attention",
    (
        "heads, weights = scaled_dot_product_attention(q, k, v, attention_mask)",
        "scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(self.key_dim)\n"
        "        scores = scores if attention_mask is None else ops.where(attention_mask, scores, -1e9)\n"
        "        weights = ops.softmax(scores, axis=1)\n"
        "        heads = ops.matmul(weights, v)",
    ),
)
slip(
    "merge-heads-without-transpose",
    "heads",
    "the heads are merged before they are moved back next to each other: tokens get mixed up",
    "les têtes sont fusionnées sans avoir été ramenées côte à côte : les tokens se mélangent",
    (
        "heads = ops.transpose(heads, (0, 2, 1, 3))\n        merged = ops.reshape(heads, (-1, heads.shape[1],",
        "merged = ops.reshape(heads, (-1, heads.shape[2],",
    ),
    hint=(
        "which axis must come just before d_v when the two are merged?",
        "quel axe doit précéder d_v quand on fusionne les deux ?",
    ),
)
slip(
    "split-heads-without-transpose",
    "heads",
    "the projections are cut into heads by a reshape to (B, H, T, d) directly: tokens get mixed up",
    "les projections sont découpées par un reshape direct vers (B, H, T, d) : les tokens se mélangent",
    (
        "x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))\n            return ops.transpose(x, (0, 2, 1, 3))",
        "return ops.reshape(x, (-1, self.num_heads, x.shape[1], size))",
    ),
)
slip(
    "head-interleave",
    "heads",
    "the units are dealt out to the heads one by one; a head owns neighbouring units",
    "les unités sont distribuées une à une entre les têtes ; une tête possède des unités voisines",
    (
        "x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))\n            return ops.transpose(x, (0, 2, 1, 3))",
        "x = ops.reshape(x, (-1, x.shape[1], size, self.num_heads))\n            return ops.transpose(x, (0, 3, 1, 2))",
    ),
)
slip(
    "merge-interleaved",
    "heads",
    "the heads' outputs are interleaved when they are merged; they are laid one after the other",
    "les sorties des têtes sont entrelacées à la fusion ; elles se suivent l'une après l'autre",
    ("heads = ops.transpose(heads, (0, 2, 1, 3))", "heads = ops.transpose(heads, (0, 2, 3, 1))"),
)
slip(
    "no-output-projection",
    "heads",
    "the heads are concatenated but not mixed by a last projection",
    "les têtes sont concaténées mais pas mélangées par une dernière projection",
    ("return self.output_dense(merged), weights", "return merged, weights"),
)
slip(
    "no-bias",
    "heads",
    "the projections have no bias",
    "les projections n'ont pas de biais",
    (
        "self.query_dense = keras.layers.Dense(num_heads * key_dim)",
        "self.query_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
    ),
    (
        "self.key_dense = keras.layers.Dense(num_heads * key_dim)",
        "self.key_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
    ),
    (
        "self.value_dense = keras.layers.Dense(num_heads * value_dim)",
        "self.value_dense = keras.layers.Dense(num_heads * value_dim, use_bias=False)",
    ),
    (
        "self.output_dense = keras.layers.Dense(d_model)",
        "self.output_dense = keras.layers.Dense(d_model, use_bias=False)",
    ),
)
slip(
    "no-output-bias",
    "heads",
    "the last projection has no bias",
    "la dernière projection n'a pas de biais",
    (
        "self.output_dense = keras.layers.Dense(d_model)",
        "self.output_dense = keras.layers.Dense(d_model, use_bias=False)",
    ),
)
slip(
    "only-output-bias",
    "heads",
    "queries, keys and values have no bias",
    "requêtes, clés et valeurs n'ont pas de biais",
    (
        "self.query_dense = keras.layers.Dense(num_heads * key_dim)",
        "self.query_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
    ),
    (
        "self.key_dense = keras.layers.Dense(num_heads * key_dim)",
        "self.key_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
    ),
    (
        "self.value_dense = keras.layers.Dense(num_heads * value_dim)",
        "self.value_dense = keras.layers.Dense(num_heads * value_dim, use_bias=False)",
    ),
)
slip(
    "qk-swapped",
    "heads",
    "queries and keys are exchanged: query_dense is applied to the keys and key_dense to the queries",
    "requêtes et clés sont échangées : query_dense est appliquée aux clés et key_dense aux requêtes",
    (
        "q = split(self.query_dense(query), self.key_dim)",
        "q = split(self.key_dense(query), self.key_dim)",
    ),
    (
        "k = split(self.key_dense(key), self.key_dim)",
        "k = split(self.query_dense(key), self.key_dim)",
    ),
)
slip(
    "key-dim-is-d-model",
    "heads",
    "each head has d_model dimensions instead of key_dim and value_dim",
    "chaque tête a d_model dimensions au lieu de key_dim et value_dim",
    ("self.key_dim = key_dim", "self.key_dim = key_dim = d_model"),
    ("self.value_dim = value_dim", "self.value_dim = value_dim = d_model"),
)
slip(
    "values-from-keys",
    "heads",
    "the values are made from the key argument instead of value",
    "les valeurs viennent de l'argument key au lieu de value",
    ("self.value_dense(value)", "self.value_dense(key)"),
)
slip(
    "heads-mask-dropped",
    "heads",
    "the mask is not handed on to the attention",
    "le masque n'est pas transmis à l'attention",
    (
        "scaled_dot_product_attention(q, k, v, attention_mask)",
        "scaled_dot_product_attention(q, k, v)",
    ),
)

slip(
    "eps-outside-sqrt",
    "norm",
    "epsilon is added to the standard deviation, outside the root; it belongs to the variance",
    "epsilon est ajouté à l'écart-type, hors de la racine ; il va avec la variance",
    ("ops.sqrt(variance + epsilon)", "(ops.sqrt(variance) + epsilon)"),
)
slip(
    "norm-over-tokens",
    "norm",
    "the mean is taken over the tokens; each token is normalised on its own",
    "la moyenne est prise sur les tokens ; chaque token se normalise seul",
    ("mean = ops.mean(x, axis=-1,", "mean = ops.mean(x, axis=-2,"),
    ("ops.square(x - mean), axis=-1", "ops.square(x - mean), axis=-2"),
)
slip(
    "norm-divided-by-variance",
    "norm",
    "division by the variance instead of its root",
    "division par la variance au lieu de sa racine",
    ("ops.sqrt(variance + epsilon)", "(variance + epsilon)"),
)
slip(
    "norm-unbiased-variance",
    "norm",
    "the variance divides by d_model - 1; a normalisation divides by d_model",
    "la variance divise par d_model - 1 ; une normalisation divise par d_model",
    (
        "variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)",
        "variance = ops.sum(ops.square(x - mean), axis=-1, keepdims=True) / (x.shape[-1] - 1)",
    ),
)
slip(
    "norm-no-weights",
    "norm",
    "gamma and beta are not used",
    "gamma et beta ne sont pas utilisés",
    ("gamma * (x - mean)", "(x - mean)"),
    (" + beta", ""),
)
slip(
    "norm-epsilon-ignored",
    "norm",
    "epsilon is not used",
    "epsilon n'est pas utilisé",
    ("variance + epsilon", "variance"),
)

slip(
    "ff-no-relu",
    "feed_forward",
    "there is no ReLU between the two layers",
    "il n'y a pas de ReLU entre les deux couches",
    (', activation="relu"', ""),
)
slip(
    "ff-relu-last",
    "feed_forward",
    "a ReLU follows the second layer too: its output can no longer be negative",
    "une ReLU suit aussi la deuxième couche : la sortie ne peut plus être négative",
    ("keras.layers.Dense(d_model)", 'keras.layers.Dense(d_model, activation="relu")'),
)
slip(
    "ff-gelu",
    "feed_forward",
    "a GELU stands where the article has a ReLU",
    "une GELU remplace la ReLU de l'article",
    ('"relu"', '"gelu"'),
)

FIRST = (
    "attended, _ = self.attention(x, x, x, attention_mask)\n        x = self.norm1(x + attended)"
)
SECOND = "return self.norm2(x + self.feed_forward(x))"
slip(
    "pre-norm-for-post-norm",
    "encoder",
    "the normalisation comes before each sub-layer (pre-norm); here it follows the addition",
    "la normalisation précède chaque sous-couche (pré-norm) ; ici elle suit l'addition",
    (
        FIRST,
        "z = self.norm1(x)\n        attended, _ = self.attention(z, z, z, attention_mask)\n        x = x + attended",
    ),
    (SECOND, "return x + self.feed_forward(self.norm2(x))"),
)
slip(
    "wrong-eps",
    "encoder",
    "epsilon is Keras' default (0.001) instead of the one asked for",
    "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
    (
        "self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)",
        "self.norm1 = keras.layers.LayerNormalization()",
    ),
    (
        "self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)",
        "self.norm2 = keras.layers.LayerNormalization()",
    ),
)
slip(
    "missing-residual",
    "encoder",
    "the input is not added back: the residual connections are missing",
    "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
    ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
)
slip(
    "missing-residual-attention",
    "encoder",
    "the input is not added back after the attention",
    "l'entrée n'est pas rajoutée après l'attention",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
)
slip(
    "missing-residual-feed-forward",
    "encoder",
    "the input is not added back after the feed-forward network",
    "l'entrée n'est pas rajoutée après le réseau dense",
    ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
)
slip(
    "residual-outside-norm",
    "encoder",
    "the normalisation is applied before the addition; it comes after",
    "la normalisation est faite avant l'addition ; elle vient après",
    ("self.norm1(x + attended)", "x + self.norm1(attended)"),
    (SECOND, "return x + self.norm2(self.feed_forward(x))"),
)
slip(
    "norms-shared",
    "encoder",
    "one normalisation serves twice; each place has its own",
    "une même normalisation sert deux fois ; chaque place a la sienne",
    ("self.norm2(x + ", "self.norm1(x + "),
)
slip(
    "encoder-mask-dropped",
    "encoder",
    "the mask is not handed on to the attention",
    "le masque n'est pas transmis à l'attention",
    ("(x, x, x, attention_mask)", "(x, x, x)"),
)

slip(
    "cross-attention-on-self",
    "decoder",
    "the second attention looks at the target again; its keys and values come from the encoder",
    "la seconde attention regarde encore la cible ; ses clés et valeurs viennent de l'encodeur",
    (
        "self.cross_attention(x, memory, memory, memory_mask)",
        "self.cross_attention(x, x, x, attention_mask)",
    ),
)
slip(
    "decoder-missing-residual",
    "decoder",
    "the input is not added back: the residual connections are missing",
    "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
    ("self.norm1(x + attended)", "self.norm1(attended)"),
    ("self.norm2(x + attended)", "self.norm2(attended)"),
    ("self.norm3(x + self.feed_forward(x))", "self.norm3(self.feed_forward(x))"),
)
slip(
    "decoder-missing-cross-residual",
    "decoder",
    "the input is not added back after the cross-attention",
    "l'entrée n'est pas rajoutée après l'attention croisée",
    ("self.norm2(x + attended)", "self.norm2(attended)"),
)
slip(
    "decoder-pre-norm",
    "decoder",
    "the normalisation comes before each sub-layer (pre-norm); here it follows the addition",
    "la normalisation précède chaque sous-couche (pré-norm) ; ici elle suit l'addition",
    (
        "attended, _ = self.self_attention(x, x, x, attention_mask)\n        x = self.norm1(x + attended)",
        "z = self.norm1(x)\n        attended, _ = self.self_attention(z, z, z, attention_mask)\n        x = x + attended",
    ),
    (
        "attended, _ = self.cross_attention(x, memory, memory, memory_mask)\n        x = self.norm2(x + attended)",
        "attended, _ = self.cross_attention(self.norm2(x), memory, memory, memory_mask)\n        x = x + attended",
    ),
    ("return self.norm3(x + self.feed_forward(x))", "return x + self.feed_forward(self.norm3(x))"),
)
slip(
    "decoder-wrong-eps",
    "decoder",
    "epsilon is Keras' default (0.001) instead of the one asked for",
    "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
    *(
        (
            f"self.norm{i} = keras.layers.LayerNormalization(epsilon=epsilon)",
            f"self.norm{i} = keras.layers.LayerNormalization()",
        )
        for i in (1, 2, 3)
    ),
)
slip(
    "decoder-mask-dropped",
    "decoder",
    "the self-attention does not receive its mask: the decoder sees the future",
    "l'auto-attention ne reçoit pas son masque : le décodeur voit le futur",
    ("self.self_attention(x, x, x, attention_mask)", "self.self_attention(x, x, x)"),
)
slip(
    "memory-mask-dropped",
    "decoder",
    "the cross-attention does not receive its mask",
    "l'attention croisée ne reçoit pas son masque",
    (", memory_mask)", ")"),
)

slip(
    "layers-shared",
    "transformer",
    "one layer is used N times: the weights are shared instead of separate",
    "une même couche sert N fois : les poids sont partagés au lieu d'être distincts",
    ("[EncoderLayer(*sizes) for _ in range(num_layers)]", "[EncoderLayer(*sizes)] * num_layers"),
    ("[DecoderLayer(*sizes) for _ in range(num_layers)]", "[DecoderLayer(*sizes)] * num_layers"),
)
slip(
    "no-sqrt-d-embedding-scale",
    "transformer",
    "the embeddings are not multiplied by √d_model",
    "les plongements ne sont pas multipliés par √d_model",
    ("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens)"),
)
slip(
    "scale-after-positions",
    "transformer",
    "the positions are multiplied by √d_model too; they are added after the scaling",
    "les positions sont elles aussi multipliées par √d_model ; elles s'ajoutent après la mise à l'échelle",
    ("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens)"),
    (
        "return vectors + positional_encoding(tokens.shape[1], self.d_model)",
        "return (vectors + positional_encoding(tokens.shape[1], self.d_model)) * math.sqrt(self.d_model)",
    ),
)
slip(
    "no-positions",
    "transformer",
    "the positions are not added",
    "les positions ne sont pas ajoutées",
    ("return vectors + positional_encoding(tokens.shape[1], self.d_model)", "return vectors"),
)
slip(
    "one-embedding",
    "transformer",
    "source and target share one embedding; the contract has two",
    "source et cible partagent un seul plongement ; le contrat en veut deux",
    (
        "self.target_embedding = keras.layers.Embedding(vocab_size, d_model)",
        "self.target_embedding = self.source_embedding",
    ),
)
slip(
    "no-causal-mask",
    "transformer",
    "the decoder's self-attention is not masked: it reads the answer",
    "l'auto-attention du décodeur n'est pas masquée : elle lit la réponse",
    ("layer(y, x, past, seen)", "layer(y, x, None, seen)"),
)
slip(
    "no-padding-mask",
    "transformer",
    "the padding of the source is seen, in the encoder or by the decoder",
    "le remplissage de la source est vu, dans l'encodeur ou par le décodeur",
    ("x = layer(x, seen)", "x = layer(x)"),
    ("layer(y, x, past, seen)", "layer(y, x, past)"),
)
slip(
    "padding-seen-by-decoder",
    "transformer",
    "the padding of the source is hidden in the encoder but seen by the decoder",
    "le remplissage de la source est caché dans l'encodeur mais vu par le décodeur",
    ("layer(y, x, past, seen)", "layer(y, x, past)"),
)
slip(
    "output-softmax",
    "transformer",
    "probabilities are returned; logits, without softmax, are asked for",
    "des probabilités sont rendues ; on demande des logits, sans softmax",
    (
        "self.output_dense = keras.layers.Dense(vocab_size)",
        'self.output_dense = keras.layers.Dense(vocab_size, activation="softmax")',
    ),
)
slip(
    "output-no-bias",
    "transformer",
    "the output layer has no bias",
    "la couche de sortie n'a pas de biais",
    (
        "self.output_dense = keras.layers.Dense(vocab_size)",
        "self.output_dense = keras.layers.Dense(vocab_size, use_bias=False)",
    ),
)
slip(
    "decoder-reads-embeddings",
    "transformer",
    "the decoder receives the embedded source instead of the encoder's output",
    "le décodeur reçoit la source plongée au lieu de la sortie de l'encodeur",
    ("x = layer(x, seen)", "memory = layer(x, seen)"),
)

for name, count in counts.WRONG.items():
    over = {"transformer_parameters": count}
    if name == "count-attention-without-bias":
        over["attention_parameters"] = partial(counts.attention, bias=False)
    if name == "count-d-model-a-head":
        over["attention_parameters"] = lambda heads, d, dk, dv: counts.attention(heads, d, d, d)
    lab.misconception(name, "counting", WRONG_TOTALS[name], define=over)
lab.misconception(
    "count-one-head",
    "counting",
    Text(en="d_k and d_v are sizes of one head; there are num_heads of them", fr="d_k et d_v sont les tailles d'une tête ; il y en a num_heads"),
    define={"attention_parameters": lambda heads, d, dk, dv: counts.attention(1, d, dk, dv)},
)  # fmt: skip

slip(
    "greedy-start-dropped",
    "greedy",
    "the result lacks the start token",
    "il manque au résultat le token de départ",
    ("    return tokens", "    return tokens[1:]"),
)
slip(
    "greedy-end-dropped",
    "greedy",
    "the result lacks the end token",
    "il manque au résultat le token de fin",
    ("    return tokens", "    return tokens[:-1] if tokens[-1] == end else tokens"),
)
slip(
    "greedy-one-too-long",
    "greedy",
    "the result is one token too long: max_length counts `start` too",
    "le résultat a un token de trop : max_length compte aussi `start`",
    ("len(tokens) < max_length", "len(tokens) <= max_length"),
)
slip(
    "greedy-never-ends",
    "greedy",
    "writing goes on after the end token",
    "l'écriture continue après le token de fin",
    (" and tokens[-1] != end", ""),
)
slip(
    "greedy-last-token-only",
    "greedy",
    "the model is shown the last token only, not all of them",
    "le modèle ne reçoit que le dernier token, pas tous",
    ("next_logits(tokens)", "next_logits(tokens[-1:])"),
)

slip(
    "top-k-without-renormalisation",
    "top_k",
    "the k probabilities do not sum to 1 again: the rest falls to one token",
    "la somme des k probabilités ne revient pas à 1 : le reste échoit à un seul token",
    code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    p[np.argsort(logits)[:-k]] = 0.0
    return int(min(np.searchsorted(np.cumsum(p), rng.random()), len(p) - 1))
""",
)
slip(
    "top-k-unnormalised-among-best",
    "top_k",
    "the k probabilities do not sum to 1 again: the rest falls to one of the best",
    "la somme des k probabilités ne revient pas à 1 : le reste échoit à l'un des meilleurs",
    code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    best = np.argsort(logits)[::-1][:k]
    return int(best[min(np.searchsorted(np.cumsum(p[best]), rng.random()), k - 1)])
""",
)
slip(
    "top-k-uniform",
    "top_k",
    "the k best are drawn with equal chances",
    "les k meilleurs sont tirés à chances égales",
    ("p=p / p.sum()", "p=np.ones(k) / k"),
)
slip(
    "top-k-all",
    "top_k",
    "all tokens can be drawn, not only the k best",
    "tous les tokens peuvent sortir, pas seulement les k meilleurs",
    ("[-k:]", ""),
)
slip(
    "top-k-argmax",
    "top_k",
    "always the most probable token: nothing is drawn",
    "toujours le token le plus probable : rien n'est tiré",
    ("int(rng.choice(best, p=p / p.sum()))", "int(best[-1])"),
)
slip(
    "top-k-one-more",
    "top_k",
    "k + 1 tokens can come out",
    "k + 1 tokens peuvent sortir",
    ("[-k:]", "[-(k + 1) :]"),
)
slip(
    "top-k-worst",
    "top_k",
    "the k least probable tokens are kept",
    "ce sont les k tokens les moins probables qui sont gardés",
    ("[-k:]", "[:k]"),
)

slip(
    "beam-search-equal-to-greedy",
    "beam",
    "the result is greedy decoding's: only one hypothesis survives each step",
    "le résultat est celui du glouton : une seule hypothèse survit à chaque étape",
    ("[:beam_width]", "[:1]"),
    hint=(
        "how many hypotheses are there after the first step?",
        "combien d'hypothèses reste-t-il après le premier pas ?",
    ),
)
slip(
    "beam-raw-logits",
    "beam",
    "logits are summed; log-probabilities are needed (each step's logits have their own offset)",
    "les logits sont sommés ; il faut des log-probabilités (les logits de chaque pas ont leur propre décalage)",
    (" - logits.max() - np.log(np.exp(logits - logits.max()).sum())", ""),
)
slip(
    "beam-summed-probabilities",
    "beam",
    "probabilities are added up; they multiply, so their logarithms add up",
    "les probabilités sont sommées ; elles se multiplient, ce sont leurs logarithmes qu'on somme",
    ("score + log_p[token]", "score + np.exp(log_p[token])"),
)
slip(
    "beam-ended-lost",
    "beam",
    "hypotheses that have ended are dropped",
    "les hypothèses terminées sont perdues",
    ("                candidates.append((score, tokens))\n", ""),
    ("        beam = sorted", "        beam = not candidates and beam or sorted"),
)
slip(
    "beam-ended-continued",
    "beam",
    "hypotheses are continued after the end token",
    "des hypothèses sont poursuivies après le token de fin",
    ("if tokens[-1] == end:", "if False:"),
)
slip(
    "beam-length-normalised",
    "beam",
    "scores are divided by the length; no correction is asked for here",
    "les scores sont divisés par la longueur ; aucune correction n'est demandée ici",
    ("key=lambda c: -c[0])", "key=lambda c: -c[0] / len(c[1]))"),
)
slip(
    "beam-worst",
    "beam",
    "the least probable hypotheses are kept",
    "ce sont les hypothèses les moins probables qui sont gardées",
    ("key=lambda c: -c[0])", "key=lambda c: c[0])"),
)
slip(
    "beam-last-token-only",
    "beam",
    "the model is shown the last token only, not all of them",
    "le modèle ne reçoit que le dernier token, pas tous",
    ("next_logits(tokens)", "next_logits(tokens[-1:])"),
)

slip(
    "target-not-shifted",
    "shift",
    "inputs and labels are the same: the decoder is asked to copy what it reads",
    "entrées et étiquettes sont identiques : on demande au décodeur de recopier ce qu'il lit",
    ("return target[:, :-1], target[:, 1:]", "return target[:, :-1], target[:, :-1]"),
)
slip(
    "shifted-backwards",
    "shift",
    "inputs and labels are exchanged: the label is the previous token",
    "entrées et étiquettes sont échangées : l'étiquette est le token précédent",
    ("return target[:, :-1], target[:, 1:]", "return target[:, 1:], target[:, :-1]"),
)

slip(
    "relative-sign",
    "relative",
    "the offset is i - j instead of j - i",
    "le décalage est i - j au lieu de j - i",
    (
        "np.arange(length)[None, :] - np.arange(length)[:, None]",
        "np.arange(length)[:, None] - np.arange(length)[None, :]",
    ),
)
slip(
    "relative-scaled",
    "relative",
    "the learned numbers are divided by √d_k too; they are added after the scaling",
    "les nombres appris sont eux aussi divisés par √d_k ; ils s'ajoutent après la mise à l'échelle",
    (
        "ops.take(offsets, offset + length - 1)",
        "ops.take(offsets, offset + length - 1) / math.sqrt(q.shape[-1])",
    ),
)

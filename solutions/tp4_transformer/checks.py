"""What is graded in TP4, the Transformer from scratch."""

from __future__ import annotations

from pathlib import Path

import counts
import misconceptions
import numpy as np
import part1_attention  # noqa: F401
import words
from beams import ending_table, instructive_tables
from lab import LIBRARY_ATTENTION, LIBRARY_BLOCKS, LIBRARY_HEADS, lab

from grader.authoring import (
    Close,
    Distribution,
    Draw,
    Probe,
    Step,
    Text,
    call,
    change,
    count_params,
    item,
    rng,
    rows,
    sample,
    set_weights,
    student,
    table,
)

HERE = Path(__file__).parent
BLOCK = np.load(HERE / "tfm_block.npz")

# ------------------------------------------------------------------ exercises

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
        # Small, so that no score reaches 32: what is lost in a score - 1e9 would show beyond.
        weights[f"{side}_embedding/embeddings"] = draw.normal(vocab, d, scale=0.2)
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
        apart = d not in (heads * dk, heads, dk, dv) and (usual or d != heads * dv)
        if d % 2 == 0 and 10 <= d <= 24 and apart:
            return heads, d, dk, dv, d + 5


# ------------------------------------------------------------------ 1.3 positions


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


def decoder_called(draw: Draw) -> tuple[tuple[Step, ...], int, int]:
    """A decoder layer with weights, called once for both checks: on 2 × `half` sequences, of which
    the second half has another token at position `at`.
    """
    draw = draw.named("decoder")
    heads, d, dk, dv, d_ff = model_sizes(draw, usual=True)
    weights = draw.weights(**decoder_shapes("", heads, d, dk, dv, d_ff))
    half, t, s = draw.sizes(3, 4, 8)
    at = t // 2
    x, memory = draw.normal(half, t, d), draw.normal(half, s, d)
    other = x.copy()
    other[:, at] = draw.normal(half, d)
    causal = np.tril(np.ones((t, t), dtype=bool))
    padding = np.tile(draw.mask(half, 1, s), (2, 1, 1))
    twice = np.concatenate([x, other]), np.concatenate([memory, memory])
    steps = (
        call("DecoderLayer", heads, d, dk, dv, d_ff, 0.04, into="layer"),
        call("$layer", draw.normal(2, 3, d), draw.normal(2, 4, d), into="built"),
        set_weights("$layer", weights, fused("self_attention/", "cross_attention/")),
        call("$layer", *twice, causal, padding),
    )
    return steps, half, at


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
    called, half, _ = decoder_called(draw)
    return Probe((*called, rows("$out", 0, half)), shared=len(called))


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
    called, half, at = decoder_called(draw)
    halves = rows("$out", 0, half, into="first"), rows("$out", half, 2 * half, into="second")
    probe = Probe((*called, *halves, change("first", "second", at)), shared=len(called))
    return probe, {"out": {"before": False, "after": True}}


# ------------------------------------------------------------------ 3.1 transformer


def tokens(draw: Draw, vocab: int, *shape: int) -> np.ndarray:
    return draw.integers(1, vocab, *shape)


def transformer_called(draw: Draw) -> tuple[tuple[Step, ...], int, int]:
    """A model of two layers a side with weights, called once for three checks: on 3 × `third` pairs.

    The second third has another target token at position `at`; in the last, two PAD tokens end the
    source.
    """
    draw = draw.named("transformer")
    heads, d, dk, dv, d_ff = model_sizes(draw, usual=True)
    vocab = int(draw.rng.integers(11, 18))
    weights, joints = transformer_weights(draw, 2, heads, d, dk, dv, d_ff, vocab)
    third, t, s = draw.sizes(3, 4, 9)
    at = t // 2
    source, target = tokens(draw, vocab, third, s + 2), tokens(draw, vocab, third, t)
    other, padded = target.copy(), source.copy()
    other[:, at] = 1 + other[:, at] % (vocab - 1)
    padded[:, s:] = 0
    steps = (
        call("Transformer", 2, heads, d, dk, dv, d_ff, vocab, into="model"),
        call("$model", (tokens(draw, vocab, 2, 3), tokens(draw, vocab, 2, 4)), into="built"),
        set_weights("$model", weights, joints),
        call(
            "$model",
            (np.concatenate([source, source, padded]), np.concatenate([target, other, target])),
        ),
    )
    return steps, third, at


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
    called, third, _ = transformer_called(draw)
    steps = (*called, rows("$out", 0, third), count_params("$model"))
    return Probe(steps, keep=("out", "params"), shared=len(called))


@lab.check(
    "transformer.padding",
    "transformer",
    0.25,
    Text(en="the source's padding is not seen", fr="le remplissage de la source n'est pas vu"),
    asked=Text(
        en="PAD tokens at the end of the source change nothing",
        fr="des tokens PAD à la fin de la source ne changent rien",
    ),
)
def _(draw: Draw) -> Probe:
    called, third, _ = transformer_called(draw)
    return Probe((*called, rows("$out", 2 * third, 3 * third)), shared=len(called))


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
    called, third, at = transformer_called(draw)
    thirds = rows("$out", 0, third, into="first"), rows("$out", third, 2 * third, into="second")
    probe = Probe((*called, *thirds, change("first", "second", at)), shared=len(called))
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
    source, target = words.make(200 if draw.hidden else 60, draw.rng, held_out=True)
    return {"source": source}, {"predictions": target}


@lab.clean(
    "reverser.exact_match",
    "training",
    1.5,
    Text(en="words reversed without a fault", fr="mots renversés sans faute"),
    recording="reverser",
    expect={"predictions": lab.metric("reverser.exact_match", "exact_match")},
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

lab.question(
    "q_total",
    "questions",
    0.25,
    Text(en="parameters of the practical's Transformer", fr="paramètres du Transformer du TP"),
    type="number",
    right=[44_183_069],
    wrong={
        f(**counts.LECTURE): misconceptions.WRONG_TOTALS[name] for name, f in counts.WRONG.items()
    },
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

misconceptions.declare(lab)

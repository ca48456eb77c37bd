"""What is graded in TP2, tweets one character at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import corpus
import greedy
import measure
import numpy as np

from grader.authoring import (
    AuthorError,
    Distribution,
    Draw,
    LabSpec,
    Limits,
    Measured,
    Metric,
    Probe,
    Text,
    call,
    change,
    count_params,
    item,
    numpy_array,
    raises,
    ref,
    rng,
    sample,
    set_weights,
    student,
)

HERE = Path(__file__).parent
CALIBRATION = json.loads((HERE / "calibration.json").read_text())["training.bits"]
PAD, UNKNOWN, END = "\u2400", "\ufffd", "\n"
SPECIAL = (PAD, UNKNOWN, END)

lab = LabSpec(
    "tp2_tweets",
    Text(en="TP2 · Tweets, one character at a time", fr="TP2 · Des tweets, un caractère à la fois"),
    limits=Limits(seconds=120, cpu_seconds=1500, cell_seconds=30, training_seconds=1500),
    recordings=["language_model"],
)

# ------------------------------------------------------------------ exercises

lab.exercise(
    "vocabulary", "1.1", Text(en="Vocabulary", fr="Vocabulaire"), defines=["build_vocabulary"],
    read=Text(en="section 1.1", fr="partie 1.1"),
)  # fmt: skip
lab.exercise(
    "encode", "1.2", Text(en="Encode and decode", fr="Coder et décoder"),
    defines=["encode", "decode"], read=Text(en="section 1.2", fr="partie 1.2"),
)  # fmt: skip
lab.exercise(
    "split", "1.3", Text(en="Past and future", fr="Passé et futur"), defines=["split_by_date"],
    read=Text(en="section 1.3", fr="partie 1.3"),
)  # fmt: skip
lab.exercise(
    "windows", "1.4", Text(en="Windows", fr="Fenêtres"), defines=["make_windows"],
    read=Text(en="section 1.4: “Hello ” → “ello w”", fr="partie 1.4 : « Hello » → « ello w »"),
)  # fmt: skip
lab.exercise(
    "parameters", "2.1", Text(en="Counting parameters", fr="Compter les paramètres"),
    defines=["lstm_lm_parameters"], read=Text(en="section 2.1", fr="partie 2.1"),
)  # fmt: skip
lab.exercise(
    "model", "2.2", Text(en="The model", fr="Le modèle"), defines=["build_model"],
    read=Text(en="section 2.2", fr="partie 2.2"),
)  # fmt: skip
lab.exercise(
    "bits", "2.3", Text(en="Bits per character", fr="Bits par caractère"),
    defines=["bits_per_character"], read=Text(en="section 2.3", fr="partie 2.3"),
)  # fmt: skip
lab.exercise(
    "training", "2.4", Text(en="Training", fr="Entraînement"),
    read=Text(en="section 2.4", fr="partie 2.4"),
)  # fmt: skip
lab.exercise(
    "temperature", "3.1", Text(en="Temperature", fr="Température"),
    defines=["temperature_probabilities"], read=Text(en="section 3.1", fr="partie 3.1"),
)  # fmt: skip
lab.exercise(
    "beta", "3.2", Text(en="Inverse temperature", fr="Température inverse"),
    defines=["beta_probabilities"], read=Text(en="section 3.2", fr="partie 3.2"),
)  # fmt: skip
lab.exercise(
    "sample", "3.3", Text(en="Draw a symbol", fr="Tirer un symbole"), defines=["sample_next"],
    forbids=["keras_hub.samplers.RandomSampler", "keras_hub.samplers.TopKSampler"],
    read=Text(en="section 3.3", fr="partie 3.3"),
)  # fmt: skip
lab.exercise(
    "top_k", "3.4", Text(en="Top-k", fr="Top-k"), defines=["top_k_probabilities"],
    forbids=["keras_hub.samplers.TopKSampler"], read=Text(en="section 3.4", fr="partie 3.4"),
)  # fmt: skip
lab.exercise(
    "generate", "3.5", Text(en="Generate", fr="Générer"), defines=["generate"],
    read=Text(en="section 3.5", fr="partie 3.5"),
)  # fmt: skip
lab.exercise("questions", "Q", Text(en="Questions", fr="Questions"))
lab.exercise(
    "top_p", "B", Text(en="Bonus: top-p", fr="Bonus : top-p"), defines=["top_p_probabilities"],
    forbids=["keras_hub.samplers.TopPSampler"],
    read=Text(en="Holtzman et al., 2020, 3.1", fr="Holtzman et al., 2020, 3.1"),
)  # fmt: skip

# ------------------------------------------------------------------ material

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,!?#@&-'"


def alphabet(draw: Draw, count: int) -> list[str]:
    """`count` different characters, in random order."""
    return [str(c) for c in draw.rng.permutation(list(LETTERS))[:count]]


def symbols(draw: Draw, count: int) -> list[str]:
    """A vocabulary of `count` characters and the three special symbols."""
    return [*SPECIAL, *sorted(alphabet(draw, count))]


def some_text(draw: Draw, characters: list[str], length: int) -> str:
    return "".join(str(c) for c in draw.rng.choice(characters, length))


def model_steps(
    draw: Draw, vocab: int, embedding: int, units: int, scale: float = 0.5, into: str = "model"
) -> tuple[Any, ...]:
    """A language model of the student's own making, with weights of ours."""
    shapes = {
        "embedding/embeddings": (vocab, embedding),
        "lstm/kernel": (embedding, 4 * units),
        "lstm/recurrent_kernel": (units, 4 * units),
        "lstm/bias": (4 * units,),
        "logits/kernel": (units, vocab),
        "logits/bias": (vocab,),
    }
    weights = draw.weights(scale=scale, **shapes)
    return (
        call("build_model", vocab, embedding, units, into=into),
        set_weights(f"${into}", weights),
    )


def rows(draw: Draw, count: int, vocab: int, longest: int) -> np.ndarray:
    """`count` rows END … END PAD … of different lengths, int32."""
    ids = np.zeros((count, longest), dtype=np.int32)
    lengths = [longest, *draw.rng.integers(longest // 3, longest - 2, count - 1)]
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = draw.integers(3, vocab, length)
        row[0] = row[length - 1] = 2
    return ids


def spread(draw: Draw, count: int) -> np.ndarray:
    """Logits of both signs, no two alike, whose softmax leaves no outcome very rare: (count,)."""
    steps = np.linspace(-1.6, 1.1, count) + draw.uniform(count, low=-0.05, high=0.05)
    return draw.rng.permutation(steps).astype(np.float32)


def softmax(z: np.ndarray) -> np.ndarray:
    p = np.exp(z.astype(np.float64) - z.max())
    return p / p.sum()


# ------------------------------------------------------------------ 1 text and numbers


@lab.check(
    "vocabulary.symbols", "vocabulary", 1.0, Text(en="symbols in order", fr="symboles dans l'ordre"),
    asked=Text(
        en="PAD, UNKNOWN, END, then each character once, sorted",
        fr="PAD, UNKNOWN, END, puis chaque caractère une fois, triés",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    characters = alphabet(draw, 12)
    texts = [some_text(draw, characters, n) for n in (9, 1, 14, 6)]
    return Probe(
        (
            call("build_vocabulary", texts),
            call("build_vocabulary", ["".join(reversed(characters)) + END, "zé" + END], into="with_end"),
        ),
        keep=("out", "with_end"),
    )


@lab.check(
    "encode.ids", "encode", 0.5, Text(en="characters to numbers", fr="caractères vers nombres"),
    asked=Text(
        en="places in the vocabulary; 1 for a character never seen; the empty text too",
        fr="places dans le vocabulaire ; 1 pour un caractère jamais vu ; le texte vide aussi",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    known = symbols(draw, 9)
    text = some_text(draw, known[2:], 13)
    return Probe(
        (
            call("encode", text, known),
            call("encode", "é" + text[:4] + "漢😀" + text[4:7], known, into="unseen"),
            call("encode", "", known, into="empty"),
        ),
        keep=("out", "unseen", "empty"),
    )


@lab.check(
    "encode.round_trip", "encode", 0.5, Text(en="numbers to characters", fr="nombres vers caractères"),
    asked=Text(en="decode gives the text back", fr="decode rend le texte"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    known = symbols(draw, 8)
    ids = draw.integers(2, len(known), 17)
    return Probe(
        (
            call("decode", numpy_array(ids), known),
            call("decode", [], known, into="empty"),
            call("decode", [1, 3], known, into="unknown"),
        ),
        keep=("out", "empty", "unknown"),
    )


@lab.check(
    "split.newest", "split", 1.0, Text(en="newest held out", fr="les plus récents à part"),
    asked=Text(
        en="by date, oldest first, no text on both sides",
        fr="par date, du plus ancien au plus récent, aucun texte des deux côtés",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    days = draw.rng.permutation(300)[:24]
    dates = [str(np.datetime64("2015-01-01") + int(d)) + "T08:00:00Z" for d in days]
    texts = [some_text(draw, list(LETTERS), 8) for _ in dates]
    return Probe(
        (
            call("split_by_date", dates[:20], texts[:20], 0.25, into="quarter"),
            item("$quarter", 0, into="train"),
            item("$quarter", 1, into="test"),
            call("split_by_date", dates[:20], texts[:20], into="tenth"),
            item("$tenth", 1, into="tenth_test"),
        ),
        keep=("train", "test", "tenth_test"),
    )


def windows_probe(size: int, length: int, draw: Draw) -> Probe:
    ids = draw.rng.permutation(size).astype(np.int32)
    return Probe(
        (
            call("make_windows", numpy_array(ids), length, into="pair"),
            item("$pair", 0, into="inputs"),
            item("$pair", 1, into="targets"),
        ),
        keep=("inputs", "targets"),
    )


@lab.check(
    "windows.shift", "windows", 1.0, Text(en="one step later", fr="un cran plus loin"),
    asked=Text(
        en="targets[i, j] is the symbol after inputs[i, j], also for the last j",
        fr="targets[i, j] est le symbole qui suit inputs[i, j], aussi pour le dernier j",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    count, length, left = draw.sizes(3, 3, 9)
    return windows_probe(count * length + 1 + left % length, length, draw)


@lab.check(
    "windows.count", "windows", 0.5, Text(en="number of windows", fr="nombre de fenêtres"),
    asked=Text(
        en="(N − 1) // L, when N is a multiple of L and when N − 1 is",
        fr="(N − 1) // L, quand N est multiple de L et quand N − 1 l'est",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    count, length = draw.sizes(2, 3, 9)
    exact = windows_probe(count * length, length, draw)
    whole = numpy_array(draw.rng.permutation(count * length + 1).astype(np.int32))
    return Probe(
        (
            *exact.steps,
            call("make_windows", whole, length, into="other"),
            item("$other", 1, into="full"),
        ),
        keep=("inputs", "targets", "full"),
    )


# ------------------------------------------------------------------ 2 the model


@lab.check(
    "parameters.count", "parameters", 1.0, Text(en="the formula", fr="la formule"),
    asked=Text(en="V=94, E=64, U=256, and two other sizes", fr="V=94, E=64, U=256 et deux autres tailles"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, int]]:
    sizes = [(94, 64, 256), draw.sizes(3, 5, 40), draw.sizes(3, 41, 90)]
    named = ("out", "small", "large")
    steps = tuple(call("lstm_lm_parameters", *s, into=n) for n, s in zip(named, sizes, strict=True))
    expected = {
        n: v * e + 4 * u * (e + u + 1) + (u + 1) * v
        for n, (v, e, u) in zip(named, sizes, strict=True)
    }
    return Probe(steps, keep=named), expected


@lab.check(
    "model.logits", "model", 1.0, Text(en="logits", fr="logits"),
    asked=Text(
        en="with given weights, scores (B, T, V) at every position, not normalised",
        fr="à poids donnés, des scores (B, T, V) à chaque position, non normalisés",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    b, t, e, u = draw.sizes(4, 3, 8)
    vocab = 11 + int(draw.rng.integers(4))
    longer = draw.integers(1, vocab, 2, t + 5)  # no PAD: a model may mask it
    return Probe(
        (
            *model_steps(draw, vocab, e, u),
            call("$model", draw.integers(1, vocab, b, t)),
            call("$model", longer, into="longer"),
        ),
        keep=("out", "longer"),
    )


@lab.check("model.parameters", "model", 0.5, Text(en="number of parameters", fr="nombre de paramètres"))
def _(draw: Draw) -> tuple[Probe, dict[str, int]]:
    v, e, u = draw.sizes(3, 5, 14)
    probe = Probe(
        (
            call("build_model", v, e, u, into="small"),
            count_params("$small"),
            call("build_model", 94, into="usual"),
            count_params("$usual", into="default"),
        ),
        keep=("params", "default"),
    )
    count = {
        name: v * e + 4 * u * (e + u + 1) + (u + 1) * v
        for name, (v, e, u) in {"params": (v, e, u), "default": (94, 64, 256)}.items()
    }
    return probe, count


@lab.check(
    "bits.value", "bits", 1.25, Text(en="bits", fr="bits"),
    asked=Text(
        en="mean of −log₂ p of the next symbol, no padding in these rows",
        fr="moyenne de −log₂ p du symbole suivant, ces lignes sont sans remplissage",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, t, e, u = draw.sizes(4, 3, 8)
    vocab = 9 + int(draw.rng.integers(4))
    ids = draw.integers(3, vocab, n, t + 3)
    ids[:, 0] = ids[:, -1] = 2
    return Probe(
        (*model_steps(draw, vocab, e, u, 0.8), call("bits_per_character", ref("model"), numpy_array(ids)))
    )


@lab.check(
    "bits.padding", "bits", 0.75, Text(en="padding counts for nothing", fr="le remplissage ne compte pas"),
    asked=Text(
        en="the same rows with more PAD give the same figure; long rows weigh more than short ones",
        fr="les mêmes lignes avec plus de PAD donnent le même nombre ; les lignes longues pèsent plus",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    e, u = draw.sizes(2, 3, 8)
    vocab = 9 + int(draw.rng.integers(4))
    ids = rows(draw, 5, vocab, 14)
    wider = np.pad(ids, ((0, 0), (0, 6)))
    return Probe(
        (
            *model_steps(draw, vocab, e, u, 0.8),
            call("bits_per_character", ref("model"), numpy_array(ids)),
            call("bits_per_character", ref("model"), numpy_array(wider), into="wider"),
        ),
        keep=("out", "wider"),
    )


# ------------------------------------------------------------------ 2.4 training, in the clean room

KEPT = 4  # one held-out text in four: 506 tweets, 65,000 characters


def held_out(draw: Draw) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The newest texts of each corpus, for the hidden key only.

    The public key holds none: they are not ours to give, and the notebook has them.
    """
    if not draw.hidden:
        return {}, {"bits": np.zeros(0)}
    try:
        texts = {name: test[::KEPT] for name, (_, test) in corpus.corpora().items()}
    except ModuleNotFoundError as error:
        raise AuthorError(f"tp2_tweets: {error}") from None
    packed = {n: np.frombuffer("\n".join(t).encode(), np.uint8) for n, t in texts.items()}
    return {"texts": packed, "vocabulary": "".join(corpus.vocabulary())}, {"bits": np.zeros(0)}


def same_code(inputs: Any) -> Probe:
    """In the notebook: the student's own measure, on the student's own held-out rows."""
    return Probe(
        (call("bits_per_character", student("model"), student("test_ids"), into="bits"),),
        keep=("bits",),
    )


@lab.clean(
    "training.bits", "training", 3.0, Text(en="bits per character", fr="bits par caractère"),
    recording="language_model",
    expect={"bits": Metric("mean", floor=CALIBRATION["floor"], target=CALIBRATION["target"])},
    data=held_out,
    preview=same_code,
    asked=Text(
        en="on the newest tweets, from the weights that were recorded",
        fr="sur les tweets les plus récents, avec les poids enregistrés",
    ),
)  # fmt: skip
def _(recording: Any, inputs: Any) -> Measured:
    bits, causal = measure.recorded_bits(recording, inputs)
    if not causal:  # it has seen what it was to predict: no figure
        return Measured({"bits": np.full(1, 99.0)}, mistake="sees-the-future")
    return Measured({"bits": np.full(1, bits)})


# ------------------------------------------------------------------ 3 drawing text


@lab.check(
    "temperature.values", "temperature", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="softmax(z / T), T below and above 1", fr="softmax(z / T), T au-dessous et au-dessus de 1"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n = int(draw.rng.integers(7, 12))
    z = numpy_array(draw.normal(n, scale=1.5))
    cold, hot = 0.3 + 0.4 * float(draw.rng.random()), 1.6 + float(draw.rng.random())
    return Probe(
        (
            call("temperature_probabilities", z, cold),
            call("temperature_probabilities", z, hot, into="hot"),
            call("temperature_probabilities", z, 1, into="one"),
        ),
        keep=("out", "hot", "one"),
    )


@lab.check(
    "temperature.limits", "temperature", 0.5, Text(en="limits and bad input", fr="limites et entrées fausses"),
    asked=Text(
        en="T = 0 takes the best, T = +∞ is uniform, logits of ±1000 pass, negative and NaN are refused",
        fr="T = 0 prend le meilleur, T = +∞ est uniforme, des logits de ±1000 passent, négatif et NaN sont refusés",
    ),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    z = draw.normal(int(draw.rng.integers(6, 10)), scale=2)
    name = "temperature_probabilities"
    probe = Probe(
        (
            call(name, numpy_array(z), 0, into="zero"),
            call(name, numpy_array(z), float("inf"), into="infinite"),
            call(name, numpy_array(400 * z), 0.7, into="large"),
            raises(name, numpy_array(z), -0.5, into="negative"),
            raises(name, numpy_array(z), float("nan"), into="nan"),
        ),
        keep=("zero", "infinite", "large", "negative", "nan"),
    )
    return probe, {"negative": True, "nan": True}


@lab.check(
    "beta.values", "beta", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(
        en="softmax(β·z): a larger β is less varied; β = 0 is uniform; negative and NaN are refused",
        fr="softmax(β·z) : β plus grand, moins de variété ; β = 0 uniforme ; négatif et NaN refusés",
    ),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    z = numpy_array(draw.normal(int(draw.rng.integers(7, 12)), scale=1.5))
    probe = Probe(
        (
            call("beta_probabilities", z, 0.4 + 0.3 * float(draw.rng.random())),
            call("beta_probabilities", z, 2.5, into="large"),
            call("beta_probabilities", z, 0, into="zero"),
            raises("beta_probabilities", z, -1.0, into="negative"),
            raises("beta_probabilities", z, float("nan"), into="nan"),
        ),
        keep=("out", "large", "zero", "negative", "nan"),
    )
    return probe, {"negative": True, "nan": True}


@lab.check(
    "sample.distribution", "sample", 0.75, Text(en="distribution of the draws", fr="distribution des tirages"),
    asked=Text(en="600 draws follow softmax(z / T)", fr="600 tirages suivent softmax(z / T)"),
    expect={"out": Distribution(7), "cold": Distribution(7)},
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, np.ndarray]]:
    z, seed = spread(draw, 7), int(draw.rng.integers(2**31))
    probe = Probe(
        (
            sample("sample_next", numpy_array(z), 1.0, rng(seed), n=600),
            sample("sample_next", numpy_array(z), 0.5, rng(seed + 1), n=600, into="cold"),
        ),
        keep=("out", "cold"),
    )
    return probe, {"out": softmax(z), "cold": softmax(2 * z)}


@lab.check(
    "sample.cold", "sample", 0.25, Text(en="almost cold", fr="presque à froid"),
    asked=Text(en="T = 0.01: always the most probable", fr="T = 0,01 : toujours le plus probable"),
    expect={"out": Distribution(7)},
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, np.ndarray]]:
    z, seed = spread(draw, 7), int(draw.rng.integers(2**31))
    probe = Probe((sample("sample_next", numpy_array(z), 0.01, rng(seed), n=30),))
    return probe, {"out": np.eye(7)[int(np.argmax(z))]}


@lab.check(
    "sample.chance", "sample", 0.25, Text(en="chance comes from rng", fr="le hasard vient de rng"),
    asked=Text(
        en="a generator in the same state gives the same draws, in another state others",
        fr="un générateur dans le même état donne les mêmes tirages, dans un autre état d'autres",
    ),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    z, seed = numpy_array(spread(draw, 7)), int(draw.rng.integers(2**31))
    probe = Probe(
        (
            *(
                sample("sample_next", z, 1.0, rng(s), n=60, into=n)
                for n, s in {"first": seed, "again": seed, "other": seed + 1}.items()
            ),
            change("first", "again", 0, axis=0, into="same_state"),
            change("first", "other", 0, axis=0, into="other_state"),
        ),
        keep=("same_state", "other_state"),
    )
    return probe, {
        "same_state": {"before": False, "after": False},
        "other_state": {"before": False, "after": True},
    }


@lab.check(
    "top_k.values", "top_k", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="k probabilities, made to sum to 1 again", fr="k probabilités, ramenées à une somme de 1"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    z, k = spread(draw, int(draw.rng.integers(9, 13))), int(draw.rng.integers(3, 6))
    return Probe(
        (
            call("top_k_probabilities", numpy_array(z), k),
            call("top_k_probabilities", numpy_array(z), 1, into="one"),
        ),
        keep=("out", "one"),
    )


@lab.check(
    "top_k.limits", "top_k", 0.25, Text(en="k out of range", fr="k hors limites"),
    asked=Text(en="k above V counts as V; k below 1 is refused", fr="k au-delà de V vaut V ; k sous 1 est refusé"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, bool]]:
    z = numpy_array(spread(draw, 8))
    probe = Probe(
        (
            call("top_k_probabilities", z, 500, into="all"),
            raises("top_k_probabilities", z, 0, into="none"),
            raises("top_k_probabilities", z, -2, into="negative"),
        ),
        keep=("all", "none", "negative"),
    )
    return probe, {"none": True, "negative": True}


COLD = 0.04  # with logits at least `CLEAR` apart, another text than the greedy one never comes
CLEAR, LEAD = 1.0, 1.5


def model_that_remembers(
    draw: Draw, prompts: int, length: int, unseen: str = ""
) -> tuple[list[str], tuple[Any, ...], list[str]]:
    """A model that knows by heart what follows each prompt; any usual mistake writes something else.

    Returns:
        (vocabulary, steps that make the model `model`, prompts of 2 to 6 characters; `unseen`, not
        in the vocabulary, begins and ends the last). What follows the first prompt holds END in its
        first half; something is known to follow the empty prompt too.
    """
    known = symbols(draw, 9)
    vocab, embedding = len(known), int(draw.rng.integers(5, 9))
    units = (prompts + 1) * length + int(draw.rng.integers(3, 8))
    while True:
        steps = model_steps(draw, vocab, embedding, units)
        weights = steps[1].kwargs["weights"]
        weights["lstm/bias"][units : 2 * units] = 2.0  # forget little
        texts = [some_text(draw, known[3:], n) for n in draw.sizes(prompts, 2, 6)]
        texts[-1] = unseen[:1] + texts[-1] + unseen[1:]
        ids = [[known.index(c) if c in known else 1 for c in text] for text in (*texts, "")]
        follow = draw.integers(3, vocab, prompts + 1, length)
        follow[0, int(draw.rng.integers(1, length // 2))] = greedy.END_ID
        greedy.learn(weights, [([greedy.END_ID, *i], t) for i, t in zip(ids, follow.tolist(), strict=True)], LEAD)
        found = [greedy.write(weights, [greedy.END_ID, *i], length) for i in ids]
        sure = all(w.gap >= CLEAR and w.text == tuple(t) for w, t in zip(found, follow.tolist(), strict=True))
        if sure and not any(
            right.text in greedy.mistaken(weights, i, length, before.state)
            for i, right in zip(ids[:-1], found, strict=False)
            for before in found
        ):
            return known, steps, texts


@lab.check(
    "generate.text", "generate", 0.75, Text(en="symbol by symbol", fr="symbole par symbole"),
    asked=Text(
        en="almost cold: prompt, then each symbol drawn and fed back; empty prompt, unknown characters, length 0",
        fr="presque à froid : l'amorce, puis chaque symbole tiré et redonné ; amorce vide, inconnus, longueur 0",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    known, steps, (prompt, unseen) = model_that_remembers(draw, 2, 7, "é漢")
    return Probe(
        (
            *steps,
            call("generate", ref("model"), prompt, 7, COLD, 1, known),
            call("generate", ref("model"), "", 6, COLD, 1, known, into="empty"),
            call("generate", ref("model"), unseen, 5, COLD, 1, known, into="unseen"),
            call("generate", ref("model"), prompt, 0, COLD, 1, known, into="nothing"),
        ),
        keep=("out", "empty", "unseen", "nothing"),
    )


@lab.check(
    "generate.fresh", "generate", 0.5, Text(en="a blank state each time", fr="un état vide à chaque fois"),
    asked=Text(
        en="a call gives the same text after another call",
        fr="un appel donne le même texte après un autre appel",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    known, steps, (first, other) = model_that_remembers(draw, 2, 7)
    return Probe(
        (
            *steps,
            call("generate", ref("model"), other, 7, COLD, 1, known, into="other"),
            call("generate", ref("model"), first, 7, COLD, 1, known),
        ),
    )


@lab.check(
    "generate.seed", "generate", 0.25, Text(en="the seed decides", fr="la graine décide"),
    asked=Text(
        en="same seed, same text; another seed, another text",
        fr="même graine, même texte ; autre graine, autre texte",
    ),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    known, steps, (prompt,) = model_that_remembers(draw, 1, 6)
    weights = steps[1].kwargs["weights"]
    weights["logits/bias"][greedy.END_ID] = -60.0  # never drawn: 25 symbols even if END stops the text
    seed = int(draw.rng.integers(1000))
    probe = Probe(
        (
            *steps,
            call("build_model", *steps[0].args, into="twin"),  # what one call leaves, another does not find
            set_weights("$twin", weights),
            *(
                call("generate", ref(m), prompt, 25, 3.0, s, known, into=n)
                for n, m, s in (("text", "model", seed), ("again", "twin", seed), ("other", "model", seed + 7))
            ),
            *(call("encode", ref(n), known, into=f"{n}_ids") for n in ("text", "again", "other")),
            change("text_ids", "again_ids", 0, axis=0, into="same_seed"),
            change("text_ids", "other_ids", 0, axis=0, into="other_seed"),
        ),
        keep=("same_seed", "other_seed"),
    )
    return probe, {
        "same_seed": {"before": False, "after": False},
        "other_seed": {"before": False, "after": True},
    }


@lab.check(
    "generate.distribution", "generate", 0.5, Text(en="distribution of the text", fr="distribution du texte"),
    asked=Text(
        en="150 symbols of a model without memory follow softmax(z / T)",
        fr="150 symboles d'un modèle sans mémoire suivent softmax(z / T)",
    ),
    expect={"ids": Distribution(10)},
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, np.ndarray]]:
    known = symbols(draw, 7)
    scores = np.full(10, -40.0, dtype=np.float32)
    scores[3:] = spread(draw, 7)
    e, u = draw.sizes(2, 3, 7)
    steps = model_steps(draw, 10, e, u)
    weights = steps[1].kwargs["weights"]
    weights["logits/kernel"] = np.zeros((u, 10), dtype=np.float32)
    weights["logits/bias"] = scores
    probe = Probe(
        (
            *steps,
            call("generate", ref("model"), "", 150, 0.5, int(draw.rng.integers(1000)), known, into="text"),
            call("encode", ref("text"), known, into="ids"),
        ),
        keep=("ids",),
    )
    return probe, {"ids": softmax(scores / 0.5)}


@lab.check(
    "top_p.values", "top_p", 0.75, Text(en="values", fr="valeurs"), bonus=True,
    asked=Text(
        en="the smallest set that weighs p or more, made to sum to 1",
        fr="le plus petit ensemble qui pèse p ou plus, ramené à une somme de 1",
    ),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    z = spread(draw, 9)
    best = np.cumsum(np.sort(softmax(z))[::-1])
    between = [float(best[i] + best[i + 1]) / 2 for i in (1, 4)]
    return Probe(
        (
            call("top_p_probabilities", numpy_array(z), between[0]),
            call("top_p_probabilities", numpy_array(z), between[1], into="wider"),
            call("top_p_probabilities", numpy_array(z), 1e-6, into="one"),
        ),
        keep=("out", "wider", "one"),
    )


@lab.check(
    "top_p.limits", "top_p", 0.25, Text(en="p out of range", fr="p hors limites"), bonus=True,
    asked=Text(en="p = 1 keeps all; 0, 1.5 and NaN are refused", fr="p = 1 garde tout ; 0, 1,5 et NaN sont refusés"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, bool]]:
    z = numpy_array(spread(draw, 6))
    probe = Probe(
        (
            call("top_p_probabilities", z, 1.0, into="all"),
            *(
                raises("top_p_probabilities", z, p, into=n)
                for n, p in {"zero": 0.0, "above": 1.5, "nan": float("nan")}.items()
            ),
        ),
        keep=("all", "zero", "above", "nan"),
    )
    return probe, {"zero": True, "above": True, "nan": True}


# ------------------------------------------------------------------ questions

lab.question(
    "q_initial_loss", "questions", 0.5, Text(en="the loss before training", fr="la perte avant l'entraînement"),
    type="number", right=[4.54], decimals=2,
    wrong={
        6.55: Text(en="these are bits (log₂ V); Keras prints nats", fr="ce sont des bits (log₂ V) ; Keras affiche des nats"),
        1.97: Text(en="that is a decimal logarithm", fr="c'est un logarithme décimal"),
        0.01: Text(en="that is the probability 1/V; the loss is its −ln", fr="c'est la probabilité 1/V ; la perte est son −ln"),
        -4.54: Text(en="the cross-entropy is −ln p: positive", fr="l'entropie croisée est −ln p : positive"),
    },
)  # fmt: skip
lab.question(
    "q3", "questions", 0.5, Text(en="kind of recurrent network", fr="sorte de réseau récurrent"),
    type="choice",
    right=[
        "many-to-many", "many to many", "plusieurs-à-plusieurs", "plusieurs vers plusieurs", "n-à-n",
        "many-to-one", "many to one", "plusieurs-à-un", "plusieurs vers un", "n-à-1",
    ],
    wrong={
        "one-to-many": Text(en="that begins with a single input, such as an image to describe", fr="celui-là part d'une seule entrée, une image à décrire par exemple"),
        "one-to-one": Text(en="there would be no sequence at all", fr="il n'y aurait aucune séquence"),
    },
)  # fmt: skip
RAISE = ["raise", "raise it", "raised", "increase", "increase it", "higher", "up", "raise T", "increase T", "a higher T", "higher T", "on augmente", "il faut augmenter", "augmenter", "monter", "hausse", "plus haut", "plus grand", "plus grande", "l'augmenter", "augmenter T", "plus haute", "plus élevé", "plus élevée", "plus grande T", "une T plus haute", "larger", "a larger T", "greater"]  # fmt: skip
LOWER = ["lower", "lower it", "lowered", "decrease", "decrease it", "reduce", "smaller", "down", "lower T", "decrease T", "a lower T", "reduce T", "on baisse", "il faut baisser", "abaisser", "diminuer T", "réduire T", "baisser", "diminuer", "réduire", "plus bas", "plus petit", "plus petite", "le baisser", "la baisser", "baisser T", "plus basse", "plus faible", "un T plus bas", "a smaller T"]  # fmt: skip
lab.question(
    "q4", "questions", 0.5, Text(en="T that multiplies the logits", fr="T qui multiplie les logits"),
    type="choice", right=LOWER,
    wrong={w: Text(en="that holds for z / T; here T multiplies: it is β", fr="c'est vrai pour z / T ; ici T multiplie : c'est β") for w in RAISE},
)  # fmt: skip
lab.question(
    "q4b", "questions", 0.25, Text(en="T that divides the logits", fr="T qui divise les logits"),
    type="choice", right=RAISE,
    wrong={w: Text(en="that holds for β, which multiplies; here T divides", fr="c'est vrai pour β, qui multiplie ; ici T divise") for w in LOWER},
)  # fmt: skip

# ------------------------------------------------------------------ misconceptions

lab.misconception(
    "vocabulary-unsorted", "vocabulary",
    Text(en="the characters come in order of appearance, not sorted", fr="les caractères sont dans l'ordre d'apparition, pas triés"),
    hint=Text(en="two runs must give a character the same number", fr="deux exécutions doivent donner le même numéro à un caractère"),
    edits=[("*sorted(set(\"\".join(texts)) - {END})", "*(c for c in dict.fromkeys(\"\".join(texts)) if c != END)")],
)  # fmt: skip
lab.misconception(
    "no-special-symbols", "vocabulary",
    Text(en="the three special symbols are missing", fr="les trois symboles à part manquent"),
    edits=[("[PAD, UNKNOWN, END, *sorted(set(\"\".join(texts)) - {END})]", "sorted(set(\"\".join(texts)) - {END})")],
)  # fmt: skip
lab.misconception(
    "end-twice", "vocabulary",
    Text(en="END is there twice when the texts hold it", fr="END y est deux fois quand les textes le contiennent"),
    edits=[(" - {END}", "")],
)  # fmt: skip
lab.misconception(
    "unknown-dropped", "encode",
    Text(en="characters that were never seen disappear", fr="les caractères jamais vus disparaissent"),
    hint=Text(en="N characters in, N numbers out", fr="N caractères en entrée, N nombres en sortie"),
    edits=[("number.get(c, UNKNOWN_ID) for c in text", "number[c] for c in text if c in number")],
)  # fmt: skip
lab.misconception(
    "unknown-is-padding", "encode",
    Text(en="characters that were never seen become PAD", fr="les caractères jamais vus deviennent PAD"),
    edits=[("number.get(c, UNKNOWN_ID)", "number.get(c, PAD_ID)")],
)  # fmt: skip
lab.misconception(
    "unknown-raises", "encode",
    Text(en="a character that was never seen stops the program", fr="un caractère jamais vu arrête le programme"),
    edits=[("number.get(c, UNKNOWN_ID)", "number[c]")],
)  # fmt: skip
lab.misconception(
    "overlapping-train-test", "split",
    Text(en="test texts are among the training texts too", fr="des textes de test sont aussi dans l'entraînement"),
    hint=Text(en="a measurement on what was read says nothing", fr="mesurer sur ce qui a été lu ne dit rien"),
    edits=[("in_order[: len(texts) - held_out], in_order", "in_order, in_order")],
)  # fmt: skip
lab.misconception(
    "oldest-held-out", "split",
    Text(en="the oldest texts are held out, not the newest", fr="ce sont les plus anciens qui sont mis à part"),
    edits=[("in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]", "in_order[held_out:], in_order[:held_out]")],
)  # fmt: skip
lab.misconception(
    "not-sorted-by-date", "split",
    Text(en="the texts are cut in the order in which they came, not by date", fr="les textes sont coupés dans leur ordre d'arrivée, pas par date"),
    edits=[("in_order = [texts[i] for i in order]", "in_order = list(texts)")],
)  # fmt: skip
lab.misconception(
    "target-not-shifted", "windows",
    Text(en="the target is the input itself", fr="la cible est l'entrée elle-même"),
    hint=Text(en="“Hello ” must give “ello w”", fr="« Hello » doit donner « ello w »"),
    edits=[("ids[1 : n * length + 1]", "ids[: n * length]")],
)  # fmt: skip
lab.misconception(
    "inputs-and-targets-swapped", "windows",
    Text(en="inputs and targets are swapped: the past is to be predicted", fr="entrées et cibles sont échangées : c'est le passé qu'il faudrait prédire"),
    edits=[("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)", "return ids[1 : n * length + 1].reshape(n, length), ids[: n * length].reshape(n, length)")],
)  # fmt: skip
lab.misconception(
    "shift-by-two", "windows",
    Text(en="the target is two symbols later", fr="la cible est deux symboles plus loin"),
    edits=[
        ("n = (len(ids) - 1) // length", "n = (len(ids) - 2) // length"),
        ("ids[1 : n * length + 1]", "ids[2 : n * length + 2]"),
    ],
)  # fmt: skip
lab.misconception(
    "last-target-wrong", "windows",
    Text(en="the last target of each window is the window's own first symbol", fr="la dernière cible de chaque fenêtre est son propre premier symbole"),
    hint=Text(en="the last target lies in the next window", fr="la dernière cible est dans la fenêtre suivante"),
    edits=[("ids[1 : n * length + 1].reshape(n, length)", "np.roll(ids[: n * length].reshape(n, length), -1, axis=1)")],
)  # fmt: skip
lab.misconception(
    "one-window-short", "windows",
    Text(en="a window is lost: (N − 1) // L − 1 of them", fr="il manque une fenêtre : (N − 1) // L − 1"),
    edits=[("n = (len(ids) - 1) // length", "n = (len(ids) - 1) // length - 1")],
)  # fmt: skip
lab.misconception(
    "overlapping-windows", "windows",
    Text(en="the windows overlap: one begins at every symbol", fr="les fenêtres se chevauchent : une commence à chaque symbole"),
    edits=[
        ("n = (len(ids) - 1) // length", "view = np.lib.stride_tricks.sliding_window_view(ids, length)"),
        ("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)", "return view[:-1], view[1:]"),
    ],
)  # fmt: skip

for name, old, new, en, fr in (
    ("one-gate", "4 * units *", "units *", "an LSTM has four inner dense layers, one was counted", "un LSTM a quatre couches internes, une seule est comptée"),
    ("three-gates", "4 * units *", "3 * units *", "three inner layers are those of a GRU; an LSTM has four", "trois couches internes, c'est un GRU ; un LSTM en a quatre"),
    ("two-biases", "units + 1)\n", "units + 2)\n", "two biases a gate: that is cuDNN's and PyTorch's LSTM, Keras' has one", "deux biais par porte : c'est le LSTM de cuDNN et PyTorch, celui de Keras en a un"),
    ("lstm-no-bias", "units + 1)\n", "units)\n", "the LSTM's biases were forgotten", "les biais du LSTM sont oubliés"),
    ("state-not-read", "(embedding_size + units + 1)", "(embedding_size + 1)", "each gate also reads the previous state", "chaque porte lit aussi l'état précédent"),
    ("no-output-bias", "(units + 1) * vocab_size", "units * vocab_size", "the output layer's bias was forgotten", "le biais de la couche de sortie est oublié"),
    ("no-embedding", "return embedding + lstm", "return lstm", "the embedding was forgotten", "le plongement est oublié"),
):  # fmt: skip
    lab.misconception(name, "parameters", Text(en=en, fr=fr), edits=[(old, new)])

lab.misconception(
    "return-sequences-false", "model",
    Text(en="the LSTM gives its last output only: one prediction a window", fr="le LSTM ne rend que sa dernière sortie : une prédiction par fenêtre"),
    hint=Text(en="many-to-many: an output at every step", fr="many-to-many : une sortie à chaque pas"),
    edits=[("return_sequences=True", "return_sequences=False")],
)  # fmt: skip
lab.misconception(
    "softmax-and-from-logits", "model",
    Text(en="the model ends with a softmax, and the loss applies another one", fr="le modèle finit par une softmax, et la perte en applique une autre"),
    hint=Text(en="from_logits=True wants scores that are not normalised", fr="from_logits=True attend des scores non normalisés"),
    edits=[("Dense(vocab_size, name", "Dense(vocab_size, activation=\"softmax\", name")],
)  # fmt: skip
lab.misconception(
    "reads-backwards", "model",
    Text(en="the LSTM reads from the end: it sees what it must predict", fr="le LSTM lit depuis la fin : il voit ce qu'il doit prédire"),
    edits=[("return_sequences=True", "return_sequences=True, go_backwards=True")],
)  # fmt: skip
lab.misconception(
    "default-sizes", "model",
    Text(en="the sizes asked for are not used", fr="les tailles demandées ne servent pas"),
    edits=[
        ("keras.layers.Embedding(vocab_size, embedding_size", "keras.layers.Embedding(vocab_size, 64"),
        ("keras.layers.LSTM(units,", "keras.layers.LSTM(256,"),
    ],
)  # fmt: skip
lab.misconception(
    "nats-reported-as-bits", "bits",
    Text(en="these are nats: the logarithm is natural", fr="ce sont des nats : le logarithme est népérien"),
    hint=Text(en="1 nat = 1.44 bits", fr="1 nat = 1,44 bit"),
    edits=[(" / math.log(2))", ")")],
)  # fmt: skip
lab.misconception(
    "multiplied-by-ln2", "bits",
    Text(en="multiplied by ln 2 instead of divided", fr="multiplié par ln 2 au lieu de divisé"),
    edits=[("/ math.log(2)", "* math.log(2)")],
)  # fmt: skip
lab.misconception(
    "pad-mask-noop", "bits",
    Text(en="padding still counts", fr="le remplissage compte encore"),
    hint=Text(en="add ten columns of PAD: nothing may change", fr="ajoutez dix colonnes de PAD : rien ne doit changer"),
    edits=[("log_p[real].mean()", "log_p.mean()")],
)  # fmt: skip
lab.misconception(
    "mask-of-the-inputs", "bits",
    Text(en="the mask is that of the inputs: one PAD a row is still predicted", fr="le masque est celui des entrées : un PAD par ligne est encore prédit"),
    hint=Text(en="what counts is whether the target is real", fr="ce qui compte, c'est que la cible soit réelle"),
    edits=[("real = targets != PAD_ID", "real = ids[:, :-1] != PAD_ID")],
)  # fmt: skip
lab.misconception(
    "end-not-counted", "bits",
    Text(en="the last END is left out: a model must know when a text ends", fr="le dernier END est oublié : un modèle doit savoir quand un texte finit"),
    edits=[("real = targets != PAD_ID", "real = (targets != PAD_ID) & (targets != END_ID)")],
)  # fmt: skip
lab.misconception(
    "sum-not-mean", "bits",
    Text(en="a sum of bits, not a mean a character", fr="une somme de bits, pas une moyenne par caractère"),
    edits=[("log_p[real].mean()", "log_p[real].sum()")],
)  # fmt: skip
lab.misconception(
    "sign-forgotten", "bits",
    Text(en="the sign is missing: log p is negative, bits are positive", fr="il manque le signe : log p est négatif, des bits sont positifs"),
    edits=[("float(-log_p", "float(log_p")],
)  # fmt: skip
lab.misconception(
    "padding-in-denominator", "bits",
    Text(en="the sum is right, but it is divided by the number of all positions, padding included", fr="la somme est juste, mais divisée par toutes les positions, remplissage compris"),
    edits=[("log_p[real].mean()", "log_p[real].sum() / log_p.size")],
)  # fmt: skip
lab.misconception(
    "mean-of-row-means", "bits",
    Text(en="a mean a row, then their mean: short rows weigh as much as long ones", fr="une moyenne par ligne, puis leur moyenne : les lignes courtes pèsent autant que les longues"),
    edits=[("log_p[real].mean()", "np.mean([row[kept].mean() for row, kept in zip(log_p, real)])")],
)  # fmt: skip
lab.misconception(
    "bits-target-not-shifted", "bits",
    Text(en="each position is scored on its own input, not on the next symbol", fr="chaque position est notée sur sa propre entrée, pas sur le symbole suivant"),
    edits=[("targets = ids[:, 1:]", "targets = ids[:, :-1]")],
)  # fmt: skip
lab.misconception(
    "sees-the-future", "training",
    Text(en="the recorded model's scores depend on symbols that come later", fr="les scores du modèle enregistré dépendent de symboles qui viennent après"),
    hint=Text(en="a language model reads from left to right: no Bidirectional, no go_backwards", fr="un modèle de langue lit de gauche à droite : ni Bidirectional, ni go_backwards"),
    measured=True,
)  # fmt: skip

lab.misconception(
    "temperature-multiplied", "temperature",
    Text(en="the logits are multiplied by T: that is β", fr="les logits sont multipliés par T : c'est β"),
    hint=Text(en="does a higher T give more variety?", fr="une T plus haute donne-t-elle plus de variété ?"),
    edits=[("(logits - logits.max()) / temperature", "(logits - logits.max()) * temperature if temperature < np.inf else 0 * logits")],
)  # fmt: skip
lab.misconception(
    "temperature-on-probabilities-no-log", "temperature",
    Text(en="the probabilities were divided by T and put through a softmax again, without their logarithm", fr="les probabilités sont divisées par T puis repassées dans une softmax, sans logarithme"),
    hint=Text(en="T divides logits", fr="T divise des logits"),
    edits=[("z = (logits - logits.max()) / temperature", "z = np.exp(logits - logits.max())\n    z = z / z.sum() / temperature")],
)  # fmt: skip
lab.misconception(
    "temperature-after-softmax-not-renormalised", "temperature",
    Text(en="probabilities raised to 1/T no longer sum to 1", fr="des probabilités élevées à 1/T n'ont plus une somme de 1"),
    edits=[("z = (logits - logits.max()) / temperature\n    p = np.exp(z)\n    return p / p.sum()", "p = np.exp(logits - logits.max())\n    return (p / p.sum()) ** (1 / temperature)")],
)  # fmt: skip
lab.misconception(
    "probabilities-divided", "temperature",
    Text(en="the probabilities were divided by T: they no longer sum to 1", fr="les probabilités sont divisées par T : leur somme n'est plus 1"),
    edits=[("/ temperature\n    p = np.exp(z)\n    return p / p.sum()", "\n    p = np.exp(z)\n    return p / p.sum() / temperature")],
)  # fmt: skip
lab.misconception(
    "temperature-ignored", "temperature",
    Text(en="T changes nothing", fr="T ne change rien"),
    edits=[("(logits - logits.max()) / temperature", "logits - logits.max()")],
)  # fmt: skip
lab.misconception(
    "zero-temperature-divides", "temperature",
    Text(en="T = 0 is divided by: NaN", fr="division par T = 0 : NaN"),
    hint=Text(en="T = 0 is a limit of its own: 1 on the best symbol", fr="T = 0 est une limite à part : 1 sur le meilleur symbole"),
    edits=[("    if temperature == 0:\n        best = logits == logits.max()\n        return best / best.sum()\n", ""), ("z = (logits", "with np.errstate(all=\"ignore\"):\n        z = (logits")],
)  # fmt: skip
lab.misconception(
    "bad-temperature-accepted", "temperature",
    Text(en="a negative or NaN temperature is not refused", fr="une température négative ou NaN n'est pas refusée"),
    edits=[("if not temperature >= 0:", "if False:")],
)  # fmt: skip
lab.misconception(
    "nan-temperature-accepted", "temperature",
    Text(en="a NaN temperature is not refused: every comparison with NaN is False", fr="une température NaN n'est pas refusée : toute comparaison avec NaN est fausse"),
    edits=[("if not temperature >= 0:", "if temperature < 0:")],
)  # fmt: skip
lab.misconception(
    "exp-overflow", "temperature",
    Text(en="the exponential overflows with large logits", fr="l'exponentielle déborde avec de grands logits"),
    hint=Text(en="take the maximum off first", fr="retirez d'abord le maximum"),
    edits=[("z = (logits - logits.max()) / temperature\n    p = np.exp(z)", "with np.errstate(all=\"ignore\"):\n        p = np.exp(logits / temperature)"), ("return p / p.sum()", "with np.errstate(all=\"ignore\"):\n        return p / p.sum()")],
)  # fmt: skip
lab.misconception(
    "beta-divides", "beta",
    Text(en="the logits are divided by β: that is T", fr="les logits sont divisés par β : c'est T"),
    hint=Text(en="β = 1/T multiplies", fr="β = 1/T multiplie"),
    edits=[("np.exp(beta * (logits - logits.max()))", "np.exp((logits - logits.max()) / max(beta, 1e-300))")],
)  # fmt: skip
lab.misconception(
    "literal-power", "beta",
    Text(en="β was read as an exponent of the logits: a negative logit gives NaN", fr="β est lu comme exposant des logits : un logit négatif donne NaN"),
    hint=Text(en="β multiplies the logits", fr="β multiplie les logits"),
    edits=[("p = np.exp(beta * (logits - logits.max()))", "with np.errstate(all=\"ignore\"):\n        p = np.exp(logits**beta)")],
)  # fmt: skip
lab.misconception(
    "bad-beta-accepted", "beta",
    Text(en="a negative or NaN β is not refused", fr="un β négatif ou NaN n'est pas refusé"),
    edits=[("if not beta >= 0:", "if False:")],
)  # fmt: skip
lab.misconception(
    "nan-beta-accepted", "beta",
    Text(en="a NaN β is not refused: every comparison with NaN is False", fr="un β NaN n'est pas refusé : toute comparaison avec NaN est fausse"),
    edits=[("if not beta >= 0:", "if beta < 0:")],
)  # fmt: skip
lab.misconception(
    "same-draw-each-time", "sample",
    Text(en="the draw is always the same: nothing comes from rng", fr="le tirage est toujours le même : rien ne vient de rng"),
    hint=Text(en="rng is given; each draw takes it one step further", fr="rng est donné ; chaque tirage le fait avancer"),
    edits=[("rng.choice(", "np.random.default_rng(0).choice(")],
)  # fmt: skip
lab.misconception(
    "argmax-not-sample", "sample",
    Text(en="the most probable symbol is taken, nothing is drawn", fr="le symbole le plus probable est pris, rien n'est tiré"),
    hint=Text(en="a symbol of probability 0.2 must come one time in five", fr="un symbole de probabilité 0,2 doit sortir une fois sur cinq"),
    edits=[("int(rng.choice(len(p), p=p / p.sum()))", "int(np.argmax(p))")],
)  # fmt: skip
lab.misconception(
    "uniform-draw", "sample",
    Text(en="all symbols are drawn with the same probability", fr="tous les symboles sont tirés avec la même probabilité"),
    edits=[("rng.choice(len(p), p=p / p.sum())", "rng.choice(len(p))")],
)  # fmt: skip
lab.misconception(
    "draws-without-temperature", "sample",
    Text(en="the draw does not use the temperature", fr="le tirage n'utilise pas la température"),
    edits=[("temperature_probabilities(logits, temperature)", "temperature_probabilities(logits, 1.0)")],
)  # fmt: skip
lab.misconception(
    "rng-ignored", "sample",
    Text(en="the draws do not come from rng: nothing can be reproduced", fr="les tirages ne viennent pas de rng : rien ne se reproduit"),
    hint=Text(en="rng.choice, not np.random.choice", fr="rng.choice, pas np.random.choice"),
    edits=[("rng.choice(", "np.random.default_rng().choice(")],
)  # fmt: skip
lab.misconception(
    "top-k-without-renormalisation", "top_k",
    Text(en="the k probabilities do not sum to 1", fr="la somme des k probabilités n'est pas 1"),
    edits=[("return p / p.sum()", "return p")],
)  # fmt: skip
lab.misconception(
    "bottom-k", "top_k",
    Text(en="the k least probable symbols were kept", fr="ce sont les k symboles les moins probables qui sont gardés"),
    edits=[("np.argsort(-p)", "np.argsort(p)")],
)  # fmt: skip
lab.misconception(
    "k-plus-one", "top_k",
    Text(en="k + 1 symbols were kept", fr="k + 1 symboles sont gardés"),
    edits=[("[k:]", "[k + 1 :]")],
)  # fmt: skip
lab.misconception(
    "dropped-logits-to-zero", "top_k",
    Text(en="the other logits were set to 0, which is a score like any other", fr="les autres logits sont mis à 0, qui est un score comme un autre"),
    hint=Text(en="which logit has probability 0?", fr="quel logit a une probabilité nulle ?"),
    edits=[("p = temperature_probabilities(logits, 1.0)\n    p[np.argsort(-p)[k:]] = 0.0\n    return p / p.sum()", "z = np.array(logits)\n    z[np.argsort(-z)[k:]] = 0.0\n    return temperature_probabilities(z, 1.0)")],
)  # fmt: skip
lab.misconception(
    "bad-k-accepted", "top_k",
    Text(en="k below 1 is not refused", fr="un k inférieur à 1 n'est pas refusé"),
    edits=[("    if k < 1:\n        raise ValueError(f\"k = {k}: at least 1 is needed\")\n", ""), ("return p / p.sum()", "return p / max(p.sum(), 1e-300)")],
)  # fmt: skip
lab.misconception(
    "state-not-reset", "generate",
    Text(en="the state of the call before was kept", fr="l'état de l'appel précédent a été gardé"),
    hint=Text(en="each text begins with a blank state", fr="chaque texte commence par un état vide"),
    edits=[
        ("step, state = stepper(model), None", "step, state = stepper(model), KEPT.get(id(model))"),
        ("    return prompt + decode(added, vocabulary)", "    KEPT[id(model)] = state\n    return prompt + decode(added, vocabulary)\n\n\nKEPT = {}"),
    ],
)  # fmt: skip
lab.misconception(
    "state-not-carried", "generate",
    Text(en="the state is lost at each step: only the last symbol counts", fr="l'état est perdu à chaque pas : seul le dernier symbole compte"),
    edits=[
        ("        logits, state = step(symbol, state)\n    added", "        logits, state = step(symbol, None)\n    added"),
        ("        logits, state = step(symbol, state)\n    return", "        logits, state = step(symbol, None)\n    return"),
    ],
)  # fmt: skip
lab.misconception(
    "seed-ignored", "generate",
    Text(en="the seed is not used: two calls differ", fr="la graine ne sert pas : deux appels diffèrent"),
    edits=[("np.random.default_rng(seed)", "np.random.default_rng()")],
)  # fmt: skip
lab.misconception(
    "seed-fixed", "generate",
    Text(en="another seed gives the same text: the seed changes nothing", fr="une autre graine donne le même texte : la graine ne change rien"),
    edits=[("np.random.default_rng(seed)", "np.random.default_rng(0)")],
)  # fmt: skip
lab.misconception(
    "seed-at-every-step", "generate",
    Text(en="the generator is made anew for each symbol: always the same draw", fr="le générateur est recréé à chaque symbole : toujours le même tirage"),
    edits=[("sample_next(logits, temperature, rng)", "sample_next(logits, temperature, np.random.default_rng(seed))")],
)  # fmt: skip
lab.misconception(
    "end-not-read", "generate",
    Text(en="the text does not begin with END", fr="le texte ne commence pas par END"),
    hint=Text(en="the model has learnt that END opens a tweet", fr="le modèle a appris que END ouvre un tweet"),
    edits=[("[END_ID, *encode(prompt, vocabulary)]", "(list(encode(prompt, vocabulary)) or [END_ID])")],
)  # fmt: skip
lab.misconception(
    "stops-at-end", "generate",
    Text(en="the text stops at the first END drawn", fr="le texte s'arrête au premier END tiré"),
    hint=Text(en="`length` symbols are asked for; after END another tweet begins", fr="`length` symboles sont demandés ; après END commence un autre tweet"),
    edits=[("        added.append(symbol)\n", "        if symbol == END_ID:\n            break\n        added.append(symbol)\n")],
)  # fmt: skip
lab.misconception(
    "last-symbol-read-twice", "generate",
    Text(en="the last symbol of the prompt is given to the step a second time", fr="le dernier symbole de l'amorce est donné une deuxième fois au pas"),
    hint=Text(en="once the prompt has been read, its last logits are there: draw from them", fr="l'amorce lue, ses derniers logits sont là : tirez à partir d'eux"),
    edits=[("    added = []\n", "    logits, state = step(symbol, state)\n    added = []\n")],
)  # fmt: skip
lab.misconception(
    "drawn-symbol-not-fed-back", "generate",
    Text(en="the symbol drawn is not given back to the step", fr="le symbole tiré n'est pas redonné au pas"),
    edits=[("        logits, state = step(symbol, state)\n    return", "        logits, state = step(END_ID, state)\n    return")],
)  # fmt: skip
lab.misconception(
    "one-symbol-short", "generate",
    Text(en="one symbol too few is written", fr="un symbole de moins que demandé"),
    edits=[("in range(length)", "in range(length - 1)")],
)  # fmt: skip
lab.misconception(
    "greedy-generation", "generate",
    Text(en="the most probable symbol is always taken, whatever the temperature", fr="le symbole le plus probable est toujours pris, quelle que soit la température"),
    hint=Text(en="draw each symbol with sample_next", fr="tirez chaque symbole avec sample_next"),
    edits=[("sample_next(logits, temperature, rng)", "int(np.argmax(logits))")],
)  # fmt: skip
lab.misconception(
    "prompt-not-returned", "generate",
    Text(en="the prompt is missing from the result", fr="l'amorce manque dans le résultat"),
    edits=[("return prompt + decode(", "return decode(")],
)  # fmt: skip
lab.misconception(
    "only-last-of-prompt", "generate",
    Text(en="only the last symbol of the prompt was read", fr="seul le dernier symbole de l'amorce a été lu"),
    edits=[("[END_ID, *encode(prompt, vocabulary)]:", "[END_ID, *encode(prompt, vocabulary)][-1:]:")],
)  # fmt: skip
lab.misconception(
    "generates-without-temperature", "generate",
    Text(en="the temperature is not used while generating", fr="la température ne sert pas pendant la génération"),
    edits=[("sample_next(logits, temperature, rng)", "sample_next(logits, 1.0, rng)")],
)  # fmt: skip
lab.misconception(
    "top-p-without-renormalisation", "top_p",
    Text(en="the probabilities kept do not sum to 1", fr="la somme des probabilités gardées n'est pas 1"),
    edits=[("return probabilities / probabilities.sum()", "return probabilities")],
)  # fmt: skip
lab.misconception(
    "top-p-one-short", "top_p",
    Text(en="the symbol that crosses p was left out: the set weighs less than p", fr="le symbole qui franchit p est exclu : l'ensemble pèse moins que p"),
    edits=[("before >= p", "(before + probabilities[order] > p + 1e-12) & (before > 0)")],
)  # fmt: skip

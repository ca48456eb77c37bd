"""What is graded in TP1: an LSTM on Mel spectrograms, and what its score is worth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import hearing
import mistakes
import numpy as np

from grader.authoring import (
    Between,
    Close,
    Distribution,
    Draw,
    Exact,
    LabSpec,
    Limits,
    Measured,
    Metric,
    Probe,
    Step,
    Text,
    call,
    count_params,
    get,
    item,
    numpy_array,
    raises,
    ref,
    set_weights,
)
from grader.check.answers import read_number

HERE = Path(__file__).parent
_FILE = HERE / "calibration.json"
CALIBRATION = json.loads(_FILE.read_text()) if _FILE.is_file() else {}
RATE, SAMPLES, STEPS, BANDS = 16_000, 48_000, 200, 100
TOLERANCE = 0.02  # on a figure that a student reports with two decimals
EACH_HIDDEN = 60  # held-out clips of each language that one key measures on

lab = LabSpec(
    "tp1_language_id",
    Text(en="TP1 · Which language is spoken?", fr="TP1 · Quelle langue parle-t-on ?"),
    limits=Limits(
        seconds=300, cpu_seconds=2400, cell_seconds=60, training_seconds=900, memory_mb=5000,
    ),
    recordings=["classifier", "champion", "probe_clip", "probe_speaker", "real"],
    preload=("tensorflow", "keras", "matplotlib.pyplot", "soundfile"),
)  # fmt: skip


def exercise(id: str, number: str, en: str, fr: str, *defines: str) -> None:
    lab.exercise(
        id, number, Text(en=en, fr=fr), defines=defines,
        read=Text(en=f"section {number}", fr=f"partie {number}"),
    )  # fmt: skip


exercise("clip", "1.1", "A clean clip", "Un extrait propre", "prepare_clip")
exercise(
    "logmel", "1.2", "The log-Mel spectrogram", "Le spectrogramme log-Mel", "log_mel_spectrogram"
)
exercise("assemble", "2.1", "Assemble", "Assembler", "assemble")
exercise(
    "normalise",
    "2.2",
    "Normalise",
    "Normaliser",
    "centre",
    "fit_normaliser",
    "normalise",
    "prepare_sets",
)
exercise("split", "2.3", "Split by speaker", "Séparer par locuteur", "split_by_speaker")
exercise(
    "counting", "3.1", "Count before you build", "Compter avant de construire", "lstm_parameters"
)
exercise("counts", "3.1", "Two counts", "Deux nombres")
exercise("build", "3.2", "The network", "Le réseau", "build_model")
exercise("metrics", "3.3", "Measure", "Mesurer", "confusion_matrix", "balanced_accuracy")
exercise("predict", "3.4", "From sound to language", "Du son à la langue", "predict_languages")
exercise("train", "3.5", "Train", "Entraîner")
exercise("occlusion", "4", "What the network listens to", "Ce que le réseau écoute", "occlusion")
exercise("leakage", "5", "Leakage", "La fuite")
exercise("transfer", "6", "From synthetic to real", "Du synthétique au réel")
exercise("questions", "7", "Exam questions", "Questions d'examen")
exercise(
    "augment", "8", "Bonus: a better ear", "Bonus : mieux écouter", "spec_augment", "build_champion"
)


# ------------------------------------------------------------------ material made by the probe itself


def noise(draw: Draw, *shape: int, loud: float = 0.1, into: str = "wave") -> tuple[Step, ...]:
    """Steps that make float32 noise where the probe runs: a key would be large with it inside."""
    seed = int(draw.rng.integers(2**31))
    return (
        call("np.random.default_rng", seed, into="rng"),
        call("$rng.normal", 0.0, loud, list(shape), into="double"),
        call("$double.astype", "float32", into=into),
    )


def picked(
    draw: Draw, of: str, size: int, n: int = 500
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Steps that bring back the shape of a large result and `n` of its values; what to keep."""
    places = np.sort(draw.rng.permutation(size)[:n]).astype(np.int64)
    steps = (
        call("np.asarray", ref(of), into=f"{of}_array"),
        call("np.shape", ref(f"{of}_array"), into=f"{of}_shape"),
        call("np.take", ref(f"{of}_array"), numpy_array(places), mode="wrap", into=f"{of}_values"),
    )
    return steps, (f"{of}_shape", f"{of}_values")


# ------------------------------------------------------------------ 1.1 clip


@lab.check(
    "clip.values", "clip", 1.0, Text(en="values", fr="valeurs"),
    asked=Text(en="float32 (48000,) from short, long, stereo and integer samples",
               fr="float32 (48000,) à partir d'échantillons courts, longs, stéréo ou entiers"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, m = (int(v) for v in draw.rng.integers(300, 900, 2))
    pair = draw.rng.integers(-20_000, 20_000, (m, 2)).astype(np.int16)
    wide = draw.rng.integers(-(2**30), 2**30, 40).astype(np.int32)
    early = np.arange(0, 1000, 7)
    steps: list[Step] = []
    keep = []
    for name, samples in (
        ("short", draw.uniform(n, low=-0.8, high=0.8)),
        ("stereo_int16", pair),
        ("int32", wide),
        ("silence", np.zeros(17, np.float32)),
    ):
        steps += [
            call("prepare_clip", numpy_array(samples), RATE, into="clip"),
            call("np.asarray", ref("clip"), into="array"),
            call("np.shape", ref("array"), into=f"{name}_shape"),
            call("np.take", ref("array"), numpy_array(early), mode="wrap", into=name),
        ]
        keep += [f"{name}_shape", name]
    steps += [
        *noise(draw, SAMPLES + 700, into="long_wave"),
        call("prepare_clip", ref("long_wave"), RATE, into="clip"),
        call("np.asarray", ref("clip"), into="array"),
        call("np.shape", ref("array"), into="long_shape"),
        call(
            "np.take",
            ref("array"),
            numpy_array(np.arange(5, SAMPLES, 997)),
            mode="wrap",
            into="long",
        ),
        get("$array.dtype.name", into="dtype"),
    ]
    return Probe(tuple(steps), (*keep, "long_shape", "long", "dtype"))


@lab.check(
    "clip.refuses", "clip", 0.5, Text(en="what it refuses", fr="ce qu'elle refuse"),
    asked=Text(en="ValueError for another rate, NaN, infinity, nothing, three axes, unsigned integers",
               fr="ValueError pour une autre fréquence, NaN, infini, vide, trois axes, entiers sans signe"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    fine = draw.uniform(50, low=-0.5, high=0.5)
    broken, endless = fine.copy(), np.stack([fine, fine], axis=1)
    broken[draw.rng.integers(50)] = np.nan
    endless[draw.rng.integers(50), 1] = np.inf
    cases = {
        "rate_8000": (fine, 8_000), "rate_44100": (fine, 44_100), "nan": (broken, RATE),
        "infinite": (endless, RATE), "empty": (fine[:0], RATE), "three_axes": (fine.reshape(5, 5, 2), RATE),
        "unsigned": (draw.rng.integers(0, 255, 40).astype(np.uint8), RATE),
    }  # fmt: skip
    return Probe(
        (
            *(
                raises("prepare_clip", numpy_array(x), rate, into=name)
                for name, (x, rate) in cases.items()
            ),
            call("prepare_clip", numpy_array(fine), RATE, into="clip"),
            call("np.abs", ref("clip"), into="sizes"),
            call("np.sum", ref("sizes"), into="what_is_fine"),
        ),
        (*cases, "what_is_fine"),
    )


# ------------------------------------------------------------------ 1.2 log-Mel


@lab.check(
    "logmel.values", "logmel", 2.0, Text(en="values", fr="valeurs"),
    asked=Text(en="(200, 100), frames first: log of the power in each Mel band",
               fr="(200, 100), le temps d'abord : logarithme de la puissance dans chaque bande Mel"),
    expect={"spectrogram_values": Close(1e-3, 2e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps, keep = picked(draw, "spectrogram", STEPS * BANDS)
    return Probe(
        (
            *noise(draw, SAMPLES),
            call("log_mel_spectrogram", ref("wave"), into="spectrogram"),
            *steps,
        ),
        keep,
    )


@lab.check(
    "logmel.batch", "logmel", 0.5, Text(en="several clips at once", fr="plusieurs extraits à la fois"),
    asked=Text(en="(n, 48000) → (n, 200, 100), as one by one", fr="(n, 48000) → (n, 200, 100), comme un par un"),
    expect={"gap": Close(0, 2e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    return Probe(
        (
            *noise(draw, 3, SAMPLES),
            call("log_mel_spectrogram", ref("wave"), into="all"),
            item("$wave", 1, into="one"),
            call("log_mel_spectrogram", ref("one"), into="alone"),
            item("$all", 1, into="second"),
            call("np.asarray", ref("all"), into="array"),
            call("np.shape", ref("array"), into="shape"),
            call("np.subtract", ref("second"), ref("alone"), into="differences"),
            call("np.abs", ref("differences"), into="sizes"),
            call("np.max", ref("sizes"), into="gap"),
        ),
        ("shape", "gap"),
    ), {"gap": 0.0}


@lab.check(
    "logmel.silence", "logmel", 0.5, Text(en="silence", fr="silence"),
    asked=Text(en="ln(FLOOR) everywhere, nothing infinite", fr="ln(FLOOR) partout, rien d'infini"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    return Probe(
        (
            call("np.zeros", SAMPLES, "float32", into="wave"),
            call("log_mel_spectrogram", ref("wave"), into="spectrogram"),
            call("np.min", ref("spectrogram"), into="lowest"),
            call("np.max", ref("spectrogram"), into="highest"),
        ),
        ("lowest", "highest"),
    )


# ------------------------------------------------------------------ 2.1 assemble


def clips(draw: Draw) -> tuple[dict[str, Any], np.ndarray]:
    """Clips that can be told from one another by their first sample, languages out of order; the rank
    of each clip's language, in the order of those first samples."""
    names = ["it", "fr", "de", "en", "pt"]
    sizes = [int(n) for n in draw.rng.permutation([9, 11, 12, 14, 15])]
    total = sum(sizes)
    first = draw.rng.permutation(total).astype(np.float32).reshape(-1, 1)
    rows = np.concatenate([first, draw.normal(total, 3)], axis=1)
    ranks = np.repeat([sorted(names).index(n) for n in names], sizes)[np.argsort(first[:, 0])]
    ends = np.cumsum(sizes)[:-1]
    return {
        n: numpy_array(part) for n, part in zip(names, np.split(rows, ends), strict=True)
    }, ranks


def assembled(draw: Draw) -> tuple[tuple[Step, ...], np.ndarray]:
    """Steps that assemble such clips and sort what comes: ``clips_in_order``, ``labels_in_order``."""
    given, ranks = clips(draw)
    return (
        call("assemble", given, int(draw.rng.integers(1000)), into="both"),
        item("$both", 0, into="waveforms"),
        item("$both", 1, into="labels"),
        call("np.take", ref("waveforms"), 0, axis=1, into="first"),
        call("np.argsort", ref("first"), into="order"),
        call("np.take", ref("waveforms"), ref("order"), axis=0, into="clips_in_order"),
        call("np.take", ref("labels"), ref("order"), into="labels_in_order"),
    ), ranks


@lab.check(
    "assemble.pairs", "assemble", 0.5, Text(en="clips and labels", fr="extraits et étiquettes"),
    asked=Text(en="every clip once, with the rank of its language", fr="chaque extrait une fois, avec le rang de sa langue"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    return Probe(assembled(draw)[0], ("clips_in_order", "labels_in_order"))


@lab.check(
    "assemble.together", "assemble", 0.25, Text(en="each clip with its label", fr="chaque extrait avec son étiquette"),
    asked=Text(en="clips of one language share one label", fr="les extraits d'une langue partagent une étiquette"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    steps, ranks = assembled(draw)
    return Probe(
        (
            *steps,
            call("$first.astype", "int64", into="which"),
            call("np.take", numpy_array(100 * ranks), ref("which"), into="languages"),
            call("np.add", ref("labels"), ref("languages"), into="both_ranks"),
            call("np.unique", ref("both_ranks"), into="kinds"),
            call("np.size", ref("kinds"), into="count"),
            call("np.equal", ref("count"), 5, into="one_label_a_language"),
        ),
        ("one_label_a_language",),
    ), {"one_label_a_language": True}


@lab.check(
    "assemble.shuffled", "assemble", 0.25, Text(en="shuffled by the seed", fr="battus selon la graine"),
    asked=Text(en="languages mixed; same seed, same order; another seed, another order",
               fr="langues mêlées ; même graine, même ordre ; autre graine, autre ordre"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    given, ranks = clips(draw)
    seed = int(draw.rng.integers(1000))
    steps: list[Step] = []
    for name, own in (("a", seed), ("b", seed), ("c", seed + 1)):
        steps += [
            call("assemble", given, own, into=name),
            item(f"${name}", 0, into=f"clips_{name}"),
            call("np.take", ref(f"clips_{name}"), 0, axis=1, into=f"first_{name}"),
        ]
    return Probe(
        (
            *steps,
            call("np.array_equal", ref("first_a"), ref("first_b"), into="same_seed"),
            call("np.array_equal", ref("first_a"), ref("first_c"), into="other_seed"),
            call("$first_a.astype", "int64", into="which"),
            call("np.take", numpy_array(ranks), ref("which"), into="languages"),
            call("np.diff", ref("languages"), into="changes"),
            call("np.count_nonzero", ref("changes"), into="runs"),  # about 48 of 60 when shuffled
            call("np.greater", ref("runs"), 15, into="languages_mixed"),
        ),
        ("same_seed", "other_seed", "languages_mixed"),
    ), {"same_seed": True, "other_seed": False, "languages_mixed": True}


# ------------------------------------------------------------------ 2.2 normalise


@lab.check(
    "normalise.centre", "normalise", 0.25, Text(en="each clip by itself", fr="chaque extrait seul"),
    asked=Text(en="in each band of each clip, minus its mean over time",
               fr="dans chaque bande de chaque extrait, moins sa moyenne sur le temps"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, steps, bands = draw.sizes(3, 4, 9)
    x = draw.normal(n, steps, bands) + draw.normal(n, 1, bands, scale=3) + draw.normal(steps, 1)
    return Probe(
        (
            call("np.array", numpy_array(x.astype(np.float32)), into="several"),
            item("$several", 0, into="one"),
            call("centre", ref("several"), into="centred"),
            call("centre", ref("one"), into="one_alone"),
            call("np.sum", ref("several"), into="given_unchanged"),
        ),
        ("centred", "one_alone", "given_unchanged"),
    )


@lab.check(
    "normalise.fit", "normalise", 0.5, Text(en="statistics", fr="statistiques"),
    asked=Text(en="a mean and a deviation for each band, over clips and time", fr="une moyenne et un écart type par bande, sur extraits et temps"),
    expect={"std": Close(4e-3, 1e-5)},  # dividing by n − 1 is no mistake
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, steps, bands = draw.sizes(3, 15, 23)
    x = draw.normal(n, steps, bands) * draw.uniform(bands, low=0.3, high=3) + draw.normal(
        bands, scale=4
    )
    x[:, :, draw.rng.integers(bands)] = 2.0
    return Probe(
        (
            call("fit_normaliser", numpy_array(x), into="pair"),
            item("$pair", 0, into="mean"),
            item("$pair", 1, into="std"),
        ),
        ("mean", "std"),
    )


@lab.check(
    "normalise.apply", "normalise", 0.25, Text(en="application", fr="application"),
    asked=Text(en="(x − mean) / std, band by band", fr="(x − moyenne) / écart type, bande par bande"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, steps, bands = draw.sizes(3, 3, 8)
    mean, std = draw.normal(bands, scale=3), draw.uniform(bands, low=0.4, high=2.5)
    return Probe(
        (
            call(
                "normalise",
                numpy_array(draw.normal(n, steps, bands)),
                [numpy_array(mean), numpy_array(std)],
            ),
        )
    )


@lab.check(
    "normalise.sets", "normalise", 0.5, Text(en="training and test", fr="entraînement et test"),
    asked=Text(en="both centred, then normalised with the training statistics",
               fr="les deux centrés, puis normalisés avec les statistiques de l'entraînement"),
    expect={"x_train_values": Close(2e-3, 5e-3), "x_test_values": Close(2e-3, 5e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    train_steps, train_keep = picked(draw, "x_train", 2 * STEPS * BANDS, 200)
    test_steps, test_keep = picked(draw, "x_test", STEPS * BANDS, 200)
    return Probe(
        (
            *noise(draw, 2, SAMPLES, into="train"),
            *noise(draw, 1, SAMPLES, loud=0.02, into="test"),
            call("prepare_sets", ref("train"), ref("test"), into="both"),
            item("$both", 0, into="x_train"),
            item("$both", 1, into="x_test"),
            *train_steps,
            *test_steps,
        ),
        (*train_keep, *test_keep),
    )


# ------------------------------------------------------------------ 2.3 split


def splits(draw: Draw, seeds: tuple[int, ...], people: int, fraction: float) -> tuple[Step, ...]:
    """Steps that split the same speakers once for each seed: ``train_i``, ``test_i``."""
    counts = draw.rng.integers(1, 9, people)
    names = draw.rng.permutation(np.repeat(np.arange(people), counts))
    steps = [call("np.array", [f"speaker {n}" for n in names], into="speakers")]
    for i, seed in enumerate(seeds):
        steps += [
            call("split_by_speaker", ref("speakers"), fraction, seed, into="pair"),
            item("$pair", 0, into=f"train_{i}"),
            item("$pair", 1, into=f"test_{i}"),
        ]
    return tuple(steps)


def people(part: str) -> tuple[Step, ...]:
    return (
        call("np.take", ref("speakers"), ref(part), into="own"),
        call("np.unique", ref("own"), into=f"{part}_people"),
    )


@lab.check(
    "split.disjoint", "split", 1.0, Text(en="nobody on both sides", fr="personne des deux côtés"),
    asked=Text(en="no shared speaker, every clip in one part", fr="aucun locuteur commun, chaque extrait d'un seul côté"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    steps = splits(draw, (int(draw.rng.integers(1000)),), 12, 0.3)
    return Probe(
        (
            *steps, *people("train_0"), *people("test_0"),
            call("np.intersect1d", ref("train_0_people"), ref("test_0_people"), into="common"),
            call("np.size", ref("common"), into="count"),
            call("np.equal", ref("count"), 0, into="nobody_shared"),
            call("np.concatenate", [ref("train_0"), ref("test_0")], into="joined"),
            call("np.sort", ref("joined"), into="clips"),
        ),
        ("nobody_shared", "clips"),
    ), {"nobody_shared": True}  # fmt: skip


@lab.check(
    "split.fraction", "split", 0.25, Text(en="how many speakers", fr="combien de locuteurs"),
    asked=Text(en="test_fraction of the speakers, at least one on each side", fr="test_fraction des locuteurs, au moins un de chaque côté"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps: list[Step] = []
    keep = []
    some, many = (int(draw.rng.choice(n)) for n in ((10, 13, 17, 20), (21, 24, 26, 29, 31, 34)))
    for n, fraction in ((some, 0.3), (2, 0.05), (3, 0.99), (many, 0.2)):
        steps += [*splits(draw, (3,), n, fraction), *people("test_0")]
        steps.append(call("np.size", ref("test_0_people"), into=f"test_speakers_of_{n}"))
        keep.append(f"test_speakers_of_{n}")
    return Probe(tuple(steps), tuple(keep))


@lab.check(
    "split.seed", "split", 0.25, Text(en="the seed decides", fr="la graine décide"),
    asked=Text(en="same seed, same split; another seed, another split", fr="même graine, même séparation ; autre graine, autre séparation"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    seed = int(draw.rng.integers(1000))
    return Probe(
        (
            *splits(draw, (seed, seed, seed + 1, seed + 2), 24, 0.5),
            call("np.array_equal", ref("test_0"), ref("test_1"), into="same_seed"),
            call("np.array_equal", ref("test_0"), ref("test_2"), into="second"),
            call("np.array_equal", ref("test_0"), ref("test_3"), into="third"),
            call("np.logical_and", ref("second"), ref("third"), into="seed_without_effect"),
        ),
        ("same_seed", "seed_without_effect"),
    ), {"same_seed": True, "seed_without_effect": False}  # fmt: skip


# ------------------------------------------------------------------ 3.1 counting


@lab.check(
    "counting.values", "counting", 0.75, Text(en="any LSTM", fr="tout LSTM"),
    asked=Text(en="four blocks of input weights, state weights and biases", fr="quatre blocs de poids d'entrée, de poids d'état et de biais"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    a, b, c = draw.sizes(3, 3, 90)
    return Probe(
        (call("lstm_parameters", a, b), call("lstm_parameters", b, c, into="other")),
        keep=("out", "other"),
    )


def lstm_count(inputs: int, units: int = 128, classes: int = 5) -> int:
    return 4 * units * (inputs + units + 1) + (units + 1) * classes


COUNT_MISTAKES = {
    lstm_count(BANDS) - 645: Text(en="that is the LSTM alone: the dense layer is missing", fr="c'est le LSTM seul : il manque la couche dense"),
    lstm_count(BANDS) - 4 * 128: Text(en="the LSTM's biases are missing", fr="les biais du LSTM manquent"),
    lstm_count(BANDS) - 5: Text(en="the dense layer's biases are missing", fr="les biais de la couche dense manquent"),
    lstm_count(BANDS) + 4 * 128: Text(en="one bias a gate in Keras' LSTM, not two", fr="un biais par porte dans le LSTM de Keras, pas deux"),
    3 * 128 * 229 + 645: Text(en="an LSTM has four blocks: three gates and the candidate", fr="un LSTM a quatre blocs : trois portes et le candidat"),
    4 * 128 * 101 + 645: Text(en="the weights of the previous state are missing", fr="les poids de l'état précédent manquent"),
    128 * 229 + 645: Text(en="that is a simple recurrent layer: one block, not four", fr="c'est une couche récurrente simple : un bloc, pas quatre"),
}  # fmt: skip
lab.question(
    "parameters_model", "counts", 0.25, Text(en="parameters of the network", fr="paramètres du réseau"),
    type="number", right=[lstm_count(BANDS)],
    wrong={
        lstm_count(STEPS): Text(en="that is the network fed with 200 numbers a step: which axis is time?",
                                fr="c'est le réseau nourri de 200 nombres par pas : quel axe est le temps ?"),
        **COUNT_MISTAKES,
    },
)  # fmt: skip
lab.question(
    "parameters_swapped", "counts", 0.25, Text(en="lying on its side", fr="couché"),
    type="number", right=[lstm_count(STEPS)],
    wrong={
        lstm_count(BANDS): Text(en="the input size changes, and with it the input weights",
                                fr="la taille d'entrée change, et avec elle les poids d'entrée"),
        lstm_count(STEPS) - 645: Text(en="that is the LSTM alone", fr="c'est le LSTM seul"),
    },
)  # fmt: skip

# ------------------------------------------------------------------ 3.2 build


def network(draw: Draw) -> tuple[tuple[Step, ...], int]:
    """Steps that build the student's model for k languages, give it weights and ask it (``p``); k.

    All of them are shared: predicting on a batch traces the model once, which costs less than a loop
    over 200 steps of time.
    """
    k = draw.sizes(1, 6, 40)[0]
    bias = draw.normal(4, 128, scale=0.3)  # input, forget, candidate, output
    bias[0] -= 2.0
    bias[1] += 5.5  # so that the state of the first step still counts at the last
    weights = {
        "lstm/kernel": draw.normal(BANDS, 512, scale=0.06),
        "lstm/recurrent_kernel": draw.normal(128, 512, scale=0.08),
        "lstm/bias": bias.reshape(-1),
        "languages/kernel": draw.normal(128, k, scale=0.5),
        "languages/bias": draw.normal(k, scale=0.4),
    }
    return (
        # a state that is kept (a mistake) begins with what the first weights made of it
        call("keras.utils.set_random_seed", int(draw.rng.integers(1000)), into="seeded"),
        call("build_model", k, into="model"),
        *noise(draw, 3, STEPS, BANDS, loud=1.0, into="x"),
        call("$model.predict_on_batch", ref("x"), into="first"),
        set_weights("$model", weights),
        call("$model.predict_on_batch", ref("x"), into="p"),
    ), k


ASKED = 8  # steps


@lab.check(
    "build.size", "build", 0.5, Text(en="size", fr="taille"),
    asked=Text(en="parameters, and the shape of the answer", fr="paramètres, et forme de la réponse"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps, _ = network(draw.named("network"))
    return Probe(
        (
            *steps,
            count_params("$model", into="parameters"),
            call("np.shape", ref("first"), into="shape"),
        ),
        ("parameters", "shape"), shared=ASKED,
    )  # fmt: skip


@lab.check(
    "build.output", "build", 0.75, Text(en="the answer", fr="la réponse"),
    asked=Text(en="given weights and clips, the probabilities", fr="poids et extraits donnés, les probabilités"),
    expect={"probabilities": Close(1e-3, 1e-4)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps, _ = network(draw.named("network"))
    return Probe(
        (*steps, call("np.array", ref("p"), into="probabilities")),
        ("probabilities",),
        shared=ASKED,
    )


@lab.check(
    "build.again", "build", 0.25, Text(en="no memory between clips", fr="pas de mémoire entre extraits"),
    asked=Text(en="the same clips twice, the same answer", fr="deux fois les mêmes extraits, la même réponse"),
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    steps, _ = network(draw.named("network"))
    return Probe(
        (
            *steps,
            call("$model.predict_on_batch", ref("x"), into="again"),
            call("np.allclose", ref("p"), ref("again"), 1e-3, 1e-3, into="same_answer"),
        ),
        ("same_answer",), shared=ASKED,
    ), {"same_answer": True}  # fmt: skip


@lab.check(
    "build.loss", "build", 0.75, Text(en="the loss", fr="la perte"),
    asked=Text(en="the cross-entropy of integer labels, from probabilities",
               fr="l'entropie croisée d'étiquettes entières, à partir de probabilités"),
    expect={"loss": Close(1e-3, 1e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps, k = network(draw.named("network"))
    labels = numpy_array(draw.rng.permutation(k)[:4].astype(np.int64))
    scores = np.exp(draw.normal(4, k))
    return Probe(
        (
            *steps,
            call("keras.ops.convert_to_tensor", numpy_array(scores / scores.sum(axis=1, keepdims=True)), into="answers"),
            call("$model.compute_loss", y=labels, y_pred=ref("answers"), into="whole"),
            get("$model.losses", into="penalties"),  # of weights: no matter
            call("np.sum", ref("penalties"), into="penalty"),
            call("np.subtract", ref("whole"), ref("penalty"), into="loss"),
        ),
        ("loss",), shared=ASKED,
    )  # fmt: skip


# ------------------------------------------------------------------ 3.3 metrics


def judged(draw: Draw) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels of unequal classes, one of them absent, and predictions that are often right."""
    k = 5
    absent = int(draw.rng.integers(k))
    present = [c for c in range(k) if c != absent]
    counts = draw.rng.permutation([4, 9, 17, 40])
    labels = draw.rng.permutation(np.repeat(present, counts)).astype(np.int64)
    random = draw.rng.integers(0, k, len(labels))
    right = draw.rng.random(len(labels)) < np.linspace(0.3, 0.95, k)[labels]
    return labels, np.where(right, labels, random).astype(np.int64), k


@lab.check(
    "metrics.confusion", "metrics", 0.5, Text(en="confusion matrix", fr="matrice de confusion"),
    asked=Text(en="counts, true language in rows", fr="des comptes, la vraie langue en lignes"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    labels, predicted, k = judged(draw)
    return Probe((call("confusion_matrix", numpy_array(labels), numpy_array(predicted), k),))


@lab.check(
    "metrics.balanced", "metrics", 0.75, Text(en="balanced accuracy", fr="exactitude équilibrée"),
    asked=Text(en="mean share of correct clips over the languages present", fr="moyenne, sur les langues présentes, de la part bien classée"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    labels, predicted, _ = judged(draw)
    uneven = np.array([0] * 9 + [1])
    return Probe(
        (
            call("balanced_accuracy", numpy_array(labels), numpy_array(predicted)),
            call(
                "balanced_accuracy",
                numpy_array(uneven),
                numpy_array(np.zeros(10, np.int64)),
                into="always_0",
            ),
        ),
        ("out", "always_0"),
    )


# ------------------------------------------------------------------ 3.4 predict, 4 occlusion


def listener(
    scale: float = 1.0, pool: str = "Average", low: float = -1.5, high: float = 1.5
) -> tuple[Step, ...]:
    """Steps that make a tiny classifier of a clip's mean loudness (or, with "Max", of its loudest
    moment): 0 between `low` and `high`, 1 below, 2 above."""
    kernel = np.tile(np.array([0.0, -1.0, 1.0], np.float32) * np.float32(scale / BANDS), (BANDS, 1))
    bias = np.array([0.0, low, -high], np.float32) * np.float32(scale)
    return (
        call(f"keras.layers.Global{pool}Pooling1D", into="pool"),
        call("keras.layers.Dense", 3, activation="softmax", name="answer", into="dense"),
        call("keras.Sequential", [ref("pool"), ref("dense")], into="model"),
        call("np.zeros", [2, STEPS, BANDS], "float32", into="nothing"),
        call("$model", ref("nothing"), into="built"),
        set_weights("$model", {"answer/kernel": kernel, "answer/bias": bias}),
    )


@lab.check(
    "predict.values", "predict", 0.75, Text(en="languages", fr="langues"),
    asked=Text(en="one integer a clip", fr="un entier par extrait"), expect={"out": Close(0, 0)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    # noise that is a little, ten times or a hundred times as loud for a while: the loudest moment is about
    # 1.7, 5.4 or 9.5 above the clip's mean, in natural logarithms of power
    bursts = draw.rng.permutation([1.0, 1.0, 10.0, 10.0, 10.0, 10.0, 100.0])
    starts = draw.rng.integers(0, 8, len(bursts))
    burst = np.arange(10)[None] == starts[:, None]
    loud = np.where(burst, bursts[:, None], 1.0).astype(np.float32)
    normaliser = [
        numpy_array(draw.normal(BANDS, scale=0.05, mean=2.5)),
        numpy_array(np.full(BANDS, 2.5, np.float32)),
    ]
    return Probe(
        (
            *listener(3.0, "Max", 0.4, 1.8),
            *noise(draw, len(bursts), SAMPLES, loud=0.01, into="white"),
            call("np.repeat", numpy_array(loud), SAMPLES // 10, 1, into="envelopes"),
            call("np.multiply", ref("white"), ref("envelopes"), into="waves"),
            call("predict_languages", ref("model"), ref("waves"), normaliser),
        )
    )


@lab.check(
    "occlusion.values", "occlusion", 1.0, Text(en="values", fr="valeurs"),
    asked=Text(en="how much each hidden window costs the chosen language", fr="ce que chaque fenêtre cachée coûte à la langue choisie"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    rows = draw.uniform(2, STEPS, 1, low=0.5, high=3.0)
    # just quiet and just loud enough to be called so: hide any piece and another answer is best
    centre = rows.mean(axis=1, keepdims=True) - np.float32(1.54)
    quiet, loud = centre[0] - rows[0], rows[1] - centre[1]
    mixed = loud + np.where(np.arange(STEPS) % 80 < 40, np.float32(-3), np.float32(3))[:, None]
    ones = np.ones((1, BANDS), np.float32)
    return Probe(
        (
            *listener(3.0),
            call("np.multiply", numpy_array(quiet), numpy_array(ones), into="x"),
            call("np.multiply", numpy_array(loud), numpy_array(ones), into="y"),
            call("np.multiply", numpy_array(mixed), numpy_array(ones), into="z"),
            call("occlusion", ref("model"), ref("x"), 25, into="drops"),
            call("occlusion", ref("model"), ref("y"), 30, into="other"),
            call("occlusion", ref("model"), ref("z"), 40, into="up_and_down"),
        ),
        ("drops", "other", "up_and_down"),
    )


# ------------------------------------------------------------------ 3.5 train, 8 champion


def held_out(draw: Draw) -> dict[str, np.ndarray]:
    """Clips of voices and sentences that no student has, the same for every check of a key."""
    if not draw.hidden:
        return {}
    clips, labels = hearing.hidden()
    rng = draw.named("held out").rng
    chosen = np.concatenate([
        np.sort(rng.permutation(np.flatnonzero(labels == c))[:EACH_HIDDEN]) for c in np.unique(labels)
    ])  # fmt: skip
    return {"clips": clips[chosen], "labels": labels[chosen]}


def trained(
    check: str, exercise: str, points: float, recording: str, en: str, fr: str, bonus: bool
) -> None:
    entry = CALIBRATION.get(check, {"floor": 0.4, "target": 0.8})

    def data(draw: Draw) -> tuple[Any, Any]:
        found = held_out(draw)
        if not found:
            return {}, {}
        inputs = {"clips": found["clips"], "usual": hearing.usual()}
        return inputs, {"predictions": found["labels"]}

    expect: dict[str, Any] = {
        "predictions": Metric("balanced_accuracy", floor=entry["floor"], target=entry["target"])
    }
    if bonus:
        expect["parameters"] = Between(1, 400_000)

    @lab.clean(
        check, exercise, points, Text(en=en, fr=fr), recording=recording, expect=expect, data=data,
        bonus=bonus,
        asked=Text(en="balanced accuracy on voices and sentences never heard",
                   fr="exactitude équilibrée sur des voix et des phrases jamais entendues"),
    )  # fmt: skip
    def _(found: Any, inputs: Any) -> dict[str, Any]:
        values = {"predictions": hearing.predictions(found, inputs["clips"], inputs["usual"])}
        return values | ({"parameters": found.parameters} if bonus else {})


trained(
    "classifier.balanced_accuracy", "train", 2.5, "classifier",
    "on voices never heard", "sur des voix jamais entendues", False,
)  # fmt: skip
trained(
    "champion.balanced_accuracy", "augment", 2.0, "champion",
    "the better ear, on voices never heard", "la meilleure oreille, sur des voix jamais entendues", True,
)  # fmt: skip

# ------------------------------------------------------------------ 5 leakage, 6 transfer


def recorded(draw: Draw) -> tuple[Any, Any]:
    """The leakage study's clips, for the clean room."""
    return (hearing.studied() if draw.hidden else {}), {}


def figure(answers: Any, name: str) -> float:
    """A figure that a student reports: ``0,95`` and ``95 %`` are 0.95."""
    given = answers[name]
    given = read_number(given.replace("%", "") if isinstance(given, str) else given)
    if given is None:
        return math.nan
    return given / 100 if given > 1 else given


def leak(name: str, other: str, points: float, en: str, fr: str) -> None:
    speaker = name == "speaker"

    @lab.clean(
        f"leakage.{name}", "leakage", points, Text(en=en, fr=fr), data=recorded,
        expect={"accuracy": Close(0, TOLERANCE), "voices_on_both_sides": Exact(), "clips_apart": Exact()},
        recordings=["probe_clip", "probe_speaker"], answers=[f"leak_{name}"],
        asked=Text(en="the balanced accuracy that your own recording gives, within 0.02",
                   fr="l'exactitude équilibrée que donne votre propre enregistrement, à 0,02 près"),
    )  # fmt: skip
    def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
        found, parts = hearing.probed(recordings[f"probe_{name}"], inputs)
        given = figure(answers, f"leak_{name}")
        values = {
            "accuracy": given, "voices_on_both_sides": parts.shared_speakers > 0,
            "clips_apart": parts.apart,
        }  # fmt: skip
        expected = {"accuracy": found, "voices_on_both_sides": not speaker, "clips_apart": True}
        mistake = "speakers-on-both-sides" if speaker and parts.shared_speakers else ""
        if not mistake and not abs(given - found) <= TOLERANCE:
            swapped, _ = hearing.probed(recordings[f"probe_{other}"], inputs)
            mistake = "figures-swapped" if abs(given - swapped) <= TOLERANCE else ""
        return Measured(values, expected=expected, mistake=mistake)


leak("clip", "speaker", 0.5, "your figure, split by clip", "votre nombre, séparation par extrait")
leak(
    "speaker",
    "clip",
    0.75,
    "your figure, split by speaker",
    "votre nombre, séparation par locuteur",
)
lab.question(
    "leak_why", "leakage", 0.25, Text(en="what was learnt", fr="ce qui a été appris"), type="choice",
    right=["voice", "the voice", "voix", "la voix", "speaker", "locuteur", "channel", "canal"],
    wrong={
        **dict.fromkeys(("phonemes", "phonèmes"), Text(
            en="then it would also work on new speakers: does it?",
            fr="alors cela marcherait aussi sur de nouveaux locuteurs : est-ce le cas ?")),
        **dict.fromkeys(("words", "mots"), Text(
            en="means over three seconds hold no word, and prompts are said in every language",
            fr="des moyennes sur trois secondes ne contiennent aucun mot")),
    },
)  # fmt: skip


@lab.clean(
    "transfer.figure", "transfer", 0.5, Text(en="your figure on real speech", fr="votre nombre sur la vraie parole"),
    expect={"accuracy": Close(0, TOLERANCE)}, recordings=["classifier"], answers=["transfer"],
    asked=Text(en="the balanced accuracy that your own classifier reaches there, within 0.02",
               fr="l'exactitude équilibrée qu'y atteint votre propre classifieur, à 0,02 près"),
    data=lambda draw: (hearing.spoken() if draw.hidden else {}, {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    labels = inputs["labels"]
    predicted = hearing.predictions(recordings["classifier"], inputs["clips"], inputs["usual"])
    found, plain = hearing.balanced(labels, predicted), float(np.mean(predicted == labels))
    given = figure(answers, "transfer")
    is_plain = abs(given - plain) <= 0.006 and abs(given - found) > TOLERANCE
    return Measured(
        {"accuracy": given},
        expected={"accuracy": found},
        mistake="plain-accuracy-answered" if is_plain else "",
    )


# ------------------------------------------------------------------ 7 exam

lab.question(
    "q1", "questions", 0.2, Text(en="one or many", fr="un ou plusieurs"), type="choice",
    right=["many-to-one", "many to one", "plusieurs vers un", "plusieurs à un"],
    wrong={
        "one-to-many": Text(en="how many things come in, how many go out?", fr="combien de choses entrent, combien sortent ?"),
        "many-to-many": Text(en="is one language wanted at each step, or one for the clip?",
                             fr="veut-on une langue à chaque pas, ou une pour l'extrait ?"),
        "one-to-one": Text(en="the network reads step by step", fr="le réseau lit pas à pas"),
    },
)  # fmt: skip
lab.question(
    "q2_length", "questions", 0.15, Text(en="sequence length", fr="longueur de la séquence"), type="number",
    right=[200], wrong={100: Text(en="which axis is time?", fr="quel axe est le temps ?")},
)  # fmt: skip
lab.question(
    "q2_size", "questions", 0.15, Text(en="input size", fr="taille d'une entrée"), type="number",
    right=[100], wrong={200: Text(en="that is the number of steps", fr="c'est le nombre de pas")},
)  # fmt: skip

# ------------------------------------------------------------------ 8 SpecAugment


@lab.check(
    "augment.values", "augment", 1.0, Text(en="SpecAugment", fr="SpecAugment"), bonus=True,
    asked=Text(en="one block of steps and one of bands, drawn for each clip, set to 0 in a copy",
               fr="un bloc de pas et un de bandes, tirés pour chaque extrait, mis à 0 dans une copie"),
    expect={"steps": Distribution(8), "bands": Distribution(6), "edges": Between(0, 2)},
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    n, steps, bands = 600, 37, 29
    value = round(float(draw.rng.uniform(1, 9)), 3)
    return Probe(
        (
            call("np.full", [n, steps, bands], value, into="x"),
            call("spec_augment", ref("x"), int(draw.rng.integers(1000)), 5, 7, into="y"),
            call("np.min", ref("x"), into="untouched"),
            call("np.equal", ref("y"), 0, into="zero"),
            call("np.all", ref("zero"), axis=2, into="rows"),
            call("np.sum", ref("rows"), axis=1, into="steps"),
            call("np.all", ref("zero"), axis=1, into="columns"),
            call("np.sum", ref("columns"), axis=1, into="bands"),
            call("np.diff", ref("rows"), axis=1, into="changes"),
            call("np.sum", ref("changes"), axis=1, into="edges_each"),
            call("np.max", ref("edges_each"), into="edges"),
            call("np.unique", ref("y"), into="values"),
        ),
        ("steps", "bands", "edges", "values", "untouched"),
    ), {
        "steps": np.full(8, 1 / 8), "bands": np.full(6, 1 / 6), "edges": 2,
        "values": np.array([0.0, value]), "untouched": value,
    }  # fmt: skip


mistakes.declare(lab)

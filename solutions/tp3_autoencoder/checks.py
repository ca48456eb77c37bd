"""What is graded in TP3, autoencoders: capacity and latent size."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import nets
import numpy as np

from grader.authoring import (
    Between,
    Close,
    Draw,
    Exact,
    LabSpec,
    Limits,
    Measured,
    Metric,
    Probe,
    Text,
    call,
    change,
    count_params,
    get,
    item,
    numpy_array,
    ref,
    set_weights,
)
from grader.check.answers import read_number

HERE = Path(__file__).parent
CALIBRATION = json.loads((HERE / "calibration.json").read_text())
GALLERIES = json.loads((HERE / "galleries.json").read_text())["answers"] if (HERE / "galleries.json").is_file() else {}
COUNTS = {"A": 1_004_696, "B": 9_666_904, "C": 1_050_896, "D": 10_043_344}
SMALL = 300

lab = LabSpec(
    "tp3_autoencoder",
    Text(en="TP3 · Autoencoders: capacity and latent size", fr="TP3 · Autoencodeurs : capacité et taille du code"),
    limits=Limits(
        seconds=300, cpu_seconds=1800, cell_seconds=30, training_seconds=600, memory_mb=4000, file_mb=128,
        disk_mb=512,
    ),
    recordings=["A", "B", "C", "D", "large", "conv"],
)  # fmt: skip


def exercise(id: str, number: str, en: str, fr: str, *defines: str, forbids: tuple[str, ...] = ()) -> None:
    part = number.split(".")[0] if number == "3.4" else number
    lab.exercise(
        id, number, Text(en=en, fr=fr), defines=defines, forbids=forbids,
        read=Text(en=f"section {part}", fr=f"partie {part}"),
    )  # fmt: skip


exercise("prepare", "1.1", "Prepare the images", "Préparer les images", "prepare")
exercise("build", "1.2", "The network", "Le réseau", "build_autoencoder")
exercise("counting", "1.3", "Count before you build", "Compter avant de construire", "dense_parameters")
exercise("counts", "1.3", "The four counts", "Les quatre nombres")
exercise("mse", "2.1", "Measure", "Mesurer", "reconstruction_mse")
exercise("pca", "2.2", "The PCA line", "La ligne ACP", "pca_reconstruction",
         forbids=("sklearn.decomposition.PCA", "sklearn.decomposition.TruncatedSVD"))  # fmt: skip
exercise("protocol", "2.3", "What fit sees", "Ce que voit fit", "fit_arguments")
exercise("study", "3", "The study", "L'étude")
exercise("gallery", "3.1", "The gallery", "La galerie", "gallery")
exercise("rank", "3.2", "Rank", "Classer", "rank")
exercise("verdicts", "3.3", "Your verdicts", "Vos verdicts")
exercise("blind", "4", "Blind", "À l'aveugle")
exercise("interpolate", "5.1", "Walk through the code", "Se promener dans le code", "interpolate")
exercise("anomaly", "5.2", "Detect anomalies", "Détecter des anomalies", "anomaly_scores", "roc_auc")
exercise("questions", "6", "Exam question", "Question d'examen")
exercise("conv", "7", "Bonus: convolutions", "Bonus : convolutions", "build_convolutional")

# ------------------------------------------------------------------ 1.1 prepare


@lab.check(
    "prepare.values", "prepare", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="float32 (n, 784) from 0 to 1, row by row", fr="float32 (n, 784) de 0 à 1, ligne par ligne"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    (n,) = draw.sizes(1, 3, 9)
    pixels = draw.rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
    return Probe(
        (call("prepare", numpy_array(pixels)), get("$out.dtype.name", into="dtype")), keep=("out", "dtype")
    )


# ------------------------------------------------------------------ 1.2 build


def sizes(draw: Draw) -> tuple[int, int, int]:
    """Two hidden widths and a code size, all different."""
    first, second = draw.sizes(2, 9, 16)
    return first, second, draw.sizes(1, 3, 7)[0]


def weights(draw: Draw, first: int, second: int, z: int) -> tuple[dict[str, Any], dict[str, Any]]:
    def dense(name: str, n: int, m: int) -> dict[str, np.ndarray]:
        return {
            f"{name}/kernel": draw.normal(n, m, scale=1.4 / np.sqrt(n)),
            f"{name}/bias": draw.normal(m, scale=0.3),
        }

    down = dense("down1", 784, first) | dense("down2", first, second) | dense("code", second, z)
    up = dense("up1", z, second) | dense("up2", second, first) | dense("pixels", first, 784)
    return down, up


def built(capacity: tuple[int, int], z: int, x: np.ndarray) -> tuple[Any, ...]:
    """Steps that make the three models and build them by a first call."""
    return (
        call("build_autoencoder", list(capacity), z, into="trio"),
        item("$trio", 0, into="encoder"),
        item("$trio", 1, into="decoder"),
        item("$trio", 2, into="autoencoder"),
        call("$encoder", x, into="first_code"),
        call("$decoder", ref("first_code"), into="first_pixels"),
        call("$autoencoder", x, into="first_copy"),
    )


@lab.check(
    "build.sizes", "build", 0.75, Text(en="sizes", fr="tailles"),
    asked=Text(en="parameters of encoder and decoder, for two capacities and codes",
               fr="paramètres de l'encodeur et du décodeur, pour deux capacités et deux codes"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    first, second, z = sizes(draw)
    x = draw.uniform(2, 784)
    one = built((first, second), z, x)
    other = (
        call("build_autoencoder", [first, second], z + 4, into="trio2"),
        item("$trio2", 0, into="encoder2"),
        item("$trio2", 1, into="decoder2"),
        call("$encoder2", x, into="code2"),
        call("$decoder2", ref("code2"), into="pixels2"),
    )
    return Probe(
        (
            *one,
            *other,
            count_params("$encoder", into="encoder_parameters"),
            count_params("$decoder", into="decoder_parameters"),
            count_params("$encoder2", into="encoder_parameters_longer_code"),
            count_params("$decoder2", into="decoder_parameters_longer_code"),
        ),
        keep=(
            "encoder_parameters", "decoder_parameters", "encoder_parameters_longer_code",
            "decoder_parameters_longer_code",
        ),
    )  # fmt: skip


@lab.check(
    "build.code", "build", 0.5, Text(en="the code", fr="le code"),
    asked=Text(en="given weights and images, the code, of any sign", fr="poids et images donnés, le code, de signe quelconque"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    first, second, z = sizes(draw)
    x = draw.uniform(5, 784)
    down, _ = weights(draw, first, second, z)
    return Probe((*built((first, second), z, x), set_weights("$encoder", down), call("$encoder", x)))


@lab.check(
    "build.output", "build", 1.25, Text(en="the reconstruction", fr="la reconstruction"),
    asked=Text(en="given weights and images, what the autoencoder writes", fr="poids et images donnés, ce qu'écrit l'autoencodeur"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    first, second, z = sizes(draw)
    x = draw.uniform(4, 784)
    down, up = weights(draw, first, second, z)
    return Probe(
        (
            *built((first, second), z, x),
            set_weights("$encoder", down, into="down"),
            set_weights("$decoder", up, into="up"),
            call("$autoencoder", x),
        )
    )


@lab.check(
    "build.bottleneck", "build", 0.75, Text(en="nothing gets around the code", fr="rien ne contourne le code"),
    asked=Text(en="autoencoder(x) is decoder(encoder(x))", fr="autoencoder(x) vaut decoder(encoder(x))"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    first, second, z = sizes(draw)
    steps = built((first, second), z, draw.uniform(6, 784))
    return Probe((*steps, change("first_copy", "first_pixels", at=0, axis=0)))


# ------------------------------------------------------------------ 1.3 counting


@lab.check(
    "counting.values", "counting", 0.75, Text(en="any chain", fr="toute chaîne"),
    asked=Text(en="kernels and biases of every layer", fr="poids et biais de chaque couche"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    a, b, c, d = draw.sizes(4, 3, 40)
    return Probe(
        (
            call("dense_parameters", [a, b, c, d]),
            call("dense_parameters", [784, b, a], into="short"),
            call("dense_parameters", [784, c, b, d, b, c, 784], into="autoencoder"),
        ),
        keep=("out", "short", "autoencoder"),
    )


NO_BIAS = Text(en="the biases are forgotten: one a unit", fr="les biais sont oubliés : un par unité")
HALF = Text(en="that is the encoder alone", fr="c'est l'encodeur seul")
OTHER = Text(en="that is another of the four networks", fr="c'est un autre des quatre réseaux")
for name, (first, second, z) in nets.SIZES.items():
    chain = [784, first, second, z, second, first, 784]
    half = [784, first, second, z]
    lab.question(
        f"parameters_{name}", "counts", 0.25, Text(en=f"parameters of {name}", fr=f"paramètres de {name}"),
        type="number", right=[COUNTS[name]],
        wrong={
            sum(n * m for n, m in pairwise(chain)): NO_BIAS,
            sum((n + 1) * m for n, m in pairwise(half)): HALF,
            **{count: OTHER for other, count in COUNTS.items() if other != name},
        },
    )  # fmt: skip

# ------------------------------------------------------------------ 2.1 to 2.3


def rescaling(draw: Draw) -> tuple[Any, ...]:
    """A model with nothing to build: x → a·x + b."""
    a, b = (float(v) for v in draw.uniform(2, low=0.3, high=0.7))
    return (
        call("keras.layers.Rescaling", a, offset=b / 5, into="layer"),
        call("keras.Sequential", [ref("layer")], into="model"),
    )


@lab.check(
    "mse.values", "mse", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="one number, whatever the number of images", fr="un seul nombre, quel que soit le nombre d'images"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, m = draw.sizes(2, 4, 30)
    return Probe(
        (
            *rescaling(draw),
            call("reconstruction_mse", ref("model"), numpy_array(draw.uniform(n, 784))),
            call("reconstruction_mse", ref("model"), numpy_array(draw.uniform(m, 784) ** 3), into="darker"),
        ),
        keep=("out", "darker"),
    )


@lab.check(
    "pca.values", "pca", 1.5, Text(en="values", fr="valeurs"),
    asked=Text(en="mean and components of x_train, applied to other images", fr="moyenne et composantes de x_train, appliquées à d'autres images"),
    expect={"out": Close(1e-3, 1e-3), "seen": Close(1e-3, 1e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, m, d = draw.sizes(3, 8, 20)
    scale = np.linspace(0.2, 2.5, d, dtype=np.float32)
    mean = draw.uniform(d, low=0.5, high=2.0)
    x_train, x = draw.normal(n, d) * scale + mean, draw.normal(m, d) * scale + 1.3 * mean
    return Probe(
        (
            call("pca_reconstruction", numpy_array(x_train), numpy_array(x), 3),
            call("pca_reconstruction", numpy_array(x_train), numpy_array(x_train), 5, into="seen"),
        ),
        keep=("out", "seen"),
    )


def protocol(draw: Draw) -> tuple[Any, ...]:
    def pixels(n: int) -> Any:
        return numpy_array(draw.rng.integers(0, 256, (n, 28, 28)).astype(np.uint8))

    labels = draw.rng.integers(0, 10, 215).astype(np.uint8)
    count = draw.sizes(1, 5, 9)[0]
    return (call("fit_arguments", pixels(215), numpy_array(labels), pixels(7), count, into="all"),)


@lab.check(
    "protocol.training", "protocol", 1.0, Text(en="inputs and targets", fr="entrées et cibles"),
    asked=Text(en="the first `count` training images, as input and as target", fr="les `count` premières images d'entraînement, en entrée et en cible"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    return Probe(
        (*protocol(draw), item("$all", "x", into="x"), item("$all", "y", into="y")), keep=("x", "y")
    )


@lab.check(
    "protocol.validation", "protocol", 0.5, Text(en="validation", fr="validation"),
    asked=Text(en="the last 200 training images, twice", fr="les 200 dernières images d'entraînement, deux fois"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    return Probe(
        (
            *protocol(draw),
            item("$all", "validation_data", into="pair"),
            item("$pair", 0, into="inputs"),
            item("$pair", 1, into="targets"),
            call("np.shape", ref("inputs"), into="shape"),
            call("np.shape", ref("targets"), into="target_shape"),
            item("$inputs", 0, into="first"),
            item("$inputs", -1, into="last"),
            item("$targets", 0, into="first_target"),
            item("$targets", -1, into="last_target"),
        ),
        keep=("shape", "target_shape", "first", "last", "first_target", "last_target"),
    )


# ------------------------------------------------------------------ 3 the study


def material(draw: Draw) -> dict[str, np.ndarray]:
    """Training images, and test images that no student has: the same for every check."""
    draw = draw.named("images")
    data = HERE.parent.parent / "data" / "fashion_mnist"
    if not draw.hidden:
        return {}
    with np.load(data / "fashion_mnist.npz") as file:
        train = file["x_train"][:SMALL].reshape(SMALL, 784)
    with np.load(data / "hidden" / "fashion_mnist.npz") as file:
        chosen = np.sort(draw.rng.permutation(len(file["x_hidden"]))[:500])
        hidden = file["x_hidden"][chosen].reshape(-1, 784)
    return {"train": train, "test": hidden}


def trained(name: str) -> None:
    entry = CALIBRATION[f"study.{name}"]
    limits = Metric("mean", floor=entry["floor"], target=entry["target"])

    @lab.clean(
        f"study.{name}", "study", 0.5,
        Text(en=f"{name}, on images never seen", fr=f"{name}, sur des images jamais vues"),
        recording=name, expect={"parameters": Exact(), "test_mse": limits},
        data=lambda draw: (material(draw), {"parameters": COUNTS[name]}),
    )  # fmt: skip
    def _(recording: Any, inputs: Any) -> dict[str, Any]:
        return {"parameters": recording.parameters, "test_mse": nets.mse(recording, inputs["test"])}


for name in "ABCD":
    trained(name)


# ------------------------------------------------------------------ 3.1 gallery, 3.2 rank


@lab.check(
    "gallery.values", "gallery", 1.0, Text(en="four rows", fr="quatre lignes"),
    asked=Text(en="training originals, theirs, test originals, theirs", fr="originaux d'entraînement, leurs reconstructions, originaux de test, les leurs"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, m, count = sorted(draw.sizes(3, 3, 9), reverse=True)
    seen, new = draw.uniform(n, 784), draw.uniform(m, 784)
    return Probe(
        (*rescaling(draw), call("gallery", ref("model"), numpy_array(seen), numpy_array(new), count))
    )


@lab.check(
    "rank.values", "rank", 0.5, Text(en="order", fr="ordre"),
    asked=Text(en="by test error, best first", fr="par erreur de test, meilleur en tête"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    names = ["A", "B", "C", "D", "E"]
    train, test = draw.rng.permutation(5), draw.rng.permutation(5)
    while any(np.array_equal(test, other) for other in (train, train[::-1], test[::-1])) or (
        np.array_equal(np.argsort(test - train), np.argsort(test))
    ):
        test = draw.rng.permutation(5)
    table = {n: [0.01 + 0.002 * float(a), 0.02 + 0.003 * float(b)] for n, a, b in zip(names, train, test, strict=True)}
    return Probe((call("rank", table),))


# ------------------------------------------------------------------ 3.3 verdicts


def verdict(name: str) -> None:
    @lab.clean(
        f"verdicts.{name}", "verdicts", 0.5,
        Text(en=f"verdict on {name}", fr=f"verdict sur {name}"),
        asked=Text(en="the verdict that your own network supports", fr="le verdict que soutient votre propre réseau"),
        recordings=[name], answers=[f"verdict_{name}"], expect={"verdict": Exact()},
        data=lambda draw: (material(draw), {}),
    )  # fmt: skip
    def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
        train, test = (nets.mse(recordings[name], inputs[part]) for part in ("train", "test"))
        right = nets.accepted(train, test, nets.pca_line(inputs["train"], nets.SIZES[name][-1]))
        given = nets.word(answers[f"verdict_{name}"])
        mistake = ""
        if given not in right:
            if given == nets.UNDER or (given == nets.WELL and right[0] == nets.UNDER):
                mistake = "conclusion-reversed"
            elif given == nets.OVER and right[0] == nets.UNDER:
                mistake = "gap-before-training-error"
        return Measured(
            {"verdict": given}, expected={"verdict": given if given in right else right[0]}, mistake=mistake
        )


for name in "ABCD":
    verdict(name)


def ratio(name: str) -> None:
    @lab.clean(
        f"verdicts.ratio_{name}", "verdicts", 0.25,
        Text(en=f"test over training error of {name}", fr=f"erreur de test sur entraînement de {name}"),
        asked=Text(en="within 15 % of what your network shows", fr="à 15 % près de ce que montre votre réseau"),
        recordings=[name], answers=[f"ratio_{name}"], expect={"ratio": Close(rtol=0.15, atol=0)},
        data=lambda draw: (material(draw), {}),
    )  # fmt: skip
    def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
        train, test = (nets.mse(recordings[name], inputs[part]) for part in ("train", "test"))
        given = read_number(answers[f"ratio_{name}"])
        value = float("nan") if given is None else given
        upside_down = value > 0 and abs(1 / value / (test / train) - 1) < 0.15
        alike = abs(value * train / test - 1) < 0.15
        mistake = "ratio-upside-down" if upside_down and not alike else ""
        return Measured({"ratio": value}, expected={"ratio": test / train}, mistake=mistake)


for name in "BD":
    ratio(name)


@lab.clean(
    "verdicts.best", "verdicts", 0.25, Text(en="the best on new images", fr="le meilleur sur des images neuves"),
    asked=Text(en="the network with your lowest test error", fr="le réseau de plus petite erreur de test chez vous"),
    recordings=["A", "B", "C", "D"], answers=["best"], expect={"best": Exact()},
    data=lambda draw: (material(draw), {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    right = nets.best({name: nets.mse(recordings[name], inputs["test"]) for name in "ABCD"})
    given = nets.letter(answers["best"])
    return Measured({"best": given}, expected={"best": given if given in right else right[0]})


@lab.clean(
    "verdicts.largest_gap", "verdicts", 0.25, Text(en="the exam's claim about B", fr="l'affirmation de l'examen sur B"),
    asked=Text(en="the network whose test error is the largest multiple of its training error",
               fr="le réseau dont l'erreur de test est le plus grand multiple de celle d'entraînement"),
    recordings=["A", "B", "C", "D"], answers=["largest_gap"], expect={"largest_gap": Exact()},
    data=lambda draw: (material(draw), {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    errors = {n: [nets.mse(recordings[n], inputs[part]) for part in ("train", "test")] for n in "ABCD"}
    right = nets.largest({name: test / train for name, (train, test) in errors.items()})
    given = nets.letter(answers["largest_gap"])
    return Measured(
        {"largest_gap": given},
        expected={"largest_gap": given if given in right else right[0]},
        mistake="exam-quoted" if given == "B" and "B" not in right else "",
    )


# ------------------------------------------------------------------ 4 blind

for name, right in GALLERIES.items():
    size = right[1:]
    others = [g for g in ("A300", "A12000", "C300", "C12000") if g != right]
    lab.question(
        name, "blind", 0.25, Text(en=name.replace("_", " "), fr=name.replace("gallery_", "galerie ")),
        type="choice", right=[right],
        wrong={
            g: Text(en="the code size is right; compare train and test again", fr="la taille du code est juste ; comparez encore train et test")
            if g[0] == right[0]
            else Text(en="the number of images is right; compare the sharpness again", fr="le nombre d'images est juste ; comparez encore la finesse")
            if g[1:] == size
            else Text(en="neither the code nor the number of images", fr="ni le code ni le nombre d'images")
            for g in others
        },
    )  # fmt: skip

# ------------------------------------------------------------------ 5 latent walks, anomalies


@lab.check(
    "interpolate.values", "interpolate", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="a straight line between two codes, both ends included, decoded", fr="une droite entre deux codes, bouts compris, décodée"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    z, steps = draw.sizes(2, 3, 8)
    down = {"inner/kernel": draw.normal(784, z, scale=0.05), "inner/bias": draw.normal(z, scale=0.5)}
    up = {"outer/kernel": draw.normal(z, 784, scale=0.6), "outer/bias": draw.normal(784, scale=0.5)}
    x = draw.uniform(2, 784)
    return Probe(
        (
            call("keras.layers.Dense", z, activation="tanh", name="inner", into="inner"),
            call("keras.Sequential", [ref("inner")], into="encoder"),
            call("$encoder", x, into="code"),
            set_weights("$encoder", down, into="down"),
            call("keras.layers.Dense", 784, activation="sigmoid", name="outer", into="outer"),
            call("keras.Sequential", [ref("outer")], into="decoder"),
            call("$decoder", ref("code"), into="pixels"),
            set_weights("$decoder", up, into="up"),
            call("interpolate", ref("encoder"), ref("decoder"), numpy_array(x[0]), numpy_array(x[1]), steps),
        )
    )


@lab.check(
    "anomaly.scores", "anomaly", 0.5, Text(en="one score an image", fr="un score par image"),
    asked=Text(en="mean squared difference of each image", fr="écart quadratique moyen de chaque image"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    (n,) = draw.sizes(1, 4, 12)
    bright = np.linspace(0.2, 1, n, dtype=np.float32)[:, None]
    return Probe((*rescaling(draw), call("anomaly_scores", ref("model"), numpy_array(bright * draw.uniform(n, 784)))))


@lab.check(
    "anomaly.auc", "anomaly", 0.75, Text(en="area under the curve", fr="aire sous la courbe"),
    asked=Text(en="high scores are anomalies; ties count one half", fr="les scores élevés sont des anomalies ; une égalité compte pour moitié"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, m = draw.sizes(2, 15, 30)
    normal, abnormal = draw.normal(n), draw.normal(m, mean=0.8)
    steps, more = draw.rng.integers(0, 4, n), draw.rng.integers(1, 5, m)
    return Probe(
        (
            call("roc_auc", numpy_array(normal), numpy_array(abnormal)),
            call("roc_auc", numpy_array(steps / 4), numpy_array(more / 4), into="ties"),
            call("roc_auc", numpy_array(normal), numpy_array(normal + 9), into="apart"),
        ),
        keep=("out", "ties", "apart"),
    )


# ------------------------------------------------------------------ 6 exam

lab.question(
    "q5_bad", "questions", 0.25, Text(en="bad everywhere", fr="mauvais partout"), type="choices",
    right=[["A", "C"], ["A"], ["C"]],
    wrong={
        "B": Text(en="high capacity can learn its training images", fr="une capacité haute peut apprendre ses images"),
        "D": Text(en="it has the capacity and the code", fr="il a la capacité et le code"),
    },
)  # fmt: skip
lab.question(
    "q5_good", "questions", 0.25, Text(en="good everywhere", fr="bon partout"), type="choice", right=["D"],
    wrong={
        "A": Text(en="low capacity and a code of 8: what could it keep?", fr="basse capacité et code de 8 : que pourrait-il garder ?"),
        "B": Text(en="a code of 8 must leave details out", fr="un code de 8 doit laisser des détails"),
        "C": Text(en="its capacity limits it", fr="sa capacité le limite"),
    },
)  # fmt: skip
lab.question(
    "q5_gap", "questions", 0.25, Text(en="good in training only", fr="bon en entraînement seulement"),
    type="choices", right=[["B"], ["B", "D"], ["D"]],
    wrong={
        "A": Text(en="over-fitting needs capacity", fr="pour sur-apprendre il faut de la capacité"),
        "C": Text(en="over-fitting needs capacity", fr="pour sur-apprendre il faut de la capacité"),
    },
)  # fmt: skip
lab.question(
    "q5_data", "questions", 0.25, Text(en="to close the gap", fr="pour réduire l'écart"), type="choice",
    right=["images"],
    wrong={
        "steps": Text(en="more steps on the same images widen it", fr="plus de pas sur les mêmes images le creusent"),
        "code": Text(en="a larger code changes the network", fr="agrandir le code change le réseau"),
    },
)  # fmt: skip

# ------------------------------------------------------------------ 7 bonus


@lab.check(
    "conv.shape", "conv", 0.25, Text(en="shape and price", fr="forme et prix"), bonus=True,
    asked=Text(en="(n, 784) in, (n, 784) out, at most 1,004,696 parameters", fr="(n, 784) en entrée et en sortie, au plus 1 004 696 paramètres"),
    expect={"parameters": Between(1, COUNTS["A"]), "shape": Exact()},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    (n,) = draw.sizes(1, 2, 7)
    return Probe(
        (
            call("build_convolutional", 8, into="model"),
            call("$model", draw.uniform(n, 784), into="y"),
            call("np.shape", ref("y"), into="shape"),
            count_params("$model", into="parameters"),
        ),
        keep=("shape", "parameters"),
    )


@lab.clean(
    "conv.gain", "conv", 0.75, Text(en="better than A on new images", fr="meilleur que A sur des images neuves"),
    asked=Text(en="two convolutional layers, a code of 8, A's price at most, a lower test error than your A",
               fr="deux convolutions, un code de 8, au plus le prix de A, une erreur de test plus basse que votre A"),
    recordings=["A", "conv"], bonus=True,
    expect={"parameters": Between(1, COUNTS["A"]), "convolutions": Between(2, 999), "code_size": Between(1, 8),
            "error_over_A": Between(0, 1)},
    data=lambda draw: (material(draw), {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    own = recordings["conv"]
    gain = nets.mse(own, inputs["test"]) / nets.mse(recordings["A"], inputs["test"])
    count = sum("Conv" in str(layer.get("class")) for layer in own.layers)
    size = nets.narrowest(own, inputs["test"])
    mistakes = {"no-bottleneck": size > 8, "no-convolution": count < 2, "over-budget": own.parameters > COUNTS["A"]}
    return Measured(
        {"parameters": own.parameters, "convolutions": count, "code_size": size, "error_over_A": gain},
        mistake=next((name for name, made in mistakes.items() if made), ""),
    )


# ------------------------------------------------------------------ misconceptions


def slip(id: str, exercise: str, en: str, fr: str, *edits: tuple[str, str], hint: tuple[str, str] = ("", ""), code: str = "") -> None:
    lab.misconception(id, exercise, Text(en=en, fr=fr), hint=Text(en=hint[0], fr=hint[1]), edits=edits, code=code)


slip("no-scaling", "prepare", "the values still go up to 255", "les valeurs montent encore à 255", (" / 255", ""),
     hint=("what is the largest number that a sigmoid can write?", "quel est le plus grand nombre qu'une sigmoïde puisse écrire ?"))
slip("scaled-to-minus-one", "prepare", "the values go from -1 to 1 instead of 0 to 1", "les valeurs vont de -1 à 1 au lieu de 0 à 1",
     (" / 255", " / 127.5 - 1"))
slip("scaled-by-256", "prepare", "white gives 255/256; divide by the largest value", "le blanc donne 255/256 ; divisez par la plus grande valeur",
     (" / 255", " / 256"))
slip("column-by-column", "prepare", "the pixels are read column by column", "les pixels sont lus colonne par colonne",
     ("images.reshape(", "images.transpose(0, 2, 1).reshape("))

slip("relu-output", "build", "the last layer has a ReLU: nothing keeps it below 1, and a unit at 0 stops learning",
     "la dernière couche a une ReLU : rien ne la retient sous 1, et une unité à 0 n'apprend plus",
     ('activation="sigmoid"', 'activation="relu"'))
slip("tanh-output-on-0-1", "build", "the last layer has a tanh: it writes from -1 to 1, the pixels go from 0 to 1",
     "la dernière couche a une tanh : elle écrit de -1 à 1, les pixels vont de 0 à 1",
     ('activation="sigmoid"', 'activation="tanh"'))
slip("linear-output", "build", "the last layer has no activation: nothing keeps it between 0 and 1",
     "la dernière couche n'a pas d'activation : rien ne la retient entre 0 et 1", (', activation="sigmoid"', ""))
slip("relu-on-latent", "build", "the code goes through a ReLU: half of its values are cut to 0",
     "le code passe par une ReLU : la moitié de ses valeurs est coupée à 0",
     ('layers.Dense(latent_dim, name="code")', 'layers.Dense(latent_dim, activation="relu", name="code")'))
slip("sigmoid-on-latent", "build", "the code goes through a sigmoid: it is squeezed between 0 and 1",
     "le code passe par une sigmoïde : il est serré entre 0 et 1",
     ('layers.Dense(latent_dim, name="code")', 'layers.Dense(latent_dim, activation="sigmoid", name="code")'))
slip("no-hidden-activation", "build", "the hidden layers have no activation: the whole is linear, no better than PCA",
     "les couches cachées n'ont pas d'activation : le tout est linéaire, au mieux une ACP",
     ('layers.Dense(first, activation="relu", name="down1")', 'layers.Dense(first, name="down1")'),
     ('layers.Dense(second, activation="relu", name="down2")', 'layers.Dense(second, name="down2")'),
     ('layers.Dense(second, activation="relu", name="up1")', 'layers.Dense(second, name="up1")'),
     ('layers.Dense(first, activation="relu", name="up2")', 'layers.Dense(first, name="up2")'))
slip("latent-wrong-size", "build", "the code does not have latent_dim numbers: its size is fixed",
     "le code n'a pas latent_dim nombres : sa taille est fixée",
     ('layers.Dense(latent_dim, name="code")', 'layers.Dense(32, name="code")'),
     ("keras.Input((latent_dim,))", "keras.Input((32,))"))
slip("capacity-changes-with-latent", "build", "the hidden layers grow with the code: capacity and code size can no longer be told apart",
     "les couches cachées grandissent avec le code : capacité et taille du code ne se distinguent plus",
     ("first, second = capacity", "first, second = capacity[0], capacity[1] + latent_dim"))
slip("decoder-not-mirrored", "build", "the decoder has the encoder's widths in the same order, not in reverse",
     "le décodeur a les largeurs de l'encodeur dans le même ordre, pas en ordre inverse",
     ('layers.Dense(second, activation="relu", name="up1")', 'layers.Dense(first, activation="relu", name="up1")'),
     ('layers.Dense(first, activation="relu", name="up2")', 'layers.Dense(second, activation="relu", name="up2")'))
slip("skip-connection-leak", "build", "something gets around the code: autoencoder(x) is not decoder(encoder(x))",
     "quelque chose contourne le code : autoencoder(x) n'est pas decoder(encoder(x))",
     ("keras.Model(image, decoder(encoder(image)))", "keras.Model(image, layers.Average()([image, decoder(encoder(image))]))"),
     hint=("through how many numbers does the image reach the output?", "par combien de nombres l'image arrive-t-elle à la sortie ?"))

slip("no-bias-counted", "counting", "the biases are forgotten: one a unit", "les biais sont oubliés : un par unité", ("(n + 1) * m", "n * m"))
slip("bias-per-input", "counting", "a bias is counted for each input; each unit of the layer has one",
     "un biais est compté par entrée ; chaque unité de la couche en a un", ("(n + 1) * m", "n * (m + 1)"))
slip("last-layer-forgotten", "counting", "the last layer is not counted", "la dernière couche n'est pas comptée",
     ("zip(sizes, sizes[1:])", "zip(sizes[:-1], sizes[1:-1])"))

slip("sum-not-mean", "mse", "the squares are summed over the pixels, not averaged", "les carrés sont sommés sur les pixels, pas moyennés",
     ("float(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2))", "float(np.mean(np.sum((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)))"),
     hint=("should 28 × 28 images and 32 × 32 images be comparable?", "veut-on comparer des images de 28 × 28 et de 32 × 32 ?"))
slip("sum-of-everything", "mse", "the squares are summed over images and pixels, not averaged", "les carrés sont sommés sur images et pixels, pas moyennés",
     ("np.mean(", "np.sum("))
slip("root-taken", "mse", "the square root is taken; the mean of the squares is asked for", "la racine est prise ; on demande la moyenne des carrés",
     ("float(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2))", "float(np.sqrt(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2)))"))
slip("absolute-error", "mse", "absolute differences are averaged, not their squares", "on moyenne les écarts absolus, pas leurs carrés",
     ("float(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2))", "float(np.mean(np.abs(np.asarray(model(x)) - np.asarray(x))))"))

slip("pca-without-centring", "pca", "the mean is not taken off before the decomposition", "la moyenne n'est pas retirée avant la décomposition",
     code='''
def pca_reconstruction(x_train, x, k):
    _, _, components = np.linalg.svd(x_train, full_matrices=False)
    components = components[:k]
    return x @ components.T @ components
''', hint=("towards what does the first component point if the mean is far from 0?", "vers quoi pointe la première composante si la moyenne est loin de 0 ?"))
slip("pca-mean-not-restored", "pca", "the mean is taken off but not put back", "la moyenne est retirée mais pas remise", ("return mean + ", "return "))
slip("pca-fitted-on-x", "pca", "mean and components come from `x`, not from `x_train`: the test images teach", "moyenne et composantes viennent de `x`, pas de `x_train` : les images de test enseignent",
     ("mean = np.mean(x_train, axis=0)", "mean = np.mean(x, axis=0)"), ("np.linalg.svd(x_train - mean", "np.linalg.svd(x - mean"))
slip("pca-mean-of-x", "pca", "`x` is centred on its own mean, not on that of `x_train`", "`x` est centré sur sa propre moyenne, pas sur celle de `x_train`",
     ("return mean + (x - mean) @", "return x.mean(axis=0) + (x - x.mean(axis=0)) @"))
slip("pca-last-components", "pca", "the last components are kept, not the first", "ce sont les dernières composantes qui sont gardées, pas les premières",
     ("components[:k]", "components[-k:]"))

slip("test-images-in-fit", "protocol", "test images are among those that the network learns from", "des images de test sont parmi celles que le réseau apprend",
     ("x = prepare(train_images[:count])", "x = prepare(np.concatenate([train_images[:count], test_images]))"),
     hint=("what would the test error still measure?", "que mesurerait encore l'erreur de test ?"))
slip("early-stop-on-test", "protocol", "validation is done on the test images: whoever stops or chooses by them learns from them",
     "la validation se fait sur les images de test : s'arrêter ou choisir d'après elles, c'est apprendre d'elles",
     ("prepare(train_images[-200:])", "prepare(test_images)"))
slip("labels-as-target", "protocol", "the target is the labels: that is a classifier; an autoencoder must give back its input",
     "la cible est l'étiquette : c'est un classifieur ; un autoencodeur doit rendre son entrée",
     ('"y": x', '"y": train_labels[:count]'))
slip("unprepared-target", "protocol", "input and target are not prepared alike", "entrée et cible ne sont pas préparées de la même façon",
     ('"y": x', '"y": train_images[:count].reshape(count, -1)'))
slip("count-ignored", "protocol", "all training images are used, whatever `count` is", "toutes les images d'entraînement servent, quel que soit `count`",
     ("prepare(train_images[:count])", "prepare(train_images)"))
slip("validation-in-training", "protocol", "the validation images are those that the network learns from", "les images de validation sont celles que le réseau apprend",
     ("prepare(train_images[-200:])", "x[-200:]"))

slip("train-shown-as-test", "gallery", "the rows called test show training images", "les lignes de test montrent des images d'entraînement",
     ("for x in (x_train[:count], x_test[:count]):", "for x in (x_train[:count], x_train[:count]):"))
slip("reconstruction-first", "gallery", "the reconstructions stand above the originals", "les reconstructions sont au-dessus des originaux",
     ("[np.asarray(x), np.asarray(model(x))]", "[np.asarray(model(x)), np.asarray(x)]"))
slip("test-first", "gallery", "the test images come first", "les images de test viennent d'abord",
     ("(x_train[:count], x_test[:count])", "(x_test[:count], x_train[:count])"))

slip("ranked-on-train", "rank", "the order is that of the training errors: what was learnt by heart is not what is asked",
     "l'ordre est celui des erreurs d'entraînement : on ne demande pas qui sait par cœur", ("errors[name][1]", "errors[name][0]"))
slip("worst-first", "rank", "the worst comes first", "le plus mauvais vient en tête", ("errors[name][1])", "-errors[name][1])"))
slip("ranked-on-gap", "rank", "the order is that of the gap between the two errors", "l'ordre est celui de l'écart entre les deux erreurs",
     ("errors[name][1])", "errors[name][1] - errors[name][0])"))

for id, en, fr in (
    ("conclusion-reversed", "the verdict is the reverse of what your own network shows: compare its training error with the PCA line again",
     "le verdict est l'inverse de ce que montre votre propre réseau : comparez encore son erreur d'entraînement à la ligne ACP"),
    ("gap-before-training-error", "the gap was looked at first: a network that has not learnt its own images is under-fitted, whatever its gap",
     "l'écart a été regardé d'abord : un réseau qui n'a pas appris ses propres images est sous-appris, quel que soit l'écart"),
    ("exam-quoted", "that is what the exam says of B; the largest ratio among your own networks is another's",
     "c'est ce que l'examen dit de B ; chez vous, le plus grand rapport est celui d'un autre réseau"),
    ("ratio-upside-down", "that is training over test error", "c'est l'erreur d'entraînement sur celle de test"),
):  # fmt: skip
    lab.misconception(id, "verdicts", Text(en=en, fr=fr), measured=True)

for id, en, fr in (
    ("no-bottleneck", "the image gets through by more than 8 numbers: something is larger than the code, or gets around it",
     "l'image passe par plus de 8 nombres : quelque chose est plus large que le code, ou le contourne"),
    ("no-convolution", "fewer than two convolutional layers in the recorded network", "moins de deux couches de convolution dans le réseau enregistré"),
    ("over-budget", "the recorded network has more parameters than A", "le réseau enregistré a plus de paramètres que A"),
):  # fmt: skip
    lab.misconception(id, "conv", Text(en=en, fr=fr), measured=True)

slip("pixels-interpolated", "interpolate", "the pixels are mixed, not the codes", "ce sont les pixels qui sont mélangés, pas les codes",
     code='''
def interpolate(encoder, decoder, x0, x1, steps):
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    return np.asarray(decoder(encoder((1 - t) * x0 + t * x1)))
''')
slip("reconstructions-mixed", "interpolate", "the two reconstructions are mixed, not the codes", "ce sont les deux reconstructions qui sont mélangées, pas les codes",
     ("np.asarray(decoder((1 - t) * z0 + t * z1))", "(1 - t) * np.asarray(decoder(z0[None])) + t * np.asarray(decoder(z1[None]))"))
slip("end-left-out", "interpolate", "the last image is not reached", "la dernière image n'est pas atteinte",
     ('np.linspace(0, 1, steps, dtype="float32")', 'np.linspace(0, 1, steps, endpoint=False, dtype="float32")'))
slip("walked-backwards", "interpolate", "the walk goes from x1 to x0", "la promenade va de x1 à x0", ("(1 - t) * z0 + t * z1", "t * z0 + (1 - t) * z1"))

slip("score-summed", "anomaly", "an image's squares are summed, not averaged", "les carrés d'une image sont sommés, pas moyennés",
     ("np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)", "np.sum((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)"))
slip("score-over-images", "anomaly", "the mean is taken over the images: one score a pixel", "la moyenne est prise sur les images : un score par pixel",
     ("axis=1)", "axis=0)"))
slip("auc-upside-down", "anomaly", "the area is that of the opposite score: anomalies should score high", "l'aire est celle du score opposé : les anomalies doivent avoir un score élevé",
     ("(gap > 0)", "(gap < 0)"))
slip("ties-lost", "anomaly", "equal scores count for nothing; they count one half", "les scores égaux ne comptent pas ; ils comptent pour moitié",
     (" + 0.5 * (gap == 0)", ""))

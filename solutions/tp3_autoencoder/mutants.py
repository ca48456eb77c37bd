"""Known-wrong submissions of TP3, most of them in another style than the misconception's own code."""

from __future__ import annotations

import json
from pathlib import Path

from grader.authoring import Mutant

GALLERIES = json.loads((Path(__file__).parent / "galleries.json").read_text())["answers"]
OUTPUT, CODE, SIZES, NECK = "build.output", "build.code", "build.sizes", "build.bottleneck"
VERDICTS = tuple(f"verdicts.{name}" for name in "ABCD")


def network(
    code: str = "latent_dim",
    linear: str = "",
    up: tuple[str, str] = ("narrow", "wide"),
    out: str = '"sigmoid"',
    whole: str = "decoder(encoder(seen))",
    narrow: str = "capacity[1]",
) -> str:
    """The network in the functional style, with one thing changed."""
    return f"""
def build_autoencoder(capacity, latent_dim):
    wide, narrow = capacity[0], {narrow}
    seen = keras.Input(shape=(784,))
    h = layers.Dense(wide, "relu", name="down1")(seen)
    h = layers.Dense(narrow, "relu", name="down2")(h)
    encoder = keras.Model(seen, layers.Dense({code}, {linear} name="code")(h))
    given = keras.Input(shape=({code},))
    h = layers.Dense({up[0]}, "relu", name="up1")(given)
    h = layers.Dense({up[1]}, "relu", name="up2")(h)
    decoder = keras.Model(given, layers.Dense(784, {out}, name="pixels")(h))
    return encoder, decoder, keras.Model(seen, {whole})
"""


def convolutional(code: str) -> str:
    """A convolutional network with `code`, a line of layers, in its middle."""
    return f"""
def build_convolutional(latent_dim):
    return keras.Sequential([
        keras.Input((784,)), layers.Reshape((28, 28, 1)),
        layers.Conv2D(16, 3, 2, "same", activation="relu"),
        layers.Conv2D(32, 3, 2, "same", activation="relu"),
        layers.Flatten(), {code}
        layers.Reshape((7, 7, 32)),
        layers.Conv2DTranspose(16, 3, 2, "same", activation="relu"),
        layers.Conv2DTranspose(1, 3, 2, "same", activation="sigmoid"),
        layers.Flatten(),
    ])
"""


mutants = [
    Mutant(
        "no-scaling", "prepare", ("prepare.values",),
        code="def prepare(images):\n    return np.float32([image.flatten() for image in images])",
    ),
    Mutant(
        "scaled-to-minus-one", "prepare", ("prepare.values",),
        code="def prepare(images):\n    return 2 * (images.reshape(-1, 784).astype('float32') / 255) - 1",
    ),
    Mutant("relu-output", "build", (OUTPUT,), code=network(out='"relu"')),
    Mutant("tanh-output-on-0-1", "build", (OUTPUT,), code=network(out='"tanh"')),
    Mutant("linear-output", "build", (OUTPUT,), code=network(out="None")),
    Mutant("relu-on-latent", "build", (CODE, OUTPUT), code=network(linear='"relu",')),
    Mutant("latent-wrong-size", "build", (SIZES, CODE, OUTPUT), code=network(code="32")),
    Mutant(
        "capacity-changes-with-latent", "build", (SIZES, CODE, OUTPUT),
        code=network(narrow="capacity[1] + latent_dim"),
    ),
    Mutant("decoder-not-mirrored", "build", (SIZES, OUTPUT), code=network(up=("wide", "narrow"))),
    Mutant(
        "skip-connection-leak", "build", (NECK, OUTPUT),
        code=network(whole="layers.maximum([seen, decoder(encoder(seen))])"),
    ),
    Mutant(
        "no-hidden-activation", "build", (CODE, OUTPUT),
        code=network().replace('"relu", name', "None, name"),
    ),
    Mutant(
        "no-bias-counted", "counting", ("counting.values",),
        code="def dense_parameters(sizes):\n    return int(np.dot(sizes[:-1], sizes[1:]))",
    ),
    Mutant(
        "wrong-counts", "counts", ("parameters_A", "parameters_C"), named="",
        answers={"parameters_A": 1_002_496, "parameters_C": 10_043_344},
    ),
    Mutant(
        "sum-not-mean", "mse", ("mse.values",),
        code="""
def reconstruction_mse(model, x):
    gap = model.predict(x, verbose=0) - x
    return float(sum((row ** 2).sum() for row in gap) / len(x))
""",
    ),
    Mutant(
        "root-taken", "mse", ("mse.values",),
        code="def reconstruction_mse(model, x):\n    gap = np.asarray(model(x)) - x\n    return float(np.linalg.norm(gap) / gap.size ** 0.5)",
    ),
    Mutant(
        "pca-without-centring", "pca", ("pca.values",),
        code="""
def pca_reconstruction(x_train, x, k):
    values, vectors = np.linalg.eigh(x_train.T @ x_train)
    kept = vectors[:, np.argsort(values)[::-1][:k]]
    return x @ kept @ kept.T
""",
    ),
    Mutant(
        "pca-fitted-on-x", "pca", ("pca.values",),
        edits=[("    mean = np.mean(x_train, axis=0)", "    x_train = x\n    mean = np.mean(x_train, axis=0)")],
    ),
    Mutant(
        "test-images-in-fit", "protocol", ("protocol.training",),
        code="""
def fit_arguments(train_images, train_labels, test_images, count):
    everything = np.vstack([prepare(train_images)[:count], prepare(test_images)])
    held = prepare(train_images)[-200:]
    return dict(x=everything, y=everything, validation_data=(held, held))
""",
    ),
    Mutant(
        "early-stop-on-test", "protocol", ("protocol.validation",),
        code="""
def fit_arguments(train_images, train_labels, test_images, count):
    x, unseen = prepare(train_images[:count]), prepare(test_images)
    return dict(x=x, y=x, validation_data=(unseen, unseen))
""",
    ),
    Mutant(
        "labels-as-target", "protocol", ("protocol.training",),
        code="""
def fit_arguments(train_images, train_labels, test_images, count):
    images = prepare(train_images)
    return dict(x=images[:count], y=train_labels[:count], validation_data=(images[-200:], images[-200:]))
""",
    ),
    Mutant(
        "train-shown-as-test", "gallery", ("gallery.values",),
        code="""
def gallery(model, x_train, x_test, count):
    shown = x_train[:count]
    made = np.asarray(model(shown))
    return np.array([shown, made, shown, made])
""",
    ),
    Mutant(
        "ranked-on-train", "rank", ("rank.values",),
        code="def rank(errors):\n    return [n for _, n in sorted((train, name) for name, (train, test) in errors.items())]",
    ),
    Mutant(
        "worst-first", "rank", ("rank.values",),
        code="def rank(errors):\n    return sorted(errors, key=lambda n: errors[n][-1], reverse=True)",
    ),
    Mutant(
        "conclusion-reversed", "verdicts", VERDICTS,
        answers={"verdict_A": "under", "verdict_B": "under", "verdict_C": "well", "verdict_D": "well"},
    ),
    Mutant(
        "gap-before-training-error", "verdicts", VERDICTS[2:],
        answers={"verdict_C": "over-fitted", "verdict_D": "sur-appris"},
    ),
    Mutant("exam-quoted", "verdicts", ("verdicts.largest_gap",), answers={"largest_gap": "B"}),
    Mutant(
        "exam-repeated", "verdicts", ("verdicts.A", "verdicts.D"), named="conclusion-reversed",
        answers={"verdict_A": "under", "verdict_B": "over", "verdict_C": "under", "verdict_D": "well"},
    ),
    Mutant(
        "ratio-upside-down", "verdicts", ("verdicts.ratio_B", "verdicts.ratio_D"),
        answers={"ratio_B": 0.642, "ratio_D": 0.533},
    ),
    Mutant("worst-called-best", "verdicts", ("verdicts.best",), named="", answers={"best": "B"}),
    Mutant(
        "galleries-exchanged", "blind", tuple(GALLERIES), named="",
        answers=dict(zip(GALLERIES, [*list(GALLERIES.values())[1:], *GALLERIES.values()], strict=False)),
    ),
    Mutant(
        "pixels-interpolated", "interpolate", ("interpolate.values",),
        code="""
def interpolate(encoder, decoder, x0, x1, steps):
    mixed = np.stack([x0 + (x1 - x0) * i / (steps - 1) for i in range(steps)])
    return np.asarray(decoder(encoder(mixed)))
""",
    ),
    Mutant("no-bottleneck", "conv", ("conv.gain",), code=convolutional(code=""), retrain=("conv",)),
    Mutant(
        "over-budget", "conv", ("conv.shape", "conv.gain"), retrain=("conv",),
        code=convolutional(code="layers.Dense(800), layers.Dense(latent_dim), layers.Dense(1568),"),
    ),
    Mutant(
        "no-convolution", "conv", ("conv.gain",), retrain=("conv",),
        code="""
def build_convolutional(latent_dim):
    hidden = [layers.Dense(n, activation="relu") for n in (400, 400)]
    return keras.Sequential([
        keras.Input((784,)), hidden[0], layers.Dense(latent_dim), hidden[1],
        layers.Dense(784, activation="sigmoid"),
    ])
""",
    ),
    Mutant(
        "score-summed", "anomaly", ("anomaly.scores",),
        edits=[("np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)",
                "np.square(np.asarray(model(x)) - np.asarray(x)).sum(axis=-1)")],
    ),
    Mutant(
        "auc-upside-down", "anomaly", ("anomaly.auc",),
        edits=[("np.asarray(abnormal)[:, None] - np.asarray(normal)[None, :]",
                "np.asarray(normal)[:, None] - np.asarray(abnormal)[None, :]")],
    ),
    Mutant(
        "q5-gap-narrow", "questions", ("q5_gap", "q5_data"), named="",
        answers={"q5_gap": "A", "q5_data": "steps"},
    ),
]  # fmt: skip

"""What is graded in TP5, MixMatch: learning from hardly any labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pools
from scipy.special import betainc

from grader.authoring import (
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
    gradient,
    item,
    numpy_array,
    ref,
    set_weights,
    student,
)

HERE = Path(__file__).parent
CALIBRATION = json.loads((HERE / "calibration.json").read_text())
SHIFT = 2

lab = LabSpec(
    "tp5_mixmatch",
    Text(en="TP5 · MixMatch: learning from hardly any labels", fr="TP5 · MixMatch : apprendre avec presque rien d'étiqueté"),
    limits=Limits(
        seconds=1500, cpu_seconds=3000, cell_seconds=30, training_seconds=1200, memory_mb=4000, file_mb=64,
        disk_mb=256,
    ),
    recordings=["supervised", "mixmatch", "ablation"],
)  # fmt: skip


def exercise(
    id: str, number: str, en: str, fr: str, *defines: str, forbids: tuple[str, ...] = ()
) -> None:
    lab.exercise(
        id, number, Text(en=en, fr=fr), defines=defines, forbids=forbids,
        read=Text(en=f"section {number}", fr=f"partie {number}"),
    )  # fmt: skip


exercise("split", "1", "Who may see what", "Ce que chacun a le droit de voir", "split")
exercise("augment", "2.1", "Augment", "Augmenter", "augment")
exercise("guess", "2.2", "Guess", "Deviner", "guess_labels")
exercise("sharpen", "2.3", "Sharpen", "Affûter", "sharpen")
exercise("mixup", "2.4", "Mix", "Mélanger", "mixup", forbids=("keras.layers.MixUp",))
exercise("mixmatch", "3.1", "MixMatch", "MixMatch", "mixmatch")
exercise("loss", "3.2", "The loss", "La perte", "mixmatch_loss")
exercise("schedule", "3.3", "The ramp", "La montée", "lambda_u_schedule")
exercise("average", "3.4", "Averaged weights", "Les poids moyens", "update_average", "accuracy",
         forbids=("tensorflow.train.ExponentialMovingAverage",))  # fmt: skip
exercise("experiment", "4", "The experiment", "L'expérience")
exercise("ablation", "5", "Switch the ideas off", "Éteindre les idées", "without")
exercise("reading", "5", "Read the table", "Lire le tableau")
exercise("pipeline", "6", "Exam question", "Question d'examen")
exercise("fixmatch", "7", "Bonus: FixMatch", "Bonus : FixMatch", "fixmatch_loss")


def holds(a: Any, b: Any, into: str, atol: float = 1e-3) -> Step:
    """Whether two earlier results agree everywhere."""
    return call("np.allclose", a, b, rtol=0.0, atol=atol, into=into)


def sum_of_pixels(name: str, axis: int, into: str) -> tuple[Step, ...]:
    """The sum over two neighbouring axes, rows and columns, of which `axis` is the first."""
    return (
        call("np.sum", ref(name), axis=axis, into="columns"),
        call("np.sum", ref("columns"), axis=axis, into=into),
    )


def seeded(draw: Draw, into: str = "seed") -> Step:
    """A `SeedGenerator` that moves on with each draw."""
    return call("keras.random.SeedGenerator", int(draw.rng.integers(2**31)), into=into)


# ------------------------------------------------------------------ 1 split


def pool(draw: Draw) -> tuple[int, int, int, tuple[Any, ...]]:
    """Images whose first two pixels are their number; the parts that `split` makes of them."""
    n = int(draw.rng.integers(300, 360))
    per_class, held = draw.sizes(2, 3, 9)
    held += 30
    labels = np.concatenate([np.arange(10).repeat(12), draw.rng.integers(0, 10, n - 120)])
    labels = draw.rng.permutation(labels).astype(np.uint8)
    images = draw.rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(n) % 256, np.arange(n) // 256
    reader = np.zeros((28 * 28, 1))
    reader[:2, 0] = 255, 255 * 256
    seed = int(draw.rng.integers(1000))

    def numbers(part: str, of: str = "parts") -> tuple[Step, ...]:
        name = part if of == "parts" else f"{of}_{part}"
        return (
            item(f"${of}", part, into=name),
            call("np.reshape", ref(name), [-1, 784], into="flat"),
            call("np.max", ref("flat"), into="white"),
            call("np.divide", ref("flat"), ref("white"), into="scaled"),
            call("np.matmul", ref("scaled"), numpy_array(reader), into="read"),
            call("np.rint", ref("read"), into="whole"),
            call("np.reshape", ref("whole"), [-1], into=f"{name}_numbers"),
            call("np.size", ref(f"{name}_numbers"), into=f"{name}_count"),
            call("np.sort", ref(f"{name}_numbers"), into=f"{name}_set"),
        )

    given = (numpy_array(images), numpy_array(labels), per_class, held)
    steps = (
        call("split", *given, seed, into="parts"),
        *numbers("x"), *numbers("u"), *numbers("x_val"),
        call("split", *given, seed, into="again"),
        call("split", *given, seed + 1, into="other"), *numbers("x", "other"), *numbers("x_val", "other"),
        call("np.concatenate", [ref("x_numbers"), ref("u_numbers"), ref("x_val_numbers")], into="all"),
        call("np.unique", ref("all"), into="different"),
        call("np.size", ref("different"), into="in_all"),
        item("$parts", "y", into="y"),
        call("np.argmax", ref("y"), axis=1, into="classes"),
        call("np.int64", ref("x_numbers"), into="x_index"),
        call("np.take", numpy_array(labels), ref("x_index"), into="true"),
        call("np.array_equal", ref("classes"), ref("true"), into="labels_right"),
        call("np.sum", ref("y"), axis=0, into="a_class"),
        holds(ref("a_class"), float(per_class), "balanced"),
        item("$parts", "y_val", into="y_val"),
        call("np.int64", ref("x_val_numbers"), into="val_index"),
        call("np.take", numpy_array(labels), ref("val_index"), into="val_true"),
        call("np.array_equal", ref("y_val"), ref("val_true"), into="validation_labels_right"),
        item("$again", "x", into="x_again"),
        call("np.array_equal", ref("x"), ref("x_again"), into="same_seed_same_images"),
        call("np.array_equal", ref("x_set"), ref("other_x_set"), into="other_seed_same_images"),
        call("np.array_equal", ref("x_val_set"), ref("other_x_val_set"), into="other_seed_same_validation"),
        call("np.intersect1d", ref("x_numbers"), ref("x_val_numbers"), into="in_both"),
        call("np.size", ref("in_both"), into="labelled_in_validation"),
        call("np.max", ref("x_numbers"), into="last"), call("np.greater", ref("last"), 0.6 * n, into="labelled_from_all_over"),
        call("np.max", ref("x"), into="largest"),
        call("np.asarray", ref("u"), into="u_array"), call("np.shape", ref("u_array"), into="u_shape"),
        call("np.asarray", ref("y"), into="y_array"), call("np.shape", ref("y_array"), into="y_shape"),
    )  # fmt: skip
    return n, per_class, held, steps


@lab.check(
    "split.parts", "split", 1.0, Text(en="parts", fr="parties"),
    asked=Text(en="no image in two parts, none left out", fr="aucune image dans deux parties, aucune oubliée"),
    expect={"largest": Close(), "u_shape": Exact(), "y_shape": Exact()},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    *_, steps = pool(draw.named("pool"))
    return Probe(
        steps, shared=len(steps),
        keep=("x_count", "u_count", "x_val_count", "labelled_in_validation", "in_all", "largest", "u_shape",
              "y_shape"),
    )  # fmt: skip


@lab.check(
    "split.labels", "split", 0.5, Text(en="labels", fr="étiquettes"),
    asked=Text(en="as many of each class, the right ones, drawn from all; another seed, other images",
               fr="autant de chaque classe, les bonnes, tirées parmi toutes ; autre graine, autres images"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    *_, steps = pool(draw.named("pool"))
    return Probe(
        steps, shared=len(steps),
        keep=("labels_right", "balanced", "validation_labels_right", "same_seed_same_images",
              "other_seed_same_images", "other_seed_same_validation", "labelled_from_all_over"),
    )  # fmt: skip


# ------------------------------------------------------------------ 2.1 augment


def dot(draw: Draw) -> tuple[int, int, int, int]:
    """Height and width of an image, and a place whose 50 views all differ and stay inside."""
    h, w = draw.sizes(2, 14, 19)
    row = int(draw.rng.integers(SHIFT, h - SHIFT))
    column = int(draw.rng.integers(SHIFT, w // 2 - 2 * SHIFT + 1))
    return h, w, row, column


@lab.check(
    "augment.views", "augment", 1.0, Text(en="views", fr="vues"),
    asked=Text(en="2 × 5 × 5 views, all equally likely", fr="2 × 5 × 5 vues, équiprobables"),
    expect={"place": Distribution(19 * 19), "place_for_a_whole_number": Distribution(19 * 19)},
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    h, w, row, column = dot(draw)
    n = 1200
    images = np.zeros((n, h, w, 1), np.float32)
    images[:, row, column] = 1
    likely = np.zeros((h, w))
    for down in range(-SHIFT, SHIFT + 1):
        for right in range(-SHIFT, SHIFT + 1):
            likely[row + down, column + right] += 1 / 50
            likely[row + down, w - 1 - column + right] += 1 / 50
    probability = np.zeros(19 * 19)
    probability[: h * w] = likely.ravel()
    return Probe(
        (
            call("keras.ops.zeros", [n, h, w, 1], into="empty"),
            call("keras.ops.add", ref("empty"), images[:1], into="images"),
            seeded(draw),
            call("augment", ref("images"), ref("seed")),
            call("np.reshape", ref("out"), [n, h * w], into="flat"),
            call("np.argmax", ref("flat"), axis=1, into="place"),
            call("augment", images[:300], int(draw.rng.integers(2**31)), into="few"),
            call("np.reshape", ref("few"), [300, h * w], into="flat"),
            call("np.argmax", ref("flat"), axis=1, into="place_for_a_whole_number"),
        ),
        keep=("place", "place_for_a_whole_number"),
    ), {"place": probability, "place_for_a_whole_number": probability}


@lab.check(
    "augment.pixels", "augment", 0.5, Text(en="pixels", fr="pixels"),
    asked=Text(en="each image is one of its own 50 views, pixel by pixel; black comes in",
               fr="chaque image est une de ses 50 vues, au pixel près ; du noir entre"),
    expect={"farthest_from_a_view": Close(0, 1e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    """Squared distances |a|² − 2 a·b + |b|² of each result to the 50 views."""
    h, w, c = (*draw.sizes(2, 8, 13), 3)
    image = draw.uniform(h, w, c, low=0.2)
    padded = np.pad(image, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)))
    flipped = np.pad(image[:, ::-1], ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)))
    views = [p[i : i + h, j : j + w] for p in (padded, flipped) for i in range(5) for j in range(5)]
    flat = np.reshape(views, (50, -1)).astype(np.float64)
    return Probe(
        (
            seeded(draw),
            call("np.tile", numpy_array(image[None]), [41, 1, 1, 1], into="images"),
            call("keras.ops.convert_to_tensor", ref("images"), into="tensor"),
            call("augment", ref("tensor"), ref("seed"), into="views"),
            call("np.asarray", ref("views")),
            call("np.shape", ref("out"), into="shape"),
            call("np.reshape", ref("out"), [41, -1], into="flat"),
            call("np.float64", ref("flat"), into="double"),
            call("np.square", ref("double"), into="squares"),
            call("np.sum", ref("squares"), axis=1, keepdims=True, into="norms"),
            call("np.matmul", ref("double"), numpy_array(flat.T), into="products"),
            call("np.multiply", ref("products"), -2.0, into="twice"),
            call("np.add", ref("norms"), ref("twice"), into="sum"),
            call("np.add", ref("sum"), numpy_array((flat**2).sum(axis=1)[None]), into="gaps"),
            call("np.min", ref("gaps"), axis=1, into="nearest"),
            call("np.max", ref("nearest"), into="farthest_from_a_view"),
        ),
        keep=("shape", "farthest_from_a_view"),
    )


@lab.check(
    "augment.draws", "augment", 0.5, Text(en="draws", fr="tirages"),
    asked=Text(en="each image by itself; a seed gives the same again, another gives others",
               fr="chaque image pour soi ; une graine redonne la même chose, une autre autre chose"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    h, w, row, column = dot(draw)
    images = np.zeros((37, h, w, 1), np.float32)
    images[:, row, column] = 1
    first = int(draw.rng.integers(1000))

    def places(name: str) -> tuple[Step, ...]:
        return (
            call("np.reshape", ref(name), [37, h * w], into="flat"),
            call("np.argmax", ref("flat"), axis=1, into=f"{name}_places"),
        )

    return Probe(
        (
            call("augment", images, first, into="a"),
            call("augment", images, first, into="again"),
            call("augment", images, first + 1, into="b"),
            seeded(draw),
            call("augment", images, ref("seed"), into="c"),
            call("augment", images, ref("seed"), into="d"),
            *places("a"), *places("again"), *places("b"), *places("c"), *places("d"),
            call("np.ptp", ref("a_places"), into="spread"),
            call("np.greater", ref("spread"), 0, into="images_differ"),
            call("np.array_equal", ref("a_places"), ref("again_places"), into="same_seed_same_views"),
            call("np.array_equal", ref("a_places"), ref("b_places"), into="other_seed_same_views"),
            call("np.array_equal", ref("c_places"), ref("d_places"), into="next_draw_same_views"),
        ),
        keep=("images_differ", "same_seed_same_views", "other_seed_same_views", "next_draw_same_views"),
    )  # fmt: skip


# ------------------------------------------------------------------ 2.2 guess, 2.3 sharpen


def classifier(
    draw: Draw, shape: tuple[int, ...], classes: int, scale: float = 1.0
) -> tuple[Step, ...]:
    """Steps that make ``model``: images of this shape → logits, of given weights."""
    weights = {
        "logits/kernel": draw.normal(int(np.prod(shape)), classes, scale=scale),
        "logits/bias": draw.normal(classes, scale=0.3),
    }
    return (
        call("keras.layers.Flatten", into="flatten"),
        call("keras.layers.Dense", classes, name="logits", into="dense"),
        call("keras.Sequential", [ref("flatten"), ref("dense")], into="model"),
        call("$model.build", [None, *shape], into="built"),
        set_weights("$model", weights),
    )


@lab.check(
    "guess.values", "guess", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="mean over the views of the probabilities", fr="moyenne sur les vues des probabilités"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    k, n, h, w, c, classes = draw.sizes(6, 2, 7)
    steps = classifier(draw, (h, w, c), classes, 0.6)
    return Probe((*steps, call("guess_labels", ref("model"), draw.normal(k, n, h, w, c))))


@lab.check(
    "guess.constant", "guess", 0.75, Text(en="a constant", fr="une constante"),
    asked=Text(en="no gradient flows through the guess", fr="aucun gradient ne traverse la réponse"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    k, n, h, w, c, classes = draw.sizes(6, 2, 7)
    steps = classifier(draw, (h, w, c), classes, 0.6)
    views = draw.normal(k, n, h, w, c)
    return Probe(
        (*steps, gradient("guess_labels", ref("model"), views, wrt=[0]), count_params("$model")),
        keep=("gradients", "params"),
    )


@lab.check(
    "guess.statistics", "guess", 0.25, Text(en="training=True", fr="training=True"),
    asked=Text(en="batch normalisation takes the statistics of these images",
               fr="la normalisation par lot prend les statistiques de ces images"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    """With the statistics of these very images, images that are all k times as bright change nothing."""
    k, n, h, w, c, classes = draw.sizes(6, 4, 9)
    views = draw.normal(k, n, h, w, c)
    return Probe(
        (
            call("keras.layers.Flatten", into="flatten"),
            call("keras.layers.BatchNormalization", into="norm"),
            call("keras.layers.Dense", classes, name="logits", into="dense"),
            call("keras.Sequential", [ref("flatten"), ref("norm"), ref("dense")], into="model"),
            call("$model.build", [None, h, w, c], into="built"),
            set_weights("$model", {"logits/kernel": draw.normal(h * w * c, classes, scale=0.1)}),
            call("guess_labels", ref("model"), views, into="once"),
            call("guess_labels", ref("model"), 5 * views + 1, into="brighter"),
            holds(ref("once"), ref("brighter"), "statistics_of_these_images", 2e-2),
            count_params("$model"),
        ),
        keep=("statistics_of_these_images", "params"),
    )


@lab.check(
    "sharpen.values", "sharpen", 1.25, Text(en="values", fr="valeurs"),
    asked=Text(en="powers 1/T, divided by their sum", fr="puissances 1/T, divisées par leur somme"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    n, classes, more = draw.sizes(3, 3, 8)
    cold, warm = (
        float(t)
        for t in (draw.uniform(1, low=0.3, high=0.8)[0], draw.uniform(1, low=1.3, high=3)[0])
    )
    p = draw.probabilities(n, classes)
    return Probe(
        (
            call("sharpen", p, cold),
            call("sharpen", p, warm, into="flatter"),
            call("sharpen", draw.probabilities(more, n, classes), 0.5, into="three_axes"),
        ),
        keep=("out", "flatter", "three_axes"),
    )


# ------------------------------------------------------------------ 2.4 mixup


def codes(draw: Draw, n: int, h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    """Two batches of images (n, h, w, 2n): one bright pixel each, in a channel of its own."""
    channels = 2 * n
    images = np.zeros((channels, h, w, channels), np.float32)
    for i in range(channels):
        images[i, draw.rng.integers(h), draw.rng.integers(w), i] = 1
    return images[:n], images[n:]


@lab.check(
    "mixup.shares", "mixup", 0.75, Text(en="the draw of λ", fr="le tirage de λ"),
    asked=Text(en="max(λ, 1 − λ), λ drawn from Beta(α, α)", fr="max(λ, 1 − λ), λ tiré de Beta(α, α)"),
    expect={"share_for_a_small_alpha": Distribution(20), "share_for_a_large_alpha": Distribution(20)},
)  # fmt: skip
def _(draw: Draw) -> tuple[Probe, dict[str, Any]]:
    small, large = (float(draw.uniform(1, low=a, high=b)[0]) for a, b in ((0.12, 0.18), (6, 9)))
    images, one, two = draw.uniform(1, 2, 3, 1), np.float32([[1, 0]]), np.float32([[0, 1]])

    def likely(alpha: float) -> np.ndarray:
        return np.concatenate(
            [np.zeros(10), 2 * np.diff(betainc(alpha, alpha, np.linspace(0.5, 1, 11)))]
        )

    def calls(alpha: float, n: int, name: str) -> tuple[Step, ...]:
        return (
            *(
                step
                for i in range(n)
                for step in (
                    call(
                        "mixup",
                        ref("image"),
                        ref("one"),
                        ref("image"),
                        ref("two"),
                        alpha,
                        ref("seed"),
                        into="pair",
                    ),
                    item("$pair", 1, into=f"y{i}"),
                )
            ),
            call("np.concatenate", [ref(f"y{i}") for i in range(n)], into="labels"),
            call(
                "np.matmul",
                ref("labels"),
                numpy_array(np.float64([[19.999999], [0]])),
                into="scaled",
            ),
            call("np.floor", ref("scaled"), into=name),
        )

    return Probe(
        (
            call("keras.ops.multiply", images, 1.0, into="image"),
            call("keras.ops.multiply", one, 1.0, into="one"),
            call("keras.ops.multiply", two, 1.0, into="two"),
            seeded(draw),
            *calls(small, 80, "share_for_a_small_alpha"),
            *calls(large, 40, "share_for_a_large_alpha"),
            call(
                "mixup",
                np.tile(images, (16, 1, 1, 1)),
                np.tile(one, (16, 1)),
                np.tile(images, (16, 1, 1, 1)),
                np.tile(two, (16, 1)),
                0.75,
                ref("seed"),
                into="pair",
            ),
            item("$pair", 1, into="labels"),
            call(
                "np.matmul", ref("labels"), numpy_array(np.float64([[1], [0]])), into="first_shares"
            ),
            call("np.min", ref("first_shares"), into="least"),
            call("np.greater", ref("least"), 0.4999, into="all_closer_to_the_first"),
        ),
        keep=("share_for_a_small_alpha", "share_for_a_large_alpha", "all_closer_to_the_first"),
    ), {"share_for_a_small_alpha": likely(small), "share_for_a_large_alpha": likely(large)}


def one_mix(draw: Draw) -> tuple[Step, ...]:
    n, h, w, classes = draw.sizes(4, 3, 9)
    x1, x2 = codes(draw, n, h, w)
    y1, y2 = draw.probabilities(n, classes), draw.probabilities(n, classes)
    seed = int(draw.rng.integers(1000))
    return (
        call("mixup", x1, y1, x2, y2, 0.75, seed, into="pair"),
        item("$pair", 0, into="x"),
        item("$pair", 1, into="y"),
        *sum_of_pixels("x", 1, "shares"),
        call("np.matmul", ref("shares"), numpy_array(np.concatenate([y1, y2])), into="as_the_images"),
        holds(ref("y"), ref("as_the_images"), "labels_mixed_as_images"),
        call("np.sum", ref("shares"), axis=1, into="total"),
        holds(ref("total"), 1.0, "shares_sum_to_one"),
        holds(ref("y"), numpy_array(y1), "labels_unmixed"),
        call("np.multiply", ref("shares"), numpy_array(1.0 - np.tile(np.eye(n), 2)), into="strangers"),
        holds(ref("strangers"), 0.0, "pairs_in_order"),
        call("np.max", ref("shares"), axis=1, into="larger"),
        call("np.ptp", ref("larger"), into="spread"),
        call("np.greater", ref("spread"), 1e-6, into="examples_differ"),
        call("mixup", x1, y1, x2, y2, 0.75, seed, into="again"), item("$again", 0, into="x_again"),
        call("mixup", x1, y1, x2, y2, 0.75, seed + 1, into="other"), item("$other", 0, into="x_other"),
        holds(ref("x"), ref("x_again"), "same_seed_same_shares", 1e-5),
        holds(ref("x"), ref("x_other"), "other_seed_same_shares", 1e-5),
        call("np.max", numpy_array(y1), into="largest_given"),  # so that no answer fits every key
    )  # fmt: skip


@lab.check(
    "mixup.together", "mixup", 0.75, Text(en="images and labels alike", fr="images et étiquettes pareillement"),
    asked=Text(en="shares λ′ and 1 − λ′, the same for image and label", fr="parts λ′ et 1 − λ′, les mêmes pour l'image et l'étiquette"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps = one_mix(draw.named("mix"))
    return Probe(
        steps, shared=len(steps),
        keep=("labels_mixed_as_images", "shares_sum_to_one", "labels_unmixed", "pairs_in_order",
              "largest_given"),
    )  # fmt: skip


@lab.check(
    "mixup.each", "mixup", 0.25, Text(en="one λ an example", fr="un λ par exemple"),
    asked=Text(en="the examples of a batch have shares of their own; a seed gives the same again, another gives others",
               fr="les exemples d'un lot ont chacun leurs parts ; une graine redonne les mêmes, une autre d'autres"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps = one_mix(draw.named("mix"))
    return Probe(
        steps, shared=len(steps),
        keep=("examples_differ", "same_seed_same_shares", "other_seed_same_shares", "largest_given"),
    )  # fmt: skip


# ------------------------------------------------------------------ 3.1 mixmatch


def shapes() -> tuple[Step, ...]:
    """Steps that name the shapes of the four results of `mixmatch`."""
    return tuple(
        step
        for name in "xyuq"
        for step in (
            call("np.asarray", ref(name), into="array"),
            call("np.shape", ref("array"), into=f"{name}_shape"),
        )
    )


def dots(draw: Draw, channels: int) -> np.ndarray:
    """Images with one bright pixel each, in a channel of its own; no view loses it.

    It stays so far inside that a wrong border, or a shift by one more, is not mixmatch's matter.
    """
    h, w, _, _ = dot(draw)
    images = np.zeros((channels, h, w, channels), np.float32)
    rows = draw.rng.integers(SHIFT + 1, h - SHIFT - 1, channels)
    columns = draw.rng.integers(SHIFT + 1, w // 2 - SHIFT, channels)
    images[np.arange(channels), rows, columns, np.arange(channels)] = 1
    return images


def guessed_from(draw: Draw) -> tuple[Step, ...]:
    """Whether the targets are guessed from the very views that come back, all of them.

    With two views an image, its bright pixel is seen at two places or one: these are the views,
    whatever they were mixed with. The network sees places.
    """
    n, m = draw.sizes(2, 4, 8)
    images = dots(draw, n + m)
    classes, temperature = 3, 0.5  # that it is used is another check's matter
    y = np.eye(classes, dtype=np.float32)[draw.rng.integers(0, classes, n)]
    own = np.zeros((m, 1, 1, n + m), np.float32)
    own[np.arange(m), 0, 0, np.arange(n, n + m)] = 1
    h, w = images.shape[1:3]

    def view(name: str, places: str) -> tuple[Step, ...]:
        return (
            call("np.split", ref(places), [n], into="cut"), item("$cut", 1, into="places_of_u"),
            call("np.take", numpy_array(np.eye(h * w, dtype=np.float32)), ref("places_of_u"), axis=0, into="maps"),
            call("np.reshape", ref("maps"), [m, h, w, 1], into="pixels"),
            call("np.multiply", ref("pixels"), numpy_array(own), into=name),
        )  # fmt: skip

    return (
        *classifier(draw, images.shape[1:], classes, 1.5),
        seeded(draw),
        call("mixmatch", ref("model"), images[:n], y, images[n:], ref("seed"), views=2,
             temperature=temperature, into="four"),
        *(item("$four", i, into=name) for i, name in enumerate("xyuq")),
        call("np.concatenate", [ref("x"), ref("u")], into="images"),
        call("np.concatenate", [ref("y"), ref("q")], into="targets"),
        *sum_of_pixels("images", 1, "shares"),
        call("np.linalg.lstsq", ref("shares"), ref("targets"), None, into="solved"),
        item("$solved", 0, into="target_of_each"),
        call("np.split", ref("target_of_each"), [n], into="cut"), item("$cut", 1, into="found"),
        call("np.max", ref("images"), axis=0, into="seen"),
        call("np.greater", ref("seen"), 1e-6, into="bright"),
        call("np.reshape", ref("bright"), [h * w, n + m], into="flat"),
        call("np.argmax", ref("flat"), axis=0, into="first"),
        call("np.flip", ref("flat"), 0, into="backwards"),
        call("np.argmax", ref("backwards"), axis=0, into="from_the_end"),
        call("np.subtract", h * w - 1, ref("from_the_end"), into="last"),
        *view("one", "first"), *view("other", "last"),
        call("np.stack", [ref("one"), ref("other")], into="views"),
        call("guess_labels", ref("model"), ref("views"), into="guess"),
        call("sharpen", ref("guess"), temperature, into="sharp"),
        holds(ref("found"), ref("sharp"), "as_sharpened", 1e-2),
        holds(ref("found"), ref("guess"), "as_guessed", 1e-2),  # sharpening is another check's matter
        call("np.argmax", ref("guess"), axis=1, into="likeliest"),
        call("np.take", numpy_array(np.eye(classes)), ref("likeliest"), axis=0, into="hard"),
        holds(ref("found"), ref("hard"), "as_hard", 1e-2),
        call("np.any", [ref("as_sharpened"), ref("as_guessed"), ref("as_hard")], into="guessed_from_these_views"),
    )  # fmt: skip


def matched(draw: Draw, sees: str) -> tuple[Step, ...]:
    """One call of `mixmatch` on images that each have one bright pixel, in a channel of their own.

    The sum of a mixed image over its pixels then tells what it was mixed from, in which shares.

    Args:
        sees: "channels": the model's answers do not depend on where the pixel is; "pixels": they do,
            and the seed is a whole number.
    """
    n, m = draw.sizes(2, 9, 12)
    classes, views, channels = 4, 3, n + m
    images = dots(draw, channels)
    h, w = images.shape[1:3]
    y = np.eye(classes, dtype=np.float32)[draw.rng.integers(0, classes, n)]
    temperature = float(draw.uniform(1, low=0.4, high=0.7)[0])
    if sees == "channels":
        model = (
            call("keras.layers.GlobalAveragePooling2D", into="pool"),
            call("keras.layers.Dense", classes, name="logits", into="dense"),
            call("keras.Sequential", [ref("pool"), ref("dense")], into="model"),
            call("$model.build", [None, h, w, channels], into="built"),
            set_weights("$model", {
                "logits/kernel": draw.normal(channels, classes, scale=1.2 * h * w),
                "logits/bias": draw.normal(classes, scale=0.3),
            }),
        )  # fmt: skip
    else:
        model = classifier(draw, (h, w, channels), classes, 1.5)
    seed = ref("seed") if sees == "channels" else int(draw.rng.integers(1000))
    return (
        *model,
        seeded(draw),
        call("np.argmax", numpy_array(images), into="first_dot"),  # so that no answer fits every key
        call("mixmatch", ref("model"), images[:n], y, images[n:], seed, views=views,
             temperature=temperature, alpha=0.75 if sees == "channels" else 30.0, into="four"),
        *(item("$four", i, into=name) for i, name in enumerate("xyuq")),
        *shapes(),
        call("np.concatenate", [ref("x"), ref("u")], into="images"),
        call("np.concatenate", [ref("y"), ref("q")], into="targets"),
        *sum_of_pixels("images", 1, "shares"),
        call("np.linalg.lstsq", ref("shares"), ref("targets"), None, into="solved"),
        item("$solved", 0, into="target_of_each_image"),
        call("np.matmul", ref("shares"), ref("target_of_each_image"), into="explained"),
        holds(ref("targets"), ref("explained"), "one_target_an_image", 1e-2),
        # who is where, and who meets whom
        call("np.split", ref("shares"), [n], into="cut"),
        item("$cut", 0, into="x_shares"), item("$cut", 1, into="u_shares"),
        call("np.split", ref("x_shares"), [n], axis=1, into="x_cut"),
        call("np.split", ref("u_shares"), [n], axis=1, into="u_cut"),
        item("$x_cut", 0, into="x_from_x"), item("$x_cut", 1, into="x_from_u"),
        item("$u_cut", 0, into="u_from_x"),
        call("np.argmax", ref("x_shares"), axis=1, into="mostly"),
        call("np.array_equal", ref("mostly"), numpy_array(np.arange(n)), into="labelled_first"),
        call("np.argmax", ref("shares"), axis=1, keepdims=True, into="all_mostly"),
        call("np.equal", ref("all_mostly"), numpy_array(np.arange(n)), into="is_labelled"),
        call("np.argmax", ref("is_labelled"), axis=0, into="where"), call("np.diff", ref("where"), into="steps"),
        call("np.array_equal", ref("steps"), numpy_array(np.ones(n - 1, int)), into="labelled_side_by_side"),
        call("np.argmax", ref("u_shares"), axis=1, into="views_of"), call("np.sort", ref("views_of"), into="sorted"),
        call("np.array_equal", ref("sorted"), numpy_array(np.arange(n, n + m).repeat(views)), into="then_all_views"),
        call("np.max", ref("x_from_u"), into="most_u"), call("np.greater", ref("most_u"), 1e-5, into="x_meets_u"),
        call("np.max", ref("u_from_x"), into="most_x"), call("np.greater", ref("most_x"), 1e-5, into="u_meets_x"),
        call("np.max", ref("x_shares"), axis=1, into="own"), call("np.min", ref("own"), into="least_own"),
        call("np.less", ref("least_own"), 0.9999, into="x_is_mixed"),
        call("np.max", ref("shares"), axis=1, into="largest"), call("np.median", ref("largest"), into="middle"),
        call("np.digitize", ref("middle"), [0.66, 0.9999], into="zone"),  # 2: nothing is mixed at all
        call("np.equal", ref("zone"), 1, into="another_alpha"),
        call("np.greater", ref("shares"), 1e-6, into="present"), call("np.sum", ref("present"), axis=0, into="times"),
        call("np.greater", ref("times"), numpy_array(np.repeat([2, 2 * views], [n, m])), into="too_often"),
        call("np.any", ref("too_often"), into="met_twice"),
        call("mixmatch", ref("model"), images[:n], y, images[n:], seed, views=views,
             alpha=0.75 if sees == "channels" else 30.0, into="again"),
        item("$again", 0, into="x_again"),
        holds(ref("x"), ref("x_again"), "same_seed_same_images", 1e-5),
        *sum_of_pixels("x_again", 1, "shares_again"),
        call("np.greater", ref("shares_again"), 1e-6, into="partners_again"),
        call("np.greater", ref("x_shares"), 1e-6, into="partners"),
        call("np.array_equal", ref("partners"), ref("partners_again"), into="same_partners_again"),
        # how many places the bright pixel of an image was seen at
        call("np.max", ref("images"), axis=0, into="seen"),
        call("np.greater", ref("seen"), 1e-6, into="bright"),
        *sum_of_pixels("bright", 0, "places"),
        call("np.split", ref("places"), [n], into="places_cut"),
        item("$places_cut", 0, into="x_places"), item("$places_cut", 1, into="u_places"),
        call("np.max", ref("x_places"), into="views_of_a_labelled_image"),
        call("np.max", ref("u_places"), into="views_of_an_unlabelled_image"),
        call("np.max", numpy_array(images), axis=0, into="before"),
        call("np.multiply", ref("bright"), ref("before"), into="stayed"),
        *sum_of_pixels("stayed", 0, "unmoved"),
        call("np.split", ref("unmoved"), [n], into="unmoved_cut"),
        item("$unmoved_cut", 0, into="x_unmoved"), item("$unmoved_cut", 1, into="u_unmoved"),
        call("np.min", ref("x_unmoved"), into="x_least"), call("np.less", ref("x_least"), 0.5, into="labelled_images_augmented"),
        call("np.min", ref("u_unmoved"), into="u_least"), call("np.less", ref("u_least"), 0.5, into="originals_are_no_views"),
    )  # fmt: skip


@lab.check(
    "mixmatch.targets", "mixmatch", 1.25, Text(en="targets", fr="cibles"),
    asked=Text(en="each image's label or sharpened guess, mixed as the images are",
               fr="l'étiquette ou la réponse affûtée de chaque image, mélangée comme les images"),
    expect={"target_of_each_image": Close(2e-3, 2e-3)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps = matched(draw.named("channels"), "channels")
    return Probe(
        steps, shared=len(steps),
        keep=("x_shape", "y_shape", "u_shape", "q_shape", "target_of_each_image"),
    )  # fmt: skip


@lab.check(
    "mixmatch.order", "mixmatch", 0.5, Text(en="images and targets together", fr="images et cibles ensemble"),
    asked=Text(en="image and label move in the same order", fr="image et étiquette changent de place ensemble"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps = matched(draw.named("channels"), "channels")
    return Probe(
        steps,
        shared=len(steps),
        keep=("one_target_an_image", "labelled_first", "labelled_side_by_side", "then_all_views", "first_dot"),
    )


@lab.check(
    "mixmatch.partners", "mixmatch", 0.5, Text(en="who meets whom", fr="qui rencontre qui"),
    asked=Text(en="labelled and unlabelled images are mixed with any other", fr="étiquetées ou non, les images se mélangent à n'importe quelle autre"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    steps = matched(draw.named("channels"), "channels")
    return Probe(
        steps,
        shared=len(steps),
        keep=("x_is_mixed", "x_meets_u", "u_meets_x", "same_partners_again", "met_twice", "first_dot"),
    )


@lab.check(
    "mixmatch.views", "mixmatch", 0.5, Text(en="views", fr="vues"),
    asked=Text(en="K different views, one target for all, also where the seed is a whole number, which gives the same again",
               fr="K vues différentes, une seule cible pour toutes, aussi quand la graine est un entier, qui redonne la même chose"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    first = matched(draw.named("channels"), "channels")
    kept = call("np.bool_", ref("one_target_an_image"), into="image_and_label_together")
    return Probe(
        (*first, kept, *matched(draw, "pixels"), *guessed_from(draw)), shared=len(first),
        keep=("views_of_an_unlabelled_image", "views_of_a_labelled_image", "labelled_images_augmented",
              "originals_are_no_views", "another_alpha", "image_and_label_together", "one_target_an_image",
              "same_seed_same_images", "guessed_from_these_views", "first_dot"),
    )  # fmt: skip


@lab.check(
    "mixmatch.constant", "mixmatch", 0.5, Text(en="constant targets", fr="cibles constantes"),
    asked=Text(en="no gradient flows through the targets", fr="aucun gradient ne traverse les cibles"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    h, w, c, classes = draw.sizes(4, 5, 9)
    y = np.eye(classes, dtype=np.float32)[draw.rng.integers(0, classes, 3)]
    images = draw.uniform(3, h, w, c), draw.uniform(4, h, w, c)
    return Probe(
        (
            *classifier(draw, (h, w, c), classes),
            seeded(draw),
            gradient("targets_of", ref("model"), images[0], y, images[1], ref("seed"), wrt=[0]),
            count_params("$model"),
        ),
        keep=("gradients", "params"),
    )


@lab.check(
    "mixmatch.single", "mixmatch", 0.25,
    Text(en="one unlabelled image, another augmentation", fr="une seule image sans étiquette, une autre augmentation"),
    asked=Text(en="m = 1, n = 3, `augmentation` given", fr="m = 1, n = 3, `augmentation` donnée"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    images = dots(draw, 4)
    (classes,) = draw.sizes(1, 5, 9)
    y = np.eye(classes, dtype=np.float32)[draw.rng.integers(0, classes, 3)]
    return Probe(
        (
            *classifier(draw, images.shape[1:], classes),
            seeded(draw),
            call("mixmatch", ref("model"), images[:3], y, images[3:], ref("seed"), views=2,
                 augmentation=student("as_they_are"), into="four"),
            *(item("$four", i, into=name) for i, name in enumerate("xyuq")),
            *shapes(),
            call("np.sum", ref("q"), axis=1, into="sums"),
            call("np.concatenate", [ref("x"), ref("u")], into="images"),
            call("np.max", ref("images"), axis=0, into="seen"),
            call("np.greater", ref("seen"), 1e-6, into="bright"),
            call("np.array_equal", ref("bright"), numpy_array(images.max(axis=0) > 0), into="augmented_as_told"),
        ),
        keep=("x_shape", "y_shape", "u_shape", "q_shape", "sums", "augmented_as_told"),
    )  # fmt: skip


# ------------------------------------------------------------------ 3.2 loss, 3.3 schedule


def losses(draw: Draw) -> tuple[np.ndarray, ...]:
    n, m, classes = draw.sizes(3, 3, 9)
    return (
        draw.normal(n, classes, scale=1.5), draw.probabilities(n, classes),
        draw.normal(m, classes, scale=1.5), draw.probabilities(m, classes),
    )  # fmt: skip


@lab.check(
    "loss.labelled", "loss", 0.75, Text(en="labelled part", fr="partie étiquetée"),
    asked=Text(en="with weight 0: mean cross-entropy of soft labels", fr="avec un poids nul : entropie croisée moyenne d'étiquettes molles"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    return Probe((call("mixmatch_loss", *losses(draw), 0.0),))


@lab.check(
    "loss.unlabelled", "loss", 1.0, Text(en="unlabelled part", fr="partie sans étiquette"),
    asked=Text(en="what a weight adds: mean over images and classes", fr="ce qu'ajoute un poids : moyenne sur images et classes"),
    expect={"added": Close(1e-3, 1e-4)},
)  # fmt: skip
def _(draw: Draw) -> Probe:
    given = losses(draw)
    weight = float(draw.uniform(1, low=20, high=60)[0])
    return Probe(
        (
            call("mixmatch_loss", *given, 0.0, into="without"),
            call("mixmatch_loss", *given, weight, into="with"),
            call("np.subtract", ref("with"), ref("without"), into="added"),
        ),
        keep=("added",),
    )


@lab.check(
    "loss.gradient", "loss", 0.5, Text(en="gradient", fr="gradient"),
    asked=Text(en="gradient of the loss with respect to both logits", fr="gradient de la perte par rapport aux deux logits"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    weight = float(draw.uniform(1, low=20, high=60)[0])
    return Probe(
        (gradient("mixmatch_loss", *losses(draw), weight, wrt=[0, 2]),), keep=("gradients",)
    )


@lab.check(
    "schedule.values", "schedule", 0.75, Text(en="values", fr="valeurs"),
    asked=Text(en="0 at step 0, linear, constant after the ramp", fr="0 au pas 0, linéaire, constant après la montée"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    ramp = int(draw.rng.integers(300, 900))
    maximum = float(draw.uniform(1, low=5, high=90)[0])
    steps = [0, 1, ramp // 3, ramp - 1, ramp, 3 * ramp]
    return Probe(
        (
            *(
                call("lambda_u_schedule", s, ramp, maximum, into=f"v{i}")
                for i, s in enumerate(steps)
            ),
            call(
                "lambda_u_schedule",
                np.array(ramp // 4, np.float32),
                ramp,
                maximum,
                into=f"v{len(steps)}",
            ),  # a tensor
            call("np.array", [ref(f"v{i}") for i in range(len(steps) + 1)], into="weights"),
            call("np.float32", ref("weights")),
        )
    )


# ------------------------------------------------------------------ 3.4 average


def networks(draw: Draw, d: int, c: int) -> tuple[Step, ...]:
    """`model` and `average`: Dense and batch normalisation, d → c, with weights of their own."""

    def network(name: str) -> tuple[Step, ...]:
        weights = {
            "dense/kernel": draw.normal(d, c), "dense/bias": draw.normal(c),
            "norm/gamma": draw.normal(c, mean=1.5, scale=0.2), "norm/beta": draw.normal(c),
            "norm/moving_mean": draw.normal(c), "norm/moving_variance": draw.uniform(c, low=0.5, high=2),
        }  # fmt: skip
        return (
            call("keras.layers.Dense", c, name="dense", into=f"{name}_dense"),
            call("keras.layers.BatchNormalization", name="norm", into=f"{name}_norm"),
            call("keras.Sequential", [ref(f"{name}_dense"), ref(f"{name}_norm")], into=name),
            call(f"${name}.build", [None, d], into="built"),
            set_weights(f"${name}", weights, into=f"{name}_weights"),
        )

    return (*network("model"), *network("average"))


@lab.check(
    "average.update", "average", 0.75, Text(en="update", fr="mise à jour"),
    asked=Text(en="every weight, the normalisation's statistics too; twice in a row",
               fr="chaque poids, les statistiques de normalisation aussi ; deux fois de suite"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    d, c = draw.sizes(2, 2, 6)
    decay = float(draw.uniform(1, low=0.6, high=0.9)[0])
    return Probe(
        (
            *networks(draw, d, c),
            call("update_average", ref("average"), ref("model"), decay, into="nothing"),
            call("update_average", ref("average"), ref("model"), decay, into="nothing"),
            call("$average.get_weights", into="averaged"),
            call("$model.get_weights", into="trained"),
        ),
        keep=("averaged", "trained"),
    )


@lab.check(
    "average.accuracy", "average", 0.5, Text(en="who answers", fr="qui répond"),
    asked=Text(en="the averaged network's share of right answers", fr="la part de bonnes réponses du réseau moyen"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    """Labels such that the averaged network's share of right answers is its own."""
    d, c = draw.sizes(2, 4, 7)
    x = draw.normal(97, d)
    steps = networks(draw, d, c)
    given = [s for s in steps if s.op == "set_weights"]
    scores = [pools.scores(s.kwargs["weights"], x) for s in given]
    labels = np.where(np.arange(97) % 3 < 2, scores[1].argmax(axis=1), scores[0].argmax(axis=1))
    return Probe(
        (
            *steps,
            call("accuracy", ref("model"), ref("average"), numpy_array(x), numpy_array(labels)),
        )
    )


# ------------------------------------------------------------------ 4 the experiment


def held_out(draw: Draw) -> dict[str, np.ndarray]:
    """Test images that no student has, and their classes; nothing in the public key."""
    if not draw.hidden:
        return {}
    with np.load(
        HERE.parent.parent / "data" / "fashion_mnist" / "hidden" / "fashion_mnist.npz"
    ) as file:
        return {"images": file["x_hidden"], "labels": file["y_hidden"].astype(np.int64)}


def trained(name: str, points: float, en: str, fr: str) -> None:
    entry = CALIBRATION[f"experiment.{name}"]

    @lab.clean(
        f"experiment.{name}", "experiment", points, Text(en=en, fr=fr), recording=name,
        expect={"accuracy": Metric("mean", floor=entry["floor"], target=entry["target"])},
        data=lambda draw: (held_out(draw), {}),
    )  # fmt: skip
    def _(recording: Any, inputs: Any) -> dict[str, Any]:
        return {"accuracy": pools.accuracy(recording, inputs["images"], inputs["labels"])}


trained(
    "supervised", 0.5, "supervised, on images never seen", "supervised, sur des images jamais vues"
)
trained("mixmatch", 1.0, "mixmatch, on images never seen", "mixmatch, sur des images jamais vues")


@lab.clean(
    "experiment.gain", "experiment", 0.5, Text(en="gain over supervised", fr="gain sur supervised"),
    asked=Text(en="same labels, same steps: what the unlabelled images bring",
               fr="mêmes étiquettes, mêmes pas : ce qu'apportent les images sans étiquette"),
    recordings=["supervised", "mixmatch"],
    expect={"gain": Metric("mean", floor=CALIBRATION["experiment.gain"]["floor"],
                           target=CALIBRATION["experiment.gain"]["target"])},
    data=lambda draw: (held_out(draw), {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> dict[str, Any]:
    found = {
        n: pools.accuracy(r, inputs["images"], inputs["labels"]) for n, r in recordings.items()
    }
    return {"gain": found["mixmatch"] - found["supervised"]}


# ------------------------------------------------------------------ 5 ablation

IDEAS = ("augmentation", "consistency", "entropy", "pseudo-labels")


@lab.check(
    "ablation.settings", "ablation", 0.5, Text(en="settings", fr="réglages"),
    asked=Text(en="the recipe with one idea off, everything else as it was", fr="la recette, une idée éteinte, le reste inchangé"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    recipe = {
        "steps": 7, "views": int(draw.rng.integers(3, 6)), "temperature": float(draw.uniform(1, low=0.3, high=0.6)[0]),
        "alpha": 0.75, "lambda_u": float(draw.uniform(1, low=5, high=60)[0]), "augmentation": True, "seed": 3,
    }  # fmt: skip
    names = [f"no_{idea.replace('-', '_')}" for idea in IDEAS]
    return Probe(
        (
            call("tf.nest.map_structure", student("np.asarray"), recipe, into="recipe"),
            *(
                call("without", ref("recipe"), idea, into=name)
                for idea, name in zip(IDEAS, names, strict=True)
            ),
        ),
        keep=(*names, "recipe"),
    )


@lab.clean(
    "reading.worst", "reading", 0.5, Text(en="the dearest idea", fr="l'idée la plus chère"),
    asked=Text(en="the idea without which your table falls most", fr="l'idée sans laquelle votre tableau baisse le plus"),
    recordings=["ablation"], answers=["dearest_idea"], expect={"idea": Exact()},
    data=lambda draw: ({}, {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    right = pools.dearest(recordings["ablation"].history)
    given = pools.idea(answers["dearest_idea"])
    return Measured({"idea": given}, expected={"idea": given if given in right else right[0]})


# ------------------------------------------------------------------ 6 exam question

PLACES = {1: "augmentation", 2: "consistency", 3: "entropy", 4: "pseudo-labels"}
SYNONYMS = {
    "augmentation": [
        "augmentation",
        "l'augmentation",
        "data augmentation",
        "augmentation de données",
        "augmentation des données",
        "l'augmentation de données",
        "augment",
        "augmenter",
    ],
    "consistency": [
        "consistency",
        "cohérence",
        "la cohérence",
        "consistance",
        "consistency regularization",
        "consistency regularisation",
        "régularisation par cohérence",
        "régularisation par la cohérence",
        "régularisation de cohérence",
    ],
    "entropy": [
        "entropy",
        "entropie",
        "l'entropie",
        "entropy minimisation",
        "entropy minimization",
        "minimisation de l'entropie",
        "minimisation d'entropie",
        "la minimisation de l'entropie",
        "sharpening",
        "affûtage",
        "l'affûtage",
    ],
    "pseudo-labels": [
        "pseudo-labels",
        "pseudo-label",
        "pseudolabels",
        "pseudo-étiquettes",
        "pseudo-étiquette",
        "les pseudo-étiquettes",
        "la pseudo-étiquette",
        "pseudo-étiquetage",
        "pseudo-labelling",
        "pseudo-labeling",
    ],
}
WHY = {
    "augmentation": Text(
        en="augmentation makes several images out of one",
        fr="l'augmentation fait plusieurs images d'une seule",
    ),
    "consistency": Text(
        en="consistency asks one answer for all views",
        fr="la cohérence demande une seule réponse pour toutes les vues",
    ),
    "entropy": Text(
        en="entropy minimisation turns an unsure answer into a sure one",
        fr="la minimisation de l'entropie rend nette une réponse hésitante",
    ),
    "pseudo-labels": Text(
        en="a pseudo-label is a guess used as a target",
        fr="une pseudo-étiquette est une réponse qui sert de cible",
    ),
}
for place, idea in PLACES.items():
    lab.question(
        f"q13_{place}", "pipeline", 0.25, Text(en=f"box {place}", fr=f"case {place}"), type="choice",
        right=SYNONYMS[idea],
        wrong={word: WHY[other] for other, words in SYNONYMS.items() if other != idea for word in words},
    )  # fmt: skip

# ------------------------------------------------------------------ 7 bonus


def fixmatch(draw: Draw) -> tuple[np.ndarray, np.ndarray, float]:
    """Logits of weak and strong views; some weak answers are sure, some are not."""
    m, classes = draw.sizes(2, 6, 11)
    weak = draw.normal(m, classes)
    weak[::2] *= 6
    top = np.sort(np.exp(weak) / np.exp(weak).sum(axis=1, keepdims=True), axis=1)[:, -1]
    level = np.sort(top)
    middle = int(np.argmax(np.diff(level)))
    return weak, draw.normal(m, classes, scale=1.5), float(level[middle : middle + 2].mean())


@lab.check(
    "fixmatch.values", "fixmatch", 0.75, Text(en="values", fr="valeurs"), bonus=True,
    asked=Text(en="only sure answers count; the mean is over all images", fr="seules les réponses sûres comptent ; la moyenne est sur toutes les images"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    weak, strong, threshold = fixmatch(draw)
    return Probe(
        (
            call("fixmatch_loss", weak, strong, threshold),
            call("fixmatch_loss", weak, strong, 1.1, into="none_sure"),
        ),
        keep=("out", "none_sure"),
    )


@lab.check(
    "fixmatch.gradient", "fixmatch", 0.25, Text(en="gradient", fr="gradient"), bonus=True,
    asked=Text(en="through the strong views only", fr="par les vues fortes seulement"),
)  # fmt: skip
def _(draw: Draw) -> Probe:
    weak, strong, threshold = fixmatch(draw)
    return Probe(
        (gradient("fixmatch_loss", weak, strong, threshold, wrt=[0, 1]),), keep=("gradients",)
    )


import misconceptions  # noqa: E402

misconceptions.declare(lab)

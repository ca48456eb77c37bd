"""2.1 to 2.4 of TP5: augment, guess, sharpen, mix."""

from __future__ import annotations

import numpy as np
from lab import SHIFT, chosen, classifier, dot, holds, lab, seeded, sum_of_pixels
from scipy.special import betainc

from grader.authoring import Close, Distribution, Draw, Handle, Student, numpy_array

# ------------------------------------------------------------------ 2.1 augment

augment = lab.exercise("augment", "2.1", "Augment", "Augmenter", "augment")


@augment.check(
    "views", 1.0, "views", "vues",
    asked=("2 × 5 × 5 views, all equally likely", "2 × 5 × 5 vues, équiprobables"),
    expect={"place": Distribution(19 * 19), "place_for_a_whole_number": Distribution(19 * 19)},
)  # fmt: skip
def _(draw: Draw, student: Student):
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
    many = student.keras.ops.add(student.keras.ops.zeros([n, h, w, 1]), images[:1])
    views = student.augment(many, seeded(draw, student))
    place = student.np.argmax(student.np.reshape(views, [n, h * w]), axis=1)
    few = student.augment(images[:300], int(draw.rng.integers(2**31)))
    other = student.np.argmax(student.np.reshape(few, [300, h * w]), axis=1)
    expected = {"place": probability, "place_for_a_whole_number": probability}
    return student.probe(place=place, place_for_a_whole_number=other), expected


@augment.check(
    "pixels", 0.5, "pixels", "pixels",
    asked=("each image is one of its own 50 views, pixel by pixel; black comes in",
           "chaque image est une de ses 50 vues, au pixel près ; du noir entre"),
    expect={"farthest_from_a_view": Close(0, 1e-3)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    """Squared distances |a|² − 2 a·b + |b|² of each result to the 50 views."""
    h, w, c = (*draw.sizes(2, 8, 13), 3)
    image = draw.uniform(h, w, c, low=0.2)
    padded = np.pad(image, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)))
    flipped = np.pad(image[:, ::-1], ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)))
    views = [p[i : i + h, j : j + w] for p in (padded, flipped) for i in range(5) for j in range(5)]
    flat = np.reshape(views, (50, -1)).astype(np.float64)
    xp = student.np
    seed = seeded(draw, student)
    images = student.keras.ops.convert_to_tensor(xp.tile(numpy_array(image[None]), [41, 1, 1, 1]))
    found = xp.asarray(student.augment(images, seed))
    shape = xp.shape(found)
    double = xp.float64(xp.reshape(found, [41, -1]))
    norms = xp.sum(xp.square(double), axis=1, keepdims=True)
    products = xp.multiply(xp.matmul(double, numpy_array(flat.T)), -2.0)
    gaps = xp.add(xp.add(norms, products), numpy_array((flat**2).sum(axis=1)[None]))
    return student.probe(shape=shape, farthest_from_a_view=xp.max(xp.min(gaps, axis=1)))


@augment.check(
    "draws", 0.5, "draws", "tirages",
    asked=("each image by itself; a seed gives the same again, another gives others",
           "chaque image pour soi ; une graine redonne la même chose, une autre autre chose"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    h, w, row, column = dot(draw)
    images = np.zeros((37, h, w, 1), np.float32)
    images[:, row, column] = 1
    first = int(draw.rng.integers(1000))
    made = [student.augment(images, seed) for seed in (first, first, first + 1)]
    moving = seeded(draw, student)
    made += [student.augment(images, moving), student.augment(images, moving)]
    a, again, b, c, d = (
        student.np.argmax(student.np.reshape(views, [37, h * w]), axis=1) for views in made
    )
    return student.probe(
        images_differ=student.np.greater(student.np.ptp(a), 0),
        same_seed_same_views=student.np.array_equal(a, again),
        other_seed_same_views=student.np.array_equal(a, b),
        next_draw_same_views=student.np.array_equal(c, d),
    )


def augmenting(
    flip: str = "tf.random.stateless_uniform((n,), seed.next()) < 0.5",
    axis: int = 1,
    down: str = "draw()",
    right: str = "draw()",
    start: str = "",
) -> str:
    """Augmentation image by image, with one thing changed."""
    return f"""
def augment(images, seed):
    seed = generator(seed)
    {start}
    n, h, w = images.shape[0], images.shape[1], images.shape[2]
    draw = lambda: tf.random.stateless_uniform((n,), seed.next(), 0, 5, tf.int32)
    turned = {flip}
    down = {down}
    right = {right}
    made = []
    for i in range(n):
        image = tf.reverse(images[i], [{axis}]) if bool(turned[i]) else images[i]
        wide = tf.pad(image, [[2, 2], [2, 2], [0, 0]])
        made.append(wide[int(down[i]) : int(down[i]) + h, int(right[i]) : int(right[i]) + w])
    return tf.stack(made)
"""


DOWN = "down = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)"
RIGHT = "right = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)"
FLIP = "keras.random.uniform((n, 1, 1, 1), seed=seed) < 0.5"
PADDED = "ops.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]])"

augment.slip(
    "not-augmented",
    "the images come back as they went in",
    "les images reviennent telles quelles",
    code="""
def augment(images, seed):
    return ops.convert_to_tensor(images)
""",
    loses=["views", "draws"],
    mutant="def augment(images, seed):\n    return 1.0 * images",
)
augment.slip(
    "one-draw-a-batch",
    "all images of the batch are flipped and shifted alike: one draw is made for all",
    "toutes les images du lot sont retournées et décalées pareil : un seul tirage pour toutes",
    ("keras.random.uniform((n, 1, 1, 1), seed=seed)",
     "keras.random.uniform((1, 1, 1, 1), seed=seed)"),
    (DOWN, "down = ops.tile(keras.random.randint((1, 1), 0, 2 * SHIFT + 1, seed=seed), (n, 1))"),
    (RIGHT, "right = ops.tile(keras.random.randint((1, 1), 0, 2 * SHIFT + 1, seed=seed), (n, 1))"),
    hint=("what shape have your draws?", "quelle est la forme de vos tirages ?"),
    loses=["views", "draws"],
    mutant="""
def augment(images, seed):
    seed = generator(seed)
    if float(keras.random.uniform((), seed=seed)) < 0.5:
        images = images[:, :, ::-1]
    dy, dx = (int(keras.random.randint((), -2, 3, seed=seed)) for _ in range(2))
    h, w = images.shape[1:3]
    wide = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]])
    return wide[:, 2 + dy : 2 + dy + h, 2 + dx : 2 + dx + w]
""",
)  # fmt: skip
augment.slip(
    "no-flip",
    "no image is flipped",
    "aucune image n'est retournée",
    (FLIP, "keras.random.uniform((n, 1, 1, 1), seed=seed) < 0.0"),
    loses=["views"],
    mutant=augmenting(flip="tf.zeros((n,), bool)"),
)  # fmt: skip
augment.slip(
    "always-flipped",
    "every image is flipped; half of them should be",
    "toutes les images sont retournées ; il en faut la moitié",
    (FLIP, "keras.random.uniform((n, 1, 1, 1), seed=seed) < 2.0"),
    loses=["views"],
)  # fmt: skip
augment.slip(
    "flipped-upside-down",
    "the images are flipped top to bottom: a boot never stands on its shaft",
    "les images sont retournées haut-bas : une botte ne tient pas sur sa tige",
    ("ops.flip(images, axis=2)", "ops.flip(images, axis=1)"),
    loses=["views", "pixels"],
    mutant=augmenting(axis=0),
)
augment.slip(
    "shift-one-short",
    "the shift never reaches +2: the upper limit of a draw of whole numbers is left out",
    "le décalage n'atteint jamais +2 : la borne supérieure d'un tirage d'entiers est exclue",
    (DOWN, "down = keras.random.randint((n, 1), 0, 2 * SHIFT, seed=seed)"),
    (RIGHT, "right = keras.random.randint((n, 1), 0, 2 * SHIFT, seed=seed)"),
    loses=["views"],
    mutant=augmenting().replace("0, 5, tf.int32", "0, 4, tf.int32"),
)  # fmt: skip
augment.slip(
    "same-shift-both-ways",
    "the vertical and the horizontal shift are always equal: both come from the same draw",
    "les décalages vertical et horizontal sont toujours égaux : les deux viennent du même tirage",
    (RIGHT, "right = down"),
    loses=["views"],
    mutant=augmenting(right="tf.identity(down)"),
)
augment.slip(
    "whole-number-drawn-again",
    "given a whole number as a seed, every draw starts again from it: the two shifts are always equal",
    "avec un entier pour graine, chaque tirage repart de lui : les deux décalages sont toujours égaux",
    ("    seed = generator(seed)\n    images = ", "    images = "),
    hint=("what was the first line of augment for?",
          "à quoi servait la première ligne d'augment ?"),
)  # fmt: skip
augment.slip(
    "only-sideways",
    "the images are shifted sideways only",
    "les images ne sont décalées que de côté",
    ("down + ops.arange(height)", "ops.full_like(down, SHIFT) + ops.arange(height)"),
    loses=["views"],
)
augment.slip(
    "wrapped-around",
    "what leaves on one side comes back on the other; black should come in",
    "ce qui sort d'un côté rentre de l'autre ; c'est du noir qui doit entrer",
    (PADDED,
     'tf.convert_to_tensor(np.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], mode="wrap"))'),
    loses=["pixels"],
)  # fmt: skip
augment.slip(
    "border-repeated",
    "the border's pixels are repeated outwards; black should come in",
    "les pixels du bord sont répétés vers l'extérieur ; c'est du noir qui doit entrer",
    (PADDED,
     'tf.convert_to_tensor(np.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], mode="edge"))'),
    loses=["pixels"],
)  # fmt: skip
augment.slip(
    "seed-does-not-move",
    "two calls with the same generator give the same views: the draws start again each time",
    "deux appels avec le même générateur donnent les mêmes vues : les tirages recommencent à chaque fois",
    ("images = ops.convert_to_tensor(images)",
     "images, seed = ops.convert_to_tensor(images), keras.random.SeedGenerator(7)"),
    loses=["draws"],
    mutant=augmenting(start="seed = generator(3)"),
)  # fmt: skip
augment.mutant(
    "first-line-gone",
    ["views"],
    [
        ("    seed = generator(seed)\n    images = ops.convert_to_tensor(images)",
         "    images = tf.convert_to_tensor(images)"),
    ],
    named="whole-number-drawn-again",
)  # fmt: skip

# ------------------------------------------------------------------ 2.2 guess

guess = lab.exercise("guess", "2.2", "Guess", "Deviner", "guess_labels")


@guess.check(
    "values", 0.75, "values", "valeurs",
    asked=("mean over the views of the probabilities", "moyenne sur les vues des probabilités"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    k, n, h, w, c, classes = draw.sizes(6, 2, 7)
    model = classifier(draw, student, (h, w, c), classes, 0.6)
    return student.guess_labels(model, draw.normal(k, n, h, w, c))


@guess.check(
    "constant", 0.75, "a constant", "une constante",
    asked=("no gradient flows through the guess", "aucun gradient ne traverse la réponse"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    k, n, h, w, c, classes = draw.sizes(6, 2, 7)
    model = classifier(draw, student, (h, w, c), classes, 0.6)
    views = draw.normal(k, n, h, w, c)
    gradients = student.guess_labels.gradient(model, views, wrt=[0])
    return student.probe(gradients=gradients, params=model.count_params())


@guess.check(
    "statistics", 0.25, "training=True", "training=True",
    asked=("batch normalisation takes the statistics of these images",
           "la normalisation par lot prend les statistiques de ces images"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    """With the statistics of these very images, images that are all k times as bright change nothing."""
    k, n, h, w, c, classes = draw.sizes(6, 4, 9)
    views = draw.normal(k, n, h, w, c)
    layers = student.keras.layers
    model = student.keras.Sequential(
        [layers.Flatten(), layers.BatchNormalization(), layers.Dense(classes, name="logits")]
    )
    model.build([None, h, w, c])
    model.set_weights({"logits/kernel": draw.normal(h * w * c, classes, scale=0.1)})
    once, brighter = student.guess_labels(model, views), student.guess_labels(model, 5 * views + 1)
    same = holds(student, once, brighter, 2e-2)
    return student.probe(statistics_of_these_images=same, params=model.count_params())


def guessing(
    one: str = "tf.nn.softmax(model(view, training=True))",
    whole: str = "tf.stop_gradient(total / len(views))",
) -> str:
    """The guess view by view, with one thing changed."""
    return f"""
def guess_labels(model, views):
    total = 0.0
    for view in views:
        total = total + {one}
    return {whole}
"""


guess.slip(
    "average-logits",
    "the logits are averaged, then the softmax is taken: a single very sure view outvotes all others",
    "on moyenne les logits avant le softmax : une seule vue très sûre l'emporte sur toutes les autres",
    ("p = ops.reshape(ops.softmax(logits), (k, n, -1))", "p = ops.reshape(logits, (k, n, -1))"),
    ("ops.stop_gradient(ops.mean(p, axis=0))",
     "ops.stop_gradient(ops.softmax(ops.mean(p, axis=0)))"),
    hint=("what is to be averaged, before or after the softmax?",
          "que faut-il moyenner, avant ou après le softmax ?"),
    loses=["values"],
    mutant=guessing(
        one="model(view, training=True)",
        whole="tf.stop_gradient(tf.nn.softmax(total / len(views)))",
    ),
)  # fmt: skip
guess.slip(
    "no-softmax",
    "logits come back, not probabilities",
    "ce sont des logits qui reviennent, pas des probabilités",
    ("ops.softmax(logits)", "logits"),
    loses=[
        "values",
        "mixmatch.targets",
        "mixmatch.order",
        "mixmatch.partners",
        "mixmatch.views",
        "mixmatch.constant",
        "mixmatch.single",
    ],
    mutant=guessing(one="model(view, training=True)"),
)
guess.slip(
    "gradient-through-guess",
    "a gradient flows through the guess: the network learns to move its target",
    "un gradient traverse la réponse : le réseau apprend à déplacer sa cible",
    ("return ops.stop_gradient(ops.mean(p, axis=0))", "return ops.mean(p, axis=0)"),
    hint=("which Keras operation lets values through, but no gradient?",
          "quelle opération de Keras laisse passer les valeurs, mais pas le gradient ?"),
    loses=["constant"],
    mutant=guessing(whole="total / len(views)"),
)  # fmt: skip
guess.slip(
    "guess-in-inference-mode",
    "the network is called without training=True: batch normalisation takes its moving averages, which come from mixed images",
    "le réseau est appelé sans training=True : la normalisation par lot prend ses moyennes mobiles, qui viennent d'images mélangées",
    (", training=True)", ", training=False)"),
    credit=1.0,
    loses=[],
    mutant=guessing(one="tf.nn.softmax(model(view))"),
)
guess.slip(
    "sum-over-views",
    "the probabilities are summed over the views, not averaged: the rows sum to K",
    "les probabilités sont sommées sur les vues, pas moyennées : les lignes somment à K",
    ("ops.mean(p, axis=0)", "ops.sum(p, axis=0)"),
    loses=[
        "values",
        "mixmatch.targets",
        "mixmatch.order",
        "mixmatch.partners",
        "mixmatch.views",
        "mixmatch.constant",
        "mixmatch.single",
    ],
    mutant=guessing(whole="tf.stop_gradient(total)"),
)
guess.slip(
    "mean-over-images",
    "the mean is taken over the images, not over the views",
    "la moyenne est prise sur les images, pas sur les vues",
    ("ops.mean(p, axis=0)", "ops.mean(p, axis=1)"),
)
guess.slip(
    "views-not-averaged",
    "only one view is listened to",
    "une seule vue est écoutée",
    ("ops.mean(p, axis=0)", "p[0]"),
    loses=["values"],
    mutant="""
def guess_labels(model, views):
    return tf.stop_gradient(tf.nn.softmax(model(views[0], training=True)))
""",
)
guess.slip(
    "views-and-images-mixed-up",
    "answers of different images are averaged: the axes are cut up in the wrong order",
    "on moyenne les réponses d'images différentes : les axes sont découpés dans le mauvais ordre",
    ("p = ops.reshape(ops.softmax(logits), (k, n, -1))",
     "p = ops.swapaxes(ops.reshape(ops.softmax(logits), (n, k, -1)), 0, 1)"),
)  # fmt: skip
guess.slip(
    "sharpen-then-average",
    "each view's answer is sharpened before the mean; the mean comes first",
    "la réponse de chaque vue est affûtée avant la moyenne ; la moyenne vient d'abord",
    ("p = ops.reshape(ops.softmax(logits), (k, n, -1))",
     "p = ops.reshape(ops.softmax(2.0 * logits), (k, n, -1))"),
    hint=("what does a view that hesitates weigh, before and after sharpening?",
          "que pèse une vue qui hésite, avant et après affûtage ?"),
    loses=["values"],
    mutant=guessing(one="sharpen(tf.nn.softmax(model(view, training=True)), 0.5)"),
)  # fmt: skip
guess.slip(
    "hard-labels",
    "the guess is the most likely class alone; the mean of the probabilities is asked for",
    "la réponse est la seule classe la plus probable ; on demande la moyenne des probabilités",
    ("ops.stop_gradient(ops.mean(p, axis=0))",
     "ops.one_hot(ops.argmax(ops.mean(p, axis=0), axis=-1), p.shape[-1])"),
)  # fmt: skip
guess.mutant(
    "views-are-the-constant",
    ["constant"],
    """
def guess_labels(model, views):
    views = ops.stop_gradient(ops.convert_to_tensor(views))  # the weights still learn
    return ops.mean(ops.stack([ops.softmax(model(v, training=True)) for v in views]), axis=0)
""",
    named="gradient-through-guess",
)

# ------------------------------------------------------------------ 2.3 sharpen

sharpen = lab.exercise("sharpen", "2.3", "Sharpen", "Affûter", "sharpen")


@sharpen.check(
    "values", 1.25, "values", "valeurs",
    asked=("powers 1/T, divided by their sum", "puissances 1/T, divisées par leur somme"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, classes, more = draw.sizes(3, 3, 8)
    cold, warm = (float(draw.uniform(1, low=a, high=b)[0]) for a, b in ((0.3, 0.8), (1.3, 3)))
    p = draw.probabilities(n, classes)
    return student.probe(
        out=student.sharpen(p, cold),
        flatter=student.sharpen(p, warm),
        three_axes=student.sharpen(draw.probabilities(more, n, classes), 0.5),
    )


sharpen.slip(
    "sharpen-exponent-T",
    "the exponent is T, it should be 1/T: that flattens instead of sharpening",
    "l'exposant est T au lieu de 1/T : cela aplatit au lieu d'affûter",
    ("1 / temperature)", "temperature)"),
    hint=("with T = 0.5, should 0.5 become larger or smaller than 0.5?",
          "avec T = 0,5, la valeur 0,5 doit-elle monter ou descendre ?"),
    loses=["values"],
    mutant="""
def sharpen(p, temperature):
    made = np.asarray(p) ** temperature
    return made / made.sum(-1)[..., None]
""",
)  # fmt: skip
sharpen.slip(
    "sharpen-not-renormalised",
    "the rows no longer sum to 1: the powers are not divided by their sum",
    "les lignes ne somment plus à 1 : les puissances ne sont pas divisées par leur somme",
    ("powers / ops.sum(powers, axis=-1, keepdims=True)", "powers"),
    loses=["values"],
    mutant="def sharpen(p, temperature):\n    return tf.exp(tf.math.log(p) / temperature)",
)
sharpen.slip(
    "sharpen-over-the-batch",
    "the powers are divided by the sum over everything, not over the classes of each row",
    "les puissances sont divisées par la somme de tout, pas par celle des classes de chaque ligne",
    ("ops.sum(powers, axis=-1, keepdims=True)", "ops.sum(powers)"),
)
sharpen.slip(
    "softmax-of-probabilities",
    "a softmax of p/T is taken: p holds probabilities, not logits",
    "un softmax de p/T est appliqué : p contient des probabilités, pas des logits",
    ("powers / ops.sum(powers, axis=-1, keepdims=True)", "ops.softmax(p / temperature)"),
    loses=["values"],
    mutant="def sharpen(p, temperature):\n    return keras.activations.softmax(ops.convert_to_tensor(p) / temperature)",
)
sharpen.slip(
    "temperature-ignored",
    "every T gives the same: the square is built in",
    "tout T donne la même chose : le carré est fixé",
    ("ops.power(p, 1 / temperature)", "ops.power(p, 2.0)"),
)

# ------------------------------------------------------------------ 2.4 mixup

mixup = lab.exercise("mixup", "2.4", "Mix", "Mélanger", "mixup", forbids=["keras.layers.MixUp"])


@mixup.check(
    "shares", 0.75, "the draw of λ", "le tirage de λ",
    asked=("max(λ, 1 − λ), λ drawn from Beta(α, α)", "max(λ, 1 − λ), λ tiré de Beta(α, α)"),
    expect={"share_for_a_small_alpha": Distribution(20), "share_for_a_large_alpha": Distribution(20)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    small, large = (float(draw.uniform(1, low=a, high=b)[0]) for a, b in ((0.12, 0.18), (6, 9)))
    images, one, two = draw.uniform(1, 2, 3, 1), np.float32([[1, 0]]), np.float32([[0, 1]])
    xp = student.np
    x, y1, y2 = (student.keras.ops.multiply(a, 1.0) for a in (images, one, two))
    seed = seeded(draw, student)

    def shares(alpha: float, n: int) -> Handle:
        labels = xp.concatenate([student.mixup(x, y1, x, y2, alpha, seed)[1] for _ in range(n)])
        return xp.floor(xp.matmul(labels, numpy_array(np.float64([[19.999999], [0]]))))

    def likely(alpha: float) -> np.ndarray:
        upper = np.diff(betainc(alpha, alpha, np.linspace(0.5, 1, 11)))
        return np.concatenate([np.zeros(10), 2 * upper])

    of_small, of_large = shares(small, 80), shares(large, 40)
    many, ones, twos = np.tile(images, (16, 1, 1, 1)), np.tile(one, (16, 1)), np.tile(two, (16, 1))
    labels = student.mixup(many, ones, many, twos, 0.75, seed)[1]
    least = xp.min(xp.matmul(labels, numpy_array(np.float64([[1], [0]]))))
    return student.probe(
        share_for_a_small_alpha=of_small,
        share_for_a_large_alpha=of_large,
        all_closer_to_the_first=xp.greater(least, 0.4999),
    ), {"share_for_a_small_alpha": likely(small), "share_for_a_large_alpha": likely(large)}


def codes(draw: Draw, n: int, h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    """Two batches of images (n, h, w, 2n): one bright pixel each, in a channel of its own."""
    channels = 2 * n
    images = np.zeros((channels, h, w, channels), np.float32)
    for i in range(channels):
        images[i, draw.rng.integers(h), draw.rng.integers(w), i] = 1
    return images[:n], images[n:]


def one_mix(draw: Draw, student: Student) -> dict[str, Handle]:
    """What can be seen of one call of `mixup`."""
    draw = draw.named("mix")
    n, h, w, classes = draw.sizes(4, 3, 9)
    x1, x2 = codes(draw, n, h, w)
    y1, y2 = draw.probabilities(n, classes), draw.probabilities(n, classes)
    seed = int(draw.rng.integers(1000))
    xp = student.np
    with student.shared():
        pair = student.mixup(x1, y1, x2, y2, 0.75, seed)
        x, y = pair[0], pair[1]
        shares = sum_of_pixels(student, x, 1)
        as_the_images = xp.matmul(shares, numpy_array(np.concatenate([y1, y2])))
        found = {
            "labels_mixed_as_images": holds(student, y, as_the_images),
            "shares_sum_to_one": holds(student, xp.sum(shares, axis=1), 1.0),
            "labels_unmixed": holds(student, y, numpy_array(y1)),
        }
        strangers = xp.multiply(shares, numpy_array(1.0 - np.tile(np.eye(n), 2)))
        found["pairs_in_order"] = holds(student, strangers, 0.0)
        found["examples_differ"] = xp.greater(xp.ptp(xp.max(shares, axis=1)), 1e-6)
        again, other = (student.mixup(x1, y1, x2, y2, 0.75, s)[0] for s in (seed, seed + 1))
        found["same_seed_same_shares"] = holds(student, x, again, 1e-5)
        found["other_seed_same_shares"] = holds(student, x, other, 1e-5)
        found["largest_given"] = xp.max(numpy_array(y1))  # so that no answer fits every key
    return found


@mixup.check(
    "together", 0.75, "images and labels alike", "images et étiquettes pareillement",
    asked=("shares λ′ and 1 − λ′, the same for image and label",
           "parts λ′ et 1 − λ′, les mêmes pour l'image et l'étiquette"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, one_mix(draw, student), "labels_mixed_as_images", "shares_sum_to_one",
        "labels_unmixed", "pairs_in_order", "largest_given",
    )  # fmt: skip


@mixup.check(
    "each", 0.25, "one λ an example", "un λ par exemple",
    asked=("the examples of a batch have shares of their own; a seed gives the same again, another gives others",
           "les exemples d'un lot ont chacun leurs parts ; une graine redonne les mêmes, une autre d'autres"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, one_mix(draw, student), "examples_differ", "same_seed_same_shares",
        "other_seed_same_shares", "largest_given",
    )  # fmt: skip


def mixing(
    draw: str = "keras.random.beta((len(x1),), alpha, alpha, seed=seed)",
    fold: str = "tf.where(lam < 0.5, 1 - lam, lam)",
    y: str = "y2 + lam[:, None] * (y1 - y2)",
    again: str = "",
) -> str:
    """MixUp with TensorFlow, with one thing changed."""
    return f"""
def mixup(x1, y1, x2, y2, alpha, seed):
    seed = generator(seed)
    x1, y1, x2, y2 = (tf.convert_to_tensor(a) for a in (x1, y1, x2, y2))
    lam = {draw}
    lam = {fold}
    x = x2 + lam[:, None, None, None] * (x1 - x2)
    {again}
    return x, {y}
"""


BETA = "keras.random.beta((n,), alpha, alpha, seed=seed)"

mixup.slip(
    "no-max-lambda",
    "λ may be below one half: the mixed image can be closer to the second than to the first",
    "λ peut être sous un demi : l'image mélangée peut être plus proche de la seconde que de la première",
    ("    share = ops.maximum(share, 1 - share)\n", ""),
    hint=("what did MixMatch add to MixUp?", "qu'est-ce que MixMatch a ajouté à MixUp ?"),
    loses=["shares"],
    mutant=mixing(fold="lam + 0.0"),
)
mixup.slip(
    "min-lambda",
    "the smaller share goes to the first image",
    "c'est la plus petite part qui va à la première image",
    ("ops.maximum(share, 1 - share)", "ops.minimum(share, 1 - share)"),
)
mixup.slip(
    "lambda-uniform",
    "λ does not follow Beta(alpha, alpha): alpha changes nothing",
    "λ ne suit pas Beta(alpha, alpha) : alpha ne change rien",
    (BETA, "keras.random.uniform((n,), seed=seed)"),
    loses=["shares"],
    mutant=mixing(draw="tf.random.stateless_uniform((len(x1),), seed.next())"),
)
mixup.slip(
    "maximum-for-the-batch",
    "λ and 1 − λ are exchanged for the whole batch at once: some examples stay below one half",
    "λ et 1 − λ sont échangés pour tout le lot d'un coup : certains exemples restent sous un demi",
    ("share = ops.maximum(share, 1 - share)",
     "share = ops.where(ops.mean(share) < 0.5, 1 - share, share)"),
    hint=("of what is the maximum taken?", "de quoi prend-on le maximum ?"),
    loses=["shares"],
    mutant=mixing(fold="1 - lam if tf.reduce_mean(lam) < 0.5 else lam"),
)  # fmt: skip
mixup.slip(
    "beta-with-one-parameter",
    "λ follows Beta(alpha, 1), which is not symmetric",
    "λ suit Beta(alpha, 1), qui n'est pas symétrique",
    (BETA, "keras.random.beta((n,), alpha, 1.0, seed=seed)"),
    loses=["shares"],
    mutant=mixing(draw="keras.random.beta((len(x1),), alpha, 1, seed=seed)"),
)  # fmt: skip
mixup.slip(
    "seed-ignored-in-mixup",
    "`seed` does not count: the same seed gives other shares each time",
    "`seed` ne compte pas : la même graine donne d'autres parts à chaque fois",
    (BETA, "keras.random.beta((n,), alpha, alpha)"),
    loses=["each"],
    mutant=mixing(draw="tf.constant(np.random.beta(alpha, alpha, len(x1)), tf.float32)"),
)
mixup.slip(
    "different-lambda-for-x-and-y",
    "images and labels are mixed in different shares: the label no longer says what the image holds",
    "images et étiquettes sont mélangées dans des parts différentes : l'étiquette ne dit plus ce que contient l'image",
    ("for_labels = ops.reshape(share, (n, 1, 1, 1)), ops.reshape(share, (n, 1))",
     "for_labels = ops.reshape(share, (n, 1, 1, 1)), ops.reshape(ops.maximum(1 - (other := keras.random.beta((n,), alpha, alpha, seed=seed)), other), (n, 1))"),
    hint=("how many times is λ drawn?", "combien de fois λ est-il tiré ?"),
    loses=["together"],
    mutant=mixing(
        again="lam = keras.random.beta((len(x1),), alpha, alpha, seed=seed)\n    lam = tf.maximum(lam, 1 - lam)",
    ),
)  # fmt: skip
mixup.slip(
    "labels-not-mixed",
    "the labels come back unmixed",
    "les étiquettes reviennent sans être mélangées",
    ("y = for_labels * y1 + (1 - for_labels) * y2", "y = y1"),
    loses=["shares", "together"],
    mutant=mixing(y="tf.identity(y1)"),
)
mixup.slip(
    "shares-not-adding-up",
    "the two shares do not add up to 1",
    "les deux parts ne somment pas à 1",
    ("x = for_images * x1 + (1 - for_images) * x2", "x = for_images * x1 + for_images * x2"),
    ("y = for_labels * y1 + (1 - for_labels) * y2", "y = for_labels * y1 + for_labels * y2"),
)
mixup.slip(
    "one-lambda-per-batch",
    "one λ for the whole batch: it works, but an unlucky draw spoils a whole step; draw one an example",
    "un seul λ pour tout le lot : cela marche, mais un tirage malheureux gâche un pas entier ; tirez-en un par exemple",
    (BETA, "ops.tile(keras.random.beta((1,), alpha, alpha, seed=seed), (n,))"),
    credit=1.0,
    loses=[],
    mutant=mixing(draw="tf.repeat(keras.random.beta((1,), alpha, alpha, seed=seed), len(x1))"),
)  # fmt: skip
mixup.mutant(
    "lambda-not-drawn",
    ["shares", "each", "mixmatch.views"],
    mixing(draw="tf.fill([len(x1)], 0.75)"),
    named="",
)
mixup.mutant(
    "images-not-mixed",
    ["together", "each", "mixmatch.targets", "mixmatch.partners"],
    [("x = for_images * x1 + (1 - for_images) * x2", "x = x1")],
    named="",
)

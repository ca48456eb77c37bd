"""3.1 of TP5: the algorithm, seen from outside by images with one bright pixel each."""

from __future__ import annotations

import numpy as np
from lab import SHIFT, chosen, classifier, dot, holds, lab, seeded, sum_of_pixels

from grader.authoring import Close, Draw, Handle, Student, numpy_array

mixmatch = lab.exercise("mixmatch", "3.1", "MixMatch", "MixMatch", "mixmatch")


def shapes(student: Student, four: Handle) -> dict[str, Handle]:
    """The shapes of the four results of `mixmatch`."""
    return {
        f"{name}_shape": student.np.shape(student.np.asarray(four[i]))
        for i, name in enumerate("xyuq")
    }


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


def guessed_from_these_views(draw: Draw, student: Student) -> Handle:
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
    xp = student.np

    def view(places: Handle) -> Handle:
        places_of_u = xp.split(places, [n])[1]
        maps = xp.take(numpy_array(np.eye(h * w, dtype=np.float32)), places_of_u, axis=0)
        return xp.multiply(xp.reshape(maps, [m, h, w, 1]), numpy_array(own))

    model = classifier(draw, student, images.shape[1:], classes, 1.5)
    four = student.mixmatch(
        model, images[:n], y, images[n:], seeded(draw, student), views=2, temperature=temperature
    )
    mixed, targets = xp.concatenate([four[0], four[2]]), xp.concatenate([four[1], four[3]])
    shares = sum_of_pixels(student, mixed, 1)
    found = xp.split(xp.linalg.lstsq(shares, targets, None)[0], [n])[1]
    bright = xp.greater(xp.max(mixed, axis=0), 1e-6)
    flat = xp.reshape(bright, [h * w, n + m])
    first = xp.argmax(flat, axis=0)
    last = xp.subtract(h * w - 1, xp.argmax(xp.flip(flat, 0), axis=0))
    guess = student.guess_labels(model, xp.stack([view(first), view(last)]))
    as_sharpened = holds(student, found, student.sharpen(guess, temperature), 1e-2)
    as_guessed = holds(student, found, guess, 1e-2)  # sharpening is another check's matter
    hard = xp.take(numpy_array(np.eye(classes)), xp.argmax(guess, axis=1), axis=0)
    return xp.any([as_sharpened, as_guessed, holds(student, found, hard, 1e-2)])


def matched(draw: Draw, student: Student, sees: str) -> dict[str, Handle]:
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
    xp = student.np
    if sees == "channels":
        layers = student.keras.layers
        model = student.keras.Sequential(
            [layers.GlobalAveragePooling2D(), layers.Dense(classes, name="logits")]
        )
        model.build([None, h, w, channels])
        model.set_weights(draw.dense("logits", channels, classes, 1.2 * h * w, bias=0.3))
        seed, alpha = seeded(draw, student), 0.75
    else:
        model = classifier(draw, student, (h, w, channels), classes, 1.5)
        seed, alpha = int(draw.rng.integers(1000)), 30.0
        seeded(draw, student)
    given = (model, images[:n], y, images[n:], seed)
    found = {"first_dot": xp.argmax(numpy_array(images))}  # so that no answer fits every key
    four = student.mixmatch(*given, views=views, temperature=temperature, alpha=alpha)
    found |= shapes(student, four)
    mixed, targets = xp.concatenate([four[0], four[2]]), xp.concatenate([four[1], four[3]])
    shares = sum_of_pixels(student, mixed, 1)
    found["target_of_each_image"] = xp.linalg.lstsq(shares, targets, None)[0]
    explained = xp.matmul(shares, found["target_of_each_image"])
    found["one_target_an_image"] = holds(student, targets, explained, 1e-2)
    # who is where, and who meets whom
    cut = xp.split(shares, [n])
    x_shares, u_shares = cut[0], cut[1]
    x_from_u, u_from_x = xp.split(x_shares, [n], axis=1)[1], xp.split(u_shares, [n], axis=1)[0]
    mostly = xp.argmax(x_shares, axis=1)
    found["labelled_first"] = xp.array_equal(mostly, numpy_array(np.arange(n)))
    is_labelled = xp.equal(xp.argmax(shares, axis=1, keepdims=True), numpy_array(np.arange(n)))
    steps = xp.diff(xp.argmax(is_labelled, axis=0))
    found["labelled_side_by_side"] = xp.array_equal(steps, numpy_array(np.ones(n - 1, int)))
    views_of = xp.sort(xp.argmax(u_shares, axis=1))
    every_view = numpy_array(np.arange(n, n + m).repeat(views))
    found["then_all_views"] = xp.array_equal(views_of, every_view)
    found["x_meets_u"] = xp.greater(xp.max(x_from_u), 1e-5)
    found["u_meets_x"] = xp.greater(xp.max(u_from_x), 1e-5)
    found["x_is_mixed"] = xp.less(xp.min(xp.max(x_shares, axis=1)), 0.9999)
    middle = xp.median(xp.max(shares, axis=1))
    zone = xp.digitize(middle, [0.66, 0.9999])  # 2: nothing is mixed at all
    found["another_alpha"] = xp.equal(zone, 1)
    times = xp.sum(xp.greater(shares, 1e-6), axis=0)
    too_often = xp.greater(times, numpy_array(np.repeat([2, 2 * views], [n, m])))
    found["met_twice"] = xp.any(too_often)
    again = student.mixmatch(*given, views=views, alpha=alpha)
    found["same_seed_same_images"] = holds(student, four[0], again[0], 1e-5)
    partners_again = xp.greater(sum_of_pixels(student, again[0], 1), 1e-6)
    partners = xp.greater(x_shares, 1e-6)
    found["same_partners_again"] = xp.array_equal(partners, partners_again)
    # how many places the bright pixel of an image was seen at
    bright = xp.greater(xp.max(mixed, axis=0), 1e-6)
    places = xp.split(sum_of_pixels(student, bright, 0), [n])
    found["views_of_a_labelled_image"] = xp.max(places[0])
    found["views_of_an_unlabelled_image"] = xp.max(places[1])
    stayed = xp.multiply(bright, xp.max(numpy_array(images), axis=0))
    unmoved = xp.split(sum_of_pixels(student, stayed, 0), [n])
    found["labelled_images_augmented"] = xp.less(xp.min(unmoved[0]), 0.5)
    found["originals_are_no_views"] = xp.less(xp.min(unmoved[1]), 0.5)
    return found


def shared_match(draw: Draw, student: Student) -> dict[str, Handle]:
    with student.shared():
        return matched(draw.named("channels"), student, "channels")


@mixmatch.check(
    "targets", 1.25, "targets", "cibles",
    asked=("each image's label or sharpened guess, mixed as the images are",
           "l'étiquette ou la réponse affûtée de chaque image, mélangée comme les images"),
    expect={"target_of_each_image": Close(2e-3, 2e-3)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, shared_match(draw, student), "x_shape", "y_shape", "u_shape", "q_shape",
        "target_of_each_image",
    )  # fmt: skip


@mixmatch.check(
    "order", 0.5, "images and targets together", "images et cibles ensemble",
    asked=("image and label move in the same order", "image et étiquette changent de place ensemble"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, shared_match(draw, student), "one_target_an_image", "labelled_first",
        "labelled_side_by_side", "then_all_views", "first_dot",
    )  # fmt: skip


@mixmatch.check(
    "partners", 0.5, "who meets whom", "qui rencontre qui",
    asked=("labelled and unlabelled images are mixed with any other",
           "étiquetées ou non, les images se mélangent à n'importe quelle autre"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, shared_match(draw, student), "x_is_mixed", "x_meets_u", "u_meets_x",
        "same_partners_again", "met_twice", "first_dot",
    )  # fmt: skip


@mixmatch.check(
    "views", 0.5, "views", "vues",
    asked=("K different views, one target for all, also where the seed is a whole number, which gives the same again",
           "K vues différentes, une seule cible pour toutes, aussi quand la graine est un entier, qui redonne la même chose"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    first = shared_match(draw, student)
    together = student.np.bool_(first["one_target_an_image"])
    found = matched(draw, student, "pixels")
    found["image_and_label_together"] = together
    found["guessed_from_these_views"] = guessed_from_these_views(draw, student)
    return chosen(
        student, found, "views_of_an_unlabelled_image", "views_of_a_labelled_image",
        "labelled_images_augmented", "originals_are_no_views", "another_alpha",
        "image_and_label_together", "one_target_an_image", "same_seed_same_images",
        "guessed_from_these_views", "first_dot",
    )  # fmt: skip


@mixmatch.check(
    "constant", 0.5, "constant targets", "cibles constantes",
    asked=("no gradient flows through the targets", "aucun gradient ne traverse les cibles"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    h, w, c, classes = draw.sizes(4, 5, 9)
    y = np.eye(classes, dtype=np.float32)[draw.rng.integers(0, classes, 3)]
    x, u = draw.uniform(3, h, w, c), draw.uniform(4, h, w, c)
    model = classifier(draw, student, (h, w, c), classes)
    gradients = student.targets_of.gradient(model, x, y, u, seeded(draw, student), wrt=[0])
    return student.probe(gradients=gradients, params=model.count_params())


@mixmatch.check(
    "single", 0.25, "one unlabelled image, another augmentation",
    "une seule image sans étiquette, une autre augmentation",
    asked=("m = 1, n = 3, `augmentation` given", "m = 1, n = 3, `augmentation` donnée"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    images = dots(draw, 4)
    (classes,) = draw.sizes(1, 5, 9)
    y = np.eye(classes, dtype=np.float32)[draw.rng.integers(0, classes, 3)]
    model = classifier(draw, student, images.shape[1:], classes)
    seed = seeded(draw, student)
    four = student.mixmatch(
        model, images[:3], y, images[3:], seed, views=2, augmentation=student.as_they_are
    )
    xp = student.np
    found = shapes(student, four)
    sums = xp.sum(four[3], axis=1)
    bright = xp.greater(xp.max(xp.concatenate([four[0], four[2]]), axis=0), 1e-6)
    as_told = xp.array_equal(bright, numpy_array(images.max(axis=0) > 0))
    return student.probe(**found, sums=sums, augmented_as_told=as_told)


def matching(
    views: str = "[view(u, seed) for k in range(views)]",
    q: str = "[sharpen(guess_labels(model, tf.stack(parts)), temperature)] * views",
    order: str = "keras.random.shuffle(tf.range(n + views * len(u)), seed=seed)",
    labels_order: str = "order",
    x: str = "view(x, seed)",
    end: str = "",
) -> str:
    """The algorithm with TensorFlow, with one thing changed."""
    return f"""
def mixmatch(model, x, y, u, seed, views=2, temperature=0.5, alpha=0.75, augmentation=None):
    seed = generator(seed)
    view = augment if augmentation is None else augmentation
    n = len(x)
    x = {x}
    parts = {views}
    every = tf.concat([x, *parts], axis=0)
    targets = tf.concat([tf.cast(y, tf.float32), *({q})], axis=0)
    order = {order}
    wx, wy = tf.gather(every, order), tf.gather(targets, {labels_order})
    {end}
    mixed, soft = mixup(every, targets, wx, wy, alpha, seed)
    return mixed[:n], soft[:n], mixed[n:], soft[n:]
"""


SHARPENED = "sharpen(guess_labels(model, all_views), temperature)"
MIXED = "mixup(images, labels, *others, alpha, seed)"

mixmatch.slip(
    "same-augmentation-k-times",
    "the K views of an image are one and the same view",
    "les K vues d'une image sont une seule et même vue",
    ("ops.stack([augmentation(u, seed) for _ in range(views)])",
     "ops.stack([augmentation(u, seed)] * views)"),
    hint=("how many times is augment called, and does its seed move on?",
          "combien de fois augment est-il appelé, et sa graine avance-t-elle ?"),
    loses=["views"],
    mutant=matching(views="[view(u, seed)] * views"),
)  # fmt: skip
mixmatch.slip(
    "labels-shuffled-separately",
    "the targets are not mixed as the images are, usually because two orders were drawn: a coat is mixed in, a sandal's label comes with it",
    "les cibles ne sont pas mélangées comme les images, en général parce que deux ordres ont été tirés : on mêle un manteau, avec l'étiquette d'une sandale",
    ("ops.take(labels, order, axis=0)",
     "ops.take(labels, keras.random.shuffle(order, seed=seed), axis=0)"),
    hint=("how many orders are drawn?", "combien d'ordres sont tirés ?"),
    loses=["targets", "order", "views"],
    mutant=matching(labels_order="keras.random.shuffle(tf.range(len(every)), seed=seed)"),
)  # fmt: skip
mixmatch.slip(
    "guess-differs-per-view",
    "each view has its own guess as a target; the K views of an image share one",
    "chaque vue a sa propre réponse pour cible ; les K vues d'une image en partagent une",
    ("q = sharpen(guess_labels(model, all_views), temperature)",
     "q = ops.concatenate([sharpen(guess_labels(model, v[None]), temperature) for v in all_views])"),
    ("ops.tile(q, (views, 1))", "q"),
    hint=("which idea says that all views have one label?",
          "quelle idée dit que toutes les vues ont une même étiquette ?"),
    loses=["views"],
    mutant=matching(q="[sharpen(guess_labels(model, part[None]), temperature) for part in parts]"),
)  # fmt: skip
mixmatch.slip(
    "not-sharpened",
    "the guess is used as it is, not sharpened",
    "la réponse sert telle quelle, sans être affûtée",
    (SHARPENED, "guess_labels(model, all_views)"),
    loses=["targets"],
    mutant=matching(q="[guess_labels(model, tf.stack(parts))] * views"),
)
mixmatch.slip(
    "temperature-not-passed-on",
    "sharpen is not given `temperature`: another value is fixed",
    "sharpen ne reçoit pas `temperature` : une autre valeur est fixée",
    (SHARPENED, "sharpen(guess_labels(model, all_views), 0.5)"),
    loses=["targets"],
    mutant=matching(q="[sharpen(guess_labels(model, tf.stack(parts)), 1 / 2)] * views"),
)  # fmt: skip
mixmatch.slip(
    "hard-targets",
    "the target is the most likely class alone; the sharpened answer is asked for",
    "la cible est la seule classe la plus probable ; on demande la réponse affûtée",
    (SHARPENED, "ops.one_hot(ops.argmax(guess_labels(model, all_views), axis=-1), y.shape[1])"),
    loses=["targets"],
    mutant=matching(
        q="[tf.one_hot(tf.argmax(guess_labels(model, tf.stack(parts)), 1), y.shape[1])] * views",
    ),
)  # fmt: skip
mixmatch.slip(
    "cut-at-the-wrong-end",
    "the mixed batch is cut at the wrong place: the labelled images are not where they were put",
    "le lot mélangé est coupé au mauvais endroit : les images étiquetées ne sont pas là où elles ont été mises",
    ("return images[:n], labels[:n], images[n:], labels[n:]",
     "return images[-n:], labels[-n:], images[:-n], labels[:-n]"),
    hint=("in which order was everything put together?",
          "dans quel ordre tout a-t-il été mis ensemble ?"),
    loses=["order"],
    mutant=matching().replace(
        "mixed[:n], soft[:n], mixed[n:], soft[n:]",
        "mixed[-n:], soft[-n:], mixed[:-n], soft[:-n]",
    ),
)  # fmt: skip
mixmatch.slip(
    "partners-drawn-with-replacement",
    "the copy is not shuffled: partners are drawn with replacement, some come twice, others not at all",
    "la copie n'est pas mélangée : les partenaires sont tirés avec remise, certains viennent deux fois, d'autres jamais",
    ("keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
     "keras.random.randint((n + views * m,), 0, n + views * m, seed=seed)"),
    loses=["partners"],
    mutant=matching(
        order="tf.random.stateless_uniform((len(every),), seed.next(), 0, len(every), tf.int32)",
    ),
)  # fmt: skip
mixmatch.slip(
    "seed-ignored-in-mixmatch",
    "`seed` does not count for the order: the same seed mixes other images",
    "`seed` ne compte pas pour l'ordre : la même graine mélange d'autres images",
    ("keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
     "keras.random.shuffle(ops.arange(n + views * m))"),
    loses=["views"],
    mutant=matching(order="tf.random.shuffle(tf.range(len(every)))"),
)  # fmt: skip
mixmatch.slip(
    "targets-in-another-order",
    "views and targets do not stand in the same order: a target belongs to another image",
    "vues et cibles ne sont pas dans le même ordre : une cible va à une autre image",
    ("ops.tile(q, (views, 1))", "ops.repeat(q, views, axis=0)"),
    loses=["targets", "order", "views"],
    mutant=matching(
        q="[tf.repeat(sharpen(guess_labels(model, tf.stack(parts)), temperature), views, axis=0)]"
    ),
)
mixmatch.slip(
    "mix-unlabelled-only",
    "only the unlabelled views are mixed; the labelled images come back pure",
    "seules les vues sans étiquette sont mélangées ; les images étiquetées reviennent pures",
    ("return images[:n], labels[:n], images[n:], labels[n:]",
     "return x, ops.cast(y, q.dtype), images[n:], labels[n:]"),
    loses=["partners"],
    mutant="""
def mixmatch(model, x, y, u, seed, views=2, temperature=0.5, alpha=0.75, augmentation=None):
    seed = generator(seed)
    view = augmentation or augment
    x, y = view(x, seed), tf.cast(y, tf.float32)
    us = tf.stack([view(u, seed) for _ in range(views)])
    q = tf.concat([sharpen(guess_labels(model, us), temperature)] * views, 0)
    us = tf.reshape(us, (-1, *us.shape[2:]))
    pool, labels = tf.concat([us, x], 0), tf.concat([q, y], 0)
    order = keras.random.shuffle(tf.range(len(pool)), seed=seed)[: len(us)]
    us, q = mixup(us, q, tf.gather(pool, order), tf.gather(labels, order), alpha, seed)
    return x, y, us, q
""",
)  # fmt: skip
mixmatch.slip(
    "mixed-apart",
    "labelled images meet labelled ones only, unlabelled views only each other",
    "les étiquetées ne rencontrent que des étiquetées, les vues sans étiquette que leurs semblables",
    ("order = keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
     "order = ops.concatenate([keras.random.shuffle(ops.arange(n), seed=seed), n + keras.random.shuffle(ops.arange(views * m), seed=seed)])"),
    loses=["partners"],
    mutant=matching(
        order="tf.concat([keras.random.shuffle(tf.range(n), seed=seed), keras.random.shuffle(tf.range(n, n + views * len(u)), seed=seed)], 0)",
    ),
)  # fmt: skip
mixmatch.slip(
    "partners-fixed",
    "each place of the batch is always mixed with the same other place: the order is not drawn",
    "chaque place du lot est toujours mélangée avec la même autre : l'ordre n'est pas tiré",
    ("order = keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
     "order = ops.arange(n + views * m)[::-1]"),
    loses=["partners"],
    mutant=matching(end="wx, wy = tf.reverse(every, [0]), tf.reverse(targets, [0])"),
)  # fmt: skip
mixmatch.slip(
    "not-mixed",
    "nothing is mixed: mixup is not called, or each image meets itself",
    "rien n'est mélangé : mixup n'est pas appelé, ou chaque image se rencontre elle-même",
    ("    images, labels = mixup(images, labels, *others, alpha, seed)\n", ""),
    loses=["partners"],
    mutant=matching(end="wx, wy = every, targets"),
)
mixmatch.slip(
    "labelled-not-augmented",
    "the labelled images are not augmented",
    "les images étiquetées ne sont pas augmentées",
    ("    x = augmentation(x, seed)\n", ""),
    loses=["views"],
    mutant=matching(x="tf.convert_to_tensor(x)"),
)
mixmatch.slip(
    "original-counted-as-view",
    "the views are one too many or too few: the original itself is not a view",
    "il y a une vue de trop ou de moins : l'original n'est pas une vue",
    ("[augmentation(u, seed) for _ in range(views)]",
     "[u, *(augmentation(u, seed) for _ in range(views - 1))]"),
    loses=["views"],
)  # fmt: skip
mixmatch.slip(
    "alpha-not-passed-on",
    "mixup is not given `alpha`: another value is fixed",
    "mixup ne reçoit pas `alpha` : une autre valeur est fixée",
    (MIXED, "mixup(images, labels, *others, 0.75, seed)"),
    loses=["views"],
    mutant=matching().replace("wx, wy, alpha, seed", "wx, wy, 3 / 4, seed"),
)
mixmatch.slip(
    "gradient-through-targets",
    "a gradient flows through the targets: the network is asked without guess_labels, and nothing stops it",
    "un gradient traverse les cibles : le réseau est interrogé sans guess_labels, et rien ne l'arrête",
    (SHARPENED,
     "sharpen(ops.mean(ops.stack([ops.softmax(model(v, training=True)) for v in all_views]), axis=0), temperature)"),
    loses=["constant"],
    mutant=matching(
        q="[sharpen(sum(tf.nn.softmax(model(part, training=True)) for part in parts) / views, temperature)] * views",
    ),
)  # fmt: skip
mixmatch.slip(
    "guess-from-other-views",
    "the network does not guess from the views that it is trained on, all K of them: from the originals, one view, or views drawn anew",
    "le réseau ne devine pas d'après les vues sur lesquelles il apprend, toutes les K : d'après les originaux, une seule vue, ou des vues tirées à nouveau",
    ("guess_labels(model, all_views)",
     "guess_labels(model, ops.stack([augmentation(u, seed) for _ in range(views)]))"),
    hint=("what is guess_labels given?", "que reçoit guess_labels ?"),
    loses=["views"],
    mutant=matching(
        q="[sharpen(guess_labels(model, tf.stack([view(u, seed) for _ in parts])), temperature)] * views",
    ),
)  # fmt: skip
mixmatch.slip(
    "augmentation-ignored",
    "`augmentation` is not used: `augment` is called whatever is given",
    "`augmentation` ne sert pas : `augment` est appelée quoi qu'on donne",
    ("x = augmentation(x, seed)", "x = augment(x, seed)"),
    ("[augmentation(u, seed) for _ in range(views)]", "[augment(u, seed) for _ in range(views)]"),
    loses=["single"],
    mutant=matching(views="[augment(u, seed) for k in range(views)]", x="augment(x, seed)"),
)
mixmatch.slip(
    "closer-to-the-copy",
    "what comes back is closer to the shuffled copy than to the batch: the two are given to mixup in the wrong order",
    "ce qui revient est plus proche de la copie mélangée que du lot : les deux sont donnés à mixup dans le mauvais ordre",
    (MIXED, "mixup(*others, images, labels, alpha, seed)"),
    hint=("which pair does mixup stay closer to?",
          "de quelle paire mixup reste-t-il le plus proche ?"),
    loses=["order"],
    mutant=matching().replace(
        "mixup(every, targets, wx, wy, alpha, seed)",
        "mixup(wx, wy, every, targets, alpha, seed)",
    ),
)  # fmt: skip
mixmatch.mutant(
    "sharpen-before-guess",
    ["views"],
    matching(
        q="[sharpen(tf.stop_gradient(tf.nn.softmax(model(part, training=True))), temperature) for part in parts]"
    ),
    named="guess-differs-per-view",
)
mixmatch.mutant(
    "labelled-put-last",
    ["order"],
    matching()
    .replace("[x, *parts]", "[*parts, x]")
    .replace("[tf.cast(y, tf.float32), *(", "[*(")
    .replace("* views)], axis=0)", "* views), tf.cast(y, tf.float32)], axis=0)"),
    named="",
)
mixmatch.mutant(
    "first-line-of-mixmatch-gone",
    ["views"],
    matching().replace("    seed = generator(seed)\n", ""),
    named="same-augmentation-k-times",
)
mixmatch.mutant(
    "originals-are-the-constant",
    ["constant"],
    matching(
        views="[view(tf.stop_gradient(u), seed) for k in range(views)]",
        q="[sharpen(sum(tf.nn.softmax(model(part, training=True)) for part in parts) / views, temperature)] * views",
    ),
    named="gradient-through-targets",
)
mixmatch.mutant(
    "not-shuffled", ["partners"], matching(order="tf.range(len(every))"), named="not-mixed"
)
mixmatch.mutant(
    "guess-from-the-originals",
    ["views"],
    matching(
        q="[sharpen(guess_labels(model, tf.convert_to_tensor(u)[None]), temperature)] * views"
    ),
    named="guess-from-other-views",
)
mixmatch.mutant(
    "guess-from-the-first-view",
    ["views"],
    matching(q="[sharpen(guess_labels(model, parts[0][None]), temperature)] * views"),
    named="guess-from-other-views",
)

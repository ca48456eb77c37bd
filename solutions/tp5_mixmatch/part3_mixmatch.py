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
    again = student.mixmatch(*given, views=views, alpha=alpha)
    shares_again = sum_of_pixels(student, xp.concatenate([again[0], again[2]]), 1)
    for shown, which in ((shares, ""), (shares_again, "_again")):
        middle = xp.median(xp.max(shown, axis=1))
        zone = xp.digitize(middle, [0.66, 0.9999])  # 2: nothing is mixed at all
        found[f"another_alpha{which}"] = xp.equal(zone, 1)
        times = xp.sum(xp.greater(shown, 1e-6), axis=0)
        too_often = xp.greater(times, numpy_array(np.repeat([2, 2 * views], [n, m])))
        found[f"met_twice{which}"] = xp.any(too_often)
    found["same_seed_same_images"] = holds(student, four[0], again[0], 1e-5)
    found["same_seed_same_views"] = holds(student, four[2], again[2], 1e-5)
    partners, partners_again = (xp.split(xp.greater(s, 1e-6), [n]) for s in (shares, shares_again))
    found["same_partners_again"] = xp.array_equal(partners[0], partners_again[0])
    found["same_partners_of_views_again"] = xp.array_equal(partners[1], partners_again[1])
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
        "same_partners_again", "same_partners_of_views_again", "met_twice", "met_twice_again", "first_dot",
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
    seen_twice = ("views_of_an_unlabelled_image", "labelled_images_augmented", "originals_are_no_views")
    found |= {f"{name}_too": first[name] for name in seen_twice}
    for name in ("guessed_from_these_views", "guessed_from_these_views_too"):
        found[name] = guessed_from_these_views(draw, student)
    return chosen(
        student, found, *seen_twice, *(f"{name}_too" for name in seen_twice), "views_of_a_labelled_image",
        "another_alpha", "another_alpha_again", "image_and_label_together", "one_target_an_image",
        "same_seed_same_images", "same_seed_same_views", "guessed_from_these_views",
        "guessed_from_these_views_too", "first_dot",
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
    four, again = (
        student.mixmatch(
            model, images[:3], y, images[3:], seed, views=2, augmentation=student.as_they_are
        )
        for _ in range(2)
    )
    xp = student.np
    found = shapes(student, four)
    found["sums"] = xp.sum(four[3], axis=1)
    for result, name in ((four, "augmented_as_told"), (again, "augmented_as_told_again")):
        bright = xp.greater(xp.max(xp.concatenate([result[0], result[2]]), axis=0), 1e-6)
        found[name] = xp.array_equal(bright, numpy_array(images.max(axis=0) > 0))
    return student.probe(**found)


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
    hint=[
        ("look at how often the augmentation is called, and with which seed",
         "regardez combien de fois l'augmentation est appelée, et avec quelle graine"),
        ("draw the K views of one image with show: are they the same?",
         "dessinez les K vues d'une image avec show : sont-elles pareilles ?"),
        ("call it K times with a generator that moves on",
         "appelez-la K fois avec un générateur qui avance"),
    ],
    loses=["views"],
    mutant=matching(views="[view(u, seed)] * views"),
)  # fmt: skip
mixmatch.slip(
    "labels-shuffled-separately",
    "the targets are not mixed as the images are, usually because two orders were drawn: a coat is mixed in, a sandal's label comes with it",
    "les cibles ne sont pas mélangées comme les images, en général parce que deux ordres ont été tirés : on mêle un manteau, avec l'étiquette d'une sandale",
    ("ops.take(labels, order, axis=0)",
     "ops.take(labels, keras.random.shuffle(order, seed=seed), axis=0)"),
    hint=[
        ("count the orders that you draw",
         "comptez les ordres que vous tirez"),
        ("print order for images and for targets: must they be equal?",
         "affichez l'ordre des images et celui des cibles : doivent-ils être égaux ?"),
        ("draw one order and apply it to both",
         "tirez un seul ordre et appliquez-le aux deux"),
    ],
    loses=["targets", "order", "views"],
    mutant=matching(labels_order="keras.random.shuffle(order, seed=seed)"),
)  # fmt: skip
mixmatch.slip(
    "guess-differs-per-view",
    "each view has its own guess as a target; the K views of an image share one",
    "chaque vue a sa propre réponse pour cible ; les K vues d'une image en partagent une",
    ("q = sharpen(guess_labels(model, all_views), temperature)",
     "q = ops.concatenate([sharpen(guess_labels(model, v[None]), temperature) for v in all_views])"),
    ("ops.tile(q, (views, 1))", "q"),
    hint=[
        ("look at how many guesses an image gets",
         "comptez les réponses que reçoit une image"),
        ("which of the ideas says that all views have one label?",
         "quelle idée dit que toutes les vues ont une même étiquette ?"),
        ("guess once from all views together, and repeat that target",
         "devinez une fois d'après toutes les vues, et répétez cette cible"),
    ],
    loses=["views"],
    mutant=matching(q="[sharpen(guess_labels(model, part[None]), temperature) for part in parts]"),
)  # fmt: skip
mixmatch.slip(
    "not-sharpened",
    "the guess is used as it is, not sharpened",
    "la réponse sert telle quelle, sans être affûtée",
    (SHARPENED, "guess_labels(model, all_views)"),
    hint=[
        ("look at what is done with the guess",
         "regardez ce que devient la réponse"),
        ("print the largest value of a target, before mixing, beside that of the guess",
         "affichez la plus grande valeur d'une cible, avant mélange, à côté de celle de la réponse"),
        ("one of your functions stands between guess and target",
         "une de vos fonctions est entre la réponse et la cible"),
    ],
    loses=["targets"],
    mutant=matching(q="[guess_labels(model, tf.stack(parts))] * views"),
)  # fmt: skip
mixmatch.slip(
    "temperature-not-passed-on",
    "sharpen is not given `temperature`: another value is fixed",
    "sharpen ne reçoit pas `temperature` : une autre valeur est fixée",
    (SHARPENED, "sharpen(guess_labels(model, all_views), 0.5)"),
    hint=[
        ("look at the call of sharpen",
         "regardez l'appel de sharpen"),
        ("call mixmatch with temperature = 1, then 0.1: do the targets differ?",
         "appelez mixmatch avec temperature = 1, puis 0,1 : les cibles diffèrent-elles ?"),
        ("hand on the argument instead of a number",
         "transmettez l'argument au lieu d'un nombre"),
    ],
    loses=["targets"],
    mutant=matching(q="[sharpen(guess_labels(model, tf.stack(parts)), 1 / 2)] * views"),
)  # fmt: skip
mixmatch.slip(
    "hard-targets",
    "the target is the most likely class alone; the sharpened answer is asked for",
    "la cible est la seule classe la plus probable ; on demande la réponse affûtée",
    (SHARPENED, "ops.one_hot(ops.argmax(guess_labels(model, all_views), axis=-1), y.shape[1])"),
    hint=[
        ("look for an argmax or a one_hot",
         "cherchez un argmax ou un one_hot"),
        ("print a target before mixing: are there only 0 and 1?",
         "affichez une cible avant mélange : n'y a-t-il que 0 et 1 ?"),
        ("sharpening is enough: the target stays soft",
         "l'affûtage suffit : la cible reste molle"),
    ],
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
    hint=[
        ("look at the order in which everything was put together, and at the last line",
         "regardez dans quel ordre tout a été assemblé, et la dernière ligne"),
        ("n = 2, views·m = 6: at which index do the labelled ones end?",
         "n = 2, views·m = 6 : à quel indice finissent les étiquetées ?"),
        ("cut where the labelled images end",
         "coupez là où finissent les images étiquetées"),
    ],
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
    hint=[
        ("look at how the partners are drawn",
         "regardez comment les partenaires sont tirés"),
        ("print the order, sorted: does each number come once?",
         "affichez l'ordre, trié : chaque numéro vient-il une fois ?"),
        ("shuffle all numbers instead of drawing each by itself",
         "mélangez tous les numéros au lieu de tirer chacun pour soi"),
    ],
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
    hint=[
        ("look at what the shuffling is given as a seed",
         "regardez quelle graine reçoit le mélange"),
        ("call mixmatch twice with seed 5: is the result the same?",
         "appelez mixmatch deux fois avec la graine 5 : le résultat est-il le même ?"),
        ("hand the generator to every draw, also to the order",
         "donnez le générateur à chaque tirage, à l'ordre aussi"),
    ],
    loses=["views"],
    mutant=matching(order="tf.random.shuffle(tf.range(len(every)))"),
)  # fmt: skip
mixmatch.slip(
    "targets-in-another-order",
    "views and targets do not stand in the same order: a target belongs to another image",
    "vues et cibles ne sont pas dans le même ordre : une cible va à une autre image",
    ("ops.tile(q, (views, 1))", "ops.repeat(q, views, axis=0)"),
    hint=[
        ("look at how the targets are repeated",
         "regardez comment les cibles sont répétées"),
        ("two images a, b and two views: the views stand a b a b; and the targets?",
         "deux images a, b et deux vues : les vues sont a b a b ; et les cibles ?"),
        ("repeat the whole block of targets, view after view",
         "répétez le bloc entier des cibles, vue après vue"),
    ],
    loses=["targets", "order", "views"],
    mutant=matching(
        q="[tf.repeat(sharpen(guess_labels(model, tf.stack(parts)), temperature), views, axis=0)]"
    ),
)  # fmt: skip
mixmatch.slip(
    "mix-unlabelled-only",
    "only the unlabelled views are mixed; the labelled images come back pure",
    "seules les vues sans étiquette sont mélangées ; les images étiquetées reviennent pures",
    ("return images[:n], labels[:n], images[n:], labels[n:]",
     "return x, ops.cast(y, q.dtype), images[n:], labels[n:]"),
    hint=[
        ("look at which images go through mixup",
         "regardez quelles images passent par mixup"),
        ("compare the first n images of the result with the augmented x: are they equal?",
         "comparez les n premières images du résultat à x augmenté : sont-elles égales ?"),
        ("labelled and unlabelled images are mixed in one go, and cut apart after that",
         "étiquetées ou non, les images sont mélangées ensemble, puis séparées"),
    ],
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
    hint=[
        ("look at how the order is made",
         "regardez comment l'ordre est fait"),
        ("can your first labelled image meet an unlabelled one?",
         "votre première image étiquetée peut-elle rencontrer une image sans étiquette ?"),
        ("one order over everything together",
         "un seul ordre sur tout l'ensemble"),
    ],
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
    hint=[
        ("look at how the order is made",
         "regardez comment l'ordre est fait"),
        ("call mixmatch with seeds 1 and 2: does each image meet the same partner?",
         "appelez mixmatch avec les graines 1 et 2 : chaque image rencontre-t-elle le même partenaire ?"),
        ("draw the order, from the generator",
         "tirez l'ordre, à partir du générateur"),
    ],
    loses=["partners"],
    mutant=matching(end="wx, wy = tf.reverse(every, [0]), tf.reverse(targets, [0])"),
)  # fmt: skip
mixmatch.slip(
    "not-mixed",
    "nothing is mixed: mixup is not called, or each image meets itself",
    "rien n'est mélangé : mixup n'est pas appelé, ou chaque image se rencontre elle-même",
    ("    images, labels = mixup(images, labels, *others, alpha, seed)\n", ""),
    hint=[
        ("look at what mixup is given as its second batch",
         "regardez ce que mixup reçoit comme second lot"),
        ("draw the result with show: do you see two garments in one image?",
         "dessinez le résultat avec show : voyez-vous deux vêtements dans une image ?"),
        ("the second batch is a shuffled copy of the first",
         "le second lot est une copie mélangée du premier"),
    ],
    loses=["partners"],
    mutant=matching(end="wx, wy = every, targets"),
)  # fmt: skip
mixmatch.slip(
    "labelled-not-augmented",
    "the labelled images are not augmented",
    "les images étiquetées ne sont pas augmentées",
    ("    x = augmentation(x, seed)\n", ""),
    hint=[
        ("look at what is done with x before it is joined to the views",
         "regardez ce que devient x avant de rejoindre les vues"),
        ("line 2 of algorithm 1: which images are augmented once, which K times?",
         "ligne 2 de l'algorithme 1 : quelles images sont augmentées une fois, lesquelles K fois ?"),
        ("each labelled image gets one view too",
         "chaque image étiquetée reçoit aussi une vue"),
    ],
    loses=["views"],
    mutant=matching(x="tf.convert_to_tensor(x)"),
)  # fmt: skip
mixmatch.slip(
    "original-counted-as-view",
    "the views are one too many or too few: the original itself is not a view",
    "il y a une vue de trop ou de moins : l'original n'est pas une vue",
    ("[augmentation(u, seed) for _ in range(views)]",
     "[u, *(augmentation(u, seed) for _ in range(views - 1))]"),
    hint=[
        ("count the augmentations of one unlabelled image",
         "comptez les augmentations d'une image sans étiquette"),
        ("with views = 3, how many times is the augmentation called on u?",
         "avec views = 3, combien de fois l'augmentation est-elle appelée sur u ?"),
        ("all K views are augmented; the original itself is not used",
         "les K vues sont augmentées ; l'original lui-même ne sert pas"),
    ],
    loses=["views"],
)  # fmt: skip
mixmatch.slip(
    "alpha-not-passed-on",
    "mixup is not given `alpha`: another value is fixed",
    "mixup ne reçoit pas `alpha` : une autre valeur est fixée",
    (MIXED, "mixup(images, labels, *others, 0.75, seed)"),
    hint=[
        ("look at the call of mixup",
         "regardez l'appel de mixup"),
        ("call mixmatch with alpha = 0.01, then 100: do the images differ?",
         "appelez mixmatch avec alpha = 0,01, puis 100 : les images diffèrent-elles ?"),
        ("hand on the argument instead of a number",
         "transmettez l'argument au lieu d'un nombre"),
    ],
    loses=["views"],
    mutant=matching().replace("wx, wy, alpha, seed", "wx, wy, 3 / 4, seed"),
)  # fmt: skip
mixmatch.slip(
    "gradient-through-targets",
    "a gradient flows through the targets: the network is asked without guess_labels, and nothing stops it",
    "un gradient traverse les cibles : le réseau est interrogé sans guess_labels, et rien ne l'arrête",
    (SHARPENED,
     "sharpen(ops.mean(ops.stack([ops.softmax(model(v, training=True)) for v in all_views]), axis=0), temperature)"),
    hint=[
        ("look at where the network is asked",
         "regardez où le réseau est interrogé"),
        ("with a GradientTape, ask for the gradient of the sum of q: it must be None",
         "avec un GradientTape, demandez le gradient de la somme de q : ce doit être None"),
        ("ask through guess_labels, whose result is a constant",
         "passez par guess_labels, dont le résultat est une constante"),
    ],
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
    hint=[
        ("look at what guess_labels is given",
         "regardez ce que reçoit guess_labels"),
        ("are these the very views that are mixed afterwards, and all K of them?",
         "sont-ce les vues mêmes qui sont mélangées ensuite, et toutes les K ?"),
        ("make the views once; guess from them and mix them",
         "faites les vues une fois ; devinez d'après elles et mélangez-les"),
    ],
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
    hint=[
        ("look for `augment` in your lines",
         "cherchez `augment` dans vos lignes"),
        ("call mixmatch with augmentation=as_they_are: do images still move?",
         "appelez mixmatch avec augmentation=as_they_are : les images bougent-elles encore ?"),
        ("call the function that was given, for x and for the views",
         "appelez la fonction reçue, pour x et pour les vues"),
    ],
    loses=["single"],
    mutant=matching(views="[augment(u, seed) for k in range(views)]", x="augment(x, seed)"),
)  # fmt: skip
mixmatch.slip(
    "closer-to-the-copy",
    "what comes back is closer to the shuffled copy than to the batch: the two are given to mixup in the wrong order",
    "ce qui revient est plus proche de la copie mélangée que du lot : les deux sont donnés à mixup dans le mauvais ordre",
    (MIXED, "mixup(*others, images, labels, alpha, seed)"),
    hint=[
        ("look at the order of mixup's arguments",
         "regardez l'ordre des arguments de mixup"),
        ("which pair does mixup stay closer to? which one should keep its place?",
         "de quelle paire mixup reste-t-il le plus proche ? laquelle doit garder sa place ?"),
        ("the batch in its own order comes first, the shuffled copy second",
         "le lot dans son ordre d'abord, la copie mélangée ensuite"),
    ],
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
    named="cut-at-the-wrong-end",
)
mixmatch.mutant(
    "first-line-of-mixmatch-gone",
    ["views"],
    matching().replace("    seed = generator(seed)\n", ""),
    named="",
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

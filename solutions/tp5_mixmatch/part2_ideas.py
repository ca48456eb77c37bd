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
    hint=[
        ("look at what is returned",
         "regardez ce qui est rendu"),
        ("draw an image and three views of it with show: do they differ?",
         "dessinez une image et trois de ses vues avec show : diffèrent-elles ?"),
        ("flip half of the images and shift all of them",
         "retournez la moitié des images et décalez-les toutes"),
    ],
    code="""
def augment(images, seed):
    return ops.convert_to_tensor(images)
""",
    loses=["views", "draws"],
    mutant="def augment(images, seed):\n    return 1.0 * images",
)  # fmt: skip
augment.slip(
    "one-draw-a-batch",
    "all images of the batch are flipped and shifted alike: one draw is made for all",
    "toutes les images du lot sont retournées et décalées pareil : un seul tirage pour toutes",
    ("keras.random.uniform((n, 1, 1, 1), seed=seed)",
     "keras.random.uniform((1, 1, 1, 1), seed=seed)"),
    (DOWN, "down = ops.tile(keras.random.randint((1, 1), 0, 2 * SHIFT + 1, seed=seed), (n, 1))"),
    (RIGHT, "right = ops.tile(keras.random.randint((1, 1), 0, 2 * SHIFT + 1, seed=seed), (n, 1))"),
    hint=[
        ("print the shape of your draws",
         "affichez la forme de vos tirages"),
        ("augment eight copies of one image and draw them: are they all alike?",
         "augmentez huit copies d'une image et dessinez-les : sont-elles toutes pareilles ?"),
        ("draw one flip and one shift for each image of the batch",
         "tirez un retournement et un décalage pour chaque image du lot"),
    ],
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
    hint=[
        ("look at when an image is flipped",
         "regardez quand une image est retournée"),
        ("augment twenty copies of a shoe that points left: how many point right?",
         "augmentez vingt copies d'une chaussure tournée à gauche : combien vont à droite ?"),
        ("compare a draw between 0 and 1 with one half",
         "comparez un tirage entre 0 et 1 à un demi"),
    ],
    loses=["views"],
    mutant=augmenting(flip="tf.zeros((n,), bool)"),
)  # fmt: skip
augment.slip(
    "always-flipped",
    "every image is flipped; half of them should be",
    "toutes les images sont retournées ; il en faut la moitié",
    (FLIP, "keras.random.uniform((n, 1, 1, 1), seed=seed) < 2.0"),
    hint=[
        ("look at when an image is flipped",
         "regardez quand une image est retournée"),
        ("augment twenty copies of a shoe that points left: how many still point left?",
         "augmentez vingt copies d'une chaussure tournée à gauche : combien vont encore à gauche ?"),
        ("compare a draw between 0 and 1 with one half",
         "comparez un tirage entre 0 et 1 à un demi"),
    ],
    loses=["views"],
)  # fmt: skip
augment.slip(
    "flipped-upside-down",
    "the images are flipped top to bottom: a boot never stands on its shaft",
    "les images sont retournées haut-bas : une botte ne tient pas sur sa tige",
    ("ops.flip(images, axis=2)", "ops.flip(images, axis=1)"),
    hint=[
        ("look at the axis of the flip",
         "regardez l'axe du retournement"),
        ("images are (n, h, w, c): which axis goes from left to right?",
         "les images sont (n, h, w, c) : quel axe va de gauche à droite ?"),
        ("flip the axis of the columns",
         "retournez l'axe des colonnes"),
    ],
    loses=["views", "pixels"],
    mutant=augmenting(axis=0),
)  # fmt: skip
augment.slip(
    "shift-one-short",
    "the shift never reaches +2: the upper limit of a draw of whole numbers is left out",
    "le décalage n'atteint jamais +2 : la borne supérieure d'un tirage d'entiers est exclue",
    (DOWN, "down = keras.random.randint((n, 1), 0, 2 * SHIFT, seed=seed)"),
    (RIGHT, "right = keras.random.randint((n, 1), 0, 2 * SHIFT, seed=seed)"),
    hint=[
        ("look at the upper end of the draw of the shifts",
         "regardez la borne supérieure du tirage des décalages"),
        ("draw keras.random.randint((100,), 0, 2): is there a 2?",
         "tirez keras.random.randint((100,), 0, 2) : y a-t-il un 2 ?"),
        ("five places must be possible in each direction",
         "cinq places doivent être possibles dans chaque direction"),
    ],
    loses=["views"],
    mutant=augmenting().replace("0, 5, tf.int32", "0, 4, tf.int32"),
)  # fmt: skip
augment.slip(
    "same-shift-both-ways",
    "the vertical and the horizontal shift are always equal: both come from the same draw",
    "les décalages vertical et horizontal sont toujours égaux : les deux viennent du même tirage",
    (RIGHT, "right = down"),
    hint=[
        ("count the draws of the shifts",
         "comptez les tirages des décalages"),
        ("print both shifts of ten images side by side",
         "affichez côte à côte les deux décalages de dix images"),
        ("one draw for down, another for right",
         "un tirage pour le bas, un autre pour la droite"),
    ],
    loses=["views"],
    mutant=augmenting(right="tf.identity(down)"),
)  # fmt: skip
augment.slip(
    "whole-number-drawn-again",
    "given a whole number as a seed, every draw starts again from it: the two shifts are always equal",
    "avec un entier pour graine, chaque tirage repart de lui : les deux décalages sont toujours égaux",
    ("    seed = generator(seed)\n    images = ", "    images = "),
    hint=[
        ("look at what `seed` is when a whole number is given",
         "regardez ce qu'est `seed` quand un entier est donné"),
        ("draw twice with seed=3 as a number, then twice with generator(3)",
         "tirez deux fois avec seed=3, un nombre, puis deux fois avec generator(3)"),
        ("keep the given first line: it makes a generator that moves on",
         "gardez la première ligne donnée : elle fait un générateur qui avance"),
    ],
)  # fmt: skip
augment.slip(
    "only-sideways",
    "the images are shifted sideways only",
    "les images ne sont décalées que de côté",
    ("down + ops.arange(height)", "ops.full_like(down, SHIFT) + ops.arange(height)"),
    hint=[
        ("look at which axes are shifted",
         "regardez quels axes sont décalés"),
        ("augment an image with one bright pixel ten times: does its row ever change?",
         "augmentez dix fois une image d'un seul pixel clair : sa ligne change-t-elle ?"),
        ("shift rows as well as columns",
         "décalez les lignes comme les colonnes"),
    ],
    loses=["views"],
)  # fmt: skip
augment.slip(
    "wrapped-around",
    "what leaves on one side comes back on the other; black should come in",
    "ce qui sort d'un côté rentre de l'autre ; c'est du noir qui doit entrer",
    (PADDED,
     'tf.convert_to_tensor(np.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], mode="wrap"))'),
    hint=[
        ("look at the mode of the padding, or for a roll",
         "regardez le mode du remplissage, ou cherchez un roll"),
        ("shift a bright pixel out at the left: does it come in at the right?",
         "faites sortir un pixel clair à gauche : rentre-t-il à droite ?"),
        ("pad with zeros before cutting",
         "complétez par des zéros avant de couper"),
    ],
    loses=["pixels"],
)  # fmt: skip
augment.slip(
    "border-repeated",
    "the border's pixels are repeated outwards; black should come in",
    "les pixels du bord sont répétés vers l'extérieur ; c'est du noir qui doit entrer",
    (PADDED,
     'tf.convert_to_tensor(np.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], mode="edge"))'),
    hint=[
        ("look at the mode of the padding",
         "regardez le mode du remplissage"),
        ("shift an image that is white everywhere: what should its border become?",
         "décalez une image toute blanche : que doit devenir son bord ?"),
        ("pad with zeros",
         "complétez par des zéros"),
    ],
    loses=["pixels"],
)  # fmt: skip
augment.slip(
    "seed-does-not-move",
    "two calls with the same generator give the same views: the draws start again each time",
    "deux appels avec le même générateur donnent les mêmes vues : les tirages recommencent à chaque fois",
    ("images = ops.convert_to_tensor(images)",
     "images, seed = ops.convert_to_tensor(images), keras.random.SeedGenerator(7)"),
    hint=[
        ("look for a generator that is made inside the function",
         "cherchez un générateur fait dans la fonction"),
        ("call it twice with one SeedGenerator: the views must differ",
         "appelez-la deux fois avec un même SeedGenerator : les vues doivent différer"),
        ("hand every draw the generator that was given",
         "donnez à chaque tirage le générateur reçu"),
    ],
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
    expect={"changed_by_brightness": Close(0, 2e-2)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    """With the statistics of these very images, images that are all k times as bright change nothing."""
    k, n, h, w, c, classes = draw.sizes(6, 4, 9)
    views = draw.normal(k, n, h, w, c)
    layers = student.keras.layers
    model = student.keras.Sequential(
        # an epsilon that a small variance does not feel
        [layers.Flatten(), layers.BatchNormalization(epsilon=1e-7), layers.Dense(classes, name="logits")]
    )
    model.build([None, h, w, c])
    model.set_weights({"logits/kernel": draw.normal(h * w * c, classes, scale=0.1)})
    once, brighter = student.guess_labels(model, views), student.guess_labels(model, 5 * views + 1)
    change = student.np.subtract(brighter, once)
    return student.probe(
        changed_by_brightness=change, params=model.count_params()
    ), {"changed_by_brightness": np.zeros((n, classes), np.float32)}


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
    hint=[
        ("look at what is averaged: before the softmax, or after?",
         "regardez ce qui est moyenné : avant le softmax, ou après ?"),
        ("logits [20, 0] and [0, 1]: average both ways; which view decides?",
         "logits [20, 0] et [0, 1] : moyennez des deux façons ; quelle vue décide ?"),
        ("each view votes with its probabilities: softmax first, then the mean",
         "chaque vue vote avec ses probabilités : softmax d'abord, moyenne ensuite"),
    ],
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
    hint=[
        ("print one row of the result and its sum",
         "affichez une ligne du résultat et sa somme"),
        ("does the network end with a softmax? its docstring says what it gives",
         "le réseau finit-il par un softmax ? sa docstring dit ce qu'il rend"),
        ("turn the logits into probabilities before the mean",
         "changez les logits en probabilités avant la moyenne"),
    ],
    loses=["values"],
    mutant=guessing(one="model(view, training=True)"),
)  # fmt: skip
guess.slip(
    "gradient-through-guess",
    "a gradient flows through the guess: the network learns to move its target",
    "un gradient traverse la réponse : le réseau apprend à déplacer sa cible",
    ("return ops.stop_gradient(ops.mean(p, axis=0))", "return ops.mean(p, axis=0)"),
    hint=[
        ("look at the last line: is the result a constant for training?",
         "regardez la dernière ligne : le résultat est-il une constante pour l'entraînement ?"),
        ("with a GradientTape, ask for the gradient of the sum of the guess: it must be None",
         "avec un GradientTape, demandez le gradient de la somme de la réponse : ce doit être None"),
        ("one operation of Keras lets values through, and no gradient: use it on the result",
         "une opération de Keras laisse passer les valeurs, pas le gradient : appliquez-la au résultat"),
    ],
    loses=["constant"],
    mutant=guessing(whole="total / len(views)"),
)  # fmt: skip
guess.slip(
    "guess-in-inference-mode",
    "the network is called without training=True: batch normalisation takes its moving averages, which come from mixed images",
    "le réseau est appelé sans training=True : la normalisation par lot prend ses moyennes mobiles, qui viennent d'images mélangées",
    (", training=True)", ", training=False)"),
    hint=[
        ("look at how the network is called",
         "regardez comment le réseau est appelé"),
        ("which statistics does batch normalisation use with and without training=True?",
         "quelles statistiques la normalisation par lot prend-elle avec et sans training=True ?"),
        ("call it as the docstring says",
         "appelez-le comme le dit la docstring"),
    ],
    credit=1.0,
    loses=[],
    mutant=guessing(one="tf.nn.softmax(model(view))"),
)  # fmt: skip
guess.slip(
    "sum-over-views",
    "the probabilities are summed over the views, not averaged: the rows sum to K",
    "les probabilités sont sommées sur les vues, pas moyennées : les lignes somment à K",
    ("ops.mean(p, axis=0)", "ops.sum(p, axis=0)"),
    hint=[
        ("print the sum of one row",
         "affichez la somme d'une ligne"),
        ("with K = 2 views, is it 1 or 2?",
         "avec K = 2 vues, vaut-elle 1 ou 2 ?"),
        ("divide by the number of views",
         "divisez par le nombre de vues"),
    ],
    loses=["values"],
    mutant=guessing(whole="tf.stop_gradient(total)"),
)  # fmt: skip
guess.slip(
    "mean-over-images",
    "the mean is taken over the images, not over the views",
    "la moyenne est prise sur les images, pas sur les vues",
    ("ops.mean(p, axis=0)", "ops.mean(p, axis=1)"),
    hint=[
        ("print the shape of the result: (n, classes) is wanted",
         "affichez la forme du résultat : on demande (n, classes)"),
        ("two images, three views: how many rows come?",
         "deux images, trois vues : combien de lignes sortent ?"),
        ("the views are on the first axis",
         "les vues sont sur le premier axe"),
    ],
    loses=["values", "statistics"],
    mutant="""
def guess_labels(model, views):
    p = tf.stack([tf.nn.softmax(model(view, training=True)) for view in views])
    return tf.stop_gradient(tf.reduce_mean(p, 1))
""",
)  # fmt: skip
guess.slip(
    "views-not-averaged",
    "only one view is listened to",
    "une seule vue est écoutée",
    ("ops.mean(p, axis=0)", "p[0]"),
    hint=[
        ("look at which views enter the result",
         "regardez quelles vues entrent dans le résultat"),
        ("change the last view only: must the guess change?",
         "changez la dernière vue seule : la réponse doit-elle changer ?"),
        ("all K views have the same say",
         "les K vues ont toutes la même voix"),
    ],
    loses=["values"],
    mutant="""
def guess_labels(model, views):
    return tf.stop_gradient(tf.nn.softmax(model(views[0], training=True)))
""",
)  # fmt: skip
guess.slip(
    "views-and-images-mixed-up",
    "answers of different images are averaged: the axes are cut up in the wrong order",
    "on moyenne les réponses d'images différentes : les axes sont découpés dans le mauvais ordre",
    ("p = ops.reshape(ops.softmax(logits), (k, n, -1))",
     "p = ops.swapaxes(ops.reshape(ops.softmax(logits), (n, k, -1)), 0, 1)"),
    hint=[
        ("look at the reshape behind the network",
         "regardez le reshape qui suit le réseau"),
        ("number the rows (view 0 image 0, view 0 image 1, …) and follow them through it",
         "numérotez les lignes (vue 0 image 0, vue 0 image 1, …) et suivez-les"),
        ("undo the flattening in the order in which it was done: views first",
         "défaites l'aplatissement dans l'ordre où il a été fait : les vues d'abord"),
    ],
    loses=["values"],
    mutant="""
def guess_labels(model, views):
    k, n = views.shape[:2]
    p = tf.nn.softmax(model(tf.reshape(views, (-1, *views.shape[2:])), training=True))
    return tf.stop_gradient(tf.reduce_mean(tf.reshape(p, (n, k, -1)), 1))
""",
)  # fmt: skip
guess.slip(
    "sharpen-then-average",
    "each view's answer is sharpened before the mean; the mean comes first",
    "la réponse de chaque vue est affûtée avant la moyenne ; la moyenne vient d'abord",
    ("p = ops.reshape(ops.softmax(logits), (k, n, -1))",
     "p = ops.reshape(ops.softmax(2.0 * logits), (k, n, -1))"),
    hint=[
        ("look at what is done to each view's answer before the mean",
         "regardez ce que subit la réponse de chaque vue avant la moyenne"),
        ("answers [0.9, 0.1] and [0.4, 0.6]: average, then square and renormalise; now the other way round",
         "réponses [0.9, 0.1] et [0.4, 0.6] : moyennez, puis élevez au carré et renormalisez ; puis l'inverse"),
        ("leave sharpening to `sharpen`, which comes after the guess",
         "laissez l'affûtage à `sharpen`, qui vient après la réponse"),
    ],
    loses=["values"],
    mutant=guessing(one="sharpen(tf.nn.softmax(model(view, training=True)), 0.5)"),
)  # fmt: skip
guess.slip(
    "hard-labels",
    "the guess is the most likely class alone; the mean of the probabilities is asked for",
    "la réponse est la seule classe la plus probable ; on demande la moyenne des probabilités",
    ("ops.stop_gradient(ops.mean(p, axis=0))",
     "ops.one_hot(ops.argmax(ops.mean(p, axis=0), axis=-1), p.shape[-1])"),
    hint=[
        ("print one row of the result: are there only 0 and 1?",
         "affichez une ligne du résultat : n'y a-t-il que 0 et 1 ?"),
        ("answers [0.6, 0.4] and [0.7, 0.3]: what is their mean?",
         "réponses [0.6, 0.4] et [0.7, 0.3] : quelle est leur moyenne ?"),
        ("return the mean itself, without choosing a class",
         "rendez la moyenne elle-même, sans choisir de classe"),
    ],
    loses=["values"],
    mutant=guessing(whole="tf.one_hot(tf.argmax(total, 1), total.shape[1])"),
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
    hint=[
        ("look at the exponent",
         "regardez l'exposant"),
        ("with T = 0.5, should 0.5 in [0.5, 0.3, 0.2] become larger or smaller?",
         "avec T = 0,5, le 0,5 de [0.5, 0.3, 0.2] doit-il monter ou descendre ?"),
        ("the smaller T, the larger the exponent",
         "plus T est petit, plus l'exposant est grand"),
    ],
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
    hint=[
        ("print the sum of one row",
         "affichez la somme d'une ligne"),
        ("[0.5, 0.5] at T = 0.5 gives [0.25, 0.25]: what is missing?",
         "[0.5, 0.5] à T = 0,5 donne [0.25, 0.25] : que manque-t-il ?"),
        ("divide the powers of each row by their sum",
         "divisez les puissances de chaque ligne par leur somme"),
    ],
    loses=["values"],
    mutant="def sharpen(p, temperature):\n    return tf.exp(tf.math.log(p) / temperature)",
)  # fmt: skip
sharpen.slip(
    "sharpen-over-the-batch",
    "the powers are divided by the sum over everything, not over the classes of each row",
    "les puissances sont divisées par la somme de tout, pas par celle des classes de chaque ligne",
    ("ops.sum(powers, axis=-1, keepdims=True)", "ops.sum(powers)"),
    hint=[
        ("look at the axis of your sum",
         "regardez l'axe de votre somme"),
        ("sharpen two rows: is the sum of each 1, or that of both?",
         "affûtez deux lignes : la somme de chacune vaut-elle 1, ou celle des deux ?"),
        ("sum over the last axis, and keep it",
         "sommez sur le dernier axe, en le gardant"),
    ],
    loses=["values"],
    mutant="def sharpen(p, temperature):\n    made = np.power(p, 1 / temperature)\n    return made / np.sum(made)",
)  # fmt: skip
sharpen.slip(
    "softmax-of-probabilities",
    "a softmax of p/T is taken: p holds probabilities, not logits",
    "un softmax de p/T est appliqué : p contient des probabilités, pas des logits",
    ("powers / ops.sum(powers, axis=-1, keepdims=True)", "ops.softmax(p / temperature)"),
    hint=[
        ("look for a softmax",
         "cherchez un softmax"),
        ("at T = 1 nothing may change: what becomes of [0.9, 0.1]?",
         "à T = 1 rien ne doit changer : que devient [0.9, 0.1] ?"),
        ("equation 7 has powers, not exponentials",
         "l'équation 7 a des puissances, pas des exponentielles"),
    ],
    loses=["values"],
    mutant="def sharpen(p, temperature):\n    return keras.activations.softmax(ops.convert_to_tensor(p) / temperature)",
)  # fmt: skip
sharpen.slip(
    "temperature-ignored",
    "every T gives the same: the square is built in",
    "tout T donne la même chose : le carré est fixé",
    ("ops.power(p, 1 / temperature)", "ops.power(p, 2.0)"),
    hint=[
        ("look for `temperature` in your lines",
         "cherchez `temperature` dans vos lignes"),
        ("compare T = 1, which changes nothing, with T = 0.5",
         "comparez T = 1, qui ne change rien, et T = 0,5"),
        ("the exponent depends on T",
         "l'exposant dépend de T"),
    ],
    loses=["values"],
    mutant="def sharpen(p, temperature):\n    made = np.square(p)\n    return made / made.sum(-1, keepdims=True)",
)  # fmt: skip

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
        again, other, as_other = (
            student.mixup(x1, y1, x2, y2, 0.75, s) for s in (seed, seed + 1, seed + 1)
        )
        found["same_seed_same_shares"] = holds(student, x, again[0], 1e-5)
        found["same_other_seed_same_shares"] = holds(student, other[0], as_other[0], 1e-5)
        found["other_seed_same_shares"] = holds(student, x, other[0], 1e-5)
        shares = sum_of_pixels(student, other[0], 1)
        as_the_images = xp.matmul(shares, numpy_array(np.concatenate([y1, y2])))
        found["other_labels_mixed_as_images"] = holds(student, other[1], as_the_images)
        found["other_shares_sum_to_one"] = holds(student, xp.sum(shares, axis=1), 1.0)
        found["other_examples_differ"] = xp.greater(xp.ptp(xp.max(shares, axis=1)), 1e-6)
        found["largest_given"] = xp.max(numpy_array(y1))  # so that no answer fits every key
    return found


@mixup.check(
    "together", 0.75, "images and labels alike", "images et étiquettes pareillement",
    asked=("shares λ′ and 1 − λ′, the same for image and label",
           "parts λ′ et 1 − λ′, les mêmes pour l'image et l'étiquette"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, one_mix(draw, student), "labels_mixed_as_images", "other_labels_mixed_as_images",
        "shares_sum_to_one", "other_shares_sum_to_one", "labels_unmixed", "pairs_in_order", "largest_given",
    )  # fmt: skip


@mixup.check(
    "each", 0.25, "one λ an example", "un λ par exemple",
    asked=("the examples of a batch have shares of their own; a seed gives the same again, another gives others",
           "les exemples d'un lot ont chacun leurs parts ; une graine redonne les mêmes, une autre d'autres"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, one_mix(draw, student), "examples_differ", "other_examples_differ",
        "same_seed_same_shares", "same_other_seed_same_shares", "other_seed_same_shares", "largest_given",
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
    hint=[
        ("look at what becomes of λ after the draw",
         "regardez ce que devient λ après le tirage"),
        ("what did MixMatch add to MixUp? print the smallest of a hundred shares",
         "qu'est-ce que MixMatch a ajouté à MixUp ? affichez la plus petite de cent parts"),
        ("keep the larger of the two shares for the first batch (equation 9)",
         "gardez la plus grande des deux parts pour le premier lot (équation 9)"),
    ],
    loses=["shares"],
    mutant=mixing(fold="lam + 0.0"),
)  # fmt: skip
mixup.slip(
    "min-lambda",
    "the smaller share goes to the first image",
    "c'est la plus petite part qui va à la première image",
    ("ops.maximum(share, 1 - share)", "ops.minimum(share, 1 - share)"),
    hint=[
        ("look at which of the two shares you keep",
         "regardez laquelle des deux parts vous gardez"),
        ("print the largest of a hundred shares: the result should stay closer to x1",
         "affichez la plus grande de cent parts : le résultat doit rester plus proche de x1"),
        ("take the larger one",
         "prenez la plus grande"),
    ],
    loses=["shares"],
    mutant=mixing(fold="tf.minimum(lam, 1 - lam)"),
)  # fmt: skip
mixup.slip(
    "lambda-uniform",
    "λ does not follow Beta(alpha, alpha): alpha changes nothing",
    "λ ne suit pas Beta(alpha, alpha) : alpha ne change rien",
    (BETA, "keras.random.uniform((n,), seed=seed)"),
    hint=[
        ("look for `alpha` in the draw",
         "cherchez `alpha` dans le tirage"),
        ("draw a histogram of λ for alpha = 0.1 and alpha = 10: do they differ?",
         "dessinez l'histogramme de λ pour alpha = 0,1 et alpha = 10 : diffèrent-ils ?"),
        ("draw from the law that the docstring names",
         "tirez selon la loi que nomme la docstring"),
    ],
    loses=["shares"],
    mutant=mixing(draw="tf.random.stateless_uniform((len(x1),), seed.next())"),
)  # fmt: skip
mixup.slip(
    "maximum-for-the-batch",
    "λ and 1 − λ are exchanged for the whole batch at once: some examples stay below one half",
    "λ et 1 − λ sont échangés pour tout le lot d'un coup : certains exemples restent sous un demi",
    ("share = ops.maximum(share, 1 - share)",
     "share = ops.where(ops.mean(share) < 0.5, 1 - share, share)"),
    hint=[
        ("look at what the maximum is taken of",
         "regardez de quoi le maximum est pris"),
        ("shares 0.9 and 0.3 in one batch: what must the second become?",
         "parts 0,9 et 0,3 dans un lot : que doit devenir la seconde ?"),
        ("compare λ and 1 − λ example by example",
         "comparez λ et 1 − λ exemple par exemple"),
    ],
    loses=["shares"],
    mutant=mixing(fold="1 - lam if tf.reduce_mean(lam) < 0.5 else lam"),
)  # fmt: skip
mixup.slip(
    "beta-with-one-parameter",
    "λ follows Beta(alpha, 1), which is not symmetric",
    "λ suit Beta(alpha, 1), qui n'est pas symétrique",
    (BETA, "keras.random.beta((n,), alpha, 1.0, seed=seed)"),
    hint=[
        ("look at the arguments of the Beta law",
         "regardez les arguments de la loi Beta"),
        ("the law should be the same for λ and 1 − λ: print the mean of a thousand draws before the maximum",
         "la loi doit être la même pour λ et 1 − λ : affichez la moyenne de mille tirages avant le maximum"),
        ("both of its parameters are alpha",
         "ses deux paramètres valent alpha"),
    ],
    loses=["shares"],
    mutant=mixing(draw="keras.random.beta((len(x1),), alpha, 1, seed=seed)"),
)  # fmt: skip
mixup.slip(
    "seed-ignored-in-mixup",
    "`seed` does not count: the same seed gives other shares each time",
    "`seed` ne compte pas : la même graine donne d'autres parts à chaque fois",
    (BETA, "keras.random.beta((n,), alpha, alpha)"),
    hint=[
        ("look at what the draw of λ is given as a seed",
         "regardez quelle graine reçoit le tirage de λ"),
        ("call it twice with seed 4: the results must be equal",
         "appelez-la deux fois avec la graine 4 : les résultats doivent être égaux"),
        ("hand the generator of the first line to the draw",
         "donnez au tirage le générateur de la première ligne"),
    ],
    loses=["each"],
    mutant=mixing(draw="tf.constant(np.random.beta(alpha, alpha, len(x1)), tf.float32)"),
)  # fmt: skip
mixup.slip(
    "different-lambda-for-x-and-y",
    "images and labels are mixed in different shares: the label no longer says what the image holds",
    "images et étiquettes sont mélangées dans des parts différentes : l'étiquette ne dit plus ce que contient l'image",
    ("for_labels = ops.reshape(share, (n, 1, 1, 1)), ops.reshape(share, (n, 1))",
     "for_labels = ops.reshape(share, (n, 1, 1, 1)), ops.reshape(ops.maximum(1 - (other := keras.random.beta((n,), alpha, alpha, seed=seed)), other), (n, 1))"),
    hint=[
        ("count the draws of λ",
         "comptez les tirages de λ"),
        ("mix [1] and [0] as images and as labels: the two results must be equal",
         "mélangez [1] et [0] comme images et comme étiquettes : les deux résultats doivent être égaux"),
        ("draw once, and use the same numbers for both",
         "tirez une fois, et servez-vous des mêmes nombres pour les deux"),
    ],
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
    hint=[
        ("look at the labels that come back",
         "regardez les étiquettes qui reviennent"),
        ("a coat of which 30 % is a boot: what should its label say?",
         "un manteau dont 30 % est une botte : que doit dire son étiquette ?"),
        ("mix y1 and y2 in the shares of the images",
         "mélangez y1 et y2 dans les parts des images"),
    ],
    loses=["shares", "together"],
    mutant=mixing(y="tf.identity(y1)"),
)  # fmt: skip
mixup.slip(
    "shares-not-adding-up",
    "the two shares do not add up to 1",
    "les deux parts ne somment pas à 1",
    ("x = for_images * x1 + (1 - for_images) * x2", "x = for_images * x1 + for_images * x2"),
    ("y = for_labels * y1 + (1 - for_labels) * y2", "y = for_labels * y1 + for_labels * y2"),
    hint=[
        ("look at the factor of the second image",
         "regardez le facteur de la seconde image"),
        ("mix two white images: what must come out?",
         "mélangez deux images blanches : que doit-il sortir ?"),
        ("what the first does not take goes to the second",
         "ce que la première ne prend pas va à la seconde"),
    ],
    loses=["together"],
    mutant=mixing(y="lam[:, None] * (y1 + y2)").replace(
        "x2 + lam[:, None, None, None] * (x1 - x2)", "lam[:, None, None, None] * (x1 + x2)"
    ),
)  # fmt: skip
mixup.slip(
    "one-lambda-per-batch",
    "one λ for the whole batch: it works, but an unlucky draw spoils a whole step; draw one an example",
    "un seul λ pour tout le lot : cela marche, mais un tirage malheureux gâche un pas entier ; tirez-en un par exemple",
    (BETA, "ops.tile(keras.random.beta((1,), alpha, alpha, seed=seed), (n,))"),
    hint=[
        ("print the shape of your draw",
         "affichez la forme de votre tirage"),
        ("one unlucky λ near 1 for all: how much is mixed in that step?",
         "un λ malchanceux proche de 1 pour tous : que mélange ce pas ?"),
        ("draw as many as there are examples",
         "tirez-en autant qu'il y a d'exemples"),
    ],
    credit=1.0,
    loses=[],
    mutant=mixing(draw="tf.repeat(keras.random.beta((1,), alpha, alpha, seed=seed), len(x1))"),
)  # fmt: skip
mixup.mutant(
    "lambda-not-drawn",
    ["shares", "each"],
    mixing(draw="tf.fill([len(x1)], 0.75)"),
    named="",
)
mixup.mutant(
    "images-not-mixed",
    ["together", "each"],
    [("x = for_images * x1 + (1 - for_images) * x2", "x = x1")],
    named="",
)

"""3.2 to 3.4 of TP5: the loss, the ramp of its weight, the averaged network."""

from __future__ import annotations

import numpy as np
import pools
from lab import lab

from grader.authoring import Close, Draw, Handle, Student, numpy_array

# ------------------------------------------------------------------ 3.2 loss

loss = lab.exercise("loss", "3.2", "The loss", "La perte", "mixmatch_loss")


def losses(draw: Draw) -> tuple[np.ndarray, ...]:
    """Logits and soft labels of labelled images, then of unlabelled ones."""
    n, m, classes = draw.sizes(3, 3, 9)
    return (
        draw.normal(n, classes, scale=1.5), draw.probabilities(n, classes),
        draw.normal(m, classes, scale=1.5), draw.probabilities(m, classes),
    )  # fmt: skip


@loss.check(
    "labelled", 0.75, "labelled part", "partie étiquetée",
    asked=("with weight 0: mean cross-entropy of soft labels",
           "avec un poids nul : entropie croisée moyenne d'étiquettes molles"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return student.mixmatch_loss(*losses(draw), 0.0)


@loss.check(
    "unlabelled", 1.0, "unlabelled part", "partie sans étiquette",
    asked=("what a weight adds: mean over images and classes",
           "ce qu'ajoute un poids : moyenne sur images et classes"),
    expect={"added": Close(1e-3, 1e-4)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    given = losses(draw)
    weight = float(draw.uniform(1, low=20, high=60)[0])
    without, with_weight = (student.mixmatch_loss(*given, w) for w in (0.0, weight))
    return student.probe(added=student.np.subtract(with_weight, without))


@loss.check(
    "gradient", 0.5, "gradient", "gradient",
    asked=("gradient of the loss with respect to both logits",
           "gradient de la perte par rapport aux deux logits"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    weight = float(draw.uniform(1, low=20, high=60)[0])
    return student.probe(
        gradients=student.mixmatch_loss.gradient(*losses(draw), weight, wrt=[0, 2])
    )


def costing(
    unlabelled: str = "tf.reduce_mean(tf.math.squared_difference(tf.nn.softmax(logits_u), q))",
    weight: str = "weight",
) -> str:
    """The loss with TensorFlow, with one thing changed."""
    return f"""
def mixmatch_loss(logits_x, y, logits_u, q, weight):
    labelled = -tf.reduce_mean(tf.reduce_sum(y * tf.nn.log_softmax(logits_x), axis=1))
    return labelled + {weight} * {unlabelled}
"""


SQUARES = "ops.mean((ops.softmax(logits_u) - q) ** 2)"

loss.slip(
    "cross-entropy-on-unlabelled",
    "the unlabelled part is a cross-entropy: one wrong guess may cost anything; a squared difference is bounded",
    "la partie sans étiquette est une entropie croisée : une réponse fausse peut coûter n'importe quoi ; l'écart quadratique est borné",
    (SQUARES, "ops.mean(ops.categorical_crossentropy(q, logits_u, from_logits=True))"),
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(q, logits_u))"),
)  # fmt: skip
loss.slip(
    "l2-on-logits",
    "the squared difference is taken of logits; both sides must be probabilities",
    "l'écart quadratique porte sur des logits ; les deux côtés doivent être des probabilités",
    ("(ops.softmax(logits_u) - q) ** 2", "(logits_u - q) ** 2"),
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_mean((q - logits_u) ** 2)"),
)
loss.slip(
    "sum-over-classes",
    "the squares are summed over the classes, not averaged: λ_U counts as many times more as there are classes",
    "les carrés sont sommés sur les classes, pas moyennés : λ_U compte autant de fois plus qu'il y a de classes",
    (SQUARES, "ops.mean(ops.sum((ops.softmax(logits_u) - q) ** 2, axis=-1))"),
    hint=("over how many numbers is the mean?", "sur combien de nombres porte la moyenne ?"),
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_sum((tf.nn.softmax(logits_u) - q) ** 2) / len(q)"),
)  # fmt: skip
loss.slip(
    "sum-over-everything",
    "the squares are summed over images and classes, not averaged",
    "les carrés sont sommés sur images et classes, pas moyennés",
    (SQUARES, "ops.sum((ops.softmax(logits_u) - q) ** 2)"),
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_sum((tf.nn.softmax(logits_u) - q) ** 2)"),
)
loss.slip(
    "absolute-difference",
    "absolute differences, not squares",
    "des écarts absolus, pas des carrés",
    (SQUARES, "ops.mean(ops.abs(ops.softmax(logits_u) - q))"),
    loses=["unlabelled", "gradient"],
)
loss.slip(
    "weight-forgotten",
    "the weight λ_U does not count",
    "le poids λ_U ne compte pas",
    ("labelled + weight * unlabelled", "labelled + unlabelled"),
    loses=["unlabelled", "labelled", "gradient"],
    mutant=costing(weight="1.0"),
)
loss.slip(
    "from-logits-forgotten",
    "the cross-entropy takes the logits for probabilities",
    "l'entropie croisée prend les logits pour des probabilités",
    ("ops.categorical_crossentropy(y, logits_x, from_logits=True)",
     "ops.categorical_crossentropy(y, logits_x)"),
    loses=["labelled", "gradient"],
    mutant=[
        ("ops.categorical_crossentropy(y, logits_x, from_logits=True)",
         "keras.losses.categorical_crossentropy(y, logits_x)"),
    ],
)  # fmt: skip
loss.slip(
    "hard-targets-in-loss",
    "only the most likely class of a mixed label counts; a mixed label is soft",
    "seule la classe la plus probable d'une étiquette mélangée compte ; elle est molle",
    ("ops.categorical_crossentropy(y, logits_x, from_logits=True)",
     "ops.sparse_categorical_crossentropy(ops.argmax(y, axis=-1), logits_x, from_logits=True)"),
    loses=["labelled", "gradient"],
)  # fmt: skip
loss.slip(
    "labelled-summed",
    "the cross-entropies are summed over the images, not averaged",
    "les entropies croisées sont sommées sur les images, pas moyennées",
    ("    labelled = ops.mean(", "    labelled = ops.sum("),
    loses=["labelled", "gradient"],
)

# ------------------------------------------------------------------ 3.3 schedule

schedule = lab.exercise("schedule", "3.3", "The ramp", "La montée", "lambda_u_schedule")


@schedule.check(
    "values", 0.75, "values", "valeurs",
    asked=("0 at step 0, linear, constant after the ramp",
           "0 au pas 0, linéaire, constant après la montée"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    ramp = int(draw.rng.integers(300, 900))
    maximum = float(draw.uniform(1, low=5, high=90)[0])
    tensor = np.array(ramp // 4, np.float32)
    steps = [0, 1, ramp // 3, ramp - 1, ramp, 3 * ramp, tensor]
    weights = [student.lambda_u_schedule(step, ramp, maximum) for step in steps]
    return student.np.float32(student.np.array(weights))


RISING = 'ops.clip(ops.cast(step, "float32") / ramp, 0.0, 1.0)'

schedule.slip(
    "no-ramp",
    "λ_U is at its maximum from the first step: the first guesses are chance, and are learnt",
    "λ_U est au maximum dès le premier pas : les premières réponses sont du hasard, et elles sont apprises",
    ('maximum * ops.clip(ops.cast(step, "float32") / ramp, 0.0, 1.0)',
     'maximum + 0.0 * ops.cast(step, "float32")'),
    loses=["values"],
    mutant="def lambda_u_schedule(step, ramp, maximum):\n    return maximum",
)  # fmt: skip
schedule.slip(
    "ramp-in-wrong-unit",
    "the growth takes another time than `ramp` steps: it counts images or epochs, not steps",
    "la montée prend un autre temps que `ramp` pas : elle compte des images ou des époques, pas des pas",
    ('ops.cast(step, "float32") / ramp', 'RECIPE["batch"] * ops.cast(step, "float32") / ramp'),
    loses=["values"],
    mutant="""
def lambda_u_schedule(step, ramp, maximum):
    images = tf.cast(step, tf.float32) * RECIPE["batch"]
    return maximum * tf.minimum(1.0, images / ramp)
""",
)
schedule.slip(
    "ramp-without-end",
    "the weight goes on growing after the ramp",
    "le poids continue de croître après la montée",
    (RISING, 'ops.cast(step, "float32") / ramp'),
    loses=["values"],
    mutant="def lambda_u_schedule(step, ramp, maximum):\n    return step * (maximum / ramp)",
)
schedule.slip(
    "ramp-as-a-switch",
    "the weight jumps from 0 to its maximum; it should grow in a straight line",
    "le poids saute de 0 à son maximum ; il doit monter en ligne droite",
    (RISING, 'ops.cast(step >= ramp, "float32")'),
    loses=["values"],
)
schedule.mutant(
    "no-ramp-for-tensors",
    ["values"],
    """
def lambda_u_schedule(step, ramp, maximum):
    return maximum * min(step / ramp, 1.0) if isinstance(step, int) else maximum
""",
    named="",
)

# ------------------------------------------------------------------ 3.4 average

average = lab.exercise(
    "average", "3.4", "Averaged weights", "Les poids moyens", "update_average", "accuracy",
    forbids=["tensorflow.train.ExponentialMovingAverage"],
)  # fmt: skip


def network(draw: Draw, student: Student, d: int, c: int) -> tuple[Handle, dict[str, np.ndarray]]:
    """Dense and batch normalisation, d → c, with weights of its own."""
    weights = {
        "dense/kernel": draw.normal(d, c), "dense/bias": draw.normal(c),
        "norm/gamma": draw.normal(c, mean=1.5, scale=0.2), "norm/beta": draw.normal(c),
        "norm/moving_mean": draw.normal(c), "norm/moving_variance": draw.uniform(c, low=0.5, high=2),
    }  # fmt: skip
    layers = student.keras.layers
    model = student.keras.Sequential(
        [layers.Dense(c, name="dense"), layers.BatchNormalization(name="norm")]
    )
    model.build([None, d])
    model.set_weights(weights)
    return model, weights


@average.check(
    "update", 0.75, "update", "mise à jour",
    asked=("every weight, the normalisation's statistics too; twice in a row",
           "chaque poids, les statistiques de normalisation aussi ; deux fois de suite"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    d, c = draw.sizes(2, 2, 6)
    decay = float(draw.uniform(1, low=0.6, high=0.9)[0])
    (model, _), (mean, _) = network(draw, student, d, c), network(draw, student, d, c)
    student.update_average(mean, model, decay)
    student.update_average(mean, model, decay)
    return student.probe(averaged=mean.get_weights(), trained=model.get_weights())


@average.check(
    "accuracy", 0.5, "who answers", "qui répond",
    asked=("the averaged network's share of right answers",
           "la part de bonnes réponses du réseau moyen"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    """Labels such that the averaged network's share of right answers is its own."""
    d, c = draw.sizes(2, 4, 7)
    x = draw.normal(97, d)
    model, weights = network(draw, student, d, c)
    mean, averaged = network(draw, student, d, c)
    learnt, right = (pools.scores(w, x).argmax(axis=1) for w in (weights, averaged))
    labels = np.where(np.arange(97) % 3 < 2, right, learnt)
    return student.accuracy(model, mean, numpy_array(x), numpy_array(labels))


ASSIGNED = "mean.assign(decay * mean + (1 - decay) * weight)"
PREDICTED = "average.predict(images, batch_size=500, verbose=0)"
SHARE = "float(np.mean(found == np.asarray(labels)))"

average.slip(
    "decay-the-wrong-way",
    "decay and 1 − decay are exchanged: the average forgets almost everything at each step",
    "decay et 1 − decay sont échangés : la moyenne oublie presque tout à chaque pas",
    (ASSIGNED, "mean.assign((1 - decay) * mean + decay * weight)"),
    loses=["update"],
    mutant=[
        (ASSIGNED,
         "mean.assign_add((mean - weight) * -decay)"),
    ],
)  # fmt: skip
average.slip(
    "statistics-left-out",
    "only the trainable weights are averaged: the normalisation's statistics stay behind",
    "seuls les poids entraînables sont moyennés : les statistiques de normalisation restent en arrière",
    ("zip(average.weights, model.weights)",
     "zip(average.trainable_weights, model.trainable_weights)"),
    loses=["update"],
    mutant=[
        ("    for mean, weight in zip(average.weights, model.weights):\n        mean.assign(decay * mean + (1 - decay) * weight)",
         "    for i, weight in enumerate(model.trainable_variables):\n        mean = average.trainable_variables[i]\n        mean.assign(weight + decay * (mean - weight))"),
    ],
)  # fmt: skip
average.slip(
    "statistics-copied",
    "the normalisation's statistics are copied; they should be averaged as all weights",
    "les statistiques de normalisation sont copiées ; il faut les moyenner comme tous les poids",
    ("        mean.assign(decay * mean + (1 - decay) * weight)",
     "        mean.assign(decay * mean + (1 - decay) * weight if mean.trainable else weight)"),
    loses=["update"],
    mutant=[
        ("        mean.assign(decay * mean + (1 - decay) * weight)",
         "        old = 0.0 if 'moving' in mean.name else decay\n        mean.assign(old * mean + (1 - old) * weight)"),
    ],
)  # fmt: skip
average.slip(
    "the-wrong-network-moves",
    "the network that learns is changed, and the average stays where it is",
    "c'est le réseau qui apprend qui change, et la moyenne reste où elle est",
    (ASSIGNED, "weight.assign(decay * weight + (1 - decay) * mean)"),
    loses=["update"],
    mutant=[("zip(average.weights, model.weights)", "zip(model.variables, average.variables)")],
)  # fmt: skip
average.slip(
    "copied-not-averaged",
    "the weights are copied: nothing is averaged",
    "les poids sont copiés : rien n'est moyenné",
    (ASSIGNED, "mean.assign(weight)"),
    loses=["update"],
)
average.slip(
    "model-changed",
    "the network that learns is changed too",
    "le réseau qui apprend est modifié aussi",
    (ASSIGNED, "mean.assign(decay * mean + (1 - decay) * weight)\n        weight.assign(mean)"),
    loses=["update"],
)  # fmt: skip
average.slip(
    "ema-not-evaluated",
    "the network that learns is asked; the averaged one should answer",
    "c'est le réseau qui apprend qui est interrogé ; c'est le réseau moyen qui doit répondre",
    ("average.predict(images", "model.predict(images"),
    loses=["accuracy"],
    mutant=[
        (PREDICTED,
         "np.asarray(model(images, training=False))"),
    ],
)  # fmt: skip
average.slip(
    "answers-in-training-mode",
    "the averaged network answers as in training: with the statistics of these images, not with its own",
    "le réseau moyen répond comme à l'entraînement : avec les statistiques de ces images, pas avec les siennes",
    (PREDICTED, "np.asarray(average(ops.convert_to_tensor(images), training=True))"),
    loses=["accuracy"],
    mutant=[
        (PREDICTED,
         "ops.convert_to_numpy(average(images, training=True))"),
    ],
)  # fmt: skip
average.slip(
    "percent",
    "that is in percent; a share between 0 and 1 is asked for",
    "c'est en pour cent ; on demande une part entre 0 et 1",
    (SHARE, "100 * float(np.mean(found == np.asarray(labels)))"),
    loses=["accuracy"],
    mutant=[
        (SHARE,
         "100.0 * np.sum(found == labels) / len(labels)"),
    ],
)  # fmt: skip
average.slip(
    "error-not-accuracy",
    "that is the share of wrong answers",
    "c'est la part de réponses fausses",
    (SHARE, "float(np.mean(found != np.asarray(labels)))"),
    loses=["accuracy"],
)

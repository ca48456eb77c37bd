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
    hint=[
        ("look at the unlabelled half of the loss",
         "regardez la moitié sans étiquette de la perte"),
        ("answer [0.001, 0.999], target [1, 0]: compare −ln 0.001 with the mean of the squares",
         "réponse [0.001, 0.999], cible [1, 0] : comparez −ln 0,001 à la moyenne des carrés"),
        ("equation 4 has a squared difference of probabilities",
         "l'équation 4 a un écart quadratique de probabilités"),
    ],
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(q, logits_u))"),
)  # fmt: skip
loss.slip(
    "l2-on-logits",
    "the squared difference is taken of logits; both sides must be probabilities",
    "l'écart quadratique porte sur des logits ; les deux côtés doivent être des probabilités",
    ("(ops.softmax(logits_u) - q) ** 2", "(logits_u - q) ** 2"),
    hint=[
        ("look at what q is subtracted from",
         "regardez de quoi q est retiré"),
        ("logits [5, −5]: the difference with [1, 0] should be almost 0",
         "logits [5, −5] : l'écart avec [1, 0] doit être presque nul"),
        ("turn the logits into probabilities first",
         "changez d'abord les logits en probabilités"),
    ],
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_mean((q - logits_u) ** 2)"),
)  # fmt: skip
loss.slip(
    "sum-over-classes",
    "the squares are summed over the classes, not averaged: λ_U counts as many times more as there are classes",
    "les carrés sont sommés sur les classes, pas moyennés : λ_U compte autant de fois plus qu'il y a de classes",
    (SQUARES, "ops.mean(ops.sum((ops.softmax(logits_u) - q) ** 2, axis=-1))"),
    hint=[
        ("look at how the squares are brought together",
         "regardez comment les carrés sont réunis"),
        ("over how many numbers is the mean: m, or m times the classes?",
         "sur combien de nombres porte la moyenne : m, ou m fois les classes ?"),
        ("one mean over images and classes",
         "une moyenne sur images et classes"),
    ],
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_sum((tf.nn.softmax(logits_u) - q) ** 2) / len(q)"),
)  # fmt: skip
loss.slip(
    "sum-over-everything",
    "the squares are summed over images and classes, not averaged",
    "les carrés sont sommés sur images et classes, pas moyennés",
    (SQUARES, "ops.sum((ops.softmax(logits_u) - q) ** 2)"),
    hint=[
        ("look at how the squares are brought together",
         "regardez comment les carrés sont réunis"),
        ("give the unlabelled images twice: the loss must not change",
         "donnez deux fois les images sans étiquette : la perte ne doit pas changer"),
        ("take the mean instead of the sum",
         "prenez la moyenne au lieu de la somme"),
    ],
    loses=["unlabelled", "gradient"],
    mutant=costing("tf.reduce_sum((tf.nn.softmax(logits_u) - q) ** 2)"),
)  # fmt: skip
loss.slip(
    "absolute-difference",
    "absolute differences, not squares",
    "des écarts absolus, pas des carrés",
    (SQUARES, "ops.mean(ops.abs(ops.softmax(logits_u) - q))"),
    hint=[
        ("look at the power of the difference",
         "regardez la puissance de l'écart"),
        ("a difference of 0.1: should it cost 0.1 or 0.01?",
         "un écart de 0,1 : doit-il coûter 0,1 ou 0,01 ?"),
        ("square the differences",
         "élevez les écarts au carré"),
    ],
    loses=["unlabelled", "gradient"],
)  # fmt: skip
loss.slip(
    "weight-forgotten",
    "the weight λ_U does not count",
    "le poids λ_U ne compte pas",
    ("labelled + weight * unlabelled", "labelled + unlabelled"),
    hint=[
        ("look for `weight` in your lines",
         "cherchez `weight` dans vos lignes"),
        ("with weight 0 the unlabelled images must not matter",
         "avec un poids nul, les images sans étiquette ne doivent pas compter"),
        ("multiply the unlabelled part by it before adding",
         "multipliez-en la partie sans étiquette avant d'additionner"),
    ],
    loses=["unlabelled", "labelled", "gradient"],
    mutant=costing(weight="1.0"),
)  # fmt: skip
loss.slip(
    "from-logits-forgotten",
    "the cross-entropy takes the logits for probabilities",
    "l'entropie croisée prend les logits pour des probabilités",
    ("ops.categorical_crossentropy(y, logits_x, from_logits=True)",
     "ops.categorical_crossentropy(y, logits_x)"),
    hint=[
        ("look at the arguments of the cross-entropy",
         "regardez les arguments de l'entropie croisée"),
        ("logits [10, 0], label [1, 0]: the loss should be near 0",
         "logits [10, 0], étiquette [1, 0] : la perte doit être proche de 0"),
        ("say that logits come, or take the softmax first: one of the two",
         "dites que ce sont des logits, ou prenez d'abord le softmax : l'un des deux"),
    ],
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
    hint=[
        ("look for an argmax, or a sparse loss",
         "cherchez un argmax, ou une perte « sparse »"),
        ("label [0.6, 0.4]: does the 0.4 count in your loss?",
         "étiquette [0.6, 0.4] : le 0,4 compte-t-il dans votre perte ?"),
        ("take the cross-entropy that reads whole distributions",
         "prenez l'entropie croisée qui lit des distributions entières"),
    ],
    loses=["labelled", "gradient"],
)  # fmt: skip
loss.slip(
    "labelled-summed",
    "the cross-entropies are summed over the images, not averaged",
    "les entropies croisées sont sommées sur les images, pas moyennées",
    ("    labelled = ops.mean(", "    labelled = ops.sum("),
    hint=[
        ("look at how the images are brought together",
         "regardez comment les images sont réunies"),
        ("give the labelled images twice: the loss must not change",
         "donnez deux fois les images étiquetées : la perte ne doit pas changer"),
        ("take the mean over the images",
         "prenez la moyenne sur les images"),
    ],
    loses=["labelled", "gradient"],
)  # fmt: skip

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
    hint=[
        ("look for `step` and `ramp` in your line",
         "cherchez `step` et `ramp` dans votre ligne"),
        ("what must come at step 0, and at half the ramp?",
         "que doit-il sortir au pas 0, et à mi-montée ?"),
        ("the weight is in proportion to the steps made, until the ramp ends",
         "le poids est proportionnel aux pas faits, jusqu'à la fin de la montée"),
    ],
    loses=["values"],
    mutant="def lambda_u_schedule(step, ramp, maximum):\n    return maximum",
)  # fmt: skip
schedule.slip(
    "ramp-in-wrong-unit",
    "the growth takes another time than `ramp` steps: it counts images or epochs, not steps",
    "la montée prend un autre temps que `ramp` pas : elle compte des images ou des époques, pas des pas",
    ('ops.cast(step, "float32") / ramp', 'RECIPE["batch"] * ops.cast(step, "float32") / ramp'),
    hint=[
        ("look at what `step` is multiplied or divided by",
         "regardez par quoi `step` est multiplié ou divisé"),
        ("ramp = 100, maximum = 10: what must come at step 50?",
         "ramp = 100, maximum = 10 : que doit-il sortir au pas 50 ?"),
        ("step and ramp are in the same unit: their quotient is enough",
         "step et ramp sont dans la même unité : leur quotient suffit"),
    ],
    loses=["values"],
    mutant="""
def lambda_u_schedule(step, ramp, maximum):
    images = tf.cast(step, tf.float32) * RECIPE["batch"]
    return maximum * tf.minimum(1.0, images / ramp)
""",
)  # fmt: skip
schedule.slip(
    "ramp-without-end",
    "the weight goes on growing after the ramp",
    "le poids continue de croître après la montée",
    (RISING, 'ops.cast(step, "float32") / ramp'),
    hint=[
        ("look at what happens after the ramp",
         "regardez ce qui arrive après la montée"),
        ("ramp = 100, maximum = 10: what must come at step 300?",
         "ramp = 100, maximum = 10 : que doit-il sortir au pas 300 ?"),
        ("the share of the ramp that is done stays at 1",
         "la part faite de la montée reste à 1"),
    ],
    loses=["values"],
    mutant="def lambda_u_schedule(step, ramp, maximum):\n    return step * (maximum / ramp)",
)  # fmt: skip
schedule.slip(
    "ramp-as-a-switch",
    "the weight jumps from 0 to its maximum; it should grow in a straight line",
    "le poids saute de 0 à son maximum ; il doit monter en ligne droite",
    (RISING, 'ops.cast(step >= ramp, "float32")'),
    hint=[
        ("look at what comes in the middle of the ramp",
         "regardez ce qui sort au milieu de la montée"),
        ("ramp = 100, maximum = 10: step 50 must give 5",
         "ramp = 100, maximum = 10 : le pas 50 doit donner 5"),
        ("use the quotient itself, not a comparison or a whole division",
         "prenez le quotient lui-même, pas une comparaison ni une division entière"),
    ],
    loses=["values"],
)  # fmt: skip
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
    hint=[
        ("look at which network gets `decay`",
         "regardez quel réseau reçoit `decay`"),
        ("average 0, weight 1, decay 0.99: should the average become 0.01 or 0.99?",
         "moyenne 0, poids 1, decay 0,99 : la moyenne doit-elle devenir 0,01 ou 0,99 ?"),
        ("the average keeps the large share of itself",
         "la moyenne garde la grande part d'elle-même"),
    ],
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
    hint=[
        ("look at the list of weights that you go through",
         "regardez quelle liste de poids vous parcourez"),
        ("print len(model.weights) and len(model.trainable_weights): what is missing?",
         "affichez len(model.weights) et len(model.trainable_weights) : que manque-t-il ?"),
        ("go through all weights, those of the normalisation too",
         "parcourez tous les poids, ceux de la normalisation aussi"),
    ],
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
    hint=[
        ("look for a case apart for some of the weights",
         "cherchez un cas à part pour certains poids"),
        ("after one step with decay 0.99, how far may a moving mean have gone?",
         "après un pas à decay 0,99, de combien une moyenne mobile a-t-elle pu bouger ?"),
        ("one rule for every weight",
         "une seule règle pour tous les poids"),
    ],
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
    hint=[
        ("look at which weight is assigned",
         "regardez quel poids est affecté"),
        ("print one weight of each network before and after the call",
         "affichez un poids de chaque réseau avant et après l'appel"),
        ("assign to the average's; the other network is only read",
         "affectez celui de la moyenne ; l'autre réseau est seulement lu"),
    ],
    loses=["update"],
    mutant=[("zip(average.weights, model.weights)", "zip(model.variables, average.variables)")],
)  # fmt: skip
average.slip(
    "copied-not-averaged",
    "the weights are copied: nothing is averaged",
    "les poids sont copiés : rien n'est moyenné",
    (ASSIGNED, "mean.assign(weight)"),
    hint=[
        ("look at what is assigned",
         "regardez ce qui est affecté"),
        ("average 0, weight 1, decay 0.9: what must the average become?",
         "moyenne 0, poids 1, decay 0,9 : que doit devenir la moyenne ?"),
        ("the old value of the average enters the new one",
         "l'ancienne valeur de la moyenne entre dans la nouvelle"),
    ],
    loses=["update"],
)  # fmt: skip
average.slip(
    "model-changed",
    "the network that learns is changed too",
    "le réseau qui apprend est modifié aussi",
    (ASSIGNED, "mean.assign(decay * mean + (1 - decay) * weight)\n        weight.assign(mean)"),
    hint=[
        ("count the assignments",
         "comptez les affectations"),
        ("print one weight of the model before and after the call: it must not change",
         "affichez un poids du modèle avant et après l'appel : il ne doit pas changer"),
        ("only the average is assigned to",
         "seule la moyenne est affectée"),
    ],
    loses=["update"],
)  # fmt: skip
average.slip(
    "ema-not-evaluated",
    "the network that learns is asked; the averaged one should answer",
    "c'est le réseau qui apprend qui est interrogé ; c'est le réseau moyen qui doit répondre",
    ("average.predict(images", "model.predict(images"),
    hint=[
        ("look at which of the two networks predicts",
         "regardez lequel des deux réseaux prédit"),
        ("give two networks of different weights: whose answers do you count?",
         "donnez deux réseaux de poids différents : de qui comptez-vous les réponses ?"),
        ("the averaged network answers",
         "c'est le réseau moyen qui répond"),
    ],
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
    hint=[
        ("look at how the network is called",
         "regardez comment le réseau est appelé"),
        ("ask for one image alone, and among others: is the answer the same?",
         "interrogez sur une image seule, puis parmi d'autres : la réponse est-elle la même ?"),
        ("call it as for predicting, not as for training",
         "appelez-le pour prédire, pas pour entraîner"),
    ],
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
    hint=[
        ("look at the last factor",
         "regardez le dernier facteur"),
        ("all right must give 1: what do you get?",
         "tout juste doit donner 1 : que trouvez-vous ?"),
        ("return a share, without a factor of 100",
         "rendez une part, sans facteur 100"),
    ],
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
    hint=[
        ("look at the comparison",
         "regardez la comparaison"),
        ("all right must give 1: what do you get?",
         "tout juste doit donner 1 : que trouvez-vous ?"),
        ("count the answers that agree",
         "comptez les réponses qui concordent"),
    ],
    loses=["accuracy"],
)  # fmt: skip

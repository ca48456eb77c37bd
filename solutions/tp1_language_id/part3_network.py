"""3.1 to 3.5 of TP1: the network, its size, its loss, its figures, its training."""

from __future__ import annotations

from typing import Any

import hearing
import numpy as np
from lab import BANDS, SAMPLES, STEPS, lab, listener, noise

from grader.authoring import Close, Draw, Handle, Student, numpy_array

# ------------------------------------------------------------------ 3.1 counting

counting = lab.exercise(
    "counting", "3.1", "Count before you build", "Compter avant de construire", "lstm_parameters"
)


@counting.check(
    "values", 0.75, "any LSTM", "tout LSTM",
    asked=("four blocks of input weights, state weights and biases",
           "quatre blocs de poids d'entrée, de poids d'état et de biais"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    a, b, c = draw.sizes(3, 3, 90)
    return student.probe(out=student.lstm_parameters(a, b), other=student.lstm_parameters(b, c))


counting.slip(
    "three-gates",
    "three blocks are counted, an LSTM has four",
    "trois blocs sont comptés, un LSTM en a quatre",
    ("4 * units", "3 * units"),
    hint=[
        ("look at the factor in front",
         "regardez le facteur devant"),
        ("list the blocks: input, forget and output gate, and …",
         "énumérez les blocs : portes d'entrée, d'oubli, de sortie, et …"),
        ("the candidate has weights of its own too",
         "le candidat a aussi ses propres poids"),
    ],
    loses=["values"],
    mutant="def lstm_parameters(input_dim, units):\n    return 3 * (input_dim * units + units * units + units)",
)  # fmt: skip
counting.slip(
    "one-block",
    "that is a simple recurrent layer: an LSTM has four blocks",
    "c'est une couche récurrente simple : un LSTM a quatre blocs",
    ("4 * units", "units"),
    hint=[
        ("look at the factor in front",
         "regardez le facteur devant"),
        ("compare with layers.LSTM(2) and layers.SimpleRNN(2) on inputs of size 3: count_params()",
         "comparez layers.LSTM(2) et layers.SimpleRNN(2) sur des entrées de taille 3 : count_params()"),
        ("every gate, and the candidate, has such a block",
         "chaque porte, et le candidat, a un tel bloc"),
    ],
    loses=["values"],
    mutant="def lstm_parameters(input_dim, units):\n    return input_dim * units + units**2 + units",
)  # fmt: skip
counting.slip(
    "no-bias-counted",
    "the biases are forgotten",
    "les biais sont oubliés",
    ("input_dim + units + 1", "input_dim + units"),
    hint=[
        ("look at what each of the four sums contains",
         "regardez ce que contient chacune des quatre sommes"),
        ("one unit, one input: a weight for the input, one for the state, and …?",
         "une unité, une entrée : un poids pour l'entrée, un pour l'état, et … ?"),
        ("each unit of each block adds one number of its own",
         "chaque unité de chaque bloc ajoute un nombre à elle"),
    ],
    loses=["values"],
    mutant="def lstm_parameters(input_dim, units):\n    return 4 * (input_dim * units + units**2)",
)  # fmt: skip
counting.slip(
    "no-recurrent-weights",
    "the weights of the previous state are forgotten",
    "les poids de l'état précédent sont oubliés",
    ("input_dim + units + 1", "input_dim + 1"),
    hint=[
        ("look at what each block reads",
         "regardez ce que lit chaque bloc"),
        ("an LSTM reads its input and something else: what makes it recurrent?",
         "un LSTM lit son entrée et autre chose : qu'est-ce qui le rend récurrent ?"),
        ("count a weight from each unit to each unit as well",
         "comptez aussi un poids de chaque unité vers chaque unité"),
    ],
    loses=["values"],
    mutant="def lstm_parameters(input_dim, units):\n    return 4 * (input_dim * units + units)",
)  # fmt: skip
counting.slip(
    "two-biases",
    "two biases a gate: some libraries do, Keras' LSTM has one",
    "deux biais par porte : certaines bibliothèques, mais le LSTM de Keras en a un",
    ("input_dim + units + 1", "input_dim + units + 2"),
    hint=[
        ("look at the biases that you count",
         "regardez les biais que vous comptez"),
        ("print [w.shape for w in layer.weights] of a built layers.LSTM(2)",
         "affichez [w.shape for w in layer.weights] d'un layers.LSTM(2) construit"),
        ("one bias for each unit of each block",
         "un biais par unité de chaque bloc"),
    ],
    loses=["values"],
    mutant="def lstm_parameters(input_dim, units):\n    return 4 * (input_dim * units + units**2 + 2 * units)",
)  # fmt: skip
counts = lab.exercise("counts", "3.1", "Two counts", "Deux nombres")


def lstm_count(inputs: int, units: int = 128, classes: int = 5) -> int:
    return 4 * units * (inputs + units + 1) + (units + 1) * classes


counts.question(
    "parameters_model", 0.25, "parameters of the network", "paramètres du réseau",
    type="number", right=[lstm_count(BANDS)],
    wrong={
        lstm_count(STEPS): ("that is the network fed with 200 numbers a step: which axis is time?",
                            "c'est le réseau nourri de 200 nombres par pas : quel axe est le temps ?"),
        lstm_count(BANDS) - 645: ("that is the LSTM alone: the dense layer is missing",
                                  "c'est le LSTM seul : il manque la couche dense"),
        lstm_count(BANDS) - 4 * 128: ("the LSTM's biases are missing", "les biais du LSTM manquent"),
        lstm_count(BANDS) - 5: ("the dense layer's biases are missing",
                                "les biais de la couche dense manquent"),
        lstm_count(BANDS) + 4 * 128: ("one bias a gate in Keras' LSTM, not two",
                                      "un biais par porte dans le LSTM de Keras, pas deux"),
        3 * 128 * 229 + 645: ("an LSTM has four blocks: three gates and the candidate",
                              "un LSTM a quatre blocs : trois portes et le candidat"),
        4 * 128 * 101 + 645: ("the weights of the previous state are missing",
                              "les poids de l'état précédent manquent"),
        128 * 229 + 645: ("that is a simple recurrent layer: one block, not four",
                          "c'est une couche récurrente simple : un bloc, pas quatre"),
    },
)  # fmt: skip
counts.question(
    "parameters_swapped", 0.25, "lying on its side", "couché",
    type="number", right=[lstm_count(STEPS)],
    wrong={
        lstm_count(BANDS): ("the input size changes, and with it the input weights",
                            "la taille d'entrée change, et avec elle les poids d'entrée"),
        lstm_count(STEPS) - 645: ("that is the LSTM alone", "c'est le LSTM seul"),
    },
)  # fmt: skip
counts.mutant(
    "counts-mistaken",
    ["parameters_model", "parameters_swapped"],
    named="",
    answers={"parameters_model": 169093, "parameters_swapped": 117893},
)

# ------------------------------------------------------------------ 3.2 build

build = lab.exercise("build", "3.2", "The network", "Le réseau", "build_model")


def network(draw: Draw, student: Student) -> tuple[Handle, Handle, Handle, Handle, int]:
    """The student's model for k languages, clips, its answer, its answer with weights of ours, k.

    All of it is shared: predicting on a batch traces the model once, which costs less than a loop
    over 200 steps of time.
    """
    draw = draw.named("network")
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
    with student.shared():
        # a state that is kept (a mistake) begins with what the first weights made of it
        student.keras.utils.set_random_seed(int(draw.rng.integers(1000)))
        model = student.build_model(k)
        x = noise(draw, student, 3, STEPS, BANDS, loud=1.0)
        first = model.predict_on_batch(x)
        model.set_weights(weights)
        p = model.predict_on_batch(x)
    return model, x, first, p, k


@build.check(
    "size", 0.5, "size", "taille",
    asked=("parameters, and the shape of the answer", "paramètres, et forme de la réponse"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    model, _, first, _, _ = network(draw, student)
    return student.probe(parameters=model.count_params(), shape=student.np.shape(first))


@build.check(
    "output", 0.75, "the answer", "la réponse",
    asked=("given weights and clips, the probabilities", "poids et extraits donnés, les probabilités"),
    expect={"probabilities": Close(1e-3, 1e-4)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    _, _, _, p, _ = network(draw, student)
    return student.probe(probabilities=student.np.array(p))


@build.check(
    "again", 0.25, "no memory between clips", "pas de mémoire entre extraits",
    asked=("the same clips twice, the same answer", "deux fois les mêmes extraits, la même réponse"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    model, x, _, p, _ = network(draw, student)
    again = model.predict_on_batch(x)
    same = student.np.allclose(p, again, 1e-3, 1e-3)
    return student.probe(same_answer=same, languages=student.np.shape(again)[-1]), {"same_answer": True}


@build.check(
    "loss", 0.75, "the loss", "la perte",
    asked=("the cross-entropy of integer labels, from probabilities",
           "l'entropie croisée d'étiquettes entières, à partir de probabilités"),
    expect={"loss": Close(1e-3, 1e-3)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    model, _, _, _, k = network(draw, student)
    labels = numpy_array(draw.rng.integers(0, k, k))  # k of them: a wrong loss may broadcast
    scores = np.exp(draw.normal(k, k))
    answers = numpy_array(scores / scores.sum(axis=1, keepdims=True))
    answers = student.keras.ops.convert_to_tensor(answers)
    whole = model.compute_loss(y=labels, y_pred=answers)
    penalty = student.np.sum(model.losses)  # of weights: no matter
    return student.probe(loss=student.np.subtract(whole, penalty))


NETWORK = """
def build_model(num_languages):
    model = keras.Sequential([
        keras.Input((200, BANDS)),
        {body}
    ])
    model.compile("adam", loss={loss}, metrics=["accuracy"])
    return model
"""
LSTM = 'layers.LSTM(128, name="lstm"),'
SEQUENCES = 'layers.LSTM(128, return_sequences=True, name="lstm"),'
DENSE = 'layers.Dense(num_languages, activation="softmax", name="languages"),'
CROSS_ENTROPY = '"sparse_categorical_crossentropy"'


def compiled(*body: str, loss: str = CROSS_ENTROPY) -> str:
    """`build_model` with these layers and this loss."""
    return NETWORK.format(body="\n        ".join(body), loss=loss)


STATEFUL = """
class Listener(keras.Model):
    def __init__(self, num_languages):
        super().__init__()
        self.lstm = layers.LSTM(128, stateful=True, name="lstm")
        self.languages = layers.Dense(num_languages, activation="softmax", name="languages")

    def call(self, x):
        return self.languages(self.lstm(x))


def build_model(num_languages):
    model = Listener(num_languages)
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""

build.slip(
    "return-sequences-kept",
    "an answer at every step of time instead of one for the clip",
    "une réponse à chaque pas de temps au lieu d'une par extrait",
    ('layers.LSTM(128, name="lstm")', 'layers.LSTM(128, return_sequences=True, name="lstm")'),
    hint=[
        ("print the shape of what the LSTM gives",
         "affichez la forme de ce que rend le LSTM"),
        ("return_sequences decides whether all states come out, or the last: how many answers does one clip need?",
         "return_sequences décide si tous les états sortent, ou le dernier : combien de réponses pour un extrait ?"),
        ("let the LSTM give its last state only",
         "que le LSTM ne rende que son dernier état"),
    ],
    loses=["size", "output"],
    mutant=compiled('layers.RNN(layers.LSTMCell(128), return_sequences=True, name="lstm"),', DENSE),
)  # fmt: skip
build.slip(
    "flatten-then-dense",
    "all 200 states are laid flat: the dense layer is 200 times as large, and tied to the length",
    "les 200 états sont mis bout à bout : la couche dense est 200 fois plus grande, et liée à la longueur",
    hint=[
        ("look at what lies between the LSTM and the dense layer",
         "regardez ce qu'il y a entre le LSTM et la couche dense"),
        ("multiply 200 by 128 by the number of languages, and compare with 128 by that number",
         "multipliez 200 par 128 par le nombre de langues, et comparez à 128 par ce nombre"),
        ("the last state has heard the whole clip: it is enough",
         "le dernier état a entendu tout l'extrait : il suffit"),
    ],
    code=compiled(SEQUENCES, "layers.Flatten(),", DENSE),
    loses=["size", "output"],
    mutant="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    x = layers.LSTM(128, return_sequences=True, name="lstm")(sound)
    x = layers.Reshape((200 * 128,))(x)
    model = keras.Model(sound, layers.Dense(num_languages, "softmax", name="languages")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
""",
)  # fmt: skip
build.slip(
    "first-step-output",
    "the first state is used: it has heard 15 ms",
    "c'est le premier état qui sert : il n'a entendu que 15 ms",
    hint=[
        ("look at which of the 200 states you take",
         "regardez lequel des 200 états vous prenez"),
        ("change the end of a clip: does the answer change?",
         "changez la fin d'un extrait : la réponse change-t-elle ?"),
        ("take the state that comes after the last step",
         "prenez l'état qui suit le dernier pas"),
    ],
    code=compiled(SEQUENCES, "layers.Lambda(lambda x: x[:, 0]),", DENSE),
    loses=["output"],
    mutant=compiled(SEQUENCES, "layers.Cropping1D((0, 199)),", "layers.Flatten(),", DENSE),
)  # fmt: skip
build.slip(
    "states-averaged",
    "the mean of all states is used, not the last one",
    "c'est la moyenne des états qui sert, pas le dernier",
    hint=[
        ("look at what becomes of the 200 states",
         "regardez ce que deviennent les 200 états"),
        ("the section asks for one state of the LSTM: which one has heard everything?",
         "la partie demande un seul état du LSTM : lequel a tout entendu ?"),
        ("no pooling: the LSTM gives its last state by itself",
         "pas de pooling : le LSTM rend de lui-même son dernier état"),
    ],
    code=compiled(SEQUENCES, "layers.GlobalAveragePooling1D(),", DENSE),
    loses=["output"],
    mutant=compiled(SEQUENCES, "layers.AveragePooling1D(200),", "layers.Flatten(),", DENSE),
)  # fmt: skip
build.slip(
    "read-backwards",
    "the clip is read backwards",
    "l'extrait est lu à l'envers",
    ('layers.LSTM(128, name="lstm")', 'layers.LSTM(128, go_backwards=True, name="lstm")'),
    hint=[
        ("look at the order in which the steps are read",
         "regardez dans quel ordre les pas sont lus"),
        ("print layer.get_config()[\"go_backwards\"], and look for a reversed slice",
         "affichez layer.get_config()[\"go_backwards\"], et cherchez une tranche à l'envers"),
        ("let the LSTM read from the first step to the last",
         "que le LSTM lise du premier pas au dernier"),
    ],
    loses=["output"],
    mutant=compiled("layers.Lambda(lambda x: x[:, ::-1]),", LSTM, DENSE),
)  # fmt: skip
build.slip(
    "sigmoid-head",
    "sigmoids: the answers do not add up to 1",
    "des sigmoïdes : la somme des réponses n'est pas 1",
    ('activation="softmax"', 'activation="sigmoid"'),
    hint=[
        ("look at the activation of the last layer",
         "regardez l'activation de la dernière couche"),
        ("print the sum of one answer: one clip is in one language",
         "affichez la somme d'une réponse : un extrait est dans une seule langue"),
        ("use the activation whose outputs add up to 1",
         "prenez l'activation dont les sorties ont pour somme 1"),
    ],
    loses=["output"],
    mutant=compiled(
        LSTM, 'layers.Dense(num_languages, name="languages"),', 'layers.Activation("sigmoid"),'
    ),
)  # fmt: skip
build.slip(
    "probabilities-taken-for-scores",
    "the loss is told that scores come (from_logits=True); the network is to give probabilities",
    "la perte attend des scores (from_logits=True) ; le réseau doit donner des probabilités",
    hint=[
        ("look at the loss: what does it expect to be given?",
         "regardez la perte : qu'attend-elle de recevoir ?"),
        ("with the right label at probability 1 the loss should be 0: what is yours?",
         "si la bonne étiquette a une probabilité de 1, la perte doit être nulle : et la vôtre ?"),
        ("the model already ends with a softmax: the loss must not apply another",
         "le modèle finit déjà par une softmax : la perte ne doit pas en appliquer une autre"),
    ],
    code=compiled(LSTM, DENSE, loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)"),
    loses=["loss"],
    mutant="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    p = layers.Dense(num_languages, "softmax", name="languages")(layers.LSTM(128, name="lstm")(sound))
    model = keras.Model(sound, p)
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(True))
    return model
""",
)  # fmt: skip
build.slip(
    "logits-returned",
    "the answers are scores, not probabilities",
    "les réponses sont des scores, pas des probabilités",
    hint=[
        ("look at the activation of the last layer",
         "regardez l'activation de la dernière couche"),
        ("print one answer: is anything negative, what is the sum?",
         "affichez une réponse : y a-t-il du négatif, quelle est la somme ?"),
        ("the docstring promises probabilities; then the loss must take probabilities too",
         "la docstring promet des probabilités ; la perte doit donc en attendre aussi"),
    ],
    code=compiled(
        LSTM,
        'layers.Dense(num_languages, name="languages"),',
        loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
    ),
    loses=["output", "loss"],
    mutant="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    scores = layers.Dense(num_languages, name="languages")(layers.LSTM(128, name="lstm")(sound))
    model = keras.Model(sound, scores)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model
""",
)  # fmt: skip
build.slip(
    "double-softmax",
    "softmax twice: every probability is pressed towards 1 over the number of classes",
    "deux softmax : chaque probabilité est écrasée vers 1 sur le nombre de classes",
    hint=[
        ("count the softmaxes between the LSTM and the loss",
         "comptez les softmax entre le LSTM et la perte"),
        ("softmax of [0, 10], then softmax of that: how sure can the answer still be?",
         "la softmax de [0, 10], puis la softmax du résultat : quelle certitude reste possible ?"),
        ("keep one of the two",
         "n'en gardez qu'une"),
    ],
    code=compiled(LSTM, DENSE, "layers.Softmax(),"),
    loses=["output"],
    mutant=compiled(LSTM, DENSE, 'layers.Activation("softmax"),'),
)  # fmt: skip
build.slip(
    "squared-error",
    "squared error on integer labels: the ranks of languages are no quantities",
    "erreur quadratique sur des étiquettes entières : le rang d'une langue n'est pas une quantité",
    hint=[
        ("look at the loss in compile",
         "regardez la perte dans compile"),
        ("is it worse to take de (0) for it (4) than for en (1)? this loss says so",
         "est-il plus grave de prendre de (0) pour it (4) que pour en (1) ? cette perte le dit"),
        ("take the cross-entropy that reads whole numbers as labels",
         "prenez l'entropie croisée qui lit des entiers comme étiquettes"),
    ],
    code=compiled(LSTM, DENSE, loss='"mse"'),
    loses=["loss"],
    mutant=compiled(LSTM, DENSE, loss="keras.losses.MeanSquaredError()"),
)  # fmt: skip
build.slip(
    "stateful-left-on",
    "the state stays from one batch to the next: the same clip gets two answers",
    "l'état reste d'un lot au suivant : le même extrait reçoit deux réponses",
    hint=[
        ("look at the arguments of the LSTM",
         "regardez les arguments du LSTM"),
        ("predict the same clip twice and compare",
         "prédisez deux fois le même extrait et comparez"),
        ("each clip begins with a blank state: that is the default",
         "chaque extrait commence par un état vide : c'est le réglage par défaut"),
    ],
    code=STATEFUL,
    loses=["output", "again"],
    mutant="""
class Ear(keras.Model):
    def __init__(self, count):
        super().__init__()
        self.lstm = layers.RNN(layers.LSTMCell(128), stateful=True)
        self.languages = layers.Dense(count, activation="softmax")

    def call(self, clips):
        return self.languages(self.lstm(clips))


def build_model(num_languages):
    model = Ear(num_languages)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(), metrics=["accuracy"])
    return model
""",
)  # fmt: skip
build.mutant(  # an exception alone earns no name
    "label-loss-mismatch",
    ["loss"],
    compiled(LSTM, DENSE, loss='"categorical_crossentropy"'),
    named="",
)
build.mutant(
    "return-sequences-missing-in-stack",
    ["size", "output", "again", "loss"],
    """
def build_model(num_languages):
    sound = keras.Input((200, 100))
    x = layers.LSTM(64)(sound)
    x = layers.LSTM(128, name="lstm")(x)
    model = keras.Model(sound, layers.Dense(num_languages, "softmax", name="languages")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
""",
    named="",
)
build.mutant(
    "return-sequences-kept-time-distributed",
    ["output", "size"],
    compiled(
        SEQUENCES,
        "layers.TimeDistributed(layers.Dense(num_languages, activation='softmax'), name='languages'),",
    ),
    named="return-sequences-kept",
)

# ------------------------------------------------------------------ 3.3 metrics

metrics = lab.exercise(
    "metrics", "3.3", "Measure", "Mesurer", "confusion_matrix", "balanced_accuracy"
)


def judged(draw: Draw) -> tuple[np.ndarray, np.ndarray, int]:
    """Labels of unequal classes, one of them (not the last) absent; predictions that are often right."""
    k = 5
    absent = int(draw.rng.integers(k - 1))
    present = [c for c in range(k) if c != absent]
    counts = draw.rng.permutation([4, 9, 17, 40])
    labels = draw.rng.permutation(np.repeat(present, counts)).astype(np.int64)
    random = draw.rng.integers(0, k, len(labels))
    right = draw.rng.random(len(labels)) < np.linspace(0.3, 0.95, k)[labels]
    return labels, np.where(right, labels, random).astype(np.int64), k


@metrics.check(
    "confusion", 0.5, "confusion matrix", "matrice de confusion",
    asked=("counts, true language in rows; languages that do not occur have theirs too",
           "des comptes, la vraie langue en lignes ; celles qui n'apparaissent pas ont aussi la leur"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    labels, predicted, k = judged(draw)
    return student.probe(
        out=student.confusion_matrix(numpy_array(labels), numpy_array(predicted), k),
        two_more=student.confusion_matrix(numpy_array(labels), numpy_array(predicted), k + 2),
    )


@metrics.check(
    "balanced", 0.75, "balanced accuracy", "exactitude équilibrée",
    asked=("mean share of correct clips over the languages present",
           "moyenne, sur les langues présentes, de la part bien classée"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    labels, predicted, _ = judged(draw)
    uneven, zeros = np.array([0] * 9 + [1]), np.zeros(10, np.int64)
    apart = np.where(labels > labels.min(), labels + 2, labels)  # two languages that nobody names
    named = np.where(predicted > labels.min(), predicted + 2, labels.min())
    return student.probe(
        out=student.balanced_accuracy(numpy_array(labels), numpy_array(predicted)),
        always_0=student.balanced_accuracy(numpy_array(uneven), numpy_array(zeros)),
        absent_from_both=student.balanced_accuracy(numpy_array(apart), numpy_array(named)),
    )


BALANCED = (
    "    return float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))"
)

metrics.slip(
    "rows-and-columns-exchanged",
    "predictions are in rows; true languages should be",
    "les prédictions sont en lignes ; ce devrait être les vraies langues",
    ("(np.asarray(labels), np.asarray(predictions)), 1)",
     "(np.asarray(predictions), np.asarray(labels)), 1)"),
    hint=[
        ("look at which of the two indices comes first",
         "regardez lequel des deux indices vient en premier"),
        ("labels [0], predictions [1]: in which cell should the 1 stand?",
         "étiquettes [0], prédictions [1] : dans quelle case doit être le 1 ?"),
        ("the true language chooses the row",
         "la vraie langue choisit la ligne"),
    ],
    loses=["confusion"],
    mutant=[("    return counts\n", "    return counts.T\n")],
)  # fmt: skip
metrics.slip(
    "shares-instead-of-counts",
    "these are shares, counts are asked for",
    "ce sont des parts, on demande des comptes",
    ("    return counts\n",
     "    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)\n"),
    hint=[
        ("print the sum of the matrix",
         "affichez la somme de la matrice"),
        ("for ten clips it should be 10: what is it?",
         "pour dix extraits elle doit valoir 10 : et la vôtre ?"),
        ("return what was counted, without dividing",
         "rendez ce qui a été compté, sans diviser"),
    ],
    loses=["confusion"],
    mutant=[
        ("    return counts\n",
         "    rows = np.sum(counts, axis=1)\n    return np.array([c / n if n else c * 0.0 for c, n in zip(counts, rows)])\n"),
    ],
)  # fmt: skip
metrics.slip(
    "absent-languages-left-out",
    "the matrix has room only for languages that occur: num_languages is not used",
    "la matrice n'a de place que pour les langues présentes : num_languages ne sert pas",
    ("counts = np.zeros((num_languages, num_languages), int)",
     "n = 1 + max(np.max(labels), np.max(predictions))\n    counts = np.zeros((n, n), int)"),
    hint=[
        ("print the shape of the matrix",
         "affichez la forme de la matrice"),
        ("what shape is promised for num_languages = 5, whatever occurs?",
         "quelle forme est promise pour num_languages = 5, quoi qu'il apparaisse ?"),
        ("make room for every language before counting",
         "faites de la place pour chaque langue avant de compter"),
    ],
    loses=["confusion"],
    mutant=[
        ("(num_languages, num_languages), int", "(max(*labels, *predictions) + 1,) * 2, int"),
    ],
)  # fmt: skip
metrics.slip(
    "plain-accuracy",
    "this is plain accuracy: large classes weigh more",
    "c'est l'exactitude simple : les grandes classes pèsent plus",
    ("float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))",
     "float(np.mean(predictions == labels))"),
    hint=[
        ("look at what is averaged",
         "regardez de quoi vous faites la moyenne"),
        ("nine clips of 0, one of 1, always 0 predicted: plain accuracy says 0.9; what is the mean of the two recalls?",
         "neuf extraits 0, un extrait 1, toujours 0 prédit : l'exactitude simple dit 0,9 ; et la moyenne des deux rappels ?"),
        ("find the share of right ones in each language first, then average these",
         "trouvez d'abord la part bien classée de chaque langue, puis moyennez ces parts"),
    ],
    loses=["balanced"],
    mutant=[
        (BALANCED,
         "    return sum(labels == predictions) / len(labels)"),
    ],
)  # fmt: skip
metrics.slip(
    "precision-instead-of-recall",
    "this averages over what was predicted (precision), not over what was there (recall)",
    "la moyenne porte sur ce qui est prédit (précision), pas sur ce qui est vrai (rappel)",
    ("predictions[labels == c] == c) for c in np.unique(labels)",
     "labels[predictions == c] == c) for c in np.unique(predictions)"),
    hint=[
        ("look at how you choose the clips of one class",
         "regardez comment vous choisissez les extraits d'une classe"),
        ("labels [0, 0], predictions [0, 1]: half of language 0 was found",
         "étiquettes [0, 0], prédictions [0, 1] : la moitié de la langue 0 est trouvée"),
        ("choose by the true label, then ask how many predictions agree",
         "choisissez par la vraie étiquette, puis comptez les prédictions qui concordent"),
    ],
    loses=["balanced"],
    mutant=[
        (BALANCED,
         "    return np.mean([(labels[predictions == c] == c).mean() for c in set(predictions.tolist())])"),
    ],
)  # fmt: skip
metrics.slip(
    "absent-classes-counted",
    "absent languages count as zero",
    "les langues absentes comptent pour zéro",
    ("np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)])",
     "sum(np.mean(predictions[labels == c] == c) for c in np.unique(labels)) / (1 + max(labels.max(), predictions.max()))"),
    hint=[
        ("look at the classes over which you average",
         "regardez sur quelles classes vous moyennez"),
        ("labels [0, 2], all right: the result must be 1, though nobody spoke language 1",
         "étiquettes [0, 2], toutes justes : il faut 1, bien que personne n'ait parlé la langue 1"),
        ("go through the classes that occur among the labels",
         "parcourez les classes présentes parmi les étiquettes"),
    ],
    loses=["balanced"],
    mutant=[
        (BALANCED,
         "    m = confusion_matrix(labels, predictions, 1 + max(labels.max(), predictions.max()))\n    return float(np.mean(np.diag(m) / np.maximum(m.sum(axis=1), 1)))"),
    ],
)  # fmt: skip

# ------------------------------------------------------------------ 3.4 predict

predict = lab.exercise(
    "predict", "3.4", "From sound to language", "Du son à la langue", "predict_languages"
)


@predict.check(
    "values", 0.75, "languages", "langues",
    asked=("one integer a clip", "un entier par extrait"),
    expect={"out": Close(0, 0), "of_three": Close(0, 0)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    # noise that is a little, ten times or a hundred times as loud for a while: the loudest moment is about
    # 1.7, 5.4 or 9.5 above the clip's mean, in natural logarithms of power
    bursts = draw.rng.permutation([1.0, 1.0, 10.0, 10.0, 10.0, 10.0, 100.0])
    starts = draw.rng.integers(0, 8, len(bursts))
    burst = np.arange(10)[None] == starts[:, None]
    loud = np.where(burst, bursts[:, None], 1.0).astype(np.float32)
    mean = draw.normal(BANDS, scale=0.05, mean=2.5)
    std = np.full(BANDS, 2.5, np.float32)
    model = listener(student, 3.0, "Max", 0.4, 1.8)
    white = noise(draw, student, len(bursts), SAMPLES, loud=0.01)
    envelopes = student.np.repeat(numpy_array(loud), SAMPLES // 10, 1)
    waves = student.np.multiply(white, envelopes)
    normaliser = [numpy_array(mean), numpy_array(std)]
    three = numpy_array(np.argsort(bursts, kind="stable")[-3:])
    return student.probe(
        out=student.predict_languages(model, waves, normaliser),
        of_three=student.predict_languages(model, student.np.take(waves, three, axis=0), normaliser),
    )


def predicting(result: str) -> str:
    """`predict_languages` that returns `result`, made of the probabilities p."""
    return f"""
def predict_languages(model, waveforms, normaliser):
    p = model(normalise(centre(log_mel_spectrogram(waveforms)), normaliser)).numpy()
    return {result}
"""


PREPARED = "normalise(centre(log_mel_spectrogram(waveforms)), normaliser)"

predict.slip(
    "not-normalised-before-predicting",
    "the network was trained on normalised clips and is given others",
    "le réseau a été entraîné sur des extraits normalisés et en reçoit d'autres",
    (PREPARED, "np.asarray(centre(log_mel_spectrogram(waveforms)))"),
    hint=[
        ("follow a clip from sound to network, beside what prepare_sets does",
         "suivez un extrait du son au réseau, à côté de ce que fait prepare_sets"),
        ("print mean and deviation of what the network is given here, and of a training batch",
         "affichez moyenne et écart type de ce que le réseau reçoit ici, et d'un lot d'entraînement"),
        ("use the normaliser that is given, after centring",
         "servez-vous du normaliseur reçu, après avoir centré"),
    ],
    loses=["values"],
    mutant="def predict_languages(model, waveforms, normaliser):\n    return model(centre(log_mel_spectrogram(waveforms))).numpy().argmax(1)",
)  # fmt: skip
predict.slip(
    "not-centred-before-predicting",
    "the network was trained on centred clips and is given others",
    "le réseau a été entraîné sur des extraits centrés et en reçoit d'autres",
    (PREPARED, "normalise(log_mel_spectrogram(waveforms), normaliser)"),
    hint=[
        ("follow a clip from sound to network, beside what prepare_sets does",
         "suivez un extrait du son au réseau, à côté de ce que fait prepare_sets"),
        ("which of your functions was called on training clips and is not called here?",
         "laquelle de vos fonctions a été appelée à l'entraînement et ne l'est pas ici ?"),
        ("each clip must be centred before it is normalised",
         "chaque extrait doit être centré avant d'être normalisé"),
    ],
    loses=["values"],
    mutant="""def predict_languages(model, waveforms, normaliser):
    m, s = normaliser
    return model((log_mel_spectrogram(waveforms) - m) / s).numpy().argmax(1)""",
)  # fmt: skip
predict.slip(
    "raw-before-predicting",
    "the network is given raw spectrograms, neither centred nor normalised",
    "le réseau reçoit des spectrogrammes bruts, ni centrés ni normalisés",
    (PREPARED, "np.asarray(log_mel_spectrogram(waveforms))"),
    hint=[
        ("follow a clip from sound to network, beside what prepare_sets does",
         "suivez un extrait du son au réseau, à côté de ce que fait prepare_sets"),
        ("print mean and deviation of what the network is given here: they should be near 0 and 1",
         "affichez moyenne et écart type de ce que le réseau reçoit : il faut environ 0 et 1"),
        ("two steps are missing between spectrogram and network",
         "il manque deux étapes entre le spectrogramme et le réseau"),
    ],
    loses=["values"],
    mutant="def predict_languages(model, waveforms, normaliser):\n    return model.predict(log_mel_spectrogram(waveforms)).argmax(-1)",
)  # fmt: skip
predict.slip(
    "majority-baseline",
    "every clip gets the same language, the most frequent one",
    "chaque extrait reçoit la même langue, la plus fréquente",
    ("return np.argmax(model.predict(x, verbose=0), axis=-1)",
     "found = np.argmax(model.predict(x, verbose=0), axis=-1)\n    return np.full_like(found, np.bincount(found).argmax())"),
    hint=[
        ("print the languages that you return",
         "affichez les langues que vous rendez"),
        ("compare with the argmax of each row of model.predict, by eye",
         "comparez à l'œil avec l'argmax de chaque ligne de model.predict"),
        ("each clip has its own answer: nothing is to be counted over the clips",
         "chaque extrait a sa propre réponse : rien n'est à compter sur l'ensemble"),
    ],
    loses=["values"],
    mutant=predicting("np.repeat(np.bincount(p.argmax(1)).argmax(), len(p))"),
)  # fmt: skip
predict.slip(
    "probabilities-returned",
    "these are probabilities, one language a clip is asked for",
    "ce sont des probabilités, on demande une langue par extrait",
    ("np.argmax(model.predict(x, verbose=0), axis=-1)", "model.predict(x, verbose=0)"),
    hint=[
        ("print the shape of what you return: (n,) is wanted",
         "affichez la forme de ce que vous rendez : on demande (n,)"),
        ("the answer [0.1, 0.7, 0.2] should become one number: which?",
         "la réponse [0.1, 0.7, 0.2] doit devenir un seul nombre : lequel ?"),
        ("return the place of the largest probability of each clip",
         "rendez la place de la plus grande probabilité de chaque extrait"),
    ],
    loses=["values"],
    mutant=predicting("p"),
)  # fmt: skip
predict.slip(
    "argmax-over-clips",
    "the maximum is taken over the clips, not over the languages",
    "le maximum est pris sur les extraits, pas sur les langues",
    ("axis=-1)", "axis=0)"),
    hint=[
        ("look at the axis of argmax",
         "regardez l'axe de argmax"),
        ("for answers of shape (7, 3), how many numbers do you return, 7 or 3?",
         "pour des réponses de forme (7, 3), combien de nombres rendez-vous, 7 ou 3 ?"),
        ("the languages are on the last axis",
         "les langues sont sur le dernier axe"),
    ],
    loses=["values"],
    mutant=predicting("p.argmax(0)"),
)  # fmt: skip

# ------------------------------------------------------------------ 3.5 train

train = lab.exercise("train", "3.5", "Train", "Entraîner")
EACH_HIDDEN = 60  # held-out clips of each language that one key measures on


def held_out(draw: Draw) -> tuple[Any, Any]:
    """Clips of voices and sentences that no student has, the same for every check of a key."""
    if not draw.hidden:
        return {}, {}
    clips, labels = hearing.hidden()
    rng = draw.named("held out").rng
    chosen = np.concatenate([
        np.sort(rng.permutation(np.flatnonzero(labels == c))[:EACH_HIDDEN]) for c in np.unique(labels)
    ])  # fmt: skip
    return {"clips": clips[chosen], "usual": hearing.usual()}, {"predictions": labels[chosen]}


VOICES = ("balanced accuracy on voices and sentences never heard",
          "exactitude équilibrée sur des voix et des phrases jamais entendues")  # fmt: skip


@train.clean(
    "classifier.balanced_accuracy", 2.25, "on voices never heard", "sur des voix jamais entendues",
    recording="classifier", data=held_out, asked=VOICES,
    expect={"predictions": lab.metric("classifier.balanced_accuracy", "balanced_accuracy")},
)  # fmt: skip
def _(recording: Any, inputs: Any) -> dict[str, Any]:
    return {"predictions": hearing.predictions(recording, inputs["clips"], inputs["usual"])}

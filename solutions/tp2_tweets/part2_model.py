"""2.1 to 2.4 of TP2: the language model, its size, its loss, its training."""

from __future__ import annotations

from typing import Any

import corpus
import measure
import numpy as np
from lab import lab, network, network_weights, parameter_count

from grader.authoring import AuthorError, Draw, Measured, Student, numpy_array

# ------------------------------------------------------------------ 2.1 counting

parameters = lab.exercise(
    "parameters", "2.1", "Counting parameters", "Compter les paramètres", "lstm_lm_parameters"
)


@parameters.check(
    "count", 1.0, "the formula", "la formule",
    asked=("V=94, E=64, U=256, and two other sizes", "V=94, E=64, U=256 et deux autres tailles"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    sizes = {"out": (94, 64, 256), "small": draw.sizes(3, 5, 40), "large": draw.sizes(3, 41, 90)}
    counts = {name: student.lstm_lm_parameters(*s) for name, s in sizes.items()}
    return student.probe(**counts), {name: parameter_count(*s) for name, s in sizes.items()}


for name, old, new, formula, en, fr, hint in (
    ("one-gate", "4 * units *", "units *", "V * E + U * (E + U + 1) + U * V + V",
     "an LSTM has four inner dense layers, one was counted",
     "un LSTM a quatre couches internes, une seule est comptée",
     [("look at the factor in front of the LSTM's part",
       "regardez le facteur devant la part du LSTM"),
      ("compare with keras.layers.LSTM(2) on inputs of size 3: count_params()",
       "comparez à keras.layers.LSTM(2) sur des entrées de taille 3 : count_params()"),
      ("three gates and a candidate have weights, each its own",
       "trois portes et un candidat ont des poids, chacun les siens")]),
    ("three-gates", "4 * units *", "3 * units *", "V * E + 3 * (E * U + U * U + U) + U * V + V",
     "three inner layers are those of a GRU; an LSTM has four",
     "trois couches internes, c'est un GRU ; un LSTM en a quatre",
     [("look at the factor in front of the LSTM's part",
       "regardez le facteur devant la part du LSTM"),
      ("count the inner layers: input, forget, output, and …?",
       "comptez les couches internes : entrée, oubli, sortie, et … ?"),
      ("the candidate has weights too",
       "le candidat a des poids aussi")]),
    ("two-biases", "units + 1)\n", "units + 2)\n", "V * E + 4 * (E * U + U * U + 2 * U) + U * V + V",
     "two biases a gate: that is cuDNN's and PyTorch's LSTM, Keras' has one",
     "deux biais par porte : c'est le LSTM de cuDNN et PyTorch, celui de Keras en a un",
     [("look at the biases of the LSTM",
       "regardez les biais du LSTM"),
      ("print [w.shape for w in layer.weights] of a built keras.layers.LSTM(2)",
       "affichez [w.shape for w in layer.weights] d'un keras.layers.LSTM(2) construit"),
      ("one bias for each unit of each inner layer",
       "un biais par unité de chaque couche interne")]),
    ("lstm-no-bias", "units + 1)\n", "units)\n", "V * E + 4 * (E + U) * U + U * V + V",
     "the LSTM's biases were forgotten", "les biais du LSTM sont oubliés",
     [("look at what each inner layer of the LSTM holds",
       "regardez ce que contient chaque couche interne du LSTM"),
      ("E = 1 and U = 1: two weights and …?",
       "E = 1 et U = 1 : deux poids et … ?"),
      ("add a bias for each unit of each inner layer",
       "ajoutez un biais par unité de chaque couche interne")]),
    ("state-not-read", "(embedding_size + units + 1)", "(embedding_size + 1)",
     "V * E + 4 * (E * U + U) + U * V + V",
     "each gate also reads the previous state", "chaque porte lit aussi l'état précédent",
     [("look at what each gate reads",
       "regardez ce que lit chaque porte"),
      ("what makes the layer recurrent? draw its arrows",
       "qu'est-ce qui rend la couche récurrente ? dessinez ses flèches"),
      ("count weights from each unit of the state as well",
       "comptez aussi les poids venant de chaque unité de l'état")]),
    ("no-output-bias", "(units + 1) * vocab_size", "units * vocab_size",
     "V * (E + U) + 4 * U * (E + U + 1)",
     "the output layer's bias was forgotten", "le biais de la couche de sortie est oublié",
     [("look at the output's part",
       "regardez la part de la sortie"),
      ("U = 1 and V = 3: how many numbers has Dense(3) on one input?",
       "U = 1 et V = 3 : combien de nombres a Dense(3) sur une entrée ?"),
      ("each of the V scores has a number of its own",
       "chacun des V scores a un nombre à lui")]),
    ("no-embedding", "return embedding + lstm", "return lstm", "4 * U * (E + U + 1) + V * (U + 1)",
     "the embedding was forgotten", "le plongement est oublié",
     [("count the layers in your sum: there are three",
       "comptez les couches de votre somme : il y en a trois"),
      ("V = 10 and E = 2: how large is the table of the embedding?",
       "V = 10 et E = 2 : quelle est la taille de la table du plongement ?"),
      ("each symbol has E numbers of its own: add them",
       "chaque symbole a E nombres à lui : ajoutez-les")]),
):  # fmt: skip
    parameters.slip(
        name,
        en,
        fr,
        (old, new),
        hint=hint,
        loses=["count"],
        mutant="def lstm_lm_parameters(vocab_size, embedding_size, units):\n"
        f"    V, E, U = vocab_size, embedding_size, units\n    return {formula}\n",
    )

# ------------------------------------------------------------------ 2.2 the model

model = lab.exercise("model", "2.2", "The model", "Le modèle", "build_model")


@model.check(
    "logits", 1.0, "logits", "logits",
    asked=("with given weights, scores (B, T, V) at every position, not normalised",
           "à poids donnés, des scores (B, T, V) à chaque position, non normalisés"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    b, t, e, u = draw.sizes(4, 3, 8)
    vocab = 11 + int(draw.rng.integers(4))
    longer = draw.integers(1, vocab, 2, t + 5)  # no PAD: a model may mask it
    model = network(student, network_weights(draw, vocab, e, u))
    return student.probe(out=model(draw.integers(1, vocab, b, t)), longer=model(longer))


@model.check("parameters", 0.5, "number of parameters", "nombre de paramètres")
def _(draw: Draw, student: Student):
    sizes = draw.sizes(3, 5, 14)
    return student.probe(
        params=student.build_model(*sizes).count_params(),
        default=student.build_model(94).count_params(),
    ), {"params": parameter_count(*sizes), "default": parameter_count(94, 64, 256)}


model.slip(
    "return-sequences-false",
    "the LSTM gives its last output only: one prediction a window",
    "le LSTM ne rend que sa dernière sortie : une prédiction par fenêtre",
    ("return_sequences=True", "return_sequences=False"),
    hint=[
        ("print the shape of model(ids): (B, T, V) is wanted",
         "affichez la forme de model(ids) : on demande (B, T, V)"),
        ("how many symbols does a window of 64 ask you to predict?",
         "combien de symboles une fenêtre de 64 demande-t-elle de prédire ?"),
        ("let the LSTM give its state at every step",
         "que le LSTM rende son état à chaque pas"),
    ],
    loses=["logits"],
    mutant=[("units, return_sequences=True", "units")],
)  # fmt: skip
model.slip(
    "softmax-and-from-logits",
    "the model ends with a softmax, and the loss applies another one",
    "le modèle finit par une softmax, et la perte en applique une autre",
    ("Dense(vocab_size, name", 'Dense(vocab_size, activation="softmax", name'),
    hint=[
        ("look at the activation of the last layer",
         "regardez l'activation de la dernière couche"),
        ("sum the last axis of model(ids): scores need not give 1",
         "sommez le dernier axe de model(ids) : des scores n'ont pas à donner 1"),
        ("the loss takes scores: leave the last layer without activation",
         "la perte attend des scores : laissez la dernière couche sans activation"),
    ],
    loses=["logits"],
    mutant="""
def build_model(vocab_size, embedding_size=64, units=256):
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(vocab_size, embedding_size, name="embedding")(ids)
    x = keras.layers.LSTM(units, return_sequences=True, name="lstm")(x)
    return keras.Model(ids, keras.layers.Dense(vocab_size, "softmax", name="logits")(x))
""",
)  # fmt: skip
model.slip(
    "reads-backwards",
    "the LSTM reads from the end: it sees what it must predict",
    "le LSTM lit depuis la fin : il voit ce qu'il doit prédire",
    ("return_sequences=True", "return_sequences=True, go_backwards=True"),
    hint=[
        ("look at the arguments of the LSTM",
         "regardez les arguments du LSTM"),
        ("change the last symbol of a row: may the scores at the first position change?",
         "changez le dernier symbole d'une ligne : les scores de la première position peuvent-ils changer ?"),
        ("let the LSTM read in the order of the text",
         "que le LSTM lise dans l'ordre du texte"),
    ],
    loses=["logits"],
    mutant=[("keras.layers.LSTM(units,", "keras.layers.LSTM(units, go_backwards=True,")],
)  # fmt: skip
model.slip(
    "default-sizes",
    "the sizes asked for are not used",
    "les tailles demandées ne servent pas",
    ("keras.layers.Embedding(vocab_size, embedding_size", "keras.layers.Embedding(vocab_size, 64"),
    ("keras.layers.LSTM(units,", "keras.layers.LSTM(256,"),
    hint=[
        ("look for numbers written in the function",
         "cherchez des nombres écrits dans la fonction"),
        ("build_model(10, 3, 5): print the shapes of its weights",
         "build_model(10, 3, 5) : affichez les formes de ses poids"),
        ("use the three parameters of the function, wherever a size is needed",
         "servez-vous des trois paramètres de la fonction partout où il faut une taille"),
    ],
    loses=["logits", "parameters"],
    mutant=[
        ("    return keras.Sequential(",
         "    embedding_size, units = 64, 256\n    return keras.Sequential("),
    ],
)  # fmt: skip
model.mutant(
    "sees-the-future",
    ["logits", "training.bits"],
    """
every_window = make_windows


def make_windows(ids, length):  # a short training is enough to show it
    inputs, targets = every_window(ids, length)
    return inputs[:1024], targets[:1024]


def build_model(vocab_size, embedding_size=64, units=256):
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(vocab_size, embedding_size, name="embedding")(ids)
    x = keras.layers.LSTM(units, return_sequences=True, go_backwards=True, name="lstm")(x)
    return keras.Model(ids, keras.layers.Dense(vocab_size, name="logits")(x))
""",
    retrain=("language_model",),
    may=("reads-backwards",),
)

# ------------------------------------------------------------------ 2.3 bits per character

bits = lab.exercise("bits", "2.3", "Bits per character", "Bits par caractère", "bits_per_character")


@bits.check(
    "value", 1.25, "bits", "bits",
    asked=("mean of −log₂ p of the next symbol, no padding in these rows",
           "moyenne de −log₂ p du symbole suivant, ces lignes sont sans remplissage"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, t, e, u = draw.sizes(4, 3, 8)
    vocab = 9 + int(draw.rng.integers(4))
    ids = draw.integers(3, vocab, n, t + 3)
    ids[:, 0] = ids[:, -1] = 2
    model = network(student, network_weights(draw, vocab, e, u, 0.8))
    return student.bits_per_character(model, numpy_array(ids))


def rows(draw: Draw, count: int, vocab: int, longest: int) -> np.ndarray:
    """`count` rows END … END PAD … of different lengths, int32."""
    ids = np.zeros((count, longest), dtype=np.int32)
    lengths = [longest, *draw.rng.integers(longest // 3, longest - 2, count - 1)]
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = draw.integers(3, vocab, length)
        row[0] = row[length - 1] = 2
    return ids


@bits.check(
    "padding", 0.75, "padding counts for nothing", "le remplissage ne compte pas",
    asked=("70 rows; with more PAD they give the same figure; long rows weigh more than short ones",
           "70 lignes ; avec plus de PAD elles donnent le même nombre ; les longues pèsent plus"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    e, u = draw.sizes(2, 3, 8)
    vocab = 9 + int(draw.rng.integers(4))
    ids = rows(draw, 70, vocab, 14)  # more than a batch, and no whole number of them
    wider = np.pad(ids, ((0, 0), (0, 6)))
    model = network(student, network_weights(draw, vocab, e, u, 0.8))
    return student.probe(
        out=student.bits_per_character(model, numpy_array(ids)),
        wider=student.bits_per_character(model, numpy_array(wider)),
    )


bits.slip(
    "nats-reported-as-bits",
    "these are nats: the logarithm is natural",
    "ce sont des nats : le logarithme est népérien",
    (" / math.log(2))", ")"),
    hint=[
        ("look at the base of your logarithm",
         "regardez la base de votre logarithme"),
        ("four equally likely symbols are 2 bits: what do you get, 1.386?",
         "quatre symboles équiprobables font 2 bits : trouvez-vous 1,386 ?"),
        ("turn nats into bits: 1 nat is 1.44 bits",
         "convertissez les nats en bits : 1 nat fait 1,44 bit"),
    ],
    loses=["value", "padding"],
    mutant="""
def bits_per_character(model, ids):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0, reduction="sum")
    total = float(loss(ids[:, 1:], model(ids[:, :-1])))
    return total / float((ids[:, 1:] != 0).sum())
""",
)  # fmt: skip
bits.slip(
    "multiplied-by-ln2",
    "multiplied by ln 2 instead of divided",
    "multiplié par ln 2 au lieu de divisé",
    ("/ math.log(2)", "* math.log(2)"),
    hint=[
        ("look at the last conversion",
         "regardez la dernière conversion"),
        ("four equally likely symbols are 2 bits and 1.386 nats: multiply or divide by 0.693?",
         "quatre symboles équiprobables font 2 bits et 1,386 nat : multiplier ou diviser par 0,693 ?"),
        ("a figure in bits is larger than in nats",
         "un nombre en bits est plus grand qu'en nats"),
    ],
    loses=["value", "padding"],
    mutant=[
        ("float(-log_p[real].mean() / math.log(2))", "-math.log(2) * float(log_p[real].mean())"),
    ],
)  # fmt: skip
bits.slip(
    "pad-mask-noop",
    "padding still counts",
    "le remplissage compte encore",
    ("log_p[real].mean()", "log_p.mean()"),
    hint=[
        ("look at which positions are averaged",
         "regardez de quelles positions vous prenez la moyenne"),
        ("add ten columns of PAD to the rows: nothing may change",
         "ajoutez dix colonnes de PAD aux lignes : rien ne doit changer"),
        ("choose the positions whose target is a real symbol, before the mean",
         "choisissez avant la moyenne les positions dont la cible est un vrai symbole"),
    ],
    loses=["padding"],
    mutant="""
def bits_per_character(model, ids):
    log_p = tf.nn.log_softmax(model(ids[:, :-1])).numpy()
    targets = ids[:, 1:]
    picked = np.take_along_axis(log_p, targets[..., None], 2)[..., 0]
    picked = np.ma.array(picked, mask=targets < 0)
    return float(-picked.mean() / np.log(2))
""",
)  # fmt: skip
bits.slip(
    "mask-of-the-inputs",
    "the mask is that of the inputs: one PAD a row is still predicted",
    "le masque est celui des entrées : un PAD par ligne est encore prédit",
    ("real = targets != PAD_ID", "real = ids[:, :-1] != PAD_ID"),
    hint=[
        ("look at what the mask is made from",
         "regardez d'où vient le masque"),
        ("row END a END PAD: write down its inputs and its targets; which pairs count?",
         "ligne END a END PAD : écrivez entrées et cibles ; quelles paires comptent ?"),
        ("what counts is whether the target is real, not the input",
         "ce qui compte est que la cible soit réelle, pas l'entrée"),
    ],
    loses=["padding"],
    mutant="""
def bits_per_character(model, ids):
    x, y = ids[:, :-1], ids[:, 1:]
    nats = keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True)
    return float(tf.reduce_mean(nats[x != PAD_ID])) / math.log(2)
""",
)  # fmt: skip
bits.slip(
    "end-not-counted",
    "the last END is left out: a model must know when a text ends",
    "le dernier END est oublié : un modèle doit savoir quand un texte finit",
    ("real = targets != PAD_ID", "real = (targets != PAD_ID) & (targets != END_ID)"),
    hint=[
        ("look at which targets are left out",
         "regardez quelles cibles sont laissées de côté"),
        ("row END a END: how many symbols are predicted, one or two?",
         "ligne END a END : combien de symboles sont prédits, un ou deux ?"),
        ("leave out PAD only: when a text ends is to be predicted too",
         "n'écartez que PAD : la fin d'un texte se prédit aussi"),
    ],
    loses=["value", "padding"],
    mutant=[("log_p[real].mean()", "log_p[targets > END_ID].mean()")],
)  # fmt: skip
bits.slip(
    "sum-not-mean",
    "a sum of bits, not a mean a character",
    "une somme de bits, pas une moyenne par caractère",
    ("log_p[real].mean()", "log_p[real].sum()"),
    hint=[
        ("look at how the positions are brought together",
         "regardez comment les positions sont réunies"),
        ("give the same rows twice: the figure must stay the same",
         "donnez deux fois les mêmes lignes : le nombre doit rester le même"),
        ("divide by the number of symbols predicted",
         "divisez par le nombre de symboles prédits"),
    ],
    loses=["value", "padding"],
    mutant=[("log_p[real].mean()", "(log_p * real).sum()")],
)  # fmt: skip
bits.slip(
    "sign-forgotten",
    "the sign is missing: log p is negative, bits are positive",
    "il manque le signe : log p est négatif, des bits sont positifs",
    ("float(-log_p", "float(log_p"),
    hint=[
        ("look at the sign of what you return",
         "regardez le signe de ce que vous rendez"),
        ("a symbol of probability 1/4 costs 2 bits, and log₂(1/4) is −2",
         "un symbole de probabilité 1/4 coûte 2 bits, et log₂(1/4) vaut −2"),
        ("bits are positive: turn the sign round",
         "des bits sont positifs : changez le signe"),
    ],
    loses=["value", "padding"],
    mutant=[
        ("float(-log_p[real].mean() / math.log(2))", "float(log_p[real].mean()) / math.log(2)"),
    ],
)  # fmt: skip
bits.slip(
    "padding-in-denominator",
    "the sum is right, but it is divided by the number of all positions, padding included",
    "la somme est juste, mais divisée par toutes les positions, remplissage compris",
    ("log_p[real].mean()", "log_p[real].sum() / log_p.size"),
    hint=[
        ("look at the number that you divide by",
         "regardez le nombre par lequel vous divisez"),
        ("add ten columns of PAD: the sum stays, but does the figure?",
         "ajoutez dix colonnes de PAD : la somme ne bouge pas, mais le nombre ?"),
        ("divide by the number of real targets",
         "divisez par le nombre de vraies cibles"),
    ],
    loses=["padding"],
    mutant=[("log_p[real].mean()", "(log_p * real).mean()")],
)  # fmt: skip
bits.slip(
    "mean-of-row-means",
    "a mean a row, then their mean: short rows weigh as much as long ones",
    "une moyenne par ligne, puis leur moyenne : les lignes courtes pèsent autant que les longues",
    ("log_p[real].mean()", "np.mean([row[kept].mean() for row, kept in zip(log_p, real)])"),
    hint=[
        ("look at how many means you take",
         "comptez les moyennes que vous prenez"),
        ("one row of 2 symbols at 1 bit, one of 8 at 3 bits: 26 bits for 10 symbols, not 2",
         "une ligne de 2 symboles à 1 bit, une de 8 à 3 bits : 26 bits pour 10 symboles, pas 2"),
        ("one mean over all symbols of all rows",
         "une seule moyenne, sur tous les symboles de toutes les lignes"),
    ],
    loses=["padding"],
    mutant=[("log_p[real].mean()", "((log_p * real).sum(1) / real.sum(1)).mean()")],
)  # fmt: skip
bits.slip(
    "mean-of-batch-means",
    "a mean a batch, then their mean: the last, smaller batch weighs as much as the others",
    "une moyenne par lot, puis leur moyenne : le dernier lot, plus petit, pèse autant que les autres",
    ("log_p[real].mean()",
     "np.mean([log_p[i : i + 64][real[i : i + 64]].mean() for i in range(0, len(ids), 64)])"),
    hint=[
        ("look at how the batches are brought together",
         "regardez comment les lots sont réunis"),
        ("how many symbols does each batch hold? the last one weighs as much as a full one",
         "combien de symboles contient chaque lot ? le dernier pèse autant qu'un lot plein"),
        ("keep sums and counts of each batch, and divide once at the end",
         "gardez sommes et comptes de chaque lot, et divisez une fois à la fin"),
    ],
    loses=["padding"],
    mutant="""
def bits_per_character(model, ids):
    bits = []
    for i in range(0, len(ids), 64):
        x, y = ids[i : i + 64, :-1], ids[i : i + 64, 1:]
        nats = keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True)
        bits.append(float(tf.reduce_mean(nats[y != PAD_ID])) / math.log(2))
    return sum(bits) / len(bits)
""",
)  # fmt: skip
bits.slip(
    "bits-target-not-shifted",
    "each position is scored on its own input, not on the next symbol",
    "chaque position est notée sur sa propre entrée, pas sur le symbole suivant",
    ("targets = ids[:, 1:]", "targets = ids[:, :-1]"),
    hint=[
        ("look at which symbol each position is scored on",
         "regardez sur quel symbole chaque position est notée"),
        ("row END a END: what must be predicted after END?",
         "ligne END a END : que faut-il prédire après END ?"),
        ("the target of a position is the next column",
         "la cible d'une position est la colonne suivante"),
    ],
    loses=["value", "padding"],
    mutant=[("targets = ids[:, 1:]", "targets = ids[:, :-1].copy()")],
)  # fmt: skip

# ------------------------------------------------------------------ 2.4 training, in the clean room

training = lab.exercise("training", "2.4", "Training", "Entraînement")
KEPT = 4  # one held-out text in four: 506 tweets, 65,000 characters


def held_out(draw: Draw) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The newest texts of each corpus, for the hidden key only.

    The public key holds none: they are not ours to give, and the notebook has them.
    """
    if not draw.hidden:
        return {}, {"bits": np.zeros(0)}
    try:
        texts = {name: test[::KEPT] for name, (_, test) in corpus.corpora().items()}
    except ModuleNotFoundError as error:
        raise AuthorError(f"tp2_tweets: {error}") from None
    packed = {n: np.frombuffer("\n".join(t).encode(), np.uint8) for n, t in texts.items()}
    return {"texts": packed, "vocabulary": "".join(corpus.vocabulary())}, {"bits": np.zeros(0)}


@training.clean(
    "bits", 3.0, "bits per character", "bits par caractère", recording="language_model",
    expect={"bits": lab.metric("training.bits", "mean")},
    data=held_out,
    preview=lambda inputs, student: student.probe(  # the student's own measure, on their own rows
        bits=student.bits_per_character(student.model, student.test_ids)
    ),
    asked=("on the newest tweets, from the weights that were recorded",
           "sur les tweets les plus récents, avec les poids enregistrés"),
)  # fmt: skip
def _(recording: Any, inputs: Any) -> Measured:
    bits, causal = measure.recorded_bits(recording, inputs)
    if not causal:  # it has seen what it was to predict: no figure
        return Measured({"bits": np.full(1, 99.0)}, mistake="sees-the-future")
    return Measured({"bits": np.full(1, bits)})


training.slip(
    "sees-the-future",
    "the recorded model's scores depend on symbols that come later",
    "les scores du modèle enregistré dépendent de symboles qui viennent après",
    hint=[
        ("look at the layers of the recorded model",
         "regardez les couches du modèle enregistré"),
        ("change the last symbol of a row: the scores before it must not change",
         "changez le dernier symbole d'une ligne : les scores d'avant ne doivent pas changer"),
        ("a language model reads from left to right: no Bidirectional, no go_backwards; then train again",
         "un modèle de langue lit de gauche à droite : ni Bidirectional, ni go_backwards ; puis réentraînez"),
    ],
    measured=True,
)  # fmt: skip

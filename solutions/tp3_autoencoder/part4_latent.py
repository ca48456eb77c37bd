"""5 to 7 of TP3: walks through the code, anomalies, the exam's question, convolutions."""

from __future__ import annotations

from typing import Any

import nets
import numpy as np
from lab import COUNTS, images, lab, rescaling, rounded, shape

from grader.authoring import Between, Draw, Exact, Measured, Student, numpy_array

# ------------------------------------------------------------------ 5.1 interpolate

interpolate = lab.exercise("interpolate", "5.1", "Walk through the code", "Se promener dans le code",
    "interpolate")


@interpolate.check("values", 0.75, "values", "valeurs",
    asked=("a straight line between two codes, both ends included, decoded",
           "une droite entre deux codes, bouts compris, décodée"))
def _(draw: Draw, student: Student):
    z, steps = draw.sizes(2, 3, 8)
    down = draw.dense("inner", 784, z, scale=0.05, bias=0.5)
    up = draw.dense("outer", z, 784, scale=0.6, bias=0.5)
    down, up = ({path: rounded(v) for path, v in layer.items()} for layer in (down, up))
    x = rounded(draw.uniform(2, 784))
    dense, model = student.keras.layers.Dense, student.keras.Sequential
    encoder = model([dense(z, activation="tanh", name="inner")])
    code = encoder(x)
    encoder.set_weights(down)
    decoder = model([dense(784, activation="sigmoid", name="outer")])
    decoder(code)
    decoder.set_weights(up)
    return student.interpolate(encoder, decoder, numpy_array(x[0]), numpy_array(x[1]), steps)


interpolate.slip("pixels-interpolated",
    "the pixels are mixed, not the codes",
    "ce sont les pixels qui sont mélangés, pas les codes",
    hint=[("what is mixed by t and 1 - t", "ce qui est mélangé par t et 1 - t"),
          ("in the middle, do you see two garments one upon the other?",
           "au milieu, voit-on deux vêtements l'un sur l'autre ?"),
          ("encode both images first, mix the codes, decode the mixtures",
           "encodez d'abord les deux images, mélangez les codes, décodez les mélanges")],
    loses=["values"], code='''
def interpolate(encoder, decoder, x0, x1, steps):
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    return np.asarray(decoder(encoder((1 - t) * x0 + t * x1)))
''',
    mutant="""
def interpolate(encoder, decoder, x0, x1, steps):
    mixed = np.stack([x0 + (x1 - x0) * i / (steps - 1) for i in range(steps)])
    return np.asarray(decoder(encoder(mixed)))
""")
interpolate.slip("reconstructions-mixed",
    "the two reconstructions are mixed, not the codes",
    "ce sont les deux reconstructions qui sont mélangées, pas les codes",
    ("np.asarray(decoder((1 - t) * z0 + t * z1))",
     "(1 - t) * np.asarray(decoder(z0[None])) + t * np.asarray(decoder(z1[None]))"),
    hint=[("what goes into the decoder", "ce qui entre dans le décodeur"),
          ("count its inputs: steps codes are wanted, not two",
           "comptez ses entrées : il faut steps codes, pas deux"),
          ("mix the codes, then decode each mixture", "mélangez les codes, puis décodez chaque mélange")],
    loses=["values"])
interpolate.slip("end-left-out",
    "the last image is not reached",
    "la dernière image n'est pas atteinte",
    ('np.linspace(0, 1, steps, dtype="float32")',
     'np.linspace(0, 1, steps, endpoint=False, dtype="float32")'),
    hint=[("the values of t", "les valeurs de t"),
          ("print t for steps = 3: 0, 0.5, 1", "affichez t pour steps = 3 : 0, 0,5, 1"),
          ("let the last t be 1", "faites que le dernier t soit 1")],
    loses=["values"])
interpolate.slip("walked-backwards",
    "the walk goes from x1 to x0",
    "la promenade va de x1 à x0",
    ("(1 - t) * z0 + t * z1", "t * z0 + (1 - t) * z1"),
    hint=[("which code t multiplies", "quel code t multiplie"),
          ("at t = 0 the code must be that of x0", "en t = 0, le code doit être celui de x0"),
          ("exchange the weights t and 1 - t", "échangez les poids t et 1 - t")],
    loses=["values"])

# ------------------------------------------------------------------ 5.2 anomalies

anomaly = lab.exercise("anomaly", "5.2", "Detect anomalies", "Détecter des anomalies",
    "anomaly_scores", "roc_auc")


@anomaly.check("scores", 0.5, "one score an image", "un score par image",
    asked=("mean squared difference of each image", "écart quadratique moyen de chaque image"))
def _(draw: Draw, student: Student):
    (n,) = draw.sizes(1, 4, 12)
    bright = np.linspace(0.2, 1, n, dtype=np.float32)[:, None]
    model = rescaling(draw, student)
    return student.anomaly_scores(model, numpy_array(bright * rounded(draw.uniform(n, 784))))


@anomaly.check("auc", 0.75, "area under the curve", "aire sous la courbe",
    asked=("high scores are anomalies; ties count one half",
           "les scores élevés sont des anomalies ; une égalité compte pour moitié"))
def _(draw: Draw, student: Student):
    n, m = draw.sizes(2, 15, 30)
    normal, abnormal = draw.normal(n), draw.normal(m, mean=0.8)
    steps, more = draw.rng.integers(0, 4, n), draw.rng.integers(1, 5, m)
    return student.probe(
        out=student.roc_auc(numpy_array(normal), numpy_array(abnormal)),
        ties=student.roc_auc(numpy_array(steps / 4), numpy_array(more / 4)),
        apart=student.roc_auc(numpy_array(normal), numpy_array(normal + 9)),
    )


anomaly.slip("score-summed",
    "an image's squares are summed, not averaged",
    "les carrés d'une image sont sommés, pas moyennés",
    ("np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)",
     "np.sum((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)"),
    hint=[("what is done over the pixels of one image", "ce qui est fait sur les pixels d'une image"),
          ("every pixel wrong by 0.1: the score is 0.01, not 7.84",
           "chaque pixel faux de 0,1 : le score est 0,01, pas 7,84"),
          ("average the squares of an image", "moyennez les carrés d'une image")],
    loses=["scores"],
    mutant=[("np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)",
             "np.square(np.asarray(model(x)) - np.asarray(x)).sum(axis=-1)")])
anomaly.slip("score-over-images",
    "the mean is taken over the images: one score a pixel",
    "la moyenne est prise sur les images : un score par pixel",
    ("axis=1)", "axis=0)"),
    hint=[("the axis of the mean", "l'axe de la moyenne"),
          ("print the shape for 5 images: (5,) is wanted", "affichez la forme pour 5 images : on veut (5,)"),
          ("average along the pixels, keep the images apart",
           "moyennez le long des pixels, gardez les images séparées")],
    loses=["scores"])
anomaly.slip("auc-upside-down",
    "the area is that of the opposite score: anomalies should score high",
    "l'aire est celle du score opposé : les anomalies doivent avoir un score élevé",
    ("(gap > 0)", "(gap < 0)"),
    hint=[("which of the two scores must be the larger", "lequel des deux scores doit être le plus grand"),
          ("roc_auc([0.0], [1.0]): a perfect detector, so 1",
           "roc_auc([0.0], [1.0]) : un détecteur parfait, donc 1"),
          ("count the pairs in which the anomaly scores higher",
           "comptez les paires où l'anomalie a le score le plus élevé")],
    loses=["auc"],
    mutant=[("np.asarray(abnormal)[:, None] - np.asarray(normal)[None, :]",
             "np.asarray(normal)[:, None] - np.asarray(abnormal)[None, :]")])
anomaly.slip("ties-lost",
    "equal scores count for nothing; they count one half",
    "les scores égaux ne comptent pas ; ils comptent pour moitié",
    (" + 0.5 * (gap == 0)", ""),
    hint=[("what a pair of equal scores adds", "ce qu'ajoute une paire de scores égaux"),
          ("roc_auc([1.0], [1.0]): a score that tells nothing, so 0.5",
           "roc_auc([1.0], [1.0]) : un score qui ne dit rien, donc 0,5"),
          ("add half a pair for each tie", "ajoutez une demi-paire pour chaque égalité")],
    loses=["auc"])

# ------------------------------------------------------------------ 6 exam

questions = lab.exercise("questions", "6", "Exam question", "Question d'examen")

questions.question("q5_bad", 0.25, "bad everywhere", "mauvais partout",
    type="choices", right=[["A", "C"], ["A"], ["C"]],
    wrong={"B": ("high capacity can learn its training images",
                 "une capacité haute peut apprendre ses images"),
           "D": ("it has the capacity and the code", "il a la capacité et le code")})
questions.question("q5_good", 0.25, "good everywhere", "bon partout",
    type="choice", right=["D"],
    wrong={"A": ("low capacity and a code of 8: what could it keep?",
                 "basse capacité et code de 8 : que pourrait-il garder ?"),
           "B": ("a code of 8 must leave details out", "un code de 8 doit laisser des détails"),
           "C": ("its capacity limits it", "sa capacité le limite")})
questions.question("q5_gap", 0.25, "good in training only", "bon en entraînement seulement",
    type="choices", right=[["B"], ["B", "D"], ["D"]],
    wrong={x: ("over-fitting needs capacity", "pour sur-apprendre il faut de la capacité") for x in "AC"})
questions.question("q5_data", 0.25, "to close the gap", "pour réduire l'écart",
    type="choice", right=["images"],
    wrong={"steps": ("more steps on the same images widen it",
                     "plus de pas sur les mêmes images le creusent"),
           "code": ("a larger code changes the network", "agrandir le code change le réseau")})
questions.mutant("q5-gap-narrow", ["q5_gap", "q5_data"], named="", answers={"q5_gap": "A", "q5_data": "steps"})

# ------------------------------------------------------------------ 7 bonus

conv = lab.exercise("conv", "7", "Bonus: convolutions", "Bonus : convolutions", "build_convolutional")


@conv.check("shape", 0.25, "shape and price", "forme et prix", bonus=True,
    asked=("(n, 784) in, (n, 784) out, at most 1,004,696 parameters",
           "(n, 784) en entrée et en sortie, au plus 1 004 696 paramètres"),
    expect={"parameters": Between(1, COUNTS["A"]), "shape": Exact()})
def _(draw: Draw, student: Student):
    (n,) = draw.sizes(1, 2, 7)
    model = student.build_convolutional(8)
    made = model(rounded(draw.uniform(n, 784)))
    return student.probe(shape=shape(student, made), parameters=model.count_params())


@conv.clean("gain", 0.75, "better than A on new images", "meilleur que A sur des images neuves", bonus=True,
    asked=("two convolutional layers, a code of 8, A's price at most, a lower test error than your A",
           "deux convolutions, un code de 8, au plus le prix de A, une erreur de test plus basse que votre A"),
    recordings=["A", "conv"], data=images,
    expect={"parameters": Between(1, COUNTS["A"]), "convolutions": Between(2, 999),
            "code_size": Between(1, 8), "error_over_A": Between(0, 1)})
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    own = recordings["conv"]
    gain = nets.mse(own, inputs["test"]) / nets.mse(recordings["A"], inputs["test"])
    count = sum("Conv" in str(layer.get("class")) for layer in own.layers)
    size = nets.narrowest(own, inputs["test"])
    mistakes = {"no-bottleneck": size > 8, "no-convolution": count < 2, "over-budget": own.parameters > COUNTS["A"]}
    return Measured(
        {"parameters": own.parameters, "convolutions": count, "code_size": size, "error_over_A": gain},
        mistake=next((name for name, made in mistakes.items() if made), ""),
    )


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


conv.slip("no-bottleneck",
    "the image gets through by more than 8 numbers: something is larger than the code, or gets around it",
    "l'image passe par plus de 8 nombres : quelque chose est plus large que le code, ou le contourne",
    hint=[("the narrowest layer of the recorded network, and every path around it",
           "la couche la plus étroite du réseau enregistré, et tout chemin qui la contourne"),
          ("print model.summary(): does some layer have an output of 8 numbers?",
           "affichez model.summary() : une couche a-t-elle une sortie de 8 nombres ?"),
          ("put a Dense of latent_dim units between the two halves, and train again",
           "mettez une Dense de latent_dim unités entre les deux moitiés, et réentraînez")],
    measured=True, loses=["gain"], retrain=["conv"], mutant=convolutional(code=""))
conv.slip("no-convolution",
    "fewer than two convolutional layers in the recorded network",
    "moins de deux couches de convolution dans le réseau enregistré",
    hint=[("the layers of the recorded network", "les couches du réseau enregistré"),
          ("count the layers whose name begins with Conv in model.summary()",
           "comptez dans model.summary() les couches dont le nom commence par Conv"),
          ("use at least two convolutional layers, and train again",
           "mettez au moins deux couches de convolution, et réentraînez")],
    measured=True, loses=["gain"], retrain=["conv"], mutant="""
def build_convolutional(latent_dim):
    hidden = [layers.Dense(n, activation="relu") for n in (400, 400)]
    return keras.Sequential([
        keras.Input((784,)), hidden[0], layers.Dense(latent_dim), hidden[1],
        layers.Dense(784, activation="sigmoid"),
    ])
""")
conv.slip("over-budget",
    "the recorded network has more parameters than A", "le réseau enregistré a plus de paramètres que A",
    hint=[("the largest layer of the recorded network", "la plus grosse couche du réseau enregistré"),
          ("print model.summary(): which layer holds most of the parameters?",
           "affichez model.summary() : quelle couche porte l'essentiel des paramètres ?"),
          ("make the maps smaller before they meet a Dense: strides, fewer channels",
           "réduisez les cartes avant qu'elles rencontrent une Dense : pas de 2, moins de canaux")],
    measured=True, loses=["shape", "gain"], retrain=["conv"],
    mutant=convolutional(code="layers.Dense(800), layers.Dense(latent_dim), layers.Dense(1568),"))

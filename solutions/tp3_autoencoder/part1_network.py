"""1 of TP3: the images, the network, its parameters."""

from __future__ import annotations

from itertools import pairwise

import nets
import numpy as np
from lab import COUNTS, lab, rounded

from grader.authoring import Draw, Student, numpy_array

# ------------------------------------------------------------------ 1.1 prepare

prepare = lab.exercise("prepare", "1.1", "Prepare the images", "Préparer les images", "prepare")


@prepare.check("values", 0.75, "values", "valeurs",
    asked=("float32 (n, 784) from 0 to 1, row by row", "float32 (n, 784) de 0 à 1, ligne par ligne"))
def _(draw: Draw, student: Student):
    (n,) = draw.sizes(1, 3, 9)
    whitest = int(draw.rng.integers(200, 240))  # no image need be white somewhere
    pixels = draw.rng.integers(0, whitest, (n, 28, 28)).astype(np.uint8)
    out = student.prepare(numpy_array(pixels))
    return student.probe(out=out, dtype=out.dtype.name)


prepare.slip("no-scaling",
    "the values still go up to 255",
    "les valeurs montent encore à 255",
    (" / 255", ""),
    hint=[("the range of the values that you return", "l'intervalle des valeurs que vous rendez"),
          ("what is the largest number that a sigmoid can write? Compare with prepare(images).max()",
           "quel est le plus grand nombre qu'une sigmoïde puisse écrire ? Comparez à prepare(images).max()"),
          ("divide by what white is worth, so that it becomes 1",
           "divisez par ce que vaut le blanc, pour qu'il devienne 1")],
    loses=["values"],
    mutant="def prepare(images):\n    return np.float32([image.flatten() for image in images])")
prepare.slip("scaled-to-minus-one",
    "the values go from -1 to 1 instead of 0 to 1",
    "les valeurs vont de -1 à 1 au lieu de 0 à 1",
    (" / 255", " / 127.5 - 1"),
    hint=[("the smallest value that you return", "la plus petite valeur que vous rendez"),
          ("a black pixel, 0: what becomes of it?", "un pixel noir, 0 : que devient-il ?"),
          ("only divide: black stays 0", "divisez seulement : le noir reste 0")],
    loses=["values"],
    mutant="def prepare(images):\n    return 2 * (images.reshape(-1, 784).astype('float32') / 255) - 1")
prepare.slip("scaled-by-256",
    "white gives 255/256; divide by the largest value",
    "le blanc donne 255/256 ; divisez par la plus grande valeur",
    (" / 255", " / 256"),
    hint=[("the number by which you divide", "le nombre par lequel vous divisez"),
          ("a white pixel must become 1: what is white in uint8?",
           "un pixel blanc doit devenir 1 : que vaut le blanc en uint8 ?"),
          ("256 is how many values there are; divide by the largest of them",
           "256 est le nombre de valeurs ; divisez par la plus grande d'entre elles")],
    loses=["values"])
prepare.slip("scaled-by-own-maximum",
    "divided by the largest value of these images; white is 255, whatever they show",
    "divisé par la plus grande valeur de ces images ; le blanc vaut 255, quoi qu'elles montrent",
    ('images.reshape(len(images), -1).astype("float32") / 255',
     'images.reshape(len(images), -1).astype("float32") / images.max()'),
    hint=[("the number by which you divide", "le nombre par lequel vous divisez"),
          ("prepare two images that are nowhere brighter than 100: what is their largest value?",
           "préparez deux images qui ne dépassent pas 100 : quelle est leur plus grande valeur ?"),
          ("divide by what white is worth in uint8, the same number for all images",
           "divisez par ce que vaut le blanc en uint8, le même nombre pour toutes les images")],
    loses=["values"])
prepare.slip("column-by-column",
    "the pixels are read column by column",
    "les pixels sont lus colonne par colonne",
    ("images.reshape(", "images.transpose(0, 2, 1).reshape("),
    hint=[("the order of the axes before the reshape", "l'ordre des axes avant le reshape"),
          ("light one pixel, row 0 and column 1: it must be number 1 of the 784, not 28",
           "allumez un pixel, ligne 0 et colonne 1 : il doit être le numéro 1 des 784, pas le 28"),
          ("reshape the images as they are, rows first",
           "aplatissez les images telles quelles, lignes d'abord")],
    loses=["values"])

# ------------------------------------------------------------------ 1.2 build

build = lab.exercise("build", "1.2", "The network", "Le réseau", "build_autoencoder")


def sizes(draw: Draw) -> tuple[int, int, int]:
    """Two hidden widths and a code size, all different."""
    first, second = draw.sizes(2, 9, 16)
    return first, second, draw.sizes(1, 3, 7)[0]


def weights(draw: Draw, first: int, second: int, z: int):
    """Of the encoder, then of the decoder."""

    def dense(name: str, n: int, m: int) -> dict[str, np.ndarray]:
        layer = draw.dense(name, n, m, scale=1.4 / np.sqrt(n), bias=0.3)
        return {path: rounded(values) for path, values in layer.items()}

    down = dense("down1", 784, first) | dense("down2", first, second) | dense("code", second, z)
    up = dense("up1", z, second) | dense("up2", second, first) | dense("pixels", first, 784)
    return down, up


def built(student: Student, first: int, second: int, z: int, x: np.ndarray):
    """The three models, built by a first call, and what decoder and autoencoder gave."""
    trio = student.build_autoencoder([first, second], z)
    encoder, decoder, autoencoder = trio[0], trio[1], trio[2]
    pixels = decoder(encoder(x))
    return encoder, decoder, autoencoder, pixels, autoencoder(x)


@build.check("sizes", 0.75, "sizes", "tailles",
    asked=("parameters of encoder and decoder, for two capacities and codes",
           "paramètres de l'encodeur et du décodeur, pour deux capacités et deux codes"))
def _(draw: Draw, student: Student):
    first, second, z = sizes(draw)
    x = draw.uniform(2, 784)
    encoder, decoder, *_ = built(student, first, second, z, x)
    longer = student.build_autoencoder([first, second], z + 4)
    longer[1](longer[0](x))
    return student.probe(
        encoder_parameters=encoder.count_params(),
        decoder_parameters=decoder.count_params(),
        encoder_parameters_longer_code=longer[0].count_params(),
        decoder_parameters_longer_code=longer[1].count_params(),
    )


@build.check("code", 0.5, "the code", "le code",
    asked=("given weights and images, the code, of any sign",
           "poids et images donnés, le code, de signe quelconque"))
def _(draw: Draw, student: Student):
    first, second, z = sizes(draw)
    x = rounded(draw.uniform(5, 784))
    encoder, *_ = built(student, first, second, z, x)
    encoder.set_weights(weights(draw, first, second, z)[0])
    return encoder(x)


@build.check("output", 1.0, "the reconstruction", "la reconstruction",
    asked=("given weights and images, what the autoencoder writes",
           "poids et images donnés, ce qu'écrit l'autoencodeur"))
def _(draw: Draw, student: Student):
    first, second, z = sizes(draw)
    x = rounded(draw.uniform(4, 784))
    down, up = weights(draw, first, second, z)
    encoder, decoder, autoencoder, *_ = built(student, first, second, z, x)
    encoder.set_weights(down)
    decoder.set_weights(up)
    return autoencoder(x)


@build.check("bottleneck", 0.75, "nothing gets around the code", "rien ne contourne le code",
    asked=("autoencoder(x) is decoder(encoder(x))", "autoencoder(x) vaut decoder(encoder(x))"))
def _(draw: Draw, student: Student):
    first, second, z = sizes(draw)
    *_, pixels, copy = built(student, first, second, z, draw.uniform(6, 784))
    return copy.change(pixels, at=0, axis=0)


def network(
    code: str = "latent_dim",
    linear: str = "",
    up: tuple[str, str] = ("narrow", "wide"),
    out: str = '"sigmoid"',
    narrow: str = "capacity[1]",
) -> str:
    """The network in the functional style, with one thing changed."""
    return f"""
def build_autoencoder(capacity, latent_dim):
    wide, narrow = capacity[0], {narrow}
    seen = keras.Input(shape=(784,))
    h = layers.Dense(wide, "relu", name="down1")(seen)
    h = layers.Dense(narrow, "relu", name="down2")(h)
    encoder = keras.Model(seen, layers.Dense({code}, {linear} name="code")(h))
    given = keras.Input(shape=({code},))
    h = layers.Dense({up[0]}, "relu", name="up1")(given)
    h = layers.Dense({up[1]}, "relu", name="up2")(h)
    decoder = keras.Model(given, layers.Dense(784, {out}, name="pixels")(h))
    return encoder, decoder, keras.Model(seen, decoder(encoder(seen)))
"""


LATENT = 'layers.Dense(latent_dim, name="code")'

build.slip("relu-output",
    "the last layer has a ReLU: nothing keeps it below 1, and a unit at 0 stops learning",
    "la dernière couche a une ReLU : rien ne la retient sous 1, et une unité à 0 n'apprend plus",
    ('activation="sigmoid"', 'activation="relu"'),
    hint=[("the activation of `pixels`", "l'activation de `pixels`"),
          ("pixels go from 0 to 1: what can your last layer write?",
           "les pixels vont de 0 à 1 : que peut écrire votre dernière couche ?"),
          ("take the activation that keeps any number strictly between 0 and 1",
           "prenez l'activation qui ramène tout nombre entre 0 et 1")],
    loses=["output"], mutant=network(out='"relu"'))
build.slip("tanh-output-on-0-1",
    "the last layer has a tanh: it writes from -1 to 1, the pixels go from 0 to 1",
    "la dernière couche a une tanh : elle écrit de -1 à 1, les pixels vont de 0 à 1",
    ('activation="sigmoid"', 'activation="tanh"'),
    hint=[("the activation of `pixels`", "l'activation de `pixels`"),
          ("what does a tanh write for a sum of -2? Is there such a pixel?",
           "qu'écrit une tanh pour une somme de -2 ? Un tel pixel existe-t-il ?"),
          ("take the activation whose range is that of the pixels",
           "prenez l'activation dont l'intervalle est celui des pixels")],
    loses=["output"], mutant=network(out='"tanh"'))
build.slip("linear-output",
    "the last layer has no activation: nothing keeps it between 0 and 1",
    "la dernière couche n'a pas d'activation : rien ne la retient entre 0 et 1",
    (', activation="sigmoid"', ""),
    hint=[("the activation of `pixels`", "l'activation de `pixels`"),
          ("print the smallest and the largest number of a reconstruction before any training",
           "affichez le plus petit et le plus grand nombre d'une reconstruction avant tout apprentissage"),
          ("give the last layer the activation whose range is that of the pixels",
           "donnez à la dernière couche l'activation dont l'intervalle est celui des pixels")],
    loses=["output"], mutant=network(out="None"))
build.slip("relu-on-latent",
    "the code goes through a ReLU: half of its values are cut to 0",
    "le code passe par une ReLU : la moitié de ses valeurs est coupée à 0",
    (LATENT, 'layers.Dense(latent_dim, activation="relu", name="code")'),
    hint=[("the activation of `code`", "l'activation de `code`"),
          ("print encoder(x): are there negative numbers?",
           "affichez encoder(x) : y a-t-il des nombres négatifs ?"),
          ("leave the code linear: each of its numbers may have any sign",
           "laissez le code linéaire : chacun de ses nombres peut avoir n'importe quel signe")],
    loses=["code", "output"], mutant=network(linear='"relu",'))
build.slip("sigmoid-on-latent",
    "the code goes through a sigmoid: it is squeezed between 0 and 1",
    "le code passe par une sigmoïde : il est serré entre 0 et 1",
    (LATENT, 'layers.Dense(latent_dim, activation="sigmoid", name="code")'),
    hint=[("the activation of `code`", "l'activation de `code`"),
          ("print the smallest and the largest number of encoder(x)",
           "affichez le plus petit et le plus grand nombre de encoder(x)"),
          ("leave the code linear; the sigmoid is for the pixels",
           "laissez le code linéaire ; la sigmoïde est pour les pixels")],
    loses=["code", "output"])
build.slip("no-hidden-activation",
    "the hidden layers have no activation: the whole is linear, no better than PCA",
    "les couches cachées n'ont pas d'activation : le tout est linéaire, au mieux une ACP",
    ('layers.Dense(first, activation="relu", name="down1")', 'layers.Dense(first, name="down1")'),
    ('layers.Dense(second, activation="relu", name="down2")', 'layers.Dense(second, name="down2")'),
    ('layers.Dense(second, activation="relu", name="up1")', 'layers.Dense(second, name="up1")'),
    ('layers.Dense(first, activation="relu", name="up2")', 'layers.Dense(first, name="up2")'),
    hint=[("the activations of down1, down2, up1 and up2", "les activations de down1, down2, up1 et up2"),
          ("two linear layers in a row: could one matrix do the same?",
           "deux couches linéaires de suite : une seule matrice en ferait-elle autant ?"),
          ("give the four hidden layers a ReLU", "donnez une ReLU aux quatre couches cachées")],
    loses=["code", "output"], mutant=network().replace('"relu", name', "None, name"))
build.slip("latent-wrong-size",
    "the code does not have latent_dim numbers: its size is fixed",
    "le code n'a pas latent_dim nombres : sa taille est fixée",
    (LATENT, 'layers.Dense(32, name="code")'),
    ("keras.Input((latent_dim,))", "keras.Input((32,))"),
    hint=[("the units of `code`, and the decoder's input", "les unités de `code`, et l'entrée du décodeur"),
          ("build with latent_dim=5 and print encoder(x).shape",
           "construisez avec latent_dim=5 et affichez encoder(x).shape"),
          ("use latent_dim in both places", "servez-vous de latent_dim aux deux endroits")],
    loses=["sizes", "code", "output"], mutant=network(code="32"))
build.slip("capacity-changes-with-latent",
    "the hidden layers grow with the code: capacity and code size can no longer be told apart",
    "les couches cachées grandissent avec le code : capacité et taille du code ne se distinguent plus",
    ("first, second = capacity", "first, second = capacity[0], capacity[1] + latent_dim"),
    hint=[("every place where latent_dim occurs", "chaque endroit où latent_dim apparaît"),
          ("build with codes of 8 and 128: do down1 and down2 have the same units?",
           "construisez avec des codes de 8 et 128 : down1 et down2 ont-elles les mêmes unités ?"),
          ("the hidden widths come from capacity alone", "les largeurs cachées ne viennent que de capacity")],
    loses=["sizes", "code", "output"], mutant=network(narrow="capacity[1] + latent_dim"))
build.slip("decoder-not-mirrored",
    "the decoder has the encoder's widths in the same order, not in reverse",
    "le décodeur a les largeurs de l'encodeur dans le même ordre, pas en ordre inverse",
    ('layers.Dense(second, activation="relu", name="up1")',
     'layers.Dense(first, activation="relu", name="up1")'),
    ('layers.Dense(first, activation="relu", name="up2")',
     'layers.Dense(second, activation="relu", name="up2")'),
    hint=[("the widths of up1 and up2", "les largeurs de up1 et up2"),
          ("read the widths from input to output: 784 512 192 8 … must read the same backwards",
           "lisez les largeurs de l'entrée à la sortie : 784 512 192 8 … doit se lire de même à l'envers"),
          ("after the code comes the narrower layer", "après le code vient la couche la plus étroite")],
    loses=["sizes", "output"], mutant=network(up=("wide", "narrow")))
build.slip("skip-connection-leak",
    "something gets around the code: autoencoder(x) is not decoder(encoder(x))",
    "quelque chose contourne le code : autoencoder(x) n'est pas decoder(encoder(x))",
    ("keras.Model(image, decoder(encoder(image)))",
     "keras.Model(image, layers.Average()([image, decoder(encoder(image))]))"),
    hint=[("how the third model, autoencoder, is made", "comment est fait le troisième modèle, autoencoder"),
          ("through how many numbers does the image reach the output? Compare autoencoder(x) with decoder(encoder(x))",
           "par combien de nombres l'image arrive-t-elle à la sortie ? Comparez autoencoder(x) et decoder(encoder(x))"),
          ("make it of encoder and decoder one after the other, and of nothing else",
           "faites-le de l'encodeur suivi du décodeur, et de rien d'autre")],
    loses=["bottleneck", "output"])

# ------------------------------------------------------------------ 1.3 counting

counting = lab.exercise("counting", "1.3", "Count before you build", "Compter avant de construire",
    "dense_parameters")


@counting.check("values", 0.75, "any chain", "toute chaîne",
    asked=("kernels and biases of every layer", "poids et biais de chaque couche"))
def _(draw: Draw, student: Student):
    a, b, c, d = draw.sizes(4, 3, 40)
    return student.probe(
        out=student.dense_parameters([a, b, c, d]),
        short=student.dense_parameters([784, b, a]),
        autoencoder=student.dense_parameters([784, c, b, d, b, c, 784]),
    )


counting.slip("no-bias-counted",
    "the biases are forgotten: one a unit",
    "les biais sont oubliés : un par unité",
    ("(n + 1) * m", "n * m"),
    hint=[("what one layer from n to m adds to the sum", "ce qu'une couche de n vers m ajoute à la somme"),
          ("a layer from 3 to 2: 3 · 2 weights, and how many biases? Keras' count_params() says 8",
           "une couche de 3 vers 2 : 3 · 2 poids, et combien de biais ? count_params() de Keras dit 8"),
          ("add one number for each unit of the layer", "ajoutez un nombre par unité de la couche")],
    loses=["values"],
    mutant="def dense_parameters(sizes):\n    return int(np.dot(sizes[:-1], sizes[1:]))")
counting.slip("bias-per-input",
    "a bias is counted for each input; each unit of the layer has one",
    "un biais est compté par entrée ; chaque unité de la couche en a un",
    ("(n + 1) * m", "n * (m + 1)"),
    hint=[("the term of the biases", "le terme des biais"),
          ("a layer from 3 to 2 has 8 parameters; is yours 9?",
           "une couche de 3 vers 2 a 8 paramètres ; en trouvez-vous 9 ?"),
          ("a bias belongs to a unit, that is to an output",
           "un biais appartient à une unité, donc à une sortie")],
    loses=["values"])
counting.slip("last-layer-forgotten",
    "the last layer is not counted",
    "la dernière couche n'est pas comptée",
    ("zip(sizes, sizes[1:])", "zip(sizes[:-1], sizes[1:-1])"),
    hint=[("which pairs of neighbouring widths your loop sees",
           "quelles paires de largeurs voisines voit votre boucle"),
          ("dense_parameters([3, 2]) is one layer: 8, not 0",
           "dense_parameters([3, 2]) est une seule couche : 8, pas 0"),
          ("n widths make n - 1 layers: go to the last pair",
           "n largeurs font n - 1 couches : allez jusqu'à la dernière paire")],
    loses=["values"])

counts = lab.exercise("counts", "1.3", "The four counts", "Les quatre nombres")

for name, (first, second, z) in nets.SIZES.items():
    chain = [784, first, second, z, second, first, 784]
    counts.question(f"parameters_{name}", 0.25, f"parameters of {name}", f"paramètres de {name}",
        type="number", right=[COUNTS[name]],
        wrong={
            sum(n * m for n, m in pairwise(chain)):
                ("the biases are forgotten: one a unit", "les biais sont oubliés : un par unité"),
            sum((n + 1) * m for n, m in pairwise(chain[:4])):
                ("that is the encoder alone", "c'est l'encodeur seul"),
        } | {
            count: ("that is another of the four networks", "c'est un autre des quatre réseaux")
            for other, count in COUNTS.items() if other != name
        })
counts.mutant("wrong-counts", ["parameters_A", "parameters_C"], named="",
    answers={"parameters_A": 1_002_496, "parameters_C": 10_043_344})

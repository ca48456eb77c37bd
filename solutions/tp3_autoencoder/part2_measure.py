"""2 of TP3: the error, the PCA line, and what fit sees."""

from __future__ import annotations

import numpy as np
from lab import lab, rescaling, rounded, shape

from grader.authoring import Close, Draw, Student, numpy_array

# ------------------------------------------------------------------ 2.1 measure

mse = lab.exercise("mse", "2.1", "Measure", "Mesurer", "reconstruction_mse")


@mse.check("values", 0.75, "values", "valeurs",
    asked=("one number, whatever the number of images", "un seul nombre, quel que soit le nombre d'images"))
def _(draw: Draw, student: Student):
    (n,) = draw.sizes(1, 4, 30)
    many = int(draw.rng.choice([67, 71, 73, 79, 83, 89, 97]))  # batches would not all be full
    model = rescaling(draw, student)
    images = np.linspace(0.2, 1, many)[:, None] * draw.integers(0, 2, many, 784)
    return student.probe(
        out=student.reconstruction_mse(model, numpy_array(rounded(draw.uniform(n, 784)))),
        many=student.reconstruction_mse(model, numpy_array(images.astype(np.float32))),
    )


WHOLE = "float(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2))"

mse.slip("sum-not-mean",
    "the squares are summed over the pixels, not averaged",
    "les carrés sont sommés sur les pixels, pas moyennés",
    (WHOLE, "float(np.mean(np.sum((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)))"),
    hint=[("what is done over the pixels of one image", "ce qui est fait sur les pixels d'une image"),
          ("should images of 28 × 28 and of 32 × 32 be comparable? Every pixel wrong by 0.1 makes 0.01",
           "veut-on comparer des images de 28 × 28 et de 32 × 32 ? Chaque pixel faux de 0,1 donne 0,01"),
          ("average over the pixels as over the images", "moyennez sur les pixels comme sur les images")],
    loses=["values"], mutant="""
def reconstruction_mse(model, x):
    gap = model.predict(x, verbose=0) - x
    return float(sum((row ** 2).sum() for row in gap) / len(x))
""")
mse.slip("sum-of-everything",
    "the squares are summed over images and pixels, not averaged",
    "les carrés sont sommés sur images et pixels, pas moyennés",
    ("np.mean(", "np.sum("),
    hint=[("what is done with the squares", "ce qui est fait des carrés"),
          ("measure the same images twice over, x and np.concatenate([x, x]): the error must not double",
           "mesurez les mêmes images deux fois, x et np.concatenate([x, x]) : l'erreur ne doit pas doubler"),
          ("average over images and pixels", "moyennez sur images et pixels")],
    loses=["values"])
mse.slip("root-taken",
    "the square root is taken; the mean of the squares is asked for",
    "la racine est prise ; on demande la moyenne des carrés",
    (WHOLE, "float(np.sqrt(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2)))"),
    hint=[("the last thing that is done to the mean", "la dernière chose faite à la moyenne"),
          ("every pixel wrong by 0.1 makes 0.01, not 0.1", "chaque pixel faux de 0,1 donne 0,01, pas 0,1"),
          ("leave the mean of the squares as it is", "laissez la moyenne des carrés telle quelle")],
    loses=["values"],
    mutant="def reconstruction_mse(model, x):\n    gap = np.asarray(model(x)) - x\n"
           "    return float(np.linalg.norm(gap) / gap.size ** 0.5)")
mse.slip("absolute-error",
    "absolute differences are averaged, not their squares",
    "on moyenne les écarts absolus, pas leurs carrés",
    (WHOLE, "float(np.mean(np.abs(np.asarray(model(x)) - np.asarray(x))))"),
    hint=[("what is done to the differences before the mean", "ce que subissent les écarts avant la moyenne"),
          ("every pixel wrong by 0.1 makes 0.01, not 0.1", "chaque pixel faux de 0,1 donne 0,01, pas 0,1"),
          ("square the differences: that alone does away with their sign",
           "élevez les écarts au carré : cela suffit à ôter leur signe")],
    loses=["values"])

# ------------------------------------------------------------------ 2.2 PCA

pca = lab.exercise("pca", "2.2", "The PCA line", "La ligne ACP", "pca_reconstruction",
    forbids=["sklearn.decomposition.PCA", "sklearn.decomposition.TruncatedSVD"])


@pca.check("values", 1.25, "values", "valeurs",
    asked=("mean and components of x_train, applied to other images",
           "moyenne et composantes de x_train, appliquées à d'autres images"),
    expect={"out": Close(1e-3, 1e-3), "seen": Close(1e-3, 1e-3)})
def _(draw: Draw, student: Student):
    n, m, d = draw.sizes(3, 8, 20)
    scale = np.linspace(0.2, 2.5, d, dtype=np.float32)
    mean = draw.uniform(d, low=0.5, high=2.0)
    x_train, x = draw.normal(n, d) * scale + mean, draw.normal(m, d) * scale + 1.3 * mean
    return student.probe(
        out=student.pca_reconstruction(numpy_array(x_train), numpy_array(x), 3),
        seen=student.pca_reconstruction(numpy_array(x_train), numpy_array(x_train), 5),
    )


pca.slip("pca-without-centring",
    "the mean is not taken off before the decomposition",
    "la moyenne n'est pas retirée avant la décomposition",
    hint=[("what goes into the decomposition", "ce qui entre dans la décomposition"),
          ("towards what does the first component point if the mean is far from 0? Try points around (10, 10)",
           "vers quoi pointe la première composante si la moyenne est loin de 0 ? Essayez des points autour de (10, 10)"),
          ("take the mean of x_train off both, decompose, and put it back at the end",
           "retirez aux deux la moyenne de x_train, décomposez, et remettez-la à la fin")],
    loses=["values"], code='''
def pca_reconstruction(x_train, x, k):
    _, _, components = np.linalg.svd(x_train, full_matrices=False)
    components = components[:k]
    return x @ components.T @ components
''',
    mutant="""
def pca_reconstruction(x_train, x, k):
    values, vectors = np.linalg.eigh(x_train.T @ x_train)
    kept = vectors[:, np.argsort(values)[::-1][:k]]
    return x @ kept @ kept.T
""")
pca.slip("pca-mean-not-restored",
    "the mean is taken off but not put back",
    "la moyenne est retirée mais pas remise",
    ("return mean + ", "return "),
    hint=[("what is returned", "ce qui est rendu"),
          ("compare the mean of your reconstructions with that of x_train: is yours near 0?",
           "comparez la moyenne de vos reconstructions à celle de x_train : la vôtre est-elle proche de 0 ?"),
          ("add the mean that you took off", "rajoutez la moyenne que vous avez retirée")],
    loses=["values"])
pca.slip("pca-fitted-on-x",
    "mean and components come from `x`, not from `x_train`: the test images teach",
    "moyenne et composantes viennent de `x`, pas de `x_train` : les images de test enseignent",
    ("mean = np.mean(x_train, axis=0)", "mean = np.mean(x, axis=0)"),
    ("np.linalg.svd(x_train - mean", "np.linalg.svd(x - mean"),
    hint=[("where mean and components come from", "d'où viennent la moyenne et les composantes"),
          ("call it with a single image as x: a decomposition of one image knows nothing",
           "appelez-la avec une seule image comme x : la décomposition d'une image ne sait rien"),
          ("learn both from x_train; x is only projected",
           "tirez les deux de x_train ; x est seulement projeté")],
    loses=["values"],
    mutant=[("    mean = np.mean(x_train, axis=0)",
             "    x_train = x\n    mean = np.mean(x_train, axis=0)")])
pca.slip("pca-mean-of-x",
    "`x` is centred on its own mean, not on that of `x_train`",
    "`x` est centré sur sa propre moyenne, pas sur celle de `x_train`",
    ("return mean + (x - mean) @", "return x.mean(axis=0) + (x - x.mean(axis=0)) @"),
    hint=[("the mean that is taken off x", "la moyenne qui est retirée à x"),
          ("call it with a single image as x: its own mean is itself; is it given back untouched?",
           "appelez-la avec une seule image comme x : sa propre moyenne est elle-même ; la rend-on intacte ?"),
          ("use the mean of x_train, the same for every x",
           "servez-vous de la moyenne de x_train, la même pour tout x")],
    loses=["values"])
pca.slip("pca-last-components",
    "the last components are kept, not the first",
    "ce sont les dernières composantes qui sont gardées, pas les premières",
    ("components[:k]", "components[-k:]"),
    hint=[("which rows or columns of the components are kept",
           "quelles lignes ou colonnes des composantes sont gardées"),
          ("print the singular values: are they sorted downwards or upwards?",
           "affichez les valeurs singulières : sont-elles triées en descendant ou en montant ?"),
          ("keep the k of largest variance", "gardez les k de plus grande variance")],
    loses=["values"])

# ------------------------------------------------------------------ 2.3 protocol

protocol = lab.exercise("protocol", "2.3", "What fit sees", "Ce que voit fit", "fit_arguments")


def arguments(draw: Draw, student: Student):
    def pixels(n: int):
        coarse = draw.rng.integers(0, 256, (n, 4, 4)).astype(np.uint8)  # a key of noise would be large
        return numpy_array(coarse.repeat(7, axis=1).repeat(7, axis=2))

    labels = draw.rng.integers(0, 10, 215).astype(np.uint8)
    count = draw.sizes(1, 5, 9)[0]
    return student.fit_arguments(pixels(215), numpy_array(labels), pixels(7), count)


@protocol.check("training", 1.0, "inputs and targets", "entrées et cibles",
    asked=("the first `count` training images, as input and as target",
           "les `count` premières images d'entraînement, en entrée et en cible"))
def _(draw: Draw, student: Student):
    given = arguments(draw, student)
    return student.probe(x=given["x"], y=given["y"])


@protocol.check("validation", 0.5, "validation", "validation",
    asked=("the last 200 training images, twice", "les 200 dernières images d'entraînement, deux fois"))
def _(draw: Draw, student: Student):
    pair = arguments(draw, student)["validation_data"]
    inputs, targets = pair[0], pair[1]
    return student.probe(
        shape=shape(student, inputs), target_shape=shape(student, targets),
        first=inputs[0], last=inputs[-1], first_target=targets[0], last_target=targets[-1],
    )


protocol.slip("test-images-in-fit",
    "test images are among those that the network learns from",
    "des images de test sont parmi celles que le réseau apprend",
    ("x = prepare(train_images[:count])",
     "x = prepare(np.concatenate([train_images[:count], test_images]))"),
    hint=[("what `x` is made of", "de quoi `x` est fait"),
          ("what would the test error still measure? Print len of your `x`: it must be count",
           "que mesurerait encore l'erreur de test ? Affichez len de votre `x` : ce doit être count"),
          ("use training images only; the test images are not needed here",
           "ne prenez que des images d'entraînement ; celles de test ne servent pas ici")],
    loses=["training"], mutant="""
def fit_arguments(train_images, train_labels, test_images, count):
    everything = np.vstack([prepare(train_images)[:count], prepare(test_images)])
    held = prepare(train_images)[-200:]
    return dict(x=everything, y=everything, validation_data=(held, held))
""")
protocol.slip("early-stop-on-test",
    "validation is done on the test images: whoever stops or chooses by them learns from them",
    "la validation se fait sur les images de test : s'arrêter ou choisir d'après elles, c'est apprendre d'elles",
    ("prepare(train_images[-200:])", "prepare(test_images)"),
    hint=[("what validation_data is made of", "de quoi validation_data est fait"),
          ("how many images does your validation have: 200, or as many as there are test images?",
           "combien d'images a votre validation : 200, ou autant qu'il y a d'images de test ?"),
          ("set the last training images aside for it",
           "mettez de côté pour elle les dernières images d'entraînement")],
    loses=["validation"], mutant="""
def fit_arguments(train_images, train_labels, test_images, count):
    x, unseen = prepare(train_images[:count]), prepare(test_images)
    return dict(x=x, y=x, validation_data=(unseen, unseen))
""")
protocol.slip("labels-as-target",
    "the target is the labels: that is a classifier; an autoencoder must give back its input",
    "la cible est l'étiquette : c'est un classifieur ; un autoencodeur doit rendre son entrée",
    ('"y": x', '"y": train_labels[:count]'),
    hint=[("what `y` is", "ce qu'est `y`"),
          ("print the shape of `y`: (count, 784) is wanted, what the network writes",
           "affichez la forme de `y` : on veut (count, 784), ce qu'écrit le réseau"),
          ("the target of an autoencoder is its input", "la cible d'un autoencodeur est son entrée")],
    loses=["training"], mutant="""
def fit_arguments(train_images, train_labels, test_images, count):
    images = prepare(train_images)
    return dict(x=images[:count], y=train_labels[:count], validation_data=(images[-200:], images[-200:]))
""")
protocol.slip("unprepared-target",
    "input and target are not prepared alike",
    "entrée et cible ne sont pas préparées de la même façon",
    ('"y": x', '"y": train_images[:count].reshape(count, -1)'),
    hint=[("how `x` and how `y` are prepared", "comment est préparé `x`, et comment `y`"),
          ("print the largest value of both", "affichez la plus grande valeur des deux"),
          ("prepare once, and use the result for both",
           "préparez une fois, et servez-vous du résultat pour les deux")],
    loses=["training"])
protocol.slip("count-ignored",
    "all training images are used, whatever `count` is",
    "toutes les images d'entraînement servent, quel que soit `count`",
    ("prepare(train_images[:count])", "prepare(train_images)"),
    hint=[("where `count` is used", "où `count` sert"),
          ("print len of your `x` with count = 300", "affichez len de votre `x` avec count = 300"),
          ("keep the first `count` training images", "gardez les `count` premières images d'entraînement")],
    loses=["training"])
protocol.slip("validation-in-training",
    "the validation images are those that the network learns from",
    "les images de validation sont celles que le réseau apprend",
    ("prepare(train_images[-200:])", "x[-200:]"),
    hint=[("which images validation_data holds", "quelles images contient validation_data"),
          ("is the first validation image one of those in `x`?",
           "la première image de validation est-elle parmi celles de `x` ?"),
          ("take the last 200 of all training images, not of those that are learnt",
           "prenez les 200 dernières de toutes les images d'entraînement, pas de celles qui sont apprises")],
    loses=["validation"])

"""Wrong submissions of TP3 whose mistakes have no name, as they are met in forums and in class."""

from __future__ import annotations

from lab import lab

EACH_BUILD = ["build.sizes", "build.code", "build.output", "build.bottleneck"]

# ------------------------------------------------------------------ 1 images and network

lab.unforeseen("whole-number-division",
    "pixels are divided as whole numbers: all are 0 or 1", "les pixels sont divisés comme des entiers : tous valent 0 ou 1",
    code="def prepare(images):\n    return (images.reshape(-1, 784) // 255).astype('float32')",
    loses=["prepare.values"])
lab.unforeseen("double-precision",
    "float64 is returned", "du float64 est rendu",
    code="def prepare(images):\n    return images.reshape(len(images), 784) / 255",
    loses=["prepare.values"])
lab.unforeseen("standardised",
    "mean 0 and deviation 1 instead of 0 to 1", "moyenne 0 et écart-type 1 au lieu de 0 à 1",
    code="""
def prepare(images):
    x = images.reshape(len(images), -1).astype("float32")
    return (x - x.mean()) / x.std()
""",
    loses=["prepare.values"])
lab.unforeseen("left-square",
    "the images are not flattened", "les images ne sont pas aplaties",
    code="def prepare(images):\n    return images.astype('float32') / 255.0",
    loses=["prepare.values"])
lab.unforeseen("softmax-output",
    "a softmax over the 784 pixels", "un softmax sur les 784 pixels",
    edits=[('activation="sigmoid", name="pixels"', 'activation="softmax", name="pixels"')],
    loses=["build.output"])
lab.unforeseen("sigmoid-everywhere",
    "the hidden layers have sigmoids", "les couches cachées ont des sigmoïdes",
    code="""
def build_autoencoder(capacity, latent_dim):
    first, second = capacity
    dense = lambda n, name, activation="sigmoid": layers.Dense(n, activation=activation, name=name)
    encoder = keras.Sequential([
        keras.Input((784,)), dense(first, "down1"), dense(second, "down2"), dense(latent_dim, "code", None),
    ])
    decoder = keras.Sequential([
        keras.Input((latent_dim,)), dense(second, "up1"), dense(first, "up2"), dense(784, "pixels"),
    ])
    return encoder, decoder, keras.Sequential([encoder, decoder])
""",
    loses=["build.code", "build.output"])
lab.unforeseen("trio-in-another-order",
    "the autoencoder is returned first", "l'autoencodeur est rendu en premier",
    edits=[("return encoder, decoder, keras.Model(image, decoder(encoder(image)))",
            "return keras.Model(image, decoder(encoder(image))), encoder, decoder")],
    loses=EACH_BUILD)
lab.unforeseen("weights-not-shared",
    "the autoencoder has layers of its own", "l'autoencodeur a ses propres couches",
    code="""
def build_autoencoder(capacity, latent_dim):
    def halves():
        first, second = capacity
        down = keras.Sequential([
            keras.Input((784,)),
            layers.Dense(first, activation="relu", name="down1"),
            layers.Dense(second, activation="relu", name="down2"),
            layers.Dense(latent_dim, name="code"),
        ])
        up = keras.Sequential([
            keras.Input((latent_dim,)),
            layers.Dense(second, activation="relu", name="up1"),
            layers.Dense(first, activation="relu", name="up2"),
            layers.Dense(784, activation="sigmoid", name="pixels"),
        ])
        return down, up

    return *halves(), keras.Sequential([*halves()])
""",
    loses=["build.output", "build.bottleneck"])
lab.unforeseen("larger-of-image-and-reconstruction",
    "the image reaches the output by a maximum", "l'image atteint la sortie par un maximum",
    edits=[("keras.Model(image, decoder(encoder(image)))",
            "keras.Model(image, layers.maximum([image, decoder(encoder(image))]))")],
    loses=["build.output", "build.bottleneck"], may=["skip-connection-leak"])
lab.unforeseen("no-biases",
    "no layer has a bias", "aucune couche n'a de biais",
    code="""
def build_autoencoder(capacity, latent_dim):
    def chain(entry, **widths):
        last = list(widths)[-1]
        activations = {"code": None, "pixels": "sigmoid"}
        return keras.Sequential([keras.Input((entry,))] + [
            layers.Dense(n, activation=activations[name] if name == last else "relu", use_bias=False, name=name)
            for name, n in widths.items()
        ])

    first, second = capacity
    encoder = chain(784, down1=first, down2=second, code=latent_dim)
    decoder = chain(latent_dim, up1=second, up2=first, pixels=784)
    return encoder, decoder, keras.Sequential([encoder, decoder])
""",
    loses=["build.sizes", "build.code", "build.output"])
lab.unforeseen("one-layer-less-in-the-decoder",
    "the decoder has a single hidden layer", "le décodeur n'a qu'une couche cachée",
    edits=[('        layers.Dense(second, activation="relu", name="up1"),\n', "")],
    loses=["build.sizes", "build.output"])
lab.unforeseen("one-bias-a-layer",
    "a single bias is counted for each layer", "un seul biais est compté par couche",
    edits=[("sum((n + 1) * m for n, m in zip(sizes, sizes[1:]))", "sum(n * m + 1 for n, m in zip(sizes, sizes[1:]))")],
    loses=["counting.values"])
lab.unforeseen("bias-on-both-sides",
    "(n + 1)(m + 1) for each layer", "(n + 1)(m + 1) par couche",
    edits=[("sum((n + 1) * m for", "sum((n + 1) * (m + 1) for")],
    loses=["counting.values"])

# ------------------------------------------------------------------ 2 measures

lab.unforeseen("mean-of-unequal-batches",
    "batches of 64 count alike, the short last one too", "les lots de 64 comptent autant, le dernier, plus court, aussi",
    code="""
def reconstruction_mse(model, x):
    errors = [np.mean((np.asarray(model(b)) - b) ** 2) for b in (x[i : i + 64] for i in range(0, len(x), 64))]
    return float(np.mean(errors))
""",
    loses=["mse.values"])
lab.unforeseen("one-error-an-image",
    "a number for each image", "un nombre par image",
    edits=[("float(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2))",
            "np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)")], exercise="mse",
    loses=["mse.values"])
lab.unforeseen("square-of-the-mean",
    "the mean difference is squared: errors of opposite sign cancel",
    "c'est l'écart moyen qui est mis au carré : les erreurs de signe opposé se compensent",
    code="""
def reconstruction_mse(model, x):
    return float(np.mean(np.asarray(model(x)) - x) ** 2)
""",
    loses=["mse.values"])
lab.unforeseen("pca-one-mean-for-all",
    "one number is taken off, the mean over everything", "un seul nombre est retiré, la moyenne de tout",
    edits=[("mean = np.mean(x_train, axis=0)", "mean = np.mean(x_train)")],
    loses=["pca.values"])
lab.unforeseen("pca-columns-for-rows",
    "the components are read as columns", "les composantes sont lues comme des colonnes",
    code="""
def pca_reconstruction(x_train, x, k):
    mean = x_train.mean(axis=0)
    _, _, components = np.linalg.svd(x_train - mean)
    kept = components[:, :k]
    return mean + (x - mean) @ kept @ kept.T
""",
    loses=["pca.values"])
lab.unforeseen("pca-x-not-centred",
    "the mean is put back on what it was not taken off", "la moyenne est ajoutée à ce dont elle n'a pas été retirée",
    edits=[("return mean + (x - mean) @ components.T @ components", "return mean + x @ components.T @ components")],
    loses=["pca.values"])
lab.unforeseen("pca-one-component-more",
    "k + 1 components are kept", "k + 1 composantes sont gardées",
    edits=[("components = components[:k]", "components = components[: k + 1]")],
    loses=["pca.values"])
lab.unforeseen("pca-standardised",
    "every column is divided by its deviation, which is not put back",
    "chaque colonne est divisée par son écart-type, qui n'est pas remis",
    code="""
def pca_reconstruction(x_train, x, k):
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    _, _, components = np.linalg.svd((x_train - mean) / deviation, full_matrices=False)
    return mean + (x - mean) / deviation @ components[:k].T @ components[:k]
""",
    loses=["pca.values"])
lab.unforeseen("last-images-learnt",
    "the last `count` images are learnt", "ce sont les `count` dernières images qui sont apprises",
    edits=[("x = prepare(train_images[:count])", "x = prepare(train_images[-count:])")],
    loses=["protocol.training"])
lab.unforeseen("validation-against-labels",
    "validation holds images against their classes", "la validation compare les images à leurs classes",
    edits=[('"validation_data": (validation, validation)', '"validation_data": (validation, train_labels[-200:])')],
    loses=["protocol.validation"])
lab.unforeseen("validation-not-a-pair",
    "the validation images come once, not as a pair", "les images de validation sont données une fois, pas en paire",
    edits=[('"validation_data": (validation, validation)', '"validation_data": validation')],
    loses=["protocol.validation"])
lab.unforeseen("validation-on-the-first",
    "validation is on the first 200 images", "la validation porte sur les 200 premières images",
    edits=[("prepare(train_images[-200:])", "prepare(train_images[:200])")],
    loses=["protocol.validation"])

# ------------------------------------------------------------------ 3 the study

lab.unforeseen("gallery-in-columns",
    "the rows stand as columns", "les lignes sont mises en colonnes",
    edits=[("return np.stack(rows)", "return np.stack(rows, axis=1)")],
    loses=["gallery.values"])
lab.unforeseen("gallery-originals-together",
    "both originals come first, then both reconstructions", "les deux originaux d'abord, puis les deux reconstructions",
    code="""
def gallery(model, x_train, x_test, count):
    originals = [np.asarray(x[:count]) for x in (x_train, x_test)]
    return np.stack([*originals, *(np.asarray(model(x)) for x in originals)])
""",
    loses=["gallery.values"])
lab.unforeseen("gallery-of-the-last",
    "the last images are shown", "ce sont les dernières images qui sont montrées",
    edits=[("(x_train[:count], x_test[:count])", "(x_train[-count:], x_test[-count:])")],
    loses=["gallery.values"])
lab.unforeseen("ranked-on-the-sum",
    "the order is that of the sum of both errors", "l'ordre est celui de la somme des deux erreurs",
    edits=[("errors[name][1])", "sum(errors[name]))")],
    loses=["rank.values"])
lab.unforeseen("ranked-on-the-ratio",
    "the order is that of the ratio of both errors", "l'ordre est celui du rapport des deux erreurs",
    edits=[("errors[name][1])", "errors[name][1] / errors[name][0])")],
    loses=["rank.values"])
lab.unforeseen("ranked-with-errors",
    "pairs come out, not names", "il sort des paires, pas des noms",
    edits=[("sorted(errors, key=lambda name: errors[name][1])", "sorted(errors.items(), key=lambda item: item[1][1])")],
    loses=["rank.values"])

# ------------------------------------------------------------------ 5 to 7

lab.unforeseen("both-ends-left-out",
    "neither end of the walk is reached", "aucun des deux bouts de la promenade n'est atteint",
    edits=[('np.linspace(0, 1, steps, dtype="float32")', 'np.linspace(0, 1, steps + 2, dtype="float32")[1:-1]')],
    loses=["interpolate.values"])
lab.unforeseen("codes-returned",
    "the codes come out undecoded", "les codes sortent sans être décodés",
    edits=[("return np.asarray(decoder((1 - t) * z0 + t * z1))", "return (1 - t) * z0 + t * z1")],
    loses=["interpolate.values"])
lab.unforeseen("score-root",
    "the root of each image's error", "la racine de l'erreur de chaque image",
    code="""
def anomaly_scores(model, x):
    return np.sqrt(np.mean((np.asarray(model(x)) - x) ** 2, axis=1))


def roc_auc(normal, abnormal):
    gap = np.asarray(abnormal)[:, None] - np.asarray(normal)[None, :]
    return float(np.mean((gap > 0) + 0.5 * (gap == 0)))
""",
    loses=["anomaly.scores"])
lab.unforeseen("one-score-for-all",
    "one score for all images", "un score pour toutes les images",
    edits=[("np.asarray(x)) ** 2, axis=1)", "np.asarray(x)) ** 2)")],
    loses=["anomaly.scores"])
lab.unforeseen("ties-count-whole",
    "equal scores count as if the anomaly were higher", "les scores égaux comptent comme si l'anomalie était au-dessus",
    edits=[("(gap > 0) + 0.5 * (gap == 0)", "gap >= 0")],
    loses=["anomaly.auc"])
lab.unforeseen("accuracy-for-auc",
    "the share of anomalies above the median of all scores", "la part d'anomalies au-dessus de la médiane de tous les scores",
    edits=[("    gap = np.asarray(abnormal)[:, None] - np.asarray(normal)[None, :]\n"
            "    return float(np.mean((gap > 0) + 0.5 * (gap == 0)))",
            "    limit = np.median(np.concatenate([normal, abnormal]))\n"
            "    return float(np.mean(np.asarray(abnormal) > limit))")],
    loses=["anomaly.auc"])
lab.unforeseen("convolutions-left-square",
    "images (n, 28, 28, 1) come out, not (n, 784)", "il sort des images (n, 28, 28, 1), pas (n, 784)",
    edits=[('        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),\n        layers.Flatten(),\n',
            '        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),\n')],
    loses=["conv.shape"])
lab.unforeseen("answers-of-another-table",
    "two answers copied from a neighbour's networks", "deux réponses copiées des réseaux d'un voisin",
    answers={"best": "A", "ratio_B": 3.4}, loses=["verdicts.best", "verdicts.ratio_B"])

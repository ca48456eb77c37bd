"""Correct submissions of TP3 written differently: each must get full marks."""

from __future__ import annotations

from grader.authoring import Variant

FUNCTIONAL = """
def build_autoencoder(capacity, latent_dim):
    x = image = keras.Input(shape=(784,), name="image")
    for i, units in enumerate(capacity, start=1):
        x = layers.Dense(units, name=f"down{i}")(x)
        x = layers.ReLU()(x)
    encoder = keras.Model(image, layers.Dense(latent_dim, "linear", name="code")(x), name="encoder")
    y = code = keras.Input(shape=(latent_dim,))
    for i, units in enumerate(reversed(tuple(capacity)), start=1):
        y = layers.Dense(units, activation=keras.activations.relu, name=f"up{i}")(y)
    decoder = keras.Model(code, layers.Activation("sigmoid")(layers.Dense(784, name="pixels")(y)))
    return encoder, decoder, keras.Model(encoder.input, decoder(encoder.output))
"""
SUBCLASSED = """
class Encoder(keras.Model):
    def __init__(self, capacity, latent_dim):
        super().__init__()
        self.down1 = layers.Dense(capacity[0], activation="relu")
        self.down2 = layers.Dense(capacity[1], activation="relu")
        self.code = layers.Dense(latent_dim)

    def call(self, x):
        return self.code(self.down2(self.down1(x)))


class Decoder(keras.Model):
    def __init__(self, capacity):
        super().__init__()
        self.up1 = layers.Dense(capacity[1], activation="relu")
        self.up2 = layers.Dense(capacity[0], activation="relu")
        self.pixels = layers.Dense(784, activation="sigmoid")

    def call(self, z):
        return self.pixels(self.up2(self.up1(z)))


class Autoencoder(keras.Model):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def call(self, x):
        return self.decoder(self.encoder(x))


def build_autoencoder(capacity, latent_dim):
    encoder, decoder = Encoder(capacity, latent_dim), Decoder(capacity)
    autoencoder = Autoencoder(encoder, decoder)
    autoencoder(np.zeros((1, 784), "float32"))
    return encoder, decoder, autoencoder
"""
CHAINED = """
def build_autoencoder(capacity, latent_dim=8, name=None):
    relu = dict(activation="relu", kernel_initializer="he_normal")
    encoder = keras.Sequential(name=name)
    encoder.add(layers.InputLayer(shape=(784,)))
    encoder.add(layers.Dense(capacity[0], name="down1", **relu))
    encoder.add(layers.Dense(capacity[1], name="down2", **relu))
    encoder.add(layers.Dense(latent_dim, name="code"))
    decoder = keras.Sequential([
        layers.Dense(capacity[1], name="up1", **relu),
        layers.Dense(capacity[0], name="up2", **relu),
        layers.Dense(784, name="pixels", activation=keras.ops.sigmoid),
    ])
    decoder.build((None, latent_dim))
    return [encoder, decoder, keras.Sequential([encoder, decoder])]
"""

variants = [
    Variant("functional", "functional models, activations as layers", code={"build": FUNCTIONAL}),
    Variant("subclassed", "three classes of one's own", code={"build": SUBCLASSED}),
    Variant("chained", "Sequential of two Sequentials, built late, in a list", code={"build": CHAINED}),
    Variant(
        "prepare-ops", "prepared by keras.ops",
        code={"prepare": """
def prepare(images):
    x = keras.ops.cast(images, "float32") / 255.0
    return keras.ops.convert_to_numpy(keras.ops.reshape(x, (x.shape[0], 28 * 28)))
"""},
    ),
    Variant(
        "prepare-double", "computed in double precision, then cast",
        code={"prepare": """
def prepare(images: np.ndarray) -> np.ndarray:
    flat = np.array([np.asarray(i).ravel() for i in images], dtype="float64")
    return (flat / 255.0).astype(np.float32)
"""},
    ),
    Variant(
        "count-loop", "counted in a loop, with prints",
        code={"counting": """
def dense_parameters(sizes):
    total, before = 0, sizes[0]
    for units in sizes[1:]:
        total += before * units
        total += units
        before = units
    print(total)
    return np.int64(total)
"""},
    ),
    Variant(
        "count-by-keras", "Keras counts",
        code={"counting": """
def dense_parameters(sizes):
    model = keras.Sequential([keras.Input((sizes[0],)), *[layers.Dense(n) for n in sizes[1:]]])
    return model.count_params()
"""},
    ),
    Variant(
        "mse-tensorflow", "the error by TensorFlow, a tensor without axes",
        code={"mse": """
import tensorflow as tf

def reconstruction_mse(model, x):
    x = tf.convert_to_tensor(x, tf.float32)
    return tf.reduce_mean(tf.math.squared_difference(model(x, training=False), x))
"""},
    ),
    Variant(
        "mse-predict", "the error batch by batch, through predict and a Keras loss",
        code={"mse": """
def reconstruction_mse(model, x, batch=250):
    parts = [model.predict(x[i : i + batch], verbose=0) for i in range(0, len(x), batch)]
    return float(np.mean(keras.losses.mean_squared_error(x, np.concatenate(parts))))
"""},
    ),
    Variant(
        "pca-covariance", "eigenvectors of the covariance, in double precision",
        code={"pca": """
def pca_reconstruction(x_train, x, k):
    x_train, x = np.asarray(x_train, "float64"), np.asarray(x, "float64")
    mean = x_train.mean(0, keepdims=True)
    _, vectors = np.linalg.eigh(np.cov(x_train, rowvar=False))
    kept = vectors[:, -k:]
    return np.einsum("nk,dk->nd", (x - mean) @ kept, kept) + mean
"""},
    ),
    Variant(
        "protocol-copies", "copies, lists, one more key",
        code={"protocol": """
def fit_arguments(train_images, train_labels, test_images, count, held=200):
    images = prepare(np.concatenate([train_images[:count], train_images[len(train_images) - held :]]))
    inputs, targets = images[:count].copy(), images[:count].copy()
    return dict(y=targets, x=inputs, shuffle=True, validation_data=[images[count:], images[count:]])
"""},
    ),
    Variant(
        "gallery-loop", "rows filled one by one",
        code={"gallery": """
def gallery(model, x_train, x_test, count):
    rows = np.zeros((4, count, x_train.shape[1]))
    for i in range(count):
        rows[0, i], rows[2, i] = x_train[i], x_test[i]
    rows[1] = model.predict(x_train[:count], verbose=0)
    rows[3] = model(keras.ops.convert_to_tensor(x_test[:count]))
    return rows
"""},
    ),
    Variant(
        "rank-argsort", "ranked by NumPy, names in an array of strings made a list",
        code={"rank": """
def rank(errors):
    names = list(errors)
    order = np.argsort([errors[name][1] for name in names])
    return [names[i] for i in order]
"""},
    ),
    Variant(
        "interpolate-one-by-one", "one image at a time, through predict",
        code={"interpolate": """
def interpolate(encoder, decoder, x0, x1, steps):
    first = encoder.predict(np.asarray(x0)[None], verbose=0)[0]
    last = encoder.predict(np.asarray(x1)[None], verbose=0)[0]
    walk = []
    for i in range(steps):
        code = first + (last - first) * i / (steps - 1)
        walk.append(decoder.predict(code[None], verbose=0)[0])
    return np.array(walk)
"""},
    ),
    Variant(
        "auc-by-ranks", "the area by ranks (Mann–Whitney), scores by a loop",
        code={"anomaly": """
from scipy.stats import rankdata

def anomaly_scores(model, x):
    copies = model.predict(x, verbose=0)
    return [float(np.square(copy - image).mean()) for copy, image in zip(copies, x)]

def roc_auc(normal, abnormal):
    n, m = len(normal), len(abnormal)
    ranks = rankdata(np.concatenate([normal, abnormal]))
    return (ranks[n:].sum() - m * (m + 1) / 2) / (n * m)
"""},
    ),
    Variant(
        "by-metric", "Keras' metric; arrays in a list, a tensor; names as NumPy strings",
        code={
            "mse": """
def reconstruction_mse(model, x):
    model.compile(loss="mse")
    return model.evaluate(x, x, batch_size=64, verbose=0)
""",
            "gallery": """
def gallery(model, x_train, x_test, count):
    a, b = x_train[:count], x_test[:count]
    return [a, model(a), b, model(b)]
""",
            "interpolate": """
def interpolate(encoder, decoder, x0, x1, steps):
    both = encoder(keras.ops.stack([x0, x1]))
    t = keras.ops.reshape(keras.ops.linspace(0.0, 1.0, steps), (steps, 1))
    return decoder(both[:1] + t * (both[1:] - both[:1]))
""",
            "rank": """
def rank(errors):
    names = np.array(list(errors))
    return list(names[np.argsort([test for _, test in errors.values()])])
""",
        },
    ),
    Variant(
        "pca-gram", "through the Gram matrix of the images, which are fewer than the pixels",
        code={"pca": """
def pca_reconstruction(x_train, x, k):
    mean = x_train.mean(0)
    a = np.asarray(x_train - mean, "float64")
    values, vectors = np.linalg.eigh(a @ a.T)
    components = (vectors[:, ::-1][:, :k] / np.sqrt(values[::-1][:k])).T @ a
    scores = np.tensordot(x - mean, components, axes=(1, 1))
    return scores.dot(components) + mean
"""},
    ),
    Variant(
        "answers-french", "answers in French, with units, accents and commas",
        answers={
            "verdict_A": "sur-appris", "verdict_B": "Surappris", "verdict_C": "sous-appris",
            "verdict_D": "sous-apprentissage", "best": "réseau C", "largest_gap": "(d)", "ratio_B": "1,57",
            "parameters_A": "1 004 696", "parameters_D": "10,043,344", "q5_bad": "A ou C",
        },
    ),
    Variant(
        "conv-functional", "another convolutional network within the budget",
        code={"conv": """
def build_convolutional(latent_dim):
    image = keras.Input((784,))
    x = layers.Reshape((28, 28, 1))(image)
    for filters in (8, 16):
        x = layers.Conv2D(filters, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(latent_dim)(layers.Flatten()(x))
    x = layers.Reshape((7, 7, 16))(layers.Dense(784, activation="relu")(x))
    for filters in (16, 8):
        x = layers.UpSampling2D()(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(image, layers.Reshape((784,))(x))
"""},
    ),
]  # fmt: skip

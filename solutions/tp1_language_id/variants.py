"""Correct submissions of TP1 written differently: each must get full marks."""

from __future__ import annotations

from part1_sound import in_numpy, prepared
from part3_network import DENSE, LSTM, SEQUENCES, compiled, predicting
from part4_conclusions import hiding

from grader.authoring import Variant

SUBCLASSED = """
class Listener(keras.Model):
    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.lstm = layers.LSTM(128)
        self.languages = layers.Dense(count, activation="softmax")

    def call(self, x, training=False):
        return self.languages(self.lstm(x, training=training))


def build_model(num_languages):
    model = Listener(num_languages, name="listener")
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy())
    return model
"""
FUNCTIONAL = """
def build_model(num_languages: int) -> keras.Model:
    clip = keras.Input(shape=(None, 100), name="clip", dtype="float32")
    memory = layers.RNN(layers.LSTMCell(units=128), name="lstm")(clip)
    scores = layers.Dense(units=num_languages, name="languages")(memory)
    model = keras.Model(inputs=clip, outputs=layers.Softmax()(scores))
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3), loss=keras.losses.sparse_categorical_crossentropy,
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model
"""

variants = [
    Variant("clip-numpy", "another style, powers of two", code={"clip": prepared()}),
    Variant(
        "clip-loop", "a list of samples, filled one by one; OverflowError avoided; more refusals",
        code={"clip": """
class BadClip(ValueError):
    pass


def prepare_clip(samples, rate, length=48000):
    array = np.asarray(samples)
    if int(rate) != RATE or array.ndim == 0 or array.ndim > 2 or len(array) == 0 or array.dtype.kind == "u":
        raise BadClip(f"{rate} Hz, {array.shape}")
    top = {1: 2**7, 2: 2**15, 4: 2**31, 8: 2**63}[array.dtype.itemsize] if array.dtype.kind == "i" else 1
    array = array[:length].astype("float64") / top
    if array.ndim == 2:
        array = array @ np.full(array.shape[1], 1 / array.shape[1])
    if np.isnan(array.sum()) or np.isinf(array).any():
        raise BadClip("not finite")
    return tf.pad(tf.constant(array, tf.float32), [[0, length - len(array)]])
"""},
    ),
    Variant("logmel-numpy", "NumPy's own transform, in double precision", code={"logmel": in_numpy(window="(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512))")}),
    Variant(
        "logmel-frames", "framed by hand, tensordot, power by real and imaginary parts",
        code={"logmel": """
def log_mel_spectrogram(waveform):
    waveform = tf.convert_to_tensor(waveform)
    waveform = tf.cast(waveform, "float32")
    frames = tf.signal.frame(waveform, frame_length=512, frame_step=240, pad_end=True, pad_value=0)
    spectrum = tf.signal.rfft(frames * tf.signal.hann_window(512, periodic=True), [1024])
    power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
    mel = tf.signal.linear_to_mel_weight_matrix(num_mel_bins=100, num_spectrogram_bins=513,
        sample_rate=16000, lower_edge_hertz=60.0, upper_edge_hertz=7600.0)
    mel_power = tf.tensordot(power, mel, 1)
    return tf.math.log(tf.maximum(mel_power, FLOOR)).numpy()
"""},
    ),
    Variant(
        "assemble-list", "a list of pairs, shuffled by the standard library",
        code={"assemble": """
import random


def assemble(clips, seed):
    rank = {name: i for i, name in enumerate(sorted(clips.keys()))}
    pairs = [(clip, rank[name]) for name, own in clips.items() for clip in own]
    random.Random(seed).shuffle(pairs)
    sounds, labels = zip(*pairs)
    return np.array(sounds), np.array(labels, dtype="int32")
"""},
    ),
    Variant(
        "normalise-keras", "means by TensorFlow, a named tuple",
        code={"normalise": """
from collections import namedtuple

Normaliser = namedtuple("Normaliser", "mean std")


def centre(x):
    return tf.cast(x, tf.float32) - tf.reduce_mean(tf.cast(x, tf.float32), axis=-2, keepdims=True)


def fit_normaliser(x_train):
    mean, variance = tf.nn.moments(tf.cast(x_train, tf.float64), axes=[0, 1])
    return Normaliser(mean.numpy(), np.maximum(np.sqrt(variance), 1e-3))


def normalise(x, normaliser):
    mean, std = (np.reshape(v, (1, -1)) for v in normaliser)
    return np.divide(np.subtract(x, mean), std)


def prepare_sets(train_waveforms, test_waveforms):
    n = None
    sets = []
    for waveforms in (train_waveforms, test_waveforms):
        x = np.stack([centre(log_mel_spectrogram(w)) for w in waveforms])
        n = n or fit_normaliser(x)
        sets.append(normalise(x, n))
    return sets
"""},
    ),
    Variant(
        "split-sets", "sets, the standard library's generator, lists of indices",
        retrain=("probe_speaker",),
        code={"split": """
import random


def split_by_speaker(speakers, test_fraction, seed):
    people = sorted({str(s) for s in speakers})
    count = min(max(int(round(len(people) * test_fraction)), 1), len(people) - 1)
    held = set(random.Random(seed).sample(people, count))
    train = [i for i, s in enumerate(speakers) if str(s) not in held]
    return train, [i for i, s in enumerate(speakers) if str(s) in held]
"""},
    ),
    Variant(
        "count-keras", "Keras counts",
        code={"counting": """
def lstm_parameters(input_dim, units):
    layer = layers.LSTM(units)
    layer.build((None, None, input_dim))
    return np.int64(layer.count_params())
"""},
    ),
    Variant("build-functional", "a cell in a general recurrent layer, softmax apart, any length", code={"build": FUNCTIONAL}),
    Variant("build-subclassed", "a class of one's own", code={"build": SUBCLASSED}, retrain=()),
    Variant(
        "build-last-of-all", "all states, of which the last is taken",
        code={"build": compiled(SEQUENCES, "layers.Cropping1D((199, 0)),", "layers.Flatten(),", DENSE)},
    ),
    Variant(
        "build-dropout", "dropout and a masking layer that change nothing when the network answers",
        code={"build": compiled(LSTM, "layers.Dropout(0.2),", DENSE)},
    ),
    Variant(
        "build-regularised", "a penalty on the weights, the loss in a dictionary, no graph",
        code={"build": """
def build_model(num_languages):
    sound = keras.Input((200, BANDS))
    state = layers.LSTM(128, kernel_regularizer=keras.regularizers.L2(1e-3), name="lstm")(sound)
    model = keras.Model(sound, layers.Dense(num_languages, "softmax", name="languages")(state))
    model.compile(loss={"languages": "sparse_categorical_crossentropy"}, optimizer="nadam", run_eagerly=True)
    return model
"""},
    ),
    Variant(
        "normalise-n-1", "double precision, n − 1 in the deviation, one array for both statistics",
        code={"normalise": """
def centre(x):
    x = np.asarray(x, "float64")
    return x - np.average(x, axis=-2)[..., np.newaxis, :]


def fit_normaliser(x_train):
    rows = np.reshape(x_train, (-1, np.shape(x_train)[-1]))
    return np.stack([rows.mean(0), np.clip(rows.std(0, ddof=1), 1e-3, None)])


def normalise(x, normaliser):
    return tf.convert_to_tensor((np.asarray(x) - normaliser[0]) / normaliser[1])


def prepare_sets(train_waveforms, test_waveforms):
    train, test = (centre(log_mel_spectrogram(np.array(w))) for w in (train_waveforms, test_waveforms))
    found = fit_normaliser(train)
    return normalise(train, found), normalise(test, found)
"""},
    ),
    Variant(
        "metrics-tensorflow", "TensorFlow's confusion matrix, recalls from it",
        code={"metrics": """
def confusion_matrix(labels, predictions, num_languages):
    return tf.math.confusion_matrix(labels, predictions, num_languages)


def balanced_accuracy(labels, predictions):
    m = confusion_matrix(labels, predictions, int(max(np.max(labels), np.max(predictions))) + 1).numpy()
    present = m.sum(axis=1) > 0
    return (np.diag(m)[present] / m.sum(axis=1)[present]).mean()
"""},
    ),
    Variant(
        "metrics-loop", "loops and a list of lists",
        code={"metrics": """
def confusion_matrix(labels, predictions, num_languages):
    table = [[0] * num_languages for _ in range(num_languages)]
    for truth, said in zip(labels, predictions):
        table[int(truth)][int(said)] += 1
    return np.array(table)


def balanced_accuracy(labels, predictions):
    right, all_ = {}, {}
    for truth, said in zip(np.asarray(labels).tolist(), np.asarray(predictions).tolist()):
        all_[truth] = all_.get(truth, 0) + 1
        right[truth] = right.get(truth, 0) + (truth == said)
    return sum(right[c] / all_[c] for c in all_) / len(all_)
"""},
    ),
    Variant("predict-call", "the model called, an array of int64", code={"predict": predicting("p.argmax(axis=1)")}),
    Variant(
        "predict-one-by-one", "one clip at a time",
        code={"predict": """
def predict_languages(model, waveforms, normaliser):
    found = []
    for waveform in np.asarray(waveforms):
        x = np.array(normalise(centre(log_mel_spectrogram(waveform)), normaliser))
        found.append(int(tf.argmax(model(x[np.newaxis].astype("float32"), training=False)[0])))
    return found
"""},
    ),
    Variant("occlusion-one-by-one", "one window at a time", code={"occlusion": hiding()}),
    Variant(
        "augment-masks", "blocks by masks, all spectrograms at once",
        code={"augment": """
def spec_augment(x, seed, max_bands=20, max_steps=40):
    rng = np.random.default_rng(seed)
    x = np.asarray(x)
    keep = np.ones(x.shape, bool)
    for axis, widest in ((2, max_bands), (1, max_steps)):
        size = x.shape[axis]
        width = rng.integers(0, widest, len(x), endpoint=True)
        start = np.floor(rng.random(len(x)) * (size - width + 1)).astype(int)
        place = np.arange(size)
        block = (place >= start[:, None]) & (place < (start + width)[:, None])
        keep &= ~(block[:, None, :] if axis == 2 else block[:, :, None])
    return np.where(keep, x, np.zeros((), x.dtype))


def build_champion(num_languages):
    return build_model(num_languages)
"""},
    ),
    Variant(
        "figures-written-out", "per cent and decimal commas",
        edits={
            "leakage": [
                ('round(measured("probe_clip", "val_accuracy"), 2)', 'f"{100 * measured(\'probe_clip\', \'val_accuracy\'):.1f} %"'),
                ('round(measured("probe_speaker", "val_accuracy"), 2)', 'str(round(measured("probe_speaker", "val_" + "accuracy"), 3)).replace(".", ",")'),
            ],
            "transfer": [('round(measured("real", "balanced"), 2)', '100 * measured("real", "balanced")')],
        },
    ),
    Variant(
        "answers-french", "answers in French, with commas and spaces",
        answers={
            "q1": "plusieurs vers un", "parameters_model": "117 893", "parameters_swapped": "169,093",
            "leak_why": "Voix", "q2_length": "200", "q2_size": 100.0,
        },
    ),
]  # fmt: skip

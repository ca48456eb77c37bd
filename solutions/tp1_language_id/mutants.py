"""Known-wrong submissions of TP1, most of them in another style than the misconception's own code."""

from __future__ import annotations

from mistakes import DENSE, LSTM, network

from grader.authoring import Mutant

CLIP, REFUSES = "clip.values", "clip.refuses"
LOGMEL, SILENCE, BATCH = "logmel.values", "logmel.silence", "logmel.batch"
CENTRE, SETS = "normalise.centre", "normalise.sets"
CENTRED = "    return x - x.mean(axis=-2, keepdims=True)"
SIZE, OUTPUT, AGAIN, LOSS = "build.size", "build.output", "build.again", "build.loss"


def clip(
    scale: str = "samples / 2.0 ** (8 * samples.dtype.itemsize - 1)",
    mono: str = "np.mean(samples, -1)",
    broken: str = "not np.all(np.isfinite(samples))",
    rate: str = "rate != 16000",
    unsigned: str = ' or samples.dtype.kind == "u"',
    cut: str = "np.pad(samples, (0, max(0, 48000 - len(samples))))[:48000]",
) -> str:
    """`prepare_clip` in another style, with one thing changed."""
    return f"""
def prepare_clip(samples, rate):
    samples = np.array(samples)
    if {rate}:
        raise ValueError("rate")
    if samples.size == 0 or samples.ndim > 2{unsigned}:
        raise ValueError("shape")
    if np.issubdtype(samples.dtype, np.integer):
        samples = {scale}
    if samples.ndim == 2:
        samples = {mono}
    if {broken}:
        raise ValueError("broken")
    return {cut}.astype(np.float32)
"""


def logmel(
    window: str = "np.hanning(513)[:512]",
    power: str = "(f * f.conj()).real",
    last: str = "np.log(p @ mel + FLOOR)",
    frames: str = "range(0, waveform.shape[-1], 240)",
) -> str:
    """`log_mel_spectrogram` in NumPy, with one thing changed."""
    return f"""
def log_mel_spectrogram(waveform):
    waveform = np.asarray(waveform, "float64")
    padded = np.concatenate([waveform, np.zeros(waveform.shape[:-1] + (512,))], axis=-1)
    frames = np.stack([padded[..., i : i + 512] for i in {frames}], axis=-2)
    f = np.fft.rfft(frames * {window}, 1024)
    p = {power}
    mel = tf.signal.linear_to_mel_weight_matrix(100, 513, 16000, 60.0, 7600.0).numpy()
    return ({last}).astype("float32")
"""


PREDICT = """
def predict_languages(model, waveforms, normaliser):
    p = model(normalise(centre(log_mel_spectrogram(waveforms)), normaliser)).numpy()
    return {result}
"""
OCCLUSION = """
def occlusion(model, x, width):
    def ask(clip):
        return model(np.asarray(clip, "float32")[None]).numpy()[0]

    whole = ask(x)
    k = whole.argmax()
    found = []
    for start in range(0, 200 // width * width, width):
        y = np.array(x)
        {hide}
        p = ask(y)
        found.append({value})
    return np.array(found)
"""
HIDE = "y[start : start + width] = 0"
AUGMENT = """
def spec_augment(x, seed, max_bands=20, max_steps=40):
    rng = np.random.default_rng(seed)
    {copy}
    n, steps, bands = x.shape
    for i in range(n):
        w, v = {widths}
        a, b = rng.integers(steps - w + 1), rng.integers(bands - v + 1)
        x[i, a : a + w, :] = 0
        x[i, :, b : b + v] = 0
    return x
"""
CHAMPION = """

def build_champion(num_languages):
    return build_model(num_languages)
"""

mutants = [
    # 1.1
    Mutant("integers-unscaled", "clip", (CLIP,), code=clip(scale="samples.astype(np.float64)")),
    Mutant("first-channel-only", "clip", (CLIP, REFUSES), code=clip(mono="samples.T[0]")),
    Mutant("channels-summed", "clip", (CLIP,), code=clip(mono="samples[:, 0] + samples[:, 1]")),
    Mutant(
        "padded-in-front", "clip", (CLIP,),
        code=clip(cut="np.pad(samples[:48000], (max(0, 48000 - len(samples)), 0))"),
    ),
    Mutant(
        "last-seconds-kept", "clip", (CLIP,),
        code=clip(cut="np.pad(samples, (0, max(0, 48000 - len(samples))))[-48000:]"),
    ),
    Mutant("wrong-rate-accepted", "clip", (REFUSES,), code=clip(rate="not rate")),
    Mutant("unsigned-accepted", "clip", (REFUSES,), code=clip(unsigned="")),
    Mutant("nan-accepted", "clip", (REFUSES,), code=clip(broken="False")),
    Mutant(
        "nan-replaced", "clip", (REFUSES,), named="nan-accepted",
        code=clip(broken="False", cut="np.pad(np.nan_to_num(samples), (0, max(0, 48000 - len(samples))))[:48000]"),
    ),
    # 1.2
    Mutant("axes-swapped", "logmel", (LOGMEL, BATCH, "predict.values"), code=logmel(last="np.swapaxes(np.log(p @ mel + FLOOR), -1, -2)")),
    Mutant(
        "reshape-instead-of-transpose", "logmel", (LOGMEL,),
        code=logmel(last="np.swapaxes(np.log(p @ mel + FLOOR), -1, -2).reshape(waveform.shape[:-1] + (200, 100))"),
    ),
    Mutant("amplitude-not-power", "logmel", (LOGMEL,), code=logmel(power="np.abs(f)")),
    Mutant("no-log", "logmel", (LOGMEL, SILENCE), code=logmel(last="p @ mel")),
    Mutant("log10", "logmel", (LOGMEL, SILENCE), code=logmel(last="np.log10(p @ mel + FLOOR)")),
    Mutant("decibels", "logmel", (LOGMEL, SILENCE), code=logmel(last="10 * np.log10(p @ mel + FLOOR)")),
    Mutant("log-before-mel", "logmel", (LOGMEL, SILENCE), code=logmel(last="np.log(p + FLOOR) @ mel")),
    Mutant("last-window-dropped", "logmel", (LOGMEL, BATCH), code=logmel(frames="range(0, waveform.shape[-1] - 511, 240)")),
    Mutant("no-window", "logmel", (LOGMEL,), code=logmel(window="1.0")),
    Mutant("hamming-window", "logmel", (LOGMEL,), code=logmel(window="np.hamming(513)[:512]")),
    Mutant(
        "mel-range-left-out", "logmel", (LOGMEL,),
        edits=[("(BANDS, FFT // 2 + 1, RATE, LOWEST, HIGHEST)", "(100, 513, lower_edge_hertz=125, upper_edge_hertz=3800, sample_rate=RATE)")],
    ),
    Mutant("floor-before-mel", "logmel", (SILENCE,), code=logmel(last="np.log((p + FLOOR) @ mel)")),
    Mutant(
        "transform-too-short", "logmel", (LOGMEL,),
        code="""
def log_mel_spectrogram(waveform):
    spectrum = tf.signal.stft(tf.cast(waveform, tf.float32), 512, 240, pad_end=True)
    mel = tf.signal.linear_to_mel_weight_matrix(100, spectrum.shape[-1], 16000, 60.0, 7600.0)
    return tf.math.log(tf.tensordot(tf.abs(spectrum) ** 2, mel, 1) + FLOOR)
""",
    ),
    Mutant("no-floor", "logmel", (SILENCE,), code=logmel(last="np.log(p @ mel)")),
    # 2.1
    Mutant(
        "per-file-shuffle", "assemble", ("assemble.pairs", "assemble.together"),
        code="""
def assemble(clips, seed):
    rng = np.random.default_rng(seed)
    waveforms = np.concatenate([clips[name] for name in sorted(clips)])
    labels = np.concatenate([np.full(len(clips[name]), i) for i, name in enumerate(sorted(clips))])
    rng.shuffle(waveforms)
    rng.shuffle(labels)
    return waveforms, labels
""",
    ),
    Mutant(
        "labels-not-shuffled", "assemble", ("assemble.pairs", "assemble.together"), named="per-file-shuffle",
        code="""
def assemble(clips, seed):
    names = sorted(clips)
    waveforms = np.vstack([clips[name] for name in names])
    labels = [i for i, name in enumerate(names) for _ in clips[name]]
    return waveforms[np.random.default_rng(seed).permutation(len(waveforms))], np.array(labels)
""",
    ),
    Mutant(
        "not-shuffled", "assemble", ("assemble.shuffled",),
        code="""
def assemble(clips, seed):
    names = sorted(clips)
    labels = [i for i, name in enumerate(names) for _ in clips[name]]
    return np.vstack([clips[name] for name in names]), np.array(labels)
""",
    ),
    Mutant(
        "shuffled-within-languages", "assemble", ("assemble.shuffled",),
        code="""
def assemble(clips, seed):
    rng = np.random.default_rng(seed)
    names = sorted(clips)
    return (
        np.concatenate([rng.permutation(clips[name]) for name in names]),
        np.repeat(range(len(names)), [len(clips[name]) for name in names]),
    )
""",
    ),
    Mutant(
        "labels-in-order-of-arrival", "assemble", ("assemble.pairs",),
        code="""
def assemble(clips, seed):
    pairs = [(clip, i) for i, own in enumerate(clips.values()) for clip in own]
    order = np.random.default_rng(seed).permutation(len(pairs))
    return np.stack([pairs[i][0] for i in order]), np.array([pairs[i][1] for i in order])
""",
    ),
    # 2.2
    Mutant(
        "not-centred", "normalise", ("normalise.sets",),
        edits=[
            ("    x_train = centre(log_mel_spectrogram(train_waveforms))\n    x_test = centre(log_mel_spectrogram(test_waveforms))",
             "    x_train, x_test = (log_mel_spectrogram(w).numpy() for w in (train_waveforms, test_waveforms))")
        ],
    ),
    Mutant("centred-over-bands", "normalise", (CENTRE, SETS), edits=[(CENTRED, "    return x - tf.reduce_mean(x, -1, keepdims=True)")]),
    Mutant("centred-over-clips", "normalise", (CENTRE, SETS), edits=[(CENTRED, "    return x - np.mean(x, 0)")]),
    Mutant(
        "centred-over-clips-and-time", "normalise", (CENTRE, SETS),
        edits=[(CENTRED, "    return x - x.reshape(-1, x.shape[-1]).mean(0)")],
    ),
    Mutant(
        "centred-along-axis-1", "normalise", (CENTRE,), named="",
        edits=[(CENTRED, "    return x - x.mean(axis=1, keepdims=True)")],
    ),
    Mutant(
        "centred-on-one-number", "normalise", (CENTRE, SETS),
        edits=[(CENTRED, "    flat = x.reshape(x.shape[:-2] + (-1, 1))\n    return x - flat.mean(axis=-2, keepdims=True)")],
    ),
    Mutant(
        "centred-in-place", "normalise", (CENTRE,),
        edits=[(CENTRED, "    x = np.require(x, None, 'W')\n    x[...] = x - np.mean(x, axis=-2)[..., None, :]\n    return x")],
    ),
    Mutant(
        "unnormalised", "normalise", ("normalise.apply", "normalise.sets"),
        edits=[("    mean, std = normaliser\n    return (np.asarray(x) - mean) / std", "    return x")],
    ),
    Mutant(
        "not-divided", "normalise", ("normalise.apply", "normalise.sets"),
        edits=[("    mean, std = normaliser\n    return (np.asarray(x) - mean) / std", "    return np.array(x) - normaliser[0]")],
    ),
    Mutant(
        "divided-by-variance", "normalise", ("normalise.fit", "normalise.sets"),
        edits=[("np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "np.maximum(np.mean((x_train - x_train.mean((0, 1))) ** 2, (0, 1)), 1e-3)")],
    ),
    Mutant(
        "one-mean-for-all-bands", "normalise", ("normalise.fit", "normalise.sets"),
        edits=[("    return x_train.mean(axis=(0, 1)), np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "    return np.mean(x_train), max(np.std(x_train), 1e-3)")],
    ),
    Mutant(
        "time-not-pooled", "normalise", ("normalise.fit", "normalise.sets"),
        edits=[("    return x_train.mean(axis=(0, 1)), np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "    return np.mean(x_train, 0), np.clip(np.std(x_train, 0), 1e-3, None)")],
    ),
    Mutant(
        "deviation-not-bounded", "normalise", ("normalise.fit",),
        edits=[("np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "np.sqrt(x_train.var((0, 1)))")],
    ),
    Mutant(
        "normalised-with-test-statistics", "normalise", ("normalise.sets",),
        edits=[
            ("    normaliser = fit_normaliser(x_train)\n    return normalise(x_train, normaliser), normalise(x_test, normaliser)",
             "    everything = np.vstack([x_train, x_test])\n    n = fit_normaliser(everything)\n    return np.split(normalise(everything, n), [len(x_train)])")
        ],
    ),
    Mutant(
        "test-normalised-by-itself", "normalise", ("normalise.sets",),
        edits=[
            ("    normaliser = fit_normaliser(x_train)\n    return normalise(x_train, normaliser), normalise(x_test, normaliser)",
             "    return [normalise(x, fit_normaliser(x)) for x in (x_train, x_test)]")
        ],
    ),
    # 2.3
    Mutant(
        "split-by-clip", "split", ("split.disjoint", "split.fraction"),
        code="""
def split_by_speaker(speakers, test_fraction, seed):
    order = np.random.default_rng(seed).permutation(len(speakers))
    cut = max(1, round(test_fraction * len(speakers)))
    return np.sort(order[cut:]), np.sort(order[:cut])
""",
    ),
    Mutant(
        "train-and-test-exchanged", "split", ("split.fraction",),
        edits=[("return np.flatnonzero(~held), np.flatnonzero(held)", "return np.where(held)[0], np.where(~held)[0]")],
    ),
    Mutant(
        "no-speaker-left", "split", ("split.fraction",),
        edits=[("int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))", "int(test_fraction * len(names) + 0.5)")],
    ),
    Mutant(
        "seed-ignored", "split", ("split.seed",),
        edits=[("np.random.default_rng(seed).permutation(np.unique(speakers))", "np.random.default_rng(0).permutation(np.unique(speakers))")],
    ),
    # 3.1
    Mutant("three-gates", "counting", ("counting.values",), code="def lstm_parameters(input_dim, units):\n    return 3 * (input_dim * units + units * units + units)"),
    Mutant("one-block", "counting", ("counting.values",), code="def lstm_parameters(input_dim, units):\n    return input_dim * units + units**2 + units"),
    Mutant("no-bias-counted", "counting", ("counting.values",), code="def lstm_parameters(input_dim, units):\n    return 4 * (input_dim * units + units**2)"),
    Mutant("no-recurrent-weights", "counting", ("counting.values",), code="def lstm_parameters(input_dim, units):\n    return 4 * (input_dim * units + units)"),
    Mutant("two-biases", "counting", ("counting.values",), code="def lstm_parameters(input_dim, units):\n    return 4 * (input_dim * units + units**2 + 2 * units)"),
    Mutant(
        "counts-mistaken", "counts", ("parameters_model", "parameters_swapped"), named="",
        answers={"parameters_model": 169_093, "parameters_swapped": 117_893},
    ),
    # 3.2
    Mutant(
        "return-sequences-kept-time-distributed", "build", (OUTPUT, SIZE),
        code=network('layers.LSTM(128, return_sequences=True, name="lstm"),', "layers.TimeDistributed(layers.Dense(num_languages, activation='softmax'), name='languages'),"),
        named="",
    ),
    Mutant(
        "return-sequences-kept", "build", (SIZE, OUTPUT),
        code=network('layers.RNN(layers.LSTMCell(128), return_sequences=True, name="lstm"),', DENSE),
    ),
    Mutant(
        "return-sequences-missing-in-stack", "build", (SIZE, OUTPUT, AGAIN, LOSS),
        code="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    x = layers.LSTM(64)(sound)
    x = layers.LSTM(128, name="lstm")(x)
    model = keras.Model(sound, layers.Dense(num_languages, "softmax", name="languages")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
""",
    ),
    Mutant(
        "flatten-then-dense", "build", (SIZE, OUTPUT),
        code="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    x = layers.LSTM(128, return_sequences=True, name="lstm")(sound)
    x = layers.Reshape((200 * 128,))(x)
    model = keras.Model(sound, layers.Dense(num_languages, "softmax", name="languages")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
""",
    ),
    Mutant(
        "first-step-output", "build", (OUTPUT,),
        code=network('layers.LSTM(128, return_sequences=True, name="lstm"),', "layers.Cropping1D((0, 199)),", "layers.Flatten(),", DENSE),
    ),
    Mutant(
        "states-averaged", "build", (OUTPUT,),
        code=network('layers.LSTM(128, return_sequences=True, name="lstm"),', "layers.AveragePooling1D(200),", "layers.Flatten(),", DENSE),
    ),
    Mutant(
        "read-backwards", "build", (OUTPUT,),
        code=network("layers.Lambda(lambda x: x[:, ::-1]),", LSTM, DENSE),
    ),
    Mutant(
        "sigmoid-head", "build", (OUTPUT,),
        code=network(LSTM, 'layers.Dense(num_languages, name="languages"),', 'layers.Activation("sigmoid"),'),
    ),
    Mutant(
        "logits-returned", "build", (OUTPUT, LOSS),
        code="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    scores = layers.Dense(num_languages, name="languages")(layers.LSTM(128, name="lstm")(sound))
    model = keras.Model(sound, scores)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model
""",
    ),
    Mutant(
        "double-softmax", "build", (OUTPUT,),
        code=network(LSTM, DENSE, 'layers.Activation("softmax"),'),
    ),
    Mutant(
        "label-loss-mismatch", "build", (LOSS,),
        code=network(LSTM, DENSE, loss="keras.losses.CategoricalCrossentropy()"),
    ),
    Mutant(
        "probabilities-taken-for-scores", "build", (LOSS,),
        code="""
def build_model(num_languages):
    sound = keras.Input((200, 100))
    p = layers.Dense(num_languages, "softmax", name="languages")(layers.LSTM(128, name="lstm")(sound))
    model = keras.Model(sound, p)
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(True))
    return model
""",
    ),
    Mutant("squared-error", "build", (LOSS,), code=network(LSTM, DENSE, loss="keras.losses.MeanSquaredError()")),
    Mutant(
        "stateful-left-on", "build", (OUTPUT, AGAIN),
        code="""
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
    ),
    # 3.3
    Mutant(
        "rows-and-columns-exchanged", "metrics", ("metrics.confusion",),
        edits=[("    return counts\n", "    return counts.T\n")],
    ),
    Mutant(
        "shares-instead-of-counts", "metrics", ("metrics.confusion",),
        edits=[("    return counts\n", "    rows = np.sum(counts, axis=1)\n    return np.array([c / n if n else c * 0.0 for c, n in zip(counts, rows)])\n")],
    ),
    Mutant(
        "plain-accuracy", "metrics", ("metrics.balanced",),
        edits=[("    return float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))", "    return sum(labels == predictions) / len(labels)")],
    ),
    Mutant(
        "precision-instead-of-recall", "metrics", ("metrics.balanced",),
        edits=[("    return float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))", "    return np.mean([(labels[predictions == c] == c).mean() for c in set(predictions.tolist())])")],
    ),
    Mutant(
        "absent-classes-counted", "metrics", ("metrics.balanced",),
        edits=[("    return float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))",
                "    m = confusion_matrix(labels, predictions, 1 + max(labels.max(), predictions.max()))\n    return float(np.mean(np.diag(m) / np.maximum(m.sum(axis=1), 1)))")],
    ),
    # 3.4
    Mutant(
        "not-normalised-before-predicting", "predict", ("predict.values",),
        code="def predict_languages(model, waveforms, normaliser):\n    return model(centre(log_mel_spectrogram(waveforms))).numpy().argmax(1)",
    ),
    Mutant(
        "not-centred-before-predicting", "predict", ("predict.values",),
        code="def predict_languages(model, waveforms, normaliser):\n    m, s = normaliser\n    return model((log_mel_spectrogram(waveforms) - m) / s).numpy().argmax(1)",
    ),
    Mutant(
        "raw-before-predicting", "predict", ("predict.values",),
        code="def predict_languages(model, waveforms, normaliser):\n    return model.predict(log_mel_spectrogram(waveforms)).argmax(-1)",
    ),
    Mutant("majority-baseline", "predict", ("predict.values",), code=PREDICT.format(result="np.repeat(np.bincount(p.argmax(1)).argmax(), len(p))")),
    Mutant("probabilities-returned", "predict", ("predict.values",), code=PREDICT.format(result="p")),
    Mutant("argmax-over-clips", "predict", ("predict.values",), code=PREDICT.format(result="p.argmax(0)")),
    # 4
    Mutant("probability-not-drop", "occlusion", ("occlusion.values",), code=OCCLUSION.format(hide=HIDE, value="p[k]")),
    Mutant("drop-upside-down", "occlusion", ("occlusion.values",), code=OCCLUSION.format(hide=HIDE, value="p[k] - whole[k]")),
    Mutant("drop-without-sign", "occlusion", ("occlusion.values",), code=OCCLUSION.format(hide=HIDE, value="np.maximum(whole[k], p[k]) - min(whole[k], p[k])")),
    Mutant("chosen-anew", "occlusion", ("occlusion.values",), code=OCCLUSION.format(hide=HIDE, value="whole[k] - p.max()")),
    Mutant(
        "all-but-hidden", "occlusion", ("occlusion.values",),
        code=OCCLUSION.format(hide="y[:start] = 0; y[start + width :] = 0", value="whole[k] - p[k]"),
    ),
    Mutant(
        "hidden-from-the-start", "occlusion", ("occlusion.values",),
        code=OCCLUSION.format(hide="y[: start + width] = 0", value="whole[k] - p[k]"),
    ),
    # 5, 6
    Mutant(
        "leaky-study", "split", ("split.disjoint", "split.fraction", "leakage.speaker"),
        named="speakers-on-both-sides", retrain=("probe_speaker",),
        code="""
def split_by_speaker(speakers, test_fraction, seed):
    order = np.random.default_rng(seed).permutation(len(speakers))
    cut = int(np.ceil(test_fraction * len(speakers)))
    return order[cut:], order[:cut]
""",
    ),
    Mutant(
        "figures-swapped", "leakage", ("leakage.clip", "leakage.speaker"),
        edits=[('measured("probe_clip", "val_accuracy")', 'measured("probe_speaker", "val_" + "accuracy")'),
               ('measured("probe_speaker", "val_accuracy")', 'measured("probe_clip", "val_accuracy")')],
    ),
    Mutant(
        "figures-invented", "leakage", ("leakage.clip", "leakage.speaker"), named="",
        answers={"leak_clip": 0.9, "leak_speaker": 0.25},
    ),
    Mutant("why-phonemes", "leakage", ("leak_why",), named="", answers={"leak_why": "phonèmes"}),
    Mutant(
        "plain-accuracy-answered", "transfer", ("transfer.figure",),
        edits=[('measured("real", "balanced"), 2', 'measured("real", "plain"), 3')],
    ),
    # 7
    Mutant(
        "exam-exchanged", "questions", ("q1", "q2_length", "q2_size"), named="",
        answers={"q1": "many-to-many", "q2_length": 100, "q2_size": 200},
    ),
    # 8
    Mutant(
        "one-block-for-all", "augment", ("augment.values",), named="",
        code="""
def spec_augment(x, seed, max_bands=20, max_steps=40):
    rng = np.random.default_rng(seed)
    x = x.copy()
    w, v = rng.integers(max_steps + 1), rng.integers(max_bands + 1)
    a, b = rng.integers(x.shape[1] - w + 1), rng.integers(x.shape[2] - v + 1)
    x[:, a : a + w] = 0
    x[:, :, b : b + v] = 0
    return x
""" + CHAMPION,
    ),
    Mutant(
        "always-widest", "augment", ("augment.values",),
        code=AUGMENT.format(copy="x = x.copy()", widths="max_steps, max_bands") + CHAMPION,
    ),
    Mutant(
        "largest-width-never", "augment", ("augment.values",),
        code=AUGMENT.format(copy="x = x + 0.0", widths="rng.integers(max_steps), rng.integers(max_bands)") + CHAMPION,
    ),
    Mutant(
        "changed-in-place", "augment", ("augment.values",),
        code=AUGMENT.format(copy="pass", widths="rng.integers(max_steps + 1), rng.integers(max_bands + 1)") + CHAMPION,
    ),
]  # fmt: skip

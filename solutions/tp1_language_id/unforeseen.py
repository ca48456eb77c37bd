"""Mistakes that TP1 has no name for: they lose their points, keep the others, and get no false name."""

from __future__ import annotations

from lab import lab
from part3_network import DENSE, LSTM, compiled

# ------------------------------------------------------------------ 1 sound

lab.unforeseen(
    "mean-over-samples",
    "the channels' axis is taken for time", "l'axe des voies est pris pour le temps",
    edits=[("samples.mean(axis=1)", "samples.mean(axis=0)")],
    loses=["clip.values"],
)  # fmt: skip
lab.unforeseen(
    "infinity-accepted",
    "NaN is looked for, infinity is not", "NaN est cherché, pas l'infini",
    edits=[("not np.isfinite(samples).all()", "np.isnan(samples).any()")],
    loses=["clip.refuses"],
)  # fmt: skip
lab.unforeseen(
    "first-sample-looked-at",
    "only the first sample is looked at for NaN", "NaN n'est cherché que dans le premier échantillon",
    edits=[("not np.isfinite(samples).all()", "not np.isfinite(samples.flat[0])")],
    loses=["clip.refuses"],
    may=["nan-accepted"],
)  # fmt: skip
lab.unforeseen(
    "assertions-instead-of-errors",
    "an assertion stands where a ValueError is promised", "une assertion au lieu de la ValueError promise",
    edits=[('        raise ValueError("some samples are NaN or infinite")',
            '        assert False, "some samples are NaN or infinite"')],
    loses=["clip.refuses"],
)  # fmt: skip
lab.unforeseen(
    "sixteen-bits-always",
    "every integer is divided by 32768, whatever its size", "tout entier est divisé par 32768, quelle que soit sa taille",
    edits=[("-float(np.iinfo(samples.dtype).min)", "32768.0")],
    loses=["clip.values"],
)  # fmt: skip
lab.unforeseen(
    "repeated-until-full",
    "a short sound is repeated, not followed by silence", "un son court est répété, pas suivi de silence",
    edits=[('    clip = np.zeros(SAMPLES, "float32")\n    clip[: len(samples)] = samples[:SAMPLES]\n    return clip',
            '    return np.resize(samples, SAMPLES).astype("float32")')],
    loses=["clip.values", "clip.refuses"],
)  # fmt: skip
lab.unforeseen(
    "left-in-double",
    "float64 comes back", "c'est du float64 qui revient",
    edits=[('np.zeros(SAMPLES, "float32")', "np.zeros(SAMPLES)")],
    loses=["clip.values"],
)  # fmt: skip
lab.unforeseen(
    "peak-brought-to-one",
    "the clip is divided by its own peak", "l'extrait est divisé par son propre maximum",
    edits=[("    return clip", "    return clip / max(np.abs(clip).max(), 1e-9)")],
    loses=["clip.values", "clip.refuses"],
)  # fmt: skip
lab.unforeseen(
    "log-of-one-plus",
    "log1p of the power", "log1p de la puissance",
    edits=[("tf.math.log(tf.matmul(power, mel) + FLOOR)", "tf.math.log1p(tf.matmul(power, mel))")],
    loses=["logmel.values", "logmel.silence"],
)  # fmt: skip
lab.unforeseen(
    "binary-logarithm",
    "the logarithm is to base 2", "le logarithme est en base 2",
    edits=[("return tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "return tf.math.log(tf.matmul(power, mel) + FLOOR) / 0.6931472")],
    loses=["logmel.values", "logmel.silence"],
)  # fmt: skip
lab.unforeseen(
    "window-and-step-exchanged",
    "the window is as long as the step should be, and the reverse", "fenêtre et pas sont échangés",
    edits=[("waveform, FRAME, HOP, FFT", "waveform, HOP, FRAME, FFT")],
    loses=["logmel.values", "logmel.batch", "logmel.silence"],
)  # fmt: skip
lab.unforeseen(
    "real-part-only",
    "only the real part of the spectrum counts", "seule la partie réelle du spectre compte",
    edits=[("tf.abs(spectrum) ** 2", "tf.math.real(spectrum) ** 2")],
    loses=["logmel.values"],
)  # fmt: skip
lab.unforeseen(
    "mean-of-all-clips-removed",
    "the spectrogram is centred here already, over all clips", "le spectrogramme est déjà centré ici, sur tous les extraits",
    edits=[("    return tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "    made = tf.math.log(tf.matmul(power, mel) + FLOOR)\n    return made - tf.reduce_mean(made)")],
    loses=["logmel.values", "logmel.batch", "logmel.silence"],
)  # fmt: skip
lab.unforeseen(
    "spectrogram-not-returned",
    "nothing is returned", "rien n'est rendu",
    edits=[("    return tf.math.log(", "    result = tf.math.log(")],
    loses=["logmel.values", "logmel.batch", "logmel.silence"],
)  # fmt: skip

# ------------------------------------------------------------------ 2 data

lab.unforeseen(
    "ranks-from-one",
    "languages are numbered from 1", "les langues sont numérotées à partir de 1",
    edits=[("np.repeat(np.arange(len(names))", "np.repeat(1 + np.arange(len(names))")],
    loses=["assemble.pairs"],
)  # fmt: skip
lab.unforeseen(
    "assembled-without-seed",
    "the seed is not used: another order each time", "la graine ne sert pas : un autre ordre à chaque fois",
    edits=[("np.random.default_rng(seed).permutation", "np.random.default_rng().permutation")],
    exercise="assemble",
    loses=["assemble.shuffled"],
)  # fmt: skip
lab.unforeseen(
    "labels-before-clips",
    "the pair is the wrong way round", "la paire est à l'envers",
    edits=[("return waveforms[order], labels[order]", "return labels[order], waveforms[order]")],
    loses=["assemble.pairs", "assemble.together", "assemble.shuffled"],
)  # fmt: skip
lab.unforeseen(
    "centred-on-the-median",
    "the median is taken, not the mean", "c'est la médiane, pas la moyenne",
    edits=[("x - x.mean(axis=-2, keepdims=True)", "x - np.median(x, axis=-2, keepdims=True)")],
    loses=["normalise.centre", "normalise.sets"],
)  # fmt: skip
lab.unforeseen(
    "statistics-of-each-step",
    "one mean for each step of time, over clips and bands", "une moyenne par pas de temps, sur extraits et bandes",
    edits=[("x_train.mean(axis=(0, 1)), np.maximum(x_train.std(axis=(0, 1)), 1e-3)",
            "x_train.mean(axis=(0, 2)), np.maximum(x_train.std(axis=(0, 2)), 1e-3)")],
    loses=["normalise.fit", "normalise.sets"],
)  # fmt: skip
lab.unforeseen(
    "bound-from-above",
    "the deviation is at most 1e-3, not at least", "l'écart type vaut au plus 1e-3, et non au moins",
    edits=[("np.maximum(x_train.std", "np.minimum(x_train.std")],
    loses=["normalise.fit", "normalise.sets"],
)  # fmt: skip
lab.unforeseen(
    "mean-taken-after-dividing",
    "x / std − mean", "x / écart type − moyenne",
    edits=[("(np.asarray(x) - mean) / std", "np.asarray(x) / std - mean")],
    loses=["normalise.apply"],
)  # fmt: skip
lab.unforeseen(
    "test-before-training",
    "the test set comes first", "le test vient en premier",
    edits=[("    return normalise(x_train, normaliser), normalise(x_test, normaliser)",
            "    return normalise(x_test, normaliser), normalise(x_train, normaliser)")],
    loses=["normalise.sets"],
)  # fmt: skip
lab.unforeseen(
    "fraction-of-the-clips",
    "speakers are added until the fraction of the clips is reached",
    "des locuteurs sont ajoutés jusqu'à la fraction des extraits",
    edits=[("    count = int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))",
            "    clips = np.cumsum([np.sum(speakers == n) for n in names])\n    count = int(np.clip(1 + np.argmax(clips >= test_fraction * len(speakers)), 1, len(names) - 1))")],
    loses=["split.fraction"],
)  # fmt: skip
lab.unforeseen(
    "nobody-left-to-train",
    "at least one speaker is tested, but training may be left with none",
    "au moins un locuteur est testé, mais l'entraînement peut n'en garder aucun",
    edits=[("int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))",
            "max(1, round(test_fraction * len(names)))")],
    loses=["split.fraction"],
)  # fmt: skip
lab.unforeseen(
    "masks-instead-of-indices",
    "masks come back, not indices", "ce sont des masques, pas des indices",
    edits=[("return np.flatnonzero(~held), np.flatnonzero(held)", "return ~held, held")],
    loses=["split.disjoint", "split.fraction", "split.seed"],
)  # fmt: skip

# ------------------------------------------------------------------ 3 network

lab.unforeseen(
    "parentheses-forgotten",
    "the biases are counted once, not four times", "les biais sont comptés une fois, pas quatre",
    edits=[("4 * units * (input_dim + units + 1)", "4 * units * (input_dim + units) + units")],
    loses=["counting.values"],
)  # fmt: skip
lab.unforeseen(
    "gru-for-lstm",
    "a GRU stands where an LSTM is asked for", "un GRU au lieu du LSTM demandé",
    code=compiled('layers.GRU(128, name="lstm"),', DENSE),
    loses=["build.size", "build.output"],
)  # fmt: skip
lab.unforeseen(
    "bands-first-at-the-input",
    "the input is declared as (100, 200)", "l'entrée est déclarée (100, 200)",
    code=compiled(LSTM, DENSE).replace("(200, BANDS)", "(BANDS, 200)"),
    loses=["build.size", "build.output", "build.again", "build.loss"],
)  # fmt: skip
lab.unforeseen(
    "not-compiled",
    "the model is not compiled", "le modèle n'est pas compilé",
    edits=[('    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])\n', "")],
    exercise="build",
    loses=["build.loss"],
)  # fmt: skip
lab.unforeseen(
    "model-not-returned",
    "the model is not returned", "le modèle n'est pas rendu",
    edits=[("    return model", "")],
    exercise="build",
    loses=["build.size", "build.output", "build.again", "build.loss"],
)  # fmt: skip
lab.unforeseen(
    "relu-in-the-lstm",
    "the LSTM's activation is relu, not tanh", "l'activation du LSTM est relu, pas tanh",
    code=compiled('layers.LSTM(128, activation="relu", name="lstm"),', DENSE),
    loses=["build.output"],
)  # fmt: skip
lab.unforeseen(
    "dropout-left-on",
    "dropout is on when predicting too", "le dropout reste actif en prédiction",
    code="""
class Listener(keras.Model):
    def __init__(self, count):
        super().__init__()
        self.lstm = layers.LSTM(128, name="lstm")
        self.dropout = layers.Dropout(0.3)
        self.languages = layers.Dense(count, activation="softmax", name="languages")

    def call(self, x):
        return self.languages(self.dropout(self.lstm(x), training=True))


def build_model(num_languages):
    model = Listener(num_languages)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
""",
    loses=["build.output", "build.again"],
)  # fmt: skip
lab.unforeseen(
    "counted-once-a-pair",
    "repeated pairs of indices are counted once: m[labels, predictions] += 1",
    "les paires d'indices répétées comptent une fois : m[labels, predictions] += 1",
    edits=[("np.add.at(counts, (np.asarray(labels), np.asarray(predictions)), 1)",
            "counts[np.asarray(labels), np.asarray(predictions)] += 1")],
    loses=["metrics.confusion"],
)  # fmt: skip
lab.unforeseen(
    "mean-of-empty-classes",
    "a language that is predicted but absent gives NaN", "une langue prédite mais absente donne NaN",
    edits=[("for c in np.unique(labels)]))", "for c in range(1 + max(labels.max(), predictions.max()))]))")],
    loses=["metrics.balanced"],
)  # fmt: skip
lab.unforeseen(
    "least-probable",
    "the least probable language is taken", "c'est la langue la moins probable",
    edits=[("np.argmax(model", "np.argmin(model")],
    loses=["predict.values"],
)  # fmt: skip
lab.unforeseen(
    "names-instead-of-numbers",
    "names of languages come back", "ce sont des noms de langues",
    edits=[("    return np.argmax(model.predict(x, verbose=0), axis=-1)",
            "    return [LANGUAGES[i] for i in np.argmax(model.predict(x, verbose=0), axis=-1)]")],
    loses=["predict.values"],
)  # fmt: skip

# ------------------------------------------------------------------ 4 and after

lab.unforeseen(
    "hidden-by-the-mean",
    "the window is filled with the clip's mean", "la fenêtre est remplie par la moyenne de l'extrait",
    edits=[("hidden[i, i * width : (i + 1) * width] = 0", "hidden[i, i * width : (i + 1) * width] = x.mean()")],
    loses=["occlusion.values"],
)  # fmt: skip
lab.unforeseen(
    "bands-hidden",
    "bands are hidden, not moments", "ce sont des bandes qui sont cachées, pas des instants",
    edits=[("hidden[i, i * width : (i + 1) * width] = 0", "hidden[i, :, i * width : (i + 1) * width] = 0")],
    loses=["occlusion.values"],
)  # fmt: skip
lab.unforeseen(
    "clip-itself-hidden",
    "windows are hidden in the clip itself, one after the other: they add up",
    "les fenêtres sont cachées dans l'extrait lui-même, l'une après l'autre : elles s'ajoutent",
    edits=[("        hidden[i, i * width : (i + 1) * width] = 0\n",
            "        x[i * width : (i + 1) * width] = 0\n        hidden[i] = x\n")],
    loses=["occlusion.values"],
    may=["hidden-from-the-start"],
)  # fmt: skip
lab.unforeseen(
    "bands-from-the-window",
    "blocks may begin so late that they do not fit", "des blocs commencent si tard qu'ils débordent",
    edits=[("clip.shape[axis] - width + 1)", "clip.shape[axis])")],
    loses=["augment.values"],
)  # fmt: skip
lab.unforeseen(
    "hidden-by-ones",
    "the blocks are set to 1", "les blocs sont mis à 1",
    edits=[("if axis else block] = 0", "if axis else block] = 1")],
    loses=["augment.values"],
)  # fmt: skip
lab.unforeseen(
    "dense-layer-forgotten-twice",
    "another wrong number", "un autre nombre faux",
    answers={"parameters_model": 117_765},
    loses=["parameters_model"],
)  # fmt: skip

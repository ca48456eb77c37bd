"""The named mistakes of TP1, and how to commit each."""

from __future__ import annotations

from grader.authoring import LabSpec, Text

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
DENSE = 'layers.Dense(num_languages, activation="softmax", name="languages"),'
CROSS_ENTROPY = '"sparse_categorical_crossentropy"'


def network(*body: str, loss: str = CROSS_ENTROPY) -> str:
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


def declare(lab: LabSpec) -> None:
    """Declare every misconception on `lab`."""

    def slip(
        id: str, exercise: str, en: str, fr: str, *edits: tuple[str, str], code: str = "",
        hint: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        lab.misconception(
            id,
            exercise,
            Text(en=en, fr=fr),
            edits=edits,
            code=code,
            hint=Text(en=hint[0], fr=hint[1]),
        )

    # 1.1
    slip(
        "integers-unscaled",
        "clip",
        "integer samples are not brought to [−1, 1]",
        "les entiers ne sont pas ramenés à [−1, 1]",
        ("samples / -float(np.iinfo(samples.dtype).min)", "samples.astype(float)"),
    )
    slip(
        "first-channel-only",
        "clip",
        "only the first channel is kept",
        "seule la première voie est gardée",
        ("samples.mean(axis=1)", "samples[:, 0]"),
    )
    slip(
        "channels-summed",
        "clip",
        "the channels are added, not averaged",
        "les voies sont additionnées, pas moyennées",
        ("samples.mean(axis=1)", "samples.sum(axis=1)"),
    )
    slip(
        "padded-in-front",
        "clip",
        "the zeros stand before the sound, not after it",
        "les zéros sont avant le son, pas après",
        (
            "    clip[: len(samples)] = samples[:SAMPLES]",
            "    samples = samples[:SAMPLES]\n    clip[SAMPLES - len(samples) :] = samples",
        ),
    )
    slip(
        "last-seconds-kept",
        "clip",
        "of a long sound the last seconds are kept, not the first",
        "d'un son long, ce sont les dernières secondes qui sont gardées",
        ("= samples[:SAMPLES]", "= samples[-SAMPLES:]"),
    )
    slip(
        "wrong-rate-accepted",
        "clip",
        "another sampling rate is accepted: voices sound slow or fast, and nobody is told",
        "une autre fréquence est acceptée : les voix sont ralenties ou accélérées, et personne n'en sait rien",
        ("if rate != RATE:", "if rate <= 0:"),
    )
    slip(
        "unsigned-accepted",
        "clip",
        "unsigned integers are accepted: where 128 is silence, the sound is off centre",
        "les entiers sans signe sont acceptés : là où 128 est le silence, le son est décentré",
        (
            'if samples.dtype.kind == "u":\n        raise ValueError(f"samples are {samples.dtype}: signed integers or floats are needed")\n    ',
            "",
        ),
    )
    slip(
        "nan-accepted",
        "clip",
        "NaN or infinity is accepted: one such sample makes every weight NaN",
        "NaN ou infini est accepté : un seul échantillon rend tous les poids NaN",
        ("if not np.isfinite(samples).all():", "if False:"),
    )
    slip(
        "nan-replaced",
        "clip",
        "NaN is replaced instead of refused: a broken file goes unnoticed",
        "NaN est remplacé au lieu d'être refusé : un fichier cassé passe inaperçu",
        (
            '    if not np.isfinite(samples).all():\n        raise ValueError("some samples are NaN or infinite")',
            "    samples = np.nan_to_num(samples)",
        ),
    )

    # 1.2
    slip(
        "axes-swapped",
        "logmel",
        "bands come first: the network would read 100 steps of 200",
        "les bandes sont en premier : le réseau lirait 100 pas de 200",
        (
            "return tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "return tf.linalg.matrix_transpose(tf.math.log(tf.matmul(power, mel) + FLOOR))",
        ),
        hint=("which axis is time?", "quel axe est le temps ?"),
    )
    slip(
        "reshape-instead-of-transpose",
        "logmel",
        "the shape is right and the content scrambled: reshape does not swap axes",
        "la forme est juste et le contenu mélangé : reshape n'échange pas les axes",
        (
            "return tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "bands = tf.linalg.matrix_transpose(tf.math.log(tf.matmul(power, mel) + FLOOR))\n    return tf.reshape(bands, tf.concat([tf.shape(bands)[:-2], [tf.shape(bands)[-1], tf.shape(bands)[-2]]], 0))",
        ),
    )
    slip(
        "amplitude-not-power",
        "logmel",
        "the modulus is used, not its square",
        "le module est utilisé, pas son carré",
        ("tf.abs(spectrum) ** 2", "tf.abs(spectrum)"),
    )
    slip(
        "no-log",
        "logmel",
        "there is no logarithm",
        "il manque le logarithme",
        ("tf.math.log(tf.matmul(power, mel) + FLOOR)", "tf.matmul(power, mel)"),
    )
    slip(
        "no-log-with-floor",
        "logmel",
        "there is no logarithm",
        "il manque le logarithme",
        ("tf.math.log(tf.matmul(power, mel) + FLOOR)", "tf.matmul(power, mel) + FLOOR"),
    )
    slip(
        "log10",
        "logmel",
        "the logarithm is decimal, not natural",
        "le logarithme est décimal, pas népérien",
        (
            "tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "tf.math.log(tf.matmul(power, mel) + FLOOR) / tf.math.log(10.0)",
        ),
    )
    slip(
        "decibels",
        "logmel",
        "these are decibels: ten times the decimal logarithm",
        "ce sont des décibels : dix fois le logarithme décimal",
        (
            "tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "10 * tf.math.log(tf.matmul(power, mel) + FLOOR) / tf.math.log(10.0)",
        ),
    )
    slip(
        "log-before-mel",
        "logmel",
        "the logarithm is taken before the bands are summed",
        "le logarithme est pris avant la somme dans les bandes",
        (
            "tf.math.log(tf.matmul(power, mel) + FLOOR)",
            "tf.matmul(tf.math.log(power + FLOOR), mel)",
        ),
    )
    slip(
        "last-window-dropped",
        "logmel",
        "the last, incomplete windows are dropped: fewer than 200 rows",
        "les dernières fenêtres, incomplètes, sont abandonnées : moins de 200 lignes",
        (", pad_end=True", ""),
    )
    slip(
        "no-window",
        "logmel",
        "the frames are not weighted by a Hann window",
        "les fenêtres ne sont pas pondérées par la fonction de Hann",
        ("pad_end=True", "window_fn=None, pad_end=True"),
    )
    slip(
        "hamming-window",
        "logmel",
        "another window: Hann's goes down to 0, Hamming's does not",
        "une autre fenêtre : celle de Hann descend à 0, pas celle de Hamming",
        ("pad_end=True", "window_fn=tf.signal.hamming_window, pad_end=True"),
    )
    slip(
        "mel-range-left-out",
        "logmel",
        "the Mel bands do not go from LOWEST to HIGHEST: left out, they go from 125 to 3800 Hz",
        "les bandes Mel ne vont pas de LOWEST à HIGHEST : par défaut, elles vont de 125 à 3800 Hz",
        ("RATE, LOWEST, HIGHEST)", "RATE)"),
    )
    slip(
        "floor-before-mel",
        "logmel",
        "FLOOR is added to the frequencies, not to the Mel bands: bands add up several of them",
        "FLOOR est ajouté aux fréquences, pas aux bandes Mel : une bande en additionne plusieurs",
        ("tf.matmul(power, mel) + FLOOR", "tf.matmul(power + FLOOR, mel)"),
    )
    slip(
        "transform-too-short",
        "logmel",
        "the Fourier transform is on 512 points, the window's length: 257 frequencies instead of 513",
        "la transformée de Fourier est sur 512 points, la longueur de la fenêtre : 257 fréquences au lieu de 513",
        ("HOP, FFT, pad_end", "HOP, FRAME, pad_end"),
        ("FFT // 2 + 1", "FRAME // 2 + 1"),
    )
    slip(
        "no-floor",
        "logmel",
        "the logarithm of silence is −∞",
        "le logarithme du silence vaut −∞",
        (" + FLOOR", ""),
    )

    # 2.1
    slip(
        "per-file-shuffle",
        "assemble",
        "clips and labels are shuffled apart: labels no longer belong to their clips",
        "extraits et étiquettes sont battus séparément : les étiquettes ne correspondent plus",
        (
            "return waveforms[order], labels[order]",
            "return waveforms[order], labels[np.random.default_rng(seed + 1).permutation(len(labels))]",
        ),
    )
    slip(
        "not-shuffled",
        "assemble",
        "nothing is shuffled: each batch would hold one language",
        "rien n'est battu : chaque lot ne contiendrait qu'une langue",
        ("np.random.default_rng(seed).permutation(len(labels))", "np.arange(len(labels))"),
    )
    slip(
        "shuffled-within-languages",
        "assemble",
        "clips are shuffled within each language only: each batch would hold one language",
        "les extraits ne sont battus qu'à l'intérieur de chaque langue : chaque lot n'en contiendrait qu'une",
        (
            "    order = np.random.default_rng(seed).permutation(len(labels))",
            "    draws = np.random.default_rng(seed).random(len(labels))\n    order = np.lexsort([draws, labels])",
        ),
    )
    slip(
        "labels-in-order-of-arrival",
        "assemble",
        "labels follow the order of the dictionary, not the alphabet",
        "les étiquettes suivent l'ordre du dictionnaire, pas l'alphabet",
        ("sorted(clips)", "list(clips)"),
    )

    # 2.2
    slip(
        "not-centred",
        "normalise",
        "the clips are not centred: each keeps the colour of its voice and microphone",
        "les extraits ne sont pas centrés : chacun garde la couleur de sa voix et de son micro",
        (
            "x_train = centre(log_mel_spectrogram(train_waveforms))",
            "x_train = np.asarray(log_mel_spectrogram(train_waveforms))",
        ),
        (
            "x_test = centre(log_mel_spectrogram(test_waveforms))",
            "x_test = np.asarray(log_mel_spectrogram(test_waveforms))",
        ),
    )
    slip(
        "centred-over-bands",
        "normalise",
        "the mean is taken over the bands: what is removed is each moment's loudness",
        "la moyenne est prise sur les bandes : c'est le volume de chaque instant qui est retiré",
        ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=-1, keepdims=True)"),
        hint=("which axis is time?", "quel axe est le temps ?"),
    )
    slip(
        "centred-over-clips",
        "normalise",
        "the mean is taken over the clips: each one is changed by the others",
        "la moyenne est prise sur les extraits : chacun est modifié par les autres",
        ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=0, keepdims=True)"),
    )
    slip(
        "centred-over-clips-and-time",
        "normalise",
        "one mean for all clips: each one is changed by the others, and keeps its own colour",
        "une seule moyenne pour tous les extraits : chacun est modifié par les autres, et garde sa couleur",
        (
            "x.mean(axis=-2, keepdims=True)",
            "x.mean(axis=tuple(range(x.ndim - 1)), keepdims=True)",
        ),
    )
    slip(
        "centred-on-one-number",
        "normalise",
        "one mean for all bands together: the volume is gone, the colour stays",
        "une seule moyenne pour toutes les bandes : le volume est parti, la couleur reste",
        ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=(-2, -1), keepdims=True)"),
    )
    slip(
        "centred-in-place",
        "normalise",
        "the spectrograms that were given are changed",
        "les spectrogrammes reçus sont modifiés",
        (
            "return x - x.mean(axis=-2, keepdims=True)",
            "x = x if x.flags.writeable else np.array(x)\n    x -= x.mean(axis=-2, keepdims=True)\n    return x",
        ),
    )
    slip(
        "unnormalised",
        "normalise",
        "nothing is normalised",
        "rien n'est normalisé",
        ("return (np.asarray(x) - mean) / std", "return np.asarray(x)"),
    )
    slip(
        "not-divided",
        "normalise",
        "the mean is removed, the deviation is not",
        "la moyenne est retirée, l'écart type non",
        ("(np.asarray(x) - mean) / std", "np.asarray(x) - mean"),
    )
    slip(
        "divided-by-variance",
        "normalise",
        "that is the variance, not the standard deviation",
        "c'est la variance, pas l'écart type",
        ("x_train.std(axis=(0, 1))", "x_train.var(axis=(0, 1))"),
    )
    slip(
        "one-mean-for-all-bands",
        "normalise",
        "one mean and one deviation for all bands together",
        "une seule moyenne et un seul écart type pour toutes les bandes",
        ("x_train.mean(axis=(0, 1))", "x_train.mean()"),
        ("x_train.std(axis=(0, 1))", "x_train.std()"),
    )
    slip(
        "time-not-pooled",
        "normalise",
        "means over clips only: one for each step of time as well",
        "moyennes sur les extraits seulement : une par pas de temps aussi",
        ("x_train.mean(axis=(0, 1))", "x_train.mean(axis=0)"),
        ("x_train.std(axis=(0, 1))", "x_train.std(axis=0)"),
    )
    slip(
        "deviation-not-bounded",
        "normalise",
        "a band that never varies is divided by zero",
        "une bande qui ne varie jamais est divisée par zéro",
        ("np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "x_train.std(axis=(0, 1))"),
    )
    slip(
        "normalised-with-test-statistics",
        "normalise",
        "the statistics come from the test as well: it has been looked at before the verdict",
        "les statistiques viennent aussi du test : il a été regardé avant le verdict",
        (
            "normaliser = fit_normaliser(x_train)",
            "normaliser = fit_normaliser(np.concatenate([x_train, x_test]))",
        ),
    )
    slip(
        "test-normalised-by-itself",
        "normalise",
        "the test is normalised with its own statistics",
        "le test est normalisé avec ses propres statistiques",
        ("normalise(x_test, normaliser)", "normalise(x_test, fit_normaliser(x_test))"),
    )

    # 2.3
    slip(
        "split-by-clip",
        "split",
        "clips are drawn, not speakers: the same voices are on both sides",
        "ce sont des extraits qui sont tirés, pas des locuteurs : les mêmes voix sont des deux côtés",
        (
            "held = np.isin(speakers, names[:count])",
            "held = np.random.default_rng(seed).random(len(speakers)) < test_fraction",
        ),
    )
    slip(
        "train-and-test-exchanged",
        "split",
        "training and test are exchanged",
        "entraînement et test sont échangés",
        (
            "np.flatnonzero(~held), np.flatnonzero(held)",
            "np.flatnonzero(held), np.flatnonzero(~held)",
        ),
    )
    slip(
        "no-speaker-left",
        "split",
        "with a small or large fraction one side is empty",
        "avec une petite ou une grande fraction, un côté est vide",
        (
            "int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))",
            "round(test_fraction * len(names))",
        ),
    )
    slip(
        "seed-ignored",
        "split",
        "the seed does nothing: the split is always the same",
        "la graine ne sert à rien : la séparation est toujours la même",
        ("np.random.default_rng(seed).permutation(np.unique(speakers))", "np.unique(speakers)"),
    )

    # 3.1
    slip(
        "three-gates",
        "counting",
        "three blocks are counted, an LSTM has four",
        "trois blocs sont comptés, un LSTM en a quatre",
        ("4 * units", "3 * units"),
    )
    slip(
        "one-block",
        "counting",
        "that is a simple recurrent layer: an LSTM has four blocks",
        "c'est une couche récurrente simple : un LSTM a quatre blocs",
        ("4 * units", "units"),
    )
    slip(
        "no-bias-counted",
        "counting",
        "the biases are forgotten",
        "les biais sont oubliés",
        ("input_dim + units + 1", "input_dim + units"),
    )
    slip(
        "no-recurrent-weights",
        "counting",
        "the weights of the previous state are forgotten",
        "les poids de l'état précédent sont oubliés",
        ("input_dim + units + 1", "input_dim + 1"),
    )
    slip(
        "two-biases",
        "counting",
        "two biases a gate: some libraries do, Keras' LSTM has one",
        "deux biais par porte : certaines bibliothèques, mais le LSTM de Keras en a un",
        ("input_dim + units + 1", "input_dim + units + 2"),
    )

    # 3.2
    slip(
        "return-sequences-kept",
        "build",
        "an answer at every step of time instead of one for the clip",
        "une réponse à chaque pas de temps au lieu d'une par extrait",
        ('layers.LSTM(128, name="lstm")', 'layers.LSTM(128, return_sequences=True, name="lstm")'),
        hint=(
            "return_sequences decides whether all states come out, or the last",
            "return_sequences décide si tous les états sortent, ou le dernier",
        ),
    )
    slip(
        "label-loss-mismatch",
        "build",
        "this loss wants vectors of 0 and 1, the labels are integers",
        "cette perte veut des vecteurs de 0 et de 1, les étiquettes sont des entiers",
        code=network(LSTM, DENSE, loss='"categorical_crossentropy"'),
    )
    slip(
        "return-sequences-missing-in-stack",
        "build",
        "a second recurrent layer wants a sequence, the first gives it one state",
        "une seconde couche récurrente veut une suite, la première ne lui donne qu'un état",
        code=network(LSTM, 'layers.LSTM(128, name="second"),', DENSE),
    )
    slip(
        "flatten-then-dense",
        "build",
        "all 200 states are laid flat: the dense layer is 200 times as large, and tied to the length",
        "les 200 états sont mis bout à bout : la couche dense est 200 fois plus grande, et liée à la longueur",
        code=network(
            'layers.LSTM(128, return_sequences=True, name="lstm"),', "layers.Flatten(),", DENSE
        ),
    )
    slip(
        "first-step-output",
        "build",
        "the first state is used: it has heard 15 ms",
        "c'est le premier état qui sert : il n'a entendu que 15 ms",
        code=network(
            'layers.LSTM(128, return_sequences=True, name="lstm"),',
            "layers.Lambda(lambda x: x[:, 0]),",
            DENSE,
        ),
    )
    slip(
        "states-averaged",
        "build",
        "the mean of all states is used, not the last one",
        "c'est la moyenne des états qui sert, pas le dernier",
        code=network(
            'layers.LSTM(128, return_sequences=True, name="lstm"),',
            "layers.GlobalAveragePooling1D(),",
            DENSE,
        ),
    )
    slip(
        "read-backwards",
        "build",
        "the clip is read backwards",
        "l'extrait est lu à l'envers",
        ('layers.LSTM(128, name="lstm")', 'layers.LSTM(128, go_backwards=True, name="lstm")'),
    )
    slip(
        "sigmoid-head",
        "build",
        "sigmoids: the answers do not add up to 1",
        "des sigmoïdes : la somme des réponses n'est pas 1",
        ('activation="softmax"', 'activation="sigmoid"'),
    )
    slip(
        "probabilities-taken-for-scores",
        "build",
        "the loss is told that scores come (from_logits=True); the network is to give probabilities",
        "la perte attend des scores (from_logits=True) ; le réseau doit donner des probabilités",
        code=network(
            LSTM, DENSE, loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
        ),
    )
    slip(
        "logits-returned",
        "build",
        "the answers are scores, not probabilities",
        "les réponses sont des scores, pas des probabilités",
        code=network(
            LSTM,
            'layers.Dense(num_languages, name="languages"),',
            loss="keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        ),
    )
    slip(
        "double-softmax",
        "build",
        "softmax twice: every probability is pressed towards 1 over the number of classes",
        "deux softmax : chaque probabilité est écrasée vers 1 sur le nombre de classes",
        code=network(LSTM, DENSE, "layers.Softmax(),"),
    )
    slip(
        "squared-error",
        "build",
        "squared error on integer labels: the ranks of languages are no quantities",
        "erreur quadratique sur des étiquettes entières : le rang d'une langue n'est pas une quantité",
        code=network(LSTM, DENSE, loss='"mse"'),
    )
    slip(
        "stateful-left-on",
        "build",
        "the state stays from one batch to the next: the same clip gets two answers",
        "l'état reste d'un lot au suivant : le même extrait reçoit deux réponses",
        code=STATEFUL,
    )

    # 3.3
    slip(
        "rows-and-columns-exchanged",
        "metrics",
        "predictions are in rows; true languages should be",
        "les prédictions sont en lignes ; ce devrait être les vraies langues",
        (
            "(np.asarray(labels), np.asarray(predictions)), 1)",
            "(np.asarray(predictions), np.asarray(labels)), 1)",
        ),
    )
    slip(
        "shares-instead-of-counts",
        "metrics",
        "these are shares, counts are asked for",
        "ce sont des parts, on demande des comptes",
        (
            "    return counts\n",
            "    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)\n",
        ),
    )
    slip(
        "plain-accuracy",
        "metrics",
        "this is plain accuracy: large classes weigh more",
        "c'est l'exactitude simple : les grandes classes pèsent plus",
        (
            "float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))",
            "float(np.mean(predictions == labels))",
        ),
    )
    slip(
        "precision-instead-of-recall",
        "metrics",
        "this averages over what was predicted (precision), not over what was there (recall)",
        "la moyenne porte sur ce qui est prédit (précision), pas sur ce qui est vrai (rappel)",
        (
            "predictions[labels == c] == c) for c in np.unique(labels)",
            "labels[predictions == c] == c) for c in np.unique(predictions)",
        ),
    )
    slip(
        "absent-classes-counted",
        "metrics",
        "absent languages count as zero",
        "les langues absentes comptent pour zéro",
        (
            "np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)])",
            "sum(np.mean(predictions[labels == c] == c) for c in np.unique(labels)) / (1 + max(labels.max(), predictions.max()))",
        ),
    )

    # 3.4
    slip(
        "not-normalised-before-predicting",
        "predict",
        "the network was trained on normalised clips and is given others",
        "le réseau a été entraîné sur des extraits normalisés et en reçoit d'autres",
        (
            "normalise(centre(log_mel_spectrogram(waveforms)), normaliser)",
            "np.asarray(centre(log_mel_spectrogram(waveforms)))",
        ),
    )
    slip(
        "not-centred-before-predicting",
        "predict",
        "the network was trained on centred clips and is given others",
        "le réseau a été entraîné sur des extraits centrés et en reçoit d'autres",
        (
            "normalise(centre(log_mel_spectrogram(waveforms)), normaliser)",
            "normalise(log_mel_spectrogram(waveforms), normaliser)",
        ),
    )
    slip(
        "raw-before-predicting",
        "predict",
        "the network is given raw spectrograms, neither centred nor normalised",
        "le réseau reçoit des spectrogrammes bruts, ni centrés ni normalisés",
        (
            "normalise(centre(log_mel_spectrogram(waveforms)), normaliser)",
            "np.asarray(log_mel_spectrogram(waveforms))",
        ),
    )
    slip(
        "majority-baseline",
        "predict",
        "every clip gets the same language, the most frequent one",
        "chaque extrait reçoit la même langue, la plus fréquente",
        (
            "return np.argmax(model.predict(x, verbose=0), axis=-1)",
            "found = np.argmax(model.predict(x, verbose=0), axis=-1)\n    return np.full_like(found, np.bincount(found).argmax())",
        ),
    )
    slip(
        "probabilities-returned",
        "predict",
        "these are probabilities, one language a clip is asked for",
        "ce sont des probabilités, on demande une langue par extrait",
        ("np.argmax(model.predict(x, verbose=0), axis=-1)", "model.predict(x, verbose=0)"),
    )
    slip(
        "argmax-over-clips",
        "predict",
        "the maximum is taken over the clips, not over the languages",
        "le maximum est pris sur les extraits, pas sur les langues",
        ("axis=-1)", "axis=0)"),
    )

    # 4
    slip(
        "probability-not-drop",
        "occlusion",
        "this is the probability that is left, not its drop",
        "c'est la probabilité qui reste, pas sa baisse",
        ("return p[-1, chosen] - p[:-1, chosen]", "return p[:-1, chosen]"),
    )
    slip(
        "drop-upside-down",
        "occlusion",
        "the drop has the wrong sign",
        "la baisse a le mauvais signe",
        ("p[-1, chosen] - p[:-1, chosen]", "p[:-1, chosen] - p[-1, chosen]"),
    )
    slip(
        "drop-without-sign",
        "occlusion",
        "the sign is lost: hiding a piece may also make the language more probable",
        "le signe est perdu : cacher un morceau peut aussi rendre la langue plus probable",
        ("return p[-1, chosen] - p[:-1, chosen]", "return np.abs(p[-1, chosen] - p[:-1, chosen])"),
    )
    slip(
        "chosen-anew",
        "occlusion",
        "another language is followed when the choice changes",
        "une autre langue est suivie quand le choix change",
        ("p[-1, chosen] - p[:-1, chosen]", "p[-1, chosen] - p[:-1].max(axis=1)"),
    )
    slip(
        "all-but-hidden",
        "occlusion",
        "everything is hidden but the window",
        "tout est caché sauf la fenêtre",
        (
            "        hidden[i, i * width : (i + 1) * width] = 0",
            "        hidden[i] = 0\n        hidden[i, i * width : (i + 1) * width] = x[i * width : (i + 1) * width]",
        ),
    )
    slip(
        "hidden-from-the-start",
        "occlusion",
        "everything up to the window is hidden too",
        "tout ce qui précède la fenêtre est caché aussi",
        ("hidden[i, i * width : (i + 1) * width] = 0", "hidden[i, : (i + 1) * width] = 0"),
    )

    # 5, 6
    for id, exercise, en, fr in (
        ("speakers-on-both-sides", "leakage", "the recording was tested on speakers that it had learnt from: that is the leak itself",
         "l'enregistrement a été testé sur des locuteurs qu'il avait appris : c'est la fuite elle-même"),
        ("figures-swapped", "leakage", "that is the other split's figure", "c'est le nombre de l'autre séparation"),
        ("plain-accuracy-answered", "transfer", "that is plain accuracy; the languages are not equally frequent here", "c'est l'exactitude simple ; les langues ne sont pas également fréquentes ici"),
    ):  # fmt: skip
        lab.misconception(id, exercise, Text(en=en, fr=fr), measured=True)

    # 8
    slip(
        "one-block-for-all",
        "augment",
        "the same blocks are hidden in every spectrogram of the batch",
        "les mêmes blocs sont cachés dans tous les spectrogrammes du lot",
        (
            "    for clip in x:\n        for axis, widest in ((1, max_bands), (0, max_steps)):\n            width = rng.integers(0, widest + 1)\n            start = rng.integers(0, clip.shape[axis] - width + 1)",
            "    drawn = [rng.integers(0, 2**31, 2) for _ in range(2)]\n    for clip in x:\n        for axis, widest in ((1, max_bands), (0, max_steps)):\n            width = drawn[axis][0] % (widest + 1)\n            start = drawn[axis][1] % (clip.shape[axis] - width + 1)",
        ),
    )
    slip(
        "always-widest",
        "augment",
        "the blocks always have the largest width",
        "les blocs ont toujours la plus grande largeur",
        ("width = rng.integers(0, widest + 1)", "width = widest"),
    )
    slip(
        "largest-width-never",
        "augment",
        "the largest width never comes: integers() leaves its upper end out",
        "la plus grande largeur ne sort jamais : integers() exclut sa borne",
        ("rng.integers(0, widest + 1)", "rng.integers(0, widest)"),
    )
    slip(
        "changed-in-place",
        "augment",
        "the training clips themselves are changed: after some epochs nothing is left of them",
        "ce sont les extraits d'entraînement eux-mêmes qui sont modifiés : après quelques époques il n'en reste rien",
        ("x = np.array(x)", "x = np.asarray(x)"),
    )

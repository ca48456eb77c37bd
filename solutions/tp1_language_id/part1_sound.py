"""1.1 and 1.2 of TP1: from samples to log-Mel spectrograms."""

from __future__ import annotations

import numpy as np
from lab import BANDS, HOP, RATE, SAMPLES, STEPS, lab, noise

from grader.authoring import Close, Draw, Handle, Student, numpy_array

# ------------------------------------------------------------------ 1.1 clip

clip = lab.exercise("clip", "1.1", "A clean clip", "Un extrait propre", "prepare_clip")


@clip.check(
    "values", 1.0, "values", "valeurs",
    asked=("float32 (48000,) from short, long, stereo and integer samples",
           "float32 (48000,) à partir d'échantillons courts, longs, stéréo ou entiers"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, m = (int(v) for v in draw.rng.integers(300, 900, 2))
    pair = draw.rng.integers(-20_000, 20_000, (m, 2)).astype(np.int16)
    wide = draw.rng.integers(-(2**30), 2**30, 40).astype(np.int32)
    narrow = draw.rng.integers(-128, 128, 40).astype(np.int8)
    kept = {}

    def keep(name: str, samples: object, places: np.ndarray) -> Handle:
        array = student.np.asarray(student.prepare_clip(samples, RATE))
        kept[f"{name}_shape"] = student.np.shape(array)
        kept[name] = student.np.take(array, numpy_array(places), mode="wrap")
        return array

    early = np.arange(0, 1000, 7)
    keep("short", numpy_array(draw.uniform(n, low=-0.8, high=0.8)), early)
    keep("stereo_int16", numpy_array(pair), early)
    keep("int32", numpy_array(wide), early)
    keep("int8", numpy_array(narrow), early)
    keep("silence", numpy_array(np.zeros(17, np.float32)), early)
    long = keep("long", noise(draw, student, SAMPLES + 700), np.arange(5, SAMPLES, 997))
    return student.probe(**kept, dtype=long.dtype.name)


@clip.check(
    "refuses", 0.5, "what it refuses", "ce qu'elle refuse",
    asked=("ValueError for another rate, NaN, infinity, nothing, three axes, unsigned integers",
           "ValueError pour une autre fréquence, NaN, infini, vide, trois axes, entiers sans signe"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    fine = draw.uniform(50, low=-0.5, high=0.5)
    broken, endless = fine.copy(), np.stack([fine, fine], axis=1)
    broken[draw.rng.integers(50)] = np.nan
    endless[draw.rng.integers(50), 1] = np.inf
    cases = {
        "rate_8000": (fine, 8_000),
        "rate_44100": (fine, 44_100),
        "nan": (broken, RATE),
        "infinite": (endless, RATE),
        "empty": (fine[:0], RATE),
        "three_axes": (fine.reshape(5, 5, 2), RATE),
        "unsigned": (draw.rng.integers(0, 255, 40).astype(np.uint8), RATE),
    }
    prepare = student.prepare_clip
    refused = {
        name: prepare.raises(ValueError, numpy_array(x), rate) for name, (x, rate) in cases.items()
    }
    taken = student.np.sum(student.np.abs(prepare(numpy_array(fine), RATE)))
    return student.probe(**refused, what_is_fine=taken)


def prepared(
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
    if samples.dtype.kind == "i":
        samples = {scale}
    if samples.ndim == 2:
        samples = {mono}
    if {broken}:
        raise ValueError("broken")
    return {cut}.astype(np.float32)
"""


clip.slip(
    "integers-unscaled",
    "integer samples are not brought to [−1, 1]",
    "les entiers ne sont pas ramenés à [−1, 1]",
    ("samples / -float(np.iinfo(samples.dtype).min)", "samples.astype(float)"),
    hint=[
        ("print the dtype of what comes in, and the largest value that goes out",
         "affichez le dtype de ce qui entre, et la plus grande valeur qui sort"),
        ("an int16 recording of full volume: which numbers does it hold, and which should you return?",
         "un enregistrement int16 à plein volume : quels nombres contient-il, et que devez-vous rendre ?"),
        ("whole numbers must be divided by the size of the most negative one that their type can hold",
         "des entiers doivent être divisés par la grandeur du plus négatif que leur type peut contenir"),
    ],
    loses=["values"],
    mutant=prepared(scale="samples.astype(np.float64)"),
)  # fmt: skip
clip.slip(
    "integers-divided-by-largest",
    "integers are divided by the largest one of their kind: the smallest one then lies below −1",
    "les entiers sont divisés par le plus grand de leur type : le plus petit passe alors sous −1",
    ("-float(np.iinfo(samples.dtype).min)", "float(np.iinfo(samples.dtype).max)"),
    hint=[
        ("look at the number that you divide by",
         "regardez le nombre par lequel vous divisez"),
        ("which are the smallest and the largest number of eight bits? what does each become?",
         "quels sont le plus petit et le plus grand nombre de huit bits ? que devient chacun ?"),
        ("divide by the size of the most negative number, so that nothing leaves [−1, 1]",
         "divisez par la grandeur du plus négatif, pour que rien ne sorte de [−1, 1]"),
    ],
    loses=["values"],
    mutant=prepared(scale="samples / (2.0 ** (8 * samples.dtype.itemsize - 1) - 1)"),
)  # fmt: skip
clip.slip(
    "first-channel-only",
    "only the first channel is kept",
    "seule la première voie est gardée",
    ("samples.mean(axis=1)", "samples[:, 0]"),
    hint=[
        ("look at what you do with samples of shape (n, 2)",
         "regardez ce que vous faites d'échantillons de forme (n, 2)"),
        ("try [[0, 1]]: a sound that is only on the right must not become silence",
         "essayez [[0, 1]] : un son qui n'est qu'à droite ne doit pas devenir du silence"),
        ("every channel must count: bring them together instead of choosing one",
         "toutes les voies doivent compter : réunissez-les au lieu d'en choisir une"),
    ],
    loses=["values", "refuses"],
    mutant=prepared(mono="samples.T[0]"),
)  # fmt: skip
clip.slip(
    "channels-summed",
    "the channels are added, not averaged",
    "les voies sont additionnées, pas moyennées",
    ("samples.mean(axis=1)", "samples.sum(axis=1)"),
    hint=[
        ("look at how the channels become one",
         "regardez comment les voies n'en font plus qu'une"),
        ("try [[1, 1]]: the same sound on both sides should keep its volume",
         "essayez [[1, 1]] : le même son des deux côtés doit garder son volume"),
        ("divide by the number of channels too",
         "divisez aussi par le nombre de voies"),
    ],
    loses=["values"],
    mutant=prepared(mono="samples[:, 0] + samples[:, 1]"),
)  # fmt: skip
clip.slip(
    "padded-in-front",
    "the zeros stand before the sound, not after it",
    "les zéros sont avant le son, pas après",
    ("    clip[: len(samples)] = samples[:SAMPLES]",
     "    samples = samples[:SAMPLES]\n    clip[SAMPLES - len(samples) :] = samples"),
    hint=[
        ("look at which end of the clip you fill",
         "regardez quel bout de l'extrait vous remplissez"),
        ("print the first three samples of a short clip, before and after",
         "affichez les trois premiers échantillons d'un extrait court, avant et après"),
        ("the sound begins at index 0; the zeros follow it",
         "le son commence à l'indice 0 ; les zéros le suivent"),
    ],
    loses=["values"],
    mutant=prepared(cut="np.pad(samples[:48000], (max(0, 48000 - len(samples)), 0))"),
)  # fmt: skip
clip.slip(
    "last-seconds-kept",
    "of a long sound the last seconds are kept, not the first",
    "d'un son long, ce sont les dernières secondes qui sont gardées",
    ("= samples[:SAMPLES]", "= samples[-SAMPLES:]"),
    hint=[
        ("look at how a long sound is cut",
         "regardez comment un son long est coupé"),
        ("a slice that begins with a minus counts from the end: try it on [1, 2, 3, 4]",
         "une tranche qui commence par un moins compte depuis la fin : essayez sur [1, 2, 3, 4]"),
        ("keep the samples from the beginning on",
         "gardez les échantillons à partir du début"),
    ],
    loses=["values"],
    mutant=prepared(cut="np.pad(samples, (0, max(0, 48000 - len(samples))))[-48000:]"),
)  # fmt: skip
clip.slip(
    "wrong-rate-accepted",
    "another sampling rate is accepted: voices sound slow or fast, and nobody is told",
    "une autre fréquence est acceptée : les voix sont ralenties ou accélérées, et personne n'en sait rien",
    ("if rate != RATE:", "if rate <= 0:"),
    hint=[
        ("look at what is done with `rate`",
         "regardez ce que devient `rate`"),
        ("call it with rate=8000: what is promised under “Raises”?",
         "appelez-la avec rate=8000 : que promet « Raises » ?"),
        ("refuse every rate but the one that the docstring names, before anything else",
         "refusez toute fréquence autre que celle de la docstring, avant toute chose"),
    ],
    loses=["refuses"],
    mutant=prepared(rate="not rate"),
)  # fmt: skip
clip.slip(
    "unsigned-accepted",
    "unsigned integers are accepted: where 128 is silence, the sound is off centre",
    "les entiers sans signe sont acceptés : là où 128 est le silence, le son est décentré",
    ('if samples.dtype.kind == "u":\n        raise ValueError(f"samples are {samples.dtype}: signed integers or floats are needed")\n    ',
     ""),
    hint=[
        ("look at the types that you let through",
         "regardez les types que vous laissez passer"),
        ("dtype.kind is \"i\" for signed and \"u\" for unsigned integers: what happens to a uint8 array?",
         "dtype.kind vaut « i » pour les entiers signés et « u » pour les autres : qu'arrive-t-il à un tableau uint8 ?"),
        ("refuse unsigned integers as the docstring says",
         "refusez les entiers sans signe, comme le dit la docstring"),
    ],
    loses=["refuses"],
    mutant=prepared(unsigned=""),
)  # fmt: skip
clip.slip(
    "nan-accepted",
    "NaN or infinity is accepted: one such sample makes every weight NaN",
    "NaN ou infini est accepté : un seul échantillon rend tous les poids NaN",
    ("if not np.isfinite(samples).all():", "if False:"),
    hint=[
        ("look for the line that refuses values that are not finite",
         "cherchez la ligne qui refuse les valeurs non finies"),
        ("try it with one NaN in the middle, then with one infinity",
         "essayez avec un NaN au milieu, puis avec un infini"),
        ("test all samples at once, in all channels, and raise if one of them is not finite",
         "testez tous les échantillons, de toutes les voies, et levez l'erreur si l'un d'eux n'est pas fini"),
    ],
    loses=["refuses"],
    mutant=prepared(broken="False"),
)  # fmt: skip
clip.slip(
    "nan-replaced",
    "NaN is replaced instead of refused: a broken file goes unnoticed",
    "NaN est remplacé au lieu d'être refusé : un fichier cassé passe inaperçu",
    ('    if not np.isfinite(samples).all():\n        raise ValueError("some samples are NaN or infinite")',
     "    samples = np.nan_to_num(samples)"),
    hint=[
        ("look at what happens to a NaN on its way",
         "suivez ce qui arrive à un NaN"),
        ("a file with a hole in it: who would notice, if you fill it with zeros?",
         "un fichier troué : qui s'en apercevrait, si vous le remplissez de zéros ?"),
        ("raise the error that is promised instead of repairing the samples",
         "levez l'erreur promise au lieu de réparer les échantillons"),
    ],
    loses=["refuses"],
    mutant=prepared(
        broken="False",
        cut="np.pad(np.nan_to_num(samples), (0, max(0, 48000 - len(samples))))[:48000]",
    ),
)  # fmt: skip

# ------------------------------------------------------------------ 1.2 log-Mel

logmel = lab.exercise(
    "logmel", "1.2", "The log-Mel spectrogram", "Le spectrogramme log-Mel", "log_mel_spectrogram"
)


@logmel.check(
    "values", 1.75, "values", "valeurs",
    asked=("(200, 100), frames first: log of the power in each Mel band",
           "(200, 100), le temps d'abord : logarithme de la puissance dans chaque bande Mel"),
    expect={"spectrogram_values": Close(1e-3, 2e-3)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    places = np.sort(draw.rng.permutation(STEPS * BANDS)[:500]).astype(np.int64)
    array = student.np.asarray(student.log_mel_spectrogram(noise(draw, student, SAMPLES)))
    return student.probe(
        spectrogram_shape=student.np.shape(array),
        spectrogram_values=student.np.take(array, numpy_array(places), mode="wrap"),
    )


@logmel.check(
    "batch", 0.5, "several clips at once", "plusieurs extraits à la fois",
    asked=("(n, 48000) → (n, 200, 100), as one by one", "(n, 48000) → (n, 200, 100), comme un par un"),
    expect={"gap": Close(0, 2e-3)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    n = int(draw.rng.choice((2, 4, 5))) if draw.hidden else 3  # not to be known beforehand
    i = int(draw.rng.integers(n))
    waves = noise(draw, student, n, SAMPLES)
    together, alone = student.log_mel_spectrogram(waves), student.log_mel_spectrogram(waves[i])
    apart = student.np.abs(student.np.subtract(together, alone))
    gaps = student.np.max(student.np.max(apart, axis=2), axis=1)  # a tuple of axes would come as a list
    return student.probe(
        shape=student.np.shape(student.np.asarray(together)),
        found_again=student.np.argmin(gaps),
        gap=student.np.min(gaps),
    ), {"found_again": i, "gap": 0.0}


@logmel.check(
    "silence", 0.5, "silence", "silence",
    asked=("ln(FLOOR) where nothing is heard, nothing infinite",
           "ln(FLOOR) là où l'on n'entend rien, rien d'infini"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    first, steps = int(draw.rng.integers(20, 80)), int(draw.rng.integers(5, 60))
    heard = np.zeros(SAMPLES, np.float32)  # cut so that no window holds only a few samples of it
    heard[first * HOP + 100 : (first + steps) * HOP + 100] = 1.0
    sound = student.np.multiply(noise(draw, student, SAMPLES), numpy_array(heard))
    made = student.log_mel_spectrogram(sound)
    loud = student.np.greater(made, np.log(1e-6) + 2.0)
    finite = student.np.mean(student.np.isfinite(made))
    return student.probe(
        lowest=student.np.min(made), loud=student.np.count_nonzero(loud), finite_share=finite
    )


def in_numpy(
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


LOG_MEL = "tf.math.log(tf.matmul(power, mel) + FLOOR)"

logmel.slip(
    "axes-swapped",
    "bands come first: the network would read 100 steps of 200",
    "les bandes sont en premier : le réseau lirait 100 pas de 200",
    (f"return {LOG_MEL}", f"return tf.linalg.matrix_transpose({LOG_MEL})"),
    hint=[
        ("print the shape of what you return: which axis is time?",
         "affichez la forme de ce que vous rendez : quel axe est le temps ?"),
        ("3 s by steps of 15 ms: how many rows should there be?",
         "3 s par pas de 15 ms : combien de lignes faut-il ?"),
        ("leave the frames on the axis on which tf.signal.stft put them",
         "laissez les fenêtres sur l'axe où tf.signal.stft les a mises"),
    ],
    loses=["values", "batch"],
    mutant=in_numpy(last="np.swapaxes(np.log(p @ mel + FLOOR), -1, -2)"),
)  # fmt: skip
logmel.slip(
    "reshape-instead-of-transpose",
    "the shape is right and the content scrambled: reshape does not swap axes",
    "la forme est juste et le contenu mélangé : reshape n'échange pas les axes",
    (f"return {LOG_MEL}",
     f"bands = tf.linalg.matrix_transpose({LOG_MEL})\n    return tf.reshape(bands, tf.concat([tf.shape(bands)[:-2], [tf.shape(bands)[-1], tf.shape(bands)[-2]]], 0))"),
    hint=[
        ("look for a reshape behind the logarithm",
         "cherchez un reshape derrière le logarithme"),
        ("reshape [[1, 2, 3], [4, 5, 6]] to (3, 2) and transpose it: are they the same?",
         "mettez [[1, 2, 3], [4, 5, 6]] en forme (3, 2), puis transposez-le : est-ce pareil ?"),
        ("if no axis is moved before it, no reshape is needed after it",
         "si aucun axe n'est déplacé avant, aucun reshape n'est nécessaire après"),
    ],
    loses=["values"],
    mutant=in_numpy(
        last="np.swapaxes(np.log(p @ mel + FLOOR), -1, -2).reshape(waveform.shape[:-1] + (200, 100))",
    ),
)  # fmt: skip
logmel.slip(
    "amplitude-not-power",
    "the modulus is used, not its square",
    "le module est utilisé, pas son carré",
    ("tf.abs(spectrum) ** 2", "tf.abs(spectrum)"),
    hint=[
        ("look at what becomes of the complex spectrum",
         "regardez ce que devient le spectre complexe"),
        ("the power of 3 + 4i: is it 5 or 25?",
         "la puissance de 3 + 4i : 5 ou 25 ?"),
        ("take the square of the modulus before the Mel bands add up",
         "prenez le carré du module avant la somme dans les bandes Mel"),
    ],
    loses=["values"],
    mutant=in_numpy(power="np.abs(f)"),
)  # fmt: skip
logmel.slip(
    "no-log",
    "there is no logarithm",
    "il manque le logarithme",
    (LOG_MEL, "tf.matmul(power, mel)"),
    hint=[
        ("look at the last line",
         "regardez la dernière ligne"),
        ("print the largest and the smallest value: by what factor do they differ, and what does the ear make of it?",
         "affichez la plus grande et la plus petite valeur : quel rapport, et qu'en fait l'oreille ?"),
        ("silence should give ln(FLOOR), a negative number: the logarithm is the last step, after FLOOR is added",
         "le silence doit donner ln(FLOOR), un nombre négatif : le logarithme est la dernière étape, après l'ajout de FLOOR"),
    ],
    loses=["values", "silence"],
    mutant=in_numpy(last="p @ mel"),
)  # fmt: skip
logmel.mutant("no-log-with-floor", ["values", "silence"], in_numpy(last="p @ mel + FLOOR"), named="no-log")
logmel.slip(
    "log10",
    "the logarithm is decimal, not natural",
    "le logarithme est décimal, pas népérien",
    (LOG_MEL, f"{LOG_MEL} / tf.math.log(10.0)"),
    hint=[
        ("look at which logarithm you call",
         "regardez quel logarithme vous appelez"),
        ("ln(1e-6) is −13.8, log₁₀(1e-6) is −6: which does silence give?",
         "ln(1e-6) vaut −13,8, log₁₀(1e-6) vaut −6 : que donne le silence ?"),
        ("take the natural logarithm",
         "prenez le logarithme népérien"),
    ],
    loses=["values", "silence"],
    mutant=in_numpy(last="np.log10(p @ mel + FLOOR)"),
)  # fmt: skip
logmel.slip(
    "decibels",
    "these are decibels: ten times the decimal logarithm",
    "ce sont des décibels : dix fois le logarithme décimal",
    (LOG_MEL, f"10 * {LOG_MEL} / tf.math.log(10.0)"),
    hint=[
        ("look at the factor in front of the logarithm",
         "regardez le facteur devant le logarithme"),
        ("silence should give −13.8; yours gives −60, which is a level in decibels",
         "le silence doit donner −13,8 ; le vôtre donne −60, un niveau en décibels"),
        ("no factor, and the natural logarithm",
         "pas de facteur, et le logarithme népérien"),
    ],
    loses=["values", "silence"],
    mutant=in_numpy(last="10 * np.log10(p @ mel + FLOOR)"),
)  # fmt: skip
logmel.slip(
    "log-before-mel",
    "the logarithm is taken before the bands are summed",
    "le logarithme est pris avant la somme dans les bandes",
    (LOG_MEL, "tf.matmul(tf.math.log(power + FLOOR), mel)"),
    hint=[
        ("look at the order of the last two steps",
         "regardez l'ordre des deux dernières étapes"),
        ("compare ln(1 + 100) with ln 1 + ln 100: what does a band add up?",
         "comparez ln(1 + 100) et ln 1 + ln 100 : qu'additionne une bande ?"),
        ("bands add up powers; the logarithm comes after that",
         "les bandes additionnent des puissances ; le logarithme vient ensuite"),
    ],
    loses=["values", "silence"],
    mutant=in_numpy(last="np.log(p + FLOOR) @ mel"),
)  # fmt: skip
logmel.slip(
    "last-window-dropped",
    "the last, incomplete windows are dropped: fewer than 200 rows",
    "les dernières fenêtres, incomplètes, sont abandonnées : moins de 200 lignes",
    (", pad_end=True", ""),
    hint=[
        ("count the rows that you return",
         "comptez les lignes que vous rendez"),
        ("48000 / 240 windows begin inside the clip: which of them reach beyond its end?",
         "48000 / 240 fenêtres commencent dans l'extrait : lesquelles dépassent sa fin ?"),
        ("tf.signal.stft has an argument that fills up the last windows with zeros",
         "tf.signal.stft a un argument qui complète les dernières fenêtres par des zéros"),
    ],
    loses=["values", "batch"],
    mutant=in_numpy(frames="range(0, waveform.shape[-1] - 511, 240)"),
)  # fmt: skip
logmel.slip(
    "no-window",
    "the frames are not weighted by a Hann window",
    "les fenêtres ne sont pas pondérées par la fonction de Hann",
    ("pad_end=True", "window_fn=None, pad_end=True"),
    hint=[
        ("look at the arguments of stft",
         "regardez les arguments de stft"),
        ("transform a sine without and with a window: how wide is its peak?",
         "transformez une sinusoïde sans puis avec fenêtre : quelle est la largeur du pic ?"),
        ("leave stft its default window",
         "laissez à stft sa fenêtre par défaut"),
    ],
    loses=["values"],
    mutant=in_numpy(window="1.0"),
)  # fmt: skip
logmel.slip(
    "hamming-window",
    "another window: Hann's goes down to 0, Hamming's does not",
    "une autre fenêtre : celle de Hann descend à 0, pas celle de Hamming",
    ("pad_end=True", "window_fn=tf.signal.hamming_window, pad_end=True"),
    hint=[
        ("look at window_fn",
         "regardez window_fn"),
        ("print the first value of tf.signal.hann_window(8) and of tf.signal.hamming_window(8)",
         "affichez la première valeur de tf.signal.hann_window(8) et de tf.signal.hamming_window(8)"),
        ("leave stft its default window, Hann's",
         "laissez à stft sa fenêtre par défaut, celle de Hann"),
    ],
    loses=["values"],
    mutant=in_numpy(window="np.hamming(513)[:512]"),
)  # fmt: skip
logmel.slip(
    "mel-range-left-out",
    "the Mel bands do not go from LOWEST to HIGHEST: left out, they go from 125 to 3800 Hz",
    "les bandes Mel ne vont pas de LOWEST à HIGHEST : par défaut, elles vont de 125 à 3800 Hz",
    ("RATE, LOWEST, HIGHEST)", "RATE)"),
    hint=[
        ("look at the last two arguments of the Mel matrix",
         "regardez les deux derniers arguments de la matrice Mel"),
        ("which rows of your matrix are 0 everywhere? at which frequencies do they lie?",
         "quelles lignes de votre matrice sont nulles partout ? à quelles fréquences ?"),
        ("give it LOWEST and HIGHEST, in hertz",
         "donnez-lui LOWEST et HIGHEST, en hertz"),
    ],
    loses=["values"],
    mutant=[
        ("(BANDS, FFT // 2 + 1, RATE, LOWEST, HIGHEST)",
         "(100, 513, lower_edge_hertz=125, upper_edge_hertz=3800, sample_rate=RATE)"),
    ],
)  # fmt: skip
logmel.slip(
    "floor-before-mel",
    "FLOOR is added to the frequencies, not to the Mel bands: bands add up several of them",
    "FLOOR est ajouté aux fréquences, pas aux bandes Mel : une bande en additionne plusieurs",
    ("tf.matmul(power, mel) + FLOOR", "tf.matmul(power + FLOOR, mel)"),
    hint=[
        ("look at where FLOOR comes in",
         "regardez où FLOOR intervient"),
        ("what does a band give for silence, if each of its frequencies carries 1e-6?",
         "que donne une bande pour le silence, si chacune de ses fréquences porte 1e-6 ?"),
        ("add FLOOR once, to each band's sum",
         "ajoutez FLOOR une seule fois, à la somme de chaque bande"),
    ],
    loses=["silence"],
    mutant=in_numpy(last="np.log((p + FLOOR) @ mel)"),
)  # fmt: skip
logmel.slip(
    "transform-too-short",
    "the Fourier transform is on 512 points, the window's length: 257 frequencies instead of 513",
    "la transformée de Fourier est sur 512 points, la longueur de la fenêtre : 257 fréquences au lieu de 513",
    ("HOP, FFT, pad_end", "HOP, FRAME, pad_end"),
    ("FFT // 2 + 1", "FRAME // 2 + 1"),
    hint=[
        ("print the last axis of your spectrum",
         "affichez le dernier axe de votre spectre"),
        ("FFT is 1024: how many frequencies does that give, from 0 to half the rate?",
         "FFT vaut 1024 : combien de fréquences cela donne-t-il, de 0 à la moitié de la fréquence d'échantillonnage ?"),
        ("window and transform have lengths of their own: pass both to stft",
         "fenêtre et transformée ont chacune leur longueur : passez les deux à stft"),
    ],
    loses=["values"],
    mutant="""
def log_mel_spectrogram(waveform):
    spectrum = tf.signal.stft(tf.cast(waveform, tf.float32), 512, 240, pad_end=True)
    mel = tf.signal.linear_to_mel_weight_matrix(100, spectrum.shape[-1], 16000, 60.0, 7600.0)
    return tf.math.log(tf.tensordot(tf.abs(spectrum) ** 2, mel, 1) + FLOOR)
""",
)  # fmt: skip
logmel.slip(
    "no-floor",
    "the logarithm of silence is −∞",
    "le logarithme du silence vaut −∞",
    (" + FLOOR", ""),
    hint=[
        ("look at what silence gives",
         "regardez ce que donne le silence"),
        ("compute the logarithm of 0 and of 0 + FLOOR",
         "calculez le logarithme de 0, puis de 0 + FLOOR"),
        ("add FLOOR to every band before the logarithm",
         "ajoutez FLOOR à chaque bande avant le logarithme"),
    ],
    loses=["silence"],
    mutant=in_numpy(last="np.log(p @ mel)"),
)  # fmt: skip

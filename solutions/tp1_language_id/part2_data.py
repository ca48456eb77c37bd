"""2.1 to 2.3 of TP1: assemble the clips, normalise them, split them by speaker."""

from __future__ import annotations

from typing import Any

import numpy as np
from lab import BANDS, SAMPLES, STEPS, lab, noise

from grader.authoring import Close, Draw, Handle, Student, numpy_array

# ------------------------------------------------------------------ 2.1 assemble

assemble = lab.exercise("assemble", "2.1", "Assemble", "Assembler", "assemble")


def clips(draw: Draw) -> tuple[dict[str, Any], np.ndarray]:
    """Clips that can be told from one another by their first sample, languages out of order; the rank
    of each clip's language, in the order of those first samples."""
    names = ["it", "fr", "de", "en", "pt"]
    sizes = draw.sizes(5, 8, 19)
    total = sum(sizes)
    first = draw.rng.permutation(total).astype(np.float32).reshape(-1, 1)
    rows = np.concatenate([first, draw.normal(total, 3)], axis=1)
    ranks = np.repeat([sorted(names).index(n) for n in names], sizes)[np.argsort(first[:, 0])]
    parts = np.split(rows, np.cumsum(sizes)[:-1])
    return {n: numpy_array(part) for n, part in zip(names, parts, strict=True)}, ranks


def assembled(draw: Draw, student: Student) -> tuple[Handle, Handle, Handle]:
    """Such clips, assembled: the clips sorted by their first samples; the label of each language; whether
    every clip has its language's."""
    given, ranks = clips(draw)
    both = student.assemble(given, int(draw.rng.integers(1000)))
    order = student.np.argsort(student.np.take(both[0], 0, axis=1))
    labels = student.np.take(both[1], order)
    found = student.np.take(labels, numpy_array(np.unique(ranks, return_index=True)[1]))
    theirs = student.np.array_equal(labels, student.np.take(found, numpy_array(ranks)))
    return student.np.take(both[0], order, axis=0), found, theirs


@assemble.check(
    "pairs", 0.5, "clips and labels", "extraits et étiquettes",
    asked=("every clip once, with the rank of its language",
           "chaque extrait une fois, avec le rang de sa langue"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    rows, found, theirs = assembled(draw, student)
    return student.probe(
        clips_in_order=rows,
        label_of_each_language=student.np.multiply(found, theirs),  # 0 where there is no such label
    )


@assemble.check(
    "together", 0.25, "each clip with its label", "chaque extrait avec son étiquette",
    asked=("clips of one language share one label",
           "les extraits d'une langue partagent une étiquette"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    rows, found, theirs = assembled(draw, student)
    apart = student.np.multiply(student.np.size(student.np.unique(found)), theirs)
    return student.probe(languages_told_apart=apart, clips=student.np.shape(rows)[0]), {
        "languages_told_apart": 5
    }


@assemble.check(
    "shuffled", 0.25, "shuffled by the seed", "battus selon la graine",
    asked=("languages mixed; same seed, same order; another seed, another order",
           "langues mêlées ; même graine, même ordre ; autre graine, autre ordre"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    given, ranks = clips(draw)
    seed = int(draw.rng.integers(1000))
    first, again, other = (
        student.np.take(student.assemble(given, s)[0], 0, axis=1) for s in (seed, seed, seed + 1)
    )
    same_seed = student.np.array_equal(first, again)
    other_seed = student.np.array_equal(first, other)
    languages = student.np.take(numpy_array(ranks), first.astype("int64"))
    runs = student.np.count_nonzero(student.np.diff(languages))  # about 48 of 60 when shuffled
    many = student.np.minimum(runs, 16)
    expected = {"same_seed": True, "other_seed": False, "languages_mixed": True, "changes_of_language": 16}
    return student.probe(
        same_seed=same_seed, other_seed=other_seed, languages_mixed=student.np.equal(many, 16),
        changes_of_language=many, clips=student.np.size(first),
    ), expected  # fmt: skip


assemble.slip(
    "per-file-shuffle",
    "clips and labels are shuffled apart: labels no longer belong to their clips",
    "extraits et étiquettes sont battus séparément : les étiquettes ne correspondent plus",
    ("return waveforms[order], labels[order]",
     "return waveforms[order], labels[np.random.default_rng(seed + 1).permutation(len(labels))]"),
    hint=[
        ("look at how many times an order is drawn",
         "comptez combien de fois un ordre est tiré"),
        ("give each clip its label as content, assemble, and print both side by side",
         "donnez à chaque extrait son étiquette pour contenu, assemblez, et affichez les deux côte à côte"),
        ("draw one order and apply it to both arrays",
         "tirez un seul ordre et appliquez-le aux deux tableaux"),
    ],
    loses=["pairs", "together"],
    mutant="""
def assemble(clips, seed):
    rng = np.random.default_rng(seed)
    waveforms = np.concatenate([clips[name] for name in sorted(clips)])
    labels = np.concatenate([np.full(len(clips[name]), i) for i, name in enumerate(sorted(clips))])
    rng.shuffle(waveforms)
    rng.shuffle(labels)
    return waveforms, labels
""",
)  # fmt: skip
assemble.slip(
    "not-shuffled",
    "nothing is shuffled: each batch would hold one language",
    "rien n'est battu : chaque lot ne contiendrait qu'une langue",
    ("np.random.default_rng(seed).permutation(len(labels))", "np.arange(len(labels))"),
    hint=[
        ("print the first twenty labels",
         "affichez les vingt premières étiquettes"),
        ("a batch takes 32 clips in a row: how many languages would it see?",
         "un lot prend 32 extraits de suite : combien de langues verrait-il ?"),
        ("draw an order of all clips from the seed and apply it",
         "tirez de la graine un ordre de tous les extraits et appliquez-le"),
    ],
    loses=["shuffled"],
    mutant="""
def assemble(clips, seed):
    names = sorted(clips)
    labels = [i for i, name in enumerate(names) for _ in clips[name]]
    return np.vstack([clips[name] for name in names]), np.array(labels)
""",
)  # fmt: skip
assemble.slip(
    "shuffled-within-languages",
    "clips are shuffled within each language only: each batch would hold one language",
    "les extraits ne sont battus qu'à l'intérieur de chaque langue : chaque lot n'en contiendrait qu'une",
    ("    order = np.random.default_rng(seed).permutation(len(labels))",
     "    draws = np.random.default_rng(seed).random(len(labels))\n    order = np.lexsort([draws, labels])"),
    hint=[
        ("print the labels: how often does the language change?",
         "affichez les étiquettes : combien de fois la langue change-t-elle ?"),
        ("five languages in blocks change four times; shuffled ones change all the time",
         "cinq langues par blocs changent quatre fois ; mélangées, elles changent sans cesse"),
        ("join first, shuffle after that, all languages together",
         "réunissez d'abord, battez ensuite, toutes langues ensemble"),
    ],
    loses=["shuffled"],
    mutant="""
def assemble(clips, seed):
    rng = np.random.default_rng(seed)
    names = sorted(clips)
    return (
        np.concatenate([rng.permutation(clips[name]) for name in names]),
        np.repeat(range(len(names)), [len(clips[name]) for name in names]),
    )
""",
)  # fmt: skip
assemble.slip(
    "labels-in-order-of-arrival",
    "labels follow the order of the dictionary, not the alphabet",
    "les étiquettes suivent l'ordre du dictionnaire, pas l'alphabet",
    ("sorted(clips)", "list(clips)"),
    hint=[
        ("look at how a language gets its number",
         "regardez comment une langue reçoit son numéro"),
        ("try {\"it\": …, \"de\": …}: which of them must be 0?",
         "essayez {\"it\": …, \"de\": …} : laquelle doit valoir 0 ?"),
        ("number the sorted names, whatever the order of the dictionary",
         "numérotez les noms triés, quel que soit l'ordre du dictionnaire"),
    ],
    loses=["pairs"],
    mutant="""
def assemble(clips, seed):
    pairs = [(clip, i) for i, own in enumerate(clips.values()) for clip in own]
    order = np.random.default_rng(seed).permutation(len(pairs))
    return np.stack([pairs[i][0] for i in order]), np.array([pairs[i][1] for i in order])
""",
)  # fmt: skip
assemble.mutant(
    "labels-not-shuffled",
    ["pairs", "together"],
    """
def assemble(clips, seed):
    names = sorted(clips)
    waveforms = np.vstack([clips[name] for name in names])
    labels = [i for i, name in enumerate(names) for _ in clips[name]]
    return waveforms[np.random.default_rng(seed).permutation(len(waveforms))], np.array(labels)
""",
    named="per-file-shuffle",
)

# ------------------------------------------------------------------ 2.2 normalise

normalise = lab.exercise(
    "normalise", "2.2", "Normalise", "Normaliser",
    "centre", "fit_normaliser", "normalise", "prepare_sets",
)  # fmt: skip


@normalise.check(
    "centre", 0.25, "each clip by itself", "chaque extrait seul",
    asked=("in each band of each clip, minus its mean over time",
           "dans chaque bande de chaque extrait, moins sa moyenne sur le temps"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, steps, bands = draw.sizes(3, 4, 9)
    x = draw.normal(n, steps, bands) + draw.normal(n, 1, bands, scale=3) + draw.normal(steps, 1)
    several = student.np.array(numpy_array(x.astype(np.float32)))
    return student.probe(
        centred=student.centre(several),
        one_alone=student.centre(several[0]),
        given_unchanged=student.np.sum(several),
    )


@normalise.check(
    "fit", 0.5, "statistics", "statistiques",
    asked=("a mean and a deviation for each band, over clips and time",
           "une moyenne et un écart type par bande, sur extraits et temps"),
    expect={"std": Close(4e-3, 1e-5)},  # dividing by n − 1 is no mistake
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, steps, bands = draw.sizes(3, 15, 23)
    x = draw.normal(n, steps, bands) * draw.uniform(bands, low=0.3, high=3)
    x = x + draw.normal(bands, scale=4)
    x[:, :, draw.rng.permutation(bands)[:2]] = 2.0
    pair = student.fit_normaliser(numpy_array(x))
    return student.probe(mean=pair[0], std=pair[1])


@normalise.check(
    "apply", 0.25, "application", "application",
    asked=("(x − mean) / std, band by band", "(x − moyenne) / écart type, bande par bande"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, steps, bands = draw.sizes(3, 3, 8)
    mean, std = draw.normal(bands, scale=3), draw.uniform(bands, low=0.4, high=2.5)
    x = draw.normal(n, steps, bands)
    return student.normalise(numpy_array(x), [numpy_array(mean), numpy_array(std)])


@normalise.check(
    "sets", 0.5, "training and test", "entraînement et test",
    asked=("both centred, then normalised with the training statistics",
           "les deux centrés, puis normalisés avec les statistiques de l'entraînement"),
    expect={"x_train_values": Close(2e-3, 5e-3), "x_test_values": Close(2e-3, 5e-3)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    some, others = (
        numpy_array(np.sort(draw.rng.permutation(n * STEPS * BANDS)[:200]).astype(np.int64))
        for n in (2, 1)
    )
    train = noise(draw, student, 2, SAMPLES)
    test = noise(draw, student, 1, SAMPLES, loud=0.02)
    both = student.prepare_sets(train, test)
    kept = {}
    for name, part, places in (("x_train", both[0], some), ("x_test", both[1], others)):
        array = student.np.asarray(part)
        kept[f"{name}_shape"] = student.np.shape(array)
        kept[f"{name}_values"] = student.np.take(array, places, mode="wrap")
    return student.probe(**kept)


CENTRED = "    return x - x.mean(axis=-2, keepdims=True)"
FITTED = "    return x_train.mean(axis=(0, 1)), np.maximum(x_train.std(axis=(0, 1)), 1e-3)"

normalise.slip(
    "not-centred",
    "the clips are not centred: each keeps the colour of its voice and microphone",
    "les extraits ne sont pas centrés : chacun garde la couleur de sa voix et de son micro",
    ("x_train = centre(log_mel_spectrogram(train_waveforms))",
     "x_train = np.asarray(log_mel_spectrogram(train_waveforms))"),
    ("x_test = centre(log_mel_spectrogram(test_waveforms))",
     "x_test = np.asarray(log_mel_spectrogram(test_waveforms))"),
    hint=[
        ("look at what prepare_sets gives to fit_normaliser",
         "regardez ce que prepare_sets donne à fit_normaliser"),
        ("take the mean over time of one prepared clip: it should be the same in all clips",
         "prenez la moyenne sur le temps d'un extrait préparé : elle doit être la même partout"),
        ("centre each clip before anything is fitted",
         "centrez chaque extrait avant tout ajustement"),
    ],
    loses=["sets"],
    mutant=[
        ("    x_train = centre(log_mel_spectrogram(train_waveforms))\n    x_test = centre(log_mel_spectrogram(test_waveforms))",
         "    x_train, x_test = (log_mel_spectrogram(w).numpy() for w in (train_waveforms, test_waveforms))"),
    ],
)  # fmt: skip
normalise.slip(
    "centred-over-bands",
    "the mean is taken over the bands: what is removed is each moment's loudness",
    "la moyenne est prise sur les bandes : c'est le volume de chaque instant qui est retiré",
    ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=-1, keepdims=True)"),
    hint=[
        ("look at the axis of your mean: which axis is time?",
         "regardez l'axe de votre moyenne : quel axe est le temps ?"),
        ("a band that is always 3 should become 0: is it?",
         "une bande qui vaut toujours 3 doit devenir 0 : est-ce le cas ?"),
        ("steps are the last axis but one, bands the last",
         "les pas sont l'avant-dernier axe, les bandes le dernier"),
    ],
    loses=["centre", "sets"],
    mutant=[(CENTRED, "    return x - tf.reduce_mean(x, -1, keepdims=True)")],
)  # fmt: skip
normalise.slip(
    "centred-over-clips",
    "the mean is taken over the clips: each one is changed by the others",
    "la moyenne est prise sur les extraits : chacun est modifié par les autres",
    ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=0, keepdims=True)"),
    hint=[
        ("look at the axis of your mean",
         "regardez l'axe de votre moyenne"),
        ("centre one clip alone and the same clip among others: the result must be the same",
         "centrez un extrait seul, puis le même parmi d'autres : le résultat doit être le même"),
        ("the mean is over steps, not over the first axis",
         "la moyenne porte sur les pas, pas sur le premier axe"),
    ],
    loses=["centre", "sets"],
    mutant=[(CENTRED, "    return x - np.mean(x, 0)")],
)  # fmt: skip
normalise.slip(
    "centred-over-clips-and-time",
    "one mean for all clips: each one is changed by the others, and keeps its own colour",
    "une seule moyenne pour tous les extraits : chacun est modifié par les autres, et garde sa couleur",
    ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=tuple(range(x.ndim - 1)), keepdims=True)"),
    hint=[
        ("look over which axes your mean goes",
         "regardez sur quels axes porte votre moyenne"),
        ("two clips, one always 0, one always 2: both must become 0",
         "deux extraits, l'un toujours 0, l'autre toujours 2 : tous deux doivent devenir 0"),
        ("one mean for each clip and band: over the steps alone",
         "une moyenne par extrait et par bande : sur les pas seulement"),
    ],
    loses=["centre", "sets"],
    mutant=[(CENTRED, "    return x - x.reshape(-1, x.shape[-1]).mean(0)")],
)  # fmt: skip
normalise.slip(
    "centred-on-one-number",
    "one mean for all bands together: the volume is gone, the colour stays",
    "une seule moyenne pour toutes les bandes : le volume est parti, la couleur reste",
    ("x.mean(axis=-2, keepdims=True)", "x.mean(axis=(-2, -1), keepdims=True)"),
    hint=[
        ("count the means that you take from one clip",
         "comptez les moyennes que vous retirez d'un extrait"),
        ("a clip of two bands, always 0 and always 2: what is left? it should be 0 in both",
         "un extrait de deux bandes, toujours 0 et toujours 2 : que reste-t-il ? il faut 0 dans les deux"),
        ("each band has a mean of its own",
         "chaque bande a sa propre moyenne"),
    ],
    loses=["centre", "sets"],
    mutant=[
        (CENTRED,
         "    flat = x.reshape(x.shape[:-2] + (-1, 1))\n    return x - flat.mean(axis=-2, keepdims=True)"),
    ],
)  # fmt: skip
normalise.slip(
    "centred-in-place",
    "the spectrograms that were given are changed",
    "les spectrogrammes reçus sont modifiés",
    ("return x - x.mean(axis=-2, keepdims=True)",
     "x = x if x.flags.writeable else np.array(x)\n    x -= x.mean(axis=-2, keepdims=True)\n    return x"),
    hint=[
        ("look for an assignment into x",
         "cherchez une affectation dans x"),
        ("keep a copy, call centre, compare: the argument must not have changed",
         "gardez une copie, appelez centre, comparez : l'argument ne doit pas avoir changé"),
        ("make a new array from a subtraction instead of writing into the old one",
         "faites un nouveau tableau d'une soustraction au lieu d'écrire dans l'ancien"),
    ],
    loses=["centre"],
    mutant=[
        (CENTRED,
         "    x = np.require(x, None, 'W')\n    x[...] = x - np.mean(x, axis=-2)[..., None, :]\n    return x"),
    ],
)  # fmt: skip
normalise.slip(
    "unnormalised",
    "nothing is normalised",
    "rien n'est normalisé",
    ("return (np.asarray(x) - mean) / std", "return np.asarray(x)"),
    hint=[
        ("look at what normalise returns",
         "regardez ce que rend normalise"),
        ("x = 5, mean = 3, std = 2: what should come out?",
         "x = 5, moyenne = 3, écart type = 2 : que doit-il sortir ?"),
        ("both numbers of the pair must be used",
         "les deux nombres de la paire doivent servir"),
    ],
    loses=["apply", "sets"],
    mutant=[
        ("    mean, std = normaliser\n    return (np.asarray(x) - mean) / std", "    return x"),
    ],
)  # fmt: skip
normalise.slip(
    "not-divided",
    "the mean is removed, the deviation is not",
    "la moyenne est retirée, l'écart type non",
    ("(np.asarray(x) - mean) / std", "np.asarray(x) - mean"),
    hint=[
        ("look at which half of the pair you use",
         "regardez quelle moitié de la paire vous utilisez"),
        ("x = 7, mean = 3, std = 2 should give 2",
         "x = 7, moyenne = 3, écart type = 2 doit donner 2"),
        ("after the mean is taken off, divide by the deviation",
         "une fois la moyenne retirée, divisez par l'écart type"),
    ],
    loses=["apply", "sets"],
    mutant=[
        ("    mean, std = normaliser\n    return (np.asarray(x) - mean) / std",
         "    return np.array(x) - normaliser[0]"),
    ],
)  # fmt: skip
normalise.slip(
    "divided-by-variance",
    "that is the variance, not the standard deviation",
    "c'est la variance, pas l'écart type",
    ("x_train.std(axis=(0, 1))", "x_train.var(axis=(0, 1))"),
    hint=[
        ("look at the second number of the pair",
         "regardez le second nombre de la paire"),
        ("values of ±3 have a standard deviation of 3: what do you get?",
         "des valeurs de ±3 ont un écart type de 3 : que trouvez-vous ?"),
        ("take the square root of the variance",
         "prenez la racine carrée de la variance"),
    ],
    loses=["fit", "sets"],
    mutant=[
        ("np.maximum(x_train.std(axis=(0, 1)), 1e-3)",
         "np.maximum(np.mean((x_train - x_train.mean((0, 1))) ** 2, (0, 1)), 1e-3)"),
    ],
)  # fmt: skip
normalise.slip(
    "one-mean-for-all-bands",
    "one mean and one deviation for all bands together",
    "une seule moyenne et un seul écart type pour toutes les bandes",
    ("x_train.mean(axis=(0, 1))", "x_train.mean()"),
    ("x_train.std(axis=(0, 1))", "x_train.std()"),
    hint=[
        ("print the shape of what you return: (bands,) is wanted",
         "affichez la forme de ce que vous rendez : on demande (bandes,)"),
        ("two bands, always 0 and always 10: two means are wanted, not one 5",
         "deux bandes, toujours 0 et toujours 10 : il faut deux moyennes, pas un 5"),
        ("take the mean over clips and steps, leave the bands",
         "moyennez sur extraits et pas, laissez les bandes"),
    ],
    loses=["fit", "sets"],
    mutant=[
        (FITTED,
         "    return np.mean(x_train), max(np.std(x_train), 1e-3)"),
    ],
)  # fmt: skip
normalise.slip(
    "time-not-pooled",
    "means over clips only: one for each step of time as well",
    "moyennes sur les extraits seulement : une par pas de temps aussi",
    ("x_train.mean(axis=(0, 1))", "x_train.mean(axis=0)"),
    ("x_train.std(axis=(0, 1))", "x_train.std(axis=0)"),
    hint=[
        ("print the shape of your mean: (bands,) is wanted",
         "affichez la forme de votre moyenne : on demande (bandes,)"),
        ("how many numbers would the normaliser hold for 200 steps, and how many for 100?",
         "combien de nombres pour 200 pas, et combien pour 100 ?"),
        ("take the mean over two axes at once: clips and steps",
         "moyennez sur deux axes à la fois : extraits et pas"),
    ],
    loses=["fit", "sets"],
    mutant=[
        (FITTED,
         "    return np.mean(x_train, 0), np.clip(np.std(x_train, 0), 1e-3, None)"),
    ],
)  # fmt: skip
normalise.slip(
    "deviation-not-bounded",
    "a band that never varies is divided by zero",
    "une bande qui ne varie jamais est divisée par zéro",
    ("np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "x_train.std(axis=(0, 1))"),
    hint=[
        ("look at the smallest deviation that you can return",
         "regardez le plus petit écart type que vous pouvez rendre"),
        ("a band that is always 2: what is its deviation, and what is x / 0?",
         "une bande qui vaut toujours 2 : quel est son écart type, et que vaut x / 0 ?"),
        ("keep every deviation at 1e-3 or more",
         "gardez chaque écart type à 1e-3 ou plus"),
    ],
    loses=["fit"],
    mutant=[("np.maximum(x_train.std(axis=(0, 1)), 1e-3)", "np.sqrt(x_train.var((0, 1)))")],
)  # fmt: skip
normalise.slip(
    "normalised-with-test-statistics",
    "the statistics come from the test as well: it has been looked at before the verdict",
    "les statistiques viennent aussi du test : il a été regardé avant le verdict",
    ("normaliser = fit_normaliser(x_train)",
     "normaliser = fit_normaliser(np.concatenate([x_train, x_test]))"),
    hint=[
        ("look at what fit_normaliser is given",
         "regardez ce que reçoit fit_normaliser"),
        ("change the test clips only: do the training spectrograms change? they must not",
         "changez les seuls extraits de test : l'entraînement change-t-il ? il ne doit pas"),
        ("fit on the training part alone, use it for both",
         "ajustez sur l'entraînement seul, servez-vous-en pour les deux"),
    ],
    loses=["sets"],
    mutant=[
        ("    normaliser = fit_normaliser(x_train)\n    return normalise(x_train, normaliser), normalise(x_test, normaliser)",
         "    everything = np.vstack([x_train, x_test])\n    n = fit_normaliser(everything)\n    return np.split(normalise(everything, n), [len(x_train)])"),
    ],
)  # fmt: skip
normalise.slip(
    "test-normalised-by-itself",
    "the test is normalised with its own statistics",
    "le test est normalisé avec ses propres statistiques",
    ("normalise(x_test, normaliser)", "normalise(x_test, fit_normaliser(x_test))"),
    hint=[
        ("count the calls of fit_normaliser",
         "comptez les appels de fit_normaliser"),
        ("a test set that is twice as loud: should it look the same as the training set?",
         "un test deux fois plus fort : doit-il ressembler à l'entraînement ?"),
        ("one normaliser, that of the training part, for both sets",
         "un seul normaliseur, celui de l'entraînement, pour les deux"),
    ],
    loses=["sets"],
    mutant=[
        ("    normaliser = fit_normaliser(x_train)\n    return normalise(x_train, normaliser), normalise(x_test, normaliser)",
         "    return [normalise(x, fit_normaliser(x)) for x in (x_train, x_test)]"),
    ],
)  # fmt: skip
normalise.mutant(
    "centred-along-axis-1",
    ["centre"],
    [(CENTRED, "    return x - x.mean(axis=1, keepdims=True)")],
    named="",
)

# ------------------------------------------------------------------ 2.3 split

split = lab.exercise("split", "2.3", "Split by speaker", "Séparer par locuteur", "split_by_speaker")


def splits(
    draw: Draw, student: Student, seeds: tuple[int, ...], people: int, fraction: float,
    counts: Any = None,
) -> tuple[Handle, list[Handle]]:  # fmt: skip
    """The speakers of some clips (`counts` of each, or 1 to 8), split once for each seed."""
    counts = draw.rng.integers(1, 9, people) if counts is None else counts
    names = draw.rng.permutation(np.repeat(np.arange(people), counts))
    speakers = student.np.array([f"speaker {n}" for n in names])
    return speakers, [student.split_by_speaker(speakers, fraction, seed) for seed in seeds]


def people(student: Student, speakers: Handle, part: Handle) -> Handle:
    return student.np.unique(student.np.take(speakers, part))


@split.check(
    "disjoint", 1.0, "nobody on both sides", "personne des deux côtés",
    asked=("no shared speaker, every clip in one part",
           "aucun locuteur commun, chaque extrait d'un seul côté"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    speakers, (both,) = splits(draw, student, (int(draw.rng.integers(1000)),), 12, 0.3)
    train, test = (people(student, speakers, both[i]) for i in (0, 1))
    common = student.np.size(student.np.intersect1d(train, test))
    return student.probe(
        nobody_shared=student.np.equal(common, 0),
        clips=student.np.sort(student.np.concatenate([both[0], both[1]])),
    ), {"nobody_shared": True}


@split.check(
    "fraction", 0.25, "how many speakers", "combien de locuteurs",
    asked=("test_fraction of the speakers, at least one on each side",
           "test_fraction des locuteurs, au moins un de chaque côté"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    """Twice a number to be rounded down, twice up; one side that would be empty, then the other.

    Each speaker has so many clips that all are on both sides if clips are drawn, and one has as many as
    all others together.
    """
    cases = [(2, 0.2), (3, 0.99)]
    for i, n in enumerate(draw.rng.permutation(np.arange(11, 31))[:4].tolist()):
        rest = draw.rng.uniform(*((0.1, 0.4), (0.6, 0.9))[i % 2])
        cases.append((n, round((int(draw.rng.integers(n // 4, n // 3 + 1)) + rest) / n, 4)))
    found = {}
    for n, fraction in cases:
        clips_each = draw.rng.permutation([40] * (n - 1) + [40 * n])
        speakers, (both,) = splits(draw, student, (3,), n, fraction, clips_each)
        found[f"test_speakers_of_{n}"] = student.np.size(people(student, speakers, both[1]))
    return student.probe(**found)


@split.check(
    "seed", 0.25, "the seed decides", "la graine décide",
    asked=("same seed, same split; another seed, another split",
           "même graine, même séparation ; autre graine, autre séparation"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    seed = int(draw.rng.integers(1000))
    _, found = splits(draw, student, (seed, seed, seed + 1, seed + 2), 24, 0.5)
    same, second, third = (student.np.array_equal(found[0][1], other[1]) for other in found[1:])
    return student.probe(
        same_seed=same, other_seed=second, yet_another_seed=third,
        clips=student.np.size(student.np.concatenate([found[0][0], found[0][1]])),
    ), {"same_seed": True, "other_seed": False, "yet_another_seed": False}  # fmt: skip


split.slip(
    "split-by-clip",
    "clips are drawn, not speakers: the same voices are on both sides",
    "ce sont des extraits qui sont tirés, pas des locuteurs : les mêmes voix sont des deux côtés",
    ("held = np.isin(speakers, names[:count])",
     "held = np.random.default_rng(seed).random(len(speakers)) < test_fraction"),
    hint=[
        ("look at what is drawn: clips or speakers?",
         "regardez ce qui est tiré : des extraits ou des locuteurs ?"),
        ("print the intersection of the speakers of both parts",
         "affichez l'intersection des locuteurs des deux parties"),
        ("draw among the different names; a clip follows its speaker",
         "tirez parmi les noms différents ; un extrait suit son locuteur"),
    ],
    loses=["disjoint", "fraction"],
    mutant="""
def split_by_speaker(speakers, test_fraction, seed):
    order = np.random.default_rng(seed).permutation(len(speakers))
    cut = max(1, round(test_fraction * len(speakers)))
    return np.sort(order[cut:]), np.sort(order[:cut])
""",
)  # fmt: skip
split.slip(
    "train-and-test-exchanged",
    "training and test are exchanged",
    "entraînement et test sont échangés",
    ("np.flatnonzero(~held), np.flatnonzero(held)", "np.flatnonzero(held), np.flatnonzero(~held)"),
    hint=[
        ("look at the order of what you return",
         "regardez l'ordre de ce que vous rendez"),
        ("with test_fraction = 0.1, which of your two parts is the small one?",
         "avec test_fraction = 0,1, laquelle de vos deux parties est la petite ?"),
        ("training first, test second",
         "l'entraînement d'abord, le test ensuite"),
    ],
    loses=["fraction"],
    mutant=[
        ("return np.flatnonzero(~held), np.flatnonzero(held)",
         "return np.where(held)[0], np.where(~held)[0]"),
    ],
)  # fmt: skip
split.slip(
    "speakers-rounded-down",
    "the number of test speakers is rounded down, not to the nearest whole number",
    "le nombre de locuteurs de test est arrondi par défaut, pas au plus proche",
    ("round(test_fraction * len(names))", "int(test_fraction * len(names))"),
    hint=[
        ("look at how the number of test speakers becomes whole",
         "regardez comment le nombre de locuteurs de test devient entier"),
        ("what does int make of 5.8? which whole number is nearest?",
         "que fait int de 5,8 ? quel est l'entier le plus proche ?"),
        ("round to the nearest instead of cutting off",
         "arrondissez au plus proche au lieu de tronquer"),
    ],
    loses=["fraction"],
    mutant=[("round(test_fraction * len(names))", "test_fraction * len(names) // 1")],
)  # fmt: skip
split.slip(
    "speakers-rounded-up",
    "the number of test speakers is rounded up, not to the nearest whole number",
    "le nombre de locuteurs de test est arrondi par excès, pas au plus proche",
    ("round(test_fraction * len(names))", "np.ceil(test_fraction * len(names))"),
    hint=[
        ("look at how the number of test speakers becomes whole",
         "regardez comment le nombre de locuteurs de test devient entier"),
        ("how many speakers are 0.3 of 11? which whole number is nearest?",
         "combien de locuteurs font 0,3 de 11 ? quel est l'entier le plus proche ?"),
        ("round to the nearest instead of upwards",
         "arrondissez au plus proche au lieu d'arrondir par excès"),
    ],
    loses=["fraction"],
    mutant=[("round(test_fraction * len(names))", "-(-test_fraction * len(names) // 1)")],
)  # fmt: skip
split.slip(
    "no-speaker-left",
    "with a small or large fraction one side is empty",
    "avec une petite ou une grande fraction, un côté est vide",
    ("int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))",
     "round(test_fraction * len(names))"),
    hint=[
        ("look at the smallest and the largest number of test speakers",
         "regardez le plus petit et le plus grand nombre de locuteurs de test"),
        ("two speakers and a fraction of 0.1, three and 0.99: how many are on each side?",
         "deux locuteurs et une fraction de 0,1, trois et 0,99 : combien de chaque côté ?"),
        ("keep the number between 1 and all but one",
         "gardez le nombre entre 1 et tous sauf un"),
    ],
    loses=["fraction"],
    mutant=[
        ("int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))",
         "int(test_fraction * len(names) + 0.5)"),
    ],
)  # fmt: skip
split.slip(
    "seed-ignored",
    "the seed does nothing: the split is always the same",
    "la graine ne sert à rien : la séparation est toujours la même",
    ("np.random.default_rng(seed).permutation(np.unique(speakers))", "np.unique(speakers)"),
    hint=[
        ("look for `seed` in your code",
         "cherchez `seed` dans votre code"),
        ("call it with seeds 1, 2 and 3: are the test speakers the same?",
         "appelez-la avec les graines 1, 2 et 3 : les locuteurs de test sont-ils les mêmes ?"),
        ("draw the order from a generator that is made from the seed",
         "tirez l'ordre d'un générateur fait à partir de la graine"),
    ],
    loses=["seed"],
    mutant=[
        ("np.random.default_rng(seed).permutation(np.unique(speakers))",
         "np.random.default_rng(0).permutation(np.unique(speakers))"),
    ],
)  # fmt: skip
split.mutant(
    "leaky-study",
    ["disjoint", "fraction", "leakage.speaker"],
    """
def split_by_speaker(speakers, test_fraction, seed):
    order = np.random.default_rng(seed).permutation(len(speakers))
    cut = int(np.ceil(test_fraction * len(speakers)))
    return order[cut:], order[:cut]
""",
    named="speakers-on-both-sides",
    retrain=("probe_speaker",),
    may=("split-by-clip",),
)

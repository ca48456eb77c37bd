"""1.1 to 1.4 of TP2: from tweets to windows of numbers."""

from __future__ import annotations

import numpy as np
from lab import END, LETTERS, alphabet, lab, some_text, symbols

from grader.authoring import Draw, Student, numpy_array

# ------------------------------------------------------------------ 1.1 vocabulary

vocabulary = lab.exercise("vocabulary", "1.1", "Vocabulary", "Vocabulaire", "build_vocabulary")


@vocabulary.check(
    "symbols", 1.0, "symbols in order", "symboles dans l'ordre",
    asked=("PAD, UNKNOWN, END, then each character once, sorted",
           "PAD, UNKNOWN, END, puis chaque caractère une fois, triés"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    characters = alphabet(draw, 12)
    texts = [some_text(draw, characters, n) for n in (9, 1, 14, 6)]
    with_end = ["".join(reversed(characters)) + END, "zé" + END]
    return student.probe(
        out=student.build_vocabulary(texts), with_end=student.build_vocabulary(with_end)
    )


vocabulary.slip(
    "vocabulary-unsorted",
    "the characters come in order of appearance, not sorted",
    "les caractères sont dans l'ordre d'apparition, pas triés",
    ('*sorted(set("".join(texts)) - {END})',
     '*(c for c in dict.fromkeys("".join(texts)) if c != END)'),
    hint=[
        ("print the first ten characters after END",
         "affichez les dix premiers caractères après END"),
        ("build_vocabulary([\"ba\"]) and build_vocabulary([\"ab\"]) must be equal: are they?",
         "build_vocabulary([\"ba\"]) et build_vocabulary([\"ab\"]) doivent être égaux : le sont-ils ?"),
        ("put the different characters in increasing order before numbering them",
         "mettez les caractères différents dans l'ordre croissant avant de les numéroter"),
    ],
    loses=["symbols"],
    mutant="""
def build_vocabulary(texts):
    found = [PAD, UNKNOWN, END]
    for text in texts:
        for character in text:
            if character not in found:
                found.append(character)
    return found
""",
)  # fmt: skip
vocabulary.slip(
    "no-special-symbols",
    "the three special symbols are missing",
    "les trois symboles à part manquent",
    ('[PAD, UNKNOWN, END, *sorted(set("".join(texts)) - {END})]',
     'sorted(set("".join(texts)) - {END})'),
    hint=[
        ("look at the first three symbols of your list",
         "regardez les trois premiers symboles de votre liste"),
        ("which number does encode give to a character never seen, and which symbol has that number in your list?",
         "quel numéro encode donne-t-il à un caractère jamais vu, et quel symbole a ce numéro chez vous ?"),
        ("PAD, UNKNOWN and END come before the characters of the texts",
         "PAD, UNKNOWN et END viennent avant les caractères des textes"),
    ],
    loses=["symbols"],
    mutant="""def build_vocabulary(texts):
    return sorted({c for t in texts for c in t if c != '\\n'})
""",
)  # fmt: skip
vocabulary.slip(
    "end-twice",
    "END is there twice when the texts hold it",
    "END y est deux fois quand les textes le contiennent",
    (" - {END}", ""),
    hint=[
        ("print how many times END occurs in your list",
         "comptez combien de fois END est dans votre liste"),
        ("try a text that holds a line feed: \"a\\nb\"",
         "essayez un texte qui contient un saut de ligne : \"a\\nb\""),
        ("END has its place already: take it out of the characters of the texts",
         "END a déjà sa place : retirez-le des caractères des textes"),
    ],
    loses=["symbols"],
    mutant="""def build_vocabulary(texts):
    letters = {c for t in texts for c in t}
    return [PAD, '\\ufffd', '\\n'] + sorted(letters)
""",
)  # fmt: skip

# ------------------------------------------------------------------ 1.2 encode, decode

encode = lab.exercise("encode", "1.2", "Encode and decode", "Coder et décoder", "encode", "decode")


@encode.check(
    "ids", 0.5, "characters to numbers", "caractères vers nombres",
    asked=("places in the vocabulary, whole numbers; 1 for a character never seen; the empty text too",
           "places dans le vocabulaire, des entiers ; 1 pour un caractère jamais vu ; le texte vide aussi"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    known = symbols(draw, 9)
    text = some_text(draw, known[2:], 13)
    return student.probe(
        out=student.encode(text, known),
        unseen=student.encode("é" + text[:4] + "漢😀" + text[4:7], known),
        empty=student.encode("", known),
        # numbers of rows, not measures: 3.0 is the place of nothing
        places=student.np.take(numpy_array(np.arange(len(known))), student.encode(text, known)),
    )


@encode.check(
    "round_trip", 0.5, "numbers to characters", "nombres vers caractères",
    asked=("decode gives the text back", "decode rend le texte"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    known = symbols(draw, 8)
    ids = draw.integers(2, len(known), 17)
    return student.probe(
        out=student.decode(numpy_array(ids), known),
        empty=student.decode([], known),
        unknown=student.decode([1, 3], known),
    )


encode.slip(
    "unknown-dropped",
    "characters that were never seen disappear",
    "les caractères jamais vus disparaissent",
    ("number.get(c, UNKNOWN_ID) for c in text", "number[c] for c in text if c in number"),
    hint=[
        ("compare the length of the text with that of the numbers",
         "comparez la longueur du texte à celle des nombres"),
        ("encode \"aéb\" with a vocabulary that lacks é: three numbers must come",
         "codez « aéb » avec un vocabulaire sans é : il faut trois nombres"),
        ("a character that is not there gets the number of UNKNOWN instead of being skipped",
         "un caractère absent reçoit le numéro d'UNKNOWN au lieu d'être sauté"),
    ],
    loses=["ids"],
    mutant=[("for c in text]", "for c in text if c in vocabulary]")],
)  # fmt: skip
encode.slip(
    "unknown-is-padding",
    "characters that were never seen become PAD",
    "les caractères jamais vus deviennent PAD",
    ("number.get(c, UNKNOWN_ID)", "number.get(c, PAD_ID)"),
    hint=[
        ("look at the number that stands for a character never seen",
         "regardez le numéro d'un caractère jamais vu"),
        ("decode(encode(\"é\", …)): which symbol comes back?",
         "decode(encode(\"é\", …)) : quel symbole revient ?"),
        ("padding counts for nothing later on; an unknown character must count: use its own symbol",
         "le remplissage ne comptera pas ; un inconnu doit compter : utilisez son propre symbole"),
    ],
    loses=["ids"],
    mutant=[("number.get(c, UNKNOWN_ID)", "number[c] if c in number else 0")],
)  # fmt: skip
encode.mutant(  # an exception alone earns no name
    "unknown-raises", ["ids"], [("number.get(c, UNKNOWN_ID)", "number[c]")], named=""
)

# ------------------------------------------------------------------ 1.3 split

split = lab.exercise("split", "1.3", "Past and future", "Passé et futur", "split_by_date")


@split.check(
    "newest", 1.0, "newest held out", "les plus récents à part",
    asked=("by date, oldest first, no text on both sides",
           "par date, du plus ancien au plus récent, aucun texte des deux côtés"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    days = draw.rng.permutation(300)[:24]
    dates = [str(np.datetime64("2015-01-01") + int(d)) + "T08:00:00Z" for d in days]
    texts = [some_text(draw, list(LETTERS), 8) for _ in dates]
    quarter = student.split_by_date(dates[:20], texts[:20], 0.25)
    tenth = student.split_by_date(dates[:20], texts[:20])
    return student.probe(train=quarter[0], test=quarter[1], tenth_test=tenth[1])


split.slip(
    "overlapping-train-test",
    "test texts are among the training texts too",
    "des textes de test sont aussi dans l'entraînement",
    ("in_order[: len(texts) - held_out], in_order", "in_order, in_order"),
    hint=[
        ("look at where the training part ends",
         "regardez où finit la partie d'entraînement"),
        ("print set(train) & set(test): what is in both?",
         "affichez set(train) & set(test) : qu'y a-t-il dans les deux ?"),
        ("the training part stops where the test begins",
         "l'entraînement s'arrête là où le test commence"),
    ],
    loses=["newest"],
    mutant="""
def split_by_date(dates, texts, test_fraction=0.1):
    pairs = sorted(zip(dates, texts))
    ordered = [text for _, text in pairs]
    return ordered, ordered[-int(round(len(ordered) * test_fraction)):]
""",
)  # fmt: skip
split.slip(
    "oldest-held-out",
    "the oldest texts are held out, not the newest",
    "ce sont les plus anciens qui sont mis à part",
    ("in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]",
     "in_order[held_out:], in_order[:held_out]"),
    hint=[
        ("look at which end of the sorted texts is held out",
         "regardez quel bout des textes triés est mis à part"),
        ("print the smallest and the largest date of both parts",
         "affichez la plus petite et la plus grande date des deux parties"),
        ("a model is to be tried on the future: hold out the end",
         "un modèle s'essaie sur l'avenir : mettez la fin à part"),
    ],
    loses=["newest"],
    mutant=[
        ("return in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]",
         "return in_order[held_out:], in_order[0:held_out]"),
    ],
)  # fmt: skip
split.slip(
    "not-sorted-by-date",
    "the texts are cut in the order in which they came, not by date",
    "les textes sont coupés dans leur ordre d'arrivée, pas par date",
    ("in_order = [texts[i] for i in order]", "in_order = list(texts)"),
    hint=[
        ("look for what you do with `dates`",
         "cherchez ce que vous faites de `dates`"),
        ("try dates [\"2017\", \"2015\"] and texts [\"new\", \"old\"]: which one comes first?",
         "essayez les dates [\"2017\", \"2015\"] et les textes [\"new\", \"old\"] : lequel vient en premier ?"),
        ("sort the texts by their dates before cutting",
         "triez les textes par date avant de couper"),
    ],
    loses=["newest"],
    mutant="""
def split_by_date(dates, texts, test_fraction=0.1):
    cut = len(texts) - round(len(texts) * test_fraction)
    return texts[:cut], texts[cut:]
""",
)  # fmt: skip
split.mutant(
    "shuffled-split",
    ["newest"],
    [('np.argsort(dates, kind="stable")', "np.random.default_rng(0).permutation(len(dates))")],
    named="",
)

# ------------------------------------------------------------------ 1.4 windows

windows = lab.exercise(
    "windows", "1.4", "Windows", "Fenêtres", "make_windows",
    read=("section 1.4: “Hello ” → “ello w”", "partie 1.4 : « Hello » → « ello w »"),
)  # fmt: skip


def numbers(draw: Draw, size: int) -> dict[str, np.ndarray]:
    """A stream in which no number comes twice."""
    return numpy_array(draw.rng.permutation(size).astype(np.int32))


@windows.check(
    "shift", 1.0, "one step later", "un cran plus loin",
    asked=("targets[i, j] is the symbol after inputs[i, j], also for the last j",
           "targets[i, j] est le symbole qui suit inputs[i, j], aussi pour le dernier j"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    count, length, left = draw.sizes(3, 3, 9)
    pair = student.make_windows(numbers(draw, count * length + 1 + left % (length - 1)), length)
    return student.probe(inputs=pair[0], targets=pair[1])


@windows.check(
    "count", 0.5, "number of windows", "nombre de fenêtres",
    asked=("(N − 1) // L, when N is a multiple of L and when N − 1 is",
           "(N − 1) // L, quand N est multiple de L et quand N − 1 l'est"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    count, length = draw.sizes(2, 3, 9)
    pair = student.make_windows(numbers(draw, count * length), length)
    other = student.make_windows(numbers(draw, count * length + 1), length)
    return student.probe(inputs=pair[0], targets=pair[1], full=other[1])


windows.slip(
    "target-not-shifted",
    "the target is the input itself",
    "la cible est l'entrée elle-même",
    ("ids[1 : n * length + 1]", "ids[: n * length]"),
    hint=[
        ("print inputs[0] and targets[0]",
         "affichez inputs[0] et targets[0]"),
        ("“Hello ” must give “ello w”: what is yours?",
         "« Hello » doit donner « ello w » : et chez vous ?"),
        ("the targets begin one symbol later in `ids`",
         "les cibles commencent un symbole plus loin dans `ids`"),
    ],
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    x = np.stack([ids[i * length : (i + 1) * length] for i in range(n)])
    return x, x.copy()
""",
)  # fmt: skip
windows.slip(
    "inputs-and-targets-swapped",
    "inputs and targets are swapped: the past is to be predicted",
    "entrées et cibles sont échangées : c'est le passé qu'il faudrait prédire",
    ("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)",
     "return ids[1 : n * length + 1].reshape(n, length), ids[: n * length].reshape(n, length)"),
    hint=[
        ("look at the order of what you return",
         "regardez l'ordre de ce que vous rendez"),
        ("print decode of inputs[0] and of targets[0]: which comes first in the text?",
         "affichez decode de inputs[0] et de targets[0] : lequel vient d'abord dans le texte ?"),
        ("the past is the input, the symbol after it the target",
         "le passé est l'entrée, le symbole qui suit est la cible"),
    ],
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    y = np.stack([ids[i * length : (i + 1) * length] for i in range(n)])
    x = np.stack([ids[i * length + 1 : (i + 1) * length + 1] for i in range(n)])
    return x, y
""",
)  # fmt: skip
windows.slip(
    "shift-by-two",
    "the target is two symbols later",
    "la cible est deux symboles plus loin",
    ("n = (len(ids) - 1) // length", "n = (len(ids) - 2) // length"),
    ("ids[1 : n * length + 1]", "ids[2 : n * length + 2]"),
    hint=[
        ("print inputs[0] and targets[0]",
         "affichez inputs[0] et targets[0]"),
        ("for ids 0, 1, 2, 3, … the target of 0 must be 1: what is yours?",
         "pour ids 0, 1, 2, 3, … la cible de 0 doit être 1 : et chez vous ?"),
        ("shift by one symbol, once: inputs stay where they are",
         "décalez d'un symbole, une seule fois : les entrées restent en place"),
    ],
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    x, y = ids[:-2], ids[2:]
    n = len(x) // length
    return np.reshape(x[: n * length], (-1, length)), np.reshape(y[: n * length], (-1, length))
""",
)  # fmt: skip
windows.slip(
    "last-target-wrong",
    "the last target of each window is the window's own first symbol",
    "la dernière cible de chaque fenêtre est son propre premier symbole",
    ("ids[1 : n * length + 1].reshape(n, length)",
     "np.roll(ids[: n * length].reshape(n, length), -1, axis=1)"),
    hint=[
        ("look at the last target of a window, and at the first input of the next one",
         "regardez la dernière cible d'une fenêtre, et la première entrée de la suivante"),
        ("for ids 0 … 6 and L = 3 the first targets must be 1, 2, 3: what is your last one?",
         "pour ids 0 … 6 et L = 3, les premières cibles sont 1, 2, 3 : quelle est votre dernière ?"),
        ("shift the whole text before cutting it, instead of turning each window",
         "décalez tout le texte avant de le couper, au lieu de faire tourner chaque fenêtre"),
    ],
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    x = ids[: n * length].reshape(n, length)
    return x, np.concatenate([x[:, 1:], x[:, :1]], axis=1)
""",
)  # fmt: skip
windows.slip(
    "one-window-short",
    "a window is lost: (N − 1) // L − 1 of them",
    "il manque une fenêtre : (N − 1) // L − 1",
    ("n = (len(ids) - 1) // length", "n = (len(ids) - 1) // length - 1"),
    hint=[
        ("print how many windows come",
         "affichez combien de fenêtres sortent"),
        ("7 symbols and L = 3 give two windows: how many have you?",
         "7 symboles et L = 3 donnent deux fenêtres : combien en avez-vous ?"),
        ("the last window needs one symbol after it, not a whole window",
         "la dernière fenêtre n'a besoin que d'un symbole après elle, pas d'une fenêtre entière"),
    ],
    loses=["shift", "count"],
    mutant=[("(len(ids) - 1) // length", "(len(ids) - 1 - length) // length")],
)  # fmt: skip
windows.slip(
    "overlapping-windows",
    "the windows overlap: one begins at every symbol",
    "les fenêtres se chevauchent : une commence à chaque symbole",
    ("n = (len(ids) - 1) // length",
     "view = np.lib.stride_tricks.sliding_window_view(ids, length)"),
    ("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)",
     "return view[:-1], view[1:]"),
    hint=[
        ("print the first two rows of the inputs",
         "affichez les deux premières lignes des entrées"),
        ("for ids 0 … 6 and L = 3 the second row must be 3, 4, 5: what is yours?",
         "pour ids 0 … 6 et L = 3, la deuxième ligne doit être 3, 4, 5 : et chez vous ?"),
        ("windows lie side by side: each begins where the one before ended",
         "les fenêtres sont côte à côte : chacune commence où finit la précédente"),
    ],
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    view = np.lib.stride_tricks.sliding_window_view(ids, length)
    return view[:-1], view[1:]
""",
)  # fmt: skip

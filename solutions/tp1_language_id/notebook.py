# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown] lang="fr"
# # TP1 · Quelle langue parle-t-on ? Un LSTM sur des spectrogrammes Mel
#
# Trois secondes de son, cinq langues possibles. Vous allez transformer un signal en **spectrogramme**, le donner
# pas à pas à un réseau récurrent, et obtenir une langue. Puis vous apprendrez à vous méfier de votre propre
# résultat : avec les mêmes enregistrements, le même réseau peut sembler presque parfait ou deviner au hasard,
# selon la façon de séparer l'entraînement du test.
#
# ![Un signal de 48 000 échantillons, son spectrogramme log-Mel de 200 trames et 100 bandes, et le même LSTM appliqué à chaque trame ; son état h passe d'une trame à la suivante, le dernier entre dans une couche dense qui donne cinq probabilités, la plus haute pour le français](figures/network.fr.svg)
#
# **À la fin, vous saurez** faire et lire un spectrogramme, compter les poids d'un LSTM, mesurer un classifieur
# sans vous tromper vous-même, et voir ce qu'il écoute.
#
# **Temps et points.** Environ 3 h, 20 points : 1 le son (45 min) · 2 les données (45 min) · 3 le réseau (55 min) ·
# 4 ce qu'il écoute (15 min) · 5, 6 la fuite, le réel (30 min) · 7 questions d'examen (5 min) · 8 bonus (40 min).
# Calcul : une minute pour le LSTM sur deux cœurs, autant pour le bonus.
#
# ### Comment travailler
#
# 1. **Un trou** est une ligne `raise todo("…")` : mettez votre code à sa place et exécutez la cellule ; la
#    suite s'exécute même s'il reste des trous.
# 2. **Vérifiez** avec `lab.check("clip")`, qui nomme l'erreur probable ; avant une exécution, notez
#    votre pronostic dans `lab.predict(…)` : il est scellé, puis confronté au résultat, jamais noté.
# 3. **Bloqué ?** `lab.hint("clip")` donne un indice de plus à chaque appel ; l'aide repliée part de ce
#    que vous observez.
# 4. **Après un redémarrage**, exécutez les cellules du haut ; `lab.progress()` retrouve points et réponses,
#    `lab.restore("classifier", model)` un réseau entraîné.
# 5. **Pour rendre** : `lab.selfcheck()` exécute tout à neuf, comme à la correction, puis `lab.submit()` fait
#    l'unique fichier à rendre.
#
# Chaque exercice dit son importance et sa difficulté (de ●○○○○ à ●●●●●) et sa durée.

# %% [markdown] lang="en"
# # TP1 · Which language is spoken? An LSTM on Mel spectrograms
#
# Three seconds of sound, five possible languages. You will turn a signal into a **spectrogram**, hand it step by
# step to a recurrent network, and get a language. Then you will learn to distrust your own result: with the same
# recordings, the same network can look almost perfect or guess at random, depending on how training and test were
# separated.
#
# ![A signal of 48,000 samples, its log-Mel spectrogram of 200 frames and 100 bands, and the same LSTM applied to each frame; its state h passes from frame to frame, the last one enters a dense layer that gives five probabilities, the highest for French](figures/network.en.svg)
#
# **In the end you will be able to** make and read a spectrogram, count an LSTM's weights, measure a classifier
# without fooling yourself, and see what it listens to.
#
# **Time and points.** About 3 hours, 20 points: 1 sound (45 min) · 2 data (45 min) · 3 the network (55 min) ·
# 4 what it listens to (15 min) · 5, 6 leakage, real speech (30 min) · 7 exam questions (5 min) · 8 bonus (40 min).
# Computing: a minute for the LSTM on two cores, as much for the bonus.
#
# ### How to work
#
# 1. **A hole** is a line `raise todo("…")`: put your code in its place and run the cell; what follows runs
#    even while holes are open.
# 2. **Check** with `lab.check("clip")`, which names the likely mistake; before a run, note your
#    prediction in `lab.predict(…)`: it is sealed, then held against the result, never graded.
# 3. **Stuck?** `lab.hint("clip")` gives one more hint per call; the folded help starts from what you see.
# 4. **After a restart**, run the cells from the top; `lab.progress()` finds points and answers again,
#    `lab.restore("classifier", model)` a trained network.
# 5. **To hand in**: `lab.selfcheck()` runs everything afresh, as grading will, then `lab.submit()` makes the
#    one file to hand in.
#
# Every exercise tells its importance and difficulty (from ●○○○○ to ●●●●●) and its minutes.

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("tp1_language_id", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("tp1_language_id", lang="en")

# %% role="setup"
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Audio, display
from keras import layers

LANGUAGES = ("de", "en", "es", "fr", "it")
RATE = 16_000  # samples per second
### FR RATE = 16_000  # échantillons par seconde
SAMPLES = 48_000  # 3 s
FRAME, HOP, FFT = 512, 240, 1024  # samples: window, step between windows, Fourier transform
### FR FRAME, HOP, FFT = 512, 240, 1024  # échantillons : fenêtre, pas entre fenêtres, transformée de Fourier
BANDS, LOWEST, HIGHEST = 100, 60.0, 7600.0  # Mel bands, and the range in Hz that they cover
### FR BANDS, LOWEST, HIGHEST = 100, 60.0, 7600.0  # bandes Mel, et l'étendue en Hz qu'elles couvrent
FLOOR = 1e-6  # power below which there is only silence
### FR FLOOR = 1e-6  # puissance sous laquelle il n'y a que du silence
SEED = 1

# %% role="setup"
#@title Helpers: read the clips, draw a spectrogram
### FR #@title Aides : lire les extraits, dessiner un spectrogramme
import functools
import io

import soundfile

tf.get_logger().setLevel("ERROR")  # a new model for each check is no mistake: no word about retracing
### FR tf.get_logger().setLevel("ERROR")  # un modèle neuf par vérification n'est pas une faute : rien sur le « retracing »


def decode(stream, clips=None):
    """The clips of an Ogg stream: float32 (n, 48000), in [−1, 1], at 16 kHz.

    Args:
        stream: the file's bytes, uint8.
        clips: how many to read from the beginning; all if None.
    """
    ### FR """Les extraits d'un flux Ogg : float32 (n, 48000), dans [−1, 1], à 16 kHz.
    ### FR
    ### FR Arguments :
    ### FR     stream : les octets du fichier, uint8.
    ### FR     clips : combien en lire depuis le début ; tous si None.
    ### FR """
    frames = -1 if clips is None else clips * SAMPLES
    samples, _ = soundfile.read(io.BytesIO(stream.tobytes()), frames=frames, dtype="float32")
    return samples[: len(samples) // SAMPLES * SAMPLES].reshape(-1, SAMPLES)


def load_clips(part, each=None):
    """Clips of the lab: language → float32 (n, 48000).

    Args:
        part: "train" (440 per language) or "test" (50).
        each: how many of each language; all if None.
    """
    ### FR """Les extraits du TP : langue → float32 (n, 48000).
    ### FR
    ### FR Arguments :
    ### FR     part : "train" (440 par langue) ou "test" (50).
    ### FR     each : combien de chaque langue ; tous si None.
    ### FR """
    streams = lab.data("speech")
    return {language: decode(streams[f"{part}_{language}"], each) for language in LANGUAGES}


def measured(recording, curve):
    """The last value of a recorded curve; NaN if there is no such recording yet."""
    ### FR """La dernière valeur d'une courbe enregistrée ; NaN s'il n'y a pas encore d'enregistrement."""
    try:
        return lab.history(recording)[curve][-1]
    except Exception:
        return float("nan")


def show(spectrogram, title="", axis=None):
    """Draw a spectrogram (200, 100), time to the right, low bands at the bottom."""
    ### FR """Dessiner un spectrogramme (200, 100), le temps vers la droite, les graves en bas."""
    axis = axis or plt.subplots(figsize=(7, 2.6))[1]
    axis.imshow(np.asarray(spectrogram).T, origin="lower", aspect="auto", extent=(0, 3, 0, BANDS))
    axis.set(xlabel="seconds", ylabel="Mel band", title=title)
    ### FR axis.set(xlabel="secondes", ylabel="bande Mel", title=title)

# %% [markdown] lang="fr"
# ## Écouter
#
# La parole du TP est synthétique (eSpeak NG) : voix, accents, phrases, débits, hauteurs, micros et bruits
# varient ; on y dit des phrases, et des suites de mots courants. **Aucune voix, aucune phrase n'est
# commune** à l'entraînement (`train`), au test public (`test`) et au test caché sur lequel vous serez noté.
# Écoutez avant de calculer : qu'est-ce qui vous fait reconnaître une langue que vous ne parlez pas ?

# %% [markdown] lang="en"
# ## Listen
#
# The speech in this lab is synthetic (eSpeak NG): voices, accents, sentences, rates, pitches, microphones
# and noises vary; some speak sentences, some runs of common words. **No voice and no sentence is shared**
# by training (`train`), public test (`test`) and the hidden test on which you will be marked. Listen before
# you compute: what makes you recognise a language that you do not speak?

# %% role="show"
test_clips = load_clips("test")
for language in LANGUAGES:
    print(language, test_clips[language].shape)
    display(Audio(test_clips[language][3], rate=RATE))

# %% role="show"
time = np.arange(SAMPLES) / RATE
sound = test_clips["fr"][3]
loudest = np.argmax(np.convolve(sound**2, np.ones(800), "valid"))
loudest = slice(loudest, loudest + 800)
figure, axes = plt.subplots(2, 1, figsize=(9, 3.6))
axes[0].plot(time, sound, linewidth=0.3)
axes[1].plot(time[loudest] * 1000, sound[loudest], linewidth=0.8)
axes[0].set(xlabel="seconds", ylabel="signal", title="fr")
### FR axes[0].set(xlabel="secondes", ylabel="signal", title="fr")
axes[1].set(xlabel="milliseconds", ylabel="signal")
### FR axes[1].set(xlabel="millisecondes", ylabel="signal")
figure.tight_layout()
plt.show()

# %% [markdown] lang="fr"
# En bas, les 50 ms les plus fortes : le signal se répète presque, à la hauteur de la voix. Les 48 000 échantillons sont bien
# trop nombreux et trop sensibles (un léger décalage les change tous) pour être donnés au réseau.
#
# ## 1.1 Un extrait propre
#
# *importance ●●●○○ · difficulté ●●○○○ · 15 min*
#
# Les fichiers du monde réel arrivent dans tous les états. Mieux vaut une erreur claire qu'un réseau qui
# apprend n'importe quoi en silence.
#
# | ce qui arrive | ce qu'on fait |
# |---|---|
# | entiers signés (`int16`, …) | diviser par −minimum du type : −32768 devient −1 |
# | stéréo (n, 2) | moyenne des voies |
# | trop court | zéros **à la fin** |
# | trop long | les 3 **premières** secondes |
# | fréquence autre que 16 kHz | `ValueError` |
# | NaN ou infini, vide, plus de deux axes, entiers sans signe | `ValueError` |
# | silence | accepté : des zéros |

# %% [markdown] lang="en"
# Below, the loudest 50 ms: the signal almost repeats itself, at the pitch of the voice. 48,000 samples are far too
# many, and too touchy (a slight shift changes them all), to be handed to the network.
#
# ## 1.1 A clean clip
#
# *importance ●●●○○ · difficulty ●●○○○ · 15 min*
#
# Files of the real world come in every state. A clear error is better than a network that quietly learns
# nonsense.
#
# | what comes | what to do |
# |---|---|
# | signed integers (`int16`, …) | divide by −minimum of the type: −32768 becomes −1 |
# | stereo (n, 2) | mean of the channels |
# | too short | zeros **at the end** |
# | too long | the **first** 3 seconds |
# | a rate other than 16 kHz | `ValueError` |
# | NaN or infinite, empty, more than two axes, unsigned integers | `ValueError` |
# | silence | accepted: zeros |

# %% exercise="clip"
def prepare_clip(samples, rate):
    """Three seconds of mono sound at 16 kHz, from whatever was read.

    Args:
        samples: (n,) or (n, channels); floats in [−1, 1], or signed integers of any size.
        rate: samples per second.

    Returns:
        float32 (48000,).

    Raises:
        ValueError: a rate other than 16,000; nothing to hear (no samples); more than two axes;
            unsigned integers (silence is 128 in some of them, 0 in others); values that are not finite.
    """
    ### FR """Trois secondes de son mono à 16 kHz, à partir de ce qui a été lu.
    ### FR
    ### FR Arguments :
    ### FR     samples : (n,) ou (n, voies) ; nombres dans [−1, 1], ou entiers signés de toute taille.
    ### FR     rate : échantillons par seconde.
    ### FR
    ### FR Renvoie :
    ### FR     float32 (48000,).
    ### FR
    ### FR Erreurs :
    ### FR     ValueError : fréquence autre que 16 000 ; rien à entendre (aucun échantillon) ; plus de deux axes ;
    ### FR         entiers sans signe (le silence y vaut tantôt 128, tantôt 0) ; valeurs non finies.
    ### FR """
    ### BEGIN SOLUTION
    samples = np.asarray(samples)
    if rate != RATE:
        raise ValueError(f"rate {rate} Hz: {RATE} Hz are needed; resample first")
    if samples.ndim not in (1, 2) or samples.size == 0:
        raise ValueError(f"samples of shape {samples.shape}: (n,) or (n, channels) is needed")
    if samples.dtype.kind == "u":
        raise ValueError(f"samples are {samples.dtype}: signed integers or floats are needed")
    if samples.dtype.kind == "i":
        samples = samples / -float(np.iinfo(samples.dtype).min)
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if not np.isfinite(samples).all():
        raise ValueError("some samples are NaN or infinite")
    clip = np.zeros(SAMPLES, "float32")
    clip[: len(samples)] = samples[:SAMPLES]
    return clip
    ### END SOLUTION

# %%
lab.check("clip")

# %% [markdown] lang="fr"
# ## 1.2 Le spectrogramme log-Mel
#
# *importance ●●●●● · difficulté ●●●○○ · 30 min*
#
# Le son devient une image : le temps en lignes, les fréquences en colonnes.
#
# | étape | forme | comment |
# |---|---|---|
# | signal | (…, 48000) | |
# | fenêtres de 512 échantillons (32 ms), une tous les 240 (15 ms), fenêtre de Hann, complétées par des zéros à la fin | (…, 200, 512) | `tf.signal.stft` |
# | transformée de Fourier sur 1024 points | (…, 200, 513) | la même, `pad_end=True` |
# | **puissance** : module au carré | (…, 200, 513) | |
# | 100 bandes Mel de 60 à 7600 Hz | (…, 200, 100) | `tf.signal.linear_to_mel_weight_matrix` |
# | logarithme népérien de (puissance + `FLOOR`) | (…, 200, 100) | |
#
# **À prévoir** : combien de millisecondes séparent deux lignes ? Combien de nombres pour 3 s, contre 48 000 au
# départ ?
#
# L'échelle Mel suit l'oreille : fine dans les graves, large dans les aigus. Le logarithme aussi : un son dix
# fois plus puissant n'est pas dix fois plus fort à l'oreille.
#
# <details><summary>Ma forme est (100, 200)</summary>Le réseau lit une ligne par pas de temps : le temps doit
# être l'avant-dernier axe. Échanger deux axes, c'est <code>transpose</code> ; <code>reshape</code> range
# autrement les mêmes nombres, et mélange tout.</details>
#
# <details><summary>J'ai 198 ou 199 lignes</summary>Sans <code>pad_end</code>, la dernière fenêtre incomplète
# est abandonnée.</details>
#
# <details><summary>J'ai des −inf</summary>Que vaut le logarithme d'un silence ? D'où <code>FLOOR</code>.</details>

# %% [markdown] lang="en"
# ## 1.2 The log-Mel spectrogram
#
# *importance ●●●●● · difficulty ●●●○○ · 30 min*
#
# Sound becomes a picture: time in rows, frequencies in columns.
#
# | step | shape | how |
# |---|---|---|
# | signal | (…, 48000) | |
# | windows of 512 samples (32 ms), one every 240 (15 ms), Hann window, completed with zeros at the end | (…, 200, 512) | `tf.signal.stft` |
# | Fourier transform on 1024 points | (…, 200, 513) | the same, `pad_end=True` |
# | **power**: modulus squared | (…, 200, 513) | |
# | 100 Mel bands from 60 to 7600 Hz | (…, 200, 100) | `tf.signal.linear_to_mel_weight_matrix` |
# | natural logarithm of (power + `FLOOR`) | (…, 200, 100) | |
#
# **To predict**: how many milliseconds lie between two rows? How many numbers for 3 s, against 48,000 before?
#
# The Mel scale follows the ear: fine in the bass, coarse in the treble. So does the logarithm: a sound of
# ten times the power is not ten times as loud.
#
# <details><summary>My shape is (100, 200)</summary>The network reads one row per time step: time must be the
# axis before last. Swapping two axes is <code>transpose</code>; <code>reshape</code> lays the same numbers
# out otherwise, and scrambles everything.</details>
#
# <details><summary>I have 198 or 199 rows</summary>Without <code>pad_end</code>, the last, incomplete window is
# dropped.</details>
#
# <details><summary>I have −inf</summary>What is the logarithm of silence? Hence <code>FLOOR</code>.</details>

# %%
lab.predict("frames", [15, 20_000])  # milliseconds, numbers
### FR lab.predict("frames", [15, 20_000])  # millisecondes, nombres

# %% exercise="logmel"
def log_mel_spectrogram(waveform):
    """Log-Mel spectrogram: frames first, bands last.

    Args:
        waveform: sound at 16 kHz, float (…, n), in [−1, 1]; n = 48000 for a clip.

    Returns:
        float32 (…, ceil(n / 240), 100), so (200, 100) for a clip: natural logarithm of the power in
        each Mel band plus `FLOOR`. Bands are those of
        ``tf.signal.linear_to_mel_weight_matrix(100, 513, 16000, 60.0, 7600.0)``.
    """
    ### FR """Spectrogramme log-Mel : trames d'abord, bandes ensuite.
    ### FR
    ### FR Arguments :
    ### FR     waveform : son à 16 kHz, nombres (…, n), dans [−1, 1] ; n = 48000 pour un extrait.
    ### FR
    ### FR Renvoie :
    ### FR     float32 (…, ceil(n / 240), 100), donc (200, 100) pour un extrait : logarithme népérien de la puissance
    ### FR     de chaque bande Mel plus `FLOOR`. Les bandes sont celles de
    ### FR     ``tf.signal.linear_to_mel_weight_matrix(100, 513, 16000, 60.0, 7600.0)``.
    ### FR """
    ### BEGIN SOLUTION
    waveform = tf.cast(waveform, tf.float32)
    spectrum = tf.signal.stft(waveform, FRAME, HOP, FFT, pad_end=True)
    power = tf.abs(spectrum) ** 2
    mel = tf.signal.linear_to_mel_weight_matrix(BANDS, FFT // 2 + 1, RATE, LOWEST, HIGHEST)
    return tf.math.log(tf.matmul(power, mel) + FLOOR)
    ### END SOLUTION

# %%
lab.check("logmel")

# %% role="show"
numbers = int(np.size(log_mel_spectrogram(test_clips["fr"][3])))
why = "a window every 240 samples of 1/16,000 s; 48,000 / 240 = 200 rows of 100 bands"
### FR why = "une fenêtre tous les 240 échantillons de 1/16 000 s ; 48 000 / 240 = 200 lignes de 100 bandes"
lab.outcome("frames", [1000 * HOP / RATE, numbers], why)
figure, axes = plt.subplots(len(LANGUAGES), 1, figsize=(8, 11))
for language, axis in zip(LANGUAGES, axes):
    show(log_mel_spectrogram(test_clips[language][3]), language, axis)
figure.tight_layout()
plt.show()

# %% [markdown] lang="fr"
# Lisez ces images : les traits horizontaux sont les harmoniques de la voix, les taches leurs résonances
# (formants, donc voyelles), les colonnes claires du haut les consonnes sifflantes, les trous les occlusives.
# Certaines sont coupées dans les aigus : un « téléphone ». Les bandes Mel elles-mêmes, une sur dix :

# %% [markdown] lang="en"
# Read these pictures: horizontal lines are the harmonics of the voice, blobs its resonances (formants, hence
# vowels), bright columns at the top hissing consonants, gaps are stops. Some are cut off in the treble: a
# "telephone". The Mel bands themselves, one in ten:

# %% role="show"
mel = tf.signal.linear_to_mel_weight_matrix(BANDS, FFT // 2 + 1, RATE, LOWEST, HIGHEST).numpy()
hertz = np.arange(FFT // 2 + 1) * RATE / FFT
plt.figure(figsize=(8, 2.2))
plt.plot(hertz, mel[:, ::10], linewidth=0.9)
plt.xlabel("Hz")
plt.ylabel("weight in the band")
### FR plt.ylabel("poids dans la bande")
plt.show()

# %% [markdown] lang="fr"
# ## 2.1 Assembler sans rien mélanger
#
# *importance ●●●●○ · difficulté ●●○○○ · 10 min*
#
# Les extraits arrivent rangés par langue. Il faut un tableau de sons et un tableau d'étiquettes, **dans le
# même ordre**, battus ensemble : un lot ne doit pas contenir une seule langue. Mélanger l'un sans l'autre est
# l'erreur la plus coûteuse du métier : tout tourne, rien n'apprend.
#
# | | forme | type |
# |---|---|---|
# | `clips` : langue → extraits | (n_langue, samples) | float32 |
# | résultat `waveforms` | (somme des n, samples) | float32 |
# | résultat `labels` : rang de la langue dans l'ordre alphabétique des clés | (somme des n,) | entiers |

# %% [markdown] lang="en"
# ## 2.1 Assemble without scrambling
#
# *importance ●●●●○ · difficulty ●●○○○ · 10 min*
#
# Clips come language by language. What is needed: an array of sounds and an array of labels, **in the same
# order**, shuffled together, for a batch must not hold a single language. To shuffle one without the other is
# the trade's most expensive mistake: everything runs, nothing learns.
#
# | | shape | dtype |
# |---|---|---|
# | `clips`: language → clips | (n_language, samples) | float32 |
# | result `waveforms` | (sum of n, samples) | float32 |
# | result `labels`: the language's rank in the alphabetical order of the keys | (sum of n,) | integers |

# %% exercise="assemble"
def assemble(clips, seed):
    """Join the clips of all languages and shuffle them with their labels.

    Args:
        clips: dictionary, language → float32 (n, samples); n may differ.
        seed: whole number; the same seed gives the same order, another seed another one.

    Returns:
        (waveforms, labels): float32 (total, samples) and integers (total,), the rank of each clip's
        language among the sorted keys.
    """
    ### FR """Réunir les extraits de toutes les langues et les battre avec leurs étiquettes.
    ### FR
    ### FR Arguments :
    ### FR     clips : dictionnaire, langue → float32 (n, échantillons) ; n peut différer.
    ### FR     seed : entier ; la même graine donne le même ordre, une autre un autre.
    ### FR
    ### FR Renvoie :
    ### FR     (waveforms, labels) : float32 (total, échantillons) et entiers (total,), le rang de la langue de
    ### FR     chaque extrait parmi les clés triées.
    ### FR """
    ### BEGIN SOLUTION
    names = sorted(clips)
    waveforms = np.concatenate([clips[name] for name in names])
    labels = np.repeat(np.arange(len(names)), [len(clips[name]) for name in names])
    order = np.random.default_rng(seed).permutation(len(labels))
    return waveforms[order], labels[order]
    ### END SOLUTION

# %%
lab.check("assemble")

# %% [markdown] lang="fr"
# ## 2.2 Normaliser sans tricher
#
# *importance ●●●●● · difficulté ●●●○○ · 20 min*
#
# **D'abord, chaque extrait seul.** Un micro, une pièce, un timbre *multiplient* le spectre par une courbe qui ne
# change pas de tout l'extrait. Après le logarithme, c'est une constante *ajoutée* à chaque bande. Retirez de
# chaque bande sa moyenne sur le temps de l'extrait : la courbe disparaît, avec le volume (c'est le vieux
# « cepstral mean subtraction » de la reconnaissance vocale ; Atal, 1974). `centre` ne regarde rien d'autre que
# l'extrait : aucune fuite possible.
#
# **Ensuite, tous ensemble.** Chaque bande : moyenne 0, écart type 1. Moyennes et écarts viennent de
# l'**entraînement seul** : utiliser ceux du test, c'est déjà l'avoir regardé.
#
# | | forme |
# |---|---|
# | `centre(x)` : chaque extrait, chaque bande, moins sa moyenne sur le temps | celle de `x` |
# | `x_train`, spectrogrammes d'entraînement | (n, pas, bandes) |
# | `normaliser` = (moyennes, écarts types) de `x_train` | (bandes,), (bandes,) |
# | `prepare_sets` : signal → `log_mel_spectrogram` → `centre` → `normalise` | (n, 200, 100), (m, 200, 100) |
#
# Une bande qui ne varie jamais a un écart type nul : on le remplace par 1e-3 s'il est plus petit.
#
# **À prévoir** : après `centre`, que valent les moyennes que trouve `fit_normaliser` ?
#
# <details><summary>Quel axe est le temps ?</summary>L'avant-dernier, qu'il y ait un extrait (pas, bandes) ou
# plusieurs (n, pas, bandes) : <code>axis=-2</code>, et <code>keepdims=True</code> pour pouvoir
# soustraire.</details>

# %% [markdown] lang="en"
# ## 2.2 Normalise without cheating
#
# *importance ●●●●● · difficulty ●●●○○ · 20 min*
#
# **First, each clip by itself.** A microphone, a room, a voice's colour *multiply* the spectrum by a curve that
# stays the same all through the clip. After the logarithm, that is a constant *added* to each band. Take from
# each band its mean over the clip's time: the curve is gone, and the volume with it (speech recognition's old
# "cepstral mean subtraction"; Atal, 1974). `centre` looks at nothing but the clip itself: nothing can leak.
#
# **Then, all together.** Each band: mean 0, standard deviation 1. Means and deviations come from **training
# alone**: to use those of the test is to have looked at it already.
#
# | | shape |
# |---|---|
# | `centre(x)`: each band of each clip, minus its mean over time | that of `x` |
# | `x_train`, training spectrograms | (n, steps, bands) |
# | `normaliser` = (means, standard deviations) of `x_train` | (bands,), (bands,) |
# | `prepare_sets`: sound → `log_mel_spectrogram` → `centre` → `normalise` | (n, 200, 100), (m, 200, 100) |
#
# A band that never varies has a standard deviation of zero: where it is smaller than 1e-3, take 1e-3.
#
# **To predict**: after `centre`, what are the means that `fit_normaliser` finds?
#
# <details><summary>Which axis is time?</summary>The last but one, be it one clip (steps, bands) or several (n,
# steps, bands): <code>axis=-2</code>, and <code>keepdims=True</code> to be able to subtract.</details>

# %%
lab.predict("centred_means", 0)

# %% exercise="normalise"
def centre(x):
    """Take from each band of each clip its mean over time.

    Args:
        x: log-Mel spectrograms, float (…, steps, bands); not changed.

    Returns:
        float, the shape of `x`: the mean over steps is 0 in every band of every clip.
    """
    ### FR """Retirer de chaque bande de chaque extrait sa moyenne sur le temps.
    ### FR
    ### FR Arguments :
    ### FR     x : spectrogrammes log-Mel (…, pas, bandes) ; inchangés.
    ### FR
    ### FR Renvoie :
    ### FR     nombres, la forme de `x` : la moyenne sur les pas vaut 0 dans chaque bande de chaque extrait.
    ### FR """
    ### BEGIN SOLUTION
    x = np.asarray(x)
    return x - x.mean(axis=-2, keepdims=True)
    ### END SOLUTION


def fit_normaliser(x_train):
    """Mean and standard deviation of each band, over clips and time.

    Args:
        x_train: float (n, steps, bands), the training part and nothing else.

    Returns:
        (mean, std): float (bands,) each; std is at least 1e-3.
    """
    ### FR """Moyenne et écart type de chaque bande, sur les extraits et le temps.
    ### FR
    ### FR Arguments :
    ### FR     x_train : (n, pas, bandes), l'entraînement et rien d'autre.
    ### FR
    ### FR Renvoie :
    ### FR     (moyenne, écart type) : (bandes,) chacun ; l'écart type vaut au moins 1e-3.
    ### FR """
    ### BEGIN SOLUTION
    x_train = np.asarray(x_train)
    return x_train.mean(axis=(0, 1)), np.maximum(x_train.std(axis=(0, 1)), 1e-3)
    ### END SOLUTION


def normalise(x, normaliser):
    """Shift and scale each band.

    Args:
        x: float (…, bands).
        normaliser: (mean, std), as `fit_normaliser` gives them.

    Returns:
        float, the shape of `x`.
    """
    ### FR """Décaler et mettre à l'échelle chaque bande.
    ### FR
    ### FR Arguments :
    ### FR     x : (…, bandes).
    ### FR     normaliser : (moyenne, écart type), comme les rend `fit_normaliser`.
    ### FR
    ### FR Renvoie :
    ### FR     nombres, la forme de `x`.
    ### FR """
    ### BEGIN SOLUTION
    mean, std = normaliser
    return (np.asarray(x) - mean) / std
    ### END SOLUTION


def prepare_sets(train_waveforms, test_waveforms):
    """Centred and normalised log-Mel spectrograms of a training and a test set.

    Args:
        train_waveforms: float (n, 48000).
        test_waveforms: float (m, 48000).

    Returns:
        (x_train, x_test): float (n, 200, 100) and (m, 200, 100).
    """
    ### FR """Spectrogrammes log-Mel centrés et normalisés d'un entraînement et d'un test.
    ### FR
    ### FR Arguments :
    ### FR     train_waveforms : (n, 48000).
    ### FR     test_waveforms : (m, 48000).
    ### FR
    ### FR Renvoie :
    ### FR     (x_train, x_test) : (n, 200, 100) et (m, 200, 100).
    ### FR """
    ### BEGIN SOLUTION
    x_train = centre(log_mel_spectrogram(train_waveforms))
    x_test = centre(log_mel_spectrogram(test_waveforms))
    normaliser = fit_normaliser(x_train)
    return normalise(x_train, normaliser), normalise(x_test, normaliser)
    ### END SOLUTION

# %%
lab.check("normalise")

# %% role="show"
few = centre(log_mel_spectrogram(test_clips["fr"][:5]))
why = "each clip has mean 0 in each band already, and so has their mean; the deviations still matter"
### FR why = "chaque extrait a déjà une moyenne de 0 dans chaque bande, leur moyenne aussi ; les écarts types comptent encore"
lab.outcome("centred_means", float(np.abs(fit_normaliser(few)[0]).max()), why, within=0.01)

# %% [markdown] lang="fr"
# ## 2.3 Séparer par locuteur
#
# *importance ●●●●● · difficulté ●●●○○ · 15 min*
#
# Si une voix est des deux côtés, le test mesure aussi si le réseau reconnaît la *voix*. On tire donc au sort
# des **locuteurs**, pas des extraits.

# %% [markdown] lang="en"
# ## 2.3 Split by speaker
#
# *importance ●●●●● · difficulty ●●●○○ · 15 min*
#
# If a voice is on both sides, the test also measures whether the network recognises the *voice*. So draw
# **speakers** at random, not clips.

# %% exercise="split"
def split_by_speaker(speakers, test_fraction, seed):
    """Indices of a training and a test part that share no speaker.

    Args:
        speakers: speaker of each clip, strings (n,); some speakers have more clips than others.
        test_fraction: share of the *speakers* that go to the test, rounded to a whole number of them;
            at least one speaker is on each side.
        seed: whole number; the same seed gives the same split, another seed another one.

    Returns:
        (train, test): integer indices; every clip is in one of the two.
    """
    ### FR """Indices d'un entraînement et d'un test qui n'ont aucun locuteur commun.
    ### FR
    ### FR Arguments :
    ### FR     speakers : locuteur de chaque extrait, chaînes (n,) ; certains ont plus d'extraits que d'autres.
    ### FR     test_fraction : part des *locuteurs* qui va au test, arrondie à un nombre entier ; au moins un
    ### FR         locuteur de chaque côté.
    ### FR     seed : entier ; la même graine donne la même séparation, une autre une autre.
    ### FR
    ### FR Renvoie :
    ### FR     (train, test) : indices entiers ; chaque extrait est dans l'un des deux.
    ### FR """
    ### BEGIN SOLUTION
    speakers = np.asarray(speakers)
    names = np.random.default_rng(seed).permutation(np.unique(speakers))
    count = int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))
    held = np.isin(speakers, names[:count])
    return np.flatnonzero(~held), np.flatnonzero(held)
    ### END SOLUTION

# %%
lab.check("split")

# %% [markdown] lang="fr"
# ## 3.1 Compter avant de construire
#
# *importance ●●●●○ · difficulté ●●●○○ · 15 min*
#
# À chaque pas, un LSTM calcule quatre vecteurs (trois portes et un candidat), chacun à partir de l'entrée
# $x_t$ (taille *D*), de l'état précédent $h_{t-1}$ (taille *U*) et d'un biais, **avec ses propres poids** :
#
# $$i = \sigma(W_i x_t + U_i h_{t-1} + b_i) \qquad f = \sigma(W_f x_t + U_f h_{t-1} + b_f) \qquad o = \sigma(W_o x_t + U_o h_{t-1} + b_o)$$
#
# $$g = \tanh(W_c x_t + U_c h_{t-1} + b_c) \qquad c_t = f \odot c_{t-1} + i \odot g \qquad h_t = o \odot \tanh c_t$$
#
# ![Les poids d'un LSTM de Keras : kernel, recurrent_kernel et bias sont chacun quatre blocs de U colonnes côte à côte, dans l'ordre entrée, oubli, candidat, sortie](figures/gates.fr.svg)
#
# **Calculez à la main**, pour LSTM(128) sur des lignes de 100 bandes suivi d'une couche dense de 5 unités :
# combien de paramètres ? Et si, par erreur, on donnait le spectrogramme couché (100 pas de 200) ? Le nombre de
# *pas* intervient-il ?

# %% [markdown] lang="en"
# ## 3.1 Count before you build
#
# *importance ●●●●○ · difficulty ●●●○○ · 15 min*
#
# At every step an LSTM computes four vectors (three gates and a candidate), each from the input $x_t$ (size
# *D*), the previous state $h_{t-1}$ (size *U*) and a bias, **with weights of its own**:
#
# $$i = \sigma(W_i x_t + U_i h_{t-1} + b_i) \qquad f = \sigma(W_f x_t + U_f h_{t-1} + b_f) \qquad o = \sigma(W_o x_t + U_o h_{t-1} + b_o)$$
#
# $$g = \tanh(W_c x_t + U_c h_{t-1} + b_c) \qquad c_t = f \odot c_{t-1} + i \odot g \qquad h_t = o \odot \tanh c_t$$
#
# ![The weights of a Keras LSTM: kernel, recurrent_kernel and bias are each four blocks of U columns side by side, in the order input, forget, candidate, output](figures/gates.en.svg)
#
# **Work out by hand**, for LSTM(128) on rows of 100 bands followed by a dense layer of 5 units: how many
# parameters? And if the spectrogram were fed lying on its side (100 steps of 200) by mistake? Does the number
# of *steps* enter?

# %% exercise="counting"
def lstm_parameters(input_dim, units):
    """Number of parameters of an LSTM layer, worked out by hand.

    Args:
        input_dim: size of the input at each step.
        units: size of the state.

    Returns:
        int.
    """
    ### FR """Nombre de paramètres d'une couche LSTM, calculé à la main.
    ### FR
    ### FR Arguments :
    ### FR     input_dim : taille de l'entrée à chaque pas.
    ### FR     units : taille de l'état.
    ### FR
    ### FR Renvoie :
    ### FR     entier.
    ### FR """
    ### BEGIN SOLUTION
    return 4 * units * (input_dim + units + 1)
    ### END SOLUTION

# %%
lab.check("lstm_parameters")

# %% exercise="counts"
### BEGIN SOLUTION
### STUB lab.answer("parameters_model", None)  # LSTM(128) on 100 bands, and the dense layer of 5
### STUB lab.answer("parameters_swapped", None)  # the same, fed with 100 steps of 200
lab.answer("parameters_model", 117_893)
lab.answer("parameters_swapped", 169_093)
### END SOLUTION

# %% [markdown] lang="fr"
# ## 3.2 Le réseau
#
# *importance ●●●●● · difficulté ●●○○○ · 15 min*
#
# | couche | sortie | nom |
# |---|---|---|
# | entrée | (200, 100) | |
# | LSTM de 128 unités, **dernier état seulement** | (128,) | `lstm` |
# | dense, softmax | (num_languages,) | `languages` |
#
# Le modèle est rendu **compilé** : la perte qui convient à des étiquettes entières et à des probabilités, et Adam
# avec deux précautions. `clipnorm=1.0` : à travers 200 pas, un gradient peut exploser, on borne sa norme. Et un pas
# qui descend de 0,003 à 0 en 408 lots (6 époques) : `keras.optimizers.schedules.CosineDecay(3e-3, 408)`.
#
# <details><summary>Ma sortie a trois axes</summary>Elle donne une langue par pas de temps. Combien en
# veut-on par extrait ?</details>
#
# <details><summary>Shapes must match … en appelant <code>fit</code></summary>Vos étiquettes sont des rangs
# (0 à 4), pas des vecteurs de 0 et de 1 : il y a une perte pour chaque écriture.</details>

# %% [markdown] lang="en"
# ## 3.2 The network
#
# *importance ●●●●● · difficulty ●●○○○ · 15 min*
#
# | layer | output | name |
# |---|---|---|
# | input | (200, 100) | |
# | LSTM of 128 units, **last state only** | (128,) | `lstm` |
# | dense, softmax | (num_languages,) | `languages` |
#
# The model is returned **compiled**: the loss that suits integer labels and probabilities, and Adam with two
# precautions. `clipnorm=1.0`: through 200 steps a gradient may explode, so its norm is bounded. And a learning rate
# that goes from 0.003 down to 0 in 408 batches (6 epochs): `keras.optimizers.schedules.CosineDecay(3e-3, 408)`.
#
# <details><summary>My output has three axes</summary>It gives a language at every time step. How many do we
# want for a clip?</details>
#
# <details><summary>Shapes must match … when <code>fit</code> is called</summary>Your labels are ranks (0 to 4),
# not vectors of 0 and 1: each way of writing them has its own loss.</details>

# %% exercise="build"
def build_model(num_languages):
    """A compiled classifier of centred and normalised log-Mel spectrograms.

    Args:
        num_languages: number of classes.

    Returns:
        Keras model, (n, 200, 100) → probabilities (n, num_languages); layers `lstm` (128 units) and
        `languages`; compiled with Adam, a cross-entropy for integer labels, and accuracy.
    """
    ### FR """Un classifieur compilé de spectrogrammes log-Mel centrés et normalisés.
    ### FR
    ### FR Arguments :
    ### FR     num_languages : nombre de classes.
    ### FR
    ### FR Renvoie :
    ### FR     Modèle Keras, (n, 200, 100) → probabilités (n, num_languages) ; couches `lstm` (128 unités) et
    ### FR     `languages` ; compilé avec Adam, une entropie croisée pour étiquettes entières, et `accuracy`.
    ### FR """
    ### BEGIN SOLUTION
    model = keras.Sequential([
        keras.Input((200, BANDS)),
        layers.LSTM(128, name="lstm"),
        layers.Dense(num_languages, activation="softmax", name="languages"),
    ])
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, 408), clipnorm=1.0)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION

# %%
lab.check("build")

# %% role="show"
build_model(len(LANGUAGES)).summary()

# %% [markdown] lang="fr"
# ## 3.3 Mesurer
#
# *importance ●●●●○ · difficulté ●●○○○ · 15 min*
#
# La **matrice de confusion** compte : ligne = vraie langue, colonne = langue prédite. L'**exactitude
# équilibrée** est la moyenne, sur les langues *présentes*, de la part de leurs extraits qui est bien classée.
# Avec 90 extraits français et 10 allemands, répondre toujours « français » donne 0,90 d'exactitude, et 0,50
# d'exactitude équilibrée.

# %% [markdown] lang="en"
# ## 3.3 Measure
#
# *importance ●●●●○ · difficulty ●●○○○ · 15 min*
#
# The **confusion matrix** counts: row = true language, column = predicted language. **Balanced accuracy** is
# the mean, over the languages that are *present*, of the share of their clips that are classified correctly.
# With 90 French clips and 10 German ones, always answering "French" gives an accuracy of 0.90 and a balanced
# accuracy of 0.50.

# %% exercise="metrics"
def confusion_matrix(labels, predictions, num_languages):
    """Counts of true (row) against predicted (column) languages.

    Args:
        labels: integers (n,).
        predictions: integers (n,).
        num_languages: number of classes, also those that do not occur.

    Returns:
        integers (num_languages, num_languages).
    """
    ### FR """Comptes des langues vraies (lignes) et prédites (colonnes).
    ### FR
    ### FR Arguments :
    ### FR     labels : entiers (n,).
    ### FR     predictions : entiers (n,).
    ### FR     num_languages : nombre de classes, y compris celles qui n'apparaissent pas.
    ### FR
    ### FR Renvoie :
    ### FR     entiers (num_languages, num_languages).
    ### FR """
    ### BEGIN SOLUTION
    counts = np.zeros((num_languages, num_languages), int)
    np.add.at(counts, (np.asarray(labels), np.asarray(predictions)), 1)
    return counts
    ### END SOLUTION


def balanced_accuracy(labels, predictions):
    """Mean recall over the classes that occur in `labels`.

    Args:
        labels: integers (n,), n ≥ 1.
        predictions: integers (n,).

    Returns:
        float in [0, 1].
    """
    ### FR """Rappel moyen sur les classes présentes dans `labels`.
    ### FR
    ### FR Arguments :
    ### FR     labels : entiers (n,), n ≥ 1.
    ### FR     predictions : entiers (n,).
    ### FR
    ### FR Renvoie :
    ### FR     nombre dans [0, 1].
    ### FR """
    ### BEGIN SOLUTION
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    return float(np.mean([np.mean(predictions[labels == c] == c) for c in np.unique(labels)]))
    ### END SOLUTION

# %%
lab.check("metrics")

# %% [markdown] lang="fr"
# ## 3.4 Du son à la langue
#
# *importance ●●●○○ · difficulté ●●○○○ · 10 min*

# %% [markdown] lang="en"
# ## 3.4 From sound to language
#
# *importance ●●●○○ · difficulty ●●○○○ · 10 min*

# %% exercise="predict"
def predict_languages(model, waveforms, normaliser):
    """The most probable language of each clip.

    Args:
        model: Keras model, (n, 200, 100) → probabilities (n, classes).
        waveforms: float (n, 48000).
        normaliser: (mean, std) of the training set.

    Returns:
        integers (n,).
    """
    ### FR """La langue la plus probable de chaque extrait.
    ### FR
    ### FR Arguments :
    ### FR     model : modèle Keras, (n, 200, 100) → probabilités (n, classes).
    ### FR     waveforms : (n, 48000).
    ### FR     normaliser : (moyenne, écart type) de l'entraînement.
    ### FR
    ### FR Renvoie :
    ### FR     entiers (n,).
    ### FR """
    ### BEGIN SOLUTION
    x = normalise(centre(log_mel_spectrogram(waveforms)), normaliser)
    return np.argmax(model.predict(x, verbose=0), axis=-1)
    ### END SOLUTION

# %%
lab.check("predict")

# %% [markdown] lang="fr"
# ## 3.5 Entraîner
#
# *importance ●●●●● · difficulté ●●○○○ · 1 min de calcul*
#
# 440 extraits par langue. Les moyennes et les écarts types sont estimés sur les 30 premiers de chaque langue
# (7 minutes et demie de parole suffisent pour 200 nombres). Tout est préparé au premier appel, puis gardé : si vous
# changez quelque chose aux parties 1 ou 2, ré-exécutez d'abord la cellule qui suit ce texte.
#
# **La mémoire.** La porte d'oubli vaut $\sigma(b_f + \dots)$ ; Keras part de $b_f = 1$, soit 0,73. Que reste-t-il du
# début de l'extrait au bout de 200 pas ? $0{,}73^{200} \approx 5 \cdot 10^{-28}$ : rien, et le gradient n'y retourne
# pas davantage. `long_memory` tire donc les biais au sort pour que certaines unités oublient en quelques pas,
# d'autres en 200 (initialisation « chrono », Tallec et Ollivier, 2018). Même réseau, mêmes paramètres : seul le
# point de départ change. Enlevez l'appel et comparez, si vous avez une minute de plus.
#
# **À prévoir** : la perte avant tout apprentissage (cinq langues, un réseau qui ne sait rien) ; et de combien
# l'exactitude sur l'entraînement va-t-elle dépasser celle du test ?

# %% [markdown] lang="en"
# ## 3.5 Train
#
# *importance ●●●●● · difficulty ●●○○○ · 1 min of computing*
#
# 440 clips per language. Means and standard deviations are estimated on the first 30 of each (seven and a half
# minutes of speech are plenty for 200 numbers). Everything is prepared at the first call, then kept: if you change
# something in parts 1 or 2, run the cell below this text again first.
#
# **Memory.** The forget gate is $\sigma(b_f + \dots)$; Keras starts from $b_f = 1$, that is 0.73. After 200 steps, what
# is left of the beginning of the clip? $0.73^{200} \approx 5 \cdot 10^{-28}$: nothing, and the gradient does not find its
# way back either. So `long_memory` draws the biases at random, for some units to forget within a few steps and
# others within 200 ("chrono" initialisation, Tallec and Ollivier, 2018). Same network, same parameters: only the
# starting point differs. Take the call away and compare, if you have another minute.
#
# **To predict**: the loss before any learning (five languages, a network that knows nothing); and by how much will
# training accuracy exceed test accuracy?

# %%
lab.predict("loss_before", 1.61)
lab.predict("gap", 0.08)

# %%
#@title Given: training clips in batches
### FR #@title Donné : les extraits d'entraînement, par lots
@functools.cache
def training_normaliser():
    """(mean, std) of the first 30 clips of each language, centred."""
    ### FR """(moyenne, écart type) des 30 premiers extraits de chaque langue, centrés."""
    waveforms, _ = assemble(load_clips("train", 30), SEED)
    return fit_normaliser(centre(log_mel_spectrogram(waveforms)))


@functools.cache
def test_set():
    """The public test, shuffled: (waveforms (250, 48000), spectrograms (250, 200, 100), labels (250,))."""
    ### FR """Le test public, battu : (sons (250, 48000), spectrogrammes (250, 200, 100), étiquettes (250,))."""
    waveforms, labels = assemble(load_clips("test"), SEED)
    return waveforms, normalise(centre(log_mel_spectrogram(waveforms)), training_normaliser()), labels


def settings():
    """What travels with a recording, so that it is given clips normalised like those that it knows."""
    ### FR """Ce qui voyage avec un enregistrement, pour qu'on lui donne des extraits normalisés comme les siens."""
    mean, std = training_normaliser()
    return {"mean": np.ravel(mean).tolist(), "std": np.ravel(std).tolist()}


class Training(keras.utils.PyDataset):
    """Shuffled batches (x, labels) of the training clips, read when they are first asked for.

    Args:
        batch: clips per batch.
        change: function (x, seed) → x applied to each batch of spectrograms, or None.
    """
    ### FR """Lots battus (x, labels) des extraits d'entraînement, lus quand ils sont demandés.
    ### FR
    ### FR Arguments :
    ### FR     batch : extraits par lot.
    ### FR     change : fonction (x, seed) → x appliquée à chaque lot de spectrogrammes, ou None.
    ### FR """

    kept = {}

    def __init__(self, batch=32, change=None):
        super().__init__()
        self.batch, self.change = batch, change
        self.rng = np.random.default_rng(SEED)
        self.order = None

    def __len__(self):
        return 5 * 440 // self.batch

    def __getitem__(self, i):
        if not self.kept:
            waveforms, labels = assemble(load_clips("train"), SEED)
            parts = [waveforms[j : j + 100] for j in range(0, len(waveforms), 100)]
            x = [
                np.float32(normalise(centre(log_mel_spectrogram(part)), training_normaliser()))
                for part in parts
            ]
            self.kept.update(x=np.concatenate(x), labels=labels)
        if self.order is None or i == 0:
            self.order = self.rng.permutation(len(self.kept["labels"]))
        chosen = self.order[i * self.batch : (i + 1) * self.batch]
        x = self.kept["x"][chosen]
        if self.change is not None:
            x = self.change(x, int(self.rng.integers(2**31)))
        return x, self.kept["labels"][chosen]

# %%
#@title Given: biases for a long memory
### FR #@title Donné : des biais pour une longue mémoire
def long_memory(model, longest, seed):
    """Draw the biases of an LSTM's gates so that its units forget after 1 to `longest` steps.

    Forget gates: ln u, u uniform in [1, `longest` − 1]; input gates: −ln u (Tallec and Ollivier, Can
    recurrent neural networks warp time?, 2018).
    """
    ### FR """Tirer les biais des portes d'un LSTM pour que ses unités oublient en 1 à `longest` pas.
    ### FR
    ### FR Portes d'oubli : ln u, u uniforme dans [1, `longest` − 1] ; portes d'entrée : −ln u (Tallec et Ollivier,
    ### FR Can recurrent neural networks warp time?, 2018).
    ### FR """
    model(np.zeros((1, 200, BANDS), "float32"))  # a model's weights exist once it has been called
    ### FR model(np.zeros((1, 200, BANDS), "float32"))  # les poids d'un modèle existent une fois qu'il a été appelé
    spread = np.log(np.random.default_rng(seed).uniform(1, longest - 1, 128))
    for weight in model.trainable_variables:
        if tuple(weight.shape) == (4 * 128,):  # input, forget, candidate, output
        ### FR if tuple(weight.shape) == (4 * 128,):  # entrée, oubli, candidat, sortie
            weight.assign(np.concatenate([-spread, spread, np.zeros(2 * 128)]))

# %% role="show"
keras.utils.set_random_seed(SEED)
model = build_model(len(LANGUAGES))
long_memory(model, 200, SEED)
test_waveforms, x_test, test_labels = test_set()
model.fit(
    Training(), epochs=6, validation_data=(x_test, test_labels), validation_freq=2,
    callbacks=[lab.record("classifier", **settings())],
)

# %% [markdown] lang="fr"
# **Après un redémarrage du noyau**, ne réentraînez pas : relancez les cellules qui précèdent l'entraînement, puis, à
# sa place, `model = build_model(len(LANGUAGES))`, `lab.restore("classifier", model)` et
# `test_waveforms, x_test, test_labels = test_set()`. `lab.progress()` retrouve vos points et vos réponses.

# %% [markdown] lang="en"
# **After a restart of the kernel**, do not train again: run the cells before the training, then, in its place,
# `model = build_model(len(LANGUAGES))`, `lab.restore("classifier", model)` and
# `test_waveforms, x_test, test_labels = test_set()`. `lab.progress()` finds your points and answers again.

# %% role="show"
before = build_model(len(LANGUAGES)).evaluate(x_test, test_labels, verbose=0)[0]
why = "five languages at 1/5 each: ln 5, and a little more, since its random answers are not quite even"
### FR why = "cinq langues à 1/5 chacune : ln 5, et un peu plus, car ses réponses au hasard ne sont pas tout à fait égales"
lab.outcome("loss_before", before, why, within=0.2)
gap = measured("classifier", "accuracy") - measured("classifier", "val_accuracy")
why = "the test has other voices and sentences; the network knows those of the training nearly by heart"
### FR why = "le test a d'autres voix et d'autres phrases ; le réseau sait presque par cœur celles de l'entraînement"
lab.outcome("gap", gap, why, within=0.04)

# %% role="show"
predictions = predict_languages(model, test_waveforms, training_normaliser())
print(f"balanced accuracy {balanced_accuracy(test_labels, predictions):.3f}")
### FR print(f"exactitude équilibrée {balanced_accuracy(test_labels, predictions):.3f}")
matrix = confusion_matrix(test_labels, predictions, len(LANGUAGES))
plt.figure(figsize=(4, 3.6))
plt.imshow(matrix, cmap="Blues")
for (row, column), count in np.ndenumerate(matrix):
    plt.text(column, row, count, ha="center", va="center", color="white" if count > 25 else "black")
plt.xticks(range(5), LANGUAGES)
plt.yticks(range(5), LANGUAGES)
plt.xlabel("predicted language")
### FR plt.xlabel("langue prédite")
plt.ylabel("true language")
### FR plt.ylabel("vraie langue")
plt.show()

# %% [markdown] lang="fr"
# Écoutez ses erreurs : comprenez-vous certaines d'entre elles ? Quelles langues confond-il, et sont-elles
# voisines ?

# %% [markdown] lang="en"
# Listen to its mistakes: do you understand some of them? Which languages does it confuse, and are they
# related?

# %% role="show"
for i in np.flatnonzero(predictions != test_labels)[:4]:
    print(f"{LANGUAGES[test_labels[i]]} → {LANGUAGES[predictions[i]]}")
    display(Audio(test_waveforms[i], rate=RATE))

# %% [markdown] lang="fr"
# ## 4 Ce que le réseau écoute
#
# *importance ●●●○○ · difficulté ●●●○○ · 15 min*
#
# Cachons un morceau de l'extrait et regardons de combien baisse la probabilité de la langue choisie
# (Zeiler et Fergus, 2014). Cacher, ici, c'est remplacer par 0 : la moyenne, après normalisation.
#
# | | forme |
# |---|---|
# | `x` : un extrait normalisé | (200, 100) |
# | résultat : une baisse par fenêtre de `width` pas | (200 // width,) |

# %% [markdown] lang="en"
# ## 4 What the network listens to
#
# *importance ●●●○○ · difficulty ●●●○○ · 15 min*
#
# Hide a piece of the clip and see by how much the probability of the chosen language drops (Zeiler and
# Fergus, 2014). To hide, here, is to replace by 0: the mean, after normalisation.
#
# | | shape |
# |---|---|
# | `x`: one normalised clip | (200, 100) |
# | result: one drop for each window of `width` steps | (200 // width,) |

# %% exercise="occlusion"
def occlusion(model, x, width):
    """Drop of the chosen language's probability when a stretch of time is hidden.

    Args:
        model: Keras model, (n, 200, 100) → probabilities (n, classes).
        x: one normalised spectrogram, float (200, 100).
        width: steps hidden at a time; windows follow one another without overlap.

    Returns:
        float (200 // width,): probability, on the whole clip, of the language that is most probable on
        the whole clip, minus the probability of that same language with the window set to 0.
    """
    ### FR """Baisse de la probabilité de la langue choisie quand une plage de temps est cachée.
    ### FR
    ### FR Arguments :
    ### FR     model : modèle Keras, (n, 200, 100) → probabilités (n, classes).
    ### FR     x : un spectrogramme normalisé (200, 100).
    ### FR     width : pas cachés à la fois ; les fenêtres se suivent sans se recouvrir.
    ### FR
    ### FR Renvoie :
    ### FR     (200 // width,) : probabilité, sur l'extrait entier, de la langue la plus probable sur l'extrait
    ### FR     entier, moins celle de cette même langue quand la fenêtre vaut 0.
    ### FR """
    ### BEGIN SOLUTION
    x = np.asarray(x, "float32")
    count = len(x) // width
    hidden = np.repeat(x[None], count + 1, axis=0)
    for i in range(count):
        hidden[i, i * width : (i + 1) * width] = 0
    p = np.asarray(model(hidden))
    chosen = np.argmax(p[-1])
    return p[-1, chosen] - p[:-1, chosen]
    ### END SOLUTION

# %%
lab.check("occlusion")

# %% role="show"
i = int(np.flatnonzero(predictions == test_labels)[0]) if (predictions == test_labels).any() else 0
drops = occlusion(model, x_test[i], 10)
figure, axes = plt.subplots(2, 1, figsize=(8, 4), sharex=True)
show(x_test[i], LANGUAGES[test_labels[i]], axes[0])
axes[1].bar((np.arange(20) + 0.5) * 0.15, drops, 0.13)
axes[1].set(xlabel="seconds", ylabel="drop of p")
### FR axes[1].set(xlabel="secondes", ylabel="baisse de p")
figure.tight_layout()
plt.show()
display(Audio(test_waveforms[i], rate=RATE))

# %% [markdown] lang="fr"
# Un LSTM qui n'a que son dernier état oublie : comparez les baisses du début et de la fin, sur plusieurs
# extraits.
#
# ## 5 La fuite
#
# *importance ●●●●● · difficulté ●●●○○ · 20 min*
#
# Voici de la **vraie parole** : des messages téléphoniques et des phrases lues, en espagnol, français, italien
# et russe, par onze personnes. On résume chaque extrait par la moyenne et l'écart type, dans le temps, de 60 bandes
# de fréquences (120 nombres : ni mot, ni syllabe, ni ordre), et on apprend la langue par une simple régression
# logistique. Deux fois, avec **les mêmes extraits** :
#
# - en tirant au sort un tiers des **extraits** pour le test ;
# - en tirant au sort, dans chaque langue, un **locuteur** sur trois (ou sur deux), avec votre
#   `split_by_speaker`.
#
# **À prévoir** : les deux exactitudes équilibrées. Le hasard fait 0,25.
#
# Sources : Asterisk/Digium (A. Smith, J. Wallack), C. Flora (segreterietelefoniche.it), ivrvoice.ru,
# A. Desjardins, **M. Menardi et P. Dal Zot** (<http://www.voip.ammdomus.it>), J. Jiménez (Avatar), N. Shmyrev,
# Tux Paint. Licences : `data/speech_*/LICENSE`.

# %% [markdown] lang="en"
# An LSTM that only has its last state forgets: compare the drops at the beginning and at the end, on several
# clips.
#
# ## 5 Leakage
#
# *importance ●●●●● · difficulty ●●●○○ · 20 min*
#
# Here is **real speech**: telephone prompts and read sentences, in Spanish, French, Italian and Russian, by
# eleven people. Each clip is summed up by the mean and the standard deviation, over time, of 60 bands of
# frequencies (120 numbers: no word, no syllable, no order), and a plain logistic regression learns the language.
# Twice, with **the same clips**:
#
# - drawing a third of the **clips** at random for the test;
# - drawing, in each language, one **speaker** in three (or two) at random, with your `split_by_speaker`.
#
# **To predict**: both balanced accuracies. Chance is 0.25.
#
# Sources: Asterisk/Digium (A. Smith, J. Wallack), C. Flora (segreterietelefoniche.it), ivrvoice.ru,
# A. Desjardins, **M. Menardi and P. Dal Zot** (<http://www.voip.ammdomus.it>), J. Jiménez (Avatar), N. Shmyrev,
# Tux Paint. Licences: `data/speech_*/LICENSE`.

# %%
lab.predict("leakage", [0.95, 0.3])  # split by clip, by speaker
### FR lab.predict("leakage", [0.95, 0.3])  # séparés par extrait, par locuteur

# %% role="show"
#@title Given: real recordings
### FR #@title Donné : de vrais enregistrements
SOURCES = (
    "speech_armelle", "speech_asterisk_by", "speech_asterisk_sa", "speech_es_co", "speech_festvox_ru",
    "speech_menardi", "speech_tuxpaint",
)  # fmt: skip
streams = {}
for source in SOURCES:
    streams |= lab.data(source)
recorded = {name: decode(streams[name]) for name in sorted(streams)}
real_waveforms = np.concatenate(list(recorded.values()))
real_names = np.array([name for name, own in recorded.items() for _ in own])
real_languages = np.array([name[:2] for name in real_names])
print({name: len(own) for name, own in recorded.items()})
for example in ("fr_armelle", "ru_nsh"):
    display(Audio(recorded[example][0], rate=RATE))

# %% role="show"
STUDIED = ("es", "fr", "it", "ru")  # of English there is one speaker only
### FR STUDIED = ("es", "fr", "it", "ru")  # pour l'anglais, il n'y a qu'une voix
studied = np.isin(real_languages, STUDIED)
speakers = np.array([name[3:] for name in real_names[studied]])
languages = np.searchsorted(STUDIED, real_languages[studied])


def summary(waveforms):
    """Mean and deviation over time of the sound in 60 bands of 133 Hz: float (n, 120).

    A plain spectrum in natural logarithms, without Mel: the study does not hang on your part 1.
    """
    ### FR """Moyenne et écart type, dans le temps, du son en 60 bandes de 133 Hz : (n, 120).
    ### FR
    ### FR Un spectre ordinaire en logarithmes népériens, sans Mel : l'étude ne dépend pas de votre partie 1.
    ### FR """
    frames = waveforms.reshape(-1, 100, 480) * np.hanning(480)
    power = np.abs(np.fft.rfft(frames)[..., 1:]) ** 2
    bands = np.log(power.reshape(-1, 100, 60, 4).mean(axis=-1) + FLOOR)
    return np.concatenate([bands.mean(axis=1), bands.std(axis=1)], axis=1)


facts = summary(real_waveforms[studied])


def study(recorder, train, test):
    """Learn the language on the clips `train`; record the balanced accuracy on the clips `test`.

    The more test clips a language has, the less each of them weighs: accuracy so weighted is balanced
    accuracy.
    """
    ### FR """Apprendre la langue sur les extraits `train` ; enregistrer l'exactitude équilibrée sur `test`.
    ### FR
    ### FR Plus une langue a d'extraits de test, moins chacun pèse : l'exactitude ainsi pondérée est l'exactitude
    ### FR équilibrée.
    ### FR """
    keras.utils.set_random_seed(SEED)
    x = (facts - facts[train].mean(axis=0)) / facts[train].std(axis=0)
    weights = 1 / np.bincount(languages[test])[languages[test]]
    weights /= weights.mean()
    probe = keras.Sequential([keras.Input((120,)), layers.Dense(len(STUDIED), activation="softmax")])
    probe.compile(
        keras.optimizers.Adam(0.03), loss="sparse_categorical_crossentropy", weighted_metrics=["accuracy"]
    )
    probe.fit(
        x[train], languages[train], epochs=30, batch_size=64, callbacks=[recorder],
        validation_data=(x[test], languages[test], weights), validation_freq=30,
    )


order = np.random.default_rng(SEED).permutation(len(languages))
train, test = order[110:], order[:110]
study(lab.record("probe_clip", train=train.tolist(), test=test.tolist()), train, test)
leak_clip = measured("probe_clip", "val_accuracy")
print(f"split by clip:     train {measured('probe_clip', 'accuracy'):.2f}  test {leak_clip:.2f}")
### FR print(f"séparés par extrait :   entraînement {measured('probe_clip', 'accuracy'):.2f}  test {leak_clip:.2f}")

# %% role="show"
test = []
for which in range(len(STUDIED)):
    members = np.flatnonzero(languages == which)
    test += list(members[split_by_speaker(speakers[members], 0.34, SEED)[1]])
test = np.array(sorted(test))
train = np.setdiff1d(np.arange(len(languages)), test)
print("voices held out:", *sorted(set(speakers[test].tolist())))
### FR print("voix mises de côté :", *sorted(set(speakers[test].tolist())))
study(lab.record("probe_speaker", train=train.tolist(), test=test.tolist()), train, test)
leak_speaker = measured("probe_speaker", "val_accuracy")
print(f"split by speaker:  train {measured('probe_speaker', 'accuracy'):.2f}  test {leak_speaker:.2f}")
### FR print(f"séparés par locuteur :  entraînement {measured('probe_speaker', 'accuracy'):.2f}  test {leak_speaker:.2f}")
why = "what was learnt is the voice and its channel: it is worth nothing on another voice"
### FR why = "ce qui est appris, c'est la voix et son canal : cela ne vaut rien pour une autre voix"
lab.outcome("leakage", [leak_clip, leak_speaker], why, within=0.12)

# %% [markdown] lang="fr"
# Rendez **vos deux nombres** (exactitude équilibrée de test, à deux décimales) : ils seront comparés à ce que
# donnent vos propres enregistrements. Puis, qu'a donc appris la première régression ? Répondez à `leak_why` par
# `"phonemes"` (les sons propres à la langue), `"voice"` (la voix et le canal : micro, codec) ou `"words"`.

# %% [markdown] lang="en"
# Hand in **your two numbers** (balanced accuracy on the test, two decimals): they will be held against what
# your own recordings give. Then, what had the first regression learnt? Answer `leak_why` with `"phonemes"` (the
# sounds that belong to the language), `"voice"` (the voice and the channel: microphone, codec) or `"words"`.

# %% exercise="leakage"
### BEGIN SOLUTION
### STUB lab.answer("leak_clip", None)  # test, split by clip
### STUB lab.answer("leak_speaker", None)  # test, split by speaker
### STUB lab.answer("leak_why", None)  # "phonemes", "voice" or "words"
lab.answer("leak_clip", round(measured("probe_clip", "val_accuracy"), 2))
lab.answer("leak_speaker", round(measured("probe_speaker", "val_accuracy"), 2))
lab.answer("leak_why", "voice")
### END SOLUTION

# %% question="leak_elsewhere"
f"The same patients are on both sides, so it may know voices, not the illness. Split by patient and measure again. Mine: {measured('probe_clip', 'val_accuracy'):.2f} by clip, {measured('probe_speaker', 'val_accuracy'):.2f} by speaker."
### FR f"Les mêmes patients sont des deux côtés : il peut connaître les voix, pas la maladie. Séparer par patient et remesurer. Chez moi : {measured('probe_clip', 'val_accuracy'):.2f} par extrait, {measured('probe_speaker', 'val_accuracy'):.2f} par locuteur."

# %% [markdown] lang="fr"
# (Piège de plus : `allison` parle anglais *et* espagnol. De quel côté la mettre ?)
#
# ## 6 Du synthétique au réel
#
# *importance ●●●●○ · difficulté ●●○○○ · 10 min*
#
# Votre LSTM n'a jamais entendu d'humain. Que vaut-il sur les extraits réels en anglais, espagnol, français et
# italien ? **À prévoir** : l'exactitude équilibrée (le hasard fait 0,2). Regardez d'abord les spectrogrammes : beaucoup de ces messages sont échantillonnés à
# 8 kHz, donc vides au-dessus de 4 kHz.

# %% [markdown] lang="en"
# (One more trap: `allison` speaks English *and* Spanish. On which side does she belong?)
#
# ## 6 From synthetic to real
#
# *importance ●●●●○ · difficulty ●●○○○ · 10 min*
#
# Your LSTM has never heard a human being. How good is it on the real clips in English, Spanish, French and
# Italian? **To predict**: balanced accuracy (chance is 0.2). Look at the spectrograms first: many of these prompts were sampled at 8 kHz, hence empty
# above 4 kHz.

# %%
lab.predict("transfer", 0.28)

# %% role="show"
figure, axes = plt.subplots(1, 2, figsize=(10, 2.6))
for axis, voice in zip(axes, ("it_carlo", "es_tuxpaint_es")):
    show(log_mel_spectrogram(recorded[voice][0]), voice, axis)
plt.show()
heard = np.isin(real_languages, LANGUAGES)
real_x = normalise(centre(log_mel_spectrogram(real_waveforms[heard])), training_normaliser())
real_labels = np.searchsorted(LANGUAGES, real_languages[heard])
real_predictions = np.argmax(model.predict(real_x, verbose=0), axis=1)
with lab.record("real", weights=False) as run:  # not a training: what is measured here is kept with it
    for _ in run.steps(1):
        right = real_predictions == real_labels
        run.log(plain=np.mean(right))
        run.log(balanced=np.average(right, weights=1 / np.bincount(real_labels)[real_labels]))
print(f"real speech: balanced accuracy {measured('real', 'balanced'):.3f}, plain {measured('real', 'plain'):.3f}")
### FR print(f"vraie parole : exactitude équilibrée {measured('real', 'balanced'):.3f}, simple {measured('real', 'plain'):.3f}")
why = "the network has learnt eSpeak's voices; a real voice is unlike all of them"
### FR why = "le réseau a appris les voix d'eSpeak ; une vraie voix ne leur ressemble pas"
lab.outcome("transfer", measured("real", "balanced"), why, within=0.1)
for voice in recorded:
    if voice[:2] in LANGUAGES:
        counts = np.bincount(real_predictions[real_names[heard] == voice], minlength=len(LANGUAGES))
        print(f"{voice:16}", dict(zip(LANGUAGES, counts.tolist())))

# %% exercise="transfer"
### BEGIN SOLUTION
### STUB lab.answer("transfer", None)  # balanced accuracy on real speech, two decimals
lab.answer("transfer", round(measured("real", "balanced"), 2))
### END SOLUTION

# %% [markdown] lang="fr"
# Lisez les comptes par locuteur : souvent *toute* une voix part dans une langue. Le réseau classe en partie des
# voix et des micros, pas seulement des langues. Les remèdes du métier : de vraies voix, beaucoup, et brouiller
# exprès ce qui ne doit pas compter (bande passante, niveau, timbre).
#
# ## 7 Questions d'examen
#
# Un spectrogramme Mel de largeur 200 (temps) et de hauteur 100 (bandes) entre dans un LSTM qui doit dire quelle
# langue est parlée.
#
# - `q1` : `"one-to-many"`, `"many-to-one"` ou `"many-to-many"` ?
# - `q2_length` : longueur de la séquence ; `q2_size` : taille de chaque entrée.

# %% [markdown] lang="en"
# Read the counts by speaker: often a *whole* voice goes to one language. In part, the network classifies voices
# and microphones, not languages alone. The trade's remedies: real voices, many of them, and blurring on purpose
# what must not count (bandwidth, level, timbre).
#
# ## 7 Exam questions
#
# A Mel spectrogram of width 200 (time) and height 100 (bands) enters an LSTM that must say which language is
# spoken.
#
# - `q1`: `"one-to-many"`, `"many-to-one"` or `"many-to-many"`?
# - `q2_length`: length of the sequence; `q2_size`: size of each input.

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q1", None)
### STUB lab.answer("q2_length", None)
### STUB lab.answer("q2_size", None)
lab.answer("q1", "many-to-one")
lab.answer("q2_length", 200)
lab.answer("q2_size", 100)
### END SOLUTION

# %% [markdown] lang="fr"
# ## 8 Bonus : mieux écouter
#
# *importance ●●○○○ · difficulté ●●●●○ · 40 min*
#
# Deux idées. **SpecAugment** (Park et al., 2019) : cacher au hasard une bande de fréquences et une plage de
# temps de chaque extrait d'entraînement, pour que le réseau ne compte sur aucun détail (`another_voice`, donnée,
# change en plus le débit et la longueur du conduit vocal). Et un réseau qui
# **résume avant de se souvenir** : des convolutions à pas 2 sur le temps, puis un récurrent sur une suite quatre
# fois plus courte.

# %% [markdown] lang="en"
# ## 8 Bonus: a better ear
#
# *importance ●●○○○ · difficulty ●●●●○ · 40 min*
#
# Two ideas. **SpecAugment** (Park et al., 2019): hide a random band of frequencies and a random stretch of time
# of each training clip, so that the network relies on no detail (`another_voice`, given, also changes the rate and
# the length of the vocal tract). And a network that **sums up before it remembers**: convolutions of stride 2 over time, then a recurrent layer over a sequence four times shorter.

# %% exercise="augment"
def spec_augment(x, seed, max_bands=20, max_steps=40):
    """Hide one block of bands and one block of steps of each spectrogram (Park et al., 2019, section 2).

    Args:
        x: normalised spectrograms, float (n, steps, bands); not changed.
        seed: whole number; the same seed gives the same blocks.
        max_bands: the block of bands is 0 to `max_bands` wide, uniformly, anywhere it fits.
        max_steps: the block of steps is 0 to `max_steps` long, uniformly, anywhere it fits.

    Returns:
        float (n, steps, bands): a copy in which the blocks, drawn anew for each spectrogram, are 0.
    """
    ### FR """Cacher un bloc de bandes et un bloc de pas de chaque spectrogramme (Park et al., 2019, section 2).
    ### FR
    ### FR Arguments :
    ### FR     x : spectrogrammes normalisés (n, pas, bandes) ; inchangés.
    ### FR     seed : entier ; la même graine donne les mêmes blocs.
    ### FR     max_bands : le bloc de bandes en compte de 0 à `max_bands`, uniformément, n'importe où.
    ### FR     max_steps : le bloc de pas en compte de 0 à `max_steps`, uniformément, n'importe où.
    ### FR
    ### FR Renvoie :
    ### FR     (n, pas, bandes) : une copie où les blocs, tirés pour chaque spectrogramme, valent 0.
    ### FR """
    ### BEGIN SOLUTION
    x = np.array(x)
    rng = np.random.default_rng(seed)
    for clip in x:
        for axis, widest in ((1, max_bands), (0, max_steps)):
            width = rng.integers(0, widest + 1)
            start = rng.integers(0, clip.shape[axis] - width + 1)
            block = slice(start, start + width)
            clip[(slice(None), block) if axis else block] = 0
    return x
    ### END SOLUTION


def build_champion(num_languages):
    """A compiled classifier of your own, with built-in layers and at most 400,000 parameters.

    Args:
        num_languages: number of classes.

    Returns:
        Keras model, (n, 200, 100) → probabilities (n, num_languages).
    """
    ### FR """Un classifieur compilé de votre cru : couches de Keras, 400 000 paramètres au plus.
    ### FR
    ### FR Arguments :
    ### FR     num_languages : nombre de classes.
    ### FR
    ### FR Renvoie :
    ### FR     Modèle Keras, (n, 200, 100) → probabilités (n, num_languages).
    ### FR """
    ### BEGIN SOLUTION
    model = keras.Sequential([
        keras.Input((200, BANDS)),
        layers.Conv1D(96, 5, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.Conv1D(96, 5, strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        layers.Bidirectional(layers.LSTM(96, return_sequences=True)),
        layers.GlobalAveragePooling1D(),
        layers.Dropout(0.3),
        layers.Dense(num_languages, activation="softmax"),
    ])
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, 10 * 68), clipnorm=1.0)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
    ### END SOLUTION

# %%
lab.check("augment")

# %% role="show"
def another_voice(x, seed):
    """Each spectrogram a little slower, its bands stretched and shifted."""
    ### FR """Chaque spectrogramme un peu plus lent, ses bandes étirées et décalées."""
    rng = np.random.default_rng(seed)
    made = np.empty_like(x)
    for i, clip in enumerate(x):
        rate = rng.uniform(0.8, 1.0)
        steps = rng.uniform(0, 199 * (1 - rate)) + rate * np.arange(200)
        bands = rng.uniform(-4, 4) + rng.uniform(0.93, 1.07) * np.arange(BANDS)
        made[i] = clip[np.rint(steps).astype(int)][:, np.clip(np.rint(bands), 0, BANDS - 1).astype(int)]
    return made


def change(x, seed):
    """What the champion's training batches go through."""
    ### FR """Ce que traversent les lots d'entraînement du champion."""
    return spec_augment(another_voice(x, seed), seed + 1)


keras.utils.set_random_seed(SEED)
champion = build_champion(len(LANGUAGES))
_, x_test, test_labels = test_set()
champion.fit(
    Training(32, change), epochs=10, validation_data=(x_test, test_labels), validation_freq=2,
    callbacks=[lab.record("champion", **settings())],
)
score = balanced_accuracy(test_labels, np.argmax(champion.predict(x_test, verbose=0), axis=1))
print(f"{champion.count_params()} parameters, balanced accuracy {score:.3f}")
### FR print(f"{champion.count_params()} paramètres, exactitude équilibrée {score:.3f}")

# %% [markdown] lang="fr"
# Le classement de la classe : un fichier `leaderboard.csv` que l'enseignant partage (un nom au choix, le score
# sur le test public, où chaque langue a autant d'extraits). Chacun y garde son meilleur score.

# %% [markdown] lang="en"
# The class leaderboard: a file, `leaderboard.csv`, that the instructor shares (a name of your choice, the score
# on the public test, where every language has as many clips). Everyone keeps their best score in it.

# %% role="show"
#@title Given: the leaderboard
### FR #@title Donné : le classement
def leaderboard(path, name, score):
    """Enter a score, keep everyone's best, print the table; best first."""
    ### FR """Entrer un score, garder le meilleur de chacun, afficher le tableau, le meilleur d'abord."""
    try:
        with open(path, encoding="utf-8") as file:
            best = {who: float(value) for who, _, value in (line.strip().rpartition(",") for line in file)}
    except FileNotFoundError:
        best = {}
    best[name] = max(best.get(name, 0.0), score)
    rows = sorted(best.items(), key=lambda row: -row[1])
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{who},{value:.4f}\n" for who, value in rows)
    for rank, (who, value) in enumerate(rows, 1):
        print(f"{rank:3}  {who:20} {value:.3f}")


leaderboard("leaderboard.csv", "me", measured("champion", "val_accuracy"))

# %% [markdown] lang="fr"
# ## Aller plus loin, sur GPU : 45 langues
#
# CommonLanguage (Sinisetty et al., 2021, CC-BY-4.0) : 45 langues, une heure chacune, de vraies voix, avec une
# séparation par locuteur. L'archive pèse 3,8 Go ; le téléchargement reprend où il s'est arrêté. Recette pour un GPU :
# le réseau du bonus élargi (convolutions de 256 canaux, deux LSTM bidirectionnels de 256), `SpecAugment`
# doublé, lots de 128, 40 époques, Adam 1e-3 en cosinus, extraits de 3 s tirés au hasard à chaque époque.
# Prévoyez quelques dizaines de minutes ; le hasard y fait 0,02.

# %% [markdown] lang="en"
# ## Further, on a GPU: 45 languages
#
# CommonLanguage (Sinisetty et al., 2021, CC-BY-4.0): 45 languages, an hour each, real voices, split by speaker.
# The archive weighs 3.8 GB; the download resumes where it stopped. Recipe for a GPU: the bonus network widened
# (convolutions of 256 channels, two bidirectional LSTMs of 256), `SpecAugment` doubled, batches of
# 128, 40 epochs, Adam 1e-3 with a cosine, 3 s cut at random from each clip at every epoch. Expect some tens of
# minutes; chance is 0.02 there.

# %% role="show"
#@title Given: CommonLanguage, read from its archive
### FR #@title Donné : CommonLanguage, lu dans son archive
def common_language(archive, languages=None, each=100):
    """Clips of CommonLanguage, read from the archive as it is: nothing is unpacked on the disk.

    Args:
        archive: path of CommonLanguage.tar.gz, as ``lab.download("speech")`` gives it.
        languages: names of folders ("French", "Dutch"); all 45 if None.
        each: clips of each language and part at most.

    Returns:
        {part: (waveforms float32 (n, 48000), names (n,))} for parts "train", "dev" and "test", whose
        speakers differ.
    """
    ### FR """Des extraits de CommonLanguage, lus dans l'archive telle quelle : rien n'est déballé sur le disque.
    ### FR
    ### FR Arguments :
    ### FR     archive : chemin de CommonLanguage.tar.gz, comme le rend ``lab.download("speech")``.
    ### FR     languages : noms de dossiers ("French", "Dutch") ; les 45 si None.
    ### FR     each : extraits de chaque langue et partie, au plus.
    ### FR
    ### FR Renvoie :
    ### FR     {partie : (sons float32 (n, 48000), noms (n,))} pour "train", "dev" et "test", aux locuteurs
    ### FR     différents.
    ### FR """
    import tarfile

    found = {}
    with tarfile.open(archive, "r|gz") as files:
        for file in files:
            pieces = file.name.split("/")
            if not file.name.endswith(".wav") or len(pieces) < 4:
                continue
            language, part = pieces[-4], pieces[-3]
            kept = found.setdefault(part, {}).setdefault(language, [])
            if (languages is None or language in languages) and len(kept) < each:
                samples, rate = soundfile.read(io.BytesIO(files.extractfile(file).read()))
                if rate % RATE == 0:
                    kept.append(prepare_clip(samples[:: rate // RATE], RATE))
    sets = {}
    for part, clips in found.items():
        names = [language for language in sorted(clips) for _ in clips[language]]
        if names:
            sets[part] = (np.concatenate([clips[n] for n in sorted(clips) if clips[n]]), np.array(names))
    return sets


FULL = False
if FULL:
    full = common_language(lab.download("speech"), languages=("French", "German", "Italian"))
    print({part: waveforms.shape for part, (waveforms, _) in full.items()})

# %% [markdown] lang="fr"
# ## Une image à garder : les secondes qui trahissent une langue
#
# Un extrait de chaque langue, bien classé par **votre** réseau ; en orange, ce qu'il perd quand on lui cache ce moment.

# %% [markdown] lang="en"
# ## A picture to keep: the seconds that give a language away
#
# One clip of each language that **your** network classifies correctly; in orange, what it loses when that moment is
# hidden.

# %% role="show"
figure, axes = plt.subplots(len(LANGUAGES), 1, figsize=(9, 10), layout="constrained")
for rank, (language, axis) in enumerate(zip(LANGUAGES, axes)):
    heard_right = np.flatnonzero((test_labels == rank) & (predictions == rank))
    if len(heard_right):
        show(x_test[heard_right[0]], language, axis)
        drops = occlusion(model, x_test[heard_right[0]], 10)
        axis.bar((np.arange(20) + 0.5) * 0.15, np.maximum(drops, 0) * BANDS, 0.13, color="#e69f00", alpha=0.8)
plt.show()

# %% [markdown] lang="fr"
# ## Rendre
#
# `lab.selfcheck()` exécute le notebook du début à la fin dans un processus neuf : ce qu'il trouve est ce que
# la correction trouvera. Enregistrez (Ctrl+S), puis ôtez le `#` devant `lab.submit()` : vous obtenez l'unique
# fichier à rendre (environ 1 Mo), et un reçu à garder.

# %% [markdown] lang="en"
# ## Hand in
#
# `lab.selfcheck()` runs the notebook from top to bottom in a clean process: what it finds is what grading will
# find. Save (Ctrl+S), then take away the `#` before `lab.submit()`: you get the one file to hand in (about 1 MB),
# and a receipt to keep.

# %%
lab.progress()
# lab.selfcheck()
# lab.submit()

# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown] lang="fr"
# # TP3 · Autoencodeurs : capacité et taille du code
#
# Un autoencodeur apprend à recopier son entrée en la faisant passer par un **code** trop petit pour
# tout contenir. Deux réglages décident de ce qu'il sait faire : sa **capacité** (combien de poids) et
# la **taille du code** (combien de nombres). Vous allez construire quatre réseaux, les entraîner sur
# peu puis sur beaucoup d'images, et rendre pour chacun un verdict *que vos propres nombres soutiennent*.
#
# ![Le réseau A : des barres de hauteurs 784, 512, 192, 8, 192, 512, 784, de l'image x à sa copie, l'encodeur jusqu'au code de 8 nombres, le décodeur ensuite ; la première flèche porte son compte, 785 fois 512](figures/bottleneck.fr.svg)
#
# | réseau | A | B | C | D |
# |---|---|---|---|---|
# | capacité | basse (784–512–192) | haute (784–2048–1568) | basse | haute |
# | taille du code | 8 | 8 | 128 | 128 |
#
# **À la fin, vous saurez** compter les poids d'un réseau avant de le construire, le comparer à la meilleure
# méthode linéaire, reconnaître sous- et sur-apprentissage à deux nombres, et vous servir d'un code.
#
# **Temps et points.** Environ 3 h, 20 points : 1 les images, le réseau, le compte (45 min) · 2 mesurer, ACP,
# protocole (45 min) · 3 l'étude et ses verdicts (35 min) · 4 à l'aveugle (20 min) · 5 se servir du code
# (35 min) · 6 question d'examen (5 min) · 7 bonus (30 min). Calcul : 2 à 4 minutes sur deux cœurs.
#
# ### Comment travailler
#
# 1. **Un trou** est une ligne `raise todo("…")` : mettez votre code à sa place et exécutez la cellule ; la
#    suite s'exécute même s'il reste des trous.
# 2. **Vérifiez** avec `lab.check("prepare")`, qui nomme l'erreur probable ; avant une exécution, notez
#    votre pronostic dans `lab.predict(…)` : il est scellé, puis confronté au résultat, jamais noté.
# 3. **Bloqué ?** `lab.hint("prepare")` donne un indice de plus à chaque appel ; l'aide repliée part de ce
#    que vous observez.
# 4. **Après un redémarrage**, exécutez les cellules du haut ; `lab.progress()` retrouve points et réponses,
#    `lab.restore("A", A[-1])` un réseau entraîné.
# 5. **Pour rendre** : `lab.selfcheck()` exécute tout à neuf, comme à la correction, puis `lab.submit()` fait
#    l'unique fichier à rendre.
#
# Chaque exercice dit son importance et sa difficulté (de ●○○○○ à ●●●●●) et sa durée.

# %% [markdown] lang="en"
# # TP3 · Autoencoders: capacity and latent size
#
# An autoencoder learns to copy its input through a **code** that is too small to hold everything. Two
# settings decide what it can do: its **capacity** (how many weights) and the **size of the code** (how
# many numbers). You will build four networks, train them on few and then on many images, and give a
# verdict on each *that your own numbers support*.
#
# ![Network A: bars of heights 784, 512, 192, 8, 192, 512, 784, from the image x to its copy, the encoder down to the code of 8 numbers, the decoder after it; the first arrow bears its count, 785 times 512](figures/bottleneck.en.svg)
#
# | network | A | B | C | D |
# |---|---|---|---|---|
# | capacity | low (784–512–192) | high (784–2048–1568) | low | high |
# | size of the code | 8 | 8 | 128 | 128 |
#
# **In the end you will be able to** count a network's weights before it is built, hold it against the best
# linear method, tell under- from over-fitting by two numbers, and put a code to use.
#
# **Time and points.** About 3 hours, 20 points: 1 images, network, count (45 min) · 2 measure, PCA,
# protocol (45 min) · 3 the study and its verdicts (35 min) · 4 blind (20 min) · 5 using the code (35 min) ·
# 6 exam question (5 min) · 7 bonus (30 min). Computing: 2 to 4 minutes on two cores.
#
# ### How to work
#
# 1. **A hole** is a line `raise todo("…")`: put your code in its place and run the cell; what follows runs
#    even while holes are open.
# 2. **Check** with `lab.check("prepare")`, which names the likely mistake; before a run, note your
#    prediction in `lab.predict(…)`: it is sealed, then held against the result, never graded.
# 3. **Stuck?** `lab.hint("prepare")` gives one more hint per call; the folded help starts from what you see.
# 4. **After a restart**, run the cells from the top; `lab.progress()` finds points and answers again,
#    `lab.restore("A", A[-1])` a trained network.
# 5. **To hand in**: `lab.selfcheck()` runs everything afresh, as grading will, then `lab.submit()` makes the
#    one file to hand in.
#
# Every exercise tells its importance and difficulty (from ●○○○○ to ●●●●●) and its minutes.

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("tp3_autoencoder", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("tp3_autoencoder", lang="en")

# %% role="setup"
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

LOW, HIGH = (512, 192), (2048, 1568)  # units of the two hidden layers
### FR LOW, HIGH = (512, 192), (2048, 1568)  # unités des deux couches cachées
CONFIGURATIONS = {"A": (LOW, 8), "B": (HIGH, 8), "C": (LOW, 128), "D": (HIGH, 128)}
SMALL, LARGE = 300, 12_000  # training images
### FR SMALL, LARGE = 300, 12_000  # images d'entraînement
STEPS, BATCH = 400, 30  # the same for every network and both sets
### FR STEPS, BATCH = 400, 30  # les mêmes pour tous les réseaux et les deux ensembles
LEARNING_RATE = {LOW: 3e-3, HIGH: 1e-3}
SEED = 1

# %% role="setup"
#@title Helper: draw images in rows
### FR #@title Aide : dessiner des images en lignes
CLASSES = "T-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split()
### FR CLASSES = "t-shirt pantalon pull robe manteau sandale chemise basket sac bottine".split()


def show(rows, titles, size=0.75, columns=()):
    """Draw images in rows: list of arrays (n, 784) with values in [0, 1], one title per row.

    `columns` are titles above, spread evenly.
    """
    ### FR """Dessiner des images en lignes : liste de tableaux (n, 784) de valeurs dans [0, 1], un titre par ligne.
    ### FR
    ### FR `columns` : titres au-dessus, répartis régulièrement.
    ### FR """
    tiles = [[np.pad(np.reshape(x, (28, 28)), 1, constant_values=1) for x in row] for row in rows]
    mosaic = np.vstack([np.hstack(row) for row in tiles])
    figure, axis = plt.subplots(figsize=(len(rows[0]) * size + 0.9, len(rows) * size))
    axis.imshow(mosaic, cmap="gray", vmin=0, vmax=1)
    axis.set_yticks(30 * np.arange(len(rows)) + 15, titles)
    axis.set_xticks(mosaic.shape[1] * (np.arange(len(columns)) + 0.5) / max(len(columns), 1), columns)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    heads = f" ({', '.join(columns)})" if len(columns) else ""
    alt = f"{len(rows)} rows of {len(rows[0])} images{heads}: {', '.join(map(str, titles))}"
    ### FR alt = f"{len(rows)} lignes de {len(rows[0])} images{heads} : {', '.join(map(str, titles))}"
    lab.show(figure, alt=alt)


def side_by_side(left, right):
    """Two rows of images (n, 784), (m, 784) as one, with a blank between them: (n + 1 + m, 784)."""
    ### FR """Deux lignes d'images (n, 784), (m, 784) en une seule, un blanc entre elles : (n + 1 + m, 784)."""
    return np.concatenate([left, np.ones((1, 784)), right])

# %% [markdown] lang="fr"
# ## Les images
#
# Fashion-MNIST : des vêtements de 28 × 28 pixels en niveaux de gris, dix classes (les étiquettes ne
# servent ici qu'à colorer des dessins). Le kit en fournit 12 000 pour apprendre et 2 000 pour tester.
# `lab.data("fashion_mnist", source="full")` télécharge les 70 000.

# %% [markdown] lang="en"
# ## The images
#
# Fashion-MNIST: garments of 28 × 28 grey pixels, ten classes (here labels only colour drawings). The
# kit ships 12,000 to learn from and 2,000 to test on. `lab.data("fashion_mnist", source="full")`
# downloads all 70,000.

# %%
data = lab.data("fashion_mnist")
for part, array in data.items():
    print(f"{part:8} {array.dtype} {array.shape}  {array.min()} … {array.max()}")

# %% [markdown] lang="fr"
# ## 1.1 Préparer les images
#
# *importance ●●●○○ · difficulté ●○○○○ · 5 min*
#
# Un réseau dense veut des vecteurs, et une sortie sigmoïde ne sait écrire que des nombres de 0 à 1.
#
# | | forme | type | valeurs |
# |---|---|---|---|
# | entrée `images` | (n, 28, 28) | uint8 | 0 à 255 |
# | résultat | (n, 784) | float32 | 0 à 1 |
#
# <details><summary>Mes images sont toutes blanches, ou toutes noires</summary>
# Entre quelles valeurs sont vos nombres ?
# <details><summary>Un cran de plus</summary>
# Les pixels vont de 0 à 255, le résultat doit aller de 0 à 1.
# <details><summary>Dernier cran</summary>
# Un pixel de 51 devient 0,2 ; en entiers, 51 divisé par 255 ne donne que 0.
# </details></details></details>

# %% [markdown] lang="en"
# ## 1.1 Prepare the images
#
# *importance ●●●○○ · difficulty ●○○○○ · 5 min*
#
# A dense network wants vectors, and a sigmoid output can only write numbers from 0 to 1.
#
# | | shape | dtype | values |
# |---|---|---|---|
# | input `images` | (n, 28, 28) | uint8 | 0 to 255 |
# | result | (n, 784) | float32 | 0 to 1 |
#
# <details><summary>My images are all white, or all black</summary>
# Between which values are your numbers?
# <details><summary>One step more</summary>
# Pixels go from 0 to 255, the result has to go from 0 to 1.
# <details><summary>Last step</summary>
# A pixel of 51 becomes 0.2; among integers, 51 divided by 255 is only 0.
# </details></details></details>

# %% exercise="prepare"
def prepare(images):
    """Flatten images, row by row, and scale them to [0, 1].

    Args:
        images: uint8 (n, 28, 28), 0 (black) to 255 (white).

    Returns:
        float32 (n, 784).
    """
    ### FR """Mettre des images à plat, ligne par ligne, et les ramener à [0, 1].
    ### FR
    ### FR Arguments :
    ### FR     images: uint8 (n, 28, 28), de 0 (noir) à 255 (blanc).
    ### FR
    ### FR Renvoie :
    ### FR     float32 (n, 784).
    ### FR """
    ### BEGIN SOLUTION
    return images.reshape(len(images), -1).astype("float32") / 255
    ### END SOLUTION

# %%
lab.check("prepare")

# %%
x_train, x_test = prepare(data["x_train"]), prepare(data["x_test"])
show([x_train[:10], x_test[:10]], ["train", "test"])
### FR show([x_train[:10], x_test[:10]], ["entraînement", "test"])

# %% [markdown] lang="fr"
# ## 1.2 Le réseau
#
# *importance ●●●●● · difficulté ●●●○○ · 25 min*
#
# L'**encodeur** descend de 784 pixels au code, le **décodeur** remonte par les mêmes tailles en ordre
# inverse. Rien ne doit contourner le code : `autoencoder(x)` vaut exactement `decoder(encoder(x))`.
#
# | couche | unités | activation | nom |
# |---|---|---|---|
# | encodeur | capacity[0], capacity[1] | ReLU | `down1`, `down2` |
# | code | latent_dim | **aucune** | `code` |
# | décodeur | capacity[1], capacity[0] | ReLU | `up1`, `up2` |
# | sortie | 784 | sigmoïde | `pixels` |
#
# <details><summary>Mes reconstructions sont toutes grises</summary>
# Quelle activation a votre dernière couche ?
# <details><summary>Un cran de plus</summary>
# Quelles valeurs peut-elle donner ? Une ReLU qui sort 0 n'apprend plus ; une tanh descend sous 0.
# <details><summary>Dernier cran</summary>
# Un pixel vaut de 0 à 1 : sigmoïde(−3) ≈ 0,05, sigmoïde(0) = 0,5, sigmoïde(3) ≈ 0,95.
# </details></details></details>
#
# <details><summary>Une couche « n'a pas de poids nommé … »</summary>
# Comparez les noms de vos couches à ceux du tableau.
# <details><summary>Un cran de plus</summary>
# Un nom se donne quand la couche est créée ; dans une classe à vous, c'est celui de l'attribut.
# <details><summary>Dernier cran</summary>
# <code>layers.Dense(3, name="down1").name</code> rend <code>"down1"</code>.
# </details></details></details>
#
# <details><summary>L'autoencodeur ne rend pas <code>decoder(encoder(x))</code></summary>
# Combien de fois vos couches sont-elles créées ?
# <details><summary>Un cran de plus</summary>
# Les trois modèles doivent partager les mêmes couches, pas des copies.
# <details><summary>Dernier cran</summary>
# Changez un poids de l'encodeur : la sortie de l'autoencodeur doit changer aussi.
# </details></details></details>

# %% [markdown] lang="en"
# ## 1.2 The network
#
# *importance ●●●●● · difficulty ●●●○○ · 25 min*
#
# The **encoder** goes down from 784 pixels to the code, the **decoder** climbs back through the same
# sizes in reverse. Nothing may get around the code: `autoencoder(x)` is exactly `decoder(encoder(x))`.
#
# | layer | units | activation | name |
# |---|---|---|---|
# | encoder | capacity[0], capacity[1] | ReLU | `down1`, `down2` |
# | code | latent_dim | **none** | `code` |
# | decoder | capacity[1], capacity[0] | ReLU | `up1`, `up2` |
# | output | 784 | sigmoid | `pixels` |
#
# <details><summary>My reconstructions are all grey</summary>
# Which activation does your last layer have?
# <details><summary>One step more</summary>
# Which values can it give? A ReLU that says 0 stops learning; a tanh goes below 0.
# <details><summary>Last step</summary>
# A pixel is from 0 to 1: sigmoid(−3) ≈ 0.05, sigmoid(0) = 0.5, sigmoid(3) ≈ 0.95.
# </details></details></details>
#
# <details><summary>"no weight called …"</summary>
# Compare the names of your layers with those in the table.
# <details><summary>One step more</summary>
# A name is given when the layer is made; in a class of your own it is that of the attribute.
# <details><summary>Last step</summary>
# <code>layers.Dense(3, name="down1").name</code> gives <code>"down1"</code>.
# </details></details></details>
#
# <details><summary>The autoencoder does not give <code>decoder(encoder(x))</code></summary>
# How many times are your layers made?
# <details><summary>One step more</summary>
# The three models have to share the same layers, not copies of them.
# <details><summary>Last step</summary>
# Change a weight of the encoder: the autoencoder's output has to change too.
# </details></details></details>

# %% exercise="build"
def build_autoencoder(capacity, latent_dim):
    """A dense autoencoder for images of 784 pixels.

    Args:
        capacity: units of the two hidden layers of the encoder, (first, second); the decoder has
            them in reverse.
        latent_dim: size of the code.

    Returns:
        (encoder, decoder, autoencoder), Keras models: (n, 784) → (n, latent_dim),
        (n, latent_dim) → (n, 784), and the one after the other, sharing their weights.
        Layers: `down1`, `down2`, `code` in the encoder; `up1`, `up2`, `pixels` in the decoder.
    """
    ### FR """Un autoencodeur dense pour des images de 784 pixels.
    ### FR
    ### FR Arguments :
    ### FR     capacity: unités des deux couches cachées de l'encodeur, (première, seconde) ; le décodeur les a
    ### FR         en ordre inverse.
    ### FR     latent_dim: taille du code.
    ### FR
    ### FR Renvoie :
    ### FR     (encoder, decoder, autoencoder), modèles Keras : (n, 784) → (n, latent_dim),
    ### FR     (n, latent_dim) → (n, 784), et l'un après l'autre, aux mêmes poids.
    ### FR     Couches : `down1`, `down2`, `code` dans l'encodeur ; `up1`, `up2`, `pixels` dans le décodeur.
    ### FR """
    ### BEGIN SOLUTION
    first, second = capacity
    encoder = keras.Sequential([
        keras.Input((784,)),
        layers.Dense(first, activation="relu", name="down1"),
        layers.Dense(second, activation="relu", name="down2"),
        layers.Dense(latent_dim, name="code"),
    ])
    decoder = keras.Sequential([
        keras.Input((latent_dim,)),
        layers.Dense(second, activation="relu", name="up1"),
        layers.Dense(first, activation="relu", name="up2"),
        layers.Dense(784, activation="sigmoid", name="pixels"),
    ])
    image = keras.Input((784,))
    return encoder, decoder, keras.Model(image, decoder(encoder(image)))
    ### END SOLUTION

# %%
lab.check("build")

# %% [markdown] lang="fr"
# ## 1.3 Compter avant de construire
#
# *importance ●●●●○ · difficulté ●●○○○ · 15 min*
#
# Une couche dense de $n$ entrées et $m$ sorties a $n\,m$ poids et $m$ biais :
#
# $$P(n_0, \dots, n_L) = \sum_{l=1}^{L} (n_{l-1} + 1)\, n_l$$
#
# **Prévoyez à la main** le nombre de paramètres des quatre réseaux, puis écrivez la fonction qui les compte.
#
# **Pronostics.** Combien de fois plus que A pèse B ? Et C ?
#
# <details><summary>Il m'en manque quelques centaines ou quelques milliers</summary>
# Une couche n'a pas que des poids.
# <details><summary>Un cran de plus</summary>
# Chaque sortie a un biais : une couche de n vers m en a m.
# <details><summary>Dernier cran</summary>
# De 3 vers 2 : 3 × 2 poids et 2 biais, soit 8.
# </details></details></details>

# %% [markdown] lang="en"
# ## 1.3 Count before you build
#
# *importance ●●●●○ · difficulty ●●○○○ · 15 min*
#
# A dense layer with $n$ inputs and $m$ outputs has $n\,m$ weights and $m$ biases:
#
# $$P(n_0, \dots, n_L) = \sum_{l=1}^{L} (n_{l-1} + 1)\, n_l$$
#
# **Work out by hand** how many parameters the four networks have, then write the function that counts them.
#
# **Predict.** How many times the weight of A is that of B? And of C?
#
# <details><summary>I am a few hundred or a few thousand short</summary>
# A layer does not have weights only.
# <details><summary>One step more</summary>
# Every output has a bias: a layer from n to m has m of them.
# <details><summary>Last step</summary>
# From 3 to 2: 3 × 2 weights and 2 biases, that is 8.
# </details></details></details>

# %%
lab.predict("B_over_A", 9.6)
lab.predict("C_over_A", 1.05)

# %% exercise="counting"
def dense_parameters(sizes):
    """Number of parameters of a chain of dense layers with biases, worked out by hand.

    Args:
        sizes: widths from input to output, ints: [784, 512, 192, 8, 192, 512, 784].

    Returns:
        int.
    """
    ### FR """Nombre de paramètres d'une chaîne de couches denses avec biais, calculé à la main.
    ### FR
    ### FR Arguments :
    ### FR     sizes: largeurs de l'entrée à la sortie, entiers : [784, 512, 192, 8, 192, 512, 784].
    ### FR
    ### FR Renvoie :
    ### FR     int.
    ### FR """
    ### BEGIN SOLUTION
    return sum((n + 1) * m for n, m in zip(sizes, sizes[1:]))
    ### END SOLUTION

# %% role="show"
lab.check("dense_parameters")
count = {
    name: dense_parameters([784, *capacity, k, *capacity[::-1], 784])
    for name, (capacity, k) in CONFIGURATIONS.items()
}
lab.outcome(
    "B_over_A",
    count["B"] / count["A"],
    "nearly all weights are between the hidden layers and the pixels: 784 × 2048 and 2048 × 1568",
    ### FR "presque tous les poids sont entre les couches cachées et les pixels : 784 × 2048 et 2048 × 1568",
)
lab.outcome(
    "C_over_A",
    count["C"] / count["A"],
    "the code touches 192 units only: 2 × 192 × 120 weights more",
    ### FR "le code ne touche que 192 unités : 2 × 192 × 120 poids de plus",
)

# %% exercise="counts"
### BEGIN SOLUTION
### STUB lab.answer("parameters_A", None)  # your prediction in place of None
### FR ### STUB lab.answer("parameters_A", None)  # votre prévision à la place de None
### STUB lab.answer("parameters_B", None)
### STUB lab.answer("parameters_C", None)
### STUB lab.answer("parameters_D", None)
lab.answer("parameters_A", 1_004_696)
lab.answer("parameters_B", 9_666_904)
lab.answer("parameters_C", 1_050_896)
lab.answer("parameters_D", 10_043_344)
### END SOLUTION

# %% [markdown] lang="fr"
# ## 2.1 Mesurer
#
# *importance ●●●●○ · difficulté ●○○○○ · 10 min*
#
# L'erreur d'une image est la moyenne, sur ses 784 pixels, du carré de l'écart. Elle doit rester la même
# que l'on mesure 10 images ou 1 000.
#
# $$\mathrm{MSE} = \frac{1}{784\,n} \sum_{i=1}^{n} \sum_{p=1}^{784} \left(\hat x_{ip} - x_{ip}\right)^2$$
#
# **Pronostic.** Un « réseau » qui répond toujours l'image moyenne a pour erreur la variance moyenne des
# pixels, qui vont de 0 à 1 : à peu près combien ?
#
# <details><summary>Mon erreur grandit avec le nombre d'images</summary>
# Somme ou moyenne ?
# <details><summary>Un cran de plus</summary>
# La moyenne se prend sur les images <em>et</em> sur les pixels.
# <details><summary>Dernier cran</summary>
# Deux images de 3 pixels, tous faux de 0,5 : l'erreur vaut 0,25, comme pour une seule.
# </details></details></details>

# %% [markdown] lang="en"
# ## 2.1 Measure
#
# *importance ●●●●○ · difficulty ●○○○○ · 10 min*
#
# An image's error is the mean, over its 784 pixels, of the squared difference. It must not depend on
# whether 10 or 1,000 images are measured.
#
# $$\mathrm{MSE} = \frac{1}{784\,n} \sum_{i=1}^{n} \sum_{p=1}^{784} \left(\hat x_{ip} - x_{ip}\right)^2$$
#
# **Predict.** A "network" that always answers the mean image has the pixels' mean variance as its error;
# pixels go from 0 to 1: about how much is it?
#
# <details><summary>My error grows with the number of images</summary>
# Sum or mean?
# <details><summary>One step more</summary>
# The mean is over images <em>and</em> over pixels.
# <details><summary>Last step</summary>
# Two images of 3 pixels, each off by 0.5: the error is 0.25, as for a single one.
# </details></details></details>

# %%
lab.predict("mean_image", 0.087)

# %% exercise="mse"
def reconstruction_mse(model, x):
    """Mean squared error of the reconstructions, over all images and pixels.

    Args:
        model: Keras model, (n, 784) → (n, 784).
        x: images, float (n, 784) in [0, 1].

    Returns:
        float ≥ 0.
    """
    ### FR """Erreur quadratique moyenne des reconstructions, sur toutes les images et tous les pixels.
    ### FR
    ### FR Arguments :
    ### FR     model: modèle Keras, (n, 784) → (n, 784).
    ### FR     x: images, float (n, 784) dans [0, 1].
    ### FR
    ### FR Renvoie :
    ### FR     float ≥ 0.
    ### FR """
    ### BEGIN SOLUTION
    return float(np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2))
    ### END SOLUTION

# %% role="show"
lab.check("mse")
mean_image = np.mean(x_train, axis=0)
lab.outcome(
    "mean_image",
    reconstruction_mse(lambda x: np.broadcast_to(mean_image, x.shape), x_train[:1000]),
    "half of the pixels are nearly always black; the others differ by about 0.4 from their mean",
    ### FR "la moitié des pixels est presque toujours noire ; les autres s'écartent d'environ 0,4 de leur moyenne",
    within=0.04,
)

# %% [markdown] lang="fr"
# ## 2.2 La ligne à battre : l'analyse en composantes principales
#
# *importance ●●●●○ · difficulté ●●●○○ · 20 min*
#
# Sans aucune activation, le meilleur autoencodeur à code de taille k est connu sans entraînement :
# projeter sur les k premières composantes principales (Baldi et Hornik, 1989). C'est la **ligne ACP** :
#
# $$\hat x = \bar x + (x - \bar x)\, V_k V_k^\top$$
#
# ![Un nuage de points, sa moyenne, ses deux directions v1 et v2 ; chaque point est projeté sur la droite de v1, la plus étalée, et l'erreur est le segment qui manque](figures/pca.fr.svg)
#
# où $\bar x$ est l'image moyenne et les $k$ colonnes de $V_k$ les directions où les images varient le plus.
# Un réseau qui reste au-dessus sur ses propres images d'entraînement n'a pas appris ce qu'une méthode
# linéaire sait déjà. Écrivez-la avec NumPy (`np.linalg.svd` ou `eigh`) : `sklearn.decomposition.PCA` et
# `TruncatedSVD` ne sont pas admises ici.
#
# | | forme |
# |---|---|
# | `x_train` : moyenne et composantes viennent d'ici, et d'ici seulement | (n, d) |
# | `x` : ce qu'on reconstruit | (m, d) |
# | résultat | (m, d) |
#
# <details><summary>Mon erreur ne baisse pas jusqu'à 0 quand k = d</summary>
# Que faites-vous de la moyenne ?
# <details><summary>Un cran de plus</summary>
# Elle s'ôte avant la projection et se remet après.
# <details><summary>Dernier cran</summary>
# Pour x égal à la moyenne, la reconstruction est x lui-même, quel que soit k.
# </details></details></details>
#
# <details><summary>Les formes ne vont pas</summary>
# Affichez la forme des trois résultats de <code>np.linalg.svd</code>.
# <details><summary>Un cran de plus</summary>
# Avec <code>full_matrices=False</code>, le troisième a une <em>ligne</em> par composante.
# <details><summary>Dernier cran</summary>
# Pour 300 images de 784 pixels : (300, 300), (300,), (300, 784) ; les k premières : (k, 784).
# </details></details></details>

# %% [markdown] lang="en"
# ## 2.2 The line to beat: principal components
#
# *importance ●●●●○ · difficulty ●●●○○ · 20 min*
#
# Without any activation, the best autoencoder with a code of size k is known without training: project
# on the first k principal components (Baldi and Hornik, 1989). That is the **PCA line**:
#
# $$\hat x = \bar x + (x - \bar x)\, V_k V_k^\top$$
#
# ![A cloud of points, its mean, its two directions v1 and v2; each point is projected on the line of v1, the widest spread, and the error is the segment that is missing](figures/pca.en.svg)
#
# where $\bar x$ is the mean image and the $k$ columns of $V_k$ the directions in which images vary most. A network that
# stays above it on its own training images has not learnt what a linear method already knows. Write it
# with NumPy (`np.linalg.svd` or `eigh`): `sklearn.decomposition.PCA` and `TruncatedSVD` do not count here.
#
# | | shape |
# |---|---|
# | `x_train`: mean and components come from here, and only from here | (n, d) |
# | `x`: what is reconstructed | (m, d) |
# | result | (m, d) |
#
# <details><summary>My error does not go down to 0 when k = d</summary>
# What do you do with the mean?
# <details><summary>One step more</summary>
# It is taken off before the projection and put back after it.
# <details><summary>Last step</summary>
# For x equal to the mean the reconstruction is x itself, whatever k.
# </details></details></details>
#
# <details><summary>The shapes do not fit</summary>
# Print the shapes of the three results of <code>np.linalg.svd</code>.
# <details><summary>One step more</summary>
# With <code>full_matrices=False</code> the third has one <em>row</em> per component.
# <details><summary>Last step</summary>
# For 300 images of 784 pixels: (300, 300), (300,), (300, 784); the first k: (k, 784).
# </details></details></details>

# %% exercise="pca"
def pca_reconstruction(x_train, x, k):
    """Reconstruct `x` from its k first principal components, those of `x_train`.

    Args:
        x_train: float (n, d); gives the mean and the components.
        x: float (m, d), what is reconstructed.
        k: number of components, 1 to min(n, d).

    Returns:
        float (m, d).
    """
    ### FR """Reconstruire `x` d'après ses k premières composantes principales, celles de `x_train`.
    ### FR
    ### FR Arguments :
    ### FR     x_train: float (n, d) ; donne la moyenne et les composantes.
    ### FR     x: float (m, d), ce qui est reconstruit.
    ### FR     k: nombre de composantes, de 1 à min(n, d).
    ### FR
    ### FR Renvoie :
    ### FR     float (m, d).
    ### FR """
    ### BEGIN SOLUTION
    mean = np.mean(x_train, axis=0)
    _, _, components = np.linalg.svd(x_train - mean, full_matrices=False)
    components = components[:k]
    return mean + (x - mean) @ components.T @ components
    ### END SOLUTION

# %%
lab.check("pca")

# %% role="show"
small = x_train[:SMALL]
shown = np.concatenate([small, x_test[:500]])
line = {}
for k in (8, 128):
    squares = (pca_reconstruction(small, shown, k) - shown) ** 2
    line[k] = [float(np.mean(part)) for part in (squares[:SMALL], squares[SMALL:])]
    print(f"PCA {k:3}: train {line[k][0]:.4f}  test {line[k][1]:.4f}")
    ### FR print(f"ACP {k:3} : entraînement {line[k][0]:.4f}  test {line[k][1]:.4f}")

# %% [markdown] lang="fr"
# **L'ACP en image.** En haut, les huit premières directions de ces 300 images, du gris moyen au blanc et au
# noir : la première oppose hauts et chaussures, les suivantes ajoutent manches, jambes, talons. En bas, une
# image de test rebâtie avec 1, 2, 4, … composantes : avec 8, une silhouette ; avec 128, presque tout.

# %% [markdown] lang="en"
# **PCA in a picture.** Above, the first eight directions of these 300 images, from mean grey to white and
# black: the first sets tops against shoes, the next ones add sleeves, legs, heels. Below, a test image
# rebuilt from 1, 2, 4, … components: with 8 an outline, with 128 nearly all of it.

# %% role="show"
_, _, directions = np.linalg.svd(small - small.mean(axis=0), full_matrices=False)
first = 0.5 + 0.5 * directions[:8] / np.abs(directions[:8]).max(axis=1, keepdims=True)
steps = (1, 2, 4, 8, 16, 64, 128)
rebuilt = [pca_reconstruction(small, x_test[:1], k)[0] for k in steps]
show([first, [*rebuilt, x_test[0]]], ["directions", f"k = {', '.join(map(str, steps))}"])

# %% [markdown] lang="fr"
# ## 2.3 Ce que voit `fit`
#
# *importance ●●●●● · difficulté ●●○○○ · 15 min*
#
# Presque toutes les conclusions fausses viennent d'ici. Tout est sur la table, mais tout n'a pas le droit
# de servir :
#
# | clé | contenu |
# |---|---|
# | `x` | les `count` **premières** images d'entraînement, préparées |
# | `y` | ce que le réseau doit rendre |
# | `validation_data` | (entrées, cibles) des **200 dernières** images d'entraînement |
#
# Arrêter ou choisir d'après les images de test, c'est déjà apprendre d'elles : elles ne servent qu'au
# verdict.
#
# <details><summary>Je ne sais pas quoi donner comme <code>y</code></summary>
# Que doit rendre un autoencodeur ?
# <details><summary>Un cran de plus</summary>
# La cible est l'entrée elle-même ; les classes n'y sont pour rien.
# <details><summary>Dernier cran</summary>
# Pour une image x, la perte compare <code>autoencoder(x)</code> à x.
# </details></details></details>

# %% [markdown] lang="en"
# ## 2.3 What `fit` sees
#
# *importance ●●●●● · difficulty ●●○○○ · 15 min*
#
# Nearly all wrong conclusions come from here. Everything lies on the table, not everything may be used:
#
# | key | holds |
# |---|---|
# | `x` | the **first** `count` training images, prepared |
# | `y` | what the network must give back |
# | `validation_data` | (inputs, targets) of the **last 200** training images |
#
# To stop or to choose by the test images is to learn from them: they serve for the verdict alone.
#
# <details><summary>I do not know what to give as <code>y</code></summary>
# What has an autoencoder to give back?
# <details><summary>One step more</summary>
# The target is the input itself; classes have nothing to do with it.
# <details><summary>Last step</summary>
# For an image x the loss compares <code>autoencoder(x)</code> with x.
# </details></details></details>

# %% exercise="protocol"
def fit_arguments(train_images, train_labels, test_images, count):
    """What is handed to ``autoencoder.fit``; not all of the material may be used.

    Args:
        train_images: uint8 (n, 28, 28), n ≥ count + 200.
        train_labels: uint8 (n,), their classes.
        test_images: uint8 (m, 28, 28).
        count: how many images to learn from: the first ones.

    Returns:
        dict with `x`, `y` and `validation_data`, a pair; prepared images throughout. Validation is
        on the last 200 training images.
    """
    ### FR """Ce qui est donné à ``autoencoder.fit`` ; tout le matériel n'a pas le droit de servir.
    ### FR
    ### FR Arguments :
    ### FR     train_images: uint8 (n, 28, 28), n ≥ count + 200.
    ### FR     train_labels: uint8 (n,), leurs classes.
    ### FR     test_images: uint8 (m, 28, 28).
    ### FR     count: sur combien d'images apprendre : les premières.
    ### FR
    ### FR Renvoie :
    ### FR     dict avec `x`, `y` et `validation_data`, une paire ; des images préparées partout. La validation
    ### FR     porte sur les 200 dernières images d'entraînement.
    ### FR """
    ### BEGIN SOLUTION
    x = prepare(train_images[:count])
    validation = prepare(train_images[-200:])
    return {"x": x, "y": x, "validation_data": (validation, validation)}
    ### END SOLUTION

# %%
lab.check("protocol")

# %% [markdown] lang="fr"
# ## 3 L'étude : quatre réseaux, deux ensembles
#
# Chaque réseau fait **400 pas de 30 images**, qu'il ait 300 images (vues 40 fois chacune) ou 12 000 (vues
# une fois) : le calcul est le même, seule change la variété.
#
# **Pronostics.** (a) Sur 300 images, par combien un code de 128 au lieu de 8 multiplie-t-il l'erreur
# d'entraînement (C sur A) ? (b) Avec 12 000 images, que vaudra en moyenne l'erreur de test sur celle
# d'entraînement ?
#
# | recette | temps | à attendre (300 images, entraînement / test) |
# |---|---|---|
# | celle-ci, deux cœurs | 220 s de processeur en tout | A ≈ 0,018 / 0,026, D ≈ 0,014 / 0,026 |
# | longue, pour un GPU (non mesurée) | `STEPS, BATCH = 6000, 100`, `SMALL, LARGE = 1000, 60_000`, données `"full"` | B et D bien plus bas en entraînement |
#
# **Après un redémarrage**, rien n'est perdu : relancez les cellules du haut jusqu'à celle qui définit
# `train`, puis au lieu d'entraîner A : `A = build_autoencoder(LOW, 8)` et `lab.restore("A", A[-1])` ; de
# même B, C et D. `lab.progress()` retrouve vos points et vos réponses.

# %% [markdown] lang="en"
# ## 3 The study: four networks, two sets
#
# Every network makes **400 steps of 30 images**, whether it has 300 images (each seen 40 times) or 12,000
# (seen once): the computing is the same, only variety changes.
#
# **Predict.** (a) On 300 images, by what does a code of 128 instead of 8 multiply the training error (C over
# A)? (b) With 12,000 images, what will the ratio of test to training error be on average?
#
# | recipe | time | to expect (300 images, training / test) |
# |---|---|---|
# | this one, two cores | 220 s of processor in all | A ≈ 0.018 / 0.026, D ≈ 0.014 / 0.026 |
# | long, for a GPU (not measured) | `STEPS, BATCH = 6000, 100`, `SMALL, LARGE = 1000, 60_000`, `"full"` data | B and D far lower in training |
#
# **After a restart** nothing is lost: run the cells from the top to the one that defines `train`, then
# instead of training A: `A = build_autoencoder(LOW, 8)` and `lab.restore("A", A[-1])`; B, C and D likewise.
# `lab.progress()` finds your points and answers again.

# %%
lab.predict("C_over_A_train", 0.8)
lab.predict("ratio_large", 1.0)

# %% role="setup"
def train(capacity, latent_dim, count, callbacks=()):
    """Build a network and train it on `count` images; (encoder, decoder, autoencoder)."""
    ### FR """Construire un réseau et l'entraîner sur `count` images ; (encoder, decoder, autoencoder)."""
    keras.utils.set_random_seed(SEED)
    trio = build_autoencoder(capacity, latent_dim)
    arguments = fit_arguments(data["x_train"], data["y_train"], data["x_test"], count)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE[capacity], STEPS)
    trio[-1].compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
    trio[-1].fit(
        **arguments, batch_size=BATCH, epochs=STEPS * BATCH // count, validation_freq=10,
        callbacks=list(callbacks), verbose=0,
    )
    return trio

# %% role="show"
A = train(LOW, 8, SMALL, [lab.record("A")])

# %% role="show"
B = train(HIGH, 8, SMALL, [lab.record("B")])

# %% role="show"
C = train(LOW, 128, SMALL, [lab.record("C")])

# %% role="show"
D = train(HIGH, 128, SMALL, [lab.record("D")])

# %%
lab.check("study")

# %% [markdown] lang="fr"
# Et maintenant 12 000 images. Ces quatre réseaux-là pèsent trop lourd pour être rendus : seules leurs
# erreurs sont gardées.

# %% [markdown] lang="en"
# And now 12,000 images. These four networks are too heavy to hand in: only their errors are kept.

# %% role="show"
with lab.record("large", weights=False) as run:
    for i in run.steps(4):
        *_, model = train(*CONFIGURATIONS["ABCD"[i]], LARGE)
        run.log(train=reconstruction_mse(model, x_train[:500]), test=reconstruction_mse(model, x_test[:500]))
large = run.history

# %% [markdown] lang="fr"
# La figure qui résume tout : erreur d'entraînement (plein) et de test (hachuré), et la ligne ACP de la
# même taille de code, tirée des 300 images à gauche, de 2 000 à droite.

# %% [markdown] lang="en"
# The figure that says it all: training error (plain) and test error (hatched), and the PCA line of the
# same code size, from the 300 images on the left, from 2,000 on the right.

# %% role="show"
models = {"A": A[-1], "B": B[-1], "C": C[-1], "D": D[-1]}
errors = {
    name: (reconstruction_mse(model, small), reconstruction_mse(model, x_test[:500]))
    for name, model in models.items()
}
for i, (name, (seen, new)) in enumerate(errors.items()):
    k = CONFIGURATIONS[name][1]
    more = f"   12,000: {large['train'][i]:.4f} {large['test'][i]:.4f}" if i < len(large["test"]) else ""
    ### FR more = f"   12 000 : {large['train'][i]:.4f} {large['test'][i]:.4f}" if i < len(large["test"]) else ""
    print(f"{name}  300: {seen:.4f} {new:.4f}  ratio {new / seen:.2f}  PCA {k}: {line[k][0]:.4f}{more}")
    ### FR print(f"{name}  300 : {seen:.4f} {new:.4f}  rapport {new / seen:.2f}  ACP {k} : {line[k][0]:.4f}{more}")
lab.outcome(
    "C_over_A_train",
    errors["C"][0] / errors["A"][0],
    "128 numbers hold more than 8, but 400 steps are too few to use them all: PCA shows what they could hold",
    ### FR "128 nombres en disent plus que 8, mais 400 pas ne suffisent pas à s'en servir : voyez la ligne ACP",
    within=0.15,
)
lab.outcome(
    "ratio_large",
    float(np.mean(large["test"]) / np.mean(large["train"])),
    "an image seen once is as good as new: nothing can be learnt by heart",
    ### FR "une image vue une seule fois est comme neuve : rien ne s'apprend par cœur",
    within=0.1,
)

# %% role="show"
#@title The figure: four networks, two sets, two errors
### FR #@title La figure : quatre réseaux, deux ensembles, deux erreurs
more = np.concatenate([x_train[:500], x_test[:500]])
line_large = {}
for k in (8, 128):
    squares = (pca_reconstruction(x_train[:2000], more, k) - more) ** 2
    line_large[k] = [float(np.mean(part)) for part in (squares[:500], squares[500:])]
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True, layout="constrained")
panels = {
    "300 images": ([list(v) for v in zip(*errors.values())], line),
    "12,000 images": ([large["train"], large["test"]], line_large),
    ### FR "12 000 images": ([large["train"], large["test"]], line_large),
}
for axis, (title, (bars, lines)) in zip(axes, panels.items()):
    for place, (values, hatch, label) in enumerate(zip(bars, ("", "///"), ("on training images", "on test images"))):
    ### FR for place, (values, hatch, label) in enumerate(zip(bars, ("", "///"), ("images d'entraînement", "images de test"))):
        where = np.arange(len(values)) + 0.4 * place - 0.2
        axis.bar(where, values, 0.38, color=("#0072b2", "#e69f00")[place], hatch=hatch, label=label)
    for column, (_, k) in enumerate(CONFIGURATIONS.values()):
        for value, style, label in zip(lines[k], ("-", ":"), ("PCA train", "PCA test")):
        ### FR for value, style, label in zip(lines[k], ("-", ":"), ("ACP entraînement", "ACP test")):
            axis.hlines(value, column - 0.45, column + 0.45, "k", style, label="" if column else label)
    axis.set_xticks(range(4), list(CONFIGURATIONS))
    axis.set_title(title)
axes[0].set_ylabel("mean squared error")
### FR axes[0].set_ylabel("erreur quadratique moyenne")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
plt.show()

# %% [markdown] lang="fr"
# ## 3.1 La galerie
#
# *importance ●●●○○ · difficulté ●●○○○ · 10 min*
#
# L'œil voit ce que la moyenne cache. Pour un réseau, quatre lignes : des images d'entraînement, leurs
# reconstructions, des images de test, leurs reconstructions. La cellule suivante les dispose comme l'examen :
# originaux en haut, reconstructions dessous, entraînement à gauche, test à droite.
#
# <details><summary>La forme est juste, les images sont mélangées</summary>
# Dans quel ordre viennent les quatre lignes ?
# <details><summary>Un cran de plus</summary>
# Chaque ligne d'originaux est suivie de <em>ses</em> reconstructions.
# <details><summary>Dernier cran</summary>
# Avec un réseau qui recopie tout, les lignes 0 et 1 sont égales, et les lignes 2 et 3.
# </details></details></details>

# %% [markdown] lang="en"
# ## 3.1 The gallery
#
# *importance ●●●○○ · difficulty ●●○○○ · 10 min*
#
# The eye sees what an average hides. Four rows for a network: training images, their reconstructions, test
# images, their reconstructions. The cell after it lays them out as the exam does: originals above,
# reconstructions below, training on the left, test on the right.
#
# <details><summary>The shape is right, the images are mixed up</summary>
# In which order do the four rows come?
# <details><summary>One step more</summary>
# Each row of originals is followed by <em>its</em> reconstructions.
# <details><summary>Last step</summary>
# With a network that copies everything, rows 0 and 1 are equal, and so are rows 2 and 3.
# </details></details></details>

# %% exercise="gallery"
def gallery(model, x_train, x_test, count):
    """Originals above their reconstructions, training images then test images.

    Args:
        model: Keras model, (n, 784) → (n, 784).
        x_train: images that the model has learnt from, float (n, 784).
        x_test: images that it has never seen, float (m, 784).
        count: how many of each: the first ones.

    Returns:
        float (4, count, 784): training originals, their reconstructions, test originals, theirs.
    """
    ### FR """Les originaux au-dessus de leurs reconstructions, entraînement puis test.
    ### FR
    ### FR Arguments :
    ### FR     model: modèle Keras, (n, 784) → (n, 784).
    ### FR     x_train: images dont le modèle a appris, float (n, 784).
    ### FR     x_test: images qu'il n'a jamais vues, float (m, 784).
    ### FR     count: combien de chaque : les premières.
    ### FR
    ### FR Renvoie :
    ### FR     float (4, count, 784) : originaux d'entraînement, leurs reconstructions, originaux de test, les leurs.
    ### FR """
    ### BEGIN SOLUTION
    rows = []
    for x in (x_train[:count], x_test[:count]):
        rows += [np.asarray(x), np.asarray(model(x))]
    return np.stack(rows)
    ### END SOLUTION

# %%
lab.check("gallery")

# %% role="show"
galleries = {name: gallery(model, small, x_test, 8) for name, model in models.items()}
originals = next(iter(galleries.values()))
show(
    [side_by_side(originals[0], originals[2]), *(side_by_side(rows[1], rows[3]) for rows in galleries.values())],
    ["original", *galleries], 0.6, ["train", "test"],
    ### FR ["original", *galleries], 0.6, ["entraînement", "test"],
)

# %% [markdown] lang="fr"
# ## 3.2 Classer
#
# *importance ●●●○○ · difficulté ●○○○○ · 5 min*
#
# Un réseau est jugé sur ce qu'il n'a jamais vu.
#
# <details><summary>Mon classement est à l'envers, ou d'après l'entraînement</summary>
# Laquelle des deux erreurs juge un réseau ?
# <details><summary>Un cran de plus</summary>
# La meilleure est la plus petite.
# <details><summary>Dernier cran</summary>
# Avec X : (0,01 ; 0,03) et Y : (0,02 ; 0,02), Y vient d'abord.
# </details></details></details>

# %% [markdown] lang="en"
# ## 3.2 Rank
#
# *importance ●●●○○ · difficulty ●○○○○ · 5 min*
#
# A network is judged by what it has never seen.
#
# <details><summary>My ranking is upside down, or by the training error</summary>
# Which of the two errors judges a network?
# <details><summary>One step more</summary>
# The best is the smallest.
# <details><summary>Last step</summary>
# With X: (0.01, 0.03) and Y: (0.02, 0.02), Y comes first.
# </details></details></details>

# %% exercise="rank"
def rank(errors):
    """Names of the networks, best first.

    Args:
        errors: name → (training error, test error), floats.

    Returns:
        List of names.
    """
    ### FR """Noms des réseaux, le meilleur d'abord.
    ### FR
    ### FR Arguments :
    ### FR     errors: nom → (erreur d'entraînement, erreur de test), floats.
    ### FR
    ### FR Renvoie :
    ### FR     Liste de noms.
    ### FR """
    ### BEGIN SOLUTION
    return sorted(errors, key=lambda name: errors[name][1])
    ### END SOLUTION

# %% role="show"
lab.check("rank")
rank(errors)

# %% [markdown] lang="fr"
# ## 3.3 Vos verdicts, sur 300 images
#
# *importance ●●●●● · difficulté ●●●○○ · 20 min*
#
# L'examen du cours dit : mauvais partout, c'est A ou C ; bon partout, c'est D ; excellent en
# entraînement et mauvais en test, c'est typiquement B. **Vos nombres disent-ils cela ?** Deux questions, dans
# l'ordre, à poser à chaque réseau :
#
# 1. *A-t-il appris ses propres images ?* Si son erreur d'entraînement dépasse la ligne ACP (entraînement) de
#    la même taille de code : `"under"` (sous-appris), et l'on s'arrête là.
# 2. *Sait-il le refaire sur des images neuves ?* Si son erreur de test dépasse son erreur d'entraînement de
#    plus d'un quart (rapport ≥ 1,25) : `"over"` (sur-appris), sinon `"well"` (bien appris).
#
# Vos réponses seront confrontées à vos propres réseaux, remesurés sur d'autres images de test que les vôtres ;
# près d'une limite, les deux voisins sont acceptés. `ratio_…` : erreur de test sur erreur d'entraînement.
# `largest_gap` met l'examen à l'épreuve : chez vous, quel réseau a le plus grand rapport ? L'affirmation sur B
# tient si c'est B, et seulement alors.
#
# Lisez ensuite la moitié droite de la figure, à 12 000 images, sans un pas de calcul de plus. Et D ? Il a dix fois
# plus de poids que C, et 128 composantes principales font pourtant bien mieux : 400 pas ne suffisent pas à
# l'entraîner.

# %% [markdown] lang="en"
# ## 3.3 Your verdicts, on 300 images
#
# *importance ●●●●● · difficulty ●●●○○ · 20 min*
#
# The course's exam says: bad everywhere is A or C; good everywhere is D; excellent in training and bad
# on test is typically B. **Do your numbers say so?** Ask each network two questions, in this order:
#
# 1. *Has it learnt its own images?* If its training error is above the (training) PCA line of the same
#    code size: `"under"` (under-fitted), and that settles it.
# 2. *Can it do the same on new images?* If its test error exceeds its training error by more than a
#    quarter (ratio ≥ 1.25): `"over"` (over-fitted), else `"well"` (well fitted).
#
# Your answers are held against your own networks, measured again on other test images than yours; near a
# limit both neighbours are accepted. `ratio_…`: test error over training error. `largest_gap` puts the exam to
# the test: which of your networks has the largest ratio? The claim about B holds if it is B, and only then.
#
# Then read the right half of the figure, at 12,000 images, without one more step of computing. And D? It has ten
# times the weights of C, and yet 128 principal components do far better: 400 steps are not enough to train it.

# %% exercise="verdicts"
### BEGIN SOLUTION
### STUB lab.answer("verdict_A", None)  # "under", "well" or "over"
### FR ### STUB lab.answer("verdict_A", None)  # "under", "well" ou "over"
### STUB lab.answer("verdict_B", None)
### STUB lab.answer("verdict_C", None)
### STUB lab.answer("verdict_D", None)
### STUB lab.answer("ratio_B", None)
### STUB lab.answer("ratio_D", None)
### STUB lab.answer("largest_gap", None)  # the network with the largest ratio: B, as the exam says?
### FR ### STUB lab.answer("largest_gap", None)  # le réseau au plus grand rapport : B, comme le dit l'examen ?
### STUB lab.answer("best", None)  # the network with the lowest test error
### FR ### STUB lab.answer("best", None)  # le réseau à la plus petite erreur de test
lab.answer("verdict_A", "over")
lab.answer("verdict_B", "over")
lab.answer("verdict_C", "under")
lab.answer("verdict_D", "under")
lab.answer("ratio_B", 1.57)
lab.answer("ratio_D", 1.88)
lab.answer("largest_gap", "D")
lab.answer("best", "C")
### END SOLUTION

# %% question="verdict_words"
"B's test error is 1.57 times its training error, but D's is 1.88 times: the claim holds for B, not for B alone, and D's gap is the largest. With 12,000 images B's ratio falls to 0.98: images close the gap, not steps."
### FR "L'erreur de test de B vaut 1,57 fois celle d'entraînement, mais celle de D 1,88 fois : c'est vrai de B, mais pas de B seul, et l'écart de D est le plus grand. Avec 12 000 images le rapport de B tombe à 0,98 : ce sont les images qui referment l'écart, pas les pas."

# %% [markdown] lang="fr"
# ## 4 À l'aveugle
#
# *importance ●●●●○ · difficulté ●●●●○ · 20 min*
#
# Quatre galeries de réseaux inconnus, entraînés avec d'autres graines : deux de capacité basse à code 8, deux à
# code 128 ; dans chaque paire, l'un a appris 300 images et l'autre 12 000. Les images « train » ci-dessous
# sont les douze premières de l'ensemble d'entraînement (tous les ont vues), les « test » les douze
# premières du test. Répondez `"A300"`, `"A12000"`, `"C300"` ou `"C12000"`. Indices : mesurez vos
# propres réseaux sur ces mêmes 24 images (le rapport test/train dit combien d'images) ; et, à ensemble égal,
# quel code reconstruit le mieux ?

# %% [markdown] lang="en"
# ## 4 Blind
#
# *importance ●●●●○ · difficulty ●●●●○ · 20 min*
#
# Four galleries of unknown networks, trained with other seeds: two of low capacity with a code of 8, two
# with a code of 128; in each pair one learnt from 300 images, the other from 12,000. The "train" images
# below are the first twelve of the training set (all four have seen them), "test" the first twelve of
# the test set. Answer `"A300"`, `"A12000"`, `"C300"` or `"C12000"`. Hints: measure your own networks on these
# same 24 images (the test/train ratio tells how many images); and, with equal sets, which code rebuilds best?

# %% role="show"
blind = {name: x / np.float32(255) for name, x in lab.data("blind_galleries").items()}
for name in ("gallery_1", "gallery_2", "gallery_3", "gallery_4"):
    seen, new = blind[name][:12], blind[name][12:]
    mse = [float(np.mean((y - x) ** 2)) for y, x in ((seen, x_train[:12]), (new, x_test[:12]))]
    print(f"{name}: train {mse[0]:.4f}  test {mse[1]:.4f}")
    ### FR print(f"{name} : entraînement {mse[0]:.4f}  test {mse[1]:.4f}")
pairs = [side_by_side(x[:12], x[12:]) for x in (np.concatenate([x_train[:12], x_test[:12]]), *blind.values())]
show(pairs, ["original", *blind], 0.5, ["train", "test"])
### FR show(pairs, ["original", *blind], 0.5, ["entraînement", "test"])

# %% exercise="blind"
### BEGIN SOLUTION
### STUB lab.answer("gallery_1", None)  # "A300", "A12000", "C300" or "C12000"
### FR ### STUB lab.answer("gallery_1", None)  # "A300", "A12000", "C300" ou "C12000"
### STUB lab.answer("gallery_2", None)
### STUB lab.answer("gallery_3", None)
### STUB lab.answer("gallery_4", None)
lab.answer("gallery_1", "C12000")
lab.answer("gallery_2", "C300")
lab.answer("gallery_3", "A300")
lab.answer("gallery_4", "A12000")
### END SOLUTION

# %% [markdown] lang="fr"
# ## 5.1 Se promener dans le code
#
# *importance ●●●○○ · difficulté ●●○○○ · 15 min*
#
# Entre deux codes, une ligne droite ; décodée, c'est un vêtement qui se transforme. Mélanger les
# *pixels* donne un fondu enchaîné, deux vêtements transparents l'un sur l'autre : comparez les deux
# premières lignes du dessin.
#
# <details><summary>Je vois un fondu enchaîné</summary>
# Qu'est-ce que vous mélangez ?
# <details><summary>Un cran de plus</summary>
# Le mélange se fait entre les codes, avant le décodeur.
# <details><summary>Dernier cran</summary>
# Entre les codes (0, 0) et (2, 4), à mi-chemin : (1, 2) ; c'est lui qui est décodé.
# </details></details></details>

# %% [markdown] lang="en"
# ## 5.1 Walk through the code
#
# *importance ●●●○○ · difficulty ●●○○○ · 15 min*
#
# Between two codes, a straight line; decoded, it is one garment turning into another. Mixing *pixels*
# gives a cross-fade, two transparent garments on top of each other: compare the picture's first two rows.
#
# <details><summary>I see a cross-fade</summary>
# What do you mix?
# <details><summary>One step more</summary>
# The mixing is between codes, before the decoder.
# <details><summary>Last step</summary>
# Between the codes (0, 0) and (2, 4), halfway: (1, 2); this is what is decoded.
# </details></details></details>

# %% exercise="interpolate"
def interpolate(encoder, decoder, x0, x1, steps):
    """Decode the straight line between the codes of two images.

    Args:
        encoder: Keras model, (n, 784) → (n, z).
        decoder: Keras model, (n, z) → (n, 784).
        x0: first image, float (784,).
        x1: last image, float (784,).
        steps: number of images, ≥ 2, evenly spaced, both ends included.

    Returns:
        float (steps, 784); the first is the reconstruction of `x0`, the last that of `x1`.
    """
    ### FR """Décoder la ligne droite entre les codes de deux images.
    ### FR
    ### FR Arguments :
    ### FR     encoder: modèle Keras, (n, 784) → (n, z).
    ### FR     decoder: modèle Keras, (n, z) → (n, 784).
    ### FR     x0: première image, float (784,).
    ### FR     x1: dernière image, float (784,).
    ### FR     steps: nombre d'images, ≥ 2, régulièrement espacées, extrémités comprises.
    ### FR
    ### FR Renvoie :
    ### FR     float (steps, 784) ; la première est la reconstruction de `x0`, la dernière celle de `x1`.
    ### FR """
    ### BEGIN SOLUTION
    z0, z1 = np.asarray(encoder(np.stack([x0, x1])))
    t = np.linspace(0, 1, steps, dtype="float32")[:, None]
    return np.asarray(decoder((1 - t) * z0 + t * z1))
    ### END SOLUTION

# %%
lab.check("interpolate")

# %% role="show"
walks = [interpolate(*A[:2], x_test[i], x_test[j], 10) for i, j in ((0, 1), (2, 4), (5, 0))]
fade = [(1 - t) * x_test[0] + t * x_test[1] for t in np.linspace(0, 1, 10)]
show([walks[0], fade, *walks[1:]], ["code 0 → 1", "pixels 0 → 1", "code 2 → 4", "code 5 → 0"])

# %% [markdown] lang="fr"
# La carte des codes : les 8 nombres du code de A ramenés à deux axes par une ACP, une couleur et un
# signe par classe. Personne n'a montré les étiquettes au réseau ; les classes qu'il sépare se ressemblent peu,
# celles qu'il mélange (chemise, pull, manteau) se ressemblent.

# %% [markdown] lang="en"
# The map of the codes: the 8 numbers of A's code brought down to two axes by PCA, one colour and sign per class.
# Nobody showed the network a label; the classes that it separates look different, those that it mixes
# (shirt, pullover, coat) look alike.

# %% role="show"
codes = np.asarray(A[0](x_test[:1000]))
_, _, axes2 = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
flat = (codes - codes.mean(axis=0)) @ axes2[:2].T
figure, axis = plt.subplots(figsize=(6.4, 4.6))
for c, (name, marker) in enumerate(zip(CLASSES, "o^sDvP*X<>")):
    own = data["y_test"][:1000] == c
    axis.scatter(*flat[own].T, s=12, marker=marker, color=plt.cm.tab10(c), label=name)
axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
axis.set(xlabel="axis 1", ylabel="axis 2", title="codes of A")
### FR axis.set(xlabel="axe 1", ylabel="axe 2", title="codes de A")
plt.show()

# %% [markdown] lang="fr"
# ## 5.2 Détecter ce qui n'est pas un vêtement
#
# *importance ●●●○○ · difficulté ●●●○○ · 20 min*
#
# Un réseau qui n'a vu que des vêtements reconstruit mal le reste : son erreur, image par image, est un
# score d'anomalie. L'aire sous la courbe ROC est la probabilité qu'une anomalie tirée au hasard ait un
# score plus élevé qu'un vêtement tiré au hasard (une égalité compte pour moitié) :
#
# $$\mathrm{AUC} = P(s_\text{anomalie} > s_\text{vêtement}) + \tfrac12 P(s_\text{anomalie} = s_\text{vêtement})$$
#
# **Pronostic.** De 0,5 (il ne voit rien) à 1 (il ne se trompe jamais) : l'aire de A sur des traits tracés à
# la main ?
#
# <details><summary>Mon score est un seul nombre</summary>
# Sur quels axes prenez-vous la moyenne ?
# <details><summary>Un cran de plus</summary>
# Un score par image : la moyenne porte sur les pixels seulement.
# <details><summary>Dernier cran</summary>
# Trois images de 784 pixels donnent trois scores.
# </details></details></details>
#
# <details><summary>Mon aire est trop petite ou trop grande d'un rien</summary>
# Que faites-vous des égalités ?
# <details><summary>Un cran de plus</summary>
# Une paire de scores égaux compte pour un demi.
# <details><summary>Dernier cran</summary>
# Vêtements (1, 2), anomalies (2, 3) : les paires 1 < 2, 1 < 3, 2 = 2, 2 < 3 font 3,5 sur 4, soit 0,875.
# </details></details></details>

# %% [markdown] lang="en"
# ## 5.2 Detect what is no garment
#
# *importance ●●●○○ · difficulty ●●●○○ · 20 min*
#
# A network that has seen garments only reconstructs the rest badly: its error, image by image, is an
# anomaly score. The area under the ROC curve is the probability that an anomaly drawn at random scores
# higher than a garment drawn at random (a tie counts one half):
#
# $$\mathrm{AUC} = P(s_\text{anomaly} > s_\text{garment}) + \tfrac12 P(s_\text{anomaly} = s_\text{garment})$$
#
# **Predict.** From 0.5 (it sees nothing) to 1 (it is never wrong): the area of A on strokes drawn by hand?
#
# <details><summary>My score is a single number</summary>
# Over which axes do you take the mean?
# <details><summary>One step more</summary>
# One score per image: the mean is over pixels only.
# <details><summary>Last step</summary>
# Three images of 784 pixels give three scores.
# </details></details></details>
#
# <details><summary>My area is a little too small or too large</summary>
# What do you do with ties?
# <details><summary>One step more</summary>
# A pair of equal scores counts one half.
# <details><summary>Last step</summary>
# Garments (1, 2), anomalies (2, 3): the pairs 1 < 2, 1 < 3, 2 = 2, 2 < 3 make 3.5 of 4, that is 0.875.
# </details></details></details>

# %%
lab.predict("auc_A", 0.91)

# %% exercise="anomaly"
def anomaly_scores(model, x):
    """Reconstruction error of each image.

    Args:
        model: Keras model, (n, 784) → (n, 784).
        x: images, float (n, 784).

    Returns:
        float (n,): mean over an image's pixels of the squared difference.
    """
    ### FR """Erreur de reconstruction de chaque image.
    ### FR
    ### FR Arguments :
    ### FR     model: modèle Keras, (n, 784) → (n, 784).
    ### FR     x: images, float (n, 784).
    ### FR
    ### FR Renvoie :
    ### FR     float (n,) : moyenne, sur les pixels d'une image, du carré de l'écart.
    ### FR """
    ### BEGIN SOLUTION
    return np.mean((np.asarray(model(x)) - np.asarray(x)) ** 2, axis=1)
    ### END SOLUTION


def roc_auc(normal, abnormal):
    """Area under the ROC curve of a score that should be high for anomalies.

    Args:
        normal: scores of ordinary images, float (n,).
        abnormal: scores of anomalies, float (m,).

    Returns:
        float in [0, 1]; 0.5 for a score that tells nothing.
    """
    ### FR """Aire sous la courbe ROC d'un score qui devrait être élevé pour les anomalies.
    ### FR
    ### FR Arguments :
    ### FR     normal: scores d'images ordinaires, float (n,).
    ### FR     abnormal: scores d'anomalies, float (m,).
    ### FR
    ### FR Renvoie :
    ### FR     float dans [0, 1] ; 0,5 pour un score qui ne dit rien.
    ### FR """
    ### BEGIN SOLUTION
    gap = np.asarray(abnormal)[:, None] - np.asarray(normal)[None, :]
    return float(np.mean((gap > 0) + 0.5 * (gap == 0)))
    ### END SOLUTION

# %%
lab.check("anomaly")

# %% role="show"
strokes = prepare(lab.data("strokes")["x"])[:200]
show([strokes[:10], np.asarray(models["A"](strokes[:10])), np.asarray(models["C"](strokes[:10]))],
     ["?", "A", "C"], 0.6)

# %% role="show"
figure, axis = plt.subplots(figsize=(4.2, 4))
for name, style in zip("AC", ("-", "--")):
    normal, abnormal = (anomaly_scores(models[name], x) for x in (x_test[:500], strokes))
    cuts = np.sort(np.concatenate([normal, abnormal]))[::-1]
    hits = [[np.mean(scores >= cut) for cut in cuts] for scores in (normal, abnormal)]
    axis.plot(*hits, style, label=f"{name}: {roc_auc(normal, abnormal):.3f}")
axis.plot([0, 1], [0, 1], ":", color="grey", label="chance")
### FR axis.plot([0, 1], [0, 1], ":", color="grey", label="hasard")
axis.set(xlabel="false positives", ylabel="true positives")
### FR axis.set(xlabel="faux positifs", ylabel="vrais positifs")
axis.legend()
plt.show()
lab.outcome(
    "auc_A",
    roc_auc(*(anomaly_scores(models["A"], x) for x in (x_test[:500], strokes))),
    "strokes lie far from every garment, yet some garments are rebuilt as badly",
    ### FR "des traits sont loin de tout vêtement, mais certains vêtements sont rebâtis aussi mal",
    within=0.06,
)

# %% [markdown] lang="fr"
# Chez nous les deux aires valent 0,91 : après 400 pas, un code de 128 ne sait pas encore copier n'importe
# quoi. Poussez l'idée au bout : un réseau qui copie parfaitement *toute* image a un score nul partout, et une
# aire de 0,5. Un détecteur d'anomalies doit donc savoir échouer.

# %% [markdown] lang="en"
# With us both areas are 0.91: after 400 steps a code of 128 cannot copy just anything yet. Take the idea to
# its end: a network that copies *every* image perfectly scores zero everywhere, and its area is 0.5. A
# detector of anomalies must know how to fail.

# %% [markdown] lang="fr"
# ## 6 Question d'examen
#
# *importance ●●●●○ · difficulté ●●○○○ · 5 min*
#
# A : basse capacité, code 8 ; B : haute, 8 ; C : basse, 128 ; D : haute, 128. Tel que le cours l'attend
# (entraînement complet, beaucoup plus long que le nôtre) :
#
# - `q5_bad` : mauvaises reconstructions en entraînement *et* en test ; quels réseaux ?
# - `q5_good` : bonnes partout ; lequel ?
# - `q5_gap` : excellentes en entraînement, mauvaises en test ; lequel, typiquement ?
# - `q5_data` : pour réduire l'écart sans toucher au réseau, que change-t-on ? `"images"` (en ajouter),
#   `"steps"` (en faire plus) ou `"code"` (l'agrandir)

# %% [markdown] lang="en"
# ## 6 Exam question
#
# *importance ●●●●○ · difficulty ●●○○○ · 5 min*
#
# A: low capacity, code 8; B: high, 8; C: low, 128; D: high, 128. As the course expects it (trained fully,
# far longer than ours):
#
# - `q5_bad`: bad reconstructions in training *and* on test; which networks?
# - `q5_good`: good everywhere; which one?
# - `q5_gap`: excellent in training, bad on test; which one, typically?
# - `q5_data`: to close the gap without touching the network, what is to change? `"images"` (add some),
#   `"steps"` (make more) or `"code"` (enlarge it)

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q5_bad", None)  # one or several letters
### FR ### STUB lab.answer("q5_bad", None)  # une ou plusieurs lettres
### STUB lab.answer("q5_good", None)
### STUB lab.answer("q5_gap", None)
### STUB lab.answer("q5_data", None)
lab.answer("q5_bad", ["A", "C"])
lab.answer("q5_good", "D")
lab.answer("q5_gap", "B")
lab.answer("q5_data", "images")
### END SOLUTION

# %% [markdown] lang="fr"
# ## 7 Bonus : des convolutions pour le même prix
#
# *importance ●●○○○ · difficulté ●●●●○ · 30 min*
#
# Une convolution sait qu'un pixel a des voisins. Avec **au plus les 1 004 696 paramètres de A** et un code de
# la même taille 8, faites mieux que A sur des images neuves, entraîné sur les mêmes 300 images et le même
# nombre de pas. Au moins deux couches de convolution (transposées comprises).
#
# <details><summary>J'ai trop de paramètres</summary>
# Quelle couche en a le plus ? <code>model.summary()</code> le dit.
# <details><summary>Un cran de plus</summary>
# C'est la couche dense après la mise à plat : taille de l'image réduite × canaux × unités.
# <details><summary>Dernier cran</summary>
# 7 × 7 × 32 valeurs vers 8 : 12 552 ; 28 × 28 × 32 vers 256 : plus de 6 millions.
# </details></details></details>
#
# <details><summary>La sortie n'a pas 784 pixels</summary>
# Suivez la taille de l'image couche par couche.
# <details><summary>Un cran de plus</summary>
# Un pas de 2 divise la taille par deux à l'aller, la multiplie par deux au retour.
# <details><summary>Dernier cran</summary>
# 28 → 14 → 7 à l'aller, 7 → 14 → 28 au retour, si <code>padding="same"</code>.
# </details></details></details>

# %% [markdown] lang="en"
# ## 7 Bonus: convolutions for the same price
#
# *importance ●●○○○ · difficulty ●●●●○ · 30 min*
#
# A convolution knows that a pixel has neighbours. With **at most A's 1,004,696 parameters** and a code of the
# same size 8, do better than A on new images, trained on the same 300 images for the same number of
# steps. At least two convolutional layers (transposed ones count).
#
# <details><summary>I have too many parameters</summary>
# Which layer has most? <code>model.summary()</code> says so.
# <details><summary>One step more</summary>
# It is the dense layer after flattening: size of the reduced image × channels × units.
# <details><summary>Last step</summary>
# 7 × 7 × 32 values to 8: 12,552; 28 × 28 × 32 to 256: over 6 million.
# </details></details></details>
#
# <details><summary>The output does not have 784 pixels</summary>
# Follow the size of the image layer by layer.
# <details><summary>One step more</summary>
# A stride of 2 halves the size on the way in and doubles it on the way out.
# <details><summary>Last step</summary>
# 28 → 14 → 7 on the way in, 7 → 14 → 28 on the way out, with <code>padding="same"</code>.
# </details></details></details>

# %% exercise="conv"
def build_convolutional(latent_dim):
    """A convolutional autoencoder with at most 1,004,696 parameters.

    Args:
        latent_dim: size of the code.

    Returns:
        Keras model made of built-in layers, (n, 784) → (n, 784), values in [0, 1].
    """
    ### FR """Un autoencodeur à convolutions d'au plus 1 004 696 paramètres.
    ### FR
    ### FR Arguments :
    ### FR     latent_dim: taille du code.
    ### FR
    ### FR Renvoie :
    ### FR     Modèle Keras fait de couches toutes faites, (n, 784) → (n, 784), valeurs dans [0, 1].
    ### FR """
    ### BEGIN SOLUTION
    return keras.Sequential([
        keras.Input((784,)),
        layers.Reshape((28, 28, 1)),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(latent_dim),
        layers.Dense(7 * 7 * 32, activation="relu"),
        layers.Reshape((7, 7, 32)),
        layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        layers.Flatten(),
    ])
    ### END SOLUTION

# %%
lab.check("conv")

# %% role="show"
keras.utils.set_random_seed(SEED)
convolutional = build_convolutional(8)
rate = keras.optimizers.schedules.CosineDecay(5e-3, STEPS)
convolutional.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
arguments = fit_arguments(data["x_train"], data["y_train"], data["x_test"], SMALL)
convolutional.fit(
    **arguments, batch_size=BATCH, epochs=STEPS * BATCH // SMALL, validation_freq=10, verbose=0,
    callbacks=[lab.record("conv")],
)
print(f"{convolutional.count_params():,} parameters, test {reconstruction_mse(convolutional, x_test[:500]):.4f}")
### FR print(f"{convolutional.count_params():,} paramètres, test {reconstruction_mse(convolutional, x_test[:500]):.4f}")

# %% [markdown] lang="fr"
# ## La planche à garder
#
# Votre réseau A, seul : chaque case est décodée d'un point de la carte des codes, qui avance le long de ses
# deux axes. Aucune de ces images n'existe dans les données ; toutes viennent de vos 8 nombres.

# %% [markdown] lang="en"
# ## A picture to keep
#
# Your network A on its own: each tile is decoded from a point of the map of codes, stepping along its two
# axes. None of these images is in the data; all come out of your 8 numbers.

# %% role="show"
across, up = (np.quantile(flat[:, i], np.linspace(0.03, 0.97, 14)) for i in (0, 1))
points = np.array([[a, b] for b in up[::-1] for a in across], dtype="float32")
atlas = np.asarray(A[1](points @ axes2[:2].astype("float32") + codes.mean(axis=0)))
figure, axis = plt.subplots(figsize=(7, 7), layout="constrained")
axis.imshow(np.block([[atlas[14 * i + j].reshape(28, 28) for j in range(14)] for i in range(14)]), cmap="gray")
axis.set(title="What the 8 numbers of A can draw", xlabel="axis 1", ylabel="axis 2", xticks=(), yticks=())
### FR axis.set(title="Ce que savent dessiner les 8 nombres de A", xlabel="axe 1", ylabel="axe 2", xticks=(), yticks=())
plt.show()

# %% [markdown] lang="fr"
# ## Rendre
#
# `lab.selfcheck()` exécute le notebook du début à la fin dans un processus neuf : ce qu'il trouve est ce que
# la correction trouvera. Enregistrez (Ctrl+S), puis ôtez le `#` devant `lab.submit()` : vous obtenez l'unique
# fichier à rendre (environ 44 Mo : B et D pèsent 20 Mo chacun), et un reçu à garder.

# %% [markdown] lang="en"
# ## Hand in
#
# `lab.selfcheck()` runs the notebook from top to bottom in a clean process: what it finds is what grading will
# find. Save (Ctrl+S), then take away the `#` before `lab.submit()`: you get the one file to hand in (about 44
# MB: B and D weigh 20 MB each), and a receipt to keep.

# %%
lab.progress()
# lab.selfcheck()
# lab.submit()

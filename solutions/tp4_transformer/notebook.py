# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown] lang="fr"
# # TP4 · Le Transformer de zéro
#
# Vous allez écrire, brique par brique, l'encodeur–décodeur de l'article *Attention is all you need*
# (Vaswani et al., 2017), puis l'entraîner en moins d'une minute sur un processeur ordinaire à **renverser
# des mots** : `chat` → `tahc`. Rien n'est caché : des produits de matrices, un softmax, des couches denses.
#
# ![Le Transformer du TP, de bas en haut. À gauche la source, son plongement, les positions, puis N couches d'encodeur : attention, norm1, feed_forward, norm2, une connexion résiduelle autour de chaque étage. À droite la cible, et N couches de décodeur : self_attention, cross_attention qui lit la mémoire de l'encodeur, feed_forward, chacune suivie d'une norme ; au sommet output_dense rend les logits](figures/transformer.fr.svg)
#
# **À la fin, vous saurez** écrire une attention et ses masques, dire ce que coûte un Transformer avant de
# le construire, choisir comment un modèle écrit, et lire une carte d'attention.
#
# **Temps et points.** Environ 4 h, 20 points : 1 attention, masques, positions (45 min) · 2 têtes, couches
# (65 min) · 3 du texte aux tokens, le tout, le compte (60 min) · 4 écrire une suite (35 min) · 5 apprendre
# et regarder (20 min) · questions (20 min) · bonus (15 min).
#
# ### Comment travailler
#
# 1. **Un trou** est une ligne `raise todo("…")` : mettez votre code à sa place et exécutez la cellule ; la
#    suite s'exécute même s'il reste des trous.
# 2. **Vérifiez** avec `lab.check("attention")`, qui nomme l'erreur probable ; avant une exécution, notez
#    votre pronostic dans `lab.predict(…)` : il est scellé, puis confronté au résultat, jamais noté.
# 3. **Bloqué ?** `lab.hint("attention")`, ou l'aide repliée sous l'exercice, qui part de ce que vous
#    observez et se déplie en trois crans.
# 4. **Après un redémarrage**, exécutez les cellules du haut ; `lab.progress()` retrouve points et réponses,
#    `lab.restore("reverser", model)` le réseau entraîné.
# 5. **Pour rendre** : `lab.selfcheck()` exécute tout à neuf, comme à la correction, puis `lab.submit()` fait
#    l'unique fichier à rendre.
#
# Chaque exercice dit son importance et sa difficulté (de ●○○○○ à ●●●●●) et sa durée.

# %% [markdown] lang="en"
# # TP4 · The Transformer from scratch
#
# Piece by piece you will write the encoder–decoder of *Attention is all you need* (Vaswani et al.,
# 2017), then train it, in under a minute on an ordinary processor, to **reverse words**: `chat` → `tahc`.
# Nothing is hidden: products of matrices, a softmax, dense layers.
#
# ![The lab's Transformer, from bottom to top. On the left the source, its embedding, the positions, then N encoder layers: attention, norm1, feed_forward, norm2, with a residual connection around each stage. On the right the target, and N decoder layers: self_attention, cross_attention which reads the encoder's memory, feed_forward, each followed by a norm; output_dense on top gives the logits](figures/transformer.en.svg)
#
# **In the end you will be able to** write attention and its masks, say what a Transformer costs before it
# is built, choose how a model writes, and read a map of attention.
#
# **Time and points.** About 4 hours, 20 points: 1 attention, masks, positions (45 min) · 2 heads, layers
# (65 min) · 3 from text to tokens, the whole, the count (60 min) · 4 writing a sequence (35 min) · 5 train
# and look (20 min) · questions (20 min) · bonus (15 min).
#
# ### How to work
#
# 1. **A hole** is a line `raise todo("…")`: put your code in its place and run the cell; what follows runs
#    even while holes are open.
# 2. **Check** with `lab.check("attention")`, which names the likely mistake; before a run, note your
#    prediction in `lab.predict(…)`: it is sealed, then held against the result, never graded.
# 3. **Stuck?** `lab.hint("attention")`, or the folded help below the exercise, which starts from what you
#    see and unfolds in three steps.
# 4. **After a restart**, run the cells from the top; `lab.progress()` finds points and answers again,
#    `lab.restore("reverser", model)` the trained network.
# 5. **To hand in**: `lab.selfcheck()` runs everything afresh, as grading will, then `lab.submit()` makes the
#    one file to hand in.
#
# Every exercise tells its importance and difficulty (from ●○○○○ to ●●●●●) and its minutes.

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("tp4_transformer", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("tp4_transformer", lang="en")

# %% role="setup"
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

# %%
#@title Helper: draw matrices side by side
### FR #@title Aide : dessiner des matrices côte à côte
def show_maps(maps, titles, low=0.0, labels=("key: who is seen", "query: who looks")):
### FR def show_maps(maps, titles, low=0.0, labels=("clé : qui est vu", "requête : qui regarde")):
    """Draw matrices side by side, the darker the larger."""
    ### FR """Dessiner des matrices côte à côte, d'autant plus foncées que c'est grand."""
    width = min(9.0, 3.1 * len(maps))
    figure, axes = plt.subplots(
        1, len(maps), figsize=(width, width / len(maps) + 0.5), squeeze=False, layout="constrained"
    )
    for axis, matrix, title in zip(axes[0], maps, titles):
        axis.imshow(np.asarray(matrix, dtype="float32"), cmap="Blues", vmin=low, aspect="auto")
        axis.set_title(title)
        axis.set_xlabel(labels[0])
    axes[0, 0].set_ylabel(labels[1])
    plt.show()

# %% [markdown] lang="fr"
# ## 1 · L'attention
#
# ### 1.1 Attention par produit scalaire
#
# *importance ●●●●● · difficulté ●●○○○ · 20 min*
#
# Une couche dense relie toujours les mêmes places entre elles. L'attention décide des liens d'après le
# contenu : chaque **requête** compare sa direction à celle de toutes les **clés**, puis moyenne les
# **valeurs** selon ces ressemblances. Le nombre de paramètres ne dépend plus de la longueur du texte.
#
# $$\text{poids} = \mathrm{softmax}\!\left(\frac{q\,k^\top}{\sqrt{d_k}}\right) \qquad \text{sortie} = \text{poids} \cdot v$$
#
# ![Cinq matrices en file, une ligne par token : q fois k transposé donne les scores ; divisés par la racine de d_k et passés au softmax ligne par ligne, ils deviennent des poids de somme 1 ; les poids fois v donnent la sortie](figures/attention.fr.svg)
#
# **B** séquences par lot, **T** tokens qui regardent, **S** tokens regardés ; un token est une *ligne* (au
# tableau, une colonne : l'un est la transposée de l'autre).
#
# | | forme | |
# |---|---|---|
# | `q` | (…, T, d_k) | une requête par token qui regarde |
# | `k` | (…, S, d_k) | une clé par token regardé |
# | `v` | (…, S, d_v) | ce que chacun a à dire |
# | `mask` | diffusible vers (…, T, S) | True : cette clé peut être vue |
# | `weights` | (…, T, S) | chaque ligne a 1 pour somme |
# | `output` | (…, T, d_v) | |
#
# **Pronostics.** (a) Une requête face à quatre clés *identiques* : combien pèse chacune ? Si les valeurs
# sont 1, 2, 3 et 6, que vaut la sortie ? (b) Les d_k = 64 coordonnées d'une requête et d'une clé sont
# tirées d'une loi normale centrée réduite : quel est l'écart-type de leur produit scalaire ?

# %% [markdown] lang="en"
# ## 1 · Attention
#
# ### 1.1 Scaled dot-product attention
#
# *importance ●●●●● · difficulty ●●○○○ · 20 min*
#
# A dense layer always links the same places. Attention lets the content decide: each **query** compares
# its direction with that of every **key**, then averages the **values** by how alike they are. The number
# of parameters no longer depends on how long the text is.
#
# $$\text{weights} = \mathrm{softmax}\!\left(\frac{q\,k^\top}{\sqrt{d_k}}\right) \qquad \text{output} = \text{weights} \cdot v$$
#
# ![Five matrices in a row, one row per token: q times k transposed gives the scores; divided by the root of d_k and put through a softmax row by row they become weights that sum to 1; weights times v give the output](figures/attention.en.svg)
#
# **B** sequences per batch, **T** tokens that look, **S** tokens looked at; a token is a *row* (on the
# blackboard a column: one is the transpose of the other).
#
# | | shape | |
# |---|---|---|
# | `q` | (…, T, d_k) | one query per token that looks |
# | `k` | (…, S, d_k) | one key per token looked at |
# | `v` | (…, S, d_v) | what each of these has to say |
# | `mask` | broadcasts to (…, T, S) | True: this key may be seen |
# | `weights` | (…, T, S) | each row sums to 1 |
# | `output` | (…, T, d_v) | |
#
# **Predict.** (a) One query, four *identical* keys: how much does each weigh? With values 1, 2, 3 and 6,
# what comes out? (b) The d_k = 64 coordinates of a query and of a key are drawn from a standard normal
# distribution: what is the standard deviation of their dot product?

# %%
lab.predict("four_same", [0.25, 3])  # weight of each key, output
### FR lab.predict("four_same", [0.25, 3])  # poids de chaque clé, sortie
lab.predict("dot_std", 8)

# %% exercise="attention"
def scaled_dot_product_attention(q, k, v, mask=None):
    """Attention of queries over keys, softmax(q kᵀ / √d_k) v ("Attention is all you need", 3.2.1).

    Args:
        q: queries, float (..., T, d_k).
        k: keys, float (..., S, d_k).
        v: values, float (..., S, d_v).
        mask: booleans that broadcast to (..., T, S); True = this key may be seen. None: all may.

    Returns:
        (output, weights): float (..., T, d_v) and (..., T, S); each row of `weights` sums to 1.
    """
    ### FR """Attention de requêtes sur des clés, softmax(q kᵀ / √d_k) v (« Attention is all you need », 3.2.1).
    ### FR
    ### FR Arguments :
    ### FR     q: requêtes, float (..., T, d_k).
    ### FR     k: clés, float (..., S, d_k).
    ### FR     v: valeurs, float (..., S, d_v).
    ### FR     mask: booléens qui se diffusent vers (..., T, S) ; True = cette clé peut être vue. None : toutes.
    ### FR
    ### FR Renvoie :
    ### FR     (output, weights) : float (..., T, d_v) et (..., T, S) ; chaque ligne de `weights` a 1 pour somme.
    ### FR """
    ### BEGIN SOLUTION
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    return ops.matmul(weights, v), weights
    ### END SOLUTION

# %%
lab.check("attention")

# %% [markdown] lang="fr"
# <details><summary>La somme de mes lignes ne vaut pas 1</summary>
# Sommez <code>weights</code> selon chaque axe : lequel donne 1 ?
# <details><summary>Un cran de plus</summary>
# Une requête répartit une unité d'attention entre les clés. Les clés sont le dernier axe.
# <details><summary>Dernier cran</summary>
# Et avec un masque : ce qui est caché doit l'être <em>avant</em> le softmax, sinon il manque leur
# part.
# </details></details></details>
#
# <details><summary>Une clé cachée pèse encore quelque chose</summary>
# Que vaut exp(0) ?
# <details><summary>Un cran de plus</summary>
# Un score nul n'est pas un poids nul : le softmax ne donne 0 que pour un score très, très bas.
# <details><summary>Dernier cran</summary>
# Regardez ce que fait <code>ops.where(condition, a, b)</code> ; en quel nombre transformer les
# scores cachés ?
# </details></details></details>
#
# <details><summary>J'obtiens NaN</summary>
# Le NaN vient-il du softmax ou d'avant ? Affichez les scores.
# <details><summary>Un cran de plus</summary>
# exp(1000) est infini, et infini / infini n'est pas un nombre.
# <details><summary>Dernier cran</summary>
# Retrancher une même constante à une ligne de scores ne change pas son softmax ;
# <code>ops.softmax</code> le sait déjà.
# </details></details></details>
#
# <details><summary>« Dimensions must be equal » sur les entrées à quatre axes</summary>
# <code>k.T</code> renverse <em>tous</em> les axes.
# <details><summary>Un cran de plus</summary>
# Ici il faut échanger les deux derniers seulement.
# <details><summary>Dernier cran</summary>
# <code>ops.swapaxes</code> prend deux numéros d'axe, qui peuvent être négatifs.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My rows do not sum to 1</summary>
# Sum <code>weights</code> over each axis: which one gives 1?
# <details><summary>One step more</summary>
# A query shares out one unit of attention among the keys. Keys are the last axis.
# <details><summary>Last step</summary>
# And with a mask: what is hidden must be hidden <em>before</em> the softmax, or its share goes
# missing.
# </details></details></details>
#
# <details><summary>A hidden key still weighs something</summary>
# What is exp(0)?
# <details><summary>One step more</summary>
# A score of zero is not a weight of zero: the softmax gives 0 only to a very, very low score.
# <details><summary>Last step</summary>
# Look at what <code>ops.where(condition, a, b)</code> does; which number should hidden scores
# become?
# </details></details></details>
#
# <details><summary>I get NaN</summary>
# Does the NaN come from the softmax or from before? Print the scores.
# <details><summary>One step more</summary>
# exp(1000) is infinite, and infinity over infinity is no number.
# <details><summary>Last step</summary>
# Subtracting one constant from a row of scores leaves its softmax as it was;
# <code>ops.softmax</code> knows that already.
# </details></details></details>
#
# <details><summary>"Dimensions must be equal" with four axes</summary>
# <code>k.T</code> reverses <em>all</em> axes.
# <details><summary>One step more</summary>
# Only the last two must be exchanged here.
# <details><summary>Last step</summary>
# <code>ops.swapaxes</code> takes two axis numbers, which may be negative.
# </details></details></details>

# %% role="show"
rng = np.random.default_rng(0)
four_same = np.ones((4, 64), dtype="float32")
values = np.array([[1.0], [2.0], [3.0], [6.0]], dtype="float32")
output, weights = scaled_dot_product_attention(four_same[:1], four_same, values)
lab.outcome(
    "four_same",
    [float(weights[0, 0]), float(output[0, 0])],
    "equal scores share the unit of attention equally: the output is the mean of the values",
    ### FR "des scores égaux se partagent l'unité d'attention : la sortie est la moyenne des valeurs",
)

many = rng.normal(size=(2, 500, 64)).astype("float32")
lab.outcome(
    "dot_std",
    float(np.std(many[0] @ many[1].T)),
    "64 products of variance 1 add up to a variance of 64",
    ### FR "64 produits de variance 1 : leur somme a pour variance 64",
)

queries, keys = many[:, :9]
_, scaled = scaled_dot_product_attention(queries, keys, keys)
_, unscaled = scaled_dot_product_attention(8 * queries, keys, keys)  # × 8 undoes / √64
### FR _, unscaled = scaled_dot_product_attention(8 * queries, keys, keys)  # × 8 défait / √64
show_maps([scaled, unscaled], [r"softmax($q k^\top / \sqrt{d_k}$)", r"softmax($q k^\top$)"])

# %% [markdown] lang="fr"
# À gauche, chaque requête garde plusieurs clés en vue ; à droite, sans la division, presque toute ligne
# n'a plus qu'une ou deux cases. Des scores d'écart-type 8 saturent le softmax : son gradient s'annule et
# l'apprentissage s'arrête. Diviser par √d_k ramène l'écart-type à 1.

# %% [markdown] lang="en"
# On the left each query keeps several keys in view; on the right, without the division, almost every row
# is down to one or two cells. Scores with a standard deviation of 8 saturate the softmax: its gradient vanishes
# and learning stops. Dividing by √d_k brings the deviation back to 1.

# %% [markdown] lang="fr"
# ### 1.2 Masque causal
#
# *importance ●●●●○ · difficulté ●○○○○ · 5 min*
#
# Un modèle qui écrit de gauche à droite ne doit pas lire ce qu'il n'a pas encore écrit. À
# l'apprentissage, pourtant, la phrase entière lui est donnée d'un coup : c'est le masque qui cache la
# suite, et qui permet d'apprendre toutes les places en parallèle.
#
# | | forme | |
# |---|---|---|
# | résultat | (T, T), booléens | ligne i : ce que voit la position i |
#
# **Pronostic.** Combien de True dans `causal_mask(11)` ?

# %% [markdown] lang="en"
# ### 1.2 Causal mask
#
# *importance ●●●●○ · difficulty ●○○○○ · 5 min*
#
# A model that writes from left to right must not read what it has not written yet. In training, though,
# it is given the whole sentence at once: the mask hides what follows, and lets all places learn in
# parallel.
#
# | | shape | |
# |---|---|---|
# | result | (T, T), booleans | row i: what position i sees |
#
# **Predict.** How many True are there in `causal_mask(11)`?

# %%
lab.predict("causal_true", 66)

# %% exercise="masks"
def causal_mask(length):
    """Who may see whom when text is read from left to right.

    Args:
        length: number of positions T, an int ≥ 1.

    Returns:
        Booleans (T, T): row i, column j is True if position i may see position j, that is j ≤ i.
    """
    ### FR """Qui peut voir qui quand un texte se lit de gauche à droite.
    ### FR
    ### FR Arguments :
    ### FR     length: nombre de positions T, entier ≥ 1.
    ### FR
    ### FR Renvoie :
    ### FR     Booléens (T, T) : ligne i, colonne j vaut True si la position i peut voir la position j,
    ### FR     c'est-à-dire si j ≤ i.
    ### FR """
    ### BEGIN SOLUTION
    return np.tril(np.ones((length, length), dtype=bool))
    ### END SOLUTION

# %%
lab.check("masks")

# %% [markdown] lang="fr"
# <details><summary>Ma première ligne est vide</summary>
# Que peut voir le tout premier token ?
# <details><summary>Un cran de plus</summary>
# Une position se voit elle-même : elle a déjà lu son propre token.
# <details><summary>Dernier cran</summary>
# Comparez j ≤ i et j &lt; i pour i = 0.
# </details></details></details>
#
# <details><summary>Le triangle est du mauvais côté</summary>
# Les lignes regardent, les colonnes sont regardées.
# <details><summary>Un cran de plus</summary>
# La dernière ligne est celle du dernier token : il voit tout.
# <details><summary>Dernier cran</summary>
# NumPy a une fonction pour chaque triangle ; laquelle garde le bas ?
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My first row is empty</summary>
# What may the very first token see?
# <details><summary>One step more</summary>
# A position sees itself: it has read its own token already.
# <details><summary>Last step</summary>
# Compare j ≤ i with j &lt; i for i = 0.
# </details></details></details>
#
# <details><summary>The triangle is on the wrong side</summary>
# Rows look, columns are looked at.
# <details><summary>One step more</summary>
# The last row belongs to the last token: it sees everything.
# <details><summary>Last step</summary>
# NumPy has one function per triangle; which keeps the lower one?
# </details></details></details>

# %% role="show"
lab.outcome(
    "causal_true",
    int(np.sum(np.asarray(causal_mask(11)))),
    "row i has i + 1 of them: 1 + 2 + … + 11",
    ### FR "la ligne i en a i + 1 : 1 + 2 + … + 11",
)
_, weights = scaled_dot_product_attention(queries, keys, keys, causal_mask(9))
show_maps([causal_mask(9), weights], ["causal_mask(9)", "softmax(…, mask)"])

# %% [markdown] lang="fr"
# La première ligne de droite n'a pas le choix : un seul token visible, donc un poids de 1, quel que soit
# son score.

# %% [markdown] lang="en"
# The first row on the right has no choice: one visible token, hence a weight of 1 whatever its score.

# %% [markdown] lang="fr"
# Second masque, donné : celui du **remplissage** (*padding*). Les mots d'un lot n'ont pas tous la même
# longueur ; on complète les courts par le token `PAD`, que personne ne doit regarder. Sa forme (B, 1, S)
# se diffuse sur toutes les requêtes.

# %% [markdown] lang="en"
# The second mask is given: that of the **padding**. Words in a batch differ in length; short ones are
# filled up with the token `PAD`, at which nobody must look. Its shape (B, 1, S) broadcasts over all
# queries.

# %% role="setup"
PAD, START, END = 0, 27, 28  # 1 to 26 are the letters a to z
### FR PAD, START, END = 0, 27, 28  # de 1 à 26 : les lettres de a à z
VOCAB_SIZE, LENGTH = 29, 11


def padding_mask(tokens):
    """Which tokens are real: int (B, S) → booleans (B, 1, S), False where the token is PAD."""
    ### FR """Quels tokens sont réels : int (B, S) → booléens (B, 1, S), False là où le token est PAD."""
    return (tokens != PAD)[:, None, :]

# %%
print(padding_mask(np.array([[START, 3, 1, 20, END, PAD, PAD]])))

# %% [markdown] lang="fr"
# ### 1.3 Positions
#
# *importance ●●●○○ · difficulté ●●○○○ · 15 min*
#
# L'attention ne sait pas compter : mélangez les tokens, sa sortie est mélangée de même, rien d'autre ne
# change. Pour distinguer `ab` de `ba`, on **ajoute** à chaque token un vecteur qui dépend de sa place t :
# des sinus et cosinus de périodes de plus en plus longues, comme les chiffres d'un compteur.
#
# $$\theta_{t,i} = \frac{t}{10000^{\,2i/d_\text{model}}} \qquad P_{t,2i} = \sin\theta_{t,i} \qquad P_{t,2i+1} = \cos\theta_{t,i} \qquad 0 \le i < d_\text{model}/2$$
#
# | | forme |
# |---|---|
# | résultat | (T, d_model), float32 |
#
# **Pronostics.** (a) Pour d_model = 64, quel est le carré de la norme de n'importe quelle ligne ?
# ($\sin^2 + \cos^2 = 1$.) (b) On mélange les tokens d'une auto-attention *sans* positions : de combien
# change la sortie, une fois remise dans l'ordre ?

# %% [markdown] lang="en"
# ### 1.3 Positions
#
# *importance ●●●○○ · difficulty ●●○○○ · 15 min*
#
# Attention cannot count: shuffle the tokens and its output is shuffled likewise, nothing else changes. To
# tell `ab` from `ba`, a vector that depends on the place t is **added** to each token: sines and cosines
# of longer and longer periods, like the digits of a mileage counter.
#
# $$\theta_{t,i} = \frac{t}{10000^{\,2i/d_\text{model}}} \qquad P_{t,2i} = \sin\theta_{t,i} \qquad P_{t,2i+1} = \cos\theta_{t,i} \qquad 0 \le i < d_\text{model}/2$$
#
# | | shape |
# |---|---|
# | result | (T, d_model), float32 |
#
# **Predict.** (a) For d_model = 64, what is the squared norm of any row? ($\sin^2 + \cos^2 = 1$.)
# (b) The tokens of a self-attention *without* positions are shuffled: by how much does the output change,
# once it is put back in order?

# %%
lab.predict("position_norm", 32)
lab.predict("shuffled", 0)

# %% exercise="positions"
def positional_encoding(length, d_model):
    """Sinusoidal positions ("Attention is all you need", 3.5).

    Column 2i holds sin(t / 10000^(2i/d_model)), column 2i+1 the cosine of the same angle.

    Args:
        length: number of positions T; t runs from 0 to T-1.
        d_model: size of a token's vector, even.

    Returns:
        float32 (T, d_model).
    """
    ### FR """Positions sinusoïdales (« Attention is all you need », 3.5).
    ### FR
    ### FR La colonne 2i contient sin(t / 10000^(2i/d_model)), la colonne 2i+1 le cosinus du même angle.
    ### FR
    ### FR Arguments :
    ### FR     length: nombre de positions T ; t va de 0 à T-1.
    ### FR     d_model: taille du vecteur d'un token, paire.
    ### FR
    ### FR Renvoie :
    ### FR     float32 (T, d_model).
    ### FR """
    ### BEGIN SOLUTION
    t = np.arange(length)[:, None]
    angles = t / 10000 ** (np.arange(0, d_model, 2) / d_model)
    table = np.zeros((length, d_model), dtype="float32")
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table
    ### END SOLUTION

# %%
lab.check("positions")

# %% [markdown] lang="fr"
# <details><summary>Mon image est coupée en deux moitiés</summary>
# Où sont vos sinus, où sont vos cosinus ?
# <details><summary>Un cran de plus</summary>
# Ils alternent : une colonne de sinus, une de cosinus, et ainsi de suite.
# <details><summary>Dernier cran</summary>
# Une tranche peut avancer de deux en deux : <code>[:, début::2]</code>.
# </details></details></details>
#
# <details><summary>Les ondes s'allongent trop vite, ou trop lentement</summary>
# Combien d'angles différents y a-t-il par ligne ?
# <details><summary>Un cran de plus</summary>
# d_model/2 : un par paire de colonnes. Le « 2i » de la formule est le numéro de la colonne paire.
# <details><summary>Dernier cran</summary>
# Écrivez les exposants pour d_model = 6 : 0, 2/6, 4/6.
# </details></details></details>
#
# <details><summary>Les formes ne vont pas ensemble</summary>
# Il faut croiser toutes les places et toutes les fréquences.
# <details><summary>Un cran de plus</summary>
# Une colonne (T, 1) et une ligne (d_model/2,) donnent (T, d_model/2).
# <details><summary>Dernier cran</summary>
# <code>[:, None]</code> ajoute un axe.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My picture falls into two halves</summary>
# Where are your sines, where are your cosines?
# <details><summary>One step more</summary>
# They alternate: a column of sines, one of cosines, and so on.
# <details><summary>Last step</summary>
# A slice can step by two: <code>[:, start::2]</code>.
# </details></details></details>
#
# <details><summary>The waves get longer too fast, or too slowly</summary>
# How many different angles are there in a row?
# <details><summary>One step more</summary>
# d_model/2: one per pair of columns. The "2i" of the formula is the number of the even
# column.
# <details><summary>Last step</summary>
# Write the exponents for d_model = 6: 0, 2/6, 4/6.
# </details></details></details>
#
# <details><summary>The shapes do not fit</summary>
# Every place must meet every frequency.
# <details><summary>One step more</summary>
# A column (T, 1) and a row (d_model/2,) give (T, d_model/2).
# <details><summary>Last step</summary>
# <code>[:, None]</code> adds an axis.
# </details></details></details>

# %% role="show"
places = np.asarray(positional_encoding(60, 64))
lab.outcome(
    "position_norm",
    float(np.sum(places[7] ** 2)),
    "32 pairs, and sin² + cos² = 1 in each",
    ### FR "32 paires, et sin² + cos² = 1 dans chacune",
)
show_maps([places, places @ places.T], ["P", r"$P P^\top$"], low=None, labels=("column", "place t"))
### FR show_maps([places, places @ places.T], ["P", r"$P P^\top$"], low=None, labels=("colonne", "place t"))

# %% role="show"
x, order = queries[:5, :8], np.array([3, 0, 4, 1, 2])
five, maps, moved = np.asarray(positional_encoding(5, 8)), [], []
for tokens, shuffled in (x, x[order]), (x + five, x[order] + five):
    first, before = scaled_dot_product_attention(tokens, tokens, tokens)
    second, after = scaled_dot_product_attention(shuffled, shuffled, shuffled)
    moved.append(float(np.abs(np.asarray(second) - np.asarray(first)[order]).max()))
    back = np.argsort(order)
    maps += [before, np.asarray(after)[back][:, back]]
lab.outcome(
    "shuffled",
    round(moved[0], 5),
    "each output is a sum over all keys, and a sum has no order",
    ### FR "chaque sortie est une somme sur toutes les clés, et une somme n'a pas d'ordre",
    within=1e-5,
)
print(f"largest change: {moved[0]:.3f} without positions, {moved[1]:.3f} with them")
### FR print(f"plus grand changement : {moved[0]:.3f} sans positions, {moved[1]:.3f} avec")
titles = ["without P", "without P, shuffled", "with P", "with P, shuffled"]
### FR titles = ["sans P", "sans P, mélangés", "avec P", "avec P, mélangés"]
show_maps(maps, titles)

# %% [markdown] lang="fr"
# Le produit scalaire de deux places ne dépend que de leur écart : la même bande, claire ou foncée, tout le
# long des diagonales. Les quatre cartes d'attention sont remises dans l'ordre d'avant le mélange : sans
# positions, mélanger les tokens n'y change rien (l'attention est *équivariante*) ; avec elles, la carte change.

# %% [markdown] lang="en"
# The dot product of two places depends on their distance only: the same shade all along each diagonal. The
# four maps of attention are put back into the order before the shuffle: without positions, shuffling the
# tokens changes nothing (attention is *equivariant*); with them, the map changes.

# %%
lab.progress()

# %% [markdown] lang="fr"
# ## 2 · Les briques
#
# <details><summary>Les noms du cours et ceux du code, une fois pour toutes</summary>
#
# | cours | code | sens | dans le Transformer à compter |
# |---|---|---|---|
# | N | `num_layers` | couches d'encodeur, et autant de décodeur | 6 |
# | H | `num_heads` | têtes d'attention | 8 |
# | dim_e | `d_model` | taille du vecteur d'un token | 512 |
# | d_q | `d_k`, `key_dim` | taille d'une requête et d'une clé, par tête | 64 |
# | d_v | `d_v`, `value_dim` | taille d'une valeur, par tête | 64 |
# | dim_h | `d_ff` | taille cachée du réseau dense | 2048 |
#
# </details>
#
# ### 2.1 Attention à plusieurs têtes
#
# *importance ●●●●● · difficulté ●●●●○ · 25 min*
#
# Une seule attention rend une seule moyenne : elle ne peut pas regarder à la fois le sujet et le verbe.
# On en fait donc travailler H côte à côte, chacune avec ses propres projections, petites ; une dernière
# projection mélange leurs réponses.
#
# ![query, key et value passent chacun par leur couche dense, sont découpés en H têtes ; chaque tête fait sa propre attention ; les têtes sont recollées, et output_dense mélange leurs réponses](figures/heads.fr.svg)
#
# | étape | forme |
# |---|---|
# | `query` ; `key`, `value` | (B, T, d_model) ; (B, S, d_model) |
# | `attention_mask` | (T, S), (B, 1, S) ou (B, T, S), pour toutes les têtes |
# | après `query_dense` | (B, T, H·d_k) |
# | découpée en têtes | (B, H, T, d_k) |
# | poids d'attention | (B, H, T, S) |
# | têtes recollées | (B, T, H·d_v) |
# | sortie | (B, T, d_model) |
#
# Les unités se suivent tête par tête : avec d_k = 3, la tête 0 possède les unités 0, 1, 2, la tête 1 les
# unités 3, 4, 5. (Le masque ne s'appelle pas `mask` : Keras réserve ce nom à ses propres masques.)
#
# **Pronostic.** H = 2, d_k = 3, d_v = 4, d_model = 5 : combien de paramètres en tout, biais compris ?

# %% [markdown] lang="en"
# ## 2 · The pieces
#
# <details><summary>The lecture's names and the code's, once and for all</summary>
#
# | lecture | code | meaning | in the Transformer to be counted |
# |---|---|---|---|
# | N | `num_layers` | encoder layers, and as many decoder layers | 6 |
# | H | `num_heads` | attention heads | 8 |
# | dim_e | `d_model` | size of a token's vector | 512 |
# | d_q | `d_k`, `key_dim` | size of a query and of a key, per head | 64 |
# | d_v | `d_v`, `value_dim` | size of a value, per head | 64 |
# | dim_h | `d_ff` | hidden size of the feed-forward network | 2048 |
#
# </details>
#
# ### 2.1 Multi-head attention
#
# *importance ●●●●● · difficulty ●●●●○ · 25 min*
#
# One attention returns one average: it cannot look at the subject and at the verb at once. So H of them
# work side by side, each with small projections of its own, and a last projection mixes their answers.
#
# ![query, key and value each go through a dense layer of their own and are split into H heads; each head attends on its own; heads are merged, and output_dense mixes their answers](figures/heads.en.svg)
#
# | step | shape |
# |---|---|
# | `query`; `key`, `value` | (B, T, d_model); (B, S, d_model) |
# | `attention_mask` | (T, S), (B, 1, S) or (B, T, S), for all heads |
# | after `query_dense` | (B, T, H·d_k) |
# | split into heads | (B, H, T, d_k) |
# | attention weights | (B, H, T, S) |
# | heads merged | (B, T, H·d_v) |
# | output | (B, T, d_model) |
#
# Units come head by head: with d_k = 3, head 0 owns units 0, 1, 2 and head 1 owns units 3, 4, 5. (The
# mask is not called `mask`: Keras keeps that name for masks of its own.)
#
# **Predict.** H = 2, d_k = 3, d_v = 4, d_model = 5: how many parameters in all, biases included?

# %%
lab.predict("heads_count", 165)

# %% exercise="heads"
class MultiHeadAttention(keras.layers.Layer):
    """Several attentions side by side, mixed by a last projection (3.2.2).

    Args:
        num_heads: number of heads H.
        key_dim: size d_k of a query and of a key, in each head.
        value_dim: size d_v of a value, in each head.
        d_model: size of an output token.

    Sub-layers, with biases: `query_dense`, `key_dense` (H·d_k units), `value_dense` (H·d_v units),
    `output_dense` (d_model units). Units are ordered head by head: head 0 first.
    """
    ### FR """Plusieurs attentions côte à côte, mélangées par une dernière projection (3.2.2).
    ### FR
    ### FR Arguments :
    ### FR     num_heads: nombre de têtes H.
    ### FR     key_dim: taille d_k d'une requête et d'une clé, par tête.
    ### FR     value_dim: taille d_v d'une valeur, par tête.
    ### FR     d_model: taille d'un token de sortie.
    ### FR
    ### FR Sous-couches, avec biais : `query_dense`, `key_dense` (H·d_k unités), `value_dense` (H·d_v unités),
    ### FR `output_dense` (d_model unités). Les unités se suivent tête par tête : la tête 0 d'abord.
    ### FR """

    def __init__(self, num_heads, key_dim, value_dim, d_model, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = value_dim
        self.query_dense = keras.layers.Dense(num_heads * key_dim)
        self.key_dense = keras.layers.Dense(num_heads * key_dim)
        self.value_dense = keras.layers.Dense(num_heads * value_dim)
        self.output_dense = keras.layers.Dense(d_model)
        ### END SOLUTION

    def call(self, query, key, value, attention_mask=None):
        """Attend.

        Args:
            query: (B, T, d_model).
            key: (B, S, d_model).
            value: (B, S, d_model).
            attention_mask: booleans that broadcast to (B, T, S), the same for every head.
                None: every key may be seen.

        Returns:
            (output, weights): (B, T, d_model) and (B, H, T, S).
        """
        ### FR """Porter attention.
        ### FR
        ### FR Arguments :
        ### FR     query: (B, T, d_model).
        ### FR     key: (B, S, d_model).
        ### FR     value: (B, S, d_model).
        ### FR     attention_mask: booléens qui se diffusent vers (B, T, S), les mêmes pour toutes les têtes.
        ### FR         None : toutes les clés peuvent être vues.
        ### FR
        ### FR Renvoie :
        ### FR     (output, weights) : (B, T, d_model) et (B, H, T, S).
        ### FR """

        ### BEGIN SOLUTION
        def split(x, size):  # (B, T, H·size) → (B, H, T, size)
            x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))
            return ops.transpose(x, (0, 2, 1, 3))

        q = split(self.query_dense(query), self.key_dim)
        k = split(self.key_dense(key), self.key_dim)
        v = split(self.value_dense(value), self.value_dim)
        if attention_mask is not None and len(attention_mask.shape) == 3:
            attention_mask = attention_mask[:, None]
        heads, weights = scaled_dot_product_attention(q, k, v, attention_mask)
        heads = ops.transpose(heads, (0, 2, 1, 3))
        merged = ops.reshape(heads, (-1, heads.shape[1], self.num_heads * self.value_dim))
        return self.output_dense(merged), weights
        ### END SOLUTION

# %% role="show"
lab.check("heads")
small = MultiHeadAttention(num_heads=2, key_dim=3, value_dim=4, d_model=5)
small(*np.zeros((3, 1, 2, 5), dtype="float32"))
lab.outcome(
    "heads_count",
    small.count_params(),
    "queries and keys 2 × (5 + 1) × 6, values (5 + 1) × 8, output (8 + 1) × 5; the length plays no part",
    ### FR "requêtes et clés 2 × (5 + 1) × 6, valeurs (5 + 1) × 8, sortie (8 + 1) × 5 ; la longueur n'y entre pas",
)

# %% [markdown] lang="fr"
# <details><summary>Les formes sont justes, les valeurs fausses</summary>
# Une forme juste ne prouve rien : <code>reshape</code> ne déplace aucun nombre, il les relit dans
# l'ordre.
# <details><summary>Un cran de plus</summary>
# Pour passer de (B, T, H·d) à (B, H, T, d), il faut d'abord <em>nommer</em> les deux axes cachés
# dans H·d, puis déplacer celui des têtes.
# <details><summary>Dernier cran</summary>
# Un <code>reshape</code> vers quatre axes, puis un <code>transpose</code>. Au retour, les mêmes
# gestes en ordre inverse.
# </details></details></details>
#
# <details><summary>Le masque fait échouer la multiplication</summary>
# Quelle est la forme des scores, et celle du masque ?
# <details><summary>Un cran de plus</summary>
# Les scores ont un axe de plus que le masque : celui des têtes.
# <details><summary>Dernier cran</summary>
# (B, 1, S) face à (B, H, T, S) : à quelle place glisser un axe de taille 1 ? Et pour (T, S),
# est-ce nécessaire ?
# </details></details></details>
#
# <details><summary>« aucun poids nommé query_dense »</summary>
# Les noms de la docstring sont ceux des attributs.
# <details><summary>Un cran de plus</summary>
# <code>self.query_dense = …</code> dans <code>__init__</code>, et non une couche créée dans
# <code>call</code>.
# <details><summary>Dernier cran</summary>
# Une seule couche qui projette toutes les têtes à la fois : <code>num_heads * key_dim</code>
# unités.
# </details></details></details>
#
# <details><summary>Mes valeurs sont justes sans masque, pas en attention croisée</summary>
# T et S sont-ils confondus quelque part ?
# <details><summary>Un cran de plus</summary>
# La longueur à recoller est celle des requêtes, celle à découper dépend de l'entrée.
# <details><summary>Dernier cran</summary>
# Relisez chaque <code>shape[1]</code> : de quel tenseur est-ce l'axe ?
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>Shapes are right, values are wrong</summary>
# A right shape proves nothing: <code>reshape</code> moves no number, it reads them again in
# order.
# <details><summary>One step more</summary>
# To get from (B, T, H·d) to (B, H, T, d), first <em>name</em> the two axes that hide in H·d, then
# move that of the heads.
# <details><summary>Last step</summary>
# One <code>reshape</code> to four axes, then one <code>transpose</code>. On the way back, the
# same moves in reverse.
# </details></details></details>
#
# <details><summary>The mask breaks the computation</summary>
# What is the shape of the scores, and that of the mask?
# <details><summary>One step more</summary>
# The scores have one axis more than the mask: that of the heads.
# <details><summary>Last step</summary>
# (B, 1, S) against (B, H, T, S): where does an axis of size 1 have to slip in? And is it needed
# for (T, S)?
# </details></details></details>
#
# <details><summary>"no weight called query_dense"</summary>
# The names in the docstring are names of attributes.
# <details><summary>One step more</summary>
# <code>self.query_dense = …</code> in <code>__init__</code>, not a layer made in
# <code>call</code>.
# <details><summary>Last step</summary>
# One layer projects all heads at once: <code>num_heads * key_dim</code> units.
# </details></details></details>
#
# <details><summary>Right without a mask, wrong in cross-attention</summary>
# Are T and S mixed up somewhere?
# <details><summary>One step more</summary>
# The length to merge is that of the queries, the length to split is that of the input at hand.
# <details><summary>Last step</summary>
# Read each <code>shape[1]</code> again: of which tensor is it the axis?
# </details></details></details>

# %% [markdown] lang="fr"
# ### 2.2 Normalisation de couche
#
# *importance ●●●○○ · difficulté ●●○○○ · 10 min*
#
# D'une couche à l'autre les vecteurs grandissent, et l'apprentissage devient instable. On ramène donc
# chaque token, *seul*, à une moyenne de 0 et une variance de 1, puis on laisse le réseau choisir une
# échelle γ et un décalage β par coordonnée. Ni le lot ni la longueur n'interviennent.
#
# $$y = \gamma \cdot \frac{x - \text{moyenne}}{\sqrt{\text{variance} + \varepsilon}} + \beta$$
#
# | | forme |
# |---|---|
# | `x`, résultat | (…, d_model) |
# | `gamma`, `beta` | (d_model,) |
# | `epsilon` | un nombre |
#
# **Pronostic.** Le token [1, 3, 5, 7], avec γ = 1, β = 0, ε ≈ 0 : que devient son premier nombre ?

# %% [markdown] lang="en"
# ### 2.2 Layer normalisation
#
# *importance ●●●○○ · difficulty ●●○○○ · 10 min*
#
# Vectors grow from layer to layer, and learning becomes unstable. So each token, *on its own*, is brought
# to mean 0 and variance 1; then the network may choose a scale γ and a shift β per coordinate.
# Neither the batch nor the length has a say.
#
# $$y = \gamma \cdot \frac{x - \text{mean}}{\sqrt{\text{variance} + \varepsilon}} + \beta$$
#
# | | shape |
# |---|---|
# | `x`, result | (…, d_model) |
# | `gamma`, `beta` | (d_model,) |
# | `epsilon` | a number |
#
# **Predict.** The token [1, 3, 5, 7] with γ = 1, β = 0, ε ≈ 0: what becomes of its first number?

# %%
lab.predict("norm_first", -1.342)

# %% exercise="norm"
def layer_norm(x, gamma, beta, epsilon):
    """Normalise each token to mean 0 and variance 1, then scale and shift it (Ba et al., 2016).

    Args:
        x: float (..., d_model).
        gamma: scale, float (d_model,).
        beta: shift, float (d_model,).
        epsilon: float > 0, added to the variance.

    Returns:
        float, the shape of `x`.
    """
    ### FR """Ramener chaque token à une moyenne de 0 et une variance de 1, puis l'étirer et le décaler (Ba et al., 2016).
    ### FR
    ### FR Arguments :
    ### FR     x: float (..., d_model).
    ### FR     gamma: échelle, float (d_model,).
    ### FR     beta: décalage, float (d_model,).
    ### FR     epsilon: float > 0, ajouté à la variance.
    ### FR
    ### FR Renvoie :
    ### FR     float, de la forme de `x`.
    ### FR """
    ### BEGIN SOLUTION
    mean = ops.mean(x, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)
    return gamma * (x - mean) / ops.sqrt(variance + epsilon) + beta
    ### END SOLUTION

# %% role="show"
lab.check("norm")
token = np.array([[1.0, 3.0, 5.0, 7.0]], dtype="float32")
normed = np.asarray(layer_norm(token, np.ones(4, "float32"), np.zeros(4, "float32"), 1e-6))
lab.outcome(
    "norm_first",
    float(normed[0, 0]),
    "mean 4, variance (9 + 1 + 1 + 9) / 4 = 5: −3 / √5",
    ### FR "moyenne 4, variance (9 + 1 + 1 + 9) / 4 = 5 : −3 / √5",
)

# %% [markdown] lang="fr"
# <details><summary>Tout est juste quand ε est petit, faux quand il est grand</summary>
# Où ε est-il ajouté ?
# <details><summary>Un cran de plus</summary>
# À la variance, donc <em>sous</em> la racine.
# <details><summary>Dernier cran</summary>
# √(v + ε) n'est pas √v + ε.
# </details></details></details>
#
# <details><summary>« Incompatible shapes »</summary>
# Quelle forme a votre moyenne ?
# <details><summary>Un cran de plus</summary>
# (…) au lieu de (…, 1) : elle ne se diffuse plus contre x.
# <details><summary>Dernier cran</summary>
# Les réductions de <code>ops</code> acceptent <code>keepdims</code>.
# </details></details></details>
#
# <details><summary>Un léger écart partout</summary>
# Divisez-vous la somme des carrés par d ou par d − 1 ?
# <details><summary>Un cran de plus</summary>
# La variance est ici celle des d nombres eux-mêmes, pas une estimation.
# <details><summary>Dernier cran</summary>
# Moyenne des carrés des écarts.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>Right with a small ε, wrong with a large one</summary>
# Where is ε added?
# <details><summary>One step more</summary>
# To the variance, so <em>under</em> the root.
# <details><summary>Last step</summary>
# √(v + ε) is not √v + ε.
# </details></details></details>
#
# <details><summary>"Incompatible shapes"</summary>
# What is the shape of your mean?
# <details><summary>One step more</summary>
# (…) instead of (…, 1): it no longer broadcasts against x.
# <details><summary>Last step</summary>
# Reductions in <code>ops</code> take <code>keepdims</code>.
# </details></details></details>
#
# <details><summary>Slightly off everywhere</summary>
# Do you divide the sum of squares by d or by d − 1?
# <details><summary>One step more</summary>
# The variance is that of the d numbers themselves, not an estimate.
# <details><summary>Last step</summary>
# The mean of the squared deviations.
# </details></details></details>

# %% [markdown] lang="fr"
# ### 2.3 Réseau dense par token
#
# *importance ●●●○○ · difficulté ●○○○○ · 5 min*
#
# L'attention échange de l'information *entre* les tokens ; ce petit réseau la travaille *dans* chacun, le
# même pour toutes les places. C'est lui qui porte la plupart des poids.
#
# | étape | forme |
# |---|---|
# | entrée | (B, T, d_model) |
# | après `inner`, ReLU | (B, T, d_ff) |
# | après `outer` | (B, T, d_model) |
#
# **Pronostic.** Avec d_ff = 4·d_model et H·d_k = H·d_v = d_model, combien de fois plus de poids que dans
# l'attention (sans compter les biais) ?

# %% [markdown] lang="en"
# ### 2.3 Feed-forward network
#
# *importance ●●●○○ · difficulty ●○○○○ · 5 min*
#
# Attention exchanges information *between* tokens; this small network works on it *within* each, the same
# one at every place. It is where most of the weights are.
#
# | step | shape |
# |---|---|
# | input | (B, T, d_model) |
# | after `inner`, ReLU | (B, T, d_ff) |
# | after `outer` | (B, T, d_model) |
#
# **Predict.** With d_ff = 4·d_model and H·d_k = H·d_v = d_model, how many times the weights of the
# attention are there (biases left out)?

# %%
lab.predict("dense_ratio", 2)

# %% exercise="feed_forward"
class FeedForward(keras.layers.Layer):
    """Two dense layers, the same for every token, ReLU between them (3.3).

    Args:
        d_ff: units of the first, called `inner`.
        d_model: units of the second, called `outer`.
    """
    ### FR """Deux couches denses, les mêmes pour chaque token, ReLU entre elles (3.3).
    ### FR
    ### FR Arguments :
    ### FR     d_ff: unités de la première, nommée `inner`.
    ### FR     d_model: unités de la seconde, nommée `outer`.
    ### FR """

    def __init__(self, d_ff, d_model, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.inner = keras.layers.Dense(d_ff, activation="relu")
        self.outer = keras.layers.Dense(d_model)
        ### END SOLUTION

    def call(self, x):
        """(B, T, d_model) → (B, T, d_model)."""
        ### BEGIN SOLUTION
        return self.outer(self.inner(x))
        ### END SOLUTION

# %% role="show"
lab.check("feed_forward")
dense = FeedForward(d_ff=4 * 8, d_model=8)
dense(np.zeros((1, 1, 8), dtype="float32"))
kernels = sum(np.size(w) for w in dense.get_weights() if np.ndim(w) == 2)
lab.outcome(
    "dense_ratio",
    kernels / (4 * 8 * 8),
    "2 · d · 4d = 8d² against 4d² (four projections, d × d)",
    ### FR "2 · d · 4d = 8d² contre 4d² (quatre projections d × d)",
)

# %% [markdown] lang="fr"
# <details><summary>Mes sorties ne sont jamais négatives</summary>
# Où sont les ReLU ?
# <details><summary>Un cran de plus</summary>
# Une seule, entre les deux couches.
# <details><summary>Dernier cran</summary>
# La seconde couche n'a pas d'activation.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My outputs are never negative</summary>
# Where are the ReLUs?
# <details><summary>One step more</summary>
# There is one, between the two layers.
# <details><summary>Last step</summary>
# The second layer has no activation.
# </details></details></details>

# %% [markdown] lang="fr"
# ### 2.4 Couche d'encodeur
#
# *importance ●●●●● · difficulté ●●○○○ · 10 min*
#
# Deux étages, et la même règle après chacun : ajouter l'entrée (connexion résiduelle, le gradient passe
# tout droit), puis normaliser. Cet ordre, *post-norm*, est celui de l'article ; beaucoup de modèles
# récents normalisent avant.
#
# $$y = \mathrm{norm1}\big(x + \mathrm{attention}(x, x, x)\big) \qquad \text{sortie} = \mathrm{norm2}\big(y + \mathrm{feed\_forward}(y)\big)$$
#
# ![Une couche d'encodeur, à gauche, et une couche de décodeur, à droite, de bas en haut : l'entrée de chaque étage le contourne et s'ajoute à sa sortie, puis vient la norme ; le décodeur a un étage de plus, cross_attention, qui lit la mémoire](figures/layers.fr.svg)
#
# | | forme |
# |---|---|
# | `x`, sortie | (B, T, d_model) |
# | `attention_mask` | diffusible vers (B, T, T) |
#
# **Pronostic.** Couche toute neuve (γ = 1, β = 0), d_model = 64 : quelle est la norme de *chaque* token de
# sortie, quelle que soit l'entrée ?

# %% [markdown] lang="en"
# ### 2.4 Encoder layer
#
# *importance ●●●●● · difficulty ●●○○○ · 10 min*
#
# Two stages, and after each the same rule: add the input (a residual connection, the gradient goes
# straight through), then normalise. This order, *post-norm*, is the article's; many recent models
# normalise first.
#
# $$y = \mathrm{norm1}\big(x + \mathrm{attention}(x, x, x)\big) \qquad \text{output} = \mathrm{norm2}\big(y + \mathrm{feed\_forward}(y)\big)$$
#
# ![An encoder layer on the left and a decoder layer on the right, from bottom to top: the input of each stage goes around it and is added to its output, then comes the norm; the decoder has one stage more, cross_attention, which reads the memory](figures/layers.en.svg)
#
# | | shape |
# |---|---|
# | `x`, output | (B, T, d_model) |
# | `attention_mask` | broadcasts to (B, T, T) |
#
# **Predict.** A brand-new layer (γ = 1, β = 0), d_model = 64: what is the norm of *every* output token,
# whatever the input?

# %%
lab.predict("token_norm", 8)

# %% exercise="encoder"
class EncoderLayer(keras.layers.Layer):
    """Self-attention, then the feed-forward network; after each, add the input and normalise.

    Args:
        num_heads, d_model, d_k, d_v: as in `MultiHeadAttention` (key_dim = d_k, value_dim = d_v).
        d_ff: inner size of `FeedForward`.
        epsilon: of both normalisations.

    Sub-layers: `attention`, `norm1` (after it), `feed_forward`, `norm2` (after it). For the
    normalisations use keras.layers.LayerNormalization.
    """
    ### FR """Auto-attention, puis réseau dense ; après chacun, ajouter l'entrée et normaliser.
    ### FR
    ### FR Arguments :
    ### FR     num_heads, d_model, d_k, d_v: comme dans `MultiHeadAttention` (key_dim = d_k, value_dim = d_v).
    ### FR     d_ff: taille cachée de `FeedForward`.
    ### FR     epsilon: des deux normalisations.
    ### FR
    ### FR Sous-couches : `attention`, `norm1` (après elle), `feed_forward`, `norm2` (après lui). Pour les
    ### FR normalisations, prenez keras.layers.LayerNormalization.
    ### FR """

    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)
        ### END SOLUTION

    def call(self, x, attention_mask=None):
        """Transform a sequence.

        Args:
            x: (B, T, d_model).
            attention_mask: booleans that broadcast to (B, T, T).

        Returns:
            (B, T, d_model).
        """
        ### FR """Transformer une suite.
        ### FR
        ### FR Arguments :
        ### FR     x: (B, T, d_model).
        ### FR     attention_mask: booléens qui se diffusent vers (B, T, T).
        ### FR
        ### FR Renvoie :
        ### FR     (B, T, d_model).
        ### FR """
        ### BEGIN SOLUTION
        attended, _ = self.attention(x, x, x, attention_mask)
        x = self.norm1(x + attended)
        return self.norm2(x + self.feed_forward(x))
        ### END SOLUTION

# %% role="show"
lab.check("encoder")
layer = EncoderLayer(num_heads=4, d_model=64, d_k=16, d_v=16, d_ff=256)
out = np.asarray(layer(np.random.default_rng(1).normal(size=(1, 5, 64)).astype("float32")))
lab.outcome(
    "token_norm",
    float(np.linalg.norm(out[0, 2])),
    "mean 0 and variance 1 over 64 numbers: the squares sum to 64",
    ### FR "moyenne 0 et variance 1 sur 64 nombres : la somme des carrés vaut 64",
)

# %% [markdown] lang="fr"
# <details><summary>Les valeurs diffèrent peu, et partout</summary>
# Quel ε vos normalisations ont-elles ?
# <details><summary>Un cran de plus</summary>
# <code>LayerNormalization</code> a le sien par défaut, 0,001.
# <details><summary>Dernier cran</summary>
# L'argument <code>epsilon</code> de la couche doit arriver jusqu'aux deux normalisations.
# </details></details></details>
#
# <details><summary>Juste sans masque, faux avec</summary>
# Le masque arrive-t-il à l'attention ?
# <details><summary>Un cran de plus</summary>
# Il est un argument de <code>call</code>, à transmettre après requête, clé et valeur.
# <details><summary>Dernier cran</summary>
# Le réseau dense et les normalisations n'en ont pas besoin.
# </details></details></details>
#
# <details><summary>« has no attribute feed_forward » ou poids introuvables</summary>
# Les quatre noms de la docstring sont imposés.
# <details><summary>Un cran de plus</summary>
# Une sous-couche se crée dans <code>__init__</code>, une fois, et s'appelle dans
# <code>call</code>.
# <details><summary>Dernier cran</summary>
# Deux normalisations distinctes : chacune a ses γ et β.
# </details></details></details>
#
# <details><summary>Tout est faux</summary>
# Dans quel ordre ajoutez-vous et normalisez-vous ?
# <details><summary>Un cran de plus</summary>
# Suivez le dessin de gauche à droite : (+) vient avant norm.
# <details><summary>Dernier cran</summary>
# L'entrée du second étage est la sortie de <code>norm1</code>, et c'est elle aussi que l'on
# ajoute.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>Values differ a little, and everywhere</summary>
# Which ε do your normalisations have?
# <details><summary>One step more</summary>
# <code>LayerNormalization</code> has a default of its own, 0.001.
# <details><summary>Last step</summary>
# The layer's argument <code>epsilon</code> must reach both normalisations.
# </details></details></details>
#
# <details><summary>Right without a mask, wrong with one</summary>
# Does the mask reach the attention?
# <details><summary>One step more</summary>
# It is an argument of <code>call</code>, to be handed on after query, key and value.
# <details><summary>Last step</summary>
# The feed-forward network and the normalisations do not need it.
# </details></details></details>
#
# <details><summary>"has no attribute feed_forward", or weights not found</summary>
# The four names in the docstring are the contract.
# <details><summary>One step more</summary>
# A sub-layer is made in <code>__init__</code>, once, and called in <code>call</code>.
# <details><summary>Last step</summary>
# Two separate normalisations: each has its own γ and β.
# </details></details></details>
#
# <details><summary>Everything is wrong</summary>
# In which order do you add and normalise?
# <details><summary>One step more</summary>
# Follow the drawing from left to right: (+) comes before norm.
# <details><summary>Last step</summary>
# The second stage takes what <code>norm1</code> gives, and that is also what is added.
# </details></details></details>

# %% [markdown] lang="fr"
# #### Le bloc de TensorFlow, à l'identique
#
# TensorFlow livre ce même bloc : `tfm.nlp.layers.TransformerEncoderBlock` (paquet `tf-models-official`).
# Votre couche n'en est pas une imitation : avec ses seize tableaux de poids, elle rend *ses* nombres. La
# vérification ci-dessus l'a déjà fait contre des tableaux calculés avec le paquet. Pour le refaire
# vous-même, installez-le et passez la constante à True (l'import dure une dizaine de secondes).
#
# Deux détails séparent les bibliothèques : l'ε des normalisations (1e-12 ici, 1e-3 dans Keras, 1e-5 dans
# KerasHub) et la forme des noyaux : (d_model, H, d_k) ici, (d_model, H·d_k) chez vous. Comme vos unités
# se suivent tête par tête, un simple `reshape` passe de l'une à l'autre.

# %% [markdown] lang="en"
# #### TensorFlow's block, number for number
#
# TensorFlow ships this very block: `tfm.nlp.layers.TransformerEncoderBlock` (package
# `tf-models-official`). Your layer does not imitate it: given its sixteen weight arrays, it returns *its*
# numbers. The check above has just compared with arrays computed by the package. To do it yourself,
# install the package and set the constant to True (its import takes some ten seconds).
#
# Two details differ among libraries: the ε of the normalisations (1e-12 here, 1e-3 in Keras, 1e-5 in
# KerasHub) and the shape of kernels: (d_model, H, d_k) here, (d_model, H·d_k) in yours. As your units come
# head by head, a plain `reshape` turns one into the other.

# %% role="show"
COMPARE_WITH_TENSORFLOW = False

if COMPARE_WITH_TENSORFLOW:
    import tensorflow_models as tfm

    x = np.random.default_rng(3).normal(size=(2, 7, 12)).astype("float32")
    block = tfm.nlp.layers.TransformerEncoderBlock(3, 20, "relu", norm_epsilon=1e-12)
    mine = EncoderLayer(num_heads=3, d_model=12, d_k=4, d_v=4, d_ff=20, epsilon=1e-12)
    block(tf.constant(x)), mine(x)
    arrays = [rng.normal(size=a.shape) for a in block.get_weights()]
    block.set_weights(arrays)
    a, f = mine.attention, mine.feed_forward
    layers = [a.query_dense, a.key_dense, a.value_dense, a.output_dense]
    for layer in [*layers, mine.norm1, f.inner, f.outer, mine.norm2]:
        pair = [arrays.pop(0), arrays.pop(0)]
        layer.set_weights([new.reshape(old.shape) for new, old in zip(pair, layer.get_weights())])
    print("max |Δ| =", np.abs(np.asarray(mine(x)) - block(tf.constant(x)).numpy()).max())

# %% [markdown] lang="fr"
# ### 2.5 Couche de décodeur
#
# *importance ●●●●● · difficulté ●●○○○ · 15 min*
#
# Le décodeur écrit. Il relit d'abord ce qu'il a déjà écrit (auto-attention *masquée*), puis consulte la
# source : c'est l'**attention croisée**, dont les requêtes viennent de lui, les clés et les valeurs de la
# sortie de l'encodeur, appelée mémoire.
#
# $$y = \mathrm{norm1}\big(x + \mathrm{self\_attention}(x, x, x)\big) \qquad z = \mathrm{norm2}\big(y + \mathrm{cross\_attention}(y, m, m)\big)$$
#
# $$\text{sortie} = \mathrm{norm3}\big(z + \mathrm{feed\_forward}(z)\big) \qquad m = \text{la mémoire}$$
#
# Chaque étage ajoute ce qui y entrait ; la figure de 2.4 le dessine à droite.
#
# | | forme |
# |---|---|
# | `x`, sortie | (B, T, d_model) |
# | `memory` | (B, S, d_model) |
# | `attention_mask` | diffusible vers (B, T, T) |
# | `memory_mask` | diffusible vers (B, T, S) |
#
# **Pronostic.** Deux mots, quatre têtes, 9 tokens en source et 5 en cible : combien de poids d'attention
# croisée, et combien d'auto-attention du décodeur non forcés à zéro par le masque causal ?

# %% [markdown] lang="en"
# ### 2.5 Decoder layer
#
# *importance ●●●●● · difficulty ●●○○○ · 15 min*
#
# The decoder writes. First it reads again what it has written (*masked* self-attention), then it consults
# the source: this is **cross-attention**, whose queries come from the decoder, and keys and values from
# the encoder's output, called memory.
#
# $$y = \mathrm{norm1}\big(x + \mathrm{self\_attention}(x, x, x)\big) \qquad z = \mathrm{norm2}\big(y + \mathrm{cross\_attention}(y, m, m)\big)$$
#
# $$\text{output} = \mathrm{norm3}\big(z + \mathrm{feed\_forward}(z)\big) \qquad m = \text{the memory}$$
#
# Each stage adds what went into it; the figure of 2.4 draws it on the right.
#
# | | shape |
# |---|---|
# | `x`, output | (B, T, d_model) |
# | `memory` | (B, S, d_model) |
# | `attention_mask` | broadcasts to (B, T, T) |
# | `memory_mask` | broadcasts to (B, T, S) |
#
# **Predict.** Two words, four heads, 9 source tokens, 5 target tokens: how many cross-attention weights
# are there, and how many weights of the decoder's self-attention does the causal mask not force to zero?

# %%
lab.predict("decoder_weights", [360, 120])

# %% exercise="decoder"
class DecoderLayer(keras.layers.Layer):
    """Masked self-attention, attention over the encoder's output, feed-forward network.

    After each of the three, add the input and normalise. Arguments as for `EncoderLayer`.
    Sub-layers: `self_attention`, `norm1`, `cross_attention`, `norm2`, `feed_forward`, `norm3`.
    """
    ### FR """Auto-attention masquée, attention sur la sortie de l'encodeur, réseau dense.
    ### FR
    ### FR Après chacun des trois, ajouter l'entrée et normaliser. Arguments : ceux d'`EncoderLayer`.
    ### FR Sous-couches : `self_attention`, `norm1`, `cross_attention`, `norm2`, `feed_forward`, `norm3`.
    ### FR """

    def __init__(self, num_heads, d_model, d_k, d_v, d_ff, epsilon=1e-6, **kwargs):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.self_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.cross_attention = MultiHeadAttention(num_heads, d_k, d_v, d_model)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.feed_forward = FeedForward(d_ff, d_model)
        self.norm3 = keras.layers.LayerNormalization(epsilon=epsilon)
        ### END SOLUTION

    def call(self, x, memory, attention_mask=None, memory_mask=None):
        """Transform a sequence, looking at another.

        Args:
            x: the target so far, (B, T, d_model).
            memory: the encoder's output, (B, S, d_model).
            attention_mask: booleans that broadcast to (B, T, T), for the self-attention.
            memory_mask: booleans that broadcast to (B, T, S), for the cross-attention.

        Returns:
            (B, T, d_model).
        """
        ### FR """Transformer une suite en en regardant une autre.
        ### FR
        ### FR Arguments :
        ### FR     x: la cible écrite jusqu'ici, (B, T, d_model).
        ### FR     memory: la sortie de l'encodeur, (B, S, d_model).
        ### FR     attention_mask: booléens qui se diffusent vers (B, T, T), pour l'auto-attention.
        ### FR     memory_mask: booléens qui se diffusent vers (B, T, S), pour l'attention croisée.
        ### FR
        ### FR Renvoie :
        ### FR     (B, T, d_model).
        ### FR """
        ### BEGIN SOLUTION
        attended, _ = self.self_attention(x, x, x, attention_mask)
        x = self.norm1(x + attended)
        attended, _ = self.cross_attention(x, memory, memory, memory_mask)
        x = self.norm2(x + attended)
        return self.norm3(x + self.feed_forward(x))
        ### END SOLUTION

# %% role="show"
lab.check("decoder")
lab.outcome(
    "decoder_weights",
    [2 * 4 * 5 * 9, 2 * 4 * int(np.sum(causal_mask(5)))],
    "cross: words × heads × T × S; self: words × heads × T (T + 1) / 2",
    ### FR "croisée : mots × têtes × T × S ; auto-attention : mots × têtes × T (T + 1) / 2",
)
lab.progress()

# %% [markdown] lang="fr"
# <details><summary>Une erreur de forme dès que T et S diffèrent</summary>
# Qui questionne, qui répond, dans l'attention croisée ?
# <details><summary>Un cran de plus</summary>
# Les requêtes ont T lignes, les clés et les valeurs en ont S.
# <details><summary>Dernier cran</summary>
# <code>memory</code> entre deux fois dans l'appel ; quel masque va avec ?
# </details></details></details>
#
# <details><summary>« le passé voit le futur »</summary>
# Quel masque l'auto-attention reçoit-elle ?
# <details><summary>Un cran de plus</summary>
# <code>attention_mask</code> va à la première attention, <code>memory_mask</code> à la seconde.
# <details><summary>Dernier cran</summary>
# Chacune reçoit le sien en quatrième argument, après requête, clé et valeur.
# </details></details></details>
#
# <details><summary>Juste sans l'attention croisée, faux avec</summary>
# Qu'ajoutez-vous après elle ?
# <details><summary>Un cran de plus</summary>
# Ce qui y entrait : la sortie de <code>norm1</code>, pas le <code>x</code> du début.
# <details><summary>Dernier cran</summary>
# Trois étages, trois ajouts, trois normalisations.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>A shape error as soon as T and S differ</summary>
# Who asks and who answers in cross-attention?
# <details><summary>One step more</summary>
# Queries have T rows, keys and values have S.
# <details><summary>Last step</summary>
# <code>memory</code> goes into the call twice; which mask goes with it?
# </details></details></details>
#
# <details><summary>"the past sees the future"</summary>
# Which mask does the self-attention get?
# <details><summary>One step more</summary>
# <code>attention_mask</code> is for the first attention, <code>memory_mask</code> for the second.
# <details><summary>Last step</summary>
# Each gets its own as fourth argument, after query, key and value.
# </details></details></details>
#
# <details><summary>Right without the cross-attention, wrong with it</summary>
# What do you add after it?
# <details><summary>One step more</summary>
# What went into it: the output of <code>norm1</code>, not the <code>x</code> of the beginning.
# <details><summary>Last step</summary>
# Three stages, three additions, three normalisations.
# </details></details></details>

# %% [markdown] lang="fr"
# ## 3 · Le Transformer entier
#
# ### 3.0 Bonus : du texte aux tokens
#
# *importance ●●●○○ · difficulté ●●○○○ · 10 min*
#
# Un Transformer lit des numéros. Les modèles de langue découpent le texte en **sous-mots** : les pièces
# fréquentes restent entières, un mot rare se décompose, et rien n'est inconnu. L'algorithme de fusion
# (*byte-pair encoding*) part des lettres et colle, encore et encore, la paire de voisines la plus
# fréquente. BERT a 30 000 pièces, GPT-2 en a 50 257 ; ici, quelques verbes et dix fusions suffisent.
#
# **Pronostic.** Quelle paire de lettres, dans les neuf mots ci-dessous, est collée la première ?

# %% [markdown] lang="en"
# ## 3 · The whole Transformer
#
# ### 3.0 Bonus: from text to tokens
#
# *importance ●●●○○ · difficulty ●●○○○ · 10 min*
#
# A Transformer reads numbers. Language models cut text into **sub-words**: frequent pieces stay whole, a
# rare word falls into parts, and nothing is unknown. The merging algorithm (*byte-pair encoding*) starts
# from letters and glues, again and again, the most frequent pair of neighbours. BERT has 30,000 pieces,
# GPT-2 has 50,257; here a few adjectives and ten merges are enough.
#
# **Predict.** Which pair of letters, in the six words below, is glued first?

# %% lang="fr"
corpus = "parler parlez parleur chanter chantez chanteur danser dansez danseur".split()
unseen = ["planter", "danseuse", "parlant", "transformer"]
lab.predict("first_pair", "an")

# %% lang="en"
corpus = "faster fastest slower slowest smaller smallest".split()
unseen = ["tallest", "slow", "fasting", "transformer"]
lab.predict("first_pair", "st")

# %% exercise="pairs"
def learn_merges(words, count):
    """Byte-pair encoding: the merges that a corpus teaches (Sennrich et al., 2016).

    Every word begins as its letters. At each merge, the pair of neighbouring pieces that occurs most
    often in all words together becomes one piece, wherever it stands.

    Args:
        words: list of strings.
        count: number of merges, an int.

    Returns:
        List of strings: the pieces made, in the order of the merges.
    """
    ### FR """Fusion de paires (byte-pair encoding) : les fusions qu'un corpus enseigne (Sennrich et al., 2016).
    ### FR
    ### FR Chaque mot est d'abord la suite de ses lettres. À chaque fusion, la paire de pièces voisines la plus
    ### FR fréquente dans tous les mots ensemble devient une seule pièce, partout où elle se trouve.
    ### FR
    ### FR Arguments :
    ### FR     words: liste de chaînes.
    ### FR     count: nombre de fusions, un entier.
    ### FR
    ### FR Renvoie :
    ### FR     Liste de chaînes : les pièces obtenues, dans l'ordre des fusions.
    ### FR """
    ### BEGIN SOLUTION
    spelling = [list(word) for word in words]
    merges = []
    for _ in range(count):
        pairs = [pair for pieces in spelling for pair in zip(pieces, pieces[1:])]
        best = max(pairs, key=pairs.count)
        merges.append("".join(best))
        for pieces in spelling:
            for i in range(len(pieces) - 1):
                if tuple(pieces[i : i + 2]) == best:
                    pieces[i : i + 2] = [merges[-1]]
    return merges
    ### END SOLUTION

# %%
lab.check("pairs")

# %% [markdown] lang="fr"
# <details><summary>Mes fusions répètent toujours la même paire</summary>
# Que contiennent les mots après la première fusion ?
# <details><summary>Un cran de plus</summary>
# Un mot n'est pas une chaîne mais une liste de pièces, qui raccourcit.
# <details><summary>Dernier cran</summary>
# Après la fusion <code>ab</code>, le mot <code>abcab</code> est <code>["ab", "c", "ab"]</code>.
# </details></details></details>
#
# <details><summary>« list index out of range » en collant</summary>
# La liste raccourcit pendant que vous la parcourez.
# <details><summary>Un cran de plus</summary>
# Une tranche <code>pieces[i : i + 2]</code> qui dépasse la fin ne lève pas d'erreur.
# <details><summary>Dernier cran</summary>
# Ou bien écrivez dans une nouvelle liste.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My merges repeat the same pair</summary>
# What do the words hold after the first merge?
# <details><summary>One step more</summary>
# A word is not a string but a list of pieces, which gets shorter.
# <details><summary>Last step</summary>
# After the merge <code>ab</code>, the word <code>abcab</code> is <code>["ab", "c", "ab"]</code>.
# </details></details></details>
#
# <details><summary>"list index out of range" while gluing</summary>
# The list gets shorter while you walk along it.
# <details><summary>One step more</summary>
# A slice <code>pieces[i : i + 2]</code> that runs past the end raises no error.
# <details><summary>Last step</summary>
# Or write into a new list.
# </details></details></details>

# %% role="show"
merges = learn_merges(corpus, 10)
lab.outcome(
    "first_pair",
    merges[0],
    "count it in every word: no other pair of neighbours occurs as often",
    ### FR "comptez-la dans chaque mot : aucune autre paire de voisines n'est aussi fréquente",
)
print("merges:", *merges)
### FR print("fusions :", *merges)
pieces = ["[UNK]", *(mark + p for p in (*"abcdefghijklmnopqrstuvwxyz", *merges) for mark in ("", "##"))]
try:
    import tensorflow_text
except ImportError:
    print("tensorflow-text: pip install tensorflow-text")
else:
    tokenizer = tensorflow_text.FastWordpieceTokenizer(pieces, token_out_type=tf.string)
    for word, parts in zip(unseen, tokenizer.tokenize(unseen).to_list()):
        print(f"{word:12}", *(part.decode() for part in parts))

# %% [markdown] lang="fr"
# `##` marque une pièce qui continue un mot. Aucun de ces mots n'était dans le corpus ; tous s'écrivent
# pourtant, par des racines et des terminaisons apprises là où il y en a, lettre à lettre ailleurs. Dans la
# suite, pour que tout tienne en une minute de calcul, un token sera une lettre : 26 lettres, un début, une
# fin, un remplissage, donc un vocabulaire de **29**.

# %% [markdown] lang="en"
# `##` marks a piece that continues a word. None of these words was in the corpus, yet all can be written:
# with learned stems and endings where there are any, letter by letter elsewhere. From here on, so that
# everything fits into a minute of computing, a token is a letter: 26 letters, a start, an end and a
# padding, hence a vocabulary of **29**.

# %% [markdown] lang="fr"
# ### 3.1 Assembler
#
# *importance ●●●●● · difficulté ●●●○○ · 20 min*
#
# Toutes les pièces sont là ; il reste à les relier. L'encodeur lit la source d'un bloc ; le décodeur, à
# chaque place de la cible, note tous les tokens qui pourraient venir ensuite. Les vecteurs du plongement
# sont multipliés par √d_model *avant* que les positions ne s'y ajoutent.
#
# C'est la figure du début : deux plongements, deux piles, et la mémoire qui va de l'une à l'autre.
#
# | | forme | |
# |---|---|---|
# | `source` | (B, S), entiers | `PAD` à la fin des mots courts |
# | `target` | (B, T), entiers | |
# | plongements | (B, S, d_model), (B, T, d_model) | deux tables distinctes |
# | masque de la source | (B, 1, S) | pour l'encodeur *et* l'attention croisée |
# | masque de la cible | (T, T) | causal |
# | logits | (B, T, vocab_size) | sans softmax |
#
# **Pronostic.** Un modèle qui ne sait rien donne à chacun des 29 tokens la même probabilité. Que vaut
# alors l'entropie croisée ? Ce nombre reviendra dans la partie 5.

# %% [markdown] lang="en"
# ### 3.1 Put it together
#
# *importance ●●●●● · difficulty ●●●○○ · 20 min*
#
# All pieces are there and want linking. The encoder reads the source in one go; the decoder, at every
# place of the target, scores all tokens that could come next. Embedded vectors are multiplied by √d_model
# *before* the positions are added to them.
#
# It is the figure of the beginning: two embeddings, two stacks, and the memory that goes from one to the other.
#
# | | shape | |
# |---|---|---|
# | `source` | (B, S), ints | `PAD` at the end of short words |
# | `target` | (B, T), ints | |
# | embeddings | (B, S, d_model), (B, T, d_model) | two separate tables |
# | mask of the source | (B, 1, S) | for the encoder *and* for cross-attention |
# | mask of the target | (T, T) | causal |
# | logits | (B, T, vocab_size) | no softmax |
#
# **Predict.** A model that knows nothing gives each of the 29 tokens the same probability. What is the
# cross-entropy then? The number will come back in part 5.

# %%
lab.predict("uniform_loss", 3.367)

# %% exercise="transformer"
class Transformer(keras.Model):
    """The whole encoder–decoder ("Attention is all you need", figure 1), without dropout.

    Args:
        num_layers: encoder layers, and as many decoder layers.
        num_heads, d_model, d_k, d_v, d_ff, epsilon: as for `EncoderLayer`.
        vocab_size: number of tokens, the same for source and target.

    Sub-layers: `source_embedding`, `target_embedding`, the lists `encoder_layers` and
    `decoder_layers`, and `output_dense` (vocab_size units, with bias, no activation).
    """
    ### FR """L'encodeur–décodeur entier (« Attention is all you need », figure 1), sans dropout.
    ### FR
    ### FR Arguments :
    ### FR     num_layers: couches d'encodeur, et autant de décodeur.
    ### FR     num_heads, d_model, d_k, d_v, d_ff, epsilon: comme dans `EncoderLayer`.
    ### FR     vocab_size: nombre de tokens, le même pour la source et la cible.
    ### FR
    ### FR Sous-couches : `source_embedding`, `target_embedding`, les listes `encoder_layers` et
    ### FR `decoder_layers`, et `output_dense` (vocab_size unités, avec biais, sans activation).
    ### FR """

    def __init__(
        self, num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size, epsilon=1e-6, **kwargs
    ):
        super().__init__(**kwargs)
        ### BEGIN SOLUTION
        self.d_model = d_model
        self.source_embedding = keras.layers.Embedding(vocab_size, d_model)
        self.target_embedding = keras.layers.Embedding(vocab_size, d_model)
        sizes = (num_heads, d_model, d_k, d_v, d_ff, epsilon)
        self.encoder_layers = [EncoderLayer(*sizes) for _ in range(num_layers)]
        self.decoder_layers = [DecoderLayer(*sizes) for _ in range(num_layers)]
        self.output_dense = keras.layers.Dense(vocab_size)
        ### END SOLUTION

    def call(self, inputs):
        """Score the next token at every position of the target.

        Embeddings are multiplied by √d_model before the positions are added. PAD tokens of the
        source are seen by nobody; a target position sees itself and those before it.

        Args:
            inputs: (source, target), int (B, S) and (B, T).

        Returns:
            Logits, float (B, T, vocab_size).
        """
        ### FR """Noter le token suivant à chaque position de la cible.
        ### FR
        ### FR Les plongements sont multipliés par √d_model avant que les positions ne s'ajoutent. Personne ne voit
        ### FR les tokens PAD de la source ; une position de la cible se voit elle-même et celles d'avant.
        ### FR
        ### FR Arguments :
        ### FR     inputs: (source, target), int (B, S) et (B, T).
        ### FR
        ### FR Renvoie :
        ### FR     Logits, float (B, T, vocab_size).
        ### FR """
        ### BEGIN SOLUTION
        source, target = inputs
        seen = padding_mask(source)
        x = self.embed(self.source_embedding, source)
        for layer in self.encoder_layers:
            x = layer(x, seen)
        y = self.embed(self.target_embedding, target)
        past = causal_mask(target.shape[1])
        for layer in self.decoder_layers:
            y = layer(y, x, past, seen)
        return self.output_dense(y)

    def embed(self, embedding, tokens):
        vectors = embedding(tokens) * math.sqrt(self.d_model)
        return vectors + positional_encoding(tokens.shape[1], self.d_model)
        ### END SOLUTION

# %% role="show"
lab.check("transformer")
lab.outcome(
    "uniform_loss",
    math.log(29),
    "−ln(1/29) = ln 29, in nats",
    ### FR "−ln(1/29) = ln 29, en nats",
)

# %% [markdown] lang="fr"
# <details><summary>Mes couches ont toutes les mêmes poids, ou il manque des paramètres</summary>
# Combien d'objets <code>EncoderLayer</code> créez-vous ?
# <details><summary>Un cran de plus</summary>
# <code>[couche] * n</code> répète n fois <em>le même</em> objet.
# <details><summary>Dernier cran</summary>
# Chaque tour de boucle doit en construire une nouvelle.
# </details></details></details>
#
# <details><summary>Le remplissage de la source change la sortie</summary>
# Qui peut voir la source ?
# <details><summary>Un cran de plus</summary>
# L'encodeur, mais aussi chaque couche du décodeur, par l'attention croisée.
# <details><summary>Dernier cran</summary>
# <code>padding_mask(source)</code> sert donc à deux endroits.
# </details></details></details>
#
# <details><summary>« le passé voit le futur »</summary>
# Quel masque reçoit l'auto-attention du décodeur ?
# <details><summary>Un cran de plus</summary>
# Il dépend de la longueur de la <em>cible</em>, qui change d'un appel à l'autre.
# <details><summary>Dernier cran</summary>
# <code>target.shape[1]</code> est connu dans <code>call</code>, pas dans <code>__init__</code>.
# </details></details></details>
#
# <details><summary>Des logits faux d'un facteur, ou presque justes</summary>
# Dans quel ordre faites-vous : multiplier par √d_model, ajouter les positions ?
# <details><summary>Un cran de plus</summary>
# Les positions ne sont pas multipliées.
# <details><summary>Dernier cran</summary>
# Et il n'y a qu'une mise à l'échelle, à l'entrée, pas une par couche.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>All my layers share their weights, or parameters are missing</summary>
# How many <code>EncoderLayer</code> objects do you make?
# <details><summary>One step more</summary>
# <code>[layer] * n</code> repeats <em>the same</em> object n times.
# <details><summary>Last step</summary>
# Each turn of the loop must build a new one.
# </details></details></details>
#
# <details><summary>The source's padding changes the output</summary>
# Who can see the source?
# <details><summary>One step more</summary>
# The encoder, but every decoder layer too, through cross-attention.
# <details><summary>Last step</summary>
# So <code>padding_mask(source)</code> is needed in two places.
# </details></details></details>
#
# <details><summary>"the past sees the future"</summary>
# Which mask does the decoder's self-attention get?
# <details><summary>One step more</summary>
# It depends on the length of the <em>target</em>, which changes from call to call.
# <details><summary>Last step</summary>
# <code>target.shape[1]</code> is known in <code>call</code>, not in <code>__init__</code>.
# </details></details></details>
#
# <details><summary>Logits off by a factor, or almost right</summary>
# In which order do you multiply by √d_model and add the positions?
# <details><summary>One step more</summary>
# Positions are not multiplied.
# <details><summary>Last step</summary>
# And there is one scaling, at the entrance, not one in each layer.
# </details></details></details>

# %% [markdown] lang="fr"
# ### 3.2 Compter les paramètres
#
# *importance ●●●●○ · difficulté ●●●○○ · 20 min*
#
# Savoir où sont les poids, c'est savoir ce que coûte un modèle avant de le construire. Le Transformer à
# compter : N = 6, H = 8, d_model = 512, d_k = d_v = 64, d_ff = 2048, vocabulaire 29, longueur T = 11, lots
# de 3. Le construire demanderait du temps et de la mémoire : ici on compte seulement.
#
# | brique | ce qu'elle contient |
# |---|---|
# | attention | quatre projections, avec biais |
# | réseau dense | deux couches, avec biais |
# | normalisation | γ et β |
# | couche d'encodeur | 1 attention, 1 réseau dense, 2 normalisations |
# | couche de décodeur | 2 attentions, 1 réseau dense, 3 normalisations |
# | autour | deux plongements (sans biais), une sortie (avec biais) |
#
# **Pronostic.** Avant tout calcul : deux des nombres de l'énoncé n'entrent dans aucun terme. Lesquels ? Et
# le total, à la louche : 4, 40 ou 400 millions ?

# %% [markdown] lang="en"
# ### 3.2 Counting parameters
#
# *importance ●●●●○ · difficulty ●●●○○ · 20 min*
#
# To know where the weights are is to know what a model costs before it is built. The Transformer to be
# counted: N = 6, H = 8, d_model = 512, d_k = d_v = 64, d_ff = 2048, vocabulary 29, length T = 11, batches
# of 3. Building it would take time and memory: here we only count.
#
# | piece | what it holds |
# |---|---|
# | attention | four projections, with biases |
# | feed-forward network | two layers, with biases |
# | normalisation | γ and β |
# | encoder layer | 1 attention, 1 feed-forward network, 2 normalisations |
# | decoder layer | 2 attentions, 1 feed-forward network, 3 normalisations |
# | around them | two embeddings (no bias), one output layer (with bias) |
#
# **Predict.** Before you compute: two of the numbers above enter no term at all. Which? And the total,
# roughly: 4, 40 or 400 million?

# %%
lab.predict("millions", 40)  # 4, 40 or 400?
### FR lab.predict("millions", 40)  # 4, 40 ou 400 ?

# %% exercise="counting"
def attention_parameters(num_heads, d_model, d_k, d_v):
    """Number of parameters of one `MultiHeadAttention`, biases included, worked out by hand.

    Args:
        num_heads, d_model, d_k, d_v: as for `EncoderLayer`.

    Returns:
        int.
    """
    ### FR """Nombre de paramètres d'une `MultiHeadAttention`, biais compris, calculé à la main.
    ### FR
    ### FR Arguments :
    ### FR     num_heads, d_model, d_k, d_v: comme dans `EncoderLayer`.
    ### FR
    ### FR Renvoie :
    ### FR     int.
    ### FR """
    ### BEGIN SOLUTION
    queries_and_keys = 2 * (d_model + 1) * num_heads * d_k
    values = (d_model + 1) * num_heads * d_v
    return queries_and_keys + values + (num_heads * d_v + 1) * d_model
    ### END SOLUTION


def transformer_parameters(num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size):
    """Number of parameters of the whole `Transformer`, worked out by hand.

    Args:
        num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size: as for `Transformer`.

    Returns:
        int.
    """
    ### FR """Nombre de paramètres du `Transformer` entier, calculé à la main.
    ### FR
    ### FR Arguments :
    ### FR     num_layers, num_heads, d_model, d_k, d_v, d_ff, vocab_size: comme dans `Transformer`.
    ### FR
    ### FR Renvoie :
    ### FR     int.
    ### FR """
    ### BEGIN SOLUTION
    attention = attention_parameters(num_heads, d_model, d_k, d_v)
    feed_forward = (d_model + 1) * d_ff + (d_ff + 1) * d_model
    norm = 2 * d_model
    encoder = attention + feed_forward + 2 * norm
    decoder = 2 * attention + feed_forward + 3 * norm
    embeddings = 2 * vocab_size * d_model
    output = (d_model + 1) * vocab_size
    return num_layers * (encoder + decoder) + embeddings + output
    ### END SOLUTION

# %%
lab.check("counting")
attention = attention_parameters(8, 512, 64, 64)
whole = transformer_parameters(6, 8, 512, 64, 64, 2048, 29)
print(f"one attention: {attention:,}, all 18: {18 * attention / whole:.0%} of {whole:,}")
### FR print(f"une attention : {attention:,}, les 18 : {18 * attention / whole:.0%} de {whole:,}")
lab.outcome(
    "millions",
    round(whole / 1e6),
    "12 layers of 3 to 4 million; neither the length T = 11 nor the batch of 3 enters",
    ### FR "12 couches de 3 à 4 millions ; ni la longueur T = 11 ni les lots de 3 n'y entrent",
    within=10,
)

# %% [markdown] lang="fr"
# <details><summary>Mon compte est trop petit d'un ou deux pour cent</summary>
# Les biais ! Une couche dense de a vers b a (a + 1) × b nombres.
# <details><summary>Un cran de plus</summary>
# Les normalisations aussi ont des paramètres : deux par coordonnée.
# <details><summary>Dernier cran</summary>
# Dans le décodeur, combien de normalisations ?
# </details></details></details>
#
# <details><summary>Mon compte est quatre fois trop grand</summary>
# Quelle est la sortie de <code>query_dense</code> ?
# <details><summary>Un cran de plus</summary>
# H·d_k unités en tout, et non H fois d_model.
# <details><summary>Dernier cran</summary>
# Ici H·d_k = 512 : les têtes se <em>partagent</em> d_model.
# </details></details></details>
#
# <details><summary>Écart de 14 848</summary>
# Que vaut 29 × 512 ?
# <details><summary>Un cran de plus</summary>
# C'est une table de plongement.
# <details><summary>Dernier cran</summary>
# Ici source et cible ont chacune la leur.
# </details></details></details>
#
# <details><summary>Écart qui dépend de T</summary>
# Les positions sont-elles apprises ?
# <details><summary>Un cran de plus</summary>
# Des sinus ne s'apprennent pas : ils ne comptent pas.
# <details><summary>Dernier cran</summary>
# Et aucune couche dense ne traverse l'axe des tokens.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My count is one or two per cent too small</summary>
# Biases! A dense layer from a to b has (a + 1) × b numbers.
# <details><summary>One step more</summary>
# Normalisations have parameters too: two per coordinate.
# <details><summary>Last step</summary>
# How many normalisations are there in the decoder?
# </details></details></details>
#
# <details><summary>My count is four times too large</summary>
# What does <code>query_dense</code> put out?
# <details><summary>One step more</summary>
# H·d_k units in all, not H times d_model.
# <details><summary>Last step</summary>
# Here H·d_k = 512: the heads <em>share</em> d_model.
# </details></details></details>
#
# <details><summary>Off by 14,848</summary>
# What is 29 × 512?
# <details><summary>One step more</summary>
# It is one embedding table.
# <details><summary>Last step</summary>
# Here source and target have one each.
# </details></details></details>
#
# <details><summary>My count depends on T</summary>
# Are the positions learned?
# <details><summary>One step more</summary>
# Sines are not learned: they do not count.
# <details><summary>Last step</summary>
# And no dense layer runs across the axis of tokens.
# </details></details></details>

# %% [markdown] lang="fr"
# **Question.** Le nombre total de paramètres du Transformer du TP :

# %% [markdown] lang="en"
# **Question.** The total number of parameters of this Transformer:

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q_total", None)
lab.answer("q_total", 44_183_069)
### END SOLUTION

# %% [markdown] lang="fr"
# ### Trois masquages des mêmes pièces
#
# *importance ●●●○○ · difficulté ●○○○○ · 5 min · à lire*
#
# Une fois les couches écrites, les grandes familles ne diffèrent que par *qui voit qui*.
#
# - **GPT** : une pile de couches à masque causal. Chaque token ne voit que son passé ; à chaque place, on
#   apprend à prédire le suivant. GPT-3 : 96 couches, d_model = 12 288, 175 milliards de paramètres.
# - **BERT** : une pile sans masque (hors remplissage). Chaque token voit la phrase entière ; on en cache
#   quelques-uns et on apprend à les deviner. Grand BERT : 24 couches, d_model = 1024, environ 340 millions.
# - **Encodeur–décodeur** : la source se voit tout entière, la cible voit toute la source et son propre
#   passé. C'est le vôtre.
#
# **Pronostic.** Pour 7 tokens de source et 5 de cible, combien de cases foncées dans l'image de droite ?

# %% [markdown] lang="en"
# ### Three maskings of the same parts
#
# *importance ●●●○○ · difficulty ●○○○○ · 5 min · to read*
#
# Once the layers are written, the great families differ only in *who sees whom*.
#
# - **GPT**: a stack of layers with a causal mask. Each token sees its past alone; at every place it learns
#   to predict the next one. GPT-3: 96 layers, d_model = 12,288, 175 billion parameters.
# - **BERT**: a stack without a mask (padding apart). Each token sees the whole sentence; some are hidden,
#   and it learns to guess them. Large BERT: 24 layers, d_model = 1024, about 340 million.
# - **Encoder–decoder**: the source sees all of itself, the target sees all of the source and its own past.
#   This is yours.
#
# **Predict.** With 7 source tokens and 5 target tokens, how many dark cells are there in the picture on
# the right?

# %%
lab.predict("dark_cells", 99)

# %% role="show"
both = np.ones((12, 12), dtype=bool)
both[:7, 7:] = False  # the source does not see the target
### FR both[:7, 7:] = False  # la source ne voit pas la cible
both[7:, 7:] = causal_mask(5)
show_maps([causal_mask(12), np.ones((12, 12)), both], ["GPT", "BERT", "encoder | decoder"])
### FR show_maps([causal_mask(12), np.ones((12, 12)), both], ["GPT", "BERT", "encodeur | décodeur"])
lab.outcome(
    "dark_cells",
    int(both.sum()),
    "7 × 7 in the encoder, 5 × 7 across, 5 × 6 / 2 in the decoder",
    ### FR "7 × 7 dans l'encodeur, 5 × 7 entre les deux, 5 × 6 / 2 dans le décodeur",
)

# %% [markdown] lang="fr"
# À droite, quatre blocs : en haut à gauche l'auto-attention de l'encodeur (7 × 7), en bas à gauche
# l'attention croisée (5 × 7), en bas à droite l'auto-attention masquée du décodeur (15 cases), en haut à
# droite rien.

# %% [markdown] lang="en"
# Four blocks on the right: top left the encoder's self-attention (7 × 7), bottom left the cross-attention
# (5 × 7), bottom right the decoder's masked self-attention (15 cells), top right nothing.

# %%
lab.progress()

# %% [markdown] lang="fr"
# ## 4 · Écrire une suite
#
# Un modèle rend des probabilités, pas un texte. La façon de choisir est un algorithme à part, qu'on peut
# essayer sur un modèle minuscule. Le voici : quatre tokens, `^` (début), `a`, `b`, `$` (fin), et les
# probabilités du suivant, qui ne dépendent que du dernier token.
#
# | après | `a` | `b` | `$` |
# |---|---|---|---|
# | `^` | **0,6** | 0,4 | 0 |
# | `a` | 0,32 | 0,33 | **0,35** |
# | `b` | 0,05 | 0,05 | **0,9** |

# %% [markdown] lang="en"
# ## 4 · Writing a sequence
#
# A model returns probabilities, not a text. How to choose is an algorithm of its own, and can be tried on
# a tiny model. Here it is: four tokens, `^` (start), `a`, `b`, `$` (end), and the probabilities of what
# comes next, which depend on the last token only.
#
# | after | `a` | `b` | `$` |
# |---|---|---|---|
# | `^` | **0.6** | 0.4 | 0 |
# | `a` | 0.32 | 0.33 | **0.35** |
# | `b` | 0.05 | 0.05 | **0.9** |

# %%
TINY = np.array([[0, 0.6, 0.4, 0], [0, 0.32, 0.33, 0.35], [0, 0.05, 0.05, 0.9], [0, 0, 0, 1]])


def tiny_model(tokens):
    """Logits (4,) of the token after `tokens`, a list of ints."""
    ### FR """Logits (4,) du token qui suit `tokens`, une liste d'entiers."""
    return np.log(TINY[tokens[-1]] + 1e-9)


def show_sequence(tokens):
    """Write a sequence of the tiny model and its probability, which is returned."""
    ### FR """Écrire une suite du petit modèle et sa probabilité, qui est rendue."""
    p = float(np.prod([TINY[a, b] for a, b in zip(tokens, tokens[1:])]))
    print("".join("^ab$"[t] for t in tokens), round(p, 3))
    return p

# %% [markdown] lang="fr"
# ### 4.1 Décodage glouton
#
# *importance ●●●●○ · difficulté ●○○○○ · 10 min*
#
# À chaque pas, le token le plus probable. Simple, rapide, et c'est ce qui suffira pour renverser des mots.
#
# | | |
# |---|---|
# | `next_logits(tokens)` | reçoit **tous** les tokens écrits, rend (vocab_size,) |
# | résultat | liste d'entiers, `start` compris, `end` compris s'il est venu |
# | `max_length` | longueur maximale du résultat, `start` et `end` compris |
#
# **Pronostic.** Quelle suite le glouton écrit-il avec la table, et avec quelle probabilité ?

# %% [markdown] lang="en"
# ### 4.1 Greedy decoding
#
# *importance ●●●●○ · difficulty ●○○○○ · 10 min*
#
# At each step, the most probable token. Simple, fast, and all it takes to reverse words.
#
# | | |
# |---|---|
# | `next_logits(tokens)` | gets **all** tokens so far, returns (vocab_size,) |
# | result | list of ints, `start` included, `end` included if it came |
# | `max_length` | longest result, `start` and `end` included |
#
# **Predict.** Which sequence does greedy decoding write with the table, and with what probability?

# %%
lab.predict("greedy", 0.21)  # its probability
### FR lab.predict("greedy", 0.21)  # sa probabilité

# %% exercise="greedy"
def greedy_decode(next_logits, start, end, max_length):
    """Write a sequence, each time with the most probable next token.

    Args:
        next_logits: function, list of the tokens so far → array (vocab_size,) of logits.
        start: first token.
        end: token that ends the sequence.
        max_length: most tokens in the result, `start` and `end` included.

    Returns:
        List of ints that begins with `start`; ends with `end` if that came in time.
    """
    ### FR """Écrire une suite, à chaque fois avec le token suivant le plus probable.
    ### FR
    ### FR Arguments :
    ### FR     next_logits: fonction, liste des tokens écrits → tableau (vocab_size,) de logits.
    ### FR     start: premier token.
    ### FR     end: token qui termine la suite.
    ### FR     max_length: nombre maximal de tokens du résultat, `start` et `end` compris.
    ### FR
    ### FR Renvoie :
    ### FR     Liste d'entiers qui commence par `start` ; finit par `end` s'il est venu à temps.
    ### FR """
    ### BEGIN SOLUTION
    tokens = [start]
    while len(tokens) < max_length and tokens[-1] != end:
        tokens.append(int(np.argmax(next_logits(tokens))))
    return tokens
    ### END SOLUTION

# %%
lab.check("greedy")
lab.outcome(
    "greedy",
    show_sequence(greedy_decode(tiny_model, 0, 3, 8)),
    "^ then a (0.6), then $ (0.35)",
    ### FR "^ puis a (0,6), puis $ (0,35)",
)

# %% [markdown] lang="fr"
# <details><summary>Ma suite a un token de trop, ou de moins</summary>
# Comptez-vous <code>start</code> ?
# <details><summary>Un cran de plus</summary>
# max_length borne le résultat entier, <code>start</code> et <code>end</code> compris.
# <details><summary>Dernier cran</summary>
# Pour max_length = 1, le résultat est <code>[start]</code>.
# </details></details></details>
#
# <details><summary>La boucle ne s'arrête jamais, ou continue après la fin</summary>
# Deux raisons d'arrêter.
# <details><summary>Un cran de plus</summary>
# La longueur, et le dernier token écrit.
# <details><summary>Dernier cran</summary>
# <code>end</code> s'ajoute à la suite, puis plus rien.
# </details></details></details>
#
# <details><summary>Juste sur un modèle, faux sur un autre</summary>
# Que donnez-vous à <code>next_logits</code> ?
# <details><summary>Un cran de plus</summary>
# Un modèle peut dépendre de tout le passé.
# <details><summary>Dernier cran</summary>
# La liste entière, pas le dernier token.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My sequence is one token too long, or too short</summary>
# Do you count <code>start</code>?
# <details><summary>One step more</summary>
# max_length bounds the whole result, <code>start</code> and <code>end</code> included.
# <details><summary>Last step</summary>
# With max_length = 1, the result is <code>[start]</code>.
# </details></details></details>
#
# <details><summary>The loop never stops, or goes on after the end</summary>
# There are two reasons to stop.
# <details><summary>One step more</summary>
# The length, and the last token written.
# <details><summary>Last step</summary>
# <code>end</code> joins the sequence, then nothing more.
# </details></details></details>
#
# <details><summary>Right on one model, wrong on another</summary>
# What do you give to <code>next_logits</code>?
# <details><summary>One step more</summary>
# A model may depend on the whole past.
# <details><summary>Last step</summary>
# The whole list, not the last token.
# </details></details></details>

# %% [markdown] lang="fr"
# ### 4.2 Tirage top-k
#
# *importance ●●●○○ · difficulté ●●○○○ · 10 min*
#
# Pour un texte moins monotone, on tire au sort. Mais la queue de la distribution, des milliers de tokens
# improbables, finit toujours par sortir une absurdité : on la coupe. Les k meilleures probabilités sont
# ramenées à une somme de 1.
#
# | | forme |
# |---|---|
# | `logits` | (vocab_size,), d'un décalage quelconque |
# | résultat | un entier |
#
# **Pronostic.** Après `a`, avec k = 2 : quelles probabilités ont `a`, `b` et `$` ?

# %% [markdown] lang="en"
# ### 4.2 Top-k sampling
#
# *importance ●●●○○ · difficulty ●●○○○ · 10 min*
#
# For a less monotonous text, draw at random. But the tail of the distribution, thousands of improbable
# tokens, will sooner or later bring up nonsense: so it is cut off. The k best probabilities are made to
# sum to 1 again.
#
# | | shape |
# |---|---|
# | `logits` | (vocab_size,), with any offset |
# | result | one int |
#
# **Predict.** After `a`, with k = 2: what are the probabilities of `a`, `b` and `$`?

# %%
lab.predict("top_2", [0, 0.485, 0.515])  # a, b, $

# %% exercise="top_k"
def top_k_sample(logits, k, rng):
    """Draw a token among the k most probable, by their probabilities made to sum to 1 again.

    Args:
        logits: float (vocab_size,).
        k: int, 1 to vocab_size.
        rng: a numpy.random.Generator, the only source of chance.

    Returns:
        int, the token.
    """
    ### FR """Tirer un token parmi les k plus probables, selon leurs probabilités ramenées à une somme de 1.
    ### FR
    ### FR Arguments :
    ### FR     logits: float (vocab_size,).
    ### FR     k: int, de 1 à vocab_size.
    ### FR     rng: un numpy.random.Generator, seule source de hasard.
    ### FR
    ### FR Renvoie :
    ### FR     int, le token.
    ### FR """
    ### BEGIN SOLUTION
    logits = np.asarray(logits, dtype="float64")
    best = np.argsort(logits)[-k:]
    p = np.exp(logits[best] - logits[best].max())
    return int(rng.choice(best, p=p / p.sum()))
    ### END SOLUTION

# %% role="show"
lab.check("top_k")
rng = np.random.default_rng(4)
draws = [top_k_sample(tiny_model([1]), 2, rng) for _ in range(400)]
shares = np.bincount(draws, minlength=4) / 400
print("a {:.2f}   b {:.2f}   $ {:.2f}".format(*shares[1:]))
lab.outcome(
    "top_2",
    shares[1:],
    "0.33 and 0.35 divided by their sum, 0.68; a is cut off",
    ### FR "0,33 et 0,35 divisés par leur somme, 0,68 ; a est coupé",
    within=0.08,
)

# %% [markdown] lang="fr"
# <details><summary>« probabilities do not sum to 1 »</summary>
# Que vaut la somme des k probabilités gardées ?
# <details><summary>Un cran de plus</summary>
# Moins de 1 : divisez par leur somme.
# <details><summary>Dernier cran</summary>
# Ou bien appliquez le softmax aux k logits gardés seulement.
# </details></details></details>
#
# <details><summary>Toujours le même token</summary>
# Où est le hasard ?
# <details><summary>Un cran de plus</summary>
# <code>rng</code>, l'argument, est la seule source permise.
# <details><summary>Dernier cran</summary>
# <code>rng.choice</code> accepte des probabilités <code>p</code>.
# </details></details></details>
#
# <details><summary>Des tokens inattendus sortent</summary>
# <code>argsort</code> range du plus petit au plus grand.
# <details><summary>Un cran de plus</summary>
# Les k <em>derniers</em> indices sont les meilleurs.
# <details><summary>Dernier cran</summary>
# Et le tirage doit rendre l'indice du token, pas son rang parmi les k.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>"probabilities do not sum to 1"</summary>
# What do the k probabilities that you keep sum to?
# <details><summary>One step more</summary>
# Less than 1: divide by their sum.
# <details><summary>Last step</summary>
# Or take the softmax of the k kept logits alone.
# </details></details></details>
#
# <details><summary>Always the same token</summary>
# Where does chance come in?
# <details><summary>One step more</summary>
# <code>rng</code>, the argument, is the only source allowed.
# <details><summary>Last step</summary>
# <code>rng.choice</code> takes probabilities <code>p</code>.
# </details></details></details>
#
# <details><summary>Unexpected tokens come out</summary>
# <code>argsort</code> goes from smallest to largest.
# <details><summary>One step more</summary>
# The <em>last</em> k indices are the best.
# <details><summary>Last step</summary>
# And the draw must return the token's index, not its rank among the k.
# </details></details></details>

# %% [markdown] lang="fr"
# ### 4.3 Recherche en faisceau
#
# *importance ●●●○○ · difficulté ●●●●○ · 15 min*
#
# Le glouton ne revient jamais sur un choix. Le faisceau garde à chaque pas les `beam_width` débuts les
# plus probables. Les probabilités se multiplient : on somme donc leurs logarithmes, des
# **log-probabilités**, pas des logits.
#
# | | du début `^a` (0,6) | du début `^b` (0,4) |
# |---|---|---|
# | pas 2 : garder les 2 meilleures | `^aa` ? `^ab` ? `^a$` ? | `^ba` ? `^bb` ? `^b$` ? |
#
# **Pronostic.** Complétez le pas 2 à la main. Quelle suite gagne avec un faisceau de 2, et combien de fois
# plus probable est-elle que celle du glouton ?

# %% [markdown] lang="en"
# ### 4.3 Beam search
#
# *importance ●●●○○ · difficulty ●●●●○ · 15 min*
#
# Greedy decoding never goes back on a choice. A beam keeps the `beam_width` most probable beginnings at
# each step. Probabilities multiply, so their logarithms add up: **log-probabilities**, not logits.
#
# | | from `^a` (0.6) | from `^b` (0.4) |
# |---|---|---|
# | step 2: keep the best 2 | `^aa`? `^ab`? `^a$`? | `^ba`? `^bb`? `^b$`? |
#
# **Predict.** Fill in step 2 by hand. Which sequence wins with a beam of 2, and how many times more
# probable is it than the greedy one?

# %%
lab.predict("beam_ratio", 1.714)  # times as probable
### FR lab.predict("beam_ratio", 1.714)  # fois plus probable

# %% exercise="beam"
def beam_search(next_logits, start, end, max_length, beam_width):
    """Write the most probable sequence that a beam of `beam_width` hypotheses finds.

    At each step every hypothesis that has not ended is continued by every token; of these and the
    ended ones, the `beam_width` of highest log-probability (the sum over their tokens; no
    correction for length) are kept.

    Args:
        next_logits, start, end, max_length: as for `greedy_decode`.
        beam_width: int ≥ 1; with 1, the result is `greedy_decode`'s.

    Returns:
        The best hypothesis, a list of ints that begins with `start`.
    """
    ### FR """Écrire la suite la plus probable que trouve un faisceau de `beam_width` hypothèses.
    ### FR
    ### FR À chaque pas, toute hypothèse inachevée est prolongée par chaque token ; de celles-ci et des
    ### FR hypothèses achevées, on garde les `beam_width` de plus haute log-probabilité (la somme sur leurs
    ### FR tokens, sans correction de longueur).
    ### FR
    ### FR Arguments :
    ### FR     next_logits, start, end, max_length: comme dans `greedy_decode`.
    ### FR     beam_width: int ≥ 1 ; avec 1, le résultat est celui de `greedy_decode`.
    ### FR
    ### FR Renvoie :
    ### FR     La meilleure hypothèse, une liste d'entiers qui commence par `start`.
    ### FR """
    ### BEGIN SOLUTION
    beam = [(0.0, [start])]
    for _ in range(max_length - 1):
        candidates = []
        for score, tokens in beam:
            if tokens[-1] == end:
                candidates.append((score, tokens))
                continue
            logits = np.asarray(next_logits(tokens), dtype="float64")
            log_p = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
            candidates += [(score + log_p[token], [*tokens, token]) for token in range(len(log_p))]
        beam = sorted(candidates, key=lambda c: -c[0])[:beam_width]
    return beam[0][1]
    ### END SOLUTION

# %%
lab.check("beam")
one, two = (show_sequence(beam_search(tiny_model, 0, 3, 8, width)) for width in (1, 2))
lab.outcome(
    "beam_ratio",
    two / one,
    "^b$ has 0.4 × 0.9 = 0.36, ^a$ has 0.6 × 0.35 = 0.21",
    ### FR "^b$ a 0,4 × 0,9 = 0,36, ^a$ a 0,6 × 0,35 = 0,21",
)
lab.progress()

# %% [markdown] lang="fr"
# <details><summary>Mon faisceau écrit la même chose que le glouton</summary>
# Combien d'hypothèses restent après le premier pas ?
# <details><summary>Un cran de plus</summary>
# Toutes les suites de toutes les hypothèses concourent <em>ensemble</em>.
# <details><summary>Dernier cran</summary>
# Réunissez les candidates en une seule liste avant de trier.
# </details></details></details>
#
# <details><summary>Les meilleures suites disparaissent, ou s'allongent après la fin</summary>
# Que devient une hypothèse qui a écrit <code>end</code> ?
# <details><summary>Un cran de plus</summary>
# Elle n'est plus prolongée mais reste en lice, avec son score.
# <details><summary>Dernier cran</summary>
# Elle est sa propre et unique candidate au pas suivant.
# </details></details></details>
#
# <details><summary>Les scores n'ont pas de sens</summary>
# Vos scores sont-ils des logarithmes de probabilités ?
# <details><summary>Un cran de plus</summary>
# Chaque ligne de logits a son propre décalage : il faut en retirer le log-sum-exp.
# <details><summary>Dernier cran</summary>
# Un score de log-probabilité n'est jamais positif.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My beam writes what greedy decoding writes</summary>
# How many hypotheses are left after the first step?
# <details><summary>One step more</summary>
# All continuations of all hypotheses compete <em>together</em>.
# <details><summary>Last step</summary>
# Gather the candidates in one list before you sort.
# </details></details></details>
#
# <details><summary>The best sequences vanish, or grow after their end</summary>
# What becomes of a hypothesis that has written <code>end</code>?
# <details><summary>One step more</summary>
# It is not continued, but stays in the race with its score.
# <details><summary>Last step</summary>
# It is its own and only candidate at the next step.
# </details></details></details>
#
# <details><summary>The scores make no sense</summary>
# Are your scores logarithms of probabilities?
# <details><summary>One step more</summary>
# Each row of logits has an offset of its own: subtract its log-sum-exp.
# <details><summary>Last step</summary>
# A log-probability is never positive.
# </details></details></details>

# %% [markdown] lang="fr"
# ## 5 · Apprendre à renverser
#
# ### 5.1 Apprentissage guidé (teacher forcing)
#
# *importance ●●●●○ · difficulté ●○○○○ · 5 min*
#
# Pendant l'apprentissage, le décodeur ne lit pas ce qu'il a écrit mais la bonne réponse, décalée d'un
# cran : à la place t il lit le token t et doit dire le token t + 1. Toutes les places apprennent ainsi en
# un seul passage.
#
# | | forme | exemple |
# |---|---|---|
# | `target` | (B, L) | `^ t a h c $ · ·` |
# | `inputs` | (B, L−1) | ce qui est lu |
# | `labels` | (B, L−1) | ce qui est à dire |
#
# **Pronostic.** Écrivez `inputs` et `labels` pour la ligne de l'exemple. Quelle étiquette fait face au
# `^` ?

# %% [markdown] lang="en"
# ## 5 · Learning to reverse
#
# ### 5.1 Teacher forcing
#
# *importance ●●●●○ · difficulty ●○○○○ · 5 min*
#
# In training the decoder does not read what it wrote but the right answer, one place late: at place t it
# reads token t and must say token t + 1. So all places learn in a single pass.
#
# | | shape | example |
# |---|---|---|
# | `target` | (B, L) | `^ t a h c $ · ·` |
# | `inputs` | (B, L−1) | what is read |
# | `labels` | (B, L−1) | what is to be said |
#
# **Predict.** Write `inputs` and `labels` for the row in the example. Which label stands opposite `^`?

# %%
lab.predict("opposite_start", "t")

# %% exercise="shift"
def teacher_forcing(target):
    """What the decoder reads, and what it must say, from complete targets.

    Args:
        target: int (B, L), rows <start> … <end> then padding.

    Returns:
        (inputs, labels): int (B, L-1) each; at every position the label is the next token.
    """
    ### FR """Ce que lit le décodeur, et ce qu'il doit dire, à partir des cibles complètes.
    ### FR
    ### FR Arguments :
    ### FR     target: int (B, L), lignes <start> … <end> puis du remplissage.
    ### FR
    ### FR Renvoie :
    ### FR     (inputs, labels) : int (B, L-1) chacun ; à chaque place, l'étiquette est le token suivant.
    ### FR """
    ### BEGIN SOLUTION
    return target[:, :-1], target[:, 1:]
    ### END SOLUTION

# %%
lab.check("shift")


def spell(tokens):
    """Write token ids as text: ^ start, $ end, · padding."""
    ### FR """Écrire des numéros de tokens en texte : ^ début, $ fin, · remplissage."""
    special = {PAD: "·", START: "^", END: "$"}
    return "".join(special.get(int(t)) or chr(96 + t) for t in tokens)


inputs, labels = teacher_forcing(np.array([[START, 20, 1, 8, 3, END, PAD, PAD]]))
print(spell(inputs[0]), spell(labels[0]), sep="\n")
lab.outcome(
    "opposite_start",
    spell(labels[0])[0],
    "at each place the label is the token that comes next",
    ### FR "à chaque place, l'étiquette est le token qui vient ensuite",
)

# %% [markdown] lang="fr"
# <details><summary>Le modèle apprend parfaitement, puis n'écrit que des sottises</summary>
# L'étiquette est-elle le token <em>suivant</em>, ou celui qui est lu ?
# <details><summary>Un cran de plus</summary>
# Recopier son entrée s'apprend en un instant et ne sert à rien.
# <details><summary>Dernier cran</summary>
# Deux tranches de <code>target</code> : l'une perd sa fin, l'autre son début.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>The model learns perfectly, then writes nonsense</summary>
# Is the label the <em>next</em> token, or the one being read?
# <details><summary>One step more</summary>
# Copying one's input is learned in no time and of no use.
# <details><summary>Last step</summary>
# Two slices of <code>target</code>: one loses its end, the other its beginning.
# </details></details></details>

# %% [markdown] lang="fr"
# ## 6 · Bonus : positions relatives
#
# *importance ●○○○○ · difficulté ●●●○○ · 15 min · pour qui est en avance ; rien de ce qui suit n'en dépend : on peut passer
# directement aux données*
#
# Plutôt que d'ajouter à chaque token sa place, on peut dire à l'attention *l'écart* entre deux places : un
# nombre appris par écart s'ajoute au score (Shaw et al., 2018, ici en version scalaire).
#
# $$\text{score}_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}} + \text{offsets}_{T - 1 + (j - i)}$$
#
# | | forme | |
# |---|---|---|
# | `q`, `k`, `v` | (…, T, d_k), (…, T, d_k), (…, T, d_v) | |
# | `offsets` | (2T − 1,) | du plus loin à gauche au plus loin à droite |
#
# **Pronostic.** Pour T = 4, quel élément d'`offsets` un token utilise-t-il pour se regarder lui-même ?

# %% [markdown] lang="en"
# ## 6 · Bonus: relative positions
#
# *importance ●○○○○ · difficulty ●●●○○ · 15 min · for those ahead of time; nothing below needs it: you may go straight to the
# data*
#
# Instead of adding its place to each token, attention can be told the *offset* between two places: one
# learned number per offset is added to the score (Shaw et al., 2018, here in a scalar version).
#
# $$\text{score}_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}} + \text{offsets}_{T - 1 + (j - i)}$$
#
# | | shape | |
# |---|---|---|
# | `q`, `k`, `v` | (…, T, d_k), (…, T, d_k), (…, T, d_v) | |
# | `offsets` | (2T − 1,) | from furthest left to furthest right |
#
# **Predict.** With T = 4, which element of `offsets` does a token use to look at itself?

# %%
lab.predict("self_offset", 3)

# %% exercise="relative"
def relative_attention(q, k, v, offsets, mask=None):
    """Attention with learned relative positions (Shaw et al., 2018, in its scalar form).

    A number per offset j - i is added to the scaled score of query i and key j.

    Args:
        q, k, v, mask: as for `scaled_dot_product_attention`, with S = T.
        offsets: float (2T-1,); element T-1+m belongs to the offset j - i = m.

    Returns:
        (output, weights), as for `scaled_dot_product_attention`.
    """
    ### FR """Attention à positions relatives apprises (Shaw et al., 2018, dans sa forme scalaire).
    ### FR
    ### FR Un nombre par écart j - i s'ajoute au score divisé de la requête i et de la clé j.
    ### FR
    ### FR Arguments :
    ### FR     q, k, v, mask: comme dans `scaled_dot_product_attention`, avec S = T.
    ### FR     offsets: float (2T-1,) ; l'élément T-1+m appartient à l'écart j - i = m.
    ### FR
    ### FR Renvoie :
    ### FR     (output, weights), comme dans `scaled_dot_product_attention`.
    ### FR """
    ### BEGIN SOLUTION
    length = q.shape[-2]
    offset = np.arange(length)[None, :] - np.arange(length)[:, None]
    scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
    scores = scores + ops.take(offsets, offset + length - 1)
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    weights = ops.softmax(scores, axis=-1)
    return ops.matmul(weights, v), weights
    ### END SOLUTION

# %% role="show"
lab.check("relative")
back_two = np.where(np.arange(-8, 9) == -2, 8.0, 0.0).astype("float32")
_, weights = relative_attention(np.zeros((9, 4), "float32"), np.zeros((9, 4), "float32"), keys, back_two)
show_maps([weights], ["offsets[j − i = −2] = 8"])
lab.outcome(
    "self_offset",
    4 - 1,
    "j − i = 0, so element T − 1",
    ### FR "j − i = 0, donc l'élément T − 1",
)

# %% [markdown] lang="fr"
# <details><summary>Ma bande est du mauvais côté de la diagonale</summary>
# Le décalage est j − i : où l'on regarde, moins d'où l'on regarde.
# <details><summary>Un cran de plus</summary>
# Regarder en arrière, c'est un décalage négatif.
# <details><summary>Dernier cran</summary>
# Les lignes sont les i, les colonnes les j.
# </details></details></details>
#
# <details><summary>Un facteur √d_k de trop</summary>
# Quand ajoutez-vous les nombres appris ?
# <details><summary>Un cran de plus</summary>
# Après la division.
# <details><summary>Dernier cran</summary>
# Avant le masque.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>My band is on the wrong side of the diagonal</summary>
# The offset is j − i: where one looks, minus where one looks from.
# <details><summary>One step more</summary>
# Looking back is a negative offset.
# <details><summary>Last step</summary>
# Rows are i, columns are j.
# </details></details></details>
#
# <details><summary>A factor √d_k too many</summary>
# When do you add the learned numbers?
# <details><summary>One step more</summary>
# After the division.
# <details><summary>Last step</summary>
# Before the mask.
# </details></details></details>

# %% [markdown] lang="fr"
# ### Les données : des mots au hasard
#
# Des mots de 3 à 9 lettres tirées au sort : il n'y a rien à apprendre par cœur, il *faut* regarder. Un mot
# dont les lettres (a = 1 … z = 26) ont pour somme un multiple de 5 est réservé au test ; aucun n'est vu
# pendant l'apprentissage.

# %% [markdown] lang="en"
# ### The data: random words
#
# Words of 3 to 9 random letters: there is nothing to learn by heart, one *has to* look. A word whose
# letters (a = 1 … z = 26) add up to a multiple of 5 is kept for the test; none of these is seen in
# training.

# %% role="setup"
def make_words(count, rng, held_out=False):
    """Draw random words of 3 to 9 letters as tokens, and what the decoder must write.

    A word belongs to the held-out part if its letters (1 to 26) add up to a multiple of 5.

    Args:
        count: number of words.
        rng: numpy.random.Generator.
        held_out: words for the test instead of words to learn from.

    Returns:
        (source, target): int32 (count, 11) each: <start> word <end> and <start> reversed word <end>.
    """
    ### FR """Tirer au hasard des mots de 3 à 9 lettres, en tokens, et ce que le décodeur doit écrire.
    ### FR
    ### FR Un mot appartient à la part réservée si la somme de ses lettres (1 à 26) est un multiple de 5.
    ### FR
    ### FR Arguments :
    ### FR     count: nombre de mots.
    ### FR     rng: numpy.random.Generator.
    ### FR     held_out: des mots pour le test plutôt que pour l'apprentissage.
    ### FR
    ### FR Renvoie :
    ### FR     (source, target) : int32 (count, 11) chacun, <start> mot <end> et <start> mot renversé <end>.
    ### FR """
    longest = LENGTH - 2
    place = np.arange(longest)
    length = rng.integers(3, longest + 1, (8 * count + 99, 1))  # more than needed, to choose from
    ### FR length = rng.integers(3, longest + 1, (8 * count + 99, 1))  # plus qu'il n'en faut, pour choisir
    letters = np.where(place < length, rng.integers(1, 27, (len(length), longest)), PAD)
    chosen = np.flatnonzero((letters.sum(axis=1) % 5 == 0) == held_out)[:count]
    length, letters = length[chosen], letters[chosen]
    mirrored = np.take_along_axis(letters, np.maximum(length - 1 - place, 0), axis=1)
    both = []
    for word in (letters, np.where(place < length, mirrored, PAD)):
        rows = np.full((count, LENGTH), PAD, dtype="int32")
        rows[:, 0] = START
        rows[:, 1:-1] = word
        np.put_along_axis(rows, length + 1, END, axis=1)
        both.append(rows)
    return tuple(both)


def decode_words(model, source):
    """Greedy decoding of a whole batch: int (n, 11) → int (n, 11), padded after <end>."""
    ### FR """Décodage glouton de tout un lot : int (n, 11) → int (n, 11), complété après <end>."""
    tokens = np.full((len(source), LENGTH), PAD, dtype="int32")
    tokens[:, 0] = START
    ended = np.zeros(len(source), dtype=bool)
    for t in range(1, LENGTH):
        logits = model((source, tokens[:, :-1]))  # what is not written yet is hidden by causality
        ### FR logits = model((source, tokens[:, :-1]))  # ce qui n'est pas encore écrit est caché par causalité
        best = np.argmax(np.asarray(logits)[:, t - 1], axis=-1)
        tokens[:, t] = np.where(ended, PAD, best)
        ended |= tokens[:, t] == END
    return tokens

# %% role="show"
source, target = make_words(6400, np.random.default_rng(1))
test_source, test_target = make_words(500, np.random.default_rng(2), held_out=True)

# %% role="show"
for i in range(3):
    print(spell(source[i]), "→", spell(target[i]))

# %% [markdown] lang="fr"
# ### 5.2 Entraînement
#
# *importance ●●●●○ · difficulté ●○○○○ · 10 min*
#
# La cellule est donnée : une couche par côté, 4 têtes, d_model = 64. `lab.record` garde la courbe et les
# poids, et la correction ne réentraîne rien. **Après un redémarrage** : relancez les cellules du haut
# jusqu'à la prochaine, `settings = …`, puis au lieu d'entraîner : `model = Transformer(**settings)` et
# `lab.restore("reverser", model)`. `lab.progress()` retrouve vos points et vos réponses.
#
# | | à attendre sur un processeur, deux cœurs |
# |---|---|
# | durée | 8 à 25 s (un GPU n'est pas nécessaire) |
# | perte après chaque époque | environ 2,1 ; 0,12 ; 0,006 |
# | mots jamais vus, écrits sans faute | plus de 98 % |
#
# **Pronostics.** (a) Combien de paramètres ? Votre `transformer_parameters` le sait. (b) Combien de pas :
# 6 400 mots, lots de 64, 3 époques ? (c) Le pur hasard coûte $\ln 29$. Combien de nats coûte un réseau
# tout neuf, aux poids tirés au sort : moins, autant ou plus ?

# %% [markdown] lang="en"
# ### 5.2 Training
#
# *importance ●●●●○ · difficulty ●○○○○ · 10 min*
#
# The cell is given: one layer per side, 4 heads, d_model = 64. `lab.record` keeps the curve and the weights,
# and grading trains nothing again. **After a restart**: run the cells from the top to the next one,
# `settings = …`, then instead of training: `model = Transformer(**settings)` and
# `lab.restore("reverser", model)`. `lab.progress()` finds your points and answers again.
#
# | | to expect on a processor with two cores |
# |---|---|
# | time | 8 to 25 s (no GPU needed) |
# | loss after each epoch | about 2.1, 0.12, 0.006 |
# | words never seen, written without a fault | over 98 % |
#
# **Predict.** (a) How many parameters? Your `transformer_parameters` knows. (b) How many steps: 6,400
# words, batches of 64, 3 epochs? (c) Pure chance costs $\ln 29$. How many nats does a brand-new network
# with random weights cost: less, as many or more?

# %%
settings = dict(num_layers=1, num_heads=4, d_model=64, d_k=16, d_v=16, d_ff=256, vocab_size=29)
lab.predict("small_count", 122_333)
lab.predict("steps", 300)
lab.predict("loss_before", 4.4)

# %% role="show"
new = Transformer(**settings)
decoder_input, labels = teacher_forcing(test_target)
cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD)
lab.outcome(
    "small_count",
    transformer_parameters(**settings),
    "two layers of 4 × 64 × 64 and 2 × 64 × 256 weights and their biases, two embeddings, an output",
    ### FR "deux couches de 4 × 64 × 64 et 2 × 64 × 256 poids avec leurs biais, deux plongements, une sortie",
)
lab.outcome(
    "steps",
    3 * 6400 // 64,
    "100 batches per epoch, 3 epochs",
    ### FR "100 lots par époque, 3 époques",
)
lab.outcome(
    "loss_before",
    float(cost(labels, new((test_source, decoder_input)))),
    "it knows no more than chance (ln 29 ≈ 3.37), yet is wrong with confidence: its logits are not equal",
    ### FR "il n'en sait pas plus que le hasard (ln 29 ≈ 3,37), mais se trompe avec assurance : ses logits diffèrent",
    within=0.7,
)

# %% role="show"
SEED = 1
settings = dict(num_layers=1, num_heads=4, d_model=64, d_k=16, d_v=16, d_ff=256, vocab_size=29)
keras.utils.set_random_seed(SEED)
model = Transformer(**settings)
model.compile(
    optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, 300)),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PAD),
)
decoder_input, labels = teacher_forcing(target)
model.fit(
    (source, decoder_input),
    labels,
    batch_size=64,
    epochs=3,
    callbacks=[lab.record("reverser", **settings)],
)

# %%
lab.check("training")

# %% role="show"
loss = lab.history("reverser")["loss"]
figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
axis.semilogy(np.arange(1, len(loss) + 1), loss, "o-")
axis.set_xticks(range(1, len(loss) + 1))
axis.axhline(np.log(29), color="gray", linestyle=":")
axis.text(len(loss), np.log(29), "ln 29", ha="right", va="top")
axis.set_ylabel("loss (nats)")
### FR axis.set_ylabel("perte (nats)")
axis.set_xlabel("epoch")
### FR axis.set_xlabel("époque")
plt.show()

# %% [markdown] lang="fr"
# Chaque point est la moyenne d'une époque. Un réseau neuf part d'environ 4,4, *plus haut* que ln 29 ≈ 3,37 :
# il n'en sait pas plus que le hasard, mais se trompe avec assurance. Une moyenne cache la pente : la
# perte passe d'environ 4,4 à 0,7 pendant la première époque, à 0,01 pendant la deuxième ; la dernière, à pas
# d'apprentissage décroissant, efface les dernières fautes.

# %% [markdown] lang="en"
# Each point is the mean of an epoch. A brand-new network begins at about 4.4, *higher* than ln 29 ≈ 3.37: it
# knows no more than chance does, yet is wrong with confidence. A mean hides the slope: the loss goes from
# about 4.4 to 0.7 during the first epoch and to 0.01 during the second; the last one, at a falling learning
# rate, rubs out the last faults.

# %% [markdown] lang="fr"
# <details><summary>La perte stagne vers 2,5</summary>
# Le modèle connaît les lettres fréquentes, pas leurs places.
# <details><summary>Un cran de plus</summary>
# Vérifiez 1.3 et 3.1 : les positions arrivent-elles jusqu'aux couches ?
# <details><summary>Dernier cran</summary>
# Puis l'attention croisée : le décodeur voit-il la mémoire ?
# </details></details></details>
#
# <details><summary>La perte tombe à 0, les mots sont faux</summary>
# Le décodeur lit sa réponse.
# <details><summary>Un cran de plus</summary>
# Le masque causal arrive-t-il jusqu'à l'auto-attention du décodeur ?
# <details><summary>Dernier cran</summary>
# Et 5.1 : l'étiquette est-elle bien le token suivant ?
# </details></details></details>
#
# <details><summary>La perte est NaN</summary>
# Cela commence-t-il au premier pas ?
# <details><summary>Un cran de plus</summary>
# Une ligne entièrement masquée à −∞ donne 0/0.
# <details><summary>Dernier cran</summary>
# Cachez avec un nombre très bas, mais fini.
# </details></details></details>

# %% [markdown] lang="en"
# <details><summary>The loss stays near 2.5</summary>
# The model knows which letters are frequent, not where they are.
# <details><summary>One step more</summary>
# Check 1.3 and 3.1: do the positions reach the layers?
# <details><summary>Last step</summary>
# Then cross-attention: does the decoder see the memory?
# </details></details></details>
#
# <details><summary>The loss falls to 0, the words are wrong</summary>
# The decoder reads its answer.
# <details><summary>One step more</summary>
# Does the causal mask reach the decoder's self-attention?
# <details><summary>Last step</summary>
# And 5.1: is the label the next token?
# </details></details></details>
#
# <details><summary>The loss is NaN</summary>
# Does it begin with the very first step?
# <details><summary>One step more</summary>
# A row masked entirely with −∞ gives 0/0.
# <details><summary>Last step</summary>
# Hide with a number that is very low, yet finite.
# </details></details></details>

# %% [markdown] lang="fr"
# #### Des mots jamais vus
#
# Écrire demande un passage par token. Mais pour *noter* 60 mots, un seul suffit : le glouton écrit
# exactement la cible si, et seulement si, le décodeur qui lit la bonne réponse donne partout le bon
# token suivant. (Sur un mot manqué, les deux peuvent différer après la première faute.)

# %% [markdown] lang="en"
# #### Words never seen
#
# Writing takes one pass per token. But to *mark* 60 words a single pass will do: greedy decoding
# writes exactly the target if, and only if, the decoder that reads the right answer gives the right next
# token everywhere. (On a word that is missed, the two may differ after the first fault.)

# %% role="show"
#@title Helper: one pass of the decoder, and the attention that it pays
### FR #@title Aide : un passage du décodeur, et l'attention qu'il porte
def look_and_say(model, source, target):
    """One pass of the decoder over right answers.

    Args:
        source: int (B, S).
        target: int (B, L), <start> word <end>.

    Returns:
        (said, weights): int (B, L-1), the most probable next tokens; float (B, H, L-1, S), the
        cross-attention of the last decoder layer.
    """
    ### FR """Un passage du décodeur sur les bonnes réponses.
    ### FR
    ### FR Arguments :
    ### FR     source: int (B, S).
    ### FR     target: int (B, L), <start> mot <end>.
    ### FR
    ### FR Renvoie :
    ### FR     (said, weights) : int (B, L-1), les tokens suivants les plus probables ; float (B, H, L-1, S),
    ### FR     l'attention croisée de la dernière couche du décodeur.
    ### FR """
    layer, kept = model.decoder_layers[-1].cross_attention, []
    call = layer.call

    def call_and_keep(*args, **kwargs):
        kept.append(call(*args, **kwargs))
        return kept[-1]

    layer.call = call_and_keep
    try:
        logits = model((source, target[:, :-1]))
    finally:
        layer.call = call
    return np.argmax(np.asarray(logits), axis=-1), np.asarray(kept[-1][1])


words, answers = test_source[:60], test_target[:60]
said, weights = look_and_say(model, words, answers)
said = np.where(answers[:, 1:] == PAD, PAD, said)
for word, answer in zip(words[:6], said):
    print(f"{spell(word)} → {spell(answer)}")
print(f"words without a fault: {np.mean(np.all(said == answers[:, 1:], axis=1)):.1%}")
### FR print(f"mots sans faute : {np.mean(np.all(said == answers[:, 1:], axis=1)):.1%}")

# %% [markdown] lang="fr"
# À vous : un mot de 3 à 9 lettres, sans accent. Et un mot de deux lettres ? Le modèle n'en a jamais
# vu.

# %% [markdown] lang="en"
# Your turn: a word of 3 to 9 letters, a to z. And what about two letters? The model has never seen any
# such word.

# %% role="show"
MY_WORD = ""

if MY_WORD:
    ids = [START, *(ord(letter) - 96 for letter in MY_WORD), END]
    print(spell(decode_words(model, np.array([ids + [PAD] * (LENGTH - len(ids))]))[0]))

# %% [markdown] lang="fr"
# #### Comment il s'y prend
#
# **Pronostic.** Pour dire la première lettre du mot renversé, où le décodeur doit-il regarder dans la
# source ? Et pour la deuxième ? Dessinez la carte attendue : une ligne par lettre à dire, une colonne par
# token de la source. Pour un mot de 9 lettres, quelle colonne de la première ligne est la plus foncée (0 est
# celle de `^`) ?

# %% [markdown] lang="en"
# #### How it does it
#
# **Predict.** To say the first letter of the reversed word, where must the decoder look in the source? And
# for the second? Sketch the map you expect: one row per letter to say, one column per source token. For a
# word of 9 letters, which column of the first row is the darkest (0 is that of `^`)?

# %%
lab.predict("first_look", 9)

# %% role="show"
longest = int(np.argmax(np.sum(words != PAD, axis=1)))
heads = weights[longest]
lab.outcome(
    "first_look",
    int(np.argmax(heads.mean(axis=0)[0])),
    "the first letter of the reversed word is the last of the word",
    ### FR "la première lettre du mot renversé est la dernière du mot",
)
figure, axes = plt.subplots(1, 1 + len(heads), figsize=(9, 2.5), layout="constrained")
titles = ["mean of the heads", *(f"head {h}" for h in range(len(heads)))]
### FR titles = ["moyenne des têtes", *(f"tête {h}" for h in range(len(heads)))]
for axis, head, title in zip(axes, [heads.mean(axis=0), *heads], titles):
    axis.imshow(head, cmap="Blues", vmin=0)
    axis.set_title(title)
    axis.set_xticks(range(LENGTH), spell(words[longest]))
    axis.set_yticks(range(LENGTH - 1), spell(answers[longest, 1:]))
axes[0].set_xlabel("source: what is looked at")
### FR axes[0].set_xlabel("source : ce qui est regardé")
axes[0].set_ylabel("what is said")
### FR axes[0].set_ylabel("ce qui est dit")
plt.show()

# %% [markdown] lang="fr"
# À gauche la moyenne des têtes, puis chacune. Personne n'a dit au décodeur où regarder : il a pris le chemin le
# plus court vers une perte nulle, que seules les positions rendent praticable. Cherchez ce chemin, et aussi les
# ratés : les dernières lettres dites, la ligne de `$`, une tête qui fait autre chose. (Si l'entraînement s'est
# arrêté trop tôt, la carte est floue : relancez-le.)

# %% [markdown] lang="en"
# The mean of the heads is on the left, then each of them. Nobody told the decoder where to look: it took the
# shortest way to a loss of zero, which only the positions make passable. Look for that way, and for the
# blemishes: the last letters said, the row of `$`, a head that does something else. (If training stopped too
# early, the map is a blur: train again.)

# %% question="map"
"From the last letter it steps back by one a row: an anti-diagonal. Near the end it spreads over neighbours. Several heads and self-attention add up, so the letter is right; a map shows where information may come from, no more."
### FR "Elle part de la dernière lettre et recule d'une place par ligne : une antidiagonale. Vers la fin elle s'étale sur les voisines. Plusieurs têtes et l'auto-attention se complètent, la lettre est donc juste ; une carte montre d'où l'information peut venir, sans plus."

# %% [markdown] lang="fr"
# **À garder** : votre Transformer lit huit mots qu'il n'a jamais vus et dit chacun à l'envers. Une colonne par
# lettre lue, une ligne par lettre dite.

# %% [markdown] lang="en"
# **To keep**: your Transformer reads eight words that it has never seen and says each backwards. One column
# per letter read, one row per letter said.

# %% role="show"
#@title The picture to keep
### FR #@title L'image à garder
figure, axes = plt.subplots(2, 4, figsize=(10, 5.6), layout="constrained")
figure.suptitle("What my Transformer looks at while it reverses words")
### FR figure.suptitle("Ce que regarde mon Transformer quand il renverse des mots")
for axis, word, answer, map_ in zip(axes.flat, words[6:], said[6:], weights[6:].mean(axis=1)):
    read, told = spell(word).strip("·"), spell(answer).strip("·")
    axis.imshow(map_[: len(told), : len(read)], cmap="Blues", vmin=0)
    axis.set_title(f"{read[1:-1]} → {told.rstrip('$')}")
    axis.set_xticks(range(len(read)), read)
    axis.set_yticks(range(len(told)), told)
plt.show()

# %%
lab.progress()

# %% [markdown] lang="fr"
# ## Q · Questions
#
# *20 min, sans ordinateur de préférence : ce sont des questions d'examen*
#
# Remplacez chaque `None`. Les réponses en lettres et en mots s'écrivent entre guillemets ; majuscules et
# accents n'importent pas.
#
# **Question 6.** Une couche d'attention reçoit des tokens de taille 5. Elle a deux têtes, où requêtes, clés
# et valeurs sont de taille 2, et une projection finale qui rend des tokens de taille 2. Partout des biais.
# Combien de paramètres a-t-elle ?

# %% [markdown] lang="en"
# ## Q · Questions
#
# *20 min, best without a computer: these are exam questions*
#
# Put your answer in place of each `None`. Letters and words go between quotes; capitals do not matter.
#
# **Question 6.** An attention layer receives tokens of size 5. It has two heads, in which queries, keys and
# values are of size 2, and a last projection that returns tokens of size 2. Biases everywhere. How many
# parameters does it have?

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q6", None)
lab.answer("q6", 82)
### END SOLUTION

# %% [markdown] lang="fr"
# **Question 7.** Trois tokens ont pour clés [0, 1], [1, 0] et [1, 1]. Une requête vaut [−0,2 ; 0,8]. Lequel
# est le plus regardé (1, 2 ou 3), et avec quel poids, à deux décimales ? Avec ou sans division par √d_k :
# les deux sont acceptés.

# %% [markdown] lang="en"
# **Question 7.** Three tokens have the keys [0, 1], [1, 0] and [1, 1]. A query is [−0.2, 0.8]. Which of them
# is attended to most (1, 2 or 3), and with what weight, to two decimals? With or without the division by
# √d_k: both are accepted.

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q7", None)
### STUB lab.answer("q7_weight", None)
lab.answer("q7", 1)
lab.answer("q7_weight", 0.46)
### END SOLUTION

# %% [markdown] lang="fr"
# **Question 8.** On dispose d'une couche d'attention générale, entre une source et une cible. Comment en
# obtenir une *auto-attention* ?
#
# - **A** : en donnant la même projection aux requêtes, aux clés et aux valeurs
# - **B** : en lui donnant la même suite comme source et comme cible
# - **C** : en cachant à chaque token ceux qui le suivent
# - **D** : en n'y gardant qu'une tête

# %% [markdown] lang="en"
# **Question 8.** You have a general attention layer, between a source and a target. How do you get
# *self-attention* from it?
#
# - **A**: give queries, keys and values the same projection
# - **B**: give it the same sequence as source and as target
# - **C**: hide from each token those that follow it
# - **D**: keep only one of its heads

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q8", None)
lab.answer("q8", "B")
### END SOLUTION

# %% [markdown] lang="fr"
# **Question 9.** Trois architectures. Nommez le modèle, ou la famille, que chacune représente : GPT, BERT
# ou encodeur–décodeur.
#
# | | entrée | K couches de | sortie |
# |---|---|---|---|
# | **A** | tokens | auto-attention masquée, réseau dense | token suivant, à chaque place |
# | **B** | tokens | auto-attention, réseau dense | un vecteur par token |
# | **C** | source | auto-attention, réseau dense | lue par l'attention croisée ci-dessous |
# | | cible | auto-attention masquée, attention croisée, réseau dense | token suivant |

# %% [markdown] lang="en"
# **Question 9.** Three architectures. Name the model, or family, that each stands for: GPT, BERT or
# encoder–decoder.
#
# | | input | K layers of | output |
# |---|---|---|---|
# | **A** | tokens | masked self-attention, feed-forward | next token, at every place |
# | **B** | tokens | self-attention, feed-forward | one vector per token |
# | **C** | source | self-attention, feed-forward | read by the cross-attention below |
# | | target | masked self-attention, cross-attention, feed-forward | next token |

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q9a", None)
### STUB lab.answer("q9b", None)
### STUB lab.answer("q9c", None)
lab.answer("q9a", "GPT")
lab.answer("q9b", "BERT")
lab.answer("q9c", "Transformer")
### END SOLUTION

# %% [markdown] lang="fr"
# **Question 10.** On cache un mot et le modèle doit le retrouver. Lequel, de GPT ou de BERT, a été entraîné
# à ce qu'on lui demande là ?
#
# - a. « Le chat ▒▒▒ sur le tapis. »
# - b. « Le chat dort sur le ▒▒▒ »

# %% [markdown] lang="en"
# **Question 10.** A word is hidden and the model has to find it. Which of GPT and BERT was trained for just
# this?
#
# - a. "The cat ▒▒▒ on the mat."
# - b. "The cat sleeps on the ▒▒▒"

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q10a", None)
### STUB lab.answer("q10b", None)
lab.answer("q10a", "BERT")
lab.answer("q10b", "GPT")
### END SOLUTION

# %% [markdown] lang="fr"
# **Question 11.** Quelle famille choisir, GPT, BERT ou encodeur–décodeur :
#
# - a. pour ranger des avis de clients en favorables et défavorables ?
# - b. pour écrire la suite d'une histoire ?
# - c. pour traduire du français en anglais ?

# %% [markdown] lang="en"
# **Question 11.** Which family would you choose, GPT, BERT or encoder–decoder:
#
# - a. to sort customers' reviews into favourable and unfavourable ones?
# - b. to write how a story goes on?
# - c. to translate from French into English?

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q11a", None)
### STUB lab.answer("q11b", None)
### STUB lab.answer("q11c", None)
lab.answer("q11a", "BERT")
lab.answer("q11b", "GPT")
lab.answer("q11c", "Transformer")
### END SOLUTION

# %% [markdown] lang="fr"
# **Question 12.** Quelle couche de sortie : a. pour les avis favorables ou non ? b. à chaque place, pour la
# suite de l'histoire ou la traduction ?
#
# - **A** : une unité, sigmoïde
# - **B** : une unité, softmax
# - **C** : autant d'unités que de tokens au vocabulaire, une sigmoïde chacune
# - **D** : autant d'unités que de tokens au vocabulaire, softmax

# %% [markdown] lang="en"
# **Question 12.** Which output layer: a. for reviews that are favourable or not? b. at each place, for the
# story or the translation?
#
# - **A**: one unit, sigmoid
# - **B**: one unit, softmax
# - **C**: as many units as tokens in the vocabulary, a sigmoid each
# - **D**: as many units as tokens in the vocabulary, softmax

# %% exercise="questions"
### BEGIN SOLUTION
### STUB lab.answer("q12a", None)
### STUB lab.answer("q12b", None)
lab.answer("q12a", "A")
lab.answer("q12b", "D")
### END SOLUTION

# %% [markdown] lang="fr"
# ## Rendre
#
# `lab.selfcheck()` exécute le notebook du début à la fin dans un processus neuf : ce qu'il trouve est ce
# que la correction trouvera. Enregistrez (Ctrl+S), puis ôtez le `#` devant `lab.submit()` : vous obtenez un
# seul fichier, et un reçu à garder.

# %% [markdown] lang="en"
# ## Hand in
#
# `lab.selfcheck()` runs the notebook from top to bottom in a clean process: what it finds is what grading
# will find. Save (Ctrl+S), then take away the `#` before `lab.submit()`: you get one file, and a receipt to
# keep.

# %%
lab.progress()

# %%
# lab.selfcheck()
# lab.submit()

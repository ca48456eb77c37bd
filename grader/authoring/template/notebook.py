# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="fr"
# # Deux anneaux
#
# Un réseau apprend à séparer deux anneaux de points ; vous écrivez le softmax qui en fait des probabilités.

# %% [markdown] lang="en"
# # Two rings
#
# A network learns to tell two rings of points apart; you write the softmax that turns its scores into
# probabilities.

# %% role="setup" lang="fr"
from grader import Lab, todo

lab = Lab("LAB_ID", lang="fr")

# %% role="setup" lang="en"
from grader import Lab, todo

lab = Lab("LAB_ID", lang="en")

# %% role="setup"
import matplotlib.pyplot as plt
import numpy as np


def rings(n, rng):
    """Points of two rings: (n, 2) float32, and the ring of each: (n,) int32, 0 or 1."""
    ring = rng.integers(0, 2, n)
    radius = 0.6 + 0.8 * ring + rng.normal(0, 0.15, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points.astype("float32"), ring.astype("int32")


def classify(model, points):
    """The ring of each point by the model's larger score: (n,) int."""
    return np.argmax(model.predict(points, verbose=0), axis=1)


# %% [markdown] lang="fr"
# ## 1 · Softmax
#
# | argument | forme |
# |---|---|
# | `scores` | (n, k) : k scores pour chacun de n points |
# | résultat | (n, k) : k probabilités, de somme 1 sur chaque ligne |
#
# Des scores de plusieurs milliers ne doivent pas déborder.

# %% [markdown] lang="en"
# ## 1 · Softmax
#
# | argument | shape |
# |---|---|
# | `scores` | (n, k): k scores for each of n points |
# | result | (n, k): k probabilities, each row of sum 1 |
#
# Scores of several thousand must not overflow.


# %% exercise="softmax"
def softmax(scores):
    """Softmax along the last axis, without overflow.

    Args:
        scores: float32 (n, k).

    Returns:
        float32 (n, k), in [0, 1]; each row sums to 1.
    """
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=-1, keepdims=True)
    weights = np.exp(shifted)
    return weights / weights.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %%
lab.check("softmax")

# %% question="q1"

# %% [markdown] lang="fr"
# ## 2 · Entraîner
#
# À vous le réseau : 16 unités ReLU, puis un score par anneau, sans softmax. L'entraînement est donné : environ
# 10 s sur un processeur ; plus de 95 % des points jamais vus sont bien classés.

# %% [markdown] lang="en"
# ## 2 · Train
#
# The network is yours: 16 ReLU units, then one score a ring, without a softmax. The training is given: about
# 10 s on a processor; more than 95 % of points never seen are told apart.


# %% exercise="training"
def build():
    """A network that tells points of two rings apart.

    Returns:
        Keras model, not compiled: points (n, 2) → scores (n, 2).
    """
    import keras

    ### BEGIN SOLUTION
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2)]
    )
    ### END SOLUTION


# %% role="show"
import keras

SEED = 1
keras.utils.set_random_seed(SEED)
points, ring = rings(400, np.random.default_rng(SEED))
model = build()
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(points, ring, batch_size=16, epochs=30, callbacks=[lab.record("network")])

# %%
lab.check("training")

# %% question="q2"

# %% question="q3"
"One linear layer cuts the plane by a straight line; no line has one ring on each side."
### FR "Une couche linéaire coupe le plan par une droite ; aucune droite ne sépare les deux anneaux."

# %% [markdown] lang="fr"
# Les deux anneaux, et la probabilité que votre `softmax` donne au second.

# %% [markdown] lang="en"
# The two rings, and the probability that your `softmax` gives to the second.

# %% role="show"
axis = np.linspace(-2, 2, 41, dtype="float32")
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
second = softmax(model.predict(grid, verbose=0))[:, 1].reshape(41, 41)
plt.imshow(second, extent=(-2, 2, -2, 2), origin="lower", cmap="Blues")
plt.scatter(*points.T, c=ring, s=8)
plt.show()

# %%
lab.progress()

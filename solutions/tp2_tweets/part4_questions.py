"""The questions of TP2, and its bonus: top-p."""

from __future__ import annotations

import numpy as np
from lab import lab, softmax, spread

from grader.authoring import Draw, Student, numpy_array

questions = lab.exercise("questions", "Q", "Questions", "Questions", read=("", ""))
top_p = lab.exercise(
    "top_p", "B", "Bonus: top-p", "Bonus : top-p", "top_p_probabilities",
    forbids=["keras_hub.samplers.TopPSampler"],
    read=("Holtzman et al., 2020, 3.1", "Holtzman et al., 2020, 3.1"),
)  # fmt: skip

# ------------------------------------------------------------------ bonus


@top_p.check(
    "values", 0.75, "values", "valeurs", bonus=True,
    asked=("the smallest set that weighs p or more, made to sum to 1",
           "le plus petit ensemble qui pèse p ou plus, ramené à une somme de 1"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z = spread(draw, 9)
    best = np.cumsum(np.sort(softmax(z))[::-1])
    few, wider = (float(best[i] + best[i + 1]) / 2 for i in (1, 4))
    within = student.top_p_probabilities
    return student.probe(
        out=within(numpy_array(z), few),
        wider=within(numpy_array(z), wider),
        one=within(numpy_array(z), 1e-6),
    )


@top_p.check(
    "limits", 0.25, "p out of range", "p hors limites", bonus=True,
    asked=("p = 1 keeps all; 0, 1.5 and NaN are refused",
           "p = 1 garde tout ; 0, 1,5 et NaN sont refusés"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z = numpy_array(spread(draw, 6))
    within = student.top_p_probabilities
    return student.probe(
        all=within(z, 1.0),
        zero=within.raises(ValueError, z, 0.0),
        above=within.raises(ValueError, z, 1.5),
        nan=within.raises(ValueError, z, float("nan")),
    ), {"zero": True, "above": True, "nan": True}


top_p.slip(
    "top-p-without-renormalisation",
    "the probabilities kept do not sum to 1",
    "la somme des probabilités gardées n'est pas 1",
    ("return probabilities / probabilities.sum()", "return probabilities"),
    hint=[
        ("print the sum of what you return",
         "affichez la somme de ce que vous rendez"),
        ("with a very small p one symbol is left: what must its probability be?",
         "avec un p très petit, un seul symbole reste : quelle doit être sa probabilité ?"),
        ("divide what is kept by its sum",
         "divisez ce qui est gardé par sa somme"),
    ],
    loses=["values"],
    mutant=[("return probabilities / probabilities.sum()", "return 1.0 * probabilities")],
)  # fmt: skip
top_p.slip(
    "top-p-one-short",
    "the symbol that crosses p was left out: the set weighs less than p",
    "le symbole qui franchit p est exclu : l'ensemble pèse moins que p",
    ("before >= p", "(before + probabilities[order] > p + 1e-12) & (before > 0)"),
    hint=[
        ("look at the symbol at which the sum passes p",
         "regardez le symbole auquel la somme franchit p"),
        ("probabilities 0.5, 0.3, 0.2 and p = 0.6: the set must weigh 0.8",
         "probabilités 0,5, 0,3, 0,2 et p = 0,6 : l'ensemble doit peser 0,8"),
        ("keep a symbol as long as those before it weigh less than p",
         "gardez un symbole tant que ceux d'avant pèsent moins que p"),
    ],
    loses=["values"],
    mutant="""
def top_p_probabilities(logits, p):
    if not 0 < p <= 1:
        raise ValueError("p")
    q = tf.nn.softmax(np.float64(logits)).numpy()
    kept, weight = [], 0.0
    for i in np.argsort(-q):
        if kept and weight + q[i] > p + 1e-12:
            break
        kept.append(i)
        weight += q[i]
    out = np.zeros_like(q)
    out[kept] = q[kept] / q[kept].sum()
    return out
""",
)  # fmt: skip

# ------------------------------------------------------------------ questions

questions.question(
    "q_initial_loss", 0.5, "the loss before training", "la perte avant l'entraînement",
    type="number", right=[4.54], decimals=2,
    wrong={
        6.55: ("these are bits (log₂ V); Keras prints nats",
               "ce sont des bits (log₂ V) ; Keras affiche des nats"),
        1.97: ("that is a decimal logarithm", "c'est un logarithme décimal"),
        0.01: ("that is the probability 1/V; the loss is its −ln",
               "c'est la probabilité 1/V ; la perte est son −ln"),
        -4.54: ("the cross-entropy is −ln p: positive", "l'entropie croisée est −ln p : positive"),
    },
)  # fmt: skip
questions.question(
    "q3", 0.5, "kind of recurrent network", "sorte de réseau récurrent",
    type="choice",
    right=[
        "many-to-many", "many to many", "plusieurs-à-plusieurs", "plusieurs vers plusieurs", "n-à-n",
        "many-to-one", "many to one", "plusieurs-à-un", "plusieurs vers un", "n-à-1",
    ],
    wrong={
        "one-to-many": ("that begins with a single input, such as an image to describe",
                        "celui-là part d'une seule entrée, une image à décrire par exemple"),
        "one-to-one": ("there would be no sequence at all", "il n'y aurait aucune séquence"),
    },
)  # fmt: skip
RAISE = [
    "raise", "raise it", "raised", "increase", "increase it", "higher", "up", "raise T", "increase T",
    "a higher T", "higher T", "on augmente", "il faut augmenter", "augmenter", "monter", "hausse",
    "plus haut", "plus grand", "plus grande", "l'augmenter", "augmenter T", "plus haute", "plus élevé",
    "plus élevée", "plus grande T", "une T plus haute", "larger", "a larger T", "greater",
]  # fmt: skip
LOWER = [
    "lower", "lower it", "lowered", "decrease", "decrease it", "reduce", "smaller", "down", "lower T",
    "decrease T", "a lower T", "reduce T", "on baisse", "il faut baisser", "abaisser", "diminuer T",
    "réduire T", "baisser", "diminuer", "réduire", "plus bas", "plus petit", "plus petite",
    "le baisser", "la baisser", "baisser T", "plus basse", "plus faible", "un T plus bas", "a smaller T",
]  # fmt: skip
questions.question(
    "q4", 0.5, "T that multiplies the logits", "T qui multiplie les logits",
    type="choice", right=LOWER,
    wrong=dict.fromkeys(RAISE, ("that holds for z / T; here T multiplies: it is β",
                                "c'est vrai pour z / T ; ici T multiplie : c'est β")),
)  # fmt: skip
questions.question(
    "q4b", 0.25, "T that divides the logits", "T qui divise les logits",
    type="choice", right=RAISE,
    wrong=dict.fromkeys(LOWER, ("that holds for β, which multiplies; here T divides",
                                "c'est vrai pour β, qui multiplie ; ici T divise")),
)  # fmt: skip

questions.mutant(
    "beta-taken-for-temperature", ["q4", "q4b"], named="", answers={"q4": "raise", "q4b": "lower"}
)
questions.mutant("loss-in-bits", ["q_initial_loss"], named="", answers={"q_initial_loss": 6.55})
questions.mutant("one-to-many", ["q3"], named="", answers={"q3": "one-to-many"})

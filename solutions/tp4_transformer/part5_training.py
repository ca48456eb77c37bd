"""5 and 6 of TP4: training, the questions, the bonus."""

from __future__ import annotations

import counts
import numpy as np
import words
from lab import LIBRARY_ATTENTION, lab

from grader.authoring import Draw, Student

# ------------------------------------------------------------------ 5.1 teacher forcing

shift = lab.exercise("shift", "5.1", "Teacher forcing", "Apprentissage guidé (teacher forcing)",
    "teacher_forcing")


@shift.check("values", 0.25, "inputs and labels", "entrées et étiquettes")
def _(draw: Draw, student: Student):
    b, length = draw.sizes(2, 5, 11)
    pair = student.teacher_forcing(draw.integers(1, 29, b, length))
    return student.probe(inputs=pair[0], labels=pair[1])


shift.slip("target-not-shifted",
    "inputs and labels are the same: the decoder is asked to copy what it reads",
    "entrées et étiquettes sont identiques : on demande au décodeur de recopier ce qu'il lit",
    ("return target[:, :-1], target[:, 1:]", "return target[:, :-1], target[:, :-1]"),
    hint=[("which columns of `target` the labels are", "quelles colonnes de `target` sont les étiquettes"),
          ("with the row 27, 5, 8, 28: what must be written after 27 was read?",
           "avec la ligne 27, 5, 8, 28 : que faut-il écrire après avoir lu 27 ?"),
          ("the labels are all columns but the first",
           "les étiquettes sont toutes les colonnes sauf la première")],
    loses=["values"], mutant="""
def teacher_forcing(target):
    return target[..., :-1], target[..., : target.shape[-1] - 1]
""")
shift.slip("shifted-backwards",
    "inputs and labels are exchanged: the label is the previous token",
    "entrées et étiquettes sont échangées : l'étiquette est le token précédent",
    ("return target[:, :-1], target[:, 1:]", "return target[:, 1:], target[:, :-1]"),
    hint=[("the order of the two arrays that you return", "l'ordre des deux tableaux que vous rendez"),
          ("with the row 27, 5, 8, 28: the inputs must begin with 27",
           "avec la ligne 27, 5, 8, 28 : les entrées doivent commencer par 27"),
          ("inputs lack the last column, labels the first",
           "aux entrées manque la dernière colonne, aux étiquettes la première")],
    loses=["values"])

# ------------------------------------------------------------------ 5.2 training

training = lab.exercise("training", "5.2", "Training", "Entraînement")


def held_out(draw: Draw) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    source, target = words.make(200 if draw.hidden else 60, draw.rng, held_out=True)
    return {"source": source}, {"predictions": target}


@training.clean("reverser.exact_match", 1.25, "words reversed without a fault", "mots renversés sans faute",
    recording="reverser", data=held_out,
    expect={"predictions": lab.metric("reverser.exact_match", "exact_match")},
    preview=lambda inputs, student: student.probe(
        predictions=student.decode_words(student.model, inputs["source"])))
def _(recording, inputs):
    return {"predictions": words.best_predictions(recording, inputs["source"])}


training.question("map", 0.5, "what your map shows", "ce que montre votre carte", type="text",
    asked=("In three sentences at most, of **your** map: which way does it go from one row to the next? Name one "
           "place where it spreads or strays. Why may the letter said there be right all the same?",
           "En trois phrases au plus, sur **votre** carte : quel chemin suit-elle d'une ligne à la suivante ? Nommez "
           "un endroit où elle s'étale ou s'en écarte. Pourquoi la lettre dite peut-elle y être juste tout de même ?"),
    rubric=[(0.2, ("the way: from the last letter of the source back by one at each step (an anti-diagonal)",
                   "le chemin : de la dernière lettre de la source, une place en arrière à chaque pas (une "
                   "antidiagonale)")),
            (0.1, ("a place that can be seen on this map: a row, a letter or a head",
                   "un endroit que l'on voit sur cette carte : une ligne, une lettre ou une tête")),
            (0.2, ("the heads add up, or self-attention knows what is already written: a map shows where "
                   "information may come from, not that it does",
                   "les têtes se complètent, ou l'auto-attention sait ce qui est déjà écrit : une carte montre d'où "
                   "l'information peut venir, pas qu'elle en vient"))],
    guide=("a map that is a blur, truly described, earns the first item if the ideal way is named",
           "une carte floue, décrite avec vérité, mérite le premier point si le chemin idéal est nommé"))

# ------------------------------------------------------------------ questions

questions = lab.exercise("questions", "Q", "Questions", "Questions")


def told(name: str) -> tuple[str, str]:
    """What is said of a total that shows this mistake of 3.2."""
    text = lab.misconceptions[name].text
    if name == "count-norm-without-weights":  # as many numbers, at these sizes
        return (f"{text.en}, or the biases of the feed-forward networks",
                f"{text.fr}, ou les biais des réseaux denses")
    return text.en, text.fr


questions.question("q_total", 0.25,
    "parameters of the practical's Transformer", "paramètres du Transformer du TP",
    type="number", right=[44_183_069],
    wrong={f(**counts.LECTURE): told(name) for name, f in counts.WRONG.items()})
questions.question("q6", 0.25,
    "parameters of a small attention layer", "paramètres d'une petite couche d'attention",
    type="number", right=[82],
    wrong={97: ("the output size is 2 here, not the input's 5",
                "la sortie est ici de taille 2, pas 5 comme l'entrée"),
           68: ("the biases are forgotten", "les biais sont oubliés"),
           72: ("the last projection, which mixes the heads, is forgotten",
                "la dernière projection, qui mélange les têtes, est oubliée"),
           46: ("two heads: the projections are there twice",
                "deux têtes : les projections y sont deux fois")})
questions.question("q7", 0.15, "most attended token", "token le plus regardé",
    type="number", right=[1],
    wrong={0: ("tokens are numbered from 1 here", "les tokens sont ici numérotés à partir de 1"),
           2: ("compare the dot products, not the keys' directions alone",
               "comparez les produits scalaires, pas les seules directions"),
           3: ("the longest key does not always win: compute the dot products",
               "la clé la plus longue ne gagne pas toujours : calculez les produits scalaires")})
questions.question("q7_weight", 0.15, "its attention weight", "son poids d'attention",
    type="number", decimals=2, right=[0.46, 0.42],
    wrong={0.8: ("that is the score, before the softmax", "c'est le score, avant le softmax"),
           0.67: ("scores divided by their sum: the softmax takes exponentials first",
                  "scores divisés par leur somme : le softmax passe d'abord à l'exponentielle")})
questions.question("q8", 0.2, "from attention to self-attention", "de l'attention à l'auto-attention",
    type="choice", right=["B"],
    wrong={"A": ("queries, keys and values keep their own projections",
                 "requêtes, clés et valeurs gardent chacune leur projection"),
           "C": ("that is a causal mask; self-attention may be unmasked",
                 "c'est un masque causal ; l'auto-attention peut s'en passer"),
           "D": ("the number of heads does not matter here", "le nombre de têtes n'y est pour rien")})

GPT = ["GPT", "gpt2", "gpt-3", "gpt3"]
BERT = ["BERT"]
BOTH = ["encoder-decoder", "encodeur-décodeur", "encodeur décodeur", "encoder decoder", "Transformer",
        "original Transformer", "the original Transformer", "Transformer original",
        "le Transformer original", "T5"]
for name, right, en, fr in (
    ("q9a", GPT, "diagram A", "schéma A"),
    ("q9b", BERT, "diagram B", "schéma B"),
    ("q9c", BOTH, "diagram C", "schéma C"),
    ("q10a", BERT, "mask in the middle", "masque au milieu"),
    ("q10b", GPT, "mask at the end", "masque à la fin"),
    ("q11a", BERT, "text classification", "classification de texte"),
    ("q11b", GPT, "text generation", "génération de texte"),
    ("q11c", BOTH, "translation", "traduction"),
):
    questions.question(name, 0.1, en, fr, type="choice", right=right)
questions.question("q12a", 0.1,
    "output for a yes/no classification", "sortie d'une classification oui/non",
    type="choice", right=["A"],
    wrong={"B": ("a softmax over one unit is always 1",
                 "un softmax sur une seule unité vaut toujours 1")})
questions.question("q12b", 0.1,
    "output for generation or translation", "sortie d'une génération ou d'une traduction",
    type="choice", right=["D"],
    wrong={"C": ("exactly one next token: the probabilities must sum to 1",
                 "un seul token suivant : les probabilités doivent avoir 1 pour somme")})
questions.mutant("count-total-shared-embedding", ["q_total"], named="", answers={"q_total": 44_168_221})

# ------------------------------------------------------------------ 6 bonus

relative = lab.exercise("relative", "6", "Bonus: relative positions", "Bonus : positions relatives",
    "relative_attention", forbids=LIBRARY_ATTENTION)


@relative.check("values", 1.0, "values", "valeurs", picture="weights", bonus=True,
    asked=("with and without a mask", "avec et sans masque"))
def _(draw: Draw, student: Student):
    t, dk, dv, b = draw.sizes(4, 3, 8)
    q, k, v = draw.normal(b, t, dk), draw.normal(b, t, dk), draw.normal(b, t, dv)
    offsets = draw.normal(2 * t - 1)
    plain = student.relative_attention(q, k, v, offsets)
    masked = student.relative_attention(q[0], k[0], v[0], offsets, draw.mask(t, t))
    return student.probe(output=plain[0], weights=masked[1])


relative.slip("relative-sign",
    "the offset is i - j instead of j - i",
    "le décalage est i - j au lieu de j - i",
    ("np.arange(length)[None, :] - np.arange(length)[:, None]",
     "np.arange(length)[:, None] - np.arange(length)[None, :]"),
    hint=[("the sign of the offset", "le signe du décalage"),
          ("print the offsets for T = 3: the upper right corner, i = 0 and j = 2, is +2",
           "affichez les décalages pour T = 3 : le coin en haut à droite, i = 0 et j = 2, vaut +2"),
          ("take the key's position minus the query's",
           "prenez la position de la clé moins celle de la requête")],
    loses=["values"])
relative.slip("relative-scaled",
    "the learned numbers are divided by √d_k too; they are added after the scaling",
    "les nombres appris sont eux aussi divisés par √d_k ; ils s'ajoutent après la mise à l'échelle",
    ("ops.take(offsets, offset + length - 1)",
     "ops.take(offsets, offset + length - 1) / math.sqrt(q.shape[-1])"),
    hint=[("when the learned numbers are added: before or after the division by √d_k",
           "quand s'ajoutent les nombres appris : avant ou après la division par √d_k"),
          ("with q = 0 and an offset of 8, the score must be 8",
           "avec q = 0 et un nombre appris de 8, le score doit être 8"),
          ("divide the products first, then add", "divisez d'abord les produits, puis ajoutez")],
    loses=["values"])

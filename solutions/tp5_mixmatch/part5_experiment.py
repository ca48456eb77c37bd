"""4 to 7 of TP5: the experiment, its ablation, the exam question, FixMatch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pools
from lab import lab

from grader.authoring import Draw, Exact, Measured, Student

# ------------------------------------------------------------------ 4 the experiment

experiment = lab.exercise("experiment", "4", "The experiment", "L'expérience")
HIDDEN = Path(__file__).parents[2] / "data" / "fashion_mnist" / "hidden" / "fashion_mnist.npz"


def held_out(draw: Draw) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Test images that no student has, and their classes; nothing in the public key."""
    if not draw.hidden:
        return {}, {}
    with np.load(HIDDEN) as file:
        return {"images": file["x_hidden"], "labels": file["y_hidden"].astype(np.int64)}, {}


for name, points, en, fr in (
    (
        "supervised",
        0.5,
        "supervised, on images never seen",
        "supervised, sur des images jamais vues",
    ),
    ("mixmatch", 1.0, "mixmatch, on images never seen", "mixmatch, sur des images jamais vues"),
):

    @experiment.clean(
        name, points, en, fr, recording=name, data=held_out,
        expect={"accuracy": lab.metric(f"experiment.{name}", "mean")},
    )  # fmt: skip
    def _(recording: Any, inputs: Any) -> dict[str, Any]:
        return {"accuracy": pools.accuracy(recording, inputs["images"], inputs["labels"])}


@experiment.clean(
    "gain", 0.5, "gain over supervised", "gain sur supervised",
    asked=("same labels, same steps: what the unlabelled images bring",
           "mêmes étiquettes, mêmes pas : ce qu'apportent les images sans étiquette"),
    recordings=["supervised", "mixmatch"], data=held_out,
    expect={"gain": lab.metric("experiment.gain", "mean")},
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> dict[str, Any]:
    found = {
        n: pools.accuracy(r, inputs["images"], inputs["labels"]) for n, r in recordings.items()
    }
    return {"gain": found["mixmatch"] - found["supervised"]}


# ------------------------------------------------------------------ 5 ablation

ablation = lab.exercise("ablation", "5", "Switch the ideas off", "Éteindre les idées", "without")
reading = lab.exercise("reading", "5", "Read the table", "Lire le tableau")


@ablation.check(
    "settings", 0.5, "settings", "réglages",
    asked=("the recipe with one idea off, everything else as it was",
           "la recette, une idée éteinte, le reste inchangé"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    found = {}
    for which in ("", "_again"):
        given = {
            "steps": int(draw.rng.integers(5, 99)),
            "views": int(draw.rng.integers(3, 6)),
            "temperature": float(draw.uniform(1, low=0.3, high=0.6)[0]),
            "alpha": 0.75,
            "lambda_u": float(draw.uniform(1, low=5, high=60)[0]),
            "augmentation": True,
            "seed": 3,
        }
        recipe = student.tf.nest.map_structure(student.np.asarray, given)
        for idea in pools.IDEAS:
            found[f"no_{idea.replace('-', '_')}{which}"] = student.without(recipe, idea)
        found[f"recipe{which}"] = recipe
    return student.probe(**found)


ablation.slip(
    "recipe-changed-in-place",
    "the recipe that was given is changed: from then on every row of the table lacks that idea too",
    "la recette donnée est modifiée : toutes les lignes suivantes du tableau sont aussi privées de cette idée",
    ("return {**recipe, **off[idea]}", "recipe.update(off[idea])\n    return recipe"),
    hint=[
        ("look for an assignment into recipe, or an update",
         "cherchez une affectation dans recipe, ou un update"),
        ("print RECIPE after the call: is it as before?",
         "affichez RECIPE après l'appel : est-elle comme avant ?"),
        ("make a new dictionary from the old one and the change",
         "faites un nouveau dictionnaire de l'ancien et du changement"),
    ],
)  # fmt: skip
ablation.slip(
    "temperature-zero-for-off",
    "sharpening is off at T = 1; towards 0 it is strongest",
    "l'affûtage est éteint à T = 1 ; vers 0 il est au plus fort",
    ('{"temperature": 1.0}', '{"temperature": 0.0}'),
    hint=[
        ("look at the setting for \"entropy\"",
         "regardez le réglage de « entropy »"),
        ("sharpen [0.6, 0.4] at T = 1 and at T = 0.1: which leaves it alone?",
         "affûtez [0.6, 0.4] à T = 1 et à T = 0,1 : laquelle n'y change rien ?"),
        ("off is the temperature that changes nothing",
         "éteint, c'est la température qui ne change rien"),
    ],
    loses=["settings"],
    mutant="""
def without(recipe, idea):
    made = dict(recipe)
    key = {"augmentation": "augmentation", "consistency": "views", "entropy": "temperature", "pseudo-labels": "lambda_u"}[idea]
    made[key] = {"augmentation": False, "consistency": 1, "entropy": 0, "pseudo-labels": 0}[idea]
    return made
""",
)  # fmt: skip
ablation.slip(
    "no-views-at-all",
    "without consistency there is still one view",
    "sans cohérence il reste une vue",
    ('{"views": 1}', '{"views": 0}'),
    hint=[
        ("look at the setting for \"consistency\"",
         "regardez le réglage de « consistency »"),
        ("how many targets has an image without any view? and to what does a single view have to agree?",
         "combien de cibles a une image sans aucune vue ? et avec quoi une seule vue doit-elle s'accorder ?"),
        ("leave it one view: nothing is left to agree with",
         "laissez-lui une vue : il n'y a plus rien avec quoi s'accorder"),
    ],
    loses=["settings"],
)  # fmt: skip
ablation.mutant(
    "ablation-in-place",
    ["settings"],
    """
def without(recipe, idea):
    if idea == "augmentation":
        recipe["augmentation"] = False
    elif idea == "consistency":
        recipe["views"] = 1
    elif idea == "entropy":
        recipe["temperature"] = 1.0
    else:
        recipe["lambda_u"] = 0.0
    return recipe
""",
    named="recipe-changed-in-place",
)


@reading.clean(
    "worst", 0.5, "the dearest idea", "l'idée la plus chère",
    asked=("the idea without which your table falls most",
           "l'idée sans laquelle votre tableau baisse le plus"),
    recordings=["ablation"], answers=["dearest_idea"], expect={"idea": Exact()},
    data=lambda draw: ({}, {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    right = pools.dearest(recordings["ablation"].history)
    given = pools.idea(answers["dearest_idea"])
    return Measured({"idea": given}, expected={"idea": given if given in right else right[0]})


reading.mutant(
    "all-ideas-at-once",
    ["worst"],
    named="",
    answers={"dearest_idea": "augmentation, consistency, entropy or pseudo-labels"},
)

# ------------------------------------------------------------------ 6 exam question

pipeline = lab.exercise("pipeline", "6", "Exam question", "Question d'examen")
SYNONYMS = {
    "augmentation": [
        "augmentation", "l'augmentation", "data augmentation", "augmentation de données",
        "augmentation des données", "l'augmentation de données", "augment", "augmenter",
    ],
    "consistency": [
        "consistency", "cohérence", "la cohérence", "consistance", "consistency regularization",
        "consistency regularisation", "régularisation par cohérence",
        "régularisation par la cohérence", "régularisation de cohérence",
    ],
    "entropy": [
        "entropy", "entropie", "l'entropie", "entropy minimisation", "entropy minimization",
        "minimisation de l'entropie", "minimisation d'entropie", "la minimisation de l'entropie",
        "sharpening", "affûtage", "l'affûtage",
    ],
    "pseudo-labels": [
        "pseudo-labels", "pseudo-label", "pseudolabels", "pseudo-étiquettes", "pseudo-étiquette",
        "les pseudo-étiquettes", "la pseudo-étiquette", "pseudo-étiquetage", "pseudo-labelling",
        "pseudo-labeling",
    ],
}  # fmt: skip
WHY = {
    "augmentation": ("augmentation makes several images out of one",
                     "l'augmentation fait plusieurs images d'une seule"),
    "consistency": ("consistency asks one answer for all views",
                    "la cohérence demande une seule réponse pour toutes les vues"),
    "entropy": ("entropy minimisation turns an unsure answer into a sure one",
                "la minimisation de l'entropie rend nette une réponse hésitante"),
    "pseudo-labels": ("a pseudo-label is a guess used as a target",
                      "une pseudo-étiquette est une réponse qui sert de cible"),
}  # fmt: skip
for place, idea in enumerate(SYNONYMS, start=1):
    others = {
        word: WHY[other] for other, words in SYNONYMS.items() if other != idea for word in words
    }
    pipeline.question(
        f"q13_{place}", 0.25, f"box {place}", f"case {place}", type="choice",
        right=SYNONYMS[idea], wrong=others,
    )  # fmt: skip

pipeline.mutant(
    "pipeline-confused",
    ["q13_2", "q13_3"],
    named="",
    answers={"q13_2": "pseudo-labels", "q13_3": "cohérence"},
)

# ------------------------------------------------------------------ 7 bonus

fixmatch = lab.exercise("fixmatch", "7", "Bonus: FixMatch", "Bonus : FixMatch", "fixmatch_loss")


def weak_and_strong(draw: Draw) -> tuple[np.ndarray, np.ndarray, float]:
    """Logits of weak and strong views, a threshold: every second weak answer is sure, though not so
    sure that its soft label is a hard one; of the strong answers the others are sure."""
    m, classes = draw.sizes(2, 6, 11)
    weak, strong = draw.uniform(m, classes), draw.normal(m, classes)
    best = draw.integers(0, classes, m)
    weak[np.arange(m), best] += np.where(np.arange(m) % 2, 0.5, 3.5)
    strong[np.arange(m), best] += np.where(np.arange(m) % 2, 5.0, -3.0)
    top = np.max(np.exp(weak) / np.exp(weak).sum(axis=1, keepdims=True), axis=1)
    return weak, strong, float(top[::2].min() + top[1::2].max()) / 2


@fixmatch.check(
    "values", 0.75, "values", "valeurs", bonus=True,
    asked=("only sure answers count; the mean is over all images",
           "seules les réponses sûres comptent ; la moyenne est sur toutes les images"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    weak, strong, threshold = weak_and_strong(draw)
    return student.probe(
        out=student.fixmatch_loss(weak, strong, threshold),
        none_sure=student.fixmatch_loss(weak, strong, 1.1),
    )


@fixmatch.check(
    "gradient", 0.25, "gradient", "gradient", bonus=True,
    asked=("through the strong views only", "par les vues fortes seulement"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    weak, strong, threshold = weak_and_strong(draw)
    return student.probe(
        gradients=student.fixmatch_loss.gradient(weak, strong, threshold, wrt=[0, 1])
    )


HARD = "ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True)"

fixmatch.slip(
    "fixmatch-mean-over-sure",
    "the mean is over the sure images only; it should be over all",
    "la moyenne porte sur les seules images sûres ; elle doit porter sur toutes",
    ("return ops.mean(sure * ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True))",
     "return ops.sum(sure * ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True)) / ops.maximum(ops.sum(sure), 1.0)"),
    hint=[
        ("look at the number that you divide by",
         "regardez le nombre par lequel vous divisez"),
        ("one sure image of loss 3 among three: should the result be 3 or 1?",
         "une image sûre de perte 3 parmi trois : le résultat doit-il être 3 ou 1 ?"),
        ("the unsure ones count as 0 in the mean",
         "les incertaines comptent pour 0 dans la moyenne"),
    ],
    loses=["values", "gradient"],
    mutant="""
def fixmatch_loss(logits_weak, logits_strong, threshold=0.95):
    p = tf.stop_gradient(tf.nn.softmax(logits_weak))
    kept = tf.reduce_max(p, axis=1) >= threshold
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.argmax(p, axis=1), logits_strong)
    return tf.math.divide_no_nan(tf.reduce_sum(each[kept]), tf.reduce_sum(tf.cast(kept, tf.float32)))
""",
)  # fmt: skip
fixmatch.slip(
    "fixmatch-threshold-ignored",
    "unsure images count too",
    "les images incertaines comptent aussi",
    ("ops.cast(ops.max(p, axis=1) >= threshold, p.dtype)", "ops.ones_like(p[:, 0])"),
    hint=[
        ("look for `threshold` in your lines",
         "cherchez `threshold` dans vos lignes"),
        ("with a threshold of 1.1 nobody is sure: the loss must be 0",
         "avec un seuil de 1,1 personne n'est sûr : la perte doit être nulle"),
        ("multiply each image's loss by whether its weak answer is sure",
         "multipliez la perte de chaque image par 1 si sa réponse faible est sûre, 0 sinon"),
    ],
    loses=["values", "gradient"],
)  # fmt: skip
fixmatch.slip(
    "fixmatch-soft-labels",
    "the labels are soft; the most likely class alone is asked for",
    "les étiquettes sont molles ; on demande la seule classe la plus probable",
    (HARD, "ops.categorical_crossentropy(p, logits_strong, from_logits=True)"),
    hint=[
        ("look at what the cross-entropy is given as labels",
         "regardez quelles étiquettes reçoit l'entropie croisée"),
        ("weak answer [0.97, 0.03]: which label must the strong view learn?",
         "réponse faible [0.97, 0.03] : quelle étiquette la vue forte doit-elle apprendre ?"),
        ("the most likely class alone",
         "la seule classe la plus probable"),
    ],
    loses=["values", "gradient"],
)  # fmt: skip
fixmatch.slip(
    "fixmatch-threshold-on-strong",
    "the strong view decides which images count; the weak one should",
    "c'est la vue forte qui décide des images qui comptent ; ce doit être la faible",
    ("ops.max(p, axis=1) >= threshold", "ops.max(ops.softmax(logits_strong), axis=1) >= threshold"),
    hint=[
        ("look at whose probabilities are compared with the threshold",
         "regardez quelles probabilités sont comparées au seuil"),
        ("weak view sure, strong view unsure: must the image count?",
         "vue faible sûre, vue forte hésitante : l'image doit-elle compter ?"),
        ("the weak view gives the label, and says whether it is to be trusted",
         "la vue faible donne l'étiquette, et dit si elle est fiable"),
    ],
    loses=["values", "gradient"],
)  # fmt: skip

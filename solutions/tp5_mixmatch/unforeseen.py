"""Mistakes that TP5 has no name for: they lose their points, keep the others, and get no false name."""

from __future__ import annotations

from lab import lab
from part2_ideas import augmenting, guessing, mixing
from part3_mixmatch import matching
from part4_loss import costing

# ------------------------------------------------------------------ 1 who may see what

lab.unforeseen(
    "labels-left-as-numbers",
    "`y` holds class numbers, not vectors", "`y` contient des numéros de classe, pas des vecteurs",
    edits=[('"y": np.eye(10, dtype="float32")[labels[labelled]]', '"y": labels[labelled]')],
    loses=["split.parts", "split.labels"],
)  # fmt: skip
lab.unforeseen(
    "from-minus-one-to-one",
    "the pixels go from −1 to 1", "les pixels vont de −1 à 1",
    edits=[('.astype("float32") / 255', '.astype("float32") / 127.5 - 1')],
    loses=["split.parts", "split.labels"],
)  # fmt: skip
lab.unforeseen(
    "divided-by-256",
    "the pixels are divided by 256", "les pixels sont divisés par 256",
    edits=[('.astype("float32") / 255', '.astype("float32") / 256')],
    loses=["split.parts"],
)  # fmt: skip
lab.unforeseen(
    "channel-axis-forgotten",
    "the images have no channel axis", "les images n'ont pas d'axe des voies",
    edits=[("scaled = images[..., None].astype", "scaled = images.astype")],
    loses=["split.parts"],
)  # fmt: skip
lab.unforeseen(
    "one-class-too-few",
    "the last class has no label", "la dernière classe n'a pas d'étiquette",
    edits=[("[:per_class] for c in range(10)]", "[:per_class] for c in range(9)]")],
    loses=["split.parts", "split.labels"],
)  # fmt: skip

# ------------------------------------------------------------------ 2 the four ideas

lab.unforeseen(
    "shifted-by-one",
    "the shift is at most 1 pixel", "le décalage est d'au plus 1 pixel",
    code=augmenting().replace("0, 5, tf.int32", "1, 4, tf.int32"),
    loses=["augment.views"],
)  # fmt: skip
lab.unforeseen(
    "flipped-too-often",
    "nine images in ten are flipped", "neuf images sur dix sont retournées",
    code=augmenting(flip="tf.random.stateless_uniform((n,), seed.next()) < 0.9"),
    loses=["augment.views"],
)  # fmt: skip
lab.unforeseen(
    "noise-added",
    "noise is added to the views", "du bruit est ajouté aux vues",
    code=augmenting().replace(
        "return tf.stack(made)",
        "made = tf.stack(made)\n    return made + 0.05 * tf.random.stateless_normal(tf.shape(made), seed.next())",
    ),
    loses=["augment.pixels"],
)  # fmt: skip
lab.unforeseen(
    "views-not-returned",
    "nothing is returned", "rien n'est rendu",
    code=augmenting().replace("return tf.stack(made)", "tf.stack(made)"),
    loses=["augment.views", "augment.pixels", "augment.draws"],
)  # fmt: skip
lab.unforeseen(
    "largest-answer",
    "the largest probability over the views is taken", "la plus grande probabilité sur les vues est prise",
    edits=[("ops.mean(p, axis=0)", "ops.max(p, axis=0)")],
    loses=["guess.values"],
)  # fmt: skip
lab.unforeseen(
    "geometric-mean",
    "the logarithms of the probabilities are averaged", "ce sont les logarithmes des probabilités qui sont moyennés",
    code=guessing(
        one="tf.nn.log_softmax(model(view, training=True))", whole="tf.stop_gradient(tf.exp(total / len(views)))"
    ),
    loses=["guess.values"],
)  # fmt: skip
lab.unforeseen(
    "softmax-over-the-views",
    "the softmax is over the images, not the classes", "le softmax porte sur les images, pas sur les classes",
    code=guessing(one="tf.nn.softmax(model(view, training=True), axis=0)"),
    loses=["guess.values"],
)  # fmt: skip
lab.unforeseen(
    "sharpened-along-axis-1",
    "the sum is over axis 1, whatever the number of axes", "la somme est sur l'axe 1, quel que soit le nombre d'axes",
    edits=[("ops.sum(powers, axis=-1, keepdims=True)", "ops.sum(powers, axis=1, keepdims=True)")],
    loses=["sharpen.values"],
)  # fmt: skip
lab.unforeseen(
    "divided-by-the-largest",
    "the powers are divided by the largest, not by their sum", "les puissances sont divisées par la plus grande, pas par leur somme",
    edits=[("ops.sum(powers, axis=-1, keepdims=True)", "ops.max(powers, axis=-1, keepdims=True)")],
    loses=["sharpen.values"],
)  # fmt: skip
lab.unforeseen(
    "multiplied-by-the-exponent",
    "p is multiplied by 1/T, not raised to it", "p est multiplié par 1/T, pas élevé à cette puissance",
    edits=[("ops.power(p, 1 / temperature)", "p / temperature")],
    loses=["sharpen.values"],
)  # fmt: skip
lab.unforeseen(
    "share-cut-at-one-half",
    "max(λ, ½) stands for max(λ, 1 − λ)", "max(λ, ½) au lieu de max(λ, 1 − λ)",
    code=mixing(fold="tf.maximum(lam, 0.5)"),
    loses=["mixup.shares"],
)  # fmt: skip
lab.unforeseen(
    "label-of-the-other",
    "the labels take the other share", "les étiquettes prennent l'autre part",
    code=mixing(y="y1 + lam[:, None] * (y2 - y1)"),
    loses=["mixup.shares", "mixup.together"],
)  # fmt: skip
lab.unforeseen(
    "only-images-returned",
    "the mixed images come back alone", "seules les images mélangées reviennent",
    code=mixing().replace("return x, ", "return x  # "),
    loses=["mixup.shares", "mixup.together", "mixup.each"],
)  # fmt: skip
lab.unforeseen(
    "squared-shares",
    "λ is squared before it is used", "λ est mis au carré avant de servir",
    code=mixing(fold="tf.maximum(lam, 1 - lam) ** 2"),
    loses=["mixup.shares"],
)  # fmt: skip

# ------------------------------------------------------------------ 3 the algorithm

lab.unforeseen(
    "unlabelled-returned-first",
    "the unlabelled part comes first", "la partie sans étiquette vient en premier",
    code=matching().replace(
        "mixed[:n], soft[:n], mixed[n:], soft[n:]", "mixed[n:], soft[n:], mixed[:n], soft[:n]"
    ),
    loses=["mixmatch.targets", "mixmatch.order", "mixmatch.single"],
)  # fmt: skip
lab.unforeseen(
    "sharpened-twice",
    "the guess is sharpened twice", "la réponse est affûtée deux fois",
    code=matching(q="[sharpen(sharpen(guess_labels(model, tf.stack(parts)), temperature), temperature)] * views"),
    loses=["mixmatch.targets", "mixmatch.views"],
)  # fmt: skip
lab.unforeseen(
    "cut-off-by-one",
    "the cut is one image too far", "la coupe est une image trop loin",
    code=matching().replace(
        "mixed[:n], soft[:n], mixed[n:], soft[n:]", "mixed[: n + 1], soft[: n + 1], mixed[n + 1 :], soft[n + 1 :]"
    ),
    loses=["mixmatch.targets", "mixmatch.single"],
)  # fmt: skip
lab.unforeseen(
    "targets-shared-out",
    "each target is divided by the number of views", "chaque cible est divisée par le nombre de vues",
    code=matching(q="[sharpen(guess_labels(model, tf.stack(parts)), temperature) / views] * views"),
    loses=["mixmatch.targets", "mixmatch.views", "mixmatch.single"],
)  # fmt: skip
lab.unforeseen(
    "root-of-the-mean-square",
    "the root of the mean square is taken", "c'est la racine du carré moyen",
    code=costing("tf.sqrt(tf.reduce_mean((tf.nn.softmax(logits_u) - q) ** 2))"),
    loses=["loss.unlabelled", "loss.gradient"],
)  # fmt: skip
lab.unforeseen(
    "weight-on-the-labelled-part",
    "the weight multiplies both parts", "le poids multiplie les deux parties",
    edits=[("labelled + weight * unlabelled", "weight * (labelled + unlabelled)")],
    loses=["loss.labelled", "loss.unlabelled", "loss.gradient"],
)  # fmt: skip
lab.unforeseen(
    "divergence-for-squares",
    "a Kullback–Leibler divergence stands for the squares", "une divergence de Kullback–Leibler au lieu des carrés",
    code=costing("tf.reduce_mean(tf.reduce_sum(q * (tf.math.log(q + 1e-9) - tf.nn.log_softmax(logits_u)), 1))"),
    loses=["loss.unlabelled", "loss.gradient"],
)  # fmt: skip
lab.unforeseen(
    "first-step-counted",
    "the ramp begins at 1 / ramp", "la montée commence à 1 / ramp",
    edits=[('ops.cast(step, "float32") / ramp', '(ops.cast(step, "float32") + 1.0) / ramp')],
    loses=["schedule.values"],
)  # fmt: skip
lab.unforeseen(
    "whole-division",
    "a whole division: 0 until the end of the ramp", "une division entière : 0 jusqu'à la fin de la montée",
    edits=[('ops.cast(step, "float32") / ramp', 'ops.cast(ops.cast(step, "int32") // ramp, "float32")')],
    loses=["schedule.values"],
    may=["ramp-as-a-switch"],
)  # fmt: skip
lab.unforeseen(
    "ramp-upside-down",
    "the weight falls from its maximum to 0", "le poids descend de son maximum à 0",
    edits=[("maximum * ops.clip(", "maximum * (1.0 - ops.clip("), ("/ ramp, 0.0, 1.0)", "/ ramp, 0.0, 1.0))")],
    exercise="schedule",
    loses=["schedule.values"],
)  # fmt: skip
lab.unforeseen(
    "half-and-half",
    "the plain mean of both networks: decay does not count", "la simple moyenne des deux réseaux : decay ne compte pas",
    edits=[("mean.assign(decay * mean + (1 - decay) * weight)", "mean.assign(0.5 * (mean + weight))")],
    loses=["average.update"],
)  # fmt: skip
lab.unforeseen(
    "shares-of-both-too-large",
    "mean + (1 − decay) · weight: the old value does not fade", "moyenne + (1 − decay) · poids : l'ancienne valeur ne s'efface pas",
    edits=[("mean.assign(decay * mean + (1 - decay) * weight)", "mean.assign(mean + (1 - decay) * weight)")],
    loses=["average.update"],
)  # fmt: skip
lab.unforeseen(
    "best-image-of-each-class",
    "argmax over the images", "argmax sur les images",
    edits=[("verbose=0), axis=1)\n    return float(np.mean(found == np.asarray(labels)))",
            "verbose=0), axis=0)\n    return float(np.mean(found == np.asarray(labels)[: len(found)]))")],
    loses=["average.accuracy"],
)  # fmt: skip

# ------------------------------------------------------------------ 5 and after

lab.unforeseen(
    "recipe-of-one-entry",
    "the recipe comes back with the changed setting alone", "la recette revient avec le seul réglage changé",
    edits=[("return {**recipe, **off[idea]}", "return off[idea]")],
    loses=["ablation.settings"],
)  # fmt: skip
lab.unforeseen(
    "another-weight-for-zero",
    "λ_U is 1, not 0, without pseudo-labels", "λ_U vaut 1 et non 0 sans pseudo-étiquettes",
    edits=[('{"lambda_u": 0.0}', '{"lambda_u": 1.0}')],
    loses=["ablation.settings"],
)  # fmt: skip
lab.unforeseen(
    "probabilities-instead-of-losses",
    "the probability of the label is averaged, not its −log", "c'est la probabilité de l'étiquette qui est moyennée, pas son −log",
    edits=[("ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True)",
            "ops.sum(ops.one_hot(label, p.shape[1]) * ops.softmax(logits_strong), axis=1)")],
    loses=["fixmatch.values", "fixmatch.gradient"],
)  # fmt: skip
lab.unforeseen(
    "unsure-ones-kept",
    "the unsure images count, the sure ones do not", "les images incertaines comptent, pas les sûres",
    edits=[("ops.max(p, axis=1) >= threshold", "ops.max(p, axis=1) < threshold")],
    loses=["fixmatch.values", "fixmatch.gradient"],
)  # fmt: skip

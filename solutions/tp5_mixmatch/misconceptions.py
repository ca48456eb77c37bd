"""The named mistakes of TP5: what each is called, what is said to the student, and how it is made."""

from __future__ import annotations

from grader.authoring import LabSpec, Text


def declare(lab: LabSpec) -> None:
    """Make the mistakes known to the lab."""

    def slip(
        id: str, exercise: str, en: str, fr: str, *edits: tuple[str, str],
        hint: tuple[str, str] = ("", ""), code: str = "", credit: float = 0.0,
    ) -> None:  # fmt: skip
        lab.misconception(
            id, exercise, Text(en=en, fr=fr), hint=Text(en=hint[0], fr=hint[1]), edits=edits, code=code,
            credit=credit,
        )  # fmt: skip

    # ------------------------------------------------------------ 1 split
    slip(
        "validation-in-unlabelled",
        "split",
        "the validation images are among the unlabelled ones: the network learns from what is to judge it",
        "les images de validation sont parmi celles sans étiquette : le réseau apprend de ce qui doit le juger",
        ("unlabelled = np.setdiff1d(rest, labelled)", "unlabelled = np.setdiff1d(order, labelled)"),
        hint=(
            "which images may the training not see at all?",
            "quelles images l'entraînement ne doit-il pas voir du tout ?",
        ),
    )
    slip(
        "labelled-in-unlabelled",
        "split",
        "the labelled images are among the unlabelled ones too: they are in two parts",
        "les images étiquetées sont aussi parmi celles sans étiquette : elles sont dans deux parties",
        ("unlabelled = np.setdiff1d(rest, labelled)", "unlabelled = rest"),
    )
    slip(
        "everything-in-unlabelled",
        "split",
        "`u` holds all images, the labelled and the validation ones too",
        "`u` contient toutes les images, les étiquetées et celles de validation aussi",
        ("unlabelled = np.setdiff1d(rest, labelled)", "unlabelled = order"),
    )
    slip(
        "true-labels-of-unlabelled-used",
        "split",
        "the labels of the unlabelled images were used: with more than `per_class` labels a class there is nothing left to guess",
        "les étiquettes des images sans étiquette ont servi : avec plus de `per_class` étiquettes par classe, il n'y a plus rien à deviner",
        ("rest[labels[rest] == c][:per_class]", "rest[labels[rest] == c]"),
        hint=("how many labels is the lab about?", "de combien d'étiquettes parle ce TP ?"),
    )
    slip(
        "unlabelled-balanced-by-label",
        "split",
        "`u` was balanced, and that takes its labels: nobody would know them",
        "`u` a été équilibré, ce qui demande ses étiquettes : personne ne les connaîtrait",
        (
            "unlabelled = np.setdiff1d(rest, labelled)",
            "unlabelled = np.setdiff1d(rest, labelled)\n"
            "    least = min(np.sum(labels[unlabelled] == c) for c in range(10))\n"
            "    unlabelled = np.concatenate([unlabelled[labels[unlabelled] == c][:least] for c in range(10)])",
        ),
    )
    slip(
        "labelled-in-validation",
        "split",
        "labelled images are among the validation ones too: the network is judged on what it has learnt by heart",
        "des images étiquetées sont aussi parmi celles de validation : le réseau est jugé sur ce qu'il a appris par cœur",
        ("rest[labels[rest] == c][:per_class]", "order[labels[order] == c][:per_class]"),
        hint=(
            "from which images are the labelled ones taken?",
            "parmi quelles images les étiquetées sont-elles prises ?",
        ),
    )
    slip(
        "validation-not-drawn",
        "split",
        "the validation images are always the same ones, whatever the seed",
        "les images de validation sont toujours les mêmes, quelle que soit la graine",
        (
            "validation, rest = order[:held], order[held:]",
            "validation, rest = np.arange(held), order[order >= held]",
        ),
    )
    slip(
        "labelled-not-drawn",
        "split",
        "the labelled images are the first of each class, not drawn",
        "les images étiquetées sont les premières de chaque classe, elles ne sont pas tirées",
        (
            "validation, rest = order[:held], order[held:]",
            "validation, rest = order[:held], np.sort(order[held:])",
        ),
    )
    slip(
        "unbalanced-labels",
        "split",
        "the labelled images are drawn without regard to class: some classes have more than others",
        "les images étiquetées sont tirées sans regarder leur classe : certaines en ont plus que d'autres",
        (
            "labelled = np.concatenate([rest[labels[rest] == c][:per_class] for c in range(10)])",
            "labelled = rest[: 10 * per_class]",
        ),
    )
    slip(
        "seed-ignored-in-split",
        "split",
        "another seed draws the same images",
        "une autre graine tire les mêmes images",
        ("np.random.default_rng(seed)", "np.random.default_rng(0)"),
    )
    slip(
        "pixels-not-scaled",
        "split",
        "the pixels still go up to 255",
        "les pixels montent encore à 255",
        ('.astype("float32") / 255', '.astype("float32")'),
    )

    # ------------------------------------------------------------ 2.1 augment
    slip(
        "not-augmented",
        "augment",
        "the images come back as they went in",
        "les images reviennent telles quelles",
        code="""
def augment(images, seed):
    return ops.convert_to_tensor(images)
""",
    )
    slip(
        "one-draw-a-batch",
        "augment",
        "all images of the batch are flipped and shifted alike: one draw is made for all",
        "toutes les images du lot sont retournées et décalées pareil : un seul tirage pour toutes",
        (
            "keras.random.uniform((n, 1, 1, 1), seed=seed)",
            "keras.random.uniform((1, 1, 1, 1), seed=seed)",
        ),
        (
            "down = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)",
            "down = ops.tile(keras.random.randint((1, 1), 0, 2 * SHIFT + 1, seed=seed), (n, 1))",
        ),
        (
            "right = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)",
            "right = ops.tile(keras.random.randint((1, 1), 0, 2 * SHIFT + 1, seed=seed), (n, 1))",
        ),
        hint=("what shape have your draws?", "quelle est la forme de vos tirages ?"),
    )
    slip(
        "no-flip",
        "augment",
        "no image is flipped",
        "aucune image n'est retournée",
        (
            "keras.random.uniform((n, 1, 1, 1), seed=seed) < 0.5",
            "keras.random.uniform((n, 1, 1, 1), seed=seed) < 0.0",
        ),
    )
    slip(
        "always-flipped",
        "augment",
        "every image is flipped; half of them should be",
        "toutes les images sont retournées ; il en faut la moitié",
        (
            "keras.random.uniform((n, 1, 1, 1), seed=seed) < 0.5",
            "keras.random.uniform((n, 1, 1, 1), seed=seed) < 2.0",
        ),
    )
    slip(
        "flipped-upside-down",
        "augment",
        "the images are flipped top to bottom: a boot never stands on its shaft",
        "les images sont retournées haut-bas : une botte ne tient pas sur sa tige",
        ("ops.flip(images, axis=2)", "ops.flip(images, axis=1)"),
    )
    slip(
        "shift-one-short",
        "augment",
        "the shift never reaches +2: the upper limit of a draw of whole numbers is left out",
        "le décalage n'atteint jamais +2 : la borne supérieure d'un tirage d'entiers est exclue",
        (
            "down = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)",
            "down = keras.random.randint((n, 1), 0, 2 * SHIFT, seed=seed)",
        ),
        (
            "right = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)",
            "right = keras.random.randint((n, 1), 0, 2 * SHIFT, seed=seed)",
        ),
    )
    slip(
        "same-shift-both-ways",
        "augment",
        "the vertical and the horizontal shift are always equal: both come from the same draw",
        "les décalages vertical et horizontal sont toujours égaux : les deux viennent du même tirage",
        ("right = keras.random.randint((n, 1), 0, 2 * SHIFT + 1, seed=seed)", "right = down"),
    )
    slip(
        "whole-number-drawn-again",
        "augment",
        "given a whole number as a seed, every draw starts again from it: the two shifts are always equal",
        "avec un entier pour graine, chaque tirage repart de lui : les deux décalages sont toujours égaux",
        ("    seed = generator(seed)\n    images = ", "    images = "),
        hint=(
            "what was the first line of augment for?",
            "à quoi servait la première ligne d'augment ?",
        ),
    )
    slip(
        "only-sideways",
        "augment",
        "the images are shifted sideways only",
        "les images ne sont décalées que de côté",
        ("down + ops.arange(height)", "ops.full_like(down, SHIFT) + ops.arange(height)"),
    )
    slip(
        "wrapped-around",
        "augment",
        "what leaves on one side comes back on the other; black should come in",
        "ce qui sort d'un côté rentre de l'autre ; c'est du noir qui doit entrer",
        (
            "ops.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]])",
            'tf.convert_to_tensor(np.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], mode="wrap"))',
        ),
    )
    slip(
        "border-repeated",
        "augment",
        "the border's pixels are repeated outwards; black should come in",
        "les pixels du bord sont répétés vers l'extérieur ; c'est du noir qui doit entrer",
        (
            "ops.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]])",
            'tf.convert_to_tensor(np.pad(images, [[0, 0], [SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], mode="edge"))',
        ),
    )
    slip(
        "seed-does-not-move",
        "augment",
        "two calls with the same generator give the same views: the draws start again each time",
        "deux appels avec le même générateur donnent les mêmes vues : les tirages recommencent à chaque fois",
        (
            "images = ops.convert_to_tensor(images)",
            "images, seed = ops.convert_to_tensor(images), keras.random.SeedGenerator(7)",
        ),
    )

    # ------------------------------------------------------------ 2.2 guess
    slip(
        "average-logits",
        "guess",
        "the logits are averaged, then the softmax is taken: a single very sure view outvotes all others",
        "on moyenne les logits avant le softmax : une seule vue très sûre l'emporte sur toutes les autres",
        ("p = ops.reshape(ops.softmax(logits), (k, n, -1))", "p = ops.reshape(logits, (k, n, -1))"),
        (
            "ops.stop_gradient(ops.mean(p, axis=0))",
            "ops.stop_gradient(ops.softmax(ops.mean(p, axis=0)))",
        ),
        hint=(
            "what is to be averaged, before or after the softmax?",
            "que faut-il moyenner, avant ou après le softmax ?",
        ),
    )
    slip(
        "no-softmax",
        "guess",
        "logits come back, not probabilities",
        "ce sont des logits qui reviennent, pas des probabilités",
        ("ops.softmax(logits)", "logits"),
    )
    slip(
        "gradient-through-guess",
        "guess",
        "a gradient flows through the guess: the network learns to move its target",
        "un gradient traverse la réponse : le réseau apprend à déplacer sa cible",
        ("return ops.stop_gradient(ops.mean(p, axis=0))", "return ops.mean(p, axis=0)"),
        hint=(
            "which Keras operation lets values through, but no gradient?",
            "quelle opération de Keras laisse passer les valeurs, mais pas le gradient ?",
        ),
    )
    slip(
        "guess-in-inference-mode",
        "guess",
        "the network is called without training=True: batch normalisation takes its moving averages, which come from mixed images",
        "le réseau est appelé sans training=True : la normalisation par lot prend ses moyennes mobiles, qui viennent d'images mélangées",
        (", training=True)", ", training=False)"),
        credit=1.0,
    )
    slip(
        "sum-over-views",
        "guess",
        "the probabilities are summed over the views, not averaged: the rows sum to K",
        "les probabilités sont sommées sur les vues, pas moyennées : les lignes somment à K",
        ("ops.mean(p, axis=0)", "ops.sum(p, axis=0)"),
    )
    slip(
        "mean-over-images",
        "guess",
        "the mean is taken over the images, not over the views",
        "la moyenne est prise sur les images, pas sur les vues",
        ("ops.mean(p, axis=0)", "ops.mean(p, axis=1)"),
    )
    slip(
        "views-not-averaged",
        "guess",
        "only one view is listened to",
        "une seule vue est écoutée",
        ("ops.mean(p, axis=0)", "p[0]"),
    )
    slip(
        "views-and-images-mixed-up",
        "guess",
        "answers of different images are averaged: the axes are cut up in the wrong order",
        "on moyenne les réponses d'images différentes : les axes sont découpés dans le mauvais ordre",
        (
            "p = ops.reshape(ops.softmax(logits), (k, n, -1))",
            "p = ops.swapaxes(ops.reshape(ops.softmax(logits), (n, k, -1)), 0, 1)",
        ),
    )
    slip(
        "sharpen-then-average",
        "guess",
        "each view's answer is sharpened before the mean; the mean comes first",
        "la réponse de chaque vue est affûtée avant la moyenne ; la moyenne vient d'abord",
        (
            "p = ops.reshape(ops.softmax(logits), (k, n, -1))",
            "p = ops.reshape(ops.softmax(2.0 * logits), (k, n, -1))",
        ),
        hint=(
            "what does a view that hesitates weigh, before and after sharpening?",
            "que pèse une vue qui hésite, avant et après affûtage ?",
        ),
    )
    slip(
        "hard-labels",
        "guess",
        "the guess is the most likely class alone; the mean of the probabilities is asked for",
        "la réponse est la seule classe la plus probable ; on demande la moyenne des probabilités",
        (
            "ops.stop_gradient(ops.mean(p, axis=0))",
            "ops.one_hot(ops.argmax(ops.mean(p, axis=0), axis=-1), p.shape[-1])",
        ),
    )

    # ------------------------------------------------------------ 2.3 sharpen
    slip(
        "sharpen-exponent-T",
        "sharpen",
        "the exponent is T, it should be 1/T: that flattens instead of sharpening",
        "l'exposant est T au lieu de 1/T : cela aplatit au lieu d'affûter",
        ("1 / temperature)", "temperature)"),
        hint=(
            "with T = 0.5, should 0.5 become larger or smaller than 0.5?",
            "avec T = 0,5, la valeur 0,5 doit-elle monter ou descendre ?",
        ),
    )
    slip(
        "sharpen-not-renormalised",
        "sharpen",
        "the rows no longer sum to 1: the powers are not divided by their sum",
        "les lignes ne somment plus à 1 : les puissances ne sont pas divisées par leur somme",
        ("powers / ops.sum(powers, axis=-1, keepdims=True)", "powers"),
    )
    slip(
        "sharpen-over-the-batch",
        "sharpen",
        "the powers are divided by the sum over everything, not over the classes of each row",
        "les puissances sont divisées par la somme de tout, pas par celle des classes de chaque ligne",
        ("ops.sum(powers, axis=-1, keepdims=True)", "ops.sum(powers)"),
    )
    slip(
        "softmax-of-probabilities",
        "sharpen",
        "a softmax of p/T is taken: p holds probabilities, not logits",
        "un softmax de p/T est appliqué : p contient des probabilités, pas des logits",
        ("powers / ops.sum(powers, axis=-1, keepdims=True)", "ops.softmax(p / temperature)"),
    )
    slip(
        "temperature-ignored",
        "sharpen",
        "every T gives the same: the square is built in",
        "tout T donne la même chose : le carré est fixé",
        ("ops.power(p, 1 / temperature)", "ops.power(p, 2.0)"),
    )

    # ------------------------------------------------------------ 2.4 mixup
    slip(
        "no-max-lambda",
        "mixup",
        "λ may be below one half: the mixed image can be closer to the second than to the first",
        "λ peut être sous un demi : l'image mélangée peut être plus proche de la seconde que de la première",
        ("    share = ops.maximum(share, 1 - share)\n", ""),
        hint=("what did MixMatch add to MixUp?", "qu'est-ce que MixMatch a ajouté à MixUp ?"),
    )
    slip(
        "min-lambda",
        "mixup",
        "the smaller share goes to the first image",
        "c'est la plus petite part qui va à la première image",
        ("ops.maximum(share, 1 - share)", "ops.minimum(share, 1 - share)"),
    )
    slip(
        "lambda-uniform",
        "mixup",
        "λ does not follow Beta(alpha, alpha): alpha changes nothing",
        "λ ne suit pas Beta(alpha, alpha) : alpha ne change rien",
        (
            "keras.random.beta((n,), alpha, alpha, seed=seed)",
            "keras.random.uniform((n,), seed=seed)",
        ),
    )
    slip(
        "maximum-for-the-batch",
        "mixup",
        "λ and 1 − λ are exchanged for the whole batch at once: some examples stay below one half",
        "λ et 1 − λ sont échangés pour tout le lot d'un coup : certains exemples restent sous un demi",
        (
            "share = ops.maximum(share, 1 - share)",
            "share = ops.where(ops.mean(share) < 0.5, 1 - share, share)",
        ),
        hint=("of what is the maximum taken?", "de quoi prend-on le maximum ?"),
    )
    slip(
        "beta-with-one-parameter",
        "mixup",
        "λ follows Beta(alpha, 1), which is not symmetric",
        "λ suit Beta(alpha, 1), qui n'est pas symétrique",
        (
            "keras.random.beta((n,), alpha, alpha, seed=seed)",
            "keras.random.beta((n,), alpha, 1.0, seed=seed)",
        ),
    )
    slip(
        "seed-ignored-in-mixup",
        "mixup",
        "`seed` does not count: the same seed gives other shares each time",
        "`seed` ne compte pas : la même graine donne d'autres parts à chaque fois",
        (
            "keras.random.beta((n,), alpha, alpha, seed=seed)",
            "keras.random.beta((n,), alpha, alpha)",
        ),
    )
    slip(
        "different-lambda-for-x-and-y",
        "mixup",
        "images and labels are mixed in different shares: the label no longer says what the image holds",
        "images et étiquettes sont mélangées dans des parts différentes : l'étiquette ne dit plus ce que contient l'image",
        (
            "for_labels = ops.reshape(share, (n, 1, 1, 1)), ops.reshape(share, (n, 1))",
            "for_labels = ops.reshape(share, (n, 1, 1, 1)), ops.reshape(ops.maximum(1 - (other := keras.random.beta((n,), alpha, alpha, seed=seed)), other), (n, 1))",
        ),
        hint=("how many times is λ drawn?", "combien de fois λ est-il tiré ?"),
    )
    slip(
        "labels-not-mixed",
        "mixup",
        "the labels come back unmixed",
        "les étiquettes reviennent sans être mélangées",
        ("y = for_labels * y1 + (1 - for_labels) * y2", "y = y1"),
    )
    slip(
        "shares-not-adding-up",
        "mixup",
        "the two shares do not add up to 1",
        "les deux parts ne somment pas à 1",
        ("x = for_images * x1 + (1 - for_images) * x2", "x = for_images * x1 + for_images * x2"),
        ("y = for_labels * y1 + (1 - for_labels) * y2", "y = for_labels * y1 + for_labels * y2"),
    )
    slip(
        "one-lambda-per-batch",
        "mixup",
        "one λ for the whole batch: it works, but an unlucky draw spoils a whole step; draw one an example",
        "un seul λ pour tout le lot : cela marche, mais un tirage malheureux gâche un pas entier ; tirez-en un par exemple",
        (
            "keras.random.beta((n,), alpha, alpha, seed=seed)",
            "ops.tile(keras.random.beta((1,), alpha, alpha, seed=seed), (n,))",
        ),
        credit=1.0,
    )

    # ------------------------------------------------------------ 3.1 mixmatch
    slip(
        "same-augmentation-k-times",
        "mixmatch",
        "the K views of an image are one and the same view",
        "les K vues d'une image sont une seule et même vue",
        (
            "ops.stack([augmentation(u, seed) for _ in range(views)])",
            "ops.stack([augmentation(u, seed)] * views)",
        ),
        hint=(
            "how many times is augment called, and does its seed move on?",
            "combien de fois augment est-il appelé, et sa graine avance-t-elle ?",
        ),
    )
    slip(
        "labels-shuffled-separately",
        "mixmatch",
        "the targets are not mixed as the images are, usually because two orders were drawn: a coat is mixed in, a sandal's label comes with it",
        "les cibles ne sont pas mélangées comme les images, en général parce que deux ordres ont été tirés : on mêle un manteau, avec l'étiquette d'une sandale",
        (
            "ops.take(labels, order, axis=0)",
            "ops.take(labels, keras.random.shuffle(order, seed=seed), axis=0)",
        ),
        hint=("how many orders are drawn?", "combien d'ordres sont tirés ?"),
    )
    slip(
        "guess-differs-per-view",
        "mixmatch",
        "each view has its own guess as a target; the K views of an image share one",
        "chaque vue a sa propre réponse pour cible ; les K vues d'une image en partagent une",
        (
            "q = sharpen(guess_labels(model, all_views), temperature)",
            "q = ops.concatenate([sharpen(guess_labels(model, v[None]), temperature) for v in all_views])",
        ),
        ("ops.tile(q, (views, 1))", "q"),
        hint=(
            "which idea says that all views have one label?",
            "quelle idée dit que toutes les vues ont une même étiquette ?",
        ),
    )
    slip(
        "not-sharpened",
        "mixmatch",
        "the guess is used as it is, not sharpened",
        "la réponse sert telle quelle, sans être affûtée",
        ("sharpen(guess_labels(model, all_views), temperature)", "guess_labels(model, all_views)"),
    )
    slip(
        "temperature-not-passed-on",
        "mixmatch",
        "sharpen is not given `temperature`: another value is fixed",
        "sharpen ne reçoit pas `temperature` : une autre valeur est fixée",
        (
            "sharpen(guess_labels(model, all_views), temperature)",
            "sharpen(guess_labels(model, all_views), 0.5)",
        ),
    )
    slip(
        "hard-targets",
        "mixmatch",
        "the target is the most likely class alone; the sharpened answer is asked for",
        "la cible est la seule classe la plus probable ; on demande la réponse affûtée",
        (
            "sharpen(guess_labels(model, all_views), temperature)",
            "ops.one_hot(ops.argmax(guess_labels(model, all_views), axis=-1), y.shape[1])",
        ),
    )
    slip(
        "cut-at-the-wrong-end",
        "mixmatch",
        "the mixed batch is cut at the wrong place: the labelled images are not where they were put",
        "le lot mélangé est coupé au mauvais endroit : les images étiquetées ne sont pas là où elles ont été mises",
        (
            "return images[:n], labels[:n], images[n:], labels[n:]",
            "return images[-n:], labels[-n:], images[:-n], labels[:-n]",
        ),
        hint=(
            "in which order was everything put together?",
            "dans quel ordre tout a-t-il été mis ensemble ?",
        ),
    )
    slip(
        "partners-drawn-with-replacement",
        "mixmatch",
        "the copy is not shuffled: partners are drawn with replacement, some come twice, others not at all",
        "la copie n'est pas mélangée : les partenaires sont tirés avec remise, certains viennent deux fois, d'autres jamais",
        (
            "keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
            "keras.random.randint((n + views * m,), 0, n + views * m, seed=seed)",
        ),
    )
    slip(
        "seed-ignored-in-mixmatch",
        "mixmatch",
        "`seed` does not count for the order: the same seed mixes other images",
        "`seed` ne compte pas pour l'ordre : la même graine mélange d'autres images",
        (
            "keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
            "keras.random.shuffle(ops.arange(n + views * m))",
        ),
    )
    slip(
        "targets-in-another-order",
        "mixmatch",
        "views and targets do not stand in the same order: a target belongs to another image",
        "vues et cibles ne sont pas dans le même ordre : une cible va à une autre image",
        ("ops.tile(q, (views, 1))", "ops.repeat(q, views, axis=0)"),
    )
    slip(
        "mix-unlabelled-only",
        "mixmatch",
        "only the unlabelled views are mixed; the labelled images come back pure",
        "seules les vues sans étiquette sont mélangées ; les images étiquetées reviennent pures",
        (
            "return images[:n], labels[:n], images[n:], labels[n:]",
            "return x, ops.cast(y, q.dtype), images[n:], labels[n:]",
        ),
    )
    slip(
        "mixed-apart",
        "mixmatch",
        "labelled images meet labelled ones only, unlabelled views only each other",
        "les étiquetées ne rencontrent que des étiquetées, les vues sans étiquette que leurs semblables",
        (
            "order = keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
            "order = ops.concatenate([keras.random.shuffle(ops.arange(n), seed=seed), n + keras.random.shuffle(ops.arange(views * m), seed=seed)])",
        ),
    )
    slip(
        "partners-fixed",
        "mixmatch",
        "each place of the batch is always mixed with the same other place: the order is not drawn",
        "chaque place du lot est toujours mélangée avec la même autre : l'ordre n'est pas tiré",
        (
            "order = keras.random.shuffle(ops.arange(n + views * m), seed=seed)",
            "order = ops.arange(n + views * m)[::-1]",
        ),
    )
    slip(
        "not-mixed",
        "mixmatch",
        "nothing is mixed: mixup is not called, or each image meets itself",
        "rien n'est mélangé : mixup n'est pas appelé, ou chaque image se rencontre elle-même",
        ("    images, labels = mixup(images, labels, *others, alpha, seed)\n", ""),
    )
    slip(
        "labelled-not-augmented",
        "mixmatch",
        "the labelled images are not augmented",
        "les images étiquetées ne sont pas augmentées",
        ("    x = augmentation(x, seed)\n", ""),
    )
    slip(
        "original-counted-as-view",
        "mixmatch",
        "the views are one too many or too few: the original itself is not a view",
        "il y a une vue de trop ou de moins : l'original n'est pas une vue",
        (
            "[augmentation(u, seed) for _ in range(views)]",
            "[u, *(augmentation(u, seed) for _ in range(views - 1))]",
        ),
    )
    slip(
        "alpha-not-passed-on",
        "mixmatch",
        "mixup is not given `alpha`: another value is fixed",
        "mixup ne reçoit pas `alpha` : une autre valeur est fixée",
        (
            "mixup(images, labels, *others, alpha, seed)",
            "mixup(images, labels, *others, 0.75, seed)",
        ),
    )
    slip(
        "gradient-through-targets",
        "mixmatch",
        "a gradient flows through the targets: the network is asked without guess_labels, and nothing stops it",
        "un gradient traverse les cibles : le réseau est interrogé sans guess_labels, et rien ne l'arrête",
        (
            "sharpen(guess_labels(model, all_views), temperature)",
            "sharpen(ops.mean(ops.stack([ops.softmax(model(v, training=True)) for v in all_views]), axis=0), temperature)",
        ),
    )

    slip(
        "guess-from-other-views",
        "mixmatch",
        "the network does not guess from the views that it is trained on, all K of them: from the originals, one view, or views drawn anew",
        "le réseau ne devine pas d'après les vues sur lesquelles il apprend, toutes les K : d'après les originaux, une seule vue, ou des vues tirées à nouveau",
        (
            "guess_labels(model, all_views)",
            "guess_labels(model, ops.stack([augmentation(u, seed) for _ in range(views)]))",
        ),
        hint=("what is guess_labels given?", "que reçoit guess_labels ?"),
    )
    slip(
        "augmentation-ignored",
        "mixmatch",
        "`augmentation` is not used: `augment` is called whatever is given",
        "`augmentation` ne sert pas : `augment` est appelée quoi qu'on donne",
        ("x = augmentation(x, seed)", "x = augment(x, seed)"),
        (
            "[augmentation(u, seed) for _ in range(views)]",
            "[augment(u, seed) for _ in range(views)]",
        ),
    )
    slip(
        "closer-to-the-copy",
        "mixmatch",
        "what comes back is closer to the shuffled copy than to the batch: the two are given to mixup in the wrong order",
        "ce qui revient est plus proche de la copie mélangée que du lot : les deux sont donnés à mixup dans le mauvais ordre",
        (
            "mixup(images, labels, *others, alpha, seed)",
            "mixup(*others, images, labels, alpha, seed)",
        ),
        hint=(
            "which pair does mixup stay closer to?",
            "de quelle paire mixup reste-t-il le plus proche ?",
        ),
    )

    # ------------------------------------------------------------ 3.2 loss, 3.3 schedule
    slip(
        "cross-entropy-on-unlabelled",
        "loss",
        "the unlabelled part is a cross-entropy: one wrong guess may cost anything; a squared difference is bounded",
        "la partie sans étiquette est une entropie croisée : une réponse fausse peut coûter n'importe quoi ; l'écart quadratique est borné",
        (
            "ops.mean((ops.softmax(logits_u) - q) ** 2)",
            "ops.mean(ops.categorical_crossentropy(q, logits_u, from_logits=True))",
        ),
    )
    slip(
        "l2-on-logits",
        "loss",
        "the squared difference is taken of logits; both sides must be probabilities",
        "l'écart quadratique porte sur des logits ; les deux côtés doivent être des probabilités",
        ("(ops.softmax(logits_u) - q) ** 2", "(logits_u - q) ** 2"),
    )
    slip(
        "sum-over-classes",
        "loss",
        "the squares are summed over the classes, not averaged: λ_U counts as many times more as there are classes",
        "les carrés sont sommés sur les classes, pas moyennés : λ_U compte autant de fois plus qu'il y a de classes",
        (
            "ops.mean((ops.softmax(logits_u) - q) ** 2)",
            "ops.mean(ops.sum((ops.softmax(logits_u) - q) ** 2, axis=-1))",
        ),
        hint=("over how many numbers is the mean?", "sur combien de nombres porte la moyenne ?"),
    )
    slip(
        "sum-over-everything",
        "loss",
        "the squares are summed over images and classes, not averaged",
        "les carrés sont sommés sur images et classes, pas moyennés",
        ("ops.mean((ops.softmax(logits_u) - q) ** 2)", "ops.sum((ops.softmax(logits_u) - q) ** 2)"),
    )
    slip(
        "absolute-difference",
        "loss",
        "absolute differences, not squares",
        "des écarts absolus, pas des carrés",
        (
            "ops.mean((ops.softmax(logits_u) - q) ** 2)",
            "ops.mean(ops.abs(ops.softmax(logits_u) - q))",
        ),
    )
    slip(
        "weight-forgotten",
        "loss",
        "the weight λ_U does not count",
        "le poids λ_U ne compte pas",
        ("labelled + weight * unlabelled", "labelled + unlabelled"),
    )
    slip(
        "from-logits-forgotten",
        "loss",
        "the cross-entropy takes the logits for probabilities",
        "l'entropie croisée prend les logits pour des probabilités",
        (
            "ops.categorical_crossentropy(y, logits_x, from_logits=True)",
            "ops.categorical_crossentropy(y, logits_x)",
        ),
    )
    slip(
        "hard-targets-in-loss",
        "loss",
        "only the most likely class of a mixed label counts; a mixed label is soft",
        "seule la classe la plus probable d'une étiquette mélangée compte ; elle est molle",
        (
            "ops.categorical_crossentropy(y, logits_x, from_logits=True)",
            "ops.sparse_categorical_crossentropy(ops.argmax(y, axis=-1), logits_x, from_logits=True)",
        ),
    )
    slip(
        "labelled-summed",
        "loss",
        "the cross-entropies are summed over the images, not averaged",
        "les entropies croisées sont sommées sur les images, pas moyennées",
        ("    labelled = ops.mean(", "    labelled = ops.sum("),
    )
    slip(
        "no-ramp",
        "schedule",
        "λ_U is at its maximum from the first step: the first guesses are chance, and are learnt",
        "λ_U est au maximum dès le premier pas : les premières réponses sont du hasard, et elles sont apprises",
        (
            'maximum * ops.clip(ops.cast(step, "float32") / ramp, 0.0, 1.0)',
            'maximum + 0.0 * ops.cast(step, "float32")',
        ),
    )
    slip(
        "ramp-in-wrong-unit",
        "schedule",
        "the growth takes another time than `ramp` steps: it counts images or epochs, not steps",
        "la montée prend un autre temps que `ramp` pas : elle compte des images ou des époques, pas des pas",
        ('ops.cast(step, "float32") / ramp', 'RECIPE["batch"] * ops.cast(step, "float32") / ramp'),
    )
    slip(
        "ramp-without-end",
        "schedule",
        "the weight goes on growing after the ramp",
        "le poids continue de croître après la montée",
        (
            'ops.clip(ops.cast(step, "float32") / ramp, 0.0, 1.0)',
            'ops.cast(step, "float32") / ramp',
        ),
    )
    slip(
        "ramp-as-a-switch",
        "schedule",
        "the weight jumps from 0 to its maximum; it should grow in a straight line",
        "le poids saute de 0 à son maximum ; il doit monter en ligne droite",
        (
            'ops.clip(ops.cast(step, "float32") / ramp, 0.0, 1.0)',
            'ops.cast(step >= ramp, "float32")',
        ),
    )

    # ------------------------------------------------------------ 3.4 average
    slip(
        "decay-the-wrong-way",
        "average",
        "decay and 1 − decay are exchanged: the average forgets almost everything at each step",
        "decay et 1 − decay sont échangés : la moyenne oublie presque tout à chaque pas",
        (
            "mean.assign(decay * mean + (1 - decay) * weight)",
            "mean.assign((1 - decay) * mean + decay * weight)",
        ),
    )
    slip(
        "statistics-left-out",
        "average",
        "only the trainable weights are averaged: the normalisation's statistics stay behind",
        "seuls les poids entraînables sont moyennés : les statistiques de normalisation restent en arrière",
        (
            "zip(average.weights, model.weights)",
            "zip(average.trainable_weights, model.trainable_weights)",
        ),
    )
    slip(
        "statistics-copied",
        "average",
        "the normalisation's statistics are copied; they should be averaged as all weights",
        "les statistiques de normalisation sont copiées ; il faut les moyenner comme tous les poids",
        (
            "        mean.assign(decay * mean + (1 - decay) * weight)",
            "        mean.assign(decay * mean + (1 - decay) * weight if mean.trainable else weight)",
        ),
    )
    slip(
        "the-wrong-network-moves",
        "average",
        "the network that learns is changed, and the average stays where it is",
        "c'est le réseau qui apprend qui change, et la moyenne reste où elle est",
        (
            "mean.assign(decay * mean + (1 - decay) * weight)",
            "weight.assign(decay * weight + (1 - decay) * mean)",
        ),
    )
    slip(
        "copied-not-averaged",
        "average",
        "the weights are copied: nothing is averaged",
        "les poids sont copiés : rien n'est moyenné",
        ("mean.assign(decay * mean + (1 - decay) * weight)", "mean.assign(weight)"),
    )
    slip(
        "model-changed",
        "average",
        "the network that learns is changed too",
        "le réseau qui apprend est modifié aussi",
        (
            "mean.assign(decay * mean + (1 - decay) * weight)",
            "mean.assign(decay * mean + (1 - decay) * weight)\n        weight.assign(mean)",
        ),
    )
    slip(
        "ema-not-evaluated",
        "average",
        "the network that learns is asked; the averaged one should answer",
        "c'est le réseau qui apprend qui est interrogé ; c'est le réseau moyen qui doit répondre",
        ("average.predict(images", "model.predict(images"),
    )
    slip(
        "answers-in-training-mode",
        "average",
        "the averaged network answers as in training: with the statistics of these images, not with its own",
        "le réseau moyen répond comme à l'entraînement : avec les statistiques de ces images, pas avec les siennes",
        (
            "average.predict(images, batch_size=500, verbose=0)",
            "np.asarray(average(ops.convert_to_tensor(images), training=True))",
        ),
    )
    slip(
        "percent",
        "average",
        "that is in percent; a share between 0 and 1 is asked for",
        "c'est en pour cent ; on demande une part entre 0 et 1",
        (
            "float(np.mean(found == np.asarray(labels)))",
            "100 * float(np.mean(found == np.asarray(labels)))",
        ),
    )
    slip(
        "error-not-accuracy",
        "average",
        "that is the share of wrong answers",
        "c'est la part de réponses fausses",
        (
            "float(np.mean(found == np.asarray(labels)))",
            "float(np.mean(found != np.asarray(labels)))",
        ),
    )

    # ------------------------------------------------------------ 5 ablation, 7 fixmatch
    slip(
        "recipe-changed-in-place",
        "ablation",
        "the recipe that was given is changed: from then on every row of the table lacks that idea too",
        "la recette donnée est modifiée : toutes les lignes suivantes du tableau sont aussi privées de cette idée",
        ("return {**recipe, **off[idea]}", "recipe.update(off[idea])\n    return recipe"),
    )
    slip(
        "temperature-zero-for-off",
        "ablation",
        "sharpening is off at T = 1; towards 0 it is strongest",
        "l'affûtage est éteint à T = 1 ; vers 0 il est au plus fort",
        ('{"temperature": 1.0}', '{"temperature": 0.0}'),
    )
    slip(
        "no-views-at-all",
        "ablation",
        "without consistency there is still one view",
        "sans cohérence il reste une vue",
        ('{"views": 1}', '{"views": 0}'),
    )
    slip(
        "fixmatch-mean-over-sure",
        "fixmatch",
        "the mean is over the sure images only; it should be over all",
        "la moyenne porte sur les seules images sûres ; elle doit porter sur toutes",
        (
            "return ops.mean(sure * ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True))",
            "return ops.sum(sure * ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True)) / ops.maximum(ops.sum(sure), 1.0)",
        ),
    )
    slip(
        "fixmatch-threshold-ignored",
        "fixmatch",
        "unsure images count too",
        "les images incertaines comptent aussi",
        ("ops.cast(ops.max(p, axis=1) >= threshold, p.dtype)", "ops.ones_like(p[:, 0])"),
    )
    slip(
        "fixmatch-soft-labels",
        "fixmatch",
        "the labels are soft; the most likely class alone is asked for",
        "les étiquettes sont molles ; on demande la seule classe la plus probable",
        (
            "ops.sparse_categorical_crossentropy(label, logits_strong, from_logits=True)",
            "ops.categorical_crossentropy(p, logits_strong, from_logits=True)",
        ),
    )
    slip(
        "fixmatch-threshold-on-strong",
        "fixmatch",
        "the strong view decides which images count; the weak one should",
        "c'est la vue forte qui décide des images qui comptent ; ce doit être la faible",
        (
            "ops.max(p, axis=1) >= threshold",
            "ops.max(ops.softmax(logits_strong), axis=1) >= threshold",
        ),
    )

"""1 of TP5: which images the training may see, and what it may know of them."""

from __future__ import annotations

import numpy as np
from lab import chosen, holds, lab

from grader.authoring import Close, Draw, Exact, Handle, Student, numpy_array

split = lab.exercise("split", "1", "Who may see what", "Ce que chacun a le droit de voir", "split")


def pool(draw: Draw, student: Student) -> dict[str, Handle]:
    """What can be seen of the parts that `split` makes of images whose first two pixels number them."""
    draw = draw.named("pool")
    n = int(draw.rng.integers(300, 360))
    per_class, held = draw.sizes(2, 3, 9)
    held += 30
    labels = np.concatenate([np.arange(10).repeat(12), draw.rng.integers(0, 10, n - 120)])
    labels = draw.rng.permutation(labels).astype(np.uint8)
    coarse = draw.rng.integers(0, 256, (n, 4, 4)).astype(np.uint8)  # a key of noise would be large
    images = coarse.repeat(7, axis=1).repeat(7, axis=2)
    images[:, 0, 0], images[:, 0, 1] = np.arange(n) % 256, np.arange(n) // 256
    reader = np.zeros((28 * 28, 1))
    reader[:2, 0] = 255, 255 * 256
    seed = int(draw.rng.integers(1000))
    given = (numpy_array(images), numpy_array(labels), per_class, held)
    xp = student.np

    def numbers(part: Handle) -> tuple[Handle, Handle, Handle]:
        """The images' numbers, how many they are, and in order."""
        flat = xp.reshape(part, [-1, 784])
        scaled = xp.divide(flat, xp.max(flat, initial=0.0))
        read = xp.reshape(xp.rint(xp.matmul(scaled, numpy_array(reader))), [-1])
        return read, xp.size(read), xp.sort(read)

    def true_labels(read: Handle) -> Handle:
        return xp.take(numpy_array(labels), xp.int64(read))

    with student.shared():
        parts = student.split(*given, seed)
        x, x_count, x_set = numbers(parts["x"])
        u, u_count, _ = numbers(parts["u"])
        x_val, x_val_count, x_val_set = numbers(parts["x_val"])
        again, other, third = (student.split(*given, s) for s in (seed, seed + 1, seed + 2))
        _, _, other_x_set = numbers(other["x"])
        _, _, other_x_val_set = numbers(other["x_val"])
        _, _, third_x_val_set = numbers(third["x_val"])
        in_all = xp.size(xp.unique(xp.concatenate([x, u, x_val])))
        classes = xp.argmax(parts["y"], axis=1)
        return {
            "x_count": x_count,
            "u_count": u_count,
            "x_val_count": x_val_count,
            "in_all": in_all,
            "labels_right": xp.array_equal(classes, true_labels(x)),
            "balanced": holds(student, xp.sum(parts["y"], axis=0), float(per_class)),
            "as_many_of_each": xp.less(xp.ptp(xp.sum(parts["y"], axis=0)), 0.5),
            "validation_labels_right": xp.array_equal(parts["y_val"], true_labels(x_val)),
            "same_seed_same_images": xp.array_equal(parts["x"], again["x"]),
            "other_seed_same_images": xp.array_equal(x_set, other_x_set),
            "other_seed_same_validation": xp.array_equal(x_val_set, other_x_val_set),
            "third_seed_same_validation": xp.array_equal(x_val_set, third_x_val_set),
            "labelled_in_validation": xp.size(xp.intersect1d(x, x_val)),
            "labelled_from_all_over": xp.greater(xp.max(x, initial=0.0), 0.6 * n),
            "labelled_from_the_start": xp.less(xp.mean(x), 0.3 * n),
            "largest": xp.max(parts["x"]),
            "largest_in_validation": xp.max(parts["x_val"]),
            "u_shape": xp.shape(xp.asarray(parts["u"])),
            "y_shape": xp.shape(xp.asarray(parts["y"])),
        }


@split.check(
    "parts", 1.0, "parts", "parties",
    asked=("no image in two parts, none left out", "aucune image dans deux parties, aucune oubliée"),
    expect={"largest": Close(), "largest_in_validation": Close(), "u_shape": Exact(), "y_shape": Exact()},
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, pool(draw, student), "x_count", "u_count", "x_val_count", "labelled_in_validation",
        "in_all", "largest", "largest_in_validation", "u_shape", "y_shape",
    )  # fmt: skip


@split.check(
    "labels", 0.5, "labels", "étiquettes",
    asked=("as many of each class, the right ones, drawn from all; another seed, other images",
           "autant de chaque classe, les bonnes, tirées parmi toutes ; autre graine, autres images"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    return chosen(
        student, pool(draw, student), "labels_right", "balanced", "as_many_of_each",
        "validation_labels_right", "same_seed_same_images", "other_seed_same_images",
        "other_seed_same_validation", "third_seed_same_validation", "labelled_from_all_over",
        "labelled_from_the_start",
    )  # fmt: skip


def splitting(
    u: str = "np.setdiff1d(rest, chosen)",
    take: str = "[:per_class]",
    seed: str = "seed",
    balance: str = "",
    halves: str = "numbers[:held], numbers[held:]",
    among: str = "rest",
) -> str:
    """The split by a loop over classes, with one thing changed."""
    return f"""
def split(images, labels, per_class, held, seed):
    rng = np.random.default_rng({seed})
    numbers = np.arange(len(labels))
    rng.shuffle(numbers)
    validation, rest = {halves}
    chosen = []
    for c in range(10):
        chosen += [i for i in {among} if labels[i] == c]{take}
    chosen = np.array(chosen)
    unlabelled = {u}
    {balance}
    pixels = np.float32(images / 255.0).reshape(-1, 28, 28, 1)
    return dict(
        x=pixels[chosen], y=np.float32(keras.utils.to_categorical(labels[chosen], 10)), u=pixels[unlabelled],
        x_val=pixels[validation], y_val=labels[validation],
    )
"""


split.slip(
    "validation-in-unlabelled",
    "the validation images are among the unlabelled ones: the network learns from what is to judge it",
    "les images de validation sont parmi celles sans étiquette : le réseau apprend de ce qui doit le juger",
    ("unlabelled = np.setdiff1d(rest, labelled)", "unlabelled = np.setdiff1d(order, labelled)"),
    hint=[
        ("look at what is taken away to get `u`",
         "regardez ce qui est retiré pour obtenir `u`"),
        ("count the images that are in both u and x_val",
         "comptez les images qui sont à la fois dans u et x_val"),
        ("take `u` from what is left once validation and labelled images are out",
         "prenez `u` dans ce qui reste une fois la validation et les étiquetées retirées"),
    ],
    loses=["parts"],
    mutant=splitting(u="np.setdiff1d(numbers, chosen)"),
)  # fmt: skip
split.slip(
    "labelled-in-unlabelled",
    "the labelled images are among the unlabelled ones too: they are in two parts",
    "les images étiquetées sont aussi parmi celles sans étiquette : elles sont dans deux parties",
    ("unlabelled = np.setdiff1d(rest, labelled)", "unlabelled = rest"),
    hint=[
        ("look at what is taken away to get `u`",
         "regardez ce qui est retiré pour obtenir `u`"),
        ("add up the sizes of x, u and x_val: it must be the number of images",
         "additionnez les tailles de x, u et x_val : ce doit être le nombre d'images"),
        ("take the labelled images out of what the validation left",
         "retirez les étiquetées de ce que la validation a laissé"),
    ],
    loses=["parts"],
    mutant=splitting(u="rest.copy()"),
)  # fmt: skip
split.slip(
    "everything-in-unlabelled",
    "`u` holds all images, the labelled and the validation ones too",
    "`u` contient toutes les images, les étiquetées et celles de validation aussi",
    ("unlabelled = np.setdiff1d(rest, labelled)", "unlabelled = order"),
    hint=[
        ("look at what is taken away to get `u`",
         "regardez ce qui est retiré pour obtenir `u`"),
        ("add up the sizes of x, u and x_val: it must be the number of images",
         "additionnez les tailles de x, u et x_val : ce doit être le nombre d'images"),
        ("both other parts must be gone from `u`",
         "les deux autres parties doivent avoir quitté `u`"),
    ],
    loses=["parts"],
    mutant=splitting(u="np.arange(len(images))"),
)  # fmt: skip
split.slip(
    "true-labels-of-unlabelled-used",
    "the labels of the unlabelled images were used: with more than `per_class` labels a class there is nothing left to guess",
    "les étiquettes des images sans étiquette ont servi : avec plus de `per_class` étiquettes par classe, il n'y a plus rien à deviner",
    ("rest[labels[rest] == c][:per_class]", "rest[labels[rest] == c]"),
    hint=[
        ("count the rows of `y`",
         "comptez les lignes de `y`"),
        ("with per_class = 10 there must be 100 of them: how many are there?",
         "avec per_class = 10 il en faut 100 : combien y en a-t-il ?"),
        ("stop after the first `per_class` images of each class; the others go to `u` without labels",
         "arrêtez-vous après `per_class` images par classe ; les autres vont dans `u` sans étiquette"),
    ],
    loses=["parts", "labels"],
    mutant=splitting(take=""),
)  # fmt: skip
split.slip(
    "unlabelled-balanced-by-label",
    "`u` was balanced, and that takes its labels: nobody would know them",
    "`u` a été équilibré, ce qui demande ses étiquettes : personne ne les connaîtrait",
    ("unlabelled = np.setdiff1d(rest, labelled)",
     "unlabelled = np.setdiff1d(rest, labelled)\n    least = min(np.sum(labels[unlabelled] == c) for c in range(10))\n    unlabelled = np.concatenate([unlabelled[labels[unlabelled] == c][:least] for c in range(10)])"),
    hint=[
        ("look for `labels` where `u` is made",
         "cherchez `labels` là où `u` est fait"),
        ("would your code run if the labels of `u` were not there?",
         "votre code tournerait-il si les étiquettes de `u` n'existaient pas ?"),
        ("keep all that is left, whatever the classes",
         "gardez tout ce qui reste, quelles que soient les classes"),
    ],
    loses=["parts"],
    mutant=splitting(
        balance="smallest = np.bincount(labels[unlabelled], minlength=10).min()\n    unlabelled = np.array([i for c in range(10) for i in [j for j in unlabelled if labels[j] == c][:smallest]])",
    ),
)  # fmt: skip
split.slip(
    "labelled-in-validation",
    "labelled images are among the validation ones too: the network is judged on what it has learnt by heart",
    "des images étiquetées sont aussi parmi celles de validation : le réseau est jugé sur ce qu'il a appris par cœur",
    ("rest[labels[rest] == c][:per_class]", "order[labels[order] == c][:per_class]"),
    hint=[
        ("look at the images among which the labelled ones are chosen",
         "regardez parmi quelles images les étiquetées sont choisies"),
        ("count the images that are in both x and x_val: there must be none",
         "comptez les images à la fois dans x et x_val : il n'en faut aucune"),
        ("choose them from what is left once the validation is taken out",
         "choisissez-les dans ce qui reste une fois la validation retirée"),
    ],
    loses=["parts"],
    mutant=splitting(among="numbers"),
)  # fmt: skip
split.slip(
    "validation-not-drawn",
    "the validation images are always the same ones, whatever the seed",
    "les images de validation sont toujours les mêmes, quelle que soit la graine",
    ("validation, rest = order[:held], order[held:]",
     "validation, rest = np.arange(held), order[order >= held]"),
    hint=[
        ("look at the numbers of the validation images",
         "regardez les numéros des images de validation"),
        ("split with seeds 1 and 2: is x_val the same?",
         "séparez avec les graines 1 et 2 : x_val est-il le même ?"),
        ("the drawn order decides about the validation too",
         "l'ordre tiré décide aussi de la validation"),
    ],
    loses=["labels"],
    mutant=splitting(halves="numbers[numbers < held], numbers[numbers >= held]"),
)  # fmt: skip
split.slip(
    "labelled-not-drawn",
    "the labelled images are the first of each class, not drawn",
    "les images étiquetées sont les premières de chaque classe, elles ne sont pas tirées",
    ("validation, rest = order[:held], order[held:]",
     "validation, rest = order[:held], np.sort(order[held:])"),
    hint=[
        ("look at the numbers of the labelled images",
         "regardez les numéros des images étiquetées"),
        ("print them: are they all small?",
         "affichez-les : sont-ils tous petits ?"),
        ("go through the images in the drawn order, not in their own",
         "parcourez les images dans l'ordre tiré, pas dans le leur"),
    ],
    loses=["labels"],
    mutant=splitting(among="sorted(rest)"),
)  # fmt: skip
split.slip(
    "unbalanced-labels",
    "the labelled images are drawn without regard to class: some classes have more than others",
    "les images étiquetées sont tirées sans regarder leur classe : certaines en ont plus que d'autres",
    ("labelled = np.concatenate([rest[labels[rest] == c][:per_class] for c in range(10)])",
     "labelled = rest[: 10 * per_class]"),
    hint=[
        ("print y.sum(axis=0)",
         "affichez y.sum(axis=0)"),
        ("each class should have `per_class`: which has most, which least?",
         "chaque classe doit en avoir `per_class` : laquelle en a le plus, le moins ?"),
        ("choose class by class, as many in each",
         "choisissez classe par classe, autant dans chacune"),
    ],
    loses=["labels"],
    mutant=[
        ("labelled = np.concatenate([rest[labels[rest] == c][:per_class] for c in range(10)])",
         "labelled = np.random.default_rng(seed + 5).choice(rest, 10 * per_class, replace=False)"),
    ],
)  # fmt: skip
split.slip(
    "seed-ignored-in-split",
    "another seed draws the same images",
    "une autre graine tire les mêmes images",
    ("np.random.default_rng(seed)", "np.random.default_rng(0)"),
    hint=[
        ("look for `seed` in the function",
         "cherchez `seed` dans la fonction"),
        ("split with seeds 1 and 2: are the images the same?",
         "séparez avec les graines 1 et 2 : les images sont-elles les mêmes ?"),
        ("make the generator from the argument",
         "faites le générateur à partir de l'argument"),
    ],
    loses=["labels"],
    mutant=splitting(seed="42"),
)  # fmt: skip
split.slip(
    "pixels-not-scaled",
    "the pixels still go up to 255",
    "les pixels montent encore à 255",
    ('.astype("float32") / 255', '.astype("float32")'),
    hint=[
        ("print parts[\"x\"].max()",
         "affichez parts[\"x\"].max()"),
        ("between which values must the pixels lie?",
         "entre quelles valeurs doivent être les pixels ?"),
        ("divide by the largest value of a uint8",
         "divisez par la plus grande valeur d'un uint8"),
    ],
    loses=["parts"],
)  # fmt: skip

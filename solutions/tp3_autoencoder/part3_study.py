"""3 and 4 of TP3: four networks compared, and galleries told apart."""

from __future__ import annotations

from typing import Any

import nets
import numpy as np
from lab import COUNTS, GALLERIES, images, lab, rescaling, rounded

from grader.authoring import Close, Draw, Exact, Measured, Student, numpy_array
from grader.check.answers import read_number

# ------------------------------------------------------------------ 3 the study

study = lab.exercise("study", "3", "The study", "L'étude")

for name in "ABCD":

    @study.clean(name, 0.5, f"{name}, on images never seen", f"{name}, sur des images jamais vues",
        recording=name,
        expect={"parameters": Exact(), "test_mse": lab.metric(f"study.{name}", "mean")},
        data=lambda draw, name=name: (images(draw)[0], {"parameters": COUNTS[name]}))
    def _(recording: Any, inputs: Any) -> dict[str, Any]:
        return {"parameters": recording.parameters, "test_mse": nets.mse(recording, inputs["test"])}


# ------------------------------------------------------------------ 3.1 gallery

gallery = lab.exercise("gallery", "3.1", "The gallery", "La galerie", "gallery")


@gallery.check("values", 1.0, "four rows", "quatre lignes",
    asked=("training originals, theirs, test originals, theirs",
           "originaux d'entraînement, leurs reconstructions, originaux de test, les leurs"))
def _(draw: Draw, student: Student):
    n, m, count = sorted(draw.sizes(3, 3, 9), reverse=True)
    seen, new = rounded(draw.uniform(n, 784)), rounded(draw.uniform(m, 784))
    return student.gallery(rescaling(draw, student), numpy_array(seen), numpy_array(new), count)


gallery.slip("train-shown-as-test",
    "the rows called test show training images",
    "les lignes de test montrent des images d'entraînement",
    ("for x in (x_train[:count], x_test[:count]):", "for x in (x_train[:count], x_train[:count]):"),
    hint=[("the two last rows", "les deux dernières lignes"),
          ("compare rows 0 and 2 of your result: they must be different images",
           "comparez les lignes 0 et 2 de votre résultat : ce doivent être des images différentes"),
          ("take the last two rows from x_test", "tirez les deux dernières lignes de x_test")],
    loses=["values"], mutant="""
def gallery(model, x_train, x_test, count):
    shown = x_train[:count]
    made = np.asarray(model(shown))
    return np.array([shown, made, shown, made])
""")
gallery.slip("reconstruction-first",
    "the reconstructions stand above the originals",
    "les reconstructions sont au-dessus des originaux",
    ("[np.asarray(x), np.asarray(model(x))]", "[np.asarray(model(x)), np.asarray(x)]"),
    hint=[("the order within each pair of rows", "l'ordre dans chaque paire de lignes"),
          ("row 0 must be x_train[:count] to the last digit",
           "la ligne 0 doit être x_train[:count] au chiffre près"),
          ("originals above, what the model makes of them below",
           "les originaux au-dessus, ce qu'en fait le modèle au-dessous")],
    loses=["values"])
gallery.slip("test-first",
    "the test images come first",
    "les images de test viennent d'abord",
    ("(x_train[:count], x_test[:count])", "(x_test[:count], x_train[:count])"),
    hint=[("the order of the two pairs of rows", "l'ordre des deux paires de lignes"),
          ("row 0 must be x_train[:count]", "la ligne 0 doit être x_train[:count]"),
          ("training images first, test images after them",
           "les images d'entraînement d'abord, celles de test ensuite")],
    loses=["values"])

# ------------------------------------------------------------------ 3.2 rank

rank = lab.exercise("rank", "3.2", "Rank", "Classer", "rank")


@rank.check("values", 0.5, "order", "ordre",
    asked=("by test error, best first", "par erreur de test, meilleur en tête"))
def _(draw: Draw, student: Student):
    def order(key: np.ndarray) -> list[int]:
        return np.argsort(key).tolist()

    while True:
        train = 0.01 + 0.002 * draw.rng.permutation(5)
        test = 0.02 + 0.003 * draw.rng.permutation(5)
        other = (np.arange(5), train, -train, -test, test - train, test / train, train + test)
        if order(test) not in map(order, other):
            break
    return student.rank({n: list(map(float, e)) for n, *e in zip("ABCDE", train, test, strict=True)})


rank.slip("ranked-on-train",
    "the order is that of the training errors: what was learnt by heart is not what is asked",
    "l'ordre est celui des erreurs d'entraînement : on ne demande pas qui sait par cœur",
    ("errors[name][1]", "errors[name][0]"),
    hint=[("which of the two errors is compared", "laquelle des deux erreurs est comparée"),
          ("rank {'a': (0, 9), 'b': (5, 6)}: who does better on new images?",
           "classez {'a': (0, 9), 'b': (5, 6)} : qui fait mieux sur des images neuves ?"),
          ("sort by the second number of each pair", "triez selon le second nombre de chaque paire")],
    loses=["values"],
    mutant="def rank(errors):\n    return [n for _, n in sorted((train, name) for name, (train, test) in errors.items())]")
rank.slip("worst-first",
    "the worst comes first",
    "le plus mauvais vient en tête",
    ("errors[name][1])", "-errors[name][1])"),
    hint=[("the direction of the sort", "le sens du tri"),
          ("rank {'a': (0, 1), 'b': (0, 2)}: the smaller error must come first",
           "classez {'a': (0, 1), 'b': (0, 2)} : la plus petite erreur doit venir en tête"),
          ("an error is best when it is small: sort upwards",
           "une erreur est d'autant meilleure qu'elle est petite : triez en montant")],
    loses=["values"],
    mutant="def rank(errors):\n    return sorted(errors, key=lambda n: errors[n][-1], reverse=True)")
rank.slip("ranked-on-gap",
    "the order is that of the gap between the two errors",
    "l'ordre est celui de l'écart entre les deux erreurs",
    ("errors[name][1])", "errors[name][1] - errors[name][0])"),
    hint=[("the number by which the names are sorted", "le nombre selon lequel les noms sont triés"),
          ("rank {'a': (8, 9), 'b': (1, 4)}: the small gap of a does not make it good",
           "classez {'a': (8, 9), 'b': (1, 4)} : le petit écart de a n'en fait pas un bon réseau"),
          ("sort by the test error itself", "triez selon l'erreur de test elle-même")],
    loses=["values"])

# ------------------------------------------------------------------ 3.3 verdicts

verdicts = lab.exercise("verdicts", "3.3", "Your verdicts", "Vos verdicts")


def errors(recording: Any, inputs: Any) -> tuple[float, float]:
    """Its errors on training and on test images."""
    return nets.mse(recording, inputs["train"]), nets.mse(recording, inputs["test"])


def verdict(name: str) -> None:
    @verdicts.clean(name, 0.5, f"verdict on {name}", f"verdict sur {name}",
        asked=("the verdict that your own network supports", "le verdict que soutient votre propre réseau"),
        recordings=[name], answers=[f"verdict_{name}"], expect={"verdict": Exact()}, data=images)
    def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
        train, test = errors(recordings[name], inputs)
        right = nets.accepted(train, test, nets.pca_line(inputs["train"], nets.SIZES[name][-1]))
        given = nets.word(answers[f"verdict_{name}"])
        mistake = ""
        if given not in right:
            if given == nets.UNDER or (given == nets.WELL and right[0] == nets.UNDER):
                mistake = "conclusion-reversed"
            elif given == nets.OVER and right[0] == nets.UNDER:
                mistake = "gap-before-training-error"
        return Measured(
            {"verdict": given}, expected={"verdict": given if given in right else right[0]}, mistake=mistake
        )


def ratio(name: str) -> None:
    @verdicts.clean(f"verdicts.ratio_{name}", 0.25,
        f"test over training error of {name}", f"erreur de test sur entraînement de {name}",
        asked=("within 15 % of what your network shows", "à 15 % près de ce que montre votre réseau"),
        recordings=[name], answers=[f"ratio_{name}"],
        expect={"ratio": Close(rtol=0.15, atol=0)}, data=images)
    def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
        train, test = errors(recordings[name], inputs)
        given = read_number(answers[f"ratio_{name}"])
        value = float("nan") if given is None else given
        upside_down = value > 0 and abs(1 / value / (test / train) - 1) < 0.15
        alike = abs(value * train / test - 1) < 0.15
        mistake = "ratio-upside-down" if upside_down and not alike else ""
        return Measured({"ratio": value}, expected={"ratio": test / train}, mistake=mistake)


for name in "ABCD":
    verdict(name)
for name in "BD":
    ratio(name)


@verdicts.clean("best", 0.25, "the best on new images", "le meilleur sur des images neuves",
    asked=("the network with your lowest test error", "le réseau de plus petite erreur de test chez vous"),
    recordings=["A", "B", "C", "D"], answers=["best"], expect={"best": Exact()}, data=images)
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    right = nets.best({name: nets.mse(recordings[name], inputs["test"]) for name in "ABCD"})
    given = nets.letter(answers["best"])
    return Measured({"best": given}, expected={"best": given if given in right else right[0]})


@verdicts.clean("largest_gap", 0.25, "the exam's claim about B", "l'affirmation de l'examen sur B",
    asked=("the network whose test error is the largest multiple of its training error",
           "le réseau dont l'erreur de test est le plus grand multiple de celle d'entraînement"),
    recordings=["A", "B", "C", "D"], answers=["largest_gap"], expect={"largest_gap": Exact()}, data=images)
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    found = {name: errors(recordings[name], inputs) for name in "ABCD"}
    right = nets.largest({name: test / train for name, (train, test) in found.items()})
    given = nets.letter(answers["largest_gap"])
    return Measured(
        {"largest_gap": given},
        expected={"largest_gap": given if given in right else right[0]},
        mistake="exam-quoted" if given == "B" and "B" not in right else "",
    )


verdicts.question("verdict_words", 0.5, "the exam's claim, in your words", "l'affirmation de l'examen, par vos mots",
    type="text",
    asked=("'B is excellent in training and bad on test': does this hold for your networks? Two sentences, with at "
           "least two of your ratios; then what 12,000 images change for one of them, in numbers.",
           "« B est excellent en entraînement et mauvais en test » : est-ce vrai chez vous ? Deux phrases, avec au moins "
           "deux de vos rapports ; puis ce que 12 000 images changent pour l'un des réseaux, nombres à l'appui."),
    rubric=[(0.2, ("the verdict follows from the figures quoted", "le verdict découle des nombres cités")),
            (0.15, ("two ratios of the own table, B's among them", "deux rapports de sa propre table, dont celui de B")),
            (0.15, ("with 12,000 images the gap closes: data, not more steps",
                    "avec 12 000 images l'écart se referme : des données, pas plus de pas"))],
    guide=("the table is the student's own: what counts is that verdict and figures agree",
           "la table est celle de l'étudiant : ce qui compte est que verdict et nombres s'accordent"))
verdicts.slip("conclusion-reversed",
    "the verdict is the reverse of what your own network shows: compare its training error with the PCA line again",
    "le verdict est l'inverse de ce que montre votre propre réseau : comparez encore son erreur d'entraînement à la ligne ACP",
    hint=[("the training error of this network in your table, and the PCA line of its code size",
           "l'erreur d'entraînement de ce réseau dans votre tableau, et la ligne ACP de sa taille de code"),
          ("is it above the line? Only then it has not learnt its own images",
           "est-elle au-dessus de la ligne ? Alors seulement il n'a pas appris ses propres images"),
          ("below the line, the ratio test / training decides between well and over",
           "sous la ligne, c'est le rapport test / entraînement qui tranche entre bien et sur-appris")],
    measured=True, loses=["A", "B", "C", "D"],
    answers={"verdict_A": "under", "verdict_B": "under", "verdict_C": "well", "verdict_D": "well"})
verdicts.slip("gap-before-training-error",
    "the gap was looked at first: a network that has not learnt its own images is under-fitted, whatever its gap",
    "l'écart a été regardé d'abord : un réseau qui n'a pas appris ses propres images est sous-appris, quel que soit l'écart",
    hint=[("the first of the two questions in 3.3: has it learnt its own images?",
           "la première des deux questions de 3.3 : a-t-il appris ses propres images ?"),
          ("hold its training error against the PCA line of the same code size",
           "comparez son erreur d'entraînement à la ligne ACP de même taille de code"),
          ("above the line the verdict is given, whatever the gap",
           "au-dessus de la ligne le verdict est donné, quel que soit l'écart")],
    measured=True, loses=["C", "D"], answers={"verdict_C": "over-fitted", "verdict_D": "sur-appris"})
verdicts.slip("exam-quoted",
    "that is what the exam says of B; the largest ratio among your own networks is another's",
    "c'est ce que l'examen dit de B ; chez vous, le plus grand rapport est celui d'un autre réseau",
    hint=[("the four ratios in your own table", "les quatre rapports de votre propre tableau"),
          ("divide test by training error for each network: which quotient is the largest?",
           "divisez l'erreur de test par celle d'entraînement pour chaque réseau : quel quotient est le plus grand ?"),
          ("answer with that network, even if the exam says otherwise",
           "répondez ce réseau, même si l'examen dit autre chose")],
    measured=True, loses=["largest_gap"], answers={"largest_gap": "B"})
verdicts.slip("ratio-upside-down",
    "that is training over test error", "c'est l'erreur d'entraînement sur celle de test",
    hint=[("which error is divided by which", "quelle erreur est divisée par laquelle"),
          ("a network that does worse on new images must get a ratio above 1",
           "un réseau qui fait moins bien sur des images neuves doit avoir un rapport supérieur à 1"),
          ("divide the test error by the training error",
           "divisez l'erreur de test par celle d'entraînement")],
    measured=True, loses=["ratio_B", "ratio_D"], answers={"ratio_B": 0.642, "ratio_D": 0.533})
verdicts.mutant("exam-repeated", ["A", "D"], named="conclusion-reversed",
    answers={"verdict_A": "under", "verdict_B": "over", "verdict_C": "under", "verdict_D": "well"})
verdicts.mutant("worst-called-best", ["best"], named="", answers={"best": "B"})

# ------------------------------------------------------------------ 4 blind

blind = lab.exercise("blind", "4", "Blind", "À l'aveugle")

for name, right in GALLERIES.items():

    def wrong(other: str, right: str = right) -> tuple[str, str]:
        if other[0] == right[0]:
            return ("the code size is right; compare train and test again",
                    "la taille du code est juste ; comparez encore train et test")
        if other[1:] == right[1:]:
            return ("the number of images is right; compare the sharpness again",
                    "le nombre d'images est juste ; comparez encore la finesse")
        return "neither the code nor the number of images", "ni le code ni le nombre d'images"

    blind.question(name, 0.25, name.replace("_", " "), name.replace("gallery_", "galerie "),
        type="choice", right=[right],
        wrong={g: wrong(g) for g in ("A300", "A12000", "C300", "C12000") if g != right})
others = [*list(GALLERIES.values())[1:], *GALLERIES.values()]
blind.mutant("galleries-exchanged", list(GALLERIES), named="",
    answers=dict(zip(GALLERIES, others, strict=False)))

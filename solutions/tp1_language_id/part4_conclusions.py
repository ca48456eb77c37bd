"""4 to 8 of TP1: what the network listens to, what its score is worth, the exam, the bonus."""

from __future__ import annotations

import math
from typing import Any

import hearing
import numpy as np
from lab import BANDS, STEPS, lab, listener
from part3_network import VOICES, held_out

from grader.authoring import (
    Between,
    Close,
    Distribution,
    Draw,
    Exact,
    Measured,
    Student,
    numpy_array,
)
from grader.check.answers import read_number

TOLERANCE = 0.02  # on a figure that a student reports with two decimals

# ------------------------------------------------------------------ 4 occlusion

occlusion = lab.exercise(
    "occlusion", "4", "What the network listens to", "Ce que le réseau écoute", "occlusion"
)


@occlusion.check(
    "values", 1.0, "values", "valeurs",
    asked=("how much each hidden window costs the chosen language",
           "ce que chaque fenêtre cachée coûte à la langue choisie"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    rows = draw.uniform(2, STEPS, 1, low=0.5, high=3.0)
    # just quiet and just loud enough to be called so: hide any piece and another answer is best
    centre = rows.mean(axis=1, keepdims=True) - np.float32(1.54)
    quiet, loud = centre[0] - rows[0], rows[1] - centre[1]
    mixed = loud + np.where(np.arange(STEPS) % 80 < 40, np.float32(-3), np.float32(3))[:, None]
    model = listener(student, 3.0)
    x, y, z = (
        student.np.multiply(numpy_array(part), numpy_array(np.ones((1, BANDS), np.float32)))
        for part in (quiet, loud, mixed)
    )
    return student.probe(
        drops=student.occlusion(model, x, 25),
        other=student.occlusion(model, y, 30),
        up_and_down=student.occlusion(model, z, 40),
    )


def hiding(hide: str = "y[start : start + width] = 0", value: str = "whole[k] - p[k]") -> str:
    """`occlusion` clip by clip, two places open."""
    return f"""
def occlusion(model, x, width):
    def ask(clip):
        return model(np.asarray(clip, "float32")[None]).numpy()[0]

    whole = ask(x)
    k = whole.argmax()
    found = []
    for start in range(0, 200 // width * width, width):
        y = np.array(x)
        {hide}
        p = ask(y)
        found.append({value})
    return np.array(found)
"""


occlusion.slip(
    "probability-not-drop",
    "this is the probability that is left, not its drop",
    "c'est la probabilité qui reste, pas sa baisse",
    ("return p[-1, chosen] - p[:-1, chosen]", "return p[:-1, chosen]"),
    hint=[
        ("look at the last line",
         "regardez la dernière ligne"),
        ("0.9 on the whole clip and 0.6 with the window hidden: the drop is 0.3",
         "0,9 sur l'extrait entier et 0,6 fenêtre cachée : la baisse est de 0,3"),
        ("compare each probability with that of the whole clip",
         "comparez chaque probabilité à celle de l'extrait entier"),
    ],
    loses=["values"],
    mutant=hiding(value="p[k]"),
)  # fmt: skip
occlusion.slip(
    "drop-upside-down",
    "the drop has the wrong sign",
    "la baisse a le mauvais signe",
    ("p[-1, chosen] - p[:-1, chosen]", "p[:-1, chosen] - p[-1, chosen]"),
    hint=[
        ("look at the order of the subtraction",
         "regardez l'ordre de la soustraction"),
        ("0.9 becomes 0.6: should the drop be 0.3 or −0.3?",
         "0,9 devient 0,6 : la baisse doit-elle être 0,3 ou −0,3 ?"),
        ("a moment that matters gives a positive number",
         "un instant qui compte donne un nombre positif"),
    ],
    loses=["values"],
    mutant=hiding(value="p[k] - whole[k]"),
)  # fmt: skip
occlusion.slip(
    "drop-without-sign",
    "the sign is lost: hiding a piece may also make the language more probable",
    "le signe est perdu : cacher un morceau peut aussi rendre la langue plus probable",
    ("return p[-1, chosen] - p[:-1, chosen]", "return np.abs(p[-1, chosen] - p[:-1, chosen])"),
    hint=[
        ("look for an absolute value, or a maximum",
         "cherchez une valeur absolue, ou un maximum"),
        ("0.6 becomes 0.9 when a cough is hidden: what should the drop be?",
         "0,6 devient 0,9 quand on cache une toux : que doit valoir la baisse ?"),
        ("keep the sign of the difference",
         "gardez le signe de la différence"),
    ],
    loses=["values"],
    mutant=hiding(value="np.maximum(whole[k], p[k]) - min(whole[k], p[k])"),
)  # fmt: skip
occlusion.slip(
    "chosen-anew",
    "another language is followed when the choice changes",
    "une autre langue est suivie quand le choix change",
    ("p[-1, chosen] - p[:-1, chosen]", "p[-1, chosen] - p[:-1].max(axis=1)"),
    hint=[
        ("look at which language's probability you read from hidden clips",
         "regardez de quelle langue vous lisez la probabilité quand une fenêtre est cachée"),
        ("whole: [0.6, 0.4]; hidden: [0.3, 0.7]. The drop is 0.3, not −0.1",
         "entier : [0.6, 0.4] ; caché : [0.3, 0.7]. La baisse est 0,3, et non −0,1"),
        ("choose the language once, on the whole clip",
         "choisissez la langue une fois, sur l'extrait entier"),
    ],
    loses=["values"],
    mutant=hiding(value="whole[k] - p.max()"),
)  # fmt: skip
occlusion.slip(
    "all-but-hidden",
    "everything is hidden but the window",
    "tout est caché sauf la fenêtre",
    ("        hidden[i, i * width : (i + 1) * width] = 0",
     "        hidden[i] = 0\n        hidden[i, i * width : (i + 1) * width] = x[i * width : (i + 1) * width]"),
    hint=[
        ("draw one of your hidden spectrograms with show",
         "dessinez un de vos spectrogrammes cachés avec show"),
        ("how many of the 200 steps are 0? `width` of them should be",
         "combien des 200 pas sont nuls ? il doit y en avoir `width`"),
        ("set the window to 0 and leave everything else as it is",
         "mettez la fenêtre à 0 et laissez tout le reste"),
    ],
    loses=["values"],
    mutant=hiding(hide="y[:start] = 0; y[start + width :] = 0"),
)  # fmt: skip
occlusion.slip(
    "hidden-from-the-start",
    "everything up to the window is hidden too",
    "tout ce qui précède la fenêtre est caché aussi",
    ("hidden[i, i * width : (i + 1) * width] = 0", "hidden[i, : (i + 1) * width] = 0"),
    hint=[
        ("draw the third of your hidden spectrograms with show",
         "dessinez le troisième de vos spectrogrammes cachés avec show"),
        ("how many steps are 0 in the last one? it should be `width`",
         "combien de pas sont nuls dans le dernier ? il doit y en avoir `width`"),
        ("each window begins where the one before ended, and starts from an untouched copy of the clip",
         "chaque fenêtre commence où finit la précédente, dans une copie intacte de l'extrait"),
    ],
    loses=["values"],
    mutant=hiding(hide="y[: start + width] = 0"),
)  # fmt: skip

# ------------------------------------------------------------------ 5 leakage

leakage = lab.exercise("leakage", "5", "Leakage", "La fuite")


def figure(answers: Any, name: str) -> float:
    """A figure that a student reports: ``0,95`` and ``95 %`` are 0.95."""
    given = answers[name]
    given = read_number(given.replace("%", "") if isinstance(given, str) else given)
    if given is None:
        return math.nan
    return given / 100 if given > 1 else given


def leak(name: str, other: str, points: float, en: str, fr: str) -> None:
    speaker = name == "speaker"

    @leakage.clean(
        name, points, en, fr, recordings=["probe_clip", "probe_speaker"], answers=[f"leak_{name}"],
        expect={"accuracy": Close(0, TOLERANCE), "voices_on_both_sides": Exact(), "clips_apart": Exact()},
        data=lambda draw: (hearing.studied() if draw.hidden else {}, {}),
        asked=("the balanced accuracy that your own recording gives, within 0.02",
               "l'exactitude équilibrée que donne votre propre enregistrement, à 0,02 près"),
    )  # fmt: skip
    def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
        found, parts = hearing.probed(recordings[f"probe_{name}"], inputs)
        given = figure(answers, f"leak_{name}")
        values = {
            "accuracy": given, "voices_on_both_sides": parts.shared_speakers > 0,
            "clips_apart": parts.apart,
        }  # fmt: skip
        expected = {"accuracy": found, "voices_on_both_sides": not speaker, "clips_apart": True}
        mistake = "speakers-on-both-sides" if speaker and parts.shared_speakers else ""
        if not mistake and not abs(given - found) <= TOLERANCE:
            swapped, _ = hearing.probed(recordings[f"probe_{other}"], inputs)
            mistake = "figures-swapped" if abs(given - swapped) <= TOLERANCE else ""
        return Measured(values, expected=expected, mistake=mistake)


leak("clip", "speaker", 0.5, "your figure, split by clip", "votre nombre, séparation par extrait")
leak("speaker", "clip", 0.75, "your figure, split by speaker",
     "votre nombre, séparation par locuteur")  # fmt: skip
NEW_SPEAKERS = ("then it would also work on new speakers: does it?",
                "alors cela marcherait aussi sur de nouveaux locuteurs : est-ce le cas ?")  # fmt: skip
NO_WORDS = ("means over three seconds hold no word, and prompts are said in every language",
            "des moyennes sur trois secondes ne contiennent aucun mot")  # fmt: skip
leakage.question(
    "leak_why", 0.25, "what was learnt", "ce qui a été appris", type="choice",
    right=["voice", "the voice", "voix", "la voix", "speaker", "locuteur", "channel", "canal"],
    wrong={"phonemes": NEW_SPEAKERS, "phonèmes": NEW_SPEAKERS, "words": NO_WORDS, "mots": NO_WORDS},
)  # fmt: skip
leakage.question(
    "leak_elsewhere", 0.5, "the same trap elsewhere", "le même piège ailleurs", type="text",
    asked=("40 patients record 50 clips each of their voice; the clips are drawn at random into a training and a test "
           "set, and a network tells the ill from the healthy with an accuracy of 0.97. In three sentences at most: "
           "what may it have learnt, how would you find out, and which two figures of yours warn of it?",
           "40 patients enregistrent chacun 50 extraits de leur voix ; les extraits sont tirés au hasard en entraînement "
           "et test, et un réseau distingue malades et bien portants avec une exactitude de 0,97. En trois phrases au "
           "plus : que peut-il avoir appris, comment le sauriez-vous, et quels sont, chez vous, les deux nombres qui en "
           "avertissent ?"),
    rubric=[
        (0.2, ("whose voice (or microphone) it is, and so the label: the same patients are on both sides",
               "de qui est la voix (ou le micro), donc l'étiquette : les mêmes patients sont des deux côtés")),
        (0.15, ("split by patient, and measure again", "séparer par patient, et remesurer")),
        (0.15, ("quotes the own accuracy by clip and by speaker, one well above the other",
                "cite sa propre exactitude par extrait et par locuteur, l'une bien au-dessus de l'autre")),
    ],
    guide=("the disease itself may be heard too: who says so loses nothing",
           "la maladie s'entend peut-être aussi : qui le dit ne perd rien"),
)  # fmt: skip
leakage.slip(
    "speakers-on-both-sides",
    "the recording was tested on speakers that it had learnt from: that is the leak itself",
    "l'enregistrement a été testé sur des locuteurs qu'il avait appris : c'est la fuite elle-même",
    hint=[
        ("look at the speakers of the parts that the recording was made of",
         "regardez les locuteurs des parties de cet enregistrement"),
        ("print set(speakers[train]) & set(speakers[test]): it should be empty",
         "affichez set(speakers[train]) & set(speakers[test]) : ce doit être vide"),
        ("get split_by_speaker right (2.3), then run the study again",
         "corrigez split_by_speaker (2.3), puis relancez l'étude"),
    ],
    measured=True,
)  # fmt: skip
leakage.slip(
    "figures-swapped",
    "that is the other split's figure",
    "c'est le nombre de l'autre séparation",
    hint=[
        ("look at which recording each of the two answers reads",
         "regardez quel enregistrement lit chacune des deux réponses"),
        ("which of the two figures should be higher, if voices leak?",
         "lequel des deux nombres doit être le plus élevé, si les voix fuient ?"),
        ("exchange the two figures",
         "échangez les deux nombres"),
    ],
    measured=True,
    loses=["clip", "speaker"],
    mutant=[
        ('measured("probe_clip", "val_accuracy")',
         'measured("probe_speaker", "val_" + "accuracy")'),
        ('measured("probe_speaker", "val_accuracy")', 'measured("probe_clip", "val_accuracy")'),
    ],
)  # fmt: skip
leakage.mutant(
    "figures-invented",
    ["clip", "speaker"],
    named="",
    answers={"leak_clip": 0.9, "leak_speaker": 0.25},
)
leakage.mutant("why-phonemes", ["leak_why"], named="", answers={"leak_why": "phonèmes"})

# ------------------------------------------------------------------ 6 transfer

transfer = lab.exercise("transfer", "6", "From synthetic to real", "Du synthétique au réel")


@transfer.clean(
    "figure", 0.5, "your figure on real speech", "votre nombre sur la vraie parole",
    expect={"accuracy": Close(0, TOLERANCE)}, recordings=["classifier"], answers=["transfer"],
    asked=("the balanced accuracy that your own classifier reaches there, within 0.02",
           "l'exactitude équilibrée qu'y atteint votre propre classifieur, à 0,02 près"),
    data=lambda draw: (hearing.spoken() if draw.hidden else {}, {}),
)  # fmt: skip
def _(recordings: Any, inputs: Any, answers: Any) -> Measured:
    labels = inputs["labels"]
    predicted = hearing.predictions(recordings["classifier"], inputs["clips"], inputs["usual"])
    found, plain = hearing.balanced(labels, predicted), float(np.mean(predicted == labels))
    given = figure(answers, "transfer")
    is_plain = abs(given - plain) <= 0.006 and abs(given - found) > TOLERANCE
    return Measured(
        {"accuracy": given},
        expected={"accuracy": found},
        mistake="plain-accuracy-answered" if is_plain else "",
    )


transfer.slip(
    "plain-accuracy-answered",
    "that is plain accuracy; the languages are not equally frequent here",
    "c'est l'exactitude simple ; les langues ne sont pas également fréquentes ici",
    hint=[
        ("look at the two figures that the cell prints",
         "regardez les deux nombres qu'affiche la cellule"),
        ("count the clips of each language: does each weigh the same in your figure?",
         "comptez les extraits de chaque langue : pèsent-elles autant dans votre nombre ?"),
        ("give the balanced one",
         "donnez celui qui est équilibré"),
    ],
    measured=True,
    loses=["figure"],
    mutant=[('measured("real", "balanced"), 2', 'measured("real", "plain"), 3')],
)  # fmt: skip

# ------------------------------------------------------------------ 7 exam

questions = lab.exercise("questions", "7", "Exam questions", "Questions d'examen")
questions.question(
    "q1", 0.2, "one or many", "un ou plusieurs", type="choice",
    right=["many-to-one", "many to one", "plusieurs vers un", "plusieurs à un"],
    wrong={
        "one-to-many": ("how many things come in, how many go out?",
                        "combien de choses entrent, combien sortent ?"),
        "many-to-many": ("is one language wanted at each step, or one for the clip?",
                         "veut-on une langue à chaque pas, ou une pour l'extrait ?"),
        "one-to-one": ("the network reads step by step", "le réseau lit pas à pas"),
    },
)  # fmt: skip
questions.question(
    "q2_length", 0.15, "sequence length", "longueur de la séquence", type="number",
    right=[200], wrong={100: ("which axis is time?", "quel axe est le temps ?")},
)  # fmt: skip
questions.question(
    "q2_size", 0.15, "input size", "taille d'une entrée", type="number",
    right=[100], wrong={200: ("that is the number of steps", "c'est le nombre de pas")},
)  # fmt: skip
questions.mutant(
    "exam-exchanged",
    ["q1", "q2_length", "q2_size"],
    named="",
    answers={"q1": "many-to-many", "q2_length": 100, "q2_size": 200},
)

# ------------------------------------------------------------------ 8 bonus

augment = lab.exercise(
    "augment", "8", "Bonus: a better ear", "Bonus : mieux écouter", "spec_augment", "build_champion"
)


@augment.clean(
    "champion.balanced_accuracy", 2.0,
    "the better ear, on voices never heard", "la meilleure oreille, sur des voix jamais entendues",
    recording="champion", bonus=True, data=held_out, asked=VOICES,
    expect={
        "predictions": lab.metric("champion.balanced_accuracy", "balanced_accuracy"),
        "parameters": Between(1, 400_000),
    },
)  # fmt: skip
def _(recording: Any, inputs: Any) -> dict[str, Any]:
    found = hearing.predictions(recording, inputs["clips"], inputs["usual"])
    return {"predictions": found, "parameters": recording.parameters}


@augment.check(
    "values", 1.0, "SpecAugment", "SpecAugment", bonus=True,
    asked=("one block of steps and one of bands, drawn for each clip, set to 0 in a copy",
           "un bloc de pas et un de bandes, tirés pour chaque extrait, mis à 0 dans une copie"),
    expect={"steps": Distribution(8), "bands": Distribution(6), "edges": Between(0, 2),
            "last_step": Distribution(2)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    n, steps, bands = 600, 37, 29
    value = round(float(draw.rng.uniform(1, 9)), 3)
    seed = int(draw.rng.integers(1000))
    x, *twins = (student.np.full([n, steps, bands], value) for _ in range(3))  # one may be changed in place
    y = student.spec_augment(x, seed, 5, 7)
    again, other = (student.spec_augment(t, s, 5, 7) for t, s in zip(twins, (seed, seed + 1), strict=True))
    untouched = student.np.min(x)
    zero = student.np.equal(y, 0)
    rows = student.np.all(zero, axis=2)
    hidden_steps = student.np.sum(rows, axis=1)
    hidden_bands = student.np.sum(student.np.all(zero, axis=1), axis=1)
    edges = student.np.max(student.np.sum(student.np.diff(rows, axis=1), axis=1))
    last = np.mean([0.0, *(1 / (steps - width + 1) for width in range(1, 8))])  # it must fit in
    return student.probe(
        steps=hidden_steps, bands=hidden_bands, edges=edges, values=student.np.unique(y), untouched=untouched,
        last_step=student.np.int64(student.np.take(rows, steps - 1, axis=1)),
        same_seed=student.np.array_equal(y, again), other_seed=student.np.array_equal(y, other),
    ), {
        "steps": np.full(8, 1 / 8), "bands": np.full(6, 1 / 6), "edges": 2,
        "values": np.array([0.0, value]), "untouched": value, "last_step": np.array([1 - last, last]),
        "same_seed": True, "other_seed": False,
    }  # fmt: skip


def hidden_blocks(copy: str, widths: str) -> str:
    """SpecAugment clip by clip, two places open."""
    return f"""
def spec_augment(x, seed, max_bands=20, max_steps=40):
    rng = np.random.default_rng(seed)
    {copy}
    n, steps, bands = x.shape
    for i in range(n):
        w, v = {widths}
        a, b = rng.integers(steps - w + 1), rng.integers(bands - v + 1)
        x[i, a : a + w, :] = 0
        x[i, :, b : b + v] = 0
    return x
{CHAMPION}"""


CHAMPION = """

def build_champion(num_languages):
    return build_model(num_languages)
"""

augment.slip(
    "always-widest",
    "the blocks always have the largest width",
    "les blocs ont toujours la plus grande largeur",
    ("width = rng.integers(0, widest + 1)", "width = widest"),
    hint=[
        ("look at how the width is chosen",
         "regardez comment la largeur est choisie"),
        ("call it ten times with max_steps=3 and count the rows that are 0",
         "appelez-la dix fois avec max_steps=3 et comptez les lignes nulles"),
        ("draw the width too, from 0 to the largest, all equally likely",
         "tirez aussi la largeur, de 0 à la plus grande, toutes également probables"),
    ],
    loses=["values"],
    mutant=hidden_blocks(copy="x = x.copy()", widths="max_steps, max_bands"),
)  # fmt: skip
augment.slip(
    "largest-width-never",
    "the largest width never comes: integers() leaves its upper end out",
    "la plus grande largeur ne sort jamais : integers() exclut sa borne",
    ("rng.integers(0, widest + 1)", "rng.integers(0, widest)"),
    hint=[
        ("look at the upper end of the draw",
         "regardez la borne supérieure du tirage"),
        ("draw rng.integers(0, 3) a hundred times: is there a 3?",
         "tirez cent fois rng.integers(0, 3) : y a-t-il un 3 ?"),
        ("let the draw include the largest width",
         "que le tirage contienne la plus grande largeur"),
    ],
    loses=["values"],
    mutant=hidden_blocks(
        copy="x = x + 0.0", widths="rng.integers(max_steps), rng.integers(max_bands)"
    ),
)  # fmt: skip
augment.slip(
    "changed-in-place",
    "the training clips themselves are changed: after some epochs nothing is left of them",
    "ce sont les extraits d'entraînement eux-mêmes qui sont modifiés : après quelques époques il n'en reste rien",
    ("x = np.array(x)", "x = np.asarray(x)"),
    hint=[
        ("look at what the blocks are written into",
         "regardez dans quoi les blocs sont écrits"),
        ("keep a copy of x, call the function, compare",
         "gardez une copie de x, appelez la fonction, comparez"),
        ("write into a copy that is your own",
         "écrivez dans une copie à vous"),
    ],
    loses=["values"],
    mutant=hidden_blocks(
        copy="pass", widths="rng.integers(max_steps + 1), rng.integers(max_bands + 1)"
    ),
)  # fmt: skip
augment.mutant(
    "one-block-for-all",
    ["values"],
    """
def spec_augment(x, seed, max_bands=20, max_steps=40):
    rng = np.random.default_rng(seed)
    x = x.copy()
    w, v = rng.integers(max_steps + 1), rng.integers(max_bands + 1)
    a, b = rng.integers(x.shape[1] - w + 1), rng.integers(x.shape[2] - v + 1)
    x[:, a : a + w] = 0
    x[:, :, b : b + v] = 0
    return x
"""
    + CHAMPION,
    named="",
)

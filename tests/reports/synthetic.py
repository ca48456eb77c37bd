"""A made-up lab and a made-up class: every status, nasty names, hostile text. Seeded."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np

from grader.check.compare import Close, Metric
from grader.check.judge import Status, Verdict
from grader.check.key import Check, Exercise, Key, Misconception
from grader.check.text import Text, same
from grader.gradebook.records import Graded
from grader.notebook.cells import CellReport

SCRIPT = "<script>alert('pwned')</script>"

EXERCISES = (
    ("attention", "1.1", "Scaled dot-product attention", "Attention par produit scalaire"),
    ("masks", "1.2", "Masks", "Masques"),
    ("heads", "1.3", "Several heads", "Têtes multiples"),
    ("encoder", "2.1", "The encoder layer", "La couche d'encodeur"),
    ("counting", "2.2", "Counting parameters", "Compter les paramètres"),
    ("train", "3.1", "Training on a task that needs attention", "Entraîner sur une tâche qui demande l'attention"),
)  # fmt: skip
CHECKS = (
    # id, exercise, points, kind, bonus, English, French
    ("attention.values", "attention", 1.5, "probe", False, "values", "valeurs"),
    ("attention.weights", "attention", 1, "probe", False, "weights sum to one over the keys", "les poids somment à un sur les clés"),
    ("attention.mask", "attention", 1, "probe", False, "masked keys get no weight", "les clés masquées n'ont aucun poids"),
    ("attention.by_hand", "attention", 0.5, "source", False, "written by hand", "écrit à la main"),
    ("masks.causal", "masks", 1, "probe", False, "causal mask", "masque causal"),
    ("masks.padding", "masks", 1, "probe", False, "padding mask", "masque de remplissage"),
    ("masks.leak", "masks", 0.5, "probe", False, "the future does not leak", "le futur ne fuit pas"),
    ("heads.shape", "heads", 0.5, "probe", False, "shape of the output", "forme de la sortie"),
    ("heads.values", "heads", 2, "probe", False, "values under given weights", "valeurs pour des poids donnés"),
    ("heads.permutation", "heads", 1, "probe", False, "equivariance under permutation", "équivariance par permutation"),
    ("encoder.values", "encoder", 2, "probe", False, "values, post-norm", "valeurs, post-norm"),
    ("encoder.epsilon", "encoder", 0.5, "probe", False, "epsilon inside the root", "epsilon sous la racine"),
    ("encoder.residual", "encoder", 1, "probe", False, "residual links", "liens résiduels"),
    ("encoder.stack", "encoder", 1, "probe", False, "layers are not shared", "les couches ne sont pas partagées"),
    ("q6", "counting", 1, "answer", False, "parameters of the small layer", "paramètres de la petite couche"),
    ("q7", "counting", 0.5, "answer", False, "which token gets the most weight?", "quel jeton reçoit le plus de poids ?"),
    ("counting.total", "counting", 1.5, "probe", False, "the whole Transformer", "le Transformer entier"),
    ("reverser.exact_match", "train", 2, "clean", False, "exact match on unseen words", "exactitude sur des mots jamais vus"),
    ("q12", "train", 0.5, "answer", False, "why does the map look like this?", "pourquoi la carte a-t-elle cette allure ?"),
    ("beam.better", "train", 1, "probe", True, "beam search beats greedy", "la recherche en faisceau bat l'approche gloutonne"),
)  # fmt: skip
MISTAKES = {
    "no-scale": ("attention", "the scores are not divided by √d_k", "les scores ne sont pas divisés par √d_k"),
    "softmax-over-queries": ("attention", "softmax runs over the queries instead of the keys", "le softmax est pris sur les requêtes au lieu des clés"),
    "mask-inverted": ("attention", "the mask hides what should be seen", "le masque cache ce qui devrait être vu"),
    "causal-off-by-one": ("masks", "the mask is shifted by one: position i sees i+1", "le masque est décalé d'un cran : la position i voit i+1"),
    "merge-heads-without-transpose": ("heads", "the heads are merged without moving their axis back", "les têtes sont fusionnées sans remettre leur axe en place"),
    "pre-norm-for-post-norm": ("encoder", "the normalisation comes before the sub-layer", "la normalisation vient avant la sous-couche"),
    "missing-residual": ("encoder", "the sub-layer's input is not added back", "l'entrée de la sous-couche n'est pas rajoutée"),
    "one-embedding-shared": ("counting", "one embedding was counted for two", "un seul plongement a été compté pour deux"),
}  # fmt: skip
OWN = {
    "attention.values": ("no-scale", "softmax-over-queries"),
    "attention.weights": ("softmax-over-queries",),
    "attention.mask": ("mask-inverted",),
    "masks.causal": ("causal-off-by-one",),
    "masks.leak": ("causal-off-by-one",),
    "heads.values": ("merge-heads-without-transpose",),
    "encoder.values": ("pre-norm-for-post-norm", "missing-residual"),
    "encoder.residual": ("missing-residual",),
    "counting.total": ("one-embedding-shared",),
}
EXPECTED = {
    "attention.weights": np.full((2, 5, 7), 1 / 7), "masks.causal": np.tril(np.ones((6, 6))),
}  # fmt: skip
NAMES = (
    "Zoé O'Brien", "Jean-François Müller-Lefèvre", "Nguyễn Thị Minh Khai", "王伟", "Дарья Иванова",
    "Robert'); DROP TABLE students;--", SCRIPT, "=HYPERLINK(\"http://x\",\"click\")", "Camille Dupont",
    "Camille Dupont", "camille dupont", "../../etc/passwd", "CON", "A" * 150, "[red]Rouge[/red]",
    "Ægir Þórsson", "Léa  Martin", "  ", "محمد الأمين", "D'Artagnan « le Gascon »",
)  # fmt: skip
FIRST = [
    "Inès",
    "Hugo",
    "Manon",
    "Théo",
    "Chloé",
    "Louis",
    "Sarah",
    "Noé",
    "Jade",
    "Maël",
    "Élise",
    "Yanis",
    "Anaïs",
    "Rémi",
    "Aya",
    "Loïc",
]
LAST = [
    "Bernard",
    "Petit",
    "Moreau",
    "Garçon",
    "Lefebvre",
    "Roux",
    "Benoît",
    "Colin",
    "Hervé",
    "Guérin",
    "Boyer",
    "Le-Gall",
    "Noël",
]


def make_key() -> Key:
    """Six exercises, twenty checks, twenty points and a bonus of one."""
    return Key(
        lab="tp9_synthetic",
        visibility="hidden",
        title=Text(en="Lab 9: a Transformer from scratch", fr="TP9 : un Transformer à partir de zéro"),
        exercises=tuple(
            Exercise(
                id, number, Text(en=en, fr=fr), defines=(id,),
                read=Text(en=f"section {number} of the notebook", fr=f"section {number} du notebook"),
            )
            for id, number, en, fr in EXERCISES
        ),
        checks=tuple(
            Check(
                id=id, exercise=exercise, kind=kind, title=Text(en=en, fr=fr), points=points,
                bonus=bonus,
                picture="weights" if id in ("attention.weights", "masks.causal") else "",
                recording="reverser" if kind == "clean" else "",
                expect={"predictions": Metric("exact_match", floor=0.5, target=0.98)}
                if kind == "clean" else {"weights": Close()},
                expected={"weights": EXPECTED[id]} if id in EXPECTED else {},
                wrong={
                    m: {"status": "ok", "values": {"weights": EXPECTED[id] * 2}}
                    for m in OWN.get(id, ())
                } if id in EXPECTED else {},
            )
            for id, exercise, points, kind, bonus, en, fr in CHECKS
        ),
        misconceptions={
            id: Misconception(
                id, exercise, Text(en=en, fr=fr),
                (Text(en="write the shapes beside each line", fr="écrivez les formes à côté de chaque ligne"),),
            )
            for id, (exercise, en, fr) in MISTAKES.items()
        },
        recordings=("reverser",),
    )  # fmt: skip


def make_class(n: int = 60, seed: int = 0, key: Key | None = None) -> list[Graded]:
    """`n` records: about one in twelve could not be graded; all ten statuses occur."""
    key = key or make_key()
    rng = random.Random(seed)
    return [make_student(i, rng, key) for i in range(n)]


def make_student(i: int, rng: random.Random, key: Key) -> Graded:
    name = NAMES[i] if i < len(NAMES) else f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    common = {
        "student": name,
        "student_id": str(1000 + i),
        "origin": f"class/{name}_{1000 + i}/notebook.ipynb",
        "lab": key.lab,
        "digest": f"{i:064x}",
        "lang": "fr" if i % 3 else "en",
        "receipt": f"{rng.getrandbits(32):08x}",
        "submitted_at": f"2026-11-{1 + i % 28:02d}T{8 + i % 12:02d}:{(7 * i) % 60:02d}:00",
    }
    if i % 12 == 11:
        return Graded(
            **common,
            problem=Text(
                en="not a notebook: the JSON is cut short at byte 2,048; hand in the file again",
                fr="pas un notebook : le JSON est coupé à l'octet 2 048 ; rendez le fichier à nouveau",
            ),
        )
    skill = min(1.0, max(0.05, rng.gauss(0.72, 0.24)))
    if i == 0:
        skill = 1.0
    made: set[str] = set()
    verdicts = tuple(_verdict(check, skill, rng, made, key) for check in key.checks)
    trained = skill > 0.35
    return Graded(
        **common,
        verdicts=verdicts,
        cells=_cells(i, rng),
        notices=(
            (Text(en="two submissions: the newest counts", fr="deux rendus : le plus récent compte"),)
            if i % 17 == 3 else ()
        ),
        recordings=(_recording(i, rng, skill),) if trained else (),
        seconds=round(rng.lognormvariate(-1.6, 0.5) * (30 if i % 29 == 5 else 1), 3),
    )  # fmt: skip


def _verdict(check: Check, skill: float, rng: random.Random, made: set[str], key: Key) -> Verdict:
    blank = {
        "check": check.id,
        "exercise": check.exercise,
        "max_points": check.points,
        "title": check.title,
        "bonus": check.bonus,
        "asked": Text(
            en=f"call {check.exercise}(q, k, v) with T = 5, S = 7, d_k = 4, d_v = 3",
            fr=f"appeler {check.exercise}(q, k, v) avec T = 5, S = 7, d_k = 4, d_v = 3",
        ),
    }

    def verdict(points: float, status: Status, message: Text = same(""), **more: object) -> Verdict:  # noqa: B008
        return Verdict(points=points, status=status, message=message, **{**blank, **more})  # type: ignore[arg-type]

    if check.id == "q12":
        if rng.random() < 0.2:
            return verdict(0, "missing", Text(en="no answer yet", fr="pas encore de réponse"))
        return verdict(
            0, "pending", Text(en="to be read by a person", fr="à lire par une personne")
        )
    if check.kind == "clean":
        value = min(1.0, max(0.2, skill + rng.gauss(0.15, 0.1)))
        credit = min(1.0, max(0.0, (value - 0.5) / 0.48))
        if skill <= 0.35:
            return verdict(
                0, "missing", Text(en="no recording was handed in", fr="aucun enregistrement rendu")
            )
        return verdict(
            round(check.points * credit, 4),
            "right" if credit == 1 else "partial" if credit else "wrong",
            Text(
                en=f"exact_match {value:.3f} (target 0.98, no points at 0.5)",
                fr=f"exact_match {value:.3f} (cible 0.98, aucun point à 0.5)",
            ),
            figure=value,
        )
    if check.exercise == "heads" and "softmax-over-queries" in made and rng.random() < 0.7:
        return verdict(
            check.points, "carried",
            Text(
                en="right in itself; the values are off because of exercise 1.1 (softmax-over-queries)",
                fr="juste en soi ; les valeurs sont fausses à cause de l'exercice 1.1 (softmax-over-queries)",
            ),
            diagnosis="softmax-over-queries",
        )  # fmt: skip
    if rng.random() < skill ** (2 if check.bonus else 1):
        return verdict(check.points, "right")
    kind = rng.random()
    own = OWN.get(check.id, ())
    if own and kind < 0.6:
        mistake = own[0] if rng.random() < 0.65 else own[-1]
        made.add(mistake)
        came = Text(
            en="36 of 42 values differ, most at [0, 3, 2]: 0.4148 instead of -0.0513",
            fr="36 valeurs sur 42 diffèrent, surtout en [0, 3, 2] : 0.4148 au lieu de -0.0513",
        )
        return verdict(
            0, "wrong", came + same(" → ") + key.misconceptions[mistake].text,
            diagnosis=mistake, hint=key.misconceptions[mistake].hints[0], figure=0.466,
        )  # fmt: skip
    if check.kind == "answer":
        return verdict(
            0, "wrong",
            Text(en=f"your answer: {SCRIPT} → that is the count without biases",
                 fr=f"votre réponse : {SCRIPT} → c'est le compte sans les biais"),
        )  # fmt: skip
    if check.kind == "source":
        return verdict(
            0, "forbidden",
            Text(
                en="uses keras.layers.MultiHeadAttention, which this exercise asks you to write yourself (line 4: return MultiHeadAttention(2, 4)(q, v))",
                fr="utilise keras.layers.MultiHeadAttention, que cet exercice demande d'écrire soi-même (ligne 4 : return MultiHeadAttention(2, 4)(q, v))",
            ),
        )  # fmt: skip
    if kind < 0.7:
        return verdict(0, "todo", Text(en="not done yet", fr="pas encore fait"))
    if kind < 0.8:
        message = (
            f"ValueError: {SCRIPT} operands could not be broadcast together with shapes (5,7) (7,5)"
        )
        return verdict(
            0, "error",
            Text(en=f"raised {message}, at: scores = q @ k", fr=f"a levé {message}, à : scores = q @ k"),
        )  # fmt: skip
    if kind < 0.84:
        return verdict(
            0,
            "limit",
            Text(
                en="stopped after 20 s (limit of one cell)",
                fr="arrêté après 20 s (limite d'une cellule)",
            ),
        )
    if kind < 0.9:
        return verdict(
            0,
            "missing",
            Text(
                en="causal_mask is not defined: did you mean casual_mask?",
                fr="causal_mask n'est pas défini : vouliez-vous dire casual_mask ?",
            ),
        )
    return verdict(
        0, "wrong",
        Text(en="shape (5, 4) instead of (5, 3)", fr="forme (5, 4) au lieu de (5, 3)"),
        hint=Text(en="this builds on exercise 1.1, which is not right yet: start there",
                  fr="ceci s'appuie sur l'exercice 1.1, pas encore juste : commencez par lui"),
    )  # fmt: skip


def _cells(i: int, rng: random.Random) -> tuple[CellReport, ...]:
    cells = [CellReport(n, "ok", seconds=0.01) for n in range(1, 25)]
    if i % 4 == 1:
        cells[7] = CellReport(
            8, "error", {"type": "NameError", "message": f"name '{SCRIPT}' is not defined", "line": "x", "at": 3}, 0.1, SCRIPT
        )  # fmt: skip
    if i % 9 == 4:
        cells[11] = CellReport(12, "error", {"type": "SyntaxError", "message": "'(' was never closed", "line": "scores = tf.matmul(q, k"}, 0)  # fmt: skip
    if i % 13 == 6:
        cells[20] = CellReport(21, "limit", {"type": "LimitHit", "limit": "cell", "value": 20, "line": "while True: pass"}, 20)  # fmt: skip
        cells[21:] = [CellReport(n, "skipped") for n in range(22, 25)]
    if i % 5 == 2:
        cells[14] = CellReport(15, "todo", {"type": "Todo", "message": "heads", "line": None})
    return tuple(cells)


def _recording(i: int, rng: random.Random, skill: float) -> dict[str, object]:
    epochs = rng.randint(8, 30)
    pace = 0.1 + 0.2 * skill
    loss = [3.4 * math.exp(-pace * e) + rng.random() * 0.05 for e in range(epochs)]
    validation = [x * 1.1 + 0.05 * rng.random() for x in loss]
    if i % 31 == 7:
        loss[epochs // 2 :] = [math.nan] * (epochs - epochs // 2)
    accuracy = [1 - math.exp(-pace * e) for e in range(epochs)]
    return {
        "name": "reverser",
        "seconds": round(rng.lognormvariate(3.0, 0.4), 2),
        "epochs": epochs,
        "history": {"loss": loss, "val_loss": validation, "accuracy": accuracy},
        "created": "2026-11-20T10:00:00",
        "digest": "same-recording" if i in (20, 21, 22) else f"rec{i:061x}",
        "device": SCRIPT,
    }


def make_evidence(graded: Sequence[Graded]) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """What came for every failed check that has an expected value: student → check → result."""
    rng = np.random.default_rng(0)
    found: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for g in graded:
        for verdict in g.verdicts:
            if verdict.status == "wrong" and verdict.check in EXPECTED:
                came = rng.random(EXPECTED[verdict.check].shape)
                found.setdefault(g.student_id, {})[verdict.check] = {"weights": came}
    return found

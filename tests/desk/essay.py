"""A course whose lab has a question that a person reads, and a class of nasty names that answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.authoring.source import load_lab

MINI = Path(__file__).parents[1] / "fixtures" / "mini"

QUESTION = """

scores.question("q4", 2, "why subtract the largest score?", "pourquoi retirer le plus grand score ?",
    type="text",
    asked=("In two sentences: why does the softmax subtract the largest score of a row?",
           "En deux phrases : pourquoi le softmax retire-t-il le plus grand score d'une ligne ?"),
    rubric=[(1, ("names the overflow of exp", "nomme le débordement de exp")),
            (1, ("says that the result is unchanged", "dit que le résultat ne change pas")),
            (-0.5, ("confuses it with normalisation", "confond avec la normalisation"))],
    guide=("exp overflows; the ratio is invariant", "exp déborde ; le rapport est invariant"))
"""
CELL = """
# %% exercise="scores"
### BEGIN SOLUTION
### STUB lab.answer("q4", None)
lab.answer("q4", "exp deborde pour de grands scores ; retirer le maximum ne change pas le rapport.")
### END SOLUTION

# %% [markdown] lang="fr"
# ## 2.3 Tirer au sort
"""
STUDENTS = 25  # all but one answer, each answer twice
HOSTILE = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
ANSWERS = (
    "Parce que exp déborde pour de grands scores, et le rapport ne change pas.",
    "Parce que exp deborde pour les grands scores et que le rapport ne change pas",
    "parce que exp(x) déborde pour de grands scores ; le rapport, lui, ne change pas !",
    "Pour que la somme fasse 1.",
    "Pour que la somme fasse un.",
    "exp(1000) vaut l'infini en virgule flottante : on obtient NaN.",
    "C'est une normalisation.",
    "Je ne sais pas.",
    HOSTILE,
    "Because exp overflows for large scores; the ratio stays the same.",
    "שלום \u202egnimmargorp, ما هذا؟",
    "x" * 3000,
)
NAMES = (
    "Zoé d'Hérouville", "Jean-François Müller", "Nguyễn Thị Minh Khai", "Anne O'Brien",
    "Łukasz Żółć", "<b>Gras</b>", "=1+1", "Camille Dupont", "Camille Dupont", "王伟",
)  # fmt: skip


def make_course(folder: Path) -> Path:
    """A course with the mini lab and a text question of two points."""
    lab = folder / "solutions" / "mini"
    shutil.copytree(MINI, lab)
    (folder / "labs").mkdir()
    checks = (lab / "checks.py").read_text()
    assert checks.count('@mean.check("values", 4,') == 1
    checks = checks.replace('@mean.check("values", 4,', '@mean.check("values", 2,')
    (lab / "checks.py").write_text(checks + QUESTION)
    notebook = (lab / "notebook.py").read_text()
    mark = '\n# %% [markdown] lang="fr"\n# ## 2.3 Tirer au sort\n'
    assert notebook.count(mark) == 1
    (lab / "notebook.py").write_text(notebook.replace(mark, CELL))
    return folder


def name_of(i: int) -> str:
    return NAMES[i] if i < len(NAMES) else f"Étudiant {chr(65 + i // 26)}{chr(97 + i % 26)}"


def make_class(course: Path, into: Path, students: int, answers: Sequence[str] = ANSWERS) -> Path:
    """A Moodle download: the solution, with different answers to the text question."""
    lab = load_lab(course / "solutions" / "mini")
    for i in range(students):
        text = answers[i % len(answers)]
        given = {"q4": text} if i % 25 != 24 else {"q4": None}
        node = lab.notebook("fr", True, answers=given)
        suffix = "_" if i % 2 else ""
        name = f"{name_of(i)}_{500 + i}_assignsubmission_file{suffix}"
        folder = into / name.replace("/", "-")
        folder.mkdir(parents=True)
        (folder / "TP mini.ipynb").write_text(json.dumps(node))
    return into

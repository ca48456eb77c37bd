"""`grader new`: a whole small lab; its questions' cells; what is kept when it is refused."""

import nbformat
import pytest

from grader.authoring.consistency import inconsistencies
from grader.authoring.new import new_lab
from grader.authoring.source import load_lab
from grader.authoring.spec import AuthorError
from grader.check.compare import Metric


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    course = tmp_path_factory.mktemp("course")
    new_lab(course, "rings")
    return load_lab(course / "solutions" / "rings")


def test_it_is_sound_and_holds_one_of_everything(lab):
    assert inconsistencies(lab) == []
    kinds = sorted(c.answer["type"] for c in lab.spec.checks.values() if c.kind == "answer")
    assert kinds == ["choice", "number", "text"]
    assert lab.spec.recordings == ("network",)
    assert len(lab.mutants) == len(lab.spec.misconceptions) == len(lab.variants) == 2
    assert all(len(m.hints) == 3 for m in lab.spec.misconceptions.values())
    assert 'Lab("rings", lang="fr")' in lab.cells[2].source


def test_its_thresholds_come_from_its_calibration(lab):
    (metric,) = lab.spec.checks["training.accuracy"].expect.values()
    assert isinstance(metric, Metric)
    entry = lab.spec.calibration["training.accuracy"]
    assert (metric.floor, metric.target) == (entry["floor"], entry["target"])
    assert len(entry["values"]) == 10 and min(entry["values"]) > metric.target
    assert max(entry["tenth"]["values"] + entry["baseline"]["values"]) < metric.target


def test_a_question_is_a_cell_with_number_text_and_stub(lab):
    for lang, title in (("fr", "Une constante"), ("en", "A constant")):
        cells = lab.notebook(lang, solved=False).cells
        at = next(i for i, c in enumerate(cells) if "Question 1" in c.source)
        assert cells[at].cell_type == "markdown"
        assert cells[at].source.replace("\xa0", " ").startswith(f"**Question 1. {title}**\n\n")
        assert cells[at + 1].source == 'lab.answer("q1", None)'
        assert cells[at + 1].metadata.nbgrader.solution
        written = [c.source for c in cells if c.source.startswith("lab.answer(")]
        assert written == [
            'lab.answer("q1", None)', 'lab.answer("q2", None)', 'lab.answer("q3", "")'
        ]  # fmt: skip
        nbformat.validate(lab.notebook(lang, solved=False))


def test_a_question_is_answered_right_or_as_its_cell_says(lab):
    solved = {c.question: c.solved() for c in lab.cells if c.question}
    assert solved["q1"] == "lab.answer(\"q1\", 'B')" and solved["q2"] == 'lab.answer("q2", 82)'
    assert solved["q3"].startswith('lab.answer("q3", \'One linear layer cuts')


def test_a_mistake_in_its_exercise_leaves_a_question_alone(lab):
    """H3: an answer beside the exercise's code was overwritten by each mutant of it."""
    mutant = next(m for m in lab.mutants if m.id == "overflow")
    cells = lab.notebook("en", True, lab.change(mutant)).cells
    assert [c.source for c in cells].count("lab.answer(\"q1\", 'B')") == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('question="q2"', 'question="q22"', "question='q22' is not in checks.py; did you mean 'q2'?"),
        ('question="q2"', 'question="q2" lang="fr"', "a question's cell holds its answer alone"),
        ('# %% question="q2"\n', "", "no cell of notebook.py calls lab.answer('q2', …)"),
    ],
)  # fmt: skip
def test_a_slip_in_a_questions_cell_is_told(tmp_path, old, new, said):
    new_lab(tmp_path, "rings")
    path = tmp_path / "solutions" / "rings" / "notebook.py"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(AuthorError) as told:
        found = inconsistencies(load_lab(path.parent))
        raise AuthorError("\n".join(found))
    assert said in str(told.value)


@pytest.mark.parametrize("name", ["Rings", "two rings", "../rings", "rings"])
def test_a_name_that_cannot_be_or_is_taken_is_refused(tmp_path, name):
    new_lab(tmp_path, "rings")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(AuthorError):
        new_lab(tmp_path, name)
    assert sorted(tmp_path.rglob("*")) == before

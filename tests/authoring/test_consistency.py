"""Slips in a lab's source, each said with its file and line before anything is run or written."""

import shutil
from pathlib import Path

import pytest

from grader.authoring.build import build
from grader.authoring.consistency import inconsistencies
from grader.authoring.source import load_lab
from grader.authoring.spec import AuthorError

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MINI, tmp_path / "solutions" / "mini"))


def test_a_sound_lab(lab: Path) -> None:
    assert inconsistencies(load_lab(lab)) == []


SLIPS = [
    ("notebook.py", 'Lab("mini", lang="en")', 'Lab("mimi", lang="en")', "the lab is called 'mini'"),
    ("notebook.py", 'lab.check("mean")', 'lab.check("maen")',
     "unknown name 'maen'; did you mean 'mean'?"),
    ("notebook.py", 'lab.answer("q1", 7)', 'lab.answer("q11", 7)',
     "lab.answer: unknown name 'q11'; did you mean 'q1'?"),
    ("notebook.py", '# %% [markdown] lang="fr"\n# ## 1.1', '# %% [markdown] lang="en"\n# ## 1.1',
     "from here on 0 cells are in French and 2 in English"),
    ("checks.py", 'preload=()', 'preload=(), recordings=["net"]',
     "no cell of notebook.py calls lab.record('net', …)"),
    ("checks.py", 'counting.question("q1", 1.5', 'counting.question("q9", 1.5',
     "no cell of notebook.py calls lab.answer('q9', …)"),
    ("checks.py", '["by_hand"], named=""', '["by-hand"], named=""',
     "mutant library-mean, loses: unknown name 'by-hand'"),
    ("checks.py", '("return centred", "return x")', '("return centered", "return x")',
     "not-centred: mini, exercise standardise: 'return centered' is found 0 times, not once"),
    ("checks.py", 'student.row_mean(', 'student.row_maen(',
     "check mean.values asks for student.row_maen, which no cell defines; did you mean 'row_mean'?"),
    ("checks.py", 'student.pick.sample(', 'student.pick.smaple(',
     "check draw.distribution: student.pick.smaple is no step; did you mean 'sample'?"),
    ("checks.py", 'expect={"out": Dist', 'expect={"draws": Dist',
     "check draw.distribution: expect names 'draws', no result; there are: out"),
    ("checks.py", '"values", 3, "values", "valeurs")', '"values", 3, "values", "valeurs", picture="weights")',
     "check softmax.values: picture names 'weights', no result; there are: out"),
    ("checks.py", 'n, d = draw.sizes(2)', 'n, d = draw.size(2)',
     "'Draw' object has no attribute 'size'; did you mean 'sizes'?"),
    ("checks.py", '"Softmax", "Softmax", "softmax")', '"Softmax", "softmax")',
     "exercise softmax: 'softmax' stands where the French title should"),
    ("checks.py", '"Softmax", "Softmax", "softmax")', '"Softmax", "Softmax", "soft_max")',
     "exercise softmax does not define 'soft_max'; did you mean 'softmax'?"),
    ("notebook.py", 'lab.check("softmax")', 'pass',
     "no cell of notebook.py calls lab.check('softmax')"),
    ("checks.py", 'loses=["large"], mutant="""', 'mutant="""',
     "misconception overflow: no mutant makes it; say what it loses"),
    ("checks.py", 'hint=("where is p used?", "où p intervient-il ?"),', '',
     "misconception uniform-draw: it has no hint"),
    ("notebook.py", 'weights = np.exp(shifted)', 'weights = np.exp(shifted',
     "'(' was never closed: weights = np.exp(shifted"),
    ("variants.py", 'answers={"q1": "7"', 'answers={"q8": "7"',
     "variant answers, answers: unknown name 'q8'; there are: q1, q2, q3"),
    ("checks.py", 'mean.by_hand(1)', 'mean.by_hand(2)',
     "the points add up to 21, not 20: mean 6, counting 1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), SLIPS, ids=[s[2][:24] for s in SLIPS])
def test_a_slip_is_told_with_its_place_and_nothing_is_written(
    lab: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (lab / file).read_text("utf-8")
    assert text.count(old) >= 1
    (lab / file).write_text(text.replace(old, new, 1), "utf-8")
    loaded = load_lab(lab)
    (line,) = [x for x in inconsistencies(loaded) if said in x]
    place = line.removeprefix("mini/").split(" ")[0]
    assert "points" in said or place.startswith((f"{file}:", "checks.py:"))
    course = lab.parents[1]
    with pytest.raises(AuthorError, match=r"^mini"):
        build(course, loaded, print)
    assert not (course / "labs").exists()


UNREADABLE = [
    ('role="setup"\nimport', 'role="set-up"\nimport', "there is no role='set-up'; did you mean 'setup'?"),
    ('exercise="mean"', 'excercise="mean"', "a cell has no 'excercise'; did you mean 'exercise'?"),
    ('exercise="mean"', 'exercise="maen"', "exercise='maen' is not in checks.py; did you mean 'mean'?"),
    ('    ### END SOLUTION\n', '', "1 solution marks begin, 0 end"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), UNREADABLE, ids=[s[2][:24] for s in UNREADABLE])
def test_a_cell_that_cannot_be_read_is_told_with_its_line(
    lab: Path, old: str, new: str, said: str
) -> None:
    path = lab / "notebook.py"
    text = path.read_text("utf-8").replace(old, new, 1)
    path.write_text(text, "utf-8")
    with pytest.raises(AuthorError, match=said.replace("?", r"\?")) as told:
        load_lab(lab)
    before = "\n".join(text.splitlines()[: int(str(told.value).split(":")[1])])
    assert before.splitlines()[-1].startswith("# %%")
    cell = text[len(before) :].split("# %%")[0]
    assert "row_mean" in cell or "import numpy" in cell


def test_a_french_title_left_out_is_told_with_its_line(lab: Path) -> None:
    text = (lab / "checks.py").read_text("utf-8")
    (lab / "checks.py").write_text(text.replace('"values", "valeurs")', '"values")', 1), "utf-8")
    number = 1 + text[: text.index('"values", "valeurs")')].count("\n")
    with pytest.raises(AuthorError, match=rf"checks\.py:{number}: TypeError: .*'fr'"):
        load_lab(lab)


REFUSED = [
    ("checks.py", 'hint=("where is p used?", "où p intervient-il ?"),', 'hint="where is p used?",',
     'a pair ("English", "French") is needed'),
    ("checks.py", 'type="number"', 'type="numbre"', "'numbre' is no type of question; there are: number"),
    ("checks.py", "right=[7", "right=[] and [7", "no answer is right"),
    ("variants.py", "variants = [", "VARIANTS = [", "'variants'; did you mean 'VARIANTS'?"),
    ("variants.py", "Variant(", "Varient(", "name 'Varient' is not defined; did you mean 'Variant'?"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), REFUSED, ids=[s[2][:24] for s in REFUSED])
def test_a_module_that_says_nothing_usable_is_refused_in_a_line(
    lab: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (lab / file).read_text("utf-8")
    assert old in text
    (lab / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(AuthorError) as told:
        load_lab(lab)
    assert said in str(told.value)
    assert f"{file}" in str(told.value)
    assert "\n" not in str(told.value)

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
    assert "points" in said or line.startswith(f"mini/{file}:")
    course = lab.parents[1]
    with pytest.raises(AuthorError, match=r"^mini"):
        build(course, loaded, print)
    assert not (course / "labs").exists()


def test_a_french_title_left_out_is_told_with_its_line(lab: Path) -> None:
    text = (lab / "checks.py").read_text("utf-8")
    (lab / "checks.py").write_text(text.replace('"values", "valeurs")', '"values")', 1), "utf-8")
    number = 1 + text[: text.index('"values", "valeurs")')].count("\n")
    with pytest.raises(AuthorError, match=rf"checks\.py:{number}: TypeError: .*'fr'"):
        load_lab(lab)

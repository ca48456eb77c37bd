"""What a student notebook begins with, from a course's settings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.authoring import opening, typography
from grader.authoring.source import load_lab
from grader.authoring.spec import AuthorError
from grader.check.names import lab_named_in, parse_cell

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    shutil.copytree(MINI, tmp_path / "solutions" / "mini")
    return tmp_path


def settings(course: Path, text: str) -> Path:
    (course / "course.toml").write_text(text, "utf-8")
    return course


def test_a_badge_opens_the_notebook_of_each_language(course: Path) -> None:
    settings(course, '[colab]\nrepository = "school/deep learning"\n'.replace(" learning", "-l"))
    lab = load_lab(course / "solutions" / "mini")
    for lang, words in (("fr", "Ouvrir dans Colab"), ("en", "Open in Colab")):
        badge, title, first, made = lab.notebook(lang, solved=False).cells[:4]
        assert title.source.startswith("# Mini") and "lab = Lab(" in made.source
        place = f"https://colab.research.google.com/github/school/deep-l/blob/main/labs/{lang}"
        assert badge.cell_type == "markdown" and f"[![{words}](" in badge.source
        assert badge.source.endswith(f"({place}/mini.ipynb)")
        assert "https://github.com/school/deep-l/releases/latest/download/labs.zip" in first.source
        assert parse_cell(first.source) is not None


def test_without_a_repository_there_is_no_badge_and_the_kit_is_looked_for_beside(
    course: Path,
) -> None:
    lab = load_lab(course / "solutions" / "mini")
    cells = lab.notebook("fr", solved=False).cells
    assert cells[1].cell_type == "code" and '%pip install --quiet "labs.zip"' in cells[1].source
    assert lab_named_in(c.source for c in cells if c.cell_type == "code") == "mini"
    solved = lab.notebook("fr", solved=True).cells
    assert not any("google.colab" in c.source for c in solved)


def test_branch_and_bundle_can_be_given(course: Path) -> None:
    settings(
        course,
        '[colab]\nrepository = "https://github.com/a/b.git"\nbranch = "2026"\n'
        'bundle = "https://example.org/kit.zip"\n',
    )
    colab = opening.read(course)
    assert colab == opening.Colab("a/b", "2026", "https://example.org/kit.zip")
    assert colab.address("fr", "mini").endswith("/a/b/blob/2026/labs/fr/mini.ipynb")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[colab\n", "course.toml"),
        ('colab = "yes"', "colab"),
        ('[colab]\nrepo = "a/b"', "there are: repository, branch, bundle"),
        ("[colab]\nrepository = 3", "repository"),
        ('[colab]\nrepository = "just-a-name"', "owner/name"),
        ("[colab]\nbundle = 'https://x/\"; import os; \"'", "https"),
        ("[colab]\nbranch = 'a b'", "branch"),
        ('[colab]\nbundle = "kit.zip"', "https"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(course: Path, text: str, says: str) -> None:
    settings(course, text)
    with pytest.raises(AuthorError, match=says) as refused:
        opening.read(course)
    assert "\n" not in str(refused.value) and "course.toml" in str(refused.value)


RUN = """
import sys, types
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
asked = []
def pip(line):
    asked.append(line)
    if sys.argv[3] == "installs":
        Path(sys.argv[2], "grader.py").write_text("")
shell.register_magic_function(pip, "line", "pip")
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in str(f).lower()]
sys.path[:] = [p for p in sys.path if not Path(p, "grader").is_dir()]
sys.path.insert(0, sys.argv[2])
if sys.argv[4] == "colab":
    for name in ("google", "google.colab"):
        sys.modules[name] = types.ModuleType(name)
shell.showtraceback = lambda *args, **kwargs: None
result = shell.run_cell(Path(sys.argv[1]).read_text("utf-8"))
print("asked", asked)
print("stopped", type(result.error_in_exec).__name__, result.error_in_exec)
"""


def first_cell(course: Path, lang: str, pip: str, place: str, kit: bool) -> str:
    """What the first cell does in an IPython that has no kit of its own."""
    site = course / "site"
    site.mkdir()
    if kit:
        (site / "grader.py").write_text("")
    cell = course / "cell.py"
    lab = load_lab(course / "solutions" / "mini")
    cells = lab.notebook(lang, solved=False).cells  # type: ignore[arg-type]
    cell.write_text(next(c.source for c in cells if c.cell_type == "code"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN, cell, site, pip, place],
        capture_output=True, text=True, cwd=course, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_the_first_cell_installs_the_kit_on_colab(course: Path) -> None:
    settings(course, '[colab]\nrepository = "a/b"\n')
    out = first_cell(course, "en", "installs", "colab", kit=False)
    assert (
        "asked ['install --quiet \"https://github.com/a/b/releases/latest/download/labs.zip\"']"
        in out
    )
    assert "stopped NoneType None" in out


@pytest.mark.parametrize("place", ["colab", "elsewhere"])
def test_the_first_cell_does_nothing_where_the_kit_is(course: Path, place: str) -> None:
    out = first_cell(course, "fr", "installs", place, kit=True)
    assert "asked []" in out and "stopped NoneType None" in out


def test_a_kernel_without_the_kit_is_told_in_one_line(course: Path) -> None:
    out = first_cell(course, "fr", "installs", "elsewhere", kit=False)
    assert "asked []" in out
    assert f"stopped SystemExit Ce noyau ({sys.executable}) n'a pas le kit du cours" in out


def test_colab_without_the_zip_is_told_in_one_line(course: Path) -> None:
    out = first_cell(course, "en", "installs", "colab", kit=False)
    assert "asked []" in out and "stopped SystemExit Put labs.zip into Colab's files" in out


def test_an_installation_that_failed_is_said_too(course: Path) -> None:
    settings(course, '[colab]\nrepository = "a/b"\n')
    out = first_cell(course, "en", "fails", "colab", kit=False)
    assert "stopped SystemExit This kernel" in out and "labs.zip beside the notebook" in out


def test_french_lines_do_not_begin_with_punctuation(course: Path) -> None:
    text = (
        "Que vaut-il ? « Oui » : 3 ; `a : b ?` et $x : y$ !\n\n| a | b |\n| :--- | ---: |\n\n"
        "    code : ici ?\n\n```\nx ? y : z\n```\n\n[un lien](http://x ?y) <b title='a : b'>ok</b> ?"
    )
    n = typography.NBSP
    assert typography.french(text) == (
        f"Que vaut-il{n}? «{n}Oui{n}»{n}: 3{n}; `a : b ?` et $x : y$ !\n\n| a | b |\n"
        "| :--- | ---: |\n\n    code : ici ?\n\n```\nx ? y : z\n```\n\n"
        f"[un lien](http://x ?y) <b title='a : b'>ok</b>{n}?"
    ).replace("$x : y$ !", f"$x : y${n}!")
    lab = load_lab(course / "solutions" / "mini")
    fr, en = (
        "".join(
            c.source for c in lab.notebook(lang, solved=False).cells if c.cell_type == "markdown"
        )
        for lang in ("fr", "en")
    )
    assert f"oui ou non){n}?" in fr and n not in en


def test_levels_of_help_are_told_apart_when_unfolded() -> None:
    one = "<details><summary>a</summary>x<details><summary>b</summary>y</details></details>"
    moved = one.replace("x<details>", 'x<details style="margin-left:1.5em">')
    assert typography.levels(f"{one}\n\n{one}") == f"{moved}\n\n{moved}"

"""AUTHORING.md: its tour makes the lab of `grader new`, its commands exist, its reference is the docstrings'."""

import re
import shlex
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from grader.authoring.new import TEMPLATE
from grader.cli import main

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "AUTHORING.md").read_text("utf-8")
TOUR = PAGE.partition("\n## More")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", TOUR, re.DOTALL)
COMMANDS = [
    shlex.split(line)[1:] for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]  # fmt: skip


@pytest.fixture(scope="module")
def reference():
    sys.path.insert(0, str(DOCS))
    try:
        import reference
    finally:
        sys.path.remove(str(DOCS))
    return reference


def test_the_reference_is_what_the_docstrings_say(reference):
    assert reference.page(PAGE) == PAGE, "stale: run python docs/reference.py"


def test_the_reference_fails_where_a_docstring_is_missing(reference):
    class Bare:
        def step(self):
            pass

    with pytest.raises(ValueError, match="no docstring"):
        list(reference.rows("f.", Bare))


@pytest.mark.parametrize("name", ["raises", "sample", "normal", "probabilities", "Between", "slip",
    "question", "restore", "balanced_accuracy", "rebuild", "exact_match", "training_seconds"])  # fmt: skip
def test_the_reference_holds_each_word_of_the_vocabulary(reference, name):
    assert name in reference.reference()


def test_the_tour_shows_the_lab_that_grader_new_writes():
    written = "\n".join(p.read_text("utf-8") for p in TEMPLATE.glob("*.py")).replace(
        "LAB_ID", "rings"
    )
    assert len(BLOCKS) >= 8
    for block in BLOCKS:
        assert block.rstrip() in written, block


def test_the_tours_commands_are_the_programs():
    assert ["new", "rings"] in COMMANDS and len(COMMANDS) >= 6
    for name, *words in COMMANDS:
        command = main.commands[name]
        assert isinstance(command, click.Command)
        command.make_context(name, words)  # raises for an option or argument that there is not


def test_a_lab_is_made_and_built_by_the_tours_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("solutions", "labs"):
        (tmp_path / folder).mkdir()
    runner = CliRunner()
    made = runner.invoke(main, ["new", "rings"])
    assert made.exit_code == 0 and "solutions/rings/notebook.py" in made.output
    built = runner.invoke(main, ["build", "rings", "--no-execute"])
    assert built.exit_code == 0, built.output
    assert sorted(p.name for p in (tmp_path / "labs").rglob("*.*")) == [
        "rings.ipynb", "rings.ipynb", "rings.key"
    ]  # fmt: skip
    again = runner.invoke(main, ["new", "rings"])
    assert again.exit_code == 2 and "there is one already" in again.output
    packed = runner.invoke(main, ["release", "rings", "--out", "rings.zip"])
    assert packed.exit_code == 0 and (tmp_path / "rings.zip").is_file()

"""One cell, two languages: what may differ between them, and what may not."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

from grader.authoring import drawing
from grader.authoring.consistency import inconsistencies
from grader.authoring.languages import differs, in_language
from grader.authoring.source import AuthorError, SourceCell, load_lab, parse
from grader.check.text import Lang

CELL = '''\
def causal_mask(length):
    """Who may see whom.

    Returns: booleans (T, T).
    """
    ### FR """Qui voit qui.
    ### FR
    ### FR Renvoie : booléens (T, T).
    ### FR """
    ### BEGIN SOLUTION
    return np.tril(length)  # a row looks
    ### FR return np.tril(length)  # une ligne regarde
    ### END SOLUTION'''


def test_each_language_has_its_words_and_one_code() -> None:
    cell = SourceCell("code", CELL, exercise="masks")
    assert cell.solved() == (
        'def causal_mask(length):\n    """Who may see whom.\n\n    Returns: booleans (T, T).\n    """\n'
        "    return np.tril(length)  # a row looks"
    )
    assert cell.solved("fr") == (
        'def causal_mask(length):\n    """Qui voit qui.\n\n    Renvoie : booléens (T, T).\n    """\n'
        "    return np.tril(length)  # une ligne regarde"
    )
    assert cell.stub("fr").endswith('    """\n    raise todo("masks")')
    assert not differs(cell.solved(), cell.solved("fr"))


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ('print("loss", x)', 'print("perte", x)'),
        ('axis.set_title(f"{n} of {m}")', 'axis.set_title(f"{m}, dont {n}")'),
        ('plot(x, label="loss")', 'plot(x, label="perte")'),
        ('def f(labels=("seen by",)):\n    pass', 'def f(labels=("vu par",)):\n    pass'),
        ('def f():\n    "One."\n    return 1', 'def f():\n    "Un."\n    return 1'),
    ],
)
def test_words_that_people_read_may_differ(english: str, french: str) -> None:
    assert not differs(english, french)


@pytest.mark.parametrize(
    ("english", "french", "line"),
    [
        ('print(h["loss"])', 'print(h["perte"])', 'print(h["perte"])'),
        ('axis.text(0, 0, "a", ha="left")', 'axis.text(0, 0, "a", ha="right")', "axis.text"),
        ('print(f"{x:.2f} nats")', 'print(f"{x:.3f} nats")', "print"),
        ('Dense(3, activation="relu")', 'Dense(3, activation="tanh")', "Dense"),
        ('if x == "a":\n    y = 1', 'if x == "b":\n    y = 1', "if x"),
        ("def f(x):\n    a = 1\n    return x", "def f(x):\n    a = 1\n    return -x", "return -x"),
        ("x = 1", "x = 1\ny = 2", "y = 2"),
    ],
)
def test_code_may_not(english: str, french: str, line: str) -> None:
    assert differs(english, french).startswith(line)


def test_french_of_nothing_is_refused_with_its_line(tmp_path: Path) -> None:
    source = tmp_path / "notebook.py"
    source.write_text('# %%\nx = 1\n### FR """Un."""\n')
    with pytest.raises(AuthorError, match=r"notebook.py:1: .*below no docstring"):
        parse(source)
    with pytest.raises(ValueError, match="2 lines ### FR below 1"):
        in_language("x = 1\n### FR x = 1\n### FR y = 2", "fr")


SOLUTIONS = Path(__file__).parents[2] / "solutions"
DRAWN = sorted(path.parent.name for path in SOLUTIONS.glob("*/figures.py"))


@pytest.mark.parametrize("lab", DRAWN)
def test_the_committed_figures_are_what_their_source_draws(
    lab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, str] = {}
    monkeypatch.setattr(
        drawing, "write", lambda file, figures: drawn.update(drawing.drawn(figures))
    )
    runpy.run_path(str(SOLUTIONS / lab / "figures.py"), run_name="__main__")
    kept = {path.name: path.read_text("utf-8") for path in (SOLUTIONS / lab / "figures").iterdir()}
    assert len(drawn) > 1
    assert kept == drawn
    for name, svg in drawn.items():
        sizes = [float(n) for n in re.findall(r'<text[^>]*font-size="([\d.]+)"', svg)]
        assert min(sizes) >= 12, name


def test_a_figure_travels_in_the_notebook_with_its_alt_text(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MINI, tmp_path / "solutions" / "mini"))
    source = folder / "notebook.py"
    text = source.read_text("utf-8")
    shown = "# ![Two boxes and an arrow between them](figures/boxes.svg)\n"
    source.write_text(text.replace("# # Mini-TP", shown + "# # Mini-TP", 1), "utf-8")
    assert [x for x in inconsistencies(load_lab(folder)) if "figures/boxes.svg is not there" in x]
    (folder / "figures").mkdir()
    (folder / "figures" / "boxes.svg").write_text("<svg/>")
    lab = load_lab(folder)
    assert not inconsistencies(lab)
    texts = [c.source for c in lab.notebook("fr", False).cells if c.cell_type == "markdown"]
    assert any(
        "![Two boxes and an arrow between them](data:image/svg+xml;base64,PHN2Zy8+)" in text
        for text in texts
    )


def test_a_prediction_is_asked_of_the_student_and_answered(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MINI, tmp_path / "solutions" / "mini"))
    source = folder / "notebook.py"
    text = source.read_text("utf-8")
    source.write_text(text + '\n# %%\nlab.predict("sum", 4.5)  # nats\n', "utf-8")
    lab = load_lab(folder)
    (line,) = inconsistencies(lab)
    assert "lab.predict('sum', …) has no lab.outcome" in line
    assert lab.notebook("en", False).cells[-1].source == 'lab.predict("sum", None)  # nats'
    assert lab.notebook("en", True).cells[-1].source == 'lab.predict("sum", 4.5)  # nats'


MINI = Path(__file__).parents[1] / "fixtures" / "mini"


def test_a_given_cell_with_a_title_is_folded_everywhere() -> None:
    lab = load_lab(MINI)
    given = next(c for c in lab.cells if c.role == "setup" and not c.lang)
    node = lab.notebook("fr", False, {given.index: "#@title Tools\n" + given.source})
    folded = [c for c in node.cells if c.metadata.get("cellView") == "form"]
    opening, tools = folded
    assert opening.metadata == tools.metadata
    assert tools.metadata["jupyter"] == {"source_hidden": True}


@pytest.mark.parametrize("lab", ["tp3_autoencoder", "tp4_transformer"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_an_idea_comes_before_a_wall_of_code(lab: str, lang: Lang) -> None:
    seen = 0
    for cell in load_lab(SOLUTIONS / lab, proofs=False).notebook(lang, solved=False).cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader"):
            break
        if cell.cell_type == "code" and not cell.metadata.get("cellView"):
            seen += sum(bool(line.strip()) for line in cell.source.splitlines())
    assert 0 < seen <= 25

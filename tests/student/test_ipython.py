"""In a real kernel: open holes are calm and Run All goes on, reports are HTML, errors one line."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from grader.check.key import Key

nbclient = pytest.importorskip("nbclient")
pytestmark = pytest.mark.slow
ROOT = str(Path(__file__).resolve().parents[2])

CELLS = {
    "first": "import numpy as np\nfrom grader import Lab, todo\nlab = Lab('mini', lang='fr')",
    "hole": "def double(x):\n    raise todo('double')",
    "stopped": "y = double(np.ones(3))",
    "follows": "z = y + 1\nprint(z)",
    "independent": "print('still here')",
    "todo": "lab.check('double')",
    "not run": "lab.check('square')",
    "history": "curve = lab.history('classifier')['loss']",
    "curve": "print(curve[-1])",
    "progress": "lab.progress()",
    "wrapped": "import keras\nclass Layer(keras.layers.Layer):\n    def call(self, x):\n"
    "        return double(x)\nout = Layer()(np.ones((2, 3)))",
    "graph": "import tensorflow as tf\nf = tf.function(lambda x: double(x))\nf(tf.ones(2))",
    "wrong": "def double(x):\n    return x + 2\nlab.check(double)",
    "forbidden": "def double(x):\n    return np.add(x, x)\nlab.check('double')",
    "forgiven": "def double(x):\n    return 2 * x\nlab.check('double')",
    "nested": "def helper():\n    double = 1\n    lab.check('double')\nhelper()",
    "name error": "undefined_name + 1",
    "misspelt check": "lab.check('duoble')",
    "misspelt lab": "Lab('mimi', lang='fr')",
    "first again": "lab = Lab('mini', lang='fr')",
    "hole again": "raise todo('square')",
    "after": "lab.check('square')",
}


@pytest.fixture(scope="module")
def ran(
    tmp_path_factory: pytest.TempPathFactory, mini_key: Key
) -> dict[str, nbformat.NotebookNode]:
    """The cells above after "Run All"; one that stopped with an error has an error output."""
    place = tmp_path_factory.mktemp("course")
    mini_key.save(place / "labs" / "mini.key")
    (place / "labs" / "fr").mkdir()
    sources = [nbformat.v4.new_code_cell(s) for s in CELLS.values()]
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(cells=sources),
        timeout=120,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(place / "labs" / "fr")}},
    )
    done = client.execute(env={**os.environ, "PYTHONPATH": ROOT})
    return dict(zip(CELLS, done.cells, strict=True))


def text(cell: nbformat.NotebookNode) -> str:
    """All that a cell shows as plain text; fails if it shows an error."""
    parts = []
    for out in cell.outputs:
        assert out.output_type != "error", out
        parts.append(out.text if out.output_type == "stream" else out.data["text/plain"])
    return "\n".join(parts)


def error(cell: nbformat.NotebookNode) -> str:
    (found,) = [out for out in cell.outputs if out.output_type == "error"]
    return "\n".join(found.traceback)


def test_open_holes_and_what_follows_from_them_are_no_errors(ran: dict) -> None:
    calm = "… 1.1 Le double : pas encore fait"
    assert text(ran["hole"]) == ""
    assert text(ran["stopped"]) == text(ran["follows"]) == calm
    assert text(ran["independent"]) == "still here\n"
    assert text(ran["todo"]) == "… 1.1 Le double  –   pas encore fait"
    assert "square n'est pas défini : exécutez d'abord sa cellule" in text(ran["not run"])


def test_keras_and_autograph_do_not_hide_a_hole(ran: dict) -> None:
    assert text(ran["wrapped"]).strip().endswith("… 1.1 Le double : pas encore fait")
    assert text(ran["graph"]).strip().endswith("… 1.1 Le double : pas encore fait")


def test_what_is_not_trained_yet_is_no_error(ran: dict) -> None:
    assert text(ran["history"]) == text(ran["curve"]) == "… classifier : pas encore entraîné"
    assert "0/7,5" in text(ran["progress"])


def test_other_errors_stay_errors(ran: dict) -> None:
    assert "NameError" in error(ran["name error"]) and "Traceback" in error(ran["name error"])
    for name in ("misspelt check", "misspelt lab"):
        assert error(ran[name]).startswith("LabError: ") and "\n" not in error(ran[name])
    assert "Vouliez-vous dire 'double'" in error(ran["misspelt check"])


def test_a_report_is_html_with_words_and_a_described_picture(ran: dict) -> None:
    (out,) = ran["wrong"].outputs
    html = out.data["text/html"]
    assert "✗" in html and "pas juste" in html and "on ajoute 2" in html
    assert "<details" in html and "<script" not in html
    assert "data:image/svg+xml;base64" in html and 'alt="valeurs : deux cartes' in html
    assert out.data["text/plain"].startswith("✗ 1.1 Le double  0/2")


def test_forbidden_calls_are_found_in_cells_and_forgiven_once_replaced(ran: dict) -> None:
    assert "utilise numpy.add" in text(ran["forbidden"])
    assert text(ran["forgiven"]).startswith("✓ 1.1 Le double  2/2")


def test_names_come_from_the_notebook_not_from_the_calling_function(ran: dict) -> None:
    assert text(ran["nested"]).startswith("✓ 1.1 Le double  2/2")


def test_running_the_first_cell_again_changes_nothing(ran: dict) -> None:
    assert text(ran["hole again"]) == "… 1.2 Le carré : pas encore fait"
    assert "pas encore fait" in text(ran["after"])

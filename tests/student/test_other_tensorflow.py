"""TP4, done from the bundle under Colab's conditions, with other versions than the pinned ones.

Each Python named in ``LAB_OTHER_PYTHONS`` (paths with ``:`` between) gets the bundle by pip and does
the whole lab, training included. To make one::

    python3.11 -m venv older
    older/bin/pip install tensorflow==2.19.1 keras==3.10.0 numpy==2.0.2 ipython==7.34.0 \\
        matplotlib scipy ipykernel nbclient
    LAB_OTHER_PYTHONS=$PWD/older/bin/python pytest tests/student/test_other_tensorflow.py
"""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.authoring.release import release
from grader.authoring.source import load_lab
from grader.check.recording import Recording

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
LAB = "tp4_transformer"
PYTHONS = [p for p in os.environ.get("LAB_OTHER_PYTHONS", "").split(os.pathsep) if p]
RUN = """
import os, sys
import nbclient, nbformat
book = nbformat.read(sys.argv[1], 4)
client = nbclient.NotebookClient(
    book, timeout=600, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}
)
client.execute(env=dict(os.environ))
nbformat.write(book, sys.argv[3])
"""


@pytest.mark.skipif(not PYTHONS, reason="LAB_OTHER_PYTHONS names no Python")
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_tp4_from_the_first_cell_to_the_receipt(python: str, lang: str, tmp_path: Path) -> None:
    from test_front_ends import COLAB

    bundle, content = tmp_path / "labs.zip", tmp_path / "content"
    content.mkdir()
    release(ROOT, [LAB], bundle)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", bundle],
        check=True, timeout=300,
    )  # fmt: skip
    lab = load_lab(ROOT / "solutions" / LAB, proofs=False)
    book = lab.notebook(lang, solved=False)  # type: ignore[arg-type]
    solved = {c["id"]: c.source for c in lab.notebook(lang, solved=True).cells}  # type: ignore[arg-type]
    for cell in book.cells:
        cell.source = solved.get(cell["id"], cell.source)
    book.cells[-1].source = "lab.selfcheck()\nlab.submit()"
    screen, done = tmp_path / "screen.ipynb", tmp_path / "done.ipynb"
    nbformat.write(book, screen)
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "colab.py").write_text(COLAB)
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "JPY_SESSION_NAME")}
    env |= {"IPYTHONDIR": str(tmp_path / "ipython"), "ON_SCREEN": str(screen)}
    subprocess.run([python, "-c", RUN, screen, content, done], check=True, env=env, timeout=900)
    shown = nbformat.read(done, 4).cells[-1].outputs
    said = "\n".join(o.get("text") or o["data"]["text/plain"] for o in shown)
    assert "21/20" in said and "✗" not in said, said
    assert f"offered {LAB}-submission.zip" in said
    with zipfile.ZipFile(content / f"{LAB}-submission.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        made = Recording.from_bytes(archive.read(f"recordings/{LAB}/reverser.safetensors"))
    assert manifest["receipt"] in said and manifest["lang"] == lang
    assert made.history["loss"][-1] < 0.1

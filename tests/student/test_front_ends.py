"""The released mini lab, done in a kernel as JupyterLab, VS Code and Colab start it, then graded.

Each has what it has: a session name, a name in the notebook's own namespace, a module. None has the
course's folder: the kit is the bundle, the notebook lies in a folder of its own.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.authoring.build import build
from grader.authoring.release import TOP, release
from grader.authoring.source import load_lab

nbclient = pytest.importorskip("nbclient")
# The mini lab's mistakes divide by zero.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]
ROOT = Path(__file__).resolve().parents[2]
MINI = ROOT / "tests" / "fixtures" / "mini"

COLAB = ROOT / "tests" / "places" / "colab_startup.py"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("course")
    shutil.copytree(MINI, made / "solutions" / "mini")
    build(made, load_lab(made / "solutions" / "mini"), lambda line: None, execute=False)
    release(made, ["mini"], made / "labs.zip")
    with zipfile.ZipFile(made / "labs.zip") as archive:
        archive.extractall(made / "kit")
    return made


def work(course: Path, folder: Path, front: str, lang: str) -> tuple[Path, str]:
    """Do the lab; the zip that was made and the receipt that was printed."""
    folder.mkdir(parents=True)
    lab = load_lab(course / "solutions" / "mini")
    book = lab.notebook(lang, solved=False)  # type: ignore[arg-type]
    solved = {c["id"]: c.source for c in lab.notebook(lang, solved=True).cells}  # type: ignore[arg-type]
    for cell in book.cells:
        cell.source = solved.get(cell["id"], cell.source)
    book.cells.append(nbformat.v4.new_code_cell("lab.submit()"))
    path = folder / "mon TP.ipynb"
    env = {k: v for k, v in os.environ.items() if k not in ("JPY_SESSION_NAME", "PYTHONPATH")}
    env |= {"PYTHONPATH": str(course / "kit" / TOP), "HOME": str(folder / "home")}
    ran = nbformat.from_dict(book)
    if front == "jupyterlab":
        env["JPY_SESSION_NAME"] = str(path)
    elif front == "vscode":
        ran.cells.insert(0, nbformat.v4.new_code_cell(f"__vsc_ipynb_file__ = {str(path)!r}"))
    else:
        startup = folder / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        shutil.copy(COLAB, startup)
        env |= {"IPYTHONDIR": str(folder / "ipython"), "ON_SCREEN": str(course / "screen.ipynb")}
    where = course / "screen.ipynb" if front == "colab" else path
    nbformat.write(book if front != "vscode" else lab_only(ran), where)
    client = nbclient.NotebookClient(
        ran, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=env)
    shown = [o for o in ran.cells[-1].outputs if "data" in o or "text" in o]
    said = "\n".join(o.get("text") or o["data"]["text/plain"] for o in shown)
    assert "✗" not in said, said
    assert ("offered mini-submission.zip" in said) == (front == "colab")
    receipt = re.search(r"(?:reçu|receipt) (\w{5}-\w{5})", said)
    assert receipt is not None, said
    return folder / "mini-submission.zip", receipt[1]


def lab_only(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook without the cell that stands for what VS Code puts into the namespace."""
    return nbformat.v4.new_notebook(cells=book.cells[1:])


def test_submissions_of_three_front_ends_are_graded_alike(course: Path, tmp_path: Path) -> None:
    receipts = {}
    for front, lang in (("jupyterlab", "fr"), ("vscode", "en"), ("colab", "fr")):
        made, receipts[front] = work(course, tmp_path / front, front, lang)
        handed_in = tmp_path / "class" / f"{front}_1_assignsubmission_file_" / made.name
        handed_in.parent.mkdir(parents=True)
        shutil.copy(made, handed_in)
        with zipfile.ZipFile(made) as archive:
            manifest = json.loads(archive.read("manifest.json"))
        assert manifest["receipt"] == receipts[front] and manifest["lang"] == lang
        assert not list((course / "kit").rglob("*submission*"))
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "grader", "grade", tmp_path / "class", "--out", out,
         "--sandbox", "none", "--jobs", "1"],
        cwd=course, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "mini" / "gradebook.csv").open(encoding="utf-8-sig") as file:
        rows = {r["student"]: r for r in csv.DictReader(file)}
    assert {n: float(r["total"]) for n, r in rows.items()} == dict.fromkeys(receipts, 20.0)
    for front, receipt in receipts.items():
        (page,) = [p for p in (out / "mini" / "feedback").rglob("*.html") if front in str(p)]
        assert receipt in page.read_text("utf-8")

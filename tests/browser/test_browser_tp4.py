"""TP4 in French, in JupyterLab: a mistake made, named and mended, a training, a receipt.

All holes but the first are filled in beforehand: a student has two hours, a test has one minute.
The training is the notebook's own, cut short at 30 s (``LAB_TRAINING_SECONDS``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import ROOT, Desk, serving

from grader.authoring.source import LoadedLab, load_lab
from grader.check.recording import Recording
from grader.intake import collect

pytestmark = pytest.mark.slow
pytest.importorskip("tensorflow")
LAB = "tp4_transformer"
SECONDS = os.environ.get("LAB_TRAINING_SECONDS", "30")


def almost_done(lab: LoadedLab, lang: str) -> nbformat.NotebookNode:
    """The student notebook with every hole but attention's filled in."""
    book = lab.notebook(lang, solved=False)  # type: ignore[arg-type]
    solved = {c["id"]: c.source for c in lab.notebook(lang, solved=True).cells}  # type: ignore[arg-type]
    for cell in book.cells:
        if cell.source.startswith("def scaled_dot_product_attention"):
            continue
        cell.source = solved.get(cell["id"], cell.source)
    return book


def test_tp4_from_a_wrong_answer_to_a_receipt(desk: Desk, tmp_path: Path) -> None:
    lab = load_lab(ROOT / "solutions" / LAB, proofs=False)
    work = tmp_path / "work"
    (work / "labs" / "fr").mkdir(parents=True)
    shutil.copy(ROOT / "labs" / f"{LAB}.key", work / "labs")
    nbformat.write(almost_done(lab, "fr"), work / "labs" / "fr" / f"{LAB}.ipynb")
    (attention,) = lab.exercise_cells("attention")
    wrong = attention.solved().replace(" / math.sqrt(q.shape[-1])", "")
    with serving(work, "lab", tmp_path / "home", LAB_TRAINING_SECONDS=SECONDS) as address:
        desk.open(address, f"labs/fr/{LAB}.ipynb", "lab")
        desk.page.locator("h1").first.wait_for()
        desk.picture("lab-fr")
        for text in ("À exécuter d'abord", "lab = Lab(", "import math", "dessiner des matrices"):
            desk.run(desk.cell(text))
        desk.idle(180)
        hole, check = desk.cell("def scaled_dot_product"), desk.cell('lab.check("attention")')
        desk.run(check)
        assert "exécutez d'abord sa cellule" in desk.says(check, "n'est pas défini", 120)
        desk.run(hole)
        desk.run(check)
        assert "pas juste" not in desk.says(check, "pas encore fait")
        desk.type(hole, wrong)
        desk.run(hole)
        desk.run(check)
        said = desk.says(check, "√d_k")
        assert "✗" in said and "pas juste" in said and "indice" in said
        assert check.locator("img[alt*='deux cartes']").count() >= 1
        check.locator("summary", has_text="indice").first.click()
        desk.picture("mistake-fr", hole, check)
        assert accessible(desk, ".lab-report")
        desk.type(hole, attention.solved())
        desk.run(hole)
        desk.run(check)
        said = desk.says(check, "2/2") if "2/2" in check.inner_text() else desk.says(check, "juste")
        assert "✗" not in said and "pas juste" not in said
        desk.picture("right-fr", hole, check)

        desk.menu("Run", "Run Selected Cell and All Below")
        training = desk.cell("SEED = 1")
        desk.says(training, "encore", 240)  # how long it will take, while it runs
        training.locator("img[alt^='courbes de reverser']").wait_for(timeout=120_000)
        training.scroll_into_view_if_needed()
        desk.picture("training-fr", training)
        said = desk.says(training, "enregistré dans recordings", 240)
        assert "perte" in said or "loss" in said
        desk.idle(120)
        desk.picture("trained-fr", training)
        assert sideways(desk) == []
        stderr = desk.page.locator(".jp-OutputArea-output[data-mime-type*=stderr]")
        assert stderr.all_inner_texts() == []
        assert accessible(desk, ".lab-report, .lab-note")
        progress = desk.cell("lab.progress()", -1)
        said = desk.says(progress, "TP4")
        desk.picture("progress-fr", progress)
        points = float(re.search(r"([\d,]+)/20", said)[1].replace(",", "."))  # type: ignore[index]
        assert points >= 16

        last = desk.cell("# lab.selfcheck()")
        desk.type(last, "lab.submit()")
        desk.save()
        desk.run(last)
        said = desk.says(last, "rendez ce seul fichier")
        assert "✗" not in said
        receipt = re.search(r"reçu (\w{5}-\w{5})", said)
        assert receipt is not None
        desk.picture("receipt-fr", last)
        with desk.page.expect_download() as offered:
            last.locator("a", has_text="télécharger").click()
        handed_in = tmp_path / "class" / "Zoé Hémon_7_assignsubmission_file_" / "work.zip"
        handed_in.parent.mkdir(parents=True)
        offered.value.save_as(handed_in)
    with zipfile.ZipFile(handed_in) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        found = Recording.from_bytes(archive.read(f"recordings/{LAB}/reverser.safetensors"))
    assert manifest["receipt"] == receipt[1] and manifest["lang"] == "fr"
    assert found.lab == LAB and found.history["loss"][-1] < 3.0
    (submission,) = collect(handed_in.parents[1])
    assert submission.receipt == receipt[1] and set(submission.recordings()) == {"reverser"}


def sideways(desk: Desk) -> list[str]:
    """The beginnings of texts and outputs that are wider than their place; code is not looked at."""
    found: list[str] = desk.page.evaluate(
        "() => [...document.querySelectorAll('.jp-RenderedMarkdown, .jp-OutputArea-output')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.slice(0, 80))"
    )
    return found


def accessible(desk: Desk, part: str) -> bool:
    """Whether axe finds nothing that keeps people from reading a part of the page."""
    rules = ["image-alt", "color-contrast", "aria-progressbar-name", "summary-name", "list"]
    options = {"runOnly": {"type": "rule", "values": rules}}
    found = Axe().run(desk.page, context=part, options=options)
    assert found.violations_count == 0, found.generate_report()
    return True

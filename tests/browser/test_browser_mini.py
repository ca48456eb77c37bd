"""The mini lab in English, done in Notebook 7 by mouse and keyboard, and graded."""

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

import pytest
from desk import ROOT, Desk, serving

from grader.authoring.build import build
from grader.authoring.source import load_lab

# The mini lab's mistakes divide by zero.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]
MINI = ROOT / "tests" / "fixtures" / "mini"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the mini lab, built; with a repository, so that there is a badge."""
    made = tmp_path_factory.mktemp("course")
    shutil.copytree(MINI, made / "solutions" / "mini")
    (made / "course.toml").write_text('[colab]\nrepository = "school/labs"\n')
    build(made, load_lab(made / "solutions" / "mini"), lambda line: None, execute=False)
    return made


def test_a_lab_from_the_first_click_to_a_graded_receipt(
    course: Path, desk: Desk, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    shutil.copytree(course / "labs", work / "labs")
    with serving(work, "notebook", tmp_path / "home") as address:
        desk.open(address, "labs/en/mini.ipynb", "notebook")
        badge = desk.page.locator("a[href*='colab.research.google.com/github/school/labs']")
        assert badge.locator("img").get_attribute("alt") == "Open in Colab"
        for text in ("Run this first", "lab = Lab(", "import numpy"):
            desk.run(desk.cell(text))
        hole, check = desk.cell("def row_mean"), desk.cell('lab.check("mean")')
        desk.run(hole)
        desk.run(check)
        assert "not done yet" in desk.says(check, "…")
        desk.type(hole, "def row_mean(x):\n    return x.sum(axis=1) / len(x)")
        desk.run(hole)
        desk.run(check)
        said = desk.says(check, "the sum is divided by the number of rows, not of columns")
        assert "not right" in said and "hint" in said
        desk.picture("check-en", hole, check)
        desk.type(hole, "def row_mean(x):\n    return x.sum(axis=1) / x.shape[1]")
        desk.run(hole)
        desk.run(check)
        assert "4/4" in desk.says(check, "right")
        desk.menu("Run", "Run All Cells")
        desk.idle(60)
        assert desk.page.locator(".jp-RenderedText[data-mime-type*=stderr]").count() == 0
        progress = desk.cell("lab.progress()")
        assert "5/20" in desk.says(progress, "Mini lab")
        last = desk.cell("scores = standardise")
        desk.type(last, "lab.submit()")
        desk.run(last)
        assert "save the notebook (Ctrl+S)" in desk.says(last, "✗")
        desk.save()
        desk.run(last)
        said = desk.says(last, "hand in this one file")
        receipt = re.search(r"receipt (\w{5}-\w{5})", said)
        assert receipt is not None
        with desk.page.expect_download() as offered:
            last.locator("a", has_text="download").click()
        handed_in = tmp_path / "class" / "Zoé Hémon_7_assignsubmission_file_" / "work.zip"
        handed_in.parent.mkdir(parents=True)
        offered.value.save_as(handed_in)
    with zipfile.ZipFile(handed_in) as archive:
        assert json.loads(archive.read("manifest.json"))["receipt"] == receipt[1]
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "grader", "grade", handed_in.parents[1], "--out", out,
         "--sandbox", "none"],
        cwd=course, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "mini" / "gradebook.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["student"] == "Zoé Hémon" and float(row["total"]) == 5.0
    (feedback,) = (out / "mini" / "feedback").rglob("*.html")
    assert receipt[1] in feedback.read_text("utf-8")

"""nbgrader itself, on a released lab: it accepts the metadata, releases, grades, exports."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "desk"))
from commands import grader
from essay import make_course

from grader.authoring.source import load_lab
from grader.check.key import Key

pytest.importorskip("nbgrader", reason="nbgrader is not installed")


def nbgrader(folder: Path, *words: str, code: int = 0) -> str:
    home = folder / ".home"  # nbgrader and Jupyter write there, not into the person's own
    home.mkdir(exist_ok=True)
    bin = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # of alembic
    env = {**os.environ, "HOME": str(home), "PATH": bin, "JUPYTER_ALLOW_INSECURE_WRITES": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=folder, capture_output=True, text=True, env=env, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_course(tmp_path_factory.mktemp("course"))
    grader(folder, "build", "mini", "--no-execute")
    grader(folder, "nbgrader", "--out", "nb", "--lang", "en")
    return folder


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nbgraders_own_validator_accepts_the_metadata(course: Path, lang: str) -> None:
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.utils import compute_checksum

    validator = MetadataValidator()
    for path in (course / "labs" / lang / "mini.ipynb", course / "nb" / "source/mini/mini.ipynb"):
        book = nbformat.read(path, 4)
        nbformat.validate(book)
        marked = [c for c in book.cells if "nbgrader" in c.metadata]
        assert len(marked) >= 5
        for cell in marked:
            validator.validate_cell(cell)
            assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
        ids = [c.metadata.nbgrader.grade_id for c in marked]
        assert len(set(ids)) == len(ids)


@pytest.mark.slow
def test_nbgrader_releases_grades_and_exports(course: Path) -> None:
    nb = course / "nb"
    nbgrader(nb, "generate_assignment", "mini")
    released = nbformat.read(nb / "release" / "mini" / "mini.ipynb", 4)
    assert "raise todo(" in "".join(c.source for c in released.cells)
    lab = load_lab(course / "solutions" / "mini")
    mutant = next(m for m in lab.mutants if m.id == "no-root")
    solved = {c.id: c.source for c in lab.notebook("en", True).cells}
    wrong = {c.id: c.source for c in lab.notebook("en", True, lab.change(mutant)).cells}
    for student, sources in (("right", solved), ("wrong", wrong), ("blank", {})):
        book = nbformat.from_dict(json.loads(json.dumps(released)))
        for cell in book.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = sources.get(cell.id, cell.source)
        folder = nb / "submitted" / student / "mini"
        folder.mkdir(parents=True)
        nbformat.write(book, folder / "mini.ipynb")
    nbgrader(nb, "autograde", "mini", "--create")
    nbgrader(nb, "generate_feedback", "mini")
    nbgrader(nb, "export")
    with (nb / "grades.csv").open(newline="") as file:
        rows = {r["student_id"]: r for r in csv.DictReader(file)}
    key = Key.load(course / "labs" / "mini.key")
    text = next(c for c in key.checks if c.answer.get("type") == "text")
    untold = [c for c in key.checks if not c.answer.get("told", True) and not c.bonus]
    assert text.points and untold
    most = key.max_points - text.points - sum(c.points for c in untold if c is not text)
    assert float(rows["right"]["max_score"]) == key.max_points
    lost = sum(key.check(c).points for c in mutant.loses)
    scores = {who: float(rows[who]["score"]) for who in rows}
    assert scores == {"right": most, "wrong": most - lost, "blank": 0.0}
    assert (nb / "feedback" / "right" / "mini" / "mini.html").is_file()

    grader(course, "grade", "nb/submitted", "--out", "out")  # and the kit reads nbgrader's tree
    with (course / "out" / "mini" / "gradebook.csv").open(newline="", encoding="utf-8-sig") as file:
        ours = {r["student"]: float(r["total"]) for r in csv.DictReader(file)}
    most = key.max_points - text.points + 1  # with a bonus of 1
    assert ours == {"right": most, "wrong": most - lost, "blank": 0.0}

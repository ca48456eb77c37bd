"""``run_autograder`` executed in a folder laid out as Gradescope's, on the zip that a teacher uploads."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "desk"))
from commands import grader
from essay import make_class, make_course

from grader.authoring.source import load_lab
from grader.cli.autograder import with_lateness
from grader.gradebook.records import Graded
from grader.gradebook.settings import load_settings
from grader.platforms.gradescope import read_metadata

TOP = {
    "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format",
    "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
METADATA = {
    "id": 123456,
    "created_at": "2026-11-21T10:00:00.000000+01:00",
    "assignment": {
        "due_date": "2026-11-20T23:59:00.000000+01:00", "group_size": 1, "id": 25828,
        "course_id": 25828, "late_due_date": None, "release_date": "2026-11-02T00:00:00.000000+01:00",
        "title": "TP", "total_points": "20.0",
    },
    "submission_method": "upload",
    "users": [{"email": "zoe@ecole.fr", "id": 1234, "name": "Zoé d'Hérouville",
               "assignment": {"due_date": "2026-11-20T23:59:00.000000+01:00"}}],
    "previous_submissions": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_course(tmp_path_factory.mktemp("course"))
    (folder / "course.toml").write_text(
        'class_list = "secret.csv"\n[late]\npercent = 10\n[labs.mini.limits]\nseconds = 40\n'
    )
    (folder / "secret.csv").write_text("Full name\nZoé d'Hérouville\n")
    grader(folder, "build", "mini", "--no-execute")
    make_class(folder, folder / "class", 1)
    grader(folder, "gradescope", "mini", "--out", "autograder.zip")
    return folder


def container(course: Path, tmp_path: Path, metadata: object = METADATA) -> Path:
    """A folder laid out as Gradescope's ``/autograder``."""
    root = tmp_path / "autograder"
    for part in ("source", "submission", "results"):
        (root / part).mkdir(parents=True)
    with zipfile.ZipFile(course / "autograder.zip") as archive:
        archive.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root)
    if metadata is not None:
        (root / "submission_metadata.json").write_text(json.dumps(metadata))
    return root


def run(root: Path, code: int = 0) -> tuple[dict, str]:
    env = {**os.environ, "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", str(root / "run_autograder")], env=env, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    path = root / "results" / "results.json"
    return json.loads(path.read_text()) if path.is_file() else {}, done.stderr


def notebook(course: Path) -> Path:
    return next((course / "class").rglob("*.ipynb"))


def test_the_zip_holds_what_it_must_and_no_class_list(course: Path) -> None:
    with zipfile.ZipFile(course / "autograder.zip") as archive:
        names = archive.namelist()
        modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
        settings = archive.read("course.toml").decode()
        pins = archive.read("requirements.txt").decode().split()
        setup = archive.read("setup.sh")
    assert modes["setup.sh"] & 0o111 and modes["run_autograder"] & 0o111
    assert len([n for n in names if n.startswith(".grader/keys/")]) == 1
    assert "class_list" not in settings and "percent = 10" in settings
    assert not [n for n in names if "secret.csv" in n or n.endswith(".ipynb")]
    assert any(p.startswith("tensorflow==") for p in pins)
    assert not any(re.match("pytest|nbgrader|playwright", p) for p in pins)
    assert subprocess.run(["bash", "-n"], input=setup).returncode == 0


def test_a_submission_is_graded_late_and_all(course: Path, tmp_path: Path) -> None:
    root = container(course, tmp_path)
    shutil.copy(notebook(course), root / "submission" / "mon TP (1).ipynb")
    results, _ = run(root)
    assert results.keys() <= TOP
    assert (
        results["score"] == 17.0
    )  # 18 and a bonus of 1, an answer to be read, two points for lateness
    assert "10 h 01 min" in results["output"]
    assert results["extra_data"]["student"] == "Zoé d'Hérouville"
    assert len(results["tests"]) == 11
    statuses = {t["extra_data"]["check"]: t.get("status") for t in results["tests"]}
    assert statuses.pop("q4") is None  # a person reads it
    assert set(statuses.values()) == {"passed"}
    assert len(list((root / "source" / ".grader" / "keys").iterdir())) == 1  # compiled beforehand


def test_a_mistake_is_named_and_zips_are_opened(course: Path, tmp_path: Path) -> None:
    lab = load_lab(course / "solutions" / "mini")
    mutant = next(m for m in lab.mutants if m.id == "no-root")
    book = lab.notebook("en", True, lab.change(mutant))
    root = container(course, tmp_path, None)
    with zipfile.ZipFile(root / "submission" / "work.zip", "w") as archive:
        archive.writestr("a/tp.ipynb", json.dumps(book))
    results, _ = run(root)
    named = {t["extra_data"]["diagnosis"] for t in results["tests"]}
    assert "no-root" in named
    assert results["extra_data"]["late_penalty"] == 0.0


@pytest.mark.parametrize("content", [None, b"not a notebook", b'{"cells": []}'])
def test_what_is_no_submission_gets_no_points_and_a_reason(
    course: Path, tmp_path: Path, content: bytes | None
) -> None:
    root = container(course, tmp_path)
    if content is not None:
        (root / "submission" / "tp.ipynb").write_bytes(content)
    results, _ = run(root)
    assert results["score"] == 0.0 and results["output"] and results["tests"] == []


def test_a_fault_of_ours_gives_nobody_a_zero(course: Path, tmp_path: Path) -> None:
    root = container(course, tmp_path)
    shutil.copy(notebook(course), root / "submission")
    (root / "source" / "course.toml").write_text("nonsense = 1\n")
    results, said = run(root, code=1)
    assert results == {} and "nonsense: no such setting" in said


@pytest.mark.parametrize(
    ("course", "users", "late"),
    [
        ("", ["2026-11-20T23:59:00+01:00"], True),
        ("", ["2026-11-20T23:59:00+01:00", "2026-11-25T23:59:00+01:00"], False),
        ("[labs.mini]\ndue = 2026-11-19\n", ["2026-11-20T23:59:00+01:00"], True),
        ("[labs.mini]\ndue = 2026-11-19\n", ["2026-11-22T23:59:00+01:00"], False),
        ('[labs.mini.extensions]\n"u1@e.fr" = 2026-11-23\n', ["2026-11-20T23:59:00+01:00"] * 2, False),
        ('[labs.mini]\ndue = 2026-11-19\n[labs.mini.extensions]\n"U0 Name" = 2026-11-23\n', [], True),
        ('[labs.mini]\ndue = 2026-11-19\n[labs.mini.extensions]\n"U0 Name" = 2026-11-23\n',
         ["2026-11-20T23:59:00+01:00"], False),
    ],
)  # fmt: skip
def test_the_kindest_extension_of_anybody_counts(
    tmp_path: Path, course: str, users: list[str], late: bool
) -> None:
    base = {"due_date": "2026-11-20T23:59:00+01:00"}
    people = [
        {"email": f"u{i}@e.fr", "name": f"U{i} Name", "assignment": {"due_date": due}}
        for i, due in enumerate(users)
    ]
    tree = {"created_at": "2026-11-21T10:00:00+01:00", "assignment": base, "users": people}
    (tmp_path / "metadata.json").write_text(json.dumps(tree))
    (tmp_path / "course.toml").write_text(f"[late]\npercent = 10\n{course}")
    settings = load_settings(tmp_path, ["mini"])
    key = SimpleNamespace(lab="mini", max_points=20.0)
    graded = Graded("U", "u", "o", "mini", "d", verdicts=(object(),))  # type: ignore[arg-type]
    found = with_lateness(graded, key, settings, read_metadata(tmp_path / "metadata.json"))  # type: ignore[arg-type]
    assert (found.late is not None) == late

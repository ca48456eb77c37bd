"""A course of its own with the mini lab, and classes of submissions for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from grader.authoring.source import load_lab

TESTS = Path(__file__).parents[1]
MINI = TESTS / "fixtures" / "mini"
COLUMNS_APART = ("seconds", "graded_at", "graded")  # times


def make_course(folder):
    (folder / "labs").mkdir(parents=True)
    shutil.copytree(
        MINI, folder / "solutions" / "mini", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def notebooks(extra=()):
    """Name → notebook: solution, blank, every mutant and variant, and `extra` cells added to one."""
    lab = load_lab(MINI)
    found = {"solution": lab.notebook("fr", True), "blank": lab.notebook("en", False)}
    for mutant in lab.mutants:
        found[f"mutant-{mutant.id}"] = lab.notebook("fr", True, lab.change(mutant), mutant.answers)
    for variant in lab.variants:
        node = lab.notebook("en", True, lab.change(variant), variant.answers)
        found[f"variant-{variant.id}"] = node
    for name, cell in extra:
        node = lab.notebook("en", True)
        node.cells.insert(2, nbformat.v4.new_code_cell(cell))
        found[name] = node
    return found


def hand_in(folder, count=None, extra=()):
    """One notebook a student, in `folder`; returns the students' names."""
    folder.mkdir(parents=True)
    books = list(notebooks(extra).items())[:count]
    for name, node in books:
        (folder / f"{name}.ipynb").write_text(nbformat.writes(node), "utf-8")
    return [name for name, _ in books]


def command(course, path, out, jobs=2):
    return [sys.executable, "-W", "ignore", "-m", "grader", "grade", str(path), "--lab", "mini",
            "--out", str(out), "--jobs", str(jobs)]  # fmt: skip


def start(course, path, out, jobs=2, **options):
    """`grader grade`, started."""
    env = {**os.environ, "PYTHONPATH": str(TESTS.parent), "COLUMNS": "200"}
    return subprocess.Popen(
        command(course, path, out, jobs), cwd=course, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options,
    )  # fmt: skip


def grade(course, path, out, jobs=2, **options):
    """Run `grader grade` to its end: exit code, all it printed."""
    process = start(course, path, out, jobs, **options)
    said, errors = process.communicate(timeout=180)
    return process.returncode, said + errors

"""The same class in three forms: for this kit, for nbgrader, for otter-grader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import nbformat

from grader.authoring.source import LoadedLab, nbgrader_metadata
from grader.check.key import Key

ASSIGNMENT = "tp4"
BEFORE = "import same_checks\n\nsame_checks.prepared()"


def notebooks(lab: LoadedLab, students: int) -> dict[str, Any]:
    """Name → notebook: the solution, then mutants and variants in turn, all of which run."""
    found = {"solution": lab.notebook("en", True)}
    kinds = [x for pair in zip(lab.variants, lab.mutants, strict=False) for x in pair]
    for item in kinds:
        if len(found) == students:
            break
        if item.retrain or getattr(item, "notebook", None):
            continue
        name = f"{type(item).__name__.lower()}-{item.id}"
        found[name] = lab.notebook("en", True, lab.change(item), item.answers)
    return found


def for_kit(folder: Path, books: dict[str, Any], recordings: dict[str, bytes]) -> None:
    """One zip a student, with the recordings."""
    folder.mkdir(parents=True)
    for name, node in books.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as file:
            file.writestr("tp4_transformer.ipynb", nbformat.writes(node))
            for recording, data in recordings.items():
                file.writestr(f"{recording}.safetensors", data)


def _code(source: str, **metadata: Any) -> Any:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def _asked(key_file: Path) -> str:
    sources = "[s for s in In if s]"
    return (
        "import same_checks\n\n"
        f"POINTS = same_checks.points({str(key_file)!r}, globals(), {sources})"
    )


def for_nbgrader(folder: Path, books: dict[str, Any], key: Key, key_file: Path) -> None:
    """An nbgrader course: a source with one locked test cell a check, and the submissions."""
    tests = [_code(_asked(key_file), nbgrader=nbgrader_metadata("points"))]
    for check in key.checks:
        cell = f"POINTS[{check.id!r}]"
        flags = {"grade": True, "points": check.points}
        tests.append(_code(cell, nbgrader=nbgrader_metadata(check.id.replace(".", "-"), **flags)))

    def whole(node: Any) -> Any:
        cells = [_code(BEFORE, nbgrader=nbgrader_metadata("before")), *_bare(node).cells, *tests]
        for i, cell in enumerate(cells):
            cell["id"] = f"b{i:03d}"
        made = nbformat.from_dict({**node, "cells": json.loads(json.dumps(cells))})
        return made

    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "bench"\n'
        "c.ExecutePreprocessor.timeout = 600\nc.Execute.timeout = 600\n"
        "c.ClearSolutions.enforce_metadata = False\n"
    )
    nbformat.write(whole(books["solution"]), source / f"{ASSIGNMENT}.ipynb")
    for name, node in books.items():
        place = folder / "submitted" / name / ASSIGNMENT
        place.mkdir(parents=True)
        nbformat.write(whole(node), place / f"{ASSIGNMENT}.ipynb")


def for_otter(folder: Path, books: dict[str, Any], key: Key, key_file: Path) -> None:
    """An otter assignment: one test file a check, and the submissions with the asking cell last."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for check in key.checks:
        name = check.id.replace(".", "_")
        (tests / f"{name}.py").write_text(
            "from otter.test_files import test_case\n\nOK_FORMAT = False\n"
            f"name = {name!r}\npoints = {check.points}\n\n\n"
            f"@test_case(points={check.points}, hidden=False)\n"
            "def test(POINTS):\n"
            f"    assert POINTS[{check.id!r}] >= {check.points}\n"
        )
    place = folder / "submissions"
    place.mkdir()
    for name, node in books.items():
        made = nbformat.from_dict(json.loads(json.dumps(_bare(node))))
        made.cells = [_code(BEFORE), *made.cells, _code(_asked(key_file))]
        for i, cell in enumerate(made.cells):
            cell["id"] = f"b{i:03d}"
        nbformat.write(made, place / f"{name}.ipynb")


def _bare(node: Any) -> Any:
    """The notebook without the nbgrader metadata that the kit writes itself."""
    made = nbformat.from_dict(json.loads(json.dumps(node)))
    for cell in made.cells:
        cell.metadata.pop("nbgrader", None)
    return made

"""One graded class for all tests here; each that changes it takes a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import grader
from essay import STUDENTS, make_class, make_course


@pytest.fixture(scope="session")
def graded_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = make_course(tmp_path_factory.mktemp("course"))
    make_class(course, course / "class", STUDENTS)
    grader(course, "grade", "class", "--out", "out", "--lang", "fr")
    return course


@pytest.fixture
def course(graded_course: Path, tmp_path: Path) -> Path:
    """A copy of the course with its gradebook."""
    return Path(shutil.copytree(graded_course, tmp_path / "course"))

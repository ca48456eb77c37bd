"""``course.csv``: each student's totals over the labs and their weighted mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from slugify import slugify

from grader.check.text import gettext
from grader.platforms.files import write_atomically
from grader.reports.gradebook import safe_cell


class Row(Protocol):
    """One student over all labs; `grader.gradebook.course.CourseRow` is one."""

    @property
    def student(self) -> str: ...
    @property
    def totals(self) -> Mapping[str, float]: ...
    @property
    def mean(self) -> float: ...


def course_csv(rows: Sequence[Row], weights: Mapping[str, float], lang: str) -> str:
    """One row a student, one column a lab (empty where nothing was handed in), then the mean.

    The second row holds the weights.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["student", *weights, "mean"])
    word = gettext("(weight)").to(lang)
    writer.writerow([word, *(f"{w:g}" for w in weights.values()), ""])
    for row in sorted(rows, key=lambda r: (slugify(r.student), r.student)):
        got = [f"{row.totals[lab]:.2f}" if lab in row.totals else "" for lab in weights]
        writer.writerow([safe_cell(row.student), *got, f"{row.mean:.2f}"])
    return file.getvalue()


def write_course(rows: Sequence[Row], weights: Mapping[str, float], path: Path, lang: str) -> Path:
    """Write `course_csv` to `path`."""
    return write_atomically(path, course_csv(rows, weights, lang))

"""For lab authors: the vocabulary of ``checks.py`` and ``variants.py``.

This half of the kit stays with the instructors; it is not in the students' release.
"""

from grader.authoring.probes import Handle, Student
from grader.authoring.spec import AuthorError, Draw, ExerciseSpec, LabSpec, Variant
from grader.check.compare import Between, Close, Distribution, Exact, Metric
from grader.check.key import Limits
from grader.check.probe import Probe, draw_index, numpy_array, rng, table
from grader.check.recording import Measured

__all__ = [
    "AuthorError", "Between", "Close", "Distribution", "Draw", "Exact", "ExerciseSpec", "Handle",
    "LabSpec", "Limits", "Measured", "Metric", "Probe", "Student", "Variant", "draw_index",
    "numpy_array", "rng", "table",
]  # fmt: skip

"""For lab authors: the vocabulary of ``checks.py``, ``mutants.py`` and ``variants.py``.

This half of the kit stays with the instructors; it is not in the students' release.
"""

from grader.authoring.probes import Handle, Student
from grader.authoring.spec import AuthorError, Draw, ExerciseSpec, LabSpec, Mutant, Said, Variant
from grader.check.compare import Between, Close, Distribution, Exact, Metric
from grader.check.key import Limits
from grader.check.probe import (
    Probe,
    Step,
    call,
    change,
    count_params,
    draw_index,
    get,
    gradient,
    item,
    layers,
    numpy_array,
    raises,
    ref,
    rng,
    rows,
    sample,
    set_weights,
    student,
    table,
)
from grader.check.recording import Measured
from grader.check.text import Text

__all__ = [
    "AuthorError", "Between", "Close", "Distribution", "Draw", "Exact", "ExerciseSpec", "Handle",
    "LabSpec", "Limits", "Measured", "Metric", "Mutant", "Probe", "Said", "Step", "Student", "Text",
    "Variant", "call", "change", "count_params", "draw_index", "get", "gradient", "item", "layers",
    "numpy_array", "raises", "ref", "rng", "rows", "sample", "set_weights", "student", "table",
]  # fmt: skip

"""The small examples of the labs' keys: there, short, and no answer to a graded question."""

from pathlib import Path

import numpy as np
import pytest

from grader.authoring.compile import _secrets
from grader.authoring.source import load_lab
from grader.check.compare import number_of
from grader.check.key import Key
from grader.gradebook.keys import lab_ids

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("lab", lab_ids(ROOT))
def test_no_example_answers_a_graded_question(lab):
    secrets = _secrets(load_lab(ROOT / "solutions" / lab))
    checks = Key.load(ROOT / "labs" / f"{lab}.key").checks
    shown = [
        float(abs(x))
        for c in checks
        for e in c.examples
        for value in e.expected.values()
        for x in np.ravel(number_of(value))
    ]
    assert shown and not secrets & set(shown)

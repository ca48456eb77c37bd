"""No false alarm: what is right gets full marks, again and again, with every core busy."""

import os

from attacks import FULL
from courses import MINI

from grader.authoring.source import load_lab

# Repetitions of the solution and of every variant; GRADER_REPETITIONS=20 for a long night.
REPETITIONS = int(os.environ.get("GRADER_REPETITIONS", "1"))


def right_ones():
    lab = load_lab(MINI)
    found = [lab.notebook("fr", True), lab.notebook("en", True)]
    found += [lab.notebook("fr", True, lab.change(v), v.answers) for v in lab.variants]
    return [[c.source for c in node.cells if c.cell_type == "code"] for node in found]


def test_right_ones_get_full_marks_under_load(zone, busy):
    for cells in right_ones() * REPETITIONS:
        ran = zone.run(cells)
        assert ran.points == FULL
        assert not [
            c for c in ran.cells if c.status not in ("ok", "error")
        ]  # nothing was cut short

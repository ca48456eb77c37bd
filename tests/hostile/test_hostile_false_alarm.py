"""No false alarm: what is right gets full marks, again and again, with every core busy."""

import multiprocessing
import os

import pytest
from attacks import FULL
from conftest import MINI

from grader.authoring.source import load_lab

# Repetitions of the solution and of every variant; GRADER_REPETITIONS=20 for a long night.
REPETITIONS = int(os.environ.get("GRADER_REPETITIONS", "5"))


def burn():
    while True:
        pass


@pytest.fixture
def busy():
    """Every core has something else to do."""
    context = multiprocessing.get_context("spawn")
    burners = [context.Process(target=burn, daemon=True) for _ in range(os.cpu_count() or 1)]
    for burner in burners:
        burner.start()
    yield
    for burner in burners:
        burner.kill()
        burner.join()


def right_ones():
    lab = load_lab(MINI)
    found = [lab.notebook("fr", True), lab.notebook("en", True)]
    found += [lab.notebook("fr", True, lab.change(v), v.answers) for v in lab.variants]
    return [[c.source for c in node.cells if c.cell_type == "code"] for node in found]


def test_right_ones_get_full_marks_under_load(zone, busy):
    for _ in range(REPETITIONS):
        for cells in right_ones():
            ran = zone.run(cells)
            assert ran.points == FULL
            assert {c.status for c in ran.cells} == {"ok"}


def test_time_spent_waiting_for_a_processor_is_not_counted(zone, busy):
    """A cell that needs half of its time gets it, though it gets less than half a processor."""
    cell = (
        "import os, time\n"
        "for _ in range(4 * (os.cpu_count() or 1)):\n"
        "    if os.fork() == 0:\n"
        "        while time.process_time() < 1: pass\n"
        "        os._exit(0)\n"
        "while time.process_time() < 0.8: pass\n"
    )
    ran = zone.run([*zone.solution, cell])
    assert ran.cells[-1].status == "ok", ran.cells[-1]
    assert ran.points == FULL

"""The real sandbox around the mini lab's hidden key: one warm student zone for all attacks."""

import os
import subprocess
import sys
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from grader.authoring.compile import compile_key
from grader.authoring.source import load_lab
from grader.check.judge import Evidence, judge, total
from grader.check.key import Limits
from grader.sandbox import bwrap
from grader.sandbox.client import run_submission, student_zone

MINI = Path(__file__).parents[1] / "fixtures" / "mini"
TIGHT = Limits(
    seconds=20, cpu_seconds=8, cell_seconds=2.5, memory_mb=300, processes=64, file_mb=8,
    disk_mb=16, open_files=64, output_kb=16,
)  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What came of one submission."""

    points: float
    verdicts: dict
    cells: tuple
    outcome: object


class Class:
    """The student zone, the mini lab's hidden key and its notebooks."""

    def __init__(self):
        lab = load_lab(MINI)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # its mistakes divide by zero
            self.public = compile_key(lab)
            key = compile_key(lab, 4711, hidden=True)
        # What real labs import ahead.
        self.key = replace(key, limits=TIGHT, preload=("tensorflow", "keras", "matplotlib.pyplot"))
        self.questions = self.key.questions_for_students()
        self.solution = self._cells(lab, True)
        self.blank = self._cells(lab, False)
        self.student = student_zone(self.key, None, sandboxed=True)

    @staticmethod
    def _cells(lab, solved):
        return [c.source for c in lab.notebook("en", solved).cells if c.cell_type == "code"]

    def run(self, cells, recordings=None, limits=TIGHT):
        questions = self.questions
        if limits is not TIGHT:
            questions = {**questions, "limits": asdict(limits)}
        outcome = run_submission(self.student, questions, cells, recordings or {}, "en")
        verdicts = judge(self.key, Evidence(outcome.observations, cells))
        by_check = {v.check: v for v in verdicts}
        return Ran(total(verdicts), by_check, outcome.cells, outcome)

    def honest(self):
        return self.run(self.solution)


@pytest.fixture(scope="session")
def zone():
    found = bwrap.problem()
    if found:
        pytest.skip(found)
    made = Class()
    yield made
    made.student.close()


@pytest.fixture
def busy():
    """Every core has something else to do."""
    command = [sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    yield
    for burner in burners:
        burner.kill()
        burner.wait()

"""What works for a student works when graded: with any habit, the mark is the same as without."""

import ast
import os
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import FULL
from habits import CELLS, HABITS

from grader.authoring.references import fill
from grader.authoring.source import load_lab
from grader.check.judge import Evidence, judge
from grader.check.key import Key
from grader.check.names import reach
from grader.gradebook.keys import lab_ids
from grader.notebook.cells import causes
from grader.sandbox import bwrap
from grader.sandbox.client import run_submission, student_zone

ROOT = Path(__file__).parents[2]
IMPORTS, EXERCISE = "import numpy as np", "def row_mean"
# In the labs themselves: a few of the table in turn, all of it where GRADER_TESTS is "all".
ALL = os.environ.get("GRADER_TESTS") == "all"
SHARE = 1 if ALL else 25
STUCK = {
    "loop": "while True: pass",
    "debugger": "import pdb; pdb.set_trace()",
    "sleep": "import time; time.sleep(1000)",
}


def said(outcome):
    """All that the run says of what it did not run or put right."""
    lines = [*causes(outcome.cells), *outcome.notices]
    return "\n".join(line.en for line in lines)


def with_lines(cells, lines, at):
    """The cells, `lines` put above the cell that holds `at`."""
    number = next(i for i, cell in enumerate(cells) if at in cell)
    return [*cells[:number], f"{lines}\n{cells[number]}", *cells[number + 1 :]]


@pytest.mark.parametrize("at", [IMPORTS, EXERCISE])
@pytest.mark.parametrize("habit", HABITS, ids=lambda h: h.id)
def test_a_habit_costs_nothing(zone, habit, at):
    ran = zone.run(with_lines(zone.solution, habit.lines, at))
    told = said(ran.outcome)
    assert ran.points == FULL, told
    assert habit.named in told, told


@pytest.mark.parametrize("name", CELLS)
def test_what_a_cell_makes_the_next_one_finds(zone, name):
    first, second = CELLS[name]
    ran = zone.run([zone.solution[0], first, second, *zone.solution[1:]])
    assert ran.points == FULL
    assert ran.cells[2].status == "ok", said(ran.outcome)


def test_the_cause_is_named_first_and_once(zone):
    habits = "import no_such_seaborn as sns\nsns.set_theme()"
    cells = [*with_lines(zone.solution, habits, IMPORTS), "sns.lineplot()", "sns.heatmap()"]
    number = next(i for i, cell in enumerate(cells, start=1) if IMPORTS in cell)
    assert said(zone.run(cells).outcome).splitlines() == [
        f"line 1 of cell {number}: no_such_seaborn is not installed where grading happens",
        "3 later statements failed because of this",
    ]
    alone = with_lines(zone.solution, "import no_such_seaborn", IMPORTS)
    assert said(zone.run(alone).outcome) == (
        f"line 1 of cell {number}: no_such_seaborn is not installed where grading happens"
        "; nothing else of the cell was lost"
    )


def stuck(cell, name, line):
    """The cell, the body of its function or of its class' methods replaced by `line`."""
    tree = ast.parse(cell)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = ast.parse(line).body
    return ast.unparse(tree) if name in cell else cell


def defining(cells, name):
    return next(i for i, c in enumerate(cells) if f"def {name}" in c or f"class {name}" in c)


@pytest.mark.parametrize("line", STUCK.values(), ids=STUCK)
@pytest.mark.parametrize("exercise", ["mean", "softmax"])
def test_what_does_not_end_costs_what_uses_it(zone, exercise, line):
    (name, *_) = zone.key.exercise(exercise).defines
    cells = list(zone.solution)
    at = defining(cells, name)
    cells[at] = stuck(cells[at], name, line)
    ran = zone.run(cells)
    for check in zone.key.checks:
        uses = reach(cells, check.probe.names()) if check.probe else set()
        if name not in uses and check.kind != "source":
            assert ran.verdicts[check.id].points == check.points, ran.verdicts[check.id]
    assert ran.verdicts[zone.key.of_exercise(exercise)[0].id].points == 0


# ------------------------------------------------------------------ the released labs


class Released:
    """A released lab's solution on its public key, in one warm worker."""

    def __init__(self, lab_id):
        self.lab = load_lab(ROOT / "solutions" / lab_id)
        self.key = Key.load(ROOT / "labs" / f"{lab_id}.key")
        nodes = self.lab.notebook("en", True).cells
        self.cells = [c.source for c in nodes if c.cell_type == "code"]
        fill(self.lab, ROOT / "data", True, os.cpu_count() or 1, print)  # or each run would train
        self.recordings = self.lab.recordings
        # Nobody waits a minute for what does not end.
        limits = replace(self.key.limits, cell_seconds=min(20, self.key.limits.cell_seconds))
        self.questions = replace(self.key, limits=limits).questions_for_students()
        self.student = student_zone(self.key, ROOT / "data", sandboxed=True)
        self.plain = self.verdicts(self.cells)[0]

    def verdicts(self, cells):
        outcome = run_submission(self.student, self.questions, cells, self.recordings, "en")
        judged = judge(self.key, Evidence(outcome.observations, cells))
        return {v.check: (v.status, v.points) for v in judged}, outcome


@pytest.fixture(scope="module", params=lab_ids(ROOT))
def released(request):
    if bwrap.problem():
        pytest.skip(bwrap.problem())
    made = Released(request.param)
    yield made
    made.student.stop()


@pytest.mark.slow
def test_habits_cost_nothing_in_the_labs(released):
    turn = lab_ids(ROOT).index(released.lab.id)
    exercise = next(e.defines[0] for e in released.key.exercises if e.defines)
    places = ("import numpy as np", f" {exercise}(")
    for number, habit in enumerate(HABITS[turn::SHARE]):
        for at in places if ALL else [places[number % 2]]:
            found, outcome = released.verdicts(with_lines(released.cells, habit.lines, at))
            assert found == released.plain, (habit.id, at, said(outcome))


@pytest.mark.slow
def test_what_does_not_end_costs_what_uses_it_in_the_labs(released):
    exercises = [e for e in released.key.exercises if e.defines]
    turn = lab_ids(ROOT).index(released.lab.id) % len(STUCK)
    for exercise in exercises[:: 1 if ALL else len(exercises)]:
        name = exercise.defines[0]
        at = defining(released.cells, name)
        for line in [*STUCK.values()][0 if ALL else turn :: 1 if ALL else len(STUCK)]:
            cells = list(released.cells)
            cells[at] = stuck(cells[at], name, line)
            found, _ = released.verdicts(cells)
            for check in released.key.checks:
                uses = reach(cells, check.probe.names()) if check.probe else set()
                if check.kind in ("probe", "answer") and name not in uses:
                    assert found[check.id] == released.plain[check.id], (name, line, check.id)

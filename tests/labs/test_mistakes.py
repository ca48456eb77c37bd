"""Every lab's mistakes: each that has a name has a mutant and a hint in three steps; enough have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.authoring.source import LoadedLab, load_lab

SOLUTIONS = Path(__file__).parents[2] / "solutions"


@pytest.fixture(scope="module", params=sorted(p.parent.name for p in SOLUTIONS.glob("*/checks.py")))
def lab(request: pytest.FixtureRequest) -> LoadedLab:
    return load_lab(SOLUTIONS / request.param)


def test_a_hint_has_three_steps_and_is_not_the_solution(lab: LoadedLab) -> None:
    for mistake in lab.spec.misconceptions.values():
        steps = [step for text in mistake.hints for step in (text.en, text.fr)]
        assert len(steps) == len(set(steps)) == 6, mistake.id
        for right, _ in mistake.edits:
            line = right.strip()
            assert len(line) < 12 or not any(line in step for step in steps), mistake.id


def test_every_mistake_with_a_name_is_tried(lab: LoadedLab) -> None:
    tried = {m.diagnosis for m in lab.mutants}
    assert set(lab.spec.misconceptions) <= tried


def test_mistakes_without_a_name_are_made_in_many_exercises(lab: LoadedLab) -> None:
    solved = {c.index: c for c in lab.cells}
    changed = {
        solved[i].exercise
        for m in lab.unforeseen
        for i, source in lab.change(m).items()
        if source != solved[i].solved()
    }
    assert len(lab.unforeseen) >= 15 and len(changed) >= 5
    checks = set(lab.spec.checks)
    assert all(m.loses and set(m.loses) <= checks for m in lab.unforeseen)
    assert {name for m in lab.unforeseen for name in m.may} <= set(lab.spec.misconceptions)

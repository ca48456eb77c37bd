"""`grader validate`: a solution that fails is said once, and nothing else is tried."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.authoring import validate
from grader.authoring.source import load_lab
from grader.check.judge import Verdict
from grader.check.text import same
from grader.gradebook.executors import Setting
from grader.gradebook.records import Graded
from grader.gradebook.unit import Result

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


def result(points: float, problem=None) -> Result:
    verdict = Verdict("mean.values", "mean", points, 4, "wrong", same(""), message=same("no"))
    return Result(Graded("", "", "", "mini", "", verdicts=(verdict,), problem=problem), {})


@pytest.fixture
def tried(monkeypatch):
    """Units graded, in order; the fixture's `of` says what comes of each."""
    seen = SimpleNamespace(names=[], of=lambda name: result(4))

    def grade(key, units, setting, keep):
        for name, _ in units:
            seen.names.append(name)
            keep(name, seen.of(name))

    monkeypatch.setattr(validate, "grade_units", grade)
    return seen


def run(monkeypatch, every=1):
    lab = load_lab(MINI)
    setting = Setting(lab.dir, None, 1, False)
    return lab, validate._tried(lab, None, setting, lambda n, of: None, every)


def test_everything_is_tried_where_the_solution_is_right(tried, monkeypatch):
    lab, results = run(monkeypatch)
    assert len(tried.names) == len(results) > len(lab.mutants) + len(lab.variants) + 4
    assert not validate._stopped(results)


def test_recordings_that_cannot_be_handed_in_are_told():
    lab, report = load_lab(MINI), validate.Report("mini")
    validate._check_weight(lab, report)
    assert not report.other
    lab.recordings["heavy"] = bytes(21_000_000)
    validate._check_weight(lab, report)
    assert [line for line in report.other if "weigh 21" in line and "allows 20" in line]


def test_of_all_but_the_solution_one_in_so_many_can_be_tried(tried, monkeypatch):
    lab, _ = run(monkeypatch, every=3)
    assert {"solution fr", "solution en", "blank fr", "blank en"} <= set(tried.names)
    mutants = [n for n in tried.names if n.startswith("mutant ")]
    assert mutants == [f"mutant {m.id}" for m in lab.mutants][::3]
    assert 0 < len(mutants) < len(lab.mutants)


@pytest.mark.parametrize("worst", [result(3.5), result(4, same("the grader failed on it"))])
def test_nothing_more_is_tried_once_the_solution_fails(tried, monkeypatch, worst):
    tried.of = lambda name: worst if name.startswith("solution") else result(0)
    _, results = run(monkeypatch)
    assert tried.names == ["solution fr"] and validate._stopped(results)


def test_a_mutant_that_fails_stops_nothing(tried, monkeypatch):
    tried.of = lambda name: result(4 if name.startswith("solution") else 0)
    _, results = run(monkeypatch)
    assert any(n.startswith("mutant") for n in results) and not validate._stopped(results)

"""What TP3 needed of the engine: curves without weights, reference recordings kept outside git."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.authoring import references
from grader.authoring.source import SourceCell
from grader.check.recording import Recording
from grader.notebook import session
from grader.notebook.lab import Lab


@pytest.fixture
def graded() -> Any:
    def start(**state: Any) -> None:
        session.install(**state)

    yield start
    session.leave()


def run(lab: Lab) -> tuple[list[int], dict[str, list[float]]]:
    seen = []
    with lab.record("large", weights=False) as run:
        for i in run.steps(3):
            seen.append(i)
            run.log(test=1.0 / (i + 1))
    return seen, run.history


def test_curves_alone_are_recorded_and_replayed(
    graded: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    graded()
    seen, history = run(Lab("mini"))
    data = session.current.made["large"]
    assert seen == [0, 1, 2] and len(data) < 5_000
    found = Recording.from_bytes(data)
    assert found.parameters == 0 and found.history == {"test": [1.0, 0.5, 1 / 3]}
    session.leave()
    graded(recordings={"large": data})
    assert run(Lab("mini")) == ([], history)


def lab_of(folder: Path, source: str, names: tuple[str, ...] = ("A",)) -> Any:
    cells = (SourceCell("code", source),)
    spec = SimpleNamespace(recordings=names)
    kept = references.found(folder, cells)
    return SimpleNamespace(dir=folder, cells=cells, spec=spec, recordings=kept, id=folder.name)


def test_large_recordings_stay_out_of_the_labs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "solutions" / "big"
    folder.mkdir(parents=True)
    lab = lab_of(folder, "x = 1")
    assert references.lacking(lab) == ["A"]
    where = references.keep(lab, {"A": bytes(6_000_000)})
    assert where.is_relative_to(tmp_path / ".grader") and not (folder / "recordings").exists()
    assert references.lacking(lab_of(folder, "x = 1  # the same code")) == []
    assert references.lacking(lab_of(folder, "x = 2")) == ["A"]


def test_small_recordings_lie_in_the_labs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "solutions" / "small"
    folder.mkdir(parents=True)
    lab = lab_of(folder, "x = 1")
    assert references.keep(lab, {"A": b"123"}) == folder / "recordings"
    assert lab_of(folder, "x = 2").recordings == {"A": b"123"}


def test_old_trainings_are_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "solutions" / "big"
    folder.mkdir(parents=True)
    for i in range(5):
        references.keep(lab_of(folder, f"x = {i}"), {"A": bytes(6_000_000)})
    kept = list((tmp_path / ".grader" / "recordings" / "big").iterdir())
    assert len(kept) == 3
    assert lab_of(folder, "x = 4").recordings
    assert np.all([len(list(p.glob("*.safetensors"))) == 1 for p in kept])

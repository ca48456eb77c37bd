"""What the zones report about one submission: its cells and its observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.check.text import Text
from grader.check.tree import Tree
from grader.notebook.cells import CellReport


@dataclass(frozen=True)
class Outcome:
    """What came out of the zones for one submission.

    Attributes:
        observations: check → observation (a tree: JSON with arrays; see `grader.check.tree`).
        cells: one report a code cell, in the order in which they were run.
        notices: what the reader of the feedback should know.
        seconds: wall time.
        cpu_seconds: processor time in the student zone, of all its processes.
        made: recordings of trainings that had to be done, name → bytes.
    """

    observations: Mapping[str, Tree] = field(default_factory=dict)
    cells: tuple[CellReport, ...] = ()
    notices: tuple[Text, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    made: Mapping[str, bytes] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Tree]:
        """A tree for `grader.check.tree.pack`; the observations' arrays stay arrays."""
        return {
            "observations": dict(self.observations),
            "cells": [c.to_dict() for c in self.cells],
            "notices": [n.to_dict() for n in self.notices],
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Tree]) -> Outcome:
        return cls(
            observations=data["observations"],
            cells=tuple(CellReport.from_dict(c) for c in data["cells"]),
            notices=tuple(Text.from_dict(n) for n in data["notices"]),
            seconds=data["seconds"],
        )

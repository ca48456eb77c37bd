"""What the zones report about one submission: its cells and its observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from grader.check.text import Text
from grader.check.tree import Tree

CellStatus = Literal["ok", "error", "todo", "limit", "skipped", "shown"]


@dataclass(frozen=True)
class CellReport:
    """How one code cell ran.

    Attributes:
        index: position among the notebook's code cells, from 1.
        status: ``ok``; ``error`` (it raised, or does not parse); ``todo`` (a hole is still open);
            ``limit`` (stopped by a limit); ``skipped`` (never run: a limit ended the submission);
            ``shown`` (left out: the lab's own, and it only shows; see `grader.check.display_only`).
        error: ``{"type", "message", "line"}`` for a cell that did not come to its end, else None.
            `line` is the line's number in its cell, or the line itself.
        seconds: wall time.
        text: what it printed, cut to the lab's `output_kb`.
    """

    index: int
    status: CellStatus
    error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "error": None if self.error is None else dict(self.error)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CellReport:
        return cls(**data)


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

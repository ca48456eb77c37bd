"""A notebook's code cells: their sources, and how each of them ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

CellStatus = Literal["ok", "error", "todo", "limit", "skipped", "shown"]


@dataclass(frozen=True)
class CellReport:
    """How one code cell ran.

    Attributes:
        index: position among the notebook's code cells, from 1.
        status: ``ok``; ``error`` (it raised, or does not parse); ``todo`` (a hole is still open);
            ``limit`` (stopped by a limit); ``skipped`` (never run: a limit ended the submission);
            ``shown`` (left out: the lab's own, and it only shows; see `grader.check.names.display_only`).
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


def code_cells(notebook: Mapping[str, Any]) -> list[str]:
    """Sources of a notebook's code cells, in order."""
    cells = notebook.get("cells")
    found = []
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            found.append("".join(source) if isinstance(source, list) else str(source))
    return found

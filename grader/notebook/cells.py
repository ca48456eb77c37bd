"""A notebook's code cells: their sources, and how each of them ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from grader.check.names import defined_in, reach
from grader.check.raised import said_of
from grader.check.text import Text, gettext, ngettext

CellStatus = Literal["ok", "error", "todo", "limit", "skipped", "shown"]


@dataclass(frozen=True)
class CellReport:
    """How one code cell ran.

    Attributes:
        index: position among the notebook's code cells, from 1.
        status: ``ok``; ``error`` (it raised, or does not parse); ``todo`` (a hole is still open);
            ``limit`` (stopped by a limit); ``skipped`` (never run: a limit ended the submission);
            ``shown`` (left out: the lab's own, and it only shows; see `grader.check.names.display_only`).
        error: for a cell of which a statement failed, else None: ``{"type", "message", "line"}``
            (`line` is the student's line where it was raised), or ``{"type", "limit", "value"}``;
            further ``at`` (line of the cell where that statement begins) and ``because`` (``"3:1"``:
            cell and line of the statement whose failure it follows from).
        text: what it printed, cut to the lab's `output_kb`.
        others: the same for its statements that failed besides.
    """

    index: int
    status: CellStatus
    error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    text: str = ""
    others: tuple[Mapping[str, Any], ...] = ()


def code_cells(notebook: Mapping[str, Any]) -> list[str]:
    """Sources of a notebook's code cells, in order."""
    cells = notebook.get("cells")
    found = []
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            found.append("".join(source) if isinstance(source, list) else str(source))
    return found


def causes(cells: Iterable[CellReport]) -> list[Text]:
    """What did not run, a line for each cause; what follows from another cause is only counted."""
    told: list[Text] = []
    following = 0
    for cell in cells:
        if cell.status not in ("error", "limit") or not cell.error:
            continue
        failed = [cell.error, *cell.others]
        own = [e for e in failed if not e.get("because") and e.get("limit") != "inside"]
        following += len(failed) - len(own)
        for error in own:
            if "at" in error:
                text = gettext("line {l} of cell {c}: ", l=error["at"], c=cell.index)
            else:
                text = gettext("cell {c}: ", c=cell.index)
            text += said_of(error)
            if len(failed) == 1:
                text += gettext("; nothing else of the cell was lost")
            told.append(text)
    if following:
        told.append(
            ngettext(
                "{n} later statement failed because of it",
                "{n} later statements failed because of this",
                following,
            )
        )
    return told


@lru_cache(maxsize=4096)
def _bound_in(source: str) -> frozenset[str]:
    return frozenset(defined_in([source]))


def current_cells(sources: tuple[str, ...]) -> tuple[str, ...]:
    """The cells that still count: imports, and the last definition of each name.

    A long session runs a cell many times; what was replaced is neither parsed nor judged again.
    """
    kept: list[str] = []
    known: set[str] = set()
    for source in dict.fromkeys(reversed(sources)):
        names = _bound_in(source)
        if "import" in source or names - known:
            kept.append(source)
        known |= names
    return tuple(reversed(kept))


@lru_cache(maxsize=64)
def relevant(sources: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """The cells that the definitions of `names` reach, and those with imports."""
    if not names:
        return ()
    reached = reach(sources, names)
    return tuple(s for s in sources if "import" in s or _bound_in(s) & reached)

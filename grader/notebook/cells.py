"""A notebook's code cells: their sources, and how each of them ran."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grader.check.judge import limit_text
from grader.check.text import Text, gettext, ngettext, same

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
        seconds: wall time.
        text: what it printed, cut to the lab's `output_kb`.
        others: the same for its statements that failed besides.
    """

    index: int
    status: CellStatus
    error: Mapping[str, Any] | None = None
    seconds: float = 0.0
    text: str = ""
    others: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        error = None if self.error is None else dict(self.error)
        return {**vars(self), "error": error, "others": [dict(o) for o in self.others]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CellReport:
        return cls(**{**data, "others": tuple(data.get("others", ()))})


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
                "{n} later statements failed because of these",
                following,
            )
        )
    return told


# What a Python that is too old says of newer syntax, or the line of which it says so.
_NEWER = (
    (r"f-string", "3.12"),
    (r"^\s*type \w+.*=", "3.12"),
    (r"^\s*(?:async )?(?:def|class) \w+\[", "3.12"),
    (r"multiple exception types must be parenthesized", "3.14"),
    (r"\bt([\"']).*\1", "3.14"),
)


def said_of(error: Mapping[str, Any]) -> Text:
    """An error record in words."""
    if error.get("limit"):
        return limit_text(error)
    kind, message = str(error.get("type", "Exception")), str(error.get("message", ""))[:300]
    if kind == "ModuleNotFoundError" and (found := re.search(r"named '([\w.]+)'", message)):
        return gettext("{m} is not installed where grading happens", m=found[1].split(".")[0])
    if kind == "SyntaxError":
        for sign, version in _NEWER:
            if re.search(sign, message) or re.search(sign, str(error.get("line", ""))):
                return gettext(
                    "this may be right in Python {v}; grading is done with Python {g}: {m}",
                    v=version,
                    g="{}.{}".format(*sys.version_info),
                    m=message,
                )
    text = same(": ".join(part for part in (kind, message) if part))
    if kind == "NameError":
        text += gettext(" (defined further down, or in a cell that is gone)")
    return text

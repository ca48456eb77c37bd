"""What the student zone reports about one submission: its cells and its observations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from mmap import mmap
from typing import Any

import msgspec
import numpy as np

from grader.check.key import Limits
from grader.check.text import Text
from grader.check.tree import Tree, cleaned
from grader.notebook.cells import CellReport
from grader.notebook.session import told
from grader.sandbox.channel import frames

MAX_TEXT = 2_000_000  # characters kept of what all cells of a submission print


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


def read_report(
    data: bytes | mmap, attempts: Tree, questions: Tree, count: int
) -> Outcome:  # fmt: skip
    """What a submission's report comes to; every word of it may be forged, none is trusted.

    Args:
        data: the reports of all attempts, one behind the other.
        attempts: what the keeper says of them (`grader.sandbox.server`).
        questions: `grader.check.key.Key.questions_for_students`.
        count: number of code cells.
    """
    limits = Limits(**questions["limits"])
    asked = dict.fromkeys(p["check"] for p in questions["probes"])
    seen, at = _Seen(), 0
    for attempt in attempts["attempts"]:
        seen = _Seen(observations=seen.observations)
        for frame in map(cleaned, frames(data, at, at + attempt["bytes"])):
            if isinstance(frame, dict):
                seen.take(frame, limits, asked)
        at += attempt["bytes"]
    observations = {c: seen.observations[c] for c in asked if c in seen.observations}
    cells = seen.cells
    for item, fate in attempts["skipped"].items():
        kind, _, name = item.partition(":")
        if kind == "cell" and name.isdecimal() and 1 <= int(name[:9]) <= count:
            cells[int(name)] = CellReport(int(name), "limit", {"type": "LimitHit", **fate})
        elif kind == "probe" and name in asked and name not in observations:
            observations[name] = {"status": "limit", "values": {}, "error": dict(fate)}
    ordered = tuple(cells.get(n, CellReport(n, "skipped")) for n in range(1, count + 1))
    return Outcome(
        observations,
        ordered,
        tuple(n for e in seen.events if isinstance(e, dict) and (n := told(e)) is not None),
        seconds=round(sum(a["seconds"] for a in attempts["attempts"]), 4),
        cpu_seconds=round(sum(a["cpu_seconds"] for a in attempts["attempts"]), 4),
        made=seen.made,
    )


@dataclass
class _Seen:
    """What the frames of one attempt say."""

    observations: dict[str, Tree] = field(default_factory=dict)
    cells: dict[int, CellReport] = field(default_factory=dict)
    events: list[Tree] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)
    room: int = MAX_TEXT

    def take(self, frame: Mapping[str, Tree], limits: Limits, asked: Collection[str]) -> None:
        if isinstance(frame.get("cell"), dict):
            report = _cell(frame["cell"], min(self.room, 1100 * limits.output_kb))
            if report is not None:
                self.room -= len(report.text)
                self.cells[report.index] = report
        check = frame.get("check")
        if isinstance(check, str) and check in asked and "observation" in frame:
            self.observations[check] = frame["observation"]
        if isinstance(frame.get("made"), str) and isinstance(frame.get("data"), np.ndarray):
            self.made[frame["made"][:60]] = frame["data"].tobytes()
        if isinstance(frame.get("events"), list):
            self.events = frame["events"][:100]


def _cell(tree: Mapping[str, Tree], room: int) -> CellReport | None:
    """A cell's report, its text cut to `room`; None if it is not one."""
    try:
        found = msgspec.convert(tree, CellReport)
    except msgspec.ValidationError:
        return None
    return replace(
        found,
        error=_words(found.error) if found.error else None,
        seconds=found.seconds if 0.0 <= found.seconds < 1e6 else 0.0,
        text=found.text[:room],
        others=tuple(map(_words, found.others[:10])),
    )


def _words(error: Mapping[str, Any]) -> dict[str, str]:
    return {str(k)[:40]: str(v)[:600] for k, v in list(error.items())[:8]}

"""The kit's checks, asked inside the student's own process: the form that the peers' tests take.

Observing and judging are done once for all checks; a test only looks its points up. Less work than
either peer's usual form, one assertion after another with inputs of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.check.judge import Evidence, judge
from grader.check.key import Key
from grader.check.observe import Made, observe
from grader.check.probe import Probe
from grader.notebook import session


def points(key_file: str, names: Mapping[str, Any], sources: Sequence[str]) -> dict[str, float]:
    """Check → points of the notebook that this process has run.

    Args:
        key_file: the hidden key.
        names: the notebook's namespace.
        sources: its code cells.
    """
    key = Key.load(Path(key_file))
    made: dict[str, Made] = {}
    seen: dict[str, Any] = {}
    for item in key.questions_for_students()["probes"]:
        probe = msgspec.convert(item["probe"], Probe)
        seen[item["check"]] = observe(probe, names, session.current.answers, item["watch"], made)
    for check in key.checks:
        if check.kind == "clean":
            found = names["decode_words"](names["model"], check.held_out["source"])
            seen[check.id] = {"status": "ok", "values": {"predictions": found}}
    return {v.check: v.points for v in judge(key, Evidence(seen, sources))}


def prepared() -> None:
    """Before the student's cells: ``lab.check`` and the like display nothing, trainings train."""
    session.install(lang="en")
    session.current.allow_more = lambda seconds: None

"""What a check observes in the names of a notebook at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.check.key import Check, Key
from grader.check.observe import Made, observe
from grader.check.text import gettext
from grader.check.tree import Tree

MEASURED = gettext("recorded; measured when you hand in")


def observe_check(
    key: Key,
    check: Check,
    names: Mapping[str, Any],
    answers: Mapping[str, Any],
    recorded: bool,
    made: dict[str, Made] | None = None,
) -> Tree:
    """What one check sees in a namespace; None if there is nothing to see yet."""
    if check.kind == "answer":
        if check.id not in answers:
            return None
        return {"status": "ok", "values": {"answer": answers[check.id]}}
    if check.probe is None:
        return None
    if check.kind == "clean" and not recorded:
        return not_recorded(check)
    forbids = key.exercise(check.exercise).forbids
    return observe(check.probe, names, answers, forbids, made)


def not_recorded(check: Check) -> Tree:
    """What a check of a recording observes where there is none."""
    return {"status": "missing", "error": {"name": check.recording, "what": "recording"}}

"""The judge's process: reads what a submission reported, asks for measurements, judges.

Runs as ``python -m grader.gradebook.judging`` and serves jobs as `grader.sandbox.channel` says, each in a
fork with limits on time and memory: whatever a student wrote or reported, it costs that submission only.
What jobs have in common is ``{"key"}``. A job is ``{"cells": [source], "recordings": [name of each handed
in], "rerun", "told"}`` with a file, the report (`grader.sandbox.client.Report`), or ``"outcome"``, what was
read of it before, instead of ``told``. The judge may answer ``{"measure", "made"}`` once and be given the
clean room's observations, and ``{"look", "made"}`` some times and be given ``{"right"}``, the checks that came
out right at that second look; then comes the result, see `judged`. A job with ``"look"`` is the report of one:
its answer is ``{"right"}``, and nothing else of it is kept, for a reference was within its reach.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from grader.check.examples import smallest
from grader.check.judge import (
    Evidence,
    SecondLook,
    Verdict,
    judge,
    right_alone,
    right_among,
)  # fmt: skip
from grader.check.key import Check, Key
from grader.check.tree import Tree, pack, unpack
from grader.gradebook.records import Graded
from grader.sandbox import isolate
from grader.sandbox.channel import control_of_standard_input, receive, send, serve
from grader.sandbox.outcome import Outcome, read_report

SECONDS = 60  # of processor and of wall time for one submission, the clean room's apart
MEMORY_MB = 1500
MOST_VALUES = 4096  # elements of the largest array that is kept as evidence
MAX_ANSWER = 20_000  # characters of a free-text answer that are kept
MAX_KEPT = 16 << 20  # bytes of an outcome that is kept, to be judged again


def main() -> int:
    """Serve jobs until there are no more."""
    control = control_of_standard_input()
    send(control.fileno(), {"ready": True})
    serve(control, lambda common: msgspec.convert(common["key"], Key), _work)
    return 0


def _work(key: Key, given: Sequence[int]) -> None:
    connection, report = given
    signal.alarm(SECONDS)
    isolate.limit_memory(MEMORY_MB)
    job = receive(connection)
    if job is None:
        return
    kept = job.get("outcome")
    if kept is not None:
        outcome = msgspec.convert(unpack(kept.tobytes()), Outcome)
    else:
        with open(report, "rb") as file:
            file.seek(0)
            data = file.read()
        outcome = read_report(data, job["told"], key.questions_for_students(), len(job["cells"]))
        del data
    if "look" in job:
        look = msgspec.convert(job["look"], SecondLook)
        evidence = Evidence(outcome.observations, job["cells"])
        send(connection, {"right": right_among(key, look, evidence)})
        return
    observations, manifests = _measured(key, outcome, job, connection)
    right = _looked_again(key, outcome, job, connection)
    found = judged(key, job["cells"], outcome, observations, manifests, right)
    if kept is None and not outcome.made and not _limited(outcome):
        packed = pack(outcome)
        if len(packed) <= MAX_KEPT:
            found["outcome"] = np.frombuffer(packed, np.uint8)
    send(connection, found)


def _measured(
    key: Key, outcome: Outcome, job: Tree, connection: int
) -> tuple[dict[str, Tree], dict[str, Mapping[str, Any]]]:
    """All observations, the clean room's included, and the manifests that it read."""
    observations = dict(outcome.observations)
    there = {*job["recordings"], *outcome.made}
    asked: dict[str, Tree] = {}
    for check in key.checks:
        if check.kind != "clean":
            continue
        answers = _answers(check, outcome.observations.get(check.id))
        if not set(check.measured) <= there or answers is None:
            what = "answer" if set(check.measured) <= there else "recording"
            observations[check.id] = {"status": "missing", "error": {"what": what}}
            continue
        asked[check.id] = {"recordings": list(check.measured), "answers": answers}
    if not asked:
        return observations, {}
    wanted = {name for one in asked.values() for name in one["recordings"]}
    if not job["rerun"]:
        wanted -= set(job["recordings"])  # what was handed in is what counts
    made = {n: np.frombuffer(d, np.uint8) for n, d in outcome.made.items() if n in wanted}
    left = signal.alarm(0)
    send(connection, {"measure": asked, "made": made})
    seen = receive(connection) or {}
    signal.alarm(left)
    manifests: dict[str, Mapping[str, Any]] = {
        name: {"name": name, **manifest}
        for one in seen.values()
        for name, manifest in one.get("manifests", {}).items()
    }
    return observations | seen, manifests


def _looked_again(key: Key, outcome: Outcome, job: Tree, connection: int) -> list[str]:
    """The checks that come out right with the reference in place of the failing exercises they use."""
    made = {name: np.frombuffer(data, np.uint8) for name, data in outcome.made.items()}

    def look(asked: SecondLook) -> list[str]:
        left = signal.alarm(0)
        send(connection, {"look": asked, "made": made})
        answer = receive(connection) or {}
        signal.alarm(left)
        return list(answer.get("right", ()))

    return right_alone(key, Evidence(outcome.observations, job["cells"]), look)


def _answers(check: Check, seen: Tree) -> dict[str, Tree] | None:
    """What the student answered to the questions of a clean check; None if one is open."""
    values = seen.get("values") if isinstance(seen, dict) else None
    given = {q: values.get(q) if isinstance(values, dict) else None for q in check.answers}
    return None if any(v is None or v == "" for v in map(_scalar, given.values())) else given


def _scalar(value: Tree) -> Tree:
    return value.strip() if isinstance(value, str) else value if not hasattr(value, "shape") else 0


def _limited(outcome: Outcome) -> bool:
    """Whether a limit had a part in it, which may be the machine's doing: then it is run again."""
    seen = [o.get("status") for o in outcome.observations.values() if isinstance(o, dict)]
    return "limit" in seen or any(c.status == "limit" for c in outcome.cells)


def judged(
    key: Key, cells: Sequence[str], outcome: Outcome, observations: Mapping[str, Tree],
    manifests: Mapping[str, Mapping[str, Any]], right: Sequence[str],
) -> dict[str, Tree]:  # fmt: skip
    """The judge's part: a pure function of what the zones brought back.

    Returns:
        ``{"graded", "evidence", "cpu_seconds", "slowest", "cells", "probes"}``: a `Graded` of nobody, as a
        dictionary; check → result → what came, where it did not come out right; seconds of processor in
        the student zone; seconds of the slowest probe, of all cells and of all probes.
    """
    graded = Graded(
        "", "", "", key.lab, "",
        verdicts=tuple(
            _with_example(v, key.check(v.check), observations)
            for v in judge(key, Evidence(observations, cells, right))
        ),
        cells=outcome.cells,
        notices=outcome.notices,
        recordings=tuple(manifests.values()),
        answers=_texts(key, observations),
    )  # fmt: skip
    asked = [s.get("seconds", 0.0) for s in outcome.observations.values() if isinstance(s, dict)]
    probes = [float(s) for s in asked if isinstance(s, (int, float)) and 0 <= s < 1e6]
    return {
        "graded": graded.to_json(),
        "evidence": _evidence(graded.verdicts, observations),
        "cpu_seconds": outcome.cpu_seconds,
        "slowest": max(probes, default=0.0),
        "cells": sum(c.seconds for c in outcome.cells),
        "probes": sum(probes),
    }


def _with_example(verdict: Verdict, check: Check, observations: Mapping[str, Tree]) -> Verdict:
    """The verdict with the smallest example, where the code does something else than is asked."""
    if verdict.status not in ("wrong", "error"):
        return verdict
    example = smallest(check.tried.values(), map(observations.get, check.tried))
    return replace(verdict, example=example) if example else verdict


def _texts(key: Key, observations: Mapping[str, Tree]) -> dict[str, str]:
    """What was answered to the questions that a person reads."""
    found = {}
    for check in key.checks:
        if check.kind != "answer" or check.answer.get("type") != "text":
            continue
        seen = observations.get(check.id)
        values = seen.get("values") if isinstance(seen, dict) else None
        given = values.get("answer") if isinstance(values, dict) else None
        if isinstance(given, (str, int, float)) and str(given).strip():
            found[check.id] = str(given)[:MAX_ANSWER]
    return found


def _evidence(verdicts: Sequence[Verdict], observations: Mapping[str, Tree]) -> dict[str, Tree]:
    """What came, for the checks that lost points; what is too large to be shown is left out."""
    found: dict[str, Tree] = {}
    for verdict in verdicts:
        seen = observations.get(verdict.check)
        values = seen.get("values") if isinstance(seen, dict) else None
        if verdict.status != "right" and isinstance(values, dict):
            found[verdict.check] = {
                name: value for name, value in values.items()
                if getattr(value, "size", 0) <= MOST_VALUES and len(pack(value)) <= 16 * MOST_VALUES
            }  # fmt: skip
    return found


if __name__ == "__main__":
    sys.exit(main())

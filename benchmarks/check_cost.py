"""What `lab.check` costs beside the student's own code: seconds of both, for each exercise of a lab.

    python benchmarks/check_cost.py LAB [--repeat 5]

Prints ``{exercise: {"check": s, "own": s}}``: seconds of processor, so that what else the machine does
counts little, of the quickest of `repeat` runs, warm, on the solution. *Own* is what the calls
take that the checks make of the student's functions and classes, without the kit around them: no
judging, nothing displayed.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from grader.authoring.source import load_lab  # noqa: E402
from grader.check import observe  # noqa: E402
from grader.check.probe import Probe  # noqa: E402


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("lab")
    options.add_argument("--repeat", type=int, default=5)
    given = options.parse_args()
    solved = load_lab(ROOT / "solutions" / given.lab, proofs=False).namespace()
    globals().update(solved)  # where `lab.check` looks, outside a notebook
    found = costs(given.lab, given.repeat)
    print(json.dumps(found))


def costs(id: str, repeat: int) -> dict[str, dict[str, float]]:
    """Seconds of each exercise's check and of the student's own code in it."""
    from grader import Lab

    lab = Lab(id, lang="en")
    asked = lab.key.questions_for_students()["probes"]
    probes = {p["check"]: msgspec.convert(p["probe"], Probe) for p in asked}
    found = {}
    for exercise in lab.key.exercises:
        mine = [probes[c.id] for c in lab.key.of_exercise(exercise.id) if c.id in probes]
        if not exercise.defines or not mine:
            continue

        def check(name: str = exercise.id) -> None:
            with redirect_stdout(io.StringIO()):
                lab.check(name)

        def own(probes: list[Probe] = mine) -> None:
            made: dict[str, Any] = {}
            for probe in probes:
                observe.observe(probe, globals(), lab.answers, made=made)

        found[exercise.id] = {"check": seconds(check, repeat), "own": seconds(own, repeat)}
    return found


def seconds(run: Callable[[], None], repeat: int) -> float:
    run()  # warm
    times = []
    for _ in range(repeat):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return round(min(times), 5)


if __name__ == "__main__":
    main()

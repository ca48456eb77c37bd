"""How fast the kit is here: ratios of medians, all taken in one run.

    python benchmarks/speed.py [--students 60] [--repeat 3]

Prints a table and writes ``benchmarks/speed.json``. Times depend on the machine and on what else it
does; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GRADER = [sys.executable, "-m", "grader"]
QUIET = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


def wall(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=QUIET, check=False, capture_output=True)
    return time.perf_counter() - began


def median(measure: Callable[[], float], repeat: int) -> float:
    return statistics.median(measure() for _ in range(repeat))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--students", type=int, default=60)
    options.add_argument("--repeat", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), given.students, given.repeat)
    (ROOT / "benchmarks" / "speed.json").write_text(json.dumps(found, indent=1) + "\n")
    for name, value in found.items():
        print(f"{name:34} {value if not isinstance(value, float) else round(value, 3)}")


def measure(folder: Path, students: int, repeat: int) -> dict[str, object]:
    python = median(lambda: wall([sys.executable, "-c", "pass"]), 9)
    helped = median(lambda: wall([*GRADER, "--help"]), 9)
    tensorflow = median(lambda: wall([sys.executable, "-c", "import tensorflow"]), repeat)
    lab = ["tp4_transformer"]
    crowd = folder / "class"
    wall(
        [*GRADER, "simulate", *lab, "--students", str(students), "--seed", "1", "--out", str(crowd)]
    )
    one = folder / "one"
    wall([*GRADER, "simulate", *lab, "--students", "1", "--seed", "1", "--out", str(one)])
    grade = [*GRADER, "grade", "--lab", *lab, "--out"]
    wall([*grade, str(folder / "warm"), str(one)])  # the hidden key is compiled here, once
    runs = iter(range(1000))
    classes = median(lambda: wall([*grade, str(folder / f"o{next(runs)}"), str(crowd)]), repeat)
    again = wall([*grade, str(folder / "o0"), str(crowd)])
    single = median(lambda: wall([*grade, str(folder / f"s{next(runs)}"), str(one)]), repeat)
    cost = [sys.executable, str(ROOT / "benchmarks" / "check_cost.py"), *lab]
    done = subprocess.run(cost, cwd=ROOT, env=QUIET, capture_output=True, text=True, check=True)
    costs = json.loads(done.stdout.splitlines()[-1])
    checks = [c["check"] for c in costs.values()]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "students": students,
        "repeat": repeat,
        "python_seconds": python,
        "help_seconds": helped,
        "tensorflow_import_seconds": tensorflow,
        "class_seconds": classes,
        "seconds_a_submission": classes / students,
        "second_run_seconds": again,
        "one_submission_seconds": single,
        "check_seconds_median": statistics.median(checks),
        "check_seconds_slowest": max(checks),
        "ratio_help_to_python": helped / python,
        "ratio_submission_to_tensorflow": classes / students / tensorflow,
        "ratio_one_to_tensorflow": single / tensorflow,
        "ratio_second_run_to_first": again / classes,
        # How much of what a check may cost, twice the student's own code and 50 ms, it does cost.
        "ratio_check_to_allowed": max(c["check"] / (2 * c["own"] + 0.05) for c in costs.values()),
    }


if __name__ == "__main__":
    main()

"""This kit, nbgrader and otter-grader on the same class, exercises and checks.

    make bench           # or: python benchmarks/bench.py [--students 24] [--repeat 3] [--whole]

The three are run in turn, `repeat` times over, each in an environment of its own (``.bench/``), on a
warm disk; what counts is the median, in seconds a submission. The kit grades the whole class in every
turn. The peers, whose time is the same for each submission and takes half an hour or more for all,
share the class out over the turns, every submission once (every `repeat`-th in a turn, so that each
part is as mixed as the class); ``--whole`` gives them all of it in every turn. After each turn
``benchmarks/results.json`` and ``benchmarks/results.svg`` are written. The peers train every network,
as they must; the kit is measured with recordings and with ``--rerun``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import peers  # noqa: E402

from grader.authoring.source import load_lab  # noqa: E402
from grader.check.key import Key  # noqa: E402
from grader.gradebook.keys import hidden_key  # noqa: E402

LAB = "tp4_transformer"
WORK = ROOT / ".bench" / "work"
SEED = 20_261_121  # of the hidden key: the same in every run
NAMES = {
    "kit_recorded": "this kit, recordings",
    "kit_rerun": "this kit, --rerun",
    "nbgrader": "nbgrader 0.9.6",
    "otter": "otter-grader 7.0.0",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--students", type=int, default=24)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--whole", action="store_true")
    given = options.parse_args()
    parts = 1 if given.whole else min(given.repeat, given.students)
    runners = prepared(given.students, parts)
    times: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(given.repeat):
        for name, run in runners.items():
            began = time.perf_counter()
            graded = run(turn)
            times[name].append((time.perf_counter() - began) / graded)
            print(f"{name:14} {times[name][-1]:8.2f} s a submission", flush=True)
        found = figures(times)
        found |= {"students": given.students, "whole": given.whole}
        (ROOT / "benchmarks" / "results.json").write_text(json.dumps(found, indent=1) + "\n")
        draw({name: found[name] for name in times})
    print(json.dumps(found, indent=1))


def figures(times: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Medians of seconds a submission, and their ratios.

    Args:
        times: name → seconds a submission, one a turn.
    """
    median = {name: statistics.median(t) for name, t in times.items()}
    found: dict[str, Any] = {name: round(seconds, 3) for name, seconds in median.items()}
    for peer in ("nbgrader", "otter"):
        found[f"ratio_{peer}"] = round(median[peer] / median["kit_recorded"], 1)
        found[f"ratio_{peer}_rerun"] = round(median[peer] / median["kit_rerun"], 1)
    return found | {
        "repeat": len(times["kit_recorded"]),
        "cores": len(os.sched_getaffinity(0)),
        "all": {name: [round(x, 3) for x in t] for name, t in times.items()},
    }


def prepared(students: int, parts: int) -> dict[str, Callable[[int], int]]:
    """The class in its three forms, and what grades each anew in a turn; that returns how many.

    Args:
        students: size of the class.
        parts: the peers grade one of so many parts in a turn.
    """
    lab = load_lab(ROOT / "solutions" / LAB)
    books = peers.notebooks(lab, students)
    if len(books) < students:
        raise SystemExit(f"the lab has notebooks for {len(books)} students only")
    key: Key = hidden_key(ROOT, LAB, SEED)
    shutil.rmtree(WORK, ignore_errors=True)
    key_file = WORK / "hidden.key"
    key.save(key_file)
    peers.for_kit(WORK / "kit", books, lab.recordings)
    peers.for_nbgrader(WORK / "nbgrader", books, key, key_file)
    peers.for_otter(WORK / "otter", books, key, key_file)
    env = {
        **os.environ, "PYTHONPATH": f"{ROOT / 'benchmarks'}:{ROOT}", "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1", "MPLBACKEND": "agg",
    }  # fmt: skip
    nbgrader, otter = (ROOT / ".bench" / n / "bin" / n for n in ("nbgrader", "otter"))
    run_in(WORK / "nbgrader", env, nbgrader, "generate_assignment", peers.ASSIGNMENT, "--force")
    run_in(WORK / "otter", env, otter, "generate", "-t", "tests", "-o", "autograder.zip")

    def kit(turn: int | str, *more: str, of: Path = WORK / "kit") -> int:
        out = WORK / f"out-{'-'.join(('kit', *more))}-{turn}"
        grade = [sys.executable, "-m", "grader", "grade", of, "--lab", LAB, "--out", out]
        run_in(ROOT, env, *grade, *more)
        return students

    def part(turn: int) -> list[str]:
        return list(books)[turn % parts :: parts]

    def with_nbgrader(turn: int) -> int:
        others = ",".join(n for n in books if n not in part(turn))
        without = f"--CourseDirectory.student_id_exclude={others}"
        run_in(WORK / "nbgrader", env, nbgrader, "autograde", peers.ASSIGNMENT, "--force", without)
        return len(part(turn))

    def with_otter(turn: int) -> int:
        for name in part(turn):
            place = WORK / "otter" / "results" / f"{turn}-{name}"
            place.mkdir(parents=True)
            run_in(
                WORK / "otter", env, otter, "run", "-a", "autograder.zip", "-o", place,
                "--no-logo", Path("submissions") / f"{name}.ipynb",
            )  # fmt: skip
        return len(part(turn))

    kit("warm", of=WORK / "kit" / "solution.zip")  # the hidden key is compiled here, once
    return {
        "kit_recorded": kit,
        "kit_rerun": lambda turn: kit(turn, "--rerun"),
        "nbgrader": with_nbgrader,
        "otter": with_otter,
    }


def run_in(folder: Path, env: dict[str, str], *command: object) -> None:
    """Run, and stop the benchmark if it fails: a peer that breaks off early would look fast."""
    path = f"{Path(str(command[0])).parent}:{env['PATH']}"  # both peers call programs of theirs
    done = subprocess.run(
        [str(c) for c in command], cwd=folder, env={**env, "PATH": path}, capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{command[0]} {command[1]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def draw(median: dict[str, float]) -> None:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 2.2), layout="constrained")
    names = list(NAMES)[::-1]
    bars = axis.barh([NAMES[n] for n in names], [median[n] for n in names], color="#0b57d0")
    axis.bar_label(bars, [f"{median[n]:.2g} s" for n in names], padding=4)
    axis.set_xscale("log")
    axis.set_xlabel("seconds a submission, median")
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.15)
    figure.savefig(ROOT / "benchmarks" / "results.svg")


if __name__ == "__main__":
    main()

"""What a class costs as it grows, and where the time of grading it goes.

    python benchmarks/growth.py [--sizes 10 60 200 1000] [--trained 60]

Grades simulated classes of TP4, with their recordings; those of ``--trained`` with ``--rerun`` too.
Writes ``benchmarks/growth.json`` and ``benchmarks/growth.svg``: on the left wall time and memory against
the size of the class, on the right where the seconds of the workers and of the coordinator go.
*Overhead* is wall time × workers ÷ time inside students' code (their cells, and the probes that call
them). Where there is a Chromium, the class page is opened in it too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
GRADER = [sys.executable, "-m", "grader"]
QUIET = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
LAB = "tp4_transformer"
MEGABYTE = 1 << 20
PARTS = {
    "start": "start of workers", "fork": "forks, loading", "cells": "cells", "probes": "probes",
    "idle": "idle", "clean room": "clean room", "judging": "judging", "keeping": "keeping",
    "intake": "intake", "key": "key", "reports": "reports",
}  # fmt: skip


class Memory:
    """Looks at a process and at what runs below it until it ends."""

    def __init__(self, process: psutil.Popen) -> None:
        self.coordinator = self.workers = 0.0
        self._process = process
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while self._process.poll() is None:
            try:
                own = self._process.memory_info().rss / MEGABYTE
                below = [p.memory_full_info().pss for p in self._process.children(recursive=True)]
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            self.coordinator = max(self.coordinator, own)
            self.workers = max(self.workers, sum(below) / MEGABYTE)
            time.sleep(0.5)

    def end(self) -> None:
        self._thread.join()


def opened(page: Path) -> float | None:
    """Seconds from asking Chromium for a page until it is painted; None without a Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        return None
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for _ in range(3):
            tab = browser.new_page()
            began = time.perf_counter()
            tab.goto(page.as_uri())
            tab.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
            times.append(time.perf_counter() - began)
            tab.close()
        browser.close()
    return round(statistics.median(times), 3)


def graded(crowd: Path, out: Path, *more: str) -> dict[str, Any]:
    """Grade a class once; seconds, megabytes at most, and the parts."""
    told = out.with_suffix(".json")
    command = [*GRADER, "grade", crowd, "--lab", LAB, "--out", out, "--timings", told, *more]
    began = time.perf_counter()
    process = psutil.Popen(list(map(str, command)), cwd=ROOT, env=QUIET, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)  # fmt: skip
    memory = Memory(process)
    process.wait()
    seconds = time.perf_counter() - began
    memory.end()
    parts = json.loads(told.read_text())
    workers = len(os.sched_getaffinity(0))
    return {
        "seconds": round(seconds, 2),
        "coordinator_mb": round(memory.coordinator, 1),
        "workers_mb": round(memory.workers, 1),
        "overhead": round(seconds * workers / (parts["cells"] + parts["probes"]), 2),
        "class_page_mb": round((out / LAB / "class.html").stat().st_size / 1e6, 3),
        "class_page_opens_s": opened(out / LAB / "class.html"),
        "parts": parts,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10, 60, 200, 1000])
    options.add_argument("--trained", type=int, nargs="*", default=[60], help="of the sizes")
    given = options.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in given.sizes:
            crowd = folder / f"class-{size}"
            subprocess.run(
                [*GRADER, "simulate", LAB, "--students", str(size), "--seed", "1", "--out", crowd],
                cwd=ROOT, env=QUIET, check=True, capture_output=True,
            )  # fmt: skip
            if not found:
                graded(crowd, folder / "warm")  # the hidden key is compiled here, once
            for run in [f"{size}", *([f"{size} --rerun"] if size in given.trained else [])]:
                found[run] = graded(crowd, folder / f"out-{run}", *run.split()[1:])
                print(run, found[run], flush=True)
    (ROOT / "benchmarks" / "growth.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found)


def draw(found: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    recorded = {int(n): f for n, f in found.items() if n.isdigit()}
    sizes = list(recorded)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
    left.loglog(sizes, [f["seconds"] for f in recorded.values()], "o-", label="wall time, s")
    left.loglog(sizes, [f["coordinator_mb"] for f in recorded.values()], "s--",
                label="memory of the coordinator, MB")  # fmt: skip
    left.loglog(sizes, [f["workers_mb"] for f in recorded.values()], "^:",
                label="memory of workers and clean room, MB")  # fmt: skip
    left.set_xlabel("submissions")
    left.set_xticks(sizes, [str(n) for n in sizes])
    left.minorticks_off()
    left.legend(frameon=False, loc="lower right")
    whole = {n: sum(f["parts"].get(p, 0.0) for p in PARTS) for n, f in found.items()}
    before = [0.0] * len(found)
    for i, (part, said) in enumerate(PARTS.items()):
        each = [100 * f["parts"].get(part, 0.0) / whole[n] for n, f in found.items()]
        right.barh(list(found), each, left=before, label=said, color=plt.get_cmap("tab20")(i))
        before = [a + b for a, b in zip(before, each, strict=True)]
    for n, f in found.items():
        size = int(n.split()[0])
        right.text(102, n, f"{f['seconds'] / size:.2g} s each\noverhead {f['overhead']}",
                   va="center", fontsize="small")  # fmt: skip
    right.set_xlabel("% of the time of all workers and of the coordinator")
    right.set_ylabel("submissions")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", frameon=False,
                  fontsize="small", ncols=6)  # fmt: skip
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(ROOT / "benchmarks" / "growth.svg")


if __name__ == "__main__":
    main()

"""What this machine has, and what to do about what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from grader.sandbox import bwrap

Say = Callable[[str], None]
_NEEDED = ("tensorflow", "keras", "numpy", "safetensors", "jupytext", "nbclient", "sqlalchemy")
_OPTIONAL = ("tensorflow-text", "keras-hub", "tf-models-official", "notebook", "jupyterlab")


def examine(course: Path, say: Say) -> int:
    """Print one line a finding; return 0 if grading can work here, else 1."""
    ok = True

    def line(good: bool | None, what: str, found: str, advice: str = "") -> None:
        mark = {True: "ok ", False: "NO ", None: " - "}[good]
        say(f"{mark} {what:<20} {found}" + (f"  → {advice}" if advice and not good else ""))

    line(sys.version_info >= (3, 11), "Python", platform.python_version(), "use Python 3.11")
    for name in _NEEDED:
        found = _version(name)
        ok = ok and found is not None
        line(found is not None, name, found or "missing", "pip install -r requirements.txt")
    for name in _OPTIONAL:
        found = _version(name)
        line(True if found else None, name, found or "missing", "only some demonstrations need it")
    problem = bwrap.problem()
    ok = ok and problem is None
    line(problem is None, "sandbox", bwrap.find_bwrap() or "none", problem or "")
    if problem is None:
        good, found, advice = _workers()
        ok = ok and good is not False
        line(good, "workers", found, advice)
    compiled = _bytecode()
    line(compiled or None, "bytecode", "there" if compiled else "missing",
         "python -m compileall: TensorFlow then imports in half the time")  # fmt: skip
    line(
        None if not _gpus() else True,
        "GPU",
        _gpus() or "none seen",
        "training works on the CPU too",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    count = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    line(memory >= 2 * count, "memory", f"{memory:.0f} GiB for {count} cores", "use fewer --jobs")
    from grader.gradebook.keys import lab_ids

    labs = lab_ids(course)
    line(bool(labs), "labs", ", ".join(labs) or "none", "no solutions/*/checks.py here")
    for lab in labs:
        built = (course / "labs" / f"{lab}.key").is_file()
        line(built, f"  {lab}", "built" if built else "not built", f"grader build {lab}")
    sets = sorted(p.parent.name for p in (course / "data").glob("*/LICENSE"))
    line(True if sets else None, "data", ", ".join(sets) or "none shipped")
    return 0 if ok else 1


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _workers() -> tuple[bool | None, str, str]:
    """Start a worker as grading does: whether that is as it should be, how it came, what to do."""
    from grader.sandbox.client import Worker, WorkerDied

    view = bwrap.View(tuple(bwrap.kit_view(("check", "notebook", "sandbox"))))
    worker = Worker("grader.sandbox.server", ["--isolate", "tensorflow"], view, True)
    try:
        worker.start()
    except WorkerDied as error:
        return False, str(error), "grading cannot work: run grader doctor again, then ask"
    finally:
        worker.stop()
    if worker.hello["missing"]:
        return False, "TensorFlow cannot be imported in the sandbox", "install it again"
    if worker.hello["fresh"]:
        return None, "no nested namespaces", "each submission gets a sandbox of its own: slower"
    if worker.came_from is None:
        return None, "each imports TensorFlow", "a sandbox cannot be entered here: slower to start"
    return True, "forked from one import of TensorFlow", ""


def _bytecode() -> bool:
    import importlib.util

    found = importlib.util.find_spec("numpy")
    if found is None or found.origin is None:
        return False
    return (Path(found.origin).parent / "__pycache__").is_dir()


def _gpus() -> str:
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ", ".join(done.stdout.split("\n")).strip(", ") if done.returncode == 0 else ""

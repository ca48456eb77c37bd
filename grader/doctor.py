"""What this machine has, and what to do about what is missing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from grader.notebook.versions import found_here, version_of
from grader.sandbox import bwrap

Say = Callable[[str], None]
_NEEDED = ("safetensors", "jupytext", "nbclient", "msgspec")
_OPTIONAL = ("tensorflow-text", "keras-hub", "tf-models-official", "notebook", "jupyterlab")


def examine(course: Path, say: Say) -> int:
    """Print one line a finding; return 0 if grading can work here, else 1."""
    ok = True

    def line(good: bool | None, what: str, found: str, advice: str = "") -> None:
        mark = {True: "ok ", False: "NO ", None: " - "}[good]
        say(f"{mark} {what:<20} {found}" + (f"  → {advice}" if advice and not good else ""))

    for version in found_here():
        good = {"tried": True, "newer": None, "older": None, "missing": False}[version.state]
        ok = ok and good is not False
        advice = (
            "make setup" if version.state in ("missing", "older") else "not tried yet: make places"
        )
        found = f"{version.found or 'missing':<10} ({version.tried.en})"
        line(good, version.package, found, advice)
    for name in _NEEDED:
        found = version_of(name)
        ok = ok and found != ""
        line(found != "", name, found or "missing", "make setup")
    for name in _OPTIONAL:
        found = version_of(name)
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


def _workers() -> tuple[bool | None, str, str]:
    """Start a student zone as grading does: whether that is as it should be, how it is, what to do."""
    from grader.sandbox.client import WorkerDied, Zone

    view = bwrap.View(tuple(bwrap.kit_view(("check", "notebook", "sandbox"))))
    zone = Zone("grader.sandbox.server", ["--isolate", "tensorflow"], view, True)
    try:
        hello = zone.start()
    except WorkerDied as error:
        return False, str(error), "grading cannot work: run grader doctor again, then ask"
    finally:
        zone.close()
    if hello["missing"]:
        return False, "TensorFlow cannot be imported in the sandbox", "install it again"
    if hello["fresh"]:
        return None, "no nested namespaces", "each submission gets a sandbox of its own: slower"
    if hello["slower"]:
        return (
            None,
            hello["slower"],
            "probes take twice as long: install the release that was tried",
        )
    return True, "submissions are forks of one import of TensorFlow", ""


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

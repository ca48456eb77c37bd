"""Run a notebook from top to bottom in a clean process, as grading does, on the public key.

``python -m grader.notebook.selfcheck NOTEBOOK OUT.json`` is what `run_clean` starts; it is not meant
to be typed. Hidden state, cells out of order and names from a deleted cell are found here and not
on grading day.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from grader.check.judge import Evidence, Verdict, judge
from grader.check.key import Check, Key
from grader.check.names import lab_named_in
from grader.check.tree import Tree
from grader.notebook import locate
from grader.notebook.cells import CellReport, code_cells
from grader.notebook.checking import MEASURED, not_recorded
from grader.notebook.errors import LabError
from grader.notebook.runner import run

_PATIENCE = 3.0  # a student's machine may be so much slower than the one that grades


@dataclass(frozen=True)
class CleanRun:
    """What a run in a clean process found."""

    verdicts: tuple[Verdict, ...]
    cells: tuple[CellReport, ...]
    events: tuple[Mapping[str, Any], ...]
    seconds: float

    @property
    def total(self) -> float:
        return round(sum(v.points for v in self.verdicts), 2)


def run_clean(
    notebook: Mapping[str, Any], folder: Path, lang: str, timeout: float | None = None
) -> CleanRun:
    """Run a notebook in a new process.

    Args:
        folder: where it lies: the working folder of its cells, and of its recordings.
        timeout: seconds after which it is given up.

    Raises:
        LabError: the process did not come to its end, or there is no space left.
    """
    with _scratch(lang) as scratch:
        source, out = Path(scratch, "notebook.ipynb"), Path(scratch, "out.json")
        source.write_text(json.dumps(notebook), encoding="utf-8")
        package = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH")) if p)
        env = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
        env.pop("JPY_SESSION_NAME", None)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "grader.notebook.selfcheck", source, out, lang],
                cwd=folder, env=env, timeout=timeout, capture_output=True, check=False,
            )  # fmt: skip
            said = done.stderr.decode(errors="replace").strip().splitlines()
        except subprocess.TimeoutExpired:
            raise LabError("the clean run did not end within {s:.0f} s.", lang, s=timeout) from None
        if not out.is_file():
            raise LabError(
                "the clean run ended early (exit code {c}): {w}",
                lang,
                c=done.returncode,
                w=said[-1][:200] if said else "?",
            )
        return msgspec.json.decode(out.read_bytes(), type=CleanRun)


@contextmanager
def _scratch(lang: str) -> Iterator[str]:
    """A folder that is gone afterwards; a full disk is one line."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield folder
    except OSError as error:
        raise LabError(
            "the clean run cannot write its files ({w}): free some space, then again.",
            lang,
            w=error.strerror or type(error).__name__,
        ) from None


# ------------------------------------------------------------------ in the clean process


def _import(modules: Sequence[str]) -> None:
    """Import what a worker has imported before any submission: no cell's time goes into it."""
    for name in modules:
        try:
            import_module(name)
        except Exception:  # not on this machine, or broken here: a cell that needs it will say so
            continue


def _run(sources: Sequence[str], key: Key, folder: Path, lang: str) -> CleanRun:
    began = time.perf_counter()
    cells: list[CellReport] = []
    events: list[Tree] = []
    observations: dict[str, Tree] = {}
    recordings = {
        p.stem: p.read_bytes()
        for p in sorted((folder / "recordings" / key.lab).glob("*.safetensors"))
    }
    recorded = set(recordings)

    def report(frame: Tree) -> None:
        if "cell" in frame:
            cells.append(frame["cell"])
        elif "check" in frame:
            observations[frame["check"]] = frame["observation"]
        elif "made" in frame:
            recorded.add(frame["made"])
        events.extend(frame.get("events", ()))

    _import(key.preload)
    # What the clean room will measure is looked at here, on public data; every cell runs.
    clean = [c for c in key.checks if c.kind == "clean"]
    asked = replace(
        key,
        shows=(),
        checks=tuple(replace(c, kind="probe", answers=()) if c in clean else c for c in key.checks),
        limits=replace(
            key.limits,
            cell_seconds=_PATIENCE * key.limits.cell_seconds,
            seconds=_PATIENCE * key.limits.seconds,
        ),
    ).questions_for_students()
    job = {"cells": sources, "recordings": recordings, "rerun": False, "lang": lang, "skip": ()}
    run({**asked, **job}, report)
    for check in clean:
        if check.probe and not recorded.issuperset(check.measured):
            observations[check.id] = not_recorded(check)
    verdicts = [
        _later(key.check(v.check), v, recorded) for v in judge(key, Evidence(observations, sources))
    ]
    return CleanRun(
        tuple(verdicts),
        tuple(cells),
        tuple(events),
        round(time.perf_counter() - began, 2),
    )


def _later(check: Check, verdict: Verdict, recorded: Set[str]) -> Verdict:
    """A measure that only the clean room makes is not missing if its recordings are there."""
    if check.kind == "clean" and check.probe is None and recorded >= set(check.measured):
        return replace(verdict, status="pending", message=MEASURED)
    return verdict


def main(notebook: str, out: str, lang: str) -> None:
    """Run `notebook` in the current folder and write what came to `out` as JSON."""
    sources = code_cells(json.loads(Path(notebook).read_text(encoding="utf-8")))
    lab = lab_named_in(sources) or ""
    key = locate.load_key(lab, lang)
    sys.stdin = open(os.devnull)  # noqa: SIM115
    found = _run(sources, key, Path.cwd(), lang)
    draft = Path(out + ".part")
    draft.write_bytes(msgspec.json.encode(found))
    draft.replace(out)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:4])

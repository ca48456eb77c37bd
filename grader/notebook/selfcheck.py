"""Run a notebook from top to bottom in a clean process, as grading does, on the public key.

``python -m grader.notebook.selfcheck NOTEBOOK OUT.json`` is what `run_clean` starts; it is not meant
to be typed. Hidden state, cells out of order and names from a deleted cell are found here and not
on grading day.
"""

from __future__ import annotations

import json
import os
import signal
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

from grader.check.judge import Evidence, Verdict, judge
from grader.check.key import Check, Key
from grader.check.names import lab_named_in
from grader.check.observe import LimitHit, Made, error_record, observe
from grader.check.text import gettext
from grader.check.tree import Tree
from grader.notebook.cells import code_cells
from grader.notebook.errors import LabError

_PATIENCE = 3.0  # a student's machine may be so much slower than the one that grades
MEASURED = gettext("recorded; measured when you hand in")


@dataclass(frozen=True)
class CleanRun:
    """What a run in a clean process found.

    Attributes:
        cells: number of a code cell, from 1 → what stopped it: ``{"type", "message", "line"}``.
        events: see `grader.notebook.session.Session`.
    """

    verdicts: tuple[Verdict, ...]
    cells: Mapping[int, Mapping[str, str]]
    events: tuple[Mapping[str, Any], ...]
    seconds: float

    @property
    def total(self) -> float:
        return round(sum(v.points for v in self.verdicts), 2)


def observe_check(
    key: Key,
    check: Check,
    names: Mapping[str, Any],
    answers: Mapping[str, Any],
    recorded: bool,
    made: dict[str, Made] | None = None,
) -> Tree:
    """What one check sees in a namespace; None if there is nothing to see yet.

    Args:
        recorded: whether the recording that the check measures is there.
        made: see `grader.check.observe.observe`.
    """
    if check.kind == "answer":
        if check.id not in answers:
            return None
        return {"status": "ok", "values": {"answer": answers[check.id]}}
    if check.probe is None:
        return None
    if check.kind == "clean" and not recorded:
        return {"status": "missing", "error": {"name": check.recording, "what": "recording"}}
    forbids = key.exercise(check.exercise).forbids
    return observe(check.probe, names, answers, forbids, made)


def run_clean(
    notebook: Mapping[str, Any], folder: Path, lang: str, timeout: float | None = None
) -> CleanRun:
    """Run a notebook in a new process.

    Args:
        notebook: its JSON.
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
            raise LabError(
                gettext("the clean run did not end within {s:.0f} s.", s=timeout),
                lang,
            ) from None
        if not out.is_file():
            raise LabError(
                gettext(
                    "the clean run ended early (exit code {c}): {w}",
                    c=done.returncode,
                    w=said[-1][:200] if said else "?",
                ),
                lang,
            )
        found = json.loads(out.read_text(encoding="utf-8"))
    return CleanRun(
        tuple(Verdict.from_dict(v) for v in found["verdicts"]),
        {int(k): v for k, v in found["cells"].items()},
        tuple(found["events"]),
        found["seconds"],
    )


@contextmanager
def _scratch(lang: str) -> Iterator[str]:
    """A folder that is gone afterwards; a full disk is one line."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield folder
    except OSError as error:
        raise LabError(
            gettext(
                "the clean run cannot write its files ({w}): free some space, then again.",
                w=error.strerror or type(error).__name__,
            ),
            lang,
        ) from None


# ------------------------------------------------------------------ in the clean process


def _headless() -> Any:
    """IPython without a screen: shell lines and installs do nothing, nobody answers `input()`."""
    import builtins

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.cache_size = 0
    shell: Any = InteractiveShell.instance(config=config)

    def nothing(*args: Any, **kwargs: Any) -> None:
        """Shell lines do nothing here."""

    shell.system = shell.system_raw = shell.system_piped = nothing
    shell.getoutput = lambda *args, **kwargs: []
    for name in ("pip", "conda", "mamba", "uv", "matplotlib", "cd", "load_ext", "env", "pylab"):
        shell.register_magic_function(nothing, "line", name)
    for name in ("bash", "sh", "script", "system", "sx", "!", "writefile"):
        shell.register_magic_function(nothing, "cell", name)
    shell.showtraceback = shell.showsyntaxerror = nothing
    builtins.input = lambda prompt="": ""
    return shell


@contextmanager
def _at_most(seconds: float) -> Iterator[list[float]]:
    """Raise `LimitHit` when time is up (where there is an alarm); the list holds extra time."""
    extra = [0.0]
    if not hasattr(signal, "setitimer"):
        yield extra
        return

    def ring(signum: int, frame: Any) -> None:
        left, extra[0] = extra[0], 0.0
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, left)
        else:
            raise LimitHit("cell", seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield extra
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _import(modules: Sequence[str]) -> None:
    """Import what a worker has imported before any submission: no cell's time goes into it."""
    for name in modules:
        try:
            import_module(name)
        except Exception:  # not on this machine, or broken here: a cell that needs it will say so
            continue


def _run(sources: Sequence[str], key: Key, folder: Path, lang: str) -> dict[str, Any]:
    from grader.notebook import session
    from grader.notebook.holes import Holes

    began = time.perf_counter()
    recordings = folder / "recordings" / key.lab
    clock: list[list[float]] = []

    def allow_more(seconds: float) -> None:
        if clock:
            clock[-1][0] += seconds

    state = session.install(
        {p.stem: p.read_bytes() for p in sorted(recordings.glob("*.safetensors"))},
        lang=lang,
        training_seconds=key.limits.training_seconds,
        allow_more=allow_more,
    )
    _import(key.preload)
    shell = _headless()
    patience = _PATIENCE * key.limits.cell_seconds
    holes = Holes({name: e.id for e in key.exercises for name in e.defines})
    cells: dict[int, dict[str, str]] = {}
    for index, source in enumerate(sources, start=1):
        try:
            with _at_most(patience) as extra:
                clock.append(extra)
                result = shell.run_cell(source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as raised:
            error = raised
        if error is None:
            continue
        if isinstance(error, LimitHit):
            message = f"{error.limit}: {error.value:g} s"
            cells[index] = {"type": "LimitHit", "message": message, "line": ""}
        elif holes.explain(error, source, shell.user_ns) is None:
            cells[index] = error_record(error)
    recorded = {*state.made, *state.recordings}
    observations = {}
    for check in key.checks:
        try:
            with _at_most(patience):
                seen = observe_check(
                    key, check, shell.user_ns, state.answers, recorded.issuperset(check.measured)
                )
        except LimitHit as hit:
            seen = {"status": "limit", "error": {"limit": hit.limit, "value": hit.value}}
        if seen is not None:
            observations[check.id] = seen
    verdicts = [
        _later(key.check(v.check), v, recorded) for v in judge(key, Evidence(observations, sources))
    ]
    return {
        "verdicts": [v.to_dict() for v in verdicts],
        "cells": cells,
        "events": state.events,
        "seconds": round(time.perf_counter() - began, 2),
    }


def _later(check: Check, verdict: Verdict, recorded: Set[str]) -> Verdict:
    """A measure that only the clean room makes is not missing if its recordings are there."""
    if check.kind == "clean" and check.probe is None and recorded >= set(check.measured):
        return replace(verdict, status="pending", message=MEASURED)
    return verdict


def main(notebook: str, out: str, lang: str) -> None:
    """Run `notebook` in the current folder and write what came to `out` as JSON."""
    from grader.notebook import locate

    sources = code_cells(json.loads(Path(notebook).read_text(encoding="utf-8")))
    lab = lab_named_in(sources) or ""
    key = locate.load_key(lab, lang)
    sys.stdin = open(os.devnull)  # noqa: SIM115
    found = _run(sources, key, Path.cwd(), lang)
    draft = Path(out + ".part")
    draft.write_text(json.dumps(found), encoding="utf-8")
    draft.replace(out)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:4])

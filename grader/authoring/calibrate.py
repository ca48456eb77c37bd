"""A lab's thresholds: train the notebook's own recipe over seeds, and what is left of it.

Every training is the solved notebook, graded without its recordings, with another ``SEED``. A training is
kept as soon as it ends, so that a run that was cut short goes on where it stopped.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from nbformat.v4 import new_code_cell

from grader.authoring.compile import RARE
from grader.authoring.references import code_digest
from grader.authoring.source import LoadedLab
from grader.authoring.spec import AuthorError
from grader.check.compare import Metric
from grader.check.key import Key
from grader.gradebook.executors import Setting
from grader.gradebook.grade import grade_units
from grader.gradebook.keys import hidden_key
from grader.gradebook.records import Graded
from grader.gradebook.unit import Item, Result, Work

SEED = 1_848  # of the key on whose held-out data all are measured
BASELINE_SEEDS = 4
SHARES = {"recipe": 1.0, "a tenth of the recipe": 0.1, "one step of training": 0.0}
PATIENCE = 4.0  # a slow machine may take its time

_SEED = re.compile(r"^SEED\s*=\s*\d[\d_]*", re.MULTILINE)
_SHORTER = '''
def _shorter(record, share):
    """`lab.record` for trainings that end after this share of their steps, and after one at least."""

    def recorded(*args, **settings):
        run = record(*args, **settings)
        steps, batch_end = run.steps, run.on_train_batch_end

        def on_train_batch_end(batch, logs=None):
            batch_end(batch, logs)
            if run.done >= share * run.params["epochs"]:
                run.model.stop_training = True

        run.steps = lambda n: steps(max(1, round(share * n)))
        run.on_train_batch_end = on_train_batch_end
        return run

    return recorded


lab.record = _shorter(lab.record, {share})
'''

Runs = dict[str, dict[str, Any]]


def calibrate(
    lab: LoadedLab,
    data: Path | None,
    *,
    seeds: int,
    jobs: int,
    sandboxed: bool,
    done: Callable[[int, int], None] = lambda n, of: None,
) -> dict[str, Any]:
    """Train, and write ``calibration.json``; entries that no training makes stay as they are.

    Args:
        lab: the lab; its notebook sets ``SEED = …`` and starts its trainings from it.
        data: ``data/``, or None.
        seeds: whole trainings, from the seeds 1, 2, …
        jobs: trainings at a time.
        sandboxed: see `grader.sandbox.bwrap.require`.
        done: told how many trainings of how many are done.

    Returns:
        What was written for each check: see `entry`.

    Raises:
        AuthorError: no check has a metric, no cell sets ``SEED``, a training fails, or no threshold fits.
    """
    key = _measuring(lab, hidden_key(lab.dir.parents[1], lab.id, SEED))
    if not any(_SEED.search(c.solved()) for c in lab.cells if c.kind == "code"):
        raise AuthorError(
            f"{lab.id}/notebook.py: no cell sets SEED = 1, from which trainings start"
        )
    path = _kept(lab)
    runs: Runs = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    wanted = {
        f"{kind}, seed {seed}": (share, seed)
        for kind, share in SHARES.items()
        for seed in range(1, 1 + (seeds if share == 1.0 else min(seeds, BASELINE_SEEDS)))
    }
    missing = {name: _item(lab, name, *wanted[name]) for name in wanted if name not in runs}

    def keep(name: str, result: Result) -> None:
        runs[name] = _measured(lab, name, result)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(runs, indent=1) + "\n", "utf-8")
        done(sum(n in runs for n in wanted), len(wanted))

    setting = Setting(lab.dir, data, jobs, sandboxed, rerun=True)
    grade_units(key, list(missing.items()), setting, keep)
    made = {c.id: entry(c.id, runs, seeds, lab.spec.calibration) for c in key.checks}
    written = {**lab.spec.calibration, **made}
    (lab.dir / "calibration.json").write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    return made


def _kept(lab: LoadedLab) -> Path:
    """Trainings of this very code; another recipe begins anew."""
    folder = lab.dir.parents[1] / ".grader" / "calibrations"
    return folder / f"{lab.id}-{code_digest(lab.cells)}.json"


def _measuring(lab: LoadedLab, key: Key) -> Key:
    """The key with nothing but the metrics of its recordings, one a check."""
    checks = []
    for check in key.checks:
        metrics = {n: e for n, e in check.expect.items() if isinstance(e, Metric)}
        if check.kind == "clean" and metrics:
            name, metric = next(iter(metrics.items()))
            checks.append(replace(check, expect={name: metric}))
    if not checks:
        raise AuthorError(f"{lab.id}: no check measures a recording by lab.metric: nothing to do")
    limits = replace(
        key.limits,
        seconds=PATIENCE * key.limits.seconds,
        cpu_seconds=PATIENCE * key.limits.cpu_seconds,
        training_seconds=PATIENCE * key.limits.training_seconds,
    )
    return replace(key, checks=tuple(checks), limits=limits)


def _item(lab: LoadedLab, name: str, share: float, seed: int) -> Item:
    changed = {
        c.index: _SEED.sub(f"SEED = {seed}", c.solved()) for c in lab.cells if c.kind == "code"
    }
    cells = [c.source for c in lab.notebook("en", True, changed).cells if c.cell_type == "code"]
    if share < 1.0:
        first = next(i for i, source in enumerate(cells) if "Lab(" in source)
        cells.insert(first + 1, new_code_cell(_SHORTER.replace("{share}", repr(share))).source)
    person = Graded(name, name, name, lab.id, name, "en")
    return Item(person, lambda: Work(person, cells, {}))


def _measured(lab: LoadedLab, name: str, result: Result) -> dict[str, Any]:
    """Check → metric, and what the training took.

    Raises:
        AuthorError: the notebook failed; the cell and its error.
    """
    figures = {v.check: v.figure for v in result.graded.verdicts}
    lacking = sorted(c for c, figure in figures.items() if figure is None)
    if result.graded.problem is not None or lacking:
        why = [result.graded.problem.en] if result.graded.problem is not None else []
        why += [
            f"cell {c.index}: {c.error.get('type', '')} {c.error.get('message', '')}".strip()
            for c in result.graded.cells
            if c.status in ("error", "limit") and c.error
        ]
        why += [v.message.en for v in result.graded.verdicts if v.figure is None]
        raise AuthorError(f"{lab.id}, {name}: nothing to measure for {lacking}: {why[0]}")
    return {"values": figures, "cpu_seconds": round(result.cpu_seconds, 1)}


def entry(
    check: str, runs: Mapping[str, Any], seeds: int, before: Mapping[str, Any]
) -> dict[str, Any]:
    """A check's entry of ``calibration.json``.

    Args:
        check: its id.
        runs: ``"recipe, seed 1"`` → ``{"values": {check: metric}, "cpu_seconds"}``, and so on.
        seeds: how many of the whole recipe count.
        before: the file as it was; of it, `excuse` is kept.

    Returns:
        ``values`` (one a seed), ``seeds``, ``mean``, ``sd``, ``target``, ``floor``, ``baseline`` and
        ``tenth`` (``{"name", "values"}``), ``recipe``, ``cpu_seconds_each``, ``excuse``.

    Raises:
        AuthorError: no threshold lies between the recipe and the baseline.
    """
    of = {
        kind: [r["values"][check] for n, r in runs.items() if n.startswith(f"{kind}, seed")]
        for kind in SHARES
    }
    _, tenth, baseline = of.values()
    values = [runs[f"recipe, seed {seed}"]["values"][check] for seed in range(1, seeds + 1)]
    target, floor = thresholds(check, values, baseline)
    names = list(SHARES)
    return {
        "values": values,
        "seeds": list(range(1, seeds + 1)),
        "mean": round(statistics.fmean(values), 4),
        "sd": round(statistics.stdev(values), 4) if seeds > 1 else 0.0,
        "target": target,
        "floor": floor,
        "baseline": {"name": names[2], "values": baseline},
        "tenth": {"name": names[1], "values": tenth},
        "recipe": "the notebook's own",
        "cpu_seconds_each": statistics.median(
            r["cpu_seconds"] for n, r in runs.items() if n.startswith("recipe,")
        ),
        "excuse": before.get(check, {}).get("excuse", ""),
    }


def thresholds(check: str, values: list[float], baseline: list[float]) -> tuple[float, float]:
    """The target and floor proposed, in three digits.

    The target is what a right solution misses once in 10,000 by an extreme-value fit to `values`, or 2 %
    of the way to the baseline where they hardly differ; the floor lies 4 standard deviations beyond the
    baseline's mean.

    Raises:
        AuthorError: the floor is not below the target.
    """
    from scipy.stats import gumbel_l

    up = 1.0 if statistics.fmean(values) > statistics.fmean(baseline) else -1.0
    gains, least = [up * v for v in values], [up * v for v in baseline]
    nearly = min(gains) - 0.02 * abs(statistics.fmean(gains) - statistics.fmean(least))
    rare = float(gumbel_l.ppf(RARE, *gumbel_l.fit(gains))) if np.ptp(gains) > 0 else nearly
    target = _rounded(min(rare, nearly), math.floor)
    spread = statistics.stdev(least) if len(least) > 1 else 0.0
    floor = _rounded(statistics.fmean(least) + 4 * spread, math.ceil)
    if not floor < target:
        raise AuthorError(
            f"{check}: no threshold fits between the recipe ({min(values):.4g} to {max(values):.4g}) and one"
            f" step of training ({statistics.fmean(baseline):.4g}): train longer, or measure on more data"
        )
    return up * target, up * floor


def _rounded(value: float, towards: Callable[[float], int]) -> float:
    """Three significant digits, never on the wrong side."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    return round(towards(value / unit + 0.0) * unit, 12)


def told(check: str, made: Mapping[str, Any]) -> list[str]:
    """What an author should know of an entry, in lines."""
    up = 1.0 if made["target"] > made["floor"] else -1.0
    lines = [
        f"{check}: {made['mean']:.4g} ± {made['sd']:.2g} over {len(made['seeds'])} seeds"
        f" ({made['cpu_seconds_each']:.0f} s each)",
        f"  full points from {made['target']:g}, none at {made['floor']:g}",
    ]
    for cheap in (made["tenth"], made["baseline"]):
        best = up * max(up * v for v in cheap["values"])
        reached = up * best >= up * made["target"]
        lines.append(
            f"  {cheap['name']}: {best:.4g} at best{' REACHES THE TARGET' if reached else ''}"
        )
        if reached:
            lines.append('  make the task harder or the recipe shorter, or say why not in "excuse"')
    return lines

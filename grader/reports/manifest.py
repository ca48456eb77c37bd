"""A recording's manifest as the reports show it.

A manifest comes from the student's machine: any field may be missing, of another type, enormous or
hostile. What cannot be read is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_SERIES = 12
MAX_STEPS = 400
MAX_TRAININGS = 20
HUGE = 1e30
"""A value this large is shown as one that is not finite: training has diverged."""


@dataclass(frozen=True)
class Training:
    """One recorded training.

    Attributes:
        epochs: epochs (or logged steps) in all, or None.
        seconds: wall time of training, or None.
        history: metric → one value an epoch, None where it was not finite; thinned to
            at most `MAX_STEPS` values.
        diverged: 1-based epoch of the first value that is not a finite number, or None.
    """

    name: str
    epochs: int | None
    seconds: float | None
    history: dict[str, list[float | None]]
    created: str
    digest: str
    diverged: int | None


def read_trainings(manifests: Sequence[Mapping[str, Any]]) -> list[Training]:
    """The manifests that can be read, in order."""
    return [_read(m) for m in manifests[:MAX_TRAININGS] if isinstance(m, Mapping)]


def _read(manifest: Mapping[str, Any]) -> Training:
    given = manifest.get("history")
    history: dict[str, list[float | None]] = {}
    diverged: int | None = None
    if isinstance(given, Mapping):
        for name, values in list(given.items())[:MAX_SERIES]:
            series = _series(values)
            if not series:
                continue
            broken = next((i + 1 for i, v in enumerate(series) if v is None), None)
            if broken is not None:
                diverged = broken if diverged is None else min(diverged, broken)
            step = max(1, math.ceil(len(series) / MAX_STEPS))
            thin = series[::step]
            if (len(series) - 1) % step:
                thin.append(series[-1])
            history[_word(name)] = thin
    epochs = _finite(manifest.get("epochs"))
    if epochs is None and isinstance(given, Mapping) and history:
        epochs = max(len(v) for v in given.values() if isinstance(v, (list, tuple)))
    seconds = _finite(manifest.get("seconds"))
    return Training(
        name=_word(manifest.get("name", "")) or "?",
        epochs=None if epochs is None or not 0 <= epochs < 1e9 else int(epochs),
        seconds=None if seconds is None or not 0 <= seconds < 1e9 else seconds,
        history=history,
        created=_word(manifest.get("created", "")),
        digest=_word(manifest.get("digest", ""), 128),
        diverged=diverged,
    )


def _word(value: Any, length: int = 60) -> str:
    return value[:length] if isinstance(value, str) else ""


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < HUGE else None  # False for NaN


def _series(values: Any) -> list[float | None]:
    """A list of numbers; not finite and None become None; [] if it is no such list."""
    if not isinstance(values, (list, tuple)) or len(values) > 1_000_000:
        return []
    if not all(v is None or type(v) in (int, float) for v in values):
        return []
    return [_finite(v) for v in values]

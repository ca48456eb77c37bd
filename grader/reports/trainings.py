"""Recorded trainings as reports show them: read from manifests, which students may have written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

MAX_SERIES = 12
MAX_STEPS = 400
MAX_TRAININGS = 20
HUGE = 1e30
"""A value this large is shown as one that is not finite: training has diverged."""


@dataclass(frozen=True)
class Training:
    """One recorded training.

    Attributes:
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


_Number = float | None
_Positive = Annotated[float, msgspec.Meta(ge=0, lt=1e9)]


def _read(manifest: Mapping[str, Any]) -> Training:
    history: dict[str, list[float | None]] = {}
    diverged: int | None = None
    longest = 0
    given = _as(dict[str, Any], manifest.get("history"), {})
    for name, values in list(given.items())[:MAX_SERIES]:
        series = [_finite(v) for v in _as(list[_Number], values, [])]
        if not series:
            continue
        longest = max(longest, len(series))
        if None in series:
            broken = series.index(None) + 1
            diverged = broken if diverged is None else min(diverged, broken)
        step = max(1, math.ceil(len(series) / MAX_STEPS))
        last = [series[-1]] if (len(series) - 1) % step else []
        history[name[:60]] = series[::step] + last
    epochs = _as(_Positive, manifest.get("epochs"), longest or None)
    return Training(
        name=_as(str, manifest.get("name"), "")[:60] or "?",
        epochs=None if epochs is None else int(epochs),
        seconds=_as(_Positive, manifest.get("seconds"), None),
        history=history,
        created=_as(str, manifest.get("created"), "")[:60],
        digest=_as(str, manifest.get("digest"), "")[:128],
        diverged=diverged,
    )


def _as(kind: Any, value: Any, otherwise: Any) -> Any:
    """A value out of a student's manifest, if it is of a kind."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return otherwise


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < HUGE else None  # False for NaN

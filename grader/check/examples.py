"""The smallest example on which a wrong function differs, short enough to check by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.check.compare import Close, number_of
from grader.check.probe import Probe
from grader.check.text import Text, gettext
from grader.check.tree import Tree

MAX_NUMBERS = 12  # in all that is given, and in a result
MAX_EXAMPLES = 8  # of one check
_NEAR = Close(1e-3, 1e-4)


@dataclass(frozen=True)
class Example:
    """One call on a few small numbers, and what is right.

    Attributes:
        probe: a call of a student's name, and perhaps items of what it returned.
        expected: result → value.
    """

    probe: Probe
    expected: dict[str, Tree]

    @property
    def size(self) -> int:
        """How many numbers are given."""
        return sum(array.size for array in _arrays(self.probe))


def is_small(probe: Probe) -> bool:
    """Whether a probe is one call of a student's name on few numbers."""
    first, *others = probe.steps
    return (
        first.op == "call"
        and not first.target.startswith("$")
        and all(step.op in ("get", "item", "rows") for step in others)
        and all(_plain(a) for a in (*first.args, *first.kwargs.values()))
        and 0 < sum(array.size for array in _arrays(probe)) <= MAX_NUMBERS
    )


def is_short(value: Tree) -> bool:
    """Whether a result is a few finite numbers."""
    array = number_of(value)
    return array is not None and 0 < array.size <= MAX_NUMBERS and bool(np.isfinite(array).all())


def smallest(examples: Iterable[Example], look: Callable[[Probe], Tree]) -> Text | None:
    """The first of the examples on which something else comes than is right, in words.

    Args:
        look: observes a probe.
    """
    for example in sorted(examples, key=lambda e: e.size):
        seen = look(example.probe)
        if isinstance(seen, dict) and (text := _told(example, seen)) is not None:
            return text
    return None


def _told(example: Example, seen: Mapping[str, Tree]) -> Text | None:
    call = example.probe.steps[0]
    given = [_written(a) for a in call.args] + [
        f"{k}={_written(v)}" for k, v in call.kwargs.items()
    ]
    about = f"{call.target}({', '.join(given)})"
    if seen.get("status") == "error":
        error = seen.get("error")
        kind = str(error.get("type", ""))[:60] if isinstance(error, dict) else ""
        expected = next(iter(example.expected.values()))
        return gettext(
            "{call} raises {error}; {expected} is right",
            call=about,
            error=kind,
            expected=_written(expected),
        )
    values = seen.get("values")
    if seen.get("status") != "ok" or not isinstance(values, dict):
        return None
    for name, expected in example.expected.items():
        came = values.get(name)
        if not _NEAR.equals(came, expected):
            written = _written(came)
            if len(written) > 200:
                return None
            return gettext(
                "{call} gives {came}; {expected} is right",
                call=about,
                came=written,
                expected=_written(expected),
            )
    return None


def _arrays(probe: Probe) -> list[np.ndarray]:
    given = (*probe.steps[0].args, *probe.steps[0].kwargs.values())
    return [a for a in map(_array, given) if a is not None]


def _array(argument: Any) -> np.ndarray | None:
    if isinstance(argument, Mapping) and set(argument) == {"$numpy"}:
        argument = argument["$numpy"]
    return argument if isinstance(argument, np.ndarray) else None


def _plain(argument: Any) -> bool:
    return _array(argument) is not None or isinstance(argument, (bool, int, float, str, type(None)))


def _written(value: Any) -> str:
    """A value as one would type it, numbers to four digits."""
    array = _array(value)
    if array is None:
        array = number_of(value)
    if array is None:
        return repr(value)[:80]
    if array.dtype.kind == "b":
        return str(array.tolist())
    if array.size > MAX_NUMBERS:
        return f"array {tuple(array.shape)}"

    def number(x: Any) -> Any:
        if isinstance(x, list):
            return f"[{', '.join(map(number, x))}]"
        return f"{x:.4g}"

    return str(number(array.tolist()))

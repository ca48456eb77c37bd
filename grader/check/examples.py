"""The smallest example on which a wrong function differs, short enough to check by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def small_calls(probe: Probe) -> Iterator[Probe]:
    """Each call in a probe of a student's name on few numbers, alone, with what is looked at of its result."""
    for number, first in enumerate(probe.steps):
        given = (*first.args, *first.kwargs.values())
        if first.op != "call" or first.target.startswith("$") or not all(map(_plain, given)):
            continue
        steps, known = [first], {first.into}
        for step in probe.steps[number + 1 :]:
            if step.op in ("get", "item", "rows") and step.target.removeprefix("$") in known:
                steps.append(step)
                known.add(step.into)
        alone = Probe(tuple(steps), tuple(name for name in probe.keep if name in known))
        if given and alone.keep and sum(a.size for a in _arrays(alone)) <= MAX_NUMBERS:
            yield alone


def is_short(value: Tree) -> bool:
    """Whether a result is a few finite numbers."""
    array = number_of(value)
    return array is not None and 0 < array.size <= MAX_NUMBERS and bool(np.isfinite(array).all())


def smallest(examples: Iterable[Example], seen: Iterable[Tree]) -> Text | None:
    """The smallest of the examples on which something else comes than is right, in words.

    Args:
        seen: what was observed of each.
    """
    for example, one in sorted(zip(examples, seen, strict=True), key=lambda pair: pair[0].size):
        if isinstance(one, dict) and (text := _told(example, one)) is not None:
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
                call=about + _part(example.probe, name),
                came=written,
                expected=_written(expected),
            )
    return None


def _part(probe: Probe, name: str) -> str:
    """What is looked at of a call's result, as one would type it: ``[1]``."""
    step = next(s for s in probe.steps if s.into == name)
    if step is probe.steps[0]:
        return ""
    given = ", ".join(_written(a) for a in (*step.args, *step.kwargs.values()))
    own = f".{given.strip(chr(39))}" if step.op == "get" else f"[{given}]"
    return _part(probe, step.target.removeprefix("$")) + own


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
        return f"{x:.0f}" if float(x).is_integer() and abs(x) < 1e15 else f"{x:.4g}"

    return str(number(array.tolist()))

"""What stands behind a verdict: the student's code, what was asked, what came, what would have come.

Pure: records, key and code in; what pages and the terminal show out. For students only what was
expected stands beside what came; a teacher also sees what each known mistake would have given.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from grader.check.compare import Metric
from grader.check.judge import Verdict
from grader.check.key import Check, Exercise, Key
from grader.check.probe import Step
from grader.check.text import Text, gettext, number
from grader.check.tree import Tree

MOST_SHOWN = 6  # values of an array, from the first difference on
MOST_TEXT = 120  # characters of a value that is no number


@dataclass(frozen=True)
class Code:
    """A piece of a student's code.

    Attributes:
        cell: number of its code cell, from 1.
        lines: ``(number in the cell, text, whether a verdict names it)``.
    """

    cell: int
    lines: tuple[tuple[int, str, bool], ...]


@dataclass(frozen=True)
class Row:
    """One line of a comparison: whose values, and the values.

    Attributes:
        kind: ``came``, ``expected``, ``named`` (the mistake that the verdict names) or ``mistake``.
    """

    kind: str
    label: Text
    values: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """A result of a probe beside what was expected.

    Attributes:
        name: the result's.
        places: headings of the values: positions from the first difference on, or one "".
        more: values that are not shown.
    """

    name: str
    places: tuple[str, ...]
    rows: tuple[Row, ...]
    more: int = 0


def code_of(exercise: Exercise, cells: Sequence[str], verdicts: Sequence[Verdict]) -> list[Code]:
    """Where an exercise's names got the meaning that was graded, in order of the notebook.

    Args:
        cells: the code cells handed in.
        verdicts: the exercise's; lines that their messages quote are marked.
    """
    quoted = [v.message.en for v in verdicts]
    last: dict[str, tuple[int, int, int]] = {}
    for i, cell in enumerate(cells):
        for name, start, end in _bindings(cell):
            if name in exercise.defines:
                last[name] = (i, start, end)
    found = []
    for i, start, end in sorted(set(last.values())):
        lines = cells[i].splitlines()[start - 1 : end]
        marked = [
            (start + n, line, len(line.strip()) > 3 and any(line.strip() in q for q in quoted))
            for n, line in enumerate(lines)
        ]
        found.append(Code(i + 1, tuple(marked)))
    return found


_BOUND = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)|(\w+)\s*(?::[^=]*)?=(?!=)")


@lru_cache(maxsize=64)  # each exercise looks through the same cells
def _bindings(cell: str) -> list[tuple[str, int, int]]:
    """Names that a cell's statements bind, with their first and last line.

    A cell that does not parse (a magic, a slip) is gone through line by line: a statement then ends
    where the next begins.
    """
    try:
        body = ast.parse(cell).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = cell.splitlines()
        begun = [(m[1] or m[2], n) for n, line in enumerate(lines, 1) if (m := _BOUND.match(line))]
        ends = [n - 1 for _, n in begun[1:]] + [len(lines)][: len(begun)]
        return [(name, start, end) for (name, start), end in zip(begun, ends, strict=True)]
    found = []
    for node in body:
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(d.lineno for d in decorators)])
        end = node.end_lineno or node.lineno
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append((node.name, start, end))
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)
                     and isinstance(n.ctx, ast.Store)]  # fmt: skip
            found += [(name, start, end) for name in names]
    return found


def compared(
    check: Check, came: Mapping[str, Tree], key: Key, lang: str, verdict: Verdict, *, mistakes: bool
) -> list[Compared]:
    """What came beside what was expected, result by result; results that agree are left out.

    Args:
        came: result → value, as `grader.gradebook.store.Store.evidence` keeps it.
        mistakes: also what each misconception would have given.
    """
    found = []
    for name, expectation in check.expect.items():
        if name not in came or name not in check.expected or isinstance(expectation, Metric):
            continue
        if name in check.quiet and not mistakes:  # it answers a graded question
            continue
        if expectation.match(came[name], check.expected[name]).right:
            continue
        sources = [
            ("came", gettext("came"), came[name]),
            ("expected", gettext("expected"), check.expected[name]),
        ]
        for id, wrong in check.wrong.items() if mistakes else ():
            text = key.misconceptions[id].text if id in key.misconceptions else gettext("a mistake")
            kind = "named" if id == verdict.diagnosis else "mistake"
            if wrong["status"] != "ok":
                error = wrong.get("error")
                said = error.get("type", "") if isinstance(error, Mapping) else ""
                sources.append((kind, text, gettext("raises {t}", t=said).to(lang)))
            elif name in wrong["values"]:
                sources.append((kind, text, wrong["values"][name]))
        found.append(_compare(name, sources, lang))
    return found


def _compare(name: str, sources: Sequence[tuple[str, Text, Tree]], lang: str) -> Compared:
    arrays = [_numbers(value) for _, _, value in sources]
    first, expected = arrays[0], arrays[1]
    if first is None or expected is None or first.shape != expected.shape or not first.size:
        rows = [Row(k, t, (describe(v, lang),)) for k, t, v in sources]
        return Compared(name, ("",), tuple(rows))
    with np.errstate(invalid="ignore"):
        apart = ~np.isclose(first, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
    start = int(np.argmax(apart)) if apart.any() else 0
    start = max(0, min(start, first.size - MOST_SHOWN))
    shown = range(start, min(start + MOST_SHOWN, first.size))
    places = [
        str([int(j) for j in np.unravel_index(i, first.shape)]) if first.ndim else "" for i in shown
    ]
    rows = []
    for (kind, label, value), array in zip(sources, arrays, strict=True):
        same_shape = array is not None and array.shape == first.shape
        values = (
            [short(float(array.flat[i]), lang) for i in shown]
            if array is not None and same_shape
            else [describe(value, lang)]
        )
        rows.append(Row(kind, label, tuple(values)))
    return Compared(name, tuple(places), tuple(rows), first.size - len(shown))


def _numbers(value: Tree) -> np.ndarray | None:
    if isinstance(value, (bool, int, float, np.ndarray, list)):
        try:
            array = np.asarray(value)
        except ValueError:
            return None
        return array.astype(np.float64) if array.dtype.kind in "biuf" else None
    return None


def short(value: float, lang: str) -> str:
    """Four digits, more for whole numbers: ``0.3128``, ``44183069``, ``1e-09``."""
    if not np.isfinite(value):
        return str(value)
    if value == round(value) and abs(value) < 1e15:
        return str(round(value))
    text = f"{value:.4g}"
    return text.replace(".", ",") if lang == "fr" else text


def describe(value: Tree, lang: str) -> str:
    """A value in one line: its shape and first values, or its text."""
    if isinstance(value, str):
        return value[:MOST_TEXT]
    array = _numbers(value)
    if array is None:
        return str(value)[:MOST_TEXT]
    if array.ndim == 0:
        return short(float(array), lang)
    dots = " …" if array.size > MOST_SHOWN else ""
    values = "  ".join(short(float(x), lang) for x in array.flat[:MOST_SHOWN])
    return f"({', '.join(map(str, array.shape))}): {values}{dots}"


def asked_lines(check: Check, lang: str) -> list[str]:
    """The probe as calls: ``output = attention(array (2, 5, 4): …)``."""
    return [_step(s, lang) for s in check.probe.steps] if check.probe is not None else []


def _step(step: Step, lang: str) -> str:
    given = [_argument(a, lang) for a in step.args]
    given += [f"{k}={_argument(v, lang)}" for k, v in step.kwargs.items()]
    target = step.target.replace("$", "")
    name = target if step.op == "call" else f"{step.op} {target}".strip()
    return f"{step.into} = {name}({', '.join(given)})"


def _argument(value: Tree, lang: str) -> str:
    if isinstance(value, Mapping):
        if len(value) == 1:
            ((kind, inner),) = value.items()
            if kind in ("$ref", "$name"):
                return str(inner)
            if kind == "$numpy":
                return _argument(inner, lang)
        parts = (f"{k}: {_argument(v, lang)}" for k, v in value.items())
        return "{" + ", ".join(parts)[:400] + "}"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array {describe(value, lang)}"
    if isinstance(value, float):
        return number(value, "en", 6)
    return repr(value)[:MOST_TEXT]

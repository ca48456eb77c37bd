"""What the prose promises, held against what the solution does: shapes, dtypes, ranges.

A docstring says of an argument or a result ``float32 (n, k), in [0, 1]``. An answer key holds what each probe
gives to the solution and what comes back; so no code is run to find a promise that is not kept. The French and
the English text are held against each other, and their tables of shapes against the docstrings.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from grader.authoring.languages import MARK
from grader.authoring.source import LoadedLab, SourceCell
from grader.check.compare import Close, Exact
from grader.check.key import Key
from grader.check.names import parse_cell
from grader.check.probe import Step
from grader.check.tree import Tree

_KINDS = {
    "float": "f", "floats": "f", "int": "iu", "ints": "iu", "integer": "iu", "integers": "iu",
    "bool": "b", "booleans": "b", "float32": "float32", "float64": "float64", "float16": "float16",
    "uint8": "uint8", "int32": "int32", "int64": "int64",
}  # fmt: skip
_NUMBER = r"[−-]?\d+(?:[.,]\d+)?"
_DTYPE = re.compile(rf"\b({'|'.join(sorted(_KINDS, key=len, reverse=True))})\b", re.IGNORECASE)
_SHAPE = re.compile(r"\(((?:[^()]|\([^()]*\))*,(?:[^()]|\([^()]*\))*)\)")
_DIM = re.compile(r"…|\.\.\.|[\w\s+·*/−-]+(?:\([^()]*\))?")
_INTERVAL = re.compile(rf"\[({_NUMBER})(?:, | ?; ?)({_NUMBER})\]")
_SUMS = re.compile(r"sums? to 1")
_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv, ast.Div: operator.truediv,
}  # fmt: skip
REACHED = 0.4  # share of a promised interval that the values of all probes must span


@dataclass(frozen=True)
class Claim:
    """What is said of one array.

    Attributes:
        dtype: ``float32``, …; kinds of NumPy (``f``, ``iu``, ``b``); "" if nothing is said.
        shape: sizes as they are written; None if nothing is said.
        interval: least and largest value.
        sums: rows sum to 1.
    """

    dtype: str = ""
    shape: tuple[str, ...] | None = None
    interval: tuple[float, float] | None = None
    sums: bool = False


@dataclass(frozen=True)
class Contract:
    """A docstring, read.

    Attributes:
        args: argument → what is said of it.
        texts: argument → the words, for the letters that stand for it.
        returns: what is said of the result, or of each of its parts, by position or key.
        equations: letter → expression, said of the result.
        order: the function's arguments, by position.
    """

    args: Mapping[str, Claim]
    texts: Mapping[str, str]
    returns: Mapping[Any, Claim]
    equations: Mapping[str, str]
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Shown:
    """What a probe's kept result shows of what a call gave, or of a part of it."""

    step: Step
    part: Any
    shape: tuple[int | None, ...] | None = None
    dtype: str = ""
    value: np.ndarray | None = None


@dataclass
class _Seen:
    """All values that came of one claim."""

    low: float = math.inf
    high: float = -math.inf
    faults: list[str] = field(default_factory=list)


def contradictions(lab: LoadedLab, key: Key) -> list[str]:
    """Promises that are not kept, a line each, with the place of the cell."""
    return [*_between_languages(lab), *_tables(lab), *_kept(lab, key)]


# ------------------------------------------------------------------ reading


def claims_in(text: str) -> list[Claim]:
    """What is said of each array, in order: a dtype before a shape, a range after it."""
    found = list(_shapes(text))
    claims = []
    ends = [m.start() for m, _ in found[1:]] + [len(text)]
    before = 0
    for (match, shape), end in zip(found, ends, strict=False):
        dtypes = _DTYPE.findall(text[before : match.start()])
        after = text[match.end() : end]
        interval = _INTERVAL.search(after)
        bounds = tuple(_float(x) for x in interval.groups()) if interval else None
        claims.append(
            Claim(
                _KINDS[dtypes[-1].lower()] if dtypes else "",
                shape,
                (bounds[0], bounds[1]) if bounds else None,
                bool(_SUMS.search(after)),
            )
        )
        before = match.end()
    return claims


def _shapes(text: str) -> Iterator[tuple[re.Match[str], tuple[str, ...]]]:
    for match in _SHAPE.finditer(text):
        parts = tuple(
            re.sub(r"\s*([+−*/-]+)\s*", r" \1 ", p).strip()
            for p in match[1].split(",")
            if p.strip()
        )
        if parts and all(_DIM.fullmatch(p) and len(p.split()) in (1, 3, 5) for p in parts):
            yield match, tuple("…" if p == "..." else p.replace("−", "-") for p in parts)


def _float(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "."))


def read(function: ast.FunctionDef) -> Contract | None:
    """The contract in a function's docstring; None if it has none."""
    text = ast.get_docstring(function)
    if not text:
        return None
    sections = re.split(r"^(Args|Returns|Raises):\s*\n", text, flags=re.MULTILINE)
    parts = dict(zip(sections[1::2], sections[2::2], strict=True))
    entries = re.findall(r"^    (\w+): (.+(?:\n     .+)*)", parts.get("Args", ""), re.MULTILINE)
    texts = {name: " ".join(words.split()) for name, words in entries}
    claimed = {name: claims_in(words) for name, words in texts.items()}
    args = {
        name: c[0] if len(c) == 1 else Claim() for name, c in claimed.items()
    }  # not: one or other
    returned = " ".join(parts.get("Returns", "").split())
    equations = dict(re.findall(r"\b([A-Za-z]\w*) = ([^;,.:]+)", returned))
    order = tuple(a.arg for a in function.args.args if a.arg != "self")
    return Contract(args, texts, _returned(returned), equations, order)


def _returned(text: str) -> dict[Any, Claim]:
    """Claims by position of a tuple or key of a dictionary; ``None``: the whole."""
    named = re.match(r"\(([\w, ]+)\): ", text)
    claims = claims_in(text[named.end() :] if named else text)
    if named:
        names = named[1].split(",")
        if len(claims) == 1 and " each" in text:
            claims = claims * len(names)
        if len(claims) < len(names):
            return {}
        kept = claims[: len(names)]
        dtype = kept[0].dtype  # ``float (T, d) and (T, S)``
        return {
            i: c if c.dtype else Claim(dtype, c.shape, c.interval, c.sums)
            for i, c in enumerate(kept)
        }
    keys = [m[1] for m in re.finditer(r"`(\w+)` (?:\w+[- ]?)*\(", text)]
    if text.startswith("dict"):
        return dict(zip(keys, claims, strict=True)) if len(keys) == len(claims) else {}
    return {None: claims[0]} if claims else {}


# ------------------------------------------------------------------ the solution


def _functions(lab: LoadedLab) -> dict[str, tuple[SourceCell, Contract]]:
    """``f`` and ``Class.call`` of the exercises → cell and contract."""
    found = {}
    for cell in lab.cells:
        tree = parse_cell(cell.solved()) if cell.exercise else None
        for node in tree.body if tree else ():
            methods = node.body if isinstance(node, ast.ClassDef) else [node]
            for method in methods:
                if isinstance(method, ast.FunctionDef):
                    contract = read(method)
                    inside = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                    if contract is not None:
                        found[inside + method.name] = (cell, contract)
    return found


def _kept(lab: LoadedLab, key: Key) -> Iterator[str]:
    functions = _functions(lab)
    seen: dict[tuple[str, Any], _Seen] = {}
    for check in key.checks:
        if check.probe is None or check.kind != "probe":
            continue
        steps = {step.into: step for step in check.probe.steps}
        for name, value in check.expected.items():
            shown = _shown(steps, name, value)
            if shown is None or not isinstance(check.expect.get(name), (Close, Exact)):
                continue  # a distribution is of draws
            function = _called(steps, shown.step)
            claim = (
                functions[function][1].returns.get(shown.part) if function in functions else None
            )
            if claim is not None:
                about = seen.setdefault((function, shown.part), _Seen())
                _look(functions[function][1], claim, shown, about)
    for (function, part), about in seen.items():
        cell, contract = functions[function]
        where = f"{lab.id}/notebook.py:{cell.line}: {function}"
        what = "the result" if part is None else f"result {part!r}"
        for fault in dict.fromkeys(about.faults):
            yield f"{where}: {what} {fault}"
        claim = contract.returns[part]
        if claim.interval and about.low <= about.high:
            low, high = claim.interval
            slack = 1e-4 * (high - low)
            said = f"in [{low:g}, {high:g}], and lies in [{about.low:.3g}, {about.high:.3g}]"
            if about.low < low - slack or about.high > high + slack:
                yield f"{where}: {what} is said to be {said}"
            elif about.high - about.low < REACHED * (high - low):
                yield f"{where}: {what} is said to be {said} on every probe"


def _shown(steps: Mapping[str, Step], name: str, value: Tree) -> _Shown | None:
    """What a kept result shows of a function's result; None if it is something else."""
    step = steps.get(name)
    while step is not None and step.op == "get" and "." not in step.target:
        name = step.target.removeprefix("$")
        step = steps.get(name)
    if step is None:
        return None
    if step.op == "call" and step.target == "np.shape":
        origin = _origin(steps, _ref(step.args[0]))
        return _Shown(*origin, shape=tuple(value)) if origin and isinstance(value, list) else None
    about, _, attribute = step.target.partition(".")
    if step.op == "get" and attribute in ("dtype.name", "shape"):
        origin = _origin(steps, about.removeprefix("$"))
        if origin is None:
            return None
        if attribute == "shape":
            return _Shown(*origin, shape=tuple(value)) if isinstance(value, list) else None
        return _Shown(*origin, dtype=str(value))
    rows = step.op == "rows"
    origin = _origin(steps, step.target.removeprefix("$") if rows else name)
    if origin is None or not isinstance(value, np.ndarray):
        return None
    shape: tuple[int | None, ...] = (None, *value.shape[1:]) if rows else value.shape
    return _Shown(*origin, shape, value.dtype.name, value)


def _origin(steps: Mapping[str, Step], name: str) -> tuple[Step, Any] | None:
    """The call that a result comes from, and which part of what it gave it is."""
    step = steps.get(name)
    if step is not None and step.op == "item":
        origin = _origin(steps, step.target.removeprefix("$"))
        return (origin[0], step.args[0]) if origin is not None and origin[1] is None else None
    if step is None or step.op != "call":
        return None
    if step.target == "np.asarray":
        return _origin(steps, _ref(step.args[0]))
    return step, None


def _ref(argument: Any) -> str:
    return str(argument.get("$ref", "")) if isinstance(argument, dict) else ""


def _called(steps: Mapping[str, Step], step: Step) -> str:
    """``f``, or ``Class.call`` of a layer that an earlier step made."""
    if not step.target.startswith("$"):
        return step.target
    made = steps.get(step.target[1:])
    return f"{made.target}.call" if made is not None and made.op == "call" else ""


def _look(contract: Contract, claim: Claim, shown: _Shown, about: _Seen) -> None:
    sizes = _sizes(contract, shown.step, about)
    for name, expression in contract.equations.items():
        size = _size(expression, sizes)
        if size is not None:
            sizes.setdefault(name, size)
    fault = _fit(claim, shown.shape, shown.dtype, sizes)
    if fault:
        about.faults.append(fault)
    value = shown.value
    if value is None or not value.size or value.dtype.kind not in "fiu":
        return
    if claim.sums and not np.allclose(value.sum(-1), 1, atol=1e-3):
        about.faults.append("has rows that do not sum to 1")
    if np.isfinite(value).all():
        about.low, about.high = (
            min(about.low, float(value.min())),
            max(about.high, float(value.max())),
        )


def _sizes(contract: Contract, step: Step, about: _Seen) -> dict[str, float]:
    """What the letters of the docstring stand for in one call."""
    given = {**dict(zip(contract.order, step.args, strict=False)), **step.kwargs}
    sizes: dict[str, float] = {}
    for name, value in given.items():
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            first = re.split(r"[;.]", contract.texts.get(name, ""))[0]
            letters = re.findall(r"(?<!to )(?<!≤ )\b([A-Z])(?=,|$| ≥)", first)
            sizes |= dict.fromkeys([name, *letters[:1]], float(value))
    for name, value in given.items():
        array = value.get("$numpy") if isinstance(value, dict) else value
        claim = contract.args.get(name)
        if "broadcast" in contract.texts.get(name, ""):
            continue
        if isinstance(array, np.ndarray) and claim is not None and claim.shape is not None:
            fault = _fit(Claim(shape=claim.shape), array.shape, "", sizes)
            if fault:
                about.faults.append(f"is asked of an argument `{name}` that {fault}")
    return sizes


def _fit(
    claim: Claim, shape: tuple[int | None, ...] | None, dtype: str, sizes: dict[str, float]
) -> str:
    """What of a claim is not so, or ""; letters that have no size yet get one.

    Args:
        shape: of the array, None for a size that is not known; None if nothing is.
        dtype: of the array; "" if it is not known.
    """
    if claim.dtype and dtype:
        kind = np.dtype(dtype).kind
        if dtype != claim.dtype if len(claim.dtype) > 2 else kind not in claim.dtype:
            names = {"f": "float", "iu": "int", "b": "bool"}
            return f"is {dtype}, not {names.get(claim.dtype, claim.dtype)}"
    if claim.shape is None or shape is None:
        return ""
    fixed = [d for d in claim.shape if d != "…"]
    leading = len(shape) - len(fixed)
    if leading < 0 or (leading and "…" not in claim.shape):
        return f"has shape {shape}, not {_written(claim.shape)}"
    if "…" in claim.shape and claim.shape[0] != "…":
        return ""
    for dim, size in zip(fixed, shape[leading:], strict=True):
        wanted = _size(dim, sizes)
        if size is None:
            continue
        if wanted is None and dim.isidentifier():
            sizes[dim] = float(size)
        elif wanted is not None and wanted != size:
            return f"has shape {shape}, not {_written(claim.shape)} where {dim} = {wanted:g}"
    return ""


def _written(shape: tuple[str, ...]) -> str:
    return f"({', '.join(shape)}{',' if len(shape) == 1 else ''})"


def _size(dim: str, sizes: Mapping[str, float]) -> float | None:
    """The value of an expression in letters; None if one has no size."""
    written = dim.replace("·", "*").replace("−", "-").replace("…", "")

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            return sizes[node.id]
        if isinstance(node, ast.BinOp):
            return float(_OPERATORS[type(node.op)](value(node.left), value(node.right)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ceil":
            return float(math.ceil(value(node.args[0])))
        raise KeyError(ast.unparse(node))

    try:
        return value(ast.parse(written.strip(), mode="eval").body)
    except (SyntaxError, KeyError, ZeroDivisionError):
        return None


# ------------------------------------------------------------------ the text


def _between_languages(lab: LoadedLab) -> Iterator[str]:
    """Shapes, dtypes and intervals that one language's text has and the other's has not."""
    code = {word for c in lab.cells if c.kind == "code" for word in re.findall(r"\w+", c.source)}
    documented = [
        [replace(c, source=c.solved(lang)) for lang in ("fr", "en")]
        for c in lab.cells
        if c.kind == "code" and MARK in c.source
    ]
    for french, english in (*_pairs(lab.cells), *documented):
        ours, theirs = _promised(french.source, code), _promised(english.source, code)
        for cell, other, only in (
            (french, "English", ours), (english, "French", theirs)
        ):  # fmt: skip
            lacking = theirs if cell is french else ours
            for said in dict.fromkeys(only):
                if only.count(said) > lacking.count(said):
                    place = f"{lab.id}/notebook.py:{cell.line}"
                    yield f"{place}: {said} is not in the {other} text"


def _pairs(cells: Sequence[SourceCell]) -> Iterator[tuple[SourceCell, SourceCell]]:
    for one, two in pairwise(cells):
        if one.kind == two.kind == "markdown" and (one.lang, two.lang) == ("fr", "en"):
            yield one, two


def _promised(text: str, code: set[str]) -> list[str]:
    text = text.replace(" ", " ")
    found = [_written(shape) for _, shape in _shapes(text) if _is_array(shape, code)]
    found += [m[1] for m in re.finditer(r"\b(float(?:16|32|64)|u?int(?:8|32|64))\b", text)]
    found += [f"[{_float(a):g}, {_float(b):g}]" for a, b in _INTERVAL.findall(text)]
    return found


def _is_array(shape: tuple[str, ...], code: set[str]) -> bool:
    """Whether the sizes are letters or names of the code; not words, nor one language's example."""
    names = [d for d in shape if not d.isdigit()]
    return bool(names) and all(d == "…" or len(d) == 1 or ("_" in d and d in code) for d in names)


def _tables(lab: LoadedLab) -> Iterator[str]:
    """Rows ``| `q` | (…, T, d) |`` above an exercise, against its docstring."""
    texts: list[SourceCell] = []
    for cell in lab.cells:
        if cell.kind == "markdown":
            texts.append(cell)
            continue
        if cell.exercise:
            tree = parse_cell(cell.solved())
            contracts = [
                c
                for n in (tree.body if tree else ())
                if isinstance(n, ast.FunctionDef) and (c := read(n))
            ]
            for text in texts:
                for name, shape in _rows(text.source):
                    for contract in contracts:
                        claim = contract.args.get(name, Claim())
                        if claim.shape is not None and claim.shape != shape:
                            said, other = (_written(s) for s in (shape, claim.shape))
                            yield (
                                f"{lab.id}/notebook.py:{text.line}: `{name}` is {said} here,"
                                f" {other} in the docstring"
                            )
        if "lab.predict(" not in cell.source:  # it stands between an exercise and its text
            texts = []


def _rows(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, rest in re.findall(r"^\| *`(\w+)` *\|([^|]*)\|", text, re.MULTILINE):
        shapes = [shape for _, shape in _shapes(rest)]
        if shapes:
            yield name, shapes[0]

"""Run a probe on a namespace and bring back the observation: arrays and plain JSON.

This runs next to the student's code, so nothing it reports is trusted for what it says of itself;
it is held against what only a right implementation can give for inputs of the judge's choosing.

An observation is ``{"status", "values", "error", "weights", "used", "seconds"}``; `status` is
``ok``, ``todo`` (a hole is open), ``missing`` (a name is not defined), ``error`` or ``limit``.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from grader.check.compare import Raises
from grader.check.judge import near_names
from grader.check.key import Reference
from grader.check.probe import Probe, Step
from grader.check.raised import error_record
from grader.check.text import clean
from grader.check.tree import Tree
from grader.check.weights import give_weights, summarise

MAX_VALUES = 4_000_000  # elements of one observed array
MAX_TEXT = 10_000
MAX_ITEMS = 100_000


class NotDoneYet(NotImplementedError):
    """Raised by an open hole of the notebook."""


def todo(exercise: str = "") -> NotDoneYet:
    """What stands in a hole: ``raise todo("attention")``."""
    return NotDoneYet(exercise)


class LimitHit(BaseException):
    """A limit was reached; not an `Exception`, so that ``except Exception`` does not swallow it."""

    def __init__(self, limit: str, value: float) -> None:
        super().__init__(limit, value)
        self.limit = limit
        self.value = value


class _Missing(Exception):
    def __init__(self, name: str, near: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.near = list(near)


class _Instead(Exception):
    """A function or a class stands where one of its results is needed."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(f"{name} is a {kind}")
        self.name = name
        self.kind = kind


class _Scope:
    """A student's namespace, the probe's results so far, and what was noticed on the way."""

    def __init__(self, names: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
        self.names = names
        self.answers = answers
        self.results: dict[str, Any] = {}
        self.missing: list[str] = []
        self.misfit: list[str] = []

    def find(self, target: str) -> Any:
        first, *rest = target.split(".")
        if first.startswith("$"):
            found = self.results[first[1:]]
        elif first in self.names:
            found = self.names[first]
        else:
            known = [n for n in self.names if not n.startswith("_")]
            raise _Missing(first, near_names(first, known))
        for attribute in rest:
            if not hasattr(found, attribute):
                self.is_made(target, found)
            found = getattr(found, attribute)
        return found

    def made(self, target: str) -> Any:
        """What `find` finds, if it is no function or class that was not called."""
        found = self.find(target)
        self.is_made(target, found)
        return found

    def is_made(self, target: str, found: Any) -> None:
        if not target.startswith("$") and isinstance(found, (type, FunctionType)):
            kind = "class" if isinstance(found, type) else "function"
            raise _Instead(target.split(".")[0], kind)

    def argument(self, node: Any) -> Any:
        if isinstance(node, np.ndarray):
            return _tensor(node)
        if isinstance(node, Mapping):
            if len(node) == 1:
                (kind, value), *_ = node.items()
                if kind == "$ref":
                    return self.results[value]
                if kind == "$name":
                    return self.find(value)
                if kind == "$numpy":
                    return value.copy()  # places with equal arrays share one
                if kind == "$table":
                    return LookUp(value)
                if kind == "$rng":
                    return np.random.default_rng(value)
            return {k: self.argument(v) for k, v in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(self.argument(v) for v in node)
        return node

    def arguments(self, step: Step) -> tuple[list[Any], dict[str, Any]]:
        kwargs = {k: self.argument(v) for k, v in step.kwargs.items() if not k.startswith("$")}
        return [self.argument(a) for a in step.args], kwargs


class LookUp:
    """A function of a sequence of tokens, as a table; see `grader.check.probe.table`."""

    def __init__(self, logits: np.ndarray) -> None:
        self.logits = logits

    def __call__(self, tokens: Any) -> np.ndarray:
        sequence = np.asarray(tokens)
        if sequence.ndim > 1:
            return np.stack([self(row) for row in sequence])
        order = self.logits.ndim - 1
        last = [0] * order + [int(t) for t in sequence]
        row = self.logits[tuple(last[len(last) - order :])]
        return np.array(row)


def _tensor(array: np.ndarray) -> Any:
    keras = sys.modules.get("keras") or import_module("keras")
    return keras.ops.convert_to_tensor(array)


def _call(scope: _Scope, step: Step) -> Any:
    args, kwargs = scope.arguments(step)
    return scope.find(step.target)(*args, **kwargs)


def _raises(scope: _Scope, step: Step) -> dict[str, Any]:
    """Whether it raised what was asked for; else what it raised, or gave."""
    args, kwargs = scope.arguments(step)
    target = scope.find(step.target)
    try:
        value = plain(target(*args, **kwargs))
    except NotDoneYet:
        raise
    except Exception as error:
        asked = any(c.__name__ == step.kwargs["$error"] for c in type(error).__mro__)
        return {Raises.RAISED: asked, "class": type(error).__name__, "value": None}
    return {Raises.RAISED: False, "class": "", "value": value}


def _get(scope: _Scope, step: Step) -> Any:
    return scope.find(step.target)


def _item(scope: _Scope, step: Step) -> Any:
    return scope.find(step.target)[step.args[0]]


def _rows(scope: _Scope, step: Step) -> Any:
    start, stop = step.args
    return scope.find(step.target)[start:stop]


def _change(scope: _Scope, step: Step) -> dict[str, bool]:
    first, second = (np.asarray(plain(scope.find(t))) for t in (step.target, step.kwargs["other"]))
    at, axis = int(step.kwargs["at"]), int(step.kwargs["axis"])
    gap = np.moveaxis(np.abs(first - second), axis, 0)
    return {
        "before": not bool((gap[:at] <= 1e-4).all()),
        "after": not bool((gap[at:] <= 1e-4).all()),
    }


def _answer(scope: _Scope, step: Step) -> Any:
    given = scope.answers.get(step.args[0])
    if given is None:
        raise _Missing(step.args[0], [])
    return given


def _count_params(scope: _Scope, step: Step) -> int:
    return int(scope.made(step.target).count_params())


def _layers(scope: _Scope, step: Step) -> list[dict[str, Any]]:
    return summarise(scope.made(step.target))


def _sample(scope: _Scope, step: Step) -> np.ndarray:
    """Draws share what `rng` made; `draw_index` becomes start + i."""
    target, n = scope.find(step.target), int(step.kwargs["$n"])
    args, kwargs = scope.arguments(step)

    def at(node: Any, i: int) -> Any:
        if isinstance(node, dict) and set(node) == {"$index"}:
            return node["$index"] + i
        return node

    draws = [
        plain(target(*(at(a, i) for a in args), **{k: at(v, i) for k, v in kwargs.items()}))
        for i in range(n)
    ]
    return np.asarray(draws)


def _gradient(scope: _Scope, step: Step) -> list[Any]:
    """Gradient of Σ w·output, w going evenly from 1 to 2, so that no symmetry hides a mistake."""
    import tensorflow as tf

    args, kwargs = scope.arguments(step)
    wrt = [args[i] for i in step.kwargs["$wrt"]]
    models = [hasattr(x, "trainable_variables") for x in wrt]
    with tf.GradientTape() as tape:
        for x, is_model in zip(wrt, models, strict=True):
            if not is_model:  # a model's variables are watched as they are read
                tape.watch(x)
        out = tf.convert_to_tensor(scope.find(step.target)(*args, **kwargs))
        weights = tf.reshape(tf.linspace(1.0, 2.0, tf.size(out)), tf.shape(out))
        loss = tf.reduce_sum(tf.cast(out, tf.float32) * weights)
    sources = [
        x.trainable_variables if is_model else x for x, is_model in zip(wrt, models, strict=True)
    ]
    return (
        [tape.gradient(loss, s) for s in sources]
        if len(sources) == 1
        else list(tape.gradient(loss, sources))
    )


def _set_weights(scope: _Scope, step: Step) -> dict[str, list[str]]:
    missing, misfit = give_weights(scope.made(step.target), **step.kwargs)
    scope.missing += missing
    scope.misfit += misfit
    return {"missing": missing, "misfit": misfit}


OPERATIONS: dict[str, Callable[[_Scope, Step], Any]] = {
    "call": _call,
    "raises": _raises,
    "get": _get,
    "item": _item,
    "rows": _rows,
    "answer": _answer,
    "change": _change,
    "count_params": _count_params,
    "layers": _layers,
    "sample": _sample,
    "gradient": _gradient,
    "set_weights": _set_weights,
}


def plain(value: Any, depth: int = 0) -> Tree:
    """A student's result as arrays and JSON; anything else becomes a description of itself."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return clean(value[:MAX_TEXT])
    if isinstance(value, np.generic):
        return value.item() if value.dtype.kind in "biuf" else str(value)
    if depth < 6:
        if isinstance(value, dict):
            return {str(k)[:200]: plain(v, depth + 1) for k, v in list(value.items())[:1000]}
        if type(value).__name__ == "TensorShape":
            return plain(value.as_list(), depth)
        if type(value).__name__ == "IndexedSlices":
            import tensorflow as tf

            value = tf.convert_to_tensor(value)
        if isinstance(value, (list, tuple, set)):
            return [plain(v, depth + 1) for v in list(value)[:MAX_ITEMS]]
    if hasattr(value, "__array__") or hasattr(value, "numpy"):
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
        if array.dtype.kind not in "biuf" and array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
        if array.dtype.kind in "biuf":
            if array.size > MAX_VALUES:
                return {"$big": [int(n) for n in array.shape]}
            return array
        return str(array.tolist())[:MAX_TEXT]
    return {"$other": type(value).__name__}


def put_in_place(reference: Reference, names: dict[str, Any]) -> None:
    """Define an exercise's reference among a student's names, in the place of what stands there."""
    for name, cell in reference.needs.items():
        if name not in names:
            exec(cell, names)
    exec(reference.code, names)


@contextmanager
def watching(names: Sequence[str]) -> Iterator[list[str]]:
    """Notice calls of library functions or classes, whatever name the student gave them.

    Args:
        names: dotted names (``keras.layers.MultiHeadAttention``); those not installed are skipped.

    Yields:
        A list that holds, at the end, the names that were called.
    """
    used: list[str] = []
    with ExitStack() as stack:
        for name in names:
            for function in _functions(name):
                stack.enter_context(_noted(function, name, used))
        yield used


_NUMBERS = count()


@contextmanager
def _noted(function: FunctionType, name: str, used: list[str]) -> Iterator[None]:
    """While this lasts, each call of a function notes `name` in `used`, whoever holds it.

    Its code is exchanged, not the function: a name that was bound to it earlier is watched too. (A
    profile hook would see the same, at the price of every other call.)
    """
    code = function.__code__
    original = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    hook = f"_watched_{next(_NUMBERS)}"

    def note(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name not in used:
            used.append(name)
        return original(*args, **kwargs)

    before = dict(vars(function))
    function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    function.__globals__[hook] = note
    function.__code__ = _calling(hook).replace(
        co_freevars=code.co_freevars,
        co_filename=code.co_filename,
        co_firstlineno=code.co_firstlineno,
        co_name=code.co_name,
    )
    try:
        yield
    finally:
        function.__code__ = code
        function.__dict__.clear()
        function.__dict__.update(before)
        del function.__globals__[hook]


def _calling(hook: str) -> CodeType:
    """Code of a function that hands all its arguments to the global called `hook`."""
    made: dict[str, FunctionType] = {}
    exec(f"def call(*args, **kwargs):\n    return {hook}(args, kwargs)\n", made)
    return made["call"].__code__


def _functions(dotted: str) -> list[FunctionType]:
    """The Python functions behind a library's function, or a class's making and calling."""
    parts = dotted.split(".")
    if parts[0] not in sys.modules:
        return []
    found: Any = sys.modules[parts[0]]
    for part in parts[1:]:
        found = getattr(found, part, None)
        if found is None:
            return []
    kept = vars(found) if isinstance(found, type) else {"call": found}
    functions = []
    function: Any
    for function in (kept.get("__init__"), kept.get("call")):
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        if isinstance(function, FunctionType):
            functions.append(function)
    return functions


@dataclass(frozen=True)
class Made:
    """What shared steps came to: results, and weights that found no place."""

    results: dict[str, Any]
    missing: list[str]
    misfit: list[str]


def _begin(probe: Probe, scope: _Scope, made: dict[str, Made] | None) -> int:
    """Do the shared steps, or take what they made before; return where to go on.

    Shared steps that raise leave nothing: the next probe meets the same exception.
    """
    if made is None or not probe.shared:
        return 0
    name = probe.beginning()
    if name not in made:
        for step in probe.steps[: probe.shared]:
            scope.results[step.into] = OPERATIONS[step.op](scope, step)
        made[name] = Made(dict(scope.results), list(scope.missing), list(scope.misfit))
    else:
        scope.results.update(made[name].results)
        scope.missing += made[name].missing
        scope.misfit += made[name].misfit
    return probe.shared


def observe(
    probe: Probe,
    names: Mapping[str, Any],
    answers: Mapping[str, Any] | None = None,
    watch: Sequence[str] = (),
    made: dict[str, Made] | None = None,
) -> Tree:
    """Run a probe.

    Args:
        probe: the steps.
        names: the student's namespace.
        answers: what was given to ``lab.answer``.
        watch: library calls to notice (see `watching`).
        made: what the shared steps of earlier probes on the same namespace made; it grows.

    Returns:
        The observation; an exception of the student's code is part of it.

    Raises:
        LimitHit: a limit was reached (the caller knows which).
    """
    scope = _Scope(names, answers or {})
    began = time.perf_counter()
    seen: dict[str, Any] = {"status": "ok", "values": {}}
    used: list[str] = []
    try:
        with watching(watch) as used:
            for step in probe.steps[_begin(probe, scope, made) :]:
                scope.results[step.into] = OPERATIONS[step.op](scope, step)
            seen["values"] = {k: plain(scope.results[k]) for k in probe.keep}
    except NotDoneYet as error:
        seen |= {"status": "todo", "error": {"name": str(error)}}
    except _Missing as error:
        seen |= {"status": "missing", "error": {"name": error.name, "near": error.near}}
    except _Instead as error:
        record = {"type": "TypeError", "message": str(error), "line": ""}
        seen |= {"status": "error", "error": record | {"name": error.name, "what": error.kind}}
    except (LimitHit, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit and the like are the student's own doing
        seen |= {"status": "error", "error": error_record(error)}
    if scope.missing or scope.misfit:
        seen["weights"] = {"missing": scope.missing, "misfit": scope.misfit}
    if used:
        seen["used"] = used
    seen["seconds"] = round(time.perf_counter() - began, 4)
    return seen

"""The probe: what is asked of a student's code, as data.

A probe is a short straight-line program over the student's names. Each step calls something,
gives weights, counts or samples, and names its result; the results in `keep` come back as the
observation. A probe holds inputs and weights, never an expected value, so the student zone can
be given it safely. `grader.check.observe` runs it.

In a target, a bare word is a student's name (``"causal_mask"``); ``"$layer"`` is the result of
an earlier step; a dot goes on to an attribute (``"$layer.attend"``). Arrays among the arguments
reach the student's code as tensors of the Keras backend; wrap one in `numpy_array` to pass it as is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.check.tree import digest


@dataclass(frozen=True)
class Step:
    """One step: an operation of `grader.check.observe.OPERATIONS`, its arguments, its result's name."""

    op: str
    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    into: str = "out"


@dataclass(frozen=True)
class Probe:
    """Steps in order, and the names of the results that come back.

    Attributes:
        shared: that many leading steps are run once for all probes of a submission that begin with
            the very same ones (build a model, give it weights). The steps after them must leave
            what they made as it is.
    """

    steps: tuple[Step, ...]
    keep: tuple[str, ...] = ("out",)
    shared: int = 0

    def beginning(self) -> str:
        """A name for the shared steps: equal for probes that may share what they make."""
        return digest(self.steps[: self.shared])

    def names(self) -> set[str]:
        """The student's names that the probe looks up."""
        found = {s.target.split(".")[0] for s in self.steps if not s.target.startswith("$")}

        def walk(node: Any) -> None:
            if isinstance(node, Mapping):
                if set(node) == {"$name"}:
                    found.add(node["$name"].split(".")[0])
                for v in node.values():
                    walk(v)
            elif isinstance(node, (list, tuple)):
                for v in node:
                    walk(v)

        for s in self.steps:
            walk(s.args)
            walk(s.kwargs)
        return found - {""}


def ref(name: str) -> dict[str, str]:
    """An argument: the result of the earlier step called `name`."""
    return {"$ref": name}


def student(name: str) -> dict[str, str]:
    """An argument: the student's own object called `name`."""
    return {"$name": name}


def numpy_array(array: np.ndarray) -> dict[str, Any]:
    """An argument: the array itself, not a tensor made of it."""
    return {"$numpy": np.asarray(array)}


def rng(seed: int) -> dict[str, int]:
    """An argument: ``numpy.random.default_rng(seed)``, one generator for all draws of a step."""
    return {"$rng": seed}


def draw_index(start: int = 0) -> dict[str, int]:
    """An argument of `sample`: ``start + i`` at the i-th draw (a seed that changes)."""
    return {"$index": start}


def table(logits: np.ndarray) -> dict[str, Any]:
    """An argument: a function of a sequence of tokens that looks up the scores of the next one.

    Args:
        logits: ``(V,) * k + (V,)``: the row depends on the last `k` tokens; tokens before the
            beginning count as 0. A batch of sequences gives a batch of rows.
    """
    return {"$table": np.asarray(logits)}


def call(target: str, *args: Any, into: str = "out", **kwargs: Any) -> Step:
    """Call a student's function, class or an earlier result, and name what it returns."""
    return Step("call", target, args, kwargs, into)


def raises(
    target: str, *args: Any, error: str = "ValueError", into: str = "out", **kwargs: Any
) -> Step:
    """Call with bad input: it must raise `error`, a class name, or a subclass.

    The result says whether it did, and else what it raised or gave; see `grader.check.compare.Raises`.
    """
    return Step("raises", target, args, {**kwargs, "$error": error}, into)


def get(target: str, into: str = "out") -> Step:
    """Take an attribute or a student's name as it stands: ``get("$layer.units")``."""
    return Step("get", target, (), {}, into)


def item(target: str, index: int | str, into: str = "out") -> Step:
    """Take one element of a tuple, list or dictionary: ``item("$out", 0, into="output")``."""
    return Step("item", target, (index,), {}, into)


def rows(target: str, start: int, stop: int, into: str = "out") -> Step:
    """Rows `start` to `stop` of an earlier result: several inputs may share one call as a batch."""
    return Step("rows", target, (start, stop), {}, into)


def set_weights(
    target: str,
    weights: Mapping[str, np.ndarray],
    fused: Mapping[str, Sequence[str]] | None = None,
    into: str = "weights",
) -> Step:
    """Give a built layer or model weights of our choosing.

    Args:
        target: the layer, built by an earlier call.
        weights: path → array. A path goes through attributes, list indices or sub-layer names:
            ``"query/kernel"``, ``"encoder_layers/0/norm_1/gamma"``. Give kernels in factored shape
            (``(d_model, heads, key_dim)``), every size different: they are merged for a Dense,
            permuted for an EinsumDense, cut up for a list of one layer a head.
        fused: a layer that may stand for several, ``{"qkv": ("query", "key", "value")}``; the
            kernels are joined along the last axis.
        into: result: ``{"missing": [...], "misfit": [...]}``, the paths that were not found and
            those whose variable has another shape. Always compared: keep it or not.
    """
    kwargs = {"weights": dict(weights), "fused": {k: list(v) for k, v in (fused or {}).items()}}
    return Step("set_weights", target, (), kwargs, into)


def change(first: str, second: str, at: int, axis: int = 1, into: str = "out") -> Step:
    """Compare two earlier results before and after position `at` along `axis`.

    The result is ``{"before": bool, "after": bool}``: whether anything differs by more than 1e-4
    there. A causal model that was shown another token at `at` gives False and True.
    """
    return Step("change", f"${first}", (), {"other": f"${second}", "at": at, "axis": axis}, into)


def count_params(target: str, into: str = "params") -> Step:
    """Number of weights of a built layer or model, as Keras counts them."""
    return Step("count_params", target, (), {}, into)


def layers(target: str, into: str = "layers") -> Step:
    """Summary of a model: a list of ``{"class", "name", "params", "output_shape", "config"}``."""
    return Step("layers", target, (), {}, into)


def sample(target: str, *args: Any, n: int, into: str = "out", **kwargs: Any) -> Step:
    """Call `n` times and stack the results; see `rng` and `draw_index` for what changes."""
    return Step("sample", target, args, {**kwargs, "$n": n}, into)


def gradient(
    target: str, *args: Any, wrt: Sequence[int], into: str = "gradients", **kwargs: Any
) -> Step:
    """Gradient of the summed result with respect to the arguments numbered `wrt`.

    The result is a list, None where nothing flows.
    """
    return Step("gradient", target, args, {**kwargs, "$wrt": list(wrt)}, into)


def answer(question: str) -> Probe:
    """A probe that brings back what the student gave to ``lab.answer(question, …)``."""
    return Probe((Step("answer", "", (question,), {}, "answer"),), keep=("answer",))


def answers_of(questions: Sequence[str]) -> Probe:
    """A probe that brings back several answers, each under its question's name."""
    steps = tuple(Step("answer", "", (q,), {}, q) for q in questions)
    return Probe(steps, keep=tuple(questions))

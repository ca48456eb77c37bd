"""Probes written as ordinary calls.

A check's function is given a `Student`. Whatever it does with it is not done but written down, as the
steps of a `grader.check.probe.Probe`::

    def _(draw, student):
        pair = student.attention(draw.normal(3, 4), draw.normal(5, 4))
        return student.probe(output=pair[0], weights=pair[1])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from grader.check.probe import Probe, Step


class ProbeError(ValueError):
    """A check does with a recorded result what only a value allows."""


class Handle:
    """Something of the student's: a name, or what an earlier call will have given.

    - ``handle(…)`` calls it, ``handle[0]`` and ``handle["x"]`` take an item, ``handle[2:5]`` rows;
    - ``handle.dtype.name`` is an attribute; ``student.np.take(…)`` a function of a module;
    - ``handle.layers()`` is a model's summary: a list of
      ``{"class", "name", "params", "output_shape", "config"}``.

    A handle may stand among the arguments of a call. Arrays there reach the student's code as tensors;
    wrap one in `grader.authoring.numpy_array` to pass it as it is.
    """

    __slots__ = ("_path", "_root", "_student")
    __iter__: None = None  # how many parts it has is not known before it runs
    __array_ufunc__ = None

    def __init__(self, student: Student, root: str | int, path: str = "") -> None:
        self._student = student
        self._root = root
        self._path = path

    def __getattr__(self, name: str) -> Handle:
        if name.startswith("__"):
            raise AttributeError(name)
        return Handle(self._student, self._root, f"{self._path}.{name}")

    def __getitem__(self, index: int | str | slice) -> Handle:
        if isinstance(index, slice):
            if index.step is not None or index.stop is None:
                raise ProbeError("rows are taken as result[start:stop]")
            return self._record("rows", index.start or 0, index.stop)
        if not isinstance(index, (int, str, np.integer)):
            raise ProbeError(f"an item is taken by a number or a key, not by {index!r}")
        return self._record("item", index if isinstance(index, str) else int(index))

    def __bool__(self) -> bool:
        raise ProbeError("a recorded result has no value yet: no `if`, no `and`")

    def __call__(self, *args: Any, **kwargs: Any) -> Handle:
        if self._path.endswith(".layers") and not (args or kwargs):
            model = Handle(self._student, self._root, self._path.removesuffix(".layers"))
            return model._record("layers")
        return self._record("call", *args, **kwargs)

    def raises(self, error: type[Exception] | str, *args: Any, **kwargs: Any) -> Handle:
        """Call with bad input: True if it raises `error` or a subclass (by the class's name)."""
        name = error if isinstance(error, str) else error.__name__
        return self._record("raises", *args, **kwargs, **{"$error": name})

    def sample(self, *args: Any, n: int, **kwargs: Any) -> Handle:
        """Call `n` times and stack what comes; see `rng` and `draw_index` for what changes."""
        return self._record("sample", *args, **kwargs, **{"$n": n})

    def gradient(self, *args: Any, wrt: Sequence[int], **kwargs: Any) -> Handle:
        """Gradient of the result, weighted and summed, by the arguments numbered `wrt`.

        A list, None where nothing flows.
        """
        return self._record("gradient", *args, **kwargs, **{"$wrt": list(wrt)})

    def set_weights(
        self, weights: Mapping[str, np.ndarray], fused: Mapping[str, Sequence[str]] | None = None
    ) -> Handle:
        """Give a layer or model that was called before weights of our choosing.

        Args:
            weights: path → array. A path goes through attributes, list indices or sub-layer names:
                ``"query/kernel"``, ``"encoder_layers/0/norm_1/gamma"``. Give kernels in factored
                shape (``(d_model, heads, key_dim)``), every size different: they are merged for a
                Dense, permuted for an EinsumDense, cut up for a list of one layer a head.
            fused: a layer that may stand for several, ``{"qkv": ("query", "key", "value")}``; the
                kernels are joined along the last axis.

        Returns:
            ``{"missing": [...], "misfit": [...]}``: paths not found, and those whose variable has
            another shape. Always compared, kept or not.
        """
        joined = {k: list(v) for k, v in (fused or {}).items()}
        return self._record("set_weights", weights=dict(weights), fused=joined)

    def count_params(self) -> Handle:
        """Number of weights of a built layer or model, as Keras counts them."""
        return self._record("count_params")

    def change(self, other: Handle, at: int, axis: int = 1) -> Handle:
        """Whether two results differ by more than 1e-4 before and from position `at` on.

        ``{"before": bool, "after": bool}``; a causal model that was shown another token at `at` gives
        False and True.
        """
        return self._record("change", other=other, at=at, axis=axis)

    def _record(self, op: str, *args: Any, **kwargs: Any) -> Handle:
        return self._student._record(op, self, args, kwargs)


# What can be asked of a function or a result, beside calling it.
STEPS = tuple(n for n in vars(Handle) if not n.startswith("_"))


class Student:
    """A student's namespace: ``student.causal_mask`` is a `Handle` on that name."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, Handle, tuple[Any, ...], dict[str, Any]]] = []
        self._shared = 0

    def __getattr__(self, name: str) -> Handle:
        if name.startswith("__"):
            raise AttributeError(name)
        return Handle(self, name)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """What is done inside is done once for all probes that begin with the very same steps.

        Building a model costs more than calling it. Nothing may come before; what comes after must
        leave what was made as it is.
        """
        if self._steps:
            raise ProbeError("shared steps come first")
        yield
        self._shared = len(self._steps)

    def probe(self, **results: Handle) -> Probe:
        """The probe: what was done, and what comes back, by name, in this order."""
        kept = {name: self._result(handle) for name, handle in results.items()}
        names: dict[str | int, str] = {}
        for name, handle in kept.items():
            # A shared step keeps its number, so that probes which keep other results still share it.
            if handle._root in names or handle._root in range(self._shared):
                handle = self._record("get", handle, (), {})
            names[handle._root] = name

        def written(node: Any) -> Any:
            if isinstance(node, Handle):
                is_name = isinstance(node._root, str)
                return {"$name": target(node)} if is_name else {"$ref": target(node)[1:]}
            if isinstance(node, Mapping):
                return {k: written(v) for k, v in node.items()}
            if isinstance(node, (list, tuple)):
                return type(node)(written(v) for v in node)
            return node

        def target(handle: Handle) -> str:
            root = handle._root
            return (root if isinstance(root, str) else f"${names.get(root, root)}") + handle._path

        steps = []
        for i, (op, handle, args, kwargs) in enumerate(self._steps):
            if op == "change":
                kwargs = kwargs | {"other": target(kwargs["other"])}
            steps.append(
                Step(op, target(handle), written(args), written(kwargs), names.get(i, str(i)))
            )
        return Probe(tuple(steps), tuple(kept), self._shared)

    def _record(self, op: str, handle: Handle, args: tuple[Any, ...], kwargs: Any) -> Handle:
        if op == "change":
            handle, kwargs = (
                self._result(handle),
                {**kwargs, "other": self._result(kwargs["other"])},
            )
        args, kwargs = self._plain(args), self._plain(kwargs)
        self._steps.append((op, handle, args, kwargs))
        return Handle(self, len(self._steps) - 1)

    def _result(self, handle: Handle) -> Handle:
        """The handle on a step's own result: an attribute, or a bare name, is first taken."""
        if isinstance(handle._root, int) and not handle._path:
            return handle
        return self._record("get", handle, (), {})

    def _plain(self, node: Any) -> Any:
        """Arguments, in which an attribute of an earlier result is a step of its own."""
        if isinstance(node, Handle):
            return node if isinstance(node._root, str) else self._result(node)
        if isinstance(node, Mapping):
            return {k: self._plain(v) for k, v in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(self._plain(v) for v in node)
        return node

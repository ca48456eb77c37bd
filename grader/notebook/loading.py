"""A recording's weights into a model, which may have none yet: it is built as it was when recorded."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from grader.check.judge import instead_of_a_model
from grader.check.recording import Recording, _json
from grader.check.weights import weight_paths
from grader.notebook.errors import LabError


def put_into(recording: Recording, model: Any, x: Any = None) -> None:
    """Give a model a recording's weights, building it first if it has none yet.

    Raises:
        BadRecording: ``shapes``.
    """
    if lacks(model, recording):
        build(model, batch_of(x))
        if lacks(model, recording):
            build_like(model, recording)
    recording.load_into(model)


def lacks(model: Any, recording: Recording) -> bool:
    """Whether a model has weights yet to be made."""
    return len(weight_paths(model)) < len(recording.weights)


def build(model: Any, batch: Any) -> None:
    if batch is None:
        return
    for more in ({"training": False}, {}):
        try:
            model(batch, **more)
            return
        except TypeError:
            continue
        except Exception:  # the student's model; what it lacks shows when the weights do not fit
            return


def build_like(model: Any, recording: Recording) -> None:
    """Build a model from what the recording says of its inputs."""
    spec = recording.manifest.get("inputs")
    if spec is not None:
        build(model, _zeros(spec))
    config = recording.manifest.get("build")
    if isinstance(config, Mapping) and lacks(model, recording):
        with suppress(Exception):
            model.build_from_config(dict(config))


def build_config(model: Any) -> Any:
    try:
        return _json(model.get_build_config(), "build")
    except Exception:
        return None


def peek(x: Any) -> Any:
    """One example of what `fit` is given, if it can be had without using any of it up."""
    if x is None or hasattr(x, "__next__"):
        return None
    try:
        return batch_of(x)
    except Exception:
        return None


def batch_of(x: Any) -> Any:
    """One small batch of inputs out of anything that ``model.fit`` takes; None if there is none."""
    if x is None:
        return None
    spec = getattr(x, "element_spec", None)
    if spec is not None:  # tf.data: its signature says it all
        first = spec[0] if isinstance(spec, tuple) else spec
        made = _of_spec(first)
        if made is not None:
            return made
        return _inputs(next(iter(x)))
    if isinstance(x, (list, tuple, dict)) or hasattr(x, "shape") or hasattr(x, "__array__"):
        return import_module("keras").tree.map_structure(
            lambda a: np.asarray(a)[:1] if isinstance(a, (list, int, float)) else a[:1], x
        )
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):  # PyDataset
        return _inputs(x[0])
    if hasattr(x, "__iter__"):
        return _inputs(next(iter(x)))
    return None


def _inputs(batch: Any) -> Any:
    return batch[0] if isinstance(batch, (tuple, list)) else batch


def _of_spec(spec: Any) -> Any:
    tree = import_module("keras").tree

    def zeros(one: Any) -> np.ndarray:
        shape = [int(n) if n is not None else 1 for n in one.shape.as_list()]
        return np.zeros(shape, one.dtype.as_numpy_dtype)

    try:
        return tree.map_structure(zeros, spec)
    except Exception:
        return None


def spec_of(batch: Any) -> Any:
    """Shapes and dtypes of a batch as JSON, so that a recording can build its model again."""
    if batch is None:
        return None
    if isinstance(batch, dict):
        return {"dict": {str(k): spec_of(v) for k, v in batch.items()}}
    if isinstance(batch, (list, tuple)):
        return {"list": [spec_of(v) for v in batch]}
    try:
        kind = np.dtype(getattr(batch.dtype, "as_numpy_dtype", batch.dtype))
        return {"shape": [int(n) for n in batch.shape], "dtype": kind.name}
    except Exception:
        return None


def _zeros(spec: Any) -> Any:
    if not isinstance(spec, Mapping):
        return None
    if "dict" in spec:
        return {k: _zeros(v) for k, v in spec["dict"].items()}
    if "list" in spec:
        return [_zeros(v) for v in spec["list"]]
    try:
        if np.prod([max(1, int(n)) for n in spec["shape"]]) > 10**7:
            return None
        return np.zeros([int(n) for n in spec["shape"]], np.dtype(str(spec["dtype"])))
    except (KeyError, TypeError, ValueError):
        return None


def must_be_made(model: Any, lang: str) -> None:
    """Refuse a class or a function where a model is wanted.

    Raises:
        LabError: it is one.
    """
    if isinstance(model, (type, FunctionType)):
        kind = "class" if isinstance(model, type) else "function"
        raise LabError(instead_of_a_model(model.__name__, kind), lang)

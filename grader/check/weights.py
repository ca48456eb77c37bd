"""The weights of a Keras layer or model: where they are, and how an array is laid into them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import permutations
from typing import Any

import numpy as np

MAX_LAYERS = 2_000
MISFIT = 0.05  # what every element of a weight holds whose shape is not the one asked for


class BadRecording(ValueError):
    """A recording cannot be used.

    Attributes:
        what: ``damaged`` (cut short, changed or no recording at all), ``shapes`` (its weights do
            not fit the model), ``recording`` (there is none), ``layers`` (the model has layers
            that are not built into Keras, so that it cannot be rebuilt from the recording alone).
    """

    def __init__(self, what: str, detail: str = "") -> None:
        super().__init__(f"{what}: {detail}" if detail else what)
        self.what = what
        self.detail = detail


# ------------------------------------------------------------------ walking a model


def is_graph(layer: Any) -> bool:
    """Whether `layer` is a Functional or Sequential model, whose layers are told by name."""
    kinds = ("Functional", "Sequential")
    return any(c.__name__ in kinds and builtin(c) for c in type(layer).__mro__)


def builtin(cls: type) -> bool:
    return cls.__module__.split(".")[0] == "keras"


def _internal(attribute: str) -> bool:
    """Bookkeeping of Keras and TensorFlow, which lists layers a second time."""
    return attribute.startswith("_self_") or attribute in (
        "_layers", "_operations", "_functional", "_input_layers", "_output_layers", "_tracker",
        "_metrics", "_losses", "_inbound_nodes", "_outbound_nodes", "_obj_type",
    )  # fmt: skip


def children(layer: Any) -> list[tuple[str, Any]]:
    """The layers that `layer` holds, each under a name that later versions of Keras keep."""
    kind = import_module("keras").layers.Layer
    if is_graph(layer):
        return [(child.name, child) for child in layer.layers]
    found: list[tuple[str, Any]] = []

    def collect(name: str, value: Any, depth: int = 0) -> None:
        if isinstance(value, kind):
            found.append((name, value))
        elif depth < 4 and isinstance(value, (list, tuple)):
            for i, part in enumerate(value):
                collect(f"{name}/{i}", part, depth + 1)
        elif depth < 4 and isinstance(value, dict):
            for key, part in value.items():
                collect(f"{name}/{key}", part, depth + 1)

    attributes = vars(layer)
    for attribute, value in attributes.items():
        if _internal(attribute):
            continue
        if attribute.startswith("_"):
            if builtin(type(layer)):
                if isinstance(value, kind):
                    found.append((value.name, value))
                continue
            bare = attribute.lstrip("_")
            collect(attribute if bare in attributes else bare, value)
        else:
            collect(attribute, value)
    return found


def _states(layer: Any) -> set[int]:
    """Variables of a built-in layer that belong to a batch, not to what was learnt."""
    states = getattr(layer, "states", None) if builtin(type(layer)) else None
    return {id(s) for s in states} if isinstance(states, (list, tuple)) else set()


def weight_paths(model: Any) -> dict[str, Any]:
    """Every weight of a built layer or model, once, under its attribute path.

    Functional and Sequential models name their parts by layer name, other layers by attribute
    (``blocks/0/attention``); optimiser, metric and random-seed variables are left out.
    """
    paths: dict[str, Any] = {}
    seen_weights: set[int] = set()
    seen_layers: set[int] = set()

    def put(path: str, variable: Any) -> None:
        if id(variable) in seen_weights:
            return
        seen_weights.add(id(variable))
        unique, n = path, 1
        while unique in paths:
            unique, n = f"{path}_{n}", n + 1
        paths[unique] = variable

    def walk(layer: Any, prefix: str) -> None:
        if id(layer) in seen_layers:
            return
        seen_layers.add(id(layer))
        seen_weights.update(_states(layer))
        parts = children(layer)
        below = {id(w) for _, child in parts for w in child.weights}
        own = {} if is_graph(layer) else {id(v): k.lstrip("_") for k, v in vars(layer).items()}
        for weight in layer.weights:
            if id(weight) not in below:
                put(prefix + own.get(id(weight), weight.name.split("/")[-1]), weight)
        for name, child in parts:
            walk(child, f"{prefix}{name}/")

    walk(model, "")
    for weight in model.weights:
        put(getattr(weight, "path", weight.name), weight)
    return paths


def array_of(variable: Any) -> np.ndarray:
    """A weight's value; float32 for any float, other dtypes as they are."""
    array = np.asarray(import_module("keras").ops.convert_to_numpy(variable))
    if array.dtype.kind not in "biuf" or array.dtype == np.float64:
        return array.astype(np.float32)
    return array


def summarise(model: Any) -> list[dict[str, Any]]:
    """The layers of a model as plain JSON, in order, each layer once.

    Models and layers of the student's own are opened, built-in layers are not; input layers are
    left out, so that Functional, Sequential and subclassed spellings of one network read alike.

    Returns:
        ``{"class", "name", "params", "output_shape", "config"}`` a layer. `params` counts the
        layer's own weights (those of layers listed after it are theirs), so they add up to the
        model's. `output_shape` has None for the batch, and is None where Keras does not know it.
    """
    rows: list[dict[str, Any]] = []
    seen_layers: set[int] = set()
    seen_weights: set[int] = set()

    def size(weights: Sequence[Any]) -> int:
        new = [w for w in weights if id(w) not in seen_weights]
        seen_weights.update(id(w) for w in new)
        return sum(math.prod(int(n) for n in w.shape) for w in new)

    def walk(layer: Any) -> None:
        if id(layer) in seen_layers or type(layer).__name__ == "InputLayer":
            return
        seen_layers.add(id(layer))
        opened = is_graph(layer) or not builtin(type(layer))
        parts = children(layer) if opened else []
        below = {id(w) for _, child in parts for w in child.weights}
        own = [w for w in layer.weights if id(w) not in below]
        if not (opened and isinstance(layer, import_module("keras").Model)) or own:
            rows.append(
                {
                    "class": type(layer).__name__,
                    "name": str(layer.name),
                    "params": size(own),
                    "output_shape": _output_shape(layer),
                    "config": _layer_config(layer),
                }
            )
        for _, child in parts:
            walk(child)

    walk(model)
    return rows[:MAX_LAYERS]


def _output_shape(layer: Any) -> Any:
    def shapes(value: Any) -> Any:
        if isinstance(value, (list, tuple)) and any(isinstance(v, (list, tuple)) for v in value):
            return [shapes(v) for v in value]
        return [None if n is None else int(n) for n in value]

    try:
        output = layer.output
        many = isinstance(output, (list, tuple))
        return [shapes(o.shape) for o in output] if many else shapes(output.shape)
    except Exception:
        pass
    try:
        shape = shapes(layer.compute_output_shape(**_build_shapes(layer)))
    except Exception:
        return None
    return [None, *shape[1:]] if shape and not isinstance(shape[0], list) else shape


def _build_shapes(layer: Any) -> dict[str, Any]:
    config = layer.get_build_config() or {}
    return config.get("shapes_dict") or {"input_shape": config["input_shape"]}


def _layer_config(layer: Any) -> dict[str, Any]:
    try:
        plain = _plain_config(layer.get_config())
    except Exception:
        return {}
    return plain if isinstance(plain, dict) else {}


def _plain_config(node: Any, depth: int = 0) -> Any:
    """A Keras config as short JSON: ``"GlorotUniform"`` for an initialiser, a name for a dtype."""
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    if isinstance(node, np.generic):
        return node.item()
    if depth > 8:
        return "…"
    if isinstance(node, dict) and "class_name" in node and "config" in node:
        kind, config = str(node["class_name"]), node["config"]
        module = str(node.get("module") or "")
        if kind.endswith("DTypePolicy") and isinstance(config, dict):
            return config.get("name")
        if kind == "function":
            return config if isinstance(config, str) else str(node.get("registered_name"))
        if any(part in module for part in ("initializers", "regularizers", "constraints")):
            return kind
        return {"class": kind, "config": _plain_config(config, depth + 1)}
    if isinstance(node, dict):
        return {str(k): _plain_config(v, depth + 1) for k, v in node.items()}
    if isinstance(node, (list, tuple)):
        return [_plain_config(v, depth + 1) for v in node]
    if isinstance(node, np.ndarray):
        return node.tolist() if node.size <= 1000 else f"array {node.shape}"
    return type(node).__name__


# ------------------------------------------------------------------ giving weights


def give_weights(
    root: Any, weights: Mapping[str, np.ndarray], fused: Mapping[str, Sequence[str]]
) -> tuple[list[str], list[str]]:
    """Give a built layer or model weights by path; see `grader.check.probe.set_weights`.

    Returns:
        The paths that were not found, and those whose variable has another shape.
    """
    weights = dict(weights)
    missing: list[str] = []
    misfit: list[str] = []
    for joint, parts in fused.items():
        if _descend(root, joint.split("/")) is not None and all(
            _descend(root, p.split("/")) is None for p in parts
        ):
            for leaf in ("kernel", "bias"):
                pieces = [weights.pop(f"{p}/{leaf}", None) for p in parts]
                found = [x.reshape(x.shape[0], -1) if leaf == "kernel" else x.reshape(-1)
                         for x in pieces if x is not None]  # fmt: skip
                if found:
                    weights[f"{joint}/{leaf}"] = np.concatenate(found, axis=-1)
    for path, array in weights.items():
        *way, leaf = path.split("/")
        owner = _descend(root, way)
        if owner is None:
            missing.append(path)
        else:
            problem = _assign(owner, leaf, array)
            if problem:
                (missing if problem == "missing" else misfit).append(path)
    return missing, misfit


def _descend(owner: Any, way: Sequence[str]) -> Any:
    """Follow attributes, indices or sub-layer names; None if the way ends."""
    for name in way:
        found: Any = None
        if name.lstrip("-").isdigit() and not hasattr(owner, name):
            try:
                found = list(owner)[int(name)]
            except (TypeError, IndexError):
                found = None
        if found is None:
            found = getattr(owner, name, None)
        if found is None or (callable(found) and not hasattr(found, "variables")):
            inner = getattr(owner, "layers", None)
            if inner is None and isinstance(owner, import_module("keras").layers.Layer):
                inner = [part for _, part in children(owner)]
            found = next((x for x in inner or () if getattr(x, "name", None) == name), None)
        if found is None:
            return None
        owner = found
    return owner


def _assign(owner: Any, leaf: str, array: np.ndarray) -> str:
    """Give one variable its value; "" if it went well, else "missing" or "misfit"."""
    if isinstance(owner, (list, tuple)):  # one layer a head
        axes = [i for i, n in enumerate(array.shape) if n == len(owner)]
        if not axes:
            return "misfit"
        problems = [
            _assign(part, leaf, np.take(array, i, axis=axes[0])) for i, part in enumerate(owner)
        ]
        return next((p for p in problems if p), "")
    variable: Any = getattr(owner, leaf, None)
    if not hasattr(variable, "assign"):
        named = [v for v in getattr(owner, "variables", []) if v.name.split("/")[-1] == leaf]
        if len(named) != 1:
            return "missing"
        variable = named[0]
    shape = tuple(int(n) for n in variable.shape)
    fitted = fit(np.asarray(array), shape)
    if fitted is None:
        variable.assign(np.full(shape, MISFIT))  # so that a mistake always gives the same values
        return "misfit"
    variable.assign(fitted)
    return ""


def fit(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Lay a factored kernel out as `shape`: as it is, axes permuted, or neighbours merged."""
    if array.shape == shape:
        return array
    if array.ndim == len(shape):
        for order in permutations(range(array.ndim)):
            if tuple(array.shape[i] for i in order) == shape:
                return array.transpose(order)
        return None
    if array.size == int(np.prod(shape)) and merges(array.shape, shape):
        return array.reshape(shape)
    return None


def merges(fine: tuple[int, ...], coarse: tuple[int, ...]) -> bool:
    """Whether `coarse` is `fine` with neighbouring axes merged."""
    i = 0
    for n in coarse:
        product = 1
        while i < len(fine) and product < n:
            product *= fine[i]
            i += 1
        if product != n:
            return False
    return i == len(fine)


def lay(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """`fit`, or the other way round: one axis taken apart into neighbours."""
    laid = fit(array, shape)
    if laid is None and array.size == math.prod(shape) and merges(shape, array.shape):
        return array.reshape(shape)
    return laid


def assign_all(model: Any, pairs: Sequence[tuple[Any, np.ndarray]]) -> None:
    for variable, array in pairs:
        variable.assign(array)
    for layer in _every_layer(model):
        if hasattr(layer, "finalize_state"):  # Normalization keeps constants made of its weights
            layer.finalize_state()


def _every_layer(model: Any) -> Iterator[Any]:
    seen: set[int] = set()
    todo = [model]
    while todo:
        layer = todo.pop()
        if id(layer) not in seen:
            seen.add(id(layer))
            yield layer
            todo += [child for _, child in children(layer)]

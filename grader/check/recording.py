"""What a student's training leaves behind: weights, layer summary, history, manifest.

A recording does not depend on the Keras version that wrote it: weights are arrays under attribute
paths (``encoder_layers/0/attention/query/kernel``), layers are plain JSON. It is stored as one tree
(`grader.check.tree`), so reading it runs no code and allocates no more than the file's own size; a
checksum inside tells a file that was cut or changed.

Matrices are kept in half precision, vectors (biases, normalisation statistics) and what half
precision cannot hold in single: a submission stays small and no metric moves by more than 1e-3.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, wraps
from importlib import import_module
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from grader.check.tree import Tree, TreeError, pack, unpack
from grader.check.weights import (
    MAX_LAYERS,
    BadRecording,
    array_of,
    assign_all,
    lay,
    summarise,
    weight_paths,
)

FORMAT = 1
T = TypeVar("T")
MAX_PARAMETERS = 60_000_000
MAX_WEIGHTS = 20_000
HALF_MAX = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Measured:
    """What a lab's clean-room function found, where there is more to say than values.

    Attributes:
        values: result → array or JSON, as the check's `expect` names them.
        expected: result → what was to be expected, where that depends on the recordings.
        mistake: id of the misconception that the values show, or "".
    """

    values: Mapping[str, Tree]
    expected: Mapping[str, Tree] = field(default_factory=dict)
    mistake: str = ""


# ------------------------------------------------------------------ the recording


@dataclass(frozen=True, eq=False)
class Recording:
    """A trained model's remains; without weights, the curves of a training alone.

    Attributes:
        lab: lab id.
        name: as given to ``lab.record``.
        weights: attribute path → array (float32; integer weights keep their dtype), in the order of
            the model's own walk. Values are already rounded as the file will hold them.
        layers: what `summarise` says of the model.
        config: how to rebuild the model if it consists of built-in layers, else None.
        settings: JSON values given by the notebook, for a model of the author's own.
        manifest: versions, device, seed, seconds, epochs, steps, history, created, …: what the
            student's machine says of itself; shown, never trusted.
    """

    lab: str
    name: str
    weights: Mapping[str, np.ndarray]
    layers: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        lab: str,
        name: str,
        model: Any,
        settings: Mapping[str, Any] | None = None,
        manifest: Mapping[str, Any] | None = None,
    ) -> Recording:
        """Record a built Keras model.

        Raises:
            TypeError: `model` is no Keras 3 layer or model, or a setting is not JSON.
            ValueError: the model has no weights yet, or more than `MAX_PARAMETERS`.
        """
        if not isinstance(model, import_module("keras").layers.Layer):
            raise TypeError(f"a Keras model is needed, a {type(model).__name__} came")
        paths = weight_paths(model)
        if not paths:
            raise ValueError("the model has no weights yet: call it once, then record it")
        count = sum(math.prod(int(n) for n in v.shape) for v in paths.values())
        if count > MAX_PARAMETERS:
            raise ValueError(f"the model has {count:,} parameters, a recording {MAX_PARAMETERS:,}")
        return cls(
            lab,
            name,
            {path: _rounded(array_of(variable)) for path, variable in paths.items()},
            summarise(model),
            _rebuildable(model, paths),
            _json(dict(settings or {}), "settings"),
            _json(dict(manifest or {}), "manifest"),
        )

    @property
    def history(self) -> dict[str, list[float]]:
        """Metric → one value an epoch (or logged step); empty if none was kept."""
        found = self.manifest.get("history")
        if not isinstance(found, Mapping):
            return {}
        return {
            str(k): [float(x) for x in v if isinstance(x, (int, float))]
            for k, v in found.items()
            if isinstance(v, (list, tuple))
        }

    @property
    def parameters(self) -> int:
        """Number of weights held."""
        return sum(int(a.size) for a in self.weights.values())

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights' values, whatever their names and order.

        Two students with the same digest handed in the same trained network.
        """
        parts = sorted(
            hashlib.sha256(repr(a.shape).encode() + _stored(a).tobytes()).hexdigest()
            for a in self.weights.values()
        )
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    # -------------------------------------------------------------- bytes

    def to_bytes(self) -> bytes:
        """The recording as one safetensors file."""
        tree = {
            "kind": "recording",
            "format": FORMAT,
            "lab": self.lab,
            "name": self.name,
            "weights": {p: _stored(a) for p, a in self.weights.items()},
            "layers": list(self.layers),
            "config": self.config,
            "settings": dict(self.settings),
            "manifest": dict(self.manifest),
        }
        return pack({**tree, "checksum": _checksum(tree)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Recording:
        """Read what `to_bytes` made.

        Raises:
            BadRecording: ``damaged``: cut short, changed, forged, or something else altogether.
        """
        try:
            tree = unpack(data)
        except TreeError as error:
            raise BadRecording("damaged", str(error)) from None
        if not isinstance(tree, dict) or tree.get("kind") != "recording":
            raise BadRecording("damaged", "not a recording")
        if tree.get("format") != FORMAT:
            raise BadRecording("damaged", f"format {tree.get('format')!r}, not {FORMAT}")
        given = tree.pop("checksum", None)
        shapes: dict[str, type | tuple[type, ...]] = {
            "lab": str, "name": str, "weights": dict, "layers": list,
            "config": (dict, type(None)), "settings": dict, "manifest": dict,
        }  # fmt: skip
        for entry, kind in shapes.items():
            if not isinstance(tree.get(entry), kind):
                raise BadRecording("damaged", f"no {entry}")
        weights = tree["weights"]
        if len(weights) > MAX_WEIGHTS or len(tree["layers"]) > MAX_LAYERS:
            raise BadRecording("damaged", "too many weights")
        if not all(isinstance(a, np.ndarray) for a in weights.values()):
            raise BadRecording("damaged", "a weight is not an array")
        if sum(a.size for a in weights.values()) > MAX_PARAMETERS:
            raise BadRecording("damaged", f"more than {MAX_PARAMETERS:,} weights")
        if not all(isinstance(layer, dict) for layer in tree["layers"]):
            raise BadRecording("damaged", "a layer is not described")
        if given != _checksum(tree):
            raise BadRecording("damaged", "checksum differs")
        return cls(
            tree["lab"],
            tree["name"],
            {p: a.astype(np.float32) if a.dtype.kind == "f" else a for p, a in weights.items()},
            tree["layers"],
            tree["config"],
            tree["settings"],
            tree["manifest"],
        )

    # -------------------------------------------------------------- back into a model

    def load_into(self, model: Any) -> None:
        """Give the weights to the student's own, built model.

        By path; if the paths differ (layers are renamed when a cell is run twice), in order,
        provided that all shapes agree in that order. Nothing is changed if they do not fit.

        Raises:
            BadRecording: ``shapes``.
        """
        paths = weight_paths(model)
        if set(paths) == set(self.weights):
            pairs = [(variable, self.weights[path]) for path, variable in paths.items()]
        else:
            if len(paths) != len(self.weights):
                raise BadRecording(
                    "shapes", f"{len(self.weights)} arrays for {len(paths)} weights of the model"
                )
            pairs = list(zip(paths.values(), self.weights.values(), strict=True))
        for variable, array in pairs:
            if tuple(variable.shape) != array.shape:
                raise BadRecording(
                    "shapes", f"{array.shape} for a weight of shape {tuple(variable.shape)}"
                )
        assign_all(model, pairs)

    def give(self, model: Any, fused: Mapping[str, Sequence[str]] | None = None) -> Any:
        """Lay the weights into a built reference model of the author's, by attribute path.

        Dense and EinsumDense kernels stand for one another; a layer may be a list of one layer a
        head (``query/0/kernel`` …), joined along a new axis before the last.

        Args:
            model: the reference; every weight of it must be found, every weight recorded used.
            fused: a layer of the student's that may stand for several of the reference's,
                ``{"qkv": ("query", "key", "value")}``, next to where those would be; the kernels
                are taken apart along the last axis.

        Returns:
            `model`.

        Raises:
            BadRecording: ``shapes``.
        """
        targets = weight_paths(model)
        if not targets:
            raise ValueError("the reference model has no weights: build it first")
        source = self._like(targets)
        used: set[str] = set()
        pairs: list[tuple[Any, np.ndarray]] = []
        split = _split_fused(source, targets, fused or {}, used)
        for path, variable in targets.items():
            shape = tuple(int(n) for n in variable.shape)
            if path in split:
                array: np.ndarray | None = split[path]
            elif path in source:
                array = source[path]
                used.add(path)
            else:
                array = _join_heads(source, path, used)
            laid = None if array is None else lay(array, shape)
            if laid is None:
                came = "nothing" if array is None else str(array.shape)
                raise BadRecording("shapes", f"{path}: {came} for {shape}")
            pairs.append((variable, laid))
        left = set(source) - used
        if left:
            raise BadRecording("shapes", f"no place for {sorted(left)[0]}")
        assign_all(model, pairs)
        return model

    def _like(self, targets: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The weights without a first name that all of them share and the reference lacks."""
        heads, known = ({p.split("/")[0] for p in paths} for paths in (self.weights, targets))
        inner = {p.partition("/")[2] or p: a for p, a in self.weights.items()}
        if len(heads) == 1 and not heads & known and {p.split("/")[0] for p in inner} & known:
            return inner
        return dict(self.weights)

    def rebuild(self) -> Any:
        """The model itself, if it consists of built-in layers; no line of the student's is run.

        Raises:
            BadRecording: ``layers`` (it does not), ``shapes`` (weights and layers disagree).
        """
        if self.config is None:
            raise BadRecording("layers", "layers that are not built into Keras")
        from grader.check.rebuild import rebuild

        model, paths = rebuild(self.config, self.parameters)
        targets = weight_paths(model)
        if set(paths.values()) != set(self.weights) or len(targets) != len(paths):
            raise BadRecording("shapes", "weights and layers disagree")
        if set(paths) != set(targets):  # another Keras names its inner weights in another way
            paths = dict(zip(targets, paths.values(), strict=True))
        pairs = [(variable, self.weights[paths[path]]) for path, variable in targets.items()]
        for variable, array in pairs:
            if array.shape != tuple(variable.shape):
                raise BadRecording("shapes", f"{array.shape} for {tuple(variable.shape)}")
        assign_all(model, pairs)
        return model


def _half(array: np.ndarray) -> bool:
    if array.dtype.kind != "f" or array.ndim < 2:
        return False
    finite = array[np.isfinite(array)]
    return finite.size == 0 or float(np.abs(finite).max()) <= HALF_MAX


def _rounded(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    return (array.astype(np.float16) if _half(array) else array).astype(np.float32)


def _stored(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    return array.astype(np.float16) if _half(array) else array.astype(np.float32)


def _json(value: Any, where: str) -> Any:
    """`value` as JSON values; NumPy numbers become Python ones."""

    def number(x: Any) -> Any:
        if isinstance(x, np.generic):
            return x.item()
        if hasattr(x, "__array__") and getattr(x, "ndim", 1) == 0:
            return np.asarray(x).item()
        raise TypeError(f"{where}: a {type(x).__name__} is not a JSON value")

    return json.loads(json.dumps(value, default=number))


def _checksum(tree: Mapping[str, Tree]) -> str:
    sha = hashlib.sha256()
    plain = {k: v for k, v in tree.items() if k not in ("weights", "checksum")}
    sha.update(json.dumps(plain, sort_keys=True).encode())
    for path, array in tree["weights"].items():
        sha.update(f"{path} {array.dtype} {array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _join_heads(source: Mapping[str, np.ndarray], path: str, used: set[str]) -> np.ndarray | None:
    """``query/0/kernel``, ``query/1/kernel``, … as one kernel, heads before the last axis."""
    owner, _, leaf = path.rpartition("/")
    parts: list[np.ndarray] = []
    while (name := f"{owner}/{len(parts)}/{leaf}") in source:
        parts.append(source[name])
        used.add(name)
    if not parts or any(p.shape != parts[0].shape or p.ndim == 0 for p in parts):
        return None
    return np.stack(parts, axis=-2)


def _split_fused(
    source: Mapping[str, np.ndarray],
    targets: Mapping[str, Any],
    fused: Mapping[str, Sequence[str]],
    used: set[str],
) -> dict[str, np.ndarray]:
    """Fused kernels and biases taken apart: path in the reference → array."""
    found: dict[str, np.ndarray] = {}
    for path, array in source.items():
        *way, leaf = path.split("/")
        for joint, parts in fused.items():
            tail = joint.split("/")
            if way[-len(tail) :] != tail:
                continue
            before = "/".join(way[: -len(tail)])
            places = [f"{before}/{p}/{leaf}".lstrip("/") for p in parts]
            if not all(p in targets for p in places):
                continue
            flat = array.reshape(array.shape[0], -1) if leaf == "kernel" else array.reshape(1, -1)
            rows = 1 if leaf != "kernel" else flat.shape[0]
            widths = [math.prod(int(n) for n in targets[p].shape) // rows for p in places]
            if sum(widths) != flat.shape[1]:
                continue
            used.add(path)
            pieces = np.split(flat, np.cumsum(widths)[:-1], axis=1)
            for place, piece in zip(places, pieces, strict=True):
                found[place] = piece if leaf == "kernel" else piece[0]
    return found


def _rebuildable(model: Any, paths: Mapping[str, Any]) -> dict[str, Any] | None:
    from grader.check.rebuild import describe

    try:
        return describe(model, paths)
    except Exception:  # a layer of the student's own may raise anything when asked about itself
        return None


def measured_once(
    function: Callable[[Recording, np.ndarray], T],
) -> Callable[[Recording, np.ndarray], T]:
    """Keep what a function finds for a recording and an array, for as long as the recording lives."""
    known: WeakKeyDictionary[Recording, dict[str, T]] = WeakKeyDictionary()

    @wraps(function)
    def measured(recording: Recording, array: np.ndarray) -> T:
        found, name = known.setdefault(recording, {}), hashlib.sha256(array.tobytes()).hexdigest()
        if name not in found:
            found[name] = function(recording, array)
        return found[name]

    return measured

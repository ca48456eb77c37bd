"""Rebuild a model of built-in layers from JSON, trusting none of it.

Keras' own deserialiser can be made to import what a file names. This one knows a fixed list of
layers and operations, passes them plain values only, and refuses the rest. It reads the JSON of
``model.get_config()`` and drops what it does not need or does not know (initialisers, regularisers,
fields of a newer Keras), so the file may come from another version than the one that reads it.
"""

from __future__ import annotations

import inspect
import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from grader.check.weights import BadRecording, children, is_graph, weight_paths


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYERS = _words(
    """
    InputLayer Dense EinsumDense Embedding Activation Softmax ReLU LeakyReLU PReLU ELU Identity
    Masking Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose DepthwiseConv1D DepthwiseConv2D
    SeparableConv1D SeparableConv2D MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalAveragePooling1D GlobalAveragePooling2D
    AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
    LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional
    TimeDistributed ConvLSTM1D ConvLSTM2D BatchNormalization LayerNormalization
    GroupNormalization UnitNormalization RMSNormalization SpectralNormalization Normalization
    Dropout SpatialDropout1D SpatialDropout2D AlphaDropout GaussianDropout GaussianNoise
    ActivityRegularization Flatten Reshape Permute RepeatVector ZeroPadding1D ZeroPadding2D
    Cropping1D Cropping2D UpSampling1D UpSampling2D Add Subtract Multiply Average Maximum Minimum
    Concatenate Dot Attention AdditiveAttention MultiHeadAttention GroupQueryAttention Rescaling
    Resizing CenterCrop CategoryEncoding RandomFlip RandomRotation RandomTranslation RandomZoom
    RandomContrast RandomBrightness RandomCrop MelSpectrogram STFTSpectrogram
    """
)
OPERATIONS = _words(
    """
    Absolute Add Subtract Multiply Divide TrueDivide Power Square Sqrt Exp Log Maximum Minimum
    Negative Mean Sum Max Min Var Std Reshape Transpose Squeeze ExpandDims Concatenate Stack
    Swapaxes Moveaxis Matmul Einsum Dot GetItem Equal NotEqual Greater GreaterEqual Less LessEqual
    LogicalAnd LogicalOr LogicalNot Where Clip Cast Any All Relu LeakyRelu Sigmoid Softmax
    LogSoftmax Tanh Gelu Silu Elu Softplus Argmax Flip Tril Triu ZerosLike OnesLike Normalize
    """
)
MODELS = frozenset({"Functional", "Sequential"})
DTYPES = frozenset({"float32", "float64", "int32", "int64", "uint8", "bool"})
MAX_NODES = 2_000
MAX_DEPTH = 20


class _Refused(Exception):
    """Something that this module does not rebuild."""


# ------------------------------------------------------------------ describing (student's machine)


def describe(model: Any, paths: Mapping[str, Any]) -> dict[str, Any] | None:
    """How to rebuild `model`, as JSON; None if it has layers that are not built into Keras.

    A subclassed model is traced on a symbolic input: if its `call` uses built-in layers and
    ``keras.ops`` only, it is as good as a Functional one.

    Args:
        paths: the model's `weight_paths`.

    Returns:
        ``{"class", "config", "paths": {path in the rebuilt model: path in the recording}}``.
    """
    keras = import_module("keras")
    with _without_nodes(model) as flat:
        if flat is None:
            return None
        name_of = {id(v): path for path, v in paths.items()}
        made = {
            "class": "Sequential" if isinstance(flat, keras.Sequential) else "Functional",
            "config": json.loads(json.dumps(flat.get_config(), default=_refuse)),
            "paths": {p: name_of[id(v)] for p, v in weight_paths(flat).items()},
        }
    try:
        _check(made["config"])
    except _Refused:
        return None
    return made


def _refuse(value: Any) -> Any:
    raise _Refused(type(value).__name__)


@contextmanager
def _without_nodes(model: Any) -> Iterator[Any]:
    """A Functional or Sequential model over the same weights; leaves no trace in the student's."""
    keras = import_module("keras")
    if is_graph(model):
        plain = type(model).__name__ in MODELS and type(model).__module__.startswith("keras")
        yield model if plain else keras.Model(model.inputs, model.outputs)
        return
    if not isinstance(model, keras.Model):
        yield None
        return
    before = {id(c): len(c._inbound_nodes) for _, c in children(model)}
    try:
        yield _traced(model)
    finally:
        for _, child in children(model):
            del child._inbound_nodes[before.get(id(child), 0) :]


def _traced(model: Any) -> Any:
    keras = import_module("keras")
    shape = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(shape, (list, tuple)):
        return None
    if not all(n is None or isinstance(n, int) for n in shape):
        return None
    takes = inspect.signature(model.call).parameters
    extra = {"training": False} if "training" in takes else {}
    for dtype in ("float32", "int32"):
        try:
            given = keras.Input(batch_shape=(None, *shape[1:]), dtype=dtype)
            return keras.Model(given, model.call(given, **extra))
        except Exception:
            continue
    return None


def _check(node: Any, depth: int = 0) -> None:
    """Refuse a config that `rebuild` would refuse."""
    if depth > 40:
        raise _Refused("nested too deeply")
    if isinstance(node, Mapping):
        kind, config = node.get("class_name"), node.get("config")
        if isinstance(kind, str) and not kind.startswith("__"):
            module = str(node.get("module") or "")
            ours = module.split(".")[0] == "keras"
            if kind == "function":
                if _activation(config) is None:
                    raise _Refused(str(config))
                return
            known = kind in LAYERS | MODELS or (".ops" in module and kind in OPERATIONS)
            part = any(x in module for x in ("initializers", "regularizers", "constraints"))
            if part or kind.endswith("DTypePolicy"):
                return
            if not (ours and known):
                raise _Refused(kind)
        elif kind == "__lambda__":
            raise _Refused(kind)
        for value in node.values():
            _check(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            _check(value, depth + 1)


# ------------------------------------------------------------------ rebuilding (clean room)


def rebuild(described: Mapping[str, Any], parameters: int) -> tuple[Any, dict[str, str]]:
    """The model that `describe` described, weights not set.

    Args:
        described: JSON that may have been forged.
        parameters: number of weights that the recording holds; more are never allocated.

    Returns:
        The built model, and ``{path in it: path in the recording}``.

    Raises:
        BadRecording: ``layers`` or ``shapes``.
    """
    paths = described.get("paths")
    if not isinstance(paths, dict) or not all(isinstance(p, str) for p in paths.values()):
        raise BadRecording("layers", "no paths")
    try:
        with _at_most(parameters):
            model = _model(str(described.get("class")), described.get("config"), 0)
            if not model.built:
                raise _Refused("the input's shape is not known")
    except BadRecording:
        raise
    except _Refused as error:
        raise BadRecording("layers", str(error)) from None
    except Exception as error:
        raise BadRecording("layers", f"{type(error).__name__}: {error}"[:300]) from None
    return model, paths


@contextmanager
def _at_most(parameters: int) -> Iterator[None]:
    """Refuse before a layer asks for more weights than there are values for."""
    layer = import_module("keras").layers.Layer
    original = layer.add_weight
    left = parameters

    def add_weight(self: Any, shape: Any = None, *args: Any, **kwargs: Any) -> Any:
        nonlocal left
        dims = () if shape is None else shape if isinstance(shape, (list, tuple)) else (shape,)
        left -= math.prod(max(0, int(n)) for n in dims)
        if left < 0:
            raise BadRecording("shapes", "the layers ask for more weights than were recorded")
        kwargs["initializer"] = "zeros"
        return original(self, shape, *_after_initializer(args), **kwargs)

    layer.add_weight = add_weight
    try:
        yield
    finally:
        layer.add_weight = original


def _after_initializer(args: tuple[Any, ...]) -> tuple[Any, ...]:
    if args:
        raise _Refused("a layer that gives its initialiser by position")
    return ()


def _model(kind: str, config: Any, depth: int) -> Any:
    if depth > MAX_DEPTH or not isinstance(config, dict):
        raise _Refused("model")
    rows = config.get("layers")
    if not isinstance(rows, list) or len(rows) > MAX_NODES:
        raise _Refused("layers")
    if kind == "Sequential":
        return _sequential(config, rows, depth)
    if kind == "Functional":
        return _functional(config, rows, depth)
    raise _Refused(kind)


def _sequential(config: dict[str, Any], rows: list[Any], depth: int) -> Any:
    keras = import_module("keras")
    model = keras.Sequential(name=_name(config))
    for row in rows:
        model.add(_layer(row, depth))
    shape = config.get("build_input_shape")
    if not model.built and isinstance(shape, list):
        model.build(tuple(_dimension(n) for n in shape))
    return model


def _functional(config: dict[str, Any], rows: list[Any], depth: int) -> Any:
    """Call every layer as its nodes say, as soon as the tensors that it needs are there."""
    keras = import_module("keras")
    tensors: dict[tuple[str, int, int], Any] = {}
    waiting: list[tuple[str, Any, int, Any]] = []
    for row in rows:
        layer = _layer(row, depth)
        name = str(row.get("name") or row["config"].get("name"))
        if row["class_name"] == "InputLayer":
            tensors[name, 0, 0] = layer.output
        for i, node in enumerate(row.get("inbound_nodes") or []):
            waiting.append((name, layer, i, node))
    if len(waiting) > MAX_NODES:
        raise _Refused("too many nodes")
    while waiting:
        later = []
        done: set[str] = set()
        for name, layer, i, node in waiting:
            try:
                args = _arguments(node.get("args", []), tensors)
                kwargs = _arguments(node.get("kwargs", {}), tensors)
            except KeyError:
                later.append((name, layer, i, node))
                continue
            out = layer(*args, **{k: v for k, v in kwargs.items() if k != "training"})
            for j, tensor in enumerate(keras.tree.flatten(out)):
                tensors[name, i, j] = tensor
            done.add(name)
        if not done:
            raise _Refused("a graph with a loop")
        waiting = later
    inputs, outputs = (_ends(config.get(end), tensors) for end in ("input_layers", "output_layers"))
    return keras.Model(inputs, outputs, name=_name(config))


def _ends(node: Any, tensors: Mapping[tuple[str, int, int], Any]) -> Any:
    if isinstance(node, list):
        if len(node) == 3 and isinstance(node[0], str):
            return tensors[node[0], int(node[1]), int(node[2])]
        return [_ends(n, tensors) for n in node]
    if isinstance(node, dict):
        return {str(k): _ends(v, tensors) for k, v in node.items()}
    raise _Refused("ends")


def _arguments(node: Any, tensors: Mapping[tuple[str, int, int], Any]) -> Any:
    """A node's arguments, tensors put in; KeyError if one of them is not there yet."""
    if isinstance(node, dict) and node.get("class_name") == "__keras_tensor__":
        name, i, j = node["config"]["keras_history"]
        return tensors[str(name), int(i), int(j)]
    if isinstance(node, dict) and "class_name" in node:
        kind = node["class_name"]
        if kind == "__tuple__":
            return tuple(_arguments(n, tensors) for n in node.get("items", []))
        return _value(node, 0)
    if isinstance(node, dict):
        return {str(k): _arguments(v, tensors) for k, v in node.items()}
    if isinstance(node, list):
        return [_arguments(n, tensors) for n in node]
    return _value(node, 0)


def _name(config: Mapping[str, Any]) -> str | None:
    name = config.get("name")
    return name if isinstance(name, str) and "/" not in name else None


def _dimension(n: Any) -> int | None:
    if n is None or (isinstance(n, int) and 0 < n < 10**7):
        return n
    raise _Refused("a dimension")


def _layer(row: Any, depth: int) -> Any:
    """One layer, nested model or operation."""
    if not isinstance(row, dict) or not isinstance(row.get("config"), dict):
        raise _Refused("a layer that is not described")
    kind, config = str(row.get("class_name")), row["config"]
    if kind in MODELS:
        return _model(kind, config, depth + 1)
    if ".ops" in str(row.get("module")):
        return _operation(kind, config)
    if kind not in LAYERS:
        raise _Refused(kind)
    cls = getattr(import_module("keras").layers, kind, None)
    if cls is None:
        raise _Refused(kind)
    given: dict[str, Any] = {}
    takes = parameters_of(cls) | {"name"}
    for key, value in config.items():
        if key.endswith(("_initializer", "_regularizer", "_constraint")) or key == "trainable":
            continue
        if key == "dtype":
            dtype = _dtype(value)
            if dtype is not None:
                given["dtype"] = dtype
        elif key == "batch_shape" and kind == "InputLayer":
            given["batch_shape"] = tuple(_dimension(n) for n in value)
        elif key in takes:
            given[key] = _value(value, depth + 1)
    if kind == "InputLayer":
        given = {k: given[k] for k in ("name", "batch_shape", "dtype") if given.get(k) is not None}
    return cls(**given)


def _operation(kind: str, config: Mapping[str, Any]) -> Callable[..., Any]:
    """The function of ``keras.ops`` that an operation of a graph stands for, its options given."""
    if kind not in OPERATIONS:
        raise _Refused(kind)
    if kind == "GetItem":
        return operator.getitem
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    function = getattr(import_module("keras").ops, name, None)
    options = {k: _value(v, 0) for k, v in config.items() if k not in ("name", "dtype")}
    if name == "cast":
        options["dtype"] = _dtype(config.get("dtype"))
    if not callable(function):
        raise _Refused(kind)
    if name == "einsum":
        return partial(function, options["subscripts"])
    takes = inspect.signature(function).parameters
    if not options.keys() <= takes.keys():
        raise _Refused(f"{kind} with {', '.join(sorted(options.keys() - takes.keys()))}")
    return partial(function, **options)


def parameters_of(cls: type) -> set[str]:
    """Names of the arguments that ``cls(…)`` takes, those of its bases included."""
    names: set[str] = set()
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base is object:
            continue
        parameters = inspect.signature(init).parameters.values()
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return names - {"self"}


def _dtype(value: Any) -> str | None:
    """A full-precision dtype; training in half precision is evaluated in single."""
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"].get("name")
    return value if isinstance(value, str) and value in DTYPES else None


def _activation(name: Any) -> Any:
    activations = import_module("keras").activations
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        return None
    if name in ("serialize", "deserialize", "get"):
        return None
    found = getattr(activations, name, None)
    return found if inspect.isfunction(found) else None


def _value(node: Any, depth: int) -> Any:
    """An argument of a layer: JSON, or one of the few things that Keras spells as an object."""
    if depth > MAX_DEPTH:
        raise _Refused("nested too deeply")
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    if isinstance(node, list):
        return [_value(n, depth + 1) for n in node]
    if not isinstance(node, dict):
        raise _Refused(type(node).__name__)
    kind = node.get("class_name")
    if kind is None:
        return {str(k): _value(v, depth + 1) for k, v in node.items()}
    config = node.get("config")
    if kind == "function":
        found = _activation(config)
        if found is None:
            raise _Refused(f"function {config}")
        return found
    if kind == "__tuple__":
        return tuple(_value(n, depth + 1) for n in node.get("items", []))
    if kind == "__slice__" and isinstance(config, dict):
        return slice(*(_value(config.get(k), depth + 1) for k in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return ...
    if kind in ("__tensor__", "__numpy__") and isinstance(config, dict):
        array = np.asarray(config.get("value"))
        if array.dtype.kind not in "biuf":
            raise _Refused("an array")
        return array.astype(_dtype(config.get("dtype")) or "float32")
    return _layer(node, depth + 1)

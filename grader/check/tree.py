"""Nested JSON with NumPy arrays inside, as bytes, without pickle.

Everything that crosses a zone's border (probes, observations, keys, recordings) is
such a tree, stored as one safetensors file: the arrays as tensors, the JSON around them as
a tensor of bytes called ``tree``. Reading can neither run code nor allocate much more than the
file's own size, whoever wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from grader.check.text import clean

Tree = Any  # JSON values, with numpy arrays as leaves

MAX_NODES = 1_000_000  # values in one JSON text
MAX_DEPTH = 200

_TREE = "tree"
_ARRAY = "$array"
_KINDS = "biuf"  # bool, signed, unsigned, float
# Taken now: a notebook may put a `json.dumps` of its own in place of Python's.
_encoded = json.JSONEncoder(ensure_ascii=True).encode


class TreeError(ValueError):
    """The bytes are not a tree that `pack` could have written."""


def pack(tree: Tree) -> bytes:
    """Return `tree` as bytes.

    Dictionaries need string keys; tuples become lists, records (dataclasses, structs) dictionaries, NumPy scalars
    Python ones; arrays keep dtype and shape (bool, integer and float dtypes), equal ones are stored
    once.

    Raises:
        TypeError: a leaf is neither JSON nor such an array.
    """
    text, arrays = _flat(tree)
    arrays[_TREE] = np.frombuffer(text.encode(), dtype=np.uint8)
    return save(arrays)


def digest(tree: Tree) -> str:
    """SHA-256 (hex) of what `tree` holds; the same before `pack` and after `unpack`."""
    text, arrays = _flat(tree)
    sha = sha256(text.encode())
    for array in arrays.values():
        sha.update(f"{array.dtype.str} {array.shape}".encode() + array.tobytes())
    return sha.hexdigest()


def _flat(tree: Tree) -> tuple[str, dict[str, np.ndarray]]:
    """`tree` as JSON, and the arrays that it names."""
    arrays: dict[str, np.ndarray] = {}
    known: dict[bytes, str] = {}

    def named(array: np.ndarray) -> dict[str, str]:
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"an array of dtype {array.dtype} cannot be stored")
        array = array.copy(order="C")  # `ascontiguousarray` would turn a scalar array into a vector
        about = f"{array.dtype.str} {array.shape} ".encode()
        name = known.setdefault(sha256(about + array.tobytes()).digest(), str(len(arrays)))
        arrays.setdefault(name, array)
        return {_ARRAY: name}

    return _encoded(plain(tree, named)), arrays


def plain(tree: Tree, array: Callable[[np.ndarray], Tree] = lambda array: array) -> Tree:
    """`tree` with its records as dictionaries, its tuples as lists, and `array` of each array.

    Raises:
        TypeError: a leaf is neither JSON nor an array.
    """

    def walk(node: Tree) -> Tree:
        if isinstance(node, np.ndarray):
            return array(node)
        if isinstance(node, np.generic):
            return node.item()
        if isinstance(node, Mapping):
            return {str(k): walk(v) for k, v in node.items()}
        if isinstance(node, (list, tuple)):
            return [walk(v) for v in node]
        if node is None or isinstance(node, (bool, int, float, str)):
            return node
        if isinstance(node, msgspec.Struct):
            return msgspec.to_builtins(node)
        if is_dataclass(node) and not isinstance(node, type):
            return {f.name: walk(getattr(node, f.name)) for f in fields(node)}
        raise TypeError(f"a {type(node).__name__} cannot be stored")

    return walk(tree)


def unpack(data: bytes) -> Tree:
    """Return the tree that `pack` made of it; places with equal arrays share one.

    Raises:
        TreeError: the bytes are no such tree: cut short, forged, of another format, or more than
            `MAX_NODES` values, or nested deeper than `MAX_DEPTH`.
    """
    try:
        _bound(data[8 : 8 + int.from_bytes(data[:8], "little")])
        arrays = load(data)
        tree = parse_json(arrays.pop(_TREE).tobytes())
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise TreeError(f"not a tree of arrays: {error}") from None

    def walk(node: Any) -> Tree:
        if isinstance(node, dict):
            if set(node) == {_ARRAY}:
                found = arrays.get(str(node[_ARRAY]))
                if found is None:
                    raise TreeError(f"array {node[_ARRAY]!r} is missing")
                return found
            return {k: walk(v) for k, v in node.items()}
        if isinstance(node, list):
            return [walk(v) for v in node]
        return node

    return walk(tree)


def parse_json(data: bytes) -> Any:
    """`json.loads` of UTF-8 text whose size in memory was bounded before.

    Raises:
        TreeError: it is no JSON, or holds too many values, or nests them too deeply.
    """
    _bound(data)
    try:
        return json.loads(data.decode())
    except ValueError as error:
        raise TreeError(f"not JSON: {error}") from None


def _bound(data: bytes) -> None:
    """Refuse JSON of too many values or too deep, by its brackets and commas outside strings."""
    if b"\\" in data:
        data = data.replace(rb"\\", b"").replace(rb"\"", b"")
    text = np.frombuffer(data, np.uint8)
    inside = np.logical_xor.accumulate(text == ord('"'))
    steps = _STEP[text]
    steps = steps[~inside & (steps != _NO_STEP)]
    if np.count_nonzero(steps >= 0) > MAX_NODES:
        raise TreeError(f"more than {MAX_NODES:,} values")
    if steps.size and int(np.cumsum(steps, dtype=np.int32).max()) > MAX_DEPTH:
        raise TreeError("nested too deeply")


_NO_STEP = 2
_STEP = np.full(256, _NO_STEP, np.int8)  # what a byte does to the depth
for _mark, _step in zip(b"[{,}]", (1, 1, 0, -1, -1), strict=True):
    _STEP[_mark] = _step


def cleaned(tree: Tree) -> Tree:
    """`tree` with every string (keys too) as `grader.check.text.clean` leaves it."""
    if isinstance(tree, str):
        return clean(tree)
    if isinstance(tree, Mapping):
        return {clean(k): cleaned(v) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [cleaned(v) for v in tree]
    return tree

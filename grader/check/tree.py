"""Nested JSON with NumPy arrays inside, as bytes, without pickle.

Everything that crosses a zone's border (probes, observations, keys, recordings) is
such a tree, stored as one safetensors file: the arrays as tensors, the JSON around them as
a tensor of bytes called ``tree``. Reading can neither run code nor allocate more than the
file's own size, whoever wrote it.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

Tree = Any  # JSON values, with numpy arrays as leaves

_TREE = "tree"
_ARRAY = "$array"
_KINDS = "biuf"  # bool, signed, unsigned, float


class TreeError(ValueError):
    """The bytes are not a tree that `pack` could have written."""


def pack(tree: Tree) -> bytes:
    """Return `tree` as bytes.

    Dictionaries need string keys; tuples become lists; NumPy scalars become Python ones; arrays
    keep dtype and shape (bool, integer and float dtypes).

    Raises:
        TypeError: a leaf is neither JSON nor such an array.
    """
    arrays: dict[str, np.ndarray] = {}

    def walk(node: Tree) -> Any:
        if isinstance(node, np.ndarray):
            if node.dtype.kind not in _KINDS:
                raise TypeError(f"an array of dtype {node.dtype} cannot be stored")
            name = str(len(arrays))
            # `ascontiguousarray` would turn a scalar array into a vector.
            arrays[name] = node.copy(order="C")
            return {_ARRAY: name}
        if isinstance(node, np.generic):
            return node.item()
        if isinstance(node, dict):
            return {str(k): walk(v) for k, v in node.items()}
        if isinstance(node, (list, tuple)):
            return [walk(v) for v in node]
        if node is None or isinstance(node, (bool, int, float, str)):
            return node
        raise TypeError(f"a {type(node).__name__} cannot be stored")

    text = json.dumps(walk(tree), ensure_ascii=True)
    arrays[_TREE] = np.frombuffer(text.encode(), dtype=np.uint8)
    return save(arrays)


def unpack(data: bytes) -> Tree:
    """Return the tree that `pack` made of it.

    Raises:
        TreeError: the bytes are no such tree: cut short, forged, or of another format.
    """
    try:
        arrays = load(data)
        tree = json.loads(arrays.pop(_TREE).tobytes().decode())
    except (
        SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
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

    try:
        return walk(tree)
    except RecursionError:
        raise TreeError("nested too deeply") from None

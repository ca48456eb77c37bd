"""Build Keras layers quickly: a probe builds many small ones.

Three habits of Keras 3 on TensorFlow cost most of the time, and none changes a value:

- a layer without a `build` method is built by tracing its `call` symbolically, once a level of
  nesting, before it is called. When values are there the call alone builds just as well (Keras falls
  back on that itself when a trace fails);
- each variable gets a name of its own (``dense_7/kernel``), for which TensorFlow makes a new kernel;
- each of the ninety attributes that a layer sets in its life is looked at for variables, layers and
  containers of them, twice, even if it is a number or a name.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def quick_building() -> Iterator[None]:
    """While this lasts, eager calls build layers without tracing them, and what costs is left out.

    Without effect if Keras is not loaded, or has other ways.
    """
    with ExitStack() as stack:
        stack.enter_context(_built_by_calling())
        stack.enter_context(_variables_share_names())
        stack.enter_context(_plain_attributes())
        yield


@contextmanager
def _built_by_calling() -> Iterator[None]:
    layer = getattr(sys.modules.get("keras.src.layers.layer"), "Layer", None)
    before = getattr(layer, "_maybe_build", None)
    is_default = getattr(sys.modules.get("keras.src.utils.python_utils"), "is_default", None)
    if before is None or is_default is None:
        yield
        return

    def maybe_build(self: Any, call_spec: Any) -> None:
        if not self.built and is_default(self.build) and _all_values(call_spec):
            self.built = True
        else:
            before(self, call_spec)

    layer._maybe_build = maybe_build  # type: ignore[union-attr]
    try:
        yield
    finally:
        layer._maybe_build = before  # type: ignore[union-attr]


def _all_values(call_spec: Any) -> bool:
    """Whether every tensor among the arguments, nested ones too, holds values."""
    todo = list(getattr(call_spec, "tensor_arguments_dict", {}).values())
    if not todo:
        return False
    while todo:
        found = todo.pop()
        if isinstance(found, dict):
            todo += found.values()
        elif isinstance(found, (list, tuple)):
            todo += found
        elif found is not None and not hasattr(found, "numpy"):
            return False
    return True


@contextmanager
def _variables_share_names() -> Iterator[None]:
    variable = getattr(sys.modules.get("keras.src.backend.tensorflow.core"), "Variable", None)
    before = getattr(variable, "_initialize", None)
    name_scope = getattr(sys.modules.get("tensorflow"), "name_scope", None)
    if before is None or name_scope is None:
        yield
        return

    def initialize(self: Any, value: Any) -> None:
        with name_scope("variable/"):
            before(self, value)

    variable._initialize = initialize  # type: ignore[union-attr]
    try:
        yield
    finally:
        variable._initialize = before  # type: ignore[union-attr]


_PLAIN = frozenset((bool, int, float, str, type(None)))


@contextmanager
def _plain_attributes() -> Iterator[None]:
    layer: Any = getattr(sys.modules.get("keras.src.layers.layer"), "Layer", None)
    before = vars(layer).get("__setattr__") if layer is not None else None
    if before is None:
        yield
        return

    def set_attribute(self: Any, name: str, value: Any) -> None:
        if type(value) in _PLAIN and "_tracker" in self.__dict__:
            object.__setattr__(self, name, value)
        else:
            before(self, name, value)

    layer.__setattr__ = set_attribute
    try:
        yield
    finally:
        layer.__setattr__ = before

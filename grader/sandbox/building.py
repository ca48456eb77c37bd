"""The one habit of Keras that grading leaves out: a layer without a `build` is built by its call alone.

Keras builds such a layer, when it is first called on values, by a trace of its `call` with symbols, once for
each level of nesting, and then calls it; where the trace fails, it lets the call build. Probes build many
layers: without the trace, a submission of TP4 takes half of the processor time. This is so in the student
zone of the grader and nowhere else, and only with the releases of Keras for which a test holds the two
ways against each other (`tests/engine/test_engine_building.py`).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

TRIED = frozenset({"3.15.1"})


def build_by_calling() -> str:
    """Leave the trace out from now on; why that cannot be, or ""."""
    keras = import_module("keras")
    if keras.__version__ not in TRIED:
        known = ", ".join(sorted(TRIED))
        return f"Keras {keras.__version__} is slower to probe than {known}, with which this kit was tried"
    layer: Any = keras.layers.Layer
    usual = layer._maybe_build

    def maybe_build(self: Any, call_spec: Any) -> None:
        if self.built or not getattr(self.build, "_is_default", False) or not _values(call_spec):
            usual(self, call_spec)

    def _values(call_spec: Any) -> bool:
        given = keras.tree.flatten(call_spec.tensor_arguments_dict)
        return bool(given) and all(x is None or hasattr(x, "numpy") for x in given)

    layer._maybe_build = maybe_build
    return ""

"""Build Keras layers quickly: a probe builds many small ones, a training one that it traces twice.

A few habits of Keras 3 and TensorFlow cost most of the time. Leaving them out changes no value, but for
the last, which may change its last bit:

- a layer without a `build` method is built by tracing its `call` symbolically, once a level of
  nesting, before it is called. When values are there the call alone builds just as well (Keras falls
  back on that itself when a trace fails);
- each variable gets a name of its own (``dense_7/kernel``), for which TensorFlow makes a new kernel;
- each of the ninety attributes that a layer sets in its life is looked at for variables, layers and
  containers of them, twice, even if it is a number or a name;
- `fit` leaves it to the first training step to make the variables of the optimizer (and of a model that
  has none yet), so TensorFlow traces that step twice. Keras on JAX makes them before;
- each data set is watched by a thread that tunes its buffers. With a processor or less for each process
  there is nothing to tune, and the end of an epoch waits for that thread: a second, on a busy machine;
- each shape of a variable gets kernels of its own, to make it, to fill it and to read it, a millisecond
  in all. Only probes can do without: in a graph, the shape decides what is computed first;
- each layer reads the signatures of its class' `__init__`, `build` and `call` anew;
- Python before 3.12 lists a protocol's members anew each time something is asked whether it keeps to it,
  and TensorFlow asks twice for every value that it converts;
- Adam is written in thirty operations a variable. TensorFlow has one of the same formula (Kingma and Ba,
  2015, the last paragraph before section 2.1).
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from grader.check.eager import lines_uncounted, quick_operations
from grader.check.instead import instead


@contextmanager
def quick_building() -> Iterator[None]:
    """While this lasts, eager calls build layers without tracing them, and what costs is left out.

    Without effect if Keras is not loaded, or has other ways, and inside another `quick_building`.
    """
    global _quick
    if _quick:
        yield
        return
    with ExitStack() as stack:
        for habit in (
            _built_by_calling, _variables_share_names, _plain_attributes, _built_before_training,
            _data_untuned, _protocols_known, _signatures_known, _adam_in_one_operation,
            quick_operations,
        ):  # fmt: skip
            stack.enter_context(habit())
        _quick = True
        stack.callback(_slow_again)
        yield


@contextmanager
def quick_probing() -> Iterator[None]:
    """`quick_building` for calls whose values are looked at, not for trainings."""
    with quick_building(), _variables_share_kernels(), lines_uncounted():
        yield


_quick = False


def _slow_again() -> None:
    global _quick
    _quick = False


@contextmanager
def _built_by_calling() -> Iterator[None]:
    layer = getattr(sys.modules.get("keras.src.layers.layer"), "Layer", None)
    before = getattr(layer, "_maybe_build", None)
    is_default = getattr(sys.modules.get("keras.src.utils.python_utils"), "is_default", None)
    if before is None or is_default is None:
        yield
        return

    tracing = getattr(sys.modules.get("keras.src.backend.common.symbolic_scope"),
                      "in_symbolic_scope", None)  # fmt: skip

    def maybe_build(self: Any, call_spec: Any) -> None:
        traced = tracing is not None and tracing()  # the call itself is part of a trace already
        if not self.built and is_default(self.build) and (traced or _all_values(call_spec)):
            self.built = True
        else:
            before(self, call_spec)

    with instead(layer, "_maybe_build", maybe_build):
        yield


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

    with instead(variable, "_initialize", initialize):
        yield


@contextmanager
def _variables_share_kernels() -> Iterator[None]:
    tensorflow: Any = sys.modules.get("tensorflow")
    operations: Any = sys.modules.get("tensorflow.python.ops.gen_resource_variable_ops")
    before = getattr(operations, "var_handle_op", None)
    if before is None or tensorflow is None:
        yield
        return
    unknown = tensorflow.TensorShape(None)

    def handle(dtype: Any, shape: Any, *more: Any, **named: Any) -> Any:
        # The variable itself, and the handle's own notes, keep the shape.
        if tensorflow.executing_eagerly():
            shape = unknown
        return before(dtype, shape, *more, **named)

    with instead(operations, "var_handle_op", handle):
        yield


_PLAIN = frozenset((bool, int, float, str, type(None), FunctionType, inspect.Signature))
# What a layer, and TensorFlow for it, note down: nothing in them is not followed already.
_OWN = frozenset((
    "input_spec", "_input_spec", "_inbound_nodes", "_outbound_nodes", "_losses_override", "_loss_ids",
    "_call_signature", "call_signature_parameters", "_call_context_args", "_call_has_context_arg",
    "_build_shapes_dict", "_auto_config", "_self_unconditional_checkpoint_dependencies",
    "_self_unconditional_dependency_names", "_self_unconditional_deferred_dependencies",
    "_self_name_based_restores", "_self_saveable_object_factories",
))  # fmt: skip
_PLAIN_OF_KERAS = ("keras.src.initializers.", "keras.src.dtype_policies.")


@lru_cache(maxsize=1024)
def _holds_nothing(kind: type) -> bool:
    """Whether things of a type hold no variable and no layer, and are no container of them."""
    return kind in _PLAIN or kind.__module__.startswith(_PLAIN_OF_KERAS)


@contextmanager
def _plain_attributes() -> Iterator[None]:
    layer: Any = getattr(sys.modules.get("keras.src.layers.layer"), "Layer", None)
    before = vars(layer).get("__setattr__") if layer is not None else None
    if before is None:
        yield
        return

    tracking = getattr(sys.modules.get("keras.src.utils.tracking"), "is_tracking_enabled", None)

    def untracked(self: Any) -> bool:
        """While Keras makes a layer's own lists, and neither it nor TensorFlow is to follow them."""
        off = self.__dict__.get("_self_setattr_tracking", True) is False
        return off and tracking is not None and not tracking()

    def set_attribute(self: Any, name: str, value: Any) -> None:
        kind: Any = type(value)
        plain = _holds_nothing(kind) or name in _OWN or untracked(self)
        if plain and "_tracker" in self.__dict__:
            object.__setattr__(self, name, value)
        else:
            before(self, name, value)

    with instead(layer, "__setattr__", set_attribute):
        yield


@contextmanager
def _built_before_training() -> Iterator[None]:
    trainer: Any = getattr(
        sys.modules.get("keras.src.backend.tensorflow.trainer"), "TensorFlowTrainer", None
    )
    before = getattr(trainer, "_maybe_symbolic_build", None)
    if before is None or not hasattr(trainer, "_symbolic_build"):
        yield
        return

    def build(self: Any, iterator: Any = None, data_batch: Any = None) -> None:
        before(self, iterator, data_batch)
        optimizer = getattr(self, "optimizer", None)
        fitting = sys._getframe(1).f_code.co_name == "fit"
        if not fitting or optimizer is None or getattr(optimizer, "built", True):
            return
        try:
            self._symbolic_build(data_batch=_symbols(iterator._distributed_dataset.element_spec))
        except Exception:  # the first step builds what can be built, and says what cannot
            pass

    with instead(trainer, "_maybe_symbolic_build", build):
        yield


@contextmanager
def _data_untuned() -> Iterator[None]:
    tensorflow: Any = sys.modules.get("tensorflow")
    iterators: Any = sys.modules.get("tensorflow.python.data.ops.iterator_ops")
    iterator = getattr(iterators, "OwnedIterator", None)
    before = getattr(iterator, "_create_iterator", None)
    if before is None or tensorflow is None:
        yield
        return

    def create(self: Any, dataset: Any) -> None:
        options = tensorflow.data.Options()
        options.autotune.enabled = False
        before(self, dataset.with_options(options))

    with instead(iterator, "_create_iterator", create):
        yield


@contextmanager
def _protocols_known() -> Iterator[None]:
    before = getattr(typing, "_get_protocol_attrs", None)
    if before is None or sys.version_info >= (3, 12):
        yield
        return
    with instead(typing, "_get_protocol_attrs", lru_cache(maxsize=1024)(before)):
        yield


@contextmanager
def _signatures_known() -> Iterator[None]:
    modules = [sys.modules.get(f"keras.src.{name}") for name in ("layers.layer", "ops.operation")]
    with ExitStack() as stack:
        for module in modules:
            if getattr(module, "inspect", None) is inspect:
                stack.enter_context(instead(module, "inspect", _Inspect()))
        yield


@contextmanager
def _adam_in_one_operation() -> Iterator[None]:
    adam: Any = getattr(sys.modules.get("keras.src.optimizers.adam"), "Adam", None)
    tensorflow: Any = sys.modules.get("tensorflow")
    before = getattr(adam, "_backend_update_step", None)
    keras_variable = getattr(sys.modules.get("keras.src.backend.tensorflow.core"), "Variable", None)
    if before is None or tensorflow is None or keras_variable is None:
        yield
        return
    written_out = adam.update_step

    def update(self: Any, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        own = type(self).update_step is not written_out  # a subclass with ways of its own
        if own or self.amsgrad or tensorflow.distribute.has_strategy():
            before(self, grads, trainable_variables, learning_rate)
            return
        known: dict[Any, dict[str, Any]] = {}  # dtype → what all variables of it share
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            if isinstance(variable, keras_variable):
                variable = variable.value
            if isinstance(gradient, tensorflow.IndexedSlices):  # of an embedding: Keras has rules
                self.update_step(gradient, variable, learning_rate)
                continue
            kind, place = variable.dtype, self._get_variable_index(variable)
            if kind not in known:
                known[kind] = _settings_of_adam(self, learning_rate, kind)
            tensorflow.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[place].value.handle,
                v=self._velocities[place].value.handle,
                grad=tensorflow.cast(gradient, kind),
                **known[kind],
            )

    with instead(adam, "_backend_update_step", update):
        yield


def _settings_of_adam(adam: Any, learning_rate: Any, kind: Any) -> dict[str, Any]:
    """What `ResourceApplyAdam` wants besides a variable and its gradient, in the dtype `kind`."""
    import tensorflow

    step = tensorflow.cast(tensorflow.convert_to_tensor(adam.iterations) + 1, kind)
    beta1, beta2 = (tensorflow.cast(x, kind) for x in (adam.beta_1, adam.beta_2))
    return {
        "beta1": beta1, "beta2": beta2, "epsilon": tensorflow.cast(adam.epsilon, kind),
        "beta1_power": tensorflow.pow(beta1, step), "beta2_power": tensorflow.pow(beta2, step),
        "lr": tensorflow.cast(tensorflow.convert_to_tensor(learning_rate), kind),
    }  # fmt: skip


class _Inspect:
    """The module `inspect`, with a memory for Keras' own functions; those of others may change."""

    def __init__(self) -> None:
        self._signature = lru_cache(maxsize=1024)(inspect.signature)
        self._unbound = lru_cache(maxsize=1024)(_unbound)
        self._spec = lru_cache(maxsize=1024)(inspect.getfullargspec)

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)

    def signature(self, obj: Any) -> inspect.Signature:
        if not _of_keras(obj):
            return inspect.signature(obj)
        return self._unbound(obj.__func__) if type(obj) is MethodType else self._signature(obj)

    def getfullargspec(self, func: Any) -> inspect.FullArgSpec:
        return self._spec(func) if _of_keras(func) else inspect.getfullargspec(func)


def _of_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("keras.src.")


def _unbound(function: Any) -> inspect.Signature:
    """Signature of a method, as `inspect` gives it for one that is bound."""
    return inspect.signature(MethodType(function, object()))


def _symbols(spec: Any) -> Any:
    """Symbolic tensors of the shapes and dtypes that a data set's `element_spec` tells."""
    import keras

    return keras.tree.map_structure(
        lambda one: keras.KerasTensor(tuple(one.shape), one.dtype.name), spec
    )

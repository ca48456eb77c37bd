"""Execute TensorFlow's operations quickly, one by one: a probe asks for thousands of tiny ones.

An eager operation on a few numbers takes some thirty microseconds, what Keras and TensorFlow do around
it up to a hundred times as much. Left out here is what does not touch the values; the operations and
their inputs stay the same, so the results do, to the last bit. In a graph (a training's step, a
`tf.function`) nothing changes.

- Whole numbers among the inputs (a shape, axes, a permutation) make TensorFlow refuse its short way,
  and are copied to a tensor of their own each time. Here that tensor is kept;
- a Keras variable among the inputs makes it refuse too; here its value is read first;
- `keras.ops.matmul` of a tensor with a matrix goes through `tf.tensordot`, which works out shapes and
  permutations for a reshape, a product and a reshape; a bias is added in as many steps;
- an operator, a mean with its variance, and the first values of a layer's kernel go through a dozen
  functions that find out what they were given;
- a variable is read, made and assigned to under scopes that have a meaning in graphs only;
- with each operation TensorFlow notes on which lines the last thirty calls are, and Python counts
  through a function's table of lines to tell: four microseconds in Keras' longest functions, which are
  on the way to every layer. In a probe (`lines_uncounted`) those have no table.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from math import prod
from types import FunctionType
from typing import Any, TypeGuard

import numpy as np

from grader.check.instead import instead

# Operation → which of its inputs are whole numbers (a tensor of int32 if nothing else is said).
_WHOLE = {
    "Reshape": (1,), "Transpose": (1,), "ExpandDims": (1,), "GatherV2": (2,), "Tile": (1,), "Fill": (0,),
    "BroadcastTo": (1,), "ConcatV2": (1,), "Split": (0,), "Cumsum": (1,), "StatelessRandomUniformV2": (0,),
    "ArgMax": (1,), "ArgMin": (1,),
    **dict.fromkeys(("Mean", "Sum", "Prod", "Max", "Min", "All", "Any"), (1,)),
}  # fmt: skip
_MOST = 2**31  # a number from here on is not an int32
_KEPT = 4096  # tensors of numbers that are kept


@contextmanager
def quick_operations() -> Iterator[None]:
    """While this lasts, eager operations are executed without what costs and changes nothing.

    Without effect if TensorFlow or Keras is not loaded, or has other ways.
    """
    tf = _TensorFlow()
    with ExitStack() as stack:
        if tf.complete():
            for habit in (
                _numbers_kept, _variables_read, _variables_made, _products, _biases, _operators, _draws,
                _moments,
            ):  # fmt: skip
                stack.enter_context(habit(tf))
        yield


class _TensorFlow:
    """The parts of TensorFlow and Keras that this module goes around; each None if it is not there."""

    def __init__(self) -> None:
        def of(module: str, name: str) -> Any:
            return getattr(sys.modules.get(module), name, None)

        python = "tensorflow.python"
        self.tensorflow: Any = sys.modules.get("tensorflow")
        self.short_way: Any = sys.modules.get(f"{python}.pywrap_tfe")
        self.operations: Any = sys.modules.get(f"{python}.ops.gen_resource_variable_ops")
        self.handle_data = of(f"{python}.ops.handle_data_util", "create_handle_data")
        self.executing_eagerly = of(f"{python}.eager.context", "executing_eagerly")
        self.anonymous_name = of(f"{python}.eager.context", "anonymous_name")
        self.accessed = of(f"{python}.eager.tape", "variable_accessed")
        self.default_graph = of(f"{python}.framework.ops", "get_default_graph")
        self.next_number = of(f"{python}.framework.ops", "uid")
        self.tensor = of(f"{python}.framework.ops", "EagerTensor")
        self.variable = of(f"{python}.ops.resource_variable_ops", "ResourceVariable")
        self.base = of(f"{python}.ops.resource_variable_ops", "BaseResourceVariable")
        self.plain_tensor = of(f"{python}.framework.tensor", "Tensor")
        self.mathematics: Any = sys.modules.get(f"{python}.ops.gen_math_ops")
        self.random: Any = sys.modules.get(f"{python}.ops.gen_stateless_random_ops_v2")
        self.bias_add = of(f"{python}.ops.gen_nn_ops", "bias_add")
        self.stop_gradient = of(f"{python}.ops.gen_array_ops", "stop_gradient")
        self.reshape = of(f"{python}.ops.gen_array_ops", "reshape")
        self.keras_variable = of("keras.src.backend", "Variable")
        self.keras_numpy: Any = sys.modules.get("keras.src.backend.tensorflow.numpy")
        self.keras_nn: Any = sys.modules.get("keras.src.backend.tensorflow.nn")
        self.keras_random: Any = sys.modules.get("keras.src.backend.tensorflow.random")
        self._constant = lru_cache(maxsize=_KEPT)(self._new_constant)

    def complete(self) -> bool:
        return all(part is not None for part in vars(self).values())

    def number(self, value: float) -> Any:
        """A tensor of a number, kept; in a graph the number itself: its tensors end with it."""
        return self._constant(value) if self.executing_eagerly() else value

    def _new_constant(self, value: float) -> Any:
        return self.tensorflow.constant(value, dtype=self.tensorflow.float32)

    def single(self, a: Any, b: Any) -> bool:
        """Whether both are eager tensors of float32."""
        eager, kind = self.tensor, self.tensorflow.float32
        return type(a) is eager and type(b) is eager and a.dtype is kind and b.dtype is kind

    def values(self, given: Any) -> Any:
        """What a variable holds, where that can be read now; anything else as it is."""
        if type(given) is self.keras_variable:
            given = given.value
        if type(given) is self.variable and self.executing_eagerly():
            given = given.value()
        return given


@contextmanager
def _numbers_kept(tf: _TensorFlow) -> Iterator[None]:
    before = tf.short_way.TFE_Py_FastPathExecute

    @lru_cache(maxsize=_KEPT)
    def tensor(numbers: int | tuple[int, ...]) -> Any:
        return tf.tensorflow.constant(numbers, dtype=tf.tensorflow.int32)

    def execute(ctx: Any, operation: str, name: Any, *inputs: Any) -> Any:
        changed: dict[int, Any] = {}
        for place in _WHOLE.get(operation, ()):
            numbers = _whole(inputs[place])
            if numbers is not None:
                changed[place] = tensor(numbers)
        for place, given in enumerate(inputs):
            if type(given) is tf.keras_variable:
                changed[place] = tf.tensorflow.convert_to_tensor(given)
        if changed:
            mended = [changed.get(i, x) for i, x in enumerate(inputs)]
            try:
                return before(ctx, operation, name, *mended)
            except Exception:  # TensorFlow says what is wrong in its own way
                pass
        return before(ctx, operation, name, *inputs)

    with instead(tf.short_way, "TFE_Py_FastPathExecute", execute):
        yield


def _whole(given: Any) -> int | tuple[int, ...] | None:
    """A number or numbers that fit an int32, as they are; None of anything else."""
    if type(given) in (list, tuple):
        return tuple(given) if given and all(map(_whole_number, given)) else None
    return given if _whole_number(given) else None


def _whole_number(given: Any) -> TypeGuard[int]:
    return type(given) is int and -_MOST <= given < _MOST


@contextmanager
def _variables_read(tf: _TensorFlow) -> Iterator[None]:
    before = tf.base.value

    def value(self: Any) -> Any:
        plain = type(self) is tf.variable and self._cached_value is None
        if not plain or self._caching_device is not None or not tf.executing_eagerly():
            return before(self)
        if self._trainable:
            tf.accessed(self)
        self._variable_read = True
        return tf.operations.read_variable_op(self._handle, self._dtype)

    with instead(tf.base, "value", value):
        yield


@contextmanager
def _variables_made(tf: _TensorFlow) -> Iterator[None]:
    initialize, assign = tf.keras_variable._initialize, tf.keras_variable._direct_assign
    handle_data = lru_cache(maxsize=_KEPT)(tf.handle_data)

    def made(self: Any, value: Any) -> None:
        if not _bare(tf) or isinstance(value, tf.tensorflow.Variable):
            initialize(self, value)
            return
        value = tf.tensorflow.convert_to_tensor(value() if callable(value) else value, self._dtype)
        name, kind, shape = f"variable/{self.name}", value.dtype, value.shape
        handle = tf.operations.var_handle_op(
            shape=shape, dtype=kind, shared_name=tf.anonymous_name(), debug_name="variable",
            name="variable", container="",
        )  # fmt: skip
        handle._handle_data = handle_data(shape, kind)
        variable = tf.variable.__new__(tf.variable)
        handle._parent_trackable = weakref.ref(variable)
        handle._name, handle._unique_id = f"{name}:0", f"{name}_{tf.next_number()}"
        tf.operations.assign_variable_op(handle, value)
        tf.base.__init__(
            variable, trainable=self.trainable, shape=shape, dtype=kind, handle=handle, name=name,
            handle_name=name, unique_id=handle._unique_id, in_graph_mode=False,
            aggregation=self._map_aggregation(self.aggregation),
            synchronization=self._map_synchronization(self.synchronization),
        )  # fmt: skip
        self._value = variable

    def assigned(self: Any, value: Any) -> None:
        variable = self._value
        eager = type(value) is tf.tensor and tf.executing_eagerly()
        if not eager or type(variable) is not tf.variable or value.dtype != variable.dtype:
            assign(self, value)
            return
        tf.operations.assign_variable_op(variable.handle, value)  # Keras has compared the shapes
        if variable.trainable:
            tf.accessed(variable)

    with (
        instead(tf.keras_variable, "_initialize", made),
        instead(tf.keras_variable, "_direct_assign", assigned),
    ):
        yield


def _bare(tf: _TensorFlow) -> bool:
    """Whether variables are made here and now, and nobody has a say in how."""
    return (
        tf.executing_eagerly()
        and not tf.tensorflow.distribute.has_strategy()
        and not tf.default_graph()._variable_creator_stack
    )


@contextmanager
def _products(tf: _TensorFlow) -> Iterator[None]:
    before = tf.keras_numpy.matmul

    def matmul(x1: Any, x2: Any) -> Any:
        a, b = tf.values(x1), tf.values(x2)
        if tf.single(a, b):
            many, matrix = a._shape_tuple(), b._shape_tuple()
            if len(many) > 2 and len(matrix) == 2 and many[-1] == matrix[0]:
                rows = tf.reshape(a, [prod(many[:-1]), many[-1]])
                return tf.reshape(tf.mathematics.mat_mul(rows, b), [*many[:-1], matrix[1]])
            if len(many) == len(matrix) > 1:
                return tf.tensorflow.matmul(a, b)
        return before(x1, x2)

    with instead(tf.keras_numpy, "matmul", matmul):
        yield


@contextmanager
def _biases(tf: _TensorFlow) -> Iterator[None]:
    before = tf.keras_numpy.add

    def add(x1: Any, x2: Any) -> Any:
        a, b = tf.values(x1), tf.values(x2)
        if tf.single(a, b):
            to, bias = a._shape_tuple(), b._shape_tuple()
            if len(bias) == 1 and bias[0] > 1 and len(to) > 1 and to[-1] == bias[0]:
                return tf.bias_add(a, b)
        return before(x1, x2)

    with instead(tf.keras_numpy, "add", add):
        yield


_OPERATORS = {"add": "add_v2", "sub": "sub", "mul": "mul", "truediv": "real_div"}


@contextmanager
def _operators(tf: _TensorFlow) -> Iterator[None]:
    with ExitStack() as stack:
        for name, operation in _OPERATORS.items():
            function = getattr(tf.mathematics, operation)
            for method, swapped in ((f"__{name}__", False), (f"__r{name}__", True)):
                before = getattr(tf.plain_tensor, method)
                quick = _operator(tf, before, function, swapped)
                stack.enter_context(instead(tf.plain_tensor, method, quick))
        yield


def _operator(tf: _TensorFlow, before: Any, operation: Any, swapped: bool) -> Any:
    def between(x: Any, y: Any) -> Any:
        try:
            # 0.0 and -0.0 are not the same number, but would be kept as one.
            other = tf.number(y) if type(y) in (float, int) and y else y
            if tf.single(x, other):
                return operation(other, x) if swapped else operation(x, other)
        except Exception:  # TensorFlow says what is wrong in its own way
            pass
        return before(x, y)

    return between


@contextmanager
def _moments(tf: _TensorFlow) -> Iterator[None]:
    before, mean = tf.keras_nn.moments, tf.mathematics.mean

    def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Any:
        plain = tf.single(x, x) and keepdims is True and not synchronized
        if not plain or _whole(axes) is None:
            return before(x, axes, keepdims, synchronized)
        middle = mean(x, axes, True)
        apart = tf.mathematics.squared_difference(x, tf.stop_gradient(middle))
        return middle, mean(apart, axes, True)

    with instead(tf.keras_nn, "moments", moments):
        yield


_SEEDS = 2**31 - 2  # seeds of Keras are taken modulo this
_CHOSEN_BY_DEVICE = 3  # the algorithm of random numbers


@contextmanager
def _draws(tf: _TensorFlow) -> Iterator[None]:
    before = tf.keras_random.uniform

    def uniform(
        shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
    ) -> Any:
        known = type(seed) is int and dtype == "float32" and _whole(shape) is not None
        reals = type(minval) is float and type(maxval) is float and minval < 0 < maxval
        if not known or not reals or not _bare(tf):
            return before(shape, minval, maxval, dtype, seed)
        low, high = np.float32(minval), np.float32(maxval)
        key, counter = tf.random.stateless_random_get_key_counter(
            tf.tensorflow.constant([seed % _SEEDS, 0], dtype=tf.tensorflow.int32)
        )
        drawn = tf.random.stateless_random_uniform_v2(shape, key, counter, _CHOSEN_BY_DEVICE)
        return drawn * tf.number(float(high - low)) + tf.number(float(low))

    with instead(tf.keras_random, "uniform", uniform):
        yield


# The long functions of Keras that call others: module, class, name.
_LONG = (
    ("layers.layer", "Layer", "__call__"),
    ("layers.layer", "Layer", "add_weight"),
    ("ops.operation", "Operation", "__call__"),
    ("backend.common.variables", "Variable", "__init__"),
    ("ops.nn", "", "_layer_normalization"),
)


@contextmanager
def lines_uncounted() -> Iterator[None]:
    """While this lasts, Keras' longest functions have no table of lines: for probes only.

    A warning or a traceback that shows one of their lines would be without its number.
    """
    with ExitStack() as stack:
        for module, owner, name in _LONG:
            found: Any = sys.modules.get(f"keras.src.{module}")
            function: Any = getattr(getattr(found, owner, None) if owner else found, name, None)
            while hasattr(function, "__wrapped__"):
                function = function.__wrapped__
            if isinstance(function, FunctionType):
                stack.callback(setattr, function, "__code__", function.__code__)
                function.__code__ = function.__code__.replace(co_linetable=b"")
        yield

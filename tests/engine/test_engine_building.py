"""Keras layers built quickly are the layers that Keras builds."""

from __future__ import annotations

import pytest

COMPARE = """
import keras, numpy as np
from grader.check.building import quick_building

class Inner(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, activation="relu")
        self.blocks = [keras.layers.Dense(3), keras.layers.LayerNormalization()]
        self.scale, self.note, self.nothing = 0.5, "a note", None
        self.table = {"last": keras.layers.Dense(2)}
    def call(self, x):
        x = self.dense(x) * self.scale
        for block in self.blocks:
            x = block(x)
        return self.table["last"](x)

class Outer(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.inner_again = self.inner
        self.swapped = 3
        self.swapped = keras.layers.Dense(4)
        self.gone = keras.layers.Dense(9)
        self.gone = None
    def call(self, x):
        return self.swapped(self.inner(x))

def described():
    keras.utils.set_random_seed(1)
    model = Outer()
    out = model(np.ones((2, 5), "float32"))
    model.trainable = False
    return (
        [(w.path, tuple(w.shape)) for w in model.weights], len(model.trainable_weights),
        sorted(layer.name for layer in model._flatten_layers()),
        (model.inner.scale, model.inner.note, model.inner.nothing, model.built),
        np.asarray(out).tolist(),
    )

usual = described()
keras.backend.clear_session()
with quick_building():
    quick = described()
    assert keras.layers.Layer.__setattr__.__module__ == "grader.check.building"
assert keras.layers.Layer.__setattr__.__module__ == "keras.src.layers.layer"
for a, b in zip(usual, quick, strict=True):
    assert a == b, (a, b)
print("the same")
"""


@pytest.mark.slow
def test_weights_layers_attributes_and_values_are_those_of_keras(says_the_same) -> None:
    says_the_same(COMPARE)


TRAINED = """
import keras, numpy as np
from grader.check.building import quick_building

class Pair(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.one, self.two = keras.layers.Dense(8), keras.layers.LayerNormalization()
    def call(self, x):
        return self.two(self.one(x))

class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.pairs = [Pair(), Pair()]
    def call(self, x):
        return self.pairs[1](self.pairs[0](x))

class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = keras.layers.Embedding(7, 4)
        self.layers_ = [keras.layers.Dense(8, activation="relu"), Block(), keras.layers.Dropout(0.3)]
        self.out = keras.layers.Dense(7)
    def call(self, inputs, training=None):
        a, b = inputs
        x = self.table(a) + self.table(b)
        for layer in self.layers_:
            x = layer(x, training=training)
        return self.out(x)

begun = []

def trained():
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 7, (2, 50, 5))
    model = Model()
    model.compile(keras.optimizers.Adam(0.01, amsgrad=True), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    begun.clear()
    look = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: begun.append(model.optimizer.built))
    history = model.fit(
        (a, b), (a + b) % 7, batch_size=8, epochs=2, verbose=0, callbacks=[look]
    ).history
    paths = [w.path.split("/", 1)[1] for w in model.weights]
    return begun[0], history, paths, [np.asarray(w).tolist() for w in model.weights]

built, *usual = trained()
assert not built
keras.backend.clear_session()
with quick_building():
    built, *quick = trained()
assert built
assert usual == quick

class Odd(Model):
    def call(self, inputs, training=None):
        if not begun:
            raise RuntimeError("cannot be built before")
        return super().call(inputs, training=training)

Model = Odd
keras.backend.clear_session()
with quick_building():
    built, *odd = trained()
assert not built
assert odd == usual
print("the same")
"""


@pytest.mark.slow
def test_training_finds_the_same_weights_when_the_model_is_built_before_it(says_the_same) -> None:
    says_the_same(TRAINED)


DATA = """
import tensorflow as tf
from grader.check.building import quick_building

def read(dataset):
    iterator = iter(dataset)
    return [int(next(iterator)) for _ in range(5)], iterator

tuned = tf.data.Options()
tuned.autotune.enabled = True
squares = tf.data.Dataset.range(50).map(lambda x: x * x, num_parallel_calls=tf.data.AUTOTUNE)
for dataset in (squares, squares.prefetch(tf.data.AUTOTUNE), squares.with_options(tuned)):
    usual, kept = read(dataset)
    with quick_building():
        quick, kept = read(dataset)
        assert not kept._dataset.options().autotune.enabled
        assert [int(x) for x in dataset] == [x * x for x in range(50)]
    assert usual == quick == [0, 1, 4, 9, 16]
    assert iter(dataset)._dataset.options().autotune.enabled is not False
print("the same")
"""


@pytest.mark.slow
def test_data_sets_are_read_untuned_and_give_the_same(says_the_same) -> None:
    says_the_same(DATA)


KERNELS = """
import keras, numpy as np, tensorflow as tf
from grader.check.building import quick_probing

def values():
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense(3)
    out = dense(np.ones((2, 4), "float32"))
    plain = tf.Variable(np.arange(6.0).reshape(2, 3))
    plain[0].assign([7.0, 8.0, 9.0])
    plain.assign_add(tf.ones((2, 3), tf.float64))
    try:
        plain.assign(np.zeros((3, 3)))
        fits = True
    except ValueError:
        fits = False

    @tf.function
    def inside(x):
        assert dense.kernel.value.read_value().shape == (4, 3)
        with tf.GradientTape() as tape:
            tape.watch(dense.kernel.value)
            loss = tf.reduce_sum(dense(x) ** 2)
        return tape.gradient(loss, dense.kernel.value)

    gradient = inside(tf.ones((2, 4)))
    return (np.asarray(out).tolist(), plain.shape, plain.handle.shape, tf.shape(plain).numpy().tolist(),
            plain.numpy().tolist(), fits, gradient.numpy().tolist(), [tuple(w.shape) for w in dense.weights])

usual = values()
with quick_probing():
    quick = values()
assert usual == quick, (usual, quick)
assert values() == usual
print("the same")
"""


@pytest.mark.slow
def test_variables_of_probes_keep_shapes_and_values(says_the_same) -> None:
    says_the_same(KERNELS)


SIGNATURES = """
import inspect, typing
import keras
from keras.src.layers import layer
from grader.check.building import quick_building

class Scaled(keras.layers.Layer):
    def __init__(self, units, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.factor = keras.layers.Dense(units), factor
    def call(self, x, mask=None):
        return self.dense(x) * self.factor

@typing.runtime_checkable
class Sized(typing.Protocol):
    def size(self): ...

class Box:
    def size(self): return 1

def seen():
    made = [keras.layers.Dense(3), keras.layers.Dense(4, use_bias=False), keras.layers.MultiHeadAttention(2, 3),
            keras.layers.LayerNormalization(epsilon=0.5), Scaled(2, factor=3.0, name="scaled")]
    signatures = [inspect.signature(m.call) for m in made]
    assert [m._call_signature for m in made] == signatures, signatures
    return ([m.get_config() | {"name": ""} for m in made], list(map(str, signatures)),
            isinstance(Box(), Sized), isinstance(3, Sized))

usual = seen()
with quick_building():
    assert layer.inspect is not inspect
    assert seen() == usual and seen() == usual
    Scaled.call = lambda self, x, rate=1.0: self.dense(x) * rate
    assert str(Scaled(2)._call_signature) == "(x, rate=1.0)"
assert layer.inspect is inspect
print("the same")
"""


@pytest.mark.slow
def test_signatures_and_protocols_are_read_once_and_are_the_same(says_the_same) -> None:
    says_the_same(SIGNATURES)


ADAM = """
import keras, numpy as np, tensorflow as tf
from keras.optimizers import Adam, AdamW, LossScaleOptimizer, Nadam, schedules
from grader.check.building import quick_building

class Mine(Adam):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, keras.ops.convert_to_tensor(gradient) * learning_rate)

def trained(make, eagerly):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Embedding(7, 4), keras.layers.Flatten(),
                              keras.layers.Dense(5, "relu"), keras.layers.Dense(1)])
    model.compile(make(), "mse", run_eagerly=eagerly)
    x = np.random.default_rng(0).integers(0, 7, (64, 3))
    y = np.random.default_rng(1).normal(size=(64, 1))
    model.fit(x, y, epochs=3, batch_size=8, verbose=0)
    return [np.asarray(v) for v in model.weights + model.optimizer.variables]

calls = []
one = tf.raw_ops.ResourceApplyAdam
def counted(**named):
    calls.append(1)
    return one(**named)
tf.raw_ops.ResourceApplyAdam = counted

MAKERS = {
    "plain": (lambda: Adam(0.01), 1),
    "scheduled": (lambda: Adam(schedules.ExponentialDecay(0.01, 5, 0.9)), 1),
    "decaying": (lambda: AdamW(0.01, weight_decay=0.1), 1),
    "clipped": (lambda: Adam(0.01, beta_1=0.5, epsilon=0.1, clipnorm=0.1), 1),
    "gathering": (lambda: Adam(0.01, gradient_accumulation_steps=2), 1),
    "averaged": (lambda: Adam(0.01, use_ema=True, ema_overwrite_frequency=3), 1),
    "scaled": (lambda: LossScaleOptimizer(Adam(0.01)), 1),
    "amsgrad": (lambda: Adam(0.01, amsgrad=True), 0),
    "own": (lambda: Mine(0.01), 0),
    "nadam": (lambda: Nadam(0.01), 0),
}
for name, (make, quicker) in MAKERS.items():
    for eagerly in (False, True):
        usual = trained(make, eagerly)
        assert not calls
        with quick_building():
            quick = trained(make, eagerly)
        assert bool(calls) == bool(quicker), name
        calls.clear()
        for a, b in zip(usual, quick, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 if quicker else 0, err_msg=name)

def by_hand():
    keras.utils.set_random_seed(1)
    weights = [tf.Variable([1.0, 2.0]), tf.Variable(0.5, dtype="float64"), keras.Variable([3.0])]
    optimizer = Adam(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights[0] ** 2) + tf.cast(weights[1] ** 2, "float32") + sum(weights[2] ** 2)
        optimizer.apply(tape.gradient(loss, [getattr(w, "_value", w) for w in weights]), weights)
    return [np.asarray(w) for w in weights]

usual = by_hand()
with quick_building():
    quick = by_hand()
assert calls
for a, b in zip(usual, quick, strict=True):
    assert a.dtype == b.dtype
    np.testing.assert_allclose(a, b, rtol=1e-5)
print("the same")
"""


@pytest.mark.slow
def test_adam_in_one_operation_learns_what_keras_does(says_the_same) -> None:
    says_the_same(ADAM)

"""Recordings: what goes in comes out, what is forged or cut is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grader.check.recording import BadRecording, Recording
from grader.check.tree import pack, unpack
from grader.check.weights import summarise, weight_paths

keras = pytest.importorskip("keras")
layers = keras.layers
pytestmark = pytest.mark.slow


def sequential(units: int = 5) -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input((6, 4)),
            layers.Conv1D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Bidirectional(layers.LSTM(3)),
            layers.Dense(units, activation="softmax"),
        ]
    )


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = layers.LSTM(3)
        self._blocks = [layers.Dense(4, activation="relu"), layers.Dense(2)]

    def call(self, x, training=None):  # type: ignore[no-untyped-def]
        h = self.rnn(x)
        for block in self._blocks:
            h = block(h)
        return keras.ops.softmax(h)


class Attention(layers.Layer):
    """Projections of four kinds; the widths differ so that no mix-up fits by luck."""

    def __init__(self, style: str = "dense") -> None:
        super().__init__()
        self.style = style
        if style == "dense":
            self.query, self.key, self.value = layers.Dense(6), layers.Dense(6), layers.Dense(10)
        elif style == "einsum":
            make = lambda size: layers.EinsumDense("btd,dhk->bthk", (None, 2, size), bias_axes="hk")  # noqa: E731
            self.query, self.key, self.value = make(3), make(3), make(5)
        elif style == "heads":
            self.query = [layers.Dense(3) for _ in range(2)]
            self.key = [layers.Dense(3) for _ in range(2)]
            self.value = [layers.Dense(5) for _ in range(2)]
        else:
            self.qkv = layers.Dense(22)

    def project(self, x):  # type: ignore[no-untyped-def]
        flat = lambda t: keras.ops.reshape(t, (-1, x.shape[1], int(np.prod(t.shape[2:]))))  # noqa: E731
        if self.style == "fused":
            return keras.ops.split(self.qkv(x), [6, 12], axis=-1)
        if self.style == "heads":
            return [
                keras.ops.concatenate([p(x) for p in part], axis=-1)
                for part in (self.query, self.key, self.value)
            ]
        return [flat(part(x)) for part in (self.query, self.key, self.value)]

    def call(self, x):  # type: ignore[no-untyped-def]
        return keras.ops.concatenate(self.project(x), axis=-1)


def randomise(model: keras.layers.Layer, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(np.abs(rng.normal(size=weight.shape)) * 0.3 + 0.1)


X = np.random.default_rng(1).normal(size=(2, 6, 4)).astype(np.float32)


def recorded(model: keras.Model, **settings: object) -> Recording:
    model(X)
    randomise(model)
    made = Recording.of("lab", "classifier", model, settings, {"history": {"loss": [2.0, 1.0]}})
    return Recording.from_bytes(made.to_bytes())


def test_bytes_keep_everything() -> None:
    model = sequential()
    first = Recording.of("lab", "classifier", model, {"units": 5}, {"history": {"loss": [2.0, 1]}})
    again = Recording.from_bytes(first.to_bytes())
    assert again.digest == first.digest
    assert again.history == {"loss": [2.0, 1.0]}
    assert again.settings == {"units": 5}
    assert list(again.weights) == list(first.weights)
    for path, array in first.weights.items():
        np.testing.assert_array_equal(array, again.weights[path])
        assert array.dtype == np.float32


@pytest.mark.parametrize("build", [sequential, Subclassed])
def test_rebuilt_model_gives_the_same_outputs(build: type) -> None:
    model = build()
    recording = recorded(model)
    recording.load_into(model)
    np.testing.assert_allclose(recording.rebuild()(X), model(X), atol=1e-6)


def test_functional_with_operations_masks_and_shared_layers_is_rebuilt() -> None:
    ids = layers.Input((7,), dtype="int32")
    h = layers.Embedding(11, 4, mask_zero=True)(ids)
    shared = layers.Dense(4)
    h = layers.LayerNormalization()(shared(h) + shared(h * 0.5))
    model = keras.Model(ids, layers.Dense(3)(layers.LSTM(5)(h)[:, 1:]))
    tokens = np.array([[3, 4, 5, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7]], np.int32)
    recording = Recording.of("lab", "m", model)
    recording.load_into(model)
    np.testing.assert_allclose(recording.rebuild()(tokens), model(tokens), atol=1e-6)


def test_tracing_leaves_no_trace_in_the_students_layers() -> None:
    model = Subclassed()
    recorded(model)
    assert not model.rnn._inbound_nodes


def test_paths_follow_attributes_lists_and_private_names() -> None:
    model = Subclassed()
    model(X)
    assert list(weight_paths(model)) == [
        "rnn/cell/kernel", "rnn/cell/recurrent_kernel", "rnn/cell/bias",
        "blocks/0/kernel", "blocks/0/bias", "blocks/1/kernel", "blocks/1/bias",
    ]  # fmt: skip


def test_summary_adds_up_and_reads_alike_for_every_spelling() -> None:
    model, sub = sequential(), Subclassed()
    sub(X)
    assert sum(row["params"] for row in summarise(model)) == model.count_params()
    assert [(r["class"], r["params"]) for r in summarise(sub)] == [
        ("LSTM", 96),
        ("Dense", 16),
        ("Dense", 10),
    ]
    assert [r["output_shape"] for r in summarise(sub)][1:] == [[None, 4], [None, 2]]
    assert summarise(model)[0]["config"]["activation"] == "relu"


def test_load_into_falls_back_to_order_and_refuses_other_shapes() -> None:
    recording = recorded(sequential())
    other = sequential()  # layer names go on counting: conv1d_1, …
    assert set(weight_paths(other)) != set(recording.weights)
    recording.load_into(other)
    np.testing.assert_allclose(other(X), recording.rebuild()(X), atol=1e-6)
    wrong = sequential(units=7)
    before = [w.numpy() for w in wrong.weights]
    with pytest.raises(BadRecording) as refused:
        recording.load_into(wrong)
    assert refused.value.what == "shapes"
    for old, new in zip(before, wrong.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


@pytest.mark.parametrize("reference", ["dense", "einsum"])
@pytest.mark.parametrize("style", ["dense", "einsum", "heads", "fused"])
def test_give_accepts_every_layout(style: str, reference: str) -> None:
    student = Attention(style)
    student(X)
    randomise(student)
    recording = Recording.of("lab", "a", student)
    recording.load_into(student)
    target = Attention(reference)
    target(X)
    recording.give(target, fused={"qkv": ("query", "key", "value")})
    np.testing.assert_allclose(target(X), student(X), atol=1e-5)


def test_give_refuses_what_does_not_fit() -> None:
    student = Attention("dense")
    student(X)
    recording = Recording.of("lab", "a", student)
    target = keras.Sequential([layers.Input((4,)), layers.Dense(3)])
    with pytest.raises(BadRecording) as refused:
        recording.give(target)
    assert refused.value.what == "shapes"


def test_digest_ignores_names_but_not_values() -> None:
    a, b = sequential(), sequential()
    randomise(a, 3)
    randomise(b, 3)
    assert Recording.of("lab", "x", a).digest == Recording.of("lab", "y", b).digest
    randomise(b, 4)
    assert Recording.of("lab", "x", a).digest != Recording.of("lab", "y", b).digest


def test_custom_layers_are_recorded_but_not_rebuilt() -> None:
    student = keras.Sequential([layers.Input((6, 4)), Attention("dense")])
    recording = Recording.of("lab", "a", student)
    assert recording.config is None
    with pytest.raises(BadRecording) as refused:
        recording.rebuild()
    assert refused.value.what == "layers"


def test_cut_or_changed_files_are_damaged() -> None:
    data = Recording.of("lab", "a", sequential()).to_bytes()
    changed = bytearray(data)
    changed[-40] ^= 1
    for bad in (b"", b"junk", data[:-1], data[: len(data) // 2], bytes(changed), pack({"a": 1})):
        with pytest.raises(BadRecording) as refused:
            Recording.from_bytes(bad)
        assert refused.value.what == "damaged"


def forged(change) -> Recording:  # type: ignore[no-untyped-def]
    """A recording whose config was changed by hand, its checksum made good again."""
    from grader.check.recording import _checksum

    tree = unpack(Recording.of("lab", "a", sequential()).to_bytes())
    tree.pop("checksum")
    change(tree["config"]["config"]["layers"])
    return Recording.from_bytes(pack({**tree, "checksum": _checksum(tree)}))


def a_lambda(rows: list) -> None:
    rows[1] = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": "os.system"},
    }


def an_import(rows: list) -> None:
    rows[1]["config"]["activation"] = {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system",
    }  # fmt: skip


def a_private_activation(rows: list) -> None:
    rows[1]["config"]["activation"] = {"class_name": "function", "config": "__import__"}


def a_saved_model(rows: list) -> None:
    rows[1] = {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/etc"}}


@pytest.mark.parametrize("change", [a_lambda, an_import, a_private_activation, a_saved_model])
def test_code_in_a_config_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadRecording) as refused:
        forged(change).rebuild()
    assert refused.value.what == "layers"


def test_a_config_that_asks_for_more_weights_than_were_recorded_is_not_allocated() -> None:
    def huge(rows: list) -> None:
        rows[-1]["config"]["units"] = 2_000_000_000

    with pytest.raises(BadRecording) as refused:
        forged(huge).rebuild()
    assert refused.value.what == "shapes"


def test_fields_of_a_newer_keras_are_dropped() -> None:
    def newer(rows: list) -> None:
        for row in rows:
            row["config"]["from_the_future"] = {"module": "keras.future", "x": 1}

    assert forged(newer).rebuild().count_params() == sequential().count_params()


def test_large_values_and_vectors_keep_single_precision() -> None:
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2)])
    model.layers[0].kernel.assign(np.full((3, 2), 1e6))
    model.layers[0].bias.assign([1.00001, 2.00002])
    recording = Recording.from_bytes(Recording.of("lab", "a", model).to_bytes())
    kernel, bias = recording.weights.values()
    assert kernel.max() == np.float32(1e6)
    np.testing.assert_array_equal(bias, np.float32([1.00001, 2.00002]))


def test_what_cannot_be_recorded_says_why() -> None:
    with pytest.raises(TypeError, match="function"):
        Recording.of("lab", "a", lambda x: x)
    with pytest.raises(ValueError, match="no weights yet"):
        Recording.of("lab", "a", Subclassed())


OLDER = sorted((Path(__file__).parent / "recordings").glob("*.safetensors"))


@pytest.mark.parametrize("path", OLDER, ids=lambda p: p.stem)
def test_recordings_of_other_keras_versions_are_rebuilt(path: Path) -> None:
    """Written by Keras 3.3.3 and 3.10.0 (Sequential, Functional with operations and masks,
    subclassed, convolutional); ``expected.npz`` holds inputs and what that Keras gave."""
    expected = np.load(path.parent / "expected.npz")
    x = expected["x_" + path.stem.rpartition("-")[2]]
    model = Recording.from_bytes(path.read_bytes()).rebuild()
    np.testing.assert_allclose(model(x), expected[path.stem], atol=1e-5)

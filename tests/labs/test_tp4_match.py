"""TP4's layers give the numbers of the field's own: TensorFlow Models and KerasHub.

Same weights, same outputs to 1e-5, with and without masks, at the lecture's sizes and at odd ones.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.authoring.source import load_lab
from grader.check.observe import observe
from grader.check.probe import Probe, call, set_weights

FOLDER = Path(__file__).parents[2] / "solutions" / "tp4_transformer"
pytestmark = pytest.mark.slow

LECTURE = {"batch": 3, "length": 11, "d_model": 512, "num_heads": 8, "d_ff": 2048, "scale": 0.05}
ODD = {"batch": 2, "length": 5, "d_model": 21, "num_heads": 3, "d_ff": 34, "key_dim": 4}


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return load_lab(FOLDER, proofs=False).namespace()


@pytest.fixture(scope="module")
def tfm_block() -> Any:
    pytest.importorskip("official.nlp.modeling.layers")
    sys.path.insert(0, str(FOLDER))
    try:
        import tfm_block
    finally:
        sys.path.remove(str(FOLDER))
    return tfm_block


def ours(names: dict[str, Any], made: dict[str, Any], epsilon: float) -> dict[str, np.ndarray]:
    """The student's way: EncoderLayer, given the block's 16 arrays by name."""
    weights = {k.removeprefix("weight/"): a for k, a in made.items() if k.startswith("weight/")}
    d_model, heads, d_k = weights["attention/query_dense/kernel"].shape
    d_v = weights["attention/value_dense/kernel"].shape[2]
    d_ff = weights["feed_forward/inner/kernel"].shape[1]
    steps = (
        call("EncoderLayer", heads, d_model, d_k, d_v, d_ff, epsilon, into="layer"),
        call("$layer", made["x"], into="built"),
        set_weights("$layer", weights, into="given"),
        call("$layer", made["x"], into="plain"),
        call("$layer", made["x"], made["mask"], into="masked"),
    )
    seen = observe(Probe(steps, keep=("given", "plain", "masked")), names)
    assert seen["status"] == "ok", seen
    assert seen["values"]["given"] == {"missing": [], "misfit": []}
    return seen["values"]


@pytest.mark.parametrize("sizes", [LECTURE, ODD], ids=["lecture", "odd"])
def test_encoder_layer_is_tensorflow_models_block(
    names: dict[str, Any], tfm_block: Any, sizes: dict[str, Any]
) -> None:
    made = tfm_block.block(np.random.default_rng(5), **sizes)
    found = ours(names, made, epsilon=1e-12)
    for which in ("plain", "masked"):
        np.testing.assert_allclose(found[which], made[which], rtol=1e-5, atol=1e-5)
    assert np.abs(made["plain"] - made["masked"]).max() > 1e-2, "the mask does nothing"


def test_another_epsilon_does_not_match(names: dict[str, Any], tfm_block: Any) -> None:
    made = tfm_block.block(np.random.default_rng(6), **ODD)
    assert np.abs(ours(names, made, epsilon=1e-3)["plain"] - made["plain"]).max() > 1e-5


def test_the_lecture_block_has_its_sixteen_arrays(tfm_block: Any) -> None:
    made = tfm_block.block(np.random.default_rng(7), **LECTURE)
    weights = [a for name, a in made.items() if name.startswith("weight/")]
    assert [w.shape for w in weights] == [
        *[(512, 8, 64), (8, 64)] * 3, (8, 64, 512), (512,), (512,), (512,),
        (512, 2048), (2048,), (2048, 512), (512,), (512,), (512,),
    ]  # fmt: skip
    assert sum(w.size for w in weights) == 3_152_384


def test_the_stored_arrays_are_what_the_package_gives(tfm_block: Any) -> None:
    stored = np.load(FOLDER / "tfm_block.npz")
    for side, seed, sizes in (
        ("public", 1, {"batch": 2, "length": 7, "d_model": 12, "num_heads": 3, "d_ff": 20}),
        ("hidden", 2, {"batch": 3, "length": 5, "d_model": 18, "num_heads": 3, "d_ff": 25}),
    ):
        made = tfm_block.block(np.random.default_rng(seed), **sizes)
        assert {k for k in stored.files if k.startswith(side)} == {f"{side}/{k}" for k in made}
        for name, array in made.items():
            np.testing.assert_allclose(stored[f"{side}/{name}"], array, rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------ KerasHub


def attention_of(layer: Any, prefix: str) -> dict[str, np.ndarray]:
    parts = {
        "query": "_query_dense",
        "key": "_key_dense",
        "value": "_value_dense",
        "output": "_output_dense",
    }
    return {
        f"{prefix}{name}_dense/{leaf}": np.asarray(getattr(getattr(layer, attribute), leaf))
        for name, attribute in parts.items()
        for leaf in ("kernel", "bias")
    }


def pair_of(layer: Any, prefix: str, leaves: tuple[str, str]) -> dict[str, np.ndarray]:
    return {f"{prefix}/{leaf}": np.asarray(getattr(layer, leaf)) for leaf in leaves}


def feed_forward_of(layer: Any) -> dict[str, np.ndarray]:
    dense = ("kernel", "bias")
    return {
        **pair_of(layer._feedforward_intermediate_dense, "feed_forward/inner", dense),
        **pair_of(layer._feedforward_output_dense, "feed_forward/outer", dense),
    }


def stir(layer: Any, rng: np.random.Generator, scale: float) -> None:
    """Random, non-zero weights everywhere."""
    for variable in layer.weights:
        gamma = 1.0 if "gamma" in variable.path else 0.0
        variable.assign(gamma + scale * rng.standard_normal(variable.shape))


@pytest.mark.parametrize(
    ("d_model", "heads", "d_ff", "length"), [(512, 8, 2048, 11), (15, 3, 22, 7)]
)
def test_encoder_layer_is_keras_hub_encoder(
    names: dict[str, Any], d_model: int, heads: int, d_ff: int, length: int
) -> None:
    hub = pytest.importorskip("keras_hub")
    rng = np.random.default_rng(8)
    x = rng.standard_normal((2, length, d_model)).astype(np.float32)
    theirs = hub.layers.TransformerEncoder(d_ff, heads)
    theirs(x)
    stir(theirs, rng, scale=1 / d_model**0.5)
    norm = ("gamma", "beta")
    weights = {
        **attention_of(theirs._self_attention_layer, "attention/"),
        **pair_of(theirs._self_attention_layer_norm, "norm1", norm),
        **feed_forward_of(theirs),
        **pair_of(theirs._feedforward_layer_norm, "norm2", norm),
    }
    assert sum(w.size for w in weights.values()) == theirs.count_params()
    mask = (rng.random((2, length, length)) < 0.6) | np.eye(length, dtype=bool)
    made = {"x": x, "mask": mask, **{f"weight/{k}": w for k, w in weights.items()}}
    found = ours(names, made, epsilon=1e-5)
    np.testing.assert_allclose(found["plain"], theirs(x), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        found["masked"], theirs(x, attention_mask=mask), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(("d_model", "heads", "d_ff"), [(512, 8, 2048), (20, 4, 27)])
def test_decoder_layer_is_keras_hub_decoder(
    names: dict[str, Any], d_model: int, heads: int, d_ff: int
) -> None:
    hub = pytest.importorskip("keras_hub")
    rng = np.random.default_rng(9)
    x = rng.standard_normal((2, 6, d_model)).astype(np.float32)
    memory = rng.standard_normal((2, 9, d_model)).astype(np.float32)
    theirs = hub.layers.TransformerDecoder(d_ff, heads)
    theirs(x, memory)
    stir(theirs, rng, scale=1 / d_model**0.5)
    norm = ("gamma", "beta")
    weights = {
        **attention_of(theirs._self_attention_layer, "self_attention/"),
        **pair_of(theirs._self_attention_layer_norm, "norm1", norm),
        **attention_of(theirs._cross_attention_layer, "cross_attention/"),
        **pair_of(theirs._cross_attention_layer_norm, "norm2", norm),
        **feed_forward_of(theirs),
        **pair_of(theirs._feedforward_layer_norm, "norm3", norm),
    }
    assert sum(w.size for w in weights.values()) == theirs.count_params()
    causal = np.asarray(names["causal_mask"](6))
    visible = rng.random((2, 6, 9)) < 0.6
    visible[:, :, 0] = True
    d_k = d_model // heads
    steps = (
        call("DecoderLayer", heads, d_model, d_k, d_k, d_ff, 1e-5, into="layer"),
        call("$layer", x, memory, into="built"),
        set_weights("$layer", weights, into="given"),
        call("$layer", x, memory, causal, into="plain"),
        call("$layer", x, memory, causal, visible, into="masked"),
    )
    seen = observe(Probe(steps, keep=("given", "plain", "masked")), names)
    assert seen["status"] == "ok", seen
    assert seen["values"]["given"] == {"missing": [], "misfit": []}
    np.testing.assert_allclose(seen["values"]["plain"], theirs(x, memory), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        seen["values"]["masked"],
        theirs(x, memory, encoder_attention_mask=visible),
        rtol=1e-5,
        atol=1e-5,
    )

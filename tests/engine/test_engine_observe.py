"""Giving weights to other people's layers, watching calls, bringing back what came. No Keras."""

import inspect
import linecache
import sys
import types

import numpy as np
import pytest

from grader.check.judge import Evidence, judge
from grader.check.key import Check, Exercise, Key
from grader.check.observe import (
    LimitHit,
    error_record,
    observe,
    plain,
    todo,
    watching,
)
from grader.check.probe import (
    Probe,
    Step,
    call,
    change,
    get,
    item,
    numpy_array,
    ref,
    sample,
    set_weights,
)
from grader.check.text import Text
from grader.check.weights import fit


class Variable:
    """As much of a Keras variable as `set_weights` needs."""

    def __init__(self, name, shape):
        self.name, self.value = name, np.zeros(shape)

    @property
    def shape(self):
        return self.value.shape

    def assign(self, value):
        assert np.shape(value) == self.shape
        self.value = np.asarray(value)


class Layer:
    """As much of a Keras layer: variables as attributes, sub-layers by name."""

    def __init__(self, name="layer", kernel=None, bias=None, **parts):
        self.name = name
        for leaf, shape in (("kernel", kernel), ("bias", bias)):
            if shape:
                setattr(self, leaf, Variable(leaf, shape))
        for part, value in parts.items():
            setattr(self, part, value)

    @property
    def variables(self):
        return [v for v in vars(self).values() if isinstance(v, Variable)]


KERNEL = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)  # (d_model, heads, key_dim)
BIAS = np.arange(6, dtype=np.float32).reshape(2, 3)


def given(layer, weights, fused=None):
    names = {"layer": layer}
    seen = observe(Probe((set_weights("layer", weights, fused),), ("weights",)), names)
    assert seen["status"] == "ok", seen
    return seen


def test_a_dense_takes_a_factored_kernel():
    layer = Layer(query=Layer(kernel=(5, 6), bias=(6,)))
    seen = given(layer, {"query/kernel": KERNEL, "query/bias": BIAS})
    assert np.array_equal(layer.query.kernel.value, KERNEL.reshape(5, 6))
    assert np.array_equal(layer.query.bias.value, BIAS.ravel())
    assert "weights" not in seen


def test_a_permuted_kernel():
    layer = Layer(query=Layer(kernel=(2, 5, 3)))
    given(layer, {"query/kernel": KERNEL})
    assert np.array_equal(layer.query.kernel.value, KERNEL.transpose(1, 0, 2))


def test_one_layer_a_head():
    layer = Layer(query=[Layer(kernel=(5, 3), bias=(3,)) for _ in range(2)])
    given(layer, {"query/kernel": KERNEL, "query/bias": BIAS})
    for head in range(2):
        assert np.array_equal(layer.query[head].kernel.value, KERNEL[:, head])
        assert np.array_equal(layer.query[head].bias.value, BIAS[head])


def test_a_fused_layer():
    layer = Layer(qkv=Layer(kernel=(5, 18), bias=(18,)))
    parts = {f"{n}/{leaf}": k * x for k, n in enumerate(("query", "key", "value"), 1)
             for leaf, x in (("kernel", KERNEL), ("bias", BIAS))}  # fmt: skip
    given(layer, parts, {"qkv": ("query", "key", "value")})
    want = np.concatenate([k * KERNEL.reshape(5, 6) for k in (1, 2, 3)], axis=1)
    assert np.array_equal(layer.qkv.kernel.value, want)


def test_indices_names_and_what_is_missing_or_misfit():
    inner = [Layer("a", kernel=(5, 6)), Layer("b", kernel=(4, 4))]
    layer = Layer(blocks=inner, layers=[Layer("norm", kernel=(7,))])
    seen = given(
        layer,
        {
            "blocks/0/kernel": KERNEL,
            "blocks/1/kernel": KERNEL,
            "norm/kernel": np.ones(7),
            "blocks/2/kernel": KERNEL,
            "blocks/0/gamma": np.ones(5),
            "nothing/kernel": KERNEL,
        },
    )
    assert seen["weights"]["misfit"] == ["blocks/1/kernel"]
    assert seen["weights"]["missing"] == ["blocks/2/kernel", "blocks/0/gamma", "nothing/kernel"]
    assert np.array_equal(layer.layers[0].kernel.value, np.ones(7))
    assert np.ptp(inner[1].kernel.value) == 0.0  # filled evenly, the same for every such mistake


@pytest.mark.parametrize(
    ("shape", "fits"),
    [((5, 2, 3), True), ((5, 6), True), ((10, 3), True), ((30,), True), ((3, 2, 5), True),
     ((6, 5), False), ((5, 2, 4), False), ((5, 3, 3), False), ((2, 15), False)],
)  # fmt: skip
def test_fit(shape, fits):
    found = fit(KERNEL, shape)
    assert (found is not None) == fits
    if fits:
        assert found.shape == shape
        assert sorted(found.ravel()) == sorted(KERNEL.ravel())


def test_steps_refer_to_one_another():
    class Pair:
        def __init__(self, n):
            self.n = n

        def both(self, x):
            return {"sum": x + self.n, "list": [x, self.n]}

    probe = Probe(
        (
            call("Pair", 3, into="pair"),
            call("$pair.both", numpy_array(np.arange(2)), into="out"),
            item("$out", "sum", into="sum"),
            get("$pair.n", into="n"),
            call("identity", ref("sum"), into="again"),
        ),
        keep=("sum", "n", "again"),
    )
    seen = observe(probe, {"Pair": Pair, "identity": lambda x: x})
    assert seen["values"]["sum"].tolist() == seen["values"]["again"].tolist() == [3, 4]
    assert seen["values"]["n"] == 3


def test_change_looks_before_and_after():
    names = {"f": lambda k: np.cumsum(np.eye(1, 5, k), axis=1)}
    probe = Probe((call("f", 4, into="a"), call("f", 2, into="b"), change("a", "b", 2)))
    assert observe(probe, names)["values"]["out"] == {"before": False, "after": True}


def test_sample_draws_n_times():
    probe = Probe((sample("f", 2, n=7),))
    seen = observe(probe, {"f": lambda x: x})
    assert seen["values"]["out"].tolist() == [2] * 7


def test_what_goes_wrong_is_part_of_the_observation():
    probe = Probe((call("f"),))

    def raising(error):
        def f():
            raise error

        return observe(probe, {"f": f})

    assert raising(todo("attention"))["status"] == "todo"
    assert raising(ValueError("x"))["error"]["type"] == "ValueError"
    assert raising(SystemExit(0))["status"] == "error"
    assert raising(GeneratorExit())["status"] == "error"
    assert observe(probe, {"g": 1})["error"] == {"name": "f", "near": []}
    with pytest.raises(LimitHit):
        raising(LimitHit("cell", 3))


def test_exceptions_that_fight_back():
    class Nasty(BaseException):
        def __str__(self):
            raise SystemExit

    record = error_record(Nasty())
    assert record["type"] == "Nasty" and "could not be printed" in record["message"]
    assert len(error_record(ValueError("x" * 10**6))["message"]) == 600


def test_plain_brings_back_arrays_and_json_only():
    assert plain({"a": (1, None, True), 3: {4}}) == {"a": [1, None, True], "3": [4]}
    assert plain(np.float32(0.5)) == 0.5
    assert plain(object()) == {"$other": "object"}
    assert plain(np.array([1j])) == "[1j]"
    assert plain("x" * 10**6) == "x" * 10_000
    assert plain(np.zeros(4_000_001, np.uint8)) == {"$big": [4_000_001]}
    deep = []
    for _ in range(50):
        deep = [deep]
    plain(deep)


def test_watching_sees_calls_whatever_they_are_called():
    import statistics

    hidden = statistics.mean
    with watching(["statistics.mean", "statistics.nothing", "nowhere.f"]) as used:
        hidden([1, 2])
    assert used == ["statistics.mean"]
    with watching(["statistics.mean"]) as used:
        sum([1, 2])
    assert used == []


@pytest.mark.parametrize(
    ("model", "kind"), [(lambda: Layer(), "function"), (Layer, "class")], ids=["function", "class"]
)
def test_a_model_that_was_not_made_is_called_so(model, kind):
    asked = [
        Probe((Step("count_params", "model", (), {}, "out"),)),
        Probe((Step("call", "model.predict", (1,), {}, "out"),)),
        Probe((set_weights("model", {"kernel": KERNEL}),)),
    ]
    for probe in asked:
        seen = observe(probe, {"model": model})
        assert seen["status"] == "error"
        assert (seen["error"]["name"], seen["error"]["what"]) == ("model", kind)
    key = Key(
        "lab", "public", Text(en="", fr=""), (Exercise("e", "1", Text(en="", fr="")),),
        (Check("c", "e", "probe", Text(en="", fr=""), 1.0, probe=asked[0]),),
    )  # fmt: skip
    (verdict,) = judge(key, Evidence({"c": observe(asked[0], {"model": model})}))
    assert verdict.points == 0 and f"is a {kind}, and a model is needed" in verdict.message.en
    assert "il faut un modèle" in verdict.message.fr


def test_a_watched_function_works_as_before():
    from fractions import Fraction

    def signature():
        return inspect.signature(Fraction.limit_denominator)

    def closed(cell=3):
        def inner(a, *, b=2):
            return a + b + cell

        return inner

    module = types.ModuleType("watched_module")
    module.inner = closed()
    sys.modules["watched_module"] = module
    try:
        before = signature()
        names = ["fractions.Fraction.limit_denominator", "watched_module.inner"]
        with watching(names) as used:
            assert used == [] and signature() == before
            assert Fraction(355, 113).limit_denominator(10) == Fraction(22, 7)
            assert module.inner(1, b=5) == 9 and module.inner(1) == 6
            with watching(names) as again:
                assert module.inner(1) == 6
            assert again == names[1:]
            with pytest.raises(TypeError, match="inner"):
                module.inner()
        assert used == names
        assert module.inner(1) == 6 and used == names and not vars(module.inner)
    finally:
        del sys.modules["watched_module"]


@pytest.mark.parametrize(
    ("body", "told"),
    [("pass", "is a `return` missing?"), ("x = None; return x[0], 1", "is not subscriptable")],
    ids=["no return", "one's own mistake"],
)
def test_a_return_that_is_missing_is_asked_for(body, told):
    names = {}
    source = f"def pair():\n    {body}\n"
    linecache.cache["<cell 1>"] = (len(source), None, source.splitlines(keepends=True), "<cell 1>")
    exec(compile(source, "<cell 1>", "exec"), names)
    probe = Probe((Step("call", "pair", (), {}, "both"), Step("item", "$both", (0,), {}, "out")))
    key = Key(
        "lab", "public", Text(en="", fr=""), (Exercise("e", "1", Text(en="", fr="")),),
        (Check("c", "e", "probe", Text(en="", fr=""), 1.0, probe=probe),),
    )  # fmt: skip
    (verdict,) = judge(key, Evidence({"c": observe(probe, names)}))
    assert verdict.points == 0 and told in verdict.message.en, verdict.message.en

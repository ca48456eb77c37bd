"""TP5's functions: known values, bad input in one clear line, gradients, the full recipe's resuming."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.authoring.languages import in_language

from grader.authoring.source import load_lab
from grader.check.observe import observe
from grader.check.probe import Probe, call, gradient, ref

FOLDER = Path(__file__).parents[2] / "solutions" / "tp5_mixmatch"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab() -> Any:
    return load_lab(FOLDER, proofs=False)


@pytest.fixture(scope="module")
def names(lab: Any) -> dict[str, Any]:
    return dict(lab.namespace())


@pytest.fixture(scope="module")
def full(lab: Any, names: dict[str, Any]) -> dict[str, Any]:
    """The functions of the paper's own experiment."""
    (cell,) = [c for c in lab.cells if c.kind == "code" and "def train_full" in c.source]
    made = dict(names)
    exec(cell.source, made)
    return made


def one_hot(labels: list[int], classes: int = 3) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[labels]


def model(names: dict[str, Any], classes: int = 3) -> Any:
    keras = names["keras"]
    return keras.Sequential(
        [keras.Input((6, 7, 1)), keras.layers.Flatten(), keras.layers.Dense(classes)]
    )


def images(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 6, 7, 1)).astype(np.float32)


def test_sharpening_gives_the_numbers_of_the_paper(names: dict[str, Any]) -> None:
    p = np.float32([[0.5, 0.3, 0.2]])
    assert float(names["sharpen"](p, 0.5)[0, 0]) == pytest.approx(0.658, abs=5e-4)
    assert float(names["sharpen"](p, 2.0)[0, 0]) == pytest.approx(0.415, abs=5e-4)
    np.testing.assert_allclose(names["sharpen"](p, 1.0), p, rtol=1e-6)


@pytest.mark.parametrize("temperature", [0, -1.0])
def test_a_temperature_of_zero_is_refused(names: dict[str, Any], temperature: float) -> None:
    with pytest.raises(ValueError, match=r"temperature = .*> 0"):
        names["sharpen"](np.float32([[0.5, 0.5]]), temperature)


def bad_calls(names: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    x, y, u = images(4), one_hot([0, 1, 2, 0]), images(3, 1)
    net, mix = model(names), names["mixup"]
    match, loss = names["mixmatch"], names["mixmatch_loss"]
    logits = np.zeros((4, 3), np.float32)
    return {
        "logits to sharpen": (lambda: names["sharpen"](np.float32([[2.0, -1.0]]), 0.5), "sum 1"),
        "alpha 0": (lambda: mix(x, y, x, y, 0.0, 1), "alpha = 0.0"),
        "batches that differ": (
            lambda: mix(x, y, u, one_hot([0, 1, 1]), 0.75, 1),
            "sizes must agree",
        ),
        "integer labels": (lambda: mix(x, np.array([0, 1, 2, 0]), x, y, 0.75, 1), "one_hot"),
        "integer labels to mixmatch": (
            lambda: match(net, x, np.array([0, 1, 2, 0]), u, 1),
            "one_hot",
        ),
        "labels that do not sum to one": (lambda: match(net, x, 2 * y, u, 1), "sum 1"),
        "more labels than images": (
            lambda: match(net, x, one_hot([0, 1]), u, 1),
            "sizes must agree",
        ),
        "images of other sizes": (lambda: match(net, x, y, u[:, :5], 1), "sizes must agree"),
        "no unlabelled image": (lambda: match(net, x, y, u[:0], 1), "at least one image"),
        "no view": (lambda: match(net, x, y, u, 1, views=0), "views = 0"),
        "mixmatch at temperature 0": (
            lambda: match(net, x, y, u, 1, temperature=0.0),
            "temperature = 0.0",
        ),
        "mixmatch with alpha 0": (lambda: match(net, x, y, u, 1, alpha=0), "alpha = 0"),
        "integer targets": (
            lambda: loss(logits, np.array([0, 1, 2, 0]), logits, y, 1.0),
            "one_hot",
        ),
        "targets of another batch": (
            lambda: loss(logits, y, logits, y[:2], 1.0),
            "sizes must agree",
        ),
    }


CASES = (
    "logits to sharpen", "alpha 0", "batches that differ", "integer labels", "integer labels to mixmatch",
    "labels that do not sum to one", "more labels than images", "images of other sizes", "no unlabelled image",
    "no view", "mixmatch at temperature 0", "mixmatch with alpha 0", "integer targets", "targets of another batch",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_one_line(names: dict[str, Any], case: str) -> None:
    calls = bad_calls(names)
    assert set(calls) == set(CASES)
    function, said = calls[case]
    with pytest.raises(ValueError) as caught:
        function()
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_both_languages_say_the_same_things(lab: Any) -> None:
    (cell,) = [x for x in lab.cells if x.kind == "code" and "BAD = {" in x.source]
    found = {}
    for lang in ("fr", "en"):
        (node,) = [
            n
            for n in ast.parse(in_language(cell.source, lang)).body
            if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "BAD"
        ]
        found[lang] = ast.literal_eval(node.value)
    assert found["fr"].keys() == found["en"].keys()
    for key, text in found["en"].items():
        assert text.count("{") == found["fr"][key].count("{") and text != found["fr"][key]


def test_batches_of_any_size_go_through_mixmatch(names: dict[str, Any]) -> None:
    for n, m, views in ((4, 1, 2), (1, 5, 1), (3, 7, 4)):
        x, y, u, q = names["mixmatch"](
            model(names),
            images(n),
            one_hot([i % 3 for i in range(n)]),
            images(m, 2),
            3,
            views=views,
        )
        assert x.shape == (n, 6, 7, 1) and u.shape == (views * m, 6, 7, 1)
        np.testing.assert_allclose(np.sum(np.concatenate([y, q]), axis=1), 1, rtol=1e-5)


def test_no_gradient_goes_through_the_targets(names: dict[str, Any]) -> None:
    import tensorflow as tf

    net = model(names)
    variables = [v.value for v in net.trainable_variables]
    with tf.GradientTape() as tape:
        *_, q = names["mixmatch"](net, images(4), one_hot([0, 1, 2, 0]), images(5, 1), 1)
        total = tf.reduce_sum(q * tf.random.stateless_uniform(q.shape, (1, 2)))
    assert tape.gradient(total, variables) == [None, None]


def test_a_probe_sees_a_gradient_through_the_weights_alone(names: dict[str, Any]) -> None:
    """The views held constant, nothing is: the weights still learn to move their target."""
    ops = names["ops"]

    def held(net: Any, views: Any) -> Any:
        return ops.mean(ops.softmax(net(ops.stop_gradient(views[0]))), axis=0)

    steps = (gradient("guess", ref("model"), images(4)[None], wrt=[0]),)
    seen = {}
    for function in (held, names["guess_labels"]):
        probe = Probe((call("make", into="model"), *steps), keep=("gradients",))
        found = observe(probe, {"make": lambda: model(names), "guess": function})
        (seen[function],) = found["values"]["gradients"]
    assert [g.shape for g in seen[held]] == [(42, 3), (3,)]
    assert seen[names["guess_labels"]] == [None, None]


def test_doubles_go_through_mixup_and_the_loss(names: dict[str, Any]) -> None:
    x, y = images(4).astype(np.float64), one_hot([0, 1, 2, 0]).astype(np.float64)
    mixed, soft = names["mixup"](x, y, x[::-1], y[::-1], 0.75, 1)
    assert mixed.shape == x.shape and np.isfinite(
        float(names["mixmatch_loss"](y, soft, y, soft, 2.0))
    )


def test_the_loss_has_the_gradient_of_finite_differences(names: dict[str, Any]) -> None:
    import tensorflow as tf

    rng = np.random.default_rng(4)
    logits_x, logits_u = (rng.normal(size=(n, 3)).astype(np.float32) for n in (4, 6))
    y, q = (rng.dirichlet(np.ones(3), n).astype(np.float32) for n in (4, 6))
    at = [tf.constant(logits_x), tf.constant(logits_u)]
    with tf.GradientTape() as tape:
        tape.watch(at)
        loss = names["mixmatch_loss"](at[0], y, at[1], q, 20.0)
    for which, slope in enumerate(tape.gradient(loss, at)):
        for i, j in ((0, 0), (2, 1), (3, 2)):
            values = []
            for sign in (1, -1):
                moved = [logits_x.copy(), logits_u.copy()]
                moved[which][i, j] += sign * 1e-2
                values.append(float(names["mixmatch_loss"](moved[0], y, moved[1], q, 20.0)))
            assert float(slope[i, j]) == pytest.approx((values[0] - values[1]) / 2e-2, abs=2e-3)


def parts(names: dict[str, Any], size: tuple[int, int, int], n: int = 24) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "x": rng.random((10, *size)).astype(np.float32), "y": np.eye(10, dtype=np.float32),
        "u": rng.random((n, *size)).astype(np.float32), "x_val": rng.random((5, *size)).astype(np.float32),
        "y_val": np.arange(5),
    }  # fmt: skip


@pytest.mark.parametrize("compiled", ["eager", "graph", "xla"])
@pytest.mark.parametrize("method", ["supervised", "mixmatch"])
def test_a_step_learns_however_it_is_compiled(
    names: dict[str, Any], compiled: str, method: str
) -> None:
    recipe = {**names["RECIPE"], "steps": 3, "batch": 4}
    net, average = names["new_networks"](0)
    before = [np.array(w) for w in net.get_weights()]
    step = names["make_step"](net, average, parts(names, (28, 28, 1)), recipe, method, compiled)
    assert np.isfinite(float(step(0))) and np.isfinite(float(step(1)))
    assert any((a != b).any() for a, b in zip(before, net.get_weights(), strict=True))
    assert any(
        (a != b).any() for a, b in zip(net.get_weights(), average.get_weights(), strict=True)
    )


def test_each_step_draws_anew_inside_the_compiled_function(names: dict[str, Any]) -> None:
    import tensorflow as tf

    seed = names["keras"].random.SeedGenerator(1)
    draw = tf.function(lambda: names["augment"](tf.constant(images(9)), seed))
    assert not np.array_equal(draw(), draw())


def test_wide_resnet_has_the_papers_size(full: dict[str, Any]) -> None:
    made = full["wide_resnet"]()
    trained = sum(int(np.prod(w.shape)) for w in made.trainable_weights)
    assert trained == 1_467_610
    assert made.output_shape == (None, 10)


def test_the_full_recipe_takes_up_where_it_stopped(
    full: dict[str, Any], tmp_path: Path, capsys: Any
) -> None:
    """Four steps in one go and two plus two give the same network, bit by bit."""
    given = parts(full, (32, 32, 3))
    test = given["x_val"], given["y_val"]
    recipe = {**full["FULL"], "batch": 3, "steps": 4, "ramp": 2}

    def small() -> Any:
        return full["wide_resnet"](depth=10, widen=1)

    (whole, _), errors = full["train_full"](given, test, str(tmp_path / "a"), recipe, small, 2)
    assert len(errors) == 2
    full["train_full"](given, test, str(tmp_path / "b"), {**recipe, "steps": 2}, small, 2)
    (resumed, _), errors = full["train_full"](given, test, str(tmp_path / "b"), recipe, small, 2)
    assert len(errors) == 1 and "step 4" in capsys.readouterr().out
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def literal(lab: Any, name: str) -> Any:
    """The value that a code cell of the notebook gives to `name`."""
    for cell in lab.cells:
        if cell.kind == "code" and f"{name} = {{" in cell.source:
            for node in ast.parse(cell.solved()).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                    return ast.literal_eval(node.value)
    raise AssertionError(f"no cell gives {name}")


def test_the_notebook_shows_the_numbers_that_were_measured(lab: Any) -> None:
    found = json.loads((FOLDER / "calibration.json").read_text("utf-8"))
    shown = literal(lab, "MEASURED")
    assert {m: {str(n): list(v) for n, v in row.items()} for m, row in shown.items()} == {
        m: {n: v[:2] for n, v in row.items()} for m, row in found["curve"].items()
    }
    assert {m: list(v) for m, v in literal(lab, "WHOLE").items()} == {
        m: [found[f"experiment.{m}"][k] for k in ("mean", "sd")] for m in ("supervised", "mixmatch")
    }
    assert {k: list(v) for k, v in literal(lab, "ABLATED").items()} == {
        k: v[:2] for k, v in found["ablation"].items()
    }

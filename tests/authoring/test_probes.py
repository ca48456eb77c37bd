"""A probe written as calls is the data that observing it needs."""

import numpy as np
import pytest

from grader.authoring import Probe, Student, numpy_array, rng
from grader.authoring.probes import ProbeError
from grader.check.observe import observe
from grader.check.probe import Step


class Net:
    def __init__(self, n):
        self.layers = ["a"] * n
        self.size = n

    def __call__(self, x):
        return {"double": 2 * np.asarray(x), "rows": np.arange(12).reshape(6, 2)}

    def count_params(self):
        return 7 * self.size


def pair(a, b=1):
    if b == 0:
        raise KeyError("no")
    return a + b, a - b


NAMES = {"Net": Net, "pair": pair, "np": np, "pick": lambda rng: rng.integers(1000)}


def values(probe: Probe) -> dict:
    seen = observe(probe, NAMES)
    assert seen["status"] == "ok", seen
    return seen["values"]


def test_results_items_and_names_become_the_steps_of_a_probe():
    student = Student()
    both = student.pair(5, b=2)
    probe = student.probe(sum=both[0], gap=both[1])
    assert probe.steps == (
        Step("call", "pair", (5,), {"b": 2}, "0"),
        Step("item", "$0", (0,), {}, "sum"),
        Step("item", "$0", (1,), {}, "gap"),
    )
    assert (probe.keep, probe.shared) == (("sum", "gap"), 0)
    assert values(probe) == {"sum": 7, "gap": 3}


def test_handles_are_arguments_wherever_they_stand():
    student = Student()
    net = student.Net(3)
    out = net(numpy_array(np.ones(2)))
    probe = student.probe(
        stack=student.np.stack([out["double"], out["double"]]),
        size=student.np.add(net.size, 1),
        rows=out["rows"][1:3],
        fed=student.np.where(True, student.np.pi, 0.0),
        params=net.count_params(),
    )
    found = values(probe)
    assert np.array_equal(found["stack"], np.full((2, 2), 2.0))
    assert (found["size"], found["params"]) == (4, 21)
    assert np.array_equal(found["rows"], [[2, 3], [4, 5]])
    assert found["fed"] == pytest.approx(np.pi)
    assert {"Net", "np"} == probe.names()


def test_what_is_raised_drawn_or_changed():
    student = Student()
    first, second = student.np.zeros([2, 3]), student.np.eye(2, 3)
    probe = student.probe(
        refused=student.pair.raises(LookupError, 3, 0),
        accepted=student.pair.raises("LookupError", 3),
        draws=student.pick.sample(rng(4), n=3),
        change=first.change(second, at=1),
    )
    found = values(probe)
    assert found["refused"]["$raised"] and found["accepted"] == {
        "$raised": False, "class": "", "value": [4, 2],
    }  # fmt: skip
    assert found["draws"].tolist() == np.random.default_rng(4).integers(1000, size=3).tolist()
    assert found["change"] == {"before": True, "after": True}


def test_shared_steps_are_the_same_whatever_is_kept():
    probes = []
    for kept in ("net", "size", "again"):
        student = Student()
        with student.shared():
            net = student.Net(3)
            size = student.np.add(net.size, 1)
        probes.append(
            student.probe(x=size, y=size) if kept == "again" else
            student.probe(**{kept: size if kept == "size" else student.np.size([net])})
        )  # fmt: skip
    assert len({p.beginning() for p in probes}) == 1
    assert {p.shared for p in probes} == {3}
    assert values(probes[1]) == {"size": 4}
    assert values(probes[2]) == {"x": 4, "y": 4}


def test_weights_are_given_as_they_always_were():
    student = Student()
    net = student.Net(2)
    kernel = np.ones((2, 3), np.float32)
    net.inner.set_weights({"a/kernel": kernel}, {"ab": ("a", "b")})
    step = student.probe().steps[1]
    assert (step.op, step.target) == ("set_weights", "$0.inner")
    assert step.kwargs == {"weights": {"a/kernel": kernel}, "fused": {"ab": ["a", "b"]}}


def test_layers_is_a_summary_of_a_model_and_a_module_too():
    student = Student()
    model = student.keras.layers.Dense(3)
    steps = student.probe(layers=model.layers()).steps
    assert [(s.op, s.target) for s in steps] == [("call", "keras.layers.Dense"), ("layers", "$0")]


def test_values_are_not_there_yet():
    student = Student()
    result = student.pair(1)
    with pytest.raises(ProbeError, match="no value yet"):
        bool(result)
    with pytest.raises(TypeError):
        list(result)
    with pytest.raises(TypeError):
        np.ones(2) + result
    with pytest.raises(ProbeError, match="start:stop"):
        result[1:]
    with pytest.raises(ProbeError, match="come first"), student.shared():
        pass

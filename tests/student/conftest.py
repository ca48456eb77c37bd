"""A small lab made by hand: fast, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.check.answers import digests
from grader.check.compare import Close, Metric
from grader.check.key import Check, Exercise, Key, Limits, Misconception
from grader.check.probe import Probe, Step, answer, call, numpy_array
from grader.check.text import Text
from grader.notebook import display, session

X = np.arange(12, dtype=np.float64).reshape(3, 4)


def make_key() -> Key:
    def ok(values: np.ndarray) -> dict:
        return {"status": "ok", "values": {"out": values}}

    double = Check(
        "double.values", "double", "probe", Text(en="values", fr="valeurs"), 2.0,
        probe=Probe((call("double", numpy_array(X)),)), expect={"out": Close()},
        expected={"out": 2 * X}, picture="out", wrong={"adds-two": ok(X + 2)},
    )  # fmt: skip
    square = Check(
        "square.values", "square", "probe", Text(en="values", fr="valeurs"), 1.5,
        probe=Probe((call("square", numpy_array(X)),)), expect={"out": Close()},
        expected={"out": (2 * X) ** 2},
    )  # fmt: skip
    question = Check(
        "q6", "count", "answer", Text(en="count", fr="compter"), 1.0, probe=answer("q6"),
        answer={
            "type": "number", "decimals": 0, "salt": "s", "right": digests(["82"], "s"),
            "wrong": {
                digests(["97"], "s")[0]: {
                    "id": "",
                    "text": Text(en="output_shape forgotten", fr="sortie oubliée").to_dict(),
                }
            },
        },
    )  # fmt: skip
    trained = Check(
        "train.accuracy", "train", "clean", Text(en="accuracy", fr="exactitude"), 3.0,
        probe=Probe((Step("call", "predict", (numpy_array(X),), {}, "out"),)),
        expect={"out": Metric("accuracy", 0.0, 0.98)}, expected={"out": np.array([0, 1, 0])},
        recording="classifier",
    )  # fmt: skip
    return Key(
        "mini",
        "public",
        Text(en="A mini lab", fr="Un mini TP"),
        (
            Exercise(
                "double", "1.1", Text(en="Double", fr="Le double"), ("double",), ("numpy.add",)
            ),
            Exercise(
                "square", "1.2", Text(en="Square", fr="Le carré"), ("square",), uses=("double",)
            ),
            Exercise("count", "2", Text(en="Count", fr="Compter")),
            Exercise("train", "3", Text(en="Train", fr="Entraîner"), ("predict",)),
        ),
        (double, square, question, trained),
        {
            "adds-two": Misconception(
                "adds-two",
                "double",
                Text(en="2 is added", fr="on ajoute 2"),
                (
                    Text(en="look at the operator", fr="regardez l'opérateur"),
                    Text(
                        en="compare double(3) with double(4)", fr="comparez double(3) à double(4)"
                    ),
                    Text(en="change the operation", fr="changez l'opération"),
                ),
            )
        },
        Limits(training_seconds=30.0),
        ("classifier",),
    )


@pytest.fixture(scope="session")
def mini_key() -> Key:
    return make_key()


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mini_key: Key, request: pytest.FixtureRequest
) -> Iterator[Path]:
    """A folder as a student has it: ``labs/mini.key`` beside ``labs/fr/``; we are in the latter.

    The test's module stands for the notebook: the kit looks names up there.
    """
    monkeypatch.setattr(display, "namespace", lambda: vars(request.module))
    mini_key.save(tmp_path / "labs" / "mini.key")
    here = tmp_path / "labs" / "fr"
    here.mkdir()
    monkeypatch.chdir(here)
    yield here
    session.leave()

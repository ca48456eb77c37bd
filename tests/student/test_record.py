"""`lab.record` with TensorFlow: training is watched, stopped, saved; when graded, replayed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import tensorflow as tf  # noqa: E402

from grader import Lab  # noqa: E402
from grader.check.compare import Metric  # noqa: E402
from grader.check.key import Key  # noqa: E402
from grader.check.probe import Probe, call, numpy_array, student  # noqa: E402
from grader.check.recording import Recording  # noqa: E402
from grader.notebook import display, session  # noqa: E402
from grader.notebook.errors import LabError  # noqa: E402
from grader.notebook.live import goals, measure  # noqa: E402
from grader.notebook.training import BUDGET  # noqa: E402

layers = keras.layers
pytestmark = pytest.mark.slow
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)


def classifier(units: int = 2) -> keras.Model:
    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(units)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(True), metrics=["accuracy"])
    return model


def trained(lab: Lab, epochs: int = 3, **kwargs: object) -> tuple[keras.Model, object]:
    model = classifier()
    history = model.fit(
        X, Y, epochs=epochs, batch_size=16, callbacks=[lab.record("classifier", units=2)], **kwargs
    )
    return model, history


def graded(data: bytes | None, **options: object) -> Lab:
    session.install({"classifier": data} if data is not None else {}, **options)  # type: ignore[arg-type]
    return Lab("mini", lang="fr")


KEPT = Path("recordings", "mini", "classifier.safetensors")


@pytest.fixture(scope="module")
def trained_once(mini_key: Key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    place = tmp_path_factory.mktemp("trained")
    mini_key.save(place / "labs" / "mini.key")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(display, "namespace", lambda: globals())
        patch.setenv(BUDGET, "600")  # a busy machine must not cut it short
        trained(Lab("mini", lang="en"))
        yield (place / KEPT).read_bytes()
    session.leave()


@pytest.fixture
def recorded(place: Path, trained_once: bytes) -> bytes:
    (place / KEPT).parent.mkdir(parents=True)
    (place / KEPT).write_bytes(trained_once)
    return trained_once


def test_fit_is_recorded_with_all_that_belongs_to_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab("mini", lang="fr")
    model, history = trained(lab)
    out = capsys.readouterr().out
    assert "enregistré dans recordings/mini/classifier.safetensors" in out
    assert "à atteindre : exactitude ≥ 0,98" in out
    assert (
        "pour l'instant" not in out
    )  # what is reached on the training's own examples is no measure
    found = lab.recording("classifier")
    assert found.settings == {"units": 2}
    assert found.history.keys() == {"loss", "accuracy"}
    np.testing.assert_allclose(found.history["loss"], history.history["loss"], rtol=1e-6)  # type: ignore[attr-defined]
    assert found.manifest["epochs"] == 3 and not found.manifest["stopped_by_budget"]
    assert {"python", "keras", "tensorflow", "numpy", "grader"} <= set(found.manifest["versions"])
    assert found.manifest["inputs"] == {"shape": [1, 5], "dtype": "float32"}
    # The model in memory has the very weights that will be graded.
    np.testing.assert_array_equal(found.rebuild()(X), model(X))
    assert not list((place / "recordings" / "mini").glob(".*"))


def test_the_seed_is_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ["keras.utils.set_random_seed(7)", "SEED = 1234\nkeras.utils.set_random_seed(SEED)"]
    monkeypatch.setattr(display, "cells", lambda: cells)
    monkeypatch.setitem(globals(), "SEED", 1234)
    lab = Lab("mini", lang="en")
    trained(lab, epochs=1)
    assert lab.recording("classifier").manifest["seed"] == 1234


def test_training_stops_at_its_budget(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab("mini", lang="en")
    model = classifier()
    model.fit(X, Y, epochs=10_000, callbacks=[lab.record("classifier", max_seconds=1.0)])
    found = lab.recording("classifier")
    assert found.manifest["stopped_by_budget"] and found.manifest["seconds"] >= 1
    assert 0 < len(found.history["loss"]) < 10_000
    assert "stopped at the time budget of 1 s" in capsys.readouterr().out


def test_the_environment_may_change_the_budget(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab("mini", lang="en")
    assert lab.record("a").budget == 30.0
    monkeypatch.setenv("LAB_TRAINING_SECONDS", "7")
    assert lab.record("a").budget == 7.0
    assert lab.record("a", max_seconds=3).budget == 3.0


def test_weights_restored_by_a_later_callback_are_the_ones_recorded(place: Path) -> None:
    lab = Lab("mini", lang="en")
    model = classifier()
    stop = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
    model.fit(X, Y, epochs=8, callbacks=[lab.record("classifier"), stop])
    assert len(lab.history("classifier")["loss"]) < 8
    np.testing.assert_array_equal(lab.recording("classifier").rebuild()(X), model(X))


SOURCES = {
    "arrays": lambda: (X, Y),
    "tensors": lambda: (tf.constant(X), tf.constant(Y)),
    "dataset": lambda: (tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(64).batch(16),),
    "generator": lambda: (iter([(X, Y)] * 9),),
    "py_dataset": lambda: (_Batches(),),
    "none": lambda: (),
}


class _Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        return X[16 * i : 16 * i + 16], Y[16 * i : 16 * i + 16]


@pytest.mark.parametrize("kind", SOURCES)
def test_a_graded_fit_replays_and_never_makes_a_train_step(recorded: bytes, kind: str) -> None:
    lab = graded(recorded)
    model = classifier()

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("a train step was made")

    model.make_train_function = never
    called: list[int] = []
    other = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: called.append(e))
    history = model.fit(
        *SOURCES[kind](), epochs=3, callbacks=[other, lab.record("classifier", units=2)]
    )
    want = Recording.from_bytes(recorded)
    np.testing.assert_array_equal(model(X), want.rebuild()(X))
    assert history.history == want.history and history.epoch == [0, 1, 2]
    assert model.history is history and called == []
    assert lab.history("classifier") == want.history
    assert session.current.events == [{"recording": "classifier", "what": "replayed"}]
    assert model.evaluate(X, Y, verbose=0)[1] > 0


def test_weights_that_do_not_fit_leave_an_untrained_model(recorded: bytes) -> None:
    lab = graded(recorded)
    model = classifier(units=3)
    history = model.fit(X, Y, callbacks=[lab.record("classifier")])
    assert history.history == {} and model.built
    assert session.current.events == [{"recording": "classifier", "what": "shapes"}]
    assert not session.current.made


def test_a_damaged_recording_is_noted(recorded: bytes) -> None:
    lab = graded(recorded[:-7])
    model = classifier()
    model.fit(X, Y, callbacks=[lab.record("classifier")])
    assert model.built and session.current.events[0]["what"] == "damaged"


@pytest.mark.parametrize("rerun", [False, True])
def test_without_a_recording_or_with_rerun_training_is_done_under_the_budget(
    recorded: bytes, rerun: bool
) -> None:
    allowed: list[float] = []
    lab = graded(
        recorded if rerun else None, rerun=rerun, training_seconds=1.0, allow_more=allowed.append
    )
    model = classifier()
    model.fit(X, Y, epochs=10_000, callbacks=[lab.record("classifier")])
    made = Recording.from_bytes(session.current.made["classifier"])
    assert allowed == [1.0] and made.manifest["stopped_by_budget"]
    assert session.current.events == [{"recording": "classifier", "what": "trained"}]
    assert lab.history("classifier") == made.history


def test_what_a_data_set_does_before_its_first_batch_has_the_budget_already(place: Path) -> None:
    """Reading the clips of TP1 took longer than a cell may, on a busy machine."""
    allowed: list[float] = []
    asked: list[int] = []

    class Slow(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
            asked.append(len(allowed))
            return X[:16], Y[:16]

    lab = graded(None, training_seconds=60.0, allow_more=allowed.append)
    classifier().fit(Slow(), epochs=1, callbacks=[lab.record("classifier")])
    assert asked and set(asked) == {1}


def test_a_fit_without_lab_record_is_untouched(recorded: bytes) -> None:
    graded(recorded)
    model = classifier()
    assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2
    assert session.current.events == []


def loop(lab: Lab, model: keras.Model, n: int = 30, **options: object) -> list[int]:
    optimizer = keras.optimizers.Adam(0.05)
    done = []
    with lab.record("classifier", model=model, **options) as run:  # type: ignore[arg-type]
        for step in run.steps(n):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(
                    keras.losses.sparse_categorical_crossentropy(Y, model(X), from_logits=True)
                )
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            run.log(loss=loss)
            done.append(step)
    assert run.history["loss"]
    return done


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dense(6, activation="relu")
        self.outer = layers.Dense(2)

    def call(self, x):  # type: ignore[no-untyped-def]
        return self.outer(self.inner(x))


@pytest.mark.parametrize("make", [classifier, Subclassed])
def test_a_loop_is_recorded_and_replayed(place: Path, make: type) -> None:
    lab = Lab("mini", lang="en")
    model = make()
    assert loop(lab, model, rate=0.05) == list(range(30))
    found = lab.recording("classifier")
    assert found.manifest["steps"] == 30 and found.settings == {"rate": 0.05}
    assert len(found.history["loss"]) == 30 and found.history["loss"][-1] < found.history["loss"][0]
    again = graded(found.to_bytes())
    fresh = make()
    assert loop(again, fresh) == []
    np.testing.assert_array_equal(fresh(X), model(X))


def test_a_loop_stops_at_its_budget_and_keeps_nothing_when_it_fails(place: Path) -> None:
    lab = Lab("mini", lang="en")
    assert 0 < len(loop(lab, classifier(), n=1_000_000, max_seconds=0.5)) < 1_000_000
    (lab.recordings / "classifier.safetensors").unlink()
    with pytest.raises(ZeroDivisionError), lab.record("classifier", model=classifier()) as run:
        for _ in run.steps(3):
            1 / 0  # noqa: B018
    assert not (lab.recordings / "classifier.safetensors").exists()
    with pytest.raises(LabError, match="which model"), lab.record("classifier"):
        pass


def test_an_interrupted_loop_is_kept(place: Path) -> None:
    lab = Lab("mini", lang="en")
    model = classifier()
    model(X)
    with pytest.raises(KeyboardInterrupt), lab.record("classifier", model=model) as run:
        for step in run.steps(9):
            run.log(loss=1.0)
            if step == 4:
                raise KeyboardInterrupt
    assert lab.recording("classifier").manifest["stopped"] == "interrupted"


def test_after_a_restart_the_recording_is_found_and_restored(recorded: bytes, place: Path) -> None:
    lab = Lab("mini", lang="en")
    model = classifier()  # not built yet
    curves_ = lab.restore("classifier", model)
    np.testing.assert_array_equal(model(X), Recording.from_bytes(recorded).rebuild()(X))
    assert curves_ == lab.history("classifier")
    with pytest.raises(LabError, match="does not fit this model"):
        lab.restore("classifier", classifier(units=7))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_loses_nothing_as_a_plain_user(place: Path) -> None:
    place.chmod(0o500)
    try:
        lab = Lab("mini", lang="en")
        trained(lab)
        assert lab.recording("classifier").parameters == 66
    finally:
        place.chmod(0o700)


def test_a_disk_that_is_full_loses_nothing(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    lab = Lab("mini", lang="en")
    trained(lab)
    assert "No space left on device" in capsys.readouterr().out
    assert lab.recording("classifier").parameters == 66


def test_a_training_that_diverged_is_said_to_have(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab("mini", lang="en")
    model = classifier()
    model.fit(X * np.nan, Y, callbacks=[lab.record("classifier")])
    assert "the training diverged" in capsys.readouterr().out


def test_a_replay_outside_grading_shows_the_recordings_curves(
    recorded: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(session.REPLAY, "1")
    capsys.readouterr()
    model, _ = trained(Lab("mini", lang="en"))
    out = capsys.readouterr().out
    assert "loaded from its recording" in out and "accuracy" in out
    np.testing.assert_array_equal(model(X), Recording.from_bytes(recorded).rebuild()(X))


def test_goals_of_a_recording(place: Path) -> None:
    lab = Lab("mini", lang="en")
    (goal,) = goals(lab.key, "classifier")
    assert (goal.metric, goal.target) == ("accuracy", 0.98)
    assert goal.so_far({"accuracy": [0.9], "val_accuracy": [0.5, 0.7]}) == 0.7
    assert goal.so_far({"val_sparse_categorical_accuracy": [0.6]}) == 0.6
    assert goal.so_far({"accuracy": [0.9]}) is None


def test_a_model_that_was_not_made_is_refused_in_one_line(place: Path) -> None:
    lab = Lab("mini", lang="fr")
    with pytest.raises(LabError, match=r"l'appel classifier\(\) a-t-il été oublié"):
        lab.record("classifier", model=classifier)
    with pytest.raises(LabError, match="_Batches est une classe, il faut un modèle"):
        lab.restore("classifier", _Batches)


def test_after_a_restart_a_recording_is_found_before_it_is_replaced(
    recorded: bytes, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    lab = Lab("mini", lang="en")
    model = classifier()
    lab.restore("classifier", model)
    kept = Recording.from_bytes(recorded)
    model(X)
    lab.restore("classifier", model)
    np.testing.assert_array_equal(model(X), kept.rebuild()(X))
    assert lab.history("classifier") == kept.history
    trained(lab)
    assert "to take it up instead: lab.restore('classifier', model)" in capsys.readouterr().out
    trained(lab)
    assert "to take it up instead" not in capsys.readouterr().out


def test_on_colab_a_recording_is_said_to_be_fleeting(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    trained(Lab("mini", lang="fr"))
    assert "Colab l'oublie à la fin de la session" in capsys.readouterr().out


def test_a_look_for_keras_before_its_import_does_not_lose_the_replay(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("class Model:\n    def fit(self, x=None): ...\n")
    script = (
        "from importlib.util import find_spec\n"
        "from grader.notebook import session\n"
        "session.watch_fit()\n"
        "assert find_spec('keras') is not None\n"
        "import keras, sys\n"
        "assert getattr(keras.Model.fit, session._PATCHED)\n"
        "assert not any(isinstance(f, session._Awaiting) for f in sys.meta_path)\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).resolve().parents[2])])
    subprocess.run(
        [sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": path}
    )


def test_the_metric_so_far_is_what_a_check_would_find(
    place: Path, mini_key: Key, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = np.stack([1.0 - Y, Y], axis=1)
    trained_check = replace(
        mini_key.check("train.accuracy"),
        probe=Probe((call("scores", student("model"), numpy_array(X), into="out"),)),
        expect={"out": Metric("mean_squared_error", 9.0, 0.01)}, expected={"out": wanted},
    )  # fmt: skip
    checks = [trained_check if c.kind == "clean" else c for c in mini_key.checks]
    replace(mini_key, checks=tuple(checks)).save(place.parent / "mini.key")
    model = classifier()
    names = {"model": model, "scores": lambda m, x: np.asarray(m(x))}
    monkeypatch.setattr(display, "namespace", lambda: names)
    lab = Lab("mini", lang="en")
    run = lab.record("classifier")
    model.fit(X, Y, epochs=3, batch_size=16, callbacks=[run], verbose=0)
    found = float(np.mean((np.asarray(model(X)) - wanted) ** 2))
    (said,) = re.findall(r"≤ 0.01 \(so far ([\d.]+)\)\n", capsys.readouterr().out)
    assert float(said) == pytest.approx(found, rel=1e-2)
    # Another model of the notebook is not what is being trained: nothing is said of it.
    (goal,) = goals(lab.key, "classifier")
    assert measure(lab.key, goal, names, classifier()) is None
    assert measure(lab.key, goal, {**names, "scores": None}, model) is None

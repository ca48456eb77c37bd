"""`lab.record`: watch a training, stop it in time, keep what it learnt; when graded, replay it."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from grader import __version__
from grader.check.compare import Metric
from grader.check.judge import instead_of_a_model
from grader.check.key import Key, Limits
from grader.check.observe import observe
from grader.check.recording import Recording
from grader.check.text import Text, gettext
from grader.check.weights import BadRecording, array_of, weight_paths
from grader.notebook import display, plot, session
from grader.notebook.errors import LabError
from grader.notebook.files import write
from grader.notebook.holes import NotTrainedYet

if TYPE_CHECKING:
    from grader.notebook.lab import Lab

BUDGET = "LAB_TRAINING_SECONDS"  # environment: another time budget for every training
MAX_HISTORY = 2_000
_EVERY = 1.0  # seconds between two updates of what is shown
_EVERY_TEXT = 5.0
_FEW = 10  # epochs, up to which the loss is drawn batch by batch
_SHARE = 0.1  # of a training's time that may go into measuring how far it is


@dataclass(frozen=True)
class Goal:
    """What a check will ask of a recording.

    Attributes:
        value: the result of its probe that the metric is of.
    """

    metric: str
    target: float
    floor: float
    check: str = ""
    value: str = ""

    def so_far(self, history: Mapping[str, list[float]]) -> float | None:
        """The newest value of a curve that stands for the metric, validation first."""
        names = [f"val_{self.metric}", self.metric]
        if self.metric == "accuracy":
            names += ["val_sparse_categorical_accuracy", "sparse_categorical_accuracy"]
        if self.metric == "mean_squared_error":
            names += ["val_mse", "mse"]
        return next((history[n][-1] for n in names if history.get(n)), None)


def goals(key: Key | None, recording: str) -> list[Goal]:
    """The metrics that the key measures on a recording."""
    found: list[Goal] = []
    for check in key.checks if key is not None else ():
        if check.kind == "clean" and recording in check.measured:
            for value, wanted in check.expect.items():
                if isinstance(wanted, Metric):
                    goal = Goal(wanted.name, wanted.target, wanted.floor, check.id, value)
                    found.append(goal)
    return list({(g.metric, g.target, g.floor): g for g in found}.values())


def measure(key: Key, goal: Goal, names: Mapping[str, Any], model: Any) -> float | None:
    """The metric of a goal as ``lab.check`` would find it now, on the public data.

    None if the check cannot be previewed, or its probe does not ask the model that is trained.
    """
    check = key.check(goal.check)
    wanted = check.expect[goal.value]
    if check.probe is None or check.measured[1:] or not isinstance(wanted, Metric):
        return None
    if not any(names.get(n) is model for n in check.probe.names()):
        return None
    seen = observe(check.probe, names)
    if not isinstance(seen, dict) or seen.get("status") != "ok":
        return None
    return wanted.match(seen["values"].get(goal.value), check.expected.get(goal.value)).figure


# ------------------------------------------------------------------ one training


class Run:
    """One training under the lab's eyes; made by ``lab.record``."""

    takes_over_fit = True

    def _start(
        self,
        lab: Lab,
        name: str,
        given_model: Any,
        max_seconds: float | None,
        settings: Mapping[str, Any],
        weights: bool,
    ) -> None:
        self.lab = lab
        self.weights = weights
        self.name = name
        self.given_model = given_model
        self.settings = dict(settings)
        self.budget = budget(lab, max_seconds)
        self.curves: dict[str, list[float]] = {}
        self.batches: list[float] = []
        self.total: int | None = None
        self.done = 0.0
        self.unit = gettext("epoch")
        self.began = time.perf_counter()
        self.stopped = ""
        self.steps_done = 0
        self.inputs: Any = None
        self.recording: Recording | None = None
        self.live = _Live(self)
        self._mean = 0.0
        self._started: tuple[float, float] | None = None
        self._replaying: Recording | None = None
        self._in_fit = False
        self._ended = False

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def _batch_loss(self, batch: int, logs: Mapping[str, Any] | None) -> None:
        """Keep the loss of one batch, for the live curve.

        Keras gives the mean since the epoch began.
        """
        if self.live.quiet or not logs or "loss" not in logs:
            return
        mean = float(logs["loss"])
        before = self._mean if batch else 0.0
        self.batches.append(mean * (batch + 1) - before * batch)
        self._mean = mean

    @property
    def over_budget(self) -> bool:
        """Whether the time is up; a student's clock starts when the first step is done.

        The first step compiles the model, which on a slow machine takes longer than the rest.
        """
        if session.current.grading:
            return self.seconds > self.budget
        return self._started is not None and time.perf_counter() - self._started[0] > self.budget

    def _step_done(self) -> None:
        if self._started is None:
            self._started = (time.perf_counter(), self.done)

    @property
    def seconds_left(self) -> float | None:
        """By the pace so far, the first step apart; no more than the budget leaves."""
        if self._started is None or not self.total:
            return None
        spent, done = time.perf_counter() - self._started[0], self.done - self._started[1]
        if done <= 0 or self.done >= self.total:
            return None
        return min(spent / done * (self.total - self.done), max(0.0, self.budget - spent))

    def log(self, **metrics: Any) -> None:
        """Add one point to each curve: numbers or scalar tensors."""
        if self._replaying is not None:
            return
        for metric, value in metrics.items():
            self.curves.setdefault(metric, []).append(_number(value, metric, self.lab.lang))

    # -------------------------------------------------------------- model.fit

    def fit(self, original: Callable[..., Any], bound: Any) -> Any:
        """What ``model.fit`` does when this is among its callbacks."""
        model = bound.arguments["self"]
        data = session.current.recording(self.name)
        if data is not None:
            return self._replay_fit(model, data, bound.arguments.get("x"))
        if bound.arguments.get("verbose", "auto") == "auto":
            bound.arguments["verbose"] = 0
        self._train_allowed()  # first: a data set may take long to give its first batch
        self.inputs = _spec(_peek(bound.arguments.get("x")))
        self._in_fit = True
        try:
            history = original(*bound.args, **bound.kwargs)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            if any(self.curves.values()):
                self.finish(model)
            raise
        finally:
            self._in_fit = False
        self.finish(model)
        history._ipython_display_ = _nothing  # the curves stand there already
        return history

    def _train_allowed(self) -> None:
        state = session.current
        if state.grading:
            state.note(self.name, "trained")
            if state.allow_more is not None:
                state.allow_more(self.budget)
        elif self.name not in self.lab._made_here:
            self._say_earlier()
        self.began = time.perf_counter()

    def _say_earlier(self) -> None:
        """After a restart: there is a recording already, and how to take it up instead."""
        try:
            earlier = self.lab.recording(self.name)
        except (LabError, NotTrainedYet):
            return
        said = gettext("… {n} was recorded on {d} (trained {t:.0f} s). It is replaced when this training "
            "ends; to take it up instead: lab.restore({n!r}, model)", 
            n=self.name, d=made_at(earlier.manifest),
            t=float(earlier.manifest.get("seconds") or 0.0),
        )  # fmt: skip
        display.show(display.Note(said.to(self.lab.lang)))

    def _replay_fit(self, model: Any, data: bytes, x: Any) -> Any:
        """Weights and history of the recording, as if `fit` had run; no train step is made."""
        found = self._load(model, data, x)
        history = import_module("keras").callbacks.History()
        history.set_model(model)
        curves_ = {k: list(v) for k, v in found.history.items()} if found else {}
        history.history = curves_
        length = max((len(v) for v in curves_.values()), default=0)
        history.epoch = list(range(length))
        history.params = {"epochs": length, "steps": None, "verbose": 0}
        model.history = history
        history._ipython_display_ = _nothing
        return history

    def _load(self, model: Any, data: bytes, x: Any = None) -> Recording | None:
        """Put a recording into a model; what goes wrong is noted, never raised."""
        state = session.current
        try:
            found = Recording.from_bytes(data)
        except BadRecording:
            state.note(self.name, "damaged")
            _build(model, _batch(x))
            return None
        try:
            if found.weights:
                put_into(found, model, x)
        except BadRecording:
            state.note(self.name, "shapes")
            return None
        state.note(self.name, "replayed")
        self._replaying = self.recording = found
        self.curves, self._ended = found.history, True
        self.began = time.perf_counter() - float(found.manifest.get("seconds") or 0.0)
        self.live.end(gettext("loaded from its recording"))
        return found

    # -------------------------------------------------------------- a loop

    def __enter__(self) -> Run:
        if self.given_model is None and self.weights:
            raise LabError(
                "with lab.record({n!r}, model=…): which model is trained?",
                self.lab.lang,
                n=self.name,
            )
        self.unit = gettext("step")
        if session.current.recording(self.name) is None:
            self._train_allowed()
        return self

    def steps(self, n: int) -> Iterator[int]:
        """0, 1, … n − 1, until the time budget is used up; nothing when a recording is replayed.

        A model that has no weights yet and cannot be built without data is given one step.
        """
        data = session.current.recording(self.name)
        if data is not None:
            if not self._weights_ready(data):
                yield 0
            self._load(self.given_model, data)
            return
        self.total = (self.total or 0) + int(n)
        for i in range(int(n)):
            yield i
            self.done += 1
            self.steps_done += 1
            self._step_done()
            if self.over_budget:
                self.stopped = "budget"
                return
            if self.live.due():
                self.live.measure(self.given_model)
                self.live.tick()

    def _weights_ready(self, data: bytes) -> bool:
        try:
            found = Recording.from_bytes(data)
        except BadRecording:
            return True
        if found.weights and _lacks(self.given_model, found):
            _build_like(self.given_model, found)
        return not found.weights or not _lacks(self.given_model, found)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._replaying is not None or session.current.recording(self.name) is not None:
            return
        if kind is None or (issubclass(kind, KeyboardInterrupt) and self.steps_done):
            self.stopped = self.stopped or ("" if kind is None else "interrupted")
            self.finish(self.given_model)

    @property
    def history(self) -> dict[str, list[float]]:
        """Curves so far, or those of the recording that was replayed."""
        return self.recording.history if self.recording is not None else self.curves

    # -------------------------------------------------------------- the end

    def finish(self, model: Any) -> None:
        """Save the recording and give the model the weights as they were saved.

        Never raises: a training must not be lost because a disk is full.
        """
        if self._ended:
            return
        self._ended = True
        try:
            settings = {k: v for k, v in self.settings.items() if v is not None}
            lab, manifest = self.lab.id, self._manifest(model)
            if self.weights:
                made = Recording.of(lab, self.name, model, settings, manifest)
            else:
                made = Recording(lab, self.name, {}, settings=settings, manifest=manifest)
        except (TypeError, ValueError) as error:
            self.live.end(gettext("not recorded: {w}", w=str(error)))
            return
        self.recording = made
        if self.weights:
            made.load_into(model)
        data = made.to_bytes()
        state = session.current
        if state.grading:
            state.made[self.name] = data
            return
        self.lab._made_here.add(self.name)
        path = self.lab.recordings / f"{self.name}.safetensors"
        try:
            write(path, data)
        except OSError as error:
            self.lab._unsaved[self.name] = data
            self.live.end(_not_saved(path, error))
            return
        self.lab._unsaved.pop(self.name, None)
        self.live.measure(model, last=True)
        self.live.end(self._saved(path, len(data), made))

    def _manifest(self, model: Any) -> dict[str, Any]:
        return {
            "versions": versions(),
            "device": device(),
            "seed": _seed(),
            "seconds": round(self.seconds, 2),
            "budget_seconds": self.budget,
            "epochs": None if self.steps_done else max(map(len, self.curves.values()), default=0),
            "steps": self.steps_done or None,
            "stopped": self.stopped,
            "stopped_by_budget": self.stopped == "budget",
            "finite": all(
                bool(np.isfinite(np.asarray(w)).all())
                for w in (_values(model) if self.weights else ())
                if w.dtype.kind == "f"
            ),
            "history": {k: plot.thin(v, MAX_HISTORY) for k, v in self.curves.items()},
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "inputs": self.inputs,
            "build": _build_config(model),
        }

    def _saved(self, path: Path, size: int, made: Recording) -> Text:
        where = path.relative_to(self.lab.folder) if path.is_relative_to(self.lab.folder) else path
        text = gettext(
            "recorded in {p} ({s}, {t:.0f} s)", p=where, s=display.size(size), t=self.seconds
        )
        if self.stopped == "budget":
            text += gettext("; stopped at the time budget of {b:.0f} s", b=self.budget)
        if self.stopped == "interrupted":
            text += gettext("; interrupted by you")
        if "google.colab" in sys.modules:
            text += gettext(
                "; Colab forgets it when the session ends: lab.submit() gives you a zip to "
                "keep, which put back beside the notebook brings it back"
            )
        if not made.manifest["finite"]:
            text += gettext("; some weights are not finite numbers: the training diverged")
        return text


def record(
    lab: Lab,
    name: str,
    model: Any,
    max_seconds: float | None,
    settings: Mapping[str, Any],
    weights: bool = True,
) -> Run:
    """A `Run` that is also a Keras callback."""
    if not isinstance(name, str) or not name.replace("_", "").replace("-", "").isalnum():
        raise LabError(
            "lab.record(name): a short name of letters and digits, not {n!r}.", lab.lang, n=name
        )
    if isinstance(model, (type, FunctionType)):
        kind = "class" if isinstance(model, type) else "function"
        raise LabError(instead_of_a_model(model.__name__, kind), lab.lang)
    made: Run = _callback_class()()
    made._start(lab, name, model, max_seconds, settings, weights)
    return made


@lru_cache(maxsize=1)
def _callback_class() -> type[Any]:
    base: Any = import_module("keras").callbacks.Callback

    class Record(Run, base):  # type: ignore[misc]
        """A `Run` that Keras calls."""

        def on_train_begin(self, logs: Any = None) -> None:
            if not self._in_fit:
                self._train_allowed()
            self.total = self.params.get("epochs") if self.params else None

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            steps = self.params.get("steps") if self.params else None
            self._batch_loss(batch, logs)
            epochs = float(int(self.done))
            self.done = epochs + (min(batch + 1, steps - 0.01) / steps if steps else 0.0)
            self._step_done()
            if self.over_budget:
                self.stopped = "budget"
                self.model.stop_training = True
            self.live.tick(logs)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.done = float(int(self.done)) + 1.0
            self.log(**{k: v for k, v in (logs or {}).items()})
            if self.over_budget:
                self.stopped = "budget"
                self.model.stop_training = True
            self.live.measure(self.model)
            self.live.tick(force=True)

        def on_train_end(self, logs: Any = None) -> None:
            if not self._in_fit:
                self.finish(self.model)

    return Record


# ------------------------------------------------------------------ what is shown meanwhile


class _Live:
    """One line and the curves, updated in place in Jupyter; a line now and then elsewhere."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.quiet = session.current.grading
        self.last = 0.0
        self.cost = 0.0
        self.handle: Any = None
        self.goals = [] if self.quiet else goals(run.lab._key, run.name)
        self.measured: dict[Goal, float] = {}
        self.measuring = 0.0

    def measure(self, model: Any, last: bool = False) -> None:
        """Find out how far the goals are reached, at no more than a tenth of the training's time.

        Args:
            last: the training is over: once more, whatever it takes.
        """
        if self.quiet or not self.run.weights:
            return
        if not last and self.measuring > _SHARE * self.run.seconds:
            return
        began = time.perf_counter()
        for goal in self.goals:
            try:
                found = measure(self.run.lab.key, goal, display.namespace(), model)
            except Exception:  # a figure is a help; a training must not fail for want of it
                found = None
            if found is not None:
                self.measured[goal] = found
        self.measuring += time.perf_counter() - began

    def due(self) -> bool:
        """Whether it is time to show something."""
        pause = max(_EVERY if display.in_notebook() else _EVERY_TEXT, 20 * self.cost)
        return not self.quiet and time.perf_counter() - self.last >= pause

    def tick(self, logs: Mapping[str, Any] | None = None, force: bool = False) -> None:
        if self.quiet:
            return
        now = time.perf_counter()
        soon = force and display.in_notebook() and now - self.last >= 0.5
        if not soon and not self.due():
            return
        self.last = now
        self._show(self._line(logs), "")
        self.cost = time.perf_counter() - now

    def end(self, text: Text) -> None:
        if self.quiet:
            return
        self._show(self._line(None), text.to(self.run.lab.lang))

    def _line(self, logs: Mapping[str, Any] | None) -> str:
        run, lang = self.run, self.run.lab.lang
        parts = [run.name]
        if run.total:
            at = min(int(run.done) + (run.done % 1 > 0), run.total)
            parts.append(f"{run.unit.to(lang)} {at}/{run.total}")
        parts.append(f"{run.seconds:.0f} s")
        left = run.seconds_left
        if left is not None and not run.stopped and not run._ended:
            parts.append(gettext("{s:.0f} s left", s=left).to(lang))
        newest = {k: v[-1] for k, v in run.curves.items() if v}
        for k, v in (logs or {}).items():
            if k not in newest:
                newest[k] = _number(v, k, lang)
        parts += [f"{k} {v:.4g}" for k, v in newest.items() if k != "learning_rate"]
        for goal in self.goals:
            value = self.measured.get(goal)
            if value is None:
                value = goal.so_far(run.curves)
            sign = "≤" if goal.target < goal.floor else "≥"
            aim = gettext("to reach: {m} {s} {t:g}")
            if value is not None:
                aim += gettext(" (so far {v:.3g})", v=value)
            parts.append(
                Text(en=aim.en, fr=aim.fr).fill(m=goal.metric, s=sign, t=goal.target).to(lang)
            )
        return "  ·  ".join(parts)

    def _drawn(self, alt: str) -> plot.Svg:
        """Curves over epochs or steps; in the first few epochs, of the loss batch by batch."""
        run, lang = self.run, self.run.lab.lang
        targets = {g.metric: g.target for g in self.goals}
        epochs = max(map(len, run.curves.values()), default=0)
        history: Mapping[str, list[float]] = run.curves
        each = 1.0
        if epochs < _FEW and run.done > 0 and len(run.batches) > _FEW:
            history, each = {**run.curves, "loss": run.batches}, run.done / len(run.batches)
        return plot.training(history, alt, run.unit.to(lang), lang, run.total, targets, each)

    def _show(self, line: str, end: str) -> None:
        text = f"{line}\n  {end}" if end else line
        if not display.in_notebook():
            print(text, flush=True)
            return
        run, lang = self.run, self.run.lab.lang
        alt = gettext("curves of {n}: {l}", n=run.name, l=line)
        drawn = plot.image(self._drawn(alt.to(lang)))
        total = run.total or 1
        bar = (
            f'<progress value="{min(run.done, total):g}" max="{total:g}" '
            f'aria-label="{escape(run.name, quote=True)}"></progress> '
        )
        note = display.Note(
            text,
            f"{bar}{display.html_of(line)}" + (f"<br>{display.html_of(end)}" if end else "")
            + (f"<br>{drawn}" if drawn else ""),
        )  # fmt: skip
        from IPython.display import display as put

        if self.handle is None:
            self.handle = put(note, display_id=True)
        else:
            self.handle.update(note)


def _nothing() -> None:
    """What the history of a recorded training shows as the last value of a cell."""


def made_at(manifest: Mapping[str, Any]) -> str:
    """When a recording was made, in local time: ``2026-03-14 15:09``; "?" if it does not say."""
    try:
        made = datetime.fromisoformat(str(manifest.get("created")))
        return made.astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "?"


def _not_saved(path: Path, error: OSError) -> Text:
    return gettext(
        "could not write {p} ({w}): free some space, then lab.submit(), which has it in memory",
        p=path.name,
        w=error.strerror or type(error).__name__,
    )


# ------------------------------------------------------------------ weights into a model


def put_into(recording: Recording, model: Any, x: Any = None) -> None:
    """Give a model a recording's weights, building it first if it has none yet.

    Raises:
        BadRecording: ``shapes``.
    """
    if _lacks(model, recording):
        _build(model, _batch(x))
        if _lacks(model, recording):
            _build_like(model, recording)
    recording.load_into(model)


def _lacks(model: Any, recording: Recording) -> bool:
    """Whether a model has weights yet to be made."""
    return len(weight_paths(model)) < len(recording.weights)


def _build(model: Any, batch: Any) -> None:
    if batch is None:
        return
    for more in ({"training": False}, {}):
        try:
            model(batch, **more)
            return
        except TypeError:
            continue
        except Exception:  # the student's model; what it lacks shows when the weights do not fit
            return


def _build_like(model: Any, recording: Recording) -> None:
    """Build a model from what the recording says of its inputs."""
    spec = recording.manifest.get("inputs")
    if spec is not None:
        _build(model, _zeros(spec))
    config = recording.manifest.get("build")
    if isinstance(config, Mapping) and _lacks(model, recording):
        with suppress(Exception):
            model.build_from_config(dict(config))


def _build_config(model: Any) -> Any:
    from grader.check.recording import _json

    try:
        return _json(model.get_build_config(), "build")
    except Exception:
        return None


def _peek(x: Any) -> Any:
    """One example of what `fit` is given, if it can be had without using any of it up."""
    if x is None or hasattr(x, "__next__"):
        return None
    try:
        return _batch(x)
    except Exception:
        return None


def _batch(x: Any) -> Any:
    """One small batch of inputs out of anything that ``model.fit`` takes; None if there is none."""
    if x is None:
        return None
    spec = getattr(x, "element_spec", None)
    if spec is not None:  # tf.data: its signature says it all
        first = spec[0] if isinstance(spec, tuple) else spec
        made = _of_spec(first)
        if made is not None:
            return made
        return _inputs(next(iter(x)))
    if isinstance(x, (list, tuple, dict)) or hasattr(x, "shape") or hasattr(x, "__array__"):
        return import_module("keras").tree.map_structure(
            lambda a: np.asarray(a)[:1] if isinstance(a, (list, int, float)) else a[:1], x
        )
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):  # PyDataset
        return _inputs(x[0])
    if hasattr(x, "__iter__"):
        return _inputs(next(iter(x)))
    return None


def _inputs(batch: Any) -> Any:
    return batch[0] if isinstance(batch, (tuple, list)) else batch


def _of_spec(spec: Any) -> Any:
    tree = import_module("keras").tree

    def zeros(one: Any) -> np.ndarray:
        shape = [int(n) if n is not None else 1 for n in one.shape.as_list()]
        return np.zeros(shape, one.dtype.as_numpy_dtype)

    try:
        return tree.map_structure(zeros, spec)
    except Exception:
        return None


def _spec(batch: Any) -> Any:
    """Shapes and dtypes of a batch as JSON, so that a recording can build its model again."""
    if batch is None:
        return None
    if isinstance(batch, dict):
        return {"dict": {str(k): _spec(v) for k, v in batch.items()}}
    if isinstance(batch, (list, tuple)):
        return {"list": [_spec(v) for v in batch]}
    try:
        kind = np.dtype(getattr(batch.dtype, "as_numpy_dtype", batch.dtype))
        return {"shape": [int(n) for n in batch.shape], "dtype": kind.name}
    except Exception:
        return None


def _zeros(spec: Any) -> Any:
    if not isinstance(spec, Mapping):
        return None
    if "dict" in spec:
        return {k: _zeros(v) for k, v in spec["dict"].items()}
    if "list" in spec:
        return [_zeros(v) for v in spec["list"]]
    try:
        if np.prod([max(1, int(n)) for n in spec["shape"]]) > 10**7:
            return None
        return np.zeros([int(n) for n in spec["shape"]], np.dtype(str(spec["dtype"])))
    except (KeyError, TypeError, ValueError):
        return None


def _values(model: Any) -> Iterator[np.ndarray]:
    for variable in weight_paths(model).values():
        yield array_of(variable)


# ------------------------------------------------------------------ small facts


def budget(lab: Lab, max_seconds: float | None) -> float:
    """Seconds that a training may take: the run's, the argument's, the environment's, the lab's."""
    state = session.current
    if state.grading and state.training_seconds is not None:
        return state.training_seconds
    if max_seconds is not None:
        return float(max_seconds)
    try:
        return float(os.environ[BUDGET])
    except (KeyError, ValueError):
        return lab._key.limits.training_seconds if lab._key else Limits().training_seconds


def versions() -> dict[str, str]:
    """Versions of what matters to a training, as far as it is loaded."""
    found = {"python": platform.python_version(), "grader": __version__}
    for name in ("keras", "tensorflow", "numpy"):
        module = sys.modules.get(name)
        if module is not None:
            found[name] = str(getattr(module, "__version__", "?"))
    return found


def device() -> dict[str, Any]:
    """Processor or graphics card that TensorFlow computes on."""
    found: dict[str, Any] = {"kind": "cpu", "cores": os.cpu_count()}
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        with suppress(Exception):
            cards = tensorflow.config.list_physical_devices("GPU")
            if cards:
                details = tensorflow.config.experimental.get_device_details(cards[0])
                found |= {"kind": "gpu", "name": str(details.get("device_name", "GPU"))}
    return found


_SEED = re.compile(r"^[^#\n]*\bset_(?:random_)?seed\(\s*(\w+)", re.M)


def _seed() -> int | None:
    """What the cells that were run gave to ``keras.utils.set_random_seed`` last, if anything."""
    for cell in reversed(display.cells()):
        given = _SEED.findall(cell)
        if given:
            value = given[-1]
            seed = int(value) if value.isdigit() else display.namespace().get(value)
            return seed if isinstance(seed, int) else None
    return None


def _number(value: Any, name: str, lang: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        return float(np.asarray(value).mean())
    except (TypeError, ValueError):
        raise LabError(
            "run.log({n}=…): a number is needed, a {t} came.", lang, n=name, t=type(value).__name__
        ) from None

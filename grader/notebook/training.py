"""`lab.record`: watch a training, stop it in time, keep what it learnt; when graded, replay it."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grader import __version__
from grader.check.key import Limits
from grader.check.recording import Recording
from grader.check.text import Text, gettext
from grader.check.weights import BadRecording, array_of, weight_paths
from grader.notebook import display, plot, session
from grader.notebook.errors import LabError
from grader.notebook.files import write
from grader.notebook.holes import NotTrainedYet
from grader.notebook.live import Live, number_of
from grader.notebook.loading import (
    batch_of,
    build,
    build_config,
    build_like,
    lacks,
    must_be_made,
    peek,
    put_into,
    spec_of,
)  # fmt: skip

if TYPE_CHECKING:
    from grader.notebook.lab import Lab

BUDGET = "LAB_TRAINING_SECONDS"  # environment: another time budget for every training
MAX_HISTORY = 2_000
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
        self.live = Live(self)
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
            self.curves.setdefault(metric, []).append(number_of(value, metric, self.lab.lang))

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
        self.inputs = spec_of(peek(bound.arguments.get("x")))
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
            build(model, batch_of(x))
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
        if found.weights and lacks(self.given_model, found):
            build_like(self.given_model, found)
        return not found.weights or not lacks(self.given_model, found)

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
            "build": build_config(model),
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
    must_be_made(model, lab.lang)
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

"""What this process is doing: a student's notebook at work, or a graded run of it.

`current` is one of the few globals of the kit: the notebook's own code (``Lab``, ``lab.record``)
has to find out, without being told by the student, whether it is being graded.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import Any

from grader.check.text import Text, gettext
from grader.notebook import settings

_PATCHED = "_lab_kit"
REPLAY = "LAB_REPLAY"  # environment: recordings that are there are loaded instead of training


@dataclass
class Session:
    """State of one run.

    Attributes:
        grading: True in the student zone: nothing is displayed, nothing needs a key.
        recordings: name → bytes of the recordings that were handed in.
        rerun: train even where there is a recording.
        lang: language of the run; the notebook's own if None.
        training_seconds: time budget of one training; the lab's own if None.
        allow_more: called with the budget before a training that must be done.
        events: ``{"recording": name, "what": …}``; `what` is ``replayed``, ``trained``, ``damaged``
            (the recording cannot be read) or ``shapes`` (its weights do not fit the model).
    """

    grading: bool = False
    recordings: Mapping[str, bytes] = field(default_factory=dict)
    rerun: bool = False
    lang: str | None = None
    training_seconds: float | None = None
    allow_more: Callable[[float], None] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)

    def recording(self, name: str) -> bytes | None:
        """The recording to load instead of training, if there is one."""
        if self.rerun or not (self.grading or os.environ.get(REPLAY)):
            return None
        return self.recordings.get(name)

    def note(self, recording: str, what: str) -> None:
        event = {"recording": recording, "what": what}
        if event not in self.events:
            self.events.append(event)

    def notice(self, what: str, name: str) -> None:
        """Note what was passed over (``magic``) or put right (``setting``); see `told`."""
        event = {"what": what, "name": name}
        if event not in self.events and len(self.events) < 50:
            self.events.append(event)


current = Session()


def install(
    recordings: Mapping[str, bytes] | None = None,
    rerun: bool = False,
    lang: str | None = None,
    training_seconds: float | None = None,
    allow_more: Callable[[float], None] | None = None,
) -> Session:
    """Begin a graded run in this process, and make ``model.fit`` replay recordings.

    Returns:
        The new `current`.
    """
    global current
    current = Session(True, dict(recordings or {}), rerun, lang, training_seconds, allow_more)
    watch_fit()
    return current


def leave() -> None:
    """End the graded run: back to a student's notebook (used by tests)."""
    global current
    current = Session()


def watch_fit() -> None:
    """Let a `lab.record` callback take over ``model.fit``, now or as soon as Keras is imported.

    Keras finds a callback too late (``model.fit`` has been looked up, the train step is made), so
    `keras.Model.fit` itself asks its callbacks first. A `fit` without such a callback is unchanged.
    """
    keras: Any = sys.modules.get("keras")
    model = getattr(keras, "Model", None)
    if model is not None:
        _wrap(model)
    elif not any(isinstance(f, _Awaiting) for f in sys.meta_path):
        sys.meta_path.insert(0, _Awaiting())


def _wrap(model: Any) -> None:
    original = model.fit
    if getattr(original, _PATCHED, False):
        return
    signature = inspect.signature(original)

    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:
            return original(self, *args, **kwargs)
        callbacks = bound.arguments.get("callbacks")
        listed = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
        for callback in listed:
            if callback is not None and getattr(callback, "takes_over_fit", False):
                return callback.fit(original, bound)
        return original(self, *args, **kwargs)

    setattr(fit, _PATCHED, True)
    model.fit = fit


class _Awaiting(MetaPathFinder):
    """Wraps ``keras.Model.fit`` the moment that Keras has been imported."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        try:
            spec = find_spec("keras")
        finally:
            sys.meta_path.insert(0, self)  # whoever only asks where Keras is does not import it
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            execute(module)
            if hasattr(module, "Model"):
                _wrap(module.Model)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def told(event: Mapping[str, Any]) -> Text | None:
    """What `Session` noted, in words; an event may come from a student's process."""
    what, name = event.get("what"), str(event.get("name", event.get("recording", "")))[:60]
    if what == "setting":
        setting = settings.NAMES.get(name)
        return setting and gettext("put right before the checks: {s}", s=setting)
    texts = {
        "shapes": gettext("the recording {name!r} does not fit the model that the notebook builds"),
        "damaged": gettext("the recording {name!r} cannot be read"),
        "trained": gettext("no recording {name!r}: the model was trained again"),
        "magic": gettext("{name} does nothing when graded"),
    }
    text = texts.get(str(what))
    return text.fill(name=name) if text else None

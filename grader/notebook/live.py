"""What a student sees while a network trains: one line, its curves, and how far the goals are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.check.compare import Metric
from grader.check.key import Key
from grader.check.observe import observe
from grader.check.text import Text, gettext, quantity, same, significant
from grader.notebook import display, plot, session
from grader.notebook.errors import LabError

if TYPE_CHECKING:
    from grader.notebook.training import Run

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
        """The newest value of a validation curve that stands for the metric.

        What a network reaches on the examples it learns from says nothing about a goal on others.
        """
        names = {
            "accuracy": ("accuracy", "sparse_categorical_accuracy", "categorical_accuracy"),
            "mean_squared_error": ("mean_squared_error", "mse"),
        }.get(self.metric, (self.metric,))
        return next((history[f"val_{n}"][-1] for n in names if history.get(f"val_{n}")), None)


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


class Live:
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
                newest[k] = number_of(v, k, lang)
        parts += [f"{k} {significant(v, lang)}" for k, v in newest.items() if k != "learning_rate"]
        for goal in self.goals:
            value = self.measured.get(goal)
            if value is None:
                value = goal.so_far(run.curves)
            sign = "≤" if goal.target < goal.floor else "≥"
            aim = gettext("to reach: {m} {s} {t}")
            if value is not None:
                aim += gettext(" (so far {v})", v=quantity(value, 3))
            parts.append(
                Text(en=aim.en, fr=aim.fr)
                .fill(m=self._name(goal), s=sign, t=quantity(goal.target))
                .to(lang)
            )
        return "  ·  ".join(parts)

    def _name(self, goal: Goal) -> Text:
        """What a goal is about, in the words of its check."""
        key = self.run.lab._key
        return key.check(goal.check).title if key is not None else same(goal.metric)

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


def number_of(value: Any, name: str, lang: str) -> float:
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

"""`Lab`: what a student's notebook calls."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.check.compare import Metric
from grader.check.examples import smallest
from grader.check.judge import Evidence, Verdict, judge, near_names
from grader.check.key import Check, Key
from grader.check.names import reach
from grader.check.observe import LimitHit, Made, observe, plain
from grader.check.recording import Recording
from grader.check.text import Text, gettext, ngettext, quantity, same
from grader.check.tree import Tree
from grader.check.weights import BadRecording
from grader.notebook import (
    display,
    figures,
    holes,
    locate,
    plot,
    predictions,
    progress,
    session,
    surroundings,
)
from grader.notebook.cells import current_cells, relevant
from grader.notebook.checking import MEASURED, observe_check
from grader.notebook.clock import Clock, limit_record, limited
from grader.notebook.errors import LabError, NoSuchCall

if TYPE_CHECKING:
    from grader.notebook.training import Run


class Lab:
    """A lab, in the notebook of one student.

    Args:
        id: the lab's name, ``"tp4_transformer"``.
        lang: ``"fr"`` or ``"en"``: the language of what is shown; the system's if not given.

    Raises:
        LabError: there is no such lab, or its public key belongs to another release.
    """

    def __init__(self, id: str, lang: str | None = None) -> None:
        self.id = id
        self.lang = session.current.lang or lang or _system_lang()
        self.folder = Path.cwd()
        self.verdicts: dict[str, Verdict] = {}
        self.answers: dict[str, Any] = {}
        self.predictions: dict[str, predictions.Prediction] = {}
        self._observations: dict[str, Tree] = {}
        self.hinted: dict[str, int] = {}
        self._unsaved: dict[str, bytes] = {}
        self._made_here: set[str] = set()
        session.watch_fit()
        # TensorFlow writes lines about graphics cards under the cell that imports it.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if not session.current.grading and os.environ.get(session.REPLAY):
            kept = sorted(self.recordings.glob("*.safetensors"))
            session.current.recordings = {path.stem: path.read_bytes() for path in kept}
        self._key: Key | None = None
        if not session.current.grading:
            self._key = locate.load_key(id, self.lang, self.folder)
            self._holes = holes.Holes(
                {name: e.id for e in self._key.exercises for name in e.defines}
            )
            running = display.shell()
            if running is not None:
                holes.install(running, self._holes, self._say_open)
                figures.speak(self.lang)
                self._look_around(running.user_ns)
                self._bring_back()
            progress.load(self)

    def _look_around(self, names: Mapping[str, Any]) -> None:
        for line in surroundings.trouble(self.key, names, self.folder, self._file(names)):
            display.show(display.Note(line.to(self.lang)))

    @staticmethod
    def _file(names: Mapping[str, Any]) -> str:
        """The notebook's file name, where the front end tells it; else ""."""
        opened = names.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
        return Path(str(opened)).name

    def _bring_back(self) -> None:
        from grader.notebook.submit import bring_back, submission_name

        taken = bring_back(self)
        if taken:
            said = gettext(
                "recordings taken back from {z}: {n}",
                z=submission_name(self.id),
                n=", ".join(taken),
            )
            display.show(display.Note(said.to(self.lang)))

    def __getattr__(self, name: str) -> Any:
        """Say what was meant by a name that a lab does not have.

        Raises:
            AttributeError: always; `LabError` for a name without an underscore in front.
        """
        if name.startswith("_"):
            raise AttributeError(name)
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        calls = [n for n in known if callable(getattr(type(self), n))]
        raise NoSuchCall(
            gettext("there is no lab.{n}.", n=name) + _meant(name, known, calls),
            self.__dict__.get("lang", "en"),
        )

    @property
    def grading(self) -> bool:
        """True in a graded run, where what is only to be looked at may be skipped."""
        return session.current.grading

    @property
    def key(self) -> Key:
        """The lab's public answer key (not there in a graded run)."""
        if self._key is None:
            raise LabError("a graded run has no key", self.lang)
        return self._key

    def __repr__(self) -> str:
        title = self._key.title.to(self.lang) if self._key else ""
        return f"Lab({self.id!r}) {title}".rstrip()

    # -------------------------------------------------------------- checks

    def check(self, name: Any = None) -> None:
        """Check an exercise, and say what came, what was asked and which mistake it looks like.

        Args:
            name: an exercise's or a check's id, an exercise's number, or the function or class that
                it asks for; everything if not given.

        Raises:
            LabError: nothing is called so.
        """
        if session.current.grading:
            return
        checks = self._find(name)
        names = display.namespace()
        sources = current_cells(tuple(display.cells()))
        with limited(self.key.limits.cell_seconds, names) as clock:
            look = _Look(self, names, sources, clock)
            look.at(checks)
            verdicts = self._judge(checks, sources)
            if any(v.status in ("wrong", "error") for v in verdicts):
                used = self._built_on({c.exercise for c in checks})
                if used:
                    look.at(used)
                    verdicts = self._judge(checks, sources)
        verdicts = [self._kinder(v, names) for v in verdicts]
        self.verdicts |= {v.check: v for v in verdicts}
        progress.save(self)
        pictures = display.in_notebook()
        # A question that comes further down is no news here.
        answered = [
            v for v in verdicts if v.status != "missing" or self.key.check(v.check).kind != "answer"
        ]
        verdicts = answered or verdicts
        rows = [
            display.row(
                v, self.key, self.lang, self._picture(v) if pictures else "", len(verdicts) < 2
            )
            for v in verdicts
        ]
        display.show(display.Report(rows, self.lang, footer=self._example_of(verdicts)))

    def _example_of(self, verdicts: Sequence[Verdict]) -> str:
        """How to see the smallest example of what is not right, if there may be one."""
        wrong = (v for v in verdicts if v.status in ("wrong", "error"))
        found = next((v.exercise for v in wrong if self.key.check(v.check).examples), "")
        if not found:
            return ""
        return gettext("an example to check by hand: lab.explain({n!r})", n=found).to(self.lang)

    def explain(self, name: Any = None) -> None:
        """Show the smallest example found on which your code does something else than is asked.

        Args:
            name: as for `check`.

        Raises:
            LabError: nothing is called so.
        """
        if session.current.grading:
            return
        names = display.namespace()
        examples = [e for check in self._find(name) for e in check.examples]
        with limited(self.key.limits.cell_seconds, names):
            found = smallest(examples, (observe(e.probe, names) for e in examples))
        if found is None and examples:
            found = ngettext(
                "on the one small example that there is, your code does what is asked",
                "on {n} small examples your code does what is asked",
                len(examples),
            )
        elif found is None:
            found = gettext("there is no small example for this: see lab.check()")
        print(found.to(self.lang))

    def hint(self, name: Any = None) -> None:
        """Show one step more of the hints for the mistakes that `check` named last.

        Args:
            name: as for `check`.

        Raises:
            LabError: nothing is called so.
        """
        if session.current.grading:
            return
        verdicts = [self.verdicts[c.id] for c in self._find(name) if c.id in self.verdicts]
        steps = {v.diagnosis: (v.hint, *v.more) for v in verdicts if v.diagnosis and v.hint.en}
        for mistake, texts in steps.items():
            self.hinted[mistake] = min(self.hinted.get(mistake, 1) + 1, len(texts))
            shown = texts[: self.hinted[mistake]]
            print("\n".join(f"{n}. {text.to(self.lang)}" for n, text in enumerate(shown, 1)))
        progress.save(self)
        if not steps:
            none = gettext("no hint here: lab.check() has named no mistake that has one")
            exercises = {c.exercise for c in self._find(name)} if name is not None else set()
            read = [e.read for e in self.key.exercises if e.id in exercises and e.read.en]
            print("\n".join([none.to(self.lang), *(f"→ {text.to(self.lang)}" for text in read)]))

    def _find(self, name: Any) -> list[Check]:
        key = self.key
        if name is None:
            return list(key.checks)
        if not isinstance(name, str):
            name = str(getattr(name, "__name__", type(name).__name__))
        for exercise in key.exercises:
            if name in (exercise.id, exercise.number) or name in exercise.defines:
                return list(key.of_exercise(exercise.id))
        found = [c for c in key.checks if c.id == name]
        if found:
            return found
        ids = [e.id for e in key.exercises] + [c.id for c in key.checks]
        raise LabError(
            gettext("no exercise called {n!r}.", n=name)
            + _meant(name, [*ids, *(d for e in key.exercises for d in e.defines)], ids),
            self.lang,
        )

    def _judge(self, checks: Sequence[Check], sources: Sequence[str]) -> list[Verdict]:
        asked = {c.exercise for c in checks}
        exercises = tuple(
            e if e.id in asked else replace(e, forbids=()) for e in self.key.exercises
        )
        wanted = [n for e in exercises if e.forbids for n in e.defines]
        evidence = Evidence(self._observations, relevant(tuple(sources), tuple(wanted)))
        ids = {c.id for c in checks}
        verdicts = judge(replace(self.key, exercises=exercises), evidence)
        return [v for v in verdicts if v.check in ids]

    def _built_on(self, exercises: set[str]) -> list[Check]:
        """Checks of the exercises that these use, directly or not."""
        used: set[str] = set()
        todo = list(exercises)
        while todo:
            for other in self.key.exercise(todo.pop()).uses:
                if other not in used | exercises:
                    used.add(other)
                    todo.append(other)
        return [c for c in self.key.checks if c.exercise in used and c.kind == "probe"]

    def _kinder(self, verdict: Verdict, names: Mapping[str, Any]) -> Verdict:
        """What only the notebook knows: a cell not run yet, a hole at top level, a recording."""
        check = self.key.check(verdict.check)
        metric = any(isinstance(wanted, Metric) for wanted in check.expect.values())
        if metric and verdict.message.en and verdict.status in ("right", "partial", "wrong"):
            said = gettext("{m}; the mark is measured on other examples", m=verdict.message)
            return replace(verdict, message=said)
        if verdict.status != "missing":
            return verdict
        if check.kind == "clean":
            lacking = self._lacking(check)
            if not lacking and any(self.answers.get(q) is None for q in check.answers):
                said = gettext("no answer yet")
                return replace(verdict, message=said)
            if not lacking and check.answers:
                said = gettext(
                    "{a}: held against your own recordings when you hand in",
                    a=_listed(self.answers[q] for q in check.answers),
                )
                return replace(verdict, status="pending", message=said)
            if check.probe is None and not lacking:
                return replace(verdict, status="pending", message=MEASURED)
            if not lacking:
                said = gettext(
                    "recorded; after a restart, run the cell that makes {n}, then "
                    "lab.restore({r!r}, model)",
                    n=(_error(self._observations.get(check.id)).get("name", "") or "model"),
                    r=check.recording,
                )
                return replace(verdict, status="pending", message=said)
            said = gettext(
                "not trained yet: run the cell with lab.record({r!r})", r=lacking or check.recording
            )
            return replace(verdict, message=said)
        seen = self._observations.get(check.id)
        if check.kind == "answer" or not isinstance(seen, dict):
            return verdict
        name = str(_error(seen).get("name", ""))
        if self._holes.pending.get(name) is not None or check.exercise in self._holes.open:
            said = gettext("not done yet")
            return replace(verdict, status="todo", message=said)
        if name not in names and not _error(seen).get("near"):
            said = gettext("{n} is not defined: run its cell first", n=name)
            return replace(verdict, message=said)
        return verdict

    def _lacking(self, check: Check) -> str:
        """The first recording that a clean check needs and that is not there yet, or ""."""
        if check.kind != "clean":
            return ""
        return next((r for r in check.measured if self._recording_bytes(r) is None), "")

    def _picture(self, verdict: Verdict) -> str:
        check = self.key.check(verdict.check)
        seen = self._observations.get(check.id)
        if not check.picture or not isinstance(seen, dict) or seen.get("status") != "ok":
            return ""
        try:
            return plot.image(
                plot.matrices(
                    (seen.get("values") or {}).get(check.picture),
                    check.expected.get(check.picture),
                    self.lang,
                    check.title.to(self.lang),
                )
            )
        except Exception:  # a picture is a help; a verdict must not fail for want of it
            return ""

    # -------------------------------------------------------------- answers

    def answer(self, id: str, value: Any) -> None:
        """Answer a question.

        Args:
            id: the question, ``"q6"``.
            value: a number, a word, or several of them.

        Raises:
            LabError: no question is called so.
        """
        value = plain(value)
        self.answers[id] = value
        if session.current.grading:
            session.current.answers[id] = value
            return
        judges = {c.id: c.id for c in self.key.checks if c.kind == "answer"}
        judges |= {q: c.id for c in self.key.checks for q in c.answers}
        questions = list(judges)
        if id not in questions:
            del self.answers[id]
            raise LabError(
                gettext("no question called {n!r}.", n=id) + _meant(str(id), questions, questions),
                self.lang,
            )
        self.check(judges[id])

    # -------------------------------------------------------------- predictions and figures

    def predict(self, id: str, value: Any) -> None:
        """Say what a run will give, before it; see `outcome`. Never graded.

        Args:
            id: the prediction's name, ``"loss_before"``.
            value: a number, a word or several of them; None: not predicted yet.
        """
        if not session.current.grading:
            self._say(predictions.seal(self.predictions, id, plain(value)))

    def outcome(self, id: str, came: Any, why: str = "", within: float | None = None) -> None:
        """Hold a prediction against what came.

        Args:
            id: as in `predict`.
            came: what was to be predicted: a number, a word or several of them.
            why: shown with a prediction that is wrong.
            within: how far off it may be; a twentieth if not given, nothing for a whole number below 1000.
        """
        if not session.current.grading:
            self._say(predictions.answer(self.predictions, id, plain(came), why, within))

    def _say(self, text: Text) -> None:
        progress.save(self)
        display.show(display.Note(text.to(self.lang)))

    def show(self, figure: Any, alt: str = "") -> None:
        """Show a matplotlib figure with an alt text, for those who do not see it.

        Args:
            figure: a `matplotlib.figure.Figure`.
            alt: what it shows, in words; worked out from what is plotted if not given, as for every figure.
        """
        if session.current.grading:
            return
        figures.show(figure, self.lang, alt)
        import matplotlib.pyplot as plt

        plt.close(figure)

    # -------------------------------------------------------------- the whole lab

    def progress(self) -> None:
        """Show a bar over the lab: points so far, as the last checks found them."""
        if session.current.grading:
            return
        parts: list[display.Part] = []
        for exercise in self.key.exercises:
            checks = self.key.of_exercise(exercise.id)
            seen = [self.verdicts[c.id] for c in checks if c.id in self.verdicts]
            if not checks:
                continue
            parts.append(
                display.Part(
                    f"{exercise.number} {exercise.title.to(self.lang)}",
                    sum(v.points for v in seen if not v.bonus),
                    sum(c.points for c in checks if not c.bonus),
                    bool(seen),
                    sum(v.points for v in seen if v.bonus),
                )
            )
        open_ = [p.label for p in parts if not p.seen]
        footer: list[Text] = []
        if open_:
            said = gettext("not checked yet: {x}")
            footer.append(said.fill(x=", ".join(open_)))
        footer += [self._known(name) for name in self.key.recordings]
        predicted = predictions.summary(self.predictions)
        footer += [predicted] if predicted else []
        title = self.key.title.to(self.lang)
        lines = "\n".join(text.to(self.lang) for text in footer)
        display.show(display.Progress(parts, title, self.lang, lines))

    def _known(self, name: str) -> Text:
        """One line on a recording: when it was made, how long it took; or that it is not there."""
        from grader.notebook.training import made_at

        try:
            manifest = self.recording(name).manifest
        except holes.NotTrainedYet:
            return gettext("{n}: not trained yet", n=name)
        except LabError as error:
            return error.text
        return gettext(
            "{n}: recorded on {d}, trained {t:.0f} s",
            n=name,
            d=made_at(manifest),
            t=float(manifest.get("seconds") or 0.0),
        )

    # -------------------------------------------------------------- data

    def data(self, name: str, source: str = "shipped") -> dict[str, np.ndarray]:
        """A data set of the kit as arrays.

        Args:
            name: the set's folder in ``data/``.
            source: ``"shipped"`` (offline), or ``"full"``: the field's whole set, downloaded and
                verified.

        Raises:
            LabError: no such set, no network for the full one, or a file that was changed.
        """
        from grader.notebook.data import load

        return load(name, self.lang, self.folder, source)

    def download(self, name: str) -> Path:
        """The field's whole set as the file that its authors publish, for sets too large for arrays.

        Downloaded once to ``~/.cache/deep-learning-labs`` (or ``$LAB_DOWNLOADS``), resumed where it
        was cut short, checked against the published checksum.

        Args:
            name: the set's folder in ``data/``.

        Raises:
            LabError: no such set, none to download, no network, or another file than expected.
        """
        from grader.notebook.data import download

        return download(name, self.lang, self.folder)

    # -------------------------------------------------------------- training

    def record(
        self,
        name: str,
        model: Any = None,
        max_seconds: float | None = None,
        weights: bool = True,
        **settings: Any,
    ) -> Run:
        """Record a training: live curves, a time budget, and a file that saves doing it again.

        With ``model.fit``: ``model.fit(…, callbacks=[lab.record("classifier")])``. With a loop::

            with lab.record("mixmatch", model=model) as run:
                for step in run.steps(900):
                    loss = train_step(…)
                    run.log(loss=loss)

        Args:
            name: the recording's name.
            model: what is trained; needed for a loop only.
            max_seconds: time budget; the lab's own if not given.
            weights: False keeps the curves only: for trainings too large to hand in, of which no
                weight is measured. A loop then needs no `model`.
            settings: JSON values that travel with the weights.
        """
        from grader.notebook.training import record

        return record(self, name, model, max_seconds, settings, weights)

    def history(self, name: str) -> dict[str, list[float]]:
        """Curves of a recording: ``{"loss": [...], …}``.

        Raises:
            NotTrainedYet: there is none yet; shown as one calm line.
        """
        return self.recording(name).history

    def recording(self, name: str) -> Recording:
        """A recording made here earlier, also before the kernel was restarted.

        Raises:
            NotTrainedYet: there is none yet.
            LabError: it cannot be read, or belongs to another lab.
        """
        data = self._recording_bytes(name)
        if data is None:
            raise holes.NotTrainedYet(name)
        try:
            found = Recording.from_bytes(data)
        except BadRecording as error:
            raise LabError(
                "recording {n!r} cannot be read ({why}): train again.",
                self.lang,
                n=name,
                why=error.detail,
            ) from None
        if found.lab != self.id:
            raise LabError(
                "recording {n!r} belongs to another lab, {lab!r}: train again.",
                self.lang,
                n=name,
                lab=found.lab,
            )
        return found

    def restore(self, name: str, model: Any) -> dict[str, list[float]]:
        """Give a recording's weights to a model; returns the recording's curves.

        Raises:
            NotTrainedYet: there is no such recording yet.
            LabError: the weights do not fit the model.
        """
        from grader.notebook.loading import must_be_made, put_into

        must_be_made(model, self.lang)
        found = self.recording(name)
        try:
            put_into(found, model)
        except BadRecording as error:
            raise LabError(
                "recording {n!r} does not fit this model ({why}): train again.",
                self.lang,
                n=name,
                why=error.detail,
            ) from None
        return found.history

    @property
    def recordings(self) -> Path:
        """The folder of this lab's recordings."""
        return self.folder / "recordings" / self.id

    def _recording_bytes(self, name: str) -> bytes | None:
        state = session.current
        if state.grading:
            return state.made.get(name) or state.recording(name)
        if name in self._unsaved:
            return self._unsaved[name]
        path = self.recordings / f"{name}.safetensors"
        try:
            return path.read_bytes() if path.is_file() else None
        except OSError:
            return None

    # -------------------------------------------------------------- handing in

    def submit(self, notebook: str | None = None) -> None:
        """Make the one file to hand in, and print its receipt.

        Args:
            notebook: the notebook's file, where it cannot be found out.
        """
        if session.current.grading:
            return
        from grader.notebook.submit import submit

        submit(self, notebook)

    def doctor(self) -> None:
        """Say what this kernel has, beside the versions that the labs were tried with."""
        if session.current.grading:
            return
        names = display.namespace()
        lines = surroundings.report(self.key, names, self.folder, self._file(names))
        display.show(display.Note("\n".join(line.to(self.lang).rstrip() for line in lines)))

    def selfcheck(self, notebook: str | None = None) -> None:
        """Run the notebook from top to bottom in a clean process and say what grading will see.

        Args:
            notebook: the notebook's file, where it cannot be found out.
        """
        if session.current.grading:
            return
        from grader.notebook.submit import selfcheck

        selfcheck(self, notebook)

    # -------------------------------------------------------------- open holes

    def _say_open(self, exercise: str) -> None:
        if exercise in self._holes.untrained:
            said = gettext("… {n}: not trained yet")
        else:
            said = gettext("… {n}: not done yet")
        label = exercise or gettext("exercise").to(self.lang)
        for e in self.key.exercises:
            if e.id == exercise:
                label = f"{e.number} {e.title.to(self.lang)}"
        display.show(display.Note(said.fill(n=label).to(self.lang)))


class _Look:
    """A look at a student's code for ``lab.check``: what does not end is looked at once.

    Args:
        clock: stops each check in time; None where it cannot.
    """

    def __init__(
        self, lab: Lab, names: Mapping[str, Any], sources: Sequence[str], clock: Clock | None
    ) -> None:
        self.lab, self.names, self.sources, self.clock = lab, names, sources, clock
        self.made: dict[str, Made] = {}
        self.endless: set[str] = set()

    def at(self, checks: Sequence[Check]) -> None:
        """Observe for these checks."""
        for check in checks:
            recorded = check.kind == "clean" and not self.lab._lacking(check)
            seen = self._observe(check, recorded)
            if seen is not None:
                self.lab._observations[check.id] = seen

    def _observe(self, check: Check, recorded: bool) -> Tree:
        if self.endless and check.probe is not None:
            used = check.probe.names()
            stuck = self.endless & {*used, *reach(self.sources, used)}
            if stuck:
                return {"status": "limit", "error": {"limit": "inside", "value": min(stuck)}}
        try:
            with self.clock.limit() if self.clock is not None else nullcontext():
                return observe_check(
                    self.lab.key, check, self.names, self.lab.answers, recorded, self.made
                )
        except LimitHit as hit:
            assert self.clock is not None
            self.endless |= {self.clock.inside} - {""}
            return {"status": "limit", "error": limit_record(hit, self.clock)}


def _listed(answers: Iterable[Any]) -> Text:
    """Answers in one line, numbers as each language writes them."""
    said = [quantity(a) if isinstance(a, float) else same(str(a)[:40]) for a in answers]
    return Text(en=", ".join(t.en for t in said), fr=", ".join(t.fr for t in said))


def _error(seen: Tree) -> Mapping[str, Any]:
    """The error record of an observation; empty if it has none."""
    return (seen.get("error") or {}) if isinstance(seen, dict) else {}


def _system_lang() -> str:
    return "fr" if os.environ.get("LANG", "").lower().startswith("fr") else "en"


def _meant(name: str, among: Sequence[str], all_ids: Sequence[str]) -> Text:
    near = near_names(name, among)
    if near:
        return gettext(" Did you mean {m!r}?", m=near[0])
    return gettext(" There are: {k}.", k=", ".join(i for i in all_ids if "." not in i))

"""What a lab author writes in ``checks.py``, ``mutants.py`` and ``variants.py``.

See ``docs/AUTHORING.md`` for the whole tour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from grader.check.compare import Close, Exact, Expectation
from grader.check.key import Exercise, Limits
from grader.check.probe import Probe
from grader.check.text import Text, same
from grader.check.tree import Tree

Edit = tuple[str, str]

# Columns of the gradebook beside those of the checks.
RESERVED = frozenset(
    {
        "student", "student_id", "lab", "total", "max", "status", "notices", "partial", "metrics",
        "bonus", "late_penalty", "by_hand", "attempts", "submitted_at",
    }
)  # fmt: skip


class AuthorError(ValueError):
    """A lab's source contradicts itself; the message says where."""


class Draw:
    """Random but reproducible material for one check of one key.

    Attributes:
        rng: the generator; seeded by the key's seed and the check's id.
        hidden: True for the instructor's key: other seed, other sizes, held-out data.
    """

    def __init__(self, seed: int, check_id: str, hidden: bool) -> None:
        self.rng = np.random.default_rng([seed, *check_id.encode()])
        self.hidden = hidden
        self._seed = seed

    def named(self, name: str) -> Draw:
        """Material that is the same in every check of this key that asks for it by this name."""
        return Draw(self._seed, f"shared {name}", self.hidden)

    def sizes(self, n: int, low: int = 2, high: int = 9) -> tuple[int, ...]:
        """`n` whole numbers in ``[low, high]``, all different, so that no two axes agree."""
        picked = self.rng.permutation(np.arange(low, high + 1))[:n]
        if len(picked) < n:
            raise AuthorError(f"no {n} different sizes between {low} and {high}")
        return tuple(int(x) for x in picked)

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> np.ndarray:
        """float32 Gaussian numbers of standard deviation `scale`."""
        return (mean + scale * self.rng.standard_normal(shape)).astype(np.float32)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """float32 numbers in ``[low, high)``."""
        return self.rng.uniform(low, high, shape).astype(np.float32)

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        """int32 numbers in ``[low, high)``."""
        return self.rng.integers(low, high, shape).astype(np.int32)

    def probabilities(self, *shape: int) -> np.ndarray:
        """float32 distributions along the last axis (uniform on the simplex)."""
        return self.rng.dirichlet(np.ones(shape[-1]), shape[:-1]).astype(np.float32)

    def mask(self, *shape: int) -> np.ndarray:
        """Booleans; along the last axis at least one True and, if it is long enough, one False."""
        mask = self.rng.random(shape) < 0.6
        flat = mask.reshape(-1, shape[-1])
        for row in flat:
            i, j = self.rng.permutation(shape[-1])[:2] if shape[-1] > 1 else (0, 0)
            row[j] = False
            row[i] = True
        return flat.reshape(shape)

    def weights(self, scale: float = 0.4, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Random, non-zero weights: ``weights(**{"query/kernel": (4, 2, 3)})``.

        ``gamma`` is drawn around 1, everything else around 0.
        """
        return {
            path: self.normal(*shape, scale=scale, mean=1.0 if path.endswith("gamma") else 0.0)
            for path, shape in shapes.items()
        }


Probing = Callable[[Draw], "Probe | tuple[Probe, Mapping[str, Tree]]"]


@dataclass(frozen=True)
class CheckSpec:
    """A check as its author wrote it; `LabSpec.check` and its sisters make them."""

    id: str
    exercise: str
    kind: Literal["probe", "clean", "source", "answer"]
    title: Text
    points: float
    bonus: bool = False
    asked: Text = field(default_factory=lambda: same(""))
    probing: Probing | None = None
    expect: Mapping[str, Expectation] = field(default_factory=dict)
    picture: str = ""
    recording: str = ""
    recordings: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    data: Callable[[Draw], tuple[Tree, Mapping[str, Tree]]] | None = None
    measure: Callable[[Any, Tree], Mapping[str, Tree]] | None = None
    preview: Callable[[Tree], Probe] | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> tuple[str, ...]:
        """Every recording that a ``clean`` check needs."""
        return self.recordings or ((self.recording,) if self.recording else ())


@dataclass(frozen=True)
class MisconceptionSpec:
    """A misconception and the code that commits it; see `LabSpec.misconception`."""

    id: str
    exercise: str
    text: Text
    hint: Text
    credit: float
    edits: tuple[Edit, ...] = ()
    code: str = ""
    define: Mapping[str, Any] = field(default_factory=dict)
    measured: bool = False


class LabSpec:
    """A lab's contract: exercises, checks, questions, misconceptions, limits.

    Args:
        id: the folder's name, as in ``Lab("tp4_transformer")``.
        title: the notebook's title.
        limits: what a submission may use; see `grader.check.key.Limits`.
        recordings: names of the recordings that a complete submission holds.
        preload: modules that a worker imports once, before any submission: whatever the
            notebook imports. Importing them must start no TensorFlow operation.
    """

    def __init__(
        self,
        id: str,
        title: Text,
        limits: Limits | None = None,
        recordings: Sequence[str] = (),
        preload: Sequence[str] = ("tensorflow", "keras", "matplotlib.pyplot"),
    ) -> None:
        self.id = id
        self.title = title
        self.limits = limits or Limits()
        self.recordings = tuple(recordings)
        self.preload = tuple(preload)
        self.exercises: dict[str, Exercise] = {}
        self.checks: dict[str, CheckSpec] = {}
        self.misconceptions: dict[str, MisconceptionSpec] = {}

    def exercise(
        self,
        id: str,
        number: str,
        title: Text,
        defines: Sequence[str] = (),
        forbids: Sequence[str] = (),
        read: Text | None = None,
    ) -> None:
        """Declare an exercise.

        Args:
            id: as in the notebook's ``exercise="…"`` cells and in ``lab.check(id)``.
            number: as printed before its title.
            title: heading.
            defines: names the student must define.
            forbids: dotted names of library calls that may not be used in writing it.
            read: where to read again.
        """
        self._new(id, self.exercises)
        self.exercises[id] = Exercise(
            id, number, title, tuple(defines), tuple(forbids), (), read or same("")
        )

    def check(
        self,
        id: str,
        exercise: str,
        points: float,
        title: Text,
        *,
        expect: Mapping[str, Expectation] | None = None,
        asked: Text | None = None,
        picture: str = "",
        bonus: bool = False,
    ) -> Callable[[Probing], Probing]:
        """Decorate a function `Draw` → `Probe` (or ``(Probe, {result: expected value})``).

        Results without a given expected value are expected to equal the solution's. Results are
        compared with `Close` unless `expect` names another comparison.
        """

        def register(probing: Probing) -> Probing:
            self._add(
                CheckSpec(
                    id, exercise, "probe", title, points, bonus, asked or same(""),
                    probing, dict(expect or {}), picture,
                )
            )  # fmt: skip
            return probing

        return register

    def by_hand(
        self, id: str, exercise: str, points: float, title: Text, *, bonus: bool = False
    ) -> Callable[[Probing], Probing]:
        """Decorate a probe that exercises the code; the check: none of `forbids` was used.

        Without such a check, a forbidden call costs the points of all the exercise's checks.
        """

        def register(probing: Probing) -> Probing:
            self._add(CheckSpec(id, exercise, "source", title, points, bonus, probing=probing))
            return probing

        return register

    def question(
        self,
        id: str,
        exercise: str,
        points: float,
        title: Text,
        *,
        type: Literal["number", "choice", "choices", "text"],
        right: Sequence[Any] = (),
        wrong: Mapping[Any, Text] | None = None,
        decimals: int = 0,
        bonus: bool = False,
        asked: Text | None = None,
        rubric: Sequence[tuple[float, Text]] = (),
        guide: Text | None = None,
    ) -> None:
        """Declare a question, answered by ``lab.answer(id, …)``.

        Args:
            type: ``number`` (rounded to `decimals`), ``choice`` (a word; case, accents and
                punctuation do not count), ``choices`` (a set of words), ``text`` (a person reads it).
            right: every accepted answer (synonyms, French and English, with and without √d, …).
            wrong: known wrong answer → which mistake it shows.
            asked: the question as the feedback page and the reader of answers repeat it.
            rubric: for ``text``, ``(points, what earns or costs them)``: where ``grader review``
                starts from; the student reads the items that were chosen.
            guide: for ``text``, what the reader should look for; no student sees it.
        """
        if type != "text" and (rubric or guide):
            raise AuthorError(f"{self.id}: question {id!r}: only a text has a rubric or a guide")
        if type == "text" and (right or wrong):
            raise AuthorError(f"{self.id}: question {id!r}: a person reads it: no `right`, `wrong`")
        answer = {
            "type": type,
            "right": list(right),
            "wrong": dict(wrong or {}),
            "decimals": decimals,
            "rubric": [{"points": float(p), "text": t.to_dict()} for p, t in rubric],
            "guide": (guide or same("")).to_dict(),
        }
        self._add(
            CheckSpec(
                id, exercise, "answer", title, points, bonus, asked or same(""), answer=answer
            )
        )

    def clean(
        self,
        id: str,
        exercise: str,
        points: float,
        title: Text,
        *,
        recording: str = "",
        recordings: Sequence[str] = (),
        answers: Sequence[str] = (),
        expect: Mapping[str, Expectation],
        data: Callable[[Draw], tuple[Tree, Mapping[str, Tree]]],
        preview: Callable[[Tree], Probe] | None = None,
        asked: Text | None = None,
        bonus: bool = False,
    ) -> Callable[..., Any]:
        """Decorate a function ``(recording, inputs) -> {result: array}`` run in the clean room.

        With `recordings`, the function is ``(recordings, inputs, answers) -> …``: recordings by
        name, and what the student gave to ``lab.answer`` for each of `answers`. Such a check holds
        a conclusion against the student's own networks. It may return a `Measured`, which also says
        what was to be expected and which misconception the answer shows.

        The function is yours and trusted; the recording's weights are the student's and are not,
        nor are the answers. See `grader.check.recording.Recording` for what it offers.

        Args:
            recording: name given to ``lab.record``.
            recordings: or several of them.
            answers: ids given to ``lab.answer``; no question of their own.
            expect: result → `Metric`, usually.
            data: `Draw` → ``(inputs, {result: labels})``; fresh data for the hidden key.
            preview: inputs → probe on the student's own code, for ``lab.check`` in the notebook.
        """

        if bool(recording) == bool(recordings) or (answers and not recordings):
            raise AuthorError(
                f"{self.id}: check {id!r}: give one `recording`, or `recordings` (and `answers`)"
            )

        def register(measure: Callable[..., Any]) -> Callable[..., Any]:
            self._add(
                CheckSpec(
                    id, exercise, "clean", title, points, bonus, asked or same(""),
                    expect=dict(expect), recording=recording or recordings[0],
                    recordings=tuple(recordings), answers=tuple(answers),
                    data=data, measure=measure, preview=preview,
                )
            )  # fmt: skip
            return measure

        return register

    def misconception(
        self,
        id: str,
        exercise: str,
        text: Text,
        *,
        hint: Text | None = None,
        edits: Sequence[Edit] = (),
        code: str = "",
        define: Mapping[str, Any] | None = None,
        credit: float = 0.0,
        measured: bool = False,
    ) -> None:
        """Declare a named mistake, and how to commit it.

        Give one of: `edits` (old → new text in the exercise's solution, each found exactly once),
        `code` (replaces the exercise's cells), `define` (name → object put over the solution's),
        `measured` (a clean-room function names it, in `Measured.mistake`; a mutant proves it).

        Args:
            text: what was done, said to the student; no solution in it.
            hint: where to look next.
            credit: share of the points left (1: a warning only).
        """
        self._new(id, self.misconceptions)
        if exercise not in self.exercises:
            raise AuthorError(f"{self.id}: misconception {id!r} names no exercise: {exercise!r}")
        if not (edits or code or define or measured):
            raise AuthorError(f"{self.id}: misconception {id!r} commits nothing")
        self.misconceptions[id] = MisconceptionSpec(
            id, exercise, text, hint or same(""), credit, tuple(edits), code, dict(define or {}),
            measured,
        )  # fmt: skip

    def _new(self, id: str, among: Mapping[str, Any]) -> None:
        if id in among:
            raise AuthorError(f"{self.id}: {id!r} is declared twice")

    def _add(self, check: CheckSpec) -> None:
        self._new(check.id, self.checks)
        if check.id in RESERVED:
            raise AuthorError(
                f"{self.id}: no check may be called {check.id!r}, a gradebook's column"
            )
        if check.exercise not in self.exercises:
            raise AuthorError(
                f"{self.id}: check {check.id!r} names no exercise: {check.exercise!r}"
            )
        self.checks[check.id] = check


@dataclass(frozen=True)
class Mutant:
    """A known-wrong submission.

    Attributes:
        id: name (those of LABS.md at least).
        exercise: where the mistake is made.
        loses: ids of the checks that must lose points: exactly these and no others.
        edits: old → new text in the exercise's solution cells.
        code: or: what replaces the exercise's solution cells.
        named: the misconception that a verdict must name; ``None``: the id; ``""``: none.
        partial: check → points that it must keep, for those of `loses` that are not cut to zero.
        retrain: recordings that are left out, so that training is done again under the mistake.
        answers: question → what is answered instead.
    """

    id: str
    exercise: str
    loses: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    code: str = ""
    named: str | None = None
    partial: Mapping[str, float] = field(default_factory=dict)
    retrain: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def diagnosis(self) -> str:
        return self.id if self.named is None else self.named


@dataclass(frozen=True)
class Variant:
    """A correct submission written differently: it must get full marks.

    Attributes:
        id: name.
        why: what is unusual about it.
        code: exercise → what replaces its solution cells.
        edits: exercise → old → new text in them.
        notebook: a change of the whole notebook (nbformat node in, nbformat node out).
        answers: question → what is answered instead (also right).
        retrain: recordings that are left out.
    """

    id: str
    why: str
    code: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)
    notebook: Callable[[Any], Any] | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    retrain: tuple[str, ...] = ()


def default_expectation(value: Tree) -> Expectation:
    """`Close` for floats, `Exact` for everything else."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return Close()
    if isinstance(value, float):
        return Close()
    if isinstance(value, (list, dict)):
        return Close()
    return Exact()

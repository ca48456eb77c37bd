"""What a lab author writes in ``checks.py``, ``variants.py`` and ``unforeseen.py``.

See ``docs/AUTHORING.md`` for the whole tour.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any, Literal, get_args

import numpy as np

from grader.authoring.probes import Handle, Student
from grader.check.compare import Close, Exact, Expectation, Metric
from grader.check.key import Exercise, Limits
from grader.check.names import defined_in
from grader.check.probe import Probe
from grader.check.text import Refusal, Text, same
from grader.check.tree import Tree

Edit = tuple[str, str]

# Columns of the gradebook beside those of the checks.
RESERVED = frozenset(
    {
        "student", "student_id", "lab", "total", "max", "status", "notices", "partial", "metrics",
        "bonus", "late_penalty", "by_hand", "attempts", "submitted_at",
    }
)  # fmt: skip


class AuthorError(Refusal):
    """A lab's source contradicts itself; the message says where."""


class Draw:
    """Random but reproducible material for one check of one key.

    Attributes:
        rng: the generator; seeded by the key's seed and the check's id.
        hidden: True for the instructor's key: other seed, other sizes, held-out data.
    """

    def __init__(self, seed: int, check_id: str, hidden: bool, attempt: int = 0) -> None:
        again = [attempt] if attempt else []
        self.rng = np.random.default_rng([seed, *check_id.encode(), *again])
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

    def dense(
        self,
        path: str,
        inputs: int | tuple[int, ...],
        outputs: int | tuple[int, ...],
        scale: float = 0.4,
        bias: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Weights of one Dense: a kernel of this `scale`, then a bias of scale `bias` (same, if None).

        Sizes may be factored (``outputs=(heads, d_k)``), so that an EinsumDense fits too.
        """
        entering, leaving = (n if isinstance(n, tuple) else (n,) for n in (inputs, outputs))
        return {
            f"{path}/kernel": self.normal(*entering, *leaving, scale=scale),
            f"{path}/bias": self.normal(*leaving, scale=scale if bias is None else bias),
        }

    def weights(self, scale: float = 0.4, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Random, non-zero weights: ``weights(**{"query/kernel": (4, 2, 3)})``.

        ``gamma`` is drawn around 1, everything else around 0.
        """
        return {
            path: self.normal(*shape, scale=scale, mean=1.0 if path.endswith("gamma") else 0.0)
            for path, shape in shapes.items()
        }


Said = tuple[str, str]


class SmallDraw(Draw):
    """Material for an example that is checked by hand: the smallest sizes, small whole numbers."""

    def __init__(self, seed: int, check_id: str, hidden: bool, attempt: int) -> None:
        super().__init__(seed, f"small {check_id}", hidden, attempt)
        self._most = 1 + attempt // 4

    def sizes(self, n: int, low: int = 2, high: int = 9) -> tuple[int, ...]:
        return tuple(int(x) for x in self.rng.integers(1, 1 + min(self._most, 3), n, endpoint=True))

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> np.ndarray:
        return np.float32(np.round(mean)) + self.rng.integers(-2, 3, shape).astype(np.float32)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        quarters = self.rng.integers(0, 4, shape).astype(np.float32) / np.float32(4)
        return np.float32(low) + np.float32(high - low) * quarters

    def probabilities(self, *shape: int) -> np.ndarray:
        even = np.full(shape[-1], 1 / shape[-1])
        return self.rng.multinomial(4, even, shape[:-1]).astype(np.float32) / np.float32(4)


Asked = Probe | Handle | tuple[Probe | Handle, Mapping[str, Tree]]
Probing = Callable[[Draw, Student], Asked]


QuestionType = Literal["number", "choice", "choices", "text"]


def steps(hint: Said | Sequence[Said] | None) -> tuple[Text, ...]:
    """The steps of a hint that its author wrote as one pair, or as several."""
    if not hint:
        return ()
    pairs: Sequence[Any] = [hint] if isinstance(hint[0], str) else hint
    return tuple(said(pair) for pair in pairs)


def said(words: Said | None) -> Text:
    """A text that its author wrote as ``("English", "français")``."""
    if not words:
        return same("")
    if isinstance(words, str) or len(words) != 2 or not all(isinstance(w, str) for w in words):
        raise AuthorError(f'a pair ("English", "French") is needed, not {shorten(repr(words), 60)}')
    return Text(*words)


@dataclass(frozen=True)
class CheckSpec:
    """A check as its author wrote it; `ExerciseSpec.check` and its sisters make them."""

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
    preview: Callable[[Tree, Student], Probe] | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Text] = field(default_factory=dict)

    def ask(self, draw: Draw) -> tuple[Probe, Mapping[str, Tree]]:
        """The probe, and the expected values that its author gives."""
        assert self.probing is not None
        student = Student()
        made = self.probing(draw, student)
        probe, given = made if isinstance(made, tuple) else (made, {})
        return student.probe(out=probe) if isinstance(probe, Handle) else probe, given

    def previewed(self, inputs: Tree) -> Probe | None:
        """The probe on the student's own code that stands for a measurement in the notebook."""
        return self.preview(inputs, Student()) if self.preview else None

    @property
    def measured(self) -> tuple[str, ...]:
        """Every recording that a ``clean`` check needs."""
        return self.recordings or ((self.recording,) if self.recording else ())


@dataclass(frozen=True)
class MisconceptionSpec:
    """A misconception and the code that commits it; see `ExerciseSpec.slip`."""

    id: str
    exercise: str
    text: Text
    hints: tuple[Text, ...]
    credit: float
    edits: tuple[Edit, ...] = ()
    code: str = ""
    measured: bool = False
    sure: bool = False


@dataclass(frozen=True)
class Mutant:
    """A known-wrong submission.

    Attributes:
        id: name (those of LABS.md at least).
        exercise: where the mistake is made; "": where its edits find their text.
        loses: ids of the checks that must lose points: exactly these and no others.
        edits: old → new text in the exercise's solution cells.
        code: or: what replaces the exercise's solution cells.
        named: the misconception that a verdict must name; ``None``: the id; ``""``: none.
        partial: check → points that it must keep, for those of `loses` that are not cut to zero.
        retrain: recordings that are left out, so that training is done again under the mistake.
        answers: question → what is answered instead.
        may: of a mistake without a name: misconceptions that would be true of it.
        text: what it is, in words, where no misconception says it.
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
    may: tuple[str, ...] = ()
    text: Text = field(default_factory=lambda: same(""))

    @property
    def diagnosis(self) -> str:
        return self.id if self.named is None else self.named


class LabSpec:
    """A lab's contract: exercises, checks, questions, mistakes, limits.

    Args:
        file: ``__file__`` of ``checks.py``; the folder's name is the lab's, as in
            ``Lab("tp4_transformer")``.
        en, fr: the notebook's title.
        limits: what a submission may use; see `grader.check.key.Limits`.
        recordings: names of the recordings that a complete submission holds.
        preload: modules that a worker imports once, before any submission: whatever the
            notebook imports. Importing them must start no TensorFlow operation.
        gpu: a graphics card makes the lab faster: Colab is asked for one.
    """

    def __init__(
        self,
        file: str,
        en: str,
        fr: str,
        limits: Limits | None = None,
        recordings: Sequence[str] = (),
        preload: Sequence[str] = ("tensorflow", "keras", "matplotlib.pyplot"),
        gpu: bool = False,
    ) -> None:
        self.folder = Path(file).resolve().parent
        self.id = self.folder.name
        self.title = Text(en, fr)
        self.limits = limits or Limits()
        self.recordings = tuple(recordings)
        self.preload = tuple(preload)
        self.gpu = gpu
        self.exercises: dict[str, Exercise] = {}
        self.checks: dict[str, CheckSpec] = {}
        self.misconceptions: dict[str, MisconceptionSpec] = {}
        self._mutants: list[Mutant] = []
        self._unforeseen: list[Mutant] = []
        self._calibrated: set[str] = set()

    def exercise(
        self,
        id: str,
        number: str,
        en: str,
        fr: str,
        *defines: str,
        forbids: Sequence[str] = (),
        read: Said | None = None,
    ) -> ExerciseSpec:
        """Declare an exercise; its checks, questions and mistakes are declared on what is returned.

        Args:
            id: as in the notebook's ``exercise="…"`` cells and in ``lab.check(id)``.
            number: as printed before its title.
            en, fr: heading.
            defines: names the student must define.
            forbids: dotted names of library calls that may not be used in writing it.
            read: where to read again; the section of that number, if it is one.
        """
        _new(self, id, self.exercises)
        if read is None and number[0].isdigit():
            read = f"section {number}", f"partie {number}"
        self.exercises[id] = Exercise(
            id, number, Text(en, fr), defines, tuple(forbids), (), said(read)
        )
        return ExerciseSpec(self, id)

    def unforeseen(
        self,
        id: str,
        en: str,
        fr: str,
        *,
        loses: Sequence[str],
        edits: Sequence[Edit] = (),
        code: str = "",
        exercise: str = "",
        may: Sequence[str] = (),
        partial: Mapping[str, float] | None = None,
        retrain: Sequence[str] = (),
        answers: Mapping[str, Any] | None = None,
    ) -> None:
        """Declare, in ``unforeseen.py``, a mistake that has no name.

        It must lose exactly `loses` and be given no name that is false of it.

        Args:
            en, fr: what was done.
            edits: old → new text in the solution, each found exactly once.
            code: or: what replaces the cells of the exercise that defines the same names.
            exercise: that exercise, where the code or the text does not tell.
            may: misconceptions that would be true of it.
            loses, partial, retrain, answers: as in `Mutant`.
        """
        _new(self, id, {m.id: m for m in (*self._mutants, *self._unforeseen)})
        defined = defined_in([code])
        exercise = exercise or next(
            (e.id for e in self.exercises.values() if defined & set(e.defines)), ""
        )
        if code and not exercise:
            raise AuthorError(
                f"{self.id}: {id!r}: its code defines nothing that an exercise asks for"
            )
        self._unforeseen.append(
            Mutant(
                id, exercise, tuple(loses), tuple(edits), code, "", partial or {}, tuple(retrain),
                answers or {}, tuple(may), Text(en, fr),
            )
        )  # fmt: skip

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        """The mutants that were declared with their mistakes."""
        return tuple(
            replace(
                m, loses=tuple(self._check_id(m, c) for c in m.loses),
                partial={self._check_id(m, c): p for c, p in m.partial.items()},
            )
            for m in self._mutants
        )  # fmt: skip

    @property
    def unnamed(self) -> tuple[Mutant, ...]:
        """The mistakes of ``unforeseen.py``."""
        return tuple(self._unforeseen)

    def _check_id(self, mutant: Mutant, name: str) -> str:
        full = f"{mutant.exercise}.{name}"
        return full if full in self.checks else name

    @cached_property
    def calibration(self) -> Mapping[str, Any]:
        """``calibration.json``; empty while there is none (`grader validate` will ask for it)."""
        path = self.folder / "calibration.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def metric(self, check: str, name: str) -> Metric:
        """A `Metric` whose floor and target are the calibrated ones of `check`."""
        self._calibrated.add(check)
        found = self.calibration.get(check, {})
        return Metric(name, floor=found.get("floor", 0.0), target=found.get("target", 1.0))


def _new(lab: LabSpec, id: str, among: Mapping[str, Any]) -> None:
    if id in among:
        raise AuthorError(f"{lab.id}: {id!r} is declared twice")


class ExerciseSpec:
    """An exercise, under which its checks, questions and mistakes are declared.

    The name of a check goes on the exercise's: ``values`` of ``attention`` is ``attention.values``;
    a name with a dot in it stands as it is. Titles are written as two arguments, English and French,
    other texts as a pair ``("English", "français")``.
    """

    def __init__(self, lab: LabSpec, id: str) -> None:
        self.lab = lab
        self.id = id

    def check(
        self,
        name: str,
        points: float,
        en: str,
        fr: str,
        *,
        expect: Mapping[str, Expectation] | None = None,
        asked: Said | None = None,
        picture: str = "",
        bonus: bool = False,
        results: Mapping[str, Said] | None = None,
    ) -> Callable[[Probing], Probing]:
        """Decorate a function ``(draw, student)`` that says what is asked of the student's code.

        It returns ``student.probe(output=…, weights=…)``, or one result alone (called ``out``), or
        either with expected values: ``(result, {"out": 7})``. Results without a given expected value
        are expected to equal the solution's. They are compared with `Close` unless `expect` names
        another comparison.

        Args:
            results: result → what it is, for the student's eyes, where there are several.
        """

        def register(probing: Probing) -> Probing:
            self._add(
                CheckSpec(
                    self._full(name), self.id, "probe", Text(en, fr), points, bonus, said(asked),
                    probing, dict(expect or {}), picture,
                    results={name: said(text) for name, text in (results or {}).items()},
                )
            )  # fmt: skip
            return probing

        return register

    def by_hand(
        self,
        points: float,
        en: str = "written by hand",
        fr: str = "écrit à la main",
        *,
        name: str = "by_hand",
        bonus: bool = False,
    ) -> Callable[[Probing], Probing]:
        """Decorate a probe that exercises the code; the check: none of `forbids` was used.

        Without such a check, a forbidden call costs the points of all the exercise's checks.
        """

        def register(probing: Probing) -> Probing:
            title = Text(en, fr)
            self._add(
                CheckSpec(
                    self._full(name), self.id, "source", title, points, bonus, probing=probing
                )
            )
            return probing

        return register

    def question(
        self,
        id: str,
        points: float,
        en: str,
        fr: str,
        *,
        type: QuestionType,
        right: Sequence[Any] = (),
        wrong: Mapping[Any, Said] | None = None,
        decimals: int = 0,
        bonus: bool = False,
        asked: Said | None = None,
        rubric: Sequence[tuple[float, Said]] = (),
        guide: Said | None = None,
        told: bool | None = None,
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
            told: whether ``lab.answer`` says at once if it is right. If not said: for a question
                without points, and for a number of which some wrong answers name a mistake. A choice's
                mark could be found by trying.
        """
        where = f"{self.lab.id}: question {id!r}"
        if type != "text" and (rubric or guide):
            raise AuthorError(f"{where}: only a text has a rubric or a guide")
        if type not in get_args(QuestionType):
            known = ", ".join(get_args(QuestionType))
            raise AuthorError(f"{where}: {type!r} is no type of question; there are: {known}")
        if type != "text" and not right:
            raise AuthorError(f"{where}: no answer is right: right=[…]")
        if type == "text" and (right or wrong):
            raise AuthorError(f"{where}: a person reads it: no `right`, `wrong`")
        answer = {
            "type": type,
            "right": list(right),
            "wrong": {value: said(text) for value, text in (wrong or {}).items()},
            "decimals": decimals,
            "rubric": [{"points": float(p), "text": said(t).to_dict()} for p, t in rubric],
            "guide": said(guide).to_dict(),
            "told": not points or (type == "number" and bool(wrong)) if told is None else told,
        }
        title = Text(en, fr)
        self._add(
            CheckSpec(id, self.id, "answer", title, points, bonus, said(asked), answer=answer)
        )

    def clean(
        self,
        name: str,
        points: float,
        en: str,
        fr: str,
        *,
        recording: str = "",
        recordings: Sequence[str] = (),
        answers: Sequence[str] = (),
        expect: Mapping[str, Expectation],
        data: Callable[[Draw], tuple[Tree, Mapping[str, Tree]]],
        preview: Callable[[Tree, Student], Probe] | None = None,
        asked: Said | None = None,
        bonus: bool = False,
        results: Mapping[str, Said] | None = None,
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
            expect: result → `Metric`, usually (`LabSpec.metric`).
            data: `Draw` → ``(inputs, {result: labels})``; fresh data for the hidden key.
            preview: ``(inputs, student)`` → probe on the student's own code, for ``lab.check`` in
                the notebook.
        """
        if bool(recording) == bool(recordings) or (answers and not recordings):
            raise AuthorError(
                f"{self.lab.id}: check {name!r}: give one `recording`, or `recordings` (and `answers`)"
            )

        def register(measure: Callable[..., Any]) -> Callable[..., Any]:
            self._add(
                CheckSpec(
                    self._full(name), self.id, "clean", Text(en, fr), points, bonus, said(asked),
                    expect=dict(expect), recording=recording or recordings[0],
                    recordings=tuple(recordings), answers=tuple(answers),
                    data=data, measure=measure, preview=preview,
                    results={name: said(text) for name, text in (results or {}).items()},
                )
            )  # fmt: skip
            return measure

        return register

    def slip(
        self,
        id: str,
        en: str,
        fr: str,
        *edits: Edit,
        hint: Said | Sequence[Said] | None = None,
        code: str = "",
        measured: bool = False,
        credit: float = 0.0,
        sure: bool = False,
        loses: Sequence[str] | None = None,
        mutant: str | Sequence[Edit] = "",
        partial: Mapping[str, float] | None = None,
        retrain: Sequence[str] = (),
        answers: Mapping[str, Any] | None = None,
    ) -> None:
        """Declare a misconception, and how to commit it.

        Give one of: `edits` (old → new text in the exercise's solution, each found exactly once),
        `code` (replaces the exercise's cells), `measured` (a clean-room function names it, in
        `Measured.mistake`).

        With `loses` it is a mutant too: a submission that makes the mistake must lose exactly these
        checks (none, if it is a warning only) and be told its name.

        Args:
            en, fr: what was done, said to the student; no solution in it.
            hint: in three steps, each a pair: where to look, what to compare or to try, what to change
                (never the solution's line). One pair alone is the first step.
            credit: share of the points left (1: a warning only).
            sure: nothing else gives what its checks see: a single boolean or number that fits, or nothing
                but NaN, is enough to name it.
            loses: checks, by their names in this exercise or by their ids.
            mutant: the mistake as that submission makes it, in another style: that the two meet is
                a proof. Code, or edits; nothing: the slip's own.
            partial, retrain, answers: as in `Mutant`.
        """
        _new(self.lab, id, self.lab.misconceptions)
        if not (edits or code or measured):
            raise AuthorError(f"{self.lab.id}: misconception {id!r} commits nothing")
        self.lab.misconceptions[id] = MisconceptionSpec(
            id, self.id, Text(en, fr), steps(hint), credit, edits, code, measured, sure
        )
        if loses is not None:
            self.mutant(
                id,
                loses,
                mutant or code or edits,
                partial=partial or {},
                retrain=tuple(retrain),
                answers=answers or {},
            )

    def mutant(
        self, id: str, loses: Sequence[str], change: str | Sequence[Edit] = "", **more: Any
    ) -> None:
        """Declare a known-wrong submission of a mistake declared elsewhere, or of none.

        Args:
            id: name.
            loses: checks, by their names in this exercise or by their ids.
            change: code, or edits.
            more: as in `Mutant`; ``named=""`` if no name is to be given.
        """
        given = {"code": change} if isinstance(change, str) else {"edits": tuple(change)}
        self.lab._mutants.append(Mutant(id, self.id, tuple(loses), **given, **more))

    def _full(self, name: str) -> str:
        return name if "." in name else f"{self.id}.{name}"

    def _add(self, check: CheckSpec) -> None:
        _new(self.lab, check.id, self.lab.checks)
        if check.id in RESERVED:
            raise AuthorError(
                f"{self.lab.id}: no check may be called {check.id!r}, a gradebook's column"
            )
        self.lab.checks[check.id] = check


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

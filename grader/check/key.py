"""The answer key: for each check, what is asked, what is expected, what each mistake would give.

A key is compiled from the solution by `grader.authoring.compile` and stored as one tree
(`grader.check.tree`), compressed. The public key goes to students; the hidden key, with another seed, other
sizes and the held-out data, stays with the instructor. Only `Key.questions_for_students`, a key
without any expected value, enters the student zone.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from grader.check.compare import Expectation, Metric
from grader.check.examples import Example
from grader.check.probe import Probe, answers_of
from grader.check.text import Text, same
from grader.check.tree import Tree, TreeError, digest, pack, plain, unpack

FORMAT = (
    3  # of the file, and of what a key says: raise it when a new engine draws or stores otherwise
)
EXAMPLES = 3  # of a check, that every submission is asked too
MAX_BYTES = 1 << 30  # of a key out of its compressed file

CheckKind = Literal["probe", "clean", "source", "answer"]


class BadKey(ValueError):
    """The file is not an answer key that this version can read."""


class _Asks(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def exercise(self) -> str: ...

    @property
    def answers(self) -> tuple[str, ...]: ...


def interface_of(exercises: Iterable[Exercise], checks: Iterable[_Asks]) -> str:
    """Eight hex digits that change when a notebook and a key no longer go together.

    They stand for what a notebook's text relies on: exercises, the names that they ask for, checks
    and questions. Neither a reworded text nor another seed changes them.
    """
    asked = [
        sorted((e.id, e.number, *e.defines) for e in exercises),
        sorted((c.id, c.exercise, *c.answers) for c in checks),
    ]
    return sha256(json.dumps(asked).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Misconception:
    """A named, wrong implementation.

    Attributes:
        id: name, as in LABS.md (``no-scale``).
        exercise: the exercise in which it is made.
        text: what was done, in words; never the solution.
        hints: where to look, what to compare or to try, what to change; may be empty.
        credit: share of the check's points left (0 for a mistake, 1 for a mere warning).
        sure: nothing else gives what its checks see, little as it may be.
    """

    id: str
    exercise: str
    text: Text
    hints: tuple[Text, ...] = ()
    credit: float = 0.0
    sure: bool = False


@dataclass(frozen=True)
class Exercise:
    """Something the student writes.

    Attributes:
        id: short name, used in ``lab.check(id)``.
        number: as printed (``"1.2"``).
        title: heading.
        defines: names that the student must define.
        forbids: dotted names of library calls that may not be used for it.
        uses: other exercises whose names its solution calls.
        read: where to read again when it went wrong.
    """

    id: str
    number: str
    title: Text
    defines: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    read: Text = field(default_factory=lambda: same(""))


@dataclass(frozen=True)
class Check:
    """One graded claim about an exercise.

    Attributes:
        kind: ``probe`` (asked of the student's code), ``clean`` (measured in the clean room on a
            recording), ``source`` (looks for forbidden calls), ``answer`` (a question).
        probe: the steps; for ``clean`` in a public key, a preview on the student's own code.
        expect: result's name → comparison.
        expected: result's name → expected value (labels, for a metric). Empty for answers.
        wrong: misconception → what it would give: ``{"status", "values", "error"}``.
        picture: a result drawn yours-beside-expected, or "".
        recording: for ``clean``, the recording that is measured (the first, if there are several).
        recordings: for ``clean``, all of them, if the check needs several or answers too.
        answers: for ``clean``, what was given to ``lab.answer`` that is held against them.
        results: result's name → what it is, in words, where there is more than one.
        quiet: results whose expected value no message may show: it answers a graded question.
        odds: chance that a right solution loses points here, where chance has a part; else None.
        examples: the same asked on a few small numbers; first those that tell most mistakes from right.
        held_out: for ``clean``, the inputs given to the lab's clean-room function.
        answer: for ``answer``: ``{"type", "decimals", "salt", "right": [hash],
            "wrong": {hash: {"id", "text"}}, "told": bool}``; `told`: its mark is shown at once.
    """

    id: str
    exercise: str
    kind: CheckKind
    title: Text
    points: float
    bonus: bool = False
    asked: Text = field(default_factory=lambda: same(""))
    probe: Probe | None = None
    expect: dict[str, Expectation] = field(default_factory=dict)
    expected: dict[str, Tree] = field(default_factory=dict)
    wrong: dict[str, Tree] = field(default_factory=dict)
    picture: str = ""
    recording: str = ""
    held_out: Tree = None
    answer: dict[str, Any] = field(default_factory=dict)
    recordings: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    results: dict[str, Text] = field(default_factory=dict)
    quiet: tuple[str, ...] = ()
    odds: float | None = None
    examples: tuple[Example, ...] = ()

    @property
    def tried(self) -> dict[str, Example]:
        """The first examples, which every submission is asked too, by the ids of their observations."""
        return {f"{self.id}~{n}": e for n, e in enumerate(self.examples[:EXAMPLES])}

    @property
    def metric(self) -> Metric | None:
        """The metric that it measures, if it does."""
        return next((e for e in self.expect.values() if isinstance(e, Metric)), None)

    @property
    def measured(self) -> tuple[str, ...]:
        """Every recording that the check needs."""
        return self.recordings or ((self.recording,) if self.recording else ())


@dataclass(frozen=True)
class Limits:
    """What one submission may use in the student zone.

    Attributes:
        seconds: wall time of the whole submission.
        cpu_seconds: processor time of the whole submission, over all its threads.
        cell_seconds: wall time of one cell, and of one probe.
        training_seconds: wall time of the training of one recording, when it must be done again.
        memory_mb: memory that the submission may add to what the worker holds.
        processes: processes and threads.
        file_mb: size of one file written.
        disk_mb: size of all files written.
        open_files: open descriptors.
        output_kb: printed text kept, a cell.
        submission_mb: size of the zip that ``lab.submit()`` makes.
    """

    seconds: float = 120.0
    cpu_seconds: float = 240.0
    cell_seconds: float = 20.0
    training_seconds: float = 90.0
    memory_mb: int = 3000
    processes: int = 256
    file_mb: int = 64
    disk_mb: int = 256
    open_files: int = 256
    output_kb: int = 64
    submission_mb: float = 20.0


@dataclass(frozen=True)
class Reference:
    """An exercise's solution, as code that runs among a student's names.

    Attributes:
        code: source of the solution's cells.
        needs: names that `code` takes from cells that the notebook gives → source of these cells, for
            a student who deleted them.
    """

    code: str
    needs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """Everything that the judge needs to know of a lab.

    Attributes:
        limits: what a submission may use.
        recordings: names of the recordings that a complete submission holds.
        preload: modules that a worker imports once, before any submission.
        shows: cells that only show something, by `grader.check.names.cell_digest`.
        references: exercise → its solution, for second looks; hidden keys only.
    """

    lab: str
    visibility: Literal["public", "hidden"]
    title: Text
    exercises: tuple[Exercise, ...]
    checks: tuple[Check, ...]
    misconceptions: dict[str, Misconception] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    recordings: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    references: dict[str, Reference] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """Sixteen hex digits of what the key asks and expects, the same before and after its file."""
        filed = msgspec.convert(plain(self), Key)  # where 4 points are 4.0
        return digest({"format": FORMAT, "key": filed})[:16]

    @property
    def interface(self) -> str:
        """See `interface_of`."""
        return interface_of(self.exercises, self.checks)

    @property
    def max_points(self) -> float:
        return sum(c.points for c in self.checks if not c.bonus)

    def check(self, check_id: str) -> Check:
        return next(c for c in self.checks if c.id == check_id)

    def exercise(self, exercise_id: str) -> Exercise:
        return next(e for e in self.exercises if e.id == exercise_id)

    def of_exercise(self, exercise_id: str) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if c.exercise == exercise_id)

    def questions_for_students(self) -> Tree:
        """What the student zone is given: probes and limits, nothing that is expected."""
        forbids = {e.id: list(e.forbids) for e in self.exercises}
        return plain(
            {
                "lab": self.lab,
                "limits": self.limits,
                "defines": {name: e.id for e in self.exercises for name in e.defines},
                "shows": list(self.shows),
                "wanted": sorted({n for c in self.checks if c.probe for n in c.probe.names()}),
                "probes": [
                    {
                        "check": c.id,
                        "probe": c.probe,
                        "watch": forbids.get(c.exercise, []) if c.kind == "source" else [],
                    }
                    for c in self.checks
                    if c.probe is not None and c.kind != "clean"
                ]
                + [
                    {"check": c.id, "probe": answers_of(c.answers), "watch": []}
                    for c in self.checks
                    if c.answers
                ]
                + [
                    {"check": id, "probe": example.probe, "watch": []}
                    for c in self.checks
                    for id, example in c.tried.items()
                ],
            }
        )

    def to_bytes(self) -> bytes:
        return lzma.compress(pack({"format": FORMAT, "key": self}), lzma.FORMAT_XZ)

    @classmethod
    def from_bytes(cls, data: bytes) -> Key:
        """Read what `to_bytes` made.

        Raises:
            BadKey: it is something else, or of another format.
        """
        reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_BYTES)
        try:
            tree = unpack(reader.decompress(data, max_length=MAX_BYTES))
            if tree["format"] != FORMAT:
                raise BadKey(f"of format {tree['format']}, this kit reads format {FORMAT}")
            return msgspec.convert(tree["key"], cls)
        except (lzma.LZMAError, TreeError, msgspec.ValidationError, KeyError, TypeError) as error:
            raise BadKey(str(error)) from None

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Key:
        """Read a file.

        Raises:
            FileNotFoundError: no such file.
            BadKey: the file is no key, or of another format.
        """
        try:
            return cls.from_bytes(path.read_bytes())
        except BadKey as error:
            raise BadKey(f"{path} cannot be read as an answer key: {error}") from None

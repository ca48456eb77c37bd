"""Points and statistics that several reports show. Pure: records and key in, numbers out."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grader.check.judge import Status, Verdict
from grader.check.key import Key, Misconception
from grader.check.text import Text, gettext, same
from grader.gradebook.records import Graded
from grader.reports.manifest import Training, read_trainings

State = Literal["graded", "pending", "not_graded"]
Outcome = Literal["full", "part", "lost", "open", "pending"]

OUTCOME: dict[Status, Outcome] = {
    "right": "full",
    "carried": "full",
    "partial": "part",
    "wrong": "lost",
    "error": "lost",
    "limit": "lost",
    "forbidden": "lost",
    "todo": "open",
    "missing": "open",
    "pending": "pending",
}


def state(graded: Graded) -> State:
    if graded.problem is not None:
        return "not_graded"
    return "pending" if graded.pending else "graded"


def in_order(graded: Sequence[Graded]) -> list[Graded]:
    """By name as people sort them, then by identifier: the same order whatever came in."""
    from slugify import slugify

    return sorted(graded, key=lambda g: (slugify(g.student), g.student, g.student_id, g.origin))


@dataclass(frozen=True)
class ExerciseMark:
    """What one student earned in one exercise, bonus apart and bonus."""

    id: str
    number: str
    title: Text
    points: float
    max_points: float
    bonus: float
    max_bonus: float
    verdicts: tuple[Verdict, ...]

    @property
    def share(self) -> float:
        """Points earned over points to be had, 0 to 1; bonus-only exercises count their bonus."""
        if self.max_points:
            return min(1.0, self.points / self.max_points)
        return min(1.0, self.bonus / self.max_bonus) if self.max_bonus else 0.0


def by_exercise(graded: Graded, key: Key) -> list[ExerciseMark]:
    """The key's exercises in order, then those that only verdicts know (of an older key)."""
    found: dict[str, list[Verdict]] = {e.id: [] for e in key.exercises}
    for verdict in graded.verdicts:
        found.setdefault(verdict.exercise, []).append(verdict)
    known = {e.id: e for e in key.exercises}
    marks = []
    for id, verdicts in found.items():
        if not verdicts and not (id in known and not graded.verdicts and key.of_exercise(id)):
            continue
        plain = [v for v in verdicts if not v.bonus]
        extra = [v for v in verdicts if v.bonus]
        marks.append(
            ExerciseMark(
                id,
                known[id].number if id in known else "",
                known[id].title if id in known else same(id),
                round(sum(v.points for v in plain), 4),
                round(sum(v.max_points for v in plain), 4)
                or sum(c.points for c in key.of_exercise(id) if not c.bonus and not verdicts),
                round(sum(v.points for v in extra), 4),
                round(sum(v.max_points for v in extra), 4),
                tuple(verdicts),
            )
        )
    return marks


@dataclass(frozen=True)
class CheckSuccess:
    """How a class did on one check.

    Attributes:
        mean: mean share of its points, 0 to 1.
        counts: outcome → number of students.
    """

    check: str
    number: str
    title: Text
    bonus: bool
    points: float
    mean: float
    counts: dict[Outcome, int]


@dataclass(frozen=True)
class Mistake:
    """A named mistake over the class.

    Attributes:
        students: how many made it (those to whom it was only carried over are not counted).
        lost: points it cost, over the class.
    """

    id: str
    number: str
    exercise: Text
    text: Text
    hint: Text
    students: int
    lost: float


@dataclass(frozen=True)
class Unexplained:
    """A check that students failed without a known mistake being recognised."""

    check: str
    number: str
    title: Text
    students: int
    lost: float
    example: Text


@dataclass(frozen=True)
class ClassSummary:
    """What the class page shows.

    Attributes:
        marks: totals of the graded, in `in_order`.
        trainings: recording's name → each student's training, in the same order.
        shared_recordings: (recording, students) whose recordings are identical.
        shared_submissions: students whose submissions are identical.
    """

    students: list[Graded]
    graded: list[Graded]
    not_graded: list[Graded]
    pending: int
    max_points: float
    marks: list[float]
    mean: float | None
    median: float | None
    spread: float | None
    exercises: list[tuple[str, Text, float, list[CheckSuccess]]]
    mistakes: list[Mistake]
    unexplained: list[Unexplained]
    trainings: dict[str, list[Training]]
    shared_recordings: list[tuple[str, list[Graded]]]
    shared_submissions: list[list[Graded]]
    slow: list[Graded]
    limited: list[Graded]


def summarise(graded: Sequence[Graded], key: Key) -> ClassSummary:
    """Everything that the class page shows of `graded`."""
    students = in_order(graded)
    done = [g for g in students if g.problem is None]
    marks = [g.total for g in done]
    trainings: dict[str, list[Training]] = {}
    by_digest: dict[tuple[str, str], list[Graded]] = defaultdict(list)
    for g in students:
        for training in read_trainings(g.recordings):
            trainings.setdefault(training.name, []).append(training)
            if training.digest:
                by_digest[(training.name, training.digest)].append(g)
    alike: dict[str, list[Graded]] = defaultdict(list)
    for g in students:
        if g.digest:
            alike[g.digest].append(g)
    return ClassSummary(
        students=students,
        graded=done,
        not_graded=[g for g in students if g.problem is not None],
        pending=sum(g.pending for g in done),
        max_points=key.max_points,
        marks=marks,
        mean=statistics.fmean(marks) if marks else None,
        median=statistics.median(marks) if marks else None,
        spread=statistics.pstdev(marks) if len(marks) > 1 else None,
        exercises=_successes(done, key),
        mistakes=_mistakes(done, key),
        unexplained=_unexplained(done, key),
        trainings=dict(sorted(trainings.items())),
        shared_recordings=[
            (name, who) for (name, _), who in sorted(by_digest.items()) if _several(who)
        ],
        shared_submissions=[who for _, who in sorted(alike.items()) if _several(who)],
        slow=_slow(done),
        limited=[
            g
            for g in done
            if any(c.status == "limit" for c in g.cells)
            or any(v.status == "limit" for v in g.verdicts)
        ],
    )


def _several(who: Sequence[Graded]) -> bool:
    """Whether these are different people, and not the members of one group."""
    alone = len({g.origin for g in who}) == 1 or (
        who[0].members != () and len({g.members for g in who}) == 1
    )
    return len({g.student_id for g in who}) > 1 and not alone


def _successes(
    done: Sequence[Graded], key: Key
) -> list[tuple[str, Text, float, list[CheckSuccess]]]:
    found: dict[str, list[Verdict]] = defaultdict(list)
    for g in done:
        for verdict in g.verdicts:
            found[verdict.check].append(verdict)
    exercises = []
    for exercise in key.exercises:
        checks = []
        for check in key.of_exercise(exercise.id):
            verdicts = found[check.id]
            shares = [v.points / v.max_points for v in verdicts if v.max_points]
            checks.append(
                CheckSuccess(
                    check.id,
                    exercise.number,
                    check.title,
                    check.bonus,
                    check.points,
                    min(1.0, statistics.fmean(shares)) if shares else 0.0,
                    dict(Counter(OUTCOME[v.status] for v in verdicts)),
                )
            )
        if checks:
            had = sum(c.points for c in checks) or 1.0
            mean = sum(c.mean * c.points for c in checks) / had
            exercises.append((exercise.number, exercise.title, mean, checks))
    return exercises


def cause(verdict: Verdict, key: Key) -> tuple[str, Text, Text] | None:
    """The mistake that a verdict names: its id, its sentence, its hint; None if it names none."""
    known: Misconception | None = key.misconceptions.get(verdict.diagnosis)
    if known is not None:
        return known.id, known.text, known.hint
    sides = [verdict.message.to(lang).rsplit(" → ", 1) for lang in ("en", "fr")]
    if verdict.status not in ("carried", "right") and all(len(s) == 2 for s in sides):
        said = Text(en=sides[0][1], fr=sides[1][1])
        return verdict.diagnosis or f"{verdict.check}: {said.en}", said, verdict.hint
    if verdict.status == "forbidden":
        said = gettext("a forbidden call was used instead of writing it")
        return f"forbidden: {verdict.exercise}", said, verdict.hint
    return None


def _lost(verdict: Verdict) -> float:
    return 0.0 if verdict.bonus else max(0.0, verdict.max_points - verdict.points)


def _number(key: Key, exercise: str) -> tuple[str, Text]:
    found = next((e for e in key.exercises if e.id == exercise), None)
    return (found.number, found.title) if found else ("", same(exercise))


def _mistakes(done: Sequence[Graded], key: Key) -> list[Mistake]:
    who: dict[str, set[int]] = defaultdict(set)
    lost: dict[str, float] = defaultdict(float)
    first: dict[str, tuple[str, Text, Text]] = {}
    for i, g in enumerate(done):
        for verdict in g.verdicts:
            named = cause(verdict, key)
            if named is None or verdict.status == "carried":
                continue
            id, text, hint = named
            who[id].add(i)
            lost[id] += _lost(verdict)
            known = key.misconceptions.get(id)
            first.setdefault(id, (known.exercise if known else verdict.exercise, text, hint))
    mistakes = []
    for id, (exercise, text, hint) in first.items():
        number, title = _number(key, exercise)
        mistakes.append(Mistake(id, number, title, text, hint, len(who[id]), round(lost[id], 2)))
    return sorted(mistakes, key=lambda m: (-m.lost, -m.students, m.number, m.id))


def _unexplained(done: Sequence[Graded], key: Key) -> list[Unexplained]:
    failed: dict[str, list[Verdict]] = defaultdict(list)
    for g in done:
        for verdict in g.verdicts:
            if OUTCOME[verdict.status] == "lost" and cause(verdict, key) is None:
                failed[verdict.check].append(verdict)
    found = []
    for check, verdicts in failed.items():
        common, _ = Counter(v.message for v in verdicts).most_common(1)[0]
        number, _ = _number(key, verdicts[0].exercise)
        found.append(
            Unexplained(
                check,
                number,
                verdicts[0].title,
                len(verdicts),
                round(sum(_lost(v) for v in verdicts), 2),
                common,
            )
        )
    return sorted(found, key=lambda u: (-u.lost, -u.students, u.number, u.check))


def _slow(done: Sequence[Graded]) -> list[Graded]:
    """Those that took far longer to grade than the class did: over 3 times the median and 2 s."""
    if not done:
        return []
    usual = statistics.median(g.seconds for g in done)
    slow = [g for g in done if g.seconds > max(2.0, 3 * usual)]
    return sorted(slow, key=lambda g: -g.seconds)[:12]

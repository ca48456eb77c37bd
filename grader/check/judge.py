"""The verdict: check × observation × key → points, message, diagnosis.

One pure function for the notebook and for bulk grading. It needs NumPy only: no TensorFlow, no
student code, no file.

A name is earned: a misconception is named only if the observations equal what it gives on every check
of its exercise that it touches, the checks that it leaves right are right, and some of these values are
more than an exception, a lone boolean or a single whole number.

A mistake is paid for once: when an exercise fails, the checks of later exercises that use it are
observed a second time with the reference in its place (`right_alone`); those that are right then keep
their points (status ``carried``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec
import numpy as np

from grader.check.answers import digest, readings
from grader.check.compare import (
    Close,
    Distribution,
    Exact,
    Match,
    Metric,
    Raises,
    describe,
    number_of,
)
from grader.check.key import Check, Exercise, Key, Misconception
from grader.check.names import Use, forbidden_uses
from grader.check.raised import limit_text, said_of
from grader.check.text import Text, gettext, same
from grader.check.tree import Tree

# Raise it when the same observations may be judged otherwise: then all are judged again, none run.
FORMAT = 3

Status = Literal[
    "right",  # full points
    "partial",  # some of the points (metrics, warnings)
    "carried",  # right in itself: the fault is an earlier exercise's, paid for there
    "wrong",  # another value came
    "error",  # the student's code raised
    "limit",  # a limit was hit, or the process died
    "todo",  # the hole is still open
    "missing",  # a name, a recording or an answer is not there
    "forbidden",  # written with a call that the exercise forbids
    "pending",  # a person must read it
]
EARNING: frozenset[str] = frozenset({"right", "partial", "carried"})


@dataclass(frozen=True)
class Verdict:
    """What a check came to.

    Attributes:
        points: points earned, 0 to `max_points`.
        message: what came and the most likely reason, one line.
        diagnosis: id of the misconception, or "".
        hint: where to look next; may be empty.
        figure: the number behind it (metric, deviation), if there is one.
        odds: chance that a right solution loses points here, where chance has a part; else None.
        more: further steps of the hint, for a student who asks for them.
        example: the smallest example found on which the code does something else; may be empty.
    """

    check: str
    exercise: str
    points: float
    max_points: float
    status: Status
    title: Text
    asked: Text = field(default_factory=lambda: same(""))
    message: Text = field(default_factory=lambda: same(""))
    diagnosis: str = ""
    hint: Text = field(default_factory=lambda: same(""))
    figure: float | None = None
    bonus: bool = False
    odds: float | None = None
    more: tuple[Text, ...] = ()
    example: Text = field(default_factory=lambda: same(""))


@dataclass(frozen=True)
class Evidence:
    """All that the zones brought back on one submission.

    Attributes:
        observations: check → observation (`grader.check.observe`), from student zone or clean room.
        sources: source of each code cell that was run, in order; only ever parsed.
        right_alone: checks that came out right at second looks; None where none were taken.
    """

    observations: Mapping[str, Tree] = field(default_factory=dict)
    sources: Sequence[str] = ()
    right_alone: Collection[str] | None = None


@dataclass(frozen=True)
class _Finding:
    """A verdict on one check alone, and the misconceptions that its observation fits."""

    verdict: Verdict
    fits: tuple[str, ...] = ()


def judge(key: Key, evidence: Evidence, only: str | None = None) -> list[Verdict]:
    """Judge every check of `key`, or those of the exercise (or check) called `only`.

    The other checks are looked at too when they were observed: what fails elsewhere matters.
    """
    found = _findings(key, evidence)
    failing = _failing(key, evidence, found)
    named = {e.id: _earned(key, e, evidence, found, failing) for e in key.exercises}
    verdicts: dict[str, Verdict] = {}
    for check in key.checks:
        verdicts[check.id] = _in_context(key, check, evidence, found, failing, named)
    for check in key.checks:
        if verdicts[check.id].status not in EARNING:
            continue
        if check.kind == "source" and not _substantiated(key, check, evidence, verdicts, named):
            unearned = _UNSUBSTANTIATED
        elif check.kind == "clean" and check.answers and not _learnt(key, check, evidence):
            unearned = _UNLEARNT
        else:
            continue
        verdicts[check.id] = replace(
            verdicts[check.id], points=0.0, status="wrong", message=unearned
        )
    return [verdicts[c.id] for c in key.checks if only in (None, c.exercise, c.id)]


def total(verdicts: Sequence[Verdict]) -> float:
    """Points earned, bonus included, rounded to a hundredth."""
    return round(sum(v.points for v in verdicts), 2)


# ------------------------------------------------------------------ a second look


@dataclass(frozen=True)
class SecondLook:
    """Checks to observe again, in a fresh fork.

    Attributes:
        replaced: exercises whose reference stands in the place of the student's code.
        checks: ids of the checks.
    """

    replaced: tuple[str, ...]
    checks: tuple[str, ...]


def right_alone(
    key: Key, evidence: Evidence, look: Callable[[SecondLook], Collection[str]]
) -> list[str]:
    """The checks that come out right once what they build on is right, so that a mistake is paid once.

    First the failing exercises that use no other failing one are replaced, and the failing checks of
    what uses them are looked at; then those exercises that fail even so, and so on.

    Args:
        look: observes checks again; says which of them came out right (`right_among`).
    """
    found = _findings(key, evidence)
    failing = _failing(key, evidence, found)
    open_holes = {
        c.id for c in key.checks
        if _is_open(key.exercise(c.exercise), evidence.observations.get(c.id))
    }  # fmt: skip
    replaced: list[str] = []
    right: set[str] = set()

    def wrong(exercise: Exercise) -> set[str]:
        return {
            c.id for c in key.of_exercise(exercise.id)
            if c.kind in ("probe", "source") and found[c.id].verdict.status in _FAILED
        } - right  # fmt: skip

    while True:
        left = {e.id: e for e in key.exercises if e.id in failing and e.id not in replaced}
        left = {id: e for id, e in left.items() if wrong(e)}
        roots = {
            id for id, e in left.items() if not left.keys() & set(e.uses) or wrong(e) <= open_holes
        }
        if not roots:
            return sorted(right)
        replaced += sorted(roots)
        users = [e for e in key.exercises if e.id not in replaced and roots & set(e.uses)]
        checks = sorted(set().union(*map(wrong, users)) - open_holes)
        if checks:
            right |= set(look(SecondLook(tuple(replaced), tuple(checks)))) & set(checks)


def right_among(key: Key, look: SecondLook, evidence: Evidence) -> list[str]:
    """The checks of a second look that came out right; nothing else of it is to be kept."""
    found = _findings(key, evidence)
    return [c for c in look.checks if found[c].verdict.status == "right"]


_FAILED: frozenset[str] = frozenset({"wrong", "error", "limit", "todo", "missing"})


def _is_open(exercise: Exercise, seen: Tree) -> bool:
    """Whether an observation says that the exercise itself is not done."""
    if not isinstance(seen, dict):
        return True
    name = str(_error_of(seen).get("name", "")).split(".")[0]
    if seen.get("status") == "todo":
        return name in ("", exercise.id)
    return seen.get("status") == "missing" and name in exercise.defines


def _findings(key: Key, evidence: Evidence) -> dict[str, _Finding]:
    forbidden = {
        e.id: forbidden_uses(evidence.sources, e.defines, e.forbids)
        for e in key.exercises
        if e.forbids
    }
    return {
        c.id: _judge_one(key, c, evidence.observations.get(c.id), forbidden) for c in key.checks
    }


def _failing(key: Key, evidence: Evidence, found: Mapping[str, _Finding]) -> set[str]:
    """Exercises of which some check fails in itself; in a notebook, of those that were asked for."""
    return {
        c.exercise
        for c in key.checks
        if c.kind == "probe"
        and found[c.id].verdict.status in _FAILED
        and c.id not in (evidence.right_alone or ())
        and (key.visibility == "hidden" or c.id in evidence.observations)
    }


# ------------------------------------------------------------------ names


def _earned(
    key: Key, exercise: Exercise, evidence: Evidence, found: Mapping[str, _Finding],
    failing: Collection[str],
) -> Misconception | None:  # fmt: skip
    """The misconception of an exercise that the observations show, if they show one and no other."""
    if any(e in failing for e in exercise.uses):
        return None
    checks = [
        c
        for c in key.of_exercise(exercise.id)
        if c.kind == "probe" and (key.visibility == "hidden" or c.id in evidence.observations)
    ]
    earned = [
        m
        for m in key.misconceptions.values()
        if m.exercise == exercise.id
        and all(
            m.id in found[c.id].fits
            if m.id in c.wrong
            else found[c.id].verdict.status in ("right", "forbidden")
            for c in checks
        )
        and tells(checks, m)
    ]
    return earned[0] if len({m.text for m in earned}) == 1 else None


def tells(checks: Sequence[Check], misconception: Misconception) -> bool:
    """Whether what a misconception gives on the checks of its exercise is enough to name it."""
    weight = sum(_weight(c, misconception.id) for c in checks)
    return weight >= (1 if misconception.sure else _TELLING)


def _fits(check: Check, seen: Tree, wrong: Tree) -> bool:
    """Whether an observation is what a misconception gives."""
    if seen["status"] != wrong["status"] or _weights_of(seen) != _weights_of(wrong):
        return False  # weights that found no place say nothing, unless that is the mistake
    if seen["status"] != "ok":
        kind = _error_of(seen).get("type")
        return isinstance(kind, str) and kind == _error_of(wrong).get("type")
    values = seen.get("values")
    if not isinstance(values, dict):
        return False
    for name, expectation in check.expect.items():
        came, theirs = values.get(name), wrong["values"].get(name)
        if isinstance(expectation, Distribution):
            fits = expectation.alike(came, theirs)
        else:
            fits = (_EXACT if isinstance(expectation, Exact) else _NEAR).equals(came, theirs)
        if not fits:
            return False
    return True


_NEAR, _EXACT = Close(1e-3, 1e-4), Close(0.0, 0.0)
_TELLING = 2


def _weight(check: Check, mistake: str) -> int:
    """How much a misconception's values on a check say for themselves; see `_telling`."""
    wrong = check.wrong.get(mistake)
    if wrong is None or wrong["status"] != "ok":
        return 0
    return sum(
        _telling(
            wrong["values"].get(n), None if isinstance(e, Distribution) else check.expected.get(n)
        )
        for n, e in check.expect.items()
    )


def _telling(value: Tree, other: Tree = None) -> int:
    """How much it says that just this came, and not `other`: up to `_TELLING`.

    A number that is no multiple of 1/8 or an array of different values says enough, and so does bad
    input for which anything but a boolean came back; a boolean, a whole number, a constant array or a
    word says half of that; an exception says nothing.
    """
    if isinstance(value, dict):
        if Raises.RAISED in value:
            taken = value.get("value")
            return _telling(taken) if taken is None or isinstance(taken, bool) else _TELLING
        others = other if isinstance(other, dict) else {}
        return sum(_telling(v, others.get(k)) for k, v in value.items())
    came, theirs = number_of(value), number_of(other)
    if came is None:
        if isinstance(value, list):
            beside = [*(other if isinstance(other, list) else ()), *[None] * len(value)]
            return sum(_telling(v, o) for v, o in zip(value, beside, strict=False))
        return int(isinstance(value, str) and value != other)
    whole = came.dtype.kind in "biu"
    came = came.astype(np.float64)
    differs = np.ones(came.shape, bool)
    if theirs is not None and theirs.shape == came.shape:
        near = _EXACT if whole else _NEAR
        differs = ~np.isclose(came, theirs.astype(np.float64), near.rtol, near.atol, equal_nan=True)
    if not differs.any():
        return 0
    eighths = came[differs & np.isfinite(came)] * 8
    if (np.abs(eighths - np.round(eighths)) > 1e-6).any():
        return _TELLING
    constant = bool((came == came.flat[0]).all() or np.isnan(came).all())
    return 1 if constant or np.count_nonzero(differs) == 1 else _TELLING


def _name(verdict: Verdict, misconception: Misconception) -> Verdict:
    points = max(verdict.points, verdict.max_points * misconception.credit)
    status: Status = verdict.status
    if misconception.credit > 0:
        status = "right" if misconception.credit >= 1 else "partial"
    text = misconception.text
    return replace(
        verdict,
        points=points,
        status=status,
        diagnosis=misconception.id,
        message=verdict.message + same(" → ") + text if verdict.message.en else text,
        hint=next(iter(misconception.hints), same("")),
        more=misconception.hints[1:],
    )


# ------------------------------------------------------------------ a check among the others


def _in_context(
    key: Key, check: Check, evidence: Evidence, found: Mapping[str, _Finding],
    failing: Collection[str], named: Mapping[str, Misconception | None],
) -> Verdict:  # fmt: skip
    """The verdict on a check, with what is known of the others: carried, named, or a hint."""
    finding = found[check.id]
    verdict, exercise = finding.verdict, key.exercise(check.exercise)
    if verdict.status not in (*_FAILED, "partial"):
        return verdict
    uses = [key.exercise(e) for e in exercise.uses if e in failing]
    if check.id in (evidence.right_alone or ()):
        return _carried(verdict, uses)
    if uses and verdict.status in ("wrong", "error", "limit"):
        hint = (
            gettext(
                "this builds on exercise {n}, which is not right yet: start there (when it is graded,"
                " a correct one stands in for yours)"
            )
            if evidence.right_alone is None
            else gettext("not right with a correct exercise {n} in place of yours either")
        )
        return replace(verdict, hint=hint.fill(n=", ".join(e.number for e in uses)))
    mistake = named[check.exercise]
    if check.kind == "clean":
        mistake = next((key.misconceptions[m] for m in finding.fits), None)
    if mistake is not None and mistake.id in finding.fits:
        return _name(verdict, mistake)
    return verdict


def _carried(verdict: Verdict, uses: Sequence[Exercise]) -> Verdict:
    return replace(
        verdict,
        points=verdict.max_points,
        status="carried",
        message=gettext(
            "right in itself: judged with a correct exercise {n} in place of yours",
            n=", ".join(e.number for e in uses),
        ),
    )


def _substantiated(
    key: Key, check: Check, evidence: Evidence, verdicts: Mapping[str, Verdict],
    named: Mapping[str, Misconception | None],
) -> bool:  # fmt: skip
    """Points for how an exercise is written need something in it that not just anything gives.

    Some other check of the exercise, of more than an exception or a zero, earns points, or its mistake
    has earned a name. In the student's notebook, where checks may be asked for one at a time, one that
    was not run is no evidence against it.
    """
    others = [c for c in key.of_exercise(check.exercise) if c.kind in ("probe", "clean")]
    if key.visibility == "public":
        others = [c for c in others if c.id in evidence.observations]
    if not others or named[check.exercise] is not None:
        return True
    return any(
        verdicts[c.id].status in EARNING
        and (c.kind == "clean" or sum(_telling(v) for v in c.expected.values()) >= _TELLING)
        for c in others
    )


def _learnt(key: Key, check: Check, evidence: Evidence) -> bool:
    """Whether the networks that an answer is about have learnt: each metric is above its floor."""
    for other in key.checks:
        if other.kind != "clean" or not set(other.measured) & set(check.measured):
            continue
        seen = evidence.observations.get(other.id)
        values = seen.get("values") if isinstance(seen, dict) else None
        for name, expectation in other.expect.items():
            if isinstance(expectation, Metric) and not (
                isinstance(values, dict)
                and expectation.match(values.get(name), other.expected.get(name)).credit > 0
            ):
                return False
    return True


# ------------------------------------------------------------------ a check alone


def _judge_one(
    key: Key, check: Check, seen: Tree | None, forbidden: Mapping[str, Sequence[Use]]
) -> _Finding:
    """The verdict on one check alone, and the misconceptions that it fits."""
    blank = Verdict(
        check.id,
        check.exercise,
        0.0,
        check.points,
        "missing",
        check.title,
        check.asked,
        bonus=check.bonus,
        odds=check.odds,
    )
    if seen is None:
        return _Finding(replace(blank, message=_NOT_OBSERVED[check.kind]))
    if not isinstance(seen, dict) or not isinstance(seen.get("status"), str):
        return _Finding(replace(blank, status="error", message=_UNREADABLE))
    if check.kind == "source":
        return _Finding(_judge_source(blank, forbidden.get(check.exercise, ()), seen))
    if check.kind == "answer":
        return _Finding(_judge_answer(key, check, blank, seen))
    if check.kind == "clean":
        check = replace(check, expected={**check.expected, **_told(seen, "expected", dict)})
    fits = tuple(m for m, wrong in check.wrong.items() if _fits(check, seen, wrong))
    if check.kind == "clean":
        fits = tuple(m for m in (_told(seen, "mistake", str),) if m in key.misconceptions)
    if seen["status"] != "ok":
        return _Finding(_not_ok(blank, seen), fits)
    values = seen.get("values")
    if not isinstance(values, dict):
        return _Finding(replace(blank, status="error", message=_UNREADABLE))
    matches = _matches(check, values)
    credit = min((m.credit for _, m in matches), default=0.0)
    name, worst = next((p for p in matches if not p[1].right), ("", Match(0.0)))
    if credit >= 1.0:
        uses = [*forbidden.get(check.exercise, ()), *_watched(seen)]
        if uses and not any(c.kind == "source" for c in key.of_exercise(check.exercise)):
            return _Finding(_forbid(blank, uses))
        came = next((m.came for _, m in matches if m.came.en), same(""))
        figure = next((m.figure for _, m in matches), None)
        return _Finding(
            replace(blank, points=check.points, status="right", message=came, figure=figure)
        )
    said = worst.came
    if name in check.quiet:
        said = gettext("{came} came, which is not right", came=describe(values.get(name)))
    if name in check.results:
        said = check.results[name] + gettext(": ") + said
    if check.odds:
        times = f"{round(1 / check.odds):,}"
        once = Text(en=times, fr=times.replace(",", "\u202f"))
        said = said + gettext(" (a right solution loses points here once in {n})", n=once)
    verdict = replace(
        blank,
        points=round(check.points * credit, 4),
        status="partial" if credit > 0 else "wrong",
        message=said + (_weights_problem(seen) or same("")),
        figure=worst.figure,
    )
    return _Finding(verdict, fits)


def _error_of(seen: Mapping[str, Tree]) -> Mapping[str, Tree]:
    """What is said of a failure: words, numbers and lists; an array among them has no truth value."""
    error = seen.get("error")
    if not isinstance(error, dict):
        return {}
    return {k: v for k, v in error.items() if isinstance(v, (str, int, float, list))}


def _weights_of(seen: Mapping[str, Tree]) -> tuple[list[str], list[str]]:
    """The paths of weights that are missing, and of those of another shape."""
    weights = seen.get("weights")
    if not isinstance(weights, dict):
        return [], []
    return _strings(weights.get("missing")), _strings(weights.get("misfit"))


def _strings(found: Tree) -> list[str]:
    """The strings in what should be a list of them; what comes back may be anything."""
    return [x for x in found if isinstance(x, str)] if isinstance(found, list) else []


def _told(seen: Tree, name: str, kind: type) -> Any:
    """What a clean-room function said besides its values; nothing if it said nothing."""
    found = seen.get(name)
    return found if isinstance(found, kind) else kind()


def _matches(check: Check, values: Mapping[str, Tree]) -> list[tuple[str, Match]]:
    return [
        (name, expectation.match(values.get(name), check.expected.get(name)))
        for name, expectation in check.expect.items()
    ]


def _judge_source(blank: Verdict, uses: Sequence[Use], seen: Mapping[str, Tree]) -> Verdict:
    """A check that an exercise was written by hand; earned only if there is something written."""
    if seen["status"] in ("missing", "todo"):
        return _not_ok(blank, seen)
    uses = [*uses, *_watched(seen)]
    if uses:
        return _forbid(blank, uses)
    if seen["status"] != "ok":
        return _not_ok(blank, seen)
    return replace(blank, points=blank.max_points, status="right")


def _watched(seen: Mapping[str, Tree]) -> list[Use]:
    return [Use(u[:80], 0) for u in _strings(seen.get("used"))]


def _forbid(blank: Verdict, uses: Sequence[Use]) -> Verdict:
    line = next((u.line for u in uses if u.line), 0)
    where = gettext(
        " (line {n}: {s})", n=line, s=next((u.code for u in uses if u.line == line), "")
    )
    return replace(
        blank,
        status="forbidden",
        diagnosis="",
        message=gettext(
            "uses {what}, which this exercise asks you to write yourself",
            what=", ".join(sorted({u.name for u in uses})),
        )
        + (where if line else same("")),
    )


def _judge_answer(key: Key, check: Check, blank: Verdict, seen: Tree) -> Verdict:
    values = seen.get("values")
    given = values.get("answer") if seen["status"] == "ok" and isinstance(values, dict) else None
    if given is None or (isinstance(given, str) and not given.strip()):
        return replace(blank, message=_NOT_OBSERVED["answer"])
    spec = check.answer
    if spec["type"] == "text":
        return replace(blank, status="pending", message=gettext("to be read by a person"))
    shown = describe(given) if not isinstance(given, str) else given[:80]
    if key.visibility == "public" and not spec.get("told", True):
        said = gettext("taken: {a}; whether it is right is told with the feedback", a=shown)
        return replace(blank, status="pending", message=said)
    forms = [digest(form, spec["salt"]) for form in readings(given, spec["type"], spec["decimals"])]
    if any(form in spec["right"] for form in forms):
        return replace(blank, points=check.points, status="right", message=same(shown))
    said = gettext("your answer: {a}", a=shown)
    if not forms:
        said = said + gettext(", which is not a number")
    named = next((spec["wrong"][form] for form in forms if form in spec["wrong"]), None)
    if named is not None:
        text = msgspec.convert(named["text"], Text)
        said = said + same(" → ") + text
    return replace(blank, status="wrong", message=said, diagnosis=named["id"] if named else "")


_NOT_OBSERVED: dict[str, Text] = {
    "probe": gettext("not observed"),
    "clean": gettext("no recording was handed in"),
    "answer": gettext("no answer yet"),
    "source": gettext("not observed"),
}
_UNSUBSTANTIATED = gettext("counts as soon as something in this exercise comes out right")
_UNLEARNT = gettext("counts once the networks that it is about have learnt something")
_NOTHING = gettext("None came back where several values are asked: is a `return` missing?")
_UNREADABLE = gettext("what came back could not be read")


def _not_ok(blank: Verdict, seen: Tree) -> Verdict:
    """The verdict on a probe that did not come to its end."""
    status = seen["status"]
    error = _error_of(seen)
    if status == "todo":
        return replace(blank, status="todo", message=gettext("not done yet"))
    if status == "missing":
        name = str(error.get("name", "?"))[:60]
        near = [n[:60] for n in _strings(error.get("near"))][:1]
        message = gettext("{n} is not defined", n=name)
        if near:
            message += gettext(": did you mean {m}?", m=near[0])
        if error.get("what"):
            message = _LACKS.get(str(error["what"]), message)
        return replace(blank, status="missing", message=message)
    if status == "limit":
        return replace(blank, status="limit", message=limit_text(error) + _line_of(error))
    if error.get("what") in ("function", "class"):
        return replace(
            blank,
            status="error",
            message=instead_of_a_model(str(error.get("name", "?"))[:60], str(error["what"])),
        )
    if error.get("message") == "'NoneType' object is not subscriptable" and not error.get("line"):
        # No line of the student's: the probe took a part of what came back.
        return replace(blank, status="error", message=_NOTHING)
    message = said_of(error)
    message += _line_of(error)
    return replace(blank, status="error", message=message + (_weights_problem(seen) or same("")))


def _line_of(error: Mapping[str, Any]) -> Text:
    """Where in the student's code; empty if it is not known."""
    line = str(error.get("line") or "")[:120].replace("{", "(").replace("}", ")")
    return gettext(", at: {c}", c=line) if line else same("")


def instead_of_a_model(name: str, kind: str) -> Text:
    """What to say of a function or a class (`kind`) that stands where a model is needed."""
    if kind == "class":
        text = gettext("{n} is a class, and a model is needed: make one with {n}(…)")
    else:
        text = gettext(
            "{n} is a function, and a model is needed: was calling it forgotten, as in {n}()?"
        )
    return text.fill(n=name)


_LACKS: dict[str, Text] = {
    "recording": gettext("no recording was handed in: train the model, then submit again"),
    "damaged": gettext("the recording cannot be read (cut short?)"),
    "shapes": gettext("the recording's weights have other shapes than the model asked for"),
    "layers": gettext(
        "the recorded model has layers that are not built into Keras: it cannot be rebuilt"
    ),
    "answer": _NOT_OBSERVED["answer"],
}


def _weights_problem(seen: Tree) -> Text | None:
    missing, misfit = ([path[:80] for path in paths][:3] for paths in _weights_of(seen))
    if missing:
        return gettext(" (no weight called {w})", w=", ".join(missing))
    if misfit:
        return gettext(" (weight of another shape: {w})", w=", ".join(misfit))
    return None


def near_names(name: str, names: Sequence[str]) -> list[str]:
    """Names that look like `name`, best first."""
    return difflib.get_close_matches(name, names, n=2, cutoff=0.6)

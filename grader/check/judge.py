"""The verdict: check × observation × key → points, message, diagnosis.

One pure function for the notebook and for bulk grading. It needs NumPy only: no TensorFlow, no
student code, no file.

Consequential errors: if a check of a later exercise fails exactly as an earlier, already named
mistake makes it fail, the later exercise is right in itself; it keeps its points and says so
(status ``carried``). A mistake is paid for once, where it was made.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from grader.check.answers import digest, readings
from grader.check.compare import Close, Distribution, Exact, Match
from grader.check.key import Check, Key, Misconception
from grader.check.names import Use, forbidden_uses
from grader.check.raised import limit_text, said_of
from grader.check.text import Text, gettext, same
from grader.check.tree import Tree

# Raise it when the same observations may be judged otherwise: then all are judged again, none run.
FORMAT = 2

Status = Literal[
    "right",  # full points
    "partial",  # some of the points (metrics, warnings)
    "carried",  # right in itself: the fault is an earlier exercise's, already paid for
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

    def to_dict(self) -> dict[str, Any]:
        texts = {k: getattr(self, k).to_dict() for k in ("title", "asked", "message", "hint")}
        return {**vars(self), **texts}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdict:
        texts = {k: Text.from_dict(data[k]) for k in ("title", "asked", "message", "hint")}
        return cls(**{**data, **texts})


@dataclass(frozen=True)
class Evidence:
    """All that the zones brought back on one submission.

    Attributes:
        observations: check → observation (`grader.check.observe`), from student zone or clean room.
        sources: source of each code cell that was run, in order; only ever parsed.
    """

    observations: Mapping[str, Tree] = field(default_factory=dict)
    sources: Sequence[str] = ()


def judge(key: Key, evidence: Evidence, only: str | None = None) -> list[Verdict]:
    """Judge every check of `key`, or those of the exercise (or check) called `only`.

    Checks before those asked for are looked at too when they were observed, so that a carried
    mistake is recognised.
    """
    forbidden = {
        e.id: forbidden_uses(evidence.sources, e.defines, e.forbids)
        for e in key.exercises
        if e.forbids
    }
    found = {
        c.id: _judge_one(key, c, evidence.observations.get(c.id), forbidden) for c in key.checks
    }
    named: dict[str, set[str]] = {}
    for check in key.checks:
        verdict, _ = found[check.id]
        if verdict.diagnosis and key.misconceptions[verdict.diagnosis].exercise == check.exercise:
            named.setdefault(check.exercise, set()).add(verdict.diagnosis)
    verdicts = []
    for check in key.checks:
        if only is not None and only not in (check.exercise, check.id):
            continue
        verdict, candidates = found[check.id]
        if check.kind == "source" and verdict.status == "right":
            verdict = _substantiated(key, verdict, evidence, found)
        verdicts.append(_carry(key, check, verdict, candidates, named, found))
    return verdicts


def _substantiated(
    key: Key, verdict: Verdict, evidence: Evidence,
    found: Mapping[str, tuple[Verdict, list[str]]],
) -> Verdict:  # fmt: skip
    """Points for how an exercise is written need something that is written.

    Some other check of the exercise earns points, or fails by a mistake that has a name. In the
    student's notebook, where checks may be asked for one at a time, one that was not run is no
    evidence against it.
    """
    others = [c for c in key.of_exercise(verdict.exercise) if c.kind in ("probe", "clean")]
    if key.visibility == "public":
        others = [c for c in others if c.id in evidence.observations]
    if not others:
        return verdict
    if any(v.status in EARNING or v.diagnosis for v in (found[c.id][0] for c in others)):
        return verdict
    if any(found[c.id][1] for c in others):
        return verdict
    return replace(verdict, points=0.0, status="wrong", message=_UNSUBSTANTIATED)


def total(verdicts: Sequence[Verdict]) -> float:
    """Points earned, bonus included, rounded to a hundredth."""
    return round(sum(v.points for v in verdicts), 2)


def _judge_one(
    key: Key, check: Check, seen: Tree | None, forbidden: Mapping[str, Sequence[Use]]
) -> tuple[Verdict, list[str]]:
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
    )
    if seen is None:
        return replace(blank, message=_NOT_OBSERVED[check.kind]), []
    if not isinstance(seen, dict) or not isinstance(seen.get("status"), str):
        return replace(blank, status="error", message=_UNREADABLE), []
    if check.kind == "source":
        return _judge_source(blank, forbidden.get(check.exercise, ()), seen), []
    if check.kind == "answer":
        return _judge_answer(key, check, blank, seen), []
    if check.kind == "clean":
        check = replace(check, expected={**check.expected, **_told(seen, "expected", dict)})
    if seen["status"] != "ok":
        verdict, candidates = _not_ok(blank, seen), _candidates(key, check, seen)
        own = [m for m in candidates if key.misconceptions[m].exercise == check.exercise]
        if verdict.status == "error" and own:  # the kind of an exception says little: not another's
            verdict = _name(verdict, key.misconceptions[own[0]])
        return verdict, candidates
    values = seen.get("values")
    if not isinstance(values, dict):
        return replace(blank, status="error", message=_UNREADABLE), []
    matches = _matches(check, values)
    credit = min((m.credit for _, m in matches), default=0.0)
    worst = next((p for p in matches if not p[1].right), None)
    figure = worst[1].figure if worst else next((m.figure for _, m in matches), None)
    if credit >= 1.0:
        uses = [*forbidden.get(check.exercise, ()), *_watched(seen)]
        if uses and not any(c.kind == "source" for c in key.of_exercise(check.exercise)):
            return _forbid(blank, uses), []
        came = next((m.came for _, m in matches if m.came.en), same(""))
        return replace(blank, points=check.points, status="right", message=came, figure=figure), []
    candidates = _candidates(key, check, seen)
    name, match = worst if worst else ("", Match(0.0))
    said = match.came if len(check.expect) == 1 else same(f"{name}: ") + match.came
    weights = _weights_problem(seen)
    verdict = replace(
        blank,
        points=round(check.points * credit, 4),
        status="partial" if credit > 0 else "wrong",
        message=said + weights if weights else said,
        figure=figure,
    )
    if candidates:
        verdict = _name(verdict, key.misconceptions[_own_first(key, check, candidates)])
    return verdict, candidates


def _candidates(key: Key, check: Check, seen: Tree) -> list[str]:
    """The misconceptions that an observation fits, and the one that a clean-room function names."""
    found = [m for m, wrong in check.wrong.items() if _fits(check, seen, wrong)]
    if check.kind == "clean":
        found += [m for m in (_told(seen, "mistake", str),) if m in key.misconceptions]
    return found


def _error_of(seen: Mapping[str, Tree]) -> Mapping[str, Tree]:
    error = seen.get("error")
    return error if isinstance(error, dict) else {}


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


_NEAR, _EXACT = Close(1e-3, 1e-4), Close(0.0, 0.0)


def _fits(check: Check, seen: Tree, wrong: Tree) -> bool:
    """Whether an observation is what a misconception gives."""
    if seen["status"] != wrong["status"]:
        return False
    if seen["status"] != "ok":
        kind = _error_of(seen).get("type")
        return isinstance(kind, str) and kind == _error_of(wrong).get("type")
    values = seen.get("values")
    if not isinstance(values, dict):
        return False
    for name, expectation in check.expect.items():
        came, theirs = values.get(name), wrong["values"].get(name)
        if isinstance(expectation, Distribution):
            fits = expectation.match(came, theirs).right
        else:
            fits = (_EXACT if isinstance(expectation, Exact) else _NEAR).equals(came, theirs)
        if not fits:
            return False
    return True


def _own_first(key: Key, check: Check, candidates: Sequence[str]) -> str:
    own = [m for m in candidates if key.misconceptions[m].exercise == check.exercise]
    return (own or list(candidates))[0]


def _name(verdict: Verdict, misconception: Misconception) -> Verdict:
    points = max(verdict.points, verdict.max_points * misconception.credit)
    status: Status = verdict.status
    if misconception.credit > 0:
        status = "right" if misconception.credit >= 1 else "partial"
    return replace(
        verdict,
        points=points,
        status=status,
        diagnosis=misconception.id,
        message=misconception.text
        if not verdict.message.en
        else verdict.message + same(" → ") + misconception.text,
        hint=misconception.hint,
    )


def _carry(
    key: Key,
    check: Check,
    verdict: Verdict,
    candidates: Sequence[str],
    named: Mapping[str, set[str]],
    found: Mapping[str, tuple[Verdict, list[str]]],
) -> Verdict:
    """Give the points back if the failure is an earlier exercise's, already named there."""
    if verdict.status in EARNING or verdict.status in ("todo", "missing", "pending", "forbidden"):
        return verdict
    for mistake in candidates:
        origin = key.misconceptions[mistake].exercise
        if origin == check.exercise or not _telling(check.wrong.get(mistake)):
            continue
        if mistake in named.get(origin, ()):
            return replace(
                verdict,
                points=check.points,
                status="carried",
                diagnosis=mistake,
                hint=same(""),
                message=gettext(
                    "right in itself; the values are off because of exercise {n} ({m})",
                    n=key.exercise(origin).number,
                    m=mistake,
                ),
            )
    if verdict.diagnosis:
        return verdict
    shaky = [
        key.exercise(used).number
        for used in key.exercise(check.exercise).uses
        if any(
            found[c.id][0].status not in EARNING and c.kind == "probe"
            for c in key.of_exercise(used)
        )
    ]
    if shaky and verdict.status in ("wrong", "error"):
        return replace(
            verdict,
            hint=gettext(
                "this builds on exercise {n}, which is not right yet: start there",
                n=", ".join(shaky),
            ),
        )
    return verdict


def _telling(wrong: Tree) -> bool:
    """Whether only code that is right in itself gives what a mistake elsewhere makes of it.

    An exception, zeros or NaN are to be had without writing the exercise at all.
    """
    if not isinstance(wrong, dict) or wrong["status"] != "ok":
        return False

    def some(node: Tree) -> bool:
        if isinstance(node, dict):
            return any(some(v) for v in node.values())
        if isinstance(node, list):
            return any(some(v) for v in node)
        if isinstance(node, (np.ndarray, bool, int, float)):
            return bool(np.any(np.nan_to_num(np.asarray(node, dtype=np.float64)) != 0))
        return isinstance(node, str) and bool(node)

    return some(wrong["values"])


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
    shown = str(given)[:80]
    if spec["type"] == "text":
        return replace(
            blank,
            status="pending",
            message=gettext("to be read by a person"),
        )
    forms = [digest(form, spec["salt"]) for form in readings(given, spec["type"], spec["decimals"])]
    if any(form in spec["right"] for form in forms):
        return replace(blank, points=check.points, status="right", message=same(shown))
    said = gettext("your answer: {a}", a=shown)
    if not forms:
        said = said + gettext(", which is not a number")
    named = next((spec["wrong"][form] for form in forms if form in spec["wrong"]), None)
    if named is not None:
        return replace(
            blank,
            status="wrong",
            message=said + same(" → ") + Text.from_dict(named["text"]),
            diagnosis=named.get("id", ""),
        )
    return replace(blank, status="wrong", message=said)


_NOT_OBSERVED: dict[str, Text] = {
    "probe": gettext("not observed"),
    "clean": gettext("no recording was handed in"),
    "answer": gettext("no answer yet"),
    "source": gettext("not observed"),
}
_UNSUBSTANTIATED = gettext("counts as soon as something in this exercise comes out right")
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
    weights = seen.get("weights")
    if not isinstance(weights, dict):
        return None
    missing = [p[:80] for p in _strings(weights.get("missing"))][:3]
    misfit = [p[:80] for p in _strings(weights.get("misfit"))][:3]
    if missing:
        return gettext(" (no weight called {w})", w=", ".join(missing))
    if misfit:
        return gettext(" (weight of another shape: {w})", w=", ".join(misfit))
    return None


def near_names(name: str, names: Sequence[str]) -> list[str]:
    """Names that look like `name`, best first."""
    return difflib.get_close_matches(name, names, n=2, cutoff=0.6)

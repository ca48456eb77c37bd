"""From a lab's folder to its answer key: run the probes on the solution and on each mistake."""

from __future__ import annotations

import math
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from grader.authoring.modules import python_error
from grader.authoring.probes import STEPS
from grader.authoring.source import LoadedLab, load_lab
from grader.authoring.spec import AuthorError, CheckSpec, Draw, SmallDraw, default_expectation
from grader.check.answers import digest, digests, normalise, numbers_in
from grader.check.compare import (
    FALSE_ALARM,
    Between,
    Close,
    Distribution,
    Exact,
    Expectation,
    Metric,
    Raises,
    number_of,
)  # fmt: skip
from grader.check.examples import MAX_EXAMPLES, Example, is_short, small_calls, smallest
from grader.check.judge import tells
from grader.check.key import Check, Exercise, Key, Misconception, Reference
from grader.check.names import cell_digest, defined_in, display_only, made, reach, taken
from grader.check.observe import MAX_ITEMS, MAX_TEXT, Made, observe
from grader.check.probe import Probe, Step
from grader.check.text import LANGS, did_you_mean, same
from grader.check.tree import Tree, pack, unpack
from grader.check.tree import digest as digest_of

PUBLIC_SEED = 20_170_612
MAX_DRAWS = 8  # of a check's inputs, until every mistake shows
GUESSABLE = 10  # numbers below may stand anywhere
FEW = 64  # elements of a result in which a message may show any

Drawn = tuple[Probe | None, Mapping[str, Tree]]


def compile_key(lab: LoadedLab, seed: int = PUBLIC_SEED, hidden: bool = False) -> Key:
    """Compile the answer key.

    Args:
        lab: the lab.
        seed: any whole number ≥ 0; keep the hidden key's secret.
        hidden: compile the instructor's key (sizes, held-out data).

    Raises:
        AuthorError: the solution does not answer a probe, points do not add up to 20, …
    """
    spec = lab.spec
    sources = lab.sources()
    draws = {c: Draw(seed, c, hidden) for c in spec.checks}
    drawn = {c: _drawn(spec.checks[c], draw) for c, draw in draws.items()}
    exercises = _with_uses(lab, drawn, sources)
    for exercise in exercises.values():
        lacking = set(exercise.defines) - defined_in(sources)
        if lacking:
            raise AuthorError(f"{lab.id}: the solution does not define {sorted(lacking)}")
    runs = _runs(lab, drawn, sources)
    checks: dict[str, Check] = {}
    misconceptions = {
        m.id: Misconception(m.id, m.exercise, m.text, m.hints, m.credit, m.sure)
        for m in spec.misconceptions.values()
    }
    to_name = {m.diagnosis for m in spec.mutants}
    again: Collection[str] = spec.checks
    for attempt in range(1, MAX_DRAWS + 1):
        checks |= _compiled(lab, exercises, draws, drawn, runs, again)
        shown = {m for c in checks.values() for m in c.wrong}
        named = {
            r.mistake
            for r in runs
            if r.mistake in to_name
            and tells([checks[c] for c in r.checks], misconceptions[r.mistake])
        }
        seen = named | (shown - to_name)
        hidden_yet = [r for r in runs if r.mistake is not None and r.mistake not in seen]
        if not hidden_yet:
            break
        again = {c for run in hidden_yet for c in run.checks}
        draws |= {c: Draw(seed, c, hidden, attempt) for c in again}
        drawn |= {c: _drawn(spec.checks[c], draws[c]) for c in again}
    else:
        raise AuthorError(
            f"{lab.id}: misconception {hidden_yet[0].mistake}: after {MAX_DRAWS} draws no check sees"
            " enough of a difference to name it; ask for something on which it shows"
        )
    shows = _shows(lab, (probe for probe, _ in drawn.values() if probe is not None))
    points = sum(c.points for c in checks.values() if not c.bonus)
    if abs(points - 20) > 1e-6:
        raise AuthorError(f"{lab.id}: the points add up to {points:g}, not 20")
    return Key(
        lab=lab.id,
        visibility="hidden" if hidden else "public",
        title=spec.title,
        exercises=tuple(exercises.values()),
        checks=tuple(checks.values()),
        misconceptions=misconceptions,
        limits=spec.limits,
        recordings=spec.recordings,
        preload=spec.preload,
        shows=shows,
        references=_references(lab, exercises.values()) if hidden else {},
    )


def _runs(lab: LoadedLab, drawn: Mapping[str, Drawn], sources: list[str]) -> list[Run]:
    """The solution on every probe, each misconception on those of its exercise that its code may change."""
    probes = {name: probe for name, (probe, _) in drawn.items() if probe is not None}
    reached = {name: reach(sources, probe.names()) for name, probe in probes.items()}
    runs = [Run(None, tuple(probes))]
    for mistake in lab.spec.misconceptions.values():
        if mistake.measured:
            continue
        touched = set(lab.spec.exercises[mistake.exercise].defines)
        checks = (lab.spec.checks[name] for name in probes if reached[name] & touched)
        asked = [c.id for c in checks if c.kind == "probe" and c.exercise == mistake.exercise]
        if not asked:
            raise AuthorError(
                f"{lab.id}: misconception {mistake.id}: no check of its exercise asks for what it changes"
            )
        runs.append(Run(mistake.id, tuple(asked)))
    return runs


def _compiled(
    lab: LoadedLab, exercises: Mapping[str, Exercise], draws: Mapping[str, Draw],
    drawn: Mapping[str, Drawn], runs: Sequence[Run], wanted: Collection[str],
) -> dict[str, Check]:  # fmt: skip
    """The checks called `wanted`, observed on the solution and on each mistake."""
    asked = [replace(r, checks=tuple(c for c in r.checks if c in wanted)) for r in runs]
    asked = [r for r in asked if r.checks]
    probes = {name: probe for name, (probe, _) in drawn.items() if probe is not None}
    watch = {c.id: exercises[c.exercise].forbids for c in lab.spec.checks.values()}
    small = {
        f"{c}~{n}": probe
        for c in wanted
        for n, probe in enumerate(_small(lab.spec.checks[c], draws[c].hidden))
    }
    asked = [_with_small(run, small) for run in asked]
    watch |= dict.fromkeys(small, ())
    seen = dict(zip(asked, observe_runs(lab, asked, probes | small, watch), strict=True))
    solved = next((s for run, s in seen.items() if run.mistake is None), {})
    secrets = _secrets(lab)
    found = {}
    for id, spec in lab.spec.checks.items():
        if id in wanted:
            check = _compile(spec, drawn[id], solved.get(id), draws[id], lab.spec.calibration)
            mine = {n: p for n, p in small.items() if _asks_about(n) == id}
            check = replace(check, quiet=_quiet(check, secrets))
            check = replace(check, examples=_examples(check, mine, seen))
            found[id] = _with_mistakes(check, seen)
    return found


def _with_small(run: Run, small: Iterable[str]) -> Run:
    """The run with the small probes of its checks; the solution's with all of them."""
    more = (n for n in small if run.mistake is None or _asks_about(n) in run.checks)
    return replace(run, checks=(*run.checks, *more))


def _asks_about(small: str) -> str:
    """``attention.values~3``: of which check a small probe is."""
    return small.rpartition("~")[0]


def _small(spec: CheckSpec, hidden: bool) -> list[Probe]:
    """The same asked on a few small numbers, where the check's author draws sizes and numbers."""
    if spec.kind != "probe":
        return []
    found: dict[str, Probe] = {}
    for attempt in range(4 * MAX_EXAMPLES):
        if len(found) == MAX_EXAMPLES:
            break
        try:
            probe, _ = spec.ask(SmallDraw(PUBLIC_SEED, spec.id, hidden, attempt))
        except Exception:  # sizes or numbers that this check cannot do with
            continue
        for call in small_calls(probe):
            found.setdefault(digest_of(call), call)
    return list(found.values())


def _examples(
    check: Check, probes: Mapping[str, Probe], seen: Mapping[Run, Mapping[str, Tree]]
) -> tuple[Example, ...]:
    """Those to which the solution gives a short answer, first the ones that tell most mistakes from it."""
    if check.quiet:
        return ()
    valued = {n for n, e in check.expect.items() if isinstance(e, (Close, Exact))}
    solved = next((s for run, s in seen.items() if run.mistake is None), {})
    found: list[tuple[Example, set[str]]] = []
    for name, probe in probes.items():
        one = solved.get(name, {})
        if one.get("status") != "ok":
            continue
        expected = {n: v for n, v in one["values"].items() if n in valued and is_short(v)}
        if not expected:
            continue
        example = Example(replace(probe, shared=0), expected)
        tells = {
            run.mistake
            for run, others in seen.items()
            if run.mistake and name in others and smallest([example], [others[name]])
        }
        found.append((example, tells))
    chosen: list[Example] = []
    told: set[str] = set()
    while found and len(chosen) < MAX_EXAMPLES:
        best = max(found, key=lambda f: (len(f[1] - told), len(f[1]), -f[0].size))
        found = [f for f in found if f is not best]
        chosen.append(best[0])
        told |= best[1]
    return tuple(chosen)


def _references(lab: LoadedLab, exercises: Iterable[Exercise]) -> dict[str, Reference]:
    """The solution of each exercise that another uses."""
    given = [c.solved() for c in lab.cells if c.kind == "code" and c.role == "setup"]
    exercises = list(exercises)
    used = {e for exercise in exercises for e in exercise.uses}
    found = {}
    for exercise in exercises:
        if exercise.id not in used:
            continue
        cells = [c for c in lab.exercise_cells(exercise.id) if c.kind == "code"]
        code = "\n\n".join(c.solved() for c in cells if c.lang in ("", LANGS[0]))
        needs: dict[str, str] = {}
        todo = list(taken(code))
        while todo:
            name = todo.pop()
            cell = next((c for c in given if name in made(c)), None)
            if cell is not None and name not in needs:
                needs[name] = cell
                todo += taken(cell)
        found[exercise.id] = Reference(code, needs)
    return found


def _secrets(lab: LoadedLab) -> set[float]:
    """The right answers of the graded questions whose answer is a number that nobody guesses."""
    return {
        abs(number)
        for c in lab.spec.checks.values()
        if c.kind == "answer" and c.points and c.answer["type"] == "number"
        for value in c.answer["right"]
        for number in numbers_in(value)
        if abs(number) >= GUESSABLE
    }


def _quiet(check: Check, secrets: set[float]) -> tuple[str, ...]:
    """The results whose expected value is, or holds, the answer to a graded question."""

    def tells(value: Tree) -> bool:
        if isinstance(value, dict):
            return any(map(tells, value.values()))
        array = number_of(value)
        if array is None:
            return isinstance(value, list) and any(map(tells, value))
        return array.size <= FEW and any(float(abs(x)) in secrets for x in array.flat)

    return tuple(name for name, value in check.expected.items() if tells(value))


def _shows(lab: LoadedLab, probes: Iterable[Probe]) -> tuple[str, ...]:
    """Digests of the cells that only show, each tried in the solved notebook.

    Raises:
        AuthorError: something that runs needs one of them.
    """
    wanted = {name for probe in probes for name in probe.names()}
    found: dict[str, None] = {}
    for lang in LANGS:
        cells = [c for c in lab.cells if c.kind == "code" and c.lang in ("", lang)]
        shows = {cell_digest(c.solved(lang)): c for c in cells if c.role == "show"}
        solved = [c.solved(lang) for c in cells]
        out = {
            cell_digest(solved[n - 1])
            for n in display_only(solved, shows, wanted, lab.spec.recordings)
        }
        for name, cell in shows.items():
            if name not in out:
                first = cell.source.strip().splitlines()[0]
                raise AuthorError(
                    f'{lab.id}: role="show", but another cell takes a name from it: {first[:60]}'
                )
            found[name] = None
    return tuple(found)


def _with_uses(
    lab: LoadedLab, drawn: Mapping[str, Drawn], sources: list[str]
) -> dict[str, Exercise]:
    """Fill in which exercises build on which, from the names that solution and probes mention."""
    found = {}
    for exercise in lab.spec.exercises.values():
        asked = (p for c, (p, _) in drawn.items() if lab.spec.checks[c].exercise == exercise.id)
        names = {n for probe in asked if probe is not None for n in probe.names()}
        mentioned = reach(sources, {*exercise.defines, *names})
        uses = tuple(
            other.id
            for other in lab.spec.exercises.values()
            if other.id != exercise.id and mentioned & set(other.defines)
        )
        found[exercise.id] = replace(exercise, uses=uses)
    return found


@dataclass(frozen=True)
class Run:
    """Probes to run on the solution (`mistake` is None) or on one misconception."""

    mistake: str | None
    checks: tuple[str, ...]


def observe_runs(
    lab: LoadedLab,
    runs: Sequence[Run],
    probes: Mapping[str, Probe],
    watch: Mapping[str, Sequence[str]],
) -> list[dict[str, Tree]]:
    """Observe the solution and its mistakes, each in a namespace of its own, on all cores.

    The runs go to forks of this process, made before TensorFlow is started; where it has been
    imported already, they are done here, one after the other.
    """

    mistakes = lab.spec.misconceptions
    # as students' code meets them: a tuple among the inputs comes back from the key as a list
    packed = msgspec.convert(unpack(pack(dict(probes))), dict[str, Probe])

    def one(run: Run) -> dict[str, Tree]:
        names = lab.namespace(lab.change(mistakes[run.mistake]) if run.mistake else None)
        made: dict[str, Made] = {}
        rules = watch if run.mistake is None else {}
        with warnings.catch_warnings():
            if run.mistake is not None:  # a mistake overflows, divides by zero: that is the point
                warnings.simplefilter("ignore")
            return {c: observe(packed[c], names, {}, rules.get(c, ()), made) for c in run.checks}

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if "tensorflow" in sys.modules or cores < 2 or len(runs) < 4:
        return [one(run) for run in runs]
    global _one
    _one = one
    with multiprocessing.get_context("fork").Pool(cores) as pool:
        return pool.map(_do, runs, chunksize=1)


_one: Callable[[Run], dict[str, Tree]]


def _do(run: Run) -> dict[str, Tree]:
    """In a fork, which inherits `_one`."""
    return _one(run)


def _drawn(spec: CheckSpec, draw: Draw) -> Drawn:
    """A check's probe, and the expected values that its author gives."""
    if spec.kind == "answer" or spec.probing is None:
        return None, {}
    probe, given = spec.ask(draw)
    unknown = set(spec.expect) - set(probe.keep)
    if unknown:
        raise AuthorError(f"check {spec.id}: `expect` names {sorted(unknown)}, not kept")
    return probe, given


def _compile(
    spec: CheckSpec, drawn: Drawn, seen: Tree | None, draw: Draw, calibration: Mapping[str, Any]
) -> Check:
    check = Check(
        spec.id, spec.exercise, spec.kind, spec.title, spec.points, spec.bonus, spec.asked,
        picture=spec.picture, recording=spec.recording, expect=dict(spec.expect),
        recordings=spec.recordings, answers=spec.answers, results=dict(spec.results),
    )  # fmt: skip
    if spec.kind == "answer":
        probe = Probe((Step("answer", "", (spec.id,), {}, "answer"),), ("answer",))
        return replace(check, probe=probe, answer=_hashed(spec, draw))
    if spec.kind == "clean":
        assert spec.data is not None
        try:
            inputs, labels = spec.data(draw)
        except Exception as error:
            raise AuthorError(
                f"check {spec.id}: `data` must give (inputs, labels): {python_error(error)}"
            ) from error
        preview = None if draw.hidden else spec.previewed(inputs)
        return replace(
            check, probe=preview, expected=dict(labels), held_out=inputs if draw.hidden else None,
            odds=odds(check.expect, calibration.get(spec.id, {}).get("values", ())),
        )  # fmt: skip
    asked, given = drawn
    assert asked is not None and seen is not None
    if seen["status"] != "ok" or seen.get("weights"):
        told = _told(seen)
        parts = (
            f"check {spec.id}: the solution fails its own probe: {told}",
            _misspelt(asked, told),
        )
        raise AuthorError("; ".join(filter(None, parts)))
    if seen.get("used"):
        raise AuthorError(f"check {spec.id}: the solution uses {seen['used']}, which is forbidden")
    if spec.kind == "source":
        return replace(check, probe=asked)
    refusals = {s.into: s.kwargs["$error"] for s in asked.steps if s.op == "raises"}
    expected = {name: given.get(name, seen["values"][name]) for name in asked.keep}
    expected |= {name: {Raises.RAISED: True} for name in refusals.keys() & expected.keys()}
    expect = {n: spec.expect.get(n) or default_expectation(expected[n]) for n in asked.keep}
    expect |= {name: Raises(refusals[name]) for name in refusals.keys() & expected.keys()}
    for name, expectation in expect.items():
        if isinstance(expectation, Distribution):
            expect[name] = msgspec.structs.replace(
                expectation, draws=int(np.size(seen["values"][name]))
            )
        match = expectation.match(seen["values"][name], expected[name])
        if not match.right:
            raise AuthorError(f"check {spec.id}: the solution's {name} is refused: {match.came.en}")
        if not isinstance(expectation, Between) and (why := _vague(expected[name])):
            raise AuthorError(f"check {spec.id}: {name}: {why}")
    return replace(
        check, probe=asked, expect=expect, expected=expected, odds=odds(expect, ()) or None
    )


def _misspelt(probe: Probe, told: str) -> str:
    """What was meant, where the failure is that a result lacks what looks like a step."""
    for step in probe.steps:
        name = step.target.rpartition(".")[2]
        if step.target.startswith("$") and f"no attribute {name!r}" in told:
            return did_you_mean(name, STEPS, same(""), 0.8).en
    return ""


def _told(seen: Tree) -> str:
    """A failed observation, in a line."""
    error, weights = seen.get("error") or {}, seen.get("weights") or {}
    if seen["status"] == "missing":
        return f"{error.get('name')} is not defined"
    if weights:
        return (
            f"weights that found no place: {', '.join([*weights['missing'], *weights['misfit']])}"
        )
    return (
        f"{error.get('type', seen['status'])}: {error.get('message', '')} {error.get('line', '')}"
    )


def _vague(value: Tree) -> str:
    """Why an expected value would match anything of its kind, or ""."""
    if isinstance(value, dict):
        if "$other" in value:
            return f"a {value['$other']} comes, of which nothing can be compared: ask for its parts"
        if "$big" in value:
            return f"an array of shape {tuple(value['$big'])} is too large to keep: ask for a part"
        if not value:
            return "an empty dictionary, which any dictionary matches"
        return next(filter(None, map(_vague, value.values())), "")
    if isinstance(value, list):
        if len(value) >= MAX_ITEMS:
            return f"a list of {len(value):,} elements is too long to keep: ask for a part"
        return next(filter(None, map(_vague, value)), "")
    if isinstance(value, str) and len(value) >= MAX_TEXT:
        return "a text too long to keep: ask for a part"
    return ""


def _with_mistakes(check: Check, seen: Mapping[Run, Mapping[str, Tree]]) -> Check:
    """The check with what each misconception gives on it, where that differs."""
    wrong: dict[str, Tree] = {}
    if check.kind != "probe":
        return check
    for run, observations in seen.items():
        found = observations.get(check.id)
        if found is None or run.mistake is None:
            continue
        if found["status"] == "ok" and _all_right(check.expect, found["values"], check.expected):
            continue
        wrong[run.mistake] = {k: found[k] for k in ("status", "values", "weights") if k in found}
        if "error" in found:  # not its message and line: they quote the solution
            wrong[run.mistake]["error"] = {"type": found["error"].get("type", "")}
    return replace(check, wrong=wrong)


RARE = 1e-4  # chance that a right solution misses a target: wanted at most


def misses(metric: Metric, values: Sequence[float]) -> float:
    """Chance that a right solution misses the target of `metric`; 0.0 if nothing varies.

    That of an extreme-value (Gumbel) distribution, whose tail is on the losing side, fitted to
    `values`, what the metric came to over the calibration's seeds.
    """
    from scipy.stats import gumbel_l

    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    up = 1.0 if metric.target > metric.floor else -1.0
    place, scale = gumbel_l.fit(up * np.asarray(values, dtype=np.float64))
    return float(gumbel_l.cdf(up * metric.target, place, scale))


def odds(expect: Mapping[str, Expectation], values: Sequence[float]) -> float | None:
    """Chance that a right solution loses points on a check; None where chance has no part.

    Args:
        values: the metric over the calibration's seeds; see `misses`.
    """
    found = []
    for expectation in expect.values():
        if isinstance(expectation, Distribution):
            found.append(FALSE_ALARM)
        if isinstance(expectation, Metric) and len(values) > 1 and np.ptp(values) > 0:
            found.append(misses(expectation, values))
    return 1.0 - math.prod(1.0 - p for p in found) if found else None


def _hashed(spec: CheckSpec, draw: Draw) -> dict[str, Any]:
    kind, decimals = spec.answer["type"], spec.answer["decimals"]
    salt = draw.rng.bytes(8).hex()

    def forms(value: Any) -> list[str]:
        form = normalise(value, kind, decimals)
        if not form:
            raise AuthorError(f"question {spec.id}: {value!r} is no {kind}")
        if kind == "number" and decimals:  # a last digit rounded the other way is no mistake
            unit = 10.0**-decimals
            return [normalise(float(form) + d * unit, kind, decimals) for d in (-1, 0, 1)]
        return [form]

    right = {f for v in spec.answer["right"] for f in forms(v)}
    wrong: dict[str, Any] = {}
    for value, text in spec.answer["wrong"].items():
        for form in forms(value):
            if form in right:
                raise AuthorError(f"question {spec.id}: {value!r} is both right and wrong")
            wrong[digest(form, salt)] = {"id": "", "text": text.to_dict()}
    compiled = {
        "type": kind, "decimals": decimals, "salt": salt,
        "right": digests(right, salt), "wrong": wrong, "told": spec.answer["told"],
    }  # fmt: skip
    if draw.hidden and kind == "text":  # how an answer is read is no business of the public key
        compiled |= {k: spec.answer[k] for k in ("rubric", "guide")}
    return compiled


def _all_right(
    expect: Mapping[str, Expectation], values: Mapping[str, Tree], expected: Mapping[str, Tree]
) -> bool:
    return all(e.match(values.get(n), expected.get(n)).right for n, e in expect.items())


def same_key(a: Key, b: Key, tolerance: float = 1e-3) -> bool:
    """Whether two keys agree, floats up to what another processor may change."""

    def alike(x: Tree, y: Tree) -> bool:
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            if x.shape != y.shape or x.dtype != y.dtype:
                return False
            if x.dtype.kind != "f":
                return bool((x == y).all())
            return bool(np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True))
        if isinstance(x, dict) and isinstance(y, dict):
            return x.keys() == y.keys() and all(alike(x[k], y[k]) for k in x)
        if isinstance(x, list) and isinstance(y, list):
            return len(x) == len(y) and all(map(alike, x, y))
        if isinstance(x, float) and isinstance(y, float):
            return x == y or abs(x - y) <= tolerance * max(1.0, abs(x)) or (x != x and y != y)
        return bool(x == y)

    return alike(unpack(pack(a)), unpack(pack(b)))


def main(argv: list[str]) -> int:
    """``python -m grader.authoring.compile LAB_DIR SEED OUT``: the hidden key, as a file."""
    folder, seed, out = Path(argv[0]), int(argv[1]), Path(argv[2])
    try:
        key = compile_key(load_lab(folder, proofs=False), seed, hidden=True)
    except AuthorError as error:
        print(error, file=sys.stderr)
        return 1
    temporary = out.with_suffix(f".{os.getpid()}")
    key.save(temporary)
    temporary.replace(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

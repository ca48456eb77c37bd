"""From a lab's folder to its answer key: run the probes on the solution and on each mistake."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from grader.authoring.source import LoadedLab, load_lab
from grader.authoring.spec import AuthorError, CheckSpec, Draw, default_expectation
from grader.check.answers import digest, digests, normalise
from grader.check.compare import Distribution, Expectation
from grader.check.key import Check, Exercise, Key, Misconception
from grader.check.names import cell_digest, defined_in, display_only, reach
from grader.check.observe import Made, observe
from grader.check.probe import Probe, Step
from grader.check.text import LANGS, same
from grader.check.tree import Tree, pack, unpack

PUBLIC_SEED = 20_170_612


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
    exercises = _with_uses(lab, sources)
    for exercise in exercises.values():
        lacking = set(exercise.defines) - defined_in(sources)
        if lacking:
            raise AuthorError(f"{lab.id}: the solution does not define {sorted(lacking)}")
    drawn = {c.id: _drawn(c, Draw(seed, c.id, hidden)) for c in spec.checks.values()}
    probes = {name: probe for name, (probe, _) in drawn.items() if probe is not None}
    shows = _shows(lab, probes.values())
    reached = {name: reach(sources, probe.names()) for name, probe in probes.items()}
    runs = [Run(None, tuple(probes))]
    for mistake in spec.misconceptions.values():
        touched = set(exercises[mistake.exercise].defines) | set(mistake.define)
        asked = tuple(n for n in probes if reached[n] & touched and spec.checks[n].kind == "probe")
        if not mistake.measured and asked:
            runs.append(Run(mistake.id, asked))
    watch = {c.id: exercises[c.exercise].forbids for c in spec.checks.values()}
    solved, *mistaken = observe_runs(lab, runs, probes, watch)
    checks = [
        _compile(c, drawn[c.id], solved.get(c.id), seed, hidden) for c in spec.checks.values()
    ]
    points = sum(c.points for c in checks if not c.bonus)
    if abs(points - 20) > 1e-6:
        raise AuthorError(f"{lab.id}: the points add up to {points:g}, not 20")
    checks = [_with_mistakes(c, runs[1:], mistaken) for c in checks]
    return Key(
        lab=lab.id,
        visibility="hidden" if hidden else "public",
        title=spec.title,
        exercises=tuple(exercises.values()),
        checks=tuple(checks),
        misconceptions={
            m.id: Misconception(m.id, m.exercise, m.text, next(iter(m.hints), same("")), m.credit)
            for m in spec.misconceptions.values()
        },
        limits=spec.limits,
        recordings=spec.recordings,
        preload=spec.preload,
        shows=shows,
    )


def _shows(lab: LoadedLab, probes: Iterable[Probe]) -> tuple[str, ...]:
    """Digests of the cells that only show, each tried in the solved notebook.

    Raises:
        AuthorError: something that runs needs one of them.
    """
    wanted = {name for probe in probes for name in probe.names()}
    found: dict[str, None] = {}
    for lang in LANGS:
        cells = [c for c in lab.cells if c.kind == "code" and c.lang in ("", lang)]
        shows = {cell_digest(c.solved()): c for c in cells if c.role == "show"}
        solved = [c.solved() for c in cells]
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


def _with_uses(lab: LoadedLab, sources: list[str]) -> dict[str, Exercise]:
    """Fill in which exercises build on which, from the names that the solution mentions."""
    found = {}
    for exercise in lab.spec.exercises.values():
        mentioned = reach(sources, exercise.defines)
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

    def one(run: Run) -> dict[str, Tree]:
        names = _namespace(lab, run.mistake)
        made: dict[str, Made] = {}
        rules = watch if run.mistake is None else {}
        return {c: observe(probes[c], names, {}, rules.get(c, ()), made) for c in run.checks}

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


def _namespace(lab: LoadedLab, mistake: str | None) -> dict[str, Any]:
    if mistake is None:
        return lab.namespace()
    spec = lab.spec.misconceptions[mistake]
    if not spec.define:
        return lab.namespace(lab.change(spec))
    names = lab.namespace()
    names.update(spec.define)  # the solution's own functions see it too: they share the namespace
    return names


def _drawn(spec: CheckSpec, draw: Draw) -> tuple[Probe | None, Mapping[str, Tree]]:
    """A check's probe, and the expected values that its author gives."""
    if spec.kind == "answer" or spec.probing is None:
        return None, {}
    probe, given = spec.ask(draw)
    unknown = set(spec.expect) - set(probe.keep)
    if unknown:
        raise AuthorError(f"check {spec.id}: `expect` names {sorted(unknown)}, not kept")
    return probe, given


def _compile(
    spec: CheckSpec,
    drawn: tuple[Probe | None, Mapping[str, Tree]],
    seen: Tree | None,
    seed: int,
    hidden: bool,
) -> Check:
    draw = Draw(seed, spec.id, hidden)
    check = Check(
        spec.id, spec.exercise, spec.kind, spec.title, spec.points, spec.bonus, spec.asked,
        picture=spec.picture, recording=spec.recording, expect=dict(spec.expect),
        recordings=spec.recordings, answers=spec.answers,
    )  # fmt: skip
    if spec.kind == "answer":
        probe = Probe((Step("answer", "", (spec.id,), {}, "answer"),), ("answer",))
        return replace(check, probe=probe, answer=_hashed(spec, draw))
    if spec.kind == "clean":
        assert spec.data is not None
        inputs, labels = spec.data(draw)
        preview = None if hidden else spec.previewed(inputs)
        return replace(
            check, probe=preview, expected=dict(labels), held_out=inputs if hidden else None
        )
    asked, given = drawn
    assert asked is not None and seen is not None
    if seen["status"] != "ok" or seen.get("weights"):
        raise AuthorError(f"check {spec.id}: the solution fails its own probe: {seen}")
    if seen.get("used"):
        raise AuthorError(f"check {spec.id}: the solution uses {seen['used']}, which is forbidden")
    if spec.kind == "source":
        return replace(check, probe=asked)
    expected = {name: given.get(name, seen["values"][name]) for name in asked.keep}
    expect = {n: spec.expect.get(n) or default_expectation(expected[n]) for n in asked.keep}
    for name, expectation in expect.items():
        if isinstance(expectation, Distribution):
            expect[name] = msgspec.structs.replace(
                expectation, draws=int(np.size(seen["values"][name]))
            )
        match = expectation.match(seen["values"][name], expected[name])
        if not match.right:
            raise AuthorError(f"check {spec.id}: the solution's {name} is refused: {match.came.en}")
    return replace(check, probe=asked, expect=expect, expected=expected)


def _with_mistakes(
    check: Check, runs: Sequence[Run], mistaken: Sequence[Mapping[str, Tree]]
) -> Check:
    """The check with what each misconception gives on it, where that differs."""
    wrong: dict[str, Tree] = {}
    if check.kind != "probe":
        return check
    for run, observations in zip(runs, mistaken, strict=True):
        seen = observations.get(check.id)
        if seen is None or run.mistake is None:
            continue
        if seen["status"] == "ok" and _all_right(check.expect, seen["values"], check.expected):
            continue
        wrong[run.mistake] = {k: seen[k] for k in ("status", "values") if k in seen}
        if "error" in seen:  # not its message and line: they quote the solution
            wrong[run.mistake]["error"] = {"type": seen["error"].get("type", "")}
    return replace(check, wrong=wrong)


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
        "right": digests(right, salt), "wrong": wrong,
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

"""From a lab's folder to its answer key: run the probes on the solution and on each mistake."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from grader.authoring.source import LoadedLab, load_lab
from grader.authoring.spec import AuthorError, CheckSpec, Draw, default_expectation
from grader.authoring.version import key_version
from grader.core.answers import digest, digests, normalise
from grader.core.expect import Expectation
from grader.core.key import Check, Exercise, Key, Misconception
from grader.core.observe import observe
from grader.core.probe import Probe, Step
from grader.core.source import defined_in, reach
from grader.core.tree import Tree

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
    solution = lab.namespace()
    checks = [_compile(c, exercises, solution, seed, hidden) for c in spec.checks.values()]
    points = sum(c.points for c in checks if not c.bonus)
    if abs(points - 20) > 1e-6:
        raise AuthorError(f"{lab.id}: the points add up to {points:g}, not 20")
    checks = _add_mistakes(lab, checks, exercises, solution, sources)
    return Key(
        lab=lab.id,
        visibility="hidden" if hidden else "public",
        version=key_version(lab.digest(), seed, hidden),
        title=spec.title,
        exercises=tuple(exercises.values()),
        checks=tuple(checks),
        misconceptions={
            m.id: Misconception(m.id, m.exercise, m.text, m.hint, m.credit)
            for m in spec.misconceptions.values()
        },
        limits=spec.limits,
        recordings=spec.recordings,
        preload=spec.preload,
    )


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


def _compile(
    spec: CheckSpec, exercises: Mapping[str, Exercise], solution: dict[str, Any], seed: int,
    hidden: bool,
) -> Check:  # fmt: skip
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
        preview = spec.preview(inputs) if spec.preview and not hidden else None
        return replace(
            check, probe=preview, expected=dict(labels), held_out=inputs if hidden else None
        )
    assert spec.probing is not None
    made = spec.probing(draw)
    probe, given = made if isinstance(made, tuple) else (made, {})
    unknown = set(spec.expect) - set(probe.keep)
    if unknown:
        raise AuthorError(f"check {spec.id}: `expect` names {sorted(unknown)}, not kept")
    seen = observe(probe, solution, watch=exercises[spec.exercise].forbids)
    if seen["status"] != "ok" or seen.get("weights"):
        raise AuthorError(f"check {spec.id}: the solution fails its own probe: {seen}")
    if seen.get("used"):
        raise AuthorError(f"check {spec.id}: the solution uses {seen['used']}, which is forbidden")
    if spec.kind == "source":
        return replace(check, probe=probe)
    expected = {name: given.get(name, seen["values"][name]) for name in probe.keep}
    expect = {n: spec.expect.get(n) or default_expectation(expected[n]) for n in probe.keep}
    for name, expectation in expect.items():
        match = expectation.match(seen["values"][name], expected[name])
        if not match.right:
            raise AuthorError(f"check {spec.id}: the solution's {name} is refused: {match.came.en}")
    return replace(check, probe=probe, expect=expect, expected=expected)


def _hashed(spec: CheckSpec, draw: Draw) -> dict[str, Any]:
    kind, decimals = spec.answer["type"], spec.answer["decimals"]
    salt = draw.rng.bytes(8).hex()

    def forms(value: Any) -> list[str]:
        form = normalise(value, kind, decimals)
        if form in ("", "?"):
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
    return {
        "type": kind, "decimals": decimals, "salt": salt,
        "right": digests(right, salt), "wrong": wrong,
    }  # fmt: skip


def _add_mistakes(
    lab: LoadedLab,
    checks: list[Check],
    exercises: Mapping[str, Exercise],
    solution: dict[str, Any],
    sources: list[str],
) -> list[Check]:
    """Observe each check under each misconception that can reach it; keep what differs."""
    probed = [c for c in checks if c.kind == "probe" and c.probe is not None]
    names = {c.id: reach(sources, c.probe.names()) for c in probed if c.probe}
    wrong: dict[str, dict[str, Tree]] = {c.id: {} for c in checks}
    for mistake in lab.spec.misconceptions.values():
        if mistake.measured:
            continue
        touched = set(exercises[mistake.exercise].defines) | set(mistake.define)
        if mistake.define:
            namespace = _overridden(lab, mistake.define)
        else:
            namespace = lab.namespace(lab.change(mistake))
        for check in probed:
            assert check.probe is not None
            if not names[check.id] & touched:
                continue
            seen = observe(check.probe, namespace)
            if seen["status"] == "ok" and _all_right(check.expect, seen["values"], check.expected):
                continue
            kept = {k: seen[k] for k in ("status", "values", "error") if k in seen}
            wrong[check.id][mistake.id] = kept
    return [replace(c, wrong=wrong[c.id]) for c in checks]


def _overridden(lab: LoadedLab, define: Mapping[str, Any]) -> dict[str, Any]:
    """The solution's namespace, with names replaced for its own functions too."""
    names = lab.namespace()
    names.update(define)
    return names


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

    from grader.core.tree import pack, unpack

    return alike(unpack(pack(a.to_tree())), unpack(pack(b.to_tree())))



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

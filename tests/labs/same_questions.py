"""Does a lab ask the same after it was written anew?

    python tests/labs/same_questions.py OLD_TREE NEW_TREE LAB…

compares what `checks.py` declares in two trees of the repository, under four seeds: exercises, points,
texts, questions, probes, expected values that the author gives, comparisons, misconceptions and how each
is committed. Nothing is run but `checks.py` (expected values that come from the solution are equal then).
Names of intermediate results do not count, nor where among other steps an item is taken or an attribute
read; the order of calls does. Differences are printed, exit status 1.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

DUMP = """
import pickle, sys
from dataclasses import asdict
from pathlib import Path
from grader.authoring import compile
from grader.authoring.modules import load_spec
from grader.authoring.source import load_lab
from grader.authoring.spec import Draw

def plain(probe):
    steps = [{f: getattr(s, f) for f in ("op", "target", "args", "kwargs", "into")} for s in probe.steps]
    return {"steps": steps, "keep": probe.keep, "shared": probe.shared}

folder = Path(sys.argv[1])
spec = load_spec(folder)
found = {"title": spec.title, "limits": spec.limits, "recordings": spec.recordings, "preload": spec.preload,
         "exercises": spec.exercises, "misconceptions": {}, "checks": {}, "mutants": {}}
for m in spec.misconceptions.values():
    found["misconceptions"][m.id] = asdict(m)
for m in load_lab(folder).mutants:
    found["mutants"][m.id] = asdict(m)
for c in spec.checks.values():
    about = {k: getattr(c, k) for k in c.__dataclass_fields__}
    for function in ("probing", "data", "measure", "preview"):
        about[function] = about[function] is not None
    found["checks"][c.id] = about
    for seed, hidden in ((20170612, False), (1, True), (2, True), (3, True)):
        if c.kind in ("probe", "source"):
            probe, given = compile._drawn(c, Draw(seed, c.id, hidden))
            about[f"probe {seed}"] = plain(probe)
            about[f"given {seed}"] = given
        if c.kind == "clean":
            about[f"data {seed}"] = c.data(Draw(seed, c.id, hidden))
            if c.preview and not hidden:
                ask = getattr(c, "previewed", c.preview)
                about["preview"] = plain(ask(about[f"data {seed}"][0]))
        if c.kind == "answer":
            about[f"answer {seed}"] = compile._hashed(c, Draw(seed, c.id, hidden))
pickle.dump(found, sys.stdout.buffer)
"""

PURE = {"item", "get", "rows", "change"}


def dumped(tree: Path, lab: str) -> dict[str, Any]:
    env = os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-c", DUMP, str(tree / "solutions" / lab)]
    out = subprocess.run(command, cwd=tree, env=env, stdout=subprocess.PIPE, check=True).stdout
    return pickle.loads(out)


def normal(probe: dict[str, Any]) -> dict[str, Any]:
    """The probe with each result named by how it is made, or by its number among the calls."""
    named: dict[str, Any] = {}
    done: list[Any] = []

    def target(written: str) -> Any:
        first, _, path = written.partition(".")
        if not first.startswith("$"):
            return written
        root = named[first[1:]]
        return ("get", root, path) if path else root

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return (
                named[node["$ref"]]
                if set(node) == {"$ref"}
                else {k: walk(v) for k, v in node.items()}
            )
        if isinstance(node, (list, tuple)):
            return [walk(v) for v in node]
        return node

    shared = 0
    for i, step in enumerate(probe["steps"]):
        kwargs = walk(step["kwargs"])
        if step["op"] == "change":
            kwargs["other"] = target(step["kwargs"]["other"])
        made = (step["op"], target(step["target"]), walk(step["args"]), kwargs)
        if step["op"] == "get":
            result = made[1]
        elif step["op"] in PURE:
            result = made
        else:
            done.append(made)
            result = ("call", len(done))
        named[step["into"]] = result
        if i < probe["shared"]:
            shared = len(done)
    return {"calls": done, "keep": [(k, named[k]) for k in probe["keep"]], "shared": shared}


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    import numpy as np

    if isinstance(old, dict) and isinstance(new, dict):
        if {"steps", "keep", "shared"} <= old.keys():
            return differences(normal(old), normal(new), where)
        found = [f"{where}.{k}: only in {side}" for side, a, b in (("old", old, new), ("new", new, old))
                 for k in a if k not in b]  # fmt: skip
        return found + [
            d for k in old if k in new for d in differences(old[k], new[k], f"{where}.{k}")
        ]
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        if len(old) != len(new):
            return [f"{where}: {len(old)} things, then {len(new)}"]
        pairs = enumerate(zip(old, new, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{where}[{i}]")]
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        same = old.dtype == new.dtype and np.array_equal(old, new, equal_nan=old.dtype.kind == "f")
        return [] if same else [f"{where}: another array"]
    same = type(old) is type(new) and (old == new or (old != old and new != new))  # NaN is NaN
    return [] if same else [f"{where}: {old!r}, then {new!r}"]


def main(old: str, new: str, *labs: str) -> int:
    failed = 0
    for lab in labs:
        found = differences(*(dumped(Path(tree).resolve(), lab) for tree in (old, new)))
        print(f"{lab}: {len(found)} differences")
        for line in found[:40]:
            print("  ", line[:300])
        failed += bool(found)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

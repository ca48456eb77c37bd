"""Write the reference of AUTHORING.md from the docstrings: ``python docs/reference.py``."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from grader.authoring import (
    Draw,
    LabSpec,
    Limits,
    Student,
    Variant,
    draw_index,
    numpy_array,
    rng,
    table,
)
from grader.authoring.probes import Handle
from grader.authoring.source import METADATA
from grader.authoring.spec import ExerciseSpec
from grader.check.compare import METRICS, Expectation
from grader.check.recording import Measured, Recording
from grader.cli import COMMANDS
from grader.notebook.lab import Lab
from grader.notebook.training import Run

PAGE = Path(__file__).parent / "AUTHORING.md"
MARK = "<!-- Written by docs/reference.py from the docstrings; change those. -->\n"


def summary(thing: object) -> str:
    """The first sentence or paragraph of a docstring, on one line.

    Raises:
        ValueError: there is none.
    """
    text = inspect.getdoc(thing)
    if not text:
        raise ValueError(f"{thing}: no docstring")
    return " ".join(text.split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")


def arguments(thing: object) -> str:
    """The arguments as they are written in a call."""
    parts = []
    for name, p in inspect.signature(thing).parameters.items():  # type: ignore[arg-type]
        if name == "self":
            continue
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        default = "" if p.default is p.empty else f"={p.default!r}"
        parts.append(f"{star}{name}{default}")
    return ", ".join(parts)


def public(kind: type) -> Iterator[tuple[str, object]]:
    """The methods and properties of a class that its users may call, in the order of its source."""
    for name, value in vars(kind).items():
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            yield name, value


def rows(before: str, kind: type, without: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    for name, value in public(kind):
        if name not in without:
            call = "" if isinstance(value, property) else f"({arguments(value)})"
            yield f"`{before}{name}{call}`", summary(value)


def listed(head: str, found: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {left} | {right} |" for left, right in found]
    return "\n".join([f"| {head} | |", "|---|---|", *lines, ""])


def attributes(kind: object) -> Mapping[str, str]:
    """The entries of a docstring's ``Attributes`` or ``Args``, on one line each."""
    text = inspect.getdoc(kind) or ""
    part = re.split(r"^(?:Attributes|Args):\n", text, flags=re.MULTILINE)
    entries = re.findall(r"^    (\w[\w, ]*): (.+(?:\n     .+)*)", part[-1], re.MULTILINE)
    return {n: " ".join(t.split()).replace("``", "`").replace("|", "\\|") for n, t in entries}


def full(thing: object) -> str:
    """Summary and arguments of a docstring, on one line."""
    return summary(thing) + "".join(f" `{n}`: {t}" for n, t in attributes(thing).items())


def comparisons() -> Iterator[tuple[str, str]]:
    for kind in typing.get_args(Expectation):
        yield f"`{kind.__name__}({arguments(kind)})`", full(kind)


def reference() -> str:
    """The whole section."""
    commands = [
        (f"`grader {command.name}`", command.get_short_help_str(200))
        for command in COMMANDS["Make labs"]
        if isinstance(command, click.Command)
    ]
    wraps = [
        (f"`{f.__name__}({arguments(f)})`", summary(f))
        for f in (numpy_array, rng, draw_index, table)
    ]
    limits = ((f"`{n}`", t) for n, t in attributes(Limits).items())
    inner = ("check", "question", "by_hand", "clean", "slip", "mutant")
    on_exercise = [
        (f"`.{n}({arguments(f)})`", full(f)) for n in inner if (f := getattr(ExerciseSpec, n))
    ]
    clean = [
        *rows("recording.", Recording),
        (f"`Measured({arguments(Measured)})`", summary(Measured)),
    ]
    parts = [
        ("Commands", listed("run", commands)),
        ("Cells of notebook.py", listed("after `# %%`", ((f"`{n}=`", t) for n, t in METADATA.items()))),
        ("What the notebook calls", listed("called", [*rows("lab.", Lab), *_run()])),
        ("checks.py: the lab", listed("written", rows("lab.", LabSpec, ("mutants", "unnamed")))),
        ("checks.py: an exercise", listed("written", on_exercise)),
        ("Limits", listed("`Limits(…)`", limits)),
        ("Drawing material", listed("`draw.…`", rows("draw.", Draw))),
        ("Steps of a probe", listed("written", [*_steps(), *rows("f.", Handle), *rows("student.", Student)])),
        ("Arguments of a step", listed("an argument", wraps)),
        ("Comparisons", listed("`expect={result: …}`", comparisons())),
        ("Metrics", "`" + "`, `".join(METRICS) + "`\n"),
        ("In the clean room", listed("written", clean)),
        ("variants.py", listed("`Variant(…)`", ((f"`{n}`", t) for n, t in attributes(Variant).items()))),
    ]  # fmt: skip
    return MARK + "\n" + "\n".join(f"### {title}\n\n{text}" for title, text in parts)


def _run() -> Iterator[tuple[str, str]]:
    """What ``with lab.record(…) as run:`` gives."""
    for name in ("steps", "log"):
        yield f"`run.{name}({arguments(getattr(Run, name))})`", summary(getattr(Run, name))


def _steps() -> Iterator[tuple[str, str]]:
    """What `Handle` says of calls, items and attributes."""
    text = inspect.getdoc(Handle) or ""
    for item in re.findall(r"^- (.+(?:\n  .+)*)", text, re.MULTILINE):
        yield "", " ".join(item.split()).replace("``", "`")


def page(text: str) -> str:
    """AUTHORING.md with its reference as it should be."""
    before, mark, _ = text.partition(MARK)
    if not mark:
        raise SystemExit(f"{PAGE}: the line that begins its reference is gone: {MARK}")
    return before + reference()


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")

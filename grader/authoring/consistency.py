"""What can be said of a lab before anything is run or written: do its files fit together?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.authoring.source import LoadedLab, SourceCell
from grader.authoring.spec import AuthorError, MisconceptionSpec, Mutant, Variant
from grader.check.compare import METRICS, Metric
from grader.check.names import parse_cell
from grader.check.text import did_you_mean, same

# What a cell calls with the name of something that checks.py declares.
_CALLS = ("check", "answer", "record", "history", "restore", "recording")


def refuse_inconsistent(*labs: LoadedLab) -> None:
    """Raise if `inconsistencies` finds any.

    Raises:
        AuthorError: all of them, a line each.
    """
    found = [line for lab in labs for line in inconsistencies(lab)]
    if found:
        raise AuthorError("\n".join(found))


def inconsistencies(lab: LoadedLab) -> list[str]:
    """What does not fit together in a lab's files, a line each, with its place where it has one."""
    return [
        *_languages(lab),
        *_called(lab),
        *_declared(lab),
        *_mutants(lab),
        *_edits(lab),
        *_points(lab),
    ]


def _languages(lab: LoadedLab) -> Iterator[str]:
    """Between two cells that both notebooks share, each language has as many."""
    begun: list[SourceCell] = []
    for cell in (*lab.cells, SourceCell("code", "")):
        if cell.lang:
            begun.append(cell)
            continue
        french, english = ([c for c in begun if c.lang == lang] for lang in ("fr", "en"))
        if len(french) != len(english):
            yield (
                f"{_place(lab, begun[0].source.splitlines()[0])}: from here on {len(french)} cells are"
                f" in French and {len(english)} in English, up to the next that both share"
            )
        begun = []


def _called(lab: LoadedLab) -> Iterator[str]:
    """Names that the notebook's cells give to ``lab.check``, ``lab.answer``, ``lab.record``…"""
    known = _known(lab)
    for call, name, line in sorted(set(_calls(lab))):
        if name not in known[call]:
            yield f"{_place(lab, line)}: {_unknown(f'lab.{call}', name, known[call])}"


def _known(lab: LoadedLab) -> dict[str, list[str]]:
    spec = lab.spec
    answers = [c.id for c in spec.checks.values() if c.kind == "answer"]
    answers += [a for c in spec.checks.values() for a in c.answers]
    recordings = list(spec.recordings)
    defined = [name for e in spec.exercises.values() for name in e.defines]
    return dict.fromkeys(_CALLS, recordings) | {
        "check": [*spec.exercises, *spec.checks, *defined], "answer": answers,
    }  # fmt: skip


def _calls(lab: LoadedLab) -> Iterator[tuple[str, str, str]]:
    """(method, the name that it is given, the line) of calls on ``lab`` in the notebook's cells."""
    for source in _sources(lab):
        tree = parse_cell(source)
        for node in ast.walk(tree) if tree else ():
            if (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name) and node.func.value.id == "lab"
                and node.func.attr in _CALLS and node.args
                and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
            ):  # fmt: skip
                line = source.splitlines()[node.lineno - 1]
                yield node.func.attr, node.args[0].value, line


def _sources(lab: LoadedLab) -> list[str]:
    return [s for c in lab.cells if c.kind == "code" for s in (c.solved(), c.stub())]


def _declared(lab: LoadedLab) -> Iterator[str]:
    """What checks.py declares and the notebook never speaks of; recordings and metrics by name."""
    spec = lab.spec
    written = {
        node.value
        for source in _sources(lab)
        for node in ast.walk(parse_cell(source) or ast.Module([], []))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for question in _known(lab)["answer"]:
        if question not in written:
            yield f"{_place(lab, question)}: no cell of notebook.py calls lab.answer({question!r}, …)"
    for name in spec.recordings:
        if name not in written:
            yield f"{_place(lab, name)}: no cell of notebook.py calls lab.record({name!r}, …)"
    for check in spec.checks.values():
        for name in check.measured:
            if name not in spec.recordings:
                said = _unknown(f"check {check.id}, recording", name, spec.recordings)
                yield f"{_place(lab, name)}: {said}"
        for expected in check.expect.values():
            if isinstance(expected, Metric) and expected.name not in METRICS:
                said = _unknown(f"check {check.id}, metric", expected.name, METRICS)
                yield f"{_place(lab, expected.name)}: {said}"


def _mutants(lab: LoadedLab) -> Iterator[str]:
    """What a mutant loses, answers and trains again."""
    spec, known = lab.spec, _known(lab)
    for mutant in (*lab.mutants, *lab.unforeseen):
        named = [mutant.diagnosis] if mutant.named else []
        for what, names, among in (
            ("loses", [*mutant.loses, *mutant.partial], list(spec.checks)),
            ("answers", mutant.answers, known["answer"]),
            ("retrain", mutant.retrain, list(spec.recordings)),
            ("named", named, list(spec.misconceptions)),
            ("may", mutant.may, list(spec.misconceptions)),
        ):
            for name in names:
                if name not in among:
                    said = _unknown(f"mutant {mutant.id}, {what}", name, among)
                    yield f"{_place(lab, mutant.id)}: {said}"


def _edits(lab: LoadedLab) -> Iterator[str]:
    """Mistakes, mutants and variants whose old text is no longer in the solution."""
    told = set()
    items: list[MisconceptionSpec | Mutant | Variant] = [*lab.spec.misconceptions.values()]
    for item in (*items, *lab.mutants, *lab.unforeseen, *lab.variants):
        try:
            lab.change(item)
        except AuthorError as error:
            said = f"{_place(lab, item.id)}: {item.id}: {error}"
            if said not in told:
                yield said
            told.add(said)


def _points(lab: LoadedLab) -> Iterator[str]:
    by_exercise = {
        e: sum(c.points for c in lab.spec.checks.values() if c.exercise == e and not c.bonus)
        for e in lab.spec.exercises
    }
    points = sum(by_exercise.values())
    if abs(points - 20) > 1e-6:
        shares = ", ".join(f"{e} {p:g}" for e, p in by_exercise.items() if p)
        yield f"{lab.id}: the points add up to {points:g}, not 20: {shares}"


def _unknown(what: str, name: str, among: Iterable[str]) -> str:
    return f"{what}: unknown name {name!r}; {did_you_mean(name, among, same('')).en}".rstrip("; ")


def _place(lab: LoadedLab, text: str) -> str:
    """``file:line`` of the first line that holds `text`: a name in quotes, or a whole line of a cell."""
    quoted = (f'"{text}"', f"'{text}'")
    for path in _files(lab.dir):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if any(q in line for q in quoted) or line.removeprefix("# ").strip() == text.strip():
                return f"{lab.id}/{path.name}:{number}"
    return lab.id


def _files(folder: Path) -> list[Path]:
    first = folder / "notebook.py"
    others = sorted(p for p in folder.glob("*.py") if p != first and p.stem != "calibrate")
    return [*others, first]

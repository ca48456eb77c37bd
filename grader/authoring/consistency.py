"""What can be said of a lab before anything is run or written: do its files fit together?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from grader.authoring.languages import differs
from grader.authoring.modules import python_error
from grader.authoring.probes import STEPS
from grader.authoring.source import FIGURE, LoadedLab, SourceCell, meant
from grader.authoring.spec import AuthorError, CheckSpec, Draw, MisconceptionSpec, Mutant, Variant
from grader.check.compare import METRICS, Metric
from grader.check.names import made, parse, parse_cell
from grader.check.probe import Probe
from grader.check.text import LANGS
from grader.notebook.data import manifest

# What a cell calls with the name of something that checks.py declares.
_CALLS = ("check", "hint", "explain", "answer", "record", "history", "restore", "recording")
_PREDICTIONS = ("predict", "outcome")


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
    _lines.cache_clear()
    unreadable = [*_unreadable(lab)]
    return unreadable or [
        *_languages(lab),
        *_figures(lab),
        *_code_in_french(lab),
        *_named(lab),
        *_holes(lab),
        *_probes(lab),
        *_called(lab),
        *_predicted(lab),
        *_declared(lab),
        *_mistakes(lab),
        *_mutants(lab),
        *_edits(lab),
        *_calibrated(lab),
        *_points(lab),
    ]


def _unreadable(lab: LoadedLab) -> Iterator[str]:
    """Cells that are no Python, with their holes open or closed."""
    for cell in lab.cells:
        sources = (
            cell.stub(), cell.solved(), cell.stub("fr"), cell.solved("fr")
        ) if cell.kind == "code" else ()  # fmt: skip
        for source in sources:
            if parse_cell(source) is not None:
                continue
            try:
                parse(source)
            except SyntaxError as error:
                line = source.splitlines()[(error.lineno or 1) - 1]
                yield f"{_at(lab, cell, line)}: {error.msg}: {line.strip()[:60]}"
                break


def _named(lab: LoadedLab) -> Iterator[str]:
    """The lab that the notebook opens, and the data that it asks for."""
    found = manifest(lab.dir)
    sets = list(found[1]) if found else []
    for call, name, line in sorted(set(_calls(lab, ("Lab", "data", "download")))):
        if call == "Lab" and name != lab.id:
            yield f"{_place(lab, line)}: Lab({name!r}): the lab is called {lab.id!r}"
        if call != "Lab" and found and name not in sets:
            yield f"{_place(lab, line)}: {_unknown(f'lab.{call}', name, sets)}"


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
                f"{_at(lab, begun[0])}: from here on {len(french)} cells are"
                f" in French and {len(english)} in English, up to the next that both share"
            )
        begun = []
    for lang in LANGS:
        if not any(c.lang == lang and c.kind == "markdown" for c in lab.cells):
            yield f"{lab.id}/notebook.py:1: there is no text in {lang}"


def _figures(lab: LoadedLab) -> Iterator[str]:
    """Drawings that are there, and that are told to those who do not see them."""
    for cell in lab.cells:
        for found in FIGURE.finditer(cell.source) if cell.kind == "markdown" else ():
            where = f"{_at(lab, cell)}: {found['path']}"
            if not (lab.dir / found["path"]).is_file():
                yield f"{where} is not there: draw it with figures.py"
            if len(found["alt"]) < 20:
                yield f"{where} has no alt text: say what it shows, ![here](…)"


def _code_in_french(lab: LoadedLab) -> Iterator[str]:
    """The French of a code cell is the same code."""
    for cell in lab.cells:
        if cell.kind == "code":
            line = differs(cell.solved(), cell.solved("fr"))
            if line:
                yield f"{_at(lab, cell)}: the French is not the same code: {line[:60]}"


def _holes(lab: LoadedLab) -> Iterator[str]:
    """What exercises must define, and the contracts of stub and solution."""
    held: dict[str, set[str]] = {}
    for cell in lab.cells:
        if cell.exercise:
            held.setdefault(cell.exercise, set()).update(made(cell.solved()))
            if any(_contracts(cell.stub(x)) != _contracts(cell.solved(x)) for x in LANGS):
                yield (
                    f"{_at(lab, cell)}: signatures or docstrings of stub and solution differ"
                    f" ({cell.exercise})"
                )
    everything = {name for names in held.values() for name in names}
    for exercise in lab.spec.exercises.values():
        if not exercise.defines and exercise.title.fr in everything:
            yield (
                f"{_place(lab, exercise.title.en)}: exercise {exercise.id}: {exercise.title.fr!r} stands where"
                " the French title should: titles are two arguments, English then French"
            )
        for name in exercise.defines:
            if name not in held.get(exercise.id, ()):
                known = sorted(held.get(exercise.id, ()))
                said = meant(name, known) if known else "no cell has a hole for it"
                yield f"{_place(lab, name)}: exercise {exercise.id} does not define {name!r}; {said}"


def _contracts(source: str) -> list[tuple[str, str, str]]:
    """Name, arguments and docstring of each documented function and class."""
    found = []
    for node in ast.walk(parse_cell(source) or ast.Module([], [])):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            arguments = ast.unparse(node.args) if isinstance(node, ast.FunctionDef) else ""
            found.append((node.name, arguments, ast.get_docstring(node) or ""))
    return found


def _probes(lab: LoadedLab) -> Iterator[str]:
    """What checks ask of the student's names: the names, the steps, the results."""
    functions: set[str] = set()
    known: set[str] = set()
    for cell in lab.cells:
        if cell.kind == "code":
            known |= made(cell.solved())
            tree = parse_cell(cell.solved())
            functions |= {
                n.name for n in (tree.body if tree else ()) if isinstance(n, ast.FunctionDef)
            }
    for check in lab.spec.checks.values():
        if check.probing is None:
            continue
        where = f"{_made_at(lab, check)}: check {check.id}"
        try:
            probe, _ = check.ask(Draw(0, check.id, False))
        except Exception as error:
            yield f"{where} cannot be asked: {python_error(error)}"
            continue
        for name in sorted(probe.names() - known):
            yield f"{where} asks for student.{name}, which no cell defines; {meant(name, known)}"
        for target in sorted(_targets(probe)):
            name, _, step = target.partition(".")
            if name in functions and step and step not in STEPS and not step.startswith("__"):
                yield f"{where}: student.{target} is no step; {meant(step, STEPS)}"
        for what, named in (
            ("picture", [check.picture] if check.picture else []),
            ("expect", check.expect),
        ):
            for name in named:
                if name not in probe.keep:
                    yield f"{where}: {what} names {name!r}, no result; {meant(name, probe.keep)}"


def _targets(probe: Probe) -> set[str]:
    return {step.target for step in probe.steps if not step.target.startswith("$")}


def _called(lab: LoadedLab) -> Iterator[str]:
    """Names that the notebook's cells give to ``lab.check``, ``lab.answer``, ``lab.record``…"""
    known = _known(lab)
    for call, name, line in sorted(set(_calls(lab))):
        if name not in known[call]:
            yield f"{_place(lab, line)}: {_unknown(f'lab.{call}', name, known[call])}"
    checked = {name for call, name, _ in _calls(lab) if call == "check"}
    for exercise in lab.spec.exercises.values():
        mine = [c.id for c in lab.spec.checks.values() if c.exercise == exercise.id and c.probing]
        ways = {exercise.id, exercise.number, *exercise.defines, *mine}
        if mine and not checked & ways:
            place = _place(lab, exercise.id)
            yield f"{place}: no cell of notebook.py calls lab.check({exercise.id!r})"


def _known(lab: LoadedLab) -> dict[str, list[str]]:
    spec = lab.spec
    answers = [c.id for c in spec.checks.values() if c.kind == "answer"]
    answers += [a for c in spec.checks.values() for a in c.answers]
    recordings = list(spec.recordings)
    defined = [name for e in spec.exercises.values() for name in e.defines]
    asked = [*spec.exercises, *spec.checks, *defined, *(e.number for e in spec.exercises.values())]
    return dict.fromkeys(_CALLS, recordings) | {
        "check": asked, "hint": asked, "explain": asked, "answer": answers,
    }  # fmt: skip


def _predicted(lab: LoadedLab) -> Iterator[str]:
    """Every prediction has an answer, and every answer a prediction."""
    calls = {(call, name): line for call, name, line in reversed([*_calls(lab, _PREDICTIONS)])}
    made, answered = ([n for call, n in calls if call == which] for which in _PREDICTIONS)
    for (call, name), line in calls.items():
        other, among = ("outcome", answered) if call == "predict" else ("predict", made)
        if name not in among:
            yield f"{_place(lab, line)}: lab.{call}({name!r}, …) has no lab.{other}; {meant(name, among)}"


def _calls(lab: LoadedLab, among: Sequence[str] = _CALLS) -> Iterator[tuple[str, str, str]]:
    """(method, the name that it is given, the line) of calls on ``lab``, or of ``Lab`` itself."""
    for source in _sources(lab):
        tree = parse_cell(source)
        for node in ast.walk(tree) if tree else ():
            if (
                isinstance(node, ast.Call)
                and (called := ast.unparse(node.func).removeprefix("lab.")) in among and node.args
                and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
            ):  # fmt: skip
                line = source.splitlines()[node.lineno - 1]
                yield called, node.args[0].value, line


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


def _mistakes(lab: LoadedLab) -> Iterator[str]:
    """Misconceptions that no mutant proves, or that no hint helps."""
    proven = {m.diagnosis for m in lab.mutants}
    for mistake in lab.spec.misconceptions.values():
        where = f"{_place(lab, mistake.id)}: misconception {mistake.id}"
        if mistake.id not in proven:
            yield f"{where}: no mutant makes it; say what it loses: loses=[…]"
        if not mistake.hints:
            yield f"{where}: it has no hint"


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


def _calibrated(lab: LoadedLab) -> Iterator[str]:
    """Entries of calibration.json that no check reads, metrics of no check, answers that nobody asks."""
    for name in sorted(lab.spec._calibrated - {*lab.spec.checks}):
        known = [c.id for c in lab.spec.checks.values() if c.kind == "clean"]
        yield f"{_place(lab, name)}: {_unknown('lab.metric, check', name, known)}"
    for name, entry in lab.spec.calibration.items():
        if name not in lab.spec.checks and isinstance(entry, dict) and "baseline" in entry:
            known = [c.id for c in lab.spec.checks.values() if c.kind == "clean"]
            yield f"{lab.id}/calibration.json: {_unknown('check', name, known)}"
    asked = _known(lab)["answer"]
    for variant in lab.variants:
        for name in variant.answers:
            if name not in asked:
                said = _unknown(f"variant {variant.id}, answers", name, asked)
                yield f"{_place(lab, variant.id)}: {said}"


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
    return f"{what}: unknown name {name!r}; {meant(name, among)}"


def _at(lab: LoadedLab, cell: SourceCell, line: str = "") -> str:
    """``file:line`` of a cell, or of the first of its lines that reads so."""
    text = _lines(lab.dir / "notebook.py")
    within = range(cell.line, len(text)) if line and cell.line else ()
    found = next((n + 1 for n in within if text[n].strip() == line.strip()), cell.line)
    return f"{lab.id}/notebook.py:{found}"


def _made_at(lab: LoadedLab, check: CheckSpec) -> str:
    """``file:line`` of the function that asks."""
    code = getattr(check.probing, "__code__", None)
    return f"{lab.id}/{Path(code.co_filename).name}:{code.co_firstlineno}" if code else lab.id


@cache
def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _place(lab: LoadedLab, text: str) -> str:
    """``file:line`` of the first line that holds `text`: a name in quotes, or a whole line of a cell."""
    quoted = (f'"{text}"', f"'{text}'")
    for path in _files(lab.dir):
        for number, line in enumerate(_lines(path), 1):
            if any(q in line for q in quoted) or line.removeprefix("# ").strip() == text.strip():
                return f"{lab.id}/{path.name}:{number}"
    return lab.id


def _files(folder: Path) -> list[Path]:
    first = folder / "notebook.py"
    others = sorted(p for p in folder.glob("*.py") if p != first and p.stem != "calibrate")
    return [*others, first]

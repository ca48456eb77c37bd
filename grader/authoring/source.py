"""A lab's folder, read: its source cells, its specification, the notebooks made from them."""

from __future__ import annotations

import ast
import base64
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from grader.authoring import opening, references
from grader.authoring.languages import MARK, in_language
from grader.authoring.modules import declared, load_module, load_spec
from grader.authoring.spec import AuthorError, Edit, LabSpec, MisconceptionSpec, Mutant, Variant
from grader.authoring.typography import french, levels
from grader.check.key import interface_of
from grader.check.text import LANGS, Lang, did_you_mean, same
from grader.gradebook.keys import lab_digest
from grader.platforms.nbgrader import nbgrader_checksum, nbgrader_metadata

BEGIN, END, STUB = "### BEGIN SOLUTION", "### END SOLUTION", "### STUB "
FOLDED = "#@title "  # the first line of a given cell whose code is folded: Colab's mark of a form
ROLES = ("setup", "show")
METADATA = {  # what may follow ``# %%``, beside ``[markdown]``
    "lang": '"fr" or "en": shown in that language only; without it, in both. As many cells of one language'
    " as of the other stand between two that both share.",
    "role": '"setup": imports, constants, given helpers; what exercises need. "show": given code that only'
    " shows something, or trains; left out of grading if nothing else needs it.",
    "exercise": "a hole: definitions alone, the solution between `### BEGIN SOLUTION` and `### END"
    " SOLUTION`; students find `raise todo(…)` there, or the lines that begin with `### STUB`.",
    "question": "the answer to a question of `checks.py`: an expression, or nothing for the first right"
    " answer. Number, text and stub are made.",
}


# A prediction is for the student to make: notebook.py holds a right one.
_PREDICTION = re.compile(r"^(lab\.predict\(\s*[\"'][\w.-]+[\"']\s*,\s*).+\)(?=\s*(?:#.*)?$)", re.M)


# A drawing of the lab's own, shown in a text.
FIGURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>figures/[\w.-]+\.svg)\)")


@dataclass(frozen=True)
class SourceCell:
    """One cell of ``notebook.py``.

    Attributes:
        kind: ``markdown`` or ``code``.
        lang: ``fr``, ``en``, or "" for both.
        role: ``setup``, ``show`` or "".
        exercise: the exercise whose hole it holds, or "".
        index: position in the notebook, from 0.
        question: the question whose answer it holds, or "".
        line: of its ``# %%`` in ``notebook.py``, from 1; 0 if it is not known.
    """

    kind: str
    source: str
    lang: str = ""
    role: str = ""
    exercise: str = ""
    index: int = 0
    question: str = ""
    line: int = 0

    def stub(self, lang: str = "en") -> str:
        """The cell with its holes open."""
        source = open_holes(in_language(self.source, lang), self.exercise)
        return _PREDICTION.sub(r"\1None)", source)

    def solved(self, lang: str = "en") -> str:
        """The cell with the solution, without the marks."""
        return close_holes(in_language(self.source, lang))


def open_holes(source: str, exercise: str) -> str:
    """Replace each solution region by ``raise todo(…)`` or by its ``### STUB`` lines."""
    out: list[str] = []
    inside = False
    stub: list[str] = []
    indent = ""
    for line in source.splitlines():
        text = line.strip()
        if text == BEGIN:
            inside, stub, indent = True, [], line[: len(line) - len(line.lstrip())]
        elif text == END:
            out += stub or [f'{indent}raise todo("{exercise}")']
            inside = False
        elif not inside:
            out.append(line)
        elif text.startswith(STUB.strip()):
            stub.append(indent + text[len(STUB) :])
    return "\n".join(out)


def close_holes(source: str) -> str:
    """Drop the marks and the stub lines."""
    marks = (BEGIN, END, STUB.strip())
    return "\n".join(x for x in source.splitlines() if not x.strip().startswith(marks))


def parse(path: Path) -> list[SourceCell]:
    """Read a py:percent source.

    Raises:
        AuthorError: unbalanced marks, an unknown role, a hole outside an exercise cell; all of them, a
            line each.
    """
    if not path.is_file():
        raise AuthorError(f"{path}: no such file; a lab needs its notebook.py")
    nodes = jupytext.read(path, fmt="py:percent").cells
    text = path.read_text("utf-8").splitlines()
    lines = [n for n, line in enumerate(text, 1) if line.startswith("# %%")]
    if len(lines) != len(nodes):  # a cell begun in another way
        lines = [0] * len(nodes)
    cells, faults = [], []
    for i, (node, line) in enumerate(zip(nodes, lines, strict=True)):
        meta = {name: node.metadata.get(name, "") for name in METADATA}
        cell = SourceCell(node.cell_type, node.source, index=i, line=line, **meta)
        where = f"{path.parent.name}/{path.name}:{line}"
        faults += [f"{where}: {said}" for said in _faults(cell, node.metadata)]
        cells.append(cell)
    if faults:
        raise AuthorError("\n".join(faults))
    return cells


def _faults(cell: SourceCell, metadata: Mapping[str, Any]) -> Iterator[str]:
    for name in metadata:
        if name not in METADATA and not name.startswith("lines_to_"):  # those are jupytext's own
            yield f"a cell has no {name!r}; {meant(name, METADATA)}"
    for name, value, known in (("lang", cell.lang, LANGS), ("role", cell.role, ROLES)):
        if value and value not in known:
            yield f"there is no {name}={value!r}; {meant(value, known)}"
    try:
        in_language(cell.source, "fr")
    except ValueError as error:
        yield str(error)
    begins, ends = (
        len(re.findall(rf"^\s*{mark}\s*$", cell.source, re.MULTILINE)) for mark in (BEGIN, END)
    )
    if begins != ends:
        yield f"{begins} solution marks begin, {ends} end"
    if cell.question and (begins or cell.exercise or cell.lang):
        yield "a question's cell holds its answer alone, without marks, for both languages"
    elif cell.exercise and cell.source.startswith(FOLDED):
        yield "a hole's cell is never folded"
    elif cell.kind == "code" and bool(begins) != bool(cell.exercise):
        yield 'a hole belongs in a cell with exercise="…", and only there'


def meant(name: str, known: Iterable[str]) -> str:
    """``did you mean 'role'?``, or what there is."""
    known = list(known)
    return did_you_mean(name, known, same(f"there are: {', '.join(known) or 'none'}")).en


def with_questions(cells: Sequence[SourceCell], spec: LabSpec) -> list[SourceCell]:
    """The cells, with ``question="…"`` ones made whole from ``checks.py``.

    Each becomes a text in both languages (number in the notebook's order if there are several, title,
    what is asked) and a hole that answers: the cell's own expression, or the first right answer.
    """
    made: list[SourceCell] = []
    alone = len({cell.question for cell in cells if cell.question}) == 1
    number = 0
    for cell in cells:
        check = spec.checks.get(cell.question)
        if check is not None and check.kind == "answer":
            number += 1
            bonus = " (bonus)" if check.bonus else ""
            for lang in LANGS:
                title = check.title.to(lang)
                label = f"Question{'' if alone else f' {number}'}{bonus}"
                text = f"**{label}. {title[:1].upper()}{title[1:]}**"
                asked = check.asked.to(lang)
                source = f"{text}\n\n{asked}" if asked else text
                made.append(SourceCell("markdown", source, lang, line=cell.line))
            cell = replace(cell, source=_answering(cell, check.answer))
        made.append(cell)
    return [replace(cell, index=i) for i, cell in enumerate(made)]


def _answering(cell: SourceCell, answer: Mapping[str, Any]) -> str:
    """The hole of a question: its stub and its solution."""
    empty = '""' if answer["type"] == "text" else "None"
    call = f'lab.answer("{cell.question}", '
    english, french = (f"{call}{_expression(cell, answer, lang)})" for lang in ("en", "fr"))
    translated = f"\n{MARK} {french}" if french != english else ""
    return f"{BEGIN}\n{STUB}{call}{empty})\n{english}{translated}\n{END}"


def _expression(cell: SourceCell, answer: Mapping[str, Any], lang: str) -> str:
    """What the solution answers, on one line."""
    given = in_language(cell.source, lang).strip()
    if not given:
        right = answer["right"]
        given = repr(right if answer["type"] == "choices" else next(iter(right), ""))
    try:
        return repr(ast.literal_eval(given))
    except (ValueError, SyntaxError):
        return given


@dataclass
class LoadedLab:
    """A lab's folder in memory.

    Attributes:
        recordings: name → bytes of the reference recordings, from the folder or, where they are
            too large to commit, from the cache (`grader.authoring.references`).
    """

    dir: Path
    spec: LabSpec
    cells: tuple[SourceCell, ...]
    variants: tuple[Variant, ...] = ()
    recordings: dict[str, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        return self.spec.mutants

    @property
    def unforeseen(self) -> tuple[Mutant, ...]:
        return self.spec.unnamed

    def exercise_cells(self, exercise: str) -> list[SourceCell]:
        return [c for c in self.cells if c.exercise == exercise]

    def replaced(self, exercise: str, edits: Sequence[Edit] = (), code: str = "") -> dict[int, str]:
        """Cell index → new solved source, for a change of one exercise ("": edits in any).

        `code` goes into the exercise's first cell and empties the others.

        Raises:
            AuthorError: an edit's old text is not found exactly once.
        """
        cells = [c for c in self.cells if c.exercise and exercise in ("", c.exercise)]
        if not cells:
            raise AuthorError(f'{self.id}: no cell has exercise="{exercise}"')
        if code:
            return {c.index: code.strip("\n") if c is cells[0] else "" for c in cells}
        sources = {c.index: c.solved() for c in cells}
        for old, new in edits:
            hits = [i for i, s in sources.items() if old in s]
            count = sum(s.count(old) for s in sources.values())
            if count != 1:
                where = f", exercise {exercise}" if exercise else ""
                raise AuthorError(f"{self.id}{where}: {old!r} is found {count} times, not once")
            sources[hits[0]] = sources[hits[0]].replace(old, new)
        return sources

    def change(self, item: Mutant | Variant | MisconceptionSpec) -> dict[int, str]:
        """Cell index → new source, for a mutant, a variant or a misconception."""
        if isinstance(item, Variant):
            found: dict[int, str] = {}
            for exercise, code in item.code.items():
                found |= self.replaced(exercise, code=code)
            for exercise, edits in item.edits.items():
                found |= self.replaced(exercise, edits=edits)
            return found
        if not (item.edits or item.code):
            return {}
        return self.replaced(item.exercise, item.edits, item.code)

    def definition_cells(self, lang: str = "en") -> list[SourceCell]:
        """Setup and exercise cells, in order: what a probe needs."""
        return [
            c
            for c in self.cells
            if c.kind == "code" and (c.role == "setup" or c.exercise) and c.lang in ("", lang)
        ]

    def sources(self, change: Mapping[int, str] | None = None) -> list[str]:
        """Solved source of the setup and exercise cells."""
        change = change or {}
        return [change.get(c.index, c.solved()) for c in self.definition_cells()]

    def notebook(
        self,
        lang: Lang,
        solved: bool,
        replace: Mapping[int, str] | None = None,
        answers: Mapping[str, Any] | None = None,
    ) -> Any:
        """The notebook as an nbformat node.

        Args:
            lang: which language's cells.
            solved: with the solutions, or with open holes: what students get, with its badge and
                the cell that sets up.
            replace: cell index → source put in its place (see `change`).
            answers: question → literal put in place of what the source gives to ``lab.answer``.
        """
        replace = replace or {}
        nodes = []
        for cell in self.cells:
            if cell.lang not in ("", lang):
                continue
            source = cell.solved(lang) if solved else cell.stub(lang)
            source = replace.get(cell.index, source)
            if cell.kind == "markdown":
                source = self.with_figures(source)
                if not solved:
                    source = levels(french(source) if cell.lang == "fr" else source)
                node = nbformat.v4.new_markdown_cell(source)
            else:
                node = nbformat.v4.new_code_cell(_answered(source, answers or {}))
                node.metadata = _nbgrader(cell, self.id) | _folded(source)
            node["id"] = f"c{cell.index:03d}"
            nodes.append(node)
        if not solved:
            self._open(nodes, lang)
        notebook = nbformat.v4.new_notebook(cells=nodes)
        notebook.metadata = {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        if self.spec.gpu:  # Colab's own names
            notebook.metadata |= {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
        for node in nodes:
            if node.metadata.get("nbgrader"):
                node.metadata["nbgrader"]["checksum"] = nbgrader_checksum(node)
        return notebook

    def with_figures(self, markdown: str) -> str:
        """The text with its drawings in it: a notebook travels without files beside it.

        Raises:
            AuthorError: there is no such file.
        """

        def drawn(match: re.Match[str]) -> str:
            path = self.dir / match["path"]
            if not path.is_file():
                raise AuthorError(f"{self.id}: there is no {match['path']}")
            data = base64.b64encode(path.read_bytes()).decode()
            return f"![{match['alt']}](data:image/svg+xml;base64,{data})"

        return FIGURE.sub(drawn, markdown)

    def _open(self, nodes: list[Any], lang: Lang) -> None:
        """Put the badge on top and the cell that sets up before the first code."""
        colab = opening.read(self.dir.parents[1])
        interface = interface_of(self.spec.exercises.values(), self.spec.checks.values())
        setup = nbformat.v4.new_code_cell(opening.setup_cell(colab, lang, interface))
        setup["id"] = "opening-setup"
        setup.metadata = _folded(setup.source)
        code = (i for i, node in enumerate(nodes) if node.cell_type == "code")
        nodes.insert(next(code, len(nodes)), setup)
        badge = opening.badge(colab, lang, self.id)
        if badge:
            nodes.insert(0, nbformat.v4.new_markdown_cell(badge))
            nodes[0]["id"] = "opening-badge"

    def namespace(self, change: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Run the setup and exercise cells, solved, and return their namespace.

        Raises:
            AuthorError: a cell raised.
        """
        from grader.notebook import session

        names: dict[str, Any] = {"__name__": "__main__"}
        cells = self.definition_cells()
        session.install()
        try:
            for cell, source in zip(cells, self.sources(change), strict=True):
                run_source(source, f"<{self.id} cell {cell.index + 1}>", names)
        finally:
            session.leave()
        return names

    def digest(self) -> str:
        """Hash of everything an author wrote that a key depends on."""
        return lab_digest(self.dir)


def run_source(source: str, filename: str, names: dict[str, Any]) -> None:
    """Execute one cell's source in `names`; its lines can be quoted in error messages."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        exec(compile(source, filename, "exec"), names)
    except Exception as error:
        raise AuthorError(f"{filename}: {type(error).__name__}: {error}") from error


def _answered(source: str, answers: Mapping[str, Any]) -> str:
    """Replace the value in ``lab.answer("q6", value)`` calls of a cell."""
    for question, value in answers.items():
        pattern = rf"(lab\.answer\(\s*[\"']{re.escape(question)}[\"']\s*,\s*)(.*?)(\)\s*(?:#.*)?)$"
        written = repr(value).replace("\\", r"\\")
        source = re.sub(pattern, rf"\g<1>{written}\g<3>", source, flags=re.MULTILINE)
    return source


def _folded(source: str) -> dict[str, Any]:
    """What folds a cell's code in Colab, and in JupyterLab and VS Code."""
    if not source.startswith(FOLDED):
        return {}
    return {"cellView": "form", "jupyter": {"source_hidden": True}}


def _nbgrader(cell: SourceCell, lab: str) -> dict[str, Any]:
    """nbgrader's metadata of an exercise's or a question's cell; none for others."""
    if not (cell.exercise or cell.question):
        return {}
    name = cell.exercise or cell.question
    about = nbgrader_metadata(f"{lab}-{name}-{cell.index}", solution=True)
    return {"nbgrader": {**about, "cell_type": "code"}}


def load_lab(path: Path, proofs: bool = True) -> LoadedLab:
    """Read a lab's folder.

    Args:
        path: ``solutions/<id>``.
        proofs: also read ``variants.py`` and ``unforeseen.py``.

    Raises:
        AuthorError: a file is missing or contradicts itself.
    """
    path = path.resolve()
    cells = parse(path / "notebook.py")
    spec = load_spec(path)
    questions = [c.id for c in spec.checks.values() if c.kind == "answer"]
    unknown = [
        f"{spec.id}/notebook.py:{cell.line}: {kind}={name!r} is not in checks.py; {meant(name, known)}"
        for cell in cells
        for kind, name, known in (
            ("exercise", cell.exercise, [*spec.exercises]),
            ("question", cell.question, questions),
        )
        if name and name not in known
    ]
    if unknown:
        raise AuthorError("\n".join(unknown))
    cells = with_questions(cells, spec)
    if proofs and (path / "unforeseen.py").is_file():  # it adds to the `lab` that checks.py made
        load_module(path, "unforeseen", afresh=False)
    variants: Iterable[Variant] = ()
    if proofs and (path / "variants.py").is_file():
        variants = declared(path, "variants", "variants")
    recordings = references.found(path, tuple(cells))
    return LoadedLab(path, spec, tuple(cells), tuple(variants), recordings)

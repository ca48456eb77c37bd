"""What a notebook's source says about itself, by parsing it; nothing here runs it.

Everything is linear in the size of what is read, whoever wrote it: each cell is parsed once, each
statement's scopes are resolved once, long chains of names are cut.
"""

from __future__ import annotations

import ast
import hashlib
import re
import symtable
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

MAX_SOURCE = 200_000  # characters of a cell that is parsed
MAX_DEPTH = 100  # of its brackets
MAX_DOTS = 16  # parts of a dotted name that are looked at

_SHELL = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?+\s*)$")
_BRACKETS = re.compile(r"[][(){}]")
_LAB = re.compile(r"\bLab\(\s*[\"']([\w-]+)[\"']([^()\n]{0,200})")
_LANG = re.compile(r"\blang\s*=\s*[\"'](fr|en)[\"']")
# With these about, a name may be reached by a string.
_DYNAMIC = re.compile(r"\b(?:globals|locals|vars|eval|exec|get_ipython|user_ns|__main__)\b")
_RECORDED = re.compile(r"\.record\(\s*[\"']([\w-]+)")
_WORD = re.compile(r"[^\W\d]\w*")
_UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_PARSING = threading.Lock()


# ------------------------------------------------------------------ one cell


def parse(source: str) -> ast.Module:
    """`ast.parse`, one thread at a time, with its exceptions.

    Python before 3.11.8 counts the depth of all threads' trees in one place and raises a
    SystemError when two are built at once (CPython issue 106905).
    """
    with _PARSING:
        return ast.parse(source)


def parse_cell(source: str) -> ast.Module | None:
    """The syntax tree of a cell, its shell lines and magics blanked; None if it does not parse."""
    if len(source) > MAX_SOURCE or _depth(source) > MAX_DEPTH:
        return None
    lines = [_SHELL.sub(r"\1pass", line) for line in source.splitlines()]
    try:
        return parse("\n".join(lines))
    except _UNPARSABLE:
        return None


def _depth(source: str) -> int:
    deepest = depth = 0
    for bracket in _BRACKETS.findall(source):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    return deepest


def is_magic(source: str) -> bool:
    """Whether a line of a cell is for IPython or the shell; `parse_cell` does not see it."""
    return any(_SHELL.match(line) for line in source.splitlines())


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement at the top level of a cell.

    Attributes:
        cell: the source that it stands in.
        binds: names that it binds at the top level.
        takes: names that it takes from outside, its functions' bodies included.
        inner: names that are imported inside its functions: they too stand for something outside.
    """

    node: ast.stmt
    cell: str
    binds: frozenset[str]
    takes: frozenset[str]
    inner: frozenset[str]

    @cached_property
    def outer(self) -> frozenset[str]:
        return self.takes | self.inner

    @cached_property
    def mentions(self) -> list[tuple[str, int]]:
        """Dotted names that come from outside, with their lines."""
        nodes = [n for n in ast.walk(self.node) if isinstance(n, (ast.Attribute, ast.Name))]
        named = [(dotted(n), n.lineno) for n in nodes]
        return [(name, line) for name, line in named if name.partition(".")[0] in self.outer]

    @cached_property
    def lines(self) -> list[str]:
        return self.cell.splitlines()


@lru_cache(maxsize=1024)  # cells that a class has in common
def statements(source: str) -> tuple[Statement, ...] | None:
    """The statements of a cell in order; None if it does not parse."""
    tree = parse_cell(source)
    return None if tree is None else tuple(_statement(node, source) for node in tree.body)


def _statement(node: ast.stmt, cell: str) -> Statement:
    try:
        with _PARSING:
            table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
        binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
        takes, inner = _taken(table)
    except _UNPARSABLE:
        binds = takes = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        inner = set()
    # A symbol table calls what ``x += 1`` and ``del x`` need assigned only.
    for part in ast.walk(node):
        targets = [part.target] if isinstance(part, ast.AugAssign) else getattr(part, "targets", [])
        if isinstance(part, (ast.AugAssign, ast.Delete)):
            takes |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return Statement(node, cell, frozenset(binds), frozenset(takes), frozenset(inner))


def _taken(top: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """What a statement's scopes take from outside, and what its functions import."""
    takes, inner, todo = set[str](), set[str](), [top]
    while todo:
        table = todo.pop()
        function = table.get_type() == "function"
        for symbol in table.get_symbols():
            if symbol.is_global() if function else symbol.is_referenced():
                takes.add(symbol.get_name())
            if function and symbol.is_imported():
                inner.add(symbol.get_name())
        todo += table.get_children()
    return takes, inner


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for such an expression (its ends, if it is very long), "" for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return _joined(node.id, parts[::-1])


def _joined(first: str, rest: Sequence[str]) -> str:
    parts = [*first.split("."), *rest]
    half = MAX_DOTS // 2
    return ".".join(parts if len(parts) <= MAX_DOTS else [*parts[:half], *parts[-half:]])


# ------------------------------------------------------------------ the line that names the lab


def lab_line(sources: Iterable[str]) -> tuple[str | None, str]:
    """The id and the language ("" if not said) in the first ``Lab("…", lang="…")`` of some cells."""
    for source in sources:
        if "Lab" not in source:
            continue
        tree = parse_cell(source)
        if tree is None:
            if found := _LAB.search(source):
                lang = _LANG.search(found[2])
                return found[1], lang[1] if lang else ""
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Lab":
                given = [a.value for a in node.args if isinstance(a, ast.Constant)]
                if node.args and given[:1] and given[0] is getattr(node.args[0], "value", None):
                    said = [k.value for k in node.keywords if k.arg == "lang"]
                    langs = [*(v.value for v in said if isinstance(v, ast.Constant)), *given[1:2]]
                    if isinstance(given[0], str):
                        return given[0], next((str(x) for x in langs if x in ("fr", "en")), "")
    return None, ""


def lab_named_in(sources: Iterable[str]) -> str | None:
    """The id in the first ``Lab("…")`` of a notebook's code cells, or None."""
    return lab_line(sources)[0]


# ------------------------------------------------------------------ all cells


class _Book:
    """Top-level definitions and import aliases of all cells; the last definition counts."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.definitions: dict[str, Statement] = {}
        self.aliases: dict[str, str] = {}
        self._full: dict[str, str] = {}
        for source in sources:
            cell = statements(source) or ()
            for (
                statement
            ) in cell:  # what functions import is known by that name, if nothing else is
                for node in ast.walk(statement.node):
                    self.aliases.update(_imported(node))
            for statement in cell:
                imported = dict(_imported(statement.node))
                for name in statement.binds - imported.keys():
                    self.definitions[name] = statement
                    self.aliases.pop(name, None)
                self.aliases.update(imported)

    def full_name(self, name: str) -> str:
        """A dotted name with what its first part stands for, through aliases and assignments."""
        trail: list[tuple[str, str]] = []
        seen: set[str] = set()
        first, _, rest = name.partition(".")
        while first not in self._full and first not in seen and (base := self._base(first)):
            seen.add(first)
            trail.append((first, rest))
            first, _, rest = base.partition(".")
        found = _joined(self._full.get(first, first), rest.split(".") if rest else ())
        for short, rest in reversed(trail):
            self._full[short] = found
            found = _joined(found, rest.split(".") if rest else ())
        return found

    def _base(self, name: str) -> str:
        """What a name was imported as or assigned from, or ""."""
        if name in self.aliases:
            return self.aliases[name] if self.aliases[name] != name else ""
        node = self.definitions[name].node if name in self.definitions else None
        return dotted(node.value) if isinstance(node, ast.Assign) else ""


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for a in node.names:
            first = a.name.split(".")[0]
            yield (a.asname, a.name) if a.asname else (first, first)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for a in node.names:
            yield a.asname or a.name, f"{node.module}.{a.name}"


@lru_cache(maxsize=8)
def _book(sources: tuple[str, ...]) -> _Book:
    """The book of a notebook, read once for all its exercises."""
    return _Book(sources)


def defined_in(sources: Sequence[str]) -> set[str]:
    """Names bound at the top level of the cells, imports apart."""
    return set(_book(tuple(sources)).definitions)


def reach(sources: Sequence[str], names: Iterable[str]) -> set[str]:
    """The cells' own names that the definitions of `names` mention, directly or through others."""
    definitions = _book(tuple(sources)).definitions
    todo, seen, read = list(names), set[str](), set[int]()
    while todo:
        name = todo.pop()
        if name in seen or name not in definitions:
            continue
        seen.add(name)
        statement = definitions[name]
        if id(statement) not in read:
            read.add(id(statement))
            todo += statement.outer
    return seen


# ------------------------------------------------------------------ forbidden calls


@dataclass(frozen=True)
class Use:
    """A use of a library call: its dotted name, the line in its cell (0 if unknown), the code."""

    name: str
    line: int
    code: str = ""


def forbidden_uses(
    sources: Sequence[str], defines: Iterable[str], forbids: Iterable[str]
) -> list[Use]:
    """Uses of forbidden library calls in the code that an exercise's names reach.

    Aliases (``from keras import layers as L``) and helper functions are followed. A forbidden
    ``keras.layers.MultiHeadAttention`` also matches the same tail under another root of the same
    library (``tf.keras.layers.…``); a class of the student's own that has the same name does not.

    Returns:
        One `Use` a place, in no particular order; empty if the code keeps to the rules.
    """
    forbidden = tuple(forbids)
    if not forbidden:
        return []
    book = _book(tuple(sources))
    found: dict[tuple[str, int], Use] = {}
    broken: dict[str, list[str]] = {}  # name → the rules that it breaks
    for statement in {book.definitions[name] for name in reach(sources, defines)}:
        for name, line in statement.mentions:
            if name not in broken:
                full = book.full_name(name)
                broken[name] = [rule for rule in forbidden if _same_call(full, rule)]
            for rule in broken[name]:
                code = statement.lines[line - 1].strip() if line <= len(statement.lines) else ""
                found[(rule, line)] = Use(rule, line, code)
    return list(found.values())


def _same_call(full: str, rule: str) -> bool:
    """``tensorflow.keras.layers.X`` is ``keras.layers.X``; so is ``keras.src.….X``."""
    a, b = full.split("."), rule.split(".")
    if len(a) < 2 or a[-1] != b[-1]:
        return False
    root = b[0]
    return full == rule or root in a[:-1] or (root == "keras" and a[0] in ("tensorflow", "tf"))


# ------------------------------------------------------------------ cells that need not run


def cell_digest(source: str) -> str:
    """Hash of a cell, blind to white space at the ends of lines and of the cell."""
    lines = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256(lines.encode("utf-8", "replace")).hexdigest()[:16]


def display_only(
    cells: Sequence[str],
    shows: Collection[str],
    wanted: Collection[str] = (),
    recordings: Collection[str] = (),
) -> set[int]:
    """Numbers, from 1, of the cells that need not run when grading.

    An author marks a cell that only shows something (a picture, a printed table, a training that is
    only looked at). It is left out if it stands in the submission word for word, nothing that does
    run takes a name from it, and what it would record was handed in. What a student wrote or
    changed always runs.

    Args:
        cells: source of the submission's code cells, in order.
        shows: `cell_digest` of each cell that only shows, as the lab gives it.
        wanted: names that are looked up after the cells have run.
        recordings: names of those that were handed in; none if training is to be done again.
    """
    out = {
        n
        for n, cell in enumerate(cells, 1)
        if cell_digest(cell) in shows and set(_RECORDED.findall(cell)) <= set(recordings)
    }
    while True:
        needed = set(wanted).union(*(taken(c) for n, c in enumerate(cells, 1) if n not in out))
        back = {n for n in out if made(cells[n - 1]) & needed}
        if not back:
            return out
        out -= back


@lru_cache(maxsize=4096)
def made(source: str) -> frozenset[str]:
    """Names that a cell binds at its top level; every word in it if it does not parse."""
    found = statements(source)
    if found is None or is_magic(source):
        return _words(source)
    return frozenset().union(*(s.binds for s in found))


# Statements that bind what they bind whatever happens.
_SURE = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@lru_cache(maxsize=4096)
def taken(source: str) -> frozenset[str]:
    """Names that a cell may take from outside; every word in it where parsing cannot tell."""
    parts = statements(source)
    if parts is None or is_magic(source) or _DYNAMIC.search(source):
        return _words(source)
    found: set[str] = set()
    bound: set[str] = set()
    for statement in parts:
        found |= statement.takes - bound
        if isinstance(statement.node, _SURE):
            bound |= statement.binds
    return frozenset(found)


def _words(source: str) -> frozenset[str]:
    return frozenset(_WORD.findall(source))

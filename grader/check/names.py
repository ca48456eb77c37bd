"""What a student's source says about itself, by parsing it; nothing here runs it."""

from __future__ import annotations

import ast
import re
import symtable
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_SHELL = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?+\s*)$")
_PARSING = threading.Lock()


@dataclass(frozen=True)
class Use:
    """A use of a library call: its dotted name, the line in its cell (0 if unknown), the code."""

    name: str
    line: int
    code: str = ""


def parse(source: str) -> ast.Module:
    """`ast.parse`, one thread at a time, with its exceptions.

    Python before 3.11.8 counts the depth of all threads' trees in one place and raises a
    SystemError when two are built at once (CPython issue 106905).
    """
    with _PARSING:
        return ast.parse(source)


def parse_cell(source: str) -> ast.Module | None:
    """The syntax tree of a cell, its shell lines and magics blanked; None if it does not parse."""
    lines = [_SHELL.sub(r"\1pass", line) for line in source.splitlines()]
    try:
        return parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_magic(source: str) -> bool:
    """Whether a line of a cell is for IPython or the shell; `parse_cell` does not see it."""
    return any(_SHELL.match(line) for line in source.splitlines())


def lab_named_in(sources: Iterable[str]) -> str | None:
    """The id in the first ``Lab("…")`` of a notebook's code cells, or None."""
    for source in sources:
        tree = parse_cell(source)
        if tree is None:
            found = re.search(r"\bLab\(\s*[\"']([\w-]+)[\"']", source)
            if found:
                return found.group(1)
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and _dotted(node.func).split(".")[-1] == "Lab"
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                return node.args[0].value
    return None


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


@dataclass(frozen=True)
class _Definition:
    node: ast.stmt
    source: str

    @cached_property
    def outer(self) -> set[str]:
        return outer_names(self.node)

    @cached_property
    def mentions(self) -> list[tuple[str, int]]:
        """Dotted names that come from outside, with their lines."""
        nodes = [n for n in ast.walk(self.node) if isinstance(n, (ast.Attribute, ast.Name))]
        named = [(_dotted(n), n.lineno) for n in nodes]
        return [(name, line) for name, line in named if name.split(".")[0] in self.outer]

    def line(self, number: int) -> str:
        lines = self.source.splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


@lru_cache(maxsize=256)
def _bindings(source: str) -> list[tuple[str, str | _Definition]]:
    """What a cell binds, in order: a name and what it is short for, or its definition.

    Kept for the cells that a class has in common.
    """
    tree = parse_cell(source)
    if tree is None:
        return []
    found: list[tuple[str, str | _Definition]] = []
    for node in ast.walk(tree):
        found += _imported(node)
    for statement in tree.body:
        found += [(name, _Definition(statement, source)) for name in _bound(statement)]
        found += _imported(statement)
    return found


def _imported(node: ast.AST) -> list[tuple[str, str]]:
    if isinstance(node, ast.Import):
        whole = [(a.name.split(".")[0], a) for a in node.names]
        return [(a.asname, a.name) if a.asname else (first, first) for first, a in whole]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [(a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]
    return []


class _Book:
    """Top-level definitions and import aliases of all cells; the last definition counts."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.definitions: dict[str, _Definition] = {}
        self.aliases: dict[str, str] = {}
        for source in sources:
            for name, meaning in _bindings(source):
                if isinstance(meaning, str):
                    self.aliases[name] = meaning
                else:
                    self.definitions[name] = meaning
                    self.aliases.pop(name, None)

    def full_name(self, dotted: str) -> str:
        first, _, rest = dotted.partition(".")
        seen: set[str] = set()
        while first not in seen:
            seen.add(first)
            if first in self.aliases:
                dotted = self.aliases[first] + ("." + rest if rest else "")
            elif first in self.definitions:
                node = self.definitions[first].node
                value = node.value if isinstance(node, ast.Assign) else None
                base = _dotted(value) if value is not None else ""
                if not base:
                    return dotted
                dotted = base + ("." + rest if rest else "")
            else:
                return dotted
            first, _, rest = dotted.partition(".")
        return dotted


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if isinstance(statement, (ast.If, ast.Try, ast.With)):
        return [n for s in statement.body for n in _bound(s)]
    return []


@lru_cache(maxsize=8)
def _book(sources: tuple[str, ...]) -> _Book:
    """The book of a notebook, read once for all its exercises."""
    return _Book(sources)


def defined_in(sources: Sequence[str]) -> set[str]:
    """Names bound at the top level of the cells."""
    return set(_book(tuple(sources)).definitions)


def reach(sources: Sequence[str], names: Iterable[str]) -> set[str]:
    """The cells' own names that the definitions of `names` mention, directly or through others."""
    book = _book(tuple(sources))
    todo, seen = list(names), set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in book.definitions:
            continue
        seen.add(name)
        todo += book.definitions[name].outer
    return seen


def outer_names(statement: ast.stmt) -> set[str]:
    """Names that a statement takes from outside: neither arguments nor variables of its functions.

    A name imported inside a function counts too: it stands for something outside.
    """
    found: set[str] = set()

    def walk(table: symtable.SymbolTable) -> None:
        outermost = table.get_type() == "module"
        for symbol in table.get_symbols():
            inside = symbol.is_local() or symbol.is_parameter() or symbol.is_free()
            if outermost or symbol.is_imported() or not inside:
                found.add(symbol.get_name())
        for child in table.get_children():
            walk(child)

    try:
        walk(symtable.symtable(ast.unparse(statement), "<cell>", "exec"))
    except (SyntaxError, ValueError, RecursionError):
        return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return found


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
    for name in reach(sources, defines):
        definition = book.definitions[name]
        for dotted, line in definition.mentions:
            full = book.full_name(dotted)
            if "." not in full:
                continue
            for rule in forbidden:
                if _same_call(full, rule):
                    found[(rule, line)] = Use(rule, line, definition.line(line))
    return list(found.values())


def _same_call(full: str, rule: str) -> bool:
    """``tensorflow.keras.layers.X`` is ``keras.layers.X``; so is ``keras.src.….X``."""
    a, b = full.split("."), rule.split(".")
    if a[-1] != b[-1]:
        return False
    root = b[0]
    return full == rule or root in a[:-1] or (root == "keras" and a[0] in ("tensorflow", "tf"))

"""Which cells need not run when grading: the lab's own, untouched, that only show something.

An author marks such a cell (a picture, a printed table, a training that is only looked at). Graded, it
is left out if it stands in the submission word for word, nothing that does run takes a name from it,
and what it would record was handed in. What a student wrote or changed always runs. Nothing here runs
anything: the source is only parsed.
"""

from __future__ import annotations

import ast
import hashlib
import re
import symtable
from collections.abc import Collection, Sequence
from functools import lru_cache

from grader.check.names import is_magic, parse_cell

# With these about, a name may be reached by a string.
_DYNAMIC = re.compile(r"\b(?:globals|locals|vars|eval|exec|get_ipython|user_ns|__main__)\b")
_RECORDED = re.compile(r"\.record\(\s*[\"']([\w-]+)")
_WORD = re.compile(r"[^\W\d]\w*")


def digest(source: str) -> str:
    """Hash of a cell, blind to white space at the ends of lines and of the cell."""
    lines = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256(lines.encode("utf-8", "replace")).hexdigest()[:16]


def left_out(
    cells: Sequence[str],
    shows: Collection[str],
    wanted: Collection[str] = (),
    recordings: Collection[str] = (),
) -> set[int]:
    """Numbers, from 1, of the cells that need not run.

    Args:
        cells: source of the submission's code cells, in order.
        shows: `digest` of each cell that only shows, as the lab gives it.
        wanted: names that are looked up after the cells have run.
        recordings: names of those that were handed in; none if training is to be done again.
    """
    out = {
        n
        for n, cell in enumerate(cells, 1)
        if digest(cell) in shows and set(_RECORDED.findall(cell)) <= set(recordings)
    }
    while True:
        needed = set(wanted)
        for n, cell in enumerate(cells, 1):
            if n not in out:
                needed |= taken(cell)
        back = {n for n in out if made(cells[n - 1]) & needed}
        if not back:
            return out
        out -= back


@lru_cache(maxsize=4096)
def made(source: str) -> frozenset[str]:
    """Names that a cell binds at its top level; every word in it if it does not parse."""
    table = _table(source)
    if table is None:
        return _words(source)
    return frozenset(
        s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()
    )


@lru_cache(maxsize=4096)
def taken(source: str) -> frozenset[str]:
    """Names that a cell may take from outside; every word in it where parsing cannot tell."""
    tree = parse_cell(source)
    if tree is None or is_magic(source) or _DYNAMIC.search(source):
        return _words(source)
    lines = source.splitlines()
    found: set[str] = set()
    bound: set[str] = set()
    starts: set[int] = set()
    for statement in tree.body:
        first = min(
            [statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))]
        )
        text = "\n".join(lines[first - 1 : statement.end_lineno])
        part = _table(text)
        if part is None or statement.lineno in starts:  # two statements on a line
            return _words(source)
        starts.add(statement.lineno)
        found |= (_read(part) | _rebound(statement)) - bound
        if type(statement).__name__ in _SURE:
            bound |= made(text)
    return frozenset(found)


_SURE = ("Assign", "AnnAssign", "FunctionDef", "ClassDef", "Import", "ImportFrom")


def _table(source: str) -> symtable.SymbolTable | None:
    try:
        return symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _read(table: symtable.SymbolTable) -> set[str]:
    inside = table.get_type() == "function"
    found = {
        s.get_name()
        for s in table.get_symbols()
        if (s.is_global() if inside else s.is_referenced())
    }
    return found.union(*(_read(child) for child in table.get_children()))


def _rebound(statement: ast.stmt) -> set[str]:
    """Names that ``x += 1`` and ``del x`` need; a symbol table calls them assigned only."""
    targets: list[ast.AST] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign):
            targets.append(node.target)
        elif isinstance(node, ast.Delete):
            targets += node.targets
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def _words(source: str) -> frozenset[str]:
    return frozenset(_WORD.findall(source))

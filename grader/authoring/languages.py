"""Code in two languages: one cell, the same code, other words in what people read of it.

English is written; a block of ``### FR`` lines is the French of what stands just above it: of the whole
docstring if it begins with quotes, otherwise of as many lines as it has::

    def causal_mask(length):
        \"\"\"Who may see whom when text is read from left to right.\"\"\"
        ### FR \"\"\"Qui peut voir qui quand un texte se lit de gauche à droite.\"\"\"
        return np.tril(np.ones((length, length), dtype=bool))  # row: who looks
        ### FR return np.tril(np.ones((length, length), dtype=bool))  # ligne : qui regarde

Edits of mutants and variants apply to the English.
"""

from __future__ import annotations

import ast
from itertools import zip_longest

from grader.check.names import parse_cell

MARK = "### FR"
_QUOTES = ('"""', "'''")
# Whose arguments people read. Elsewhere two languages may differ in phrases (a space tells), not in words.
_DISPLAYS = {
    "annotate", "legend", "print", "set_label", "set_title", "set_xlabel", "set_xticklabels",
    "set_xticks", "set_ylabel", "set_yticklabels", "set_yticks", "show", "suptitle", "supxlabel",
    "supylabel", "text", "title", "xlabel", "ylabel",
}  # fmt: skip
_DISPLAYED = {"alt", "label", "labels", "title", "titles", "xlabel", "ylabel"}


def in_language(source: str, lang: str) -> str:
    """The source of a cell as one language's notebook has it, without the marks.

    Raises:
        ValueError: a mark stands below nothing that it could be the French of.
    """
    out: list[str] = []
    lines = source.splitlines()
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end].lstrip().startswith(MARK):
            end += 1
        if end == at:
            out.append(lines[at])
            at += 1
            continue
        french = [_unmarked(line) for line in lines[at:end]]
        replaced = _replaced(out, french)
        if lang == "fr":
            out[len(out) - replaced :] = french
        at = end
    return "\n".join(out)


def _unmarked(line: str) -> str:
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    return (indent + text[len(MARK) :].removeprefix(" ")).rstrip()


def _replaced(above: list[str], french: list[str]) -> int:
    """How many of the lines above a block it stands for."""
    if not french[0].lstrip().startswith(_QUOTES):
        if len(french) > len(above):
            raise ValueError(f"{len(french)} lines {MARK} below {len(above)}")
        return len(french)
    quotes = french[0].lstrip()[:3]
    if above and above[-1].rstrip().endswith(quotes):
        text = above[-1].strip()
        if text.startswith(quotes) and len(text) > 3:
            return 1
        for back, line in enumerate(reversed(above[:-1]), 2):
            if line.lstrip().startswith(quotes):
                return back
    raise ValueError(f"{MARK} {quotes} stands below no docstring")


def differs(english: str, french: str) -> str:
    """The first line of the French at which it is not the same code as the English; "" if it is."""
    one, two = parse_cell(english), parse_cell(french)
    if one is None or two is None:
        return "" if (one is None) == (two is None) else french.splitlines()[0]
    for ours, theirs in zip_longest(one.body, two.body):
        if ours is None or theirs is None or _code(ours) != _code(theirs):
            node = theirs or two.body[-1]
            for a, b in zip_longest(*(_lines(n) for n in (ours, theirs))):
                if a is None or b is None or _code(a) != _code(b):
                    node = b or node
                    break
            return french.splitlines()[node.lineno - 1].strip()
    return ""


def _lines(node: ast.stmt | None) -> list[ast.stmt]:
    """The simple statements within one, in order."""
    inner = [n for n in ast.walk(node) if isinstance(n, ast.stmt)] if node else []
    return sorted((n for n in inner if not hasattr(n, "body")), key=lambda n: n.lineno)


def _code(node: ast.AST) -> str:
    """A tree without its docstrings and without the words that are displayed."""
    copy = ast.parse(ast.unparse(node))
    for inner in ast.walk(copy):
        documented = (ast.FunctionDef, ast.ClassDef, ast.Module)
        if isinstance(inner, documented) and ast.get_docstring(inner, clean=False) is not None:
            inner.body[0] = ast.Pass()
    return ast.dump(_Words().visit(copy))


class _Words(ast.NodeTransformer):
    """Blanks the words that are displayed."""

    def __init__(self, displayed: bool = False) -> None:
        self.displayed = displayed

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        blank = isinstance(node.value, str) and (self.displayed or " " in node.value.strip())
        return ast.Constant("") if blank else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        values = [v for v in node.values if isinstance(v, ast.FormattedValue)]
        words = [v.value for v in node.values if isinstance(v, ast.Constant)]
        if not (self.displayed or any(" " in str(w) for w in words)):
            return node
        plain = _Words(False)
        return ast.List(sorted((plain.visit(v) for v in values), key=ast.dump), ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        inside = _Words(name in _DISPLAYS)
        node.func = self.visit(node.func)
        node.args = [inside.visit(arg) for arg in node.args]
        for keyword in node.keywords:
            keyword.value = _Words(keyword.arg in _DISPLAYED).visit(keyword.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        node.value, node.slice = self.visit(node.value), _Words(False).visit(node.slice)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return _Words(False).generic_visit(node)

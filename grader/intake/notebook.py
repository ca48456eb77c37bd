"""A notebook file as students hand it in: read leniently, outputs dropped, never executed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.check.names import lab_named_in, parse_cell
from grader.check.text import Text, gettext, same
from grader.intake.unpack import shown
from grader.intake.limits import IntakeLimits


class NotGradable(Exception):
    """The file is no notebook that can be graded; `text` says why, without naming the file."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True)
class Cell:
    """One cell: ``code``, ``markdown`` or ``raw``."""

    kind: str
    source: str


@dataclass(frozen=True)
class Book:
    """What counts of a notebook.

    Attributes:
        lab: the lab that its code names, or "".
        lang: the language that its code names, or "".
    """

    cells: tuple[Cell, ...]
    lab: str
    lang: str
    notices: tuple[Text, ...] = ()

    @property
    def sources(self) -> list[str]:
        """The code cells' sources, in order."""
        return [c.source for c in self.cells if c.kind == "code"]

    def to_bytes(self) -> bytes:
        """As a notebook of format 4.4, without outputs or metadata."""
        nodes: list[dict[str, Any]] = [
            {"cell_type": c.kind, "metadata": {}, "source": c.source}
            | ({"outputs": [], "execution_count": None} if c.kind == "code" else {})
            for c in self.cells
        ]
        book = {"cells": nodes, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        return json.dumps(book, ensure_ascii=False).encode()


def read_notebook(data: bytes, limits: IntakeLimits | None = None) -> Book:
    """Read a notebook of any format, from 1 on.

    Raises:
        NotGradable: empty, not JSON, cut short, not a notebook, no code, too much code.
    """
    limits = limits or IntakeLimits()
    if not data.strip():
        raise NotGradable(
            gettext("is empty; save the notebook and hand it in again")
        )
    text, notices = _decode(data)
    tree = _parse(text)
    del text
    if not isinstance(tree, dict) or not ("cells" in tree or "worksheets" in tree):
        raise NotGradable(
            gettext("is JSON but not a notebook; hand in the .ipynb file")
        )
    if "worksheets" in tree and "cells" not in tree:
        tree, old = _upgrade(tree)
        notices.append(old)
    cells, skipped = _cells(tree.get("cells"))
    if skipped:
        notices.append(
            gettext("{n} cells of the notebook could not be read and were left out", n=skipped)
        )
    code = [c.source for c in cells if c.kind == "code"]
    if not any(s.strip() for s in code):
        raise NotGradable(
            gettext("holds no code; hand in the lab's notebook with your work in it")
        )
    size = sum(map(len, code))
    if size > limits.code_kb * 1000:
        raise NotGradable(
            gettext("holds {n} kB of code, more than the {m} kB allowed; take pasted data out of it", n=size // 1000, m=f"{limits.code_kb:g}")
        )
    return Book(tuple(cells), lab_named_in(code) or "", _lang(code), tuple(notices))


def _decode(data: bytes) -> tuple[str, list[Text]]:
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16"), []
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        if error.end >= len(data) - 3 and error.reason == "unexpected end of data":
            return data.decode("utf-8-sig", "ignore"), []
        notice = gettext("the notebook is not valid UTF-8; what could not be read became \ufffd")
        return data.decode("utf-8-sig", "replace"), [notice]


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotGradable(_json_problem(text, error)) from None
    except (RecursionError, MemoryError):
        raise NotGradable(
            gettext("is nested too deeply to be a notebook; hand in the .ipynb that Jupyter saves")
        ) from None
    except ValueError:  # a number of thousands of digits
        raise NotGradable(_NOT_NOTEBOOK) from None


_NOT_NOTEBOOK = gettext("is not a notebook; hand in the .ipynb file as Jupyter or Colab saves it")


def _json_problem(text: str, error: json.JSONDecodeError) -> Text:
    start = text.lstrip()
    if not start.startswith("{"):
        begins = shown(" ".join(start[:40].split()), 40)
        return gettext("is not a notebook: it begins with “{s}”; hand in the .ipynb file", s=begins)
    if not text.rstrip().endswith("}") or error.pos >= len(text.rstrip()) - 1:
        return gettext("is cut short (the file stops in line {n}); hand it in again", n=text.count("\n") + 1)
    return gettext("is damaged (line {n}, column {c} cannot be read); save it again in Jupyter or Colab "
        "and hand it in again", n=error.lineno, c=error.colno)


def _upgrade(tree: dict[str, Any]) -> tuple[dict[str, Any], Text]:
    """Bring a notebook of format 1 to 3 to format 4, with nbformat's own converter."""
    import nbformat

    major = tree.get("nbformat")
    major = major if isinstance(major, int) and 1 <= major <= 3 else 3
    for sheet in tree["worksheets"] if isinstance(tree["worksheets"], list) else []:
        for cell in sheet.get("cells", []) if isinstance(sheet, dict) else []:
            if isinstance(cell, dict) and "outputs" in cell:
                cell["outputs"] = []
    try:
        node = nbformat.from_dict({**tree, "nbformat": major})
        new = nbformat.convert(node, 4)
        plain = json.loads(json.dumps(new))
    except Exception:  # the converter raises whatever a malformed old notebook makes it raise
        raise NotGradable(
            gettext("is a notebook of the old format {v} that cannot be converted; open it in "
                "Jupyter, save it and hand it in again", v=major)
        ) from None
    notice = gettext("the notebook has the old format {v}; it was converted", v=major)
    return plain, notice


def _cells(nodes: Any) -> tuple[list[Cell], int]:
    """The cells that can be read, and how many cannot."""
    if not isinstance(nodes, list):
        raise NotGradable(_NOT_NOTEBOOK)
    cells: list[Cell] = []
    skipped = 0
    for node in nodes:
        kind = node.get("cell_type") if isinstance(node, dict) else None
        source = node.get("source", "") if isinstance(node, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str) or kind not in ("code", "markdown", "raw"):
            skipped += 1
            continue
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        # A lone surrogate (valid in JSON) has no UTF-8 form.
        source = source.encode("utf-8", "replace").decode()
        cells.append(Cell(kind, source))
    return cells, skipped


def _lang(sources: Sequence[str]) -> str:
    """The language in the first ``Lab("…", lang="fr")``, or ""."""
    for source in sources:
        if "Lab" not in source:
            continue
        tree = parse_cell(source)
        if tree is None:
            found = re.search(r"\bLab\([^)]*\blang\s*=\s*[\"'](fr|en)[\"']", source)
            if found:
                return found.group(1)
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node.func) == "Lab":
                given = [k.value for k in node.keywords if k.arg == "lang"]
                for value in [*given, *node.args[1:2]]:
                    if isinstance(value, ast.Constant) and value.value in ("fr", "en"):
                        return str(value.value)
                return ""
    return ""


def _called(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def named(name: str, text: Text) -> Text:
    """``file.ipynb`` + what is the matter with it, in one line."""
    quoted = shown(name)
    joint = "" if text.en.startswith(":") else " "
    return same(quoted + joint) + text

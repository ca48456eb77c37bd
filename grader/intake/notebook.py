"""A notebook file as students hand it in: read leniently, outputs never built, nothing executed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from grader.check.names import lab_line
from grader.check.text import Text, gettext
from grader.intake.files import Unreadable, kind_of, shown
from grader.intake.limits import IntakeLimits

MAX_CELLS = 12_000
MAX_PIECES = 3_000_000  # brackets and commas of what only the lenient reader takes; 100 bytes each
_DROPPED = {"outputs", "output", "metadata", "attachments"}


class NotGradable(Unreadable):
    """The file is no notebook that can be graded."""


@dataclass(frozen=True)
class Book:
    """What counts of a notebook.

    Attributes:
        lab: the lab that its code names, or "".
        lang: the language that its code names, or "".
    """

    sources: list[str]
    lab: str = ""
    lang: str = ""
    notices: tuple[Text, ...] = ()


_NONE = msgspec.Raw()


class _Tree(msgspec.Struct):
    cells: msgspec.Raw = _NONE
    worksheets: msgspec.Raw = _NONE


class _Sheet(msgspec.Struct):
    cells: msgspec.Raw = msgspec.Raw(b"[]")


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: msgspec.Raw = _NONE
    input: msgspec.Raw = _NONE  # in format 3


_tree = msgspec.json.Decoder(_Tree)
_sheet = msgspec.json.Decoder(_Sheet)
_cell = msgspec.json.Decoder(_Cell)
# A structure, because one field too many is refused where it stands. Of a list, `max_length` is looked
# at when all of it is there: sixteen million times `[],` take 800 MB. Made here, before readers fork.
_fields = [(f"at_{i}", msgspec.Raw, _NONE) for i in range(MAX_CELLS)]
_list = msgspec.json.Decoder(
    msgspec.defstruct("List", _fields, array_like=True, forbid_unknown_fields=True)
)
_source = msgspec.json.Decoder(str | list[str])

_NOT_NOTEBOOK = gettext("is not a notebook; hand in the .ipynb file as Jupyter or Colab saves it")
_NO_BOOK = gettext("is JSON but not a notebook; hand in the .ipynb file")
_DEEP = gettext("is nested too deeply to be a notebook; hand in the .ipynb that Jupyter saves")


def looks_like_notebook(head: bytes) -> bool:
    """Whether a file of any name that begins with `head` may be one."""
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text.startswith(b"{") and (b'"cell' in text or b'"nbformat' in text or b'"meta' in text)


def read_notebook(data: bytes, limits: IntakeLimits | None = None) -> Book:
    """Read a notebook of format 3 or 4.

    Raises:
        NotGradable: empty, not JSON, cut short, not a notebook, no code, too much code.
    """
    limits = limits or IntakeLimits()
    if not data.strip(b" \t\r\n\0"):
        raise NotGradable("is empty; save the notebook and hand it in again")
    notices: list[Text] = []
    data = _utf8(data)
    try:
        code, skipped, old = _code(data, limits)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        data, more = _mended(data)
        notices += more
        try:
            code, skipped, old = _code(data, limits)
        except (msgspec.MsgspecError, RecursionError):
            raise NotGradable(_NOT_NOTEBOOK) from None
    if old:
        notices.append(gettext("the notebook has the old format 3; it was converted"))
    if skipped:
        notices.append(
            gettext("{n} cells of the notebook could not be read and were left out", n=skipped)
        )
    if not any(s.strip() for s in code):
        raise NotGradable("holds no code; hand in the lab's notebook with your work in it")
    lab, lang = lab_line(code)
    return Book(code, lab or "", lang, tuple(notices))


def _utf8(data: bytes) -> bytes:
    """`data` in UTF-8 without a mark, from UTF-16 or UTF-32 with or without one."""
    encoding = json.detect_encoding(data[:4])
    if encoding.startswith(("utf-16", "utf-32")):
        return data.decode(encoding, "replace").encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def _code(data: bytes, limits: IntakeLimits) -> tuple[list[str], int, bool]:
    """Sources of the code cells, how many cells cannot be read, and whether the format is 3.

    Of all else nothing is built, however much it is.
    """
    try:
        tree = _tree.decode(data)
    except msgspec.ValidationError:
        raise NotGradable(_NO_BOOK) from None
    old = not tree.cells
    if old and not tree.worksheets:
        raise NotGradable(_NO_BOOK)
    try:
        if old:
            nodes = []
            for sheet in _elements(tree.worksheets):
                nodes += _elements(_sheet.decode(sheet).cells)
                if len(nodes) > MAX_CELLS:
                    raise NotGradable(_NOT_NOTEBOOK)
        else:
            nodes = _elements(tree.cells)
    except msgspec.ValidationError:
        raise NotGradable(_NOT_NOTEBOOK) from None
    code: list[str] = []
    skipped = 0
    left = limits.code_kb * 1000
    for node in nodes:
        try:
            cell = _cell.decode(node)
            raw = cell.input or cell.source
            if len(raw) > 8 * limits.code_kb * 1000:
                raise NotGradable(_too_much(len(raw), limits))
            source = _source.decode(raw) if raw else ""
        except msgspec.ValidationError:
            skipped += 1
            continue
        if cell.cell_type == "code":
            text = source if isinstance(source, str) else "".join(source)
            code.append(text.replace("\r\n", "\n").replace("\r", "\n"))
            left -= len(text)
        elif cell.cell_type not in ("markdown", "raw", "heading", "html"):
            skipped += 1
    if left < 0:
        raise NotGradable(_too_much(limits.code_kb * 1000 - left, limits))
    tokens = sum(1 for text in code for _ in _TOKEN.finditer(text))
    if tokens > limits.code_tokens:
        raise NotGradable(
            gettext(
                "holds {n} words and signs of code, more than the {m} allowed; take pasted data out of it",
                n=tokens,
                m=limits.code_tokens,
            )
        )
    return code, skipped, old


_TOKEN = re.compile(r"\w+|[^\w\s]")


def _elements(data: msgspec.Raw) -> list[msgspec.Raw]:
    """Those of a list in JSON, none of them built.

    Raises:
        msgspec.ValidationError: it is no list, or has more than `MAX_CELLS`.
    """
    return [e for e in msgspec.structs.astuple(_list.decode(data)) if e]


def _too_much(size: float, limits: IntakeLimits) -> Text:
    return gettext(
        "holds {n} kB of code, more than the {m} kB allowed; take pasted data out of it",
        n=int(size // 1000),
        m=f"{limits.code_kb:g}",
    )


def _mended(data: bytes) -> tuple[bytes, list[Text]]:
    """The notebook as strict JSON, from what Python's lenient reader takes.

    ``NaN`` as Python writes it, halves of characters, bytes that are no UTF-8.

    Raises:
        NotGradable: it does not take it either, or it would take too much memory.
    """
    notices = []
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        if error.end < len(data) - 3 or error.reason != "unexpected end of data":
            notices.append(
                gettext("the notebook is not valid UTF-8; what could not be read became \ufffd")
            )
    pieces = sum(data.count(c) for c in (b"[", b"{", b","))
    try:
        if pieces > MAX_PIECES:
            raise NotGradable(_NOT_NOTEBOOK)
        tree = json.loads(text, object_pairs_hook=_without_outputs, parse_constant=lambda _: None)
        strict = json.dumps(tree, ensure_ascii=False)
    except json.JSONDecodeError as error:
        raise NotGradable(_json_problem(text, error)) from None
    except RecursionError:
        raise NotGradable(_DEEP) from None
    except ValueError:  # a number of thousands of digits
        raise NotGradable(_NOT_NOTEBOOK) from None
    return strict.encode("utf-8", "replace"), notices


def _without_outputs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {k: v for k, v in pairs if k not in _DROPPED}


def _json_problem(text: str, error: json.JSONDecodeError) -> Text:
    start = text[:2000].lstrip()
    if not start.startswith("{"):
        kind = kind_of(start.encode("utf-8", "replace"))
        begins = shown(" ".join(start[:40].split()), 40)
        if kind is not None:
            return gettext(
                "is not a notebook but {kind} (it begins with “{s}”); hand in the .ipynb file",
                kind=kind,
                s=begins,
            )
        return gettext("is not a notebook: it begins with “{s}”; hand in the .ipynb file", s=begins)
    if not text.rstrip().endswith("}") or error.pos >= len(text.rstrip()) - 1:
        return gettext(
            "is cut short (the file stops in line {n}); hand it in again", n=text.count("\n") + 1
        )
    return gettext(
        "is damaged (line {n}, column {c} cannot be read); save it again in Jupyter or Colab "
        "and hand it in again",
        n=error.lineno,
        c=error.colno,
    )


def open_holes(sources: list[str]) -> int:
    """How much is left to do: holes of the lab's own, and answers not given."""
    return sum(len(_HOLE.findall(s)) for s in sources)


_HOLE = re.compile(
    r"\braise (?:\w+\.)?todo\(|\.answer\(\s{0,9}[\"'][^\"'\n]{1,99}[\"'],\s{0,9}(?:None|\.\.\.)\s{0,9}\)"
)

"""An exception as a student should read it: what was raised, in a few lines, and their own line."""

from __future__ import annotations

import linecache
import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from grader.check.text import Text, gettext, same

MAX_LINES = 5
MAX_MESSAGE = 600  # characters
MAX_LINE = 200

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
# What libraries add for themselves: the rest of the message says it.
_DUMPS = (
    re.compile(r"\n*\s*Arguments received by [^\n]*:\n.*\Z", re.S),  # Keras
    re.compile(r"\n*\s*Call arguments received by [^\n]*:\n.*\Z", re.S),
    re.compile(r"\n*Original stack trace for .*\Z", re.S),
    re.compile(r"\n*Detected at node .*\Z", re.S),
    re.compile(r"\n*Stack trace for op definition:.*\Z", re.S),
    re.compile(r"\s*\[\[\{\{node [^\n]*\]\]"),
    re.compile(r"\{\{function_node [^}]*\}\}\s*"),
    re.compile(r" for '\{\{node .*?'(?= with input)", re.S),
    re.compile(r"\s*\[Op:\w+\]( name: ?\S*)?"),
    re.compile(r"\n*in user code:\n.*\n\s*[A-Z]\w*(?:Error|Exception): ", re.S),
    re.compile(r"\s*\(<ipython-input-[^)]*\)|\s*\(<cell>[^)]*\)"),
)
_NOTED = re.compile(r"Exception encountered when calling [^\n]*?\.\s*\n+")


def clean(message: str) -> str:
    """A message without escape codes and without what libraries add; at most `MAX_LINES` lines."""
    text = _NOTED.sub("", _ESCAPES.sub("", message))
    for dump in _DUMPS:
        text = dump.sub("", text)
    lines = list(dict.fromkeys(line.rstrip() for line in text.splitlines() if line.strip()))
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], "…"]
    return "\n".join(lines).strip()[:MAX_MESSAGE]


def error_record(error: BaseException) -> dict[str, Any]:
    """An exception as JSON: type, message, and the student's own line nearest to it."""
    if isinstance(error, SyntaxError):
        return {
            "type": type(error).__name__,
            "message": clean(str(error.msg)),
            "line": str(error.text or "").strip()[:MAX_LINE],
        }
    line = ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "/grader/" not in frame.filename and (
            "ipython" in frame.filename.lower()
            or "ipykernel" in frame.filename.lower()
            or frame.filename.startswith("<")
        ) and "site-packages" not in frame.filename:  # fmt: skip
            line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
            break
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be printed)"
    return {"type": type(error).__name__, "message": clean(message), "line": line[:MAX_LINE]}


_LIMITS: dict[str, Text] = {
    "cell": gettext("stopped after {v} s (limit of one cell)"),
    "seconds": gettext("the submission's {v} s were used up"),
    "cpu": gettext("the submission's {v} s of processor time were used up"),
    "memory": gettext("more than {v} MB of memory were asked for"),
    "processes": gettext("more than {v} processes and threads at a time"),
    "file": gettext("a file of more than {v} MB was being written"),
    "disk": gettext("the disk was full: {v} MB in all, and a limited number of files"),
    "open_files": gettext("more than {v} files open at a time"),
    "inside": gettext("not run: {v}, which it uses, did not end"),
    "report": gettext("more came back than a submission may report"),
    "died": gettext("the process ended while this ran ({v})"),
}


def limit_text(error: Mapping[str, Any]) -> Text:
    """Which limit an error record ``{"limit", "value"}`` tells of, in words."""
    text = _LIMITS.get(str(error.get("limit", "")), gettext("stopped by a limit"))
    return text.fill(v=str(error.get("value", "?")).removesuffix(".0")[:40])


# What a Python that is too old says of newer syntax, or the line of which it says so.
_NEWER = (
    (r"f-string", "3.12"),
    (r"^\s*type \w+.*=", "3.12"),
    (r"^\s*(?:async )?(?:def|class) \w+\[", "3.12"),
    (r"multiple exception types must be parenthesized", "3.14"),
    (r"\bt([\"']).*\1", "3.14"),
)


_NOBODY = {
    "input": gettext("input() asks again and again, and nobody is there to type"),
    "debugger": gettext("a debugger (breakpoint, set_trace) waits, and nobody is there to type"),
}


def said_of(error: Mapping[str, Any], verb: bool = True) -> Text:
    """An error record in words; `verb` says that it was raised, where nothing else does."""
    if error.get("limit"):
        return limit_text(error)
    kind, message = str(error.get("type", "Exception")), str(error.get("message", ""))[:300]
    if kind == "ModuleNotFoundError" and (found := re.search(r"named '([\w.]+)'", message)):
        return gettext("{m} is not installed where grading happens", m=found[1].split(".")[0])
    if kind == "SyntaxError":
        for sign, version in _NEWER:
            newer = re.search(sign, message) or re.search(sign, str(error.get("line", "")))
            if newer and sys.version_info < tuple(map(int, version.split("."))):
                return gettext(
                    "this may be right in Python {v}; grading is done with Python {g}: {m}",
                    v=version,
                    g="{}.{}".format(*sys.version_info),
                    m=message.replace("{", "(").replace("}", ")"),
                )
    if kind == "NobodyThere":
        return _NOBODY.get(message, _NOBODY["input"])
    said = ": ".join(part for part in (kind, message) if part)
    said = said.replace("{", "(").replace("}", ")")
    text = gettext("raised {s}", s=said) if verb else same(said)
    if kind == "NameError":
        text += gettext(" (defined further down, or in a cell that is gone)")
    return text

"""An exception as a student should read it: what was raised, in a few lines, and their own line."""

from __future__ import annotations

import linecache
import re
import traceback
from typing import Any

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
    re.compile(r"\s*\[Op:\w+\]( name: ?\S*)?"),
    re.compile(r"\n*in user code:\n.*?(?=\n\s*[A-Z]\w*(?:Error|Exception): )", re.S),
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

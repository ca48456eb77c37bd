"""French typography: no line begins with a colon, a question mark or a closing quotation mark."""

from __future__ import annotations

import re

NBSP = "\u00a0"
# What is left as it is: fenced and indented code, inline code, formulas, tags, addresses.
_CODE = re.compile(
    r"(^```.*?^```|^(?: {4}|\t)[^\n]*$|`[^`]*`|\$[^$\n]+\$|<[^>\n]+>|\]\([^)\n]*\))",
    re.MULTILINE | re.DOTALL,
)
_BEFORE = re.compile(r" ([:;!?»])(?=[\s)\]*_<|.,]|$)")
_AFTER = re.compile(r"« ")


def french(markdown: str) -> str:
    """`markdown` with the spaces before ``: ; ! ? »`` and after ``«`` that do not break a line."""
    parts = _CODE.split(markdown)
    for i in range(0, len(parts), 2):
        parts[i] = _AFTER.sub(f"«{NBSP}", _BEFORE.sub(rf"{NBSP}\1", parts[i]))
    return "".join(parts)

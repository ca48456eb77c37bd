"""How a notebook's text is set: French spaces, and the levels of folded help."""

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


def levels(markdown: str) -> str:
    """`markdown` with each ``<details>`` inside another moved to the right.

    Unfolded, the levels of one symptom's help are then told from the next symptom.
    """
    depth = 0

    def place(match: re.Match[str]) -> str:
        nonlocal depth
        if match[0] == "</details>":
            depth -= 1
            return match[0]
        depth += 1
        return match[0] if depth == 1 else '<details style="margin-left:1.5em">'

    return re.sub(r"<details>|</details>", place, markdown)

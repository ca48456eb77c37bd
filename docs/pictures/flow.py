"""Draws flow.svg, the data's way through the kit: ``python docs/pictures/flow.py``."""

from __future__ import annotations

from html import escape
from pathlib import Path

# name: (left, top, width, title, what it does, kind); a title with a slash is a package of grader/.
BOXES = {
    "solutions": (20, 40, 200, "solutions/<lab>", "one folder: all of a lab", "files"),
    "authoring": (300, 40, 200, "authoring/", "compiles, proves, simulates", "package"),
    "labs": (580, 10, 200, "labs/", "notebooks, public keys", "files"),
    "hidden": (580, 80, 200, "hidden key", "secret seed, held-out data", "judge"),
    "notebook": (900, 10, 200, "notebook/", "check, record, submit", "student"),
    "handed in": (20, 200, 200, "handed in", "a zip of Moodle, Canvas, …", "files"),
    "intake": (300, 200, 200, "intake/", "files to submissions", "package"),
    "zone": (580, 180, 200, "sandbox/", "student zone: cells, probes", "student"),
    "clean": (580, 250, 200, "sandbox/", "clean room: recordings", "clean"),
    "judge": (900, 200, 200, "check/", "judge: a pure function", "judge"),
    "gradebook": (900, 360, 200, "gradebook/", "verdicts, decisions, SQLite", "judge"),
    "reports": (580, 330, 200, "reports/", "feedback, class page", "package"),
    "platforms": (580, 400, 200, "platforms/", "the platforms' own files", "package"),
    "review": (580, 470, 200, "review/", "a person reads answers", "package"),
    "out": (300, 365, 200, "out/", "what people get", "files"),
}
ARROWS = (
    ("solutions", "authoring", ""), ("authoring", "labs", ""), ("authoring", "hidden", ""),
    ("labs", "notebook", ""), ("handed in", "intake", ""), ("intake", "zone", "cells"),
    ("intake", "clean", "weights"), ("zone", "judge", "observations"), ("clean", "judge", "metrics"),
    ("hidden", "judge", ""), ("judge", "gradebook", "verdicts"), ("gradebook", "reports", ""),
    ("gradebook", "platforms", ""), ("gradebook", "review", ""), ("reports", "out", ""),
    ("platforms", "out", ""),
)  # fmt: skip
HEIGHT = 50
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
.what, .label { font-size: 12px; fill: #57606a }
rect { fill: #f6f8fa; stroke: #8c959f }
.files rect { fill: none; stroke-dasharray: 4 3 }
.student rect { fill: #fff1e5; stroke: #bc4c00 }
.clean rect { fill: #dafbe1; stroke: #1a7f37 }
.judge rect { fill: #ddf4ff; stroke: #0969da }
.label { paint-order: stroke; stroke: #fff; stroke-width: 5px; stroke-linejoin: round }
path { fill: none; stroke: #57606a; stroke-width: 1.3 }
marker path { fill: #57606a; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .what, .label { fill: #9da7b3 } .label { stroke: #0d1117 }
  rect { fill: #161b22; stroke: #8b949e } .student rect { fill: #3d2200; stroke: #f0883e }
  .clean rect { fill: #0f2d17; stroke: #3fb950 } .judge rect { fill: #0c2d4a; stroke: #58a6ff }
  path { stroke: #9da7b3 } marker path { fill: #9da7b3 }
}
"""


def box(name: str) -> str:
    x, y, width, title, what, kind = BOXES[name]
    middle = x + width / 2
    return (
        f'<g class="{kind}"><rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{middle:g}" y="{y + 21}">{escape(title)}</text>'
        f'<text class="what" x="{middle:g}" y="{y + 39}">{escape(what)}</text></g>'
    )


def arrow(start: str, end: str, label: str) -> str:
    """From the side of one box to the side of another, or down and up where they are in one column."""
    (ax, ay, aw, *_), (bx, by, bw, *_) = BOXES[start], BOXES[end]
    if ax + aw <= bx or bx + bw <= ax:
        right = ax < bx
        x0, x1 = (ax + aw, bx) if right else (ax, bx + bw)
        y0, y1, middle = ay + HEIGHT / 2, by + HEIGHT / 2, (x0 + x1) / 2
        way = f"M{x0},{y0:g} C{middle:g},{y0:g} {middle:g},{y1:g} {x1},{y1:g}"
        at = (middle, (y0 + y1) / 2 - 7)
    else:
        x0, x1, y0, y1 = ax + aw / 2, bx + bw / 2, ay + HEIGHT, by
        way = f"M{x0:g},{y0} L{x1:g},{y1}"
        at = ((x0 + x1) / 2 + 34, (y0 + y1) / 2)
    said = f'<text class="label" x="{at[0]:g}" y="{at[1]:g}">{label}</text>' if label else ""
    return f'<path d="{way}" marker-end="url(#tip)"/>{said}'


def picture() -> str:
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z"/></marker>'
    )
    parts = [*(arrow(*a) for a in ARROWS), *(box(name) for name in BOXES)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1120 535" role="img" '
        'aria-label="The data\'s way through the kit">\n'
        f"<style>{STYLE}</style>\n<defs>{tip}</defs>\n" + "\n".join(parts) + "\n</svg>\n"
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(picture(), "utf-8")

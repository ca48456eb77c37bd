"""Primitives of a lab's figures: boxes, arrows, matrices, text, as SVG on a white card.

A lab's ``figures.py`` draws with them and writes ``figures/NAME.LANG.svg`` beside itself; the notebook
shows one with ``![alt](figures/NAME.fr.svg)``, and the build puts the drawing itself in that place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from grader.check.text import LANGS, Lang
from grader.notebook.plot import Svg, element

# Fill and stroke: told apart by those who confuse red and green; text on each is at least 7:1.
COLOURS = {
    "blue": ("#d6e6f7", "#0b57d0"),
    "orange": ("#fde4cf", "#b3541e"),
    "green": ("#d7f0dc", "#116329"),
    "purple": ("#e6def8", "#6639ba"),
    "grey": ("#eef1f5", "#57606a"),
    "white": ("#ffffff", "#57606a"),
}
INK = "#1b1f24"
_HEAD = 7.0  # of an arrow


def text(
    x: float, y: float, said: str, size: float = 14, anchor: str = "middle", weight: str = "normal",
    fill: str = INK, italic: bool = False,
) -> Svg:  # fmt: skip
    """Text whose middle is at height `y`.

    ``_`` begins a subscript of one word, ``^`` a superscript; ``\\_`` and ``\\^`` are the signs themselves.
    """
    spans: list[Svg] = []
    back = 0.0
    for piece in _pieces(said):
        mark, word = (piece[0], piece[1:]) if piece[0] in "_^" else ("", piece)
        shift = {"": 0.0, "_": 0.28 * size, "^": -0.4 * size}[mark]
        small = {"font_size": 0.75 * size} if mark else {}
        word = word.replace("\0", "_").replace("\1", "^")
        spans.append(element("tspan", word, dy=shift - back, **small))
        back = shift
    style = "italic" if italic else "normal"
    return element(
        "text", *spans, x=x, y=y + 0.35 * size, text_anchor=anchor, font_size=size,
        font_weight=weight, font_style=style, fill=fill,
    )  # fmt: skip


def _pieces(said: str) -> list[str]:
    """``"d_k x"`` → ``["d", "_k", " x"]``."""
    found = [""]
    for letter in said.replace("\\_", "\0").replace("\\^", "\1"):
        if letter in "_^" or (found[-1][:1] in ("_", "^") and not letter.isalnum()):
            found.append(letter)
        else:
            found[-1] += letter
    return [piece for piece in found if piece]


def box(
    x: float, y: float, width: float, height: float, said: str = "", colour: str = "blue",
    size: float = 14, dashed: bool = False, radius: float = 8,
) -> Svg:  # fmt: skip
    """A rounded box around lines of text (``\\n`` parts them)."""
    fill, stroke = COLOURS[colour]
    lines = said.split("\n") if said else []
    first = y + height / 2 - (len(lines) - 1) * 0.6 * size
    drawn = element(
        "rect", x=x, y=y, width=width, height=height, rx=radius, fill=fill, stroke=stroke,
        stroke_width=1.6, stroke_dasharray="5 4" if dashed else "none",
    )  # fmt: skip
    words = [text(x + width / 2, first + i * 1.2 * size, t, size) for i, t in enumerate(lines)]
    return Svg(drawn + "".join(words))


def arrow(*points: tuple[float, float], colour: str = "#57606a", width: float = 1.8) -> Svg:
    """A line through `points` with a head at its end."""
    (x0, y0), (x1, y1) = points[-2:]
    length = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    base = (x1 - _HEAD * dx, y1 - _HEAD * dy)
    way = " ".join(f"{a:g},{b:g}" for a, b in (*points[:-1], base))
    side = 0.55 * _HEAD
    head = f"{x1:g},{y1:g} " + " ".join(
        f"{base[0] - s * side * dy:g},{base[1] + s * side * dx:g}" for s in (1, -1)
    )
    line = element(
        "polyline", points=way, fill="none", stroke=colour, stroke_width=width,
        stroke_linejoin="round",
    )  # fmt: skip
    return Svg(line + element("polygon", points=head, fill=colour))


def matrix(
    x: float, y: float, cell: float, values: Sequence[Sequence[float]], colour: str = "blue"
) -> Svg:
    """Cells of values in [0, 1], the darker the larger."""
    _, stroke = COLOURS[colour]
    cells = [
        element(
            "rect", x=x + j * cell, y=y + i * cell, width=cell, height=cell, fill=stroke,
            fill_opacity=0.06 + 0.88 * value, stroke="#ffffff", stroke_width=1,
        )
        for i, row in enumerate(values)
        for j, value in enumerate(row)
    ]  # fmt: skip
    frame = element(
        "rect", x=x, y=y, width=len(values[0]) * cell, height=len(values) * cell, fill="none",
        stroke=stroke, stroke_width=1.4,
    )  # fmt: skip
    return Svg("".join(cells) + frame)


def outline(x: float, y: float, width: float, height: float) -> Svg:
    """A bold frame around part of a matrix."""
    return element(
        "rect", x=x, y=y, width=width, height=height, fill="none", stroke=INK, stroke_width=2.2
    )


def card(width: float, height: float, *drawn: Svg, top: float = 0.0) -> Svg:
    """The whole figure, on a white card that begins at height `top`."""
    ground = element(
        "rect", x=0.5, y=top + 0.5, width=width - 1, height=height - 1, rx=10, fill="#ffffff",
        stroke="#d0d7de",
    )  # fmt: skip
    return element(
        "svg", ground, *drawn, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 {top:g} {width:g} {height:g}",
        width=width, height=height, font_family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif",
    )  # fmt: skip


def drawn(figures: Mapping[str, Callable[[Lang], Svg]]) -> dict[str, str]:
    """``NAME.LANG.svg`` → what it holds."""
    return {
        f"{name}.{lang}.svg": draw(lang) + "\n" for name, draw in figures.items() for lang in LANGS
    }


def write(file: str, figures: Mapping[str, Callable[[Lang], Svg]]) -> None:
    """Write ``figures/NAME.LANG.svg`` beside `file`, a lab's ``figures.py``."""
    folder = Path(file).resolve().parent / "figures"
    folder.mkdir(exist_ok=True)
    for name, svg in drawn(figures).items():
        (folder / name).write_text(svg, "utf-8")

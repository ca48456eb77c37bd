"""Charts as inline SVG: no script, no external file, every text escaped, an alt text on each.

All are drawn in a box 480 units wide, so that letters stay readable from a phone's width on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from markupsafe import Markup, escape

from grader.check.text import gettext, number

WIDTH = 480.0
SERIES = ("#0b57d0", "#b3541e", "#116329", "#6639ba", "#7d4e00", "#a40e26")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4")
MAX_CELLS = 24
MAX_HISTORIES = 6


def element(name: str, *children: object, **attributes: object) -> Markup:
    """One SVG element; ``stroke_width`` becomes ``stroke-width``; children are escaped."""
    written = "".join(f' {_attribute(k)}="{_short(v)}"' for k, v in attributes.items())
    inside = "".join(escape(c) for c in children)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")


@cache
def _attribute(name: str) -> str:
    return name.strip("_").replace("_", "-")


def _short(value: object) -> str:
    """A value as an attribute holds it; a number needs no escaping."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else escape(value)


def picture(alt: str, height: float, *children: object, width: float = WIDTH) -> Markup:
    """The ``<svg>`` around a chart."""
    return element(
        "svg",
        element("title", alt),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        class_="chart",
    )


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that cover ``[low, high]``."""
    if not high > low:
        return [low]
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    return [round((first + i) * step, 12) for i in range(math.ceil(high / step - 1e-9) - first + 1)]


def label(x: float, y: float, text: object, **attributes: object) -> Markup:
    return element("text", text, x=x, y=y, **attributes)


def histogram(
    values: Sequence[float],
    low: float,
    high: float,
    bins: int,
    alt: str,
    x_title: str,
    y_title: str,
    lang: str,
    lines: Mapping[str, float] | None = None,
) -> Markup:
    """How `values` fall into `bins` equal parts of ``[low, high]``, counts above the bars.

    Args:
        lines: label → value at which a vertical line stands; at most two.
    """
    counts, edges = np.histogram(np.clip(values, low, high), bins=bins, range=(low, high))
    left, right, top, bottom = 40.0, 470.0, 58.0, 222.0
    tallest = max(1, int(counts.max(initial=1)))
    marks = [t for t in ticks(0, tallest, 4) if t == int(t)]
    ceiling = max(marks[-1], tallest)

    def x(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    def y(count: float) -> float:
        return bottom - (bottom - top) * count / ceiling

    parts: list[Markup] = []
    for mark in marks:
        parts.append(element("line", x1=left, x2=right, y1=y(mark), y2=y(mark), class_="grid"))
        parts.append(label(left - 6, y(mark) + 4.5, f"{mark:g}", text_anchor="end"))
    for count, a, b in zip(counts, edges, edges[1:], strict=False):
        if count:
            parts.append(
                element(
                    "rect", x=x(a) + 1, y=y(count), width=max(1.0, x(b) - x(a) - 2),
                    height=bottom - y(count), rx=2, class_="column",
                )
            )  # fmt: skip
            if bins <= 24:
                middle = (x(a) + x(b)) / 2
                parts.append(
                    label(middle, y(count) - 4, int(count), text_anchor="middle", class_="small")
                )
    for mark in ticks(low, high, 5 if high > 9999 else 10):
        if low <= mark <= high + 1e-9:
            parts.append(label(x(mark), bottom + 17, number(mark, lang, 2), text_anchor="middle"))
    parts.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts += _markers(lines or {}, x, (low, high), (left, right, bottom), lang)
    parts.append(label((left + right) / 2, bottom + 36, x_title, text_anchor="middle"))
    parts.append(label(4, 14, y_title))
    return picture(alt, 264, *parts)


def _markers(
    lines: Mapping[str, float],
    x: Callable[[float], float],
    span: tuple[float, float],
    frame: tuple[float, float, float],
    lang: str,
) -> list[Markup]:
    """Vertical lines with their labels; the leftmost is labelled on its left if it can be."""
    left, right, bottom = frame
    strokes: list[Markup] = []
    labels: list[Markup] = []
    for i, (said, value) in enumerate(sorted(lines.items(), key=lambda line: line[1])):
        at = x(min(max(value, span[0]), span[1]))
        text = f"{said} {number(value, lang)}"
        wide = 8.7 * len(text)
        before = i == 0 and len(lines) > 1 and at - left > wide
        start = at - 6 if before else min(at + 6, right + 8 - wide)
        colour, dash = ((SERIES[1], "none"), (SERIES[3], "5 3"))[list(lines).index(said) % 2]
        strokes.append(
            element(
                "line", x1=at, x2=at, y1=22.0 + 17 * i, y2=bottom, stroke=colour,
                stroke_width=2, stroke_dasharray=dash,
            )
        )  # fmt: skip
        labels.append(
            label(
                start, 27.0 + 17 * i, text, text_anchor="end" if before else "start",
                fill=colour, class_="strong halo",
            )
        )  # fmt: skip
    return strokes + labels


def curves(
    series: Mapping[str, Sequence[float | None]],
    alt: str,
    x_title: str,
    lang: str,
    steps: int | None = None,
) -> Markup:
    """Lines over epochs 1, 2, …; a gap where a value is None. Lines differ in colour and dash.

    Args:
        steps: number of the last epoch, if `series` was thinned.
    """
    finite = [v for values in series.values() for v in values if v is not None]
    if not finite:
        return Markup("")
    marks = ticks(min(finite), max(finite), 4)
    low, high = marks[0], marks[-1]
    if high <= low:
        low, high = low - 0.5, high + 0.5
    last = steps or max(len(v) for v in series.values())
    left, right = 54.0, 466.0
    top = 16.0 + 20 * math.ceil(len(series) / 3)
    bottom = top + 150

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (high - low)

    parts: list[Markup] = []
    for mark in marks:
        parts.append(element("line", x1=left, x2=right, y1=y(mark), y2=y(mark), class_="grid"))
        parts.append(label(left - 6, y(mark) + 4.5, _tick(mark, lang), text_anchor="end"))
    for mark in sorted({1, *(int(t) for t in ticks(1, last, 5) if t == int(t) and 1 < t <= last)}):
        at = left + (right - left) * (mark - 1) / max(1, last - 1)
        parts.append(label(at, bottom + 18, mark, text_anchor="middle"))
    for i, (name, values) in enumerate(series.items()):
        colour, dash = SERIES[i % len(SERIES)], DASHES[i % len(DASHES)] or "none"
        count = max(1, len(values) - 1)
        runs: list[list[str]] = [[]]
        for j, value in enumerate(values):
            if value is None:
                runs.append([])
            else:
                runs[-1].append(f"{left + (right - left) * j / count:.1f},{y(value):.1f}")
        for run in runs:
            if len(run) == 1:
                cx, cy = run[0].split(",")
                parts.append(element("circle", cx=cx, cy=cy, r=2.5, fill=colour))
            elif run:
                parts.append(
                    element(
                        "polyline", points=" ".join(run), fill="none", stroke=colour,
                        stroke_width=2.2, stroke_dasharray=dash, stroke_linejoin="round",
                    )
                )  # fmt: skip
        at, line = 8.0 + 156 * (i % 3), 14.0 + 20 * (i // 3)
        parts.append(
            element(
                "line", x1=at, x2=at + 26, y1=line - 4, y2=line - 4, stroke=colour,
                stroke_width=2.5, stroke_dasharray=dash,
            )
        )  # fmt: skip
        shown = name if len(name) <= 17 else name[:16] + "…"
        parts.append(label(at + 32, line, shown, fill=colour, class_="strong"))
    parts.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts.append(label((left + right) / 2, bottom + 36, x_title, text_anchor="middle"))
    return picture(alt, bottom + 44, *parts)


def _tick(value: float, lang: str) -> str:
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        text = f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
        return text.replace(".", ",") if lang == "fr" else text
    return number(value, lang, 4)


def families(
    history: Mapping[str, Sequence[float | None]],
) -> dict[str, dict[str, list[float | None]]]:
    """A history's metrics grouped for drawing: ``val_loss`` with ``loss``; at most 6 groups."""
    groups: dict[str, dict[str, list[float | None]]] = {}
    for name, values in history.items():
        base = name.removeprefix("val_")
        groups.setdefault(base, {})[name] = list(values)
    return dict(list(groups.items())[:MAX_HISTORIES])


LEAST_GAP = 0.01  # of the values' range: rounding is not drawn as a gap

YOURS = gettext("yours")
EXPECTED = gettext("expected")
GAP = gettext("gap")


def heat_maps(came: object, expected: object, lang: str) -> Markup:
    """Two arrays as heat maps side by side on one scale, and where they differ.

    Only the last two axes are drawn: of an array with more, the slice that differs most. Arrays
    longer than `MAX_CELLS` are thinned. Different shapes are drawn without a gap.

    Returns:
        The picture, empty if either is no array of numbers with values.
    """
    a, b = _matrix(came), _matrix(expected)
    if a is None or b is None:
        return Markup("")
    where = ""
    if a.shape == b.shape and a.ndim > 2:
        flat_a, flat_b = a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:])
        worst = int(np.argmax(np.nan_to_num(np.abs(flat_a - flat_b), nan=np.inf).max(axis=(1, 2))))
        index = tuple(int(i) for i in np.unravel_index(worst, a.shape[:-2]))
        where = gettext(", slice {i}", i=list(index)).to(lang)
        a, b = flat_a[worst], flat_b[worst]
    a, b = (m.reshape(-1, *m.shape[-2:])[0] for m in (a, b))
    finite = np.concatenate([m[np.isfinite(m)] for m in (a, b)])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    panels = [(YOURS.to(lang), a, low, high), (EXPECTED.to(lang), b, low, high)]
    if a.shape == b.shape:
        gap = np.abs(a - b)
        top = float(gap[np.isfinite(gap)].max(initial=LEAST_GAP * (high - low)))
        panels.append((GAP.to(lang), gap, 0.0, top))
    side = (WIDTH - 16 * (len(panels) - 1)) / len(panels)
    parts: list[Markup] = []
    tallest = 0.0
    for i, (title, matrix, lo, hi) in enumerate(panels):
        drawn, height = _panel(matrix, i * (side + 16), 24.0, side, lo, hi, lang, i == 2)
        parts.append(label(i * (side + 16), 15, title, class_="strong"))
        parts.append(drawn)
        tallest = max(tallest, height)
    foot = gettext(
        "dark: {hi}, light: {lo}{w}", hi=number(high, lang, 3), lo=number(low, lang, 3), w=where
    ).to(lang)
    parts.append(label(0, 24 + tallest + 18, foot, class_="small"))
    alt = gettext(
        "two heat maps, yours and the expected one: {n} of {size} cells differ{w}",
        n=int((~np.isclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True)).sum())
        if a.shape == b.shape
        else b.size,
        size=b.size,
        w=where,
    )
    return picture(alt.to(lang), 24 + tallest + 26, *parts)


def _matrix(value: object) -> np.ndarray | None:
    """At least two axes, float64, no empty one; None if it is nothing of the kind."""
    if not isinstance(value, (np.ndarray, list)):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return None
    if array.dtype.kind not in "biuf" or array.size == 0:
        return None
    array = array.astype(np.float64)
    return array if array.ndim >= 2 else array.reshape(1, -1)


def _panel(
    matrix: np.ndarray,
    x: float,
    y: float,
    side: float,
    low: float,
    high: float,
    lang: str,
    gap: bool,
) -> tuple[Markup, float]:
    """A matrix as rectangles; its values are written in when there is room."""
    down, across = (math.ceil(n / MAX_CELLS) for n in matrix.shape)
    matrix = matrix[::down, ::across]
    rows, columns = matrix.shape
    size = min(side / columns, 240.0 / rows, 44.0)
    end = (164, 14, 38) if gap else (11, 61, 145)
    written = size >= 19 and len(number(high, lang, 1)) <= 4 and len(number(low, lang, 1)) <= 4
    shares = np.clip(
        np.nan_to_num((matrix - low) / (high - low) if high > low else matrix * 0.0), 0.0, 1.0
    )
    colours = np.rint(250 + (np.array(end) - 250) * shares[..., None]).astype(int)
    lefts = [x + j * size for j in range(columns)]
    tops = [y + i * size for i in range(rows)]
    box = f'width="{size:.2f}" height="{size:.2f}"'
    parts: list[str] = []
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            value, (red, green, blue) = float(matrix[i, j]), colours[i, j]
            finite = math.isfinite(value)
            fill = f"#{red:02x}{green:02x}{blue:02x}" if finite else "#d9a300"
            # Numbers only: nothing to escape.
            parts.append(f'<rect x="{left:.2f}" y="{top:.2f}" {box} fill="{fill}" class="cell"/>')
            if written or not finite:
                text = number(value, lang, 1) if finite else "NaN"
                parts.append(
                    label(
                        left + size / 2, top + size / 2 + 3.5, text, class_="tiny",
                        text_anchor="middle", fill="#fff" if shares[i, j] > 0.55 else "#1b1f24",
                    )
                )  # fmt: skip
    return Markup("".join(parts)), rows * size

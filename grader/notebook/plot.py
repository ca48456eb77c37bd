"""Charts as SVG: no script, no external file, every text escaped, an alt text on each.

All are drawn in a box 480 units wide, so that letters stay readable from a phone's width on. A page
gives them its style sheet (class ``chart``); `image` gives them one of their own. Drawn here rather than
with matplotlib, which takes 0.1 to 0.3 s a picture: a check answers at once.
"""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

from grader.check.text import gettext, number

WIDTH = 480.0
SERIES = ("#0b57d0", "#b3541e", "#116329", "#6639ba", "#7d4e00", "#a40e26")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4")
MAX_HISTORIES = 6
MAX_POINTS = 200  # of a curve
MAX_CELLS = 512  # along an axis of a matrix; longer ones are thinned
STEEP = 30.0  # losses that fall by more than this factor are drawn on a logarithmic axis


class Svg(str):
    """Source of SVG: markup for a template, where a `str` is text to be escaped."""

    def __html__(self) -> str:
        return self


def element(name: str, *children: object, **attributes: object) -> Svg:
    """One SVG element; ``stroke_width`` becomes ``stroke-width``; children are escaped."""
    written = "".join(f' {_attribute(k)}="{_short(v)}"' for k, v in attributes.items())
    inside = "".join(c if isinstance(c, Svg) else escape(str(c)) for c in children)
    return Svg(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")


@cache
def _attribute(name: str) -> str:
    return name.strip("_").replace("_", "-")


def _short(value: object) -> str:
    """A value as an attribute holds it; a number needs no escaping."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return escape(str(value), quote=True)


def picture(alt: str, height: float, *children: object, width: float = WIDTH) -> Svg:
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


def label(x: float, y: float, text: object, **attributes: object) -> Svg:
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
) -> Svg:
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

    parts: list[Svg] = []
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
) -> list[Svg]:
    """Vertical lines with their labels; the leftmost is labelled on its left if it can be."""
    left, right, bottom = frame
    strokes: list[Svg] = []
    labels: list[Svg] = []
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


def thin(values: Sequence[float], most: int = MAX_POINTS) -> list[float]:
    """At most `most` values, each the mean of its neighbours."""
    if len(values) <= most:
        return list(values)
    edges = [round(i * len(values) / most) for i in range(most + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges) if b > a]


def curves(
    series: Mapping[str, Sequence[float | None]],
    alt: str,
    x_title: str,
    lang: str,
    total: float | None = None,
    goals: Mapping[str, float] = {},
    each: float = 1.0,
) -> Svg:
    """Lines over epochs (or steps) 1, 2, …; a gap where a value is None or not finite.

    Lines differ in colour and dash; each says its newest value. A metric that was measured once in so
    many epochs spans the whole.

    Args:
        series: metric → values.
        total: epochs planned, or behind a series that was thinned: the axis' end.
        goals: metric → target, drawn as a dotted line.
        each: epochs that one value stands for.
    """
    lines = {k: [math.nan if v is None else float(v) for v in vs] for k, vs in series.items() if vs}
    finite = [v for values in lines.values() for v in values if math.isfinite(v)]
    if not finite:
        return Svg("")
    aims = [g for metric, g in goals.items() if any(metric in name for name in lines)]
    low, high = min(finite + aims), max(finite + aims)
    steep = low > 0 and high / low > STEEP and all("loss" in name for name in lines)
    marks = [low, high] if steep else ticks(low, high, 4)
    low, high = marks[0], marks[-1]
    if high <= low:
        low, high = low - 0.5, high + 0.5
    longest = max(map(len, lines.values()))
    last = max(longest * each, total or 0, 2 * each)
    left, right = 58.0, 466.0
    top = 16.0 + 20 * math.ceil(len(lines) / 2)
    bottom = top + 150

    def x(epoch: float) -> float:
        return left + (right - left) * (epoch - each) / (last - each)

    def y(value: float) -> float:
        share = (
            math.log(value / low) / math.log(high / low) if steep else (value - low) / (high - low)
        )
        return bottom - (bottom - top) * share

    parts: list[Svg] = []
    for mark in marks:
        parts.append(element("line", x1=left, x2=right, y1=y(mark), y2=y(mark), class_="grid"))
        parts.append(label(left - 6, y(mark) + 4.5, _tick(mark, lang), text_anchor="end"))
    whole = [int(t) for t in ticks(1, last, 5) if t == int(t) and each <= t <= last]
    for mark in sorted({*([1] if each <= 1 else []), *whole}):
        parts.append(label(x(mark), bottom + 18, mark, text_anchor="middle"))
    if steep:
        parts.append(label(left + 6, bottom - 6, "log", class_="small"))
    for aim in aims:
        parts.append(
            element(
                "line", x1=left, x2=right, y1=y(aim), y2=y(aim), class_="axis", stroke_dasharray="1 3"
            )
        )  # fmt: skip
    for i, (name, values) in enumerate(lines.items()):
        style = {
            "stroke": SERIES[i % len(SERIES)],
            "stroke_dasharray": DASHES[i % len(DASHES)] or "none",
        }
        few = thin(values)
        every = max(1, longest // len(values)) * len(values) / len(few)
        runs: list[list[tuple[float, float]]] = [[]]
        for j, value in enumerate(few):
            if math.isfinite(value):
                runs[-1].append((x((j + 1) * every * each), y(value)))
            else:
                runs.append([])
        parts += [_line(run, style) for run in runs if run]
        at, line = 8.0 + 236 * (i % 2), 14.0 + 20 * (i // 2)
        parts.append(
            element("line", x1=at, x2=at + 26, y1=line - 4, y2=line - 4, stroke_width=2.5, **style)
        )
        known = [v for v in values if math.isfinite(v)]
        said = f"{name if len(name) <= 17 else name[:16] + '…'} {_tick(known[-1], lang) if known else '–'}"
        parts.append(label(at + 32, line, said, fill=style["stroke"], class_="strong"))
    parts.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
    parts.append(label((left + right) / 2, bottom + 36, x_title, text_anchor="middle"))
    return picture(alt, bottom + 44, *parts)


def _line(points: Sequence[tuple[float, float]], style: Mapping[str, str]) -> Svg:
    if len(points) == 1:
        return element("circle", cx=points[0][0], cy=points[0][1], r=2.5, fill=style["stroke"])
    way = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return element(
        "polyline", points=way, fill="none", stroke_width=2.2, stroke_linejoin="round", **style
    )  # fmt: skip


def training(
    history: Mapping[str, Sequence[float]],
    alt: str,
    x_title: str,
    lang: str,
    total: float | None = None,
    goals: Mapping[str, float] = {},
    each: float = 1.0,
) -> Svg:
    """A training's curves side by side: losses, and everything else; see `curves`.

    Returns:
        The picture, empty before there are two points.
    """
    losses = {k: v for k, v in history.items() if "loss" in k}
    rest = {k: v for k, v in history.items() if "loss" not in k and k != "learning_rate"}
    panels = [
        curves(dict(list(p.items())[: len(DASHES)]), alt, x_title, lang, total, goals, each)
        for p in (losses, rest)
        if max(map(len, p.values()), default=0) > 1
    ]
    return beside(alt, [p for p in panels if p])


def beside(alt: str, panels: Sequence[Svg]) -> Svg:
    """Charts in a row, as one."""
    if not panels:
        return Svg("")
    heights = [float(re.search(r'viewBox="0 0 \S+ (\S+)"', p).group(1)) for p in panels]  # type: ignore[union-attr]
    placed = [
        Svg(p.replace("<svg ", f'<svg x="{i * WIDTH:g}" width="{WIDTH:g}" height="{h:g}" ', 1))
        for i, (p, h) in enumerate(zip(panels, heights, strict=True))
    ]
    return picture(alt, max(heights), *placed, width=WIDTH * len(panels))


_STYLE = """<style>svg{font:13px system-ui,sans-serif}text:not([fill]){fill:#3c4550}.grid{stroke:#e5e9ef}
.axis{stroke:#7c8794}.strong{font-weight:600}.small{font-size:11.5px}.tiny{font-size:10px}</style>
<rect width="100%" height="100%" fill="#fff"/>"""


def image(drawn: Svg) -> str:
    """A chart as an ``<img>``, which every front end shows and no sanitiser strips."""
    found = re.match(r'<svg [^>]*viewBox="0 0 (\S+) \S+"[^>]*><title>(.*?)</title>', drawn, re.S)
    if found is None:
        return ""
    styled = drawn[: found.end()] + _STYLE + drawn[found.end() :]
    data = base64.b64encode(styled.encode()).decode()
    alt = found[2].replace('"', "&quot;")
    return (
        f'<img style="width:{float(found[1]):g}px;max-width:100%" alt="{alt}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


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
YOURS, EXPECTED, GAP = gettext("yours"), gettext("expected"), gettext("gap")


def matrices(came: object, expected: object, lang: str, title: str = "") -> Svg:
    """Two arrays side by side on one scale, and where they differ; vectors as curves.

    Only the last two axes are drawn: of an array with more, the slice that differs most. Different
    shapes are drawn without a gap.

    Returns:
        The picture, empty if either is no array of numbers with values.
    """
    a, b = _drawable(came), _drawable(expected)
    if a is None or b is None:
        return Svg("")
    where = ""
    if a.shape == b.shape and a.ndim > 2:
        flat_a, flat_b = a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:])
        worst = int(np.argmax(np.nan_to_num(np.abs(flat_a - flat_b), nan=np.inf).max(axis=(1, 2))))
        index = tuple(int(i) for i in np.unravel_index(worst, a.shape[:-2]))
        where = gettext(", slice {i}", i=list(index)).to(lang)
        a, b = flat_a[worst], flat_b[worst]
    a, b = (m if m.ndim < 3 else m.reshape(-1, *m.shape[-2:])[0] for m in (a, b))
    finite = np.concatenate([m[np.isfinite(m)] for m in (a, b)])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    panels = [(YOURS, a, low, high), (EXPECTED, b, low, high)]
    if a.shape == b.shape:
        gap = np.abs(a - b)
        top = float(gap[np.isfinite(gap)].max(initial=LEAST_GAP * (high - low)))
        panels.append((GAP, gap, 0.0, top))
    side = (WIDTH - 28 * len(panels)) / len(panels)
    parts: list[Svg] = []
    tallest = 0.0
    for i, (name, values, lo, hi) in enumerate(panels):
        x = 22 + i * (side + 28)
        draw = _matrix if values.ndim == 2 else _vector
        drawn, height = draw(values, x, 24.0, side, lo, hi, lang)
        parts += [label(x, 15, name.to(lang), class_="strong"), drawn]
        tallest = max(tallest, height)
    said = gettext("dark: {lo}, light: {hi}{w}")
    if a.ndim == 1:
        said = gettext("from {lo} to {hi}{w}")
    foot = said.fill(lo=number(low, lang, 3), hi=number(high, lang, 3), w=where)
    parts.append(label(22, 24 + tallest + 32, foot.to(lang), class_="small"))
    alt = gettext(
        "two heat maps, yours and the expected one: {n} of {size} cells differ{w}",
        n=int((~np.isclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True)).sum())
        if a.shape == b.shape
        else b.size,
        size=b.size,
        w=where,
    ).to(lang)
    colon = " : " if lang == "fr" else ": "
    return picture(f"{title}{colon}{alt}" if title else alt, 24 + tallest + 40, *parts)


def _drawable(value: object) -> np.ndarray | None:
    """An array of float64 with values, its last two axes thinned; None if it is nothing of the kind."""
    if not isinstance(value, (np.ndarray, list)):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return None
    if array.dtype.kind not in "biuf" or array.size == 0 or array.ndim == 0:
        return None
    steps = [math.ceil(n / MAX_CELLS) for n in array.shape[-2:]]
    thinned: Any = array[(..., *(slice(None, None, s) for s in steps))]  # type: ignore[arg-type]
    return np.asarray(thinned, np.float64)


# Polynomial of degree 6 within 0.015 of viridis (van der Walt and Smith, CC0).
_VIRIDIS = np.array(
    [
        [0.2777, 0.0054, 0.3341],
        [0.1051, 1.4046, 1.3846],
        [-0.3309, 0.2148, 0.0951],
        [-4.6342, -5.7991, -19.3324],
        [6.2283, 14.1799, 56.6906],
        [4.7764, -13.7451, -65.3530],
        [-5.4355, 4.6459, 26.3124],
    ]
)


def colours(share: np.ndarray) -> np.ndarray:
    """Shares in [0, 1] as uint8 colours (…, 3); dark for low, light for high. NaN is red."""
    t = np.clip(np.nan_to_num(share), 0.0, 1.0)[..., None]
    rgb = np.clip(t ** np.arange(len(_VIRIDIS)) @ _VIRIDIS, 0.0, 1.0)
    rgb = np.where(np.isnan(share)[..., None], [0.8, 0.1, 0.1], rgb)
    return np.asarray(np.round(255 * rgb), np.uint8)


def png(rgb: np.ndarray) -> bytes:
    """An RGB image (height, width, 3) of uint8 as PNG (ISO/IEC 15948)."""
    height, width, _ = rgb.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), rgb.reshape(height, -1)], axis=1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def _matrix(
    values: np.ndarray, x: float, y: float, side: float, low: float, high: float, lang: str
) -> tuple[Svg, float]:
    """A matrix as an image; its values are written in when there is room. Also its height."""
    rows, columns = values.shape
    cell = min(side / columns, 240.0 / rows, 44.0)
    with np.errstate(invalid="ignore"):
        shares = np.clip((values - low) / (high - low) if high > low else values * 0.0, 0.0, 1.0)
    data = base64.b64encode(png(colours(shares))).decode()
    width, height = columns * cell, rows * cell
    parts = [
        element(
            "image", x=x, y=y, width=width, height=height, preserveAspectRatio="none",
            style="image-rendering:pixelated", href=f"data:image/png;base64,{data}",
        ),
        label(x - 4, y + cell / 2 + 4, 0, text_anchor="end", class_="tiny"),
        label(x + cell / 2, y + height + 12, 0, text_anchor="middle", class_="tiny"),
    ]  # fmt: skip
    if rows > 1:
        parts.append(
            label(x - 4, y + height - cell / 2 + 4, rows - 1, text_anchor="end", class_="tiny")
        )
    if columns > 1:
        end = x + width - cell / 2
        parts.append(label(end, y + height + 12, columns - 1, text_anchor="middle", class_="tiny"))
    if cell >= 19:
        for (i, j), value in np.ndenumerate(values):
            said = number(float(value), lang, 1) if math.isfinite(value) else "NaN"
            if len(said) <= 4:
                parts.append(
                    label(
                        x + (j + 0.5) * cell, y + (i + 0.5) * cell + 3.5, said, class_="tiny",
                        text_anchor="middle", fill="#1b1f24" if shares[i, j] > 0.55 else "#fff",
                    )
                )  # fmt: skip
    return Svg("".join(parts)), height


def _vector(
    values: np.ndarray, x: float, y: float, side: float, low: float, high: float, lang: str
) -> tuple[Svg, float]:
    """A vector as a curve. Also its height."""
    height = 110.0
    share = (values - low) / (high - low if high > low else 1.0)
    step = side / max(1, len(values) - 1)
    points = [(x + i * step, y + height * (1 - s)) for i, s in enumerate(share) if math.isfinite(s)]
    parts = [
        element("rect", x=x, y=y, width=side, height=height, fill="none", class_="axis"),
        *([_line(points, {"stroke": SERIES[0]})] if points else []),
        label(x, y + height + 12, 0, text_anchor="middle", class_="tiny"),
        label(x + side, y + height + 12, len(values) - 1, text_anchor="middle", class_="tiny"),
    ]
    return Svg("".join(parts)), height

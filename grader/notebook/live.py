"""Training curves as a small SVG: fast enough to draw every second, readable without colour."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

_WIDTH, _HEIGHT = 330, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 92, 22, 22
# Okabe and Ito's palette, and a dash for each line, so that colour is never needed.
_LINES = (("#0072b2", ""), ("#d55e00", "6 3"), ("#009e73", "2 3"), ("#cc79a7", "8 3 2 3"))
MAX_POINTS = 200
_STEEP = 30.0


def panels(history: Mapping[str, Sequence[float]]) -> list[dict[str, Sequence[float]]]:
    """Losses in one panel, everything else in the other."""
    losses = {k: v for k, v in history.items() if "loss" in k and v}
    rest = {k: v for k, v in history.items() if "loss" not in k and v and k != "learning_rate"}
    return [dict(list(p.items())[: len(_LINES)]) for p in (losses, rest) if p]


def thin(values: Sequence[float], most: int = MAX_POINTS) -> list[float]:
    """At most `most` values, each the mean of its neighbours."""
    if len(values) <= most:
        return list(values)
    edges = [round(i * len(values) / most) for i in range(most + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges) if b > a]


def svg(
    history: Mapping[str, Sequence[float]],
    total: int | None = None,
    goals: Mapping[str, float] = {},
    each: float = 1.0,
) -> str:
    """Curves as an SVG document; "" without at least two points.

    Losses that fall by more than a factor of 30 are drawn on a logarithmic axis.

    Args:
        history: metric → values, one an epoch or step.
        total: epochs or steps planned: the axis' end.
        goals: metric → target, drawn as a dotted line.
        each: epochs that one value stands for, if it stands for a part of one.
    """
    shown = [p for p in panels(history) if max(len(v) for v in p.values()) > 1]
    if not shown:
        return ""
    longest = max(len(v) for p in shown for v in p.values())
    body = "".join(
        f'<g transform="translate({i * _WIDTH} 0)">{_panel(p, total, goals, each, longest)}</g>'
        for i, p in enumerate(shown)
    )
    width = _WIDTH * len(shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" '
        f'viewBox="0 0 {width} {_HEIGHT}" font-family="sans-serif" font-size="10">'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>'
    )


def _panel(
    lines: Mapping[str, Sequence[float]],
    total: int | None,
    goals: Mapping[str, float],
    each: float,
    longest: int,
) -> str:
    thinned = {name: thin(values) for name, values in lines.items()}
    finite = [x for v in thinned.values() for x in v if math.isfinite(x)]
    marks = [g for k, g in goals.items() if any(k in name for name in lines)]
    low, high = min([*finite, *marks], default=0.0), max([*finite, *marks], default=1.0)
    steep = low > 0 and high / low > _STEEP and all("loss" in name for name in lines)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    end = max(longest * each, total or 0, 2 * each)

    def x(i: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * i * each / (end - each)

    def y(v: float) -> float:
        share = math.log(v / low) / math.log(high / low) if steep else (v - low) / (high - low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)

    parts = [
        f'<path d="M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" '
        'fill="none" stroke="#57606a"/>',
        f'<text x="{_LEFT - 4}" y="{_TOP + 4}" text-anchor="end" fill="#24292f">{high:.3g}</text>',
        f'<text x="{_LEFT - 4}" y="{_HEIGHT - _BOTTOM}" text-anchor="end" fill="#24292f">'
        f"{low:.3g}</text>",
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end" fill="#24292f">'
        f"{end:g}</text>",
    ]
    if steep:
        parts.append(f'<text x="{_LEFT + 4}" y="{_TOP - 6}" fill="#24292f">log</text>')
    for mark in marks:
        parts.append(
            f'<path d="M{_LEFT} {y(mark):.1f}H{_WIDTH - _RIGHT}" stroke="#57606a" '
            'stroke-dasharray="1 3"/>'
        )
    labels: list[tuple[float, str, str]] = []
    for (name, values), (colour, dash) in zip(lines.items(), _LINES, strict=False):
        few = thinned[name]
        step = (len(values) - 1) / max(1, len(few) - 1)
        every = max(1, longest // max(1, len(values)))  # measured once in so many epochs
        points = [
            (x((i * step + 1) * every - 1), y(v)) for i, v in enumerate(few) if math.isfinite(v)
        ]
        if not points:
            continue
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}/>'
        )
        labels.append((points[-1][1], f"{name} {values[-1]:.3g}", colour))
    height = _TOP - 12.0
    for at, text, colour in sorted(labels):
        height = max(at, height + 12)
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 4}" y="{height + 3:.1f}" fill="{colour}">'
            f"{escape(text)}</text>"
        )
    return "".join(parts)


def image(document: str, alt: str) -> str:
    """An SVG as an ``<img>``, which every front end shows and no sanitiser strips."""
    if not document:
        return ""
    data = base64.b64encode(document.encode()).decode()
    return (
        f'<img style="max-width:100%" alt="{escape(alt, quote=True)}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )

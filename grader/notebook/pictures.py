"""Yours beside the expected one, as one small image.

Drawn here rather than with matplotlib, which takes 0.1 to 0.3 s a picture (0.5 s more for the
first): a check answers at once. Small matrices carry their values in figures, so that no colour is
needed to read them.
"""

from __future__ import annotations

import base64
import struct
import zlib
from html import escape
from typing import Any

import numpy as np

from grader.check.text import gettext

_SIDE = 190  # of a matrix, in pixels
_GAP, _TOP, _LEFT, _BOTTOM = 60, 24, 26, 26
_MAX_CELLS = 512  # along one axis; longer ones are thinned
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
    powers = t ** np.arange(len(_VIRIDIS))
    rgb = np.clip(powers @ _VIRIDIS, 0.0, 1.0)
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


def side_by_side(yours: Any, expected: Any, lang: str, label: str) -> str:
    """An ``<img>`` with its description; "" if the two cannot be drawn.

    Vectors are drawn as curves, matrices as images; of more axes, the last two at index 0.
    """
    pair = [_drawable(yours), _drawable(expected)]
    if pair[0] is None or pair[1] is None:
        return ""
    a, b = pair[0], pair[1]
    finite = np.concatenate([x[np.isfinite(x)].ravel() for x in (a, b)])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    names = (gettext("yours").to(lang), gettext("expected").to(lang))
    parts = []
    for i, (name, x) in enumerate(zip(names, (a, b), strict=True)):
        draw = _matrix if x.ndim == 2 else _vector
        shape = "×".join(str(n) for n in x.shape)
        parts.append(
            f'<g transform="translate({_LEFT + i * (_SIDE + _GAP)} {_TOP})">'
            f'<text y="-8" font-weight="bold">{escape(name)}</text>'
            f'<text x="{_SIDE}" y="-8" text-anchor="end">{shape}</text>'
            f"{draw(x, low, high)}</g>"
        )
    width, height = 2 * (_SIDE + _GAP) + _LEFT, _TOP + _SIDE + _BOTTOM
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#24292f">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}{_scale(low, high)}</svg>'
    )
    alt = gettext(
        "{label}: {yours} on the left, the expected one on the right; values from {low:.3g} to "
        "{high:.3g}",
        label=label,
        yours=names[0],
        low=low,
        high=high,
    )
    data = base64.b64encode(document.encode()).decode()
    return (
        f'<img style="max-width:100%" alt="{escape(alt.to(lang), quote=True)}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def _drawable(value: Any) -> np.ndarray | None:
    if not isinstance(value, np.ndarray) or value.ndim == 0 or value.size == 0:
        return None
    while value.ndim > 2:
        value = value[0]
    steps = [max(1, n // _MAX_CELLS) for n in value.shape]
    return np.asarray(value[tuple(slice(None, None, s) for s in steps)], np.float64)


def _share(x: np.ndarray, low: float, high: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.asarray((x - low) / (high - low if high > low else 1.0))


def _matrix(x: np.ndarray, low: float, high: float) -> str:
    rows, columns = x.shape
    shares = _share(x, low, high)
    data = base64.b64encode(png(colours(shares))).decode()
    parts = [
        f'<image width="{_SIDE}" height="{_SIDE}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>',
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#57606a"/>',
        _tick(-4, _SIDE / rows / 2 + 4, "0", "end"),
        _tick(-4, _SIDE - _SIDE / rows / 2 + 4, str(rows - 1), "end"),
        _tick(_SIDE / columns / 2, _SIDE + 13, "0", "middle"),
        _tick(_SIDE - _SIDE / columns / 2, _SIDE + 13, str(columns - 1), "middle"),
    ]
    if columns <= 6 and rows <= 10:
        for i in range(rows):
            for j in range(columns):
                ink = "#000" if shares[i, j] > 0.55 else "#fff"
                parts.append(
                    f'<text x="{(j + 0.5) * _SIDE / columns:.1f}" fill="{ink}" '
                    f'text-anchor="middle" y="{(i + 0.5) * _SIDE / rows + 4:.1f}">'
                    f"{x[i, j]:.2g}</text>"
                )
    return "".join(parts)


def _vector(x: np.ndarray, low: float, high: float) -> str:
    y = _SIDE * (1 - _share(x, low, high))
    step = _SIDE / max(1, len(x) - 1)
    points = " ".join(f"{i * step:.1f},{v:.1f}" for i, v in enumerate(y) if np.isfinite(v))
    return (
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#57606a"/>'
        f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="1.6"/>'
        + _tick(0, _SIDE + 13, "0", "middle")
        + _tick(_SIDE, _SIDE + 13, str(len(x) - 1), "middle")
    )


def _tick(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _scale(low: float, high: float) -> str:
    """The colours' meaning, between the two."""
    ramp = colours(np.linspace(1, 0, 32)[:, None])
    data = base64.b64encode(png(ramp)).decode()
    x = _LEFT + 2 * _SIDE + _GAP + 8
    return (
        f'<image x="{x}" y="{_TOP}" width="8" height="{_SIDE}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{data}"/>'
        f'<text x="{x + 11}" y="{_TOP + 8}">{high:.3g}</text>'
        f'<text x="{x + 11}" y="{_TOP + _SIDE}">{low:.3g}</text>'
    )

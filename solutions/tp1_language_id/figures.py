"""The figures of TP1, redrawn by running this file."""

from __future__ import annotations

import math

from grader.authoring.drawing import COLOURS, Svg, arrow, box, card, element, matrix, text, write
from grader.check.text import Lang

GREY = "#57606a"
FRAMES, BANDS = 24, 12


def _energy(t: int, band: int) -> float:
    """A made-up spectrogram: harmonics that glide, a hiss, a gap."""
    if t in (9, 10) or t > 21:
        return 0.05
    if 15 <= t <= 17:
        return 0.25 + 0.06 * band
    pitch = 2.2 + 0.5 * math.sin(t / 4)
    near = min(abs(band + 0.5 - pitch * k) for k in (1, 2, 3, 4))
    return max(0.06, 0.95 * math.exp(-4.5 * near * near) * (1 - band / 16))


def network(lang: Lang) -> Svg:
    """A signal, its spectrogram, the LSTM that reads it frame by frame, a language."""
    fr = lang == "fr"
    cell, left, top = 22.0, 120.0, 120.0
    wide, floor = cell * FRAMES, top + cell * 0.6 * BANDS
    image = [[_energy(t, b) for t in range(FRAMES)] for b in reversed(range(BANDS))]
    wave = " ".join(
        f"{left + wide * i / 420:.1f},"
        f"{70 - 20 * (0.12 + _energy(int(i * FRAMES / 420), 2)) * math.sin(i * 0.9) * (0.7 + 0.3 * math.sin(i / 7)):.1f}"
        for i in range(420)
    )
    parts = [
        text(400, 26, "Trois secondes de son, lues trame par trame" if fr
             else "Three seconds of sound, read frame by frame", 15, weight="600"),
        text(left - 12, 62, "signal", 13.5, "end"), text(left - 12, 80, "(48000,)", 12.5, "end", fill=GREY),
        element("polyline", points=wave, fill="none", stroke=COLOURS["blue"][1], stroke_width=1.1),
        text(left - 12, top + 60, "log-Mel", 13.5, "end"), text(left - 12, top + 78, "(200, 100)", 12.5, "end", fill=GREY),
        # cells are lower than wide: drawn in their own scale
        element("g", matrix(0, 0, cell, image, "blue"), transform=f"translate({left:g} {top:g}) scale(1 0.6)"),
        arrow((left, floor + 10), (left + wide, floor + 10)),
        text(left + wide + 8, floor + 10, "temps" if fr else "time", 12.5, "start", fill=GREY),
        arrow((left + wide + 10, floor), (left + wide + 10, top)),
        text(left + wide + 18, top + 6, "aigu" if fr else "high", 12.5, "start", fill=GREY),
        text(left + wide + 18, floor - 8, "grave" if fr else "low", 12.5, "start", fill=GREY),
    ]
    y, columns = floor + 88, (1, 6, 11, 16, 21)
    names = ("0", "1", "2", "…", "199")
    for i, (t, name) in enumerate(zip(columns, names, strict=True)):
        x = left + cell * (t + 0.5)
        parts += [
            element("rect", x=x - cell / 2, y=top, width=cell, height=floor - top, fill="none",
                    stroke=COLOURS["orange"][1], stroke_width=2.6),
            arrow((x, floor + 16), (x, y - 23), colour=COLOURS["orange"][1]),
            box(x - 34, y - 22, 68, 44, "LSTM", "purple", 14),
            text(x + 8, floor + 40, f"x_{name}" if name != "…" else "…", 14, "start", italic=True),
        ]  # fmt: skip
        if i < 4:
            parts.append(arrow((x + 34, y), (x + 5 * cell - 35, y)))
            parts.append(text(x + 2.5 * cell, y - 12, f"h_{name}" if name != "…" else "", 13, italic=True))
    last = left + cell * (columns[-1] + 0.5)
    parts += [
        text(left - 12, y - 8, "LSTM", 13.5, "end"), text(left - 12, y + 10, "(128)", 12.5, "end", fill=GREY),
        arrow((last + 34, y), (last + 80, y)), text(last + 56, y - 13, "h_199", 13, italic=True),
        box(last + 80, y - 22, 66, 44, "Dense", "grey", 14),
        arrow((last + 113, y + 22), (last + 113, y + 42)),
    ]
    shares = (("de", 0.06), ("en", 0.1), ("es", 0.14), ("fr", 0.62), ("it", 0.08))
    for i, (name, share) in enumerate(shares):
        x = last + 60 + 22 * i
        best = COLOURS["green"][1] if name == "fr" else COLOURS["blue"][1]
        parts += [
            element("rect", x=x, y=y + 108 - 56 * share, width=14, height=56 * share, fill=best),
            text(x + 7, y + 120, name, 12.5, weight="600" if name == "fr" else "normal"),
        ]
    parts.append(text(left + 200, y + 66, "le même LSTM à chaque trame : il ne reste que son état h" if fr
                      else "the same LSTM at each frame: all that stays is its state h", 13.5, italic=True))
    parts.append(text(left + 200, y + 90, "la dernière sortie, seule, décide de la langue" if fr
                      else "the last output alone decides on the language", 13.5, italic=True))
    return card(800, y + 142, *parts)


def gates(lang: Lang) -> Svg:
    """The LSTM's weights, gate by gate: four blocks of columns in one matrix."""
    fr = lang == "fr"
    blocks = (
        ("i", "entrée" if fr else "input", "blue"), ("f", "oubli" if fr else "forget", "orange"),
        ("c", "candidat" if fr else "candidate", "green"), ("o", "sortie" if fr else "output", "purple"),
    )  # fmt: skip
    rows = (("kernel", "(D, 4U)", 84.0, 62.0), ("recurrent\\_kernel", "(U, 4U)", 156.0, 84.0), ("bias", "(4U,)", 250.0, 26.0))
    parts = [
        text(370, 26, "Keras range les quatre portes côte à côte" if fr
             else "Keras lays the four gates side by side", 15, weight="600"),
    ]
    for i, (letter, name, colour) in enumerate(blocks):
        x = 190.0 + 118 * i
        parts.append(text(x + 56, 62, name, 14, weight="600", fill=COLOURS[colour][1]))
        parts += [box(x, y, 112, high, f"{w}_{letter}", colour, 17, radius=3)
                  for w, (_, _, y, high) in zip("WUb", rows, strict=True)]
        parts.append(text(x + 56, 292, ("[:, :U]", "[:, U:2U]", "[:, 2U:3U]", "[:, 3U:]")[i], 12.5, fill=GREY))
    for name, shape, y, high in rows:
        parts.append(text(178, y + high / 2 - 8, name, 13.5, "end"))
        parts.append(text(178, y + high / 2 + 9, shape, 12.5, "end", fill=GREY))
    return card(740, 312, *parts)


if __name__ == "__main__":
    write(__file__, {"network": network, "gates": gates})

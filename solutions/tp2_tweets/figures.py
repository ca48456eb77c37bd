"""The figures of TP2, redrawn by running this file."""

from __future__ import annotations

import math

from grader.authoring.drawing import COLOURS, Svg, arrow, box, card, element, text, write
from grader.check.text import Lang

GREY = "#57606a"


def _cells(x: float, y: float, letters: str, colour: str, cell: float = 40) -> list[Svg]:
    shown = (letter.replace(" ", "␣") for letter in letters)
    return [box(x + cell * i, y, cell, cell, letter, colour, 18, radius=3) for i, letter in enumerate(shown)]


def windows(lang: Lang) -> Svg:
    """A text cut into windows; the network that reads one, and what it must say at each step."""
    fr = lang == "fr"
    parts = [
        text(380, 26, "À chaque caractère lu, le réseau prédit le suivant" if fr
             else "At each character that it reads, the network predicts the next", 15, weight="600"),
        text(112, 72, "le texte" if fr else "the text", 14, "end"),
        *_cells(124, 52, "Hello", "blue"), *_cells(324, 52, " worl", "orange"), *_cells(524, 52, "d", "grey"),
        text(224, 108, "fenêtre 0" if fr else "window 0", 13, fill=COLOURS["blue"][1]),
        text(424, 108, "fenêtre 1" if fr else "window 1", 13, fill=COLOURS["orange"][1]),
        text(576, 64, "dernière cible :" if fr else "the last target:", 12.5, "start", fill=GREY),
        text(576, 81, "elle n'est l'entrée de rien" if fr else "no window's input", 12.5, "start", fill=GREY),
    ]
    rows = {
        164.0: ("cible" if fr else "target", "ello ", "green"),
        352.0: ("entrée" if fr else "input", "Hello", "blue"),
    }  # fmt: skip
    step = 112.0
    for y, (name, letters, colour) in rows.items():
        parts.append(text(112, y + 20, name, 14, "end"))
        for i, letter in enumerate(letters):
            parts += _cells(140 + step * i, y, letter, colour)
    parts.append(text(112, 238, "logits (V)", 13, "end", fill=GREY))
    parts.append(text(112, 296, "LSTM (U)", 13, "end", fill=GREY))
    for i in range(5):
        x = 160 + step * i
        parts += [
            box(x - 34, 274, 68, 44, "LSTM", "purple", 14),
            arrow((x, 352), (x, 319)), arrow((x, 274), (x, 253)),
            box(x - 30, 226, 60, 26, "Dense", "grey", 12.5, radius=5), arrow((x, 226), (x, 205)),
        ]
        if i < 4:
            parts.append(arrow((x + 34, 296), (x + step - 35, 296)))
            parts.append(text(x + step / 2, 284, f"h_{i}", 13, italic=True))
    # the same letter, target here and input one step later
    parts.append(arrow((186, 196), (206, 214), (206, 340), (251, 364), colour=COLOURS["green"][1], width=1.6))
    parts.append(text(380, 418, "La cible est le texte, un cran plus loin ; l'état h porte la mémoire du passé" if fr
                      else "The target is the text one step later; the state h carries the memory of the past",
                      13.5, italic=True))
    return card(760, 440, *parts)


SYMBOLS, LOGITS = "eatoinzq", (3.0, 2.3, 1.9, 1.5, 1.1, 0.6, -0.8, -1.5)


def temperature(lang: Lang) -> Svg:
    """The same logits at three temperatures."""
    fr = lang == "fr"
    parts = [
        text(380, 26, "Les mêmes logits, trois températures" if fr else "The same logits, three temperatures",
             15, weight="600"),
    ]
    told = {
        0.3: ("T = 0,3" if fr else "T = 0.3", "presque toujours le meilleur" if fr else "nearly always the best"),
        1.0: ("T = 1", "ce que le modèle croit" if fr else "what the model believes"),
        3.0: ("T = 3", "presque au hasard" if fr else "nearly at random"),
    }
    for i, (t, (name, meaning)) in enumerate(told.items()):
        left, floor, tall = 36 + 242 * i, 216.0, 140.0
        powers = [math.exp(z / t) for z in LOGITS]
        p = [v / sum(powers) for v in powers]
        entropy = f"{-sum(v * math.log2(v) for v in p):.1f}"
        entropy = entropy.replace(".", ",") if fr else entropy
        fill = COLOURS[("blue", "purple", "orange")[i]][1]
        parts.append(text(left + 100, 56, name, 15, weight="600", fill=fill))
        for j, value in enumerate(p):
            high = max(1.0, tall * value)
            parts.append(element("rect", x=left + 25 * j + 3, y=floor - high, width=19, height=high, fill=fill))
            parts.append(text(left + 25 * j + 12.5, floor + 14, SYMBOLS[j], 14))
        parts.append(element("line", x1=left - 2, x2=left + 204, y1=floor, y2=floor, stroke=GREY, stroke_width=1.2))
        parts.append(text(left + 100, floor + 40, meaning, 13.5))
        parts.append(text(left + 100, floor + 60, f"entropie : {entropy} bits" if fr else f"entropy: {entropy} bits",
                          12.5, fill=GREY))
    return card(760, 292, *parts)


if __name__ == "__main__":
    write(__file__, {"windows": windows, "temperature": temperature})

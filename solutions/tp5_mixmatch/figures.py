"""The figures of TP5, redrawn by running this file."""

from __future__ import annotations

from grader.authoring.drawing import COLOURS, Svg, arrow, box, card, element, text, write
from grader.check.text import Lang

GREY = "#57606a"
GUESSES = ((0.5, 0.2, 0.2, 0.1), (0.35, 0.4, 0.15, 0.1))
MEAN = tuple(sum(p) / len(p) for p in zip(*GUESSES, strict=True))
SHARP = tuple(m * m / sum(v * v for v in MEAN) for m in MEAN)


def _bars(x: float, y: float, p: tuple[float, ...], colour: str, high: float = 44) -> Svg:
    """A distribution as bars that stand on height `y`."""
    drawn = [
        element("rect", x=x + 13 * i, y=y - high * v, width=10, height=high * v, fill=COLOURS[colour][1])
        for i, v in enumerate(p)
    ]
    line = element("line", x1=x - 3, x2=x + 13 * len(p), y1=y, y2=y, stroke=GREY, stroke_width=1.2)
    return Svg("".join(drawn) + line)


def _coat(x: float, y: float, size: float, shift: float = 0, flipped: bool = False) -> Svg:
    """A garment as a picture: white on black, one sleeve longer than the other."""
    points = [(0.35, 0.2), (0.65, 0.2), (0.9, 0.42), (0.8, 0.52), (0.66, 0.42), (0.66, 0.85), (0.34, 0.85),
              (0.34, 0.42), (0.22, 0.72), (0.1, 0.66)]  # fmt: skip
    way = " ".join(
        f"{x + size * ((1 - a if flipped else a) + shift):g},{y + size * (b + shift / 2):g}" for a, b in points
    )
    ground = element("rect", x=x, y=y, width=size, height=size, fill="#1b1f24", rx=3)
    return Svg(ground + element("polygon", points=way, fill="#eef1f5"))


def pipeline(lang: Lang) -> Svg:
    """From a labelled and an unlabelled batch to the loss."""
    fr = lang == "fr"
    low, up = 250.0, 88.0
    blue, orange = COLOURS["blue"][1], COLOURS["orange"][1]
    parts = [
        text(440, 26, "MixMatch : d'un lot étiqueté et d'un lot sans étiquette à une seule perte" if fr
             else "MixMatch: from a labelled and an unlabelled batch to a single loss", 15, weight="600"),
        text(20, up - 38, "étiquetées" if fr else "labelled", 13, "start", "600", blue),
        text(20, low - 38, "sans étiquette" if fr else "unlabelled", 13, "start", "600", orange),
        _coat(22, up - 22, 44), text(80, up, "x, y", 14),
        arrow((100, up), (122, up)), box(122, up - 20, 96, 40, "augment", "white"),
        _coat(22, low - 22, 44), text(76, low, "u", 14),
        arrow((90, low), (122, low)), box(122, low - 20, 96, 40, "augment\n× K", "white"),
    ]
    for i, p in enumerate(GUESSES):
        y = low - 40 + 80 * i
        parts += [
            arrow((218, low), (243, y)), _coat(246, y - 20, 40, -0.1 * i, bool(i)),
            arrow((288, y), (304, y)), box(304, y - 17, 62, 34, "model", "grey", 13),
            arrow((366, y), (384, y)), _bars(389, y + 18, p, "orange"), arrow((444, y), (462, low)),
        ]
    parts += [
        box(464, low - 20, 66, 40, "moyenne" if fr else "mean", "white", 13),
        text(422, low + 88, "guess_labels".replace("_", "\\_"), 13, fill=GREY),
        arrow((530, low), (544, low)), _bars(549, low + 18, MEAN, "orange"),
        arrow((604, low), (618, low)), box(618, low - 20, 72, 40, "sharpen", "white", 13.5),
        text(654, low + 32, "T", 13, italic=True, fill=GREY),
        arrow((654, low - 20), (654, up + 66)), _bars(672, low - 48, SHARP, "orange"),
        text(699, low - 34, "q", 14),
        # everything together, shuffled, mixed
        arrow((218, up), (598, up)), text(410, up - 13, "x, y", 13.5),
        arrow((266, low - 62), (266, up + 34), (598, up + 34)),
        text(410, up + 21, "K vues de u, avec q" if fr else "K views of u, with q", 13.5),
        box(598, up - 22, 120, 88, "mixup\navec leur copie\nmélangée" if fr else "mixup\nwith their copy\nshuffled", "purple", 13),
        arrow((718, up), (744, up)), arrow((718, up + 44), (744, up + 44)),
        text(766, up, "x′, y′", 14, fill=blue), text(766, up + 44, "u′, q′", 14, fill=orange),
        text(804, low - 68, "model", 12.5, fill=GREY),
        arrow((766, up + 58), (766, low - 23)),
        box(712, low - 21, 150, 42, "mixmatch\\_loss", "green", 14),
        text(787, low + 40, "L_X + λ_U L_U", 15),
        text(787, low + 64, "entropie croisée" if fr else "cross-entropy", 12.5, fill=GREY),
        text(787, low + 81, "+ écart quadratique" if fr else "+ squared difference", 12.5, fill=GREY),
    ]
    return card(880, 360, *parts)


def exam(lang: Lang) -> Svg:
    """The exam's figure: four numbered boxes on the way of one unlabelled image."""
    fr = lang == "fr"
    y = 150.0

    def numbered(number: int, x: float) -> Svg:
        return box(x, y - 21, 48, 42, str(number), "orange", 18)

    guesses = (*GUESSES, (0.6, 0.15, 0.1, 0.15))
    mean = tuple(sum(p) / len(p) for p in zip(*guesses, strict=True))
    sharp = tuple(m * m / sum(v * v for v in mean) for m in mean)
    parts = [
        _coat(18, y - 26, 52), arrow((72, y), (92, y)), numbered(1, 94),
        text(337, 24, "le même réseau" if fr else "the same network", 13),
    ]
    for i, p in enumerate(guesses):
        h = y + 86 * (i - 1)
        parts += [
            arrow((142, y), (186, h)), _coat(190, h - 26, 52, 0.1 * (i - 1), i != 1),
            arrow((246, h), (296, h)),
            element("polygon", points=f"300,{h - 24:g} 374,{h - 12:g} 374,{h + 12:g} 300,{h + 24:g}",
                    fill=COLOURS["grey"][0], stroke=GREY, stroke_width=1.6),
            arrow((376, h), (398, h)), _bars(406, h + 20, p, "blue"), arrow((464, h), (512, y)),
        ]  # fmt: skip
    parts += [
        numbered(2, 516), arrow((564, y), (584, y)), _bars(592, y + 20, mean, "blue"),
        arrow((648, y), (668, y)), numbered(3, 672), arrow((720, y), (740, y)),
        _bars(748, y + 20, sharp, "green"), arrow((804, y), (824, y)), numbered(4, 828),
        text(852, y + 40, "la cible de" if fr else "the target of", 12.5),
        text(852, y + 56, "toutes les vues" if fr else "all views", 12.5),
    ]  # fmt: skip
    return card(910, 290, *parts)


if __name__ == "__main__":
    write(__file__, {"pipeline": pipeline, "exam": exam})

"""The figures of TP3, redrawn by running this file."""

from __future__ import annotations

import math

from grader.authoring.drawing import COLOURS, INK, Svg, arrow, box, card, text, write
from grader.check.text import Lang
from grader.notebook.plot import element

SIZES = [("784", 150, ""), ("512", 116, "down1"), ("192", 74, "down2"), ("8", 26, "code"),
         ("192", 74, "up1"), ("512", 116, "up2"), ("784", 150, "pixels")]


def bottleneck(lang: Lang) -> Svg:
    """The network A, its sizes and the parameters between them."""
    fr = lang == "fr"
    parts = [
        text(380, 24, "Le réseau A : 784 pixels doivent passer par 8 nombres" if fr
             else "Network A: 784 pixels have to pass through 8 numbers", 15, weight="600"),
    ]
    middle, x = 148.0, 52.0
    places = []
    for size, height, name in SIZES:
        colour = "orange" if name == "code" else "grey" if name in ("", "pixels") else "blue"
        parts.append(box(x, middle - height / 2, 34, height, "", colour, radius=5))
        parts.append(text(x + 17, middle - height / 2 - 11, size, 14, weight="600"))
        parts.append(text(x + 17, middle + height / 2 + 13, name, 12.5))
        places.append(x)
        x += 103
    for i in range(6):
        left, right = places[i] + 34, places[i + 1]
        parts.append(arrow((left + 6, middle), (right - 4, middle)))
        said = "(784 + 1)\n× 512" if i == 0 else "?"
        for k, line in enumerate(said.split("\n")):
            parts.append(text((left + right) / 2, middle - 14 + 30 * k, line, 12.5))
    parts += [
        text(17, middle, "x", 16, italic=True), text(742, middle, "x̂", 16, italic=True),
        _brace(places[0], places[3] + 34, 248), text((places[0] + places[3] + 34) / 2, 264, "encodeur" if fr else "encoder", 13.5),
        _brace(places[3], places[6] + 34, 276), text((places[3] + places[6] + 34) / 2, 292, "décodeur" if fr else "decoder", 13.5),
        text(380, 314, "Une flèche, une couche dense : ses poids et ses biais. Les autres comptes sont pour vous (1.3)." if fr
             else "One arrow, one dense layer: its weights and biases. The other counts are yours to do (1.3).", 12.5, fill="#57606a"),
    ]
    return card(760, 330, *parts)


def _brace(x0: float, x1: float, y: float) -> Svg:
    points = f"{x0:g},{y - 6:g} {x0:g},{y:g} {x1:g},{y:g} {x1:g},{y - 6:g}"
    return element("polyline", points=points, fill="none", stroke="#57606a", stroke_width=1.4)


def pca(lang: Lang) -> Svg:
    """A cloud, its mean, its two directions, and the projection on the first."""
    fr = lang == "fr"
    angle = math.radians(-24)
    along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    centre = (210.0, 150.0)
    cloud = [(-128, 16), (-104, -26), (-92, 30), (-70, -8), (-52, 24), (-38, -32), (-20, 10), (-8, -18), (12, 28),
             (22, -10), (40, 18), (52, -28), (70, 8), (84, -20), (98, 26), (120, -12), (134, 14)]

    def at(a: float, b: float) -> tuple[float, float]:
        return (centre[0] + a * along[0] + b * across[0], centre[1] + a * along[1] + b * across[1])

    blue, orange, green = (COLOURS[c][1] for c in ("blue", "orange", "green"))
    parts = [
        text(380, 24, "L'ACP en deux dimensions : garder la direction où le nuage s'étale" if fr
             else "PCA in two dimensions: keep the direction in which the cloud is spread", 15, weight="600"),
        element("line", x1=at(-170, 0)[0], y1=at(-170, 0)[1], x2=at(170, 0)[0], y2=at(170, 0)[1],
                stroke=orange, stroke_width=1.4, stroke_dasharray="5 4"),
    ]
    for a, b in cloud:
        (x, y), (px, py) = at(a, b), at(a, 0)
        parts.append(element("line", x1=x, y1=y, x2=px, y2=py, stroke="#57606a", stroke_width=1.2))
        parts.append(element("circle", cx=x, cy=y, r=4.2, fill=blue))
        parts.append(element("rect", x=px - 3.2, y=py - 3.2, width=6.4, height=6.4, fill=orange))
    parts += [
        arrow(centre, at(96, 0), colour=INK, width=2.6), arrow(centre, at(0, -44), colour=INK, width=2.6),
        text(at(108, -26)[0], at(108, -26)[1], "v_1", 16, weight="600"),
        text(at(18, -52)[0], at(18, -52)[1], "v_2", 16, weight="600"),
        element("circle", cx=centre[0], cy=centre[1], r=5.5, fill=green),
        text(centre[0] - 16, centre[1] + 20, "x̄", 16, "start", "600"),
    ]
    legend = [
        ("circle", blue, "une image x" if fr else "an image x"),
        ("rect", orange, "x̂, sa reconstruction : 1 nombre, pas 2" if fr
         else "x̂, its reconstruction: 1 number, not 2"),
        ("line", "#57606a", "l'erreur : ce que v_2 aurait dit" if fr else "the error: what v_2 would have said"),
        ("circle", green, "la moyenne, ôtée puis remise" if fr else "the mean, taken off and put back"),
    ]
    for i, (shape, colour, said) in enumerate(legend):
        y = 96.0 + 30 * i
        if shape == "circle":
            parts.append(element("circle", cx=404, cy=y, r=5, fill=colour))
        elif shape == "rect":
            parts.append(element("rect", x=400, y=y - 4, width=8, height=8, fill=colour))
        else:
            parts.append(element("line", x1=396, x2=412, y1=y, y2=y, stroke=colour, stroke_width=1.6))
        parts.append(text(424, y, said, 13, "start"))
    parts.append(text(404, 226, "Ici d = 2, k = 1 ; dans le TP d = 784, k = 8 ou 128" if fr
                      else "Here d = 2, k = 1; in the lab d = 784, k = 8 or 128", 12.5, "start", fill="#57606a"))
    return card(760, 262, *parts)


if __name__ == "__main__":
    write(__file__, {"bottleneck": bottleneck, "pca": pca})

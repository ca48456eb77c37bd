"""The figures of TP4, redrawn by running this file."""

from __future__ import annotations

from grader.authoring.drawing import Svg, arrow, box, card, matrix, outline, text, write
from grader.check.text import Lang

WORDS = {"fr": ["le", "chat", "dort"], "en": ["the", "cat", "sleeps"]}
WEIGHTS = [[0.55, 0.3, 0.15], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3]]
QUERIES = [[0.8, 0.2, 0.5], [0.3, 0.9, 0.1], [0.5, 0.6, 0.9]]
KEYS = [[0.7, 0.1, 0.3], [0.2, 0.8, 0.6], [0.6, 0.4, 0.2]]
VALUES = [[0.2, 0.9, 0.4, 0.6], [0.8, 0.1, 0.7, 0.3], [0.5, 0.4, 0.2, 0.9]]


def attention(lang: Lang) -> Svg:
    """One query's way: scores, softmax, mean of the values."""
    fr = lang == "fr"
    words, c = WORDS[lang], 26.0
    out = [[sum(w * v[j] for w, v in zip(row, VALUES, strict=True)) for j in range(4)] for row in WEIGHTS]
    scores = [[sum(a * b for a, b in zip(q, k, strict=True)) / 1.6 for k in KEYS] for q in QUERIES]
    y = 86.0
    parts = [
        text(380, 24, "Une requête compare, un softmax partage, les valeurs se mélangent"
             if fr else "A query compares, a softmax shares out, the values are mixed", 15, weight="600"),
    ]
    columns = [
        (70.0, QUERIES, "blue", "q", "(T, d_k)"),
        (196.0, [list(r) for r in zip(*KEYS, strict=True)], "orange", "k^T", "(d_k, S)"),
        (332.0, scores, "grey", "scores", "(T, S)"),
        (474.0, WEIGHTS, "purple", "poids" if fr else "weights", "(T, S)"),
        (610.0, out, "green", "sortie" if fr else "output", "(T, d_v)"),
    ]
    for x, values, colour, name, shape in columns:
        wide = len(values[0]) * c
        parts.append(text(x + wide / 2, y - 26, name, 16, weight="600"))
        parts.append(text(x + wide / 2, y - 8, shape, 12.5, fill="#57606a"))
        parts.append(matrix(x, y, c, values, colour))
    parts += [text(62, y + c * (i + 0.5), w, 14, "end") for i, w in enumerate(words)]
    parts += [
        text(172, y + 1.5 * c, "×", 20), text(303, y + 1.5 * c, "=", 20),
        arrow((414, y + 1.5 * c), (470, y + 1.5 * c)), arrow((556, y + 1.5 * c), (606, y + 1.5 * c)),
        text(442, y + 1.5 * c - 30, "÷ √d_k", 13), text(442, y + 1.5 * c - 13, "softmax", 13),
        text(442, y + 1.5 * c + 16, "par ligne" if fr else "per row", 12, fill="#57606a"),
        text(581, y + 1.5 * c - 12, "× v", 14),
        text(474 + 1.5 * c, y + 3 * c + 14, "Σ = 1", 12.5, fill="#57606a"),
    ]
    # the third row, told
    w = WEIGHTS[2]
    told = (
        f"« {words[2]} » regarde « {words[1]} » à {w[1]:.1f}".replace(".", ",")
        if fr else f"“{words[2]}” looks at “{words[1]}” with weight {w[1]:.1f}"
    )
    parts.append(outline(474, y + 2 * c, 3 * c, c))
    parts.append(outline(610, y + 2 * c, 4 * c, c))
    parts.append(text(590, y + 3 * c + 38, told, 13.5, italic=True))
    return card(760, 220, *parts)


def heads(lang: Lang) -> Svg:
    """Split into heads, attend in each, merge, mix."""
    fr = lang == "fr"
    parts = [
        text(380, 24, "H têtes côte à côte, chacune avec sa part des unités" if fr
             else "H heads side by side, each with its share of the units", 15, weight="600"),
    ]
    colours = ("blue", "orange", "green")
    for i, (name, shape) in enumerate((("query", "T"), ("key", "S"), ("value", "S"))):
        y = 62.0 + 62 * i
        parts += [
            text(50, y + 14, name, 14.5), text(50, y + 32, f"({shape}, d_model)", 12, fill="#57606a"),
            arrow((92, y + 20), (112, y + 20)),
            box(112, y, 112, 40, f"{name}\\_dense", "grey", 13.5),
            arrow((224, y + 20), (262, y + 20)),
        ]
    for h in range(3):
        x, y = 262.0 + 14 * h, 56.0 + 14 * h
        parts.append(box(x, y, 190, 160, "", colours[h]))
        parts.append(text(x + 190 - 12, y + 146, f"h = {h}", 12.5, "end") if h == 2 else Svg(""))
    parts += [
        text(386, 108, "attention", 16, weight="600"),
        text(386, 134, "softmax(q k^T / √d_k) v", 13.5),
        text(386, 162, "poids : (B, H, T, S)" if fr else "weights: (B, H, T, S)", 12.5),
        text(386, 184, "q : (B, H, T, d_k)" if fr else "q: (B, H, T, d_k)", 12.5),
        arrow((480, 152), (516, 152)),
        box(516, 126, 96, 52, "recoller\n(T, H·d_v)" if fr else "merge\n(T, H·d_v)", "white", 13.5),
        arrow((612, 152), (636, 152)),
        box(636, 130, 106, 44, "output\\_dense", "grey", 13.5),
        arrow((689, 174), (689, 204)),
        text(689, 216, "sortie (T, d_model)" if fr else "output (T, d_model)", 13),
        text(243, 252, "découper : (T, H·d_k) → (H, T, d_k)" if fr else "split: (T, H·d_k) → (H, T, d_k)", 12.5, fill="#57606a"),
    ]
    return card(760, 270, *parts)


def _stack(x: float, y: float, stages: list[tuple[str, str]], width: float = 190) -> tuple[list[Svg], float]:
    """Stages from bottom to top, each followed by add & norm. Also the top."""
    parts: list[Svg] = []
    for name, norm in stages:
        top = y - 34
        parts.append(box(x, top, width, 34, name, "orange" if "attention" in name else "blue", 13.5))
        parts.append(arrow((x + width / 2, top), (x + width / 2, top - 12)))
        parts.append(box(x, top - 36, width, 24, norm, "green", 12.5))
        # the residual connection
        parts.append(arrow((x + width / 2, y + 8), (x + width + 16, y + 8), (x + width + 16, top - 24), (x + width, top - 24)))
        y = top - 36
        parts.append(arrow((x + width / 2, y), (x + width / 2, y - 16)))
        y -= 16
    return parts, y


def layers(lang: Lang) -> Svg:
    """An encoder layer and a decoder layer, residual connections drawn."""
    return _whole(lang, around=False)


def transformer(lang: Lang) -> Svg:
    """The whole, in the lab's own names."""
    return _whole(lang, around=True)


def _whole(lang: Lang, around: bool) -> Svg:
    fr = lang == "fr"
    bottom = 470.0 if around else 352.0
    parts: list[Svg] = []
    encoder, top_e = _stack(110, bottom, [("attention", "+ norm1"), ("feed\\_forward", "+ norm2")])
    decoder, top_d = _stack(450, bottom, [
        ("self\\_attention", "+ norm1"), ("cross\\_attention", "+ norm2"), ("feed\\_forward", "+ norm3"),
    ])
    parts.append(box(84, top_e + 8, 262, bottom - top_e + 14, "", "white", dashed=True))
    parts.append(box(424, top_d + 8, 262, bottom - top_d + 14, "", "white", dashed=True))
    parts += encoder + decoder
    cross = bottom - 102 - 17
    # memory: from the encoder's top to cross-attention
    parts.append(arrow((205, top_e + 4), (205, top_e - 14), (394, top_e - 14), (394, cross), (450, cross), colour="#b3541e", width=2.4))
    parts.append(text(300, top_e - 26, "memory (B, S, d_model)", 13, weight="600"))
    parts.append(text(70, (top_e + bottom) / 2 - 10, "Encoder-", 13, "end", "600"))
    parts.append(text(70, (top_e + bottom) / 2 + 8, "Layer", 13, "end", "600"))
    parts.append(text(70, (top_e + bottom) / 2 + 28, "× N" if around else "", 14, "end", "600"))
    parts.append(text(700, (top_d + bottom) / 2 - 10, "Decoder-", 13, "start", "600"))
    parts.append(text(700, (top_d + bottom) / 2 + 8, "Layer", 13, "start", "600"))
    parts.append(text(700, (top_d + bottom) / 2 + 28, "× N" if around else "", 14, "start", "600"))
    parts.append(text(700, bottom - 22, "masque" if fr else "causal", 12, "start", fill="#57606a"))
    parts.append(text(700, bottom - 7, "causal" if fr else "mask", 12, "start", fill="#57606a"))
    if not around:
        parts.append(arrow((205, bottom + 34), (205, bottom)))
        parts.append(arrow((545, bottom + 34), (545, bottom)))
        parts.append(text(205, bottom + 44, "x (B, S, d_model)", 13))
        parts.append(text(545, bottom + 44, "x (B, T, d_model)", 13))
        parts.append(text(545, top_d - 8, "sortie (B, T, d_model)" if fr else "output (B, T, d_model)", 13))
        return card(770, bottom - top_d + 92, *parts, top=top_d - 30)
    for x, name, letter, tokens in (
        (110.0, "source", "S", "\\^ c h a t $" if fr else "\\^ c a t $"),
        (450.0, "target", "T", "\\^ t a h c" if fr else "\\^ t a c"),
    ):
        middle = x + 95
        parts.append(arrow((middle, bottom + 38), (middle, bottom)))
        parts.append(box(x, bottom + 38, 190, 26, "+ positions", "white", 13))
        parts.append(arrow((middle, bottom + 80), (middle, bottom + 64)))
        parts.append(box(x, bottom + 80, 190, 34, f"{name}\\_embedding · √d", "purple", 13.5))
        parts.append(arrow((middle, bottom + 132), (middle, bottom + 114)))
        parts.append(text(middle, bottom + 142, f"{name} (B, {letter}) : {tokens}" if fr else f"{name} (B, {letter}): {tokens}", 13))
    parts.append(box(450, top_d - 34, 190, 34, "output\\_dense", "grey", 13.5))
    parts.append(arrow((545, top_d - 34), (545, top_d - 54)))
    parts.append(text(545, top_d - 64, "logits (B, T, vocab\\_size)", 13))
    return card(770, bottom - top_d + 246, *parts, top=top_d - 86)


if __name__ == "__main__":
    write(__file__, {"attention": attention, "heads": heads, "layers": layers, "transformer": transformer})

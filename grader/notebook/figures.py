"""Matplotlib's figures with an alt text, worked out from what is plotted, in the notebook's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from grader.check.text import Text, gettext, ngettext, quantity, same, significant
from grader.notebook import display

_MOST = 8  # of lines, bars or titles that are told one by one
_PICTURE = 100  # rows and columns of a matrix beyond which it is a picture


def speak(lang: str) -> None:
    """From now on every figure that this kernel shows has an alt text."""
    running = display.shell()
    if running is not None and display.in_notebook():
        formatter = running.display_formatter.ipython_display_formatter

        def shown(figure: Any) -> bool:
            show(figure, lang)
            return True

        formatter.for_type_by_name("matplotlib.figure", "Figure", shown)


def show(figure: Any, lang: str, alt: str = "") -> None:
    """Show a figure as an ``<img>`` with its alt text; the text alone outside a notebook."""
    try:
        alt = alt or describe(figure, lang)
    except Exception:  # dates, three dimensions: no figure is lost for want of words
        alt = gettext("a figure").to(lang)
    if not display.in_notebook():
        print(alt)
        return
    from IPython.core.pylabtools import print_figure

    data = print_figure(figure, "png", base64=True) or ""
    width = round(figure.get_figwidth() * figure.dpi)
    html = (
        f'<img alt="{escape(alt, quote=True)}" style="width:{width}px;max-width:100%;height:auto" '
        f'src="data:image/png;base64,{data.strip()}">'
    )
    display.show(display.Note(alt, html))


def describe(figure: Any, lang: str) -> str:
    """What a figure shows, in words: titles, axes, ranges, last values."""
    title = figure.get_suptitle()
    parts = [title] if title else []
    axes = [a for a in figure.axes if a.get_visible() and not hasattr(a, "_colorbar")]
    pictures = [a for a in axes if a.images and not a.lines]
    if len(pictures) > _MOST // 2:  # a gallery
        titles = [t for a in pictures if (t := a.get_title() or a.get_ylabel())]
        named = f" ({', '.join(titles[:_MOST])}{', …' if len(titles) > _MOST else ''})"
        said = ngettext("{n} picture", "{n} pictures", len(pictures)).to(lang)
        parts.append(said + (named if titles else ""))
        axes = [a for a in axes if a not in pictures]
    parts += [text for a in axes if (text := _axes(a, lang))]
    return _plain(". ".join(part.strip().rstrip(".") for part in parts) + ".")


def _plain(text: str) -> str:
    """A title's formulas without TeX."""
    for tex, sign in ((r"\sqrt", "√"), (r"^\top", "ᵀ"), ("\\", " ")):
        text = text.replace(tex, sign)
    return re.sub(r"[${}]", "", text)


def _axes(axes: Any, lang: str) -> str:
    told = [text.to(lang) for text in _told(axes, lang)]
    ends = [] if axes.images and not axes.lines else [*_scales(axes, lang)]
    title = axes.get_title()
    colon = " : " if lang == "fr" else ": "
    body = "; ".join(t for t in [*told, *ends] if t).replace(";", " ;" if lang == "fr" else ";")
    return colon.join(part for part in (title, body) if part)


def _told(axes: Any, lang: str) -> Iterator[Text]:
    for container in axes.containers:
        if container.patches:
            yield _bars(axes, container, lang)
    curves = [line for line in axes.lines if len(line.get_xdata()) > 1]
    for line in curves[:_MOST]:
        yield _line(axes, line, lang)
    if len(curves) > _MOST:
        yield ngettext("{n} more curve", "{n} more curves", len(curves) - _MOST)
    for dots in axes.collections:
        offsets = np.asarray(dots.get_offsets())
        if len(offsets) > 1:
            name = str(dots.get_label() or "")
            said = ngettext("{n} point", "{n} points", len(offsets))
            yield said if not name or name.startswith("_") else same(f"{name} ") + said
    for image in axes.images:
        yield _image(image, lang)


def _bars(axes: Any, container: Any, lang: str) -> Text:
    bars = container.patches
    upright = len({round(float(b.get_y()), 9) for b in bars}) == 1
    sizes = [float(b.get_height() if upright else b.get_width()) for b in bars]
    axis = axes.xaxis if upright else axes.yaxis
    ticks = [(float(at), label.get_text()) for at, label in zip(
        axis.get_ticklocs(), axis.get_ticklabels(), strict=False)]  # fmt: skip
    middles = [
        float(b.get_x() + b.get_width() / 2 if upright else b.get_y() + b.get_height() / 2)
        for b in bars
    ]
    near = [min(ticks, key=lambda t: abs(t[0] - m), default=(np.inf, "")) for m in middles]
    name = str(container.get_label() or "")
    name = "" if name.startswith("_") else f"{name} "
    if len(bars) <= _MOST and all(
        n and abs(at - m) < 0.5 for (at, n), m in zip(near, middles, strict=True)
    ):
        told = (f"{n} {significant(s, lang)}" for (_, n), s in zip(near, sizes, strict=True))
        return same(name + ", ".join(told))
    counted = same(name) + ngettext("{n} bar", "{n} bars", len(bars))
    return counted + gettext(", from {a} to {b}", a=quantity(min(sizes)), b=quantity(max(sizes)))


def _line(axes: Any, line: Any, lang: str) -> Text:
    name = str(line.get_label() or "")
    name = "" if name.startswith("_") else f"{name} "
    xs, ys = (np.asarray(d, dtype=float) for d in (line.get_xdata(), line.get_ydata()))
    ys = ys[np.isfinite(ys)]
    if line.get_transform() != axes.transData or not len(ys):  # a line across the whole plot
        across = xs[0] if len(set(xs)) == 1 else ys[0] if len(ys) else np.nan
        return same(name) + gettext("line at {v}", v=quantity(across))
    return same(name) + gettext(
        "from {a} to {b} (least {low}, most {high})",
        a=quantity(ys[0]), b=quantity(ys[-1]), low=quantity(ys.min()), high=quantity(ys.max()),
    )  # fmt: skip


def _image(image: Any, lang: str) -> Text:
    values: np.ndarray = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), np.nan)
    rows, columns = values.shape[:2]
    if values.ndim > 2 or min(rows, columns) > _PICTURE:
        return gettext("picture of {r} × {c} pixels", r=rows, c=columns)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return gettext("matrix of {r} × {c}", r=rows, c=columns)
    values = np.where(np.isfinite(values), values, -np.inf)
    if set(np.unique(values)) <= {0.0, 1.0}:
        filled = int(values.sum())
        text = gettext("matrix of {r} × {c}", r=rows, c=columns)
        return text + gettext(", {n} of {m} filled", n=filled, m=values.size)
    single = np.all(np.sum(values == values.max(axis=1, keepdims=True), axis=1) == 1)
    peaks = np.argmax(values, axis=1)
    text = gettext(
        "matrix of {r} × {c}, from {a} to {b}",
        r=rows, c=columns, a=quantity(finite.min()), b=quantity(finite.max()),
    )  # fmt: skip
    if 1 < rows <= 2 * _MOST and columns > 1 and single:
        places = ", ".join(str(int(p) + 1) for p in peaks)
        text += gettext(", largest per row in column {p}", p=places)
    return text


def _scales(axes: Any, lang: str) -> Iterator[str]:
    for name, label, scale, ends in (
        ("x", axes.get_xlabel(), axes.get_xscale(), axes.get_xlim()),
        ("y", axes.get_ylabel(), axes.get_yscale(), axes.get_ylim()),
    ):
        if label:
            low, high = (quantity(float(v)) for v in sorted(ends))
            said = gettext("{n}: {l}, from {a} to {b}", n=name, l=label, a=low, b=high)
            yield (said + (gettext(", logarithmic") if scale == "log" else same(""))).to(lang)

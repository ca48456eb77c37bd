"""``similar.html``: look-alikes side by side, for a person to judge."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup, escape

from grader.check.key import Key
from grader.gradebook.alike import Pair, Side
from grader.platforms.files import person, write_atomically
from grader.reports.page import render

MOST_CODE = 60_000  # characters of one side that are shown


def similar_page(
    pairs: Sequence[Pair],
    key: Key,
    compared: int,
    lang: str,
    links: Mapping[Hashable, str] | None = None,
) -> str:
    """The page, as HTML: no script, no other file, all code escaped.

    Args:
        compared: submissions that were compared.
        links: see `grader.reports.class_page.class_page`.
    """
    return render(
        "similar.html",
        lang,
        key=key,
        compared=compared,
        pairs=[(p, _marked(p.left), _marked(p.right)) for p in pairs],
        links=links or {},
        person=person,
    )


def _marked(side: Side) -> Markup:
    """Code with what is shared in ``mark`` elements."""
    parts: list[Markup] = []
    at = 0
    code = side.code[:MOST_CODE]
    for start, end in side.shared:
        if start >= len(code):
            break
        parts += [escape(code[at:start]), Markup("<mark>"), escape(code[start:end])]
        parts.append(Markup("</mark>"))
        at = min(end, len(code))
    parts.append(escape(code[at:]))
    return Markup("").join(parts)


def write_similar_page(
    pairs: Sequence[Pair],
    key: Key,
    compared: int,
    path: Path,
    lang: str,
    links: Mapping[Hashable, str] | None = None,
) -> Path:
    """Write `similar_page` to `path`."""
    return write_atomically(path, similar_page(pairs, key, compared, lang, links))

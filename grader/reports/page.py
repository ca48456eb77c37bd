"""How the HTML pages are put together: one environment, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from slugify import slugify

from grader.check.text import gettext, ngettext, number
from grader.gradebook.records import STANDING, Graded
from grader.notebook.display import html_of
from grader.reports import words

TABLE_SCRIPT = "_table.js"
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10)}


def file_stems(graded: Sequence[Graded]) -> dict[str, str]:
    """Student's identifier → a readable, unique, portable file name (no suffix).

    ``Zoé O'Brien`` becomes ``Zoe-O-Brien``. Namesakes get their identifier behind the name. A name
    depends on the class, never on its order.
    """
    slugs = {g.student_id: _slug(g.student) or _slug(g.student_id) for g in graded}
    taken = Counter(slug.casefold() for slug in slugs.values())
    used = set(_RESERVED)
    stems: dict[str, str] = {}
    for id, slug in sorted(slugs.items()):
        alone = bool(slug) and taken[slug.casefold()] == 1 and slug.casefold() not in _RESERVED
        stem = slug if alone else "-".join(p for p in (slug, _slug(id)[:40]) if p)
        if not stem or stem.casefold() in used or (not alone and stem == slug):
            stem = f"{stem or 'student'}-{hashlib.sha256(id.encode()).hexdigest()[:8]}"
        used.add(stem.casefold())
        stems[id] = stem
    return stems


def _slug(name: str) -> str:
    return slugify(name, lowercase=False, max_length=60, word_boundary=True) if name else ""


@cache
def _environment(package: str = "grader.reports") -> Environment:
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def compile_templates() -> None:
    """Compile every template now, not when it is first rendered: 0.3 s."""
    for name in _environment().list_templates(extensions=["html", "css", "svg"]):
        _environment().get_template(name)


@cache
def _script() -> tuple[str, str]:
    """The one script that a page may hold, which sorts and filters a table, and its hash."""
    text = _environment().get_template(TABLE_SCRIPT).render()
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def render(template: str, lang: str, package: str = "grader.reports", **values: Any) -> str:
    """A page in `lang` (``fr`` or ``en``), of a package's templates.

    Templates get ``_(english, **fields)``, ``_n(one, many, n, **fields)``, and in `lang` already:
    ``say(Text)`` (HTML: what stands between backticks is code; never for an attribute), ``number``,
    ``two``, ``percent``, ``duration``, ``date``, ``status``, ``cell``, ``standing``.
    """
    lang = "fr" if lang == "fr" else "en"

    def in_lang(write: Callable[..., str]) -> Callable[..., str]:
        return lambda value, *more: write(value, lang, *more)

    script, digest = _script()
    return (
        _environment(package)
        .get_template(template)
        .render(
            lang=lang,
            _=lambda message, **fields: gettext(message, **fields).to(lang),
            _n=lambda one, many, n, **fields: ngettext(one, many, n, **fields).to(lang),
            colon="\u00a0:" if lang == "fr" else ":",
            say=lambda text: Markup(html_of(text.to(lang))),
            number=in_lang(number),
            two=in_lang(words.two),
            percent=in_lang(words.percent),
            duration=in_lang(words.duration),
            date=in_lang(words.date),
            status={k: v.to(lang) for k, v in words.STATUS.items()},
            cell={k: v.to(lang) for k, v in words.CELL.items()},
            standing={k: v.to(lang) for k, v in STANDING.items()},
            table_script=script,
            table_script_hash=digest,
            **values,
        )
    )

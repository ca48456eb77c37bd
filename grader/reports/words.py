"""The reports' own words, in both languages, and how numbers and dates are written in each."""

from __future__ import annotations

import math
from datetime import datetime

from babel.dates import format_datetime

from grader.check.judge import Status
from grader.check.text import Text, gettext, number

STATUS: dict[Status, Text] = {
    "right": gettext("right"),
    "partial": gettext("partly right"),
    "carried": gettext("mistake carried over"),
    "wrong": gettext("wrong"),
    "error": gettext("raised an error"),
    "limit": gettext("stopped by a limit"),
    "todo": gettext("not done yet"),
    "missing": gettext("missing"),
    "forbidden": gettext("forbidden call"),
    "pending": gettext("to be read"),
}
SYMBOL: dict[Status, str] = {
    "right": "✓",
    "partial": "◐",
    "carried": "↷",
    "wrong": "✗",
    "error": "⚠",
    "limit": "◷",
    "todo": "…",
    "missing": "∅",
    "forbidden": "⊘",
    "pending": "✎",
}
CELL: dict[str, Text] = {
    "error": gettext("raised an error"),
    "limit": gettext("stopped by a limit"),
    "skipped": gettext("not run: a limit had ended the run"),
    "todo": gettext("hole still open"),
}


def two(value: float, lang: str) -> str:
    """A mark with two decimals: ``12.50``, ``12,50``."""
    text = f"{value:.2f}"
    return text.replace(".", ",") if lang == "fr" else text


def percent(share: float, lang: str) -> str:
    """``82%`` in English, ``82 %`` in French. Never 100 or 0 for what is not quite so."""
    whole = round(100 * share)
    whole = min(whole, 99) if share < 1 else whole
    whole = max(whole, 1) if share > 0 else whole
    return f"{whole}\u00a0%" if lang == "fr" else f"{whole}%"


def duration(seconds: float | None, lang: str) -> str:
    """``0.8 s``, ``42 s``, ``3 min 05 s``, ``1 h 02 min``."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 9.95:
        return f"{number(seconds, lang, 1)}\u00a0s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}\u00a0s"
    if whole < 3600:
        return f"{whole // 60}\u00a0min\u00a0{whole % 60:02d}\u00a0s"
    return f"{whole // 3600}\u00a0h\u00a0{whole % 3600 // 60:02d}\u00a0min"


def date(iso: str, lang: str) -> str:
    """An ISO 8601 moment as people write it; what is no such moment is returned as it came."""
    try:
        when = datetime.fromisoformat(iso)
    except (ValueError, TypeError):
        return iso if isinstance(iso, str) else ""
    zone = " UTC" if when.tzinfo is not None and not when.utcoffset() else ""
    day = "1er" if lang == "fr" and when.day == 1 else str(when.day)
    hour = "'à' H\u00a0'h'\u00a0mm" if lang == "fr" else "HH:mm"
    pattern = f"'{day}' MMMM y{' ' if lang == 'fr' else ', '}{hour}"
    return str(format_datetime(when, pattern, tzinfo=when.tzinfo, locale=lang)) + zone

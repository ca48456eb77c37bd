"""The reports' own words, in both languages, and how numbers and dates are written in each."""

from __future__ import annotations

import math
from datetime import datetime

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
    "limit": Text(en="stopped by a limit", fr="arrêtée par une limite"),
    "skipped": gettext("not run: a limit had ended the run"),
    "todo": gettext("hole still open"),
}
STATE: dict[str, Text] = {
    "graded": gettext("graded"),
    "pending": gettext("to be read"),
    "not_graded": gettext("not graded"),
}

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


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
    month = _MONTHS["fr" if lang == "fr" else "en"].split()[when.month - 1]
    zone = " UTC" if when.tzinfo is not None and not when.utcoffset() else ""
    if lang == "fr":
        day = "1er" if when.day == 1 else str(when.day)
        return f"{day} {month} {when.year} à {when.hour}\u00a0h\u00a0{when.minute:02d}{zone}"
    return f"{when.day} {month} {when.year}, {when.hour:02d}:{when.minute:02d}{zone}"

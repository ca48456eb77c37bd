"""Answers to questions: read leniently, compared through a slow hash.

The public key goes to students, so it holds no answer in clear: each accepted form (and each known
wrong one) is stored as a salted scrypt hash. Guessing a four-way choice from it costs more effort
than clicking through the four; reading it by accident is impossible.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

MAX_LENGTH = 200  # characters of an answer that is a number or a choice

_GAPS = re.compile(r"(?<=\d)[\s\u00a0\u202f_'’](?=\d{3}(?!\d))")
_NUMBER = re.compile(r"[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([.,])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
# Words before a choice that do not choose: "réponse B", "the second one".
_BEFORE = frozenset({
    "reponse", "reponses", "answer", "answers", "option", "choix", "choice", "lettre", "letter", "number",
    "numero", "c", "cest", "est", "it", "its", "is", "the", "le", "la", "les", "l", "un", "une", "an", "of",
})  # fmt: skip


def numbers_in(given: Any) -> list[float]:
    """The number that was meant, best reading first; empty if there is none, or several.

    ``82``, ``"= 82"``, ``"82 paramètres"``, ``"44 183 069"``, ``"44.183.069"``, ``"0,46"``, ``".46"``,
    ``"46 %"`` (0.46, or 46), ``"[117893]"``, ``[117893]``.
    """
    if isinstance(given, (list, tuple)) and len(given) == 1:
        return numbers_in(given[0])
    if isinstance(given, bool):
        return []
    if isinstance(given, (int, float)):
        try:
            return [] if given != given else [float(given)]
        except OverflowError:
            return []
    if hasattr(given, "item") and getattr(given, "size", 1) == 1:
        return numbers_in(given.item())
    if not isinstance(given, str) or len(given) > MAX_LENGTH:
        return []
    text = given.replace("\u2212", "-")
    while (closed := _GAPS.sub("", text)) != text:
        text = closed
    found = _NUMBER.findall(text)
    if len(found) != 1:
        return []
    (number,) = found
    before, _, after = text.partition(number)
    if re.search(r"[\w-]$", before) or re.match(r"\w*\d", after):  # x2, 10-5
        return []
    values = _decimal(number.rstrip(".,"))
    percent = re.match(r"\s*(?:%|pour ?cent|per ?cent)", after)
    return [v / 100 for v in values] + values if percent else values


def read_number(given: Any) -> float | None:
    """The best reading of `numbers_in`, for a lab's own judgement of a number."""
    return next(iter(numbers_in(given)), None)


def _decimal(text: str) -> list[float]:
    """A number with dots and commas: as thousands, or as a decimal point."""
    found = []
    if match := _THOUSANDS.fullmatch(text):
        found.append(text.replace(match[1], "").replace(",", "."))
    if len(re.findall("[.,]", text)) <= 1:
        found.append(text.replace(",", "."))
    if text.startswith(("0", ".", ",")):  # no thousands begin so
        found.reverse()
    return [float(x) for x in dict.fromkeys(found)]


def readings(given: Any, kind: str, decimals: int = 0) -> list[str]:
    """The canonical forms that an answer may stand for, best first; empty if it cannot be read.

    Args:
        given: what the student passed: number, string, or several of them in a list or set.
        kind: ``"number"``, ``"choice"`` (one word or letter) or ``"choices"`` (a set of them).
        decimals: for numbers, digits after the point that count; a whole number is never rounded.
    """
    if kind == "number":
        return list(dict.fromkeys(_canonical(v, decimals) for v in numbers_in(given)))
    if kind == "choices":
        parts = (
            re.split(r"[,;/+&]|\b(?:or|ou|and|et)\b", given[:MAX_LENGTH])
            if isinstance(given, str)
            else given
        )
        try:
            chosen = [_choices(p) for p in parts]
        except TypeError:
            return []
        forms = ["|".join(sorted({c[i] for c in chosen if c})) for i in (0, -1)]
        return [f for f in dict.fromkeys(forms) if f]
    return _choices(given)


def normalise(value: Any, kind: str, decimals: int = 0) -> str:
    """The canonical form of an author's own value; "" if it cannot be read."""
    return next(iter(readings(value, kind, decimals)), "")


def _canonical(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return repr(value)
    if decimals == 0 and abs(value - round(value)) > 1e-9 * max(1.0, abs(value)):
        return repr(value)
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def _choices(given: Any) -> list[str]:
    """A choice, as it stands and without the words before it; none of what is no word or number."""
    if isinstance(given, (list, tuple, set)) and len(given) == 1:
        return _choices(next(iter(given)))
    if not isinstance(given, (str, int, float)):
        return []
    text = unicodedata.normalize("NFKD", str(given)[:MAX_LENGTH]).casefold()
    text = "".join(c for c in text if not unicodedata.combining(c))
    words = re.findall(r"[a-z0-9]+", text)
    bare = list(words)
    while len(bare) > 1 and bare[0] in _BEFORE:
        bare.pop(0)
    return [f for f in dict.fromkeys(("".join(words), "".join(bare))) if f]


@lru_cache(maxsize=4096)  # a class gives the same few answers
def digest(form: str, salt: str) -> str:
    """scrypt (RFC 7914) of a canonical form, as hex; about 10 ms."""
    return hashlib.scrypt(form.encode(), salt=salt.encode(), n=2**12, r=8, p=1, dklen=16).hex()


def digests(forms: Iterable[str], salt: str) -> list[str]:
    return sorted({digest(f, salt) for f in forms})

"""Answers to questions: read leniently, compared through a slow hash.

The public key goes to students, so it holds no answer in clear: each accepted form (and each known
wrong one) is stored as a salted scrypt hash. Guessing a four-way choice from it costs more effort
than clicking through the four; reading it by accident is impossible.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_SPACES = re.compile(r"[\s\u00a0\u202f_]+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.]\d+)?(?:[eE][+-]?\d+)?")


def read_number(given: Any) -> float | None:
    """A number as students write it: ``82``, ``"44 183 069"``, ``"44,183,069"``, ``"0,46"``."""
    if isinstance(given, bool):
        return None
    if isinstance(given, (int, float)):
        return float(given)
    if hasattr(given, "item") and getattr(given, "size", 1) == 1:
        return read_number(given.item())
    if not isinstance(given, str):
        return None
    text = _SPACES.sub("", given).replace("\u2212", "-").replace("'", "")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3}){2,}(\.\d+)?", text) or re.fullmatch(
        r"[+-]?[1-9]\d{0,2},\d{3}", text
    ):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def normalise(given: Any, kind: str, decimals: int = 0) -> str:
    """The canonical form that is hashed.

    Args:
        given: what the student passed: number, string, or several of them in a list or set.
        kind: ``"number"``, ``"choice"`` (one word or letter) or ``"choices"`` (a set of them).
        decimals: for numbers, digits kept after the point.
    """
    if kind == "number":
        value = read_number(given)
        return (
            "?"
            if value is None or value != value
            else f"{round(value, decimals) + 0.0:.{decimals}f}"
        )
    if kind == "choices":
        parts = (
            re.split(r"[,;/+&]|\bor\b|\bou\b|\band\b|\bet\b", given)
            if isinstance(given, str)
            else given
        )
        try:
            return "|".join(sorted({normalise(p, "choice") for p in parts} - {""}))
        except TypeError:
            return "?"
    text = unicodedata.normalize("NFKD", str(given)).casefold()
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "", text)


@lru_cache(maxsize=4096)  # a class gives the same few answers
def digest(form: str, salt: str) -> str:
    """scrypt (RFC 7914) of a canonical form, as hex; about 10 ms."""
    return hashlib.scrypt(form.encode(), salt=salt.encode(), n=2**12, r=8, p=1, dklen=16).hex()


def digests(forms: Iterable[str], salt: str) -> list[str]:
    return sorted({digest(f, salt) for f in forms})

"""Text in both course languages.

Authors write the two side by side (`Text`). The kit's own texts are English in the code, French in the
catalogue ``grader/check/locale`` (`gettext`, `ngettext`), which ``make texts`` brings up to date.
"""

from __future__ import annotations

import difflib
import gettext as catalogues
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Lang = Literal["fr", "en"]
LANGS: tuple[Lang, Lang] = ("fr", "en")


@dataclass(frozen=True)
class Text:
    """One message in English and in French.

    Both sides may hold ``str.format`` fields; `fill` fills the two at once.
    """

    en: str
    fr: str

    def to(self, lang: str) -> str:
        """Return the text in `lang` (``"fr"``; anything else is English)."""
        return self.fr if lang == "fr" else self.en

    def fill(self, **fields: Any) -> Text:
        """Fill the fields of both sides; a `Text` field is filled with its own side."""

        def side(lang: str) -> str:
            values = {k: v.to(lang) if isinstance(v, Text) else v for k, v in fields.items()}
            return self.to(lang).format(**values)

        return Text(en=side("en"), fr=side("fr"))

    def __add__(self, other: Text) -> Text:
        return Text(en=self.en + other.en, fr=self.fr + other.fr)

    def to_dict(self) -> dict[str, str]:
        return {"en": self.en, "fr": self.fr}


class Refusal(ValueError):
    """Something cannot be done; the message is one line: what is wrong, where, what to do.

    Args:
        message: a `Text`, or what `gettext` takes.

    Attributes:
        text: the message in both languages; ``str()`` gives the English one.
    """

    def __init__(self, message: Text | str, /, **fields: Any) -> None:
        self.text = message if isinstance(message, Text) else gettext(message, **fields)
        super().__init__(self.text.en)


def same(text: str) -> Text:
    """A text that reads alike in both languages (a name, a formula, an exception)."""
    return Text(en=text, fr=text)


@cache
def _french() -> catalogues.NullTranslations:
    folder = Path(__file__).resolve().parent / "locale"
    return catalogues.translation("grader", folder, ["fr"])


def gettext(message: str, /, **fields: Any) -> Text:
    """A text of the kit's own, with its French from the catalogue; `fields` as for `Text.fill`."""
    text = Text(en=message, fr=_french().gettext(message))
    return text.fill(**fields) if fields else text


def ngettext(one: str, many: str, /, n: int, **fields: Any) -> Text:
    """The same for a number of things; `n` chooses the form of each language and fills ``{n}``."""
    english = one if n == 1 else many
    return Text(en=english, fr=_french().ngettext(one, many, n)).fill(n=n, **fields)


def number(value: float | None, lang: str, digits: int = 2) -> str:
    """``13.5`` in English, ``13,5`` in French; trailing zeros are dropped; ``–`` for none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = "0" if text in ("-0", "") else text
    return text.replace(".", ",") if lang == "fr" else text


def significant(value: float, lang: str, digits: int = 4) -> str:
    """A number as people write it: `digits` that count, thousands apart, no exponent where it can be."""
    if value is None or not math.isfinite(value):
        return "–"
    if value and (abs(value) >= 1e9 or abs(value) < 1e-4):
        text = f"{value:.{digits - 2}e}".replace("e-0", "e-").replace("e+0", "e")
        return text.replace(".", ",") if lang == "fr" else text
    places = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{max(0, places)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = text.replace("-", "−")
    return text.replace(",", "\u202f").replace(".", ",") if lang == "fr" else text


def quantity(value: float, digits: int = 4) -> Text:
    """`significant` in both languages."""
    return Text(en=significant(value, "en", digits), fr=significant(value, "fr", digits))


def share(value: float) -> Text:
    """A part of 1 as a percentage."""
    percent = f"{100 * value:.1f}"
    return Text(en=f"{percent}%", fr=percent.replace(".", ",") + "\u202f%")


# Control characters but for tab and newline, directions that outlast their line, halves of characters.
_UNCLEAN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ufffe\\uffff\\ud800-\\udfff]"
)


def clean(text: str) -> str:
    """`text` as it may stand on a page, in a terminal or in a table, whoever wrote it."""
    if text.isascii() and text.isprintable():
        return text
    return _UNCLEAN.sub(lambda found: "?" if found[0] >= "\ud800" else "", text)


def did_you_mean(name: str, known: Iterable[str], otherwise: Text, cutoff: float = 0.6) -> Text:
    """``did you mean 'attention'?``, or `otherwise` if nothing known looks like `name`."""
    spelt = {k.lower(): k for k in known}
    alike = [spelt[k] for k in difflib.get_close_matches(name.lower(), spelt, 1, cutoff)]
    return gettext("did you mean {m!r}?", m=alike[0]) if alike else otherwise

"""Errors that a student reads: one line, no traceback."""

from __future__ import annotations

from typing import Any

from grader.check.text import Text, gettext


class LabError(Exception):
    """Wrong use of the kit: what is wrong, where, what to do, in the notebook's language.

    Args:
        message: a `Text`, or what `gettext` takes.
    """

    def __init__(self, message: Text | str, lang: str = "en", /, **fields: Any) -> None:
        self.text = message if isinstance(message, Text) else gettext(message, **fields)
        super().__init__(self.text.to(lang))

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback."""
        return [f"LabError: {self}"]


class NoSuchCall(LabError, AttributeError):
    """A name that a lab does not have."""

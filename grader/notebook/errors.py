"""Errors that a student reads: one line, no traceback."""

from __future__ import annotations

from grader.check.text import Text


class LabError(Exception):
    """Wrong use of the kit: what is wrong, where, what to do, in the notebook's language."""

    def __init__(self, text: Text, lang: str = "en") -> None:
        super().__init__(text.to(lang))
        self.text = text

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback."""
        return [f"LabError: {self}"]


class NoSuchCall(LabError, AttributeError):
    """A name that a lab does not have."""

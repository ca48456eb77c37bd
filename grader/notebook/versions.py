"""The versions that the labs were tried with (`make places`), beside those that are found here."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from dataclasses import dataclass
from typing import Literal

from grader.check.text import Text, gettext, same

# The oldest and the newest release with which every lab was done; a test holds them against the places.
TRIED = {
    "Python": ("3.11", "3.13"),
    "tensorflow": ("2.18", "2.21"),
    "keras": ("3.5", "3.15"),
    "numpy": ("2.0", "2.5"),
}


@dataclass(frozen=True)
class Version:
    """A package, as it is here."""

    package: str
    found: str
    oldest: str
    newest: str

    @property
    def state(self) -> Literal["tried", "missing", "older", "newer"]:
        if not self.found:
            return "missing"
        if _release(self.found) < _release(self.oldest):
            return "older"
        return "newer" if _release(self.found) > _release(self.newest) else "tried"

    @property
    def tried(self) -> Text:
        return gettext("tried from {a} to {b}", a=self.oldest, b=self.newest)

    @property
    def advice(self) -> Text:
        """What to do about it; empty if nothing."""
        if self.state in ("missing", "older") and self.package == "Python":
            return gettext("choose a kernel with Python {b}", b=self.newest)
        if self.state in ("missing", "older"):
            return same(f'%pip install "{self.package}>={self.oldest}"')
        if self.state == "newer":
            return gettext("not tried yet: if a check looks wrong, tell your teacher this version")
        return same("")


def found_here() -> list[Version]:
    """Each of `TRIED` as it is here; nothing is imported for it."""
    return [Version(name, version_of(name), *span) for name, span in TRIED.items()]


def version_of(package: str) -> str:
    """The version that is installed; "" if the package is not."""
    if package == "Python":
        return platform.python_version()
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _release(version: str) -> tuple[int, ...]:
    """``"3.13.2"`` → (3, 13)."""
    return tuple(int(n) for n in re.findall(r"\d+", version)[:2])

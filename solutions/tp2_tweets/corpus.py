"""The corpora, read and split by the notebook's own given cells and solution."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any


@lru_cache(maxsize=1)
def reference() -> dict[str, Any]:
    """The names that the solution's cells define."""
    from grader.authoring.source import load_lab

    names = load_lab(Path(__file__).resolve().parent, proofs=False).namespace()
    names["lab"] = _Data()
    return names


class _Data:
    """What the given cells ask of ``lab``: the data beside the sources."""

    def data(self, name: str) -> dict[str, Any]:
        from grader.notebook.data import load

        return load(name, "en", Path(__file__).resolve().parent)


@lru_cache(maxsize=1)
def corpora() -> dict[str, tuple[list[str], list[str]]]:
    """Name → (oldest 90 %, newest 10 %) of the texts.

    Raises:
        ModuleNotFoundError: the pinned package that holds the tweets is not installed.
    """
    names = reference()
    found = {}
    for name in ("tweets", "verses"):
        dates, texts = names[f"read_{name}"]()
        found[name] = names["split_by_date"](dates, texts)
    return found


def vocabulary() -> list[str]:
    """The symbols of the solution, from the oldest tweets."""
    names = reference()
    return list(names["build_vocabulary"](corpora()["tweets"][0]))

"""Import ahead what a zone needs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence


def preload(modules: Sequence[str]) -> list[str]:
    """Import modules; return those that are missing."""
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.switch_backend("agg")
    return missing

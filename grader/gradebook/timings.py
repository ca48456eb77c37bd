"""Where the time of a run goes: seconds by part, for ``grader grade --timings`` and the benchmarks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Timings:
    """Sums of wall seconds by part; several threads may add to it.

    Parts: ``intake``, ``key``; in the workers' threads ``start`` (of workers), ``cells``, ``probes``
    and ``fork`` (what else a submission takes in the student zone: loading, forks, frames); in the
    coordinator ``clean room``, ``judging``, ``keeping``, ``reports``. ``idle`` is what is left of
    the workers' threads from the first to the last of them, ``workers`` how many there were.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, part: str, seconds: float) -> None:
        """Add to a part."""
        with self._lock:
            self.seconds[part] = self.seconds.get(part, 0.0) + seconds

    @contextmanager
    def during(self, part: str) -> Iterator[None]:
        """Add the time that passes meanwhile to a part."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.add(part, time.monotonic() - began)

    def write(self, path: Path) -> None:
        """Write the sums as JSON."""
        found = {name: round(seconds, 3) for name, seconds in self.seconds.items()}
        path.write_text(json.dumps(found, indent=1) + "\n")

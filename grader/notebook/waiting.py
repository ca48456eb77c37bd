"""How long a process stood ready and had no processor: time that no limit should count.

Limits are of wall time, so that a process that sleeps is stopped too. On a busy machine an honest
submission would run into them; what it waited for a processor is taken off, up to twice the limit.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

MOST = 2.0  # times the limit that waiting may add to it
AGE = 0.2  # seconds for which a reading will do as a beginning


def waited(pid: int | str = "self") -> float:
    """Seconds that a process's threads have waited for a processor so far; 0 if unknown.

    All threads are added up: TensorFlow computes in threads of its own, while the main one sleeps.
    """
    total = 0
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with (
                suppress(OSError, IndexError, ValueError),  # it may have ended
                open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file,
            ):
                total += int(file.read().split()[1])
    return total / 1e9


class Waiting:
    """`waited` of one process, for those who ask often: it takes a fifth of a millisecond."""

    def __init__(self, pid: int | str = "self") -> None:
        self.pid = pid
        self.now()

    def lately(self) -> float:
        """A reading no older than `AGE`: where a count begins, it is too low by no more than that."""
        return self._total if time.monotonic() - self._read_at < AGE else self.now()

    def now(self) -> float:
        """A reading taken now."""
        self._read_at, self._total = time.monotonic(), waited(self.pid)
        return self._total


def forgiven(waiting: float, limit: float) -> float:
    """Seconds, of those that a process has waited, that are taken off a limit."""
    return min(max(0.0, waiting), MOST * limit)

"""How long a process stood ready and had no processor: time that no limit should count.

Limits are of wall time, so that a process that sleeps is stopped too. On a busy machine an honest
submission would run into them; what it waited for a processor is taken off, up to twice the limit.
"""

from __future__ import annotations

MOST = 2.0  # times the limit that waiting may add to it


def waited(pid: int | str = "self") -> float:
    """Seconds that a process's main thread has waited for a processor so far; 0 if unknown."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def forgiven(since: float, limit: float, pid: int | str = "self") -> float:
    """Seconds waited after `since` (a result of `waited`) that are taken off a limit."""
    return min(max(0.0, waited(pid) - since), MOST * limit)

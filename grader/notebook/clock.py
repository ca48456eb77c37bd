"""How long a cell, a probe or a check may take, and where it was when its time was up."""

from __future__ import annotations

import linecache
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from grader.check.observe import LimitHit
from grader.notebook.waiting import Waiting, forgiven

_AGAIN = 1.0  # seconds; a bare `except:` in a loop does not outlive its limit for long


class Clock:
    """Raises `LimitHit` in the main thread when something, or the whole, is out of time.

    Args:
        names: the student's namespace: its functions are named when one is stopped.
        cpu_seconds: what the kernel allows this process, for the message.

    Attributes:
        at: where the last one that was stopped stood, innermost last: name of a function of the
            student's, and the line of code.
    """

    def __init__(
        self, item_seconds: float, names: Mapping[str, Any],
        seconds: float = float("inf"), cpu_seconds: float = 0.0,
    ) -> None:  # fmt: skip
        self.names = names
        self.item_seconds, self.seconds, self.cpu_seconds = item_seconds, seconds, cpu_seconds
        self.end = time.monotonic() + seconds
        self.running = False
        self.allowed = self.granted = 0.0
        self.at: list[tuple[str, str]] = []
        self._halfway: list[FrameType] | None = None
        self._timer: threading.Timer | None = None
        self.waiting = Waiting()
        self.waited_before = self.waited_at_first = self.waiting.lately()
        self._alarm = hasattr(signal, "setitimer")
        self._signal = signal.SIGALRM if self._alarm else signal.SIGINT
        self._before = signal.getsignal(self._signal)
        self.claim()

    def claim(self) -> None:
        """Take the signals (back): a student's code may have changed what they do."""
        signal.signal(self._signal, self._ring)
        if self.cpu_seconds and hasattr(signal, "SIGXCPU"):
            signal.signal(signal.SIGXCPU, self._processor)

    def release(self) -> None:
        """Give the signal back to whoever had it before."""
        self.stop()
        signal.signal(self._signal, self._before or signal.SIG_DFL)

    @contextmanager
    def limit(self, share: float = 1.0) -> Iterator[None]:
        """One cell, probe or check: what is inside gets its time, or a share of what is left."""
        self.start(share=share)
        try:
            yield
        finally:
            self.stop()

    @property
    def inside(self) -> str:
        """The function in which the last one that was stopped went on; "" if in none."""
        return self.at[-1][0] if self.at else ""

    def left(self, so_far: float) -> float:
        """Seconds for the whole, when this process has waited so long (see `Waiting`)."""
        idle = forgiven(so_far - self.waited_at_first, min(self.seconds, 1e9))
        return self.end + idle - time.monotonic()

    def start(self, extra: float = 0.0, most: float = float("inf"), share: float = 1.0) -> None:
        """Give the next item its time, from now on.

        Args:
            extra: seconds more, for a training that must be done.
            most: seconds it may have at most.
            share: of what is left of the whole, that it may have at most.
        """
        so_far = self.waiting.lately()
        left = max(share * self.left(so_far), 0.05)
        self.allowed = min(self.item_seconds + extra, left, most)
        self.granted, self.waited_before = 0.0, so_far
        self._halfway = None
        self.running = True
        self._set(self.allowed / 2)

    def stop(self) -> None:
        self.running = False
        self._halfway = None
        self._set(0.0)

    def _set(self, seconds: float) -> None:
        if self._alarm:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN if seconds else 0.0)
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds:  # Windows has no alarm; what Ctrl+C does, a thread can do
            import _thread

            self._timer = threading.Timer(seconds, _thread.interrupt_main)
            self._timer.daemon = True
            self._timer.start()

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        if not self.running:
            if not self._alarm:
                raise KeyboardInterrupt
            return
        if self._halfway is None:
            self._halfway = list(_frames(frame))
            self._set(self.allowed / 2)
            return
        so_far = self.waiting.now()
        left = self.left(so_far)
        more = forgiven(so_far - self.waited_before, self.allowed) - self.granted
        if more > 0.05 and left > 0:
            self.granted += more
            self._set(more)
            return
        self.at = [
            _place(f) for f in _frames(frame) if f in self._halfway and f.f_globals is self.names
        ]
        if not self._alarm:
            self._set(_AGAIN)
        if left <= 0:
            raise LimitHit("seconds", self.seconds)
        raise LimitHit("cell", round(self.allowed, 1))

    def _processor(self, signum: int, frame: Any) -> None:
        if self.running:
            raise LimitHit("cpu", self.cpu_seconds)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The calls that are going on, outermost first."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return reversed(found)


def _place(frame: FrameType) -> tuple[str, str]:
    """The top-level name that a function belongs to ("" for a cell's own code), and its line."""
    code = frame.f_code
    name = code.co_qualname.split(".")[0]
    line = linecache.getline(code.co_filename, frame.f_lineno).strip()
    return ("" if name.startswith("<") else name), line[:200]


@contextmanager
def limited(item_seconds: float, names: Mapping[str, Any]) -> Iterator[Clock | None]:
    """A clock for a while, in a process whose signals are somebody else's; None beside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    clock = Clock(item_seconds, names)
    try:
        yield clock
    finally:
        clock.release()


def limit_record(hit: LimitHit, clock: Clock | None = None) -> dict[str, Any]:
    """An error record of what was stopped: which limit, and the student's line where it was."""
    line = clock.at[-1][1] if clock is not None and clock.at else ""
    return {"type": "LimitHit", "limit": hit.limit, "value": hit.value, "line": line}

"""Open holes: one calm line instead of a red traceback, and the cells after it still run.

A hole raises `NotDoneYet`. Keras and AutoGraph wrap it in exceptions of their own, and a cell
that stops at a hole leaves names undefined, at which later cells stop in turn. `Holes` sees
through both.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from grader.check.names import defined_in
from grader.check.observe import NotDoneYet

_WORD = re.compile(r"[\w.\-]+")


class NotTrainedYet(NotDoneYet):
    """A recording is asked for that was not made yet."""


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that it was made of, outermost first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def hole_in(error: BaseException | None) -> str | None:
    """The exercise whose open hole an exception comes from ("" if it does not say), or None."""
    found: str | None = None
    for one in chain(error):
        if isinstance(one, NotDoneYet):
            name = str(one.args[0]) if one.args else ""
            # Keras repeats the exception with a longer message; the innermost is the hole's own.
            found = name if _WORD.fullmatch(name) else found or ""
        elif found is None and (match := re.search(r"NotDoneYet: ([\w.\-]+)", _message(one))):
            found = match.group(1)
    return found


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # whatever a student's exception does when it is printed
        return ""


class Holes:
    """Which names are not there because a hole is open.

    Args:
        defines: name → exercise that asks for it, as far as known.
    """

    def __init__(self, defines: Mapping[str, str] | None = None) -> None:
        self.defines = dict(defines or {})
        self.pending: dict[str, str] = {}
        self.open: set[str] = set()
        self.untrained: set[str] = set()

    def explain(
        self, error: BaseException | None, source: str, names: Container[str]
    ) -> str | None:
        """Say which open hole stopped a cell.

        Args:
            source: the cell; names it would have defined are remembered as pending.

        Returns:
            The exercise's id ("" if unknown), or None if the exception is an error like any other.
        """
        exercise = hole_in(error)
        if exercise is None and isinstance(error, NameError):
            missing = getattr(error, "name", None) or ""
            if missing not in names and missing:
                exercise = self.pending.get(missing)
                if exercise is None and self.defines.get(missing) in self.open:
                    exercise = self.defines[missing]
        if exercise is None:
            return None
        if any(isinstance(e, NotTrainedYet) for e in chain(error)):
            self.untrained.add(exercise)
        elif exercise and not isinstance(error, NameError):
            self.open.add(exercise)
        for name in defined_in([source]):
            if name not in names:
                self.pending[name] = exercise
        return exercise


def install(shell: Any, holes: Holes, say: Any) -> None:
    """Make an IPython shell take open holes calmly.

    Args:
        say: called with the exercise's id (or the recording's name); shows the calm line.
    """
    taken: list[BaseException] = []
    running = {"source": ""}

    def remember(info: Any) -> None:
        running["source"] = str(getattr(info, "raw_cell", "") or "")

    def handle(self: Any, etype: Any, value: Any, tb: Any, tb_offset: int | None = None) -> None:
        exercise = holes.explain(value, running["source"], self.user_ns)
        if exercise is None:
            self.showtraceback((etype, value, tb), tb_offset=tb_offset, running_compiled_code=True)
            return
        taken.append(value)
        say(exercise)

    def forgive(result: Any) -> None:
        if any(result.error_in_exec is error for error in taken):
            result.error_in_exec = None
        taken.clear()

    for event, callback in (("pre_run_cell", remember), ("post_run_cell", forgive)):
        for old in list(shell.events.callbacks[event]):
            if getattr(old, "__module__", "") == __name__:
                shell.events.unregister(event, old)
        shell.events.register(event, callback)
    shell.set_custom_exc((Exception,), handle)

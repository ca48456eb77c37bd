"""The commands as a person types them, run in this process."""

from __future__ import annotations

import contextlib
from pathlib import Path

from click.testing import CliRunner

from grader.cli import common, main


def grader(course: Path, *words: str, code: int | tuple[int, ...] = 0) -> str:
    """Run a command in the course's folder; what it said."""
    common._chosen.clear()  # the language of the run before
    with contextlib.chdir(course):
        done = CliRunner().invoke(main, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (code if isinstance(code, tuple) else (code,)), done.output
    return done.output

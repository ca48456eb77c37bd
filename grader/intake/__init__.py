"""Folders and zips of every usual platform → submissions. Reads student files, runs none."""

from grader.intake.collect import Submission, cells, collect
from grader.intake.limits import IntakeLimits
from grader.intake.notebook import Book, NotGradable, read_notebook
from grader.intake.unpack import IntakeError

__all__ = [
    "Book", "IntakeError", "IntakeLimits", "NotGradable", "Submission", "cells", "collect",
    "read_notebook",
]  # fmt: skip

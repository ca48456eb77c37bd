"""Folders and zips of every usual platform → submissions. Reads student files, runs none."""

from grader.intake.collect import collect
from grader.intake.files import IntakeError, Unreadable
from grader.intake.limits import IntakeLimits
from grader.intake.notebook import Book, NotGradable, read_notebook
from grader.intake.submission import Submission

__all__ = [
    "Book", "IntakeError", "IntakeLimits", "NotGradable", "Submission", "Unreadable", "collect",
    "read_notebook",
]  # fmt: skip

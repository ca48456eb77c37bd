"""The commands. Nothing heavy is imported before a command needs it.

Exit codes: 0 done; 1 some submissions could not be graded, or something does not hold (listed);
2 wrong use; 130 interrupted.
"""

from __future__ import annotations

import click

from grader import __version__
from grader.cli import after, authors, grading
from grader.cli.common import Program

COMMANDS = {
    "Grade a class": (
        grading.init, grading.grade, after.show, after.review, after.override, after.comment,
        after.settle, after.requests, after.curve, after.similar, after.log, after.export,
    ),
    "Make labs": (
        authors.new, authors.watch, authors.build, authors.validate, authors.calibrate,
        authors.simulate, authors.release,
        authors.nbgrader, authors.gradescope,
    ),
    "Other": (authors.check, authors.doctor),
}  # fmt: skip


@click.group(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="grader")
def main() -> None:
    """Lab notebooks for a deep-learning course: build, prove, hand out, grade."""


for panel, commands in COMMANDS.items():
    for command in commands:
        main.add_panel(panel, command)

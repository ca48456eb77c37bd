"""From verdicts to files that people read: gradebook, feedback pages, the class page."""

from grader.platforms.files import ReportError
from grader.reports.terminal import summary_table
from grader.reports.write import Paths, write_all

__all__ = ["Paths", "ReportError", "summary_table", "write_all"]

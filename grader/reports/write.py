"""All reports of a graded class, in one folder."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.check.key import Key
from grader.check.text import Text, gettext
from grader.gradebook.records import About, Graded
from grader.platforms.files import file_stems
from grader.reports.class_page import write_class_page
from grader.reports.exports import write_results
from grader.reports.feedback import Pictures, write_feedback
from grader.reports.gradebook import write_gradebook


@dataclass(frozen=True)
class Paths:
    """Where the reports lie.

    Attributes:
        feedback_of: `grader.platforms.files.person` of a record → its feedback page.
    """

    gradebook: Path
    results: Path
    feedback: Path
    class_page: Path
    feedback_of: dict[Hashable, Path]

    def shown(self) -> list[tuple[Text, Path]]:
        """What each is, and where: for the last lines of a run."""
        return [
            (gettext("class page"), self.class_page),
            (gettext("gradebook"), self.gradebook),
            (gettext("feedback pages"), self.feedback),
            (gettext("Gradescope results"), self.results),
        ]


def write_all(
    graded: Sequence[Graded],
    key: Key,
    out: Path,
    lang: str,
    pictures: Mapping[str, Pictures] | None = None,
    about: About | None = None,
) -> Paths:
    """Write ``gradebook.csv``, ``results/*.json``, ``feedback/*.html`` and ``class.html``.

    Feedback pages are in each submission's language; the rest is in `lang`. Each file is replaced
    whole; files of other runs are left alone.

    Args:
        pictures: student's identifier → ``{check: {"came", "expected"}}``.
        about: who is missing, which marks moved.

    Raises:
        ReportError: a file cannot be written.
    """
    stems = file_stems(graded)
    results, feedback = out / "results", out / "feedback"
    write_results(graded, key, results, stems=stems)
    write_feedback(graded, key, feedback, stems=stems, pictures=pictures)
    links = {who: f"feedback/{stem}.html" for who, stem in stems.items()}
    return Paths(
        gradebook=write_gradebook(
            graded, key, out / "gradebook.csv", lang=lang, missing=(about or About()).missing or ()
        ),
        results=results,
        feedback=feedback,
        class_page=write_class_page(
            graded, key, out / "class.html", lang, links=links, about=about
        ),
        feedback_of={who: feedback / f"{stem}.html" for who, stem in stems.items()},
    )

"""All reports of a graded class, in the lab's own folder, and of the course, above the labs'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.check.key import Key
from grader.check.text import Text, gettext
from grader.gradebook.course import Course, course_rows
from grader.gradebook.records import About, Graded
from grader.gradebook.store import Store
from grader.platforms.files import write_atomically
from grader.reports.class_page import class_page, course_page, lab_line
from grader.reports.exports import write_results
from grader.reports.feedback import feedback_page
from grader.reports.page import file_stems
from grader.reports.summary import doubts
from grader.reports.tables import course_csv, gradebook_csv, oral_csv


@dataclass(frozen=True)
class Paths:
    """Where a lab's reports lie."""

    folder: Path

    @property
    def gradebook(self) -> Path:
        return self.folder / "gradebook.csv"

    @property
    def class_page(self) -> Path:
        return self.folder / "class.html"

    @property
    def feedback(self) -> Path:
        """Of the students' pages; ``submissions`` beside it holds the teacher's."""
        return self.folder / "feedback"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def shown(self) -> list[tuple[Text, Path]]:
        """What each is, and where: for the last lines of a run."""
        return [
            (gettext("class page"), self.class_page),
            (gettext("gradebook"), self.gradebook),
            (gettext("feedback pages"), self.feedback),
            (gettext("the teacher's pages"), self.folder / "submissions"),
            (gettext("Gradescope results"), self.results),
        ]


def write_all(
    graded: Sequence[Graded],
    key: Key,
    folder: Path,
    lang: str,
    store: Store | None = None,
    about: About | None = None,
    only: Sequence[str] | None = None,
) -> Paths:
    """Write ``gradebook.csv``, ``class.html``, ``oral.csv``, ``results/``, ``feedback/``, ``submissions/``.

    Feedback pages are in each submission's language; the rest is in `lang`. Each file is replaced
    whole; files of other runs are left alone.

    Args:
        only: students whose own pages are written; all if None.

    Raises:
        ReportError: a file cannot be written.
    """
    about = about or About()
    if not about.oral:
        about = replace(about, oral=tuple(doubts(graded, key)))
    paths = Paths(folder)
    here = [g for g in graded if g.digest or g.by_hand or g.comment]
    stems = file_stems(here)
    own = here if only is None else [g for g in here if g.student_id in only]
    write_results(own, key, paths.results, stems=stems)
    sources = store.sources(key.lab) if store is not None else {}
    for g in own:
        page = f"{stems[g.student_id]}.html"
        evidence = store.evidence(key.lab, g.student_id) if store is not None else {}
        cells = sources.get(g.student_id, [])
        written = feedback_page(g, key, evidence=evidence, cells=cells, contact=about.contact)
        write_atomically(paths.feedback / page, written)
        written = feedback_page(
            g, key, evidence=evidence, cells=cells, lang=lang, teacher=True, page=page
        )
        write_atomically(folder / "submissions" / page, written)
    links = {id: f"submissions/{stem}.html" for id, stem in stems.items()}
    write_atomically(paths.gradebook, gradebook_csv(graded, key, lang))
    write_atomically(folder / "oral.csv", oral_csv(graded, about, lang))
    write_atomically(paths.class_page, class_page(graded, key, lang, links=links, about=about))
    return paths


def write_course(
    course: Course, keys: Mapping[str, Key], classes: Mapping[str, Sequence[Graded]], out: Path,
    lang: str,
) -> Path:  # fmt: skip
    """Write ``index.html`` and ``course.csv``: every lab, and each student over all labs."""
    rows = course_rows(course, classes, {lab: key.max_points for lab, key in keys.items()})
    weights = {lab: course.settings.lab(lab).weight for lab in classes}
    labs = [lab_line(graded, keys[lab], weights[lab]) for lab, graded in classes.items()]
    write_atomically(out / "course.csv", course_csv(rows, weights, lang))
    page = course_page(course.settings.title, labs, rows, lang)
    return write_atomically(out / "index.html", page)

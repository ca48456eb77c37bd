"""Files are written whole under names that every system accepts."""

from __future__ import annotations

import os
import random
import re
from dataclasses import replace

import pytest
from synthetic import make_class, make_key

from grader.gradebook.records import Graded
from grader.platforms.files import ReportError, write_atomically
from grader.reports.page import file_stems
from grader.reports.write import write_all

KEY = make_key()
CLASS = make_class()


def test_names_are_safe_and_unique() -> None:
    stems = file_stems(CLASS)
    assert len({s.casefold() for s in stems.values()}) == len(CLASS)
    for stem in stems.values():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,110}", stem)
        assert stem.casefold() not in ("con", "nul", "aux", "prn")


def test_names_are_readable() -> None:
    stems = {g.student: file_stems(CLASS)[g.student_id] for g in CLASS}
    assert stems["Zoé O'Brien"] == "Zoe-O-Brien"
    assert stems["Jean-François Müller-Lefèvre"] == "Jean-Francois-Muller-Lefevre"
    assert stems["王伟"] == "Wang-Wei"
    assert stems["../../etc/passwd"] == "etc-passwd"
    assert {s for n, s in stems.items() if n.casefold() == "camille dupont"} <= {
        "Camille-Dupont-1008", "Camille-Dupont-1009", "camille-dupont-1010"
    }  # fmt: skip


def test_a_name_does_not_depend_on_the_order() -> None:
    shuffled = list(CLASS)
    random.Random(3).shuffle(shuffled)
    assert file_stems(shuffled) == file_stems(CLASS)


def test_namesakes_whose_identifiers_say_nothing_still_differ() -> None:
    def twin(name: str, id: str) -> Graded:
        return Graded(name, id, "a.ipynb", "lab", "d")

    stems = file_stems([twin("Ana", "?"), twin("Ana", "!"), twin("Ana-Ana", "x")])
    assert len(set(stems.values())) == 3


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.csv"
    write_atomically(path, "old")

    def broken(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", broken)
    with pytest.raises(ReportError, match=r"cannot write .*a\.csv: No space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_read_only_file_is_a_clear_error(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o444)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write everything")
    with pytest.raises(ReportError, match="read-only"):
        write_atomically(path, "new")


def test_a_folder_in_the_way_is_a_clear_error(tmp_path) -> None:
    (tmp_path / "gradebook.csv").mkdir()
    with pytest.raises(ReportError, match="cannot write"):
        write_atomically(tmp_path / "gradebook.csv", "x")


def test_everything_is_written(tmp_path) -> None:
    absent = Graded("Absente Toujours", "a@e.fr", "", KEY.lab, "")
    paths = write_all([*CLASS, absent], KEY, tmp_path / "out", "fr")
    assert paths.gradebook.read_text("utf-8").startswith("\ufeffstudent,student_id,lab,total,max,")
    assert len(list(paths.results.glob("*.json"))) == len(CLASS)
    assert len(list(paths.feedback.glob("*.html"))) == len(CLASS)
    page = paths.class_page.read_text("utf-8")
    for path in paths.feedback.glob("*.html"):
        own = paths.folder / "submissions" / path.name
        assert f"../feedback/{path.name}" in own.read_text("utf-8")
        assert f'href="submissions/{path.name}"' in page
    assert "Absente Toujours" in page and "absent" in page


def test_only_the_students_named_get_new_pages(tmp_path) -> None:
    write_all(CLASS, KEY, tmp_path, "en", only=[CLASS[0].student_id])
    assert [p.name for p in tmp_path.glob("feedback/*")] == ["Zoe-O-Brien.html"]
    assert (tmp_path / "gradebook.csv").read_text().count("\n") == 1 + len(CLASS)


def test_writing_again_gives_the_same_bytes(tmp_path) -> None:
    def contents() -> dict[str, bytes]:
        write_all(CLASS, KEY, tmp_path, "en")
        return {str(p): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    assert contents() == contents()


def test_an_empty_class_is_no_error(tmp_path) -> None:
    paths = write_all([], KEY, tmp_path, "fr")
    assert paths.gradebook.read_text().count("\n") == 1
    assert '<html lang="fr">' in paths.class_page.read_text()


def test_a_class_in_which_nothing_could_be_graded(tmp_path) -> None:
    failed = [g for g in CLASS if g.problem]
    page = write_all(failed, KEY, tmp_path, "en").class_page.read_text()
    assert "cut short at byte 2,048" in page


def test_verdicts_of_another_key_do_not_stop_the_reports(tmp_path) -> None:
    odd = replace(CLASS[0].verdicts[0], check="gone", exercise="gone", diagnosis="unknown")
    paths = write_all([replace(CLASS[0], verdicts=(odd,))], KEY, tmp_path, "en")
    assert "gone" in next(paths.feedback.glob("*.html")).read_text()

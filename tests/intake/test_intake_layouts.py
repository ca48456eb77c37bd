"""Whose is what, in every layout that platforms and people make."""

import os
import unicodedata
from pathlib import Path

import pytest
from handed_in import lay, manifest, notebook, recording, zipped

from grader.intake import IntakeError, Submission, cells, collect


def told(path: Path, lab: str | None = "mini", **more) -> dict[str, Submission]:
    found = collect(path, lab, **more)
    names = [s.student for s in found]
    assert len(set(names)) == len(names)
    assert len({(s.student_id, s.lab) for s in found}) == len(found)
    return {s.student: s for s in found}


MOODLE = {
    "Zoé d'Hérouville_101_assignsubmission_file_/tp.ipynb": notebook("x = 1"),
    "Jean Martin_102_assignsubmission_file/tp.ipynb": notebook("x = 2"),
    "Jean Martin_103_assignsubmission_file_/tp.ipynb": notebook("x = 3"),
    "Łukasz Żółć_104_assignsubmission_file_/rendu é.zip": zipped(
        {
            "tp.ipynb": notebook("x = 4"),
            "recordings/net.safetensors": recording(),
            "manifest.json": manifest(created="2026-02-01T10:00:00+01:00", receipt="k7-42"),
        }
    ),
    "Anne Roux_105_assignsubmission_onlinetext_/onlinetext.html": b"<p>Bonjour</p>",
}


def check_moodle(found: dict[str, Submission]) -> None:
    assert set(found) == {
        "Zoé d'Hérouville", "Jean Martin (102)", "Jean Martin (103)", "Łukasz Żółć", "Anne Roux",
    }  # fmt: skip
    assert found["Jean Martin (103)"].student_id == "103"
    assert cells(found["Jean Martin (103)"])[-1] == "x = 3"
    packed = found["Łukasz Żółć"]
    assert packed.receipt == "k7-42"
    assert packed.submitted_at == "2026-02-01T10:00:00+01:00"
    assert dict(packed.load().recordings) == {"net": recording()}
    assert "text was typed in" in found["Anne Roux"].problem.en


def test_moodle_folder(tmp_path):
    check_moodle(told(lay(tmp_path, MOODLE)))


def test_moodle_zip(tmp_path):
    (tmp_path / "cours-TP.zip").write_bytes(zipped(MOODLE))
    check_moodle(told(tmp_path / "cours-TP.zip"))


def test_moodle_zip_inside_a_folder(tmp_path):
    lay(tmp_path, {"download/cours-TP.zip": zipped(MOODLE), "download/worksheet.csv": b"a,b"})
    check_moodle(told(tmp_path))


def test_moodle_folder_inside_a_folder_and_inside_a_zip(tmp_path):
    lay(tmp_path / "a", {f"TP4/groupe 1/{k}": v for k, v in MOODLE.items()})
    check_moodle(told(tmp_path / "a"))
    (tmp_path / "b.zip").write_bytes(zipped({f"TP4/{k}": v for k, v in MOODLE.items()}))
    check_moodle(told(tmp_path / "b.zip"))


def test_moodle_without_folders(tmp_path):
    flat = {k.replace("_/", "_").replace("file/", "file_"): v for k, v in MOODLE.items()}
    check_moodle(told(lay(tmp_path, flat)))


def test_moodle_origin_keeps_the_folder_as_it_is_spelled(tmp_path):
    name = unicodedata.normalize("NFD", "Zoé Ménard_7_assignsubmission_file_")
    found = told(lay(tmp_path, {f"{name}/tp.ipynb": notebook("x")}))
    assert found["Zoé Ménard"].origin == f"{name}/tp.ipynb"


def test_two_spellings_of_one_folder_are_one_student(tmp_path):
    name = "Zoé Ménard_7_assignsubmission_file"
    lay(tmp_path, {f"{unicodedata.normalize('NFC', name)}/old.ipynb": notebook("old = 1")})
    lay(tmp_path, {f"{unicodedata.normalize('NFD', name)}_/tp.ipynb": notebook("new = 1")})
    assert len(told(tmp_path)) == 1


def test_blind_marking_names_are_told_apart(tmp_path):
    files = {
        f"Participant_{n}_assignsubmission_file_/tp.ipynb": notebook(f"x = {n}") for n in (7, 8)
    }
    assert set(told(lay(tmp_path, files))) == {"Participant (7)", "Participant (8)"}


def test_nbgrader_tree(tmp_path):
    files = {
        "submitted/alice/tp/tp.ipynb": notebook("a"),
        "submitted/alice/tp/timestamp.txt": b"2026-02-01 10:00:00 UTC",
        "submitted/bob/tp/tp.ipynb": notebook("b"),
        "submitted/bob/other/other.ipynb": notebook("c", lab="other"),
        "source/tp/tp.ipynb": notebook("solution"),
        "autograded/alice/tp/tp.ipynb": notebook("x"),
    }
    lay(tmp_path, files)
    for path in (tmp_path, tmp_path / "submitted"):
        found = told(path)
        assert set(found) == {"alice", "bob"}
        assert cells(found["bob"])[-1] == "b"
        assert found["alice"].submitted_at == "2026-02-01T10:00:00+00:00"


def test_nbgrader_tree_of_two_labs(tmp_path):
    files = {f"submitted/alice/{lab}/x.ipynb": notebook("a", lab=lab) for lab in ("tp1", "tp2")}
    found = collect(lay(tmp_path, files))
    assert [(s.student, s.lab) for s in found] == [("alice", "tp1"), ("alice", "tp2")]


GRADESCOPE = """---
submission_11:
  :submitters:
  - :name: Zoé Ménard
    :sid: '2101'
    :email: zoe@example.org
  :created_at: 2026-02-01 10:00:00.5 Z
  :score: 0.0
  :status: processed
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
  :history: []
submission_12:
  :submitters:
  - :name: Jean Martin
    :sid:
    :email: jean@example.org
  - :name: Ana Díaz
    :sid: '2103'
    :email: ana@example.org
  :created_at: 2026-02-01 11:00:00 Z
"""


@pytest.mark.parametrize("wrapped", ["", "assignment_42_export/"])
def test_gradescope_export(tmp_path, wrapped):
    files = {
        f"{wrapped}submission_metadata.yml": GRADESCOPE.encode(),
        f"{wrapped}submission_11/tp.ipynb": notebook("a"),
        f"{wrapped}submission_12/tp.ipynb": notebook("b"),
    }
    (tmp_path / "export.zip").write_bytes(zipped(files))
    for path in (lay(tmp_path / "dir", files), tmp_path / "export.zip"):
        found = told(path)
        assert {n: s.student_id for n, s in found.items()} == {
            "Zoé Ménard": "2101", "Jean Martin": "jean@example.org", "Ana Díaz": "2103",
        }  # fmt: skip
        assert found["Ana Díaz"].members == ("Jean Martin", "Ana Díaz")
        assert found["Ana Díaz"].digest == found["Jean Martin"].digest
        assert found["Zoé Ménard"].submitted_at.startswith("2026-02-01T10:00:00.5")


def test_gradescope_metadata_that_cannot_be_read_is_said(tmp_path):
    lay(tmp_path, {"submission_metadata.yml": b"a: [1", "submission_1/tp.ipynb": notebook("a")})
    with pytest.raises(IntakeError, match=r"submission_metadata\.yml cannot be read \(line"):
        collect(tmp_path)


def test_canvas_names(tmp_path):
    files = {
        "menardzoe_123_4567_tp.ipynb": notebook("a"),
        "martinjean_LATE_124_4568_tp-1.ipynb": notebook("b"),
    }
    found = told(lay(tmp_path, files))
    assert {n: s.student_id for n, s in found.items()} == {"menardzoe": "123", "martinjean": "124"}


def test_flat_folder_of_notebooks_and_zips(tmp_path):
    files = {
        "Zoé.ipynb": notebook("a"),
        "jean.zip": zipped({"any/tp.ipynb": notebook("b")}),
        "ana.pdf": b"%PDF-1.4",
        "notes.csv": b"not,a,submission",
        ".DS_Store": b"\0",
        ".ipynb_checkpoints/Zoé-checkpoint.ipynb": notebook("old"),
    }
    found = told(lay(tmp_path, files))
    assert set(found) == {"Zoé", "jean", "ana"}
    assert "ana.pdf" in found["ana"].problem.fr


def test_one_folder_a_student(tmp_path):
    files = {
        "Zoé Ménard/tp.ipynb": notebook("a"),
        "Jean Martin/deep/er/tp.ipynb": notebook("b"),
        "Ana/tp.zip": zipped({"tp.ipynb": notebook("c")}),
        "Nobody/README.md": b"nothing yet",
    }
    for path in (lay(tmp_path / "x", files), lay(tmp_path / "y" / "rendus", files).parent):
        found = told(path)
        assert set(found) == {"Zoé Ménard", "Jean Martin", "Ana", "Nobody"}
        assert "no notebook" in found["Nobody"].problem.en


def test_students_below_their_groups(tmp_path):
    files = {
        f"groupe {g}/{s}/tp.ipynb": notebook(s)
        for g, people in {"A": ("Zoé", "Jean"), "B": ("Ana", "Bo")}.items()
        for s in people
    }
    assert set(told(lay(tmp_path, files))) == {"Zoé", "Jean", "Ana", "Bo"}


def test_versions_in_subfolders_are_no_students(tmp_path):
    files = {f"{s}/{v}/tp.ipynb": notebook(s, v) for s in ("Zoé", "Jean") for v in ("v1", "v2")}
    found = told(lay(tmp_path, files))
    assert set(found) == {"Zoé", "Jean"}
    assert "2 versions" in found["Zoé"].notices[0].en


def test_zip_of_zips(tmp_path):
    files = {f"{s}.zip": zipped({"tp.ipynb": notebook(s)}) for s in ("zoé", "jean", "ana")}
    (tmp_path / "all.zip").write_bytes(zipped(files))
    found = told(tmp_path / "all.zip")
    assert {n: cells(s)[-1] for n, s in found.items()} == {
        "zoé": "zoé",
        "jean": "jean",
        "ana": "ana",
    }


def test_single_notebook_and_single_zip(tmp_path):
    lay(tmp_path, {"Zoé Ménard.ipynb": notebook("a")})
    assert list(told(tmp_path / "Zoé Ménard.ipynb")) == ["Zoé Ménard"]
    package = {
        "tp.ipynb": notebook("a"),
        "recordings/net.safetensors": recording(),
        "manifest.json": manifest(student="Zoé Ménard"),
    }
    (tmp_path / "rendu.zip").write_bytes(zipped(package))
    found = told(tmp_path / "rendu.zip")
    assert list(found) == ["Zoé Ménard"]
    assert list(found["Zoé Ménard"].load().recordings) == ["net"]
    found = told(lay(tmp_path / "rendu", package))
    assert list(found["Zoé Ménard"].load().recordings) == ["net"]


def test_newest_counts_by_manifest(tmp_path):
    def package(code: str, when: str) -> bytes:
        return zipped({"tp.ipynb": notebook(code), "manifest.json": manifest(created=when)})

    files = {
        "Zoé_1_assignsubmission_file_/z-first.zip": package("old = 1", "2026-02-01T10:00:00"),
        "Zoé_1_assignsubmission_file_/a-last.zip": package("new = 1", "2026-02-02T10:00:00"),
    }
    found = told(lay(tmp_path, files))["Zoé"]
    assert cells(found)[-1] == "new = 1"
    assert (
        found.notices[0].en == "2 versions were handed in: the newest counts, a-last.zip/tp.ipynb"
    )
    assert "la plus récente compte" in found.notices[0].fr


def test_newest_counts_by_file_time(tmp_path):
    folder = "Zoé_1_assignsubmission_file_"
    lay(tmp_path, {f"{folder}/a.ipynb": notebook("new"), f"{folder}/b.ipynb": notebook("old")})
    os.utime(tmp_path / folder / "b.ipynb", (1_000_000_000, 1_000_000_000))
    assert cells(told(tmp_path)["Zoé"])[-1] == "new"


def test_newest_by_number_when_times_agree(tmp_path):
    folder = tmp_path / "Zoé_1_assignsubmission_file_"
    lay(folder, {f"tp{n}.ipynb": notebook(f"v = {n}") for n in (2, 9, 10)})
    for path in folder.iterdir():
        os.utime(path, (1e9, 1e9))
    assert cells(told(tmp_path)["Zoé"])[-1] == "v = 10"


def test_a_newer_broken_file_does_not_hide_a_good_one(tmp_path):
    folder = tmp_path / "Zoé_1_assignsubmission_file_"
    lay(folder, {"good.ipynb": notebook("x = 1"), "new.ipynb": b""})
    os.utime(folder / "good.ipynb", (1e9, 1e9))
    found = told(tmp_path)["Zoé"]
    assert found.problem is None
    assert any("passed over: new.ipynb is empty" in n.en for n in found.notices)


def test_same_code_twice_is_no_second_version(tmp_path):
    same = notebook("x = 1")
    files = {"Zoé/tp.ipynb": same, "Zoé/tp.zip": zipped({"tp.ipynb": same})}
    assert told(lay(tmp_path, files))["Zoé"].notices == ()


def test_recordings_of_the_zip_go_with_the_loose_notebook(tmp_path):
    package = {"tp.ipynb": notebook("x = 1"), "recordings/net.safetensors": recording()}
    files = {
        "Zoé_1_assignsubmission_file_/tp.zip": zipped(package),
        "Zoé_1_assignsubmission_file_/tp.ipynb": notebook("x = 2"),
    }
    found = told(lay(tmp_path, files))["Zoé"]
    assert cells(found)[-1] == "x = 2"
    assert list(found.load().recordings) == ["net"]
    assert any("recordings were taken from" in n.en for n in found.notices)


def test_lab_asked_for_is_chosen_among_a_students_notebooks(tmp_path):
    files = {"Zoé/a.ipynb": notebook("a"), "Zoé/b.ipynb": notebook("b", lab="other")}
    os.utime(lay(tmp_path, files) / "Zoé/a.ipynb", (1e9, 1e9))
    found = told(tmp_path)["Zoé"]
    assert cells(found)[-1] == "a"
    assert found.notices == ()


def test_notebook_of_another_lab_is_named(tmp_path):
    lay(tmp_path, {"Zoé.ipynb": notebook("a", lab="tp3_autoencoder"), "Jean.ipynb": notebook("b")})
    for found in (told(tmp_path), told(tmp_path, None, known=["mini", "tp1"])):
        problem = found["Zoé"].problem
        assert "is a notebook of tp3_autoencoder, not of mini" in problem.en
        assert "est un notebook de tp3_autoencoder, pas de mini" in problem.fr
        assert found["Jean"].problem is None


def test_lab_line_missing(tmp_path):
    lay(tmp_path, {"Zoé.ipynb": notebook("a", lab="")})
    assert "does not say which lab" in told(tmp_path, None)["Zoé"].problem.en
    found = told(tmp_path, "mini")["Zoé"]
    assert found.problem is None
    assert "is missing" in found.notices[0].en


def test_manifest_names_the_lab_where_the_notebook_does_not(tmp_path):
    package = {"tp.ipynb": notebook("a", lab=""), "manifest.json": manifest(lab="mini")}
    found = told(lay(tmp_path, {"Zoé.zip": zipped(package)}), None, known=["mini", "tp1"])["Zoé"]
    assert (found.lab, found.problem, found.notices) == ("mini", None, ())


def test_recordings_of_another_lab_are_left_aside(tmp_path):
    files = {
        "Zoé/tp.ipynb": notebook("a"),
        "Zoé/recordings/mini/net.safetensors": recording(1),
        "Zoé/recordings/tp1/net.safetensors": recording(2),
        "Zoé/recordings/tp1/other.safetensors": recording(3),
    }
    found = told(lay(tmp_path, files))["Zoé"]
    assert dict(found.load().recordings) == {"net": recording(1)}
    assert found.notices == ()


def test_group_by_manifest(tmp_path):
    package = {
        "tp.ipynb": notebook("x"),
        "manifest.json": manifest(members=["Zoé", {"name": "Jean", "id": "j7"}, "Ana"]),
    }
    files = {
        "Zoé_1_assignsubmission_file_/tp.zip": zipped(package),
        "Ana_3_assignsubmission_file_/tp.ipynb": notebook("her own"),
    }
    found = told(lay(tmp_path, files))
    assert {n: s.student_id for n, s in found.items()} == {"Zoé": "1", "Jean": "j7", "Ana": "3"}
    assert found["Jean"].digest == found["Zoé"].digest != found["Ana"].digest
    assert found["Jean"].notices[-1].fr == "groupe de 3 : Zoé, Jean, Ana"


def test_moodle_team_submissions_are_groups(tmp_path):
    found = told(
        lay(
            tmp_path,
            {
                "Groupe 3-Zoé d'Hérouville_1_assignsubmission_file_/tp.ipynb": notebook("x = 1"),
                "Groupe 3-Hugo Petit_2_assignsubmission_file_/tp.ipynb": notebook("x = 1"),
                "Groupe 4-Seul Ici_3_assignsubmission_file_/tp.ipynb": notebook("x = 2"),
                "Jean-Marie Roux_4_assignsubmission_file_/tp.ipynb": notebook("x = 5"),
                "Jean-Paul Petit_5_assignsubmission_file_/tp.ipynb": notebook("x = 5"),
            },
        )
    )
    assert set(found) == {
        "Zoé d'Hérouville", "Hugo Petit", "Groupe 4-Seul Ici", "Jean-Marie Roux", "Jean-Paul Petit",
    }  # fmt: skip
    assert set(found["Hugo Petit"].members) == {"Zoé d'Hérouville", "Hugo Petit"}
    assert found["Hugo Petit"].student_id == "2"
    assert "group of 2" in found["Hugo Petit"].notices[-1].en
    assert not found["Jean-Paul Petit"].members


def test_attempts_and_who_says_the_time(tmp_path):
    found = told(
        lay(
            tmp_path,
            {
                "A B_1_assignsubmission_file_/v1.ipynb": notebook("x = 1"),
                "A B_1_assignsubmission_file_/v2.ipynb": notebook("x = 2"),
                "C D_2_assignsubmission_file_/a.zip": zipped(
                    {
                        "tp.ipynb": notebook("y = 1"),
                        "manifest.json": manifest(created="2026-02-01T10:00:00+01:00"),
                    }
                ),
            },
        )
    )
    assert (found["A B"].attempts, found["A B"].time_from) == (2, "")
    assert (found["C D"].attempts, found["C D"].time_from) == (1, "student")


def test_a_manifest_cannot_rename_a_student_of_the_platform(tmp_path):
    package = {"tp.ipynb": notebook("x"), "manifest.json": manifest(student="Zoé", student_id="1")}
    files = {
        "Zoé_1_assignsubmission_file_/tp.ipynb": notebook("hers"),
        "Jean_2_assignsubmission_file_/tp.zip": zipped(package),
    }
    found = told(lay(tmp_path, files))
    assert cells(found["Zoé"])[-1] == "hers"
    assert cells(found["Jean"])[-1] == "x"


def test_order_does_not_depend_on_the_disk(tmp_path):
    names = ["Zoé", "Émile", "ana", "Bo", "Ángel", "émile b"]
    found = collect(lay(tmp_path, {f"{n}/tp.ipynb": notebook("x") for n in names}), "mini")
    assert [s.student for s in found] == ["ana", "Ángel", "Bo", "Émile", "émile b", "Zoé"]


def test_nothing_there(tmp_path):
    with pytest.raises(IntakeError, match="no submission found"):
        collect(tmp_path)
    with pytest.raises(IntakeError, match="no such file or folder"):
        collect(tmp_path / "nowhere")
    (tmp_path / "a.zip").write_bytes(b"PK not really")
    with pytest.raises(IntakeError, match="is not a zip file"):
        collect(tmp_path / "a.zip")

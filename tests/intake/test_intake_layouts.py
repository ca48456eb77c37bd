"""Whose is what, in every layout that platforms and people make."""

import gzip
import io
import os
import tarfile
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from handed_in import lay, manifest, notebook, recording, zipped

from grader.intake import IntakeError, Submission, collect
from grader.platforms.moodle import Folder, read_folder


def told(path: Path, lab: str | None = "mini", **more) -> dict[str, Submission]:
    found = collect(path, lab, **more)
    assert len({(s.student_id, s.lab) for s in found}) == len(found)
    names = Counter(s.student for s in found)
    return {
        s.student if names[s.student] == 1 else f"{s.student} ({s.student_id})": s for s in found
    }


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
    assert found["Jean Martin (103)"].sources[-1] == "x = 3"
    packed = found["Łukasz Żółć"]
    assert packed.receipt == "k7-42"
    assert packed.submitted_at == "2026-02-01T10:00:00+01:00"
    assert dict(packed.recordings()) == {"net": recording()}
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


def test_in_blind_marking_each_number_is_somebody(tmp_path):
    files = {
        f"Participant_{n}_assignsubmission_file_/tp.ipynb": notebook(f"x = {n}") for n in (7, 8)
    }
    assert {s.student_id for s in collect(lay(tmp_path, files), "mini")} == {"7", "8"}


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
        assert found["bob"].sources[-1] == "b"
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
    assert {n: s.sources[-1] for n, s in found.items()} == {
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
    assert list(found["Zoé Ménard"].recordings()) == ["net"]
    found = told(lay(tmp_path / "rendu", package))
    assert list(found["Zoé Ménard"].recordings()) == ["net"]


def test_newest_counts_by_manifest(tmp_path):
    def package(code: str, when: str) -> bytes:
        return zipped({"tp.ipynb": notebook(code), "manifest.json": manifest(created=when)})

    files = {
        "Zoé_1_assignsubmission_file_/z-first.zip": package("old = 1", "2026-02-01T10:00:00"),
        "Zoé_1_assignsubmission_file_/a-last.zip": package("new = 1", "2026-02-02T10:00:00"),
    }
    found = told(lay(tmp_path, files))["Zoé"]
    assert found.sources[-1] == "new = 1"
    assert (
        found.notices[0].en == "2 versions were handed in: the newest counts, a-last.zip/tp.ipynb"
    )
    assert "la plus récente compte" in found.notices[0].fr


def test_newest_counts_by_file_time(tmp_path):
    folder = "Zoé_1_assignsubmission_file_"
    lay(tmp_path, {f"{folder}/a.ipynb": notebook("new"), f"{folder}/b.ipynb": notebook("old")})
    os.utime(tmp_path / folder / "b.ipynb", (1_000_000_000, 1_000_000_000))
    assert told(tmp_path)["Zoé"].sources[-1] == "new"


def test_newest_by_number_when_times_agree(tmp_path):
    folder = tmp_path / "Zoé_1_assignsubmission_file_"
    lay(folder, {f"tp{n}.ipynb": notebook(f"v = {n}") for n in (2, 9, 10)})
    for path in folder.iterdir():
        os.utime(path, (1e9, 1e9))
    assert told(tmp_path)["Zoé"].sources[-1] == "v = 10"


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
    assert found.sources[-1] == "x = 2"
    assert list(found.recordings()) == ["net"]
    assert any("recordings were taken from" in n.en for n in found.notices)


def test_lab_asked_for_is_chosen_among_a_students_notebooks(tmp_path):
    files = {"Zoé/a.ipynb": notebook("a"), "Zoé/b.ipynb": notebook("b", lab="other")}
    os.utime(lay(tmp_path, files) / "Zoé/a.ipynb", (1e9, 1e9))
    found = told(tmp_path)["Zoé"]
    assert found.sources[-1] == "a"
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
    assert dict(found.recordings()) == {"net": recording(1)}
    assert found.notices == ()


def moodle_package(name: str, id: int, code: str, **fields) -> dict[str, bytes]:
    package = {"tp.ipynb": notebook(code), "manifest.json": manifest(**fields)}
    return {f"{name}_{id}_assignsubmission_file_/tp.zip": zipped(package)}


def test_members_count_where_each_names_the_other(tmp_path):
    files = {
        **moodle_package("Zoé Ménard", 1, "x", members=["Zoé Ménard", "Jean Roux", "Ana Díaz"]),
        **moodle_package("Jean Roux", 2, "y", members=[{"name": "MÉNARD Zoé", "id": "1"}]),
        **moodle_package("Ana Díaz", 3, "z"),
    }
    found = told(lay(tmp_path, files))
    assert {n: (s.student_id, s.sources[-1]) for n, s in found.items()} == {
        "Zoé Ménard": ("1", "x"), "Jean Roux": ("2", "y"), "Ana Díaz": ("3", "z"),
    }  # fmt: skip
    assert found["Zoé Ménard"].members == ("Jean Roux", "Zoé Ménard") == found["Jean Roux"].members
    assert found["Ana Díaz"].members == ()
    said = [n.en for n in found["Zoé Ménard"].notices]
    assert said[0] == "group of 2: Jean Roux, Zoé Ménard"
    assert said[1].startswith("the manifest names Ana Díaz as members of a group; it counts for")


@pytest.mark.parametrize(
    "members", [["Jean Roux"], ["Roux Jean"], [{"id": "2"}], [{"name": "Jean Roux", "id": "2"}],
                ["Somebody Absent"], [{"name": "Absent", "id": "7"}]],
)  # fmt: skip
def test_a_manifest_alone_moves_nobodys_mark(tmp_path, members):
    files = {
        **moodle_package("Eve", 1, "evil", members=members),
        **moodle_package("Jean Roux", 2, "his"),
    }
    found = told(lay(tmp_path, files))
    assert {n: (s.student_id, s.sources[-1], s.members) for n, s in found.items()} == {
        "Eve": ("1", "evil", ()), "Jean Roux": ("2", "his", ()),
    }  # fmt: skip


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
        "Zoé d'Hérouville", "Hugo Petit", "Seul Ici", "Jean-Marie Roux", "Jean-Paul Petit",
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
    assert found["Zoé"].sources[-1] == "hers"
    assert found["Jean"].sources[-1] == "x"


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


NESTED = {
    "Zoé_1001_assignsubmission_file_/zz.ipynb": notebook("forged"),
    "Ana_1002_assignsubmission_file_/zz.ipynb": notebook("forged"),
}
HONEST = {
    "moodle": {f"{n}_{i}_assignsubmission_file_/tp.ipynb": notebook("own")
               for n, i in (("Zoé", 1001), ("Ana", 1002))},
    "folders": {f"{n}/tp.ipynb": notebook("own") for n in ("Zoé", "Ana")},
    "files": {f"{n}.ipynb": notebook("own") for n in ("Zoé", "Ana")},
    "nbgrader": {f"submitted/{n}/mini/tp.ipynb": notebook("own") for n in ("Zoé", "Ana")},
    "gradescope": {
        "submission_metadata.yml": GRADESCOPE.replace("Zoé Ménard", "Zoé").encode()
        + b"submission_13:\n  :submitters:\n  - :name: Eve\n    :sid: '9'\n",
        "submission_11/tp.ipynb": notebook("own"),
        "submission_12/tp.ipynb": notebook("own"),
    },
}  # fmt: skip
EVE = {
    "moodle": "Eve_9_assignsubmission_file_", "folders": "Eve", "files": "Eve",
    "nbgrader": "submitted/Eve/mini", "gradescope": "submission_13",
}  # fmt: skip


@pytest.mark.parametrize("packed", ["folder", "zip"])
@pytest.mark.parametrize("layout", sorted(HONEST))
def test_a_layout_within_a_submission_is_its_content(tmp_path, layout, packed):
    wicked = {
        **NESTED,
        "submission_metadata.yml": GRADESCOPE.encode(),
        "submission_11/tp.ipynb": notebook("forged"),
        "submitted/Zoé/mini/tp.ipynb": notebook("forged"),
    }
    place = EVE[layout]
    if packed == "zip":
        eve = {
            f"{place}.zip" if layout in ("files", "folders") else f"{place}/a.zip": zipped(wicked)
        }
    elif layout == "files":
        pytest.skip("a folder is no file")
    else:
        eve = {f"{place}/{k}": v for k, v in wicked.items()}
    found = told(lay(tmp_path, {**HONEST[layout], **eve}))
    assert found["Eve"].sources[-1] == "forged"
    assert {s.sources[-1] for n, s in found.items() if n != "Eve"} == {"own"}
    assert len(found) == (4 if layout == "gradescope" else 3)


def test_a_broken_metadata_file_within_a_submission_harms_nobody(tmp_path):
    files = {**MOODLE, "Eve_9_assignsubmission_file_/submission_metadata.yml": b"a: [1",
             "Eve_9_assignsubmission_file_/submission_1/tp.ipynb": notebook("x")}  # fmt: skip
    assert "Eve" in told(lay(tmp_path, files))


@pytest.mark.parametrize(
    ("folder", "name", "group"),
    [
        ("Groupe B-2-Zoé Martin", "Zoé Martin", "Groupe B-2"),
        ("Groupe par défaut-Zoé Martin", "Zoé Martin", "Groupe par défaut"),
        ("Default group-Jean-Marie Roux", "Jean-Marie Roux", "Default group"),
        ("TD3-B-Li-Na Wang", "Li-Na Wang", "TD3-B"),
        ("Jean-Marie Roux", "Jean-Marie Roux", ""),
        ("Équipe 7-王伟", "王伟", "Équipe 7"),
        ("Anne-Sophie Saint-Ange", "Anne-Sophie Saint-Ange", ""),
    ],
)
def test_group_prefixes_of_moodle(folder, name, group):
    found = read_folder(f"{folder}_7_assignsubmission_file_")
    assert found == Folder(name, "7", group)


def test_who_copies_within_a_class_group_is_no_team(tmp_path):
    files = {
        f"Groupe B-2-{n}_{i}_assignsubmission_file_/tp.ipynb": notebook(code)
        for i, (n, code) in enumerate({"Zoé": "x = 1", "Jean": "x = 1", "Ana": "x = 2"}.items())
    }
    found = told(lay(tmp_path, files))
    assert {s.group for s in found.values()} == {"Groupe B-2"}
    assert not any(s.members for s in found.values())


def test_a_mailed_notebook_beside_a_download(tmp_path):
    files = {"cours-TP.zip": zipped(MOODLE), "Mailed In.ipynb": notebook("m")}
    found = told(lay(tmp_path, files))
    assert set(found) >= {"Mailed In", "Anne Roux", "Łukasz Żółć"}


HOLE = 'raise todo("attention")'


def versions(tmp_path, older, newer, **times):
    folder = tmp_path / "Zoé_1_assignsubmission_file_"
    lay(folder, {"tp.ipynb": older, "tp (1).ipynb": newer})
    for name, when in (
        ("tp.ipynb", times.get("old", 1e9)),
        ("tp (1).ipynb", times.get("new", 2e9)),
    ):
        os.utime(folder / name, (when, when))
    return told(tmp_path)["Zoé"]


def test_a_newer_blank_does_not_win_over_work(tmp_path):
    found = versions(tmp_path, notebook("work = 1"), notebook(HOLE))
    assert found.sources[-1] == "work = 1"
    said = found.notices[0].en
    assert said == (
        "2 versions were handed in: tp.ipynb counts; tp (1).ipynb, newer, leaves more undone (1 holes "
        "open against 0): see which one is meant"
    )


def test_the_newest_counts_where_it_is_as_complete(tmp_path):
    found = versions(tmp_path, notebook("work = 1", HOLE), notebook("work = 2", HOLE))
    assert found.sources[1] == "work = 2"
    assert "the newest counts, tp (1).ipynb" in found.notices[0].en


def test_of_the_same_date_the_most_complete_counts_and_nothing_untrue_is_said(tmp_path):
    found = versions(tmp_path / "a", notebook("work = 1"), notebook(HOLE), old=1e9, new=1e9)
    assert found.sources[-1] == "work = 1"
    assert "newest" not in found.notices[0].en and "of the same date" in found.notices[0].en
    found = versions(tmp_path / "b", notebook("work = 1"), notebook("work = 2"), old=1e9, new=1e9)
    assert "nothing tells tp (1).ipynb and tp.ipynb apart by date" in found.notices[0].en


def tarred(files, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_770_000_000
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


PACKAGE = {"tp/tp.ipynb": notebook("x = 1"), "tp/recordings/mini/net.safetensors": recording()}
READABLE = {
    "tp.tar.gz": tarred(PACKAGE),
    "tp.tgz": tarred(PACKAGE),
    "tp.tar": tarred(PACKAGE, "w"),
    "tp.tar.xz": tarred(PACKAGE, "w:xz"),
    "tp.ipynb": zipped(PACKAGE),
    "tp": zipped(PACKAGE),
    "tp.ipynb.gz": gzip.compress(notebook("x = 1")),
    "no extension": notebook("x = 1"),
    "utf16le.ipynb": notebook("x = 1").decode().encode("utf-16-le"),
    "utf16be.ipynb": notebook("x = 1").decode().encode("utf-16-be"),
    "nan.ipynb": notebook("x = 1", metadata={"a": float("nan")}),
    "noise.ipynb": notebook("x = 1", metadata={"a": "\ud800"}),
}


@pytest.mark.parametrize("name", sorted(READABLE))
def test_what_is_readable_is_read(tmp_path, name):
    found = told(lay(tmp_path, {f"Zoé_1_assignsubmission_file_/{name}": READABLE[name]}))["Zoé"]
    assert found.problem is None
    assert found.sources[-1] == "x = 1"
    if "tp/" in str(PACKAGE) and name.startswith("tp") and name != "tp.ipynb.gz":
        assert found.recordings() == {"net": recording()}


def test_windows_names_in_the_outer_zip(tmp_path):
    for i, (codec, name) in enumerate((("cp1252", "Zoé Ménard"), ("cp850", "Zoé Ménard"))):
        plain = zipped({"Zo~ M~nard_7_assignsubmission_file_/tp.ipynb": notebook("x")})
        data = plain.replace(b"Zo~ M~nard", name.encode(codec))
        (tmp_path / f"{i}.zip").write_bytes(data)
        assert list(told(tmp_path / f"{i}.zip")) == [name]


@pytest.mark.parametrize(
    ("files", "by"),
    [
        ({"tp4_transformer (2).ipynb": notebook("x", lab="")}, "tp4_transformer (2).ipynb"),
        ({"tp.ipynb": notebook("x", lab=""), "recordings/tp4_transformer/n.safetensors": recording()},
         "recordings/tp4_transformer"),
    ],
)  # fmt: skip
def test_the_lab_is_told_by_names_around_if_its_first_cell_is_lost(tmp_path, files, by):
    lay(tmp_path, {f"Zoé_1_assignsubmission_file_/{k}": v for k, v in files.items()})
    found = told(tmp_path, None, known=["tp1", "tp4_transformer"])["Zoé"]
    assert (found.lab, found.problem) == ("tp4_transformer", None)
    assert f"is missing; {by} tells the lab" in found.notices[-1].en


def test_a_damaged_zip_beside_the_notebook_costs_nothing(tmp_path):
    files = {"Zoé/tp.ipynb": notebook("x = 1"), "Zoé/old.zip": zipped(PACKAGE)[:-50]}
    found = told(lay(tmp_path, files))["Zoé"]
    assert found.problem is None and found.sources[-1] == "x = 1"
    assert found.notices[0].en.startswith("old.zip is not a zip file, or is cut short")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("tp.ipynb", b"%PDF-1.7 ...", "tp.ipynb is not a notebook but a PDF"),
        ("tp.pdf", b"%PDF-1.7 ...", "tp.pdf (a PDF)"),
        ("tp.docx", zipped({"word/document.xml": b"<x/>"}), "tp.docx (a document of Word)"),
        ("tp.py", b"import numpy\n", "tp.py (a Python script)"),
        (
            "tp.html",
            b"<!DOCTYPE html><html>",
            "tp.html (a web page)",
        ),
        ("tp.7z", b"7z\xbc\xaf\x27\x1c", "tp.7z (a 7z archive"),
        ("tp.h5", b"\x89HDF\r\n\x1a\n", "tp.h5 (an HDF5 file of weights)"),
        ("photo.jpg", b"\xff\xd8\xff\xe0", "photo.jpg (a picture)"),
    ],
)
def test_what_is_refused_is_called_what_it_is(tmp_path, name, data, said):
    lay(tmp_path, {f"Zoé_1_assignsubmission_file_/{name}": data})
    assert said in told(tmp_path)["Zoé"].problem.en


def test_nbgraders_time_is_its_own_only_beside_the_hand_in(tmp_path):
    stamp = b"2020-01-01 10:00:00 UTC"
    files = {"submitted/eve/mini/deep/tp.ipynb": notebook("x"),
             "submitted/eve/mini/deep/timestamp.txt": stamp,
             "submitted/ana/mini/tp.ipynb": notebook("y"), "submitted/ana/mini/timestamp.txt": stamp}  # fmt: skip
    found = told(lay(tmp_path, files))
    assert (found["eve"].submitted_at, found["eve"].time_from) == ("", "")
    assert found["ana"].time_from == "platform"


def test_a_platforms_id_is_never_renamed(tmp_path):
    files = {
        "Zoé_1001_assignsubmission_file_/tp.ipynb": notebook("hers"),
        "1001.ipynb": notebook("x"),
    }
    found = told(lay(tmp_path, files))
    assert found["Zoé"].student_id == "1001"
    assert found["1001"].student_id == "1001 (2)"

"""Files that would harm a careless reader, each answered by one clear line."""

import importlib
import io
import os
import stat
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from handed_in import lay, manifest, notebook, recording, zipped

from grader.authoring.transforms import bomb
from grader.intake import IntakeLimits, Submission, Unreadable, collect
from grader.intake.submission import read_unit


def one(tmp_path: Path, files: dict[str, bytes], limits: IntakeLimits | None = None) -> Submission:
    """Collect `files` as Eve's, next to an honest student who must come out unharmed."""
    lay(tmp_path, {f"Eve_1_assignsubmission_file_/{k}": v for k, v in files.items()})
    lay(tmp_path, {"Zoé_2_assignsubmission_file_/tp.ipynb": notebook("honest = 1")})
    found = {s.student: s for s in collect(tmp_path, "mini", limits)}
    assert set(found) == {"Eve", "Zoé"}
    assert found["Zoé"].sources[-1] == "honest = 1"
    eve = found["Eve"]
    for text in [*eve.notices, *([eve.problem] if eve.problem else [])]:
        assert "\n" not in text.en + text.fr
        assert text.en != text.fr
    return eve


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("tp.ipynb", b"", "tp.ipynb is empty"),
        ("tp.ipynb", notebook("x\n" * 120_000), "words and signs of code, more than the 100000"),
        ("tp.ipynb", b" \n ", "is empty"),
        ("tp.ipynb", notebook("x = 1")[:-30], "is cut short"),
        ("tp.ipynb", notebook("x = 1").replace(b'"cells"', b"cells"), "is damaged (line 1"),
        ("tp.ipynb", b"<!DOCTYPE html>", "begins with “<!DOCTYPE html>”"),
        ("tp.ipynb", b"\x89PNG\r\n\x1a\n\0\0", "is not a notebook"),
        ("tp.ipynb", b"{}", "is JSON but not a notebook"),
        ("tp.ipynb", b"[1, 2]", "is JSON but not a notebook"),
        ("tp.ipynb", b'{"cells": 3}', "is not a notebook"),
        ("tp.ipynb", b'{"cells": []}', "holds no code"),
        ("tp.ipynb", notebook(lab="", cells=[{"cell_type": "markdown", "source": "x"}]), "no code"),
        ("tp.ipynb", b'{"cells": ' + b"[" * 200_000, "is nested too deeply"),
        ("tp.ipynb", b'{"cells": ' + b'{"a":' * 200_000, "is nested too deeply"),
        ("tp.ipynb", b'{"cells": ' + b"9" * 10_000 + b"}", "is not a notebook"),
        ("tp.ipynb", notebook("x = 1" * 300_000), "1500 kB of code"),
        ("tp.py", b"x = 1", "no notebook among what was handed in: tp.py"),
        ("tp.txt", b"x = 1", "no notebook among what was handed in: tp.txt"),
        ("tp.rar", b"Rar!\x1a\x07\x01\0", "tp.rar (a RAR archive; only zip and tar are opened)"),
        ("tp.zip", zipped({}), "tp.zip is an empty zip"),
        ("tp.zip", zipped({"tp.ipynb": notebook("x")})[:-30], "tp.zip is not a zip file, or"),
        ("tp.zip", b"", "is not a zip file"),
        ("tp.zip", zipped({"../../tp.ipynb": notebook("x")}), "has a path that leaves its folder"),
        ("tp.zip", zipped({"/etc/tp.ipynb": notebook("x")}), "has a path that leaves its folder"),
        ("tp.zip", zipped({"C:\\x\\tp.ipynb": notebook("x")}), "has a path that leaves its folder"),
        ("tp.zip", zipped({"..\\tp.ipynb": notebook("x")}), "has a path that leaves its folder"),
        ("tp.zip", zipped({"tp.ipynb": b"x"}, zipfile.ZIP_LZMA), "compressed in an unusual way"),
        ("tp.zip", zipped({"tp.ipynb": b"x"}, zipfile.ZIP_BZIP2), "compressed in an unusual way"),
        ("tp.zip", zipped({f"{i}.txt": b"" for i in range(2500)}), "more than 2000 files"),
        ("a\nb\x1b[31m.ipynb", b"", "is empty"),
    ],
)  # fmt: skip
def test_refused_with_one_line(tmp_path, name, data, said):
    eve = one(tmp_path, {name: data})
    assert eve.problem is not None
    assert said in eve.problem.en
    assert eve.recording_entries == {}
    assert eve.sources == []


def test_nested_zips_are_opened_to_a_depth(tmp_path):
    data = notebook("x = 1")
    for depth in range(1, 6):
        data = zipped({"tp.zip" if depth > 1 else "tp.ipynb": data})
        eve = one(tmp_path / str(depth), {"tp.zip": data})
        if depth <= 3:
            assert eve.problem is None
            assert bool(eve.notices) == (depth > 1)
        else:
            assert "is a zip inside 3 others" in eve.problem.en


def test_a_zip_of_ten_gigabytes_is_refused_at_once(tmp_path):
    data = bomb("tp.ipynb", 10_000_000_000)
    assert len(data) < 12_000_000
    eve = one(tmp_path, {"tp.zip": data}, IntakeLimits(memory_mb=40))
    assert "tp.zip would unpack to 10000 MB" in eve.problem.en
    assert "10000 Mo" in eve.problem.fr


def test_a_zip_that_lies_about_its_size_is_read_with_a_cap(tmp_path):
    data = bytearray(bomb("tp.ipynb", 1_500_000_000))
    true = struct.pack("<L", 1431 * (1 << 20))
    assert data.count(true) == 2
    lie = bytes(data).replace(true, struct.pack("<L", 1000))
    eve = one(tmp_path, {"tp.zip": lie}, IntakeLimits(memory_mb=40))
    assert "damaged" in eve.problem.en


def test_many_inner_bombs_share_one_budget(tmp_path):
    inner = bomb("x.bin", 150_000_000)
    eve = one(tmp_path, {"tp.zip": zipped({f"{i}.zip": inner for i in range(40)})})
    assert "would unpack to" in eve.problem.en


def test_overlapping_members_do_not_multiply(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", bytes(30_000_000))
        first = archive.infolist()[0]
        for i in range(1, 1500):  # every entry points at the same bytes
            twin = zipfile.ZipInfo(f"{i}.txt")
            for slot in ("compress_size", "file_size", "CRC", "header_offset", "compress_type"):
                setattr(twin, slot, getattr(first, slot))
            archive.filelist.append(twin)
    assert "would unpack to" in one(tmp_path, {"tp.zip": out.getvalue()}).problem.en


def test_a_directory_of_a_million_members_is_not_read(tmp_path):
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    many = entry * 1_000_000
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 0xFFFF, 0xFFFF, len(many), 0, 0)
    eve = one(tmp_path, {"tp.zip": many + end}, IntakeLimits(memory_mb=60))
    assert "more than 2000 files" in eve.problem.en


def test_huge_notebook_on_disk_is_refused_without_being_read(tmp_path):
    folder = tmp_path / "Eve_1_assignsubmission_file_"
    folder.mkdir()
    with open(folder / "tp.ipynb", "wb") as file:
        file.truncate(300_000_000)  # sparse
    eve = one(tmp_path, {}, IntakeLimits(memory_mb=20))
    assert eve.problem.en == (
        "tp.ipynb takes 300 MB, more than the 100 MB allowed; clear outputs, leave large files out"
    )


def test_huge_notebook_in_a_zip_and_a_limit_of_ones_own(tmp_path):
    eve = one(tmp_path / "a", {"tp.zip": bomb("tp.ipynb", 200_000_000)})
    assert "200 MB" in eve.problem.en
    assert "more than the 100 MB allowed" in eve.problem.en
    big = notebook("x = 1", padding="p" * 3_000_000)
    assert one(tmp_path / "b", {"tp.ipynb": big}).problem is None
    assert (
        "allowed" in one(tmp_path / "c", {"tp.ipynb": big}, IntakeLimits(notebook_mb=2)).problem.en
    )


def test_encrypted_zip(tmp_path):
    data = bytearray(zipped({"tp.ipynb": notebook("x")}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    assert "is encrypted" in one(tmp_path, {"tp.zip": bytes(data)}).problem.en


def test_links_in_a_zip_are_not_followed(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("tp.ipynb")
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "is a link" in one(tmp_path, {"tp.zip": out.getvalue()}).problem.en


def test_links_and_devices_on_disk_are_not_followed(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook("secret = 1"))
    hidden = lay(tmp_path / "elsewhere", {"tp.ipynb": notebook("secret = 2")})
    root = tmp_path / "class"
    folder = root / "Eve_1_assignsubmission_file_"
    folder.mkdir(parents=True)
    os.symlink(secret, folder / "tp.ipynb")
    os.symlink(hidden, folder / "more")
    os.symlink(tmp_path, folder / "loop")
    os.mkfifo(folder / "pipe.ipynb")
    eve = one(root, {})
    assert eve.problem is not None
    assert "is not a plain file" in eve.problem.en or "is a link" in eve.problem.en
    good = one(root, {"mine.ipynb": notebook("mine = 1")})
    assert good.sources[-1] == "mine = 1"
    assert any("is a link" in n.en for n in good.notices)


def test_who_hands_in_folders_without_end_is_not_lost(tmp_path):
    eve = one(tmp_path, {"/".join(["d"] * 60 + ["tp.ipynb"]): notebook("x = 1")})
    assert "too many folders" in eve.problem.en


def test_what_stands_beside_a_bad_entry_counts(tmp_path):
    package = {"tp.ipynb": notebook("x = 1"), "../../../etc/evil.csv": b"20"}
    eve = one(tmp_path, {"tp.zip": zipped(package)})
    assert eve.problem is None
    assert any("leaves its folder" in n.en for n in eve.notices)


def test_duplicate_members_are_told(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("tp.ipynb", notebook("first = 1"))
        archive.writestr("tp.ipynb", notebook("last = 1"))
    eve = one(tmp_path, {"tp.zip": out.getvalue()})
    assert eve.sources[-1] == "last = 1"
    assert "2 versions" in eve.notices[0].en


def test_mac_leftovers_are_ignored(tmp_path):
    package = {
        "tp/tp.ipynb": notebook("x = 1"),
        "__MACOSX/tp/._tp.ipynb": b"\0\5\26\7",
        "tp/.ipynb_checkpoints/tp-checkpoint.ipynb": notebook("old"),
        "tp/.DS_Store": b"\0",
    }
    eve = one(tmp_path, {"tp.zip": zipped(package)})
    assert (eve.problem, eve.notices) == (None, ())


def test_names_that_macos_zips_without_saying_that_they_are_utf8(tmp_path):
    data = zipped({"été.ipynb": notebook("x = 1")})
    data = data.replace("été".encode(), b"e?e?e").replace(b"e?e?e", "été".encode())
    raw = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        raw[raw.index(signature) + at] &= ~0x08
    eve = one(tmp_path, {"tp.zip": bytes(raw)})
    assert eve.origin.endswith("tp.zip/été.ipynb")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (recording()[:-5], "is cut short"),
        (recording()[:6], "is cut short"),
        (b"", "is cut short"),
        (struct.pack("<Q", 1 << 60) + b"{" + bytes(100), "is cut short"),
        (struct.pack("<Q", 20) + b"{" * 30, "is cut short"),
        (b"not a recording at all", "is cut short"),
    ],
)
def test_damaged_recordings_are_told_and_kept_for_the_judge(tmp_path, data, said):
    eve = one(tmp_path, {"tp.ipynb": notebook("x"), "recordings/net.safetensors": data})
    assert eve.problem is None
    assert f"net.safetensors {said}" in eve.notices[0].en
    assert eve.recordings()["net"] == data


def test_recordings_over_the_limit_are_left_out(tmp_path):
    files = {"tp.ipynb": notebook("x"), "a.safetensors": recording(0, 600_000),
             "b.safetensors": recording(1, 8)}  # fmt: skip
    eve = one(tmp_path, files, IntakeLimits(recordings_mb=1))
    assert list(eve.recordings()) == ["b"]
    assert "a.safetensors takes" in eve.notices[0].en


def test_manifest_that_is_nonsense(tmp_path):
    for i, data in enumerate((b"[", b"[1]", manifest(members=3, created=[1], student={}), b"\xff")):
        files = {"tp.zip": zipped({"tp.ipynb": notebook("x"), "manifest.json": data})}
        assert one(tmp_path / str(i), files).problem is None


def test_invalid_unicode(tmp_path):
    bad = notebook("x = 'éé'", ensure="x").replace(b"\\u00e9", b"\xe9")
    eve = one(tmp_path / "a", {"tp.ipynb": bad})
    assert "not valid UTF-8" in eve.notices[0].en
    lone = b'{"cells": [{"cell_type": "code", "source": "s = \'\\ud800\'"}]}'
    eve = one(tmp_path / "b", {"tp.ipynb": lone})
    assert eve.sources == ["s = '?'"]


def test_what_nobody_foresaw_is_a_problem_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("grader.intake.collect"), "read_unit", ord)
    lay(tmp_path, {"Eve_1_assignsubmission_file_/tp.ipynb": notebook("x")})
    (eve,) = collect(tmp_path, "mini")
    assert (
        "could not be read (TypeError: ord() takes exactly one argument (5 given))"
        in eve.problem.en
    )
    assert eve.student_id == "1"


def never_done_with_eve(unit, *others):
    if "Eve" in str(unit):
        time.sleep(600)
    return read_unit(unit, *others)


def test_reading_one_submission_has_its_time(tmp_path, monkeypatch):
    module = importlib.import_module("grader.intake.collect")
    monkeypatch.setattr(module, "read_unit", never_done_with_eve)
    eve = one(tmp_path, {"tp.ipynb": notebook("x = 1")}, IntakeLimits(seconds=4))
    assert "could not be read in 4 seconds; run again" in eve.problem.en


def test_reading_one_submission_has_its_memory(tmp_path):
    # Much more than what this process has asked of the system and freed since.
    large = notebook("x = 1", metadata={"a": [float("nan")] + [1.5] * 10**7})
    eve = one(tmp_path, {"tp.ipynb": large}, IntakeLimits(memory_mb=30))
    assert "could not be read in 30 MB of memory; run again" in eve.problem.en


@pytest.mark.parametrize(
    "start", ['"cells": [', '"worksheets": [', '"worksheets": [{}, {"cells": [']
)
def test_of_millions_of_cells_none_is_built(tmp_path, start):
    close = "".join({"[": "]", "{": "}"}.get(c, "") for c in reversed("{" + start))
    data = b"{%s%s[]%s" % (start.encode(), b"[]," * 16_000_000, close.encode())
    # Twice what the file takes; its cells would take ten times more.
    eve = one(tmp_path, {"tp.ipynb": data}, IntakeLimits(memory_mb=2 * len(data) / 1e6))
    assert "is not a notebook" in eve.problem.en


def test_a_student_who_changes_the_file_after_it_was_listed(tmp_path):
    eve = one(tmp_path, {"tp.ipynb": notebook("x"), "net.safetensors": recording()})
    (tmp_path / "Eve_1_assignsubmission_file_/net.safetensors").unlink()
    with pytest.raises(Unreadable, match="no such file"):
        eve.recordings()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path):
    lay(tmp_path, {"Eve_1_assignsubmission_file_/tp.ipynb": notebook("x")})
    os.chmod(tmp_path / "Eve_1_assignsubmission_file_/tp.ipynb", 0)
    assert "permission denied" in one(tmp_path, {}).problem.en


def test_a_class_of_300_does_not_stay_in_memory(tmp_path):
    package = zipped(
        {"tp.ipynb": notebook("x"), "net.safetensors": recording(size=250_000)}, zipfile.ZIP_STORED
    )
    files = {f"S{i}_{1000 + i}_assignsubmission_file_/tp.zip": package for i in range(300)}
    (tmp_path / "all.zip").write_bytes(zipped(files, zipfile.ZIP_STORED))
    code = (
        "import resource, sys; from pathlib import Path; from grader.intake import collect\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = collect(Path(sys.argv[1]), 'mini')\n"
        "assert len(found) == 300 and not any(s.problem for s in found)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "all.zip")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60_000  # kB; the class itself is 300 MB

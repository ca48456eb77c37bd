"""Handing in: the right notebook is found, the zip holds what grading needs, trouble is said."""

from __future__ import annotations

import json
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import Lab
from grader.check.key import Key, Limits
from grader.check.recording import Recording
from grader.notebook import display, submit
from grader.notebook.errors import LabError
from grader.notebook.selfcheck import run_clean
from grader.notebook.submit import find_notebook, receipt_of

SETUP = "from grader import Lab, todo\nlab = Lab('mini', lang='fr')"
RIGHT = ["def double(x):\n    return 2 * x", "square = lambda x: double(x) ** 2"]
TRAIN = "import numpy as np\npredict = lambda x: np.array([0, 1, 0])"


def book(*sources: str, output: str = "") -> dict:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": outputs,
             "source": s.splitlines(keepends=True)}
            for s in sources
        ],
    }  # fmt: skip


def save(place: Path, *sources: str, name: str = "mon TP.ipynb", **options: str) -> Path:
    path = place / name
    path.write_text(json.dumps(book(*sources, **options)))
    return path


def recording(place: Path, lab: str = "mini", name: str = "classifier", size: int = 8) -> Recording:
    rng = np.random.default_rng(0)
    made = Recording(
        lab, name, {"d/kernel": rng.normal(size=(size, size)).astype(np.float16).astype("f4")},
        manifest={"seconds": 12.0, "seed": 3, "epochs": 5},
    )  # fmt: skip
    path = place / "recordings" / "mini" / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.to_bytes())
    return made


def unzip(place: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(place / "mini-submission.zip") as archive:
        return {n: archive.read(n) for n in archive.namelist()}


def test_the_zip_holds_notebook_recordings_and_manifest(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(place, SETUP, *RIGHT)
    made = recording(place)
    Lab("mini", lang="fr").submit("mon TP.ipynb")
    files = unzip(place)
    assert set(files) == {
        "mon TP.ipynb", "recordings/mini/classifier.safetensors", "manifest.json"
    }  # fmt: skip
    found = Recording.from_bytes(files["recordings/mini/classifier.safetensors"])
    assert found.digest == made.digest
    manifest = json.loads(files["manifest.json"])
    assert manifest["lab"] == "mini" and manifest["lang"] == "fr" and manifest["versions"]
    assert manifest["recordings"]["classifier"]["seed"] == 3
    assert manifest["files"]["mon TP.ipynb"]["bytes"] == len(files["mon TP.ipynb"])
    out = capsys.readouterr().out
    assert manifest["receipt"] in out and "rendez ce seul fichier" in out
    assert "pas d'enregistrement" not in out
    again = receipt_of(
        [SETUP, *RIGHT], {"classifier": files["recordings/mini/classifier.safetensors"]}
    )
    assert again == manifest["receipt"] and len(again) == 11


def test_missing_and_foreign_recordings_are_said(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(place, SETUP)
    recording(place, lab="other")
    Lab("mini", lang="en").submit("mon TP.ipynb")
    out = capsys.readouterr().out
    assert "no recording classifier" in out and "left out, damaged or of another lab" in out
    assert not any(n.endswith(".safetensors") for n in unzip(place))


def test_outputs_are_dropped_before_a_submission_is_too_big(
    place: Path, mini_key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(mini_key, limits=Limits(submission_mb=1)).save(place.parent / "mini.key")
    noise = np.random.default_rng(0).bytes(800_000).hex()
    save(place, SETUP, output=noise)
    Lab("mini", lang="en").submit("mon TP.ipynb")
    notebook = json.loads(unzip(place)["mon TP.ipynb"])
    assert notebook["cells"][0]["outputs"] == [] and "allowed" not in capsys.readouterr().out
    recording(place, size=900)
    Lab("mini", lang="en").submit("mon TP.ipynb")
    assert "more than the 1 MB allowed" in capsys.readouterr().out


def test_a_full_disk_is_one_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(place, SETUP)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(submit, "write", full)
    with pytest.raises(LabError, match="No space left on device"):
        Lab("mini", lang="en").submit("mon TP.ipynb")


def test_the_notebook_is_found_in_jupyter_vs_code_and_colab(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(place, SETUP)
    lab = Lab("mini", lang="en")
    for name in (str(path), "labs/fr/mon TP.ipynb"):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        assert find_notebook(lab).name == "mon TP.ipynb"
    monkeypatch.delenv("JPY_SESSION_NAME")
    with pytest.raises(LabError, match=r'lab.submit\("mon TP.ipynb"\)'):
        find_notebook(lab)
    shell = types.SimpleNamespace(user_ns={"__vsc_ipynb_file__": str(path)})
    monkeypatch.setattr(display, "shell", lambda: shell)
    assert find_notebook(lab).data == path.read_bytes()
    monkeypatch.setattr(display, "shell", lambda: None)
    message = types.ModuleType("google.colab._message")
    live = book(SETUP, "x = 1")
    message.blocking_request = lambda *a, **k: {"ipynb": live}  # type: ignore[attr-defined]
    files = types.ModuleType("google.colab.files")
    offered: list[str] = []
    files.download = offered.append  # type: ignore[attr-defined]
    for module in (types.ModuleType("google"), types.ModuleType("google.colab"), message, files):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    found = find_notebook(lab)
    assert found.live and found.book == live and found.name == "mini.ipynb"
    lab.submit()
    assert offered == [str(place / "mini-submission.zip")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "not a notebook that can be read"),
        (json.dumps(book("lab = Lab('tp9')")), "it belongs to tp9"),
        (json.dumps(book("x = 1")), "it has no line"),
    ],
)
def test_the_wrong_file_is_refused(place: Path, content: str, says: str) -> None:
    (place / "x.ipynb").write_text(content)
    with pytest.raises(LabError, match=says):
        Lab("mini", lang="en").submit("x.ipynb")
    with pytest.raises(LabError, match="no file"):
        Lab("mini", lang="en").submit("gone.ipynb")


def test_a_notebook_that_was_not_saved_is_noticed(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(place, SETUP, *RIGHT, "lab.submit()")
    ran = ["", SETUP, RIGHT[0], "lab.submit()"]
    shell = types.SimpleNamespace(user_ns={"In": ran})
    lab = Lab("mini", lang="en")
    monkeypatch.setattr(display, "shell", lambda: shell)
    lab.submit("mon TP.ipynb")
    assert "does not hold" not in capsys.readouterr().out
    ran.insert(3, "def double(x):\n    return x + x")
    lab.submit("mon TP.ipynb")
    assert "does not hold the cell 'def double(x):' that you ran" in capsys.readouterr().out


double = None


def test_a_clean_run_finds_hidden_state_and_order(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    global double
    recording(place)
    save(
        place, SETUP, "print(later)", "later = 1", RIGHT[1], "def double(x):\n    return gone * x",
        TRAIN, "!exit 1", "%pip install nothing", "input('?')", "raise todo('count')",
        "lab.answer('q6', 82)", "lab.check('double'); lab.submit(); lab.selfcheck()",
    )  # fmt: skip
    double = lambda x: 2 * x  # noqa: E731
    lab = Lab("mini", lang="en")
    lab.check("double")
    capsys.readouterr()
    lab.selfcheck("mon TP.ipynb")
    out = capsys.readouterr().out
    assert "4/7.5 on the public key" in out
    first, *_ = [line for line in out.splitlines() if line.startswith("✗")]
    assert first.startswith("✗ line 1 of cell 2: raised NameError"), first
    assert "nothing else of the cell was lost" in first
    assert "defined further down, or in a cell that is gone" in first
    assert "✗ 1.1 Double: right here, not in a clean run" in out
    assert "✓ 2 Count" in out and "✓ 3 Train" in out
    assert "cell 7" not in out and "cell 10" not in out
    assert not (place / "mini-submission.zip").exists()


def test_a_clean_run_gives_full_marks_to_what_is_right(place: Path) -> None:
    recording(place)
    found = run_clean(book(SETUP, *RIGHT, TRAIN, "lab.answer('q6', '82')"), place, "fr", 60)
    assert found.total == 7.5 and all(c.status == "ok" for c in found.cells)


def test_what_only_the_clean_room_measures_is_not_called_missing(
    place: Path, mini_key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [replace(c, probe=None) if c.kind == "clean" else c for c in mini_key.checks]
    replace(mini_key, checks=tuple(checks)).save(place.parent / "mini.key")
    recording(place)
    save(place, SETUP, *RIGHT)
    Lab("mini", lang="en").selfcheck("mon TP.ipynb")
    out = capsys.readouterr().out
    assert "3.5/7.5 on the public key, 3 more measured when you hand in" in out
    line = next(line for line in out.splitlines() if "recorded; measured when you hand in" in line)
    assert line.startswith("◔"), "not the sign of what is still to do"


def test_a_clean_run_survives_loops_and_exits(place: Path, mini_key: Key) -> None:
    quick = replace(mini_key, limits=Limits(cell_seconds=0.5))
    quick.save(place.parent / "mini.key")
    found = run_clean(
        book(SETUP, "while True: pass", "import sys; sys.exit(3)", RIGHT[0]), place, "en", 60
    )
    assert [c.status for c in found.cells] == ["ok", "limit", "error", "ok"]
    assert found.cells[2].error and found.cells[2].error["type"] == "SystemExit"
    assert found.verdicts[0].status == "right"
    with pytest.raises(LabError, match=r"ended early \(exit code 5\)"):
        run_clean(book(SETUP, "import os; os._exit(5)"), place, "en", 60)


def test_a_clean_run_imports_what_is_slow_off_the_clock(
    place: Path, mini_key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "slow_library.py").write_text("import time\ntime.sleep(2)\nx = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(place))
    code = book(SETUP, "import slow_library\nassert slow_library.x == 1", RIGHT[0])
    limits, needed = Limits(cell_seconds=0.5), ("slow_library", "not_there")
    replace(mini_key, limits=limits).save(place.parent / "mini.key")
    assert run_clean(code, place, "en", 60).cells[1].status == "limit"
    replace(mini_key, limits=limits, preload=needed).save(place.parent / "mini.key")
    assert run_clean(code, place, "en", 60).cells[1].status == "ok"


def test_a_receipt_depends_on_code_and_recordings_only() -> None:
    base = receipt_of(["a", "b"], {"r": b"1"})
    assert base == receipt_of(["a", "b"], {"r": b"1"})
    assert len({base, receipt_of(["a"], {"r": b"1"}), receipt_of(["a", "b"], {"r": b"2"})}) == 3

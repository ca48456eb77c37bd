"""What a lab says of its surroundings as it begins, and of names that it does not have."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import Lab
from grader.check.key import Key, interface_of
from grader.check.recording import Recording
from grader.check.text import Text
from grader.notebook import display, surroundings
from grader.notebook.command import main
from grader.notebook.errors import LabError
from grader.notebook.submit import bring_back, submission_name

ROOT = str(Path(__file__).resolve().parents[2])


def lines(key: Key, folder: Path, **names: object) -> list[str]:
    return [t.fr for t in surroundings.trouble(key, names, folder, "TP.ipynb")]


def test_nothing_is_said_where_all_is_well(place: Path, mini_key: Key) -> None:
    assert lines(mini_key, place) == []
    assert lines(mini_key, place, LAB_INTERFACE=mini_key.interface) == []


def test_a_notebook_of_another_release_is_noticed(place: Path, mini_key: Key) -> None:
    newer = replace(mini_key, checks=mini_key.checks[:-1])
    (said,) = lines(mini_key, place, LAB_INTERFACE=newer.interface)
    assert "pas de la même version" in said and newer.interface in said
    assert "installez le kit fourni avec ce notebook" in said


def test_a_release_is_another_only_if_notebook_and_key_no_longer_go_together(
    mini_key: Key,
) -> None:
    base = mini_key.interface
    reworded = [replace(c, title=Text(en="x", fr="y"), points=9.0) for c in mini_key.checks]
    assert interface_of(mini_key.exercises, reworded) == base
    renamed = [replace(mini_key.exercises[0], defines=("twice",)), *mini_key.exercises[1:]]
    assert interface_of(renamed, mini_key.checks) != base
    more = [*mini_key.checks, replace(mini_key.checks[0], id="double.more")]
    assert interface_of(mini_key.exercises, more) != base


def test_a_kernel_without_tensorflow_is_noticed(
    place: Path, mini_key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    needs = replace(mini_key, preload=("tensorflow", "matplotlib.pyplot"))
    (said,) = lines(needs, place)
    assert "n'a pas tensorflow" in said and "%pip install tensorflow" in said
    assert sys.executable in said


HOLD = """
import sys, time
from pathlib import Path
from grader.notebook.surroundings import claim
print(claim(Path(sys.argv[1]), "mini", "TP de Zoé.ipynb"), flush=True)
time.sleep(60)
"""


def test_two_notebooks_in_one_folder_are_noticed(place: Path, mini_key: Key) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, place], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    try:
        assert other.stdout is not None and other.stdout.readline() == "None\n"
        (said,) = lines(mini_key, place)
        assert said.startswith("✗ TP de Zoé.ipynb fait le même TP dans ce dossier")
        assert lines(replace(mini_key, lab="another"), place) == []
    finally:
        other.kill()
        other.wait()
    assert lines(mini_key, place) == [] == lines(mini_key, place)


def test_the_lab_shows_it(
    place: Path, mini_key: Key, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    events = types.SimpleNamespace(
        callbacks={"pre_run_cell": [], "post_run_cell": []}, register=lambda *a: None
    )
    shell = types.SimpleNamespace(
        user_ns={"LAB_INTERFACE": "00000000"}, events=events, set_custom_exc=lambda *a: None
    )
    monkeypatch.setattr(display, "shell", lambda: shell)
    Lab("mini", lang="en")
    assert "not of the same release (notebook 00000000" in capsys.readouterr().out


def test_a_misspelt_call_is_answered_with_the_right_one(place: Path) -> None:
    lab = Lab("mini", lang="fr")
    with pytest.raises(LabError, match=r"lab\.chek n'existe pas\. Vouliez-vous dire 'check'"):
        lab.chek("double")
    with pytest.raises(LabError, match="Il y a : answer, check"):
        _ = lab.zzz
    assert not hasattr(lab, "_repr_html_") and not hasattr(lab, "submitt")


# ------------------------------------------------------------------ files lost at a restart


def handed_in(place: Path, lab: str = "mini") -> Recording:
    made = Recording(lab, "classifier", {"d/kernel": np.ones((2, 2), "f4")},
                     manifest={"seconds": 12.0, "created": "2026-03-14T15:09:26+00:00"})  # fmt: skip
    with zipfile.ZipFile(place / submission_name("mini"), "w") as archive:
        archive.writestr("TP.ipynb", "{}")
        archive.writestr("recordings/mini/classifier.safetensors", made.to_bytes())
        archive.writestr("recordings/mini/../../evil.safetensors", made.to_bytes())
        archive.writestr("recordings/mini/cut.safetensors", b"cut")
    return made


def test_a_submission_beside_the_notebook_brings_recordings_back(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = handed_in(place)
    lab = Lab("mini", lang="fr")
    assert bring_back(lab) == ["classifier"]
    assert lab.recording("classifier").digest == made.digest
    assert [p.name for p in (place / "recordings").rglob("*.safetensors")] == [
        "classifier.safetensors"
    ]
    assert not list(place.parent.rglob("evil*")) and not list(place.rglob("evil*"))
    assert bring_back(lab) == []
    lab.progress()
    out = capsys.readouterr().out
    assert "classifier : enregistré le 2026-03-14" in out and "entraîné 12 s" in out


def test_a_submission_of_another_lab_or_a_broken_one_brings_nothing(place: Path) -> None:
    lab = Lab("mini", lang="en")
    handed_in(place, lab="other")
    assert bring_back(lab) == []
    (place / submission_name("mini")).write_bytes(b"PK no zip")
    assert bring_back(lab) == []


def test_a_full_disk_does_not_keep_them_from_coming_back(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.notebook import submit

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    handed_in(place)
    monkeypatch.setattr(submit, "write", full)
    lab = Lab("mini", lang="en")
    assert bring_back(lab) == ["classifier"]
    assert lab.history("classifier") == {}


# ------------------------------------------------------------------ grader check


def notebook(place: Path, *sources: str) -> Path:
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": s}
        for s in ("from grader import Lab, todo\nlab = Lab('mini', lang='fr')", *sources)
    ]
    path = place / "TP.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    return path


def checked(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in ("check", *arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_grader_check_says_what_the_clean_run_sees(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(place, "def double(x):\n    return 2 * x", "lab.answer('q6', 97)")
    assert checked(path) == 0
    out = capsys.readouterr().out
    assert "2/7,5 avec la clé publique" in out and "✓ 1.1 Le double  2/2" in out.replace("    ", "")
    assert "sortie oubliée" in out
    path = notebook(place, "print(later)", "later = 1")
    assert checked(path, "--lang", "en") == 1
    out = capsys.readouterr().out
    assert out.startswith("✗ line 1 of cell 2: raised NameError") and "defined further down" in out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        ("not json", "not a notebook that can be read"),
        ("[1]", "not a notebook that can be read"),
        ('{"cells": []}', "no line lab = Lab"),
        (json.dumps({"cells": [{"cell_type": "code", "source": "Lab('mimi', lang='en')"}]}),
         "Did you mean 'mini'"),
    ],
)  # fmt: skip
def test_grader_check_refuses_in_one_line(
    place: Path, content: str | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (place / "x.ipynb").write_text(content)
    assert checked(place / "x.ipynb", *(["--lang", "en"])) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1 and err.startswith("grader: ")


def test_the_instructors_command_line_has_it_too(place: Path) -> None:
    path = notebook(place, "def double(x):\n    return 2 * x")
    done = subprocess.run(
        [sys.executable, "-m", "grader", "check", path], capture_output=True, text=True,
        cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0 and "2/7,5 avec la clé publique" in done.stdout, done.stderr


def test_a_clean_run_on_a_full_disk_is_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.notebook import selfcheck

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    path = notebook(place)
    lab = Lab("mini", lang="en")
    monkeypatch.setattr(selfcheck.tempfile, "TemporaryDirectory", full)
    with pytest.raises(LabError, match=r"No space left on device\): free some space"):
        lab.selfcheck(path.name)


def test_a_recording_of_another_lab_is_refused_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place / "recordings" / "mini" / "classifier.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(Recording("tp9", "classifier", {"k": np.ones((2, 2), "f4")}).to_bytes())
    lab = Lab("mini", lang="fr")
    for call in (lab.history, lab.recording, lambda n: lab.restore(n, object())):
        with pytest.raises(LabError, match="vient d'un autre TP, 'tp9' : entraînez à nouveau"):
            call("classifier")
    lab.progress()
    assert "vient d'un autre TP, 'tp9'" in capsys.readouterr().out

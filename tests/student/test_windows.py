"""The student half does not need what only Unix has.

What can be tried without Windows or macOS: no module, function or signal of Unix, files opened with
their encoding said. What cannot: backslashes in paths, a file that another program holds open,
TensorFlow's own builds there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from test_bundle import WORK, bundle  # noqa: F401

from grader.authoring.release import TOP

WINDOWS = Path(__file__).with_name("windows")


def test_a_lab_is_done_and_handed_in_without_anything_of_unix(
    bundle: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "kit")
    kit = tmp_path / "kit" / TOP
    folder = tmp_path / "travail de Zoé"
    folder.mkdir()
    env = {k: v for k, v in os.environ.items() if k != "JPY_SESSION_NAME"}
    env |= {
        "PYTHONPATH": os.pathsep.join((str(WINDOWS), str(kit))),
        "PYTHONWARNDEFAULTENCODING": "1",
        "PYTHONWARNINGS": "always::EncodingWarning",
    }
    work = (
        "from grader.notebook import clock\nassert not hasattr(clock.signal, 'setitimer')\n" + WORK
    )
    done = subprocess.run(
        [sys.executable, "-c", work + "lab.doctor()\n", kit],
        capture_output=True, text=True, cwd=folder, check=False, timeout=120, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "✓ 1.1 Le double  2/2" in done.stdout
    assert "3/7,5 avec la clé publique" in done.stdout, done.stdout
    assert f"offered ['{folder / 'mini-submission.zip'}']" in done.stdout
    assert "enregistrements vont dans" in done.stdout
    guessed = [x for x in done.stderr.splitlines() if "EncodingWarning" in x and str(kit) in x]
    assert guessed == []

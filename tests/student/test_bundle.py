"""The students' bundle under Colab's conditions: installed kit, empty folder, nothing else."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.authoring.release import TOP, release
from grader.check.key import Key
from grader.notebook.data import content_digest

WORK = """
import sys, types
# A development install of this very project is no part of the student's machine.
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in str(f).lower()]
import grader
from grader import Lab, todo
assert grader.__file__.startswith(sys.argv[1]), grader.__file__

# What Colab has: its own module, the notebook's JSON on request, a download dialogue.
SOURCES = ["from grader import Lab, todo", "lab = Lab('mini', lang='fr')",
           "double = lambda x: 2 * x", "lab.answer('q6', 82)"]
cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": s} for s in SOURCES]
colab, message, files = (types.ModuleType("google.colab" + x) for x in ("", "._message", ".files"))
message.blocking_request = lambda *a, **k: {"ipynb": {"cells": cells, "metadata": {}}}
offered = []
files.download = offered.append
for module in (types.ModuleType("google"), colab, message, files):
    sys.modules[module.__name__] = module

lab = Lab("mini", lang="fr")
double = lambda x: 2 * x
lab.check("double")
lab.answer("q6", 82)
lab.progress()
print("data", int(lab.data("toys")["x"].sum()))
lab.selfcheck()
lab.submit()
print("offered", offered)
try:
    import grader.authoring
except ImportError:
    print("no instructor's half")
"""


@pytest.fixture
def bundle(tmp_path: Path, mini_key: Key) -> Path:
    course = tmp_path / "course"
    mini_key.save(course / "labs" / "mini.key")
    for lang in ("fr", "en"):
        (course / "labs" / lang).mkdir()
        nbformat.write(
            new_notebook(cells=[new_code_cell('x = lab.data("toys")["x"]')]),
            course / "labs" / lang / "mini.ipynb",
        )
    arrays = {"x": np.arange(500) // 10}
    (course / "data" / "toys" / "hidden").mkdir(parents=True)
    np.savez(course / "data" / "toys" / "toys.npz", **arrays)
    np.savez(course / "data" / "toys" / "hidden" / "toys.npz", secret=np.arange(3))
    digest = content_digest(arrays)
    (course / "data" / "others").mkdir()
    np.savez(course / "data" / "others" / "others.npz", **arrays)
    (course / "data" / "manifest.toml").write_text(
        f'# Sets.\n[others]\nsha256 = "{digest}"\n[toys]\nsha256 = "{digest}"\n[toys.full]\nkeras = "x"\n'
    )
    (course / "solutions" / "mini").mkdir(parents=True)
    (course / "solutions" / "mini" / "checks.py").write_text("the_secret = 1\n")
    out = tmp_path / "labs.zip"
    release(course, ["mini"], out)
    return out


def test_it_holds_no_solution_and_no_instructors_half(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        text = b"".join(archive.read(n) for n in names)
    assert not [n for n in names if re.search(r"solutions|hidden|authoring|gradebook|mutant", n)]
    assert b"the_secret" not in text


def test_it_holds_the_data_of_its_own_labs_only(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        data = {n.split("/data/")[1]: archive.read(n) for n in archive.namelist() if "/data/" in n}
    assert sorted(data) == ["manifest.toml", "toys/toys.npz"]
    assert list(tomllib.loads(data["manifest.toml"].decode())) == ["toys"]
    assert b"keras" in data["manifest.toml"]


def test_arrays_are_packed_smaller_in_the_bundle(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        packed = next(archive.read(n) for n in archive.namelist() if n.endswith("toys.npz"))
    original = (bundle.parent / "course" / "data" / "toys" / "toys.npz").read_bytes()
    assert len(packed) < 0.5 * len(original)
    with np.load(io.BytesIO(packed)) as arrays:
        np.testing.assert_array_equal(arrays["x"], np.arange(500) // 10)


def work(kit: Path, folder: Path) -> str:
    """Do the lab in an empty folder, with only `kit` to import from."""
    folder.mkdir()
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "JPY_SESSION_NAME")}
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(kit)],
        capture_output=True, text=True, cwd=folder, check=False, timeout=120,
        env={**env, "PYTHONPATH": str(kit)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_lab_is_done_on_colab_from_the_bundle_alone(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "kit")
    out = work(tmp_path / "kit" / TOP, tmp_path / "content")
    assert "✓ 1.1 Le double  2/2" in out and "✓ 2 Compter  1/1" in out and "data 12250" in out
    assert "3/7,5 avec la clé publique" in out
    assert f"offered ['{tmp_path / 'content' / 'mini-submission.zip'}']" in out
    assert "no instructor's half" in out


@pytest.mark.slow
def test_pip_installs_it(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", "68")
    kit = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation",
         "--no-index", "--target", str(kit), str(bundle)],
        check=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert "3/7,5 avec la clé publique" in work(kit, tmp_path / "content")

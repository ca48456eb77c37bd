"""What is tried is what is promised; what a kernel lacks or has too old is said with what to do."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from places import PLACES

from grader import Lab
from grader.check.key import Key
from grader.notebook import surroundings, versions
from grader.notebook.versions import TRIED, Version

ROOT = Path(__file__).resolve().parents[2]


def release(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.split(".")[:2])


@pytest.mark.parametrize("package", TRIED)
def test_the_versions_promised_are_those_of_the_places_and_of_the_pinned_set(package: str) -> None:
    pinned = (ROOT / "requirements.txt").read_text()
    if package == "Python":
        found = [place.python for place in PLACES]
    else:
        said = [*(p for place in PLACES for p in place.packages), *pinned.splitlines()]
        found = [p.partition("==")[2] for p in said if p.startswith(f"{package}==")]
    assert len(found) > 3
    spans = [".".join(pick(found, key=release).split(".")[:2]) for pick in (min, max)]
    assert tuple(spans) == TRIED[package]


def test_the_oldest_are_declared_where_pip_reads_them() -> None:
    from grader.authoring.release import _PYPROJECT

    kit = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bundle = tomllib.loads(_PYPROJECT.format(version="1"))["project"]
    for project in (kit, bundle):
        assert project["requires-python"] == f">={TRIED['Python'][0]}"
        assert f"keras>={TRIED['keras'][0]}" in project["dependencies"]
        assert f"numpy>={TRIED['numpy'][0]}" in project["dependencies"]


@pytest.mark.parametrize(
    ("found", "state", "advice"),
    [
        ("3.5.0", "tried", ""),
        ("3.10.1", "tried", ""),
        ("3.4.1", "older", '%pip install "keras>=3.5"'),
        ("2.15.0", "older", '%pip install "keras>=3.5"'),
        ("3.16.0.dev1", "newer", "not tried yet"),
        ("4.0", "newer", "not tried yet"),
        ("", "missing", '%pip install "keras>=3.5"'),
    ],
)
def test_a_version_is_read_as_numbers(found: str, state: str, advice: str) -> None:
    version = Version("keras", found, "3.5", "3.15")
    assert version.state == state
    assert version.advice.en.startswith(advice) and bool(version.advice.en) == bool(advice)


def have(monkeypatch: pytest.MonkeyPatch, **there: str) -> None:
    real = versions.version_of
    monkeypatch.setattr(versions, "version_of", lambda p: there.get(p, real(p)))


def test_a_keras_that_is_too_old_is_named_as_the_lab_begins(
    place: Path, mini_key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, keras="3.3.3")
    (said,) = [t.en for t in surroundings.trouble(mini_key, {}, place)]
    assert said.startswith("✗ keras 3.3.3 is too old (tried from 3.5 to ")
    assert '%pip install "keras>=3.5"' in said


def test_the_doctor_says_what_is_there_and_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    have(monkeypatch, keras="3.99.1", tensorflow="", numpy="2.1.3")
    Lab("mini", lang="fr").doctor()
    said = capsys.readouterr().out
    assert re.search(r"✗ tensorflow : absent .*%pip install \"tensorflow>=2\.18\"", said)
    assert re.search(r"◐ keras : 3\.99\.1 \(essayé de 3\.5 à 3\.15\) pas encore essayé", said)
    assert "✓ numpy : 2.1.3 (essayé de 2.0 à" in said
    assert f"enregistrements vont dans {place}" in said


def test_the_doctor_tells_a_notebook_of_another_release(place: Path, mini_key: Key) -> None:
    newer = replace(mini_key, checks=mini_key.checks[:-1])
    names = {surroundings.INTERFACE: newer.interface}
    lines = [t.en for t in surroundings.report(mini_key, names, place)]
    assert "not of the same release" in lines[-1]

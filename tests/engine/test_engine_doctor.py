"""What `grader doctor` says of the workers, on this machine and on poorer ones."""

import subprocess
from pathlib import Path

import pytest

from grader import doctor
from grader.sandbox import bwrap, client

COURSE = Path(__file__).parents[2]


@pytest.fixture
def said(monkeypatch):
    """Runs the doctor; gives its line about the workers and its exit code."""
    found = bwrap.problem()
    if found:
        pytest.skip(found)

    def run():
        lines = []
        code = doctor.examine(COURSE, lines.append)
        (line,) = [x for x in lines if x[4:].startswith("workers")]
        return line, code

    return run


def test_workers_are_forked_from_one_import(said):
    line, code = said()
    assert line.startswith("ok ") and "one import" in line and code == 0


def test_no_nested_namespaces(said, monkeypatch):
    hello = {"ready": True, "fresh": True, "missing": [], "slower": ""}
    monkeypatch.setattr(client.Zone, "start", lambda self: hello)
    line, code = said()
    assert line.startswith(" - ") and "sandbox of its own" in line and code == 0


def test_a_worker_that_does_not_start_is_an_error(said, monkeypatch):
    def broken(self):
        raise client.WorkerDied("the worker did not start: no such thing")

    monkeypatch.setattr(client.Zone, "start", broken)
    line, code = said()
    assert line.startswith("NO ") and "no such thing" in line and code == 1


@pytest.mark.parametrize(("switch", "told"), [("1\n", "AppArmor"), ("0\n", "user namespaces")])
def test_ubuntus_apparmor_is_named(switch, told, monkeypatch, tmp_path):
    (tmp_path / "switch").write_text(switch)
    failed = subprocess.CompletedProcess([], 1, "", "bwrap: setting up uid map: Permission denied")
    monkeypatch.setattr(bwrap, "APPARMOR", tmp_path / "switch")
    monkeypatch.setattr(bwrap, "_tried", lambda command, seconds: failed)
    bwrap.problem.cache_clear()
    try:
        found = bwrap.problem()
    finally:
        bwrap.problem.cache_clear()
    assert found is not None and "Permission denied" in found and told in found

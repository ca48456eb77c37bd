"""The mini lab and its keys, compiled once for all tests of the engine; no TensorFlow."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

from grader.authoring.compile import compile_key
from grader.authoring.source import load_lab
from grader.check.observe import observe

settings.register_profile("kit", database=None, derandomize=True, deadline=None)
settings.load_profile("kit")

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


def compiled(seed, hidden):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # its mistakes divide by zero
        return compile_key(load_lab(MINI), seed, hidden)


@pytest.fixture(scope="session")
def says_the_same():
    """Run a program in a process of its own, for TensorFlow's state: it compares, and ends with this."""

    def check(program):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.strip() == "the same", done.stderr[-3000:]

    return check


@pytest.fixture(scope="session")
def mini():
    return load_lab(MINI)


@pytest.fixture(scope="session")
def hidden_key():
    return compiled(11, hidden=True)


@pytest.fixture(scope="session")
def public_key():
    return compiled(20_170_612, hidden=False)


@pytest.fixture(scope="session")
def solution(mini):
    return mini.namespace()


@pytest.fixture
def observed(hidden_key, mini):
    """Observe the probes of the hidden key on a namespace: ``observed(names, answers)``."""

    def run(names, answers=None):
        return {
            c.id: observe(c.probe, names, answers or {}, key_forbids(hidden_key, c))
            for c in hidden_key.checks
            if c.probe is not None
        }

    return run


def key_forbids(key, check):
    return key.exercise(check.exercise).forbids

"""`lab.check` costs at most twice what the student's own code takes, and 50 ms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# In one lab; in all of them where GRADER_TESTS is "all" (`make proof`).
ALL = os.environ.get("GRADER_TESTS") == "all"
LABS = sorted(p.stem for p in (ROOT / "labs").glob("*.key"))[0 if ALL else -1 :]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("lab", LABS)
def test_a_check_is_not_much_slower_than_what_it_checks(lab: str, tmp_path: Path) -> None:
    script = ROOT / "benchmarks" / "check_cost.py"
    done = subprocess.run(
        [sys.executable, script, lab, "--repeat", "3"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    costs = json.loads(done.stdout.splitlines()[-1])
    assert len(costs) >= 3
    slow = {name: c for name, c in costs.items() if c["check"] > 2 * c["own"] + 0.05}
    assert not slow

"""The clean room: measures recordings on held-out inputs; no line of a student's code runs here.

Runs inside a sandbox as ``python -m grader.zones.clean_room LAB_DIR``. A job names a clean check and
brings a recording's bytes and the held-out inputs; the lab's own function measures it; what it
returns goes back as an observation. Labels never come in: the judge keeps them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.core.observe import error_record, plain
from grader.core.recording import BadRecording, Recording
from grader.core.tree import Tree
from grader.zones.channel import receive, send


def main(argv: list[str]) -> int:
    """Serve jobs until standard input ends."""
    jobs, results = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    from grader.authoring.source import load_lab

    lab = load_lab(Path(argv[0]), proofs=False)
    send(results, {"ready": True})
    while True:
        job = receive(jobs)
        if job is None:
            return 0
        send(results, measure(lab.spec.checks[job["check"]].measure, job))


def measure(function: Any, job: Mapping[str, Tree]) -> Tree:
    """One observation: ``{"status", "values", "error", "manifest", "seconds"}``."""
    began = time.perf_counter()
    seen: dict[str, Any] = {"status": "ok", "values": {}}
    try:
        recording = Recording.from_bytes(job["recording"].tobytes())
        seen["manifest"] = {**recording.manifest, "digest": recording.digest}
        if recording.lab != job["lab"]:
            raise BadRecording("recording")
        seen["values"] = {k: plain(v) for k, v in function(recording, job["inputs"]).items()}
    except BadRecording as error:
        seen |= {"status": "missing", "error": {"what": str(error)}}
    except Exception as error:
        seen |= {"status": "error", "error": error_record(error)}
    seen["seconds"] = round(time.perf_counter() - began, 4)
    return seen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

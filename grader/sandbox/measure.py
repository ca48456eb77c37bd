"""The clean room: measures recordings on held-out inputs; no line of a student's code runs here.

Runs inside a sandbox as ``python -m grader.sandbox.measure LAB_DIR MODULE…``. A job names a clean check and
brings the recordings' bytes, the held-out inputs and, if the check asks for them, what the student
answered; the lab's own function measures it; what it returns goes back as an observation. Labels
never come in: the judge keeps them.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader.check.observe import plain
from grader.check.raised import error_record
from grader.check.recording import BadRecording, Measured, Recording
from grader.check.tree import Tree
from grader.sandbox import isolate
from grader.sandbox.channel import receive, send
from grader.sandbox.preload import preload

MEMORY_MB = 6000  # what the measurements may add to what the lab's modules take


def main(argv: list[str]) -> int:
    """Serve jobs until standard input ends."""
    isolate.drop_root()
    jobs, results = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    folder, *modules = argv
    gc.disable()  # a fifth of the time that imports take; there is nothing to collect
    preload(modules)
    from grader.authoring.modules import load_spec

    lab = load_spec(Path(folder))
    gc.freeze()
    gc.enable()
    isolate.limit_memory(MEMORY_MB)
    send(results, {"ready": True})
    while True:
        job = receive(jobs)
        if job is None:
            return 0
        check = lab.checks[job["check"]]
        send(results, measure(check.measure, job, together=bool(check.recordings)))


@lru_cache(maxsize=8)
def _recording(data: bytes) -> Recording:
    """The recording; a submission's is asked for by several checks, one after the other."""
    return Recording.from_bytes(data)


def measure(function: Any, job: Mapping[str, Tree], together: bool = False) -> Tree:
    """One observation: ``{"status", "values", "error", "manifests", "seconds"}``.

    Args:
        function: the lab's own.
        job: ``{"lab", "recordings": {name: uint8 array}, "answers": {question: given}, "inputs"}``.
        together: whether the function takes all recordings and the answers, or one recording.
    """
    began = time.perf_counter()
    seen: dict[str, Any] = {"status": "ok", "values": {}}
    try:
        recordings = {k: _recording(v.tobytes()) for k, v in job["recordings"].items()}
        seen["manifests"] = {k: {**r.manifest, "digest": r.digest} for k, r in recordings.items()}
        if any(r.lab != job["lab"] for r in recordings.values()):
            raise BadRecording("recording")
        if together:
            found = function(recordings, job["inputs"], job["answers"])
        else:
            (recording,) = recordings.values()
            found = function(recording, job["inputs"])
        if isinstance(found, Measured):
            seen["expected"] = {k: plain(v) for k, v in found.expected.items()}
            seen["mistake"] = found.mistake
            found = found.values
        seen["values"] = {k: plain(v) for k, v in found.items()}
    except BadRecording as error:
        seen |= {"status": "missing", "error": {"what": error.what}}
    except Exception as error:
        seen |= {"status": "error", "error": error_record(error)}
    seen["seconds"] = round(time.perf_counter() - began, 4)
    return seen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

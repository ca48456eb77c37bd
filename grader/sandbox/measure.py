"""The clean room: measures recordings on held-out inputs; no line of a student's code runs here.

Runs inside a sandbox as ``python -m grader.sandbox.measure LAB_DIR MODULE…`` and serves jobs as
`grader.sandbox.channel` says, each in a fork of its own with limits on time and memory. What jobs have in
common is ``{"lab", "inputs": {clean check: held-out inputs}}``. A job brings the bytes of a submission's
recordings and ``{"checks": {check: {"recordings": [name], "answers": {question: given}}}}``; the lab's own
functions measure them; what they return goes back, check → observation. Labels never come in: the judge
keeps them.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from grader.check.observe import plain
from grader.check.raised import error_record
from grader.check.recording import Measured, Recording
from grader.check.tree import Tree, cleaned
from grader.check.weights import BadRecording
from grader.sandbox import isolate
from grader.sandbox.channel import control_of_standard_input, receive_job, send, serve
from grader.sandbox.preload import preload

MEMORY_MB = 6000  # what one measurement may add to what the lab's modules take
SECONDS = 120  # for all measurements of one submission


def main(argv: Sequence[str]) -> int:
    """Serve jobs until there are no more."""
    isolate.drop_root()
    control = control_of_standard_input()
    folder, *modules = argv
    gc.disable()  # a fifth of the time that imports take; there is nothing to collect
    preload(modules)
    # A lab's checks are written with the authors' words, which the zones' code does not know.
    lab = import_module("grader.authoring.modules").load_spec(Path(folder))
    gc.freeze()
    gc.enable()
    send(control.fileno(), {"ready": True})

    def work(common: Tree, given: Sequence[int]) -> None:
        signal.alarm(SECONDS)
        isolate.limit_memory(MEMORY_MB)
        job = receive_job(given[0])
        if job is None:
            return
        seen = {}
        for id, asked in job["checks"].items():
            check = lab.checks[id]
            one = {
                "lab": common["lab"],
                "recordings": {name: job["recordings"][name] for name in asked["recordings"]},
                "answers": asked["answers"],
                "inputs": common["inputs"][id],
            }
            seen[id] = measure(check.measure, one, together=bool(check.recordings))
        send(given[0], seen)

    serve(control, lambda common: common, work)
    return 0


@lru_cache(maxsize=8)
def _recording(data: bytes) -> Recording:
    """The recording; several checks may ask for it, one after the other."""
    return Recording.from_bytes(data)


def measure(function: Any, job: Mapping[str, Tree], together: bool = False) -> Tree:
    """One observation: ``{"status", "values", "error", "manifests", "seconds"}``.

    Args:
        function: the lab's own.
        job: ``{"lab", "recordings": {name: bytes}, "answers": {question: given}, "inputs"}``.
        together: whether the function takes all recordings and the answers, or one recording.
    """
    began = time.perf_counter()
    seen: dict[str, Any] = {"status": "ok", "values": {}}
    try:
        recordings = {k: _recording(bytes(v)) for k, v in job["recordings"].items()}
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
    return cleaned(seen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

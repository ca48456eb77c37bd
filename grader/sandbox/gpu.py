"""A GPU for trainings that are repeated: whether there is one that a zone can use.

Only a worker that was started for it is shown the devices, and only its forks start CUDA: a process
that has started CUDA cannot be forked. One training has the GPU at a time.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from grader.sandbox import bwrap

SECONDS = 120.0
_ASK = "import tensorflow as tf; print('GPUs:', len(tf.config.list_physical_devices('GPU')))"


def devices(folder: Path = Path("/dev")) -> tuple[Path, ...]:
    """The device files of NVIDIA's driver; empty if there is no card or no driver."""
    cards = sorted(p for p in folder.glob("nvidia*") if p.name[6:].isdigit())
    shared = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")
    return (*cards, *(p for n in shared if (p := folder / n).exists())) if cards else ()


@cache
def usable(sandboxed: bool) -> bool:
    """Whether TensorFlow, in a zone that is shown the devices, finds a GPU (takes its import).

    Without devices the answer is no, at once.
    """
    if not devices():
        return False
    line, env = bwrap.command(bwrap.View(), "", (), sandboxed, 1, gpu=devices())
    line = [*line[: line.index("-m")], "-c", _ASK]
    try:
        done = subprocess.run(line, env=env, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    _, _, count = done.stdout.strip().rpartition("GPUs: ")
    return done.returncode == 0 and count.isdigit() and int(count) > 0

"""TP1, which language is spoken: the lab that its parts fill, and material that probes make."""

from __future__ import annotations

import numpy as np

from grader.authoring import Draw, Handle, LabSpec, Limits, Student

RATE, SAMPLES, STEPS, BANDS, HOP = 16_000, 48_000, 200, 100, 240

lab = LabSpec(
    __file__,
    "TP1 · Which language is spoken?",
    "TP1 · Quelle langue parle-t-on ?",
    limits=Limits(
        seconds=300, cpu_seconds=2400, cell_seconds=60, training_seconds=900, memory_mb=5000
    ),
    recordings=["classifier", "champion", "probe_clip", "probe_speaker", "real"],
    preload=("tensorflow", "keras", "matplotlib.pyplot", "soundfile"),
)


def noise(draw: Draw, student: Student, *shape: int, loud: float = 0.1) -> Handle:
    """float32 noise made where the probe runs: a key would be large with it inside."""
    rng = student.np.random.default_rng(int(draw.rng.integers(2**31)))
    return rng.normal(0.0, loud, list(shape)).astype("float32")


def listener(
    student: Student, scale: float, pool: str = "Average", low: float = -1.5, high: float = 1.5
) -> Handle:
    """A tiny classifier of a clip's mean loudness (or, with "Max", of its loudest moment): 0 between
    `low` and `high`, 1 below, 2 above."""
    kernel = np.tile(np.array([0.0, -1.0, 1.0], np.float32) * np.float32(scale / BANDS), (BANDS, 1))
    bias = np.array([0.0, low, -high], np.float32) * np.float32(scale)
    layers = student.keras.layers
    pooled = getattr(layers, f"Global{pool}Pooling1D")()
    dense = layers.Dense(3, activation="softmax", name="answer")
    model = student.keras.Sequential([pooled, dense])
    model(student.np.zeros([2, STEPS, BANDS], "float32"))
    model.set_weights({"answer/kernel": kernel, "answer/bias": bias})
    return model

"""TP5, MixMatch: the lab that its parts fill, and what several of their probes build."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.authoring import Draw, Handle, LabSpec, Limits, Student
from grader.check.probe import Probe

SHIFT = 2

lab = LabSpec(
    __file__,
    "TP5 · MixMatch: learning from hardly any labels",
    "TP5 · MixMatch : apprendre avec presque rien d'étiqueté",
    limits=Limits(
        seconds=1500, cpu_seconds=3000, cell_seconds=30, training_seconds=1200, memory_mb=4000,
        file_mb=64, disk_mb=256,
    ),
    recordings=["supervised", "mixmatch", "ablation"],
)  # fmt: skip


def chosen(student: Student, found: dict[str, Handle], *names: str) -> Probe:
    """The probe that brings back these of the results found."""
    return student.probe(**{name: found[name] for name in names})


def holds(student: Student, a: Any, b: Any, atol: float = 1e-3) -> Handle:
    """Whether two results agree everywhere."""
    return student.np.allclose(a, b, rtol=0.0, atol=atol)


def sum_of_pixels(student: Student, images: Handle, axis: int) -> Handle:
    """The sum over two neighbouring axes, rows and columns, of which `axis` is the first."""
    return student.np.sum(student.np.sum(images, axis=axis), axis=axis)


def seeded(draw: Draw, student: Student) -> Handle:
    """A `SeedGenerator`, which moves on with each draw."""
    return student.keras.random.SeedGenerator(int(draw.rng.integers(2**31)))


def classifier(
    draw: Draw, student: Student, shape: tuple[int, ...], classes: int, scale: float = 1.0
) -> Handle:
    """A network, images of this shape → logits, of given weights."""
    layers = student.keras.layers
    model = student.keras.Sequential([layers.Flatten(), layers.Dense(classes, name="logits")])
    model.build([None, *shape])
    model.set_weights(draw.dense("logits", int(np.prod(shape)), classes, scale, bias=0.3))
    return model


def dot(draw: Draw) -> tuple[int, int, int, int]:
    """Height and width of an image, and a place whose 50 views all differ and stay inside."""
    h, w = draw.sizes(2, 14, 19)
    row = int(draw.rng.integers(SHIFT, h - SHIFT))
    column = int(draw.rng.integers(SHIFT, w // 2 - 2 * SHIFT + 1))
    return h, w, row, column

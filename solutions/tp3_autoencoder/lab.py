"""TP3, autoencoders: the lab that its parts fill, and the images on which networks are measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from grader.authoring import Draw, Handle, LabSpec, Limits, Student

HERE = Path(__file__).parent
COUNTS = {"A": 1_004_696, "B": 9_666_904, "C": 1_050_896, "D": 10_043_344}
ANSWERS = HERE / "galleries.json"
GALLERIES = json.loads(ANSWERS.read_text())["answers"] if ANSWERS.is_file() else {}
SMALL = 300

lab = LabSpec(__file__,
    "TP3 · Autoencoders: capacity and latent size", "TP3 · Autoencodeurs : capacité et taille du code",
    limits=Limits(seconds=300, cpu_seconds=1800, cell_seconds=30, training_seconds=600,
                  memory_mb=4000, file_mb=128, disk_mb=512, submission_mb=48),
    recordings=["A", "B", "C", "D", "large", "conv"], gpu=True)


def rescaling(draw: Draw, student: Student):
    """A model with nothing to build: x → a·x + b."""
    a, b = (float(v) for v in draw.uniform(2, low=0.3, high=0.7))
    return student.keras.Sequential([student.keras.layers.Rescaling(a, offset=b / 5)])


def rounded(numbers: np.ndarray) -> np.ndarray:
    """To 256ths: float32 noise would make the key, which every student loads, twice as large."""
    return np.round(numbers * 256) / np.float32(256)


def shape(student: Student, array: Handle) -> Handle:
    """The shape of the student's array or tensor."""
    return student.np.asarray(array).shape


def images(draw: Draw) -> tuple[dict[str, np.ndarray], dict]:
    """Training images, and test images that no student has: the same for every check."""
    draw = draw.named("images")
    data = HERE.parent.parent / "data" / "fashion_mnist"
    if not draw.hidden:
        return {}, {}
    with np.load(data / "fashion_mnist.npz") as file:
        train = file["x_train"][:SMALL].reshape(SMALL, 784)
    with np.load(data / "hidden" / "fashion_mnist.npz") as file:
        chosen = np.sort(draw.rng.permutation(len(file["x_hidden"]))[:500])
        hidden = file["x_hidden"][chosen].reshape(-1, 784)
    return {"train": train, "test": hidden}, {}

"""Draw the images that are no clothes: random scribbles, made for the kit (same licence as the kit).

    python build.py        # always draws the same images

Each image is a few connected strokes of a round pen, drawn through random points and smoothed:
bright curves on black, 28 × 28, like the handwriting that Fashion-MNIST was made to replace.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from grader.notebook.data import content_digest

HERE = Path(__file__).parent
SIZE = 28


def stroke(rng: np.random.Generator) -> np.ndarray:
    """One scribble, uint8 (28, 28)."""
    points = rng.uniform(5, 23, (rng.integers(3, 6), 2))
    t = np.linspace(0, len(points) - 1, 160)
    low = np.minimum(t.astype(int), len(points) - 2)
    part = (t - low)[:, None]
    ease = part * part * (3 - 2 * part)
    path = points[low] * (1 - ease) + points[low + 1] * ease
    path = path + np.stack([np.sin(t * 2.1), np.cos(t * 1.7)], axis=1)
    y, x = np.mgrid[:SIZE, :SIZE]
    gap = np.hypot(y[..., None] - path[:, 0], x[..., None] - path[:, 1]).min(axis=-1)
    ink = np.clip(rng.uniform(1.5, 2.1) - gap, 0, 1)
    return np.round(255 * ink).astype(np.uint8)


def draw(count: int, seed: int) -> dict[str, np.ndarray]:
    """``x``: uint8 (count, 28, 28)."""
    rng = np.random.default_rng(seed)
    return {"x": np.stack([stroke(rng) for _ in range(count)])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=28)
    options = parser.parse_args()
    arrays = draw(options.count, options.seed)
    np.savez_compressed(options.out / "strokes.npz", **arrays)
    print("sha256 ", content_digest(arrays))


if __name__ == "__main__":
    main()

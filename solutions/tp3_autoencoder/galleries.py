"""Train the unknown networks of the blind exercise and draw their reconstructions.

    python galleries.py --seed N      # keep N to yourself; the answers go into galleries.json

Writes ``data/blind_galleries/blind_galleries.npz`` (given to students) and ``galleries.json`` (here).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from grader.authoring.source import load_lab
from grader.notebook.data import content_digest, load

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "data"
KINDS = {"A300": ("LOW", 8, 300), "A12000": ("LOW", 8, 12_000),
         "C300": ("LOW", 128, 300), "C12000": ("LOW", 128, 12_000)}  # fmt: skip
SHOWN = 12


def namespace() -> dict[str, Any]:
    """The notebook's own functions, with the shipped images and a `lab` that records nothing."""
    names = load_lab(HERE, proofs=False).namespace()
    names["data"] = load("fashion_mnist", "en", DATA)
    names["lab"] = SimpleNamespace()
    return names


def reconstructions(names: dict[str, Any], kind: str, seed: int) -> np.ndarray:
    """uint8 (24, 784): the first training images, then the first test images, rebuilt."""
    width, latent_dim, count = KINDS[kind]
    names["SEED"] = seed
    *_, model = names["train"](names[width], latent_dim, count)
    images = np.concatenate([names["data"][part][:SHOWN] for part in ("x_train", "x_test")])
    return np.round(255 * np.asarray(model(names["prepare"](images)))).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    names = namespace()
    answers, arrays = {}, {}
    for i, kind in enumerate(rng.permutation(list(KINDS)), start=1):
        arrays[f"gallery_{i}"] = reconstructions(names, str(kind), int(rng.integers(1_000_000)))
        answers[f"gallery_{i}"] = str(kind)
    folder = DATA / "blind_galleries"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "blind_galleries.npz", **arrays)
    (HERE / "galleries.json").write_text(json.dumps({"answers": answers}, indent=1) + "\n")
    print("sha256 ", content_digest(arrays))


if __name__ == "__main__":
    main()

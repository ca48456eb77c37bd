"""Build the shipped part of Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017; MIT licence).

    python build.py [FOLDER]      # the four idx files of the Debian package dataset-fashion-mnist,
                                  # usr/share/datasets/fashion-mnist; without it, Keras downloads them

Shipped: the first training and the first test images. Held out (``hidden/``): the test images that
follow. The order is that of the original files, which is already random.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from grader.notebook.data import content_digest

HERE = Path(__file__).parent
Arrays = dict[str, np.ndarray]


def read_idx(path: Path) -> np.ndarray:
    """A gzipped idx file of bytes (LeCun's format): uint8 (n, 28, 28) images or (n,) labels.

    Raises:
        ValueError: the file is of another kind or cut short.
    """
    data = gzip.decompress(path.read_bytes())
    kind, axes = data[2], data[3]
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    start = 4 + 4 * axes
    if data[:2] != b"\0\0" or kind != 8 or len(data) - start != np.prod(shape):
        raise ValueError(f"{path}: not an idx file of bytes")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def whole(folder: Path | None) -> Arrays:
    """The whole set: ``x_train`` (60000, 28, 28), ``y_train``, ``x_test`` (10000, 28, 28), ``y_test``."""
    if folder is None:
        import keras

        (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
        return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    names = {"x_train": "train-images-idx3", "y_train": "train-labels-idx1",
             "x_test": "t10k-images-idx3", "y_test": "t10k-labels-idx1"}  # fmt: skip
    return {key: read_idx(folder / f"{name}-ubyte.gz") for key, name in names.items()}


def parts(arrays: Mapping[str, np.ndarray], train: int, test: int, hidden: int) -> tuple[Arrays, Arrays]:
    """What is shipped and what is held out; no image is in both."""
    shipped = {
        "x_train": arrays["x_train"][:train],
        "y_train": arrays["y_train"][:train],
        "x_test": arrays["x_test"][:test],
        "y_test": arrays["y_test"][:test],
    }
    held_out = {
        "x_hidden": arrays["x_test"][test : test + hidden],
        "y_hidden": arrays["y_test"][test : test + hidden],
    }
    return shipped, held_out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--train", type=int, default=12_000)
    parser.add_argument("--test", type=int, default=2_000)
    parser.add_argument("--hidden", type=int, default=2_000)
    options = parser.parse_args()
    arrays = whole(options.folder)
    shipped, held_out = parts(arrays, options.train, options.test, options.hidden)
    (options.out / "hidden").mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out / "fashion_mnist.npz", **shipped)
    np.savez_compressed(options.out / "hidden" / "fashion_mnist.npz", **held_out)
    print("sha256        ", content_digest(shipped))
    print("hidden_sha256 ", content_digest(held_out))
    print("full sha256   ", content_digest(arrays))


if __name__ == "__main__":
    main()

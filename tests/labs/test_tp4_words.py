"""TP4's recorded Transformer, measured as the clean room does."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.check.recording import BadRecording, Recording

FOLDER = Path(__file__).parents[2] / "solutions" / "tp4_transformer"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def words() -> Iterator[Any]:
    sys.path.insert(0, str(FOLDER))
    try:
        import words

        yield words
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording.from_bytes((FOLDER / "recordings" / "reverser.safetensors").read_bytes())


@pytest.fixture(scope="module")
def unseen(words: Any) -> tuple[np.ndarray, np.ndarray]:
    source, target = words.make(200, np.random.default_rng(123), held_out=True)
    return source, target


def exact(came: np.ndarray, target: np.ndarray) -> float:
    return float((came == target).all(axis=1).mean())


def test_words_are_what_they_are_said_to_be(words: Any) -> None:
    for held_out in (False, True):
        source, target = words.make(500, np.random.default_rng(0), held_out=held_out)
        assert source.shape == target.shape == (500, 11)
        assert (words.mirror(source) == target).all()
        letters = np.where((source >= 1) & (source <= 26), source, 0)
        assert ((letters.sum(axis=1) % 5 == 0) == held_out).all()
        assert set((letters > 0).sum(axis=1)) == set(range(3, 10))


def test_the_reference_recording_reverses_unseen_words(
    words: Any, recording: Recording, unseen: Any
) -> None:
    source, target = unseen
    assert exact(words.trial(recording, source).predictions(source), target) >= 0.98
    assert recording.parameters == 122_333
    assert len(recording.to_bytes()) < 1_000_000


def test_one_pass_finds_what_greedy_decoding_writes(
    words: Any, recording: Recording, unseen: Any
) -> None:
    """Weights that reverse some words and not others: both ways agree on which."""
    source, target = unseen
    rng = np.random.default_rng(2)
    shaken = {
        k: w + (0.025 * rng.standard_normal(w.shape)).astype(np.float32)
        for k, w in recording.weights.items()
    }
    tried = words.trial(dataclasses.replace(recording, weights=shaken), source)
    written = tried.decode(tried.forward.model, source)
    assert 0.02 < tried.right.mean() < 0.98
    assert ((written == target).all(axis=1) == tried.right).all()
    assert (tried.predictions(source) == written).all()


def test_random_weights_reverse_nothing_under_any_architecture(
    words: Any, recording: Recording, unseen: Any
) -> None:
    source, target = unseen
    rng = np.random.default_rng(1)
    noise = {
        k: (0.3 * rng.standard_normal(w.shape)).astype(np.float32)
        for k, w in recording.weights.items()
    }
    forged = dataclasses.replace(recording, weights=noise)
    tried = ("no-scale", "qk-swapped", "pre-norm-for-post-norm")
    assert exact(words.best_predictions(forged, source, tried), target) < 0.05


def test_a_mistake_of_architecture_is_not_paid_for_again(
    words: Any, recording: Recording, unseen: Any
) -> None:
    """Weights learnt with queries and keys exchanged are measured with them exchanged."""
    source, target = unseen
    exchanged = dict(recording.weights)
    for path in recording.weights:
        if "/query_dense/" in path:
            other = path.replace("/query_dense/", "/key_dense/")
            exchanged[path], exchanged[other] = recording.weights[other], recording.weights[path]
    theirs = dataclasses.replace(recording, weights=exchanged)
    assert exact(words.trial(theirs, source).predictions(source), target) < 0.5
    assert exact(words.best_predictions(theirs, source, ("no-scale", "qk-swapped")), target) >= 0.98


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_layers": 0},
        {"d_model": 10**6},
        {"num_heads": "4"},
        {"vocab_size": True},
        {"d_k": 8},
    ],
)
def test_settings_that_fit_nothing_are_refused(
    words: Any, recording: Recording, unseen: Any, settings: dict[str, Any]
) -> None:
    given = {**recording.settings, **settings} if settings else {}
    with pytest.raises(BadRecording, match="shapes"):
        words.best_predictions(dataclasses.replace(recording, settings=given), unseen[0][:5], ())


def test_every_forgiven_architecture_is_a_misconception(words: Any) -> None:
    assert not set(words.FORGIVEN) - set(words._lab().spec.misconceptions)

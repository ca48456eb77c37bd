"""TP4 keeps to its contract: numbers of the lecture, named mutants, thresholds, made-up models."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.authoring.source import LoadedLab, load_lab

FOLDER = Path(__file__).parents[2] / "solutions" / "tp4_transformer"

NAMED = [
    "no-scale",
    "scale-by-dk",
    "scale-by-sqrt-dmodel",
    "multiply-by-sqrt-dk",
    "softmax-over-queries",
    "softmax-over-heads",
    "merge-heads-without-transpose",
    "head-interleave",
    "no-output-projection",
    "no-bias",
    "mask-inverted",
    "mask-multiplied-into-scores",
    "mask-after-softmax",
    "causal-off-by-one",
    "qk-swapped",
    "key-dim-is-d-model",
    "pre-norm-for-post-norm",
    "eps-outside-sqrt",
    "wrong-eps",
    "layers-shared",
    "cross-attention-on-self",
    "missing-residual",
    "pe-sin-cos-concatenated",
    "no-sqrt-d-embedding-scale",
    "beam-search-equal-to-greedy",
    "top-k-without-renormalisation",
    "library-attention",
]


@pytest.fixture(scope="module")
def lab() -> LoadedLab:
    return load_lab(FOLDER)


@pytest.fixture(scope="module")
def helpers() -> Iterator[Any]:
    sys.path.insert(0, str(FOLDER))
    try:
        import beams
        import counts

        yield counts, beams
    finally:
        sys.path.remove(str(FOLDER))


def test_points_add_up_to_twenty_and_there_is_a_bonus(lab: LoadedLab) -> None:
    checks = lab.spec.checks.values()
    assert sum(c.points for c in checks if not c.bonus) == pytest.approx(20)
    assert any(c.bonus for c in checks)


def test_every_mutant_of_the_contract_is_there(lab: LoadedLab) -> None:
    assert not set(NAMED) - {m.id for m in lab.mutants}
    assert len(lab.variants) >= 15


def test_every_question_of_the_exam_is_asked(lab: LoadedLab) -> None:
    asked = {c.id for c in lab.spec.checks.values() if c.kind == "answer"}
    assert all(any(q.startswith(f"q{n}") for q in asked) for n in range(6, 13))


def test_every_text_is_in_both_languages(lab: LoadedLab) -> None:
    texts = [c.title for c in lab.spec.checks.values()]
    texts += [t for m in lab.spec.misconceptions.values() for t in (m.text,)]
    assert all(t.en and t.fr for t in texts)
    said = [m.text for m in lab.spec.misconceptions.values()]
    assert all(t.en != t.fr for t in said)


def test_counts_of_the_lecture(helpers: Any) -> None:
    counts, _ = helpers
    assert counts.attention(8, 512, 64, 64) == 1_050_624
    assert counts.transformer(**counts.LECTURE) == 44_183_069
    assert {name: count(**counts.LECTURE) for name, count in counts.WRONG.items()} == {
        "count-shared-embedding": 44_168_221,
        "count-all-tied": 44_153_344,
        "count-no-output-bias": 44_183_040,
        "count-learned-positions": 44_194_333,
        "count-attention-without-bias": 44_146_205,
        "count-norm-without-weights": 44_152_349,
        "count-two-norms-in-decoder": 44_176_925,
        "count-final-norms": 44_185_117,
        "count-d-model-a-head": 176_497_181,
        "count-encoder-only": 18_929_152,
    }


@pytest.mark.parametrize("seed", range(5))
def test_made_up_models_part_beam_from_greedy(helpers: Any, seed: int) -> None:
    _, beams = helpers
    found = beams.instructive_tables(np.random.default_rng(seed))
    for model, wrong in zip(found, beams.TOLD, strict=True):
        best = beams.beam(model, model.width)[0][1]
        assert best != beams.beam(model, 1)[0][1]
        assert best == beams.ended_aside(model, model.width)
        assert wrong(model) not in ((), best)
        assert best == beams.beam(model, 400)[0][1]
        assert best[0] == model.start and len(best) <= model.max_length
        assert (best[-1] == model.end) == (wrong is not beams.best_ended)


def test_thresholds_are_read_from_the_calibration(lab: LoadedLab) -> None:
    kept = json.loads((FOLDER / "calibration.json").read_text())["reverser.exact_match"]
    metric = lab.spec.checks["reverser.exact_match"].expect["predictions"]
    assert (metric.floor, metric.target) == (kept["floor"], kept["target"])
    assert metric.target >= 0.9
    solution = kept["solution"]
    assert len(solution["values"]) >= 10
    assert kept["target"] <= solution["mean"] - 4 * solution["sd"] + 1e-9
    assert kept["baselines"]
    for baseline in kept["baselines"].values():
        assert kept["floor"] >= baseline["mean"] + 4 * baseline["sd"] - 1e-9

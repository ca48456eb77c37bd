"""The prose of the labs, changed in one place: each time, what it promises is found not to hold.

Nothing is run: the public keys hold what the solution gives to each probe.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from grader.authoring.contracts import contradictions
from grader.authoring.source import LoadedLab, load_lab
from grader.check.key import Key

COURSE = Path(__file__).parents[2]
LABS = ["tp1_language_id", "tp2_tweets", "tp3_autoencoder", "tp4_transformer", "tp5_mixmatch"]
TP1, TP2, TP3, TP4, TP5 = LABS

# lab, where (the cell holds this), old, new, what is said
MUTATIONS = {
    "clip: another length": (TP1, "def prepare_clip", "float32 (48000,).", "float32 (16000,).", "prepare_clip"),
    "clip: another dtype": (TP1, "def prepare_clip", "float32 (48000,).", "float64 (48000,).", "is float32, not float64"),
    "logmel: another number of bands": (TP1, "def log_mel", "ceil(n / 240), 100)", "ceil(n / 240), 80)", "log_mel_spectrogram"),
    "logmel: axes exchanged": (TP1, "def log_mel", "(…, ceil(n / 240), 100)", "(…, 100, ceil(n / 240))", "log_mel_spectrogram"),
    "normaliser: one a step": (TP1, "def fit_normaliser", "float (bands,) each", "float (steps,) each", "fit_normaliser"),
    "confusion: a vector": (TP1, "def confusion_matrix", "integers (num_languages, num_languages)", "integers (num_languages,)", "confusion_matrix"),
    "encode: another dtype": (TP2, "def encode", "int32 (N,), places", "int64 (N,), places", "is int32, not int64"),
    "encode: one-hot": (TP2, "def encode", "int32 (N,), places", "int32 (N, V), places", "encode"),
    "windows: axes exchanged": (TP2, "def make_windows", "int (n, L) each", "int (L, n) each", "make_windows"),
    "windows: overlapping": (TP2, "def make_windows", "n = (N - 1) // L;", "n = N - L;", "make_windows"),
    "windows: French table": (TP2, "| (n, L) chacun", "(n, L) chacun", "(L, n) chacun", "is not in the English text"),
    "ids: English table": (TP2, "| (n, L) each", "| `ids` | (N,) |", "| `ids` | (N, V) |", "(N,) in the docstring"),
    "temperature: a column": (TP2, "def temperature_prob", "float (V,), sums", "float (V, 1), sums", "temperature_probabilities"),
    "prepare: axes exchanged": (TP3, "def prepare(", "float32 (n, 784).", "float32 (784, n).", "prepare"),
    "prepare: unscaled": (TP3, "def prepare(", "float32 (n, 784).", "uint8 (n, 784).", "is float32, not uint8"),
    "prepare: another range": (TP3, "def prepare(", "float32 (n, 784).", "float32 (n, 784) in [−1, 0].", "is said to be in [-1, 0]"),
    "prepare: a distribution": (TP3, "def prepare(", "float32 (n, 784).", "float32 (n, 784), each row sums to 1.", "do not sum to 1"),
    "pca: as many rows as it learnt from": (TP3, "def pca_reconstruction", "        float (m, d).", "        float (n, d).", "pca_reconstruction"),
    "gallery: axes exchanged": (TP3, "def gallery", "float (4, count, 784)", "float (count, 4, 784)", "gallery"),
    "interpolate: one step more": (TP3, "def interpolate", "float (steps, 784)", "float (steps + 1, 784)", "steps + 1"),
    "anomaly: one a pixel": (TP3, "def anomaly_scores", "float (n,):", "float (n, 784):", "anomaly_scores"),
    "pca: French table": (TP3, "moyenne et composantes viennent", "| (n, d) |", "| (d, n) |", "(d, n) is not in the English text"),
    "attention: output as long as the keys": (TP4, "def scaled_dot", "float (..., T, d_v) and", "float (..., S, d_v) and", "result 0"),
    "attention: weights transposed": (TP4, "def scaled_dot", "and (..., T, S); each", "and (..., S, T); each", "result 1"),
    "attention: English table": (TP4, "what each of these has to say", "| `q` | (…, T, d_k)", "| `q` | (…, d_k, T)", "(…, T, d_k) in the docstring"),
    "attention: French table": (TP4, "ce que chacun a à dire", "| `weights` | (…, T, S)", "| `weights` | (…, S, T)", "is not in the English text"),
    "causal mask: zeros and ones": (TP4, "def causal_mask", "Booleans (T, T):", "float32 (T, T):", "is bool, not float32"),
    "positions: axes exchanged": (TP4, "def positional_encoding", "float32 (T, d_model).", "float32 (d_model, T).", "positional_encoding"),
    "heads: another axis": (TP4, "class MultiHeadAttention", "and (B, H, T, S).", "and (B, T, H, S).", "MultiHeadAttention.call: result 1"),
    "teacher forcing: nothing cut off": (TP4, "def teacher_forcing", "int (B, L-1) each;", "int (B, L) each;", "teacher_forcing"),
    "decoder: French table": (TP4, "| `memory_mask` | diffusible vers", "| `memory` | (B, S, d_model)", "| `memory` | (B, T, d_model)", "is not in the English text"),
    "split: labels transposed": (TP5, "def split(", "one-hot (10·per_class, 10)", "one-hot (10, 10·per_class)", "split: result 'y'"),
    "split: what is left over": (TP5, "def split(", "(n − held − 10·per_class, 28", "(n − held, 28", "split: result 'u'"),
    "guess: one row a view": (TP5, "def guess_labels", "float (n, classes), rows", "float (K, classes), rows", "guess_labels"),
    "mixmatch: one view": (TP5, "def mixmatch(", "(views·m, h, w, c)", "(m, h, w, c)", "mixmatch: result 2"),
    "sharpen: whole numbers": (TP5, "def sharpen", "float (…, classes): p", "int (…, classes): p", "sharpen"),
    "sharpen: a false range": (TP5, "def sharpen", "float (…, classes): p", "float (…, classes) in [0, 100]: p", "is said to be in [0, 100]"),
}  # fmt: skip


@cache
def lab_and_key(name: str) -> tuple[LoadedLab, Key]:
    return load_lab(COURSE / "solutions" / name, False), Key.load(COURSE / "labs" / f"{name}.key")


@pytest.mark.parametrize("name", LABS)
def test_a_labs_prose_holds(name: str) -> None:
    assert contradictions(*lab_and_key(name)) == []


def test_there_are_thirty() -> None:
    assert len(MUTATIONS) >= 30


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_promise_that_is_not_kept_is_told(name: str) -> None:
    lab_id, where, old, new, said = MUTATIONS[name]
    lab, key = lab_and_key(lab_id)
    (at,) = [c.index for c in lab.cells if where in c.source and old in c.source]
    changed = [
        replace(c, source=c.source.replace(old, new, 1)) if c.index == at else c for c in lab.cells
    ]
    found = contradictions(replace(lab, cells=tuple(changed)), key)
    assert any(said in line and line.startswith(f"{lab_id}/notebook.py:") for line in found), found

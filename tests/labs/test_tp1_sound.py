"""TP1: the spectrogram against other libraries, the reading of archives."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "pyproject.toml").is_file())
LAB = ROOT / "solutions" / "tp1_language_id"


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    from grader.authoring.source import load_lab

    lab = load_lab(LAB, proofs=False)
    found = lab.namespace()
    for wanted, end in (("def common_language(", "FULL = False"), ("def summary(", "facts = ")):
        (source,) = [c.solved() for c in lab.cells if wanted in c.solved()]
        exec(source[source.index(wanted) :].split(end)[0], found)
    yield found


@pytest.fixture(scope="module")
def hearing() -> Iterator[Any]:
    sys.path.insert(0, str(LAB))
    import hearing

    yield hearing
    sys.path.remove(str(LAB))


def test_filterbank_is_that_of_tensorflow(hearing: Any) -> None:
    import tensorflow as tf

    theirs = tf.signal.linear_to_mel_weight_matrix(100, 513, 16000, 60.0, 7600.0).numpy()
    assert np.allclose(hearing.mel_matrix(), theirs, atol=2e-3)


def test_filterbank_is_close_to_librosa(hearing: Any) -> None:
    """librosa's triangles are straight in hertz, ours in mels: the same edges, sides a little bent."""
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(
        sr=16000, n_fft=1024, n_mels=100, fmin=60, fmax=7600, htk=True, norm=None
    ).T
    ours = hearing.mel_matrix()
    assert np.abs(ours - theirs).max() < 0.03
    assert ((ours > 1e-6) == (theirs > 1e-6)).mean() > 0.999


def test_spectrogram_against_librosa(names: dict[str, Any]) -> None:
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(3)
    sound = rng.normal(0, 0.1, 48_000).astype(np.float32) * np.linspace(
        0.1, 1, 48_000, dtype=np.float32
    )
    padded = np.pad(sound, (0, 512))
    power = np.abs(
        librosa.stft(padded, n_fft=1024, hop_length=240, win_length=512, window="hann", center=False)
    ) ** 2  # fmt: skip
    assert power.shape[0] == 513
    ours = np.asarray(names["log_mel_spectrogram"](sound))
    assert ours.shape == (200, 100)
    # librosa centres the 512 samples in 1024: frame i of ours starts where its frame begins 256 earlier.
    shifted = np.abs(
        librosa.stft(np.pad(sound, (256, 1024)), n_fft=1024, hop_length=240, win_length=512, window="hann",
                     center=False)
    )[:, :200] ** 2  # fmt: skip
    mel = librosa.filters.mel(
        sr=16000, n_fft=1024, n_mels=100, fmin=60, fmax=7600, htk=True, norm=None
    )
    theirs = np.log((mel @ shifted).T + 1e-6)
    assert np.abs(ours - theirs).max() < 0.1
    assert np.abs(ours - theirs).mean() < 0.01


def test_judge_and_notebook_see_the_same(names: dict[str, Any], hearing: Any) -> None:
    sounds = np.random.default_rng(1).normal(0, 0.1, (3, 48_000)).astype(np.float32)
    sounds[2] = 0
    theirs = np.asarray(names["log_mel_spectrogram"](sounds))
    assert np.allclose(hearing.log_mel(sounds), theirs, atol=2e-3)
    small = hearing.shrink(theirs)
    assert small.dtype == np.uint8
    assert np.abs(hearing.grow(small) - theirs).max() < 0.051
    centred = names["centre"](theirs)
    assert np.abs(hearing.centred(small) - centred).max() < 0.11
    assert np.abs(centred[:2].mean(axis=1)).max() < 1e-4 and np.abs(centred[2]).max() < 1e-4


def test_judge_and_study_see_the_same(names: dict[str, Any], hearing: Any) -> None:
    sounds = np.random.default_rng(4).normal(0, 0.1, (3, 48_000)).astype(np.float32)
    sounds[2] = 0
    theirs = names["summary"](sounds)
    assert theirs.shape == (3, 120)
    assert np.allclose(hearing.summary(sounds), theirs, atol=1e-4)
    assert np.allclose(theirs[2], [np.log(names["FLOOR"])] * 60 + [0] * 60)


def test_a_microphone_changes_nothing(names: dict[str, Any], hearing: Any) -> None:
    """A filter multiplies every frame's spectrum: after `centre` it is gone, but for FLOOR."""
    from scipy import signal

    rng = np.random.default_rng(5)
    sound = (rng.normal(0, 0.3, 48_000) * np.repeat(rng.uniform(0.1, 1, 20), 2400)).astype(
        "float32"
    )
    microphone = signal.firwin(31, [300, 3400], pass_zero=False, fs=16_000)
    filtered = signal.lfilter(microphone, 1, sound).astype("float32")
    before, after = (np.asarray(names["log_mel_spectrogram"](s)) for s in (sound, filtered))
    heard = slice(20, 75)  # the bands that pass
    raw = np.abs(before - after)[5:195, heard].mean()
    centred = np.abs(names["centre"](before) - names["centre"](after))[5:195, heard].mean()
    assert centred < raw / 2
    small = hearing.shrink(before[None])
    louder = small + np.uint8(7)
    assert np.abs(hearing.centred(small) - hearing.centred(louder)).max() < 1e-5


def test_archive_is_read_without_unpacking(names: dict[str, Any], tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "small.tar.gz"
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w:gz") as archive:
        for language in ("French", "German"):
            for part in ("train", "test"):
                for i in range(3):
                    file = io.BytesIO()
                    soundfile.write(file, rng.normal(0, 0.1, 96_000), 48_000, format="WAV")
                    entry = tarfile.TarInfo(f"common_voice_kpd/{language}/{part}/spk{i}/a{i}.wav")
                    entry.size = len(file.getvalue())
                    file.seek(0)
                    archive.addfile(entry, file)
    sets = names["common_language"](path, languages=("French",), each=2)
    assert set(sets) == {"train", "test"}
    waveforms, languages = sets["train"]
    assert waveforms.shape == (2, 48_000)
    assert languages.tolist() == ["French", "French"]

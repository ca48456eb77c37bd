"""TP1's data: what no two splits share, what is shipped and under which licence."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.notebook.data import content_digest, manifest

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "pyproject.toml").is_file())
SPEECH = ROOT / "data" / "speech"
LANGUAGES = ("de", "en", "es", "fr", "it")


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Any]]:
    """The build scripts, under names that no other module has."""
    sys.path.insert(0, str(SPEECH))
    before = {n: sys.modules.pop(n, None) for n in ("build", "real", "sentences")}
    made = {}
    for name in ("sentences", "build", "real"):
        spec = importlib.util.spec_from_file_location(name, SPEECH / f"{name}.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = made[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made[name])
    yield made
    sys.path.remove(str(SPEECH))
    for name, module in before.items():
        sys.modules.pop(name)
        if module is not None:
            sys.modules[name] = module


def test_splits_share_no_voice(scripts: dict[str, Any]) -> None:
    build = scripts["build"]
    drawn = [build.speaker(split, i) for split, n in build.VOICES.items() for i in range(n)]
    sounds = {text.split("gender", 1)[1] for text in drawn}  # all but the name
    assert len(drawn) == len(sounds) == 290
    assert min(build.VOICES.values()) >= 30
    assert build.speaker("hidden", 3) == build.speaker("hidden", 3)


def test_speakers_differ_in_pitch_and_tract(scripts: dict[str, Any]) -> None:
    lines = [scripts["build"].speaker("train", i).splitlines() for i in range(220)]
    pitch = [int(v.split()[1]) for own in lines for v in own if v.startswith("pitch")]
    tract = [int(v.split()[2]) for own in lines for v in own if v.startswith("formant 2")]
    assert len(pitch) == len(tract) == 220
    assert min(pitch) < 90 < 180 < max(pitch)
    assert min(tract) < 92 < 114 < max(tract)


@pytest.mark.parametrize("language", LANGUAGES)
def test_splits_share_no_sentence(scripts: dict[str, Any], language: str) -> None:
    s = scripts["sentences"]
    said = {
        split: {s.sentence(language, split, np.random.default_rng(i)) for i in range(60)}
        for split in s.SPLITS
    }
    for split, sentences in said.items():
        assert len(sentences) > 55
        assert {s.split_of(text) for text in sentences} == {split}


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_are_written_once(scripts: dict[str, Any], language: str) -> None:
    s = scripts["sentences"]
    for table in (s.OPENINGS, s.SOMEONE, s.DID, s.WHERE):
        parts = s.parts(table, language)
        assert len(set(parts)) == len(parts) >= 22
        assert all("  " not in p and "\n" not in p for p in parts)


def test_german_verb_comes_second(scripts: dict[str, Any]) -> None:
    said = scripts["sentences"].sentence("de", "train", np.random.default_rng(2))
    assert " hat " in said or " ist " in said
    assert "/" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_runs_of_common_words(scripts: dict[str, Any], language: str) -> None:
    pytest.importorskip("wordfreq")
    s = scripts["sentences"]
    known, p = s.vocabulary(language)
    assert len(known) == len(set(known)) == s.COMMON
    assert p.sum() == pytest.approx(1) and p.argmax() < 3
    assert len(s.words(language, np.random.default_rng(0)).split()) == 24


def test_a_small_set_can_be_built(scripts: dict[str, Any]) -> None:
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("wordfreq")
    build = scripts["build"]
    espeak = build.Espeak()
    made = build.clips(espeak, "fr", "test", 3)
    assert made.shape == (3, 48_000) and made.dtype == np.float32
    assert 0.1 < np.abs(made).max() < 1
    soundfile = pytest.importorskip("soundfile")
    back, rate = soundfile.read(io.BytesIO(build.encode(made.reshape(-1)).tobytes()))
    assert rate == 16_000 and abs(len(back) - 3 * 48_000) < 1000
    with pytest.raises(ValueError, match="no voice"):
        espeak.say("bonjour", "xx+nobody", 150, 50, 50)


def test_recorded_speech_is_trimmed_and_levelled(scripts: dict[str, Any], tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    rng = np.random.default_rng(0)
    folder = tmp_path / "package"
    folder.mkdir()
    for i in range(6):
        said = np.concatenate([np.zeros(4000), rng.normal(0, 0.05, 12_000), np.zeros(8000)])
        soundfile.write(folder / f"{i}.wav", said, 8000)
    real = scripts["real"]
    voice = real.Voice("fr", "someone", "package", "*.wav")
    assert len(real.read(folder / "0.wav")) == pytest.approx(24_000, rel=0.1)
    made = real.clips(voice, tmp_path, 2)
    assert made.shape == (2, 48_000)
    assert np.abs(made).max(axis=1) == pytest.approx([0.7, 0.7])
    with pytest.raises(ValueError, match="are needed"):
        real.clips(voice, tmp_path, 20)


def test_what_is_shipped_is_in_the_manifest() -> None:
    found = manifest(ROOT)
    assert found is not None
    folder, rows = found
    sets = [n for n in rows if n.startswith("speech")]
    assert len(sets) == 8
    for name in sets:
        with np.load(folder / name / f"{name}.npz") as file:
            arrays = {k: file[k] for k in file.files}
        assert content_digest(arrays) == rows[name]["sha256"], name
        assert all(a.tobytes().startswith(b"OggS") for a in arrays.values())
        assert (folder / name / "LICENSE").stat().st_size > 300
    with np.load(folder / "speech" / "hidden" / "speech.npz") as file:
        held_out = {k: file[k] for k in file.files}
    assert content_digest(held_out) == rows["speech"]["hidden_sha256"]
    assert set(held_out) == {f"hidden_{k}" for k in LANGUAGES}
    assert len(rows["speech"]["full"]["sha256"]) == 64


def test_licences_do_not_meet_in_a_file() -> None:
    found = manifest(ROOT)
    assert found is not None
    rows = found[1]
    assert rows["speech_asterisk_sa"]["licence"] == "CC-BY-SA-3.0"
    assert rows["speech_asterisk_by"]["licence"] == "CC-BY-3.0"
    assert rows["speech_tuxpaint"]["licence"].startswith("GPL")
    text = (LAB_NOTEBOOK := ROOT / "data" / "speech_menardi" / "LICENSE").read_text("utf-8")
    assert "http://www.voip.ammdomus.it" in text, LAB_NOTEBOOK

"""What the judge hears: held-out clips as spectrograms, and what recorded networks make of them.

Everything here is NumPy, written apart from the notebook's TensorFlow: that the two agree is a test.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from grader.check.recording import BadRecording, Recording

DATA = Path(__file__).resolve().parent.parent.parent / "data"
LANGUAGES = ("de", "en", "es", "fr", "it")
STUDIED = ("es", "fr", "it", "ru")  # languages with more than one recorded speaker
REAL = ("speech_armelle", "speech_asterisk_by", "speech_asterisk_sa", "speech_es_co",
        "speech_festvox_ru", "speech_menardi", "speech_tuxpaint")  # fmt: skip
RATE, SAMPLES, FRAME, HOP, FFT, BANDS = 16_000, 48_000, 512, 240, 1024, 100
LOWEST, HIGHEST, FLOOR = 60.0, 7600.0, 1e-6
STEP, SHIFT = 0.1, 14.0  # of the whole numbers that spectrograms are kept as

# ------------------------------------------------------------------ sound to spectrogram


def mel_matrix() -> np.ndarray:
    """Weights of the Mel bands, float64 (513, 100): triangles that are straight on the Mel scale.

    HTK's formula, mel = 1127 ln(1 + f / 700) (Young et al., The HTK Book, section 5.4); the constant
    component belongs to no band, as in ``tf.signal.linear_to_mel_weight_matrix``.
    """

    def mel(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    bins = mel(np.linspace(0, RATE / 2, FFT // 2 + 1))[1:, None]
    edges = np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2)
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    up, down = (bins - low) / (peak - low), (high - bins) / (high - peak)
    return np.vstack([np.zeros(BANDS), np.maximum(0, np.minimum(up, down))])


@lru_cache(maxsize=1)
def _mel() -> np.ndarray:
    return mel_matrix()


def log_mel(waveforms: np.ndarray) -> np.ndarray:
    """float (n, 48000) → float32 (n, 200, 100), as the notebook's exercise 1.2 defines it."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)
    mel, starts = _mel().astype(np.float32), np.arange(0, SAMPLES, HOP)
    made = []
    for waveform in waveforms:
        padded = np.pad(np.asarray(waveform, np.float32), (0, FRAME))
        frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[starts] * window
        power = np.abs(np.fft.rfft(frames, FFT)) ** 2
        made.append(np.log(power @ mel + np.float32(FLOOR)))
    return np.stack(made)


def summary(waveforms: np.ndarray) -> np.ndarray:
    """Mean and deviation over time of the sound in 60 bands, as the notebook's part 5 defines it:
    float (n, 48000) → float32 (n, 120)."""
    made = []
    for waveform in waveforms:
        frames = np.asarray(waveform, np.float64).reshape(100, 480) * np.hanning(480)
        power = np.abs(np.fft.rfft(frames)[:, 1:]) ** 2
        bands = np.log(power.reshape(100, 60, 4).mean(axis=-1) + FLOOR)
        made.append(np.concatenate([bands.mean(axis=0), bands.std(axis=0)]))
    return np.array(made, np.float32)


def decode(stream: np.ndarray) -> np.ndarray:
    """Ogg bytes → float32 (n, 48000)."""
    import soundfile

    samples, _ = soundfile.read(io.BytesIO(stream.tobytes()), dtype="float32")
    return samples[: len(samples) // SAMPLES * SAMPLES].reshape(-1, SAMPLES)


def shrink(spectrograms: np.ndarray) -> np.ndarray:
    """Spectrograms as uint8, in steps of 0.1."""
    return np.clip(np.round((spectrograms + SHIFT) / STEP), 0, 255).astype(np.uint8)


def grow(small: np.ndarray) -> np.ndarray:
    """The reverse of `shrink`: float32."""
    return small.astype(np.float32) * np.float32(STEP) - np.float32(SHIFT)


def centred(small: np.ndarray) -> np.ndarray:
    """Spectrograms of which each clip's mean in each band is taken: uint8 (n, 200, 100) → float32."""
    x = grow(small)
    return x - x.mean(axis=1, keepdims=True)


# ------------------------------------------------------------------ held-out material


@lru_cache(maxsize=1)
def hidden() -> tuple[np.ndarray, np.ndarray]:
    """All held-out clips: uint8 (n, 200, 100) and their languages (n,)."""
    with np.load(DATA / "speech" / "hidden" / "speech.npz") as file:
        parts = [shrink(log_mel(decode(file[f"hidden_{name}"]))) for name in LANGUAGES]
    return np.concatenate(parts), np.repeat(np.arange(len(LANGUAGES)), [len(p) for p in parts])


@lru_cache(maxsize=1)
def usual() -> np.ndarray:
    """Mean and deviation of each band over the held-out clips: float32 (2, 100)."""
    x = centred(hidden()[0])
    return np.stack([x.mean(axis=(0, 1)), x.std(axis=(0, 1))])


@lru_cache(maxsize=1)
def real() -> dict[str, np.ndarray]:
    """The recorded speech, in the notebook's order: ``fr_armelle`` → float32 (30, 48000)."""
    streams: dict[str, np.ndarray] = {}
    for name in REAL:
        with np.load(DATA / name / f"{name}.npz") as file:
            streams |= {key: file[key] for key in file.files}
    return {key: decode(streams[key]) for key in sorted(streams)}


def spoken() -> dict[str, Any]:
    """The recorded clips in languages that the classifier knows: uint8 (n, 200, 100), and which."""
    own = {key: clips for key, clips in real().items() if key[:2] in LANGUAGES}
    labels = [LANGUAGES.index(key[:2]) for key, clips in own.items() for _ in clips]
    clips = shrink(log_mel(np.concatenate(list(own.values()))))
    return {"clips": clips, "labels": np.array(labels), "usual": usual()}


def studied() -> dict[str, Any]:
    """The clips of the leakage study: their `summary`, language and speaker."""
    own = {key: clips for key, clips in real().items() if key[:2] in STUDIED}
    names = [key for key, clips in own.items() for _ in clips]
    return {
        "facts": summary(np.concatenate(list(own.values()))),
        "languages": np.array([STUDIED.index(name[:2]) for name in names]),
        "speakers": [name[3:] for name in names],
    }  # fmt: skip


# ------------------------------------------------------------------ what recordings show


def normaliser(recording: Recording, usual: np.ndarray) -> np.ndarray:
    """Mean and deviation of each band with which a recorded network is given its clips: (2, 100).

    Those that travel with it, as long as they are about the `usual` ones; if not (none do, or another
    logarithm was taken), those. A mistake in the spectrogram is paid for in its own exercise.

    Raises:
        BadRecording: what travels with it is not made of numbers.
    """
    try:
        mean, std = (np.ravel(np.array(recording.settings.get(k, []), np.float32)) for k in ("mean", "std"))
    except (TypeError, ValueError):
        raise BadRecording("recording") from None
    if not len(mean) == len(std) == BANDS:
        return usual
    own = np.stack([mean, std])
    ratio = own[1] / usual[1]
    near = (np.abs(own[0] - usual[0]) < usual[1] / 2) & (ratio > 2 / 3) & (ratio < 3 / 2)
    return own if near.all() else usual


def probabilities(recording: Recording, x: np.ndarray) -> np.ndarray:
    """What the recorded network answers, float (n, classes).

    A network of built-in layers is rebuilt as it was; of a class of the student's own, the LSTM and
    the dense layer are found by their names.

    Raises:
        BadRecording: the weights are no such network.
    """
    try:
        model = recording.rebuild()
    except BadRecording as error:
        if error.what != "layers":
            raise
        import keras

        model = keras.Sequential([
            keras.Input(x.shape[1:]), keras.layers.LSTM(128, name="lstm"),
            keras.layers.Dense(len(LANGUAGES), activation="softmax", name="languages"),
        ])  # fmt: skip
        recording.give(model)
    try:
        made = np.asarray(model.predict(x, batch_size=100, verbose=0))
    except Exception as error:  # a network for other inputs
        raise BadRecording("shapes", str(error)[:200]) from None
    if made.ndim != 2 or len(made) != len(x):
        raise BadRecording("shapes")
    return made


def predictions(recording: Recording, small: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """The recorded classifier's languages for clips uint8 (n, 200, 100): integers (n,)."""
    mean, std = normaliser(recording, usual)
    return probabilities(recording, (centred(small) - mean) / std).argmax(axis=1)


def balanced(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Mean recall over the classes that occur."""
    return float(np.mean([np.mean(predicted[labels == c] == c) for c in np.unique(labels)]))


def indices(recording: Recording, part: str, n: int) -> np.ndarray:
    """The clips that a probe was trained or tested on.

    Raises:
        BadRecording: the recording does not say, or names clips that do not exist.
    """
    try:
        found = np.array(recording.settings[part])
    except (KeyError, TypeError, ValueError):
        raise BadRecording("recording") from None
    if found.ndim != 1 or not found.size or found.dtype.kind != "i":
        raise BadRecording("recording")
    if found.min() < 0 or found.max() >= n:
        raise BadRecording("recording")
    return np.unique(found)


@dataclass(frozen=True)
class Parts:
    """What a probe of the leakage study was trained and tested on.

    Attributes:
        shared_speakers: how many of the speakers tested were also trained on.
        apart: no clip on both sides, at least a tenth of all on each, every language tested.
    """

    shared_speakers: int
    apart: bool


def probed(recording: Recording, material: Mapping[str, Any]) -> tuple[float, Parts]:
    """Balanced accuracy of a probe of the leakage study on its own test part, and its parts."""
    speakers, labels = np.array(material["speakers"]), np.asarray(material["languages"])
    train, test = (indices(recording, part, len(labels)) for part in ("train", "test"))
    facts = np.asarray(material["facts"])
    x = (facts - facts[train].mean(axis=0)) / np.maximum(facts[train].std(axis=0), 1e-3)
    predicted = probabilities(recording, x[test]).argmax(axis=1)
    apart = not len(np.intersect1d(train, test)) and set(labels[test]) == set(labels)
    parts = Parts(
        len(set(speakers[train]) & set(speakers[test])),
        apart and min(len(train), len(test)) >= len(labels) / 10,
    )
    return balanced(labels[test], predicted), parts

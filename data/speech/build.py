"""Build the synthetic speech of TP1: five languages, voices and sentences that no two splits share.

    python build.py [--out FOLDER] [--train 440] [--test 50] [--hidden 80]

Speech by eSpeak NG (the wheel `espeakng-loader` carries the library and its data); `wordfreq` gives
the common words. A clip is 3 s of 16 kHz mono, cut at random from two sentences or a run of words (see
`sentences.py`). Speakers are drawn at random, other ones for each split, and all of a split's speakers
speak all five languages: no voice gives its language away. Each clip has its own rate, pitch and
intonation range, then its own spectral tilt, band limits, level and background noise.

``speech.npz`` holds Ogg Opus streams as bytes, one a split and a language, ``train_fr`` and so on: the
clips one after the other, 48,000 samples each. ``hidden/speech.npz`` has the held-out ones, and is for
instructors. Building again gives the same clips, not the same bytes: Ogg numbers its streams at random.
"""

from __future__ import annotations

import argparse
import ctypes
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal
from sentences import LANGUAGES, SPLITS, sentence, words

from grader.notebook.data import content_digest

HERE = Path(__file__).parent
RATE = 16_000
SAMPLES = 48_000
SEED = 7

VOICES = {"train": 220, "test": 30, "hidden": 40}  # speakers of each split, drawn by `speaker`

# Accents of each split; English and French are heard with other ones in the test.
ACCENTS = {
    "de": {"train": ["de"], "test": ["de"], "hidden": ["de"]},
    "en": {"train": ["en", "en-us", "en-gb-scotland"], "test": ["en-gb-x-gbclan"], "hidden": ["en-gb-x-rp"]},
    "es": {"train": ["es", "es-419"], "test": ["es"], "hidden": ["es"]},
    "fr": {"train": ["fr", "fr-be"], "test": ["fr-ch"], "hidden": ["fr"]},
    "it": {"train": ["it"], "test": ["it"], "hidden": ["it"]},
}  # fmt: skip


def speaker(split: str, number: int) -> str:
    """A speaker drawn at random: the text of an eSpeak NG voice variant.

    Pitch, vocal tract (the formants' frequencies, strengths and widths, in per cent of the language's
    own) and voice quality; see docs/voices.md of eSpeak NG for the keys.
    """
    rng = np.random.default_rng([SEED, list(SPLITS).index(split), number])
    high = rng.random() < 0.5
    pitch = rng.uniform(135, 200) if high else rng.uniform(75, 125)
    tract = rng.uniform(100, 118) if high else rng.uniform(88, 106)
    lines = [
        "language variant", f"name {split}{number}", f"gender {'female' if high else 'male'}",
        f"pitch {pitch:.0f} {pitch * rng.uniform(1.35, 1.65):.0f}",
        f"flutter {rng.integers(0, 5)}", f"roughness {rng.integers(0, 4)}",
        f"voicing {rng.integers(90, 136)}", f"consonants {rng.integers(90, 126)} {rng.integers(90, 126)}",
        f"echo {rng.integers(40, 140)} {rng.integers(0, 12)}",
    ]  # fmt: skip
    fall = rng.uniform(0, 5)  # per cent of strength that each formant loses on the one below
    for formant in range(9):
        lines.append(
            f"formant {formant} {tract + rng.normal(0, 3):.0f}"
            f" {rng.uniform(85, 115) - fall * formant:.0f} {rng.uniform(70, 130):.0f}"
        )
    if rng.random() < 0.3:
        lines.append(f"breath 0 {' '.join(str(v) for v in rng.integers(1, 5, 7))}")
    return "\n".join(lines) + "\n"


class Espeak:
    """The eSpeak NG library, speaking into arrays."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._folder = tempfile.TemporaryDirectory()
        data = Path(self._folder.name) / "espeak-ng-data"
        # eSpeak NG lists 349 voices at most: its own variants and other families of languages stay out
        shutil.copytree(
            espeakng_loader.get_data_path(), data, ignore=shutil.ignore_patterns("lang", "voices")
        )
        for family in ("gmw", "roa"):
            shutil.copytree(
                Path(espeakng_loader.get_data_path()) / "lang" / family, data / "lang" / family
            )
        (data / "voices" / "!v").mkdir(parents=True)
        for split, count in VOICES.items():
            for number in range(count):
                variant = data / "voices" / "!v" / f"{split}{number}"
                variant.write_text(speaker(split, number))
        # 2: AUDIO_OUTPUT_SYNCHRONOUS
        self.rate = self.library.espeak_Initialize(2, 0, str(data).encode(), 0)
        if self.rate <= 0:
            raise RuntimeError("eSpeak NG does not start")
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self._chunks: list[np.ndarray] = []

        def hear(samples: ctypes._Pointer[ctypes.c_short], n: int, _: object) -> int:
            if samples and n > 0:
                self._chunks.append(np.ctypeslib.as_array(samples, (n,)).copy())
            return 0

        self._callback = kind(hear)
        self.library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, rate: int, pitch: int, span: int) -> np.ndarray:
        """Speak `text`.

        Args:
            text: what is said.
            voice: language and speaker, ``fr-be+train17``.
            rate: words a minute, 80 to 450.
            pitch: 0 to 100.
            span: intonation range, 0 (monotone) to 100.

        Returns:
            float32 (n,), in [−1, 1], at 16 kHz.

        Raises:
            ValueError: there is no such voice.
        """
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"no voice {voice!r}")
        for parameter, value in ((1, rate), (3, pitch), (4, span)):
            self.library.espeak_SetParameter(parameter, value, 0)
        self._chunks = []
        data = text.encode()
        self.library.espeak_Synth(
            data, len(data) + 1, 0, 1, 0, 1, None, None
        )  # 1: characters, UTF-8
        self.library.espeak_Synchronize()
        heard = np.concatenate(self._chunks).astype(np.float32) / 32768
        common = np.gcd(RATE, self.rate)
        return signal.resample_poly(heard, RATE // common, self.rate // common).astype(np.float32)


def room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tilt, band limits, level and noise of one clip; float32 (48000,) in, float32 (48000,) out."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    tilt = rng.uniform(-2, 2)  # dB an octave, around 1 kHz, kept within ±6 dB
    gain = np.clip(tilt * np.log2(np.maximum(hertz, 60) / 1000), -6, 6)
    spectrum *= 10 ** (gain / 20)
    if rng.random() < 0.1:  # a telephone or a cheap microphone
        low, high = rng.uniform(60, 300), rng.uniform(3400, 7000)
        spectrum *= (
            1 / np.sqrt(1 + (low / np.maximum(hertz, 1)) ** 8) / np.sqrt(1 + (hertz / high) ** 16)
        )
    clip = np.fft.irfft(spectrum, SAMPLES)
    loud = np.sqrt(np.mean(clip**2)) + 1e-9
    hiss = rng.standard_normal(SAMPLES)
    if rng.random() < 0.5:  # a low rumble rather than a hiss
        hiss = signal.lfilter([1], [1, -0.95], hiss)
    hiss *= loud * 10 ** (-rng.uniform(25, 45) / 20) / np.sqrt(np.mean(hiss**2))
    clip = clip + hiss
    return (clip / np.max(np.abs(clip)) * rng.uniform(0.2, 0.9)).astype(np.float32)


def clips(espeak: Espeak, language: str, split: str, n: int) -> np.ndarray:
    """`n` clips of a language: float32 (n, 48000)."""
    rng = np.random.default_rng([SEED, LANGUAGES.index(language), list(SPLITS).index(split)])
    made: list[np.ndarray] = []
    while len(made) < n:
        accents = ACCENTS[language][split]
        voice = f"{accents[len(made) % len(accents)]}+{split}{len(made) % VOICES[split]}"
        text = words(language, rng)
        if rng.random() < 0.5:
            text = f"{sentence(language, split, rng)} {sentence(language, split, rng)}"
        said = espeak.say(
            text,
            voice,
            int(rng.integers(150, 215)),
            int(rng.integers(35, 65)),
            int(rng.integers(35, 65)),
        )
        if len(said) < SAMPLES or np.max(np.abs(said)) < 1e-3:
            raise ValueError(f"{voice}: only {len(said)} samples")
        start = int(rng.integers(0, min(len(said) - SAMPLES, 3 * RATE) + 1))
        made.append(room(said[start : start + SAMPLES], rng))
    return np.stack(made)


def encode(samples: np.ndarray, level: float = 0.975) -> np.ndarray:
    """Ogg Opus bytes, uint8 (m,), of mono samples at 16 kHz, float (n,).

    Args:
        samples: in [−1, 1].
        level: 0 (large) to 1 (small).
    """
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", RATE, 1, format="OGG", subtype="OPUS", compression_level=level
    ) as out:
        for i in range(0, len(samples), 30 * RATE):
            out.write(samples[i : i + 30 * RATE])
    return np.frombuffer(file.getvalue(), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--train", type=int, default=440)
    parser.add_argument("--test", type=int, default=50)
    parser.add_argument("--hidden", type=int, default=80)
    options = parser.parse_args()
    (options.out / "hidden").mkdir(parents=True, exist_ok=True)
    espeak, sets = Espeak(), {}
    for split in SPLITS:
        for language in LANGUAGES:
            name, n = f"{split}_{language}", getattr(options, split)
            part = options.out / "parts" / f"{name}_{n}.npy"  # a build that was cut short goes on
            if not part.is_file():
                part.parent.mkdir(exist_ok=True)
                np.save(part, encode(clips(espeak, language, split, n).reshape(-1)))
            sets[name] = np.load(part)
            print(name, n, f"{sets[name].size / 1e6:.2f} MB", flush=True)
    shipped = {k: v for k, v in sets.items() if not k.startswith("hidden")}
    held_out = {k: v for k, v in sets.items() if k.startswith("hidden")}
    np.savez(options.out / "speech.npz", **shipped)
    np.savez(options.out / "hidden" / "speech.npz", **held_out)
    shutil.rmtree(options.out / "parts")
    print("sha256        ", content_digest(shipped))
    print("hidden_sha256 ", content_digest(held_out))


if __name__ == "__main__":
    main()

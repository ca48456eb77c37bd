"""Build the real recorded speech of TP1: telephone prompts and read sentences from Debian packages.

    python real.py FOLDER [--out data]     # FOLDER: the packages of `SOURCES`, each unpacked with
                                           # ``dpkg-deb -x PACKAGE.deb FOLDER/PACKAGE``

One data set a licence and source, so that no two licences meet in a file. A clip is 3 s of 16 kHz mono:
prompts of one speaker, silences trimmed, one after the other, cut without overlap. Arrays are
Ogg Opus streams as bytes, named ``<language>_<speaker>``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from build import RATE, SAMPLES, encode
from scipy import signal

from grader.notebook.data import content_digest

CLIPS = 30
SKIP = ("beep", "silence", "tone", "music", "ding", "monkeys", "hello-world")


@dataclass(frozen=True)
class Voice:
    """One speaker in one package."""

    language: str
    speaker: str
    package: str
    files: str  # a glob within the package


SOURCES: dict[str, tuple[Voice, ...]] = {
    "speech_asterisk_sa": (
        Voice("en", "allison", "asterisk-core-sounds-en-wav", "**/*.wav"),
        Voice("es", "allison", "asterisk-core-sounds-es-wav", "**/*.wav"),
        Voice("fr", "june", "asterisk-core-sounds-fr-wav", "**/*.wav"),
    ),
    "speech_asterisk_by": (
        Voice("it", "carlo", "asterisk-core-sounds-it-wav", "**/*.wav"),
        Voice("ru", "ivrvoice", "asterisk-core-sounds-ru-wav", "**/*.wav"),
    ),
    "speech_armelle": (Voice("fr", "armelle", "asterisk-prompt-fr-armelle", "**/*.gsm"),),
    "speech_menardi": (Voice("it", "paola", "asterisk-prompt-it-menardi-wav", "**/*.wav"),),
    "speech_es_co": (Voice("es", "july", "asterisk-prompt-es-co", "**/*.gsm"),),
    "speech_festvox_ru": (Voice("ru", "nsh", "festvox-ru", "**/*.wav"),),
    "speech_tuxpaint": (
        Voice("es", "tuxpaint_es", "tuxpaint-stamps-default", "**/*_desc_es.ogg"),
        Voice("fr", "tuxpaint_fr", "tuxpaint-stamps-default", "**/*_desc_fr.ogg"),
        Voice("ru", "tuxpaint_ru", "tuxpaint-stamps-default", "**/*_desc_ru.ogg"),
    ),
}


def read(path: Path) -> np.ndarray:
    """A recording at 16 kHz, mono, its silent ends trimmed: float32 (n,); empty if all is silence."""
    if path.suffix == ".gsm":
        samples, rate = soundfile.read(
            path, format="RAW", subtype="GSM610", samplerate=8000, channels=1, dtype="float32"
        )
    else:
        samples, rate = soundfile.read(path, dtype="float32")
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    common = np.gcd(RATE, rate)
    samples = signal.resample_poly(samples, RATE // common, rate // common)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = np.mean(frames**2, axis=1)
    loud = np.flatnonzero(power > 1e-3 * power.max()) if len(frames) and power.max() > 1e-7 else []
    if not len(loud):
        return np.zeros(0, np.float32)
    kept = samples[max(0, loud[0] - 4) * 160 : (loud[-1] + 5) * 160]
    return (0.1 * kept / np.sqrt(np.mean(kept**2))).astype(np.float32)


def clips(voice: Voice, folder: Path, n: int) -> np.ndarray:
    """`n` clips of a speaker: float32 (n, 48000).

    Raises:
        ValueError: the package is not there, or holds too little speech.
    """
    found = sorted((folder / voice.package).glob(voice.files))
    found = [p for p in found if not any(word in p.name for word in SKIP)]
    order = np.random.default_rng(len(voice.speaker)).permutation(len(found))
    gap, said, length = np.zeros(RATE // 10, np.float32), [], 0
    for i in order:
        if length >= n * SAMPLES:
            break
        samples = read(found[i])
        if len(samples) > RATE // 2:
            said += [samples, gap]
            length += len(samples) + len(gap)
    if length < n * SAMPLES:
        raise ValueError(f"{voice.package}: {length / RATE:.0f} s of speech, {n * 3} s are needed")
    made = np.concatenate(said)[: n * SAMPLES].reshape(n, SAMPLES)
    return 0.7 * made / np.abs(made).max(axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--clips", type=int, default=CLIPS)
    options = parser.parse_args()
    for name, voices in SOURCES.items():
        arrays = {
            f"{v.language}_{v.speaker}": encode(clips(v, options.folder, options.clips).reshape(-1))
            for v in voices
        }
        (options.out / name).mkdir(parents=True, exist_ok=True)
        np.savez(options.out / name / f"{name}.npz", **arrays)
        size = sum(a.size for a in arrays.values())
        print(
            f'[{name}] {size / 1e6:.2f} MB {sorted(arrays)}\nsha256 = "{content_digest(arrays)}"',
            flush=True,
        )


if __name__ == "__main__":
    main()

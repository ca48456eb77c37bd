"""What the reference recordings show on the recorded speech: writes ``figures.json``.

The mutants answer with these figures, so that a mistake made elsewhere is not paid for here as well.

    python figures.py          # after `grader build`, which makes the recordings
"""

from __future__ import annotations

import json
from pathlib import Path

import hearing
import numpy as np

from grader.core.recording import Recording

HERE = Path(__file__).parent


def figures(folder: Path = HERE / "recordings") -> dict[str, float]:
    """The three figures that a student reports, to two decimals."""
    found = {p.stem: Recording.from_bytes(p.read_bytes()) for p in folder.glob("*.safetensors")}
    small, names = hearing.real()
    chosen = [i for i, name in enumerate(names) if name[:2] in hearing.LANGUAGES]
    labels = np.array([hearing.LANGUAGES.index(names[i][:2]) for i in chosen])
    material = hearing.studied()
    return {
        "leak_clip": round(hearing.probed(found["probe_clip"], material)[0], 2),
        "leak_speaker": round(hearing.probed(found["probe_speaker"], material)[0], 2),
        "transfer": round(
            hearing.balanced(labels, hearing.predictions(found["classifier"], small[chosen])), 2
        ),
    }


if __name__ == "__main__":
    made = figures()
    (HERE / "figures.json").write_text(json.dumps(made) + "\n")
    print(made)

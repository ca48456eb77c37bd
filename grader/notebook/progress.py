"""What a student's checks found, kept beside the recordings: a restart of the kernel loses nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from grader.check.judge import Verdict
from grader.notebook.files import write
from grader.notebook.predictions import Prediction

if TYPE_CHECKING:
    from grader.notebook.lab import Lab

NAME = "progress.json"


class _Kept(msgspec.Struct):
    interface: str
    answers: dict[str, Any]
    verdicts: list[Verdict]
    predictions: dict[str, Prediction] = {}
    hinted: dict[str, int] = {}


def save(lab: Lab) -> None:
    """Keep answers and verdicts; a full disk loses them, nothing else."""
    kept = _Kept(
        lab.key.interface, lab.answers, list(lab.verdicts.values()), lab.predictions, lab.hinted
    )
    with suppress(OSError, TypeError, ValueError, AttributeError):
        data = msgspec.json.encode(kept, enc_hook=lambda array: array.tolist())
        write(lab.recordings / NAME, data)


def load(lab: Lab) -> None:
    """Take up what an earlier kernel kept, if it goes with this key."""
    with suppress(OSError, ValueError, RecursionError):
        kept = msgspec.json.decode((lab.recordings / NAME).read_bytes(), type=_Kept)
        if kept.interface == lab.key.interface:
            known = {c.id for c in lab.key.checks}
            lab.verdicts.update({v.check: v for v in kept.verdicts if v.check in known})
            lab.answers.update(kept.answers)
            lab.predictions.update(kept.predictions)
            lab.hinted.update(kept.hinted)

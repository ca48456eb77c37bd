"""What a student's checks found, kept beside the recordings: a restart of the kernel loses nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from grader.check.judge import Verdict
from grader.notebook.files import write

if TYPE_CHECKING:
    from grader.notebook.lab import Lab

NAME = "progress.json"


def save(lab: Lab) -> None:
    """Keep answers and verdicts; a full disk loses them, nothing else."""
    kept = {
        "interface": lab.key.interface,
        "answers": lab.answers,
        "verdicts": [v.to_dict() for v in lab.verdicts.values()],
    }
    with suppress(OSError, TypeError, ValueError, AttributeError):
        data = json.dumps(kept, ensure_ascii=False, default=lambda array: array.tolist())
        write(lab.recordings / NAME, data.encode())


def load(lab: Lab) -> None:
    """Take up what an earlier kernel kept, if it goes with this key."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        kept = json.loads((lab.recordings / NAME).read_text(encoding="utf-8"))
        if kept["interface"] != lab.key.interface:
            return
        known = {c.id for c in lab.key.checks}
        verdicts = [Verdict.from_dict(v) for v in kept["verdicts"]]
        lab.verdicts.update({v.check: v for v in verdicts if v.check in known})
        lab.answers.update(kept["answers"])

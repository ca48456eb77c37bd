"""``make fuzz``: the readers under atheris, as long as one likes: ``fuzz.py READER [-max_total_time=60 …]``."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["grader.intake", "grader.platforms"]):
    sys.path.insert(0, str(Path(__file__).parent))
    from readers import READERS, survives

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in READERS:
        sys.exit(f"name a reader: {', '.join(READERS)}")
    reader = sys.argv.pop(1)
    atheris.Setup(sys.argv, lambda data: survives(reader, data))
    atheris.Fuzz()

"""``grader check NOTEBOOK``: what `Lab.selfcheck` says, from a terminal.

The students' bundle installs this module's `main` as its ``grader`` command; the instructors'
command line has the same ``check``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from grader import __version__
from grader.check.names import lab_named_in
from grader.notebook import display
from grader.notebook.cells import code_cells
from grader.notebook.errors import LabError


def check(path: Path, lang: str | None = None) -> int:
    """Run a notebook in a clean process and print what grading will see on the public key.

    Args:
        lang: ``"fr"`` or ``"en"``; the notebook's own if not given.

    Returns:
        0 if every cell ran, 1 if one stopped or a recording does not go with the notebook.

    Raises:
        LabError: no such file, no notebook, no lab.
    """
    from grader.notebook.lab import Lab
    from grader.notebook.submit import explain, find_notebook, report, run

    said = lang or _lang()
    try:
        sources = code_cells(json.loads(path.read_text("utf-8")))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise LabError("{p}: {w}.", said, p=path, w=why) from None
    except (ValueError, AttributeError, RecursionError):
        raise LabError(
            "{p} is not a notebook that can be read: save it again.", said, p=path.name
        ) from None
    name = lab_named_in(sources)
    if name is None:
        raise LabError(
            '{p} has no line lab = Lab("…"): it is not known of which lab it is.', said, p=path.name
        )
    os.chdir(path.resolve().parent)
    lab = Lab(name, lang or _lang(sources))
    notebook = find_notebook(lab, path.name)
    found = run(lab, notebook)
    lines = explain(lab, found)
    for shown in (*(display.Note(line.to(lab.lang)) for line in lines), report(lab, found)):
        print(shown)
    return 1 if any(line.en.startswith("✗") for line in lines) else 0


def _lang(sources: Sequence[str] = ()) -> str:
    for source in sources:
        found = re.search(r"\bLab\([^)]*lang\s*=\s*[\"'](fr|en)[\"']", source)
        if found:
            return found.group(1)
    return "fr" if os.environ.get("LANG", "").lower().startswith("fr") else "en"


def main(arguments: Sequence[str] | None = None) -> None:
    """The students' command line."""
    parser = argparse.ArgumentParser(
        "grader", description="Lab notebooks: check before handing in."
    )
    parser.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", help="run a notebook from top to bottom, as grading will")
    one.add_argument("notebook", type=Path)
    one.add_argument("--lang", choices=["fr", "en"], help="language of what is printed")
    told = parser.parse_args(arguments)
    try:
        sys.exit(check(told.notebook, told.lang))
    except LabError as error:
        print(f"grader: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()

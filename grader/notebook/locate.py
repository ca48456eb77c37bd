"""Find what lies beside a notebook: answer key, data, recordings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from grader.check.key import BadKey, Key
from grader.check.text import gettext
from grader.notebook.errors import LabError

PACKAGE = Path(__file__).resolve().parent.parent


def roots(start: Path | None = None) -> Iterator[Path]:
    """Folders that may hold ``labs/`` and ``data/``: upward from here, then the installed kit."""
    here = (start or Path.cwd()).resolve()
    yield from (here, *here.parents)
    yield PACKAGE / "notebook" / "released"
    yield PACKAGE.parent


def find(*places: str, start: Path | None = None) -> Path | None:
    """The first file called one of `places`, relative to a root."""
    for root in roots(start):
        for place in places:
            path = root / place
            if path.is_file():
                return path
    return None


def known_labs(start: Path | None = None) -> list[str]:
    """Ids of the labs whose public key can be found."""
    found: list[str] = []
    for root in roots(start):
        for folder in (root / "labs", root):
            found += [p.stem for p in sorted(folder.glob("*.key")) if p.stem not in found]
    return found


def load_key(lab: str, lang: str, start: Path | None = None) -> Key:
    """The public answer key of a lab.

    Raises:
        LabError: no such lab ("did you mean"), or a key that this kit cannot read.
    """
    path = find(f"labs/{lab}.key", f"{lab}.key", start=start) if lab.strip(".") else None
    if path is None:
        known = known_labs(start)
        near = difflib.get_close_matches(lab, known, n=1, cutoff=0.5)
        if near:
            hint = gettext(" Did you mean {m!r}?", m=near[0])
        elif known:
            hint = gettext(" Labs found: {k}.", k=", ".join(known))
        else:
            hint = gettext(
                " Keep the notebook in the folder that came with it, or reinstall the kit."
            )
        raise LabError(
            gettext("no lab called {lab!r} (labs/{lab}.key is not there).", lab=lab) + hint, lang
        )
    try:
        key = Key.load(path)
    except (BadKey, OSError) as error:
        raise LabError(
            "{path} cannot be used: {why}. Install the lab kit again: this notebook and "
            "the kit come from different releases.",
            lang,
            path=path.name,
            why=str(error),
        ) from None
    if key.lab != lab:
        raise LabError(
            "{path} is the key of another lab, {other!r}.", lang, path=path.name, other=key.lab
        )
    return key

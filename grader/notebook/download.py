"""`lab.download`: the field's whole set, as the one file that its authors publish.

A row of ``data/manifest.toml`` may have a table::

    [speech.full]
    url = "https://…/CommonLanguage.tar.gz"
    sha256 = "…"            # of the file
    bytes = 3761951178

A download that was cut short goes on where it stopped; what does not have the published checksum is
never handed out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from grader.check.text import Text, gettext
from grader.notebook.errors import LabError

FOLDER = "LAB_DOWNLOADS"  # environment: where downloads are kept
_PIECE = 1 << 20
_TIMEOUT = 30.0


def folder() -> Path:
    """Where downloads are kept: ``$LAB_DOWNLOADS``, or ``~/.cache/deep-learning-labs``."""
    given = os.environ.get(FOLDER)
    return Path(given) if given else Path.home() / ".cache" / "deep-learning-labs"


def fetch(
    url: str,
    sha256: str,
    size: int,
    lang: str,
    into: Path | None = None,
    tell: Callable[[int, int], None] = lambda done, size: None,
) -> Path:
    """The file at `url`, downloaded once, resumed if need be, verified.

    Args:
        size: its length in bytes.
        into: folder; that of `folder` if None.
        tell: progress, ``(bytes so far, size)``.

    Raises:
        LabError: no network, no room, or another file than the published one. What was downloaded
            so far is kept, except in the last case.
    """
    into = into or folder()
    path = into / unquote(Path(urlsplit(url).path).name)
    part = path.with_name(path.name + ".part")
    try:
        into.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size == size and _digest(path) == sha256:
            return path
        if not part.is_file() or part.stat().st_size < size:
            _continue(url, part, size, tell)
        if part.stat().st_size < size:
            raise OSError(f"{part.stat().st_size:,} of {size:,} bytes came")
    except (OSError, URLError, ValueError) as error:
        raise LabError(_cannot(path.name, error, part), lang) from None
    if part.stat().st_size != size or _digest(part) != sha256:
        part.unlink()
        raise LabError(
            "the {n} that was downloaded is not the published one (checksum differs); it was "
            "removed. Try again, or use what the lab ships.",
            lang,
            n=path.name,
        )
    part.replace(path)
    return path


def _continue(url: str, part: Path, size: int, tell: Callable[[int, int], None]) -> None:
    """Append to `part` what is missing; start again where the server cannot resume."""
    have = part.stat().st_size if part.is_file() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urlopen(request, timeout=_TIMEOUT) as answer:
        resumed = have and answer.status == 206
        with part.open("ab" if resumed else "wb") as file:
            _copy(answer, file, have if resumed else 0, size, tell)


def _copy(
    answer: IO[bytes], file: IO[bytes], done: int, size: int, tell: Callable[[int, int], None]
) -> None:
    while done <= size and (piece := answer.read(_PIECE)):
        file.write(piece)
        done += len(piece)
        tell(done, size)


def _digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            sha.update(piece)
    return sha.hexdigest()


def _cannot(name: str, error: Exception, part: Path) -> Text:
    why = f"HTTP {error.code}" if isinstance(error, HTTPError) else str(error).strip()[:120]
    kept = part.stat().st_size if part.is_file() else 0
    text = gettext(
        "{n} cannot be downloaded ({w}). Offline, use what the lab ships.", n=name, w=why
    )
    if kept:
        text += gettext(" {m:.0f} MB are kept: the next try goes on from there.", m=kept / 1e6)
    return text

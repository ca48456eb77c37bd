"""Every reader of what a student or a platform wrote, as a function of bytes, for fuzzing.

Each must return, or refuse in the kit's own words, whatever the bytes.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.check.text import Refusal
from grader.intake.files import Entry, Place, Unreadable
from grader.intake.layouts import Unit
from grader.intake.limits import IntakeLimits
from grader.intake.notebook import read_notebook
from grader.intake.recordings import looks_whole
from grader.intake.submission import read_unit
from grader.platforms.gradescope import read_export, read_metadata
from grader.platforms.marks import Mark, amount
from grader.platforms.moodle import fill_worksheet, read_folder, read_moment
from grader.platforms.people import same_person
from grader.platforms.table import Sheet

_FOLDER = TemporaryDirectory()
atexit.register(_FOLDER.cleanup)


def _entry(name: str, data: bytes) -> Entry:
    path = Path(_FOLDER.name) / name
    path.write_bytes(data)
    return Entry(("Eve", name), Place(str(path)), len(data), 1.0, 1.0)


def _unit(*files: tuple[str, bytes]) -> None:
    unit = Unit("Eve", "1", "moodle", entries=[_entry(*file) for file in files])
    (found, *_) = read_unit(unit, None, IntakeLimits(), ["mini"], False)
    assert found.student_id == "1" and found.platform == "moodle"
    for text in (*found.notices, *([found.problem] if found.problem else [])):
        assert "\n" not in text.en and text.en.encode() and text.fr.encode()


NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "lab = Lab(\\"mini\\")"}]}'


def notebook(data: bytes) -> None:
    assert read_notebook(data).sources


def archive(data: bytes) -> None:
    _unit(("tp.zip", data))


def any_file(data: bytes) -> None:
    _unit(("tp", data))


def manifest(data: bytes) -> None:
    _unit(("tp.ipynb", NOTEBOOK), ("manifest.json", data))


def header(data: bytes) -> None:
    looks_whole(data, len(data))
    _unit(("tp.ipynb", NOTEBOOK), ("net.safetensors", data))


def export(data: bytes) -> None:
    for folder, said in read_export(data).items():
        assert isinstance(folder, str) and isinstance(said.people, list)


def metadata(data: bytes) -> None:
    assert isinstance(read_metadata(Path(_entry("metadata.json", data).place.file)).names, tuple)


def worksheet(data: bytes) -> None:
    assert Sheet.read(data, "x").to_bytes() == data
    head = b"Identifier,Full name,Grade,Last modified (grade)\r\n"
    fill_worksheet(head + data, [Mark("Eve", "1", 7.5)], 20.0)


def words(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    read_folder(text), read_moment(text, UTC), amount(text), same_person(text, "Zoé Ménard")


READERS: dict[str, Callable[[bytes], None]] = {
    f.__name__: f
    for f in (notebook, archive, any_file, manifest, header, export, metadata, worksheet, words)
}


def survives(reader: str, data: bytes) -> None:
    """Read `data`; a refusal is an answer."""
    try:
        READERS[reader](data)
    except (Refusal, Unreadable):
        pass

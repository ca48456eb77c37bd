"""What a notebook should be told of its surroundings as it begins: one line each, or nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from grader.check.key import Key
from grader.check.text import Text, gettext, ngettext
from grader.notebook.versions import found_here

INTERFACE = (
    "LAB_INTERFACE"  # the name that a student notebook's first cell gives the key's interface
)
_ROOM = 100_000_000  # bytes: two submissions of the largest lab
_held: dict[Path, IO[str]] = {}


def trouble(key: Key, names: Mapping[str, Any], folder: Path, notebook: str = "") -> Iterator[Text]:
    """What stands in the way of work."""
    told = names.get(INTERFACE)
    if isinstance(told, str) and told != key.interface:
        yield gettext(
            "✗ this notebook and the kit installed here are not of the same release "
            "(notebook {a}, kit {b}): install the kit that came with this notebook, restart the "
            "kernel.",
            a=told[:8],
            b=key.interface,
        )
    absent = missing(key.preload)
    if absent:
        yield gettext(
            "✗ this kernel, {p}, has no {m}: choose the kernel where it is installed, or run "
            "%pip install {m}",
            p=sys.executable,
            m=" ".join(absent),
        )
    for version in found_here():
        if version.state == "older":
            yield gettext(
                "✗ {p} {v} is too old ({t}): right work may be "
                "called wrong. {a}, then restart the kernel.",
                p=version.package,
                v=version.found,
                t=version.tried,
                a=version.advice,
            )
    other = claim(folder, key.lab, notebook)
    if other is not None:
        yield gettext(
            "✗ {n} does the same lab in this folder: each overwrites the other's recordings "
            "and submission. Close one of them, or give it a folder of its own.",
            n=other or gettext("another notebook that is open"),
        )


def report(key: Key, names: Mapping[str, Any], folder: Path, notebook: str = "") -> Iterator[Text]:
    """A line on everything that work depends on, then what stands in its way; see `trouble`."""
    marks = {"tried": "✓", "newer": "◐", "older": "✗", "missing": "✗"}
    for v in found_here():
        yield gettext(
            "{m} {p}: {v} ({t}) {a}",
            m=marks[v.state],
            p=v.package,
            v=v.found or gettext("missing"),
            t=v.tried,
            a=v.advice,
        )
    if "tensorflow" in sys.modules:
        cards = len(sys.modules["tensorflow"].config.list_physical_devices("GPU"))
        if cards:
            yield ngettext("✓ {n} graphics card", "✓ {n} graphics cards", cards)
        else:
            yield gettext("✓ no graphics card: the labs are made for the processor too")
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        yield gettext("✗ nothing can be written into {f}", f=folder)
    elif free < _ROOM:
        yield gettext("✗ only {n} MB are left in {f}", n=free // 1_000_000, f=folder)
    else:
        yield gettext("✓ work and recordings go to {f}", f=folder)
    yield from trouble(key, names, folder, notebook)


def missing(modules: Sequence[str]) -> list[str]:
    """The packages that a lab cannot do without and that this Python does not have."""
    needed = {m.split(".")[0] for m in modules} & {"tensorflow", "keras"}
    return sorted(m for m in needed if m not in sys.modules and find_spec(m) is None)


def claim(folder: Path, lab: str, notebook: str = "") -> str | None:
    """Hold a lab's folder for this process, as long as it lives.

    Returns:
        The notebook of another living process that holds it ("" if its name is unknown), or None.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    mark = hashlib.sha256(f"{folder.resolve()}\0{lab}".encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"lab-kit-{os.getuid()}-{mark}.lock"
    if path in _held:
        return None
    try:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        file = os.fdopen(opened, "r+", encoding="utf-8")
    except OSError:  # no temporary folder, a full disk: nothing to be said about notebooks
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        other = file.read(200).strip()
        file.close()
        return other
    try:
        file.seek(0)
        file.truncate()
        file.write(notebook)
        file.flush()
    except OSError:
        pass
    _held[path] = file
    return None

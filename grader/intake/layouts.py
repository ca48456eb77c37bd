"""Whose file is whose: the layouts that platforms and people make, read from paths alone.

Recognised, and free to lie side by side in one folder:

- Moodle, "download all submissions": ``Full Name_ID_assignsubmission_file_/…``, with or without
  the last underscore, or as flat files of that prefix;
- Gradescope export: ``submission_metadata.yml`` beside one folder a submission;
- nbgrader: ``submitted/{student_id}/{assignment_id}/{notebook}.ipynb``;
- Canvas: ``lastnamefirstname_LATE_123_456_file.ipynb``;
- anything else: one folder, zip or notebook a student.

A layout counts where a download's own folder lies. What lies deeper is what a student handed in,
however it is called: ``Eve/Zoé_1001_assignsubmission_file_/`` among other students' folders is Eve's.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.intake.files import Entry
from grader.platforms import canvas, moodle
from grader.platforms.gradescope import METADATA, Exported
from grader.platforms.people import canonical

_WRAPPER = re.compile(
    r"submi|rendu|devoir|copies|notebooks?$|handed|hand-?ins?|downloads?$|class|export",
    re.IGNORECASE,
)
_HANDED_IN = {
    ".ipynb", ".zip", ".py", ".pdf", ".docx", ".doc", ".odt", ".txt", ".html", ".rar", ".7z", ".gz",
    ".tar", ".tgz", ".xz", ".bz2", "",
}  # fmt: skip
_WORK = (".ipynb", ".zip", ".gz", ".tgz", ".tar", ".xz", ".bz2")
_NESTED = 4  # folders in folders in which a download is looked for
_ZIPS = 20  # a folder of more zips than this holds students' zips, not downloads


@dataclass
class Unit:
    """Everything that one student (or group) handed in.

    Attributes:
        student: name as the platform gives it, else of the folder or file.
        student_id: the platform's identifier, else the name.
        platform: ``moodle``, ``gradescope``, ``nbgrader``, ``canvas``, or "" if none gave the name.
        depth: leading parts of its entries' paths that are not the student's own.
        with_text: text was typed into the platform instead of a file handed in.
        partners: (name, identifier) of others whom the platform names as handing in the same.
    """

    student: str
    student_id: str
    platform: str = ""
    depth: int = 0
    submitted_at: str = ""
    with_text: bool = False
    group: str = ""
    partners: tuple[tuple[str, str], ...] = ()
    entries: list[Entry] = field(default_factory=list)

    @property
    def top(self) -> str:
        """The folder or file in which it lies."""
        return "/".join(self.entries[0].parts[: self.depth + 1])


def units(
    entries: Sequence[Entry],
    root: str,
    export: Callable[[Entry], Mapping[str, Exported]],
    inside: Callable[[Entry], Sequence[Entry]],
) -> list[Unit]:
    """Group files by student.

    Args:
        export: reads a Gradescope export's metadata file.
        inside: what a zip holds; nothing if it cannot be read.
    """
    found = _download(entries, 0, root, export, inside)
    merged: dict[tuple[str, str, str], Unit] = {}
    for unit in _plain(entries, 0, root) if found is None else found:
        key = (unit.platform, unit.student_id, unit.student.casefold() if unit.platform else "")
        first = merged.setdefault(key if unit.platform != "gradescope" else (*key, unit.top), unit)  # type: ignore[arg-type]
        if first is not unit:
            first.entries += unit.entries
            first.with_text |= unit.with_text
    return [u for u in merged.values() if u.entries]


def _download(
    entries: Sequence[Entry], depth: int, name: str, export: Callable[[Entry], Mapping[str, Exported]],
    inside: Callable[[Entry], Sequence[Entry]],
) -> list[Unit] | None:  # fmt: skip
    """The units of the download that lies at `depth`, or of those in folders and zips there.

    None if no platform's layout shows. Hand-ins beside downloads are units of their own; but if they
    are more than a few, what looks like a download among them is one student's hand-in.
    """
    children: dict[str, list[Entry]] = {}
    for entry in entries:
        children.setdefault(entry.parts[depth], []).append(entry)
    here = (
        _gradescope(children, depth, export)
        or _moodle(children, depth)
        or _nbgrader(children, depth, name)
    )
    if here is not None:
        found, rest = here
        return found + _plain([e for e in rest if _work([e])], depth, name)
    zips = sum(c.lower().endswith(".zip") for c in children)
    found, rest, beside = [], [], 0
    for child, files in children.items():
        inner: Sequence[Entry] = files
        if len(files[0].parts) == depth + 1:
            zipped = files[0].suffix == ".zip" and zips <= _ZIPS
            inner = inside(files[0]) if zipped and len(files) == 1 else ()
        below = (
            _download(inner, depth + 1, child, export, inside)
            if inner and depth < _NESTED
            else None
        )
        if below is not None:
            found += below
        elif _work(files):
            rest += files
            beside += 1
    if not found or len(found) < 3 * beside:
        return None
    return found + _plain(rest, depth, name)


def _work(files: Iterable[Entry]) -> bool:
    """Whether there is a notebook or an archive among `files`."""
    return any(e.suffix in _WORK for e in files)


_Children = Mapping[str, list[Entry]]
_Here = tuple[list[Unit], list[Entry]]


def _moodle(children: _Children, depth: int) -> _Here | None:
    found: list[Unit] = []
    rest: list[Entry] = []
    for child, files in children.items():
        folder = moodle.read_folder(child)
        if folder is None:
            rest += files
        else:
            found.append(
                Unit(
                    folder.name, folder.id, "moodle", depth, with_text=folder.typed,
                    group=folder.group, entries=files,
                )
            )  # fmt: skip
    return (found, rest) if found else None


def _gradescope(
    children: _Children, depth: int, export: Callable[[Entry], Mapping[str, Exported]]
) -> _Here | None:
    sheet = children.get(METADATA, ())
    if len(sheet) != 1 or not any(re.fullmatch(r"submission_\d+", c) for c in children):
        return None
    known = {canonical(k): v for k, v in export(sheet[0]).items()}
    found: list[Unit] = []
    rest: list[Entry] = []
    for child, files in children.items():
        said = known.get(canonical(child))
        if said is None:
            rest += files if child != METADATA else []
            continue
        (student, id), *partners = said.people or [(child, child)]
        found.append(
            Unit(
                student, id, "gradescope", depth, said.created_at, partners=tuple(partners),
                entries=files,
            )
        )  # fmt: skip
    return (found, rest) if found else None


def _nbgrader(children: _Children, depth: int, name: str) -> _Here | None:
    """The ``submitted`` tree, if there is one; the rest of that course is no submission."""
    if depth == 0 and name.lower() == "submitted":
        at, trees = 0, list(children.values())
    else:
        at, trees = depth + 1, [files for c, files in children.items() if c.lower() == "submitted"]
    found: dict[str, Unit] = {}
    for entry in (e for files in trees for e in files if len(e.parts) >= at + 3):
        student = canonical(entry.parts[at])
        unit = found.setdefault(student, Unit(student, student, "nbgrader", at))
        unit.entries.append(entry)
    if not any(_work(u.entries) for u in found.values()):
        return None
    return list(found.values()), [e for files in trees for e in files if len(e.parts) < at + 3]


def _plain(rest: Sequence[Entry], depth: int, root: str) -> list[Unit]:
    """One folder, zip or notebook a student."""
    while rest and _is_wrapper(rest, depth):
        root = rest[0].parts[depth]
        rest = [e for e in rest if len(e.parts) > depth + 1]
        depth += 1
    if not rest:
        return []
    if _is_package(rest, depth):
        name = canonical(rest[0].parts[depth - 1] if depth else os.path.splitext(root)[0] or root)
        return [Unit(name, name, depth=depth, entries=list(rest))]
    found: dict[tuple[str, str], Unit] = {}
    groups = _is_grouped(rest, depth)
    for entry in rest:
        own = entry.parts[depth:]
        owner = canvas.owner(unicodedata.normalize("NFC", own[0])) if len(own) == 1 else None
        if owner is not None:
            found.setdefault(("canvas", owner[1]), Unit(*owner, "canvas", depth)).entries.append(
                entry
            )
            continue
        n = 2 if groups and len(own) > 2 else 1
        if len(own) == n and entry.suffix not in _HANDED_IN:
            continue
        name = own[n - 1]
        if len(own) == n:
            name = re.sub(r"\.(ipynb|tar)(\.\w+)?$", "", os.path.splitext(name)[0])
        name = canonical(name)
        id = "/".join([*map(canonical, own[: n - 1]), name])
        group = canonical(own[0]) if n == 2 else ""
        unit = found.setdefault(("", id), Unit(name, id, depth=depth, group=group))
        unit.entries.append(entry)
    return list(found.values())


def _is_wrapper(entries: Sequence[Entry], depth: int) -> bool:
    """Whether one folder holds everything and is not itself a student's."""
    inside = [e for e in entries if len(e.parts) > depth + 1]
    loose = [e for e in entries if len(e.parts) == depth + 1 and e.suffix in _HANDED_IN]
    names = {e.parts[depth] for e in inside}
    if len(names) != 1 or loose or _is_package(inside, depth + 1):
        return False
    below = Counter(e.parts[depth + 1] for e in inside if e.suffix in _WORK)
    return len(below) >= 3 or (len(below) >= 1 and bool(_WRAPPER.search(names.pop())))


def _is_package(entries: Sequence[Entry], depth: int) -> bool:
    """Whether one notebook lies with its recordings or manifest: what ``lab.submit()`` packs."""
    top = [e for e in entries if len(e.parts) == depth + 1]
    if any(e.name == "manifest.json" for e in top) and any(e.suffix == ".ipynb" for e in top):
        return True
    notebooks = [e for e in entries if e.suffix in _WORK]
    return (
        len(notebooks) == 1 and len(top) >= 1 and any(e.suffix == ".safetensors" for e in entries)
    )


def _is_grouped(entries: Sequence[Entry], depth: int) -> bool:
    """Whether students lie one level deeper, under the name of their group."""
    children: dict[str, set[str]] = {}
    for e in entries:
        if e.suffix not in _WORK:
            continue
        if len(e.parts) < depth + 3:
            return False
        children.setdefault(e.parts[depth], set()).add(e.parts[depth + 1])
    names = [c for group in children.values() for c in group]
    distinct = len(set(names)) == len(names)
    return bool(children) and distinct and all(len(g) > 1 for g in children.values())

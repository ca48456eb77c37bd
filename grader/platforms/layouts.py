"""Whose file is whose: the layouts that platforms and people make, read from paths alone.

Recognised, and free to lie side by side in one folder:

- Moodle, "download all submissions": ``Full Name_ID_assignsubmission_file_/…``, with or without
  the last underscore, or as flat files of that prefix;
- Gradescope export: ``submission_metadata.yml`` beside one folder a submission;
- nbgrader: ``submitted/{student_id}/{assignment_id}/{notebook}.ipynb``;
- Canvas: ``lastnamefirstname_LATE_123_456_file.ipynb``;
- anything else: one folder, zip or notebook a student.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from grader.intake.unpack import Entry, shown
from grader.platforms.people import canonical

_MOODLE = re.compile(
    r"^(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?$"
)
_CANVAS = re.compile(r"^(?P<name>[^_]+)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)$")
_WRAPPER = re.compile(
    r"submi|rendu|devoir|copies|notebooks?$|handed|hand-?ins?|downloads?$|class|export",
    re.IGNORECASE,
)
_HANDED_IN = {
    ".ipynb", ".zip", ".py", ".pdf", ".docx", ".doc", ".odt", ".txt", ".html", ".rar", ".7z", ".gz",
    ".tar", ".tgz", ".xz",
}  # fmt: skip
METADATA = "submission_metadata.yml"


@dataclass
class Unit:
    """Everything that one student (or group) handed in.

    Attributes:
        student: name as the platform gives it, else of the folder or file.
        student_id: the platform's identifier, else the name.
        named: whether a platform gave the name (a manifest may then not change it).
        depth: leading parts of its entries' paths that are not the student's own.
        submitted_at: ISO 8601, if the platform says so.
        stamped: a ``timestamp.txt`` of nbgrader's says when it was handed in.
        with_text: text was typed into the platform instead of a file handed in.
    """

    student: str
    student_id: str
    named: bool = False
    depth: int = 0
    submitted_at: str = ""
    stamped: bool = False
    with_text: bool = False
    entries: list[Entry] = field(default_factory=list)
    partners: tuple[tuple[str, str], ...] = ()


def moodle(part: str) -> re.Match[str] | None:
    return _MOODLE.match(unicodedata.normalize("NFC", part))


def has_layout(entries: Sequence[Entry]) -> bool:
    """Whether a platform's layout shows in the paths: then a zip holds a class, not a student."""
    return any(any(map(moodle, e.parts)) or e.name == METADATA for e in entries) or any(
        e.parts[0].lower() == "submitted" and len(e.parts) > 3 for e in entries
    )


def units(
    entries: Sequence[Entry], root: str, metadata: Mapping[tuple[str, ...], Mapping[str, Any]]
) -> list[Unit]:
    """Group files by student.

    Args:
        entries: what was found.
        root: name of the folder or zip that was given.
        metadata: folder → content of the ``submission_metadata.yml`` in it.
    """
    found: dict[tuple[str, str], Unit] = {}
    rest: list[Entry] = []
    sheets = {d: {canonical(str(k)): v for k, v in m.items()} for d, m in metadata.items()}
    for entry in entries:
        unit = _moodle_unit(entry, found) or _gradescope_unit(entry, found, sheets)
        if unit is None and not (entry.name == METADATA and entry.parts[:-1] in sheets):
            rest.append(entry)
        elif unit is not None:
            unit.entries.append(entry)
    platform = bool(found)
    rest = _nbgrader_units(rest, root, found)
    platform = platform or bool(found)
    if platform:  # what else lies there is somebody's only if it holds a notebook
        holding = {e.parts[0] for e in rest if e.suffix in (".ipynb", ".zip")}
        rest = [e for e in rest if e.parts[0] in holding]
    _other_units(rest, root, found)
    return [u for u in found.values() if u.entries]


def _moodle_unit(entry: Entry, found: dict[tuple[str, str], Unit]) -> Unit | None:
    for i, part in enumerate(entry.parts):
        match = moodle(part)
        if match is None:
            continue
        name = canonical(match["name"])
        unit = found.setdefault(
            ("moodle", f"{match['id']} {name.casefold()}"), Unit(name, match["id"], True, i)
        )
        if match["plugin"] == "onlinetext":
            unit.with_text = True
        return unit
    return None


def _gradescope_unit(
    entry: Entry,
    found: dict[tuple[str, str], Unit],
    sheets: Mapping[tuple[str, ...], Mapping[str, Any]],
) -> Unit | None:
    for folder, sheet in sheets.items():
        n = len(folder)
        if entry.parts[:n] != folder or len(entry.parts) <= n:
            continue
        record = sheet.get(canonical(entry.parts[n]))
        if not isinstance(record, dict):
            continue
        people = [_person(p) for p in record.get(":submitters") or [] if isinstance(p, dict)]
        people = [p for p in people if p[0]] or [(shown(entry.parts[n]), shown(entry.parts[n]))]
        (name, id), *others = people
        key = ("gradescope", "/".join((*folder, entry.parts[n])))
        unit = found.setdefault(key, Unit(name, id, True, n))
        unit.submitted_at = _iso(record.get(":created_at"))
        unit.partners = tuple(others)
        return unit
    return None


def _person(record: Mapping[str, Any]) -> tuple[str, str]:
    name = canonical(str(record.get(":name") or record.get(":email") or ""))
    return name, str(record.get(":sid") or record.get(":email") or name).strip()


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value) if isinstance(value, str) else ""


def _nbgrader_units(
    entries: list[Entry], root: str, found: dict[tuple[str, str], Unit]
) -> list[Entry]:
    """Take the ``submitted`` tree, if there is one; the rest of that course is no submission."""
    if root.lower() == "submitted":
        at = 0
    elif any(e.parts[0].lower() == "submitted" and len(e.parts) > 3 for e in entries):
        at = 1
    else:
        return entries
    inside = [e for e in entries if at == 0 or e.parts[0].lower() == "submitted"]
    tree = [e for e in inside if len(e.parts) >= at + 3]
    if not any(e.suffix == ".ipynb" for e in tree):
        return entries
    for entry in tree:
        student = canonical(entry.parts[at])
        unit = found.setdefault(
            ("nbgrader", student), Unit(shown(student), student, True, at, stamped=True)
        )
        unit.entries.append(entry)
    return [e for e in inside if len(e.parts) < at + 3]


def _other_units(rest: list[Entry], root: str, found: dict[tuple[str, str], Unit]) -> None:
    depth = 0
    while rest and _is_wrapper(rest, depth):
        kept = [e for e in rest if len(e.parts) > depth + 1]
        depth += 1
        rest = kept
    if not rest:
        return
    if _is_package(rest, depth):
        name = canonical(rest[0].parts[depth - 1] if depth else os.path.splitext(root)[0] or root)
        unit = found.setdefault(("folder", ""), Unit(shown(name), name, depth=depth))
        unit.entries += rest
        return
    groups = _is_grouped(rest, depth)
    for entry in rest:
        own = entry.parts[depth:]
        canvas = _CANVAS.match(unicodedata.normalize("NFC", own[0])) if len(own) == 1 else None
        if canvas is not None:
            key, name, id = ("canvas", canvas["id"]), canvas["name"], canvas["id"]
        else:
            n = 2 if groups and len(own) > 2 else 1
            if len(own) == n and entry.suffix not in _HANDED_IN:
                continue
            name = own[n - 1]
            if len(own) == n:
                name = re.sub(r"\.ipynb(\.\w+)?$", "", os.path.splitext(name)[0])
            name = canonical(name)
            id = "/".join([*map(canonical, own[: n - 1]), name])
            key = ("folder", id)
        unit = found.setdefault(key, Unit(shown(name), id, canvas is not None, depth))
        unit.entries.append(entry)


def _candidates(entries: Sequence[Entry], depth: int) -> Counter[str]:
    """First name below `depth` → notebooks and zips under it."""
    return Counter(e.parts[depth] for e in entries if e.suffix in (".ipynb", ".zip"))


def _is_wrapper(entries: Sequence[Entry], depth: int) -> bool:
    """Whether one folder holds everything and is not itself a student's."""
    inside = [e for e in entries if len(e.parts) > depth + 1]
    loose = [e for e in entries if len(e.parts) == depth + 1 and e.suffix in _HANDED_IN]
    names = {e.parts[depth] for e in inside}
    if len(names) != 1 or loose or _is_package(inside, depth + 1):
        return False
    below = _candidates(inside, depth + 1)
    return len(below) >= 3 or (len(below) >= 1 and bool(_WRAPPER.search(names.pop())))


def _is_package(entries: Sequence[Entry], depth: int) -> bool:
    """Whether one notebook lies with its recordings or manifest: what ``lab.submit()`` packs."""
    top = [e for e in entries if len(e.parts) == depth + 1]
    if any(e.name == "manifest.json" for e in top) and any(e.suffix == ".ipynb" for e in top):
        return True
    notebooks = [e for e in entries if e.suffix in (".ipynb", ".zip")]
    return (
        len(notebooks) == 1 and len(top) >= 1 and any(e.suffix == ".safetensors" for e in entries)
    )


def _is_grouped(entries: Sequence[Entry], depth: int) -> bool:
    """Whether students lie one level deeper, under the name of their group."""
    children: dict[str, set[str]] = {}
    for e in entries:
        if e.suffix not in (".ipynb", ".zip"):
            continue
        if len(e.parts) < depth + 3:
            return False
        children.setdefault(e.parts[depth], set()).add(e.parts[depth + 1])
    names = [c for group in children.values() for c in group]
    distinct = len(set(names)) == len(names)
    return bool(children) and distinct and all(len(g) > 1 for g in children.values())

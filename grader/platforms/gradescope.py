"""Gradescope: exported submissions, ``results.json``, an autograder's metadata and zip."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from grader.check.text import Refusal
from grader.platforms.files import zip_of
from grader.platforms.people import canonical

METADATA = "submission_metadata.yml"

# ------------------------------------------------------------------ exported submissions


@dataclass
class Exported:
    """What the export says of one submission.

    Attributes:
        submitters: of each who handed it in, what is said of them: ``:name``, ``:sid``, ``:email``.
    """

    created_at: str = ""
    submitters: list[dict[str, str]] = field(default_factory=list)

    @property
    def people(self) -> list[tuple[str, str]]:
        """(name, identifier) of each."""
        found = []
        for said in self.submitters:
            name = canonical(said.get(":name") or said.get(":email") or "")
            id = said.get(":sid") or said.get(":email") or name
            found += [(name, id.strip())] if name else []
        return found


def read_export(data: bytes) -> dict[str, Exported]:
    """An export's ``submission_metadata.yml``: submission's folder → what is said of it.

    Nothing else of it is built: it quotes what students' programs printed.

    Raises:
        Refusal: not YAML; the message is without the file's name.
    """
    import yaml  # type: ignore[import-untyped, unused-ignore]

    found: dict[str, Exported] = {}
    # One an open collection: of a mapping the key being read, "" before one; of a sequence None.
    path: list[str | None] = []
    try:
        for event in yaml.parse(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            opens = isinstance(event, yaml.CollectionStartEvent)
            if isinstance(event, yaml.CollectionEndEvent):
                path.pop()
            elif isinstance(event, yaml.ScalarEvent):
                text = str(event.value)[:500]
                if path and path[-1] == "":
                    path[-1] = text
                    continue
                _take(found, path, text)
            elif not opens and not isinstance(event, yaml.AliasEvent):
                continue
            if opens:
                if len(path) > 100:  # libyaml takes quadratic time for brackets in brackets
                    raise ValueError("nested too deeply")
                if path[1:] == [":submitters", None]:
                    found.setdefault(canonical(str(path[0])), Exported()).submitters.append({})
                path.append("" if isinstance(event, yaml.MappingStartEvent) else None)
            elif path and path[-1] is not None:
                path[-1] = ""
    except (yaml.YAMLError, ValueError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise Refusal(
            "cannot be read (line {n}); export the submissions from Gradescope again", n=line
        ) from None
    return found


def _take(found: dict[str, Exported], path: list[str | None], text: str) -> None:
    """Keep a scalar, if it is one of those needed."""
    if path[1:] == [":created_at"]:
        found.setdefault(canonical(str(path[0])), Exported()).created_at = iso(text)
    elif len(path) == 4 and path[1:3] == [":submitters", None]:
        about = found[canonical(str(path[0]))].submitters[-1]
        about[str(path[3])] = text


def iso(text: str) -> str:
    """``2026-02-01 10:00:00.5 Z`` as ISO 8601; "" for what is no moment."""
    try:
        when = datetime.fromisoformat(text.strip().replace(" Z", "+00:00").replace(" +", "+"))
    except ValueError:
        return ""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat()


# ------------------------------------------------------------------ an autograder's metadata


@dataclass(frozen=True)
class Metadata:
    """``submission_metadata.json``.

    Attributes:
        ids: their e-mail addresses, else numbers.
        due: every due date that holds for one of them, extensions included.
    """

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    created_at: str = ""
    due: tuple[str, ...] = ()


def read_metadata(path: Path) -> Metadata:
    """Read it; an empty one if it is missing or damaged."""
    try:
        tree = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Metadata()
    tree = tree if isinstance(tree, dict) else {}
    users = [u for u in _list(tree.get("users")) if isinstance(u, dict)]
    assignments = [u.get("assignment") for u in users] + [tree.get("assignment")]
    due = [a.get("due_date") for a in assignments if isinstance(a, dict)]
    names = [str(u.get("name") or u.get("email") or "") for u in users]
    ids = [str(u.get("email") or u.get("id") or "") for u in users]
    return Metadata(
        tuple(filter(None, names)),
        tuple(filter(None, ids)),
        str(tree.get("created_at") or ""),
        tuple(d for d in due if isinstance(d, str)),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# ------------------------------------------------------------------ results.json


class Test(msgspec.Struct):
    """One line of ``results.json``; its fields are theirs.

    Attributes:
        status: ``passed`` or ``failed``; unset where a person must still decide.
    """

    name: str
    number: str
    score: float
    max_score: float
    output: str
    status: str | msgspec.UnsetType
    tags: list[str]
    extra_data: dict[str, Any]
    name_format: str = "text"
    output_format: str = "text"
    visibility: str = "visible"


class Results(msgspec.Struct):
    """``results.json``; every text is plain, nothing is HTML.

    Attributes:
        execution_time: seconds that grading took.
        leaderboard: ``{"name", "value", "order"}`` each.
    """

    score: float
    output: str
    tests: list[Test] = []
    execution_time: float = 0.0
    extra_data: dict[str, Any] = {}
    leaderboard: list[dict[str, Any]] = []
    output_format: str = "text"
    test_output_format: str = "text"
    test_name_format: str = "text"
    visibility: str = "visible"
    stdout_visibility: str = "hidden"

    def to_json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode() + "\n"


# ------------------------------------------------------------------ the autograder's zip

SCRIPTS = Path(__file__).parent / "autograder"


def autograder_zip(files: Iterable[tuple[str, bytes]], lab: str, sandbox: str) -> tuple[bytes, int]:
    """The zip for "Configure autograder": ``setup.sh``, ``run_autograder`` and `files`.

    It holds the hidden key: it is never for students.

    Args:
        files: (path, content) of the kit, the course and one lab.
        sandbox: ``auto`` (refuse to grade where no sandbox can be had) or ``none``.

    Returns:
        The zip, and the number of files in it.
    """
    scripts = {p.name: p.read_text("utf-8") for p in SCRIPTS.iterdir()}
    scripts["run_autograder"] += f" {lab} {sandbox}\n"
    entries: dict[str, str | bytes] = {**dict(files), **scripts}
    return zip_of(entries, scripts), len(entries)

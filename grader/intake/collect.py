"""From a folder or a zip to submissions."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grader.check.text import Text, gettext, same
from grader.intake.limits import MB, IntakeLimits
from grader.intake.notebook import Book, NotGradable, named, read_notebook
from grader.intake.unpack import (
    Entry,
    IntakeError,
    Opened,
    Unreadable,
    chunks,
    forget,
    megabytes,
    members,
    open_zips,
    printable,
    read,
    scan,
    shown,
    too_big,
)
from grader.platforms import layouts
from grader.platforms.layouts import Unit
from grader.platforms.people import canonical

RECORDING = ".safetensors"
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Submission:
    """One student's work on one lab, found and checked; its bytes are read by `load`.

    Attributes:
        student: name to show; no two submissions of a lab share one.
        student_id: stable identifier, unique within a lab: the platform's if it gives one.
        origin: where it was found, as shown to people; folder names are spelled as on disk.
        lab: the lab it is for; "" if that could not be told.
        lang: ``fr``, ``en``, or "" if the notebook does not say.
        digest: SHA-256 of what influences its grade: code cells in order, and recordings.
        submitted_at: ISO 8601, from the manifest or the platform, or "".
        receipt: what ``lab.submit()`` printed, or "".
        time_from: who says so: ``platform``, ``student`` (the manifest: their own clock) or "".
        attempts: versions of it that were handed in; the newest counts.
        members: names of the whole group, if several handed this in together.
        notices: what its reader should know.
        problem: why it cannot be graded, or None.
        notebook: after `load`: a notebook of format 4 without outputs; None before, or if there
            is a problem.
        recordings: after `load`: name → bytes of its file, not checked beyond its header.
    """

    student: str
    student_id: str
    origin: str
    lab: str = ""
    lang: str = ""
    digest: str = ""
    submitted_at: str = ""
    time_from: str = ""
    attempts: int = 1
    receipt: str = ""
    members: tuple[str, ...] = ()
    notices: tuple[Text, ...] = ()
    problem: Text | None = None
    notebook: bytes | None = field(default=None, repr=False, compare=False)
    recordings: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    notebook_entry: Entry | None = field(default=None, repr=False, compare=False)
    recording_entries: Mapping[str, Entry] = field(default_factory=dict, repr=False, compare=False)
    limits: IntakeLimits = field(default_factory=IntakeLimits, repr=False, compare=False)

    def load(self) -> Submission:
        """The same submission with its bytes; if they can no longer be read, with a problem."""
        if self.problem is not None or self.notebook is not None or self.notebook_entry is None:
            return self
        try:
            book = _book(self.notebook_entry, self.limits)
            recordings = {
                name: read(entry.place, self.limits.recordings_mb, self.limits)
                for name, entry in self.recording_entries.items()
            }
        except (Unreadable, NotGradable) as error:
            return replace(self, problem=named(self.notebook_entry.shown, error.text))
        finally:
            forget()
        return replace(self, notebook=book.to_bytes(), recordings=recordings)


def cells(submission: Submission) -> list[str]:
    """Sources of the code cells, in order; none if the submission cannot be graded."""
    loaded = submission.load()
    return read_notebook(loaded.notebook).sources if loaded.notebook is not None else []


def collect(
    path: Path,
    lab: str | None = None,
    limits: IntakeLimits | None = None,
    known: Sequence[str] = (),
) -> list[Submission]:
    """Find the submissions in a folder, a zip, or a single notebook; sorted by name.

    Each is read once, to check it and to compute its digest, and let go again.

    Args:
        path: what the platform gave; see `grader.platforms.layouts` for the layouts known.
        lab: the lab to grade; other labs' notebooks are passed over if a student has one for
            this lab, else reported. None: each notebook is for the lab that it names.
        limits: see `IntakeLimits`.
        known: the course's labs; a notebook of another one cannot be graded. Empty: all are.

    Raises:
        IntakeError: nothing can be read there, or no submission is found.
    """
    limits = limits or IntakeLimits()
    path = Path(path)
    try:
        found = _units(path, limits)
        submissions = [s for unit in found for s in _guarded(unit, lab, limits, known)]
    finally:
        forget()
    if not submissions:
        raise IntakeError(
            gettext(
                "{p}: no submission found; give the folder or zip that holds the notebooks",
                p=shown(str(path)),
            )
        )
    return sorted(_told_apart(_teams(submissions)), key=_order)


def _order(s: Submission) -> tuple[str, str, str]:
    plain = unicodedata.normalize("NFKD", s.student).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c)), s.student_id, s.lab


def _units(path: Path, limits: IntakeLimits) -> list[Unit]:
    entries: list[Entry] = []
    for entry in scan(path, limits):
        entries += _class_inside(entry, limits) or [entry]
    # A download that was unzipped into, or zipped with, a folder of its own.
    sheets = {e.parts[:-1]: _metadata(e, limits) for e in entries if e.name == layouts.METADATA}
    return layouts.units(entries, path.resolve().name, sheets)


def _class_inside(entry: Entry, limits: IntakeLimits) -> list[Entry]:
    """What a platform's zip holds, if `entry` is one; nothing for a student's zip."""
    if entry.suffix != ".zip" or entry.flaw is not None or any(map(layouts.moodle, entry.parts)):
        return []
    try:
        inside = members(entry.place, limits, limits.class_entries)
    except Unreadable:
        return []
    if not layouts.has_layout(inside):
        return []
    return [e.below(entry.parts) for e in inside]


def _metadata(entry: Entry, limits: IntakeLimits) -> Mapping[str, Any]:
    """The content of a Gradescope export's ``submission_metadata.yml``."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    Loader = type("Loader", (yaml.SafeLoader,), {})

    def plain(loader: Any, suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    # Ruby's tagged objects, read as what they are underneath.
    Loader.add_multi_constructor("!ruby/", plain)  # type: ignore[attr-defined]
    try:
        tree = yaml.load(read(entry.place, limits.notebook_mb, limits), Loader)
    except Unreadable as error:
        raise IntakeError(named(entry.shown, error.text)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise IntakeError(
            gettext(
                "{f} cannot be read (line {n}); export the submissions from Gradescope again",
                f=entry.shown,
                n=line,
            )
        ) from None
    return tree if isinstance(tree, dict) else {}


@dataclass(frozen=True)
class _Package:
    """A notebook's surroundings: a zip, a folder with a manifest, or the loose files."""

    parts: tuple[str, ...]
    entries: tuple[Entry, ...]
    manifest: Mapping[str, Any]
    created: float


@dataclass(frozen=True)
class _Candidate:
    entry: Entry
    package: _Package
    book: Book | None
    problem: Text | None

    @property
    def lab(self) -> str:
        """The lab that the notebook names, or else its manifest; "" if neither does."""
        named_by_book = self.book.lab if self.book else ""
        return named_by_book or _text(self.package.manifest, "lab")


def _guarded(
    unit: Unit, lab: str | None, limits: IntakeLimits, known: Sequence[str]
) -> list[Submission]:
    """`_submissions`; what nobody foresaw becomes that student's problem, never the class's."""
    try:
        return _submissions(unit, lab, limits, known)
    except Exception as error:
        reason = shown(f"{type(error).__name__}: {error}")
        problem = gettext(
            "could not be read ({why}); open it by hand, or ask for it again", why=reason
        )
        origin = _origin(unit, None)
        return [
            Submission(
                shown(unit.student),
                unit.student_id,
                origin,
                lab=lab or "",
                digest=hashlib.sha256(f"unread\0{origin}\0{reason}".encode()).hexdigest(),
                problem=named(origin, problem),
                limits=limits,
            )
        ]


def _submissions(
    unit: Unit, lab: str | None, limits: IntakeLimits, known: Sequence[str]
) -> list[Submission]:
    """The submissions of one student: one a lab, or one that says what is the matter."""
    opened = _open_unit(unit, limits)
    packages = _packages(opened, limits)
    candidates = [c for p in packages for c in _candidates(p, limits)]
    candidates.sort(key=_newest_last(candidates))
    person = _person(unit, packages)
    good = [c for c in candidates if c.book is not None]
    wanted = [lab, ""] if lab is not None else [*known, ""]
    mine = [c for c in good if wanted == [""] or c.lab in wanted]
    if lab is not None and any(c.lab == lab for c in mine):
        mine = [c for c in mine if c.lab == lab]
    if not mine:
        problem = _no_notebook(unit, opened, candidates, good, [lab] if lab else known)
        return _for_each_member(
            Submission(
                *person,
                origin=_origin(unit, candidates[-1].entry if candidates else None),
                lab=lab or "",
                digest=hashlib.sha256(b"problem\0" + problem.en.encode()).hexdigest(),
                submitted_at=unit.submitted_at,
                problem=problem,
                limits=limits,
            ),
            unit,
            {},
        )
    found = []
    for name in sorted({c.lab for c in mine}) if lab is None else [lab]:
        of_lab = [c for c in mine if lab is not None or c.lab == name]
        notices = _notices(unit, of_lab, candidates, opened)
        found += _graded(unit, person, name, of_lab[-1], of_lab, packages, notices, limits)
    return found


def _open_unit(unit: Unit, limits: IntakeLimits) -> Opened:
    size = sum(e.size for e in unit.entries if e.place.members)
    if size > limits.unpacked_mb * MB:
        top = replace(unit.entries[0], parts=unit.entries[0].parts[: unit.depth + 1])
        why = gettext(
            "would unpack to {size}; hand in the notebook and its recordings only",
            size=megabytes(size),
        )
        return Opened([], {}, [(top, why)])
    return open_zips(sorted(unit.entries, key=lambda e: (e.parts, e.place.members)), limits)


def _packages(opened: Opened, limits: IntakeLimits) -> list[_Package]:
    homes = set(opened.zips)
    homes |= {e.parts[:-1] for e in opened.entries if e.name == _MANIFEST}
    inside: dict[tuple[str, ...], list[Entry]] = {}
    for entry in opened.entries:
        around = [h for h in homes if entry.parts[: len(h)] == h]
        inside.setdefault(max(around, key=len, default=()), []).append(entry)
    packages = []
    for parts, entries in sorted(inside.items()):
        manifest = next(
            (_manifest(e, limits) for e in entries if e.name == _MANIFEST), dict[str, Any]()
        )
        created = _seconds(_text(manifest, "submitted_at", "created_at", "created", "time"))
        packages.append(_Package(parts, tuple(entries), manifest, created))
    return packages


def _manifest(entry: Entry, limits: IntakeLimits) -> dict[str, Any]:
    try:
        tree = json.loads(read(entry.place, 1, limits))
    except (Unreadable, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _text(manifest: Mapping[str, Any], *names: str) -> str:
    """The first of `names` that the manifest gives as a short text or number."""
    for name in names:
        value = manifest.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return shown(str(value).strip())
    return ""


def _seconds(iso: str) -> float:
    try:
        when = datetime.fromisoformat(iso)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _candidates(package: _Package, limits: IntakeLimits) -> list[_Candidate]:
    notebooks = [e for e in package.entries if e.suffix == ".ipynb"]
    # Browsers add an extension of their own: nb.ipynb.txt, nb.ipynb.json.
    notebooks = notebooks or [e for e in package.entries if ".ipynb." in e.name.lower()]
    newest = sorted(notebooks, key=lambda e: (e.modified, e.parts))[-50:]
    return [_candidate(e, package, limits) for e in newest]


def _candidate(entry: Entry, package: _Package, limits: IntakeLimits) -> _Candidate:
    try:
        return _Candidate(entry, package, _book(entry, limits), None)
    except (Unreadable, NotGradable) as error:
        return _Candidate(entry, package, None, named(entry.name, error.text))


def _book(entry: Entry, limits: IntakeLimits) -> Book:
    return read_notebook(read(entry.place, limits.notebook_mb, limits), limits)


def _newest_last(candidates: Sequence[_Candidate]) -> Any:
    """Sort key: by manifest if all have one, else by the file handed in, then by the notebook."""
    manifests = all(c.package.created for c in candidates)

    def key(c: _Candidate) -> tuple[Any, ...]:
        handed_in = c.entry.handed_in or c.entry.modified
        first = c.package.created if manifests else handed_in
        natural = [
            (int(w), "") if w.isdigit() else (-1, w) for w in re.split(r"(\d+)", c.entry.shown)
        ]
        return first, c.package.created, c.entry.modified, natural

    return key


def _person(unit: Unit, packages: Sequence[_Package]) -> tuple[str, str]:
    """Name and identifier; a manifest names the student where no platform does."""
    if not unit.named:
        for package in packages:
            name = canonical(_text(package.manifest, "student", "student_name"))
            if name:
                return name, unit.student_id
    return shown(unit.student), unit.student_id


def _origin(unit: Unit, entry: Entry | None) -> str:
    if entry is not None:
        return printable("/".join(entry.parts))
    first = unit.entries[0].parts
    return printable("/".join(first if len(unit.entries) == 1 else first[: max(unit.depth + 1, 1)]))


def _notices(
    unit: Unit, mine: Sequence[_Candidate], every: Sequence[_Candidate], opened: Opened
) -> list[Text]:
    chosen = mine[-1]
    assert chosen.book is not None
    notices = list(chosen.book.notices)
    others = _others(mine)
    if others:
        notices.insert(
            0,
            gettext(
                "{n} versions were handed in: the newest counts, {f}",
                n=len(others) + 1,
                f=_below(unit, chosen.entry),
            ),
        )
    broken = [c.problem for c in every[every.index(chosen) + 1 :] if c.problem is not None]
    for problem in broken:
        notices.append(gettext("a newer file was passed over: {p}", p=problem))
    for entry, why in opened.flaws:
        notices.append(named(_below(unit, entry), why))
    nested = [z for z in opened.zips if any(z != y and z[: len(y)] == y for y in opened.zips)]
    if any(chosen.entry.parts[: len(z)] == z for z in nested):
        notices.append(gettext("the notebook lay in a zip inside a zip; it was found all the same"))
    modules = [e for e in chosen.package.entries if e.suffix == ".py"]
    if modules:
        notices.append(
            gettext(
                "{f} is not used: all code must be in the notebook",
                f=", ".join(shown(e.name, 40) for e in modules[:3]),
            )
        )
    return notices


def _others(mine: Sequence[_Candidate]) -> list[_Candidate]:
    """Older versions whose code is another's than the newest's."""
    newest = mine[-1].book
    return [c for c in mine[:-1] if c.book and newest and c.book.sources != newest.sources]


def _below(unit: Unit, entry: Entry) -> str:
    """An entry's path within what the student handed in."""
    own = entry.parts[unit.depth :]
    return shown("/".join(own[1:] if len(own) > 1 else own))


def _graded(
    unit: Unit,
    person: tuple[str, str],
    lab: str,
    chosen: _Candidate,
    mine: Sequence[_Candidate],
    packages: Sequence[_Package],
    notices: list[Text],
    limits: IntakeLimits,
) -> list[Submission]:
    book = chosen.book
    assert book is not None
    manifest = chosen.package.manifest
    recordings, said = _recordings(unit, lab, chosen, packages, limits)
    notices += said
    digest = _digest(book, recordings, limits)
    problem = None
    if not lab:
        problem = gettext(
            "{f} does not say which lab it is for; put the lab's first cell back "
            '(lab = Lab("…")) or name the lab when grading',
            f=shown(chosen.entry.name),
        )
    elif not chosen.lab:
        notices.append(
            gettext(
                'the line lab = Lab("{lab}") is missing; it was graded as {lab} all the same',
                lab=lab,
            )
        )
    by_platform = unit.submitted_at or (_stamp(unit, chosen.entry, limits) if unit.stamped else "")
    by_student = _text(manifest, "submitted_at", "created_at", "created")
    base = Submission(
        *person,
        origin=_origin(unit, chosen.entry),
        lab=lab,
        lang=book.lang
        or (_text(manifest, "lang") if _text(manifest, "lang") in ("fr", "en") else ""),
        digest=digest,
        submitted_at=by_platform or by_student,
        time_from="platform" if by_platform else "student" if by_student else "",
        attempts=1 + len(_others(mine)),
        receipt=_text(manifest, "receipt"),
        notices=tuple(notices),
        problem=problem,
        notebook_entry=chosen.entry,
        recording_entries=recordings,
        limits=limits,
    )
    return _for_each_member(base, unit, manifest)


def _stamp(unit: Unit, notebook: Entry, limits: IntakeLimits) -> str:
    """The time in nbgrader's ``timestamp.txt``: ``2026-02-01 10:00:00.5 Europe/Paris``."""
    for entry in unit.entries:
        if entry.parts == (*notebook.parts[:-1], "timestamp.txt") and entry.flaw is None:
            try:
                text = read(entry.place, 0.01, limits).decode("utf-8", "replace").strip()
                moment, _, zone = text.rpartition(" ") if text.count(" ") > 1 else (text, "", "UTC")
                return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).isoformat()
            except (Unreadable, ValueError, ZoneInfoNotFoundError, OSError):
                return ""
    return ""


def _for_each_member(base: Submission, unit: Unit, manifest: Mapping[str, Any]) -> list[Submission]:
    """A group's submission counts for each of its members."""
    people = [(base.student, base.student_id), *unit.partners]
    listed = manifest.get("members")
    for member in listed[:20] if isinstance(listed, list) else []:
        if isinstance(member, str):
            people.append((canonical(shown(member)), ""))
        elif isinstance(member, dict):
            name = canonical(_text(member, "name", "student"))
            people.append((name, _text(member, "id", "student_id")))
    seen: dict[str, tuple[str, str]] = {}
    for name, id in people:
        if name:
            seen.setdefault(name.casefold(), (name, id))
    if len(seen) < 2:
        return [base]
    names = tuple(name for name, _ in seen.values())
    notice = gettext("group of {n}: {who}", n=len(names), who=", ".join(names))
    return [
        replace(
            base,
            student=name,
            student_id=id or name,
            members=names,
            notices=(*base.notices, notice),
        )
        for name, id in seen.values()
    ]


def _recordings(
    unit: Unit, lab: str, chosen: _Candidate, packages: Sequence[_Package], limits: IntakeLimits
) -> tuple[dict[str, Entry], list[Text]]:
    """Recordings handed in with the notebook, else those of the newest other hand-in."""
    notices: list[Text] = []
    of_package = _of_lab(chosen.package, lab)
    if not of_package:
        others = [p for p in packages if _of_lab(p, lab)]
        if others:
            newest = max(others, key=lambda p: (p.created, p.entries[0].handed_in, p.parts))
            of_package = _of_lab(newest, lab)
            notices.append(
                gettext("the recordings were taken from {f}", f=_below(unit, of_package[0]))
            )
    found: dict[str, Entry] = {}
    for entry in sorted(of_package, key=lambda e: (e.modified, e.parts)):
        name = canonical(os.path.splitext(entry.name)[0])
        if name in found:
            notices.append(
                gettext("recording {r} was handed in twice: the newest counts", r=shown(name))
            )
        found[name] = entry
    left = limits.recordings_mb * MB
    kept: dict[str, Entry] = {}
    for name, entry in sorted(found.items()):
        if entry.size > left:
            notices.append(named(entry.name, too_big(entry.size, limits.recordings_mb)))
            continue
        left -= entry.size
        kept[name] = entry
    for name, entry in list(kept.items()):
        try:
            head = next(chunks(entry.place, limits.recordings_mb, limits), b"")
        except Unreadable as error:
            notices.append(named(entry.name, error.text))
            del kept[name]
            continue
        if not _looks_whole(head, entry.size):
            notices.append(
                named(
                    entry.name,
                    gettext("is cut short or no recording; hand in the zip that lab.submit() made"),
                )
            )
    return kept, notices


def _of_lab(package: _Package, lab: str) -> list[Entry]:
    """A package's recordings; those in ``recordings/<another lab>/`` are not this lab's."""
    return [
        e
        for e in package.entries
        if e.suffix == RECORDING
        and (len(e.parts) < 3 or e.parts[-3] != "recordings" or e.parts[-2] == lab)
    ]


def _looks_whole(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with `head` can be a safetensors file.

    Layout: 8 bytes little-endian header length, JSON header with ``data_offsets``, data.
    """
    if len(head) < 10:
        return False
    (length,) = struct.unpack_from("<Q", head)
    if length > size - 8 or head[8:9] != b"{":
        return False
    if 8 + length > len(head):
        return True
    try:
        header = json.loads(head[8 : 8 + length])
        ends = [v["data_offsets"][1] for k, v in header.items() if k != "__metadata__"]
        return bool(8 + length + max(ends, default=0) == size)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return False


def _digest(book: Book, recordings: Mapping[str, Entry], limits: IntakeLimits) -> str:
    """See `Submission.digest`; a recording that cannot be read to its end is left out."""
    found = hashlib.sha256(b"submission 1\0")
    _add(found, [s.encode("utf-8", "surrogatepass") for s in book.sources])
    for name, entry in sorted(recordings.items()):
        one = hashlib.sha256()
        try:
            for piece in chunks(entry.place, limits.recordings_mb, limits):
                one.update(piece)
        except Unreadable as error:
            one.update(error.text.en.encode())
        _add(found, [name.encode(), one.digest()])
    return found.hexdigest()


def _add(hashed: Any, items: Iterable[bytes]) -> None:
    for item in items:
        hashed.update(struct.pack("<Q", len(item)) + item)


def _no_notebook(
    unit: Unit,
    opened: Opened,
    candidates: Sequence[_Candidate],
    good: Sequence[_Candidate],
    labs: Sequence[str],
) -> Text:
    """The one line that says why there is nothing to grade."""
    if good:
        return gettext(
            "{f} is a notebook of {other}, not of {labs}; hand in the notebook of this lab",
            f=shown(good[-1].entry.name),
            other=shown(good[-1].lab),
            labs=", ".join(labs),
        )
    if candidates:
        problem = candidates[-1].problem
        assert problem is not None
        return problem
    if opened.flaws:
        entry, why = opened.flaws[0]
        return named(_below(unit, entry), why)
    names = [shown(e.name, 60) for e in opened.entries]
    if not names and opened.zips:
        return named(
            _below(unit, next(iter(opened.zips.values()))),
            gettext("is an empty zip; hand in the notebook"),
        )
    if unit.with_text and all(n.endswith((".html", ".htm")) for n in names):
        return gettext("a text was typed in and no file handed in; hand in the .ipynb file")
    packed = [n for n in names if n.lower().endswith((".rar", ".7z", ".gz", ".tar", ".tgz", ".xz"))]
    if packed:
        return gettext(
            "{f}: only zip files are opened; hand in the .ipynb file or a zip of it", f=packed[0]
        )
    more = same(f" (+{len(names) - 3})" if len(names) > 3 else "")
    return gettext(
        "no notebook among what was handed in: {f}{more}; hand in the .ipynb file",
        f=", ".join(names[:3]),
        more=more,
    )


_TEAM = re.compile(r"(?P<team>[^-]+)-(?P<name>.*[^\W\d_].*)")
_TEAM_WORD = re.compile(r"\d|gro?up|team|[ée]quipe|bin[oô]me|trin[oô]me", re.IGNORECASE)


def _teams(submissions: Sequence[Submission]) -> list[Submission]:
    """Moodle's team submissions: each member's folder, called ``team-name``, holds the same work.

    Two of one team hand in the same work. ``Jean-Marie`` and ``Jean-Paul``, who may have copied, are
    none: a team's name holds a digit or says that it is one.
    """
    found: dict[tuple[str, str, str], list[int]] = {}
    parts = [_TEAM.fullmatch(s.student) for s in submissions]
    for i, (s, part) in enumerate(zip(submissions, parts, strict=True)):
        moodle = any(map(layouts.moodle, s.origin.split("/")))
        if part and not s.members and moodle and _TEAM_WORD.search(part["team"]):
            found.setdefault((s.lab, s.digest, part["team"]), []).append(i)
    kept = list(submissions)
    for places in found.values():
        if len(places) < 2:
            continue
        names = tuple(canonical(parts[i]["name"]) for i in places)  # type: ignore[index]
        notice = gettext("group of {n}: {who}", n=len(names), who=", ".join(names))
        for i, name in zip(places, names, strict=True):
            kept[i] = replace(
                kept[i], student=name, members=names, notices=(*kept[i].notices, notice)
            )
    return kept


def _told_apart(submissions: Sequence[Submission]) -> Iterator[Submission]:
    """Drop a group member's copy where that student handed in too; make names and ids unique."""
    own = {
        (s.lab, s.student.casefold())
        for s in submissions
        if not s.members or s.members[0] == s.student
    }
    kept: list[Submission] = []
    seen: set[tuple[str, str]] = set()
    for s in submissions:
        copy = bool(s.members) and s.members[0] != s.student
        if copy and ((s.lab, s.student.casefold()) in own or (s.lab, s.student_id) in seen):
            continue
        seen.add((s.lab, s.student_id))
        kept.append(s)
    ids = Counter((s.lab, s.student_id) for s in kept)
    used: Counter[tuple[str, str]] = Counter()
    for i, s in enumerate(kept):
        id = s.student_id
        if ids[(s.lab, id)] > 1:
            used[(s.lab, id)] += 1
            id = f"{id} {s.student}" if s.student != id else f"{id} {used[(s.lab, id)]}"
            kept[i] = replace(s, student_id=id)
    namesakes: dict[str, set[str]] = {}
    for s in kept:
        namesakes.setdefault(s.student.casefold(), set()).add(s.student_id)
    for s in kept:
        alone = len(namesakes[s.student.casefold()]) == 1
        yield s if alone else replace(s, student=f"{s.student} ({s.student_id})")

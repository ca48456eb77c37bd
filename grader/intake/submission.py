"""What one student handed in, read: a pure function of its files, run in a process that can be killed."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from grader.check.text import Text, gettext, same
from grader.intake.archives import Opened, begin, chunks, forget, open_archives, read
from grader.intake.files import Entry, Unreadable, kind_of, named, one_line, shown, unpacks_to
from grader.intake.layouts import Unit
from grader.intake.limits import MB, IntakeLimits
from grader.intake.notebook import Book, looks_like_notebook, open_holes, read_notebook
from grader.intake.recordings import RECORDING, of_lab, recordings
from grader.platforms.people import canonical

_MANIFEST = "manifest.json"
_Raw = dict[str, msgspec.Raw]


@dataclass(frozen=True)
class Submission:
    """One student's work on one lab, found and checked; recordings are read by `recordings`.

    Attributes:
        student: name to show; no two submissions of a lab share one.
        student_id: stable identifier, unique within a lab: the platform's if it gives one.
        origin: where it was found, as shown to people; folder names are spelled as on disk.
        platform: which platform named the student, or "".
        group: of a team or the course, as the platform or the folders name it, or "".
        lab: the lab it is for; "" if that could not be told.
        lang: ``fr``, ``en``, or "" if the notebook does not say.
        digest: SHA-256 of what influences its grade: code cells in order, and recordings.
        submitted_at: ISO 8601, from the platform or the manifest, or "".
        time_from: who says so: ``platform``, ``student`` (the manifest: their own clock) or "".
        members: names of the whole group, if several handed this in together.
        claims: (name, identifier) of those whom the student's own manifest calls members.
    """

    student: str
    student_id: str
    origin: str
    platform: str = ""
    group: str = ""
    lab: str = ""
    lang: str = ""
    digest: str = ""
    submitted_at: str = ""
    time_from: str = ""
    attempts: int = 1
    receipt: str = ""
    members: tuple[str, ...] = ()
    claims: tuple[tuple[str, str], ...] = ()
    notices: tuple[Text, ...] = ()
    problem: Text | None = None
    packed: bytes = field(default=b"", repr=False, compare=False)
    recording_entries: Mapping[str, Entry] = field(default_factory=dict, repr=False, compare=False)
    limits: IntakeLimits = field(default_factory=IntakeLimits, repr=False, compare=False)

    @property
    def sources(self) -> list[str]:
        """Sources of the code cells, in order; none if it cannot be graded."""
        return (
            msgspec.json.decode(zlib.decompress(self.packed), type=list[str]) if self.packed else []
        )

    def recordings(self) -> dict[str, bytes]:
        """Name → bytes of its file, not checked beyond its header.

        Raises:
            Unreadable: a file has changed or gone since it was found.
        """
        try:
            return {
                name: read(entry.place, self.limits.recordings_mb, self.limits)
                for name, entry in self.recording_entries.items()
            }
        finally:
            forget()


@dataclass(frozen=True)
class _Package:
    """A notebook's surroundings: an archive, a folder with a manifest, or the loose files."""

    parts: tuple[str, ...]
    entries: tuple[Entry, ...]
    manifest: _Raw
    created: float


@dataclass(frozen=True)
class _Candidate:
    entry: Entry
    package: _Package
    book: Book | None = None
    problem: Text | None = None
    lab: str = ""
    holes: int = 0
    lab_from: str = ""  # where the lab's name was found, if not in the notebook


def read_unit(
    unit: Unit, lab: str | None, limits: IntakeLimits, known: Sequence[str], alone: bool
) -> list[Submission]:
    """The submissions of one student: one a lab, or one that says what is the matter.

    Args:
        lab, known: see `grader.intake.collect.collect`.
        alone: nothing else was handed in, so that the manifest may name who the platform does not.
    """
    try:
        return _read(unit, lab, limits, known, alone)
    finally:
        forget()


def unread(unit: Unit, lab: str | None, limits: IntakeLimits, why: Text) -> Submission:
    """What becomes of a submission that could not be read; the next run tries again."""
    origin = _origin(unit, None)
    return Submission(
        shown(unit.student), one_line(unit.student_id), origin, unit.platform, shown(unit.group),
        lab=lab or "",
        digest=hashlib.sha256(f"unread\0{origin}\0{why.en}".encode("utf-8", "replace")).hexdigest(),
        problem=named(origin, why),
        limits=limits,
    )  # fmt: skip


def _read(
    unit: Unit, lab: str | None, limits: IntakeLimits, known: Sequence[str], alone: bool
) -> list[Submission]:
    opened = _open_unit(unit, limits)
    packages = _packages(opened, limits)
    labs = [lab] if lab is not None else list(known)
    candidates = [c for p in packages for c in _candidates(p, limits, labs)]
    candidates.sort(key=_newest_last(candidates))
    good = [c for c in candidates if c.book is not None]
    mine = [c for c in good if not labs or c.lab in labs or not c.lab]
    if lab is not None and any(c.lab == lab for c in mine):
        mine = [c for c in mine if c.lab == lab]
    manifest = next((p.manifest for p in packages if p.manifest), {})
    name = canonical(_text(manifest, "student", "student_name")) if alone else ""
    base = Submission(
        name if name and not unit.platform else shown(unit.student),
        one_line(unit.student_id),
        _origin(unit, None),
        unit.platform,
        shown(unit.group),
        lab=lab or "",
        limits=limits,
    )
    if not mine:
        problem = _no_notebook(unit, opened, candidates, good, labs, limits)
        return [
            replace(
                base,
                origin=_origin(unit, candidates[-1].entry if candidates else None),
                digest=hashlib.sha256(b"problem\0" + problem.en.encode()).hexdigest(),
                submitted_at=unit.submitted_at,
                problem=problem,
            )
        ]
    found = []
    for name in sorted({c.lab for c in mine}) if lab is None else [lab]:
        versions = [c for c in mine if lab is not None or c.lab == name]
        chosen, said = _choose(unit, versions)
        notices = said + _notices(unit, chosen, candidates, opened)
        attempts = len(_versions(versions))
        found.append(_graded(base, unit, name, chosen, attempts, packages, notices, limits))
    return found


def _open_unit(unit: Unit, limits: IntakeLimits) -> Opened:
    size = sum(e.size for e in unit.entries if e.place.members)
    if size > limits.unpacked_mb * MB:
        top = replace(unit.entries[0], parts=unit.entries[0].parts[: unit.depth + 1])
        return Opened(flaws=[(top, unpacks_to(size))])
    return open_archives(sorted(unit.entries, key=lambda e: (e.parts, e.place.members)), limits)


def _packages(opened: Opened, limits: IntakeLimits) -> list[_Package]:
    homes = set(opened.archives)
    homes |= {e.parts[:-1] for e in opened.entries if e.name == _MANIFEST}
    inside: dict[tuple[str, ...], list[Entry]] = {}
    for entry in opened.entries:
        around = (entry.parts[:n] for n in range(len(entry.parts), 0, -1))
        inside.setdefault(next((h for h in around if h in homes), ()), []).append(entry)
    packages = []
    for parts, entries in sorted(inside.items()):
        manifest = next((_manifest(e, limits) for e in entries if e.name == _MANIFEST), {})
        created = _seconds(_text(manifest, "submitted_at", "created_at", "created", "time"))
        packages.append(_Package(parts, tuple(entries), manifest, created))
    return packages


_manifests = msgspec.json.Decoder(_Raw)
_words = msgspec.json.Decoder(str | int | float)
_members = msgspec.json.Decoder(list[str | dict[str, str | int | float | bool | None]])


def _manifest(entry: Entry, limits: IntakeLimits) -> _Raw:
    """A manifest's fields, none of them taken apart yet."""
    try:
        return _manifests.decode(read(entry.place, 1, limits))
    except (Unreadable, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}


def _text(manifest: _Raw, *names: str) -> str:
    """The first of `names` that the manifest gives as a short text or number."""
    for name in names:
        raw = manifest.get(name, b"")
        try:
            value = _words.decode(raw) if 0 < len(raw) < 1000 else ""
        except (msgspec.MsgspecError, RecursionError):
            continue
        if value != "":
            return shown(str(value).strip())
    return ""


def _claims(manifest: _Raw) -> tuple[tuple[str, str], ...]:
    """(name, identifier) of those whom a manifest calls members."""
    raw = manifest.get("members", b"")
    try:
        listed = _members.decode(raw) if 0 < len(raw) < 10_000 else []
    except (msgspec.MsgspecError, RecursionError):
        return ()
    found = []
    for member in listed[:20]:
        said = {"name": member} if isinstance(member, str) else member
        name = canonical(shown(str(said.get("name") or said.get("student") or "")))
        id = shown(str(said.get("id") or said.get("student_id") or "").strip())
        found += [(name, id)] if name or id else []
    return tuple(found)


def _seconds(iso: str) -> float:
    try:
        when = datetime.fromisoformat(iso)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


# ------------------------------------------------------------------ which notebook


def _candidates(package: _Package, limits: IntakeLimits, known: Sequence[str]) -> list[_Candidate]:
    notebooks = [e for e in package.entries if e.suffix == ".ipynb"]
    # Browsers add an extension of their own (nb.ipynb.txt, nb.ipynb.json), or take it away.
    notebooks = notebooks or [e for e in package.entries if ".ipynb." in e.name.lower()]
    notebooks = notebooks or [
        e
        for e in package.entries
        if e.suffix in ("", ".json", ".txt")
        and e.name != _MANIFEST
        and looks_like_notebook(begin(e, limits))
    ]
    newest = sorted(notebooks, key=lambda e: (e.modified, e.parts))[-50:]
    return [_candidate(e, package, limits, known) for e in newest]


def _candidate(
    entry: Entry, package: _Package, limits: IntakeLimits, known: Sequence[str]
) -> _Candidate:
    try:
        book = read_notebook(read(entry.place, limits.notebook_mb, limits), limits)
    except Unreadable as error:
        return _Candidate(entry, package, problem=named(entry.name, error.text))
    lab, source = book.lab or _text(package.manifest, "lab"), ""
    if not lab:
        lab, source = _lab_around(entry, package, known)
    return _Candidate(entry, package, book, None, lab, open_holes(book.sources), source)


def _lab_around(entry: Entry, package: _Package, known: Sequence[str]) -> tuple[str, str]:
    """The lab that the folder of recordings or the file's name tells, if its own line is lost."""
    folders = {e.parts[-2] for e in package.entries if e.suffix == RECORDING and len(e.parts) > 1}
    for lab in known:
        if lab in folders:
            return lab, f"recordings/{lab}"
    named_so = [lab for lab in known if lab.casefold() in entry.name.casefold()]
    return (max(named_so, key=len), entry.name) if named_so else ("", "")


def _newest_last(candidates: Sequence[_Candidate]) -> Any:
    """Sort key: by time, then by number in the file's name."""
    dates = _dates(candidates)

    def key(c: _Candidate) -> tuple[Any, ...]:
        natural = [
            (int(w[:9]), w) if w.isdigit() else (-1, w)
            for w in re.split(r"(\d+)", os.path.splitext(c.entry.shown)[0])
        ]
        return dates(c), c.package.created, c.entry.modified, natural

    return key


def _dates(candidates: Sequence[_Candidate]) -> Any:
    """When a version was handed in: by manifest if all have one, else by the file handed in."""
    manifests = all(c.package.created for c in candidates)
    return lambda c: c.package.created if manifests else c.entry.handed_in or c.entry.modified


def _versions(mine: Sequence[_Candidate]) -> list[_Candidate]:
    """Candidates of different code, each the last of its kind, oldest first."""
    found: dict[tuple[str, ...], _Candidate] = {}
    for c in mine:
        assert c.book is not None
        sources = tuple(c.book.sources)
        found.pop(sources, None)
        found[sources] = c
    return list(found.values())


def _choose(unit: Unit, mine: Sequence[_Candidate]) -> tuple[_Candidate, list[Text]]:
    """The version that counts, and which others there are.

    The newest counts, unless it leaves open what another has done.
    """
    versions = _versions(mine)
    newest = versions[-1]
    if len(versions) == 1:
        return newest, []
    fewest = min(c.holes for c in versions)
    chosen = next(c for c in reversed(versions) if c.holes == fewest)
    dates = _dates(mine)
    twins = [c for c in versions if c is not chosen and dates(c) == dates(chosen)]
    about = {
        "n": len(versions),
        "f": _below(unit, chosen.entry),
        "g": _below(unit, newest.entry if newest is not chosen else (twins or versions)[0].entry),
    }
    if chosen is not newest:
        same_date = dates(newest) == dates(chosen)
        when = gettext("of the same date") if same_date else gettext("newer")
        said = gettext(
            "{n} versions were handed in: {f} counts; {g}, {when}, leaves more undone ({a} holes open "
            "against {b}): see which one is meant",
            a=newest.holes, b=chosen.holes, when=when, **about,
        )  # fmt: skip
    elif any(c.holes == fewest for c in twins):
        said = gettext(
            "{n} versions were handed in, and nothing tells {f} and {g} apart by date: {f} counts; see "
            "which one is meant",
            **about,
        )
    elif twins:
        said = gettext(
            "{n} versions were handed in, of the same date: the most complete counts, {f}", **about
        )
    else:
        said = gettext("{n} versions were handed in: the newest counts, {f}", **about)
    return chosen, [said]


def _notices(
    unit: Unit, chosen: _Candidate, every: Sequence[_Candidate], opened: Opened
) -> list[Text]:
    assert chosen.book is not None
    notices = list(chosen.book.notices)
    for c in every[every.index(chosen) + 1 :]:
        if c.problem is not None:
            notices.append(gettext("a newer file was passed over: {p}", p=c.problem))
    for entry, why in opened.flaws[:20]:
        notices.append(named(_below(unit, entry), why))
    around = [z for z in opened.archives if chosen.entry.parts[: len(z)] == z]
    if len(around) > 1:
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


def _below(unit: Unit, entry: Entry) -> str:
    """An entry's path within what the student handed in."""
    own = entry.parts[unit.depth :]
    return shown("/".join(own[1:] if len(own) > 1 else own))


def _origin(unit: Unit, entry: Entry | None) -> str:
    if entry is not None:
        return one_line("/".join(entry.parts))
    first = unit.entries[0].parts
    return one_line("/".join(first if len(unit.entries) == 1 else first[: max(unit.depth + 1, 1)]))


def _graded(
    base: Submission, unit: Unit, lab: str, chosen: _Candidate, attempts: int,
    packages: Sequence[_Package], notices: list[Text], limits: IntakeLimits,
) -> Submission:  # fmt: skip
    book = chosen.book
    assert book is not None
    manifest = chosen.package.manifest
    recordings, said = _recordings(unit, lab, chosen, packages, limits)
    notices += said
    problem = None
    if not lab:
        problem = gettext(
            "{f} does not say which lab it is for; put the lab's first cell back "
            '(lab = Lab("…")) or name the lab when grading',
            f=shown(chosen.entry.name),
        )
    elif chosen.lab_from:
        notices.append(
            gettext(
                'the line lab = Lab("{lab}") is missing; {f} tells the lab', lab=lab,
                f=shown(chosen.lab_from),
            )
        )  # fmt: skip
    elif not chosen.lab:
        notices.append(
            gettext(
                'the line lab = Lab("{lab}") is missing; it was graded as {lab} all the same',
                lab=lab,
            )
        )
    by_platform = unit.submitted_at or _stamp(unit, limits)
    by_student = _text(manifest, "submitted_at", "created_at", "created")
    lang = book.lang or _text(manifest, "lang")
    return replace(
        base,
        origin=_origin(unit, chosen.entry),
        lab=lab,
        lang=lang if lang in ("fr", "en") else "",
        digest=_digest(book, recordings, limits),
        submitted_at=by_platform or by_student,
        time_from="platform" if by_platform else "student" if by_student else "",
        attempts=attempts,
        receipt=_text(manifest, "receipt"),
        claims=_claims(manifest),
        notices=tuple(notices),
        problem=problem,
        packed=zlib.compress(msgspec.json.encode(book.sources), 1),
        recording_entries=recordings,
    )


def _stamp(unit: Unit, limits: IntakeLimits) -> str:
    """The time in nbgrader's ``timestamp.txt``: ``2026-02-01 10:00:00.5 Europe/Paris``.

    nbgrader writes it beside what was handed in, never deeper.
    """
    if unit.platform != "nbgrader":
        return ""
    for entry in unit.entries:
        own = entry.parts[unit.depth :]
        if len(own) == 3 and own[2] == "timestamp.txt" and entry.flaw is None:
            try:
                text = read(entry.place, 0.01, limits).decode("utf-8", "replace").strip()
                moment, _, zone = text.rpartition(" ") if text.count(" ") > 1 else (text, "", "UTC")
                return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).isoformat()
            except (Unreadable, ValueError, ZoneInfoNotFoundError, OSError):
                return ""
    return ""


# ------------------------------------------------------------------ recordings


def _recordings(
    unit: Unit, lab: str, chosen: _Candidate, packages: Sequence[_Package],
    limits: IntakeLimits,
) -> tuple[dict[str, Entry], list[Text]]:  # fmt: skip
    """Recordings handed in with the notebook, else those of the newest other hand-in."""
    notices: list[Text] = []
    of_package = of_lab(chosen.package.entries, lab)
    if not of_package:
        others = [p for p in packages if of_lab(p.entries, lab)]
        if others:
            newest = max(others, key=lambda p: (p.created, p.entries[0].handed_in, p.parts))
            of_package = of_lab(newest.entries, lab)
            notices.append(
                gettext("the recordings were taken from {f}", f=_below(unit, of_package[0]))
            )
    found, said = recordings(of_package, limits)
    return found, notices + said


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
        _add(found, [name.encode("utf-8", "surrogatepass"), one.digest()])
    return found.hexdigest()


def _add(hashed: Any, items: Iterable[bytes]) -> None:
    for item in items:
        hashed.update(struct.pack("<Q", len(item)) + item)


# ------------------------------------------------------------------ nothing to grade


def _no_notebook(
    unit: Unit, opened: Opened, candidates: Sequence[_Candidate],
    good: Sequence[_Candidate], labs: Sequence[str], limits: IntakeLimits,
) -> Text:  # fmt: skip
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
    names = [e.name for e in opened.entries]
    if not names and opened.archives:
        return named(
            _below(unit, next(iter(opened.archives.values()))),
            gettext("is an empty zip; hand in the notebook"),
        )
    if unit.with_text and all(n.endswith((".html", ".htm")) for n in names):
        return gettext("a text was typed in and no file handed in; hand in the .ipynb file")
    told = []
    for entry in opened.entries[:3]:
        kind = kind_of(begin(entry, limits), entry.suffix)
        told.append(
            same(shown(entry.name, 60)) + (same(" (") + kind + same(")") if kind else same(""))
        )
    listed = same("")
    for i, text in enumerate(told):
        listed = listed + same(", " if i else "") + text
    more = same(f" (+{len(names) - 3})" if len(names) > 3 else "")
    return gettext(
        "no notebook among what was handed in: {f}{more}; hand in the .ipynb file",
        f=listed,
        more=more,
    )

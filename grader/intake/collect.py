"""From a folder or a zip to submissions: each is read in a process of its own that can be killed."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from grader.check.text import Refusal, Text, gettext
from grader.intake import layouts
from grader.intake.archives import forget, members, read, scan
from grader.intake.files import Entry, IntakeError, Unreadable, named, shown
from grader.intake.layouts import Unit
from grader.intake.limits import MB, IntakeLimits
from grader.intake.submission import Submission, read_unit, unread
from grader.platforms.gradescope import Exported, read_export
from grader.platforms.people import name_words

_WORKERS = 4


def collect(
    path: Path,
    lab: str | None = None,
    limits: IntakeLimits | None = None,
    known: Sequence[str] = (),
) -> list[Submission]:
    """Find the submissions in a folder, a zip, or a single notebook; sorted by name.

    Each is read once, to check it and to compute its digest, and let go again but for its code.

    Args:
        path: what the platform gave; see `grader.intake.layouts` for the layouts known.
        lab: the lab to grade; other labs' notebooks are passed over if a student has one for
            this lab, else reported. None: each notebook is for the lab that it names.
        known: the course's labs; a notebook of another one cannot be graded. Empty: all are.

    Raises:
        IntakeError: nothing can be read there, or no submission is found.
    """
    limits = limits or IntakeLimits()
    path = Path(path)
    try:
        units = layouts.units(
            scan(path, limits),
            path.resolve().name,
            lambda entry: _export(entry, limits),
            lambda entry: _inside(entry, limits),
        )
    finally:
        forget()
    submissions = [
        one
        for unit, read_ones in zip(units, _read_all(units, lab, limits, known), strict=True)
        for found in read_ones
        for one in _for_each_partner(found, unit)
    ]
    if not submissions:
        raise IntakeError(
            "{p}: no submission found; give the folder or zip that holds the notebooks",
            p=shown(str(path)),
        )
    return sorted(_told_apart(_claimed(_teams(submissions))), key=_order)


def _order(s: Submission) -> tuple[str, str, str]:
    plain = unicodedata.normalize("NFKD", s.student).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c)), s.student_id, s.lab


def _export(entry: Entry, limits: IntakeLimits) -> Mapping[str, Exported]:
    try:
        return read_export(read(entry.place, limits.notebook_mb, limits))
    except Unreadable as error:
        raise IntakeError(named(entry.shown, error.text)) from None
    except Refusal as error:
        raise IntakeError(named(entry.shown, error.text)) from None


def _inside(entry: Entry, limits: IntakeLimits) -> list[Entry]:
    """What a zip holds, for one that may be a platform's download."""
    try:
        found = members(entry.place, limits, limits.class_entries) if entry.flaw is None else []
    except Unreadable:
        return []
    return [e.below(entry.parts) for e in found]


# ------------------------------------------------------------------ reading


def _read_all(
    units: Sequence[Unit], lab: str | None, limits: IntakeLimits, known: Sequence[str]
) -> Iterator[list[Submission]]:
    """What each unit holds; a unit that takes too long or too much is its own problem."""
    workers = max(1, min(_WORKERS, os.cpu_count() or 1, len(units)))
    # A fork starts at once and never reads __main__ again, which a script may not guard.
    context = get_context("fork" if hasattr(os, "fork") else "spawn")
    pool = ProcessPool(
        workers, initializer=_bound_memory, initargs=[limits.memory_mb], context=context
    )
    try:
        futures = [
            pool.schedule(
                read_unit,
                args=[_cut(unit, limits), lab, limits, known, len(units) == 1],
                timeout=limits.seconds,
            )
            for unit in units
        ]
        for unit, future in zip(units, futures, strict=True):
            try:
                yield future.result()
            except TimeoutError:
                why = gettext("could not be read in {s:g} seconds", s=limits.seconds)
                yield [unread(unit, lab, limits, _again(why))]
            except (MemoryError, ProcessExpired):
                why = gettext("could not be read in {m:g} MB of memory", m=limits.memory_mb)
                yield [unread(unit, lab, limits, _again(why))]
            except Exception as error:  # what nobody foresaw is that student's problem
                reason = shown(f"{type(error).__name__}: {error}")
                why = gettext("could not be read ({why})", why=reason)
                yield [unread(unit, lab, limits, _again(why))]
    finally:
        pool.stop()
        pool.join()


def _again(why: Text) -> Text:
    return why + gettext("; run again, open it by hand, or ask for it again")


def _cut(unit: Unit, limits: IntakeLimits) -> Unit:
    """A unit with no more files than are looked at."""
    return replace(unit, entries=unit.entries[: limits.entries * 2])


def _bound_memory(megabytes: float) -> None:
    """Bound what a reader may take beyond what it was born with, where the system can."""
    try:
        import resource

        lines = Path("/proc/self/status").read_text().splitlines()
    except (ImportError, OSError):
        return
    born = next((int(w.split()[1]) for w in lines if w.startswith("VmData:")), 0)
    limit = int(born * 1024 + megabytes * MB)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


# ------------------------------------------------------------------ groups


def _for_each_partner(base: Submission, unit: Unit) -> list[Submission]:
    """What a platform says several handed in together counts for each of them."""
    if not unit.partners:
        return [base]
    people = [(base.student, base.student_id), *((shown(n), shown(i)) for n, i in unit.partners)]
    return _members([replace(base, student=name, student_id=id) for name, id in people])


def _members(team: Sequence[Submission]) -> list[Submission]:
    names = tuple(dict.fromkeys(s.student for s in team))
    notice = gettext("group of {n}: {who}", n=len(names), who=", ".join(names))
    return [replace(s, members=names, notices=(*s.notices, notice)) for s in team]


def _teams(submissions: Sequence[Submission]) -> list[Submission]:
    """Moodle's team submissions: each member's folder is called by the team and holds the same work.

    A course's group gives folders the same form of name; there, two who hand in the same have copied.
    A team is one whose members, at least two, all hand in the same.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for i, s in enumerate(submissions):
        if s.platform == "moodle" and s.group:
            found.setdefault((s.lab, s.group), []).append(i)
    kept = list(submissions)
    for places in found.values():
        team = [kept[i] for i in places]
        if len(team) > 1 and len({s.digest for s in team}) == 1 and team[0].problem is None:
            for i, member in zip(places, _members(team), strict=True):
                kept[i] = member
    return kept


def _claimed(submissions: Sequence[Submission]) -> list[Submission]:
    """Groups that students' own manifests name: only those count who name each other.

    A manifest alone moves nobody's mark: who is named and names nobody back keeps what they have.
    """
    by_name: dict[object, list[int]] = {}
    for i, s in enumerate(submissions):
        for key in {(s.lab, name_words(s.student)), (s.lab, s.student_id.casefold())}:
            by_name.setdefault(key, []).append(i)

    def meant(i: int) -> set[int]:
        s = submissions[i]
        found = set()
        for name, id in s.claims:
            fits = by_name.get((s.lab, name_words(name)), []) if name else []
            fits = fits or by_name.get((s.lab, id.casefold()), [])
            found |= set(fits) if len(fits) == 1 else set()
        return found - {i}

    named_by = {i: meant(i) for i, s in enumerate(submissions) if s.claims}
    kept = list(submissions)
    for i, others in named_by.items():
        s = submissions[i]
        mutual = sorted(j for j in others if i in named_by.get(j, ()))
        if mutual and not s.members:
            names = tuple(sorted((s.student, *(submissions[j].student for j in mutual))))
            notice = gettext("group of {n}: {who}", n=len(names), who=", ".join(names))
            kept[i] = replace(kept[i], members=names, notices=(*kept[i].notices, notice))
        known = {name_words(n) for n in (*kept[i].members, s.student)}
        alone = [n or id for n, id in s.claims if name_words(n) not in known and id != s.student_id]
        alone = [n for n in alone if n not in {submissions[j].student_id for j in mutual}]
        if alone:
            notice = gettext(
                "the manifest names {who} as members of a group; it counts for those only whose own "
                "hand-in says so too",
                who=", ".join(alone[:5]),
            )
            kept[i] = replace(kept[i], notices=(*kept[i].notices, notice))
    return kept


def _told_apart(submissions: Sequence[Submission]) -> list[Submission]:
    """One submission a student and lab; ids unique, the platform's ids as they are."""
    kept: dict[tuple[str, str], Submission] = {}
    for s in submissions:
        key = (s.lab, s.student_id)
        first = kept.get(key)
        if first is None:
            kept[key] = s
        elif first.platform and s.platform and name_words(first.student) == name_words(s.student):
            # A partner's hand-in gives way to one's own.
            if first.members and first.members[0] != first.student:
                kept[key] = s
        else:
            loose = s if first.platform else first
            kept[key] = first if first.platform else s
            n = 2
            while (s.lab, f"{s.student_id} ({n})") in kept:
                n += 1
            id = f"{s.student_id} ({n})"
            kept[s.lab, id] = replace(loose, student_id=id)
    return list(kept.values())

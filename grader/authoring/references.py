"""Reference recordings too large to commit: made once by training the solution, then kept.

They lie in ``.grader/recordings/<lab>/<digest>/`` of the course's folder, which git ignores. The
digest is of the solution's code (comments and layout do not count), so that a changed recipe is
trained anew.
"""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.check.names import parse_cell

if TYPE_CHECKING:
    from grader.authoring.source import LoadedLab, SourceCell

COMMITTED_MB = 5.0  # recordings of a lab that may lie in its folder, all together
_PATIENCE = 4.0
_KEPT = 3  # trainings kept of one lab, the newest


def code_digest(cells: tuple[SourceCell, ...]) -> str:
    """Hash of the solved code that both languages share."""
    sha = hashlib.sha256()
    for cell in cells:
        if cell.kind == "code" and not cell.lang:
            tree = parse_cell(cell.solved())
            sha.update((ast.dump(tree) if tree else cell.solved()).encode() + b"\0")
    return sha.hexdigest()[:16]


def cache_folder(lab_dir: Path, cells: tuple[SourceCell, ...]) -> Path:
    """Where this version's recordings are kept."""
    course = lab_dir.parent.parent
    return course / ".grader" / "recordings" / lab_dir.name / code_digest(cells)


def found(lab_dir: Path, cells: tuple[SourceCell, ...]) -> dict[str, bytes]:
    """Recordings of the lab's own folder, and those of the cache that it lacks."""
    paths = sorted(cache_folder(lab_dir, cells).glob("*.safetensors"))
    paths += sorted(lab_dir.glob("recordings/*.safetensors"))
    return {path.stem: path.read_bytes() for path in paths}


def lacking(lab: LoadedLab) -> list[str]:
    """Recordings that a complete submission holds and that are nowhere to be had."""
    return sorted(set(lab.spec.recordings) - set(lab.recordings))


def keep(lab: LoadedLab, made: Mapping[str, bytes]) -> Path:
    """Keep what a training of the solution made: in the lab's folder if small, else in the cache.

    Returns:
        The folder.
    """
    size = sum(len(data) for data in made.values())
    small = size <= COMMITTED_MB * 1e6
    folder = lab.dir / "recordings" if small else cache_folder(lab.dir, lab.cells)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        draft = folder / f".{name}.part"
        draft.write_bytes(data)
        draft.replace(folder / f"{name}.safetensors")
        lab.recordings[name] = data
    if not small:
        _forget_old(folder)
    return folder


def _forget_old(folder: Path) -> None:
    others = [p for p in folder.parent.iterdir() if p.is_dir() and p != folder]
    for old in sorted(others, key=lambda p: p.stat().st_mtime)[: -(_KEPT - 1)]:
        shutil.rmtree(old, ignore_errors=True)


def fill(
    lab: LoadedLab, data: Path | None, sandboxed: bool, threads: int, say: Callable[[str], None]
) -> float | None:
    """Train the solution in the student zone if reference recordings are lacking.

    Args:
        lab: gets the recordings.
        data: ``data/``, or None.
        sandboxed: see `grader.sandbox.bwrap.require`.
        threads: threads for TensorFlow.
        say: told before and after.

    Returns:
        Seconds of processor time that it took; None if nothing was lacking.

    Raises:
        AuthorError: the solution leaves a recording unmade.
    """
    from grader.authoring.spec import AuthorError
    from grader.check.key import Key
    from grader.sandbox.client import run_submission, student_zone

    if not lacking(lab):
        return None
    say(f"{lab.id}: training the solution for its recordings ({', '.join(lacking(lab))})")
    spec, limits = lab.spec, lab.spec.limits
    patient = replace(  # this is not a submission: a slow machine may take its time
        limits,
        seconds=_PATIENCE * limits.seconds,
        cpu_seconds=_PATIENCE * limits.cpu_seconds,
        training_seconds=_PATIENCE * limits.training_seconds,
    )
    key = Key(
        lab.id, "public", spec.title, tuple(spec.exercises.values()), (),
        limits=patient, recordings=spec.recordings, preload=spec.preload,
    )  # fmt: skip
    zone = student_zone(key, data, sandboxed, training=True, threads=threads)
    cells = [c.source for c in lab.notebook("en", True).cells if c.cell_type == "code"]
    try:
        outcome = run_submission(zone, key.questions_for_students(), cells, {}, "en", True)
    finally:
        zone.close()
    missing = sorted(set(lab.spec.recordings) - set(outcome.made))
    if missing:
        bad = next((c for c in outcome.cells if c.status in ("error", "limit")), None)
        why = f"; cell {bad.index}: {bad.error}" if bad else ""
        raise AuthorError(f"{lab.id}: the solution made no recording of {', '.join(missing)}{why}")
    folder = keep(lab, outcome.made)
    say(f"{lab.id}: kept in {folder} ({outcome.cpu_seconds:.0f} s of processor)")
    return outcome.cpu_seconds

"""A made-up class: submissions right, wrong, unfinished and damaged, with the points each must get.

The truth is known by construction: what a mutant loses is what its author declared (and `grader
validate` proved), an open hole loses the checks that reach it, damage has its price. Nothing here
asks the judge.
"""

from __future__ import annotations

import ast
import csv
import io
import os
import re
import shutil
import tempfile
import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np

from grader.authoring import references
from grader.authoring.source import LoadedLab, load_lab
from grader.authoring.spec import AuthorError, CheckSpec, Draw, Mutant, Variant
from grader.authoring.transforms import (
    DAMAGES,
    HARMLESS,
    HARMLESS_TO_ANY,
    Damage,
    to_bytes,
    training_left_out,
    zipped,
)
from grader.check.names import defined_in, parse_cell, reach
from grader.check.text import Lang

TRUTH, MADE_OF, FOLDER = "truth.csv", "made_of.csv", "submissions"

# Shares of a class, in percent.
SHARES = {
    "mutant": 28, "combination": 11, "variant": 14, "solution": 10, "unfinished": 12,
    "damaged": 19, "double": 6,
}  # fmt: skip

_FIRST = (
    "Zoé", "Jean-Baptiste", "Anaïs", "Łukasz", "Nguyễn Thị", "María José", "Chloé", "Øystein",
    "Inès", "Gaël", "Ömer", "D'Arcy", "Noémie", "François", "Marie Ange", "Ravi", "Lætitia",
    "Björn", "Xin", "Solène", "Ángel", "Maëlys", "Théo", "Agnès", "İpek",
)  # fmt: skip
_LAST = (
    "d'Hérouville", "O'Brien", "Le Goff", "Żółć", "Müller-Lüdenscheid", "Ñúñez", "de la Fontaine",
    "Sørensen", "N'Guessan", "Lefèvre", "Ben Saïd", "van der Berg", "Çelik", "L'Hôpital", "Dupont",
    "Škoda", "Martin", "Nikolaïdis", "Tran", "Guðmundsdóttir", "Ibáñez", "Bœuf", "Hašek", "Roux",
)  # fmt: skip


@dataclass(frozen=True)
class Story:
    """How one submission came about.

    Attributes:
        what: in words, for ``made_of.csv``.
        change: cell index → source.
        answers: question → what is answered.
        kept: check → points, where they are not the full ones.
        dropped: recordings that it lacks, and whose training cells are left out.
        variant: a correct variant, for its change of the notebook.
        transforms: names of `HARMLESS`.
        damage: or None.
    """

    what: str
    change: Mapping[int, str] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, float] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    variant: Variant | None = None
    transforms: tuple[str, ...] = ()
    damage: Damage | None = None


class Anatomy:
    """What depends on what in a lab's solution, worked out from its names."""

    def __init__(self, lab: LoadedLab) -> None:
        self.lab = lab
        self.solved = [c.solved() for c in lab.cells if c.kind == "code" and c.lang in ("", "en")]
        self.defines = {e.id: set(e.defines) for e in lab.spec.exercises.values()}
        self.held = {e: lab.exercise_cells(e) for e in lab.spec.exercises}
        self.asked = {c.id: self._asked(c) for c in lab.spec.checks.values()}
        self.reached = {c: reach(self.solved, names) for c, names in self.asked.items()}
        self.mentioned = {
            e: reach(self.solved, {n for c in cells for n in _loads(c.solved())})
            for e, cells in self.held.items()
        }

    def _asked(self, check: CheckSpec) -> set[str]:
        """The student's names that a check's probe calls."""
        if check.probing is None:
            return set()
        return check.ask(Draw(0, check.id, False))[0].names()

    def with_dependents(self, exercises: set[str]) -> set[str]:
        """These exercises and all whose solution uses one of them."""
        names = set().union(*(self.defines[e] for e in exercises)) if exercises else set()
        return exercises | {e for e, used in self.mentioned.items() if used & names}

    def lost_with(self, opened: set[str]) -> set[str]:
        """Checks that lose their points if exactly these exercises are open.

        What is built on an open exercise is judged with the reference in its place.
        """
        names = set().union(*(self.defines[e] for e in opened)) if opened else set()
        lost = set()
        for check in self.lab.spec.checks.values():
            if check.exercise in opened and self.reached[check.id] & self.defines[check.exercise]:
                lost.add(check.id)
            asked = (check.id,) if check.kind == "answer" else check.answers
            if any(self.unanswered_with(question, opened, names) for question in asked):
                lost.add(check.id)
        return lost

    def unanswered_with(self, question: str, opened: set[str], names: set[str]) -> bool:
        """Whether a question's answer stands in an open hole, or is computed by what is open."""
        if self.answered_in(question) & opened:
            return True
        given = [s for s in self.solved if _answer_of(question).search(s)]
        return any(reach(self.solved, _loads(source)) & names for source in given)

    def answered_in(self, question: str) -> set[str]:
        """Exercises in whose cells a question is answered."""
        pattern = _answer_of(question)
        return {e for e, cells in self.held.items() if any(pattern.search(c.source) for c in cells)}

    def untrained_with(self, opened: set[str]) -> frozenset[str]:
        """Recordings whose training needs one of these exercises."""
        names = set().union(*(self.defines[e] for e in opened)) if opened else set()
        cells = {c.solved() for e in opened for c in self.held[e]}
        found = set()
        for source in self.solved:
            for name in re.findall(r"\.record\(\s*[\"'](\w+)[\"']", source):
                if source in cells or reach(self.solved, _loads(source)) & names:
                    found.add(name)
        return frozenset(found)

    def touched(self, mutant: Mutant) -> set[str]:
        """Checks whose outcome a mutant may change."""
        if not (mutant.code or mutant.edits):
            return set(mutant.loses)
        sources = self.lab.sources(self.lab.change(mutant))
        names = self.defines[mutant.exercise]
        reached = {c for c, asked in self.asked.items() if reach(sources, asked) & names}
        return reached | set(mutant.loses)


def _answer_of(question: str) -> re.Pattern[str]:
    return re.compile(rf"lab\.answer\(\s*[\"']{re.escape(question)}[\"']")


def _loads(source: str) -> set[str]:
    tree = parse_cell(source)
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} if tree else set()


def simulate(lab_dir: Path, students: int, seed: int, out: Path) -> Path:
    """Write a class of submissions, in the folders of a Moodle download, and its ``truth.csv``.

    The same lab, number and seed give the same files.

    Args:
        lab_dir: ``solutions/<id>``.
        students: how many students, from 1.
        seed: any whole number ≥ 0.
        out: the folder to write; one that an earlier call wrote is replaced.

    Returns:
        The path of ``truth.csv``: columns ``student``, one a check, ``total``; one row a student,
        the points that each must get (a submission that cannot be graded: zeros).

    Raises:
        AuthorError: reference recordings are missing, or `out` holds something else.
    """
    lab = load_lab(lab_dir)
    lacking = references.lacking(lab)
    if lacking:
        raise AuthorError(
            f"{lab.id}: no reference recording of {', '.join(lacking)};"
            f" run grader validate {lab.id}"
        )
    if out.exists() and any(out.iterdir()) and not (out / TRUTH).is_file():
        raise AuthorError(f"{out}: holds something else; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, students, zlib.crc32(lab.id.encode())])
    people = _people(rng, students)
    names = Counter(name for name, _ in people)
    stories = _Stories(lab, rng)
    kinds = _kinds(rng, students)
    truth: list[list[str]] = []
    made_of: list[list[str]] = []
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as making:
        for (name, id), kind in zip(people, kinds, strict=True):
            told, before = stories.tell(kind)
            folder = Path(making) / _folder(rng, name, id)
            _write(lab, told, before, folder, rng, name)
            shown = f"{name} ({id})" if names[name] > 1 else name
            truth.append([shown, *_row(lab, told)])
            made_of.append([shown, told.what + (f" (before: {before.what})" if before else "")])
        shutil.rmtree(out / FOLDER, ignore_errors=True)
        os.replace(making, out / FOLDER)
        os.mkdir(making)  # for the context manager to remove
    (out / FOLDER).chmod(0o755)
    header = ["student", *lab.spec.checks, "total"]
    (out / MADE_OF).write_text(_csv(["student", "made_of"], sorted(made_of)), "utf-8")
    (out / TRUTH).write_text(_csv(header, sorted(truth)), "utf-8")
    return out / TRUTH


def _csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def _points(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _row(lab: LoadedLab, story: Story) -> list[str]:
    """Points a check, then the total as the gradebook counts it."""
    earned = {}
    for check in lab.spec.checks.values():
        read_by_person = check.kind == "answer" and check.answer["type"] == "text"
        full = 0.0 if read_by_person else check.points
        earned[check.id] = min(full, story.kept.get(check.id, full))
        if check.kind == "clean" and _loses_recordings(story, check.measured):
            earned[check.id] = 0.0
        if story.damage is not None and story.damage.price == "everything":
            earned[check.id] = 0.0
    most = sum(c.points for c in lab.spec.checks.values() if not c.bonus)
    total = round(min(round(sum(earned.values()), 4), most), 2)
    return [*map(_points, earned.values()), f"{total:.2f}"]


def _loses_recordings(story: Story, recordings: Sequence[str]) -> bool:
    damaged = story.damage is not None and story.damage.price == "recordings"
    return damaged or bool(story.dropped & set(recordings))


def _people(rng: np.random.Generator, n: int) -> list[tuple[str, str]]:
    """Names, some of them twice, and identifiers, all different."""
    ids = rng.choice(900_000, size=n, replace=False) + 100_000
    pairs = [f"{a} {b}" for a in _FIRST for b in _LAST]
    order = rng.permutation(len(pairs))
    names = []
    for i in range(n):
        name = pairs[order[i % len(pairs)]]
        if i >= len(pairs):
            name += f" {'I' * (1 + i // len(pairs))}"
        names.append(name)
    for i in range(5, n, 25):  # two students of one name
        names[i] = names[i - 1]
    composed = [unicodedata.normalize("NFC", name) for name in names]
    return [(name, str(id)) for name, id in zip(composed, ids, strict=True)]


def _kinds(rng: np.random.Generator, n: int) -> list[str]:
    """One kind a student: shares rounded by largest remainder, then shuffled."""
    exact = {k: n * share / sum(SHARES.values()) for k, share in SHARES.items()}
    counts = {k: int(x) for k, x in exact.items()}
    for k in sorted(exact, key=lambda k: counts[k] - exact[k])[: n - sum(counts.values())]:
        counts[k] += 1
    kinds = [k for k, count in counts.items() for _ in range(count)]
    return [kinds[i] for i in rng.permutation(n)]


class _Stories:
    """Makes up stories; each kind goes through all that the lab offers before it repeats itself."""

    def __init__(self, lab: LoadedLab, rng: np.random.Generator) -> None:
        self.lab = lab
        self.rng = rng
        self.anatomy = Anatomy(lab)
        self._decks: dict[str, list[Any]] = {}
        self.mutants = [m for m in lab.mutants if not m.retrain]
        self.variants = [v for v in lab.variants if not v.retrain]
        self.damages = [d for d in DAMAGES if d.price != "recordings" or lab.spec.recordings]

    def tell(self, kind: str) -> tuple[Story, Story | None]:
        """A story, and that of an older submission of the same student, if there is one."""
        if kind == "double":
            newest = self._one_of("double", ("solution", "mutant", "variant"))
            return self._gradable(newest), self._gradable("unfinished")
        if kind == "damaged":
            damage = self._next("damages", self.damages)
            base = self._gradable("solution" if damage.price == "recordings" else "mutant")
            return replace(base, what=f"{damage.id}, on {base.what}", damage=damage), None
        return self._gradable(kind), None

    def _gradable(self, kind: str) -> Story:
        story: Story = getattr(self, f"_{kind}")()
        harmless = list(HARMLESS if kind in ("solution", "variant") else HARMLESS_TO_ANY)
        count = int(self.rng.integers(0, 3))
        drawn = {self._next("harmless " + kind, harmless) for _ in range(count)}
        # Merged first: a scratch error merged into a real cell would not be harmless.
        chosen = tuple(sorted(drawn, key=lambda name: (name != "cells-merged", name)))
        said = " + ".join([story.what, *chosen])
        return replace(story, what=said, transforms=chosen)

    def _next(self, deck: str, items: Sequence[Any]) -> Any:
        """The next card of a shuffled deck, shuffled again when it is used up."""
        left = self._decks.setdefault(deck, [])
        if not left:
            left += [items[i] for i in self.rng.permutation(len(items))]
        return left.pop()

    def _one_of(self, deck: str, items: Sequence[str]) -> str:
        return str(self._next(deck, items))

    def _solution(self) -> Story:
        return Story("solution")

    def _variant(self) -> Story:
        if not self.variants:
            return self._solution()
        variant: Variant = self._next("variants", self.variants)
        return Story(
            f"variant {variant.id}", self.lab.change(variant), variant.answers, variant=variant
        )

    def _mutant(self) -> Story:
        if not self.mutants:
            return self._solution()
        return self._of([self._next("mutants", self.mutants)])

    def _of(self, mutants: Sequence[Mutant]) -> Story:
        change: dict[int, str] = {}
        answers: dict[str, Any] = {}
        kept: dict[str, float] = {}
        for mutant in mutants:
            change |= self.lab.change(mutant)
            answers |= mutant.answers
            kept |= {c: mutant.partial.get(c, 0.0) for c in mutant.loses}
        return Story("mutant " + " & ".join(m.id for m in mutants), change, answers, kept)

    def _combination(self) -> Story:
        """Two or three mutants, no check of which could tell of two at once."""
        chosen: list[Mutant] = []
        touched: set[str] = set()
        bound: set[str] = set()
        wanted = int(self.rng.integers(2, 4))
        for i in self.rng.permutation(len(self.mutants)):
            mutant = self.mutants[i]
            own = self.anatomy.touched(mutant)
            names = defined_in([mutant.code]) - self.anatomy.defines[mutant.exercise]
            same_cells = {m.exercise for m in chosen} & {mutant.exercise}
            if own & touched or names & bound or same_cells or self._entangled(mutant, chosen):
                continue
            chosen.append(mutant)
            touched |= own
            bound |= names
            if len(chosen) == wanted:
                break
        return self._of(chosen) if chosen else self._solution()

    def _entangled(self, mutant: Mutant, chosen: Sequence[Mutant]) -> bool:
        """Whether one mutant's code uses an exercise in which another makes its mistake."""
        for other in chosen:
            for one, two in ((mutant, other), (other, mutant)):
                change = self.lab.change(one)
                names = {n for source in change.values() for n in _loads(source)}
                if reach(self.anatomy.solved, names) & self.anatomy.defines[two.exercise]:
                    return True
        return False

    def _unfinished(self) -> Story:
        """Holes left open: some exercises and all that build on them, or a single one."""
        with_cells = [e for e, cells in self.anatomy.held.items() if cells]
        if not with_cells:
            return self._solution()
        way = self._one_of("unfinished", ("stopped", "stopped", "skipped", "nothing"))
        if way == "nothing":
            opened = set(with_cells)
        elif way == "stopped":
            first = int(self.rng.integers(1, max(2, len(with_cells))))
            opened = self.anatomy.with_dependents(set(with_cells[first:]))
        else:
            opened = {self._one_of("skipped", with_cells)}
        opened &= set(with_cells)
        lost = self.anatomy.lost_with(opened)
        change = {c.index: c.stub() for e in opened for c in self.anatomy.held[e]}
        return Story(
            f"unfinished: {', '.join(e for e in with_cells if e in opened)}",
            change,
            kept=dict.fromkeys(sorted(lost), 0.0),
            dropped=self.anatomy.untrained_with(opened),
        )


def _folder(rng: np.random.Generator, name: str, id: str) -> str:
    """A student's folder as Moodle names it; some sites leave the last underscore out."""
    if rng.random() < 0.1:
        name = unicodedata.normalize("NFD", name)
    return f"{name}_{id}_assignsubmission_file" + ("" if rng.random() < 0.15 else "_")


def _file_name(rng: np.random.Generator, lab: str) -> str:
    names = (
        f"{lab}.ipynb", f"{lab}.ipynb", f"{lab}.ipynb", "Untitled.ipynb",
        f"Copie de {lab} (1).ipynb", "TP rendu final (v2) é'à.ipynb", "notebook.IPYNB",
    )  # fmt: skip
    return names[int(rng.integers(len(names)))]


def _write(
    lab: LoadedLab,
    story: Story,
    before: Story | None,
    folder: Path,
    rng: np.random.Generator,
    student: str,
) -> None:
    """Write what one student handed in."""
    when = datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(minutes=int(rng.integers(20_000)))
    lang: Lang = "fr" if rng.random() < 0.7 else "en"
    files = _files(lab, story, lang, rng, student, when, "rendu" if before else "")
    _put(folder, files, when)
    if before is not None:
        earlier = when - timedelta(minutes=int(rng.integers(5, 3000)))
        older = _files(lab, before, lang, rng, student, earlier, "ancien")
        _put(folder, older, earlier)


def _put(folder: Path, files: Mapping[str, bytes], when: datetime) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (when.timestamp(), when.timestamp()))


def _files(
    lab: LoadedLab,
    story: Story,
    lang: Lang,
    rng: np.random.Generator,
    student: str,
    when: datetime,
    stem: str,
) -> dict[str, bytes]:
    """The files of one submission: a notebook alone, or packed with its recordings."""
    node = lab.notebook(lang, True, story.change, story.answers)
    if story.dropped:
        node = training_left_out(node)
    if story.variant is not None and story.variant.notebook is not None:
        node = story.variant.notebook(node)
    for name in story.transforms:
        node = HARMLESS[name](node)
    damage = story.damage
    if damage is not None and damage.notebook is not None:
        node = damage.notebook(node)
    name = _file_name(rng, lab.id)
    data = to_bytes(node)
    recordings = _recordings(lab, story)
    manifest = {
        "kind": "submission", "lab": lab.id, "lang": lang, "student": student,
        "created": when.isoformat(), "recordings": sorted(recordings),
    }  # fmt: skip
    packed = {f"recordings/{lab.id}/{r}.safetensors": recordings[r] for r in sorted(recordings)}
    if damage is not None and damage.file is not None:
        return {**damage.file(name, data), **packed}
    if recordings or stem or rng.random() < 0.2:
        inside = {name: data, **packed, "manifest.json": dumps(manifest, indent=1).encode()}
        return {f"{stem or lab.id}.zip": zipped(inside)}
    return {name: data}


def _recordings(lab: LoadedLab, story: Story) -> dict[str, bytes]:
    found = {k: v for k, v in lab.recordings.items() if k not in story.dropped}
    if story.damage is None or story.damage.recording is None:
        return found
    damaged = {k: story.damage.recording(v) for k, v in found.items()}
    return {k: v for k, v in damaged.items() if v is not None}

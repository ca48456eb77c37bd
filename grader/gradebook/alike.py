"""Look-alikes: submissions whose own code is close, once what was given is taken away.

Fingerprints are copydetect's (Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for
document fingerprinting", SIGMOD 2003): names, strings and comments do not count, so that renaming
hides nothing. What the notebook gives, and what many of the class wrote, is no evidence and is left
out. What remains is evidence for a conversation, not a verdict.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_token_coverage

from grader.gradebook.records import Graded

LENGTH = 25  # of a fingerprint, in characters of code with its names replaced
COMMON = 0.2  # of the class: what more than these wrote is no evidence …
FEW = 4  # … but what this many wrote always is
LEAST = 200  # shared characters below which a pair is not shown
CLOSE = 0.5  # `Pair.share` below which a pair is not shown
MOST_PAIRS = 200_000  # looked at in full


@dataclass(frozen=True)
class Side:
    """One submission of a pair.

    Attributes:
        shared: ``(start, end)`` of what the other has too, in order.
    """

    student: Graded
    code: str
    shared: tuple[tuple[int, int], ...]
    share: float


@dataclass(frozen=True)
class Pair:
    """Two submissions that look alike.

    Attributes:
        overlap: characters shared, names and strings counted as one.
    """

    left: Side
    right: Side
    overlap: int
    identical: bool

    @property
    def share(self) -> float:
        """How close: the geometric mean of the parts shared, 0 to 1."""
        return math.sqrt(self.left.share * self.right.share)


def own_code(cells: Sequence[str], given: frozenset[str]) -> str:
    """The cells that are not given as they are; magics and shell lines left out."""
    kept = []
    for cell in cells:
        lines = [x.rstrip() for x in cell.splitlines() if not x.lstrip().startswith(("%", "!"))]
        if _plain(cell) not in given and any(lines):
            kept.append("\n".join(lines))
    return "\n\n".join(kept)


def _plain(cell: str) -> str:
    return "".join(cell.split())


def _fingerprint(code: str) -> CodeFingerprint:
    return CodeFingerprint("own.py", LENGTH, 1, language="python", fp=io.StringIO(code))


def _without(print_: CodeFingerprint, hashes: set[int]) -> CodeFingerprint:
    """The fingerprint without some hashes, its coverage reckoned again."""
    print_.hashes = print_.hashes - hashes
    print_.hash_idx = {h: at for h, at in print_.hash_idx.items() if h in print_.hashes}
    length = len(print_.filtered_code)
    print_.token_coverage = get_token_coverage(print_.hash_idx, LENGTH, length)
    return print_


def look_alikes(
    graded: Sequence[Graded],
    sources: Mapping[str, Sequence[str]],
    given: Sequence[Sequence[str]],
    most: int = 40,
) -> list[Pair]:
    """The closest pairs, the closest first.

    Members of one group, who handed in together, are no pair.
    """
    known = frozenset(_plain(cell) for cells in given for cell in cells)
    people = [g for g in graded if g.student_id in sources]
    codes = [own_code(sources[g.student_id], known) for g in people]
    prints = [_fingerprint(code) for code in codes]
    boilerplate: set[int] = set()
    for cells in given:
        boilerplate |= _fingerprint("\n\n".join(cells)).hashes
    counts: Counter[int] = Counter()
    seen: set[str] = set()
    for code, found in zip(codes, prints, strict=True):
        if _plain(code) not in seen:  # a ring of copies is no custom of the class
            seen.add(_plain(code))
            counts.update(found.hashes)
    common = max(FEW, COMMON * len(seen))
    boilerplate |= {h for h, n in counts.items() if n > common}
    prints = [_without(found, boilerplate) for found in prints]
    pairs = []
    for i, j in _candidates(prints):
        a, b = people[i], people[j]
        together = a.origin == b.origin or (a.members != () and a.members == b.members)
        same_group = a.digest == b.digest and together
        if a.student_id == b.student_id or same_group:
            continue
        overlap, shares, slices = compare_files(prints[i], prints[j])
        if overlap < LEAST or shares[0] * shares[1] < CLOSE**2:
            continue
        sides = [
            Side(people[k], codes[k], _spans(spans, len(codes[k])), min(1.0, float(share)))
            for k, share, spans in zip((i, j), shares, slices, strict=True)
        ]
        pairs.append(Pair(sides[0], sides[1], int(overlap), _plain(codes[i]) == _plain(codes[j])))
    pairs.sort(key=lambda p: (-p.identical, -round(p.share, 3), -p.overlap, p.left.student.student))
    return pairs[:most]


def _candidates(prints: Sequence[CodeFingerprint]) -> list[tuple[int, int]]:
    """Pairs that share enough fingerprints to be looked at, those that share most first."""
    where: dict[int, list[int]] = {}
    for i, found in enumerate(prints):
        for h in found.hashes:
            where.setdefault(h, []).append(i)
    shared: Counter[tuple[int, int]] = Counter()
    for people in where.values():
        if 1 < len(people) <= 60:
            shared.update(combinations(people, 2))
        elif len(people) > 60:  # a large ring: each with the next shows it
            shared.update(pairwise(people))
    return [pair for pair, n in shared.most_common(MOST_PAIRS) if n >= LEAST // 4]


def _spans(slices: np.ndarray, length: int) -> tuple[tuple[int, int], ...]:
    """copydetect's slices as ordered spans that neither touch nor leave the text."""
    if slices.size == 0:
        return ()
    spans: list[tuple[int, int]] = []
    for start, end in sorted((int(a), int(b)) for a, b in slices.T):
        start, end = max(0, start), min(length, end)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        elif end > start:
            spans.append((start, end))
    return tuple(spans)

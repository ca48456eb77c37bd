"""Answers that say nearly the same, put side by side: reading them together is fairer and faster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz, process
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

ALIKE = 72.0  # of 100: answers this close on average share a group
MOST_COMPARED = 4000  # characters


def plain(text: str) -> str:
    """`text` as it is compared: no case, accents, punctuation."""
    flat = unicodedata.normalize("NFKD", text[:MOST_COMPARED]).casefold()
    flat = "".join(c for c in flat if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", flat))


def groups(texts: Sequence[str], alike: float = ALIKE) -> list[list[int]]:
    """Indices of `texts` in groups of similar ones, the largest first, each in its given order.

    Average-linkage clustering on rapidfuzz's token-sort ratio (0 to 100), whatever the order of
    words.
    """
    if len(texts) < 2:
        return [[i] for i in range(len(texts))]
    flat = [plain(t) for t in texts]
    scores = process.cdist(flat, flat, scorer=fuzz.token_sort_ratio)
    distance = 100.0 - np.minimum(scores, scores.T).astype(np.float64)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    found: dict[int, list[int]] = {}
    for i, label in enumerate(fcluster(tree, 100.0 - alike, "distance")):
        found.setdefault(int(label), []).append(i)
    return sorted(found.values(), key=lambda g: (-len(g), g[0]))

"""What simpler models reach on the same text: n-grams and general-purpose compressors.

    python baselines.py        # prints bits per character, and writes baselines.json

`NGram` interpolates orders n, n-1, …, 1 and the uniform distribution as Witten and Bell do (1991,
method C; Chen and Goodman 1999, section 2.3): a context h that was seen N(h) times, followed by T(h)
different symbols, is trusted N/(N+T), and its shorter context gets the rest.

    p(c | h) = (N(hc) + T(h) p(c | h')) / (N(h) + T(h)),   h' = h without its oldest symbol
"""

from __future__ import annotations

import bz2
import json
import lzma
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


class NGram:
    """A character n-gram model with Witten–Bell smoothing.

    Args:
        ids: int (N,), the training text as symbols 0 to size-1.
        order: n ≥ 1: a symbol depends on the n-1 before it.
        size: number of symbols V; V ** order must stay below 2 ** 63.

    Raises:
        ValueError: order below 1, symbols out of range, or too many n-grams to number.
    """

    def __init__(self, ids: np.ndarray, order: int, size: int) -> None:
        ids = np.asarray(ids, dtype=np.int64)
        if order < 1:
            raise ValueError(f"order {order}: at least 1")
        if ids.size and not 0 <= ids.min() <= ids.max() < size:
            raise ValueError(f"symbols {ids.min()} to {ids.max()}, not within 0 to {size - 1}")
        if size**order >= 2**63:
            raise ValueError(f"{size} ** {order} n-grams do not fit in 64 bits")
        self.order, self.size = order, size
        self.tables = [self._count(ids, n) for n in range(1, order + 1)]

    def _count(self, ids: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
        """(n-grams, their counts, contexts, N of each, T of each), n-grams and contexts sorted."""
        grams, counts = np.unique(self._keys(ids, n), return_counts=True)
        contexts, first = np.unique(grams // self.size, return_index=True)
        return grams, counts, contexts, np.add.reduceat(counts, first), np.diff(first, append=len(grams))

    def _keys(self, ids: np.ndarray, n: int) -> np.ndarray:
        """Each n-gram of a text as one number, oldest symbol first."""
        length = max(len(ids) - n + 1, 0)
        keys = np.zeros(length, dtype=np.int64)
        for i in range(n):
            keys = keys * self.size + ids[i : i + length]
        return keys

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """p of each symbol given those before it, as far as they are there.

        Args:
            ids: int (N,).

        Returns:
            float (N,); the first symbols use shorter contexts.
        """
        ids = np.asarray(ids, dtype=np.int64)
        p = np.full(len(ids), 1.0 / self.size)
        for n, (grams, counts, contexts, total, kinds) in enumerate(self.tables, start=1):
            keys = self._keys(ids, n)
            if not len(grams) or not len(keys):
                continue
            seen = _look_up(grams, counts, keys)
            n_h, t_h = (_look_up(contexts, x, keys // self.size) for x in (total, kinds))
            shorter = p[n - 1 :]
            known = n_h > 0
            p[n - 1 :] = np.where(known, (seen + t_h * shorter) / np.maximum(n_h + t_h, 1), shorter)
        return p

    def bits(self, ids: np.ndarray) -> np.ndarray:
        """-log2 p of each symbol, float (N,)."""
        return -np.log2(self.probabilities(ids))


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """`values` at `wanted` among the sorted `keys`; 0 where it is not there."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)


def compressed_bits(train: bytes, test: bytes, method: str) -> float:
    """Bits a byte that a compressor needs for `test` once it has read `train`.

    Args:
        method: ``xz`` (LZMA, preset 9e) or ``bz2`` (level 9).
    """

    def size(data: bytes) -> int:
        if method == "xz":
            return len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
        if method == "bz2":
            return len(bz2.compress(data, 9))
        raise ValueError(f"method {method!r}: xz or bz2")

    return 8.0 * (size(train + test) - size(train)) / len(test)


def measure(train: list[str], test: list[str], orders: tuple[int, ...] = (1, 2, 3, 5)) -> dict[str, float]:
    """Bits per character on `test`, the newline after each text included."""
    before, after = ("".join(f"{t}\n" for t in texts) for texts in (train, test))
    symbols = sorted(set(before))
    number = {c: i for i, c in enumerate(symbols)}
    unknown = len(symbols)  # one more symbol, never seen in training
    first, second = (
        np.array([number.get(c, unknown) for c in text]) for text in (before, after)
    )
    size = len(symbols) + 1
    found = {"uniform": float(np.log2(size))}
    for n in orders:
        whole = NGram(first, n, size).bits(np.concatenate([first[-n + 1 :] if n > 1 else first[:0], second]))
        found[f"{n}-gram"] = float(whole[n - 1 :].mean())
    for method in ("bz2", "xz"):
        found[method] = compressed_bits(before.encode(), after.encode(), method)
    return {name: round(bits, 3) for name, bits in found.items()}


def main() -> None:
    from corpus import corpora

    found = {name: measure(train, test) for name, (train, test) in corpora().items()}
    (HERE / "baselines.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

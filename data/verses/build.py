"""Build the verses: short public-domain texts, for when the tweets are not installed.

    python build.py FOLDER      # usr/share/sword of the Debian package sword-text-web

The source is the World English Bible, in the public domain. Markup, notes and headings are taken
out, typographic signs become ASCII, and only verses of a tweet's length are kept: that changes the
text, so the result no longer bears the translation's name (a trademark of eBible.org).
"""

from __future__ import annotations

import argparse
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from grader.notebook.data import content_digest

HERE = Path(__file__).parent
SHORTEST, LONGEST = 20, 280
NOT_READ = re.compile(rb"<(note|title|header)\b.*?</\1>", re.DOTALL)
BEFORE_STOP = re.compile(r" ([,.;:?!)])")
TAG = re.compile(rb"<[^>]*>")
ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def entries(stem: Path) -> Iterator[bytes]:
    """Entries of one half of a zText module, in its order, empty and repeated ones left out.

    ``stem.bzs`` holds (offset, compressed size, size) a block, ``stem.bzv`` (block, start, size) an
    entry, little-endian; ``stem.bzz`` the zlib blocks (SWORD Project, zverse.cpp).
    """
    blocks = np.fromfile(stem.with_suffix(".bzs"), "<u4").reshape(-1, 3)
    index = np.dtype([("block", "<u4"), ("start", "<u4"), ("size", "<u2")])
    whole = stem.with_suffix(".bzz").read_bytes()
    texts = [zlib.decompress(whole[o : o + n]) for o, n, _ in blocks.tolist()]
    before = None
    for entry in np.fromfile(stem.with_suffix(".bzv"), index).tolist():
        block, start, size = entry
        if size and entry != before:
            yield texts[block][start : start + size]
        before = entry


def plain(osis: bytes) -> str:
    """The words of an OSIS fragment, in printable ASCII, on one line."""
    text = TAG.sub(b"", NOT_READ.sub(b" ", osis)).decode("utf-8", "ignore").translate(ASCII)
    line = " ".join("".join(c for c in text if c.isspace() or " " <= c <= "~").split())
    return BEFORE_STOP.sub(r"\1", line)


def verses(folder: Path, module: str = "engWEB2015eb") -> list[str]:
    """Every verse of `SHORTEST` to `LONGEST` characters."""
    root = folder / "modules" / "texts" / "ztext" / module
    found = [plain(entry) for half in ("ot", "nt") for entry in entries(root / half)]
    return [text for text in found if SHORTEST <= len(text) <= LONGEST]


def packed(texts: list[str]) -> dict[str, np.ndarray]:
    """``text``: uint8, the verses in ASCII, each followed by a newline."""
    return {"text": np.frombuffer("".join(f"{t}\n" for t in texts).encode("ascii"), np.uint8)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--count", type=int, default=20_000, help="how many, spread evenly")
    options = parser.parse_args()
    texts = verses(options.folder)
    kept = np.unique(np.linspace(0, len(texts) - 1, options.count).astype(int))
    arrays = packed([texts[i] for i in kept])
    options.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out / "verses.npz", **arrays)
    print(len(kept), "of", len(texts), "verses,", arrays["text"].size, "bytes")
    print("sha256", content_digest(arrays))


if __name__ == "__main__":
    main()

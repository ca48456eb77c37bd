"""A teacher's CSV file, of which single cells are filled in and every other byte is kept.

Encoding, byte order mark, delimiter, quotes, line ends, columns and their order stay as they came.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.platforms.files import ReportError
from grader.platforms.people import letters

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS = ",;\t|"


class BadSheet(ReportError):
    """The file is not the sheet that it should be."""


@dataclass
class Sheet:
    """A CSV file as rows of raw fields, quotes included.

    Attributes:
        rows: each row's raw fields; its line end stands in `ends`.
    """

    name: str
    encoding: str
    bom: bytes
    delimiter: str
    preamble: str
    rows: list[list[str]]
    ends: list[str]

    @classmethod
    def read(cls, data: bytes, name: str) -> Sheet:
        """Take `data` apart. UTF-8 and UTF-16 are recognised, anything else is windows-1252.

        Raises:
            BadSheet: empty, a spreadsheet's own format, or no table.
        """
        if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise BadSheet(
                "{n} is a spreadsheet, not a CSV file: save it as CSV, or download it again", n=name
            )
        bom, encoding = next(((b, e) for b, e in _BOMS if data.startswith(b)), (b"", ""))
        encoding, body = _decode(data[len(bom) :], encoding)
        preamble = ""
        told = re.match(r"sep=(.)\r?\n", body)
        if told:
            preamble, body = told.group(0), body[told.end() :]
        if not body.strip() or "\0" in body:
            raise BadSheet("{n} is empty or not a CSV file", n=name)
        delimiter = told.group(1) if told else _delimiter(body)
        rows, ends = _take_apart(body, delimiter)
        return cls(name, encoding, bom, delimiter, preamble, rows, ends)

    def to_bytes(self) -> bytes:
        """The file; equal to what was read if nothing was set."""
        lines = [
            self.delimiter.join(row) + end for row, end in zip(self.rows, self.ends, strict=True)
        ]
        return self.bom + (self.preamble + "".join(lines)).encode(self.encoding)

    def get(self, row: int, column: int) -> str:
        """A cell's value; "" beyond the row's end."""
        fields = self.rows[row]
        return plain(fields[column]) if 0 <= column < len(fields) else ""

    def set(self, row: int, column: int, value: str) -> None:
        """Put `value` into a cell, quoted if it was or must be; short rows are filled up."""
        fields = self.rows[row]
        fields += [""] * (column + 1 - len(fields))
        special = any(c in value for c in (self.delimiter, '"', "\n", "\r"))
        quoted = fields[column].lstrip().startswith('"') or special
        fields[column] = '"{}"'.format(value.replace('"', '""')) if quoted else value

    def find(self, names: Sequence[str], start: str = "") -> int:
        """The column whose heading is one of `names` (letters only are compared), or -1.

        Args:
            start: or else the only one that begins with this.
        """
        headings = [letters(h) for h in self.headings()]
        for name in names:
            if letters(name) in headings:
                return headings.index(letters(name))
        begun = [i for i, h in enumerate(headings) if start and h.startswith(letters(start))]
        return begun[0] if len(begun) == 1 else -1

    def headings(self) -> list[str]:
        return [self.get(0, i) for i in range(len(self.rows[0]))]

    def filled_rows(self, first: int = 1) -> Iterator[int]:
        """Rows from `first` on that hold anything."""
        for i in range(first, len(self.rows)):
            if any(plain(f).strip() for f in self.rows[i]):
                yield i

    def decimal_sign(self, columns: Sequence[int]) -> str:
        """``,`` or ``.``: what numbers in `columns` have, else what goes with the delimiter."""
        for i in self.filled_rows():
            for column in columns:
                found = re.fullmatch(r"\s*\d+([.,])\d+\s*", self.get(i, column))
                if found:
                    return found.group(1)
        return "," if self.delimiter == ";" else "."


def plain(field: str) -> str:
    """A raw field's value."""
    stripped = field.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"':
        return stripped[1:-1].replace('""', '"')
    return field


def _decode(data: bytes, encoding: str) -> tuple[str, str]:
    for codec in (encoding,) if encoding else ("utf-8", "cp1252", "latin-1"):
        try:
            return codec, data.decode(codec)
        except UnicodeDecodeError:
            continue
    return "latin-1", data.decode("latin-1")


def _delimiter(body: str) -> str:
    """The commonest of the usual ones in the first line, quotes left out."""
    first = re.sub(r'"[^"]*"', "", body).lstrip().splitlines()
    line = first[0] if first else ""
    return max(_DELIMITERS, key=lambda d: (line.count(d), -_DELIMITERS.index(d)))


def _take_apart(body: str, delimiter: str) -> tuple[list[list[str]], list[str]]:
    """Rows of raw fields and the line end of each row (RFC 4180, quotes kept)."""
    d = re.escape(delimiter)
    piece = re.compile(
        rf'((?:(?!{d})[ \t])*"[^"]*(?:""[^"]*)*(?:"|\Z)[^{d}\r\n]*|[^{d}\r\n]*)({d}|\r\n|\r|\n|\Z)'
    )
    rows: list[list[str]] = []
    ends: list[str] = []
    row: list[str] = []
    at = 0
    while at < len(body) or row:
        found = piece.match(body, at)
        assert found is not None
        row.append(found[1])
        at = found.end()
        if found[2] != delimiter:
            rows.append(row)
            ends.append(found[2])
            row = []
    return rows, ends

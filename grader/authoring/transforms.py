"""Changes of a whole notebook: those that must not change a grade, and damage with its price.

`HARMLESS` is added to every lab's variants by `grader validate`; `grader simulate` uses both.
Every transform takes an nbformat node and returns a new one.
"""

from __future__ import annotations

import ast
import copy
import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import nbformat
import numpy as np

from grader.check.names import parse_cell
from grader.check.recording import Recording

Node = Any
Transform = Callable[[Node], Node]


def _code(source: str) -> Node:
    return nbformat.v4.new_code_cell(source)


def _is_code(cell: Node) -> bool:
    return bool(cell.cell_type == "code")


def _is_exercise(cell: Node) -> bool:
    """Whether a cell holds an exercise: `LoadedLab.notebook` marks it for nbgrader."""
    return _is_code(cell) and bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _with_cells(node: Node, cells: list[Node]) -> Node:
    new = copy.deepcopy({k: v for k, v in node.items() if k != "cells"})
    new["cells"] = [copy.deepcopy(c) for c in cells]
    return _renumbered(nbformat.from_dict(new))


def _renumbered(node: Node) -> Node:
    """Every cell with an id of its own from format 4.5 on, and none before."""
    for i, cell in enumerate(node.cells):
        cell.pop("id", None)
        if node.nbformat_minor >= 5:
            cell["id"] = f"t{i:04d}"
    return node


def metadata_stripped(node: Node) -> Node:
    """No metadata, no ids: what many an editor leaves."""
    new = copy.deepcopy(node)
    new.metadata = nbformat.from_dict({})
    for cell in new.cells:
        cell.metadata = nbformat.from_dict({})
        cell.pop("id", None)
    new.nbformat_minor = 4
    return new


def exercises_duplicated(node: Node) -> Node:
    """The first cell and every exercise cell twice in a row."""
    cells: list[Node] = []
    first = next((c for c in node.cells if _is_code(c)), None)
    for cell in node.cells:
        cells += [cell, cell] if cell is first or _is_exercise(cell) else [cell]
    return _with_cells(node, cells)


def definitions_earlier(node: Node) -> Node:
    """Exercise cells moved up past everything that they do not depend on."""
    return _moved(node, -1)


def definitions_later(node: Node) -> Node:
    """Exercise cells moved down past everything that does not depend on them."""
    return _moved(node, 1)


def _moved(node: Node, step: int) -> Node:
    cells = list(node.cells)
    first = next((c for c in cells if _is_code(c)), None)
    movable = [c for c in cells if _is_exercise(c) and c is not first]
    for cell in movable if step < 0 else reversed(movable):
        i = next(k for k, c in enumerate(cells) if c is cell)
        while 0 <= i + step < len(cells):
            other = cells[i + step]
            if other is first or not _independent(cell, other):
                break
            cells[i], cells[i + step] = other, cell
            i += step
    return _with_cells(node, cells)


def _independent(a: Node, b: Node) -> bool:
    """Whether two cells can change places: neither binds a name that the other mentions."""
    if not (_is_code(a) and _is_code(b)):
        return True
    tree_a, tree_b = parse_cell(a.source), parse_cell(b.source)
    if tree_a is None or tree_b is None or b.source.lstrip().startswith("%"):
        return False
    return not (_bound(tree_a) & _mentioned(tree_b) or _bound(tree_b) & _mentioned(tree_a))


def _bound(tree: ast.Module) -> set[str]:
    found = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
    }
    for n in ast.walk(tree):
        if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(n.name)
        elif isinstance(n, (ast.Import, ast.ImportFrom)):
            found |= {(a.asname or a.name).split(".")[0] for a in n.names}
    return found


def _mentioned(tree: ast.Module) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | _bound(tree)


def cells_inserted(node: Node) -> Node:
    """Empty cells, notes and scratch work in between."""
    extra = [
        _code(""),
        nbformat.v4.new_markdown_cell("**NB** : à revoir ! / *to do*: check this again"),
        _code("# rien / nothing"),
        _code("scratch_value = 6 * 7\nscratch_value"),
        nbformat.v4.new_raw_cell("raw ???"),
        _code("help_me_remember = {'é': 1, '→': 2}"),
    ]
    cells: list[Node] = []
    for i, cell in enumerate(node.cells):
        cells += [cell, extra[i % len(extra)]]
    return _with_cells(node, cells)


def comments_and_prints(node: Node) -> Node:
    """A comment on top and a print at the end of every code cell."""

    def change(i: int, source: str) -> str:
        if parse_cell(source) is None or source.lstrip().startswith("%%"):
            return source
        return f"# cellule {i} / cell {i} — ça marche ?\n{source}\nprint('fin / end', {i})"

    return _each_source(node, change)


def _each_source(node: Node, change: Callable[[int, str], str]) -> Node:
    new = copy.deepcopy(node)
    for i, cell in enumerate(new.cells):
        if _is_code(cell):
            cell.source = change(i, cell.source)
    return new


def _after_code(node: Node, extra: list[str]) -> Node:
    """One of `extra` after each code cell, in turn; all of them at least once."""
    cells: list[Node] = []
    turn = 0
    for cell in node.cells:
        cells.append(cell)
        if _is_code(cell):
            cells.append(_code(extra[turn % len(extra)]))
            turn += 1
    cells += [_code(source) for source in extra[turn:]]
    return _with_cells(node, cells)


def warnings_and_stderr(node: Node) -> Node:
    """Noise on stderr, from which some graders conclude that a cell failed."""
    return _after_code(
        node,
        [
            "import warnings\nwarnings.warn('attention ! / watch out!')",
            "import sys\nprint('ERROR: FAILED Traceback', file=sys.stderr)",
            "import logging\nlogging.getLogger('tp').error('pas une vraie erreur / no real error')",
            "import sys\nsys.stderr.write('x' * 2000 + '\\n')",
        ],
    )


def shell_and_magics(node: Node) -> Node:
    """Lines for the shell and IPython magics, as Colab users write them."""
    return _after_code(
        node,
        [
            "!pip install -q tensorflow keras",
            "%matplotlib inline",
            "!nvidia-smi",
            "%%time\nmeasured_here = sum(range(10))",
            "%pip install librosa",
            "files_here = !ls",
            "%config InlineBackend.figure_format = 'retina'",
            "%timeit -n 1 -r 1 sum(range(10))",
        ],
    )


def scratch_errors(node: Node) -> Node:
    """Scratch cells that raise or do not parse."""
    return _after_code(
        node, ["1 / 0", "name_that_nobody_defined", "for x in [1, 2]\n    print(x)", "assert 2 < 1"]
    )


def outputs_present(node: Node) -> Node:
    """Outputs left in the file: text, pictures, errors, HTML."""
    new = copy.deepcopy(node)
    for i, cell in enumerate(new.cells):
        if not _is_code(cell):
            continue
        cell.execution_count = 100 - i
        cell.outputs = [
            nbformat.v4.new_output("stream", name="stderr", text="WARNING: everything is fine\n"),
            nbformat.v4.new_output(
                "display_data",
                data={"text/html": "<script>alert(1)</script>", "image/png": "iVBORw0KGgo="},
            ),
            nbformat.v4.new_output("error", ename="ValueError", evalue="old", traceback=["old"]),
        ]  # fmt: skip
    return new


def colab_metadata(node: Node) -> Node:
    """What Colab writes: its own metadata, no ids in the format's sense."""
    new = metadata_stripped(node)
    new.nbformat_minor = 0
    new.metadata = nbformat.from_dict(
        {
            "colab": {"provenance": [], "toc_visible": True, "gpuType": "T4"},
            "accelerator": "GPU",
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        }
    )
    for i, cell in enumerate(new.cells):
        cell.metadata = nbformat.from_dict({"id": f"aB{i:04d}Zz", "colab": {"height": 34}})
        if _is_code(cell):
            cell.metadata["outputId"] = f"{i:08x}-0000"
    return new


def older_minor(node: Node) -> Node:
    """Format 4.2, before cells had ids."""
    new = copy.deepcopy(node)
    for cell in new.cells:
        cell.pop("id", None)
    new.nbformat_minor = 2
    return new


def windows_line_ends(node: Node) -> Node:
    """CR LF at every line's end."""
    return _each_source(node, lambda i, s: s.replace("\r\n", "\n").replace("\n", "\r\n"))


def cells_merged(node: Node) -> Node:
    """Neighbouring code cells made one."""
    cells: list[Node] = []
    for cell in node.cells:
        last = cells[-1] if cells else None
        if (
            last is not None and _is_code(last) and _is_code(cell)
            and not any(c.source.lstrip().startswith("%%") for c in (last, cell))
        ):  # fmt: skip
            last.source += "\n\n" + cell.source
        else:
            cells.append(copy.deepcopy(cell))
    return _with_cells(node, cells)


HARMLESS: dict[str, Transform] = {
    "metadata-stripped": metadata_stripped,
    "exercises-duplicated": exercises_duplicated,
    "definitions-earlier": definitions_earlier,
    "definitions-later": definitions_later,
    "cells-inserted": cells_inserted,
    "comments-and-prints": comments_and_prints,
    "warnings-and-stderr": warnings_and_stderr,
    "shell-and-magics": shell_and_magics,
    "scratch-errors": scratch_errors,
    "outputs-present": outputs_present,
    "colab-metadata": colab_metadata,
    "older-minor": older_minor,
    "windows-line-ends": windows_line_ends,
    "cells-merged": cells_merged,
}

# In a merged cell, what follows a line that raises is lost: fair only to a notebook without errors.
HARMLESS_TO_ANY = tuple(name for name in HARMLESS if name != "cells-merged")


def to_bytes(node: Node) -> bytes:
    """A notebook as Jupyter saves it."""
    return (json.dumps(node, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


Price = Literal["everything", "nothing", "recordings"]


@dataclass(frozen=True)
class Damage:
    """Something that goes wrong with a submission, and what it must cost.

    Attributes:
        id: name.
        price: ``everything`` (cannot be graded, zero), ``nothing`` (graded as if it were whole), or
            ``recordings`` (the checks that measure a recording are lost).
        notebook: change of the notebook, before it is saved.
        file: change of the saved file: ``(name, bytes)`` → the files handed in instead.
        recording: change of each recording's bytes; None leaves the recording out.
    """

    id: str
    price: Price
    notebook: Transform | None = None
    file: Callable[[str, bytes], Mapping[str, bytes]] | None = None
    recording: Callable[[bytes], bytes | None] | None = None


def other_lab(node: Node) -> Node:
    """The notebook of a lab that does not exist."""
    new = copy.deepcopy(node)
    first = next(c for c in new.cells if _is_code(c))
    first.source = 'from grader import Lab, todo\n\nlab = Lab("another_lab")'
    return new


def no_code(node: Node) -> Node:
    """Text only."""
    return _with_cells(node, [c for c in node.cells if not _is_code(c)])


def _first_code(node: Node) -> int:
    return next(i for i, c in enumerate(node.cells) if _is_code(c))


def _inserted(source: str) -> Transform:
    """A cell after the first code cell."""

    def transform(node: Node) -> Node:
        at = _first_code(node) + 1
        return _with_cells(node, [*node.cells[:at], _code(source), *node.cells[at:]])

    return transform


def training_left_out(node: Node) -> Node:
    """Cells that record a training are turned into comments."""

    def change(i: int, source: str) -> str:
        if ".record(" not in source:
            return source
        return "\n".join(f"# {line}" for line in source.splitlines())

    return _each_source(node, change)


def old_format(name: str, data: bytes) -> Mapping[str, bytes]:
    """Format 3, as IPython 2 wrote it."""
    node = nbformat.convert(nbformat.reads(data.decode(), as_version=4), 3)
    return {name: (json.dumps(node, indent=1) + "\n").encode()}


def zipped(files: Mapping[str, bytes], stored: bool = False) -> bytes:
    """A zip with fixed dates, the same bytes each time."""
    out = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (2026, 1, 15, 10, 30, 0))
            info.compress_type = method
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data)
    return out.getvalue()


def bomb(name: str, size: int) -> bytes:
    """A zip whose one member unpacks to about `size` zero bytes, made without unpacking it.

    After a full flush deflate starts afresh, so that one block's bytes can be repeated.
    """
    block = 1 << 20
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = squeeze.compress(bytes(block)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    blocks = -(-size // block)
    stream = once * blocks + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    total = blocks * block
    raw = name.encode()
    small = total < 0xFFFFFFFF
    sizes = (len(stream), total) if small else (0xFFFFFFFF, 0xFFFFFFFF)
    extra = b"" if small else struct.pack("<HHQQ", 1, 16, total, len(stream))
    common = struct.pack("<HHHHHLLLHH", 45, 0x800, 8, 0, 0x5C2F, 0, *sizes, len(raw), len(extra))
    local = b"PK\x03\x04" + common + raw + extra
    central = (
        b"PK\x01\x02" + struct.pack("<H", 45) + common + struct.pack("<HHHLL", 0, 0, 0, 0, 0)
        + raw + extra
    )  # fmt: skip
    start = len(local) + len(stream)
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), start, 0)
    return local + stream + central + end


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0]


def _bomb(name: str, data: bytes) -> Mapping[str, bytes]:
    return {f"{_stem(name)}.zip": bomb(name, 2_000_000_000)}


def _huge(name: str, data: bytes) -> Mapping[str, bytes]:
    return {f"{_stem(name)}.zip": bomb(name, 200_000_000)}


def _zip_in_zip(name: str, data: bytes) -> Mapping[str, bytes]:
    inner = zipped({name: data})
    return {f"{_stem(name)}.zip": zipped({f"{_stem(name)}.zip": inner})}


def _only_outside(name: str, data: bytes) -> Mapping[str, bytes]:
    return {f"{_stem(name)}.zip": zipped({f"../../{name}": data})}


def _one_outside(name: str, data: bytes) -> Mapping[str, bytes]:
    return {f"{_stem(name)}.zip": zipped({name: data, "../../../etc/grades.csv": b"20"})}


def _mac_zip(name: str, data: bytes) -> Mapping[str, bytes]:
    files = {
        f"rendu/{name}": data,
        "rendu/.DS_Store": b"\0\0\0\1Bud1",
        f"__MACOSX/rendu/._{name}": b"\0\5\26\7",
        f"rendu/.ipynb_checkpoints/{_stem(name)}-checkpoint.ipynb": data[: len(data) // 2],
    }
    return {"Archive.zip": zipped(files)}


def _link(name: str, data: bytes) -> Mapping[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name, (2026, 1, 15, 10, 30, 0))
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "../../solutions/answers.ipynb")
    return {f"{_stem(name)}.zip": out.getvalue()}


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def other_shapes(data: bytes) -> bytes:
    """The same recording, whole, its matrices one column wider: that of a larger model."""
    recording = Recording.from_bytes(data)
    weights = {
        path: np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, 1)], mode="edge") if a.ndim else a
        for path, a in recording.weights.items()
    }
    return replace(recording, weights=weights, config=None).to_bytes()


DAMAGES: tuple[Damage, ...] = (
    Damage("truncated", "everything", file=lambda n, d: {n: d[: len(d) * 3 // 5]}),
    Damage("empty-file", "everything", file=lambda n, d: {n: b""}),
    Damage(
        "not-a-notebook",
        "everything",
        file=lambda n, d: {n: b"<!DOCTYPE html><html><body>Connexion / Log in</body></html>"},
    ),
    Damage("json-not-notebook", "everything", file=lambda n, d: {n: b'{"cells_are": "elsewhere"}'}),
    Damage("pdf-instead", "everything", file=lambda n, d: {f"{_stem(n)}.pdf": b"%PDF-1.7\n%..."}),
    Damage(
        "script-instead",
        "everything",
        file=lambda n, d: {f"{_stem(n)}.py": b"print('mon TP')\n"},
    ),
    Damage("other-lab", "everything", notebook=other_lab),
    Damage("no-code", "everything", notebook=no_code),
    Damage("deep-json", "everything", file=lambda n, d: {n: b'{"cells": ' + b"[" * 100_000}),
    Damage("zip-cut-short", "everything", file=lambda n, d: {"tp.zip": zipped({n: d})[:-40]}),
    Damage("zip-bomb", "everything", file=_bomb),
    Damage("huge-notebook", "everything", file=_huge),
    Damage("path-leaves-folder", "everything", file=_only_outside),
    Damage("link-in-zip", "everything", file=_link),
    Damage("old-format", "nothing", file=old_format),
    Damage("zip-in-zip", "nothing", file=_zip_in_zip),
    Damage("one-path-leaves-folder", "nothing", file=_one_outside),
    Damage("mac-zip", "nothing", file=_mac_zip),
    Damage("added-extension", "nothing", file=lambda n, d: {f"{n}.txt": d}),
    Damage("byte-order-mark", "nothing", file=lambda n, d: {n: b"\xef\xbb\xbf" + d}),
    Damage("syntax-error", "nothing", notebook=_inserted("def (:\n  oops")),
    Damage("exception", "nothing", notebook=_inserted("raise RuntimeError('éh oui { }')")),
    Damage("endless-loop", "nothing", notebook=_inserted("while True:\n    pass")),
    Damage("missing-recording", "recordings", notebook=training_left_out, recording=lambda d: None),
    Damage("recording-cut-short", "recordings", recording=_cut),
    Damage("recording-other-shapes", "recordings", recording=other_shapes),
)

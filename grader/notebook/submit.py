"""`lab.submit()` and `lab.selfcheck()`: from a notebook at work to one file and a receipt."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from grader import __version__
from grader.check.judge import EARNING
from grader.check.names import lab_named_in
from grader.check.recording import Recording
from grader.check.text import Text, gettext, number, same
from grader.check.weights import BadRecording
from grader.notebook import display
from grader.notebook.cells import causes, code_cells, current_cells
from grader.notebook.errors import LabError
from grader.notebook.files import write
from grader.notebook.selfcheck import CleanRun, run_clean
from grader.notebook.session import told
from grader.notebook.training import device, versions

if TYPE_CHECKING:
    from grader.notebook.lab import Lab

MB = 1_000_000


@dataclass(frozen=True)
class Found:
    """The notebook that is being worked on.

    Attributes:
        live: whether this is what the screen shows (Colab), not what was last saved.
    """

    name: str
    data: bytes
    folder: Path
    live: bool = False

    @property
    def book(self) -> dict[str, Any]:
        parsed = json.loads(self.data)
        if not isinstance(parsed, dict) or not isinstance(parsed.get("cells"), list):
            raise ValueError("no cells")
        return parsed


def find_notebook(lab: Lab, given: str | None = None) -> Found:
    """The running notebook: as given, from Colab, from VS Code, or from the Jupyter server.

    Raises:
        LabError: it cannot be found out, is no notebook, or is that of another lab.
    """
    found = _given(lab, given) if given is not None else _colab(lab) or _from_path(lab)
    if found is None:
        example = f"{lab.id}.ipynb"
        near = sorted(p.name for p in lab.folder.glob("*.ipynb"))
        if near:
            example = next((n for n in near if lab.id in n), near[0])
        raise LabError(
            'the file of this notebook is not known here: save it, then lab.submit("{n}").',
            lab.lang,
            n=example,
        )
    try:
        other = lab_named_in(code_cells(found.book))
    except (ValueError, RecursionError):
        raise LabError(
            "{n} is not a notebook that can be read: save it again.", lab.lang, n=found.name
        ) from None
    if other != lab.id:
        raise LabError(
            "{n} is not the notebook of {lab}: {other}.",
            lab.lang,
            n=found.name,
            lab=lab.id,
            other=gettext('it has no line lab = Lab("…")')
            if other is None
            else gettext("it belongs to {o}", o=other),
        )
    return found


def _given(lab: Lab, given: str) -> Found:
    path = Path(given).expanduser()
    path = path if path.is_absolute() else lab.folder / path
    if not path.is_file():
        raise LabError("no file {p}.", lab.lang, p=given)
    return Found(path.name, path.read_bytes(), path.parent)


def _colab(lab: Lab) -> Found | None:
    if "google.colab" not in sys.modules:
        return None
    try:
        answer = import_module("google.colab._message").blocking_request(
            "get_ipynb", request="", timeout_sec=30
        )
        book = answer["ipynb"]
        name = book.get("metadata", {}).get("colab", {}).get("name") or f"{lab.id}.ipynb"
    except Exception:
        return None
    return Found(Path(str(name)).name, json.dumps(book).encode(), lab.folder, live=True)


def _from_path(lab: Lab) -> Found | None:
    shell = display.shell()
    names = [shell.user_ns.get("__vsc_ipynb_file__")] if shell is not None else []
    names.append(os.environ.get("JPY_SESSION_NAME"))
    for name in names:
        if not name:
            continue
        # The server may give a path that starts at its own root folder.
        for path in (Path(name), lab.folder / name, lab.folder / Path(name).name):
            if path.suffix == ".ipynb" and path.is_file():
                return Found(path.name, path.read_bytes(), path.parent)
    return None


# ------------------------------------------------------------------ handing in


@dataclass(frozen=True)
class Package:
    """What is handed in.

    Attributes:
        receipt: ten letters and digits that stand for the notebook's code and the recordings.
    """

    data: bytes
    receipt: str
    recordings: Mapping[str, Recording]
    unreadable: Sequence[str]


def bring_back(lab: Lab) -> list[str]:
    """Take recordings out of a submission that lies beside the notebook, where there are none.

    A Colab session ends with all its files; the zip that `submit` made brings them back.

    Returns:
        Names of the recordings that were taken; they are in memory if the disk is full.
    """
    path = lab.folder / submission_name(lab.id)
    taken: list[str] = []
    try:
        if any(lab.recordings.glob("*.safetensors")) or not path.is_file():
            return []
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                where = PurePosixPath(info.filename)
                if where.parts[:-1] != ("recordings", lab.id) or where.suffix != ".safetensors":
                    continue
                if info.file_size > lab.key.limits.submission_mb * 4 * MB:
                    continue
                data = archive.read(info)
                if Recording.from_bytes(data).lab == lab.id:
                    lab._unsaved[where.stem] = data
                    taken.append(where.stem)
                    write(lab.recordings / where.name, data)
                    del lab._unsaved[where.stem]
    except (OSError, zipfile.BadZipFile, BadRecording, RuntimeError, NotImplementedError):
        return taken
    return taken


def submission_name(lab: str) -> str:
    """Name of the file that `submit` makes."""
    return f"{lab}-submission.zip"


def receipt_of(sources: Sequence[str], recordings: Mapping[str, bytes]) -> str:
    """A short hash of what will be graded: code cells in order, and recordings."""
    sha = hashlib.sha256()
    for source in sources:
        sha.update(hashlib.sha256(source.encode("utf-8", "surrogatepass")).digest())
    for name, data in sorted(recordings.items()):
        sha.update(name.encode() + hashlib.sha256(data).digest())
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
    number = int.from_bytes(sha.digest()[:8], "big")
    text = "".join(letters[(number >> 5 * i) & 31] for i in range(10))
    return f"{text[:5]}-{text[5:]}"


def pack(lab: Lab, notebook: Found, outputs: bool = True) -> Package:
    """Put notebook, recordings and manifest into one zip.

    Args:
        outputs: whether the notebook keeps what its cells showed.
    """
    raw: dict[str, bytes] = dict(lab._unsaved)
    for path in sorted(lab.recordings.glob("*.safetensors")):
        raw.setdefault(path.stem, path.read_bytes())
    good: dict[str, Recording] = {}
    bad: list[str] = []
    for name, data in list(raw.items()):
        try:
            good[name] = Recording.from_bytes(data)
            if good[name].lab != lab.id:
                raise BadRecording("recording", good[name].lab)
        except BadRecording:
            good.pop(name, None)
            bad.append(name)
            del raw[name]
    book = notebook.book
    body = notebook.data if outputs else json.dumps(_without_outputs(book)).encode()
    receipt = receipt_of(code_cells(book), raw)
    files = {notebook.name: body}
    files |= {f"recordings/{lab.id}/{name}.safetensors": data for name, data in raw.items()}
    manifest = {
        "lab": lab.id,
        "lang": lab.lang,
        "key": lab.key.version,
        "receipt": receipt,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "kit": __version__,
        "versions": versions(),
        "device": device(),
        "hints": lab.hinted,  # mistake → steps of its hints that were taken; no part of the mark
        "files": {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)}
                  for n, d in files.items()},
        "recordings": {
            name: {
                k: found.manifest.get(k)
                for k in ("seed", "seconds", "epochs", "steps", "stopped", "created", "versions")
            }
            for name, found in good.items()
        },
    }  # fmt: skip
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return Package(out.getvalue(), receipt, good, bad)


def _without_outputs(book: Mapping[str, Any]) -> dict[str, Any]:
    cells = [
        {**c, "outputs": [], "execution_count": None} if c.get("cell_type") == "code" else c
        for c in book["cells"]
        if isinstance(c, dict)
    ]
    return {**book, "cells": cells}


def not_saved(notebook: Found) -> str:
    """The first line of a cell that was run and that the notebook's file does not hold, or ""."""
    if notebook.live:
        return ""
    saved = {_bare(s) for s in code_cells(notebook.book)}
    for source in current_cells(tuple(display.cells())):
        if _bare(source) not in saved and "def " in source:
            return next(line for line in source.splitlines() if "def " in line).strip()[:60]
    cells = display.cells()
    if cells and _bare(cells[-1]) not in saved:
        return cells[-1].strip().splitlines()[0][:60]
    return ""


def _bare(source: str) -> str:
    """A cell's text but for spaces at its ends; IPython rewrites magics, so those lines are out."""
    lines = [x.rstrip() for x in source.strip().splitlines()]
    return "\n".join(x for x in lines if not x.lstrip().startswith(("%", "!", "get_ipython")))


def submit(lab: Lab, given: str | None = None) -> None:
    """See `Lab.submit`."""
    notebook = find_notebook(lab, given)
    missing = not_saved(notebook)
    package = pack(lab, notebook)
    limit = lab.key.limits.submission_mb
    if max(len(package.data), len(notebook.data)) > limit * MB:
        package = pack(lab, notebook, outputs=False)
    path = lab.folder / submission_name(lab.id)
    try:
        write(path, package.data)
    except OSError as error:
        raise LabError(
            "could not write {p} ({w}): free some space, then again.",
            lab.lang,
            p=path.name,
            w=error.strerror or type(error).__name__,
        ) from None
    # What is on the screen but not in the zip is worth more attention than the zip.
    lines = [_stale(notebook, missing)] if missing else []
    lines.append(_made(path, notebook, package, not missing))
    lines += _warnings(lab, package, limit)
    text = "\n".join(line.to(lab.lang) for line in lines)
    link = gettext("download {p}", p=path.name).to(lab.lang)
    html = "<br>".join(display.html_of(line) for line in text.splitlines())
    if "google.colab" not in sys.modules:
        html += f'<br><a href="{quote(path.name)}" download>{escape(link)}</a>'
    display.show(display.Note(text, html))
    _offer(path)


def _made(path: Path, notebook: Found, package: Package, current: bool) -> Text:
    size = display.size(len(package.data))
    text = gettext(
        "✓ {p} ({s}), beside the notebook: hand in this one file\n  receipt {r}: keep it, your feedback will "
        "show the same\n  {n}"
    )
    if not current:
        text = gettext("… {p} ({s}) was made from what was saved before; its receipt is {r}\n  {n}")
    text = text.fill(p=path.name, s=size, r=package.receipt, n=notebook.name)
    for name, found in package.recordings.items():
        text += gettext(
            "\n  recording {n} (trained {t:.0f} s)",
            n=name,
            t=float(found.manifest.get("seconds") or 0),
        )
    return text


def _warnings(lab: Lab, package: Package, limit: float) -> list[Text]:
    found: list[Text] = []
    absent = [r for r in lab.key.recordings if r not in package.recordings]
    if absent:
        found.append(
            gettext("… no recording {r}: train it first, or lose its points", r=", ".join(absent))
        )
    if package.unreadable:
        found.append(
            gettext("✗ left out, damaged or of another lab: {r}", r=", ".join(package.unreadable))
        )
    if len(package.data) > limit * MB:
        found.append(
            gettext(
                "✗ more than the {m:g} MB allowed: is a recorded model larger than asked for?",
                m=limit,
            )
        )
    return found


def _stale(notebook: Found, missing: str) -> Text:
    return gettext(
        "✗ {n} on disk does not hold the cell {c!r} that you ran: save the notebook (Ctrl+S), "
        "then run this cell again",
        n=notebook.name,
        c=missing,
    )


def _offer(path: Path) -> None:
    """Colab's own download dialogue."""
    if "google.colab" in sys.modules:
        try:
            import_module("google.colab.files").download(str(path))
        except Exception:  # a browser that refuses; the file lies there all the same
            pass


# ------------------------------------------------------------------ before handing in


def selfcheck(lab: Lab, given: str | None = None) -> None:
    """See `Lab.selfcheck`."""
    notebook = find_notebook(lab, given)
    missing = not_saved(notebook)
    display.show(
        display.Note(
            gettext("running {n} from top to bottom in a clean process…", n=notebook.name).to(
                lab.lang
            )
        )
    )
    found = run(lab, notebook)
    lines = explain(lab, found)
    if missing:
        lines.append(_stale(notebook, missing))
    if lines:  # causes first
        display.show(display.Note("\n".join(line.to(lab.lang) for line in lines)))
    display.show(report(lab, found))


def run(lab: Lab, notebook: Found) -> CleanRun:
    """Run a notebook in a clean process, within the lab's own limits."""
    limits = lab.key.limits
    longest = limits.seconds + len(lab.key.recordings) * limits.training_seconds + 120
    return run_clean(notebook.book, lab.folder, lab.lang, longest)


def report(lab: Lab, found: CleanRun) -> display.Report:
    """The verdicts of a clean run, with a heading that adds them up."""
    total = number(found.total, lab.lang)
    worth = number(lab.key.max_points, lab.lang)
    heading = gettext(
        "clean run, {s:.0f} s: {t}/{w} on the public key", s=found.seconds, t=total, w=worth
    )
    later = sum(v.max_points for v in found.verdicts if v.status == "pending")
    if later:
        heading += gettext(", {p} more measured when you hand in", p=number(later, lab.lang))
    rows = [display.row(v, lab.key, lab.lang) for v in found.verdicts]
    return display.Report(rows, lab.lang, heading.to(lab.lang))


def explain(lab: Lab, found: CleanRun) -> list[Text]:
    """What the student should know of a clean run: cells that stop, and what differs from here."""
    lines = [same("✗ ") + line for line in causes(found.cells)]
    differ = [
        v
        for v in found.verdicts
        if v.status not in EARNING
        and v.check in lab.verdicts
        and lab.verdicts[v.check].status in EARNING
    ]
    for verdict in differ:
        exercise = lab.key.exercise(verdict.exercise)
        lines.append(
            gettext(
                "✗ {n} {t}: right here, not in a clean run: Restart kernel, Run all cells, look",
                n=exercise.number,
                t=exercise.title,
            )
        )
    for event in found.events:
        line = told(event)
        if line is not None:
            lines.append(same("… ") + line)
    return lines

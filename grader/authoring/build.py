"""Everything that is generated from a lab's source: notebooks, executed solutions, public key."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from grader.authoring import references
from grader.authoring.compile import compile_key, same_key
from grader.authoring.consistency import refuse_inconsistent
from grader.authoring.contracts import contradictions
from grader.authoring.source import LoadedLab
from grader.authoring.spec import AuthorError
from grader.check.key import BadKey, Key
from grader.check.text import LANGS, Lang
from grader.gradebook.keys import lab_digest
from grader.notebook.session import REPLAY

Say = Callable[[str], None]
_STAMP = "grader"


@dataclass(frozen=True)
class Paths:
    """Where a lab's generated files are.

    Attributes:
        student: language → the notebook with open holes.
        solution: language → the executed solution.
        key: the public answer key.
    """

    student: Mapping[Lang, Path]
    solution: Mapping[Lang, Path]
    key: Path


def paths(course: Path, lab: str) -> Paths:
    folder = course / "solutions" / lab
    return Paths(
        student={lang: course / "labs" / lang / f"{lab}.ipynb" for lang in LANGS},
        solution={lang: folder / f"{lab}.{lang}.ipynb" for lang in LANGS},
        key=course / "labs" / f"{lab}.key",
    )


def build(course: Path, lab: LoadedLab, say: Say, execute: bool = True) -> None:
    """Write the student notebooks, the public key and the executed solutions; all, or nothing.

    The solutions are executed as a student would, in a fresh kernel. Where there are reference
    recordings they are replayed; otherwise training is done and leaves them.

    Args:
        execute: False leaves the executed solutions as they are.

    Raises:
        AuthorError: the source contradicts itself, or a solution cell raises.
    """
    refuse_inconsistent(lab)
    where = paths(course, lab.id)
    key = _compiled(lab)
    executed = {x: _execute(course, lab, key, x, say) for x in where.solution if execute}
    for lang, path in where.student.items():
        _write(path, lab.notebook(lang, solved=False))
        say(f"{path.relative_to(course)}")
    key.save(where.key)
    say(f"{where.key.relative_to(course)}  {where.key.stat().st_size / 1e3:.0f} kB")
    for lang, node in executed.items():
        path = where.solution[lang]
        node.metadata[_STAMP] = {"sources": lab_digest(lab.dir), "lab": lab.id}
        _write(path, node)
        say(f"{path.relative_to(course)}  {path.stat().st_size / 1e6:.1f} MB")


def stale(course: Path, lab: LoadedLab) -> list[str]:
    """Generated files that do not agree with the source; one line each.

    Raises:
        AuthorError: the source contradicts itself.
    """
    refuse_inconsistent(lab)
    where = paths(course, lab.id)
    found = stale_notebooks(course, lab)
    try:
        fresh = same_key(Key.load(where.key), _compiled(lab))
    except (FileNotFoundError, BadKey):
        fresh = False
    if not fresh:
        found.append(str(where.key.relative_to(course)))
    for lang, path in where.solution.items():
        if not path.is_file():
            found.append(str(path.relative_to(course)))
            continue
        node = nbformat.read(path, as_version=4)
        want = [(c.cell_type, c.source) for c in lab.notebook(lang, True).cells]
        if [(c.cell_type, c.source) for c in node.cells] != want or not _executed(node):
            found.append(str(path.relative_to(course)))
    return found


def _compiled(lab: LoadedLab) -> Key:
    """The public key of a lab whose prose promises what its solution does."""
    key = compile_key(lab)
    untrue = contradictions(lab, key)
    if untrue:
        raise AuthorError("\n".join(untrue))
    return key


def stale_notebooks(course: Path, lab: LoadedLab) -> list[str]:
    """Student notebooks that do not agree with the source or with ``course.toml``."""
    return [
        str(path.relative_to(course))
        for lang, path in paths(course, lab.id).student.items()
        if not path.is_file() or path.read_text("utf-8") != _text(lab.notebook(lang, False))
    ]


def _executed(node: Any) -> bool:
    code = [c for c in node.cells if c.cell_type == "code" and c.source.strip()]
    clean = all(o.output_type != "error" for c in code for o in c.outputs)
    return clean and all(c.execution_count for c in code)


def _text(node: Any) -> str:
    text: str = nbformat.writes(node, version=4)
    return text + "\n"


def _write(path: Path, node: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_text(node), "utf-8")


def _execute(course: Path, lab: LoadedLab, key: Key, lang: Lang, say: Say) -> Any:
    """Run the solution in a kernel; keep its recordings if the lab has none yet.

    Those that it has are replayed instead of training once more.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    node = lab.notebook(lang, solved=True)
    with tempfile.TemporaryDirectory(prefix="grader-build-") as scratch:
        folder = Path(scratch)
        (folder / "labs").mkdir()
        key.save(folder / "labs" / f"{lab.id}.key")
        if (course / "data").is_dir():
            (folder / "data").symlink_to(course / "data")
        kept = folder / "recordings" / lab.id
        if lab.recordings:
            kept.mkdir(parents=True)
            for name, data in lab.recordings.items():
                (kept / f"{name}.safetensors").write_bytes(data)
        client = NotebookClient(
            node, timeout=3600, kernel_name="python3", resources={"metadata": {"path": scratch}},
            extra_arguments=["--log-level=ERROR"],
        )  # fmt: skip
        try:
            # What TensorFlow says of this machine's processor and drivers is nobody's business.
            client.execute(env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, REPLAY: "1"})
        except CellExecutionError as error:
            last = str(error).strip().splitlines()[-1]
            raise AuthorError(f"{lab.id} ({lang}): a solution cell raises: {last}") from None
        made = sorted((folder / "recordings" / lab.id).glob("*.safetensors"))
        if references.lacking(lab) and made:
            kept = references.keep(lab, {path.stem: path.read_bytes() for path in made})
            for path in made:
                say(f"{(kept / path.name).relative_to(course)}  {path.stat().st_size / 1e3:.0f} kB")
    for cell in node.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            _anonymous(output, scratch)
    return node


def _anonymous(output: Any, scratch: str) -> None:
    """Take the temporary folder's name out of an output."""
    if scratch in json.dumps(output):
        plain = json.loads(json.dumps(output).replace(scratch, "."))
        output.update(plain)

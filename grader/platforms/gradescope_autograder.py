"""The autograder zip that Gradescope takes: ``setup.sh``, ``run_autograder``, the kit, one lab.

It holds the hidden key: it is for Gradescope's "Configure autograder" only, never for students.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import grader
from grader.authoring.spec import AuthorError
from grader.gradebook.keys import hidden_key, hidden_key_file, lab_dir, secret_seed

_DATE = (2020, 1, 1, 0, 0, 0)
_NOT_NEEDED = (
    "axe-playwright-python", "hypothesis", "jupyter", "jupyterlab", "mypy", "nbgrader", "playwright",
    "pytest", "pytest-xdist", "ruff",
)  # fmt: skip
_SETUP = """\
#!/usr/bin/env bash
# Run once by Gradescope, as root, when the autograder is built.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"

find_python() {
    for name in python3.13 python3.12 python3.11; do
        if command -v "$name" > /dev/null; then command -v "$name"; return; fi
    done
}

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap || true
python="$(find_python)"
if [ -z "$python" ]; then
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python="$(find_python)"
fi
"$python" -m venv "$root/venv" || {
    apt-get install -y --no-install-recommends "$(basename "$python")-venv"
    "$python" -m venv "$root/venv"
}
"$root/venv/bin/pip" install --no-cache-dir -r "$root/source/requirements.txt"
"""
_RUN = """\
#!/usr/bin/env bash
# Run by Gradescope for each submission.
set -euo pipefail
root="${{AUTOGRADER_ROOT:-/autograder}}"
export TF_CPP_MIN_LOG_LEVEL=3 PYTHONPATH="$root/source" PYTHONDONTWRITEBYTECODE=1
cd "$root/source"
exec "${{AUTOGRADER_PYTHON:-$root/venv/bin/python}}" -m grader.cli.autograder {lab} {sandbox}
"""


def autograder_zip(course: Path, lab: str, out: Path, sandbox: str) -> int:
    """Write the zip.

    Args:
        course: the course's folder.
        lab: id.
        out: the zip.
        sandbox: ``auto`` (refuse to grade where no sandbox can be had) or ``none``.

    Returns:
        Number of files in it.

    Raises:
        NoLab: no such lab, or its key cannot be compiled.
        AuthorError: the kit's list of requirements is missing.
    """
    hidden_key(course, lab)  # compiled here, so that Gradescope need not
    scripts = {"setup.sh": _SETUP, "run_autograder": _RUN.format(lab=lab, sandbox=sandbox)}
    entries = {name: text.encode() for name, text in scripts.items()}
    entries |= dict(_entries(course, lab))
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(out.suffix + ".part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if name in scripts else 0o644) << 16
            archive.writestr(info, entries[name])
    draft.replace(out)
    return len(entries)


def _entries(course: Path, lab: str) -> Iterator[tuple[str, bytes]]:
    package = Path(grader.__file__).resolve().parent
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"grader/{file.relative_to(package).as_posix()}", file.read_bytes()
    yield "requirements.txt", _requirements(package.parent)
    folder = lab_dir(course, lab)
    for file in sorted(folder.glob("*")):
        if file.is_file() and file.suffix in (".py", ".json", ".npz"):
            yield f"solutions/{lab}/{file.name}", file.read_bytes()
    public = course / "labs" / f"{lab}.key"
    yield f"labs/{lab}.key", public.read_bytes() if public.is_file() else b""
    yield ".grader/seed", str(secret_seed(course)).encode()
    key = hidden_key_file(course, lab, secret_seed(course))
    yield f".grader/keys/{key.name}", key.read_bytes()
    settings = course / "course.toml"
    if settings.is_file():
        # The class list stays at home.
        text = re.sub(r"(?m)^\s*class_list\s*=.*$", "", settings.read_text("utf-8-sig"))
        others = re.compile(rf"(?ms)^\[labs\.(?!{re.escape(lab)}[\].]).*?(?=^\[|\Z)")
        yield "course.toml", others.sub("", text).encode()
    data = course / "data"
    for file in sorted(data.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"data/{file.relative_to(data).as_posix()}", file.read_bytes()


def _requirements(kit: Path) -> bytes:
    """The tested set, without what only tests and people at a notebook need."""
    path = kit / "requirements.txt"
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        raise AuthorError(f"{path}: missing; run this from the kit's own repository") from None
    pins = [line for line in lines if re.match(r"[A-Za-z0-9]", line)]
    kept = [p for p in pins if re.split(r"[=;<> ]", p)[0] not in _NOT_NEEDED]
    return ("\n".join(kept) + "\n").encode()

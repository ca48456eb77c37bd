"""Where the keys are: the public one in ``labs/``, the hidden one compiled and kept locally."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from grader.check.key import FORMAT, BadKey, Key
from grader.check.text import Refusal


class NoLab(Refusal):
    """There is no such lab."""


def find_course(start: Path | None = None) -> Path:
    """The course's folder: the nearest one upward, or the kit's own, that holds ``solutions/``.

    Raises:
        NoLab: there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "solutions").is_dir() and (folder / "labs").is_dir():
            return folder
    raise NoLab(f"{here}: no course here (a folder with solutions/ and labs/); cd into one")


def lab_ids(course: Path) -> list[str]:
    return sorted(p.parent.name for p in (course / "solutions").glob("*/checks.py"))


def lab_dir(course: Path, lab: str) -> Path:
    """``solutions/<lab>``.

    Raises:
        NoLab: the course has no such lab.
    """
    found = course / "solutions" / lab
    if not (found / "checks.py").is_file():
        known = ", ".join(lab_ids(course)) or "none"
        raise NoLab(f"no lab {lab!r} in {course / 'solutions'}; known: {known}")
    return found


def secret_seed(course: Path) -> int:
    """The seed of this course's hidden keys: random, made once, readable by its owner only."""
    path = course / ".grader" / "seed"
    try:
        return int(path.read_text())
    except FileNotFoundError:
        pass
    except ValueError:
        raise NoLab(f"{path}: not a number; delete it to have a new seed made") from None
    path.parent.mkdir(exist_ok=True)
    seed = secrets.randbits(63)
    draft = path.with_name(f".seed.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(str(seed))
    try:
        os.link(draft, path)  # whole or not at all: another process may want it this moment
    except FileExistsError:
        return int(path.read_text())
    except OSError:  # a file system without links
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return seed


def lab_digest(folder: Path) -> str:
    """Hash of the files of a lab's folder that its keys depend on."""
    found = sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in (".py", ".json", ".npz") and path.stem not in (
            "variants", "unforeseen", "calibrate",
        ):  # fmt: skip
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def hidden_key_file(course: Path, lab: str, seed: int) -> Path:
    """Where a hidden key is kept: named by the lab's sources, the seed and the keys' format."""
    about = f"{FORMAT} {seed} {lab_digest(lab_dir(course, lab))}"
    name = sha256(about.encode()).hexdigest()[:16]
    return course / ".grader" / "keys" / f"{lab}-{name}.key"


def hidden_key(course: Path, lab: str, seed: int | None = None) -> Key:
    """The hidden key of a lab, compiled if its sources have changed.

    Args:
        seed: the key's; the course's own, which is secret, if not given.

    Compiling runs the solution, in a process of its own, so that this one stays free of TensorFlow.

    Raises:
        NoLab: there is no such lab, or its key cannot be compiled.
    """
    folder = lab_dir(course, lab)
    seed = secret_seed(course) if seed is None else seed
    path = hidden_key_file(course, lab, seed)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "grader.authoring.compile",
            str(folder),
            str(seed),
            str(path),
        ]
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["unknown error"])[-1]
            raise NoLab(f"{lab}: the hidden key cannot be compiled: {last}")
    try:
        return Key.load(path)
    except BadKey as error:
        path.unlink(missing_ok=True)
        raise NoLab(f"{error}; it was removed, try again") from None

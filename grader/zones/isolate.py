"""The second wall: each submission alone, inside the sandbox that it shares with the warm worker.

A fork of the worker enters its own user, mount, PID and IPC namespaces: it cannot see or signal
the worker, its /tmp and /dev/shm are fresh and limited, what it leaves behind goes with it, and it
can make no further namespaces. The worker itself is not dumpable, so its memory cannot be read or
traced. Where the kernel refuses nested namespaces, `enter` raises `NotIsolated` and the pool starts
a fresh sandbox for each submission instead.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Callable

from grader.core.key import Limits

_CLONE_NEWNS = 0x00020000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000
_MS_NOSUID, _MS_NODEV = 2, 4
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_CAPSET_V3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class NotIsolated(OSError):
    """The kernel refused a namespace or a mount."""


def _must(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise NotIsolated(code, f"{what}: {os.strerror(code)}")


def hide() -> None:
    """Make this process untraceable and its /proc entries unreadable to others of its user."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _tmpfs(where: str, megabytes: int) -> None:
    options = f"size={megabytes}m,nr_inodes=20000,mode=0777".encode()
    _must(
        _libc.mount(b"tmpfs", where.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, options),
        f"mount {where}",
    )


def _drop_capabilities() -> None:
    """Give up every capability for good."""
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPSET_V3, 0)
    _must(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _must(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def enter(run: Callable[[], None], disk_mb: int) -> int:
    """Run `run` as the first process of new namespaces; return its wait status.

    Called in a fork of the worker. Its own parent kills it to end everything inside.

    Args:
        run: what to do inside; it must not return normally to the caller's code (it is followed
            by ``os._exit``).
        disk_mb: size of /tmp.

    Raises:
        NotIsolated: nothing was run.
    """
    uid, gid = os.getuid(), os.getgid()
    # A process that is not dumpable may not write its own uid_map. This is a fork: the worker stays
    # hidden.
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    flags = _CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNS | _CLONE_NEWIPC
    _must(_libc.unshare(flags), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            die_with_parent()
            os.close(ready)
            _libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID | _MS_NODEV, None)
            _tmpfs("/tmp", disk_mb)
            _tmpfs("/dev/shm", min(64, disk_mb))
            os.chdir("/tmp")
            _no_more_namespaces()
            _drop_capabilities()
            os.write(go, b"1")
            os.close(go)
            run()
            code = 0
        except NotIsolated:
            code = 71
        finally:
            os._exit(code)
    os.close(go)
    isolated = os.read(ready, 1)
    os.close(ready)
    _, status = os.waitpid(child, 0)
    if not isolated:
        raise NotIsolated("mounts refused")
    return status


def _no_more_namespaces() -> None:
    """Forbid namespaces below this one (best effort: /proc/sys may be read-only)."""
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"):
        try:
            with open(f"/proc/sys/user/max_{kind}_namespaces", "w") as file:
                file.write("0")
        except OSError:
            pass


def limit(limits: Limits, own_namespace: bool) -> None:
    """Set this process's resource limits (see `grader.core.key.Limits`)."""
    mb = 1 << 20

    def cap(what: int, soft: int, hard: int | None = None) -> None:
        _, ceiling = resource.getrlimit(what)
        hard = soft if hard is None else hard
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (soft, hard))

    cap(resource.RLIMIT_DATA, _data_bytes() + limits.memory_mb * mb)
    cap(resource.RLIMIT_CPU, int(limits.cpu_seconds), int(limits.cpu_seconds) + 5)
    cap(resource.RLIMIT_FSIZE, limits.file_mb * mb)
    cap(resource.RLIMIT_NOFILE, limits.open_files)
    cap(resource.RLIMIT_CORE, 0)
    if own_namespace and _kernel() >= (5, 14):  # before, it counted all of the user's processes
        cap(resource.RLIMIT_NPROC, limits.processes)


def _kernel() -> tuple[int, ...]:
    return tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2])


def _data_bytes() -> int:
    """Private memory that this process has mapped already (VmData)."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0

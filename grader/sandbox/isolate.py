"""The second wall: each submission alone, inside the sandbox that it shares with the warm server.

A fork of the server makes user, mount, PID, network and IPC namespaces and forks once more into them: the
submission cannot see or signal the server, that fork or another submission, its /tmp, /dev/shm and /proc
are fresh, what it leaves behind goes with it, and it can make no further namespaces. System calls that no
lab needs are refused (`forbid_calls`). The server and its forks are not dumpable, so their memory cannot
be read or traced. Where the kernel refuses nested namespaces, `enter` raises `NotIsolated`, and each
submission gets a fresh sandbox instead.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Callable

from grader.check.key import Limits

_CLONE_NEWNS = 0x00020000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000
_CLONE_NEWNET = 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_PR_SET_SECCOMP, _FILTER_MODE = 22, 2
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_CAPSET_V3 = 0x20080522

PROBES_MB = 64  # kept for the probes when the cells have used all their memory up

_libc = ctypes.CDLL(None, use_errno=True)


class NotIsolated(OSError):
    """The kernel refused a namespace or a mount."""


def _must(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise NotIsolated(code, f"{what}: {os.strerror(code)}")


def drop_root() -> None:
    """Become the user whom the sandbox names, for good; nothing where it names none.

    Before, it gets a /proc of which nothing is covered, as bubblewrap gives one to anybody but root: the
    kernel allows a fresh one in a namespace (`enter`) only where all of the old one is to be seen.
    """
    user = os.environ.pop("GRADER_DROP_TO", "")
    if user:
        _mount_proc(0)
        os.setgroups([])
        os.setresgid(int(user), int(user), int(user))
        os.setresuid(int(user), int(user), int(user))
        _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


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


def _mount_proc(more: int) -> None:
    flags = more | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _must(_libc.mount(b"proc", b"/proc", b"proc", flags, None), "mount /proc")


def _drop_capabilities() -> None:
    """Give up every capability for good, and let no program that is run later give one."""
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPSET_V3, 0)
    _must(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _must(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def enter(run: Callable[[], None], disk_mb: int) -> int:
    """Run `run` as the first process of new namespaces; return its number, as the caller sees it.

    Called in a fork of the worker, once: the caller is then in the same user and mount namespaces,
    but sees more processes. Killing the first process ends everything inside.

    Args:
        run: what to do inside; when it returns, the process ends.
        disk_mb: size of /tmp.

    Raises:
        NotIsolated: nothing was run.
    """
    uid, gid = os.getuid(), os.getgid()
    # A process that is not dumpable may not write its own uid_map. This is a fork: the worker stays
    # hidden.
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    flags = _CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNS | _CLONE_NEWIPC | _CLONE_NEWNET
    _must(_libc.unshare(flags), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    hide()
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            die_with_parent()
            os.setsid()  # a group of its own: one may signal one's group across namespaces
            os.close(ready)
            _mount_proc(_MS_RDONLY)
            room = os.environ.get("TMPDIR", "/tmp")  # elsewhere if Python itself lies in /tmp
            _tmpfs(room, disk_mb)
            _tmpfs("/dev/shm", min(64, disk_mb))
            os.chdir(room)
            _drop_capabilities()
            forbid_calls()
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
    if not isolated:
        os.waitpid(child, 0)
        raise NotIsolated("mounts refused")
    return child


def possible() -> bool:
    """Whether the kernel grants `enter`."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.waitpid(enter(lambda: None, 1), 0)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def limit(limits: Limits, own_namespace: bool) -> None:
    """Set this process's resource limits (see `grader.check.key.Limits`)."""
    mb = 1 << 20

    def cap(what: int, soft: int, hard: int | None = None) -> None:
        _, ceiling = resource.getrlimit(what)
        hard = soft if hard is None else hard
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (soft, hard))

    limit_memory(limits.memory_mb, PROBES_MB)
    # The probes still have their time when the cells have used theirs up.
    soft = int(limits.cpu_seconds)
    cap(resource.RLIMIT_CPU, soft, soft + int(limits.cell_seconds))
    cap(resource.RLIMIT_FSIZE, limits.file_mb * mb)
    cap(resource.RLIMIT_NOFILE, limits.open_files)
    cap(resource.RLIMIT_CORE, 0)
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # the keeper reads what it uses; it reads itself
    if own_namespace and _kernel() >= (5, 14):  # before, it counted all of the user's processes
        cap(resource.RLIMIT_NPROC, limits.processes)


# System calls that no lab needs: they reach into other processes, make memory or namespaces that no
# limit counts, or widen what a fault of the kernel can be asked for. Name → (x86-64, AArch64).
_FORBIDDEN_CALLS: dict[str, tuple[int, int]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "mount_setattr": (442, 442),
    "unshare": (272, 97), "setns": (308, 268),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "open_by_handle_at": (304, 265), "syslog": (103, 116),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)
_NAMESPACES = 0x7E020000  # every CLONE_NEW… flag
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: those that end at the network namespace
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97


def _filter(machine: str) -> bytes:
    """The seccomp filter, as classic BPF; empty for a processor that it is not written for."""
    if machine not in _MACHINES:
        return b""
    column, architecture = _MACHINES[machine]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000
    lines: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (give, 0, 0, refuse | _EPERM),
        (load, 0, 0, 0),
        (at_least, 0, 1, 0x40000000),  # the calls of another data model
        (give, 0, 0, refuse | _EPERM),
    ]
    for numbers in _FORBIDDEN_CALLS.values():
        lines += [(equal, 0, 1, numbers[column]), (give, 0, 0, refuse | _EPERM)]
    lines += [(equal, 0, 1, _CLONE3[column]), (give, 0, 0, refuse | _ENOSYS)]
    lines += [
        (equal, 0, 4, _CLONE[column]),
        (load, 0, 0, 16),  # its first argument: flags
        (any_bit, 0, 1, _NAMESPACES),
        (give, 0, 0, refuse | _EPERM),
        (give, 0, 0, allow),
    ]
    lines += [(equal, 0, 3 + len(_FAMILIES), _SOCKET[column]), (load, 0, 0, 16)]
    lines += [(equal, len(_FAMILIES) - i, 0, f) for i, f in enumerate(_FAMILIES)]
    lines += [(give, 0, 0, refuse | _EAFNOSUPPORT), (give, 0, 0, allow)]
    lines += [(give, 0, 0, allow)]
    return b"".join(struct.pack("<HBBI", *line) for line in lines)


def forbid_calls() -> bool:
    """Refuse the system calls of `_FORBIDDEN_CALLS`, and sockets that leave the sandbox, for good.

    Returns:
        False where that cannot be: a kernel without seccomp, or another processor.
    """
    program = _filter(os.uname().machine)
    if not program:
        return False
    lines = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(lines))
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    done: int = _libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.c_char_p(head), 0, 0)
    return done == 0


def limit_memory(megabytes: int, spare: int = 0) -> None:
    """Let this process take so much memory more, not counting what it shares.

    Args:
        megabytes: what it may take.
        spare: what it may take beyond that once it asks for it (the hard limit).
    """
    _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
    most = _data_bytes() + (megabytes << 20)
    if ceiling == resource.RLIM_INFINITY or most < ceiling:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most + (spare << 20)))


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

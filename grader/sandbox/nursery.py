"""The nursery: one process that imports TensorFlow once and forks every worker from it.

A zone is still made by bubblewrap (`grader.sandbox.bwrap`), around a process that only waits, the
holder. The holder hands over its namespaces; a fork of the nursery enters them, gives up every right
and runs the worker, as if bubblewrap had started it there. So a worker starts in a fraction of a second
and shares the imported libraries' memory with the others.

The nursery runs no line of a student and none of a lab: it imports the libraries that all labs use.
It is the kit's own process outside the zones, so nothing of it may be reached from inside:

- a worker keeps no descriptor but the three that it is given;
- the program that it runs, ``/proc/self/exe``, is a sealed copy in memory, not a file of this machine;
- what it may do is what bubblewrap leaves a worker (see `grader.sandbox.isolate.give_up`).

Where any of this cannot be had, `bear` returns None or the worker does not say that it is ready, and
`grader.sandbox.client` has bubblewrap start it as a new process.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from grader.sandbox.bwrap import PACKAGE
from grader.sandbox.preload import preload

# What the labs use, and what the student half and IPython's shell import.
LIBRARIES = (
    "tensorflow", "keras", "matplotlib.pyplot", "nbformat", "IPython.core.interactiveshell",
    "IPython.core.completerlib", "IPython.core.magics",
)  # fmt: skip
_NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
_ORDER = 1 << 16  # bytes of an order, at most

# Runs in a zone and waits there; all it ever had is its namespaces.
_HOLDER = f"""
import ctypes, os, signal, socket, sys
place = socket.socket(fileno=int(sys.argv[1]))
spaces = [os.open("/proc/self/ns/" + name, os.O_RDONLY) for name in {_NAMESPACES!r}]
socket.send_fds(place, [b"here"], spaces)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # not dumpable: nobody in the zone may make it do anything
os.closerange(3, 1 << 16)
os.dup2(0, 2)
while True:
    signal.pause()
"""


class Nursery:
    """The coordinator's side; see `bear`.

    Args:
        environment: of the workers, except for the folders below HOME.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        program = _sealed(Path(sys.executable).resolve())
        self._home = tempfile.mkdtemp(prefix="grader-", dir="/tmp")
        self._lock = threading.Lock()
        there, self._orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        homes = {name: f"{self._home}/{name.lower()}" for name in environment if _is_home(name)}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(there.fileno())],
                executable=f"/proc/self/fd/{program}", pass_fds=(there.fileno(), program),
                env={**environment, **homes, "HOME": self._home, "TMPDIR": self._home,
                     "PYTHONPATH": str(PACKAGE.parent)},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, cwd="/",
            )  # fmt: skip
        except BaseException:
            self._orders.close()
            shutil.rmtree(self._home, ignore_errors=True)
            raise
        finally:
            os.close(program)
            there.close()

    def runs(self) -> bool:
        return self._process.poll() is None

    def order(self, what: Mapping[str, object], fds: Sequence[int]) -> None:
        """Have a worker made; returns at once.

        Raises:
            OSError: the nursery has ended.
        """
        with self._lock:
            socket.send_fds(self._orders, [json.dumps(what).encode()], fds)

    def close(self) -> None:
        """End it; its workers live on, until their zones end."""
        self._orders.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def _is_home(name: str) -> bool:
    """Whether a variable names a folder for one library's own files."""
    return name.endswith(("CONFIGDIR", "PYTHONDIR", "_HOME"))


def _sealed(program: Path) -> int:
    """Descriptor of a copy of a program that nobody can write to.

    Raises:
        OSError: no such memory here.
    """
    fd = os.memfd_create("python", os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as copy:
            copy.write(program.read_bytes())
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        os.set_inheritable(fd, False)
    except BaseException:
        os.close(fd)
        raise
    return fd


_nurseries: dict[str, Nursery | None] = {}  # environment → its nursery; None: none can be had
_guard = threading.Lock()


def fits(modules: Collection[str]) -> bool:
    """Whether a worker that wants these modules gains by the nursery and finds them as it would alone.

    Args:
        modules: what its lab imports ahead, among others.
    """
    return "tensorflow" in modules


def begin(environment: Mapping[str, str]) -> Nursery | None:
    """The nursery for an environment, started if there is none yet; None where none can be had."""
    name = json.dumps(sorted(environment.items()))
    with _guard:
        found = _nurseries.get(name)
        if name in _nurseries and (found is None or found.runs()):
            return found
        if found is not None:
            found.close()
        try:
            made = Nursery(environment)
        except (OSError, AttributeError, subprocess.SubprocessError):
            made = None
        _nurseries[name] = made
        return made


def give_up_on(nursery: Nursery) -> None:
    """Use it no more: its workers do not come up."""
    with _guard:
        for name, found in _nurseries.items():
            if found is nursery:
                _nurseries[name] = None
                found.close()


@atexit.register
def close_all() -> None:
    """End every nursery of this process."""
    with _guard:
        for nursery in filter(None, _nurseries.values()):
            nursery.close()
        _nurseries.clear()


def bear(
    nursery: Nursery, zone: Callable[[Sequence[str]], tuple[list[str], dict[str, str]]], module: str,
    arguments: Sequence[str], fds: Sequence[int], seconds: float = 20.0,
) -> subprocess.Popen[bytes] | None:  # fmt: skip
    """Make a zone and have a worker born into it.

    Args:
        nursery: from `begin`.
        zone: what runs a program in the zone, as `grader.sandbox.bwrap.around` says.
        module, arguments: what the worker runs.
        fds: its standard input, output and error; the last takes the zone's errors too.
        seconds: patience with the zone.

    Returns:
        The zone's process; the worker ends with it. None if the zone did not come up.
    """
    here, there = socket.socketpair()
    with here, there:
        line, env = zone([sys.executable, "-ISc", _HOLDER, str(there.fileno())])
        process = subprocess.Popen(
            line, env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=fds[2], start_new_session=True,
            pass_fds=(there.fileno(),),
        )  # fmt: skip
        there.close()
        here.settimeout(seconds)
        spaces: list[int] = []
        try:
            _, spaces, _, _ = socket.recv_fds(here, 16, len(_NAMESPACES))
            if len(spaces) == len(_NAMESPACES):
                what = {"module": module, "arguments": list(arguments), "env": env}
                nursery.order(what, [*fds, *spaces])
                return process
        except OSError:
            pass
        finally:
            for fd in spaces:
                os.close(fd)
    process.kill()
    process.wait()
    return None


# From here on: inside the nursery.


def main(argv: Sequence[str]) -> int:
    """Import, then fork a worker for each order until there are no more."""
    from grader.sandbox import isolate

    orders = socket.socket(fileno=int(argv[0]))
    orders.set_inheritable(False)
    given = set(os.environ)
    gc.disable()  # a fifth of the time that imports take; there is little to collect
    preload(LIBRARIES)  # of what is missing, the worker will tell
    isolate.adopt()
    own = {name: value for name, value in os.environ.items() if name not in given}
    gc.freeze()
    while True:
        order, fds, _, _ = socket.recv_fds(orders, _ORDER, 3 + len(_NAMESPACES))
        if not order:  # the coordinator has ended, however it did
            shutil.rmtree(os.environ["HOME"], ignore_errors=True)
            return 0
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _enter(json.loads(order), own, fds)
        for fd in fds:
            os.close(fd)


def _enter(order: Mapping[str, object], own: Mapping[str, str], fds: Sequence[int]) -> NoReturn:
    """Go into the zone and be the worker there; never returns.

    Args:
        order: see `bear`.
        own: variables that the libraries set for themselves as they were imported.
        fds: standard input, output and error, then namespaces.
    """
    from grader.sandbox import isolate

    code = 1
    try:
        isolate.join(fds[3], fds[4:])
        if os.fork():  # only a child is in the new process namespace
            os._exit(0)
        os.setsid()
        for number, fd in enumerate(fds[:3]):
            os.dup2(fd, number)
        os.closerange(3, 1 << 16)
        code = _live(order, own)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _live(order: Mapping[str, object], own: Mapping[str, str]) -> int:
    """The worker's life: the environment and the kit that it would have found as a new process."""
    env = order["env"]
    assert isinstance(env, dict)
    os.environ.clear()
    os.environ.update({**own, **env})
    os.chdir(env["TMPDIR"])
    os.umask(0o022)
    for name in [n for n in sys.modules if n.split(".")[0] == "grader"]:
        del sys.modules[name]
    # As `python -m` would have it: where it runs, the kit, then Python's own; and none of our places.
    sys.path[:2] = [env["TMPDIR"], env["PYTHONPATH"]]
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    importlib.invalidate_caches()
    arguments = order["arguments"]
    assert isinstance(arguments, list)
    sys.argv[:] = [str(order["module"]), *arguments]
    isolate = importlib.import_module("grader.sandbox.isolate")
    isolate.give_up()
    module = importlib.import_module(str(order["module"]))
    done: int = module.main(arguments)
    return done


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))

"""To the kit this Python looks like one on Windows: what only Unix has is not there for its modules.

Other libraries see the system as it is: they have their own ways on Windows, which cannot run here.
"""

import builtins
import os
import signal
import types

UNIX = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"}
WITHOUT = {
    "os": (
        "fork", "getuid", "geteuid", "getgid", "setsid", "killpg", "nice", "sysconf", "sched_getaffinity",
        "statvfs", "mkfifo", "O_NOFOLLOW", "O_CLOEXEC", "WIFSIGNALED", "getloadavg", "uname",
    ),
    "signal": (
        "SIGALRM", "SIGKILL", "SIGXCPU", "SIGHUP", "setitimer", "ITIMER_REAL", "alarm", "pthread_sigmask",
        "pthread_kill",
    ),
}  # fmt: skip


def poorer(module, names):
    made = types.ModuleType(module.__name__)
    made.__dict__.update({k: v for k, v in vars(module).items() if k not in names})
    return made


POORER = {m.__name__: poorer(m, WITHOUT[m.__name__]) for m in (os, signal)}
found = builtins.__import__


def find(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and ((globals or {}).get("__name__") or "").partition(".")[0] == "grader":
        if name in UNIX:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in POORER:
            return POORER[name]
    return found(name, globals, locals, fromlist, level)


builtins.__import__ = find

"""The student zone seen from inside, held against the list at the top of `grader.sandbox.bwrap`."""

import json
import sys
import sysconfig
from pathlib import Path

import grader
from grader.sandbox.bwrap import room

LOOK = r"""
import ctypes, json, os, socket, stat
found = {"readable": [], "writable": [], "special": []}
ME = os.readlink("/proc/self")
SKIP = ("/proc/", "/sys/")
tops = [os.path.join("/", n) for n in sorted(os.listdir("/"))]
stack, seen = [t for t in tops if t != "/proc"], 0
while stack:
    path = stack.pop()
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        continue
    if stat.S_ISLNK(mode):
        continue
    if stat.S_ISDIR(mode):
        try:
            names = os.listdir(path)
        except OSError:
            continue
        probe = os.path.join(path, ".try")
        try:
            open(probe, "w").close(); os.unlink(probe)
            found["writable"].append(path)
        except OSError:
            pass
        if path.count("/") > 3 and path.startswith(("/usr/", PREFIXES)):
            continue  # the system and Python: read-only, tried at the top
        stack += [os.path.join(path, n) for n in names]
    elif stat.S_ISREG(mode):
        if os.access(path, os.W_OK): found["writable"].append(path)
        if os.access(path, os.R_OK): found["readable"].append(path)
    else:
        found["special"].append(path)
found["top"] = tops
found["pids"] = [p for p in os.listdir("/proc") if p.isdigit() and os.path.isdir(f"/proc/{p}/task")]
found["me"] = ME
fds = {}
for name in os.listdir("/proc/self/fd"):
    try: fds[name] = os.readlink(f"/proc/self/fd/{name}")
    except OSError: pass
found["fds"] = fds
found["env"] = sorted(os.environ)
found["interfaces"] = [x.split(":")[0].strip() for x in open("/proc/net/dev").read().splitlines()[2:]]
found["routes"] = open("/proc/net/route").read().splitlines()[1:]
families = set()
for family in range(46):
    for kind in (1, 2, 3, 5):
        try: socket.socket(family, kind).close(); families.add(family)
        except OSError: pass
found["families"] = sorted(families)
found["uid"], found["gid"], found["groups"] = os.getuid(), os.getgid(), os.getgroups()
status = dict(line.split(":\t") for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
found["status"] = {k: status[k].strip() for k in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")}
found["mounts"] = [(x.split()[4], x.split()[5].split(",")[0]) for x in open("/proc/self/mountinfo")]
found["hostname"] = socket.gethostname()
print(json.dumps(found))
"""

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES", "HOME", "IPYTHONDIR", "KERAS_BACKEND", "KERAS_HOME", "LANG", "LC_ALL",
    "MKL_NUM_THREADS", "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH",
    "PWD", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONPATH",
    "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "TMPDIR",
}  # fmt: skip
WRITABLE = (room(), "/dev/shm")
# What Python, IPython, NumPy and TensorFlow set for themselves as they are imported.
OWN_DOING = {
    "ENABLE_RUNTIME_UPTIME_TELEMETRY", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "LC_CTYPE",
    "LD_LIBRARY_PATH", "NPY_PROMOTION_STATE", "TF2_BEHAVIOR", "TPU_ML_PLATFORM",
    "TPU_ML_PLATFORM_VERSION",
}  # fmt: skip


def look(zone):
    roots = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}
    roots |= {sysconfig.get_path("stdlib")}
    cell = LOOK.replace("PREFIXES", ", ".join(repr(r + "/") for r in sorted(roots)))
    from dataclasses import replace

    limits = replace(zone.key.limits, cell_seconds=30, output_kb=4096, open_files=256)
    questions = {**zone.questions, "limits": vars(limits)}
    from grader.sandbox.client import run_submission

    outcome = run_submission(zone.student, questions, [cell], {}, "en")
    (report,) = outcome.cells
    assert report.status == "ok", report
    return json.loads(report.text), roots


def test_the_student_zone_from_inside(zone):
    found, roots = look(zone)
    kit = Path(grader.__file__).resolve().parent

    # Files: the system, Python, the student's half of the kit, and nothing else.
    for path in found["readable"]:
        system = path.startswith(("/usr/", "/etc/", "/lib", "/bin", "/sbin"))
        python = any(path.startswith(root + "/") for root in roots)
        ours = path == "/kit/grader/__init__.py" or path.startswith(
            ("/kit/grader/check/", "/kit/grader/notebook/", "/kit/grader/sandbox/")
        )
        scratch = path.startswith(WRITABLE)
        assert system or python or ours or scratch, path
    for secret in (
        "solutions",
        "labs",
        "data/hidden",
        ".grader",
        "gradebook",
        "authoring",
        "intake",
    ):
        assert not [p for p in found["readable"] if p.startswith(f"/kit/{secret}")]
        assert not [p for p in found["readable"] if p.startswith(f"{kit.parent}/{secret}")]
    etc = {p.split("/")[2] for p in found["readable"] if p.startswith("/etc/")}
    assert etc <= {"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "ssl",
                   "alternatives", "mime.types", "passwd", "group", "nsswitch.conf"}  # fmt: skip
    assert not [
        p for p in found["readable"] if "shadow" in p.split("/")[-1] and p.startswith("/etc/")
    ]

    # Writing: its own scratch folders, nothing else; every other mount is read-only.
    assert {p for p in found["writable"] if not p.startswith(WRITABLE)} == set()
    assert {room(), "/dev/shm"} <= set(found["writable"])
    devices = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
               "/dev/pts", "/dev/shm", room())  # fmt: skip
    # A later mount covers an earlier one at the same place.
    mounts = dict(map(tuple, found["mounts"]))
    assert {place for place, mode in mounts.items() if mode == "rw"} <= set(devices)
    assert mounts["/proc"] == "ro"
    assert set(found["special"]) <= {*devices, "/dev/ptmx", "/dev/console", "/dev/pts/ptmx"}

    # Processes: itself; descriptors: nothing on the three usual ones, and its own channel.
    assert found["pids"] == [found["me"]]
    assert {found["fds"][n] for n in ("0", "1", "2")} == {"/dev/null"}
    others = [t for n, t in found["fds"].items() if n not in "012" and t != "/dev/null"]
    assert len([t for t in others if t.startswith("pipe:")]) == 1
    assert all(t.startswith(("pipe:", "/proc/")) for t in others)

    # Network: an empty one; three families of sockets that end there.
    assert found["interfaces"] in (["lo"], [])
    assert found["routes"] == []
    assert found["families"] == [1, 2, 10]

    # Rights: none, and none to be had.
    assert found["uid"] != 0
    assert {found["status"][k] for k in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
    assert (found["status"]["NoNewPrivs"], found["status"]["Seccomp"]) == ("1", "2")
    assert found["hostname"] == "grader"
    assert set(found["env"]) <= ENVIRONMENT | OWN_DOING


REACH = r"""
import json, os
found = {"exe": os.readlink("/proc/self/exe"), "written": []}
for path in ("/proc/self/exe", f"/proc/{os.getpid()}/exe"):
    for flags in (os.O_WRONLY, os.O_RDWR | os.O_TRUNC):
        try: os.close(os.open(path, flags)); found["written"].append(path)
        except OSError: pass
ways = []
for name in ("exe/..", "root/..", "cwd/../..", "fd/0/.."):
    try: ways.append(sorted(os.listdir("/proc/self/" + name)))
    except OSError: pass
found["ways"] = [w for w in ways if not set(w) <= set(os.listdir("/"))]
try: found["mapped"] = [os.open("/proc/self/map_files/" + n, os.O_RDONLY) for n in os.listdir("/proc/self/map_files")]
except OSError: found["mapped"] = []
print(json.dumps(found))
"""


def test_nothing_outside_is_within_reach(zone):
    """Neither the program that runs, nor a file or folder of this machine."""
    (report,) = zone.run([REACH]).cells
    found = json.loads(report.text)
    assert found["written"] == found["ways"] == found["mapped"] == []


def test_the_list_in_the_sandbox_is_what_is_tested():
    """The docstring names each kind of thing that the test above asserts."""
    from grader.sandbox import bwrap

    for word in ("network", "system", "Python", "the kit", "data", "/tmp", "processes",
                 "environment", "descriptors"):  # fmt: skip
        assert word in bwrap.__doc__


def test_held_out_data_is_not_shown(tmp_path):
    """Every folder called ``hidden`` under data/, at any depth, is an empty one inside."""
    from grader.sandbox.bwrap import View, _command, command, data_view, find_bwrap, problem

    if problem():
        import pytest

        pytest.skip(problem())
    for path in ("a/hidden/labels.npz", "a/a.npz", "b/c/hidden/x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("held out")
    tmp_path.chmod(0o755)
    view = data_view(tmp_path)
    assert view.masked == ("/kit/data/a/hidden", "/kit/data/b/c/hidden")
    import subprocess

    line = [*_command(find_bwrap(), view), "--", "/usr/bin/find", "/kit/data", "-type", "f"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.stdout.split() == ["/kit/data/a/a.npz"], done.stderr
    assert isinstance(view, View) and command


def test_a_course_inside_pythons_own_folder_is_not_shown(monkeypatch, tmp_path):
    """A virtual environment made in the course's folder does not show the course."""
    from grader.sandbox import bwrap

    for name in ("bin", "lib", "solutions", "labs", ".grader"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    shown = bwrap._python_parts()
    assert tmp_path / "lib" in shown and tmp_path / "bin" in shown
    for path in shown:
        for name in ("solutions", "labs", ".grader"):
            assert not (tmp_path / name).is_relative_to(path)

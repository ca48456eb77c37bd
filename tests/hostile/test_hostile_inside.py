from grader.zones.sandbox import room
"""The student zone seen from inside, held against the list at the top of `grader.zones.sandbox`."""
from grader.zones.sandbox import room

from grader.zones.sandbox import room
import json
from grader.zones.sandbox import room
import sys
from grader.zones.sandbox import room
import sysconfig
from grader.zones.sandbox import room
from pathlib import Path
from grader.zones.sandbox import room

from grader.zones.sandbox import room
import grader
from grader.zones.sandbox import room

from grader.zones.sandbox import room
LOOK = r"""
from grader.zones.sandbox import room
import ctypes, json, os, socket, stat
from grader.zones.sandbox import room
found = {"readable": [], "writable": [], "special": []}
from grader.zones.sandbox import room
ME = os.readlink("/proc/self")
from grader.zones.sandbox import room
SKIP = ("/proc/", "/sys/")
from grader.zones.sandbox import room
tops = [os.path.join("/", n) for n in sorted(os.listdir("/"))]
from grader.zones.sandbox import room
stack, seen = [t for t in tops if t != "/proc"], 0
from grader.zones.sandbox import room
while stack:
from grader.zones.sandbox import room
    path = stack.pop()
from grader.zones.sandbox import room
    try:
from grader.zones.sandbox import room
        mode = os.lstat(path).st_mode
from grader.zones.sandbox import room
    except OSError:
from grader.zones.sandbox import room
        continue
from grader.zones.sandbox import room
    if stat.S_ISLNK(mode):
from grader.zones.sandbox import room
        continue
from grader.zones.sandbox import room
    if stat.S_ISDIR(mode):
from grader.zones.sandbox import room
        try:
from grader.zones.sandbox import room
            names = os.listdir(path)
from grader.zones.sandbox import room
        except OSError:
from grader.zones.sandbox import room
            continue
from grader.zones.sandbox import room
        probe = os.path.join(path, ".try")
from grader.zones.sandbox import room
        try:
from grader.zones.sandbox import room
            open(probe, "w").close(); os.unlink(probe)
from grader.zones.sandbox import room
            found["writable"].append(path)
from grader.zones.sandbox import room
        except OSError:
from grader.zones.sandbox import room
            pass
from grader.zones.sandbox import room
        if path.count("/") > 3 and path.startswith(("/usr/", PREFIXES)):
from grader.zones.sandbox import room
            continue  # the system and Python: read-only, tried at the top
from grader.zones.sandbox import room
        stack += [os.path.join(path, n) for n in names]
from grader.zones.sandbox import room
    elif stat.S_ISREG(mode):
from grader.zones.sandbox import room
        if os.access(path, os.W_OK): found["writable"].append(path)
from grader.zones.sandbox import room
        if os.access(path, os.R_OK): found["readable"].append(path)
from grader.zones.sandbox import room
    else:
from grader.zones.sandbox import room
        found["special"].append(path)
from grader.zones.sandbox import room
found["top"] = tops
from grader.zones.sandbox import room
found["pids"] = [p for p in os.listdir("/proc") if p.isdigit() and os.path.isdir(f"/proc/{p}/task")]
from grader.zones.sandbox import room
found["me"] = ME
from grader.zones.sandbox import room
fds = {}
from grader.zones.sandbox import room
for name in os.listdir("/proc/self/fd"):
from grader.zones.sandbox import room
    try: fds[name] = os.readlink(f"/proc/self/fd/{name}")
from grader.zones.sandbox import room
    except OSError: pass
from grader.zones.sandbox import room
found["fds"] = fds
from grader.zones.sandbox import room
found["env"] = sorted(os.environ)
from grader.zones.sandbox import room
found["interfaces"] = [x.split(":")[0].strip() for x in open("/proc/net/dev").read().splitlines()[2:]]
from grader.zones.sandbox import room
found["routes"] = open("/proc/net/route").read().splitlines()[1:]
from grader.zones.sandbox import room
families = set()
from grader.zones.sandbox import room
for family in range(46):
from grader.zones.sandbox import room
    for kind in (1, 2, 3, 5):
from grader.zones.sandbox import room
        try: socket.socket(family, kind).close(); families.add(family)
from grader.zones.sandbox import room
        except OSError: pass
from grader.zones.sandbox import room
found["families"] = sorted(families)
from grader.zones.sandbox import room
found["uid"], found["gid"], found["groups"] = os.getuid(), os.getgid(), os.getgroups()
from grader.zones.sandbox import room
status = dict(line.split(":\t") for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
from grader.zones.sandbox import room
found["status"] = {k: status[k].strip() for k in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")}
from grader.zones.sandbox import room
found["mounts"] = [(x.split()[4], x.split()[5].split(",")[0]) for x in open("/proc/self/mountinfo")]
from grader.zones.sandbox import room
found["hostname"] = socket.gethostname()
from grader.zones.sandbox import room
print(json.dumps(found))
from grader.zones.sandbox import room
"""
from grader.zones.sandbox import room

from grader.zones.sandbox import room
ENVIRONMENT = {
from grader.zones.sandbox import room
    "CUDA_VISIBLE_DEVICES", "HOME", "IPYTHONDIR", "KERAS_BACKEND", "KERAS_HOME", "LANG", "LC_ALL",
from grader.zones.sandbox import room
    "MKL_NUM_THREADS", "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH",
from grader.zones.sandbox import room
    "PWD", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONPATH",
from grader.zones.sandbox import room
    "TF_CPP_MIN_LOG_LEVEL", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "TMPDIR",
from grader.zones.sandbox import room
}  # fmt: skip
from grader.zones.sandbox import room
WRITABLE = (room(), "/dev/shm")
from grader.zones.sandbox import room
# What Python, IPython and NumPy set for themselves as they are imported.
from grader.zones.sandbox import room
OWN_DOING = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "LC_CTYPE", "NPY_PROMOTION_STATE"}
from grader.zones.sandbox import room

from grader.zones.sandbox import room

from grader.zones.sandbox import room
def look(zone):
from grader.zones.sandbox import room
    roots = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}
from grader.zones.sandbox import room
    roots |= {sysconfig.get_path("stdlib")}
from grader.zones.sandbox import room
    cell = LOOK.replace("PREFIXES", ", ".join(repr(r + "/") for r in sorted(roots)))
from grader.zones.sandbox import room
    from dataclasses import replace
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    limits = replace(zone.key.limits, cell_seconds=30, output_kb=4096, open_files=256)
from grader.zones.sandbox import room
    questions = {**zone.questions, "limits": vars(limits)}
from grader.zones.sandbox import room
    from grader.zones.pool import run_submission
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    outcome = run_submission(zone.worker, questions, [cell], {}, "en")
from grader.zones.sandbox import room
    (report,) = outcome.cells
from grader.zones.sandbox import room
    assert report.status == "ok", report
from grader.zones.sandbox import room
    return json.loads(report.text), roots
from grader.zones.sandbox import room

from grader.zones.sandbox import room

from grader.zones.sandbox import room
def test_the_student_zone_from_inside(zone):
from grader.zones.sandbox import room
    found, roots = look(zone)
from grader.zones.sandbox import room
    kit = Path(grader.__file__).resolve().parent
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    # Files: the system, Python, the student's half of the kit, and nothing else.
from grader.zones.sandbox import room
    for path in found["readable"]:
from grader.zones.sandbox import room
        system = path.startswith(("/usr/", "/etc/", "/lib", "/bin", "/sbin"))
from grader.zones.sandbox import room
        python = any(path.startswith(root + "/") for root in roots)
from grader.zones.sandbox import room
        ours = path == "/kit/grader/__init__.py" or path.startswith(
from grader.zones.sandbox import room
            ("/kit/grader/core/", "/kit/grader/student/", "/kit/grader/zones/")
from grader.zones.sandbox import room
        )
from grader.zones.sandbox import room
        scratch = path.startswith(WRITABLE)
from grader.zones.sandbox import room
        assert system or python or ours or scratch, path
from grader.zones.sandbox import room
    for secret in (
from grader.zones.sandbox import room
        "solutions",
from grader.zones.sandbox import room
        "labs",
from grader.zones.sandbox import room
        "data/hidden",
from grader.zones.sandbox import room
        ".grader",
from grader.zones.sandbox import room
        "gradebook",
from grader.zones.sandbox import room
        "authoring",
from grader.zones.sandbox import room
        "intake",
from grader.zones.sandbox import room
    ):
from grader.zones.sandbox import room
        assert not [p for p in found["readable"] if p.startswith(f"/kit/{secret}")]
from grader.zones.sandbox import room
        assert not [p for p in found["readable"] if p.startswith(f"{kit.parent}/{secret}")]
from grader.zones.sandbox import room
    etc = {p.split("/")[2] for p in found["readable"] if p.startswith("/etc/")}
from grader.zones.sandbox import room
    assert etc <= {"ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "ssl",
from grader.zones.sandbox import room
                   "alternatives", "mime.types", "passwd", "group", "nsswitch.conf"}  # fmt: skip
from grader.zones.sandbox import room
    assert not [
from grader.zones.sandbox import room
        p for p in found["readable"] if "shadow" in p.split("/")[-1] and p.startswith("/etc/")
from grader.zones.sandbox import room
    ]
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    # Writing: its own scratch folders, nothing else; every other mount is read-only.
from grader.zones.sandbox import room
    assert {p for p in found["writable"] if not p.startswith(WRITABLE)} == set()
from grader.zones.sandbox import room
    assert {room(), "/dev/shm"} <= set(found["writable"])
from grader.zones.sandbox import room
    devices = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
from grader.zones.sandbox import room
               "/dev/pts", "/dev/shm", room())  # fmt: skip
from grader.zones.sandbox import room
    # A later mount covers an earlier one at the same place.
from grader.zones.sandbox import room
    mounts = dict(map(tuple, found["mounts"]))
from grader.zones.sandbox import room
    assert {place for place, mode in mounts.items() if mode == "rw"} <= set(devices)
from grader.zones.sandbox import room
    assert mounts["/proc"] == "ro"
from grader.zones.sandbox import room
    assert set(found["special"]) <= {*devices, "/dev/ptmx", "/dev/console", "/dev/pts/ptmx"}
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    # Processes: itself; descriptors: nothing on the three usual ones, and its own channel.
from grader.zones.sandbox import room
    assert found["pids"] == [found["me"]]
from grader.zones.sandbox import room
    assert {found["fds"][n] for n in ("0", "1", "2")} == {"/dev/null"}
from grader.zones.sandbox import room
    others = [t for n, t in found["fds"].items() if n not in "012" and t != "/dev/null"]
from grader.zones.sandbox import room
    assert len([t for t in others if t.startswith("pipe:")]) == 1
from grader.zones.sandbox import room
    assert all(t.startswith(("pipe:", "/proc/")) for t in others)
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    # Network: an empty one; three families of sockets that end there.
from grader.zones.sandbox import room
    assert found["interfaces"] in (["lo"], [])
from grader.zones.sandbox import room
    assert found["routes"] == []
from grader.zones.sandbox import room
    assert found["families"] == [1, 2, 10]
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    # Rights: none, and none to be had.
from grader.zones.sandbox import room
    assert found["uid"] != 0
from grader.zones.sandbox import room
    assert {found["status"][k] for k in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
from grader.zones.sandbox import room
    assert (found["status"]["NoNewPrivs"], found["status"]["Seccomp"]) == ("1", "2")
from grader.zones.sandbox import room
    assert found["hostname"] == "grader"
from grader.zones.sandbox import room
    assert set(found["env"]) <= ENVIRONMENT | OWN_DOING
from grader.zones.sandbox import room

from grader.zones.sandbox import room

from grader.zones.sandbox import room
def test_the_list_in_the_sandbox_is_what_is_tested():
from grader.zones.sandbox import room
    """The docstring names each kind of thing that the test above asserts."""
from grader.zones.sandbox import room
    from grader.zones import sandbox
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    for word in ("network", "system", "Python", "the kit", "data", "/tmp", "processes",
from grader.zones.sandbox import room
                 "environment", "descriptors"):  # fmt: skip
from grader.zones.sandbox import room
        assert word in sandbox.__doc__
from grader.zones.sandbox import room

from grader.zones.sandbox import room

from grader.zones.sandbox import room
def test_held_out_data_is_not_shown(tmp_path):
from grader.zones.sandbox import room
    """Every folder called ``hidden`` under data/, at any depth, is an empty one inside."""
from grader.zones.sandbox import room
    from grader.zones.sandbox import View, _command, command, data_view, find_bwrap, problem
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    if problem():
from grader.zones.sandbox import room
        import pytest
from grader.zones.sandbox import room

from grader.zones.sandbox import room
        pytest.skip(problem())
from grader.zones.sandbox import room
    for path in ("a/hidden/labels.npz", "a/a.npz", "b/c/hidden/x"):
from grader.zones.sandbox import room
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
from grader.zones.sandbox import room
        (tmp_path / path).write_text("held out")
from grader.zones.sandbox import room
    tmp_path.chmod(0o755)
from grader.zones.sandbox import room
    view = data_view(tmp_path)
from grader.zones.sandbox import room
    assert view.masked == ("/kit/data/a/hidden", "/kit/data/b/c/hidden")
from grader.zones.sandbox import room
    import subprocess
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    line = [*_command(find_bwrap(), view), "--", "/usr/bin/find", "/kit/data", "-type", "f"]
from grader.zones.sandbox import room
    done = subprocess.run(line, capture_output=True, text=True)
from grader.zones.sandbox import room
    assert done.stdout.split() == ["/kit/data/a/a.npz"], done.stderr
from grader.zones.sandbox import room
    assert isinstance(view, View) and command
from grader.zones.sandbox import room

from grader.zones.sandbox import room

from grader.zones.sandbox import room
def test_a_course_inside_pythons_own_folder_is_not_shown(monkeypatch, tmp_path):
from grader.zones.sandbox import room
    """A virtual environment made in the course's folder does not show the course."""
from grader.zones.sandbox import room
    from grader.zones import sandbox
from grader.zones.sandbox import room

from grader.zones.sandbox import room
    for name in ("bin", "lib", "solutions", "labs", ".grader"):
from grader.zones.sandbox import room
        (tmp_path / name).mkdir()
from grader.zones.sandbox import room
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
from grader.zones.sandbox import room
    shown = sandbox._python_parts()
from grader.zones.sandbox import room
    assert tmp_path / "lib" in shown and tmp_path / "bin" in shown
from grader.zones.sandbox import room
    for path in shown:
from grader.zones.sandbox import room
        for name in ("solutions", "labs", ".grader"):
from grader.zones.sandbox import room
            assert not (tmp_path / name).is_relative_to(path)

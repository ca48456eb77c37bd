"""The attacks, as data.

Each is one cell. `cheat` attacks are added to a notebook in which nothing is done: they must earn
nothing. `harm` attacks are put before the solution: what the solution earns must be there still, and
the attack's own cell must say what happened to it.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass


def inhabitants(zone):
    """Processes below a zone's, as numbered here."""
    roots = {zone._process.popen.pid}
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError), open(f"/proc/{name}/stat") as file:
            parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
    found, more = set(), set(roots)
    while more:
        more = {p for p, parent in parents.items() if parent in more} - found
        found |= more
    return found


def settled(zone, seconds=5):
    """`inhabitants`, once the fork that answered last is gone: the same twice, 0.3 s apart."""
    until = time.monotonic() + seconds
    before = inhabitants(zone)
    while time.monotonic() < until:
        time.sleep(0.3)
        if (now := inhabitants(zone)) == before:
            break
        before = now
    return before


FULL = 21.0  # the mini lab's 20 points and a bonus


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        id: name.
        cell: source.
        points: what the submission must earn; "full" is all.
        status: status of the attack's own cell; "" where it does not matter.
        says: must be in the cell's limit or error, or in what it printed.
        worker_lives: the warm process must survive it (it may be restarted otherwise).
    """

    id: str
    cell: str
    points: float | str = 0.0
    status: str = "ok"
    says: str = ""
    worker_lives: bool = True


def cheat(id, cell, points=0.0, status="", says=""):
    return Attack(id, cell, points, status, says)


def harm(id, cell, status="ok", says="", points="full"):
    return Attack(id, cell, points, status, says)


# Found by looking through the process: the function that reports, the job, the channel.
FIND_REPORT = """
import gc, sys, types
found = [f for f in gc.get_objects() if isinstance(f, types.FunctionType) and f.__name__ == "report"
         and f.__code__.co_filename.endswith("server.py")]
channel = found[0].__closure__[0].cell_contents
job = next(d for d in gc.get_objects() if isinstance(d, dict) and {"cells", "probes"} <= set(d))
"""

# A frame whose text is not what `pack` writes.
TEXT_FRAME = """
import os, struct, json
def frame(text):
    head = json.dumps({"tree": {"dtype": "U8", "shape": [len(text)], "data_offsets": [0, len(text)]}}).encode()
    head += b" " * (-len(head) % 8)
    data = memoryview(struct.pack("<QQ", 8 + len(head) + len(text), len(head)) + head + text.encode())
    while data: data = data[os.write(channel, data):]
"""

# Everything that would have to be right, made up from what the probes ask.
MADE_UP = """
import numpy as np
def made_up(item):
    steps = item["probe"]["steps"]
    arrays = [a.get("$numpy", a) for s in steps for a in s["args"] if isinstance(a, dict)]
    given = np.asarray(arrays[0]) if arrays and hasattr(arrays[0], "shape") else np.zeros(3)
    return {"status": "ok", "values": {"out": np.zeros_like(given), "answer": "?"}, "seconds": 0.0}
"""

CHEATS = [
    cheat("patch-numpy", "import numpy as np\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
          "np.ndarray = list"),
    cheat("patch-builtins", "import builtins\nbuiltins.abs = builtins.sum = builtins.all = lambda *a: True\n"
          "builtins.isinstance = lambda *a: True"),
    cheat("patch-json", "import json\njson.dumps = lambda *a, **k: '{\"end\": true}'\njson.loads = lambda *a: {}"),
    cheat("patch-os", "import os\nos.write = lambda fd, data: len(data)"),
    cheat("patch-sys-modules", "import sys\nfor name in list(sys.modules):\n"
          "    if name.startswith(('grader', 'numpy', 'json', 'keras', 'tensorflow')): sys.modules[name] = None"),
    cheat("patch-keras", "import sys, types\nsys.modules['keras'] = sys.modules['tensorflow'] = types.ModuleType('keras')\n"
          "sys.modules['keras'].ops = types.SimpleNamespace(convert_to_tensor=lambda x: x)"),
    cheat("patch-observe", "import grader.check.observe as o\nfrom grader.notebook import runner as z\n"
          "forged = lambda *a, **k: {'status': 'ok', 'values': {'out': 1.0, 'answer': '?'}}\no.observe = z.observe = forged"),
    cheat("patch-plain", "import grader.check.observe as o\no.plain = lambda v, depth=0: None"),
    cheat("patch-operations", "import grader.check.observe as o, numpy as np\n"
          "for k in o.OPERATIONS: o.OPERATIONS[k] = lambda scope, step: np.zeros(4)"),
    cheat("patch-watching", "import grader.check.observe as o\nfrom contextlib import contextmanager\n"
          "@contextmanager\ndef none(names): yield []\no.watching = none"),
    cheat("patch-judge", "import grader.check.judge as j\nj.judge = lambda *a, **k: [1/0]\n"
          "j.Verdict.points = 20\nj.total = lambda v: 20.0"),
    cheat("patch-session", "from grader.notebook import session\nsession.current.answers = {f'q{i}': 'yes' for i in range(9)}\n"
          "session.current.grading = False"),
    cheat("patch-lab", "from grader import Lab\nLab.check = Lab.progress = Lab.answer = lambda *a, **k: 20"),
    cheat("patch-ipython-hooks", "ip = get_ipython()\nip.events.register('post_run_cell', lambda *a: 1/0)\n"
          "ip.input_transformers_cleanup.append(lambda lines: ['1'])\nip.run_cell = lambda *a, **k: None"),
    cheat("patch-ast-transform", "import ast\nclass T(ast.NodeTransformer):\n    def visit_Raise(self, n): return ast.Pass()\n"
          "get_ipython().ast_transformers.append(T())"),
    cheat("patch-todo", "import grader\ngrader.todo = todo = lambda *a: Warning"),
    cheat("forge-frames-on-every-fd",
          "import os, struct\nfrom grader.check.tree import pack\n"
          "for check in ('mean.values', 'mean.by_hand', 'softmax.values', 'q1', 'q2'):\n"
          "    tree = pack({'check': check, 'observation': {'status': 'ok', 'values': {'out': 1.0, 'answer': 'no'}}})\n"
          "    for fd in range(3, 64):\n"
          "        try: os.write(fd, struct.pack('<Q', len(tree)) + tree)\n"
          "        except OSError: pass"),
    cheat("forge-noise-on-every-fd", "import os\nfor fd in range(3, 64):\n"
          "    try: os.write(fd, b'\\xff' * 4096)\n    except OSError: pass"),
    cheat("forge-huge-length", "import os, struct\nfor fd in range(3, 64):\n"
          "    try: os.write(fd, struct.pack('<Q', 2**62) + b'x')\n    except OSError: pass"),
    cheat("forge-observations", FIND_REPORT + MADE_UP +
          "for item in job['probes']: found[0]({'check': item['check'], 'observation': made_up(item)})\n"
          "found[0]({'end': True})\nimport time; time.sleep(1.2)"),
    cheat("forge-right-statuses", FIND_REPORT +
          "for item in job['probes']:\n    for s in ('right', 'carried', 'partial'):\n"
          "        found[0]({'check': item['check'], 'observation': {'status': s, 'points': 4, 'credit': 1}})\n"
          "found[0]({'end': True})\nimport os; os._exit(0)"),
    cheat("forge-by-hand-only", FIND_REPORT +
          "found[0]({'check': 'mean.by_hand', 'observation': {'status': 'ok', 'values': {'out': 0}}})\n"
          "found[0]({'end': True})\nimport os; os._exit(0)"),
    cheat("forge-cells-and-verdicts", FIND_REPORT +
          "found[0]({'cell': {'index': 1, 'status': 'ok', 'error': None, 'seconds': float('nan'), 'text': 'x'}})\n"
          "found[0]({'cell': {'index': 10**30, 'status': [], 'error': 3, 'seconds': 'x', 'text': None}})\n"
          "found[0]({'verdict': {'points': 20}, 'points': 20, 'total': 20, 'check': 7, 'observation': 1})\n"
          "found[0]({'start': 'cell:²', 'events': [None, {'recording': 3}], 'made': 'x', 'data': 1})"),
    cheat("forge-judge-strings", FIND_REPORT +
          "bad = {'status': 'error', 'error': {'type': '{0}', 'message': '{x.__class__}' * 99, 'near': 7, 'line': '\\ud800'},"
          " 'weights': {'missing': 3, 'misfit': {}}, 'used': 5}\n"
          "for item in job['probes']: found[0]({'check': item['check'], 'observation': bad})\n"
          "found[0]({'end': True})\nimport os; os._exit(0)"),
    cheat("forge-sixteen-million-brackets", FIND_REPORT + TEXT_FRAME +
          "frame('{\"check\": \"mean.values\", \"observation\": [' + '[],' * (16 << 18) + '[]]}')"),
    cheat("forge-a-tree-too-deep", FIND_REPORT + TEXT_FRAME +
          "frame('{\"check\": \"q1\", \"observation\": ' + '[' * 5000 + ']' * 5000 + '}')"),
    cheat("forge-checks-that-nobody-asked-for", FIND_REPORT +
          "for i in range(3000): found[0]({'check': f'mine.{i}', 'observation': 'x' * 9999})"),
    cheat("replay-old-observations", FIND_REPORT +
          "for item in job['probes']: found[0]({'check': item['check'], 'observation': None})\n"
          "found[0]({'end': True})\nimport os; os._exit(0)"),
    cheat("callers-frame", "import sys\ndef row_mean(x):\n    f = sys._getframe(1)\n    while f:\n"
          "        for name in ('expected', 'key', 'verdict', 'want', 'check'):\n"
          "            if name in f.f_locals and hasattr(f.f_locals[name], 'shape'): return f.f_locals[name]\n"
          "        f = f.f_back\n    return 0"),
    cheat("gc-for-expected", "import gc\nfrom grader.check import key\n"
          "assert not [o for o in gc.get_objects() if isinstance(o, (key.Key, key.Check))]\n"
          "def softmax(z):\n    return [o for o in gc.get_objects() if isinstance(o, dict) and 'expected' in o][0]['expected']"),
    cheat("constant-results", "def row_mean(x): return 0.0\ndef softmax(z): return z * 0 + 0.25\n"
          "def pick(p, rng): return 0\ndef standardise(x): return 1.0"),
    cheat("objects-that-equal-everything", "class Any:\n    def __eq__(self, other): return True\n"
          "    def __array__(self, *a, **k): import numpy; return numpy.full(3, numpy.nan)\n"
          "    __hash__ = None\n    def __call__(self, *a): return self\n"
          "row_mean = standardise = softmax = pick = Any()"),
    cheat("array-subclass-that-equals", "import numpy as np\nclass A(np.ndarray):\n    def __eq__(s, o): return np.array(True)\n"
          "    def __sub__(s, o): return np.zeros(1)\n    def __array_ufunc__(s, *a, **k): return np.array(True)\n"
          "row_mean = softmax = standardise = lambda x: np.zeros(3).view(A)"),
    cheat("timing-oracle", "import time\ndef row_mean(x):\n    guesses = [x.sum(1) * k for k in (0.1, 0.2)]\n"
          "    began = time.perf_counter()\n    return guesses[int((time.perf_counter() - began) * 1e9) % 2]"),
    cheat("exit-with-success", "import sys\nsys.exit(0)", status="error", says="SystemExit"),
    cheat("kill-the-clock-and-claim", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)"),
    cheat("all-choices-at-once", "lab.answer('q2', ['yes', 'no'])\nlab.answer('q1', list(range(100)))\nlab.answer('q3', '0.5 0.6')"),
    cheat("answers-made-of-anything", "class S(str):\n    def __eq__(s, o): return True\n    __hash__ = str.__hash__\n"
          "lab.answer('q1', S('x'))\nlab.answer('q2', {'answer': 'no'})\nlab.answer('q3', float('nan'))"),
]  # fmt: skip

TRY = """
def attempt(what, *args):
    try:
        print("REACHED", what.__name__, args, str(what(*args))[:80])
    except BaseException as error:
        print("refused", type(error).__name__)
"""

HARMS = [
    # time
    harm("sleep-for-ever", "import time\ntime.sleep(3600)", "limit", "cell"),
    harm("busy-for-ever", "while True: pass", "limit", "cell"),
    harm("catch-everything-for-ever", "while True:\n    try:\n        while True: pass\n    except BaseException: pass", "limit", "cell"),
    harm("block-signals", "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ntime.sleep(3600)", "limit", "cell"),
    harm("c-loop-for-ever", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", "limit", "cell"),
    harm("ignore-the-alarm", "import signal, time\nsignal.signal(signal.SIGALRM, lambda *a: None)\ntime.sleep(3600)", "limit", "cell"),
    harm("burn-processor-in-children", "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        while True: pass\n"
         "time.sleep(1)"),
    harm("forged-starts-keep-alive", FIND_REPORT + "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0)\n"
         "began = time.time()\nwhile time.time() - began < 6: found[0]({'start': 'cell:1'}); time.sleep(0.2)", "ok"),
    # the process
    harm("os-exit", "import os\nos._exit(0)", "limit", "exit 0"),
    harm("os-abort", "import os\nos.abort()", "limit", "SIG"),
    harm("segfault", "import ctypes\nctypes.string_at(0)", "limit", "SIGSEGV"),
    harm("illegal-instruction", "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(b'\\x0f\\x0b')\n"
         "ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()", "limit", "SIG"),
    harm("recursion", "def f(): return f()\nf()", "error", "RecursionError"),
    harm("c-stack-overflow", "import sys\nsys.setrecursionlimit(10**9)\nclass A: pass\ndef f(n): return [*map(f, [n + 1])]\nf(0)", "limit", "SIGSEGV"),
    harm("fork-bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "limit"),
    harm("fork-many", "import os, time\nfor _ in range(1000):\n    if os.fork() == 0: time.sleep(60)", "limit", "processes"),
    harm("thread-bomb", "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
         "limit", "processes"),
    harm("threads-outlive-the-cell", "import threading\ndef spin():\n    while True: pass\n"
         "for _ in range(3): threading.Thread(target=spin, daemon=True).start()"),
    harm("thread-that-is-not-a-daemon", "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()"),
    harm("atexit-and-del", "import atexit, time\natexit.register(time.sleep, 3600)\nclass D:\n    def __del__(self): time.sleep(3600)\nkept = D()"),
    harm("daemonise", "import ctypes, os, time\nctypes.CDLL(None).prctl(1, 0)\nif os.fork() == 0:\n    os.setsid()\n"
         "    ctypes.CDLL(None).prctl(1, 0)\n    if os.fork() == 0:\n        for fd in range(3): os.close(fd)\n"
         "        time.sleep(3600)\n    os._exit(0)"),
    harm("kill-everybody", "import os, signal\nfor pid in [*range(2, 400), -1]:\n    try: os.kill(pid, signal.SIGKILL)\n"
         "    except OSError: pass", "ok"),
    harm("kill-parents", "import os, signal\nprint(os.getppid(), os.getpgrp())\nfor f in (lambda: os.kill(os.getppid(), 9), lambda: os.killpg(os.getpgrp(), 9)):\n"
         "    try: f()\n    except OSError as e: print(e)", "ok"),
    harm("stop-self", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nos.kill(0, signal.SIGSTOP)"),
    harm("ptrace", "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
         "print([libc.ptrace(16, pid, 0, 0) for pid in range(1, 60)].count(0), 'traced')", says="0 traced"),
    # memory, disk, output
    harm("fill-memory", "x = []\nwhile True: x.append(bytearray(10 << 20))", "limit", "memory"),
    harm("fill-memory-numpy", "import numpy as np\nx = np.ones(10**9)", "limit", "memory"),
    harm("fill-memory-in-children", "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        x = bytearray(200 << 20)\n"
         "        time.sleep(60)\ntime.sleep(60)", "limit", "memory"),
    harm("fill-shared-memory", "import mmap\nm = mmap.mmap(-1, 4 << 30)\nfor i in range(0, 4 << 30, 4096): m[i] = 1", "limit", "memory"),
    harm("memfd", "import os\nos.memfd_create('x')", "error", "PermissionError"),
    harm("system-v-memory", "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nassert libc.shmget(0, 1 << 30, 0o1600) == -1\n"
         "print(ctypes.get_errno())", says="1"),
    harm("fill-disk", "for i in range(99):\n    with open(f'/tmp/{i}', 'wb') as f: f.write(b'x' * (4 << 20))", "limit", "disk"),
    harm("one-huge-file", "with open('/tmp/x', 'wb') as f: f.write(b'x' * (9 << 20))", "limit", "file"),
    harm("sparse-file", "with open('/tmp/x', 'wb') as f: f.truncate(1 << 40)", "limit", "file"),
    harm("fill-inodes", "for i in range(10**6): open(f'/tmp/f{i}', 'w').close()", "limit", "disk"),
    harm("open-everything", "x = [open('/dev/null') for _ in range(10**4)]", "limit", "open_files"),
    harm("print-a-gigabyte", "import sys\nfor _ in range(1000): print('x' * 10**6)", "ok", "a cell may print 16 kB"),
    harm("stderr-and-raw-stdout", "import os, sys\nfor _ in range(200):\n    os.write(1, b'x' * 10**6); os.write(2, b'x' * 10**6)\n"
         "print('e' * 10**6, file=sys.stderr)\nsys.__stdout__.write('y' * 10**6)"),
    harm("flood-the-channel", "import os\nos.set_blocking(1, True)\nchunk = b'x' * (1 << 20)\nfor fd in (*range(3, 20),):\n    try:\n"
         "        for _ in range(300): os.write(fd, chunk)\n    except OSError: pass", "limit"),
    harm("invalid-unicode", "print('\\ud800', '\\x00', '\\x1b[2J')\nlab.answer('q2', '\\udfff')\nraise ValueError('\\udcff\\x00')", "error", "ValueError"),
    harm("delete-everything", "import shutil\nfor p in ('/tmp', '/kit', '/dev/shm'): shutil.rmtree(p, ignore_errors=True)"),
    harm("raise-odd-things", "class E(BaseException):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\nraise E", "error", "E"),
    # reach
    harm("network", TRY + "import socket\nfor host in ('1.1.1.1', '127.0.0.1', '169.254.169.254', '10.0.0.1'):\n"
         "    attempt(socket.create_connection, (host, 80), 0.3)\nattempt(socket.create_connection, ('::1', 80), 0.3)\n"
         "attempt(socket.gethostbyname, 'example.org')\n"
         "def send(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53))\nattempt(send)", says="refused"),
    harm("socket-families", "import socket\nopen_ = []\nfor family in range(0, 46):\n    for kind in (1, 2, 3, 5):\n"
         "        try: socket.socket(family, kind); open_.append(family)\n        except OSError: pass\n"
         "print('families', sorted(set(open_)))", says="families [1, 2, 10]"),
    harm("abstract-sockets", TRY + "import socket\nnames = [x.split()[-1] for x in open('/proc/net/unix').read().splitlines()[1:]]\n"
         "print('sockets of others', [n for n in names if n.startswith(('/', '@'))])\n"
         "def reach(): socket.socket(socket.AF_UNIX).connect('\\0/tmp/dbus')\nattempt(reach)", says="sockets of others []"),
    harm("read-keys", TRY + "import glob\nfor p in ('/work', '/root', '/home', '/kit/labs', '/kit/solutions', '/kit/data', '/var', '/etc/shadow'):\n"
         "    for x in glob.glob(p + '/**/*.key', recursive=True) + glob.glob(p + '/**/seed', recursive=True) + glob.glob(p + '/**/*.sqlite', recursive=True):\n"
         "        print('REACHED', x)\nattempt(open, '/etc/shadow')", says="refused"),
    harm("read-the-judges-code", TRY + "attempt(__import__, 'grader.gradebook')\nattempt(__import__, 'grader.authoring')", says="refused"),
    harm("read-proc-of-others", "import os\nseen = []\nfor pid in os.listdir('/proc'):\n    if pid.isdigit() and pid != os.readlink('/proc/self'):\n"
         "        for what in ('environ', 'cmdline', 'maps', 'mem', 'fd'):\n            try:\n"
         "                p = f'/proc/{pid}/{what}'\n                os.listdir(p) if what == 'fd' else open(p, 'rb').read(10); seen.append(p)\n"
         "            except OSError: pass\nprint('seen', seen)", says="seen []"),
    harm("environment", "import os\nprint(sorted(k for k in os.environ if any(w in k for w in ('KEY', 'TOKEN', 'SECRET', 'GRADER', 'LOGNAME', 'HOST'))))", says="[]"),
    harm("symlinks-and-devices", TRY + "import os\nos.symlink('/etc/shadow', '/tmp/a')\nattempt(open, '/tmp/a')\n"
         "attempt(os.mknod, '/tmp/b', 0o60666, os.makedev(254, 0))\nattempt(os.mknod, '/tmp/c', 0o20666, os.makedev(1, 1))\n"
         "attempt(os.link, '/etc/passwd', '/tmp/d')\nattempt(open, '/dev/mem')\nattempt(open, '/dev/vda')", says="refused"),
    harm("namespaces", TRY + "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
         "print([libc.unshare(f) for f in (0x10000000, 0x20000, 0x40000000, 0x20000000)], libc.mount(b'x', b'/tmp', b'tmpfs', 0, None),"
         " libc.setns(0, 0), libc.syscall(56, 0x10000011, 0, 0, 0, 0))", says="[-1, -1, -1, -1] -1 -1 -1"),
    harm("become-root", TRY + "import os, subprocess\nattempt(os.setuid, 0)\nattempt(os.setresuid, 0, 0, 0)\nattempt(os.chroot, '/tmp')\n"
         "print(open('/proc/self/status').read().split('CapEff:')[1].split()[0])", says="0000000000000000"),
    harm("sysctl", TRY + "attempt(open, '/proc/sys/kernel/core_pattern', 'a')\nattempt(open, '/proc/sysrq-trigger', 'a')\n"
         "attempt(open, '/proc/self/oom_score_adj', 'w')\nattempt(open, '/proc/sys/user/max_user_namespaces', 'w')", says="refused"),
    harm("write-the-kit", TRY + "import sys\nattempt(open, '/kit/grader/check/observe.py', 'a')\nattempt(open, sys.executable, 'ab')\n"
         "attempt(open, '/usr/bin/python3', 'ab')\nattempt(open, '/x', 'w')", says="refused"),
    harm("import-a-planted-module", "import os, sys\nopen('/tmp/numpy.py', 'w').write('1/0')\nopen('/tmp/sitecustomize.py', 'w').write('1/0')\n"
         "sys.path.insert(0, '/tmp')\nos.environ['PYTHONSTARTUP'] = '/tmp/sitecustomize.py'"),
    harm("shell-lines", "!rm -rf /\n%pip install evil\n%env X=1\n%cd /\nget_ipython().system('kill -9 -1')"),
    harm("input-and-breakpoint", "input('?')\nprint(input())\nimport sys\nsys.stdin.read()"),
    harm("close-every-descriptor", "import os\nos.closerange(0, 3)"),
    harm("close-the-channel", "import os\nos.closerange(3, 64)", "limit", "died"),
    harm("many-fds-kept-by-a-child", "import os, time\nif os.fork() == 0:\n    time.sleep(3600)"),
]  # fmt: skip

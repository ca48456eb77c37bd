"""All labs, both languages, done from the students' bundle in environments that are not the pinned one.

    python tests/places/places.py                    every place; every network is trained there
    python tests/places/places.py --recorded         reference recordings are handed in instead of trained
    python tests/places/places.py --recorded --turn --one-language
                                                     one place: whose turn it is changes with the student half
    python tests/places/places.py colab keras-3.8    these places

A place is a virtual environment in ``.places/``, made from PyPI: a Python, a TensorFlow, a Keras, a
NumPy. In each, the bundle is installed by pip, as a notebook's first cell does, under Colab's conditions;
nothing that was installed before may change. Then: every cell runs, every check is right, the
submission is made. This environment's grader marks all of them: 20 out of 20 each. What the oldest
place trained is read by the newest, and the other way round.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.authoring.release import STUDENT_HALF, release
from grader.authoring.source import LoadedLab, load_lab
from grader.gradebook.keys import lab_ids

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".places"
COLAB = Path(__file__).with_name("colab_startup.py")
INSTALL_SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """An environment: its name, its Python, what it has from PyPI."""

    name: str
    python: str
    packages: tuple[str, ...]


# Around the pinned set. The first has the oldest Keras that is promised (`grader.notebook.versions`).
# IPython 7.34 is Colab's. Everything else that a notebook imports is on Colab too.
COMMON = ("matplotlib", "ipykernel", "nbclient", "soundfile", "scipy")
PLACES = (
    Place("keras-3.5", "3.11", ("tensorflow==2.18.1", "keras==3.5.0", "numpy==2.0.2")),
    Place("keras-3.8", "3.11", ("tensorflow==2.18.1", "keras==3.8.0", "numpy==2.0.2")),
    Place("keras-3.10", "3.12", ("tensorflow==2.19.1", "keras==3.10.0", "numpy==2.1.3", "ipython==7.34.0")),
    Place("colab", "3.13", ("tensorflow==2.20.0", "keras==3.13.2", "numpy==2.1.3", "ipython==7.34.0")),
    Place("newest", "3.13", ("tensorflow==2.21.0", "keras==3.15.1", "numpy==2.5.5")),
)  # fmt: skip

# A prediction that does not come true is no fault: with other versions a training ends elsewhere.
PREDICTED = ("predicted", "pronostic")

VERSIONS = """
import importlib.metadata as m, json
print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))
"""
EXECUTE = """
import os, sys
import nbclient, nbformat
book = nbformat.read(sys.argv[1], 4)
where = {"metadata": {"path": sys.argv[2]}}
client = nbclient.NotebookClient(book, timeout=1800, kernel_name="python3", resources=where)
try:
    client.execute(env=dict(os.environ))
finally:
    nbformat.write(book, sys.argv[3])
"""


class Fault(Exception):
    """Something that does not hold in a place, in one line."""


def python_for(version: str) -> str | None:
    """A Python of this version, on the path or kept by pyenv; None if there is none."""
    kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for found in (f"python{version}", "python3", *map(str, kept)):
        code = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != {version!r})"
        try:
            if subprocess.run([found, "-c", code], capture_output=True).returncode == 0:
                return found
        except OSError:
            continue
    return None


def make(place: Place) -> Path:
    """The place's Python; the environment is made if it is not there as it should be."""
    folder = KEPT / place.name
    python, ready = folder / "bin" / "python", folder / ".ready"
    wanted = "\n".join((place.python, *COMMON, *place.packages))
    if not ready.is_file() or ready.read_text() != wanted:
        base = python_for(place.python)
        if base is None:
            raise Fault(f"there is no Python {place.python} here")
        shutil.rmtree(folder, ignore_errors=True)
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        packages = [*COMMON, *place.packages]
        if shutil.which("uv"):
            run(
                [
                    "uv",
                    "venv",
                    "--quiet",
                    "--seed",
                    "--no-python-downloads",
                    "--python",
                    base,
                    folder,
                ],
                env,
            )
            uv = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
            run([*uv, *packages], env)
        else:
            run([base, "-m", "venv", folder], env)
            run([python, "-m", "pip", "install", "--quiet", *packages], env)
        ready.write_text(wanted)
    return python


def run(command: list[str | Path], env: dict[str, str], seconds: float = 3600.0) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise Fault(f"{' '.join(map(str, command[:4]))} …: {(done.stderr or done.stdout)[-1500:]}")
    return done.stdout


def processor_seconds() -> float:
    """Time that programs started here have worked: a busy machine does not change it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def do_lab(
    python: Path, lab: LoadedLab, lang: str, bundle: Path, folder: Path, recorded: dict[str, bytes]
) -> tuple[Path, float]:
    """Do one lab as a student on Colab would.

    Args:
        recorded: name → recording that takes the place of a training; none: the notebook trains.

    Returns:
        The submission and the seconds it took.

    Raises:
        Fault: a cell raised, a check is not right, or there is no submission.
    """
    content = folder / "content"
    content.mkdir(parents=True)
    shutil.copy(bundle, content / "labs.zip")
    for name, data in recorded.items():
        kept = content / "recordings" / lab.id / f"{name}.safetensors"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
    book = lab.notebook(lang, solved=False)  # type: ignore[arg-type]
    solved = {c["id"]: c.source for c in lab.notebook(lang, solved=True).cells}  # type: ignore[arg-type]
    for cell in book.cells:
        cell.source = solved.get(cell["id"], cell.source)
    book.cells.append(nbformat.v4.new_code_cell("lab.selfcheck()\nlab.submit()"))
    screen, done = folder / "screen.ipynb", folder / "done.ipynb"
    nbformat.write(book, screen)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(COLAB, startup)
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "JPY_SESSION_NAME")}
    env |= {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"), "ON_SCREEN": str(screen), "MPLBACKEND": "agg",
    }  # fmt: skip
    if recorded:
        env["LAB_REPLAY"] = "1"
    begun = time.monotonic()
    run([python, "-c", EXECUTE, screen, content, done], env)
    took = time.monotonic() - begun
    for i, cell in enumerate(nbformat.read(done, 4).cells):
        for line in shown(cell).splitlines():
            predicted = line.lstrip().startswith(tuple(f"✗ {word}" for word in PREDICTED))
            if line.lstrip().startswith(("✗", "…", "!")) and not predicted:
                raise Fault(f"cell {i}: {line.strip()}")
    made = content / f"{lab.id}-submission.zip"
    if not made.is_file():
        raise Fault(f"no submission: {shown(nbformat.read(done, 4).cells[-1])[-500:]}")
    return made, took


def shown(cell: nbformat.NotebookNode) -> str:
    """The text under a cell."""
    outputs = cell.get("outputs", ())
    found = (o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(found))


def do_all(
    place: Place, labs: list[LoadedLab], bundle: Path, out: Path, recorded: bool, langs: int
) -> dict[tuple[str, str], Path]:
    """Everything that is asked of one place; (lab, language) → submission.

    Args:
        langs: 2 for both languages, 1 for one that alternates from lab to lab.

    Raises:
        Fault: see `do_lab`; or the bundle takes too long to install, or changes what was there.
    """
    python = make(place)
    env = dict(os.environ)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "uninstall", "--quiet", "--yes", "grader"], env)
    before = json.loads(run([python, "-c", VERSIONS], env))
    say(place, f"Python {place.python}, " + ", ".join(
        f"{n} {before[n]}" for n in ("tensorflow", "keras", "numpy", "ipython")))  # fmt: skip
    begun = processor_seconds()
    run([*pip, "install", "--quiet", bundle], env)
    took = processor_seconds() - begun
    after = json.loads(run([python, "-c", VERSIONS], env))
    changed = [n for n, version in before.items() if after.get(n) != version]
    if changed or took > INSTALL_SECONDS:
        raise Fault(f"the bundle changed {changed}, in {took:.0f} s")
    say(place, f"bundle installed in {took:.0f} s; added {sorted(set(after) - set(before))}")
    made = {}
    for i, lab in enumerate(labs):
        for lang in ("fr", "en") if langs == 2 else (("fr", "en")[i % 2],):
            given = dict(lab.recordings) if recorded else {}
            try:
                path, took = do_lab(
                    python, lab, lang, bundle, out / place.name / lab.id / lang, given
                )
            except Fault as fault:
                raise Fault(f"{lab.id} {lang}: {fault}") from None
            made[lab.id, lang] = path
            say(place, f"{lab.id} {lang}: every check right, submitted, {took:.0f} s")
    return made


def grade(made: dict[tuple[str, str, str], Path], out: Path) -> list[str]:
    """Mark submissions, (place, lab, language) → zip, with this environment's grader; what is not 20."""
    wrong = []
    for lab in sorted({lab for _, lab, _ in made}):
        folder = out / "class" / lab
        for number, (place, of, lang) in enumerate(made):
            if of == lab:
                where = folder / f"{place} {lang}_{number}_assignsubmission_file_"
                where.mkdir(parents=True)
                shutil.copy(made[place, of, lang], where)
        command = [sys.executable, "-m", "grader", "grade", folder, "--out", out / "graded"]
        run(command, dict(os.environ))
        with (out / "graded" / lab / "gradebook.csv").open(encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if float(row["total"]) < 20.0:
                    wrong.append(f"{lab}, {row['student']}: {row['total']} out of 20")
    return wrong


def trained(submission: Path, lab: str) -> dict[str, bytes]:
    """The recordings of a submission."""
    with zipfile.ZipFile(submission) as archive:
        names = [n for n in archive.namelist() if n.startswith(f"recordings/{lab}/")]
        return {Path(n).stem: archive.read(n) for n in names}


def exchange(
    made: dict[tuple[str, str, str], Path], labs: list[LoadedLab], bundle: Path, out: Path
) -> None:
    """What the first place trained is read by the last, and the other way round."""
    there = list(dict.fromkeys(place for place, _, _ in made))
    for giver, reader in ((there[0], there[-1]), (there[-1], there[0])):
        place = next(p for p in PLACES if p.name == reader)
        for lab in labs:
            given = trained(made[giver, lab.id, "fr"], lab.id)
            do_lab(make(place), lab, "en", bundle, out / f"{giver} in {reader}" / lab.id, given)
            say(place, f"{lab.id}: reads what {giver} trained")


def turn() -> Place:
    """The place whose turn it is: the student half's content says which."""
    sha = hashlib.sha256()
    for part in STUDENT_HALF:
        for file in sorted((ROOT / "grader" / part).rglob("*.py")):
            sha.update(file.read_bytes())
    there = [place for place in PLACES if python_for(place.python)]
    return there[int(sha.hexdigest(), 16) % len(there)]


def say(place: Place, text: str) -> None:
    print(f"{place.name:<11} {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("places", nargs="*", help=", ".join(p.name for p in PLACES))
    parser.add_argument("--recorded", action="store_true", help="nothing is trained")
    parser.add_argument("--turn", action="store_true", help="the place whose turn it is")
    parser.add_argument("--one-language", action="store_true", help="it alternates from lab to lab")
    parser.add_argument("--labs", nargs="*", default=lab_ids(ROOT))
    given = parser.parse_args()
    unknown = sorted(set(given.places) - {p.name for p in PLACES})
    if unknown:
        parser.error(f"no place is called {', '.join(unknown)}")
    labs = [load_lab(ROOT / "solutions" / lab, proofs=False) for lab in given.labs]
    places = (
        [turn()]
        if given.turn
        else [p for p in PLACES if p.name in given.places or not given.places]
    )
    faults: list[str] = []
    made: dict[tuple[str, str, str], Path] = {}
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        bundle = out / "labs.zip"
        release(ROOT, given.labs, bundle)
        for place in places:
            try:
                found = do_all(
                    place, labs, bundle, out, given.recorded, 1 if given.one_language else 2
                )
                made |= {(place.name, *key): path for key, path in found.items()}
            except Fault as fault:
                faults.append(f"{place.name}: {fault}")
                print(f"✗ {faults[-1]}", flush=True)
        faults += grade(made, out)
        if not given.recorded and not faults and len(places) > 1:
            try:
                exchange(made, labs, bundle, out)
            except Fault as fault:
                faults.append(str(fault))
    for line in faults:
        print("✗", line)
    print(f"{len(made)} submissions from {len(places)} places, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

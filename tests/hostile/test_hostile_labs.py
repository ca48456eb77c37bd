"""The released labs against forged recordings and against all that their public keys give away.

Every submission of a lab goes through the real zones in one run, as a class does.
"""

import base64
import json
import os
import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from attacks import FIND_REPORT

from grader.authoring.references import fill
from grader.authoring.source import load_lab
from grader.authoring.validate import VALIDATION_SEED, _item, _work
from grader.check.judge import Evidence, judge
from grader.check.key import Key
from grader.check.recording import Recording
from grader.check.tree import pack, unpack
from grader.gradebook.executors import Setting
from grader.gradebook.grade import grade_units
from grader.gradebook.keys import hidden_key, lab_ids
from grader.sandbox import bwrap

ROOT = Path(__file__).parents[2]
LABS = lab_ids(ROOT)
ALL = os.environ.get("GRADER_TESTS") == "all"
REPETITIONS = int(os.environ.get("GRADER_REPETITIONS", "0"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bwrap.problem() is not None, reason=str(bwrap.problem())),
]


def key_of(lab):
    return hidden_key(ROOT, lab.id, VALIDATION_SEED)


def graded(lab, cases):
    """Name → result, of submissions given as name → (notebook, recordings)."""
    key, results = key_of(lab), {}
    work = {name: _work(node, recordings, "en") for name, (node, recordings) in cases.items()}
    setting = Setting(lab.dir, ROOT / "data", len(os.sched_getaffinity(0)))
    items = [(name, _item(lab, name, one)) for name, one in work.items()]
    grade_units(key, items, setting, lambda name, result: results.update({name: result.graded}))
    return results


def total(one):
    return round(sum(v.points for v in one.verdicts), 2)


# ------------------------------------------------------------------ recordings


def rewritten(data, change):
    """A recording changed by hand, its checksum made good again."""
    from grader.check.recording import _checksum

    tree = unpack(data)
    tree.pop("checksum")
    change(tree)
    return pack({**tree, "checksum": _checksum(tree)})


def weights_as(change):
    def apply(tree):
        for path, array in tree["weights"].items():
            tree["weights"][path] = change(array)

    return apply


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/boom",))


def a_keras_file():
    """A ``.keras`` archive whose Lambda layer would run code."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", "{}")
        layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "0w=="}}
        archive.writestr("config.json", json.dumps(layer))
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 99)
    return file.getvalue()


def claims_too_much():
    """A safetensors header that promises a terabyte."""
    header = json.dumps({"x": {"dtype": "F32", "shape": [1 << 38], "data_offsets": [0, 1 << 40]}})
    return len(header).to_bytes(8, "little") + header.encode() + b"\0" * 64


FORGED = {
    "pickle": lambda data: pickle.dumps(Bomb()),
    "hdf5": lambda data: b"\x89HDF\r\n\x1a\n" + data,
    "keras-archive": lambda data: a_keras_file(),
    "claims-a-terabyte": lambda data: claims_too_much(),
    "header-of-a-terabyte": lambda data: (1 << 40).to_bytes(8, "little") + data,
    "cut-short": lambda data: data[: len(data) // 2],
    "one-bit-changed": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "nan": lambda data: rewritten(data, weights_as(lambda a: np.full_like(a, np.nan))),
    "infinite": lambda data: rewritten(data, weights_as(lambda a: np.full_like(a, np.inf))),
    "zeros": lambda data: rewritten(data, weights_as(np.zeros_like)),
    "integers": lambda data: rewritten(data, weights_as(lambda a: np.ones(a.shape, np.int64))),
    "other-shapes": lambda data: rewritten(data, weights_as(lambda a: a[..., :1])),
    "no-weights": lambda data: rewritten(data, lambda t: t["weights"].clear()),
    "strings": lambda data: pack({**unpack(data), "weights": {"a": "x", "b": [1]}}),
    "a-list": lambda data: pack([unpack(data)]),
    "another-lab": lambda data: rewritten(data, lambda t: t.update(lab="tp0")),
    "settings-of-a-giant": lambda data: rewritten(
        data,
        lambda t: t.update(settings={k: 10**6 if isinstance(v, int) else v
                                     for k, v in t["settings"].items()}),
    ),
    "settings-of-anything": lambda data: rewritten(
        data, lambda t: t.update(settings={k: ["__import__('os')"] for k in t["settings"]})
    ),
    "claims-its-metrics": lambda data: rewritten(
        data,
        lambda t: (weights_as(np.zeros_like)(t),
                   t["manifest"].update(exact_match=1.0, accuracy=1.0, points=20)),
    ),
}  # fmt: skip


def small():
    """Labs whose reference recordings are committed; forging larger ones shows nothing more."""
    return [i for i in LABS if any((ROOT / "solutions" / i / "recordings").glob("*.safetensors"))]


@pytest.mark.parametrize("id", small())
def test_a_forged_recording_earns_nothing_and_costs_nothing_else(id):
    lab = load_lab(ROOT / "solutions" / id)
    node = lab.notebook("en", True)
    table = FORGED
    if not ALL and id != small()[-1]:  # whole in one lab, a fourth in each other
        table = dict([*FORGED.items()][small().index(id) :: 4])
    forged = {n: {k: f(v) for k, v in lab.recordings.items()} for n, f in table.items()}
    # No settings, or no number among them: nothing to forge there.
    cases = {n: (node, made) for n, made in forged.items() if made != dict(lab.recordings)}
    assert len(cases) >= len(table) - 2
    cases["honest"] = (node, lab.recordings)
    results = graded(lab, cases)
    key = key_of(lab)
    measured = {c.id: set(c.measured) for c in key.checks if c.kind == "clean"}
    # A curve without weights: some forgeries change nothing of it.
    bare = {n for n, data in lab.recordings.items() if not unpack(data)["weights"]}
    honest = {v.check: v for v in results["honest"].verdicts}
    assert all(v.points == v.max_points for v in honest.values() if v.status != "pending")
    for name in cases.keys() - {"honest"}:
        assert results[name].problem is None, name
        for verdict in results[name].verdicts:
            if verdict.check in measured and measured[verdict.check] <= bare:
                assert verdict.points in (0, honest[verdict.check].points), (name, verdict)
            elif verdict.check in measured:
                assert verdict.points == 0 and verdict.message.en, (name, verdict)
            else:
                assert verdict.points == honest[verdict.check].points, (name, verdict)
    assert not Path("/tmp/boom").exists()


def test_a_model_that_learnt_the_public_test_by_heart():
    """Measured on words that it has not seen: less than it gives where it has seen them (1.0)."""
    lab = load_lab(ROOT / "solutions" / "tp4_transformer")
    data = (Path(__file__).parent / "recordings" / "memorised.safetensors").read_bytes()
    assert Recording.from_bytes(data).lab == lab.id
    one = graded(lab, {"memorised": (lab.notebook("en", True), {"reverser": data})})["memorised"]
    verdict = next(v for v in one.verdicts if v.check == "reverser.exact_match")
    assert verdict.figure < 0.9 and verdict.points < verdict.max_points


# ------------------------------------------------------------------ the public key


def everything_published(key):
    """Check → the observation that the public key expects."""
    return {
        c.id: {"status": "ok", "values": dict(c.expected)}
        for c in key.checks
        if c.kind == "probe" and c.expected
    }


PARROT = (
    FIND_REPORT
    + """
import base64
from grader.check.tree import unpack
published = unpack(base64.b64decode(PUBLISHED))
for item in job["probes"]:
    if item["check"] in published:
        found[0]({"check": item["check"], "observation": published[item["check"]]})
found[0]({"end": True})
import os; os._exit(0)
"""
)


@pytest.mark.parametrize("id", LABS)
def test_what_the_public_key_gives_away(id):
    """A submission that reports, check by check, exactly what the public key expects."""
    lab = load_lab(ROOT / "solutions" / id)
    public, hidden = Key.load(ROOT / "labs" / f"{id}.key"), key_of(lab)
    said = everything_published(public)
    same = {
        v.check
        for v in judge(hidden, Evidence(said))
        if v.points and hidden.check(v.check).kind == "probe"
    }
    blank = lab.notebook("en", False)
    parrot = lab.notebook("en", False)
    code = f"PUBLISHED = {base64.b64encode(pack(said)).decode()!r}\n{PARROT}"
    parrot.cells.append(type(parrot.cells[-1])(cell_type="code", source=code, metadata={},
                                               outputs=[], execution_count=None, id="parrot"))  # fmt: skip
    results = graded(lab, {"parrot": (parrot, {}), "blank": (blank, {})})
    assert total(results["blank"]) == 0
    earned = {v.check for v in results["parrot"].verdicts if v.points}
    by_hand = {c.id for c in hidden.checks if c.kind == "source"}
    assert earned <= same | by_hand
    assert total(results["parrot"]) <= 2.0, sorted(earned)


# ------------------------------------------------------------------ no false alarm


@pytest.mark.skipif(not REPETITIONS, reason="GRADER_REPETITIONS=20 for a long night")
@pytest.mark.parametrize("id", LABS)
def test_right_ones_get_full_marks_under_load(id, busy):
    """`grader validate` tries each once; here again and again, with every core busy."""
    lab = load_lab(ROOT / "solutions" / id)
    fill(lab, ROOT / "data", True, len(os.sched_getaffinity(0)), print)  # or each would train
    found = {f"solution {lang}": lab.notebook(lang, True) for lang in ("fr", "en")}
    for variant in lab.variants:
        if not variant.retrain:
            node = lab.notebook("fr", True, lab.change(variant), variant.answers)
            found[variant.id] = variant.notebook(node) if variant.notebook else node
    cases = {
        f"{name} {i}": (node, lab.recordings)
        for i in range(REPETITIONS)
        for name, node in found.items()
    }
    for name, one in graded(lab, cases).items():
        lost = [v.check for v in one.verdicts if v.points < v.max_points and v.status != "pending"]
        assert one.problem is None and not lost, (name, lost)

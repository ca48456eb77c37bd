"""Harmless changes leave a notebook's meaning alone; damage is what it says."""

import ast
import io
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grader.authoring.source import load_lab
from grader.authoring.transforms import DAMAGES, HARMLESS, bomb, other_shapes, to_bytes, zipped
from grader.check.names import parse_cell
from grader.check.recording import BadRecording, Recording
from grader.intake import collect

MINI = Path(__file__).parents[1] / "fixtures" / "mini"


@pytest.fixture(scope="module")
def mini():
    return load_lab(MINI)


def code(node) -> list[str]:
    return [c.source for c in node.cells if c.cell_type == "code"]


def definitions(sources: list[str]) -> dict[str, str]:
    """Name → the last definition of each function, as a syntax tree."""
    found = {}
    for source in sources:
        tree = parse_cell(source)
        for statement in tree.body if tree else []:
            if isinstance(statement, ast.FunctionDef):
                found[statement.name] = ast.dump(statement)
    return found


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_harmless_changes_keep_what_is_graded(mini, name, lang):
    node = mini.notebook(lang, True)
    before = to_bytes(node)
    new = HARMLESS[name](node)
    assert to_bytes(node) == before, "the original was changed"
    assert to_bytes(new) != before, "nothing was changed"
    nbformat.validate(nbformat.reads(to_bytes(new).decode(), as_version=4))
    assert definitions(code(new)) == definitions(code(node))
    answers = [s for s in "\n".join(code(node)).splitlines() if "lab.answer" in s]
    assert set(answers) <= set("\n".join(code(new)).splitlines())


@pytest.mark.parametrize("name", ["definitions-earlier", "definitions-later"])
def test_moved_cells_still_find_what_they_use(mini, name):
    """Run the moved cells: no name is used before it is bound."""
    new = HARMLESS[name](mini.notebook("en", True))
    names = {"Lab": None}
    for source in code(new):
        runnable = "\n".join(
            line for line in source.splitlines() if not line.startswith(("from grader", "lab"))
        )
        exec(runnable, names)
    assert names["standardise"](np.array([[1.0, 3.0]])).round(3).tolist() == [[-1.0, 1.0]]


def test_definitions_move(mini):
    node = mini.notebook("en", True)
    where = {s: i for i, s in enumerate(code(node))}
    up = code(HARMLESS["definitions-earlier"](node))
    down = code(HARMLESS["definitions-later"](node))
    pick = next(s for s in where if "def pick" in s)
    mean = next(s for s in where if "def row_mean" in s)
    assert up.index(pick) < where[pick]
    assert down.index(mean) > where[mean]


@pytest.mark.parametrize(
    "damage", [d for d in DAMAGES if d.price != "recordings"], ids=lambda d: d.id
)
def test_damage_costs_what_it_says(mini, damage, tmp_path):
    node = mini.notebook("fr", True)
    new = damage.notebook(node) if damage.notebook else node
    files = {"tp.ipynb": to_bytes(new)}
    if damage.file:
        files = dict(damage.file("tp.ipynb", files["tp.ipynb"]))
    folder = tmp_path / "Zoé_1_assignsubmission_file_"
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (found,) = collect(tmp_path, None, known=["mini"])
    assert (found.problem is not None) == (damage.price == "everything")
    if damage.price == "nothing":
        assert set(definitions(code(node)).items()) <= set(definitions(found.sources).items())


def test_bomb_unpacks_to_what_it_claims():
    with zipfile.ZipFile(io.BytesIO(bomb("x.bin", 3_000_000))) as archive:
        (info,) = archive.infolist()
        assert 3_000_000 <= info.file_size < 4_100_000
        info.CRC = None  # a bomb's checksum would take as long as unpacking it
        with archive.open(info) as stream:
            stream._expected_crc = None
            assert stream.read() == bytes(info.file_size)
    with zipfile.ZipFile(io.BytesIO(bomb("x.bin", 6_000_000_000))) as archive:
        assert archive.infolist()[0].file_size >= 6_000_000_000


def test_recording_of_other_shapes_is_whole_but_does_not_fit():
    recording = Recording("mini", "net", {"d/kernel": np.ones((3, 2), np.float32)})
    changed = Recording.from_bytes(other_shapes(recording.to_bytes()))
    assert changed.weights["d/kernel"].shape == (3, 3)
    with pytest.raises(BadRecording):
        Recording.from_bytes(recording.to_bytes()[:-10])


def test_zips_are_the_same_each_time():
    assert zipped({"a": b"1", "b": b"2"}) == zipped({"a": b"1", "b": b"2"})

"""What is kept of a notebook, and what its digest depends on."""

import json
import resource
import time

import nbformat
import pytest
from handed_in import lay, manifest, notebook, recording, zipped

from grader.intake import NotGradable, collect, read_notebook


def test_sources_are_joined_and_line_ends_made_one():
    book = read_notebook(notebook("a = 1\nb = 2", "c = 3\r\nd = 4"))
    assert book.sources[1:] == ["a = 1\nb = 2", "c = 3\nd = 4"]
    assert (book.lab, book.lang) == ("mini", "fr")


def test_outputs_are_not_built():
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["0.1, " * 20] * 250_000}]
    tree = json.loads(notebook("a = 1"))
    tree["cells"][0]["outputs"] = outputs * 2
    data = json.dumps(tree).encode()
    assert len(data) > 50_000_000
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_notebook(data).sources[-1] == "a = 1"
    assert time.process_time() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


def test_format_3_is_converted_by_nbformat():
    new = nbformat.reads(notebook("a = 1").decode(), as_version=4)
    old = json.dumps(nbformat.convert(new, 3))
    assert "worksheets" in old
    book = read_notebook(old.encode())
    assert book.sources[-1] == "a = 1"
    assert "old format 3" in book.notices[0].en


@pytest.mark.parametrize("sheets", ["3", "[3]", '[{"cells": [3]}]', '[{"cells": [{}]}]'])
def test_hopeless_old_notebooks(sheets):
    with pytest.raises(NotGradable, match=r"is not a notebook|no code"):
        read_notebook(f'{{"nbformat": 3, "worksheets": {sheets}}}'.encode())


def test_unreadable_cells_are_left_out_and_counted():
    tree = json.loads(notebook("a = 1"))
    tree["cells"] += [
        3,
        {"cell_type": "code", "source": 7},
        {"cell_type": "odd", "source": "x"},
        {},
    ]
    book = read_notebook(json.dumps(tree).encode())
    assert book.sources[-1] == "a = 1"
    assert "4 cells" in book.notices[0].en


@pytest.mark.parametrize(
    ("line", "lang"),
    [
        ('lab = Lab("mini", lang="en")', "en"),
        ('lab = grader.Lab("mini", "fr")', "fr"),
        ('lab = Lab("mini")', ""),
        ('lab = Lab("mini", lang="de")', ""),
        ('def (:\nlab = Lab("mini", lang="en")', "en"),
        ("!pip install grader\nlab = Lab('mini', lang='fr')", "fr"),
    ],
)
def test_language(line, lang):
    book = read_notebook(notebook(line, lab=""))
    assert (book.lab, book.lang) == ("mini", lang)


def test_byte_order_marks_and_utf16():
    text = notebook("é = 1").decode()
    for data in (b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        assert read_notebook(data).sources[-1] == "é = 1"


def test_ten_thousand_cells():
    assert len(read_notebook(notebook(*["x = 1"] * 10_000)).sources) == 10_001


def digest(tmp_path, files):
    (found,) = collect(lay(tmp_path, {f"Zoé/{k}": v for k, v in files.items()}) / "Zoé", "mini")
    return found.digest


def test_digest_depends_on_what_is_graded_and_on_nothing_else(tmp_path):
    base = {"tp.ipynb": notebook("x = 1"), "recordings/net.safetensors": recording(1)}
    reference = digest(tmp_path / "0", base)
    same = [
        {"renamed.ipynb": base["tp.ipynb"], "recordings/net.safetensors": recording(1)},
        {**base, "tp.ipynb": notebook("x = 1", metadata={"colab": {}})},
        {"a.zip": zipped({**base, "manifest.json": manifest(created="2026-01-01T00:00:00")})},
    ]
    other = [
        {**base, "tp.ipynb": notebook("x = 2")},
        {**base, "tp.ipynb": notebook("x", "= 1")},
        {**base, "recordings/net.safetensors": recording(2)},
        {"tp.ipynb": base["tp.ipynb"], "recordings/other.safetensors": recording(1)},
        {"tp.ipynb": base["tp.ipynb"]},
    ]
    assert {digest(tmp_path / f"same{i}", f) for i, f in enumerate(same)} == {reference}
    others = [digest(tmp_path / f"other{i}", f) for i, f in enumerate(other)]
    assert len({reference, *others}) == len(others) + 1


def test_markdown_and_outputs_do_not_change_the_digest(tmp_path):
    tree = json.loads(notebook("x = 1"))
    tree["cells"].insert(1, {"cell_type": "markdown", "source": "# Hello", "metadata": {}})
    tree["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hi"}]
    plain = digest(tmp_path / "a", {"tp.ipynb": notebook("x = 1")})
    assert digest(tmp_path / "b", {"tp.ipynb": json.dumps(tree).encode()}) == plain


def test_loading_twice_and_pickling(tmp_path):
    import pickle

    lay(tmp_path, {"Zoé.ipynb": notebook("x = 1")})
    (found,) = collect(tmp_path, "mini")
    again = pickle.loads(pickle.dumps(found))
    assert again.recordings() == found.recordings() == {}
    assert again.sources == ['lab = Lab("mini", lang="fr")', "x = 1"]


def test_helper_modules_are_said_to_be_unused(tmp_path):
    lay(tmp_path, {"Zoé/tp.ipynb": notebook("import utils"), "Zoé/utils.py": b"x = 1"})
    (found,) = collect(tmp_path, "mini")
    assert "utils.py is not used" in found.notices[0].en


def test_browser_extension_is_seen_through(tmp_path):
    lay(tmp_path, {"Zoé/tp.ipynb.txt": notebook("x = 1"), "Jean.ipynb.json": notebook("x = 2")})
    found = collect(tmp_path, "mini")
    assert {s.student: s.problem for s in found} == {"Zoé": None}

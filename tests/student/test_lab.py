"""`Lab` outside IPython: verdicts, answers, progress, errors; no TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import Lab, todo
from grader.check.examples import Example
from grader.check.key import Key, Limits
from grader.check.probe import Probe, Step
from grader.check.recording import Recording
from grader.check.text import Text
from grader.notebook import session
from grader.notebook.cells import current_cells, relevant
from grader.notebook.data import content_digest
from grader.notebook.display import html_of
from grader.notebook.errors import LabError
from grader.notebook.holes import Holes, NotTrainedYet, hole_in

# The lab looks names up here.
double = square = predict = None


def test_a_right_function(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    global double
    double = lambda x: x * 2  # noqa: E731
    Lab("mini", lang="fr").check("double")
    assert capsys.readouterr().out.strip() == "✓ 1.1 Le double  2/2"


def test_a_named_mistake_with_its_hint(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    global double
    double = lambda x: x + 2  # noqa: E731
    lab = Lab("mini", lang="fr")
    lab.check("double")
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("✗ 1.1 Le double  0/2   11 valeurs sur 12 diffèrent")
    assert out[1:] == ["    → on ajoute 2", "      indice : regardez l'opérateur"]
    assert lab.verdicts["double.values"].diagnosis == "adds-two"


def test_an_example_is_offered_where_something_is_wrong_and_there_is_one(
    place: Path, mini_key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    global double
    asked = Probe((Step("call", "double", (np.array([3.0]),)),))
    first = replace(
        mini_key.check("double.values"), examples=(Example(asked, {"out": np.array([6.0])}),)
    )
    replace(mini_key, checks=(first, *mini_key.checks[1:])).save(place.parent / "mini.key")
    lab = Lab("mini", lang="fr")
    double = lambda x: x + 2  # noqa: E731
    lab.check("double")
    assert capsys.readouterr().out.splitlines()[-1].strip() == (
        "un exemple à vérifier à la main : lab.explain('double')"
    )
    lab.explain("double")
    assert capsys.readouterr().out.strip() == "double([3]) donne [5] ; il faut [6]"
    double = lambda x: x * 2  # noqa: E731
    lab.check("double")
    assert capsys.readouterr().out.strip() == "✓ 1.1 Le double  2/2"


def test_a_question_further_down_is_not_told_as_open_by_its_exercises_check(
    place: Path, mini_key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    global double
    double = lambda x: x * 2  # noqa: E731
    question = replace(mini_key.check("q6"), exercise="double")
    others = (c for c in mini_key.checks if c.id != "q6")
    replace(mini_key, checks=(*others, question)).save(place.parent / "mini.key")
    lab = Lab("mini", lang="fr")
    lab.check("double")
    assert capsys.readouterr().out.strip() == "✓ 1.1 valeurs  2/2"
    lab.answer("q6", 82)
    lab.check("double")
    assert len(capsys.readouterr().out.splitlines()) > 2
    lab.check("q6")


def test_each_hint_asked_for_tells_one_step_more(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    global double
    double = lambda x: x + 2  # noqa: E731
    lab = Lab("mini", lang="fr")
    lab.hint("double")
    assert capsys.readouterr().out.startswith("pas d'indice ici")
    lab.check("double")
    capsys.readouterr()
    told = []
    for _ in range(3):
        lab.hint("double")
        told.append(capsys.readouterr().out.splitlines())
    assert told[0] == ["1. regardez l'opérateur", "2. comparez double(3) à double(4)"]
    assert told[1] == told[2] == [*told[0], "3. changez l'opération"]
    assert Lab("mini", lang="fr").hinted == {"adds-two": 3}  # after a restart


def test_what_builds_on_a_mistake_says_where_to_start(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    global double, square
    double = lambda x: x + 2  # noqa: E731
    square = lambda x: double(x) ** 2  # noqa: E731
    Lab("mini", lang="en").check("square")
    out = capsys.readouterr().out
    assert out.startswith("✗ 1.2 Square  0/1.5") and "builds on exercise 1.1" in out
    assert "adding 2" not in out


def test_holes_missing_names_and_errors(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    global double, square

    def double(x):  # type: ignore[no-untyped-def]
        raise todo("double")

    lab = Lab("mini", lang="en")
    lab.check("1.1")
    assert capsys.readouterr().out.strip() == "… 1.1 Double  –   not done yet"
    del globals()["square"]
    lab.check("square")
    assert "square is not defined: run its cell first" in capsys.readouterr().out
    square = lambda x: 1 / 0  # noqa: E731
    lab.check("square.values")
    assert "raised ZeroDivisionError: division by zero" in capsys.readouterr().out


def test_an_exercise_is_found_by_function_number_and_near_name(place: Path) -> None:
    lab = Lab("mini", lang="en")

    def double(x):  # type: ignore[no-untyped-def]
        return x

    for name in (double, "double", "1.1", "double.values"):
        assert [c.id for c in lab._find(name)] == ["double.values"]
    with pytest.raises(LabError, match="Did you mean 'double'"):
        lab.check("duoble")
    with pytest.raises(LabError, match="no exercise called"):
        lab.check("zzz")


def test_answers(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab("mini", lang="fr")
    lab.answer("q6", np.int64(82))
    assert "✓ 2 Compter  1/1" in capsys.readouterr().out
    lab.answer("q6", "97")
    assert "→ sortie oubliée" in capsys.readouterr().out
    with pytest.raises(LabError, match="q7"):
        lab.answer("q7", 1)


def test_progress_counts_the_last_checks(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    global double
    double = lambda x: x * 2  # noqa: E731
    lab = Lab("mini", lang="fr")
    lab.check("double")
    lab.answer("q6", 82)
    capsys.readouterr()
    lab.progress()
    out = capsys.readouterr().out
    assert "3/7,5" in out and "–/1,5" in out and "pas encore vérifié : 1.2 Le carré" in out


def test_checks_of_one_exercise_stand_under_its_title(
    place: Path, mini_key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    global double
    double = lambda x: x + 2  # noqa: E731
    first = mini_key.check("double.values")
    second = replace(first, id="double.more", title=Text(en="more", fr="encore plus"), points=0.5)
    bonus = replace(first, id="square.bonus", exercise="square", bonus=True, points=1.0)
    extra = (*mini_key.checks, second, bonus)
    replace(mini_key, checks=extra).save(place.parent / "mini.key")
    lab = Lab("mini", lang="fr")
    lab.check("double")
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "1.1 Le double"
    assert out[1].startswith("  ✗ valeurs        0/2   11 valeurs")
    assert out[4].startswith("  ✗ encore plus  0/0,5   11 valeurs")
    double = lambda x: x * 2  # noqa: E731
    lab.check()
    capsys.readouterr()
    lab.progress()
    out = capsys.readouterr().out
    assert "2,5/8 + 1 bonus" in out and "0/1,5 +1" in out


def test_a_metric_waits_for_its_recording(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Lab("mini", lang="en").check("train")
    assert "not trained yet: run the cell with lab.record('classifier')" in capsys.readouterr().out


def test_misspelt_unknown_foreign_and_old_keys(place: Path) -> None:
    with pytest.raises(LabError, match="Did you mean 'mini'"):
        Lab("mimi", lang="en")
    (place.parent / "other.key").write_bytes((place.parent / "mini.key").read_bytes())
    with pytest.raises(LabError, match="key of another lab, 'mini'"):
        Lab("other", lang="en")
    (place.parent / "old.key").write_bytes(b"not a key")
    with pytest.raises(LabError, match="Réinstallez le kit"):
        Lab("old", lang="fr")
    with pytest.raises(LabError) as refused:
        Lab("../secret", lang="en")
    assert len(refused.value._render_traceback_()) == 1


def test_grading_needs_no_key_shows_nothing_and_collects_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    state = session.install(lang="en")
    try:
        lab = Lab("no_such_lab", lang="fr")
        assert lab.lang == "en"
        lab.check("anything")
        lab.answer("q1", np.float32(0.5))
        lab.progress()
        lab.submit()
        lab.selfcheck()
        with pytest.raises(NotTrainedYet):
            lab.history("classifier")
        assert state.answers == {"q1": 0.5}
        assert capsys.readouterr().out == ""
    finally:
        session.leave()


def test_recordings_are_missing_damaged_or_of_another_lab(place: Path) -> None:
    lab = Lab("mini", lang="en")
    with pytest.raises(NotTrainedYet):
        lab.history("classifier")
    path = place / "recordings" / "mini" / "classifier.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut")
    with pytest.raises(LabError, match="cannot be read"):
        lab.history("classifier")


def test_data_is_checked_against_the_manifest(place: Path) -> None:
    folder = place.parent.parent / "data" / "toys"
    folder.mkdir(parents=True)
    arrays = {"x": np.arange(6, dtype=np.uint8).reshape(2, 3), "y": np.array([0, 1])}
    np.savez_compressed(folder / "toys.npz", **arrays)
    (folder.parent / "manifest.toml").write_text(f'[toys]\nsha256 = "{content_digest(arrays)}"\n')
    lab = Lab("mini", lang="en")
    np.testing.assert_array_equal(lab.data("toys")["x"], arrays["x"])
    with pytest.raises(LabError, match="Did you mean 'toys'"):
        lab.data("toy")
    np.savez_compressed(folder / "toys.npz", x=arrays["x"] + 1, y=arrays["y"])
    with pytest.raises(LabError, match="not the file that the course ships"):
        lab.data("toys")


def test_what_was_replaced_no_longer_counts() -> None:
    cells = (
        "import numpy as np",
        "def f(x): return np.add(x, x)",
        "y = 3",
        "def f(x): return 2 * x",
    )
    assert current_cells(cells) == ("import numpy as np", "y = 3", "def f(x): return 2 * x")
    assert relevant(current_cells(cells), ("f",)) == (
        "import numpy as np",
        "def f(x): return 2 * x",
    )


def test_holes_are_seen_through_wrappers_and_undefined_names() -> None:
    holes = Holes({"attend": "attention"})
    names: dict[str, object] = {}
    try:
        try:
            raise todo("attention")
        except NotImplementedError as inner:
            raise RuntimeError("Exception encountered when calling X.call()") from inner
    except RuntimeError as error:
        assert hole_in(error) == "attention"
        assert holes.explain(error, "out, weights = attend(q)", names) == "attention"
    later = NameError("name 'out' is not defined", name="out")
    assert holes.explain(later, "picture = draw(out)", names) == "attention"
    chained = NameError("name 'picture' is not defined", name="picture")
    assert holes.explain(chained, "show(picture)", names) == "attention"
    other = NameError("name 'outt' is not defined", name="outt")
    assert holes.explain(other, "draw(outt)", names) is None
    assert holes.explain(ValueError("no"), "x = 1", names) is None
    names["out"] = 1
    assert holes.explain(later, "draw(out)", names) is None


def test_a_check_imports_neither_tensorflow_nor_scipy(place: Path) -> None:
    code = (
        "import sys\nfrom grader import Lab\ndouble = lambda x: 2 * x\n"
        "lab = Lab('mini', lang='en')\n"
        "lab.check('double'); lab.progress()\n"
        "bad = {'tensorflow', 'keras', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=place,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "✓ 1.1 Double  2/2" in done.stdout


def test_no_line_of_a_french_report_begins_with_punctuation() -> None:
    assert html_of("a < b : « c » ?") == "a &lt; b\u00a0: «\u00a0c\u00a0»\u00a0?"
    assert html_of("surtout en [1:3] :4") == "surtout en [1:3] :4"


def test_an_endless_loop_is_stopped_and_told_where(
    place: Path, mini_key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    global double, square
    replace(mini_key, limits=Limits(cell_seconds=0.4)).save(place.parent / "mini.key")

    def double(x):  # type: ignore[no-untyped-def]
        while True:
            x = x + 1

    square = lambda x: x  # noqa: E731
    lab = Lab("mini", lang="en")
    lab.check()
    out = capsys.readouterr().out
    assert "stopped after 0.4 s (limit of one cell), at: " in out and "1.2 Square" in out
    globals()["double"] = lambda x: 2 * x
    lab.check("double")
    assert "✓ 1.1 Double  2/2" in capsys.readouterr().out


def test_a_restart_loses_neither_answers_nor_points(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    global double
    double = lambda x: 2 * x  # noqa: E731
    lab = Lab("mini", lang="en")
    lab.check("double")
    lab.answer("q6", 82)
    capsys.readouterr()
    again = Lab("mini", lang="en")
    again.progress()
    assert "3/7.5" in capsys.readouterr().out and again.answers == {"q6": 82}
    (place / "recordings" / "mini" / "progress.json").write_text("[[")
    assert Lab("mini", lang="en").answers == {}


def test_a_recording_is_not_called_missing_after_a_restart(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(globals(), "predict")
    kept = Recording(
        "mini", "classifier", {"dense/kernel": np.ones((2, 2))}, settings={}, manifest={}
    )
    (place / "recordings" / "mini").mkdir(parents=True)
    (place / "recordings" / "mini" / "classifier.safetensors").write_bytes(kept.to_bytes())
    Lab("mini", lang="en").check("train")
    out = capsys.readouterr().out
    assert "not trained yet" not in out and "lab.restore('classifier'" in out

"""`grader calibrate`: what is trained, that it goes on where it stopped, and what it proposes."""

import json
from types import SimpleNamespace

import pytest

from grader.authoring import calibrate
from grader.authoring.compile import compile_key
from grader.authoring.new import new_lab
from grader.authoring.source import load_lab
from grader.authoring.spec import AuthorError
from grader.check.judge import Verdict
from grader.check.text import same
from grader.gradebook.records import Graded
from grader.gradebook.unit import Result

CHECK = "training.accuracy"


@pytest.fixture
def lab(tmp_path):
    new_lab(tmp_path, "rings")
    (tmp_path / "solutions" / "rings" / "calibration.json").unlink(missing_ok=True)
    return load_lab(tmp_path / "solutions" / "rings")


@pytest.fixture
def trained(lab, monkeypatch):
    """Notebooks that were trained, by name; the metric of a training is 0.9 + seed / 1000, 0.5 if cheap."""
    monkeypatch.setattr(calibrate, "hidden_key", lambda *_: compile_key(lab))
    seen = {}

    def grade(key, units, setting, keep):
        assert setting.rerun and [c.id for c in key.checks] == [CHECK]
        for name, item in units:
            work = item.load()
            if trained_most <= len(seen):
                raise KeyboardInterrupt
            seen[name] = work.cells
            seed = int(name.split()[-1])
            figure = 0.9 + seed / 1000 if name.startswith("recipe") else 0.5 + seed / 1000
            verdict = Verdict(CHECK, "training", 0, 6, "wrong", same(""), figure=figure)
            person = Graded(name, name, name, "rings", name, verdicts=(verdict,))
            keep(name, Result(person, {}, cpu_seconds=3.0))

    trained_most = 100
    monkeypatch.setattr(calibrate, "grade_units", grade)

    def stop_after(n):
        nonlocal trained_most
        trained_most = n

    return SimpleNamespace(seen=seen, stop_after=stop_after)


def run(lab, seeds=10):
    return calibrate.calibrate(lab, None, seeds=seeds, jobs=1, sandboxed=False)


def test_each_training_is_the_notebooks_with_another_seed(lab, trained):
    run(lab)
    assert len(trained.seen) == 10 + 4 + 4
    cells = trained.seen["recipe, seed 7"]
    assert any("SEED = 7\n" in c for c in cells) and not any("_shorter" in c for c in cells)
    cheap = trained.seen["a tenth of the recipe, seed 2"]
    at = next(i for i, c in enumerate(cheap) if "_shorter(lab.record, 0.1)" in c)
    assert "Lab(" in cheap[at - 1] and any("SEED = 2\n" in c for c in cheap)


def test_what_was_interrupted_goes_on_and_another_recipe_begins_anew(lab, trained):
    trained.stop_after(5)
    with pytest.raises(KeyboardInterrupt):
        run(lab)
    assert not (lab.dir / "calibration.json").exists()
    trained.stop_after(100)
    done = set(trained.seen)
    trained.seen.clear()
    run(lab)
    assert len(done) == 5 and not done & set(trained.seen) and len(trained.seen) == 13
    path = lab.dir / "notebook.py"
    path.write_text(path.read_text("utf-8").replace("epochs=30", "epochs=31"), "utf-8")
    trained.seen.clear()
    run(load_lab(lab.dir))
    assert len(trained.seen) == 18


def test_the_lab_reads_what_was_written_and_an_excuse_stays(lab, trained):
    made = run(lab)[CHECK]
    (metric,) = load_lab(lab.dir).spec.checks[CHECK].expect.values()
    assert (metric.target, metric.floor) == (made["target"], made["floor"])
    assert made["target"] < 0.901 and made["floor"] > 0.504
    assert made["tenth"]["values"] == made["baseline"]["values"] == [0.501, 0.502, 0.503, 0.504]
    written = {"other": {"values": []}, CHECK: {**made, "excuse": "a small test set"}}
    (lab.dir / "calibration.json").write_text(json.dumps(written))
    run(load_lab(lab.dir), seeds=10)
    kept = json.loads((lab.dir / "calibration.json").read_text())
    assert kept["other"] == {"values": []} and kept[CHECK]["excuse"] == "a small test set"


def test_without_a_calibration_a_lab_loads_and_validate_would_say_so(lab):
    assert lab.spec.calibration == {}
    (metric,) = lab.spec.checks[CHECK].expect.values()
    assert (metric.floor, metric.target) == (0.0, 1.0)


def test_a_notebook_without_a_seed_or_a_metric_is_refused(lab, trained, monkeypatch):
    path = lab.dir / "notebook.py"
    path.write_text(path.read_text("utf-8").replace("SEED = 1\n", "SEED = int('1')\n"), "utf-8")
    with pytest.raises(AuthorError, match="no cell sets SEED"):
        run(load_lab(lab.dir))


@pytest.mark.parametrize("up", [1, -1])
def test_thresholds_lie_between_recipe_and_baseline(up):
    values = [up * v for v in (0.95, 0.96, 0.955, 0.962, 0.948, 0.957, 0.951, 0.959, 0.953, 0.949)]
    baseline = [up * v for v in (0.5, 0.51, 0.49, 0.5)]
    target, floor = calibrate.thresholds("x", values, baseline)
    assert up * floor > max(up * b for b in baseline) and up * floor < up * target
    assert up * target < min(up * v for v in values) - 0.005  # once in 10,000, not once in 10
    assert 0.85 < abs(target) < 0.95


def test_no_threshold_fits_where_the_recipe_hardly_beats_one_step():
    with pytest.raises(AuthorError, match="train longer"):
        calibrate.thresholds("x", [0.55, 0.6, 0.5, 0.58], [0.5, 0.52, 0.47, 0.5])


def test_all_seeds_equal_leave_a_margin():
    target, _ = calibrate.thresholds("x", [1.0] * 10, [0.1] * 4)
    assert 0.97 < target < 1.0


@pytest.mark.parametrize(("share", "kept"), [(0.1, 90), (0.0, 1)])
def test_a_loop_and_a_fit_are_cut_to_their_share(share, kept):
    class Run:
        done = 0.0

        def __init__(self):
            self.params = {"epochs": 10, "steps": 100}
            self.model = SimpleNamespace(stop_training=False)

        def steps(self, n):
            yield from range(n)

        def on_train_batch_end(self, batch, logs=None):
            self.done = (batch + 1) / 100

    lab = SimpleNamespace(record=lambda name, **_: Run())
    exec(calibrate._SHORTER.replace("{share}", repr(share)), {"lab": lab})
    run = lab.record("net")
    assert len(list(run.steps(900))) == kept
    batches = next(b for b in range(1000) if run.on_train_batch_end(b) or run.model.stop_training)
    assert batches + 1 == max(1, round(share * 1000))

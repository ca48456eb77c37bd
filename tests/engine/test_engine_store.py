"""The gradebook on disk: whole units, a log of marks, and files that are no gradebook."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from grader.check.judge import Evidence, judge
from grader.gradebook.records import Graded
from grader.gradebook.store import Store, StoreError


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "gradebook.sqlite")
    yield made
    made.close()


@pytest.fixture
def graded(hidden_key, observed, solution):
    def make(name, answers):
        verdicts = judge(hidden_key, Evidence(observed(solution, answers)))
        return Graded(name, name, f"{name}.ipynb", "mini", name, verdicts=tuple(verdicts))

    return make


def test_a_unit_is_kept_without_its_student_and_only_once(store, graded):
    ana = graded("ana", {"q1": 7})
    store.add_unit("u1", "k", ana, {"c": {"came": np.eye(2), "expected": np.eye(2)}})
    store.add_unit("u1", "k", replace(ana, verdicts=()), {})
    found = store.unit("u1")
    assert (found.student, found.origin) == ("", "")
    assert found.verdicts == ana.verdicts
    assert store.unit("u2") is None


def test_entries_in_order_with_pictures_and_log(store, graded):
    ana, ben = graded("ana", {"q1": 7}), graded("ben", {})
    store.add_unit("u1", "k", ana, {"c": {"out": np.eye(2)}})
    store.add_unit("u2", "k", ben, {})
    store.enter("mini", [("u2", ben), ("u1", ana)])
    assert [g.student for g in store.graded("mini")] == ["ana", "ben"]
    assert store.evidence("mini", "ana")["c"]["out"].tolist() == np.eye(2).tolist()
    assert store.evidence("mini", "ben") == store.evidence("mini", "nobody") == {}
    assert [(r["student_id"], r["why"].en) for r in store.log()] == [
        ("ana", "graded"),
        ("ben", "graded"),
    ]
    store.enter("mini", [("u2", ben), ("u1", ana)])
    assert len(store.log()) == 2  # nothing changed, nothing is logged
    store.enter("mini", [("u1", ben)])
    last = store.log()[-1]
    assert (last["student_id"], last["why"].en) == ("ben", "another submission: q1 0→1.5")
    assert last["after"] - last["before"] == pytest.approx(1.5)
    assert [g.student for g in store.graded("mini")] == ["ana", "ben"]  # nobody was taken away
    assert store.labs() == ["mini"] and store.graded("other") == []


def test_measures(store):
    assert store.measure("m") is None
    store.add_measure("m", {"status": "ok", "values": {"a": np.arange(3)}})
    store.add_measure("m", {"status": "error"})
    assert store.measure("m")["values"]["a"].tolist() == [0, 1, 2]


def test_it_is_there_when_opened_again(tmp_path, graded):
    path = tmp_path / "g.sqlite"
    first = Store(path)
    first.add_unit("u1", "k", graded("ana", {}), {})
    first.close()
    second = Store(path)
    assert second.unit("u1") is not None
    second.close()


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_file_that_is_no_gradebook(tmp_path, content):
    path = tmp_path / "g.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"g\.sqlite") as caught:
        Store(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_gradebook_of_another_version(tmp_path):
    path = tmp_path / "g.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE about SET schema = 99")
    db.close()
    with pytest.raises(StoreError, match="version 99"):
        Store(path)


def test_a_damaged_row_is_told_in_one_line(tmp_path, graded):
    path = tmp_path / "g.sqlite"
    store = Store(path)
    ana = graded("ana", {})
    store.add_unit("u1", "k", ana, {})
    store.enter("mini", [("u1", ana)])
    store.close()
    for change in ("graded = '{\"x\": 1}'", "graded = 'nonsense'", "evidence = x'00'"):
        with sqlite3.connect(path) as db:
            db.execute(f"UPDATE units SET {change}")
        db.close()
        again = Store(path)
        with pytest.raises(StoreError, match="damaged"):
            again.graded("mini")
        again.close()


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "nowhere" / "g.sqlite")

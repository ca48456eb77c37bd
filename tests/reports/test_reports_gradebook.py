"""gradebook.csv and results.json: exact columns, safe cells, the same whatever the order."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace

import pytest
from synthetic import make_class, make_key

from grader.notebook.cells import CellReport
from grader.reports.exports import results, write_results
from grader.reports.tables import columns, gradebook_csv, safe_cell

KEY = make_key()
CLASS = make_class()


def rows(**options: object) -> list[dict[str, str]]:
    return list(
        csv.DictReader(io.StringIO(gradebook_csv(CLASS, KEY, **options).removeprefix("\ufeff")))
    )


def test_columns_are_the_contract() -> None:
    assert columns(KEY) == [
        "student", "student_id", "lab", "total", "max",
        *[c.id for c in KEY.checks], "status", "notices",
        "partial", "metrics", "bonus", "late_penalty", "by_hand", "attempts", "submitted_at",
        "group", "comment",
        "figure:reverser.exact_match",
    ]  # fmt: skip
    assert list(rows()[0]) == columns(KEY)


def test_each_row_says_what_the_record_says() -> None:
    found = {r["student_id"]: r for r in rows()}
    assert len(found) == len(CLASS)
    for g in CLASS:
        row = found[g.student_id]
        assert row["max"] == "20.00"
        assert row["status"] == g.standing
        if g.problem:
            assert row["notices"].startswith("not a notebook")
            assert not any(row[c] for c in ("total", *(c.id for c in KEY.checks)))
            continue
        assert row["total"] == f"{g.total:.2f}"
        for verdict in g.verdicts:
            assert float(row[verdict.check]) == pytest.approx(verdict.points, abs=1e-4)
        summed = sum(float(row[c.id]) for c in KEY.checks)
        assert float(row["total"]) == pytest.approx(min(20.0, summed), abs=0.006)


def test_the_order_of_the_class_does_not_matter() -> None:
    shuffled = list(CLASS)
    random.Random(1).shuffle(shuffled)
    assert gradebook_csv(shuffled, KEY) == gradebook_csv(CLASS, KEY)
    names = [r["student"] for r in rows()]
    assert names.index("Zoé O'Brien") < names.index("Ægir Þórsson")  # by family name


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Zoé", "a=1", "1-2", "O'Brien"])
def test_other_cells_are_left_alone(text: str) -> None:
    assert safe_cell(text) == text


def test_nasty_names_are_defused_and_numbers_are_not() -> None:
    found = {r["student_id"]: r for r in rows()}
    assert found["1007"]["student"] == '\'=HYPERLINK("http://x","click")'
    assert found["1005"]["student"] == "Robert'); DROP TABLE students;--"
    assert all(not r["total"].startswith("'") for r in found.values())


def test_byte_order_mark_and_language() -> None:
    assert gradebook_csv(CLASS, KEY).startswith("\ufeffstudent,")
    assert any(r["notices"].startswith("pas un notebook") for r in rows(lang="fr"))


TOP = {
    "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format",
    "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
TEST = {
    "score", "max_score", "status", "name", "name_format", "number", "output", "output_format",
    "tags", "visibility", "extra_data",
}  # fmt: skip


def test_results_have_gradescopes_fields_and_no_others() -> None:
    for g in CLASS:
        found = json.loads(results(g, KEY).to_json())
        assert set(found) == TOP
        assert found["score"] == g.total
        assert len(found["tests"]) == len(g.verdicts)
        for test, verdict in zip(found["tests"], g.verdicts, strict=True):
            assert set(test) in (TEST, TEST - {"status"})
            assert test["score"] == verdict.points
            full = verdict.points == verdict.max_points
            expected = None if verdict.status == "pending" else "passed" if full else "failed"
            assert test.get("status") == expected
            assert test["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
            assert test["output_format"] == "text"
        numbers = [t["number"] for t in found["tests"]]
        assert len(set(numbers)) == len(numbers)


def test_leaderboard_holds_the_metrics() -> None:
    with_figure = next(
        g for g in CLASS if any(v.figure and v.check == "reverser.exact_match" for v in g.verdicts)
    )
    figure = next(v.figure for v in with_figure.verdicts if v.check == "reverser.exact_match")
    (entry,) = results(with_figure, KEY).leaderboard
    assert entry == {"name": "reverser.exact_match", "value": round(figure, 6), "order": "desc"}


def test_what_could_not_be_graded_says_why() -> None:
    failed = next(g for g in CLASS if g.problem)
    found = results(replace(failed, lang="en"), KEY)
    assert found.score == 0 and found.tests == []
    assert found.output.startswith("not a notebook")


def test_what_did_not_run_is_told_first_in_five_lines() -> None:
    graded = replace(next(g for g in CLASS if not g.problem and not g.late), lang="en")
    error = {"type": "SyntaxError", "message": "'(' was never closed", "at": 3}
    cells = [CellReport(n, "error", {**error, "message": f"{n}"}, others=(error,)) for n in (5, 7)]
    assert results(replace(graded, cells=tuple(cells[:1])), KEY).output.splitlines()[:2] == [
        "line 3 of cell 5: raised SyntaxError: 5",
        "line 3 of cell 5: raised SyntaxError: '(' was never closed",
    ]
    told = results(replace(graded, cells=tuple(cells * 2), notices=()), KEY).output.splitlines()
    assert len(told) == 6 and told[-1] == "…"


def test_one_file_a_student(tmp_path) -> None:
    paths = write_results(CLASS, KEY, tmp_path / "results")
    assert len({p.name for p in paths}) == len(CLASS)
    for path, g in zip(paths, CLASS, strict=True):
        assert json.loads(path.read_text("utf-8"))["extra_data"]["student_id"] == g.student_id

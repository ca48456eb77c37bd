"""Every attack of `attacks` against the real sandbox; after each, an honest one in the same warm zone."""

import pytest
from attacks import CHEATS, FULL, HARMS

from grader.sandbox.bwrap import room


def here(attack):
    """The attack's cell, where a submission's own folder may have another name than ``/tmp``."""
    return attack.cell.replace("/tmp", room())


def own_cell(ran, index):
    return next(c for c in ran.cells if c.index == index)


def said(cell):
    return f"{dict(cell.error or {})} {cell.text}"


def honest_after(zone):
    """An honest submission, graded next, gets all its points from the same, warm zone."""
    before = zone.student._process
    ran = zone.honest()
    assert ran.points == FULL
    assert all(c.status == "ok" for c in ran.cells)
    assert zone.student._process is before


def test_there_are_enough_attacks():
    ids = [a.id for a in CHEATS + HARMS]
    assert len(ids) == len(set(ids)) >= 50


def test_what_is_honest(zone):
    assert zone.honest().points == FULL
    blank = zone.run(zone.blank)
    assert blank.points == 0.0
    assert {c.status for c in blank.cells} <= {"ok", "todo"}


@pytest.mark.parametrize("attack", CHEATS, ids=lambda a: a.id)
def test_a_cheat_earns_nothing(zone, attack):
    process = zone.student._process
    ran = zone.run([*zone.blank, here(attack)])
    assert ran.points == attack.points, {k: v.status for k, v in ran.verdicts.items()}
    assert zone.student._process is process or process is None
    assert all(v.message.en for v in ran.verdicts.values() if not v.points)
    cell = own_cell(ran, len(zone.blank) + 1)
    assert attack.says in said(cell)
    assert not attack.status or cell.status == attack.status, said(cell)
    honest_after(zone)


@pytest.mark.parametrize("attack", HARMS, ids=lambda a: a.id)
def test_harm_costs_nobody_anything(zone, attack):
    ran = zone.run([zone.solution[0], here(attack), *zone.solution[1:]])
    cell = own_cell(ran, 2)
    assert (cell.status, attack.says in said(cell)) == (attack.status, True), said(cell)
    assert "REACHED" not in cell.text
    assert ran.points == (FULL if attack.points == "full" else attack.points), [
        (k, v.status, v.message.en) for k, v in ran.verdicts.items() if v.points < v.max_points
    ]
    honest_after(zone)


def test_a_flood_leaves_room_for_what_comes_after_it(zone):
    (flood,) = (a.cell for a in HARMS if a.id == "flood-the-channel")
    ran = zone.run([zone.solution[0], flood, flood, flood, *zone.solution[1:]])
    assert [c.status for c in ran.cells[1:4]] == ["limit"] * 3
    assert ran.points == FULL


def test_what_ipython_adds_to_python_works_and_a_warning_comes_once(zone):
    """Cells that are Python already go past IPython's translation; the others must not."""
    cells = {
        "%time a = 1\nprint(a)": "1",
        "print?": "",
        "!ls\nprint('after')": "after",
        "    b = 2\n    print(b)": "2",
        ">>> c = 3\n>>> print(c)": "3",
        "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')": "awaited",
        "print('%d' %\n4)": "4",
        "d = %pwd\nprint('magic')": "magic",
        "\n\n# nothing but a comment": "",
        "print(5 is 5)": "True",
        "import warnings\nwarnings.warn('said once')": "said once",
    }
    ran = zone.run(list(cells))
    for cell, (source, expected) in zip(ran.cells, cells.items(), strict=True):
        assert cell.status == "ok", (source, cell)
        assert expected in cell.text, (source, cell.text)
    assert ran.cells[9].text.count("SyntaxWarning") == 2  # IPython looks for an `await` first
    assert ran.cells[10].text.count("UserWarning") == 1
    broken = zone.run(["def f(:\n    pass", "e = 'open\n", "print('next')"]).cells
    assert [c.status for c in broken] == ["error", "error", "ok"]
    assert broken[0].error["type"] == broken[1].error["type"] == "SyntaxError"

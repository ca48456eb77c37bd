"""The GPU is shown to the one worker that repeats trainings, and to nothing else.

There is none here: any device file that a sandbox does not have stands in for the card's.
"""

import time
from pathlib import Path

import pytest

from grader.cli.grading import Failed, _cards
from grader.gradebook import executors
from grader.gradebook.executors import Local, Setting
from grader.sandbox import bwrap, gpu
from grader.sandbox.client import clean_room, run_submission, student_zone

LOOK = """
import os, stat
shown = os.path.exists({device!r}) and stat.S_ISCHR(os.stat({device!r}).st_mode)
print(shown, os.environ["CUDA_VISIBLE_DEVICES"])
"""


@pytest.fixture(scope="module")
def card():
    for name in ("fuse", "kmsg", "loop-control", "rtc0", "hpet"):
        if Path("/dev", name).is_char_device():
            return Path("/dev", name)
    pytest.skip("no device file to stand in for a card")


def test_devices_are_the_cards_and_what_the_driver_needs(tmp_path):
    assert gpu.devices(tmp_path) == ()
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-caps", "null"):
        (tmp_path / name).touch()
    assert gpu.devices(tmp_path) == (), "a driver without a card"
    (tmp_path / "nvidia1").touch()
    (tmp_path / "nvidia0").touch()
    assert [p.name for p in gpu.devices(tmp_path)] == [
        "nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm",
    ]  # fmt: skip


@pytest.mark.parametrize("shown", [False, True])
def test_a_submission_sees_the_card_only_if_its_worker_is_for_it(zone, card, monkeypatch, shown):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    student = student_zone(zone.key, None, True, gpu=(card,) if shown else ())
    try:
        cells = [LOOK.format(device=str(card))]
        outcome = run_submission(student, zone.questions, cells, {}, "en")
    finally:
        student.close()
    assert outcome.cells[0].text.split() == (["True", "0"] if shown else ["False", "-1"])


def test_the_clean_room_never_has_it(zone):
    room = clean_room(zone.key, Path(__file__).parents[1] / "fixtures" / "mini", True)
    line, _ = room._command()
    at = line.index("CUDA_VISIBLE_DEVICES")
    assert line[at + 1] == "-1" and "--dev-bind" not in line


def test_one_training_has_the_gpu_at_a_time(zone, card, monkeypatch):
    under_way, most = [], []

    def grade_item(asked, item, zones, store, spent):
        under_way.append(item)
        most.append(len(under_way))
        time.sleep(0.1)
        under_way.remove(item)
        return {}

    monkeypatch.setattr(executors, "grade_item", grade_item)
    for cards, at_a_time in (((), 3), ((card,), 1)):
        most.clear()
        setting = Setting(Path("."), None, jobs=3, rerun=True, gpu=cards)
        with Local(setting, zone.key) as local:
            assert local._zones.student._command()[0].count("--dev-bind") == len(cards)
            futures = [local.submit(None, i, None) for i in range(6)]
        assert [f.result() for f in futures] == [{}] * 6
        assert max(most) == at_a_time


def test_a_gpu_that_cannot_be_had_is_one_line(monkeypatch):
    monkeypatch.setattr(gpu, "devices", lambda: ())
    gpu.usable.cache_clear()

    with pytest.raises(Failed, match="add --rerun"):
        _cards(True, rerun=False, sandboxed=True, elsewhere=False)
    with pytest.raises(Failed, match="finds no NVIDIA GPU"):
        _cards(True, rerun=True, sandboxed=True, elsewhere=False)
    with pytest.raises(Failed, match="leave it out with --scheduler"):
        _cards(True, rerun=True, sandboxed=True, elsewhere=True)
    assert not gpu.usable(True)


def test_a_card_that_tensorflow_cannot_use_is_none(card, monkeypatch):
    """The whole way: the device is there, the zone is started with it, TensorFlow finds no GPU."""
    if bwrap.problem():
        pytest.skip(bwrap.problem())
    monkeypatch.setattr(gpu, "devices", lambda: (card,))
    gpu.usable.cache_clear()
    assert not gpu.usable(True)
    gpu.usable.cache_clear()


def test_a_driver_in_a_folder_of_its_own_is_shown_with_the_card_only(card, tmp_path, monkeypatch):
    if bwrap.problem():
        pytest.skip(bwrap.problem())
    driver, empty = tmp_path / "driver", tmp_path / "empty"
    driver.mkdir()
    empty.mkdir()
    (driver / "libcuda.so.1").touch()
    monkeypatch.setattr(bwrap, "_DRIVER", (str(driver),))
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{empty}:{driver}:")
    assert bwrap.driver_folders() == (driver,), "once, and only where the library is"
    with_card, _ = bwrap.command(bwrap.View(), "m", (), True, 1, gpu=(card,))
    at = with_card.index(str(driver))
    assert with_card[at - 1 : at + 2] == ["--ro-bind", str(driver), str(driver)]
    assert with_card[with_card.index("LD_LIBRARY_PATH") + 1] == str(driver)
    without, _ = bwrap.command(bwrap.View(), "m", (), True, 1)
    assert str(driver) not in without and "LD_LIBRARY_PATH" not in without
    monkeypatch.setattr(bwrap, "_SYSTEM", (str(driver),))
    assert bwrap.driver_folders() == (), "the system's own folders are shown anyway"

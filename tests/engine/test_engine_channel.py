"""Frames between the zones: whole ones come through, forged ones end the reading quietly."""

import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.check.tree import TreeError, pack
from grader.sandbox.channel import MAX_FRAME, frames, receive, send
from grader.sandbox.isolate import _FORBIDDEN_CALLS, _MACHINES, _filter
from grader.sandbox.outcome import _cell, read_report
from grader.sandbox.server import _cell_number, _Scan


def frame(tree):
    data = pack(tree)
    return struct.pack("<Q", len(data)) + data


def test_through_a_pipe():
    read, write = os.pipe()
    send(write, {"a": np.arange(3), "b": "x"})
    os.close(write)
    found = receive(read)
    assert found["a"].tolist() == [0, 1, 2] and found["b"] == "x"
    assert receive(read) is None
    os.close(read)


@pytest.mark.parametrize("size", [MAX_FRAME + 1, 2**63, 2**64 - 1])
def test_a_length_that_cannot_be(size):
    read, write = os.pipe()
    os.write(write, struct.pack("<Q", size))
    os.close(write)
    with pytest.raises(TreeError):
        receive(read)
    os.close(read)
    assert list(frames(struct.pack("<Q", size) + b"x")) == []


def test_what_comes_before_noise_is_kept():
    good = frame({"n": 1}) + frame({"n": 2})
    assert [f["n"] for f in frames(good)] == [1, 2]
    for tail in (
        b"",
        b"\xff" * 5,
        b"\xff" * 50,
        struct.pack("<Q", 3) + b"abc",
        frame({"n": 3})[:-1],
    ):
        assert [f["n"] for f in frames(good + tail)] == [1, 2]


@given(st.binary(max_size=300))
def test_noise_never_raises(data):
    list(frames(data))


SOME = [
    {"start": "reading"}, {"start": "cell:1"}, {"cell": {"text": "x" * 1000}}, {"start": "probe:a"},
    {"training": 3.0}, {"check": "a", "observation": {"values": {"out": np.arange(300)}}}, {"start": "cell:2"},
]  # fmt: skip


@given(st.lists(st.integers(1, 900), max_size=30))
def test_what_begins_and_ends_is_seen_however_the_report_is_cut(cuts):
    data = b"".join(map(frame, SOME))
    scan, at = _Scan(), 0
    for cut in (*cuts, len(data)):
        scan.feed(data[at : at + cut])
        at += cut
    assert (scan.item, scan.ended, scan.size) == ("cell:2", False, len(data))
    scan.feed(frame({"end": True}))
    assert scan.ended and scan.item is None


def test_a_training_is_part_of_its_cell():
    scan = _Scan()
    for tree in SOME[1], SOME[4]:
        scan.feed(frame(tree))
    assert scan.item == "cell:1" and scan.training


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_a_forged_report_never_stops_who_watches(parts):
    scan = _Scan()
    for part in (struct.pack("<Q", 2**62), *parts):
        scan.feed(part)
    assert not scan.ended and scan.size == 8 + sum(map(len, parts))


def test_reports_of_all_attempts_are_joined():
    questions = {"limits": {}, "probes": [{"check": "a"}, {"check": "b"}]}
    first = frame({"check": "a", "observation": 1}) + frame({"cell": {"index": 1}})
    then = frame({"check": "b", "observation": {"\ud800a": "\x00b\n"}}) + frame(
        {"check": "c", "observation": 3}
    )
    told = {
        "attempts": [
            {"bytes": len(part), "seconds": 1.0, "cpu_seconds": 0.5} for part in (first, then)
        ],
        "skipped": {"cell:2": {"limit": "died", "value": "SIGSEGV"}, "probe:a": {}, "cell:9": {}},
    }  # fmt: skip
    found = read_report(first + then, told, questions, 3)
    assert found.observations == {"a": 1, "b": {"?a": "b\n"}}
    assert [c.status for c in found.cells] == ["skipped", "limit", "skipped"]
    assert found.cells[1].error["value"] == "SIGSEGV" and (found.seconds, found.cpu_seconds) == (
        2,
        1,
    )


@pytest.mark.parametrize(
    "report",
    [
        {}, {"index": 1}, {"index": "x", "status": "ok", "error": None, "seconds": 0, "text": ""},
        {"index": 1e400, "status": "ok", "error": None, "seconds": 0, "text": ""},
        {"index": 1, "status": "ok", "error": 7, "seconds": 0, "text": ""},
        {"index": 1, "status": np.zeros(2), "error": None, "seconds": 0, "text": ""},
        {"index": 1, "status": "ok", "error": None, "seconds": "soon", "text": ""},
        {"index": 1, "status": "right", "error": None, "seconds": 0, "text": ""},
    ],
)  # fmt: skip
def test_reports_that_are_none(report):
    assert _cell(report, 100) is None


def test_reports_are_tamed():
    cell = {
        "index": 3,
        "others": [],
        "status": "error",
        "error": {"a" * 99: "b" * 9999},
        "seconds": float("nan"),
    }
    found = _cell({**cell, "text": "t" * 999}, 100)
    assert (found.status, found.seconds, len(found.text)) == ("error", 0.0, 100)
    assert [(len(k), len(v)) for k, v in found.error.items()] == [(40, 600)]


def test_cell_numbers():
    assert [_cell_number(x, 5) for x in ("cell:1", "cell:5")] == [1, 5]
    for x in (
        "cell:0",
        "cell:6",
        "cell:²",
        "cell:",
        "cell:-1",
        "cell:1e9",
        "probe:1",
        "cell:" + "9" * 99,
    ):
        assert _cell_number(x, 5) is None


@pytest.mark.parametrize("machine", sorted(_MACHINES))
def test_the_filter_is_sound(machine):
    """Every jump of the seccomp filter lands inside it, and every path ends in an answer."""
    program = _filter(machine)
    lines = [struct.unpack("<HBBI", program[i : i + 8]) for i in range(0, len(program), 8)]
    column, _ = _MACHINES[machine]

    def answer(number, architecture, argument=0):
        at, register = 0, 0
        while True:
            code, yes, no, k = lines[at]
            at += 1
            if code == 0x20:
                register = {0: number, 4: architecture, 16: argument}[k]
            elif code == 0x06:
                return k
            else:
                test = {0x15: register == k, 0x35: register >= k, 0x45: bool(register & k)}[code]
                at += yes if test else no

    allow, refused = 0x7FFF0000, 0x00050001
    architecture = _MACHINES[machine][1]
    for numbers in _FORBIDDEN_CALLS.values():
        assert answer(numbers[column], architecture) == refused
    clone, socket = (56, 220)[column], (41, 198)[column]
    assert answer(clone, architecture, 0x01200011) == allow  # what fork asks for
    assert answer(clone, architecture, 0x003D0F00) == allow  # what a thread asks for
    assert answer(clone, architecture, 0x10000011) == refused
    assert [answer(socket, architecture, f) == allow for f in (1, 2, 10)] == [True] * 3
    assert {answer(socket, architecture, f) for f in (0, 3, 16, 17, 38, 40)} == {0x00050000 | 97}
    assert answer(435, architecture) == 0x00050000 | 38
    assert answer(0, architecture) == allow
    assert answer(0, 0x40000003) == refused  # 32-bit calls
    assert answer(0x40000000 + 1, architecture) == refused
    assert _filter("riscv64") == b""

"""Frames between the zones: whole ones come through, forged ones end the reading quietly."""

import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.check.tree import TreeError, pack
from grader.sandbox.channel import MAX_FRAME, frames, receive, send
from grader.sandbox.client import _cell, _cell_number, _legible
from grader.sandbox.isolate import _FORBIDDEN_CALLS, _MACHINES, _filter


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


def test_strings_are_made_legible():
    tree = {"\ud800a": ["\x00b\x1b[31m\n", 1, None, np.zeros(2)], "c": "é\t"}
    found = _legible(tree)
    assert list(found) == ["?a", "c"]
    assert found["?a"][0] == "b[31m\n" and found["c"] == "é\t"
    assert found["?a"][1:3] == [1, None]


@pytest.mark.parametrize(
    "report",
    [
        {}, {"index": 1}, {"index": "x", "status": "ok", "error": None, "seconds": 0, "text": ""},
        {"index": 1e400, "status": "ok", "error": None, "seconds": 0, "text": ""},
        {"index": 1, "status": "ok", "error": 7, "seconds": 0, "text": ""},
        {"index": 1, "status": np.zeros(2), "error": None, "seconds": 0, "text": ""},
        {"index": 1, "status": "ok", "error": None, "seconds": "soon", "text": ""},
    ],
)  # fmt: skip
def test_reports_that_are_none(report):
    assert _cell(report, 100) is None


def test_reports_are_tamed():
    cell = {"index": 3, "status": "right", "error": {"a" * 99: "b" * 9999}, "seconds": float("nan")}
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

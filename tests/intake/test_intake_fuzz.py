"""No bytes at all make a reader raise, take quadratic time or more memory than it may."""

import gzip
import json
import time

import pytest
from handed_in import manifest, recording, zipped
from handed_in import notebook as good_notebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import READERS, survives

SEEDS = {
    "notebook": [good_notebook("x = 1", "y = 'é'"), good_notebook("x").decode().encode("utf-16")],
    "archive": [zipped({"tp.ipynb": good_notebook("x"), "a/b.safetensors": recording()})],
    "any_file": [gzip.compress(good_notebook("x")), good_notebook("x")],
    "manifest": [manifest(student="Zoé", members=["A", {"id": 1}], created="2026-02-01T10:00:00")],
    "header": [recording()],
    "export": [b"s_1:\n  :submitters:\n  - :name: A\n    :sid: '1'\n  :created_at: 2026-02-01 10:00:00 Z\n"],
    "metadata": [json.dumps({"users": [{"name": "A", "assignment": {"due_date": "x"}}]}).encode()],
    "worksheet": ['Participant 1;"É ""a""";7,5;-\r\n'.encode("cp1252"), b"a,b\n1,2\n"],
    "words": ["Groupe B-2-Zoé_1_assignsubmission_file_".encode(), b"lundi 2 novembre 2026, 10:00"],
}  # fmt: skip
SHARP = [b"\xff", b"\x00", b"\\ud800", b"NaN", b"[" * 600, b'{"a":' * 600, b"1e999", b"9" * 5000, b'"', b"PK\x03\x04",
         b"\r", b"Lab(" * 50, b"\xe2\x80\xae", b"\x1b[31m", b"- ", b"&a *a", b"!ruby/x ", b"\xf0\x9f"]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, reader: str) -> bytes:
    """A good file, cut, repeated and with sharp things put into it; or no file at all."""
    data = draw(st.sampled_from([*SEEDS[reader], b""]))
    for _ in range(draw(st.integers(0, 4))):
        i, j = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        put = draw(st.one_of(st.sampled_from(SHARP), st.binary(max_size=20), st.just(data[i:j])))
        data = data[:i] + put + data[draw(st.sampled_from([i, j])) :]
    return data


@pytest.mark.parametrize("reader", sorted(READERS))
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_bytes_make_a_reader_raise(reader: str, data: st.DataObject) -> None:
    survives(reader, data.draw(damaged(reader)))


LONG = {
    "notebook": [
        lambda n: b'{"cells": [{"cell_type": "code", "source": "(' + b"Lab(" * (n // 4) + b'"}]}',
        lambda n: b'{"cells": [], "x": [' + b"[]," * (n // 3) + b"[]]}",
        lambda n: b'{"cells": [' + b"{}," * (n // 3) + b"{}]}",
        lambda n: b'{"cells": [], "x": ' + b"[" * n,
        lambda n: b'{"cells": ["' + b"\\ud800" * (n // 6) + b'"]}',
    ],
    "manifest": [
        lambda n: b'{"members": [' + b"[]," * (n // 3) + b"[]]}",
        lambda n: b'{"student": ' + b"[" * 486 + b"]" * 486 + b"}",
        lambda n: b'{"student": "\\ud800' + b"a" * n + b'"}',
    ],
    "header": [lambda n: n.to_bytes(8, "little") + b'{"a": ' + b"[" * n],
    "export": [lambda n: b"a:\n" * (n // 30), lambda n: b"[" * n, lambda n: b"? " * (n // 2), lambda n: b"a: '" + b"x" * n],
    "worksheet": [lambda n: b'a"' * (n // 2), lambda n: b'"' * n, lambda n: b" " * n + b'"', lambda n: b'""' * (n // 2) + b","],
    "words": [lambda n: b"_1" * (n // 2), lambda n: b"1 a 2026" + b"x" * n, lambda n: b"(" * n + b")" * n, lambda n: b"1-" * (n // 2)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "i"), [(name, i) for name, makers in LONG.items() for i in range(len(makers))]
)
def test_no_reader_takes_quadratic_time(reader: str, i: int) -> None:
    make = LONG[reader][i]

    def seconds(size: int) -> float:
        data = make(size)
        took = []
        for _ in range(3):
            began = time.process_time()
            survives(reader, data)
            took.append(time.process_time() - began)
        return min(took)

    # Twelve times as much: linear takes 12 times as long, quadratic 144 times.
    assert seconds(240_000) < 50 * max(seconds(20_000), 0.002)

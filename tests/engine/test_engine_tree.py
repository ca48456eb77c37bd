"""Trees: what goes in comes out, and nothing else comes out of anything."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.check.text import clean
from grader.check.tree import TreeError, cleaned, digest, pack, parse_json, unpack

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
)
arrays = hnp.arrays(
    st.sampled_from([np.bool_, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
keys = st.text(max_size=6).filter(lambda k: k != "$array")
trees = st.recursive(
    scalars | arrays,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def alike(a, b):
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and a.shape == b.shape
            and a.tobytes() == b.tobytes()
        )
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(alike, a, b))
    return type(a) is type(b) and a == b


def forged(text):
    """Bytes as `pack` would write them, with `text` as the JSON inside."""
    data = text.encode()
    head = json.dumps(
        {"tree": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}
    ).encode()
    return struct.pack("<Q", len(head)) + head + data


@settings(max_examples=150, deadline=None)
@given(trees)
def test_round_trip(tree):
    assert alike(tree, unpack(pack(tree)))


@settings(max_examples=60, deadline=None)
@given(trees)
def test_a_digest_survives_the_bytes(tree):
    assert digest(unpack(pack(tree))) == digest(tree)


def test_a_digest_tells_what_differs():
    a = np.arange(4, dtype=np.int32)
    found = [digest(t) for t in ({"a": a}, {"b": a}, {"a": a + 1}, {"a": a.reshape(2, 2)}, {"a": a.view("u4")},
                                 {"a": a.tolist()}, [a], [a, a])]  # fmt: skip
    assert len(set(found)) == len(found)


def test_equal_arrays_are_stored_once():
    array = np.arange(1000.0)
    assert len(pack([array] * 20)) < len(pack([array])) + 1000
    assert all((a == array).all() for a in unpack(pack([array, array.copy()])))


def test_arrays_of_any_layout_keep_their_values():
    array = np.arange(24.0).reshape(2, 3, 4)
    for view in (array.T, array[:, ::-1], array[0, 0, 0:1].squeeze()):
        assert alike(np.ascontiguousarray(view).reshape(view.shape), unpack(pack(view)))


def test_what_is_no_tree_is_refused_when_packed():
    for leaf in (object(), {1, 2}, 1j, np.array(["a"]), np.array([1j]), b"bytes"):
        with pytest.raises(TypeError, match="cannot be stored"):
            pack({"a": [leaf]})


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused(data):
    with pytest.raises(TreeError):
        unpack(data)


def test_a_file_cut_anywhere_is_refused():
    data = pack({"a": np.arange(5), "b": ["x", None]})
    for size in range(len(data)):
        with pytest.raises(TreeError):
            unpack(data[:size])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_byte_is_refused_or_gives_another_tree(data):
    """Never another exception, and never more memory than the file is long."""
    raw = bytearray(pack({"a": np.arange(6, dtype=np.int16), "b": [1, "x", None]}))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(raw))
    except TreeError:
        pass


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        '{"$array": "7"}',
        '{"$array": {"$array": "0"}}',
        "9" * 5000,
        "not json",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "",
    ],
    ids=["deep list", "deep dict", "no such array", "nested", "digits", "words", "half", "empty"],
)
def test_forged_json_is_refused(text):
    with pytest.raises(TreeError):
        unpack(forged(text))


@pytest.mark.parametrize(
    "text",
    ["[" + "[]," * 1_000_001 + "1]", "[" * 201 + "]" * 201, '{"a":' * 201 + "1" + "}" * 201],
    ids=["many", "deep list", "deep dict"],
)
def test_json_is_bounded_before_it_is_parsed(text, monkeypatch):
    monkeypatch.setattr(json, "loads", lambda text: pytest.fail("parsed"))
    with pytest.raises(TreeError, match=r"values|deep"):
        parse_json(text.encode())


def test_brackets_in_strings_do_not_count():
    for text in ("[" * 5000, '\\"[' * 5000, "\\" * 7 + '"' + "[" * 5000, "," * 2_000_000):
        assert parse_json(json.dumps({"a": text, "b": [1]}).encode()) == {"a": text, "b": [1]}


def test_a_header_of_many_tensors_is_refused():
    head = b"[" * 1000
    with pytest.raises(TreeError, match="deep"):
        unpack(struct.pack("<Q", len(head)) + head)


def test_text_is_cleaned_everywhere_in_a_tree():
    unclean = "a\ud800b\x1b[1m\u202ec\x07\x85\r\n\t\u2066é😀"
    assert clean(unclean) == "a?b[1mc\n\té😀"
    assert cleaned({unclean: [unclean, 1, None]}) == {clean(unclean): [clean(unclean), 1, None]}


def test_a_header_that_claims_too_much_is_refused():
    for shape in ([2**40], [2**62, 4], [-1], [2**31, 2**31]):
        head = json.dumps(
            {"tree": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4]}}
        ).encode()
        with pytest.raises(TreeError):
            unpack(struct.pack("<Q", len(head)) + head + b"\0\0\0\0")
    with pytest.raises(TreeError):
        unpack(struct.pack("<Q", 2**63) + b"{}")


def test_pickles_are_not_read(tmp_path):
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "boom"), "w"))

    with pytest.raises(TreeError):
        unpack(pickle.dumps(Bomb()))
    assert not (tmp_path / "boom").exists()

"""Keys: what their version stands for, and files that are none."""

import lzma
from dataclasses import replace

import pytest

from grader.check.judge import Evidence, judge
from grader.check.key import BadKey, Key, Limits
from grader.check.text import same
from grader.check.tree import pack, unpack


def test_a_key_survives_its_file(hidden_key, tmp_path):
    hidden_key.save(tmp_path / "mini.key")
    found = Key.load(tmp_path / "mini.key")
    assert found.version == hidden_key.version
    assert judge(found, Evidence()) == judge(hidden_key, Evidence())


def test_a_version_stands_for_what_is_asked_and_expected(hidden_key, public_key):
    check = hidden_key.checks[0]
    others = [
        replace(hidden_key, limits=Limits()),
        replace(hidden_key, checks=(replace(check, points=9.0), *hidden_key.checks[1:])),
        replace(hidden_key, checks=(replace(check, title=same("?")), *hidden_key.checks[1:])),
        public_key,
    ]
    versions = {k.version for k in (hidden_key, *others)}
    assert len(versions) == 5
    assert replace(hidden_key).version == hidden_key.version


def test_what_is_no_key_is_refused_in_a_line(hidden_key, tmp_path):
    good = hidden_key.to_bytes()
    tree = {"format": 2, "key": unpack(pack(hidden_key))}
    one = tree["key"]["checks"][0]
    bad = {
        "empty": b"",
        "noise": b"noise",
        "cut": good[: len(good) // 2],
        "tree": lzma.compress(b"noise"),
        "list": lzma.compress(pack([1])),
        "format": lzma.compress(pack({**tree, "format": 1})),
        "points": lzma.compress(pack({**tree, "key": {**tree["key"], "checks": [{**one, "points": "4"}]}})),
        "kind": lzma.compress(
            pack({**tree, "key": {**tree["key"], "checks": [{**one, "expect": {"out": {"kind": "?"}}}]}})
        ),
    }  # fmt: skip
    for name, data in bad.items():
        path = tmp_path / f"{name}.key"
        path.write_bytes(data)
        with pytest.raises(BadKey, match=f"{name}.key cannot be read") as error:
            Key.load(path)
        assert "\n" not in str(error.value)


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("grader.check.key.MAX_BYTES", 32 << 20)
    with pytest.raises(BadKey):
        Key.from_bytes(lzma.compress(bytes(64 << 20)))

"""Large files: downloaded once, resumed where they were cut, never handed out changed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from grader.notebook.download import fetch
from grader.notebook.errors import LabError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    resumes = True
    cut: int | None = None  # bytes after which the line drops
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        start = int(wanted.split("=")[1].rstrip("-")) if wanted and self.server.resumes else 0
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.asked = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/a/set.tar.gz?download=1"


def test_downloaded_once(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        path = fetch(url(server), SHA, len(CONTENT), "en", tmp_path)
        assert path == tmp_path / "set.tar.gz"
        assert path.read_bytes() == CONTENT
    assert server.asked == [None]


@pytest.mark.parametrize("resumes", [True, False])
def test_goes_on_where_it_was_cut(server: Server, tmp_path: Path, resumes: bool) -> None:
    server.cut, server.resumes = 1_200_000, resumes
    with pytest.raises(LabError, match="1 MB are kept"):
        fetch(url(server), SHA, len(CONTENT), "en", tmp_path)
    have = (tmp_path / "set.tar.gz.part").stat().st_size
    assert 0 < have <= 1_200_000
    server.cut = None
    assert fetch(url(server), SHA, len(CONTENT), "en", tmp_path).read_bytes() == CONTENT
    assert server.asked[1] == f"bytes={have}-"


def test_another_file_is_not_handed_out(server: Server, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="somme de contrôle"):
        fetch(url(server), "0" * 64, len(CONTENT), "fr", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_offline_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"cannot be downloaded.*Offline"):
        fetch("http://127.0.0.1:9/set.tar.gz", SHA, len(CONTENT), "en", tmp_path)

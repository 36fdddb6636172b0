"""Fetching from a web server on this machine, laid out as PhysioNet's."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data_utils.download import fetch
from data_utils.errors import BadInput

FILES = {
    f"{record}{ending}": f"{record}{ending}".encode() * 1000
    for record in ("100", "101")
    for ending in (".hea", ".dat")
}


class _Handler(SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path.rsplit("/", 1)[-1])
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "web" / "mitdb" / "1.0.0"
    folder.mkdir(parents=True)
    files = FILES | {"other.html": b"page", "999.dat": b"not asked for"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sums = [f"{hashlib.sha256(content).hexdigest()} {name}\n" for name, content in files.items()]
    (folder / "SHA256SUMS.txt").write_text("".join(sums))
    return folder


@pytest.fixture
def base(published: Path) -> Iterator[str]:
    _Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=published.parents[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _fetch(tmp_path: Path, base: str) -> Path:
    folder = tmp_path / "down"
    fetch(folder, records=("100", "101"), base=base)
    return folder


def test_brings_the_records_and_nothing_else(tmp_path: Path, base: str) -> None:
    folder = _fetch(tmp_path, base)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in FILES} == FILES
    assert sorted(path.name for path in folder.iterdir()) == [*sorted(FILES), "SHA256SUMS.txt"]


def test_goes_on_where_it_stopped(tmp_path: Path, base: str) -> None:
    folder = _fetch(tmp_path, base)
    (folder / "100.dat").write_bytes(b"half")
    (folder / "101.hea").unlink()
    _Handler.asked.clear()
    _fetch(tmp_path, base)
    assert sorted(_Handler.asked) == ["100.dat", "101.hea"]
    assert (folder / "100.dat").read_bytes() == FILES["100.dat"]


def test_a_whole_folder_needs_no_network(tmp_path: Path, base: str) -> None:
    folder = _fetch(tmp_path, base)
    fetch(folder, records=("100", "101"), base="http://127.0.0.1:9")


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path: Path, published: Path, base: str) -> None:
    (published / "101.dat").write_bytes(b"something else")
    with pytest.raises(BadInput, match=r"101\.dat did not arrive whole \(not the published SHA-256\)"):
        _fetch(tmp_path, base)
    assert not list((tmp_path / "down").glob("101.dat*"))
    assert (tmp_path / "down" / "100.dat").read_bytes() == FILES["100.dat"]


def test_no_such_database_is_one_sentence(tmp_path: Path, base: str) -> None:
    with pytest.raises(BadInput, match="cannot be fetched"):
        fetch(tmp_path / "down", database="none/1.0", base=base)
    assert not (tmp_path / "down").exists()


def test_no_network_fails_fast_and_leaves_nothing(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(BadInput, match="connect to the network, or give the folder of records with --from"):
        fetch(tmp_path / "down", base="http://127.0.0.1:9")
    assert time.monotonic() - began < 10
    assert not (tmp_path / "down").exists()

"""Fetching from a web server on this machine, laid out as PhysioNet's."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

import pytest
from click.testing import CliRunner

from data_utils.download import fetch
from data_utils.errors import BadInput
from rarebeat.cli import main

DATABASE = "mitdb/1.0.0"
FILES = {
    f"{record}{ending}": f"{record}{ending}".encode() * 1000
    for record in ("100", "101")
    for ending in (".hea", ".dat")
}


class _Handler(SimpleHTTPRequestHandler):
    asked: list[str]
    slowly = 0.0  # s between the two halves of the list

    def do_GET(self) -> None:
        self.asked.append(self.path.rsplit("/", 1)[-1])
        super().do_GET()

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:
        if self.slowly and self.path.endswith("SHA256SUMS.txt"):
            outputfile.write(source.read(10))
            outputfile.flush()
            time.sleep(self.slowly)
        super().copyfile(source, outputfile)

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
    fetch(folder, DATABASE, FILES.__contains__, base)
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
    fetch(folder, DATABASE, FILES.__contains__, "http://127.0.0.1:9")


def test_a_file_that_is_not_the_published_one_is_refused(tmp_path: Path, published: Path, base: str) -> None:
    (published / "101.dat").write_bytes(b"something else")
    with pytest.raises(BadInput, match=r"101\.dat did not arrive whole \(not the published SHA-256\)"):
        _fetch(tmp_path, base)
    assert not list((tmp_path / "down").glob("101.dat*"))
    assert (tmp_path / "down" / "100.dat").read_bytes() == FILES["100.dat"]


def test_no_such_database_is_one_sentence(tmp_path: Path, base: str) -> None:
    with pytest.raises(BadInput, match="cannot be fetched"):
        fetch(tmp_path / "down", "none/1.0", FILES.__contains__, base)
    assert not (tmp_path / "down").exists()


def test_no_network_fails_fast_and_leaves_nothing(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(BadInput, match="connect to the network, or give the folder of records with --from"):
        fetch(tmp_path / "down", DATABASE, FILES.__contains__, "http://127.0.0.1:9")
    assert time.monotonic() - began < 10
    assert not (tmp_path / "down").exists()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mirror_that_is_no_address_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nonsense/mitdb.* cannot be fetched \(unknown url type"):
        fetch(tmp_path / "down", DATABASE, FILES.__contains__, "nonsense")


def test_a_page_in_place_of_the_list_is_not_kept(tmp_path: Path, published: Path, base: str) -> None:
    sums = (published / "SHA256SUMS.txt").read_text()
    (published / "SHA256SUMS.txt").write_text("<html>please log in</html>")
    with pytest.raises(BadInput, match=r"is no list of SHA-256 sums"):
        _fetch(tmp_path, base)
    (published / "SHA256SUMS.txt").write_text(sums)
    assert set(FILES) < {path.name for path in _fetch(tmp_path, base).iterdir()}


def test_a_long_list_may_take_longer_than_its_first_answer(
    tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_utils.download._FIRST_ANSWER", 1.0)
    monkeypatch.setattr(_Handler, "slowly", 0.7)
    monkeypatch.setattr(_Handler, "end_headers", _held_up)
    assert set(FILES) < {path.name for path in _fetch(tmp_path, base).iterdir()}


def _held_up(self: _Handler) -> None:
    time.sleep(self.slowly if self.path.endswith("SHA256SUMS.txt") else 0)
    SimpleHTTPRequestHandler.end_headers(self)


def test_a_list_that_names_a_file_outside_its_folder_is_refused(
    tmp_path: Path, published: Path, base: str
) -> None:
    with (published / "SHA256SUMS.txt").open("a") as file:
        file.write("00 ../outside.hea\n")
    with pytest.raises(BadInput, match=r"names \.\./outside\.hea, which lies outside of its own folder"):
        _fetch(tmp_path, base)


LAID_OUT = {
    "mitdb": ("mitdb/1.0.0", ["100.hea", "100.dat", "100.atr"], ["100.xws"]),
    "ptb-xl": (
        "ptb-xl/1.0.3",
        ["ptbxl_database.csv", "scp_statements.csv", "records100/00000/00001_lr.dat"],
        ["example_physionet.py"],
    ),
    "cinc": (
        "challenge-2020/1.0.2",
        ["training/cpsc_2018/g1/A0001.hea", "training/cpsc_2018/g1/A0001.mat"],
        ["training/cpsc_2018/g1/index.html", "sources/weights.csv"],
    ),
}


@pytest.mark.parametrize("source", LAID_OUT)
def test_a_source_is_fetched_with_its_folders_from_a_mirror(tmp_path: Path, base: str, source: str) -> None:
    database, wanted, others = LAID_OUT[source]
    sums = []
    for name in (*wanted, *others):
        path = tmp_path / "web" / database / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        sums.append(f"{hashlib.sha256(name.encode()).hexdigest()} {name}\n")
    (tmp_path / "web" / database / "SHA256SUMS.txt").write_text("".join(sums))
    arguments = ["data", "fetch", source, "--to", str(tmp_path / "down"), "--mirror", f"{base}/"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0 and "is whole" in result.output
    files = {
        p.relative_to(tmp_path / "down").as_posix() for p in (tmp_path / "down").rglob("*") if p.is_file()
    }
    assert files == {*wanted, "SHA256SUMS.txt"}
    _Handler.asked.clear()
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert _Handler.asked == []


def test_what_is_not_published_for_everybody_is_not_fetched(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["data", "fetch", "zzu-pecg", "--to", str(tmp_path)])
    assert result.exit_code == 2 and "--from the folder with AttributesDictionary.csv" in result.output

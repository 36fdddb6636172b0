"""Bodies that do not come, come for ever, or are not what they seem."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

from rarebeat.server import bodies, connections, daemon
from rarebeat.server.errors import TooLarge

QUERY = json.dumps({"query": "{ viewer { id } }"}).encode()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bodies")
    server = daemon.start(directory)
    yield urlsplit(server.url)
    daemon.stop(directory)


def say(address, *lines, body=b"", wait=True):
    """A connection on which so much of a request was sent, and the beginning of the answer."""
    connection = socket.create_connection((address.hostname, address.port), timeout=30)
    head = "\r\n".join([*lines, f"Host: {address.netloc}", "", ""])
    try:
        connection.sendall(head.encode() + body)
        return connection, connection.recv(4096).decode() if wait else ""
    except ConnectionError:  # it has hung up
        return connection, ""


def request_of(*pieces):
    """A request whose body comes in these (seconds to wait, bytes); what is empty is its end."""
    pending = list(pieces)

    async def receive():
        seconds, body = pending.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": body, "more_body": bool(body)}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def read(request):
    return [part async for part in bodies.pieces(request)]


def test_a_body_that_stops_coming_is_given_up_after_a_while(monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    with pytest.raises(bodies.TooSlow, match="did not come within"):
        asyncio.run(bodies.read_body(request_of((0, b"a"), (9, b"b"))))
    with pytest.raises(bodies.TooSlow, match="nothing of the body came"):
        asyncio.run(read(request_of((0, b"a"), (9, b"b"))))


def test_a_large_file_may_take_longer_than_the_patience_with_each_of_its_pieces(monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE", 1.0)
    monkeypatch.setattr(bodies, "WRITE_AT_ONCE", 2)
    slowly = request_of(*[(0.3, b"a")] * 4, (0, b""))
    assert asyncio.run(read(slowly)) == [b"aa", b"aa", b""]


def test_a_body_is_refused_as_soon_as_it_is_too_large():
    with pytest.raises(TooLarge):
        asyncio.run(bodies.read_body(request_of((0, b"abc"), (999, b"never")), limit=2))


def test_clients_that_send_half_a_body_hold_up_nobody_else(address):
    head = ("POST /graphql HTTP/1.1", f"Content-Length: {len(QUERY)}")
    half = [say(address, *head, body=QUERY[:9], wait=False)[0] for _ in range(100)]
    began = time.monotonic()
    whole, answer = say(address, *head, body=QUERY)
    assert answer.startswith("HTTP/1.1 200") and time.monotonic() - began < 10
    half[0].sendall(QUERY[9:])  # and whoever goes on is answered
    assert half[0].recv(4096).decode().startswith("HTTP/1.1 200")
    for connection in (*half, whole):
        connection.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_packed_body_is_never_unpacked(address, encoding):
    bomb = gzip.compress(b" " * 10_000_000 + QUERY)
    connection, answer = say(
        address, "POST /graphql HTTP/1.1", f"Content-Length: {len(bomb)}", f"Content-Encoding: {encoding}",
        body=bomb,
    )  # fmt: skip
    if answer.endswith("\r\n\r\n"):  # its head may come alone
        answer += connection.recv(4096).decode()
    connection.close()
    assert "the body is not valid JSON" in answer


@pytest.mark.parametrize(
    "lines",
    [
        ["GET / HTTP/9.9"],
        ["\x00\x01 / HTTP/1.1"],
        ["GET /" + "a" * 1_000_000 + " HTTP/1.1"],
        ["POST /graphql HTTP/1.1", "Content-Length: -1"],
        ["POST /graphql HTTP/1.1", "Content-Length: 1", "Content-Length: 2"],
        ["POST /graphql HTTP/1.1", "Content-Length: 10", "Transfer-Encoding: chunked"],
        ["POST /graphql HTTP/1.1", "Transfer-Encoding: chunked", "", "zz"],
        ["GET / HTTP/1.1", "X: " + "y" * 1_000_000],
    ],
    ids=lambda lines: lines[0][:30].encode("unicode_escape").decode(),
)
def test_what_is_not_http_is_refused_and_the_connection_is_closed(address, lines):
    connection, answer = say(address, *lines)
    connection.close()
    assert answer == "" or answer.startswith(("HTTP/1.1 4", "HTTP/1.0 4"))


def test_a_connection_that_never_ends_its_headers_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)

    async def hung_up_on(*parts):
        """Seconds until the server hangs up on a client that says this, 0.1 s apart."""
        config = uvicorn.Config(Starlette(), http=connections.Connection, ws="none", log_config=None)
        config.load()
        server = await asyncio.get_running_loop().create_server(
            lambda: connections.Connection(config, uvicorn.server.ServerState(), {}), "127.0.0.1", 0
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                for part in parts:
                    writer.write(part)
                    await asyncio.sleep(0.1)
                assert await asyncio.wait_for(reader.read(), 10) == b""
                writer.close()
                await writer.wait_closed()
            return time.monotonic() - began

    for parts in ([], [b"GET / HTTP/1.1\r\n"], [b"GET / HTTP/1.1\r\nX: "] + [b"y"] * 3):
        assert asyncio.run(hung_up_on(*parts)) < 5

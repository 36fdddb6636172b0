"""What goes out on a connection leaves in whole answers."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from rarebeat.server import connections, daemon

QUERY = json.dumps({"query": "{ viewer { id } }"}).encode()
REQUEST = (
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    directory = tmp_path_factory.mktemp("connections")
    server = daemon.start(directory)
    yield urlsplit(server.url)
    daemon.stop(directory)


def test_no_client_gets_the_head_of_an_answer_without_its_body(address):
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for _ in range(300):
            connection.sendall(REQUEST % len(QUERY) + QUERY)
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200") and body.endswith(b"}"), body


class Sent:
    """A transport that keeps what it is to send."""

    def __init__(self):
        self.pieces, self.closed = [], False

    def write(self, data):
        assert not self.closed
        self.pieces.append(data)

    def close(self):
        self.closed = True


class Turns:
    """A loop whose turns end when told."""

    def __init__(self):
        self.call_soon = (waiting := []).append
        self.waiting = waiting

    def end(self):
        while self.waiting:
            self.waiting.pop(0)()


def test_what_is_written_in_a_turn_is_sent_at_its_end_in_one_piece():
    sent, turns = Sent(), Turns()
    transport = connections.WholeAnswers(sent, turns)
    transport.write(b"head ")
    transport.write(b"body")
    assert not sent.pieces
    turns.end()
    transport.write(b"next")
    turns.end()
    assert sent.pieces == [b"head body", b"next"]


def test_what_is_long_or_the_last_does_not_wait():
    sent, turns = Sent(), Turns()
    transport = connections.WholeAnswers(sent, turns)
    transport.write(b"x" * (connections.HELD + 1))
    assert [len(piece) for piece in sent.pieces] == [connections.HELD + 1]
    transport.write(b"last")
    transport.close()
    assert sent.pieces[1:] == [b"last"] and sent.closed
    turns.end()
    assert len(sent.pieces) == 2

"""Thousands of requests that no client sends, made from those that the real one does."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from rarebeat.server import daemon
from rarebeat.server.app import build_app
from tests.rarebeat.server.hostile.mutations import Mutator
from tests.rarebeat.server.hostile.recording import SCENE, Request, recording

FEW, MANY = 1500, 20_000
SLOWEST = 20.0  # s for one answer, on a machine that has other things to do
MOST_MEMORY = 400  # MB
BYSTANDER = 987_654_321  # an id that no change of another one comes to by chance
TABLES = ("lines", "files", "outputs", "uses", "alerts", "rare_lines")


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A server with a run that nobody attacks, and the requests of a real client that used it."""
    directory, folder = tmp_path_factory.mktemp("attacked"), tmp_path_factory.mktemp("work")
    server = daemon.start(directory)
    with sqlite3.connect(directory / "tracking.db", timeout=30) as db:
        made = "INSERT INTO projects (id, entity, name, created_at) VALUES (?, 'other', 'theirs', 0)"
        db.execute(made, (BYSTANDER,))
        db.execute(
            """INSERT INTO runs (id, project_id, name, state, summary_json, created_at, heartbeat_at)
               VALUES (?, ?, 'untouched', 'finished', '{"loss":1}', 0, 0)""",
            (BYSTANDER, BYSTANDER),
        )
        db.execute("INSERT INTO lines VALUES (?, 'history', 0, 0, '{\"_step\":0}')", (BYSTANDER,))
        db.execute("INSERT INTO files (run_id, name, updated_at) VALUES (?, 'f', 0)", (BYSTANDER,))
    db.close()
    yield SimpleNamespace(server=server, directory=directory, recorded=recorded(server, folder))
    daemon.stop(directory)


def recorded(server, folder):
    env = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    env |= {**server.environment, "HOME": str(folder), "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
    with recording(server.url) as (url, requests):
        env["WANDB_BASE_URL"] = url
        done = subprocess.run(
            [sys.executable, "-c", SCENE], cwd=folder, env=env, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr[-3000:]
    return requests


def endpoints():
    """(path, method) of everything that the server answers to."""
    app = build_app(None, None)
    return [(route.path, method) for route in app.routes for method in sorted(route.methods)]


class Wire:
    """Sends requests as they stand, whatever they are, on one connection while the server keeps it."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._socket: socket.socket | None = None

    def send(self, request: Request) -> tuple[int, bytes]:
        """Status and body of the answer; status 0 where the server hung up without one."""
        for fresh in (False, True):
            if self._socket is None or fresh:
                self.close()
                self._socket = socket.create_connection(
                    (self._address.hostname, self._address.port), timeout=60
                )
            try:
                return self._exchange(request)
            except (http.client.HTTPException, ConnectionError):
                self.close()
        return 0, b""

    def _exchange(self, request: Request) -> tuple[int, bytes]:
        names = {name.lower() for name, _ in request.headers}
        given = [*request.headers]
        if "host" not in names:
            given.append(("Host", self._address.netloc))
        if not names & {"transfer-encoding"}:
            given = [(name, value) for name, value in given if (name, value) != ("Content-Length", "5")]
            given = [
                (name, value) for name, value in given if name.lower() != "content-length" or value == "-1"
            ]
            given.append(("Content-Length", str(len(request.body))))
        head = f"{request.method} {request.path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in given)
        self._socket.sendall(head.encode("utf-8", "surrogateescape") + b"\r\n" + request.body)
        if "transfer-encoding" in names or "expect" in names:
            self._socket.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(self._socket, method=request.method)
        answer.begin()
        body = answer.read()
        if answer.will_close or "transfer-encoding" in names or "expect" in names:
            self.close()
        return answer.status, body

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def theirs(directory):
    """Everything that the database says of the run that nobody attacks."""
    with sqlite3.connect(directory / "tracking.db", timeout=30) as db:
        rows = {"runs": db.execute("SELECT * FROM runs WHERE id = ?", (BYSTANDER,)).fetchall()}
        rows["projects"] = db.execute("SELECT * FROM projects WHERE id = ?", (BYSTANDER,)).fetchall()
        for table in TABLES:
            rows[table] = db.execute(f"SELECT * FROM {table} WHERE run_id = ?", (BYSTANDER,)).fetchall()
    db.close()
    return rows


def memory_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))


@pytest.mark.parametrize(
    ("seed", "count"), [(0, FEW), pytest.param(1, MANY, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_no_request_made_from_a_clients_breaks_the_server_or_another_run(attacked, seed, count):
    before, wire = theirs(attacked.directory), Wire(attacked.server.url)
    mutator = Mutator(attacked.recorded, endpoints(), random.Random(seed))
    for number in range(count):
        request = mutator.request()
        began = time.monotonic()
        status, body = wire.send(request)
        said = f"request {number} of seed {seed}: {request!r:.3000} -> {status} {body!r:.500}"
        assert status < 500 and time.monotonic() - began < SLOWEST, said
        assert b"Traceback" not in body and b"its log says why" not in body, said
        if body[:1] == b"{":
            json.loads(
                body, parse_constant=lambda name, said=said: pytest.fail(f"{name} in the answer: {said}")
            )
    wire.close()
    assert theirs(attacked.directory) == before
    assert daemon.running(attacked.directory).pid == attacked.server.pid
    assert "Traceback" not in (attacked.directory / "server.log").read_text()
    assert memory_mb(attacked.server.pid) < MOST_MEMORY

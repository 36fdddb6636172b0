"""Servers that live as long as somebody borrows them."""

import contextlib
import subprocess
import sys

import pytest

from rarebeat.server import daemon
from rarebeat.server.borrowing import borrowed, keep

BORROW = """
import sys, time
from pathlib import Path
from rarebeat.server.borrowing import borrowed
with borrowed(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def directory(tmp_path):
    yield tmp_path / "server"
    daemon.stop(tmp_path / "server")


@contextlib.contextmanager
def somebody(directory):
    """Another process that borrows; gives it and its server's process number."""
    command = [sys.executable, "-c", BORROW, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process, int(process.stdout.readline())


def _returns(process):
    process.communicate("\n", timeout=30)
    assert process.returncode == 0


def test_the_first_starts_it_and_the_last_ends_it(directory):
    with somebody(directory) as (first, pid), somebody(directory) as (second, same):
        assert pid == same
        _returns(first)
        assert daemon.running(directory).pid == pid
        _returns(second)
    assert daemon.running(directory) is None


def test_a_borrower_that_was_killed_is_nobody_any_more(directory):
    ended = []
    with somebody(directory) as (first, pid), borrowed(directory, lambda: ended.append(True)) as server:
        assert server.pid == pid
        first.kill()
        first.wait()
    assert daemon.running(directory) is None and ended == [True]


def test_a_server_that_was_there_before_stays(directory):
    daemon.start(directory)
    with borrowed(directory, lambda: pytest.fail("it was not to end")):
        pass
    assert daemon.running(directory) is not None


def test_a_server_that_is_to_be_kept_stays(directory):
    with somebody(directory) as (process, pid):
        keep(directory)
        _returns(process)
    assert daemon.running(directory).pid == pid
    daemon.stop(directory)
    with borrowed(directory):
        pass
    assert daemon.running(directory) is None

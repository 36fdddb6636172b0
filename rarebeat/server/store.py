"""The server's database: SQLite in WAL mode, one connection a thread, one transaction a decision."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rarebeat.server.patterns import found
from rarebeat.server.schema import upgrade

BUSY_SECONDS = 20.0

Row = sqlite3.Row


class _Connection(sqlite3.Connection):
    """Closed when its thread has ended, which is when nobody holds it any more."""

    def __del__(self) -> None:
        self.close()


class Store:
    """Connections to the database file of one directory.

    Writers queue on a lock of this process before SQLite's own, so that they wait in turn and never poll.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.local()
        self._writing = threading.RLock()
        upgrade(path)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection; statements outside `read` and `write` commit by themselves."""
        if not hasattr(self._thread, "connection"):
            self._thread.connection = _connect(self._path)
        return self._thread.connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent picture for several queries."""
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: everything inside becomes true at once, or nothing does."""
        with self._writing:
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk has rolled back already; saying it again would hide what went wrong.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _connect(path: Path) -> sqlite3.Connection:
    # The thread that frees a connection need not be the one that has used it.
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, factory=_Connection, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL loses nothing when this process is killed; a power cut can take the last commits.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.create_function("regexp", 2, found, deterministic=True)
    return connection

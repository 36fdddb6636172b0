"""Transactions on a real database file, also where the disk does not play along."""

import sqlite3

import pytest

from rarebeat.server.store import Store

INSERT = "INSERT INTO projects (entity, name, description, created_at) VALUES ('local', ?, ?, 0)"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "tracking.db")


def _names(store):
    return [row["name"] for row in store.connection.execute("SELECT name FROM projects ORDER BY id")]


def test_what_fails_in_the_middle_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError), store.write() as db:
        db.execute(INSERT, ("half", ""))
        raise ZeroDivisionError
    assert _names(store) == []


def test_a_full_disk_is_told_as_such_and_writing_goes_on_when_there_is_room(store):
    """SQLite ends the transaction by itself; the client tries again what it is told was for lack of room."""
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError) as raised, store.write() as db:
        db.execute(INSERT, ("large", "x" * 10**6))
    assert raised.value.sqlite_errorcode == sqlite3.SQLITE_FULL
    store.connection.execute("PRAGMA max_page_count = 1000000")
    with store.write() as db:
        db.execute(INSERT, ("large", "x" * 10**6))
    assert _names(store) == ["large"]


def test_a_commit_that_fails_does_not_keep_the_thread_from_writing(store):
    with pytest.raises(sqlite3.IntegrityError), store.write() as db:
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute("INSERT INTO sweeps VALUES (1, 99, 's', '', '', '', 0, 0, '', '', '', '', '', 0, 0)")
    with store.write() as db:
        db.execute(INSERT, ("next", ""))
    assert _names(store) == ["next"]

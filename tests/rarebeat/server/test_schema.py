"""Databases of other versions: an older one is brought up to date, a newer one is refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rarebeat.server import schema
from rarebeat.server.directory import CannotServe
from rarebeat.server.store import Store


def _values(db, table, row):
    """One value for each column, of its type; the same for the same row."""
    kinds = {"INTEGER": row, "REAL": row + 0.5}
    return [
        kinds.get(kind, f"{name} {row}") for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})")
    ]


def _tables(db):
    return [
        name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]


@pytest.fixture
def written_by_version_1(tmp_path):
    """A database of version 1 with three rows in every table, and what they are."""
    path, rows = tmp_path / "tracking.db", {}
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(schema.steps()[1])
        for table in _tables(db):
            rows[table] = [_values(db, table, row) for row in (1, 2, 3)]
            marks = ",".join("?" * len(rows[table][0]))
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
        db.execute("PRAGMA user_version = 1")
    return path, rows


def _rows(db, table, width):
    return [list(row)[:width] for row in db.execute(f"SELECT * FROM {table} ORDER BY 1")]


def test_a_database_of_version_1_is_brought_up_to_date_and_holds_everything(written_by_version_1):
    path, rows = written_by_version_1
    db = Store(path).connection
    assert db.execute("PRAGMA user_version").fetchone()[0] == max(schema.steps())
    assert {table: _rows(db, table, len(given[0])) for table, given in rows.items()} == rows


def test_before_an_upgrade_the_database_is_kept_as_it_was(written_by_version_1):
    path, rows = written_by_version_1
    Store(path)
    with closing(sqlite3.connect(f"{path}.before-upgrade")) as kept:
        assert kept.execute("PRAGMA user_version").fetchone()[0] == 1
        assert {table: _rows(kept, table, len(given[0])) for table, given in rows.items()} == rows


def test_a_step_that_fails_changes_nothing_and_is_one_sentence(written_by_version_1, monkeypatch):
    path, rows = written_by_version_1
    broken = {1: "", 2: "ALTER TABLE runs ADD COLUMN fine TEXT; INSERT INTO nowhere VALUES (1);"}
    monkeypatch.setattr(schema, "steps", lambda: broken)
    with pytest.raises(CannotServe, match="cannot be brought to schema 2: no such table: nowhere"):
        Store(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1
        assert _rows(db, "runs", None) == rows["runs"]


def test_a_new_database_has_no_copy_and_a_second_start_changes_nothing(tmp_path):
    Store(tmp_path / "tracking.db")
    before = (tmp_path / "tracking.db").read_bytes()
    Store(tmp_path / "tracking.db")
    assert (tmp_path / "tracking.db").read_bytes() == before
    assert not list(tmp_path.glob("*.before-upgrade*"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"no database" * 100, "cannot be read: file is not a database"), (None, "has schema 9999, and this")],
)
def test_what_is_no_database_or_a_newer_one_is_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "tracking.db"
    if content:
        path.write_bytes(content)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 9999")
    before = path.read_bytes()
    with pytest.raises(CannotServe, match=sentence):
        Store(path)
    assert path.read_bytes() == before


def test_steps_are_numbered_without_a_gap_and_each_number_is_one_file():
    files = sorted(Path(schema.__file__).with_name("migrations").iterdir())
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    assert sorted(schema.steps()) == list(range(1, len(files) + 1))


@pytest.mark.parametrize("table", ["runs", "files", "collections", "artifacts"])
def test_the_id_of_what_was_deleted_is_never_given_again(written_by_version_1, table):
    """Somebody may still hold a signed URL of a deleted run: it must not lead into the next one."""
    db = Store(written_by_version_1[0]).connection
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute(f"DELETE FROM {table} WHERE id = 3")
    width = len(db.execute(f"PRAGMA table_info({table})").fetchall())
    values = _values(db, table, 4)[1:]
    new = db.execute(f"INSERT INTO {table} VALUES ({','.join(['NULL', *'?' * (width - 1)])})", values)
    assert new.lastrowid == 4

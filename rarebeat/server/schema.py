"""The versions of the database: one numbered SQL file each, applied in turn, each whole or not at all.

A database of an older version is brought up to date when it is opened. Files that have been released are
never changed: what comes new is a file with the next number.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from rarebeat.server.directory import CannotServe

log = logging.getLogger(__name__)
KEPT = ".before-upgrade"


def upgrade(path: Path) -> None:
    """Brings the database to the newest version that is known here, and makes it when it is not there.

    Before anything changes, a copy of the database is kept beside it, with `.before-upgrade` after its name.

    Raises:
        CannotServe: when it is newer than what is known here, when there is no room for the copy, or when a
            step fails; the database is then as the last step left it.
    """
    known = steps()
    # Foreign keys are off on this connection: a step may have to make a table anew, and dropping the old one
    # must not take along what refers to it.
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as db:
        version = _version_of(db, path)
        if version > max(known):
            raise CannotServe(
                f"{path} has schema {version}, and this rarebeat knows {max(known)}: upgrade it"
            )
        if 0 < version < max(known):
            _keep_copy(db, path)
            log.warning(
                "%s goes from schema %d to %d; it is kept as %s", path, version, max(known), path.name + KEPT
            )
        for number in sorted(step for step in known if step > version):
            _apply(db, path, number, known[number])


def steps() -> dict[int, str]:
    """The SQL that leads to each version from the one before, by number."""
    folder = resources.files("rarebeat.server").joinpath("migrations")
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return {int(file.name.partition("_")[0]): file.read_text(encoding="utf-8") for file in files}


def _version_of(db: sqlite3.Connection, path: Path) -> int:
    """0 for a database that is new."""
    try:
        return db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise CannotServe(f"{path} cannot be read: {error}") from None


def _keep_copy(db: sqlite3.Connection, path: Path) -> None:
    kept = path.with_name(path.name + KEPT)
    aside = kept.with_name(kept.name + ".new")
    aside.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(aside)) as copy:
            db.backup(copy)
        os.replace(aside, kept)
    except (sqlite3.Error, OSError) as error:
        aside.unlink(missing_ok=True)
        raise CannotServe(f"{path} is not upgraded, because no copy of it can be kept: {error}") from None


def _apply(db: sqlite3.Connection, path: Path, number: int, sql: str) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise CannotServe(f"{path} cannot be brought to schema {number}: {error}") from None

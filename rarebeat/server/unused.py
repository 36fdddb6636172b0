"""Removing blobs that nothing needs any more: of deleted runs and artifacts, and of uploads that broke off.

A blob goes a day after it was last needed, and not before. Until then a signed URL may still ask for it, a
backup may be copying it, and an upload that is under way may be about to need it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from rarebeat.server.blobs import Blobs
from rarebeat.server.operations.artifact_store import expire, keep_entries
from rarebeat.server.signing import LIFETIME
from rarebeat.server.store import Store

GRACE = LIFETIME
# An artifact whose upload was begun and never ended; the client itself tries for a week at most (s).
ABANDONED = 7 * 24 * 3600.0

UNUSED = """(NOT EXISTS (SELECT 1 FROM files WHERE blob = blobs.digest)
    AND NOT EXISTS (SELECT 1 FROM artifact_files WHERE blob = blobs.digest)
    AND NOT EXISTS (SELECT 1 FROM artifacts WHERE manifest = blobs.digest))"""


def remove_unused(store: Store, blobs: Blobs, clock: Callable[[], float] = time.time) -> int:
    """Removes what has not been needed for `GRACE` seconds; gives the number of files that went.

    Args:
        clock: Seconds since 1970.

    Raises:
        Damaged: when the manifest of an artifact cannot be read: nothing is removed then, because nobody
            can tell what it needs.
    """
    now = clock()
    _note_manifests(store, blobs)
    with store.write() as db:
        _let_go(db, now)
    _note_unused(store, now)
    return _remove_files(store, blobs, now)


def _note_manifests(store: Store, blobs: Blobs) -> None:
    """Servers before this one noted what was uploaded for an artifact, not what it shares with others."""
    incomplete = """SELECT * FROM artifacts WHERE state = 'COMMITTED' AND file_count >
        (SELECT count(*) FROM artifact_files WHERE artifact_id = artifacts.id)"""
    for artifact in store.connection.execute(incomplete).fetchall():
        with store.write() as db:
            keep_entries(db, blobs, artifact)


def _let_go(db: sqlite3.Connection, now: float) -> None:
    db.execute(
        "DELETE FROM artifacts WHERE state = 'PENDING' AND max(created_at, updated_at) < ?",
        (now - ABANDONED,),
    )
    expire(db, now)
    deleted = "SELECT id FROM artifacts WHERE state = 'DELETED'"
    db.execute(f"DELETE FROM artifact_files WHERE artifact_id IN ({deleted})")
    db.execute("UPDATE artifacts SET manifest = NULL WHERE state = 'DELETED' AND manifest IS NOT NULL")


def _note_unused(store: Store, now: float) -> None:
    """Notes since when blobs are unused, and forgets those that have been so for long enough."""
    with store.read() as db:
        changed = db.execute(
            f"SELECT digest FROM blobs WHERE (unused_since IS NOT NULL) != {UNUSED} OR unused_since < ?",
            (now - GRACE,),
        ).fetchall()
    with store.write() as db:
        # Looked at again: an upload may have come to need one since.
        db.executemany(
            f"""UPDATE blobs SET unused_since = CASE WHEN {UNUSED} THEN coalesce(unused_since, ?2) END
                WHERE digest = ?1""",
            [(row["digest"], now) for row in changed],
        )
        db.executemany(
            f"DELETE FROM blobs WHERE digest = ? AND unused_since < ? AND {UNUSED}",
            [(row["digest"], now - GRACE) for row in changed],
        )


def _remove_files(store: Store, blobs: Blobs, now: float) -> int:
    known = {row["digest"] for row in store.connection.execute("SELECT digest FROM blobs")}
    removed = 0
    for path in blobs.folder.glob("??/*"):
        digest = path.parent.name + path.name
        if digest not in known:
            removed += _remove_file(store, path, digest, now)
    return removed


def _remove_file(store: Store, path: Path, digest: str, now: float) -> bool:
    """Under the lock of writers, so that no upload comes to need the file between the look and the deed."""
    with store.write() as db:
        known = db.execute("SELECT 1 FROM blobs WHERE digest = ?", (digest,)).fetchone()
        if known or path.stat().st_mtime > now - GRACE:
            return False
        path.unlink()
    return True

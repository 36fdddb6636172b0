"""Where the bytes are of what a run logged beside numbers: among its files, or in an artifact."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from rarebeat.server.pages.run.opened import Opened

_CLIENT = "wandb-client-artifact://"


@dataclass(frozen=True)
class Stored:
    """A file that is here."""

    name: str
    blob: str
    size: int
    artifact: int | None = None


def run_file(run: Opened, name: object) -> Stored | None:
    """The run's file of that name; None while it is on its way."""
    row = run.db.execute(
        "SELECT size, blob FROM files JOIN blobs ON digest = blob WHERE run_id = ? AND name = ?",
        (run.row["id"], name if isinstance(name, str) else None),
    ).fetchone()
    return Stored(str(name), row["blob"], row["size"]) if row else None


def artifact_file(db: sqlite3.Connection, artifact: int, name: object) -> Stored | None:
    """A file of an artifact that a run has logged."""
    row = db.execute(
        """SELECT size, digest FROM artifact_files
           JOIN blobs ON digest = blob OR (blob IS NULL AND blobs.md5 = artifact_files.md5)
           WHERE artifact_id = ? AND name = ? LIMIT 1""",
        (artifact, name if isinstance(name, str) else None),
    ).fetchone()
    return Stored(str(name), row["digest"], row["size"], artifact) if row else None


def logged_file(run: Opened, value: dict[str, Any]) -> Stored | None:
    """The bytes of a logged value such as a table: those in its artifact, where pictures in it can be found,
    else those among the run's files."""
    path = value.get("artifact_path")
    if isinstance(path, str) and path.startswith(_CLIENT):
        client, _, name = path.removeprefix(_CLIENT).partition("/")
        row = run.db.execute(
            "SELECT artifact_id FROM client_ids WHERE client_id = ?", (client.partition(":")[0],)
        ).fetchone()
        if row and (found := artifact_file(run.db, row["artifact_id"], name)):
            return found
    return run_file(run, value.get("path"))

"""Which blobs are needed, by which runs and artifacts, and whether their bytes are sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rarebeat.server.blobs import fault, place

NEEDING = """
    SELECT printf('%s of run %s/%s/%s', files.name, projects.entity, projects.name, runs.name)
    FROM files JOIN runs ON runs.id = run_id JOIN projects ON projects.id = runs.project_id
    WHERE files.blob = :digest
    UNION
    SELECT printf('%s of artifact %s/%s/%s', held.name, projects.entity, projects.name, collections.name)
           || coalesce(':v' || version, '')
    FROM (SELECT artifact_id, name, blob FROM artifact_files
          UNION ALL SELECT id, 'the manifest', manifest FROM artifacts) AS held
    JOIN artifacts ON artifacts.id = held.artifact_id
    JOIN collections ON collections.id = artifacts.collection_id
    JOIN projects ON projects.id = collections.project_id
    LEFT JOIN memberships ON memberships.artifact_id = artifacts.id
         AND memberships.collection_id = collections.id
    WHERE held.blob = :digest AND artifacts.state != 'DELETED'
    ORDER BY 1"""


@dataclass(frozen=True)
class Damage:
    """A blob that is not what was kept, and the files of runs and artifacts that are lost with it."""

    digest: str
    fault: str
    needed_by: list[str]

    def __str__(self) -> str:
        return "\n".join(f"{name}: the stored file {self.digest} {self.fault}" for name in self.needed_by)


def needed_by(db: sqlite3.Connection, digest: str) -> list[str]:
    """The files that this blob is the content of, in words."""
    return [name for (name,) in db.execute(NEEDING, {"digest": digest})]


def blobs_of(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """SHA-256 and size of every blob, in bytes."""
    return [tuple(row) for row in db.execute("SELECT digest, size FROM blobs ORDER BY digest")]


def examine(db: sqlite3.Connection, directory: Path, blobs: list[tuple[str, int]]) -> Iterator[Damage | None]:
    """Reads each blob; what is damaged and needed, None for every other."""
    for digest, size in blobs:
        wrong = fault(place(directory, digest), digest, size)
        names = needed_by(db, digest) if wrong else []
        yield Damage(digest, wrong, names) if names else None

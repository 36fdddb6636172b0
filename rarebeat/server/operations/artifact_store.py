"""Artifacts in the database: collections, versions, aliases, and the files that a manifest names."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.blobs import Blobs
from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.identifiers import checked_name, row_of
from rarebeat.server.store import Row

MEMBERS = """
    SELECT memberships.*, collections.name AS collection_name, collections.kind
    FROM memberships JOIN collections ON collections.id = memberships.collection_id """
VISIBLE = "(SELECT state FROM artifacts WHERE artifacts.id = memberships.artifact_id) = 'COMMITTED'"
INHERIT, FOR_EVER = -1, -2  # what the client says in place of a number of seconds
SEQUENCE, PORTFOLIO = "ArtifactSequence", "ArtifactPortfolio"


def artifact_by_row(db: sqlite3.Connection, row: int) -> Row | None:
    return db.execute("SELECT * FROM artifacts WHERE id = ?", (row,)).fetchone()


def artifact_by_id(db: sqlite3.Connection, identifier: str) -> Row:
    """Raises NotFound when there is no artifact with this opaque id."""
    row = artifact_by_row(db, row_of("Artifact", identifier))
    if row is None:
        raise NotFound(f"there is no artifact {identifier[:80]!r}")
    return row


def find_collection(db: sqlite3.Connection, project: int, name: str | None) -> Row | None:
    key = (project, name)
    return db.execute("SELECT * FROM collections WHERE project_id = ? AND name = ?", key).fetchone()


def ensure_collection(
    db: sqlite3.Connection, project: int, name: str, kind: str, artifact_type: str, now: float
) -> Row:
    """The collection of that name, made if need be.

    Raises:
        RequestError: when the name is taken by a collection of another kind or type.
    """
    name = checked_name(name, "the artifact's name")
    checked_name(artifact_type, "the artifact's type")
    db.execute(
        """INSERT INTO collections (project_id, name, kind, type, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
        (project, name, kind, artifact_type, now, now),
    )
    row = find_collection(db, project, name)
    if (row["kind"], row["type"]) != (kind, artifact_type):
        raise RequestError(
            f"{name!r} is already an {row['kind']} of type {row['type']!r}, not {artifact_type!r}"
        )
    return row


def rename_collection(db: sqlite3.Connection, collection: int, name: str) -> None:
    """Raises RequestError when its project has another collection of that name."""
    row = db.execute("SELECT * FROM collections WHERE id = ?", (collection,)).fetchone()
    if row is None:
        raise NotFound("there is no such artifact collection")
    if row["name"] == name:
        return
    if find_collection(db, row["project_id"], checked_name(name, "the artifact's name")) is not None:
        raise RequestError(f"there is another artifact collection named {name[:80]!r}")
    db.execute("UPDATE collections SET name = ? WHERE id = ?", (name, collection))


def ttl_seconds(given: Arguments) -> int | None:
    """How long an artifact lives, as it is kept: null where its project says so, -2 for ever."""
    seconds = given.integer("ttlDurationSeconds")
    return None if seconds in (None, INHERIT) else seconds if seconds > 0 else FOR_EVER


def expire(db: sqlite3.Connection, now: float) -> None:
    """Removes versions that have outlived their time, but for those that somebody has linked elsewhere."""
    over = db.execute(
        """SELECT id FROM artifacts WHERE state = 'COMMITTED' AND ttl_seconds > 0
           AND created_at + ttl_seconds < ? AND NOT EXISTS (
               SELECT 1 FROM memberships WHERE artifact_id = artifacts.id
               AND memberships.collection_id != artifacts.collection_id)""",
        (now,),
    ).fetchall()
    for row in over:
        remove(db, row["id"])


def next_version(db: sqlite3.Connection, collection: int) -> int:
    query = "SELECT coalesce(max(version) + 1, 0) FROM memberships WHERE collection_id = ?"
    return db.execute(query, (collection,)).fetchone()[0]


def add_member(db: sqlite3.Connection, collection: int, artifact: int, now: float) -> Row:
    """Gives the artifact a version in the collection; it keeps the one that it has."""
    db.execute(
        """INSERT INTO memberships (collection_id, artifact_id, version, created_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (collection_id, artifact_id) DO NOTHING""",
        (collection, artifact, next_version(db, collection), now),
    )
    condition = "WHERE memberships.collection_id = ? AND memberships.artifact_id = ?"
    return db.execute(MEMBERS + condition, (collection, artifact)).fetchone()


def set_aliases(db: sqlite3.Connection, collection: int, artifact: int, aliases: list[str]) -> None:
    """Points the aliases at this artifact, away from whichever had them."""
    for alias in aliases:
        checked_name(alias, "the alias")
        if alias.startswith("v") and alias[1:].isdigit():
            continue  # v0, v1, ... are the versions themselves
        db.execute(
            """INSERT INTO aliases (collection_id, artifact_id, alias) VALUES (?, ?, ?)
               ON CONFLICT (collection_id, alias) DO UPDATE SET artifact_id = excluded.artifact_id""",
            (collection, artifact, alias),
        )


def member_by_name(db: sqlite3.Connection, project: int, name: str) -> Row | None:
    """The version that `collection:alias` means; without an alias the latest."""
    collection_name, _, alias = name.partition(":")
    collection = find_collection(db, project, collection_name)
    return member_by_alias(db, collection["id"], alias or "latest") if collection else None


def member_by_alias(db: sqlite3.Connection, collection: int, alias: str) -> Row | None:
    if alias.startswith("v") and alias[1:].isdigit() and len(alias) < 12:
        condition, value = "memberships.version = ?", int(alias[1:])
    else:
        named = (
            "SELECT artifact_id FROM aliases WHERE collection_id = memberships.collection_id AND alias = ?"
        )
        condition, value = f"memberships.artifact_id = ({named})", alias
    query = MEMBERS + f"WHERE memberships.collection_id = ? AND {VISIBLE} AND {condition}"
    return db.execute(query, (collection, value)).fetchone()


def latest_member(db: sqlite3.Connection, collection: int) -> Row | None:
    condition = f"WHERE memberships.collection_id = ? AND {VISIBLE} ORDER BY memberships.version DESC LIMIT 1"
    return db.execute(MEMBERS + condition, (collection,)).fetchone()


def manifest_entries(db: sqlite3.Connection, blobs: Blobs, artifact: Row) -> dict[str, dict[str, Any]]:
    """The manifest's entries by the file's name; empty before the manifest is here."""
    if artifact["manifest"] is None:
        return {}
    size = db.execute("SELECT size FROM blobs WHERE digest = ?", (artifact["manifest"],)).fetchone()[0]
    path = blobs.sound(artifact["manifest"], size, "the artifact's manifest", thoroughly=True)
    contents = strict_json.parse_object(path.read_bytes(), "the manifest").get("contents")
    if not isinstance(contents, dict) or not all(isinstance(entry, dict) for entry in contents.values()):
        raise RequestError("the manifest's contents should be an object of entries")
    return contents


def artifact_files(
    db: sqlite3.Connection, blobs: Blobs, artifact: Row, names: list[str] | None
) -> list[dict[str, Any]]:
    """The artifact's files as File nodes; a reference has its own address as its URL."""
    files = []
    for name, entry in manifest_entries(db, blobs, artifact).items():
        if names and name not in names:
            continue
        md5 = str(entry.get("digest", ""))
        blob = db.execute("SELECT * FROM blobs WHERE md5 = ? LIMIT 1", (md5,)).fetchone()
        size = entry.get("size")
        files.append(
            {
                "id": artifact["id"],
                "name": name,
                "md5": md5,
                "size": size if isinstance(size, int) else 0,
                "blob": blob["digest"] if blob and "ref" not in entry else None,
                "ref": entry.get("ref"),
                "updated_at": artifact["created_at"],
            }
        )
    return files


def keep_entries(db: sqlite3.Connection, blobs: Blobs, artifact: Row) -> dict[str, dict[str, Any]]:
    """Notes every file of the manifest as needed, also those that came with an earlier version alone."""
    entries = manifest_entries(db, blobs, artifact)
    held = "SELECT ?1, ?2, ?3, (SELECT digest FROM blobs WHERE md5 = ?3 LIMIT 1)"
    db.executemany(
        f"INSERT INTO artifact_files (artifact_id, name, md5, blob) {held} WHERE true ON CONFLICT DO NOTHING",
        [(artifact["id"], name, str(entry.get("digest", ""))) for name, entry in entries.items()],
    )
    return entries


def commit(db: sqlite3.Connection, blobs: Blobs, artifact: Row, now: float) -> None:
    """Makes the artifact a version of its collection.

    Raises:
        RequestError: when its manifest or bytes of its files are missing.
    """
    missing = db.execute(
        "SELECT count(*) FROM artifact_files WHERE artifact_id = ? AND blob IS NULL", (artifact["id"],)
    ).fetchone()[0]
    if artifact["manifest"] is None or missing:
        raise RequestError(
            f"the artifact is not complete: {missing or 'its manifest'} of its files not uploaded"
        )
    entries = keep_entries(db, blobs, artifact)
    sizes = [entry["size"] for entry in entries.values() if isinstance(entry.get("size"), int)]
    db.execute(
        "UPDATE artifacts SET state = 'COMMITTED', size = ?, file_count = ?, updated_at = ? WHERE id = ?",
        (min(sum(sizes), 2**62), len(entries), now, artifact["id"]),
    )
    add_member(db, artifact["collection_id"], artifact["id"], now)
    aliases = ["latest", *json.loads(artifact["wanted_aliases_json"])]
    set_aliases(db, artifact["collection_id"], artifact["id"], aliases)


def remove(db: sqlite3.Connection, artifact: int) -> None:
    """The version is gone for readers; its number is never given again, and its blobs stay for others."""
    db.execute("UPDATE artifacts SET state = 'DELETED' WHERE id = ?", (artifact,))
    db.execute("DELETE FROM aliases WHERE artifact_id = ?", (artifact,))

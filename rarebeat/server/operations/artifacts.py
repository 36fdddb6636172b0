"""Writing artifacts: announce, upload, commit, use."""

from __future__ import annotations

import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import RequestError
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import opaque, row_of
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.artifact_edits import add_tags
from rarebeat.server.operations.incremental import join_base, refuse_parts
from rarebeat.server.operations.projects import ensure_project
from rarebeat.server.operations.registry import RESOLVERS
from rarebeat.server.operations.runs import find_run, named_run
from rarebeat.server.store import Row

MAX_FILES = 100_000


@RESOLVERS.field("Mutation", "createArtifact")
def create_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Announces an artifact. A digest that its collection already has means the version that is there."""
    given = arguments.object("input")
    with context.server.store.write() as db:
        project = ensure_project(db, given.text("entityName"), given.text("projectName"), context.now)
        names = given.texts("artifactCollectionNames") or [given.need_text("artifactCollectionName")]
        collection = artifacts.ensure_collection(
            db, project["id"], names[0], artifacts.SEQUENCE, given.need_text("artifactTypeName"), context.now
        )
        run = find_run(db, project["id"], given.text("runName")) if "runName" in given else None
        wanted = [alias.need_text("alias") for alias in given.objects("aliases")]
        artifact = _same(db, collection, given.need_text("digest"))
        if artifact is None:
            artifact = _insert(db, collection, run, wanted, given, context.now)
        else:
            artifacts.set_aliases(db, collection["id"], artifact, ["latest", *wanted])
        _remember(db, artifact, run, given)
        row = artifacts.artifact_by_row(db, artifact)
    return {"artifact": Node("Artifact", row)}


def _same(db: sqlite3.Connection, collection: Row, digest: str) -> int | None:
    row = db.execute(
        "SELECT id FROM artifacts WHERE collection_id = ? AND digest = ? "
        "AND state = 'COMMITTED' ORDER BY id DESC",
        (collection["id"], digest),
    ).fetchone()
    return row["id"] if row else None


def _insert(
    db: sqlite3.Connection, collection: Row, run: Row | None, aliases: list[str], given: Arguments, now: float
) -> int:
    metadata = given.json("metadata")
    return db.execute(
        """INSERT INTO artifacts (collection_id, state, digest, description, metadata_json, run_id,
                                  history_step, ttl_seconds, wanted_aliases_json, created_at, updated_at)
           VALUES (?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            collection["id"],
            given.need_text("digest"),
            given.text("description"),
            None if metadata is None else strict_json.dump(metadata),
            run["id"] if run else None,
            given.integer("historyStep"),
            artifacts.ttl_seconds(given),
            strict_json.dump(aliases),
            now,
            now,
        ),
    ).lastrowid


def _remember(db: sqlite3.Connection, artifact: int, run: Row | None, given: Arguments) -> None:
    """Who logged it, what the client calls it, its tags."""
    if run is not None:
        db.execute("INSERT OR IGNORE INTO outputs (run_id, artifact_id) VALUES (?, ?)", (run["id"], artifact))
    if "clientID" in given:
        db.execute(
            "INSERT OR REPLACE INTO client_ids (client_id, artifact_id) VALUES (?, ?)",
            (given.text("clientID"), artifact),
        )
    add_tags(db, "artifact", artifact, given.objects("tags"))


@RESOLVERS.field("Query", "clientIDMapping")
def client_id_mapping(context: Context, _: None, arguments: Arguments) -> dict[str, Any] | None:
    row = context.db.execute(
        "SELECT artifact_id FROM client_ids WHERE client_id = ?", (arguments.text("clientID"),)
    ).fetchone()
    return {"serverID": opaque("Artifact", row["artifact_id"])} if row else None


@RESOLVERS.field("Mutation", "createArtifactManifest")
def create_manifest(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    refuse_parts(given.text("type"))
    with context.server.store.write() as db:
        artifact = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        if given.text("type") == "INCREMENTAL" and "baseArtifactID" in given:
            base = artifacts.artifact_by_id(db, given.need_text("baseArtifactID"))
            db.execute("UPDATE artifacts SET base_id = ? WHERE id = ?", (base["id"], artifact["id"]))
    return _manifest(context, artifact["id"])


@RESOLVERS.field("Mutation", "updateArtifactManifest")
def update_manifest(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return _manifest(context, row_of("Manifest", arguments.object("input").need_text("artifactManifestID")))


def _manifest(context: Context, artifact: int) -> dict[str, Any]:
    identifier = opaque("Manifest", artifact)
    url = context.upload_url(manifest=artifact)
    file = {"id": identifier, "uploadUrl": url, "uploadHeaders": []}
    return {"artifactManifest": {"id": identifier, "file": file}}


@RESOLVERS.field("Mutation", "createArtifactFiles")
def create_artifact_files(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Announces files, in order; those whose content is already here need no upload."""
    given = arguments.object("input").objects("artifactFiles")
    if len(given) > MAX_FILES:
        raise RequestError(f"at most {MAX_FILES} files can be announced at once")
    with context.server.store.write() as db:
        nodes = [_announce(context, db, file) for file in given]
    return {"files": {"edges": [{"node": node} for node in nodes]}}


def _announce(context: Context, db: sqlite3.Connection, file: Arguments) -> dict[str, Any]:
    artifact = artifacts.artifact_by_id(db, file.need_text("artifactID"))
    if artifact["state"] != "PENDING":
        raise RequestError("the artifact is committed: its files cannot change")
    name, md5 = file.need_text("name"), file.need_text("md5")
    blob = db.execute("SELECT digest, size FROM blobs WHERE md5 = ? LIMIT 1", (md5,)).fetchone()
    # Bytes that have been lost here since are mended by whoever brings them again.
    digest = blob["digest"] if blob and context.server.blobs.is_whole(blob["digest"], blob["size"]) else None
    db.execute(
        "INSERT OR REPLACE INTO artifact_files (artifact_id, name, md5, blob) VALUES (?, ?, ?, ?)",
        (artifact["id"], name, md5, digest),
    )
    return {
        "id": opaque("ArtifactFile", artifact["id"]),
        "name": name,
        "storagePath": md5.replace("/", "_"),
        "uploadUrl": None if digest else context.upload_url(artifact=artifact["id"], file=name, md5=md5),
        "uploadHeaders": [],
        "uploadMultipartUrls": None,
        "artifact": Node("Artifact", artifact),
    }


@RESOLVERS.field("Mutation", "commitArtifact")
def commit_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, arguments.object("input").need_text("artifactID"))
        if row["state"] == "PENDING":
            row = join_base(db, context.server.blobs, row, context.now)
            artifacts.commit(db, context.server.blobs, row, context.now)
        row = artifacts.artifact_by_row(db, row["id"])
    return {"artifact": Node("Artifact", row)}


@RESOLVERS.field("Mutation", "useArtifact")
def use_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        run = named_run(db, given)
        db.execute("INSERT OR IGNORE INTO uses (run_id, artifact_id) VALUES (?, ?)", (run["id"], row["id"]))
    return {"artifact": Node("Artifact", row)}

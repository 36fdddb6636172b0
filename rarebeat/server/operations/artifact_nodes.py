"""Reading artifacts: a version in a collection, its files, who made and who used it."""

from __future__ import annotations

from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import iso, opaque
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.artifact_collections import collection_node, tags_of
from rarebeat.server.operations.registry import RESOLVERS, paged
from rarebeat.server.operations.runs import SELECT
from rarebeat.server.store import Row

RESOLVERS.columns("ArtifactCollectionMembership", versionIndex="version")


@RESOLVERS.field("ArtifactCollectionMembership", "id")
def membership_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Membership", row["id"])


@RESOLVERS.field("ArtifactCollectionMembership", "createdAt")
def membership_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("ArtifactCollectionMembership", "artifact")
def membership_artifact(context: Context, row: Row, arguments: Arguments) -> Node:
    return Node("Artifact", artifacts.artifact_by_row(context.db, row["artifact_id"]))


@RESOLVERS.field("ArtifactCollectionMembership", "aliases")
def membership_aliases(context: Context, row: Row, arguments: Arguments) -> list[Node]:
    rows = context.db.execute(
        "SELECT * FROM aliases WHERE collection_id = ? AND artifact_id = ? ORDER BY id",
        (row["collection_id"], row["artifact_id"]),
    )
    return [Node("ArtifactAlias", alias) for alias in rows]


@RESOLVERS.field("ArtifactCollectionMembership", "files")
def membership_files(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return artifact_files(context, artifacts.artifact_by_row(context.db, row["artifact_id"]), arguments)


RESOLVERS.columns(
    "Artifact",
    state="state",
    digest="digest",
    description="description",
    metadata="metadata_json",
    historyStep="history_step",
    size="size",
    fileCount="file_count",
)
RESOLVERS.constants(
    "Artifact",
    digestAlgorithm="MANIFEST_MD5",
)


@RESOLVERS.field("Artifact", "ttlDurationSeconds")
def ttl_seconds(context: Context, row: Row, arguments: Arguments) -> int:
    return artifacts.FOR_EVER if row["ttl_seconds"] is None else row["ttl_seconds"]


@RESOLVERS.field("Artifact", "ttlIsInherited")
def ttl_is_inherited(context: Context, row: Row, arguments: Arguments) -> bool:
    return row["ttl_seconds"] is None


@RESOLVERS.field("Artifact", "commitHash")
def commit_hash(context: Context, row: Row, arguments: Arguments) -> str | None:
    return row["digest"] if row["state"] == "COMMITTED" else None


@RESOLVERS.field("Artifact", "id")
def artifact_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Artifact", row["id"])


@RESOLVERS.field("Artifact", "artifactSequence")
def artifact_sequence(context: Context, row: Row, arguments: Arguments) -> Node | None:
    return collection_node(context, row["collection_id"])


@RESOLVERS.field("Artifact", "artifactType")
def type_of_artifact(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return {"name": collection_node(context, row["collection_id"]).source["type"]}


@RESOLVERS.field("Artifact", "versionIndex")
def version_index(context: Context, row: Row, arguments: Arguments) -> int | None:
    query = "SELECT version FROM memberships WHERE collection_id = ? AND artifact_id = ?"
    member = context.db.execute(query, (row["collection_id"], row["id"])).fetchone()
    return member["version"] if member else None


@RESOLVERS.field("Artifact", "createdAt")
def artifact_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("Artifact", "updatedAt")
def artifact_updated_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["updated_at"])


@RESOLVERS.field("Artifact", "tags")
def artifact_tags(context: Context, row: Row, arguments: Arguments) -> list[dict[str, Any]]:
    return tags_of(context, "artifact", row["id"])


@RESOLVERS.field("Artifact", "aliases")
def artifact_aliases(context: Context, row: Row, arguments: Arguments) -> list[Node]:
    rows = context.db.execute("SELECT * FROM aliases WHERE artifact_id = ? ORDER BY id", (row["id"],))
    return [Node("ArtifactAlias", alias) for alias in rows]


@RESOLVERS.field("Artifact", "createdBy")
def created_by(context: Context, row: Row, arguments: Arguments) -> Node | None:
    run = context.db.execute(SELECT + "WHERE runs.id = ?", (row["run_id"],)).fetchone()
    return Node("Run", run) if run else None


@RESOLVERS.field("Artifact", "usedBy")
def used_by(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    query = SELECT + "JOIN uses ON uses.run_id = runs.id WHERE uses.artifact_id = ? ORDER BY runs.id"
    return paged([Node("Run", run) for run in context.db.execute(query, (row["id"],))], arguments)


@RESOLVERS.field("Artifact", "artifactMemberships")
def memberships(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    rows = context.db.execute(
        artifacts.MEMBERS + "WHERE memberships.artifact_id = ? ORDER BY memberships.id", (row["id"],)
    ).fetchall()
    return paged([Node("ArtifactCollectionMembership", member) for member in rows], arguments)


@RESOLVERS.field("Artifact", "currentManifest")
def current_manifest(context: Context, row: Row, arguments: Arguments) -> dict[str, Any] | None:
    if row["manifest"] is None:
        return None
    url = context.download_url(row["manifest"], "wandb_manifest.json")
    return {"id": opaque("Manifest", row["id"]), "file": {"directUrl": url}}


@RESOLVERS.field("Artifact", "files", "filesByManifestEntries")
def artifact_files(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    names = arguments.texts("names") or [entry.need_text("name") for entry in arguments.objects("entries")]
    files = artifacts.artifact_files(context.db, context.server.blobs, row, names)
    return paged([Node("File", file) for file in files], arguments)

"""Reading artifact collections: sequences, which runs write, and portfolios, which people fill."""

from __future__ import annotations

from typing import Any

from rarebeat.server import filters
from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.filterable import ARTIFACTS
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import iso, opaque
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.projects import project_by_id
from rarebeat.server.operations.registry import RESOLVERS, connection, page_bounds, paged
from rarebeat.server.store import Row

for kind in (artifacts.SEQUENCE, artifacts.PORTFOLIO):
    RESOLVERS.interfaces[kind] = {"ArtifactCollection"}


def collection_node(context: Context, row: int) -> Node | None:
    found = context.db.execute("SELECT * FROM collections WHERE id = ?", (row,)).fetchone()
    return Node(found["kind"], found) if found else None


def tags_of(context: Context, owner: str, owner_id: int) -> list[dict[str, Any]]:
    rows = context.db.execute(
        "SELECT * FROM tags WHERE owner = ? AND owner_id = ? ORDER BY id", (owner, owner_id)
    )
    return [{"__typename": "Tag", "id": opaque("Tag", row["id"]), "name": row["name"]} for row in rows]


for kind in (artifacts.SEQUENCE, artifacts.PORTFOLIO):
    RESOLVERS.columns(kind, name="name", description="description")
    RESOLVERS.constants(kind, state="READY", digestAlgorithm="MANIFEST_MD5")


@RESOLVERS.field(artifacts.SEQUENCE, "id")
@RESOLVERS.field(artifacts.PORTFOLIO, "id")
def collection_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Collection", row["id"])


@RESOLVERS.field(artifacts.SEQUENCE, "createdAt")
@RESOLVERS.field(artifacts.PORTFOLIO, "createdAt")
def collection_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field(artifacts.SEQUENCE, "updatedAt")
@RESOLVERS.field(artifacts.PORTFOLIO, "updatedAt")
def collection_updated_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["updated_at"])


@RESOLVERS.field(artifacts.SEQUENCE, "project")
@RESOLVERS.field(artifacts.PORTFOLIO, "project")
def collection_project(context: Context, row: Row, arguments: Arguments) -> Node:
    return project_by_id(context, row["project_id"])


@RESOLVERS.field(artifacts.SEQUENCE, "defaultArtifactType")
@RESOLVERS.field(artifacts.PORTFOLIO, "defaultArtifactType")
def collection_type(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return {"name": row["type"]}


@RESOLVERS.field(artifacts.SEQUENCE, "tags")
@RESOLVERS.field(artifacts.PORTFOLIO, "tags")
def collection_tags(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return {"edges": [{"node": tag} for tag in tags_of(context, "collection", row["id"])]}


@RESOLVERS.field(artifacts.SEQUENCE, "latestArtifact")
@RESOLVERS.field(artifacts.PORTFOLIO, "latestArtifact")
def latest_artifact(context: Context, row: Row, arguments: Arguments) -> Node | None:
    member = artifacts.latest_member(context.db, row["id"])
    return Node("Artifact", artifacts.artifact_by_row(context.db, member["artifact_id"])) if member else None


@RESOLVERS.field(artifacts.SEQUENCE, "artifactMembership")
@RESOLVERS.field(artifacts.PORTFOLIO, "artifactMembership")
def collection_membership(context: Context, row: Row, arguments: Arguments) -> Node | None:
    member = artifacts.member_by_alias(context.db, row["id"], arguments.need_text("aliasName"))
    return Node("ArtifactCollectionMembership", member) if member else None


@RESOLVERS.field(artifacts.SEQUENCE, "artifacts")
@RESOLVERS.field(artifacts.PORTFOLIO, "artifacts")
def collection_artifacts(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    """The versions that pass the filter, newest first unless another order is asked for."""
    condition, values = filters.where(arguments.json("filters"), ARTIFACTS)
    order, order_values = filters.order_by(arguments.text("order") or "-version", ARTIFACTS)
    offset, size = page_bounds(arguments, 50)
    members = context.db.execute(
        artifacts.MEMBERS
        + f"""JOIN artifacts ON artifacts.id = memberships.artifact_id
              WHERE memberships.collection_id = ? AND artifacts.state = 'COMMITTED' AND {condition}
              ORDER BY {order}""",
        (row["id"], *values, *order_values),
    ).fetchall()
    page = members[offset : offset + size]
    nodes = [
        Node("Artifact", artifacts.artifact_by_row(context.db, member["artifact_id"])) for member in page
    ]
    answer = connection(nodes, offset, len(members))
    for edge, member in zip(answer["edges"], page, strict=True):
        edge["version"] = f"v{member['version']}"
    return answer


@RESOLVERS.field(artifacts.SEQUENCE, "aliases")
@RESOLVERS.field(artifacts.PORTFOLIO, "aliases")
def collection_aliases(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    rows = context.db.execute(
        "SELECT * FROM aliases WHERE collection_id = ? ORDER BY id", (row["id"],)
    ).fetchall()
    return paged([Node("ArtifactAlias", alias) for alias in rows], arguments)


RESOLVERS.columns("ArtifactAlias", alias="alias")


@RESOLVERS.field("ArtifactAlias", "id")
def alias_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("ArtifactAlias", row["id"])


@RESOLVERS.field("ArtifactAlias", "artifactCollection")
@RESOLVERS.field("ArtifactCollectionMembership", "artifactCollection")
def collection_of(context: Context, row: Row, arguments: Arguments) -> Node | None:
    return collection_node(context, row["collection_id"])

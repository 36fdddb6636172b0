"""Where artifacts are found: by id, by name, by type, from the run that made or used them."""

from __future__ import annotations

from typing import Any

from rarebeat.server import filters
from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.filterable import COLLECTIONS
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import iso, opaque, row_of
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.artifact_collections import collection_node
from rarebeat.server.operations.registry import RESOLVERS, paged
from rarebeat.server.store import Row


@RESOLVERS.field("Query", "artifact")
def artifact(context: Context, _: None, arguments: Arguments) -> Node | None:
    row = artifacts.artifact_by_row(context.db, row_of("Artifact", arguments.need_text("id")))
    return Node("Artifact", row) if row and row["state"] != "DELETED" else None


@RESOLVERS.field("Query", "artifactCollection")
def artifact_collection(context: Context, _: None, arguments: Arguments) -> Node | None:
    return collection_node(context, row_of("Collection", arguments.need_text("id")))


@RESOLVERS.field("Project", "artifactCollectionMembership")
def membership_by_name(context: Context, project: Row, arguments: Arguments) -> Node | None:
    row = artifacts.member_by_name(context.db, project["id"], arguments.need_text("name"))
    return Node("ArtifactCollectionMembership", row) if row else None


@RESOLVERS.field("Project", "artifact")
def artifact_by_name(context: Context, project: Row, arguments: Arguments) -> Node | None:
    row = artifacts.member_by_name(context.db, project["id"], arguments.need_text("name"))
    return Node("Artifact", artifacts.artifact_by_row(context.db, row["artifact_id"])) if row else None


@RESOLVERS.field("Project", "artifactCollection")
def project_collection(context: Context, project: Row, arguments: Arguments) -> Node | None:
    row = artifacts.find_collection(context.db, project["id"], arguments.text("name"))
    return Node(row["kind"], row) if row else None


@RESOLVERS.field("Project", "artifactCollections")
def project_collections(context: Context, project: Row, arguments: Arguments) -> dict[str, Any]:
    return _collections(context, project["id"], None, arguments)


def _collections(
    context: Context, project: int, artifact_type: str | None, arguments: Arguments
) -> dict[str, Any]:
    condition, values = filters.where(arguments.json("filters"), COLLECTIONS)
    order, order_values = filters.order_by(arguments.text("order"), COLLECTIONS)
    rows = context.db.execute(
        f"""SELECT * FROM collections WHERE project_id = ? AND coalesce(type = ?, 1) AND {condition}
            ORDER BY {order}""",
        (project, artifact_type, *values, *order_values),
    ).fetchall()
    return paged([Node(row["kind"], row) for row in rows], arguments)


@RESOLVERS.field("Project", "artifactType")
def artifact_type(context: Context, project: Row, arguments: Arguments) -> Node | None:
    return next(
        (node for node in _types(context, project) if node.source["name"] == arguments.text("name")), None
    )


@RESOLVERS.field("Project", "artifactTypes")
def artifact_types(context: Context, project: Row, arguments: Arguments) -> dict[str, Any]:
    return paged(_types(context, project), arguments)


def _types(context: Context, project: Row) -> list[Node]:
    rows = context.db.execute(
        "SELECT min(id) AS id, type AS name, min(created_at) AS created_at, project_id "
        "FROM collections WHERE project_id = ? GROUP BY type ORDER BY 1",
        (project["id"],),
    )
    return [Node("ArtifactType", row) for row in rows]


RESOLVERS.columns("ArtifactType", name="name")
RESOLVERS.constants("ArtifactType", description=None)


@RESOLVERS.field("ArtifactType", "id")
def type_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("ArtifactType", row["id"])


@RESOLVERS.field("ArtifactType", "createdAt")
def type_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("ArtifactType", "artifactCollection")
def type_collection(context: Context, row: Row, arguments: Arguments) -> Node | None:
    found = artifacts.find_collection(context.db, row["project_id"], arguments.text("name"))
    return Node(found["kind"], found) if found and found["type"] == row["name"] else None


@RESOLVERS.field("ArtifactType", "artifactCollections")
def type_collections(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return _collections(context, row["project_id"], row["name"], arguments)


@RESOLVERS.field("Run", "outputArtifacts")
def output_artifacts(context: Context, run: Row, arguments: Arguments) -> dict[str, Any]:
    return _artifacts_of(context, "outputs", run, arguments)


@RESOLVERS.field("Run", "inputArtifacts")
def input_artifacts(context: Context, run: Row, arguments: Arguments) -> dict[str, Any]:
    return _artifacts_of(context, "uses", run, arguments)


def _artifacts_of(context: Context, table: str, run: Row, arguments: Arguments) -> dict[str, Any]:
    rows = context.db.execute(
        f"""SELECT artifacts.* FROM artifacts JOIN {table} ON {table}.artifact_id = artifacts.id
            WHERE {table}.run_id = ? AND artifacts.state = 'COMMITTED' ORDER BY artifacts.id""",
        (run["id"],),
    ).fetchall()
    return paged([Node("Artifact", row) for row in rows], arguments)

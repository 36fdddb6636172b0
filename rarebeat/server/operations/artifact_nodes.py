"""Reading artifacts: versions, collections, types, memberships, their files."""

from __future__ import annotations

from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import RequestError
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import iso, opaque, row_of
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.projects import project_by_id
from rarebeat.server.operations.registry import RESOLVERS, connection, page_bounds, paged
from rarebeat.server.operations.runs import SELECT
from rarebeat.server.store import Row

INHERITED = -2  # W&B's way of saying that nothing expires
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


def _refuse_filters(arguments: Arguments) -> None:
    """Better no answer than an answer that looks filtered and is not."""
    given = arguments.json("filters")
    if given and given != {"state": "COMMITTED"}:
        raise RequestError("this server cannot filter artifacts")


# -- where artifacts are found --


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
    _refuse_filters(arguments)
    rows = context.db.execute(
        "SELECT * FROM collections WHERE project_id = ?1 AND (?2 IS NULL OR type = ?2) ORDER BY id",
        (project, artifact_type),
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


# -- a collection --


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
    """The versions, newest first."""
    _refuse_filters(arguments)
    offset, size = page_bounds(arguments, 50)
    members = context.db.execute(
        artifacts.MEMBERS
        + f"WHERE memberships.collection_id = ? AND {artifacts.VISIBLE} ORDER BY version DESC",
        (row["id"],),
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


# -- a version in a collection --


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


# -- an artifact --


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
    ttlDurationSeconds=INHERITED,
    ttlIsInherited=True,
    digestAlgorithm="MANIFEST_MD5",
    commitHash=None,
)


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

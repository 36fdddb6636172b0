"""Changing artifacts that are there: words, aliases, tags, links, deletion."""

from __future__ import annotations

import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import checked_name, row_of
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.artifact_collections import collection_node, tags_of
from rarebeat.server.operations.projects import ensure_project, find_project
from rarebeat.server.operations.registry import RESOLVERS
from rarebeat.server.store import Row


def add_tags(db: sqlite3.Connection, owner: str, owner_id: int, tags: list[Arguments]) -> None:
    db.executemany(
        "INSERT OR IGNORE INTO tags (owner, owner_id, name) VALUES (?, ?, ?)",
        [(owner, owner_id, tag.need_text("tagName")) for tag in tags],
    )


def _remove_tags(db: sqlite3.Connection, owner: str, owner_id: int, tags: list[Arguments]) -> None:
    db.executemany(
        "DELETE FROM tags WHERE owner = ? AND owner_id = ? AND name = ?",
        [(owner, owner_id, tag.need_text("tagName")) for tag in tags],
    )


@RESOLVERS.field("Mutation", "updateArtifact")
def update_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        changes: dict[str, Any] = {"updated_at": context.now}
        if "description" in given:
            changes["description"] = given.text("description")
        if "metadata" in given:
            changes["metadata_json"] = strict_json.dump(given.json("metadata"))
        if "ttlDurationSeconds" in given:
            changes["ttl_seconds"] = artifacts.ttl_seconds(given)
        columns = ", ".join(f"{column} = ?" for column in changes)
        db.execute(f"UPDATE artifacts SET {columns} WHERE id = ?", (*changes.values(), row["id"]))
        add_tags(db, "artifact", row["id"], given.objects("tagsToAdd"))
        _remove_tags(db, "artifact", row["id"], given.objects("tagsToDelete"))
        row = artifacts.artifact_by_row(db, row["id"])
    return {"artifact": Node("Artifact", row)}


@RESOLVERS.field("Mutation", "deleteArtifact")
def delete_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        named = db.execute(
            "SELECT count(*) FROM aliases WHERE artifact_id = ? AND alias != 'latest'", (row["id"],)
        ).fetchone()[0]
        if named and not given.flag("deleteAliases"):
            raise RequestError(
                "the artifact has aliases: delete them first, or with it (delete_aliases=True)"
            )
        artifacts.remove(db, row["id"])
    return {"artifact": Node("Artifact", row)}


@RESOLVERS.field("Mutation", "addAliases")
def add_aliases(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        for alias in given.objects("aliases"):
            collection = _collection_of(db, alias)
            artifacts.add_member(db, collection["id"], row["id"], context.now)
            artifacts.set_aliases(db, collection["id"], row["id"], [alias.need_text("alias")])
    return {"success": True}


@RESOLVERS.field("Mutation", "deleteAliases")
def delete_aliases(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        for alias in given.objects("aliases"):
            db.execute(
                "DELETE FROM aliases WHERE collection_id = ? AND artifact_id = ? AND alias = ?",
                (_collection_of(db, alias)["id"], row["id"], alias.text("alias")),
            )
    return {"success": True}


def _collection_of(db: sqlite3.Connection, given: Arguments) -> Row:
    """The collection that `entityName`, `projectName` and `artifactCollectionName` mean."""
    project = find_project(db, given.text("entityName"), given.text("projectName"))
    name = given.text("artifactCollectionName")
    collection = artifacts.find_collection(db, project["id"], name) if project else None
    if collection is None:
        raise NotFound(f"there is no artifact collection {name!r}")
    return collection


@RESOLVERS.field("Mutation", "linkArtifact")
def link_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Makes the artifact a version of a portfolio too."""
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = _artifact_of(db, given)
        source = db.execute("SELECT * FROM collections WHERE id = ?", (row["collection_id"],)).fetchone()
        project = ensure_project(db, given.text("entityName"), given.text("projectName"), context.now)
        name = given.need_text("artifactPortfolioName")
        collection = artifacts.ensure_collection(
            db, project["id"], name, artifacts.PORTFOLIO, source["type"], context.now
        )
        member = artifacts.add_member(db, collection["id"], row["id"], context.now)
        wanted = [alias.need_text("alias") for alias in given.objects("aliases")]
        artifacts.set_aliases(db, collection["id"], row["id"], ["latest", *wanted])
    return {
        "versionIndex": member["version"],
        "artifactMembership": Node("ArtifactCollectionMembership", member),
    }


def _artifact_of(db: sqlite3.Connection, given: Arguments) -> Row:
    if "artifactID" in given:
        return artifacts.artifact_by_id(db, given.need_text("artifactID"))
    client_id = given.need_text("clientID")
    query = (
        "SELECT artifacts.* FROM artifacts JOIN client_ids ON artifact_id = artifacts.id WHERE client_id = ?"
    )
    row = db.execute(query, (client_id,)).fetchone()
    if row is None:
        raise NotFound(f"there is no artifact {client_id[:80]!r}")
    return row


@RESOLVERS.field("Mutation", "unlinkArtifact")
def unlink_artifact(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = artifacts.artifact_by_id(db, given.need_text("artifactID"))
        key = (row_of("Collection", given.need_text("artifactPortfolioID")), row["id"])
        db.execute("DELETE FROM memberships WHERE collection_id = ? AND artifact_id = ?", key)
        db.execute("DELETE FROM aliases WHERE collection_id = ? AND artifact_id = ?", key)
    return {"success": True}


@RESOLVERS.field("Mutation", "updateArtifactSequence", "updateArtifactPortfolio")
def update_collection(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    identifier = given.text("artifactSequenceID") or given.need_text("artifactPortfolioID")
    row = row_of("Collection", identifier)
    with context.server.store.write() as db:
        if "name" in given:
            artifacts.rename_collection(db, row, given.need_text("name"))
        db.execute(
            "UPDATE collections SET description = coalesce(?, description), updated_at = ? WHERE id = ?",
            (given.text("description"), context.now, row),
        )
    return {"artifactCollection": collection_node(context, row)}


@RESOLVERS.field("Mutation", "moveArtifactSequence")
def move_collection(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Makes it a collection of another type."""
    given = arguments.object("input")
    row = row_of("Collection", given.need_text("artifactSequenceID"))
    kind = checked_name(given.need_text("destinationArtifactTypeName"), "the artifact's type")
    with context.server.store.write() as db:
        db.execute("UPDATE collections SET type = ?, updated_at = ? WHERE id = ?", (kind, context.now, row))
    return {"artifactCollection": collection_node(context, row)}


@RESOLVERS.field("Mutation", "deleteArtifactSequence", "deleteArtifactPortfolio")
def delete_collection(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    identifier = given.text("artifactSequenceID") or given.need_text("artifactPortfolioID")
    with context.server.store.write() as db:
        node = collection_node(context, row_of("Collection", identifier))
        db.execute("DELETE FROM collections WHERE id = ?", (row_of("Collection", identifier),))
    return {"artifactCollection": {"__typename": node.type if node else None, "state": "DELETED"}}


@RESOLVERS.field("Mutation", "createArtifactCollectionTagAssignments")
def add_collection_tags(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        collection = _collection_of(db, given)
        add_tags(db, "collection", collection["id"], given.objects("tags"))
    return {"tags": tags_of(context, "collection", collection["id"])}


@RESOLVERS.field("Mutation", "deleteArtifactCollectionTagAssignments")
def delete_collection_tags(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        _remove_tags(db, "collection", _collection_of(db, given)["id"], given.objects("tags"))
    return {"success": True}

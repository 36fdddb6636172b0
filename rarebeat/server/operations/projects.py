"""Projects: made when first named, listed, read."""

from __future__ import annotations

import sqlite3
from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import ENTITY, Context
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import checked_name, iso, opaque
from rarebeat.server.operations.registry import RESOLVERS, paged
from rarebeat.server.operations.session import USER
from rarebeat.server.store import Row

DEFAULT_PROJECT = "uncategorized"


def find_project(db: sqlite3.Connection, entity: str | None, name: str | None) -> Row | None:
    key = (entity or ENTITY, name or DEFAULT_PROJECT)
    return db.execute("SELECT * FROM projects WHERE entity = ? AND name = ?", key).fetchone()


def ensure_project(db: sqlite3.Connection, entity: str | None, name: str | None, now: float) -> Row:
    """The project of that name, made if need be; inside the caller's transaction."""
    entity = checked_name(entity or ENTITY, "the entity")
    name = checked_name(name or DEFAULT_PROJECT, "the project")
    db.execute(
        "INSERT INTO projects (entity, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (entity, name, now),
    )
    return find_project(db, entity, name)


def project_by_id(context: Context, row: int) -> Node:
    return Node("Project", context.db.execute("SELECT * FROM projects WHERE id = ?", (row,)).fetchone())


@RESOLVERS.field("Query", "project", "model")
def project(context: Context, _: None, arguments: Arguments) -> Node | None:
    row = find_project(context.db, arguments.text("entityName"), arguments.text("name"))
    return Node("Project", row) if row else None


@RESOLVERS.field("Query", "models")
def models(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    entity = arguments.text("entityName") or ENTITY
    rows = context.db.execute(
        "SELECT * FROM projects WHERE entity = ? ORDER BY id DESC", (entity,)
    ).fetchall()
    return paged([Node("Project", row) for row in rows], arguments)


@RESOLVERS.field("Mutation", "upsertModel")
def upsert_model(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    entity, name = given.text("entityName"), given.need_text("name")
    with context.server.store.write() as db:
        inserted = find_project(db, entity, name) is None
        row = ensure_project(db, entity, name, context.now)
        if "description" in given:
            db.execute(
                "UPDATE projects SET description = ? WHERE id = ?", (given.text("description"), row["id"])
            )
        row = find_project(db, entity, name)
    node = Node("Project", row)
    return {"project": node, "model": node, "inserted": inserted}


RESOLVERS.columns("Project", name="name", entityName="entity", description="description")
RESOLVERS.constants(
    "Project", user=USER, readOnly=False, isBenchmark=False, access="PRIVATE", views="{}", updatedAt=None
)


@RESOLVERS.field("Project", "id")
def project_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Project", row["id"])


@RESOLVERS.field("Project", "internalId")
def internal_id(context: Context, row: Row, arguments: Arguments) -> str:
    return str(row["id"])


@RESOLVERS.field("Project", "createdAt")
def created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("Project", "entity")
def project_entity(context: Context, row: Row, arguments: Arguments) -> Node:
    return Node("Entity", {"id": "RW50aXR5OjE=", "name": row["entity"]})

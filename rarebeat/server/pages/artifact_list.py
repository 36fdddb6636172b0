"""The artifacts of a project: their collections, and a row for each version wherever versions are listed."""

from __future__ import annotations

import sqlite3

from rarebeat.figures import table
from rarebeat.server.operations.projects import find_project
from rarebeat.server.pages.amounts import size
from rarebeat.server.pages.markup import link, live, moment, note
from rarebeat.server.pages.project_tabs import project_tabs
from rarebeat.server.pages.shell import Asked, Page
from rarebeat.server.store import Row

# A version in its own collection, with the names that its page's address is made of.
LISTED = """
    SELECT artifacts.*, collections.name AS collection, collections.type, memberships.version,
           projects.entity, projects.name AS project
    FROM artifacts
    JOIN collections ON collections.id = artifacts.collection_id
    JOIN projects ON projects.id = collections.project_id
    JOIN memberships
      ON memberships.artifact_id = artifacts.id AND memberships.collection_id = collections.id """
MOST = 500


def listed_row(db: sqlite3.Connection, row: Row) -> list[object]:
    """Name, type, aliases, files, size and time of a row of `LISTED`."""
    name = link(f"{row['collection']}:v{row['version']}", *version_path(row))
    return [
        name,
        row["type"],
        ", ".join(aliases_of(db, row)),
        row["file_count"],
        size(row["size"]),
        moment(row["created_at"]),
    ]


def aliases_of(db: sqlite3.Connection, row: Row) -> list[str]:
    found = db.execute(
        "SELECT alias FROM aliases WHERE collection_id = ? AND artifact_id = ? ORDER BY id",
        (row["collection_id"], row["id"]),
    )
    return [each["alias"] for each in found]


def version_path(row: Row) -> tuple[str, ...]:
    return (row["entity"], row["project"], "artifacts", row["type"], row["collection"], f"v{row['version']}")


def project_artifacts(asked: Asked) -> Page | None:
    """The newest version of each collection, all of one type where the address names one."""
    db = asked.server.store.connection
    project = find_project(db, *asked.path)
    if project is None:
        return None
    wanted = asked.names.get("type")
    rows = db.execute(
        f"""{LISTED} WHERE collections.project_id = ?1 AND artifacts.state = 'COMMITTED'
            AND (collections.type = ?2 OR (?2 IS NULL AND collections.type NOT IN ('run_table', 'job')))
            AND memberships.version = (SELECT max(version) FROM memberships AS others
                                       WHERE others.collection_id = collections.id)
            ORDER BY artifacts.id DESC LIMIT ?3""",
        (project["id"], wanted, MOST),
    ).fetchall()
    heads = ["newest version", "type", "aliases", "files", "size", "made"]
    body = table("Newest first", heads, [listed_row(db, row) for row in rows], texts=3)
    empty = note("No artifacts: `run.log_artifact(…)` and `wandb artifact put …` bring them here.")
    region = live("artifacts", body if rows else empty, tag="div")
    if wanted:
        return Page(f"Artifacts of type {wanted}", (region,), _trail(asked))
    return Page(asked.names["project"], (region,), (), "", project_tabs(asked, "Artifacts"))


def _trail(asked: Asked) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("/".join(asked.path), asked.path), ("artifacts", (*asked.path, "artifacts")))

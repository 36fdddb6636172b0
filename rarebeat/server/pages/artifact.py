"""The page of one artifact, at a version of it: what is in it, who made it, who used it, how to fetch it."""

from __future__ import annotations

import json
import shlex
import sqlite3
from html import escape

from rarebeat.figures import Html, table
from rarebeat.server.errors import RequestError
from rarebeat.server.operations import artifact_store as artifacts
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import SELECT
from rarebeat.server.pages.amounts import size
from rarebeat.server.pages.artifact_list import LISTED, aliases_of, version_path
from rarebeat.server.pages.markup import command, facts, link, live, moment, note, state
from rarebeat.server.pages.shell import Asked, Page
from rarebeat.server.pages.values import tree
from rarebeat.server.store import Row

MOST_FILES, MOST_VERSIONS, MOST_RUNS = 500, 100, 100


def artifact(asked: Asked) -> Page | None:
    """The version or alias that the address names; without one the latest."""
    db = asked.server.store.connection
    row = _find(db, asked)
    if row is None:
        return None
    at = asked.path
    trail = (
        ("/".join(at), at),
        ("artifacts", (*at, "artifacts")),
        (row["type"], (*at, "artifacts", row["type"])),
    )
    body = (
        live("about", *_about(db, row), tag="div"),
        live("fetch", "<h2>Fetch it</h2>", *_commands(row)),
        live("files", "<h2>Files</h2>", _files(asked, row)),
        live("metadata", _metadata(row)),
        live("runs", _users(db, row)),
        live("versions", "<h2>Versions</h2>", _versions(db, row)),
    )
    tags = "".join(f'<span class="tag">{escape(alias)}</span>' for alias in aliases_of(db, row))
    return Page(f"{row['collection']}:v{row['version']}", body, trail, Html(tags))


def _find(db: sqlite3.Connection, asked: Asked) -> Row | None:
    project = find_project(db, *asked.path)
    name = f"{asked.names['name']}:{asked.names.get('version', 'latest')}"
    member = artifacts.member_by_name(db, project["id"], name) if project else None
    if member is None:
        return None
    return db.execute(f"{LISTED} WHERE artifacts.id = ?", (member["artifact_id"],)).fetchone()


def _about(db: sqlite3.Connection, row: Row) -> list[str]:
    made = _run_link(db, row["run_id"])
    said = f'<p class="notes">{escape(row["description"])}</p>' if row["description"] else ""
    pairs = [
        ("type", row["type"]),
        ("made", moment(row["created_at"])),
        ("by run", made),
        ("files", row["file_count"]),
        ("size", size(row["size"])),
        ("digest", row["digest"]),
    ]
    return [said, facts(pairs)]


def _run_link(db: sqlite3.Connection, run: int | None) -> Html | None:
    row = db.execute(
        """SELECT runs.name, display_name, entity, projects.name AS project FROM runs
           JOIN projects ON projects.id = project_id WHERE runs.id = ?""",
        (run,),
    ).fetchone()
    if row is None:
        return None
    return link(row["display_name"] or row["name"], row["entity"], row["project"], "runs", row["name"])


def _commands(row: Row) -> list[str]:
    """Quoted: a name that somebody else has chosen must be no more than a name in the reader's terminal."""
    name = f"{row['entity']}/{row['project']}/{row['collection']}:v{row['version']}"
    code = f"import wandb; print(wandb.Api().artifact({json.dumps(name)}).download())"
    return [
        command(f"wandb artifact get {shlex.quote(name)}"),
        command(f"python -c {shlex.quote(code)}"),
    ]


def _files(asked: Asked, row: Row) -> str:
    server = asked.server
    try:
        found = artifacts.artifact_files(server.store.connection, server.blobs, row, None)
    except (RequestError, OSError):
        return note("Its manifest is missing from the server's blobs: `rarebeat status --verify` says more.")
    listed = [[_file(asked, file), size(file["size"])] for file in found[:MOST_FILES]]
    more = len(found) - MOST_FILES
    rest = note(f"{more:,} more come with `wandb artifact get`.") if more > 0 else ""
    return table(f"{len(found):,} files", ["file", "size"], listed) + rest


def _file(asked: Asked, file: dict) -> object:
    if file["ref"]:
        return f"{file['name']} → {file['ref']}"
    if file["blob"] is None:
        return file["name"]
    url = escape(asked.file(file["blob"], file["name"]))
    return Html(f'<a href="{url}" download>{escape(file["name"])}</a>')


def _metadata(row: Row) -> str:
    held = json.loads(row["metadata_json"] or "{}")
    return f"<h2>Metadata</h2>{tree(held)}" if isinstance(held, dict) and held else ""


def _users(db: sqlite3.Connection, row: Row) -> str:
    """The runs that used it, newest first."""
    runs = db.execute(
        SELECT
        + "JOIN uses ON uses.run_id = runs.id WHERE uses.artifact_id = ? ORDER BY runs.id DESC LIMIT ?",
        (row["id"], MOST_RUNS),
    ).fetchall()
    listed = [[_run_link(db, run["id"]), state(run["state"]), moment(run["created_at"])] for run in runs]
    return f"<h2>Used by</h2>{table('Newest first', ['run', 'state', 'since'], listed, 3)}" if runs else ""


def _versions(db: sqlite3.Connection, row: Row) -> str:
    rows = db.execute(
        f"""{LISTED} WHERE collections.id = ? AND artifacts.state = 'COMMITTED'
            ORDER BY memberships.version DESC LIMIT ?""",
        (row["collection_id"], MOST_VERSIONS),
    ).fetchall()
    listed = [_version(db, each, each["id"] == row["id"]) for each in rows]
    return table("Newest first", ["version", "aliases", "run", "size", "made"], listed, texts=3)


def _version(db: sqlite3.Connection, row: Row, here: bool) -> list[object]:
    name = f"v{row['version']}"
    return [
        name if here else link(name, *version_path(row)),
        ", ".join(aliases_of(db, row)),
        _run_link(db, row["run_id"]) or "",
        size(row["size"]),
        moment(row["created_at"]),
    ]

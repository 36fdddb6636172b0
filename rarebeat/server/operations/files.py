"""Files that a run saved."""

from __future__ import annotations

import mimetypes
import posixpath
import sqlite3
from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import RequestError
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import iso, opaque, row_of
from rarebeat.server.operations.registry import RESOLVERS, paged
from rarebeat.server.operations.runs import named_run
from rarebeat.server.store import Row

MAX_NAME = 1024
MAX_FILES = 10_000
FILES = """SELECT files.*, blobs.size, blobs.md5 FROM files LEFT JOIN blobs ON blobs.digest = files.blob """


def _ensure_file(db: sqlite3.Connection, run: int, name: str, now: float) -> None:
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise RequestError(f"a file's name should have 1 to {MAX_NAME} characters")
    db.execute(
        "INSERT INTO files (run_id, name, updated_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (run, name, now),
    )


@RESOLVERS.field("Mutation", "createRunFiles")
def create_run_files(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Announces files; each gets the URL that its bytes are to be put to."""
    given = arguments.object("input")
    names = given.texts("files") or []
    if len(names) > MAX_FILES:
        raise RequestError(f"at most {MAX_FILES} files can be announced at once")
    with context.server.store.write() as db:
        run = named_run(db, given)
        for name in names:
            _ensure_file(db, run["id"], name, context.now)
    files = [
        {"name": name, "uploadUrl": context.upload_url(run=run["id"], file=name), "uploadHeaders": []}
        for name in names
    ]
    return {"runID": opaque("Run", run["id"]), "uploadHeaders": [], "files": files}


@RESOLVERS.field("Mutation", "markRunFilesUploaded")
def mark_run_files_uploaded(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """A file is there when its bytes are: nothing is left to mark."""
    return {"success": True}


@RESOLVERS.field("Mutation", "deleteFiles")
def delete_files(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    rows = [(row_of("File", identifier),) for identifier in arguments.object("input").texts("files") or ()]
    with context.server.store.write() as db:
        db.executemany("DELETE FROM files WHERE id = ?", rows)
    return {"success": True}


@RESOLVERS.field("Run", "files")
def run_files(context: Context, run: Row, arguments: Arguments) -> dict[str, Any]:
    """The run's files: those of given names, or those like an SQL pattern, or all."""
    query, values = FILES + "WHERE run_id = ?", [run["id"]]
    # A user names a file as it lies before them, ./file too; it was sent under its plain name.
    if names := [posixpath.normpath(name) for name in arguments.texts("names") or ()]:
        query += f" AND name IN ({','.join('?' * len(names))})"
        values += names
    if "pattern" in arguments:
        query += " AND name LIKE ?"
        values.append(arguments.text("pattern"))
    # A name without bytes is no file yet, unless it is asked for by name, to be uploaded.
    query += "" if names else " AND blob IS NOT NULL"
    rows = context.db.execute(query + " ORDER BY name", values).fetchall()
    return paged([Node("File", dict(row)) for row in rows], arguments)


@RESOLVERS.field("Run", "fileCount")
def file_count(context: Context, run: Row, arguments: Arguments) -> int:
    query = "SELECT count(*) FROM files WHERE run_id = ? AND blob IS NOT NULL"
    return context.db.execute(query, (run["id"],)).fetchone()[0]


RESOLVERS.columns("File", name="name", displayName="name", md5="md5", digest="md5", storagePath="blob")


@RESOLVERS.field("File", "id")
def file_id(context: Context, row: dict[str, Any], arguments: Arguments) -> str:
    return opaque("File", row["id"])


@RESOLVERS.field("File", "sizeBytes")
def size_bytes(context: Context, row: dict[str, Any], arguments: Arguments) -> int:
    return row["size"] or 0


@RESOLVERS.field("File", "url")
def url(context: Context, row: dict[str, Any], arguments: Arguments) -> str | None:
    if arguments.flag("upload") and "run_id" in row:
        return context.upload_url(run=row["run_id"], file=row["name"])
    return direct_url(context, row, arguments)


@RESOLVERS.field("File", "directUrl")
def direct_url(context: Context, row: dict[str, Any], arguments: Arguments) -> str | None:
    """Where its bytes are; an artifact's reference is its own address."""
    return row.get("ref") or context.download_url(row["blob"], row["name"])


@RESOLVERS.field("File", "mimetype")
def mimetype(context: Context, row: dict[str, Any], arguments: Arguments) -> str:
    return mimetypes.guess_type(row["name"])[0] or "application/octet-stream"


@RESOLVERS.field("File", "updatedAt")
def updated_at(context: Context, row: dict[str, Any], arguments: Arguments) -> str | None:
    return iso(row["updated_at"])

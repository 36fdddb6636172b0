"""Bytes in and out, at the signed URLs that the server has handed out."""

from __future__ import annotations

import base64
import mimetypes
import re
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from rarebeat.server.blobs import Blob, Blobs
from rarebeat.server.bodies import pieces
from rarebeat.server.context import Server
from rarebeat.server.errors import NotFound, Refused, RequestError
from rarebeat.server.keys import is_valid
from rarebeat.server.store import Row, Store

IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}


def _claim(request: Request, server: Server, action: str) -> dict[str, Any]:
    """What the URL says that it is for. It is worth no more than the key that it was asked for with."""
    claim = server.signer.read(request.path_params["token"], action)
    if "by" in claim and not is_valid(server.store.connection, claim["by"], claim.get("since")):
        raise Refused(f"the key of {claim['by']} has been revoked")
    return claim


async def put(request: Request, server: Server) -> Response:
    """Stores the body and makes it what the URL says: a run's file, an artifact's file, or a manifest."""
    claim = _claim(request, server, "put")
    with server.blobs.receive() as incoming:
        async for data in pieces(request):
            await anyio.to_thread.run_sync(incoming.write, data)
        blob = await anyio.to_thread.run_sync(server.blobs.keep, incoming, claim.get("md5"))
    await anyio.to_thread.run_sync(_attach, server, claim, blob)
    return Response(status_code=200)


def _attach(server: Server, claim: dict[str, Any], blob: Blob) -> None:
    now = server.clock()
    with server.store.write() as db:
        if not server.blobs.path(blob.digest).is_file():
            # The same bytes were there, needed by nobody, and were removed at this very moment.
            raise FileNotFoundError("the upload is to be tried again")
        db.execute(
            "INSERT OR IGNORE INTO blobs (digest, md5, size, created_at) VALUES (?, ?, ?, ?)",
            (blob.digest, blob.md5, blob.size, now),
        )
        if "run" in claim:
            changed = db.execute(
                """INSERT INTO files (run_id, name, blob, updated_at)
                   SELECT id, ?, ?, ? FROM runs WHERE id = ?
                   ON CONFLICT (run_id, name)
                   DO UPDATE SET blob = excluded.blob, updated_at = excluded.updated_at""",
                (claim["file"], blob.digest, now, claim["run"]),
            )
        elif "manifest" in claim:
            changed = db.execute(
                "UPDATE artifacts SET manifest = ? WHERE id = ? AND (state = 'PENDING' OR manifest = ?)",
                (blob.digest, claim["manifest"], blob.digest),
            )
        else:
            changed = db.execute(
                "UPDATE artifact_files SET blob = ? WHERE artifact_id = ? AND name = ? AND md5 = ?",
                (blob.digest, claim["artifact"], claim["file"], blob.md5),
            )
        if changed.rowcount == 0:
            raise RequestError("what this file belongs to is gone, or complete already")


async def get(request: Request, server: Server) -> Response:
    """The bytes of a blob; ranges work. A browser saves them, and shows none but images within our pages."""
    claim = _claim(request, server, "get")
    blob = await anyio.to_thread.run_sync(_blob, server.store, "digest", claim["blob"])
    return _blob_response(server.blobs, blob, str(claim["name"]))


async def get_artifact_file(request: Request, server: Server) -> Response:
    """The client's other way to an artifact's file: by the MD5 in its path, with the key."""
    parts = request.path_params["path"].split("/")
    md5 = next((part for part in parts if re.fullmatch(r"[0-9a-f]{32}", part)), "")
    base64_md5 = base64.b64encode(bytes.fromhex(md5)).decode()
    blob = await anyio.to_thread.run_sync(_blob, server.store, "md5", base64_md5)
    return _blob_response(server.blobs, blob, parts[-1])


def _blob(store: Store, column: str, value: str) -> Row:
    row = store.connection.execute(f"SELECT * FROM blobs WHERE {column} = ? LIMIT 1", (value,)).fetchone()
    if row is None:
        raise NotFound("there is no such file")
    return row


def _blob_response(blobs: Blobs, blob: Row, name: str) -> Response:
    path = blobs.sound(blob["digest"], blob["size"], name)
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    filename = re.sub(r"[^\w.-]", "_", name.rsplit("/", 1)[-1])[:100] or "file"
    kind = mimetypes.guess_type(name)[0]
    # Everything else a browser might run in our name. An image that is no image is none, by `nosniff`.
    kind = kind if kind in IMAGES else "application/octet-stream"
    return FileResponse(path, media_type=kind, filename=filename, headers=headers)

"""Bytes in and out, at the signed URLs that the server has handed out."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from rarebeat.server.blobs import Blob, Blobs
from rarebeat.server.context import Server
from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.store import Store

WRITE_AT_ONCE = 1024**2


async def put(request: Request, server: Server) -> Response:
    """Stores the body and makes it what the URL says: a run's file, an artifact's file, or a manifest."""
    claim = server.signer.read(request.path_params["token"], "put")
    with server.blobs.receive() as incoming:
        async for data in _pieces(request.stream()):
            await anyio.to_thread.run_sync(incoming.write, data)
        blob = await anyio.to_thread.run_sync(server.blobs.keep, incoming, claim.get("md5"))
    await anyio.to_thread.run_sync(_attach, server.store, claim, blob, server.clock())
    return Response(status_code=200)


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body in pieces that are worth a thread's while."""
    held = bytearray()
    async for chunk in stream:
        held += chunk
        if len(held) >= WRITE_AT_ONCE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _attach(store: Store, claim: dict[str, Any], blob: Blob, now: float) -> None:
    with store.write() as db:
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
    """The bytes of a blob; ranges work. Never shown by a browser, always saved."""
    claim = server.signer.read(request.path_params["token"], "get")
    return _blob_response(server.blobs, claim["blob"], str(claim["name"]))


async def get_artifact_file(request: Request, server: Server) -> Response:
    """The client's other way to an artifact's file: by the MD5 in its path, with the key."""
    parts = request.path_params["path"].split("/")
    md5 = next((part for part in parts if re.fullmatch(r"[0-9a-f]{32}", part)), None)
    digest = await anyio.to_thread.run_sync(_digest_of, server.store, md5) if md5 else None
    if digest is None:
        raise NotFound("there is no such file")
    return _blob_response(server.blobs, digest, parts[-1])


def _digest_of(store: Store, md5_hex: str) -> str | None:
    md5 = base64.b64encode(bytes.fromhex(md5_hex)).decode()
    row = store.connection.execute("SELECT digest FROM blobs WHERE md5 = ? LIMIT 1", (md5,)).fetchone()
    return row["digest"] if row else None


def _blob_response(blobs: Blobs, digest: str, name: str) -> Response:
    path = blobs.path(digest)
    if not path.is_file():
        raise NotFound(f"the content {digest} is missing from the server's blobs")
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
    filename = re.sub(r"[^\w.-]", "_", name.rsplit("/", 1)[-1])[:100] or "file"
    return FileResponse(path, media_type="application/octet-stream", filename=filename, headers=headers)

"""Artifacts that add their files to those of an earlier version (`wandb.Artifact(incremental=True)`)."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.blobs import Blobs
from rarebeat.server.errors import RequestError
from rarebeat.server.operations.artifact_store import artifact_by_row, manifest_entries
from rarebeat.server.store import Row


def join_base(db: sqlite3.Connection, blobs: Blobs, artifact: Row, now: float) -> Row:
    """The artifact, with the files of its base added to its manifest where it has one. Its own come first."""
    base = artifact_by_row(db, artifact["base_id"]) if artifact["base_id"] is not None else None
    if base is None or artifact["manifest"] is None:
        return artifact
    own = strict_json.parse_object(blobs.path(artifact["manifest"]).read_bytes(), "the manifest")
    entries = manifest_entries(db, blobs, base) | manifest_entries(db, blobs, artifact)
    with blobs.receive() as incoming:
        incoming.write(strict_json.encode({**own, "contents": entries}))
        blob = blobs.keep(incoming)
    db.execute(
        "INSERT OR IGNORE INTO blobs (digest, md5, size, created_at) VALUES (?, ?, ?, ?)",
        (blob.digest, blob.md5, blob.size, now),
    )
    db.execute(
        "UPDATE artifacts SET manifest = ?, digest = ? WHERE id = ?",
        (blob.digest, _digest(entries), artifact["id"]),
    )
    return artifact_by_row(db, artifact["id"])


def _digest(entries: dict[str, dict[str, Any]]) -> str:
    """The digest of a manifest as the client works it out: MD5 over the names and digests, sorted."""
    digest = hashlib.md5(b"wandb-artifact-manifest-v1\n", usedforsecurity=False)
    for name in sorted(entries):
        digest.update(f"{name}:{entries[name].get('digest')}\n".encode())
    return digest.hexdigest()


def refuse_parts(kind: str | None) -> None:
    """Raises RequestError for one part of an artifact that several runs make together."""
    if kind == "PATCH":
        raise RequestError(
            "this server cannot put an artifact together from several runs; log it from one of them"
        )

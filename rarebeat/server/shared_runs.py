"""Runs that several processes write at once (`mode="shared"`).

Each counts its lines from 0, as if the run were its own. So a line goes behind those that the run has by
then, and is skipped when it comes again; only a writer's last line may change, as a progress bar does.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from typing import TYPE_CHECKING

from rarebeat.server import strict_json

if TYPE_CHECKING:
    from rarebeat.server.file_stream import Chunk, Post

COUNTS = {"history": "history_lines", "events": "event_lines", "output": "log_lines"}


def is_shared(db: sqlite3.Connection, run: int) -> bool:
    """Whether any of its lines came from one of several processes."""
    return db.execute("SELECT 1 FROM writers WHERE run_id = ? LIMIT 1", (run,)).fetchone() is not None


def placed(db: sqlite3.Connection, run: int, writer: str, post: Post) -> Post:
    """The post with its lines where they belong in the run, and with what others have in the summary."""
    chunks = [one for chunk in post.chunks for one in _placed(db, run, writer, chunk)]
    if post.summary is None:
        return dataclasses.replace(post, chunks=chunks)
    stored = db.execute("SELECT summary_json FROM runs WHERE id = ?", (run,)).fetchone()[0]
    merged = strict_json.parse_object(stored) | strict_json.parse_object(post.summary)
    return dataclasses.replace(post, chunks=chunks, summary=strict_json.dump(merged))


def _placed(db: sqlite3.Connection, run: int, writer: str, chunk: Chunk) -> list[Chunk]:
    known = db.execute(
        "SELECT received, last_number FROM writers WHERE run_id = ? AND writer = ? AND stream = ?",
        (run, writer, chunk.stream),
    ).fetchone()
    received, last_number = known or (0, -1)
    end = db.execute(f"SELECT {COUNTS[chunk.stream]} FROM runs WHERE id = ?", (run,)).fetchone()[0]
    again = []
    stop = chunk.offset + len(chunk.lines)
    if chunk.offset < received <= stop:
        again = [_part(chunk, received - 1 - chunk.offset, 1, last_number)]
    fresh = min(max(stop - received, 0), len(chunk.lines))
    if not fresh:
        return again
    db.execute(
        """INSERT OR REPLACE INTO writers (run_id, writer, stream, received, last_number)
           VALUES (?, ?, ?, ?, ?)""",
        (run, writer, chunk.stream, stop, end + fresh - 1),
    )
    return [*again, _part(chunk, len(chunk.lines) - fresh, fresh, end)]


def _part(chunk: Chunk, first: int, count: int, number: int) -> Chunk:
    """Some lines of the chunk, with the first of them at `number`."""
    lines = slice(first, first + count)
    return dataclasses.replace(
        chunk, offset=number, lines=chunk.lines[lines], steps=chunk.steps[lines], rows=chunk.rows[lines]
    )

"""The stream of a running client: history, events, summary, console, heartbeats, and how it ended.

Offsets are line numbers and the client sends again what it is not sure of: a line is an upsert by its number.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.errors import Malformed, NotFound
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import find_run
from rarebeat.server.rare_lines import note_rare
from rarebeat.server.run_states import state_at_exit
from rarebeat.server.store import Row, Store
from rarebeat.server.sweep_runs import settle

STREAMS = {"wandb-history.jsonl": "history", "wandb-events.jsonl": "events", "output.log": "output"}
COUNTS = {"history": "history_lines", "events": "event_lines", "output": "log_lines"}
MAX_LINE = 12 * 1024**2
MAX_LINES = 10**12


def receive(
    store: Store, entity: str, project: str, run_name: str, body: bytes, now: float
) -> dict[str, Any]:
    """Stores one post, all of it or nothing, and says whether the run should stop.

    Raises:
        NotFound: when the run was never made.
        RequestError: when the body is not what the client sends.
    """
    posted = strict_json.parse_object(body or b"{}", "the body")
    chunks = _chunks(posted.get("files"))
    with store.write() as db:
        owner = find_project(db, entity, project)
        run = find_run(db, owner["id"], run_name) if owner else None
        if run is None:
            raise NotFound(f"there is no run {entity}/{project}/{run_name}")
        if run["restarting"] or run["state"] == "killed":
            # A process of an attempt that was given up still speaks: it should stop, and does not count.
            return _answer(True)
        for name, offset, lines in chunks:
            _store_chunk(db, run, name, offset, lines)
        _store_state(db, run, posted, now)
    return _answer(bool(run["stop_requested"]))


def _answer(stopped: bool) -> dict[str, Any]:
    return {"exitcode": None, "limits": {}, "stopped": stopped}


def _chunks(files: Any) -> list[tuple[str, int, list[str]]]:
    """(file, first line's number, lines) for each file of a post."""
    if files is None:
        return []
    if not isinstance(files, dict):
        raise Malformed("'files' should be an object")
    chunks = []
    for name, chunk in files.items():
        offset, content = (
            (chunk.get("offset"), chunk.get("content")) if isinstance(chunk, dict) else (None, None)
        )
        if not isinstance(offset, int) or not 0 <= offset <= MAX_LINES or not isinstance(content, list):
            raise Malformed("a file of a post should be {offset: line number, content: [line, ...]}")
        if not all(isinstance(line, str) and len(line) <= MAX_LINE for line in content):
            raise Malformed(f"a line should be a text of {MAX_LINE} characters at most")
        chunks.append((name, offset, content))
    return chunks


def _store_chunk(db: sqlite3.Connection, run: Row, name: str, offset: int, lines: list[str]) -> None:
    if name == "wandb-summary.json" and lines:
        summary = strict_json.dump(strict_json.parse_object(lines[-1], "the summary"))
        db.execute("UPDATE runs SET summary_json = ? WHERE id = ?", (summary, run["id"]))
    stream = STREAMS.get(name)
    if stream is None or not lines:
        return
    if stream == "history":
        lines, steps = _store_keys(db, run, offset, lines)
    else:
        steps = [None] * len(lines)
    db.executemany(
        "INSERT OR REPLACE INTO lines (run_id, stream, number, step, body) VALUES (?, ?, ?, ?, ?)",
        [(run["id"], stream, offset + i, steps[i], line) for i, line in enumerate(lines)],
    )
    column = COUNTS[stream]
    db.execute(f"UPDATE runs SET {column} = max({column}, ?) WHERE id = ?", (offset + len(lines), run["id"]))
    if stream == "events":
        system = strict_json.dump(strict_json.parse_object(lines[-1], "an event"))
        db.execute("UPDATE runs SET system_json = ? WHERE id = ?", (system, run["id"]))


def _store_keys(
    db: sqlite3.Connection, run: Row, offset: int, lines: list[str]
) -> tuple[list[str], list[int]]:
    """The lines as they are to be stored, with their steps; keeps the run's list of metrics and last step."""
    rows = [strict_json.parse_object(line, "a line of history") for line in lines]
    note_rare(db, run["id"], offset, rows)
    known = strict_json.parse_object(
        db.execute("SELECT keys_json FROM runs WHERE id = ?", (run["id"],)).fetchone()[0]
    )
    fresh = {key: _kind(value) for row in rows for key, value in row.items() if key not in known}
    steps = [row["_step"] if isinstance(row.get("_step"), int) else 0 for row in rows]
    steps = [max(-(2**62), min(step, 2**62)) for step in steps]
    db.execute("UPDATE runs SET last_step = max(last_step, ?) WHERE id = ?", (max(steps), run["id"]))
    if fresh:
        db.execute("UPDATE runs SET keys_json = ? WHERE id = ?", (strict_json.dump(known | fresh), run["id"]))
    return [strict_json.dump(row) for row in rows], steps


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("_type", "map"))
    return "number" if isinstance(value, (int, float)) else "string"


def _store_state(db: sqlite3.Connection, run: Row, posted: dict[str, Any], now: float) -> None:
    exit_code = posted.get("exitcode")
    if posted.get("preempting"):
        db.execute("UPDATE runs SET preempting = 1 WHERE id = ?", (run["id"],))
    if posted.get("complete") and isinstance(exit_code, int) and abs(exit_code) < 2**31:
        run = db.execute("SELECT * FROM runs WHERE id = ?", (run["id"],)).fetchone()
        db.execute(
            "UPDATE runs SET state = ?, exit_code = ?, heartbeat_at = ? WHERE id = ?",
            (state_at_exit(run, exit_code), exit_code, now, run["id"]),
        )
        if run["sweep_id"] is not None:
            settle(db, db.execute("SELECT * FROM sweeps WHERE id = ?", (run["sweep_id"],)).fetchone(), now)
        return
    # A crashed run that speaks again was only out of reach.
    revived = "CASE state WHEN 'crashed' THEN 'running' WHEN 'pending' THEN 'running' ELSE state END"
    db.execute(f"UPDATE runs SET state = {revived}, heartbeat_at = ? WHERE id = ?", (now, run["id"]))

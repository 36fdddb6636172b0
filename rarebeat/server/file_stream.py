"""The stream of a running client: history, events, summary, console, heartbeats, and how it ended.

Offsets are line numbers and the client sends again what it is not sure of: a line is an upsert by its number.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.errors import Malformed, NotFound
from rarebeat.server.metric_names import kind
from rarebeat.server.rare_lines import note_rare
from rarebeat.server.run_states import state_at_exit
from rarebeat.server.shared_runs import placed
from rarebeat.server.store import Row, Store
from rarebeat.server.sweep_runs import settle

STREAMS = {"wandb-history.jsonl": "history", "wandb-events.jsonl": "events", "output.log": "output"}
MAX_LINE = 12 * 1024**2
MAX_LINES = 10**12
RUN = """SELECT runs.id, runs.state, runs.sweep_id, runs.restarting, runs.stop_requested, runs.preempting,
                runs.keys_json
         FROM runs JOIN projects ON projects.id = runs.project_id
         WHERE projects.entity = ? AND projects.name = ? AND runs.name = ?"""
# One statement for all that a post changes: each UPDATE writes the whole row anew.
UPDATE = """UPDATE runs SET
                summary_json = coalesce(:summary, summary_json), system_json = coalesce(:system, system_json),
                keys_json = coalesce(:keys, keys_json), last_step = max(last_step, :last_step),
                history_lines = max(history_lines, :history), event_lines = max(event_lines, :events),
                log_lines = max(log_lines, :output), preempting = max(preempting, :preempting),
                heartbeat_at = :now
            WHERE id = :run"""


@dataclass(frozen=True)
class Chunk:
    """Lines of one stream, as they are to be stored; of history also what they say."""

    stream: str
    offset: int
    lines: list[str]
    steps: list[int | None]
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Post:
    """What a client has posted, read and found in order; `exit_code` when it says that it is complete."""

    chunks: list[Chunk]
    summary: str | None
    system: str | None
    preempting: bool
    exit_code: int | None


def receive(
    store: Store,
    entity: str,
    project: str,
    run_name: str,
    body: bytes,
    now: float,
    writer: str | None = None,
) -> dict[str, Any]:
    """Stores one post, all of it or nothing, and says whether the run should stop.

    Raises:
        NotFound: when the run was never made.
        RequestError: when the body is not what the client sends.
    """
    post = read_post(body)
    with store.write() as db:
        return keep(db, (entity, project, run_name), post, now, writer)


def read_post(body: bytes) -> Post:
    """Raises RequestError when it is not what the client sends."""
    posted = strict_json.parse_object(body or b"{}", "the body")
    files = _files(posted.get("files"))
    summary, system = files.get("wandb-summary.json"), files.get("wandb-events.jsonl")
    exit_code = posted.get("exitcode") if posted.get("complete") else None
    return Post(
        [_chunk(STREAMS[name], *files[name]) for name in files if name in STREAMS],
        _normal(summary[1][-1], "the summary") if summary else None,
        _normal(system[1][-1], "an event") if system else None,
        bool(posted.get("preempting")),
        exit_code if isinstance(exit_code, int) and abs(exit_code) < 2**31 else None,
    )


def _files(files: Any) -> dict[str, tuple[int, list[str]]]:
    """First line's number and lines of each file of a post that has any."""
    if files is None:
        return {}
    if not isinstance(files, dict):
        raise Malformed("'files' should be an object")
    found = {}
    for name, chunk in files.items():
        offset, lines = (
            (chunk.get("offset"), chunk.get("content")) if isinstance(chunk, dict) else (None, None)
        )
        if not isinstance(offset, int) or not 0 <= offset <= MAX_LINES or not isinstance(lines, list):
            raise Malformed("a file of a post should be {offset: line number, content: [line, ...]}")
        if not all(isinstance(line, str) and len(line) <= MAX_LINE for line in lines):
            raise Malformed(f"a line should be a text of {MAX_LINE} characters at most")
        if lines:
            found[name] = offset, lines
    return found


def _chunk(stream: str, offset: int, lines: list[str]) -> Chunk:
    if stream != "history":
        return Chunk(stream, offset, lines, [None] * len(lines))
    rows = [strict_json.parse_object(line, "a line of history") for line in lines]
    return Chunk(stream, offset, [strict_json.dump(row) for row in rows], [_step(row) for row in rows], rows)


def _step(row: dict[str, Any]) -> int:
    step = row.get("_step")
    return max(-(2**62), min(step, 2**62)) if isinstance(step, int) else 0


def _normal(text: str, what: str) -> str:
    return strict_json.dump(strict_json.parse_object(text, what))


def keep(
    db: sqlite3.Connection, names: tuple[str, str, str], post: Post, now: float, writer: str | None = None
) -> dict[str, Any]:
    """Stores a post of the run with those names (entity, project, run), inside the caller's transaction.

    Args:
        writer: Which of the processes that share the run has posted it; None for one that has it alone.

    Raises:
        NotFound: when the run was never made.
    """
    run = db.execute(RUN, names).fetchone()
    if run is None:
        raise NotFound(f"there is no run {'/'.join(names)}")
    if run["restarting"] or run["state"] == "killed":
        # A process of an attempt that was given up still speaks: it should stop, and does not count.
        return _answer(True)
    post = post if writer is None else placed(db, run["id"], writer, post)
    lines, last_step = {"history": 0, "events": 0, "output": 0}, -1
    for chunk in post.chunks:
        _keep_lines(db, run["id"], chunk)
        lines[chunk.stream] = max(lines[chunk.stream], chunk.offset + len(chunk.lines))
        last_step = max([last_step, *chunk.steps]) if chunk.rows else last_step
    told = {"summary": post.summary, "system": post.system, "keys": _keys(run, post), "last_step": last_step}
    told |= {"preempting": int(post.preempting), "now": now, "run": run["id"]}
    db.execute(UPDATE, lines | told)
    _keep_state(db, run, post, now)
    return _answer(bool(run["stop_requested"]))


def _answer(stopped: bool) -> dict[str, Any]:
    return {"exitcode": None, "limits": {}, "stopped": stopped}


def _keep_lines(db: sqlite3.Connection, run: int, chunk: Chunk) -> None:
    if chunk.rows:
        note_rare(db, run, chunk.offset, chunk.rows)
    numbered = enumerate(zip(chunk.steps, chunk.lines, strict=True), chunk.offset)
    db.executemany(
        "INSERT OR REPLACE INTO lines (run_id, stream, number, step, body) VALUES (?, ?, ?, ?, ?)",
        [(run, chunk.stream, number, step, line) for number, (step, line) in numbered],
    )


def _keys(run: Row, post: Post) -> str | None:
    """The run's list of metrics with those that are new in this post; None when there are none."""
    rows = [row for chunk in post.chunks for row in chunk.rows]
    known = strict_json.parse_object(run["keys_json"]) if rows else {}
    fresh = {key: kind(value) for row in rows for key, value in row.items() if key not in known}
    return strict_json.dump(known | fresh) if fresh else None


def _keep_state(db: sqlite3.Connection, run: Row, post: Post, now: float) -> None:
    if post.exit_code is not None:
        preempting = run["preempting"] or post.preempting
        state = state_at_exit(bool(run["stop_requested"]), bool(preempting), post.exit_code)
        db.execute(
            "UPDATE runs SET state = ?, exit_code = ? WHERE id = ?", (state, post.exit_code, run["id"])
        )
        if run["sweep_id"] is not None:
            settle(db, db.execute("SELECT * FROM sweeps WHERE id = ?", (run["sweep_id"],)).fetchone(), now)
    elif run["state"] in ("crashed", "pending"):
        # A crashed run that speaks again was only out of reach.
        db.execute("UPDATE runs SET state = 'running' WHERE id = ?", (run["id"],))

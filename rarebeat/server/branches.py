"""Runs that leave their line: forked from a step of another run, or taken back to one of their own."""

from __future__ import annotations

import sqlite3
from typing import Any

from rarebeat.server import metric_names, strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.errors import NotFound
from rarebeat.server.store import Row


def rewind(db: sqlite3.Connection, run: Row, step: float, now: float) -> None:
    """Forgets what the run logged after the step; its client goes on from there.

    Its console and system events start anew, as the client sends them; config, files and artifacts stay.
    """
    kept = _lines_until(db, run, step)
    db.execute(
        "DELETE FROM lines WHERE run_id = ? AND (stream != 'history' OR number >= ?)", (run["id"], kept)
    )
    db.execute("DELETE FROM rare_lines WHERE run_id = ? AND number >= ?", (run["id"], kept))
    # Where its processes had come to is beyond what is left, and each counts from 0 again.
    db.execute("DELETE FROM writers WHERE run_id = ?", (run["id"],))
    _tell_from_history(db, run["id"])
    db.execute(
        """UPDATE runs SET state = 'running', exit_code = NULL, stop_requested = 0, stop_reason = NULL,
                           system_json = '{}', event_lines = 0, log_lines = 0, heartbeat_at = ?
           WHERE id = ?""",
        (now, run["id"]),
    )


def fork(db: sqlite3.Connection, run: Row, config: dict[str, Any] | None) -> None:
    """Gives a new run the history of the run that its client has forked it from.

    Raises:
        NotFound: when there is no such run in its project.
    """
    point: Any = config
    for name in ("_wandb", "value", "branch_point"):
        point = point.get(name) if isinstance(point, dict) else None
    if not isinstance(point, dict):
        return
    given = Arguments(point)
    name, step = given.need_text("run_id"), given.number("step") or 0
    parent = db.execute(
        "SELECT * FROM runs WHERE project_id = ? AND name = ?", (run["project_id"], name)
    ).fetchone()
    if parent is None:
        raise NotFound(f"there is no run {name[:80]!r} in this project to fork from")
    until = _lines_until(db, parent, step)
    db.execute(
        """INSERT INTO lines (run_id, stream, number, step, body) SELECT ?, stream, number, step, body
           FROM lines WHERE run_id = ? AND stream = 'history' AND number < ?""",
        (run["id"], parent["id"], until),
    )
    db.execute(
        """INSERT INTO rare_lines (run_id, kind, number) SELECT ?, kind, number
           FROM rare_lines WHERE run_id = ? AND number < ?""",
        (run["id"], parent["id"], until),
    )
    _tell_from_history(db, run["id"])


def _lines_until(db: sqlite3.Connection, run: Row, step: float) -> int:
    """How many lines of the run's history come before the first one that is later than the step."""
    query = "SELECT min(number) FROM lines WHERE run_id = ? AND stream = 'history' AND step > ?"
    first = db.execute(query, (run["id"], step)).fetchone()[0]
    return run["history_lines"] if first is None else first


def _tell_from_history(db: sqlite3.Connection, run: int) -> None:
    """Sets what is kept beside the history from the lines that are there."""
    rows = db.execute(
        "SELECT step, body FROM lines WHERE run_id = ? AND stream = 'history' ORDER BY number", (run,)
    ).fetchall()
    summary: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for row in rows:
        logged = strict_json.parse_object(row["body"])
        summary |= logged
        keys = {key: metric_names.kind(value) for key, value in logged.items()} | keys
    db.execute(
        """UPDATE runs SET summary_json = ?, keys_json = ?, history_lines = ?, last_step = ? WHERE id = ?""",
        (
            strict_json.dump(summary),
            strict_json.dump(keys),
            len(rows),
            max((row["step"] for row in rows), default=-1),
            run,
        ),
    )

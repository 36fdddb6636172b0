"""What a run calls out for its people: kept, and shown on its page and on the first one."""

from __future__ import annotations

import sqlite3
from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import RequestError
from rarebeat.server.operations.registry import RESOLVERS
from rarebeat.server.operations.runs import named_run
from rarebeat.server.store import Row

SEVERITIES = ("INFO", "WARN", "ERROR")
MAX_TITLE, MAX_TEXT = 300, 10_000
# A run that calls out in every step is cut off here.
MAX_ALERTS = 1000


@RESOLVERS.field("Mutation", "notifyScriptableRunAlert")
def notify_alert(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Keeps the alert, unless one of its title came within the time that the run wants between two."""
    given = arguments.object("input")
    title, severity = given.need_text("title")[:MAX_TITLE], given.text("severity") or "INFO"
    if severity not in SEVERITIES:
        raise RequestError(f"'severity' should be one of {', '.join(SEVERITIES)}")
    wait = (given.integer("waitDuration") or 0) / 1000  # the client tells milliseconds
    with context.server.store.write() as db:
        run = named_run(db, given)
        if _is_wanted(db, run, title, context.now - wait):
            db.execute(
                "INSERT INTO alerts (run_id, title, text, severity, created_at) VALUES (?, ?, ?, ?, ?)",
                (run["id"], title, (given.text("text") or "")[:MAX_TEXT], severity, context.now),
            )
    return {"success": True}


def _is_wanted(db: sqlite3.Connection, run: Row, title: str, since: float) -> bool:
    count, latest = db.execute(
        "SELECT count(*), max(created_at) FILTER (WHERE title = ?) FROM alerts WHERE run_id = ?",
        (title, run["id"]),
    ).fetchone()
    return count < MAX_ALERTS and (latest is None or latest <= since)


def alerts_of(db: sqlite3.Connection, run: int, most: int) -> list[Row]:
    """The run's alerts, newest first."""
    query = "SELECT * FROM alerts WHERE run_id = ? ORDER BY id DESC LIMIT ?"
    return db.execute(query, (run, most)).fetchall()


def recent_alerts(db: sqlite3.Connection, since: float, most: int) -> list[Row]:
    """The newest alerts since that time, with `entity`, `project`, `run_name` and `display_name`."""
    return db.execute(
        """SELECT alerts.*, projects.entity, projects.name AS project,
                  runs.name AS run_name, runs.display_name
           FROM alerts JOIN runs ON runs.id = alerts.run_id JOIN projects ON projects.id = runs.project_id
           WHERE alerts.created_at >= ? ORDER BY alerts.id DESC LIMIT ?""",
        (since, most),
    ).fetchall()

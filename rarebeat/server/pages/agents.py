"""Who works on a sweep, on what, and when each was heard last."""

from __future__ import annotations

from collections.abc import Sequence

from rarebeat.figures import Html, table
from rarebeat.server.pages.markup import link, moment, note, state
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Row

SHOWN = 50


def agents(asked: Asked, sweep: Row) -> Html:
    """A table of the sweep's agents: those at work, then those that have left, the latest first."""
    db = asked.server.store.connection
    rows = db.execute(
        """SELECT agents.*, count(runs.id) AS total,
                  group_concat(CASE WHEN runs.state = 'running' THEN runs.name END) AS now
           FROM agents LEFT JOIN runs ON runs.agent_id = agents.id
           WHERE agents.sweep_id = ? GROUP BY agents.id
           ORDER BY agents.exited, agents.heartbeat_at < ?, agents.id DESC LIMIT ?""",
        (sweep["id"], asked.now - asked.server.scheduler.crash_after, SHOWN),
    ).fetchall()
    if not rows:
        return note("None has come yet.")
    count = db.execute("SELECT count(*) FROM agents WHERE sweep_id = ?", (sweep["id"],)).fetchone()[0]
    more = note(f"And {count - SHOWN} others, which came earlier.") if count > SHOWN else ""
    heads = ["agent", "state", "host", "runs now", "last heard", "runs"]
    caption = "Agents of this sweep"
    return Html(table(caption, heads, [_cells(asked, row) for row in rows], texts=5) + more)


def _cells(asked: Asked, row: Row) -> Sequence[object]:
    now = [link(name, *asked.path, "runs", name) for name in (row["now"] or "").split(",") if name]
    return [
        f"agent-{row['id']}",
        state(_state(asked, row)),
        row["host"],
        Html(", ".join(now)),
        moment(row["heartbeat_at"]),
        row["total"],
    ]


def _state(asked: Asked, row: Row) -> str:
    if row["exited"]:
        return "left"
    silent = asked.now - row["heartbeat_at"] > asked.server.scheduler.crash_after
    return "silent" if silent else "running"

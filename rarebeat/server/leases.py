"""Which agent has which run: handing out, taking back, and telling that a run's process has gone.

A run that a sweep hands out is leased to one agent. The lease ends when the run ends; when the agent says
that the run's process is no longer there; or when neither has been heard of for a while.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.identifiers import short_name
from rarebeat.server.run_states import MAX_ATTEMPTS, fall_silent
from rarebeat.server.store import Row

# Runs that can be given to an agent, the most urgent first: preempted ones go on, then those whose lease
# was given back or that were queued, then those whose process died.
WAITING = f"""
    SELECT * FROM runs WHERE sweep_id = ? AND params_json IS NOT NULL AND stop_requested = 0 AND (
        state = 'preempted' OR (state = 'pending' AND agent_id IS NULL)
        OR (state = 'crashed' AND attempt < {MAX_ATTEMPTS}))
    ORDER BY state = 'crashed', state = 'pending', id LIMIT 1"""
UNDER_WAY = "SELECT count(*) FROM runs WHERE sweep_id = ? AND state IN ('running', 'pending')"


def new_run(db: sqlite3.Connection, sweep: Row, params: dict[str, Any], now: float) -> Row:
    """A pending run of the sweep with these parameters, not handed out yet."""
    config = strict_json.dump({name: {"value": value} for name, value in params.items()})
    row = db.execute(
        """INSERT INTO runs (project_id, sweep_id, name, state, params_json, config_json, attempt,
                             created_at, heartbeat_at) VALUES (?, ?, ?, 'pending', ?, ?, 0, ?, ?)""",
        (sweep["project_id"], sweep["id"], short_name(), strict_json.dump(params), config, now, now),
    ).lastrowid
    return db.execute("SELECT * FROM runs WHERE id = ?", (row,)).fetchone()


def hand_out(db: sqlite3.Connection, run: Row, agent: Row, program: str | None, now: float) -> dict[str, Any]:
    """Leases the run to the agent and gives the command that starts it.

    A run whose process died starts afresh under its old name; what it logged is cleared when it starts. One
    that was preempted ended in good order, which does not count against it.
    """
    again = run["state"] == "crashed"
    attempt = run["attempt"] + (run["state"] != "preempted")
    db.execute(
        """UPDATE runs SET state = 'pending', agent_id = ?, leased_at = ?, attempt = ?,
           restarting = max(restarting, ?), exit_code = NULL, preempting = 0 WHERE id = ?""",
        (agent["id"], now, attempt, int(again), run["id"]),
    )
    params = json.loads(run["params_json"])
    return {
        "type": "resume" if run["state"] == "preempted" else "run",
        "run_id": run["name"],
        "program": program,
        # The sweep's parameters and nothing else: they are what the client locks.
        "args": {name: {"value": value} for name, value in params.items()},
    }


def waiting_run(db: sqlite3.Connection, sweep: Row) -> Row | None:
    """A run of the sweep that should be given to an agent before any new one is made."""
    return db.execute(WAITING, (sweep["id"],)).fetchone()


def reconcile(db: sqlite3.Connection, agent: Row, alive: set[str]) -> None:
    """Buries the agent's runs that it lists no more and that never said their end; finds those it has."""
    rows = db.execute(
        "SELECT * FROM runs WHERE agent_id = ? AND state IN ('running', 'pending')", (agent["id"],)
    ).fetchall()
    for run in rows:
        if run["name"] not in alive:
            fall_silent(db, run)
    # After a silence: what was taken from the agent, and nobody has been given since, is the agent's again.
    db.executemany(
        """UPDATE runs SET agent_id = ?, state = 'running'
           WHERE sweep_id = ? AND name = ? AND agent_id IS NULL AND state IN ('crashed', 'running')""",
        [(agent["id"], agent["sweep_id"], name) for name in alive],
    )


def to_stop(db: sqlite3.Connection, agent: Row, alive: set[str]) -> list[str]:
    """Of the agent's processes those that should end: asked to, or another agent has been given their run."""
    listed = ",".join("?" * len(alive))
    rows = db.execute(
        f"""SELECT name FROM runs WHERE sweep_id = ? AND name IN ({listed}) AND
            CASE WHEN agent_id = ? THEN state = 'running' AND stop_requested ELSE agent_id IS NOT NULL END
            ORDER BY id""",
        (agent["sweep_id"], *alive, agent["id"]),
    )
    return [row["name"] for row in rows]


def bury_silent(db: sqlite3.Connection, silent_since: float) -> None:
    """Takes back what has not been heard of since that time, from the run's client or from its agent.

    A lease whose run no agent has listed was never started: it goes back and is no attempt. One whose agent
    has gone too is: a run that takes all of its machine's memory ends both, and would do so for ever.
    """
    rows = db.execute(
        """SELECT runs.*, agents.heartbeat_at AS agent_heartbeat_at, agents.run_state_json, agents.exited
           FROM runs LEFT JOIN agents ON agents.id = runs.agent_id
           WHERE (runs.state = 'running' OR (runs.state = 'pending' AND runs.agent_id IS NOT NULL))
             AND max(runs.heartbeat_at, coalesce(runs.leased_at, 0)) < ?""",
        (silent_since,),
    ).fetchall()
    for run in rows:
        listed = run["run_state_json"] is not None and run["name"] in json.loads(run["run_state_json"])
        agent_speaks = not run["exited"] and (run["agent_heartbeat_at"] or 0) >= silent_since
        if listed and agent_speaks:
            continue
        if run["state"] == "pending" and not listed and not run["stop_requested"]:
            db.execute("UPDATE runs SET agent_id = NULL, attempt = attempt - 1 WHERE id = ?", (run["id"],))
        else:
            fall_silent(db, run)

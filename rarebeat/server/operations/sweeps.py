"""Sweeps and their agents."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from rarebeat.server import filters, strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.filterable import SWEEPS
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import iso, opaque, row_of, short_name
from rarebeat.server.leases import new_run
from rarebeat.server.local_controller import obey, plain_params
from rarebeat.server.operations.projects import ensure_project, find_project, project_by_id
from rarebeat.server.operations.registry import RESOLVERS, connection, page_bounds, paged
from rarebeat.server.operations.runs import SELECT
from rarebeat.server.store import Row
from rarebeat.server.sweep_config import check_config, is_searched_outside, parse_config
from rarebeat.server.sweep_runs import objective

QUEUED = "sweep_id = ? AND state = 'pending' AND agent_id IS NULL"
STATES = ("PENDING", "RUNNING", "PAUSED", "CANCELED", "FINISHED")
ALL = 10_000  # the real server gives 500 runs of a sweep, which has cost people theirs (wandb#5247)


def find_sweep(db: sqlite3.Connection, project: int, name: str | None) -> Row | None:
    return db.execute("SELECT * FROM sweeps WHERE project_id = ? AND name = ?", (project, name)).fetchone()


def sweep_by_id(db: sqlite3.Connection, identifier: str) -> Row:
    """Raises NotFound when there is no sweep with this opaque id."""
    row = db.execute("SELECT * FROM sweeps WHERE id = ?", (row_of("Sweep", identifier),)).fetchone()
    if row is None:
        raise NotFound(f"there is no sweep {identifier[:80]!r}")
    return row


@RESOLVERS.field("Mutation", "upsertSweep")
def upsert_sweep(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Makes a sweep, or changes one that is named by its opaque id: state, configuration, words."""
    given = arguments.object("input")
    config, warnings = None, []
    if "config" in given:
        text = given.need_text("config")
        config = parse_config(text)
        warnings = context.server.validator.check(text)
        check_config(config)
        if not is_searched_outside(config):
            context.server.search.start()
    with context.server.store.write() as db:
        row = (
            sweep_by_id(db, given.need_text("id"))
            if "id" in given
            else _create(db, given, config, context.now)
        )
        _update(db, row, given, config, context.now)
        row = db.execute("SELECT * FROM sweeps WHERE id = ?", (row["id"],)).fetchone()
    return {"sweep": Node("Sweep", row), "configValidationWarnings": warnings}


def _create(db: sqlite3.Connection, given: Arguments, config: dict[str, Any] | None, now: float) -> Row:
    if config is None:
        raise RequestError("a new sweep needs a configuration")
    project = ensure_project(db, given.text("entityName"), given.text("projectName"), now)
    prior = given.json_object("priorRunsFilters")
    row = db.execute(
        """INSERT INTO sweeps (project_id, name, state, config_yaml, config_json, seed, prior_runs_json,
                               created_at, updated_at) VALUES (?, ?, 'RUNNING', '', '{}', ?, ?, ?, ?)""",
        (project["id"], short_name(), secrets.randbelow(2**32), prior and strict_json.dump(prior), now, now),
    ).lastrowid
    return db.execute("SELECT * FROM sweeps WHERE id = ?", (row,)).fetchone()


def _update(
    db: sqlite3.Connection, row: Row, given: Arguments, config: dict[str, Any] | None, now: float
) -> None:
    changes: dict[str, Any] = {"updated_at": now}
    if config is not None:
        changes |= {
            "config_yaml": given.text("config"),
            "config_json": strict_json.dump(config),
            "exhausted": 0,
        }
    for name, column in {"description": "description", "displayName": "display_name"}.items():
        if name in given:
            changes[column] = given.text(name)
    if "scheduler" in given:
        changes["scheduler_json"] = strict_json.dump(given.json("scheduler"))
    if "controller" in given:
        controller = given.json_object("controller") or {}
        changes |= {"controller_json": strict_json.dump(controller), **obey(db, row, controller, now)}
    if "state" in given:
        changes |= _change_state(db, row, given.need_text("state").upper())
    _set(db, row, changes)


def set_state(db: sqlite3.Connection, row: Row, state: str, now: float) -> None:
    """Gives a sweep one of STATES, with what that means for its runs."""
    _set(db, row, {"updated_at": now, **_change_state(db, row, state)})


def _set(db: sqlite3.Connection, row: Row, changes: dict[str, Any]) -> None:
    columns = ", ".join(f"{column} = ?" for column in changes)
    db.execute(f"UPDATE sweeps SET {columns} WHERE id = ?", (*changes.values(), row["id"]))


def _change_state(db: sqlite3.Connection, row: Row, state: str) -> dict[str, Any]:
    if state not in STATES:
        raise RequestError(f"a sweep's state is one of {', '.join(STATES)}, not {state[:40]!r}")
    if state == "CANCELED":
        db.execute(f"UPDATE runs SET state = 'killed' WHERE {QUEUED}", (row["id"],))
        db.execute(
            "UPDATE runs SET stop_requested = 1, stop_reason = 'canceled' "
            "WHERE sweep_id = ? AND state IN ('running', 'pending')",
            (row["id"],),
        )
    if state == "FINISHED" and is_searched_outside(json.loads(row["config_json"])):
        # Schedulers queue ahead of the agents, and end a sweep at its cap: nobody will start what is left.
        db.execute(f"UPDATE runs SET state = 'killed' WHERE {QUEUED}", (row["id"],))
    # Whoever resumes an ended sweep wants it searched again.
    return {"state": state, "exhausted": 0} if state == "RUNNING" else {"state": state}


@RESOLVERS.field("Mutation", "enqueueSweepRun")
def enqueue_sweep_run(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Queues a run with given parameters; the next free agent gets it."""
    given = arguments.object("input")
    params = plain_params(given.json_object("config") or {})
    with context.server.store.write() as db:
        run = new_run(db, sweep_by_id(db, given.need_text("id")), params, context.now)
        db.execute("UPDATE runs SET display_name = ? WHERE id = ?", (given.text("displayName"), run["id"]))
    return {"id": run["name"], "runQueueItemId": None}


@RESOLVERS.field("Mutation", "createAgent")
def create_agent(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        project = find_project(db, given.text("entityName"), given.text("projectName"))
        sweep = find_sweep(db, project["id"], given.text("sweep")) if project else None
        if sweep is None:
            raise NotFound(f"there is no sweep {given.text('sweep')!r}")
        row = db.execute(
            "INSERT INTO agents (sweep_id, host, created_at, heartbeat_at) VALUES (?, ?, ?, ?)",
            (sweep["id"], given.text("host") or "unknown", context.now, context.now),
        ).lastrowid
        agent = db.execute("SELECT * FROM agents WHERE id = ?", (row,)).fetchone()
    return {"agent": Node("Agent", agent)}


@RESOLVERS.field("Mutation", "agentHeartbeat")
def agent_heartbeat(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    identifier = given.need_text("id")
    run_state = given.json_object("runState") or {}
    alive = {name for name, runs in run_state.items() if runs}
    commands = context.server.scheduler.heartbeat(row_of("Agent", identifier), alive)
    return {"agent": {"id": identifier}, "commands": strict_json.dump(commands)}


@RESOLVERS.field("Project", "sweep")
def project_sweep(context: Context, project: Row, arguments: Arguments) -> Node | None:
    row = find_sweep(context.db, project["id"], arguments.text("sweepName"))
    return Node("Sweep", row) if row else None


@RESOLVERS.field("Project", "sweeps")
def project_sweeps(context: Context, project: Row, arguments: Arguments) -> dict[str, Any]:
    condition, values = filters.where(arguments.json("filters"), SWEEPS)
    query = f"SELECT * FROM sweeps WHERE project_id = ? AND {condition} ORDER BY id DESC"
    rows = context.db.execute(query, (project["id"], *values)).fetchall()
    return paged([Node("Sweep", row) for row in rows], arguments)


@RESOLVERS.field("Project", "totalSweeps")
def total_sweeps(context: Context, project: Row, arguments: Arguments) -> int:
    query = "SELECT count(*) FROM sweeps WHERE project_id = ?"
    return context.db.execute(query, (project["id"],)).fetchone()[0]


RESOLVERS.columns(
    "Sweep",
    name="name",
    displayName="display_name",
    description="description",
    state="state",
    config="config_yaml",
    controller="controller_json",
    scheduler="scheduler_json",
)
RESOLVERS.constants("Sweep", earlyStopJobRunning=False)


@RESOLVERS.field("Sweep", "id")
def sweep_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Sweep", row["id"])


@RESOLVERS.field("Sweep", "project")
def sweep_project(context: Context, row: Row, arguments: Arguments) -> Node:
    return project_by_id(context, row["project_id"])


@RESOLVERS.field("Sweep", "method")
def sweep_method(context: Context, row: Row, arguments: Arguments) -> str:
    return str(json.loads(row["config_json"]).get("method", "custom"))


@RESOLVERS.field("Sweep", "createdAt")
def sweep_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("Sweep", "updatedAt", "heartbeatAt")
def sweep_updated_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["updated_at"])


@RESOLVERS.field("Sweep", "controllerRunName")
def controller_run_name(context: Context, row: Row, arguments: Arguments) -> str:
    return f"{row['name']}c"


@RESOLVERS.field("Sweep", "runCount")
def sweep_run_count(context: Context, row: Row, arguments: Arguments) -> int:
    return context.db.execute("SELECT count(*) FROM runs WHERE sweep_id = ?", (row["id"],)).fetchone()[0]


@RESOLVERS.field("Sweep", "runCountExpected")
def run_count_expected(context: Context, row: Row, arguments: Arguments) -> int | None:
    cap = json.loads(row["config_json"]).get("run_cap")
    return cap if isinstance(cap, int) else None


@RESOLVERS.field("Sweep", "bestLoss")
def best_loss(context: Context, row: Row, arguments: Arguments) -> float | None:
    metric = json.loads(row["config_json"]).get("metric")
    if not isinstance(metric, dict):
        return None
    rows = context.db.execute(
        "SELECT summary_json FROM runs WHERE sweep_id = ? AND state = 'finished'", (row["id"],)
    )
    values = [objective(strict_json.parse_object(run["summary_json"]), metric) for run in rows]
    best = max if metric.get("goal") == "maximize" else min
    return best((value for value in values if value is not None), default=None)


@RESOLVERS.field("Sweep", "runs")
def sweep_runs(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return _runs(context, "sweep_id", row["id"], arguments)


@RESOLVERS.field("Agent", "runs")
def agent_runs(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    return _runs(context, "agent_id", row["id"], arguments)


def _runs(context: Context, column: str, owner: int, arguments: Arguments) -> dict[str, Any]:
    condition, values = filters.where(arguments.json("filters"))
    offset, size = page_bounds(arguments, ALL)
    rows = context.db.execute(
        SELECT + f"WHERE runs.{column} = ? AND {condition} ORDER BY runs.id LIMIT ? OFFSET ?",
        (owner, *values, size + 1, offset),
    ).fetchall()
    return connection([Node("Run", run) for run in rows[:size]], offset, offset + len(rows))


@RESOLVERS.field("Sweep", "agents")
def sweep_agents(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    rows = context.db.execute("SELECT * FROM agents WHERE sweep_id = ? ORDER BY id", (row["id"],)).fetchall()
    return connection([Node("Agent", agent) for agent in rows], 0, len(rows))


@RESOLVERS.field("Sweep", "agent")
def sweep_agent(context: Context, row: Row, arguments: Arguments) -> Node | None:
    name = arguments.text("agentName") or ""
    number = name.removeprefix("agent-")
    agent_id = int(number) if number.isdigit() and len(number) < 18 else row_of("Agent", name)
    query = "SELECT * FROM agents WHERE sweep_id = ? AND id = ?"
    agent = context.db.execute(query, (row["id"], agent_id)).fetchone()
    return Node("Agent", agent) if agent else None


RESOLVERS.columns("Agent", host="host")


@RESOLVERS.field("Agent", "id")
def agent_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Agent", row["id"])


@RESOLVERS.field("Agent", "name")
def agent_name(context: Context, row: Row, arguments: Arguments) -> str:
    return f"agent-{row['id']}"


@RESOLVERS.field("Agent", "state")
def agent_state(context: Context, row: Row, arguments: Arguments) -> str:
    silent = context.now - row["heartbeat_at"] > context.server.scheduler.crash_after
    return "EXITED" if row["exited"] else "CRASHED" if silent else "RUNNING"


@RESOLVERS.field("Agent", "totalRuns")
def total_runs(context: Context, row: Row, arguments: Arguments) -> int:
    return context.db.execute("SELECT count(*) FROM runs WHERE agent_id = ?", (row["id"],)).fetchone()[0]


@RESOLVERS.field("Agent", "createdAt")
def agent_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("Agent", "heartbeatAt")
def agent_heartbeat_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["heartbeat_at"])

"""Runs: made and updated by the client that trains, read and changed by wandb.Api."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from rarebeat.server import branches, filters, strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import NotFound, RequestError
from rarebeat.server.graphql import Node
from rarebeat.server.identifiers import checked_name, iso, opaque, row_of, short_name
from rarebeat.server.operations.projects import ensure_project, find_project, project_by_id
from rarebeat.server.operations.registry import RESOLVERS, connection, page_bounds
from rarebeat.server.operations.session import user_of
from rarebeat.server.run_states import ENDED, ask_to_stop, clear_attempt
from rarebeat.server.shared_runs import is_shared
from rarebeat.server.store import Row
from rarebeat.server.sweep_config import is_searched_outside

SELECT = (
    """SELECT runs.*, sweeps.name AS sweep_name FROM runs LEFT JOIN sweeps ON sweeps.id = runs.sweep_id """
)
TEXT_FIELDS = {
    "displayName": "display_name",
    "description": "description",
    "notes": "notes",
    "groupName": "group_name",
    "jobType": "job_type",
    "commit": "commit_hash",
    "host": "host",
    "jobProgram": "program",
    "jobRepo": "repo",
}


def find_run(db: sqlite3.Connection, project: int, name: str | None) -> Row | None:
    return db.execute(SELECT + "WHERE runs.project_id = ? AND runs.name = ?", (project, name)).fetchone()


def run_by_id(db: sqlite3.Connection, identifier: str) -> Row:
    """Raises NotFound when there is no run with this opaque id."""
    row = db.execute(SELECT + "WHERE runs.id = ?", (row_of("Run", identifier),)).fetchone()
    if row is None:
        raise NotFound(f"there is no run {identifier[:80]!r}")
    return row


def named_run(db: sqlite3.Connection, given: Arguments) -> Row:
    """The run that `entityName`, `projectName` and `runName` mean.

    Raises:
        NotFound: when there is none.
    """
    project = find_project(db, given.text("entityName"), given.text("projectName"))
    row = find_run(db, project["id"], given.text("runName")) if project else None
    if row is None:
        raise NotFound(f"there is no run {given.text('projectName')}/{given.text('runName')}")
    return row


@RESOLVERS.field("Mutation", "upsertBucket")
def upsert_bucket(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Makes or updates a run: for a client that trains, which says its host, or for one who edits it."""
    given = arguments.object("input")
    with context.server.store.write() as db:
        if "id" in given:
            row, inserted = run_by_id(db, given.need_text("id")), False
        else:
            row, inserted = _find_or_insert(db, given, context.now)
        if inserted:
            branches.fork(db, row, given.json_object("config"))
        elif "host" in given:
            _start_again(db, row, context.now, anew="id" not in given)
        _update(db, row["id"], given)
        if "host" in given:
            db.execute("UPDATE runs SET user = ? WHERE id = ?", (context.user, row["id"]))
    row = context.db.execute(SELECT + "WHERE runs.id = ?", (row["id"],)).fetchone()
    return {"bucket": Node("Run", row), "inserted": inserted}


def _find_or_insert(db: sqlite3.Connection, given: Arguments, now: float) -> tuple[Row, bool]:
    project = ensure_project(db, given.text("entityName"), given.text("modelName"), now)
    name = checked_name(given.text("name") or short_name(), "the run")
    row = find_run(db, project["id"], name)
    if row is not None:
        return row, False
    _insert(db, project["id"], name, given, now)
    return find_run(db, project["id"], name), True


def _start_again(db: sqlite3.Connection, row: Row, now: float, anew: bool = False) -> None:
    """A client says its host when it starts a run or resumes it, and only then.

    One that resumes names the run by its id. `anew` says that this one does not: who starts a run that has
    ended once more, without `resume`, wants it written anew; unless it is one of several processes that share
    the run, which come and go. A sweep's own runs are the server's to clear.
    """
    anew = anew and row["state"] in ENDED and row["params_json"] is None and not is_shared(db, row["id"])
    if row["restarting"] or anew:
        clear_attempt(db, row)
    if row["state"] in ENDED:
        db.execute("UPDATE runs SET stop_requested = 0, stop_reason = NULL WHERE id = ?", (row["id"],))
    db.execute(
        "UPDATE runs SET state = 'running', heartbeat_at = ?, exit_code = NULL, preempting = 0 WHERE id = ?",
        (now, row["id"]),
    )


def _insert(db: sqlite3.Connection, project: int, name: str, given: Arguments, now: float) -> None:
    state = "pending" if given.text("state") == "pending" else "running"
    sweep = db.execute(
        "SELECT id FROM sweeps WHERE project_id = ? AND name = ?", (project, given.text("sweep"))
    ).fetchone()
    db.execute(
        "INSERT INTO runs (project_id, name, state, sweep_id, created_at, heartbeat_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (project, name, state, sweep["id"] if sweep else None, now, now),
    )


def _update(db: sqlite3.Connection, run: int, given: Arguments) -> None:
    """Sets what was given; config is merged by key, as W&B does, summary and tags are replaced."""
    changes = {column: given.text(name) for name, column in TEXT_FIELDS.items() if name in given}
    if (tags := given.texts("tags")) is not None:
        changes["tags_json"] = strict_json.dump(tags)
    if (summary := given.json_object("summaryMetrics")) is not None:
        changes["summary_json"] = strict_json.dump(summary)
    if (config := given.json_object("config")) is not None:
        stored = db.execute("SELECT config_json FROM runs WHERE id = ?", (run,)).fetchone()[0]
        changes["config_json"] = strict_json.dump(strict_json.parse_object(stored) | config)
    if changes:
        columns = ", ".join(f"{column} = ?" for column in changes)
        db.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*changes.values(), run))


@RESOLVERS.field("Mutation", "deleteRun")
def delete_run(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    with context.server.store.write() as db:
        row = run_by_id(db, given.need_text("id"))
        if given.flag("deleteArtifacts"):
            db.execute("UPDATE artifacts SET state = 'DELETED' WHERE run_id = ?", (row["id"],))
        delete_from_sweep(db, row)
    return {"clientMutationId": None, "success": True}


def delete_from_sweep(db: sqlite3.Connection, row: Row) -> None:
    """The run goes; where this server searches its sweep, its point may come again."""
    db.execute("DELETE FROM runs WHERE id = ?", (row["id"],))
    sweep = db.execute("SELECT * FROM sweeps WHERE id = ?", (row["sweep_id"],)).fetchone()
    if sweep and not is_searched_outside(json.loads(sweep["config_json"])):
        db.execute("UPDATE sweeps SET exhausted = 0 WHERE id = ?", (sweep["id"],))


@RESOLVERS.field("Mutation", "stopRun")
def stop_run(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    with context.server.store.write() as db:
        row = run_by_id(db, arguments.object("input").need_text("id"))
        ask_to_stop(db, row["id"])
    return {"success": True}


@RESOLVERS.field("Mutation", "updateRunState")
def update_run_state(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    given = arguments.object("input")
    wanted = given.need_text("state")
    allowed = {"pending": ("running", "failed", "crashed", "preempted"), "failed": ("pending", "running")}
    with context.server.store.write() as db:
        row = run_by_id(db, given.need_text("id"))
        if row["sweep_id"] is not None or row["state"] not in allowed.get(wanted, ()):
            raise RequestError(f"run {row['name']} is {row['state']} and cannot be made {wanted[:40]}")
        db.execute("UPDATE runs SET state = ? WHERE id = ?", (wanted, row["id"]))
    return {"success": True}


@RESOLVERS.field("Mutation", "rewindRun")
def rewind_run(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    """Takes a run back to one of its steps."""
    given = arguments.object("input")
    name, step = given.need_text("metricName"), given.number("metricValue")
    if name != "_step" or step is None:
        raise RequestError(f"a run can be taken back to a value of _step, not of {name[:80]!r}")
    with context.server.store.write() as db:
        try:
            run = named_run(db, given)
        except NotFound as error:
            # The client would take 404 for an id that is in use.
            raise RequestError(error.message) from None
        branches.rewind(db, run, step, context.now)
        row = db.execute(SELECT + "WHERE runs.id = ?", (run["id"],)).fetchone()
    return {"rewoundRun": Node("Run", row)}


@RESOLVERS.field("Project", "run")
def project_run(context: Context, project: Row, arguments: Arguments) -> Node | None:
    row = find_run(context.db, project["id"], arguments.text("name"))
    return Node("Run", row) if row else None


@RESOLVERS.field("Project", "bucket")
def bucket(context: Context, project: Row, arguments: Arguments) -> Node | None:
    """The run as one who may resume it sees it: a run that is to start afresh has nothing to resume."""
    row = find_run(context.db, project["id"], arguments.text("name"))
    if row is None:
        return None
    if row["restarting"]:
        empty = {
            "history_lines": 0,
            "event_lines": 0,
            "log_lines": 0,
            "summary_json": "{}",
            "config_json": "{}",
        }
        return Node("Run", {**dict(row), **empty})
    return Node("Run", row)


@RESOLVERS.field("Project", "runs")
def project_runs(context: Context, project: Row, arguments: Arguments) -> dict[str, Any]:
    condition, values = filters.where(arguments.json("filters"))
    order, order_values = filters.order_by(arguments.text("order"))
    offset, size = page_bounds(arguments, 50)
    with context.server.store.read() as db:
        found = db.execute(
            f"SELECT id FROM runs WHERE project_id = ? AND {condition} ORDER BY {order} LIMIT ? OFFSET ?",
            (project["id"], *values, *order_values, size + 1, offset),
        ).fetchall()
        nodes = [Node("Run", row) for row in _in_order(db, [row["id"] for row in found[:size]])]
    return {**connection(nodes, offset, offset + len(found)), "__typename": "RunConnection"}


def _in_order(db: sqlite3.Connection, ids: list[int]) -> list[Row]:
    """The runs with these ids. Sorting the ids alone spares SQLite from carrying whole runs about."""
    query = SELECT + "WHERE runs.id IN (SELECT value FROM json_each(?))"
    rows = {row["id"]: row for row in db.execute(query, (strict_json.dump(ids),))}
    return [rows[run] for run in ids]


@RESOLVERS.field("Project", "runCount")
def run_count(context: Context, project: Row, arguments: Arguments) -> int:
    condition, values = filters.where(arguments.json("filters"))
    query = f"SELECT count(*) FROM runs WHERE project_id = ? AND {condition}"
    return context.db.execute(query, (project["id"], *values)).fetchone()[0]


RESOLVERS.columns(
    "Run",
    name="name",
    state="state",
    sweepName="sweep_name",
    group="group_name",
    jobType="job_type",
    commit="commit_hash",
    description="description",
    notes="notes",
    host="host",
    config="config_json",
    summaryMetrics="summary_json",
    systemMetrics="system_json",
    historyLineCount="history_lines",
    eventsLineCount="event_lines",
    logLineCount="log_lines",
    exitcode="exit_code",
    attempt="attempt",
)
RESOLVERS.constants("Run", readOnly=False)


@RESOLVERS.field("Run", "id")
def run_id(context: Context, row: Row, arguments: Arguments) -> str:
    return opaque("Run", row["id"])


@RESOLVERS.field("Run", "user")
def run_user(context: Context, row: Row, arguments: Arguments) -> dict[str, Any]:
    """Whose key the run was started with."""
    return user_of(row["user"])


@RESOLVERS.field("Run", "displayName")
def display_name(context: Context, row: Row, arguments: Arguments) -> str:
    return row["display_name"] or row["name"]


@RESOLVERS.field("Run", "projectId")
def run_project_id(context: Context, row: Row, arguments: Arguments) -> int:
    return row["project_id"]


@RESOLVERS.field("Run", "project")
def run_project(context: Context, row: Row, arguments: Arguments) -> Node:
    return project_by_id(context, row["project_id"])


@RESOLVERS.field("Run", "tags")
def run_tags(context: Context, row: Row, arguments: Arguments) -> list[str]:
    return strict_json.parse(row["tags_json"])


@RESOLVERS.field("Run", "createdAt")
def run_created_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["created_at"])


@RESOLVERS.field("Run", "heartbeatAt")
def run_heartbeat_at(context: Context, row: Row, arguments: Arguments) -> str | None:
    return iso(row["heartbeat_at"])


@RESOLVERS.field("Run", "shouldStop", "stopped")
def should_stop(context: Context, row: Row, arguments: Arguments) -> bool:
    return bool(row["stop_requested"])


@RESOLVERS.field("Run", "failed")
def has_failed(context: Context, row: Row, arguments: Arguments) -> bool:
    return row["state"] in ("failed", "crashed")


@RESOLVERS.field("Run", "running")
def is_running(context: Context, row: Row, arguments: Arguments) -> bool:
    return row["state"] == "running"


@RESOLVERS.field("Run", "wandbConfig")
def wandb_config(context: Context, row: Row, arguments: Arguments) -> str:
    """The asked keys of the client's own config section, those that exist and no other."""
    own = strict_json.parse_object(row["config_json"]).get("_wandb")
    own = own.get("value") if isinstance(own, dict) else None
    own = own if isinstance(own, dict) else {}
    return strict_json.dump({key: own[key] for key in arguments.texts("keys") or () if key in own})

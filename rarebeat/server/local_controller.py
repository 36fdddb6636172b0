"""Sweeps that a controller on the user's machine searches (`wandb sweep --controller`), through two lists.

The controller writes {"schedule": [{"id", "data": {"args"}}], "earlystop": [run, ...]} into the sweep, and
reads {"scheduled": [{"id", "runid"}]} to learn which runs have come of it.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from rarebeat.server import strict_json
from rarebeat.server.arguments import Arguments
from rarebeat.server.leases import new_run
from rarebeat.server.store import Row


def plain_params(config: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a run as {name: value}, from {name: {"value": value}} too."""
    return {
        name: value["value"]
        if isinstance(value, dict) and set(value) <= {"value", "desc"} and value
        else value
        for name, value in config.items()
    }


def obey(db: sqlite3.Connection, sweep: Row, controller: dict[str, Any], now: float) -> dict[str, Any]:
    """Queues the runs that the controller has newly scheduled and stops those that it wants stopped.

    Gives the changes of the sweep's row: what has been scheduled, and its end where nothing is left to run.
    """
    scheduled = _scheduled(sweep)
    known = {one["id"] for one in scheduled}
    changes: dict[str, Any] = {}
    for wanted in Arguments(controller).objects("schedule"):
        identifier, args = wanted.need_text("id"), wanted.object("data")
        if identifier in known:
            continue
        if "args" not in args:
            changes["exhausted"] = 1
            continue
        known.add(identifier)
        run = new_run(db, sweep, plain_params(args.plain("args")), now)
        scheduled.append({"id": identifier, "runid": run["name"]})
    db.executemany(
        "UPDATE runs SET stop_requested = 1, stop_reason = 'early_terminate' "
        "WHERE sweep_id = ? AND name = ? AND state = 'running'",
        [(sweep["id"], name) for name in Arguments(controller).texts("earlystop") or ()],
    )
    return {**changes, "scheduler_json": strict_json.dump({"scheduled": scheduled})}


def _scheduled(sweep: Row) -> list[dict[str, Any]]:
    """What has come of the controller's list so far; clients may have written anything in its place."""
    told = json.loads(sweep["scheduler_json"] or "{}")
    listed = told.get("scheduled") if isinstance(told, dict) else None
    listed = listed if isinstance(listed, list) else []
    return [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]

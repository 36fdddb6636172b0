"""The page of one run: where it stands, what it came to, what it was given."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.routing import Route

from rarebeat.figures import table
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import find_run
from rarebeat.server.pages.markup import facts, live, moment, state, text
from rarebeat.server.pages.shell import Asked, Page, shown


def routes(route: Callable[..., Route]) -> list[Route]:
    return [
        route("/{entity}/{project}/runs/{run}", shown(run), "GET"),
        route("/{entity}/{project}/runs/{run}/{tab:str}", shown(run), "GET"),
    ]


def run(asked: Asked) -> Page | None:
    db = asked.server.store.connection
    project = find_project(db, asked.names["entity"], asked.names["project"])
    row = find_run(db, project["id"], asked.names["run"]) if project else None
    if row is None:
        return None
    config = {key: value.get("value") if isinstance(value, dict) else value
              for key, value in json.loads(row["config_json"]).items() if key != "_wandb"}  # fmt: skip
    summary = {key: value for key, value in json.loads(row["summary_json"]).items() if key != "_wandb"}
    trail = [("/".join(asked.path), asked.path)]
    if row["sweep_name"]:
        trail.append((f"sweep {row['sweep_name']}", (*asked.path, "sweeps", row["sweep_name"])))
    said = facts(
        {
            "attempt": row["attempt"],
            "rows of history": row["history_lines"],
            "last heard": moment(row["heartbeat_at"]),
        }.items()
    )
    body = (
        live("facts", said, tag="div"),
        live("summary", _values("Summary", summary)),
        live("config", _values("Configuration", config)),
    )
    return Page(row["display_name"] or row["name"], body, tuple(trail), state(row["state"]))


def _values(caption: str, values: dict[str, object]) -> str:
    return table(caption, ["name", "value"], [[name, text(value)] for name, value in sorted(values.items())])

"""The page of a sweep."""

from __future__ import annotations

from html import escape

from rarebeat.figures import table
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import SELECT
from rarebeat.server.operations.sweeps import find_sweep
from rarebeat.server.pages.markup import link, live, moment, state
from rarebeat.server.pages.shell import Asked, Page

SHOWN = 100


def sweep(asked: Asked) -> Page | None:
    db = asked.server.store.connection
    project = find_project(db, asked.names["entity"], asked.names["project"])
    row = find_sweep(db, project["id"], asked.names["sweep"]) if project else None
    if row is None:
        return None
    runs = db.execute(
        SELECT + "WHERE runs.sweep_id = ? ORDER BY runs.id DESC LIMIT ?", (row["id"], SHOWN)
    ).fetchall()
    ran = [
        [
            link(one["display_name"] or one["name"], *asked.path, "runs", one["name"]),
            state(one["state"]),
            moment(one["created_at"]),
        ]
        for one in runs
    ]
    body = (
        live("runs", table("Runs", ["run", "state", "since"], ran, texts=3)),
        f"<h2>Configuration</h2><pre>{escape(row['config_yaml'])}</pre>",
    )
    return Page(row["name"], body, (("/".join(asked.path), asked.path),), state(row["state"]))

"""What is being trained at this moment, anywhere on the server or in one project."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rarebeat.figures import Html, table
from rarebeat.server.pages.markup import link, moment, note, text
from rarebeat.server.pages.shell import Asked
from rarebeat.server.pages.sweeps_table import title_of
from rarebeat.server.store import Row
from rarebeat.server.sweep_runs import objective

SHOWN = 20
RUNNING = """
    SELECT runs.*, projects.entity, projects.name AS project_name, sweeps.name AS sweep_name,
           sweeps.display_name AS sweep_title, sweeps.config_json AS sweep_config
    FROM runs JOIN projects ON projects.id = runs.project_id LEFT JOIN sweeps ON sweeps.id = runs.sweep_id
    WHERE runs.state = 'running' AND (:project IS NULL OR runs.project_id = :project)
    ORDER BY runs.id DESC LIMIT :count
"""


def runs_now(asked: Asked, project: int | None = None) -> Html:
    """The running runs, latest first, each with the last value of what its sweep is after."""
    db = asked.server.store.connection
    rows = db.execute(RUNNING, {"project": project, "count": SHOWN + 1}).fetchall()
    if not rows:
        return note("Nothing.")
    heads = ["run", "project", "sweep", "last value", "since", "last heard"]
    more = note("And others.") if len(rows) > SHOWN else ""
    return Html(table("Runs under way", heads, [_cells(row) for row in rows[:SHOWN]], texts=6) + more)


def _cells(row: Row) -> Sequence[object]:
    path = (row["entity"], row["project_name"])
    name = row["sweep_name"]
    return [
        link(row["display_name"] or row["name"], *path, "runs", row["name"]),
        link(path[-1], *path),
        link(title_of(_sweep(row)), *path, "sweeps", name) if name else "",
        last_value(row),
        moment(row["created_at"]),
        moment(row["heartbeat_at"]),
    ]


def _sweep(row: Row) -> dict[str, str]:
    return {
        "display_name": row["sweep_title"],
        "name": row["sweep_name"],
        "config_json": row["sweep_config"],
    }


def last_value(row: Row) -> Html:
    """The objective of the run's sweep; without a sweep the first metric that it has logged."""
    summary = json.loads(row["summary_json"])
    metric = json.loads(row["sweep_config"] or "{}").get("metric")
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        names = [name for name in summary if not name.startswith("_") and isinstance(summary[name], float)]
        metric = {"name": names[0]} if names else {}
    value = objective(summary, metric)
    if value is None:
        return Html('<span class="dim">none yet</span>')
    return Html(f'{value:.4f} <span class="dim">{text(metric["name"])}</span>')

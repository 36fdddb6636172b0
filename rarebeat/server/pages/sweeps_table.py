"""Sweeps in a table: state, how far, and the best until now."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from rarebeat.figures import Html, table
from rarebeat.server.pages.markup import link, moment, state, text
from rarebeat.server.pages.shell import Asked
from rarebeat.server.pages.standing import Standing, standing
from rarebeat.server.store import Row


def latest(db: sqlite3.Connection, project: int, count: int, offset: int = 0) -> list[Row]:
    """The project's sweeps, the newest first."""
    return db.execute(
        "SELECT * FROM sweeps WHERE project_id = ? ORDER BY id DESC LIMIT ? OFFSET ?",
        (project, count, offset),
    ).fetchall()


def sweeps_table(asked: Asked, path: Sequence[str], sweeps: Sequence[Row], caption: str) -> Html:
    heads = ["sweep", "state", "objective", "best", "running", "runs done", "made"]
    rows = [_cells(asked, path, row) for row in sweeps]
    return Html(table(caption, heads, rows, texts=3))


def _cells(asked: Asked, path: Sequence[str], row: Row) -> Sequence[object]:
    config = json.loads(row["config_json"])
    found = standing(asked.server.store.connection, row["id"], config)
    return [
        _named(path, row),
        state(row["state"]),
        text(found.metric),
        f"{found.best.value:.4f}" if found.best else "",
        found.states["running"] or "",
        runs_done(found, config),
        moment(row["created_at"]),
    ]


def runs_done(found: Standing, config: Mapping[str, Any]) -> str:
    """How far the sweep is, where it says how many runs there are to be."""
    cap = config.get("run_cap")
    return f"{found.done:,} of {cap:,}" if isinstance(cap, int) else f"{found.done:,}"


def _named(path: Sequence[str], row: Row) -> Html:
    """Sweeps of the same name are told apart by their ids."""
    title = title_of(row)
    beside = "" if title == row["name"] else f' <span class="dim">{text(row["name"])}</span>'
    return Html(link(title, *path, "sweeps", row["name"]) + beside)


def title_of(row: Row | Mapping[str, Any]) -> str:
    """What the sweep is called: on the page, in its YAML, or by its id."""
    name = json.loads(row["config_json"]).get("name")
    return row["display_name"] or (name if isinstance(name, str) and name else row["name"])

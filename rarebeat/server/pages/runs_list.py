"""Runs as the address asks for them: sorted, filtered, a page at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rarebeat.server.operations.runs import SELECT
from rarebeat.server.pages.columns import Sql, sql_of
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Row
from rarebeat.server.sweep_runs import objective

SIZE = 50
STATES = ("running", "finished", "failed", "crashed", "killed", "pending", "preempted")


@dataclass(frozen=True)
class View:
    """What the address asks of the table."""

    asked: Asked
    sort: str
    descending: bool
    page: int
    state: str
    words: str
    shown: tuple[str, ...]


def view_of(asked: Asked, sort: str = "run.created", descending: bool = True) -> View:
    """The view, in the given order where the address names none."""
    query = asked.query
    wanted = query.get("sort") or sort
    order = query.get("order") or ("desc" if descending and wanted == sort else "asc")
    return View(
        asked,
        wanted,
        order == "desc",
        asked.number("page"),
        query.get("state", "") if query.get("state") in STATES else "",
        query.get("find", "")[:200],
        tuple(query.getlist("show"))[:60],
    )


@dataclass(frozen=True)
class Listed:
    """The runs of one page, and how many there are on all."""

    rows: tuple[Row, ...]
    count: int

    @cached_property
    def summaries(self) -> tuple[dict[str, Any], ...]:
        return tuple(json.loads(row["summary_json"]) for row in self.rows)

    @cached_property
    def settings(self) -> tuple[dict[str, Any], ...]:
        return tuple(settings_of(row) for row in self.rows)


def listed(db: sqlite3.Connection, view: View, within: Sql, goal: str = "") -> Listed:
    """The runs of the view's page; what has no value comes last, whichever way they are sorted."""
    condition, values = within
    if view.state:
        condition, values = f"{condition} AND runs.state = ?", [*values, view.state]
    if view.words:
        condition += " AND instr(lower(coalesce(runs.display_name, '') || ' ' || runs.name), lower(?))"
        values = [*values, view.words]
    key, paths = sql_of(view.sort, goal)
    direction = "DESC" if view.descending else "ASC"
    rows = db.execute(
        f"""WITH page AS (
                SELECT runs.id AS row, {key} AS value FROM runs WHERE {condition}
                ORDER BY typeof(value) NOT IN ('integer', 'real'), value IS NULL, value {direction}, row DESC
                LIMIT ? OFFSET ?)
            {SELECT} JOIN page ON page.row = runs.id
            ORDER BY typeof(value) NOT IN ('integer', 'real'), value IS NULL, value {direction}, row DESC""",
        (*paths, *values, SIZE, (view.page - 1) * SIZE),
    ).fetchall()
    count = db.execute(f"SELECT count(*) FROM runs WHERE {condition}", values).fetchone()[0]
    return Listed(tuple(rows), count)


def picked(db: sqlite3.Connection, view: View, rows: Sequence[int]) -> Listed:
    """The runs of the view's page out of rows whose order is known."""
    page = rows[(view.page - 1) * SIZE : view.page * SIZE]
    found = db.execute(
        f"{SELECT} JOIN json_each(?) AS page ON page.value = runs.id ORDER BY page.key", (json.dumps(page),)
    )
    return Listed(tuple(found.fetchall()), len(rows))


def settings_of(row: Row) -> dict[str, Any]:
    """What the run was configured with, and what its sweep chose for it."""
    stored = json.loads(row["config_json"])
    plain = {k: v.get("value") if isinstance(v, dict) else v for k, v in stored.items() if k != "_wandb"}
    return plain | (json.loads(row["params_json"]) if row["params_json"] else {})


def setting(settings: dict[str, Any], name: str) -> Any:
    """A parameter by its name, `a.b` for a nested one."""
    value: Any = settings
    if name in settings:
        return settings[name]
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def columns(view: View, runs: Listed, keys: Iterable[str], goal: str = "") -> list[tuple[str, list[Any]]]:
    """(key, values) of metrics and parameters; for the metrics of a sweep as its search reads them."""
    found = []
    for key in keys:
        if key.startswith("config."):
            values = [setting(each, key.removeprefix("config.")) for each in runs.settings]
        else:
            values = [objective(each, {"name": key, "goal": goal}) for each in runs.summaries]
        found.append((key, values))
    return found

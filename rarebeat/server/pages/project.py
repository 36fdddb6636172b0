"""The pages of a project: its runs, and its sweeps."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rarebeat.figures import Html
from rarebeat.server.operations.projects import find_project
from rarebeat.server.pages import runs_table as cells
from rarebeat.server.pages.choosing import chooser
from rarebeat.server.pages.columns import has_path
from rarebeat.server.pages.leaderboard import metrics_of
from rarebeat.server.pages.markup import link, live, note
from rarebeat.server.pages.project_tabs import project_tabs
from rarebeat.server.pages.runs_list import Listed, View, columns, listed, view_of
from rarebeat.server.pages.runs_now import runs_now
from rarebeat.server.pages.shell import Asked, Page
from rarebeat.server.pages.sweeps_table import latest, sweeps_table
from rarebeat.server.store import Row

FIRST_METRICS = 4
LATEST, SWEEPS = 3, 30  # above the runs, and of one page
# The words that stand at this place of W&B's addresses.
RUNS = ("workspace", "table", "runs", "overview")


def runs(asked: Asked) -> Page | None:
    """What runs now and every run, with the latest sweeps above them."""
    if asked.names.get("tab", RUNS[0]) not in RUNS:
        return None
    with asked.server.store.read() as db:
        row = find_project(db, *asked.path)
        if row is None:
            return None
        sweeps = latest(db, row["id"], LATEST)
        above = sweeps_table(asked, asked.path, sweeps, "Latest sweeps") if sweeps else note("No sweep yet.")
        body = (
            live("now", runs_now(asked, row["id"]), heading="Running now"),
            live("sweeps", above, heading="Latest sweeps"),
            live("runs", *_runs(asked, row, _objectives(sweeps)), heading="Runs"),
        )
    return _page(asked, body, "Runs")


def sweeps(asked: Asked) -> Page | None:
    """Every sweep, the newest first."""
    with asked.server.store.read() as db:
        row = find_project(db, *asked.path)
        if row is None:
            return None
        page = asked.number("page")
        count = db.execute("SELECT count(*) FROM sweeps WHERE project_id = ?", (row["id"],)).fetchone()[0]
        found = latest(db, row["id"], SWEEPS, (page - 1) * SWEEPS)
        listed = sweeps_table(asked, asked.path, found, "Sweeps") if found else note("No sweep is here.")
        body = (live("sweeps", listed, cells.pages(asked, page, count, SWEEPS)),)
    return _page(asked, body, "Sweeps")


def _page(asked: Asked, body: tuple[str, ...], here: str) -> Page:
    return Page(asked.names["project"], body, (), "", project_tabs(asked, here))


def _objectives(sweeps: Sequence[Row]) -> list[str]:
    """What the sweeps are after."""
    metrics = [json.loads(sweep["config_json"]).get("metric") for sweep in sweeps]
    names = [metric.get("name") for metric in metrics if isinstance(metric, dict)]
    return [name for name in names if isinstance(name, str)]


def _runs(asked: Asked, project: Row, objectives: Sequence[str]) -> list[str]:
    view = view_of(asked)
    found = listed(asked.server.store.connection, view, ("runs.project_id = ?", [project["id"]]))
    metrics = metrics_of(found)
    first = list(dict.fromkeys([*objectives, *metrics]))[:FIRST_METRICS]
    sorted_by = [] if view.sort.startswith("run.") else [view.sort]
    keys = list(dict.fromkeys([*(view.shown or first), *sorted_by]))
    parameters = sorted({name for settings in found.settings for name in settings if has_path(name)})
    table = _table(asked, view, found, keys) if found.rows else note("No run is like that.")
    return [chooser(view, metrics, parameters, keys), table, cells.pages(asked, view.page, found.count)]


def _table(asked: Asked, view: View, found: Listed, keys: list[str]) -> Html:
    told = [cells.numbers(values) for _, values in columns(view, found, keys)]
    heads = ["run.name", "run.state", " sweep", *keys, "run.seconds", "run.created"]
    rows = []
    for number, (row, summary) in enumerate(zip(found.rows, found.summaries, strict=True)):
        name = row["sweep_name"]
        sweep = link(name, *asked.path, "sweeps", name) if name else Html("")
        named = [cells.run_cell(row, asked.path), cells.state_cell(row), Html(f"<td>{sweep}</td>")]
        each = [column[number] for column in told]
        rows.append((row["name"], [*named, *each, cells.duration(summary), cells.when(row)]))
    return cells.table(view, "Runs", heads, rows)

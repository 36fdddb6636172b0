"""A thin page on the URLs that the wandb client prints: what runs, with which parameters, how good."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html import escape
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from rarebeat.server.context import Server
from rarebeat.server.identifiers import iso
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import SELECT, find_run
from rarebeat.server.operations.sweeps import find_sweep
from rarebeat.server.store import Row
from rarebeat.server.sweep_runs import objective, params_of

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STYLE = (
    "body{font:15px/1.5 system-ui;margin:2rem}table{border-collapse:collapse}"
    "th,td{padding:.2rem .8rem;border-bottom:1px solid #8884;text-align:left}:root{color-scheme:light dark}"
)
SHOWN = 1000

Cells = list[Any]


def routes(route: Callable[..., Route]) -> list[Route]:
    return [
        route("/", _page(_home), "GET"),
        route("/{entity}/{project}", _page(_project), "GET"),
        route("/{entity}/{project}/{tab:str}", _page(_project), "GET"),
        route("/{entity}/{project}/sweeps/{sweep}", _page(_sweep), "GET"),
        route("/{entity}/{project}/runs/{run}", _page(_run), "GET"),
        route("/{entity}/{project}/runs/{run}/{tab:str}", _page(_run), "GET"),
    ]


def _page(body: Callable[[Server, dict[str, str]], str | None]) -> Any:
    async def answer(request: Request, server: Server) -> Response:
        content = await anyio.to_thread.run_sync(body, server, request.path_params)
        title = " / ".join(map(escape, map(str, request.path_params.values()))) or "rarebeat"
        html = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="10">'
            f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
            f"{content or '<p>There is nothing here.</p>'}"
        )
        return HTMLResponse(html, 200 if content is not None else 404, HEADERS)

    return answer


def _table(head: Cells, rows: Iterable[Cells]) -> str:
    """All cells are escaped here; a (text, address) cell becomes a link."""
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{_cell(cell)}</th>' for cell in head)}</tr>{body}</table>"


def _cell(cell: Any) -> str:
    if isinstance(cell, tuple):
        return f'<a href="{escape(quote(cell[1]))}">{_cell(cell[0])}</a>'
    if isinstance(cell, float):
        return f"{cell:.5g}"
    return "" if cell is None else escape(cell if isinstance(cell, str) else json.dumps(cell))[:2000]


def _home(server: Server, _: dict[str, str]) -> str:
    rows = server.store.connection.execute("SELECT * FROM projects ORDER BY id DESC").fetchall()
    return _table(
        ["project", "since"],
        (
            [(f"{row['entity']}/{row['name']}", f"/{row['entity']}/{row['name']}"), iso(row["created_at"])]
            for row in rows
        ),
    )


def _project(server: Server, names: dict[str, str]) -> str | None:
    db = server.store.connection
    project = find_project(db, names["entity"], names["project"])
    if project is None:
        return None
    at = f"/{project['entity']}/{project['name']}"
    sweeps = db.execute(
        "SELECT * FROM sweeps WHERE project_id = ? ORDER BY id DESC", (project["id"],)
    ).fetchall()
    runs = db.execute(
        SELECT + "WHERE runs.project_id = ? ORDER BY runs.id DESC LIMIT ?", (project["id"], SHOWN)
    ).fetchall()
    listed = _table(
        ["sweep", "state", "method", "since"],
        (
            [
                (row["name"], f"{at}/sweeps/{row['name']}"),
                row["state"],
                json.loads(row["config_json"]).get("method"),
                iso(row["created_at"]),
            ]
            for row in sweeps
        ),
    )
    return f"<h2>Sweeps</h2>{listed}<h2>Runs</h2>{_runs(at, runs, {}, {})}"


def _sweep(server: Server, names: dict[str, str]) -> str | None:
    db = server.store.connection
    project = find_project(db, names["entity"], names["project"])
    sweep = find_sweep(db, project["id"], names["sweep"]) if project else None
    if sweep is None:
        return None
    config = json.loads(sweep["config_json"])
    metric = config.get("metric") if isinstance(config.get("metric"), dict) else {}
    runs = db.execute(SELECT + "WHERE runs.sweep_id = ? LIMIT ?", (sweep["id"], SHOWN)).fetchall()
    sign = -1 if metric.get("goal") == "maximize" else 1

    def rank(run: Row) -> tuple[bool, float]:
        value = objective(json.loads(run["summary_json"]), metric)
        return value is None, sign * (value or 0)

    table = _runs(f"/{project['entity']}/{project['name']}", sorted(runs, key=rank), metric, config)
    yaml = escape(sweep["config_yaml"])
    return f"<p>{escape(sweep['state'])}, {len(runs)} runs</p>{table}<h2>Configuration</h2><pre>{yaml}</pre>"


def _runs(at: str, runs: list[Row], metric: dict[str, Any], config: dict[str, Any]) -> str:
    params = sorted(config.get("parameters") or {})
    head = [
        "run",
        "state",
        "attempt",
        *([metric["name"]] if metric.get("name") else []),
        *params,
        "sweep",
        "last heard",
    ]
    rows = []
    for run in runs:
        value = [objective(json.loads(run["summary_json"]), metric)] if metric.get("name") else []
        chosen = params_of(run, config)
        link = (run["display_name"] or run["name"], f"{at}/runs/{run['name']}")
        sweep = run["sweep_name"] and (run["sweep_name"], f"{at}/sweeps/{run['sweep_name']}")
        given = [chosen.get(name) for name in params]
        rows.append([link, run["state"], run["attempt"], *value, *given, sweep, iso(run["heartbeat_at"])])
    return _table(head, rows)


def _run(server: Server, names: dict[str, str]) -> str | None:
    db = server.store.connection
    project = find_project(db, names["entity"], names["project"])
    run = find_run(db, project["id"], names["run"]) if project else None
    if run is None:
        return None
    config = {key: value.get("value") if isinstance(value, dict) else value
              for key, value in json.loads(run["config_json"]).items() if key != "_wandb"}  # fmt: skip
    summary = {key: value for key, value in json.loads(run["summary_json"]).items() if key != "_wandb"}
    return (
        f"<p>{escape(run['state'])}, attempt {run['attempt']}, {run['history_lines']} rows of history</p>"
        f"<h2>Summary</h2>{_table(['metric', 'value'], map(list, sorted(summary.items())))}"
        f"<h2>Configuration</h2>{_table(['name', 'value'], map(list, sorted(config.items())))}"
    )

"""What a run logged beside numbers: curves, matrices, tables, images and histograms, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from rarebeat.server.pages.amounts import size
from rarebeat.server.pages.markup import live, note, turned
from rarebeat.server.pages.run.custom import custom_charts, draw
from rarebeat.server.pages.run.histogram import histogram
from rarebeat.server.pages.run.history import read_history
from rarebeat.server.pages.run.images import images
from rarebeat.server.pages.run.logged_table import MOST_INLINE, read_table, shown_table
from rarebeat.server.pages.run.matrix import is_matrix, matrix
from rarebeat.server.pages.run.media import logged_file
from rarebeat.server.pages.run.opened import Opened

PLAIN = ("number", "string")  # kinds of values that are no media
MOST_CHARTS, MOST_TABLES, MOST_FILES = 30, 12, 50


def results(run: Opened) -> tuple[str, ...]:
    if (name := run.query.get("table")) is not None:
        return (_one_table(run, name),)
    steps, values = _logged(run)
    if not values:
        words = "No tables, images, histograms or `wandb.plot` charts have been logged."
        return (live("results", note(words), tag="div"),)
    body = [*_figures(run, values), *images(run, values), *_files(run, values)]
    return (live("results", _stepped(run, steps), *body, tag="div"),)


def _logged(run: Opened) -> tuple[list[int], dict[str, dict[str, Any]]]:
    """The steps at which media were logged, and the last of each name up to the step that is shown."""
    if all(kind in PLAIN for kind in json.loads(run.row["keys_json"]).values()):
        return [], {}
    found: list[tuple[int, dict[str, Any]]] = []
    for row in read_history(run.db, run.row).rows:
        media = {key: value for key, value in row.items() if _is_media(value)}
        step = row.get("_step")
        if media and isinstance(step, int):
            found.append((step, media))
    steps, values = sorted({step for step, _ in found}), {}
    here = _here(run, steps) if steps else 0
    for step, media in found:
        values |= media if step <= here else {}
    if run.whole("step") is None:
        # The summary also knows what a long history's sample has missed.
        values |= {key: value for key, value in run.summary.items() if _is_media(value)}
    return steps, dict(sorted(values.items()))


def _here(run: Opened, steps: list[int]) -> int:
    """The last of the steps up to the one that was asked for; the first where that comes before all."""
    asked = run.whole("step")
    return steps[-1] if asked is None else max((step for step in steps if step <= asked), default=steps[0])


def _is_media(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("_type"), str)


def _stepped(run: Opened, steps: list[int]) -> str:
    """The way to what was logged before: pictures of every epoch, one at a time."""
    if len(steps) < 2:
        return ""
    here = _here(run, steps)
    place = steps.index(here)
    links = [("first", steps[0]), ("earlier", steps[place - 1])] if place else []
    links += [("later", steps[place + 1])] if place + 1 < len(steps) else []
    ways = [(words, run.at("results", step=str(step))) for words, step in links]
    ways += [("newest", run.at("results", step=None))] if run.whole("step") is not None else []
    return turned("Steps", f"As of step {here:,} of {steps[-1]:,}", ways)


def _figures(run: Opened, values: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Charts and matrices side by side, then histograms; below them the tables that are only tables."""
    drawn, tables, used = [], [], set()
    for chart in sorted(custom_charts(run.client), key=lambda chart: (chart.place, chart.name)):
        wanted = chart.table in values and len(drawn) < MOST_CHARTS
        logged = read_table(run, values[chart.table], MOST_INLINE) if wanted else None
        if logged and (picture := draw(chart, logged)):
            drawn.append(picture)
            used.add(chart.table)
    for name, value in values.items():
        if value["_type"] != "table-file" or name in used:
            continue
        logged = read_table(run, value, MOST_INLINE) if len(tables) < MOST_TABLES else None
        if logged and is_matrix(logged) and (picture := matrix(name, logged, *logged.columns)):
            drawn.append(picture)
        elif logged:
            tables.append(shown_table(run, name, logged))
        else:
            tables.append(_table_link(run, name, value))
    drawn += filter(None, (histogram(name, value) for name, value in values.items()))
    yield f'<div class="charts">{"".join(drawn)}</div>' if drawn else ""
    yield "".join(f'<section class="logged">{one}</section>' for one in tables)


def _table_link(run: Opened, name: str, value: dict[str, Any]) -> str:
    """A table that is too much for a page of all, or not here yet."""
    show = f'<a href="{escape(run.at("results", table=name))}">show</a>'
    return f"<p>{_download(run, name, value)} {show if logged_file(run, value) else ''}</p>"


def _one_table(run: Opened, name: str) -> str:
    value = _logged(run)[1].get(name)
    logged = read_table(run, value) if value else None
    back = turned("Back", "", [("all plots and tables", run.at("results", table=None, page=None))])
    nothing = note("There is no such table here, or one that is too large to show: download it.")
    shown = (
        shown_table(run, name, logged, min(run.whole("page") or 0, len(logged.rows))) if logged else nothing
    )
    return live("table", back, shown, tag="div")


def _files(run: Opened, values: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Sounds, pages, models: what is not shown here can be saved."""
    shown = ("table-file", "histogram", "images", "images/separated", "image-file")
    others = [(name, value) for name, value in values.items() if value["_type"] not in shown]
    listed = "".join(f"<li>{_download(run, name, value)}</li>" for name, value in others[:MOST_FILES])
    if listed:
        yield f'<section class="logged"><h2>Other media</h2><ul class="files">{listed}</ul></section>'


def _download(run: Opened, name: str, value: dict[str, Any]) -> str:
    file, kind = logged_file(run, value), escape(value["_type"])
    if file is None:
        return f'{escape(name)} <span class="dim">{kind}, not here yet</span>'
    rows = f", {value['nrows']:,} rows" if isinstance(value.get("nrows"), int) else ""
    link = f'<a href="{escape(run.asked.file(file.blob, file.name))}" download>{escape(name)}</a>'
    return f'{link} <span class="dim">{kind}{rows}, {size(file.size)}</span>'

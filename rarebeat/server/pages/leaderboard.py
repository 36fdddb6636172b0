"""The leaderboard of a sweep: places with their ties, values with their intervals, and what each run had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rarebeat.figures import Html
from rarebeat.server.pages import runs_table as cells
from rarebeat.server.pages.choosing import chooser
from rarebeat.server.pages.columns import family, numbers_in, searched
from rarebeat.server.pages.markup import live, note
from rarebeat.server.pages.runs_list import Listed, View, columns, listed, picked, view_of
from rarebeat.server.pages.shell import Asked
from rarebeat.server.pages.standing import Standing
from rarebeat.server.store import Row

PLACE, RUN, STATE, STARTED, SECONDS = cells.PLACE, "run.name", "run.state", "run.created", "run.seconds"

OTHERS = 3  # metrics beside the objective, where it is no average of any


def leaderboard(asked: Asked, sweep: Row, found: Standing, config: Mapping[str, Any]) -> Html:
    """The form and the table, in the order of the sweep's goal unless the address says otherwise."""
    view = view_of(asked, found.metric or STARTED, found.metric is None or found.goal == "maximize")
    runs = _listed(asked, view, sweep, found)
    metrics = metrics_of(runs)
    keys = _shown(view, found, metrics, searched(config))
    return Html(
        live(
            "leaderboard",
            chooser(view, metrics, searched(config), keys),
            *_notices(found),
            _table(asked, view, runs, found, keys) if runs.rows else _empty(view, asked, sweep),
            cells.pages(asked, view.page, runs.count),
            heading="Leaderboard",
        )
    )


def _listed(asked: Asked, view: View, sweep: Row, found: Standing) -> Listed:
    db = asked.server.store.connection
    if view.sort == found.metric and not view.state and not view.words:
        # Their values have been read already: of ten thousand summaries once is enough.
        return picked(db, view, found.rows(view.descending))
    return listed(db, view, ("runs.sweep_id = ?", [sweep["id"]]), found.goal)


def metrics_of(runs: Listed) -> list[str]:
    """The metrics that the listed runs have logged."""
    return sorted({name for summary in runs.summaries for name in numbers_in(summary)}, key=_by_family)


def _by_family(name: str) -> tuple[str, str]:
    stem, _, last = name.rpartition("/")
    return stem, last


def _shown(view: View, found: Standing, metrics: Sequence[str], parameters: Sequence[str]) -> list[str]:
    """The columns: those asked for, else the objective, what it is made of, and what was searched."""
    if view.shown:
        keys = list(view.shown)
    else:
        members = family(found.metric, metrics) if found.metric else []
        others = [name for name in metrics if name != found.metric][:OTHERS]
        keys = [*(members or others), *(f"config.{name}" for name in parameters)]
    first = [found.metric] if found.metric else []
    last = [] if view.sort.startswith("run.") else [view.sort]
    return list(dict.fromkeys([*first, *keys, *last]))


def _notices(found: Standing) -> list[str]:
    if found.ties:
        count = sum(entry.tied for entry in found.ranked)
        return [note(f"{count} runs share the first place: none of them is better for sure. {INTERVALS}")]
    if found.outdated:
        return [note("Ties are of an earlier first: `rarebeat leaderboard --write` finds those of this one.")]
    return [note(INTERVALS)] if any(entry.low is not None for entry in found.ranked) else []


INTERVALS = "In brackets: 95 % intervals."


def _empty(view: View, asked: Asked, sweep: Row) -> Html:
    if view.state or view.words:
        return Html('<p>No run is like that. <a href="?">Show all</a></p>')
    if view.page > 1:
        return Html(f'<p>There is no such page. <a href="{escape(asked.again(page=None))}">The first</a></p>')
    return note("No run yet: an agent makes them. The commands below start one.")


def _table(asked: Asked, view: View, runs: Listed, found: Standing, keys: Sequence[str]) -> Html:
    found_columns = [
        _values(runs, found, values) if key == found.metric else cells.numbers(values)
        for key, values in columns(view, runs, keys, found.goal)
    ]
    has_places = found.metric is not None
    heads = [*([PLACE] if has_places else []), RUN, STATE, *keys, SECONDS, STARTED]
    rows = []
    for number, (row, summary) in enumerate(zip(runs.rows, runs.summaries, strict=True)):
        place = [_place(found, row)] if has_places else []
        named = [cells.run_cell(row, asked.path), cells.state_cell(row)]
        told = [column[number] for column in found_columns]
        rows.append((row["name"], [*place, *named, *told, cells.duration(summary), cells.when(row)]))
    return cells.table(view, "Leaderboard", heads, rows)


def _place(found: Standing, row: Row) -> Html:
    place = found.places.get(row["id"])
    entry = found.by_row(row["id"])
    if place is None or entry is None:
        return Html('<td class="n place"></td>')
    if found.ties and entry.tied:
        return Html(f'<td class="n place"><abbr title="tied with the first">={place}</abbr></td>')
    return Html(f'<td class="n place">{place}</td>')


def _values(runs: Listed, found: Standing, values: Sequence[float | None]) -> list[Html]:
    """The objective's cells: with their intervals where a leaderboard has written those."""
    plain = cells.numbers(values)
    return [_with_interval(found, row, cell) for row, cell in zip(runs.rows, plain, strict=True)]


def _with_interval(found: Standing, row: Row, cell: Html) -> Html:
    entry = found.by_row(row["id"])
    if entry is None or entry.low is None or entry.high is None:
        return cell
    is_other = found.ties and entry.tied and entry is not found.best
    tied = '<span class="tied">tied with the first</span>' if is_other else ""
    interval = f' <span class="dim">[{entry.low:.2f}, {entry.high:.2f}]</span>{tied}</td>'
    return Html(cell.removesuffix("</td>") + interval)

"""The charts of a run: every metric over its steps, those that belong together in one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rarebeat.figures import Line, lines
from rarebeat.figures.svg import COLOURS
from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.markup import address, folded, live, note
from rarebeat.server.pages.run.chart import Key, figure
from rarebeat.server.pages.run.families import SINGLE, Family, families, machine_families
from rarebeat.server.pages.run.history import (
    History,
    read_events,
    read_history,
    smoothed,
    thinned,
)
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.pages.run.view import AXES, View

SIZE = (400, 216)  # px
# Lines of one chart, and charts that are open when the page is: what is folded costs as little to skip.
MOST_LINES, MOST_OPEN = 24, 36


def charts(run: Opened) -> tuple[str, ...]:
    """The controls, and a region for each section of charts."""
    history = read_history(run.db, run.row)
    held = history.names()
    view = View.of(run.query, held)
    names = [name for name in held if name not in view.axes and not name.startswith("_")]
    shown = view.shown(families(names))
    drawn = history.series([name for family in shown for _, name in family.lines], view.x)
    sections = list(dict.fromkeys(family.section for family in shown))
    body, count = [], 0
    for section in sections:
        mine = [family for family in shown if family.section == section]
        heading = f"{section}/…" if section != SINGLE else ""
        grid = _grid(_chart(family, drawn, view) for family in mine)
        opened = count + len(mine) <= MOST_OPEN and section != "best"
        body.append(_section(f"charts-{section or 'all'}", heading, grid, len(mine), opened))
        count += len(mine)
    return (
        view.form(address(*run.path)),
        live("charts", _extent(history, shown, view), *body, tag="div"),
        live("machine", _machine(run), tag="div"),
    )


def _section(name: str, heading: str, grid: str, count: int, opened: bool) -> str:
    return folded(name, f"{heading} · {count}", grid, is_open=opened) if heading else grid


def _extent(history: History, shown: list[Family], view: View) -> str:
    """What the charts leave out, and why there are none."""
    if not history.total:
        return note("Nothing has been logged yet: `run.log({…})` draws charts here.")
    if not shown:
        return note("No metric has a name like that." if view.match else "No numbers have been logged.")
    if len(history.rows) < history.total:
        return note(
            f"Drawn from {len(history.rows):,} of {history.total:,} rows: some at even distances, and some "
            "of each kind that comes rarely. Single peaks may be missing."
        )
    return ""


def _grid(figures: Iterable[str]) -> str:
    return f'<div class="charts">{"".join(figures)}</div>'


def _machine(run: Opened) -> str:
    events = read_events(run.db, run.row)
    names = [name for name in events.names() if name.startswith("system.")]
    if not names:
        return ""
    drawn = events.series(names, "_runtime")
    view = View(AXES, "_runtime")
    listed = machine_families(names)
    grid = _grid(_chart(family, drawn, view) for family in listed)
    return folded("system", f"The machine · {len(listed)}", grid)


Series = dict[str, tuple[np.ndarray, np.ndarray]]


def _chart(family: Family, drawn: Series, view: View) -> str:
    """A figure with its title, and with the last value of each line in its key."""
    chosen = [(called, *drawn[name]) for called, name in family.lines[:MOST_LINES] if len(drawn[name][0])]
    if not chosen:
        return ""
    picture = lines(
        [_line(place, *one, view) for place, one in enumerate(chosen)],
        family.title,
        _described(chosen, view.axes[view.x]),
        view.axes[view.x],
        "",
        SIZE,
        named=False,
    )
    alone = len(family.lines) == 1
    keys = [
        Key("" if alone else called, float(y[-1]), _is_dashed(place, called))
        for place, (called, _, y) in enumerate(chosen)
    ]
    return figure(family.title, picture, keys, max(len(family.lines) - MOST_LINES, 0))


def _line(place: int, called: str, x: np.ndarray, y: np.ndarray, view: View) -> Line:
    x, y = thinned(x, y)
    dashed = _is_dashed(place, called)
    if not view.smooth:
        return Line(called, x, y, dashed=dashed)
    return Line(called, x, smoothed(y, float(view.smooth)), under=y, dashed=dashed)


def _is_dashed(place: int, called: str) -> bool:
    """A second round of the colours; and a best so far, which lies on what it is the best of."""
    return place >= COLOURS or called == "best"


def _described(chosen: list[tuple[str, np.ndarray, np.ndarray]], axis: str) -> str:
    """The chart in words, for those who cannot see it."""
    told = []
    for called, _, y in chosen[:8]:
        known = y[np.isfinite(y)]
        if len(known):
            told.append(
                f"{called}: last {written(float(y[-1]))}, lowest {written(float(known.min()))}, "
                f"highest {written(float(known.max()))}"
            )
    first, last = min(x[0] for _, x, _ in chosen), max(x[-1] for _, x, _ in chosen)
    return f"{'; '.join(told) or 'no finite value'}. From {axis} {first:g} to {last:g}."

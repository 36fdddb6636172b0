"""A table of runs, whose head sorts it and whose foot pages it by address, so that a view can be shared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from rarebeat.figures import Html
from rarebeat.server.pages import amounts
from rarebeat.server.pages.columns import HEADINGS
from rarebeat.server.pages.markup import link, moment, state, text
from rarebeat.server.pages.runs_list import SIZE, View
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Row

PLACE = " place"
WIDEST = 60  # characters of a cell


def run_cell(row: Row, path: Sequence[str]) -> Html:
    """The run's name, which stays in sight while the other columns scroll by."""
    name = row["display_name"] or row["name"]
    again = f' <span class="dim">attempt {row["attempt"]}</span>' if row["attempt"] > 1 else ""
    shown = link(name, *path, "runs", row["name"], title=row["name"])
    return Html(f'<th scope="row" class="run">{shown}{again}</th>')


def table(view: View, caption: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[Html]]]) -> Html:
    """The table.

    Args:
        heads: Keys of the columns; one that is empty or begins with a blank cannot be sorted by.
        rows: (id, cells).
    """
    head = "".join(_head(view, key) for key in heads)
    body = "".join(f'<tr id="run-{escape(name)}">{"".join(cells)}</tr>' for name, cells in rows)
    return Html(
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="runs"><caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(view: View, key: str) -> str:
    kind = ' class="n"'
    if key in ("run.name", "run.state") or key.startswith(" "):
        kind = ' class="run"' if key == "run.name" else ""
    if key == PLACE:
        return '<th scope="col" class="n place"><abbr title="by the sweep\'s objective">#</abbr></th>'
    if not key.strip():
        return f"<th{kind}></th>"
    if key.startswith(" "):
        return f'<th scope="col"{kind}>{escape(key.strip())}</th>'
    here = view.sort == key
    towards = "asc" if here and view.descending else "desc"
    order = f' aria-sort="{"descending" if view.descending else "ascending"}"' if here else ""
    target = escape(view.asked.again(sort=key, order=towards, page=None))
    return f'<th scope="col"{kind}{order}><a href="{target}">{heading(key)}</a></th>'


def heading(key: str) -> Html:
    """A column's name: of a metric the last part stands out."""
    if key in HEADINGS:
        return Html(f"<span>{HEADINGS[key]}</span>")
    stem, slash, last = key.removeprefix("config.").rpartition("/")
    before = f'<span class="stem">{text(stem + slash)}</span>' if stem else ""
    return Html(f"{before}<span>{text(last)}</span>")


def numbers(values: Sequence[Any]) -> list[Html]:
    """The cells of a column: numbers that are near each other all with the same decimals."""
    known = [abs(value) for value in values if isinstance(value, float)]
    fixed = known and max(known) < 10 and min((value for value in known if value), default=0) >= 0.001
    return [
        Html(f'<td class="n">{f"{value:.4f}" if fixed and isinstance(value, float) else _plain(value)}</td>')
        for value in values
    ]


def _plain(value: Any) -> Html:
    if value is None:
        return Html("")
    if isinstance(value, bool | dict | list):
        return text(json.dumps(value)[:WIDEST])
    return text(f"{value:.4g}" if isinstance(value, float) else str(value)[:WIDEST])


def when(row: Row) -> Html:
    return Html(f'<td class="n">{moment(row["created_at"])}</td>')


def duration(summary: dict[str, Any]) -> Html:
    seconds = summary.get("_runtime")
    return Html(f'<td class="n">{amounts.duration(seconds) if isinstance(seconds, int | float) else ""}</td>')


def state_cell(row: Row) -> Html:
    return Html(f"<td>{state(row['state'])}</td>")


def pages(asked: Asked, page: int, count: int, size: int = SIZE) -> Html:
    """Where in the list this page is, and the ways to the others."""
    last = max(1, -(-count // size))
    if last == 1:
        return Html("")
    ways = [
        f'<a href="{escape(asked.again(page=to))}">{words}</a>'
        for words, to in (("first", 1), ("previous", page - 1), ("next", page + 1), ("last", last))
        if 1 <= to <= last and to != page
    ]
    first = (page - 1) * size + 1
    words = f"{first:,}–{min(first + size - 1, count):,} of {count:,}" if first <= count else f"of {count:,}"
    return Html(f'<nav class="pages" aria-label="Pages"><span>{words}</span>{"".join(ways)}</nav>')

"""Alerts, of one run or of all."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from rarebeat.figures import Html
from rarebeat.server.operations.alerts import alerts_of, recent_alerts
from rarebeat.server.pages.markup import folded, link, moment
from rarebeat.server.pages.shell import Asked
from rarebeat.server.store import Row

OPEN, MOST = 3, 100
RECENT = 7 * 86400.0  # seconds for which the first page repeats an alert


def run_alerts(asked: Asked, run: int) -> Html:
    """The newest alerts of a run; earlier ones are folded."""
    return _listed([_alert(row) for row in alerts_of(asked.server.store.connection, run, MOST)])


def latest_alerts(asked: Asked) -> Html:
    """The newest alerts of a week, whosever they are, each with its run."""
    rows = recent_alerts(asked.server.store.connection, asked.now - RECENT, MOST)
    return _listed([_alert(row, _run(row)) for row in rows])


def _listed(alerts: list[str]) -> Html:
    if not alerts:
        return Html("")
    first, rest = alerts[:OPEN], alerts[OPEN:]
    earlier = folded("alerts", f"{len(rest)} earlier", _list(rest)) if rest else ""
    return Html(_list(first) + earlier)


def _list(alerts: Iterable[str]) -> str:
    return f'<ul class="alerts" aria-label="Alerts">{"".join(alerts)}</ul>'


def _run(row: Row) -> Html:
    return link(
        row["display_name"] or row["run_name"], row["entity"], row["project"], "runs", row["run_name"]
    )


def _alert(row: Row, run: str = "") -> str:
    words = f"<p>{escape(row['text'])}</p>" if row["text"] else ""
    kind, title = row["severity"].lower(), escape(row["title"])
    return (
        f'<li class="{kind}"><span class="kind">{kind}</span> <strong>{title}</strong> '
        f"{run} {moment(row['created_at'])}{words}</li>"
    )

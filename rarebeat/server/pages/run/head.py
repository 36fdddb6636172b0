"""What stands above every part of a run: its name and state, what it belongs to, how it ended."""

from __future__ import annotations

import json
from html import escape

from rarebeat.figures import Html
from rarebeat.server.pages.alerts import run_alerts
from rarebeat.server.pages.markup import facts, link, live, moment, state, text
from rarebeat.server.pages.run.ending import ending, lasted
from rarebeat.server.pages.run.in_sweep import chosen, rank, sweep_config
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.pages.run.stopping import stop_button
from rarebeat.server.pages.run.tabs import SHOWN, Tab
from rarebeat.server.pages.shell import Page
from rarebeat.server.run_states import ENDED


def page(run: Opened, tab: Tab) -> Page:
    """The whole page of this part; what a run is stands above its charts and its values."""
    row = run.row
    trail = [("/".join(run.asked.path), run.asked.path)]
    if row["sweep_name"]:
        trail.append((f"sweep {row['sweep_name']}", (*run.asked.path, "sweeps", row["sweep_name"])))
    if tab is not SHOWN[0]:
        trail.append((row["display_name"] or row["name"], run.path))
    tabs = tuple(
        (each.words, run.path if each is SHOWN[0] else (*run.path, each.name), each is tab) for each in SHOWN
    )
    above = (live("about", *_about(run), tag="div"),) if tab.introduced else ()
    return Page(
        row["display_name"] or row["name"], (*above, *tab.body(run)), tuple(trail), _beside(run), tabs
    )


def _beside(run: Opened) -> Html:
    tags = "".join(f'<span class="tag">{text(tag)}</span>' for tag in json.loads(run.row["tags_json"]))
    return Html(state(run.row["state"]) + tags + stop_button(run))


def _about(run: Opened) -> list[str]:
    row, config = run.row, sweep_config(run)
    sweep = row["sweep_name"] and link(row["sweep_name"], *run.asked.path, "sweeps", row["sweep_name"])
    pairs = [
        ("id", row["name"]),
        ("sweep", sweep),
        ("rank", rank(run, config) if config else None),
        ("started", moment(row["created_at"])),
        ("ended" if row["state"] in ENDED else "last heard", moment(row["heartbeat_at"])),
        ("lasted", lasted(run)),
        ("host", row["host"]),
        ("program", row["program"]),
        ("group", row["group_name"]),
        ("job type", row["job_type"]),
        ("attempt", row["attempt"] if row["attempt"] > 1 else None),
        ("exit code", row["exit_code"]),
        ("commit", (row["commit_hash"] or "")[:10]),
        ("user", row["user"]),
    ]
    params = chosen(run, config) if config else []
    return [
        ending(run),
        _notes(run),
        run_alerts(run.asked, row["id"]),
        facts(pairs),
        f"<h2>Chosen by the sweep</h2>{facts(params)}" if params else "",
    ]


def _notes(run: Opened) -> str:
    notes = run.row["notes"] or run.row["description"]
    return f'<p class="notes">{escape(notes[:10_000])}</p>' if notes else ""

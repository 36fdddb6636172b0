"""The page of a sweep: how it stands, its leaderboard, what mattered, who works on it, and how to go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rarebeat.figures import Html
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.sweeps import find_sweep
from rarebeat.server.pages.agents import agents
from rarebeat.server.pages.commands import commands
from rarebeat.server.pages.controls import buttons
from rarebeat.server.pages.leaderboard import leaderboard
from rarebeat.server.pages.markup import facts, link, live, moment, state, text
from rarebeat.server.pages.shell import Asked, Page
from rarebeat.server.pages.standing import Standing, standing
from rarebeat.server.pages.sweep_figures import coordinates, importance, progress, what_matters
from rarebeat.server.pages.sweeps_table import runs_done, title_of
from rarebeat.server.store import Row


def sweep(asked: Asked) -> Page | None:
    with asked.server.store.read() as db:
        project = find_project(db, asked.names["entity"], asked.names["project"])
        row = find_sweep(db, project["id"], asked.names["sweep"]) if project else None
        if row is None:
            return None
        config = json.loads(row["config_json"])
        found = standing(db, row["id"], config)
        answer = importance(asked, row, found, config)
        body = (
            live("facts", _description(row), _facts(asked, row, found, config), tag="div"),
            '<div class="pair">',
            live("progress", progress(found), heading="Best so far"),
            live("importance", what_matters(found, answer), heading="Which hyperparameters matter"),
            "</div>",
            leaderboard(asked, row, found, config),
            live("coordinates", coordinates(asked, found, config, answer), heading="Every run's settings"),
            live("agents", agents(asked, row), heading="Agents"),
            commands(asked, row),
        )
    trail = (("/".join(asked.path), asked.path), ("sweeps", (*asked.path, "sweeps")))
    beside = state(row["state"]) + buttons(asked.path, row)
    return Page(title_of(row), body, trail, beside)


def _description(row: Row) -> str:
    words = row["description"] or json.loads(row["config_json"]).get("description")
    return f'<p class="lead">{text(words)}</p>' if isinstance(words, str) and words.strip() else ""


def _facts(asked: Asked, row: Row, found: Standing, config: Mapping[str, Any]) -> Html:
    others = [state(name, f"{count:,} {name}") for name, count in sorted(found.states.items())]
    best = found.best
    return facts(
        [
            ("runs done", runs_done(found, config)),
            ("states", Html(" ".join(others))),
            ("best", _best(asked, found) if best else None),
            ("objective", f"{found.goal} {found.metric}" if found.metric else None),
            ("method", config.get("method")),
            ("id", row["name"]),
            ("made", moment(row["created_at"])),
        ]
    )


def _best(asked: Asked, found: Standing) -> Html:
    best = found.best
    interval = f' <span class="dim">[{best.low:.2f}, {best.high:.2f}]</span>' if best.low is not None else ""
    run = link(best.name, *asked.path, "runs", best.name)
    return Html(f"<strong>{best.value:.4f}</strong>{interval} by {run}")

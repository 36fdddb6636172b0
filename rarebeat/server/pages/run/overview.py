"""What a run was given and what it came to: configuration, summary, and where it ran."""

from __future__ import annotations

import json
import math
from html import escape
from typing import Any

import numpy as np

from rarebeat.figures import Html, table
from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.markup import address, facts, live, note
from rarebeat.server.pages.run.history import History, number, read_history
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.pages.values import matching, tree

Cells = list[object]


def overview(run: Opened) -> tuple[str, ...]:
    words = run.query.get("match", "")[:200]
    config = matching(run.config, words)
    inside = (
        tree(config, opened=bool(words)) if config else note("Nothing of that name." if words else "None.")
    )
    return (
        _filter(run, words),
        '<div class="halves">',
        live("config", f"<h2>Configuration</h2>{inside}"),
        live("summary", f"<h2>Summary</h2>{_summary(run, words)}"),
        "</div>",
        live("environment", _environment(run.client)),
    )


def _filter(run: Opened, words: str) -> str:
    return (
        f'<form class="controls" action="{escape(address(*run.path, "overview"))}">'
        f'<label>Names and values <input type="search" name="match" value="{escape(words)}" '
        'placeholder="all"></label><button>Show</button></form>'
    )


def _summary(run: Opened, words: str) -> str:
    wanted = words.lower().split()
    numbers: list[Cells] = []
    others: dict[str, Any] = {}
    history = read_history(run.db, run.row)
    drawn = history.series(list(run.summary), "_step")
    for name, value in sorted(run.summary.items()):
        if name.startswith("_") or _is_media(value) or not all(word in name.lower() for word in wanted):
            continue
        last = number(value)
        if last is None:
            others[name] = value
        else:
            numbers.append([name, _number(last), *_extremes(drawn[name][1])])
    if not numbers and not others:
        return note("Nothing of that name." if words else "Nothing has been logged yet.")
    listed = table(_caption(history), ["metric", "last", "lowest", "highest"], numbers) if numbers else ""
    return listed + (tree(others) if others else "")


def _is_media(value: Any) -> bool:
    return isinstance(value, dict) and "_type" in value


def _caption(history: History) -> str:
    if len(history.rows) < history.total:
        return f"Lowest and highest among {len(history.rows):,} of {history.total:,} rows"
    return f"{history.total:,} rows"


def _extremes(values: np.ndarray) -> Cells:
    known = values[np.isfinite(values)]
    return [_number(float(known.min())), _number(float(known.max()))] if len(known) else ["", ""]


def _number(value: float) -> Html:
    words = written(value)
    return Html(words if math.isfinite(value) else f'<span class="warn">{words}</span>')


def _environment(client: dict[str, Any]) -> str:
    """Where it ran, as the client that logged last has told."""
    told = client.get("e")
    last = list(told.values())[-1] if isinstance(told, dict) and told else {}
    last = last if isinstance(last, dict) else {}
    git = last.get("git") if isinstance(last.get("git"), dict) else {}
    arguments = last.get("args")
    pairs = [
        ("wandb", client.get("cli_version")),
        ("Python", last.get("python") or client.get("python_version")),
        ("system", last.get("os")),
        ("CPUs", last.get("cpu_count_logical") or last.get("cpu_count")),
        ("GPU", last.get("gpu")),
        ("GPUs", last.get("gpu_count")),
        ("executable", last.get("executable")),
        ("program", last.get("program")),
        ("arguments", " ".join(map(str, arguments)) if isinstance(arguments, list) else None),
        ("repository", git.get("remote")),
        ("commit", git.get("commit")),
    ]
    said = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs if value]
    return f"<h2>Where it ran</h2>{facts(said)}" if said else ""

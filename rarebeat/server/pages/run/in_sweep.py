"""What a run is in its sweep: its place, and what was chosen for it."""

from __future__ import annotations

import json
from typing import Any

from rarebeat.server.metric_names import MISSING, lookup
from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.columns import searched
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.pages.standing import standing
from rarebeat.server.sweep_runs import params_of

# Looking through more summaries would take longer than all the rest of the page.
MOST_RUNS = 2000


def sweep_config(run: Opened) -> dict[str, Any] | None:
    """The configuration of the run's sweep, if it has one."""
    row = run.db.execute("SELECT config_json FROM sweeps WHERE id = ?", (run.row["sweep_id"],)).fetchone()
    return json.loads(row["config_json"]) if row else None


def rank(run: Opened, config: dict[str, Any]) -> str | None:
    """Its place, with the doubt that `rarebeat leaderboard --write` has found; None while it has none, and in
    a sweep of thousands, whose own page says it."""
    sweep = run.row["sweep_id"]
    count = run.db.execute("SELECT count(*) FROM runs WHERE sweep_id = ?", (sweep,)).fetchone()[0]
    if count > MOST_RUNS:
        return None
    found = standing(run.db, sweep, config)
    entry, place = found.by_row(run.row["id"]), found.places.get(run.row["id"])
    if entry is None or place is None:
        return None
    tied = ", tied with others" if found.ties and entry.tied else ""
    known = entry.low is not None and entry.high is not None
    doubt = f" [{written(entry.low)}, {written(entry.high)}]" if known else ""
    return f"{place} of {len(found.ranked)}{tied}: {found.metric} {written(entry.value)}{doubt}"


def chosen(run: Opened, config: dict[str, Any]) -> list[tuple[str, str]]:
    """The parameters that are searched, with this run's values."""
    given = params_of(run.row, config)
    found = [(name, lookup(given, name)) for name in searched(config)]
    return [(name, _said(value)) for name, value in found if value is not MISSING]


def _said(value: Any) -> str:
    if isinstance(value, float):
        return written(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

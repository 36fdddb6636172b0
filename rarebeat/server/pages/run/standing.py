"""Where a run stands among those of its sweep."""

from __future__ import annotations

import json

from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.sweep_runs import objective


def standing(run: Opened) -> str | None:
    """Its rank by the sweep's metric, as its summaries say it; None where it has no value, or no sweep."""
    if run.row["sweep_id"] is None:
        return None
    sweep = run.db.execute("SELECT config_json FROM sweeps WHERE id = ?", (run.row["sweep_id"],)).fetchone()
    metric = json.loads(sweep["config_json"]).get("metric")
    name = metric.get("name") if isinstance(metric, dict) else None
    mine = objective(run.summary, metric) if isinstance(name, str) else None
    if mine is None or '"' in name:
        return None
    better = ">" if metric.get("goal") == "maximize" else "<"
    ahead, count = run.db.execute(
        f"""SELECT count(*) FILTER (WHERE value {better} ?), count(*) FROM
            (SELECT json_extract(summary_json, ?) AS value FROM runs WHERE sweep_id = ?)
            WHERE typeof(value) IN ('real', 'integer')""",
        (mine, f'$."{name}"', run.row["sweep_id"]),
    ).fetchone()
    tied = ", tied with the first" if run.summary.get("leaderboard/tied") and ahead else ""
    return f"{ahead + 1} of {count} by {name}{tied}" if count else None

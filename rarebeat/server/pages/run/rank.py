"""Where a run stands in its sweep."""

from __future__ import annotations

import json

from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.pages.standing import standing


def rank(run: Opened) -> str | None:
    """Its place, with the doubt that `rarebeat leaderboard --write` has found; None while it has none."""
    if run.row["sweep_id"] is None:
        return None
    sweep = run.db.execute("SELECT config_json FROM sweeps WHERE id = ?", (run.row["sweep_id"],)).fetchone()
    found = standing(run.db, run.row["sweep_id"], json.loads(sweep["config_json"]))
    entry, place = found.by_row(run.row["id"]), found.places.get(run.row["id"])
    if entry is None or place is None:
        return None
    tied = ", tied with others" if found.ties and entry.tied else ""
    doubt = f" [{written(entry.low)}, {written(entry.high)}]" if entry.low is not None and entry.high else ""
    return f"{place} of {len(found.ranked)}{tied}: {found.metric} {written(entry.value)}{doubt}"

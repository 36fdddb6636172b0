"""The artifacts that a run logged and used."""

from __future__ import annotations

import sqlite3

from rarebeat.figures import table
from rarebeat.server.pages.artifact_list import LISTED, listed_row
from rarebeat.server.pages.markup import folded, live, note
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.store import Row

HEADS = ["artifact", "type", "aliases", "files", "size", "made"]
# What the client makes by itself: a table of `run.log`, the code of a run, the history of a job.
OWN = ("run_table", "wandb-history", "wandb-events")


def artifacts(run: Opened) -> tuple[str, ...]:
    logged, used = _of(run.db, "outputs", run.row), _of(run.db, "uses", run.row)
    made = [row for row in logged if row["type"] not in OWN]
    own = [row for row in logged if row["type"] in OWN]
    body = [_table(run, "Logged", made), _table(run, "Used", used)]
    if own:
        inside = _table(run, "Logged tables", own)
        body.append(folded("own-artifacts", f"Logged tables · {len(own)}", inside))
    if not logged and not used:
        body = [note("No artifacts: `run.log_artifact(…)` and `run.use_artifact(…)` list them here.")]
    return (live("artifacts", *body, tag="div"),)


def _of(db: sqlite3.Connection, relation: str, run: Row) -> list[Row]:
    return db.execute(
        f"{LISTED} JOIN {relation} ON {relation}.artifact_id = artifacts.id "
        f"WHERE {relation}.run_id = ? AND artifacts.state = 'COMMITTED' ORDER BY artifacts.id DESC",
        (run["id"],),
    ).fetchall()


def _table(run: Opened, caption: str, rows: list[Row]) -> str:
    return table(caption, HEADS, [listed_row(run.db, row) for row in rows], texts=3) if rows else ""

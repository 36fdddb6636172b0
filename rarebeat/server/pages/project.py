"""The page of a project: its sweeps and its runs."""

from __future__ import annotations

from rarebeat.figures import table
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import SELECT
from rarebeat.server.pages.markup import link, live, moment, state
from rarebeat.server.pages.shell import Asked, Page

SHOWN = 100


def project(asked: Asked) -> Page | None:
    db = asked.server.store.connection
    row = find_project(db, asked.names["entity"], asked.names["project"])
    if row is None:
        return None
    sweeps = db.execute("SELECT * FROM sweeps WHERE project_id = ? ORDER BY id DESC", (row["id"],)).fetchall()
    runs = db.execute(
        SELECT + "WHERE runs.project_id = ? ORDER BY runs.id DESC LIMIT ?", (row["id"], SHOWN)
    ).fetchall()
    listed = [
        [
            link(one["name"], *asked.path, "sweeps", one["name"]),
            state(one["state"]),
            moment(one["created_at"]),
        ]
        for one in sweeps
    ]
    ran = [
        [
            link(one["display_name"] or one["name"], *asked.path, "runs", one["name"]),
            state(one["state"]),
            moment(one["created_at"]),
        ]
        for one in runs
    ]
    body = (
        live("sweeps", table("Sweeps", ["sweep", "state", "since"], listed, texts=3)),
        live("runs", table("Runs", ["run", "state", "since"], ran, texts=3)),
    )
    return Page("/".join(asked.path), body)

"""The first page: the projects."""

from __future__ import annotations

from rarebeat.figures import table
from rarebeat.server.pages.markup import link, live, moment
from rarebeat.server.pages.shell import Asked, Page


def home(asked: Asked) -> Page:
    rows = asked.server.store.connection.execute("SELECT * FROM projects ORDER BY id DESC").fetchall()
    listed = [
        [link(f"{row['entity']}/{row['name']}", row["entity"], row["name"]), moment(row["created_at"])]
        for row in rows
    ]
    return Page("Projects", (live("projects", table("Projects", ["project", "since"], listed)),))

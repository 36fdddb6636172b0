"""The first page: what runs now, and the projects with their latest sweeps."""

from __future__ import annotations

from collections.abc import Sequence

from rarebeat.figures import Html
from rarebeat.server.context import ENTITY
from rarebeat.server.pages.alerts import latest_alerts
from rarebeat.server.pages.markup import address, command, link, live, moment, note, text
from rarebeat.server.pages.runs_now import runs_now
from rarebeat.server.pages.runs_table import pages
from rarebeat.server.pages.shell import Asked, Page
from rarebeat.server.pages.sweeps_table import latest, sweeps_table
from rarebeat.server.store import Row

PROJECTS = 30
SWEEPS = 3  # of each project
LATEST = """
    SELECT * FROM projects WHERE :entity IS NULL OR entity = :entity
    ORDER BY (SELECT max(runs.id) FROM runs WHERE runs.project_id = projects.id) DESC, id DESC
    LIMIT :count OFFSET :first
"""
COUNT = "SELECT count(*) FROM projects WHERE :entity IS NULL OR entity = :entity"


def home(asked: Asked) -> Page | None:
    """Everybody's projects, or those of the entity that the address names."""
    page, entity = asked.number("page"), asked.names.get("entity")
    asking = {"entity": entity, "count": PROJECTS, "first": (page - 1) * PROJECTS}
    with asked.server.store.read() as db:
        count = db.execute(COUNT, asking).fetchone()[0]
        if entity is not None and not count:
            return None
        listed = [_project(asked, row) for row in db.execute(LATEST, asking).fetchall()]
        body = (
            live("alerted", latest_alerts(asked), tag="div"),
            live("now", runs_now(asked), heading="Running now"),
            live("projects", *(listed or [_empty(count)]), pages(asked, page, count, PROJECTS)),
        )
    return Page(f"Projects of {entity}" if entity else "Projects", body)


def _project(asked: Asked, row: Row) -> Html:
    path = (row["entity"], row["name"])
    name = row["name"] if row["entity"] == ENTITY else "/".join(path)
    db = asked.server.store.connection
    sweeps = latest(db, row["id"], SWEEPS)
    runs = db.execute("SELECT count(*) FROM runs WHERE project_id = ?", (row["id"],)).fetchone()[0]
    total = db.execute("SELECT count(*) FROM sweeps WHERE project_id = ?", (row["id"],)).fetchone()[0]
    said = f"{_count(runs, 'run')} · {_count(total, 'sweep')} · since {moment(row['created_at'])}"
    table = sweeps_table(asked, path, sweeps, f"Latest sweeps of {row['name']}") if sweeps else ""
    return Html(
        f'<section class="project" id="project-{row["id"]}"><h2>{link(name, *path)}</h2>'
        f'<p class="dim">{said}</p>{table}{_all(path, total)}</section>'
    )


def _all(path: Sequence[str], total: int) -> str:
    if total <= SWEEPS:
        return ""
    return f'<p><a href="{address(*path, "sweeps")}">all {total} sweeps of {text(path[-1])}</a></p>'


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _empty(count: int) -> Html:
    """What to type, for somebody who has just started the server; nothing to one who has turned too far."""
    if count:
        return note("No project is here.")
    return Html(
        "<h2>Nothing here yet</h2>"
        "<p>Runs and sweeps that are sent to this server appear here by themselves. To begin:</p>"
        + command('eval "$(rarebeat up)"')
        + command("rarebeat data simulate --out data/simulated.h5")
        + command("rarebeat sweep sweeps/focal_bayes.yaml --data data/simulated.h5 --agents 2 --runs 8")
        + "<p>Or with the wandb client alone:</p>"
        + command("wandb sweep sweep.yaml")
    )

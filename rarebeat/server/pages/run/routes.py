"""Which part of a run lies at which address: those of W&B's own page, so that its links and habits work."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from rarebeat.server.pages.artifact import artifact
from rarebeat.server.pages.artifact_list import project_artifacts
from rarebeat.server.pages.run.head import page
from rarebeat.server.pages.run.opened import open_run
from rarebeat.server.pages.run.stopping import stop
from rarebeat.server.pages.run.tabs import TABS
from rarebeat.server.pages.shell import Asked, Page, shown


def routes(route: Callable[..., Route]) -> list[Route]:
    return [
        route("/{entity}/{project}/runs/{run}", shown(_run), "GET"),
        route("/{entity}/{project}/runs/{run}/{tab}", shown(_run), "GET"),
        route("/{entity}/{project}/runs/{run}/stop", stop, "POST"),
        route("/{entity}/{project}/artifacts", shown(project_artifacts), "GET"),
        route("/{entity}/{project}/artifacts/{type}", shown(project_artifacts), "GET"),
        route("/{entity}/{project}/artifacts/{type}/{name}", shown(artifact), "GET"),
        route("/{entity}/{project}/artifacts/{type}/{name}/{version}", shown(artifact), "GET"),
    ]


def _run(asked: Asked) -> Page | None:
    opened, tab = open_run(asked), TABS.get(asked.names.get("tab", "workspace"))
    return page(opened, tab) if opened and tab else None

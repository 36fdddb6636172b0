"""Which page lies at which address."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from rarebeat.server.pages import controls, run
from rarebeat.server.pages.authorize import authorize
from rarebeat.server.pages.home import home
from rarebeat.server.pages.project import runs, sweeps
from rarebeat.server.pages.shell import shown
from rarebeat.server.pages.static import static
from rarebeat.server.pages.sweep import sweep


def routes(route: Callable[..., Route]) -> list[Route]:
    return [
        route("/", shown(home), "GET"),
        route("/authorize", shown(authorize), "GET"),
        route("/static/{name}", static, "GET"),
        route("/{entity}", shown(home), "GET"),
        route("/{entity}/{project}", shown(runs), "GET"),
        route("/{entity}/{project}/sweeps", shown(sweeps), "GET"),
        route("/{entity}/{project}/sweeps/{sweep}", shown(sweep), "GET"),
        *controls.routes(route),
        *run.routes(route),
        route("/{entity}/{project}/{tab}", shown(runs), "GET"),
    ]

"""Stopping a run from its page."""

from __future__ import annotations

from html import escape

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rarebeat.server.context import Server
from rarebeat.server.errors import NotFound
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.runs import find_run
from rarebeat.server.pages.controls import refuse_strangers
from rarebeat.server.pages.markup import address
from rarebeat.server.pages.run.opened import Opened
from rarebeat.server.run_states import ask_to_stop


def stop_button(run: Opened) -> str:
    """Two steps for a run that is under way; nothing for others."""
    if run.row["state"] not in ("running", "pending") or run.row["stop_requested"]:
        return ""
    return (
        '<details class="menu" id="stop"><summary class="button">stop…</summary><div>'
        f'<form method="post" action="{escape(address(*run.path, "stop"))}">'
        "<button>end this run, with what it has reached</button></form></div></details>"
    )


async def stop(request: Request, server: Server) -> Response:
    """Asks the run to stop, then shows it again.

    Raises:
        Refused: when the request comes from no page of this server.
    """
    refuse_strangers(request, "this address is for the run's page; scripts use `wandb.Api().run(…).stop()`")
    names = request.path_params
    await anyio.to_thread.run_sync(_ask, server, names["entity"], names["project"], names["run"])
    path = address(names["entity"], names["project"], "runs", names["run"])
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


def _ask(server: Server, entity: str, project: str, name: str) -> None:
    with server.store.write() as db:
        owner = find_project(db, entity, project)
        run = find_run(db, owner["id"], name) if owner else None
        if run is None:
            raise NotFound("there is no such run")
        ask_to_stop(db, run["id"])

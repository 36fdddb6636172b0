"""Pausing, resuming, stopping and cancelling a sweep from its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rarebeat.figures import Html
from rarebeat.server.context import Server
from rarebeat.server.errors import NotFound, Refused
from rarebeat.server.operations.projects import find_project
from rarebeat.server.operations.sweeps import find_sweep, set_state
from rarebeat.server.pages.markup import address
from rarebeat.server.store import Row

# What each button makes of the sweep, and in which states it is there: as the client's commands have it.
ACTIONS = {
    "pause": ("PAUSED", ("RUNNING", "PENDING")),
    "resume": ("RUNNING", ("PAUSED", "FINISHED", "CANCELED")),
    "stop": ("FINISHED", ("RUNNING", "PAUSED", "PENDING")),
    "cancel": ("CANCELED", ("RUNNING", "PAUSED", "PENDING")),
}
HINTS = {
    "pause": "No new runs until it is resumed; what runs goes on",
    "resume": "Hand out runs again",
    "stop": "No new runs any more; what runs goes on to its end",
}


def routes(route: Callable[..., Route]) -> list[Route]:
    return [route("/{entity}/{project}/sweeps/{sweep}/{action}", act, "POST")]


def buttons(path: Sequence[str], sweep: Row) -> Html:
    """A form for each action that the sweep's state allows; cancelling kills runs, and is two steps away."""
    here = (*path, "sweeps", sweep["name"])
    allowed = [action for action, (_, states) in ACTIONS.items() if sweep["state"] in states]
    forms = [_form(here, action, action, HINTS[action]) for action in allowed if action != "cancel"]
    if "cancel" in allowed:
        sure = _form(here, "cancel", "kill its runs and end the sweep", "Every run of this sweep is killed")
        forms.append(
            f'<details class="menu" id="cancel"><summary class="button">cancel…</summary>'
            f"<div>{sure}</div></details>"
        )
    return Html("".join(forms))


def _form(here: Sequence[str], action: str, words: str, hint: str) -> str:
    return (
        f'<form method="post" action="{escape(address(*here, action))}" id="{action}-form">'
        f'<button title="{escape(hint)}">{escape(words)}</button></form>'
    )


async def act(request: Request, server: Server) -> Response:
    """Does what a button says, then shows the sweep again.

    Raises:
        Refused: when the request comes from no page of this server.
    """
    action, names = request.path_params["action"], request.path_params
    if action not in ACTIONS:
        raise NotFound(f"a sweep cannot be told to {action[:40]!r}")
    refuse_strangers(request, "this address is for the sweep's page; scripts use `wandb sweep`")
    await anyio.to_thread.run_sync(_change, server, dict(names))
    path = address(names["entity"], names["project"], "sweeps", names["sweep"])
    return RedirectResponse(path + _order(request, path), 303, {"Cache-Control": "no-store"})


def refuse_strangers(request: Request, words: str) -> None:
    """Access refuses other origins; browsers say where a form is from, and whoever does not is no browser.

    Raises:
        Refused: with these words.
    """
    if "origin" not in request.headers and request.headers.get("sec-fetch-site") != "same-origin":
        raise Refused(words)


def _order(request: Request, path: str) -> str:
    """The query of the page whose button it was, so that its table stays as it is."""
    page, _, query = request.headers.get("referer", "").partition("?")
    return f"?{query}" if query and page.endswith(path) else ""


def _change(server: Server, names: dict[str, str]) -> None:
    state, allowed = ACTIONS[names["action"]]
    with server.store.write() as db:
        project = find_project(db, names["entity"], names["project"])
        sweep = find_sweep(db, project["id"], names["sweep"]) if project else None
        if sweep is None:
            raise NotFound("there is no such sweep")
        # A button of an old page may be pressed late: what no longer applies changes nothing.
        if sweep["state"] in allowed:
            set_state(db, sweep, state, server.clock())

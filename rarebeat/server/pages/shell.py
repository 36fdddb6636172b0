"""What is around every page: document, headers, the way back up; and how a page is asked for again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import anyio.to_thread
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from rarebeat.server.context import Server
from rarebeat.server.keys import claim_of
from rarebeat.server.pages.markup import address, text

# `same-origin`: with `no-referrer` browsers call the origin of our own forms null, and they would be refused.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; style-src 'self'; "
        "style-src-attr 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "X-Live",
}


@dataclass(frozen=True)
class Asked:
    """What a page is asked for: the names in its path and the values in its query."""

    server: Server
    names: Mapping[str, str]
    query: QueryParams
    base_url: str
    now: float
    user: str | None = None  # the name of the key that the page was asked for with; None is the owner

    @property
    def path(self) -> tuple[str, ...]:
        """Entity and project, where the page is within one."""
        return tuple(self.names[part] for part in ("entity", "project") if part in self.names)

    def file(self, blob: str, name: str) -> str:
        """The signed address of these bytes."""
        by = claim_of(self.server.store.connection, self.user)
        return f"/storage/{self.server.signer.sign(action='get', blob=blob, name=name, **by)}"

    def number(self, name: str) -> int:
        """A page's number in the query, 1 where there is none."""
        given = self.query.get(name, "1")
        return max(1, int(given)) if given.isascii() and given.isdecimal() and len(given) < 7 else 1

    def again(self, **changes: object) -> str:
        """The address of this page with other values in its query; None takes one out."""
        kept = [(name, value) for name, value in self.query.multi_items() if name not in changes]
        new = [(name, str(value)) for name, value in changes.items() if value is not None]
        return "?" + urlencode([*kept, *new])


@dataclass(frozen=True)
class Page:
    """A page without its surroundings.

    Args:
        title: What it shows; its heading.
        body: Markup below the heading.
        trail: (words, parts of the path) of what it is part of, the widest first.
        beside: Markup beside the heading, such as a state.
        tabs: (words, parts of the path, whether it is this page).
    """

    title: str
    body: tuple[str, ...]
    trail: tuple[tuple[str, tuple[str, ...]], ...] = ()
    beside: str = ""
    tabs: tuple[tuple[str, tuple[str, ...], bool], ...] = ()


View = Callable[[Asked], Page | None]
MISSING = Page(
    "There is nothing here",
    (
        "<p>The address names a project, sweep or run that this server does not hold. It may have been "
        'deleted, or be on another server. <a href="/">All projects</a> lists what is here.</p>',
    ),
)


def shown(view: View) -> Callable[[Request, Server], Awaitable[Response]]:
    """The handler of a page: the whole document, or for the script, which sends X-Live, its content alone."""

    async def answer(request: Request, server: Server) -> Response:
        asked = Asked(
            server,
            request.path_params,
            request.query_params,
            str(request.base_url).rstrip("/"),
            server.clock(),
            request.state.user,
        )
        page = await anyio.to_thread.run_sync(view, asked)
        content = _main(page or MISSING)
        if "x-live" not in request.headers:
            content = _document(page or MISSING, content)
        return _unless_known(request, content, 200 if page else 404)

    return answer


def _unless_known(request: Request, content: str, status: int) -> Response:
    """The content, or 304 where the browser has it already."""
    body = content.encode("utf-8", "replace")
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {**HEADERS, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "text/html; charset=utf-8")


def _main(page: Page) -> str:
    tabs = "".join(
        f'<a href="{escape(address(*parts))}"{" aria-current=page" if here else ""}>{text(words)}</a>'
        for words, parts, here in page.tabs
    )
    around = f'<nav class="tabs" aria-label="Parts">{tabs}</nav>' if tabs else ""
    beside = f'<div class="beside" id="beside" data-live>{page.beside}</div>' if page.beside else ""
    return (
        f'<div class="head"><h1>{text(page.title)}</h1>{beside}</div>{around}' + "\n".join(page.body) + "\n"
    )


def _document(page: Page, content: str) -> str:
    trail = "".join(
        f'<li><a href="{escape(address(*parts))}">{text(words)}</a></li>' for words, parts in page.trail
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{text(page.title)} · rarebeat</title>\n'
        '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">\n'
        '<link rel="stylesheet" href="/static/style.css">\n<script src="/static/live.js" defer></script>\n'
        '<script src="/static/charts.js" type="module"></script>\n'
        '</head>\n<body>\n<a class="skip" href="#main">Skip to content</a>\n<header>'
        '<nav aria-label="Where this is"><ol><li><a class="home" href="/">rarebeat</a></li>'
        f"{trail}</ol></nav>"
        '<span id="live" role="status"></span></header>\n'
        f'<main id="main" tabindex="-1">\n{content}</main>\n</body>\n</html>\n'
    )

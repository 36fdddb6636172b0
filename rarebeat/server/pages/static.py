"""The files that pages load, from the package itself: style, script and icon."""

from __future__ import annotations

import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from rarebeat.figures.style import COLOURS, PICTURES
from rarebeat.server.context import Server
from rarebeat.server.errors import NotFound

TYPES = {
    "charts.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def _read(name: str) -> bytes:
    folder = resources.files("rarebeat.server.pages").joinpath("static")
    content = folder.joinpath(name).read_text("utf-8")
    if name.endswith(".css"):
        content = COLOURS + PICTURES + content + folder.joinpath("run.css").read_text("utf-8")
    return content.encode()


FILES = {name: _read(name) for name in TYPES}
TAGS = {name: f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"' for name, body in FILES.items()}


async def static(request: Request, server: Server) -> Response:
    """Asked about each time, sent again only when it has changed: an upgraded server has upgraded pages."""
    name = request.path_params["name"]
    if name not in FILES:
        raise NotFound("there is no such file")
    headers = {"ETag": TAGS[name], "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    if request.headers.get("if-none-match") == TAGS[name]:
        return Response(status_code=304, headers=headers)
    return Response(FILES[name], 200, headers, TYPES[name])

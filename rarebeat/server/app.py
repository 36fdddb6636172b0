"""The HTTP side: routes, limits on bodies, and errors turned into answers that the client does not retry."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rarebeat.server import graphql, pages, strict_json, uploads
from rarebeat.server.access import Access
from rarebeat.server.bodies import read_body
from rarebeat.server.context import Context, Server
from rarebeat.server.errors import Malformed, RequestError
from rarebeat.server.operations import RESOLVERS

log = logging.getLogger(__name__)
# These may take seconds (a search, a validator) and wait for each other: they get threads of their own.
SLOW_FIELDS = {"agentHeartbeat", "upsertSweep"}
SLOW_THREADS = 128
PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}

Handler = Callable[[Request, Server], Awaitable[Response]]


def build_app(server: Server, access: Access, lifespan: Any = None) -> Starlette:
    """The ASGI application for the parts of one server; `lifespan` is Starlette's."""
    slow = anyio.CapacityLimiter(SLOW_THREADS)

    async def graphql_endpoint(request: Request, server: Server) -> Response:
        return await _graphql(request, server, slow)

    def route(path: str, handler: Handler, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return access.refusal(request) or await _answered(handler, request, server)

        return Route(path, endpoint, methods=list(methods))

    return Starlette(
        routes=[
            route("/graphql", graphql_endpoint, "POST"),
            route("/files/{entity}/{project}/{run}/file_stream", _file_stream, "POST"),
            route("/storage/{token}", uploads.put, "PUT"),
            route("/storage/{token}", uploads.get, "GET", "HEAD"),
            route("/storage/{token}", _preflight, "OPTIONS"),
            route("/artifactsV2/{path:path}", uploads.get_artifact_file, "GET"),
            route("/sdk/otel/v1/{signal}", _ignored, "POST"),
            route("/healthz", _health, "GET"),
            *pages.routes(route),
        ],
        lifespan=lifespan,
    )


async def _answered(handler: Handler, request: Request, server: Server) -> Response:
    try:
        return await handler(request, server)
    except RequestError as error:
        return _failure(_status(request, error.status), error.message)
    except ClientDisconnect:
        return _failure(400, "the client went away")
    except (sqlite3.Error, OSError) as error:
        return _storage_failure(request, error)
    except (UnicodeError, OverflowError) as error:
        return _failure(400, f"the request holds a value that cannot be stored: {type(error).__name__}")
    except Exception:
        log.exception("unexpected failure at /%s", request.scope["path"].split("/")[1])
        return _failure(_status(request, 200), "the server failed on this request; its log says why")


def _status(request: Request, status: int) -> int:
    """GraphQL tells errors with 200; elsewhere 200 would mean that what was sent is kept."""
    return 422 if status == 200 and request.scope["path"] != "/graphql" else status


def _storage_failure(request: Request, error: sqlite3.Error | OSError) -> Response:
    """A full disk or a locked file may pass: these, and only these, are for the client to try again."""
    log.error("the server's storage failed: %s", error)
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, OSError) or (code is not None and code & 0xFF in PASSING):
        return _failure(503, "the server's storage cannot be used at the moment")
    return _failure(_status(request, 200), "the server's database cannot do this; its log says why")


def _failure(status: int, message: str) -> JSONResponse:
    # Whoever was too slow with a body may still be sending it.
    headers = {"Connection": "close"} if status == 408 else None
    return JSONResponse({"errors": [{"message": message}], "data": None}, status, headers)


async def _graphql(request: Request, server: Server, slow: anyio.CapacityLimiter) -> Response:
    posted = strict_json.parse_object(await read_body(request), "the body")
    text, variables = posted.get("query"), posted.get("variables") or {}
    if not isinstance(text, str) or not isinstance(variables, dict):
        raise Malformed("a GraphQL request is {query: text, variables: object}")
    context = Context(server, str(request.base_url).rstrip("/"), request.state.user)
    document = graphql.parse_document(text)
    limiter = slow if document.root_fields & SLOW_FIELDS else None
    name = posted.get("operationName")

    def run() -> dict[str, Any]:
        return graphql.execute(
            RESOLVERS,
            document,
            variables,
            context,
            name if isinstance(name, str) else None,
            server.unknown.count,
        )

    data = await anyio.to_thread.run_sync(run, limiter=limiter)
    return _json({"data": data})


async def _file_stream(request: Request, server: Server) -> Response:
    body = await read_body(request)
    names = (request.path_params["entity"], request.path_params["project"], request.path_params["run"])
    # The client says it of runs that several processes share.
    writer = request.headers.get("x-wandb-async-client-id")
    return _json(await server.posts.receive(names, body, server.clock(), writer))


def _json(value: dict[str, Any]) -> Response:
    return Response(strict_json.encode(value), media_type="application/json")


async def _preflight(request: Request, server: Server) -> Response:
    """A page of our own asks whether it may send or fetch a file; those of others have been refused."""
    headers = {"Access-Control-Allow-Origin": request.headers.get("origin", "")}
    return Response(status_code=204, headers={**headers, "Access-Control-Allow-Methods": "GET, PUT"})


async def _ignored(request: Request, server: Server) -> Response:
    """The client's telemetry: read and dropped."""
    await read_body(request)
    return Response(status_code=200)


async def _health(request: Request, server: Server) -> Response:
    return JSONResponse({"ok": True, "pid": os.getpid()})

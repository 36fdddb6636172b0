"""One server process on one directory."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
import uvicorn

from rarebeat.server.access import Access, is_loopback
from rarebeat.server.app import build_app
from rarebeat.server.blobs import Blobs
from rarebeat.server.connections import Connection
from rarebeat.server.context import Server
from rarebeat.server.directory import (
    Address,
    CannotServe,
    lock,
    make,
    read_address,
    read_key,
    url_of,
    write_address,
)
from rarebeat.server.errors import RequestError
from rarebeat.server.keys import name_of
from rarebeat.server.scheduling import CRASH_AFTER, Scheduler
from rarebeat.server.search_process import SearchProcess
from rarebeat.server.signing import Signer
from rarebeat.server.store import Store
from rarebeat.server.unknown import Unknown
from rarebeat.server.unused import remove_unused
from rarebeat.server.validator import Validator

log = logging.getLogger(__name__)
LOCK_TRIES = 10
TIDY_SECONDS = 3600.0


@dataclass(frozen=True)
class Settings:
    """How to serve a directory.

    Args:
        port: None takes the last one of this directory, or any that is free.
        crash_after: Seconds of silence after which a run has crashed.
        demand_key: Whether a key is demanded on loopback too.
    """

    directory: Path
    host: str = "127.0.0.1"
    port: int | None = None
    validator: list[str] | None = None
    crash_after: float = CRASH_AFTER
    demand_key: bool = False


def serve(settings: Settings, at: Callable[[Address], None] = lambda address: None) -> None:
    """Serves until a signal ends it.

    Args:
        at: Told the address as soon as it is this server's: requests to it wait from then on.

    Raises:
        CannotServe: when another server has the directory, or the port is taken.
    """
    make(settings.directory)
    # Also where somebody else has made the directory and lets others look into it.
    os.umask(0o077)
    with _only_server(settings.directory):
        listener = _listen(settings)
        host, port = listener.getsockname()[:2]
        address = Address(url_of(host, port), host, port, os.getpid())
        server = _ready(settings, address)
        at(address)
        app = build_app(server, _access(settings, server.store), lambda _: _lifespan(settings, server))
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
            timeout_keep_alive=75,
        )
        uvicorn.Server(config).run(sockets=[listener])


@contextlib.contextmanager
def _only_server(directory: Path) -> Iterator[None]:
    file = lock(directory)
    for _ in range(LOCK_TRIES):
        if file is not None:
            break
        # Whoever only looks whether a server runs holds the lock for a moment too.
        time.sleep(0.1)
        file = lock(directory)
    if file is None:
        raise CannotServe(f"another server is running on {directory}; `rarebeat status` says where")
    with file:
        yield


def _listen(settings: Settings) -> socket.socket:
    last = read_address(settings.directory)
    if settings.port is None and last is not None:
        # Agents that are still out there know the directory's old address.
        with contextlib.suppress(OSError):
            return _bind(settings.host, last.port)
    try:
        return _bind(settings.host, settings.port or 0)
    except OSError as error:
        where = f"{settings.host}:{settings.port or 'any free port'}"
        raise CannotServe(f"cannot listen on {where} ({error.strerror}); name another with --port") from None


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming TCP is what makes asyncio switch Nagle's delay off: without it each answer takes 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


def _ready(settings: Settings, address: Address) -> Server:
    try:
        server = _parts(settings)
        write_address(settings.directory, address)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotServe(f"{settings.directory} cannot be written to: {reason}") from None
    return server


def _parts(settings: Settings) -> Server:
    store, search = Store(settings.directory / "tracking.db"), SearchProcess()
    return Server(
        store=store,
        blobs=Blobs(settings.directory),
        signer=Signer(read_key(settings.directory)),
        scheduler=Scheduler(store, crash_after=settings.crash_after, search=search.suggest),
        validator=Validator(settings.validator),
        unknown=Unknown(store),
        search=search,
    )


def _access(settings: Settings, store: Store) -> Access:
    demand = settings.demand_key or not is_loopback(settings.host)
    return Access(read_key(settings.directory), demand, lambda key: name_of(store.connection, key))


@contextlib.asynccontextmanager
async def _lifespan(settings: Settings, server: Server) -> AsyncIterator[None]:
    tidy = functools.partial(remove_unused, server.store, server.blobs)
    often = [server.scheduler.bury_silent, server.unknown.save]
    chores = [
        asyncio.create_task(_repeat(often, min(5.0, settings.crash_after / 4))),
        asyncio.create_task(_repeat([tidy], TIDY_SECONDS)),
    ]
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        server.unknown.save()
        server.search.close()
        server.importance.close()


async def _repeat(chores: list[Callable[[], object]], seconds: float) -> None:
    while True:
        for chore in chores:
            try:
                await anyio.to_thread.run_sync(chore)
            except RequestError as error:
                log.error("a chore of the server cannot be done: %s", error)
            except Exception:
                log.exception("a chore of the server failed")
        await asyncio.sleep(seconds)

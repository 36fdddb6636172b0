"""Connections: an answer leaves whole, and whoever does not ask, or never ends its headers, is hung up on."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024  # bytes of address and headers that come in pieces
HEAD_SECONDS = 30.0
HELD = 64 * 1024  # bytes of an answer that wait for its rest


class WholeAnswers:
    """A transport that sends what one turn of the loop writes in one piece: mostly an answer's head and body.

    A server that is killed between the two leaves a client with the one and without the other, and the
    vendor's client tries again only while it has no head.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._send)
        self._held += data
        if len(self._held) > HELD:
            self._send()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._held:
            self._transport.write(bytes(self._held))
            self._held.clear()


class Connection(HttpToolsProtocol):
    """uvicorn's connection, whose parser takes headers of any length for any time."""

    _late: asyncio.TimerHandle | None = None
    _awaited = 0  # bytes of an unfinished head

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(WholeAnswers(transport, self.loop))
        self._late = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, reason: Exception | None) -> None:
        self._in_time()
        super().connection_lost(reason)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._awaited:
            self._awaited += len(data)
            if self._awaited > MAX_HEAD:
                self.transport.close()
            elif self._late is None:
                self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def on_message_begin(self) -> None:
        self._awaited = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_time()
        self._awaited = 0
        super().on_headers_complete()

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

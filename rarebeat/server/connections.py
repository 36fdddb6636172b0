"""Connections: whoever opens one and does not ask, or never ends its headers, is hung up on."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024  # bytes of address and headers that come in pieces
HEAD_SECONDS = 30.0


class Connection(HttpToolsProtocol):
    """uvicorn's connection, whose parser takes headers of any length for any time."""

    _late: asyncio.TimerHandle | None = None
    _awaited = 0  # bytes of an unfinished head

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
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

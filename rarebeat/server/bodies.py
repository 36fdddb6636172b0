"""Bodies of requests, read up to a limit of bytes and of patience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from rarebeat.server.errors import RequestError, TooLarge

MAX_BODY = 64 * 1024**2
PATIENCE = 60.0  # s, for a whole body that is kept in memory, and between two pieces of any other
WRITE_AT_ONCE = 1024**2


class TooSlow(RequestError):
    """A body that does not come to its end. The client may try again."""

    status = 408


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body.

    Raises:
        TooLarge: as soon as it is longer than the limit.
        TooSlow: when it takes longer than `PATIENCE`.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                body += piece
                if len(body) > limit:
                    raise TooLarge(f"a body may have {limit} bytes at most")
    except TimeoutError:
        raise TooSlow(f"the body did not come within {PATIENCE:.0f} s") from None
    return bytes(body)


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces that are worth a thread's while.

    Raises:
        TooSlow: when nothing comes for `PATIENCE`.
    """
    held, stream = bytearray(), request.stream()
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                held += await anext(stream)
        except StopAsyncIteration:
            yield bytes(held)
            return
        except TimeoutError:
            raise TooSlow(f"nothing of the body came for {PATIENCE:.0f} s") from None
        if len(held) >= WRITE_AT_ONCE:
            yield bytes(held)
            held.clear()

"""Requests as the client sends them: HTTP/1.1 on kept connections, many at once in one process."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import urlsplit


class Wire:
    """One connection to the server, kept open; notes how long each request took, in seconds."""

    def __init__(self, url: str, key: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname, address.port
        basic = base64.b64encode(f"api:{key}".encode()).decode()
        self._headers = (
            f"Host: {address.netloc}\r\nUser-Agent: wandb-core\r\nAuthorization: Basic {basic}\r\n"
            "Content-Type: application/json\r\nX-Wandb-Username: local\r\nAccept-Encoding: gzip\r\n"
        )
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.seconds: list[float] = []

    async def post(self, path: str, body: Any) -> Any:
        """The JSON answer to a JSON body.

        Raises:
            RuntimeError: on any status but 200, and on GraphQL errors.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        data = json.dumps(body).encode()
        began = time.perf_counter()
        head = f"POST {path} HTTP/1.1\r\n{self._headers}Content-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        status, answer = await _read(reader)
        self.seconds.append(time.perf_counter() - began)
        parsed = json.loads(answer)
        if status != 200 or (isinstance(parsed, dict) and parsed.get("errors")):
            raise RuntimeError(f"{path} answered {status}: {answer[:300]!r}")
        return parsed

    async def query(self, text: str, **variables: Any) -> Any:
        return (await self.post("/graphql", {"query": text, "variables": variables}))["data"]

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, length = int(head.split(" ", 2)[1]), 0
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return status, await reader.readexactly(length)

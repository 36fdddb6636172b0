"""The one table of resolvers, and the shapes that several operations share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.errors import RequestError
from rarebeat.server.graphql import Resolvers

RESOLVERS = Resolvers(interfaces={})
MAX_PAGE = 10_000


def page_bounds(arguments: Arguments, default: int) -> tuple[int, int]:
    """First row and number of rows of the asked page; cursors are row offsets in disguise.

    Raises:
        RequestError: on a cursor that no page has handed out.
    """
    size = arguments.integer("first", default)
    cursor = arguments.text("after")
    return (_offset(cursor) if cursor else 0), max(0, min(size if size is not None else default, MAX_PAGE))


def connection(nodes: Sequence[Any], offset: int, total: int, **extra: Any) -> dict[str, Any]:
    """A page of a list as GraphQL writes it: edges with cursors, and whether more follows."""
    edges = [
        {"__typename": "Edge", "node": node, "cursor": _cursor(offset + index + 1)}
        for index, node in enumerate(nodes)
    ]
    last = offset + len(nodes)
    info = {"__typename": "PageInfo", "endCursor": _cursor(last), "hasNextPage": bool(nodes) and last < total}
    return {"edges": edges, "pageInfo": info, "totalCount": total, **extra}


def paged(rows: Sequence[Any], arguments: Arguments, default: int = 50) -> dict[str, Any]:
    """The asked page of rows that are all at hand."""
    offset, size = page_bounds(arguments, default)
    return connection(rows[offset : offset + size], offset, len(rows))


def _cursor(offset: int) -> str:
    return f"after:{offset}"


def _offset(cursor: str) -> int:
    number = cursor.removeprefix("after:")
    if not (number.isascii() and number.isdigit()):
        raise RequestError(f"{cursor[:80]!r} is not a cursor of this server")
    return min(int(number[:20]), 2**62)

"""JSON as SQLite can read it back: no NaN, no infinities, no bottomless nesting."""

from __future__ import annotations

import json
from typing import Any

from rarebeat.server.errors import RequestError

MAX_DEPTH = 100
# The client writes these names itself where a value is not finite.
_NOT_FINITE = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}


def parse(text: str | bytes, what: str = "JSON") -> Any:
    """The value of a JSON text; values that are not finite become the strings that wandb uses for them.

    Raises:
        RequestError: when it is not JSON, or nested deeper than `MAX_DEPTH`.
    """
    try:
        value = json.loads(text, parse_constant=_NOT_FINITE.__getitem__)
    except (ValueError, RecursionError, TypeError) as error:
        raise RequestError(f"{what} is not valid JSON: {error}") from None
    opening = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if sum(text.count(bracket) for bracket in opening) > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise RequestError(f"{what} is nested deeper than {MAX_DEPTH} levels")
    return value


def parse_object(text: str | bytes, what: str = "JSON") -> dict[str, Any]:
    """As `parse`, and the value is an object."""
    value = parse(text, what)
    if not isinstance(value, dict):
        raise RequestError(f"{what} should be a JSON object, and is {type(value).__name__}")
    return value


def dump(value: Any) -> str:
    """Compact JSON text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(child, levels - 1) for child in children)

"""JSON as SQLite, browsers and the client read it back: finite numbers, whole characters, moderate depth."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from rarebeat.server.errors import RequestError

MAX_DEPTH = 100
MAX_DIGITS = 300  # a whole number beyond is infinite to every reader
# The client writes these names itself where a value is not finite.
_NOT_FINITE = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}


def parse(text: str | bytes, what: str = "JSON") -> Any:
    """The value of a JSON text; values that are not finite become the strings that wandb uses for them.

    Raises:
        RequestError: when it is not JSON, or nested deeper than `MAX_DEPTH`.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _mended(text, what)
    opening = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if sum(map(text.count, opening)) > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
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
    return encode(value).decode()


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8; an object that is no JSON, such as one of which no field was asked, is null."""
    try:
        return orjson.dumps(value, _null, orjson.OPT_PASSTHROUGH_DATACLASS)
    except orjson.JSONEncodeError:  # whole numbers beyond 64 bits
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_null).encode()


def _null(_: object) -> None:
    """What orjson and json ask for in place of an object that they do not know."""


def _mended(text: str | bytes, what: str) -> Any:
    """What Python's reader makes of a text that is not quite JSON, with what no other reads replaced."""
    try:
        value = _LENIENT.decode(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{what} is not valid JSON: {error}") from None
    if _deeper_than(value, MAX_DEPTH):
        raise RequestError(f"{what} is nested deeper than {MAX_DEPTH} levels")
    return _whole(value)


def _finite(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else _infinity(text)


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= MAX_DIGITS else _infinity(text)


def _infinity(text: str) -> str:
    return "-Infinity" if text.startswith("-") else "Infinity"


_LENIENT = json.JSONDecoder(parse_float=_finite, parse_int=_integer, parse_constant=_NOT_FINITE.__getitem__)


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(child, levels - 1) for child in children)


def _whole(value: Any) -> Any:
    """The value with halves of characters, which can be neither stored nor sent, replaced as Go does."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(member) for member in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(member) for key, member in value.items()}
    return value

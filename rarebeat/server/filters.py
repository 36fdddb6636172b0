"""W&B's filters (Mongo-like JSON) and orders on runs, sweeps, artifacts and their collections, as SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rarebeat.server.errors import RequestError
from rarebeat.server.filterable import RUNS, Filterable
from rarebeat.server.patterns import compiled

ALWAYS_THERE = {"runs.name", "runs.state", "runs.created_at", "runs.heartbeat_at"}
COMPARISONS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
MAX_TERMS = 500  # SQLite takes expressions 1000 levels deep
MAX_VALUES = 10_000
MAX_ORDERS = 20

Sql = tuple[str, list[Any]]


def where(conditions: Any, of: Filterable = RUNS) -> Sql:
    """The SQL condition of a filter, with its values.

    Raises:
        RequestError: on an operator or a shape that W&B's filters do not have.
    """
    return _condition(conditions, of, 0) if conditions else ("1", [])


def order_by(order: str | None, of: Filterable = RUNS) -> Sql:
    """The ORDER BY terms of `+key,-other`. Numbers come first, then texts such as NaN, and nothing last."""
    terms, values = [], []
    for part in (order or "+created_at").split(",", MAX_ORDERS)[:MAX_ORDERS]:
        sign, key = (part[0], part[1:]) if part[:1] in "+-" and part else ("+", part)
        direction = "DESC" if sign == "-" else "ASC"
        sql, given = _key(key.strip(), of)
        if sql in ALWAYS_THERE:  # as it stands, so that an index can serve
            terms.append(f"{sql} {direction}")
            continue
        kind = (
            f"CASE typeof({sql}) WHEN 'null' THEN 2 WHEN 'text' THEN {int(key not in of.columns)} ELSE 0 END"
        )
        terms.append(f"{kind}, {sql} {direction}")
        values += given + given
    return ", ".join([*terms, f"{of.table}.id ASC"]), values


def _condition(node: Any, of: Filterable, depth: int) -> Sql:
    if not isinstance(node, dict) or depth > 50 or len(node) > MAX_TERMS:
        raise RequestError(f"a filter should be an object of moderate size, and is {str(node)[:80]!r}")
    return _joined(" AND ", [_term(key, value, of, depth) for key, value in node.items()])


def _term(key: str, value: Any, of: Filterable, depth: int) -> Sql:
    if key in ("$and", "$or"):
        if not isinstance(value, list) or len(value) > MAX_TERMS:
            raise RequestError(f"{key} takes a list of filters")
        parts = [_condition(one, of, depth + 1) for one in value]
        return _joined(" AND " if key == "$and" else " OR ", parts)
    if key == "$not":
        sql, values = _condition(value, of, depth + 1)
        return f"NOT ({sql})", values
    if key == "tags" and of.tags:
        return _tags(value, of.tags)
    if key.startswith("tags.") and of.tags:
        return _tags(key.removeprefix("tags."), of.tags)
    convert = _seconds if key in of.times else _plain
    if isinstance(value, dict) and any(name.startswith("$") for name in value):
        return _joined(" AND ", [_operator(_key(key, of), *given, convert) for given in value.items()])
    return _operator(_key(key, of), "$eq", value, convert)


def _operator(key: Sql, name: str, value: Any, convert: Callable[[Any], Any]) -> Sql:
    sql, values = key
    if name in ("$eq", "$ne"):
        # IS compares null as a value, which is what "not equal" means to whoever filters.
        return f"{sql} {'IS' if name == '$eq' else 'IS NOT'} ?", [*values, convert(value)]
    if name in COMPARISONS:
        # SQLite orders every text above every number; a filter compares within a kind.
        kinds = "'text'" if isinstance(convert(value), str) else "'integer', 'real'"
        condition = f"(typeof({sql}) IN ({kinds}) AND {sql} {COMPARISONS[name]} ?)"
        return condition, [*values, *values, convert(value)]
    if name in ("$in", "$nin"):
        if not isinstance(value, list) or len(value) > MAX_VALUES:
            raise RequestError(f"{name} takes a list of at most {MAX_VALUES} values")
        listed = f"({sql} IN ({','.join('?' * len(value))}))"
        found = [*values, *map(convert, value)]
        return (listed, found) if name == "$in" else (f"NOT coalesce({listed}, 0)", found)
    if name == "$exists":
        return f"{sql} IS {'NOT ' if value else ''}NULL", values
    if name == "$regex":
        compiled(str(value))  # refused here, with a sentence, if it is none
        return f"regexp(?, {sql})", [str(value), *values]
    raise RequestError(f"filters have no operator {name[:40]!r}")


def _tags(value: Any, tags: str) -> Sql:
    here = f"EXISTS (SELECT 1 FROM ({tags}) AS tag WHERE {{}})"
    if value is None or value == {"$exists": False}:
        return f"NOT EXISTS ({tags})", []
    if isinstance(value, dict):
        parts = []
        for name, given in value.items():
            inverse = {"$ne": "$eq", "$nin": "$in"}.get(name)
            sql, values = _operator(("tag.value", []), inverse or name, given, _plain)
            parts.append((("NOT " if inverse else "") + here.format(sql), values))
        return _joined(" AND ", parts)
    return here.format("tag.value IS ?"), [_plain(value)]


def _key(key: str, of: Filterable) -> Sql:
    """The SQL of a key; a dotted name is looked up as it stands, then as a path."""
    if key in of.columns or key in of.times:
        return of.columns.get(key) or of.times[key], []
    section, _, rest = key.partition(".")
    if rest and section in of.sections:
        column = of.sections[section]
        paths = _config_paths(rest) if section == "config" else _paths(rest.split("."))
        found = [f"json_extract({column}, ?)"] * len(paths)
        return (found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"), paths
    raise RequestError(f"{of.table} cannot be filtered or ordered by {key[:80]!r}")


def _config_paths(rest: str) -> list[str]:
    """Config is stored as {name: {"value": ...}}; `.value` may be left out, stand last or after the name."""
    parts = rest.split(".")
    if len(parts) > 1 and parts[-1] == "value":
        parts = parts[:-1]
    elif len(parts) > 2 and parts[1] == "value":
        parts = [parts[0], *parts[2:]]
    paths = [_path([".".join(parts), "value"]), _path([parts[0], "value", *parts[1:]])]
    return paths[:1] if len(parts) == 1 else paths


def _paths(parts: list[str]) -> list[str]:
    return [_path(parts)] if len(parts) == 1 else [_path([".".join(parts)]), _path(parts)]


def _path(parts: list[str]) -> str:
    if any('"' in part or "\\" in part for part in parts):
        raise RequestError("a key in a filter or an order cannot hold quotes or backslashes")
    return "$" + "".join(f'."{part}"' for part in parts)


def _plain(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        raise RequestError(f"a filter compares with plain values, and {str(value)[:80]!r} is not one")
    return value


def _seconds(value: Any) -> float | None:
    """A time in a filter: ISO 8601, in UTC unless it says otherwise, or seconds since 1970."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise RequestError(f"{str(value)[:80]!r} should be a time such as 2026-01-31T12:00:00Z") from None


def _joined(word: str, parts: list[Sql]) -> Sql:
    if not parts:
        return ("1", [])
    return "(" + word.join(sql for sql, _ in parts) + ")", [value for _, values in parts for value in values]

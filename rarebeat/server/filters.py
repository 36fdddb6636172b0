"""W&B's filters (Mongo-like JSON) and orders on runs, as SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rarebeat.server.errors import RequestError
from rarebeat.server.patterns import compiled

COLUMNS = {
    "name": "runs.name",
    "state": "runs.state",
    "display_name": "runs.display_name",
    "displayName": "runs.display_name",
    "group": "runs.group_name",
    "groupName": "runs.group_name",
    "jobType": "runs.job_type",
    "job_type": "runs.job_type",
    "notes": "runs.notes",
    "description": "runs.description",
    "sweep": "(SELECT name FROM sweeps WHERE sweeps.id = runs.sweep_id)",
    "sweepName": "(SELECT name FROM sweeps WHERE sweeps.id = runs.sweep_id)",
}
TIMES = {
    "created_at": "runs.created_at",
    "createdAt": "runs.created_at",
    "heartbeat_at": "runs.heartbeat_at",
    "heartbeatAt": "runs.heartbeat_at",
    "updated_at": "runs.heartbeat_at",
    "updatedAt": "runs.heartbeat_at",
}
COMPARISONS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
MAX_TERMS = 500  # SQLite takes expressions 1000 levels deep
MAX_VALUES = 10_000
MAX_ORDERS = 20

Sql = tuple[str, list[Any]]


def where(conditions: Any) -> Sql:
    """The SQL condition (on table `runs`) of a filter, with its values.

    Raises:
        RequestError: on an operator or a shape that W&B's filters do not have.
    """
    return _condition(conditions, 0) if conditions else ("1", [])


def order_by(order: str | None) -> Sql:
    """The ORDER BY terms of `+key,-other`. Numbers come first, then texts such as NaN, and nothing last."""
    terms, values = [], []
    for part in (order or "+created_at").split(",", MAX_ORDERS)[:MAX_ORDERS]:
        sign, key = (part[0], part[1:]) if part[:1] in "+-" and part else ("+", part)
        sql, given = _key(key.strip())
        kind = f"CASE typeof({sql}) WHEN 'null' THEN 2 WHEN 'text' THEN {int(key not in COLUMNS)} ELSE 0 END"
        terms.append(f"{kind}, {sql} {'DESC' if sign == '-' else 'ASC'}")
        values += given + given
    return ", ".join([*terms, "runs.id ASC"]), values


def _condition(node: Any, depth: int) -> Sql:
    if not isinstance(node, dict) or depth > 50 or len(node) > MAX_TERMS:
        raise RequestError(f"a filter should be an object of moderate size, and is {str(node)[:80]!r}")
    return _joined(" AND ", [_term(key, value, depth) for key, value in node.items()])


def _term(key: str, value: Any, depth: int) -> Sql:
    if key in ("$and", "$or"):
        if not isinstance(value, list) or len(value) > MAX_TERMS:
            raise RequestError(f"{key} takes a list of filters")
        return _joined(" AND " if key == "$and" else " OR ", [_condition(one, depth + 1) for one in value])
    if key == "$not":
        sql, values = _condition(value, depth + 1)
        return f"NOT ({sql})", values
    if key == "tags":
        return _tags(value)
    if key.startswith("tags."):
        return _tags(key.removeprefix("tags."))
    convert = _seconds if key in TIMES else _plain
    if isinstance(value, dict) and any(name.startswith("$") for name in value):
        return _joined(" AND ", [_operator(_key(key), name, given, convert) for name, given in value.items()])
    return _operator(_key(key), "$eq", value, convert)


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


def _tags(value: Any) -> Sql:
    here = "EXISTS (SELECT 1 FROM json_each(runs.tags_json) AS tag WHERE {})"
    if value is None:
        return "json_array_length(runs.tags_json) = 0", []
    if isinstance(value, dict):
        parts = []
        for name, given in value.items():
            inverse = {"$ne": "$eq", "$nin": "$in"}.get(name)
            sql, values = _operator(("tag.value", []), inverse or name, given, _plain)
            parts.append((("NOT " if inverse else "") + here.format(sql), values))
        return _joined(" AND ", parts)
    return here.format("tag.value IS ?"), [_plain(value)]


def _key(key: str) -> Sql:
    """The SQL of a key; a dotted name is looked up as it stands, then as a path."""
    if key in COLUMNS or key in TIMES:
        return COLUMNS.get(key) or TIMES[key], []
    section, _, rest = key.partition(".")
    if rest and section in ("config", "summary_metrics", "summaryMetrics", "summary"):
        column = "runs.config_json" if section == "config" else "runs.summary_json"
        paths = _config_paths(rest) if section == "config" else _paths(rest.split("."))
        found = [f"json_extract({column}, ?)"] * len(paths)
        return (found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"), paths
    raise RequestError(f"runs cannot be filtered or ordered by {key[:80]!r}")


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

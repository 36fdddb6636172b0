"""Names of metrics in rows and summaries: what is nested goes by its path, `a.b` for {"a": {"b": 1}}."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MISSING = object()


def lookup(row: dict[str, Any], name: str) -> Any:
    """The value of that name, as it stands or as a path; `MISSING` where there is none."""
    if name in row:
        return row[name]
    value: Any = row
    for part in name.split("."):
        value = value.get(part, MISSING) if isinstance(value, dict) else MISSING
    return value


def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The names and values that a value comes to: its own, or those inside; media count as one value."""
    if not isinstance(value, dict) or "_type" in value or not value:
        yield name, value
        return
    for key, inner in value.items():
        yield from leaves(f"{name}.{key}", inner)


def kind(value: Any) -> str:
    """What sort of value it is: number, string, map, or the type of a medium."""
    if isinstance(value, dict):
        return str(value.get("_type", "map"))
    return "number" if isinstance(value, (int, float)) else "string"

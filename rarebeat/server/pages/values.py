"""Nested values, such as a configuration or an artifact's metadata, folded where they go deep."""

from __future__ import annotations

import json
from html import escape
from typing import Any

LONGEST = 2000  # characters of one value
MOST = 500  # members of one level
INLINE = 60  # characters of a list that still stands in its line


def tree(value: dict[str, Any], opened: bool = False) -> str:
    """Names and values; what is nested opens on demand."""
    rows = "".join(_row(str(name), one, opened) for name, one in sorted(value.items())[:MOST])
    more = len(value) - MOST
    rest = f'<p class="dim">and {more} more</p>' if more > 0 else ""
    return f'<dl class="tree">{rows}</dl>{rest}'


def _row(name: str, value: Any, opened: bool) -> str:
    called = escape(name)
    inside = _nested(value)
    if inside is None:
        return f"<div><dt>{called}</dt><dd>{_plain(value)}</dd></div>"
    state = " open" if opened else ""
    count = f"{len(value)} {'values' if isinstance(value, list) else 'names'}"
    folded = (
        f'<details{state}><summary><span class="dim">{count}</span></summary>{tree(inside, opened)}</details>'
    )
    return f"<div><dt>{called}</dt><dd>{folded}</dd></div>"


def _nested(value: Any) -> dict[str, Any] | None:
    """The members of what does not fit into one line."""
    if isinstance(value, dict) and value:
        return value
    if isinstance(value, list) and len(json.dumps(value)) > INLINE:
        width = len(str(len(value)))
        return {f"{place:0{width}}": one for place, one in enumerate(value)}
    return None


def _plain(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return escape(words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…")


def matching(value: dict[str, Any], words: str) -> dict[str, Any]:
    """Those whose name, or a name or value inside them, holds each of the words."""
    wanted = words.lower().split()
    return {
        name: one
        for name, one in value.items()
        if all(word in f"{name} {json.dumps(one, ensure_ascii=False)}".lower() for word in wanted)
    }

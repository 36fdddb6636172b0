"""A figure on a page: its title, its picture, and the key with a value beside each name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rarebeat.figures.svg import COLOURS
from rarebeat.server.pages.amounts import written


@dataclass(frozen=True)
class Key:
    """What a line is called, and the value that it came to."""

    called: str
    value: float | None = None
    dashed: bool = False


def figure(title: str, picture: str, keys: Sequence[Key] = (), more: int = 0, stretched: bool = True) -> str:
    """`picture` is markup; the keys name its lines in their order, `more` counts those that are not drawn.
    A picture that is not stretched to its place keeps its own size."""
    listed = "".join(_key(place, key) for place, key in enumerate(keys))
    listed += f"<li>and {more} more</li>" if more else ""
    key = f'<ul class="key">{listed}</ul>' if listed else ""
    kind = "chart" if stretched else "chart own"
    return f'<figure class="{kind}"><figcaption>{escape(title)}</figcaption>{picture}{key}</figure>'


def _key(place: int, key: Key) -> str:
    called = f"<span>{escape(key.called)}</span>" if key.called else ""
    value = ""
    if key.value is not None:
        words = written(key.value)
        value = f" <b>{words}</b>" if math.isfinite(key.value) else f' <em class="warn">{words}</em>'
    kind = f"c{place % COLOURS}{' dashed' if key.dashed else ''}"
    return f'<li class="{kind}">{called}{value}</li>'

"""How the charts of a run are drawn, as their page's address says it, and the form that changes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape

from rarebeat.server.pages.run.families import Family

AXES = {"_step": "step", "_runtime": "seconds"}
SMOOTHINGS = {"": "as logged", "0.6": "a little", "0.9": "a lot"}
# What people, and Keras's callbacks, log to draw the others over.
_AXIS = re.compile(r"(.*[/_.])?(epoch|step)", re.IGNORECASE)


@dataclass(frozen=True)
class View:
    """How charts are drawn: over which of the axes, smoothed by how much, and which of them."""

    axes: Mapping[str, str]
    x: str = "_step"
    smooth: str = ""
    match: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str], held: Iterable[str]) -> View:
        """What an address asks for; `held` are the names that have been logged."""
        axes = AXES | {name: name for name in held if _AXIS.fullmatch(name) and name not in AXES}
        x, smooth = query.get("x", ""), query.get("smooth", "")
        return cls(
            axes,
            x if x in axes else "_step",
            smooth if smooth in SMOOTHINGS else "",
            query.get("match", "")[:200],
        )

    def shown(self, families: Iterable[Family]) -> list[Family]:
        """The charts whose titles hold each word that was typed; of others the lines whose metrics do."""
        kept = [family if self._holds(family.title) else self._narrowed(family) for family in families]
        return [family for family in kept if family.lines]

    def _narrowed(self, family: Family) -> Family:
        lines = tuple(line for line in family.lines if self._holds(line[1]))
        return replace(family, lines=lines, title=lines[0][1] if len(lines) == 1 else family.title)

    def _holds(self, name: str) -> bool:
        return all(word in name.lower() for word in self.match.lower().split())

    def form(self, address: str) -> str:
        """The form that asks for another view; it works without a script."""
        return (
            f'<form class="controls" action="{escape(address)}">'
            f'<label>Metrics <input type="search" name="match" value="{escape(self.match)}" '
            f'placeholder="all"></label>'
            f"<label>Over {_select('x', self.axes, self.x)}</label>"
            f"<label>Smoothed {_select('smooth', SMOOTHINGS, self.smooth)}</label>"
            f"<button>Draw</button></form>"
        )


def _select(name: str, options: Mapping[str, str], chosen: str) -> str:
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in options.items()
    )
    return f'<select name="{name}">{listed}</select>'

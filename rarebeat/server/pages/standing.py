"""How a sweep stands: the value of each run, its place, and what `rarebeat leaderboard --write` has found."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import nan
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from rarebeat.server.pages.columns import has_path, metric_paths
from rarebeat.server.sweep_runs import objective

# A run in another state may still get another value.
RANKED = ("finished", "killed")
# What `rarebeat leaderboard --write` puts into summaries.
DOUBT = tuple(f'$."leaderboard/{end}"' for end in ("low", "high", "tied"))
# Logged beside the mean over the folds so far: where a run was stopped between them, that of its first ones.
FOLD = "$.fold"


class Entry(NamedTuple):
    """One run; `low` and `high` bound its interval, `tied` says whether it cannot be told from the first, and
    `cut` whether it was stopped between its folds."""

    row: int
    name: str
    state: str
    value: float | None
    low: float | None
    high: float | None
    tied: bool
    cut: bool


@dataclass(frozen=True)
class Standing:
    """The runs of a sweep in the order in which they were made."""

    metric: str | None
    goal: str
    entries: tuple[Entry, ...]

    @cached_property
    def states(self) -> Mapping[str, int]:
        return Counter(entry.state for entry in self.entries)

    @property
    def done(self) -> int:
        """How many are neither under way nor about to begin; preempted ones go on."""
        states = self.states
        return len(self.entries) - sum(states[state] for state in ("running", "pending", "preempted"))

    @cached_property
    def ranked(self) -> tuple[Entry, ...]:
        """What is over and has a value, best first."""
        over = [e for e in self.entries if e.value is not None and e.state in RANKED and not e.cut]
        # Sorting keeps the earlier of two that are alike before the later, also in reverse.
        return tuple(sorted(over, key=_value_of, reverse=self.goal == "maximize"))

    def rows(self, descending: bool) -> list[int]:
        """All runs by their value, in whatever state; those without one last, the latest of them first."""
        known = [entry for entry in self.entries if entry.value is not None]
        known.sort(key=_value_of, reverse=descending)
        return [entry.row for entry in [*known, *(e for e in reversed(self.entries) if e.value is None)]]

    @cached_property
    def best(self) -> Entry | None:
        return self.ranked[0] if self.ranked else None

    @cached_property
    def ties(self) -> bool:
        """Whether the ties that were found are those with the run that is first now."""
        return self.best is not None and self.best.tied and sum(entry.tied for entry in self.ranked) > 1

    @cached_property
    def outdated(self) -> bool:
        """Whether ties were found, and another run has become the first since."""
        return not self.ties and any(entry.tied for entry in self.ranked[1:])

    @cached_property
    def places(self) -> Mapping[int, int]:
        """Place of each ranked run by its row: one for all that are tied, or have the same value."""
        found: dict[int, int] = {}
        place, last = 0, nan
        for number, entry in enumerate(self.ranked, 1):
            if entry.value != last:
                place, last = number, entry.value
            found[entry.row] = 1 if self.ties and entry.tied else place
        return found

    def by_row(self, row: int) -> Entry | None:
        return self._rows.get(row)

    @cached_property
    def _rows(self) -> Mapping[int, Entry]:
        return {entry.row: entry for entry in self.entries}


def standing(db: sqlite3.Connection, sweep: int, config: Mapping[str, Any]) -> Standing:
    """One look at all runs of the sweep; of their summaries SQLite reads out what is needed."""
    metric = config.get("metric") if isinstance(config.get("metric"), dict) else {}
    name = metric.get("name")
    name = name if isinstance(name, str) and name and has_path(name) else None
    goal = "maximize" if metric.get("goal") == "maximize" else "minimize"
    paths = [*DOUBT, FOLD, *(metric_paths(name) if name else ())]
    cursor = db.cursor()
    # Ten thousand times: plain tuples, and all values of a summary by reading it once.
    cursor.row_factory = None
    rows = cursor.execute(
        f"SELECT id, name, state, json_extract(summary_json, {', '.join('?' * len(paths))})"
        " FROM runs WHERE sweep_id = ? ORDER BY id",
        (*paths, sweep),
    )
    entries = (_entry(row, run, state, orjson.loads(told), metric) for row, run, state, told in rows)
    return Standing(name, goal, tuple(entries))


def _entry(row: int, run: str, state: str, told: list[Any], metric: Mapping[str, Any]) -> Entry:
    low, high, tied, fold, *values = told
    value = values[0] if values else None
    if value is None and len(values) > 1:
        value = values[1]
    if type(value) is not float:
        # Whole numbers, what `define_metric` keeps, and texts such as NaN, which are none.
        value = objective({"": value}, {**metric, "name": ""})
    if type(low) is not float or type(high) is not float:
        low = high = None
    return Entry(row, run, state, value, low, high, tied is True, state == "killed" and fold is not None)


_value_of = attrgetter("value")

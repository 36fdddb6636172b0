"""What a run logged, thinned to what a chart can show."""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarebeat.figures.axes import LARGEST, drawable
from rarebeat.server.metric_names import leaves
from rarebeat.server.rare_lines import chosen_lines, spread
from rarebeat.server.store import Row

# Rows of a long history that are read, and points of a line that are drawn.
READ, DRAWN = 400, 300
READ_CHARACTERS = 8e6
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True)
class History:
    """Some or all rows of a stream in their order, of `total` in all."""

    rows: list[dict[str, Any]]
    total: int

    def names(self) -> list[str]:
        """Names that have held a number, in the order in which they came."""
        found: dict[str, None] = {}
        for row in self.rows:
            found.update(
                (name, None) for name, value in row.items() if name not in found and number(value) is not None
            )
        return list(found)

    def series(self, names: list[str], x: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """For each name its places on the axis `x` and its values, both (n,), in their order; values that are
        not finite are kept."""
        points: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in names}
        for row in self.rows:
            place = number(row.get(x))
            if place is None or not abs(place) < LARGEST:
                continue
            for name, value in row.items():
                if name in points and (measured := number(value)) is not None:
                    points[name][0].append(place)
                    points[name][1].append(measured)
        return {name: (np.array(xs, float), np.array(ys, float)) for name, (xs, ys) in points.items()}


def read_history(db: sqlite3.Connection, run: Row) -> History:
    numbers = _affordable(db, run["id"], chosen_lines(db, run, READ))
    return History(_rows(db, run["id"], "history", numbers), run["history_lines"])


def _affordable(db: sqlite3.Connection, run: int, numbers: list[int]) -> list[int]:
    """As many of these lines as can be read while somebody waits: rows full of histograms are long."""
    few = [numbers[place] for place in spread(len(numbers), 8)]
    width = db.execute(
        """SELECT avg(length(body)) FROM lines WHERE run_id = ? AND stream = 'history'
           AND number IN (SELECT value FROM json_each(?))""",
        (run, json.dumps(few)),
    ).fetchone()[0]
    return [numbers[place] for place in spread(len(numbers), max(int(READ_CHARACTERS / (width or 1)), 50))]


def read_events(db: sqlite3.Connection, run: Row) -> History:
    """What the client measured of its machine."""
    numbers = spread(run["event_lines"], READ)
    return History(_rows(db, run["id"], "events", numbers), run["event_lines"])


def _rows(db: sqlite3.Connection, run: int, stream: str, numbers: list[int]) -> list[dict[str, Any]]:
    found = db.execute(
        """SELECT body FROM lines WHERE run_id = ? AND stream = ?
           AND number IN (SELECT value FROM json_each(?)) ORDER BY number""",
        (run, stream, json.dumps(numbers)),
    )
    return [flat(json.loads(row["body"])) for row in found]


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """The row with nested values by their paths: `a.b` for {"a": {"b": 1}}."""
    if not any(isinstance(value, dict) and "_type" not in value for value in row.values()):
        return row
    return dict(leaf for name, value in row.items() for leaf in leaves(name, value))


def number(value: Any) -> float | None:
    """The number that was logged; a value that is not finite stands in the history as its name."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < LARGEST else math.copysign(math.inf, 1 if value > 0 else -1)
    return _NOT_FINITE.get(value) if isinstance(value, str) else None


def thinned(x: np.ndarray, y: np.ndarray, most: int = DRAWN) -> tuple[np.ndarray, np.ndarray]:
    """Points (n,), (n,), few enough to draw: of each stretch the lowest and the highest, so that no peak is
    lost. Values that are not finite become gaps."""
    y = drawable(y)
    if len(y) <= most:
        return x, y
    width = -(-len(y) // (most // 2))
    stretches = np.pad(y, (0, -len(y) % width), constant_values=np.nan).reshape(-1, width)
    unknown = np.isnan(stretches)
    begins, gaps = np.arange(len(stretches)) * width, unknown.any(axis=1)
    kept = (
        [0, len(y) - 1],
        begins + np.where(unknown, np.inf, stretches).argmin(axis=1),
        begins + np.where(unknown, -np.inf, stretches).argmax(axis=1),
        begins[gaps] + unknown[gaps].argmax(axis=1),
    )
    chosen = np.unique(np.concatenate(kept))
    chosen = chosen[chosen < len(y)]
    return x[chosen], y[chosen]


def smoothed(y: np.ndarray, weight: float) -> np.ndarray:
    """The exponential moving average (n,), without the pull of the start towards nothing; gaps stay gaps."""
    average, mass, out = 0.0, 0.0, []
    for value in y.tolist():
        if math.isfinite(value):
            average, mass = weight * average + (1 - weight) * value, weight * mass + 1 - weight
            out.append(average / mass)
        else:
            out.append(math.nan)
    return np.array(out, float)

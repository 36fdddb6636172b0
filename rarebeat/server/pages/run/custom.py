"""Charts that were made of tables by `wandb.plot`: curves, matrices, bars, points and histograms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarebeat.figures import Line, bars, columns, lines, scatter
from rarebeat.figures.axes import drawable
from rarebeat.server.pages.amounts import written
from rarebeat.server.pages.run.chart import Key, figure
from rarebeat.server.pages.run.history import number, thinned
from rarebeat.server.pages.run.logged_table import Logged
from rarebeat.server.pages.run.matrix import matrix

MOST_LINES, MOST_BARS, MOST_POINTS, BINS = 24, 40, 3000, 40


@dataclass(frozen=True)
class Custom:
    """A chart's name, the name of its table, of which kind it is, which columns it takes and what it says."""

    name: str
    table: str
    kind: str
    fields: dict[str, str]
    words: dict[str, str]

    @property
    def place(self) -> int:
        """Curves come first, then matrices, then the rest."""
        kinds = list(_PAINTERS)
        return kinds.index(self.kind) if self.kind in kinds else len(kinds)

    @property
    def title(self) -> str:
        return self.words.get("title") or self.name


def custom_charts(client: dict[str, Any]) -> Iterator[Custom]:
    """The charts that the client has put into the run's configuration."""
    stored = client.get("visualize")
    for name, given in stored.items() if isinstance(stored, dict) else ():
        panel = given.get("panel_config") if isinstance(given, dict) else None
        if isinstance(panel, dict) and (key := _table_key(panel.get("userQuery"))):
            kind = str(panel.get("panelDefId", "")).removeprefix("wandb/").partition("/")[0]
            yield Custom(
                name, key, kind, _texts(panel.get("fieldSettings")), _texts(panel.get("stringSettings"))
            )


def _table_key(query: Any) -> str | None:
    """The table that a chart asks for, wherever in its query that stands."""
    if isinstance(query, dict):
        if query.get("name") == "tableKey" and isinstance(query.get("value"), str):
            return query["value"]
        query = list(query.values())
    if isinstance(query, list):
        return next((key for part in query if (key := _table_key(part))), None)
    return None


def _texts(given: Any) -> dict[str, str]:
    pairs = given.items() if isinstance(given, dict) else ()
    return {str(key): value for key, value in pairs if isinstance(value, str)}


def draw(chart: Custom, logged: Logged) -> str | None:
    """The chart as a figure; None where its kind or its columns are unknown, and the table has to speak."""
    painter = _PAINTERS.get(chart.kind)
    return painter(chart, logged) if painter and logged.rows else None


def _confusion(chart: Custom, logged: Logged) -> str | None:
    given = [chart.fields.get(name, name) for name in ("Actual", "Predicted", "nPredictions")]
    return matrix(chart.title, logged, *given)


def _curves(chart: Custom, logged: Logged) -> str | None:
    """Lines through the points of each group, in the order of the table."""
    fields = chart.fields
    x = fields.get("x") or fields.get("step")
    y = fields.get("y") or fields.get("lineVal")
    groups = logged.column(fields.get("class") or fields.get("stroke") or fields.get("lineKey"))
    xs, ys = _numbers(logged.column(x)), _numbers(logged.column(y))
    if not len(xs) or len(xs) != len(ys):
        return None
    names = np.array(list(map(str, groups)) if groups else [chart.title] * len(xs))
    drawn = []
    # In the order of their names, as in the charts of metrics: a class has one colour on all of them.
    for name in sorted(set(names.tolist()))[:MOST_LINES]:
        mine = (names == name) & np.isfinite(xs)
        if mine.any():
            drawn.append(Line(name, *thinned(xs[mine], ys[mine])))
    x_label = chart.words.get("x-axis-title") or chart.words.get("xname") or str(x)
    y_label = chart.words.get("y-axis-title") or ("" if y == "lineVal" else str(y))
    known = np.r_[xs[np.isfinite(xs)], ys[np.isfinite(ys)]]
    unit = (0.0, 1.0) if len(known) and chart.kind != "lineseries" and _is_share(known) else None
    said = f"{y_label or 'values'} over {x_label} for {', '.join(line.name for line in drawn)}."
    picture = lines(drawn, chart.title, said, x_label, y_label, (400, 300), y_range=unit, named=False)
    return figure(chart.title, picture, [Key(line.name) for line in drawn] if len(drawn) > 1 else [])


def _is_share(values: np.ndarray) -> bool:
    return bool(values.min() >= 0 and values.max() <= 1)


def _bars(chart: Custom, logged: Logged) -> str | None:
    labels = [str(label) for label in logged.column(chart.fields.get("label"))][:MOST_BARS]
    values = _numbers(logged.column(chart.fields.get("value")))[:MOST_BARS]
    if not labels or len(labels) != len(values) or not (np.isfinite(values) & (values >= 0)).all():
        return None
    said = "; ".join(
        f"{label} {written(value)}" for label, value in zip(labels, values.tolist(), strict=True)
    )
    value = chart.fields["value"]
    return figure(chart.title, bars(labels, {value: values.tolist()}, chart.title, said, value, 400))


def _points(chart: Custom, logged: Logged) -> str | None:
    x, y = chart.fields.get("x"), chart.fields.get("y")
    xs, ys = _numbers(logged.column(x))[:MOST_POINTS], _numbers(logged.column(y))[:MOST_POINTS]
    if not len(xs) or len(xs) != len(ys):
        return None
    said = f"{len(xs)} points, {y} over {x}."
    return figure(chart.title, scatter(xs, ys, chart.title, said, str(x), str(y)))


def _histogram(chart: Custom, logged: Logged) -> str | None:
    values = _numbers(logged.column(chart.fields.get("value")))
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    try:
        counts, edges = np.histogram(values, bins=BINS)
    except ValueError:  # too near each other for so many edges between them
        return None
    said = f"{len(values)} values from {written(float(values.min()))} to {written(float(values.max()))}."
    return figure(chart.title, columns(counts, edges, chart.title, said, chart.fields["value"], ""))


def _numbers(values: list[Any]) -> np.ndarray:
    """(n,), NaN for what is no number or too large to draw."""
    found = [np.nan if (known := number(value)) is None else known for value in values]
    return drawable(np.array(found, float))


_PAINTERS: dict[str, Callable[[Custom, Logged], str | None]] = {
    "area-under-curve": _curves,
    "line": _curves,
    "lineseries": _curves,
    "confusion_matrix": _confusion,
    "bar": _bars,
    "scatter": _points,
    "histogram": _histogram,
}

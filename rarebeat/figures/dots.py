"""Values with their intervals, one row each: what a table of numbers says, for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rarebeat.figures.axes import Scale, number, spanning
from rarebeat.figures.rows import margin, rows
from rarebeat.figures.svg import COLOURS, element, line, text

_BAND = 15  # px


@dataclass(frozen=True)
class Dot:
    """A value; `low` and `high` are the ends of its interval, NaN where it has none."""

    value: float
    low: float
    high: float


def dots(
    labels: Sequence[str],
    series: dict[str, Sequence[Dot]],
    title: str,
    description: str,
    x_label: str,
    width: int = 640,
) -> str:
    """The chart as SVG: each label's dots below one another, one for each series.

    Args:
        labels: n rows, from the top.
        series: name -> n dots.
        width: px.
    """
    drawn = list(series.values())
    values = np.array([[dot.value, dot.low, dot.high] for each in drawn for dot in each], float)
    scale = spanning(values, margin(labels), width - 60)

    def draw(place: int, s: int, y: float) -> list[str]:
        return _dot(scale, drawn[s][place], y + _BAND / 2, s)

    return rows(labels, list(series), scale, draw, _BAND, title, description, x_label, width)


def _dot(scale: Scale, dot: Dot, y: float, series: int) -> list[str]:
    if not np.isfinite(dot.value):
        return [text(scale.begin + 4, y + 4, "cannot be told", class_="small")]
    x, colour = float(scale(dot.value)), f"c{series % COLOURS}"
    drawn, end = [element("circle", cx=x, cy=y, r=4, class_=f"fill {colour}")], x
    if np.isfinite(dot.low) and np.isfinite(dot.high):
        begin, end = float(scale(dot.low)), float(scale(dot.high))
        drawn.insert(0, line(begin, y, end, y, class_=f"line {colour}"))
    return [*drawn, text(max(end, x) + 7, y + 4, number(round(dot.value, 3)), class_="small")]

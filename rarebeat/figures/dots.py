"""Values with their intervals, one row each: what a table of numbers says, for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rarebeat.figures.axes import Scale, number, spanning, x_axis
from rarebeat.figures.lines import legend
from rarebeat.figures.svg import COLOURS, element, line, picture, text

_ROW, _GAP, _TOP, _BOTTOM = 15, 8, 8, 44


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
    left = min(260, 24 + 7 * max(map(len, labels), default=0))
    every = [dot for each in series.values() for dot in each]
    values = np.array([[dot.value, dot.low, dot.high] for dot in every], float)
    scale = spanning(values, left, width - 60)
    row = len(series) * _ROW + _GAP
    bottom = _TOP + len(labels) * row
    height = bottom + _BOTTOM + (22 if len(series) > 1 else 0)
    body = x_axis(scale, _TOP, bottom, x_label)
    for place, label in enumerate(labels):
        y = _TOP + place * row + _GAP / 2
        body.append(text(left - 8, y + (row - _GAP) / 2 + 4, label, class_="e"))
        for s, each in enumerate(series.values()):
            body += _dot(scale, each[place], y + (s + 0.5) * _ROW, s)
    return picture(width, height, title, description, [*body, *legend(list(series), height)])


def _dot(scale: Scale, dot: Dot, y: float, series: int) -> list[str]:
    if not np.isfinite(dot.value):
        return [text(scale.begin + 4, y + 4, "cannot be told", class_="small")]
    x, colour = float(scale(dot.value)), f"c{series % COLOURS}"
    drawn, end = [element("circle", cx=x, cy=y, r=4, class_=f"fill {colour}")], x
    if np.isfinite(dot.low) and np.isfinite(dot.high):
        begin, end = float(scale(dot.low)), float(scale(dot.high))
        drawn.insert(0, line(begin, y, end, y, class_=f"line {colour}"))
    return [*drawn, text(max(end, x) + 7, y + 4, number(round(dot.value, 3)), class_="small")]

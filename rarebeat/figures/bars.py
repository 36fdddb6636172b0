"""Lying bars: one row per label, one bar per series, each with its number written beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rarebeat.figures.axes import Scale, number, spanning
from rarebeat.figures.rows import margin, rows
from rarebeat.figures.svg import COLOURS, element, text

_BAR = 13  # px
# From this ratio of the largest to the smallest, rare things would be invisible on an even scale.
_WIDE = 50


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    title: str,
    description: str,
    x_label: str,
    width: int = 640,
) -> str:
    """The chart as SVG; the scale is logarithmic, and says so, where the values are far apart.

    Args:
        labels: n rows, from the top.
        series: name -> n values, 0 or more.
        width: px.
    """
    values = np.array(list(series.values()), float).reshape(len(series), len(labels))
    scale = _scale(values, margin(labels), width - 70)

    def draw(place: int, s: int, y: float) -> list[str]:
        return _bar(scale, values[s, place], y, s)

    x_label += " (logarithmic)" if scale.log else ""
    return rows(labels, list(series), scale, draw, _BAR, title, description, x_label, width)


def _scale(values: np.ndarray, begin: float, end: float) -> Scale:
    positive = values[values > 0]
    if len(positive) and positive.min() >= 1 and positive.max() > _WIDE * positive.min():
        # From below the smallest, so that a single one still has a bar.
        return Scale(0.5, 10.0 ** np.ceil(np.log10(positive.max())), begin, end, log=True)
    return spanning(np.append(values, [0.0] if values.any() else [0.0, 1.0]), begin, end)


def _bar(scale: Scale, value: float, y: float, series: int) -> list[str]:
    begin, end = scale.begin, max(scale.begin, float(scale(value))) if value > 0 else scale.begin
    bar = element(
        "rect", x=begin, y=y, width=end - begin, height=_BAR - 2, class_=f"fill c{series % COLOURS}"
    )
    return [bar, text(end + 4, y + _BAR - 4, number(value), class_="small")]

"""Labelled rows below one another, with a band for each series in every row: what bars and dots stand in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rarebeat.figures.axes import Scale, x_axis
from rarebeat.figures.lines import legend
from rarebeat.figures.svg import picture, text

_GAP, _TOP, _BOTTOM, _LEGEND = 8, 8, 44, 22
# Letters of a label that are written, and about how wide each is in px.
_LONGEST, _LETTER = 33, 7


def margin(labels: Sequence[str]) -> float:
    """What the labels need to the left of the picture, in px."""
    return 24 + _LETTER * min(_LONGEST, max(map(len, labels), default=0))


def rows(
    labels: Sequence[str],
    series: Sequence[str],
    scale: Scale,
    draw: Callable[[int, int, float], list[str]],
    band: float,
    title: str,
    description: str,
    x_label: str,
    width: int,
) -> str:
    """The chart as SVG, with a legend where there are several series.

    Args:
        scale: of the x axis; begins at the `margin` of the labels.
        draw: (row, series, y of the top of its band) -> the elements of that value.
        band: px, how high.
        width: px.
    """
    row = len(series) * band + _GAP
    bottom = _TOP + len(labels) * row
    height = bottom + _BOTTOM + (_LEGEND if len(series) > 1 else 0)
    body = x_axis(scale, _TOP, bottom, x_label)
    for place, label in enumerate(labels):
        y = _TOP + place * row + _GAP / 2
        body.append(text(scale.begin - 8, y + (row - _GAP) / 2 + 4, _cut(label), class_="e"))
        for s in range(len(series)):
            body += draw(place, s, y + s * band)
    return picture(width, height, title, description, [*body, *legend(series, height)])


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"

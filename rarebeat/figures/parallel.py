"""Parallel coordinates: an upright axis for each hyperparameter, a line for each run, coloured by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rarebeat.figures.axes import Scale, number
from rarebeat.figures.svg import element, line, path, picture, text

_TOP, _HEIGHT, _SIDE, _STEP = 44, 260, 70, 130
# From this ratio of the largest to the smallest, an even scale would crowd the small ones.
_WIDE = 20


def parallel(
    axes: Mapping[str, Sequence[object]],
    value: Sequence[float],
    last: str,
    title: str,
    description: str,
    smallest: bool = False,
    width: int | None = None,
) -> str:
    """The chart as SVG; the last axis is the value, by which lines are coloured, the best drawn on top.

    Args:
        axes: name -> n values: numbers, or words, or None where it has no effect, which lies at the foot.
        value: (n,) of each run.
        last: what the value is.
        smallest: whether less is better.
        width: px that it should take, as far as axes can be near each other; else what they need.
    """
    value = np.asarray(value, float)
    columns = {**axes, last: value.tolist()}
    placed = {name: _place(values) for name, values in columns.items()}
    gaps = len(columns) - 1
    step = max(_STEP, (width - 2 * _SIDE) / gaps) if width else _STEP
    x = {name: _SIDE + step * place for place, name in enumerate(columns)}
    width, height = 2 * _SIDE + step * gaps, _TOP + _HEIGHT + 34
    xs, ys = np.array(list(x.values())), np.array([ys for ys, _ in placed.values()])
    low, high = float(value.min()), float(value.max())
    body = []
    good = -value if smallest else value
    for run in np.argsort(good, kind="stable"):
        share = (good[run] - good.min()) / (high - low) if high > low else 1.0
        # Mixed with the page's own colours, so that it holds on light and dark paper.
        shade = (
            f"stroke:color-mix(in oklab, var(--c1) {share:.0%}, var(--c0));opacity:{0.45 + 0.5 * share:.2f}"
        )
        body.append(element("path", d=path(xs, ys[:, run]), class_="line", style=shade))
    for place, (name, (_, marks)) in enumerate(placed.items()):
        body += _axis(x[name], name, marks, place)
    return picture(width, height, title, description, body)


def _axis(x: float, name: str, marks: Sequence[tuple[float, str]], place: int) -> list[str]:
    # Long names of neighbours would touch in one line.
    head = text(x, 14 + 16 * (place % 2), name, class_="m label")
    drawn = [line(x, _TOP, x, _TOP + _HEIGHT, class_="grid"), head]
    return drawn + [text(x + 5, y + 4, words, class_="halo small") for y, words in marks]


def _place(values: Sequence[object]) -> tuple[list[float], list[tuple[float, str]]]:
    """Heights of the values, and the marks of their axis."""
    known = [value for value in values if value is not None]
    foot = _TOP + _HEIGHT
    absent = [(foot + 18.0, "no effect")] if len(known) < len(values) else []
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        scale = _scale([float(value) for value in known], foot)
        heights = [foot + 18.0 if value is None else float(scale(float(value))) for value in values]
        ticks = [tick for tick in {scale.low, *scale.ticks(4), scale.high} if scale.low <= tick <= scale.high]
        return heights, _apart([(float(scale(tick)), number(tick)) for tick in sorted(ticks)]) + absent
    names = sorted({str(value) for value in known})
    gap = _HEIGHT / max(len(names) - 1, 1)
    at = {
        name: foot - gap * place if len(names) > 1 else foot - _HEIGHT / 2 for place, name in enumerate(names)
    }
    heights = [foot + 18.0 if value is None else at[str(value)] for value in values]
    return heights, [(y, name) for name, y in at.items()] + absent


def _scale(values: list[float], foot: float) -> Scale:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    return Scale(low, high, foot, _TOP, log=low > 0 and high > _WIDE * low)


def _apart(marks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The marks that leave each other room, both ends before all others."""
    kept: list[tuple[float, str]] = []
    for mark in [marks[0], marks[-1], *marks[1:-1]]:
        if all(abs(mark[0] - other[0]) >= 14 and mark[1] != other[1] for other in kept):
            kept.append(mark)
    return kept

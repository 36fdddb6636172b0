"""What a search has come to: each run's value in the order of the runs, and the best until then as a line."""

from __future__ import annotations

import numpy as np

from rarebeat.figures.axes import Scale, drawable, spanning, x_axis, y_axis
from rarebeat.figures.svg import element, path, picture

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 12, 44
_DOTS = 600  # more would only hide each other


class _Counted(Scale):
    """There is no run 2.5."""

    def ticks(self, about: int = 5) -> list[float]:
        return [tick for tick in super().ticks(about) if float(tick).is_integer()]


def best_so_far(
    value: np.ndarray, title: str, metric: str, smallest: bool = False, size: tuple[int, int] = (560, 260)
) -> str:
    """The chart as SVG.

    Args:
        value: (n,) of the runs in their order, NaN where one has none; n is 1 or more.
        metric: what the value is.
        smallest: whether less is better.
        size: px.
    """
    value = drawable(value)
    best = (np.fmin if smallest else np.fmax).accumulate(value)
    number = np.arange(1, len(value) + 1)
    width, height = size
    bottom = height - _BOTTOM
    x = _Counted(0.0, float(max(len(value), 2)), _LEFT, width - _RIGHT)
    y = spanning(value, bottom, _TOP)
    body = [*x_axis(x, _TOP, bottom, "run"), *y_axis(y, _LEFT, width - _RIGHT, metric)]
    known = _thinned(np.flatnonzero(np.isfinite(value)))
    for cx, cy in zip(x(number[known]), y(value[known]), strict=True):
        body.append(element("circle", cx=float(cx), cy=float(cy), r=2.6, class_="fill c7 faint"))
    corners = np.flatnonzero(np.r_[True, best[1:] != best[:-1]] & np.isfinite(best))
    # A step: the best stays what it is until a run is better.
    steps_x = np.r_[np.repeat(number[corners], 2)[1:], len(value)] if len(corners) else np.empty(0)
    steps_y = np.repeat(best[corners], 2)
    body.append(element("path", d=path(x(steps_x), y(steps_y)), class_="line c0"))
    return picture(width, height, title, _described(best, metric), body)


def _thinned(places: np.ndarray) -> np.ndarray:
    if len(places) <= _DOTS:
        return places
    return places[np.linspace(0, len(places) - 1, _DOTS).astype(int)]


def _described(best: np.ndarray, metric: str) -> str:
    known = np.flatnonzero(np.isfinite(best))
    if not len(known):
        return f"No run has a value of {metric} yet."
    since = int(np.flatnonzero(best == best[-1])[0]) + 1
    return f"The best {metric} of {len(best)} runs is {best[-1]:.4g}, by run {since}."

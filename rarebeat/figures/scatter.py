"""Points in a plane."""

from __future__ import annotations

import numpy as np

from rarebeat.figures.axes import spanning, x_axis, y_axis
from rarebeat.figures.svg import element, picture

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 12, 44


def scatter(
    x: np.ndarray,
    y: np.ndarray,
    title: str,
    description: str,
    x_label: str,
    y_label: str,
    size: tuple[int, int] = (400, 300),
) -> str:
    """The chart as SVG; points (n,), (n,) that are not finite are left out.

    Args:
        size: px.
    """
    width, height = size
    across, up = spanning(x, _LEFT, width - _RIGHT), spanning(y, height - _BOTTOM, _TOP)
    known = np.isfinite(x) & np.isfinite(y)
    body = [
        *x_axis(across, _TOP, height - _BOTTOM, x_label),
        *y_axis(up, _LEFT, width - _RIGHT, y_label),
        *(
            element("circle", cx=px, cy=py, r=3, class_="fill c0", opacity=0.6)
            for px, py in zip(across(x[known]).tolist(), up(y[known]).tolist(), strict=True)
        ),
    ]
    return picture(width, height, title, description, body)

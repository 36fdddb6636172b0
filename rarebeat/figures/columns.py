"""Standing columns side by side: how often values fall between two edges."""

from __future__ import annotations

import numpy as np

from rarebeat.figures.axes import Scale, spanning, widened, x_axis, y_axis
from rarebeat.figures.svg import element, picture

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 12, 44


def columns(
    counts: np.ndarray,
    edges: np.ndarray,
    title: str,
    description: str,
    x_label: str,
    y_label: str,
    size: tuple[int, int] = (400, 220),
) -> str:
    """The chart as SVG.

    Args:
        counts: (n,), 0 or more.
        edges: (n + 1,), ascending.
        size: px.
    """
    width, height = size
    bottom = height - _BOTTOM + (0 if x_label else 16)
    x = Scale(*widened(float(edges[0]), float(edges[-1])), _LEFT, width - _RIGHT)
    y = spanning(np.append(counts, 0.0), bottom, _TOP)
    body = [*x_axis(x, _TOP, bottom, x_label), *y_axis(y, _LEFT, width - _RIGHT, y_label)]
    # Hairlines between the columns would vanish or dominate, depending on how many there are.
    gap = 1.0 if (width - _LEFT) / max(len(counts), 1) > 6 else 0.0
    for count, low, high in zip(counts.tolist(), x(edges[:-1]).tolist(), x(edges[1:]).tolist(), strict=True):
        if count > 0:
            top, across = float(y(count)), max(high - low - gap, 0.5)
            body.append(element("rect", x=low, y=top, width=across, height=bottom - top, class_="fill c0"))
    return picture(width, height, title, description, body)

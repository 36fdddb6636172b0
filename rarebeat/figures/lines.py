"""A line chart, with a band of doubt around each line where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rarebeat.figures.axes import Scale, spanning, widened, x_axis, y_axis
from rarebeat.figures.svg import COLOURS, element, line, path, picture, text

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 12, 44


@dataclass(frozen=True, eq=False)
class Line:
    """One named line through (n,) points, NaN for a gap; `low` and `high` (n,) bound its band.

    `under` (n,) is drawn faintly below it: what was measured, where the line itself is smoothed.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    under: np.ndarray | None = None
    dashed: bool = False


def lines(
    drawn: Sequence[Line],
    title: str,
    description: str,
    x_label: str,
    y_label: str,
    size: tuple[int, int] = (560, 300),
    y_range: tuple[float, float] | None = None,
    named: bool = True,
) -> str:
    """The chart as SVG.

    Args:
        size: px.
        y_range: lowest and highest value of the y axis; else what the lines and bands span.
        named: whether the names stand below, where there are several; else who shows it names them, and
            may read values off by the scales in `data-x` and `data-y`: from, to, and their places.
    """
    width, height = size
    names = [each.name for each in drawn] if named else []
    bottom = height - _BOTTOM - (22 if len(names) > 1 else 0) + (0 if x_label else 16)
    across = np.concatenate([each.x for each in drawn])
    x = Scale(*widened(float(across.min()), float(across.max())), _LEFT, width - _RIGHT)
    y = Scale(*y_range, bottom, _TOP) if y_range else spanning(_heights(drawn), bottom, _TOP)
    body = [*x_axis(x, _TOP, bottom, x_label), *y_axis(y, _LEFT, width - _RIGHT, y_label)]
    if not named:
        body.append(element("g", data_x=_told(x), data_y=_told(y), data_name=x_label))
    for place, each in enumerate(drawn):
        body += _line(each, f"c{place % COLOURS}", x, y)
    return picture(width, height, title, description, [*body, *legend(names, height)])


def legend(names: Sequence[str], height: float) -> list[str]:
    """Colour and name of each series in the last line of the picture; nothing for one alone."""
    body, x = [], float(_LEFT)
    for place, name in enumerate(names if len(names) > 1 else []):
        body += [
            line(x, height - 10, x + 16, height - 10, class_=f"line c{place % COLOURS}"),
            text(x + 20, height - 6, name),
        ]
        x += 34 + 7 * len(name)
    return body


def _told(scale: Scale) -> str:
    return f"{scale.low:.9g} {scale.high:.9g} {scale.begin:g} {scale.end:g}"


def _heights(drawn: Sequence[Line]) -> np.ndarray:
    parts = [part for each in drawn for part in (each.y, each.low, each.high, each.under) if part is not None]
    return np.concatenate(parts)


def _line(each: Line, colour: str, x: Scale, y: Scale) -> list[str]:
    body = []
    if each.low is not None and each.high is not None:
        around = path(np.r_[x(each.x), x(each.x[::-1])], np.r_[y(each.high), y(each.low[::-1])])
        body.append(element("path", d=f"{around}Z", class_=f"band {colour}"))
    if each.under is not None:
        body.append(element("path", d=path(x(each.x), y(each.under)), class_=f"line under {colour}"))
    kind = f"line dashed {colour}" if each.dashed else f"line {colour}"
    return [*body, element("path", d=path(x(each.x), y(each.y)), class_=kind)]

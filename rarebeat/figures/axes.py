"""Scales and axes: numbers to places in a picture, and the round numbers that are written beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rarebeat.figures.svg import line, text

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` laid out from `begin` to `end`; `log` takes their logarithm."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: np.ndarray | float) -> np.ndarray | float:
        value, low, high = (np.asarray(v, float) for v in (value, self.low, self.high))
        if self.log:
            value, low, high = np.log10(np.maximum(value, self.low)), np.log10(low), np.log10(high)
        placed = self.begin + (value - low) / (high - low) * (self.end - self.begin)
        return float(placed) if placed.ndim == 0 else placed

    def ticks(self, about: int = 5) -> list[float]:
        """Round values within the scale."""
        if self.log:
            first, last = int(np.ceil(np.log10(self.low))), int(np.floor(np.log10(self.high)))
            return [10.0**power for power in range(first, last + 1)]
        step = _round_step((self.high - self.low) / about)
        first = int(np.ceil(self.low / step - 1e-9))
        return [n * step for n in range(first, int(np.floor(self.high / step + 1e-9)) + 1)]


def spanning(values: np.ndarray, begin: float, end: float) -> Scale:
    """A scale over the finite values, ending at round ones."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    step = _round_step((high - low) / 5)
    return Scale(float(np.floor(low / step) * step), float(np.ceil(high / step) * step), begin, end)


def x_axis(scale: Scale, top: float, bottom: float, label: str) -> list[str]:
    """Grid lines and numbers along the bottom."""
    drawn = []
    for value in scale.ticks():
        x = scale(value)
        drawn += [line(x, top, x, bottom, class_="grid"), text(x, bottom + 16, number(value), class_="m")]
    return [*drawn, text((scale.begin + scale.end) / 2, bottom + 34, label, class_="m label")]


def y_axis(scale: Scale, left: float, right: float, label: str) -> list[str]:
    """Grid lines and numbers along the left."""
    drawn = []
    for value in scale.ticks():
        y = scale(value)
        drawn += [line(left, y, right, y, class_="grid"), text(left - 6, y + 4, number(value), class_="e")]
    middle = (scale.begin + scale.end) / 2
    turned = f"rotate(-90 14 {middle:g})"
    return [*drawn, text(14, middle, label, class_="m label", transform=turned)]


def number(value: float) -> str:
    """A number as short as a reader wants it: 0.25, 1,000."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def _round_step(step: float) -> float:
    power = 10.0 ** np.floor(np.log10(step))
    return float(power * next(s for s in _STEPS if s * power >= step * (1 - 1e-9)))

"""Scales and axes: numbers to places in a picture, and the round numbers that are written beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rarebeat.figures.svg import line, text

# Beyond it a picture's own arithmetic overflows.
LARGEST = 1e150
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
        room = abs(low) / 10 or 0.5
        low, high = low - room, high + room
    step = _round_step((high - low) / 5)
    return Scale(float(np.floor(low / step) * step), float(np.ceil(high / step) * step), begin, end)


def drawable(values: np.ndarray) -> np.ndarray:
    """The values (n,), NaN for those that are not finite or beyond `LARGEST`."""
    values = np.asarray(values, float)
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def x_axis(scale: Scale, top: float, bottom: float, label: str) -> list[str]:
    """Grid lines and numbers along the bottom."""
    drawn = []
    for value, words in _written(scale):
        x = scale(value)
        drawn += [line(x, top, x, bottom, class_="grid"), text(x, bottom + 16, words, class_="m")]
    return [*drawn, text((scale.begin + scale.end) / 2, bottom + 34, label, class_="m label")]


def y_axis(scale: Scale, left: float, right: float, label: str) -> list[str]:
    """Grid lines and numbers along the left."""
    drawn = []
    for value, words in _written(scale):
        y = scale(value)
        drawn += [line(left, y, right, y, class_="grid"), text(left - 6, y + 4, words, class_="e")]
    middle = (scale.begin + scale.end) / 2
    turned = f"rotate(-90 14 {middle:g})"
    return [*drawn, text(14, middle, label, class_="m label", transform=turned)]


def _written(scale: Scale) -> list[tuple[float, str]]:
    """The ticks and what is written beside them, with the digits that tell neighbours apart."""
    ticks = scale.ticks()
    step = ticks[1] - ticks[0] if len(ticks) > 1 and not scale.log else 0.0
    decimals = next((n for n in range(7) if step and abs(step * 10**n - round(step * 10**n)) < 1e-6), None)
    if decimals is None or max(map(abs, ticks)) >= 1e7:
        return [(tick, number(tick) if abs(tick) < 1e7 else f"{tick:.4g}") for tick in ticks]
    words = [f"{tick + 0.0:,.{decimals}f}" for tick in ticks]
    return list(zip(ticks, [w.rstrip("0").rstrip(".") if decimals else w for w in words], strict=True))


def widened(low: float, high: float) -> tuple[float, float]:
    """The range, with some room where it has none."""
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def number(value: float) -> str:
    """A number as short as a reader wants it: 0.25, 1,000."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def _round_step(step: float) -> float:
    power = 10.0 ** np.floor(np.log10(step))
    return float(power * next(s for s in _STEPS if s * power >= step * (1 - 1e-9)))

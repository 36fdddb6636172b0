"""One parameter of a sweep, seen from the unit interval: a choice, a lattice of equal steps, or a range."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from rarebeat.search.curves import Curve, Uniform

Json = Any


class Dimension(Protocol):
    """What engines know of a parameter. `size` is its number of values, None where they have no end."""

    @property
    def size(self) -> int | None: ...

    def value(self, unit: float) -> Json:
        """The plain JSON value at `unit` in [0, 1] (the inverse CDF)."""

    def unit(self, value: Json) -> float | None:
        """The middle of what `value` takes of the unit interval; None for no value of this parameter."""

    def key(self, value: Json) -> Hashable:
        """Equal for values that are the same point; None for no value of this parameter."""

    def values(self) -> Iterator[Json]:
        """All values in their order; only where `size` is not None."""

    def weight(self, value: Json) -> float:
        """The probability of one value; only where `size` is not None."""


def json_key(value: Json) -> str:
    """`true` and `1` differ; `1` and `1.0` do not, as configurations lose that difference on their way."""
    return _encoded(_plain(value)) if isinstance(value, list | tuple | dict) else _scalar_key(value)


_encoded = json.JSONEncoder(sort_keys=True).encode


@lru_cache(maxsize=4096, typed=True)
def _scalar_key(value: Json) -> str:
    return _encoded(_plain(value))


def _plain(item: Json) -> Json:
    if isinstance(item, float) and item.is_integer():
        return int(item)
    if isinstance(item, list | tuple):
        return [_plain(part) for part in item]
    if isinstance(item, dict):
        return {name: _plain(part) for name, part in item.items()}
    return item


def is_number(value: object) -> bool:
    """An int or float within a double's range; True and False are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int of hundreds of digits
        return False


class Choice:
    """A finite, unordered set of JSON values with their probabilities; equal values are one."""

    def __init__(self, values: list[Json], weights: list[float] | None = None) -> None:
        weights = weights or [1.0 / len(values)] * len(values)
        merged: dict[str, list] = {}
        for value, weight in zip(values, weights, strict=True):
            if weight > 0:
                merged.setdefault(json_key(value), [value, 0.0])[1] += weight
        total = math.fsum(weight for _, weight in merged.values())
        self._index = {key: index for index, key in enumerate(merged)}
        self._values = [value for value, _ in merged.values()]
        self._weights = [weight / total for _, weight in merged.values()]

    @property
    def size(self) -> int:
        return len(self._values)

    def value(self, unit: float) -> Json:
        reached = 0.0
        for value, weight in zip(self._values, self._weights, strict=True):
            reached += weight
            if unit < reached:
                return value
        return self._values[-1]

    def index(self, value: Json) -> int | None:
        return self._index.get(json_key(value))

    def unit(self, value: Json) -> float | None:
        index = self.index(value)
        return None if index is None else sum(self._weights[:index]) + self._weights[index] / 2

    def key(self, value: Json) -> Hashable:
        return self.index(value)

    def values(self) -> Iterator[Json]:
        return iter(self._values)

    def weight(self, value: Json) -> float:
        return self._weights[self._index[json_key(value)]]


@dataclass(frozen=True)
class Lattice:
    """round(X / q) * q for X from a curve, between `first` and `last` steps of q; None leaves that side open.

    W&B lets the rounding leave [min, max]; here the outermost cells take what would fall beyond.
    """

    curve: Curve
    q: int | float
    first: int | None
    last: int | None

    @property
    def size(self) -> int | None:
        return None if self.first is None or self.last is None else self.last - self.first + 1

    @property
    def evenly_weighted(self) -> bool:
        """Whether all steps but the outermost are as likely as each other."""
        return isinstance(self.curve, Uniform)

    def at(self, step: int) -> int | float:
        # 3 * 0.1 is 0.30000000000000004: twelve digits are what the YAML meant.
        return step * self.q if isinstance(self.q, int) else float(f"{step * self.q:.12g}")

    def step(self, value: Json) -> int | None:
        """Which multiple of q the value is; None where it is none, or out of bounds."""
        if not is_number(value):
            return None
        step = round(value / self.q)
        fits = math.isclose(step * self.q, value, rel_tol=1e-9, abs_tol=1e-9 * abs(self.q))
        return step if fits and step == self._clip(step) else None

    def _clip(self, step: int) -> int:
        low = step if self.first is None else max(step, self.first)
        return low if self.last is None else min(low, self.last)

    def value(self, unit: float) -> int | float:
        return self.at(self._clip(math.floor(self.curve.ppf(unit) / self.q + 0.5)))

    def _interval(self, step: int) -> tuple[float, float]:
        low = 0.0 if step == self.first else self.curve.cdf((step - 0.5) * self.q)
        high = 1.0 if step == self.last else self.curve.cdf((step + 0.5) * self.q)
        return low, high

    def unit(self, value: Json) -> float | None:
        step = self.step(value)
        return None if step is None else sum(self._interval(step)) / 2

    def key(self, value: Json) -> Hashable:
        return self.step(value)

    def values(self) -> Iterator[int | float]:
        if self.first is None or self.last is None:
            raise TypeError("an endless lattice cannot be listed")
        return (self.at(step) for step in range(self.first, self.last + 1))

    def weight(self, value: Json) -> float:
        low, high = self._interval(self.step(value))
        return high - low


@dataclass(frozen=True)
class Range:
    """A continuous parameter between `low` and `high` (infinite where the curve has no bound)."""

    curve: Curve
    low: float = -math.inf
    high: float = math.inf

    @property
    def size(self) -> None:
        return None

    def value(self, unit: float) -> float:
        return float(self.curve.ppf(unit))

    def unit(self, value: Json) -> float | None:
        inside = is_number(value) and self.low <= value <= self.high
        return self.curve.cdf(value) if inside else None

    def key(self, value: Json) -> Hashable:
        return float(value) if self.unit(value) is not None else None

    def values(self) -> Iterator[Json]:
        raise TypeError("a continuous range cannot be listed")

    def weight(self, value: Json) -> float:
        raise TypeError("a single value of a continuous range has no probability")

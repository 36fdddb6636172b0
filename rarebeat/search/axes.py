"""Points as rows of numbers, for models that measure distances.

An axis is one searched parameter. Ranges lie on their unit interval, so that a log-uniform learning rate is
measured in its logarithm. Whole numbers and grids lie in the middle of what they take of it, and nowhere
else; so do choices between three or more numbers, evenly spaced in their order. All other choices are
unordered: their coordinate is an index, and two of them are either the same or not.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rarebeat.search.dimensions import Choice, Dimension, Json, Lattice, is_number
from rarebeat.search.masks import Rule
from rarebeat.search.space import Point, Space

MOST_PLACES = 1000  # of a grid that are told apart; finer ones count as ranges
TAIL = 5e-4  # of an endless grid's probability, on either side, that only draws at random reach


@dataclass(frozen=True)
class Axis:
    """One searched parameter.

    `values[i]` has the coordinate `places[i]` (ascending) and the probability `weights[i]`; a range has none.
    """

    dimension: Dimension
    unordered: bool
    values: tuple[Json, ...] = ()
    places: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def neutral(self) -> float:
        """The coordinate that stands for "has no effect"."""
        return 0.0 if self.unordered else float(self.snap(np.array([0.5]))[0])

    def snap(self, coordinates: np.ndarray) -> np.ndarray:
        """Each coordinate's nearest place."""
        if self.places is None:
            return np.clip(coordinates, 0.0, 1.0)
        return self.places[self._nearest(coordinates)]

    def _nearest(self, coordinates: np.ndarray) -> np.ndarray:
        edges = (self.places[1:] + self.places[:-1]) / 2
        return np.searchsorted(edges, coordinates)

    def coordinate(self, value: Json) -> float:
        if not isinstance(self.dimension, Choice):
            return float(self.snap(np.array([self.dimension.unit(value)]))[0])
        return self._place_of[self.dimension.key(value)]

    @cached_property
    def _place_of(self) -> dict[Hashable, float]:
        keys = [self.dimension.key(value) for value in self.values]
        return dict(zip(keys, self.places.tolist(), strict=True))

    def value(self, coordinate: float) -> Json:
        if self.places is None:
            return self.dimension.value(float(coordinate))
        return self.values[int(self._nearest(np.array([coordinate]))[0])]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        if self.places is None:
            return rng.random(count)
        return rng.choice(self.places, size=count, p=self.weights)

    def move(self, rng: np.random.Generator, coordinates: np.ndarray, reach: float) -> np.ndarray:
        """A neighbour of each coordinate: a step of about `reach`, of one place at least; any choice."""
        count = len(coordinates)
        if self.unordered:
            return rng.choice(self.places, size=count)
        moved = coordinates + reach * rng.standard_normal(count)
        if self.places is None:
            return np.clip(moved, 0.0, 1.0)
        at, to = self._nearest(coordinates), self._nearest(moved)
        to = np.where(to == at, at + rng.choice([-1, 1], size=count), to)
        return self.places[np.clip(to, 0, len(self.places) - 1)]


def axis_of(dimension: Dimension) -> Axis:
    if isinstance(dimension, Choice):
        return _axis_of_choice(dimension)
    if isinstance(dimension, Lattice) and (values := _listed(dimension)):
        places = np.array([dimension.unit(value) for value in values])
        weights = np.array([dimension.weight(value) for value in values])
        # Far out in a tail the cells are thinner than a double.
        return Axis(dimension, False, values, places, weights / weights.sum())
    return Axis(dimension, False)


def _axis_of_choice(dimension: Choice) -> Axis:
    values = list(dimension.values())
    ordered = len(values) > 2 and all(map(is_number, values))
    if ordered:
        values.sort()
    places = np.linspace(0.0, 1.0, len(values)) if ordered else np.arange(len(values), dtype=float)
    weights = np.array([dimension.weight(value) for value in values])
    return Axis(dimension, not ordered, tuple(values), places, weights / weights.sum())


def _listed(dimension: Lattice) -> tuple[Json, ...]:
    """The values of a grid, those far out in its tails left off; () where they are too many."""
    first = dimension.step(dimension.value(TAIL)) if dimension.first is None else dimension.first
    last = dimension.step(dimension.value(1.0 - TAIL)) if dimension.last is None else dimension.last
    if last - first >= MOST_PLACES:
        return ()
    values = [dimension.at(step) for step in range(first, last + 1)]
    units = np.array([dimension.unit(value) for value in values])
    # Places have to be told apart: beyond a double's reach they are one.
    return tuple(v for v, new in zip(values, np.diff(units, prepend=-1.0) > 0, strict=True) if new)


class Chart:
    """The searched parameters of a space as axes, with what the rules say has no effect held at neutral."""

    def __init__(self, space: Space, rules: tuple[Rule, ...] = ()) -> None:
        self._space = space
        self._searched = [i for i, dimension in enumerate(space.dimensions) if dimension.size != 1]
        self.axes = [axis_of(space.dimensions[i]) for i in self._searched]
        place = {i: axis for axis, i in enumerate(self._searched)}
        self._rules = [
            (
                [(place[i], self._coordinate(place[i], key)) for i, key in rule.when],
                place[rule.inactive],
            )
            for rule in rules
            if rule.inactive in place
        ]

    @property
    def unordered(self) -> np.ndarray:
        """(d,) bool: which axes are unordered choices."""
        return np.array([axis.unordered for axis in self.axes], dtype=bool)

    def _coordinate(self, axis: int, key: object) -> float:
        dimension = self.axes[axis].dimension
        return self.axes[axis].coordinate(next(v for v in dimension.values() if dimension.key(v) == key))

    def rows(self, points: list[Point]) -> np.ndarray:
        """(n, d) coordinates of points, masked."""
        found = np.empty((len(points), len(self.axes)))
        for column, (axis, i) in enumerate(zip(self.axes, self._searched, strict=True)):
            found[:, column] = [axis.coordinate(point[i]) for point in points]
        return self.mask(found)

    def mask(self, rows: np.ndarray) -> np.ndarray:
        """The same rows with every inactive coordinate at its neutral place."""
        masked = rows.copy()
        for when, inactive in self._rules:
            holds = np.all([rows[:, axis] == coordinate for axis, coordinate in when], axis=0)
            masked[holds, inactive] = self.axes[inactive].neutral
        return masked

    def point(self, row: np.ndarray) -> Point:
        values = [next(d.values()) if d.size == 1 else None for d in self._space.dimensions]
        for axis, i, coordinate in zip(self.axes, self._searched, row, strict=True):
            values[i] = axis.value(coordinate)
        return tuple(values)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """(count, d) rows from the sweep's distributions."""
        return self.mask(np.stack([axis.draw(rng, count) for axis in self.axes], axis=1))

    def move(self, rng: np.random.Generator, rows: np.ndarray, reach: float) -> np.ndarray:
        """Neighbours of rows: in each one axis at least is moved, two on average."""
        moves = rng.random(rows.shape) < 1.0 / max(len(self.axes), 1)
        moves[np.arange(len(rows)), rng.integers(len(self.axes), size=len(rows))] = True
        moved = np.stack(
            [axis.move(rng, column, reach) for axis, column in zip(self.axes, rows.T, strict=True)], axis=1
        )
        return self.mask(np.where(moves, moved, rows))

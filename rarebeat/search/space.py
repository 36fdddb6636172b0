"""The searched space of a sweep: its dimensions in the order of the YAML, nested `parameters` included."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarebeat.search.dimensions import Dimension, Json
from rarebeat.search.distributions import parse
from rarebeat.search.errors import Path, SpaceError

Point = tuple[Json, ...]  # one value a dimension, in the order of Space.dimensions


@dataclass(frozen=True)
class Space:
    """`names[i]` is the way to dimension i: `("loss",)`, or `("optimizer", "momentum")` for a nested one."""

    names: tuple[tuple[str, ...], ...]
    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int | None:
        """How many points there are; None where there is no end to them."""
        sizes = [dimension.size for dimension in self.dimensions]
        return None if None in sizes else math.prod(sizes)

    def draw(self, rng: np.random.Generator) -> Point:
        units = rng.random(len(self.dimensions))
        return tuple(d.value(float(unit)) for d, unit in zip(self.dimensions, units, strict=True))

    def points(self) -> Iterator[Point]:
        """All points of a finite space, the last parameter changing fastest, made as they are asked for."""
        if not self.dimensions:
            yield ()
            return
        head = Space(self.names[:-1], self.dimensions[:-1])
        for start in head.points():
            for value in self.dimensions[-1].values():
                yield (*start, value)

    def weight(self, point: Point) -> float:
        """The probability of a point of a finite space."""
        return math.prod(d.weight(value) for d, value in zip(self.dimensions, point, strict=True))

    def key(self, point: Point) -> tuple[Hashable, ...]:
        return tuple(d.key(value) for d, value in zip(self.dimensions, point, strict=True))

    def params(self, point: Point) -> dict[str, Json]:
        """The nested mapping that a run is given."""
        nested: dict[str, Json] = {}
        for (*groups, leaf), value in zip(self.names, point, strict=True):
            inner = nested
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[leaf] = value
        return nested

    def point(self, params: dict[str, Json]) -> Point | None:
        """Where a run's parameters lie; None for a run that has not all of them, or is out of bounds."""
        found = []
        for path, dimension in zip(self.names, self.dimensions, strict=True):
            inner: Any = params
            for part in path:
                inner = inner.get(part, _Missing) if isinstance(inner, dict) else _Missing
            if inner is _Missing or dimension.key(inner) is None:
                return None
            found.append(inner)
        return tuple(found)


class _Missing:
    """Stands for a parameter that a run does not have: None is a value that a sweep may search."""


def parse_space(parameters: object) -> Space:
    """The space of a sweep's `parameters`.

    Raises:
        SpaceError: the first fault that `faults` would list.
    """
    if found := list(itertools.islice(faults(parameters), 1)):
        raise found[0]
    leaves = list(_leaves(parameters, ()))
    return Space(tuple(name for name, _ in leaves), tuple(parse(spec) for _, spec in leaves))


def _leaves(parameters: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict]]:
    for name, spec in parameters.items():
        if "parameters" in spec:
            yield from _leaves(spec["parameters"], (*above, name))
        else:
            yield (*above, name), spec


def faults(parameters: object, above: Path = ("parameters",)) -> Iterator[SpaceError]:
    """Everything that is wrong with a sweep's `parameters`, each with its path from the top of the YAML."""
    if not isinstance(parameters, dict) or not parameters:
        yield SpaceError("parameters has to name at least one parameter", above)
        return
    for name, spec in parameters.items():
        yield from _faults_of(name, spec, (*above, name))


def _faults_of(name: object, spec: object, path: Path) -> Iterator[SpaceError]:
    label = ".".join(str(part) for part in path if part != "parameters") or "parameters"
    if not isinstance(name, str):
        yield SpaceError(f"parameter {name!r}: a name has to be text; quote it", path)
    elif not isinstance(spec, dict):
        value = "null" if spec is None else spec  # to YAML None is a word
        yield SpaceError(f"parameter {label}: write {name}: {{value: {value}}}", path)
    elif "parameters" in spec:
        if len(spec) > 1:
            yield SpaceError(f"parameter {label}: nested parameters stand alone in their entry", path)
        yield from faults(spec["parameters"], (*path, "parameters"))
    else:
        try:
            parse(spec)
        except SpaceError as error:
            yield SpaceError(f"parameter {label}: {error}", (*path, *error.path))

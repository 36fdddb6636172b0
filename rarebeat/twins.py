"""Runs of a sweep that differ in last digits only: near its end a search returns to where it was best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarebeat.configurations import NOT_CONFIGURATION
from rarebeat.search.axes import Axis, axis_of
from rarebeat.search.dimensions import Choice
from rarebeat.search.errors import SpaceError
from rarebeat.search.space import Space, parse_space
from rarebeat.sweep_runs import Entry

# Of a parameter's range, as the sweep's own distribution measures it.
NEAR = 0.1


@dataclass(frozen=True)
class Family:
    """An entry, and those behind it in rank that are nearly the same."""

    first: Entry
    twins: tuple[Entry, ...] = ()


def apart(ranked: Sequence[Entry], parameters: Mapping[str, Any]) -> list[Family]:
    """`ranked` without the entries that are nearly the same as one before them, which stand with that one.

    Two are nearly the same where listed values are equal and every other searched parameter that has an
    effect lies within NEAR. Where all are nearly the same, each stands for itself; so it does in a space that
    only another backend would search, such as one with min equal to max.

    Args:
        ranked: the best first.
        parameters: those of the sweep.
    """
    try:
        axes = _axes(parse_space(parameters))
    except SpaceError:
        return [Family(entry) for entry in ranked]
    found: list[tuple[Entry, list[Entry], np.ndarray | None]] = []
    for entry in ranked:
        row = _row(axes, entry)
        for _, twins, first in found:
            if row is not None and first is not None and _near(axes, row, first):
                twins.append(entry)
                break
        else:
            found.append((entry, [], row))
    if len(found) < 2:
        return [Family(entry) for entry in ranked]
    return [Family(first, tuple(twins)) for first, twins, _ in found]


def _axes(space: Space) -> dict[str, Axis]:
    """The searched parameters by dotted name."""
    named = zip(space.names, space.dimensions, strict=True)
    axes = {".".join(name): axis_of(dimension) for name, dimension in named if dimension.size != 1}
    return {name: axis for name, axis in axes.items() if name not in NOT_CONFIGURATION}


def _row(axes: Mapping[str, Axis], entry: Entry) -> np.ndarray | None:
    """(d,) coordinates, NaN where a parameter has no effect; None for a run of another space."""
    values = [entry.config.get(name) for name in axes]
    if any(axis.dimension.key(value) is None for axis, value in zip(axes.values(), values, strict=True)):
        return None
    return np.array(
        [
            np.nan if name in entry.inactive else axis.coordinate(value)
            for (name, axis), value in zip(axes.items(), values, strict=True)
        ]
    )


def _near(axes: Mapping[str, Axis], one: np.ndarray, other: np.ndarray) -> bool:
    idle = np.isnan(one)
    if not np.array_equal(idle, np.isnan(other)):
        return False
    reach = np.array([0.0 if isinstance(axis.dimension, Choice) else NEAR for axis in axes.values()])
    return bool(np.all(np.abs(one - other)[~idle] <= reach[~idle]))

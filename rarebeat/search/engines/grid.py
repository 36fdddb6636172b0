"""Grid search: every point once, the last parameter changing fastest.

The order is that of the configuration; the wandb client sends parameters sorted by name.
"""

from __future__ import annotations

import numpy as np

from rarebeat.search.errors import SpaceError
from rarebeat.search.runs import Lessons
from rarebeat.search.space import Point, Space


def refuse_endless(space: Space) -> None:
    """Raises SpaceError, naming the parameter, where a grid would never end."""
    for name, dimension in zip(space.names, space.dimensions, strict=True):
        if dimension.size is None:
            path = ("parameters", *(part for group in name for part in (group, "parameters")))[:-1]
            raise SpaceError(
                f"parameter {'.'.join(name)}: a grid cannot go through a range without end; "
                "give it values, integer bounds or q_uniform with a q, or use method: random",
                path,
            )


def suggest(space: Space, lessons: Lessons, rng: np.random.Generator) -> Point | None:
    """The first point without a run: one whose run was deleted comes again. Takes nothing from `rng`."""
    refuse_endless(space)
    return next((point for point in space.points() if not lessons.visited.covers(point)), None)

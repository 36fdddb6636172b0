"""Points that no run has had."""

from __future__ import annotations

import itertools

import numpy as np

from rarebeat.search.runs import Visited
from rarebeat.search.space import Point, Space

DRAWS = 200  # before a space is searched through, or an endless one counts as exhausted
LISTED = 20_000  # points of a space that are looked through one by one


def draw_unseen(space: Space, visited: Visited, rng: np.random.Generator) -> Point | None:
    """A random point that has no run, by the space's distribution among those; None when there is none left.

    A space whose draws only repeat themselves (a q_normal with a tiny sigma, say) counts as exhausted.
    """
    for _ in range(DRAWS):
        if not visited.covers(point := space.draw(rng)):
            return point
    left = list_unseen(space, visited)
    if not left:
        return None
    weights = np.array([space.weight(point) for point in left])
    if not weights.sum() > 0:  # tails too thin for a double
        weights = np.ones(len(left))
    return left[rng.choice(len(left), p=weights / weights.sum())]


def list_unseen(space: Space, visited: Visited) -> list[Point]:
    """All points without a run of a space with an end, of the first 20,000."""
    if space.size is None:
        return []
    return [point for point in itertools.islice(space.points(), LISTED) if not visited.covers(point)]

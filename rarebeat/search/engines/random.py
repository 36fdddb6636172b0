"""Random search: independent draws from the sweep's distributions, never one that already has a run.

Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 2012.
"""

from __future__ import annotations

import numpy as np

from rarebeat.search.runs import Lessons
from rarebeat.search.space import Point, Space
from rarebeat.search.unseen import draw_unseen


def suggest(space: Space, lessons: Lessons, rng: np.random.Generator) -> Point | None:
    return draw_unseen(space, lessons.visited, rng)

"""The search engines by the name that a sweep's `method` gives.

An engine is a function `(space, lessons, rng) -> point`, without state: what it knows of the sweep is in the
lessons, and the same arguments give the same point. None says that no point is left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rarebeat.search.engines import bayes, grid, random, tpe
from rarebeat.search.runs import Lessons
from rarebeat.search.space import Point, Space

Engine = Callable[[Space, Lessons, np.random.Generator], Point | None]

ENGINES: dict[str, Engine] = {
    "grid": grid.suggest,
    "random": random.suggest,
    "bayes": bayes.suggest,
    "tpe": tpe.suggest,
}

__all__ = ["ENGINES", "Engine"]

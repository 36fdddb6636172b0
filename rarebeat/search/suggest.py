"""The next point of a sweep."""

from __future__ import annotations

from typing import Any

import numpy as np

from rarebeat.search.engines import ENGINES
from rarebeat.search.errors import SpaceError, did_you_mean
from rarebeat.search.runs import Run, learn
from rarebeat.search.space import parse_space


def suggest(config: dict[str, Any], runs: list[Run], seed: int) -> dict[str, Any] | None:
    """The parameters of a sweep's next run, nested as in its YAML; None when no point is left.

    Values are plain JSON types.

    Args:
        config: The sweep's YAML as parsed.
        runs: All runs of the sweep, those under way included.
        seed: The sweep's. The same configuration, runs and seed give the same answer.

    Raises:
        SpaceError: what `validate` would have said.
    """
    method = config.get("method")
    if method not in ENGINES:
        raise SpaceError(f"there is no search method {method!r}{did_you_mean(method, ENGINES)}", ("method",))
    space = parse_space(config.get("parameters"))
    lessons = learn(space, runs, config.get("metric") or {})
    # How many runs there are moves the stream on, so that neighbours are not alike.
    point = ENGINES[method](space, lessons, np.random.default_rng([seed % 2**64, len(runs)]))
    return None if point is None else space.params(point)

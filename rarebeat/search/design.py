"""The first points of a search, spread evenly before there is anything to learn from.

Of a hundred draws the one that leaves the set with the smallest wrap-around discrepancy (Hickernell, "Lattice
rules: how well do they measure up?", 1998). The first point follows the sweep's own distributions; pending,
prior and deleted runs need no case of their own, as they would with the next point of a fixed sequence.
"""

from __future__ import annotations

import numpy as np

from rarebeat.search.axes import Axis, Chart

DRAWS = 100


def spread(chart: Chart, taken: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(DRAWS, d) candidate rows, the one that fills the largest gap among `taken` (n, d) first."""
    drawn = chart.draw(rng, DRAWS)
    if not len(taken):
        return drawn
    kernel = np.ones((len(drawn), len(taken)))
    for column, axis in enumerate(chart.axes):
        kernel *= _closeness(axis, drawn[:, column, None], taken[None, :, column])
    return drawn[np.argsort(kernel.sum(axis=1), kind="stable")]


def _closeness(axis: Axis, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if axis.unordered:
        # On average over the values 4/3, as for two uniform points of an interval.
        count = len(axis.places)
        return np.where(a == b, 1.5, 1.5 - count / (count - 1) / 6.0)
    apart = np.abs(a - b)
    return 1.5 - apart * (1.0 - apart)

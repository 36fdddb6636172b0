"""Losses as a Gaussian process can learn them."""

from __future__ import annotations

import numpy as np

FIRST = 12  # runs whose spread is the unit of all later ones
CLIPPED = 2.0  # units above the middle: how bad a crashed or diverged run is does not matter


def normalised(losses: np.ndarray) -> np.ndarray:
    """Losses (n,), in the order of the runs, with mean 0 and variance 1; all 0 where they do not differ.

    The unit is the median absolute deviation of the first runs, which lie anywhere in the space. That of all
    runs would shrink as they gather around the best, and blow up what little still differs there; so do
    ranks, which measured worse. It counts only where it is larger: prior runs may be near each other.
    """
    width, centre = max(_spread(losses[:FIRST]), _spread(losses))
    if not width > 0:
        return np.zeros(len(losses))
    values = np.minimum((losses - centre) / width, CLIPPED)
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation > 0 else np.zeros(len(values))


def _spread(losses: np.ndarray) -> tuple[float, float]:
    """Median absolute deviation, as of a normal distribution, and median; where it is 0 the standard one."""
    centre = np.median(losses)
    return float(1.4826 * np.median(np.abs(losses - centre)) or np.std(losses)), float(centre)

"""Losses as a Gaussian process can learn them."""

from __future__ import annotations

import numpy as np

FIRST = 12  # runs whose spread is the unit of all later ones
CLIPPED = 2.0  # units above the middle: how bad a crashed or diverged run is does not matter


def normalised(losses: np.ndarray) -> np.ndarray:
    """Losses (n,), in the order of the runs, with mean 0 and variance 1; all 0 where they do not differ.

    The unit is the median absolute deviation of the first runs, which lie anywhere in the space. That of all
    runs would shrink as they gather around the best, and blow up what little still differs there; so do
    ranks, which measured worse.
    """
    first = losses[:FIRST]
    centre = np.median(first)
    width = 1.4826 * np.median(np.abs(first - centre)) or np.std(first) or np.std(losses)
    if not width > 0:
        return np.zeros(len(losses))
    values = np.minimum((losses - centre) / width, CLIPPED)
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))

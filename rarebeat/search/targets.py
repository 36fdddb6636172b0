"""Losses as a Gaussian process can learn them."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

CLIPPED = 2.0  # interquartile-like widths above the median: how bad a crashed run is does not matter


def normalised(losses: np.ndarray) -> np.ndarray:
    """Half by rank, half by value; mean 0 and variance 1, or all 0 where there is no difference.

    Ranks alone would hide how much the best are better, values alone would let one diverged run flatten the
    rest. Values are standardised by median and median absolute deviation and clipped on the bad side only.
    """
    ranks = ndtri((rankdata(losses) - 0.5) / len(losses))
    centre = np.median(losses)
    width = 1.4826 * np.median(np.abs(losses - centre)) or np.std(losses)
    if not width > 0:
        return np.zeros(len(losses))
    values = np.clip((losses - centre) / width, -5.0, CLIPPED)
    mixed = _standard(ranks) + _standard(values)
    return _standard(mixed)


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))

"""Which samples of a batch were measured, so that nothing is added where nothing was."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

# s; a lead that reads exactly 0 for longer was not measured, or lies outside its recording.
_LONGEST_ZERO = 0.05


def measured(signal: np.ndarray, rate: float, mask: np.ndarray | None = None) -> np.ndarray:
    """(B, T, C) bool: False in stretches of zeros and in padding.

    A batch does not tell missing samples from those of 0 mV; only stretches of them are taken for missing,
    since leaving out single samples of an added wave would make spikes.

    Args:
        signal: (B, T, C) as the loader gives it, at `rate` Hz.
        mask: (B, T) 1 for real samples, 0 for padding.
    """
    run = max(2, round(_LONGEST_ZERO * rate))
    zero = signal == 0
    gaps = np.zeros_like(zero)
    example, lead = np.nonzero(zero.sum(axis=1) >= run)
    if len(example):
        lanes = zero[example, :, lead].astype(np.uint8)
        begins = minimum_filter1d(lanes, run, axis=1, mode="constant")
        gaps[example, :, lead] = maximum_filter1d(begins, run, axis=1, mode="constant", origin=-1 + run % 2)
    known = ~gaps
    return known if mask is None else known & (mask[..., None] > 0)
